"""Scans: evidence. What a device signed is kept for ever, byte for byte; what we make of it is a verdict beside it."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, ask, choice, db, memory, write
from app.domain import numbers, tokens
from app.domain.exemptions import Proof
from app.domain.tokens import Keys
from app.errors import Invalid

RAW_LIMIT = 64 * 1024
VERSIONS = {1: date(2026, 3, 1)}  # of bodies: each was the newest from its day on
VERSION_LIFE = timedelta(days=180)  # a version is understood this long after the next one came
AMENDABLE = {"seal": r"[A-Z]{2}\d{7}", "sheets": r"[1-9]\d{0,3}"}  # fields of a scan that people may declare wrong
UNSURE = {"device_revoked", "device_expired", "device_unconfirmed"}  # why a scan is held until a person answers for it
CLOCK_SLACK = timedelta(seconds=120)
STALE = timedelta(hours=24)  # a list of replaced slips older than this is said to be old; work goes on


class Ruling(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    HELD = "held"
    DISPUTED = "disputed"
    QUARANTINED = "quarantined"


class ScanRow(Model):
    __tablename__ = "scans"

    digest: Mapped[Digest] = mapped_column(primary_key=True)
    id: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    device_id: Mapped[str | None] = mapped_column(sa.String(64))
    n: Mapped[int | None] = mapped_column(sa.BigInteger)
    packet_code: Mapped[bytes | None] = mapped_column(sa.LargeBinary(10), index=True)
    parent: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sig: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sig_ok: Mapped[bool]
    clock_offset: Mapped[int | None] = mapped_column(doc="seconds the device's clock was ahead of ours")
    recorded_at: Mapped[Instant]

    __table_args__ = (sa.Index("ix_scans_device_id_n", "device_id", "n"),)


# Written out, so that the indexes are used.
WAITING = sa.text("verdict IN ('held', 'disputed', 'quarantined')")
NEWS = sa.text("(nth > 1 OR verdict <> 'applied')")  # what a phone may not have heard with the scan itself


class Verdict(Model):
    __tablename__ = "verdicts"
    __table_args__ = (
        sa.Index("ix_verdicts_waiting", "at", sqlite_where=WAITING, postgresql_where=WAITING),
        sa.Index("ix_verdicts_news", "at", sqlite_where=NEWS, postgresql_where=NEWS),
    )

    digest: Mapped[Digest] = mapped_column(sa.ForeignKey(ScanRow.digest), primary_key=True)
    nth: Mapped[int] = mapped_column(primary_key=True)
    verdict: Mapped[Ruling] = mapped_column(choice(Ruling))
    why: Mapped[str | None] = mapped_column(sa.String(40))
    line_id: Mapped[int | None] = mapped_column(doc="the ledger line it made, or echoes")
    by: Mapped[str] = mapped_column(sa.String(20), doc="server, or the person who judged")
    at: Mapped[Instant]


class ScanExtra(Model):
    """Place, free text, photo: ERASABLE. The body holds only SHA-256(salt + value)."""

    __tablename__ = "scan_extras"

    digest: Mapped[Digest] = mapped_column(sa.ForeignKey(ScanRow.digest), primary_key=True)
    salt: Mapped[str] = mapped_column(sa.String(64))
    place: Mapped[list[float] | None] = mapped_column(sa.JSON)
    free_text: Mapped[str | None] = mapped_column(sa.String(500))
    photo_sha256: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    papers: Mapped[list[dict[str, Any]] | None] = mapped_column(sa.JSON, doc="counted at the door")
    money: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON, doc="taken at the door: how, and which receipt")


class RawScan(Model):
    """What did not parse: kept for a person, never dropped."""

    __tablename__ = "raw_inbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str | None] = mapped_column(sa.String(64))
    bytes: Mapped[bytes] = mapped_column(sa.LargeBinary)
    at: Mapped[Instant]


class CountedPaper(BaseModel):
    """One paper as the courier and the citizen counted it together; when something is delivered, one that was given back."""

    position: int = Field(ge=1, le=200)
    sheets: int = Field(ge=0, le=2000)
    missing: bool = False
    form: Literal["original", "certified", "copy"] | None = None
    copies: int | None = Field(default=None, ge=1, le=99)


class MoneyTaken(BaseModel):
    """In đồng, the two streams apart; `receipt` is the number of the fee's receipt, `paid_by` None when nothing was paid.
    `proof`: what was looked at of somebody who is carried for nothing."""

    paid_by: Literal["cash", "transfer"] | None = None
    postage: int | None = Field(default=None, ge=0, le=10**9)
    fee: int | None = Field(default=None, ge=0, le=10**9)
    receipt: str | None = Field(default=None, max_length=24, pattern=r"^[^\x00-\x1f]*$")
    proof: Proof | None = None


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


def read_detail(field: str, value: str) -> str:
    """The right value of a field of AMENDABLE as somebody types it. Raises Invalid: `seal_form`, `sheets_form`."""
    right = numbers.read_seal(value) if field == "seal" else value.strip().lstrip("0")
    if not re.fullmatch(AMENDABLE[field], right):
        raise Invalid(f"{field}_form")
    return right


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def digest_of(body: bytes) -> bytes:
    return hashlib.sha256(b"scan-v1\n" + body).digest()


def outlived(version: int | None, on: date, versions: dict[int, date] = VERSIONS) -> bool:
    """Whether bodies of this version are no longer read: half a year after the next version came."""
    next_came = min((came for other, came in versions.items() if version is not None and other > version), default=None)
    return next_came is not None and on > next_came + VERSION_LIFE


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


def _text(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() else None


def _unbase64(value: object) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) and len(value) <= 200 else None
    except binascii.Error:
        return None


read = lru_cache(4096)(parse)  # a body never changes, and a packet's are read again with each scan that follows


def keep(scan: Scan, sig_ok: bool, at: datetime) -> None:
    offset = int((scan.wall - at).total_seconds()) if scan.wall else None
    write(
        ScanRow,
        digest=scan.digest,
        id=scan.id,
        device_id=scan.device,
        n=scan.n,
        packet_code=scan.code,
        parent=scan.parent,
        body=scan.body,
        sig=scan.sig[:128],
        sig_ok=sig_ok,
        clock_offset=max(-(2**31), min(offset, 2**31 - 1)) if offset is not None else None,
        recorded_at=at,
    )
    if scan.extra is not None:
        db.session.add(_beside(scan.digest, scan.extra))


def keep_extra(scan: Scan) -> None:
    """The erasable side of a scan that came without it, once: what came first stays."""
    if scan.extra is not None and db.session.get(ScanExtra, scan.digest) is None:
        db.session.add(_beside(scan.digest, scan.extra))
        db.session.flush()


def _beside(digest: bytes, said: Extra) -> ScanExtra:
    return ScanExtra(
        digest=digest,
        salt=said.salt,
        place=said.place,
        free_text=said.free_text,
        photo_sha256=bytes.fromhex(said.photo_sha256) if said.photo_sha256 else None,
        papers=[paper.model_dump() for paper in said.papers] if said.papers else None,
        money=said.money.model_dump(exclude_none=True) if said.money else None,
    )


def papers_counted(digest: bytes) -> list[dict[str, Any]]:
    extra: ScanExtra | None = db.session.get(ScanExtra, digest)
    return (extra.papers or []) if extra else []


def money_taken(digest: bytes) -> dict[str, Any] | None:
    """How it was paid, and the number of the receipt; None when nothing was said of money."""
    extra: ScanExtra | None = db.session.get(ScanExtra, digest)
    return extra.money if extra else None


def keep_raw(data: bytes, device_id: str | None, at: datetime) -> None:
    db.session.add(RawScan(device_id=device_id, bytes=data[:RAW_LIMIT], at=at))


def latest(digest: bytes) -> Verdict | None:
    known = memory("verdicts")
    if digest not in known:
        newest = sa.select(Verdict).filter_by(digest=digest).order_by(Verdict.nth.desc()).limit(1)
        known[digest] = db.session.scalar(newest)
    found: Verdict | None = known[digest]
    return found


def rule(
    digest: bytes, nth: int, verdict: Ruling, why: str | None, line_id: int | None, at: datetime, by: str = "server"
) -> None:  # fmt: skip
    """The `nth` verdict on a scan; the earlier ones stay."""
    write(Verdict, digest=digest, nth=nth, verdict=verdict, why=why, line_id=line_id, by=by, at=at)
    memory("verdicts").pop(digest, None)


def of_packet(code: bytes, *rulings: Ruling) -> list[tuple[ScanRow, Verdict]]:
    """The packet's scans whose latest verdict is one of `rulings`, in the order they were recorded."""
    newest = (
        sa.select(Verdict.digest, sa.func.max(Verdict.nth).label("nth"))
        .join(ScanRow, ScanRow.digest == Verdict.digest)
        .where(ScanRow.packet_code == code)
        .group_by(Verdict.digest)
        .subquery()
    )
    query = (
        sa.select(ScanRow, Verdict)
        .join(Verdict, Verdict.digest == ScanRow.digest)
        .join(newest, sa.and_(newest.c.digest == Verdict.digest, newest.c.nth == Verdict.nth))
        .where(Verdict.verdict.in_(rulings))
        .order_by(ScanRow.recorded_at, ScanRow.digest)
    )
    return [(row, verdict) for row, verdict in db.session.execute(query)]


def held_for(device_id: str, why: str) -> list[ScanRow]:
    """The device's scans whose latest verdict is held, for this reason, in the order of their numbers."""
    of_scan = sa.select(sa.func.max(Verdict.nth)).where(Verdict.digest == ScanRow.digest)
    newest = of_scan.correlate(ScanRow).scalar_subquery()
    query = (
        sa.select(ScanRow)
        .join(Verdict, sa.and_(Verdict.digest == ScanRow.digest, Verdict.nth == newest))
        .where(ScanRow.device_id == device_id, Verdict.verdict == Ruling.HELD, Verdict.why == why)
        .order_by(ScanRow.n, ScanRow.digest)
    )
    return list(db.session.scalars(query))


@dataclass(frozen=True)
class Known:
    """One scan told of a packet and the newest verdict on it. `heard_at`: since when it counts."""

    scan: Scan
    recorded_at: datetime
    heard_at: datetime
    verdict: Any  # a row: digest, nth, verdict, why, line_id, at


TOLD_OF = (
    sa.select(
        ScanRow.body,
        ScanRow.sig,
        ScanRow.recorded_at,
        Verdict.digest,
        Verdict.nth,
        Verdict.verdict,
        Verdict.why,
        Verdict.line_id,
        Verdict.at,
    )
    .join(Verdict, Verdict.digest == ScanRow.digest)
    .where(ScanRow.packet_code.in_(sa.bindparam("codes", expanding=True)))
    .order_by(ScanRow.recorded_at, ScanRow.digest, Verdict.nth)
)


def of_packets(codes: Iterable[bytes]) -> list[Known]:
    """Every scan told of these packets, in the order they were recorded."""
    found: dict[bytes, Known] = {}
    for verdict in ask(TOLD_OF, codes=list(codes)):
        at, before = verdict.recorded_at, found.get(verdict.digest)
        doubted = before and before.verdict.verdict is Ruling.HELD and before.verdict.why in UNSURE
        heard = at if before is None else max(at, verdict.at) if doubted else before.heard_at
        found[verdict.digest] = Known(read(verdict.body, verdict.sig), at, heard, verdict)
    return list(found.values())


def missing(device_id: str, contiguous: int, limit: int = 50) -> list[int]:
    """The device's numbers that have not arrived, lowest first: gaps between those that have."""
    well_signed = sa.select(ScanRow.n).where(ScanRow.device_id == device_id, ScanRow.sig_ok)
    arrived = well_signed.where(ScanRow.n > contiguous)
    return gaps_in(contiguous, db.session.scalars(arrived.distinct().order_by(ScanRow.n)), limit)


def gaps_in(contiguous: int, arrived: Iterable[int | None], limit: int) -> list[int]:
    """The first numbers after `contiguous` that are not among those that have arrived, which come in order."""
    gaps: list[int] = []
    expected = contiguous + 1
    for n in arrived:
        assert n is not None
        gaps.extend(range(expected, min(n, expected + limit - len(gaps))))
        expected = n + 1
        if len(gaps) >= limit:
            break
    return gaps
