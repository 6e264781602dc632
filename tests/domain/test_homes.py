"""Which visits are one call at one door, and which only look alike."""

from collections.abc import Callable

import pytest

from app.db import atomically
from app.domain import day, homes, visits
from app.domain.packets import Packet, Way
from app.domain.visits import Visit
from tests.world import World


def visit(packet: Packet) -> Visit:
    found = visits.open_visit(packet.id)
    assert found
    return found


@pytest.mark.parametrize("street", ["12 đường Mẫu Đơn", "12, Đường  mẫu đơn", "12 duong Mau Don."])
def test_packets_of_one_family_are_called_for_at_one_door_however_the_street_is_spelt(
    world: World, street: str
) -> None:
    first = world.packet()
    other, second = world.packet(), world.packet(home=first)
    second.dossier.citizen.street = street
    found = homes.at_doors([visit(packet) for packet in (first, other, second)])
    assert [[each.packet_id for each in door] for door in found] == [[first.id, second.id], [other.id]]


@pytest.mark.parametrize(
    "differs",
    [
        lambda packet: setattr(packet.dossier.citizen, "phone", "+84900000124"),
        lambda packet: setattr(packet.dossier.citizen, "street", "12/1 đường Mẫu Đơn"),
        lambda packet: setattr(visit(packet), "slot_id", 99),
    ],
    ids=["phone", "street", "slot"],
)
def test_another_phone_another_house_or_another_time_is_another_door(
    world: World, differs: Callable[[Packet], None]
) -> None:
    first = world.packet()
    second = world.packet(home=first)
    one, two = visit(first), visit(second)
    assert homes.door(one) == homes.door(two)
    differs(second)
    assert homes.door(one) != homes.door(two)


def test_to_collect_and_to_bring_are_two_calls(world: World) -> None:
    first = world.packet()
    second = world.packet(Way.OUT, home=first)
    assert homes.door(visit(first)) != homes.door(visit(second))


def test_the_phone_is_told_which_stops_are_one_home(world: World) -> None:
    first = world.packet()
    other, second = world.packet(), world.packet(home=first)
    for packet in (second, other, first):
        world.on_round(packet)
    slot = visit(first).slot
    ids = {packet.id: visit(packet).id for packet in (first, other, second)}
    told = atomically(lambda: day.of(world.courier, visits.starts_at(slot.day, slot.opens)))
    assert {stop["visit"]: stop["home"] for stop in told["stops"]} == {
        ids[first.id]: ids[first.id], ids[second.id]: ids[first.id], ids[other.id]: ids[other.id],
    }  # fmt: skip
