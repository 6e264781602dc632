"""The courier's own count: signed by their phone, told once, answered by the clerk."""

import base64
from typing import Any

import pytest

from app.db import db
from app.domain import money, tokens
from tests.api.conftest import Line, line
from tests.world import World

KEY, AT = "a" * 32, "2026-11-23T19:00:00+07:00"


def said(wire: Line, amount: int, key: str = KEY, **over: Any) -> dict[str, Any]:
    statement = money.statement(wire.phone.device_id, key, amount, AT)
    sig = base64.b64encode(tokens.sign(wire.phone.key, statement)).decode()
    return {"key": key, "amount": amount, "at": AT, "sig": sig} | over


def test_a_count_is_told_once_however_often_it_is_sent(world: World, wire: Line) -> None:
    for _ in range(2):
        answer = wire.post("/api/v1/money", said(wire, 733_000))
        assert (answer.status_code, (answer.json or {})["amount"]) == (201, 733_000)
    db.session.rollback()
    found = money.declared(world.courier)
    assert found and found.amount == 733_000
    told = wire.get("/api/v1/day").json
    assert told and told["money"]["declared"]["amount"] == 733_000 and told["money"]["postage"] == 0


@pytest.mark.parametrize(
    ("over", "key"),
    [({"amount": 1}, "manifest_signature"), ({"sig": "!!"}, "manifest_signature"), ({"amount": -1}, "fields"),
     ({"at": "yesterday"}, "fields"), ({"at": "2026-11-23T19:00:00"}, "fields"), ({"key": "short"}, "fields")],
)  # fmt: skip
def test_a_count_that_cannot_be_is_refused_in_words(world: World, wire: Line, over: dict[str, Any], key: str) -> None:
    answer = wire.post("/api/v1/money", said(wire, 733_000) | over)
    assert (answer.status_code, (answer.json or {})["key"]) == (422, key)
    assert money.declared(world.courier) is None


def test_another_phone_cannot_speak_for_this_one(world: World, wire: Line) -> None:
    answer = line(world, world.second_courier).post("/api/v1/money", said(wire, 733_000))
    assert answer.status_code == 422
