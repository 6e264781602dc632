"""The browser is killed at every step of a visit in vain, a collection, a delivery, a bag that is taken: from the slip's reading on,
whatever the phone signs, seals or writes. Whatever beeped is there after the next start, numbers have no gap, and no list
counts what is not there. A sample here; `make faults` does it five hundred times. A kill is not a power cut: what the
operating system has not yet put on the disk survives it."""

import os
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from app.domain.packets import Packet, Way
from app.domain.visits import open_visit
from tests.e2e.conftest import Handset, Host
from tests.e2e.test_courier import count_papers, plan, press, seal_and_money, sign_in, unlock
from tests.e2e.test_shell import settle
from tests.e2e.test_shift import find, to
from tests.world import World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.timeout(14_400)]  # what the phone does

LONG = os.environ.get("FAULTS") == "long"
# How many steps each has from the slip to the beep, and a moment later; a strike beyond them finds the phone at rest.
STEPS = {"miss": 29, "collect": 50, "deliver": 30, "take": 29}
Strike = tuple[str, int | str]  # at which event, at which of its steps
SAMPLE: list[Strike] = [
    ("collect", "after put state"),
    ("take", "before add outbox"),
    ("take", "complete outbox"),
    ("deliver", "beep"),
]
EVENTS = tuple(STEPS)
STRIKES: list[Strike] = (
    [(event := EVENTS[turn % 4], turn // 4 % STEPS[event] + 1) for turn in range(500)] if LONG else SAMPLE
)
HOMES = 40  # a post office has fifty visits to give away; each killing takes one, that of a bag two
SHIFTS = [STRIKES[first : first + HOMES] for first in range(0, len(STRIKES), HOMES)]

# Every step of signing, sealing and writing says so; at the one that was chosen the page stands still until it is killed.
STEPPED = """(() => {
  let step = 0;
  const tell = (what) => {
    if (!window.armed) return;
    step += 1;
    if (step !== window.armed && what !== window.armed) return;
    window.strike(what);
    for (const end = Date.now() + 5000; Date.now() < end;);
  };
  const around = (holder, name, what = () => "") => {
    const plain = holder[name];
    holder[name] = function stepped(...given) { tell(`before ${name}${what(this)}`); const made = plain.apply(this, given); tell(`after ${name}${what(this)}`); return made; };
  };
  for (const name of ["add", "put", "delete"]) around(IDBObjectStore.prototype, name, (store) => ` ${store.name}`);
  for (const name of ["sign", "encrypt"]) around(SubtleCrypto.prototype, name);
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function stepped(...given) {
    const made = begin.apply(this, given);
    if (made.mode === "readwrite") made.addEventListener("complete", () => tell(`complete ${[...made.objectStoreNames].pop()}`));
    if (window.armed && made.mode === "readwrite" && made.objectStoreNames.contains("outbox")) window.wrote(made.durability);
    return made;
  };
  Navigator.prototype.vibrate = ([buzz]) => { const beep = buzz > 20; if (window.armed && beep) window.beeped(); tell(beep ? "beep" : "tick"); return true; };
})();"""
# The bug: what is to be written is said to be written, and follows a moment later.
BEHIND = """(() => {
  const plain = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function late(row) {
    const { name, transaction: { db } } = this;
    setTimeout(() => plain.call(db.transaction(name, "readwrite").objectStore(name), row), 3000);
    return this.get(row.n);
  };
})();"""
# The scans' numbers, the newest the phone gave, what lists count that is not among the scans, and what was taken and is on no list.
LYING = """async () => {
  const opened = (name) => new Promise((done) => { indexedDB.open(name).onsuccess = ({ target }) => done(target.result); });
  const all = (db, store) => new Promise((done) => { db.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => done(target.result); });
  const [db, beside] = [await opened("courier"), await opened("courier-lists")];
  const [rows, [phone], lists] = [await all(db, "outbox"), await all(db, "devices"), await all(beside, "lists")];
  db.close(); beside.close();
  const there = new Set(rows.map((row) => row.digest));
  const counted = new Set(lists.flatMap((list) => Object.values(list.found)).map((each) => each.digest));
  return [rows.map((row) => row.n), phone.n, [...counted].filter((each) => !there.has(each)),
    rows.filter((row) => row.meta.event === "take" && !counted.has(row.digest)).map((row) => row.n)];
}"""


def kill(folder: Path) -> None:
    """The browser and all its processes, at once."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"--user-data-dir={folder}".encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue


# From the slip to the last touch at a door or a desk.


def nobody_home(page: Page, _packets: list[Packet], visit: int) -> None:
    to(page, f"/visit/{visit}/failed")
    page.get_by_label("Không có ai ở nhà").check()
    page.get_by_label("Hẹn ngày khác").check()
    press(page, "Ghi và nhắn người dân")


def collected(page: Page, packets: list[Packet], visit: int) -> None:
    find(page, packets[0], visit, filmed=False)
    count_papers(page)
    seal_and_money(page, f"0046 {visit:03d}")
    press(page, "Đã ký phiếu giấy")


def delivered(page: Page, packets: list[Packet], visit: int) -> None:
    find(page, packets[0], visit, filmed=False)
    page.get_by_role("radio", name="Nguyễn Thị Mơ").check()
    page.get_by_role("radio", name="Căn cước", exact=True).check()
    press(page, "Đúng người")
    press(page, "Đúng số này")
    press(page, "Đã ký phiếu giấy")


def taken(page: Page, packets: list[Packet], _visit: int) -> None:
    to(page, f"/bulk/take/{packets[0].holder_id}")
    for packet in packets:
        page.get_by_label("Hoặc gõ số").fill(packet.number)
        page.keyboard.press("Enter")
        expect(page.locator("#last")).to_contain_text(packet.number)
    page.locator("#finish").click()


DOORS: dict[str, Callable[[Page, list[Packet], int], None]] = {
    "miss": nobody_home,
    "collect": collected,
    "deliver": delivered,
    "take": taken,
}


def waiting_for(world: World, event: str) -> list[Packet]:
    """What one strike needs: a packet at its home, in the courier's bag, or two at the desk."""
    if event == "take":
        return [world.packet(Way.OUT), world.packet(Way.OUT)]
    return [world.packet(Way.OUT if event == "deliver" else Way.IN)]


def lost(world: World, host: Host, handset: Handset, strikes: list[Strike], bug: str = "") -> list[Strike]:
    """The killings before which more beeped than is there afterwards; numbers must have no gap unless there is a `bug`."""
    before = world.phone()
    packets = [waiting_for(world, event) for event, _ in strikes]
    for (event, _), [packet, *_] in zip(strikes, packets, strict=True):
        if event == "deliver":
            world.record(before.scan(world.fresh(packet), "take"))
    plan(world, *(packet for (event, _), [packet, *_] in zip(strikes, packets, strict=True) if event != "take"))
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    page.locator(".stop-card, #to-take").first.wait_for()
    settle(page)
    handset.off()
    host.stop()
    beeps: list[int] = []  # of each strike
    there: list[int] = []  # scans on the phone before each, and at the end
    written: set[str] = set()  # how durably, as the page asked for it: no kill can show that
    struck: list[str] = []
    survived = 0
    try:
        for (event, where), listed in zip(strikes, packets, strict=True):
            page = handset.on()
            beeps.append(0)

            def strike(what: str) -> None:
                struck.append(what)
                kill(handset.folder)

            def beeped() -> None:
                beeps[-1] += 1

            page.expose_function("strike", strike)
            page.expose_function("beeped", beeped)
            page.expose_function("wrote", lambda durability: written.add(durability))
            page.add_init_script(bug + STEPPED)
            page.goto(f"{host.url}/courier/")
            unlock(page)
            page.locator("#sync-kept").wait_for()
            there.append(held(page, bug))
            visit = open_visit(listed[0].id)
            assert visit
            page.evaluate("where => { window.armed = where; }", where)
            with pytest.raises((Error, AssertionError)):  # the page is gone
                DOORS[event](page, listed, visit.id)
                page.wait_for_timeout(1500)
                survived += 1  # it had fewer steps than that
                kill(handset.folder)
                page.wait_for_timeout(5000)
        page = handset.on()
        page.goto(f"{host.url}/courier/")
        page.get_by_label("Sáu số mở máy").wait_for()
        there.append(held(page, bug))
    finally:
        host.start()
    assert len(struck) + survived == len(strikes) and sum(beeps)
    if not bug:
        assert len(set(struck)) >= 3
        assert written == {"strict"}
    more = [after - before for before, after in pairwise(there)]
    return [strike for strike, beeped, kept in zip(strikes, beeps, more, strict=True) if beeped > kept]


def held(page: Page, bug: str) -> int:
    """How many scans the phone holds."""
    numbers, newest, imagined, uncounted = page.evaluate(LYING)
    assert bug or (numbers, imagined, uncounted) == (list(range(1, newest + 1)), [], [])
    return len(numbers)


@pytest.mark.parametrize("strikes", SHIFTS, ids=range(len(SHIFTS)))
def test_every_beep_is_there_after_the_browser_was_killed(
    world: World, host: Host, handset: Handset, strikes: list[Strike]
) -> None:
    assert lost(world, host, handset, strikes) == []


def test_a_beep_before_the_write_is_caught(world: World, host: Host, handset: Handset) -> None:
    assert lost(world, host, handset, [("miss", "beep")], BEHIND) != []
