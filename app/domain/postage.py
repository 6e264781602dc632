"""Postage: what carriage costs, line by line. The maximum is set by law, by how far home and desk are apart; statutory fees are
not ours, only passed on. What was quoted when it was booked stays (`Dossier.one_way`), whatever band or tariff follow.

Two streams, never mixed: postage is owed to the post, the statutory fee to the ward.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import audit, bands, calendar, editions
from app.domain.bands import Band
from app.domain.dossiers import ReturnWay
from app.domain.people import Act, User
from app.domain.places import Ward
from app.domain.procedures import Procedure
from app.errors import Invalid

MOST = 1_000_000  # đồng one way: more is a slip of the finger


class Tariff(NamedTuple):
    """The most the post may ask for one way of up to 100 g."""

    valid_from: date
    band: Band
    one_way: int  # đồng
    source: str


# Between provinces the law has 30,500 to 31,500: the least of them is never too much.
# fmt: off
TARIFFS = (
    Tariff(date(2018, 1, 1), Band.DISTRICT, 26_000, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Band.PROVINCE, 30_000, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Band.CITIES,   30_500, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Band.COUNTRY,  30_500, "TT 22/2017/TT-BTTTT"),
)
# fmt: on


class Rate(Model):
    """One row of the tariff as a decision has it. Only added to: of two with one first day the later written holds."""

    __tablename__ = "postage_rates"
    __table_args__ = (sa.CheckConstraint("one_way > 0", name="one_way"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    band: Mapped[Band] = mapped_column(choice(Band))
    one_way: Mapped[int] = mapped_column(doc="đồng, up to 100 g")
    valid_from: Mapped[date]
    source: Mapped[str] = mapped_column(sa.String(editions.LONGEST), doc="number of the decision")
    at: Mapped[Instant]
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))

    by: Mapped[User] = relationship()


class Fault(StrEnum):
    """Whose doing it was, and so who pays."""

    POST = "post"
    DESK = "desk"
    CITIZEN = "citizen"
    NOBODY = "nobody"


class Stream(StrEnum):
    POSTAGE = "postage"
    FEE = "fee"


@dataclass(frozen=True)
class Charge:
    key: str  # postage_there, postage_back, postage_again, statutory_fee
    amount: int
    stream: Stream


@dataclass(frozen=True)
class Bill:
    """What is paid when the courier comes for the papers, and what is left for the day the result is brought."""

    lines: tuple[Charge, ...]
    later: tuple[Charge, ...] = ()

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


def tariff(day: date, band: Band) -> Tariff:
    """The newest row of the band that holds on `day`: an administrator's, or what was shipped."""
    ours = shipped(day, band)
    newest = sa.select(Rate).where(Rate.band == band, Rate.valid_from <= day, Rate.valid_from >= ours.valid_from)
    said = db.session.scalar(newest.order_by(Rate.valid_from.desc(), Rate.id.desc()).limit(1))
    return Tariff(said.valid_from, band, said.one_way, said.source) if said else ours


def shipped(day: date, band: Band) -> Tariff:
    return max((row for row in TARIFFS if row.band is band and row.valid_from <= day), key=lambda row: row.valid_from)


def rates() -> list[Rate]:
    """All that administrators have written down, the newest first day first."""
    return list(db.session.scalars(sa.select(Rate).order_by(Rate.valid_from.desc(), Rate.id.desc())))


def decide(band: Band, one_way: int, day: date, decision: str, act: Act) -> Rate:
    """From `day` on one way costs this much by that decision; what is booked keeps its price.

    Raises Invalid: `decision_form`, `day_past`, `money_amount`.
    """
    source = editions.read_decision(decision)
    if day < calendar.today(act.at):
        raise Invalid("day_past")
    if not 0 < one_way <= MOST:
        raise Invalid("money_amount")
    made = Rate(band=band, one_way=one_way, valid_from=day, source=source, at=act.at, by_id=act.by.id)
    db.session.add(made)
    db.session.flush()
    audit.note("postage_decided", source, act, band=band, amount=one_way, day=day.isoformat())
    return made


def quote(home: Ward, desk: Ward, day: date) -> Tariff:
    """What one way between them costs on `day`, either way round."""
    return tariff(day, bands.between(home, desk))


def bill(procedure: Procedure, return_way: ReturnWay, one_way: int) -> Bill:
    """Postage there, postage back when the post brings the result, the ward's fee when there is one (domain: when paid).
    `one_way`: as quoted, in đồng."""
    lines = [Charge("postage_there", one_way, Stream.POSTAGE)]
    if return_way is not ReturnWay.DESK:
        lines.append(Charge("postage_back", one_way, Stream.POSTAGE))
    fee = (Charge("statutory_fee", procedure.fee, Stream.FEE),) if procedure.fee else ()
    return Bill(tuple(lines), fee) if procedure.fee_at_delivery else Bill((*lines, *fee))
