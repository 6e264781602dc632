"""A courier takes a whole bag over in one call; both sides confirm; nobody else sees it."""

import base64
from typing import Any

import pytest

from app.db import atomically
from app.domain import manifests, tokens
from app.domain.manifests import Side, Word
from app.domain.packets import Packet, Way
from tests.api.conftest import Line, line
from tests.world import World

KEY = "0123456789abcdef0123456789abcdef"


def bag(world: World, wire: Line, packets: list[Packet], taken: list[Packet], **over: Any) -> dict[str, Any]:
    bodies = [wire.phone.body(world.fresh(packet), "take") for packet in taken]
    return {
        "key": KEY,
        "giver": world.desk.party_id,
        "expected": [tokens.b32(packet.code) for packet in packets],
        "scans": wire.phone.envelope(*bodies)["scans"],
    } | over


@pytest.fixture
def results(world: World) -> list[Packet]:
    return [world.packet(Way.OUT) for _ in range(3)]


def test_a_bag_is_counted_from_the_list_to_the_receipt(world: World, wire: Line, results: list[Packet]) -> None:
    listed = wire.get(f"/api/v1/manifests?giver={world.desk.party_id}").json
    assert listed and [each["number"] for each in listed["packets"]] == sorted(p.number for p in results)

    answer = wire.post("/api/v1/manifests", bag(world, wire, results, results[:2]))
    assert answer.status_code == 201 and answer.json
    told = answer.json
    assert (told["expected"], told["scanned"], told["missing"], told["surplus"]) == (3, 2, 1, 0)
    assert [result["verdict"] for result in told["results"]] == ["applied", "applied"]
    assert sorted(each["result"] for each in told["lines"]) == ["missing", "moved", "moved"]
    assert {each["digest"] for each in told["lines"]} == {None, *(each["digest"] for each in told["results"])}
    assert told["closed"] is None and told["receipt"].startswith("BB-")

    signed = wire.phone.key
    sig = base64.b64encode(tokens.sign(signed, told["statements"]["taker"].encode())).decode()
    said = wire.post(f"/api/v1/manifests/{told['receipt']}/confirm", {"side": "taker", "sig": sig})
    assert said.status_code == 200 and said.json and said.json["closed"] is None and "taker" in said.json["confirmed"]
    manifest = manifests.by_number(told["receipt"])
    atomically(manifests.confirm, manifest, Side.GIVER, Word.PRESENCE, world.act().at, world.officer)
    shown = wire.get(f"/api/v1/manifests/{told['receipt']}").json
    assert shown and shown["closed"] is not None


def test_sending_the_bag_again_answers_with_the_same_receipt(world: World, wire: Line, results: list[Packet]) -> None:
    said = bag(world, wire, results, results)
    first, second = (wire.post("/api/v1/manifests", said).json for _ in range(2))
    assert first and second and first["receipt"] == second["receipt"]
    assert [each["digest"] for each in first["results"]] == [each["digest"] for each in second["results"]]
    other = wire.post("/api/v1/manifests", bag(world, wire, results[:1], []))
    assert (other.status_code, (other.json or {})["key"]) == (409, "manifest_key_used")


@pytest.mark.parametrize(
    ("over", "status", "key"),
    [
        ({"expected": []}, 422, "fields"),
        ({"expected": ["0000000000000000"]}, 422, "manifest_list"),
        ({"expected": ["nonsense"]}, 422, "token_damaged"),
        ({"giver": "pNOBODY"}, 422, "manifest_party"),
        ({"key": "short"}, 422, "fields"),
        ({"scans": [{"body": "!!"}]}, 422, "scan_unreadable"),
    ],
)
def test_a_bag_that_cannot_be_is_refused_in_words(
    world: World, wire: Line, results: list[Packet], over: dict[str, Any], status: int, key: str
) -> None:
    answer = wire.post("/api/v1/manifests", bag(world, wire, results, [], **over))
    assert answer.mimetype == "application/problem+json"
    assert (answer.status_code, (answer.json or {})["key"]) == (status, key), answer.text
    assert world.fresh_count() == 0


def test_a_confirmation_nobody_of_that_side_signed_is_refused(world: World, wire: Line, results: list[Packet]) -> None:
    told = wire.post("/api/v1/manifests", bag(world, wire, results, results)).json
    assert told
    path, forged = f"/api/v1/manifests/{told['receipt']}/confirm", base64.b64encode(b"x" * 64).decode()
    assert wire.post(path, {"side": "taker", "sig": forged}).status_code == 422
    giver = base64.b64encode(tokens.sign(wire.phone.key, told["statements"]["giver"].encode())).decode()
    answer = wire.post(path, {"side": "giver", "sig": giver})
    assert (answer.status_code, (answer.json or {})["key"]) == (409, "not_your_manifest")
    shown = wire.get(f"/api/v1/manifests/{told['receipt']}").json
    assert shown and shown["confirmed"] == {}


def test_another_courier_sees_neither_list_nor_record(world: World, wire: Line, results: list[Packet]) -> None:
    told = wire.post("/api/v1/manifests", bag(world, wire, results, results[:2])).json
    assert told
    for stranger in (line(world, world.strange_courier), line(world, world.second_courier)):
        assert stranger.get(f"/api/v1/manifests/{told['receipt']}").status_code == 404
        sent = stranger.post(f"/api/v1/manifests/{told['receipt']}/confirm", {"side": "taker", "sig": "eA=="})
        assert sent.status_code == 404
    far = line(world, world.strange_courier).get(f"/api/v1/manifests?giver={world.desk.party_id}").json
    assert far and far["packets"] == []
