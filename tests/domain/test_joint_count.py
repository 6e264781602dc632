"""The joint count at the desk: packet after packet, only differences typed, one biên bản, whose second word is the legal
submission; what did not come whole is counted by itself."""

from datetime import timedelta
from typing import Any

import pypdfium2
import pytest

from app.db import atomically, db
from app.domain import bags, booking, decisions, desk, manifests, protocols, queues, reception, tasks, visits
from app.domain.bags import Bag
from app.domain.cases import CaseState
from app.domain.manifests import Found, LineResult, Manifest, Side, Word
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import User
from app.domain.tasks import TaskKind
from app.errors import Invalid, Refused
from tests.domain.test_desk import CODE, DUE, PAPERS, told
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
LATER = MONDAY + timedelta(minutes=5)
SHEETS = {1: 1, 2: 1, 4: 1}


@pytest.fixture
def own(world: World) -> list[Packet]:
    phone = world.phone()
    return [world.collected(phone) for _ in range(3)]


def bag(world: World, courier: User | None = None) -> Bag:
    db.session.rollback()
    return bags.of(world.officer, courier or world.courier, LATER)


def take(world: World, *listed: Packet, by: User | None = None) -> None:
    for one in listed:
        atomically(bags.take_in, world.fresh(one), world.courier, world.act(by or world.officer))


def differ(world: World, packet: Packet, **over: Any) -> None:
    facts: dict[str, Any] = {"seal": "NP 0045 821", "intact": True, "counts": SHEETS, "remark": ""} | over
    atomically(lambda: bags.differ(world.fresh(packet), world.courier, world.act(world.officer), **facts))


def close(world: World, *, missing: bool = False, key: str = "a list", **over: Any) -> Manifest:
    act = world.act(world.officer, LATER)
    over |= {"giver_by": Word.PIN} if "pin" in over else {}
    return atomically(bags.close, world.courier, act, key, rest_is_missing=missing, **over)


def results(manifest: Manifest) -> dict[str, LineResult]:
    return {packet.number: line.result for line, packet in manifests.lines_of(manifest)}


def test_a_whole_bag_is_one_record_and_its_second_word_submits_every_dossier(world: World, own: list[Packet]) -> None:
    assert [len(bag(world).carried), len(bag(world).taken)] == [3, 0]
    take(world, *own)
    assert {world.fresh(one).state for one in own} == {State.AT_DESK}
    manifest = close(world, pin=world.PIN)
    assert set(results(manifest).values()) == {LineResult.MOVED}
    for one in own:
        dossier = world.fresh(one).dossier
        assert (one.state, dossier.state, dossier.submitted_at) == (
            State.OPENED,
            CaseState.SUBMITTED,
            manifest.closed_at,
        )
        assert [paper.desk_sheets for paper in dossier.papers] == [1, 1, 1]
    assert told().count("submitted") == 3


def test_nothing_is_submitted_before_the_couriers_word_and_it_may_come_later(world: World, own: list[Packet]) -> None:
    take(world, *own)
    manifest = close(world)
    first = world.fresh(own[0])
    assert (first.state, first.dossier.state, told().count("submitted")) == (State.OPENED, CaseState.BOOKED, 0)
    assert queues.at_desk(first) is None
    assert queues.counts(queues.DESK, world.officer, LATER)["word"] == 3
    assert bags.unsigned_here(world.officer) == [manifest]
    assert bags.unsigned(world.courier, LATER) == [manifest]
    late = world.act(world.courier, MONDAY + timedelta(hours=2))
    atomically(
        lambda: reception.confirm(
            manifests.by_number(manifest.receipt_no), Side.GIVER, Word.DEVICE, late, world.courier, b"sig"
        )
    )
    assert world.fresh(own[0]).dossier.submitted_at == late.at
    assert bags.unsigned_here(world.officer) == []


def test_the_courier_may_also_confirm_at_the_desks_screen(world: World, own: list[Packet]) -> None:
    take(world, *own)
    manifest = close(world)
    with pytest.raises(Refused, match="pin_wrong"):
        atomically(reception.giver_says, manifest, world.act(world.officer, LATER), Word.PIN, "000000")
    for _ in range(2):  # a double click is one word
        atomically(reception.giver_says, manifest, world.act(world.officer, LATER), Word.PIN, world.PIN)
    assert (world.fresh(own[0]).dossier.state, told().count("submitted")) == (CaseState.SUBMITTED, 3)


def test_a_scan_told_twice_two_officers_and_a_lost_page_make_one_list(world: World, own: list[Packet]) -> None:
    take(world, own[0])
    take(world, own[0], own[1], by=world.lead)
    assert [item.packet.id for item in bag(world).taken] == [own[1].id, own[0].id]
    take(world, own[2])
    manifest = close(world)
    assert close(world) == manifest
    assert manifest.expected == 3
    with pytest.raises(Refused, match="bag_empty"):
        close(world, key="another page")


def test_what_differs_is_typed_for_one_packet_and_taken_back_by_typing_it_as_it_is(
    world: World, own: list[Packet]
) -> None:
    take(world, *own)
    differ(world, own[0], counts=SHEETS | {2: 0}, remark="Không thấy bản sao căn cước")
    differ(world, own[1], counts=SHEETS | {4: 3})
    differ(world, own[1])
    assert [item.short for item in bag(world).taken] == [0, 0, 1]
    manifest = close(world, pin=world.PIN)
    lines = {packet.number: line for line, packet in manifests.lines_of(manifest)}
    complete = {number: line.is_complete for number, line in lines.items()}
    assert complete == {own[0].number: False, own[1].number: True, own[2].number: True}
    assert [paper["name"] for paper in manifests.differences(lines[own[0].number])] == ["Căn cước"]
    assert world.fresh(own[0]).dossier.state is CaseState.SUBMITTED


@pytest.mark.parametrize("over", [{"intact": False}, {"seal": "NP 0099 999"}])
def test_a_packet_that_is_not_whole_stays_closed_and_is_counted_by_itself(
    world: World, own: list[Packet], over: dict[str, Any]
) -> None:
    take(world, *own)
    with pytest.raises(Invalid, match="remark_needed"):
        differ(world, own[0], **over)
    differ(world, own[0], remark="Rách góc", **over)
    manifest = close(world, pin=world.PIN)
    torn = world.fresh(own[0])
    assert (torn.state, torn.dossier.state, queues.at_desk(torn)) == (State.AT_DESK, CaseState.BOOKED, "receive")
    line = next(line for line, packet in manifests.lines_of(manifest) if packet.id == torn.id)
    assert (line.is_intact, not line.is_own_seal) == (over.get("intact", True), "seal" in over)
    alone = atomically(
        reception.receive, torn, world.act(world.officer, LATER), head=torn.head, seal="NP 0045 821", counts=SHEETS,
        giver_by=Word.PIN, pin=world.PIN, remark="Rách góc, đủ giấy", intact=False,
    )  # fmt: skip
    assert alone.giver_id == world.courier.party_id
    assert world.fresh(own[0]).dossier.submitted_at == LATER


def test_a_seal_that_reads_differently_is_evidence_and_two_people_count_once_the_list_is_written(
    world: World, own: list[Packet]
) -> None:
    take(world, *own)
    differ(world, own[0], seal="NP 0099 999", remark="Niêm phong số khác")
    differ(world, own[1], seal="NP 0099 998", remark="Đọc nhầm")
    differ(world, own[1])
    assert [world.fresh(one).flags for one in own] == [[], [], []]
    close(world, pin=world.PIN)
    assert [world.fresh(one).flags for one in own] == [["seal_mismatch"], [], []]
    other = world.fresh(own[0])
    assert [task.kind for task in tasks.open_about(other)] == [TaskKind.SEAL_MISMATCH]
    assert reception.as_listed(other) == Found("NP0099999", True, True, "Niêm phong số khác")
    assert (other.holder_id, other.seals) == (world.desk.party_id, ["NP0045821"])


def test_a_seal_read_when_the_packet_is_counted_by_itself_is_the_same_evidence(world: World, own: list[Packet]) -> None:
    take(world, *own)
    differ(world, own[0], intact=False, remark="Rách góc")
    close(world, pin=world.PIN)
    torn = world.fresh(own[0])
    assert (torn.flags, [task.kind for task in tasks.open_about(torn)]) == ([], [TaskKind.DAMAGED])
    atomically(
        reception.receive, torn, world.act(world.officer, LATER), head=torn.head, seal="NP 0099 999", counts=SHEETS,
        giver_by=Word.SIGNED_PRINT, remark="Số khác", intact=False,
    )  # fmt: skip
    torn = world.fresh(own[0])
    assert (torn.state, torn.flags) == (State.OPENED, ["seal_mismatch"])
    assert {task.kind for task in tasks.open_about(torn)} == {TaskKind.DAMAGED, TaskKind.SEAL_MISMATCH}


def test_a_surplus_packet_is_held_apart_and_a_missing_one_stays_with_the_courier(
    world: World, own: list[Packet]
) -> None:
    other = world.collected(world.phone(world.second_courier))
    take(world, own[0], own[1], other)
    assert [item.is_surplus for item in bag(world).taken] == [True, False, False]
    assert bag(world, world.second_courier).taken == []
    manifest = close(world, missing=True, pin=world.PIN)
    assert results(manifest) == {
        own[0].number: LineResult.MOVED, own[1].number: LineResult.MOVED, own[2].number: LineResult.MISSING,
        other.number: LineResult.SURPLUS,
    }  # fmt: skip
    assert (world.fresh(other).state, other.dossier.state) == (State.AT_DESK, CaseState.BOOKED)
    assert world.fresh(own[2]).holder_id == world.courier.party_id


def test_a_result_nobody_could_be_given_comes_back_in_the_bag_and_waits_here(world: World, own: list[Packet]) -> None:
    result = world.packet(Way.OUT, Kind.RESULT)
    phone = world.phone()
    facts = {"giver": world.desk.party_id, "taker": world.courier.party_id}
    assert world.record(phone.scan(world.fresh(result), "take", **facts)).verdict == "applied"
    assert result.number not in {item.packet.number for item in bag(world).carried}
    take(world, own[0], result)
    close(world, pin=world.PIN)
    assert (world.fresh(result).state, told().count("result_at_desk")) == (State.AT_DESK, 1)
    assert "GIỜ NỘP HỢP PHÁP" in printed(world, manifests.of_packet(own[0].id))
    assert world.record(phone.scan(world.fresh(result), "take", **facts)).verdict == "applied"
    take(world, result)
    alone = printed(world, close(world, key="another", pin=world.PIN))
    assert "GIỜ GIAO NHẬN" in alone and "GIỜ NỘP" not in alone  # nobody submits what the ward itself made


def printed(world: World, manifest: Manifest | None) -> str:
    assert manifest
    paper = pypdfium2.PdfDocument(protocols.pdf(manifest, "https://hoso.vi-du.test", world.keys))
    try:
        return " ".join(page.get_textpage().get_text_range() for page in paper).replace("\xa0", " ")
    finally:
        paper.close()


def test_what_is_not_carried_cancelled_or_anothers_moves_nothing(world: World, own: list[Packet]) -> None:
    with pytest.raises(Refused, match="bag_not_carried"):
        take(world, world.packet())
    with pytest.raises(Refused, match="wrong_ward"):
        take(world, own[0], by=world.strange_officer)
    assert bags.waiting(world.strange_officer, LATER) == []
    with pytest.raises(Refused, match="bag_not_open"):
        differ(world, own[0])
    assert len(bag(world).carried) == 3


def test_the_record_is_printed_with_its_lines_its_exceptions_and_the_moment(world: World, own: list[Packet]) -> None:
    take(world, *own[:2])
    differ(world, own[0], intact=False, remark="Rách góc 3 cm")
    manifest = close(world, missing=True, pin=world.PIN)
    text = printed(world, manifest)
    for words in (
        manifest.receipt_no,
        *(one.number for one in own),
        "Hư bao",
        "Rách góc 3 cm",
        "Thiếu",
        world.officer.name,
        "9 giờ 05",
    ):
        assert words in text, words


def test_a_supplement_in_the_bag_starts_the_clock_anew_with_the_second_word(world: World, own: list[Packet]) -> None:
    take(world, own[0])
    close(world, pin=world.PIN)
    dossier = world.fresh(own[0]).dossier
    officer = world.act(world.officer, LATER)
    atomically(desk.accept, dossier, officer, CODE, DUE)
    asked = [PAPERS[0] | {"copies": 1}]
    atomically(decisions.ask_more, dossier, officer, asked, "incomplete", "")
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    visit = atomically(booking.bring_more, world.fresh(own[0]).dossier, offer.key, world.act(None))
    more = world.collected(world.phone(), db.session.get_one(Packet, visit.packet_id))
    take(world, more)
    close(world, key="the second list")
    assert world.fresh(own[0]).dossier.state is CaseState.SUPPLEMENT_REQUIRED
    last = bags.unsigned_here(world.officer)[0]
    atomically(reception.giver_says, last, world.act(world.officer, LATER), Word.SIGNED_PRINT)
    assert world.fresh(own[0]).dossier.state is CaseState.PROCESSING
