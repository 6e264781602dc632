"""Callers of one moment share a transaction: each gets its own answers, and nobody bears another's mistake."""

import sys
import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.crowds import MOST, _crowds, together
from app.db import db
from app.domain.parties import Party, PartyKind


def names() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(sa.select(Party.id)))


class Counter:
    """Work for `together`: a row for each item; the first call goes on when all others have come."""

    def __init__(self) -> None:
        self.calls = list[list[str]]()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def enter(self, items: list[str]) -> list[str]:
        self.calls.append(items)
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(10)
        for item in items:
            db.session.add(Party(id=item, kind=PartyKind.POST))
            db.session.flush()
            if item == "bad":
                raise ZeroDivisionError
            if item == "stop":
                raise SystemExit
            if item == "away":
                raise sa.exc.OperationalError("", {}, Exception("disk full"))
        return [item.upper() for item in items]

    def rush(self, app: Flask, *parts: list[str]) -> list[Any]:
        """What each caller got: the first one begins, the others come while it works."""
        answers: list[Any] = [None] * len(parts)

        def call(at: int) -> None:
            with app.app_context():
                try:
                    answers[at] = together(self.enter, parts[at])
                except BaseException as error:
                    answers[at] = error

        threads = [threading.Thread(target=call, args=(at,)) for at in range(len(parts))]
        threads[0].start()
        assert self.begun.wait(10)
        (crowd,) = _crowds[db.engine].values()
        for at, thread in enumerate(threads[1:], 1):
            thread.start()
            while len(crowd._waiting) < at:
                time.sleep(0.001)
        self.go_on.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "somebody was left waiting"
        return answers


def test_callers_of_one_moment_share_a_transaction_and_each_gets_its_own_answers(app: Flask) -> None:
    work = Counter()
    answers = work.rush(app, ["a"], ["b", "c"], [], ["d"])
    assert answers == [["A"], ["B", "C"], [], ["D"]]
    assert work.calls == [["a"], ["b", "c", "d"]]
    assert names() == ["a", "b", "c", "d"]


def test_one_callers_mistake_spoils_nobody_elses_work(app: Flask) -> None:
    work = Counter()
    first, good, bad, other = work.rush(app, ["a"], ["b"], ["c", "bad"], ["d"])
    assert (first, good, other) == (["A"], ["B"], ["D"])
    assert isinstance(bad, ZeroDivisionError)
    assert names() == ["a", "b", "d"]


def test_a_row_that_is_there_already_is_only_its_own_callers_error(app: Flask) -> None:
    work = Counter()
    _, twice, other = work.rush(app, ["a"], ["a"], ["b"])
    assert isinstance(twice, IntegrityError) and other == ["B"]
    assert names() == ["a", "b"]


def test_whoever_is_stopped_while_serving_leaves_nobody_waiting(app: Flask) -> None:
    work = Counter()
    first, stopped, *others = work.rush(app, ["a"], ["stop"], ["b"], ["c"])
    assert first == ["A"] and isinstance(stopped, SystemExit)
    assert [type(each) for each in others] == [RuntimeError] * 2
    assert names() == ["a"]
    with app.app_context():
        assert together(work.enter, ["d"]) == ["D"]


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(("linger", "served"), [(10.0, [["d", "e"]]), (0.0, [["d"], ["e"]])])
def test_under_load_who_serves_waits_a_moment_for_those_who_were_served_last(
    app: Flask, monkeypatch: pytest.MonkeyPatch, linger: float, served: list[list[str]]
) -> None:
    work = Counter()

    def call(item: str) -> None:
        with app.app_context():
            together(work.enter, [item])

    monkeypatch.setattr(sys.modules["app.crowds"], "LINGER", linger)
    work.rush(app, ["a"], ["b"], ["c"])
    first, second = (threading.Thread(target=call, args=(item,)) for item in "de")
    first.start()
    if not linger:
        first.join(5)
    second.start()
    for thread in (first, second):
        thread.join(5)
    assert [sorted(items) for items in work.calls[2:]] == served


def test_when_the_database_is_away_everybody_hears_it_at_once(app: Flask) -> None:
    work = Counter()

    _, *others = work.rush(app, ["a"], ["away"], ["c"])
    assert [type(each) for each in others] == [sa.exc.OperationalError] * 2
    assert len(work.calls) == 2


def test_all_are_served_and_large_parts_keep_nobody_out(app: Flask) -> None:
    """Sixteen callers, forty calls each; every tenth brings more than fits beside others."""
    lock, served = threading.Lock(), [0] * 16

    def enter(items: list[int]) -> list[int]:
        db.session.add(Party(kind=PartyKind.POST))
        return [-item for item in items]

    def caller(at: int) -> None:
        with app.app_context():
            for turn in range(40):
                items = list(range(MOST if turn % 10 == 0 else 3))
                if together(enter, items) == [-item for item in items]:
                    with lock:
                        served[at] += 1

    threads = [threading.Thread(target=caller, args=(at,)) for at in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert served == [40] * 16
    assert len(names()) <= 16 * 40
