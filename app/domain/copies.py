"""Copies: what is kept about a citizen and one dossier of theirs, in one piece, for themselves (Law 91/2025).

Their own data and what was done with it; nobody else's. Couriers and colleagues stand as kind of work and office, a
message without its code and link; what colleagues wrote for one another is not in it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import audit, calendar, exemptions, forms, happenings, incidents, packets, petitions, photos, votes
from app.domain.dossiers import Dossier, Paper
from app.domain.happenings import Happening, Holder
from app.domain.incidents import Side
from app.domain.money import MoneyLine
from app.domain.outbox import Message
from app.domain.parties import PartyKind
from app.domain.people import Act
from app.domain.visits import Visit

TAKEN = "copy_taken"
HIDDEN = ("code", "secret")  # of a message: they open something
Kept = dict[str, Any]


def of(dossier: Dossier, at: datetime) -> Kept:
    """Everything, as plain values by name: moments as ISO 8601 of local time, sums in whole đồng, codes of our own tables."""
    theirs = packets.of_dossier(dossier.id)
    return {
        "number": dossier.number,
        "made": _when(at),
        "person": _person(dossier),
        "booking": _booking(dossier),
        "papers": [_paper(paper) for paper in dossier.papers],
        "result_papers": [_sheets(paper) for paper in dossier.result_papers],
        "old_papers_wanted": [_sheets(paper) for paper in dossier.surrender],
        "papers_from_the_ward": [
            {"form": form.key, "number": form.number, "at": _when(form.at)} for form in forms.given(dossier)
        ],
        "visits": _visits([one.id for one in theirs]),
        "handoffs": [_happened(one) for one in happenings.of(dossier)],
        "money": _money(dossier),
        "messages": _messages(dossier, [one.number for one in theirs]),
        "photos": [{"packet": one.number, "at": _when(photo.at)} for one in theirs for photo in photos.of_packet(one)],
        "incidents": [_incident(file) for one in theirs for file in incidents.about(one)],
        "requests": [_petition(one) for one in petitions.about(dossier)],
        "opinion": _opinion(dossier),
        "looks": [{"day": _when(one.day), "role": one.role, "office": one.office} for one in audit.looks(dossier.id)],
        "copies": [_when(taken) for taken in audit.times(TAKEN, dossier.number)],
        "restricted": _when(dossier.restricted_at),
    }


def take(dossier: Dossier, act: Act) -> None:
    """Note that a copy was taken: whoever reads a later one sees that it was."""
    audit.note(TAKEN, dossier.number, act)


def _person(dossier: Dossier) -> Kept:
    who = dossier.citizen
    exempt = exemptions.of(who.exemption)
    return {
        "name": who.name, "phone": who.phone, "number_since": _when(who.bound_at), "street": who.street,
        "neighbourhood": who.neighbourhood.name, "ward": who.ward.name, "province": who.ward.province,
        "on_the_map": [who.lat, who.lon], "second_name": who.second_name, "second_phone": who.second_phone,
        "may_receive": who.proxy, "notes": who.notes or None, "call_first": who.call_first, "language": who.language,
        "carried_for_nothing": exempt.name if exempt else None,
    }  # fmt: skip


def _booking(dossier: Dossier) -> Kept:
    return {
        "procedure": dossier.procedure.title, "procedure_code": dossier.procedure.code, "state": dossier.state,
        "booked": _when(dossier.booked_at), "agreed": _when(dossier.consented_at), "ward_desk": dossier.desk.name,
        "post_office": dossier.post_office.name, "result_comes": dossier.return_way,
        "postage_one_way": dossier.one_way, "postage_passing_on": dossier.passing_on,
        "submitted": _when(dossier.submitted_at), "official_code": dossier.official_code, "due": _when(dossier.due_on),
        "due_time": f"{dossier.due_time:%H:%M}" if dossier.due_time else None,
        "papers_wanted_until": _when(dossier.supplement_by), "fee_due": dossier.fee_due,
        "called": _when(dossier.asked_at), "call_ended": dossier.answer,
    }  # fmt: skip


def _paper(paper: Paper) -> Kept:
    return {
        "name": paper.name, "form": paper.form, "copies": paper.copies, "sheets": paper.sheets,
        "counted_at_ward": paper.desk_sheets, "place": paper.place,
    }  # fmt: skip


def _sheets(paper: dict[str, Any]) -> Kept:
    return {name: paper.get(name) for name in ("name", "form", "sheets")}


def _visits(of: list[int]) -> list[Kept]:
    found = db.session.scalars(sa.select(Visit).where(Visit.packet_id.in_(of)).order_by(Visit.id))
    return [
        {
            "day": _when(one.slot.day), "from": f"{one.slot.opens:%H:%M}", "to": f"{one.slot.closes:%H:%M}",
            "for": one.kind, "packet": one.packet.number, "state": one.state, "reason": one.reason,
        }
        for one in found
    ]  # fmt: skip


def _happened(one: Happening) -> Kept:
    return {
        "at": _when(one.at), "event": one.key, "packet": one.packet.number if one.packet else None,
        "giver": _side(one.giver), "taker": _side(one.taker), "seal": one.seal, "sheets": one.sheets,
    }  # fmt: skip


def _side(holder: Holder | None) -> Kept | None:
    """Who it was, as far as that is the citizen's to know: an office by name, a courier as one."""
    if holder is None:
        return None
    return {"kind": holder.kind, "office": holder.name if holder.kind in (PartyKind.POST, PartyKind.DESK) else None}


def _money(dossier: Dossier) -> list[Kept]:
    """What they gave and what came back to them."""
    citizen, line = dossier.citizen.party_id, MoneyLine
    found = sa.select(line).where(sa.or_(line.giver_id == citizen, line.taker_id == citizen)).order_by(line.id)
    return [
        {
            "at": _when(one.at), "for": one.stream, "event": one.event, "amount": one.amount,
            "paid": one.giver_id == citizen, "receipt": one.receipt,
        }
        for one in db.session.scalars(found)
    ]  # fmt: skip


def _messages(dossier: Dossier, numbers: Iterable[str]) -> list[Kept]:
    """To the number that is theirs: what went to another may have been somebody else's."""
    about = Message.values["number"].as_string().in_({dossier.number, *numbers})
    found = sa.select(Message).where(Message.phone == dossier.citizen.phone, about).order_by(Message.id)
    return [
        {
            "at": _when(one.created_at), "sent": _when(one.sent_at), "kind": one.kind, "language": one.language,
            "values": {name: "…" if name in HIDDEN else value for name, value in one.values.items()},
        }
        for one in db.session.scalars(found)
    ]  # fmt: skip


def _incident(file: incidents.Incident) -> Kept:
    return {
        "number": file.number, "opened": _when(file.opened_at), "about": file.sort, "answer_by": _when(file.answer_by),
        "you_said": [
            {"at": _when(one.at), "words": one.words} for one in file.statements if one.side is Side.CITIZEN
        ],
        "closed": _when(file.closed_at), "outcome": file.outcome, "compensation": file.compensation, "interest": file.interest,
        "paid": _when(file.paid_at),
    }  # fmt: skip


def _opinion(dossier: Dossier) -> Kept | None:
    vote = votes.given(dossier)
    return {"mark": vote.mark, "about": vote.about.split(), "at": _when(vote.at)} if vote else None


def _petition(one: petitions.Petition) -> Kept:
    return {
        "number": one.id, "kind": one.kind, "channel": one.channel, "asked": _when(one.asked_at), "words": one.words,
        "first_answer_by": _when(one.first_by), "done_by": _when(one.done_by), "first_answer": one.heard or None,
        "answered": _when(one.answered_at), "granted": one.granted, "answer": one.answer or None, "law": one.law,
    }  # fmt: skip


def _when(at: datetime | date | None) -> str | None:
    if isinstance(at, datetime):
        return calendar.local(at).isoformat(timespec="seconds")
    return at.isoformat() if at else None
