"""A citizen calls off while the courier's phone knows of it or does not: whoever would collect is told, before or at once after."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import booking, corrections, counter, fees, money, tasks
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State
from app.domain.visits import open_visit
from tests.conftest import signing_in
from tests.domain.test_money import paid
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.test_courier import (
    count_papers,
    plan,
    press,
    right_person,
    seal_and_money,
    sign_in,
    to,
    type_number,
    verdict,
)
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does; the server's part is in tests/api
CALL = "Gọi bưu cục"


def call_off(world: World, packet: Packet) -> None:
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act(None, at=now())))


def typed(page: Page, packet: Packet, path: str) -> None:
    to(page, path)
    page.get_by_label("Số trên phiếu").fill(packet.number)
    press(page, "Tìm gói")


def begin(page: Page, packet: Packet, visit: int) -> None:
    typed(page, packet, f"/type/visit/{visit}")
    count_papers(page)


def test_what_was_called_off_meanwhile_is_told_with_the_first_answer(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    packet = world.packet()
    code = world.code(packet)
    plan(world, packet, started=False)
    visit = open_visit(packet.id)
    assert visit
    phone.add_init_script("localStorage.setItem('theme', 'sun')")
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_be_visible()
    context.set_offline(True)
    call_off(world, packet)
    begin(phone, packet, visit.id)
    seal_and_money(phone)
    phone.get_by_label("Mã người dân đọc").fill(code)
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã nhận gói", "ok")
    context.set_offline(False)
    verdict(phone, "Dừng lại", "danger")
    expect(phone.get_by_text("Người dân đã hủy từ trước.")).to_be_visible()
    expect(phone.get_by_role("link", name=CALL)).to_be_visible()
    assert axe_faults(phone) == []
    assert (world.fresh(packet).state, world.fresh(packet).flags) == (State.CARRIED, ["collected_after_cancel"])
    to(phone, "/outbox")
    expect(phone.locator(".queue")).to_contain_text("Người dân đã hủy từ trước.")
    assert axe_faults(phone) == []
    to(phone, "/carrying")
    expect(phone.locator(".queue")).to_contain_text("Nộp ở bưu cục để trả về nhà")
    expect(phone.locator("footer a")).to_have_text(["Nộp ở Bưu cục Dĩ An (1)"])  # and not at the ward
    assert axe_faults(phone) == []
    to(phone, "/scan")
    type_number(phone, packet.number)
    expect(phone.get_by_text("Nộp gói ở bưu cục, không nộp cho phường.")).to_be_visible()
    assert axe_faults(phone) == []


def test_a_home_that_was_called_off_leaves_the_round_with_a_word_and_its_door_stops(
    world: World, site: Site, phone: Page
) -> None:
    packet, other = world.packet(), world.packet()
    plan(world, packet, other, started=False)
    visit = open_visit(packet.id)
    assert visit
    phone.add_init_script("localStorage.setItem('theme', 'sun')")
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_be_visible()
    begin(phone, packet, visit.id)  # at the door already
    call_off(world, packet)
    phone.evaluate("dispatchEvent(new Event('online'))")  # the day is asked for again
    to(phone, "/")
    expect(phone.locator("main")).to_contain_text(f"{packet.number}: người dân đã hủy.")
    assert axe_faults(phone) == []
    to(phone, f"/collect/{visit.id}/seal")
    expect(phone.get_by_role("heading", name="Dừng lại")).to_be_visible()
    expect(phone.get_by_text("Không nhận gói. Gọi bưu cục.")).to_be_visible()
    assert axe_faults(phone) == []
    assert world.fresh(packet).state == State.WAITING


def test_who_scans_what_was_called_off_before_the_day_was_fetched_is_told_before_anything_is_signed(
    world: World, site: Site, phone: Page
) -> None:
    packet, other = world.packet(), world.packet()
    plan(world, packet, other, started=False)
    call_off(world, packet)
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_be_visible()
    to(phone, "/scan")
    type_number(phone, packet.number)
    expect(phone.get_by_role("heading", name="Dừng lại")).to_be_visible()
    expect(phone.get_by_text("Không nhận gói. Gọi bưu cục.")).to_be_visible()
    assert world.fresh(packet).state == State.WAITING


def test_papers_that_were_called_off_go_home_with_the_fee_and_the_phone_says_how_much(
    world: World, site: Site, phone: Page
) -> None:
    packet, clerk = paid(world, world.phone(world.second_courier)), world.act(world.clerk, now())
    atomically(corrections.call_off, packet, clerk)
    packet = world.fresh(packet)
    atomically(counter.hand_in, packet, clerk, packet.head, "NP0045821")
    office, url = signing_in(site.app)(world.clerk), f"/office/packets/{packet.number}"
    assert "Cho bưu tá mang về nhà" in office.get(url).text
    answer = office.post(f"{url}/shelf", data={"word": "home", "head": world.fresh(packet).head.hex()})
    assert answer.status_code == 302 and "Cho bưu tá mang về nhà" not in office.get(url).text
    citizen = site.app.test_client().get(f"/t/{packet.dossier.secret}").text
    assert "Trả khi bưu tá đến" not in citizen and "được trả lại cùng giấy tờ" in citizen
    plan(world, packet)
    phone.add_init_script("localStorage.setItem('theme', 'sun')")
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_contain_text("Trả giấy tờ về nhà")
    typed(phone, packet, "/type/take")
    press(phone, "Đúng số này")
    verdict(phone, "Đã nhận gói", "ok")
    visit = open_visit(packet.id)
    assert visit
    to(phone, f"/visit/{visit.id}")
    expect(phone.locator("main")).to_contain_text("trả lại 15.000")
    typed(phone, packet, f"/type/visit/{visit.id}")
    right_person(phone)
    press(phone, "Đúng số này")
    expect(phone.get_by_role("heading", name="Trả lại lệ phí")).to_be_visible()
    expect(phone.locator(".number")).to_have_text(re.compile("^15.000.đ$"))
    press(phone, "Tiếp")
    expect(phone.get_by_role("alert")).to_have_text("Chọn đã trả hay chưa")
    phone.get_by_label("Đã đếm trả tận tay").check()
    assert axe_faults(phone) == []
    press(phone, "Tiếp")
    phone.get_by_label("Mã người dân đọc").fill(world.code(packet, Purpose.DELIVER))
    press(phone, "Xong, trao gói")
    verdict(phone, "Đã trao xong", "ok")
    expect(phone.locator("main")).to_contain_text("Đã đếm trả tận tay 15.000")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=15_000)
    packet = world.fresh(packet)
    assert (packet.state, fees.post_owes(packet.dossier), tasks.open_about(packet)) == (State.DELIVERED, 0, [])
    assert money.purse(world.courier.party_id).fee == -15_000
    to(phone, "/money")
    expect(phone.locator("main")).to_contain_text("-15.000")
    assert axe_faults(phone) == []
