"""Every page staff may open, by the walk that knows them all: a new page is looked at by being there."""

import pytest
from playwright.sync_api import Browser

from app.domain.people import GRANTS
from tests.e2e.conftest import Site, axe_faults
from tests.test_walk import Walk
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")


def test_axe_finds_nothing_on_any_page_of_staff(world: World, site: Site, browser: Browser) -> None:
    walk, found, seen = Walk(site.app, world), dict[str, list[str]](), 0
    pages = {}
    for role, client in walk.own.items():
        cookie = client.get_cookie("hs")
        assert cookie
        context = browser.new_context(locale="vi-VN", bypass_csp=True, viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "hs", "value": cookie.value, "url": site.url}])
        pages[role] = context.new_page()
    for rule, method, right in walk.pages():
        role = next((role for role in walk.own if right in GRANTS[role]), None)
        if method != "GET" or role is None or rule.rule.startswith("/courier/"):  # the phone's own are walked with it
            continue
        for url in walk.urls(rule, role):
            answer = walk.own[role].get(url)
            if answer.status_code != 200 or answer.mimetype != "text/html" or "<html" not in answer.text:
                continue  # a paper, a part of a page, another's matter
            pages[role].goto(site.url + url)
            seen += 1
            if wrong := axe_faults(pages[role]):
                found[f"{url} as {role}"] = wrong
    for page in pages.values():
        page.context.close()
    assert not found, "\n".join(f"{url}: {wrong}" for url, wrong in found.items())
    assert seen >= 55, "the walk leads to them"
