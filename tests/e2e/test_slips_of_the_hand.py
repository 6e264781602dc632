"""What goes wrong at a citizen's phone without anybody meaning it: a wrong number, the button Back, two taps for one."""

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.db import db
from app.domain.dossiers import Dossier
from tests.e2e.conftest import Site, axe_faults
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the browser does


def press(page: Page) -> None:
    with page.expect_navigation():
        page.locator("main form button[type=submit]").last.click()


def choose(page: Page, name: str) -> None:
    page.locator(f"main [name={name}]:not([disabled])").first.check(force=True)


def up_to_the_name(page: Page, site: Site, world: World) -> None:
    page.goto(f"{site.url}/book?q=giay khai sinh")
    page.get_by_role("link", name="Sửa thông tin sai trên giấy khai sinh").click()
    press(page)
    page.locator(f"main [name=ward][value='{world.neighbourhood.ward_id}']").check(force=True)
    press(page)
    page.locator("main select").select_option(str(world.neighbourhood.id))
    page.locator("main [name=street]").fill("12 đường Mẫu Đơn")
    press(page)
    choose(page, "slot")
    press(page)


def test_back_over_a_mistake_shows_the_page_and_not_the_browsers_own_question(
    page: Page, site: Site, world: World
) -> None:
    up_to_the_name(page, site, world)
    page.locator("main [name=name]").fill("Nguyễn Thị Mơ")
    page.locator("main [name=phone]").fill("0900 000 12")
    press(page)
    expect(page.locator("main")).to_contain_text("Mới có 9 số")
    page.locator("main [name=phone]").fill("0900 000 123")
    press(page)
    assert page.url.endswith("/book/return")
    page.go_back()
    assert page.url.endswith("/book/who")
    expect(page.locator("main [name=phone]")).to_have_value("0900 000 123")
    expect(page.locator("main [name=name]")).to_have_value("Nguyễn Thị Mơ")


def test_back_by_a_link_from_a_mistake_is_no_question_either(page: Page, site: Site, world: World) -> None:
    up_to_the_name(page, site, world)
    press(page)
    expect(page.locator("main")).to_contain_text("Còn 2 chỗ cần xem lại")
    page.locator(".brand > a").click()
    expect(page.locator("h1")).to_have_text("Gửi hồ sơ lên phường ngay tại nhà")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Ai gửi hồ sơ?")


def test_without_a_network_what_was_typed_stays(page: Page, site: Site, world: World) -> None:
    up_to_the_name(page, site, world)
    page.locator("main [name=name]").fill("Nguyễn Thị Mơ")
    page.locator("main [name=phone]").fill("0900 000 123")
    page.context.set_offline(True)
    page.locator("main form button[type=submit]").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Không có mạng")
    assert page.url.endswith("/book/who") and axe_faults(page) == []
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("main [name=name]")).to_have_value("Nguyễn Thị Mơ")
    page.wait_for_timeout(1_100)  # a second tap within a second counts for none
    press(page)
    assert page.url.endswith("/book/return")


def test_a_browser_that_is_wrong_about_the_network_is_not_believed_twice(page: Page, site: Site, world: World) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'onLine', {get: () => false})")
    page.goto(f"{site.url}/track")
    page.locator("main form button[type=submit]").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Không có mạng")
    page.wait_for_timeout(1_100)
    press(page)
    expect(page.locator("main")).to_contain_text("Còn 2 chỗ cần xem lại")


def test_two_taps_for_one_book_one_visit_and_back_leads_to_it(page: Page, site: Site, world: World) -> None:
    up_to_the_name(page, site, world)
    page.locator("main [name=name]").fill("Nguyễn Thị Mơ")
    page.locator("main [name=phone]").fill("0900 000 123")
    press(page)
    choose(page, "way")
    press(page)
    page.locator("main [name=consent]").check(force=True)
    page.locator("main form button[type=submit]").last.dblclick()
    page.wait_for_url("**/booked")
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Dossier.id))) == 1
    page.go_back()
    expect(page.locator("h1")).to_have_text("Đã đặt lịch rồi")
    page.get_by_role("link", name="Xem lịch đã đặt").click()
    page.wait_for_url("**/booked")


def test_a_tap_anywhere_on_a_found_thing_opens_it(page: Page, site: Site, world: World) -> None:
    page.goto(f"{site.url}/book?q=giay khai sinh")
    box = page.locator(".finding").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] - 6, box["y"] + box["height"] - 6)
    page.wait_for_url("**/procedures/*")


@pytest.mark.parametrize("path", ["/", "/book", "/track"])
def test_a_thumb_meets_every_link_in_head_and_foot(page: Page, site: Site, path: str) -> None:
    page.goto(site.url + path)
    for link in page.locator("header a, footer a").all():
        box = link.bounding_box()
        assert box is None or box["height"] >= 44, link.inner_text()
