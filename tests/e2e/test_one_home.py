"""Several packets of one home are one call: one place on the round, one way, and "nobody home" said once."""

import re

import pytest
import sqlalchemy as sa
import time_machine
from playwright.sync_api import Browser, Page, expect

from app.db import db
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State, Way
from app.domain.scans import ScanRow
from app.domain.visits import Visit, VisitState
from tests.e2e.conftest import Camera, Site, axe_faults
from tests.e2e.sight import phone_faults
from tests.e2e.test_courier import (
    count_papers,
    hand_over,
    plan,
    press,
    seal_and_money,
    sign_in,
    to,
    type_number,
    verdict,
)
from tests.e2e.test_faces import faults
from tests.views.test_booking import book
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone shows


def family(world: World, way: Way = Way.IN) -> tuple[Packet, Packet, Packet]:
    """Two packets of one home, and between them on the round one of another."""
    first = world.packet(way)
    other, second = world.packet(way), world.packet(way, home=first)
    plan(world, first, other, second)
    return first, other, second


def looks_right(page: Page) -> None:
    assert axe_faults(page) == [] and phone_faults(page) == []


def collect(page: Page, packet: Packet, code: str, seal: str) -> None:
    """From the camera to the green screen."""
    type_number(page, packet.number)
    count_papers(page)
    seal_and_money(page, seal)
    page.get_by_label("Mã người dân đọc").fill(code)
    press(page, "Xong, nhận gói")
    verdict(page, "Đã nhận gói", "ok")


def states(*packets: Packet) -> list[str]:
    db.session.rollback()
    return [
        str(visit.state)
        for packet in packets
        for visit in [db.session.query(Visit).filter_by(packet_id=packet.id).one()]
    ]


def test_the_round_shows_one_home_with_its_packets_and_leads_from_one_to_the_next(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    first, other, second = family(world)
    codes = [world.code(packet) for packet in (first, second)]
    camera.show(camera.desk())
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_contain_text("Nhà 1 / 2")
    expect(phone.locator("#packets")).to_contain_text("2 gói")
    for packet in (first, second):
        expect(phone.locator("#packets")).to_contain_text(packet.number)
    expect(phone.locator(".stop-card")).to_contain_text(re.compile(r"150\.000\sđ"))
    expect(phone.locator(".later a[href*=visit]")).to_have_count(1)
    expect(phone.locator(".later a[href*=visit]")).to_contain_text(other.dossier.citizen.street)
    looks_right(phone)
    press(phone, "Đã tới cửa")
    expect(phone.get_by_text("Nhà này còn 1 gói nữa")).to_be_visible()
    expect(phone.get_by_role("link", name=second.number)).to_be_visible()
    looks_right(phone)
    press(phone, "Quét phiếu")
    collect(phone, first, codes[0], "0045 821")
    looks_right(phone)
    press(phone, "Gói tiếp theo của nhà này")
    collect(phone, second, codes[1], "0045 822")
    expect(phone.locator("#beside")).to_have_count(0)
    press(phone, "Nhà tiếp theo")
    expect(phone.locator(".stop-card")).to_contain_text(other.dossier.citizen.street)
    expect(phone.get_by_role("progressbar")).to_have_attribute("aria-label", "Xong 1 / 2 nhà")


def test_nobody_home_is_said_once_for_every_packet_of_the_home(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    first, other, second = family(world)
    sign_in(phone, site)
    phone.context.set_offline(True)
    press(phone, "Đã tới cửa")
    press(phone, "Chưa nhận được")
    phone.get_by_role("radio", name="Không có ai ở nhà").check()
    whole = phone.locator(".notice", has_text="Ghi chung cho 2 gói của nhà này")
    for packet in (first, second):
        expect(whole).to_contain_text(packet.number)
    phone.get_by_role("radio", name="Quay lại trong ngày").check()
    looks_right(phone)
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    for packet in (first, second):
        expect(phone.locator("main.verdict")).to_contain_text(packet.number)
    looks_right(phone)
    press(phone, "Nhà tiếp theo")
    expect(phone.locator(".stop-card")).to_contain_text(other.dossier.citizen.street)
    expect(phone.locator("#sync-kept b")).to_have_text("2")  # one act for each packet
    phone.context.set_offline(False)
    expect(phone.locator("#sync-arrived b")).to_have_text("2", timeout=15_000)
    assert states(first, other, second) == [VisitState.MISSED, VisitState.EN_ROUTE, VisitState.MISSED]
    rows = db.session.query(ScanRow).all()
    assert sorted(row.packet_code for row in rows) == sorted((first.code, second.code))


def test_what_is_so_of_one_packet_only_is_said_of_that_one(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    first, other, second = family(world)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Chưa nhận được")
    phone.get_by_role("radio", name="Giấy tờ chưa xong").check()
    expect(phone.get_by_text("Ghi chung cho")).to_have_count(0)
    phone.get_by_role("radio", name="Hẹn ngày khác").check()
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    press(phone, "Gói tiếp theo của nhà này")
    expect(phone).to_have_url(re.compile(r"#/scan/visit/\d+$"))
    expect(phone.locator("#sync-arrived b")).to_have_count(0)
    to(phone, "/")
    expect(phone.locator("#sync-arrived b")).to_have_text("1", timeout=15_000)
    assert states(first, other, second) == [VisitState.MISSED, VisitState.EN_ROUTE, VisitState.EN_ROUTE]


def test_results_of_one_home_are_handed_over_one_after_the_other(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    first, other, second = family(world, Way.OUT)
    codes = [world.code(packet, Purpose.DELIVER) for packet in (first, second)]
    carrier = world.phone()
    for packet in (first, second):
        world.record(carrier.scan(world.fresh(packet), "take"))
    camera.show(camera.desk())
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    type_number(phone, first.number)
    hand_over(phone, codes[0])
    press(phone, "Gói tiếp theo của nhà này")
    type_number(phone, second.number)
    hand_over(phone, codes[1])
    db.session.rollback()
    assert [db.session.get_one(Packet, packet.id).state for packet in (first, second)] == [State.DELIVERED] * 2


@time_machine.travel(MONDAY, tick=True)
def test_the_pages_of_another_dossier_stand_in_every_width_and_at_twice_the_text(
    world: World, site: Site, browser: Browser
) -> None:
    """From the page of the first to that of the second, to what moves and cancels both, and to the code that a bare link asks for."""
    client = world.app.test_client()
    assert book(world, client).status_code == 303
    first, cookie = db.session.scalars(sa.select(Dossier)).one().secret, client.get_cookie("hs-draft")
    assert cookie
    context = browser.new_context(locale="vi-VN", bypass_csp=True, viewport={"width": 360, "height": 740})
    context.add_cookies([{"name": "hs-draft", "value": cookie.value, "url": site.url}])
    page, wrong, again = context.new_page(), list[str](), "Gửi thêm hồ sơ cùng lượt"

    def look(path: str) -> None:
        expect(page).to_have_url(re.compile(f"{path}$"))
        wrong.extend(f"{path}: {each}" for each in faults(page, 360))

    page.goto(f"{site.url}/t/{first}/booked")
    press(page, again)
    look("/book")
    page.get_by_role("link", name=world.procedure.title).first.click()
    press(page, "Đã có đủ, đi tiếp")
    look("/book/check")
    page.locator("label[for=consent]").click()
    press(page, "Đặt lịch")
    look("/booked")
    for path in ("", "/move", "/cancel"):
        page.goto(f"{site.url}/t/{first}{path}")
        look(f"/t/{first}{path}")
    context.clear_cookies()
    page.goto(f"{site.url}/t/{first}")
    press(page, again)
    look("/track/code")
    context.close()
    assert wrong == [], "\n".join(wrong)
