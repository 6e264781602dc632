"""A batch changes hands in one act: what was listed, what was scanned, and both sides' word."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import atomically, db
from app.domain import corrections, manifests, oversight, protocols, scope, tasks
from app.domain.bodies import Scan
from app.domain.ledger import Handoff
from app.domain.manifests import Found, LineResult, Listed, Manifest, ManifestLine, Side, Word
from app.domain.packets import Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.people import User
from app.domain.scans import ScanRow, Verdict
from app.domain.tasks import Task, TaskKind
from app.errors import Invalid, Refused
from tests.domain.test_desk import receive
from tests.domain.test_slips import text_of
from tests.test_race import rush
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")

SEAL = "NP0045821"
LATER = MONDAY + timedelta(hours=3)


class Handing:
    """Results lie sealed at the desk, and a courier with a phone takes them over."""

    def __init__(self, world: World, how_many: int) -> None:
        self.world, self.phone = world, world.phone()
        self.packets = [world.packet(Way.OUT) for _ in range(how_many)]
        self.codes = tuple(packet.code for packet in self.packets)
        self.key = secrets.token_hex(16)

    def listed(self, codes: tuple[bytes, ...] | None = None, **over: Any) -> Listed:
        facts = {"key": self.key, "giver_id": self.world.desk.party_id, "taker_id": self.world.courier.party_id}
        return Listed(**facts | {"codes": self.codes if codes is None else codes} | over)

    def takes(self, *packets: Packet, phone: Phone | None = None, **over: Any) -> list[Scan]:
        return [(phone or self.phone).scan(self.world.fresh(packet), "take", **over) for packet in packets]

    def receive(self, batch: list[Scan], listed: Listed | None = None, found: Any = None) -> Manifest:
        manifest, _ = atomically(manifests.receive, listed or self.listed(), batch, self.world.seen(), found)
        return manifest

    def results(self, manifest: Manifest) -> list[LineResult]:
        by_packet = {line.packet_id: line.result for line in manifest.lines}
        return [by_packet[packet.id] for packet in self.packets if packet.id in by_packet]


def tasks_of(kind: TaskKind) -> list[Task]:
    return list(db.session.scalars(sa.select(Task).filter_by(kind=kind, closed_at=None)))


def rows() -> list[int]:
    db.session.rollback()
    tables = (Manifest, ManifestLine, Handoff, ScanRow, Verdict, Task)
    return [db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables]


@pytest.mark.dialects("sqlite")
def test_a_letter_the_typeface_lacks_keeps_nobody_from_signing(world: World) -> None:
    handing = Handing(world, 2)
    db.session.merge(handing.packets[0]).dossier.citizen.name = "Nguyễn 🌸 Mơ"
    db.session.commit()
    found = {handing.packets[1].code: Found(SEAL, False, True, "Rách 🌸")}
    manifest = handing.receive(handing.takes(*handing.packets), found=found)
    text = text_of(protocols.pdf(db.session.merge(manifest), "https://hoso.vi-du.test", world.keys))
    assert "Nguyễn [?] Mơ" in text and "Rách [?]" in text


def test_twenty_listed_and_nineteen_scanned_leave_one_with_its_giver_and_a_task_at_once(world: World) -> None:
    handing = Handing(world, 20)
    manifest = handing.receive(handing.takes(*handing.packets[:19]))
    assert (manifest.expected, manifest.scanned, manifest.missing, manifest.surplus) == (20, 19, 1, 0)
    assert handing.results(manifest) == [LineResult.MOVED] * 19 + [LineResult.MISSING]
    left = world.fresh(handing.packets[19])
    assert (left.state, left.holder_id) == (State.WAITING, world.desk.party_id)
    (task,) = tasks_of(TaskKind.MISSING)
    assert (task.packet_id, task.facts["receipt"]) == (left.id, manifest.receipt_no)
    assert {world.fresh(packet).holder_id for packet in handing.packets[:19]} == {world.courier.party_id}


def test_what_was_not_listed_is_taken_over_all_the_same_and_named(world: World) -> None:
    handing = Handing(world, 3)
    manifest = handing.receive(handing.takes(*handing.packets), handing.listed(handing.codes[:2]))
    assert (manifest.expected, manifest.scanned, manifest.surplus) == (2, 3, 1)
    assert handing.results(manifest) == [LineResult.MOVED, LineResult.MOVED, LineResult.SURPLUS]
    assert world.fresh(handing.packets[2]).holder_id == world.courier.party_id
    (task,) = tasks_of(TaskKind.SURPLUS)
    assert task.packet_id == handing.packets[2].id


def test_the_same_key_again_is_the_same_receipt_and_writes_nothing(world: World) -> None:
    handing = Handing(world, 2)
    batch = handing.takes(*handing.packets)
    first = handing.receive(batch).receipt_no
    before = rows()
    assert handing.receive(batch).receipt_no == first
    assert rows() == before


def test_a_key_that_named_another_list_is_refused(world: World) -> None:
    handing = Handing(world, 2)
    handing.receive(handing.takes(handing.packets[0]), handing.listed(handing.codes[:1]))
    before = rows()
    with pytest.raises(Refused, match="manifest_key_used"):
        handing.receive(handing.takes(handing.packets[1]))
    assert rows() == before


def test_a_scan_that_is_held_stands_on_the_list_and_stops_nobody_else(world: World) -> None:
    handing = Handing(world, 3)
    first, second, third = handing.packets
    batch = [*handing.takes(first), *handing.takes(second, giver=world.post.party_id), *handing.takes(third)]
    manifest = handing.receive(batch)
    assert handing.results(manifest) == [LineResult.MOVED, LineResult.HELD, LineResult.MOVED]
    assert world.fresh(second).holder_id == world.desk.party_id


def test_what_repeats_a_disputed_scan_has_not_moved(world: World) -> None:
    handing = Handing(world, 1)
    (packet,), rival = handing.packets, world.phone(world.second_courier)
    for scan in (*handing.takes(packet), rival.scan(packet, "take")):
        world.record(scan)
    again = handing.takes(packet, parent=packet.genesis.hex(), giver=world.desk.party_id)
    assert handing.results(handing.receive(again)) == [LineResult.HELD]


def test_one_packet_scanned_twice_is_one_line(world: World) -> None:
    handing = Handing(world, 1)
    (packet,) = handing.packets
    manifest = handing.receive([*handing.takes(packet, giver=world.post.party_id), *handing.takes(packet)])
    assert (manifest.scanned, handing.results(manifest)) == (1, [LineResult.MOVED])


def test_a_broken_seal_is_on_the_line_and_becomes_a_task(world: World) -> None:
    handing = Handing(world, 2)
    found = {handing.codes[1]: Found("NP0099999", is_intact=False, remark="niêm phong rách")}
    manifest = handing.receive(handing.takes(*handing.packets), found=found)
    whole, torn = sorted(manifest.lines, key=lambda line: line.packet_id)
    assert (whole.seal, whole.is_intact) == (SEAL, True)
    assert (torn.seal, torn.is_intact, torn.remark) == ("NP0099999", False, "niêm phong rách")
    (task,) = tasks_of(TaskKind.DAMAGED)
    assert task.packet_id == handing.packets[1].id


def test_a_list_older_than_what_happened_calls_nothing_missing_that_has_gone_on(world: World) -> None:
    handing = Handing(world, 2)
    (elsewhere,) = handing.takes(handing.packets[1], phone=world.phone(world.second_courier))
    elsewhere = world.phone(world.second_courier).scan(
        world.fresh(handing.packets[1]), "take", taker=world.second_courier.party_id
    )
    world.record(elsewhere)
    manifest = handing.receive(handing.takes(handing.packets[0]))
    assert manifest.missing == 1 and not tasks_of(TaskKind.MISSING)


@pytest.mark.parametrize("codes", ["none", "twice", "unknown", "too many"])
def test_a_list_that_cannot_be_is_refused_and_nothing_is_written(world: World, codes: str) -> None:
    handing = Handing(world, 1)
    listed = {
        "none": (), "twice": handing.codes * 2, "unknown": (*handing.codes, bytes(10)),
        "too many": tuple(n.to_bytes(10) for n in range(manifests.MOST + 1)),
    }[codes]  # fmt: skip
    before = rows()
    with pytest.raises(Invalid, match="manifest_list"):
        handing.receive(handing.takes(*handing.packets), handing.listed(listed))
    assert rows() == before


def test_a_party_nobody_knows_is_refused(world: World) -> None:
    handing = Handing(world, 1)
    with pytest.raises(Invalid, match="manifest_party"):
        handing.receive([], handing.listed(giver_id="pNOBODY"))


def test_it_is_closed_when_both_sides_have_confirmed_and_not_before(world: World) -> None:
    handing = Handing(world, 2)
    manifest = handing.receive(handing.takes(*handing.packets))
    at = world.act().at
    assert manifest.closed_at is None
    atomically(manifests.confirm, manifest, Side.TAKER, Word.DEVICE, at, world.courier, b"signature")
    atomically(manifests.confirm, manifest, Side.TAKER, Word.DEVICE, at, world.courier, b"signature")
    assert manifest.closed_at is None
    atomically(manifests.confirm, manifest, Side.GIVER, Word.PRESENCE, at, world.officer)
    assert manifest.closed_at == at
    assert manifests.signer(manifest, Side.GIVER) == world.officer


@pytest.mark.parametrize("side", list(Side))
def test_nobody_confirms_for_the_other_side(world: World, side: Side) -> None:
    handing = Handing(world, 1)
    manifest = handing.receive(handing.takes(*handing.packets))
    other = {Side.GIVER: world.courier, Side.TAKER: world.officer}[side]
    for person in (other, world.stranger, world.strange_officer):
        with pytest.raises(Refused, match="not_your_manifest"):
            atomically(manifests.confirm, manifest, side, Word.PRESENCE, world.act().at, person)
    assert manifest.confirmed(side) is None


def test_the_statement_changes_with_every_line(world: World) -> None:
    handing = Handing(world, 2)
    manifest = handing.receive(handing.takes(handing.packets[0]))
    said = manifests.statement(manifest, Side.GIVER)
    assert said.startswith(f"manifest-v1\n{manifest.receipt_no}\ngiver\n".encode()) and b" missing " in said
    assert said != manifests.statement(manifest, Side.TAKER)


def test_the_list_to_begin_with_is_what_the_giver_holds_for_such_a_receiver(world: World) -> None:
    handing = Handing(world, 2)
    carried = world.collected(world.phone())
    assert scope.to_hand_over(world.courier, world.desk.party_id, PartyKind.COURIER) == handing.packets
    assert scope.to_hand_over(world.second_courier, world.courier.party_id or "", PartyKind.DESK) == [carried]
    assert scope.to_hand_over(world.second_courier, world.courier.party_id or "", PartyKind.CITIZEN) == []
    assert scope.to_hand_over(world.strange_courier, world.desk.party_id, PartyKind.COURIER) == []


@contextmanager
def failing_at(n: int) -> Iterator[list[int]]:
    """The n-th statement that reaches the database fails, as when the process dies there."""
    count = [0]

    def strike(*_: Any) -> None:
        count[0] += 1
        if count[0] == n:
            raise ConnectionError("the cable is out")

    sa.event.listen(db.engine, "before_cursor_execute", strike)
    try:
        yield count
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", strike)


def test_a_fault_at_any_statement_leaves_all_or_nothing(world: World) -> None:
    handing = Handing(world, 3)
    batch, listed = handing.takes(*handing.packets[:2]), handing.listed()
    before = rows()
    for n in range(1, 500):
        with failing_at(n) as count:
            try:
                handing.receive(batch, listed)
            except ConnectionError:
                assert rows() == before, n
                continue
        break
    assert count[0] < n, "the last run met no fault"
    assert n > 20, "the faults were not run"
    manifest = handing.receive(batch, listed)
    assert (manifest.scanned, manifest.missing) == (2, 1)


def test_the_same_bag_received_by_eight_threads_at_once_is_one_manifest(app: Flask, world: World) -> None:
    handing = Handing(world, 4)
    batch, listed, seen = handing.takes(*handing.packets), handing.listed(), world.seen()

    def claim() -> str:
        manifest, _ = atomically(manifests.receive, listed, batch, seen)
        return manifest.receipt_no

    receipts = rush(app, [claim] * 8)
    assert len(set(receipts)) == 1 and isinstance(receipts[0], str)
    assert rows()[:3] == [1, 4, 4]


def test_eight_bags_received_at_once_on_a_new_day_have_eight_receipt_numbers(app: Flask, world: World) -> None:
    """Nobody has taken a number of that day yet: who writes its first row is part of the race."""
    handings = [Handing(world, 1) for _ in range(8)]
    bags = [(handing.listed(), handing.takes(*handing.packets)) for handing in handings]
    day = world.seen(MONDAY + timedelta(days=1))

    def claim(listed: Listed, batch: list[Scan]) -> str:
        manifest, _ = atomically(manifests.receive, listed, batch, day)
        return manifest.receipt_no

    receipts = rush(app, [partial(claim, *bag) for bag in bags])
    db.session.rollback()
    assert sorted(map(str, receipts)) == sorted(set(db.session.scalars(sa.select(Manifest.receipt_no))))
    assert len(set(receipts)) == 8 and rows()[:2] == [8, 8]


def test_both_sides_confirm_at_once_and_each_word_is_written_once(app: Flask, world: World) -> None:
    handing = Handing(world, 2)
    receipt = handing.receive(handing.takes(*handing.packets)).receipt_no
    at, people = world.act().at, {Side.GIVER: world.officer.id, Side.TAKER: world.courier.id}

    def say(side: Side) -> datetime:
        manifest, person = manifests.by_number(receipt), db.session.get_one(User, people[side])
        return atomically(manifests.confirm, manifest, side, Word.PRESENCE, at, person).at

    assert rush(app, [partial(say, side) for side in (*Side, *Side, *Side, *Side)]) == [at] * 8
    db.session.rollback()
    manifest = manifests.by_number(receipt)
    assert sorted(said.side for said in manifest.confirmations) == sorted(Side) and manifest.closed_at == at


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_listed_and_scanned_the_counts_agree(world: World, data: st.DataObject) -> None:
    handing = Handing(world, 4)
    on_list = data.draw(st.sets(st.integers(0, 3), min_size=1), label="listed")
    scanned = data.draw(st.lists(st.integers(0, 3), max_size=5), label="scanned")
    wrong = data.draw(st.sets(st.integers(0, 3)), label="giver wrong")
    batch = [
        scan
        for n in scanned
        for scan in handing.takes(handing.packets[n], **({"giver": world.post.party_id} if n in wrong else {}))
    ]
    manifest = handing.receive(batch, handing.listed(tuple(handing.codes[n] for n in sorted(on_list))))
    results = [line.result for line in manifest.lines]
    listed_results = [r for r in results if r is not LineResult.SURPLUS]
    assert manifest.expected == len(on_list) == len(listed_results)
    assert manifest.missing == results.count(LineResult.MISSING) == len(on_list - set(scanned))
    assert manifest.scanned == len(set(scanned))
    assert manifest.surplus == results.count(LineResult.SURPLUS) == len(set(scanned) - on_list)
    for packet, code in zip(handing.packets, handing.codes, strict=True):
        moved = world.fresh(packet).holder_id == world.courier.party_id
        fit = code in {scan.code for scan in batch} and handing.codes.index(code) not in wrong
        assert moved == fit


# ---- what was signed stays signed --------------------------------------------------------------------------------


def printed(world: World, manifest: Manifest) -> str:
    db.session.rollback()
    return text_of(protocols.pdf(manifests.by_number(manifest.receipt_no), "https://hoso.vi-du.test", world.keys))


@pytest.mark.parametrize("outcome", ["papers_found", "papers_missing"])
def test_what_turns_up_later_changes_no_signed_record_and_is_said_beside_it(world: World, outcome: str) -> None:
    packet = world.collected(world.phone())
    collected = packet.head
    manifest = receive(world, packet, counts={1: 1, 2: 0, 4: 1}, seal="NP0051999", remark="thiếu 1 tờ")
    signed, (line,) = printed(world, manifest), manifests.by_number(manifest.receipt_no).lines
    assert [(one["promised"], one["counted"]) for one in line.papers] == [(1, 1), (1, 0), (1, 1)]
    assert [one["name"] for one in manifests.differences(line)] == [world.fresh(packet).papers[1].name]
    assert not line.is_own_seal and oversight.after(manifests.by_number(manifest.receipt_no)) == []

    act = world.act(world.officer, LATER)
    (task,) = [task for task in tasks.open_about(packet) if task.kind is TaskKind.COUNT]
    atomically(oversight.close, task, outcome, act)
    corrected = world.fresh(packet)
    facts = {"line": collected, "field": "seal", "value": "NP0051999", "second": world.dispatcher}
    atomically(corrections.amend, corrected, world.act(world.clerk, LATER), head=corrected.head, **facts)
    assert world.fresh(packet).seals == ["NP0051999"]

    assert printed(world, manifest) == signed
    fresh = manifests.by_number(manifest.receipt_no)
    assert not fresh.lines[0].is_own_seal
    (found,) = oversight.after(fresh)
    assert (found.packet.id, found.outcome, found.at, found.by) == (packet.id, outcome, LATER, act.by)


def test_a_list_of_the_post_keeps_what_the_slips_promised(world: World) -> None:
    packet, phone = world.collected(world.phone()), world.phone(world.second_courier)
    scan = phone.scan(packet, "transfer", giver=world.courier.party_id, taker=world.second_courier.party_id)
    listed = Listed("k", world.courier.party_id, world.second_courier.party_id, (packet.code,))
    manifest, _ = atomically(manifests.receive, listed, [scan], world.seen())
    (line,) = manifest.lines
    assert [(one["promised"], one["counted"]) for one in line.papers] == [(1, None), (1, None), (1, None)]
