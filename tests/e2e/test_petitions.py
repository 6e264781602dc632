"""A citizen's data in a real browser: from the link by a code to the copy, a request, and its answer."""

from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from app.db import atomically, db
from app.domain import petitions
from app.domain.outbox import Message
from app.domain.petitions import Petition
from tests.domain.test_money import CASH, paid
from tests.e2e.conftest import Site, axe_faults
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_citizen_reads_keeps_and_asks(world: World, site: Site, browser: Any, width: int, language: str) -> None:
    packet = paid(world, world.phone(), CASH)
    context = browser.new_context(viewport={"width": width, "height": 740}, bypass_csp=True)
    context.add_cookies([{"name": "language", "value": language, "url": site.url}])
    page = context.new_page()

    def look() -> None:
        assert axe_faults(page) == [], page.url
        assert not page.evaluate(WIDE), page.url

    page.goto(f"{site.url}/t/{packet.dossier.secret}")
    page.locator("form[action$='/data'] button").click()
    db.session.rollback()
    message = db.session.scalars(sa.select(Message).filter_by(kind="view_code")).one()
    page.locator("#code").fill(message.values["code"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/track/data")
    look()
    page.locator("form.stack button[type=submit]").click()
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    look()
    page.locator("label[for=kind]").click()  # the first: something is wrong
    page.locator("#words").fill("Tên tôi viết sai, đúng là Mai")
    page.locator("form.stack button[type=submit]").click()
    expect(page.locator(".notice.tone-ok")).to_be_visible()
    expect(page.locator("#asked ~ .card")).to_contain_text("đúng là Mai")
    look()
    page.goto(f"{site.url}/track/copy")
    expect(page.locator("main")).to_contain_text("Nguyễn Thị Mơ")
    expect(page.locator("[data-print]")).to_be_visible()
    look()
    with page.expect_download() as download:
        page.goto(f"{site.url}/track/data")
        page.locator("a[href='/track/copy.json']").click()
    assert download.value.suggested_filename == f"{packet.dossier.number}-data.json"

    def answer() -> None:
        one = db.session.scalars(sa.select(Petition)).one()
        petitions.answer(one, False, "Tên ghi đúng như căn cước.", world.act(world.supervisor, one.asked_at))

    atomically(answer)
    page.reload()
    expect(page.locator("#asked ~ .card")).to_contain_text("như căn cước")
    look()
    context.close()
