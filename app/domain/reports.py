"""Reports: what the post and the wards did in a quarter (TT 17/2017 Đ13), from the figures of its days."""

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

MONTHS = 3


@dataclass(frozen=True, order=True)
class Quarter:
    year: int
    nth: int  # 1 to 4

    @property
    def first(self) -> date:
        return date(self.year, MONTHS * self.nth - 2, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> "Quarter":
        return Quarter(self.year + 1, 1) if self.nth == 4 else Quarter(self.year, self.nth + 1)

    @property
    def before(self) -> "Quarter":
        return Quarter(self.year - 1, 4) if self.nth == 1 else Quarter(self.year, self.nth - 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.nth}"


def quarter_of(day: date) -> Quarter:
    return Quarter(day.year, (day.month + MONTHS - 1) // MONTHS)


def read_quarter(text: str) -> Quarter:
    """As in an address: 2026-4. Raises Invalid("quarter_unknown")."""
    year, _, nth = text.partition("-")
    if (
        len(year) == 4
        and year.isdecimal()
        and year.isascii()
        and "2000" <= year <= "2999"
        and nth in ("1", "2", "3", "4")
    ):
        return Quarter(int(year), int(nth))
    raise Invalid("quarter_unknown")


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
    quarter: Quarter
    until: date  # the last day in it
    lines: list[Line]
    total: Line


def quarter(user: User, wanted: Quarter, by: By, at: datetime) -> Report:
    """What this person may know of, up to this minute. Raises Invalid("quarter_coming") before it has begun."""
    if wanted.first > calendar.today(at):
        raise Invalid("quarter_coming")
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
