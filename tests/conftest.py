"""Fixtures every test may use. Nothing here is autouse but the cheap hasher.

`app` runs on SQLite; a test that asks for `each_app` runs on SQLite and on PostgreSQL.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import argon2
import flask_migrate
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.db import db as _db
from app.domain import people
from app.domain.people import User
from tests import postgres
from tests.world import World

people.use_hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
SECRET = "a secret for tests, forty characters long"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Where every test is required, one that is skipped has failed."""
    report = yield
    if os.environ.get("REQUIRE_ALL") and report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped, though every test is required: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("slip", "server", "receipt"):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{name}.pem").write_bytes(pem)
    return folder


@pytest.fixture(scope="session")
def settings(keys_dir: Path) -> Settings:
    return Settings(_env_file=None, secret_key=SECRET, keys_dir=keys_dir, base_url="http://localhost", demo=True)


def migrate(settings: Settings, url: str) -> None:
    app = create_app(settings.model_copy(update={"database_url": url}), TESTING=True)
    with app.app_context():
        flask_migrate.upgrade()
        _db.engine.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Path:
    """A migrated database file, built once and copied for every test."""
    path = tmp_path_factory.mktemp("db") / "empty.db"
    migrate(settings, f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a private server's template database, migrated. Skips with a reason when there is none."""
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: str, settings: Settings) -> str:
    name = postgres.create(postgres_server, f"template_{os.getpid()}")
    migrate(settings, name)
    return name


def start(settings: Settings, url: str) -> Iterator[Flask]:
    """The application on this database, with a log of its own."""
    with tempfile.TemporaryDirectory(prefix="log-") as folder:
        own = settings.model_copy(update={"database_url": url, "checkpoint_dir": Path(folder)})
        app = create_app(own, TESTING=True, WTF_CSRF_ENABLED=False)
        with app.app_context():
            yield app
            _db.session.remove()
            _db.engine.dispose()


@pytest.fixture
def app(tmp_path: Path, empty_sqlite: Path, settings: Settings) -> Iterator[Flask]:
    path = shutil.copy(empty_sqlite, tmp_path / "test.db")
    yield from start(settings, f"sqlite:///{path}")


@pytest.fixture(params=["sqlite", "postgresql"])
def each_app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    if request.param == "sqlite":
        yield request.getfixturevalue("app")
        return
    template, settings = request.getfixturevalue("empty_postgres"), request.getfixturevalue("settings")
    url = postgres.copy(template)
    try:
        yield from start(settings, url)
    finally:
        postgres.drop(url)


@pytest.fixture
def db(app: Flask) -> sa.orm.scoped_session[Any]:
    return _db.session


@pytest.fixture
def world(app: Flask) -> World:
    """A handful of people in Dĩ An, plus a stranger from another office."""
    return World.build(app)


@pytest.fixture
def each_world(each_app: Flask) -> World:
    return World.build(each_app)


@pytest.fixture
def sign_in(app: Flask) -> Any:
    return signing_in(app)


def signing_in(app: Flask) -> Any:
    def enter(user: User) -> FlaskClient:
        client = app.test_client()
        answer = client.post("/sign-in", data={"login": user.login, "password": World.PASSWORD})
        assert answer.status_code == 302, answer.text
        return client

    return enter
