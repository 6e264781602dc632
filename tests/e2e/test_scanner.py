"""The courier's scanner: the phone's own detector where it reads QR codes, our reader where not; and the light.

Chromium on a desktop has no detector of its own, so the page is given one, as a phone would.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import packets, slips
from app.domain.packets import State, Way
from app.domain.photos import Photo
from app.domain.scans import ScanExtra, ScanRow
from tests.domain.test_stickers import sticker
from tests.e2e.conftest import Camera, Site, axe_faults
from tests.e2e.test_courier import count_papers, plan, press, seal_and_money, sign_in, verdict
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")

DETECTOR = """
window.asked = [];
window.BarcodeDetector = class {
  static async getSupportedFormats() { return %(formats)s; }
  constructor({ formats }) { window.asked.push(formats); }
  async detect(source) {
    if (!(source instanceof HTMLVideoElement) || source.readyState < 2) throw new TypeError("no picture");
    window.asked.push("detect");
    if (%(broken)s) throw new DOMException("Barcode detection service unavailable.", "NotSupportedError");
    return [window.shown ?? %(text)s].flat().map((rawValue) => ({ rawValue, format: "qr_code", boundingBox: new DOMRectReadOnly(0, 0, 9, 9), cornerPoints: [] }));
  }
};
"""
LIGHT = """
window.lit = [];
MediaStreamTrack.prototype.getCapabilities = () => ({ torch: %(torch)s, facingMode: ["environment"] });
MediaStreamTrack.prototype.applyConstraints = async (wish) => {
  window.lit.push(wish);
  if (%(refuses)s) throw new OverconstrainedError("torch", "the lamp is hot");
};
"""


def give_detector(
    page: Page, text: str, formats: tuple[str, ...] = ("code_128", "qr_code"), broken: bool = False
) -> None:
    page.add_init_script(
        DETECTOR % {"formats": json.dumps(formats), "text": json.dumps(text), "broken": json.dumps(broken)}
    )


def give_light(page: Page, torch: bool = True, refuses: bool = False) -> None:
    page.add_init_script(LIGHT % {"torch": json.dumps(torch), "refuses": json.dumps(refuses)})


@pytest.fixture
def fetched(phone: Page) -> Iterator[list[str]]:
    """Which parts of our own reader the page has asked for."""
    found: list[str] = []
    phone.on("request", lambda request: found.append(request.url) if is_reader(request.url) else None)
    yield found


def is_reader(url: str) -> bool:
    return url.endswith(".wasm") or "ponyfill" in url


def look(page: Page, site: Site) -> None:
    """Sign in and hold the camera towards whatever is before it."""
    with page.expect_response("**/api/v1/day*"):  # a camera that reads at once must not be quicker than the day
        sign_in(page, site)
    page.wait_for_load_state("networkidle")
    page.goto(f"{site.url}/courier/#/scan")


def test_the_phones_own_detector_is_used_and_ours_is_not_fetched(
    world: World, site: Site, phone: Page, camera: Camera, fetched: list[str]
) -> None:
    packet = world.packet()
    plan(world, packet)
    camera.show(camera.desk())
    give_detector(phone, slips.token_url(packet, site.url))
    look(phone, site)
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
    assert phone.evaluate("window.asked.slice(0, 2)") == [["qr_code", "code_128"], "detect"]
    assert fetched == []


@pytest.mark.parametrize(
    ("formats", "broken"), [(("code_128", "ean_13"), False), ((), False), (("qr_code",), True)],
    ids=["it reads no QR codes", "it reads nothing", "its service is not there"],
)  # fmt: skip
def test_where_the_phones_detector_cannot_ours_takes_over(
    world: World, site: Site, phone: Page, camera: Camera, fetched: list[str], formats: tuple[str, ...], broken: bool
) -> None:
    packet = world.packet()
    plan(world, packet)
    camera.show_slip(packet, site.url)
    give_detector(phone, "not what the camera sees", formats, broken)
    look(phone, site)
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
    assert [url for url in fetched if url.endswith(".wasm")]
    assert phone.evaluate("window.asked") == ([["qr_code"], "detect"] if broken else [])


def test_a_replaced_slip_is_told_without_a_network_too_and_can_be_gone_on_with(
    world: World, site: Site, phone: Page, camera: Camera, context: BrowserContext
) -> None:
    listed, foreign = world.packet(), world.packet()  # the second stands on no list of this courier
    old = [slips.token_url(packet, site.url) for packet in (listed, foreign)]
    for packet in (listed, foreign):
        atomically(packets.issue_slip, world.fresh(packet), 25942, world.act(at=now()))
    plan(world, listed)
    camera.show(camera.desk())
    give_detector(phone, "https://example.com/menu")
    with phone.expect_response("**/api/v1/slips/revoked"):
        look(phone, site)
    expect(phone.get_by_text("Mã này không phải của bưu điện")).to_be_visible(timeout=30_000)
    context.set_offline(True)
    for url in reversed(old):
        phone.goto(f"{site.url}/courier/#/scan")
        phone.evaluate("url => { window.shown = url; }", url)
        expect(phone.get_by_text("Phiếu này đã bị thay")).to_be_visible(timeout=30_000)
        phone.evaluate("window.shown = null")
        assert axe_faults(phone) == []
        if url == old[1]:
            expect(phone.locator("#old-go")).to_have_count(0)
    phone.locator("#old-go").click()
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible()


def test_a_slip_that_stays_in_view_or_is_back_within_three_seconds_beeps_once(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera
    first, second = urls = [slips.token_url(world.packet(Way.OUT), site.url) for _ in range(2)]
    give_detector(phone, "")
    phone.add_init_script("window.felt = 0; Navigator.prototype.vibrate = () => { window.felt += 1; return true; };")
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/take")
    press(phone, "Quét liền cả 2 gói")
    phone.clock.install()

    def hold_up(*shown: str, seconds: float = 1) -> None:
        phone.evaluate("shown => { window.shown = shown; }", shown)
        phone.clock.run_for(seconds * 1000)

    told = phone.locator("#told")
    hold_up(*urls)  # two in one picture are two packets
    expect(phone.locator("#tally")).to_have_text("2 / 2")
    said = told.text_content()
    hold_up(*urls, seconds=9)
    hold_up()
    hold_up(first, second)
    assert (told.text_content(), phone.evaluate("window.felt")) == (said, 2)
    hold_up(seconds=3.2)
    hold_up(first)
    expect(told).to_contain_text("đã đếm rồi")
    assert phone.evaluate("window.felt") == 2
    db.session.rollback()
    assert db.session.query(ScanRow).count() == 2


def test_a_sticker_takes_the_place_of_a_slip_and_the_picture_of_the_bag_follows_by_its_hash(
    world: World, site: Site, phone: Page, tmp_path: Path
) -> None:
    """Pictures find no way through at first: the scan does not wait for them."""
    booked, blank = world.packet(), sticker(world)
    plan(world, booked)
    give_detector(phone, slips.token_url(blank, site.url))
    phone.route("**/api/v1/files", lambda route: route.abort())
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
    count_papers(phone)
    picture = tmp_path / "bag.png"
    Image.new("RGB", (3000, 2000), (150, 140, 90)).save(picture)
    phone.get_by_label("Chụp ảnh gói").set_input_files(picture)
    expect(phone.get_by_text("Đã giữ ảnh")).to_be_visible()
    assert axe_faults(phone) == []
    seal_and_money(phone)
    phone.get_by_label("Mã người dân đọc").fill(world.code(booked))
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã nhận gói", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=15_000)
    found = world.fresh(blank)
    assert (found.state, found.dossier_id, found.flags) == (State.CARRIED, booked.dossier_id, [])
    extra = db.session.scalars(sa.select(ScanExtra)).one()
    assert db.session.query(Photo).count() == 0
    phone.unroute_all(behavior="wait")
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    for _ in range(100):
        phone.wait_for_timeout(100)
        db.session.rollback()
        if kept := db.session.scalars(sa.select(Photo)).all():
            break
    assert [one.sha256 for one in kept] == [extra.photo_sha256]


def test_a_code_that_is_not_ours_is_told_and_the_camera_goes_on(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    plan(world, world.packet())
    give_detector(phone, "https://example.com/menu")
    look(phone, site)
    expect(phone.get_by_text("Mã này không phải của bưu điện")).to_be_visible(timeout=30_000)
    expect(phone.locator("video")).to_be_visible()


def test_the_light_is_offered_where_the_camera_has_one_and_goes_on_and_off(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    plan(world, world.packet())
    camera.show(camera.desk())
    give_light(phone)
    look(phone, site)
    light = phone.get_by_role("button", name="Đèn")
    expect(light).to_be_visible(timeout=30_000)
    for on in (True, False):
        light.click()
        expect(light).to_have_attribute("aria-pressed", str(on).lower())
        assert phone.evaluate("window.lit.at(-1)") == {"advanced": [{"torch": on}]}


def test_no_light_is_offered_where_there_is_none(world: World, site: Site, phone: Page, camera: Camera) -> None:
    plan(world, world.packet())
    camera.show(camera.desk())
    give_light(phone, torch=False)
    look(phone, site)
    expect(phone.get_by_role("status").filter(has_text="Đưa mã vào khung")).to_be_visible(timeout=30_000)
    expect(phone.get_by_role("button", name="Đèn")).to_be_hidden()


def test_a_light_that_refuses_stays_off_and_the_camera_goes_on(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    plan(world, world.packet())
    camera.show(camera.desk())
    give_light(phone, refuses=True)
    look(phone, site)
    light = phone.get_by_role("button", name="Đèn")
    expect(light).to_be_visible(timeout=30_000)
    light.click()
    phone.wait_for_function("window.lit.length === 1")
    expect(light).to_have_attribute("aria-pressed", "false")
    expect(phone.get_by_role("status").filter(has_text="Đưa mã vào khung")).to_be_visible()
