"""Money at the end of a shift, with a difference: the courier counts on the phone, the clerk counts at the counter."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db
from app.domain import money
from app.domain.money import Purse
from app.domain.scans import Extra
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.test_courier import press, sign_in
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")


def test_what_is_short_is_seen_by_both_and_stays_under_a_name(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    first = world.phone()
    packet = world.packet()
    cash = Extra.read(
        {"salt": "s", "money": {"paid_by": "cash", "receipt": "000321", "postage": 60_000, "fee": 15_000}}
    )
    world.record(first.scan(packet, "collect", proof=[("CODE", world.code(packet))], extra=cash))
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/money")
    expect(phone.locator("#due")).to_contain_text("75.000")
    phone.get_by_label("Đếm được trong túi").fill("60000")
    expect(phone.locator("#differs")).to_contain_text("Thiếu 15.000")
    assert axe_faults(phone) == []
    context.set_offline(True)
    press(phone, "Vẫn nộp, ghi thiếu")
    expect(phone.locator("#told-count")).to_contain_text("giữ trên máy này")
    context.set_offline(False)
    expect(phone.locator("#told-count")).to_contain_text("Bưu cục cùng đếm lại", timeout=20_000)

    desk = context.browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")  # type: ignore[union-attr]
    counter = desk.new_page()
    counter.goto(f"{site.url}/sign-in")
    counter.get_by_label("Tên đăng nhập").fill("clerk1")
    counter.get_by_label("Mật khẩu", exact=True).fill(World.PASSWORD)
    counter.keyboard.press("Enter")
    counter.get_by_role("link", name="Tiền của bưu tá").click()
    counter.get_by_role("link", name=world.courier.name).click()
    counter.get_by_label("Số tiền cùng đếm, đồng").fill("60.000")
    assert axe_faults(counter) == []
    counter.keyboard.press("F8")
    expect(counter.get_by_role("alert")).to_contain_text("Nói vì sao lệch")
    counter.get_by_label("Vì sao lệch?").select_option("not_recorded")
    counter.get_by_label("Số tiền cùng đếm, đồng").fill("60.000")
    counter.keyboard.press("F8")
    expect(counter.locator("td").get_by_text("thiếu 15.000")).to_be_visible()
    assert axe_faults(counter) == []
    desk.close()
    db.session.rollback()
    assert money.purse(world.courier.party_id) == Purse(postage=15_000, fee=0)
    phone.evaluate("window.dispatchEvent(new Event('online'))")  # the phone asks again what came of it
    expect(phone.locator("#answer")).to_contain_text("Còn thiếu 15.000", timeout=20_000)
    assert atomically(money.told, world.courier, world.act().at)["postage"] == 15_000
