"""Repeats: what came back unaccepted is brought home once more, and the party at fault pays the way (QĐ 45/2016 Đ12): the
citizen at the door, the ward against a bill, the post by driving.

Whoever sends it again, desk, post office, or the citizen by the link, one failure costs one way at most. What never left
the courier's hands, another time agreed at the door, is no repeat.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import audit, calendar, postage
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, User
from app.domain.postage import Fault
from app.domain.shelf import Decision, Word
from app.domain.visits import Visit, VisitKind, VisitState
from app.errors import Refused

# By the courier's reason for a visit that failed, and the office's for sending it back; any other reason is nobody's fault.
FAULTS = {
    "nobody_home": Fault.CITIZEN, "wrong_person": Fault.CITIZEN, "changed_mind": Fault.CITIZEN, "refused": Fault.CITIZEN,
    "refused_id": Fault.CITIZEN, "no_authorisation": Fault.CITIZEN, "papers_not_ready": Fault.CITIZEN,
    "fee_not_paid": Fault.CITIZEN, "old_papers_missing": Fault.CITIZEN, "letters_done": Fault.CITIZEN, "moved": Fault.CITIZEN,
    "courier_late": Fault.POST, "desk_asked": Fault.DESK,
}  # fmt: skip


class Repeat(Model):
    """One more way home, and who bears it."""

    __tablename__ = "repeats"
    __table_args__ = (sa.CheckConstraint("amount > 0", name="amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    reason: Mapped[str] = mapped_column(sa.String(24), doc="why it came back")
    fault: Mapped[Fault] = mapped_column(choice(Fault))
    amount: Mapped[int] = mapped_column(doc="one way, in đồng, by the tariff of the day")
    at: Mapped[Instant]
    by_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey(User.id), doc="who said so; NULL: the record, for the citizen"
    )

    packet: Mapped[Packet] = relationship()


@dataclass(frozen=True)
class Failure:
    """Why a packet did not reach whom it is for."""

    reason: str
    at: datetime

    @property
    def fault(self) -> Fault:
        """By the record."""
        return FAULTS.get(self.reason, Fault.NOBODY)


def failures(packet_ids: Collection[int]) -> dict[int, Failure]:
    """The newest failure of each of these packets that has one."""
    missed = sa.select(Visit.packet_id, Visit.reason, Visit.ended_at).where(
        Visit.packet_id.in_(packet_ids), Visit.kind == VisitKind.DELIVER, Visit.state == VisitState.MISSED
    )
    back = sa.select(Decision.packet_id, Decision.reason, Decision.at).where(
        Decision.packet_id.in_(packet_ids), Decision.word == Word.BACK
    )
    told = [(row[0], Failure(row[1] or "", row[2])) for row in (*db.session.execute(missed), *db.session.execute(back))]
    return dict(sorted(told, key=lambda one: one[1].at))


def failure(packet: Packet) -> Failure | None:
    """What sending the packet again would be paid for. None: nothing failed since it was last sent, or a courier has it."""
    if packet.way is not Way.OUT or packet.state not in (State.AT_POST, State.AT_DESK):
        return None
    last = db.session.scalar(sa.select(sa.func.max(Repeat.at)).filter_by(packet_id=packet.id))
    found = failures([packet.id]).get(packet.id)
    return found if found and (last is None or found.at > last) else None


def price(dossier: Dossier, at: datetime) -> int:
    """One way home, in đồng, by the tariff of the day."""
    return postage.one_way(dossier.citizen.ward, dossier.desk.ward, calendar.today(at)).amount


def reckon(packet: Packet, act: Act, fault: Fault | None = None) -> None:
    """The packet is sent again: by whose fault, as the officer or clerk says, else as the record says.

    No citizen pays for what the record does not lay at their door. Raises Refused("fault_not_theirs").
    """
    if (failed := failure(packet)) is None:
        return
    said = fault or failed.fault
    if said is Fault.CITIZEN and failed.fault is not Fault.CITIZEN:
        raise Refused("fault_not_theirs", number=packet.number)
    by = act.user.id if act.user else None
    db.session.add(
        Repeat(
            packet_id=packet.id, reason=failed.reason, fault=said, amount=price(packet.dossier, act.at), at=max(act.at, failed.at), by_id=by
        )
    )  # fmt: skip
    db.session.flush()
    audit.note("repeat", packet.number, act, fault=said, known=failed.fault)


def due(packet: Packet) -> int:
    """What the citizen pays at the door for the ways that were theirs, in đồng."""
    if packet.way is not Way.OUT:
        return 0
    theirs = sa.select(sa.func.sum(Repeat.amount)).filter_by(packet_id=packet.id, fault=Fault.CITIZEN)
    return int(db.session.scalar(theirs) or 0)


def of_desks(post_office_id: int) -> dict[int, tuple[int, int]]:
    """What each desk was charged by this post office so far: how many ways, and how much."""
    charged = (
        sa.select(Dossier.desk_id, sa.func.count(), sa.func.sum(Repeat.amount))
        .join(Packet, Packet.id == Repeat.packet_id)
        .join(Dossier, Dossier.id == Packet.dossier_id)
        .where(Repeat.fault == Fault.DESK, Dossier.post_office_id == post_office_id)
        .group_by(Dossier.desk_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in db.session.execute(charged)}
