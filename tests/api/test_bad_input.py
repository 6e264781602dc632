"""What a phone should never send: each is kept to the byte, judged, put before a person in words, and said to whoever scanned.

More scans than one post may hold are refused whole and kept by the phone, which halves them: tests/e2e/test_receipts.py.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from app import phrases
from app.db import atomically, db, now
from app.domain import booking, tokens
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, Way
from app.domain.scans import ScanRow
from app.domain.tasks import Task, TaskKind
from app.views import matters, settling
from tests.api.conftest import Line
from tests.conftest import signing_in
from tests.journeys.pages import Visitor
from tests.world import World

Sent = tuple[Packet, bytes]
K = TaskKind
HOUR = timedelta(hours=1)


def in_2031(world: World, wire: Line) -> Sent:
    packet = world.packet(Way.OUT)
    return packet, wire.phone.body(packet, "take", at=datetime(2031, 1, 1, tzinfo=UTC))


def an_hour_ahead(world: World, wire: Line) -> Sent:
    packet = world.packet(Way.OUT)
    return packet, wire.phone.body(packet, "take", at=now() + HOUR)


def an_hour_behind(world: World, wire: Line) -> Sent:
    """Of what the server told the phone a moment before."""
    packet, said = world.packet(Way.OUT), now().isoformat()
    signature = tokens.sign(world.keys.server, b"time-v1\n" + said.encode())
    wire.phone.heard = {"server_time": said, "server_sig": base64.b64encode(signature).decode()}
    return packet, wire.phone.body(packet, "take", at=now() - HOUR)


def one_id_twice(world: World, wire: Line) -> Sent:
    first, packet = world.packet(Way.OUT), world.packet(Way.OUT)
    assert wire.send(wire.phone.body(first, "take", id="a" * 32)).json["results"][0]["verdict"] == "applied"
    return packet, wire.phone.body(packet, "take", id="a" * 32)


def a_counter_set_back(world: World, wire: Line) -> Sent:
    for _ in range(3):
        assert wire.send(wire.phone.body(world.packet(Way.OUT), "take")).json["results"][0]["verdict"] == "applied"
    wire.phone.n, packet = 1, world.packet(Way.OUT)
    return packet, wire.phone.body(packet, "take")


def a_device_nobody_knows(world: World, wire: Line) -> Sent:
    packet = world.packet(Way.OUT)
    return packet, wire.phone.body(packet, "take", device="d-nobody")


def a_strangers_device(world: World, wire: Line) -> Sent:
    """It says that it is another courier's."""
    packet = world.packet(Way.OUT)
    return packet, wire.phone.body(packet, "take", device=world.phone(world.strange_courier).device_id)


def a_strangers_courier(world: World, wire: Line) -> Sent:
    packet = world.packet(Way.OUT)
    return packet, wire.phone.body(packet, "take", actor=world.strange_courier.id)


def one_flipped_bit(world: World, wire: Line) -> Sent:
    """In the middle of the signature that the slip's code carries."""
    packet = world.packet(Way.OUT)
    data = bytearray(tokens.unb32(packet.slip.token, 83))
    data[50] ^= 1
    return packet, wire.phone.body(packet, "take", proof=[("SLIP", tokens.b32(bytes(data)))])


def a_cancelled_packet(world: World, wire: Line) -> Sent:
    packet = world.packet()
    code = world.code(packet)
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    return packet, wire.phone.body(world.fresh(packet), "collect", proof=[("CODE", code)])


def two_packets_with_one_slip(world: World, wire: Line) -> Sent:
    packet = world.packet()
    other = world.phone(world.second_courier)  # both saw the same slip, on two bags
    second = other.body(packet, "collect", seal="NP0099999")
    first = wire.phone.body(packet, "collect", proof=[("CODE", world.code(packet))])
    assert wire.send(first).json["results"][0]["verdict"] == "applied"
    wire.phone, wire.headers = other, {"Authorization": f"Bearer {other.token}"}
    return packet, second


def another_seal(world: World, wire: Line) -> Sent:
    packet = world.collected(wire.phone)
    taken = {"giver": packet.holder_id, "taker": packet.dossier.citizen.party_id}
    proof = [("CODE", world.code(packet, Purpose.DELIVER))]
    return packet, wire.phone.body(packet, "deliver", seal="NP0099999", proof=proof, **taken)


# What is sent; verdict and reason; the matter it becomes; the words on the phone, where its answer does not name them.
BAD: dict[str, tuple[Callable[[World, Line], Sent], str, str | None, TaskKind, str | None]] = {
    "a scan of 2031":             (in_2031, "applied", None, K.CLOCK, "strip.clock"),
    "a clock an hour ahead":      (an_hour_ahead, "applied", None, K.CLOCK, "strip.clock"),
    "a clock an hour behind":     (an_hour_behind, "applied", None, K.CLOCK, "strip.clock"),
    "one id with two bodies":     (one_id_twice, "quarantined", "id_reused", K.QUARANTINED, None),
    "a counter that goes back":   (a_counter_set_back, "quarantined", "n_reused", K.DEVICE_FROZEN, None),
    "a device nobody knows":      (a_device_nobody_knows, "quarantined", "device_unknown", K.QUARANTINED, None),
    "a stranger's device":        (a_strangers_device, "quarantined", "bad_signature", K.QUARANTINED, None),
    "a stranger's name":          (a_strangers_courier, "quarantined", "actor_mismatch", K.QUARANTINED, None),
    "a token with a flipped bit": (one_flipped_bit, "quarantined", "slip_forged", K.FORGED_SLIP, None),
    "a cancelled packet":         (a_cancelled_packet, "applied", None, K.AFTER_CANCEL, "why.collected_after_cancel"),
    "two packets with one slip":  (two_packets_with_one_slip, "disputed", "two_children", K.DISPUTED, None),
    "a seal that does not match": (another_seal, "applied", None, K.SEAL_MISMATCH, "verdict.seals"),
}  # fmt: skip


@pytest.mark.usefixtures("laws_hold")
@pytest.mark.parametrize("what", BAD)
def test_what_should_never_come_is_kept_judged_shown_to_a_person_and_said(world: World, wire: Line, what: str) -> None:
    make, verdict, why, kind, words = BAD[what]
    packet, body = make(world, wire)
    answer = wire.send(body)
    (result,) = answer.json["results"]
    assert (answer.status_code, result["verdict"], result["why"]) == (200, verdict, why)
    assert result["receipt"], "the phone need not keep it for ever"
    db.session.rollback()
    row = db.session.get_one(ScanRow, bytes.fromhex(result["digest"]))
    assert (row.body, row.sig) == (body, wire.phone.sign(body))

    with world.app.test_request_context():
        said = {}
        for language in ("vi", "en"):
            with force_locale(language):
                said[language] = phrases.texts()[words or f"why.{why}"]
    assert said["vi"] and said["en"] and said["vi"] != said["en"]

    (task,) = db.session.scalars(sa.select(Task).filter_by(kind=kind, closed_at=None))
    staff = {world.post.id: world.clerk, world.desk.id: world.officer, None: world.supervisor}
    with world.app.test_request_context(), force_locale("vi"):
        title, steps = matters.title(kind), settling.steps(task)
    page = Visitor(signing_in(world.app)(staff[task.office_id]))
    page.open("/exceptions/").sees(title)
    page.open(f"/exceptions/{task.id}").sees(title, *steps, packet.number)
