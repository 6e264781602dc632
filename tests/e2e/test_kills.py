"""The browser is killed at every step of what a courier does: a visit in vain, a collection, a delivery, a bag that is taken, a scan
taken back, a word of the citizen's that comes after a delivery or a collection, an offer to another phone, what is taken over from one, its answer,
the money counted at the end. From the first touch on, whatever the phone signs, seals or writes. Whatever beeped is there
after the next start, numbers have no gap, lists and offers count what is there and nothing else. A sample here; `make faults`
does it five hundred times. A kill is not a power cut: what the operating system has not yet put on the disk survives it."""

import base64
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from app.db import now
from app.domain import tokens
from app.domain.packets import Packet, Way
from app.domain.visits import open_visit
from tests.e2e.conftest import Camera, Handset, Host, framed
from tests.e2e.test_courier import count_papers, plan, press, right_person, seal_and_money, sign_in, to, unlock
from tests.e2e.test_peers import GIVEN, HEARD, bare
from tests.e2e.test_receipts import DEVICE, OFFER, PUT
from tests.e2e.test_shell import settle
from tests.e2e.test_shift import find
from tests.world import Phone, World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.timeout(14_400)]  # what the phone does

LONG = os.environ.get("FAULTS") == "long"
# How many steps each has from the first touch to the beep, and a moment later.
STEPS = {
    "miss": 28, "collect": 49, "deliver": 29, "take": 28, "undo": 8, "confirm": 8, "attest": 8, "offer": 5, "transfer": 11, "receipt": 7, "till": 6,
}  # fmt: skip
Strike = tuple[str, int | str]  # at which act, at which of its steps
SAMPLE: list[Strike] = [
    ("collect", "after put state"),
    ("take", "before add outbox"),
    ("take", "complete outbox"),
    ("deliver", "beep"),
    ("transfer", "complete outbox"),
    ("receipt", "complete words"),
    ("undo", "before put devices"),
    ("confirm", "complete outbox"),
    ("attest", "after add outbox"),
    ("offer", "before put offers"),
    ("till", "after put counts"),
]
ACTS = tuple(STEPS)
EACH = [(act := ACTS[turn % len(ACTS)], turn // len(ACTS) % STEPS[act] + 1) for turn in range(500)]
STRIKES: list[Strike] = (
    random.Random(13).sample(EACH, len(EACH)) if LONG else SAMPLE
)  # early and late ones in every shift
HOMES = 40  # a post office has fifty visits to give away; most killings take one, that of a bag two
SHIFTS = [STRIKES[first : first + HOMES] for first in range(0, len(STRIKES), HOMES)]

# Every step of signing, sealing and writing says so; at the one that was chosen the page stands still until it is killed.
STEPPED = """(() => {
  let step = 0;
  let open = 0; // writings begun and not ended
  const tell = (what) => {
    if (!window.armed) return;
    step += 1;
    if (step !== window.armed && what !== window.armed) return;
    window.strike(what, open > 0);
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
    if (made.mode !== "readwrite") return made;
    const stores = [...made.objectStoreNames];
    open += 1;
    made.addEventListener("complete", () => { open -= 1; tell(`complete ${stores.at(-1)}`); });
    made.addEventListener("abort", () => { open -= 1; });
    if (window.armed && stores.some((name) => ["outbox", "words", "offers", "lists", "counts"].includes(name))) window.wrote(made.durability);
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
# The scans' numbers and the newest the phone gave; what a beep may stand for: scans, words of another phone, a count of money;
# what a list or an offer counts that is not there, and what was taken and is counted by none.
LYING = """async () => {
  const opened = (name) => new Promise((done) => { indexedDB.open(name).onsuccess = ({ target }) => done(target.result); });
  const read = (db, store) => new Promise((done) => { db.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => done(target.result); });
  const all = async (name, ...stores) => { const db = await opened(name); const found = await Promise.all(stores.map((store) => read(db, store))); db.close(); return found; };
  const [every, [phone]] = await all("courier", "outbox", "devices");
  const rows = every.filter((row) => row.device === phone.device);
  const [lists] = await all("courier-lists", "lists");
  const [offers, words] = await all("courier-peers", "offers", "words");
  const [counts] = await all("courier-till", "counts");
  const digests = (side) => offers.filter((each) => each.side === side).flatMap((each) => Object.values(each.taken));
  const counted = new Map([
    [rows.filter((row) => row.meta.event === "take"), lists.flatMap((list) => Object.values(list.found)).map((each) => each.digest)],
    [rows.filter((row) => row.meta.event === "transfer"), digests("taker")],
    [words, digests("giver")],
  ]);
  const wrong = [...counted].flatMap(([there, told]) => [...there.map((each) => each.digest).filter((each) => !told.includes(each)), ...told.filter((each) => !there.some(({ digest }) => digest === each))]);
  return { numbers: rows.map((row) => row.n), newest: phone.n, wrong, things: [...rows, ...words].map((each) => each.digest).concat(counts.map((each) => each.key)),
    digests: Object.fromEntries(rows.map((row) => [row.meta.number, row.digest])) };
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


@dataclass
class Shift:
    """One phone, and what each of its acts needs: two packets at the desk for a bag, one for any other act but the money's."""

    page: Page
    camera: Camera
    packets: list[list[Packet]]
    answers: dict[int, str] = field(default_factory=dict)  # of each packet offered: what the other phone answers
    taken: dict[str, str] = field(default_factory=dict)  # of each packet taken: the scan


# From the first touch to the last one at a door or a desk.


def nobody_home(shift: Shift, packet: Packet) -> None:
    to(shift.page, f"/visit/{visit_of(packet)}/failed")
    shift.page.get_by_label("Không có ai ở nhà").check()
    shift.page.get_by_label("Hẹn ngày khác").check()
    press(shift.page, "Ghi và nhắn người dân")


def collected(shift: Shift, packet: Packet) -> None:
    visit = visit_of(packet)
    find(shift.page, packet, visit, filmed=False)
    count_papers(shift.page)
    seal_and_money(shift.page, f"0046 {visit:03d}")
    press(shift.page, "Đã ký phiếu giấy")


def delivered(shift: Shift, packet: Packet) -> None:
    page = shift.page
    find(page, packet, visit_of(packet), filmed=False)
    right_person(page)
    press(page, "Đúng số này")
    press(page, "Đã ký phiếu giấy")


def taken(shift: Shift, *packets: Packet) -> None:
    page = shift.page
    to(page, f"/bulk/take/{packets[0].holder_id}")
    for packet in packets:
        page.get_by_label("Hoặc gõ số").fill(packet.number)
        page.keyboard.press("Enter")
        expect(page.locator("#last")).to_contain_text(packet.number)
    page.locator("#finish").click()


def taken_back(shift: Shift, packet: Packet) -> None:
    to(shift.page, f"/undo/{shift.taken[packet.number]}")
    shift.page.get_by_role("radio", name="Quét phải gói khác").check()
    press(shift.page, "Báo quét nhầm")


def confirmed(shift: Shift, packet: Packet) -> None:
    to(shift.page, f"/confirm/{tokens.b32(packet.code)}")
    shift.page.get_by_label("Mã người dân đọc").fill("402915")
    shift.page.keyboard.press("Enter")


def attested(shift: Shift, packet: Packet) -> None:
    to(shift.page, f"/attest/{tokens.b32(packet.code)}")
    shift.page.get_by_label("Mã người dân đọc").fill("402915")
    shift.page.keyboard.press("Enter")


def offered(shift: Shift, packet: Packet) -> None:
    to(shift.page, "/offer")
    for box in shift.page.get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") == tokens.b32(packet.code))
    press(shift.page, "Hiện mã")
    shift.page.locator(".codes canvas").wait_for()


def taken_over(shift: Shift, packet: Packet) -> None:
    to(shift.page, "/receive")
    shift.page.get_by_label("Hoặc gõ số").fill(packet.number)
    shift.page.keyboard.press("Enter")
    expect(shift.page.locator("#told")).to_contain_text(packet.number)


def answered(shift: Shift, packet: Packet) -> None:
    shift.camera.show_codes(framed("RC", shift.answers[packet.id]))
    to(shift.page, f"/offer/{GIVEN}/receipt")
    shift.page.locator("#given").wait_for()


def counted(shift: Shift) -> None:
    to(shift.page, "/money")
    shift.page.locator("#cash, #again").wait_for()
    if shift.page.locator("#again").count():
        shift.page.locator("#again").click()
    shift.page.get_by_label("Đếm được trong túi").fill("1000")
    shift.page.locator("#declare").click()
    shift.page.locator("#told-count").wait_for()


DOORS: dict[str, Callable[..., None]] = {
    "miss": nobody_home, "collect": collected, "deliver": delivered, "take": taken, "undo": taken_back, "confirm": confirmed, "attest": attested,
    "offer": offered, "transfer": taken_over, "receipt": answered, "till": counted,
}  # fmt: skip
FROM_DESK = ("deliver", "take", "undo", "confirm")
AT_HOME = ("miss", "collect", "deliver")


def visit_of(packet: Packet) -> int:
    visit = open_visit(packet.id)
    assert visit
    return visit.id


# Scans of the courier's other phone, as this one would keep them.
UNPROVEN = """rows => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target: { result: db } }) => {
  const tx = db.transaction("outbox", "readwrite");
  for (const row of rows) tx.objectStore("outbox").put(row);
  tx.oncomplete = () => { db.close(); done(); }; }; })"""


def unproven(world: World, phone: Phone, packet: Packet) -> dict[str, Any]:
    """Collected on a wrong code: the citizen's word is still wanted."""
    scan = phone.scan(world.fresh(packet), "collect", proof=[("CODE", "000000")])
    assert world.record(scan).why == "collect_unproven"
    meta = {
        "event": "collect",
        "code": tokens.b32(packet.code),
        "number": packet.number,
        "party": phone.party,
        "hadCode": True,
    }
    return {
        "device": phone.device_id, "n": phone.n, "digest": scan.digest.hex(), "body": base64.b64encode(scan.body).decode(),
        "sig": base64.b64encode(scan.sig).decode(), "extras": None, "at": now().isoformat(), "meta": meta, "nth": 1,
        "status": "person", "verdict": "applied", "why": "collect_unproven", "recorded_at": now().isoformat(),
    }  # fmt: skip


def ready(world: World, host: Host, handset: Handset, camera: Camera, acts: list[str]) -> Shift:
    """A phone signed in, with all that these acts need, and then no server."""
    before, theirs = world.phone(), world.phone(world.second_courier)
    packets = [
        [world.packet(Way.OUT if act in FROM_DESK else Way.IN) for _ in range({"take": 2, "till": 0}.get(act, 1))]
        for act in acts
    ]
    by_act: dict[str, list[Packet]] = {
        act: [each for own, listed in zip(acts, packets, strict=True) if own == act for each in listed] for act in ACTS
    }
    for packet in by_act["deliver"] + by_act["confirm"]:
        world.record(before.scan(world.fresh(packet), "take"))
    for packet in by_act["confirm"]:
        world.record(before.scan(world.fresh(packet), "deliver", proof=[("WET_CLAIMED", "")]))
    for packet in by_act["offer"] + by_act["receipt"]:
        world.collected(before, packet)
    for packet in by_act["transfer"]:
        world.collected(theirs, packet)
    wanting = [unproven(world, before, packet) for packet in by_act["attest"]]
    plan(world, *(each for act in AT_HOME for each in by_act[act]))
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    page.locator(".stop-card, #to-take, #carrying").first.wait_for()
    settle(page)
    shift = Shift(page, camera, packets)
    device = page.evaluate(DEVICE)
    at = now().isoformat()
    peer = f"{device}:given"
    given = [world.fresh(packet) for packet in by_act["receipt"]]
    for packet in given:
        body = theirs.body(packet, "transfer", at=now(), proof=[("PEER", peer)])
        rows = [{"body": body.decode(), "sig": base64.b64encode(theirs.sign(body)).decode()}]
        shift.answers[packet.id] = json.dumps({"key": GIVEN, "rows": rows})
    offer = OFFER | {"device": device, "at": at, "over": False}
    sides = [
        offer | {"key": GIVEN, "party": world.courier.party_id, "packets": [bare(packet, peer) for packet in given]},
        offer | {"key": HEARD, "side": "taker", "peer": theirs.device_id, "party": world.second_courier.party_id,
                 "packets": [bare(packet, theirs.offer(packet)) for packet in map(world.fresh, by_act["transfer"])]},
    ]  # fmt: skip
    page.evaluate(PUT, {"courier-peers": {"offers": sides}})
    page.evaluate(UNPROVEN, wanting)
    if by_act["undo"]:
        taken(shift, *by_act["undo"])
        shift.taken = page.evaluate(LYING)["digests"]
    handset.off()
    host.stop()
    return shift


@dataclass
class Fate:
    """What came of a strike: where it hit, whether in the midst of a writing; nowhere when the act had fewer steps."""

    hit: str = ""
    in_writing: bool = False
    beeps: int = 0


def lost(
    world: World, host: Host, handset: Handset, camera: Camera, strikes: list[Strike], bug: str = ""
) -> list[Strike]:
    """The killings before which more beeped than is there afterwards; numbers must have no gap unless there is a `bug`."""
    shift = ready(world, host, handset, camera, [act for act, _ in strikes])
    fates: list[Fate] = []
    there: list[set[str]] = []  # what a beep may stand for, before each killing and at the end
    written: set[str] = set()  # how durably, as the page asked for it: no kill can show that
    try:
        for (act, where), packets in zip(strikes, shift.packets, strict=True):
            page = shift.page = handset.on()
            page.set_default_timeout(60_000)  # five hundred killings, and whatever else the machine does meanwhile
            fates.append(Fate())

            def strike(what: str, in_writing: bool) -> None:
                fates[-1].hit, fates[-1].in_writing = what, in_writing
                kill(handset.folder)

            def beeped() -> None:
                fates[-1].beeps += 1

            page.expose_function("strike", strike)
            page.expose_function("beeped", beeped)
            page.expose_function("wrote", lambda durability: written.add(durability))
            page.add_init_script(bug + STEPPED)
            page.goto(f"{host.url}/courier/")
            unlock(page)
            page.locator("#sync-kept").wait_for()
            there.append(held(page, bug))
            page.evaluate("where => { window.armed = where; }", where)
            try:
                DOORS[act](shift, *packets)
                page.wait_for_timeout(1500)
            except (Error, AssertionError):
                if not fates[-1].hit:
                    raise  # and the page is not gone
            kill(handset.folder)  # it may have had fewer steps than that
        page = handset.on()
        page.goto(f"{host.url}/courier/")
        page.get_by_label("Sáu số mở máy").wait_for()
        there.append(held(page, bug))
    finally:
        host.start()
    more = [len(after - before) for before, after in pairwise(there)]
    tell(strikes, fates, more)
    if not bug:
        assert written == {"strict"}
        assert sum(fate.in_writing for fate in fates) >= len(strikes) // 3
        assert sum(bool(fate.hit) for fate in fates) >= len(strikes) * 9 // 10  # what hits nothing shows nothing
    assert sum(fate.beeps for fate in fates)
    return [strike for strike, fate, kept in zip(strikes, fates, more, strict=True) if fate.beeps > kept]


def tell(strikes: list[Strike], fates: list[Fate], more: list[int]) -> None:
    """Said with -rP: of each act, how many strikes hit it in the midst of a writing, between two, or found it at rest, and what was
    there afterwards."""
    told = {act: Counter[str]() for act, _ in strikes}
    for (act, _), fate, kept in zip(strikes, fates, more, strict=True):
        told[act]["in a writing" if fate.in_writing else "between two" if fate.hit else "at rest"] += 1
        told[act].update({"beeps": fate.beeps, "there": kept})
    for act, counts in told.items():
        print(act, dict(counts))


def held(page: Page, bug: str) -> set[str]:
    """What the phone holds that a beep may stand for."""
    found = page.evaluate(LYING)
    assert bug or (found["numbers"], found["wrong"]) == (list(range(1, found["newest"] + 1)), [])
    return {*found["things"]}


@pytest.mark.parametrize("strikes", SHIFTS, ids=range(len(SHIFTS)))
def test_every_beep_is_there_after_the_browser_was_killed(
    world: World, host: Host, handset: Handset, camera: Camera, strikes: list[Strike]
) -> None:
    assert lost(world, host, handset, camera, strikes) == []


def test_a_beep_before_the_write_is_caught(world: World, host: Host, handset: Handset, camera: Camera) -> None:
    assert lost(world, host, handset, camera, [("miss", "beep")], BEHIND) != []
