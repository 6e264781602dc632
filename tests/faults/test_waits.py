"""A row that somebody holds, a database that does not move: whoever needs it hears so within three seconds, all others are
served, and when it is over the work goes on within five. Nothing with a receipt is lost."""

import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.config import Settings
from bench.ground import Ground
from tests import postgres
from tests.faults.conftest import LONG, times
from tests.faults.history import CLIENTS, History, faults_found, finish, send
from tests.faults.site import Web, own_postgres, serving, url_on

HEARD = (
    3.0 if LONG else 4.5
)  # seconds until everybody has an answer, whatever it says; short runs share their processors
BACK = 5.0  # seconds until scans are taken again
FROZEN, HELD = times(6, 30), times(9, 60)  # seconds; those who need the row come some seconds after it was taken


@dataclass
class Reader(threading.Thread):
    """Somebody who opens pages: of each the status and how long it took."""

    port: int
    paths: tuple[str, ...] = ("/book", "/healthz")
    seen: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.over.is_set():
            for path in self.paths:
                began, status = time.monotonic(), 0
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                        status = answer.status
                except urllib.error.HTTPError as error:
                    status = error.code
                self.seen.setdefault(path, []).append((status, time.monotonic() - began))
            self.over.wait(0.1)


@contextmanager
def reading(web: Web) -> Iterator[Reader]:
    reader = Reader(web.port)
    reader.start()
    try:
        yield reader
    finally:
        reader.over.set()
        reader.join(70)


@contextmanager
def held(url: str, code: bytes) -> Iterator[None]:
    """Another program is in the middle of writing: on PostgreSQL it holds one packet, on SQLite all there is."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
        while not other.in_transaction:
            with suppress(sqlite3.OperationalError):
                other.execute("BEGIN IMMEDIATE")
        yield
        other.close()
        return
    with postgres.connect(url) as connection, connection.transaction():
        assert connection.execute("SELECT id FROM packets WHERE code = %s FOR UPDATE", [code]).fetchone()
        yield


def hold_while_sending(
    settings: Settings, url: str, folder: Path, planted: str = ""
) -> tuple[History, Reader, dict[str, int]]:
    """What came of scans and pages, and how many receipts there were when the row was taken and when it was given back."""
    ground, counts = Ground(settings, url, CLIENTS), dict[str, int]()
    with serving(Web(settings, url, folder, planted=planted)) as web, reading(web) as reader:
        history, clients = send(web, ground, times(32, 640))
        history.wait_for(20)
        last = clients[0].posts[-1][0].code  # a packet that is still to come
        with held(url, last):
            counts["taken"] = len(history.receipts)
            time.sleep(HELD)
            counts["given back"] = len(history.receipts)
        began = time.monotonic()
        history.wait_for(counts["given back"] + 1)
        assert time.monotonic() - began < BACK
        finish(clients)
    return history, reader, counts


def patient(history: History, reader: Reader) -> list[str]:
    """Who had to wait for longer than anybody should."""
    waits = {"a scan": history.longest} | {path: max(took for _, took in seen) for path, seen in reader.seen.items()}
    return [f"{who} waited {seconds:.1f} s" for who, seconds in waits.items() if seconds > HEARD]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_while_a_row_is_held_whoever_needs_it_hears_so_and_the_others_are_served(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = url_on(kind, tmp_path, request)
    history, reader, counts = hold_while_sending(own_settings, url, tmp_path)
    assert patient(history, reader) == []
    assert history.statuses[503] and set(history.statuses) == {200, 503}
    assert {status for seen in reader.seen.values() for status, _ in seen} == {200}
    if kind == "postgresql":
        assert counts["given back"] > counts["taken"], "one packet kept all the others waiting"
    assert faults_found(own_settings, url, history) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["postgresql"])
def test_a_server_that_waits_for_ever_is_caught(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = url_on(kind, tmp_path, request)
    history, reader, _ = hold_while_sending(own_settings, url, tmp_path, "patience_without_end")
    assert any(who.startswith("a scan") for who in patient(history, reader))


def freeze_while_sending(settings: Settings, folder: Path, planted: str = "") -> tuple[History, Reader, list[str]]:
    with own_postgres() as database:
        ground = Ground(settings, database.url, CLIENTS)
        with serving(Web(settings, database.url, folder, planted=planted)) as web, reading(web) as reader:
            history, clients = send(web, ground, times(32, 640))
            history.wait_for(20)
            with database.frozen():
                time.sleep(FROZEN)
                before = len(history.receipts)
            began = time.monotonic()
            history.wait_for(before + 1)
            assert time.monotonic() - began < BACK
            finish(clients)
        return history, reader, faults_found(settings, database.url, history)


def test_while_the_database_is_frozen_everybody_hears_so_and_nothing_is_lost(
    own_settings: Settings, tmp_path: Path
) -> None:
    history, reader, faults = freeze_while_sending(own_settings, tmp_path)
    assert patient(history, reader) == []
    assert history.statuses[503] and set(history.statuses) == {200, 503}
    assert {status for status, _ in reader.seen["/book"]} == {200, 503}
    assert {status for status, _ in reader.seen["/healthz"]} == {200}
    assert faults == []


def test_a_server_that_listens_for_ever_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    history, reader, _ = freeze_while_sending(own_settings, tmp_path, "patience_without_end")
    assert patient(history, reader) != []  # whoever came first: what the run itself asks is that nobody is named
