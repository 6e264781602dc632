"""The desk's work by keyboard alone: list, filter, packet, decision, and back to what is left."""

import pytest
from playwright.sync_api import Page, expect

from app.db import atomically, db, now
from app.domain import queues
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, ReturnWay
from tests.conftest import signing_in
from tests.e2e.conftest import Site, staff_signs_in
from tests.e2e.test_keyboard import by_keyboard, type_in
from tests.views.test_desk import received
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the pages do


def pick(page: Page, label: str, value: str) -> None:
    """Along the choices of a list that opens, by its arrows."""
    by_keyboard(page, label, "Home")
    for _ in range(10):
        if page.locator(":focus").input_value() == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never come to {value!r}")


def test_from_the_list_over_a_filter_and_two_decisions_back_to_the_list_without_a_mouse(
    world: World, site: Site, page: Page
) -> None:
    client = signing_in(site.app)(world.officer)
    home, post, refused = [received(world, client) for _ in range(3)]

    def call_for_it() -> None:
        for packet in (post, refused):
            db.session.get_one(Dossier, packet.dossier_id).return_way = ReturnWay.POST

    atomically(call_for_it)
    waits = queues.counts(queues.DESK, world.officer, now())  # before or after 15:00, as the clock has it
    letter = "t" if waits["decide"] else "m"

    page.goto(f"{site.url}/sign-in")
    type_in(page, "Tên đăng nhập", "desk1")
    type_in(page, "Mật khẩu", World.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_visible()
    page.keyboard.press(f"Alt+{letter}")
    expect(page.locator("#list")).to_contain_text("· 3")
    by_keyboard(page, "Lọc danh sách này")
    pick(page, "Cách trả kết quả", "post")
    by_keyboard(page, "Xem")
    expect(page.locator("#list")).to_contain_text("· 2")
    expect(page.get_by_text(home.dossier.number)).to_have_count(0)

    page.keyboard.press("F9")
    expect(page.locator("h1")).to_contain_text(post.number)
    type_in(page, "Mã hồ sơ trên hệ thống một cửa", "H29.17-261124-0001")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice.tone-ok").first).to_be_visible()
    page.go_back()
    page.keyboard.press("Alt+1")
    page.keyboard.press(f"Alt+{letter}")
    expect(page.locator("#list")).to_contain_text("· 2")

    by_keyboard(page, refused.dossier.number)
    expect(page.locator("h1")).to_contain_text(refused.number)
    by_keyboard(page, "Không nhận hồ sơ")
    expect(page.locator("h1")).to_contain_text("Không nhận hồ sơ")
    by_keyboard(page, "Về trang của gói")
    expect(page.locator("h1")).to_contain_text(refused.number)
    by_keyboard(page, "Không nhận hồ sơ")
    expect(page.locator("input[name=reason]").first).to_be_attached()
    by_keyboard(page, "việc này thuộc cơ quan khác", "Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice").first).to_contain_text("Đã ghi không nhận")
    page.keyboard.press("Alt+1")
    page.keyboard.press(f"Alt+{letter}")
    expect(page.locator("#list")).to_contain_text("· 1")
    expect(page.get_by_text(home.dossier.number)).to_be_visible()
    db.session.rollback()
    states = [db.session.get_one(Dossier, packet.dossier_id).state for packet in (home, post, refused)]
    assert states == [CaseState.SUBMITTED, CaseState.ACCEPTED, CaseState.NOT_ACCEPTED]


def sign_in(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site.url}/sign-in")
    staff_signs_in(page, "desk1")
    expect(page.locator("#list")).to_be_visible()


def test_back_after_a_fault_and_a_link_shows_the_page_and_not_the_browsers_own_question(
    world: World, site: Site, page: Page
) -> None:
    packet = received(world, signing_in(site.app)(world.officer))
    sign_in(page, site)
    page.goto(f"{site.url}/desk/packets/{packet.number}")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    page.keyboard.press("Alt+2")
    expect(page.get_by_role("heading", name="Kiểm đếm")).to_be_visible()
    page.go_back()
    expect(page.locator("h1")).to_contain_text(packet.number)


def test_the_scan_after_a_wrong_one_takes_its_place_in_the_field(world: World, site: Site, page: Page) -> None:
    packet = received(world, signing_in(site.app)(world.officer))
    sign_in(page, site)
    field = page.locator("input[data-wedge]")

    def scan(text: str) -> None:
        expect(field).to_be_focused()
        page.keyboard.type(text + "\n")

    for path in ("/desk/", "/desk/counts/"):
        page.goto(site.url + path)
        for wrong in ("RZ999999999VN", "NP0045873"):
            scan(wrong)
            expect(page.locator("[role=alert]")).to_be_visible()
            expect(field).to_have_value(wrong)
    page.goto(f"{site.url}/desk/")
    scan("NP0045873")
    expect(page.locator("[role=alert]")).to_be_visible()
    scan(packet.number)
    expect(page.locator("h1")).to_contain_text(packet.number)
    page.go_back()
    scan(packet.number)
    expect(page.locator("h1")).to_contain_text(packet.number)
