"""The gateway for text messages is ill in every way while phones send: scans go on as if it were well, and when it is well again
every message leaves, each once, under the reference it has."""

import json
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.config import Settings
from app.db import atomically, db, now
from app.domain import outbox
from app.domain.outbox import Message
from app.domain.people import Language
from bench.ground import Ground, opened
from tests.faults.conftest import times
from tests.faults.history import CLIENTS, faults_found, finish, send
from tests.faults.site import Web, serving
from tests.faults.test_storm import p95

EMPTY = 5 * 60.0  # seconds after it is well again
ILL = ("says 500", "hangs", "talks rubbish", "is slow", "refuses", "has a wrong certificate")[: times(2, 6)]
SLOW, LASTS = 1.0, times(0, 60)  # seconds


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """One that vouches for itself, and a server's side with it."""
    key, at = ec.generate_private_key(ec.SECP256R1()), now()
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number(), at, at + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = folder / f"{name}.pem"
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + pem)
    side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    side.load_cert_chain(file)
    return file, side


class Gateway:
    """Takes messages over https and keeps the references of what it took; `ill` says how it does not."""

    def __init__(self, folder: Path) -> None:
        self.ill, self.taken, self.met, self.port = "", Counter[str](), Counter[str](), 0
        self.trusted, self._right = certificate(folder, "gateway")
        _, self._wrong = certificate(folder, "somebody")
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked, ill = json.loads(self.rfile.read(int(self.headers["Content-Length"]))), gateway.ill
                gateway.met[ill] += 1
                while ill == "hangs" == gateway.ill:
                    time.sleep(0.1)
                if ill == "hangs":
                    return
                if ill == "is slow":
                    time.sleep(SLOW)
                if ill in ("", "is slow"):
                    gateway.taken[asked["reference"]] += 1
                self.send_response(500 if ill == "says 500" else 200)
                self.end_headers()
                self.wfile.write(b"<html>welcome" if ill == "talks rubbish" else b'{"status": "ok"}')

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            def finish_request(self, request: Any, address: Any) -> None:
                if gateway.ill == "has a wrong certificate":
                    gateway.met[gateway.ill] += 1
                side = gateway._wrong if gateway.ill == "has a wrong certificate" else gateway._right
                with suppress(OSError), side.wrap_socket(request, server_side=True) as wrapped:
                    Handler(wrapped, address, self)

        self._server = Server
        self.open()

    def open(self) -> None:
        self.server = self._server(("127.0.0.1", self.port), BaseHTTPRequestHandler)
        self.port = self.server.server_port
        Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @contextmanager
    def being(self, ill: str) -> Iterator[None]:
        self.ill = ill
        if ill == "refuses":
            self.close()
            yield
            self.open()
        else:
            yield
        self.ill = ""

    def settings(self) -> dict[str, str]:
        return {"CHANNEL": "sms", "SMS_URL": f"https://127.0.0.1:{self.port}/send", "SMS_TAKEN": "status=ok",
                "SSL_CERT_FILE": str(self.trusted)}  # fmt: skip


def say(count: int) -> None:
    """Messages of a kind that goes at night too."""
    for _ in range(count):
        atomically(outbox.say, "+84900000123", "cancelled", now(), Language.VI, number="HS-1", secret="X" * 16)


def until(seconds: float, question: sa.Select[tuple[Any]]) -> float:
    """How long it took until the answer was none."""
    began = time.monotonic()
    while db.session.scalar(question):
        db.session.rollback()
        assert time.monotonic() - began < seconds, "it waits still"
        time.sleep(0.1)
    db.session.rollback()
    return time.monotonic() - began


WAITING = sa.select(sa.func.count()).where(Message.sent_at.is_(None))
UNTRIED = WAITING.where(Message.tries == 0)


def test_an_ill_gateway_costs_no_scan_and_no_message(own_settings: Settings, tmp_path: Path) -> None:
    url, gateway = f"sqlite:///{tmp_path / 'fault.db'}", Gateway(tmp_path)
    ground, found, took = Ground(own_settings, url, CLIENTS), list[str](), dict[str, list[float]]()
    with (
        serving(Web(own_settings, url, tmp_path, more=gateway.settings())) as web,
        opened(own_settings, url, as_it_is=True),
    ):
        for ill in ("", *ILL):
            with gateway.being(ill):
                say(times(1, 20))
                history, clients = send(web, ground, times(8, 480))
                finish(clients)
                if ill != "hangs":  # there the next one is asked for when this one is given up
                    until(60, UNTRIED)
                while ill and ill != "refuses" and not gateway.met[ill]:
                    time.sleep(0.05)
                time.sleep(LASTS if ill else 0)
            took[ill] = history.took
            assert set(history.statuses) == {200}
            found += faults_found(own_settings, url, history, alone=False, laws=ill == ILL[-1])
        empty = until(EMPTY, WAITING)
        references = {f"localhost:{web.port}-{n}" for n in db.session.scalars(sa.select(Message.id))}
    gateway.close()
    assert found == []
    assert gateway.taken == Counter(references), "lost, or told twice"
    print(f"{len(references)} messages, none waits {empty:.1f} s after the last illness; p95 of a scan in ms:",
          {ill or "well": round(p95(each) * 1000, 1) for ill, each in took.items()})  # fmt: skip


def test_a_worker_that_takes_an_error_for_a_success_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    url, gateway = f"sqlite:///{tmp_path / 'fault.db'}", Gateway(tmp_path)
    with opened(own_settings, url):
        say(1)
        planted = Web(own_settings, url, tmp_path, planted="sent_anyway", more=gateway.settings())
        with gateway.being("talks rubbish"), serving(planted):
            until(60, WAITING)
    gateway.close()
    assert gateway.met["talks rubbish"] == 1 and not gateway.taken
