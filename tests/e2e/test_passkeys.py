"""Passkeys in a browser with a device of Chromium's own: added, shown, refused and removed; the password beside them all along."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from app.db import atomically, db, now
from app.domain import passkeys
from app.domain.people import User
from tests.e2e.conftest import Site, axe_faults, staff_signs_in
from tests.e2e.test_joint_count import let_pass
from tests.views.test_passkeys import linked
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")
PICTURES = os.environ.get("PICTURES")


class Device:
    """What Chromium takes for a fingerprint reader (`internal`) or a key on a cable (`usb`)."""

    def __init__(self, page: Page, transport: str = "internal", **over: Any) -> None:
        self.wire: CDPSession = page.context.new_cdp_session(page)
        self.wire.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": transport, "hasResidentKey": True, "hasUserVerification": True,
                   "isUserVerified": True, "automaticPresenceSimulation": True} | over  # fmt: skip
        self.id = self.wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.wire.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def holds(self, key: dict[str, Any]) -> None:
        self.wire.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def recognises(self, who: bool) -> None:
        self.wire.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": who})


@pytest.fixture
def ours(site: Site) -> Site:
    """Whose own address its settings name."""
    site.app.extensions["settings"] = site.app.extensions["settings"].model_copy(update={"base_url": site.url})
    return site


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900})
    yield made
    made.close()


def at_desk(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    staff_signs_in(page, "desk1")
    page.wait_for_url(re.compile("/desk/"))
    return page


def begin(page: Page, site: Site, name: str = "Máy bàn", password: str = World.PASSWORD) -> None:
    page.goto(f"{site.url}/passkeys/")
    page.get_by_label("Tên", exact=True).fill(name)
    page.get_by_label("Mật khẩu của mình", exact=True).fill(password)
    page.get_by_role("button", name="Thêm khóa truy cập").click()


def press(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/sign-in?next=/desk/")
    page.get_by_role("button", name="Đăng nhập bằng khóa truy cập").click()


def look(page: Page, name: str) -> None:
    """Axe finds nothing, and nothing is wider than a phone."""
    wrong = axe_faults(page)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"passkeys-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not wrong, (name, wrong)


@pytest.mark.parametrize("transport", ["internal", "usb"])
def test_one_is_added_signs_in_and_is_removed(
    world: World, ours: Site, context: BrowserContext, transport: str
) -> None:
    page = at_desk(context, ours)
    device = Device(page, transport)
    page.goto(f"{ours.url}/passkeys/")
    look(page, f"none-{transport}")
    begin(page, ours)
    expect(page.get_by_text("Đã thêm Máy bàn")).to_be_visible()
    assert len(device.keys()) == 1
    look(page, f"added-{transport}")
    page.get_by_role("button", name="Đăng xuất").click()
    press(page, ours)
    page.wait_for_url(f"{ours.url}/desk/")
    page.goto(f"{ours.url}/passkeys/")
    expect(page.get_by_text("lần này")).to_be_visible()
    page.get_by_role("link", name="Đổi tên hoặc bỏ Máy bàn").click()
    look(page, f"one-{transport}")
    page.get_by_role("button", name="Bỏ khóa truy cập này").click()
    expect(page.get_by_text("Máy bàn không mở được gì nữa")).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    press(page, ours)
    expect(page.get_by_role("alert").get_by_text("không được nhận")).to_be_visible()
    look(page, f"refused-{transport}")


def test_what_a_browser_refuses_is_said_and_the_password_goes_on_working(
    world: World, ours: Site, context: BrowserContext
) -> None:
    page = at_desk(context, ours)
    device = Device(page)
    begin(page, ours, password="not this one")
    expect(page.get_by_role("alert").get_by_text("Mật khẩu chưa đúng")).to_be_visible()
    device.recognises(False)
    begin(page, ours)
    expect(page.get_by_role("alert").get_by_text("Chưa lập khóa nào")).to_be_visible(timeout=15_000)
    look(page, "not-made")
    device.recognises(True)
    page.wait_for_timeout(1000)  # a button hears no second press within the second
    page.get_by_label("Mật khẩu của mình", exact=True).fill(World.PASSWORD)
    page.get_by_role("button", name="Thêm khóa truy cập").click()
    expect(page.get_by_text("Đã thêm Máy bàn")).to_be_visible()
    begin(page, ours, "Lần hai")
    expect(page.get_by_role("alert").get_by_text("Máy này đã có khóa")).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    device.recognises(False)
    press(page, ours)
    expect(page.get_by_role("alert").get_by_text("Máy chưa đưa ra khóa")).to_be_visible(timeout=15_000)
    look(page, "not-shown")
    staff_signs_in(page, "desk1")
    page.wait_for_url(f"{ours.url}/desk/")


def test_a_device_that_asks_for_nothing_makes_none(world: World, ours: Site, context: BrowserContext) -> None:
    page = at_desk(context, ours)
    Device(page, "usb", hasUserVerification=False, isUserVerified=False)
    begin(page, ours)
    expect(
        page.get_by_role("alert").get_by_text(re.compile("Máy này không lập được khóa|Chưa lập khóa nào"))
    ).to_be_visible(timeout=15_000)


def test_at_another_address_than_its_own_the_page_says_which(world: World, ours: Site, context: BrowserContext) -> None:
    settings = ours.app.extensions["settings"]
    ours.app.extensions["settings"] = settings.model_copy(update={"base_url": "https://hs.example"})
    page = context.new_page()
    Device(page)
    press(page, ours)
    expect(page.get_by_role("alert").get_by_text("https://hs.example")).to_be_visible()


def test_a_copied_key_is_refused_in_the_browser_too(world: World, ours: Site, context: BrowserContext) -> None:
    page = at_desk(context, ours)
    device = Device(page)
    begin(page, ours)
    expect(page.get_by_text("Đã thêm Máy bàn")).to_be_visible()
    (copied,) = device.keys()
    page.get_by_role("button", name="Đăng xuất").click()
    press(page, ours)
    page.wait_for_url(f"{ours.url}/desk/")
    page.get_by_role("button", name="Đăng xuất").click()
    device.wire.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device.id})
    Device(page).holds(copied)
    press(page, ours)
    expect(page.get_by_role("alert").get_by_text("có hai bản")).to_be_visible()


def test_a_page_without_scripts_or_a_device_keeps_to_the_password(world: World, ours: Site, browser: Browser) -> None:
    plain = browser.new_context(locale="vi-VN", java_script_enabled=False)
    page = plain.new_page()
    page.goto(f"{ours.url}/sign-in")
    expect(page.get_by_role("button", name="Đăng nhập bằng khóa truy cập")).to_be_hidden()
    staff_signs_in(page, "desk1")
    page.wait_for_url(re.compile("/desk/"))
    page.goto(f"{ours.url}/passkeys/")
    expect(page.get_by_text("không lập được khóa")).to_be_visible()
    expect(page.get_by_role("button", name="Thêm khóa truy cập")).to_be_hidden()
    plain.close()


def test_where_required_a_link_leads_to_the_first_one_and_that_to_the_work(
    world: World, ours: Site, context: BrowserContext
) -> None:
    settings = ours.app.extensions["settings"]
    ours.app.extensions["settings"] = settings.model_copy(update={"staff_passkey": "required"})
    said, page = linked(world, world.officer), context.new_page()
    Device(page)
    page.goto(f"{ours.url}/sign-in")
    page.get_by_label("Tên đăng nhập").fill(said["login"])
    page.get_by_label("Mật khẩu", exact=True).fill(said["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ours.url}/passkeys/")
    expect(page.get_by_role("navigation")).to_have_count(0)
    look(page, "required")
    begin(page, ours, password=said["password"])
    page.wait_for_url(f"{ours.url}/desk/")


def test_an_administrator_sees_them(world: World, ours: Site, context: BrowserContext) -> None:
    def give() -> None:
        for name in ("Điện thoại", "Máy bàn quầy 2, tầng trệt, phường Dĩ An"):
            facts = {"credential": name.encode(), "public_key": b"", "sign_count": 0, "transports": [], "name": name}
            db.session.add(
                passkeys.Passkey(user_id=db.session.get_one(User, world.officer.id).id, created_at=now(), **facts)
            )

    atomically(give)
    page = context.new_page()
    page.goto(f"{ours.url}/sign-in")
    staff_signs_in(page, "admin1")
    page.wait_for_url(re.compile("/admin/"))
    page.goto(f"{ours.url}/admin/people/")
    look(page, "people")
    page.goto(f"{ours.url}/admin/people/{world.officer.id}")
    look(page, "person")
    page.get_by_role("button", name="Bỏ khóa này Điện thoại").click()
    expect(page.get_by_role("status").get_by_text("Khóa không mở được gì nữa")).to_be_visible()


def test_the_first_packet_of_a_bag_is_scanned_after_one_touch(
    world: World, ours: Site, context: BrowserContext
) -> None:
    numbers = [world.collected(phone).number for phone in [world.phone()] for _ in range(2)]
    page = at_desk(context, ours)
    device = Device(page)
    begin(page, ours)
    expect(page.get_by_text("Đã thêm Máy bàn")).to_be_visible()
    page.goto(f"{ours.url}/desk/counts/")
    let_pass(timedelta(minutes=6))
    page.reload()
    expect(page.get_by_text("Dùng khóa truy cập")).to_have_count(0)  # this session was opened by password
    page.get_by_role("button", name="Đăng xuất").click()
    press(page, ours)
    page.wait_for_url(f"{ours.url}/desk/")
    let_pass(timedelta(minutes=6))
    page.goto(f"{ours.url}/desk/counts/")
    look(page, "touch")
    device.recognises(False)
    page.keyboard.press("F9")
    expect(page.get_by_role("alert").get_by_text("Máy chưa đưa ra khóa")).to_be_visible(timeout=15_000)
    device.recognises(True)
    page.keyboard.press("F9")
    expect(page.get_by_role("status").get_by_text("đúng là người ngồi đây")).to_be_visible()
    expect(page.locator("input[data-wedge]")).to_be_focused()
    page.keyboard.type(f"{numbers[0]}\n")
    expect(page.locator(".last-scan")).to_contain_text(numbers[0])
    let_pass(timedelta(minutes=6))
    page.keyboard.type(f"{numbers[1]}\n")
    expect(page.locator(".last-scan")).to_contain_text(numbers[1])
    expect(page.locator("#signing")).to_be_visible()
    look(page, "signing")
    page.keyboard.press("F9")
    expect(page.locator("#signing").get_by_text("đúng là người ngồi đây")).to_be_visible()
    page.keyboard.press("F8")
    expect(page.get_by_role("heading", name="Biên bản")).to_be_visible()
