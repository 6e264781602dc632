"""Scans come in: evidence is kept first and judged second, and one answer serves the whole batch.

Whatever is JSON within the limits gets a verdict inside a 200, and a receipt for what has been committed. What cannot
be read is kept raw and answered with 400 and its index, nothing of that batch being judged: the phone sends the rest
without it. A revoked phone, or that of a person who has left, may still hand in what it holds.

A scan that counts is told the packet's `flags` too, by the names of flags.py: `collected_after_cancel` says that the
papers go back to the citizen, `seal_mismatch` that two people count. A `duplicate` that says `repeats_claim` does not count:
what it repeats is disputed.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, SkipValidation, ValidationError
from sqlalchemy.exc import OperationalError

from app import errorpages, security
from app.api import bodies, checkpoints, shapes, times
from app.api.promises import promises
from app.crowds import together
from app.db import atomically
from app.domain import custody, devices, receipts, scans, sessions, tokens, uploads
from app.domain.bodies import Extra, Scan, parse
from app.domain.checkpoints import Last
from app.domain.people import Act
from app.domain.receipts import Receipt
from app.domain.sittings import Outcome, Seen
from app.domain.tokens import Keys
from app.domain.uploads import Answer, Upload
from app.errors import Invalid
from app.logs import log
from app.security import public
from app.sentences import sentence

bp = Blueprint("api_scans", __name__, url_prefix="/api/v1")
bp.before_request(bodies.new_enough)
BATCH, LARGEST = 50, 256 * 1024
RAW_TRIES, RAW_WINDOW = 200, timedelta(hours=1)  # unreadable posts of one device that are kept


class Envelope(BaseModel):
    """`since`: from when on the device wants to hear what came of its earlier scans. `pin`: what it saw of the log."""

    device: str | None = None
    since: SkipValidation[shapes.Instant | None] = None
    pin: SkipValidation[shapes.Pin | None] = None
    scans: list[SkipValidation[shapes.SignedScan]] = Field(default_factory=list, json_schema_extra={"maxItems": BATCH})


@bp.post("/scans")
@public
@promises(
    {200: shapes.Handed}, takes=Envelope, largest=LARGEST, refuses={400: "scan_unreadable", 429: "too_many_tries"},
    again="the verdict and the receipt of the first time, however much later; nothing is recorded twice.",
)  # fmt: skip
def upload() -> ResponseReturnValue:
    """Hand in scans. Each is kept for ever as it was signed, then judged; a verdict is no refusal: what is held or disputed
    waits for a person and is not to be scanned again. An item that cannot be read is kept too and answered with 400 and its
    `index`, nothing of that batch being judged: send the rest without it. With too many at once (413) send half of them. A device out of
    service may still hand in what it holds."""
    device_id, act = security.device_id(), security.act()
    data = bodies.take(LARGEST)
    if not bodies.says_json():
        _keep_raw(data, device_id, act)
        abort(415)
    try:
        envelope = Envelope.model_validate_json(data)
    except ValidationError:
        return _unreadable(data, device_id, act, None)
    if envelope.device not in (None, device_id):
        abort(403)
    if len(envelope.scans) > BATCH:
        abort(413)
    batch: list[Scan] = []
    for index, item in enumerate(envelope.scans):
        try:
            batch.append(read(item))
        except Invalid:
            return _unreadable(json.dumps(item).encode(), device_id, act, index)
    answer = _take_in(Upload(device_id, batch, _instant(envelope.since)), Seen(act.at, act.keys))
    checkpoints.compare(envelope.pin, batch, device_id, act.at)
    return jsonify(
        times.vouched(act.at, act.keys)
        | answer.mark._asdict()
        | {
            "later": [
                {"digest": v.digest.hex(), "nth": v.nth, "verdict": v.verdict, "why": v.why} for v in answer.later
            ]
        }
        | told(answer.outcomes, act.keys, answer.last, checkpoints.size(envelope.pin))
    )


def read(item: Any) -> Scan:
    """Raises Invalid("scan_unreadable"). A signature that cannot be read is a wrong one: that is for the verdict."""
    if not isinstance(item, dict):
        raise Invalid("scan_unreadable")
    try:
        body = base64.b64decode(item["body"], validate=True)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("scan_unreadable") from error
    try:
        signature = base64.b64decode(item["sig"], validate=True)
    except (KeyError, TypeError, ValueError):
        signature = b""
    return parse(body, signature, Extra.read(item.get("extras")), _signer)


def _signer(device: str | None, body: bytes, sig: bytes) -> bytes | None:
    """The key that signed it: signatures are work, and nobody waits for a lock meanwhile."""
    known = devices.key_of(device or "")
    return known.der if known and tokens.signed_by(known.key, sig, b"scan-v1\n" + body) else None


def _unreadable(data: bytes, device_id: str, act: Act, index: int | None) -> ResponseReturnValue:
    _keep_raw(data, device_id, act)
    return errorpages.answer(400, "scan_unreadable", sentence(Invalid("scan_unreadable")), index=index)


def _keep_raw(data: bytes, device_id: str, act: Act) -> None:
    atomically(sessions.count, act.keys.digest("raw-inbox", device_id), RAW_TRIES, RAW_WINDOW, act.at)
    atomically(scans.keep_raw, data, device_id, act.at)


def _take_in(upload: Upload, seen: Seen) -> Answer:
    if not upload.scans:
        return uploads.answer([upload], [[]])[0]
    try:
        return together(uploads.take_in, [upload], seen, size=len(upload.scans))[0]
    except OperationalError:
        raise  # the database is away: the phone sends all of it again
    except Exception as error:
        log.error("batch_broken", scans=len(upload.scans), exc_info=error)
    outcomes = []
    for scan in upload.scans:  # one by one, so that one bad item cannot block the rest
        try:
            outcomes.append(atomically(custody.record, scan, seen))
        except OperationalError:
            raise
        except Exception as error:
            log.error("scan_broken", digest=scan.digest.hex(), exc_info=error)
            atomically(scans.keep_raw, scan.body, scan.device, seen.at)
    return uploads.answer([upload], [outcomes])[0]


def told(outcomes: list[Outcome], keys: Keys, last: Last | None, pinned: int = 0) -> dict[str, Any]:
    """What came of committed scans, each with its receipt, and the checkpoint the receipts vouch for."""
    log = checkpoints.told(last, pinned)
    return {
        "results": [_result(outcome, receipts.of(outcome, keys, log["checkpoint"])) for outcome in outcomes],
        "receipt_key": keys.receipt_key_id,
        **log,
    }


def _result(outcome: Outcome, receipt: Receipt) -> dict[str, Any]:
    return {
        "digest": outcome.digest.hex(),
        "verdict": outcome.verdict,
        "why": outcome.why,
        "packet": outcome.packet,
        "seq": outcome.seq,
        "flags": outcome.flags,
        "recorded_at": receipt.recorded_at,
        "receipt": receipt.signature,
    }


def _instant(value: Any) -> datetime | None:
    """A `since` that cannot be read costs the phone its news, never its scans."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None
