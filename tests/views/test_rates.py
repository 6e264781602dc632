"""Postage by screen: an administrator writes a price down with its decision, and the booking pages ask it."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.domain import exemptions, postage
from app.domain.audit import AuditLine
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("ticking_monday")

ORDER = {"day": f"{MONDAY:%Y-%m-%d}", "decision": "15/2026/TT-BKHCN"}
FORMS = {
    "price": {"item": "district", "amount": "28000"} | ORDER,
    "add": {"name": "Thương binh nặng", "name_en": "Badly wounded soldiers"} | ORDER,
    "end": {"key": "heroic_mother"} | ORDER,
}


def filled(form: str = "price", **over: str) -> dict[str, str]:
    return {"form": form} | {f"{form}-{name}": value for name, value in (FORMS[form] | over).items()}


SAID = filled()


def test_a_price_is_written_down_and_asked_for_from_its_day_on(world: World, sign_in: Any) -> None:
    client = sign_in(world.admin)
    assert "26.000" in client.get("/admin/postage/").text and "TT 22/2017" in client.get("/admin/postage/").text
    assert client.post("/admin/postage/", data=SAID).status_code == 303
    page = client.get("/admin/postage/").text
    for words in ("28.000\u00a0đ", "15/2026/TT-BKHCN", world.admin.name, "30.000\u00a0đ"):
        assert words in page, words
    assert "/admin/postage/" in client.get("/admin/places/").text


def test_people_are_carried_for_nothing_from_a_day_on_and_no_longer_after_another(world: World, sign_in: Any) -> None:
    client = sign_in(world.admin)
    assert "Bà mẹ Việt Nam anh hùng" in client.get("/admin/postage/").text
    for form in ("add", "end"):
        assert client.post("/admin/postage/", data=filled(form)).status_code == 303
    today, tomorrow = MONDAY.date(), MONDAY.date() + timedelta(days=1)
    assert [one.name_en for one in exemptions.on(tomorrow)] == [
        "Revolutionaries active before 1945",
        "Badly wounded soldiers",
    ]
    assert "heroic_mother" in {one.key for one in exemptions.on(today)}, "the last day is one of its days"
    assert "Thương binh nặng" in client.get("/admin/postage/").text
    [added, ended] = db.session.scalars(
        sa.select(AuditLine).where(AuditLine.action.startswith("exemption_")).order_by(AuditLine.id)
    )
    assert (added.details["decision"], ended.subject, ended.user_id) == (
        "15/2026/TT-BKHCN",
        "heroic_mother",
        world.admin.id,
    )


@pytest.mark.parametrize(
    ("form", "field", "typed"),
    [
        *(("price", field, typed) for field, typed in (("amount", "0"), ("amount", "-8000"), ("amount", "rẻ"), ("item", "moon"))),
        *((form, field, typed) for form in FORMS for field, typed in (("day", "2020-01-01"), ("day", ""), ("decision", ""), ("decision", "theo quyết định"))),
        ("add", "name", ""), ("add", "name_en", ""), ("add", "name", "x" * 121), ("end", "key", ""), ("end", "key", "moon"),
    ],
)  # fmt: skip
def test_what_is_no_price_and_no_class_is_told_at_its_field(
    world: World, sign_in: Any, form: str, field: str, typed: str
) -> None:
    answer = sign_in(world.admin).post("/admin/postage/", data=filled(form, **{field: typed}))
    assert answer.status_code == 422 and f'id="{form}-{field}-error"' in answer.text
    assert postage.rates() == [] and exemptions.known() == sorted(exemptions.SHIPPED, key=lambda one: one.valid_from)


def test_a_class_is_not_ended_before_it_begins(world: World, sign_in: Any) -> None:
    client, later = sign_in(world.admin), {"day": f"{MONDAY + timedelta(days=9):%Y-%m-%d}"}
    assert client.post("/admin/postage/", data=filled("add", **later)).status_code == 303
    key = exemptions.known()[-1].key
    answer = client.post("/admin/postage/", data=filled("end", key=key))
    assert answer.status_code == 422 and 'id="end-day-error"' in answer.text and exemptions.known()[-1].until is None


def test_only_an_administrator_decides_prices_and_classes(world: World, sign_in: Any) -> None:
    for who in (world.clerk, world.officer, world.stranger):
        client = sign_in(who)
        assert client.get("/admin/postage/").status_code == 403
        assert [client.post("/admin/postage/", data=filled(form)).status_code for form in FORMS] == [403] * 3
