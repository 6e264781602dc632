"""One place ends transactions; durable settings are on; a lost race looks again once."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.db import atomically, db
from app.domain.parties import Party, PartyKind


def test_losing_a_race_is_looked_at_again_once(app: Flask) -> None:
    tries = []

    def work() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError("", {}, Exception())
        return "done"

    assert atomically(work) == "done"
    assert len(tries) == 2


def test_an_error_leaves_nothing_behind(each_app: Flask) -> None:
    def work() -> None:
        db.session.add(Party(kind=PartyKind.POST))
        db.session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        atomically(work)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Party)) == 0


def test_sqlite_is_durable_and_writes_begin_immediate(app: Flask) -> None:
    with db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda c, cur, statement, *rest: seen.append(statement))
    atomically(lambda: None)
    assert seen == ["BEGIN IMMEDIATE"]


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


def test_postgresql_without_durability_is_refused(empty_postgres: str, settings) -> None:  # type: ignore[no-untyped-def]
    from tests import postgres
    from tests.conftest import create_app

    url = postgres.copy(empty_postgres)
    unsafe = url + "&options=-csynchronous_commit%3Doff"
    app = create_app(settings.model_copy(update={"database_url": unsafe}), TESTING=True)
    with app.app_context(), pytest.raises(RuntimeError, match="synchronous_commit=off"):
        db.session.execute(sa.text("SELECT 1"))
    with app.app_context():
        db.engine.dispose()
    postgres.drop(url)
