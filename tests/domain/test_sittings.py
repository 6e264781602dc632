"""One sitting of the judges: what of a batch counts for its own later scans, what a forger cannot touch, the ledger's own word."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import bodies, custody, devices, scans, sittings, tokens
from app.domain.audit import AuditLine
from app.domain.devices import Device, DeviceKind
from app.domain.packets import State, Way
from app.domain.scans import Ruling, ScanRow
from app.domain.tasks import Task, TaskKind
from app.errors import Refused
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def device_of(phone: Phone) -> Device:
    db.session.expire_all()
    return db.session.get_one(Device, phone.device_id)


def test_a_forger_who_uses_a_number_again_freezes_nobodys_phone(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    forged = bodies.parse(phone.body(world.packet(Way.OUT), "take", n=1), b"\1" * 64)
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


# ---- the server's own hand --------------------------------------------------------------------------------------


def test_what_the_server_signs_for_a_page_has_every_field_of_a_scan(world: World) -> None:
    packet, act = world.packet(Way.OUT), world.act(world.officer)
    facts: dict[str, Any] = {
        "giver": "pGIVER", "taker": "pTAKER", "parent": b"p" * 32, "proof": [("PRESENCE", "x")], "seal": "Số 1", "sheets": 3,
        "reason": "why", "next_": "then", "tip": b"t" * 32, "state": State.AT_POST,
    }  # fmt: skip
    said = atomically(sittings.sign, packet, "settle", DeviceKind.PAGES, world.officer.id, act, **facts)
    body = json.loads(said.body)
    assert len(bytes.fromhex(body.pop("id"))) == 16
    at = {"wall": act.at.isoformat(), "tz": "Asia/Ho_Chi_Minh", "server_time": act.at.isoformat()}
    assert body == {
        "v": 1, "device": devices.server(DeviceKind.PAGES, act).id, "n": 1, "back": None, "code": tokens.b32(packet.code),
        "issue": packet.slip.issue, "event": "settle", "giver": "pGIVER", "taker": "pTAKER", "actor": world.officer.id,
        "by": "desk", "party": world.desk.party_id, "parent": (b"p" * 32).hex(), "at": at, "seal": "Số 1", "sheets": 3,
        "proof": [{"kind": "PRESENCE", "value": "x"}], "reason": "why", "next": "then", "tip": (b"t" * 32).hex(),
        "state": "AT_POST",
    }  # fmt: skip
    assert "Số 1".encode() in said.body


def test_a_page_that_says_when_it_happened_lets_nobody_vouch_for_a_time_before_it(world: World) -> None:
    packet, act = world.packet(Way.OUT), world.act(world.officer)
    wall = act.at - timedelta(hours=5)
    facts: dict[str, Any] = {"giver": None, "taker": None, "parent": None, "proof": []}
    said = atomically(sittings.sign, packet, "take", DeviceKind.PAGES, world.officer.id, act, wall=wall, **facts)
    assert json.loads(said.body)["at"] == {"wall": wall.isoformat(), "tz": "Asia/Ho_Chi_Minh"}


@pytest.mark.parametrize("is_known", [True, False], ids=["a packet of ours", "one nobody knows yet"])
def test_what_somebody_answered_for_is_judged_in_their_name_and_written_down(world: World, is_known: bool) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    code = packet.code if is_known else bytes(10)
    atomically(lambda: setattr(db.session.get_one(Device, phone.device_id), "revoked_at", MONDAY - timedelta(hours=1)))
    doubted = phone.scan(packet, "take", code=tokens.b32(code))
    assert world.record(doubted).verdict is Ruling.HELD
    act = world.act(world.supervisor, MONDAY + timedelta(hours=1))
    atomically(custody.admit, doubted.digest, act)
    newest = scans.latest(doubted.digest)
    assert newest and newest.verdict is (Ruling.APPLIED if is_known else Ruling.HELD)
    assert newest.by == world.supervisor.id
    task = db.session.scalars(sa.select(Task).filter_by(kind=TaskKind.DOUBTED)).one()
    assert task.outcome == "judged" and task.closed_at == act.at
    note = db.session.scalars(sa.select(AuditLine).filter_by(action="scan_admit")).one()
    assert (note.subject, note.details) == (code.hex(), {"digest": doubted.digest.hex()})


def test_a_page_older_than_the_packet_is_told_so(world: World) -> None:
    packet = world.packet(Way.OUT)
    custody.expect(packet, None)
    custody.expect(packet, packet.head)
    with pytest.raises(Refused, match="^page_too_old$"):
        custody.expect(packet, b"another")
