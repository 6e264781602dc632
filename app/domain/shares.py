"""Shares: one long reading of the database, divided among the processor's cores.

All processes read one and the same state: on PostgreSQL each is given a snapshot and begins when it is ready, on SQLite
nobody may write for the moment in which all begin. Each answers with what can be pickled.
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import sqlalchemy as sa

from app.db import tune

ROWS = 200_000  # fewer have been read before another process has started
PROCESSES = get_context("spawn")  # a fork would inherit locks that nobody opens, and SQLite's own memory of them

Tell = Callable[[int], None]
Work = Callable[[sa.Connection, "Share", Tell], Any]


@dataclass(frozen=True)
class Share:
    nth: int = 0
    of: int = 1

    def within(self, column: Any, low: int, high: int, spelled: Callable[[int], Any] = int) -> sa.ColumnElement[bool]:
        """The rows of this share, where the column lies in low … high; what lies outside falls to the ends."""
        start, end = (spelled(low + (high - low) * nth // self.of) for nth in (self.nth, self.nth + 1))
        wanted = [column >= start] if self.nth else []
        return sa.and_(sa.true(), *wanted, *([column < end] if self.nth + 1 < self.of else []))


def count(rows: int) -> int:
    """How many processes are worth their start for so many rows."""
    return len(os.sched_getaffinity(0)) if rows >= ROWS and hasattr(os, "sched_getaffinity") else 1


class Others:
    """The other processes: how far they are, and what they found."""

    def __init__(self, connection: sa.Connection, work: Work, of: int) -> None:
        self.snapshot = _snapshot(connection) if of > 1 else ""
        url = connection.engine.url.render_as_string(hide_password=False)
        self._read: Any = PROCESSES.Value("q") if of > 1 else None
        self._told, self._pipes, self._running = 0, list[Any](), list[Any]()
        for nth in range(1, of):
            ours, theirs = PROCESSES.Pipe()
            running = PROCESSES.Process(
                target=_help, args=(theirs, url, self.snapshot, work, Share(nth, of), self._read), daemon=True
            )
            running.start()
            theirs.close()  # so that we hear of its end
            self._pipes.append(ours)
            self._running.append(running)

    def begin_together(self, connection: sa.Connection) -> None:
        """All begin at the state that `connection` sees, while nobody writes."""
        self.answers()
        with connection.engine.connect().execution_options(writes=math.inf) as writer, writer.begin():
            _look(connection)
            for pipe in self._pipes:
                pipe.send("begin")
            self.answers()

    def answers(self) -> list[Any]:
        """The next thing each of them says. Raises what one of them met."""
        heard = [pipe.recv() for pipe in self._pipes]
        for said in heard:
            if isinstance(said, Exception):
                raise said
        return heard

    def read(self) -> int:
        """The rows they have read since this was last asked."""
        read: int = self._read.value if self._read else 0
        fresh, self._told = read - self._told, read
        return fresh

    def stop(self) -> None:
        for running, pipe in zip(self._running, self._pipes, strict=True):
            running.terminate()
            running.join()
            pipe.close()


@contextmanager
def others(connection: sa.Connection, work: Work, of: int) -> Iterator[Others]:
    """`of` - 1 other processes that do their shares of `work`; the first share is the caller's own."""
    found = Others(connection, work, of)
    try:
        if of > 1 and not found.snapshot:
            found.begin_together(connection)
        yield found
    finally:
        found.stop()


def _snapshot(connection: sa.Connection) -> str:
    """By what name others find the state that `connection` sees; SQLite has none."""
    if connection.dialect.name == "sqlite":
        return ""
    return connection.scalar(sa.select(sa.func.pg_export_snapshot())) or ""


def _look(connection: sa.Connection) -> None:
    """A transaction of SQLite's begins with the first thing it reads."""
    connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")


def _help(pipe: Any, url: str, snapshot: str, work: Work, share: Share, read: Any) -> None:
    def tell(rows: int) -> None:
        with read:
            read.value += rows

    engine = sa.create_engine(url)
    tune(engine)
    try:
        with engine.connect() as connection:
            if snapshot:
                connection.execution_options(isolation_level="REPEATABLE READ")
                connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            else:
                pipe.send("ready")
                pipe.recv()
                _look(connection)
                pipe.send("begun")
            pipe.send(work(connection, share, tell))
    except Exception as error:
        pipe.send(error)
