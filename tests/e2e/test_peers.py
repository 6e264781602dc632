"""From phone to phone without a network: offer, take, receipt. Each camera sees the other phone's screen."""

import base64
import io
import re

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import phones
from app.domain.devices import Device, Why
from app.domain.packets import State
from tests.e2e.conftest import HEIGHT, WIDTH, Camera, Site, axe_faults
from tests.e2e.test_courier import press, sign_in, unlock
from tests.e2e.test_shell import settle
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phones do

SHOWN = "() => [document.querySelector('.codes + p').textContent, document.querySelector('.codes canvas').toDataURL()]"

# As it lies there when the page dies after a scan was written and before the offer was marked.
UNMARKED = """() => new Promise((done) => { indexedDB.open("courier-peers").onsuccess = ({ target: { result: db } }) => {
  const tx = db.transaction("offers", "readwrite");
  tx.objectStore("offers").openCursor().onsuccess = ({ target: { result: row } }) => row.update({ ...row.value, taken: {} });
  tx.oncomplete = () => { db.close(); done(); }; }; })"""


def filmed(page: Page) -> list[Image.Image]:
    """The codes on a phone's screen, as a camera before it sees them, each for half a second."""
    expect(page.locator(".codes canvas")).to_be_visible()
    seen: dict[str, Image.Image] = {}
    for _ in range(200):
        label, url = page.evaluate(SHOWN)
        if label not in seen:
            code = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB").resize((440, 440))
            frame = Camera.desk()
            frame.paste(code, ((WIDTH - 440) // 2, (HEIGHT - 440) // 2))
            seen[label] = frame
        if len(seen) == (int(re.findall(r"\d+", label)[1]) if label else 1):
            return [frame for frame in seen.values() for _ in range(5)]
        page.wait_for_timeout(100)
    raise AssertionError(sorted(seen))


def test_packets_go_from_phone_to_phone_without_a_network_and_either_tells_both(
    world: World, site: Site, phone: Page, context: BrowserContext, browser: Browser, camera: Camera
) -> None:
    before = world.phone()
    packets = [world.collected(before) for _ in range(2)]
    sign_in(phone, site)
    theirs = browser.new_context(locale="vi-VN", viewport={"width": 360, "height": 740})
    theirs.grant_permissions(["camera"], origin=site.url)
    other = theirs.new_page()
    sign_in(other, site, "courier2")
    for each, line in ((phone, context), (other, theirs)):
        settle(each)
        line.set_offline(True)

    phone.goto(f"{site.url}/courier/#/carrying")
    press(phone, "Chuyển cho bưu tá khác")
    assert axe_faults(phone) == []
    press(phone, "Hiện mã")
    offered = filmed(phone)
    camera.show(*offered)
    assert axe_faults(phone) == []

    other.goto(f"{site.url}/courier/#/receive")
    expect(other.locator("#tally")).to_have_text("0 / 2", timeout=60_000)
    for packet in packets:
        other.get_by_label("Hoặc gõ số").fill(packet.number)
        other.keyboard.press("Enter")
        expect(other.locator("#told")).to_contain_text(packet.number)
        if packet is packets[0]:
            other.evaluate(UNMARKED)
            other.reload()
            unlock(other)
            expect(other.locator("#tally")).to_have_text("1 / 2")
    expect(other.locator("#tally")).to_have_text("2 / 2")
    assert axe_faults(other) == []
    press(other, "Hiện mã trả lời (2)")
    camera.show(*filmed(other))
    assert axe_faults(other) == []
    other.goto(f"{site.url}/courier/#/carrying")
    expect(other.locator(".queue li")).to_have_count(2)

    press(phone, "Đọc mã trả lời")
    expect(phone.locator("#given")).to_contain_text("2 gói đã sang bưu tá kia", timeout=60_000)
    phone.goto(f"{site.url}/courier/#/carrying")
    expect(phone.get_by_text("Túi trống")).to_be_visible()

    context.set_offline(False)  # the giver finds a network first, and tells what the receiver signed
    for packet in packets:
        for _ in range(100):
            if world.fresh(packet).holder_id == world.second_courier.party_id:
                break
            phone.wait_for_timeout(100)
        assert (world.fresh(packet).holder_id, packet.state) == (world.second_courier.party_id, State.CARRIED)
    theirs.set_offline(False)
    other.goto(f"{site.url}/courier/#/")
    expect(other.locator("#sync-arrived b")).to_have_text("2", timeout=30_000)

    device = db.session.scalars(sa.select(Device.id).filter_by(user_id=world.courier.id).order_by(Device.enrolled_at.desc())).first()  # fmt: skip
    atomically(
        phones.retire, device, Why.LOST, world.act(world.courier, at=now())
    )  # found by somebody, who shows the codes again
    camera.show(*offered)
    with other.expect_response("**/api/v1/day*"):
        other.reload()
        unlock(other)
    theirs.set_offline(True)
    other.goto(f"{site.url}/courier/#/receive")
    expect(other.get_by_text("Bưu cục đã ngừng máy kia")).to_be_visible(timeout=60_000)
    expect(other.locator("#tally")).to_have_count(0)
    theirs.close()
