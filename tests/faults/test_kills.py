"""kill -9, while phones send: nothing acknowledged is lost, nothing is applied twice, and it recovers without hands.

Each run has caught the bug planted for it. What kill -9 cannot show is a power cut: data the operating system has
and the disk has not survive it.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Settings
from bench.ground import STEPS, Ground
from tests.faults.conftest import times
from tests.faults.history import CLIENTS, History, faults_found, finish, send
from tests.faults.site import Web, own_postgres, serving, url_on


def moments(count: int, packets: int) -> list[int]:
    """After how many receipts to strike: anywhere, but with enough left to be in the way of."""
    return sorted(random.Random(count).sample(range(packets // 2, packets * len(STEPS) - packets), count))


def all_of_them(web: Web) -> None:
    web.kill()
    web.start()


def kill_while_sending(
    web: Web, ground: Ground, kills: int, packets: int, strike: Callable[[Web], None] = all_of_them
) -> History:
    history, clients = send(web, ground, packets)
    for moment in moments(kills, packets):
        history.wait_for(moment)
        strike(web)
    finish(clients)
    return history


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killing_the_web_workers_loses_nothing(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ground = Ground(own_settings, url_on(kind, tmp_path, request), CLIENTS)
    with serving(Web(own_settings, ground.url, tmp_path)) as web:
        history = kill_while_sending(web, ground, times(2 if kind == "sqlite" else 1, 100), times(16, 2400))
    assert history.unknown, "no fault was met"
    assert faults_found(own_settings, ground.url, history) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killing_one_of_two_web_workers_and_then_the_other_loses_nothing(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each once in the life of a server: one that falls as soon as it was started anew ends the server, as it should."""
    ground = Ground(own_settings, url_on(kind, tmp_path, request), CLIENTS)
    for _ in range(times(1, 25)):
        with serving(Web(own_settings, ground.url, tmp_path)) as web:
            history = kill_while_sending(web, ground, 2, 16, Web.kill_one)
        assert sum(history.unknown.values()) >= 2, "not every fault was met"
        assert faults_found(own_settings, ground.url, history, alone=False) == []


def test_an_answer_before_the_commit_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    ground = Ground(own_settings, f"sqlite:///{tmp_path / 'fault.db'}", CLIENTS)
    with serving(Web(own_settings, ground.url, tmp_path, planted="answer_before_commit")) as web:
        history = kill_while_sending(web, ground, 1, 16)
    assert any(fault.startswith("lost") for fault in faults_found(own_settings, ground.url, history))


def test_killing_the_database_loses_nothing(own_settings: Settings, tmp_path: Path) -> None:
    with own_postgres() as database:
        ground = Ground(own_settings, database.url, CLIENTS)
        with serving(Web(own_settings, ground.url, tmp_path)) as web:
            history, clients = send(web, ground, times(16, 1600))
            for moment in moments(times(1, 100), times(16, 1600)):
                history.wait_for(moment)
                database.kill()
                database.start()
            finish(clients)
            web.wait()
        assert history.unknown, "no fault was met"
        assert faults_found(own_settings, ground.url, history) == []


def test_a_database_that_answers_before_its_disk_has_it_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    """The application refuses such a server; with that refusal taken out, the run must see the loss."""
    lazy = ("synchronous_commit=off", "wal_writer_delay=10s", "wal_writer_flush_after=1GB")
    with own_postgres() as database:
        ground = Ground(own_settings, database.url, CLIENTS)
        database.kill()
        database.options = " ".join(f"-c {each}" for each in lazy)
        database.start()
        with serving(Web(own_settings, ground.url, tmp_path, planted="unsafe_database")) as web:
            history, clients = send(web, ground, 16)
            history.wait_for(20)
            database.kill()
            database.options = ""
            database.start()
            web.wait()
            finish(clients)
        assert any(fault.startswith("lost") for fault in faults_found(own_settings, ground.url, history))
