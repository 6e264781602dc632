"""SQLite with eight processes that write and one that reads for long: nobody is turned away, and the log of changes stays small."""

import importlib
import multiprocessing
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.config import Settings
from app.db import atomically, now
from app.domain import bodies, custody
from app.domain.sittings import Seen
from bench.ground import Ground, Signed
from tests.faults.conftest import times
from tests.faults.history import CLIENTS, History, faults_found

FORK = multiprocessing.get_context("fork")  # eight interpreters that load everything anew would take a minute
WAL = 64 * 1024**2
database = importlib.import_module("app.db")
Told = tuple[dict[bytes, datetime], list[str]]


def write_all(settings: Settings, shift: list[Signed], plan: Callable[[], None], start: Any, out: Any) -> None:
    """One writer: its receipts, and what went wrong."""
    plan()
    receipts, errors = dict[bytes, datetime](), list[str]()
    app = create_app(settings, TESTING=True)
    with app.app_context():
        start.wait()
        for one in shift:
            scan = bodies.parse(one.body, one.sig)
            at = now()
            try:
                atomically(custody.record_all, [scan], Seen(at, app.extensions["keys"]))
                receipts[one.digest] = at
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
    out.put((receipts, errors))


def read_long(url: str, seconds: float, start: Any) -> None:
    """Somebody who looks at one state of the database for long."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        start.wait()
        connection.execute(sa.text("SELECT count(*) FROM scans")).scalar()
        time.sleep(seconds)


def as_it_is() -> None:
    """No bug is planted."""


def deferred() -> None:
    """The planted bug: a transaction that will write begins as one that reads."""
    database._begin_sqlite = lambda connection: connection.exec_driver_sql("BEGIN")


def run(settings: Settings, folder: Path, packets: int, plan: Callable[[], None]) -> tuple[str, History, list[str]]:
    url = f"sqlite:///{folder / 'fault.db'}"
    ground = Ground(settings, url, CLIENTS)
    shifts = ground.sign(ground.packets(packets, url), 2)
    own = settings.model_copy(update={"database_url": url, "checkpoint_dir": folder / "checkpoint"})
    start, out, history, errors = FORK.Barrier(CLIENTS + 1), FORK.Queue(), History(), list[str]()
    people = [FORK.Process(target=write_all, args=(own, shift, plan, start, out)) for shift in shifts]
    people.append(FORK.Process(target=read_long, args=(url, times(2, 10), start)))
    for one in people:
        one.start()
    for _ in shifts:
        receipts, wrong = out.get(timeout=600)
        history.receipts |= receipts
        errors += wrong
    for one in people:
        one.join(60)
    history.sent = {one.digest: one for shift in shifts for one in shift}
    return url, history, errors


def test_eight_writers_and_a_long_reader_are_all_served(own_settings: Settings, tmp_path: Path) -> None:
    url, history, errors = run(own_settings, tmp_path, times(64, 4000), as_it_is)
    assert errors == []
    assert (tmp_path / "fault.db-wal").stat().st_size < WAL
    assert faults_found(own_settings, url, history) == []


def test_transactions_that_begin_as_readers_are_caught(own_settings: Settings, tmp_path: Path) -> None:
    _url, _history, errors = run(own_settings, tmp_path, 64, deferred)
    assert any("locked" in error for error in errors)
