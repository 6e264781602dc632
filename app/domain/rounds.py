"""Rounds: the visits a courier makes on one day, in order, and about when each home is reached.

A visit has its time as soon as it is on a round; whatever changes the round reckons its times anew.
"""

from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

import routes
from app.db import db, lock
from app.domain import dossiers, visits
from app.domain.calendar import HERE
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import Act, Citizen, User
from app.domain.places import Office
from app.domain.visits import OPEN, Offer, Round, Visit, VisitState

SHIFT = (time(7, 30), time(17, 30))
SERVICE = 480  # seconds at a door: count, seal, sign
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
    """Last among those of its window; `reckon` follows. A round under way takes the visit along."""
    visit.round, visit.position = round_, None
    visit.state = VisitState.EN_ROUTE if round_.started_at else VisitState.ASSIGNED


def take_off(visit: Visit) -> None:
    visit.round, visit.position, visit.arrives_at, visit.state = None, None, None, VisitState.SCHEDULED


def reckon(round_: Round, at: datetime) -> None:
    """Order what is still to be made by its windows, newcomers last in theirs, and say when each call begins.

    The courier sets out from the post office, or from the home last visited, now or when the shift begins.
    """
    lock(Round, round_.id)
    mine = list(db.session.scalars(sa.select(Visit).filter_by(round_id=round_.id).options(*WITH)))
    made = [visit for visit in mine if visit.state in MADE]
    last = max((visit.position or 0 for visit in made), default=0)
    coming = [visit for visit in mine if visit.state in OPEN]
    coming.sort(key=lambda visit: (visit.slot.opens, visit.position is None, visit.position or visit.id))
    midnight = datetime.combine(round_.day, time(), HERE)
    leaves = max(_seconds(SHIFT[0]), int((at - midnight).total_seconds()))
    problem = routes.Problem(_starts_from(round_, made), (), tuple(stop(visit) for visit in coming))
    calls = routes.follow(problem, leaves)
    for position, (visit, call) in enumerate(zip(coming, calls, strict=True), start=last + 1):
        visit.position, visit.arrives_at = position, midnight + timedelta(seconds=call)
    db.session.flush()


def stop(visit: Visit) -> routes.Stop:
    """A visit as planners know it, in seconds since local midnight."""
    opens, closes = _seconds(visit.slot.opens), _seconds(visit.slot.closes)
    return routes.Stop(str(visit.id), _home(visit), opens, closes - SERVICE, SERVICE)


def shift() -> tuple[int, int]:
    return _seconds(SHIFT[0]), _seconds(SHIFT[1])


def _starts_from(round_: Round, made: list[Visit]) -> routes.Place:
    ended = [(visit.ended_at, visit) for visit in made if visit.ended_at]
    if ended:
        return _home(max(ended, key=lambda pair: pair[0])[1])
    office = db.session.get_one(Office, round_.office_id)
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
    """Another time. The courier stays the same where day and office do and the round has not set out.

    Raises as visits.move_to.
    """
    round_ = visit.round if visit.state in OPEN else None
    moved = visits.move_to(visit, offer, office, act)
    if round_:
        if (round_.day, round_.office_id, round_.started_at) == (offer.day, office.id, None):
            put_on(round_, moved)
        reckon(round_, act.at)
    return moved


def announce(visit: Visit, act: Act) -> None:
    """The citizen is told that somebody comes today, and about when; after the promised hours, that it is late."""
    dossier, slot = visit.packet.dossier, visit.slot
    if visits.starts_at(slot.day, slot.closes) <= act.at:
        dossiers.tell(dossier, "courier_late", act.at)
        return
    hours = {"opens": f"{slot.opens:%H:%M}", "closes": f"{slot.closes:%H:%M}"}
    arrives_at = visit.arrives_at.isoformat() if visit.arrives_at else None
    dossiers.tell(dossier, "courier_today", act.at, **hours, arrives_at=arrives_at)
