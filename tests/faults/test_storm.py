"""The evening: fifty phones that had no network for eight hours bring five hundred scans each in posts of fifty, while a clerk looks things up at the counter and
an officer at a ward desk takes packets in, accepts them and sends their results home."""

import re
import statistics
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
import sqlalchemy as sa

from app.config import Settings
from app.db import db
from app.domain.packets import Kind, Packet, State
from bench.ground import Ground, opened
from tests.faults.conftest import LONG, times
from tests.faults.history import Client, History, faults_found, finish
from tests.faults.site import Web, serving, url_on
from tests.world import World

BATCH = 50
SCANS = 6  # of each packet
BOUND = 600.0  # seconds until the last phone has all its answers


def at_work(base: str, login: str = "clerk1") -> OpenerDirector:
    """A clerk, or an officer, who has signed in."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{base}/sign-in", timeout=30).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "login": login, "password": World.PASSWORD}
    browser.open(f"{base}/sign-in", urlencode(form).encode(), timeout=30)
    return browser


def work(browser: OpenerDirector, base: str, over: threading.Event, seen: list[float]) -> None:
    """Look at the lists and at the couriers' bags, at least once; how long each page took."""
    while True:
        for path in ("/office/?list=here", "/office/bags/"):
            began = time.monotonic()
            answer = browser.open(f"{base}{path}", timeout=30)
            assert answer.status == 200 and "/sign-in" not in answer.url
            answer.read()
            seen.append(time.monotonic() - began)
        if over.wait(0.2):
            return


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20, method="inclusive")[-1] if len(took) > 1 else took[0]


@dataclass
class Desk:
    """An officer, what lies before them, and what the pages said was done: nothing of it may be missing afterwards."""

    numbers: list[str]
    brought: set[bytes]  # scans by which it came
    done: list[tuple[str, str]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def work(self, base: str, over: threading.Event) -> None:
        """Packet after packet until the evening is over, the first in any case."""
        browser = at_work(base, "desk1")
        for nth, number in enumerate(self.numbers):
            if over.is_set() and self.done:
                return
            for act, facts in FORMS.items():
                began, page = time.monotonic(), f"{base}/desk/packets/{number}"
                shown = browser.open(page, timeout=30).read().decode()
                hidden = {name: re.search(rf'name="{name}" value="([^"]*)"', shown) for name in ("csrf_token", "head")}
                kept = {name: found[1] for name, found in hidden.items() if found}
                said = {name: value.format(nth=nth) for name, value in facts.items()}
                answer = browser.open(f"{page}/{act}", urlencode(kept | said).encode(), timeout=30)
                assert answer.status == 200 and f"/{act}" not in answer.url, answer.url  # it was done, and led on
                answer.read()
                self.took.append(time.monotonic() - began)
                self.done.append((number, act))


FORMS: dict[str, dict[str, str]] = {
    "receive": {"sheets_1": "1", "sheets_2": "1", "sheets_4": "1", "seal": "NP 0045 821", "intact": "yes",
                "pin": World.PIN, "password": World.PASSWORD, "remark": ""},
    "accept": {"code": "H29.17-261128-{nth:04}", "due_on": "2099-01-05"},
    "ready": {"papers-0-name": "Giấy khai sinh", "papers-0-form": "original", "papers-0-sheets": "1"},
    "send": {"seal": "NP 0051 {nth:03}", "word": "spoken"},
}  # fmt: skip


def before_the_desk(settings: Settings, ground: Ground, count: int) -> Desk:
    """Papers that were collected at homes and lie with a courier who stands at the desk."""
    with opened(settings, ground.url) as app:
        world = World.found(app, ground.rows)
        phone = world.phone()
        packets = [world.collected(phone) for _ in range(count)]
        return Desk([packet.number for packet in packets], {packet.head for packet in packets})


def faults_at(settings: Settings, url: str, desk: Desk) -> list[tuple[str, str]]:
    """What the desk's pages said was done and is not there, and what is there although nobody said so."""
    with opened(settings, url):
        opened_ones = db.session.scalars(sa.select(Packet).where(Packet.number.in_(desk.numbers), Packet.state == State.OPENED))  # fmt: skip
        there = {(packet.number, "receive") for packet in opened_ones}
        results = db.session.scalars(sa.select(Packet).where(Packet.kind == Kind.RESULT, Packet.dossier_id.in_(
            sa.select(Packet.dossier_id).where(Packet.number.in_(desk.numbers)))))  # fmt: skip
        homes = {packet.dossier_id for packet in results}
        ins = db.session.scalars(sa.select(Packet).where(Packet.number.in_(desk.numbers), Packet.dossier_id.in_(homes)))
        there |= {(packet.number, "send") for packet in ins}
    said = {(number, act) for number, act in desk.done if act in ("receive", "send")}
    return sorted(said ^ there)


def evening(
    settings: Settings, url: str, folder: Path, phones: int, each: int, planted: str = "", packets: int = 2
) -> tuple[History, list[float], Desk]:
    """Every phone brings what it has while counter and desk work; what was answered, how long the clerk's pages took, and what
    the desk did of so many `packets`."""
    ground = Ground(settings, url, phones)
    desk = before_the_desk(settings, ground, packets)
    shifts = ground.sign(ground.packets(phones * each // SCANS, ground.url), 2, behind=timedelta(hours=8))
    history, over, pages = History(), threading.Event(), list[float]()
    with serving(Web(settings, ground.url, folder, planted=planted)) as web:
        base = f"http://127.0.0.1:{web.port}"
        clerk = threading.Thread(target=work, args=(at_work(base), base, over, pages), daemon=True)
        officer = threading.Thread(target=desk.work, args=(base, over), daemon=True)
        clerk.start()
        officer.start()
        began = time.monotonic()
        clients = [Client(web.port, shift, history, batch=BATCH) for shift in shifts]
        for client in clients:
            client.start()
        finish(clients)
        took = time.monotonic() - began
        print(f"{len(history.receipts)} scans in {took:.1f} s")
        assert took < BOUND
        over.set()
        clerk.join(60)
        officer.join(60)
    return history, pages, desk


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_none_of_the_evenings_scans_is_lost_or_doubled_while_the_counter_works(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    phones, each, url = times(4, 50), times(48, 504), url_on(kind, tmp_path, request)
    history, pages, desk = evening(own_settings, url, tmp_path, phones, each, packets=times(6, 40))
    found = faults_found(own_settings, url, history)
    assert sorted(found) == sorted(f"invented: {digest.hex()[:8]}" for digest in desk.brought)  # and nothing else
    assert faults_at(own_settings, url, desk) == [] and desk.done[-1][1] == "send"
    assert len(history.receipts) == phones * each and set(history.statuses) == {200}
    assert pages, "nobody worked at the counter"
    slow = {"a post of scans": history.took, "a page": pages, "an act at the desk": desk.took}
    print(
        f"{kind}: seconds, p95 and most:",
        {what: (round(p95(each), 2), round(max(each), 2)) for what, each in slow.items()},
    )


def test_a_server_that_judges_ten_of_a_post_and_answers_all_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'storm.db'}"
    history, *_ = evening(own_settings, url, tmp_path, 2, 24, planted="ten_are_enough")
    assert any(fault.startswith("lost") for fault in faults_found(own_settings, url, history))
