"""Text messages leave by a gateway that really answers, or does not: nothing is lost, nobody is told twice, nothing is logged."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app import integrations, worker
from app.config import Settings
from app.db import atomically, db, now
from app.domain import outbox
from app.domain.calendar import HERE
from app.domain.outbox import Message
from app.domain.people import Language
from app.integrations import sms

NOON = datetime(2026, 11, 23, 12, tzinfo=HERE)
PHONE, SECRET = "+84900000123", "0123456789ABCDEF"


class Gateway:
    """Answers what it was told to, once each, then 200; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.asked.append((self.path, dict(self.headers), json.loads(body)))
                status, headers, told = gateway.answers.pop(0) if gateway.answers else (200, {}, b"{}")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gateway(app: Flask) -> Iterator[Gateway]:
    made, before = Gateway(), app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(
        update={"channel": "sms", "sms_url": made.url, "sms_token": "T0KEN", "base_url": "https://hosotannha.vn"}
    )
    with time_machine.travel(NOON, tick=True):
        yield made
    app.extensions["settings"] = before
    made.server.shutdown()
    made.server.server_close()


def say(kind: str = "courier_today", language: Language = Language.VI) -> None:
    values = {"number": "HS-261123-000001-0", "secret": SECRET, "opens": "08:00", "closes": "10:00", "code": "123456"}
    atomically(outbox.say, PHONE, kind, now(), language, **values)


def the_message() -> Message:
    db.session.rollback()
    return db.session.scalars(sa.select(Message)).one()


def soon() -> None:
    atomically(db.session.execute, sa.update(Message).values(due_at=now()))


def test_a_message_goes_to_the_gateway_without_accents_and_is_sent_once(app: Flask, gateway: Gateway) -> None:
    say()
    assert (worker.send_due(), worker.send_due()) == (1, 0)
    [(path, headers, body)] = gateway.asked
    assert (path, headers["Authorization"], headers["Content-Type"]) == ("/send", "Bearer T0KEN", "application/json")
    assert body["to"] == "84900000123" and body["reference"] == f"hosotannha.vn-{the_message().id}"
    assert body["text"].isascii() and f"https://hosotannha.vn/t/{SECRET}" in body["text"]
    assert (
        body["text"].startswith("Goi HS-261123-000001-0: buu ta den nha hom nay, 8:00-10:00.") and the_message().sent_at
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((503, {}, b"busy"), "HTTP 503"),
        ((400, {}, b'{"echo": "84900000123"}'), "HTTP 400"),
        ((302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""), "HTTP 302"),
    ],
)
def test_what_the_gateway_does_not_take_waits_and_goes_out_under_the_same_reference(
    app: Flask, gateway: Gateway, capsys: pytest.CaptureFixture[str], answer: Any, why: str
) -> None:
    gateway.answers = [answer]
    say()
    assert worker.send_due() == 0
    assert (the_message().error, the_message().sent_at, the_message().tries) == (why, None, 1)
    assert worker.send_due() == 0, "later, not at once"
    soon()
    assert worker.send_due() == 1
    assert len(gateway.asked) == 2 and gateway.asked[0][2] == gateway.asked[1][2]
    told = capsys.readouterr()
    assert "message failed" in told.out + told.err
    assert not [word for word in ("84900000123", SECRET, "123456", "T0KEN") if word in told.out + told.err]


def test_a_gateway_that_is_not_there_costs_no_message(app: Flask, gateway: Gateway) -> None:
    gateway.server.shutdown()
    gateway.server.server_close()
    say()
    assert worker.send_due() == 0
    assert the_message().error == "URLError" and not the_message().given_up_at


def test_an_answer_that_says_no_in_a_200_is_no(app: Flask, gateway: Gateway) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"sms_taken": "CodeResult=100,124"})
    gateway.answers = [
        (200, {}, b'{"CodeResult": "99"}'), (200, {}, b"soup"), (200, {}, b"[100]"), (200, {}, b'{"CodeResult": 124}'),
    ]  # fmt: skip
    say()
    for wanted in (0, 0, 0, 1):
        assert worker.send_due() == wanted
        soon()
    assert the_message().sent_at


def test_the_body_is_the_operators_and_no_word_breaks_out_of_it(app: Flask, gateway: Gateway) -> None:
    body = '{"ApiKey": "k", "Phone": "{to}", "list": [{"Content": "{text}"}], "note": "{text} no", "n": 8}'
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"sms_body": body, "sms_token": ""})
    words = 'a "quoted", {to} \\ and\nanother line'
    with app.app_context():
        sms.send(integrations.Letter(PHONE, words, "r-1"))
    [(_path, headers, sent)] = gateway.asked
    assert sent == {"ApiKey": "k", "Phone": "84900000123", "list": [{"Content": words}], "note": "{text} no", "n": 8}
    assert "Authorization" not in headers


def test_at_night_only_what_somebody_has_just_asked_for_goes(app: Flask, gateway: Gateway) -> None:
    say()
    say("view_code")
    with time_machine.travel(NOON.replace(hour=23), tick=True):
        assert worker.send_due() == 1
        assert gateway.asked[0][2]["text"].startswith("Ma 123456")
    with time_machine.travel(NOON.replace(hour=7) + timedelta(days=1), tick=True):
        assert worker.send_due() == 1
    assert not [kind for kind in integrations.AT_ONCE if kind not in integrations.wording.MESSAGES]


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("21:29", False), ("21:30", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_the_night_begins_and_ends_on_the_minute(clock: str, quiet: bool) -> None:
    hour, minute = map(int, clock.split(":"))
    assert integrations.is_quiet(NOON.replace(hour=hour, minute=minute)) == quiet


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"sms_url": ""}, "SMS_URL"),
        ({"sms_url": "http://gateway.example/send"}, "SMS_URL"),
        ({"sms_url": "ftp://localhost/send"}, "SMS_URL"),
        ({"sms_body": "{to} {text}"}, "SMS_BODY"),
        ({"sms_body": '{"to": "{to}"}'}, "SMS_BODY"),
    ],
)
def test_half_a_gateway_does_not_start(given: dict[str, str], word: str) -> None:
    whole = {"secret_key": "k" * 32, "channel": "sms", "sms_url": "https://gateway.example/send"}
    assert Settings(_env_file=None, **whole).channel == "sms"  # type: ignore[call-arg,arg-type]
    assert Settings(_env_file=None, **whole | {"sms_url": "http://localhost:8080/"}).sms_url  # type: ignore[call-arg,arg-type]
    with pytest.raises(ValueError, match=word):
        Settings(_env_file=None, **whole | given)  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize(
    ("words", "plainly"),
    [
        ("Đã nhận gói, “Dĩ An” – 67.000 đ…", 'Da nhan goi, "Di An" - 67.000 d...'),
        ("Phường Đông Hòa ưỡng ẵ ỹ", "Phuong Dong Hoa uong a y"),
        ("snow ☃", "snow ?"),
    ],
)
def test_accents_go_and_letters_stay(words: str, plainly: str) -> None:
    assert sms.plain(words) == plainly
