"""Joint counts: four officers of a desk, each with a courier's bag, scan at the same time. Three are cheap clients on the wire,
the fourth is a browser: from the scanner's Enter to the packet on the screen, the page drawn."""

import http.client
import re
import sys
import threading
import time
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import sync_playwright

from app import security
from app.config import Settings
from app.db import atomically, db, now
from app.domain import people, sessions
from app.domain.people import Act, Role
from bench import wire
from bench.ground import opened
from bench.report import Report
from tests.e2e.conftest import CHROMIUM
from tests.world import World

DESKS = 4
WARM = 3  # scans of each desk before any counts: a server in its first second compiles what it asks, and looks for what is late
PAUSE = 1.0  # seconds between the packet on the screen and the next one under the scanner
TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
SHOWN = re.compile(rb'name="shown" value="(\d+)"')
WATCH = """addEventListener("keydown", ({ key }) => { if (key === "Enter") { window.took = 0; window.began = performance.now(); } }, true);
addEventListener("refilled", () => requestAnimationFrame(() => requestAnimationFrame(() => { window.took = performance.now() - window.began; })));"""


@dataclass(frozen=True)
class Bag:
    """One officer's session, and the numbers a courier has brought."""

    cookie: tuple[str, str]
    courier_id: str
    numbers: list[str]


def measure(report: Report, name: str, spoken: str, settings: Settings, url: str, folder: Path, packets: int) -> None:
    """`packets` in each bag, after some that are not counted."""
    bags = _bags(settings, url, packets + WARM)
    with wire.serving(settings, url, folder / "log") as server:
        times: list[list[float]] = [[] for _ in bags]
        officers = [
            threading.Thread(target=_scan, args=(server.port, bag, own)) for bag, own in zip(bags[1:], times[1:], strict=True)
        ]  # fmt: skip
        before = server.cpu()
        for officer in officers:
            officer.start()
        if CHROMIUM is None:
            _scan(server.port, bags[0], times[0])
        else:
            _look(server.port, bags[0], times[0])
        for officer in officers:
            officer.join()
        wire_times = [each for own in times[1 if CHROMIUM else 0 :] for each in own[WARM:]]
        assert len(wire_times) == (DESKS - bool(CHROMIUM)) * packets
        report.figure(
            f"{spoken}: server's CPU for a scan of a joint count, ms",
            (server.cpu() - before) / (DESKS * (packets + WARM)) * 1000,
        )
        report.ratio(f"{name} count wrong", len(server.trouble()))
    said = [("scan to the page, over the wire", wire_times)]
    said += [("scan to the screen, in a browser", times[0][WARM:])] if CHROMIUM else []
    for what, each in said:
        print(f"  {what}: {quantiles(each, n=20)[18] * 1000:.0f} ms", file=sys.stderr, flush=True)
        report.figure(f"{spoken}: joint count at {DESKS} desks, {what}, p95, ms", quantiles(each, n=20)[18] * 1000)
        report.figure(f"{spoken}: joint count at {DESKS} desks, {what}, median, ms", median(each) * 1000)


def _bags(settings: Settings, url: str, packets: int) -> list[Bag]:
    with opened(settings, url) as app:
        world = World.build(app)
        atomically(lambda: setattr(db.session.merge(world.post), "slot_places", DESKS * packets))

        def hire(n: int) -> Any:
            courier = people.hire(f"rider{n}", f"Bưu tá {n}", Role.COURIER, world.post, World.PASSWORD, badge=f"B-{n}")
            return courier, people.hire(f"officer{n}", f"Cán bộ {n}", Role.OFFICER, world.desk, World.PASSWORD)

        found = []
        for n in range(DESKS):
            courier, officer = atomically(hire, n)
            phone = world.phone(courier)
            numbers = [world.collected(phone).number for _ in repeat(None, packets)]
            secret = atomically(sessions.begin, officer.id, "bench", Act(None, now(), app.extensions["keys"]))
            found.append(Bag((security.cookie_name(), secret), courier.id, numbers))
        db.session.commit()
    return found


def _scan(port: int, bag: Bag, times: list[float]) -> None:
    """What a scanner's form sends, packet after packet, and the page it prefers as the answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    cookies = dict([bag.cookie])

    def call(method: str, path: str, body: str | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Host": f"localhost:{port}",
        }
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Prefer": "return=representation"}
        line.request(method, path, body, headers)
        answer = line.getresponse()
        for told in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = told.partition(";")[0].partition("=")
            cookies[name] = value
        return answer, answer.read()

    page = f"/desk/counts/{bag.courier_id}"
    _, shown = call("GET", page)
    token = TOKEN.search(shown)
    assert token, shown[:2000]
    for number in bag.numbers:
        rows = SHOWN.search(shown)
        assert rows, shown[:2000]
        began = time.perf_counter()
        answer, shown = call(
            "POST", f"{page}/scan", f"csrf_token={token[1].decode()}&shown={rows[1].decode()}&code={number}"
        )
        assert answer.status == 200 and number.encode() in shown, (answer.status, shown[:2000])
        times.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    line.close()


def _look(port: int, bag: Bag, times: list[float]) -> None:
    with sync_playwright() as browsers:
        args = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=args)
        context = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 800})
        name, secret = bag.cookie
        context.add_cookies([{"name": name, "value": secret, "url": f"http://localhost:{port}"}])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(f"http://localhost:{port}/desk/counts/{bag.courier_id}")
        for number in bag.numbers:
            page.locator("input[data-wedge]:focus").wait_for()
            page.keyboard.type(number + "\n")
            page.locator(".last-scan", has_text=number).wait_for()
            while not (took := page.evaluate("window.took ?? 0")):
                time.sleep(0.01)
            times.append(took / 1000)
            time.sleep(PAUSE)
        browser.close()
