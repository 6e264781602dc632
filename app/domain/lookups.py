"""Lookups: what somebody learns who has only a number. The state for four digits of the phone, the details for a code.

A number nobody has costs what a known one costs, so that nobody learns which exist.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain import audit, codes, headlines, numbers, outbox, packets, shelf, stickers, visits
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, Place, ReturnWay
from app.domain.headlines import Sight
from app.domain.packets import Packet, State
from app.domain.people import Act, Citizen, Language
from app.domain.visits import Visit


@dataclass(frozen=True)
class Glimpse:
    """What the number and four digits of the phone open: the state, and nothing else."""

    number: str
    headline: str


@dataclass(frozen=True)
class _Found:
    """The dossier a number leads to; `is_it` says whether the number is its own or only the nearest before."""

    is_it: bool
    id: int
    number: str
    case: CaseState
    return_way: ReturnWay
    phone: str
    bound_at: datetime | None
    language: Language
    last: State | None
    owes: Place | None


def _nearest(number: str) -> _Found | None:
    """The dossier with this number, or with a packet of this number; else the one before, so that a number nobody has
    costs what a known one costs, rows and all. None before the very first."""
    places = (Dossier.id, Dossier.number), (Packet.dossier_id, Packet.number)
    near = [
        db.session.execute(sa.select(id_, own).where(own <= number).order_by(own.desc()).limit(1)).first()
        for id_, own in places
    ]
    rows = [row for row in near if row]
    its = [row for row in rows if row[1] == number]
    columns = (
        Dossier.id,
        Dossier.number,
        Dossier.state,
        Dossier.return_way,
        Citizen.phone,
        Citizen.bound_at,
        Citizen.language,
    )
    beside = (headlines.last_moved, headlines.owes)
    found = db.session.execute(
        sa.select(*columns, *(each(Dossier.id).correlate(Dossier).scalar_subquery() for each in beside))
        .join(Citizen, Dossier.citizen_id == Citizen.id)
        .where(Dossier.id == next((row[0] for row in its + rows), 0))
    ).first()
    return _Found(bool(its), *found) if found else None


def state_by_number(text: str, phone_last4: str, at: datetime) -> Glimpse | None:
    """The state of the dossier, or None when number and digits do not belong together.

    The same six queries, five with a row to read and one about stickers, and the same comparison whether the number exists or not. Raises
    Invalid (`number_form`, `number_check`) for what cannot be a number of ours, which says nothing about which exist.
    """
    found = _nearest(numbers.read(text))
    packet = db.session.execute(
        sa.select(Packet.id, Packet.way, Packet.state, Packet.flags, Packet.kind, shelf.word_now().label("word"))
        .where(Packet.dossier_id == (found.id if found else 0), Packet.state.not_in(packets.ENDED), packets.goes())
        .order_by(packets.IN_ORDER.desc())
        .limit(1)
    ).first()
    visit = db.session.execute(
        sa.select(Visit.state, Visit.kind, Visit.round_id, Visit.next, visits.Slot.day, visits.Slot.closes)
        .join(visits.Slot)
        .where(Visit.packet_id == (packet.id if packet else 0))
        .order_by(Visit.id.desc())
        .limit(1)
    ).first()
    shared = stickers.shared()
    if found is None:
        return None
    digits = "".join(c for c in phone_last4 if c.isdigit())[:8].encode()
    fits = secrets.compare_digest(digits, found.phone[-4:].encode()) and bool(digits)  # an erased one has no telephone
    sight = Sight(
        case=found.case,
        return_way=found.return_way,
        way=packet.way if packet else None,
        packet=packet.state if packet else None,
        unproven=bool(packet and "collect_unproven" in packet.flags),
        visit=visit.state if visit else None,
        visit_kind=visit.kind if visit else None,
        visit_today=bool(visit and visit.round_id and visits.is_due(visit.day, visit.closes, at)),
        next=shelf.next_of(packet.word if packet else None, visit.next if visit else None),
        kind=packet.kind if packet else None,
        last=found.last,
        owes=found.owes,
        shared=packet is not None and packet.id in shared,
    )
    key = headlines.of(sight)
    return Glimpse(found.number, key) if found.is_it and fits else None


def ask_details(text: str, act: Act) -> str:
    """Send a one-time code to the phone of this number, if there is one; the request it belongs to either way.

    The same rows are written either way, the message to nobody too; it is sent after the answer. Raises Invalid as
    `numbers.read`. The door throttles by address and by number.
    """
    number = numbers.read(text)
    found = _nearest(number)
    known = found if found and found.is_it else None
    request, code = codes.ask_view(known.id if known else None, act, known.bound_at if known else None)
    phone, shown = (known.phone, known.number) if known else (outbox.NOBODY, number)
    language = known.language if known else Language.VI
    outbox.say(phone, "view_code", act.at, language, number=shown, code=code)
    return request


@dataclass(frozen=True)
class Opened:
    """The details a code has opened, as long as the number it went to is the citizen's."""

    dossier_id: int
    bound_at: datetime | None


def open_details(request: str, code: str, act: Act) -> Opened | None:
    """The dossier whose details this code opens, or None; the try is counted either way."""
    asked = codes.answer_view(request, code, act)
    if asked is None or asked.dossier_id is None:
        return None
    audit.note("details_opened", str(asked.dossier_id), act)
    return Opened(asked.dossier_id, asked.bound_at)
