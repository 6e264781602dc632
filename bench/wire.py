"""The wire: the real server as `tools/serve.py` starts it, and clients that cost next to nothing.

One thread drives all connections, each with one POST under way, its bytes made beforehand: the clients must not be
the bottleneck on the server's own cores.
"""

import base64
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from app.config import ROOT, Settings
from bench.ground import Signed

OVERLAP = timedelta(minutes=10)  # how far back a phone asks for news, as it does in outbox.js
LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
TROUBLE = ("OperationalError", "batch_broken", "scan_broken", "database is locked")


@dataclass
class Load:
    """What the clients saw."""

    seconds: float = 0.0
    scans: int = 0
    answers: int = 0
    wrong: int = 0  # another status than 200, or a verdict other than applied
    first_wrong: str = ""
    times: list[list[float]] = field(default_factory=list)  # for each client, seconds from POST to answer

    @property
    def rate(self) -> float:
        return self.scans / self.seconds

    @property
    def p99(self) -> float:
        everyone = [time for client in self.times for time in client]
        return quantiles(everyone, n=100)[98] if len(everyone) > 1 else everyone[0]

    @property
    def slowest(self) -> float:
        """The POSTs of the client with the fewest, as a part of the mean."""
        counts = [len(client) for client in self.times]
        return min(counts) / (sum(counts) / len(counts))


class Server:
    def __init__(self, settings: Settings, url: str, log: Path, **more: str) -> None:
        self.port, self.log = _free_port(), log
        environment = os.environ | {
            "SECRET_KEY": settings.secret_key, "KEYS_DIR": str(settings.keys_dir), "DATABASE_URL": url,
            "BASE_URL": f"http://localhost:{self.port}", "PORT": str(self.port), "DEMO": "0",
        } | more  # fmt: skip
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "tools/serve.py"], cwd=ROOT, env=environment, stdout=file, stderr=file
            )

    def wait(self) -> None:
        for _ in range(1200):
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                    probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if b" 200 " in probe.recv(100):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("the server does not answer: " + self.log.read_text())

    def cpu(self) -> float:
        """Seconds of processor time its processes have used."""
        parents = {self.process.pid}
        ticks = 0
        for status in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parent.name)):
            try:
                _, parent, *rest = status.read_text().rpartition(")")[2].split()  # a name may hold blanks
            except (OSError, ValueError):
                continue
            if (pid := int(status.parent.name)) in parents or int(parent) in parents:
                parents.add(pid)
                ticks += int(rest[9]) + int(rest[10])
        return ticks / os.sysconf("SC_CLK_TCK")

    def trouble(self) -> list[str]:
        """Lines of the log that speak of errors."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if '"status": 5' in line or any(word in line for word in TROUBLE)]


@contextmanager
def serving(settings: Settings, url: str, log: Path, **more: str) -> Iterator[Server]:
    server = Server(settings, url, log, **more)
    try:
        server.wait()
        yield server
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=30)


def posts(shift: list[Signed], batch: int) -> list[bytes]:
    """A client's POSTs, ready to be sent: `batch` scans each, all of one phone."""
    since = (datetime.now(UTC) - OVERLAP).isoformat().replace("+00:00", "Z")
    return [_post(shift[at : at + batch], since) for at in range(0, len(shift), batch)]


def _post(scans: list[Signed], since: str) -> bytes:
    assert len({one.device for one in scans}) == 1, "a phone speaks for itself only"
    told = [{"body": base64.b64encode(one.body).decode(), "sig": base64.b64encode(one.sig).decode()} for one in scans]
    data = json.dumps({"device": scans[0].device, "since": since, "scans": told}, separators=(",", ":")).encode()
    head = (
        f"POST /api/v1/scans HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {scans[0].token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


class Client:
    def __init__(self, port: int, sending: list[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting = iter(sending)
        self.heard = b""
        self.sent_at = 0.0
        self.times: list[float] = []

    def send(self) -> bool:
        """The next POST; False when there is none left."""
        data = next(self.waiting, None)
        if data is None:
            return False
        self.sent_at = time.perf_counter()
        self.socket.sendall(data)
        return True

    def hear(self) -> bytes | None:
        """The whole answer once it is there."""
        piece = self.socket.recv(65536)
        if not piece:
            raise RuntimeError("the server hung up")
        self.heard += piece
        head, gap, body = self.heard.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = LENGTH.search(head)
        assert length, head
        if len(body) < int(length[1]):
            return None
        self.times.append(time.perf_counter() - self.sent_at)
        answer, self.heard = self.heard, b""
        return answer


def drive(port: int, sending: list[list[bytes]], batch: int, seconds: float) -> Load:
    """Every client sends its POSTs one after the other, until `seconds` have passed or one has no more."""
    load = Load()
    clients = [Client(port, each) for each in sending]
    with selectors.DefaultSelector() as ready:
        for client in clients:
            ready.register(client.socket, selectors.EVENT_READ, client)
        began = time.perf_counter()
        for client in clients:
            client.send()
        under_way, open_ = len(clients), True
        while under_way:
            for key, _ in ready.select():
                client = key.data
                answer = client.hear()
                if answer is None:
                    continue
                _judge(load, answer, batch)
                if open_ and time.perf_counter() - began < seconds and client.send():
                    continue
                if open_:
                    load.seconds = time.perf_counter() - began
                    load.times = [list(each.times) for each in clients]
                    load.scans = load.answers * batch
                open_, under_way = False, under_way - 1
                ready.unregister(client.socket)  # the server may hang up on who says no more
    for client in clients:
        client.socket.close()
    return load


def _judge(load: Load, answer: bytes, batch: int) -> None:
    load.answers += 1
    if not answer.startswith(b"HTTP/1.1 200") or answer.count(b'"verdict":"applied"') < batch:
        load.wrong += 1
        load.first_wrong = load.first_wrong or answer.decode(errors="replace")[:2000]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
