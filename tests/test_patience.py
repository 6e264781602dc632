"""Whoever stands before a page waits for the database for seconds at most; programs wait for as long as their work takes."""

import html
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from flask_wtf import FlaskForm
from sqlalchemy.exc import OperationalError
from wtforms import PasswordField

from app import errorpages, patience
from app.crowds import together
from app.db import UNKNOWN, atomically, db
from app.domain.parties import Party, PartyKind
from app.errorpages import SECRETS
from tests import postgres
from tests.world import World

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(20)",
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits in a fifth of the time."""
    for name in ("LOCK", "WRITER", "BRIEFLY", "STATEMENT", "GRACE", "SILENCE", "AWAY"):
        monkeypatch.setattr(patience, name, getattr(patience, name) / 5)
    monkeypatch.setattr(patience, "_away_until", 0.0)


@pytest.fixture
def fresh(app: Flask) -> Iterator[Flask]:
    """Connections that know the limits as they are now, and none afterwards that does."""
    db.session.remove()
    db.engine.dispose()
    yield app
    db.session.remove()
    db.engine.dispose()


@contextmanager
def held(row: str = "") -> Iterator[None]:
    """Another program is in the middle of changing this party; on SQLite nobody else may write anything."""
    url = db.engine.url.render_as_string(hide_password=False)
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()
        return
    with postgres.connect(postgres.owners(url)) as connection, connection.transaction():
        connection.execute("SELECT id FROM parties WHERE id = %s FOR UPDATE", [row])
        yield


def hidden(page: str) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in fields}


def claim(ids: list[str]) -> list[str]:
    found = db.session.scalars(sa.select(Party.id).where(Party.id.in_(ids)).order_by(Party.id).with_for_update())
    return list(found)


def found(*ids: str) -> None:
    for each in ids:
        atomically(lambda each=each: db.session.add(Party(id=each, kind=PartyKind.POST)))
    db.session.remove()


@pytest.mark.dialects("postgresql")
def test_the_limits_are_a_requests_and_no_programs_though_they_share_a_connection(fresh: Flask) -> None:
    seen = []
    for is_request in (False, True, True, False, True):
        with fresh.test_request_context() if is_request else fresh.app_context():
            seen.append([db.session.scalar(sa.text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")])
            db.session.rollback()  # which takes back what a transaction has set
    program, request = ["0", "0"], ["400ms", "1s"]
    assert seen == [program, request, request, program, request]


def test_a_statement_without_end_is_ended_for_whoever_asks_for_a_page(fresh: Flask, dialect: str) -> None:
    began = time.monotonic()
    with fresh.test_request_context(), pytest.raises(OperationalError):
        db.session.execute(sa.text(ENDLESS[dialect])).all()
    assert patience.STATEMENT <= time.monotonic() - began < 3


@pytest.mark.dialects("sqlite")
def test_a_program_may_think_for_longer(fresh: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "STATEMENT", 0.05)
    words = sa.text(ENDLESS["sqlite"].replace("FROM n)", "FROM n WHERE i < 1000000)"))
    began = time.monotonic()
    assert db.session.scalar(words) == 1_000_000
    assert time.monotonic() - began > patience.STATEMENT
    with fresh.test_request_context(), pytest.raises(OperationalError):
        db.session.scalar(words)


def test_whoever_asks_for_a_page_is_told_that_a_row_is_held(fresh: Flask) -> None:
    found("p-1", "p-2")
    with held("p-1"):
        began = time.monotonic()
        with fresh.test_request_context(), pytest.raises(OperationalError):
            atomically(claim, ["p-1", "p-2"])
        assert patience.LOCK <= time.monotonic() - began < 3
    with fresh.test_request_context():
        assert atomically(claim, ["p-1", "p-2"]) == ["p-1", "p-2"]


def test_of_a_crowd_only_the_first_waits_for_a_held_row_and_the_others_are_served(fresh: Flask, dialect: str) -> None:
    found("p-1", "p-2")
    took = []
    with held("p-1"):
        for _ in range(3):
            began = time.monotonic()
            with fresh.test_request_context(), pytest.raises(OperationalError):
                together(claim, ["p-1"])
            took.append(time.monotonic() - began)
        if dialect == "postgresql":
            with fresh.test_request_context():
                assert together(claim, ["p-2"]) == ["p-2"]
    with fresh.test_request_context():
        assert together(claim, ["p-1", "p-2"]) == ["p-1", "p-2"]
    assert took[0] >= (patience.LOCK if dialect == "postgresql" else patience.WRITER)
    assert max(took[1:]) < patience.LOCK


@pytest.mark.dialects("postgresql")
def test_a_connection_whose_server_does_not_move_is_given_up_and_a_living_server_is_waited_for(fresh: Flask) -> None:
    with fresh.test_request_context():
        pid = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
        assert pid
        began = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(OperationalError, match="does not end a statement"):
                db.session.execute(sa.text("SELECT 1"))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert patience.STATEMENT + patience.GRACE <= time.monotonic() - began < 5
        db.session.rollback()
        assert db.session.scalar(sa.text("SELECT 1")) == 1


@pytest.mark.dialects("postgresql")
def test_who_comes_just_after_a_silence_need_not_find_out_anew_and_programs_do(
    fresh: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_away_until", time.monotonic() + 60)
    with fresh.test_request_context(), pytest.raises(OperationalError, match="a moment ago"):
        db.session.execute(sa.text("SELECT 1"))
    with fresh.app_context():
        assert db.session.scalar(sa.text("SELECT 1")) == 1
    monkeypatch.setattr(patience, "_away_until", time.monotonic())
    with fresh.test_request_context():
        assert db.session.scalar(sa.text("SELECT 1")) == 1


@pytest.mark.dialects("postgresql")
def test_a_connection_lost_while_the_transaction_ends_leaves_open_whether_it_was_recorded(fresh: Flask) -> None:
    url = postgres.owners(db.engine.url.render_as_string(hide_password=False))

    def lose() -> None:
        pid = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
        with postgres.connect(url) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])

    def lose_and_ask() -> None:
        lose()
        db.session.execute(sa.text("SELECT 1"))

    for work, is_open in ((lose, True), (lose_and_ask, False)):
        with pytest.raises(OperationalError) as said:
            atomically(work)
        assert (UNKNOWN in said.value.detail) is is_open


@pytest.mark.dialects("sqlite")
def test_what_was_typed_stands_on_the_page_and_goes_once_more(fresh: Flask, world: World) -> None:
    client = fresh.test_client()
    fresh.config["WTF_CSRF_ENABLED"] = True
    token = hidden(client.get("/sign-in").text)["csrf_token"]
    typed = {"csrf_token": token, "login": 'Bà "Ba" <3', "password": "never shown again"}
    with held():
        answer = client.post("/sign-in?next=/desk/", data=typed)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    assert "never shown again" not in answer.text
    assert 'action="/sign-in?next=/desk/"' in answer.text and "Gửi lại" in answer.text
    kept = hidden(answer.text)
    assert kept == {"csrf_token": token, "login": 'Bà "Ba" <3'}
    right = kept | {"login": world.clerk.login, "password": World.PASSWORD}
    assert client.post("/sign-in", data=right).status_code == 302


@pytest.mark.dialects("sqlite")
def test_programs_are_told_in_their_own_words(fresh: Flask, world: World) -> None:
    phone = world.phone()
    envelope = phone.envelope(phone.body(world.packet(), "collect"))
    with held():
        answer = fresh.test_client().post(
            "/api/v1/scans", json=envelope,
            headers={"Authorization": f"Bearer {phone.token}"},
        )  # fmt: skip
    assert answer.status_code == 503 and answer.mimetype == "application/problem+json"
    assert answer.json["key"] == "busy" and answer.headers["Retry-After"] == "5"


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/scans"])
def test_where_nobody_knows_a_person_looks_first_and_a_phone_sends_again(app: Flask, path: str) -> None:
    error = OperationalError("COMMIT", {}, Exception())
    error.add_detail(UNKNOWN)
    with app.test_request_context(path, method="POST", data={"login": "ba"}), force_locale("vi"):
        answer = app.make_response(errorpages.busy(error))
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    if path.startswith("/api"):
        assert answer.json["key"] == "busy"
    else:
        page = answer.get_data(as_text=True)
        assert "hãy xem lại trước khi gửi" in page and "Gửi lại" not in page and 'href="/sign-in"' in page


def test_no_page_shows_a_secret_again(app: Flask) -> None:
    forms = [form for name, module in sys.modules.items() if name.startswith("app.views") for form in vars(module).values()
             if isinstance(form, type) and issubclass(form, FlaskForm)]  # fmt: skip
    with app.test_request_context():
        secret = {
            name
            for form in set(forms)
            for name, field in vars(form).items()
            if getattr(field, "field_class", None) is PasswordField
        }
    assert secret and secret <= SECRETS
