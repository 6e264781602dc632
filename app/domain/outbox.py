"""Outbox: messages to citizens and couriers. The row commits with the fact it tells; one worker sends it afterwards.

A message holds a kind and values; the sentence is made by the channel, in the language of the reader.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, choice, db
from app.domain.people import Language

PATIENCE = timedelta(days=2)
LATEST = 240  # seconds between two tries: whoever was away for hours has everything five minutes after they are back
KEPT = timedelta(days=90)  # as long as somebody may ask whether a message was sent
NOBODY = ""  # the phone of a message that is written and never sent: somebody asked for what is not there


class Message(Model):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(sa.String(20), index=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    language: Mapped[Language] = mapped_column(choice(Language), default=Language.VI, doc="of whoever reads it")
    values: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    created_at: Mapped[Instant]
    due_at: Mapped[Instant] = mapped_column(index=True)
    sent_at: Mapped[Instant | None]
    given_up_at: Mapped[Instant | None]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(sa.String(200))


def say(phone: str, kind: str, at: datetime, language: Language, **values: Any) -> Message:
    """`dossiers.tell` says it to a citizen, in theirs."""
    given_up = at if phone == NOBODY else None
    message = Message(
        phone=phone, kind=kind, language=language, values=values, created_at=at, due_at=at, given_up_at=given_up
    )
    db.session.add(message)
    return message


def withdraw(phone: str, number: str, at: datetime) -> None:
    """What was still to be said to `phone` of the dossier `number` is not said any more."""
    waiting = sa.select(Message).where(Message.phone == phone, Message.sent_at.is_(None), Message.given_up_at.is_(None))
    about = waiting.where(Message.values["number"].as_string() == number)
    for message in db.session.scalars(about.with_for_update(of=Message)):
        message.given_up_at, message.error = at, "withdrawn"


class Due(NamedTuple):
    """What a channel is told of a message: plain values, so that nobody reads the database while it is sent."""

    id: int
    phone: str
    kind: str
    language: Language
    values: dict[str, Any]


def claim(at: datetime, lease: timedelta = timedelta(minutes=2), only: Collection[str] | None = None) -> Due | None:
    """The next message due, taken for `lease`: a worker that dies gives it back by doing nothing. `only`: of these kinds."""
    waiting = sa.select(Message).where(Message.sent_at.is_(None), Message.given_up_at.is_(None), Message.due_at <= at)
    if only is not None:
        waiting = waiting.where(Message.kind.in_(only))
    message = db.session.scalar(waiting.order_by(Message.due_at, Message.id).limit(1).with_for_update(skip_locked=True))
    if message is None:
        return None
    message.due_at, message.tries = at + lease, message.tries + 1
    return Due(message.id, message.phone, message.kind, message.language, message.values)


def sent(message_id: int, at: datetime) -> None:
    message = db.session.get_one(Message, message_id)
    message.sent_at, message.error = at, None


def failed(message_id: int, error: str, at: datetime) -> None:
    """Try again later, each time later, up to LATEST; give up after two days and keep the reason."""
    message = db.session.get_one(Message, message_id)
    message.error = error[:200]
    if at - message.created_at > PATIENCE:
        message.given_up_at = at
    else:
        message.due_at = at + timedelta(seconds=min(LATEST, 5 * 2 ** min(message.tries, 10)))


def sweep(at: datetime) -> None:
    """Messages that were sent, or given up, go with the codes in them."""
    over = sa.or_(Message.sent_at.is_not(None), Message.given_up_at.is_not(None))
    db.session.execute(sa.delete(Message).where(Message.due_at < at - KEPT, over))


def newest(limit: int, digits: str = "", skip: int = 0, number: str = "") -> list[Message]:
    """The newest messages first, to phones that hold `digits`; with `number`, only those about it."""
    query = sa.select(Message).where(Message.phone != NOBODY, Message.phone.contains(digits, autoescape=True))
    if number:
        query = query.where(Message.values["number"].as_string() == number)
    return list(
        db.session.scalars(query.order_by(Message.created_at.desc(), Message.id.desc()).offset(skip).limit(limit))
    )
