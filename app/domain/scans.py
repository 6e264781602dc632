"""Scans: evidence. What a device signed is kept for ever, byte for byte; what we make of it is a verdict beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, ask, choice, db, memory, write
from app.domain import bodies
from app.domain.bodies import Extra, Scan

REPEATS_CLAIM = "repeats_claim"  # why a repetition does not count: what it repeats is disputed
UNSURE = {"device_revoked", "device_expired", "device_unconfirmed"}  # why a scan is held until a person answers for it


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
    db.session.add(RawScan(device_id=device_id, bytes=data[: bodies.RAW_LIMIT], at=at))


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
        found[verdict.digest] = Known(bodies.read(verdict.body, verdict.sig), at, heard, verdict)
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
