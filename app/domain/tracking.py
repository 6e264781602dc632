"""Tracking: what a citizen is told about a dossier. Who holds it, until when, and how it came there.

Keys and values only. Whoever merely has the number learns the state; a courier is named only on the day of the visit
at this door; no date is guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import (
    bands,
    booking,
    calendar,
    codes,
    corrections,
    denials,
    headlines,
    ledger,
    packets,
    shelf,
    stickers,
    visits,
)
from app.domain.calendar import today
from app.domain.cases import AT_WORK, OVER, RUNNING, CaseState
from app.domain.codes import Purpose
from app.domain.denials import Denial
from app.domain.dossiers import Dossier, Place, ReturnWay
from app.domain.headlines import Sight, visit_matters
from app.domain.ledger import Handoff
from app.domain.packets import Kind, Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.places import Office
from app.domain.visits import OPEN, Visit, VisitKind, VisitState


@dataclass(frozen=True)
class Caller:
    """Today's courier at this door."""

    name: str
    badge: str | None
    phone: str | None


@dataclass(frozen=True)
class Holder:
    """Who has the papers: `kind` is a party's, `office` is named unless somebody is on the road with them."""

    kind: PartyKind
    office: str | None = None
    at_home: bool = True  # a citizen to whom something was handed out has it wherever they are
    has_result: bool = False  # what the citizen has is the result; of the papers, what `Story.kept` does not name


@dataclass(frozen=True)
class Entry:
    """One knot of the thread. `state`: did, now or next."""

    key: str
    state: str
    at: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    number: str
    headline: str
    holder: Holder
    next: Entry | None
    entries: tuple[Entry, ...]
    caller: Caller | None
    visit: Visit | None
    packet: Packet | None
    movable: bool
    cancellable: bool
    recallable: bool  # the papers are on their way: whoever wants them back calls the post office
    code: Purpose | None  # what a code sent again would be for
    held: datetime | None  # until when no code is told, since the number was changed
    claim: str | None  # "attest" or "confirm": what the citizen's code would settle
    denial: Denial | None  # what the citizen may say is not so
    overdue: bool = False  # the time of the visit has gone by, and nothing is known of it
    kept: tuple[tuple[str, str], ...] = ()  # papers that stay with the ward for good, in Vietnamese and in English


# fmt: off
EVENTS = {
    (Way.IN,  "collect"): "collected",        (Way.IN,  "hand_in"): "post_received",
    (Way.IN,  "take"):    "carried_on",       (Way.IN,  "receive"): "desk_received",
    (Way.IN,  "deliver"): "papers_returned",  (Way.OUT, "take"):    "result_taken",
    (Way.OUT, "hand_in"): "result_at_post",   (Way.OUT, "receive"): "result_back",
    (Way.OUT, "deliver"): "delivered",        (Way.OUT, "confirm"): "delivered",
    (Way.BETWEEN, "take"): "passed_on",       (Way.BETWEEN, "receive"): "desk_received",
    (Way.BETWEEN, "hand_in"): "post_received",
}
PAPERS_BACK = {  # the citizen's own papers on their way back, without a result
    "result_taken": "papers_taken", "result_at_post": "papers_at_post", "result_back": "papers_back", "delivered": "papers_returned",
}
ANY_WAY = {
    "dispute": "disputed", "lost": "lost", "settle": "settled", "correct": "corrected", "transfer": "handed_on",
}
CASE_EVENTS = {
    "submit": "submitted", "accept": "accepted", "ready": "result_ready", "close": "closed", "cancel": "cancelled", "call_off": "cancelled",
    "refuse": "not_accepted", "ask_more": "supplement_required", "supply": "supplied", "ask_fee": "fee_required",
    "pay": "fee_paid", "fee_back": "fee_back", "begin": "processing", "extend": "extended", "ask_stop": "stop_requested", "stop": "stopped",
    "go_on": "went_on", "transfer": "transferred", "forward": "transferred",
}
NO_DAY = {  # what comes next where nobody has promised a day
    "opened": "ward_names_day", "submitted": "ward_names_day", "at_desk_in": "ward_signs",
    "result_ready": "ward_packs", "call_for_it": "opening_hours", "call_at_post": "opening_hours",
    "call_for_papers": "opening_hours", "call_at_post_papers": "opening_hours", "not_accepted": "ward_packs_papers",
    "stopped": "ward_packs_papers", "result_home": "ward_packs_papers", "paper_gone": "post_searches", "stop_requested": "ward_answers", "fee_required": "pay_fee", "between": "other_desk",
}
AHEAD = {  # what is still to come, in order, from each state of the case
    CaseState.BOOKED:       ("submitted", "result_ready", "delivered"),
    CaseState.SUBMITTED:    ("accepted", "result_ready", "delivered"),
    CaseState.ACCEPTED:     ("result_ready", "delivered"),
    CaseState.PROCESSING:   ("result_ready", "delivered"),
    CaseState.EXTENDED:     ("result_ready", "delivered"),
    CaseState.FEE_REQUIRED: ("result_ready", "delivered"),
    CaseState.SUPPLEMENT_REQUIRED: ("supplied", "result_ready", "delivered"),
    CaseState.RESULT_READY: ("delivered",),
    CaseState.NOT_ACCEPTED: ("papers_returned",),
    CaseState.STOPPED:      ("papers_returned",),
}
CALLED_FOR = {ReturnWay.DESK: "called_for", ReturnWay.POST: "called_for_at_post"}
# fmt: on


def story(dossier: Dossier, at: datetime) -> Story:
    """What the citizen's own page says: read only."""
    under_way = packets.under_way(dossier.id)
    visit = visits.current(under_way.id) if under_way else None
    sticker = stickers.shared().get(under_way.id) if under_way else None
    sight = _sight(dossier, under_way, visit, at, sticker)
    key = headlines.of(sight)
    coming = visit if visit and visit.state in OPEN and visit_matters(sight) and sticker is None else None
    waiting = under_way is not None and under_way.way is Way.IN and under_way.state is State.WAITING
    reachable = coming is None or coming.state is not VisitState.EN_ROUTE
    code = booking.code_purpose(under_way) if under_way and dossier.state not in OVER and not sticker else None
    held = codes.held_until(dossier.citizen, at) if code is Purpose.DELIVER else None
    return Story(
        number=dossier.number,
        headline=key,
        holder=_holder(dossier, under_way, key),
        next=_next(dossier, under_way, coming, key, today(at)),
        entries=tuple(_entries(dossier, coming, sticker, key)),
        caller=_caller(coming, at),
        visit=coming,
        packet=under_way,
        movable=reachable and booking.movable(dossier) is not None,
        cancellable=dossier.state is CaseState.BOOKED and waiting and reachable and sticker is None,
        recallable=under_way is not None and corrections.may_be_called_off(under_way),
        code=None if held else code,
        held=held,
        claim=None if held else _claim(under_way),
        denial=denials.possible(dossier, at),
        overdue=coming is not None and visits.is_over(coming.slot.day, coming.slot.closes, at),
        kept=_kept(dossier),
    )


def _kept(dossier: Dossier) -> tuple[tuple[str, str], ...]:
    if dossier.state is not CaseState.CLOSED:
        return ()
    return tuple((paper.name, paper.name_en) for paper in dossier.papers if paper.place is Place.KEPT)


def _sight(dossier: Dossier, packet: Packet | None, visit: Visit | None, at: datetime, sticker: Packet | None) -> Sight:
    if packet is None:
        last, owed = db.session.execute(
            sa.select(headlines.last_moved(dossier.id).scalar_subquery(), headlines.owes(dossier.id).scalar_subquery())
        ).one()
        return Sight(dossier.state, dossier.return_way, last=last, owes=owed)
    said = shelf.decided(packet)
    return Sight(
        case=dossier.state,
        return_way=dossier.return_way,
        way=packet.way,
        packet=packet.state,
        unproven="collect_unproven" in packet.flags,
        visit=visit.state if visit else None,
        visit_kind=visit.kind if visit else None,
        visit_today=bool(visit and visit.round_id and visits.is_due(visit.slot.day, visit.slot.closes, at)),
        next=shelf.next_of(said.word if said else None, visit.next if visit else None),
        kind=packet.kind,
        shared=sticker is not None,
    )


def _claim(packet: Packet | None) -> str | None:
    if packet is None:
        return None
    if packet.state is State.DELIVERED_UNVERIFIED:
        return "confirm"
    return "attest" if "collect_unproven" in packet.flags else None


def _holder(dossier: Dossier, packet: Packet | None, headline: str) -> Holder:
    if packet is None:
        known = packets.of_dossier(dossier.id)
        newest = known[-1] if known else None
        home = newest is None or newest.state is State.DELIVERED or dossier.state is CaseState.CANCELLED
        if home and (dossier.state is not CaseState.RESULT_READY or headline == CaseState.CLOSED):
            has_result = any(one.kind is Kind.RESULT and one.state is State.DELIVERED for one in known)
            return Holder(
                PartyKind.CITIZEN, at_home=newest is None or newest.state is not State.DELIVERED, has_result=has_result
            )
        return Holder(PartyKind.DESK, dossier.desk.name)
    party = db.session.get_one(Party, packet.holder_id)
    office = db.session.scalar(sa.select(Office.name).filter_by(party_id=party.id))
    return Holder(party.kind, office)


def _caller(visit: Visit | None, at: datetime) -> Caller | None:
    if visit is None or visit.slot.day != today(at) or visit.courier is None:
        return None
    return Caller(visit.courier.name, visit.courier.badge, visit.courier.phone)


def _next(dossier: Dossier, packet: Packet | None, visit: Visit | None, key: str, day: date) -> Entry | None:
    """What happens next, and when if anybody has promised it."""
    if visit:
        return Entry("visit", "next", values=when(visit))
    if key in ("missed", "missed_out", "no_visit") or (key == "at_desk_out" and booking.movable(dossier)):
        return Entry("choose_time", "next")
    if key in ("carried_in", "at_post_in", "collected_unproven") and packet:
        last = ledger.lines(packet)[-1].recorded_at
        by = bands.arrives_by(today(last), dossier.citizen.ward, dossier.desk.ward)
        return Entry("to_desk", "next", values={"day": by, "is_late": by < day})
    if key == CaseState.SUPPLEMENT_REQUIRED:
        return Entry("bring_by", "next", values={"day": dossier.supplement_by})
    if dossier.state in AT_WORK and dossier.due_on and key == dossier.state:
        return Entry("due", "next", values={"day": dossier.due_on, "hour": dossier.due_time})
    if key in ("call_at_post", "call_at_post_papers") and packet and (until := shelf.keep_until(packet.id)):
        return Entry("keep_until", "next", values={"day": until})
    if dossier.return_way is ReturnWay.POST and key in ("result_ready", "waiting_out", "carried_out"):
        return Entry("to_the_post", "next")
    return Entry(NO_DAY[key], "next") if key in NO_DAY else None


def when(visit: Visit) -> dict[str, Any]:
    """Day and window of a visit; once it is on a round, about when, to the half hour."""
    slot = visit.slot
    values: dict[str, Any] = {
        "kind": visit.kind, "packet": visit.packet.kind, "day": slot.day, "opens": slot.opens, "closes": slot.closes,
    }  # fmt: skip
    if visit.arrives_at:
        values["about"] = about(visit.arrives_at)
    return values


def about(arrives_at: datetime) -> tuple[time, time]:
    """The half hour an arrival is announced for."""
    here = calendar.local(arrives_at)
    begins = here.replace(minute=here.minute // 30 * 30, second=0, microsecond=0)
    return begins.time(), (begins + timedelta(minutes=30)).time()


def _entries(dossier: Dossier, coming: Visit | None, sticker: Packet | None, headline: str) -> list[Entry]:
    told = [Entry("sticker_shared", "did", ledger.lines(sticker)[-1].recorded_at)] if sticker else []
    done = sorted([*_past(dossier), *told], key=lambda entry: (entry.key == "closed", entry.at or dossier.booked_at))
    if dossier.state in OVER:
        return done
    if coming:
        done.append(Entry("visit", "now", values=when(coming)))
    else:
        last = done[-1]
        done[-1] = Entry(last.key, "now", last.at, last.values)
    said = {entry.key for entry in done}
    ahead = AHEAD.get(dossier.state, ()) if headline != "written_off" else ()
    if dossier.state is CaseState.RESULT_READY and "delivered" in said:
        ahead = ("papers_returned",) if headline != CaseState.CLOSED else ()
    for key in ahead:
        if key == "delivered" and coming and coming.kind is VisitKind.DELIVER:
            continue
        runs = key == "result_ready" and dossier.state in RUNNING
        values = {"day": dossier.due_on} if runs and dossier.due_on else {}
        key = CALLED_FOR.get(dossier.return_way, key) if key == "delivered" else key
        if key not in said and not (key == "delivered" and "delivered_unverified" in said):
            done.append(Entry(key, "next", values=values))
    return done


def _past(dossier: Dossier) -> Iterator[Entry]:
    yield Entry("booked", "did", dossier.booked_at)
    for line in dossier.history:
        if key := CASE_EVENTS.get(line.event):
            yield Entry(key, "did", _legal_time(dossier, key) or line.at, _case_values(dossier, key))
    for packet in packets.of_dossier(dossier.id):
        if packet.way is Way.OUT and packet.seals:
            key = "papers_sealed" if packet.kind is Kind.RETURNED_PAPERS else "sealed"
            yield Entry(key, "did", packet.created_at, {"seal": packet.seals[0]})
        for moved in ledger.lines(packet):
            entry = _moved(dossier, packet, moved)
            first = packet.kind is Kind.SUBMISSION
            signed = entry and entry.key == "desk_received" and first and dossier.submitted_at  # said by "submitted"
            if entry and not signed:
                yield entry
        missed = sa.select(Visit).filter_by(packet_id=packet.id, state=VisitState.MISSED).order_by(Visit.id)
        for visit in db.session.scalars(missed):
            values = {"attempt": visit.attempt, "reason": visit.reason, "next": visit.next}
            yield Entry("missed", "did", visit.ended_at, values)


def _legal_time(dossier: Dossier, key: str) -> datetime | None:
    return dossier.submitted_at if key == "submitted" else None


def _case_values(dossier: Dossier, key: str) -> dict[str, Any]:
    if key == "submitted":
        return {"office": dossier.desk.name}
    if key in ("extended", "supplement_required"):
        return {"day": dossier.due_on if key == "extended" else dossier.supplement_by}
    if key == "accepted":
        return {"official_code": dossier.official_code, "day": dossier.due_on, "days": dossier.procedure.days}
    return {}


def _moved(dossier: Dossier, packet: Packet, line: Handoff) -> Entry | None:
    if line.event in ANY_WAY:
        gone = line.state is State.WRITTEN_OFF
        return Entry("written_off" if gone else ANY_WAY[line.event], "did", line.recorded_at)
    key = EVENTS.get((packet.way, line.event))
    if key is None:
        return None
    values: dict[str, Any] = {}
    if key == "collected":
        there = [paper for paper in packet.papers if not paper.is_missing]
        values = {"kinds": len(there), "sheets": sum(paper.sheets for paper in there), "seal": packet.seal}
    elif line.state is State.DELIVERED_UNVERIFIED:
        key = "delivered_unverified"
    else:
        values = {"office": db.session.scalar(sa.select(Office.name).filter_by(party_id=line.taker_id))}
        key = PAPERS_BACK.get(key, key) if packet.kind is Kind.RETURNED_PAPERS else key
    return Entry(key, "did", line.recorded_at, values)
