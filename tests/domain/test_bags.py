"""A courier's bag at the counter: every packet is one handoff, the list follows from them, a page that breaks off loses
nothing."""

from datetime import timedelta
from typing import Any

import pytest

from app.db import atomically
from app.domain import bags, corrections, manifests, tasks
from app.domain.manifests import LineResult, Manifest, Side, Word
from app.domain.packets import Packet, State
from app.domain.tasks import TaskKind
from app.errors import Refused
from tests.world import MONDAY, World


@pytest.fixture
def own(world: World) -> list[Packet]:
    phone = world.phone()
    return [world.collected(phone) for _ in range(3)]


def take(world: World, *listed: Packet) -> None:
    for one in listed:
        atomically(bags.take_in, world.fresh(one), world.courier, world.act(world.clerk))


def close(world: World, *, missing: bool = False, key: str = "a list", **over: Any) -> Manifest:
    act = world.act(world.clerk, MONDAY + timedelta(minutes=5))
    over |= {"giver_by": Word.PIN} if "pin" in over else {}
    return atomically(bags.close, world.courier, act, key, rest_is_missing=missing, **over)


def results(manifest: Manifest) -> dict[str, LineResult]:
    return {packet.number: line.result for line, packet in manifests.lines_of(manifest)}


def test_what_was_taken_in_is_one_list_and_the_rest_stays_on_the_round(world: World, own: list[Packet]) -> None:
    take(world, *own[:2], own[0])
    bag = bags.of(world.clerk, world.courier, MONDAY)
    assert ([i.packet.id for i in bag.taken], [i.packet.id for i in bag.carried]) == (
        [own[1].id, own[0].id], [own[2].id],  # the newest first
    )  # fmt: skip
    manifest = close(world, pin=world.PIN)
    assert results(manifest) == {own[0].number: LineResult.MOVED, own[1].number: LineResult.MOVED}
    assert manifest.closed_at and manifest.confirmed(Side.GIVER).word is Word.PIN  # type: ignore[union-attr]
    assert bags.of(world.clerk, world.courier, MONDAY).taken == []


def test_what_should_have_been_there_is_missing_and_stays_with_the_courier(world: World, own: list[Packet]) -> None:
    take(world, own[0])
    manifest = close(world, missing=True)
    assert (manifest.expected, manifest.scanned, manifest.missing) == (3, 1, 2)
    assert bags.unsigned(world.courier, MONDAY + timedelta(hours=1)) == [manifest]
    assert world.fresh(own[1]).holder_id == world.courier.party_id


def test_another_couriers_packet_in_the_bag_is_taken_in_and_is_surplus(world: World, own: list[Packet]) -> None:
    other = world.collected(world.phone(world.second_courier))
    take(world, own[0], other)
    assert [i.is_surplus for i in bags.of(world.clerk, world.courier, MONDAY).taken] == [True, False]
    manifest = close(world)
    assert close(world) == manifest  # a double click
    assert results(manifest)[other.number] is LineResult.SURPLUS
    assert world.fresh(other).state is State.AT_POST


def test_the_couriers_own_count_is_seen_at_the_counter(world: World, own: list[Packet]) -> None:
    phone = world.phone()
    for one in own[:2]:
        facts = {"giver": world.courier.party_id, "taker": world.courier.party_id, "parent": None}
        assert world.record(phone.scan(world.fresh(one), "sighting", **facts)).verdict == "applied"
    counted = [bool(item.counted_at) for item in bags.of(world.clerk, world.courier, MONDAY).carried]
    assert counted == [True, True, False]
    assert [len(bag.carried) for bag in bags.waiting(world.clerk, MONDAY)] == [3]


def test_an_empty_bag_a_packet_at_home_and_a_wrong_pin_write_nothing(world: World, own: list[Packet]) -> None:
    with pytest.raises(Refused, match="bag_empty"):
        close(world)
    with pytest.raises(Refused, match="bag_not_carried"):
        take(world, world.packet())
    take(world, own[0])
    with pytest.raises(Refused, match="pin_wrong"):
        close(world, pin="000000")
    assert len(bags.of(world.clerk, world.courier, MONDAY).taken) == 1


def test_what_the_citizen_called_off_is_expected_at_the_post_office_and_at_no_desk(
    world: World, own: list[Packet]
) -> None:
    """The desk could not take it in, and would write it down as missing."""
    atomically(corrections.call_off, world.fresh(own[0]), world.act(world.clerk))
    expected = {who.role: {i.packet.id for i in bags.of(who, world.courier, MONDAY).carried} for who in (world.officer, world.clerk)}  # fmt: skip
    assert expected[world.clerk.role] - expected[world.officer.role] == {own[0].id}
    taken = world.fresh(own[1])
    atomically(bags.take_in, taken, world.courier, world.act(world.officer))
    assert bags.glance(world.officer, world.courier, MONDAY).tally.unseen == 1


def test_the_stranger_sees_no_bag(world: World, own: list[Packet]) -> None:
    assert bags.waiting(world.stranger, MONDAY) == []
    assert bags.of(world.stranger, world.courier, MONDAY).carried == []


def differ(world: World, one: Packet, *, seal: str = "NP0045821", intact: bool = True, remark: str = "") -> None:
    act = world.act(world.clerk)
    atomically(
        lambda: bags.differ(
            world.fresh(one), world.courier, act, seal=seal, intact=intact, counts=None, remark=remark
        )  # fmt: skip
    )


def test_another_seal_a_broken_bag_and_a_remark_stand_on_the_list_of_the_post_office(
    world: World, own: list[Packet]
) -> None:
    """Nothing is opened there; what was broken is somebody's matter, what reads differently is on record."""
    take(world, *own)
    with pytest.raises(Refused, match="remark_needed"):
        differ(world, own[0], intact=False)
    differ(world, own[0], intact=False, remark="Rách góc 3 cm")
    differ(world, own[1], seal="NP0099111", remark="Số khác")
    differ(world, own[2], remark="Ướt một góc")
    tally = bags.of(world.clerk, world.courier, MONDAY).tally
    assert (tally.taken, tally.whole, tally.damaged, tally.short) == (3, 1, 2, 0)
    manifest = close(world, pin=world.PIN)
    lines = {packet.number: line for line, packet in manifests.lines_of(manifest)}
    broken, other, wet = (lines[one.number] for one in own)
    assert (broken.is_intact, broken.remark) == (False, "Rách góc 3 cm")
    assert (other.seal, other.is_intact, wet.remark) == ("NP0099111", True, "Ướt một góc")
    assert all(line.is_complete for line in lines.values())
    assert {world.fresh(one).state for one in own} == {State.AT_POST}
    kinds = {own.index(one): [task.kind for task in tasks.open_about(world.fresh(one))] for one in own}
    assert TaskKind.DAMAGED in kinds[0] and kinds[1] and kinds[2] == [], kinds
