"""One sitting of the judges: what of a batch counts for its own later scans, what a forger cannot touch, the ledger's own word."""

import json

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import custody, scans
from app.domain.devices import Device, DeviceKind
from app.domain.packets import State, Way
from app.domain.scans import Ruling, ScanRow
from app.domain.tasks import Task, TaskKind
from tests.world import Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def device_of(phone: Phone) -> Device:
    db.session.expire_all()
    return db.session.get_one(Device, phone.device_id)


def test_a_forger_who_uses_a_number_again_freezes_nobodys_phone(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    forged = scans.parse(phone.body(world.packet(Way.OUT), "take", n=1), b"\1" * 64)
    assert world.record(forged).why == "bad_signature"
    assert device_of(phone).frozen_at is None


def test_an_id_is_used_up_by_the_scan_before_in_the_same_batch(world: World) -> None:
    phone, one, other = world.phone(), world.packet(Way.OUT), world.packet(Way.OUT)
    batch = [phone.scan(packet, "take", id="a" * 32) for packet in (one, other)]
    told = atomically(custody.record_all, batch, world.seen())
    assert [(each.verdict, each.why) for each in told] == [(Ruling.APPLIED, None), (Ruling.QUARANTINED, "id_reused")]


def test_a_number_used_again_in_a_batch_does_not_take_the_place_of_the_first(world: World) -> None:
    phone = world.phone()
    one, two, three = (world.packet(Way.OUT) for _ in range(3))
    first, second = phone.scan(one, "take"), phone.scan(two, "take")
    again = phone.scan(three, "take", n=2, id="b" * 32)
    told = atomically(custody.record_all, [second, again, first], world.seen())
    assert [each.why for each in told] == [None, "n_reused", "device_frozen"]
    device = device_of(phone)
    assert (device.contiguous, device.last_digest) == (2, second.digest)
    taken = db.session.scalar(sa.select(Task).filter_by(kind=TaskKind.DEVICE_FROZEN))
    assert taken and taken.device_id == phone.device_id


def test_a_number_used_again_for_a_packet_nobody_knows_is_the_phones_matter(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    stray = phone.scan(packet, "take", code="0" * 16, n=1, id="b" * 32)
    assert world.record(stray).why == "n_reused"
    task = db.session.scalar(sa.select(Task).filter_by(kind=TaskKind.DEVICE_FROZEN))
    assert task and task.device_id == phone.device_id


def test_the_ledgers_own_words_name_the_claims_and_are_counted_like_a_phones(world: World) -> None:
    one, two = world.phone(), world.phone(world.second_courier)
    disputes = []
    for _ in range(2):
        packet = world.packet(Way.OUT)
        claims = one.scan(packet, "take"), two.scan(packet, "take")
        for claim in claims:
            world.record(claim)
        assert world.fresh(packet).state is State.DISPUTED
        disputes.append(claims)
    ledger = db.session.scalars(sa.select(Device).filter_by(kind=DeviceKind.LEDGER)).one()
    words = db.session.scalars(sa.select(ScanRow).filter_by(device_id=ledger.id).order_by(ScanRow.n)).all()
    assert [word.n for word in words] == [1, 2]
    assert (ledger.contiguous, ledger.last_digest) == (2, words[-1].digest)
    for word, claims in zip(words, disputes, strict=True):
        said = json.loads(word.body)
        assert said["actor"] == "server"
        assert said["proof"] == [{"kind": "CLAIMS", "value": claim.digest.hex()} for claim in claims]


def test_a_gap_that_closes_later_counts_what_came_before_it_closed(world: World) -> None:
    phone = world.phone()
    first, second = (phone.scan(world.packet(Way.OUT), "take") for _ in range(2))
    world.record(second)
    assert (device_of(phone).contiguous, device_of(phone).last_digest) == (0, None)
    world.record(first)
    assert (device_of(phone).contiguous, device_of(phone).last_digest) == (2, second.digest)
