"""A real browser against a real server. `site` serves this test's own app on a free port; `camera` holds something
before the fake camera: a printed slip, an empty desk."""

import hashlib
import os
import re
import shutil
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import BrowserContext, BrowserType, Page
from qrcode.main import QRCode
from werkzeug.serving import make_server

import labels
from app.db import db
from app.domain import invariants, slips, tokens
from app.domain.packets import Packet
from tests.e2e.finding import code_in
from tests.e2e.sight import phone_faults
from tests.world import World

# Debian's Chromium without its own windows comes first: a page runs in it as in the whole one, for two thirds of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
FOUND = (
    "only => 'axe' in window ? axe.run(document, {runOnly: only}).then(r => r.violations.map(v => v.id + ': ' +"
    " v.nodes.map(n => n.target.join(' ')).join(' | '))) : null"
)
WIDTH, HEIGHT = 640, 480
FRAME = 480  # letters in one code of a row
RECEIPTS = """async () => !(await indexedDB.databases()).some((each) => each.name === "courier") ? [] : new Promise((done) => {
  indexedDB.open("courier").onsuccess = ({ target: { result: store } }) => {
    store.transaction("outbox").objectStore("outbox").getAll().onsuccess = ({ target: { result } }) => {
      store.close();
      done(result.filter((row) => row.receipt).map((row) => [row.digest, row.recorded_at])); }; }; })"""
PICTURES = os.environ.get("PICTURES")  # a folder for pictures of whatever screen of the phone axe looks at


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.exit("no chromium, and REQUIRE_ALL is set", returncode=1)
        for item in items:
            if "tests/e2e" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="no chromium: apt-get install chromium-headless-shell"))


@dataclass(frozen=True)
class Site:
    url: str
    app: Flask


class Camera:
    """What the browser's fake camera sees. Change it before a page opens the camera."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.show(self.desk())

    @staticmethod
    def desk() -> Image.Image:
        return Image.new("RGB", (WIDTH, HEIGHT), (148, 146, 140))

    def show(self, *pictures: Image.Image) -> None:
        with self.path.open("wb") as file:
            file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420mpeg2\n".encode())
            for picture in pictures:
                y, cb, cr = picture.convert("YCbCr").split()
                half = (WIDTH // 2, HEIGHT // 2)
                file.write(b"FRAME\n" + y.tobytes() + cb.resize(half).tobytes() + cr.resize(half).tobytes())

    def show_code(self, text: str) -> None:
        """A code alone, flat: a screen, a strip of a seal, a card."""
        code = QRCode(border=4, box_size=6)
        code.add_data(text)
        picture = code.make_image().get_image().convert("RGB")
        frame = self.desk()
        side = min(HEIGHT - 40, picture.width)
        frame.paste(picture.resize((side, side)), ((WIDTH - side) // 2, (HEIGHT - side) // 2))
        self.show(*[self.desk()] * 2, *[frame] * 10)

    def show_codes(self, texts: list[str]) -> None:
        """Codes that follow one another on another phone's screen, half a second each."""
        frames = []
        for text in texts:
            code = QRCode(border=4, box_size=6)
            code.add_data(text)
            side = HEIGHT - 40
            frame = self.desk()
            frame.paste(
                code.make_image().get_image().convert("RGB").resize((side, side)),
                ((WIDTH - side) // 2, (HEIGHT - side) // 2),
            )
            frames += [frame] * 5
        self.show(*frames)

    def show_slip(self, packet: Packet, base_url: str) -> None:
        """The packet's slip, as it would be printed now."""
        self.show_paper(labels.render("slip", [slips.slip_of(packet, base_url)]))

    def show_paper(self, pdf: bytes) -> None:
        """A printed slip comes into view, held a little crooked: the camera waits half a second for it."""
        paper = printed(pdf)
        frames = []
        for turn, shift in ((-5, 0), (-3, 6), (-1, 10), (2, 4), (4, -4)):
            frame = self.desk()
            held = paper.rotate(turn, expand=True, fillcolor=(148, 146, 140), resample=Image.Resampling.BICUBIC)
            frame.paste(held, ((WIDTH - held.width) // 2 + shift, (HEIGHT - held.height) // 2))
            frames.append(frame)
        self.show(*[self.desk()] * 5, *frames * 3)


def framed(kind: str, message: str) -> list[str]:
    """A message as a phone says it to another: a row of codes. `kind`: OF (an offer) or RC (what was taken over)."""
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(message.encode()) + packer.flush()
    parts = [tokens.b32(data)[at : at + FRAME] for at in range(0, len(tokens.b32(data)), FRAME)]
    name = hashlib.sha256(data).hexdigest()[:8].upper()
    return [f"{kind}:{name}:{nth}:{len(parts)}:{len(data)}:{part}" for nth, part in enumerate(parts, 1)]


def printed(pdf: bytes) -> Image.Image:
    """The part of the first sheet that holds the code, as a camera at reading distance sees it."""
    paper = pypdfium2.PdfDocument(pdf)
    try:
        sheet = paper[0].render(scale=4).to_pil().convert("RGB")
    finally:
        paper.close()
    left, top, right, bottom = code_in(sheet)
    margin = (right - left) // 6
    cut = sheet.crop((left - margin, top - margin, right + margin, bottom + margin))
    return cut.resize((400, 400 * cut.height // cut.width), Image.Resampling.LANCZOS)


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each test has its own `site`; there is no address for all of them."""


@pytest.fixture(scope="session")
def camera_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "seen.y4m"
    Camera(path)
    return path


@pytest.fixture
def camera(camera_file: Path) -> Camera:
    return Camera(camera_file)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], camera_file: Path) -> dict[str, Any]:
    args = [
        "--disable-dev-shm-usage",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera_file}",
        "--js-flags=--no-opt --no-maglev",  # no page lives long enough to win back what it costs to compile it well
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        args.append("--no-sandbox")
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": args}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {
        "locale": "vi-VN",
        "timezone_id": "Asia/Ho_Chi_Minh",
        "viewport": {"width": 360, "height": 740},
    }


def whole(app: Flask) -> Any:
    """Every answer in one piece: the development server leaves a file open whose reader broke off half-way."""

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        parts = app(environ, start_response)
        try:
            return [b"".join(parts)]
        finally:
            parts.close()

    return answer


@pytest.fixture
def site(app: Flask) -> Iterator[Site]:
    """This test's app on http://localhost (a secure context: keys and camera work there)."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://localhost:{server.port}", app)
    server.shutdown()
    thread.join()
    server.server_close()


class Host:
    """The server, which can go away and come back at the same address, another version of itself if need be."""

    def __init__(self, app: Flask) -> None:
        self.app, self.port = app, 0
        self.start()

    def start(self) -> None:
        self.server = make_server("127.0.0.1", self.port, whole(self.app), threaded=True)
        self.port = self.server.port
        self.url = f"http://localhost:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def host(app: Flask) -> Iterator[Host]:
    made = Host(app)
    yield made
    made.stop()


def unkept(*contexts: BrowserContext) -> list[str]:
    """Law I5: what the phones in these contexts have receipts for, and the server has not."""
    pages = (next((page for page in each.pages if page.url.startswith("http://localhost")), None) for each in contexts)
    held = dict(row for page in pages if page for row in page.evaluate(RECEIPTS))
    told = {
        digest: at for digest, at in held.items() if re.fullmatch("[0-9a-f]{64}", digest)
    }  # others a test put there
    db.session.rollback()
    at = datetime.fromisoformat
    return [str(each) for each in invariants.receipts_are_kept({bytes.fromhex(each): at(told[each]) for each in told})]


def leave(context: BrowserContext) -> None:
    """A second phone is put away."""
    lost = unkept(context)
    context.close()
    assert lost == []


class Handset:
    """A phone that can be switched off and on again: what a browser keeps on the disk stays."""

    def __init__(self, kind: BrowserType, facts: dict[str, Any], folder: Path) -> None:
        self.kind, self.facts, self.folder = kind, facts, folder
        self.faults: list[str] = []

    def on(self) -> Page:
        self.context: BrowserContext = self.kind.launch_persistent_context(self.folder, **self.facts)
        self.context.set_default_timeout(15_000)
        page = self.context.pages[0]
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def off(self) -> None:
        self.context.close()


@pytest.fixture
def handset(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    tmp_path: Path,
    app: Flask,
) -> Iterator[Handset]:
    made = Handset(browser_type, browser_type_launch_args | browser_context_args, tmp_path / "profile")
    yield made
    lost = unkept(made.context)
    made.off()
    shutil.rmtree(made.folder, ignore_errors=True)
    assert (made.faults, lost) == ([], [])


@pytest.fixture
def phone(context: BrowserContext, site: Site) -> Iterator[Page]:
    """A courier's phone: small, touched, with a camera. Nothing it asks for may lie outside our own origin."""
    context.grant_permissions(["camera"], origin=site.url)
    page = context.new_page()
    abroad: list[str] = []
    context.on(
        "request",
        lambda request: None if request.url.startswith((site.url, "data:", "blob:")) else abroad.append(request.url),
    )
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert unkept(context) == []
    assert abroad == []
    assert faults == []


def portray(page: Page, folder: Path, name: str = "", whole: bool = False) -> list[Path]:
    """The screen as a courier sees it in the sun and at night, under this name, or that of the test and its place in it; with all
    that is scrolled to, if `whole`."""
    folder.mkdir(parents=True, exist_ok=True)
    if not name:
        test = re.sub(r"\W+", "-", os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].partition("[")[0])
        name = f"{test}-{len(list(folder.glob(f'{test}-*-sun.png'))) + 1:02}"
    size, theme = page.viewport_size, page.evaluate("document.documentElement.dataset.theme")
    page.set_viewport_size({"width": 360, "height": 640})
    if whole:
        page.set_viewport_size({"width": 360, "height": page.evaluate("document.documentElement.scrollHeight")})
    made = []
    for each in ("sun", "night"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", each)
        made.append(folder / f"{name}-{each}.png")
        page.screenshot(path=made[-1])
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    if size:
        page.set_viewport_size(size)
    return made


def staff_signs_in(page: Page, login: str) -> None:
    """On the page that asks for it."""
    page.get_by_label("Tên đăng nhập").fill(login)
    page.get_by_label("Mật khẩu", exact=True).fill(World.PASSWORD)
    page.keyboard.press("Enter")


def at_counter(context: BrowserContext, site: Site) -> Page:
    """The post office's screen beside the phone's, the clerk signed in."""
    desk = context.browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")  # type: ignore[union-attr]
    page = desk.new_page()
    page.goto(f"{site.url}/sign-in")
    staff_signs_in(page, "clerk1")
    return page


def axe(page: Page, only: list[str] | dict[str, Any]) -> list[str]:
    found: list[str] | None = page.evaluate(FOUND, only)
    if found is None:  # half a megabyte, once for each document
        page.evaluate(AXE)
        found = page.evaluate(FOUND, only)
    assert found is not None
    return found


def axe_faults(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands; on the phone also what eyes, keyboard and thumb find."""
    on_phone, size = "/courier/" in page.url, page.viewport_size
    if on_phone:
        if PICTURES:
            portray(page, Path(PICTURES))
        page.set_viewport_size({"width": 360, "height": 1800})  # nothing hides behind the bar at the thumb
    found = axe(page, RULES)
    if (
        on_phone and page.evaluate("document.documentElement.dataset.theme") == "sun"
    ):  # the phone's own; others differ in colour alone
        found += phone_faults(page)
    if on_phone and size:
        page.set_viewport_size(size)
    return found
