"""Fixtures every test may use. Nothing here is autouse but the cheap hasher.

Whatever stands on a database runs on SQLite and on PostgreSQL. What concerns one of them says so:
`@pytest.mark.dialects("sqlite")`; the mark nearest to the test counts. What a page says (`tests/views`) is asked on SQLite:
its verbs and queries run on both in `tests/domain`, and `test_walk.py` opens every page on both.
"""

import gc
import os
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import argon2
import flask_migrate
import jinja2
import pytest
import sqlalchemy as sa
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket

from app import create_app, disks
from app.config import Settings
from app.db import atomically, now, tune
from app.db import db as _db
from app.domain import checkpoints, invariants, people
from app.domain.calendar import local
from app.domain.logbook import Trust
from app.domain.people import User
from app.domain.tokens import Keys
from tests import contract, databases, lending, postgres
from tests.world import MONDAY, Rows, World

disks.measure = lambda _folder: (100, 30, 70)  # whatever this machine's are like
people.use_hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PAGES = Path(__file__).parent / "views"
SECRET = "a secret for tests, forty characters long"


class CompiledTemplates(jinja2.BytecodeCache):
    """Whatever application shows a template, it is compiled once."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.known.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()


class Peopled(NamedTuple):
    """A database in which the world's people live: its URL, and which rows they are."""

    url: str
    rows: Rows


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, bool | None, bool | None]:
    """A test lives within one day of Việt Nam: what it plans for today must still be today when a page asks. Whoever
    would begin in the last two minutes of a day waits for the next, before any clock of the test runs."""
    at = local(now())
    if at.date() != (at + timedelta(minutes=2)).date():
        time.sleep(121 - at.second)
    return (yield)


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


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage, often, took a fifth of the tests' time."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(20_000, 20, 20)
    config.addinivalue_line("markers", "dialects(*names): the databases this test runs on, when not all of them")


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever wants certain pairs, of a screen and a database say, names `dialect` in a parametrize of its own."""
    named = any("dialect" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "dialect" in metafunc.fixturenames and not named:
        mark = metafunc.definition.get_closest_marker("dialects")
        usual = ("sqlite",) if PAGES in metafunc.definition.path.parents else databases.DIALECTS
        metafunc.parametrize("dialect", mark.args if mark else usual, indirect=True, scope="module")


@pytest.fixture(scope="module")
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a private server. Skips with a reason when there is none."""
    lasting = (
        "-c autovacuum=off"  # rows stand in the order in which a test wrote them, in a copy that is lent again too
        " -c deadlock_timeout=50ms"  # what waits for itself is found out sooner, not otherwise
    )
    with postgres.server(postgres.roomy_memory(), lasting) as url:
        yield url
        lending.close()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'empty.db'}"
    migrate(settings, url)
    return url


@pytest.fixture(scope="session")
def empty_postgresql(postgres_server: str, settings: Settings) -> str:
    url = postgres.create(postgres_server, f"template_{os.getpid()}")
    web = postgres.hire(postgres.WEB, url)
    migrate(settings.model_copy(update={"database_owner_url": url}), web)
    return url


@pytest.fixture(scope="session")
def peopled_sqlite(tmp_path_factory: pytest.TempPathFactory, settings: Settings, empty_sqlite: str) -> Peopled:
    folder = tmp_path_factory.mktemp("db")
    return peopled_at(settings, databases.copy_file(empty_sqlite, folder))


@pytest.fixture(scope="session")
def peopled_postgresql(settings: Settings, empty_postgresql: str) -> Peopled:
    url = postgres.copy(postgres.owners(empty_postgresql))
    return peopled_at(settings, postgres.entering_as(postgres.WEB, url))


def peopled_at(settings: Settings, url: str) -> Peopled:
    (rows,) = (World.build(app).rows() for app in start(settings, url))
    return Peopled(url, rows)


@pytest.fixture(scope="module")
def empty(request: pytest.FixtureRequest, dialect: str) -> str:
    """The URL of a migrated database, built once, to be copied and never used."""
    return str(request.getfixturevalue(f"empty_{dialect}"))


@pytest.fixture(scope="module")
def peopled(request: pytest.FixtureRequest, dialect: str) -> Peopled:
    """The same with the world's people in it, who take longer to hire than most tests last."""
    found: Peopled = request.getfixturevalue(f"peopled_{dialect}")
    return found


@pytest.fixture
def database(request: pytest.FixtureRequest, dialect: str, tmp_path: Path) -> Iterator[str]:
    """The URL of this test's own database, migrated. PostgreSQL is entered as the web role, which owns nothing."""
    has_people = "world" in request.fixturenames
    template = request.getfixturevalue("peopled").url if has_people else request.getfixturevalue("empty")
    with databases.copied(template, tmp_path) if dialect == "sqlite" else lending.lent(template) as url:
        yield url


def migrate(settings: Settings, url: str) -> None:
    for _ in start(settings, url):
        flask_migrate.upgrade()


def start(settings: Settings, url: str, *, own: bool = False) -> Iterator[Flask]:
    """The application on this database, with a log of its own. Unless it must be the caller's own, it is one that was
    started before, said the same settings, and stands idle: a start costs more than most tests."""
    said = settings.model_dump_json(exclude={"database_owner_url"})
    with tempfile.TemporaryDirectory(prefix="log-") as folder:
        settings = settings.model_copy(update={"database_url": url, "checkpoint_dir": Path(folder)})
        app = None if own else IDLE.pop(said, None)
        if app is None:
            app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
            app.jinja_env.bytecode_cache = COMPILED
            contract.hold(app)
        addresses = list(app.url_map.iter_rules())
        with app.app_context(), _put_back_after(app):
            app.extensions |= {"settings": settings, "keys": Keys.load(settings.keys_dir, settings.secret_key)}
            _db.engines[None] = _engine(url, app.config["SQLALCHEMY_ENGINE_OPTIONS"])  # type: ignore[index]
            yield app
            _db.session.remove()
            lending.part(_db.engine)
        if not own and addresses == list(app.url_map.iter_rules()):  # one that learned an address does not forget it
            IDLE[said] = app


IDLE: dict[str, Flask] = {}  # started applications nobody uses now, by what was said in their settings
SPEAKING: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}  # by driver: its dialect, and the statements it compiled


@contextmanager
def _put_back_after(app: Flask) -> Iterator[None]:
    """What a test may change of an application that others use after it."""
    changeable = (app.config, app.extensions, app.view_functions)
    before = [dict(each) for each in changeable]
    try:
        yield
    finally:
        for each, was in zip(changeable, before, strict=True):
            each.clear()
            each.update(was)


def _engine(url: str, options: dict[str, Any]) -> sa.Engine:
    """An engine of this test's own; what was compiled for one is good for all that speak the same dialect."""
    engine = sa.create_engine(url, **options)
    if not lending.connect(engine):
        tune(engine)
    if engine.name not in SPEAKING:
        engine.connect().close()  # a dialect learns at its first connection
        SPEAKING[engine.name] = engine.dialect, {}
    engine.dialect, statements = SPEAKING[engine.name]
    engine.update_execution_options(compiled_cache=statements)
    return engine


@pytest.fixture
def app(request: pytest.FixtureRequest, database: str, settings: Settings) -> Iterator[Flask]:
    """Behind a browser's site it is this test's own: a request may still be under way when the test ends."""
    yield from start(settings, database, own="site" in request.fixturenames)


@pytest.fixture
def db(app: Flask) -> sa.orm.scoped_session[Any]:
    return _db.session


@pytest.fixture
def monday() -> Iterator[time_machine.Traveller]:
    """The clock stands at the Monday morning at nine on which the world lives, for pages look at it; `shift` moves it."""
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def ticking_monday() -> Iterator[time_machine.Traveller]:
    """The same, and the clock goes on."""
    with time_machine.travel(MONDAY, tick=True) as clock:
        yield clock


@pytest.fixture
def world(app: Flask, peopled: Peopled) -> World:
    """A handful of people in Dĩ An, plus a stranger from another office."""
    return World.found(app, peopled.rows)


@pytest.fixture
def laws_hold(app: Flask, world: World) -> Iterator[None]:
    """Whatever the test did, at its end every law of custody holds, also of what the phones hold receipts for."""
    yield
    atomically(checkpoints.sequence, True)
    found = [*invariants.broken(trust=Trust(now()), keys=app.extensions["keys"])]
    assert [str(each) for each in (*found, *invariants.receipts_are_kept(world.receipts))] == []


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
