"""Postage by screen: an administrator writes a price down with its decision, and the booking pages ask it."""

from typing import Any

import pytest
import time_machine

from app.domain import postage
from tests.world import MONDAY, World

SAID = {"item": "district", "amount": "28000", "day": f"{MONDAY:%Y-%m-%d}", "decision": "15/2026/TT-BKHCN"}


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with time_machine.travel(MONDAY, tick=True):
        yield


def test_a_price_is_written_down_and_asked_for_from_its_day_on(world: World, sign_in: Any) -> None:
    client = sign_in(world.admin)
    assert "26.000" in client.get("/admin/postage/").text and "TT 22/2017" in client.get("/admin/postage/").text
    assert client.post("/admin/postage/", data=SAID).status_code == 303
    page = client.get("/admin/postage/").text
    for words in ("28.000\u00a0đ", "15/2026/TT-BKHCN", world.admin.name, "30.000\u00a0đ"):
        assert words in page, words
    assert "/admin/postage/" in client.get("/admin/places/").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("day", "2020-01-01"),
        ("decision", "theo quyết định"),
        ("amount", "0"),
        ("amount", "-8000"),
        ("amount", "rẻ"),
        ("item", "moon"),
    ],
)
def test_what_is_no_price_is_told_at_its_field(world: World, sign_in: Any, field: str, typed: str) -> None:
    answer = sign_in(world.admin).post("/admin/postage/", data=SAID | {field: typed})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert postage.rates() == []


def test_only_an_administrator_decides_prices(world: World, sign_in: Any) -> None:
    for who in (world.clerk, world.officer, world.stranger):
        client = sign_in(who)
        assert client.get("/admin/postage/").status_code == 403
        assert client.post("/admin/postage/", data=SAID).status_code == 403
