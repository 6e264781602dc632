"""Bodies: what a device signed, read. A field of the wrong shape is None, and the rest is read all the same.

What a phone says beside a body is no evidence and may be erased: Extra.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError

from app.domain import numbers, tokens
from app.domain.exemptions import Proof
from app.domain.tokens import Keys
from app.errors import Invalid

RAW_LIMIT = 64 * 1024
VERSIONS = {1: date(2026, 3, 1)}  # of bodies: each was the newest from its day on
VERSION_LIFE = timedelta(days=180)  # a version is understood this long after the next one came
AMENDABLE = {"seal": r"[A-Z]{2}\d{7}", "sheets": r"[1-9]\d{0,3}"}  # fields of a scan that people may declare wrong
CLOCK_SLACK = timedelta(seconds=120)
STALE = timedelta(hours=24)  # a list of replaced slips older than this is said to be old; work goes on


class CountedPaper(BaseModel):
    """One paper as the courier and the citizen counted it together; when something is delivered, one that was given back."""

    position: int = Field(ge=1, le=200)
    sheets: int = Field(ge=0, le=2000)
    missing: bool = False
    form: Literal["original", "certified", "copy"] | None = None
    copies: int | None = Field(default=None, ge=1, le=99)


class MoneyTaken(BaseModel):
    """In đồng, the two streams apart; `receipt` is the number of the fee's receipt, `paid_by` None when nothing was paid.
    `proof`: what was looked at of somebody who is carried for nothing. `given_back`: of the fee, where a booking was called off."""

    paid_by: Literal["cash", "transfer"] | None = None
    postage: int | None = Field(default=None, ge=0, le=10**9)
    fee: int | None = Field(default=None, ge=0, le=10**9)
    receipt: str | None = Field(default=None, max_length=24, pattern=r"^[^\x00-\x1f]*$")
    proof: Proof | None = None
    given_back: int | None = Field(default=None, ge=0, le=10**9)


class Extra(BaseModel):
    """What a phone says beside a scan and no signed body may hold: erasable, worth nothing as evidence alone."""

    salt: str = Field(default="", max_length=64, pattern=r"^[0-9A-Za-z+/=_-]*$")
    place: Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=2, max_length=3)] | None = (
        None
    )
    free_text: str | None = Field(default=None, max_length=500, pattern=r"^[^\x00]*$")
    photo_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    papers: Annotated[list[CountedPaper], Field(max_length=100)] | None = None
    money: MoneyTaken | None = None

    @classmethod
    def read(cls, raw: Any) -> Self | None:
        """What can be understood of it, field by field: a doubtful place must not cost the count of papers."""
        if not isinstance(raw, dict):
            return None
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            wrong = {each["loc"][0] for each in error.errors()}
        return cls.model_validate({name: value for name, value in raw.items() if name not in wrong})


@dataclass(frozen=True)
class Scan:
    """The readable copy of a body beside its exact bytes. A field of the wrong shape is None and `malformed` is set."""

    body: bytes
    sig: bytes
    digest: bytes
    malformed: bool
    version: int | None
    id: str | None
    device: str | None
    n: int | None
    code: bytes | None
    issue: int | None
    event: str
    giver: str | None
    taker: str | None
    actor: str | None
    back: bytes | None
    parent: bytes | None
    wall: datetime | None
    server_time: str | None
    server_sig: bytes | None
    seal: str | None
    sheets: int | None
    proof: tuple[tuple[str, str], ...]
    reason: str | None
    next: str | None
    by: str | None
    party: str | None
    tip: bytes | None
    state: str | None
    visit: int | None = None  # which visit a sticker is used at: said by the scan that takes it into use
    slips_until: datetime | None = None  # our time when the phone last asked which slips had been replaced
    extra: Extra | None = None
    signer: bytes | None = None  # the public key that was found to fit before the transaction began

    def said(self, kind: str) -> str | None:
        """The value given for one kind of proof."""
        return next((value for name, value in self.proof if name == kind), None)

    @property
    def contested(self) -> bytes | None:
        """The scan a person's dispute speaks against."""
        try:
            return bytes.fromhex(self.said("CLAIMS") or "") or None
        except ValueError:
            return None

    @property
    def amendment(self) -> tuple[bytes, str, str] | None:
        """The scan whose field was wrong, the field, and the right value."""
        words = (self.said("AMENDS") or "").split(" ")
        if len(words) != 3 or not re.fullmatch("[0-9a-f]{64}", words[0]) or words[1] not in AMENDABLE:
            return None
        return (bytes.fromhex(words[0]), words[1], words[2]) if re.fullmatch(AMENDABLE[words[1]], words[2]) else None

    @property
    def key(self) -> tuple[str | None, ...]:
        """Two scans with one key after the same move tell the same act twice; a dispatcher reads no seal from afar."""
        visit = str(self.visit) if self.visit else None
        return self.event, self.giver, self.taker, self.seal if self.event != "transfer" else None, visit

    @property
    def told_at(self) -> datetime | None:
        """The server's time as the device remembers it; `vouched_at` says whether that is true."""
        return _instant(self.server_time)

    def vouched_at(self, keys: Keys) -> datetime | None:
        """The last time the server told the device: this scan was made after it. None when no server of ours said so."""
        if self.told_at is None or self.server_sig is None or self.server_time is None:
            return None
        said = b"time-v1\n" + self.server_time.encode()
        return self.told_at if tokens.signed_by(keys.server.public_key(), self.server_sig, said) else None

    def list_is_stale(self, recorded_at: datetime) -> bool:
        """Whether it was made by a list of replaced slips older than STALE; its own time counts as far as it can be true."""
        if self.slips_until is None or self.issue is None or self.wall is None:
            return False
        made = min(max(self.wall, self.told_at or self.wall), recorded_at)
        return made - self.slips_until > STALE

    def clock_is_off(self, recorded_at: datetime) -> bool:
        """Whether the device's clock said a time we had not reached, or had passed before the device asked us."""
        if self.wall is None:
            return False
        late = self.told_at is not None and self.wall < self.told_at - CLOCK_SLACK
        return late or self.wall > recorded_at + CLOCK_SLACK


def digest_of(body: bytes) -> bytes:
    return hashlib.sha256(b"scan-v1\n" + body).digest()


def outlived(version: int | None, on: date, versions: dict[int, date] = VERSIONS) -> bool:
    """Whether bodies of this version are no longer read: half a year after the next version came."""
    next_came = min((came for other, came in versions.items() if version is not None and other > version), default=None)
    return next_came is not None and on > next_came + VERSION_LIFE


def read_detail(field: str, value: str) -> str:
    """The right value of a field of AMENDABLE as somebody types it. Raises Invalid: `seal_form`, `sheets_form`."""
    right = numbers.read_seal(value) if field == "seal" else value.strip().lstrip("0")
    if not re.fullmatch(AMENDABLE[field], right):
        raise Invalid(f"{field}_form")
    return right


def parse(
    body: bytes, sig: bytes, extra: Extra | None = None,
    signer: Callable[[str | None, bytes, bytes], bytes | None] = lambda device, body, sig: None,
) -> Scan:  # fmt: skip
    """Read a signed body. Raises Invalid("scan_unreadable") unless it is one JSON object of at most 64 KiB.

    `signer` finds the key that fits, from the device a body names, the body and its signature.
    """
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("scan_unreadable") from error
    if not isinstance(raw, dict) or len(body) > RAW_LIMIT:
        raise Invalid("scan_unreadable")
    reader = _Reader(raw)
    at: dict[str, Any] = raw["at"] if isinstance(raw.get("at"), dict) else {}
    values: dict[str, Any] = {
        "version": reader.count("v", lowest=0),
        "id": reader.text("id", 64),
        "device": reader.text("device", 64),
        "n": reader.count("n"),
        "code": reader.code("code"),
        "issue": reader.count("issue", needed=False),
        "event": reader.text("event", 24) or "",
        "giver": reader.text("giver", 20, needed=False),
        "taker": reader.text("taker", 20, needed=False),
        "actor": reader.text("actor", 20),
        "back": reader.digest("back"),
        "parent": reader.digest("parent"),
        "wall": reader.wall(at),
        "server_time": _text(at.get("server_time"), 40),
        "server_sig": _unbase64(at.get("server_sig")),
        "seal": reader.text("seal", 24, needed=False),
        "sheets": reader.count("sheets", needed=False),
        "proof": reader.proof(),
        "reason": reader.text("reason", 24, needed=False),
        "next": reader.text("next", 24, needed=False),
        "by": reader.text("by", 20, needed=False),
        "party": reader.text("party", 20, needed=False),
        "tip": reader.digest("tip"),
        "state": reader.text("state", 24, needed=False),
        "visit": reader.count("visit", needed=False),
        "slips_until": _instant(_text(raw.get("slips_until"), 40)),
    }
    found = signer(values["device"], body, sig)
    return Scan(
        body=body, sig=sig, digest=digest_of(body), malformed=reader.bad, extra=extra, signer=found, **values
    )  # fmt: skip


class _Reader:
    """Takes what has the right shape out of a body and remembers whether anything had not."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw, self.bad = raw, False

    def _wrong(self, name: str, needed: bool) -> None:
        self.bad |= needed or self.raw.get(name) is not None

    def text(self, name: str, longest: int, *, needed: bool = True) -> str | None:
        value = _text(self.raw.get(name), longest)
        if value is None:
            self._wrong(name, needed)
        return value

    def count(self, name: str, *, needed: bool = True, lowest: int = 1) -> int | None:
        value = self.raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value < 2**53:
            return value
        self._wrong(name, needed)
        return None

    def code(self, name: str) -> bytes | None:
        value = self.raw.get(name)
        if isinstance(value, str):
            try:
                return tokens.unb32(value, 10)
            except Invalid:
                pass
        self._wrong(name, True)
        return None

    def digest(self, name: str) -> bytes | None:
        value = self.raw.get(name)
        try:
            found = bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            found = b""
        if len(found) == 32:
            return found
        self._wrong(name, False)
        return None

    def wall(self, at: dict[str, Any]) -> datetime | None:
        wall = _instant(at.get("wall"))
        self.bad |= wall is None
        return wall

    def proof(self) -> tuple[tuple[str, str], ...]:
        given = self.raw.get("proof", [])
        if not isinstance(given, list) or len(given) > 20:
            self.bad = True
            return ()
        found = []
        for item in given:
            kind = item.get("kind") if isinstance(item, dict) else None
            value = item.get("value", item.get("sha256", "")) if isinstance(item, dict) else None
            if not isinstance(kind, str) or not isinstance(value, str) or len(value) > 200:
                self.bad = True
            else:
                found.append((kind, value))
        return tuple(found)


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _text(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() else None


def _unbase64(value: object) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) and len(value) <= 200 else None
    except binascii.Error:
        return None


read = lru_cache(4096)(parse)  # a body never changes, and a packet's are read again with each scan that follows
