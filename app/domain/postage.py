"""Postage: what carriage costs, line by line. The maximum is set by law; statutory fees are not ours, only passed on.

Two streams, never mixed: postage is owed to the post, the statutory fee to the ward.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from app.domain.dossiers import ReturnWay
from app.domain.procedures import Procedure


class Tariff(NamedTuple):
    valid_from: date
    one_way: int  # đồng, up to 100 g, same former district
    source: str


# fmt: off
TARIFFS = (
    Tariff(date(2018, 1, 1), 26_000, "TT 22/2017/TT-BTTTT, maximum"),
)
# fmt: on


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


def tariff(day: date) -> Tariff:
    return max((row for row in TARIFFS if row.valid_from <= day), key=lambda row: row.valid_from)


def bill(procedure: Procedure, return_way: ReturnWay, day: date) -> Bill:
    """Postage there, postage back when the post brings the result, the ward's fee when there is one (domain: when paid)."""
    one_way = tariff(day).one_way
    lines = [Charge("postage_there", one_way, Stream.POSTAGE)]
    if return_way is not ReturnWay.DESK:
        lines.append(Charge("postage_back", one_way, Stream.POSTAGE))
    fee = (Charge("statutory_fee", procedure.fee, Stream.FEE),) if procedure.fee else ()
    return Bill(tuple(lines), fee) if procedure.fee_at_delivery else Bill((*lines, *fee))
