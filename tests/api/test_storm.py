"""Many phones send at the same moment: their scans are judged in few transactions, and nobody bears another's trouble."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.db import atomically, db
from app.domain import scans
from app.domain.packets import Packet, Way
from app.domain.people import Role, User, hire
from app.domain.scans import RawScan, ScanRow
from tests.api.conftest import Line, line
from tests.inspecting import faults
from tests.world import World

PHONES = 12


@pytest.fixture
def lines(world: World) -> list[Line]:
    def recruit() -> None:
        for n in range(PHONES):
            hire(f"rider{n}", f"Bưu tá {n}", Role.COURIER, world.post, World.PASSWORD, badge=f"R-{n:02}")

    atomically(recruit)
    riders = db.session.scalars(sa.select(User).where(User.login.like("rider%"))).all()
    return [line(world, rider) for rider in riders]


def storm(lines: list[Line], bodies: list[list[bytes]]) -> list[TestResponse]:
    """All of them send at once."""
    start = Barrier(len(lines))

    def send(each: Line, said: list[bytes]) -> TestResponse:
        start.wait()
        return each.send(*said)

    db.session.rollback()
    with ThreadPoolExecutor(len(lines)) as pool:
        return list(pool.map(send, lines, bodies))


def kept() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) or 0


def test_every_phone_gets_the_verdicts_on_its_own_scans(world: World, lines: list[Line]) -> None:
    carried = [[world.packet(Way.OUT) for _ in range(3)] for _ in lines]
    numbers = [[packet.number for packet in mine] for mine in carried]
    bodies = [[each.phone.body(packet, "take") for packet in mine] for each, mine in zip(lines, carried, strict=True)]
    answers = storm(lines, bodies)
    assert [[one["packet"] for one in answer.json["results"]] for answer in answers] == numbers
    assert {one["verdict"] for answer in answers for one in answer.json["results"]} == {"applied"}
    assert {answer.json["contiguous"] for answer in answers} == {3}
    assert kept() == 3 * PHONES


def test_one_packet_in_the_storm_still_has_one_holder(world: World, lines: list[Line]) -> None:
    packet = world.packet(Way.OUT)
    answers = storm(lines, [[each.phone.body(packet, "take")] for each in lines])
    assert {answer.status_code for answer in answers} == {200}
    fresh = world.fresh(packet)
    assert (fresh.state, fresh.holder_id) == ("DISPUTED", world.desk.party_id)
    assert faults(fresh) == []
    assert kept() == PHONES + 1  # and the server's own word that they contradict each other


def test_a_scan_that_trips_costs_no_other_phone_anything(
    world: World, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[Packet] = [world.packet(Way.OUT) for _ in lines]
    bodies = [[each.phone.body(packet, "take")] for each, packet in zip(lines, carried, strict=True)]
    honest, bad = scans.keep, carried[5].code

    def trips(scan: Any, *facts: Any) -> Any:
        if scan.code == bad:
            raise ZeroDivisionError
        return honest(scan, *facts)

    monkeypatch.setattr(scans, "keep", trips)
    answers = storm(lines, bodies)
    assert [len(answer.json["results"]) for answer in answers] == [1] * 5 + [0] + [1] * (PHONES - 6)
    assert kept() == PHONES - 1
    assert [one.bytes for one in db.session.scalars(sa.select(RawScan))] == bodies[5]
