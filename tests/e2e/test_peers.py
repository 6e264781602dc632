"""From phone to phone without a network: offer, take, receipt. Each camera sees the other phone's screen."""

import base64
import contextlib
import io
import json
import re
import zlib
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import counter, phones, tokens
from app.domain.devices import Device, Why
from app.domain.packets import Packet, State
from app.domain.scans import ScanRow
from app.errors import Invalid
from tests.e2e.conftest import FRAME, HEIGHT, WIDTH, Camera, Site, axe_faults, framed, leave
from tests.e2e.test_bags import show_bag
from tests.e2e.test_courier import press, sign_in, unlock
from tests.e2e.test_receipts import DEVICE, OFFER, PUT
from tests.e2e.test_shell import settle
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phones do

MANY = 13  # packets of one offer: more than one code holds
SPOKEN = {"code", "head", "number", "way", "issue", "seals", "citizen", "desk", "desk_party", "peer"}
SHOWN = "() => [document.querySelector('.codes + p').textContent, document.querySelector('.codes canvas').toDataURL()]"

# As it lies there when the page dies after a scan was written and before the offer was marked.
UNMARKED = """() => new Promise((done) => { indexedDB.open("courier-peers").onsuccess = ({ target: { result: db } }) => {
  const tx = db.transaction("offers", "readwrite");
  tx.objectStore("offers").openCursor().onsuccess = ({ target: { result: row } }) => row.update({ ...row.value, taken: {} });
  tx.oncomplete = () => { db.close(); done(); }; }; })"""


TOLD = """() => new Promise((done) => { indexedDB.open("courier-peers").onsuccess = ({ target: { result: db } }) => {
  db.transaction("words").objectStore("words").getAll().onsuccess = ({ target: { result } }) => {
    db.close(); done(result.filter((word) => word.sent).length); }; }; })"""

GIVEN, HEARD = "a" * 32, "b" * 32  # offers: one's own, and a colleague's


def bare(packet: Packet, peer: str) -> dict[str, Any]:
    """A packet as an offer tells it, and the giver's signature."""
    return {
        "code": tokens.b32(packet.code), "head": packet.head.hex(), "number": packet.number, "way": packet.way, "issue": 1,
        "seals": list(packet.seals), "citizen": packet.dossier.citizen.party_id, "desk": "", "desk_party": packet.dossier.desk.party_id,
        "peer": peer.partition(":")[2], "state": "CARRIED", "holder": packet.holder_id, "holder_kind": "courier", "papers": [],
    }  # fmt: skip


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
    expect(other.get_by_label("Hoặc gõ số")).to_have_value("")
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
    leave(theirs)


def apart(site: Site, phone: Page, context: BrowserContext, browser: Browser) -> tuple[BrowserContext, Page]:
    """The phone and a colleague's, signed in, and then without a network; the colleague's."""
    sign_in(phone, site)
    settle(phone)
    theirs = browser.new_context(locale="vi-VN", viewport={"width": 360, "height": 740})
    theirs.grant_permissions(["camera"], origin=site.url)
    other = theirs.new_page()
    sign_in(other, site, "courier2")
    settle(other)
    context.set_offline(True)
    theirs.set_offline(True)
    return theirs, other


def test_more_packets_than_twelve_go_over_in_a_row_of_codes(
    world: World, site: Site, phone: Page, context: BrowserContext, browser: Browser, camera: Camera
) -> None:
    before = world.phone()
    packets = [world.collected(before) for _ in range(MANY)]
    theirs, other = apart(site, phone, context, browser)
    phone.goto(f"{site.url}/courier/#/offer")
    press(phone, "Hiện mã")
    expect(phone.get_by_text(f"{MANY} gói")).to_be_visible()
    offered = filmed(phone)
    assert len(offered) > 5 * 3  # several codes, each half a second
    camera.show(*offered)
    other.goto(f"{site.url}/courier/#/receive")
    expect(other.locator("#tally")).to_have_text(f"0 / {MANY}", timeout=120_000)
    for nth, packet in enumerate(packets, 1):
        other.get_by_label("Hoặc gõ số").fill(packet.number)
        other.keyboard.press("Enter")
        expect(other.locator("#tally")).to_have_text(f"{nth} / {MANY}")
    press(other, f"Hiện mã trả lời ({MANY})")
    camera.show(*filmed(other))
    press(phone, "Đọc mã trả lời")
    expect(phone.locator("#given")).to_contain_text(f"{MANY} gói đã sang bưu tá kia", timeout=120_000)
    phone.goto(f"{site.url}/courier/#/carrying")
    expect(phone.get_by_text("Túi trống")).to_be_visible()
    theirs.set_offline(False)
    other.goto(f"{site.url}/courier/#/")
    expect(other.locator("#sync-arrived b")).to_have_text(str(MANY), timeout=30_000)
    assert {world.fresh(packet).holder_id for packet in packets} == {world.second_courier.party_id}
    leave(theirs)


def test_a_whole_bag_goes_over_in_one_act_and_what_is_not_scanned_stays_with_the_giver(
    world: World, site: Site, phone: Page, context: BrowserContext, browser: Browser, camera: Camera
) -> None:
    """Any scanner of the phone knows a colleague's codes; a torn slip is taken by its two numbers; another seal is said at once."""
    before = world.phone()
    packets = [world.collected(before) for _ in range(4)]
    read, torn, lost = packets[:2], packets[2], packets[3]
    theirs, other = apart(site, phone, context, browser)

    phone.goto(f"{site.url}/courier/#/offer")
    press(phone, "Bỏ chọn hết")
    expect(phone.locator("#show")).to_have_text("Hiện mã (0 gói)")
    press(phone, "Chọn cả túi")
    assert axe_faults(phone) == []
    press(phone, "Hiện mã (4 gói)")
    camera.show(*filmed(phone))
    other.goto(f"{site.url}/courier/#/scan")
    expect(other.get_by_role("heading", name="Nhận từ bưu tá khác")).to_be_visible(timeout=60_000)
    expect(other.locator("#tally")).to_have_text("0 / 4", timeout=60_000)
    show_bag(camera, read)
    other.reload()
    unlock(other)
    expect(other.locator("#tally")).to_have_text("2 / 4", timeout=60_000)
    expect(other.locator("#last")).to_contain_text("NP 0045 821")
    assert axe_faults(other) == []
    differing = other.locator("#last .code").first.inner_text()
    other.locator("#differs").click()
    other.get_by_label("Số trên dây niêm phong").fill("0099 999")
    other.keyboard.press("Enter")
    expect(other.locator("#told")).to_contain_text("Đã ghi")
    other.locator(".queue li", has_text=torn.number).get_by_role("link", name="Mã hỏng").click()
    expect(other.get_by_text(torn.number)).to_be_visible()
    assert axe_faults(other) == []
    press(other, "Đúng cả hai, nhận gói")
    expect(other.locator("#tally")).to_have_text("3 / 4")
    expect(other.locator(".queue li").first).to_contain_text(lost.number)  # what is missing stands first
    press(other, "Hiện mã trả lời (3), thiếu 1")
    camera.show(*filmed(other))
    expect(other.locator("#left")).to_contain_text("1 gói chưa quét")
    assert axe_faults(other) == []

    phone.goto(f"{site.url}/courier/#/scan")
    expect(phone.locator("#given")).to_contain_text("3 gói đã sang bưu tá kia", timeout=60_000)
    expect(phone.locator("#given")).to_contain_text("1 gói còn tính")
    assert axe_faults(phone) == []
    phone.goto(f"{site.url}/courier/#/carrying")
    expect(phone.locator(".queue li")).to_have_count(1)
    expect(phone.locator(".queue li")).to_contain_text(lost.number)

    for line in context, theirs:  # both tell: the second time changes nothing
        line.set_offline(False)
    other.goto(f"{site.url}/courier/#/")
    expect(other.locator("#sync-arrived b")).to_have_text("3", timeout=30_000)
    expect(other.locator("#sync-person b")).to_have_text("1")  # the other seal
    for _ in range(100):
        if phone.evaluate(TOLD) == 3:
            break
        phone.wait_for_timeout(100)
    assert phone.evaluate(TOLD) == 3
    holders = [world.fresh(packet).holder_id for packet in packets]
    assert holders == [world.second_courier.party_id] * 3 + [world.courier.party_id]
    assert [packet.number for packet in packets if "seal_mismatch" in packet.flags] == [differing]
    scans = db.session.scalars(sa.select(ScanRow))
    assert {scan.packet_code for scan in scans if b"LISTED" in scan.body} == {torn.code}
    leave(theirs)


def forged(frames: list[str]) -> list[str]:
    """One letter of a row of codes is another, and what they say can still be unpacked and read."""
    kind, name, _, _, size, _ = frames[0].split(":")
    letters = "".join(frame.rpartition(":")[2] for frame in frames)
    honest = json.loads(unpacked(letters, int(size)))
    for at in range(len(letters)):
        for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            with contextlib.suppress(Invalid, zlib.error, ValueError, LookupError, TypeError):
                changed = letters[:at] + letter + letters[at + 1 :]
                said = json.loads(unpacked(changed, int(size)))
                if said != honest and [each["code"] for each in said["packets"]] == [
                    each["code"] for each in honest["packets"]
                ]:
                    part = at // FRAME
                    one = frames[part].rpartition(":")[0] + ":" + changed[part * FRAME : (part + 1) * FRAME]
                    return [*frames[:part], one, *frames[part + 1 :]]
    raise AssertionError("every letter counts")


def unpacked(letters: str, size: int) -> bytes:
    return zlib.decompress(tokens.unb32(letters, size), wbits=-15)


def test_an_offer_of_which_one_letter_is_another_is_refused_and_nothing_is_lost(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    """Whatever of it can still be read: its hash says otherwise."""
    theirs = world.phone(world.second_courier)
    packets = [world.collected(theirs) for _ in range(3)]
    told = [{key: value for key, value in bare(each, theirs.offer(each)).items() if key in SPOKEN} for each in packets]
    offer = {"key": HEARD, "device": theirs.device_id, "party": world.second_courier.party_id, "packets": told}
    frames = framed("OF", json.dumps(offer))
    sign_in(phone, site)
    camera.show_codes(forged(frames))
    phone.goto(f"{site.url}/courier/#/receive")
    expect(phone.locator("#misread")).to_be_visible(timeout=60_000)
    expect(phone.locator("#tally")).to_have_count(0)
    assert axe_faults(phone) == []
    phone.goto(f"{site.url}/courier/#/take")
    camera.show_codes(frames)
    phone.goto(f"{site.url}/courier/#/receive")
    expect(phone.locator("#tally")).to_have_text("0 / 3", timeout=60_000)
    phone.get_by_label("Hoặc gõ số").fill(packets[0].number)
    phone.keyboard.press("Enter")
    expect(phone.locator("#tally")).to_have_text("1 / 3")
    phone.goto(f"{site.url}/courier/#/")
    expect(phone.locator("#sync-arrived b")).to_have_text("1", timeout=20_000)
    holders = [world.fresh(packet).holder_id for packet in packets]
    assert holders == [world.courier.party_id] + [world.second_courier.party_id] * 2


def test_an_answer_of_which_one_letter_is_another_is_refused_and_the_right_one_is_heard(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    before, theirs = world.phone(), world.phone(world.second_courier)
    packet = world.collected(before)
    sign_in(phone, site)
    device = phone.evaluate(DEVICE)
    peer = f"{device}:given"
    body = theirs.body(packet, "transfer", at=now(), proof=[("PEER", peer)])
    frames = framed(
        "RC",
        json.dumps(
            {"key": GIVEN, "rows": [{"body": body.decode(), "sig": base64.b64encode(theirs.sign(body)).decode()}]}
        ),
    )
    offer = OFFER | {
        "key": GIVEN,
        "device": device,
        "at": now().isoformat(),
        "over": False,
        "party": world.courier.party_id,
        "packets": [bare(packet, peer)],
    }
    phone.evaluate(PUT, {"courier-peers": {"offers": [offer]}})
    phone.reload()
    unlock(phone)
    altered = frames[0][:-1] + ("0" if frames[0][-1] != "0" else "1")
    camera.show_codes([altered, *frames[1:]])
    phone.goto(f"{site.url}/courier/#/offer/{GIVEN}/receipt")
    expect(phone.locator("#misread")).to_be_visible(timeout=60_000)
    phone.goto(f"{site.url}/courier/#/offer/{GIVEN}")
    expect(phone.get_by_text("1 gói")).to_be_visible()
    camera.show_codes(frames)
    phone.goto(f"{site.url}/courier/#/offer/{GIVEN}/receipt")
    expect(phone.locator("#given")).to_contain_text("1 gói đã sang bưu tá kia", timeout=60_000)


def test_an_offer_that_lies_open_for_four_hours_is_said_to_both_while_the_packet_is_where_it_was(
    world: World, site: Site, phone: Page
) -> None:
    before, theirs = world.phone(), world.phone(world.second_courier)
    mine, coming = world.collected(before), world.collected(theirs)
    sign_in(phone, site)
    offer = OFFER | {"device": phone.evaluate(DEVICE), "over": False}
    given, heard = phone.get_by_text("1 gói đã mời chuyển"), phone.get_by_text("1 gói được mời nhận")
    for hours, shown in (3.9, 0), (4.1, 1):
        offer["at"] = (now() - timedelta(hours=hours)).isoformat()
        sides = [
            offer | {"key": GIVEN, "party": world.courier.party_id, "packets": [bare(mine, "d:")]},
            offer | {"key": HEARD, "side": "taker", "peer": theirs.device_id, "party": world.second_courier.party_id,
                     "packets": [bare(coming, "d:")]},
        ]  # fmt: skip
        phone.evaluate(PUT, {"courier-peers": {"offers": sides}})
        phone.reload()
        unlock(phone)
        expect(phone.locator("#carrying")).to_be_visible()
        expect(given).to_have_count(shown)
        expect(heard).to_have_count(shown)
    assert axe_faults(phone) == []
    atomically(counter.hand_in, mine, world.act(world.clerk, now()), mine.head, "NP0045821")
    with phone.expect_response("**/api/v1/day*"):
        phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(given).to_have_count(0)
    expect(heard).to_have_count(1)
