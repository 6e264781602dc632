"""Working time: which days state agencies and the post work (Bộ luật Lao động Đ111-112; operator's calendar wins).

A time limit of working days is counted by one of two rules; the time printed by the one-stop system wins over both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

import holidays
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, db
from app.domain.places import OfficeHours, Opening

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
Hours = OfficeHours | Opening
HALVES = ((time(7, 30), time(11, 30)), (time(13), time(17)))
USUAL: Sequence[Hours] = [Opening(weekday, opens, closes) for weekday in range(5) for opens, closes in HALVES]
CUTOFF = time(15)  # what comes later begins on the next working day (NĐ 61/2018 Đ18.2)
WORKING_DAY = timedelta(hours=8)  # of the clock of one-stop systems
SEASON = 92  # days of the operator's calendar read at once


class Rule(StrEnum):
    LEGAL = "legal"  # whole days, the day of the event not counted (Bộ luật Dân sự Đ147-148)
    CLOCK = "clock"  # eight working hours a day, from the minute of reception, to an exact hour


@dataclass(frozen=True)
class Term:
    """A time limit: working days, 0 for the same day. `cutoff` moves what comes later to the next working day; the
    legal count of one day or more does not ask, for it leaves the day of the event out."""

    days: int
    rule: Rule = Rule.LEGAL
    cutoff: time | None = CUTOFF


class CalendarDay(Model):
    """A day the operator declares open or closed: swaps are decided late, the library cannot know them."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(120), default="")


@cache
def _vietnam() -> holidays.HolidayBase:
    return holidays.country_holidays("VN")


@cache
def _by_law(day: date) -> bool:
    return bool(_vietnam().is_working_day(day))


def local(at: datetime) -> datetime:
    return at.astimezone(HERE)


def today(at: datetime) -> date:
    return local(at).date()


def coming(day: date) -> Iterator[tuple[date, bool]]:
    """Every day from `day` on, without end, and whether state agencies work: Monday to Friday, no holiday, unless the
    operator's calendar says else."""
    while True:
        season = [day + timedelta(days=n) for n in range(SEASON)]
        rows = sa.select(CalendarDay.day, CalendarDay.is_open).where(CalendarDay.day.between(season[0], season[-1]))
        told = {row.day: row.is_open for row in db.session.execute(rows)}
        for one in season:
            yield one, told.get(one, _by_law(one))
        day += timedelta(days=SEASON)


def is_working(day: date) -> bool:
    declared = db.session.get(CalendarDay, day)
    return declared.is_open if declared else _by_law(day)


def working_days_after(day: date, count: int) -> list[date]:
    """The `count` working days that follow `day`; the day of the event is not counted (Bộ luật Dân sự Đ147)."""
    return list(islice((one for one, works in coming(day + timedelta(days=1)) if works), count))


def working_days_between(day: date, until: date) -> int:
    """How many working days there are after `day` up to `until`, by whose end a time limit of so many is over."""
    return sum(works for _, works in islice(coming(day + timedelta(days=1)), max(0, (until - day).days)))


def cut(at: datetime) -> datetime:
    """15:00 of the newest working day: what came before it is to be passed on by today, what came later the next one."""
    day = today(at)
    while not is_working(day):
        day -= timedelta(days=1)
    return datetime.combine(day, CUTOFF, HERE)


# ---- a time limit -----------------------------------------------------------------------------------------------


def due(received: datetime, term: Term, hours: Sequence[Hours] = USUAL) -> datetime:
    """When `term` ends for what was received at that instant: local time, while an office with these hours works.

    Legal count: when the office closes on the last day. By the clock: the hour itself. An hour outside the office's
    counts from its next opening; a Saturday of reception that is no working day receives and is not counted.
    """
    here = local(received)
    if term.days and term.rule is Rule.LEGAL:
        return counted(working_days_after(here.date(), term.days)[-1], hours)[-1][1]
    late = term.cutoff is not None and here.time() >= term.cutoff
    begins = datetime.combine(here.date() + timedelta(days=1), time(), HERE) if late else here
    return _used_up(begins, WORKING_DAY * term.days, hours)


def _used_up(begins: datetime, span: timedelta, hours: Sequence[Hours]) -> datetime:
    """When `span` of working time has passed since `begins`; nothing to pass is the end of the first day with some."""
    left = span
    for day, works in coming(begins.date()):
        windows = counted(day, hours) if works else []
        for opens, closes in windows:
            start = max(opens, begins)
            if not span and start < closes:
                return windows[-1][1]
            if span and start < closes:
                if left <= closes - start:
                    return start + left
                left -= closes - start
    raise AssertionError("the calendar has no end")


def counted(day: date, hours: Sequence[Hours]) -> list[tuple[datetime, datetime]]:
    """The windows of a working day in which its hours run: those of its weekday, on a day worked instead a Monday's."""
    todays = [one for one in hours if one.weekday == day.weekday() and day.weekday() < 5]
    todays = todays or [one for one in hours if one.weekday == 0] or [one for one in USUAL if one.weekday == 0]
    return [
        (datetime.combine(day, one.opens, HERE), datetime.combine(day, one.closes, HERE))
        for one in sorted(todays, key=lambda one: one.opens)
    ]


def why_closed(day: date, language: str = "vi") -> tuple[str, str]:
    """Why nothing is counted on `day`: "declared", "holiday" or "weekend", with the operator's note or the feast."""
    declared = db.session.get(CalendarDay, day)
    if declared and not declared.is_open:
        return "declared", declared.note
    feast = _feasts(language).get(day)
    return ("holiday", str(feast)) if feast else ("weekend", "")


@cache
def _feasts(language: str) -> holidays.HolidayBase:
    return holidays.country_holidays("VN", language="en_US" if language == "en" else "vi")


# ---- when an office is open -------------------------------------------------------------------------------------


def openings(day: date, hours: Sequence[Hours]) -> Iterator[tuple[datetime, datetime]]:
    """When an office with these hours is open on `day`: never on a holiday, on a declared working day as on a Monday."""
    declared = db.session.get(CalendarDay, day)
    closed = not declared.is_open if declared else day in _vietnam()
    todays = [one for one in hours if one.weekday == day.weekday()]
    if not todays and is_working(day):
        todays = [one for one in hours if one.weekday == 0]
    for one in [] if closed else sorted(todays, key=lambda one: one.opens):
        yield datetime.combine(day, one.opens, HERE), datetime.combine(day, one.closes, HERE)


def office_time_after(at: datetime, span: timedelta, hours: Sequence[Hours]) -> datetime:
    """When an office with these hours has been open for `span` since `at`; within the opening, not before it."""
    day, left = today(at), span
    for _ in range(366):
        for opens, closes in openings(day, hours):
            begins = max(opens, at)
            if begins <= closes and left <= closes - begins:
                return begins + left
            left -= max(closes - begins, timedelta())
        day += timedelta(days=1)
    raise ValueError("this office never opens")


def office_day_after(at: datetime, hours: Sequence[Hours]) -> datetime:
    """One working day later: when the office has been open as long as on a Monday."""
    monday = [one for one in hours if one.weekday == 0] or [one for one in USUAL if one.weekday == 0]
    length = sum(
        (datetime.combine(date.min, h.closes) - datetime.combine(date.min, h.opens) for h in monday), timedelta()
    )
    return office_time_after(at, length, hours)


def declare(day: date, is_open: bool, note: str) -> bool:
    """The operator's word on one day; whether it changed anything."""
    known = db.session.get(CalendarDay, day)
    if known and (known.is_open, known.note) == (is_open, note):
        return False
    db.session.merge(CalendarDay(day=day, is_open=is_open, note=note))
    db.session.flush()
    return True


def days_until(received: date, due: date, most: int = 60) -> list[tuple[date, str]]:
    """Each day from the event to the due day (at most so many): "received", "off", "on" or "due"."""
    marks = [(received, "received")]
    for day, works in islice(coming(received + timedelta(days=1)), min((due - received).days, most - 1)):
        marks.append((day, "due" if day == due else "on" if works else "off"))
    return marks
