"""The shelf: what a post office keeps, the letters it sends, and how what nobody calls for goes back to its desk."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import counter, day, lookups, queues, reach, reception, shelf, sorting, tracking, visits
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.manifests import Word as Said
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.sorting import Heap
from app.errors import Refused
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
DAY = timedelta(days=1)


def held(world: World, way: ReturnWay = ReturnWay.HOME) -> Packet:
    """A result that lies at the post office."""
    packet = world.packet(Way.OUT)
    atomically(lambda: setattr(db.session.get_one(Dossier, packet.dossier_id), "return_way", way))
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    return world.fresh(packet)


def heap(world: World, packet: Packet, days: int = 0) -> Heap:
    return sorting.place_of(world.fresh(packet), MONDAY + days * DAY).heap


def listed(world: World, name: str, days: int = 0) -> list[str]:
    db.session.rollback()
    rows = queues.rows(queues.POST[name], world.clerk, MONDAY + days * DAY)
    return [row.packet.number for row in rows]


def told(kind: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.id)))


def test_a_result_called_for_at_the_post_office_is_booked_brought_invited_for_and_handed_out(world: World) -> None:
    packet = held(world, ReturnWay.POST)
    assert len(told("result_at_post")) == 1
    assert (heap(world, packet), listed(world, "call"), listed(world, "letter")) == (Heap.SHELF, [packet.number], [])
    assert listed(world, "letter", 2) == []  # 24 November is a holiday
    assert listed(world, "letter", 3) == [packet.number]  # nobody has called for two working days
    later = world.act(world.clerk, MONDAY + 3 * DAY)
    assert atomically(counter.send_letter, packet, later, packet.head) == 1
    assert atomically(counter.send_letter, packet, later, packet.head) == 1  # a double click is one letter
    assert [message.values["due_on"] for message in told("letter")] == ["2026-12-02"]
    assert listed(world, "letter", 4) == []
    code = world.code(packet, Purpose.DELIVER)
    atomically(counter.hand_out, packet, later, seal="NP0045821", head=packet.head, code=code)
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.DELIVERED, CaseState.CLOSED)


def test_two_letters_two_working_days_apart_and_then_it_goes_back_to_its_desk(world: World) -> None:
    packet = held(world, ReturnWay.POST)
    atomically(counter.send_letter, packet, world.act(world.clerk, MONDAY))
    with pytest.raises(Refused, match="letter_too_early"):
        atomically(counter.send_letter, packet, world.act(world.clerk, MONDAY + 2 * DAY))
    for reason, key in (("letters_done", "letters_owed"), ("because", "back_reason")):
        with pytest.raises(Refused, match=key):
            atomically(counter.send_back, packet, world.act(world.clerk, MONDAY + 2 * DAY), reason)
    assert atomically(counter.send_letter, packet, world.act(world.clerk, MONDAY + 3 * DAY)) == 2
    assert (heap(world, packet, 4), listed(world, "return", 4)) == (Heap.SHELF, [])
    assert (heap(world, packet, 7), listed(world, "return", 7)) == (Heap.DESK, [packet.number])
    monday = world.act(world.clerk, MONDAY + 7 * DAY)
    with pytest.raises(Refused, match="letters_done"):
        atomically(counter.send_letter, packet, monday)
    atomically(counter.send_back, packet, monday, "letters_done")
    world.record(world.phone().scan(world.fresh(packet), "take", MONDAY + 7 * DAY), MONDAY + 7 * DAY)
    facts: dict[str, Any] = {
        "head": world.fresh(packet).head,
        "seal": "NP0045821",
        "giver_by": Said.PIN,
        "pin": world.PIN,
    }
    atomically(reception.take_back, world.fresh(packet), act=world.act(world.officer, MONDAY + 7 * DAY), **facts)
    packet = world.fresh(packet)
    said = shelf.newest(packet, shelf.Word.BACK)
    assert (packet.state, said and said.reason, shelf.letters(packet.id)) == (State.AT_DESK, "letters_done", [])
    assert shelf.next_letter(packet.id) == (1, None)  # sent a second time, letters are counted anew


def test_what_is_kept_is_no_couriers_to_take_until_one_is_to_try_again(world: World) -> None:
    packet = held(world)
    assert [one.id for one in reach.to_take(world.courier, MONDAY)] == [packet.id]
    atomically(counter.keep, packet, world.act(world.clerk))
    atomically(counter.keep, packet, world.act(world.clerk))
    assert (heap(world, packet), reach.to_take(world.courier, MONDAY)) == (Heap.SHELF, [])
    assert len(told("result_at_post")) == 1
    assert visits.open_visit(packet.id) is None
    assert tracking.story(world.fresh(packet).dossier, MONDAY).headline == "call_at_post"
    glimpse = lookups.state_by_number(packet.dossier.number, "0123", MONDAY)
    assert glimpse and glimpse.headline == "call_at_post"
    atomically(counter.try_again, packet, world.act(world.clerk))
    assert (heap(world, packet), [one.id for one in reach.to_take(world.courier, MONDAY)]) == (
        Heap.UNPLANNED,
        [packet.id],
    )
    assert visits.open_visit(packet.id) and len(told("result_sent")) == 1


def test_one_that_was_to_be_called_for_is_brought_home_after_all(world: World) -> None:
    packet = held(world, ReturnWay.POST)
    atomically(visits.cancel, visits.open_visit(packet.id), world.act(world.clerk))
    atomically(counter.try_again, packet, world.act(world.clerk))
    assert (heap(world, packet), world.fresh(packet).dossier.return_way) == (Heap.UNPLANNED, ReturnWay.HOME)


def test_what_the_recipient_does_not_want_goes_back_at_once(world: World) -> None:
    packet = held(world, ReturnWay.POST)
    atomically(counter.send_back, packet, world.act(world.clerk), "refused")
    assert (heap(world, packet), listed(world, "return"), listed(world, "call")) == (Heap.DESK, [packet.number], [])
    assert [one.id for one in reach.to_take(world.courier, MONDAY)] == [packet.id]
    assert day.packet(world.fresh(packet))["goes_back"] is True


@pytest.mark.parametrize("verb", [counter.keep, counter.send_letter, counter.try_again])
def test_nobody_decides_about_what_lies_elsewhere_or_has_moved(world: World, verb: Any) -> None:
    packet = held(world)
    with pytest.raises(Refused, match="not_kept_here"):
        atomically(verb, packet, world.act(world.stranger))
    with pytest.raises(Refused, match="page_too_old"):
        atomically(verb, packet, world.act(world.clerk), packet.genesis)
    inward = world.collected(world.phone())
    with pytest.raises(Refused, match="not_kept_here"):
        atomically(verb, inward, world.act(world.clerk))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(shelf.Decision)) == 0
