"""What lies at a post office goes to a round, into a desk's bag or on the shelf; nothing of it is another office's to see."""

from typing import Any

import pytest

from app.db import atomically, db
from app.domain import counter, dispatch, sorting, tokens, visits
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import Packet, Way
from app.domain.sorting import Heap
from tests.world import MONDAY, World


def at_post(world: World, packet: Packet) -> Packet:
    atomically(counter.hand_in, world.fresh(packet), world.act(world.clerk), world.fresh(packet).head, "NP 0045 821")
    return world.fresh(packet)


def result(world: World, way: ReturnWay = ReturnWay.HOME, *, planned: bool = True) -> Packet:
    packet = world.packet(Way.OUT)
    atomically(lambda: setattr(db.session.get_one(Dossier, packet.dossier_id), "return_way", way))
    if planned:
        visit = visits.open_visit(packet.id)
        assert visit
        atomically(dispatch.assign, world.post, [visit.id], world.courier.id, world.act(world.dispatcher))
    return at_post(world, packet)


def test_each_packet_goes_to_one_heap_and_rounds_come_first(world: World) -> None:
    inward = at_post(world, world.collected(world.phone()))
    planned, unplanned, called = result(world), result(world, planned=False), result(world, ReturnWay.POST)
    found = {
        pile.place.heap: [packet.number for packet, _ in pile.packets] for pile in sorting.piles(world.clerk, MONDAY)
    }
    assert found == {
        Heap.ROUND: [planned.number], Heap.DESK: [inward.number], Heap.SHELF: [called.number],
        Heap.UNPLANNED: [unplanned.number],
    }  # fmt: skip
    place = sorting.place_of(planned, MONDAY)
    visit = visits.open_visit(planned.id)
    assert visit and (place.badge, place.day) == (world.courier.badge, visit.slot.day)
    place = sorting.place_of(inward, MONDAY)
    assert (place.desk, place.desk_code) == (world.desk.name, world.desk.code)
    assert sorting.piles(world.stranger, MONDAY) == []


@pytest.mark.dialects("sqlite")
def test_a_scan_says_the_heap_and_a_stranger_is_told_whose_it_is_only_by_a_slip(world: World, sign_in: Any) -> None:
    packet = at_post(world, world.collected(world.phone()))
    clerk = sign_in(world.clerk)
    said = clerk.get("/office/sorting/", query_string={"code": tokens.url("http://localhost", packet.slip.token)})
    assert said.status_code == 200 and f"Túi cho {world.desk.name}" in said.text
    assert clerk.get("/office/sorting/?code=HS-261123-999999-9").status_code == 422
    assert sign_in(world.stranger).get("/office/sorting/", query_string={"code": packet.number}).status_code == 404
