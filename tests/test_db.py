"""One place ends transactions; durable settings are on; a lost race looks again once."""

import sqlite3
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError, OperationalError

from app.config import Settings
from app.db import BUSY, _Turns, atomically, db, memory, now, write
from app.domain.devices import Device, DeviceKind
from app.domain.parties import Party, PartyKind
from app.domain.scans import RawScan, Ruling, ScanRow, Verdict
from tests.conftest import start


def test_losing_a_race_is_looked_at_again_once(app: Flask) -> None:
    tries = []

    def work() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError("", {}, Exception())
        return "done"

    assert atomically(work) == "done"
    assert len(tries) == 2


def test_an_error_leaves_nothing_behind(app: Flask) -> None:
    def work() -> None:
        db.session.add(Party(kind=PartyKind.POST))
        db.session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        atomically(work)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Party)) == 0


@pytest.mark.dialects("sqlite")
def test_sqlite_is_durable_and_writes_begin_immediate(app: Flask) -> None:
    with db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    seen: list[str] = []
    atomically(lambda: _driver().set_trace_callback(seen.append))
    atomically(lambda: None)
    _driver().set_trace_callback(None)
    said = [statement for statement in seen if not statement.startswith("PRAGMA")]
    assert said[:3] == ["COMMIT", "BEGIN IMMEDIATE", "COMMIT"]


def _driver() -> Any:
    return db.session.connection().connection.driver_connection


def test_writers_wait_for_each_other_and_none_is_turned_away(app: Flask) -> None:
    """200 read-then-write transactions from 8 threads; with a deferred BEGIN most of them fail."""
    failures: list[BaseException] = []

    def add() -> None:
        db.session.scalar(sa.select(sa.func.count()).select_from(Party))
        db.session.add(Party(kind=PartyKind.POST))

    def writer() -> None:
        with app.app_context():
            for _ in range(25):
                try:
                    atomically(add)
                except Exception as error:
                    failures.append(error)

    threads = [threading.Thread(target=writer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Party)) == 200


@pytest.mark.dialects("sqlite")
def test_nobody_waits_longer_for_a_program_that_writes_for_long_because_others_wait_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four threads, each of which would wait for five seconds of this clock: all are told by then, not after twenty."""
    clock, ended = [0.0], list[str]()
    all_here = threading.Barrier(4)

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    def here() -> float:
        return clock[0]

    def writer() -> None:
        with app.app_context():
            db.session.get_bind()
            all_here.wait()
            with pytest.raises(OperationalError) as said:
                atomically(lambda: None)
        ended.append(str(said.value))

    other = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sys.modules["app.db"], "time", SimpleNamespace(sleep=sleep, monotonic=here))
    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("database is locked" in each for each in ended) and len(ended) == 4
    assert BUSY <= clock[0] < 2 * BUSY
    other.rollback()
    other.close()
    atomically(lambda: None)


def statements() -> list[str]:
    """What is said to the database from now on, first words only."""
    said: list[str] = []
    sa.event.listen(
        db.engine, "before_cursor_execute",
        lambda c, cursor, statement, *rest: said.append(" ".join(statement.split()[:3])),
    )  # fmt: skip
    return said


def test_written_rows_go_out_together_before_the_database_is_asked_again(app: Flask) -> None:
    device = "d-1"

    def work() -> int:
        db.session.add(Device(id=device, kind=DeviceKind.PHONE, public_key=b"", label="", enrolled_at=now()))
        db.session.flush()
        for n in range(3):
            digest = bytes([n]) * 32
            write(Verdict, digest=digest, nth=1, verdict=Ruling.HELD, by="server", at=now())
            write(ScanRow, digest=digest, n=n, device_id=device, body=b"", sig=b"", sig_ok=True, recorded_at=now())
        said.clear()
        count = db.session.scalar(sa.select(sa.func.count()).select_from(Verdict)) or 0
        write(RawScan, id=1, bytes=b"", at=now())
        return count

    said = statements()
    assert atomically(work) == 3
    assert said == ["INSERT INTO scans", "INSERT INTO verdicts", "SELECT count(*) AS", "INSERT INTO raw_inbox"]


def test_written_rows_are_gone_with_their_transaction(app: Flask) -> None:
    def work(fail: bool) -> None:
        write(RawScan, id=1 if fail else 2, bytes=b"", at=now())
        if fail:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        atomically(work, True)
    atomically(work, False)
    assert list(db.session.scalars(sa.select(RawScan.id))) == [2]


def test_what_a_transaction_learnt_is_forgotten_when_it_ends(app: Flask) -> None:
    seen = []

    def work() -> None:
        seen.append(dict(memory("facts")))
        memory("facts")["a"] = 1
        seen.append(dict(memory("facts")))
        if len(seen) == 2:
            raise IntegrityError("", {}, Exception())

    atomically(work)
    assert seen == [{}, {"a": 1}] * 2
    memory("facts")["a"] = 1
    assert memory("facts") == {}


def test_writers_are_let_in_in_the_order_they_came() -> None:
    turns, order = _Turns(), list[int]()

    def enter(at: int) -> None:
        with turns.turn(10):
            order.append(at)

    threads = [threading.Thread(target=enter, args=(at,)) for at in range(20)]
    with turns.turn(10):
        for at, thread in enumerate(threads, 1):
            thread.start()
            while len(turns._waiting) < at:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))


@pytest.mark.dialects("postgresql")
def test_every_statement_is_planned_for_its_own_values(app: Flask) -> None:
    for _ in range(2):  # of whatever connection, after whatever was rolled back
        assert db.session.scalar(sa.text("SHOW plan_cache_mode")) == "force_custom_plan"
        db.session.rollback()
        db.engine.dispose()


@pytest.mark.dialects("postgresql")
def test_postgresql_without_durability_is_refused(database: str, settings: Settings) -> None:
    for _ in start(settings, database + "&options=-csynchronous_commit%3Doff"):
        with pytest.raises(RuntimeError, match="synchronous_commit=off"):
            db.session.execute(sa.text("SELECT 1"))
