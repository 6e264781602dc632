"""The board of what needs a person stays open all day: its numbers follow its cards, and nobody loses what they have begun to choose."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.db import atomically, db, now
from app.domain import tasks
from app.domain.packets import Packet
from app.domain.tasks import TaskKind
from tests.e2e.conftest import Site, axe_faults, staff_signs_in
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")


def opened(kind: TaskKind, packet: Packet, hours: int) -> None:
    def once() -> Any:
        return tasks.raise_(kind, now() - timedelta(hours=hours), packet=db.session.get_one(Packet, packet.id))

    atomically(once)


def test_the_numbers_of_an_open_board_follow_its_cards(world: World, site: Site, page: Page) -> None:
    opened(TaskKind.OLD_ISSUE, world.packet(), 1)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{site.url}/sign-in")
    staff_signs_in(page, world.clerk.login)
    page.wait_for_url("**/office/**")
    page.clock.install(time=now())
    page.goto(f"{site.url}/exceptions/")
    heading, cards = page.get_by_role("heading", level=1), page.locator("article")
    expect(heading).to_have_text(re.compile(r"· 1$"))

    opened(TaskKind.SURPLUS, world.packet(), 3)
    page.clock.run_for(31_000)
    expect(cards).to_have_count(2)
    expect(heading).to_have_text(re.compile(r"· 2$"))
    expect(page.get_by_text(re.compile(r"lâu nhất đã 3.giờ"))).to_be_visible()
    assert axe_faults(page) == []

    page.get_by_label("Chuyện gì").select_option("surplus")
    heading.click()  # the hand has left the field; the choice has not been sent
    opened(TaskKind.OLD_ISSUE, world.packet(), 1)
    page.clock.run_for(61_000)
    expect(page.get_by_label("Chuyện gì")).to_have_value("surplus")
    page.get_by_role("button", name="Xem").click()
    expect(cards).to_have_count(1)
    expect(heading).to_have_text(re.compile(r"· 1$"))
