"""The ward desk receives with two confirmations, decides, and sends home; a step that fails leaves nothing."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import (
    bodies,
    codes,
    counter,
    day,
    desk,
    dossiers,
    manifests,
    money,
    packets,
    reception,
    results,
    tasks,
    visits,
)
from app.domain.audit import AuditLine
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.manifests import Manifest, Side, Word
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.scans import ScanRow
from app.domain.tasks import TaskKind
from app.domain.visits import Visit, VisitState
from app.errors import Invalid, Missing, Refused
from tests.world import MONDAY, World

CODE = "H29.17-261123-0001"
DUE = date(2026, 11, 27)  # three working days; Tuesday 24/11 is a holiday
PAPERS = [{"name": "Giấy khai sinh", "form": "original", "sheets": 1}]


def receive(world: World, packet: Packet, by: User | None = None, **over: Any) -> Manifest:
    facts: dict[str, Any] = {
        "head": packet.head, "seal": "NP 0045 821", "counts": {1: 1, 2: 1, 4: 1}, "giver_by": Word.PIN,
        "pin": World.PIN, "remark": "",
    }  # fmt: skip
    return atomically(reception.receive, packet, world.act(by or world.officer), **(facts | over))


def submitted(world: World) -> Packet:
    packet = world.collected(world.phone())
    receive(world, packet)
    return world.fresh(packet)


def accepted(world: World) -> Dossier:
    dossier = submitted(world).dossier
    atomically(desk.accept, dossier, world.act(world.officer), CODE, DUE)
    return dossier


def with_result(world: World, return_way: ReturnWay = ReturnWay.HOME) -> Dossier:
    dossier = accepted(world)

    def finish() -> None:
        held = db.session.get_one(Dossier, dossier.id)
        held.return_way = return_way
        desk.ready(held, world.act(world.officer), PAPERS)

    atomically(finish)
    return dossier


def at_desk(world: World) -> Packet:
    """A result for which the citizen calls at the desk."""
    dossier = with_result(world, ReturnWay.DESK)
    return atomically(results.send_result, dossier, world.act(world.officer), "NP0051902", "spoken")


def told() -> list[str]:
    return list(db.session.scalars(sa.select(Message.kind).order_by(Message.id)))


def count(table: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_receiving_with_the_couriers_pin_is_the_legal_submission(world: World) -> None:
    packet = world.collected(world.phone())
    carrier = packet.holder_id
    manifest = receive(world, packet)
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id, packet.flags) == (State.OPENED, world.desk.party_id, [])
    assert (packet.dossier.state, packet.dossier.submitted_at) == (CaseState.SUBMITTED, MONDAY)
    assert (manifest.giver_id, manifest.taker_id) == (carrier, world.desk.party_id)
    assert [(c.side, c.word, c.user_id) for c in manifest.confirmations] == [
        (Side.GIVER, Word.PIN, world.courier.id), (Side.TAKER, Word.PRESENCE, world.officer.id),
    ]  # fmt: skip
    assert manifest.closed_at == world.act().at
    ((line, listed),) = manifests.lines_of(manifest)
    assert (listed.id, line.seal, line.is_intact, line.is_complete) == (packet.id, "NP0045821", True, True)
    assert [paper.desk_sheets for paper in packet.dossier.papers] == [1, 1, 1]
    assert told()[-1] == "submitted"


def test_the_same_form_sent_twice_is_one_record(world: World) -> None:
    packet = world.collected(world.phone())
    head = packet.head
    first = receive(world, packet).receipt_no
    again = receive(world, world.fresh(packet), head=head).receipt_no
    assert (first, count(Manifest), told().count("submitted")) == (again, 1, 1)


def test_a_wrong_pin_leaves_nothing(world: World) -> None:
    packet = world.collected(world.phone())
    scans, lines = count(ScanRow), count(AuditLine)
    with pytest.raises(Refused, match="pin_wrong"):
        receive(world, packet, pin="000000")
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.CARRIED, CaseState.BOOKED)
    assert [paper.desk_sheets for paper in packet.dossier.papers] == [None] * 3
    assert (count(ScanRow), count(AuditLine), count(Manifest)) == (scans, lines, 0)


def test_a_step_that_fails_at_the_end_takes_the_whole_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    packet = world.collected(world.phone())
    scans = count(ScanRow)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(dossiers.outbox, "say", broken)
    with pytest.raises(RuntimeError):
        receive(world, packet)
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state, count(ScanRow), count(Manifest)) == (
        State.CARRIED, CaseState.BOOKED, scans, 0,
    )  # fmt: skip


def test_the_signed_print_replaces_the_pin(world: World) -> None:
    manifest = receive(world, world.collected(world.phone()), giver_by=Word.SIGNED_PRINT, pin="")
    said = manifest.confirmed(Side.GIVER)
    assert said and (said.word, said.user_id) == (Word.SIGNED_PRINT, None)


def test_another_wards_officer_is_told_whose_packet_it_is(world: World) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused) as refusal:
        receive(world, packet, by=world.strange_officer)
    assert (refusal.value.key, refusal.value.values["desk"]) == ("wrong_ward", world.desk.name)
    assert world.fresh(packet).state == State.CARRIED


def test_a_difference_is_received_and_written_down(world: World) -> None:
    packet = world.collected(world.phone())
    manifest = receive(world, packet, counts={1: 1, 2: 0, 4: 2}, remark=" thiếu  bản sao ")
    ((line, _),) = manifests.lines_of(manifest)
    assert (line.is_complete, line.remark) == (False, "thiếu bản sao")
    assert [(paper["promised"], paper["counted"]) for paper in manifests.differences(line)] == [(1, 0), (1, 2)]


@pytest.mark.parametrize(
    ("over", "flags", "kinds"),
    [
        ({"seal": "NP 0045 999"}, ["seal_mismatch"], {TaskKind.SEAL_MISMATCH}),
        ({"intact": False, "remark": "Đã bị bóc"}, [], {TaskKind.DAMAGED}),
    ],
)
def test_another_seal_and_a_broken_one_are_two_peoples_to_count(
    world: World, over: dict[str, Any], flags: list[str], kinds: set[TaskKind]
) -> None:
    packet = world.collected(world.phone())
    receive(world, packet, **over)
    assert world.fresh(packet).flags == flags
    assert {task.kind for task in tasks.open_about(packet)} == kinds


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        ({"counts": {1: 1, 2: 1}}, "counts_missing"),
        ({"counts": {1: 1, 2: 1, 4: -1}}, "counts_missing"),
        ({"seal": "no idea"}, "seal_form"),
        ({"intact": False}, "remark_needed"),
        ({"head": b"\0" * 32}, "page_too_old"),
    ],
)
def test_a_form_that_is_not_right_moves_nothing(world: World, spoil: dict[str, Any], key: str) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused, match=key):
        receive(world, packet, **spoil)
    assert world.fresh(packet).state == State.CARRIED


def test_papers_of_a_cancelled_booking_are_not_opened(world: World) -> None:
    packet = world.collected(world.phone())

    def cancel() -> None:
        db.session.get_one(Dossier, packet.dossier_id).state = CaseState.CANCELLED

    atomically(cancel)
    with pytest.raises(Refused, match="dossier_cancelled"):
        receive(world, world.fresh(packet))


def test_accepting_stores_the_code_and_tells_the_due_day(world: World) -> None:
    dossier = submitted(world).dossier
    assert desk.suggested_due(dossier) == DUE
    act = world.act(world.officer)
    assert atomically(desk.accept, dossier, act, " h29.17-261123-0001 ", DUE) is True
    atomically(desk.accept, dossier, act, CODE, DUE)  # the same form once more
    dossier = db.session.get_one(Dossier, dossier.id)
    assert (dossier.state, dossier.official_code, dossier.due_on) == (CaseState.ACCEPTED, CODE, DUE)
    assert told().count("accepted") == 1


def test_a_code_of_no_known_form_is_stored_with_a_warning(world: World) -> None:
    dossier = submitted(world).dossier
    assert atomically(desk.accept, dossier, world.act(world.officer), "ABC.17-261123-0001", DUE) is False


def test_a_code_belongs_to_one_dossier(world: World) -> None:
    accepted(world)
    second = submitted(world).dossier
    with pytest.raises(Refused, match="official_code_taken"):
        atomically(desk.accept, second, world.act(world.officer), CODE, DUE)


def test_a_due_day_in_the_past_and_an_unreceived_dossier_are_refused(world: World) -> None:
    act = world.act(world.officer)
    dossier = submitted(world).dossier
    with pytest.raises(Invalid, match="due_past"):
        atomically(desk.accept, dossier, act, CODE, MONDAY.date() - timedelta(days=1))
    waiting = world.packet().dossier
    with pytest.raises(Refused, match="case_accept"):
        atomically(desk.accept, waiting, act, CODE, DUE)


def test_only_the_own_desk_decides(world: World) -> None:
    stranger = world.act(world.strange_officer)
    dossier = submitted(world).dossier
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(desk.accept, dossier, stranger, CODE, DUE)
    dossier = with_result(world)
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(desk.ready, dossier, stranger, PAPERS)
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(results.send_result, dossier, stranger, "NP0051902", "spoken")


@pytest.mark.parametrize(("word", "answer"), [("spoken", "reached"), ("unreached", None)])
def test_a_result_goes_home_unasked_about_with_a_word_of_its_officer_alone(
    world: World, word: str, answer: str | None
) -> None:
    dossier, act = with_result(world), world.act(world.officer)
    for said in ("", "perhaps"):
        with pytest.raises(Invalid, match="word_needed"):
            atomically(results.send_result, dossier, act, "NP0051902", said)
    packet = atomically(results.send_result, dossier, act, "NP0051902", word)
    assert atomically(results.send_result, dossier, act, "NP0051902") == packet, "a second sending asks nothing"
    [line] = db.session.query(AuditLine).filter_by(action="result_word")
    assert (line.subject, line.user_id, line.at, line.details["word"]) == (dossier.number, act.by.id, act.at, word)
    assert world.fresh(packet).dossier.answer == answer


def test_nothing_is_asked_of_a_result_that_is_called_for_or_was_spoken_about(world: World) -> None:
    act = world.act(world.officer)
    called_for = atomically(results.send_result, with_result(world, ReturnWay.DESK), act, "NP0051902").dossier_id
    atomically(lambda: setattr(db.session.get_one(Dossier, called_for), "official_code", "X-1"))
    dossier = with_result(world)
    atomically(lambda: setattr(db.session.get_one(Dossier, dossier.id), "answer", "no_answer"))
    with pytest.raises(Invalid, match="word_needed"):
        atomically(results.send_result, dossier, act, "NP0051903")
    atomically(lambda: setattr(db.session.get_one(Dossier, dossier.id), "answer", "reached"))
    atomically(results.send_result, dossier, act, "NP0051903")
    assert db.session.query(AuditLine).filter_by(action="result_word").count() == 0


def test_the_seal_that_was_on_the_way_in_closes_nothing_again(world: World) -> None:
    dossier = with_result(world)
    [came] = packets.of_dossier(dossier.id)
    with pytest.raises(Refused, match="seal_used") as refused:
        atomically(results.send_result, dossier, world.act(world.officer), came.seal, "spoken")
    assert refused.value.values["number"] == came.number
    assert atomically(results.send_result, dossier, world.act(world.officer), "NP0051902", "spoken").seal == "NP0051902"


def test_a_same_day_procedure_received_after_three_is_due_on_the_next_working_day(world: World) -> None:
    dossier = submitted(world).dossier
    dossier.procedure.days = 0
    assert desk.suggested_due(dossier) == MONDAY.date()
    dossier.counted_from = MONDAY.replace(hour=15)
    assert desk.suggested_due(dossier) == MONDAY.date() + timedelta(days=2)  # Tuesday is a holiday


def test_a_result_needs_at_least_one_paper(world: World) -> None:
    dossier, act = accepted(world), world.act(world.officer)
    for papers in ([], [PAPERS[0] | {"sheets": 0}], [PAPERS[0] | {"name": " "}], [PAPERS[0] | {"form": "data"}]):
        with pytest.raises(Invalid, match="result_papers"):
            atomically(desk.ready, dossier, act, papers)


def test_a_result_that_goes_home_has_its_own_slip_a_visit_and_a_code(world: World) -> None:
    dossier = with_result(world)
    act = world.act(world.officer)
    packet = atomically(results.send_result, dossier, act, "np 0051 902", "spoken")
    again = atomically(results.send_result, dossier, act, "NP0051902", "spoken")
    packet = world.fresh(packet)
    assert again.id == packet.id
    assert (packet.way, packet.state, packet.holder_id) == (Way.OUT, State.WAITING, world.desk.party_id)
    assert (packet.seals, packet.slip.issue) == (["NP0051902"], 1)
    visit = db.session.scalar(sa.select(Visit).filter_by(packet_id=packet.id))
    assert visit and visit.state == VisitState.SCHEDULED
    assert count(codes.DoorCode) >= 1
    with pytest.raises(Refused, match="result_sent"):
        atomically(results.send_result, dossier, act, "NP0051903", "spoken")


def test_a_fee_due_with_the_result_is_paid_to_the_ward_before_it_is_handed_over(world: World) -> None:
    packet, act = at_desk(world), world.act(world.officer)
    atomically(lambda: setattr(world.fresh(packet).dossier.procedure, "fee_at_delivery", True))
    packet = world.fresh(packet)
    assert results.fee_due(packet) == 15_000
    with pytest.raises(Invalid, match="receipt_needed"):
        atomically(results.hand_over, packet, act, wet_seen=True)
    assert world.fresh(packet).state is State.WAITING and money.purse(world.desk.party_id).fee == 0
    for _ in range(2):  # a double click
        atomically(results.hand_over, world.fresh(packet), act, wet_seen=True, receipt="BL 0007")
    assert world.fresh(packet).state is State.DELIVERED
    assert money.purse(world.desk.party_id).fee == 15_000
    assert money.purse(packet.dossier.citizen.party_id) == money.Purse(fee=-15_000)


def test_a_result_called_for_at_the_desk_is_handed_over_with_the_code_and_closes_the_dossier(
    world: World,
) -> None:
    packet = at_desk(world)
    assert told()[-1] == "result_at_desk"
    assert db.session.scalar(sa.select(Visit).filter_by(packet_id=packet.id)) is None
    message = db.session.scalars(sa.select(Message).order_by(Message.id.desc())).first()
    assert message
    head, act = packet.head, world.act(world.officer)
    atomically(results.hand_over, packet, act, head=head, code=message.values["code"])
    atomically(results.hand_over, packet, act, head=head, code=message.values["code"])
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.DELIVERED, CaseState.CLOSED)
    assert packet.holder_id == packet.dossier.citizen.party_id


def test_a_signed_slip_is_as_good_as_the_code_and_a_wrong_code_is_not(world: World) -> None:
    packet, act = at_desk(world), world.act(world.officer)
    with pytest.raises(Refused, match="custody_proof_missing"):
        atomically(results.hand_over, packet, act, code="000000")
    with pytest.raises(Invalid, match="proof_needed"):
        atomically(results.hand_over, packet, act)
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(results.hand_over, packet, world.act(world.strange_officer), wet_seen=True)
    assert world.fresh(packet).state == State.WAITING
    atomically(results.hand_over, packet, act, wet_seen=True)
    assert world.fresh(packet).state == State.DELIVERED


def test_somebody_the_citizen_sent_is_given_it_with_a_letter_and_family_without_one_is_not(world: World) -> None:
    packet, act = at_desk(world), world.act(world.officer)
    with pytest.raises(Invalid, match="letter_needed"):
        atomically(results.hand_over, packet, act, wet_seen=True, letter=False)
    assert world.fresh(packet).state == State.WAITING
    atomically(results.hand_over, packet, act, wet_seen=True, letter=True)
    told = [bodies.read(row.body, row.sig) for row in db.session.scalars(sa.select(ScanRow))]
    (handed,) = (scan for scan in told if scan.event == "deliver")
    assert {("RECIPIENT", "authorised"), ("AUTHORISATION", "seen")} <= set(handed.proof)


def test_whom_the_citizen_names_is_told_to_the_courier_and_never_to_a_scan(world: World) -> None:
    packet = atomically(results.send_result, with_result(world), world.act(world.officer), "NP0051902", "spoken")
    citizen = packet.dossier.citizen
    facts = {"phone": citizen.phone, "second_phone": "", "street": citizen.street, "proxy": " Nguyễn  Văn Cam "}
    atomically(lambda: results.reconfirm(packet.dossier, world.act(world.officer), "reached", **facts))
    world.on_round(world.fresh(packet))
    visit = visits.open_visit(packet.id)
    assert visit and day.stop(visit)["person"]["proxy"] == "Nguyễn Văn Cam"
    (line,) = db.session.scalars(sa.select(AuditLine).where(AuditLine.action == "reconfirmed"))
    assert line.details["changed"] == ["proxy"] and "Cam" not in str(line.details)
    with pytest.raises(Invalid, match="text_long"):
        atomically(
            lambda: results.reconfirm(
                packet.dossier, world.act(world.officer), "reached", **facts | {"proxy": "x" * 121}
            )
        )


def test_what_a_number_was_sent_that_is_the_citizens_no_more_opens_nothing(world: World) -> None:
    packet = atomically(results.send_result, with_result(world), world.act(world.officer), "NP0051902", "spoken")
    citizen, link, code = packet.dossier.citizen, packet.dossier.secret, world.code(packet, Purpose.DELIVER)
    was, facts = citizen.phone, {"phone": "0900 000 777", "second_phone": "", "street": citizen.street}

    def fits(code: str) -> bool:
        act = world.act()
        return codes.check(world.fresh(packet), Purpose.DELIVER, b"a scan", code, act.keys, act.at, counts=False)

    def ask() -> list[Message]:
        seen = db.session.scalar(sa.select(sa.func.max(Message.id))) or 0
        atomically(lambda: results.reconfirm(packet.dossier, world.act(world.officer), "reached", **facts))
        return list(db.session.scalars(sa.select(Message).where(Message.id > seen).order_by(Message.id)))

    assert fits(code)
    left, told, again = ask()
    assert not fits(code) and fits(again.values["code"])
    with pytest.raises(Missing, match="link_unknown"):
        dossiers.by_secret(link)
    now_ = world.fresh(packet).dossier.secret
    assert (left.phone, left.kind, left.values) == (was, "phone_left", {"number": packet.dossier.number})
    assert {(one.phone, one.kind, one.values["secret"]) for one in (told, again)} == {
        ("+84900000777", "phone_changed", now_), ("+84900000777", "code_again", now_),
    }  # fmt: skip
    assert ask() == [] and world.fresh(packet).dossier.secret == now_, "the same number said again"


def test_a_citizen_who_comes_first_frees_the_couriers_place(world: World) -> None:
    packet = atomically(results.send_result, with_result(world), world.act(world.officer), "NP0051902", "spoken")
    atomically(results.hand_over, packet, world.act(world.officer), wet_seen=True)
    visit = db.session.scalar(sa.select(Visit).filter_by(packet_id=packet.id))
    assert visit and (visit.state, visit.slot.taken) == (VisitState.CANCELLED, 0)


def test_an_undelivered_result_comes_back_unopened_and_can_be_sent_again(world: World) -> None:
    packet = atomically(results.send_result, with_result(world), world.act(world.officer), "NP0051902", "spoken")
    world.on_round(world.fresh(packet))
    phone = world.phone()
    world.record(phone.scan(world.fresh(packet), "take", seal="NP0051902"))
    world.record(phone.scan(world.fresh(packet), "decline", reason="refused", next="back_to_desk"))
    packet = world.fresh(packet)
    assert day.packet(packet)["goes_back"] is True
    with pytest.raises(Refused, match="not_inbound"):
        receive(world, packet)
    with pytest.raises(Refused, match="pin_wrong"):
        atomically(reception.take_back, packet, world.act(world.officer), head=packet.head, seal="NP0051902",
                   giver_by=Word.PIN, pin="1")  # fmt: skip
    atomically(reception.take_back, packet, world.act(world.officer), head=packet.head, seal="NP0051902",
               giver_by=Word.PIN, pin=World.PIN)  # fmt: skip
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id, packet.dossier.state) == (
        State.AT_DESK, world.desk.party_id, CaseState.RESULT_READY,
    )  # fmt: skip
    assert told()[-1] == "result_at_desk"
    atomically(results.send_again, packet, world.act(world.officer))
    newest = db.session.scalars(sa.select(Visit).filter_by(packet_id=packet.id).order_by(Visit.id.desc())).first()
    assert newest and (newest.state, newest.attempt) == (VisitState.SCHEDULED, 2)


def test_the_post_office_hands_over_by_a_signed_print_only(world: World) -> None:
    packet = world.collected(world.phone())
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    packet = world.fresh(packet)
    with pytest.raises(Invalid, match="pin_needs_courier"):
        receive(world, packet)
    receive(world, packet, giver_by=Word.SIGNED_PRINT)
    assert world.fresh(packet).state == State.OPENED
