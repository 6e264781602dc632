"""Home once more: the party at fault pays, one failure costs one way, and the record decides where nobody else may."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import booking, counter, day, money, reception, repeats, results, visits
from app.domain.audit import AuditLine
from app.domain.bodies import Extra
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import ReturnWay
from app.domain.manifests import Word
from app.domain.money import MoneyLine, Purse
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, User
from app.domain.postage import Fault
from app.domain.steps import REASONS
from app.errors import Refused
from tests.domain.test_shelf import held
from tests.test_race import rush
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
WAY = 26_000
CASH = Extra.read({"salt": "s", "money": {"paid_by": "cash"}})


def failed(world: World, reason: str = "nobody_home", event: str = "miss", next_: str = "back_to_desk") -> Packet:
    """A result a courier brought to a home in vain, in the courier's hands."""
    packet = world.packet(Way.OUT)
    world.on_round(packet)
    phone = world.phone()
    assert world.record(phone.scan(world.fresh(packet), "take")).verdict == "applied"
    assert world.record(phone.scan(world.fresh(packet), event, reason=reason, next=next_)).verdict == "applied"
    return world.fresh(packet)


def at_desk(world: World, *failure: str) -> Packet:
    packet = failed(world, *failure)
    atomically(
        reception.take_back, packet, world.act(world.officer), head=packet.head, seal="NP0045821", giver_by=Word.PIN,
        pin=world.PIN,
    )  # fmt: skip
    return world.fresh(packet)


def at_post(world: World, *failure: str) -> Packet:
    packet = failed(world, *failure)
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    return world.fresh(packet)


def again(world: World, packet: Packet, fault: Fault | None = None) -> None:
    atomically(results.send_again, packet, world.act(world.officer, MONDAY + timedelta(minutes=1)), fault)


def asked(world: World, packet: Packet) -> int:
    """What the courier's phone asks for at the door."""
    db.session.rollback()
    visit = visits.open_visit(packet.id)
    assert visit
    return sum(line["amount"] for line in day.asked(visit))


def told() -> Message:
    return db.session.scalars(sa.select(Message).order_by(Message.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("failure", "pays"),
    [
        (("nobody_home",), WAY), (("refused", "decline"), WAY), (("no_authorisation", "decline"), WAY),
        (("old_papers_missing", "decline"), WAY), (("courier_late",), 0), (("house_not_found",), 0),
    ],
)  # fmt: skip
def test_who_pays_the_second_way_is_who_was_at_fault_by_the_record(
    world: World, failure: tuple[str, ...], pays: int
) -> None:
    packet = at_desk(world, *failure)
    again(world, packet)
    assert asked(world, packet) == pays
    assert told().kind == ("sent_again" if pays else "result_sent")
    assert told().values.get("amount") == (pays or None)


def test_every_reason_of_a_courier_has_its_fault_or_is_nobodys() -> None:
    known = {*REASONS["miss"], *REASONS["decline"]}
    assert known - repeats.FAULTS.keys() == {"house_not_found"}


def test_the_desk_may_take_the_blame_and_never_lays_it_on_a_citizen_the_record_does_not_name(world: World) -> None:
    packet = at_desk(world, "courier_late")
    with pytest.raises(Refused, match="fault_not_theirs"):
        again(world, packet, Fault.CITIZEN)
    assert visits.open_visit(packet.id) is None
    again(world, packet, Fault.DESK)
    assert asked(world, packet) == 0
    [bill] = money.bills(world.post)
    assert (bill.desk.id, bill.ways, bill.amount) == (world.desk.id, 1, WAY)
    for by, sum_, receipt, why in (
        (world.clerk, WAY + 1, "B-1", "money_moved"),
        (world.clerk, WAY, " ", "receipt_needed"),
        (world.supervisor, WAY, "B-1", "no_office"),
        (world.stranger, WAY, "B-1", "money_moved"),
    ):
        with pytest.raises(Refused, match=f"^{why}$"):
            atomically(money.pay_bill, world.desk.id, world.act(by), sum_, receipt)
    atomically(money.pay_bill, world.desk.id, world.act(world.clerk), WAY, "B-1")
    assert (money.bills(world.post), money.purse(world.post.party_id)) == ([], Purse(postage=WAY))
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="ways_paid")).one()
    assert (noted.subject, noted.details) == (world.post.code, {"desk": world.desk.code, "amount": WAY})


def test_a_bill_is_what_was_charged_less_what_was_paid_and_two_clerks_at_once_are_paid_once(
    app: Flask, world: World
) -> None:
    def pay(clerk_id: str) -> object:
        try:
            return atomically(money.pay_bill, world.desk.id, world.act(db.session.get_one(User, clerk_id)), WAY, "B")
        except Refused as refusal:
            return refusal.key

    for nth in (1, 2):
        again(world, at_desk(world, "courier_late"), Fault.DESK)
        [bill] = money.bills(world.post)
        assert (bill.ways, bill.amount, money.bills(world.other_post)) == (nth, WAY, [])
        assert sorted(map(str, rush(app, [lambda: pay(world.clerk.id)] * 3))) == ["None", "money_moved", "money_moved"]
        db.session.rollback()
        assert (money.bills(world.post), money.purse(world.desk.party_id).postage) == ([], -nth * WAY)


def test_the_courier_takes_the_second_way_at_the_door_and_the_ledger_of_postage_has_it(world: World) -> None:
    packet = at_desk(world)
    again(world, packet)
    world.on_round(packet, world.second_courier)
    phone = world.phone(world.second_courier)
    assert world.record(phone.scan(world.fresh(packet), "take")).verdict == "applied"
    code, citizen = world.code(packet, Purpose.DELIVER), packet.dossier.citizen.party_id
    handed = phone.scan(world.fresh(packet), "deliver", taker=citizen, proof=[("CODE", code)], extra=CASH)
    assert world.record(handed).verdict == "applied"
    assert world.fresh(packet).dossier.state is CaseState.CLOSED
    assert money.purse(world.second_courier.party_id) == Purse(postage=WAY)
    assert [(line.stream, line.amount) for line in db.session.scalars(sa.select(MoneyLine))] == [("postage", WAY)]


def test_the_post_office_sends_again_by_the_same_rule(world: World) -> None:
    by_clerk = at_post(world)
    atomically(counter.try_again, by_clerk, world.act(world.clerk))
    assert asked(world, by_clerk) == WAY


def test_a_citizen_who_chooses_another_time_after_it_came_back_pays_by_the_same_rule(world: World) -> None:
    by_link = at_post(world)
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    atomically(booking.rebook, world.fresh(by_link).dossier, offer.key, Act(None, MONDAY, world.keys))
    assert asked(world, by_link) == WAY


def test_one_failure_is_one_way_however_often_the_visit_is_moved_called_off_and_set_again(world: World) -> None:
    packet = at_post(world)
    clerk = world.act(world.clerk, MONDAY + timedelta(minutes=1))
    for _ in range(2):
        atomically(counter.try_again, packet, clerk)
    atomically(counter.keep, packet, clerk)
    atomically(counter.try_again, packet, clerk)
    assert asked(world, packet) == WAY
    offer = next(one for one in visits.offers(world.post, MONDAY + timedelta(days=3)) if one.left)
    atomically(booking.rebook, world.fresh(packet).dossier, offer.key, Act(None, MONDAY, world.keys))
    assert asked(world, packet) == WAY


def test_whoever_comes_for_it_pays_no_second_way(world: World) -> None:
    packet = at_desk(world)
    again(world, packet)
    atomically(results.hand_over, packet, world.act(world.officer), wet_seen=True)
    assert (world.fresh(packet).state, list(db.session.scalars(sa.select(MoneyLine)))) == (State.DELIVERED, [])


def test_what_was_only_to_be_called_for_costs_its_first_way_home_nothing(world: World) -> None:
    packet = held(world, ReturnWay.POST)
    atomically(visits.cancel, visits.open_visit(packet.id), world.act(world.clerk))
    atomically(counter.try_again, packet, world.act(world.clerk))
    assert asked(world, packet) == 0


def test_what_both_letters_brought_nobody_for_is_the_citizens_to_pay_when_it_leaves_the_desk_again(
    world: World,
) -> None:
    packet = held(world, ReturnWay.POST)
    atomically(visits.cancel, visits.open_visit(packet.id), world.act(world.clerk))
    atomically(counter.send_back, packet, world.act(world.clerk), "moved")
    world.record(world.phone().scan(world.fresh(packet), "take"))
    facts: dict[str, Any] = {"head": world.fresh(packet).head, "seal": "NP0045821", "giver_by": Word.SIGNED_PRINT}
    atomically(reception.take_back, world.fresh(packet), act=world.act(world.officer), **facts)
    packet = world.fresh(packet)
    assert repeats.failures([packet.id])[packet.id].reason == "moved"
    again(world, packet)
    assert asked(world, packet) == WAY


def test_the_desk_logs_every_call_and_is_told_when_a_result_waits_too_long(world: World) -> None:
    packet = at_desk(world)
    dossier, citizen = packet.dossier, packet.dossier.citizen
    said = {"phone": citizen.phone, "second_phone": "", "street": citizen.street}
    late = MONDAY + timedelta(days=17)  # ten working days, one holiday among them
    assert not results.waits_too_long(dossier, MONDAY, MONDAY + timedelta(days=15))
    assert results.waits_too_long(dossier, MONDAY, late)
    for at, answer in ((MONDAY, "no_answer"), (late, "reached")):
        atomically(
            lambda at=at, answer=answer: results.reconfirm(dossier, world.act(world.officer, at), answer, **said)
        )  # type: ignore[misc]
    assert [(call.answer, call.by) for call in results.calls(dossier)] == [
        ("reached", world.officer.name), ("no_answer", world.officer.name),
    ]  # fmt: skip
    assert not results.waits_too_long(world.fresh(packet).dossier, MONDAY, late)
