"""What a packet comes to follows from the set of its scans: judged anew, in whatever order, they come to the same.

Each test that names an order tells both, or judges the evidence anew in others.
"""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import bodies, corrections, counter, custody, scans, upshots
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from app.domain.people import Role, User
from app.domain.scans import Ruling
from app.domain.tasks import Task, TaskKind
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")

HOUR = timedelta(hours=1)


def verdict(scan: Scan) -> tuple[Ruling, str | None]:
    latest = scans.latest(scan.digest)
    assert latest
    return latest.verdict, latest.why


def stands_however_told(world: World, packet: Packet) -> bool:
    """Whether the packet's evidence, judged anew in three orders, comes to what was written down."""
    packet = world.fresh(packet)
    written = upshots.of(packet)
    dice = random.Random(1)
    return all(upshots.rebuild(packet, world.keys, dice.shuffle) == written for _ in range(3))


def told(world: World, packet: Packet, *story: Scan) -> Packet:
    for scan in story:
        world.record(scan)
    assert stands_however_told(world, packet)
    return world.fresh(packet)


def claimed(phone: Phone, packet: Packet, after: Scan | None = None, **over: Any) -> Scan:
    """Handed over, says the courier, and has the signed slip."""
    parent = {"parent": after.digest.hex()} if after else {}
    facts = {"giver": phone.party, "taker": phone.party, "proof": [("WET_CLAIMED", "")]} | parent | over
    return phone.scan(packet, "deliver", **facts)


def delivered(phone: Phone, packet: Packet, after: Scan, code: str) -> Scan:
    return phone.scan(
        packet, "deliver", giver=phone.party, taker=packet.dossier.citizen.party_id, parent=after.digest.hex(),
        proof=[("CODE", code)],
    )  # fmt: skip


def settle(world: World, packet: Packet, state: State, holder: str | None, tip: Scan | None) -> Packet:
    atomically(
        corrections.settle, packet, world.act(world.supervisor), head=packet.head, state=state, holder=holder,
        sighting="chị Sen thấy ở bưu cục", reason="packet_seen", second=world.dispatcher,
        tip=tip.digest if tip else None,
    )  # fmt: skip
    return world.fresh(packet)


def both(first: Scan, second: Scan) -> Iterator[tuple[Scan, Scan]]:
    yield first, second
    yield second, first


# ---- between two orders -----------------------------------------------------------------------------------------


def test_what_was_told_behind_the_true_act_waits_for_a_person_whichever_phone_came_first(world: World) -> None:
    one, other = world.phone(), world.phone(world.second_courier)
    for early in (True, False):
        packet = world.packet(Way.OUT)
        true, rival = one.scan(packet, "take"), other.scan(packet, "take")
        behind = claimed(one, packet, true)
        told(world, packet, *((true, behind, rival) if early else (true, rival, behind)))
        packet = settle(world, world.fresh(packet), State.CARRIED, one.party, true)
        assert (packet.state, packet.holder_id) == (State.CARRIED, one.party)
        assert verdict(behind) == (Ruling.HELD, "after_settle")
        assert stands_however_told(world, packet)


@pytest.mark.parametrize("ledger_first", [True, False])
def test_a_word_against_a_line_that_is_contested_already_joins_the_dispute(world: World, ledger_first: bool) -> None:
    packet, one, other = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    take, rival = one.scan(packet, "take"), other.scan(packet, "take")

    def contest() -> None:
        at = world.fresh(packet)
        atomically(
            corrections.contest, at, world.act(world.officer), head=at.head, line=take.digest, reason="not_handed_over"
        )

    world.record(take)
    steps: list[Callable[[], object]] = [lambda: world.record(rival), contest]
    for step in steps if ledger_first else reversed(steps):
        step()
    packet = told(world, packet)
    assert (packet.state, packet.holder_id, packet.fork) == (State.DISPUTED, world.desk.party_id, packet.genesis)
    assert len(upshots.of(packet).claims) == 3
    assert verdict(take)[0] is verdict(rival)[0] is Ruling.DISPUTED


def test_a_takeover_without_an_offer_is_an_echo_of_the_dispatchers(world: World) -> None:
    one, other = world.phone(), world.phone(world.second_courier)
    for courier_first in (True, False):
        packet = world.collected(one)
        own = other.scan(packet, "transfer", giver=one.party, taker=other.party)
        if courier_first:
            assert world.record(own).why == "proof_missing"
        atomically(
            corrections.hand_on, packet, world.act(world.dispatcher), head=packet.head, courier=world.second_courier,
            sighting="ở ngã ba", reason="phone_dead",
        )  # fmt: skip
        packet = told(world, packet, own)
        assert verdict(own) == (Ruling.DUPLICATE, None)
        assert (packet.state, packet.holder_id) == (State.CARRIED, other.party)


def test_a_repeat_of_the_losing_claim_that_names_nothing_does_not_apply_after_the_settlement(world: World) -> None:
    packet, one, other = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    told(world, packet, one.scan(packet, "take"), other.scan(packet, "take"))
    packet = settle(world, world.fresh(packet), State.WAITING, packet.origin_id, None)
    again = one.scan(packet, "take", giver=world.desk.party_id, parent=None)
    packet = told(world, packet, again)
    assert verdict(again) == (Ruling.HELD, "after_settle")
    assert (packet.state, packet.holder_id) == (State.WAITING, world.desk.party_id)
    knows = one.scan(packet, "take", giver=world.desk.party_id)  # it follows the settlement, and says so
    packet = told(world, packet, knows)
    assert (verdict(knows)[0], packet.holder_id) == (Ruling.APPLIED, one.party)


def test_a_move_that_such_a_packet_cannot_make_makes_nobody_a_party_to_it(world: World) -> None:
    """Damage is told by who has or had the packet: collecting a result at a home is no way to have had it."""
    phone = world.phone()
    for early in (True, False):
        packet = world.packet(Way.OUT)
        hurt = phone.scan(packet, "damaged", parent=None, reason="wet", proof=[("PHOTO", "0" * 64)])
        never = phone.scan(packet, "collect")
        told(world, packet, *((hurt, never) if early else (never, hurt)))
        assert (verdict(hurt), verdict(never)) == ((Ruling.HELD, "not_holder"), (Ruling.HELD, "unknown_event"))


def test_only_paper_that_was_scanned_after_its_reprint_is_old(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    atomically(counter.reprint, packet, world.act(world.clerk, MONDAY + HOUR), "damaged")
    packet = world.fresh(packet)
    assert told(world, packet, claimed(phone, packet, issue=2)).flags == []
    other = world.collected(phone)
    atomically(counter.reprint, other, world.act(world.clerk, MONDAY + HOUR), "damaged")
    other = world.fresh(other)
    world.record(claimed(phone, other, issue=1), MONDAY + 2 * HOUR)
    assert told(world, other).flags == ["old_issue"]


@pytest.mark.parametrize("printed", [-HOUR, timedelta(0)])
def test_a_clock_that_is_set_back_puts_no_scan_on_the_other_side_of_a_reprint(world: World, printed: timedelta) -> None:
    phone = world.phone()
    before, after = world.collected(phone), world.collected(phone)
    for packet in (before, after):
        atomically(counter.reprint, packet, world.act(world.clerk, MONDAY + printed), "damaged")
    assert told(world, before).flags == []
    world.record(claimed(phone, world.fresh(after), issue=1), MONDAY - 2 * HOUR)
    assert told(world, after).flags == ["old_issue"]
    first = phone.scan(world.packet(), "collect")
    assert world.record(first, MONDAY - 2 * HOUR).recorded_at == MONDAY - 2 * HOUR, "a first slip replaces none"


def test_a_collection_is_proven_whichever_of_its_tellings_brought_the_code(world: World) -> None:
    phone = world.phone()
    for right_first in (True, False):
        packet = world.packet()
        right = phone.scan(packet, "collect", proof=[("CODE", world.code(packet))])
        wrong = phone.scan(packet, "collect", proof=[("CODE", "000000")])
        packet = told(world, packet, *((right, wrong) if right_first else (wrong, right)))
        assert packet.flags == []
        assert open_tasks(packet) == set()


def open_tasks(packet: Packet) -> set[TaskKind]:
    return set(db.session.scalars(sa.select(Task.kind).filter_by(packet_id=packet.id, closed_at=None)))


def test_a_note_that_came_before_its_writer_had_the_packet_is_written_when_they_have_it(world: World) -> None:
    phone = world.phone()
    for note_first in (True, False):
        packet = world.packet(Way.OUT)
        take = phone.scan(packet, "take")
        note = phone.scan(packet, "damaged", taker=packet.holder_id, reason="torn", proof=[("PHOTO", "a" * 64)])
        if note_first:
            assert world.record(note).why == "not_holder"
        packet = told(world, packet, take, note)
        assert verdict(note) == (Ruling.APPLIED, None)
        assert open_tasks(packet) == {TaskKind.DAMAGED}


def test_what_somebody_did_counts_for_the_part_they_had_then(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    atomically(
        custody.enter, packet, "hand_in", world.act(world.clerk), giver=packet.holder_id, taker=world.post.party_id,
        parent=packet.head, seal="NP0045821", proof=[],
    )  # fmt: skip

    def promote() -> None:
        db.session.get_one(User, world.clerk.id).role = Role.SUPERVISOR
        db.session.get_one(User, world.courier.id).role = Role.DISPATCHER

    packet = world.fresh(packet)
    late = phone.scan(packet, "take")
    atomically(promote)
    assert stands_however_told(world, packet)
    assert told(world, packet, late).holder_id == phone.party  # scanned by the courier he was


def test_a_closed_case_opens_again_when_its_delivery_is_contested_and_closes_when_it_was_true(world: World) -> None:
    packet, take, home = at_home(world)
    contested = world.act(None, MONDAY + HOUR)
    citizen = packet.dossier.citizen.party_id
    atomically(
        corrections.contest, packet, contested, head=packet.head, line=home.digest, reason="not_me", actor=citizen
    )
    assert case_of(world, packet) is CaseState.RESULT_READY
    settle(world, world.fresh(packet), State.DELIVERED, citizen, home)
    assert case_of(world, packet) is CaseState.CLOSED
    assert stands_however_told(world, packet)


def test_a_closed_case_opens_again_when_its_delivery_is_taken_back(world: World) -> None:
    packet, take, home = at_home(world)
    atomically(
        corrections.correct, packet, world.act(world.clerk), head=packet.head, reason="wrong_packet",
        second=world.dispatcher,
    )  # fmt: skip
    assert case_of(world, packet) is CaseState.RESULT_READY
    assert stands_however_told(world, packet)
    phone = world.phone(world.courier)
    code = world.code(packet, Purpose.DELIVER)
    world.record(delivered(phone, packet, bodies.read(*row(world.fresh(packet).head)), code))
    assert case_of(world, packet) is CaseState.CLOSED


def row(digest: bytes) -> tuple[bytes, bytes]:
    kept = db.session.get_one(scans.ScanRow, digest)
    return kept.body, kept.sig


def at_home(world: World) -> tuple[Packet, Scan, Scan]:
    packet, phone = world.packet(Way.OUT), world.phone()
    take = phone.scan(packet, "take")
    home = delivered(phone, packet, take, world.code(packet, Purpose.DELIVER))
    packet = told(world, packet, take, home)
    assert case_of(world, packet) is CaseState.CLOSED
    return packet, take, home


def case_of(world: World, packet: Packet) -> CaseState:
    return world.fresh(packet).dossier.state
