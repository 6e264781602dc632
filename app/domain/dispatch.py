"""Dispatch: a post office's day, its visits given to couriers and ordered into rounds.

Planning takes seconds, so it is three steps: `problem` reads, `routes.plan` thinks outside any transaction, `adopt` writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

import sqlalchemy as sa

import routes
from app.db import db, lock
from app.domain import audit, booking, calendar, homes, people, rounds
from app.domain.packets import Packet, State
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.visits import OPEN, Round, Slot, Visit, VisitKind, VisitState
from app.errors import Missing, Refused

FEW, FAIR = 4, 1.2  # no courier gets more than so many times an even share, unless that is only a few visits
LOOK_BACK = timedelta(days=14)  # a day that went by stays to be seen so long, while somebody waits for it


@dataclass(frozen=True)
class Day:
    """What a dispatcher sees: visits nobody has yet, and each courier's round (None while empty)."""

    office: Office
    day: date
    unassigned: list[Visit]
    rounds: list[tuple[User, Round | None]]

    @property
    def free(self) -> list[tuple[User, Round | None]]:
        """Couriers who have no visit."""
        return [(courier, round_) for courier, round_ in self.rounds if round_ is None or not round_.visits]

    @property
    def shared(self) -> dict[int, int]:
        """Of open visits to a home that several are made to at once: how many."""
        given = [visit for _, round_ in self.rounds if round_ for visit in round_.visits if visit.state in OPEN]
        doors = homes.at_doors([*self.unassigned, *given])
        return {visit.id: len(door) for door in doors if len(door) > 1 for visit in door}

    @property
    def count(self) -> int:
        return len(self.unassigned) + sum(len(round_.visits) for _, round_ in self.rounds if round_)

    @property
    def waiting(self) -> bool:
        """Whether somebody still waits for a courier."""
        given = (visit for _, round_ in self.rounds if round_ for visit in round_.visits)
        return bool(self.unassigned) or any(visit.state in OPEN for visit in given)


def day_of(office: Office, day: date) -> Day:
    mine = of_day(office, day)
    unassigned = [visit for visit in mine if visit.round_id is None and visit.state in OPEN]
    found = sa.select(Round).filter_by(office_id=office.id, day=day)
    by_courier = {round_.courier_id: round_ for round_ in db.session.scalars(found)}
    staff = people.couriers_of(office.id)
    return Day(office, day, unassigned, [(courier, by_courier.get(courier.id)) for courier in staff])


def of_day(office: Office, day: date) -> list[Visit]:
    query = (
        sa.select(Visit).join(Slot).where(Slot.office_id == office.id, Slot.day == day).order_by(Slot.opens, Visit.id)
    )
    return list(db.session.scalars(query))


def days(office: Office, at: datetime) -> list[date]:
    """Days on which somebody still waits for a courier: those that went by, too, and those declared off since."""
    query = sa.select(Slot.day).join(Visit, Visit.slot_id == Slot.id).distinct().order_by(Slot.day)
    query = query.where(Slot.office_id == office.id, Visit.state.in_(OPEN), Slot.day >= calendar.today(at) - LOOK_BACK)
    return list(db.session.scalars(query))


def movable(office: Office, packet: Packet) -> Visit | None:
    """The visit of this office for which another time can be agreed on: that of the packet, unless it has been made."""
    visit = booking.movable(packet.dossier) if packet.dossier else None
    return visit if visit and visit.packet_id == packet.id and visit.slot.office_id == office.id else None


def is_bound(office: Office, visit: Visit) -> bool:
    """Whether its courier has set out with the packet: it changes hands before anything else is agreed on."""
    return visit.state is VisitState.EN_ROUTE and visit.id in held_by(office, Visit.id == visit.id)


def rebook(office: Office, packet: Packet, slot_key: str, act: Act) -> Visit:
    """Another time, agreed on by telephone, also for a visit whose courier is on the way without the packet.

    Raises Refused("nothing_to_move") and as booking.rebook.
    """
    visit = movable(office, packet)
    if visit is None:
        raise Refused("nothing_to_move")
    if visit.state is VisitState.EN_ROUTE:
        give(office, {visit.id: None}, act)
    return booking.rebook(visit.packet.dossier, slot_key, act)


def assign(office: Office, visit_ids: list[int], courier_id: str | None, act: Act) -> int:
    """Give visits of this office to one courier, or to nobody. How many were moved. Raises as `give`."""
    return len(give(office, dict.fromkeys(visit_ids, courier_id), act))


def give(office: Office, wanted: Mapping[int, str | None], act: Act) -> list[Visit]:
    """Give visits of this office, by their ids, each to a courier or to nobody. Those that were moved.

    Also on the way: the phone of whoever has set out drops the visit when it next hears of the office, and a courier who
    stands at that door all the same may finish there. A packet to deliver that a courier already carries stays with that
    courier: its visit is passed over, as is one that is with whom it is to go to.
    Raises Missing("courier_unknown") for another office's courier, Refused("courier_stopped") for one who goes no further.
    """
    staff = {courier.id: courier for courier in people.couriers_of(office.id)}
    if set(wanted.values()) - {None, *staff}:
        raise Missing("courier_unknown")
    moved: list[Visit] = []
    touched: set[Round] = set()
    held = held_by(office, Visit.id.in_(wanted))
    for visit in lock(Visit, *wanted):
        courier = staff.get(wanted[visit.id] or "")
        if visit.slot.office_id != office.id or visit.state not in OPEN:
            continue
        if held.get(visit.id, courier) != courier or visit.courier == courier:
            continue
        if visit.round:
            touched.add(visit.round)
        if courier is None:
            rounds.take_off(visit)
        else:
            round_ = rounds.of(courier, office, visit.slot.day)
            if round_.stopped_at:
                raise Refused("courier_stopped")
            rounds.put_on(round_, visit)
            touched.add(round_)
        moved.append(visit)
    _reckon(touched, act)
    for visit in moved:
        if visit.state is VisitState.EN_ROUTE:  # the round has been announced already
            rounds.announce(visit, act)
    given = {str(visit.id): visit.round and visit.round.courier_id for visit in moved}
    audit.note("assign", f"office {office.id}", act, visits=given)
    return moved


def _reckon(touched: set[Round], act: Act) -> None:
    for round_ in sorted(touched, key=lambda one: one.id):
        rounds.reckon(round_, act.at)


def problem(office: Office, day: date) -> routes.Problem:
    """Every visit that has not set out, those of one home as one stop, for every courier who has not and can. Seconds since
    local midnight.

    What a courier carries to be delivered is left out: nobody else can bring it, and `adopt` keeps it with them; and what
    is collected at a home to which somebody is on the way.
    """
    here = day_of(office, day)
    free = [
        courier for courier, round_ in here.rounds if round_ is None or not (round_.started_at or round_.stopped_at)
    ]
    waiting = [v for v in of_day(office, day) if v.state in (VisitState.SCHEDULED, VisitState.ASSIGNED)]
    waiting = [v for v in waiting if not (v.kind is VisitKind.DELIVER and v.packet.state is State.CARRIED)]
    led = _led(office, day)
    doors = homes.at_doors(visit for visit in waiting if visit.id not in led)
    even = len(waiting) / max(len(free), 1)  # the shortest way alone would leave colleagues at the office
    most = min(rounds.CAPACITY, max(FEW, ceil(FAIR * even), *map(len, doors)))
    return routes.Problem(
        depot=rounds.place(office),
        couriers=tuple(routes.Courier(courier.id, rounds.shift(), most) for courier in free),
        stops=tuple(rounds.stop(*door) for door in doors),
    )


def adopt(office: Office, day: date, plan: routes.Plan, act: Act) -> int:
    """Write a plan into the rounds, then what couriers already carry. How many were placed.

    Visits that changed while the plan was made stay as they are.
    """
    placed = 0
    led = _led(office, day)
    held = held_by(office, Slot.day == day) | led
    ids = [visit_id for round_ in plan.rounds for stop in round_.stops for visit_id in rounds.visits_at(stop)]
    left_out = [visit_id for stop in plan.unplanned for visit_id in rounds.visits_at(stop)]
    found = {visit.id: visit for visit in lock(Visit, *{*ids, *left_out, *held})}
    touched = {visit.round for visit in found.values() if visit.round}
    for visit_id in left_out:
        if visit_id not in held and found[visit_id].state is VisitState.ASSIGNED:
            rounds.take_off(found[visit_id])
    for planned in plan.rounds:
        courier = db.session.get_one(User, planned.courier.key)
        round_ = rounds.of(courier, office, day)
        if round_.started_at or round_.stopped_at:
            continue
        round_.planned_at = act.at
        touched.add(round_)
        for position, visit_id in enumerate(one for stop in planned.stops for one in rounds.visits_at(stop)):
            visit = found[visit_id]
            if visit.id not in held and _still(visit, day):
                rounds.put_on(round_, visit)
                visit.position = position
                placed += 1
    for visit_id, holder in held.items():
        round_ = rounds.of(holder, office, day)
        if _still(found[visit_id], day) and not round_.stopped_at:
            rounds.put_on(round_, found[visit_id])
            touched.add(round_)
            placed += 1
    _reckon(touched, act)
    for visit_id in led:
        if found[visit_id].state is VisitState.EN_ROUTE:
            rounds.announce(found[visit_id], act)
    audit.note("plan", f"office {office.id}", act, day=day.isoformat(), placed=placed)
    return placed


def _led(office: Office, day: date) -> dict[int, User]:
    """Visits to collect at a home to which a courier is on the way for another packet, and that courier."""
    mine = [visit for visit in of_day(office, day) if visit.kind is VisitKind.COLLECT and visit.state in OPEN]
    on_way = {homes.door(one): one.courier for one in mine if one.state is VisitState.EN_ROUTE}
    waiting = {one.id: on_way.get(homes.door(one)) for one in mine if one.state is not VisitState.EN_ROUTE}
    return {visit_id: courier for visit_id, courier in waiting.items() if courier}


def along(office: Office, visit_ids: list[int]) -> list[Visit]:
    """The other open visits of the homes that these visits of the office are made to, whoever has them."""
    given = [visit for visit in lock(Visit, *visit_ids) if visit.slot.office_id == office.id]
    doors = {homes.door(visit) for visit in given}
    query = sa.select(Visit).where(Visit.slot_id.in_([visit.slot_id for visit in given]), Visit.state.in_(OPEN))
    others = db.session.scalars(query.where(Visit.id.not_in(visit_ids)).order_by(Visit.id))
    return [visit for visit in others if homes.door(visit) in doors]


def held_by(office: Office, which: sa.ColumnElement[bool]) -> dict[int, User]:
    """Open visits to deliver what a courier of this office carries, in order of their windows, and that courier."""
    couriers = {courier.party_id: courier for courier in people.couriers_of(office.id)}
    query = (
        sa.select(Visit.id, Packet.holder_id)
        .join(Visit.packet)
        .join(Visit.slot)
        .where(which, Slot.office_id == office.id, Visit.kind == VisitKind.DELIVER, Visit.state.in_(OPEN))
        .where(Packet.state == State.CARRIED, Packet.holder_id.in_(couriers))
        .order_by(Slot.opens, Visit.id)
    )
    return {visit_id: couriers[holder] for visit_id, holder in db.session.execute(query)}


def _still(visit: Visit, day: date) -> bool:
    """Whether it is still to be planned on this day."""
    return visit.state in (VisitState.SCHEDULED, VisitState.ASSIGNED) and visit.slot.day == day
