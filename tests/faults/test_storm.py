"""The evening: twenty phones bring five hundred scans each in posts of fifty, while a clerk works at the counter."""

import re
import threading
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from app.config import Settings
from bench.ground import Ground
from tests.faults.conftest import LONG, times
from tests.faults.history import Client, History, faults_found, finish
from tests.faults.site import Web, serving, url_on
from tests.world import World

BATCH = 50
SCANS = 6  # of each packet


def at_work(base: str) -> OpenerDirector:
    """A clerk who has signed in."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{base}/sign-in", timeout=30).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "login": "clerk1", "password": World.PASSWORD}
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


def evening(
    settings: Settings, url: str, folder: Path, phones: int, each: int, planted: str = ""
) -> tuple[History, list[float]]:
    """Every phone brings what it has while the clerk works; what was answered, and how long the clerk's pages took."""
    ground = Ground(settings, url, phones)
    shifts = ground.sign(ground.packets(phones * each // SCANS, ground.url), 2)
    history, over, pages = History(), threading.Event(), list[float]()
    with serving(Web(settings, ground.url, folder, planted=planted)) as web:
        base = f"http://127.0.0.1:{web.port}"
        clerk = threading.Thread(target=work, args=(at_work(base), base, over, pages), daemon=True)
        clerk.start()
        began = time.monotonic()
        clients = [Client(web.port, shift, history, batch=BATCH) for shift in shifts]
        for client in clients:
            client.start()
        finish(clients)
        print(f"{len(history.receipts)} scans in {time.monotonic() - began:.1f} s")
        over.set()
        clerk.join(60)
    return history, pages


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_none_of_the_evenings_scans_is_lost_or_doubled_while_the_counter_works(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    phones, each, url = times(4, 20), times(48, 504), url_on(kind, tmp_path, request)
    history, pages = evening(own_settings, url, tmp_path, phones, each)
    assert faults_found(own_settings, url, history) == []
    assert len(history.receipts) == phones * each and set(history.statuses) == {200}
    assert pages, "nobody worked at the counter"
    print(f"{kind}: {len(pages)} pages, slowest {max(pages):.2f} s")


def test_a_server_that_judges_ten_of_a_post_and_answers_all_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'storm.db'}"
    history, _ = evening(own_settings, url, tmp_path, 2, 24, planted="ten_are_enough")
    assert any(fault.startswith("lost") for fault in faults_found(own_settings, url, history))
