"""The shelf: what a post office decides about a result it keeps: for whoever calls, a letter, one more visit, or back to
its desk. A decision holds until the packet moves.

Two letters, left by a courier or sent by the office, two working days apart; then it goes back (TT 17/2017 Đ5.2, Luật
Bưu chính Đ17). They are counted anew once the packet has been at its desk again.
"""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Digest, Instant, Model, choice, db
from app.domain import calendar, visits
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Packet, State
from app.domain.people import Act, User
from app.domain.visits import Visit, VisitState

INVITE = "invite"  # of steps.NEXT: a letter is left that says where the result can be called for
LETTERS, APART = 2, 2  # letters before a result goes back, working days between them
REASONS = ("letters_done", "refused", "moved", "unknown", "desk_asked")  # why it goes back


class Word(StrEnum):
    KEEP = "keep"  # whoever it is for said that they will call
    LETTER = "letter"  # the office sent a letter
    AGAIN = "again"  # a courier tries once more
    BACK = "back"  # to its desk, with the next bag


NEXT = {Word.KEEP: "hold_at_post", Word.LETTER: INVITE, Word.AGAIN: None, Word.BACK: "back_to_desk"}  # of steps.NEXT


class Decision(Model):
    __tablename__ = "shelf_decisions"
    __table_args__ = (sa.CheckConstraint("(word = 'back') = (reason IS NOT NULL)", name="reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    head: Mapped[Digest] = mapped_column(doc="the newest move of the packet when this was decided")
    word: Mapped[Word] = mapped_column(choice(Word))
    reason: Mapped[str | None] = mapped_column(sa.String(24))
    at: Mapped[Instant]
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))

    by: Mapped[User] = relationship()


def decide(packet: Packet, word: Word, act: Act, reason: str | None = None) -> None:
    db.session.add(
        Decision(packet_id=packet.id, head=packet.head, word=word, reason=reason, at=act.at, by_id=act.by.id)
    )
    db.session.flush()


def decided(packet: Packet) -> Decision | None:
    """What the office decided last, unless the packet has moved since."""
    of = sa.select(Decision).filter_by(packet_id=packet.id, head=packet.head)
    return db.session.scalar(of.order_by(Decision.id.desc()).limit(1))


def newest(packet: Packet, word: Word) -> Decision | None:
    """When this was decided last, whatever came of it."""
    of = sa.select(Decision).filter_by(packet_id=packet.id, word=word)
    return db.session.scalar(of.order_by(Decision.id.desc()).limit(1))


def word_now() -> Any:
    """`decided`'s word, as a column beside Packet."""
    of = sa.select(Decision.word).where(Decision.packet_id == Packet.id, Decision.head == Packet.head)
    return of.order_by(Decision.id.desc()).limit(1).correlate(Packet).scalar_subquery()


def next_of(word: Word | None, said: str | None) -> str | None:
    """What comes next (steps.NEXT): the office's word, else what was said at the door."""
    return NEXT[word] if word else said


# ---- letters ----------------------------------------------------------------------------------------------------


def letters_of(packet_ids: Collection[int]) -> dict[int, list[date]]:
    """The days on which letters were left or sent since each packet left its desk the last time, oldest first."""
    at_desk = (
        sa.select(Handoff.packet_id, sa.func.max(Handoff.recorded_at))
        .where(Handoff.packet_id.in_(packet_ids), Handoff.kind == LineKind.MOVE, Handoff.state == State.AT_DESK)
        .group_by(Handoff.packet_id)
    )
    since: dict[int, datetime] = {row[0]: row[1] for row in db.session.execute(at_desk)}
    left = sa.select(Visit.packet_id, Visit.ended_at).where(
        Visit.packet_id.in_(packet_ids), Visit.next == INVITE, Visit.state == VisitState.MISSED
    )
    sent = sa.select(Decision.packet_id, Decision.at).where(
        Decision.packet_id.in_(packet_ids), Decision.word == Word.LETTER
    )
    found: dict[int, list[date]] = {id_: [] for id_ in packet_ids}
    for packet_id, at in (*db.session.execute(left), *db.session.execute(sent)):
        if at and (packet_id not in since or at > since[packet_id]):
            found[packet_id].append(calendar.today(at))
    return {id_: sorted(days) for id_, days in found.items()}


def letters(packet_id: int) -> list[date]:
    return letters_of([packet_id])[packet_id]


def next_letter(packet_id: int) -> tuple[int, date | None]:
    """Which letter comes next, and the first day for it: None for the first, which may be left at once.

    After the last the number is LETTERS + 1, and from that day the result goes back to its desk.
    """
    return _after(letters(packet_id))


def _after(days: list[date]) -> tuple[int, date | None]:
    return len(days) + 1, after_letter(days[-1]) if days else None


def after_letter(day: date) -> date:
    """The first day on which what follows a letter of `day` may be done."""
    return calendar.working_days_after(day, APART)[-1]


def keep_until(packet_id: int) -> date | None:
    """The last day before it goes back, if what is still owed is done in time; None before the first letter."""
    days = letters(packet_id)
    return calendar.working_days_after(days[-1], APART * (LETTERS + 1 - min(len(days), LETTERS)))[-1] if days else None


def is_going_back(packet: Packet) -> bool:
    """Whether a courier brings it back to its desk: decided so, at the door or by the office, or no letter is left to leave."""
    said, visit = decided(packet), visits.current(packet.id)
    at_door = visit.next if visit and visit.state is VisitState.MISSED else None
    return next_of(said.word if said else None, at_door) == NEXT[Word.BACK] or next_letter(packet.id)[0] > LETTERS


# ---- what is due ------------------------------------------------------------------------------------------------


def past_letters(at: datetime) -> list[int]:
    """Packets at a post office that both letters did not bring anybody for."""
    lettered = sa.or_(
        sa.exists().where(Visit.packet_id == Packet.id, Visit.next == INVITE, Visit.state == VisitState.MISSED),
        sa.exists().where(Decision.packet_id == Packet.id, Decision.word == Word.LETTER),
    )
    held = list(db.session.scalars(sa.select(Packet.id).where(Packet.state == State.AT_POST, lettered)))
    due = {id_: _after(days) for id_, days in letters_of(held).items()}
    return [id_ for id_, (nth, first) in due.items() if nth > LETTERS and first and first <= calendar.today(at)]


def letters_due(kept: sa.Select[Packet], at: datetime) -> list[int]:
    """Of packets that are kept for whoever calls: those whose next letter may be sent now. The first is due when nobody
    has called for two working days."""
    came = {
        row[0]: row[1]
        for row in db.session.execute(
            kept.with_only_columns(Packet.id, Handoff.recorded_at)
            .join(Handoff, Handoff.digest == Packet.head)
            .order_by(None)
            .order_by(Handoff.recorded_at)
            .limit(1000)
        )
    }
    sent = letters_of(list(came))
    newest = {id_: days[-1] if days else calendar.today(came[id_]) for id_, days in sent.items() if len(days) < LETTERS}
    return [id_ for id_, day in newest.items() if after_letter(day) <= calendar.today(at)]
