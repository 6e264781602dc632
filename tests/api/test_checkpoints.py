"""Every phone is a witness: it is proved that the log only grew, and who changes the past contradicts what it signed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain import checkpoints, notes, tree
from app.domain.notes import Head
from app.domain.packets import Packet
from app.domain.tasks import Task, TaskKind
from app.signer import EVERY, Signer, at_work
from app.worker import Sequencer
from tests.api.conftest import Line, line
from tests.forging import superuser
from tests.world import World


class Log:
    """The sequencer and the signer, a minute at a time."""

    def __init__(self, app: Flask) -> None:
        self.app, self.minutes = app, 0
        self.sequencer = Sequencer()
        with at_work(app.extensions["settings"]) as signer:
            self.signer: Signer = signer

    def sign(self) -> None:
        self.minutes += 1
        self.sequencer()
        self.signer.look(self.minutes * EVERY)
        self.sequencer()

    def read(self, note: str) -> Head:
        key = notes.published(self.app.extensions["settings"].checkpoint_dir)
        assert key
        return notes.read(note, key)


@pytest.fixture
def log(app: Flask) -> Log:
    return Log(app)


def missed(wire: Line, packet: Packet, **over: object) -> bytes:
    return wire.phone.body(packet, "miss", reason="nobody_home", next="another_day", **over)


def told(head: Head) -> dict[str, object]:
    return {"size": head.size, "root": head.root.hex()}


def alarms() -> list[tuple[str | None, dict[str, object]]]:
    db.session.rollback()
    found = db.session.scalars(sa.select(Task).filter_by(kind=TaskKind.FORK_OF_LOG).order_by(Task.id))
    return [(task.device_id, task.facts) for task in found]


def test_a_phone_is_told_the_newest_checkpoint_and_the_proof_from_its_own(world: World) -> None:
    log, wire, packet = Log(world.app), line(world), world.packet()
    assert wire.send(missed(wire, packet)).json["checkpoint"] is None
    log.sign()
    first = log.read(wire.send(missed(wire, packet)).json["checkpoint"])
    assert first == Head(1, checkpoints.root(1))
    log.sign()
    for answer in (wire.send(pin=told(first)), wire.get(f"/api/v1/day?pin={first.size}")):
        assert answer.status_code == 200
        head = log.read(answer.json["checkpoint"])
        path = [bytes.fromhex(each) for each in answer.json["consistency"]]
        assert head.size == 2 and tree.extends(first.size, first.root, head.size, head.root, path)
    assert alarms() == []


@pytest.mark.parametrize("pin", [None, 5, "", {}, {"size": 1}, {"size": True, "root": "0" * 64}, {"size": 1, "root": 5},
                                 {"size": 0, "root": "0" * 64}, {"size": 1, "root": "A" * 64}, {"size": 2**53, "root": "0" * 64}])  # fmt: skip
def test_a_pin_that_says_nothing_costs_nothing(world: World, wire: Line, log: Log, pin: object) -> None:
    packet = world.packet()
    answer = wire.send(missed(wire, packet, pin=pin), pin=pin)
    assert answer.json["results"][0]["verdict"] == "applied"
    log.sign()
    for size in ("many", "-1", "-5"):
        answer = wire.get(f"/api/v1/day?pin={size}")
        assert (answer.status_code, answer.json["consistency"]) == (200, [])
    assert alarms() == []


def test_a_phone_that_saw_another_log_raises_the_alarm_once(world: World, wire: Line, log: Log) -> None:
    wire.send(missed(wire, world.packet()))
    log.sign()
    other = Head(1, b"\7" * 32)
    for _ in range(2):
        assert wire.send(pin=told(other)).status_code == 200
    assert alarms() == [(wire.phone.device_id, told(other))]


def test_what_a_phone_signed_to_have_seen_counts_when_it_arrives_and_the_scan_is_kept(
    world: World, wire: Line, log: Log
) -> None:
    packet = world.packet()
    wire.send(missed(wire, packet))
    log.sign()
    unseen = Head(40, b"\7" * 32)
    answer = wire.send(missed(wire, packet, pin=told(unseen)))
    assert answer.json["results"][0]["verdict"] == "applied"
    assert alarms() == [(wire.phone.device_id, told(unseen))]


def test_what_every_phone_saw_long_ago_is_still_right(world: World, wire: Line, log: Log) -> None:
    packet, seen = world.packet(), []
    for _ in range(4):
        wire.send(missed(wire, packet))
        log.sign()
        seen.append(Head(len(seen) + 1, checkpoints.root(len(seen) + 1)))
    wire.send(*(missed(wire, packet, pin=told(head)) for head in seen), pin=told(seen[0]))
    assert alarms() == []


def keep_file() -> Callable[[], None]:
    """Keep the database file as it is; what is returned puts it back."""
    path = db.engine.url.database
    assert path
    db.session.rollback()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, f"{path}.yesterday")

    def put_back() -> None:
        db.session.rollback()
        db.engine.dispose()
        for ending in ("-wal", "-shm"):
            Path(path + ending).unlink(missing_ok=True)
        shutil.copy(f"{path}.yesterday", path)

    return put_back


@pytest.mark.dialects("sqlite")
def test_a_silent_roll_back_to_yesterday_is_seen_at_the_first_sync(
    app: Flask, world: World, wire: Line, log: Log
) -> None:
    packet = world.packet()
    wire.send(missed(wire, packet))
    log.sign()
    put_back = keep_file()
    wire.send(missed(wire, packet))
    log.sign()
    seen = log.read(wire.send().json["checkpoint"])
    assert seen.size == 2
    put_back()
    assert checkpoints.size() == 1
    assert wire.send().status_code == 200 and alarms() == []  # the planted bug: a phone that pins nothing sees nothing
    answer = wire.send(pin=told(seen)).json
    assert log.read(answer["checkpoint"]).size == 1, "and the phone, too, sees less than it had"
    assert alarms() == [(wire.phone.device_id, told(seen))]


@pytest.mark.dialects("sqlite")
def test_a_roll_back_that_was_written_over_is_seen_too(app: Flask, world: World, wire: Line, log: Log) -> None:
    packet, other = world.packet(), world.packet()
    wire.send(missed(wire, packet))
    log.sign()
    put_back = keep_file()
    wire.send(missed(wire, world.fresh(packet)))
    log.sign()
    seen = Head(2, checkpoints.root(2))
    put_back()
    for _ in range(3):  # the log goes on, as if nothing had been
        wire.send(missed(wire, other))
    log.sequencer()
    assert checkpoints.size() == 4
    wire.send(missed(wire, other, pin=told(seen)))
    assert alarms()[-1] == (wire.phone.device_id, told(seen))


def test_a_changed_line_that_was_numbered_anew_is_seen_by_whoever_saw_the_old_one(
    world: World, wire: Line, log: Log
) -> None:
    packet = world.packet()
    wire.send(missed(wire, packet), missed(wire, packet))
    log.sign()
    seen = Head(2, checkpoints.root(2))
    with superuser() as raw:
        raw.execute(sa.update(checkpoints.Leaf).where(checkpoints.Leaf.n == 0).values(leaf_hash=b"\7" * 32))
    checkpoints._known.clear()  # another process, or this one tomorrow
    wire.send(pin=told(seen))
    assert alarms() == [(wire.phone.device_id, told(seen))]


@pytest.mark.dialects("sqlite")
def test_a_log_that_cannot_even_be_read_costs_no_scan(world: World, wire: Line, log: Log) -> None:
    packet = world.packet()
    wire.send(missed(wire, packet), missed(wire, packet))
    log.sign()
    with superuser() as raw:
        raw.execute(sa.text("UPDATE leaves SET leaf_hash = CAST(leaf_hash AS TEXT)"))
    checkpoints._known.clear()
    answer = wire.send(missed(wire, packet), pin={"size": 1, "root": "0" * 64})
    assert answer.json["results"][0]["receipt"]
    assert (answer.json["consistency"], len(alarms())) == ([], 1)


def test_the_sequencer_raises_the_alarm_when_the_log_is_not_what_was_signed(
    app: Flask, world: World, wire: Line, log: Log
) -> None:
    packet = world.packet()
    wire.send(missed(wire, packet))
    log.sequencer()
    log.signer.look(0)
    with superuser() as raw:
        raw.execute(sa.delete(checkpoints.Leaf))
        raw.execute(sa.insert(checkpoints.Leaf).values(n=0, line_id=1, leaf_hash=b"\7" * 32))
    checkpoints._known.clear()
    log.sequencer()
    assert (checkpoints.newest(), alarms()) == (None, [(None, {})])
