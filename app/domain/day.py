"""The day: what one courier's phone is told. Today's own round, what they carry, what they may take; nothing else.

Personal data goes with a stop while it is open and no longer. Keys and values only: the door adds the sentences.
"""

from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import audit, bags, codes, homes, money, packets, reach, rounds, shelf, takings, tokens, visits
from app.domain.calendar import today
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, Paper, ReturnWay
from app.domain.ledger import Handoff, LineKind
from app.domain.manifests import Manifest, ManifestLine
from app.domain.packets import Kind, Packet, State, Way
from app.domain.parties import Party
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.procedures import ChecklistLine, PaperForm, Procedure
from app.domain.steps import STEPS, By, Step
from app.domain.tokens import Keys
from app.domain.visits import OPEN, Round, Slot, Visit, VisitKind, VisitState
from app.errors import Missing

VIEW = "courier.day"
SLOT_DAYS = 3  # working days ahead that a courier can offer at the door
SHIFT = timedelta(hours=12)  # a phone may work this long on what it was told


def of(courier: User, at: datetime) -> dict[str, Any]:
    """Everything the courier's phone needs to work through today without a network."""
    round_ = visits.round_of(courier, today(at))
    stops = [visit for visit in round_.visits if visit.state is not VisitState.CANCELLED] if round_ else []
    return {
        "round": _round(round_) if round_ else None,
        "stops": [stop(visit) | {"home": first} for visit, first in _by_home(stops)],
        "carrying": _dated(reach.carried_by(courier)),
        "to_take": [packet(each, papers=False) for each in reach.to_take(courier, at)],
        "cancelled": cancelled(courier, at),
        "ahead": ahead(courier, at),
        "money": money.told(courier, at),
        "unsigned": [_list(each) for each in bags.unsigned(courier, at)],
        "handed_in": handed_in(courier, at),
    }


def _by_home(stops: list[Visit]) -> list[tuple[Visit, int]]:
    """Visits with the name of their home: that of the first visit there, since who lives there may be told no more."""
    homes_ = {visit.id: min(each.id for each in together) for together in homes.at_doors(stops) for visit in together}
    return [(visit, homes_[visit.id]) for visit in stops]


def _dated(carried: list[Packet]) -> list[dict[str, Any]]:
    """Packets as phones know them, and the day each is promised for, so that one of another day is known as such."""
    days = _promised([each.id for each in carried])
    return [packet(each) | {"visit_on": days.get(each.id)} for each in carried]


def _promised(packet_ids: list[int]) -> dict[int, str]:
    coming = sa.select(Visit.packet_id, Slot.day).join(Visit.slot)
    found = db.session.execute(coming.where(Visit.packet_id.in_(packet_ids), Visit.state.in_(OPEN)))
    return {packet_id: day.isoformat() for packet_id, day in found}


def ahead(courier: User, at: datetime) -> dict[str, Any] | None:
    """The courier's next day with visits, and how many; no more of it is told before its day."""
    coming = (
        sa.select(Round.day, sa.func.count())
        .join(Visit, Visit.round_id == Round.id)
        .where(Round.courier_id == courier.id, Round.day > today(at), Visit.state.in_(OPEN))
    )
    found = db.session.execute(coming.group_by(Round.day).order_by(Round.day).limit(1)).first()
    return {"date": found[0].isoformat(), "visits": found[1]} if found else None


def cancelled(courier: User, at: datetime) -> list[dict[str, Any]]:
    """Visits of the courier's office that were called off during a shift: a phone that knew of one says nobody goes there.

    Whose round it was is no longer known; numbers only, nobody's name.
    """
    off = (
        sa.select(Visit.id, Packet.number)
        .join(Packet, Visit.packet_id == Packet.id)
        .join(Dossier, Packet.dossier_id == Dossier.id)
        .where(Visit.state == VisitState.CANCELLED, Visit.ended_at > at - SHIFT, Packet.state == State.WAITING)
        .where(Dossier.state == CaseState.CANCELLED, Dossier.post_office_id == courier.office_id)
    )
    return [{"visit": visit, "number": number} for visit, number in db.session.execute(off.order_by(Visit.id))]


def handed_in(courier: User, at: datetime) -> list[dict[str, Any]]:
    """What a counter says it got from this courier during a shift, that lies there still and stands on no list yet.

    With the scan that took it in, so that whoever never gave it can say so.
    """
    on_list = sa.exists().where(ManifestLine.packet_id == Packet.id, ManifestLine.digest == Packet.head)
    found = db.session.execute(
        sa.select(Packet, Handoff.recorded_at, Office.name)
        .join(Handoff, sa.and_(Handoff.digest == Packet.head, Handoff.kind == LineKind.MOVE))
        .join(Office, Office.party_id == Packet.holder_id)
        .join(Dossier, Packet.dossier_id == Dossier.id)
        .where(Packet.state.in_(bags.TAKEN.values()), Dossier.post_office_id == courier.office_id)
        .where(Handoff.giver_id == courier.party_id, Handoff.event.in_(bags.TAKEN), Handoff.recorded_at > at - SHIFT)
        .where(~on_list)
        .order_by(Handoff.id.desc())
        .limit(reach.MOST)
    )
    return [
        {
            "code": tokens.b32(packet.code),
            "number": packet.number,
            "digest": packet.head.hex(),
            "taker": packet.holder_id,
            "place": place,
            "at": told.isoformat(),
        }
        for packet, told, place in found
    ]


def _list(manifest: Manifest) -> dict[str, Any]:
    """A list of what this courier gave, which still wants their word."""
    taker = db.session.scalar(sa.select(Office.name).filter_by(party_id=manifest.taker_id))
    return {
        "receipt": manifest.receipt_no,
        "taker": taker,
        "scanned": manifest.scanned,
        "missing": manifest.missing,
        "surplus": manifest.surplus,
    }


def _round(round_: Round) -> dict[str, Any]:
    return {
        "id": round_.id,
        "date": round_.day.isoformat(),
        "started": round_.started_at.isoformat() if round_.started_at else None,
        "stopped": round_.stopped_at.isoformat() if round_.stopped_at else None,
    }


def stop(visit: Visit) -> dict[str, Any]:
    """One call at a home. Who lives there is said while the visit is open."""
    return {
        "visit": visit.id,
        "slot": [_clock(visit.slot.opens), _clock(visit.slot.closes)],
        "arrives_at": visit.arrives_at.isoformat() if visit.arrives_at else None,
        "kind": visit.kind,
        "state": visit.state,
        "attempt": visit.attempt,
        "person": _person(visit.packet.dossier) if visit.state in OPEN else None,
        "money": asked(visit),
        "exempt": _exempt(visit) if visit.state in OPEN else None,
        "give_back": takings.to_give_back(visit),
        "id_check": visit.packet.dossier.procedure.id_check,
        "surrender": visit.packet.dossier.surrender if _brings_result(visit) else [],
        "inside": visit.packet.dossier.result_papers if _brings_result(visit) else [],
        "invite": _invite(visit),
        "packets": [packet(packets.in_place_of(visit.packet))],
    }


def _brings_result(visit: Visit) -> bool:
    return visit.kind is VisitKind.DELIVER and visit.packet.kind is Kind.RESULT


def _invite(visit: Visit) -> dict[str, Any] | None:
    """Which letter the courier may leave when nobody can take the result, and from which day; then it goes back."""
    if visit.kind is not VisitKind.DELIVER or visit.state not in OPEN:
        return None
    nth, first = shelf.next_letter(visit.packet_id)
    return {"nth": nth, "of": shelf.LETTERS, "from": first.isoformat() if first else None}


def slots(courier: User, at: datetime) -> list[dict[str, str]]:
    """When a visit can be put off to: the next windows with room at the courier's office, so that it is agreed at the door."""
    offers = visits.offers(courier.office, at, days=SLOT_DAYS) if courier.office else []
    return [
        {"key": each.key, "day": each.day.isoformat(), "opens": _clock(each.opens), "closes": _clock(each.closes)}
        for each in offers
        if each.left and each.day > today(at)
    ]


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _person(dossier: Dossier) -> dict[str, Any]:
    who = dossier.citizen
    no_code = codes.hold_ends(who)
    return {
        "name": who.name,
        "phone": who.phone,
        "second_name": who.second_name,
        "second_phone": who.second_phone,
        "proxy": who.proxy,
        "address": [who.street, who.neighbourhood.name, who.ward.name],
        "notes": who.notes,
        "call_first": who.call_first,
        "no_code_until": no_code and no_code.isoformat(),
        "lat": who.lat,
        "lon": who.lon,
    }


def asked(visit: Visit) -> list[dict[str, Any]]:
    """What is asked for at this door, line by line, in đồng: statutory fees never mixed with postage."""
    return [{"kind": line.key, "amount": line.amount, "stream": line.stream} for line in takings.at_visit(visit).lines]


def _exempt(visit: Visit) -> dict[str, Any] | None:
    """Why no postage is asked for, once the proof was seen: as much as the courier must know to look at it."""
    bill = takings.at_visit(visit)
    if bill.exempt is None or not bill.waived:
        return None
    return {"name": bill.exempt.name, "name_en": bill.exempt.name_en, "source": bill.exempt.source}


def packet(found: Packet, *, papers: bool = True) -> dict[str, Any]:
    """A packet as phones know it. `papers`: what is inside and why, only for whoever stands before it."""
    if found.is_blank:
        return _blank(found)
    dossier = found.dossier
    place = db.session.scalar(sa.select(Office).filter_by(party_id=found.holder_id))
    return {
        "code": tokens.b32(found.code),
        "number": found.number,
        "dossier": dossier.number,
        "issue": found.slip.issue,
        "way": found.way,
        "kind": found.kind,
        "state": found.state,
        "same_day": found.is_same_day,
        "cancelled": dossier.state is CaseState.CANCELLED,  # at home: not to be collected; else it goes back there
        "holder": found.holder_id,
        "holder_kind": db.session.get_one(Party, found.holder_id).kind,
        "place": {"kind": place.kind, "name": place.name} if place else None,
        "citizen": dossier.citizen.party_id,
        "head": found.head.hex(),
        "seals": list(found.seals),
        "papers": [_paper(line, dossier.procedure) for line in found.papers] if papers and found.way is Way.IN else [],
        "spared": [_spared(line) for line in dossier.procedure.papers if line.form is PaperForm.DATA]
        if papers and found.way is Way.IN and found.kind is Kind.SUBMISSION
        else [],
        "procedure": {"title": dossier.procedure.title, "title_en": dossier.procedure.title_en} if papers else None,
        "desk": dossier.desk.name,
        "goes_back": found.way is Way.OUT and shelf.is_going_back(found),
        "desk_party": dossier.desk.party_id,
        "called_for": dossier.post_office.name if dossier.return_way is ReturnWay.POST else None,
    }


def _blank(found: Packet) -> dict[str, Any]:
    """A sticker that nobody has used: whoever collects with it names the visit."""
    return {
        "code": tokens.b32(found.code),
        "number": found.number,
        "blank": True,
        "issue": found.slip.issue,
        "way": found.way,
        "state": found.state,
        "holder": found.holder_id,
        "head": found.head.hex(),
        "seals": list(found.seals),
    }


def _paper(line: Paper, procedure: Procedure) -> dict[str, Any]:
    asked = next((each for each in procedure.papers if each.position == line.position), None)
    return {
        "position": line.position,
        "name": line.name,
        "name_en": line.name_en,
        "form": line.form,
        "copies": line.copies,
        "sheets": line.sheets,
        "missing": line.is_missing,
        "note": asked.note if asked else "",
        "note_en": asked.note_en if asked else "",
    }


def _spared(line: ChecklistLine) -> dict[str, Any]:
    """A paper nobody may ask for: the ward takes it from a database."""
    return {"name": line.name, "name_en": line.name_en, "note": line.note, "note_en": line.note_en}


# ---- one packet, by what is printed on it ----------------------------------------------------------------------


def look_up(
    courier: User, at: datetime, keys: Keys, *, code: str | None, number: str | None, token: str | None
) -> dict[str, Any]:
    """One packet by what is printed on it. Raises Missing("packet_unknown") alike for what is not there and not theirs.

    Raises Invalid as tokens.read, tokens.unb32 and numbers.read. `scanned` is the issue the token names.
    """
    read = tokens.read(keys, token) if token else None
    if read:
        found = packets.by_code(read.code)
    elif code:
        found = packets.by_code(tokens.unb32(code, 10))
    else:
        found = packets.by_number(number or "")
    if not reach.is_theirs(found, courier, at) and not (read and reach.is_of_office(found, courier)):
        raise Missing("packet_unknown")
    close = found.holder_id == courier.party_id or reach.is_on_round(found, courier, at)
    more = {"scanned": read.issue if read else None, "visit_on": _promised([found.id]).get(found.id)}
    return packet(found, papers=close) | more


# ---- verbs ------------------------------------------------------------------------------------------------------


def set_out(round_id: int, act: Act) -> Round:
    """The courier leaves, and everybody on the round is told once who comes and when.

    Raises Missing("round_unknown") for a round that is not there or not theirs.
    """
    round_ = db.session.get(Round, round_id, with_for_update=True)
    if round_ is None or round_.courier_id != act.by.id:
        raise Missing("round_unknown")
    is_first = round_.started_at is None
    visits.set_out(round_, act)
    if is_first:
        rounds.reckon(round_, act.at)
        for visit in round_.visits:
            if visit.state is VisitState.EN_ROUTE:
                rounds.announce(visit, act)
    return round_


def not_logged(courier: User, stops: list[dict[str, Any]], at: datetime) -> set[int]:
    """Dossiers whose people these stops name and that today's log of views does not have yet for this courier."""
    shown = [each["visit"] for each in stops if each["person"]]
    wanted = sa.select(Packet.dossier_id).join(Visit, Visit.packet_id == Packet.id).where(Visit.id.in_(shown))
    found = {dossier_id for dossier_id in db.session.scalars(wanted) if dossier_id}
    return audit.unseen(courier.id, VIEW, found, at)


def log_views(courier_id: str, dossiers: set[int], at: datetime) -> None:
    for dossier_id in sorted(dossiers):
        audit.viewed(courier_id, dossier_id, VIEW, at)


def steps() -> list[dict[str, Any]]:
    """The couriers' rows of STEPS: phones use them to warn early, and never decide."""
    return [told_step(step) for step in STEPS if step.by is By.COURIER]


def told_step(step: Step) -> dict[str, Any]:
    return {
        "event": step.event,
        "ways": sorted(step.ways),
        "from": step.source,
        "to": step.target,
        "by": step.by,
        "giver": step.giver,
        "taker": step.taker,
        "proof": [sorted(words) for words in step.proof],
        "flag": step.flag,
    }
