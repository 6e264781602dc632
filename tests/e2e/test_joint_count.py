"""Forty packets of one bag at the desk, with a scanner that is a keyboard: forty scans, two keys, no mouse."""

import base64
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import db, now
from app.domain import queues, tokens
from app.domain.dossiers import CaseState
from app.domain.manifests import Manifest, Side
from app.domain.packets import Packet, State
from tests.e2e.conftest import Site, axe_faults
from tests.world import World

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


def test_forty_packets_take_forty_scans_and_two_keys(world: World, site: Site, context: BrowserContext) -> None:
    phone = world.phone()
    listed = [world.collected(phone).number for _ in range(COUNT)]
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Tên đăng nhập").fill("desk1")
    page.get_by_label("Mật khẩu", exact=True).fill(World.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Chờ nhận")).to_be_visible()

    officer = Officer(page)
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
    assert officer.pressed == ["Alt+2", "F8"]
    assert axe_faults(page) == []

    receipt = page.url.rsplit("/", 1)[1]
    wire, headers = site.app.test_client(), {"Authorization": f"Bearer {phone.token}"}
    told = wire.get(f"/api/v1/manifests/{receipt}", headers=headers).get_json()
    sig = base64.b64encode(tokens.sign(phone.key, told["statements"]["giver"].encode())).decode()
    said = wire.post(f"/api/v1/manifests/{receipt}/confirm", headers=headers, json={"side": "giver", "sig": sig})
    assert said.status_code == 200, said.text
    expect(page.get_by_text("Đã đủ hai xác nhận")).to_be_visible(timeout=15_000)  # the page learns of it by itself
    assert page.request.get(f"{page.url}.pdf").body().startswith(b"%PDF")

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
