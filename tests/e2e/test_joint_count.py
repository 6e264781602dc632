"""A bag at the desk, with a scanner that is a keyboard: forty packets are forty scans and three keys, no mouse; a slow
count, a session that ends in its middle."""

import base64
import time
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import queues, sessions, tokens
from app.domain.cases import CaseState
from app.domain.manifests import Manifest, Side, Word
from app.domain.packets import Packet, State
from tests.e2e.conftest import Site, axe_faults, staff_signs_in
from tests.e2e.test_courier import press
from tests.e2e.test_courier import sign_in as take_phone
from tests.world import Phone, World

pytestmark = pytest.mark.dialects("sqlite")  # what the page does; the domain's part runs on both
COUNT = 40
SLOWLY = "const at_once = fetch; fetch = (...asked) => new Promise((go) => setTimeout(go, 500)).then(() => at_once(...asked))"


class Officer:
    """Somebody at the desk's keyboard: what they press is counted, what the scanner types is not."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, list[str]()

    def press(self, key: str) -> None:
        self.pressed.append(key)
        self.page.keyboard.press(key)

    def scan(self, text: str) -> float:
        """As a USB scanner does: a burst of letters and Enter, wherever the cursor is. Seconds until it is seen."""
        expect(self.page.locator("input[data-wedge]")).to_be_focused()
        began = time.monotonic()
        self.page.keyboard.type(text + "\n")
        expect(self.page.locator(".last-scan")).to_contain_text(text)
        return time.monotonic() - began

    def burst(self, text: str) -> None:
        """What a scanner types while the cursor is elsewhere: 5 ms from key to key, however busy this machine is."""
        wire, at = self.page.context.new_cdp_session(self.page), time.time()
        for nth, letter in enumerate(f"{text}\r"):
            key = {"key": "Enter" if letter == "\r" else letter, "timestamp": at + nth * 0.005}
            wire.send("Input.dispatchKeyEvent", key | {"type": "keyDown", "text": letter})
            wire.send("Input.dispatchKeyEvent", key | {"type": "keyUp"})
        wire.detach()


def sign_in(page: Page, site: Site) -> Officer:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site.url}/sign-in")
    staff_signs_in(page, "desk1")
    expect(page.get_by_role("heading", name="Chờ nhận")).to_be_visible()
    return Officer(page)


def counting(
    world: World, phone: Phone, site: Site, context: BrowserContext, packets: int
) -> tuple[Page, Officer, list[str]]:
    """The page of an officer who is signed in, and the numbers of what a courier brings."""
    listed = [world.collected(phone).number for _ in range(packets)]
    page = context.new_page()
    return page, sign_in(page, site), listed


def let_pass(time: timedelta) -> None:
    """So long ago the officer proved who they are."""

    def age() -> None:
        for session in db.session.query(sessions.Session):
            session.present_at -= time

    atomically(age)


def has_cursor(page: Page, field: str) -> None:
    expect(page.locator(f"{field}:focus")).to_have_count(1)


def print_record(officer: Officer) -> bytes:
    """F10 leads to the PDF; the answer is looked at, not the browser's viewer."""
    with officer.page.expect_request("**/*.pdf") as asked:
        officer.press("F10")
    return officer.page.request.get(asked.value.url).body()


def test_forty_packets_take_forty_scans_and_three_keys(world: World, site: Site, context: BrowserContext) -> None:
    phone = world.phone()
    page, officer, listed = counting(world, phone, site, context, COUNT)
    officer.press("Alt+2")
    expect(page.get_by_role("heading", name="Kiểm đếm")).to_be_visible()
    seen = [officer.scan(number) for number in listed[:20]]
    officer.scan(listed[3])  # told twice is taken in once
    address = page.url
    page.evaluate(SLOWLY)
    page.keyboard.type("HS-0000-0000\n" + listed[4] + "\n")  # faster than the answer: nothing is lost, no answer unread
    expect(page.locator("#said .last-scan")).to_contain_text(listed[4])
    expect(page.locator("#said [role=alert]")).to_be_visible()
    assert page.url != address and listed[4] in page.url, "a reload shows the newest scan"
    stands = page.locator("#bag").inner_text()
    page.reload()
    assert page.locator("#bag").inner_text() == stands, "what was put in place is what the page says anew"
    context.set_offline(True)
    page.keyboard.type(listed[20] + "\n")
    expect(page.get_by_text("Đang chờ gửi: 1 lượt quét")).to_be_visible()
    page.keyboard.type(listed[21] + "\n")
    expect(page.get_by_text("Đang chờ gửi: 2 lượt quét")).to_be_visible()
    context.set_offline(False)  # what waits is told by itself
    expect(page.locator("#said .last-scan")).to_contain_text(listed[21])
    expect(page.locator("#count")).to_contain_text("22đã quét")
    expect(page.get_by_text("Máy chủ không trả lời")).to_be_hidden()
    page.goto(f"{site.url}/desk/")  # the page is lost in the middle, the count is not
    page.goto(f"{site.url}/desk/counts/")
    seen += [officer.scan(number) for number in listed[20:]]
    page.go_back()  # the page before, as it was then: a scan there is no second one
    officer.scan(listed[-1])
    expect(page.locator("#count")).to_contain_text("40trong danh sách")
    assert axe_faults(page) == []
    officer.press("F8")
    expect(page.get_by_text("Chưa có giờ nộp hợp pháp")).to_be_visible()
    assert axe_faults(page) == []

    receipt = page.url.rsplit("/", 1)[1]
    wire, headers = site.app.test_client(), {"Authorization": f"Bearer {phone.token}"}
    told = wire.get(f"/api/v1/manifests/{receipt}", headers=headers).get_json()
    sig = base64.b64encode(tokens.sign(phone.key, told["statements"]["giver"].encode())).decode()
    said = wire.post(f"/api/v1/manifests/{receipt}/confirm", headers=headers, json={"side": "giver", "sig": sig})
    assert said.status_code == 200, said.text
    expect(page.get_by_text("Đã đủ hai xác nhận")).to_be_visible(timeout=15_000)  # the page learns of it by itself
    assert print_record(officer).startswith(b"%PDF")
    assert officer.pressed == ["Alt+2", "F8", "F10"]

    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    assert (manifest.expected, manifest.scanned, manifest.missing, manifest.surplus) == (COUNT, COUNT, 0, 0)
    assert manifest.confirmed(Side.GIVER) and manifest.closed_at
    submitted = {
        (packet.state, packet.dossier.state, packet.dossier.submitted_at) for packet in db.session.query(Packet)
    }
    assert submitted == {(State.OPENED, CaseState.SUBMITTED, manifest.closed_at)}

    waits = queues.counts(queues.DESK, world.officer, now())  # before or after 15:00, as the clock has it
    list_, letter = ("decide", "t") if waits["decide"] else ("later", "m")
    assert waits[list_] == COUNT
    officer.press("Alt+1")
    officer.press(f"Alt+{letter}")
    expect(page.locator("#list")).to_contain_text(f"· {COUNT}")
    officer.press("F9")
    expect(page.get_by_label("Mã hồ sơ trên hệ thống một cửa")).to_be_visible()
    assert sorted(seen)[COUNT // 2] < 2, "a scan is seen before the next packet is in the hand"


def test_a_slow_count_asks_for_the_password_before_the_first_packet_and_under_the_list_alone(
    world: World, site: Site, context: BrowserContext
) -> None:
    """She signed in that morning, and the count takes a quarter of an hour: three keys and her password twice."""
    page, officer, listed = counting(world, world.phone(), site, context, 4)
    let_pass(timedelta(hours=3))
    officer.press("Alt+2")
    has_cursor(page, "#present")
    page.keyboard.type(World.PASSWORD)
    page.wait_for_timeout(500)  # nobody types as fast as a scanner
    officer.burst(listed[0])
    expect(page.locator(".last-scan")).to_contain_text(listed[0])
    for number in listed[1:3]:
        let_pass(timedelta(minutes=6))
        officer.scan(number)
        expect(page.locator("#present")).to_have_count(0)
        expect(page.get_by_label("Mật khẩu của")).to_be_visible()
    assert axe_faults(page) == []
    officer.scan(listed[3])
    has_cursor(page, "#signing input")  # all is here: what is left is her word
    officer.burst(listed[1])  # what is scanned still finds its way
    expect(page.locator(".last-scan")).to_contain_text(listed[1])
    has_cursor(page, "#signing input")
    page.wait_for_timeout(100)
    page.keyboard.type(World.PASSWORD)
    officer.press("Enter")
    expect(page.get_by_text("Chưa có giờ nộp hợp pháp")).to_be_visible()
    assert print_record(officer).startswith(b"%PDF")
    assert officer.pressed == ["Alt+2", "Enter", "F10"]


def test_a_scan_before_the_password_waits_for_it_and_is_not_scanned_again(
    world: World, site: Site, context: BrowserContext
) -> None:
    page, officer, listed = counting(world, world.phone(), site, context, 3)
    let_pass(timedelta(hours=3))
    page.goto(f"{site.url}/desk/counts/{world.courier.id}")
    for number in listed[:2]:
        officer.burst(number)
    expect(page.get_by_text(f"Chưa nhận: {listed[0]}, {listed[1]}")).to_be_visible()
    has_cursor(page, "#present")
    page.keyboard.type("not hers\n")
    expect(page.locator("#said [role=alert]")).to_be_visible()
    expect(page.get_by_text(f"Chưa nhận: {listed[0]}, {listed[1]}")).to_be_visible()
    page.keyboard.type(World.PASSWORD + "\n")
    expect(page.locator(".last-scan")).to_contain_text(listed[1])
    expect(page.locator("#count")).to_contain_text("2đã quét")
    expect(page.get_by_text("Chưa nhận:")).to_be_hidden()
    has_cursor(page, "#code")
    page.keyboard.type(listed[2] + "\n")
    expect(page.locator("#count")).to_contain_text("3đã quét")
    let_pass(timedelta(minutes=6))
    page.keyboard.press("F8")  # the page as it stands does not know that five minutes are over
    has_cursor(page, "#signing input")
    page.keyboard.type(World.PASSWORD + "\n")
    expect(page.get_by_text("Chưa có giờ nộp hợp pháp")).to_be_visible()


def test_a_session_that_ends_with_scans_in_the_queue_loses_none(
    world: World, site: Site, context: BrowserContext
) -> None:
    page, officer, listed = counting(world, world.phone(), site, context, 4)
    officer.press("Alt+2")
    for number in listed[:2]:
        officer.scan(number)
    page.evaluate(SLOWLY)
    page.keyboard.type(listed[2] + "\n" + listed[3] + "\n")
    user = db.session.merge(world.officer)
    atomically(sessions.end_all, user, world.act(user))
    waits = f"Chưa nhận: {listed[2]}, {listed[3]}"
    expect(page.get_by_text(f"Phiên làm việc đã hết. {waits}")).to_be_visible()
    assert axe_faults(page) == []
    page.get_by_role("link", name="Đăng nhập lại").press("Enter")
    staff_signs_in(page, "desk1")
    expect(page.get_by_text(f"{waits}. Bấm Enter để gửi.")).to_be_visible()
    expect(page.locator("#taken")).not_to_contain_text(listed[2])
    has_cursor(page, "#code")
    page.keyboard.press("Enter")
    expect(page.locator(".last-scan")).to_contain_text(listed[3])
    expect(page.locator("#count")).to_contain_text("4đã quét")
    expect(page.get_by_text(waits)).to_be_hidden()
    page.reload()
    expect(page.get_by_text(waits)).to_be_hidden()
    assert {packet.state for packet in db.session.query(Packet)} == {State.AT_DESK}


def test_the_courier_confirms_the_record_on_their_own_phone(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    """What the phone shows is what was counted; with its signature the officer's page says that all is submitted."""
    other = world.phone()
    listed = [world.collected(other).number for _ in range(3)]
    take_phone(phone, site)
    desk = context.browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")  # type: ignore[union-attr]
    officer = sign_in(desk.new_page(), site)
    officer.press("Alt+2")
    for number in listed[:2]:
        officer.scan(number)
    officer.page.locator("#rest-2").press("Space")  # the third should have been there
    officer.press("F8")
    expect(officer.page.get_by_text("Chưa có giờ nộp hợp pháp")).to_be_visible()

    phone.evaluate("window.dispatchEvent(new Event('online'))")  # the phone asks again what is new
    phone.goto(f"{site.url}/courier/#/carrying")
    press(phone, "Xem bảng kê")
    for number in listed:
        expect(phone.get_by_text(number)).to_be_visible(timeout=20_000)
    expect(phone.get_by_text("thiếu, bưu tá còn giữ")).to_have_count(1)
    assert axe_faults(phone) == []
    press(phone, "Đúng, ký")
    expect(phone.get_by_role("heading", name="Trong túi")).to_be_visible()
    expect(officer.page.get_by_text("Đã đủ hai xác nhận")).to_be_visible(timeout=15_000)
    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    said = manifest.confirmed(Side.GIVER)
    assert said and (said.word, said.user_id, bool(said.sig)) == (Word.DEVICE, world.courier.id, True)
    found = {packet.number: packet for packet in db.session.query(Packet)}
    for number in listed[:2]:
        dossier = found[number].dossier
        assert (dossier.state, dossier.submitted_at) == (CaseState.SUBMITTED, manifest.closed_at)
    assert (found[listed[2]].dossier.state, found[listed[2]].state) == (CaseState.BOOKED, State.CARRIED)
    desk.close()
