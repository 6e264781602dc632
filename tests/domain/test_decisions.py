"""What a desk decides: only the steps of CASES, by whom they are given to, each once, each told and on paper."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import (
    bags,
    booking,
    decisions,
    desk,
    deskforms,
    dossiers,
    forms,
    ledger,
    lookups,
    manifests,
    money,
    oversight,
    packets,
    queues,
    reception,
    results,
    scope,
    slips,
    tasks,
    tracking,
    visits,
)
from app.domain.audit import AuditLine
from app.domain.calendar import today
from app.domain.cases import ASIDE, BACK, CASES, PORTAL, CaseState, Who
from app.domain.dossiers import CaseLine, Dossier, Paper, Place
from app.domain.manifests import Word
from app.domain.outbox import Message
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.tasks import TaskKind
from app.errors import Invalid, Missing, NotAllowed, Refused
from app.sentences import SENTENCES
from tests.domain.test_desk import CODE, DUE, PAPERS, accepted, receive, submitted, told
from tests.domain.test_money import paid
from tests.domain.test_slips import text_of
from tests.test_race import rush
from tests.world import MONDAY, World

C = CaseState
pytestmark = pytest.mark.usefixtures("laws_hold")
MISSING = [{"name": "Bản sao căn cước", "form": "certified", "copies": 1}]


def put(dossier: Dossier, state: CaseState) -> None:
    """The case as it would stand had it come here: the state, and the line that says so."""

    def write() -> None:
        held = db.session.get_one(Dossier, dossier.id)
        held.state = state
        if state in (C.ACCEPTED, C.PROCESSING, C.EXTENDED):
            held.due_on, held.official_code = DUE, CODE
        db.session.add(CaseLine(dossier_id=held.id, event="here", state=state, at=MONDAY))

    atomically(write)


def fresh(dossier: Dossier) -> Dossier:
    db.session.rollback()
    return db.session.get_one(Dossier, dossier.id)


def asked(world: World) -> Dossier:
    """Accepted, and asked for one more paper."""
    dossier = accepted(world)
    atomically(decisions.ask_more, dossier, world.act(world.officer), MISSING, "incomplete", "Thiếu bản sao căn cước")
    return fresh(dossier)


def messages() -> list[str]:
    return told()


# ---- the table ------------------------------------------------------------------------------------------------------


@pytest.mark.dialects("sqlite")
def test_a_step_is_taken_from_the_states_of_the_table_by_those_it_is_given_to_and_by_nobody_else(world: World) -> None:
    dossier = submitted(world).dossier
    everybody: list[User | None] = [
        None, world.courier, world.clerk, world.officer, world.lead, world.dispatcher, world.supervisor, world.admin,
    ]  # fmt: skip
    for state in CaseState:
        put(dossier, state)
        for event, case in CASES.items():
            for user in everybody:
                allowed = case.who & {Who.LINK, Who.PACKET} or user in (
                    (world.lead,) if case.who == {Who.LEAD} else (world.officer, world.lead)
                )  # fmt: skip
                held = fresh(dossier)
                earlier = dossiers.before(held)
                try:
                    dossiers.move(held, event, world.act(user))
                except NotAllowed as refusal:
                    assert (refusal.key, bool(allowed)) == ("case_not_yours", False), (state, event, user)
                except Refused as refusal:
                    ruled = refusal.key in case.rules and state in case.source
                    assert allowed and (ruled or (refusal.key == f"case_{event}" and state not in case.source))
                    assert refusal.key in SENTENCES
                else:
                    assert allowed and state in case.source, (state, event, user)
                    assert held.state == (earlier if case.target is BACK else case.target or state)
    put(dossier, C.SUBMITTED)


def test_every_state_is_reached_and_left_and_has_its_code_on_the_portal() -> None:
    reached = {C.BOOKED} | {case.target for case in CASES.values() if case.target and case.target is not BACK}
    left = {state for case in CASES.values() for state in case.source}
    assert reached == set(CaseState) == set(PORTAL)
    assert left == set(CaseState) - {C.CANCELLED}
    assert {code for code in PORTAL.values() if code} == set(range(1, 11))
    assert all(any(case.target is BACK and state in case.source for case in CASES.values()) for state in ASIDE)


def test_every_rule_and_every_step_says_why_not() -> None:
    keys = {f"case_{event}" for event in CASES} | {rule for case in CASES.values() for rule in case.rules}
    assert keys <= set(SENTENCES)
    assert {rule for case in CASES.values() for rule in case.rules} == set(dossiers.RULES)


# ---- refusal ----------------------------------------------------------------------------------------------------


def test_a_refusal_says_why_is_numbered_and_every_paper_goes_home(world: World) -> None:
    packet = submitted(world)
    dossier, act = packet.dossier, world.act(world.officer)
    atomically(decisions.refuse, dossier, act, "not_competent", "Nộp tại văn phòng đăng ký đất đai")
    dossier = fresh(dossier)
    assert (dossier.state, dossiers.portal_code(dossier), messages()[-1]) == (C.NOT_ACCEPTED, 3, "not_accepted")
    form = forms.get(dossier, "refusal")
    assert (form.number, form.facts["reason"], len(form.facts["papers"])) == ("0001/TC-HS", "not_competent", 3)
    home = atomically(decisions.return_papers, dossier, act, "NP0051902")
    again = atomically(decisions.return_papers, fresh(dossier), act, "NP0051902")
    assert again.id == home.id
    home = world.fresh(home)
    assert (home.kind, home.way, home.state, len(home.papers)) == (Kind.RETURNED_PAPERS, Way.OUT, State.WAITING, 3)
    assert visits.open_visit(home.id) and messages()[-1] == "papers_sent"
    with pytest.raises(Refused, match="nothing_to_return"):
        atomically(decisions.return_papers, fresh(dossier), act, "NP0051903")
    atomically(results.hand_over, home, act, wet_seen=True)
    dossier = fresh(dossier)
    assert (dossier.state, dossiers.portal_code(dossier)) == (C.CLOSED, 3)
    assert all(paper.home_at for paper in dossier.papers)


@pytest.mark.parametrize(
    ("reason", "words", "key"),
    [
        ("", "", "reason_needed"),
        ("nonsense", "", "reason_needed"),
        ("other", " ", "words_needed"),
        ("other", "x" * 501, "words_long"),
    ],
)
def test_a_refusal_without_a_reason_is_none(world: World, reason: str, words: str, key: str) -> None:
    dossier = submitted(world).dossier
    with pytest.raises(Invalid, match=key):
        atomically(decisions.refuse, dossier, world.act(world.officer), reason, words)
    assert fresh(dossier).state is C.SUBMITTED and forms.given(dossier) == []


def test_the_stranger_decides_nothing(world: World) -> None:
    dossier = submitted(world).dossier
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(decisions.refuse, dossier, world.act(world.strange_officer), "no_right", "")


# ---- supplement -------------------------------------------------------------------------------------------------


def test_more_papers_are_asked_for_once_and_come_by_post_and_the_time_begins_anew(world: World) -> None:
    dossier = asked(world)
    assert (dossier.state, messages()[-1]) == (C.SUPPLEMENT_REQUIRED, "supplement_required")
    assert forms.get(dossier, "supplement").number == "0001/HDHS"
    assert dossier.supplement_by == today(MONDAY) + timedelta(days=30)
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    visit = atomically(booking.bring_more, dossier, offer.key, world.act(None))
    assert atomically(booking.bring_more, fresh(dossier), offer.key, world.act(None)).id == visit.id
    packet = world.fresh(db.session.get_one(Packet, visit.packet_id))
    assert (packet.kind, [paper.name for paper in packet.papers]) == (Kind.SUPPLEMENT, ["Bản sao căn cước"])
    packet = world.collected(world.phone(world.second_courier), packet)
    later = MONDAY + timedelta(days=2)
    manifest = atomically(
        reception.receive, packet, world.act(world.officer, later), head=packet.head, seal="NP0045821",
        counts={paper.position: 1 for paper in packet.papers}, giver_by=Word.SIGNED_PRINT,
    )  # fmt: skip
    dossier = fresh(dossier)
    assert manifest.receipt_no and messages()[-1] == "supplied"
    assert queues.at_desk(packets.by_number(dossier.number)) == "ready"  # of the supplement, which is the newest
    assert (dossier.state, dossier.counted_from, dossier.due_on) == (C.PROCESSING, later, date(2026, 11, 30))
    assert dossier.submitted_at == MONDAY and dossiers.portal_code(dossier) == 4
    with pytest.raises(Refused, match="supplement_once"):
        atomically(decisions.ask_more, dossier, world.act(world.officer), MISSING, "incomplete", "")


def test_a_supplement_that_is_short_keeps_the_clock_standing_until_the_rest_is_brought(world: World) -> None:
    dossier, act = accepted(world), world.act(world.officer)
    two = [*MISSING, {"name": "Tờ khai ký lại", "form": "original", "copies": 1}]
    atomically(decisions.ask_more, dossier, act, two, "incomplete", "")
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    visit = atomically(booking.bring_more, fresh(dossier), offer.key, world.act(None))
    packet = world.collected(world.phone(), world.fresh(db.session.get_one(Packet, visit.packet_id)))
    first, second = (paper.position for paper in packet.papers)
    receive(world, packet, counts={first: 1, second: 0}, giver_by=Word.SIGNED_PRINT)
    dossier = fresh(dossier)
    assert (dossier.state, messages()[-1]) == (C.SUPPLEMENT_REQUIRED, "supplement_short")
    with pytest.raises(Refused, match="supplement_complete"):
        atomically(decisions.supply, dossier, act, {second: 0}, "desk")
    atomically(decisions.supply, fresh(dossier), act, {second: 1}, "desk")
    assert fresh(dossier).state is C.PROCESSING


def test_what_never_comes_is_waited_for_and_then_refused(world: World) -> None:
    dossier = submitted(world).dossier
    atomically(decisions.ask_more, dossier, world.act(world.officer), MISSING, "incomplete", "", date(2026, 12, 1))
    with pytest.raises(Refused, match="supplement_waited_for"):
        atomically(decisions.refuse, fresh(dossier), world.act(world.officer), "nothing_came", "")
    late = world.act(world.officer, MONDAY + timedelta(days=9))
    atomically(decisions.refuse, fresh(dossier), late, "nothing_came", "")
    assert fresh(dossier).state is C.NOT_ACCEPTED


def test_before_it_is_accepted_a_complete_dossier_is_to_be_decided_again(world: World) -> None:
    dossier, act = submitted(world).dossier, world.act(world.officer)
    atomically(decisions.ask_more, dossier, act, MISSING, "incomplete", "")
    dossier = fresh(dossier)
    atomically(
        decisions.supply, dossier, act, {paper.position: 1 for paper in dossiers.still_missing(dossier)}, "online"
    )
    assert fresh(dossier).state is C.SUBMITTED
    atomically(desk.accept, fresh(dossier), act, CODE, DUE)
    assert forms.get(fresh(dossier), "receipt").number == "0001/TN-HS"


@pytest.mark.parametrize(
    "papers", [[], [MISSING[0] | {"name": " "}], [MISSING[0] | {"form": "data"}], [MISSING[0] | {"copies": 0}]]
)
def test_asking_for_nothing_is_no_request(world: World, papers: list[dict[str, Any]]) -> None:
    dossier = submitted(world).dossier
    with pytest.raises(Invalid, match="supplement_papers"):
        atomically(decisions.ask_more, dossier, world.act(world.officer), papers, "incomplete", "")
    assert len(fresh(dossier).papers) == 3


# ---- extension --------------------------------------------------------------------------------------------------


def test_a_day_is_put_off_once_in_time_and_by_who_leads_the_desk(world: World) -> None:
    dossier = accepted(world)
    new = date(2026, 12, 4)

    def extend(user: User, day: date = new, at: timedelta = timedelta()) -> None:
        atomically(
            decisions.extend,
            fresh(dossier),
            world.act(user, MONDAY + at),
            day,
            "verification",
            "",
            "ours",
            "Đã thẩm tra",
        )

    with pytest.raises(NotAllowed, match="case_not_yours"):
        extend(world.officer)
    with pytest.raises(Refused, match="extend_in_time"):
        extend(world.lead, at=timedelta(days=4))
    with pytest.raises(Invalid, match="due_not_later"):
        extend(world.lead, DUE)
    with pytest.raises(Invalid, match="due_closed"):
        extend(world.lead, date(2026, 12, 5))
    extend(world.lead)
    held = fresh(dossier)
    assert (held.state, held.due_on, messages()[-1]) == (C.EXTENDED, new, "extended")
    assert forms.get(held, "apology").facts["was"] == DUE.isoformat()
    for _ in range(2):
        with pytest.raises(Refused, match="case_extend"):
            extend(world.lead, date(2026, 12, 11))
    put(dossier, C.PROCESSING)  # after a fee, say
    with pytest.raises(Refused, match="extend_once"):
        extend(world.lead, date(2026, 12, 11))


# ---- fees -------------------------------------------------------------------------------------------------------


def test_a_fee_holds_the_work_until_it_is_paid(world: World) -> None:
    dossier, act = accepted(world), world.act(world.officer)
    with pytest.raises(Invalid, match="fee_amount"):
        atomically(decisions.ask_fee, dossier, act, 0, "")
    atomically(decisions.ask_fee, fresh(dossier), act, 15_000, "Lệ phí")
    held = fresh(dossier)
    assert (held.state, held.fee_due, dossiers.portal_code(held)) == (C.FEE_REQUIRED, 15_000, 6)
    with pytest.raises(Refused, match="case_ready"):
        atomically(desk.ready, held, act, PAPERS)
    with pytest.raises(Invalid, match="receipt_needed"):
        atomically(decisions.pay, fresh(dossier), act, " ")
    atomically(decisions.pay, fresh(dossier), act, "BL 0001")
    held = fresh(dossier)
    assert (held.state, held.fee_due, messages()[-2:]) == (C.PROCESSING, None, ["fee_required", "fee_paid"])


# ---- stopping ---------------------------------------------------------------------------------------------------


def test_a_wish_to_stop_is_answered_and_the_papers_go_home(world: World) -> None:
    dossier, act = accepted(world), world.act(world.officer)
    atomically(decisions.ask_stop, dossier, world.act(None))
    atomically(decisions.ask_stop, fresh(dossier), world.act(None))  # the same form again
    assert messages().count("stop_requested") == 1
    with pytest.raises(Refused, match="case_ready"):
        atomically(desk.ready, fresh(dossier), act, PAPERS)
    atomically(decisions.stop, fresh(dossier), act)
    held = fresh(dossier)
    form = forms.get(held, "stop")
    assert (held.state, form.facts["online"], form.facts["stage"]) == (C.STOPPED, True, "processing")
    assert len(decisions.to_return(held)) == 3
    with pytest.raises(Refused, match="case_ask_stop"):
        atomically(decisions.ask_stop, fresh(dossier), world.act(None))


def test_what_is_decided_cannot_be_stopped_and_goes_on_where_it_was(world: World) -> None:
    dossier = asked(world)
    atomically(decisions.ask_stop, dossier, world.act(None))
    atomically(decisions.go_on, fresh(dossier), world.act(world.officer), "withdrawn")
    dossier = fresh(dossier)
    assert (dossier.state, messages()[-1]) == (C.SUPPLEMENT_REQUIRED, "went_on")
    atomically(
        decisions.supply, dossier, world.act(world.officer),
        {paper.position: 1 for paper in dossiers.still_missing(dossier)}, "desk",
    )  # fmt: skip
    assert fresh(dossier).state is C.PROCESSING  # not back to the wish


@pytest.mark.parametrize("is_signed", [True, False])
def test_papers_that_came_while_a_stop_was_asked_for_count_since_their_list_was_signed(
    world: World, is_signed: bool
) -> None:
    dossier = asked(world)
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    visit = atomically(booking.bring_more, dossier, offer.key, world.act(None))
    packet = world.collected(world.phone(), world.fresh(db.session.get_one(Packet, visit.packet_id)))
    atomically(decisions.ask_stop, fresh(dossier), world.act(None))
    signed, on, later = (MONDAY + timedelta(days=days) for days in (2, 7, 8))
    counts = {paper.position: 1 for paper in packet.papers}
    if is_signed:
        act = world.act(world.officer, signed)
        facts: dict[str, Any] = {"head": packet.head, "seal": "NP0045821", "counts": counts}
        atomically(lambda: reception.receive(packet, act, giver_by=Word.SIGNED_PRINT, **facts))
    else:  # counted, and the courier's word for the list is wanted
        act = world.act(world.officer, signed)
        atomically(bags.take_in, packet, world.courier, act)
        manifest = atomically(lambda: bags.close(world.courier, act, "a list", rest_is_missing=False))
    assert fresh(dossier).state is C.STOP_REQUESTED
    atomically(decisions.go_on, fresh(dossier), world.act(world.officer, on), "withdrawn")
    if not is_signed:
        assert fresh(dossier).state is C.SUPPLEMENT_REQUIRED
        atomically(reception.giver_says, manifest, world.act(world.officer, later), Word.SIGNED_PRINT)
    dossier, since = fresh(dossier), signed if is_signed else later
    assert (dossier.state, dossier.counted_from) == (C.PROCESSING, since)
    assert dossier.due_on == (date(2026, 11, 30) if is_signed else date(2026, 12, 4))
    assert messages()[-2:] == ["went_on", "supplied"]


# ---- between desks ----------------------------------------------------------------------------------------------


def test_the_wrong_ward_passes_it_on_and_the_day_of_filing_stays(world: World) -> None:
    dossier, act = submitted(world).dossier, world.act(world.officer)
    packet = atomically(decisions.transfer, dossier, act, world.other_desk.id, "not_competent", "NP0051902")
    dossier, packet = fresh(dossier), world.fresh(packet)
    assert (packet.way, packet.kind, packet.holder_id) == (Way.BETWEEN, Kind.TRANSFER, world.desk.party_id)
    assert (dossier.desk_id, dossier.state, dossier.submitted_at) == (world.other_desk.id, C.SUBMITTED, MONDAY)
    there = world.act(world.strange_officer)
    with pytest.raises(Refused, match="papers_on_the_way"):
        atomically(decisions.refuse, dossier, there, "no_right", "")
    with pytest.raises(Refused, match="papers_on_the_way"):
        atomically(desk.accept, fresh(dossier), there, CODE, DUE)
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(decisions.refuse, fresh(dossier), act, "no_right", "")
    phone = world.phone()
    assert world.record(phone.scan(packet, "take", seal="NP0051902")).verdict == "applied"
    packet = world.fresh(packet)
    receive(world, packet, by=world.strange_officer, seal="NP0051902", giver_by=Word.SIGNED_PRINT)
    assert world.fresh(packet).state is State.OPENED
    assert queues.at_desk(packets.by_number(fresh(dossier).number)) == "accept"
    atomically(desk.accept, fresh(dossier), there, CODE, DUE)
    assert (fresh(dossier).state, fresh(dossier).submitted_at) == (C.ACCEPTED, MONDAY)


def test_it_is_passed_on_when_its_count_is_cleared_up_and_not_before(world: World) -> None:
    packet, act = world.collected(world.phone()), world.act(world.officer)
    receive(world, packet, counts={1: 1, 2: 0, 4: 1})
    dossier = world.fresh(packet).dossier
    with pytest.raises(Refused, match="count_open"):
        atomically(decisions.transfer, dossier, act, world.other_desk.id, "not_competent", "NP0051902")
    assert fresh(dossier).desk_id == world.desk.id
    (task,) = tasks.open_about(packet)
    atomically(tasks.close, task, "papers_missing", act)
    atomically(decisions.transfer, fresh(dossier), act, world.other_desk.id, "not_competent", "NP0051902")
    assert fresh(dossier).desk_id == world.other_desk.id


def differs(packet: Packet) -> list[str]:
    """Papers not as promised, by the record of its count."""
    manifest = manifests.of_packet(packet.id)
    assert manifest
    return [paper["name"] for line in manifest.lines for paper in manifests.differences(line)]


def test_what_arrives_short_at_the_other_desk_is_somebodys_there_and_no_record_changes(world: World) -> None:
    first = world.collected(world.phone())
    receive(world, first, counts={1: 1, 2: 0, 4: 1})
    act, there = world.act(world.officer), world.act(world.strange_officer)
    (task,) = tasks.open_about(first)
    atomically(tasks.close, task, "papers_missing", act)
    dossier = world.fresh(first).dossier
    packet = atomically(decisions.transfer, dossier, act, world.other_desk.id, "not_competent", "NP0051902")
    assert [(paper.position, packet.promised(paper)) for paper in world.fresh(packet).papers] == [(1, 1), (4, 1)]
    assert [(paper.name, paper.sheets) for paper in slips.papers_of(world.fresh(packet))] == [
        (paper.name, 1) for paper in packet.papers
    ]
    assert world.record(world.phone().scan(packet, "take", seal="NP0051902")).verdict == "applied"
    receive(
        world, world.fresh(packet), counts={1: 1, 4: 0}, by=world.strange_officer, seal="NP0051902",
        giver_by=Word.SIGNED_PRINT,
    )  # fmt: skip
    packet = world.fresh(packet)
    (task,) = tasks.open_about(packet)
    assert (task.kind, task.office_id) == (TaskKind.COUNT, world.other_desk.id)
    assert [paper.position for paper in packet.papers] == [1, 4], "what is not there was listed all the same"
    names = {paper.position: paper.name for paper in dossier.papers}
    assert differs(packet) == [names[4]]
    assert differs(first) == [names[2]], "signed as it was counted"
    with pytest.raises(Refused, match="count_open"):
        atomically(desk.accept, fresh(dossier), there, CODE, DUE)
    atomically(oversight.close, task, "papers_found", there)
    assert [paper.desk_sheets for paper in fresh(dossier).papers] == [1, 0, 1], "found is what was sent, and no more"
    atomically(desk.accept, fresh(dossier), there, CODE, DUE)


def test_only_a_desk_of_the_province_can_be_the_right_one(world: World) -> None:
    dossier, act = submitted(world).dossier, world.act(world.officer)
    for nowhere in (world.desk.id, world.post.id, 0):
        with pytest.raises(Invalid, match="desk_unknown"):
            atomically(decisions.transfer, fresh(dossier), act, nowhere, "not_competent", "NP0051902")

    def move_away() -> None:
        db.session.get_one(Office, world.other_desk.id).ward.province = "Đồng Nai"

    atomically(move_away)
    with pytest.raises(Invalid, match="desk_unknown"):
        atomically(decisions.transfer, fresh(dossier), act, world.other_desk.id, "not_competent", "NP0051902")


@pytest.mark.parametrize("is_extended", [False, True])
def test_a_linked_procedure_goes_to_the_other_desk_and_comes_back_as_far_as_it_was(
    world: World, is_extended: bool
) -> None:
    dossier = accepted(world)
    atomically(decisions.begin, dossier, world.act(world.officer))
    if is_extended:
        act = world.act(world.lead)
        atomically(decisions.extend, fresh(dossier), act, date(2026, 12, 4), "other_agency", "", "other_agency")
    state, due = fresh(dossier).state, fresh(dossier).due_on
    phone = world.phone()
    ways = (
        (world.officer, world.strange_officer, "NP0051902"), (world.strange_officer, world.officer, "NP0051903"),
    )  # fmt: skip
    for giver, taker, seal in ways:
        assert taker.office_id
        act = world.act(giver)
        packet = atomically(decisions.transfer, fresh(dossier), act, taker.office_id, "linked", seal, "forward")
        assert sees(world, giver, "leaving") == [packet.number] and sees(world, taker, "receive") == []
        assert sees(world, giver, "work") == sees(world, taker, "work") == []  # nobody's to decide on the way
        with pytest.raises(Refused, match="papers_on_the_way"):
            atomically(desk.ready, fresh(dossier), world.act(taker), PAPERS)
        assert world.record(phone.scan(world.fresh(packet), "take", seal=seal)).verdict == "applied"
        assert sees(world, giver, "leaving") == [] and sees(world, taker, "receive") == [packet.number]
        assert tracking.story(fresh(dossier), MONDAY).headline == "between"
        with pytest.raises(Missing):
            scope.packet(giver, packet.number)
        receive(world, world.fresh(packet), by=taker, seal=seal, giver_by=Word.SIGNED_PRINT)
        lines = ledger.lines(world.fresh(packet))
        assert [(line.event, line.taker_id) for line in lines] == [
            ("take", world.courier.party_id), ("receive", taker.holds_as), ("open", taker.holds_as),
        ]  # fmt: skip
        held = fresh(dossier)
        assert (held.desk_id, held.state, held.due_on, held.counted_from) == (taker.office_id, state, due, MONDAY)
        assert scope.dossier(taker, held.number) == held and sees(world, taker, "work") == [held.number]
        with pytest.raises(Missing):
            scope.dossier(giver, held.number)
    assert [line.event for line in fresh(dossier).history][-2:] == ["forward", "forward"]
    assert messages().count("transferred") == 2
    atomically(desk.ready, fresh(dossier), world.act(world.officer), PAPERS)
    assert fresh(dossier).state is C.RESULT_READY


def sees(world: World, user: User, name: str) -> list[str]:
    """Packets on that list of this person's desk."""
    db.session.rollback()
    return [row.packet.number for row in queues.rows(queues.DESK[name], user, MONDAY)]


# ---- closing ----------------------------------------------------------------------------------------------------


def test_a_case_does_not_close_while_an_original_is_out(world: World) -> None:
    def keep_one() -> None:
        db.session.scalars(sa.select(Paper).filter_by(position=4)).one().returned = True

    packet = submitted(world)
    atomically(keep_one)
    dossier, act = packet.dossier, world.act(world.officer)
    atomically(desk.accept, fresh(dossier), act, CODE, DUE)
    atomically(desk.ready, fresh(dossier), act, PAPERS)  # the original is not in the bag
    result = atomically(results.send_result, fresh(dossier), act, "NP0051902", "spoken")
    atomically(results.hand_over, world.fresh(result), act, wet_seen=True)
    held = fresh(dossier)
    assert held.state is C.RESULT_READY and [paper.position for paper in decisions.to_return(held)] == [4]
    assert queues.at_desk(packets.by_number(held.number)) == "papers-home"
    with pytest.raises(Refused, match="original_out"):
        atomically(dossiers.move, held, "close", act)
    story = tracking.story(held, act.at)
    assert (story.headline, story.holder.office) == ("result_home", world.desk.name)
    assert [entry.key for entry in story.entries[-2:]] == ["delivered", "papers_returned"]
    seen = lookups.state_by_number(held.number, "0123", act.at)
    assert seen and seen.headline == "result_home"
    home = atomically(decisions.return_papers, fresh(dossier), act, "NP0051903")
    atomically(results.hand_over, world.fresh(home), act, wet_seen=True)
    assert fresh(dossier).state is C.CLOSED


def test_an_original_in_the_bag_of_the_result_is_home_with_it(world: World) -> None:
    packet = submitted(world)
    dossier, act = packet.dossier, world.act(world.officer)

    def keep_one() -> None:
        db.session.scalars(sa.select(Paper).filter_by(position=4)).one().returned = True

    atomically(keep_one)
    atomically(desk.accept, fresh(dossier), act, CODE, DUE)
    atomically(
        desk.ready, fresh(dossier), act, [*PAPERS, {"name": "Học bạ", "form": "copy", "sheets": 1, "position": 4}]
    )
    result = atomically(results.send_result, fresh(dossier), act, "NP0051902", "spoken")
    atomically(results.hand_over, world.fresh(result), act, wet_seen=True)
    assert fresh(dossier).state is C.CLOSED


# ---- two at one dossier -----------------------------------------------------------------------------------------


def test_the_second_officer_is_told_and_the_same_form_twice_is_one_decision(world: World) -> None:
    dossier = submitted(world).dossier
    seen = decisions.newest(dossier)
    first, second = world.act(world.officer), world.act(world.lead)
    atomically(decisions.refuse, dossier, first, "no_right", "", seen)
    atomically(decisions.refuse, fresh(dossier), first, "no_right", "", seen)  # a double click
    with pytest.raises(Refused) as moved:
        atomically(decisions.refuse, fresh(dossier), second, "no_right", "", seen)
    assert (moved.value.key, moved.value.values["event"]) == ("case_moved", "refuse")
    lines = [line.event for line in fresh(dossier).history]
    assert lines.count("refuse") == 1 and messages().count("not_accepted") == 1
    assert len(forms.given(dossier)) == 1


def test_of_two_officers_who_decide_at_the_same_moment_one_does_and_the_other_is_told(app: Flask, world: World) -> None:
    ids = [submitted(world).dossier.id for _ in range(6)]
    shown = [decisions.newest(db.session.get_one(Dossier, each)) for each in ids]  # both pages show the same step
    officer, lead, keys = world.officer.id, world.lead.id, world.keys
    db.session.rollback()

    def decide(verb: Callable[..., object], dossier_id: int, by: str, *facts: object) -> str:
        def take() -> None:
            act = Act(db.session.get_one(User, by), MONDAY, keys)
            verb(db.session.get_one(Dossier, dossier_id), act, *facts)

        try:
            atomically(take)
        except Refused as refusal:
            assert refusal.key in SENTENCES
            return refusal.key
        return "done"

    claims: list[Callable[[], object]] = []
    for nth, (dossier_id, seen) in enumerate(zip(ids, shown, strict=True)):
        claims.append(partial(decide, desk.accept, dossier_id, officer, code_of(nth), DUE))
        claims.append(partial(decide, decisions.refuse, dossier_id, lead, "no_right", "", seen))
    answers = rush(app, claims)
    for nth, (accepted_, refused) in enumerate(zip(answers[::2], answers[1::2], strict=True)):
        db.session.rollback()
        held = db.session.get_one(Dossier, ids[nth])
        steps = [line.event for line in held.history if line.event in ("accept", "refuse")]
        given = [form.key for form in forms.given(held)]
        if accepted_ == "done":
            assert (refused, steps, given) == ("case_moved", ["accept"], ["receipt"])
            assert (held.state, held.official_code) == (C.ACCEPTED, code_of(nth))
        else:
            assert (accepted_, refused, steps, given) == ("case_accept", "done", ["refuse"], ["refusal"])
            assert (held.state, held.official_code, held.due_on) == (C.NOT_ACCEPTED, None, None)
    serials = sorted((form.key, form.serial) for form in db.session.scalars(sa.select(forms.Form)))
    assert serials == sorted(
        (key, at + 1) for key in ("receipt", "refusal") for at in range(sum(one == key for one, _ in serials))
    )
    assert len(serials) == messages().count("accepted") + messages().count("not_accepted") == len(ids)


def code_of(nth: int) -> str:
    return f"H29.17-261123-{nth:04}"


def test_each_desk_numbers_its_forms_without_a_gap(world: World) -> None:
    for at in range(1, 3):
        dossier = submitted(world).dossier
        atomically(decisions.refuse, dossier, world.act(world.officer), "no_right", "")
        assert forms.get(fresh(dossier), "refusal").number == f"{at:04}/TC-HS"


def test_every_decision_is_in_the_log_without_words(world: World) -> None:
    dossier = submitted(world).dossier
    atomically(decisions.refuse, dossier, world.act(world.officer), "other", "Bà Mơ đã nộp ở nơi khác")
    lines = db.session.scalars(sa.select(AuditLine)).all()
    assert {"refuse", "form"} <= {line.action for line in lines}
    assert not any("Mơ" in str(line.details) for line in lines)
    texts = " ".join(str(message.values) for message in db.session.scalars(sa.select(Message)))
    assert "Mơ" not in texts


def test_the_act_of_a_citizen_is_nobodys(world: World) -> None:
    dossier = submitted(world).dossier
    act = world.act(None)
    assert isinstance(act, Act)
    atomically(decisions.ask_stop, dossier, act)
    assert fresh(dossier).history[-1].user_id is None


def test_packets_list_what_is_in_them(world: World) -> None:
    dossier = asked(world)
    first = packets.of_dossier(dossier.id)[0]
    assert [paper.position for paper in first.papers] == [1, 2, 4]


# ---- after a supplement, after a fee, and never twice ---------------------------------------------------------------


def test_the_new_day_of_the_one_stop_system_is_typed_after_a_supplement_and_only_then(world: World) -> None:
    act = world.act(world.officer)
    with pytest.raises(Refused, match="redate_after_supply"):
        atomically(decisions.redate, accepted(world), act, DUE)
    dossier = db.session.query(Dossier).one()
    atomically(decisions.ask_more, fresh(dossier), act, MISSING, "incomplete", "")
    counts = {paper.position: 1 for paper in dossiers.still_missing(fresh(dossier))}
    atomically(decisions.supply, fresh(dossier), act, counts, "desk")
    counted, before, day = fresh(dossier).due_on, fresh(dossier).state, DUE + timedelta(days=7)
    with pytest.raises(Invalid, match="due_past"):
        atomically(decisions.redate, fresh(dossier), act, today(MONDAY) - timedelta(days=1))
    atomically(decisions.redate, fresh(dossier), act, day)
    held = fresh(dossier)
    assert (held.due_on, held.state, messages()[-1]) == (day, before, "supplied")
    assert counted != day and held.history[-1].event == "redate"


def test_what_may_be_said_once_is_not_offered_again(world: World) -> None:
    assert "ask_more" in queues.steps_open(accepted(world), world.officer, today(MONDAY))
    dossier = db.session.query(Dossier).one()
    assert "redate" not in queues.steps_open(dossier, world.officer, today(MONDAY))
    atomically(decisions.ask_more, dossier, world.act(world.officer), MISSING, "incomplete", "")
    counts = {paper.position: 1 for paper in dossiers.still_missing(fresh(dossier))}
    atomically(decisions.supply, fresh(dossier), world.act(world.officer), counts, "desk")
    offered = queues.steps_open(fresh(dossier), world.officer, today(MONDAY))
    assert "ask_more" not in offered and "redate" in offered


def test_a_day_is_not_offered_to_be_put_off_once_it_is_too_late(world: World) -> None:
    dossier = accepted(world)
    assert dossier.due_on
    assert "extend" in queues.steps_open(dossier, world.lead, dossier.due_on - timedelta(days=1))
    assert "extend" not in queues.steps_open(dossier, world.lead, dossier.due_on)


def test_a_fee_paid_to_the_ward_is_the_wards_and_never_the_posts(world: World) -> None:
    dossier, act = accepted(world), world.act(world.officer)
    atomically(decisions.ask_fee, dossier, act, 15_000, "")
    atomically(decisions.pay, fresh(dossier), act, "0004127")
    with pytest.raises(Refused, match="case_pay"):
        atomically(decisions.pay, fresh(dossier), act, "0004127")
    parties = (fresh(dossier).citizen.party_id, world.desk.party_id, world.post.party_id, world.courier.party_id)
    held = money.purses(party for party in parties if party)
    assert [held[party].fee for party in parties if party] == [-15_000, 15_000, 0, 0]


@pytest.mark.parametrize("step", ["refuse", "stop"])
@pytest.mark.parametrize("closed", [False, True])
def test_a_fee_paid_at_the_door_goes_home_where_the_ward_does_not_take_or_stops_the_dossier(
    world: World, step: str, closed: bool
) -> None:
    packet, act = paid(world, world.phone()), world.act(world.officer)
    receive(world, packet)
    dossier = fresh(packet.dossier)
    with pytest.raises(Refused, match="^fee_not_held$"):
        atomically(decisions.give_fee_back, dossier, act, "PC 12")
    if step == "refuse":
        atomically(decisions.refuse, dossier, act, "no_right", "")
    else:
        atomically(decisions.ask_stop, dossier, act, "desk")
        atomically(decisions.stop, fresh(dossier), act)
    form = forms.get(fresh(dossier), "refusal" if step == "refuse" else "stop")
    assert form.facts["fee"] == 15_000
    assert "15.000 đ" in "".join(text_of(deskforms.pdf(form, "https://x.vn")))
    if closed:
        put(dossier, C.CLOSED)
    state = fresh(dossier).state
    assert "fee_back" in queues.steps_open(fresh(dossier), world.officer, today(MONDAY))
    with pytest.raises(Invalid, match="receipt_needed"):
        atomically(decisions.give_fee_back, fresh(dossier), act, " ")
    atomically(decisions.give_fee_back, fresh(dossier), act, "PC 12")
    with pytest.raises(Refused, match="^fee_not_held$"):
        atomically(
            decisions.give_fee_back, fresh(dossier), world.act(world.officer, MONDAY + timedelta(hours=1)), "PC 12"
        )
    held = fresh(dossier)
    assert (held.state, messages()[-1]) == (state, "fee_back")
    assert "fee_back" not in queues.steps_open(held, world.officer, today(MONDAY))
    assert money.purse(held.citizen.party_id).fee == 0
    assert money.purse(world.desk.party_id).fee == -15_000  # the courier's and the post's debt to the ward stays
    assert money.purse(world.courier.party_id).fee == 15_000


def test_each_paper_says_where_it_is_until_it_is_back(world: World) -> None:
    packet = world.collected(world.phone())
    assert {paper.place for paper in packet.dossier.papers} == {Place.TRAVELS}
    receive(world, packet, counts={1: 1, 2: 0, 4: 1})
    dossier = fresh(packet.dossier)
    assert [paper.place for paper in dossier.papers] == [Place.KEPT, Place.NOT_FOUND, Place.KEPT]
    atomically(decisions.refuse, dossier, world.act(world.officer), "no_right", "")
    assert len(dossiers.still_out(fresh(dossier))) == 3
    home = atomically(decisions.return_papers, fresh(dossier), world.act(world.officer), "NP0051902")
    assert [paper.place for paper in fresh(dossier).papers] == [Place.RETURNS, Place.NOT_FOUND, Place.RETURNS]
    atomically(results.hand_over, world.fresh(home), world.act(world.officer), wet_seen=True)
    assert [paper.place for paper in fresh(dossier).papers] == [Place.HOME, Place.NOT_FOUND, Place.HOME]
    held = fresh(dossier)
    assert [paper.position for paper in dossiers.still_out(held)] == [2] and held.state is C.NOT_ACCEPTED
    assert tracking.story(held, MONDAY).headline == "paper_gone"


@pytest.mark.dialects("sqlite")
def test_a_stop_nobody_asked_for_is_refused_in_words(world: World) -> None:
    dossier = accepted(world)
    with pytest.raises(Refused, match="case_stop"):
        atomically(decisions.stop, dossier, world.act(world.officer), "Người dân muốn")
    assert fresh(dossier).state is CaseState.ACCEPTED
