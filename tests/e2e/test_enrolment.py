"""A phone comes into service before two people's eyes: the code on one screen, six digits on both, one confirmation."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import calendar, phones
from app.domain.devices import Device, Why
from app.domain.people import User
from app.domain.scans import ScanRow
from tests.e2e.conftest import Site, axe_faults, staff_signs_in
from tests.e2e.test_courier import choose_digits, plan, press, unlock, verdict
from tests.e2e.test_receipts import counts
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")


@pytest.fixture
def strict(site: Site) -> Site:
    """A post office that gives phones by ticket only."""
    site.app.extensions["settings"] = site.app.extensions["settings"].model_copy(
        update={"enrol_by_password": False, "base_url": site.url}
    )
    return site


@pytest.fixture
def desk(browser: Browser, strict: Site) -> Iterator[Page]:
    """The dispatcher's screen."""
    context = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900})
    yield signed_in(context, strict, "dispatcher1")
    context.close()


def signed_in(context: BrowserContext, site: Site, login: str) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    staff_signs_in(page, login)
    page.wait_for_url(re.compile(r"/(dispatch|office)/"))
    return page


def code_on(page: Page) -> str:
    """What a camera held before the screen reads."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    [code] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    return str(code.text)


def show_code(desk: Page, world: World, site: Site) -> str:
    desk.goto(f"{site.url}/phones/new/{world.courier.id}")
    desk.get_by_role("button", name="Hiện mã").click()
    expect(desk.get_by_text("Đang chờ máy")).to_be_visible()
    return code_on(desk)


def newest() -> Device:
    db.session.rollback()
    found = sa.select(Device).filter_by(kind="phone").order_by(Device.enrolled_at.desc()).limit(1)
    return db.session.scalars(found).one()


def test_the_camera_opens_the_page_both_screens_show_six_digits_and_a_colleague_confirms(
    world: World, strict: Site, phone: Page, desk: Page, browser: Browser
) -> None:
    packet = world.packet()
    plan(world, packet)
    phone.goto(show_code(desk, world, strict))
    expect(phone).to_have_url(f"{strict.url}/courier/#/enrol")  # the letters stay in no history
    press(phone, "Dùng máy này")
    expect(phone.get_by_role("heading", name="Đưa số này cho bưu cục xem")).to_be_visible()
    digits = phone.locator("#check").inner_text()
    expect(desk.locator(".check-digits")).to_have_text(digits, timeout=10_000)  # it learns of the answer by itself
    expect(desk.get_by_role("button", name="Hai bên đều là")).to_have_count(0)
    second = browser.new_context(locale="vi-VN")
    clerk = signed_in(second, strict, "clerk1")
    clerk.goto(f"{strict.url}/phones/")
    clerk.get_by_role("link", name="So hai số").click()
    expect(clerk.locator(".check-digits")).to_have_text(digits)
    clerk.get_by_role("button", name="Hai bên đều là").click()
    expect(clerk.get_by_text("đã dùng được")).to_be_visible()
    second.close()
    choose_digits(phone)
    expect(phone.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    device = newest()
    assert (device.user_id, device.enrolled_by_id, device.second_by_id) == (
        world.courier.id, world.dispatcher.id, world.clerk.id,
    )  # fmt: skip


def test_the_letters_can_be_typed_and_wrong_ones_are_told(world: World, strict: Site, phone: Page) -> None:
    letters = atomically(phones.invite, world.courier, world.act(world.dispatcher, now()))
    phone.goto(f"{strict.url}/courier/")
    expect(phone.get_by_label("Tên đăng nhập")).to_have_count(0)
    press(phone, "Dùng máy này")
    expect(phone.get_by_role("alert")).to_contain_text("Gõ 26 chữ")
    phone.get_by_label("Dãy chữ dưới mã").fill("ABCD EFGH")
    press(phone, "Dùng máy này")
    expect(phone.get_by_role("alert")).to_contain_text("Có 26 chữ")
    phone.get_by_label("Dãy chữ dưới mã").fill("0000 " * 6 + "00")
    press(phone, "Dùng máy này")
    expect(phone.get_by_role("alert")).to_contain_text("Dãy chữ chưa đúng")
    typed = " ".join(letters[at : at + 4] for at in range(0, 26, 4)).lower().replace("0", "o").replace("1", "l")
    phone.get_by_label("Dãy chữ dưới mã").fill(typed)
    press(phone, "Dùng máy này")
    expect(phone.locator("#check")).to_have_text(re.compile(r"^\d{3}\s\d{3}$"))
    check = newest().check_code
    assert check and phone.locator("#check").inner_text().replace("\u00a0", "") == check


def test_a_code_that_was_used_or_is_too_old_is_said_so_and_the_phone_stays_nobodys(
    world: World, strict: Site, phone: Page
) -> None:
    letters = atomically(phones.invite, world.courier, world.act(world.dispatcher, now()))
    end = sa.update(phones.Ticket).values(expires_at=now())
    atomically(lambda: db.session.execute(end))
    phone.goto(f"{strict.url}/courier/#enrol={letters}")
    press(phone, "Dùng máy này")
    expect(phone.get_by_text("Mã này đã quá mười phút")).to_be_visible()
    expect(phone.get_by_label("Dãy chữ dưới mã")).to_be_visible()
    assert devices_of(world.courier) == []


def devices_of(user: User) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Device.id).filter_by(user_id=user.id)))


def waiting(world: World, site: Site, page: Page) -> Device:
    letters = atomically(phones.invite, world.courier, world.act(world.dispatcher, now()))
    page.goto(f"{site.url}/courier/#enrol={letters}")
    press(page, "Dùng máy này")
    expect(page.locator("#check")).to_be_visible()
    return newest()


def test_a_phone_that_is_rejected_begins_anew(world: World, strict: Site, phone: Page) -> None:
    device = waiting(world, strict, phone)
    atomically(phones.reject, device.id, world.act(world.clerk, now()))
    expect(phone.get_by_text("Bưu cục không nhận máy này")).to_be_visible(timeout=15_000)
    waiting(world, strict, phone)
    expect(phone.get_by_text("Bưu cục không nhận máy này")).to_have_count(0)


def in_service(world: World, site: Site, page: Page) -> Device:
    device = waiting(world, site, page)
    atomically(phones.confirm, device.id, world.act(world.clerk, now()))
    choose_digits(page)
    expect(page.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()
    return device


def test_a_lost_phone_is_taken_out_of_service_from_the_other_one(world: World, strict: Site, phone: Page) -> None:
    lost = world.phone()
    in_service(world, strict, phone)
    phone.goto(f"{strict.url}/courier/#/phone")
    press(phone, "Các máy của mình")
    expect(phone.get_by_text("Máy này", exact=True)).to_be_visible()
    phone.get_by_role("link", name="Ngừng dùng máy kia").click()
    press(phone, "Ngừng dùng máy kia")
    expect(phone.get_by_role("alert")).to_contain_text("Chọn lý do")
    phone.get_by_label("Mất máy").check()
    press(phone, "Ngừng dùng máy kia")
    expect(phone.get_by_text("Máy kia đã ngừng dùng.")).to_be_visible()
    db.session.rollback()
    assert db.session.get_one(Device, lost.device_id).revoked_why is Why.LOST


def test_a_phone_last_seen_in_another_year_says_the_year_and_the_day_it_was_here(
    world: World, strict: Site, phone: Page
) -> None:
    other = world.phone()
    early = datetime(2024, 3, 4, 6, 30, tzinfo=calendar.HERE)  # in UTC it was still the day before

    def once() -> None:
        db.session.get_one(Device, other.device_id).seen_at = early

    atomically(once)
    in_service(world, strict, phone)
    phone.goto(f"{strict.url}/courier/#/phones")
    expect(phone.get_by_text(re.compile(r"Thứ.Hai, 4/3/2024, 6:30"))).to_be_visible()


def test_leaving_a_phone_gives_its_place_back(world: World, strict: Site, phone: Page) -> None:
    device = in_service(world, strict, phone)
    phone.goto(f"{strict.url}/courier/#/phone")
    press(phone, "Rời máy")
    expect(phone.get_by_label("Dãy chữ dưới mã")).to_be_visible()
    db.session.rollback()
    assert db.session.get_one(Device, device.id).revoked_why is Why.RETURNED


def test_a_phone_near_its_end_goes_on_by_itself(world: World, strict: Site, phone: Page) -> None:
    device = in_service(world, strict, phone)
    near = sa.update(Device).where(Device.id == device.id).values(valid_until=now() + timedelta(days=20))
    atomically(lambda: db.session.execute(near))
    with phone.expect_response("**/devices/me/renew") as renewed:
        phone.reload()
        unlock(phone)
    assert renewed.value.status == 200
    db.session.rollback()
    ends = db.session.get_one(Device, device.id).valid_until
    assert ends and ends > now() + timedelta(days=89)


def test_a_phone_out_of_service_says_so_and_keeps_on_scanning(world: World, strict: Site, phone: Page) -> None:
    plan(world, world.packet())
    device = in_service(world, strict, phone)
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    atomically(phones.retire, device.id, Why.REPLACED, world.act(world.dispatcher, now()))
    press(phone, "Đã tới cửa")
    press(phone, "Chưa nhận được")
    phone.get_by_label("Không có ai ở nhà").check()
    phone.get_by_label("Hẹn ngày khác").check()
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi, cần người xem", "stamp")
    press(phone, "Về tuyến")
    counts(phone, kept=0, arrived=0, person=1)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) == 1
    phone.get_by_role("link", name="Máy này đã ngừng dùng").click()
    expect(phone.get_by_label("Dãy chữ dưới mã")).to_be_visible()
    assert axe_faults(phone) == []


def test_axe_finds_nothing_on_the_pages_of_enrolment(world: World, strict: Site, phone: Page) -> None:
    world.phone()
    phone.add_init_script("localStorage.setItem('theme', 'sun')")
    phone.set_viewport_size({"width": 360, "height": 1400})
    phone.goto(f"{strict.url}/courier/")
    expect(phone.get_by_label("Dãy chữ dưới mã")).to_be_visible()
    assert axe_faults(phone) == []
    device = waiting(world, strict, phone)
    assert axe_faults(phone) == []
    atomically(phones.confirm, device.id, world.act(world.clerk, now()))
    choose_digits(phone)
    expect(phone.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()
    phone.goto(f"{strict.url}/courier/#/phones")
    expect(phone.get_by_role("link", name="Ngừng dùng máy kia")).to_be_visible()
    assert axe_faults(phone) == []
    phone.get_by_role("link", name="Ngừng dùng máy kia").click()
    expect(phone.get_by_label("Mất máy")).to_be_visible()
    assert axe_faults(phone) == []
