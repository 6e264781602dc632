"""Visits: calls at a home for a packet, in a slot, on a courier's round.

Places in a slot are counted by a conditional update: the last place goes to one person, whoever else asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import calendar
from app.domain.calendar import HERE
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.places import Office
from app.errors import Missing, Refused

# fmt: off
WINDOWS = ((time(8), time(10)), (time(10), time(12)), (time(13), time(15)), (time(15), time(17)))
# fmt: on
NOTICE = timedelta(hours=2)  # a slot can be booked until this long before it begins
SOON = timedelta(hours=1)  # what the post chooses itself may begin earlier: no papers are to be got ready for it
GRACE = timedelta(minutes=15)  # of a courier, after the agreed time
SKEW = timedelta(minutes=10)  # a phone's clock may be this wrong
HORIZON = 10  # working days ahead


class VisitKind(StrEnum):
    COLLECT = "collect"
    DELIVER = "deliver"


class VisitState(StrEnum):
    SCHEDULED = "scheduled"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"


OPEN = frozenset({VisitState.SCHEDULED, VisitState.ASSIGNED, VisitState.EN_ROUTE})


class Slot(Model):
    """Two hours of a day at one post office. The row is made by the first booking."""

    __tablename__ = "slots"
    __table_args__ = (
        sa.UniqueConstraint("office_id", "day", "opens"),
        sa.CheckConstraint("taken >= 0 AND taken <= places", name="taken"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id))
    day: Mapped[date]
    opens: Mapped[time]
    closes: Mapped[time]
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True)
class Offer:
    """A slot as a citizen sees it; `left` may be 0."""

    day: date
    opens: time
    closes: time
    left: int

    @property
    def key(self) -> str:
        return f"{self.day:%Y%m%d}-{self.opens:%H%M}"


class Round(Model):
    """The ordered visits one courier drives on one day."""

    __tablename__ = "rounds"
    __table_args__ = (sa.UniqueConstraint("courier_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    courier_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    day: Mapped[date]
    planned_at: Mapped[Instant | None]
    started_at: Mapped[Instant | None]
    stopped_at: Mapped[Instant | None]  # the courier goes no further that day: colleagues take over

    courier: Mapped[User] = relationship()
    visits: Mapped[list["Visit"]] = relationship(order_by="Visit.position, Visit.id", back_populates="round")


class Visit(Model):
    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    kind: Mapped[VisitKind] = mapped_column(choice(VisitKind))
    state: Mapped[VisitState] = mapped_column(choice(VisitState), index=True)
    slot_id: Mapped[int] = mapped_column(sa.ForeignKey(Slot.id), index=True)
    round_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Round.id), index=True)
    position: Mapped[int | None]
    arrives_at: Mapped[Instant | None]
    attempt: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str | None] = mapped_column(sa.String(24))
    next: Mapped[str | None] = mapped_column(sa.String(24))
    created_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]

    packet: Mapped[Packet] = relationship()
    slot: Mapped[Slot] = relationship()
    round: Mapped[Round | None] = relationship(back_populates="visits")

    @property
    def courier(self) -> User | None:
        return self.round.courier if self.round else None

    @property
    def is_late(self) -> bool:
        """Whether its courier is reckoned to come after the agreed time and the grace after it."""
        if self.state not in OPEN or self.arrives_at is None:
            return False
        return is_over(self.slot.day, self.slot.closes, self.arrives_at)


def starts_at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, HERE)


def is_over(day: date, closes: time, at: datetime) -> bool:
    """Whether the agreed time has gone by, and the grace a courier has after it."""
    return at >= starts_at(day, closes) + GRACE


def is_due(day: date, closes: time, at: datetime) -> bool:
    """Whether a courier may still be expected today."""
    return day == calendar.today(at) and not is_over(day, closes, at)


def offers(office: Office, at: datetime, days: int = HORIZON, notice: timedelta = NOTICE) -> list[Offer]:
    """Slots of the coming working days that can still be reached, full ones too (`left` = 0), in order of time."""
    first = calendar.today(at)
    dates = ([first] if calendar.is_working(first) else []) + calendar.working_days_after(first, days)
    used = sa.select(Slot).where(Slot.office_id == office.id, Slot.day.in_(dates))
    taken = {(slot.day, slot.opens): slot.places - slot.taken for slot in db.session.scalars(used)}
    return [
        Offer(day, opens, closes, taken.get((day, opens), office.slot_places))
        for day in dates
        for opens, closes in WINDOWS
        if starts_at(day, opens) - notice > at
    ]


def read_key(office: Office, key: str, at: datetime) -> Offer:
    """The offer behind a form's value. Raises Missing("slot_unknown") for a slot that is not, or no longer, offered."""
    for offer in offers(office, at):
        if offer.key == key:
            return offer
    raise Missing("slot_unknown")


def take(office: Office, offer: Offer) -> Slot:
    """One place in the slot. Raises Refused("slot_full", next=…) when somebody was faster."""
    slot = db.session.scalar(sa.select(Slot).filter_by(office_id=office.id, day=offer.day, opens=offer.opens))
    if slot is None:
        slot = Slot(
            office_id=office.id, day=offer.day, opens=offer.opens, closes=offer.closes,
            places=office.slot_places, taken=0,
        )  # fmt: skip
        db.session.add(slot)
        db.session.flush()  # two first bookings at once: the loser of the unique key looks again
    free = sa.update(Slot).where(Slot.id == slot.id, Slot.taken < Slot.places).values(taken=Slot.taken + 1)
    if db.session.execute(free).rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("slot_full")
    db.session.refresh(slot)
    return slot


def give_back(visit: Visit) -> None:
    less = sa.update(Slot).where(Slot.id == visit.slot_id, Slot.taken > 0).values(taken=Slot.taken - 1)
    db.session.execute(less)


def schedule(packet: Packet, kind: VisitKind, slot: Slot, act: Act) -> Visit:
    """A new visit. Only those that failed count as attempts before it: whoever moves a visit has not missed it."""
    before = sa.select(sa.func.count()).where(
        Visit.packet_id == packet.id, Visit.kind == kind, Visit.state == VisitState.MISSED
    )
    visit = Visit(
        packet=packet,
        kind=kind,
        state=VisitState.SCHEDULED,
        slot=slot,
        attempt=(db.session.scalar(before) or 0) + 1,
        created_at=act.at,
    )
    db.session.add(visit)
    db.session.flush()
    return visit


def current(packet_id: int) -> Visit | None:
    """The packet's newest visit, whatever came of it."""
    newest = sa.select(Visit).filter_by(packet_id=packet_id).order_by(Visit.id.desc()).limit(1)
    return db.session.scalar(newest)


def tried(packet_ids: Iterable[int]) -> dict[int, int]:
    """Of packets: how many visits failed, where any did."""
    missed = sa.select(Visit.packet_id, sa.func.count()).where(
        Visit.packet_id.in_(list(packet_ids)), Visit.state == VisitState.MISSED
    )
    return {row[0]: int(row[1]) for row in db.session.execute(missed.group_by(Visit.packet_id))}


def failed_for(packet_id: int) -> list[str]:
    """Why visits for this packet failed, the first first."""
    missed = sa.select(Visit.reason).filter_by(packet_id=packet_id, state=VisitState.MISSED)
    return [reason or "" for reason in db.session.scalars(missed.order_by(Visit.id))]


def open_visit(packet_id: int) -> Visit | None:
    visit = current(packet_id)
    return visit if visit and visit.state in OPEN else None


def cancel(visit: Visit, act: Act) -> None:
    """Free until the courier sets out. Raises Refused("courier_under_way") or Refused("visit_over")."""
    visit = db.session.get_one(Visit, visit.id, with_for_update=True, populate_existing=True)
    if visit.state is VisitState.EN_ROUTE:
        raise Refused("courier_under_way")
    if visit.state not in OPEN:
        raise Refused("visit_over")
    visit.state, visit.ended_at, visit.round, visit.position, visit.arrives_at = (
        VisitState.CANCELLED, act.at, None, None, None,
    )  # fmt: skip
    give_back(visit)


def move_to(visit: Visit, offer: Offer, office: Office, act: Act) -> Visit:
    """Another slot for an open visit, or a new visit after a missed one. Raises as `cancel` and `take`."""
    slot = take(office, offer)
    if visit.state in OPEN:
        cancel(visit, act)
    return schedule(visit.packet, visit.kind, slot, act)


def finish(packet: Packet, at: datetime) -> None:
    """The courier was there and the packet changed hands."""
    if visit := open_visit(packet.id):
        visit.state, visit.ended_at = VisitState.DONE, at


def fail(packet: Packet, reason: str, next_: str, courier_id: str, said_at: datetime, at: datetime) -> bool:
    """Nobody there, papers not ready …: the visit is over, what comes next is said beside the reason.

    Only a visit that was this courier's, and that stood when they wrote it down: a late word does not end a new one.
    """
    visit = open_visit(packet.id)
    if visit is None or visit.courier is None or visit.courier.id != courier_id or visit.created_at > said_at + SKEW:
        return False
    visit.state, visit.ended_at, visit.reason, visit.next = VisitState.MISSED, at, reason, next_
    return True


def round_of(courier: User, day: date) -> Round | None:
    return db.session.scalar(sa.select(Round).filter_by(courier_id=courier.id, day=day))


def set_out(round_: Round, act: Act) -> None:
    """The courier leaves: from now on the visits of the round can no longer be cancelled by the link."""
    round_.started_at = round_.started_at or act.at
    for visit in round_.visits:
        if visit.state is VisitState.ASSIGNED:
            visit.state = VisitState.EN_ROUTE
