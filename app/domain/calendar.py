"""Working time: which days state agencies and the post work (Bộ luật Lao động Đ111-112; operator's calendar wins)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
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


class CalendarDay(Model):
    """A day the operator declares open or closed: swaps are decided late, the library cannot know them."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(120), default="")


@cache
def _vietnam() -> holidays.HolidayBase:
    return holidays.country_holidays("VN")


def local(at: datetime) -> datetime:
    return at.astimezone(HERE)


def today(at: datetime) -> date:
    return local(at).date()


def is_working(day: date) -> bool:
    """Whether state agencies work: Monday to Friday, no holiday, unless the operator's calendar says else."""
    declared = db.session.get(CalendarDay, day)
    return declared.is_open if declared else bool(_vietnam().is_working_day(day))


def working_days_after(day: date, count: int) -> list[date]:
    """The `count` working days that follow `day`; the day of the event is not counted (Bộ luật Dân sự Đ147)."""
    found: list[date] = []
    while len(found) < count:
        day += timedelta(days=1)
        if is_working(day):
            found.append(day)
    return found


def due_day(received: date, days: int) -> date:
    """Legal count: the end of the last of `days` working days; 0 means the same working day."""
    return working_days_after(received, days)[-1] if days else received


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


def days_until(received: date, due: date) -> list[tuple[date, str]]:
    """Each day from the event to the due day (at most 60): "received", "off", "on" or "due"."""
    marks, day = [(received, "received")], received
    while day < due and len(marks) < 60:
        day += timedelta(days=1)
        marks.append((day, "due" if day == due else "on" if is_working(day) else "off"))
    return marks
