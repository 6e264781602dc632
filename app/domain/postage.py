"""Postage: what carriage costs, line by line. The maximum is set by law, by how far home and desk are apart; statutory fees are
not ours, only passed on, for a price of its own. What was quoted when it was booked stays (`Dossier.one_way`, `.passing_on`),
whatever band or tariff follow.

Two streams, never mixed: postage is owed to the post, the statutory fee to the ward.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import audit, bands, calendar, editions, exemptions
from app.domain.bands import Band
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.exemptions import Exemption
from app.domain.packets import Kind
from app.domain.people import Act, User
from app.domain.places import Ward
from app.domain.procedures import Procedure
from app.errors import Invalid

MOST = 1_000_000  # đồng: more is a slip of the finger


class Item(StrEnum):
    """What has a price: one way, by how far it goes, and passing on the statutory fee of a dossier."""

    DISTRICT = Band.DISTRICT.value
    PROVINCE = Band.PROVINCE.value
    CITIES = Band.CITIES.value
    COUNTRY = Band.COUNTRY.value
    PASSING_ON = "passing_on"


class Tariff(NamedTuple):
    """The most the post may ask: for one way of up to 100 g, for one fee passed on."""

    valid_from: date
    item: Item
    amount: int  # đồng
    source: str


# Between provinces the law has 30,500 to 31,500: the least of them is never too much. All figures are to be confirmed.
# fmt: off
TARIFFS = (
    Tariff(date(2018, 1, 1), Item.DISTRICT,   26_000, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Item.PROVINCE,   30_000, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Item.CITIES,     30_500, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Item.COUNTRY,    30_500, "TT 22/2017/TT-BTTTT"),
    Tariff(date(2018, 1, 1), Item.PASSING_ON,  8_000, "TT 22/2017/TT-BTTTT"),
)
# fmt: on


class Rate(Model):
    """One row of the tariff as a decision has it. Only added to: of two with one first day the later written holds."""

    __tablename__ = "tariff_rates"
    __table_args__ = (sa.CheckConstraint("amount > 0 OR item = 'passing_on' AND amount = 0", name="amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[Item] = mapped_column(choice(Item))
    amount: Mapped[int] = mapped_column(doc="đồng")
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


class Line(StrEnum):
    """Every line a bill may have, in its order."""

    THERE = "postage_there"
    BACK = "postage_back"
    AGAIN = "postage_again"
    PASSING_ON = "passing_on"
    FEE = "statutory_fee"

    @property
    def stream(self) -> Stream:
        return Stream.FEE if self is Line.FEE else Stream.POSTAGE


@dataclass(frozen=True)
class Charge:
    key: Line
    amount: int  # đồng

    @property
    def stream(self) -> Stream:
        return self.key.stream


@dataclass(frozen=True)
class Bill:
    """What is paid when the courier comes for the papers, and what is left for the day the result is brought, as quoted.
    Of whoever is exempt no postage is asked for, once they have shown the proof."""

    lines: tuple[Charge, ...]
    later: tuple[Charge, ...] = ()
    exempt: Exemption | None = None

    def of(self, stream: Stream) -> int:
        """What is paid now of this stream without a proof, in đồng."""
        return sum(line.amount for line in self.lines if line.stream == stream)

    @property
    def total(self) -> int:
        """Without a proof."""
        return sum(line.amount for line in self.lines)

    @property
    def waived(self) -> int:
        """What the proof saves."""
        return self.of(Stream.POSTAGE) if self.exempt else 0

    @property
    def to_pay(self) -> int:
        """With the proof, for whoever is exempt."""
        return self.total - self.waived


class Quote(NamedTuple):
    """The tariff of one day between a home and a desk."""

    way: Tariff
    passing_on: Tariff


def tariff(day: date, item: Item) -> Tariff:
    """The newest row of the item that holds on `day`: an administrator's, or what was shipped."""
    ours = shipped(day, item)
    newest = sa.select(Rate).where(Rate.item == item, Rate.valid_from <= day, Rate.valid_from >= ours.valid_from)
    said = db.session.scalar(newest.order_by(Rate.valid_from.desc(), Rate.id.desc()).limit(1))
    return Tariff(said.valid_from, item, said.amount, said.source) if said else ours


def shipped(day: date, item: Item) -> Tariff:
    return max((row for row in TARIFFS if row.item is item and row.valid_from <= day), key=lambda row: row.valid_from)


def rates() -> list[Rate]:
    """All that administrators have written down, the newest first day first."""
    return list(db.session.scalars(sa.select(Rate).order_by(Rate.valid_from.desc(), Rate.id.desc())))


def decide(item: Item, amount: int, day: date, decision: str, act: Act) -> Rate:
    """From `day` on it costs this much, in đồng, by that decision; what is booked keeps its price. No way is free for
    everybody, passing on a fee may be.

    Raises Invalid: `decision_form`, `day_past`, `money_amount`.
    """
    source = editions.read_decision(decision)
    if day < calendar.today(act.at):
        raise Invalid("day_past")
    if not (0 if item is Item.PASSING_ON else 1) <= amount <= MOST:
        raise Invalid("money_amount")
    made = Rate(item=item, amount=amount, valid_from=day, source=source, at=act.at, by_id=act.by.id)
    db.session.add(made)
    audit.note("postage_decided", source, act, item=item, amount=amount, day=day.isoformat())
    return made


def one_way(home: Ward, desk: Ward, day: date) -> Tariff:
    """What one way between them costs on `day`, either way round."""
    return tariff(day, Item(bands.between(home, desk)))


def quote(home: Ward, desk: Ward, day: date) -> Quote:
    return Quote(one_way(home, desk, day), tariff(day, Item.PASSING_ON))


def bill(
    procedure: Procedure, return_way: ReturnWay, one_way: int, passing_on: int, exempt: Exemption | None = None
) -> Bill:  # fmt: skip
    """Postage there, postage back when the post brings the result, the ward's fee when there is one, and the passing on of
    it at the moment it is paid (domain: when paid). `one_way`, `passing_on`: as quoted, in đồng. A fee that is due with a
    result called for at the ward is paid to the ward, and passed on by nobody."""
    lines = [Charge(Line.THERE, one_way)]
    if return_way is not ReturnWay.DESK:
        lines.append(Charge(Line.BACK, one_way))
    if not procedure.fee:
        return Bill(tuple(lines), exempt=exempt)
    fee = [Charge(Line.PASSING_ON, passing_on)] if passing_on else []
    fee.append(Charge(Line.FEE, procedure.fee))
    if not procedure.fee_at_delivery:
        return Bill((*lines, *fee), exempt=exempt)
    return Bill(tuple(lines), tuple(fee if return_way is not ReturnWay.DESK else fee[-1:]), exempt)


def bill_of(dossier: Dossier) -> Bill:
    """As it was shown when it was booked."""
    exempt = exemptions.of(dossier.citizen.exemption)
    return bill(dossier.procedure, dossier.return_way, dossier.one_way, dossier.passing_on, exempt)


def at_door(dossier: Dossier, kind: Kind) -> Bill:
    """What is paid where a packet of this kind is collected or brought; a supplement costs the way there."""
    whole = bill_of(dossier)
    lines = {Kind.SUBMISSION: whole.lines, Kind.SUPPLEMENT: whole.lines[:1], Kind.RESULT: whole.later}.get(kind, ())
    return Bill(lines, whole.later if kind is Kind.SUBMISSION else (), whole.exempt)
