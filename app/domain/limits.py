"""Limits: numbers an administrator sets while the work goes on. Each has bounds, and what holds while nobody has said."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain import audit
from app.domain.people import Act, User
from app.errors import Invalid


class Bounds(NamedTuple):
    least: int
    most: int
    usual: int


LIMITS = {
    "desk_hold": Bounds(1, 60, 10),  # working days a result that came back waits before the desk is to ask again
    "slip_issues": Bounds(1, 255, 5),  # of one packet's slip, the first included; the token has a byte for it
}


class Limit(Model):
    """What was said last."""

    __tablename__ = "limits"

    name: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    value: Mapped[int]
    set_at: Mapped[Instant]
    set_by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))


def of(name: str) -> int:
    said = db.session.get(Limit, name)
    return said.value if said else LIMITS[name].usual


def set_to(name: str, value: int, act: Act) -> None:
    """Raises Invalid("limit_bounds")."""
    least, most, _ = LIMITS[name]
    if not least <= value <= most:
        raise Invalid("limit_bounds", least=least, most=most)
    was = of(name)
    db.session.merge(Limit(name=name, value=value, set_at=act.at, set_by_id=act.by.id))
    audit.note("limit_set", name, act, was=was, value=value)
