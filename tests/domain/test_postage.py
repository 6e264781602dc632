"""Postage: the most the law allows for how far home and desk are apart, said before anything is owed, and kept."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import atomically, db
from app.domain import bands, booking, money, postage, repeats
from app.domain.bands import TARGETS, Band
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import Kind, of_dossier
from app.domain.places import Ward
from app.domain.postage import TARIFFS, Stream
from app.domain.procedures import Procedure
from app.errors import Invalid
from tests.domain.test_booking import book
from tests.world import MONDAY, World

FIRST = min(row.valid_from for row in TARIFFS)
DAYS = st.dates(FIRST, date(2100, 1, 1))
LIMITS = {Band.DISTRICT: 26_000, Band.PROVINCE: 30_000, Band.CITIES: 31_500, Band.COUNTRY: 31_500}  # TT 22/2017, 100 g


@given(day=DAYS, band=st.sampled_from(Band))
def test_every_day_has_one_price_for_every_band_with_its_law_and_never_above_the_limit(day: date, band: Band) -> None:
    row = postage.shipped(day, band)
    assert row.valid_from <= day and row.band is band and row.source
    assert 0 < row.one_way <= LIMITS[band]


@given(day=DAYS)
def test_farther_never_costs_less(day: date) -> None:
    prices = [postage.shipped(day, band).one_way for band in TARGETS]
    assert prices == sorted(prices)


@given(
    one_way=st.integers(0, 100_000),
    fee=st.integers(0, 1_000_000),
    way=st.sampled_from(ReturnWay),
    at_delivery=st.booleans(),
)
def test_a_bill_is_its_ways_and_the_fee_in_two_streams(
    one_way: int, fee: int, way: ReturnWay, at_delivery: bool
) -> None:
    bill = postage.bill(Procedure(fee=fee, fee_at_delivery=at_delivery), way, one_way)
    every = (*bill.lines, *bill.later)
    ways = 1 if way is ReturnWay.DESK else 2
    assert sum(line.amount for line in every if line.stream is Stream.POSTAGE) == ways * one_way
    assert sum(line.amount for line in every if line.stream is Stream.FEE) == fee
    assert bill.total == ways * one_way + (0 if at_delivery else fee)


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
    assert postage.quote(home, there, day).one_way == postage.quote(there, home, day).one_way == price
    assert postage.quote(home, home, day).one_way == 26_000


def test_a_booking_keeps_what_it_was_quoted_whatever_is_said_of_its_wards_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = book(world)
    packet = of_dossier(dossier.id)[0]
    before = booking.bill_of(dossier), money.due(packet)
    far = db.session.get_one(Ward, world.other_desk.ward_id)

    def moved() -> None:
        held = db.session.get_one(Dossier, dossier.id)
        held.desk_id = world.other_desk.id

    atomically(moved)
    db.session.expire_all()
    assert postage.quote(dossier.citizen.ward, far, MONDAY.date()).one_way == 30_000
    assert (booking.bill_of(dossier), money.due(packet)) == before
    dear = tuple(row._replace(valid_from=MONDAY.date(), one_way=row.one_way * 2) for row in TARIFFS)
    monkeypatch.setattr(postage, "TARIFFS", (*TARIFFS, *dear))
    assert (booking.bill_of(dossier), money.due(packet)) == before
    assert booking.bill_for(dossier, Kind.SUPPLEMENT).total == 26_000
    assert repeats.price(dossier, MONDAY) == 60_000, "one more way is a way of its own day"


def test_a_price_an_administrator_writes_down_holds_from_its_day_with_its_decision(world: World) -> None:
    act, day = world.act(world.admin), MONDAY.date() + timedelta(days=10)
    atomically(postage.decide, Band.DISTRICT, 28_000, day, " 15/2026/TT-BKHCN ", act)
    eve = postage.tariff(day - timedelta(days=1), Band.DISTRICT)
    assert (eve.one_way, eve.source) == (26_000, "TT 22/2017/TT-BTTTT")
    assert postage.tariff(day, Band.DISTRICT) == (day, Band.DISTRICT, 28_000, "15/2026/TT-BKHCN")
    assert postage.tariff(day, Band.PROVINCE).one_way == 30_000


def test_what_is_booked_keeps_its_price_when_another_is_written_down(world: World) -> None:
    before = book(world)
    atomically(postage.decide, Band.DISTRICT, 28_000, MONDAY.date(), "15/2026/TT-BKHCN", world.act(world.admin))
    after = book(world, booking_key="x" * 32)
    assert (db.session.get_one(Dossier, before.id).one_way, after.one_way) == (26_000, 28_000)


def test_of_two_prices_of_one_day_the_later_written_holds_and_an_older_day_never_wins(world: World) -> None:
    act, day = world.act(world.admin), MONDAY.date()
    for price, first in ((40_000, day + timedelta(days=5)), (27_000, day), (28_000, day)):
        atomically(postage.decide, Band.DISTRICT, price, first, "15/2026/TT-BKHCN", act)
    prices = [postage.tariff(day + timedelta(days=days), Band.DISTRICT).one_way for days in (0, 4, 5, 400)]
    assert prices == [28_000, 28_000, 40_000, 40_000]
    assert [row.one_way for row in postage.rates()] == [40_000, 28_000, 27_000]


def test_a_law_shipped_later_comes_before_what_was_written_down_for_an_earlier_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = MONDAY.date()
    atomically(postage.decide, Band.DISTRICT, 28_000, day, "15/2026/TT-BKHCN", world.act(world.admin))
    later = postage.Tariff(day + timedelta(days=3), Band.DISTRICT, 29_000, "16/2026/TT-BKHCN")
    monkeypatch.setattr(postage, "TARIFFS", (*TARIFFS, later))
    assert [postage.tariff(day + timedelta(days=days), Band.DISTRICT).one_way for days in (2, 3)] == [28_000, 29_000]


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"day": MONDAY.date() - timedelta(days=1)}, "day_past"),
        ({"decision": "theo quyết định"}, "decision_form"),
        ({"decision": "1/QĐ-" + "X" * 120}, "decision_form"),
        ({"one_way": 0}, "money_amount"),
        ({"one_way": -26_000}, "money_amount"),
        ({"one_way": postage.MOST + 1}, "money_amount"),
    ],
)
def test_what_is_no_price_is_refused(world: World, over: dict[str, Any], why: str) -> None:
    facts = {"one_way": 26_000, "day": MONDAY.date(), "decision": "15/2026/TT-BKHCN"} | over
    with pytest.raises(Invalid) as refused:
        atomically(postage.decide, Band.DISTRICT, act=world.act(world.admin), **facts)
    assert refused.value.key == why and postage.rates() == []
