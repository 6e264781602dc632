"""Hands: what somebody says counts by who they are and by what they prove, never by their saying so."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.db import atomically, db
from app.domain import bodies, custody
from app.domain.bodies import Scan
from app.domain.codes import Purpose
from app.domain.devices import Device
from app.domain.hands import Hand
from app.domain.packets import Packet, Way
from app.domain.people import Role, User
from app.domain.scans import Ruling, ScanRow
from app.domain.sittings import Outcome
from app.domain.steps import By
from app.errors import Refused
from tests.world import MONDAY, Phone, World

pytestmark = [pytest.mark.usefixtures("laws_hold"), pytest.mark.dialects("sqlite")]


def page(world: World, packet: Packet, event: str, user: User | None, **over: Any) -> Outcome:
    """What somebody records of a packet at a page: who holds it stays the same unless said."""
    packet = world.fresh(packet)
    facts = {"giver": packet.holder_id, "taker": packet.holder_id, "parent": packet.head, "proof": []} | over
    return atomically(custody.enter, packet, event, world.act(user), **facts)


def judged(world: World, scan: Scan) -> tuple[Ruling, str | None]:
    outcome = world.record(scan)
    return outcome.verdict, outcome.why


# ---- who --------------------------------------------------------------------------------------------------------


def test_another_citizen_says_nothing_of_this_packet(world: World) -> None:
    packet, stranger = world.collected(world.phone()), world.packet().dossier.citizen.party_id
    with pytest.raises(Refused, match="^custody_out_of_turn$"):
        page(world, packet, "attest", None, actor=stranger, parent=None, proof=[("LOGIN", "")])


def test_what_is_not_for_a_courier_to_say_is_out_of_turn(world: World) -> None:
    scan = world.phone().scan(world.packet(Way.OUT), "amend", parent=None)
    assert judged(world, scan) == (Ruling.HELD, "out_of_turn")


def test_a_page_says_in_which_part_somebody_acted_and_the_first_pages_did_not(world: World) -> None:
    """Roles change. Whoever is no user was a citizen."""
    packet = world.collected(world.phone())
    outcome = page(world, packet, "hand_in", world.clerk, taker=world.post.party_id, seal="NP0045821")
    atomically(lambda: setattr(db.session.get_one(User, world.clerk.id), "role", Role.DISPATCHER))
    row = db.session.get_one(ScanRow, outcome.digest)
    scan, device = bodies.read(row.body, row.sig), db.session.get_one(Device, row.device_id)

    def part(scan: Scan) -> tuple[By | None, str | None]:
        hand = Hand(scan, packet, device, world.keys, MONDAY)
        return hand.by, hand.party

    home = packet.dossier.citizen.party_id
    assert part(scan) == (By.POST, world.post.party_id)
    assert part(replace(scan, by=None, party=None)) == (By.DISPATCHER, world.post.party_id)
    assert part(replace(scan, by=None, party=None, actor=home)) == (By.CITIZEN, home)


def test_who_takes_it_must_be_said(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    assert judged(world, phone.scan(packet, "take", taker=None)) == (Ruling.HELD, "out_of_turn")
    assert judged(world, phone.scan(packet, "take")) == (Ruling.APPLIED, None)
    code = [("CODE", world.code(packet, Purpose.DELIVER))]
    given = phone.scan(world.fresh(packet), "deliver", taker=None, proof=code)
    assert judged(world, given) == (Ruling.HELD, "out_of_turn")


# ---- what they prove --------------------------------------------------------------------------------------------


def meeting(world: World) -> tuple[Phone, Phone, Packet]:
    """Who has a result, who comes to take it over, and the result."""
    giver, taker, packet = world.phone(), world.phone(world.second_courier), world.packet(Way.OUT)
    world.record(giver.scan(packet, "take"))
    return giver, taker, world.fresh(packet)


@pytest.mark.parametrize("letter", ["!", "\n", " ", "="])
def test_an_offer_is_spelled_in_one_way(world: World, letter: str) -> None:
    giver, taker, packet = meeting(world)
    offer = giver.offer(packet)
    odd = taker.scan(packet, "transfer", proof=[("PEER", offer[:40] + letter + offer[40:])])
    assert judged(world, odd) == (Ruling.HELD, "proof_missing")
    assert judged(world, taker.scan(packet, "transfer", proof=[("PEER", offer)])) == (Ruling.APPLIED, None)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"revoked_at": MONDAY}, True),
        ({"revoked_at": MONDAY - timedelta(microseconds=1)}, False),
        ({"valid_until": None}, True),
        ({"confirmed_at": None}, False),
    ],
)
def test_an_offer_counts_while_the_phone_that_signed_it_is_in_service(
    world: World, change: dict[str, datetime | None], counts: bool
) -> None:
    giver, taker, packet = meeting(world)
    scan = taker.scan(packet, "transfer", proof=[("PEER", giver.offer(packet))])

    def put() -> None:
        for name, value in change.items():
            setattr(db.session.get_one(Device, giver.device_id), name, value)

    atomically(put)
    assert judged(world, scan) == ((Ruling.APPLIED, None) if counts else (Ruling.HELD, "proof_missing"))


def test_an_offer_is_of_the_packet_as_it_stood_and_a_scan_must_name_that(world: World) -> None:
    giver, taker, packet = meeting(world)
    scan = taker.scan(packet, "transfer", parent=None, proof=[("PEER", giver.offer(packet))])
    assert judged(world, scan) == (Ruling.HELD, "proof_missing")


def test_nobody_is_their_own_second_person_and_a_phone_vouches_for_none(world: World) -> None:
    phone, _, packet = meeting(world)
    for second in (world.dispatcher.id, "u-nobody", ""):
        with pytest.raises(Refused, match="^custody_proof_missing$"):
            page(world, packet, "lost", world.dispatcher, reason="not_found", proof=[("SECOND", second)])
    resealed = [("OLD_SEAL", "NP0045821"), ("SECOND", world.supervisor.id)]
    scan = phone.scan(packet, "seal_change", parent=None, seal="NP0045822", proof=resealed)
    assert judged(world, scan) == (Ruling.HELD, "proof_missing")
    page(world, packet, "seal_change", world.courier, parent=None, seal="NP0045822", proof=resealed)
