"""A day in English: a bag, a seal that differs, a delivery, a visit in vain, packets from phone to phone, the counter's list and the
money. Every screen on the way is read: no Vietnamese is left but names, every rule of axe, twice the text."""

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import bags, tokens
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from app.domain.visits import open_visit
from tests.domain.test_money import paid
from tests.e2e.conftest import RULES, Camera, Site, axe, leave
from tests.e2e.sight import large_faults, phone_faults
from tests.e2e.test_courier import DIGITS, plan, press, to
from tests.e2e.test_every_screen import brought_home
from tests.e2e.test_keyboard import SAID, VIETNAMESE
from tests.e2e.test_peers import filmed
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone shows


drawn = BytesIO()
Image.new("RGB", (600, 400), (120, 90, 60)).save(drawn, "PNG")
PICTURE = drawn.getvalue()


class Reader:
    """A courier who reads no Vietnamese, and what they stumbled over."""

    def __init__(self, page: Page, site: Site, login: str, names: list[str]) -> None:
        self.page, self.names = page, sorted([*names, "Hồ sơ tận nhà", "Tiếng Việt", "đ"], key=len, reverse=True)
        self.odd: list[str] = []
        self.seen: set[str] = set()
        page.goto(f"{site.url}/language/en")
        page.goto(f"{site.url}/courier/")
        self.read("Whose phone is this?")
        page.locator("#login").fill(login)
        page.locator("#password").fill(World.PASSWORD)
        page.keyboard.press("Enter")
        page.locator("#new-pin").fill(DIGITS, timeout=15_000)
        self.read("Choose six digits")
        press(page, "Use these digits")
        self.read("Today's round")

    def read(self, heading: str | None = None) -> None:
        """The screen as it stands, once it has this heading."""
        if heading:
            expect(self.page.get_by_role("heading", name=heading).first).to_be_visible(timeout=15_000)
        expect(self.page.get_by_text("Opening the camera")).to_have_count(0, timeout=15_000)
        where = self.page.url.partition("#")[2] or "/"
        self.seen.add(re.sub(r"/[0-9A-Z]{16}|/[0-9a-f]{32,}|/\d+|/BB-[\d-]+", "", where))
        said = str(self.page.evaluate(SAID))
        for name in self.names:
            said = said.replace(name, "")
        size = self.page.viewport_size
        self.page.set_viewport_size({"width": 360, "height": 1800})  # nothing hides behind the bar at the thumb
        wrong = [*VIETNAMESE.findall(said), *axe(self.page, RULES), *phone_faults(self.page)]
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        self.odd += [f"{where}: {each}" for each in (*wrong, *large_faults(self.page))]
        assert self.page.evaluate("document.documentElement.lang") == "en"

    def go(self, path: str, heading: str | None = None) -> None:
        to(self.page, path)
        self.read(heading)

    def verdict(self, word: str, tone: str) -> None:
        expect(self.page.locator(f"main.verdict.tone-{tone}")).to_contain_text(word, timeout=10_000)
        self.read()

    def number(self, label: str, packet: Packet) -> None:
        self.page.get_by_label(label).fill(packet.number)
        self.page.keyboard.press("Enter")


def test_a_day_in_english_leaves_no_vietnamese_but_names(
    world: World, site: Site, phone: Page, context: BrowserContext, browser: Browser, camera: Camera
) -> None:
    before, back = world.phone(), brought_home(world)
    bag, odd_one = [world.packet(Way.OUT) for _ in range(2)], world.packet(Way.OUT)
    result, home = world.packet(Way.OUT), world.packet()
    carried, handed = [world.collected(before) for _ in range(2)], world.collected(before)

    def ask_for_more() -> None:
        dossier = db.session.get_one(Packet, result.id).dossier
        dossier.procedure.fee_at_delivery = True
        dossier.surrender = [{"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1}]

    atomically(ask_for_more)
    world.record(before.scan(world.fresh(result), "take"))
    plan(world, result, home, back)
    visits = [open_visit(each.id).id for each in (result, home)]  # type: ignore[union-attr]
    who = result.dossier.citizen
    streets = [each.dossier.citizen.street for each in (result, home, back)]
    names = [who.name, *streets, who.neighbourhood.name, who.ward.name, world.desk.name, world.post.name, world.courier.name,
             world.second_courier.name, "Giấy khai sinh cũ"]  # fmt: skip
    me = Reader(phone, site, "courier1", names)
    taken(me, world, bag, odd_one)
    delivered(me, world, result, visits[0])
    brought(me, world, back)
    damaged(me, carried[0])
    in_vain(me, visits[1])
    for path in ("/phone", "/phones", "/outbox", f"/visit/{visits[1]}", "/unknown/none", "/unknown/forged", "/unknown/offline",
                 "/unknown/other", "/unknown/old", "/unknown/damaged", "/unknown/around", "/unknown/no_seal"):  # fmt: skip
        me.go(path)
    handed_in(me, world, handed)
    passed_on(me, world, site, browser, camera, carried, names)
    me.go("/money", "Money at the end")
    expect(phone.get_by_text("The post office owes you")).to_be_visible()  # a fee was given back, and the bag held none
    paid(world, world.phone())
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.get_by_label("Counted in the bag").fill("1000")
    me.read()
    assert not me.odd, "\n".join(me.odd)
    assert len(me.seen) > 30, me.seen
    assert world.fresh(result).state == State.DELIVERED


def taken(me: Reader, world: World, bag: list[Packet], odd_one: Packet) -> None:
    """Two of three are counted, one of them by mistake; the third has another seal."""
    page = me.page
    me.go("/take", "Take packets")
    press(page, "Scan all 3 in one go")
    me.read("Take packets")
    me.page.get_by_label("Or type the number").fill("HS-1")
    page.keyboard.press("Enter")
    me.read()
    for packet in bag:
        me.number("Or type the number", packet)
        expect(page.locator("#last")).to_contain_text(packet.number)
    me.read()
    page.locator("#last").get_by_role("link", name="Scanned by mistake?").click()
    me.read("Scanned by mistake")
    press(page, "Say that it is wrong")
    me.read()
    page.get_by_label("It was another packet").check()
    press(page, "Say that it is wrong")
    me.verdict("Said to be wrong", "stamp")
    me.go(f"/bulk/take/{world.desk.party_id}", "Take packets")
    press(page, "Take 2, note 1 missing")
    me.read("2 packets taken")
    to(page, "/type/take")
    me.number("Number on the slip", odd_one)
    me.read("Take packets")
    press(page, "The number differs")
    me.read()
    page.get_by_label("Number on the seal").fill("0046 123")
    press(page, "Next")
    me.verdict("Recorded, a person will look", "stamp")


def delivered(me: Reader, world: World, packet: Packet, visit: int) -> None:
    page, code = me.page, world.code(packet, Purpose.DELIVER)
    me.go(f"/visit/{visit}")
    me.go(f"/visit/{visit}/map", "How to get there")
    me.go(f"/scan/visit/{visit}", "Scan the slip")
    me.go(f"/pick/{visit}")
    me.go(f"/type/visit/{visit}", "Type")
    me.number("Number on the slip", packet)
    me.read("Hand over")
    page.get_by_role("radio", name="Somebody else").check()
    page.get_by_role("radio", name="Identity card", exact=True).check()
    press(page, "The right person")
    me.read()
    page.get_by_role("radio", name="Only to").check()
    me.go(f"/card/{visit}", "Scan the code on the card")
    me.go(f"/deliver/{visit}/person", "Hand over")
    page.get_by_role("radio", name="Identity card", exact=True).check()
    press(page, "The right person")
    me.read("Take the old papers back")
    press(page, "All taken back")
    me.read()
    page.get_by_role("checkbox", name="Giấy khai sinh cũ").check()
    press(page, "All taken back")
    me.read("Seal")
    press(page, "The numbers match")
    me.read("Take the money")
    page.get_by_label("Bank code").check()
    press(page, "Received")
    me.read()
    page.get_by_label("Number of the fee receipt").fill("000 322")
    press(page, "Received")
    me.read("The citizen confirms")
    me.go(f"/shown/{visit}", "The citizen's screen")
    to(page, f"/deliver/{visit}/code")
    page.get_by_label("The code they read aloud").fill("000000" if code != "000000" else "111111")
    press(page, "Done, packet handed over")
    me.verdict("Stop", "danger")
    press(page, "Type the code again")
    page.get_by_label("The code they read aloud").fill(code)
    press(page, "Done, packet handed over")
    me.verdict("Packet handed over", "ok")


def brought(me: Reader, world: World, packet: Packet) -> None:
    """Papers that were called off, and their fee."""
    page, visit = me.page, open_visit(packet.id)
    assert visit
    to(page, "/type/take")
    me.number("Number on the slip", packet)
    press(page, "The numbers match")
    me.verdict("Packet received", "ok")
    me.go(f"/visit/{visit.id}")
    to(page, f"/type/visit/{visit.id}")
    me.number("Number on the slip", packet)
    page.get_by_role("radio", name="Nguyễn Thị Mơ").check()
    page.get_by_role("radio", name="Identity card", exact=True).check()
    press(page, "The right person")
    press(page, "The numbers match")
    me.read("Give the fee back")
    press(page, "Next")
    me.read()
    page.get_by_label("Counted into their hand").check()
    press(page, "Next")
    page.get_by_label("The code they read aloud").fill(world.code(packet, Purpose.DELIVER))
    press(page, "Done, packet handed over")
    me.verdict("Packet handed over", "ok")
    expect(page.locator("main.verdict")).to_contain_text("Counted into their hand")


def damaged(me: Reader, packet: Packet) -> None:
    page = me.page
    me.go(f"/damaged/{tokens.b32(packet.code)}", "The bag is damaged")
    press(page, "Report the damage")
    me.read()
    page.get_by_label("It is wet").check()
    press(page, "Report the damage")
    me.read()
    page.get_by_label("Picture of the damage").set_input_files(
        {"name": "wet.png", "mimeType": "image/png", "buffer": PICTURE}
    )
    expect(page.get_by_text("Picture is kept, sent later")).to_be_visible()
    press(page, "Report the damage")
    me.verdict("Written down", "ok")
    me.go("/carrying", "In the bag")
    expect(page.locator("main")).to_contain_text("Damage reported at")


def in_vain(me: Reader, visit: int) -> None:
    me.go(f"/visit/{visit}/failed", "Could not collect")
    press(me.page, "Record and tell them")
    me.read()
    for reason in ("Nobody at home", "House not found", "They changed their mind"):
        me.page.get_by_role("radio", name=reason).check()
        me.page.get_by_role("radio", name="Another day").check()
        me.read()
    press(me.page, "Record and tell them")
    me.verdict("Written down", "ok")


def handed_in(me: Reader, world: World, handed: Packet) -> None:
    page, clerk = me.page, world.act(world.clerk, now())
    me.go("/carrying", "In the bag")
    press(page, "Hand in at")
    me.read("Hand in packets")
    me.number("Or type the number", handed)
    expect(page.locator("#last")).to_contain_text(handed.number)
    me.read()
    page.locator("#finish").click()
    me.read("1 packet counted")
    atomically(bags.take_in, world.fresh(handed), world.courier, clerk)
    atomically(bags.close, world.courier, clerk, "k" * 32, rest_is_missing=False)
    with page.expect_response("**/api/v1/day*"):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    me.go("/carrying", "In the bag")
    press(page, "Look at the list")
    me.read("List of the handover")
    press(page, "Not handed over?")
    me.read("Scanned by mistake")
    page.go_back()
    press(page, "That is right, sign")
    me.read("In the bag")


def passed_on(me: Reader, world: World, site: Site, browser: Browser, camera: Camera, packets: list[Packet], names: list[str]) -> None:  # fmt: skip
    """From phone to phone, without a network on either; one of two is said to be wrong."""
    theirs = browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740})
    theirs.grant_permissions(["camera"], origin=site.url)
    you = Reader(theirs.new_page(), site, "courier2", names)
    for line in (me.page.context, theirs):
        line.set_offline(True)
    me.go("/offer", "Hand over to another courier")
    for box in me.page.get_by_role("checkbox").all():
        box.uncheck()
    press(me.page, "Show the codes")
    me.read()
    for packet in packets:
        me.page.get_by_role("checkbox", name=packet.number).check()
    press(me.page, "Show the codes")
    camera.show(*filmed(me.page))
    me.read("Hand over to another courier")
    you.go("/receive", "Take over from another courier")
    expect(you.page.locator("#tally")).to_have_text("0 / 2", timeout=60_000)
    you.read()
    for packet in packets:
        you.number("Or type the number", packet)
        expect(you.page.locator("#told")).to_contain_text(packet.number)
    you.read()
    you.page.locator(".queue li", has_text=packets[1].number).get_by_role("link", name="Scanned by mistake?").click()
    you.page.get_by_label("Nothing changed hands").check()
    press(you.page, "Say that it is wrong")
    you.verdict("Said to be wrong", "stamp")
    you.go("/receive")
    press(you.page, "Show the answer (2)")
    camera.show(*filmed(you.page))
    you.read("Answer for the other phone")
    press(me.page, "Read their answer")
    expect(me.page.locator("#given")).to_contain_text("2 packets are with the other courier", timeout=60_000)
    me.read("Read their answer")
    for line in (me.page.context, theirs):
        line.set_offline(False)
    you.go("/", "Today's round")
    expect(you.page.locator("#sync-kept b")).to_have_text("0", timeout=30_000)
    states = [(world.fresh(packet).state, packet.holder_id) for packet in packets]
    assert states == [(State.CARRIED, world.second_courier.party_id), (State.DISPUTED, world.courier.party_id)]
    leave(theirs)
    me.odd += you.odd
    me.seen |= you.seen
