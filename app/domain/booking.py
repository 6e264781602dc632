"""Booking: a citizen entrusts papers to the post. One form, sent once or twice, is one dossier.

The khu phố decides ward, desk and post office; where a procedure is received whatever the place of residence, the citizen
may choose another desk of the province (NĐ 118/2025). A visit may be moved or cancelled until the courier sets out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from app.db import db
from app.domain import (
    audit,
    bands,
    codes,
    custody,
    dossiers,
    exemptions,
    homes,
    numbers,
    outbox,
    packets,
    parties,
    people,
    places,
    postage,
    printing,
    procedures,
    repeats,
    rounds,
    stickers,
    tasks,
    visits,
)
from app.domain.calendar import today
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier, Paper, ReturnWay
from app.domain.packets import Kind, Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.people import Act, Citizen, Language
from app.domain.places import Neighbourhood, Office, Ward, fold
from app.domain.procedures import Carriage, PaperForm, Procedure
from app.domain.tasks import TaskKind
from app.domain.visits import OPEN, Offer, Slot, Visit, VisitKind, VisitState
from app.errors import Invalid, Refused

LONGEST = {
    "name": 120,
    "second_name": 120,
    "proxy": 120,
    "street": 200,
    "notes": 300,
}  # letters, as the columns hold them
PURPOSES = {Way.IN: Purpose.COLLECT, Way.OUT: Purpose.DELIVER}


@dataclass(frozen=True)
class Request:
    """A filled-in booking. Phones as typed; `ward_id` is the ward the citizen named, old or new."""

    procedure_code: str
    ward_id: int
    neighbourhood_id: int
    street: str
    slot_key: str
    name: str
    phone: str
    consent: bool
    booking_key: str  # random, made with the form: the same one twice is one booking
    return_way: ReturnWay = ReturnWay.HOME
    desk_id: int = 0  # the desk the citizen chose; 0: that of the address
    notes: str = ""
    call_first: bool = False
    second_name: str = ""
    second_phone: str = ""
    proxy: str = ""
    language: Language = Language.VI  # in which the citizen is written to
    beside: int = 0  # id of the dossier it goes along with; 0: none
    exemption: str = ""  # key of the class of people carried for nothing that they are of


# ---- where ------------------------------------------------------------------------------------------------------


def wards_to_name(at: datetime) -> list[Ward]:
    """One ward for each name in use, today's before the old: nobody has to know which Tân Đông Hiệp they mean."""
    by_name: dict[str, Ward] = {}
    for ward in places.served_wards(today(at)):
        by_name.setdefault(fold(ward.name), ward)
    return list(by_name.values())


def neighbourhoods_named(ward: Ward, at: datetime) -> list[Neighbourhood]:
    """Every khu phố somebody who names this ward may live in, whichever ward of that name they mean."""
    same = [one for one in places.served_wards(today(at)) if fold(one.name) == fold(ward.name)]
    found = {place.id: place for one in same for place in places.neighbourhoods_of(one)}
    return sorted(found.values(), key=lambda place: fold(place.name))


def carriage(procedure: Procedure, at: datetime, place: Neighbourhood | None = None) -> Carriage:
    """What the post may carry of it: in the province of `place`; before it is known, where the post serves one only."""
    served = places.provinces_served(today(at))
    province = place.ward.province if place else served[0] if len(served) == 1 else ""
    return procedure.carriage(province)


def desks_for(procedure: Procedure, place: Neighbourhood, at: datetime) -> list[Office]:
    """The desks that may receive it from there, that of the address first; all others of the province that are open where
    the place of residence does not count."""
    own, others = places.desk_of(place), list[Office]()
    if carriage(procedure, at, place).any_desk:
        others = [one for one in places.desks_in(place.ward.province, today(at)) if one.id != own.id]
    return [own, *others]


def desk_for(procedure: Procedure, place: Neighbourhood, desk_id: int, at: datetime) -> Office:
    """The desk that was chosen, 0 being that of the address. Raises Invalid("desk_not_offered")."""
    offered = desks_for(procedure, place, at)
    found = next((one for one in offered if one.id == desk_id), None) if desk_id else offered[0]
    if found is None:
        raise Invalid("desk_not_offered", desk=offered[0].name)
    return found


def _live_at(request: Request, at: datetime) -> Neighbourhood:
    ward = db.session.get(Ward, request.ward_id)
    for place in neighbourhoods_named(ward, at) if ward else ():
        if place.id == request.neighbourhood_id:
            return place
    raise Invalid("neighbourhood_unknown")


# ---- book, cancel, move ------------------------------------------------------------------------------------------


def book(request: Request, act: Act) -> Dossier:
    """A dossier with its packet, slip, visit, code and messages, or the one this form has made before.

    Raises Invalid (`consent_missing`, `text_long`, `neighbourhood_unknown`, `desk_not_offered`, `exemption_unknown`, as `check_name`, `check_street`,
    `printing.check` and `read_phone`), Missing (`procedure_unknown`, `ward_not_served`, `slot_unknown`), Refused (`procedure_in_person`,
    `slot_full`).
    """
    if known := by_key(request.booking_key):
        return known
    phone, second_phone = _check(request)
    procedure = procedures.get(request.procedure_code, today(act.at))
    place = _live_at(request, act.at)
    allowed = carriage(procedure, act.at, place)
    if not allowed.submit_by_post:
        raise Refused("procedure_in_person")
    desk = desk_for(procedure, place, request.desk_id, act.at)
    slot = visits.take(place.post_office, visits.read_key(place.post_office, request.slot_key, act.at))
    party, quote = parties.new(PartyKind.CITIZEN), postage.quote(place.ward, desk.ward, today(act.at))
    db.session.flush()
    citizen = Citizen(
        party_id=party.id, name=request.name.strip(), phone=phone,
        second_name=request.second_name.strip() or None, second_phone=second_phone, proxy=request.proxy.strip() or None,
        ward_id=place.ward_id, neighbourhood_id=place.id, street=request.street.strip(), notes=request.notes.strip(),
        call_first=request.call_first, language=request.language, exemption=exemptions.check(request.exemption, today(act.at)), lat=place.lat, lon=place.lon,
    )  # fmt: skip
    dossier = Dossier(
        number=numbers.take_own(today(act.at)), secret=dossiers.new_secret(), state=CaseState.BOOKED,
        procedure=procedure, citizen=citizen, desk=desk, post_office=place.post_office,
        return_way=request.return_way if allowed.return_by_post else ReturnWay.DESK,
        one_way=quote.way.amount, passing_on=quote.passing_on.amount,
        consented_at=act.at, booked_at=act.at, booking_key=request.booking_key, beside_id=_first_of_home(request.beside, citizen),
        papers=papers_of(procedure), result_papers=[], surrender=[],
    )  # fmt: skip
    db.session.add_all([citizen, dossier])
    db.session.flush()
    dossiers.begin(dossier, "book", act)
    packet = packets.new(dossier, Kind.SUBMISSION, Way.IN, party.id, unit=int(place.ward.code), act=act)
    visit = visits.schedule(packet, VisitKind.COLLECT, slot, act)
    rounds.join(visit, act)
    dossiers.tell(dossier, "booked", act.at, **_when(visit))
    codes.tell(packet, "door_code", Purpose.COLLECT, act)
    audit.note("book", dossier.number, act, procedure=procedure.code, version=procedure.version)
    return dossier


def _first_of_home(beside: int, citizen: Citizen) -> int | None:
    """The first of those that go along together, where the new one has stayed of that home."""
    other = db.session.get(Dossier, beside) if beside else None
    if other is None or homes.address(other.citizen) != homes.address(citizen):
        return None
    return other.beside_id or other.id


def bring_more(dossier: Dossier, slot_key: str, act: Act) -> Visit:
    """A courier comes for the papers the ward has asked for: a packet of its own, with its slip, visit and code.

    Sent twice it is one visit. Raises Refused (`nothing_asked`, `slot_full`), Missing("slot_unknown").
    """
    held = db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)
    if held.state is not CaseState.SUPPLEMENT_REQUIRED or not dossiers.still_missing(held):
        raise Refused("nothing_asked")
    under_way = packets.under_way(held.id)
    if under_way and under_way.kind is Kind.SUPPLEMENT:
        if known := visits.open_visit(under_way.id):
            return known
        raise Refused("nothing_asked")
    slot = visits.take(held.post_office, visits.read_key(held.post_office, slot_key, act.at))
    citizen = held.citizen
    packet = packets.new(held, Kind.SUPPLEMENT, Way.IN, citizen.party_id, unit=int(citizen.ward.code), act=act)
    visit = visits.schedule(packet, VisitKind.COLLECT, slot, act)
    rounds.join(visit, act)
    dossiers.tell(held, "booked", act.at, **_when(visit))
    codes.tell(packet, "door_code", Purpose.COLLECT, act)
    audit.note("bring_more", held.number, act)
    return visit


def by_key(booking_key: str) -> Dossier | None:
    """The dossier this form has already made."""
    return db.session.scalar(sa.select(Dossier).filter_by(booking_key=booking_key))


def papers_of(procedure: Procedure) -> list[Paper]:
    """What the courier will count: the checklist without what the ward takes from a database."""
    return [
        Paper(
            position=line.position,
            name=line.name,
            form=line.form,
            copies=line.copies,
            sheets=line.sheets,
            returned=line.returned,
        )  # fmt: skip
        for line in procedure.papers
        if line.form is not PaperForm.DATA
    ]


def _check(request: Request) -> tuple[str, str | None]:
    """Both phones as they are kept."""
    if not request.consent:
        raise Invalid("consent_missing")
    check_name(request.name)
    check_street(request.street)
    for field, limit in LONGEST.items():
        if len(getattr(request, field)) > limit:
            raise Invalid("text_long", limit=limit)
        printing.check(getattr(request, field))
    second = people.read_phone(request.second_phone) if request.second_phone.strip() else None
    return people.read_phone(request.phone), second


def check_name(name: str) -> None:
    """Raises Invalid: `name_missing`, `name_form` for what nobody is called."""
    if not name.strip():
        raise Invalid("name_missing")
    if sum(letter.isalpha() for letter in name) < 2:
        raise Invalid("name_form")


def check_street(street: str) -> None:
    """Raises Invalid: `street_missing`, `street_form` for what no courier finds."""
    if not street.strip():
        raise Invalid("street_missing")
    if not any(letter.isalnum() for letter in street):
        raise Invalid("street_form")


def cancel(dossier: Dossier, act: Act) -> None:
    """Call the visit off while the papers are at home and nobody is on the way.

    Raises Refused: `courier_under_way`, `already_collected`, `case_cancel`.
    """
    packet = packets.under_way(dossier.id)
    if packet and (packet.way is not Way.IN or packet.state is not State.WAITING or packet.id in stickers.shared()):
        raise Refused("already_collected")
    if packet and (visit := visits.open_visit(packet.id)):
        rounds.call_off(visit, act)
    case = dossiers.move(dossier, "cancel", act)
    assert case.tell
    dossiers.tell(dossier, case.tell, act.at)
    audit.note("cancel", dossier.number, act)


def rebook(dossier: Dossier, slot_key: str, act: Act) -> Visit:
    """Another time for the visit that is open, or a new one after a visit that was missed.

    Raises Refused (`nothing_to_move`, `courier_under_way`, `slot_full`), Missing("slot_unknown").
    """
    visit = movable(dossier)
    if visit is None:
        raise Refused("nothing_to_move")
    offer = visits.read_key(dossier.post_office, slot_key, act.at)
    slot = visit.slot
    if visit.state in OPEN and (slot.day, slot.opens) == (offer.day, offer.opens):
        return visit
    repeats.reckon(visit.packet, act)
    moved = rounds.move(visit, offer, dossier.post_office, act)
    dossiers.tell(dossier, "rebooked", act.at, **_when(moved))
    audit.note("rebook", dossier.number, act, slot=slot_key)
    return moved


def movable(dossier: Dossier) -> Visit | None:
    """The visit a citizen may put elsewhere: the newest of the packet under way, unless it has been made."""
    packet = packets.under_way(dossier.id)
    if packet is None or dossier.state is CaseState.CANCELLED or (packet.way is Way.IN and packet.state != "WAITING"):
        return None
    if packet.id in stickers.shared():
        return None
    visit = visits.current(packet.id)
    return visit if visit and visit.state is not visits.VisitState.DONE else None


def resend_code(dossier: Dossier, act: Act) -> None:
    """One more valid code to the phone. The door throttles. Raises Refused: `no_code_needed`, `code_closed`, `code_held`."""
    packet = packets.under_way(dossier.id)
    packet = custody.hold_all({packet.code})[0] if packet else None
    purpose = code_purpose(packet) if packet else None
    if packet is None or purpose is None or dossier.state is CaseState.CANCELLED:
        raise Refused("no_code_needed")
    if codes.closed(packet, purpose):
        raise Refused("code_closed")
    if purpose is Purpose.DELIVER and codes.held_until(packet.dossier.citizen, act.at):
        raise Refused("code_held")
    codes.tell(packet, "code_again", purpose, act, purpose=purpose)
    audit.note("resend_code", dossier.number, act, purpose=purpose)


def rebind(dossier: Dossier, was: str, act: Act) -> None:
    """Another number speaks for the citizen now: the link and the codes that went to `was` open nothing any more, and both
    numbers are told. The new one has codes of its own, those of a delivery after `codes.HOLD`; one that runs is a matter.

    Call under the locks of its packets and of the dossier.
    """
    citizen = dossier.citizen
    dossier.secret, citizen.bound_at = dossiers.new_secret(), act.at
    db.session.flush()
    told = {packet: codes.void(packet, act.at) for packet in packets.of_dossier(dossier.id)}
    told = {packet: purposes for packet, purposes in told.items() if not packet.ended}
    runs = [packet for packet, purposes in told.items() if packet.way is Way.OUT or Purpose.DELIVER in purposes]
    outbox.withdraw(was, dossier.number, act.at)
    outbox.say(was, "phone_left", act.at, citizen.language, number=dossier.number)
    dossiers.tell(dossier, "phone_changed", act.at, held=(act.at + codes.HOLD).isoformat() if runs else None)
    for packet, purposes in told.items():
        for purpose in sorted(purposes):
            is_due = purpose is Purpose.DELIVER or code_purpose(packet) is purpose
            if is_due and not codes.closed(packet, purpose):
                codes.tell(packet, "code_again", purpose, act, purpose=purpose)
    for packet in runs:
        until = f"{(act.at + codes.HOLD).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        tasks.raise_(TaskKind.NUMBER_CHANGED, act.at, packet=packet, office_id=dossier.post_office_id, until=until)
    audit.note("rebound", dossier.number, act, packets=[packet.number for packet in told])


def held_visit(packet: Packet) -> Visit | None:
    """The visit to bring it that begins before another number is told its codes, and is to be moved; None: there is none."""
    visit, until = visits.open_visit(packet.id), codes.hold_ends(packet.dossier.citizen) if packet.dossier else None
    if visit is None or until is None or visit.kind is not VisitKind.DELIVER:
        return None
    return visit if visits.starts_at(visit.slot.day, visit.slot.opens) < until else None


def code_purpose(packet: Packet) -> Purpose | None:
    """What a code would prove of this packet now, if anything."""
    if packet.way is Way.IN and packet.state is not State.WAITING and "collect_unproven" not in packet.flags:
        return None
    return PURPOSES.get(packet.way)


def deliver_visit(packet: Packet, act: Act) -> Visit:
    """A visit to bring the packet home: the first slot with room that begins in an hour or later, and where the number has
    changed an hour after its codes are told; told with its code.

    Today's, if there is one: the post's own times (TT 17/2017 Đ7) are upper bounds. Before that, within those times, the slot
    in which another result is brought to the same home.

    Raises Refused("no_slot_left") when the coming working days are full.
    """
    dossier = packet.dossier
    visit, again = visits.schedule(packet, VisitKind.DELIVER, _first_slot(dossier, act), act), repeats.due(packet)
    rounds.join(visit, act)
    if dossier.citizen.exemption:
        again = 0  # no sum that a proof saves them: what they may owe stands behind the link
    kind = "sent_again" if again else "result_sent" if packet.kind is Kind.RESULT else "papers_sent"
    codes.tell(packet, kind, Purpose.DELIVER, act, amount=again or None, **_when(visit))
    return visit


def _brought_anyway(dossier: Dossier, act: Act) -> set[str]:
    """When something else is brought to this home, within the post's own time and nobody has set out with it. A procedure of
    the same day waits for nothing (QĐ 45/2016 Đ16)."""
    citizen, desk = dossier.citizen, dossier.desk
    if not dossier.procedure.days:
        return set()
    coming = sa.select(Visit).join(Visit.slot).join(Visit.packet).join(Packet.dossier).join(Dossier.citizen)
    coming = coming.where(
        Slot.office_id == dossier.post_office_id, Visit.kind == VisitKind.DELIVER, Dossier.id != dossier.id
    )
    coming = coming.where(Citizen.phone == citizen.phone, Visit.state.in_((VisitState.SCHEDULED, VisitState.ASSIGNED)))
    latest = bands.arrives_by(today(act.at), citizen.ward, desk.ward)
    found = db.session.scalars(coming.where(Slot.day <= latest))
    same = (visit.slot for visit in found if homes.address(visit.packet.dossier.citizen) == homes.address(citizen))
    return {Offer(slot.day, slot.opens, slot.closes, 0).key for slot in same}


def _first_slot(dossier: Dossier, act: Act) -> Slot:
    at = codes.held_until(dossier.citizen, act.at) or act.at
    offers, together = visits.offers(dossier.post_office, at, notice=visits.SOON), _brought_anyway(dossier, act)
    for offer in sorted(offers, key=lambda one: one.key not in together):
        if offer.left:
            try:
                return visits.take(dossier.post_office, offer)
            except Refused:
                continue  # somebody was faster; the next one
    raise Refused("no_slot_left")


def _when(visit: Visit) -> dict[str, str]:
    slot = visit.slot
    return {"day": f"{slot.day:%Y-%m-%d}", "opens": f"{slot.opens:%H:%M}", "closes": f"{slot.closes:%H:%M}"}
