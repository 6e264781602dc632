"""A courier may ask about one packet: theirs, or one they may take. Everything else does not exist."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from app.api import day as door
from app.db import atomically
from app.domain import packets, tokens, visits
from app.domain.packets import Packet, Way
from tests.api.conftest import Line, line
from tests.world import MONDAY, World

ABSENT = "HS-260101-000001-5"


def ask(wire: Line, **by: Any) -> Any:
    return wire.post("/api/v1/lookups", by)


def ways_to_name(packet: Packet) -> list[dict[str, str]]:
    return [{"code": tokens.b32(packet.code)}, {"number": packet.number}, {"token": packet.slip.token}]


def test_a_packet_is_found_by_its_code_its_number_and_its_slip(world: World, wire: Line) -> None:
    packet = world.packet(Way.OUT)
    for by in ways_to_name(packet):
        answer = ask(wire, **by)
        assert (answer.status_code, answer.json["number"]) == (200, packet.number)


def test_whoever_asks_early_hears_which_day_a_home_is_promised(world: World, wire: Line) -> None:
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit and visit.slot.day > MONDAY.date()
    assert ask(wire, number=packet.number).json["visit_on"] == visit.slot.day.isoformat()
    world.collected(world.phone(), packet)
    [carried] = wire.get("/api/v1/day").json["carrying"]
    assert carried["number"] == packet.number and carried["visit_on"] is None  # it was collected after all


def test_a_number_is_forgiven_its_spaces_and_its_letter_o(world: World, wire: Line) -> None:
    packet = world.packet()
    assert ask(wire, number=packet.number.replace("-", " ").replace("0", "O").lower()).json["number"] == packet.number


def test_an_old_issue_of_a_slip_is_told_from_the_one_in_force(world: World, wire: Line) -> None:
    packet = world.packet()
    old = packet.slip.token
    atomically(packets.issue_slip, packet, 25942, world.act())
    answer = ask(wire, token=old).json
    assert (answer["scanned"], answer["issue"]) == (1, 2)


def test_phones_are_told_which_slips_were_replaced_since_they_last_asked(world: World, wire: Line) -> None:
    first, second, third = world.packet(), world.packet(), world.packet()
    atomically(packets.issue_slip, world.fresh(first), 25942, world.act())
    atomically(packets.issue_slip, world.fresh(second), 25942, world.act(at=MONDAY + timedelta(hours=2)))
    atomically(packets.issue_slip, world.fresh(second), 25942, world.act(at=MONDAY + timedelta(hours=3)))
    whole = wire.get("/api/v1/slips/revoked")
    assert whole.content_type == "application/octet-stream" and whole.headers["Slips-Until"]
    assert whole.data == tokens.revocations(sorted([(first.code, 1), (second.code, 2)]))
    since = (MONDAY + timedelta(hours=2, minutes=30)).isoformat()
    assert wire.get(f"/api/v1/slips/revoked?since={quote(since)}").data == tokens.revocations([(second.code, 2)])
    slow = (MONDAY + timedelta(hours=3, minutes=9)).isoformat()  # written by whoever had begun before that was answered
    assert wire.get(f"/api/v1/slips/revoked?since={quote(slow)}").data == tokens.revocations([(second.code, 2)])
    for lost in ("yesterday", "2026-01-01"):
        assert wire.get(f"/api/v1/slips/revoked?since={lost}").data == whole.data
    assert third.code[:5] not in whole.data


def test_the_stranger_cannot_tell_a_foreign_packet_from_none(world: World) -> None:
    wire = line(world, world.strange_courier)
    for way in (Way.IN, Way.OUT):
        for by in ways_to_name(world.packet(way)):
            there = ask(wire, **by)
            assert (there.status_code, there.json["key"]) == (404, "packet_unknown")
            assert there.data == ask(wire, number=ABSENT).data


def test_what_a_colleague_carries_is_not_told(world: World) -> None:
    packet = world.collected(world.phone())
    assert ask(line(world, world.second_courier), number=packet.number).status_code == 404
    assert ask(line(world), number=packet.number).status_code == 200  # the courier's other phone


def test_what_is_inside_is_told_only_to_whoever_stands_before_it(world: World, wire: Line) -> None:
    packet = world.packet()
    assert ask(wire, number=packet.number).json["papers"] == []
    mine = world.collected(wire.phone, packet)
    assert ask(wire, number=mine.number).json["papers"]


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({}, "fields"),
        ({"number": "HS-1", "code": "0" * 16}, "fields"),
        ({"number": "hello"}, "number_form"),
        ({"number": "HS-260101-000001-2"}, "number_check"),
        ({"token": "X"}, "token_damaged"),
        ({"code": "ILOU"}, "token_damaged"),
        ({"number": "\x00"}, "fields"),
    ],
)
def test_what_cannot_be_on_a_packet_is_said_to_be_so(wire: Line, asked: Any, key: str) -> None:
    answer = ask(wire, **asked)
    assert (answer.status_code, answer.json["key"]) == (422, key)


def test_a_forged_slip_is_said_to_be_forged(world: World, wire: Line) -> None:
    token = world.packet().slip.token
    forged = token[:40] + ("0" if token[40] != "0" else "1") + token[41:]
    assert ask(wire, token=forged).json["key"] == "token_forged"


def test_guessing_is_slowed_down(wire: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LOOKUPS", 2)
    assert [ask(wire, code="0" * 16).status_code for _ in range(3)] == [404, 404, 429]
