"""Forms: the papers a desk gives out about a case. Kept by key; the number printed is the one of the rule in force.

Each desk numbers each form without a gap within a year. What the officer wrote is kept here, and erased with the case.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, db
from app.domain.calendar import today
from app.domain.dossiers import Dossier
from app.domain.people import Act, User
from app.domain.places import Office
from app.errors import Missing

# What follows the serial number on paper.
SERIES = {"receipt": "TN-HS", "supplement": "HDHS", "refusal": "TC-HS", "apology": "PXL", "stop": "TB"}


LONGEST = 1000  # lines of one volume of a desk's book, some sixty pages


def volume(serial: int) -> int:
    """In which volume of the book of its year a receipt stands."""
    return max(serial - 1, 0) // LONGEST + 1


class Form(Model):
    __tablename__ = "forms"
    __table_args__ = (sa.UniqueConstraint("desk_id", "key", "year", "serial"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id), index=True)
    desk_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id))
    key: Mapped[str] = mapped_column(sa.String(24))
    year: Mapped[int]
    serial: Mapped[int]
    at: Mapped[Instant]
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)

    dossier: Mapped[Dossier] = relationship()
    desk: Mapped[Office] = relationship()
    user: Mapped[User] = relationship()

    @property
    def number(self) -> str:
        return f"{self.serial:04}/{SERIES[self.key]}"


def give(dossier: Dossier, key: str, act: Act, **facts: Any) -> Form:
    """The next form of this key at the dossier's desk."""
    year = today(act.at).year
    # Officers of one desk number one after another; who only names the desk need not wait for them.
    db.session.execute(sa.select(Office.id).filter_by(id=dossier.desk_id).with_for_update(key_share=True))
    series = sa.select(sa.func.max(Form.serial)).filter_by(desk_id=dossier.desk_id, key=key, year=year)
    form = Form(
        dossier_id=dossier.id, desk_id=dossier.desk_id, key=key, year=year, serial=(db.session.scalar(series) or 0) + 1,
        at=act.at, user_id=act.by.id, facts=facts,
    )  # fmt: skip
    db.session.add(form)
    db.session.flush()
    return form


def given(dossier: Dossier) -> list[Form]:
    return list(db.session.scalars(sa.select(Form).filter_by(dossier_id=dossier.id).order_by(Form.id)))


def newest(dossier: Dossier, key: str) -> Form | None:
    return next((form for form in reversed(given(dossier)) if form.key == key), None)


def get(dossier: Dossier, key: str) -> Form:
    """The newest form of this key about the dossier. Raises Missing("form_unknown")."""
    form = newest(dossier, key)
    if form is None:
        raise Missing("form_unknown")
    return form
