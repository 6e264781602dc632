"""Figures: what became of dossiers and of citizens' money, summed by day, desk, post office and procedure.

A day that is over is summed once and kept, so a report adds days however many dossiers stand behind them. Days not kept
yet are summed when they are asked for: nothing depends on somebody having kept them. An event counts on the day it was
recorded here, and for the desk that has the dossier when the day is summed.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from app.db import Model, db
from app.domain import calendar
from app.domain.calendar import HERE
from app.domain.dossiers import CaseLine, Dossier
from app.domain.incidents import Incident, Outcome, Sort
from app.domain.money import MoneyLine
from app.domain.packets import Packet
from app.domain.people import Citizen
from app.domain.places import Office
from app.domain.procedures import Procedure
from app.domain.votes import Vote

OVER = timedelta(hours=1)  # after midnight: whoever began to write before it has ended
MOST = 31  # days in one transaction
DAY = timedelta(days=1)
# step of a case → the figure it adds to, and how much
STEPS = {
    "submit": ("submitted", 1), "accept": ("accepted", 1), "refuse": ("refused", 1), "ask_more": ("supplement", 1),
    "extend": ("extended", 1), "stop": ("stopped", 1), "close": ("returned", 1), "reopen": ("returned", -1),
    "cancel": ("cancelled", 1), "call_off": ("cancelled", 1),
}  # fmt: skip


class Figure(Model):
    """One day of one procedure between one desk and one post office. Money in đồng."""

    __tablename__ = "figures"

    day: Mapped[date] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), primary_key=True)
    post_office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), primary_key=True)
    procedure_id: Mapped[int] = mapped_column(sa.ForeignKey(Procedure.id), primary_key=True)
    booked: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0, doc="before the ward had it")
    submitted: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    supplement: Mapped[int] = mapped_column(default=0, doc="more papers were asked for")
    extended: Mapped[int] = mapped_column(default=0, doc="put off, with an apology")
    stopped: Mapped[int] = mapped_column(default=0, doc="as the citizen wished")
    ready: Mapped[int] = mapped_column(default=0, doc="results")
    on_time: Mapped[int] = mapped_column(default=0, doc="of the results: by the day, and hour, last promised")
    late: Mapped[int] = mapped_column(default=0)
    working_days: Mapped[int] = mapped_column(default=0, doc="of all results together, as they are counted by law")
    returned: Mapped[int] = mapped_column(default=0, doc="cases ended, everything back in the citizen's hands")
    postage: Mapped[int] = mapped_column(sa.BigInteger, default=0, doc="paid by citizens, less what they got back")
    fee: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    complaints: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0, doc="of the complaints: within the working days the law gives")
    answered_late: Mapped[int] = mapped_column(
        default=0, doc="not by the last of them, whether answered later or not yet"
    )
    lost: Mapped[int] = mapped_column(default=0, doc="as a file ended")
    damaged: Mapped[int] = mapped_column(default=0)
    compensations: Mapped[int] = mapped_column(default=0, doc="files that ended with one")
    compensation: Mapped[int] = mapped_column(sa.BigInteger, default=0, doc="decided")
    compensation_paid: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    paid_in_time: Mapped[int] = mapped_column(default=0, doc="of the compensations: within 30 days")
    paid_late: Mapped[int] = mapped_column(default=0, doc="not within them, whether paid later or not yet")
    good: Mapped[int] = mapped_column(default=0, doc="votes of citizens: how they found it")
    fair: Mapped[int] = mapped_column(default=0)
    poor: Mapped[int] = mapped_column(default=0)
    about_time: Mapped[int] = mapped_column(default=0, doc="of the votes: what should be better")
    about_courier: Mapped[int] = mapped_column(default=0)
    about_desk: Mapped[int] = mapped_column(default=0)
    about_price: Mapped[int] = mapped_column(default=0)
    about_pages: Mapped[int] = mapped_column(default=0)


class Place(NamedTuple):
    """Where a dossier belongs."""

    desk_id: int
    post_office_id: int
    procedure_id: int


COUNTED = tuple(one.name for one in Figure.__table__.columns if one.name not in ("day", *Place._fields))
_OF = (Dossier.desk_id, Dossier.post_office_id, Dossier.procedure_id)
_COUNT = sa.func.count()


def of_day(day: date) -> dict[Place, Counter[str]]:
    """What was recorded on this day, summed from the record itself."""
    found: dict[Place, Counter[str]] = defaultdict(Counter)
    booked = sa.select(*_OF, _COUNT).where(_within(Dossier.booked_at, day)).group_by(*_OF)
    for *place, count in db.session.execute(booked):
        found[Place(*place)]["booked"] += count
    steps = sa.select(*_OF, CaseLine.event, _COUNT).join_from(CaseLine, Dossier)
    taken = steps.where(_within(CaseLine.at, day), CaseLine.event.in_(STEPS)).group_by(*_OF, CaseLine.event)
    for *place, event, count in db.session.execute(taken):
        name, sign = STEPS[event]
        found[Place(*place)][name] += sign * count
    _results(day, found)
    for side, sign in ((MoneyLine.giver_id, 1), (MoneyLine.taker_id, -1)):
        sums = sa.select(*_OF, MoneyLine.stream, sa.func.sum(MoneyLine.amount)).select_from(MoneyLine)
        paid = sums.join(Citizen, Citizen.party_id == side).join(Dossier, Dossier.citizen_id == Citizen.id)
        of_stream = paid.where(_within(MoneyLine.at, day)).group_by(*_OF, MoneyLine.stream)
        for *place, stream, amount in db.session.execute(of_stream):
            found[Place(*place)][stream] += sign * int(amount)
    _redress(day, found)
    _votes(day, found)
    return found


def _results(day: date, found: dict[Place, Counter[str]]) -> None:
    """Results of the day: by the hour last promised or after it, and how many working days each took."""
    asked = sa.select(*_OF, CaseLine.at, Dossier.counted_from, Dossier.due_on, Dossier.due_time)
    lines = asked.join_from(CaseLine, Dossier).where(_within(CaseLine.at, day), CaseLine.event == "ready")
    took = cache(lambda since: calendar.working_days_between(since, day))
    for *place, at, counted_from, due_on, due_time in db.session.execute(lines):
        of = found[Place(*place)]
        of["ready"] += 1
        if counted_from:
            of["working_days"] += took(calendar.today(counted_from))
        if due_on:
            here = calendar.local(at)
            of["on_time" if (day, here.time()) <= (due_on, due_time or time.max) else "late"] += 1


def _redress(day: date, found: dict[Place, Counter[str]]) -> None:
    """Complaints, losses and what the post paid for them (TT 17/2017 Đ13). A limit that passed counts on the day after it."""
    eve, one = day - DAY, Incident
    today = [_within(column, day) for column in (one.opened_at, one.closed_at, one.paid_at)]
    passed = [column == eve for column in (one.answer_by, one.pay_by)]
    for *place, file in db.session.execute(
        sa.select(*_OF, one)
        .join_from(one, Packet)
        .join(Dossier, Packet.dossier_id == Dossier.id)
        .where(sa.or_(*today, *passed))
    ):
        opened, closed, paid = (at and calendar.today(at) for at in (file.opened_at, file.closed_at, file.paid_at))
        is_complaint, is_owed = file.sort is Sort.COMPLAINT, bool(file.compensation)
        counted = {
            "complaints": is_complaint and opened == day,
            "answered": is_complaint and closed == day <= file.answer_by,
            "answered_late": is_complaint and file.answer_by == eve and (closed is None or closed > eve),
            "lost": closed == day and file.outcome is Outcome.LOST,
            "damaged": closed == day and file.outcome is Outcome.DAMAGED,
            "compensations": closed == day and is_owed,
            "compensation": closed == day and file.compensation or 0,
            "compensation_paid": paid == day and file.compensation or 0,
            "paid_in_time": paid == day and file.pay_by is not None and day <= file.pay_by,
            "paid_late": file.pay_by == eve and (paid is None or paid > eve),
        }
        if told := {name: int(much) for name, much in counted.items() if much}:  # a limit that was kept says nothing
            found[Place(*place)].update(told)


def _votes(day: date, found: dict[Place, Counter[str]]) -> None:
    """How citizens found it, and what should be better."""
    asked = sa.select(*_OF, Vote.mark, Vote.about).join_from(Vote, Dossier).where(_within(Vote.at, day))
    for *place, mark, about in db.session.execute(asked):
        found[Place(*place)].update([str(mark), *(f"about_{one}" for one in about.split())])


def _within(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None], day: date
) -> sa.ColumnElement[bool]:
    midnight = datetime.combine(day, time(), HERE)
    return sa.and_(column >= midnight, column < midnight + DAY)


# ---- days that are over -----------------------------------------------------------------------------------------


def kept_until() -> date | None:
    """The newest day that is kept; all before it are."""
    return db.session.scalar(sa.select(sa.func.max(Figure.day)))


def keep(at: datetime) -> int:
    """Sum days that are over and not kept yet, the oldest first, at most MOST with something to keep; how many lines
    were written."""
    last, begins, lines = calendar.today(at - OVER) - DAY, _first(), list[Figure]()
    summed = ((day, of_day(day)) for day in (_days(begins, last) if begins else ()))
    for day, places in islice(((day, places) for day, places in summed if places), MOST):
        lines += [Figure(day=day, **place._asdict(), **counted) for place, counted in places.items()]
    db.session.add_all(lines)
    return len(lines)


def _first() -> date | None:
    """The first day that is not kept; None while nothing was ever booked."""
    if kept := kept_until():
        return kept + DAY
    booked = db.session.scalar(sa.select(sa.func.min(Dossier.booked_at)))
    return calendar.today(booked) if booked else None


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


def between(first: date, last: date, offices: Collection[int] | None) -> dict[Place, Counter[str]]:
    """All figures of these days, of dossiers that one of `offices` has to do with (None: of all): kept days from the
    table, the others summed now."""
    found: dict[Place, Counter[str]] = defaultdict(Counter)
    places, sums = [getattr(Figure, name) for name in Place._fields], [getattr(Figure, name) for name in COUNTED]
    kept = sa.select(*places, *map(sa.func.sum, sums)).where(Figure.day.between(first, last)).group_by(*places)
    if offices is not None:
        kept = kept.where(sa.or_(Figure.desk_id.in_(offices), Figure.post_office_id.in_(offices)))
    for desk_id, post_office_id, procedure_id, *values in db.session.execute(kept):
        place = Place(desk_id, post_office_id, procedure_id)
        found[place].update(dict(zip(COUNTED, map(int, values), strict=True)))
    begins = _first()
    for day in _days(max(first, begins), last) if begins else ():
        for place, counted in of_day(day).items():
            if offices is None or {place.desk_id, place.post_office_id} & set(offices):
                found[place].update(counted)
    return found
