"""Scans are evidence: every one that can be read gets a verdict, and none is lost, whoever sends it and how often."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.api import bodies
from app.api import scans as door
from app.db import atomically, db, now
from app.domain import booking, scans, tokens
from app.domain.codes import Purpose
from app.domain.devices import Device
from app.domain.packets import State, Way
from app.domain.scans import RawScan, ScanExtra, ScanRow
from tests.api.conftest import Line, line
from tests.world import World

PAPERS = [{"position": 1, "sheets": 2, "missing": False}, {"position": 2, "sheets": 1, "missing": True}]


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) or 0


def raw() -> list[RawScan]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RawScan)))


def test_a_collection_is_recorded_and_answered(world: World) -> None:
    wire, packet = line(world), world.packet()
    body = wire.phone.body(packet, "collect", proof=[("CODE", world.code(packet))])
    answer = wire.send(body)
    assert answer.status_code == 200
    [result] = answer.json["results"]
    digest = wire.phone.back
    assert result | {"recorded_at": ..., "receipt": ...} == {
        "digest": digest, "verdict": "applied", "why": None, "packet": packet.number, "seq": 1, "flags": [],
        "recorded_at": ..., "receipt": ...,
    }  # fmt: skip
    assert (answer.json["contiguous"], answer.json["missing"], answer.json["later"]) == (1, [], [])
    assert (answer.json["checkpoint"], answer.json["consistency"]) == (None, [])
    assert world.fresh(packet).state == State.CARRIED


def test_whoever_scans_a_packet_of_a_cancelled_booking_is_told(world: World) -> None:
    """By its slip before it is collected, in the answer to the scan, and with every later look at it."""
    wire, packet = line(world), world.packet()
    world.on_round(packet, world.courier)
    token = {"token": packet.slip.token}
    assert wire.post("/api/v1/lookups", token).json["cancelled"] is False
    code = world.code(packet)
    atomically(lambda: booking.cancel(world.fresh(packet).dossier, world.act()))
    told = wire.post("/api/v1/lookups", token).json
    assert (told["state"], told["cancelled"]) == ("WAITING", True)
    body = wire.phone.body(packet, "collect", proof=[("CODE", code)])
    for verdict in ("applied", "applied"):  # sent once more it says the same
        (result,) = wire.send(body).json["results"]
        assert (result["verdict"], result["flags"]) == (verdict, ["collected_after_cancel"])
    assert [each["cancelled"] for each in wire.get("/api/v1/day").json["carrying"]] == [True]
    other = line(world, world.second_courier)
    (result,) = other.send(other.phone.body(world.fresh(packet), "hand_in")).json["results"]
    assert (result["verdict"], result["flags"]) == ("held", [])


def test_two_phones_of_one_courier_count_apart_and_each_goes_on_from_what_the_other_did(world: World) -> None:
    """One lies in the bag and the other is charged: the packet is with the person, the numbers are each phone's own."""
    first, second, packet = line(world), line(world), world.packet(Way.OUT)
    assert second.get("/api/v1/day").json["carrying"] == []
    taken = [wire.phone.body(packet, "take") for wire in (first, second)]  # neither knows of the other
    answers = [wire.send(body).json for wire, body in zip((first, second), taken, strict=True)]
    assert [each["results"][0]["verdict"] for each in answers] == ["applied", "duplicate"]
    assert second.get("/api/v1/day").json["carrying"][0]["head"] == first.phone.back
    home = {"giver": second.phone.party, "taker": packet.dossier.citizen.party_id}
    code = ("CODE", world.code(packet, Purpose.DELIVER))
    answer = second.send(second.phone.body(world.fresh(packet), "deliver", **home, proof=[code])).json
    assert (answer["results"][0]["verdict"], answer["contiguous"], answer["missing"]) == ("applied", 2, [])
    assert first.get("/api/v1/day").json["carrying"] == []
    assert first.send().json["contiguous"] == 1
    assert world.fresh(packet).state == State.DELIVERED


def test_the_server_signs_the_time_it_tells(world: World, wire: Line) -> None:
    answer = wire.send().json
    message = b"time-v1\n" + answer["server_time"].encode()
    assert answer["server_time"].endswith("Z")
    assert tokens.signed_by(world.keys.server.public_key(), base64.b64decode(answer["server_sig"]), message)


def test_sending_again_changes_nothing_and_says_the_same(world: World) -> None:
    wire, packet = line(world), world.packet()
    body = wire.phone.body(packet, "collect")
    first, again = wire.send(body).json, wire.send(body, body).json
    assert again["results"] == first["results"] * 2
    assert kept() == 1


def test_fifty_scans_are_one_batch_and_their_order_is_kept(world: World) -> None:
    wire = line(world)
    listed = [world.packet(Way.OUT) for _ in range(3)]
    bodies = [wire.phone.body(packet, "take") for packet in listed]
    bodies += [wire.phone.body(listed[0], "miss", reason="nobody_home", next="another_day") for _ in range(47)]
    answer = wire.send(*bodies)
    assert answer.status_code == 200
    assert [each["packet"] for each in answer.json["results"][:3]] == [packet.number for packet in listed]
    assert {each["verdict"] for each in answer.json["results"]} == {"applied"}
    assert answer.json["contiguous"] == 50


@pytest.mark.parametrize("count", [51, 10_000])
def test_more_than_fifty_scans_are_too_many_and_nothing_is_judged(world: World, wire: Line, count: int) -> None:
    body = wire.phone.body(world.packet(), "collect")
    answer = wire.send(*[body] * count)
    assert (answer.status_code, answer.json["key"]) == (413, "too_large")
    assert (kept(), raw()) == (0, [])


def test_a_post_of_more_than_256_kilobytes_is_too_large(wire: Line) -> None:
    assert wire.post("/api/v1/scans", {"scans": [], "fill": "x" * 256 * 1024}).status_code == 413


def test_without_a_token_nobody_hands_in_anything(world: World, wire: Line) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {wire.phone.token}"}):
        answer = world.app.test_client().post("/api/v1/scans", json=wire.phone.envelope(), headers=headers)
        assert (answer.status_code, answer.json["key"]) == (401, "sign_in_needed")


def test_another_site_hands_in_nothing(wire: Line) -> None:
    for site in ("cross-site", "same-site"):
        answer = wire.post("/api/v1/scans", wire.phone.envelope(), **{"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.json["key"]) == (403, "not_allowed")
    assert wire.post("/api/v1/scans", wire.phone.envelope(), **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_phone_speaks_for_itself_only(world: World, wire: Line) -> None:
    other = world.phone(world.second_courier)
    assert wire.post("/api/v1/scans", wire.phone.envelope() | {"device": other.device_id}).status_code == 403


def test_what_is_not_json_by_its_own_word_is_kept_raw(wire: Line) -> None:
    answer = wire.post("/api/v1/scans", wire.phone.envelope(), **{"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json["key"]) == (415, "media_type")
    assert json.loads(raw()[0].bytes) == wire.phone.envelope()


@pytest.mark.parametrize(("version", "status"), [("0", 426), ("1", 200), ("7", 200), ("", 200), ("new", 200)])
def test_a_page_that_is_too_old_is_told_the_oldest_that_is_understood(wire: Line, version: str, status: int) -> None:
    answer = wire.post("/api/v1/scans", wire.phone.envelope(), **{"App-Version": version})
    assert answer.status_code == status
    assert answer.headers.get("App-Version") == ("1" if status == 426 else None)


def test_the_phones_page_of_today_is_not_too_old() -> None:
    words = (Path(__file__).parents[2] / "app/static/src/js/courier/words.js").read_text()
    found = re.search(r'VERSION = "(\d+)"', words)
    assert found and int(found[1]) >= bodies.OLDEST_APP


@pytest.mark.parametrize("data", [b"{", b"", b"[]", b'{"scans": 5}', b"\xff\xfe", b"[" * 50_000])
def test_a_post_that_cannot_be_read_is_kept_raw(wire: Line, data: bytes) -> None:
    answer = wire.client.post("/api/v1/scans", data=data, headers=wire.headers | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json["key"], answer.json["index"]) == (400, "scan_unreadable", None)
    assert [(each.device_id, each.bytes) for each in raw()] == [(wire.phone.device_id, data)]


UNREADABLE = [
    {},
    {"body": 5, "sig": ""},
    {"body": "!", "sig": ""},
    {"body": base64.b64encode(b"[1]").decode(), "sig": ""},
    {"body": base64.b64encode(b"\xff").decode(), "sig": ""},
    "text",
    None,
]


@pytest.mark.parametrize("item", UNREADABLE)
def test_one_unreadable_scan_is_kept_raw_and_named_and_the_rest_waits(world: World, wire: Line, item: Any) -> None:
    envelope = wire.phone.envelope(wire.phone.body(world.packet(), "collect"))
    envelope["scans"].append(item)
    answer = wire.post("/api/v1/scans", envelope)
    assert (answer.status_code, answer.json["index"]) == (400, 1)
    assert json.loads(raw()[0].bytes) == item
    assert kept() == 0
    envelope["scans"].pop()
    assert wire.post("/api/v1/scans", envelope).json["results"][0]["verdict"] == "applied"


@pytest.mark.parametrize("sig", [None, 5, "!", "", "AAAA"])
def test_a_signature_that_cannot_be_read_is_a_wrong_one_and_the_scan_is_kept(
    world: World, wire: Line, sig: Any
) -> None:
    envelope = wire.phone.envelope(wire.phone.body(world.packet(), "collect"))
    envelope["scans"][0]["sig"] = sig
    [result] = wire.post("/api/v1/scans", envelope).json["results"]
    assert (result["verdict"], result["why"]) == ("quarantined", "bad_signature")
    assert kept() == 1


def test_a_body_that_is_json_but_makes_no_sense_is_a_verdict_and_not_an_error(wire: Line) -> None:
    answer = wire.send(b"{}", b'{"n": -1, "code": [], "event": {}}', b'{"v": 99}')
    assert answer.status_code == 200
    assert {each["verdict"] for each in answer.json["results"]} == {"quarantined"}
    assert kept() == 3


def test_two_phones_of_one_courier_tell_one_act_once_and_go_on_from_either(world: World) -> None:
    one, other, packet = world.phone(), world.phone(), world.packet()
    code = world.code(packet)
    told = [phone.scan(packet, "collect", proof=[("CODE", code)]) for phone in (one, other)]
    assert [world.record(scan).verdict for scan in told] == ["applied", "duplicate"]
    assert (world.fresh(packet).holder_id, packet.seq) == (world.courier.party_id, 1)
    clerk = world.phone(world.clerk)
    handed = clerk.scan(
        packet, "hand_in", giver=world.courier.party_id, taker=world.post.party_id, parent=told[1].digest.hex()
    )
    assert world.record(handed).verdict == "applied"


def test_gaps_in_a_phones_numbers_are_told(world: World, wire: Line) -> None:
    packet = world.packet()
    bodies = [wire.phone.body(packet, "miss", reason="nobody_home", next="another_day") for _ in range(6)]
    answer = wire.send(bodies[0], bodies[2], bodies[5]).json
    assert (answer["contiguous"], answer["missing"]) == (1, [2, 4, 5])
    assert wire.send(bodies[1]).json["contiguous"] == 3


def test_at_most_fifty_missing_numbers_are_named(world: World, wire: Line) -> None:
    body = wire.phone.body(world.packet(), "collect", n=1000)
    assert wire.send(body).json["missing"] == list(range(1, 51))


def test_later_brings_the_newest_verdict_on_what_this_phone_sent(world: World, wire: Line) -> None:
    packet, rival = world.packet(Way.OUT), line(world, world.second_courier)
    take = wire.phone.body(packet, "take")
    mine = wire.phone.back
    claim = rival.phone.body(packet, "take")
    wire.send(take)
    rival.send(claim)
    answer = wire.send(since="2020-01-01T00:00:00Z").json
    assert answer["later"] == [{"digest": mine, "nth": 2, "verdict": "disputed", "why": "two_children"}]
    assert wire.send(since="2100-01-01T00:00:00Z").json["later"] == []
    assert wire.send(since="yesterday, perhaps").json["later"] == []


def test_a_revoked_phone_may_still_hand_in_what_it_holds(world: World, wire: Line) -> None:
    def revoke() -> None:
        db.session.get_one(Device, wire.phone.device_id).revoked_at = now()

    atomically(revoke)
    answer = wire.send(wire.phone.body(world.packet(), "collect"))
    assert answer.status_code == 200
    assert (answer.json["results"][0]["verdict"], answer.json["results"][0]["why"]) == ("held", "device_revoked")


def test_a_courier_who_has_left_may_still_hand_in_what_the_phone_holds(world: World, wire: Line) -> None:
    body = wire.phone.body(world.packet(), "collect")

    def leave() -> None:
        world.courier.disabled_at = now()

    atomically(leave)
    assert wire.send(body).json["results"][0]["verdict"] == "applied"


def test_papers_counted_at_the_door_reach_the_dossier_with_the_collection(world: World, wire: Line) -> None:
    packet = world.packet()
    answer = wire.send(
        wire.phone.body(packet, "collect", sheets=3),
        extras={"salt": "a" * 43, "place": [10.906, 106.769, 12], "papers": PAPERS,
                "money": {"paid_by": "cash", "receipt": "BL 000 317"}},
    )  # fmt: skip
    papers = {paper.position: paper for paper in world.fresh(packet).dossier.papers}
    assert (papers[1].sheets, papers[1].is_missing) == (2, False)
    assert (papers[2].sheets, papers[2].is_missing) == (0, True)
    extra = db.session.get_one(ScanExtra, bytes.fromhex(answer.json["results"][0]["digest"]))
    money = {"paid_by": "cash", "receipt": "BL 000 317"}
    assert (extra.place, extra.money) == ([10.906, 106.769, 12.0], money)


def test_a_collection_that_waited_still_brings_its_count(world: World, wire: Line) -> None:
    packet = world.packet()
    wrong = wire.send(wire.phone.body(packet, "collect", seal=None), extras={"papers": PAPERS}).json["results"][0]
    assert (wrong["verdict"], wrong["why"]) == ("held", "proof_missing")
    assert not any(paper.is_missing for paper in world.fresh(packet).dossier.papers)
    wire.send(wire.phone.body(packet, "collect"), extras={"papers": PAPERS})
    assert [paper.is_missing for paper in world.fresh(packet).dossier.papers] == [False, True, False]


@pytest.mark.parametrize(
    "extras", [5, {"salt": 5}, {"place": [1]}, {"place": "here"}, {"papers": [{}]}, {"free_text": "\x00"}]
)
def test_doubtful_extras_cost_no_scan(world: World, wire: Line, extras: Any) -> None:
    envelope = wire.phone.envelope(wire.phone.body(world.packet(), "collect"))
    envelope["scans"][0]["extras"] = extras
    assert wire.post("/api/v1/scans", envelope).json["results"][0]["verdict"] == "applied"


def test_no_place_and_no_name_is_in_what_was_signed(world: World, wire: Line) -> None:
    wire.send(wire.phone.body(world.packet(), "collect"), extras={"place": [10.906, 106.769]})
    body = db.session.scalar(sa.select(ScanRow.body))
    assert b"10.906" not in body and "Mơ".encode() not in body


def test_when_the_batch_breaks_each_scan_is_judged_alone(
    world: World, wire: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One scan trips over something nobody foresaw; the others must not wait for it."""
    good, bad = world.packet(), world.packet()
    honest = scans.keep

    def trips(scan: Any, *facts: Any) -> Any:
        if scan.code == bad.code:
            raise ZeroDivisionError
        return honest(scan, *facts)

    monkeypatch.setattr(scans, "keep", trips)
    bodies = [wire.phone.body(bad, "collect"), wire.phone.body(good, "collect")]
    answer = wire.send(*bodies)
    assert [each["packet"] for each in answer.json["results"]] == [good.number]
    assert raw()[0].bytes == bodies[0]


def test_a_phone_that_sends_rubbish_without_end_is_asked_to_wait(wire: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RAW_TRIES", 3)
    answers = [wire.client.post("/api/v1/scans", data=b"{", headers=wire.headers | {"Content-Type": "application/json"})
               for _ in range(4)]  # fmt: skip
    assert [each.status_code for each in answers] == [400, 400, 400, 429]
    assert answers[-1].headers["Retry-After"]


def test_scans_are_not_there_to_be_read(wire: Line) -> None:
    answer = wire.get("/api/v1/scans")
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
