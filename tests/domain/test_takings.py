"""What is paid where papers change hands, by whoever is carried for nothing: with the proof, without it, at door and counter."""

import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import corrections, counter, day, incidents, money, papers, remittances, slips, takings, tallies, visits
from app.domain.audit import AuditLine
from app.domain.bodies import Extra, MoneyTaken
from app.domain.calendar import today
from app.domain.dossiers import ReturnWay
from app.domain.incidents import Outcome, Side, Sort
from app.domain.money import Event, MoneyLine, Purse
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.postage import Fault, Line, Stream
from app.domain.scans import ScanRow
from app.domain.takings import Waiver
from app.errors import Invalid, Refused
from tests.domain.test_counter import COUNTS, bring
from tests.domain.test_money import settle
from tests.domain.test_repeats import again, at_desk, told
from tests.domain.test_slips import text_of
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
FREE, QUOTED = Purse(0, 15_000), Purse(60_000, 15_000)
SEEN: dict[str, Any] = {"paid_by": "cash", "receipt": "000321", "postage": 0, "fee": 15_000, "proof": "certificate"}
UNSEEN = SEEN | {"postage": 60_000, "proof": "none"}
CLASS = "heroic_mother"


def exempt(world: World, way: Way = Way.IN, key: str = CLASS) -> Packet:
    packet = world.packet(way)

    def say() -> None:
        world.fresh(packet).dossier.citizen.exemption = key

    atomically(say)
    return world.fresh(packet)


def at_door(world: World, packet: Packet, said: dict[str, Any]) -> Packet:
    extra = Extra.read({"salt": "s", "money": said})
    scan = world.phone().scan(packet, "collect", proof=[("CODE", world.code(packet))], extra=extra)
    assert extra and extra.money and world.record(scan).verdict == "applied"
    return world.fresh(packet)


def gave(packet: Packet) -> Purse:
    """What the citizen has paid so far."""
    held = money.purse(packet.dossier.citizen.party_id)
    return Purse(-held.postage, -held.fee)


def let_off(packet: Packet) -> int:
    waiver = takings.waived(packet)
    return waiver.amount if waiver else 0


# What is said at the door of whoever is exempt, what is paid, and what is let off.
DOORS = [
    (SEEN,                                                   FREE,   60_000),
    (SEEN | {"proof": "decision"},                           FREE,   60_000),
    (UNSEEN,                                                 QUOTED, 0),
    ({"paid_by": "cash", "receipt": "1", "proof": "decision"}, FREE, 60_000),  # as a sheet of paper says it
    ({"paid_by": "cash", "receipt": "1", "proof": "none"},   QUOTED, 0),
    ({"paid_by": "cash", "receipt": "1"},                    QUOTED, 0),  # a phone that knows of no proof
    (SEEN | {"postage": 60_000},                             QUOTED, 0),  # taken all the same: nobody was let off
]  # fmt: skip


@pytest.mark.parametrize(("said", "paid", "off"), DOORS)
def test_at_the_door_the_proof_saves_the_postage_and_its_absence_costs_what_was_quoted(
    world: World, said: dict[str, Any], paid: Purse, off: int
) -> None:
    packet = at_door(world, exempt(world), said)
    assert (gave(packet), money.purse(world.courier.party_id), let_off(packet)) == (paid, paid, off)
    count = settle(world)
    assert (count.postage, count.fee, count.difference) == (paid.postage, paid.fee, 0)


def test_a_proof_saves_nobody_who_did_not_say_so_when_they_booked(world: World) -> None:
    packet = at_door(world, world.packet(), {"paid_by": "cash", "receipt": "1", "proof": "decision"})
    assert (gave(packet), let_off(packet)) == (QUOTED, 0)


def test_where_the_ward_asks_no_fee_nothing_is_paid_and_that_is_kept(world: World) -> None:
    def free() -> None:
        world.procedure.fee = 0

    atomically(free)
    packet = at_door(world, exempt(world), {"postage": 0, "fee": 0, "proof": "decision"})
    assert (gave(packet), let_off(packet), takings.paid(packet)) == (Purse(), 52_000, {})
    [tally] = tallies.tallies([world.courier], world.post, today(MONDAY))
    assert (tally.cash, tally.waived) == (Purse(), 52_000)
    paper = " ".join(text_of(papers.pdf("receipt_money", packet, world.clerk, MONDAY, "https://x.vn")).split())
    assert (
        "Miễn cước" in paper
        and "(đến 100 g), theo TT 22/2017/TT-BTTTT" in paper
        and "không đồng" in paper.lower()
        and "Bà mẹ" not in paper
    )


def test_the_least_a_decision_may_ask_is_let_off_like_any_other_price(world: World) -> None:
    packet = exempt(world)

    def cheap() -> None:
        dossier = world.fresh(packet).dossier
        dossier.one_way, dossier.return_way, dossier.procedure.fee = 1, ReturnWay.DESK, 0

    atomically(cheap)
    assert let_off(at_door(world, world.fresh(packet), {"postage": 0, "fee": 0, "proof": "decision"})) == 1


def test_what_was_paid_at_a_door_is_known_of_its_packet_alone_and_until_it_is_taken_back(world: World) -> None:
    def known(packet: Packet) -> set[tuple[Event, Stream, int]]:
        return {(line.event, line.stream, line.amount) for line in takings.paid(world.fresh(packet)).values()}

    cash, bank = (
        at_door(world, world.packet(), UNSEEN),
        at_door(world, world.packet(), UNSEEN | {"paid_by": "transfer"}),
    )
    by_cash, by_bank = (
        {(event, Stream.POSTAGE, 60_000), (event, Stream.FEE, 15_000)} for event in (Event.COLLECTED, Event.TRANSFERRED)
    )
    assert (known(cash), known(bank), known(world.packet())) == (by_cash, by_bank, set())
    act = world.act(world.dispatcher)
    atomically(corrections.correct, cash, act, second=world.clerk, reason="wrong_packet", head=cash.head)
    assert (known(cash), known(bank)) == (set(), by_bank)
    at_door(world, world.fresh(cash), UNSEEN | {"paid_by": "transfer"})
    assert known(cash) == by_bank


@pytest.mark.parametrize(("told", "shift"), [(timedelta(hours=20), 0), (timedelta(hours=-20), -1)])
def test_money_belongs_to_the_day_it_was_taken_and_never_to_one_that_is_not_yet(
    world: World, told: timedelta, shift: int
) -> None:
    packet = world.packet()
    extra, proof = Extra.read({"salt": "s", "money": UNSEEN}), [("CODE", world.code(packet))]
    assert (
        world.record(world.phone().scan(packet, "collect", proof=proof, extra=extra), MONDAY + told).verdict
        == "applied"
    )
    assert {line.day for line in takings.paid(world.fresh(packet)).values()} == {today(MONDAY) + timedelta(days=shift)}


def test_what_was_collected_by_mistake_takes_back_what_was_let_off(world: World) -> None:
    packet = at_door(world, exempt(world), SEEN)
    act = world.act(world.dispatcher)
    atomically(corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head)
    assert (gave(packet), let_off(world.fresh(packet)), takings.waived_by(world.courier, today(MONDAY))) == (
        Purse(),
        0,
        0,
    )
    packet = at_door(world, world.fresh(packet), UNSEEN)
    assert (gave(packet), let_off(packet)) == (QUOTED, 0)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "proof_unsaid"),
        ({"paid_by": "cash", "receipt": "1"}, "proof_unsaid"),
        ({"proof": "none", "receipt": "1"}, "paid_how"),
        ({"proof": "decision"}, "paid_how"),  # the ward's fee
        ({"proof": "decision", "paid_by": "cash"}, "receipt_needed"),
    ],
)
def test_the_counter_takes_nothing_in_before_proof_and_money_are_said(
    world: World, said: dict[str, Any], why: str
) -> None:
    packet = exempt(world)
    with pytest.raises(Invalid, match=f"^{why}$"):
        bring(world, packet, money=MoneyTaken.model_validate(said))
    assert (world.fresh(packet).state, gave(packet)) == (State.WAITING, Purse())


def test_at_the_counter_nobody_says_how_nothing_was_paid(world: World) -> None:
    def free() -> None:
        world.procedure.fee = 0

    atomically(free)
    packet = exempt(world)
    bring(world, packet, money=MoneyTaken.model_validate({"proof": "decision"}))
    assert (gave(world.fresh(packet)), let_off(packet)) == (Purse(), 52_000)


@pytest.mark.parametrize(("proof", "paid", "off"), [("certificate", FREE, 60_000), ("none", QUOTED, 0)])
@pytest.mark.parametrize("paid_by", ["cash", "transfer"])
def test_at_the_counter_the_clerk_looks_and_the_office_has_the_money(
    world: World, proof: str, paid: Purse, off: int, paid_by: str
) -> None:
    packet, said = exempt(world), {"paid_by": paid_by, "receipt": "000321", "proof": proof}
    head = packet.head
    for _ in range(2):  # a double click
        bring(world, packet, head=head, money=MoneyTaken.model_validate(said))
    packet = world.fresh(packet)
    assert (gave(packet), money.purse(world.post.party_id), let_off(packet)) == (paid, paid, off)
    assert money.purse(world.courier.party_id) == Purse()
    [owed] = remittances.owed(world.post)
    assert (owed.desk.id, owed.amount) == (world.desk.id, 15_000), "the ward gets its fee from the counter too"
    till = tallies.till(world.post, today(MONDAY))
    assert till.after == paid


@pytest.mark.parametrize("key", [CLASS, None])
def test_a_result_with_a_fee_is_handed_out_at_the_counter_only_when_it_is_paid(world: World, key: str | None) -> None:
    packet = world.packet(Way.OUT)

    def late() -> None:
        dossier = world.fresh(packet).dossier
        dossier.procedure.fee_at_delivery, dossier.citizen.exemption = True, key

    atomically(late)
    packet = world.fresh(packet)
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    packet = world.fresh(packet)
    facts = {"seal": "NP0045821", "head": packet.head, "wet_seen": True}
    with pytest.raises(Invalid):
        atomically(counter.hand_out, packet, world.act(world.clerk), **facts)
    said = MoneyTaken.model_validate({"paid_by": "cash", "receipt": "7", "proof": "decision" if key else None})
    atomically(counter.hand_out, packet, world.act(world.clerk), money=said, **facts)
    assert (gave(world.fresh(packet)), let_off(packet)) == (Purse(0 if key else 8_000, 15_000), 8_000 if key else 0)


def test_the_phone_is_told_of_whom_no_postage_is_asked_while_it_must_know(world: World) -> None:
    packet, plain, result = exempt(world), world.packet(), exempt(world, Way.OUT)
    seen = {one.id: day.stop(visit) for one in (packet, plain, result) if (visit := visits.open_visit(one.id))}
    assert seen[packet.id]["exempt"] == {
        "name": "Bà mẹ Việt Nam anh hùng", "name_en": "Heroic Vietnamese Mothers", "source": "TT 22/2017/TT-BTTTT",
    }  # fmt: skip
    assert sum(line["amount"] for line in seen[packet.id]["money"]) == 75_000, "as quoted: the proof decides"
    assert seen[plain.id]["exempt"] is seen[result.id]["exempt"] is None, "nothing is asked for there"
    packet = at_door(world, packet, SEEN)
    last = visits.current(packet.id)
    assert last and day.stop(last)["exempt"] is None, "over"


def test_a_second_way_is_waived_likewise_and_the_message_names_no_sum(world: World) -> None:
    packet = at_desk(world, "nobody_home")

    def say() -> None:
        world.fresh(packet).dossier.citizen.exemption = CLASS

    atomically(say)
    again(world, world.fresh(packet))
    bill = takings.due(world.fresh(packet))
    assert ([line.key for line in bill.lines], bill.waived, bill.to_pay) == ([Line.AGAIN], 26_000, 0)
    assert (told().kind, told().values.get("amount")) == ("result_sent", None)
    visit = visits.open_visit(packet.id)
    assert visit and day.stop(visit)["exempt"]


def test_of_what_class_somebody_is_stands_on_no_slip_and_in_no_code_scan_log_or_message(world: World) -> None:
    packet = exempt(world)
    before = slips.slip_of(packet, "https://x.vn")
    packet = at_door(world, packet, SEEN)
    printed = [*(text_of(slips.pdf([packet], "https://x.vn"))), *(" ".join(map(str, before.charges)))]
    said = "".join(printed) + packet.slip.token
    said += "".join(str(one.values) for one in db.session.scalars(sa.select(Message)))
    said += "".join(f"{one.action}{one.subject}{one.details}" for one in db.session.scalars(sa.select(AuditLine)))
    said += "".join(row.body.decode(errors="replace") for row in db.session.scalars(sa.select(ScanRow)))
    for word in ("Bà mẹ", "anh hùng", "Heroic", CLASS, "certificate", "Miễn", "exempt"):
        assert word not in said, word
    assert [charge.method for charge in before.charges if charge.amount != 15_000] == ["Theo phiếu thu"] * 3


@pytest.mark.parametrize(("said", "back"), [(SEEN, 0), (UNSEEN, 60_000)])
def test_where_the_post_was_at_fault_it_gives_back_what_was_paid_and_owes_fourfold_what_was_quoted(
    world: World, said: dict[str, Any], back: int
) -> None:
    packet = at_door(world, exempt(world), said)
    file = atomically(incidents.open_, packet, world.act(world.clerk), Sort.LATE, Side.CITIZEN, "too late")
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "the van stood still")
    assert incidents.least(file) == 4 * 60_000
    atomically(incidents.close, file, world.act(world.supervisor), Outcome.LATE, Fault.POST, 0, "the post's own delay")
    assert atomically(incidents.refund, file, world.act(world.clerk)) == back
    assert gave(world.fresh(packet)) == FREE


def test_the_accounts_balance_after_any_history_of_doors_counters_proofs_and_mistakes(world: World) -> None:
    """Each stream apart, and what was let off and paid together is what was quoted."""
    luck, quoted = random.Random(9), 0
    packets = []
    for _ in range(16):
        is_exempt, at_counter, proof = (
            luck.random() < 0.7,
            luck.random() < 0.4,
            luck.choice(["decision", "certificate", "none"]),
        )
        packet = exempt(world) if is_exempt else world.packet()
        said = {"paid_by": luck.choice(["cash", "transfer"]), "receipt": "1", "proof": proof}
        if at_counter:
            bring(world, packet, money=MoneyTaken.model_validate(said), counts=COUNTS)
        else:
            packet = at_door(world, packet, said)
            if luck.random() < 0.3:
                act = world.act(world.dispatcher)
                atomically(
                    corrections.correct, packet, act, second=world.clerk, reason="wrong_packet", head=packet.head
                )
                continue
        quoted += 60_000
        packets.append(world.fresh(packet))
        if luck.random() < 0.3 and money.purse(world.courier.party_id).total >= 0:
            settle(world)
    db.session.rollback()
    parties = {party for line in db.session.scalars(sa.select(MoneyLine)) for party in (line.giver_id, line.taker_id)}
    purses = money.purses(parties)
    assert (sum(one.postage for one in purses.values()), sum(one.fee for one in purses.values())) == (0, 0)
    off = db.session.scalar(sa.select(sa.func.sum(Waiver.amount))) or 0
    assert off > 0 and off + sum(gave(packet).postage for packet in packets) == quoted
    assert sum(gave(packet).fee for packet in packets) == 15_000 * len(packets)
    assert {line.event for line in db.session.scalars(sa.select(MoneyLine))} >= {
        Event.COLLECTED,
        Event.TRANSFERRED,
        Event.TAKEN_BACK,
    }


def test_a_booking_that_was_cancelled_is_not_paid_for_at_the_counter(world: World) -> None:
    packet = exempt(world)

    def cancel() -> None:
        world.fresh(packet).dossier.state = "cancelled"

    atomically(cancel)
    with pytest.raises(Refused, match="dossier_cancelled"):
        bring(world, packet)
    assert gave(packet) == Purse()
