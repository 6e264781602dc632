"""A poor line: 64 kbit/s, a tenth of the segments lost, two seconds there and back; then one that is dead and looks alive.
Everything the phone holds arrives, each scan once. A dozen scans here; `make faults` sends five hundred, in five minutes."""

import os
import time
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
from tests.e2e.test_receipts import HASTY, miss
from tests.world import World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.timeout(1200)]  # what the phone does

LONG = os.environ.get("FAULTS") == "long"
SCANS, SECONDS = (500, 300) if LONG else (12, 60)


def test_whatever_waits_arrives_once_over_a_poor_line_and_after_a_dead_one(
    world: World, site: Site, context: BrowserContext
) -> None:
    packet, home = world.packet(Way.OUT), world.packet()
    plan(world, home)
    line = Line(int(site.url.rpartition(":")[2]))
    page = context.new_page()
    sign_in(page, Site(f"http://localhost:{line.port}", site.app))
    expect(page.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    context.set_offline(True)
    page.evaluate(QUEUE, [SCANS, [tokens.b32(packet.code)]])
    context.set_offline(False)
    line.slow = POOR if LONG else replace(POOR, delay=0.25)
    began = time.monotonic()
    page.reload(timeout=120_000)
    unlock(page)
    expect(page.locator("#sync-arrived b")).to_have_text(str(SCANS), timeout=SECONDS * 1000)
    assert time.monotonic() - began <= SECONDS
    assert line.bytes["up"] > 1000 * SCANS  # it went over this line

    line.slow, line.dead = None, True
    page.evaluate(HASTY)
    miss(page)  # scanning does not wait for it
    expect(page.locator("#sync-kept b")).to_have_text("1")
    line.dead = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#sync-arrived b")).to_have_text(str(SCANS + 1), timeout=60_000)
    db.session.rollback()
    assert db.session.scalars(sa.select(ScanRow.n).order_by(ScanRow.n)).all() == list(range(1, SCANS + 2))
    doubted = sa.select(Verdict.digest).where(Verdict.verdict.in_((Ruling.HELD, Ruling.QUARANTINED)))
    assert db.session.scalars(doubted).all() == []
    line.close()
