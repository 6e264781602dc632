"""The same scans in any order end the same; what a forger, a latecomer or a stranger sends moves nothing."""

import itertools
import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import booking, custody, scans, visits
from app.domain.bodies import Scan
from app.domain.devices import Device
from app.domain.dossiers import Dossier
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.scans import Ruling
from app.domain.visits import VisitState
from tests.inspecting import faults
from tests.test_race import rush
from tests.world import MONDAY, World


class Retold(Exception):
    """Ends one telling of a history without keeping it."""


def outcome(packet_id: int, told: tuple[Scan, ...], world: World) -> tuple[object, ...]:
    """Judge the scans in this order, look at what it came to, and forget it."""
    seen, found = world.seen(), []

    def tell() -> None:
        for scan in told:
            custody.record(scan, seen)
        packet = db.session.get_one(Packet, packet_id)
        held = {row.digest for row, _ in scans.of_packet(packet.code, Ruling.HELD)}
        assert faults(packet) == []
        found.append((packet.state, packet.holder_id, tuple(packet.flags), frozenset(held)))
        raise Retold

    with pytest.raises(Retold):
        atomically(tell)
    return found[0]  # type: ignore[no-any-return]


def histories(world: World) -> list[tuple[int, list[Scan]]]:
    """Short histories with forks, echoes and missing parents, each of its own packet."""
    made = []
    for seed in range(12):
        dice = random.Random(seed)
        packet = world.packet(Way.OUT)
        one, two = world.phone(world.courier), world.phone(world.second_courier)
        home = packet.dossier.citizen.party_id
        take = one.scan(packet, "take", parent=None if dice.random() < 0.3 else packet.head.hex())
        told = [take]
        follows = take
        if dice.random() < 0.7:
            follows = one.scan(packet, "take")  # the same act told twice
            told.append(follows)
        parent = None if dice.random() < 0.3 else follows.digest.hex()
        told.append(
            one.scan(packet, "deliver", giver=one.party, taker=one.party, parent=parent, proof=[("WET_CLAIMED", "")])
        )
        if dice.random() < 0.4:
            told.append(two.scan(packet, "take"))
        told.append(one.scan(packet, "confirm", giver=one.party, taker=home, parent=None, proof=[("CODE", "1")]))
        made.append((packet.id, told))
    return made


def test_any_order_ends_the_same(world: World) -> None:
    def widen() -> None:
        db.session.merge(world.post).slot_places = 500

    atomically(widen)
    for packet_id, told in histories(world):
        orders = list(itertools.permutations(told))
        random.Random(packet_id).shuffle(orders)
        ends = {outcome(packet_id, order, world) for order in orders[:8]}
        assert len(ends) == 1, ends


def test_a_scan_that_follows_an_echo_finds_its_place_when_the_echo_comes(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    first, echo = phone.scan(packet, "take"), phone.scan(packet, "take")
    facts = {"giver": phone.party, "taker": phone.party, "parent": echo.digest.hex(), "proof": [("WET_CLAIMED", "")]}
    later = phone.scan(packet, "deliver", **facts)
    for scan in (later, first, echo):
        world.record(scan)
    assert world.fresh(packet).state == State.DELIVERED_UNVERIFIED


def test_a_forger_takes_no_number_and_no_id_from_anybody(world: World) -> None:
    """One phone names another device, even the server's: its scans are kept, and nobody else is disturbed."""
    packet, other, victim, forger = world.packet(), world.packet(), world.phone(), world.phone(world.second_courier)
    honest = victim.scan(packet, "collect", id="a" * 32)
    atomically(custody.enter, packet, "attest", world.act(world.clerk), giver=packet.holder_id,
               taker=packet.holder_id, parent=None, proof=[("WET_SEEN", "")])  # fmt: skip
    pages = db.session.get_one(Device, "d-pages").contiguous
    for device, n in ((victim.device_id, 1), ("d-pages", pages + 1), ("d-ledger", 1)):
        forged = forger.scan(other, "collect", device=device, n=n, id="a" * 32)
        assert world.record(forged).verdict == Ruling.QUARANTINED
    assert world.record(honest).verdict == Ruling.APPLIED
    assert db.session.get_one(Device, victim.device_id).contiguous == 1
    atomically(custody.enter, packet, "attest", world.act(world.clerk), giver=world.fresh(packet).holder_id,
               taker=packet.holder_id, parent=None, proof=[("WET_SEEN", "")])  # fmt: skip


def messages(kind: str) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Message).filter_by(kind=kind)) or 0


@pytest.mark.parametrize("facts", [{"reason": "made_up", "next": "zzz"}, {"reason": "nobody_home", "next": "zzz"}])
def test_a_failure_is_said_in_known_words_only(world: World, facts: dict[str, str]) -> None:
    packet = world.packet()
    world.on_round(packet)
    assert world.record(world.phone().scan(packet, "miss", **facts)).why == "proof_missing"
    assert messages("missed") == 0


def test_a_stranger_and_a_late_word_do_not_end_a_visit(world: World) -> None:
    packet, phone = world.packet(), world.phone()
    world.on_round(packet)
    said = {"reason": "nobody_home", "next": "another_day"}
    assert world.record(world.phone(world.strange_courier).scan(packet, "miss", **said)).verdict == Ruling.APPLIED
    early = MONDAY - timedelta(days=3)
    assert world.record(phone.scan(packet, "miss", at=early, **said)).verdict == Ruling.APPLIED
    visit = visits.open_visit(world.fresh(packet).id)
    assert visit and visit.state == VisitState.ASSIGNED
    assert messages("missed") == 0
    world.record(phone.scan(packet, "miss", **said))
    assert visits.open_visit(world.fresh(packet).id) is None
    assert messages("missed") == 1


def test_two_citizens_who_swap_their_times_both_succeed(app: Flask, world: World) -> None:
    one, two = world.packet(), world.packet()
    offers = [offer.key for offer in visits.offers(world.post, world.act().at) if offer.left][-2:]
    act = world.act()

    def move(dossier_id: int, key: str) -> None:
        booking.rebook(db.session.get_one(Dossier, dossier_id), key, act)

    ids = (one.dossier_id, two.dossier_id)
    for again in range(6):
        there, back = offers if again % 2 else reversed(offers)
        jobs = [lambda k=there: atomically(move, ids[0], k), lambda k=back: atomically(move, ids[1], k)]
        assert rush(app, jobs) == [None, None]


def test_what_the_database_refused_is_not_repeated_in_the_log(capsys: pytest.CaptureFixture[str], app: Flask) -> None:
    def breaks() -> None:
        db.session.execute(
            sa.text("INSERT INTO users (id, name) VALUES (:id, :name)"), {"id": "u1", "name": "Canary 0900000999"}
        )

    def view() -> str:
        breaks()
        return ""

    view.right = None  # type: ignore[attr-defined]
    app.view_functions["lookups.by_number"] = view
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert app.test_client().get("/track").status_code == 500
    logged = capsys.readouterr()
    assert "IntegrityError" in logged.err and "Canary" not in logged.err + logged.out


@pytest.mark.parametrize("path", ["/t/%00aaaaaaaaaaaaaaa", "/procedures/%00", "/book?q=%00", "/track?number=%00"])
def test_a_nul_is_a_bad_request_and_not_a_fault(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 400
    assert app.test_client().post("/sign-in", data={"login": "a\0", "password": "x"}).status_code == 400
