"""Told twice, it happened once: every event there is, its scan sent again later, by phone or by the server for a page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import Base, atomically, db
from app.domain import sittings
from app.domain.bodies import Scan
from app.domain.codes import Purpose
from app.domain.devices import DeviceKind
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.scans import Ruling
from app.domain.steps import EVENTS
from tests.domain.test_corrections import Quarrel
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")

SEAL = "NP0045821"


def page(world: World, packet: Packet, event: str, user: User, **facts: Any) -> Scan:
    """What the server signs for somebody at a page."""
    packet = world.fresh(packet)
    said = {"giver": packet.holder_id, "taker": packet.holder_id, "parent": packet.head, "proof": []} | facts
    return atomically(sittings.sign, packet, event, DeviceKind.PAGES, user.id, world.act(user), **said)


def taken(world: World) -> Packet:
    packet = world.packet(Way.OUT)
    world.record(world.phone().scan(packet, "take"))
    return world.fresh(packet)


def at_the_desk(world: World) -> Packet:
    packet = world.collected(world.phone())
    facts = {"taker": world.desk.party_id, "seal": SEAL, "proof": [("PRESENCE", "")]}
    world.record(page(world, packet, "receive", world.officer, **facts))
    return world.fresh(packet)


def collect(world: World) -> Scan:
    return world.phone().scan(world.packet(), "collect")


def take(world: World) -> Scan:
    return world.phone().scan(world.packet(Way.OUT), "take")


def transfer(world: World) -> Scan:
    giver, packet = world.phone(), world.packet(Way.OUT)
    world.record(giver.scan(packet, "take"))
    packet = world.fresh(packet)
    return world.phone(world.second_courier).scan(packet, "transfer", proof=[("PEER", giver.offer(packet))])


def hand_in(world: World) -> Scan:
    return page(world, taken(world), "hand_in", world.clerk, taker=world.post.party_id, seal=SEAL)


def receive(world: World) -> Scan:
    facts = {"taker": world.desk.party_id, "seal": SEAL, "proof": [("PRESENCE", "")]}
    return page(world, world.collected(world.phone()), "receive", world.officer, **facts)


def open_(world: World) -> Scan:
    proof = [("PRESENCE", ""), ("COUNT", "")]
    return page(world, at_the_desk(world), "open", world.officer, proof=proof)


def deliver(world: World) -> Scan:
    packet = taken(world)
    proof = [("CODE", world.code(packet, Purpose.DELIVER))]
    return world.phone().scan(world.fresh(packet), "deliver", taker=packet.dossier.citizen.party_id, proof=proof)


def claimed(world: World) -> Packet:
    packet, phone = taken(world), world.phone()
    world.record(phone.scan(packet, "deliver", taker=phone.party, proof=[("WET_CLAIMED", "")]))
    return world.fresh(packet)


def confirm(world: World) -> Scan:
    packet = claimed(world)
    citizen = packet.dossier.citizen.party_id
    return page(world, packet, "confirm", world.clerk, taker=citizen, parent=None, proof=[("WET_SEEN", "")])


def lost(world: World) -> Scan:
    proof = [("SECOND", world.clerk.id)]
    return page(world, taken(world), "lost", world.dispatcher, reason="not_found", proof=proof)


def dispute(world: World) -> Scan:
    packet = taken(world)
    proof = [("CLAIMS", packet.head.hex())]
    return page(world, packet, "dispute", world.dispatcher, reason="not_received", proof=proof)


def settle(world: World) -> Scan:
    quarrel = Quarrel(world)
    proof = [("SIGHTING", "ab" * 32), ("SECOND", world.dispatcher.id)]
    facts = {"taker": quarrel.one.party, "tip": quarrel.first.digest, "state": State.CARRIED, "reason": "packet_seen"}
    return page(world, quarrel.packet, "settle", world.supervisor, proof=proof, **facts)


def correct(world: World) -> Scan:
    packet = taken(world)
    facts = {"taker": world.desk.party_id, "tip": packet.genesis, "reason": "wrong_packet"}
    return page(world, packet, "correct", world.dispatcher, proof=[("SECOND", world.clerk.id)], **facts)


def attest(world: World) -> Scan:
    packet = world.packet()
    world.record(world.phone().scan(packet, "collect"))
    return page(world, packet, "attest", world.clerk, parent=None, proof=[("WET_SEEN", "")])


def miss(world: World) -> Scan:
    packet = world.packet()
    world.on_round(packet)
    return world.phone().scan(packet, "miss", reason="nobody_home", next="another_day")


def decline(world: World) -> Scan:
    packet = taken(world)
    world.on_round(packet)
    return world.phone().scan(world.fresh(packet), "decline", reason="refused", next="another_day")


def seal_change(world: World) -> Scan:
    packet = at_the_desk(world)
    proof = [("OLD_SEAL", SEAL), ("SECOND", world.supervisor.id)]
    return page(world, packet, "seal_change", world.officer, parent=None, seal="NP0077777", proof=proof)


def damaged(world: World) -> Scan:
    packet = world.collected(world.phone())
    return world.phone().scan(packet, "damaged", taker=packet.holder_id, reason="torn", proof=[("PHOTO", "a" * 64)])


def sighting(world: World) -> Scan:
    return page(world, taken(world), "sighting", world.clerk, parent=None, seal=SEAL)


def amend(world: World) -> Scan:
    packet = taken(world)
    proof = [("AMENDS", f"{packet.head.hex()} seal NP0077777"), ("SECOND", world.dispatcher.id)]
    return page(world, packet, "amend", world.clerk, parent=None, proof=proof)


TOLD: dict[str, Callable[[World], Scan]] = {
    "collect": collect, "take": take, "transfer": transfer, "hand_in": hand_in, "receive": receive, "open": open_,
    "deliver": deliver, "confirm": confirm, "lost": lost, "dispute": dispute, "settle": settle, "correct": correct,
    "attest": attest, "miss": miss, "decline": decline, "seal_change": seal_change, "damaged": damaged,
    "sighting": sighting, "amend": amend,
}  # fmt: skip


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    db.session.rollback()
    tables = Base.metadata.sorted_tables
    return {table.name: sorted(map(repr, db.session.execute(sa.select(table)))) for table in tables}


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_an_event_that_is_told_twice_happened_once(world: World, event: str) -> None:
    scan = TOLD[event](world)
    first = world.record(scan, MONDAY + timedelta(minutes=1))
    assert first.verdict is (Ruling.DISPUTED if event == "dispute" else Ruling.APPLIED), first
    before = everything()
    assert world.record(scan, MONDAY + timedelta(hours=1)) == first
    assert everything() == before
