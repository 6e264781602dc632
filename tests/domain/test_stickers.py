"""Stickers: printed before any booking, taken into use at one visit, never at two."""

import json
from itertools import permutations

import pytest

from app.db import atomically, db
from app.domain import (
    corrections,
    day,
    headlines,
    ledger,
    lookups,
    manifests,
    packets,
    reception,
    stickers,
    tokens,
    upshots,
)
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.packets import Packet, State, Way
from app.domain.scans import Ruling
from app.domain.tokens import TokenType
from app.domain.visits import VisitState, current
from app.errors import Invalid, Missing
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def sticker(world: World) -> Packet:
    roll = atomically(lambda: stickers.print_roll(db.session.merge(world.post), 1, world.act(world.clerk)))
    (found,) = stickers.of_roll(db.session.merge(world.post), roll.id)
    return found


def used(world: World, phone: Phone, blank: Packet, booked: Packet, **over: object) -> Scan:
    """What the phone signs when the sticker goes onto the bag of this home."""
    visit = current(booked.id)
    assert visit
    facts = {"visit": visit.id, "giver": booked.holder_id, "proof": [("CODE", world.code(booked))]}
    return phone.scan(world.fresh(blank), "collect", **facts | over)


def test_a_roll_is_blank_packets_of_the_post_office_each_with_a_token_of_its_own(world: World) -> None:
    roll = atomically(lambda: stickers.print_roll(db.session.merge(world.post), 5, world.act(world.clerk)))
    found = stickers.of_roll(db.session.merge(world.post), roll.id)
    assert len(found) == 5 and len({one.number for one in found}) == 5
    read = [tokens.read(world.keys, one.slip.token) for one in found]
    assert {one.type for one in read} == {TokenType.STICKER} and [one.code for one in read] == [
        one.code for one in found
    ]
    assert {(one.state, one.holder_id, one.is_blank) for one in found} == {(State.WAITING, world.post.party_id, True)}
    assert stickers.of_office(db.session.merge(world.post)) == [(db.session.merge(roll), 0)]
    with pytest.raises(Missing, match="roll_unknown"):
        stickers.of_roll(db.session.merge(world.other_post), roll.id)
    for count in (0, -1, stickers.MOST + 1):
        with pytest.raises(Invalid, match="roll_count"):
            atomically(
                lambda count=count: stickers.print_roll(db.session.merge(world.post), count, world.act(world.clerk))
            )


def test_whoever_collects_with_a_sticker_names_the_visit_and_the_citizen_there_gives(world: World) -> None:
    phone, booked, blank = world.phone(), world.packet(), sticker(world)
    home = booked.holder_id
    outcome = world.record(used(world, phone, blank, booked))
    assert (outcome.verdict, outcome.why) == (Ruling.APPLIED, None)  # the code that was sent for the booking proves it
    packet = world.fresh(blank)
    (line,) = ledger.lines(packet)
    assert (line.giver_id, line.taker_id, packet.state) == (home, phone.party, State.CARRIED)
    assert packet.dossier_id == booked.dossier_id and packet.flags == []
    visit = current(booked.id)
    assert visit and visit.state is VisitState.DONE
    assert packets.of_dossier(packet.dossier_id or 0) == [packet]
    assert packets.by_number(packet.dossier.number).id == packets.by_number(booked.number).id == packet.id
    glimpse = lookups.state_by_number(packet.dossier.number, "0123", MONDAY)
    assert glimpse and glimpse.headline == headlines.PLACES[Way.IN, State.CARRIED]
    assert [each["code"] for each in day.stop(visit)["packets"]] == [tokens.b32(packet.code)]


def test_papers_under_a_sticker_are_received_by_the_ward_like_any_others(world: World) -> None:
    phone, booked, blank = world.phone(), world.packet(), sticker(world)
    world.record(used(world, phone, blank, booked))
    packet = world.fresh(blank)
    counts = {paper.position: 1 for paper in packet.dossier.papers}
    atomically(
        reception.receive, packet, world.act(world.officer), head=packet.head, seal="NP0045821", counts=counts,
        giver_by=manifests.Word.PIN, pin=world.PIN,
    )  # fmt: skip
    packet = world.fresh(blank)
    assert (packet.state, packet.dossier.state) == (State.OPENED, CaseState.SUBMITTED)


def test_a_sticker_without_a_visit_or_at_somebody_elses_is_held_and_somebody_looks(world: World) -> None:
    phone, booked, other, home = world.phone(), world.packet(), world.packet(), world.packet(Way.OUT)
    delivery, there = current(home.id), current(other.id)
    assert delivery and there
    for over, why in (
        ({"visit": None}, "proof_missing"),
        ({"visit": 999_999}, "proof_missing"),
        ({"visit": delivery.id}, "proof_missing"),
        ({"visit": there.id}, "out_of_turn"),  # that is not where the giver lives
        ({"giver": world.post.party_id}, "out_of_turn"),
    ):
        blank = sticker(world)
        outcome = world.record(used(world, phone, blank, booked, **over))
        assert (outcome.verdict, outcome.why) == (Ruling.HELD, why)
        assert world.fresh(blank).is_blank


def test_a_word_of_proof_that_is_wrong_leaves_the_collection_unproven(world: World) -> None:
    phone, booked, blank = world.phone(), world.packet(), sticker(world)
    outcome = world.record(used(world, phone, blank, booked, proof=[("CODE", "000000")]))
    assert (outcome.verdict, outcome.why) == (Ruling.APPLIED, "collect_unproven")
    assert world.fresh(blank).flags == ["collect_unproven"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_one_sticker_at_two_homes_is_a_dispute_in_any_order(world: World, order: tuple[int, ...]) -> None:
    here, there = world.packet(), world.packet()
    one, two, blank = world.phone(), world.phone(world.second_courier), sticker(world)
    first, second = used(world, one, blank, here), used(world, two, blank, there)
    again = used(world, one, blank, here, id=json.loads(first.body)["id"] + "b")
    for at in order:
        world.record((first, second, again)[at])
    packet = world.fresh(blank)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.post.party_id)
    assert packet.is_blank and packet.for_id is None
    for shuffle in (list.reverse, lambda entries: entries.sort(key=lambda entry: entry.scan.digest)):
        assert upshots.rebuild(packet, world.keys, shuffle) == upshots.of(packet)


def settled(world: World, blank: Packet, scan: Scan, holder: str) -> Packet:
    packet = world.fresh(blank)
    atomically(
        corrections.settle, packet, world.act(world.supervisor), head=packet.head, state=State.CARRIED, holder=holder,
        sighting="chị Sen thấy ở bưu cục", reason="packet_seen", second=world.dispatcher, tip=scan.digest,
    )  # fmt: skip
    return world.fresh(blank)


def test_who_settles_it_says_whose_papers_are_in_the_bag(world: World) -> None:
    here, there = world.packet(), world.packet()
    one, two, blank = world.phone(), world.phone(world.second_courier), sticker(world)
    first, second = used(world, one, blank, here), used(world, two, blank, there)
    world.record(first)
    world.record(second)
    assert two.party
    packet = settled(world, blank, second, two.party)
    assert (packet.state, packet.holder_id, packet.dossier_id) == (State.CARRIED, two.party, there.dossier_id)
    assert packets.of_dossier(here.dossier_id or 0) == [world.fresh(here)]


def test_a_collection_that_is_taken_back_leaves_the_sticker_blank_and_it_can_be_used(world: World) -> None:
    phone, booked, other, blank = world.phone(), world.packet(), world.packet(), sticker(world)
    world.record(used(world, phone, blank, booked))
    packet = world.fresh(blank)
    atomically(
        corrections.correct,
        packet,
        world.act(world.clerk),
        head=packet.head,
        reason="wrong_packet",
        second=world.dispatcher,
    )
    packet = world.fresh(blank)
    assert (packet.state, packet.holder_id, packet.is_blank) == (State.WAITING, world.post.party_id, True)
    assert packets.of_dossier(booked.dossier_id or 0) == [world.fresh(booked)]
    outcome = world.record(used(world, phone, blank, other))
    assert outcome.verdict is Ruling.APPLIED
    assert world.fresh(blank).dossier_id == other.dossier_id


def test_a_phone_is_told_that_a_sticker_of_its_office_is_blank_and_of_another_nothing(world: World) -> None:
    blank = sticker(world)
    told = day.look_up(world.courier, MONDAY, world.keys, code=None, number=None, token=blank.slip.token)
    assert told["blank"] is True and told["number"] == blank.number and "dossier" not in told
    with pytest.raises(Missing, match="packet_unknown"):
        day.look_up(world.strange_courier, MONDAY, world.keys, code=None, number=blank.number, token=None)
