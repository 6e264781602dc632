"""Decisions: what a desk says about a case, one verb a step of CASES. Each is told to the citizen and kept on paper.

Every verb takes `seen`, the step the page showed last: who decides about a page that has moved on is told so, and the
same form sent twice is one decision. A verb raises as `dossiers.move`, and besides: Refused `wrong_ward`,
`papers_on_the_way`, `case_moved`; Invalid `reason_needed`, `words_needed`, `words_long`.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import (
    audit,
    booking,
    calendar,
    desk,
    dossiers,
    fees,
    forms,
    manifests,
    money,
    numbers,
    packets,
    results,
)
from app.domain.calendar import today
from app.domain.cases import GOING_HOME, CaseState
from app.domain.dossiers import Dossier, Paper, ReturnWay
from app.domain.packets import Kind, Packet, Way
from app.domain.people import Act
from app.domain.places import Office, OfficeKind
from app.domain.procedures import PaperForm
from app.errors import Invalid, Refused

# Why, as codes; the sentences are in the catalogues, those of the forms in `labels`.
REASONS = {
    "refuse": ("not_competent", "not_this_way", "no_right", "nothing_came", "other"),
    "ask_more": ("incomplete", "wrong_form", "unreadable", "not_certified", "other"),
    "extend": ("other_agency", "verification", "many_dossiers", "system_down", "other"),
    "go_on": ("decided", "withdrawn"),
    "transfer": ("not_competent", "old_address"),
    "forward": ("linked", "opinion"),
}
WHOSE = ("ours", "other_agency", "citizen")  # whose doing a delay is
CHANNELS = ("desk", "post", "online")  # how a citizen asked, or brought what was missing
PATIENCE = timedelta(days=30)  # papers asked for are waited for, unless the desk says another day
MOST_FEE = 100_000_000  # đồng
LONGEST = 500  # letters of an officer's words


# ---- reception --------------------------------------------------------------------------------------------------


def refuse(dossier: Dossier, act: Act, reason: str, words: str, seen: int | None = None) -> None:
    """Not accepted (REFUSAL): why, in a word of the list and the officer's own. Papers and fees go home."""
    held = _open(dossier, "refuse", act, seen)
    if held is None:
        return
    facts = _reasons("refuse", reason, words)
    _take(held, "refuse", act, reason=reason, **facts, papers=_listed(_received(held)), fee=fees.paid(held))
    desk.expect_no_more(held, act)


def ask_more(
    dossier: Dossier, act: Act, papers: list[dict[str, Any]], reason: str, words: str, until: date | None = None,
    seen: int | None = None,
) -> None:  # fmt: skip
    """More papers (SUPPLEMENT), once and all of them: `papers` of {"name", "form", "copies"}. The clock stops.

    Raises Invalid: `supplement_papers`, `due_past`.
    """
    held = _open(dossier, "ask_more", act, seen)
    if held is None:
        return
    facts, wanted = _reasons("ask_more", reason, words), [_wanted(paper) for paper in papers]
    until = until or today(act.at) + PATIENCE
    if not 0 < len(wanted) <= 20:
        raise Invalid("supplement_papers")
    if until <= today(act.at):
        raise Invalid("due_past")
    last = max(paper.position for paper in held.papers)
    for at, paper in enumerate(wanted, start=last + 1):
        db.session.add(Paper(dossier_id=held.id, position=at, sheets=1, is_supplement=True, **paper))
    db.session.flush()
    db.session.expire(held, ["papers"])
    held.supplement_by = until
    _take(held, "ask_more", act, reason=reason, **facts, papers=wanted, until=until.isoformat(), count=len(wanted))


def _wanted(paper: dict[str, Any]) -> dict[str, Any]:
    name, form, copies = " ".join(str(paper["name"]).split()), paper["form"], paper["copies"]
    if not 0 < len(name) <= 200 or form not in set(PaperForm) - {PaperForm.DATA} or not 0 < copies <= 99:
        raise Invalid("supplement_papers")
    return {"name": name, "form": PaperForm(form), "copies": copies, "returned": form == PaperForm.ORIGINAL}


def supply(dossier: Dossier, act: Act, counts: dict[int, int], channel: str, seen: int | None = None) -> None:
    """What was asked for has come, brought to the desk or sent online: `counts`, sheets by the paper's position.

    What comes by post is received as a packet. Raises Invalid: `counts_missing`, `channel_unknown`.
    """
    held = _open(dossier, "supply", act, seen)
    if held is None:
        return
    missing = dossiers.still_missing(held)
    if channel not in CHANNELS:
        raise Invalid("channel_unknown")
    if set(counts) != {paper.position for paper in missing} or not all(0 <= n <= desk.MOST for n in counts.values()):
        raise Invalid("counts_missing")
    for paper in missing:
        paper.desk_sheets = counts[paper.position]
    desk.restart(held, act, channel=channel)


def redate(dossier: Dossier, act: Act, due_on: date, due_time: time | None = None, seen: int | None = None) -> None:
    """The new day, and hour, that the one-stop system printed when everything was there: it holds, not our own count.

    Raises Invalid("due_past").
    """
    held = _open(dossier, "redate", act, seen)
    if held is None:
        return
    if due_on < today(act.at):
        raise Invalid("due_past")
    _take(held, "redate", act, due_on=due_on.isoformat())
    held.due_on, held.due_time = due_on, due_time


# ---- fees -------------------------------------------------------------------------------------------------------


def ask_fee(dossier: Dossier, act: Act, amount: int, words: str, seen: int | None = None) -> None:
    """A statutory fee is due before work goes on, in đồng. Raises Invalid("fee_amount")."""
    held = _open(dossier, "ask_fee", act, seen)
    if held is None:
        return
    if not 0 < amount <= MOST_FEE:
        raise Invalid("fee_amount")
    held.fee_due = amount
    _take(held, "ask_fee", act, amount=amount, words=_said(words))


def pay(dossier: Dossier, act: Act, receipt: str, seen: int | None = None) -> None:
    """The fee has been paid to the ward: `receipt` is the number of the fee receipt. Raises Invalid("receipt_needed")."""
    held = _open(dossier, "pay", act, seen)
    if held is None:
        return
    receipt = money.read_receipt(receipt)
    amount, held.fee_due = held.fee_due, None
    fees.pay_ward(held, amount or 0, receipt, act)
    _take(held, "pay", act, amount=amount, receipt=receipt)


def give_fee_back(dossier: Dossier, act: Act, receipt: str, seen: int | None = None) -> None:
    """The fee of a dossier that was not taken, or stopped, is back with its citizen: `receipt`, the paper they signed for it.

    Raises Invalid("receipt_needed"), Refused("fee_not_held")."""
    held = _open(dossier, "fee_back", act, seen)
    if held is None:
        return
    receipt = money.read_receipt(receipt)
    amount = fees.ward_gives_back(held, receipt, act)
    _take(held, "fee_back", act, amount=amount, receipt=receipt)


# ---- work -------------------------------------------------------------------------------------------------------


def begin(dossier: Dossier, act: Act, seen: int | None = None) -> None:
    """The specialist has it."""
    if held := _open(dossier, "begin", act, seen):
        _take(held, "begin", act)


def extend(
    dossier: Dossier, act: Act, new_due: date, reason: str, words: str, whose: str, work_done: str = "",
    seen: int | None = None,
) -> None:  # fmt: skip
    """Late (APOLOGY): a new day, once, said at the latest a day before the old one, by who leads the desk.

    Raises Invalid: `due_not_later`, `due_closed`, `whose_unknown`.
    """
    held = _open(dossier, "extend", act, seen)
    if held is None:
        return
    facts = _reasons("extend", reason, words)
    if whose not in WHOSE:
        raise Invalid("whose_unknown")
    old = held.due_on
    if old and new_due <= old:
        raise Invalid("due_not_later")
    if not calendar.is_working(new_due):
        raise Invalid("due_closed")
    held_due = old.isoformat() if old else None
    _take(
        held, "extend", act, reason=reason, **facts, whose=whose, work_done=_said(work_done), was=held_due,
        due_on=new_due.isoformat(),
    )  # fmt: skip
    held.due_on, held.due_time = new_due, None


# ---- the citizen's wish to stop -----------------------------------------------------------------------------------


def ask_stop(dossier: Dossier, act: Act, channel: str = "online", seen: int | None = None) -> None:
    """The citizen wants it stopped: from the tracking page, or on paper at the desk. Before a decision only."""
    held = _lock(dossier)
    if act.user is not None:
        opened = _open(dossier, "ask_stop", act, seen)
        if opened is None:
            return
    elif held.state is CaseState.STOP_REQUESTED:
        return
    if channel not in CHANNELS:
        raise Invalid("channel_unknown")
    _take(held, "ask_stop", act, channel=channel)


def stop(dossier: Dossier, act: Act, words: str = "", seen: int | None = None) -> None:
    """Stopped as the citizen wished (STOP): no decision exists. Papers and fees go home."""
    held = _open(dossier, "stop", act, seen)
    if held is None:
        return
    dossiers.check_state(held, "stop")
    asked = next(line for line in reversed(held.history) if line.event == "ask_stop")
    _take(
        held, "stop", act, words=_said(words), asked_on=today(asked.at).isoformat(), online=asked.user_id is None,
        stage=dossiers.before(held), papers=_listed(_received(held)), fee=fees.paid(held),
    )  # fmt: skip
    desk.expect_no_more(held, act)


def go_on(dossier: Dossier, act: Act, reason: str, seen: int | None = None) -> None:
    """It cannot be stopped any more, or the citizen thought better of it: back to where it was. Papers asked for that have
    come meanwhile count since the list was signed (QĐ 45/2016 Đ7.4)."""
    held = _open(dossier, "go_on", act, seen)
    if held is None:
        return
    _reasons("go_on", reason, "")
    _take(held, "go_on", act, reason=reason)
    if held.state is CaseState.SUPPLEMENT_REQUIRED and (since := _complete_since(held)):
        desk.restart(held, act, channel="post", since=since)


def _complete_since(dossier: Dossier) -> datetime | None:
    """When the last list of papers asked for was signed by both; None while one is missing, or a word for a list."""
    came = {paper.came_in for paper in dossier.papers if paper.is_supplement}
    lists = [manifests.of_packet(one.id) for one in packets.of_dossier(dossier.id) if one.number in came]
    signed = [one.closed_at for one in lists if one and one.closed_at]
    if dossiers.still_missing(dossier) or not signed or len(signed) < len(lists):
        return None
    return max(signed)


# ---- between desks ----------------------------------------------------------------------------------------------


def other_desks(dossier: Dossier) -> list[Office]:
    here = sa.select(Office).where(Office.kind == OfficeKind.DESK, Office.id != dossier.desk_id)
    return list(db.session.scalars(here.order_by(Office.name)))


def transfer(
    dossier: Dossier, act: Act, to_id: int, reason: str, seal: str, event: str = "transfer", seen: int | None = None
) -> Packet:
    """On to the office that is competent, or whose part is next, in a sealed packet between desks.

    The day of filing stays: reception ignores boundaries within the province. Raises Invalid: `desk_unknown`,
    `seal_form`; Refused: `count_open`, `seal_used`.
    """
    held = _open(dossier, event, act, seen)
    if held is None:
        return next(one for one in reversed(packets.of_dossier(dossier.id)) if one.kind is Kind.TRANSFER)
    seal = numbers.read_seal(seal)
    _reasons(event, reason, "")
    to = next((office for office in other_desks(held) if office.id == to_id), None)
    if to is None or to.ward.province != held.desk.ward.province:
        raise Invalid("desk_unknown")
    desk.check_counted(held)
    results.check_seal(seal, held)
    sender = held.desk
    packet = packets.new(held, Kind.TRANSFER, Way.BETWEEN, sender.party_id, int(sender.ward.code), act)
    packet.seals = [seal]
    for paper in held.papers:
        paper.sent_sheets = paper.desk_sheets if paper.is_here else None
    held.desk_id = to.id
    db.session.flush()
    db.session.expire(held, ["desk"])
    _take(held, event, act, reason=reason, packet=packet.number, to=to.code)
    return packet


# ---- papers home ------------------------------------------------------------------------------------------------


def to_return(dossier: Dossier) -> list[Paper]:
    """Papers that are to go home by themselves and lie here still."""
    if dossier.state not in GOING_HOME and not (dossier.state is CaseState.RESULT_READY and results.result_of(dossier)):
        return []
    return [paper for paper in dossiers.due_home(dossier) if paper.is_here]


def return_papers(dossier: Dossier, act: Act, seal: str) -> Packet:
    """Seal what goes home without a result: a packet with its own slip; a courier comes, or it is called for.

    The same form sent twice is one packet. Raises Invalid("seal_form"); Refused: `nothing_to_return`, `seal_used`.
    """
    held, seal = desk.hold(dossier, act), numbers.read_seal(seal)
    known = [one for one in packets.of_dossier(held.id) if one.kind is Kind.RETURNED_PAPERS and one.seal == seal]
    if known:
        return known[-1]
    papers = to_return(held)
    if not papers:
        raise Refused("nothing_to_return", number=held.number)
    packet = results.seal_out(held, Kind.RETURNED_PAPERS, seal, act)
    for paper in papers:
        paper.back_in = packet.number
    db.session.flush()
    by_choice = held.return_way is ReturnWay.DESK and held.returns_by_post
    if by_choice:
        results.invite(packet, act)
    elif held.return_way is not ReturnWay.POST:
        booking.deliver_visit(packet, act)
    return packet


# ---- in common --------------------------------------------------------------------------------------------------


def newest(dossier: Dossier) -> int:
    """The step a page shows last: what its forms carry as `seen`."""
    return dossier.history[-1].id if dossier.history else 0


def _lock(dossier: Dossier) -> Dossier:
    return db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)


def _open(dossier: Dossier, event: str, act: Act, seen: int | None) -> Dossier | None:
    """The dossier, locked, of the officer's own desk, as the page showed it; None when this very form was taken."""
    locked = _lock(dossier)
    last = locked.history[-1] if locked.history else None
    if seen is not None and last is not None and last.id != seen:
        was = locked.history[-2].id if len(locked.history) > 1 else 0
        if last.event == event and last.user_id == act.by.id and was == seen:
            return None
        raise Refused("case_moved", number=locked.number, event=last.event)
    return desk.hold(locked, act)


def _take(held: Dossier, event: str, act: Act, **facts: Any) -> None:
    """The step, its form, its message and its line of the log: codes and numbers there, words on the form only."""
    case = dossiers.move(held, event, act)
    if case.form:
        form = forms.give(held, case.form, act, **_plain(facts))
        audit.note("form", held.number, act, key=case.form, form=form.number)
    told = {name: facts[name] for name in ("reason", "amount", "due_on", "count") if facts.get(name)}
    audit.note(event, held.number, act, **told)
    if case.tell:
        dossiers.tell(held, case.tell, act.at, **told)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _reasons(event: str, reason: str, words: str) -> dict[str, str]:
    """The officer's words beside the reason; "other" needs some."""
    if reason not in REASONS[event]:
        raise Invalid("reason_needed")
    words = _said(words)
    if reason == "other" and not words:
        raise Invalid("words_needed")
    return {"words": words}


def _said(words: str) -> str:
    words = " ".join(words.split())
    if len(words) > LONGEST:
        raise Invalid("words_long", limit=LONGEST)
    return words


def _received(dossier: Dossier) -> list[Paper]:
    return [paper for paper in dossier.papers if paper.desk_sheets]


def _listed(papers: list[Paper]) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "form": str(one.form), "copies": one.copies, "sheets": one.desk_sheets} for one in papers
    ]
