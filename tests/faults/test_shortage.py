"""Hundreds of clients that send a byte a second, no handle left for another connection, no memory: others are served where that
can be, all is well ten seconds after it is over, without hands, and nothing with a receipt is lost."""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.config import Settings
from bench.ground import Ground
from tests.faults.conftest import LONG, times
from tests.faults.history import CLIENTS, faults_found, finish, send
from tests.faults.site import Web, serving, url_on

BACK = 10.0  # seconds, on a quiet machine
BUSY = 6  # times as long where others work beside it
SLOW = 500
HANDLES = 64
LASTS = times(2, 20)  # seconds
FRESH = 4.0  # seconds: one that falls as soon as it was started ends the server, as it should

BEGUN = {  # how far a slow one has come: within its head, or within what it brings
    "head": b"GET /book HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "body": b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n",
}


@contextmanager
def slow_clients(web: Web, count: int = SLOW) -> Iterator[None]:
    """A byte a second each, four of five within a form."""
    over, lines = threading.Event(), list[socket.socket]()
    for nth in range(count):
        with contextlib.suppress(OSError):  # a server that falls just now listens no longer
            lines.append(socket.create_connection(("127.0.0.1", web.port), timeout=5))
            lines[-1].sendall(BEGUN["body" if nth % 5 else "head"])

    def drip() -> None:
        while not over.wait(1):
            for line in lines:
                with contextlib.suppress(OSError):  # the server may have had enough of it
                    line.sendall(b"a")

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    try:
        yield
    finally:
        over.set()
        dripping.join()
        for line in lines:
            line.close()


@contextmanager
def no_handles(web: Web) -> Iterator[None]:
    """So many files may be open, and idle connections take all that are left."""
    lines = list[socket.socket]()
    with limited(web, resource.RLIMIT_NOFILE, lambda _pid: HANDLES):
        for _ in range(4 * HANDLES):
            with contextlib.suppress(OSError):
                lines.append(socket.create_connection(("127.0.0.1", web.port), timeout=1))
        assert not web.answers(), "handles did not run out"
        yield
        for line in lines:
            line.close()


@contextmanager
def no_memory(web: Web) -> Iterator[None]:
    """What a process has it keeps; there is nothing more, and each of a hundred who come now would need some."""
    time.sleep(FRESH)
    has = {pid: int(Path(f"/proc/{pid}/statm").read_text().split()[0]) for pid in web.answering()}
    with limited(web, resource.RLIMIT_AS, lambda pid: has[pid] * resource.getpagesize()), slow_clients(web, 100):
        yield


@contextmanager
def limited(web: Web, what: int, most: Callable[[int], int]) -> Iterator[None]:
    """The processes that answer have no more of it than that, until it is over."""
    before = {pid: resource.prlimit(pid, what) for pid in web.answering()}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, what, (most(pid), hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):  # it may have fallen, and another come in its place
                resource.prlimit(pid, what, limits)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_what_is_short_for_a_while_costs_no_scan(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ground = Ground(own_settings, url_on(kind, tmp_path, request), CLIENTS)
    with serving(Web(own_settings, ground.url, tmp_path)) as web:
        found = list[str]()
        for shortage in (no_handles, no_memory)[: times(1, 2)]:
            with shortage(web):
                history, clients = send(web, ground, times(16, 480))
                time.sleep(LASTS)
            began, before = time.monotonic(), len(history.receipts)
            web.wait()
            back = time.monotonic() - began
            print(
                f"{kind}, {shortage.__name__}: {before} of {len(history.sent)} served meanwhile, back after {back:.1f} s"
            )
            assert back < BUSY * BACK
            finish(clients)
            found += faults_found(own_settings, ground.url, history, alone=False, laws=False)
        with slow_clients(web):
            history, clients = send(web, ground, times(16, 480))
            finish(clients)
            assert history.slowest < BUSY * BACK and set(history.statuses) == {200}
        found += faults_found(own_settings, ground.url, history, alone=False)
    assert found == []


def test_a_server_that_waits_for_the_slow_ones_where_it_works_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    ground = Ground(own_settings, f"sqlite:///{tmp_path / 'fault.db'}", 1)
    with serving(Web(own_settings, ground.url, tmp_path, planted="waits_inside")) as web, slow_clients(web):
        assert not web.answers()
