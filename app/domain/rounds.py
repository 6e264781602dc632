"""Rounds: the visits a courier makes on one day, in order, and about when each home is reached.

A visit has its time as soon as it is on a round; whatever changes the round reckons its times anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

import routes
from app.db import db, lock
from app.domain import dossiers, homes, people, visits
from app.domain.calendar import HERE
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import Act, Citizen, User
from app.domain.places import Office
from app.domain.visits import OPEN, Offer, Round, Visit, VisitKind, VisitState

SHIFT = (time(7, 30), time(17, 30))
SERVICE = 480  # seconds at a door: count, seal, sign
ANOTHER = 360  # seconds for each further packet of that home: the way to the door and the greeting are made
CAPACITY = 60  # packets on a motorbike
MADE = (VisitState.DONE, VisitState.MISSED)
WITH = (
    joinedload(Visit.slot),
    joinedload(Visit.packet).joinedload(Packet.dossier).joinedload(Dossier.citizen),
)  # fmt: skip


def of(courier: User, office: Office, day: date) -> Round:
    """The courier's round of that day, begun if there is none yet."""
    round_ = visits.round_of(courier, day)
    if round_ is None:
        round_ = Round(office_id=office.id, courier_id=courier.id, day=day)
        db.session.add(round_)
        db.session.flush()
    return round_


def put_on(round_: Round, visit: Visit) -> None:
    """Where it costs least among those of its window; `reckon` follows. A round under way takes the visit along."""
    visit.round, visit.position = round_, None
    visit.state = VisitState.EN_ROUTE if round_.started_at else VisitState.ASSIGNED


def join(visit: Visit, act: Act) -> None:
    """A new visit of a home that a courier is to call at anyway goes along, unless they have set out or go no further."""
    same = sa.select(Visit).where(Visit.slot_id == visit.slot_id, Visit.kind == visit.kind, Visit.id != visit.id)
    same = same.where(Visit.state == VisitState.ASSIGNED).order_by(Visit.id).options(*WITH)
    for other in db.session.scalars(same):
        round_ = other.round
        if round_ and not (round_.started_at or round_.stopped_at) and homes.door(other) == homes.door(visit):
            put_on(round_, visit)
            reckon(round_, act.at)
            return


def take_off(visit: Visit) -> None:
    visit.round, visit.position, visit.arrives_at, visit.state = None, None, None, VisitState.SCHEDULED


def reckon(round_: Round, at: datetime) -> None:
    """Order what is still to be made by its windows, newcomers where they cost least in theirs, and say when each call
    begins.

    The courier sets out from the post office, or from the home last visited, now or when the shift begins.
    """
    lock(Round, round_.id)
    mine = _visits(round_)
    position = max((visit.position for visit in mine if visit.state in MADE and visit.position), default=0)
    doors, newcomers = {}, []
    for door in homes.at_doors(visit for visit in mine if visit.state in OPEN):
        doors[stop(*door).key] = door
        stands = [visit.position for visit in door if visit.position is not None]
        if not stands:
            newcomers.append(stop(*door))
        for visit in door:
            visit.position = min(stands, default=None)  # who joins a home stands where it stands
    left = _way(round_, [visit for visit in mine if visit.position is not None or visit.state in MADE], at)
    for new in newcomers:
        place = routes.fit(left, new).at
        left = replace(left, stops=(*left.stops[:place], new, *left.stops[place:]))
    calls = routes.follow(routes.Problem(left.start, (), left.stops), left.leaves)
    for each, call in zip(left.stops, calls, strict=True):
        for visit in doors[each.key]:
            position += 1
            visit.position, visit.arrives_at = position, time_of(round_.day, call)


def way(round_: Round, at: datetime) -> routes.Way:
    """What is left of a round, in its order, for whoever looks where another visit fits."""
    return _way(round_, _visits(round_), at)


def _way(round_: Round, mine: list[Visit], at: datetime) -> routes.Way:
    made = [visit for visit in mine if visit.state in MADE]
    coming = [visit for visit in mine if visit.state in OPEN]
    coming.sort(key=lambda visit: (visit.slot.opens, visit.position))
    return way_from(_starts_from(round_, made), round_.courier_id, round_.day, at, coming)


def way_from(start: routes.Place, courier_id: str, day: date, at: datetime, coming: Sequence[Visit] = ()) -> routes.Way:
    """Of a courier who leaves `start` now, or when the shift begins, to make these visits in this order."""
    opens, ends = shift()
    leaves = max(opens, int((at - datetime.combine(day, time(), HERE)).total_seconds()))
    return routes.Way(
        courier_id, start, leaves, ends, CAPACITY - len(coming), tuple(stop(*door) for door in homes.at_doors(coming))
    )


def time_of(day: date, seconds: int) -> datetime:
    """A planner's seconds since midnight as a moment."""
    return datetime.combine(day, time(), HERE) + timedelta(seconds=seconds)


def _visits(round_: Round) -> list[Visit]:
    query = sa.select(Visit).filter_by(round_id=round_.id).order_by(Visit.id).options(*WITH)
    return list(db.session.scalars(query))


def stop(*door: Visit) -> routes.Stop:
    """The visits of one door as planners know them, in seconds since local midnight: one stop, so that nobody parts them. It
    presses with what is for a procedure of the same day."""
    slot, service = door[0].slot, SERVICE + ANOTHER * (len(door) - 1)
    opens, closes = _seconds(slot.opens), _seconds(slot.closes)
    key = "+".join(str(visit_id) for visit_id in sorted(visit.id for visit in door))
    presses = any(visit.packet.is_same_day for visit in door)
    return routes.Stop(key, _home(door[0]), opens, max(opens, closes - service), service, len(door), presses)


def visits_at(planned: routes.Stop) -> list[int]:
    """The ids of the visits that `stop` made one of."""
    return [int(visit_id) for visit_id in planned.key.split("+")]


def shift() -> tuple[int, int]:
    return _seconds(SHIFT[0]), _seconds(SHIFT[1])


def _starts_from(round_: Round, made: list[Visit]) -> routes.Place:
    if made:
        return _home(max(made, key=attrgetter("ended_at")))
    return place(db.session.get_one(Office, round_.office_id))


def place(office: Office) -> routes.Place:
    return routes.Place(office.lat, office.lon)


def _home(visit: Visit) -> routes.Place:
    citizen: Citizen = visit.packet.dossier.citizen
    return routes.Place(citizen.lat, citizen.lon)


def _seconds(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60


# ---- what changes a round ---------------------------------------------------------------------------------------


def call_off(visit: Visit, act: Act) -> None:
    """Nobody need come: the place goes back, and those who come after are reached earlier. Raises as visits.cancel."""
    round_ = visit.round
    visits.cancel(visit, act)
    if round_:
        reckon(round_, act.at)


def move(visit: Visit, offer: Offer, office: Office, act: Act) -> Visit:
    """Another time. The courier stays the same where day and office do and the round has neither set out nor been stopped.

    Raises as visits.move_to.
    """
    round_ = visit.round if visit.state in OPEN else None
    moved = visits.move_to(visit, offer, office, act)
    if round_:
        same = (round_.day, round_.office_id) == (offer.day, office.id)
        if same and not round_.started_at and not round_.stopped_at:
            put_on(round_, moved)
        reckon(round_, act.at)
    if moved.round is None:
        join(moved, act)
    return moved


def follow(packet: Packet, giver_id: str | None, act: Act) -> None:
    """A courier has handed a packet on, and the visit to deliver it was on their round: whoever has it now makes the visit."""
    visit = visits.open_visit(packet.id)
    before = visit.round if visit and visit.kind is VisitKind.DELIVER else None
    if visit is None or before is None or before.courier.party_id != giver_id:
        return
    taker = people.courier_at(packet.holder_id, visit.slot.office_id)
    if taker is None:
        return
    office = db.session.get_one(Office, visit.slot.office_id)
    after = of(taker, office, visit.slot.day)
    put_on(after, visit)
    for round_ in sorted((before, after), key=lambda one: one.id):
        reckon(round_, act.at)
    if visit.state is VisitState.EN_ROUTE:
        announce(visit, act)


def announce(visit: Visit, act: Act) -> None:
    """The citizen is told that somebody comes today, and about when; after the promised hours, that it is late."""
    dossier, slot = visit.packet.dossier, visit.slot
    if visits.starts_at(slot.day, slot.closes) <= act.at:
        dossiers.tell(dossier, "courier_late", act.at)
        return
    hours = {"opens": f"{slot.opens:%H:%M}", "closes": f"{slot.closes:%H:%M}"}
    arrives_at = visit.arrives_at.isoformat() if visit.arrives_at else None
    dossiers.tell(dossier, "courier_today", act.at, **hours, arrives_at=arrives_at)
