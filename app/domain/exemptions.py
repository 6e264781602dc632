"""Exemptions: who is carried for nothing: classes of people, each with its decision and its days.

Whoever is of one says so when booking, and shows the proof where money is asked for; without it the postage is due as quoted.
The class lies with the citizen's other data, and is told nowhere but where money is asked for.
"""

import secrets
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain import audit, calendar, editions, printing
from app.domain.people import Act, User
from app.errors import Invalid

LONGEST = 120  # letters of a name


class Proof(StrEnum):
    """Which kind of paper was looked at: no number of it, and no picture."""

    DECISION = "decision"
    CERTIFICATE = "certificate"
    NONE = "none"


class Exemption(NamedTuple):
    """A class of people. `key`: as a citizen's row keeps it."""

    key: str
    valid_from: date
    name: str
    name_en: str
    source: str
    until: date | None = None  # the last day

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.until is None or day <= self.until)


# To be confirmed, like the tariff.
# fmt: off
SHIPPED = (
    Exemption("before_1945",   date(2018, 1, 1), "Người hoạt động cách mạng trước năm 1945", "Revolutionaries active before 1945", "TT 22/2017/TT-BTTTT"),
    Exemption("heroic_mother", date(2018, 1, 1), "Bà mẹ Việt Nam anh hùng",                  "Heroic Vietnamese Mothers",          "TT 22/2017/TT-BTTTT"),
)
# fmt: on


class Ordered(Model):
    """What a decision says of a class: that it is one from `day` on, or that `day` is its last. Only added to: of two
    last days the later written holds."""

    __tablename__ = "exemptions"
    __table_args__ = (sa.CheckConstraint("(name IS NULL) = (name_en IS NULL)", name="name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(24), index=True)
    name: Mapped[str | None] = mapped_column(sa.String(LONGEST), doc="NULL: it ends")
    name_en: Mapped[str | None] = mapped_column(sa.String(LONGEST))
    day: Mapped[date] = mapped_column(doc="the first one, or the last")
    source: Mapped[str] = mapped_column(sa.String(editions.LONGEST), doc="number of the decision")
    at: Mapped[Instant]
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))


def known() -> list[Exemption]:
    """Every class there is or was, shipped or written down, the newest first day last."""
    rows = list(db.session.scalars(sa.select(Ordered).order_by(Ordered.id)))
    last = {row.key: row.day for row in rows if row.name is None}
    ours = [Exemption(row.key, row.day, row.name, row.name_en or "", row.source) for row in rows if row.name]
    return sorted((one._replace(until=last.get(one.key)) for one in (*SHIPPED, *ours)), key=lambda one: one.valid_from)


def on(day: date) -> list[Exemption]:
    """The classes that are carried for nothing on `day`."""
    return [one for one in known() if one.holds(day)]


def of(key: str | None) -> Exemption | None:
    """What somebody was told when they booked, whatever came of the class since."""
    return next((one for one in known() if one.key == key), None) if key else None


def check(key: str, day: date) -> str | None:
    """As a citizen's row keeps it; "" is nobody. Raises Invalid("exemption_unknown") for a class that does not hold."""
    if key and key not in {one.key for one in on(day)}:
        raise Invalid("exemption_unknown")
    return key or None


def add(name: str, name_en: str, day: date, decision: str, act: Act) -> Exemption:
    """From `day` on these people are carried for nothing by that decision.

    Raises Invalid: `class_name`, `decision_form`, `day_past`, as `printing.check`.
    """
    said = [" ".join(text.split()) for text in (name, name_en)]
    if not all(0 < len(text) <= LONGEST for text in said):
        raise Invalid("class_name")
    for text in said:
        printing.check(text)
    source = _ordered(day, decision, act)
    row = Ordered(
        key=secrets.token_hex(6), name=said[0], name_en=said[1], day=day, source=source, at=act.at, by_id=act.by.id
    )
    db.session.add(row)
    audit.note("exemption_added", row.key, act, day=day.isoformat(), decision=source)
    return Exemption(row.key, day, said[0], said[1], source)


def end(key: str, last: date, decision: str, act: Act) -> None:
    """`last` is the last day on which somebody may book so; what is booked keeps what it was told.

    Raises Invalid: `exemption_unknown`, `decision_form`, `day_past`, `day_before_first`.
    """
    found = of(key)
    if found is None:
        raise Invalid("exemption_unknown")
    source = _ordered(last, decision, act)
    if last < found.valid_from:
        raise Invalid("day_before_first")
    db.session.add(Ordered(key=key, day=last, source=source, at=act.at, by_id=act.by.id))
    audit.note("exemption_ended", key, act, day=last.isoformat(), decision=source)


def _ordered(day: date, decision: str, act: Act) -> str:
    source = editions.read_decision(decision)
    if day < calendar.today(act.at):
        raise Invalid("day_past")
    return source
