"""Places: wards with their dates, khu phố, post offices and ward desks.

Ward codes were re-used on 1 July 2025 (25945, 25951) and names live on under other codes, so a ward is
known by (code, valid_from) and an old address is resolved by its khu phố (NQ 1685/NQ-UBTVQH15).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, choice, db
from app.domain import parties
from app.domain.parties import Party, PartyKind
from app.errors import Invalid, Missing


def fold(text: str) -> str:
    """Lower case without accents, one space between words: "Đông Hòa" and "dong hoa" are the same."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


# fmt: off
PROVINCES = (  # NQ 202/2025/QH15, by the alphabet
    "An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng", "Đắk Lắk", "Điện Biên", "Đồng Nai", "Đồng Tháp", "Gia Lai", "Hà Nội",
    "Hà Tĩnh", "Hải Phòng", "Hồ Chí Minh", "Huế", "Hưng Yên", "Khánh Hòa", "Lai Châu", "Lạng Sơn", "Lào Cai", "Lâm Đồng", "Nghệ An", "Ninh Bình",
    "Phú Thọ", "Quảng Ngãi", "Quảng Ninh", "Quảng Trị", "Sơn La", "Tây Ninh", "Thái Nguyên", "Thanh Hóa", "Tuyên Quang", "Vĩnh Long",
)
# fmt: on


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
    desk_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey(Office.id), doc="of several desks of its ward the one its dossiers go to; NULL: the first"
    )
    lat: Mapped[float]
    lon: Mapped[float]

    ward: Mapped[Ward] = relationship(foreign_keys=[ward_id])
    old_ward: Mapped[Ward] = relationship(foreign_keys=[old_ward_id])
    post_office: Mapped[Office] = relationship(foreign_keys=[post_office_id])
    desk: Mapped[Office | None] = relationship(foreign_keys=[desk_id])


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


def desks_of(ward_id: int) -> list[Office]:
    """The desks of a ward, the first it had first."""
    return list(
        db.session.scalars(sa.select(Office).filter_by(kind=OfficeKind.DESK, ward_id=ward_id).order_by(Office.id))
    )


def desk_of(place: Neighbourhood) -> Office:
    """Where a dossier from there is decided: the desk the khu phố is given to, else its ward's first.

    Raises Missing("ward_not_served").
    """
    here = desks_of(place.ward_id)
    desk = next((one for one in here if one.id == place.desk_id), here[0] if here else None)
    if desk is None:
        raise Missing("ward_not_served")
    return desk


def desks_in(province: str, day: date) -> list[Office]:
    """The desks of the province that are open: their ward is one of this day, and they have hours."""
    found = (
        sa.select(Office)
        .join(Ward)
        .where(Office.kind == OfficeKind.DESK, Ward.province == province, Office.hours.any())
    )
    return sorted((one for one in db.session.scalars(found) if one.ward.valid_on(day)), key=lambda one: fold(one.name))


def provinces_served(day: date) -> list[str]:
    """Those in which a ward has a desk on this day."""
    held = sa.select(Office.ward_id).where(Office.kind == OfficeKind.DESK)
    wards = db.session.scalars(sa.select(Ward).where(Ward.id.in_(held)))
    return sorted({ward.province for ward in wards if ward.valid_on(day)}, key=fold)


def desks() -> list[Office]:
    """Every ward desk, for whoever has to go there in person."""
    return list(db.session.scalars(sa.select(Office).filter_by(kind=OfficeKind.DESK).order_by(Office.name)))


# ---- the catalogue: every verb says whether it changed anything, so the same file twice changes nothing -----------


@dataclass(frozen=True)
class Opening:
    """One opening of an office: weekday (0 = Monday) and local times."""

    weekday: int
    opens: time
    closes: time


def settle_ward(code: str, valid_from: date, **facts: Any) -> bool:
    """A ward as it is from `valid_from`. Raises Invalid("ward_overlaps") when the code means another one then."""
    ward = find_ward(code, valid_from)
    until = facts.get("valid_to") or date.max
    for other in db.session.scalars(sa.select(Ward).filter_by(code=code)):
        if other is not ward and other.valid_from <= until and valid_from <= (other.valid_to or date.max):
            raise Invalid("ward_overlaps", code=code)
    return _settle(ward, Ward, facts, code=code, valid_from=valid_from)


def ward_known_as(code: str, valid_from: date) -> Ward:
    """The ward with this code and first day. Raises Missing("ward_unknown")."""
    ward = find_ward(code, valid_from)
    if ward is None:
        raise Missing("ward_unknown", code=code)
    return ward


def find_ward(code: str, valid_from: date) -> Ward | None:
    return db.session.scalar(sa.select(Ward).filter_by(code=code, valid_from=valid_from))


def succeed(old: Ward, new: Ward, is_default: bool) -> bool:
    """`new` took over all or part of `old`."""
    known = db.session.get(Succession, (old.id, new.id))
    return _settle(known, Succession, {"is_default": is_default}, old_ward_id=old.id, new_ward_id=new.id)


def settle_office(kind: OfficeKind, code: str, ward: Ward, hours: Sequence[Opening], **facts: Any) -> bool:
    """A post office or a ward desk; a new one becomes a party that may hold packets.

    Raises Invalid("office_kind"): what holds packets as a desk cannot become a post office.
    """
    office = db.session.scalar(sa.select(Office).filter_by(code=code))
    if office and office.kind is not kind:
        raise Invalid("office_kind", code=code)
    is_new, facts = office is None, facts | {"ward_id": ward.id}
    if office is None:
        party = parties.new(PartyKind(kind.value))
        db.session.flush()
        office = Office(kind=kind, code=code, party_id=party.id, **facts)
        db.session.add(office)
    moved = not is_new and _settle(office, Office, facts)
    return _open(office, hours) or moved or is_new


def _open(office: Office, hours: Sequence[Opening]) -> bool:
    wanted = sorted(set(hours), key=lambda o: (o.weekday, o.opens))
    if wanted == [Opening(o.weekday, o.opens, o.closes) for o in office.hours]:
        return False
    for old in office.hours:
        db.session.delete(old)
    db.session.flush()
    for opening in wanted:
        row = OfficeHours(office_id=office.id, weekday=opening.weekday, opens=opening.opens, closes=opening.closes)
        db.session.add(row)
    db.session.flush()
    db.session.expire(office, ["hours"])
    return True


def office_coded(code: str, kind: OfficeKind) -> Office:
    """Raises Missing("office_unknown")."""
    office = db.session.scalar(sa.select(Office).filter_by(code=code, kind=kind))
    if office is None:
        raise Missing("office_unknown", code=code)
    return office


def settle_neighbourhood(name: str, old_ward: Ward, ward: Ward, post_office: Office, lat: float, lon: float) -> bool:
    """A khu phố, the ward it now lies in, and the post office whose couriers go there."""
    known = db.session.scalar(sa.select(Neighbourhood).filter_by(name=name, old_ward_id=old_ward.id))
    facts = {"ward_id": ward.id, "post_office_id": post_office.id, "lat": lat, "lon": lon}
    return _settle(known, Neighbourhood, facts, name=name, old_ward_id=old_ward.id)


def _settle(row: Model | None, table: type[Model], facts: dict[str, Any], **key: Any) -> bool:
    if row is None:
        db.session.add(table(**key, **facts))
        db.session.flush()
        return True
    different = {name: value for name, value in facts.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    db.session.flush()
    return bool(different)
