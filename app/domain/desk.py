"""The ward desk: it accepts what it has received, and says when the result is there.

A verb is one transaction. Where it claims PRESENCE, the door has asked the officer for it at most five minutes before.
"""

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import (
    audit,
    calendar,
    dossiers,
    forms,
    packets,
    rounds,
    tasks,
    visits,
)
from app.domain.calendar import Rule
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Act
from app.domain.places import Office
from app.domain.procedures import PaperForm
from app.domain.tasks import Task, TaskKind
from app.domain.visits import VisitState
from app.errors import Invalid, Refused

PRESENCE = [("PRESENCE", "")]
MOST = 500  # sheets of one paper


def counted_due(dossier: Dossier) -> datetime | None:
    """When the time limit ends by our own count, local time; None before the submission."""
    if dossier.counted_from is None:
        return None
    return calendar.due(dossier.counted_from, dossier.procedure.term, dossier.desk.hours or calendar.USUAL)


def suggested_due(dossier: Dossier) -> date | None:
    due = counted_due(dossier)
    return due.date() if due else None


def accept(dossier: Dossier, act: Act, code: str, due_on: date, due_time: time | None = None) -> bool:
    """Note the dossier code and due day the one-stop system gave; whether the code has a form the law names.

    What it printed wins over our own count; `due_time` where it printed an hour. Raises Invalid: `official_code`, `due_past`; Refused: `official_code_taken`, `count_open`, `case_accept`, `wrong_ward`.
    """
    dossier = hold(dossier, act)
    code, is_lax = dossiers.read_official_code(code)
    told = (dossier.official_code, dossier.due_on, dossier.due_time)
    if dossier.state is CaseState.ACCEPTED and told == (code, due_on, due_time):
        return not is_lax
    if due_on < calendar.today(act.at):
        raise Invalid("due_past")
    if db.session.scalar(sa.select(Dossier.id).where(Dossier.official_code == code, Dossier.id != dossier.id)):
        raise Refused("official_code_taken")
    check_counted(dossier)
    dossiers.move(dossier, "accept", act)
    ours = suggested_due(dossier)
    dossier.official_code, dossier.due_on, dossier.due_time = code, due_on, due_time
    audit.note(
        "accepted", dossier.number, act, due=due_on.isoformat(), lax=is_lax,
        counted=ours.isoformat() if ours and ours != due_on else None,
    )  # fmt: skip
    listed = [
        {"name": one.name, "form": one.form, "copies": one.copies, "sheets": one.desk_sheets}
        for one in dossier.papers
        if one.desk_sheets
    ]
    hour = due_time.isoformat("minutes") if due_time else ""
    forms.give(dossier, "receipt", act, due_on=due_on.isoformat(), due_time=hour, papers=listed)
    dossiers.tell(dossier, "accepted", act.at, due_on=due_on.isoformat())
    return not is_lax


def check_counted(dossier: Dossier) -> None:
    """Raises Refused("count_open") while the count of a packet of it is not cleared up."""
    for packet in counting(dossier):
        raise Refused("count_open", number=packet.number)


def counting(dossier: Dossier) -> dict[Packet, Task]:
    """Packets of it that did not hold what their slips say, with the matters that are to clear it up."""
    about = ((packet, tasks.open_about(packet)) for packet in packets.of_dossier(dossier.id))
    return {packet: task for packet, open_ in about for task in open_ if task.kind is TaskKind.COUNT}


def restart(dossier: Dossier, act: Act, channel: str, since: datetime | None = None) -> None:
    """What was asked for is complete: the case goes on, and its time runs from zero (NĐ 61/2018 Đ19.4). `since`: when both
    signed for it, where that was before."""
    case = dossiers.move(dossier, "supply", act)
    dossier.counted_from, dossier.supplement_by = since or act.at, None
    expect_no_more(dossier, act)
    if dossier.official_code and (due := counted_due(dossier)):
        dossier.due_on = due.date()
        dossier.due_time = due.time() if dossier.procedure.clock is Rule.CLOCK else None
    audit.note("supply", dossier.number, act, channel=channel, due=dossier.due_on and dossier.due_on.isoformat())
    dossiers.tell(dossier, case.tell or "", act.at, due_on=dossier.due_on and dossier.due_on.isoformat())


def expect_no_more(dossier: Dossier, act: Act) -> None:
    """Papers asked for came another way, or are waited for no longer: no courier need come for them."""
    for packet in packets.of_dossier(dossier.id):
        if packet.kind is Kind.SUPPLEMENT and packet.state is State.WAITING:
            free_visit(packet, act)


def ready(
    dossier: Dossier, act: Act, papers: list[dict[str, Any]], surrender: list[dict[str, Any]] | None = None
) -> None:
    """The result and the originals to give back lie ready: `papers` of {"name", "form", "sheets"}, and
    "position" where it is a paper the citizen sent (QĐ 45/2016 Đ9).

    `surrender`, alike: old papers without which nobody is given the result (TT 17/2017 Đ5.2).

    Raises Invalid("result_papers"); Refused: `case_ready`, `wrong_ward`.
    """
    dossier, listed = hold(dossier, act), [_result_paper(paper) for paper in papers]
    old = [_result_paper(paper) for paper in surrender or []]
    if not listed:
        raise Invalid("result_papers")
    if dossier.state is CaseState.RESULT_READY and (dossier.result_papers, dossier.surrender) == (listed, old):
        return
    dossiers.move(dossier, "ready", act)
    dossier.result_papers, dossier.surrender = listed, old
    audit.note("result_ready", dossier.number, act, papers=len(listed))
    dossiers.tell(dossier, "result_ready", act.at, home=dossier.goes_home)


def _result_paper(paper: dict[str, Any]) -> dict[str, Any]:
    name, form, sheets = " ".join(str(paper["name"]).split()), paper["form"], paper["sheets"]
    if not 0 < len(name) <= 200 or form not in set(PaperForm) - {PaperForm.DATA} or not 0 < sheets <= MOST:
        raise Invalid("result_papers")
    position = paper.get("position")  # of the citizen's own paper, where it is one
    return {"name": name, "form": str(form), "sheets": sheets} | ({"position": position} if position else {})


def own(packet: Packet, act: Act) -> Office:
    desk = packet.dossier.desk
    if act.by.office_id != desk.id:
        raise Refused("wrong_ward", number=packet.number, desk=desk.name)
    return desk


def hold(dossier: Dossier, act: Act) -> Dossier:
    """The dossier as it is now, locked, and of the officer's own desk."""
    held = db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)
    if act.by.office_id != held.desk_id:
        raise Refused("wrong_ward", number=held.number, desk=held.desk.name)
    if any(one.way is Way.BETWEEN and not one.ended for one in packets.of_dossier(held.id)):
        raise Refused("papers_on_the_way", number=held.number)
    return held


def free_visit(packet: Packet, act: Act) -> None:
    """Nobody need come any more: the place goes back, unless the courier is already on the way."""
    visit = visits.open_visit(packet.id)
    if visit and visit.state is not VisitState.EN_ROUTE:
        rounds.call_off(visit, act)
