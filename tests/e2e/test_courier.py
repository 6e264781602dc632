"""A courier's day on a cheap phone: sign in once, scan, collect, hand over, with a network and without one."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect
from qrcode.main import QRCode

import labels
from app.db import atomically, db, now
from app.domain import codes, counter, reception, shelf, slips, tokens
from app.domain.calendar import today
from app.domain.codes import Purpose
from app.domain.manifests import Word
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.places import Office
from app.domain.scans import ScanExtra, ScanRow
from app.domain.visits import Round, VisitState, open_visit
from tests.e2e.conftest import Camera, Site, axe_faults, printed
from tests.world import World

DIGITS = "402915"  # of this phone
REFUSED = """navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); };
navigator.storage.persist = navigator.storage.persisted = async () => false;"""

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does; the journey is taken on both


def plan(world: World, *listed: Packet, started: bool = True) -> None:
    """A round for today."""

    def put() -> None:
        round_ = Round(office_id=world.post.id, courier_id=world.courier.id, day=today(now()), planned_at=now())
        round_.started_at = now() if started else None
        db.session.add(round_)
        db.session.flush()
        state = VisitState.EN_ROUTE if started else VisitState.ASSIGNED
        for position, packet in enumerate(listed, 1):
            visit = open_visit(packet.id)
            assert visit
            visit.round_id, visit.position, visit.state = round_.id, position, state

    atomically(put)


def sign_in(page: Page, site: Site, login: str = "courier1") -> None:
    enter(page, site, login)
    expect(page.locator("#carrying")).to_be_visible()  # the day has come: until then no number of packets is said


def enter(page: Page, site: Site, login: str = "courier1") -> None:
    page.goto(f"{site.url}/courier/")
    page.get_by_label("Tên đăng nhập").fill(login)
    page.get_by_label("Mật khẩu").fill(World.PASSWORD)
    page.get_by_role("button", name="Dùng máy này").click()
    choose_digits(page)
    expect(page.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()


def choose_digits(page: Page) -> None:
    page.get_by_label("Sáu số tự chọn").fill(DIGITS, timeout=15_000)
    press(page, "Dùng sáu số này")


def unlock(page: Page) -> None:
    """After the page was opened anew, or left alone."""
    page.get_by_label("Sáu số mở máy").fill(DIGITS)


def to(page: Page, path: str) -> None:
    page.evaluate("path => { location.hash = path; }", path)


def press(page: Page, name: str) -> None:
    page.locator("main, footer").get_by_role("button", name=name).or_(
        page.locator("main, footer").get_by_role("link", name=name)
    ).first.click()


def count_papers(page: Page) -> None:
    expect(page.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.check()
    press(page, "Đủ 3 tờ")


def seal_and_money(page: Page, number: str = "0045 821") -> None:
    page.get_by_label("Số trên dây niêm phong").fill(number)
    page.get_by_label("Gõ lại số đó").fill(number.replace(" ", ""))
    page.get_by_role("button", name=re.compile("^Đã dán kín")).click()  # beside "Chụp gói đã dán kín"
    page.get_by_label("Tiền mặt").check()
    page.get_by_label("Số biên lai lệ phí").fill("000 321")
    press(page, "Đã thu 75.000 đ")


def right_person(page: Page) -> None:
    page.get_by_role("radio", name="Nguyễn Thị Mơ").check()
    page.get_by_role("radio", name="Căn cước", exact=True).check()
    press(page, "Đúng người")


def hand_over(page: Page, code: str) -> None:
    """A result whose code is found, to the person it is for."""
    right_person(page)
    press(page, "Đúng số này")
    page.get_by_label("Mã người dân đọc").fill(code)
    press(page, "Xong, trao gói")
    verdict(page, "Đã trao xong", "ok")


def type_number(page: Page, number: str) -> None:
    press(page, "Gõ mã")
    page.get_by_label("Số trên phiếu").fill(number)
    press(page, "Tìm gói")


ICONS = {"ok": "check", "stamp": "warn|undo", "danger": "stop"}


def verdict(page: Page, word: str, tone: str) -> None:
    screen = page.locator("main.verdict")
    expect(screen.locator("svg use").first).to_have_attribute("href", re.compile(rf"#i-(?:{ICONS[tone]})$"))
    expect(screen.get_by_role("heading")).to_have_text(word, timeout=10_000)
    expect(screen).to_have_class(re.compile(rf"\btone-{tone}\b"))


def touches(page: Page) -> int:
    """How often the screen was touched since the page was opened; what is typed or scanned in between costs none."""
    return int(page.evaluate("window.touches"))


def test_a_simple_dossier_is_collected_in_at_most_twelve_touches(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    packet = world.packet()
    plan(world, packet)
    camera.show_slip(packet, "http://localhost:8000")
    phone.add_init_script("window.touches = 0; addEventListener('pointerdown', () => { window.touches += 1; }, true)")
    sign_in(phone, site)
    before = touches(phone)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
    count_papers(phone)
    camera.show_code("NP0045821")
    press(phone, "Quét mã trên dây")
    expect(phone.get_by_role("heading", name="Thu tiền")).to_be_visible(timeout=30_000)
    phone.get_by_label("Tiền mặt").check()
    phone.get_by_label("Số biên lai lệ phí").click()
    phone.keyboard.type("000 321")
    press(phone, "Đã thu 75.000 đ")
    camera.show_code(codes.show(packet, Purpose.COLLECT, 1, world.act(at=now())))
    press(phone, "Quét QR trên máy họ")
    verdict(phone, "Đã nhận gói", "ok")
    assert touches(phone) - before <= 12
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    packet = world.fresh(packet)
    assert (packet.state, packet.flags, packet.seals) == (State.CARRIED, [], ["NP0045821"])
    extra = db.session.scalar(sa.select(ScanExtra))
    assert extra and [line["sheets"] for line in extra.papers] == [1, 1, 1]
    assert extra.money == {"paid_by": "cash", "receipt": "000 321", "postage": 60_000, "fee": 15_000}


def test_where_the_camera_is_refused_the_number_is_typed_and_a_wrong_digit_is_noticed(
    world: World, site: Site, phone: Page
) -> None:
    packet = world.packet()
    plan(world, packet)
    phone.add_init_script(REFUSED)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    expect(phone.locator("#scan-says")).to_contain_text("hoặc gõ số")
    wrong = packet.number[:-1] + str((int(packet.number[-1]) + 1) % 10)
    type_number(phone, wrong)
    expect(phone.get_by_role("alert")).to_contain_text("Số cuối không khớp")
    phone.get_by_label("Số trên phiếu").fill(packet.number.lower().replace("-", " "))
    press(phone, "Tìm gói")
    count_papers(phone)
    seal_and_money(phone)
    press(phone, "Đã ký phiếu giấy")
    verdict(phone, "Đã nhận gói", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    assert world.fresh(packet).flags == ["collect_unproven"]
    phone.goto(f"{site.url}/courier/#/outbox")
    expect(phone.get_by_text("Trình duyệt có thể xóa bộ nhớ trang")).to_be_visible()


def test_without_a_network_the_scan_is_kept_and_sent_when_it_is_back(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    packet = world.packet()
    plan(world, packet)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    context.set_offline(True)
    press(phone, "Quét phiếu")
    expect(phone.get_by_text("Không có mạng. Cứ quét, máy giữ giúp.")).to_be_visible()
    type_number(phone, packet.number)
    count_papers(phone)
    seal_and_money(phone)
    phone.get_by_label("Mã người dân đọc").fill(world.code(packet))
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã nhận gói", "ok")
    expect(phone.get_by_text("An toàn trên máy này")).to_be_visible()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) == 0
    context.set_offline(False)
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=20_000)
    assert world.fresh(packet).state == State.CARRIED


def test_a_wrong_code_at_the_door_stops_the_delivery_and_can_be_typed_again(
    world: World, site: Site, phone: Page
) -> None:
    phone.add_init_script(PLAYED)
    packet = world.packet(Way.OUT)
    code = world.code(packet, Purpose.DELIVER)
    plan(world, packet)

    def old_paper() -> None:
        packet.dossier.surrender = [{"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1}]

    atomically(old_paper)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Nhận gói ở quầy")
    press(phone, "Quét gói tiếp")
    type_number(phone, packet.number)
    press(phone, "Đúng số này")
    verdict(phone, "Đã nhận gói", "ok")
    press(phone, "Về tuyến")
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    type_number(phone, packet.number)
    phone.get_by_role("radio", name="Người khác nhận").check()
    phone.get_by_role("radio", name="Căn cước", exact=True).check()
    press(phone, "Đúng người")
    expect(phone.get_by_role("alert").filter(visible=True)).to_contain_text("Không có giấy thì chưa trao được")
    assert axe_faults(phone) == []
    phone.get_by_label("Đã xem giấy ủy quyền").check()
    press(phone, "Đúng người")
    press(phone, "Thu đủ rồi")
    expect(phone.get_by_role("alert").filter(visible=True)).to_contain_text("Còn 1 giấy chưa thu")
    assert axe_faults(phone) == []
    phone.get_by_role("checkbox", name="Giấy khai sinh cũ").check()
    press(phone, "Thu đủ rồi")
    press(phone, "Đúng số này")
    assert axe_faults(phone) == []
    phone.get_by_label("Mã người dân đọc").fill("000 000" if code != "000000" else "111 111")
    played(phone)
    press(phone, "Xong, trao gói")
    verdict(phone, "Dừng lại", "danger")
    red = played(phone)
    assert (red["buzzes"], len(red["tones"])) == ([[600]], 3)  # a long buzz and three quick tones
    expect(phone.get_by_text("Mã này không dùng được.")).to_be_visible()
    assert axe_faults(phone) == []
    assert world.fresh(packet).state == State.CARRIED
    press(phone, "Gõ lại mã")
    phone.get_by_label("Mã người dân đọc").fill(code)
    press(phone, "Xong, trao gói")
    verdict(phone, "Đã trao xong", "ok")
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.surrender[0]["taken"]) == (State.DELIVERED, 1)
    said = json.loads(db.session.scalars(sa.select(ScanRow.body).order_by(ScanRow.n.desc()).limit(1)).one())["proof"]
    told = {(word["kind"], word["value"]) for word in said}
    assert told >= {("RECIPIENT", "authorised"), ("AUTHORISATION", "seen"), ("ID_SEEN", "citizen_card")}
    press(phone, "Nhà tiếp theo")
    expect(phone.locator("#sync-person b")).to_have_text("0")


def test_a_home_is_picked_where_no_slip_can_be_read_and_the_scan_says_so(world: World, site: Site, phone: Page) -> None:
    packet = world.packet()
    code = world.code(packet)
    plan(world, packet)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    press(phone, "Gõ mã")
    phone.locator("a[href*='/pick/']").click()
    expect(phone.get_by_text(packet.number)).to_be_visible()
    phone.locator("#pick").click()
    count_papers(phone)
    seal_and_money(phone)
    phone.get_by_label("Mã người dân đọc").fill(code)
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã nhận gói", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=20_000)
    db.session.rollback()
    [body] = db.session.scalars(sa.select(ScanRow.body))
    assert {"kind": "LISTED", "value": ""} in json.loads(body)["proof"]


# What the phone plays, in place of a loudspeaker and a motor: [tones in hertz], [buzzes in ms].
PLAYED = """window.played = { tones: [], buzzes: [] };
navigator.vibrate = (buzz) => { window.played.buzzes.push(buzz); return true; };
OscillatorNode.prototype.start = function () { window.played.tones.push(this.frequency.value); };
OscillatorNode.prototype.stop = () => {};"""


def played(page: Page) -> dict[str, list[object]]:
    """Since the last look."""
    heard: dict[str, list[object]] = page.evaluate(
        "() => { const heard = window.played; window.played = { tones: [], buzzes: [] }; return heard; }"
    )
    return heard


def test_a_wrong_code_when_collecting_costs_nothing_and_says_so(
    world: World, site: Site, phone: Page, tmp_path: Path
) -> None:
    phone.add_init_script(PLAYED)
    packet = world.packet()
    code = world.code(packet)
    plan(world, packet)
    picture = tmp_path / "slip.png"
    printed(labels.render("slip", [slips.slip_of(packet, "http://localhost:8000")])).save(picture)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    phone.get_by_label("Chụp phiếu").set_input_files(picture)
    count_papers(phone)
    phone.get_by_role("button", name=re.compile("^Đã dán kín")).click()
    expect(phone.get_by_role("alert")).to_contain_text("Gõ số trên dây niêm phong")
    seal_and_money(phone)
    press(phone, "Xong, nhận gói")
    expect(phone.get_by_role("alert")).to_contain_text("Gõ sáu số người dân đọc")
    wrong = "000000" if code != "000000" else "111111"
    phone.get_by_label("Mã người dân đọc").fill(wrong)
    assert played(phone)["buzzes"] == [[20]]  # the slip was read, and nothing is written: no green beep yet
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã ghi, cần người xem", "stamp")
    amber = played(phone)
    expect(phone.get_by_text("Mã này không dùng được.")).to_be_visible()
    assert axe_faults(phone) == []
    assert (world.fresh(packet).state, world.fresh(packet).flags) == (State.CARRIED, ["collect_unproven"])
    press(phone, "Gõ lại mã")
    expect(phone.get_by_text("Gói đã tính là nhận rồi")).to_be_visible()
    assert axe_faults(phone) == []
    phone.get_by_label("Mã người dân đọc").fill(wrong)
    phone.get_by_role("button", name="Xác nhận đã nhận").click()
    verdict(phone, "Đã ghi, cần người xem", "stamp")
    press(phone, "Gõ lại mã")
    phone.get_by_label("Mã người dân đọc").fill(code)
    played(phone)
    phone.get_by_role("button", name="Xác nhận đã nhận").click()
    verdict(phone, "Người dân đã xác nhận", "ok")
    green = played(phone)
    assert (green["buzzes"], amber["buzzes"]) == ([[60]], [[120, 90, 120]])  # one short, two: felt apart
    assert len(green["tones"]) == 1 and len(amber["tones"]) == 2 and green["tones"][0] > max(amber["tones"])  # type: ignore[type-var]
    assert axe_faults(phone) == []
    assert (world.fresh(packet).state, world.fresh(packet).flags) == (State.CARRIED, [])
    press(phone, "Về tuyến")
    expect(phone.locator("#sync-person b")).to_have_text("0")
    expect(phone.locator("#sync-arrived b")).to_have_text("3")


def test_setting_out_tells_the_people_of_the_round(world: World, site: Site, phone: Page) -> None:
    plan(world, world.packet(), started=False)
    sign_in(phone, site)
    press(phone, "Bắt đầu tuyến")
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    db.session.rollback()
    assert db.session.scalar(sa.select(Message.kind).where(Message.kind.startswith("courier_")))


def test_a_packet_nobody_here_knows_is_not_taken_along(world: World, site: Site, phone: Page) -> None:
    atomically(lambda: setattr(db.session.get_one(Office, world.post.id), "phone", "0900 000 010"))
    plan(world, world.packet())
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/type")
    phone.get_by_label("Số trên phiếu").fill("HS-260101-000001-5")
    press(phone, "Tìm gói")
    verdict(phone, "Gói này của ai?", "stamp")
    expect(phone.get_by_text("Gọi bưu cục, đọc số trên phiếu.")).to_be_visible()
    expect(phone.get_by_role("link", name="Gọi bưu cục")).to_have_attribute("href", "tel:0900000010")


def test_a_home_of_another_day_is_told_with_its_day(world: World, site: Site, phone: Page) -> None:
    packet = world.packet()

    def put_off() -> None:
        visit = open_visit(packet.id)
        assert visit
        visit.slot.day = today(now()) + timedelta(days=2)

    atomically(put_off)
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/type")
    phone.get_by_label("Số trên phiếu").fill(packet.number)
    press(phone, "Tìm gói")
    verdict(phone, "Chưa đến ngày hẹn", "stamp")
    day = today(now()) + timedelta(days=2)
    expect(phone.get_by_text(re.compile(rf"Nhà này hẹn .*, {day.day}/{day.month}\."))).to_be_visible()
    assert axe_faults(phone) == []


def test_what_was_begun_at_a_door_outlives_the_page_and_a_seal_used_before_is_asked_about(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    first, second = world.packet(), world.packet()
    plan(world, first, second)
    sign_in(phone, site)
    for packet in (first, second):
        press(phone, "Đã tới cửa")
        press(phone, "Quét phiếu")
        type_number(phone, packet.number)
        count_papers(phone)
        if packet == first:
            seal_and_money(phone)
            press(phone, "Đã ký phiếu giấy")
            verdict(phone, "Đã nhận gói", "ok")
            press(phone, "Nhà tiếp theo")
    for label in ("Số trên dây niêm phong", "Gõ lại số đó"):
        phone.get_by_label(label).fill("0045 821")
    phone.get_by_role("button", name=re.compile("^Đã dán kín")).click()
    expect(phone.get_by_role("alert")).to_contain_text(f"đã ở trên gói {first.number}")
    for label in ("Số trên dây niêm phong", "Gõ lại số đó"):
        phone.get_by_label(label).fill("0045 822")
    phone.get_by_role("button", name=re.compile("^Đã dán kín")).click()
    expect(phone.get_by_role("heading", name="Thu tiền")).to_be_visible()
    phone.close()
    anew = context.new_page()
    anew.goto(f"{site.url}/courier/")
    unlock(anew)
    press(anew, "Đã tới cửa")
    expect(anew.get_by_text("Nhà này đang làm dở")).to_contain_text("Đã đếm 3 tờ. Niêm phong NP\u00a00045\u00a0822.")
    assert axe_faults(anew) == []
    press(anew, "Làm tiếp chỗ đang dở")
    expect(anew.get_by_role("heading", name="Thu tiền")).to_be_visible()
    lying = anew.evaluate(
        """() => new Promise((done) => { indexedDB.open('courier').onsuccess = ({target: {result: db}}) => {
        db.transaction('state').objectStore('state').get('drafts').onsuccess = ({target}) => done(Object.keys(target.result.sealed).join()); }; })"""
    )
    assert lying == "iv,bytes", "sealed as the day is"
    anew.goto(f"{site.url}/courier/#/phone")
    press(anew, "Kết thúc ca")
    expect(anew.get_by_label("Sáu số mở máy")).to_be_visible()
    assert anew.evaluate(
        """() => new Promise((done) => { indexedDB.open('courier').onsuccess = ({target: {result: db}}) => {
        db.transaction('state').objectStore('state').get('drafts').onsuccess = ({target}) => done(target.result === undefined); }; })"""
    )


def test_nobody_at_home_is_recorded_with_what_comes_next(world: World, site: Site, phone: Page) -> None:
    packet = world.packet()
    plan(world, packet)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Chưa nhận được")
    press(phone, "Ghi và nhắn người dân")
    expect(phone.get_by_role("alert")).to_have_text("Chọn lý do")
    phone.get_by_label("Giấy tờ chưa xong").check()
    phone.get_by_label("Hẹn ngày khác").check()
    agreed = phone.get_by_role("radio", name=re.compile("8:00–10:00")).first
    agreed.check()
    assert axe_faults(phone) == []
    key = agreed.get_attribute("value")
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    press(phone, "Nhà tiếp theo")
    expect(phone.get_by_text("Xong 1 / 1 nhà")).to_be_visible()
    again = open_visit(world.fresh(packet).id)
    assert again and f"{again.slot.day:%Y%m%d}-{again.slot.opens:%H%M}" == key


def not_handed_over(world: World, site: Site, phone: Page) -> Packet:
    """A result that was carried to its door, and the page that asks why nobody received it."""
    packet = world.packet(Way.OUT)
    plan(world, packet)
    world.record(world.phone().scan(world.fresh(packet), "take"))
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Không trao được")
    return packet


def test_a_result_nobody_may_take_is_announced_by_a_letter(world: World, site: Site, phone: Page) -> None:
    packet = not_handed_over(world, site, phone)
    phone.get_by_label("Không gặp đúng người").check()
    phone.get_by_label("Để giấy mời lần 1").check()
    assert axe_faults(phone) == []
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    assert world.fresh(packet).state == State.CARRIED
    assert shelf.next_letter(packet.id)[0] == 2


def test_what_the_recipient_refuses_is_returned_to_its_desk_and_the_phone_follows_the_officer(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    packet = not_handed_over(world, site, phone)
    phone.get_by_label("Không chịu nhận").check()
    phone.get_by_label("Trả lại phường").check()
    assert axe_faults(phone) == []
    context.set_offline(True)
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    press(phone, "Nhà tiếp theo")
    phone.locator("#carrying").click()
    expect(phone.locator(".queue li")).to_contain_text(f"Mang đến {world.desk.name}")  # it need not be told so
    context.set_offline(False)
    expect(phone.get_by_text("Theo bưu cục lúc")).to_be_visible()
    with phone.expect_response("**/api/v1/day*"):
        phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(phone.locator(".queue li")).to_contain_text(f"Mang đến {world.desk.name}")
    press(phone, f"Nộp ở {world.desk.name} (1)")
    phone.get_by_label("Hoặc gõ số").fill(packet.number)
    phone.keyboard.press("Enter")
    expect(phone.locator("#tally")).to_have_text("1 / 1")
    assert axe_faults(phone) == []
    phone.locator("#finish").click()
    expect(phone.get_by_role("heading", name="Đã đếm 1 gói")).to_be_visible()
    phone.goto(f"{site.url}/courier/#/type")
    phone.get_by_label("Số trên phiếu").fill(packet.number)
    seen = world.fresh(packet)
    atomically(reception.take_back, seen, world.act(world.officer, now()), head=seen.head, seal="NP0045821",
               giver_by=Word.PIN, pin=World.PIN)  # fmt: skip
    press(phone, "Tìm gói")
    expect(phone.locator("header")).to_contain_text("Nhận gói")  # it is the desk's now, and theirs to give: not "yours"
    expect(phone.locator("header")).to_contain_text(world.desk.name)
    phone.goto(f"{site.url}/courier/#/carrying")
    expect(phone.get_by_text("Túi trống")).to_be_visible()
    assert axe_faults(phone) == []
    assert (world.fresh(packet).state, world.fresh(packet).holder_id) == (State.AT_DESK, world.desk.party_id)


CARD = "074090123456||NGUYỄN THỊ MƠ|01011990|Nữ|KP Chiêu Liêu, Tân Đông Hiệp, Dĩ An, Bình Dương|15042021|more"


def test_the_card_is_compared_and_forgotten_and_a_missing_paper_is_sent_all_the_same(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    packet = world.packet()
    plan(world, packet)

    def look_at_cards() -> None:
        packet.dossier.procedure.id_check = True

    atomically(look_at_cards)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    camera.show_code(CARD)
    press(phone, "Gõ mã")
    press(phone, "Không còn số nào")
    press(phone, "Đúng gói này")
    press(phone, "Quét mã trên căn cước")
    expect(phone.get_by_text("Tên khớp. Sinh năm 1990")).to_be_visible(timeout=30_000)
    assert axe_faults(phone) == []
    press(phone, "Đúng người")
    expect(phone.get_by_text("Không cần nộp, không đòi")).to_be_visible()
    press(phone, "Còn 3 giấy chưa đếm")
    expect(phone.get_by_role("alert")).to_contain_text("Còn 3 giấy chưa đếm. Đánh dấu từng giấy, hoặc bấm “Thiếu”")
    assert phone.evaluate("""() => {
        const told = document.getElementById('papers-says').getBoundingClientRect(), thumb = document.querySelector('.thumb').getBoundingClientRect();
        return told.top > 0 && told.bottom <= thumb.top;
    }"""), "it stands above the buttons"
    phone.get_by_role("checkbox").nth(0).check()
    phone.get_by_role("checkbox").nth(1).check()
    phone.get_by_role("button", name="Thiếu Học bạ").click()
    phone.get_by_role("button", name="Thêm một tờ: Tờ khai").click()
    phone.get_by_label("Số bộ: Tờ khai").select_option("2")
    phone.get_by_label("Loại bản: Căn cước").select_option("copy")
    expect(phone.get_by_text("danh sách cần: sao có chứng thực")).to_be_visible()
    assert axe_faults(phone) == []
    press(phone, "Vẫn gửi")
    seal_and_money(phone)
    press(phone, "Đã ký phiếu giấy")
    verdict(phone, "Đã nhận gói", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    papers = world.fresh(packet).dossier.papers
    assert [(paper.sheets, paper.is_missing) for paper in papers] == [(2, False), (1, False), (0, True)]
    assert [(paper.form, paper.copies) for paper in papers] == [("original", 2), ("copy", 1), ("copy", 1)]
    body = db.session.scalars(sa.select(ScanRow.body)).one().decode()
    assert json.loads(body)["slips_until"], "by which list of replaced slips the phone had looked"
    assert '"ID_SEEN","value":"citizen_card"' in body and '"ID_MATCH","value":"same"' in body
    kept = body + phone.evaluate("JSON.stringify(localStorage)") + rows_on_phone(phone)
    assert not [word for word in ("074090123456", "MƠ", "Mơ", "1990") if word in kept]


def rows_on_phone(page: Page) -> str:
    """Every row the phone holds, as text; the signed bytes too."""
    return str(
        page.evaluate("""async () => {
      const db = await new Promise((done) => { const r = indexedDB.open("courier"); r.onsuccess = () => done(r.result); });
      const rows = await new Promise((done) => { const r = db.transaction("outbox").objectStore("outbox").getAll(); r.onsuccess = () => done(r.result); });
      return JSON.stringify(rows) + rows.map((row) => atob(row.body)).join("");
    }""")
    )


LYING = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  const tx = target.result.transaction(["state", "outbox"]);
  const day = tx.objectStore("state").get("day"), scans = tx.objectStore("outbox").getAll();
  tx.oncomplete = () => { target.result.close(); done(JSON.stringify({ day: Boolean(day.result), scans: scans.result.map((row) => row.n) })); }; }; })"""


def test_the_end_of_a_shift_and_leaving_the_phone_keep_what_is_not_sent(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    packet = world.packet()
    plan(world, packet)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Chưa nhận được")
    context.set_offline(True)
    phone.get_by_label("Không có ai ở nhà").check()
    phone.get_by_label("Hẹn ngày khác").check()
    press(phone, "Ghi và nhắn người dân")
    press(phone, "Nhà tiếp theo")
    phone.get_by_role("link", name="Máy này", exact=True).click()
    assert json.loads(phone.evaluate(LYING)) == {"day": True, "scans": [1]}
    press(phone, "Kết thúc ca")
    expect(phone.get_by_text("1 lượt quét")).to_be_visible()  # on the lock: safe here, and the round is gone
    assert axe_faults(phone) == []
    assert json.loads(phone.evaluate(LYING)) == {"day": False, "scans": [1]}
    unlock(phone)
    expect(phone.locator("#sync-kept b")).to_have_text("1")
    expect(phone.locator(".stop-card")).to_have_count(0)
    phone.get_by_role("link", name="Máy này", exact=True).click()
    press(phone, "Rời máy")
    expect(phone.get_by_text("Máy còn giữ 1 lượt quét trước")).to_be_visible()
    context.set_offline(False)
    expect(phone.get_by_text("Máy còn giữ")).to_be_visible()
    sign_in(phone, site)
    expect(phone.locator("#sync-arrived b")).to_have_text("1", timeout=20_000)
    assert db.session.scalar(sa.select(ScanRow.sig_ok)) is True


def test_a_clerk_takes_a_packet_in_and_the_phone_that_lies_beside_follows(
    world: World, site: Site, phone: Page
) -> None:
    packet = world.collected(world.phone())
    phone.clock.install(time=now())
    sign_in(phone, site)
    phone.locator("#carrying").click()
    expect(phone.locator(".queue li")).to_contain_text(packet.number)
    atomically(counter.hand_in, packet, world.act(world.clerk, now()), packet.head, "NP0045821")
    phone.clock.fast_forward(9_000)
    expect(phone.get_by_text("Túi trống")).to_be_visible()  # nobody has touched it


def test_what_the_office_puts_into_the_round_is_there_when_its_number_is_typed_or_the_round_is_opened(
    world: World, site: Site, phone: Page
) -> None:
    first, second, third = (world.packet() for _ in range(3))
    plan(world, first)

    def put(packet: Packet) -> None:
        visit, listed = open_visit(packet.id), open_visit(first.id)
        assert visit and listed
        visit.round_id, visit.position, visit.state = listed.round_id, 9, VisitState.EN_ROUTE

    phone.clock.install(time=now())
    sign_in(phone, site)
    expect(phone.get_by_text("Nhà 1 / 1")).to_be_visible()
    atomically(put, second)
    phone.goto(f"{site.url}/courier/#/scan")
    type_number(phone, second.number)
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible()
    atomically(put, third)
    phone.clock.fast_forward(61_000)
    phone.goto(f"{site.url}/courier/#/")
    expect(phone.get_by_text("Nhà 1 / 3")).to_be_visible()


def test_a_courier_reads_at_the_home_and_where_digits_are_typed_that_no_code_comes_yet(
    world: World, site: Site, phone: Page
) -> None:
    there = world.packet(Way.OUT)
    plan(world, there)

    def change() -> None:
        db.session.get_one(Packet, there.id).dossier.citizen.bound_at = now()

    atomically(change)
    world.record(world.phone().scan(world.fresh(there), "take"))
    visit = open_visit(there.id)
    assert visit
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/visit/{visit.id}")
    expect(phone.get_by_text("Người nhận vừa đổi số điện thoại")).to_be_visible()
    assert axe_faults(phone) == []
    press(phone, "Quét phiếu")
    type_number(phone, there.number)
    phone.get_by_role("radio", name="Người khác nhận").check()
    phone.get_by_role("radio", name="Căn cước", exact=True).check()
    phone.get_by_label("Đã xem giấy ủy quyền").check()
    press(phone, "Đúng người")
    press(phone, "Đúng số này")
    expect(phone.get_by_text("Người nhận vừa đổi số điện thoại")).to_be_visible()
    expect(phone.get_by_label("Mã người dân đọc")).to_be_hidden()  # no message came: the signature is asked for
    expect(phone.get_by_text("Sáu số trong tin nhắn")).to_have_count(0)
    expect(phone.locator("footer").get_by_role("button", name="Đã ký phiếu giấy")).to_be_visible()
    assert axe_faults(phone) == []
    phone.locator("#all-the-same summary").click()
    phone.get_by_label("Mã người dân đọc").fill("12")
    press(phone, "Xong, trao gói")
    expect(phone.locator("#code-says")).to_be_visible()
    assert axe_faults(phone) == []
    press(phone, "Đã ký phiếu giấy")
    expect(phone.locator("main.verdict")).to_be_visible(timeout=10_000)
    to(phone, "/")
    expect(phone.locator("#sync-arrived b")).to_have_text("1", timeout=20_000)
    assert world.fresh(there).state == State.DELIVERED_UNVERIFIED, "the courier answers for it until the slip is seen"


def test_axe_finds_nothing_on_the_screens_few_see(
    world: World, site: Site, phone: Page, context: BrowserContext, tmp_path: Path
) -> None:
    """Before the round is begun, a home to be called first, a list in place of a number, a seal that differs, a signature in
    place of a code, what is asked afterwards, and every reason not to take a packet."""
    first, last, there = world.packet(), world.packet(Way.OUT), world.packet(Way.OUT)
    plan(world, first, last, started=False)

    def tell() -> None:
        who = db.session.get_one(Packet, first.id).dossier.citizen
        who.call_first, who.notes, who.second_phone, who.second_name = True, "Cổng xanh", "+84900000124", "Chị Lựu"

    atomically(tell)
    world.record(world.phone().scan(world.fresh(last), "take"))
    sign_in(phone, site)

    def clean(path: str | None = None) -> None:
        if path:
            phone.goto(f"{site.url}/courier/#{path}")
        expect(phone.locator("h1").first).to_be_visible()
        assert (path, axe_faults(phone)) == (path, [])

    clean()
    press(phone, "Bắt đầu tuyến")
    stops = [
        link.get_attribute("href").split("/")[2]
        for link in phone.locator(".stop-card a, .later a[href*=visit]").all()[::2]
    ]  # type: ignore[union-attr]
    home = phone.locator(".stop-card a").first.get_attribute("href").split("/")[2]  # type: ignore[union-attr]
    door = next(each for each in stops if each != home)
    for path in (
        f"/visit/{home}",
        f"/pick/{home}",
        f"/visit/{door}",
        f"/visit/{door}/failed",
        "/visit/999",
        "/money",
        "/bulk/take/x",
        "/confirm/0000000000000000",
    ):
        clean(path)
    for why in ("offline", "other", "yours", "over"):
        clean(f"/unknown/{why}")
    listed = tokens.write(world.keys, tokens.TokenType.DESK, bytes(10), 1, 25942, today(now()) + timedelta(days=9))
    code = QRCode(border=4, box_size=8)
    code.add_data(tokens.url("http://localhost:8000", listed))
    code.make_image().get_image().save(tmp_path / "list.png")
    phone.goto(f"{site.url}/courier/#/scan/visit/{home}")
    phone.get_by_label("Chụp phiếu").set_input_files(tmp_path / "list.png")
    expect(phone.get_by_text("Đây là mã của túi hoặc của bảng kê.")).to_be_visible()
    clean()
    phone.goto(f"{site.url}/courier/#/type/take")
    phone.get_by_label("Số trên phiếu").fill(there.number)
    press(phone, "Tìm gói")
    clean()
    press(phone, "Số khác")
    clean()
    phone.goto(f"{site.url}/courier/#/type/visit/{door}")
    phone.get_by_label("Số trên phiếu").fill(last.number)
    press(phone, "Tìm gói")
    clean()
    right_person(phone)
    clean()
    press(phone, "Đúng số này")
    clean(f"/shown/{door}")
    phone.go_back()
    context.set_offline(True)
    phone.get_by_label("Chụp phiếu đã ký").set_input_files(tmp_path / "list.png")
    expect(phone.get_by_text("Đã giữ ảnh, gửi sau")).to_be_visible()
    press(phone, "Đã ký phiếu giấy")
    verdict(phone, "Đã ghi, có chữ ký", "ok")
    assert '"photo_sha256":"' in rows_on_phone(phone)
    clean()
    clean(f"/visit/{door}")
    clean("/outbox")
    clean("/carrying")
    press(phone, "Gõ mã người dân")
    clean()
    clean("/offer")
    clean("/receive")


def test_axe_finds_nothing_on_the_way(world: World, site: Site, phone: Page) -> None:
    """In the sun; how pale the others are is asked of every screen in `test_every_screen.py`."""
    packet, result = world.packet(), world.packet(Way.OUT)
    plan(world, packet)
    assert result
    phone.add_init_script("localStorage.setItem('theme', 'sun')")
    phone.goto(f"{site.url}/courier/")
    expect(phone.get_by_role("heading", name="Máy này của ai?")).to_be_visible()
    assert axe_faults(phone) == []
    sign_in(phone, site)
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    stop = phone.locator(".stop-card a").first.get_attribute("href").split("/")[2]
    for path in ("/", f"/visit/{stop}", f"/visit/{stop}/map", f"/visit/{stop}/failed", f"/scan/visit/{stop}",
                 f"/type/visit/{stop}", "/take", "/carrying", "/outbox", "/phone", "/unknown/none"):  # fmt: skip
        phone.goto(f"{site.url}/courier/#{path}")
        expect(phone.locator("h1")).to_be_visible()
        assert (path, axe_faults(phone)) == (path, [])
    phone.goto(f"{site.url}/courier/#/type/visit/{stop}")
    phone.get_by_label("Số trên phiếu").fill(packet.number)
    press(phone, "Tìm gói")
    press(phone, "Khác số tờ, hoặc thiếu")
    assert axe_faults(phone) == []
    count_papers(phone)
    assert axe_faults(phone) == []
    phone.get_by_label("Số trên dây niêm phong").fill("45")
    press(phone, "Đã dán kín")
    assert axe_faults(phone) == []
    phone.get_by_label("Số trên dây niêm phong").fill("0045829")
    phone.get_by_label("Gõ lại số đó").fill("0045892")
    press(phone, "Đã dán kín")
    expect(phone.get_by_role("alert").filter(visible=True)).to_contain_text("Lần đầu là NP")
    assert axe_faults(phone) == []
    phone.get_by_label("Gõ lại số đó").fill("0045829")
    press(phone, "Đã dán kín")
    assert axe_faults(phone) == []
    phone.get_by_label("Tiền mặt").check()
    phone.get_by_label("Số biên lai lệ phí").fill("000 321")
    press(phone, "Đã thu")
    assert axe_faults(phone) == []
    press(phone, "Đã ký phiếu giấy")
    verdict(phone, "Đã nhận gói", "ok")
    assert axe_faults(phone) == []
