"""Filters: how one person narrows the lists of their desk's work, each kept under a name of their own.

A filter says a list, what the dossiers are about (a procedure's code, or a field of law) and how the result goes home; it
shows nobody anything that the list does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, choice, db, lock
from app.domain import procedures, queues
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.people import Act, User
from app.domain.places import fold
from app.domain.procedures import Procedure
from app.errors import Invalid, Missing, Refused

MOST = 12  # of one person
LONGEST = 40


class SavedFilter(Model):
    __tablename__ = "saved_filters"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    name: Mapped[str] = mapped_column(sa.String(LONGEST))
    list: Mapped[str] = mapped_column(sa.String(16))
    about: Mapped[str] = mapped_column(sa.String(80), default="", doc="a procedure's code or a field; empty: any")
    way: Mapped[ReturnWay | None] = mapped_column(choice(ReturnWay))
    made_at: Mapped[Instant]

    @property
    def says(self) -> "Narrowing":
        return Narrowing(self.about, self.way)


@dataclass(frozen=True)
class Narrowing:
    """What a list is narrowed to; nothing said is nothing narrowed."""

    about: str = ""
    way: ReturnWay | None = None

    def __bool__(self) -> bool:
        return bool(self.about or self.way)

    @property
    def rules(self) -> tuple[sa.ColumnElement[bool], ...]:
        named = sa.select(Procedure.id).where(sa.or_(Procedure.code == self.about, Procedure.field == self.about))
        rules = ((self.about, Dossier.procedure_id.in_(named)), (self.way, Dossier.return_way == self.way))
        return tuple(rule for said, rule in rules if said)


def subjects(day: date) -> dict[str, list[Procedure]]:
    """What a list may be narrowed to: the procedures in force, by field."""
    found: dict[str, list[Procedure]] = {}
    for one in sorted(db.session.scalars(procedures.in_force(day)), key=lambda one: (fold(one.field), fold(one.title))):
        found.setdefault(one.field, []).append(one)
    return found


def of(user: User) -> list[SavedFilter]:
    kept = db.session.scalars(sa.select(SavedFilter).filter_by(user_id=user.id))
    return sorted(kept, key=lambda one: fold(one.name))


def keep(name: str, list_: str, says: Narrowing, act: Act) -> SavedFilter:
    """Raises Invalid: `filter_name`, `filter_taken`, `filter_empty`, `filter_list`; Refused("filters_full")."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST:
        raise Invalid("filter_name", most=LONGEST)
    if not says:
        raise Invalid("filter_empty")
    if list_ not in queues.DESK:
        raise Invalid("filter_list")
    lock(User, act.by.id)  # two pages of one person must not both take the last place
    kept = of(act.by)
    if fold(name) in _names(kept):
        raise Invalid("filter_taken", name=name)
    if len(kept) >= MOST:
        raise Refused("filters_full", most=MOST)
    made = SavedFilter(user_id=act.by.id, name=name, list=list_, about=says.about, way=says.way, made_at=act.at)
    db.session.add(made)
    db.session.flush()
    return made


def _names(kept: Iterable[SavedFilter]) -> set[str]:
    return {fold(one.name) for one in kept}


def forget(filter_id: int, act: Act) -> SavedFilter:
    """Raises Missing("filter_unknown"), whether it is another's or nobody's."""
    found = db.session.scalar(sa.select(SavedFilter).filter_by(id=filter_id, user_id=act.by.id))
    if found is None:
        raise Missing("filter_unknown")
    db.session.delete(found)
    return found
