"""Bands: how far apart two wards are for the post, and so in how many working days it carries (TT 17/2017 Đ7).

Districts ended on 1 July 2025; until a new rule names bands, the operator says them for each pair of wards.
"""

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, choice, db
from app.domain.calendar import working_days_after
from app.domain.places import Ward


class Band(StrEnum):
    DISTRICT = "district"  # the same former district
    PROVINCE = "province"  # another one of the same province
    CITIES = "cities"  # between two cities of the special class or class I
    COUNTRY = "country"


# n of J+n, J being the day of acceptance: with a dossier or a result, and where an appointment or a notice goes along
TARGETS = {Band.DISTRICT: (1, 2), Band.PROVINCE: (2, 4), Band.CITIES: (3, 6), Band.COUNTRY: (4, 8)}


class PostalBand(Model):
    """The band of two wards, the smaller id first: the way back is as long."""

    __tablename__ = "postal_bands"

    ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id), primary_key=True)
    other_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id), primary_key=True)
    band: Mapped[Band] = mapped_column(choice(Band))


def between(one: Ward, other: Ward) -> Band:
    """What the operator says; where nothing is said, one ward is one district, one province its others."""
    told = db.session.get(PostalBand, _pair(one, other))
    if told:
        return told.band
    if one.id == other.id:
        return Band.DISTRICT
    return Band.PROVINCE if one.province == other.province else Band.COUNTRY


def days(one: Ward, other: Ward, with_notice: bool = False) -> int:
    """Working days until the first try to deliver."""
    return TARGETS[between(one, other)][with_notice]


def arrives_by(accepted: date, one: Ward, other: Ward, with_notice: bool = False) -> date:
    return working_days_after(accepted, days(one, other, with_notice))[-1]


def settle(one: Ward, other: Ward, band: Band) -> bool:
    """The operator's word on a pair of wards; whether it changed anything."""
    known = db.session.get(PostalBand, _pair(one, other))
    if known and known.band is band:
        return False
    first, second = _pair(one, other)
    db.session.merge(PostalBand(ward_id=first, other_id=second, band=band))
    db.session.flush()
    return True


def _pair(one: Ward, other: Ward) -> tuple[int, int]:
    return min(one.id, other.id), max(one.id, other.id)
