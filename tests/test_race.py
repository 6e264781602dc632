"""Twenty couriers claim one packet at the same moment, with real threads, of one process and of two, on both databases.

Never two holders; one applied child of the parent; every further claim a dispute; the giver answers meanwhile.
A naive version (look, then write) stands beside it, and the same checks must catch it.
"""

import contextlib
import itertools
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import bodies, custody, invariants, ledger, scans, sittings
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Packet, State, Way
from app.domain.people import Role, User, hire
from app.domain.scans import Ruling
from tests.inspecting import faults
from tests.world import Phone, World

COURIERS = 20
FORK = multiprocessing.get_context("fork")


def rush(app: Flask, claims: list[Callable[[], object]], start: Any = None) -> list[object]:
    """Run all claims at once, each in a thread and an application context of its own. `start`: where they meet."""
    start = start or Barrier(len(claims))

    def one(claim: Callable[[], object]) -> object:
        with app.app_context():
            start.wait()
            try:
                return claim()
            except sa.exc.IntegrityError as error:
                return error

    with ThreadPoolExecutor(len(claims)) as pool:
        return list(pool.map(one, claims))


def rush_from_two(app: Flask, claims: list[Callable[[], object]]) -> None:
    """As `rush`, half of them from each of two processes, as the server has them."""
    db.session.rollback()
    db.engine.dispose()  # no connection goes along
    start = FORK.Barrier(len(claims))
    halves = [FORK.Process(target=rush, args=(app, claims[at::2], start)) for at in range(2)]
    for half in halves:
        half.start()
    for half in halves:
        half.join(60)
    assert [half.exitcode for half in halves] == [0, 0]


@pytest.fixture
def phones(world: World) -> list[Phone]:
    post = world.post

    def recruit() -> None:
        for n in range(COURIERS):
            hire(f"rider{n}", f"Bưu tá {n}", Role.COURIER, post, World.PASSWORD, badge=f"R-{n:02}")

    atomically(recruit)
    riders = db.session.scalars(sa.select(User).where(User.login.like("rider%"))).all()
    return [world.phone(rider) for rider in riders]


@pytest.mark.usefixtures("laws_hold")
@pytest.mark.parametrize("hurry", [rush, rush_from_two])
def test_twenty_claims_leave_one_holder_and_a_dispute(
    app: Flask, world: World, phones: list[Phone], hurry: Callable[..., object]
) -> None:
    packet = world.packet(Way.OUT)
    taken = [phone.scan(packet, "take") for phone in phones]
    seen = world.seen()
    hurry(app, [lambda scan=scan: atomically(custody.record, scan, seen) for scan in taken])

    packet = world.fresh(packet)
    children = [line for line in ledger.lines(packet) if line.follows == packet.genesis]
    final = [scans.latest(scan.digest) for scan in taken]
    assert len(children) == 1
    assert [verdict.verdict for verdict in final] == [Ruling.DISPUTED] * COURIERS
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.desk.party_id)
    assert faults(packet) == []


@pytest.mark.usefixtures("laws_hold")
def test_the_same_claim_sent_twenty_times_at_once_is_one_handoff(app: Flask, world: World, phones: list[Phone]) -> None:
    packet = world.packet(Way.OUT)
    scan, seen = phones[0].scan(packet, "take"), world.seen()
    outcomes = rush(app, [lambda: atomically(custody.record, scan, seen)] * COURIERS)
    assert {(outcome.verdict, outcome.seq) for outcome in outcomes} == {(Ruling.APPLIED, 1)}
    assert world.fresh(packet).holder_id == phones[0].party


def naive_claim(packet_id: int, taker: str, looked: Any, holders: Any) -> None:
    """The planted bug: look who holds it, then write, in two transactions. Everybody has looked before anybody writes."""
    packet = db.session.get_one(Packet, packet_id)
    free = packet.state == State.WAITING
    db.session.rollback()
    looked.wait()
    if free:
        atomically(naive_write, packet_id, taker)
        holders.append(taker)


def naive_write(packet_id: int, taker: str) -> None:
    packet = db.session.get_one(Packet, packet_id)
    packet.state, packet.holder_id = State.CARRIED, taker


def test_the_naive_version_is_caught(app: Flask, world: World, phones: list[Phone]) -> None:
    packet_id, looked = world.packet(Way.OUT).id, Barrier(COURIERS)
    believe_they_hold: list[str] = []
    rush(app, [lambda p=phone: naive_claim(packet_id, p.party, looked, believe_they_hold) for phone in phones])
    assert len(believe_they_hold) == COURIERS
    db.session.rollback()
    assert {broken.law for broken in invariants.broken(packet_id)} == {"I9"}


def test_the_naive_version_is_caught_from_two_processes(app: Flask, world: World, phones: list[Phone]) -> None:
    packet_id, looked = world.packet(Way.OUT).id, FORK.Barrier(COURIERS)
    with FORK.Manager() as shared:
        holders = shared.list()
        rush_from_two(app, [lambda p=phone: naive_claim(packet_id, p.party, looked, holders) for phone in phones])
        assert len(holders) == COURIERS
    db.session.rollback()
    assert {broken.law for broken in invariants.broken(packet_id)} == {"I9"}


def test_the_database_itself_refuses_a_second_child(app: Flask, world: World) -> None:
    packet = world.collected(world.phone())
    first = ledger.lines(packet)[0]

    def second() -> None:
        copy = {c.name: getattr(first, c.name) for c in Handoff.__table__.columns if c.name != "id"}
        db.session.add(Handoff(**copy | {"seq": 2, "digest": b"x" * 32, "kind": LineKind.MOVE}))

    with pytest.raises(sa.exc.IntegrityError):
        atomically(second)


# ---- batches that cross ---------------------------------------------------------------------------------------------


def crossing(app: Flask, world: World, phones: list[Phone]) -> list[str]:
    """What the database had to refuse while eight phones handed in the same packets, every other one backwards."""
    listed, refused, seen = [world.packet(Way.OUT) for _ in range(6)], list[str](), world.seen()
    batches = [[phone.scan(packet, "take") for packet in listed] for phone in phones[:8]]
    for batch in batches[::2]:
        batch.reverse()

    def hand_in(batch: list[bodies.Scan]) -> None:
        with contextlib.suppress(sa.exc.DBAPIError):
            atomically(custody.record_all, batch, seen)

    sa.event.listen(db.engine, "handle_error", lambda error: refused.append(str(error.original_exception)))
    rush(app, [lambda batch=batch: hand_in(batch) for batch in batches])
    return refused


@pytest.mark.dialects("postgresql")
def test_batches_that_cross_wait_for_each_other_in_one_order(app: Flask, world: World, phones: list[Phone]) -> None:
    assert crossing(app, world, phones) == []


TURN = itertools.count()


def as_they_come(wanted: Iterable[bytes]) -> list[Packet]:
    """The planted bug: each batch locks its packets in an order of its own."""
    found = sorted(wanted, reverse=next(TURN) % 2 == 1)
    locked = [sa.select(Packet).filter_by(code=code).with_for_update(of=Packet) for code in found]
    return [db.session.scalars(one.execution_options(populate_existing=True)).one() for one in locked]


def without_a_lock(wanted: Iterable[bytes]) -> list[Packet]:
    """The planted bug: the next line's number is counted from a row nobody has locked."""
    return list(db.session.scalars(sa.select(Packet).where(Packet.code.in_(wanted)).order_by(Packet.id)))


@pytest.mark.dialects("postgresql")
@pytest.mark.parametrize(("bug", "said"), [(as_they_come, "deadlock"), (without_a_lock, "")])
def test_batches_without_locks_in_one_order_are_caught(
    app: Flask, world: World, phones: list[Phone], monkeypatch: pytest.MonkeyPatch, bug: Any, said: str
) -> None:
    monkeypatch.setattr(sittings, "lock_packets", bug)
    assert any(said in refusal for refusal in crossing(app, world, phones))
