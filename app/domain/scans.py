"""Scans: evidence. What a device signed is kept for ever, byte for byte; what we make of it is a verdict beside it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, choice, db
from app.domain import tokens
from app.errors import Invalid

RAW_LIMIT = 64 * 1024


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


class Verdict(Model):
    __tablename__ = "verdicts"

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


class RawScan(Model):
    """What did not parse: kept for a person, never dropped."""

    __tablename__ = "raw_inbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str | None] = mapped_column(sa.String(64))
    bytes: Mapped[bytes] = mapped_column(sa.LargeBinary)
    at: Mapped[Instant]


@dataclass(frozen=True)
class Scan:
    """The readable copy of a body beside its exact bytes. A field of the wrong shape is None and `malformed` is set."""

    body: bytes
    sig: bytes
    digest: bytes
    malformed: bool
    id: str | None
    device: str | None
    n: int | None
    code: bytes | None
    issue: int | None
    event: str
    giver: str | None
    taker: str | None
    actor: str | None
    parent: bytes | None
    wall: datetime | None
    seal: str | None
    sheets: int | None
    proof: tuple[tuple[str, str], ...]
    reason: str | None
    next: str | None

    def said(self, kind: str) -> str | None:
        """The value given for one kind of proof."""
        return next((value for name, value in self.proof if name == kind), None)


def digest_of(body: bytes) -> bytes:
    return hashlib.sha256(b"scan-v1\n" + body).digest()


def parse(body: bytes, sig: bytes) -> Scan:
    """Read a signed body. Raises Invalid("scan_unreadable") unless it is one JSON object of at most 64 KiB."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("scan_unreadable") from error
    if not isinstance(raw, dict) or len(body) > RAW_LIMIT:
        raise Invalid("scan_unreadable")
    reader = _Reader(raw)
    values: dict[str, Any] = {
        "id": reader.text("id", 64),
        "device": reader.text("device", 64),
        "n": reader.count("n"),
        "code": reader.code("code"),
        "issue": reader.count("issue", needed=False),
        "event": reader.text("event", 24) or "",
        "giver": reader.text("giver", 20, needed=False),
        "taker": reader.text("taker", 20, needed=False),
        "actor": reader.text("actor", 20),
        "parent": reader.digest("parent"),
        "wall": reader.wall(),
        "seal": reader.text("seal", 24, needed=False),
        "sheets": reader.count("sheets", needed=False),
        "proof": reader.proof(),
        "reason": reader.text("reason", 24, needed=False),
        "next": reader.text("next", 24, needed=False),
    }
    if raw.get("v") != 1:
        reader.bad = True
    return Scan(body=body, sig=sig, digest=digest_of(body), malformed=reader.bad, **values)


class _Reader:
    """Takes what has the right shape out of a body and remembers whether anything had not."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw, self.bad = raw, False

    def _wrong(self, name: str, needed: bool) -> None:
        self.bad |= needed or self.raw.get(name) is not None

    def text(self, name: str, longest: int, *, needed: bool = True) -> str | None:
        value = self.raw.get(name)
        if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
            return value
        self._wrong(name, needed)
        return None

    def count(self, name: str, *, needed: bool = True) -> int | None:
        value = self.raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53:
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

    def wall(self) -> datetime | None:
        at = self.raw.get("at")
        try:
            wall = datetime.fromisoformat(at["wall"]) if isinstance(at, dict) else None
        except (KeyError, TypeError, ValueError):
            wall = None
        if wall is None or wall.tzinfo is None:
            self.bad = True
            return None
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


def keep(scan: Scan, sig_ok: bool, at: datetime) -> ScanRow:
    offset = int((scan.wall - at).total_seconds()) if scan.wall else None
    row = ScanRow(
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
    db.session.add(row)
    db.session.flush()
    return row


def keep_raw(data: bytes, device_id: str | None, at: datetime) -> None:
    db.session.add(RawScan(device_id=device_id, bytes=data[:RAW_LIMIT], at=at))


def latest(digest: bytes) -> Verdict | None:
    newest = sa.select(Verdict).filter_by(digest=digest).order_by(Verdict.nth.desc()).limit(1)
    return db.session.scalar(newest)


def rule(digest: bytes, verdict: Ruling, why: str | None, line_id: int | None, at: datetime) -> Verdict:
    """One more verdict on a scan; the earlier ones stay."""
    before = latest(digest)
    row = Verdict(
        digest=digest, nth=before.nth + 1 if before else 1, verdict=verdict, why=why, line_id=line_id,
        by="server", at=at,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


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
