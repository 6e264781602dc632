"""A day's papers, from the dispatcher's page: the bar grows while the server draws, and ends with the document."""

import os
import re
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app.db import atomically, db
from app.domain import visits
from tests.e2e.conftest import axe_faults, staff_signs_in
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")
LONG = os.environ.get("FAULTS") == "long"
VISITS = 170 if LONG else 20  # sixty slips here, five hundred by `make faults`
WATCH = """() => {
  window.seen = [];
  const made = URL.createObjectURL;
  URL.createObjectURL = (paper) => { window.paper = paper; return made(paper); };
  const [bar, says] = [document.querySelector("#printing progress"), document.querySelector("#printing [role=status]")];
  new MutationObserver(() => window.seen.push([bar.value, says.textContent])).observe(bar, { attributes: true });
}"""


@pytest.fixture
def streaming(app: Flask) -> Iterator[str]:
    """The app behind a server that passes on each part of an answer as it comes."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_days_slips_show_how_far_they_are_and_open_as_one_document(world: World, streaming: str, page: Page) -> None:
    atomically(lambda: setattr(db.session.merge(world.post), "slot_places", VISITS))
    days = [visits.current(world.packet().id).slot.day for _ in range(VISITS)]  # type: ignore[union-attr]
    day = max(set(days), key=days.count)
    slips = 3 * days.count(day)
    assert slips == 3 * VISITS
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{streaming}/sign-in")
    staff_signs_in(page, "dispatcher1")
    page.wait_for_url(re.compile("/dispatch"))
    page.goto(f"{streaming}/dispatch/{day}")
    page.evaluate(WATCH)
    page.get_by_role("link", name="phiếu gửi, ba liên").click()
    ready = page.locator("#printing").get_by_role("link")
    expect(ready).to_be_visible(timeout=120_000)
    expect(ready).to_be_focused()
    seen = page.evaluate("window.seen")
    bars = [value for value, _ in seen]
    assert bars == sorted(bars) and len({value for value in bars if 0 < value < slips}) > 5  # it grew on the way
    assert any(re.search(rf"\b\d+\D+{slips}\b", text) for _, text in seen)
    assert axe_faults(page) == []
    assert page.evaluate("async () => [await window.paper.slice(0, 5).text(), window.paper.type]") == [
        "%PDF-",
        "application/pdf",
    ]
