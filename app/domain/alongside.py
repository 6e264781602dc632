"""Alongside: another dossier of the same home, for the courier who comes anyway. A booking of its own, with its own packet, slip, visit and price."""

from datetime import datetime
from typing import Any

from app.domain import booking, visits
from app.domain.dossiers import Dossier
from app.domain.visits import Visit, VisitKind, VisitState
from app.errors import Refused

BEFORE = (VisitState.SCHEDULED, VisitState.ASSIGNED)  # nobody has set out


def awaited(dossier: Dossier, at: datetime) -> Visit | None:
    """The visit that another dossier can go along with: a collection whose time can still be booked."""
    visit = booking.movable(dossier)
    if visit is None or visit.kind is not VisitKind.COLLECT or visit.state not in BEFORE:
        return None
    return visit if visits.starts_at(visit.slot.day, visit.slot.opens) - visits.NOTICE > at else None


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
