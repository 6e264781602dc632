"""Gauges: how the installation stands, in numbers that name nobody. Read from the database whenever somebody asks, so that any
process may answer for all."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import db
from app.domain import audit, checkpoints
from app.domain.checkpoints import Leaf
from app.domain.ledger import Handoff
from app.domain.outbox import NOBODY, Message
from app.domain.tasks import Task

DAY = timedelta(days=1)


class Gauge(NamedTuple):
    """`value` is a count, or seconds where the name says so."""

    name: str
    says: str
    value: float


def read(at: datetime) -> Iterator[Gauge]:
    """The gauges of this moment, each a few rows of an index: nothing here counts a whole ledger."""
    waiting = sa.select(Message).where(Message.sent_at.is_(None), Message.given_up_at.is_(None), Message.due_at <= at)
    count, oldest = _of(waiting, sa.func.count(), sa.func.min(Message.created_at))
    yield Gauge("messages_waiting", "Messages due and not sent.", count)
    yield Gauge("messages_oldest_seconds", "Since when the oldest of them waits.", _age(oldest, at))
    lost = sa.select(Message).where(Message.given_up_at > at - DAY, Message.phone != NOBODY)
    yield Gauge(
        "messages_given_up", "Messages given up in a day: somebody has not heard.", _of(lost, sa.func.count())[0]
    )
    open_ = sa.select(Task).where(Task.closed_at.is_(None))
    count, late = _of(open_, sa.func.count(), sa.func.count(sa.case((Task.due < at, 1))))
    yield Gauge("tasks_open", "Matters that wait for a person.", count)
    yield Gauge("tasks_overdue", "Matters that should have been closed.", late)
    lines, leaves = (db.session.scalar(sa.select(sa.func.max(each))) or 0 for each in (Handoff.id, Leaf.n + 1))
    yield Gauge("ledger_lines", "Highest number of a line of the ledger.", lines)
    yield Gauge("ledger_leaves", "Lines that have their number in the log.", leaves)
    newest = checkpoints.newest()
    yield Gauge("checkpoint_size", "Lines under the newest signed checkpoint.", newest.size if newest else 0)
    yield Gauge("checkpoint_age_seconds", "Since when it stands.", _age(newest.at if newest else None, at))
    looked = audit.newest("laws_checked", "night")
    yield Gauge("laws_checked_age_seconds", "Since the laws of custody were last checked.", _age(looked, at))


def _of(rows: sa.Select[Any], *what: Any) -> Any:
    return db.session.execute(rows.with_only_columns(*what)).one()


def _age(then: datetime | None, at: datetime) -> float:
    return (at - then).total_seconds() if then else 0.0
