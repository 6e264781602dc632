"""The phone without a finger on the glass: a collection by somebody who reads no Vietnamese, and the rest of a day in Vietnamese."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.db import atomically, db
from app.domain.bodies import Extra
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from tests.e2e.conftest import Camera, Site
from tests.e2e.test_courier import DIGITS, PLAYED, plan, played, sign_in
from tests.e2e.test_doors import STRANGERS
from tests.e2e.test_scanner import give_detector
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does

TABS = 60
SAID = """() => [document.body.innerText, ...[...document.querySelectorAll('[aria-label], [title], [placeholder]')]
  .filter((e) => e.checkVisibility()).flatMap((e) => ['aria-label', 'title', 'placeholder'].map((name) => e.getAttribute(name) ?? ''))].join('\\n')"""
VIETNAMESE = re.compile(r"\S*[À-ỹ]\S*")


# What has the keyboard, by all its names.
HERE = """() => { const e = document.activeElement; if (e === document.body) return '';
  return [e.getAttribute('aria-label'), e.innerText, ...[...(e.labels ?? [])].map((label) => label.innerText)].join('\\n'); }"""


def by_keyboard(page: Page, name: str, key: str = "Enter") -> None:
    """Tab until what has this name has the keyboard, then press it."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if name in page.evaluate(HERE):
            return page.keyboard.press(key)
    raise AssertionError(f"the keyboard never comes to {name!r} on {page.url}")


def choose(page: Page, first: str, name: str) -> None:
    """Tab to the group that begins with `first`, then along its arrows: what is chosen keeps the keyboard."""
    by_keyboard(page, first, "Space")
    for _ in range(10):
        if name in page.evaluate(HERE):
            return expect(page.locator(":focus")).to_be_checked()
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never come to {name!r} on {page.url}")


def type_in(page: Page, label: str, text: str) -> None:
    by_keyboard(page, label, "Shift")
    page.keyboard.type(text)


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
    type_in(phone, "Number on the seal", "0045821")
    type_in(phone, "The same number once more", "0045821")
    phone.keyboard.press("Enter")
    step("Take the money")
    by_keyboard(phone, "Cash", "Space")
    type_in(phone, "Number of the fee receipt", "000 321")
    by_keyboard(phone, "Received 75")
    expect(phone.locator("#code")).to_be_visible()
    read()
    type_in(phone, "The code they read aloud", world.code(packet))
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


def test_a_bag_a_delivery_a_visit_in_vain_and_the_money_by_keyboard_alone(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    before, paid = world.phone(), world.packet()
    cash = Extra.read({"salt": "s", "money": {"paid_by": "cash", "receipt": "000321", "postage": 60_000, "fee": 15_000}})  # fmt: skip
    world.record(before.scan(paid, "collect", proof=[("CODE", world.code(paid))], extra=cash))
    result, home = world.packet(Way.OUT), world.packet()
    world.record(before.scan(world.fresh(result), "take"))
    bag = [world.packet(Way.OUT) for _ in range(2)]
    plan(world, result, home)
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_be_visible()

    by_keyboard(phone, "gói chờ")
    by_keyboard(phone, "Quét liền cả 2 gói")
    by_keyboard(phone, "Hoặc gõ số", "Shift")
    for packet in bag:
        phone.keyboard.type(packet.number)
        phone.keyboard.press("Enter")
        expect(phone.locator("#last")).to_contain_text(packet.number)
        expect(phone.locator("#number")).to_be_focused()
    by_keyboard(phone, "Nhận 2 gói")
    expect(phone.get_by_role("heading", name="Đã nhận 2 gói")).to_be_visible()
    by_keyboard(phone, "Về tuyến")

    by_keyboard(phone, "Đã tới cửa")
    by_keyboard(phone, "Quét phiếu")
    by_keyboard(phone, "Gõ mã")
    type_in(phone, "Số trên phiếu", result.number)
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", name="Trả kết quả")).to_be_visible()
    choose(phone, "Nguyễn Thị Mơ", "Nguyễn Thị Mơ")
    choose(phone, "Căn cước", "Hộ chiếu")
    by_keyboard(phone, "Đúng người")
    by_keyboard(phone, "Đúng số này")
    type_in(phone, "Mã người dân đọc", world.code(result, Purpose.DELIVER))
    phone.keyboard.press("Enter")
    expect(phone.locator("main.verdict")).to_contain_text("Đã trao xong", timeout=10_000)
    by_keyboard(phone, "Nhà tiếp theo")

    by_keyboard(phone, "Đã tới cửa")
    by_keyboard(phone, "Chưa nhận được")
    choose(phone, "Không có ai ở nhà", "Người dân đổi ý")
    choose(phone, "Quay lại trong ngày", "Hẹn ngày khác")
    by_keyboard(phone, "Ghi và nhắn người dân")
    expect(phone.locator("main.verdict")).to_contain_text("Đã ghi")
    by_keyboard(phone, "Nhà tiếp theo")

    by_keyboard(phone, "75.000")
    type_in(phone, "Đếm được trong túi", "75000")
    by_keyboard(phone, "Nộp 75.000")
    expect(phone.locator("#told-count")).to_contain_text("Bưu cục cùng đếm lại", timeout=20_000)
    assert [world.fresh(each).state for each in (*bag, result, home)] == [State.CARRIED] * 2 + [State.DELIVERED, State.WAITING]  # fmt: skip
