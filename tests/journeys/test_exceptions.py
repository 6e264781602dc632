"""What may go wrong with a dossier, row by row: where each row is shown, and the journeys that are shown nowhere else."""

import ast
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import booking, corrections, counter, desk, packets, queues, repeats, results, tasks, visits, watch
from app.domain.bodies import Extra
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.money import MoneyLine
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import Act
from app.domain.tasks import TaskKind
from app.domain.visits import VisitState
from app.errors import Refused
from tests.conftest import signing_in
from tests.domain.test_desk import CODE, DUE, receive, with_result
from tests.domain.test_repeats import at_desk
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
HERE = "journeys/test_exceptions.py"
ROWS = {
    "citizen absent at pickup": [(HERE, "test_twice_nobody_at_home_closes_the_booking_and_it_may_be_made_anew")],
    "courier no-show": [(HERE, "test_a_courier_who_does_not_come_is_missed_and_the_citizen_hears_an_apology_once")],
    "incomplete at the door": [(HERE, "test_papers_missing_at_the_door_are_noted_and_no_difference_at_the_desk")],
    "desk finds it incomplete": [
        ("domain/test_decisions.py", "test_more_papers_are_asked_for_once_and_come_by_post_and_the_time_begins_anew"),
        ("domain/test_decisions.py", "test_a_supplement_that_is_short_keeps_the_clock_standing_until_the_rest_is_brought"),
    ],
    "count mismatch at the desk": [
        (HERE, "test_other_papers_than_on_the_slip_are_cleared_up_before_anybody_accepts"),
        ("domain/test_joint_count.py", "test_the_record_is_printed_with_its_lines_its_exceptions_and_the_moment"),
    ],
    "refused by the desk": [("domain/test_decisions.py", "test_a_refusal_says_why_is_numbered_and_every_paper_goes_home")],
    "wrong ward, old address": [
        ("domain/test_decisions.py", "test_the_wrong_ward_passes_it_on_and_the_day_of_filing_stays"),
        ("domain/test_booking.py", "test_an_old_ward_name_finds_its_khu_pho_and_todays_desk"),
    ],
    "damaged envelope": [(HERE, "test_a_torn_bag_is_counted_by_two_and_goes_on_under_a_new_seal")],
    "lost": [
        (HERE, "test_a_result_lost_for_good_is_issued_and_sent_anew_and_the_case_closes"),
        ("domain/test_incidents.py", "test_what_the_post_owes_is_four_times_the_postage_and_nobody_else_pays"),
        ("views/test_every_matter.py", "test_a_matter_is_told_owned_due_and_can_be_settled"),
    ],
    "original travels": [("domain/test_decisions.py", "test_a_case_does_not_close_while_an_original_is_out")],
    "shown-only paper": [(HERE, "test_what_the_ward_looks_up_is_never_asked_for")],
    "result needs a signature": [("views/test_booking.py", "test_what_cannot_go_by_post_is_shown_and_says_where_to_go")],
    "old paper must be surrendered": [
        (HERE, "test_what_is_refused_at_the_door_stays_with_the_courier"),
        ("domain/test_door.py", "test_old_papers_are_named_by_the_desk_and_ticked_off_at_the_door"),
    ],
    "fee unknown, overpaid, refused": [
        ("domain/test_decisions.py", "test_a_fee_holds_the_work_until_it_is_paid"),
        (HERE, "test_what_is_refused_at_the_door_stays_with_the_courier"),
    ],
    "late result": [
        ("domain/test_decisions.py", "test_a_day_is_put_off_once_in_time_and_by_who_leads_the_desk"),
        ("views/test_tracking.py", "test_a_late_dossier_is_called_late"),
    ],
    "same-day procedure": [
        ("domain/test_desk.py", "test_a_same_day_procedure_received_after_three_is_due_on_the_next_working_day")
    ],
    "recipient absent": [("domain/test_shelf.py", "test_two_letters_two_working_days_apart_and_then_it_goes_back_to_its_desk")],
    "recipient dead, moved, wrong phone": [(HERE, "test_who_has_moved_is_asked_by_the_desk_and_the_result_goes_to_the_new_address")],
    "another person receives": [
        ("domain/test_desk.py", "test_somebody_the_citizen_sent_is_given_it_with_a_letter_and_family_without_one_is_not")
    ],
    "stop or withdraw": [
        ("domain/test_decisions.py", "test_a_wish_to_stop_is_answered_and_the_papers_go_home"),
        ("domain/test_decisions.py", "test_what_is_decided_cannot_be_stopped_and_goes_on_where_it_was"),
    ],
    "mass results": [("views/test_results.py", "test_many_results_are_sealed_in_one_go_and_a_seal_twice_is_told_at_its_row")],
    "network or one-stop outage": [
        ("domain/test_paper.py", "test_a_collection_on_paper_is_the_couriers_and_keeps_both_times"),
        ("domain/test_desk.py", "test_the_signed_print_replaces_the_pin"),
    ],
    "impersonation, fraudulent slip, duplicate code": [
        (HERE, "test_what_is_refused_at_the_door_stays_with_the_courier"),
        ("domain/test_conflicts.py", "test_a_photocopied_slip_on_a_second_bag_never_counts_and_both_bags_are_looked_for"),
        ("domain/test_conflicts.py", "test_16_a_packet_nobody_knows_under_a_slip_we_did_not_make_is_set_apart"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_shown_by_a_test_that_is_there(row: str) -> None:
    for path, name in ROWS[row]:
        tree = ast.parse((Path(__file__).parents[1] / path).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"{path}: {name}"


def told(world: World, kind: str) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Message).filter_by(kind=kind)) or 0


def again(world: World, packet: Packet) -> None:
    offer = next(one for one in visits.offers(world.post, MONDAY + timedelta(days=4)) if one.left)
    atomically(booking.rebook, world.fresh(packet).dossier, offer.key, Act(None, MONDAY, world.keys))


def missed(world: World, packet: Packet, reason: str, event: str = "miss") -> Packet:
    world.on_round(packet)
    scan = world.phone().scan(world.fresh(packet), event, reason=reason, next="another_day")
    assert world.record(scan).verdict == "applied"
    return world.fresh(packet)


def lose(world: World, packet: Packet, searched: Callable[[Packet], object] = lambda packet: None) -> Packet:
    """Searched for in vain, and given up by two people. `searched`: what happens in between."""
    head, clerk, act = packet.head, world.clerk, world.act(world.dispatcher)
    atomically(lambda: corrections.lose(packet, act, head=head, reason="not_found", second=clerk))
    searched(world.fresh(packet))
    packet = world.fresh(packet)
    facts = {
        "head": packet.head, "state": State.WRITTEN_OFF, "holder": packet.holder_id, "sighting": "Không tìm thấy",
        "reason": "gone", "second": world.dispatcher,
    }  # fmt: skip
    atomically(lambda: corrections.settle(packet, world.act(world.supervisor), **facts))
    return world.fresh(packet)


def carried(world: World) -> Packet:
    """A result on its round, in the courier's hands."""
    packet = world.packet(Way.OUT)
    world.on_round(packet)
    assert world.record(world.phone().scan(world.fresh(packet), "take")).verdict == "applied"
    return world.fresh(packet)


# ---- on the way in ----------------------------------------------------------------------------------------------


def test_twice_nobody_at_home_closes_the_booking_and_it_may_be_made_anew(world: World) -> None:
    packet = missed(world, world.packet(), "nobody_home")
    assert (packet.dossier.state, told(world, "missed")) == (CaseState.BOOKED, 1)
    again(world, packet)
    packet = missed(world, packet, "papers_not_ready")
    assert (packet.dossier.state, packet.state) == (CaseState.CANCELLED, State.WAITING)
    assert (told(world, "missed"), told(world, "given_up")) == (1, 1)
    assert booking.movable(packet.dossier) is None and not db.session.scalars(sa.select(MoneyLine)).all()


def test_twice_not_by_the_senders_doing_closes_nothing(world: World) -> None:
    packet = missed(world, world.packet(), "courier_late")
    again(world, packet)
    packet = missed(world, packet, "house_not_found")
    assert (packet.dossier.state, told(world, "missed")) == (CaseState.BOOKED, 2)


def test_a_courier_who_does_not_come_is_missed_and_the_citizen_hears_an_apology_once(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = visits.open_visit(packet.id)
    assert visit
    ends = visits.starts_at(visit.slot.day, visit.slot.closes)
    for minutes, matters in ((14, 0), (15, 1), (16, 1)):
        atomically(watch.look, ends + timedelta(minutes=minutes))
        assert [task.kind for task in tasks.open_about(world.fresh(packet))] == [TaskKind.NO_SHOW] * matters
    assert told(world, "not_come") == 1
    again(world, packet)
    atomically(watch.look, ends + timedelta(minutes=17))
    assert tasks.open_about(world.fresh(packet)) == []
    assert repeats.due(packet) == 0


def test_papers_missing_at_the_door_are_noted_and_no_difference_at_the_desk(world: World) -> None:
    packet = world.packet()
    extra = Extra.read({"salt": "c2FsdA==", "papers": [{"position": 1, "sheets": 1}, {"position": 4, "sheets": 1}, {"position": 2, "sheets": 0, "missing": True}]})  # fmt: skip
    proof = [("CODE", world.code(packet))]
    assert world.record(world.phone().scan(packet, "collect", proof=proof, sheets=2, extra=extra)).verdict == "applied"
    packet = world.fresh(packet)
    assert [paper.is_missing for paper in packet.papers] == [False, True, False]
    receive(world, packet, counts={1: 1, 2: 0, 4: 1})
    assert (world.fresh(packet).dossier.state, tasks.open_about(packet)) == (CaseState.SUBMITTED, [])


def test_other_papers_than_on_the_slip_are_cleared_up_before_anybody_accepts(world: World) -> None:
    packet = world.collected(world.phone())
    receive(world, packet, counts={1: 1, 2: 0, 4: 1})
    dossier, officer = world.fresh(packet).dossier, world.act(world.officer)
    assert dossier.state is CaseState.SUBMITTED  # the day of filing is the day of the record
    with pytest.raises(Refused, match="count_open"):
        atomically(desk.accept, dossier, officer, CODE, DUE)
    (task,) = tasks.open_about(packet)
    assert (task.kind, task.office_id) == (TaskKind.COUNT, world.desk.id)
    atomically(tasks.close, task, "papers_missing", officer)
    atomically(desk.accept, dossier, officer, CODE, DUE)
    assert world.fresh(packet).dossier.state is CaseState.ACCEPTED


def test_a_torn_bag_is_counted_by_two_and_goes_on_under_a_new_seal(world: World) -> None:
    packet = world.collected(world.phone())
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    clerk = world.act(world.clerk)
    atomically(corrections.damage, world.fresh(packet), clerk, reason="torn", photo_sha256="ab" * 32)
    (task,) = tasks.open_about(world.fresh(packet))
    with pytest.raises(Refused, match="task_needs_two"):
        atomically(tasks.close, task, "counted_complete", clerk)
    facts = {"old": "NP0045821", "new": "NP0077001", "second": world.dispatcher}
    atomically(lambda: corrections.reseal(world.fresh(packet), clerk, **facts))
    atomically(tasks.close, task, "counted_complete", clerk, world.dispatcher)
    world.record(world.phone().scan(world.fresh(packet), "take", seal="NP0077001"))
    receive(world, world.fresh(packet), seal="NP0077001")
    assert (world.fresh(packet).dossier.state, packet.flags) == (CaseState.SUBMITTED, [])


def test_what_the_ward_looks_up_is_never_asked_for(world: World) -> None:
    packet = world.packet()
    asked = {line.position for line in packet.dossier.procedure.papers}
    assert asked - {paper.position for paper in packet.papers} == {3}  # the residence: from the ward's database
    assert "certified" in {paper.form for paper in packet.papers}  # the identity card as a certified copy


# ---- on the way home --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "event", "reason"),
    [("old paper", "decline", "old_papers_missing"), ("fee", "decline", "fee_not_paid"), ("nobody proves", "miss", "refused_id")],
)  # fmt: skip
def test_what_is_refused_at_the_door_stays_with_the_courier(world: World, row: str, event: str, reason: str) -> None:
    packet = carried(world)
    scan = world.phone().scan(packet, event, reason=reason, next="back_to_desk")
    assert world.record(scan).verdict == "applied"
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.CARRIED, world.courier.party_id)
    visit = visits.current(packet.id)
    assert visit and (visit.state, visit.reason) == (VisitState.MISSED, reason)
    assert packet.dossier.state is CaseState.RESULT_READY


def test_who_has_moved_is_asked_by_the_desk_and_the_result_goes_to_the_new_address(world: World) -> None:
    packet = at_desk(world, "house_not_found")
    said = {"phone": "0900 000 777", "second_phone": "", "street": "7 đường Hoa Cúc"}
    atomically(lambda: results.reconfirm(packet.dossier, world.act(world.officer), "reached", **said))
    atomically(results.send_again, packet, world.act(world.officer, MONDAY + timedelta(minutes=1)))
    packet = world.fresh(packet)
    visit = visits.open_visit(packet.id)
    assert visit and visit.packet.dossier.citizen.street == "7 đường Hoa Cúc"
    world.record(world.phone().scan(packet, "take"))
    home, code = packet.dossier.citizen.party_id, world.code(packet, Purpose.DELIVER)
    scan = world.phone(world.courier).scan(world.fresh(packet), "deliver", taker=home, proof=[("CODE", code)])
    assert world.record(scan).verdict == "applied"
    assert world.fresh(packet).dossier.state is CaseState.CLOSED


def test_a_result_lost_for_good_is_issued_and_sent_anew_and_the_case_closes(world: World) -> None:
    dossier, act = with_result(world), world.act(world.officer)
    first = atomically(results.send_result, dossier, act, "NP0051902", "spoken")
    world.on_round(first)
    phone = world.phone()
    assert world.record(phone.scan(world.fresh(first), "take", seal="NP0051902")).verdict == "applied"
    first = lose(world, world.fresh(first))
    assert (first.state, first.dossier.state) == (State.WRITTEN_OFF, CaseState.RESULT_READY)
    (submission,) = (one for one in packets.of_dossier(first.dossier_id or 0) if one.way is Way.IN)
    assert [row.packet.id for row in queues.rows(queues.DESK["send"], world.officer, MONDAY)] == [submission.id]
    assert queues.at_desk(submission) == "send"
    page = signing_in(world.app)(world.officer).get(f"/desk/packets/{submission.number}").text
    assert "Kết quả đã bị mất" in page and first.number in page
    with pytest.raises(Refused, match="seal_used"):
        atomically(results.send_result, first.dossier, act, "NP0051902", "spoken")
    second = atomically(results.send_result, first.dossier, act, "NP0051903", "spoken")
    again = atomically(results.send_result, first.dossier, act, "NP0051903", "spoken")  # the same form twice
    assert (second.id, queues.count(queues.DESK["send"], world.officer, MONDAY)) == (again.id, 0)
    world.record(phone.scan(world.fresh(second), "take", seal="NP0051903"))
    second = world.fresh(second)
    home, code = second.dossier.citizen.party_id, world.code(second, Purpose.DELIVER)
    told_ = phone.scan(second, "deliver", taker=home, proof=[("CODE", code)], seal="NP0051903")
    assert world.record(told_).verdict == "applied"
    assert world.fresh(second).dossier.state is CaseState.CLOSED
