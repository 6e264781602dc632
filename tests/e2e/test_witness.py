"""The phone as a witness: it pins what it saw of the log, signs it into its scans, and says so when the past changes."""

import json

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.db import db
from app.domain import checkpoints
from app.domain.notes import Head
from app.domain.scans import ScanRow
from tests.api.test_checkpoints import Log, alarms, keep_file, told
from tests.e2e.conftest import Site, axe_faults, unkept
from tests.e2e.test_receipts import counts, miss, on_round, send_now
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # a file is put back

DOUBT = "Sổ của bưu cục khác với sổ máy này đã thấy."


def pin(page: Page) -> object:
    """What the phone has pinned, read out of its store."""
    return page.evaluate(
        """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
             target.result.transaction("devices").objectStore("devices").getAll().onsuccess = (rows) => {
               target.result.close(); done(rows.target.result[0].pin ?? null); }; }; })"""
    )


def until_pinned(page: Page, head: Head) -> None:
    for _ in range(100):
        if pin(page) == told(head):
            return
        page.wait_for_timeout(100)
    raise AssertionError(pin(page))


def signed_pins() -> list[object]:
    db.session.rollback()
    return [json.loads(body)["pin"] for body in db.session.scalars(sa.select(ScanRow.body).order_by(ScanRow.n))]


def test_a_phone_pins_what_it_saw_and_doubts_a_log_that_was_put_back(world: World, site: Site, phone: Page) -> None:
    log = Log(site.app)
    on_round(world, site, phone, homes=3)
    miss(phone)
    counts(phone, 0, 1)
    log.sign()
    send_now(phone)
    first = Head(1, checkpoints.root(1))
    until_pinned(phone, first)
    yesterday = keep_file()

    miss(phone)
    counts(phone, 0, 2)
    assert signed_pins() == [None, told(first)]
    log.sign()
    send_now(phone)
    second = Head(2, checkpoints.root(2))
    until_pinned(phone, second)
    expect(phone.get_by_text(DOUBT)).to_have_count(0)

    yesterday()
    send_now(phone)
    expect(phone.get_by_text(DOUBT)).to_be_visible()
    assert axe_faults(phone) == []
    assert pin(phone) == told(second)
    [(device, seen)] = alarms()
    assert (seen, device is not None) == (told(second), True)

    miss(phone)  # and the work goes on
    counts(phone, 0, 3)
    assert signed_pins() == [None, told(second)], "the second scan went with the roll-back; the phone still has it"
    [lost] = unkept(phone.context)
    assert lost.startswith("I5"), "and its receipt"
    phone.goto("about:blank")
