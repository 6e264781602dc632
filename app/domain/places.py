"""Places: wards with their dates, khu phố, post offices and ward desks.

Ward codes were re-used on 1 July 2025 (25945, 25951) and names live on under other codes, so a ward is
known by (code, valid_from) and an old address is resolved by its khu phố (NQ 1685/NQ-UBTVQH15).
"""

import unicodedata
from datetime import date, time
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, choice, db
from app.domain.parties import Party
from app.errors import Invalid, Missing


def fold(text: str) -> str:
    """Lower case without accents, one space between words: "Đông Hòa" and "dong hoa" are the same."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


class Ward(Model):
    __tablename__ = "wards"
    __table_args__ = (sa.UniqueConstraint("code", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(5))
    name: Mapped[str] = mapped_column(sa.String(80))
    province: Mapped[str] = mapped_column(sa.String(80))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Succession(Model):
    """Which ward of today took over an old one; `is_default` when no khu phố is known."""

    __tablename__ = "successions"

    old_ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id), primary_key=True)
    new_ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id), primary_key=True)
    is_default: Mapped[bool]


class OfficeKind(StrEnum):
    POST = "post"
    DESK = "desk"


class Office(Model):
    """A post office or a ward's one-stop desk."""

    __tablename__ = "offices"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[OfficeKind] = mapped_column(choice(OfficeKind))
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id), index=True)
    party_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), unique=True)
    address: Mapped[str] = mapped_column(sa.String(200))
    phone: Mapped[str] = mapped_column(sa.String(20))
    lat: Mapped[float]
    lon: Mapped[float]
    slot_places: Mapped[int] = mapped_column(default=6, doc="visits a post office can make in one slot")

    ward: Mapped[Ward] = relationship()
    hours: Mapped[list["OfficeHours"]] = relationship(order_by="OfficeHours.weekday, OfficeHours.opens")


class OfficeHours(Model):
    """One opening of an office on a weekday (0 = Monday), local time."""

    __tablename__ = "office_hours"

    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True)
    opens: Mapped[time] = mapped_column(primary_key=True)
    closes: Mapped[time]


class Neighbourhood(Model):
    """A khu phố: the finest part of an address that decides ward and post office."""

    __tablename__ = "neighbourhoods"
    __table_args__ = (sa.UniqueConstraint("old_ward_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    old_ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id))
    ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id), index=True)
    post_office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    lat: Mapped[float]
    lon: Mapped[float]

    ward: Mapped[Ward] = relationship(foreign_keys=[ward_id])
    old_ward: Mapped[Ward] = relationship(foreign_keys=[old_ward_id])
    post_office: Mapped[Office] = relationship()


def ward_on(code: str, day: date) -> Ward:
    """The ward that carried `code` on `day`. The same code meant another ward before July 2025."""
    for ward in db.session.scalars(sa.select(Ward).filter_by(code=code)):
        if ward.valid_on(day):
            return ward
    raise Missing("ward_unknown", code=code)


def resolve(old: Ward, neighbourhood: str | None) -> Ward:
    """The ward of today for an address written with an old ward; without a khu phố the default."""
    if old.valid_to is None:
        return old
    if neighbourhood:
        for place in db.session.scalars(sa.select(Neighbourhood).filter_by(old_ward_id=old.id)):
            if fold(place.name) == fold(neighbourhood):
                return place.ward
    heirs = list(db.session.scalars(sa.select(Succession).filter_by(old_ward_id=old.id)))
    for heir in heirs:
        if heir.is_default or len(heirs) == 1:
            return db.session.get_one(Ward, heir.new_ward_id)
    raise Invalid("ward_needs_neighbourhood", ward=old.name)


def served_wards(day: date) -> list[Ward]:
    """Wards a person may name for an address: those of today and those whose name is still in use."""
    desks = {office.ward_id for office in db.session.scalars(sa.select(Office).filter_by(kind=OfficeKind.DESK))}
    named = sa.select(Neighbourhood.old_ward_id).distinct()
    wards = db.session.scalars(sa.select(Ward).where(sa.or_(Ward.id.in_(desks), Ward.id.in_(named))))
    return sorted(wards, key=lambda w: (not w.valid_on(day), fold(w.name)))


def neighbourhoods_of(ward: Ward) -> list[Neighbourhood]:
    """Every khu phố an address in this ward, named old or new, may lie in."""
    either = sa.or_(Neighbourhood.ward_id == ward.id, Neighbourhood.old_ward_id == ward.id)
    return sorted(db.session.scalars(sa.select(Neighbourhood).where(either)), key=lambda n: fold(n.name))


def desk_of(ward_id: int) -> Office:
    desk = db.session.scalar(sa.select(Office).filter_by(kind=OfficeKind.DESK, ward_id=ward_id))
    if desk is None:
        raise Missing("ward_not_served")
    return desk
