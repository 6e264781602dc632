"""The outbox worker: a failing channel loses nothing, a dead worker's message comes back, nobody sends twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import integrations, worker
from app.db import atomically, db, now
from app.domain import checkpoints, outbox, scans, tasks
from app.domain.outbox import Message
from app.domain.packets import Packet, State
from app.domain.people import Language
from app.domain.tasks import Task
from app.integrations import Channel
from app.integrations.letter import Letter
from tests.world import World


def say(kind: str = "cancelled") -> None:
    atomically(outbox.say, "+84900000123", kind, now(), Language.VI, number="HS-260826-000123-0", secret="X" * 16)


def the_message() -> Message:
    db.session.rollback()
    return db.session.scalars(sa.select(Message)).one()


def test_whoever_was_away_for_hours_has_every_message_five_minutes_after_they_are_back(
    app: Flask, world: World
) -> None:
    say()
    waiting, at = the_message(), now()
    for tries in range(1, 20):
        waiting.tries = tries
        outbox.failed(waiting.id, "HTTP 503", at)
        assert timedelta(seconds=5) <= waiting.due_at - at <= timedelta(minutes=5)
    db.session.rollback()


def test_a_channel_that_fails_is_tried_again_later(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def broken(letter: Letter) -> None:
        raise OSError("no route to host")

    say()
    monkeypatch.setitem(integrations.CHANNELS, "inbox", Channel(broken))
    assert worker.send_due() == 0
    waiting = the_message()
    assert (waiting.sent_at, waiting.error, waiting.tries) == (None, "OSError", 1)
    assert waiting.due_at > now()

    monkeypatch.setitem(integrations.CHANNELS, "inbox", Channel(lambda letter: sent.append(letter.words)))
    waiting.due_at = now()
    db.session.commit()
    assert worker.send_due() == 1
    assert the_message().sent_at is not None
    assert "HS-260826-000123-0" in sent[0]


def test_what_a_dead_worker_took_comes_back(app: Flask) -> None:
    say()
    at = now()
    first = atomically(outbox.claim, at)
    assert first is not None
    assert atomically(outbox.claim, at) is None
    assert atomically(outbox.claim, at + timedelta(minutes=3)) is not None


def test_after_two_days_it_is_given_up_with_its_reason(app: Flask) -> None:
    say()
    message = the_message()
    atomically(outbox.failed, message.id, "OSError", now() + timedelta(days=3))
    assert the_message().given_up_at is not None
    assert worker.send_due() == 0


def test_without_a_channel_messages_wait(app: Flask) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"channel": ""})
    say()
    assert worker.send_due() == 0
    assert the_message().tries == 0


def test_the_lookout_looks_once_a_minute(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(worker.time, "monotonic", lambda: clock[0])
    lookout = worker.Lookout()
    for device in (None, world.phone().device_id):
        atomically(scans.keep_raw, b"{", device, now())
        assert lookout() == (1 if device is None else 0)
    clock[0] += worker.MINUTE
    assert (lookout(), lookout()) == (1, 0)


def test_every_night_is_made_up_for_once_however_often_the_machine_was_off(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime | None] = []
    morning, check = datetime(2026, 11, 23, 0, 5, tzinfo=UTC), worker.check_laws  # 7:05 here
    monkeypatch.setattr(worker, "check_laws", lambda last: looked.append(last) or check(last))

    def start(day: int, hour: int = 0) -> None:
        at = morning + timedelta(days=day, hours=hour)
        monkeypatch.setattr(worker, "now", lambda: at)
        worker.Lookout()()

    start(0)
    assert looked == [None]  # nobody has ever looked here
    start(0, 3), start(0, 15)
    assert len(looked) == 1  # the same night, after another start
    start(5)  # off since, and all that moved meanwhile is looked at
    assert looked == [None, morning]

    def falls(last: datetime | None) -> int:
        raise RuntimeError("the machine went off")

    monkeypatch.setattr(worker, "check_laws", falls)
    with pytest.raises(RuntimeError):
        start(6)
    monkeypatch.setattr(worker, "check_laws", lambda last: looked.append(last) or 0)
    start(6, 1)
    assert looked[2:] == [morning + timedelta(days=5)]  # a night that fell is not a night done


def test_what_breaks_a_law_of_custody_is_raised_and_logged(
    app: Flask, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    packet = world.collected(world.phone())
    atomically(checkpoints.sequence)
    assert worker.Lookout()() == 0
    atomically(lambda: db.session.execute(sa.update(Packet).values(state=State.LOST)))
    assert worker.check_laws() == 1
    (task,) = db.session.scalars(sa.select(Task)).all()
    assert task.packet_id == packet.id
    assert {"I12", "I2", "I9"} <= set(task.facts["laws"])
    said = [line for line in capsys.readouterr().err.splitlines() if "law broken" in line]
    assert len(said) == len(task.facts["laws"])
    assert not any(word in line for line in said for word in (packet.number, "Nguyễn", "900000"))
    atomically(tasks.close, task, "reported", world.act(world.supervisor))
    assert worker.check_laws() == 0


def sending_inside() -> int:
    """The planted bug: a message is claimed, sent and marked in one transaction, which waits for the network."""

    def work() -> None:
        message = outbox.claim(now())
        assert message
        integrations.CHANNELS["probe"].send(Letter(message.phone, "", ""))
        outbox.sent(message.id, now())

    atomically(work)
    return 1


@pytest.mark.parametrize(("send", "is_open"), [(worker.send_due, False), (sending_inside, True)])
def test_no_message_is_sent_while_a_transaction_is_open(
    app: Flask, monkeypatch: pytest.MonkeyPatch, send: Callable[[], int], is_open: bool
) -> None:
    """The second one is the bug, and is caught."""
    found: list[bool] = []
    monkeypatch.setitem(
        integrations.CHANNELS, "probe", Channel(lambda _letter: found.append(db.session().in_transaction()))
    )
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"channel": "probe"})
    say()
    assert send() == 1
    assert found == [is_open]
