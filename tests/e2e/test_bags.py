"""A whole bag in one go: the camera stays open, the counter counts, what is missing and what is too many stands there."""

from functools import partial

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

import labels
from app.db import db
from app.domain import manifests, slips
from app.domain.manifests import LineResult, Manifest, Side
from app.domain.packets import Packet, State, Way
from tests.e2e.conftest import HEIGHT, WIDTH, Camera, Site, at_counter, axe_faults, printed
from tests.e2e.test_courier import press, sign_in, unlock
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does; the domain's part runs on both


def show_bag(camera: Camera, listed: list[Packet]) -> None:
    """Slip after slip comes into view, a second each, then all of them again: as they lie in a bag."""
    frames = []
    for packet in listed:
        frame = camera.desk()
        paper = printed(labels.render("slip", [slips.slip_of(packet, "http://localhost:8000")]))
        frame.paste(paper, ((WIDTH - paper.width) // 2, (HEIGHT - paper.height) // 2))
        frames += [camera.desk()] + [frame] * 5
    camera.show(*frames)


def carried(world: World, count: int, user: object = None) -> list[Packet]:
    phone = world.phone(user)  # type: ignore[arg-type]
    return [world.collected(phone) for _ in range(count)]


def test_a_shifts_bag_is_handed_in_with_one_missing_and_one_too_many(
    world: World, site: Site, phone: Page, camera: Camera, context: BrowserContext
) -> None:
    own, foreign = carried(world, 4), carried(world, 1, world.second_courier)[0]
    here, lost = own[:3], own[3]
    show_bag(camera, [*here, foreign])
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/carrying")
    press(phone, "Nộp ở Bưu cục Dĩ An (4)")
    phone.get_by_label("Hoặc gõ số").fill("HS-")
    expect(phone.locator("#tally")).to_have_text("3 / 4", timeout=60_000)
    assert phone.evaluate("document.activeElement.id") == "number"  # what the camera sees takes nobody's keyboard away
    expect(phone.get_by_label("Hoặc gõ số")).to_have_value("HS-")
    expect(phone.get_by_role("heading", name="Còn thiếu 1 gói")).to_be_visible()
    expect(phone.get_by_role("heading", name="Thừa 1 gói")).to_be_visible(timeout=30_000)
    expect(phone.locator(".queue .tone-warning")).to_contain_text(lost.number)
    expect(phone.locator(".queue .tone-stamp")).to_contain_text(foreign.number)
    phone.set_viewport_size({"width": 360, "height": 2000})
    assert axe_faults(phone) == []
    phone.set_viewport_size({"width": 360, "height": 740})
    press(phone, "Nộp 4 gói, ghi thiếu 1")
    expect(phone.get_by_role("heading", name="Đã đếm 4 gói")).to_be_visible()
    assert axe_faults(phone) == []
    press(phone, "Về tuyến")
    expect(phone.locator("#sync-arrived b")).to_have_text("4", timeout=20_000)

    counter = at_counter(context, site)
    counter.get_by_role("link", name="Túi của bưu tá").click()
    counter.get_by_role("link", name=world.courier.name).click()
    for packet in (*here, foreign):
        counter.get_by_label("Quét gói tiếp").fill(packet.number)
        counter.keyboard.press("Enter")
        expect(counter.locator("tr.tone-ok")).to_contain_text(packet.number)
    expect(counter.locator("#count")).to_contain_text("3 / 4")
    assert axe_faults(counter) == []
    counter.locator("#rest-2").press("Space")
    counter.keyboard.press("F8")
    expect(counter.get_by_role("heading", name="Bàn giao BB-")).to_be_visible()
    counter.context.close()

    phone.evaluate("window.dispatchEvent(new Event('online'))")  # the phone asks again what is new
    phone.goto(f"{site.url}/courier/#/carrying")
    press(phone, "Xem bảng kê")
    expect(phone.get_by_text("thiếu, bưu tá còn giữ")).to_be_visible(timeout=20_000)
    assert axe_faults(phone) == []
    press(phone, "Đúng, ký")
    expect(phone.get_by_role("heading", name="Trong túi")).to_be_visible()
    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    results = {packet.number: line.result for line, packet in manifests.lines_of(manifest)}
    assert results == {packet.number: LineResult.MOVED for packet in here} | {
        lost.number: LineResult.MISSING, foreign.number: LineResult.SURPLUS,
    }  # fmt: skip
    assert manifest.closed_at is not None
    assert [world.fresh(packet).state for packet in (*here, foreign, lost)] == [State.AT_POST] * 4 + [State.CARRIED]


def test_what_the_camera_sees_takes_no_button_from_under_a_finger_and_no_field_from_who_types(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    first, second, third = carried(world, 3)
    camera.show(camera.desk())
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/carrying")
    press(phone, "Nộp ở Bưu cục Dĩ An (3)")

    def seen(packet: Packet) -> None:
        phone.get_by_label("Hoặc gõ số").evaluate(
            """(field, number) => {
              field.value = number;
              field.form.requestSubmit();
            }""",
            packet.number,
        )

    seen(first)
    expect(phone.locator("#last")).to_contain_text(first.number)
    phone.locator("#differs").hover()
    phone.mouse.down()
    seen(second)
    expect(phone.locator("#told")).to_contain_text(second.number)
    phone.mouse.up()
    seal = phone.locator("#seal")
    expect(phone.locator("form.notice")).to_contain_text(first.number)
    seal.press_sequentially("0099999")
    seen(third)
    expect(phone.locator("#tally")).to_have_text("3 / 3")
    expect(seal).to_have_value("0099999")
    assert axe_faults(phone) == []
    phone.locator("form.notice button").click()
    expect(phone.locator("form.notice")).to_have_count(0)
    expect(phone.locator("#told")).to_contain_text("Sẽ có người xem số niêm phong này")


def test_a_whole_bag_is_taken_without_a_network_and_the_list_follows(
    world: World, site: Site, phone: Page, context: BrowserContext, camera: Camera
) -> None:
    assert camera  # sees an empty desk, not what the test before held up
    results = [world.packet(Way.OUT) for _ in range(3)]
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/take")
    press(phone, "Quét liền cả 3 gói")
    context.set_offline(True)
    for packet in results[:2]:
        phone.get_by_label("Hoặc gõ số").fill(packet.number)
        phone.keyboard.press("Enter")
        expect(phone.locator("#last")).to_contain_text(packet.number)
    phone.get_by_label("Hoặc gõ số").fill(results[0].number)
    phone.keyboard.press("Enter")
    expect(phone.locator("#told")).to_contain_text("đã đếm rồi")
    phone.locator("header a").first.click()
    press(phone, "Quét liền")
    expect(phone.locator("#tally")).to_have_text("2 / 3")
    assert axe_faults(phone) == []
    press(phone, "Nhận 2 gói, ghi thiếu 1")
    expect(phone.locator("#follows")).to_contain_text("Có mạng thì bảng kê gửi theo")
    assert axe_faults(phone) == []
    assert db.session.query(Manifest).count() == 0
    context.set_offline(False)
    expect(phone.locator("#follows")).to_contain_text("Đã ghi, số BB-", timeout=20_000)
    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    assert (manifest.expected, manifest.scanned, manifest.missing) == (3, 2, 1)
    assert [world.fresh(packet).state for packet in results] == [State.CARRIED, State.CARRIED, State.WAITING]


def test_a_bag_that_is_closed_while_a_code_is_looked_up_stays_closed_and_holds_what_was_read(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    results, stranger = [world.packet(Way.OUT) for _ in range(2)], world.packet()
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/take")
    press(phone, "Quét liền cả 2 gói")
    waiting: list[Route] = []
    phone.route("**/api/v1/lookups", lambda route: waiting.append(route))

    def type_in(packet: Packet) -> None:
        phone.get_by_label("Hoặc gõ số").fill(packet.number)
        phone.keyboard.press("Enter")

    type_in(results[0])
    expect(phone.locator("#tally")).to_have_text("1 / 2")
    type_in(stranger)  # nobody here knows it: the office is asked, and takes its time
    type_in(results[1])
    phone.locator("#finish").click()
    phone.wait_for_timeout(300)
    waiting[0].continue_()
    expect(phone.locator("#follows")).to_contain_text("Đã ghi, số BB-", timeout=20_000)
    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    assert (manifest.expected, manifest.scanned, manifest.missing) == (2, 2, 0)


# As it lies there when the page dies after a scan was written and before the list was ticked: its last tick is not there.
UNTICKED = """() => new Promise((done) => { indexedDB.open("courier-lists").onsuccess = ({ target: { result: db } }) => {
  const tx = db.transaction("lists", "readwrite");
  tx.objectStore("lists").openCursor().onsuccess = ({ target: { result: row } }) => row.update({ ...row.value, found: Object.fromEntries(Object.entries(row.value.found).slice(0, -1)) });
  tx.oncomplete = () => { db.close(); done(); }; }; })"""


def test_a_packet_nobody_expected_is_on_the_list_though_the_page_died_before_its_tick(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    results = [world.packet(Way.OUT) for _ in range(2)]
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/take")
    press(phone, "Quét liền cả 2 gói")
    surplus = world.packet(Way.OUT)  # the desk lays one more down
    for packet in results[0], surplus:
        phone.get_by_label("Hoặc gõ số").fill(packet.number)
        phone.keyboard.press("Enter")
        expect(phone.locator("#last")).to_contain_text(packet.number)
    expect(phone.get_by_role("heading", name="Thừa 1 gói")).to_be_visible()
    phone.evaluate(UNTICKED)
    phone.reload()
    unlock(phone)
    press(phone, "Quét liền")
    expect(phone.locator("#tally")).to_have_text("1 / 2")
    expect(phone.get_by_role("heading", name="Thừa 1 gói")).to_be_visible()
    expect(phone.locator(".queue .tone-stamp")).to_contain_text(surplus.number)
    phone.locator("#finish").click()
    expect(phone.locator("#follows")).to_contain_text("Đã ghi, số BB-", timeout=20_000)
    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    assert (manifest.expected, manifest.scanned, manifest.missing, manifest.surplus) == (2, 2, 1, 1)


def test_our_word_for_a_list_goes_again_when_the_line_breaks_before_it(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    packet = world.packet(Way.OUT)
    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/take")
    press(phone, "Quét liền")
    phone.route("**/manifests/*/confirm", lambda route: route.abort(), times=1)
    phone.get_by_label("Hoặc gõ số").fill(packet.number)
    phone.keyboard.press("Enter")
    expect(phone.locator("#tally")).to_have_text("1 / 1")
    with phone.expect_event("requestfailed"):
        phone.locator("#finish").click()
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(phone.locator("#follows")).to_contain_text("Đã ghi, số BB-", timeout=20_000)
    db.session.rollback()
    [manifest] = db.session.query(Manifest).all()
    assert manifest.confirmed(Side.TAKER)


def test_whoever_asks_while_an_older_question_is_on_its_way_is_answered_too(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    answers: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        """The first is answered, and slow to arrive."""
        if answers:
            return route.continue_()
        return answers.append((route, route.fetch()))

    sign_in(phone, site)
    phone.goto(f"{site.url}/courier/#/take")
    again = phone.locator("#again")
    expect(again).to_be_visible()
    phone.wait_for_timeout(500)  # what was asked when the phone was opened has arrived
    phone.route("**/api/v1/day*", hold)
    again.click()
    while not answers:
        phone.wait_for_timeout(20)
    packet = world.packet(Way.OUT)
    again.click()
    route, answer = answers[0]
    route.fulfill(response=answer)
    expect(phone.get_by_text(packet.number)).to_be_visible(timeout=2_000)  # long before the page asks by itself


def test_a_list_the_office_will_never_write_is_told_and_tried_no_more(
    world: World, site: Site, phone: Page, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    sent: list[str] = []

    def answer(status: int, told: str, route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        sent.append(route.request.url)
        return route.fulfill(status=status, content_type="application/json", body=told)

    sign_in(phone, site)
    for status, told in (413, '{"key": "too_large"}'), (201, '{"receipt": "BB-1", "lines": [], "statements": {}}'):
        packet = world.packet(Way.OUT)
        phone.route("**/api/v1/manifests", partial(answer, status, told))
        phone.evaluate("window.dispatchEvent(new Event('online'))")  # the phone asks what is new
        phone.goto(f"{site.url}/courier/#/take")
        expect(phone.get_by_text(packet.number)).to_be_visible()
        phone.goto(f"{site.url}/courier/#/bulk/take/{world.desk.party_id}")
        phone.get_by_label("Hoặc gõ số").fill(packet.number)
        phone.keyboard.press("Enter")
        expect(phone.locator("#tally")).to_have_text("1 / 1")
        phone.locator("#finish").click()
        expect(phone.locator("#follows")).to_contain_text("Bảng kê chưa ghi được", timeout=20_000)
        once = len(sent)
        phone.evaluate("window.dispatchEvent(new Event('online'))")
        phone.wait_for_timeout(300)
        assert len(sent) == once > 0
        phone.unroute("**/api/v1/manifests")
