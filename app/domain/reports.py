"""Reports: what the post and the wards did in a quarter, half a year or a year (TT 17/2017 Đ13), from the figures of its days."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.db import db
from app.domain import calendar, figures, scope
from app.domain.figures import Place
from app.domain.people import User
from app.domain.places import Office, fold
from app.domain.procedures import Procedure
from app.errors import Invalid

QUARTER, HALF, YEAR = 3, 6, 12  # months
LETTERS = {HALF: "h", YEAR: "y"}
PERIOD = re.compile(r"(2[0-9]{3})-(?:([1-4])|(h|y))")


@dataclass(frozen=True)
class Period:
    """What the post reports on: a quarter, the first half of a year, or a year (TT 17/2017 Đ13)."""

    year: int
    nth: int = 1  # of quarters 1 to 4
    months: int = QUARTER

    @property
    def first(self) -> date:
        return date(self.year, self.months * (self.nth - 1) + 1, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def due(self) -> date:
        """Before this day the report is with the authority."""
        return self.next.first.replace(day=10)

    @property
    def next(self) -> "Period":
        """The quarter that begins when this ends."""
        months = self.first.month - 1 + self.months
        return Period(self.year + months // YEAR, months % YEAR // QUARTER + 1)

    @property
    def before(self) -> "Period":
        """The quarter that ends when this begins."""
        return quarter_of(self.first - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year}-{LETTERS.get(self.months, self.nth)}"


def quarter_of(day: date) -> Period:
    return Period(day.year, (day.month - 1) // QUARTER + 1)


def read(text: str) -> Period:
    """As in an address: 2026-4, 2026-h, 2026-y. Raises Invalid("period_unknown")."""
    found = PERIOD.fullmatch(text)
    if found is None:
        raise Invalid("period_unknown")
    year, nth, letter = found.groups()
    months = next((months for months, one in LETTERS.items() if one == letter), QUARTER)
    return Period(int(year), int(nth or 1), months)


class By(StrEnum):
    """What a report has a line for."""

    DESK = "desk"
    WARD = "ward"
    POST = "post"
    PROCEDURE = "procedure"


@dataclass(frozen=True)
class Line:
    name: str
    sums: Counter[str]

    def __getitem__(self, figure: str) -> int:
        return self.sums[figure]

    @property
    def average(self) -> float | None:
        """Working days of a result."""
        return self.sums["working_days"] / self.sums["ready"] if self.sums["ready"] else None


@dataclass(frozen=True)
class Report:
    period: Period
    until: date  # the last day in it
    lines: list[Line]
    total: Line


def over(user: User, wanted: Period, by: By, at: datetime) -> Report:
    """What this person may know of, up to this minute. Raises Invalid("period_coming") before it has begun."""
    if wanted.first > calendar.today(at):
        raise Invalid("period_coming")
    until = min(wanted.last, calendar.today(at))
    line_of, sums, total = _lines(by), dict[str, Counter[str]](), Counter[str]()
    names = dict[str, str]()
    for place, counted in figures.between(wanted.first, until, scope.offices(user)).items():
        key, name = line_of(place)
        names[key] = name
        sums.setdefault(key, Counter()).update(counted)
        total.update(counted)
    lines = [Line(names[key], sums[key]) for key in sorted(names, key=lambda key: (fold(names[key]), key))]
    return Report(wanted, until, lines, Line("", total))


def _lines(by: By) -> Callable[[Place], tuple[str, str]]:
    """The line a place belongs to: its key, its name. Versions of a procedure are one, under its newest name."""
    if by is By.PROCEDURE:
        versions = db.session.scalars(sa.select(Procedure).order_by(Procedure.version)).all()
        newest = {one.code: f"{one.official_name} ({one.code})" for one in versions}
        codes = {one.id: one.code for one in versions}
        return lambda place: (codes[place.procedure_id], newest[codes[place.procedure_id]])
    offices = {one.id: one for one in db.session.scalars(sa.select(Office).options(joinedload(Office.ward)))}

    def line(place: Place) -> tuple[str, str]:
        office = offices[place.post_office_id if by is By.POST else place.desk_id]
        return (f"{office.ward_id}", office.ward.name) if by is By.WARD else (f"{office.id}", office.name)

    return line
