"""A collection without a finger on the glass, by somebody who reads no Vietnamese."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.db import atomically, db
from app.domain.packets import Packet, State
from tests.e2e.conftest import Site
from tests.e2e.test_courier import DIGITS, PLAYED, plan, played
from tests.e2e.test_doors import STRANGERS
from tests.e2e.test_scanner import give_detector
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does

TABS = 60
SAID = """() => [document.body.innerText, ...[...document.querySelectorAll('[aria-label], [title], [placeholder]')]
  .filter((e) => e.checkVisibility()).flatMap((e) => ['aria-label', 'title', 'placeholder'].map((name) => e.getAttribute(name) ?? ''))].join('\\n')"""
VIETNAMESE = re.compile(r"\S*[À-ỹ]\S*")


def by_keyboard(page: Page, name: str, key: str = "Enter") -> None:
    """Tab until what has this name has the keyboard, then press it."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        here = page.locator(":focus")
        if here.count() and name in (here.get_attribute("aria-label") or here.inner_text() or ""):
            break
        labels: str = page.evaluate(
            "() => [...(document.activeElement.labels ?? [])].map((e) => e.innerText).join(' ')"
        )
        if name in labels:
            break
    else:
        raise AssertionError(f"the keyboard never comes to {name!r} on {page.url}")
    page.keyboard.press(key)


def test_a_collection_by_keyboard_alone_from_the_list_to_the_beep_says_every_word_in_english(
    world: World, site: Site, phone: Page
) -> None:
    packet = world.packet()
    plan(world, packet)

    def look_at_cards() -> None:
        db.session.get_one(Packet, packet.id).dossier.procedure.id_check = True

    atomically(look_at_cards)
    who, where = packet.dossier.citizen, packet.dossier
    names = [who.name, who.street, who.neighbourhood.name, who.ward.name, where.desk.name, world.post.name, world.courier.name, "Hồ sơ tận nhà", "Tiếng Việt", "đ"]  # fmt: skip
    odd: dict[str, list[str]] = {}

    def read() -> None:
        said = str(phone.evaluate(SAID))
        for name in sorted(names, key=len, reverse=True):
            said = said.replace(name, "")
        if found := VIETNAMESE.findall(said):
            odd[phone.url.partition("#")[2]] = found

    give_detector(phone, STRANGERS)
    phone.add_init_script(PLAYED)
    phone.goto(f"{site.url}/language/en")
    phone.goto(f"{site.url}/courier/")
    expect(phone.get_by_role("heading", name="Whose phone is this?")).to_be_visible()
    read()
    phone.locator("#login").fill("courier1")
    phone.locator("#password").fill(World.PASSWORD)
    phone.keyboard.press("Enter")
    phone.locator("#new-pin").fill(DIGITS, timeout=15_000)
    read()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", name="Today's round")).to_be_visible()
    expect(phone.locator(".stop-card")).to_be_visible()

    def step(heading: str) -> None:
        expect(phone.get_by_role("heading", name=heading)).to_be_visible()
        read()

    step("Today's round")
    by_keyboard(phone, "At the door")
    step(who.street)
    by_keyboard(phone, "Scan the slip")
    step("Scan the slip")
    by_keyboard(phone, "Type")
    step("Type")
    phone.keyboard.type(packet.number)
    phone.keyboard.press("Enter")
    step("Who hands it over?")
    by_keyboard(phone, "Scan the code on the card")
    expect(phone.get_by_text("The card names somebody other than the booking.")).to_be_visible()
    read()
    by_keyboard(phone, "Somebody helps, go on")
    step("Count the papers")
    by_keyboard(phone, "Other sheets, or missing")
    read()
    for paper in ("Form", "Identity card", "School record"):
        by_keyboard(phone, paper, "Space")
    read()
    by_keyboard(phone, "3 sheets, all there")
    step("Seal")
    by_keyboard(phone, "Number on the seal", "Shift")
    phone.keyboard.type("0045821")
    by_keyboard(phone, "The same number once more", "Shift")
    phone.keyboard.type("0045821")
    phone.keyboard.press("Enter")
    step("Take the money")
    by_keyboard(phone, "Cash", "Space")
    by_keyboard(phone, "Number of the fee receipt", "Shift")
    phone.keyboard.type("000 321")
    by_keyboard(phone, "Received 67")
    expect(phone.locator("#code")).to_be_visible()
    read()
    by_keyboard(phone, "The code they read aloud", "Shift")
    phone.keyboard.type(world.code(packet))
    played(phone)
    phone.keyboard.press("Enter")
    expect(phone.locator("main.verdict")).to_have_class(re.compile(r"\btone-ok\b"), timeout=10_000)
    assert played(phone)["tones"], "the beep"
    read()
    assert world.fresh(packet).state == State.CARRIED
    for path in (
        "/",
        "/outbox",
        "/carrying",
        "/phone",
        "/money",
        f"/undo/{phone.url.rpartition('/')[2]}",
        "/offer",
        "/unknown/none",
    ):
        phone.goto(f"{site.url}/courier/#{path}")
        expect(phone.locator("h1").first).to_be_visible()
        read()
    assert odd == {}
