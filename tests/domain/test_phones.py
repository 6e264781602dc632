"""A phone comes into service by a ticket, a key and a second person; it leaves at once, and loses nothing it holds."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.demo.phone import Phone as Handset
from app.domain import devices, phones, scans, sessions, staff, tokens
from app.domain.audit import AuditLine
from app.domain.devices import LIFE, WAIT, Device, DeviceKind, Standing, Why
from app.domain.packets import State, Way
from app.domain.people import Role, User, hire
from app.domain.phones import Ticket
from app.domain.scans import Ruling
from app.domain.tasks import Task, TaskKind
from app.errors import Invalid, Missing, NotAllowed, Refused
from tests.inspecting import faults
from tests.test_race import rush
from tests.world import MONDAY, World

SOON = MONDAY + timedelta(minutes=2)


def show_ticket(world: World, courier: User | None = None, by: User | None = None, at: datetime = MONDAY) -> str:
    return atomically(phones.invite, courier or world.courier, world.act(by or world.dispatcher, at))


def handset(user: User) -> Handset:
    return Handset(user.id, user.party_id)


def take(world: World, letters: str, phone: Handset, at: datetime = SOON, proof: bytes | None = None) -> Device:
    """The phone answers the ticket."""
    signed = tokens.sign(phone.key, b"enrol-v1\n" + letters.encode()) if proof is None else proof
    device, phone.token = atomically(phones.answer, letters, phone.der, signed, "a phone", world.act(None, at))
    phone.device_id = device.id
    return device


def waiting(world: World) -> tuple[Handset, Device]:
    phone = handset(world.courier)
    return phone, take(world, show_ticket(world), phone)


def confirm(world: World, device: Device, by: User | None = None, at: datetime = SOON) -> Device:
    return atomically(phones.confirm, device.id, world.act(by or world.clerk, at))


def again(device: Device) -> Device:
    db.session.rollback()
    return db.session.get_one(Device, device.id)


# ---- coming into service ----------------------------------------------------------------------------------------


def test_a_ticket_a_key_and_a_second_person_bring_a_phone_into_service(world: World) -> None:
    _phone, device = waiting(world)
    assert (device.user_id, device.party_id) == (world.courier.id, world.courier.party_id)
    assert device.standing(SOON) is Standing.WAITING and not device.lives(SOON)
    device = confirm(world, device)
    assert device.lives(SOON)
    assert (device.enrolled_by_id, device.second_by_id) == (world.dispatcher.id, world.clerk.id)
    assert device.valid_until == SOON + LIFE
    done = db.session.scalars(sa.select(AuditLine.action).order_by(AuditLine.id)).all()
    assert done == ["phone_invite", "phone_confirm"]


def test_both_screens_can_work_out_the_six_digits_and_another_key_gives_others(world: World) -> None:
    letters, phone = show_ticket(world), handset(world.courier)
    device = take(world, letters, phone)
    digest = hashlib.sha256(b"check-v1\n" + letters.encode() + b"\n" + phone.der).hexdigest()
    assert device.check_code == str(int(digest[:12], 16))[-6:].zfill(6)
    assert phones.check_code(letters, handset(world.courier).der) != device.check_code


def test_the_letters_of_a_ticket_are_kept_nowhere(world: World) -> None:
    letters = show_ticket(world)
    assert len(letters) == 26
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)):
            assert letters not in str(row) and tokens.unb32(letters, 16) not in row


def refused(world: World, letters: str, at: datetime = SOON) -> str:
    with pytest.raises(Refused) as caught:
        take(world, letters, handset(world.courier), at)
    return caught.value.key


def test_a_ticket_is_good_for_ten_minutes_and_one_phone(world: World) -> None:
    letters = show_ticket(world)
    assert refused(world, letters, MONDAY + timedelta(minutes=10)) == "ticket_over"
    take(world, letters, handset(world.courier), MONDAY + timedelta(minutes=9, seconds=59))
    assert refused(world, letters) == "ticket_used"
    assert len(devices.of(world.courier)) == 1


def test_a_newer_ticket_ends_the_earlier_ones_of_the_same_courier_only(world: World) -> None:
    first, others = show_ticket(world), show_ticket(world, world.second_courier)
    second = show_ticket(world)
    assert refused(world, first) == "ticket_over"
    take(world, second, handset(world.courier))
    take(world, others, handset(world.second_courier))


def test_letters_that_were_never_shown_open_nothing(world: World) -> None:
    assert refused(world, "0" * 26) == "ticket_unknown"


@pytest.mark.parametrize("kind", ["of other letters", "by another key", "of a scan", "empty"])
def test_who_cannot_sign_the_letters_does_not_get_a_phone_and_the_ticket_stays_good(world: World, kind: str) -> None:
    letters, phone = show_ticket(world), handset(world.courier)
    signer = handset(world.courier) if kind == "by another key" else phone
    over = "A" * 26 if kind == "of other letters" else letters
    frame = b"scan-v1\n" if kind == "of a scan" else b"enrol-v1\n"
    proof = b"" if kind == "empty" else tokens.sign(signer.key, frame + over.encode())
    with pytest.raises(Invalid) as caught:
        take(world, letters, phone, proof=proof)
    assert caught.value.key == "phone_proof"
    take(world, letters, phone)


def test_who_showed_the_ticket_cannot_be_the_second_person_nor_can_the_courier(world: World) -> None:
    _phone, device = waiting(world)
    for who in (world.dispatcher, world.courier):
        with pytest.raises(Refused, match="phone_second"):
            confirm(world, device, who)
    assert not again(device).lives(SOON)


def test_nobody_of_another_office_invites_confirms_or_rejects(world: World) -> None:
    _phone, device = waiting(world)
    dispatcher = atomically(hire, "dispatcher9", "Kiều Thị Quế", Role.DISPATCHER, world.other_post, World.PASSWORD)
    for verb in (phones.confirm, phones.reject):
        for who in (world.stranger, dispatcher, world.officer, world.admin):
            with pytest.raises(Missing):
                atomically(verb, device.id, world.act(who, SOON))
    assert again(device).standing(SOON) is Standing.WAITING


def test_six_digits_that_differ_end_the_phone_for_good(world: World) -> None:
    _phone, device = waiting(world)
    atomically(phones.reject, device.id, world.act(world.clerk, SOON))
    device = again(device)
    assert (device.revoked_at, device.revoked_why) == (SOON, Why.MISMATCH)
    with pytest.raises(Refused, match="phone_over"):
        confirm(world, device)
    assert devices.has_room(world.courier, SOON)


def test_a_phone_nobody_confirmed_for_a_day_is_enrolled_anew(world: World) -> None:
    _phone, device = waiting(world)
    with pytest.raises(Refused, match="phone_over"):
        confirm(world, device, at=SOON + WAIT)
    assert not again(device).lives(SOON + WAIT)


def test_a_courier_has_at_most_two_phones_and_is_told_so_before_a_third_is_shown_a_ticket(world: World) -> None:
    letters = show_ticket(world)
    for _ in range(2):
        atomically(devices.enrol, world.courier, handset(world.courier).der, "", world.act(world.courier))
    assert refused(world, letters) == "phones_full"
    with pytest.raises(Refused, match="phones_full"):
        show_ticket(world)
    show_ticket(world, world.second_courier)


@pytest.mark.parametrize("how", ["revoked", "ended", "never confirmed"])
def test_a_phone_out_of_service_leaves_its_place(world: World, how: str) -> None:
    first = world.phone()
    world.phone()
    change = {
        "revoked": {"revoked_at": MONDAY},
        "ended": {"valid_until": MONDAY - timedelta(microseconds=1)},
        "never confirmed": {"confirmed_at": None, "enrolled_at": MONDAY - WAIT},
    }[how]
    assert not devices.has_room(world.courier, MONDAY)
    atomically(lambda: db.session.execute(sa.update(Device).filter_by(id=first.device_id).values(**change)))
    assert devices.has_room(world.courier, MONDAY)


def test_somebody_who_has_left_is_given_no_phone(world: World) -> None:
    letters = show_ticket(world)
    atomically(staff.end, world.courier, world.act(world.admin), knows=True)
    with pytest.raises(NotAllowed):
        take(world, letters, handset(world.courier))
    with pytest.raises(Refused, match="not_a_courier"):
        show_ticket(world)


# ---- races ------------------------------------------------------------------------------------------------------


def test_one_ticket_answered_by_two_phones_at_once_makes_one_device(app: Flask, world: World) -> None:
    letters = show_ticket(world)
    both = [handset(world.courier) for _ in range(8)]

    def claim(phone: Handset) -> Callable[[], object]:
        def run() -> object:
            try:
                return take(world, letters, phone).id
            except Refused as refusal:
                return refusal.key

        return run

    found = rush(app, [claim(phone) for phone in both])
    assert found.count("ticket_used") == 7
    db.session.rollback()
    assert [device.id for device in devices.of(world.courier)] == [one for one in found if one != "ticket_used"]


def test_three_phones_that_come_at_once_find_two_places(app: Flask, world: World) -> None:
    letters, courier = show_ticket(world), world.courier
    keys = [handset(courier) for _ in range(8)]

    def by_password(phone: Handset) -> Callable[[], object]:
        def run() -> object:
            try:
                user = db.session.get_one(User, courier.id)
                return atomically(devices.enrol, user, phone.der, "", world.act(user, SOON))[0].id
            except Refused as refusal:
                return refusal.key

        return run

    def by_ticket() -> object:
        try:
            return take(world, letters, keys[0]).id
        except Refused as refusal:
            return refusal.key

    found = rush(app, [by_ticket, *(by_password(phone) for phone in keys[1:])])
    assert found.count("phones_full") == 6
    db.session.rollback()
    assert len(devices.of(courier)) == 2


def test_what_a_phone_calls_itself_is_kept_as_far_as_there_is_room(world: World) -> None:
    device, _ = atomically(devices.register, world.courier, handset(world.courier).der, "a" * 61, world.act())
    assert device.label == "a" * 60


def test_the_key_of_a_phone_is_known_also_out_of_service_and_no_other(world: World) -> None:
    phone = world.phone()
    atomically(phones.retire, phone.device_id, Why.LOST, world.act(world.dispatcher, SOON))
    found = devices.key_of(phone.device_id)
    assert found and found.der == phone.der
    atomically(devices.server, DeviceKind.PAGES, world.act())
    assert devices.get("d-pages").label == "server pages"
    assert devices.key_of("d-pages") is devices.key_of("d-nobody") is None
    with pytest.raises(Missing, match="^device_unknown$"):
        devices.get("d-nobody")


# ---- scans of a phone that waits --------------------------------------------------------------------------------


def test_what_a_phone_scans_before_it_is_confirmed_is_held_and_judged_when_it_is(world: World) -> None:
    phone, _device = waiting(world)
    packet = world.packet(Way.OUT)
    first = phone.scan(packet, "take", MONDAY, seal="NP0045821")
    second = phone.scan(packet, "miss", MONDAY, reason="nobody_home", next="another_day")
    for scan in (first, second):
        outcome = world.record(scan)
        assert (outcome.verdict, outcome.why) == (Ruling.HELD, "device_unconfirmed")
    assert world.fresh(packet).state == State.WAITING
    confirm(world, again(_device))
    assert world.fresh(packet).state == State.CARRIED
    newest = [scans.latest(scan.digest) for scan in (first, second)]
    assert [each and (each.verdict, each.by) for each in newest] == [(Ruling.APPLIED, "server")] * 2
    assert again(_device).contiguous == 2
    assert faults(world.fresh(packet)) == []


def test_what_it_scans_of_a_packet_nobody_knows_goes_on_waiting_for_that_packet(world: World) -> None:
    phone, device = waiting(world)
    scan = phone.scan(world.packet(Way.OUT), "take", MONDAY, code="0" * 16)
    assert world.record(scan).why == "device_unconfirmed"
    confirm(world, again(device))
    verdict = scans.latest(scan.digest)
    assert verdict and (verdict.verdict, verdict.why) == (Ruling.HELD, "packet_unknown")


def test_what_a_rejected_phone_scanned_stays_held_and_moves_nothing(world: World) -> None:
    phone, device = waiting(world)
    packet = world.packet(Way.OUT)
    scan = phone.scan(packet, "take", MONDAY, seal="NP0045821")
    world.record(scan)
    atomically(phones.reject, device.id, world.act(world.clerk, SOON))
    verdict = scans.latest(scan.digest)
    assert verdict and (verdict.verdict, verdict.why) == (Ruling.HELD, "device_unconfirmed")
    assert world.fresh(packet).state == State.WAITING


def test_a_scan_for_another_person_is_not_believed_when_the_phone_is_confirmed(world: World) -> None:
    phone, device = waiting(world)
    packet = world.packet(Way.OUT)
    scan = phone.scan(packet, "take", MONDAY, actor=world.second_courier.id)
    world.record(scan)
    confirm(world, again(device))
    verdict = scans.latest(scan.digest)
    assert verdict and (verdict.verdict, verdict.why) == (Ruling.QUARANTINED, "actor_mismatch")


# ---- going on, going out ----------------------------------------------------------------------------------------


def renew(world: World, phone: Handset, device: Device, at: datetime) -> Device:
    return atomically(phones.renew, device.id, tokens.sign(phone.key, phones.renewal(device)), world.act(None, at))


def test_a_phone_in_use_goes_on_with_the_same_key_when_its_end_is_near(world: World) -> None:
    phone, device = waiting(world)
    device = confirm(world, device)
    ends = device.valid_until
    assert ends
    assert renew(world, phone, device, SOON + timedelta(days=59)).valid_until == ends
    late = SOON + timedelta(days=61)
    assert renew(world, phone, again(device), late).valid_until == late + LIFE


def test_a_renewal_counts_once_and_only_by_the_phones_own_key(world: World) -> None:
    phone, device = waiting(world)
    device, late = confirm(world, device), SOON + timedelta(days=80)
    proof = tokens.sign(phone.key, phones.renewal(device))
    for wrong in (b"", tokens.sign(handset(world.courier).key, phones.renewal(device))):
        with pytest.raises(Invalid):
            atomically(phones.renew, device.id, wrong, world.act(None, late))
    atomically(phones.renew, device.id, proof, world.act(None, late))
    with pytest.raises(Invalid):
        atomically(phones.renew, device.id, proof, world.act(None, late + timedelta(days=80)))


@pytest.mark.parametrize("how", ["ended", "revoked", "waiting", "left"])
def test_a_phone_out_of_service_cannot_renew_itself(world: World, how: str) -> None:
    phone, device = waiting(world)
    at = SOON + timedelta(days=80)
    if how != "waiting":
        confirm(world, device)
    if how == "ended":
        at = SOON + LIFE + timedelta(microseconds=1)
    if how == "revoked":
        atomically(phones.retire, device.id, Why.LOST, world.act(world.dispatcher, SOON))
    if how == "left":
        atomically(lambda: setattr(db.session.get_one(User, world.courier.id), "disabled_at", SOON))
    with pytest.raises(NotAllowed, match="phone_over"):
        renew(world, phone, again(device), at)


def test_a_lost_phone_is_out_of_service_at_once_and_what_it_never_sent_becomes_a_task(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    bodies = [phone.scan(packet, "miss", reason="nobody_home", next="another_day") for _ in range(5)]
    world.record(bodies[0])
    world.record(bodies[4])
    device = atomically(phones.retire, phone.device_id, Why.LOST, world.act(world.dispatcher, SOON))
    assert not device.lives(SOON) and device.revoked_why is Why.LOST
    task = db.session.scalars(sa.select(Task).filter_by(device_id=phone.device_id)).one()
    assert (task.kind, task.office_id) == (TaskKind.DEVICE_GAP, world.post.id)
    assert task.facts == {"missing": [2, 3, 4]}


def test_a_phone_that_sent_everything_leaves_no_task(world: World) -> None:
    phone = world.phone()
    world.record(phone.scan(world.packet(), "miss", reason="nobody_home", next="another_day"))
    atomically(phones.retire, phone.device_id, Why.REPLACED, world.act(world.dispatcher, SOON))
    assert db.session.scalars(sa.select(Task).filter_by(kind=TaskKind.DEVICE_GAP)).all() == []


def test_a_later_scan_that_goes_back_to_another_does_not_say_that_this_one_was_made_in_time(world: World) -> None:
    """Somebody with a copy of the key may have made either."""
    phone, packet = world.phone(), world.packet(Way.OUT)
    first, second = phone.scan(packet, "take"), phone.scan(world.packet(Way.OUT), "take", back="ab" * 32)
    assert world.record(second).verdict == Ruling.APPLIED
    atomically(phones.retire, phone.device_id, Why.LOST, world.act(world.dispatcher, SOON))
    outcome = world.record(first, SOON + timedelta(hours=1))
    assert (outcome.verdict, outcome.why) == (Ruling.HELD, "device_revoked")


def test_the_first_reason_given_stays(world: World) -> None:
    phone = world.phone()
    for who, why, at in ((world.courier, Why.LOST, SOON), (world.dispatcher, Why.REPLACED, SOON + timedelta(hours=1))):
        device = atomically(phones.retire, phone.device_id, why, world.act(who, at))
    assert (device.revoked_at, device.revoked_why, device.revoked_by_id) == (SOON, Why.LOST, world.courier.id)


def test_who_may_take_whose_phone_out_of_service(world: World) -> None:
    phone = world.phone()

    def tries(who: User, why: Why = Why.STOLEN) -> str:
        try:
            atomically(phones.retire, phone.device_id, why, world.act(who, SOON))
        except Refused as refusal:
            return refusal.key
        return "done"

    assert tries(world.second_courier) == tries(world.stranger) == tries(world.strange_courier) == "handset_unknown"
    assert tries(world.admin) == tries(world.officer) == "handset_unknown"
    assert tries(world.clerk) == "phone_not_yours"
    assert tries(world.courier, Why.LEFT) == tries(world.dispatcher, Why.RETURNED) == "phone_why"
    assert tries(world.supervisor, Why.MISMATCH) == "phone_why"
    assert again(db.session.get_one(Device, phone.device_id)).revoked_at is None
    assert tries(world.supervisor) == "done"


def test_whoever_leaves_is_signed_out_everywhere_and_no_phone_is_in_service(world: World) -> None:
    world = world
    phones_ = [world.phone(), world.phone()]
    secret = atomically(sessions.begin, world.courier.id, "", world.act())
    atomically(staff.end, world.courier, world.act(world.admin, SOON), knows=True)
    assert sessions.find(secret, SOON) is None
    for phone in phones_:
        device = db.session.get_one(Device, phone.device_id)
        assert (device.revoked_at, device.revoked_why) == (SOON, Why.LEFT)
    atomically(lambda: setattr(db.session.get_one(User, world.courier.id), "disabled_at", None))
    assert sessions.find(secret, SOON) is None, "whoever comes back signs in anew"
    assert not db.session.get_one(Device, phones_[0].device_id).lives(SOON)


def test_a_ticket_is_shown_for_couriers_only(world: World) -> None:
    for who in (world.clerk, world.officer, world.supervisor):
        with pytest.raises(Refused, match="not_a_courier"):
            show_ticket(world, who)
    assert db.session.scalars(sa.select(Ticket)).all() == []


def test_the_list_counts_what_is_missing_and_says_when_a_phone_was_last_heard_of(world: World) -> None:
    phone, quiet, packet = world.phone(), world.phone(), world.packet()
    made = [phone.scan(packet, "miss", reason="nobody_home", next="another_day") for _ in range(7)]
    for n, minutes in ((1, 1), (2, 2), (4, 3), (7, 4)):
        world.record(made[n - 1], MONDAY + timedelta(minutes=minutes))
    found = phones.listed(devices.of(world.courier), SOON)
    by_id = {one.device.id: one for one in found}
    assert (by_id[phone.device_id].missing, by_id[quiet.device_id].missing) == (3, 0)
    assert by_id[phone.device_id].seen_at == MONDAY + timedelta(minutes=4)
    assert by_id[quiet.device_id].seen_at is None


def test_a_frozen_phone_is_shown_nothing_leaves_its_place_and_only_a_new_code_brings_one_back(world: World) -> None:
    phone, device = waiting(world)
    confirm(world, device)
    packet = world.packet(Way.OUT)
    for _ in range(2):
        world.record(phone.scan(packet, "miss", SOON, n=1, reason="nobody_home", next="another_day"))
    device = again(device)
    assert device.standing(SOON) is Standing.FROZEN and not device.lives(SOON)
    with pytest.raises(NotAllowed, match="phone_over"):
        renew(world, phone, device, SOON + timedelta(days=80))
    with pytest.raises(Refused, match="phone_over"):
        confirm(world, device, world.supervisor)
    assert devices.has_room(world.courier, SOON)
