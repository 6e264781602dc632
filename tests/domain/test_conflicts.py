"""What phones may say against each other, against the record and against life: every situation once, by its number.

Each test ends at the verdict, at who answers for the packet afterwards, and at what a person is asked and told.
"""

import ast
import base64
import inspect
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from app import phrases
from app.db import atomically, db
from app.domain import (
    bodies,
    booking,
    corrections,
    custody,
    duties,
    hands,
    happenings,
    invariants,
    packets,
    placing,
    scans,
    staff,
    steps,
    tokens,
    vetting,
    watch,
)
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.devices import Device
from app.domain.dossiers import Dossier
from app.domain.manifests import LineResult
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.scans import RawScan, Ruling
from app.domain.tasks import KINDS, Keeper, Task, TaskKind
from app.errors import Refused
from app.views import matters
from tests.api.conftest import Line
from tests.domain.test_corrections import Quarrel
from tests.domain.test_manifests import Handing
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")

K = TaskKind
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
real = bodies.outlived
APPLIED, DUPLICATE, HELD = Ruling.APPLIED, Ruling.DUPLICATE, Ruling.HELD
DISPUTED, QUARANTINED = Ruling.DISPUTED, Ruling.QUARANTINED


def judged(world: World, scan: Scan, at: datetime = MONDAY) -> tuple[Ruling, str | None]:
    """The verdict, which a person and the phone can be told in words."""
    outcome = world.record(scan, at)
    if outcome.verdict is not APPLIED and outcome.why:
        said_to_a_person(world, outcome.why)
    return outcome.verdict, outcome.why


def said_to_a_person(world: World, why: str) -> None:
    with world.app.test_request_context():
        for language in ("vi", "en"):
            with force_locale(language):
                matter = matters.MATTERS[duties.BY_WHY.get(why, K.HELD)]
                assert all(map(str, matters.WHYS.get(why) or (matter.known, matter.unknown)))
                assert why in matters.WHYS or why in duties.BY_WHY
                assert phrases.texts().get(f"why.{why}"), why


@pytest.mark.dialects("sqlite")
def test_the_phone_has_a_sentence_for_every_reason_a_scan_can_be_answered_with(world: World) -> None:
    boards = {"not_me"}  # its word for a contested delivery; no scan is answered with it
    known = (matters.WHYS.keys() | duties.BY_WHY.keys() | {step.flag for step in steps.STEPS if step.flag}) - boards
    for source in (vetting, placing, hands):
        for each in ast.walk(ast.parse(inspect.getsource(source))):
            if isinstance(each, ast.Constant) and re.fullmatch("[a-z]+_[a-z_]+", str(each.value)):
                known.add(str(each.value))
    assert {"id_reused", "taken_back", "fits_nowhere", "device_unknown"} < known
    said = {language: texts(world, language) for language in ("vi", "en")}
    for why in sorted(known):
        assert said["en"].get(f"why.{why}"), why
        assert said["vi"][f"why.{why}"] != said["en"][f"why.{why}"], why


def texts(world: World, language: str) -> dict[str, str]:
    with world.app.test_request_context(), force_locale(language):
        return phrases.texts()


def verdict(scan: Scan) -> tuple[Ruling, str | None]:
    db.session.rollback()
    latest = scans.latest(scan.digest)
    assert latest
    return latest.verdict, latest.why


def asked(**about: Any) -> set[TaskKind]:
    """What people are asked to look at now."""
    db.session.rollback()
    return set(db.session.scalars(sa.select(Task.kind).filter_by(closed_at=None, **about)))


def look(at: datetime) -> int:
    return atomically(watch.look, at).total()


def where(world: World, packet: Packet) -> tuple[State, str]:
    fresh = world.fresh(packet)
    return fresh.state, fresh.holder_id


def home(packet: Packet) -> str:
    return packet.dossier.citizen.party_id


def hears(phone: Phone, world: World, at: datetime) -> Phone:
    """The phone asked for something at that moment: its scans carry the server's word from now on."""
    said = at.isoformat()
    signature = tokens.sign(world.keys.server, b"time-v1\n" + said.encode())
    phone.heard = {"server_time": said, "server_sig": base64.b64encode(signature).decode()}
    return phone


def offered(giver: Phone, taker: Phone, packet: Packet, after: Scan) -> Scan:
    """Two phones met without a network: the taker scans what the giver's phone offers."""
    was = packet.head
    packet.head = after.digest
    peer = giver.offer(packet)
    packet.head = was
    proof = [("PEER", peer)]
    return taker.scan(packet, "transfer", giver=giver.party, parent=after.digest.hex(), proof=proof)


def revoke(phone: Phone, at: datetime) -> None:
    atomically(lambda: setattr(db.session.get_one(Device, phone.device_id), "revoked_at", at))


# ---- numbers, ids, repetitions --------------------------------------------------------------------------------------


def test_01_the_same_scan_again_has_the_same_receipt_and_asks_nobody(world: World) -> None:
    wire, packet = Line(world.app, world.phone()), world.packet(Way.OUT)
    body = wire.phone.body(packet, "take")
    first, again = (wire.send(body).json["results"][0] for _ in range(2))
    assert first == again and first["receipt"] and first["verdict"] == "applied"
    assert (where(world, packet), asked()) == ((State.CARRIED, wire.phone.party), set())


def test_02_the_same_id_with_other_bytes_is_set_apart_and_the_supervisors_look(world: World) -> None:
    phone, one, other = world.phone(), world.packet(Way.OUT), world.packet(Way.OUT)
    assert judged(world, phone.scan(one, "take", id="a" * 32)) == (APPLIED, None)
    assert judged(world, phone.scan(other, "take", id="a" * 32)) == (QUARANTINED, "id_reused")
    assert where(world, other) == (State.WAITING, world.desk.party_id)
    assert (asked(), asked(office_id=None)) == ({K.QUARANTINED}, {K.QUARANTINED})


def test_03_the_same_number_of_one_phone_with_another_scan_freezes_the_phone(world: World) -> None:
    phone, one, other = world.phone(), world.packet(Way.OUT), world.packet(Way.OUT)
    assert judged(world, phone.scan(one, "take")) == (APPLIED, None)
    assert judged(world, phone.scan(other, "take", n=1)) == (QUARANTINED, "n_reused")
    phone.n = 1
    assert judged(world, phone.scan(other, "take")) == (QUARANTINED, "device_frozen")
    assert where(world, other) == (State.WAITING, world.desk.party_id)
    assert K.DEVICE_FROZEN in asked(office_id=None)


def test_04_a_gap_in_a_phones_numbers_is_remembered_and_asked_for_after_two_hours(world: World) -> None:
    wire, packet = Line(world.app, world.phone()), world.packet(Way.OUT)
    wire.phone.n = 1
    answer = wire.send(wire.phone.body(packet, "take")).json
    assert (answer["results"][0]["verdict"], answer["missing"]) == ("applied", [1])
    assert where(world, packet) == (State.CARRIED, wire.phone.party)
    arrived = db.session.scalars(sa.select(scans.ScanRow.recorded_at)).one()
    assert (look(arrived + 2 * HOUR - MINUTE), asked()) == (0, set())
    assert (look(arrived + 2 * HOUR), asked()) == (1, {K.DEVICE_GAP})


# ---- order and parents ----------------------------------------------------------------------------------------------


def test_05_a_scan_that_follows_the_head_from_its_holder_is_applied(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    assert judged(world, phone.scan(packet, "take")) == (APPLIED, None)
    assert (where(world, packet), asked()) == ((State.CARRIED, phone.party), set())


def waits_for_its_parent(world: World) -> tuple[Packet, Phone, Scan, Scan]:
    """A colleague took over what the first courier took; only the colleague's phone has found a network."""
    packet, giver, taker = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    take = giver.scan(packet, "take")
    over = offered(giver, taker, packet, take)
    assert judged(world, over) == (HELD, "parent_unknown")
    assert (where(world, packet), asked()) == ((State.WAITING, world.desk.party_id), set())
    return packet, giver, take, over


def test_06_a_scan_whose_parent_is_unknown_waits_and_is_judged_when_it_comes(world: World) -> None:
    packet, _giver, take, over = waits_for_its_parent(world)
    assert judged(world, take, MONDAY + HOUR) == (APPLIED, None)
    assert verdict(over) == (APPLIED, None)
    assert (where(world, packet), asked()) == ((State.CARRIED, world.second_courier.party_id), set())


def test_06_after_twelve_hours_somebody_looks_for_the_parent(world: World) -> None:
    packet, *_ = waits_for_its_parent(world)
    assert (look(MONDAY + 12 * HOUR - MINUTE), look(MONDAY + 12 * HOUR)) == (0, 1)
    assert asked(packet_id=packet.id) == {K.HELD}


def test_06_sooner_when_the_givers_phone_has_since_told_all_it_had(world: World) -> None:
    packet, giver, *_ = waits_for_its_parent(world)
    giver.n, giver.back = 0, None  # what it took was never written down on it
    other = world.packet(Way.OUT)
    early = hears(giver, world, MONDAY - MINUTE).scan(other, "take")
    assert judged(world, early, MONDAY + MINUTE) == (APPLIED, None)
    assert look(MONDAY + 2 * MINUTE) == 0  # made before the other came: there may be more
    hears(giver, world, MONDAY + HOUR)
    late = giver.scan(world.fresh(other), "miss", at=MONDAY + HOUR, reason="nobody_home", next="another_day")
    assert judged(world, late, MONDAY + HOUR) == (APPLIED, None)
    assert (look(MONDAY + HOUR), asked(packet_id=packet.id)) == (1, {K.HELD})
    assert look(MONDAY + 13 * HOUR) == 0


def test_07_an_older_parent_with_only_notes_and_echoes_since_is_as_good(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    start = packet.head.hex()
    missed = phone.scan(packet, "miss", reason="nobody_home", next="another_day")
    first, echo = (phone.scan(packet, "take", parent=start) for _ in range(2))
    assert [judged(world, scan) for scan in (missed, first, echo)] == [(APPLIED, None)] * 2 + [(DUPLICATE, None)]
    assert (where(world, packet), asked()) == ((State.CARRIED, phone.party), set())


def test_08_two_different_children_of_one_parent_are_both_disputed_and_the_giver_answers(world: World) -> None:
    packet, one, other = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    claims = [phone.scan(packet, "take") for phone in (one, other)]
    assert [judged(world, claim) for claim in claims] == [(APPLIED, None), (DISPUTED, "two_children")]
    assert [verdict(claim) for claim in claims] == [(DISPUTED, "two_children")] * 2
    assert where(world, packet) == (State.DISPUTED, world.desk.party_id)
    assert asked(packet_id=packet.id) == {K.DISPUTED}
    assert KINDS[K.DISPUTED].take <= 2 * HOUR and not KINDS[K.DISPUTED].outcomes
    for phone, claim in zip((one, other), claims, strict=True):  # both phones turn red at their next word
        later = Line(world.app, phone).send(since="2020-01-01T00:00:00Z").json["later"]
        newest = {each["digest"]: each["verdict"] for each in later}
        assert newest[claim.digest.hex()] == "disputed"


@pytest.mark.parametrize("early", [True, False])
def test_08_whoever_tells_a_disputed_act_again_is_told_of_the_dispute(world: World, early: bool) -> None:
    """The second phone of one of the two: its repetition counts for nothing either, and comes to the same in any order."""
    packet, other = world.packet(Way.OUT), world.phone(world.second_courier)
    first, second = world.phone(), world.phone()
    told = [phone.scan(packet, "take") for phone in (first, second)]
    for scan in (*told, other.scan(packet, "take")) if early else (told[0], other.scan(packet, "take"), told[1]):
        outcome = world.record(scan)
    assert [verdict(scan) for scan in told] == [(DISPUTED, "two_children"), (DUPLICATE, "repeats_claim")]
    assert early or (outcome.why, outcome.stands, outcome.flags) == ("repeats_claim", False, ())
    later = Line(world.app, second).send(since="2020-01-01T00:00:00Z").json["later"]
    assert [(each["digest"], each["why"]) for each in later] == [(told[1].digest.hex(), "repeats_claim")]
    assert (where(world, packet), asked(packet_id=packet.id)) == ((State.DISPUTED, world.desk.party_id), {K.DISPUTED})


def test_09_what_arrives_late_with_its_chain_consistent_is_applied_and_said_to_be_late(world: World) -> None:
    packet, giver, taker = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    take = giver.scan(packet, "take")
    over = offered(giver, taker, packet, take)
    evening = MONDAY + 10 * HOUR
    assert [judged(world, scan, evening) for scan in (over, take)] == [(HELD, "parent_unknown"), (APPLIED, None)]
    assert where(world, packet) == (State.CARRIED, taker.party)
    story = happenings.of(world.fresh(packet).dossier)
    assert {one.key: one.said_at for one in story} == {"sealed": None, "take": MONDAY, "transfer": MONDAY}


def test_10_what_does_not_fit_where_it_points_is_held_for_a_person(world: World) -> None:
    packet, phone, other = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    assert judged(world, other.scan(packet, "take", giver=world.desk.party_id)) == (HELD, "out_of_turn")
    assert where(world, packet) == (State.CARRIED, phone.party)
    assert asked(packet_id=packet.id) == {K.HELD}


# ---- two couriers ---------------------------------------------------------------------------------------------------


def test_11_an_offer_nobody_took_is_no_line_and_the_giver_keeps_the_packet(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    assert phone.offer(world.fresh(packet))
    assert where(world, packet) == (State.CARRIED, phone.party)
    assert (world.fresh(packet).seq, world.fresh_count()) == (1, 1)


def test_12_desk_and_post_take_without_an_offer_and_a_courier_waits_for_the_dispatcher(world: World) -> None:
    carrier = world.phone()
    for event, who, office in (("hand_in", world.clerk, world.post), ("receive", world.officer, world.desk)):
        packet = world.collected(carrier)
        facts = {"giver": carrier.party, "taker": office.party_id, "parent": packet.head, "seal": "NP0045821"}
        atomically(custody.enter, packet, event, world.act(who), proof=[("PRESENCE", "")], **facts)
        assert world.fresh(packet).holder_id == office.party_id
    packet, colleague = world.collected(carrier), world.phone(world.second_courier)
    alone = colleague.scan(packet, "transfer")
    assert judged(world, alone) == (HELD, "proof_missing")
    assert (where(world, packet), asked()) == ((State.CARRIED, carrier.party), {K.HELD})
    atomically(
        corrections.hand_on, world.fresh(packet), world.act(world.dispatcher), head=packet.head,
        courier=world.second_courier, sighting="ở ngã ba", reason="phone_dead",
    )  # fmt: skip
    assert (where(world, packet), verdict(alone)) == ((State.CARRIED, colleague.party), (DUPLICATE, None))
    assert asked() == set()


# ---- batches --------------------------------------------------------------------------------------------------------


def test_13_twenty_on_the_list_and_nineteen_in_the_bag_leave_one_with_its_giver(world: World) -> None:
    handing = Handing(world, 20)
    manifest = handing.receive(handing.takes(*handing.packets[:19]))
    assert handing.results(manifest) == [LineResult.MOVED] * 19 + [LineResult.MISSING]
    left = handing.packets[19]
    assert where(world, left) == (State.WAITING, world.desk.party_id)
    assert (asked(), asked(packet_id=left.id)) == ({K.MISSING}, {K.MISSING})
    assert KINDS[K.MISSING].take == timedelta()


def test_14_a_bag_that_is_not_on_the_list_is_the_receivers_and_is_looked_at(world: World) -> None:
    handing = Handing(world, 2)
    manifest = handing.receive(handing.takes(*handing.packets), handing.listed(handing.codes[:1]))
    assert handing.results(manifest) == [LineResult.MOVED, LineResult.SURPLUS]
    assert where(world, handing.packets[1]) == (State.CARRIED, world.courier.party_id)
    assert asked(packet_id=handing.packets[1].id) == {K.SURPLUS}


# ---- slips ----------------------------------------------------------------------------------------------------------


def test_15_a_packet_nobody_knows_is_held_and_placed_when_its_booking_comes(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    code, slip = packet.code, packet.slip.token
    take = phone.scan(packet, "take", proof=[("SLIP", slip)])
    other = tokens.unb32("0" * 16, 10)

    def call(code: bytes) -> None:
        locked = db.session.get_one(Packet, packet.id)
        locked.code, locked.head, locked.line_hash = code, packets.genesis(code), packets.genesis(code)

    atomically(call, other)  # as after a restore from a backup that is older than the booking
    assert judged(world, take) == (HELD, "packet_unknown")
    assert (asked(), look(MONDAY + HOUR)) == (set(), 0)
    atomically(call, code)
    assert atomically(watch.welcome, world.act()) == 1
    assert (verdict(take), where(world, packet)) == ((APPLIED, None), (State.CARRIED, phone.party))
    assert (atomically(watch.welcome, world.act()), asked()) == (0, set())


def test_16_a_packet_nobody_knows_under_a_slip_we_did_not_make_is_set_apart(world: World) -> None:
    token = world.packet().slip.token
    forged = token[:60] + ("0" if token[60] != "0" else "1") + token[61:]
    scan = world.phone().scan(world.packet(), "collect", code="0" * 16, proof=[("SLIP", forged)])
    assert judged(world, scan) == (QUARANTINED, "slip_forged")
    assert asked(office_id=None) == {K.FORGED_SLIP}


@pytest.mark.parametrize(
    ("slip", "issue", "true"),
    [("its own", 1, True), ("its own", None, True), ("its own", 2, False), ("another packet's", 1, False)],
)
def test_16_a_slip_of_ours_is_the_packets_own_and_of_the_issue_that_is_named(
    world: World, slip: str, issue: int | None, true: bool
) -> None:
    packet, other = world.packet(Way.OUT), world.packet(Way.OUT)
    token = (packet if slip == "its own" else other).slip.token
    scan = world.phone().scan(packet, "take", issue=issue, proof=[("SLIP", token)])
    assert judged(world, scan) == ((APPLIED, None) if true else (QUARANTINED, "slip_forged"))


def test_17_an_older_slip_is_judged_as_usual_and_both_in_use_are_asked_about(world: World) -> None:
    giver, taker, packet = world.phone(), world.phone(world.second_courier), world.packet(Way.OUT)
    atomically(packets.issue_slip, world.fresh(packet), 25942, world.act(at=MONDAY - HOUR))
    assert judged(world, giver.scan(world.fresh(packet), "take", issue=1)) == (APPLIED, None)
    packet = world.fresh(packet)
    assert (packet.flags, packet.holder_id, asked()) == (["old_issue"], giver.party, set())
    over = taker.scan(packet, "transfer", issue=2, proof=[("PEER", giver.offer(packet))])
    assert judged(world, over) == (APPLIED, None)
    assert (where(world, packet), asked()) == ((State.CARRIED, taker.party), {K.OLD_ISSUE})


@pytest.mark.parametrize(("age", "flags"), [(24 * HOUR, []), (24 * HOUR + timedelta(seconds=1), ["stale_list"])])
def test_17_a_list_of_replaced_slips_that_is_a_day_old_is_said_and_the_work_goes_on(
    world: World, age: timedelta, flags: list[str]
) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    scan = phone.scan(packet, "take", slips_until=(MONDAY - age).isoformat())
    assert judged(world, scan) == (APPLIED, None)
    assert (world.fresh(packet).flags, where(world, packet), asked()) == (flags, (State.CARRIED, phone.party), set())


@pytest.mark.dialects("sqlite")
def test_17_a_phones_own_clock_cannot_make_its_list_older_or_younger_than_it_can_be(world: World) -> None:
    hour, phone, packet = MONDAY - 23 * HOUR, world.phone(), world.packet(Way.OUT)
    ahead = phone.scan(packet, "take", at=MONDAY + 48 * HOUR, slips_until=hour.isoformat())
    assert not ahead.list_is_stale(MONDAY)
    hears(phone, world, MONDAY)
    behind = phone.scan(packet, "take", at=MONDAY - 48 * HOUR, slips_until=(MONDAY - 25 * HOUR).isoformat())
    assert behind.list_is_stale(MONDAY)
    unread = phone.scan(packet, "take", slips_until="yesterday")
    assert (unread.malformed, unread.slips_until, unread.list_is_stale(MONDAY)) == (False, None, False)


@pytest.mark.parametrize("who", ["the same courier", "another one"])
def test_a_photocopied_slip_on_a_second_bag_never_counts_and_both_bags_are_looked_for(world: World, who: str) -> None:
    phone, packet = world.phone(), world.packet()
    other = phone if who == "the same courier" else world.phone(world.second_courier)
    one, two = phone.scan(packet, "collect"), other.scan(packet, "collect", seal="NP0099999")
    assert [judged(world, scan)[0] for scan in (one, two)] == [APPLIED, DISPUTED]
    assert (where(world, packet), verdict(one)[0]) == ((State.DISPUTED, home(packet)), DISPUTED)
    assert asked() == {K.DISPUTED}


# ---- cancelled ------------------------------------------------------------------------------------------------------


def test_18_collected_after_it_was_cancelled_counts_and_goes_back_to_the_citizen(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    code = world.code(packet)
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    assert judged(world, phone.scan(world.fresh(packet), "collect", proof=[("CODE", code)])) == (APPLIED, None)
    assert world.fresh(packet).flags == ["collected_after_cancel"]
    assert (where(world, packet), asked()) == ((State.CARRIED, phone.party), {K.AFTER_CANCEL})


def test_19_cancelled_after_it_was_collected_is_the_same(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    atomically(corrections.call_off, packet, world.act())
    packet = world.fresh(packet)
    assert (packet.flags, packet.dossier.state) == (["collected_after_cancel"], CaseState.CANCELLED)
    assert (where(world, packet), asked()) == ((State.CARRIED, phone.party), {K.AFTER_CANCEL})


def test_19_cancelled_when_the_papers_are_home_again_there_is_nothing_to_bring_back(world: World) -> None:
    """Brought to the counter, wanted back there, and the booking cancelled in the evening."""
    packet = world.packet()
    counter_has, home_code = {"taker": world.post.party_id}, world.code(packet, Purpose.DELIVER)

    def entered(event: str, **facts: Any) -> None:
        now_ = world.fresh(packet)
        atomically(
            custody.enter, now_, event, world.act(world.clerk), giver=now_.holder_id, parent=now_.head, seal="NP0045821", **facts,
        )  # fmt: skip

    entered("collect", **counter_has, sheets=3, proof=[("WET_SEEN", "")])
    entered("deliver", taker=home(packet), proof=[("CODE", home_code)])
    assert where(world, packet) == (State.DELIVERED, home(packet))
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    packet = world.fresh(packet)
    assert (packet.flags, packet.dossier.state, asked()) == ([], CaseState.CANCELLED, set())
    assert list(invariants.rebuilt_alike(packet.id, world.keys)) == []


# ---- seals and clocks -----------------------------------------------------------------------------------------------


def test_20_another_seal_than_any_known_is_applied_and_two_people_count(world: World) -> None:
    giver, taker = world.phone(), world.phone(world.second_courier)
    packet = world.collected(giver)
    over = taker.scan(packet, "transfer", seal="NP0099999", proof=[("PEER", giver.offer(packet))])
    assert judged(world, over) == (APPLIED, None)
    packet = world.fresh(packet)
    assert (packet.flags, packet.seals) == (["seal_mismatch"], ["NP0045821"])
    assert (where(world, packet), asked()) == ((State.CARRIED, taker.party), {K.SEAL_MISMATCH})
    assert KINDS[K.SEAL_MISMATCH].two


@pytest.mark.parametrize("wall", [datetime(2031, 1, 1, tzinfo=MONDAY.tzinfo), MONDAY + HOUR, MONDAY - 25 * HOUR])
def test_21_a_clock_that_is_off_moves_the_packet_all_the_same(world: World, wall: datetime) -> None:
    """Also one that says less than the server had told it already."""
    phone, packet = world.phone(), world.packet(Way.OUT)
    hears(phone, world, MONDAY - DAY)
    assert judged(world, phone.scan(packet, "take", at=wall)) == (APPLIED, None)
    assert world.fresh(packet).flags == ["clock"]
    assert (where(world, packet), asked()) == ((State.CARRIED, phone.party), {K.CLOCK})


@pytest.mark.parametrize("first", ["right", "wrong"])
def test_21_a_clock_that_is_off_shows_in_a_dispute_whichever_telling_of_an_act_came_first(
    world: World, first: str
) -> None:
    phone, other, packet = world.phone(), world.phone(world.second_courier), world.packet(Way.OUT)
    tellings = [phone.scan(packet, "take"), phone.scan(packet, "take", parent=None, at=MONDAY + HOUR)]
    rival = other.scan(packet, "take")
    for scan in tellings if first == "right" else reversed(tellings):
        world.record(scan)
    assert judged(world, rival) == (DISPUTED, "two_children")
    assert world.fresh(packet).flags == ["clock"]
    assert K.CLOCK in asked()


# ---- phones out of service ------------------------------------------------------------------------------------------


def test_22_a_scan_surely_made_before_its_phone_was_revoked_counts_as_usual(world: World) -> None:
    """Somebody else's scan named it while the phone was in service: it had been made by then."""
    packet, giver, taker = world.packet(Way.OUT), world.phone(), world.phone(world.second_courier)
    take = giver.scan(packet, "take")
    assert judged(world, offered(giver, taker, packet, take)) == (HELD, "parent_unknown")
    revoke(giver, MONDAY + MINUTE)
    assert judged(world, take, MONDAY + HOUR) == (APPLIED, None)
    assert (where(world, packet), asked()) == ((State.CARRIED, taker.party), set())


@pytest.mark.parametrize("later", [MINUTE, timedelta(0)])
def test_22_also_when_a_later_scan_of_the_same_phone_was_here_in_time(world: World, later: timedelta) -> None:
    phone, packet, other = world.phone(), world.packet(Way.OUT), world.packet(Way.OUT)
    first, second = phone.scan(packet, "take"), phone.scan(other, "take")
    assert judged(world, second) == (APPLIED, None)
    revoke(phone, MONDAY + later)
    assert (judged(world, first, MONDAY + HOUR), asked()) == ((APPLIED, None), set())


def test_23_a_scan_surely_made_after_its_phone_was_revoked_is_set_apart(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    revoke(phone, MONDAY - HOUR)
    late = hears(phone, world, MONDAY - MINUTE).scan(packet, "take")
    assert judged(world, late) == (QUARANTINED, "device_revoked")
    assert (where(world, packet), asked(office_id=None)) == ((State.WAITING, world.desk.party_id), {K.QUARANTINED})
    with pytest.raises(Refused, match="^scan_judged$"):
        atomically(custody.admit, late.digest, world.act(world.supervisor))


@pytest.mark.parametrize("word", ["none", "from before", "of that moment", "not the server's"])
def test_23_a_scan_that_may_have_been_made_before_waits_for_a_supervisors_word(world: World, word: str) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    revoke(phone, MONDAY - HOUR)
    if word != "none":
        hears(phone, world, MONDAY - {"from before": 2 * HOUR, "of that moment": HOUR}.get(word, MINUTE))
    if word == "not the server's":
        phone.heard["server_sig"] = base64.b64encode(b"x" * 64).decode()
    doubted = phone.scan(packet, "take")
    assert judged(world, doubted) == (HELD, "device_revoked")
    assert (where(world, packet), asked()) == ((State.WAITING, world.desk.party_id), {K.DOUBTED})
    assert KINDS[K.DOUBTED].keeper is Keeper.SUPERVISOR
    outcome = atomically(custody.admit, doubted.digest, world.act(world.supervisor))
    assert (outcome.verdict, scans.latest(doubted.digest).by) == (APPLIED, world.supervisor.id)
    assert (where(world, packet), asked()) == ((State.CARRIED, phone.party), set())
    with pytest.raises(Refused, match="^scan_judged$"):
        atomically(custody.admit, doubted.digest, world.act(world.supervisor))


def test_23_a_phone_whose_ninety_days_are_over_is_judged_as_one_that_was_revoked(world: World) -> None:
    phone, packet, other = world.phone(), world.packet(Way.OUT), world.packet(Way.OUT)
    ended = db.session.get_one(Device, phone.device_id).valid_until
    assert ended
    assert judged(world, phone.scan(packet, "take"), ended) == (APPLIED, None)
    assert judged(world, phone.scan(other, "take"), ended + MINUTE) == (HELD, "device_expired")
    assert (where(world, other), asked(packet_id=other.id)) == ((State.WAITING, world.desk.party_id), {K.DOUBTED})
    late = hears(phone, world, ended + MINUTE).scan(world.packet(Way.OUT), "take")
    assert judged(world, late, ended + HOUR) == (QUARANTINED, "device_expired")


def test_24_what_a_courier_who_has_left_scanned_is_never_dropped_however_late_it_comes(world: World) -> None:
    packet, other, phone, colleague = (
        world.packet(Way.OUT),
        world.packet(Way.OUT),
        world.phone(),
        world.phone(world.second_courier),
    )
    take, alone = phone.scan(packet, "take"), phone.scan(other, "take")
    over = offered(phone, colleague, packet, take)
    assert judged(world, over) == (HELD, "parent_unknown")
    atomically(staff.end, world.courier, world.act(at=MONDAY + HOUR), knows=True)
    ten_days = MONDAY + 10 * DAY
    assert judged(world, take, ten_days) == (APPLIED, None)
    assert (where(world, packet), verdict(over)) == ((State.CARRIED, colleague.party), (APPLIED, None))
    assert (judged(world, alone, ten_days), asked()) == ((HELD, "device_revoked"), {K.DOUBTED})
    atomically(custody.admit, alone.digest, world.act(world.supervisor, ten_days))
    assert where(world, other) == (State.CARRIED, phone.party)


# ---- deliveries -----------------------------------------------------------------------------------------------------


def brought(world: World, phone: Phone, packet: Packet, **over: Any) -> Packet:
    assert judged(world, phone.scan(packet, "take")) == (APPLIED, None)
    said = {"taker": home(packet), "proof": [("CODE", world.code(packet, Purpose.DELIVER))]} | over
    assert judged(world, phone.scan(world.fresh(packet), "deliver", **said))[0] is APPLIED
    return world.fresh(packet)


def test_25_a_delivery_without_the_citizens_proof_leaves_it_with_the_courier_for_a_day(world: World) -> None:
    phone = world.phone()
    packet = brought(world, phone, world.packet(Way.OUT), taker=phone.party, proof=[("WET_CLAIMED", "")])
    assert where(world, packet) == (State.DELIVERED_UNVERIFIED, phone.party)
    task = db.session.scalars(sa.select(Task).filter_by(closed_at=None)).one()
    assert (task.kind, task.due) == (K.DELIVERY_UNVERIFIED, MONDAY + DAY)
    proof = [("CODE", world.code(packet, Purpose.DELIVER))]
    assert judged(world, phone.scan(world.fresh(packet), "confirm", taker=home(packet), proof=proof)) == (APPLIED, None)
    assert (where(world, packet), asked()) == ((State.DELIVERED, home(packet)), set())


def test_26_not_me_makes_the_courier_answer_and_puts_what_else_was_delivered_under_review(world: World) -> None:
    phone, colleague = world.phone(), world.phone(world.second_courier)
    packet, second, third = (brought(world, phone, world.packet(Way.OUT)) for _ in range(3))
    elsewhere = brought(world, colleague, world.packet(Way.OUT))
    said = {"head": packet.head, "line": packet.head, "reason": "not_me", "actor": home(packet)}
    atomically(corrections.contest, packet, world.act(), **said)
    assert where(world, packet) == (State.DISPUTED, phone.party)
    assert asked() == {K.DISPUTED, K.SIMILAR}
    task = db.session.scalars(sa.select(Task).filter_by(kind=K.SIMILAR)).one()
    assert task.facts["numbers"] == [third.number, second.number] and elsewhere.number not in task.facts["numbers"]
    assert (task.office_id, task.opened_at) == (world.post.id, MONDAY)
    for one in (second, third):
        assert where(world, one) == (State.DELIVERED, home(one))


# ---- people decide --------------------------------------------------------------------------------------------------


def told_to(world: World, kind: str) -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(sa.select(Message.phone).filter_by(kind=kind)))


def reachable(world: World) -> list[str]:
    """Two more people of the office, each by a number of their own."""
    numbers = {world.courier.id: "+84900000191", world.second_courier.id: "+84900000192"}

    def give() -> None:
        for id_, number in numbers.items():
            db.session.get_one(User, id_).phone = number

    atomically(give)
    return sorted(numbers.values())


def test_27_an_error_declared_by_two_goes_back_to_the_holder_before_and_both_sides_are_told(world: World) -> None:
    numbers, packet, giver, taker = (
        reachable(world),
        world.packet(Way.OUT),
        world.phone(),
        world.phone(world.second_courier),
    )
    world.record(giver.scan(packet, "take"))
    packet = world.fresh(packet)
    assert judged(world, taker.scan(packet, "transfer", proof=[("PEER", giver.offer(packet))])) == (APPLIED, None)
    packet = world.fresh(packet)
    act, facts = world.act(world.dispatcher), {"head": packet.head, "reason": "wrong_packet"}
    with pytest.raises(Refused):
        atomically(corrections.correct, packet, act, second=world.dispatcher, **facts)
    atomically(corrections.correct, world.fresh(packet), act, second=world.clerk, **facts)
    assert where(world, packet) == (State.CARRIED, giver.party)
    assert (told_to(world, "corrected_between"), len(told_to(world, "corrected"))) == (numbers, 1)


def test_28_a_settled_dispute_is_with_whoever_has_it_and_both_sides_are_told(world: World) -> None:
    numbers, quarrel = reachable(world), Quarrel(world)
    packet = quarrel.settle(holder=quarrel.other.party, tip=quarrel.second.digest)
    assert (packet.state, packet.holder_id, packet.fork) == (State.CARRIED, quarrel.other.party, None)
    assert verdict(quarrel.first) == (QUARANTINED, "settled_against") and verdict(quarrel.second) == (DUPLICATE, None)
    assert (told_to(world, "settled_between"), len(told_to(world, "settled"))) == (numbers, 1)
    assert K.DISPUTED not in asked()


# ---- what is too old to be read, or cannot be -----------------------------------------------------------------------


def test_29_a_body_of_a_version_that_has_been_replaced_for_half_a_year_is_set_apart_and_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    today = MONDAY.date()
    for days, expected in ((180, (APPLIED, None)), (181, (QUARANTINED, "version_old"))):
        versions = {1: date(2026, 3, 1), 2: today - timedelta(days=days)}
        monkeypatch.setattr(bodies, "outlived", lambda v, on, versions=versions: real(v, on, versions))
        scan = phone.scan(world.packet(Way.OUT), "take")
        assert judged(world, scan) == expected
        assert db.session.get_one(scans.ScanRow, scan.digest).body == scan.body
    assert (where(world, packet), asked(office_id=None)) == ((State.WAITING, world.desk.party_id), {K.QUARANTINED})


def test_30_bytes_that_are_no_scan_are_kept_for_a_person_up_to_a_limit_for_each_phone(world: World) -> None:
    wire, packet = Line(world.app, world.phone()), world.packet(Way.OUT)
    headers = wire.headers | {"Content-Type": "application/json"}
    answer = wire.client.post("/api/v1/scans", data=b"{" + b"x" * 70_000, headers=headers)
    assert (answer.status_code, answer.json["key"]) == (400, "scan_unreadable")
    kept = db.session.scalars(sa.select(RawScan)).one()
    assert (len(kept.bytes), kept.device_id) == (64 * 1024, wire.phone.device_id)
    look(kept.at)
    assert (where(world, packet), asked()) == ((State.WAITING, world.desk.party_id), {K.RAW_INBOX})


def test_another_number_read_while_a_bag_is_counted_is_looked_at_by_two(world: World) -> None:
    """The courier counted the whole bag and typed one seal that differs: it moves nothing, and people count."""
    phone = world.phone()
    packet = world.collected(phone)
    world.record(phone.scan(packet, "sighting", taker=packet.holder_id, parent=None, seal="NP0099999"))
    packet = world.fresh(packet)
    assert (packet.state, packet.flags, packet.seals) == (State.CARRIED, ["seal_mismatch"], ["NP0045821"])
    assert [task.kind for task in db.session.query(Task).filter_by(packet_id=packet.id)] == [TaskKind.SEAL_MISMATCH]
