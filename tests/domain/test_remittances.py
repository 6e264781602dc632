"""Fees go on whole: collected at doors, handed over with a list, receipted by the ward; every stream balances after any
history, and no fee is passed on twice."""

import random
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import (
    booking,
    corrections,
    counter,
    fees,
    incidents,
    money,
    oversight,
    remittances,
    takings,
    tallies,
    tasks,
    visits,
)
from app.domain.audit import AuditLine
from app.domain.bodies import Extra
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier
from app.domain.incidents import Incident, Outcome, Side, Sort
from app.domain.money import Event, MoneyLine, Purse
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, User
from app.domain.postage import Fault, Stream
from app.domain.remittances import Remittance, RemittedFee
from app.domain.tasks import TaskKind
from app.errors import Invalid, Missing, Refused
from tests.domain.test_money import BANK, CASH, held, paid, settle
from tests.test_race import rush
from tests.world import MONDAY, World


def owed(world: World) -> dict[str, int]:
    db.session.rollback()
    return {one.desk.name: one.amount for one in remittances.owed(world.post)}


def hand_over(world: World, key: str = "", **over: Any) -> Remittance:
    act = world.act(over.pop("by", world.clerk))
    facts = {"expected": owed(world).get(world.desk.name, 0)} | over
    return atomically(remittances.hand_over, world.desk.id, act, key or secrets.token_hex(16), **facts)


def test_fees_are_passed_on_once_the_courier_has_handed_them_in_and_are_the_wards_with_its_receipt(
    world: World,
) -> None:
    cash = paid(world, world.phone())
    bank = paid(world, world.phone(world.second_courier), BANK)
    assert owed(world) == {world.desk.name: 15_000}  # what came by bank; the cash is with the courier yet
    settle(world)
    assert owed(world) == {world.desk.name: 30_000}
    for over, why in (({"expected": 15_000}, "money_moved"), ({"by": world.supervisor}, "no_office")):
        with pytest.raises(Refused, match=f"^{why}$"):
            hand_over(world, **over)
    made = hand_over(world, "k" * 32)
    assert hand_over(world, "k" * 32, expected=30_000).id == made.id
    assert (made.amount, owed(world), money.purse(world.post.party_id).fee) == (30_000, {}, 30_000)
    with pytest.raises(Refused, match="^fees_none$"):
        hand_over(world)
    officer = world.act(world.officer)
    for counted, receipt, key in ((29_000, "0001", "fees_differ"), (30_000, " ", "receipt_needed")):
        with pytest.raises(Invalid, match=f"^{key}$"):
            atomically(remittances.receive, made, officer, counted, receipt)
    for _ in range(2):
        atomically(remittances.receive, made, officer, 30_000, "0001")
    db.session.rollback()
    assert money.purse(world.post.party_id) == Purse(postage=120_000)
    assert money.purse(world.desk.party_id) == Purse(fee=30_000)
    for again in (
        lambda: remittances.refuse(made, officer, "too late"),
        lambda: remittances.receive(made, officer, 30_000, "2"),
    ):
        with pytest.raises(Refused, match="^remittance_over$"):
            atomically(again)
    assert remittances.get(world.officer, made.number).receipt == "0001"
    with pytest.raises(Missing, match="^remittance_unknown$"):
        remittances.get(world.strange_officer, made.number)
    assert remittances.of(world.stranger) == []
    named = [(line.amount, line.packet_id, dossier.id) for line, dossier in remittances.dossiers_of(made)]
    assert named == [(15_000, packet.id, packet.dossier_id) for packet in (cash, bank)]
    assert re.fullmatch(r"NP-\d{6}-\d+-?\d*", made.number), made.number
    noted = db.session.scalars(sa.select(AuditLine).where(AuditLine.action.like("fees_%")).order_by(AuditLine.id)).all()
    assert [(one.action, one.subject, one.details) for one in noted] == [
        ("fees_handed_over", made.number, {"amount": 30_000, "fees": 2}),
        ("fees_received", made.number, {"amount": 30_000}),
    ]


def test_a_list_that_does_not_add_up_is_refused_and_its_fees_wait_for_the_next(world: World) -> None:
    paid(world, world.phone(), BANK)
    made = hand_over(world)
    officer = world.act(world.officer)
    for words, why in ((" ", "words_needed"), ("x" * 301, "words_long")):
        with pytest.raises(Invalid, match=f"^{why}$"):
            atomically(remittances.refuse, made, officer, words)
    for _ in range(2):
        atomically(remittances.refuse, made, officer, " one   note is torn ")
    with pytest.raises(Refused, match="^remittance_over$"):
        atomically(remittances.refuse, made, officer, "no, two")
    assert (owed(world), money.purse(world.desk.party_id)) == ({world.desk.name: 15_000}, Purse())
    again = hand_over(world)
    atomically(remittances.refuse, again, officer, "x" * 300)
    assert (made.refused, again.amount, again.refused) == ("one note is torn", 15_000, "x" * 300)
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="fees_refused", subject=made.number)).one()
    assert noted.details == {"amount": 15_000}


def test_a_short_till_passes_on_whole_fees_only_and_a_collection_taken_back_none(world: World) -> None:
    phone = world.phone()
    paid(world, phone)
    packet = paid(world, phone)
    settle(world, counted=20_000, reason="lost")
    assert owed(world) == {world.desk.name: 15_000}
    act = world.act(world.dispatcher)
    atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
    assert owed(world) == {world.desk.name: 15_000}


def test_what_is_under_way_in_a_short_till_is_not_promised_twice(world: World) -> None:
    phone = world.phone()
    paid(world, phone)
    paid(world, phone)
    settle(world, counted=20_000, reason="lost")
    assert (hand_over(world).amount, owed(world)) == (15_000, {}), "five thousand are left, and no fee is so small"


def test_a_list_names_the_fee_that_stands_not_the_one_that_was_taken_back(world: World) -> None:
    """Of two packets, and of one that was collected twice."""

    def take_back(packet: Packet) -> None:
        act = world.act(world.dispatcher)
        atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)

    def listed() -> list[int]:
        db.session.rollback()
        return [line.id for one in remittances.owed(world.post) for line in one.lines]

    alone = BANK | {"money": {"paid_by": "transfer", "postage": 0, "fee": 15_000}}
    first, second = paid(world, world.phone(), alone), paid(world, world.phone(), BANK)
    take_back(first)
    standing = takings.paid(second)[Stream.FEE].id
    assert listed() == [standing]
    first = world.fresh(first)
    extra, proof = Extra.read({"salt": "s"} | alone), [("CODE", world.code(first))]
    assert world.record(world.phone().scan(first, "collect", proof=proof, extra=extra)).verdict == "applied"
    assert listed() == [standing, takings.paid(world.fresh(first))[Stream.FEE].id]


def test_two_clerks_at_once_write_one_list_and_two_officers_end_it_once(app: Flask, world: World) -> None:
    def act(user_id: str) -> Act:
        return world.act(db.session.get_one(User, user_id))

    def tried(verb: Callable[[], object]) -> str:
        try:
            atomically(verb)
        except Refused as refusal:
            return refusal.key
        return "done"

    paid(world, world.phone(), BANK)
    desk, clerk, officer = world.desk.id, world.clerk.id, world.officer.id
    write = lambda: tried(  # noqa: E731
        lambda: remittances.hand_over(desk, act(clerk), secrets.token_hex(16), 15_000)
    )
    assert sorted(map(str, rush(app, [write] * 4))) == ["done", "fees_none", "fees_none", "fees_none"]
    db.session.rollback()
    made = db.session.scalars(sa.select(Remittance.id)).one()
    ends: list[Callable[[Remittance], None]] = [
        lambda it: remittances.receive(it, act(officer), 15_000, "1"),
        lambda it: remittances.receive(it, act(officer), 15_000, "2"),
        lambda it: remittances.refuse(it, act(officer), "no"),
    ]
    over = rush(app, [lambda end=end: tried(lambda: end(db.session.get_one(Remittance, made))) for end in ends])
    assert sorted(map(str, over)) == ["done", "remittance_over", "remittance_over"]
    db.session.rollback()
    passed = db.session.scalars(sa.select(MoneyLine.amount).filter_by(event=Event.REMITTED)).all()
    assert list(passed) == ([15_000] if db.session.get_one(Remittance, made).receipt else [])


def test_a_day_of_the_office_ends_with_what_it_began_with_and_what_came_less_what_left(world: World) -> None:
    paid(world, world.phone())
    paid(world, world.phone(world.second_courier), BANK)
    settle(world, counted=60_000, reason="wrong_change")
    made = hand_over(world)
    atomically(remittances.receive, made, world.act(world.officer), made.amount, "0001")
    couriers = [world.courier, world.second_courier]
    first, second = tallies.tallies(couriers, world.post, MONDAY.date())
    assert (first.cash, first.handed_in, first.held) == (Purse(60_000, 15_000), Purse(45_000, 15_000), Purse(15_000))
    assert ([count.difference for count in first.counts], second.by_bank) == ([-15_000], 75_000)
    till = tallies.till(world.post, MONDAY.date())
    assert (till.before, till.came, till.left) == (Purse(), Purse(105_000, 30_000), Purse(0, 30_000))
    assert till.after == money.purse(world.post.party_id)


def test_a_day_begins_with_what_the_day_before_ended_with_whatever_came_and_went(world: World) -> None:
    paid(world, world.phone())
    refunded = paid(world, world.phone(world.second_courier), BANK)
    settle(world)
    file = atomically(incidents.open_, refunded, world.act(world.clerk), Sort.LATE, Side.CITIZEN, "four days late")
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "the van stood still")
    atomically(incidents.close, file, world.act(world.supervisor), Outcome.LATE, Fault.POST, 0, "the post's own delay")
    atomically(incidents.refund, file, world.act(world.clerk))
    made = hand_over(world)
    atomically(remittances.receive, made, world.act(world.officer), made.amount, "0001")
    day, next_day, ends = MONDAY.date(), MONDAY.date() + timedelta(days=1), Purse(60_000, 0)
    first, second = tallies.till(world.post, day), tallies.till(world.post, next_day)
    assert (first.before, first.came, first.left) == (Purse(), Purse(120_000, 30_000), Purse(60_000, 30_000))
    assert first.after == second.before == second.after == money.purse(world.post.party_id) == ends
    assert (second.came, second.left) == (Purse(), Purse())


@pytest.mark.parametrize("said", [CASH, BANK])
def test_a_collection_two_people_take_back_is_none_of_its_couriers_day(world: World, said: dict[str, Any]) -> None:
    phone = world.phone()
    paid(world, world.phone(world.second_courier))
    packet = paid(world, phone, said)
    act = world.act(world.dispatcher)
    atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
    (tally,) = tallies.tallies([world.courier, world.second_courier], world.post, MONDAY.date())
    assert (tally.courier.id, tally.cash, tally.by_bank) == (world.second_courier.id, Purse(60_000, 15_000), 0)
    paid(world, phone, said)
    tally, _ = tallies.tallies([world.courier, world.second_courier], world.post, MONDAY.date())
    assert (tally.cash, tally.by_bank) == ((Purse(60_000, 15_000), 0) if said is CASH else (Purse(), 75_000))


def test_postage_goes_back_where_the_post_was_at_fault_once_and_no_more_than_was_paid(world: World) -> None:
    packet = paid(world, world.phone())
    file = atomically(incidents.open_, packet, world.act(world.clerk), Sort.LATE, Side.CITIZEN, "four days late")
    with pytest.raises(Refused, match="refund_not_owed"):
        atomically(incidents.refund, file, world.act(world.clerk))
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "the van stood still")
    atomically(incidents.close, file, world.act(world.supervisor), Outcome.LATE, Fault.POST, 0, "the post's own delay")
    again = atomically(incidents.open_, packet, world.act(world.clerk), Sort.LATE, Side.CITIZEN, "told twice")
    atomically(incidents.say, again, world.act(world.clerk), Side.POST, "the same van")
    atomically(incidents.close, again, world.act(world.supervisor), Outcome.LATE, Fault.POST, 0, "the same delay")
    assert [atomically(incidents.refund, each, world.act(world.clerk)) for each in (file, file, again)] == [
        60_000,
        0,
        0,
    ]
    db.session.rollback()
    assert money.purse(packet.dossier.citizen.party_id) == Purse(postage=0, fee=-15_000)
    assert money.purse(world.post.party_id) == Purse(postage=-60_000)  # until the courier hands in


def test_a_compensation_includes_the_postage_of_every_file_of_the_dossier(world: World) -> None:
    packet = paid(world, world.phone())

    def ended(sort: Sort, outcome: Outcome, compensation: int) -> Incident:
        file = atomically(incidents.open_, packet, world.act(world.clerk), sort, Side.CITIZEN, "the bag was wet")
        atomically(incidents.say, file, world.act(world.clerk), Side.POST, "the van stood still")
        atomically(incidents.close, file, world.act(world.supervisor), outcome, Fault.POST, compensation, "the post's")
        return file

    late = ended(Sort.LATE, Outcome.LATE, 0)
    assert incidents.postage_owed(late) == 60_000
    damaged = ended(Sort.DAMAGED, Outcome.DAMAGED, incidents.least(late))
    assert [incidents.postage_owed(each) for each in (late, damaged)] == [0, 0]
    assert [atomically(incidents.refund, each, world.act(world.clerk)) for each in (late, damaged)] == [0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_the_accounts_balance_after_any_history_and_no_fee_is_passed_on_twice(world: World, seed: int) -> None:
    random_, courier, phone = random.Random(seed), world.courier, world.phone()
    packets = []
    for _ in range(30):
        what = random_.choice(["pay", "pay", "pay", "settle", "list", "end", "back"])
        lists = db.session.scalars(sa.select(Remittance).filter_by(ended_at=None)).all()
        if what == "pay":
            packets.append(paid(world, phone, random_.choice([CASH, BANK, None])))
        elif what == "settle":
            settle(world, courier, counted=max(0, held(world).total + random_.choice([0, 0, -20_000])), reason="lost")
        elif what == "list" and owed(world):
            hand_over(world)
        elif what == "end" and lists:
            if random_.random() < 0.6:
                atomically(remittances.receive, lists[0], world.act(world.officer), lists[0].amount, lists[0].number)
            else:
                atomically(remittances.refuse, lists[0], world.act(world.officer), "no")
        elif what == "back" and packets:
            packet = world.fresh(packets.pop())
            act = world.act(world.dispatcher)
            atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
        db.session.rollback()
        parties = {line.giver_id for line in db.session.scalars(sa.select(MoneyLine))}
        parties |= {line.taker_id for line in db.session.scalars(sa.select(MoneyLine))}
        purses = money.purses(parties)
        assert (sum(p.postage for p in purses.values()), sum(p.fee for p in purses.values())) == (0, 0)
        standing = sa.select(RemittedFee.line_id).join(Remittance).where(Remittance.refused.is_(None))
        fees = list(db.session.scalars(standing))
        assert len(fees) == len(set(fees))
        receipted = db.session.scalars(sa.select(MoneyLine.amount).filter_by(event=Event.REMITTED)).all()
        assert money.purse(world.desk.party_id).fee == sum(receipted)
        assert money.purse(world.post.party_id).fee >= 0


# ---- a booking that is called off -------------------------------------------------------------------------------


def called_off(world: World, said: dict[str, Any] = CASH) -> Packet:
    """The fee was paid at the door, and the citizen wants the papers back before the ward has them."""
    packet = paid(world, world.phone(), said)
    atomically(corrections.call_off, packet, world.act(world.clerk))
    return world.fresh(packet)


def handed_in(world: World, packet: Packet) -> Packet:
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    return world.fresh(packet)


def hand_out(world: World, packet: Packet, fee_back: bool) -> Packet:
    facts: dict[str, Any] = {"seal": "NP0045821", "wet_seen": True, "fee_back": fee_back}
    atomically(lambda: counter.hand_out(packet, world.act(world.clerk), **facts))
    return world.fresh(packet)


def matters(packet: Packet) -> dict[TaskKind, dict[str, Any]]:
    db.session.rollback()
    return {task.kind: task.facts for task in tasks.open_about(packet)}


def citizens(packet: Packet) -> int:
    db.session.rollback()
    return money.purse(packet.dossier.citizen.party_id).fee


@pytest.mark.parametrize("said", [CASH, BANK])
def test_the_fee_of_a_booking_called_off_is_owed_to_its_citizen_and_passed_on_no_more(
    world: World, said: dict[str, Any]
) -> None:
    packet, other = called_off(world, said), paid(world, world.phone())
    assert matters(packet)[TaskKind.FEE_OWED] == {"amount": 15_000} and TaskKind.FEE_OWED not in matters(other)
    (task,) = [one for one in tasks.open_about(packet) if one.kind is TaskKind.FEE_OWED]
    assert (task.office_id, fees.post_owes(packet.dossier)) == (world.post.id, 15_000)
    settle(world)
    assert owed(world) == {world.desk.name: 15_000}, "of the other one"
    packet = hand_out(world, handed_in(world, packet), fee_back=True)
    assert (packet.state, matters(packet), citizens(packet)) == (State.DELIVERED, {}, 0)
    assert task.outcome == "fee_is_home"
    assert money.purse(world.post.party_id).fee == 15_000 and owed(world) == {world.desk.name: 15_000}
    told = [one.kind for one in db.session.scalars(sa.select(Message).order_by(Message.id))]
    assert told.count("fee_returned") == 1


def test_papers_that_went_home_without_the_fee_leave_it_with_somebody_until_it_is_paid_out(world: World) -> None:
    packet = hand_out(world, handed_in(world, called_off(world)), fee_back=False)
    assert (matters(packet).keys(), citizens(packet)) == ({TaskKind.FEE_OWED}, -15_000)
    (task,) = tasks.open_about(packet)
    settle(world)
    atomically(oversight.close, task, "fee_paid_out", world.act(world.clerk))
    assert (matters(packet), citizens(packet), money.purse(world.post.party_id)) == ({}, 0, Purse(60_000))
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="fee_paid_out")).one()
    assert (noted.subject, noted.details) == (packet.number, {"amount": 15_000})
    with pytest.raises(Refused, match="^fee_not_held$"):
        atomically(remittances.pay_out, packet, world.act(world.clerk))


def test_the_courier_who_brings_the_papers_home_gives_the_fee_back_out_of_the_bag(world: World) -> None:
    phone, packet = world.phone(), handed_in(world, called_off(world))
    settle(world)
    assert world.record(phone.scan(packet, "take", seal="NP0045821")).verdict == "applied"
    paid(world, phone)
    extra = Extra.read({"salt": "s", "money": {"given_back": 15_000}})
    facts = {"taker": packet.dossier.citizen.party_id, "proof": [("CODE", world.code(packet, Purpose.DELIVER))]}
    assert world.record(phone.scan(world.fresh(packet), "deliver", extra=extra, **facts)).verdict == "applied"
    packet = world.fresh(packet)
    assert (matters(packet), citizens(packet), held(world)) == ({}, 0, Purse(60_000, 0))
    assert takings.paid(packet)[Stream.FEE].amount == 15_000, "what the slip says was paid stays as it was"
    day = money.told(world.courier, MONDAY)
    assert (day["fee"], day["times"]) == (0, [2, 2])
    settle(world)
    assert (held(world), money.purse(world.post.party_id), owed(world)) == (
        Purse(), Purse(120_000, 15_000), {world.desk.name: 15_000},
    )  # fmt: skip
    act = world.act(world.clerk)
    atomically(corrections.correct, packet, act, second=world.dispatcher, reason="wrong_packet", head=packet.head)
    assert (matters(packet)[TaskKind.FEE_OWED], citizens(packet)) == ({"amount": 15_000}, -15_000)
    assert takings.paid(packet)[Stream.FEE].amount == 15_000, "given back or not, it was paid at the door"


def test_a_courier_who_gave_more_fees_back_than_they_took_is_made_good_by_the_office(world: World) -> None:
    phone, packet = world.phone(), handed_in(world, called_off(world))
    settle(world)
    world.record(phone.scan(packet, "take", seal="NP0045821"))
    paid(world, phone, CASH | {"money": {"paid_by": "cash", "postage": 60_000, "fee": 0}})
    extra = Extra.read({"salt": "s", "money": {"given_back": 99_000}})
    facts = {"taker": packet.dossier.citizen.party_id, "proof": [("CODE", world.code(packet, Purpose.DELIVER))]}
    world.record(phone.scan(world.fresh(packet), "deliver", extra=extra, **facts))
    assert held(world) == Purse(60_000, -15_000), "no more than is owed"
    settle(world)
    assert (held(world), money.purse(world.post.party_id)) == (Purse(), Purse(120_000))


def gave_back_of_their_own(world: World) -> Packet:
    """A courier brought called-off papers home with an empty bag, and gave the fee back all the same."""
    phone = world.phone()
    packet = paid(world, phone)
    atomically(corrections.call_off, packet, world.act(world.clerk))
    packet = handed_in(world, world.fresh(packet))
    settle(world)
    world.record(phone.scan(packet, "take", seal="NP0045821"))
    extra = Extra.read({"salt": "s", "money": {"given_back": 15_000}})
    facts = {"taker": packet.dossier.citizen.party_id, "proof": [("CODE", world.code(packet, Purpose.DELIVER))]}
    assert world.record(phone.scan(world.fresh(packet), "deliver", extra=extra, **facts)).verdict == "applied"
    return world.fresh(packet)


def test_what_a_courier_has_advanced_is_paid_back_over_the_counter_and_is_no_difference(world: World) -> None:
    gave_back_of_their_own(world)
    act, till = world.act(world.clerk), money.purse(world.post.party_id)
    assert (held(world), money.advanced(world.courier)) == (Purse(0, -15_000), 15_000)
    assert money.told(world.courier, MONDAY)["given_back"] == 15_000
    paid(world, world.phone(world.second_courier))
    found = tallies.tallies([world.courier, world.second_courier], world.post, MONDAY.date())
    assert [tally.advanced for tally in found] == [15_000, 0]
    good = {"expected": 15_000, "pin": World.PIN}
    for by, wrong, refusal in (
        (world.clerk, {"expected": 14_000}, "money_moved"), (world.clerk, {"pin": "000000"}, "pin_wrong"),
        (world.supervisor, {}, "no_office"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=f"^{refusal}$"):
            atomically(money.make_good, world.courier, world.act(by), **good | wrong)
    atomically(money.make_good, world.courier, act, expected=15_000, pin=World.PIN)
    assert (held(world), money.advanced(world.courier)) == (Purse(), 0)
    assert money.purse(world.post.party_id) == Purse(till.postage, till.fee - 15_000)
    with pytest.raises(Refused, match="^money_moved$"):
        atomically(money.make_good, world.courier, act, expected=15_000, pin=World.PIN)
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="money_made_good")).one()
    assert (noted.subject, noted.details["amount"]) == (world.courier.id, 15_000)
    paid(world, world.phone())
    settle(world)
    assert held(world) == Purse() and money.newest(world.courier).difference == 0  # type: ignore[union-attr]
    sides = [set(db.session.scalars(sa.select(side))) for side in (MoneyLine.giver_id, MoneyLine.taker_id)]
    all_ = money.purses(set.union(*sides)).values()
    assert (sum(one.postage for one in all_), sum(one.fee for one in all_)) == (0, 0)


def test_what_was_made_good_is_no_advance_a_second_time(world: World) -> None:
    gave_back_of_their_own(world)
    atomically(money.make_good, world.courier, world.act(world.clerk), expected=15_000, pin=World.PIN)

    def hand_in_too_much() -> None:
        db.session.add(
            MoneyLine(
                stream=Stream.POSTAGE, event=Event.HANDED_OVER, giver_id=world.courier.party_id, amount=10_000,
                taker_id=world.post.party_id, day=MONDAY.date(), by_id=world.clerk.id, at=MONDAY,
            )
        )  # fmt: skip

    atomically(hand_in_too_much)
    assert (held(world), money.advanced(world.courier)) == (Purse(-10_000, 0), 0)


def test_of_four_who_pay_an_advance_back_at_once_one_does(app: Flask, world: World) -> None:
    gave_back_of_their_own(world)
    courier, clerk = world.courier.id, world.clerk.id

    def pay() -> str:
        who, by = db.session.get_one(User, courier), db.session.get_one(User, clerk)
        try:
            atomically(money.make_good, who, world.act(by), expected=15_000, pin=World.PIN)
        except Refused as refusal:
            return refusal.key
        return "paid"

    assert sorted(rush(app, [pay] * 4)) == ["money_moved"] * 3 + ["paid"]
    assert held(world) == Purse()


def test_what_a_bag_holds_or_a_count_left_over_is_no_advance(world: World) -> None:
    packet = gave_back_of_their_own(world)
    paid(world, world.phone())
    assert (held(world), money.advanced(world.courier)) == (Purse(60_000, 0), 0)
    for hours, more in ((1, 0), (2, 5_000)):
        act, total = world.act(world.clerk, MONDAY + timedelta(hours=hours)), held(world).total
        facts = {"counted": total + more, "reason": "not_known", "pin": World.PIN}
        atomically(money.settle, world.courier, act, expected=total, **facts)
    assert (held(world), money.advanced(world.courier)) == (Purse(-5_000, 0), 0), "too much, and nobody knows why"
    assert fees.home(packet.dossier) == 15_000


def test_what_the_post_has_given_back_before_the_ward_has_is_an_advance_until_the_ward_gives_it_back(
    world: World,
) -> None:
    packet = paid(world, world.phone(), BANK)
    made = hand_over(world)
    atomically(remittances.receive, made, world.act(world.officer), made.amount, "0001")
    atomically(corrections.call_off, world.fresh(packet), world.act(world.clerk))
    assert remittances.advanced(world.post) == [], "nobody has been given it back yet"
    hand_out(world, handed_in(world, world.fresh(packet)), fee_back=True)
    assert money.purse(world.post.party_id).fee == -15_000
    (one,) = remittances.advanced(world.post)
    assert (one.desk.id, one.task.packet_id, one.amount, remittances.advanced(world.other_post)) == (world.desk.id, packet.id, 15_000, [])  # fmt: skip
    atomically(oversight.close, one.task, "fee_given_back", world.act(world.clerk))
    assert (remittances.advanced(world.post), money.purse(world.post.party_id).fee) == ([], 0)


def test_a_courier_who_brings_the_papers_home_and_says_nothing_of_the_fee_has_not_given_it_back(world: World) -> None:
    phone, packet = world.phone(), handed_in(world, called_off(world))
    world.record(phone.scan(packet, "take", seal="NP0045821"))
    extra = Extra.read({"salt": "s", "money": {"paid_by": None}})
    facts = {"taker": packet.dossier.citizen.party_id, "proof": [("CODE", world.code(packet, Purpose.DELIVER))]}
    assert world.record(phone.scan(world.fresh(packet), "deliver", extra=extra, **facts)).verdict == "applied"
    assert (matters(packet)[TaskKind.FEE_OWED], citizens(packet)) == ({"amount": 15_000}, -15_000)


def test_only_where_papers_that_were_called_off_come_home_the_fee_is_given_back_and_nothing_is_asked_for(
    world: World,
) -> None:
    def call(packet: Packet) -> tuple[int, int]:
        visit = visits.current(packet.id)
        assert visit
        return takings.at_visit(visit).total, takings.to_give_back(visit)

    packet, result = paid(world, world.phone()), world.packet(Way.OUT)
    assert (call(world.packet()), call(result)) == ((75_000, 0), (0, 0))
    atomically(corrections.call_off, packet, world.act(world.clerk))
    assert call(packet) == (75_000, 0), "the call at which it was collected"
    packet = handed_in(world, world.fresh(packet))
    atomically(counter.bring_home, packet, world.act(world.clerk))
    assert call(packet) == (0, 15_000)


@pytest.mark.parametrize("early", [True, False])
def test_a_fee_the_ward_has_receipted_is_asked_back_and_the_post_owes_it_all_the_same(
    world: World, early: bool
) -> None:
    packet = paid(world, world.phone(), BANK)
    made, officer = hand_over(world), world.act(world.officer)
    if early:
        atomically(corrections.call_off, packet, world.act(world.clerk))
    atomically(remittances.receive, made, officer, made.amount, "0001")
    if not early:
        atomically(corrections.call_off, world.fresh(packet), world.act(world.clerk))
    found = matters(packet)
    assert (found[TaskKind.FEE_OWED], found[TaskKind.FEE_BACK]) == ({"amount": 15_000}, {"receipt": made.number})
    asked = {task.kind: task for task in tasks.open_about(packet)}
    atomically(oversight.close, asked[TaskKind.FEE_BACK], "fee_given_back", world.act(world.clerk))
    hand_out(world, handed_in(world, world.fresh(packet)), fee_back=False)
    assert matters(packet).keys() == {TaskKind.FEE_OWED}, "what somebody has seen to is not asked again"
    atomically(oversight.close, asked[TaskKind.FEE_OWED], "fee_paid_out", world.act(world.clerk))
    db.session.rollback()
    assert (citizens(packet), money.purse(world.desk.party_id).fee, money.purse(world.post.party_id).fee) == (0, 0, 0)
    assert matters(packet) == {}


def test_what_is_collected_after_it_was_called_off_is_owed_as_soon_as_it_is_known(world: World) -> None:
    packet, phone = world.packet(), world.phone()
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    proof = [("CODE", world.code(packet))]
    world.record(phone.scan(packet, "collect", proof=proof, extra=Extra.read({"salt": "s"} | CASH)))
    assert matters(packet)[TaskKind.FEE_OWED] == {"amount": 15_000}


def test_what_came_home_is_what_the_citizen_has_of_it_and_of_a_booking_that_stands_nothing_is_owed(
    world: World,
) -> None:
    def fee(packet: Packet) -> tuple[int, int]:
        db.session.rollback()
        return fees.post_owes(packet.dossier), fees.home(packet.dossier)

    packet, unpaid = called_off(world), paid(world, world.phone(), None)
    assert fee(paid(world, world.phone())) == fee(unpaid) == (0, 0)
    atomically(corrections.call_off, unpaid, world.act(world.clerk))
    assert (fee(packet), fee(unpaid)) == ((15_000, 0), (0, 0))
    packet, act = hand_out(world, handed_in(world, packet), fee_back=True), world.act(world.clerk)
    assert fee(packet) == (0, 15_000)
    atomically(corrections.correct, packet, act, second=world.dispatcher, reason="wrong_packet", head=packet.head)
    assert fee(packet) == (15_000, 0)
    assert fee(hand_out(world, world.fresh(packet), fee_back=True)) == (0, 15_000), "once, though it was given twice"


def test_a_fee_the_ward_has_receipted_is_asked_back_when_it_was_never_collected_and_no_other_is(world: World) -> None:
    wrong, right, later = (paid(world, world.phone(), BANK) for _ in range(3))
    made = hand_over(world)
    atomically(remittances.receive, made, world.act(world.officer), made.amount, "0001")
    unlisted = paid(world, world.phone(), BANK)
    act = world.act(world.dispatcher)
    atomically(corrections.correct, wrong, act, second=world.clerk, reason="wrong_packet", head=wrong.head)
    atomically(corrections.call_off, unlisted, world.act(world.clerk))
    assert matters(wrong)[TaskKind.FEE_BACK] == {"receipt": made.number}
    assert all(TaskKind.FEE_BACK not in matters(each) for each in (right, later, unlisted)), "the ward never had it"
    (task,) = [one for one in tasks.open_about(wrong) if one.kind is TaskKind.FEE_BACK]
    atomically(oversight.close, task, "fee_given_back", world.act(world.clerk))
    db.session.rollback()
    assert (money.purse(world.desk.party_id).fee, money.purse(world.post.party_id).fee) == (30_000, 15_000)
