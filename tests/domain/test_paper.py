"""A round on paper, entered afterwards: the courier's act under their PIN, with the time it really happened."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.db import atomically, db
from app.domain import custody, money, paper
from app.domain.money import Purse
from app.domain.packets import Packet, State, Way
from app.domain.paper import Line
from app.domain.visits import Visit, VisitState, open_visit
from app.errors import Invalid, Missing, Refused
from tests.world import World

DONE = Line(None, "done", seal="NP 0045 821", sheets=3, wet_seen=True, paid_by="cash", receipt="000321")  # type: ignore[arg-type]


def entered(world: World, packet: Packet, line: Line = DONE, pin: str = World.PIN) -> Packet:
    """At seven in the evening of the visit's day, of what the sheet says of eight in the morning."""
    visit = open_visit(packet.id)
    assert visit
    at = paper.on(visit.slot.day, "19:00")
    line = replace(line, at=line.at or paper.on(visit.slot.day, "8:05"))
    atomically(paper.enter, visit, line, world.act(world.clerk, at), pin)
    return world.fresh(packet)


def test_a_collection_on_paper_is_the_couriers_and_keeps_both_times(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    day = open_visit(packet.id).slot.day  # type: ignore[union-attr]
    packet = entered(world, packet)
    assert (packet.state, packet.holder_id, packet.seals) == (State.CARRIED, world.courier.party_id, ["NP0045821"])
    assert packet.flags == ["from_paper"]  # proven by the signed slip, and no clock is blamed
    scan = next(entry.scan for entry in custody.trail(packet).entries.values() if entry.scan.event == "collect")
    assert scan.wall == paper.on(day, "8:05")
    assert custody.trail(packet).entries[scan.digest].recorded_at == paper.on(day, "19:00")
    assert money.purse(world.courier.party_id).total == 75_000


def test_without_the_signed_slip_the_collection_waits_for_the_citizens_word(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    assert entered(world, packet, replace(DONE, wet_seen=False)).flags == ["collect_unproven", "from_paper"]


def test_a_delivery_with_the_signed_slip_in_the_clerks_hand_is_proven(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    world.on_round(packet)
    with pytest.raises(Refused, match="paper_carried"):
        entered(world, packet)
    world.record(phone.scan(world.fresh(packet), "take"))
    assert entered(world, packet).state is State.DELIVERED


@pytest.mark.parametrize(
    ("exemption", "proof", "postage"),
    [
        (None, None, 8_000),
        ("heroic_mother", "decision", 0),
        ("heroic_mother", "none", 8_000),
        ("heroic_mother", None, 8_000),
    ],
)
def test_what_a_sheet_says_was_paid_with_the_result_is_the_couriers_and_the_proof_is_asked(
    world: World, exemption: str | None, proof: str | None, postage: int
) -> None:
    packet = world.packet(Way.OUT)

    def late() -> None:
        dossier = world.fresh(packet).dossier
        dossier.procedure.fee_at_delivery, dossier.citizen.exemption = True, exemption

    atomically(late)
    world.on_round(packet)
    world.record(world.phone().scan(world.fresh(packet), "take"))
    entered(world, packet, replace(DONE, proof=proof))
    assert money.purse(world.courier.party_id) == Purse(postage, 15_000)


def test_a_failed_visit_ends_with_its_reason(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = open_visit(packet.id)
    assert visit
    missed = Line(None, "failed", reason="nobody_home", next_="another_day")  # type: ignore[arg-type]
    entered(world, packet, missed)
    assert db.session.get_one(Visit, visit.id).state is VisitState.MISSED


def test_a_wrong_pin_a_time_to_come_and_no_reason_record_nothing(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    day = open_visit(packet.id).slot.day  # type: ignore[union-attr]
    with pytest.raises(Refused, match="pin_wrong"):
        entered(world, packet, pin="000000")
    late = paper.on(day, "19:00") + timedelta(minutes=1)
    for line, key in ((replace(DONE, at=late), "paper_time"), (Line(None, "failed"), "paper_reason"),  # type: ignore[arg-type]
                      (replace(DONE, sheets=0), "counts_missing")):  # fmt: skip
        with pytest.raises(Invalid, match=key):
            entered(world, packet, line)
    with pytest.raises(Invalid, match="paper_time"):
        paper.on(day, "25:00")
    assert world.fresh_count() == 0


def test_the_stranger_cannot_open_the_visit(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = open_visit(packet.id)
    assert visit and paper.visit(world.clerk, visit.id)
    with pytest.raises(Missing):
        paper.visit(world.stranger, visit.id)
