"""A poor line: 64 kbit/s, a tenth of the segments lost, two seconds there and back; then one that is dead and looks alive,
and one that loses the answers. Everything the phone holds arrives, each scan once. A dozen scans here; `make faults` sends five
hundred, in five minutes."""

import os
import time
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, expect

from app.db import db
from app.domain import tokens
from app.domain.packets import Way
from app.domain.scans import Ruling, ScanRow, Verdict
from bench.line import POOR, Line
from bench.phone import QUEUE
from tests.e2e.conftest import Site
from tests.e2e.test_courier import plan, sign_in, unlock
from tests.e2e.test_receipts import HASTY, PATIENT, miss
from tests.world import World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.timeout(1200)]  # what the phone does

LONG = os.environ.get("FAULTS") == "long"
SCANS, SECONDS = (500, 300) if LONG else (12, 60)


# A client that takes silence for a refusal: what was not answered in time it gives up.
GIVES_UP = """window.fetch = ((ask) => (address, facts) => ask(address, facts).catch((error) => {
  if (!String(address).endsWith("/scans")) throw error;
  return new Response('{"index": 0}', { status: 400, headers: { "Content-Type": "application/problem+json" } });
}))(window.fetch);"""


def faults(world: World, site: Site, context: BrowserContext, scans: int, seconds: int, planted: str = "") -> list[str]:
    """What is lost, doubled or doubted after a poor line, a dead one, and one that lost only the answers."""
    packet, homes = world.packet(Way.OUT), [world.packet() for _ in range(2)]
    plan(world, *homes)
    line = Line(int(site.url.rpartition(":")[2]))
    page = context.new_page()
    page.add_init_script(planted)
    sign_in(page, Site(f"http://localhost:{line.port}", site.app))
    expect(page.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    context.set_offline(True)
    page.evaluate(QUEUE, [scans, [tokens.b32(packet.code)]])
    context.set_offline(False)
    line.slow = POOR if LONG else replace(POOR, delay=0.25)
    began = time.monotonic()
    page.reload(timeout=120_000)
    unlock(page)
    expect(page.locator("#sync-arrived b")).to_have_text(str(scans), timeout=seconds * 1000)
    assert time.monotonic() - began <= seconds
    assert line.bytes["up"] > 1000 * scans  # it went over this line

    line.slow = None
    for ways in (("up", "down"), ("down",)):
        page.evaluate(HASTY)
        line.dead = ways
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/v1/scans")):
            miss(page)  # scanning does not wait for it
        line.dead = ()
        page.evaluate(PATIENT)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("#sync-kept b")).to_have_text("0", timeout=60_000)
    line.close()
    db.session.rollback()
    arrived = Counter(db.session.scalars(sa.select(ScanRow.n)))
    found = [f"scan {n} is there {arrived[n]} times" for n in range(1, scans + 3) if arrived[n] != 1]
    doubted = sa.select(Verdict.why).where(Verdict.verdict.in_((Ruling.HELD, Ruling.QUARANTINED)))
    return found + [f"doubted: {why}" for why in db.session.scalars(doubted)]


def test_whatever_waits_arrives_once_over_a_poor_line_and_after_a_dead_one(
    world: World, site: Site, context: BrowserContext
) -> None:
    assert faults(world, site, context, SCANS, SECONDS) == []


def test_a_client_that_gives_up_what_was_not_answered_is_caught(
    world: World, site: Site, context: BrowserContext
) -> None:
    assert "scan 2 is there 0 times" in faults(world, site, context, 1, SECONDS, GIVES_UP)
