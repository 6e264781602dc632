"""Oversight: what a supervisor must see. Scans a person has to judge, packets in dispute, numbers running out."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.domain.numbers import NumberPool
from app.domain.packets import Packet, State
from app.domain.scans import RawScan, Ruling, ScanRow, Verdict


@dataclass(frozen=True)
class Waiting:
    scan: ScanRow
    verdict: Verdict
    packet: Packet | None


def counts() -> dict[State, int]:
    rows = db.session.execute(sa.select(Packet.state, sa.func.count()).group_by(Packet.state))
    found = {state: int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in State}


def waiting(limit: int = 100) -> list[Waiting]:
    """Scans whose latest verdict is held, disputed or quarantined, newest first."""
    newest = sa.select(Verdict.digest, sa.func.max(Verdict.nth).label("nth")).group_by(Verdict.digest).subquery()
    query = (
        sa.select(ScanRow, Verdict, Packet)
        .join(Verdict, Verdict.digest == ScanRow.digest)
        .join(newest, sa.and_(newest.c.digest == Verdict.digest, newest.c.nth == Verdict.nth))
        .outerjoin(Packet, Packet.code == ScanRow.packet_code)
        .where(Verdict.verdict.in_((Ruling.HELD, Ruling.DISPUTED, Ruling.QUARANTINED)))
        .order_by(ScanRow.recorded_at.desc())
        .limit(limit)
    )
    return [Waiting(scan, verdict, packet) for scan, verdict, packet in db.session.execute(query)]


def unreadable() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(RawScan)) or 0


def pools() -> list[NumberPool]:
    return list(db.session.scalars(sa.select(NumberPool).order_by(NumberPool.id)))
