"""What people decide is a new line on top of the old ones; it takes two of them, and late phones do not overturn it."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from app.db import atomically, db
from app.domain import corrections, counter, custody, ledger, scans
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import Language, User
from app.domain.scans import Ruling
from app.domain.tasks import Task, TaskKind
from app.errors import Invalid, Refused
from app.integrations import wording
from tests.api.conftest import Line
from tests.inspecting import faults
from tests.world import Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")


class Quarrel:
    """Two couriers say they took one result from the desk; the first has handed it in since."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.one, self.other = world.phone(), world.phone(world.second_courier)
        self.packet = world.packet(Way.OUT)
        self.first, self.second = self.one.scan(self.packet, "take"), self.other.scan(self.packet, "take")
        self.behind = self.delivered(self.one, self.first)
        for scan in (self.first, self.behind, self.second):
            world.record(scan)
        assert self.fresh().state is State.DISPUTED

    def delivered(self, phone: Phone, after: Scan) -> Scan:
        return phone.scan(
            self.packet, "deliver", giver=phone.party, taker=phone.party, parent=after.digest.hex(),
            proof=[("WET_CLAIMED", "")],
        )  # fmt: skip

    def fresh(self) -> Packet:
        return self.world.fresh(self.packet)

    def settle(self, **over: Any) -> Packet:
        world, packet = self.world, self.fresh()
        facts = {
            "head": packet.head, "state": State.CARRIED, "holder": self.one.party, "sighting": "chị Sen thấy ở bưu cục",
            "reason": "packet_seen", "second": world.dispatcher, "tip": self.first.digest,
        }  # fmt: skip
        atomically(corrections.settle, packet, world.act(world.supervisor), **facts | over)
        return self.fresh()


def verdict(scan: Scan) -> tuple[Ruling, str | None]:
    latest = scans.latest(scan.digest)
    assert latest
    return latest.verdict, latest.why


def open_tasks(packet: Packet) -> set[TaskKind]:
    db.session.rollback()
    return set(db.session.scalars(sa.select(Task.kind).filter_by(packet_id=packet.id, closed_at=None)))


def said(kind: str) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Message).filter_by(kind=kind)) or 0


def test_a_settlement_names_the_last_true_act_and_all_that_led_to_it_counts(world: World) -> None:
    quarrel = Quarrel(world)
    packet = quarrel.settle(state=State.DELIVERED_UNVERIFIED, tip=quarrel.behind.digest)
    assert verdict(quarrel.first) == verdict(quarrel.behind) == (Ruling.DUPLICATE, None)
    assert verdict(quarrel.second) == (Ruling.QUARANTINED, "settled_against")
    assert (packet.state, packet.holder_id, packet.fork) == (State.DELIVERED_UNVERIFIED, quarrel.one.party, None)
    assert [line.event for line in ledger.lines(packet)] == ["take", "deliver", "dispute", "settle"]
    assert faults(packet) == []
    assert TaskKind.DISPUTED not in open_tasks(packet) and said("settled") == 1


def test_what_followed_the_last_true_act_waits_for_a_person_whether_or_not_it_stood_in_the_ledger(world: World) -> None:
    """Which of the two had a line before the dispute was a matter of which phone came first."""
    quarrel = Quarrel(world)
    new = quarrel.one.scan(quarrel.packet, "deliver", giver=quarrel.one.party, taker=quarrel.one.party,
                           parent=quarrel.first.digest.hex(), reason="refused")  # fmt: skip
    world.record(new)
    assert verdict(new) == (Ruling.HELD, "behind_dispute")
    packet = quarrel.settle()
    assert verdict(quarrel.behind) == verdict(new) == (Ruling.HELD, "after_settle")
    assert (packet.state, packet.holder_id) == (State.CARRIED, quarrel.one.party)


def test_a_settlement_for_the_other_side_sets_apart_all_that_followed_the_first(world: World) -> None:
    quarrel = Quarrel(world)
    packet = quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    assert (packet.state, packet.holder_id) == (State.CARRIED, quarrel.other.party)
    assert verdict(quarrel.first) == verdict(quarrel.behind) == (Ruling.QUARANTINED, "settled_against")
    assert verdict(quarrel.second) == (Ruling.DUPLICATE, None)


def test_what_nobody_took_is_settled_to_wait_with_its_origin_and_nobody_else(world: World) -> None:
    quarrel = Quarrel(world)
    nothing = quarrel.packet.genesis
    with pytest.raises(Refused, match="^custody_fits_nowhere$"):
        quarrel.settle(state=State.WAITING, holder=world.other_desk.party_id, tip=nothing)
    packet = quarrel.settle(state=State.WAITING, holder=world.desk.party_id, tip=nothing)
    assert (packet.state, packet.holder_id) == (State.WAITING, world.desk.party_id)
    assert verdict(quarrel.first) == verdict(quarrel.second) == (Ruling.QUARANTINED, "settled_against")


def told(kind: str) -> list[str]:
    """Whose phones such a message went to."""
    db.session.rollback()
    sent = db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.phone)).all()
    assert not any("secret" in message.values for message in sent), "the citizen's link is the citizen's"
    return [message.phone for message in sent]


def reachable(world: World) -> list[str]:
    """Both couriers, each by a number of their own."""
    numbers = ["+84900000191", "+84900000192"]

    def give() -> None:
        for user, number in zip((world.courier, world.second_courier), numbers, strict=True):
            db.session.get_one(User, user.id).phone = number

    atomically(give)
    return numbers


def test_a_settlement_is_told_to_both_who_claimed_the_packet_and_to_the_citizen(world: World) -> None:
    numbers, quarrel = reachable(world), Quarrel(world)
    quarrel.settle()
    assert told("settled_between") == numbers and said("settled") == 1
    assert told("corrected_between") == []


def test_who_gave_a_packet_up_for_lost_does_not_tell_the_citizen_that_it_is_known_where_it_is(world: World) -> None:
    packet = Quarrel(world).settle(state=State.WRITTEN_OFF, reason="gone", tip=None)
    assert packet.state is State.WRITTEN_OFF
    assert (said("written_off"), said("settled")) == (1, 0)


def test_both_phones_learn_of_a_settlement_with_the_next_thing_they_send(world: World) -> None:
    quarrel = Quarrel(world)
    quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    for phone, ends in ((quarrel.one, {"settled_against"}), (quarrel.other, {None})):
        answer = Line(world.app, phone).send(since="2020-01-01T00:00:00Z")
        newest = {each["digest"]: each["why"] for each in answer.json["later"]}
        assert newest and set(newest.values()) == ends


def passed_on(world: World, *, to_the_post: bool = False) -> Packet:
    """Collected by the first courier, taken over by the second, perhaps handed in; the citizen reads English."""
    giver, taker = world.phone(), world.phone(world.second_courier)
    packet = world.collected(giver)
    atomically(lambda: setattr(world.fresh(packet).dossier.citizen, "language", Language.EN))
    offered = [("PEER", giver.offer(world.fresh(packet)))]
    assert world.record(taker.scan(world.fresh(packet), "transfer", proof=offered)).verdict is Ruling.APPLIED
    if to_the_post:
        packet = world.fresh(packet)
        atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    return world.fresh(packet)


def by_two(world: World, verb: str, packet: Packet) -> None:
    head, second = packet.head, world.supervisor
    clerk, dispatcher = world.act(world.clerk), world.act(world.dispatcher)
    sighting = "chị Sen thấy ở kệ 3"
    if verb == "settle":
        atomically(corrections.lose, packet, dispatcher, head=head, reason="not_found", second=second)
        packet, act = world.fresh(packet), world.act(second)
        atomically(
            corrections.settle, packet, act, head=packet.head, state=State.CARRIED, holder=str(world.courier.party_id),
            sighting=sighting, reason="packet_seen", second=world.dispatcher,
        )  # fmt: skip
    collected = ledger.lines(packet)[0].digest
    verbs: dict[str, Callable[[], object]] = {
        "settle": lambda: None,
        "correct": lambda: corrections.correct(packet, clerk, head=head, reason="wrong_packet", second=second),
        "lose": lambda: corrections.lose(packet, dispatcher, head=head, reason="not_found", second=second),
        "hand_on": lambda: corrections.hand_on(
            packet, dispatcher, head=head, courier=world.courier, sighting=sighting, reason="phone_dead"
        ),
        "reseal": lambda: corrections.reseal(packet, clerk, old="NP0045821", new="NP0077777", second=second),
        "damage": lambda: corrections.damage(packet, clerk, reason="torn", photo_sha256="ab" * 32),
        "amend": lambda: corrections.amend(
            packet, clerk, head=head, line=collected, field="sheets", value="4", second=second
        ),
        "call_off": lambda: corrections.call_off(packet, clerk),
    }
    atomically(verbs[verb])


GAVE, HAS = 0, 1  # of the two couriers of `passed_on`


@pytest.mark.parametrize(
    ("verb", "kind", "couriers", "citizen"),
    [
        ("settle", "settled_between", [GAVE, HAS], "settled"),
        ("correct", "corrected_between", [GAVE, HAS], "corrected"),
        ("lose", "lost_between", [HAS], "lost"),
        ("hand_on", "handed_on_between", [GAVE, HAS], None),
        ("reseal", "resealed_between", [HAS], "resealed"),
        ("damage", "damaged_between", [HAS], "damaged"),
        ("amend", "amended_between", [GAVE, HAS], "amended"),
        ("call_off", "called_off_between", [HAS], "called_off"),
    ],
)  # fmt: skip
def test_what_people_enter_is_told_to_both_sides(
    world: World, verb: str, kind: str, couriers: list[int], citizen: str | None
) -> None:
    """Each in their own language, and nobody by name."""
    numbers, packet = reachable(world), passed_on(world, to_the_post=verb in ("reseal", "damage"))
    db.session.rollback()
    before = db.session.scalar(sa.select(sa.func.max(Message.id))) or 0
    with world.app.test_request_context(), force_locale("en"):
        by_two(world, verb, packet)
    assert told(kind) == [numbers[n] for n in couriers]
    said = db.session.scalars(sa.select(Message).where(Message.id > before)).all()
    home = world.fresh(packet).dossier.citizen
    assert [message.kind for message in said if message.phone == home.phone][-1:] == ([citizen] if citizen else [])
    private = [
        home.name, home.street, world.procedure.title, world.procedure.title_en, "kệ 3", *(
            user.name for user in (world.courier, world.second_courier, world.clerk, world.dispatcher, world.supervisor)
        ),
    ]  # fmt: skip
    for message in said:
        assert message.language is (Language.EN if message.phone == home.phone else Language.VI)
        with world.app.app_context():
            text = wording.words(message.kind, message.values, message.language)
        assert not [word for word in private if word in text or word in str(message.values)]
        assert packet.number in text or packet.dossier.number in text


def test_a_correction_is_told_to_whoever_gave_and_whoever_took(world: World) -> None:
    numbers, giver, packet = reachable(world), world.phone(), world.packet(Way.OUT)
    world.record(giver.scan(packet, "take"))
    offer = giver.offer(world.fresh(packet))
    taken = world.phone(world.second_courier).scan(world.fresh(packet), "transfer", proof=[("PEER", offer)])
    assert world.record(taken).verdict == "applied"
    packet = world.fresh(packet)
    act, reason = world.act(world.dispatcher), "wrong_packet"
    atomically(corrections.correct, packet, act, head=packet.head, reason=reason, second=world.clerk)
    assert told("corrected_between") == numbers and said("corrected") == 1


def test_late_phones_do_not_overturn_a_settlement(world: World) -> None:
    quarrel = Quarrel(world)
    packet = quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    third = world.phone(world.courier)
    late = third.scan(packet, "take", giver=world.desk.party_id, parent=packet.genesis.hex())
    assert (world.record(late).verdict, verdict(late)[1]) == (Ruling.HELD, "after_settle")
    behind_the_loser = quarrel.delivered(quarrel.one, quarrel.first)
    world.record(behind_the_loser)
    assert verdict(behind_the_loser) == (Ruling.HELD, "after_settle")
    assert quarrel.fresh().holder_id == quarrel.other.party
    assert TaskKind.AFTER_SETTLE in open_tasks(packet)


def test_it_goes_on_from_the_settlement(world: World) -> None:
    quarrel = Quarrel(world)
    packet = quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    code = world.code(packet, Purpose.DELIVER)
    to_citizen = {"giver": quarrel.other.party, "taker": packet.dossier.citizen.party_id, "proof": [("CODE", code)]}
    named = quarrel.other.scan(packet, "deliver", parent=quarrel.second.digest.hex(), **to_citizen)
    assert world.record(named).verdict is Ruling.APPLIED  # the phone knows its own scan, which now means the settlement
    assert quarrel.fresh().state is State.DELIVERED


@pytest.mark.parametrize(
    ("over", "key"),
    [
        ({"second": None}, "second_same"),
        ({"sighting": "  "}, "sighting_needed"),
        ({"reason": "because"}, "reason_needed"),
        ({"head": b"x" * 32}, "page_too_old"),
        ({"state": State.AT_POST}, "custody_fits_nowhere"),
        ({"state": State.DISPUTED}, "custody_fits_nowhere"),
        ({"tip": b"x" * 32}, "custody_parent_unknown"),
    ],
)
def test_a_settlement_that_cannot_stand_is_refused_and_leaves_nothing(world: World, over: Any, key: str) -> None:
    quarrel = Quarrel(world)
    before = quarrel.fresh().seq
    if "second" in over:
        over = {"second": world.supervisor}
    with pytest.raises((Refused, Invalid), match=key):
        quarrel.settle(**over)
    assert quarrel.fresh().seq == before


def test_only_a_supervisor_settles_and_only_where_there_is_something_to_settle(world: World) -> None:
    quarrel = Quarrel(world)
    packet = quarrel.fresh()
    facts = {
        "head": packet.head, "state": State.CARRIED, "holder": quarrel.one.party, "sighting": "ở bưu cục",
        "reason": "packet_seen", "second": world.supervisor,
    }  # fmt: skip
    for user in (world.clerk, world.officer, world.dispatcher):
        with pytest.raises(Refused, match="custody_out_of_turn"):
            atomically(corrections.settle, packet, world.act(user), **facts)
    whole = world.packet(Way.OUT)
    with pytest.raises(Refused, match="custody_out_of_turn"):
        atomically(corrections.settle, whole, world.act(world.supervisor), **facts | {"head": whole.head,
                   "second": world.clerk})  # fmt: skip


def correct(world: World, packet: Packet, **over: Any) -> Packet:
    facts = {"head": packet.head, "reason": "wrong_packet", "second": world.dispatcher}
    atomically(corrections.correct, packet, world.act(world.clerk), **facts | over)
    return world.fresh(packet)


def test_a_correction_takes_the_newest_line_back_and_the_one_before_holds(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    wrong = phone.scan(packet, "take")
    world.record(wrong)
    packet = correct(world, world.fresh(packet))
    assert (packet.state, packet.holder_id) == (State.WAITING, world.desk.party_id)
    assert [line.event for line in ledger.lines(packet)] == ["take", "correct"]
    assert faults(packet) == [] and said("corrected") == 1


def test_after_a_correction_the_true_scan_counts_and_an_echo_of_the_wrong_one_waits(world: World) -> None:
    packet, phone, true = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    wrong, echo, right = phone.scan(packet, "take"), phone.scan(packet, "take"), true.scan(packet, "take")
    world.record(wrong)
    behind = phone.scan(world.fresh(packet), "deliver", taker=phone.party, proof=[("WET_CLAIMED", "")])
    packet = correct(world, world.fresh(packet))
    assert (world.record(echo).verdict, verdict(echo)[1]) == (Ruling.HELD, "after_settle")
    assert (world.record(behind).verdict, verdict(behind)[1]) == (Ruling.HELD, "after_settle")
    assert world.record(right).verdict is Ruling.APPLIED  # made without a network, it names the line before
    assert world.fresh(packet).holder_id == true.party


def test_nothing_is_corrected_where_nothing_was_recorded_or_while_it_is_contested(world: World) -> None:
    packet = world.packet(Way.OUT)
    with pytest.raises(Refused, match="custody_out_of_turn"):
        correct(world, packet)
    with pytest.raises(Refused, match="custody_out_of_turn"):
        correct(world, Quarrel(world).fresh())


def test_a_correction_needs_somebody_else(world: World) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused, match="second_same"):
        correct(world, packet, second=world.clerk)


def test_what_cannot_be_found_is_lost_with_its_last_holder_until_it_is_seen_again(world: World) -> None:
    packet = world.collected(world.phone())
    act = world.act(world.dispatcher)
    atomically(corrections.lose, packet, act, head=packet.head, reason="not_found", second=world.clerk)
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.LOST, world.courier.party_id)
    assert TaskKind.LOST in open_tasks(packet) and said("lost") == 1
    atomically(
        corrections.settle, packet, world.act(world.supervisor), head=packet.head, state=State.AT_POST,
        holder=world.post.party_id, sighting="nằm ở kệ 3", reason="packet_seen", second=world.clerk,
    )  # fmt: skip
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.AT_POST, world.post.party_id)
    assert TaskKind.LOST not in open_tasks(packet)


def test_not_me_puts_a_delivery_in_dispute_and_the_courier_answers_again(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    citizen = packet.dossier.citizen.party_id
    proof = [("CODE", world.code(packet, Purpose.DELIVER))]
    world.record(phone.scan(packet, "deliver", taker=citizen, proof=proof))
    packet = world.fresh(packet)
    assert packet.state is State.DELIVERED
    atomically(
        corrections.contest, packet, world.act(), head=packet.head, line=packet.head, reason="not_me", actor=citizen
    )
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.courier.party_id)
    assert TaskKind.DISPUTED in open_tasks(packet)
    assert faults(packet) == []


def test_what_is_disputed_is_not_done_by_being_entered_once_more(world: World) -> None:
    """A page would say that the post office has it; what nobody disputes may be told twice."""
    packet = world.packet(Way.OUT)

    def hands_in(packet: Packet) -> Ruling:
        return atomically(
            custody.enter, packet, "hand_in", world.act(world.clerk), giver=world.desk.party_id,
            taker=world.post.party_id, parent=None, proof=[], seal="NP0045821",
        ).verdict  # fmt: skip

    assert [hands_in(packet), hands_in(world.fresh(packet))] == [Ruling.APPLIED, Ruling.DUPLICATE]
    packet = world.fresh(packet)
    atomically(
        corrections.contest,
        packet,
        world.act(world.dispatcher),
        head=packet.head,
        line=packet.head,
        reason="not_handed_over",
    )
    with pytest.raises(Refused, match="^custody_repeats_claim$"):
        hands_in(world.fresh(packet))
    contested = custody.trail(packet).claims()[0].scan.digest
    for _ in range(2):  # who disputes it once more is not told that it is disputed
        packet = world.fresh(packet)
        atomically(
            corrections.contest, packet, world.act(world.officer), head=packet.head, line=contested,
            reason="not_handed_over",
        )  # fmt: skip
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.desk.party_id)


def test_a_stranger_contests_nothing(world: World) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused, match="custody_not_holder"):
        atomically(
            corrections.contest, packet, world.act(world.stranger), head=packet.head, line=packet.head,
            reason="not_received",
        )  # fmt: skip


def test_a_dispatcher_hands_a_packet_on_when_a_phone_is_dead(world: World) -> None:
    packet = world.collected(world.phone())
    act = world.act(world.dispatcher)
    atomically(
        corrections.hand_on, packet, act, head=packet.head, courier=world.second_courier, sighting="ở ngã ba",
        reason="phone_dead",
    )  # fmt: skip
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.CARRIED, world.second_courier.party_id)


def test_a_new_seal_is_known_from_now_on(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    handed_in = {"giver": phone.party, "taker": world.post.party_id}
    act = world.act(world.clerk)
    atomically(custody.enter, packet, "hand_in", act, parent=packet.head, seal="NP0045821", proof=[], **handed_in)
    packet = world.fresh(packet)
    atomically(corrections.reseal, packet, act, old="NP0045821", new="NP0077777", second=world.dispatcher)
    packet = world.fresh(packet)
    assert packet.seals == ["NP0045821", "NP0077777"]
    assert world.record(phone.scan(packet, "take", seal="NP0077777")).verdict is Ruling.APPLIED
    assert "seal_mismatch" not in world.fresh(packet).flags


def amend(world: World, packet: Packet, line: bytes, field: str, value: str) -> Packet:
    packet, act = world.fresh(packet), world.act(world.clerk)
    facts = {"line": line, "field": field, "value": value, "second": world.dispatcher}
    atomically(corrections.amend, packet, act, head=packet.head, **facts)
    return world.fresh(packet)


def test_a_digit_misread_is_declared_wrong_and_the_line_stays_as_it_was(world: World) -> None:
    packet = world.collected(world.phone())
    act, facts = world.act(world.clerk), {"giver": packet.holder_id, "taker": world.post.party_id}
    atomically(custody.enter, packet, "hand_in", act, parent=packet.head, seal="NP0045827", proof=[], **facts)
    packet = world.fresh(packet)
    assert "seal_mismatch" in packet.flags and TaskKind.SEAL_MISMATCH in open_tasks(packet)
    handed_in, body = packet.head, db.session.get_one(scans.ScanRow, packet.head).body
    packet = amend(world, packet, handed_in, "seal", "np 0045 821")
    assert (packet.flags, packet.seals, packet.state) == ([], ["NP0045821"], State.AT_POST)
    assert TaskKind.SEAL_MISMATCH not in open_tasks(packet)
    assert db.session.get_one(scans.ScanRow, handed_in).body == body
    assert [line.event for line in ledger.lines(packet)] == ["collect", "hand_in", "amend"]


def test_what_is_amended_is_right_however_often_the_act_was_told(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    for _ in range(2):
        taken = phone.scan(packet, "take", giver=world.desk.party_id, parent=packet.genesis.hex(), seal="NP0045827")
        world.record(taken)
    packet = world.fresh(packet)
    assert (packet.seq, "seal_mismatch" in packet.flags) == (1, True)
    assert amend(world, packet, packet.head, "seal", "NP0045821").flags == []


def test_a_new_seal_that_was_mistyped_is_put_right(world: World) -> None:
    packet = world.collected(world.phone())
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    resealed = {"old": "NP0045821", "new": "NP0077771", "second": world.dispatcher}
    atomically(corrections.reseal, world.fresh(packet), world.act(world.clerk), **resealed)
    change = ledger.lines(world.fresh(packet))[-1].digest
    assert amend(world, packet, change, "seal", "NP0077777").seals == ["NP0045821", "NP0077777"]


def test_only_a_detail_that_was_noted_is_amended_and_only_by_two_to_something_else(world: World) -> None:
    packet = world.collected(world.phone())
    line, other = packet.head, b"x" * 32
    for digest, field, value, key in (
        (other, "sheets", "4", "detail_unknown"), (line, "reason", "4", "detail_unknown"), (line, "sheets", "0", "sheets_form"),
        (line, "sheets", "four", "sheets_form"), (line, "seal", "77", "seal_form"), (line, "sheets", "3", "detail_same"),
        (line, "seal", "NP 0045 821", "detail_same"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=key):
            amend(world, packet, digest, field, value)
    facts = {"line": line, "field": "sheets", "value": "4", "second": world.clerk}
    with pytest.raises(Refused, match="second_same"):
        atomically(corrections.amend, packet, world.act(world.clerk), head=packet.head, **facts)
    with pytest.raises(Refused, match="page_too_old"):
        atomically(
            corrections.amend, packet, world.act(world.clerk), **facts | {"head": other, "second": world.dispatcher}
        )
    assert world.fresh(packet).seq == 1


def test_damage_is_a_note_and_two_people_must_count(world: World) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused, match="custody_not_holder"):  # the desk never had it
        atomically(corrections.damage, packet, world.act(world.officer), reason="torn", photo_sha256="a" * 64)
    phone = world.phone()
    note = phone.scan(packet, "damaged", taker=packet.holder_id, reason="torn", proof=[("PHOTO", "a" * 64)])
    assert world.record(note).verdict is Ruling.APPLIED
    assert world.fresh(packet).state is State.CARRIED
    assert TaskKind.DAMAGED in open_tasks(packet)


def test_called_off_after_collection_the_papers_go_home(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    atomically(corrections.call_off, packet, world.act(world.clerk))
    packet = world.fresh(packet)
    assert packet.dossier.state is CaseState.CANCELLED
    assert packet.flags == ["collected_after_cancel"]
    assert TaskKind.AFTER_CANCEL in open_tasks(packet)
    told = db.session.scalars(sa.select(Message).filter_by(kind="called_off")).one()
    back = {"taker": packet.dossier.citizen.party_id, "proof": [("CODE", told.values["code"])]}
    assert world.record(phone.scan(packet, "deliver", **back)).verdict is Ruling.APPLIED
