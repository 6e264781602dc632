"""Every page of every role, in its states, as a reader with other eyes meets it: on a narrow screen, at twice the
text, in their own colours, by keyboard, with names of a hundred letters. The courier's phone is walked at twice the text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from app.db import atomically, db, now
from app.domain import (
    booking,
    calendar,
    counter,
    dispatch,
    editions,
    imports,
    invitations,
    numbers,
    procedures,
    remittances,
    staff,
    upkeep,
    visits,
)
from app.domain.packets import Packet, Way
from app.domain.people import Citizen, User
from app.domain.procedures import Carriage
from tests.conftest import signing_in
from tests.domain import test_money as till
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.sight import CROWDED, SPACED, TWICE, UNRINGED, UNTOLD, read_in, wider
from tests.e2e.test_courier import plan
from tests.e2e.test_courier import sign_in as take_phone
from tests.views.test_desk import received
from tests.views.test_desk import url as at_desk
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")

LONG = "Nguyenphuchoangthiquynhanhthutruongnguyendanghuynhthikimngancongtangtonnudiemhuongngocbichthuyvananh"
ENGLISH = re.compile(r"\b(the|and|of|you|your|is|are|not|with|for|from)\b", re.IGNORECASE)

# The camera's words stand clear of the bar at the thumb, and within the picture.
COVERED = """() => { const [words, picture, bar] = ['#scan-says', '.finder', 'footer'].map((each) => document.querySelector(each).getBoundingClientRect());
  return Math.max(words.bottom - bar.top, picture.top - words.top); }"""

SPOKEN = """() => { const copy = document.body.cloneNode(true);
  copy.querySelectorAll('[lang=en], script, noscript, template').forEach((e) => e.remove()); return copy.textContent; }"""


def faults(page: Page, usual: int) -> Iterator[str]:
    """What is wrong with the page as it stands, looked at from all sides, the `usual` width last."""
    widths = (320, 360, 1280, 1920) if usual == 1280 else (320, 360, 1280)
    for width in sorted(widths, key=lambda each: each == usual):
        page.set_viewport_size({"width": width, "height": 740})
        yield from (f"too wide at {width}: {each}" for each in wider(page))
        if width != 320:
            yield from (f"at {width} {each}" for each in read_in(page, TWICE, SPACED))
    yield from (f"axe: {each}" for each in axe_faults(page))
    page.emulate_media(forced_colors="active")
    page.keyboard.press("Tab")
    yield from (f"focus not seen: {each}" for each in page.evaluate(UNRINGED))
    yield from (f"chosen, yet told by its ground alone: {each}" for each in page.evaluate(UNTOLD))
    page.emulate_media(forced_colors="none")
    yield from (f"English: {each.group()}" for each in ENGLISH.finditer(page.evaluate(SPOKEN)))


class Eyes:
    """A browser of one person, who looks at page after page and remembers what is wrong with each."""

    def __init__(self, browser: Browser, site: Site, client: FlaskClient | None = None) -> None:
        context = browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", bypass_csp=True)
        cookie = client.get_cookie("hs") if client else None
        if cookie:
            context.add_cookies([{"name": "hs", "value": cookie.value, "url": site.url}])
        self.page, self.site, self.found = context.new_page(), site, dict[str, list[str]]()
        self.usual = 1280 if client else 360

    def look(self, *paths: str, press: str = "") -> None:
        for path in paths:
            self.page.goto(self.site.url + path)
            if press:
                with self.page.expect_navigation():
                    self.page.locator(press).first.click()
            expect(self.page.locator("h1")).to_have_count(1)
            if wrong := list(faults(self.page, self.usual)):
                self.found[f"{path} {press}"] = wrong


@pytest.fixture
def eyes(browser: Browser, site: Site) -> Iterator[Callable[..., Eyes]]:
    opened: list[Eyes] = []

    def of(user: User | None = None) -> Eyes:
        opened.append(Eyes(browser, site, signing_in(site.app)(user) if user else None))
        return opened[-1]

    yield of
    for each in opened:
        each.page.context.close()
    found = [f"{path}: {wrong}" for each in opened for path, wrongs in each.found.items() for wrong in wrongs]
    assert not found, "\n".join(found)


def give_long_names() -> None:
    def rename() -> None:
        for number, citizen in enumerate(db.session.query(Citizen), start=12):  # a home each: one home is one stop
            citizen.name, citizen.street = LONG, f"Số {number}, {LONG}"

    atomically(rename)


def at_the_desk(world: World, client: FlaskClient, steps: int) -> Packet:
    """A packet the ward has received and brought `steps` further: to the form that comes next."""
    packet = received(world, client)
    ways: list[tuple[str, dict[str, Any]]] = [
        ("accept", {"code": f"H29.17-261123-{steps:04d}", "due_on": "2099-01-05"}),
        ("ready", {"head": "", "papers-0-name": LONG, "papers-0-form": "original", "papers-0-sheets": "1"}),
    ]
    for act, values in ways[:steps]:
        assert client.post(at_desk(packet, act), data=values).status_code == 302, act
    return packet


def test_a_citizens_pages(world: World, site: Site, eyes: Callable[..., Eyes]) -> None:
    waiting, cancelled, carried = world.packet(), world.packet(), world.collected(world.phone())
    atomically(booking.cancel, cancelled.dossier, world.act(None))
    result = world.packet(Way.OUT)
    give_long_names()
    link = f"/t/{waiting.dossier.secret}"
    citizen = eyes()
    citizen.look(
        "/", "/book", "/book?q=khai+sinh", "/book?q=zzz", "/book/check", "/procedures/1.004859", "/procedures/1.000894",
        link, f"{link}/booked", f"{link}/move", f"{link}/cancel", f"/t/{cancelled.dossier.secret}",
        f"/t/{carried.dossier.secret}", f"/t/{result.dossier.secret}", "/track", "/s/XXXX", "/sign-in", "/demo/",
        "/demo/inbox", "/nowhere", "/t/AAAAAAAAAAAAAAAA", "/help", "/privacy", "/accessibility", f"/t/{carried.dossier.secret}/looks",
    )  # fmt: skip
    citizen.look("/track", "/sign-in", press="main form button.button")


def test_the_pages_of_counter_and_dispatch(world: World, site: Site, eyes: Callable[..., Eyes]) -> None:
    atomically(numbers.load_pool, "RZ", 1, 999, MONDAY, is_test=True)
    waiting, planned, carried = world.packet(), world.packet(), world.collected(world.phone())
    kept, _paid = world.packet(Way.OUT), till.paid(world, world.phone(world.second_courier), till.BANK)
    atomically(counter.hand_in, kept, world.act(world.clerk), kept.head, "NP0045821")
    atomically(counter.send_letter, kept, world.act(world.clerk))
    visit = visits.open_visit(planned.id)
    assert visit
    day = visit.slot.day.isoformat()
    atomically(dispatch.assign, world.post, [visit.id], world.courier.id, world.act(world.dispatcher))
    give_long_names()
    clerk = eyes(world.clerk)
    clerk.look(
        "/office/",
        "/office/?list=call",
        "/office/sorting/",
        f"/office/find?code={LONG[:12]}",
        "/office/find?code=zzz",
        "/desk/",
    )
    clerk.look(*(f"/office/packets/{packet.number}" for packet in (waiting, carried, kept)))
    bag = f"/office/bags/{world.courier.id}"
    signing_in(site.app)(world.clerk).post(f"{bag}/scan", data={"code": carried.number})
    clerk.look("/office/bags/", f"{bag}?last={carried.number}", f"{bag}/{carried.number}")
    clerk.look(f"{bag}/{carried.number}", press="form.card button.button")
    till.settle(world, counted=500, reason="not_known")
    fees = atomically(remittances.hand_over, world.desk.id, world.act(world.clerk), "k" * 32, 15_000)
    clerk.look("/office/fees/", "/office/money/", f"/office/money/day/{MONDAY:%Y-%m-%d}")
    eyes(world.officer).look("/desk/fees/", f"/desk/fees/{fees.number}")
    clerk.look(f"/office/packets/{waiting.number}", press="form.card button.button")
    eyes(world.dispatcher).look(
        f"/dispatch/{day}", "/dispatch/2027-01-04", "/exceptions/", f"/dispatch/packets/{planned.number}/time",
        f"/dispatch/{calendar.today(now()) + timedelta(days=1)}/relief/{world.courier.id}", f"/corrections/{carried.number}",
    )  # fmt: skip
    eyes(world.supervisor).look("/exceptions/", "/reports/?period=2026-4", "/reports/?period=2020-1&by=procedure")
    admin = eyes(world.admin)
    admin.look("/admin/numbers", "/admin/papers")
    look_at_the_catalogue(world, admin)
    eyes().look(
        f"/password/{atomically(invitations.make, world.clerk, world.act(at=now()))}", press="main form button.button"
    )
    clerk.look("/stickers/")
    clerk.look("/stickers/", press="main form[method=post] button.button")
    admin.look("/admin/numbers", press="main form button.button")


def look_at_the_catalogue(world: World, admin: Eyes) -> None:
    """A draft with a bad field, a version to come, a sheet that waits, one with a bad cell."""
    known = procedures.says(db.session.merge(world.procedure))
    there = Carriage("Đồng Nai", False, False, "QĐ 12/QĐ-UBND", LONG)
    act = world.act(world.admin)
    atomically(editions.issue, "1.004859", replace(known, provinces=(there,)), "1023/QĐ-UBND", date(2027, 1, 1), act)
    atomically(editions.keep, "1.004859", replace(known, lines=known.lines[1:]), 0, act)
    waits = atomically(imports.take, [("1.004859", known), ("1.004194", known)], act).id
    admin.look(
        "/admin/procedures/", "/admin/procedures/?q=zzz", "/admin/procedures/1.004859", "/admin/procedures/1.004859/2",
        "/admin/procedures/1.004859/draft", "/admin/procedures/1.004859/publish", "/admin/sheet/", f"/admin/sheet/{waits}",
    )  # fmt: skip
    admin.look("/admin/procedures/1.004194/draft", press="form[method=post].stack button.button")
    admin.look("/admin/procedures/1.004859", press="form.card .button-quiet")
    admin.look("/admin/sheet/", press="form.card button.button")
    atomically(upkeep.declare, MONDAY.date() + timedelta(days=40), False, LONG, act)
    admin.look(
        "/admin/days/", "/admin/places/", "/admin/places/new", f"/admin/places/{world.desk.code}", "/admin/wards/new"
    )
    for page in ("/admin/days/", "/admin/places/new", "/admin/wards/new"):
        admin.look(page, press="main form button.button")
    theirs = f"/admin/people/{world.courier.id}"
    admin.look("/admin/people/", "/admin/people/new", theirs, f"{theirs}/end")
    admin.look(theirs, press="form[action$='/link'] button")
    admin.look("/admin/people/new", press="main form button.button")
    for person in (world.courier, world.second_courier):
        atomically(staff.end, person, act, knows=True)
    admin.look(theirs)


def test_the_pages_of_the_ward_desk(world: World, site: Site, eyes: Callable[..., Eyes]) -> None:
    client = signing_in(site.app)(world.officer)
    carried, leaving = world.collected(world.phone()), world.packet(Way.OUT)
    steps = [at_the_desk(world, client, further) for further in range(3)]
    give_long_names()
    officer = eyes(world.officer)
    officer.look("/desk/", "/desk/?list=decide", "/desk/?list=back", at_desk(carried), at_desk(carried, "sheet"))
    officer.look(*(at_desk(packet) for packet in (*steps, leaving)))
    bag = f"/desk/counts/{world.courier.id}"
    client.post(f"{bag}/scan", data={"code": carried.number})
    officer.look("/desk/counts/", bag, f"{bag}/{carried.number}")
    officer.look(f"{bag}?last={carried.number}", press="form.card button.button")
    officer.look(at_desk(steps[0]), press="form.card button.button")
    for packet in steps[:2]:  # each decision that is open has a page of its own
        officer.look(*sorted(set(re.findall(rf"{at_desk(packet)}/case/\w+", client.get(at_desk(packet)).text))))
    record = re.search(r"/desk/records/[\w-]+", client.get(at_desk(steps[0])).text)
    assert record
    officer.look(record[0])


def test_the_couriers_phone_at_twice_the_text(world: World, site: Site, phone: Page) -> None:
    plan(world, *(world.packet() for _ in range(3)))
    give_long_names()
    phone.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%'; })"
    )
    take_phone(phone, site)
    stop = phone.locator(".stop-card a").first.get_attribute("href").split("/")[2]
    found = {}
    for path in ("/", f"/visit/{stop}", f"/visit/{stop}/map", f"/visit/{stop}/failed", f"/type/visit/{stop}", "/take",
                 "/carrying", "/outbox", "/phone", "/unknown/none", f"/scan/visit/{stop}", "/scan"):  # fmt: skip
        phone.goto(f"{site.url}/courier/#{path}")
        expect(phone.locator("h1")).to_be_visible()
        for width in (320, 360):
            phone.set_viewport_size({"width": width, "height": 740})
            if over := wider(phone):
                found[f"{path} at {width}"] = over
        if crowded := phone.evaluate(CROWDED):
            found[f"{path} for a thumb"] = crowded
        phone.emulate_media(forced_colors="active")
        phone.keyboard.press("Tab")
        if unringed := phone.evaluate(UNRINGED):
            found[f"{path} by keyboard"] = unringed
        phone.emulate_media(forced_colors="none")
    expect(phone.get_by_text("Đưa mã vào khung")).to_be_visible(timeout=30_000)
    for height in (640, 740):
        phone.set_viewport_size({"width": 360, "height": height})
        assert phone.evaluate(COVERED) <= 0, height
    phone.evaluate("document.documentElement.style.fontSize = ''")
    phone.goto(f"{site.url}/courier/#/")
    expect(phone.locator(".later li").nth(1)).to_be_visible()
    assert phone.evaluate(CROWDED) == []
    assert found == {}
