"""The press: documents of many pages and tables for download are made one at a time in a process, so that pages and phones
go on being answered. A few wait for their turn; whoever has two under way already, or finds the queue full, is asked to wait.

Each process counts for itself: behind two of them a person may have four under way.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from flask import make_response
from flask.typing import ResponseReturnValue

from app import security
from app.db import abandon
from app.errors import TooMany

EACH = 2  # of one person, made or waiting
WAITING = 5  # made or waiting, of everybody: less than half of the requests a process answers at the same time
LONGEST = 20.0  # seconds for a turn
SOON = 10  # seconds until somebody asks again

View = Callable[..., ResponseReturnValue]


class Press:
    def __init__(self) -> None:
        self._mutex, self._turn, self._orders = threading.Lock(), threading.Semaphore(), Counter[Any]()

    def start(self, who: Any) -> Callable[[], None]:
        """What to call when the document is made, once or more often. Raises TooMany("two_under_way") and TooMany("press_busy")."""
        with self._mutex:
            if self._orders[who] >= EACH:
                raise TooMany("two_under_way", seconds=SOON)
            if self._orders.total() >= WAITING:
                raise TooMany("press_busy", seconds=SOON)
            self._orders[who] += 1
        if not self._turn.acquire(timeout=LONGEST):
            self._forget(who)
            raise TooMany("press_busy", seconds=SOON)
        once = threading.Lock()

        def over() -> None:
            if once.acquire(blocking=False):
                self._turn.release()
                self._forget(who)

        return over

    def _forget(self, who: Any) -> None:
        with self._mutex:
            self._orders[who] -= 1
            self._orders += Counter()  # who has none is not kept


press = Press()


def _to_the_end(parts: Iterable[bytes], over: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        over()


def by_the_press(view: View) -> View:
    """A view of whoever is signed in whose answer takes long to make."""

    @wraps(view)
    def waits(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        who = security.user().id
        abandon()  # who waits keeps no connection
        over = press.start(who)
        try:
            answer = make_response(view(*args, **kwargs))
        except BaseException:
            over()
            raise
        if answer.is_streamed:
            answer.response = _to_the_end(answer.iter_encoded(), over)
            answer.call_on_close(over)  # also where nobody began to read it
        else:
            over()
        return answer

    return waits
