"""A receipt says: committed. Everything that was kept gets one, and nothing else does."""

import base64
import hashlib
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.api import checkpoints
from app.db import atomically, db, now
from app.domain import scans, tokens
from app.domain.devices import Device
from app.domain.packets import Way
from app.domain.scans import ScanRow
from tests.api.conftest import Line, line
from tests.world import World


def holds(world: World, answer: Any, device: str, n: int | str, note: str = "") -> bool:
    """Whether the answer's first receipt is over these values, by the key that phones are told."""
    result = answer["results"][0]
    seen = hashlib.sha256(note.encode()).hexdigest()
    lines = ("receipt-v1", result["digest"], device, str(n), result["recorded_at"], seen)
    day = line(world, world.second_courier).get("/api/v1/day").json
    told = {each["id"]: each["public_key"] for each in day["keys"]["receipt"]}
    key = serialization.load_der_public_key(base64.b64decode(told[answer["receipt_key"]]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return tokens.signed_by(key, base64.b64decode(result["receipt"]), "\n".join(lines).encode())


def test_what_is_applied_gets_a_receipt_that_names_the_committed_row(world: World) -> None:
    wire = line(world)
    answer = wire.send(wire.phone.body(world.packet(), "collect")).json
    assert holds(world, answer, wire.phone.device_id, 1)
    assert not holds(world, answer, wire.phone.device_id, 2)
    db.session.rollback()
    [result] = answer["results"]
    row = db.session.get_one(ScanRow, bytes.fromhex(result["digest"]))
    assert row.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") == result["recorded_at"]


def test_the_same_scan_gets_the_same_receipt_however_late_it_comes_again(world: World) -> None:
    wire = line(world)
    body = wire.phone.body(world.packet(), "collect")
    [first] = wire.send(body).json["results"]
    assert wire.send(body, body).json["results"] == [first, first]


DOUBTS = ["held", "disputed", "quarantined"]


@pytest.mark.parametrize("verdict", DOUBTS)
def test_what_is_not_believed_gets_a_receipt_all_the_same(world: World, wire: Line, verdict: str) -> None:
    packet, rival = world.packet(Way.OUT), line(world, world.second_courier)
    take = wire.phone.body(packet, "take", **({"parent": "00" * 32} if verdict == "held" else {}))
    if verdict == "disputed":
        rival.send(rival.phone.body(packet, "take"))
    envelope = wire.phone.envelope(take)
    if verdict == "quarantined":
        envelope["scans"][0]["sig"] = ""
    answer = wire.post("/api/v1/scans", envelope).json
    assert answer["results"][0]["verdict"] == verdict
    assert holds(world, answer, wire.phone.device_id, 1)


def test_a_phone_taken_out_of_service_gets_receipts_for_what_it_still_hands_in(world: World, wire: Line) -> None:
    body = wire.phone.body(world.packet(), "collect")
    revoke = sa.update(Device).where(Device.id == wire.phone.device_id).values(revoked_at=now())
    atomically(lambda: db.session.execute(revoke))
    assert holds(world, wire.send(body).json, wire.phone.device_id, 1)


def test_a_body_without_device_and_number_is_receipted_with_dashes(world: World, wire: Line) -> None:
    assert holds(world, wire.send(b"{}").json, "-", "-")


def test_what_was_not_committed_gets_none(world: World, wire: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def trips(*facts: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(scans, "keep", trips)
    assert wire.send(wire.phone.body(world.packet(), "collect")).json["results"] == []


def test_a_receipt_vouches_for_the_checkpoint_told_with_it(
    world: World, wire: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "log.example\n7\nAAAA\n\n— log signature\n"
    monkeypatch.setattr(checkpoints, "told", lambda *_: {"checkpoint": note, "consistency": []})
    answer = wire.send(wire.phone.body(world.packet(), "collect")).json
    assert holds(world, answer, wire.phone.device_id, 1, note)
    assert not holds(world, answer, wire.phone.device_id, 1)
