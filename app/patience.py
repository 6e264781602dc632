"""How long the database is waited for.

Whoever asks for a page or brings scans is told within three seconds that a row is held or the database gives no sign of life,
and no statement of theirs runs longer than five. Programs have no such limits, on purpose: workers, commands, migrations,
backups and audits take as long as their work does, and nobody stands before them.

The limits belong to whoever uses a connection, not to the connection: they are set when a request takes one out of the pool
and lifted when a program does.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from flask import has_request_context
from psycopg.abc import PQGen

R = TypeVar("R")
LOCK = 2.0  # seconds: a row that another transaction holds
WRITER = 2.5  # seconds: SQLite's one writer; under load whoever writes many scans at once has it for half of that
STATEMENT = 5.0  # seconds: one statement
SILENCE = 0.7  # seconds without a word, after which PostgreSQL is asked whether it is there
CONNECT = 2  # seconds for that, and for a new connection; the driver knows no less
BRIEFLY = 0.2  # seconds: either of them, for whoever must not keep others waiting
AWAY = 1.0  # seconds for which nobody asks a database again that gave no sign of life
GRACE = 1.0  # seconds PostgreSQL has to keep its own limit
OPCODES = 100_000  # of SQLite's machine between two looks at the clock: a few milliseconds

_away_until = 0.0  # of this process's clock
_is_brief = ContextVar("is_brief", default=False)


@contextmanager
def briefly(is_brief: bool) -> Iterator[None]:
    """Whether whoever writes in here waits for a moment only."""
    before = _is_brief.set(is_brief)
    try:
        yield
    finally:
        _is_brief.reset(before)


def until(came: float, otherwise: float) -> float:
    """When on the monotonic clock whoever came then for SQLite's one writer has waited long enough; `otherwise`: a program's
    seconds."""
    return came + (BRIEFLY if _is_brief.get() else WRITER if has_request_context() else otherwise)


def begun(connection: sa.Connection) -> None:
    """A transaction that will write."""
    if _is_brief.get() and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BRIEFLY}s'")


# ---- SQLite ------------------------------------------------------------------------------------------------------


def limit_sqlite(engine: sa.Engine) -> None:
    sa.event.listen(engine, "connect", _watch_the_clock)
    sa.event.listen(engine, "before_cursor_execute", _start_the_clock)


def _watch_the_clock(connection: Any, record: Any) -> None:
    info = record.info

    def is_over() -> bool:
        return has_request_context() and time.monotonic() > info.get("until", 0.0)

    info["until"] = time.monotonic() + STATEMENT
    connection.set_progress_handler(is_over, OPCODES)


def _start_the_clock(connection: sa.Connection, *_statement: Any) -> None:
    connection.info["until"] = time.monotonic() + STATEMENT


# ---- PostgreSQL --------------------------------------------------------------------------------------------------


class Listening(psycopg.Connection[Any]):
    """A connection that notices a server without a sign of life: a machine that hangs, a network that is gone. Its own limits
    only a living server keeps."""

    is_for_request: bool | None = None

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        if timeout is not None or not has_request_context():
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, SILENCE)
        except psycopg.errors._WaitTimeout:
            if not self._lives():
                self.close()
                raise _none_there() from None
        try:
            return super().wait(gen, interval, STATEMENT + GRACE - SILENCE)
        except psycopg.errors._WaitTimeout:
            self.close()
            raise psycopg.OperationalError("the database does not end a statement") from None

    def _lives(self) -> bool:
        """Whether the server says anything to a newcomer, be it no."""
        try:
            psycopg.connect(self.info.dsn, password=self.info.password, connect_timeout=CONNECT).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.OperationalError:
            return True
        return True


def limit_postgresql(engine: sa.Engine) -> None:
    sa.event.listen(engine, "do_connect", _connect)
    sa.event.listen(engine, "checkout", _limit)


def _connect(_dialect: Any, _record: Any, names: Any, values: Any) -> Listening:
    _refuse_while_away()
    try:
        return Listening.connect(*names, **{"connect_timeout": CONNECT} | values)
    except psycopg.errors.ConnectionTimeout:
        raise _none_there() from None


def _limit(connection: Listening, _record: Any, _proxy: Any) -> None:
    _refuse_while_away()
    asked = has_request_context()
    if connection.is_for_request is not asked:
        limits = {"lock_timeout": LOCK, "statement_timeout": STATEMENT}
        words = [f"SET {name} = '{seconds}s'" if asked else f"RESET {name}" for name, seconds in limits.items()]
        connection.autocommit = True  # outside any transaction, so that none undoes it
        connection.execute("; ".join(words))
        connection.autocommit = False
        connection.is_for_request = asked


def _none_there() -> psycopg.OperationalError:
    """Those who come within the next moment need not find out for themselves, one after the other."""
    global _away_until
    _away_until = time.monotonic() + AWAY
    return psycopg.OperationalError("the database gives no sign of life")


def _refuse_while_away() -> None:
    if time.monotonic() < _away_until and has_request_context():
        raise psycopg.OperationalError("the database gave no sign of life a moment ago")
