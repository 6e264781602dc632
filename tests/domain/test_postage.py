"""Postage: the most the law allows for how far home and desk are apart, said before anything is owed, and kept."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.db import atomically, db
from app.domain import bands, postage, repeats, takings
from app.domain.audit import AuditLine
from app.domain.bands import TARGETS, Band
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import Kind, of_dossier
from app.domain.places import Ward
from app.domain.postage import TARIFFS, Item, Line, Stream
from app.domain.procedures import Procedure
from app.errors import Invalid
from app.phrases import TEXTS
from labels.terms import CHARGES
from tests.domain.test_booking import book
from tests.world import MONDAY, World

FIRST = min(row.valid_from for row in TARIFFS)
DAYS = st.dates(FIRST, date(2100, 1, 1))
LIMITS = {
    Item.DISTRICT: 26_000,
    Item.PROVINCE: 30_000,
    Item.CITIES: 31_500,
    Item.COUNTRY: 31_500,
    Item.PASSING_ON: 8_000,
}  # TT 22/2017, 100 g


@given(day=DAYS, item=st.sampled_from(Item))
def test_every_day_has_one_price_for_everything_with_its_law_and_never_above_the_limit(day: date, item: Item) -> None:
    row = postage.shipped(day, item)
    assert row.valid_from <= day and row.item is item and row.source
    assert 0 < row.amount <= LIMITS[item]


@given(day=DAYS)
def test_farther_never_costs_less(day: date) -> None:
    prices = [postage.shipped(day, Item(band)).amount for band in TARGETS]
    assert prices == sorted(prices)


THERE, BACK, PASSED, FEE = Line.THERE, Line.BACK, Line.PASSING_ON, Line.FEE
HOME, POST, DESK = ReturnWay
# What is paid when the papers are collected, and what with the result, by fee, way back and moment of the fee.
BILLS = [
    (0,      HOME, False, (THERE, BACK),              ()),
    (0,      DESK, True,  (THERE,),                   ()),
    (15_000, HOME, False, (THERE, BACK, PASSED, FEE), ()),
    (15_000, POST, False, (THERE, BACK, PASSED, FEE), ()),
    (15_000, DESK, False, (THERE, PASSED, FEE),       ()),
    (15_000, HOME, True,  (THERE, BACK),              (PASSED, FEE)),
    (15_000, POST, True,  (THERE, BACK),              (PASSED, FEE)),
    (15_000, DESK, True,  (THERE,),                   (FEE,)),  # paid to the ward: nobody passes it on
]  # fmt: skip


@pytest.mark.parametrize(("fee", "way", "at_delivery", "now", "later"), BILLS)
@pytest.mark.parametrize(("one_way", "passing_on"), [(26_000, 8_000), (30_500, 8_000), (26_000, 0)])
def test_a_bill_is_its_ways_the_fee_and_the_passing_on_of_it(
    fee: int, way: ReturnWay, at_delivery: bool, now: tuple[Line, ...], later: tuple[Line, ...], one_way: int, passing_on: int,
) -> None:  # fmt: skip
    bill = postage.bill(Procedure(fee=fee, fee_at_delivery=at_delivery), way, one_way, passing_on)
    price = {THERE: one_way, BACK: one_way, PASSED: passing_on, FEE: fee}
    for found, wanted in ((bill.lines, now), (bill.later, later)):
        assert [(line.key, line.amount) for line in found] == [(key, price[key]) for key in wanted if price[key]]
    assert bill.total == sum(price[key] for key in now) == sum(bill.of(stream) for stream in Stream)
    assert (bill.of(Stream.FEE) == fee) == (FEE in now or not fee)


def test_every_line_of_a_bill_has_its_words_on_screen_on_the_phone_and_on_paper() -> None:
    for line in Line:
        assert TEXTS[f"money.{line}"] and CHARGES[line], line


@pytest.mark.parametrize(
    ("province", "said", "price"),
    [
        ("Bình Dương", None, 30_500),  # another province: the least the law has for that
        (None, None, 30_000),  # two wards of one province of which nothing is said
        (None, Band.DISTRICT, 26_000),
        (None, Band.PROVINCE, 30_000),
    ],
)
@pytest.mark.dialects("sqlite")
def test_the_price_is_that_of_the_band_either_way_round(
    world: World, province: str | None, said: Band | None, price: int
) -> None:
    home, there = world.neighbourhood.ward, db.session.get_one(Ward, world.other_desk.ward_id)
    there.province = province or home.province
    if said:
        bands.settle(home, there, said)
    day = MONDAY.date()
    assert postage.one_way(home, there, day).amount == postage.one_way(there, home, day).amount == price
    assert postage.one_way(home, home, day).amount == 26_000


def test_a_booking_keeps_what_it_was_quoted_whatever_is_said_of_its_wards_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = book(world)
    packet = of_dossier(dossier.id)[0]
    before = postage.bill_of(dossier), takings.due(packet)
    far = db.session.get_one(Ward, world.other_desk.ward_id)

    def moved() -> None:
        held = db.session.get_one(Dossier, dossier.id)
        held.desk_id = world.other_desk.id

    atomically(moved)
    db.session.expire_all()
    assert postage.one_way(dossier.citizen.ward, far, MONDAY.date()).amount == 30_000
    assert (postage.bill_of(dossier), takings.due(packet)) == before
    dear = tuple(row._replace(valid_from=MONDAY.date(), amount=row.amount * 2) for row in TARIFFS)
    monkeypatch.setattr(postage, "TARIFFS", (*TARIFFS, *dear))
    assert (postage.bill_of(dossier), takings.due(packet)) == before
    assert postage.at_door(dossier, Kind.SUPPLEMENT).total == 26_000
    assert repeats.price(dossier, MONDAY) == 60_000, "one more way is a way of its own day"


def test_a_price_an_administrator_writes_down_holds_from_its_day_with_its_decision(world: World) -> None:
    act, day = world.act(world.admin), MONDAY.date() + timedelta(days=10)
    atomically(postage.decide, Item.DISTRICT, 28_000, day, " 15/2026/TT-BKHCN ", act)
    eve = postage.tariff(day - timedelta(days=1), Item.DISTRICT)
    assert (eve.amount, eve.source) == (26_000, "TT 22/2017/TT-BTTTT")
    assert postage.tariff(day, Item.DISTRICT) == (day, Item.DISTRICT, 28_000, "15/2026/TT-BKHCN")
    assert postage.tariff(day, Item.PROVINCE).amount == 30_000


def test_what_is_booked_keeps_its_price_when_another_is_written_down(world: World) -> None:
    before = book(world)
    for item, price in ((Item.DISTRICT, 28_000), (Item.PASSING_ON, 0)):
        atomically(postage.decide, item, price, MONDAY.date(), "15/2026/TT-BKHCN", world.act(world.admin))
    after, kept = book(world, booking_key="x" * 32), db.session.get_one(Dossier, before.id)
    assert [(one.one_way, one.passing_on) for one in (kept, after)] == [(26_000, 8_000), (28_000, 0)]
    assert [bill.total for bill in map(postage.bill_of, (kept, after))] == [75_000, 71_000]
    assert Line.PASSING_ON not in {line.key for line in postage.bill_of(after).lines}


def test_of_two_prices_of_one_day_the_later_written_holds_and_an_older_day_never_wins(world: World) -> None:
    act, day = world.act(world.admin), MONDAY.date()
    for price, first in ((40_000, day + timedelta(days=5)), (27_000, day), (28_000, day)):
        atomically(postage.decide, Item.DISTRICT, price, first, "15/2026/TT-BKHCN", act)
    prices = [postage.tariff(day + timedelta(days=days), Item.DISTRICT).amount for days in (0, 4, 5, 400)]
    assert prices == [28_000, 28_000, 40_000, 40_000]
    assert [row.amount for row in postage.rates()] == [40_000, 28_000, 27_000]


def test_a_law_shipped_later_comes_before_what_was_written_down_for_an_earlier_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = MONDAY.date()
    atomically(postage.decide, Item.DISTRICT, 28_000, day, "15/2026/TT-BKHCN", world.act(world.admin))
    later = postage.Tariff(day + timedelta(days=3), Item.DISTRICT, 29_000, "16/2026/TT-BKHCN")
    monkeypatch.setattr(postage, "TARIFFS", (*TARIFFS, later))
    assert [postage.tariff(day + timedelta(days=days), Item.DISTRICT).amount for days in (2, 3)] == [28_000, 29_000]
    atomically(postage.decide, Item.DISTRICT, 29_500, later.valid_from, "17/2026/TT-BKHCN", world.act(world.admin))
    assert postage.tariff(later.valid_from, Item.DISTRICT).amount == 29_500, "of one day, what was written down here"


@pytest.mark.parametrize(("item", "amount"), [(Item.DISTRICT, 1), (Item.PASSING_ON, 0), (Item.COUNTRY, postage.MOST)])
def test_the_least_and_the_most_a_decision_may_say_and_that_it_is_noted(world: World, item: Item, amount: int) -> None:
    day = MONDAY.date()
    atomically(postage.decide, item, amount, day, "15/2026/TT-BKHCN", world.act(world.admin))
    assert postage.tariff(day, item).amount == amount
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="postage_decided")).one()
    assert noted.subject == "15/2026/TT-BKHCN"
    assert noted.details == {"item": item, "amount": amount, "day": day.isoformat()}


def test_what_is_paid_later_is_said_with_the_papers_and_asked_for_with_the_result(world: World) -> None:
    dossier = world.packet().dossier
    dossier.procedure.fee_at_delivery = True
    bills = {kind: postage.at_door(dossier, kind) for kind in Kind}
    keys = {kind: ([one.key for one in bill.lines], [one.key for one in bill.later]) for kind, bill in bills.items()}
    assert keys == {
        Kind.SUBMISSION: ([THERE, BACK], [PASSED, FEE]),
        Kind.SUPPLEMENT: ([THERE], []),
        Kind.RESULT: ([PASSED, FEE], []),
        Kind.RETURNED_PAPERS: ([], []),
        Kind.TRANSFER: ([], []),
    }


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"day": MONDAY.date() - timedelta(days=1)}, "day_past"),
        ({"decision": "theo quyết định"}, "decision_form"),
        ({"decision": "1/QĐ-" + "X" * 120}, "decision_form"),
        ({"amount": 0}, "money_amount"),
        ({"amount": -26_000}, "money_amount"),
        ({"item": Item.PASSING_ON, "amount": -1}, "money_amount"),
        ({"amount": postage.MOST + 1}, "money_amount"),
    ],
)
def test_what_is_no_price_is_refused(world: World, over: dict[str, Any], why: str) -> None:
    facts = {"item": Item.DISTRICT, "amount": 26_000, "day": MONDAY.date(), "decision": "15/2026/TT-BKHCN"} | over
    with pytest.raises(Invalid) as refused:
        atomically(postage.decide, act=world.act(world.admin), **facts)
    assert refused.value.key == why and postage.rates() == []
