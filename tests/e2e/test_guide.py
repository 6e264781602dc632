"""A look at what is done with one's data, in the middle of a booking, costs nothing of what was typed and ticked."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.db import now
from app.domain import visits
from tests.e2e.conftest import Site, axe_faults
from tests.views.test_booking import answers
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what a browser keeps


def come_to(page: Page, world: World, site: Site, wanted: str) -> None:
    """A booking of this browser, answered up to the page `wanted`."""
    free = next(one.key for one in visits.offers(world.post, now()) if one.left)
    told: dict[str, dict[str, Any]] = answers(world) | {"/book/time": {"slot": free}}
    client, where = site.app.test_client(), "/book/ward"
    client.post(f"/procedures/{world.procedure.code}")
    while where != wanted:
        where = client.post(where, data=told[where]).location
    cookie = client.get_cookie("hs-draft")
    assert cookie
    page.context.add_cookies([{"name": "hs-draft", "value": cookie.value, "url": site.url}])
    page.goto(site.url + wanted)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_reading_what_is_done_with_it_loses_neither_the_tick_nor_an_answer(
    world: World, site: Site, browser: Any, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 360, "height": 740})
    page = context.new_page()
    come_to(page, world, site, "/book/check")
    page.locator("label[for=consent]").click()
    with context.expect_page() as opened:
        page.locator("form.stack a[href='/privacy']").click()
    beside = opened.value
    expect(beside.locator("h1")).to_have_text("Thông tin của ông bà dùng vào việc gì?")
    expect(beside.locator("#kept")).to_be_visible()
    beside.close()  # as Back does in a page that was opened so, on a phone
    expect(page.locator("#consent")).to_be_checked()
    expect(page.locator("main")).to_contain_text("12 đường Mẫu Đơn")
    page.locator("form.stack button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/t/\w{16}/booked"))
    context.close()


def test_back_from_the_page_leads_to_the_same_booking(world: World, site: Site, page: Page) -> None:
    """Whoever opens it in the same page: the answers wait at the server."""
    come_to(page, world, site, "/book/check")
    page.goto(f"{site.url}/privacy")
    page.goto(f"{site.url}/help")
    page.go_back()
    page.go_back()
    expect(page).to_have_url(f"{site.url}/book/check")
    expect(page.locator("main")).to_contain_text("12 đường Mẫu Đơn")
    page.locator("label[for=consent]").click()
    page.locator("form.stack button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/t/\w{16}/booked"))


def test_what_is_typed_stays_when_the_foot_is_asked_how_it_works(world: World, site: Site, page: Page) -> None:
    come_to(page, world, site, "/book/who")
    page.locator("#name").fill("Nguyễn Thị Mơ")
    with page.context.expect_page() as opened:
        page.locator("footer a[href='/help']").click()
    expect(opened.value.locator("h1")).to_have_text("Làm thế nào?")
    opened.value.close()
    expect(page.locator("#name")).to_have_value("Nguyễn Thị Mơ")


@pytest.mark.parametrize("tongue", ["vi", "en"])
@pytest.mark.parametrize("path", ["/help", "/privacy", "/accessibility"])
def test_every_line_of_the_contents_leads_to_its_answer(site: Site, page: Page, path: str, tongue: str) -> None:
    page.goto(f"{site.url}/language/{tongue}")
    page.goto(site.url + path)
    assert axe_faults(page) == []
    for link in page.locator(".contents a").all():
        link.click()
        heading = page.locator(f"[id='{(link.get_attribute('href') or '')[1:]}']")
        expect(heading).to_have_text(link.inner_text())
        expect(heading).to_be_in_viewport()
