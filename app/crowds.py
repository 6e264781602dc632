"""Crowds: callers of one moment who want the same work done share one transaction and its cost."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app import patience
from app.db import abandon, atomically, db

R = TypeVar("R")
T = TypeVar("T")
WAITED = {"55P03", "57014"}  # PostgreSQL: a lock or a statement took too long
LINGER = 0.04  # seconds; who has just been answered often sends again at once
WARY = 10.0  # seconds after a wait in vain in which nobody waits longer than a moment: all the others wait too
MOST = 200  # size of one transaction: a larger group would keep pages waiting


class _Part:
    """What one caller brings to a group, and what came of it."""

    def __init__(self, items: list[Any], size: int) -> None:
        self.items, self.size = items, size
        self.results: list[Any] | None = None
        self.error: Exception | None = None
        self.called = threading.Lock()  # free once the part is done, or its caller's turn to serve has come
        self.called.acquire()

    def settle(self, attempt: Callable[[], list[Any]]) -> None:
        try:
            self.results = attempt()
        except Exception as error:
            self.error = error


class _Crowd:
    """Callers who want the same work done. One of them serves all who came before a group is closed.

    Under load it waits a moment for those who were served last: they are about to come again, and a transaction costs
    little more for sixteen than for four.
    """

    def __init__(self) -> None:
        self._mutex, self._waiting, self._is_served = threading.Condition(), deque[_Part](), False
        self._expected, self._until = 0, 0.0  # so many callers, until then
        self._wary_until = 0.0

    def join(self, part: _Part) -> None:
        """Returns when the part is done or must serve."""
        with self._mutex:
            self._waiting.append(part)
            first, self._is_served = not self._is_served, True
            self._mutex.notify()
        if not first:
            part.called.acquire()

    def close(self) -> list[_Part]:
        """The next group: whoever serves, then those who have waited longest."""
        with self._mutex:
            self._mutex.wait_for(self._is_complete, max(0, self._until - time.monotonic()))
            group = [self._waiting.popleft()]
            size = group[0].size
            while self._waiting and size + self._waiting[0].size <= MOST:
                group.append(self._waiting.popleft())
                size += group[-1].size
        return group

    def _is_complete(self) -> bool:
        return len(self._waiting) >= self._expected or sum(part.size for part in self._waiting) >= MOST

    def leave(self, group: list[_Part]) -> None:
        """Everybody of the group may go, and the longest waiting of the others serves."""
        with self._mutex:
            next_ = self._waiting[0] if self._waiting else None
            self._is_served = next_ is not None
            if len(group) > 1:
                self._expected, self._until = len(self._waiting) + len(group), time.monotonic() + LINGER
        for part in group:
            if part.results is None and part.error is None:
                part.error = RuntimeError("stopped while it was served")
        for called in [*group[1:], next_]:
            if called:
                called.called.release()

    def attempt(self, work: Callable[..., R], *args: Any) -> R:
        """`work` in a transaction; soon after somebody waited in vain nobody else makes the crowd wait as long."""
        try:
            with patience.briefly(time.monotonic() < self._wary_until):
                done = atomically(work, *args)
        except OperationalError as error:
            if _waited(error) or _is_locked(error):
                self._wary_until = time.monotonic() + WARY
            raise
        if db.engine.dialect.name == "sqlite":
            self._wary_until = 0.0  # its one writer is free again; of PostgreSQL's rows another was
        return done


_crowds: WeakKeyDictionary[sa.Engine, dict[Any, _Crowd]] = WeakKeyDictionary()


def together(work: Callable[..., list[R]], items: list[T], *args: Any, size: int | None = None) -> list[R]:
    """`atomically(work, items, *args)`, but callers of the same moment share one transaction and its cost.

    `work` takes a list and answers each item with one plain value: the thread that calls it may be another's. Answers
    return after the commit. A group that fails is done again caller by caller, so nobody bears another's mistake. The
    `args` are those of whoever serves the group. `size`: how much work it is, if not an item each.
    """
    begun = db.session.registry.has()
    if begun:
        abandon()  # who waits keeps no connection
    part = _Part(items, len(items) if size is None else size)
    crowd = _crowds.setdefault(db.engine, {}).setdefault(work, _Crowd())
    crowd.join(part)
    if part.results is None and part.error is None:
        group = crowd.close()
        db.session().expire_on_commit = begun  # nobody looks at its objects afterwards
        try:
            _serve(crowd, group, work, args)
        finally:
            crowd.leave(group)
    if part.error:
        raise part.error
    assert part.results is not None
    return part.results


def _serve(crowd: _Crowd, group: list[_Part], work: Callable[..., list[Any]], args: tuple[Any, ...]) -> None:
    if len(group) > 1:
        try:
            results: Iterator[Any] = iter(crowd.attempt(work, [item for part in group for item in part.items], *args))
        except Exception as error:
            if _is_away(error):
                for part in group:
                    part.error = error
                return
        else:
            for part in group:
                part.results = list(islice(results, len(part.items)))
            return
    for part in group:
        part.settle(partial(crowd.attempt, work, part.items, *args))


def _is_away(error: Exception) -> bool:
    """Whether the database itself is gone or full: asking again for each caller would only take longer."""
    return isinstance(error, OperationalError) and not _waited(error)


def _is_locked(error: OperationalError) -> bool:
    """SQLite: another process writes, and none of the crowd may."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _waited(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) in WAITED
