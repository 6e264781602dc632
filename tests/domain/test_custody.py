"""The ledger keeps its law: evidence first, verdict by what a scan follows, one holder always."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import bodies, custody, ledger, manifests, scans, tokens
from app.domain.bodies import Extra
from app.domain.codes import Purpose
from app.domain.ledger import Handoff
from app.domain.manifests import Found, Side, Word
from app.domain.outbox import Message
from app.domain.packets import State, Way
from app.domain.scans import Ruling, ScanExtra, ScanRow, Verdict
from app.errors import Refused
from tests.inspecting import faults
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def test_a_packet_collected_with_the_citizens_code_is_with_the_courier(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    outcome = world.record(phone.scan(packet, "collect", proof=[("CODE", world.code(packet))]))
    packet = world.fresh(packet)
    assert (outcome.verdict, outcome.seq) == (Ruling.APPLIED, 1)
    assert (packet.state, packet.holder_id, packet.flags) == (State.CARRIED, phone.party, [])


def test_without_the_code_it_is_collected_all_the_same_but_flagged(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    outcome = world.record(phone.scan(packet, "collect", proof=[("CODE", "000000")]))
    packet = world.fresh(packet)
    assert outcome.verdict == Ruling.APPLIED
    assert packet.flags == ["collect_unproven"]


def test_who_scans_is_told_the_packets_flags_when_the_scan_counts(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    assert world.record(phone.scan(packet, "collect")).flags == ("collect_unproven",)
    assert world.record(phone.scan(world.fresh(packet), "amend", parent=None)).flags == ()


def test_the_citizens_later_word_closes_the_flag(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    world.record(phone.scan(packet, "collect"))
    packet = world.fresh(packet)
    atomically(
        custody.enter, packet, "attest", world.act(), actor=packet.dossier.citizen.party_id,
        giver=packet.holder_id, taker=packet.holder_id, parent=None, proof=[("LOGIN", "")],
    )  # fmt: skip
    assert world.fresh(packet).flags == []


def test_the_right_code_after_a_wrong_one_brings_the_usual_message_with_the_seal(world: World) -> None:
    phone, packet = world.phone(), world.packet()

    def told() -> list[tuple[str, str]]:
        kinds = sa.select(Message).where(Message.kind.startswith("collected")).order_by(Message.id)
        return [(message.kind, message.values["seal"]) for message in db.session.scalars(kinds)]

    world.record(phone.scan(packet, "collect", proof=[("CODE", "000000")]))
    assert told() == [("collected_unproven", "NP0045821")]
    code = world.code(packet)
    for _ in range(2):  # the second word adds nothing
        held = {"giver": phone.party, "taker": phone.party, "parent": None}
        world.record(phone.scan(world.fresh(packet), "attest", proof=[("CODE", code)], **held))
        assert told() == [("collected_unproven", "NP0045821"), ("collected", "NP0045821")]


def test_the_same_scan_twice_is_one_handoff(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect")
    first, again = world.record(scan), world.record(scan)
    assert (first.verdict, first.seq) == (again.verdict, again.seq) == (Ruling.APPLIED, 1)
    assert len(ledger.lines(world.fresh(packet))) == 1


def test_two_couriers_after_the_same_parent_are_a_dispute_and_the_giver_answers(world: World) -> None:
    packet = world.packet(Way.OUT)
    one, two, three = (
        world.phone(world.courier),
        world.phone(world.second_courier),
        world.phone(world.strange_courier),
    )
    claims = [phone.scan(packet, "take") for phone in (one, two, three)]
    assert world.record(claims[0]).verdict == Ruling.APPLIED
    assert [world.record(claim).verdict for claim in claims[1:]] == [Ruling.DISPUTED] * 2
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id, packet.fork) == (
        State.DISPUTED,
        world.desk.party_id,
        packet.genesis,
    )
    assert scans.latest(claims[0].digest).verdict == Ruling.DISPUTED
    assert faults(packet) == []


def test_a_scan_that_arrives_before_its_parent_waits_and_is_applied_when_it_comes(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    take = phone.scan(packet, "take")
    later = phone.scan(packet, "deliver", giver=phone.party, taker=packet.dossier.citizen.party_id,
                       parent=take.digest.hex(), proof=[("CODE", world.code(packet, Purpose.DELIVER))])  # fmt: skip
    early = world.record(later)
    assert (early.verdict, early.why) == (Ruling.HELD, "parent_unknown")
    world.record(take)
    assert scans.latest(later.digest).verdict == Ruling.APPLIED
    assert world.fresh(packet).state == State.DELIVERED


def test_a_journey_that_arrives_backwards_ends_where_it_ended(world: World) -> None:
    packet, one, two = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    take = one.scan(packet, "take")
    later = [take]
    for giver, taker in ((one, two), (two, one)):
        parent = later[-1].digest
        offer = b"offer-v1\n%s\n%s" % (tokens.b32(packet.code).encode(), parent.hex().encode())
        shown = f"{giver.device_id}:{base64.b64encode(tokens.sign(giver.key, offer)).decode()}"
        facts = {"giver": giver.party, "taker": taker.party, "parent": parent.hex(), "proof": [("PEER", shown)]}
        later.append(taker.scan(packet, "transfer", **facts))
    for minute, scan in enumerate(reversed(later)):  # in the order it came: the last waits longest
        world.record(scan, MONDAY + timedelta(minutes=minute))
    assert [line.digest for line in ledger.lines(world.fresh(packet))] == [scan.digest for scan in later]
    assert (world.fresh(packet).state, world.fresh(packet).holder_id) == (State.CARRIED, one.party)


def test_the_same_act_told_twice_is_a_duplicate_and_can_be_followed(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    first, echo = phone.scan(packet, "take"), phone.scan(packet, "take")
    world.record(first)
    assert world.record(echo).verdict == Ruling.DUPLICATE
    deliver = phone.scan(packet, "deliver", giver=phone.party, taker=packet.dossier.citizen.party_id,
                         parent=echo.digest.hex(), proof=[("CODE", world.code(packet, Purpose.DELIVER))])  # fmt: skip
    assert world.record(deliver).verdict == Ruling.APPLIED


def test_delivery_needs_something_the_courier_cannot_mint(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    home = {"giver": phone.party, "taker": packet.dossier.citizen.party_id}
    bare = world.record(phone.scan(packet, "deliver", **home))
    wrong = world.record(phone.scan(packet, "deliver", **home, proof=[("CODE", "123")]))
    fake = world.record(phone.scan(packet, "deliver", **home, proof=[("WET_SEEN", ""), ("LOGIN", ""), ("CITIZEN", "")]))
    assert [bare.why, wrong.why, fake.why] == ["proof_missing"] * 3
    assert world.fresh(packet).state == State.CARRIED


def test_a_claimed_signature_leaves_the_courier_answering(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    world.record(phone.scan(packet, "deliver", giver=phone.party, taker=phone.party, proof=[("WET_CLAIMED", "")]))
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DELIVERED_UNVERIFIED, phone.party)


def test_five_wrong_codes_close_the_code_and_paper_still_proves(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    right = world.code(packet, Purpose.DELIVER)
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    home = {"giver": phone.party, "taker": packet.dossier.citizen.party_id}
    for wrong in range(5):
        world.record(phone.scan(packet, "deliver", **home, proof=[("CODE", f"99999{wrong}")]))
    assert world.record(phone.scan(packet, "deliver", **home, proof=[("CODE", right)])).why == "proof_missing"
    claimed = phone.scan(packet, "deliver", giver=phone.party, taker=phone.party, proof=[("WET_CLAIMED", "")])
    assert world.record(claimed).verdict == Ruling.APPLIED


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({"device": "d-nobody"}, "device_unknown"),
        ({"v": 2}, "malformed"),
        ({"actor": "u-somebody-else"}, "actor_mismatch"),
        ({"giver": 7}, "malformed"),
    ],
)
def test_what_is_not_believed_is_kept_in_quarantine(world: World, spoil: dict, why: str) -> None:
    phone, packet = world.phone(), world.packet()
    outcome = world.record(phone.scan(packet, "collect", **spoil))
    assert (outcome.verdict, outcome.why) == (Ruling.QUARANTINED, why)
    assert db.session.get(ScanRow, outcome.digest) is not None
    assert world.fresh(packet).seq == 0


def test_a_forged_signature_changes_the_verdict_not_the_recording(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    body = phone.body(packet, "collect")
    outcome = world.record(bodies.parse(body, b"\0" * 64))
    assert (outcome.verdict, outcome.why) == (Ruling.QUARANTINED, "bad_signature")


def test_an_id_or_a_number_used_again_is_quarantined(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    world.record(phone.scan(packet, "collect", id="a" * 32))
    assert world.record(phone.scan(packet, "collect", id="a" * 32)).why == "id_reused"
    assert world.record(phone.scan(packet, "collect", n=1)).why == "n_reused"


def test_an_unknown_packet_is_held(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect", code="0" * 16)
    outcome, again = world.record(scan), world.record(scan)
    assert (outcome.verdict, outcome.why) == (Ruling.HELD, "packet_unknown")
    assert (again.verdict, again.why, again.recorded_at) == (outcome.verdict, outcome.why, outcome.recorded_at)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Verdict).filter_by(digest=scan.digest)) == 1


def test_what_was_said_beside_a_scan_may_come_when_the_scan_is_told_again(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect")
    world.record(scan)
    for words in ("yellow house", "another"):
        world.record(replace(scan, extra=Extra(free_text=words)))
    assert db.session.get_one(ScanExtra, scan.digest).free_text == "yellow house"


def test_what_names_nothing_it_follows_and_fits_no_move_is_said_to_fit_nowhere(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    lost = phone.scan(packet, "deliver", parent=None, taker=packet.dossier.citizen.party_id)
    assert (world.record(lost).why, world.fresh(packet).seq) == ("fits_nowhere", 0)


def test_what_names_an_older_move_it_does_not_fit_is_out_of_turn_there(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    genesis = packet.genesis.hex()
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    early = phone.scan(packet, "deliver", parent=genesis, giver=phone.party, taker=packet.dossier.citizen.party_id)
    assert world.record(early).why == "out_of_turn"


def test_a_move_that_follows_the_word_of_a_dispute_waits_behind_it(world: World) -> None:
    packet, one, two = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    for claim in [phone.scan(packet, "take") for phone in (one, two)]:
        world.record(claim)
    packet = world.fresh(packet)
    assert packet.state is State.DISPUTED
    third = world.phone(world.strange_courier).scan(packet, "take")
    assert (world.record(third).verdict, third.parent) == (Ruling.HELD, packet.head)
    assert scans.latest(third.digest).why == "behind_dispute"


def test_a_strangers_courier_cannot_collect_for_somebody_else(world: World) -> None:
    phone, packet = world.phone(world.strange_courier), world.packet()
    assert world.record(phone.scan(packet, "collect", taker=world.courier.party_id)).why == "out_of_turn"


def test_a_page_that_is_refused_leaves_nothing(world: World) -> None:
    packet = world.packet()
    with pytest.raises(Refused, match="custody_out_of_turn"):
        atomically(
            custody.enter, packet, "hand_in", world.act(world.clerk), giver=packet.holder_id,
            taker=world.post.party_id, parent=packet.head, proof=[], seal="NP1",
        )  # fmt: skip
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) == 0


def test_a_missed_visit_is_a_note_and_moves_nothing(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    head = packet.head
    outcome = world.record(phone.scan(packet, "miss", reason="nobody_home", next="another_day"))
    packet = world.fresh(packet)
    assert (outcome.verdict, packet.head, packet.state) == (Ruling.APPLIED, head, State.WAITING)
    assert world.record(phone.scan(packet, "miss", reason="nobody_home")).why == "proof_missing"


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    "table", ["scans", "verdicts", "handoffs", "manifests", "manifest_lines", "manifest_confirmations"]
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_the_past(world: World, table: str, verb: str) -> None:
    packet = world.collected(world.phone())
    at = world.act().at
    manifest = atomically(manifests.of_one, packet, world.desk.party_id, packet.head, Found(), at)
    atomically(manifests.confirm, manifest, Side.GIVER, Word.SIGNED_PRINT, at)
    with db.engine.begin() as raw, pytest.raises(sa.exc.IntegrityError, match="append-only"):
        raw.execute(sa.text(verb.format(table)))


def test_every_history_in_every_order_ends_with_the_same_holder(app: Flask, world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    rival: Phone = world.phone(world.second_courier)
    take = phone.scan(packet, "take")
    other = rival.scan(packet, "take")
    deliver = phone.scan(packet, "deliver", giver=phone.party, taker=packet.dossier.citizen.party_id,
                         parent=take.digest.hex(), proof=[("WET_CLAIMED", "")])  # fmt: skip
    for scan in (deliver, other, take):
        world.record(scan)
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.desk.party_id)
    kept = db.session.scalar(sa.select(sa.func.count()).select_from(Verdict))
    assert kept >= 5


def test_ids_asked_for_beforehand_are_each_used_once(world: World) -> None:
    """The lines of a batch ask for their ids in one go; nobody else is given them, nor a later batch of the same act."""
    phone = world.phone()
    taken = [phone.scan(world.packet(Way.OUT), "take") for _ in range(4)]

    def judge(*batches: list[bodies.Scan]) -> None:
        for batch in batches:
            told = custody.record_all(batch, world.seen())
            assert {outcome.verdict for outcome in told} == {Ruling.APPLIED}

    atomically(judge, taken[:2], taken[2:3])
    atomically(judge, taken[3:])
    ids = {line.digest: line.id for line in db.session.scalars(sa.select(Handoff))}
    given = [ids[scan.digest] for scan in taken]
    assert given == sorted(set(given)), "an id twice, or one that another was to be given"


def test_a_large_batch_asks_the_database_no_more_often_than_a_small_one(world: World) -> None:
    phone = world.phone()
    taken = [phone.scan(world.packet(Way.OUT), "take") for _ in range(24)]
    asked: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    questions = []
    for batch in (taken[:2], taken[2:4], taken[4:]):
        asked.clear()
        atomically(custody.record_all, batch, world.seen())
        questions.append(len(asked))
    assert questions[1] == questions[2] > 0
