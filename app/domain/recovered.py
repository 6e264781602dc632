"""Recovered: old papers a citizen gave up for the result, each a line from the door to the desk that asked for it.

Whoever handed the result over answers for them (TT 17/2017 Đ5.2); the line closes when the desk and they have both said
that it is here, or an incident file that it is lost. At the desk itself it closes at once. Until then the case is open.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, db
from app.domain.dossiers import Dossier
from app.domain.packets import Kind, Packet
from app.domain.parties import Party
from app.domain.people import Act, User

OUT = sa.text("back_at IS NULL")


class Recovered(Model):
    __tablename__ = "recovered_papers"
    __table_args__ = (
        sa.UniqueConstraint("dossier_id", "position"),
        sa.Index("ix_recovered_papers_out", "dossier_id", sqlite_where=OUT, postgresql_where=OUT),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id))
    position: Mapped[int] = mapped_column(doc="in the dossier's list of old papers, counted from 1")
    holder_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True, doc="who took it from the citizen")
    taken_at: Mapped[Instant]
    back_at: Mapped[Instant | None] = mapped_column(doc="at the desk")
    by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="the officer who has it")
    lost_in: Mapped[str | None] = mapped_column(
        sa.String(24), doc="number of the incident file that ended with it lost"
    )

    dossier: Mapped[Dossier] = relationship()

    @property
    def name(self) -> str:
        return str(self.dossier.surrender[self.position - 1]["name"])


def take(packet: Packet, holder_id: str, act: Act) -> None:
    """The result was handed over: what the door, or the counter, took for it is its holder's from now on."""
    dossier = packet.dossier
    if packet.kind is not Kind.RESULT:
        return
    known = {line.position for line in of(dossier)}
    is_here = holder_id == dossier.desk.party_id
    for position, paper in enumerate(dossier.surrender, start=1):
        if paper.get("taken") and position not in known:
            db.session.add(
                Recovered(
                    dossier_id=dossier.id, position=position, holder_id=holder_id, taken_at=act.at,
                    back_at=act.at if is_here else None, by_id=act.by.id if is_here and act.user else None,
                )
            )  # fmt: skip
    db.session.flush()


def of(dossier: Dossier) -> list[Recovered]:
    found = sa.select(Recovered).filter_by(dossier_id=dossier.id)
    return list(db.session.scalars(found.order_by(Recovered.position)))


def out(dossier: Dossier) -> list[Recovered]:
    """What neither the desk has nor anybody has given up for lost."""
    return [line for line in of(dossier) if line.back_at is None and line.lost_in is None]


def coming(user: User) -> dict[str, list[Recovered]]:
    """What is on its way to this desk, by whoever has it; the oldest two hundred."""
    due = (
        sa.select(Recovered)
        .join(Dossier)
        .where(Dossier.desk_id == user.office_id, Recovered.back_at.is_(None), Recovered.lost_in.is_(None))
    )
    found: dict[str, list[Recovered]] = {}
    for line in db.session.scalars(due.order_by(Recovered.id).limit(200)):
        found.setdefault(line.holder_id, []).append(line)
    return found
