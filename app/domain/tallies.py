"""Tallies: a day of the till: what each courier took and handed in, and what the office began and ended with, by stream."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.db import db
from app.domain import money, takings
from app.domain.money import Count, Event, MoneyLine
from app.domain.people import User
from app.domain.places import Office
from app.domain.postage import Stream


@dataclass(frozen=True)
class Tally:
    """One courier's day: taken at doors, handed in, and what is still on their account now."""

    courier: User
    cash: money.Purse
    by_bank: int
    handed_in: money.Purse
    held: money.Purse
    counts: list[Count]
    waived: int  # postage not asked for, since the proof was seen
    advanced: int  # given back to citizens out of their own money, and not made good yet


@dataclass(frozen=True)
class Till:
    """The office's day, each stream: what it began with, what came in, what left, what it ended with."""

    before: money.Purse
    came: money.Purse
    left: money.Purse

    @property
    def after(self) -> money.Purse:
        return money.Purse(
            self.before.postage + self.came.postage - self.left.postage, self.before.fee + self.came.fee - self.left.fee
        )


def tallies(couriers: list[User], office: Office, day: date) -> list[Tally]:
    """The day of each courier who took or handed in money, or still has some."""
    held = money.purses([one.party_id for one in couriers if one.party_id])
    counts = [count for count in money.counts(office.id, day) if count.day == day]
    made = []
    for courier in couriers:
        if courier.party_id is None:
            continue
        mine = sa.select(MoneyLine).where(MoneyLine.day == day)
        lines = list(db.session.scalars(mine.where(MoneyLine.by_id == courier.id)))
        given = mine.where(MoneyLine.event == Event.HANDED_OVER, MoneyLine.giver_id == courier.party_id)
        took, gave = _flow(lines, courier.party_id)
        by_bank = sum(
            (-1 if line.event is Event.TAKEN_BACK else 1) * line.amount
            for line in lines
            if courier.party_id not in (line.giver_id, line.taker_id)
        )
        handed = _flow(db.session.scalars(given), courier.party_id)[1]
        cash = money.Purse(took.postage - gave.postage, took.fee - gave.fee)
        own, waived = [count for count in counts if count.courier_id == courier.id], takings.waived_by(courier, day)
        if cash.total or by_bank or handed.total or held[courier.party_id].total or own or waived:
            advanced = money.advanced(courier) if held[courier.party_id].total < 0 else 0
            made.append(Tally(courier, cash, by_bank, handed, held[courier.party_id], own, waived, advanced))
    return made


def till(office: Office, day: date) -> Till:
    party = office.party_id
    mine = sa.select(MoneyLine).where(sa.or_(MoneyLine.giver_id == party, MoneyLine.taker_id == party))
    came, left = _flow(db.session.scalars(mine.where(MoneyLine.day == day)), party)
    sums = []
    for side in (MoneyLine.taker_id, MoneyLine.giver_id):
        of_party = sa.select(MoneyLine.stream, sa.func.sum(MoneyLine.amount)).where(side == party, MoneyLine.day < day)
        sums.append({row[0]: int(row[1]) for row in db.session.execute(of_party.group_by(MoneyLine.stream))})
    postage, fee = (sums[0].get(stream, 0) - sums[1].get(stream, 0) for stream in (Stream.POSTAGE, Stream.FEE))
    return Till(money.Purse(postage, fee), came, left)


def _flow(lines: Iterable[MoneyLine], party_id: str) -> tuple[money.Purse, money.Purse]:
    """What these lines gave the party, and what they took from it."""
    sums = {(side, stream): 0 for side in (True, False) for stream in Stream}
    for line in lines:
        if party_id in (line.giver_id, line.taker_id):
            sums[line.taker_id == party_id, line.stream] += line.amount
    came, left = (money.Purse(sums[side, Stream.POSTAGE], sums[side, Stream.FEE]) for side in (True, False))
    return came, left
