"""Money at the end of a shift, with a difference: the courier counts on the phone, the clerk counts at the counter."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import money
from app.domain.bodies import Extra
from app.domain.codes import Purpose
from app.domain.money import Purse
from app.domain.packets import Packet, Way
from app.domain.visits import open_visit
from tests.domain.test_remittances import gave_back_of_their_own
from tests.e2e.conftest import Site, at_counter, axe_faults
from tests.e2e.test_courier import count_papers, plan, press, right_person, sign_in, to, verdict
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

    counter = at_counter(context, site)
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
    counter.context.close()
    db.session.rollback()
    assert money.purse(world.courier.party_id) == Purse(postage=15_000, fee=0)
    phone.evaluate("window.dispatchEvent(new Event('online'))")  # the phone asks again what came of it
    expect(phone.locator("#answer")).to_contain_text("Còn thiếu 15.000", timeout=20_000)
    assert atomically(money.told, world.courier, world.act().at)["postage"] == 15_000


def test_a_courier_whose_bag_did_not_hold_the_fee_is_told_who_owes_whom_and_is_paid_at_the_counter(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    gave_back_of_their_own(world)
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/money")
    expect(phone.get_by_text("Bưu cục nợ lại")).to_be_visible()
    expect(phone.locator("#due")).to_have_text("15.000\u00a0đ")
    expect(phone.get_by_label("Đếm được trong túi")).to_have_count(0)
    assert axe_faults(phone) == []
    counter = at_counter(context, site)
    counter.get_by_role("link", name="Tiền của bưu tá").click()
    counter.get_by_role("link", name=world.courier.name).click()
    assert axe_faults(counter) == []
    counter.get_by_label("PIN sáu số").fill(world.PIN)
    counter.keyboard.press("F8")
    expect(counter.get_by_role("status").filter(has_text="Đã trả")).to_be_visible()
    counter.context.close()
    db.session.rollback()
    assert money.purse(world.courier.party_id) == Purse()


def paid(page: Page, kind: str, visit: int, packet: Packet, code: str, by: str, asked: str, receipt: str = "") -> None:
    """A home whose citizen pays so: what the courier is asked and shown on the way."""
    to(page, f"/type/visit/{visit}")
    page.get_by_label("Số trên phiếu").fill(packet.number)
    press(page, "Tìm gói")
    if kind == "collect":
        count_papers(page)
        page.get_by_label("Số trên dây niêm phong").fill(f"0046 {visit:03d}")
        page.get_by_label("Gõ lại số đó").fill(f"0046 {visit:03d}")
        page.get_by_role("button", name=re.compile("^Đã dán kín")).click()
    else:
        right_person(page)
        press(page, "Đúng số này")
    expect(page.locator(".bill .sum")).to_contain_text(asked)
    press(page, f"Đã thu {asked}")
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("Chọn cách trả")
    page.get_by_label(by).check()
    if receipt:
        press(page, f"Đã thu {asked}")
        expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("số biên lai")
        page.get_by_label("Số biên lai lệ phí").fill(receipt)
    assert axe_faults(page) == []
    press(page, f"Đã thu {asked}")
    page.get_by_label("Mã người dân đọc").fill(code)
    press(page, "Xong, nhận gói" if kind == "collect" else "Xong, trao gói")
    verdict(page, "Đã nhận gói" if kind == "collect" else "Đã trao xong", "ok")
    expect(page.get_by_role("link", name=f"{by} {asked}")).to_be_visible()
    expect(page.get_by_text(f"Số biên lai lệ phí: {receipt}")).to_have_count(1 if receipt else 0)
    assert axe_faults(page) == []


def test_what_is_paid_by_bank_code_was_never_in_the_bag_and_the_till_knows_which_home_explains_a_difference(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    first, result, last = world.packet(), world.packet(Way.OUT), world.packet()
    code = {
        each.id: world.code(each, Purpose.DELIVER if each is result else Purpose.COLLECT)
        for each in (first, result, last)
    }
    atomically(lambda: setattr(db.session.get_one(Packet, result.id).dossier.procedure, "fee_at_delivery", True))
    plan(world, first, result, last)
    visits = [open_visit(each.id).id for each in (first, result, last)]  # type: ignore[union-attr]
    world.record(world.phone().scan(world.fresh(result), "take"))
    first, result, last = (world.fresh(each) for each in (first, result, last))
    sign_in(phone, site)
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    context.set_offline(True)
    paid(phone, "collect", visits[0], first, code[first.id], "Quét mã ngân hàng", "52.000\u00a0đ")
    paid(phone, "deliver", visits[1], result, code[result.id], "Quét mã ngân hàng", "23.000\u00a0đ", "000 322")
    to(phone, "/")
    phone.locator("#money").click()
    bank = phone.locator(".bill div").filter(has_text="chuyển khoản")
    expect(phone.locator("#due")).to_have_text("0\u00a0đ")
    expect(bank).to_contain_text("75.000")
    expect(phone.get_by_text("2 lượt quét chờ mạng")).to_be_visible()
    paid(phone, "collect", visits[2], last, code[last.id], "Tiền mặt", "52.000\u00a0đ")
    phone.get_by_role("link", name=re.compile("Tiền mặt")).click()
    expect(phone.locator("#due")).to_have_text("52.000\u00a0đ")
    counted = phone.get_by_label("Đếm được trong túi")
    for amount, home, by in (
        ("0", 3, "Tiền mặt 52.000"),
        ("104000", 1, "Quét mã ngân hàng 52.000"),
        ("67000", 2, "Quét mã ngân hàng 23.000"),
    ):
        counted.fill(amount)
        expect(phone.locator("#differs")).to_contain_text(f"Xem lại nhà số {home}")
        assert axe_faults(phone) == []
        press(phone, f"Xem nhà số {home}")
        phone.get_by_role("link", name=by).click()
        expect(counted).to_have_value(f"{int(amount):,}".replace(",", "."))  # what was typed is kept
        expect(phone.locator("#look")).to_be_visible()
    counted.fill("51000")
    expect(phone.locator("#look")).to_have_count(0)  # no home explains it
    counted.fill("52000")
    press(phone, "Nộp 52.000")
    context.set_offline(False)
    expect(phone.locator("#told-count")).to_contain_text("Bưu cục cùng đếm lại", timeout=20_000)
    expect(phone.locator(".strip")).to_contain_text("Bưu cục đã biết mọi lượt quét", timeout=20_000)
    db.session.rollback()
    assert money.purse(world.courier.party_id) == Purse(postage=52_000, fee=0)
    assert atomically(money.told, world.courier, now())["by_bank"] == 75_000
    expect(bank).to_contain_text("75.000")  # once, now that the post office tells it
    expect(phone.locator("#due")).to_have_text("52.000\u00a0đ")
