"""Alongside: another dossier of the same home, for the courier who comes anyway. A booking of its own, with its own packet, slip, visit and price."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import booking, homes, visits
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.people import Act
from app.domain.visits import Visit, VisitKind, VisitState
from app.errors import Refused

BEFORE = (VisitState.SCHEDULED, VisitState.ASSIGNED)  # nobody has set out
IN_VAIN = (VisitState.MISSED,)  # the courier was there


def awaited(dossier: Dossier, at: datetime) -> Visit | None:
    """The visit that another dossier can go along with: a collection whose time can still be booked."""
    visit = _collection(dossier, BEFORE)
    return visit if visit and visits.starts_at(visit.slot.day, visit.slot.opens) - visits.NOTICE > at else None


def _collection(dossier: Dossier, states: tuple[VisitState, ...]) -> Visit | None:
    visit = booking.movable(dossier)
    return visit if visit and visit.kind is VisitKind.COLLECT and visit.state in states else None


def answers(dossier: Dossier, at: datetime) -> dict[str, Any]:
    """What a booking alongside need not ask: the answers of a draft, by their names. They name a person and a home: only for
    whom the caller knows to have given them, or to hold the phone.

    A return way that its procedure left no choice of is asked for. Raises Refused("nothing_to_join").
    """
    visit = awaited(dossier, at)
    if visit is None:
        raise Refused("nothing_to_join")
    citizen, slot = dossier.citizen, visit.slot
    key = f"{slot.day:%Y%m%d}-{slot.opens:%H%M}"
    return {
        "beside": {"id": dossier.id, "number": dossier.number, "slot_key": key},
        "ward_id": citizen.ward_id,
        "neighbourhood_id": citizen.neighbourhood_id,
        "post_office_id": dossier.post_office_id,
        "desk_id": dossier.desk_id,
        "street": citizen.street,
        "notes": citizen.notes,
        "call_first": citizen.call_first,
        "slot_key": key,
        "name": citizen.name,
        "phone": citizen.phone,
        "second_name": citizen.second_name or "",
        "second_phone": citizen.second_phone or "",
        "proxy": citizen.proxy or "",
        "language": citizen.language,
        "exemption": citizen.exemption or "",
        "return_way": dossier.return_way if dossier.returns_by_post else None,
    }


# ---- together ----------------------------------------------------------------------------------------------------


def others(dossier: Dossier) -> list[Dossier]:
    """Those that were booked to go along with it, and still do: of the same home, at the same time, with nobody on the way
    to any of them, or after a call in vain for all.

    That they were booked so is what counts: a phone and an address are known to many, who have no business with what else
    is collected there.
    """
    first = dossier.beside_id or dossier.id
    same = sa.or_(Dossier.id == first, Dossier.beside_id == first)
    query = sa.select(Dossier).where(same, Dossier.id != dossier.id, Dossier.state == CaseState.BOOKED)
    for states in (BEFORE, IN_VAIN):
        if visit := _collection(dossier, states):
            found = db.session.scalars(query.order_by(Dossier.id))
            return [one for one in found if (its := _collection(one, states)) and homes.door(its) == homes.door(visit)]
    return []


def rebook(dossier: Dossier, slot_key: str, act: Act, *, whole: bool) -> None:
    """Another time for it; `whole`: for the others too, all of them or none. Raises as booking.rebook."""
    for each in _all(dossier, whole):
        booking.rebook(each, slot_key, act)


def cancel(dossier: Dossier, act: Act, *, whole: bool) -> None:
    """Call it off; `whole`: the others too. Raises as booking.cancel."""
    for each in _all(dossier, whole):
        booking.cancel(each, act)


def _all(dossier: Dossier, whole: bool) -> list[Dossier]:
    return sorted([dossier, *(others(dossier) if whole else ())], key=lambda one: one.id)
