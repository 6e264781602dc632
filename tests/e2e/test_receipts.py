"""The phone believes a receipt and nothing else: whatever answers in between, every scan arrives in the end."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, Response, Route, expect
from werkzeug.exceptions import RequestEntityTooLarge

from app.api import bodies
from app.api import scans as door
from app.db import db
from app.domain import tokens
from app.domain.packets import Packet
from app.domain.scans import ScanRow
from app.errors import Invalid
from bench.phone import QUEUE
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.test_courier import plan, press, sign_in, unlock
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")
ANSWERED = "**/api/v1/scans"


def recorded() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) or 0


def miss(page: Page) -> None:
    """The next home: nobody there. One scan."""
    to_the_verdict(page)
    page.locator("#on").click()  # its word depends on the verdict, which may come meanwhile


def to_the_verdict(page: Page) -> None:
    press(page, "Đã tới cửa")
    press(page, "Chưa nhận được")
    page.get_by_label("Không có ai ở nhà").check()
    page.get_by_label("Hẹn ngày khác").check()
    press(page, "Ghi và nhắn người dân")


def until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come")


def counts(page: Page, kept: int, arrived: int, person: int = 0) -> None:
    for name, count in (("kept", kept), ("arrived", arrived), ("person", person)):
        expect(page.locator(f"#sync-{name} b")).to_have_text(str(count), timeout=15_000)


def counted(page: Page) -> list[str]:
    return [page.locator(f"#sync-{name} b").inner_text() for name in ("kept", "arrived", "person")]


def sent_sizes(page: Page) -> list[tuple[int, int]]:
    """Filled as answers come: their status, and how many scans had been sent."""
    sizes: list[tuple[int, int]] = []

    def note(answer: Response) -> None:
        if answer.url.endswith("/api/v1/scans"):
            sizes.append((answer.status, len(answer.request.post_data_json["scans"])))

    page.on("response", note)
    return sizes


def on_round(world: World, site: Site, page: Page, homes: int = 1) -> None:
    plan(world, *(world.packet() for _ in range(homes)))
    sign_in(page, site)
    expect(page.get_by_role("link", name="Đã tới cửa").first).to_be_visible()


def send_now(page: Page) -> None:
    page.locator("#sync-kept").click()
    press(page, "Gửi ngay")
    page.get_by_role("link", name="Quay lại").click()


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Route], None]:
    """A hand between phone and server that lets everything through but alters the answer."""

    def handle(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        change(said)
        route.fulfill(status=answer.status, content_type="application/json", body=json.dumps(said))

    return handle


def flip(said: dict[str, Any]) -> None:
    for result in said["results"]:
        signature = bytearray(base64.b64decode(result["receipt"]))
        signature[20] ^= 1
        result["receipt"] = base64.b64encode(signature).decode()


def each_result(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda said: [result.update(values) for result in said["results"]]


def portal(route: Route) -> None:
    route.fulfill(status=200, content_type="text/html", body="<title>Free WiFi</title>")


def liar(route: Route) -> None:
    """Somebody who knows how our answers look, and has not our key."""
    sent = route.request.post_data_json["scans"]
    assert isinstance(sent, list)
    results = [{"digest": "0" * 64, "verdict": "applied", "why": None, "receipt": "AAAA"} for _ in sent]
    later = [{"digest": "0" * 64, "nth": 2, "verdict": "applied", "why": None}]
    route.fulfill(json={"server_time": "2026-01-01T00:00:00Z", "server_sig": "", "results": results, "later": later})


HANDS: dict[str, Callable[[Route], None]] = {
    "no receipt": changed(each_result(receipt=None)),
    "one bit of the receipt differs": changed(flip),
    "not base64": changed(each_result(receipt="…")),
    "another moment": changed(each_result(recorded_at="2026-01-01T00:00:00.000000Z")),
    "a key nobody told": changed(lambda said: said.update(receipt_key=9)),
    "another checkpoint": changed(lambda said: said.update(checkpoint="another log")),
    "a captive portal": portal,
    "a redirect": lambda route: route.fulfill(status=302, headers={"Location": "https://portal.invalid/"}),
    "a liar": liar,
}


def test_without_a_good_receipt_a_scan_stays_on_the_phone(world: World, site: Site, phone: Page) -> None:
    on_round(world, site, phone)
    between: list[Callable[[Route], None]] = [portal]
    touched: list[Callable[[Route], None]] = []

    def handle(route: Route) -> None:
        touched.append(between[0])
        between[0](route)

    phone.route(ANSWERED, handle)
    miss(phone)
    for name, hand in HANDS.items():
        between[0] = hand
        for _ in range(100):
            send_now(phone)
            phone.wait_for_timeout(100)
            if hand in touched:
                break
        assert hand in touched, name
        phone.wait_for_timeout(300)
        assert (name, counted(phone)) == (name, ["1", "0", "0"])
    between[0] = lambda route: route.continue_()
    send_now(phone)
    counts(phone, kept=0, arrived=1)
    assert recorded() == 1


def test_an_answer_that_gives_receipts_for_some_makes_those_safe_and_asks_again_for_the_rest(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    on_round(world, site, phone, homes=3)
    context.set_offline(True)
    for _ in range(3):
        miss(phone)

    def only_the_second(said: dict[str, Any]) -> None:
        for result in said["results"][:1] + said["results"][2:]:
            result["receipt"] = None

    phone.route(ANSWERED, changed(only_the_second), times=1)
    sizes = sent_sizes(phone)
    context.set_offline(False)
    counts(phone, kept=0, arrived=3)
    assert [size for _, size in sizes if size] == [3, 2]


def test_somebody_elses_answers_are_said_to_be_so_after_three(world: World, site: Site, phone: Page) -> None:
    on_round(world, site, phone)
    phone.route(ANSWERED, portal)
    miss(phone)
    expect(phone.get_by_text("Mạng này trả lời thay bưu điện")).to_be_visible(timeout=15_000)
    phone.unroute_all(behavior="wait")
    send_now(phone)
    counts(phone, kept=0, arrived=1)
    expect(phone.get_by_text("Mạng này trả lời thay bưu điện")).to_be_hidden()


def test_a_batch_that_is_too_large_is_halved_until_all_have_arrived(
    world: World, site: Site, phone: Page, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BATCH", 2)
    came: list[int] = []
    read = door.read

    def noting(item: Any) -> Any:
        scan = read(item)
        came.append(scan.n)
        return scan

    monkeypatch.setattr(door, "read", noting)
    on_round(world, site, phone, homes=5)
    context.set_offline(True)
    for _ in range(5):
        miss(phone)
    sizes = sent_sizes(phone)
    context.set_offline(False)
    counts(phone, kept=0, arrived=5)
    assert [each for each in sizes if each[1]] == [(413, 5), (413, 3), (200, 2), (200, 2), (200, 1)]
    assert came == [1, 2, 3, 4, 5]  # in the order in which they were written
    assert recorded() == 5


def refusing(monkeypatch: pytest.MonkeyPatch, n: int, why: Exception) -> Any:
    """The server reads every scan of the phone but its `n`th. How it reads them all comes back."""
    honest = door.read

    def strict(item: Any) -> Any:
        scan = honest(item)
        if scan.n == n:
            raise why
        return scan

    monkeypatch.setattr(door, "read", strict)
    return honest


def test_one_scan_nobody_can_read_is_shown_red_and_the_others_go_on(
    world: World, site: Site, phone: Page, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_round(world, site, phone, homes=3)
    context.set_offline(True)
    for _ in range(3):
        miss(phone)
    refusing(monkeypatch, 2, Invalid("scan_unreadable"))
    context.set_offline(False)
    counts(phone, kept=0, arrived=2, person=1)
    phone.locator("#sync-person").click()
    expect(phone.locator("#main li.tone-danger")).to_contain_text("Cần người xem")
    assert phone.locator("#main li").count() == 3 and axe_faults(phone) == []
    codes = [tokens.b32(packet.code) for packet in db.session.scalars(sa.select(Packet))]
    phone.evaluate(QUEUE, [120, codes])  # two days' work later
    phone.goto(f"{site.url}/courier/#/")
    phone.reload()
    unlock(phone)
    phone.locator("#sync-person").click()
    expect(phone.locator("#main li").first).to_have_class("tone-danger")


def test_one_scan_that_is_too_large_is_a_persons_and_goes_again_when_somebody_asks(
    world: World, site: Site, phone: Page, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays as it was signed, is told, tried once at each opening and each tap, and holds back nothing."""
    on_round(world, site, phone, homes=6)
    context.set_offline(True)
    for _ in range(5):
        miss(phone)
    honest = refusing(monkeypatch, 2, RequestEntityTooLarge())
    sizes = sent_sizes(phone)
    context.set_offline(False)
    counts(phone, kept=0, arrived=4, person=1)
    assert [each for each in sizes if each[1]] == [
        (413, 5), (413, 3), (413, 2), (200, 1), (413, 1), (200, 1), (200, 2),
    ]  # fmt: skip
    sizes.clear()
    miss(phone)
    counts(phone, kept=0, arrived=5, person=1)
    for _ in range(3):
        phone.evaluate("window.dispatchEvent(new Event('online'))")
        phone.wait_for_timeout(300)
    assert 413 not in [status for status, _ in sizes]
    expect(phone.locator(".strip")).to_contain_text("Có lượt quét quá lớn")
    assert axe_faults(phone) == []
    phone.locator("#sync-person").click()
    expect(phone.locator("#main li.tone-danger")).to_have_count(1)
    expect(phone.locator("#main li").first).to_contain_text("Quá lớn, bưu cục không nhận vào được")
    assert axe_faults(phone) == []
    with phone.expect_response(lambda answer: answer.url.endswith("/scans") and answer.status == 413):
        press(phone, "Gửi ngay")
    with phone.expect_download() as saved:
        press(phone, "Ghi ra tệp")
    [body] = [body for body, status in stored(phone) if status == "kept"]
    assert [each["body"] for each in json.loads(saved.value.path().read_text())["scans"]] == [body]
    phone.locator("#main li a").first.click()
    expect(phone.locator("#main")).to_contain_text("Quá lớn")
    assert axe_faults(phone) == []
    with phone.expect_response(lambda answer: answer.url.endswith("/scans") and answer.status == 413):
        phone.reload()
    unlock(phone)
    phone.goto(f"{site.url}/courier/#/")
    counts(phone, kept=0, arrived=5, person=1)
    assert [status for status, size in sizes if size] == [200, 413, 413]  # the new one, a tap, an opening
    monkeypatch.setattr(door, "read", honest)
    phone.reload()
    unlock(phone)
    counts(phone, kept=0, arrived=6)
    assert recorded() == 6 and [each for each, _ in stored(phone)][1] == body


def stored(page: Page) -> list[list[str]]:
    """Every scan of the phone, byte for byte, and where it is said to be."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target: { result: db } }) => {
          db.transaction("outbox").objectStore("outbox").getAll().onsuccess = ({ target }) => {
            done(target.result.map(({ body, status }) => [body, status])); db.close(); }; }; })"""
    )


@pytest.mark.parametrize(
    ("answers", "is_final"),
    [([401, 403, 404, 409, 429, 500, 503], False), ([415], True), ([400], True)],
    ids=["may pass", "no such kind", "no such words"],
)
def test_no_refusal_costs_a_scan(
    world: World, site: Site, phone: Page, context: BrowserContext, answers: list[int], is_final: bool
) -> None:
    """Whatever the answer, the scan stays on the phone as it was signed; what can never arrive is told and shown red."""
    on_round(world, site, phone)
    context.set_offline(True)
    miss(phone)
    [[body, _]] = stored(phone)
    answer = answers[:1]
    phone.route(ANSWERED, lambda route: route.fulfill(status=answer[0], content_type="application/json", body="{}"))
    with phone.expect_response(ANSWERED):
        context.set_offline(False)
    for answer[0] in answers[1:]:
        with phone.expect_response(ANSWERED):
            send_now(phone)
        counts(phone, kept=1, arrived=0)
        assert stored(phone) == [[body, "kept"]], answer
    counts(phone, kept=0 if is_final else 1, arrived=0, person=1 if is_final else 0)
    phone.unroute(ANSWERED)
    phone.reload()
    unlock(phone)
    counts(phone, kept=0, arrived=0 if is_final else 1, person=1 if is_final else 0)
    assert stored(phone) == [[body, "person" if is_final else "arrived"]]
    if is_final:
        phone.locator("#sync-person").click()
        expect(phone.locator("#main li.tone-danger")).to_contain_text("Cần người xem")


HASTY = "AbortSignal.patient ??= AbortSignal.timeout; AbortSignal.timeout = (ms) => AbortSignal.patient(ms / 40);"
PATIENT = "AbortSignal.timeout = AbortSignal.patient;"


def test_a_line_that_takes_everything_and_answers_nothing_holds_nothing_up(
    world: World, site: Site, phone: Page
) -> None:
    """Half a second of the phone's patience here is twenty outside; what was not answered goes again in smaller parts."""
    on_round(world, site, phone, homes=3)
    phone.evaluate(HASTY)
    tries: list[int] = []
    phone.route(ANSWERED, lambda route: tries.append(len(route.request.post_data_json["scans"])))
    for kept in (1, 2, 3):
        miss(phone)
        counts(phone, kept=kept, arrived=0)
    while len(tries) < 2 or tries[-1] == 3:
        send_now(phone)
        phone.wait_for_timeout(300)
        assert len(tries) < 20, tries
    phone.evaluate(PATIENT)
    phone.unroute_all(behavior="ignoreErrors")
    counts(phone, kept=0, arrived=3)


def test_a_tap_counts_though_the_answer_comes_while_the_finger_is_down(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    on_round(world, site, phone, homes=2)
    context.set_offline(True)
    to_the_verdict(phone)
    on = phone.locator("#on")
    on.hover()
    phone.mouse.down()
    with phone.expect_response(ANSWERED):
        context.set_offline(False)
    phone.wait_for_timeout(500)  # what it says has long been drawn, if anybody draws under a finger
    phone.mouse.up()
    expect(phone).to_have_url(f"{site.url}/courier/#/")
    counts(phone, kept=0, arrived=1)


def test_the_way_back_is_open_while_what_was_sent_by_hand_is_answered(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    on_round(world, site, phone)
    context.set_offline(True)
    miss(phone)
    phone.locator("#sync-kept").click()
    held: list[Route] = []
    phone.route(ANSWERED, lambda route: held.append(route))
    context.set_offline(False)
    press(phone, "Gửi ngay")
    back = phone.get_by_role("link", name="Quay lại")
    back.hover()
    phone.mouse.down()
    until(phone, lambda: bool(held))
    for route in held:
        route.continue_()
    phone.unroute_all(behavior="wait")
    phone.wait_for_timeout(500)
    phone.mouse.up()
    expect(phone).to_have_url(f"{site.url}/courier/#/")
    counts(phone, kept=0, arrived=1)


def test_an_answer_that_comes_late_leaves_whoever_has_gone_on_where_they_are(
    world: World, site: Site, phone: Page
) -> None:
    """The start of a round, answered when the courier already types a number: no letter is lost."""
    plan(world, world.packet(), started=False)
    sign_in(phone, site)
    held: list[Route] = []
    phone.route("**/start", lambda route: held.append(route))
    press(phone, "Bắt đầu tuyến")
    until(phone, lambda: bool(held))
    phone.goto(f"{site.url}/courier/#/type")
    field = phone.get_by_label("Số trên phiếu")
    field.fill("2611")
    held[0].continue_()
    phone.unroute_all(behavior="wait")
    phone.wait_for_timeout(500)
    expect(phone).to_have_url(f"{site.url}/courier/#/type")
    expect(field).to_have_value("2611")


def test_a_server_one_version_ahead_or_behind_costs_no_scan(world: World, site: Site, phone: Page) -> None:
    """Words it does not know yet, or does not say any more, are no reason to stop; a verdict nobody knows is a person's."""

    def other(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        for name in (
            "money",
            "unsigned",
            "ahead",
            "slots",
            "revoked_slips",
            "revoked_devices",
            "phone",
            "texts",
            "later",
            "missing",
        ):
            told.pop(name, None)
        told["novelty"] = {"of": "tomorrow"}
        for result in told.get("results", ()):
            result |= {"verdict": "pondered", "novelty": 1} if result["seq"] == 1 and len(tried) == 1 else {}
            tried.append(result["digest"])
        if "steps" in told:
            told["steps"].append(told["steps"][0] | {"event": "teleport", "from": "ELSEWHERE"})
        route.fulfill(response=answer, json=told)

    tried: list[str] = []
    phone.route("**/api/v1/day*", other)
    phone.route(ANSWERED, other)
    on_round(world, site, phone, homes=2)
    miss(phone)
    counts(phone, kept=0, arrived=1)
    miss(phone)
    counts(phone, kept=0, arrived=1, person=1)
    for path in ("take", "carrying", "outbox", "money", "phone"):
        phone.goto(f"{site.url}/courier/#/{path}")
        expect(phone.locator("main")).to_be_visible()
    assert recorded() == 2
    phone.unroute_all(behavior="wait")


def test_a_phone_that_is_asked_to_wait_waits_and_then_sends(world: World, site: Site, phone: Page) -> None:
    on_round(world, site, phone)
    tries: list[float] = []

    def busy(route: Route) -> None:
        tries.append(0)
        route.fulfill(status=429, headers={"Retry-After": "4", "Content-Type": "application/problem+json"}, body="{}")

    phone.route(ANSWERED, busy)
    with phone.expect_response(ANSWERED):
        miss(phone)
    send_now(phone)
    phone.wait_for_timeout(2000)
    assert len(tries) == 1
    phone.unroute_all(behavior="wait")
    counts(phone, kept=0, arrived=1)


# Scans of long ago, put beside the phone's own: [name, days since the receipt or null, status, seen under a checkpoint since].
LONG_AGO = """scans => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  const tx = target.result.transaction(["devices", "outbox"], "readwrite");
  const [devices, outbox] = [tx.objectStore("devices"), tx.objectStore("outbox")];
  const day = 86400000, ago = (days) => new Date(Date.now() - days * day).toISOString();
  outbox.getAll().onsuccess = ({ target: { result: [own] } }) => {
    devices.get(own.device).onsuccess = ({ target: { result: device } }) => {
      devices.put({ ...device, pinned: Date.now() });
      devices.put({ ...device, device: "another", token: "none", pinned: 0 });
    };
    scans.forEach(([name, days, status, seen, picture], at) => outbox.put({ ...own, extras: picture ? { photo_sha256: picture } : null, device: seen ? own.device : "another", n: 900 + at,
      digest: name, status, at: ago(days ?? 60), recorded_at: days ? ago(days) : null }));
  };
  tx.oncomplete = () => { target.result.close(); done(); }; }; })"""
LEFT = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target }) => {
  target.result.transaction("outbox").objectStore("outbox").getAll().onsuccess = ({ target: { result } }) => {
    target.result.close?.(); done(result.map((row) => row.digest)); }; }; })"""


DEVICE = """() => new Promise((done) => { indexedDB.open("courier").onsuccess = ({ target: { result: db } }) => {
  db.transaction("devices").objectStore("devices").getAllKeys().onsuccess = ({ target }) => { db.close(); done(target.result[0]); }; }; })"""


# Beside them: {database: {store: rows}}; dates are told as days ago.
PUT = """told => Promise.all(Object.entries(told).map(([name, stores]) => new Promise((done) => { indexedDB.open(name).onsuccess = ({ target: { result: db } }) => {
  const tx = db.transaction(Object.keys(stores), "readwrite");
  const dated = (row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === "number" ? new Date(Date.now() - value * 86400000).toISOString() : value]));
  for (const [store, rows] of Object.entries(stores)) for (const row of rows) tx.objectStore(store).put(dated(row));
  tx.oncomplete = () => { db.close(); done(); }; }; })))"""
KEYS = """told => Promise.all(Object.entries(told).flatMap(([name, stores]) => Object.keys(stores).map((store) => new Promise((done) => {
  indexedDB.open(name).onsuccess = ({ target: { result: db } }) => { db.transaction(store).objectStore(store).getAllKeys().onsuccess = ({ target }) => { db.close(); done(target.result); }; }; }))))"""
LIST: dict[str, Any] = {"device": "", "place": "", "name": "", "expected": [], "found": {}, "apart": [], "receipt": None, "why": None}  # fmt: skip
OFFER: dict[str, Any] = {"device": "", "side": "giver", "peer": None, "party": "", "packets": [], "taken": {}, "over": True}  # fmt: skip
WORD: dict[str, Any] = {"device": "", "body": "bm8ganNvbg==", "sig": "", "code": "", "number": "HS-1", "sent": True}
BESIDE: dict[str, dict[str, list[dict[str, Any]]]] = {
    "courier": {
        "photos": [
            {"sha256": "had for 31 days", "status": "arrived", "arrived": 31},
            {"sha256": "had for 29 days", "status": "arrived", "arrived": 29},
            {"sha256": "refused", "status": "person", "at": 60},
        ]
    },
    "courier-lists": {
        "lists": [
            LIST | {"key": "written 31 days ago", "way": "take", "closed": 40, "written": 31, "receipt": "BB-1"},
            LIST | {"key": "written 29 days ago", "way": "take", "closed": 40, "written": 29, "receipt": "BB-2"},
            LIST | {"key": "given 31 days ago", "way": "give", "closed": 31},
            LIST | {"key": "refused", "way": "take", "closed": 60, "why": "other"},
            LIST | {"key": "open", "way": "give", "at": 60, "closed": None},
        ]
    },
    "courier-peers": {
        "offers": [
            OFFER | {"key": "of 31 days", "at": 31},
            OFFER | {"key": "of 29 days", "at": 29},
            OFFER | {"key": "of what is not told", "at": 60, "taken": {"": "nobody can read it"}},
        ],
        "words": [
            WORD | {"digest": "told 31 days ago", "at": 40, "received": 31},
            WORD | {"digest": "told 29 days ago", "at": 40, "received": 29},
            WORD | {"digest": "nobody can read it", "at": 60, "sent": False},
        ],
    },
}


def test_only_what_the_post_has_had_for_thirty_days_and_is_under_a_checkpoint_is_let_go(
    world: World, site: Site, phone: Page
) -> None:
    """Scans, and as long what lies beside them: lists, words of other phones, names of pictures. What was refused stays, is
    shown red, and a word nobody can read is not told again."""
    on_round(world, site, phone)
    miss(phone)
    counts(phone, kept=0, arrived=1)
    stays = [
        ["29 days", 29, "arrived", True],
        ["no checkpoint", 31, "arrived", False],
        ["a person's", 31, "person", True],
        ["its picture was refused", 31, "arrived", True, "refused"],
    ]
    phone.evaluate(LONG_AGO, [*stays, ["31 days", 31, "arrived", True]])
    phone.evaluate(PUT, BESIDE)
    with phone.expect_response(lambda answer: answer.url.endswith("/api/v1/scans") and answer.status == 400):
        phone.reload()
    unlock(phone)
    expect(phone.locator("#sync-arrived b")).to_have_text("3")
    left = set(phone.evaluate(LEFT))
    assert {name for name, *_ in stays} <= left and "31 days" not in left and len(left) == 5
    assert phone.evaluate(KEYS, BESIDE) == [
        ["had for 29 days", "refused"],
        ["open", "refused", "written 29 days ago"],
        ["of 29 days", "of what is not told"],
        ["nobody can read it", "told 29 days ago"],
    ]
    sent: list[Any] = []
    phone.on("request", lambda request: sent.extend(request.post_data_json["scans"]) if request.url.endswith("/scans") else None)  # fmt: skip
    expect(phone.locator("#sync-person b")).to_have_text(
        "4"
    )  # with the word, the list, and the scan whose picture was refused
    phone.locator("#sync-person").click()
    expect(phone.locator("#main li.tone-danger")).to_have_count(3)
    expect(phone.locator("#main li.tone-danger").first).to_contain_text("HS-1")
    press(phone, "Gửi ngay")
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.wait_for_timeout(500)
    assert sent == []


def test_what_lies_beside_the_scans_and_is_too_large_is_a_persons_too(world: World, site: Site, phone: Page) -> None:
    """A word of another phone, a list of a bag: each is told, and goes again at an opening or a tap; money is counted anew."""
    on_round(world, site, phone)
    miss(phone)
    counts(phone, kept=0, arrived=1)
    device = phone.evaluate(DEVICE)
    word = WORD | {"digest": "large", "at": 1, "sent": False}
    bag = LIST | {
        "key": "large" * 4,
        "device": device,
        "way": "take",
        "place": "p1",
        "name": "Dĩ An",
        "at": 1,
        "closed": 1,
    }
    count = {"key": "large" * 4, "device": device, "amount": "52000", "at": 0.01, "sig": "", "state": "kept"}
    phone.evaluate(
        PUT,
        {"courier-peers": {"words": [word]}, "courier-lists": {"lists": [bag]}, "courier-till": {"counts": [count]}},
    )
    tried: list[str] = []

    def too_much(route: Route) -> None:
        sent = route.request.post_data_json
        if route.request.url.endswith("/scans") and not any(each["body"] == WORD["body"] for each in sent["scans"]):
            return route.continue_()
        if not route.request.url.endswith("/money"):
            tried.append(route.request.url.rpartition("/")[2])
        return route.fulfill(status=413, content_type="application/problem+json", body='{"key": "too_large"}')

    def tries(count: int) -> None:
        for _ in range(50):
            if len(tried) >= count:
                break
            phone.wait_for_timeout(100)
        phone.evaluate("window.dispatchEvent(new Event('online'))")
        phone.wait_for_timeout(500)
        assert sorted(tried) == ["manifests"] * (count // 2) + ["scans"] * (count // 2)

    for path in (ANSWERED, "**/api/v1/manifests", "**/api/v1/money"):
        phone.route(path, too_much)
    phone.reload()
    unlock(phone)
    counts(phone, kept=0, arrived=1, person=2)
    tries(2)
    phone.goto(f"{site.url}/courier/#/money")
    expect(phone.locator("#told-count")).to_contain_text("Chưa ghi được số đếm")
    phone.goto(f"{site.url}/courier/#/")
    phone.locator("#sync-person").click()
    expect(phone.locator("#main li.tone-danger")).to_have_count(2)
    expect(phone.locator("#main li").first).to_contain_text("Quá lớn, bưu cục không nhận vào được")
    expect(phone.locator("#main li").nth(1)).to_contain_text("Danh sách túi lấy từ Dĩ An")
    assert axe_faults(phone) == []
    press(phone, "Gửi ngay")
    tries(4)
    phone.reload()
    unlock(phone)
    tries(6)


# The dice of a page are set and its waits noted; a long one is a thousand times shorter here than outside.
WATCHED = """window.waits = []; window.dice = 0.5; Math.random = () => window.dice;
window.setTimeout = ((plain) => (work, ms = 0, ...rest) => {
  window.waits.push(Math.round(ms));
  return plain(work, ms >= 400 ? ms / 1000 : ms, ...rest);
})(window.setTimeout);"""


def test_a_phone_waits_longer_after_each_failure_never_more_than_five_minutes_by_dice_and_begins_anew(
    world: World, site: Site, phone: Page
) -> None:
    """The wait is drawn between nothing and a bound that doubles up to five minutes: half of it at half the dice."""
    phone.add_init_script(WATCHED)
    on_round(world, site, phone, homes=2)

    def waits_grow(*wanted: int) -> None:
        """These waits come, in this order."""
        phone.wait_for_function(
            "wanted => { let at = 0; for (const ms of window.waits) if (ms === wanted[at]) at += 1; return at === wanted.length; }",
            arg=list(wanted),
        )

    phone.route(ANSWERED, lambda route: route.abort())
    miss(phone)
    waits_grow(1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 150_000, 150_000)
    phone.evaluate("window.dice = 0.1")
    waits_grow(150_000, 30_000, 30_000)
    phone.evaluate("window.waits = []; window.dice = 0.9")
    waits_grow(270_000, 270_000)
    phone.unroute_all(behavior="wait")
    counts(phone, kept=0, arrived=1)
    phone.evaluate("window.waits = []; window.dice = 0.5")
    phone.route(ANSWERED, lambda route: route.abort())
    miss(phone)
    waits_grow(1_000, 2_000, 4_000)


def test_a_page_that_is_too_old_says_so_and_loses_nothing(
    world: World, site: Site, phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_round(world, site, phone)
    monkeypatch.setattr(bodies, "OLDEST_APP", 99)
    miss(phone)
    expect(phone.get_by_text("Cần bản mới hơn")).to_be_visible()
    counts(phone, kept=1, arrived=0)
    monkeypatch.setattr(bodies, "OLDEST_APP", 1)
    phone.reload()
    unlock(phone)
    counts(phone, kept=0, arrived=1)


def test_a_page_too_old_for_its_first_day_says_so(
    world: World, site: Site, phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.route(ANSWERED, lambda route: route.abort())
    sign_in(phone, site)
    monkeypatch.setattr(bodies, "OLDEST_APP", 99)
    phone.reload()
    unlock(phone)
    expect(phone.get_by_text("Cần bản mới hơn")).to_be_visible()
