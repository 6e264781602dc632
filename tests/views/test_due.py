"""The calculator: it works from the address alone and names every day that did not count."""

from datetime import date

import pytest
from flask_babel import force_locale

from app import catalogue
from app.views import due
from tests.world import MONDAY, World


def test_the_answer_names_the_day_and_what_did_not_count(world: World) -> None:
    catalogue.load(catalogue.SHIPPED / "calendar.json", MONDAY)
    client = world.app.test_client()
    page = client.get("/due?day=2026-08-28&hour=16:00&days=3&rule=clock")
    assert page.status_code == 200
    text = page.text.replace("\u00a0", " ").replace("&#160;", " ")
    assert "Hẹn trả Thứ Hai, 7/9/2026" in text and "17:00, Thứ Hai, 7/9/2026" in text
    for why in ("Quốc khánh", "Nghỉ, làm bù Thứ Bảy 22/8", "Thứ Bảy và Chủ Nhật", "4 ngày"):
        assert why in text
    assert client.get("/due?days=5&rule=legal").status_code == 200


def test_one_day_is_not_called_days(world: World) -> None:
    with force_locale("en"):
        assert due._closed([(date(2026, 8, 23), "off")]) == [("1 day", "Saturdays and Sundays")]


@pytest.mark.parametrize("asked", ["day=&days=3", "day=2026-02-30&days=3", "day=2026-08-28&days=-1", "day=2026-08-28&days=x",
                                   "day=2026-08-28&days=3&hour=25:00", "day=2026-08-28&days=3&rule=moon", "day=0001-01-01&days=3"])  # fmt: skip
def test_what_cannot_be_counted_is_said_at_its_field(world: World, asked: str) -> None:
    page = world.app.test_client().get(f"/due?{asked}")
    assert page.status_code == 422 and "govuk-error-summary" in page.text


def test_the_terminal_prints_the_instant_and_nothing_else(world: World) -> None:
    run = world.app.test_cli_runner().invoke
    asked = ["due", "--received", "2026-08-21T15:30", "--days", "3", "--rule"]
    assert run(args=[*asked, "clock"]).output == "2026-08-25T17:00:00\n"
    assert run(args=[*asked, "legal"]).output == "2026-08-25T17:00:00\n"
    abroad = ["due", "--received", "2026-08-21T02:00+00:00", "--days", "1", "--rule", "clock"]
    assert run(args=abroad).output == "2026-08-22T09:00:00+07:00\n"
    assert run(args=["due", "--received", "tomorrow", "--days", "1"]).exit_code == 2
