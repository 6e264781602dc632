"""The phone: a real browser, its processor slowed down four times, before a camera that shows printed slips at known instants.

From a cold start without a network to the first slip that was read. From the slip in view to the beep: the picture is decoded,
the slip's signature checked, the scan signed and flushed to the disk. Then five hundred queued scans meet the server, over loopback and (`--long`) over a poor line.
"""

import base64
import gzip
import io
import time
from pathlib import Path
from statistics import median, quantiles

from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

import labels
from app import assets
from app.config import Settings
from app.domain import slips, tokens
from app.domain.packets import Way
from bench import wire
from bench.ground import opened
from bench.line import POOR, Line
from bench.report import Report
from tests.e2e.conftest import CHROMIUM, Camera, printed
from tests.world import World

DIGITS = "402915"
KNOWN = "#to-take"  # the day is open: it says what waits to be taken
MINUTES = 5 * 60
FIRST = 250 * 1024  # bytes of the first load

FILM = """(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  const pen = canvas.getContext("2d");
  let shown = 0;
  let read = 0;
  window.away = () => { pen.fillStyle = "#94928c"; pen.fillRect(0, 0, 640, 480); };
  window.away();
  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
    setInterval(() => pen.drawImage(canvas, 0, 0, 1, 1, 0, 0, 1, 1), 33); // a camera goes on giving pictures
    return canvas.captureStream(30);
  };
  const verify = SubtleCrypto.prototype.verify;
  SubtleCrypto.prototype.verify = function noted(...given) { read ||= performance.now(); return verify.apply(this, given); };
  window.times = [];
  Navigator.prototype.vibrate = () => { if (shown) window.times.push([performance.now() - shown, read - shown]); shown = 0; return true; };
  window.hold = async (url) => {
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    read = 0;
    pen.drawImage(image, 0, 0);
    shown = performance.now();
  };
})();"""
# A hurried thumb, inside the page, where its own slowness is not measured: digits as soon as there is a field for them, then to the
# camera. The slip is in view from the start, so it is read in the first frame that is decoded.
HURRIED = """(() => {
  window.marks = {};
  const mark = (name) => { window.marks[name] ??= performance.now(); };
  const verify = SubtleCrypto.prototype.verify;
  SubtleCrypto.prototype.verify = function noted(...given) { mark("read"); return verify.apply(this, given); };
  document.addEventListener("playing", () => mark("camera"), true);
  const once = (name, what, then) => { const found = !(name in window.marks) && document.querySelector(what); if (found) { mark(name); then(found); } };
  new MutationObserver(() => {
    once("digits", "#pin", (field) => { field.value = "DIGITS"; field.dispatchEvent(new Event("input")); });
    once("round", "a[href='#/scan']", (link) => link.click());
  }).observe(document, { childList: true, subtree: true });
})();""".replace("DIGITS", DIGITS)
KEPT = """async () => { await navigator.serviceWorker.ready;
  for (;;) { for (const name of await caches.keys()) if ((await (await caches.open(name)).keys()).some(({ url }) => url.endsWith(".wasm"))) return;
    await new Promise((done) => { setTimeout(done, 100); }); } }"""
WRITTEN = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target: { result: db } }) => {
  db.transaction("outbox").objectStore("outbox").count().onsuccess = ({ target }) => { done(target.result); db.close(); }; }; })"""
# Scans as outbox.js writes them, without the pages in between.
QUEUE = """async ([count, codes]) => {
  const db = await new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => done(target.result); });
  const ask = (request) => new Promise((done, failed) => { request.onsuccess = () => done(request.result); request.onerror = failed; });
  const all = async (...given) => { const tx = db.transaction(["devices", "outbox"], "readwrite"); for (const [store, row] of given) tx.objectStore(store).put(row); await new Promise((done) => { tx.oncomplete = done; }); };
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const say = (text) => new TextEncoder().encode(text);
  const [device] = await ask(db.transaction("devices").objectStore("devices").getAll());
  const rows = [];
  for (let nth = 0; nth < count; nth += 1) {
    const code = codes[nth % codes.length];
    const at = new Date().toISOString();
    device.n += 1;
    const body = say(JSON.stringify({
      v: 1, id: hex(crypto.getRandomValues(new Uint8Array(16))), device: device.device, n: device.n, back: device.back, code, issue: 1, visit: null,
      event: "sighting", giver: device.party, taker: device.party, actor: device.actor, parent: null,
      at: { wall: at, tz: "Asia/Ho_Chi_Minh", mono_ms: 1, boot: "0".repeat(16), ...device.server },
      seal: "NP0045821", sheets: null, proof: [{ kind: "TYPED", value: "" }], reason: null, next: null, manifest: null, pin: device.pin ?? null, app: "1",
    }));
    const digest = hex(await crypto.subtle.digest("SHA-256", new Uint8Array([...say("scan-v1\\n"), ...body])));
    const sig = b64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, device.key, new Uint8Array([...say("scan-v1\\n"), ...body])));
    device.back = digest;
    rows.push(["outbox", { device: device.device, n: device.n, digest, body: b64(body), sig, extras: null, at, meta: { event: "sighting", code, number: code, party: device.party }, status: "kept", verdict: null, why: null, nth: 0 }]);
  }
  await all(["devices", device], ...rows);
  db.close();
}"""


def measure(
    report: Report, settings: Settings, folder: Path, seen: int, queued: int, slowed: int, over_poor_line: bool
) -> None:
    """`seen` slips before the camera, `queued` scans to send, by a processor `slowed` so many times."""
    url = f"sqlite:///{folder / 'phone.db'}"
    with opened(settings, url) as app:
        report.ratio("phone first load", _first_load() / FIRST)
        world = World.build(app)
        packets = [world.packet(Way.OUT) for _ in range(seen)]
        codes, desk = [tokens.b32(packet.code) for packet in packets], world.desk.party_id
        frames = [_frame(labels.render("slip", [slips.slip_of(each, "http://localhost:8000")])) for each in packets]
    camera = Camera(folder / "seen.y4m")
    camera.show(frames[0])
    with (
        wire.serving(settings, url, folder / "log", **{"ENROL_BY_PASSWORD": "1"}) as server,
        sync_playwright() as browsers,
    ):
        line = Line(server.port)
        args = ["--no-sandbox", "--disable-dev-shm-usage", "--use-fake-ui-for-media-stream"]
        facts = {
            "executable_path": CHROMIUM,
            "args": args,
            "locale": "vi-VN",
            "viewport": {"width": 360, "height": 740},
        }
        profile = folder / "profile"
        context = browsers.chromium.launch_persistent_context(profile, **facts)  # type: ignore[arg-type]
        page = context.pages[0]
        page.goto(f"http://localhost:{line.port}/courier/")
        page.get_by_label("Tên đăng nhập").fill("courier1")
        page.get_by_label("Mật khẩu").fill(World.PASSWORD)
        page.get_by_role("button", name="Dùng máy này").click()
        page.get_by_label("Sáu số tự chọn").fill(DIGITS)
        with page.expect_response("**/api/v1/day*"):
            page.get_by_role("button", name="Dùng sáu số này").click()
        page.locator(KNOWN).wait_for()
        page.evaluate(KEPT)
        context.close()
        facts["args"] = [
            *args,
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera.path}",
        ]
        for _ in range(max(1, seen // 4)):
            context = browsers.chromium.launch_persistent_context(profile, **facts)  # type: ignore[arg-type]
            _ready(report, _slowed(context, slowed, HURRIED), f"http://localhost:{line.port}/courier/")
            context.close()
        facts["args"] = args
        context = browsers.chromium.launch_persistent_context(profile, **facts)  # type: ignore[arg-type]
        page = _slowed(context, slowed, FILM)
        page.goto(f"http://localhost:{line.port}/courier/")
        page.get_by_label("Sáu số mở máy").fill(DIGITS)
        page.locator(KNOWN).wait_for()
        _beeps(report, page, desk, [_picture(each) for each in frames])
        _sends(report, page, line, "over loopback", queued, codes)
        whole = line.bytes["up"]
        if over_poor_line:
            line.slow = POOR
            _sends(report, page, line, "at 64 kbit/s, 10 % lost, 2 s there and back", queued, codes)
        report.figure(f"phone: {queued} scans, kB sent", whole / 1000)
        context.close()
        line.close()


def _first_load() -> int:
    files = assets.shell()["files"]
    return sum(len(gzip.compress((assets.DIST / path.removeprefix(assets.URL)).read_bytes())) for path in files)


def _frame(pdf: bytes) -> Image.Image:
    """The slip, held before a camera."""
    paper, frame = printed(pdf), Camera.desk()
    frame.paste(paper, ((frame.width - paper.width) // 2, (frame.height - paper.height) // 2))
    return frame


def _picture(frame: Image.Image) -> str:
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _slowed(context: BrowserContext, slowed: int, script: str) -> Page:
    """A page without a network, its processor slowed down."""
    context.add_init_script(script)
    [page, *_] = context.pages
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    context.set_offline(True)
    return page


def _until(page: Page, what: str, arg: int = 0, seconds: float = 30, pause: float = 0.02) -> None:
    """Asked from outside: the page's own policy forbids what the browser's driver would do inside."""
    over = time.monotonic() + seconds
    while not page.evaluate(what, arg):
        if time.monotonic() > over:
            raise TimeoutError(what)
        time.sleep(pause)


def _ready(report: Report, page: Page, url: str) -> None:
    """In one piece, from a browser that was just started: the shell out of the worker's cache, the store opened, the digits worked
    out, the day unsealed, the camera opened, the reader loaded and compiled, a slip read. Not in it: the browser's own start, people,
    and how long a real camera takes to wake."""
    page.goto(url, wait_until="commit")
    _until(page, "() => 'read' in window.marks", pause=0.25)
    marks = page.evaluate("window.marks")
    report.figure("phone: cold start without a network until a slip is read, ms", marks["read"])
    report.figure("phone: of it until the digits can be typed, ms", marks["digits"])
    report.figure("phone: of it from the digits to the round, ms", marks["round"] - marks["digits"])
    report.figure("phone: of it from the round to the camera's picture, ms", marks["camera"] - marks["round"])
    report.figure("phone: of it from the picture to the slip read, ms", marks["read"] - marks["camera"])


def _beeps(report: Report, page: Page, desk: str, pictures: list[str]) -> None:
    page.evaluate("path => { location.hash = path; }", f"/bulk/take/{desk}")
    _until(page, "() => document.querySelector('video')?.readyState >= 2")
    page.wait_for_timeout(2000)  # the reader is compiled
    for nth, picture in enumerate(pictures, 1):
        page.evaluate("url => window.hold(url)", picture)
        _until(page, "count => window.times.length === count", nth, pause=0.1)
        page.evaluate("window.away()")
        page.wait_for_timeout(150)
    assert page.evaluate(WRITTEN) == len(pictures), "a beep that stands for no scan"
    times = page.evaluate("window.times")[1:]  # the first one also compiles
    whole, read = [each[0] for each in times], [each[1] for each in times]
    report.figure("phone: slip in view to the beep, p95, ms", quantiles(whole, n=20)[18])
    report.figure("phone: slip in view to the beep, median, ms", median(whole))
    report.figure("phone: of it until the code is read, p95, ms", quantiles(read, n=20)[18])
    report.figure("phone: of it until the code is read, median, ms", median(read))


def _sends(report: Report, page: Page, line: Line, where: str, queued: int, codes: list[str]) -> None:
    """From the moment there is a network until the last scan has its receipt."""
    page.context.set_offline(True)
    page.evaluate(QUEUE, [queued, codes])
    page.evaluate("location.hash = '/'")
    page.reload(wait_until="commit")
    page.get_by_label("Sáu số mở máy").fill(DIGITS)
    page.locator("#sync-kept").wait_for()
    line.bytes.clear()
    began = time.perf_counter()
    page.context.set_offline(False)
    none_left = "() => document.querySelector('#sync-kept b')?.textContent === '0'"
    _until(page, none_left, seconds=2 * MINUTES)
    report.figure(f"phone: {queued} scans sent {where}, seconds", time.perf_counter() - began)
    assert page.locator("#sync-person b").inner_text() == "0", "a scan that did not arrive waits no more either"
