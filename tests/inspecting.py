"""The inspection, for tests that want to know whether what they did left everything in order."""

import sqlalchemy as sa

from app.db import db, now
from app.domain import inspection
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.packets import Packet


def faults(packet: Packet | None = None) -> list[str]:
    """What does not hold of this packet, or of anything: also of what this transaction has not committed yet."""
    db.session.scalars(sa.select(Handoff.id).limit(1)).all()  # rows that wait to be written go out first
    which = packet.id if packet else None
    report = inspection.inspect(Trust(now()), which, full=True, inside=db.session.connection())
    return [str(fault) for fault in report.faults]
