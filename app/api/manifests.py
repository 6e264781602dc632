"""Manifests: a courier takes a whole bag over in one call, and either side confirms with its phone's signature."""

import base64
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, SkipValidation

from app import security
from app.api import bodies, scans, shapes, times
from app.api.bodies import PRINTABLE
from app.api.promises import promises
from app.db import atomically
from app.domain import checkpoints, manifests, reception, scope, tokens
from app.domain.manifests import MOST, Found, Listed, Manifest, Side, Word
from app.domain.parties import PartyKind
from app.domain.people import Right
from app.domain.sittings import Seen
from app.errors import Invalid
from app.security import requires

bp = Blueprint("api_manifests", __name__, url_prefix="/api/v1/manifests")
bp.before_request(bodies.new_enough)
LARGEST = 1024 * 1024
Code = str
PARTY = Field(min_length=1, max_length=20, pattern=PRINTABLE)


class Noticed(BaseModel):
    seal: str | None = Field(default=None, max_length=24, pattern=PRINTABLE)
    intact: bool = True
    complete: bool = True
    remark: str = Field(default="", max_length=300, pattern=PRINTABLE)


class Bag(BaseModel):
    """`key`: random, one a list. `expected`: what the list said before counting; `scans`: what was counted, signed."""

    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")
    giver: str = PARTY
    expected: list[Code] = Field(min_length=1, max_length=MOST)
    scans: list[SkipValidation[shapes.SignedScan]] = Field(max_length=MOST)
    found: dict[Code, Noticed] = Field(default_factory=dict, max_length=MOST)


class Confirmed(BaseModel):
    """`sig`: this device's ES256 over the manifest's `statements[side]`."""

    side: Side
    sig: str = Field(min_length=1, max_length=200)


@bp.get("")
@requires(Right.SCAN)
@promises({200: shapes.Expected}, asks={"giver": "the party whose packets are counted"})
def expected() -> ResponseReturnValue:
    """What party `giver` has for a courier, of the dossiers of one's own office. The list that counting begins with."""
    giver = request.args.get("giver", "")
    listed = scope.to_hand_over(security.user(), giver, PartyKind.COURIER)
    return jsonify(
        giver=giver,
        packets=[
            {"code": tokens.b32(p.code), "number": p.number, "head": p.head.hex(), "state": p.state, "seals": p.seals,
             "way": p.way, "issue": p.slip.issue}
            for p in listed
        ],
    )  # fmt: skip


@bp.post("")
@requires(Right.SCAN)
@promises(
    {201: shapes.Received}, takes=Bag, largest=LARGEST, again="the same key answers as the first time.",
    refuses={409: "manifest_key_used", 422: "fields manifest_list manifest_party scan_unreadable token_damaged"},
)  # fmt: skip
def receive() -> ResponseReturnValue:
    """Take over a whole bag. The receiver is the courier who sends it; every scan is judged, what is missing stays the giver's."""
    bag, act, user = bodies.read(Bag, LARGEST), security.act(), security.user()
    listed = Listed(bag.key, bag.giver, user.holds_as or "", tuple(_code(text) for text in bag.expected))
    scope.may_list(user, {*listed.codes})
    found = {_code(text): Found(n.seal, n.intact, n.complete, n.remark) for text, n in bag.found.items()}
    batch = [scans.read(item) for item in bag.scans]
    manifest, outcomes = atomically(manifests.receive, listed, batch, Seen(act.at, act.keys), found)
    answer = scans.told(outcomes, act.keys, checkpoints.last())
    return jsonify(times.vouched(act.at, act.keys) | told(manifest) | answer), 201


@bp.get("/<receipt>")
@requires(Right.SCAN)
@promises({200: shapes.Manifest}, refuses={404: "manifest_unknown"})
def show(receipt: str) -> ResponseReturnValue:
    """One list of what one gave or took, by its receipt number."""
    return jsonify(told(scope.manifest(security.user(), receipt)))


@bp.post("/<receipt>/confirm")
@requires(Right.SCAN)
@promises(
    {200: shapes.Manifest}, takes=Confirmed, again="the same.",
    refuses={404: "manifest_unknown", 409: "not_your_manifest", 422: "fields manifest_signature"},
)  # fmt: skip
def confirm(receipt: str) -> ResponseReturnValue:
    """One side's word that the list is right. With both it is closed."""
    said, act, user = bodies.read(Confirmed), security.act(), security.user()
    manifest = scope.manifest(user, receipt)
    try:
        sig = base64.b64decode(said.sig, validate=True)
    except ValueError:
        sig = b""
    if not tokens.signed_by(security.device().verify_key, sig, manifests.statement(manifest, said.side)):
        raise Invalid("manifest_signature")
    atomically(reception.confirm, manifest, said.side, Word.DEVICE, act, user, sig)
    return jsonify(told(scope.manifest(user, receipt)))


def told(manifest: Manifest) -> dict[str, Any]:
    closed = manifest.closed_at
    return {
        "receipt": manifest.receipt_no,
        "giver": manifest.giver_id,
        "taker": manifest.taker_id,
        "expected": manifest.expected,
        "scanned": manifest.scanned,
        "missing": manifest.missing,
        "surplus": manifest.surplus,
        "lines": [
            {"code": tokens.b32(packet.code), "number": packet.number, "result": line.result, "seal": line.seal,
             "intact": line.is_intact, "complete": line.is_complete,
             "digest": line.digest.hex() if line.digest else None}
            for line, packet in manifests.lines_of(manifest)
        ],
        "confirmed": {said.side: times.stamp(said.at) for said in manifest.confirmations},
        "closed": times.stamp(closed) if closed else None,
        "statements": {side: manifests.statement(manifest, side).decode() for side in Side},
    }  # fmt: skip


def _code(text: str) -> bytes:
    return tokens.unb32(text, 10)
