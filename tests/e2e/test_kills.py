"""The browser is killed at every step of writing a scan, of a home where nobody is, of a collection, of a delivery: whatever beeped is there after the next start, numbers have no
gap, and nothing is half there. A sample here; `make faults` does it five hundred times. A kill is not a power cut: what
the operating system has not yet put on the disk survives it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from app.domain.packets import Packet, Way
from app.domain.visits import open_visit
from tests.e2e.conftest import Handset, Host
from tests.e2e.test_courier import count_papers, plan, press, seal_and_money, sign_in, unlock
from tests.e2e.test_shell import settle
from tests.e2e.test_shift import find, to
from tests.world import World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.timeout(14_400)]  # what the phone does

LONG = os.environ.get("FAULTS") == "long"
STEPS = 9  # of one scan: signing, two rows before and after, the transaction's end, the beep, and a moment later
EVENTS = ("miss", "collect", "deliver")
Strike = tuple[str, int | str]  # at which event, at which of its steps
SAMPLE: list[Strike] = [("miss", "after add"), ("collect", "complete"), ("deliver", "beep")]
STRIKES: list[Strike] = [(EVENTS[turn // STEPS % 3], turn % STEPS + 1) for turn in range(500)] if LONG else SAMPLE
HOMES = 50  # a post office has so many visits to give away, and each killing takes one
SHIFTS = [STRIKES[first : first + HOMES] for first in range(0, len(STRIKES), HOMES)]

# Every step of writing says so; at the one that was chosen the page stands still until it is killed.
STEPPED = """(() => {
  let step = 0;
  const tell = (what) => {
    if (!window.armed) return;
    step += 1;
    if (step !== window.armed && what !== window.armed) return;
    window.strike(what);
    for (const end = Date.now() + 5000; Date.now() < end;);
  };
  const around = (holder, name) => {
    const plain = holder[name];
    holder[name] = function stepped(...given) { tell(`before ${name}`); const made = plain.apply(this, given); tell(`after ${name}`); return made; };
  };
  around(IDBObjectStore.prototype, "add");
  around(IDBObjectStore.prototype, "put");
  const sign = SubtleCrypto.prototype.sign;
  SubtleCrypto.prototype.sign = function stepped(...given) { tell("before sign"); return sign.apply(this, given); };
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function stepped(...given) {
    const made = begin.apply(this, given);
    if (made.mode === "readwrite") made.addEventListener("complete", () => tell("complete"));
    if (window.armed && made.mode === "readwrite" && made.objectStoreNames.contains("outbox")) window.wrote(made.durability);
    return made;
  };
  Navigator.prototype.vibrate = () => { if (window.armed) window.beeped(location.hash.split("/").pop()); tell("beep"); return true; };
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
LYING = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  const tx = target.result.transaction(["outbox", "devices"]);
  const rows = tx.objectStore("outbox").getAll(), phones = tx.objectStore("devices").getAll();
  tx.oncomplete = () => { target.result.close(); done([rows.result.map((r) => [r.n, r.digest]), phones.result[0].n]); }; }; })"""


def kill(folder: Path) -> None:
    """The browser and all its processes, at once."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"--user-data-dir={folder}".encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue


# Up to the last touch at a door, whose name is returned: after it the scan is written.


def nobody_home(page: Page, _packet: Packet, visit: int) -> str:
    to(page, f"/visit/{visit}/failed")
    page.get_by_label("Không có ai ở nhà").check()
    page.get_by_label("Hẹn ngày khác").check()
    return "Ghi và nhắn người dân"


def collected(page: Page, packet: Packet, visit: int) -> str:
    find(page, packet, visit, filmed=False)
    count_papers(page)
    seal_and_money(page, f"0046 {visit:03d}")
    return "Đã ký phiếu giấy"


def delivered(page: Page, packet: Packet, visit: int) -> str:
    find(page, packet, visit, filmed=False)
    page.get_by_role("radio", name="Nguyễn Thị Mơ").check()
    page.get_by_role("radio", name="Căn cước", exact=True).check()
    press(page, "Đúng người")
    press(page, "Đúng số này")
    return "Đã ký phiếu giấy"


DOORS: dict[str, Callable[[Page, Packet, int], str]] = {
    "miss": nobody_home,
    "collect": collected,
    "deliver": delivered,
}


def lost(world: World, host: Host, handset: Handset, strikes: list[Strike], bug: str = "") -> list[str]:
    """What beeped, at one killing after the other, and is not there; numbers must have no gap unless there is a `bug`."""
    before = world.phone()
    packets = [world.packet(Way.OUT if event == "deliver" else Way.IN) for event, _ in strikes]
    for packet in packets:
        if packet.way is Way.OUT:
            world.record(before.scan(world.fresh(packet), "take"))
    plan(world, *packets)
    visits = [visit.id for packet in packets if (visit := open_visit(packet.id))]
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    page.locator(".stop-card").wait_for()
    settle(page)
    handset.off()
    host.stop()
    beeped: list[str] = []
    written: set[str] = set()  # how durably, as the page asked for it: no kill can show that
    struck: list[str] = []
    survived = 0
    try:
        for (event, where), packet, visit in zip(strikes, packets, visits, strict=True):
            page = handset.on()

            def strike(what: str) -> None:
                struck.append(what)
                kill(handset.folder)

            page.expose_function("strike", strike)
            page.expose_function("beeped", lambda digest: beeped.append(digest))
            page.expose_function("wrote", lambda durability: written.add(durability))
            page.add_init_script(bug + STEPPED)
            page.goto(f"{host.url}/courier/")
            unlock(page)
            page.locator(".stop-card").wait_for()
            last = DOORS[event](page, packet, visit)
            page.evaluate("where => { window.armed = where; }", where)
            with pytest.raises(Error):  # the page is gone
                press(page, last)
                page.wait_for_timeout(1500)
                survived += 1  # it had fewer steps than that
                kill(handset.folder)
                page.wait_for_timeout(5000)
        page = handset.on()
        page.goto(f"{host.url}/courier/")
        lying, newest = page.evaluate(LYING)
    finally:
        host.start()
    assert len(struck) + survived == len(strikes) and beeped
    if not bug:
        assert len(set(struck)) >= 3
        assert written == {"strict"}
        assert [n for n, _ in lying] == list(range(1, newest + 1))
    return sorted(set(beeped) - {digest for _, digest in lying})


@pytest.mark.parametrize("strikes", SHIFTS, ids=range(len(SHIFTS)))
def test_every_beep_is_there_after_the_browser_was_killed(
    world: World, host: Host, handset: Handset, strikes: list[Strike]
) -> None:
    assert lost(world, host, handset, strikes) == []


def test_a_beep_before_the_write_is_caught(world: World, host: Host, handset: Handset) -> None:
    assert lost(world, host, handset, [("miss", "beep")], BEHIND) != []
