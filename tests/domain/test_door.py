"""At the door: what the citizen shows, what is counted, taken and given back, and what comes after a visit that failed."""

import base64
from datetime import timedelta

import pytest

from app.db import atomically
from app.domain import codes, tokens
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from app.domain.scans import Ruling
from app.domain.tokens import DoorType, TokenType
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def shown(world: World, packet: Packet, purpose: Purpose = Purpose.COLLECT) -> str:
    """The letters of the picture on the citizen's screen, on Monday at nine."""
    return codes.show(packet, purpose, 1, world.act())


def test_what_the_citizen_shows_proves_as_the_code_does(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect", proof=[("DOOR", shown(world, packet))])
    assert world.record(scan, MONDAY + timedelta(days=3)).verdict == Ruling.APPLIED  # it comes when there is a network
    assert (world.fresh(packet).state, world.fresh(packet).flags) == (State.CARRIED, [])
    assert world.record(scan, MONDAY + timedelta(days=3)).verdict == Ruling.APPLIED


def test_a_result_is_delivered_by_what_its_citizen_shows(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    citizen, proof = packet.dossier.citizen.party_id, [("DOOR", shown(world, packet, Purpose.DELIVER))]
    assert (
        world.record(phone.scan(world.fresh(packet), "deliver", taker=citizen, proof=proof)).verdict == Ruling.APPLIED
    )
    assert world.fresh(packet).state == State.DELIVERED


@pytest.mark.parametrize("case", ["other packet", "other purpose", "a slip", "a changed letter", "over"])
def test_anything_else_a_courier_scans_proves_nothing_and_costs_no_try(world: World, case: str) -> None:
    phone, packet, other = world.phone(), world.packet(), world.packet()
    keys, code = world.keys, packet.code
    good, over = shown(world, packet), MONDAY - timedelta(minutes=1)
    text = {
        "other packet": shown(world, other),
        "other purpose": shown(world, packet, Purpose.DELIVER),
        "a slip": tokens.write(keys, TokenType.SLIP, code, 1, 25942, MONDAY.date()),
        "a changed letter": good[:50] + ("0" if good[50] != "0" else "1") + good[51:],
        "over": tokens.write_door(keys, DoorType.COLLECT, code, 1, over),
    }[case]
    told = MONDAY.isoformat()
    word = base64.b64encode(tokens.sign(keys.server, b"time-v1\n" + told.encode())).decode()
    heard = {"server_time": told, "server_sig": word}
    world.record(phone.scan(packet, "collect", proof=[("DOOR", text)], told=heard))
    assert world.fresh(packet).flags == ["collect_unproven"]
    assert atomically(codes.closed, packet, Purpose.COLLECT) is False
