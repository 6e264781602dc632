"""Money moves from party to party and never disappears: two streams, whole đồng, every difference under a name."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import corrections, money
from app.domain.audit import AuditLine
from app.domain.bodies import Extra
from app.domain.calendar import today
from app.domain.money import Count, Declared, MoneyLine, Purse, Word
from app.domain.packets import Packet, State
from app.domain.people import User
from app.domain.postage import Stream
from app.errors import Invalid, Refused
from tests.test_race import rush
from tests.world import MONDAY, Phone, World

CASH: dict[str, Any] = {"money": {"paid_by": "cash", "receipt": "000321"}}
BANK: dict[str, Any] = {"money": {"paid_by": "transfer"}}


def paid(world: World, phone: Phone, said: dict[str, Any] | None = CASH) -> Packet:
    packet = world.packet()
    extra = Extra.read({"salt": "s"} | said) if said else None
    outcome = world.record(phone.scan(packet, "collect", proof=[("CODE", world.code(packet))], extra=extra))
    assert outcome.verdict == "applied"
    return world.fresh(packet)


def settle(world: World, courier: User | None = None, **over: Any) -> Count:
    courier, act = courier or world.courier, world.act(over.pop("clerk", world.clerk), over.pop("at", MONDAY))
    expected = over.pop("expected", money.purse(courier.party_id).total)
    facts = {"expected": expected, "counted": expected, "pin": world.PIN} | over
    return atomically(money.settle, courier, act, **facts)


def declare(world: World, phone: Phone, amount: int, key: str = "a" * 32) -> Declared:
    courier = db.session.get_one(User, phone.actor)
    return atomically(money.declare, courier, phone.device_id, key, amount, MONDAY, b"s", MONDAY)


def held(world: World, user: User | None = None) -> Purse:
    db.session.rollback()
    return money.purse((user or world.courier).party_id)


def test_what_is_paid_at_the_door_is_the_couriers_to_answer_for_each_stream_apart(world: World) -> None:
    phone = world.phone()
    packet = paid(world, phone)
    paid(world, phone)
    assert held(world) == Purse(postage=120_000, fee=30_000)
    lines = db.session.scalars(sa.select(MoneyLine).filter_by(packet_id=packet.id)).all()
    assert {(line.stream, line.amount, line.receipt) for line in lines} == {
        (Stream.POSTAGE, 60_000, None), (Stream.FEE, 15_000, "000321"),
    }  # fmt: skip
    [day] = money.days(world.courier, today(MONDAY))
    assert (day.postage, day.postage_times, day.fee, day.fee_times, day.by_bank) == (120_000, 2, 30_000, 2, 0)


def test_a_bank_transfer_never_was_the_couriers(world: World) -> None:
    paid(world, world.phone(), BANK)
    assert held(world) == Purse()
    assert money.purse(world.post.party_id) == Purse(postage=60_000, fee=15_000)
    assert money.days(world.courier, today(MONDAY))[0].by_bank == 75_000


def test_a_scan_told_again_and_one_that_says_nothing_of_money_add_nothing(world: World) -> None:
    phone = world.phone()
    packet = world.packet()
    scan = phone.scan(packet, "collect", proof=[("CODE", world.code(packet))], extra=Extra.read({"salt": "s"} | CASH))
    for _ in range(2):
        world.record(scan)
    paid(world, phone, None)
    assert held(world).total == 75_000


def test_courier_and_clerk_count_the_same_and_the_account_is_even(world: World) -> None:
    paid(world, world.phone())
    count = settle(world)
    assert (count.difference, count.reason, count.word, count.postage, count.fee) == (0, None, Word.PIN, 60_000, 15_000)
    assert held(world) == Purse()
    assert money.purse(world.post.party_id) == Purse(60_000, 15_000)


def test_what_is_short_stays_on_the_courier_with_a_name_and_the_fee_goes_on_whole(world: World) -> None:
    paid(world, world.phone())
    with pytest.raises(Invalid, match="^money_reason$"):
        settle(world, counted=52_001)
    count = settle(world, counted=52_001, reason="not_recorded")
    assert (count.difference, count.reason) == (-22_999, "not_recorded")
    assert held(world) == Purse(postage=22_999, fee=0)
    late = paid(world, world.phone())  # a receipt that was there all along, a scan that came late
    assert late and held(world) == Purse(postage=82_999, fee=15_000)


def test_a_surplus_is_kept_apart_until_a_late_scan_explains_it(world: World) -> None:
    phone = world.phone()
    paid(world, phone)
    count = settle(world, counted=150_000, reason="not_recorded")
    assert count.difference == 75_000 and held(world).total == -75_000
    paid(world, phone)
    assert held(world).total == 0


def test_the_couriers_own_count_is_their_word_and_is_used_once(world: World) -> None:
    phone = world.phone()
    paid(world, phone)
    with pytest.raises(Refused, match="^money_no_word$"):
        settle(world, pin="")
    first = declare(world, phone, 66_000)
    assert declare(world, phone, 66_000).id == first.id
    with pytest.raises(Refused, match="^money_key$"):
        declare(world, phone, 75_000)
    with pytest.raises(Refused, match="^money_key$"):
        declare(world, world.phone(world.second_courier), 66_000)
    with pytest.raises(Refused, match="^money_two_counts$"):
        settle(world, pin="")
    said = declare(world, phone, 75_000, "b" * 32)
    count = settle(world, pin="")
    assert (count.word, count.declared_id, money.declared(world.courier)) == (Word.DEVICE, said.id, None)
    with pytest.raises(Refused, match="^money_moved$"):
        settle(world, pin="", expected=75_000)


def test_a_count_by_pin_answers_what_its_courier_declared_before_and_nobody_elses(world: World) -> None:
    phone = world.phone()
    paid(world, phone)
    declare(world, phone, 66_000)
    other = declare(world, world.phone(world.second_courier), 0, "b" * 32)
    count = settle(world)
    assert (count.word, count.declared_id, money.declared(world.courier)) == (Word.PIN, None, None)
    found = money.declared(world.second_courier)
    assert found and found.id == other.id


@pytest.mark.parametrize(("amount", "is_sum"), [(-1, False), (0, True), (money.MOST, True), (money.MOST + 1, False)])
def test_a_declared_sum_is_nothing_or_more_and_no_slip_of_the_finger(world: World, amount: int, is_sum: bool) -> None:
    phone = world.phone()
    if is_sum:
        assert declare(world, phone, amount).amount == amount
        return
    with pytest.raises(Invalid, match="^money_amount$"):
        declare(world, phone, amount)


def test_a_phone_signs_its_count_value_by_value_each_on_a_line() -> None:
    assert money.statement("d1", "k", 75_000, "t") == b"money-v1\nd1\nk\n75000\nt"


@pytest.mark.parametrize(
    ("typed", "number"),
    [("7", "7"), ("  AB   0321 ", "AB 0321"), ("1" * 24, "1" * 24), ("1" * 25, None), (" ", None), ("", None)],
)
def test_a_receipt_has_a_number_of_a_few_letters(typed: str, number: str | None) -> None:
    if number is not None:
        assert money.read_receipt(typed) == number
        return
    with pytest.raises(Invalid, match="^receipt_needed$"):
        money.read_receipt(typed)


def test_a_count_is_one_of_a_courier_at_a_post_office_and_is_noted(world: World) -> None:
    for over in ({"clerk": world.supervisor}, {"courier": world.officer, "expected": 0}):
        with pytest.raises(Refused, match="^no_office$"):
            settle(world, **over)
    paid(world, world.phone())
    count = settle(world, counted=70_000, reason="lost")
    lines = db.session.scalars(sa.select(MoneyLine).filter_by(count_id=count.id)).all()
    assert {(line.stream, line.amount) for line in lines} == {(Stream.FEE, 15_000), (Stream.POSTAGE, 55_000)}
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="money_counted")).one()
    assert (noted.subject, noted.details) == (world.courier.id, {"count": count.id, "difference": -5_000})


def test_what_was_handed_in_for_a_collection_that_never_was_stays_a_surplus_under_their_name(world: World) -> None:
    phone = world.phone()
    packet = paid(world, phone)
    settle(world)
    act = world.act(world.dispatcher)
    atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
    paid(world, phone, CASH | {"money": {"paid_by": "cash", "postage": 60_000, "fee": 0}})
    assert held(world) == Purse(0, -15_000)
    assert settle(world, counted=0, reason="not_recorded").difference == 15_000
    assert held(world) == Purse(0, -15_000), "the office makes good only a fee that was given back"


def test_two_clerks_at_once_count_a_courier_once(app: Flask, world: World) -> None:
    paid(world, world.phone())
    facts = {"expected": 75_000, "counted": 75_000, "pin": world.PIN}

    def count(clerk_id: str) -> object:
        courier = db.session.get_one(User, world.courier.id)
        act = world.act(db.session.get_one(User, clerk_id))
        try:
            return atomically(money.settle, courier, act, **facts)
        except Refused as refusal:
            return refusal.key

    answers = rush(app, [lambda: count(world.clerk.id)] * 4)
    assert answers.count("money_moved") == 3
    assert (held(world), money.purse(world.post.party_id)) == (Purse(), Purse(60_000, 15_000))


def test_a_wrong_pin_or_an_old_page_records_nothing(world: World) -> None:
    paid(world, world.phone())
    for over, key in (
        ({"pin": "000000"}, "pin_wrong"),
        ({"expected": 1}, "money_moved"),
        ({"counted": -1}, "money_amount"),
        ({"counted": money.MOST + 1}, "money_amount"),
    ):
        with pytest.raises(Refused, match=f"^{key}$"):
            settle(world, **over)
    assert held(world).total == 75_000 and db.session.scalar(sa.select(sa.func.count()).select_from(Count)) == 0


def test_a_collection_two_people_take_back_takes_its_money_back(world: World) -> None:
    packet = paid(world, world.phone())
    act = world.act(world.dispatcher, MONDAY + timedelta(hours=1))
    atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
    assert world.fresh(packet).state is State.WAITING
    assert held(world) == Purse()
    assert money.days(world.courier, today(MONDAY)) == [money.Day(today(MONDAY))]


def test_a_bank_transfer_two_people_take_back_was_none_and_one_dong_is_a_collection(world: World) -> None:
    packet = paid(world, world.phone(), BANK)
    act = world.act(world.dispatcher, MONDAY + timedelta(hours=1))
    atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
    paid(world, world.phone(), {"money": {"paid_by": "cash", "postage": 1, "fee": 0}})
    assert money.days(world.courier, today(MONDAY)) == [money.Day(today(MONDAY), postage=1, postage_times=1)]


def test_a_phone_is_told_what_the_lines_say_which_scans_they_know_and_what_came_of_its_count(world: World) -> None:
    def told(days: int = 0, user: User | None = None) -> dict[str, Any]:
        db.session.rollback()
        return money.told(user or world.courier, MONDAY + timedelta(days=days))

    phone, other = world.phone(), world.phone(world.second_courier)
    packet, theirs = paid(world, phone), paid(world, other, BANK)
    declare(world, phone, 70_000)
    nothing = {
        "postage": 0,
        "fee": 0,
        "by_bank": 0,
        "times": [0, 0],
        "given_back": 0,
        "declared": None,
        "counted": None,
    }
    mine = nothing | {
        "postage": 60_000, "fee": 15_000, "times": [1, 1], "given_back": 0, "scans": [packet.head.hex()],
        "declared": {"amount": 70_000, "at": told()["declared"]["at"]},
    }  # fmt: skip
    assert told() == mine and datetime.fromisoformat(mine["declared"]["at"]) == MONDAY
    assert told(user=world.second_courier) == nothing | {"by_bank": 75_000, "scans": [theirs.head.hex()]}
    settle(world, counted=70_000, reason="lost", pin="")
    counted = {"amount": 70_000, "difference": -5_000, "reason": "lost", "at": mine["declared"]["at"]}
    after = mine | {"postage": 5_000, "fee": 0, "declared": None, "counted": counted}
    assert told() == after
    assert told(3) == after | {"times": [0, 0]}, "for three days"
    assert told(4) == nothing | {"postage": 5_000, "scans": []}


def test_the_accounts_of_each_stream_balance_after_any_history(world: World) -> None:
    random_, couriers = random.Random(5), [world.courier, world.second_courier]
    phones = {courier.id: world.phone(courier) for courier in couriers}
    for _ in range(24):
        courier = random_.choice(couriers)
        if random_.random() < 0.6:
            paid(world, phones[courier.id], random_.choice([CASH, CASH, BANK, None]))
            continue
        owed = held(world, courier).total
        counted = max(0, owed + random_.choice([0, 0, -15_000, 1, 500_000]))
        settle(world, courier, counted=counted, reason="not_known")
    db.session.rollback()
    parties = set(db.session.scalars(sa.select(MoneyLine.giver_id))) | set(
        db.session.scalars(sa.select(MoneyLine.taker_id))
    )
    purses = money.purses(parties)
    assert (sum(p.postage for p in purses.values()), sum(p.fee for p in purses.values())) == (0, 0)
    for courier in couriers:  # what a courier is said to owe is what every count left open
        lines = db.session.scalars(sa.select(MoneyLine).filter_by(taker_id=courier.party_id)).all()
        counts = db.session.scalars(sa.select(Count).filter_by(courier_id=courier.id)).all()
        assert held(world, courier).total == sum(line.amount for line in lines) - sum(count.counted for count in counts)
