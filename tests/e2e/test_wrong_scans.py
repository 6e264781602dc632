"""A scan that was wrong is said to be wrong where it is seen: at a bag, at a door, on the list of what was handed in. Nothing is taken
away: whoever had the packet before answers for it until two people have decided."""

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import bags
from app.domain.codes import Purpose
from app.domain.devices import Device, DeviceKind
from app.domain.packets import Packet, State, Way
from app.domain.tasks import Task, TaskKind
from app.domain.visits import open_visit
from tests.e2e.conftest import Camera, Site, axe_faults
from tests.e2e.test_courier import hand_over, plan, press, sign_in, to, type_number, verdict
from tests.e2e.test_receipts import counts, to_the_verdict
from tests.e2e.test_shift import find
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does; the domain's part runs on both


def say_wrong(page: Page, why: str) -> None:
    expect(page.get_by_role("heading", name="Quét nhầm")).to_be_visible()
    page.get_by_role("radio", name=why).check()
    press(page, "Báo quét nhầm")
    verdict(page, "Đã báo nhầm", "stamp")
    assert axe_faults(page) == []


def contested(world: World, page: Page, packet: Packet, holder: str) -> None:
    """A person is asked, and whoever had it before answers for it."""
    expect(page.get_by_text("An toàn trên máy này")).to_have_count(0, timeout=20_000)
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, holder)
    assert db.session.scalars(sa.select(Task.kind).filter_by(packet_id=packet.id)).all() == [TaskKind.DISPUTED]


def test_a_wrong_packet_of_a_bag_is_said_to_be_wrong_beside_its_seal(
    world: World, site: Site, phone: Page, context: BrowserContext, camera: Camera
) -> None:
    assert camera  # sees an empty desk
    results = [world.packet(Way.OUT) for _ in range(2)]
    sign_in(phone, site)
    phone.locator("#to-take").wait_for()
    context.set_offline(True)
    to(phone, f"/bulk/take/{world.desk.party_id}")
    for packet in results:
        phone.get_by_label("Hoặc gõ số").fill(packet.number)
        phone.keyboard.press("Enter")
        expect(phone.locator("#last")).to_contain_text(packet.number)
    assert axe_faults(phone) == []
    phone.locator("#last").get_by_role("link", name="Quét nhầm?").click()
    say_wrong(phone, "Quét phải gói khác")
    context.set_offline(False)
    contested(world, phone, results[1], world.desk.party_id)
    assert world.fresh(results[0]).state == State.CARRIED
    to(phone, "/outbox")
    phone.get_by_role("link", name=results[1].number).last.click()
    expect(phone.locator("main.verdict")).to_be_visible()
    expect(phone.locator("#undo")).to_have_count(0)  # it is said once


def test_what_was_handed_to_nobody_is_said_to_be_so_after_the_delivery(world: World, site: Site, phone: Page) -> None:
    packet = world.packet(Way.OUT)
    code = world.code(packet, Purpose.DELIVER)
    plan(world, packet)
    visit = open_visit(packet.id)
    assert visit
    world.record(world.phone().scan(world.fresh(packet), "take"))
    sign_in(phone, site)
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    find(phone, packet, visit.id, filmed=False)
    hand_over(phone, code)
    assert world.fresh(packet).state == State.DELIVERED
    phone.locator("#undo").click()
    say_wrong(phone, "Chưa ai giao, chưa ai nhận")
    contested(world, phone, packet, world.courier.party_id)  # type: ignore[arg-type]
    to(phone, "/carrying")
    expect(phone.locator(".queue li")).to_contain_text(packet.number)


def test_what_the_counter_scanned_and_was_never_given_is_said_on_the_list_before_it_is_signed(
    world: World, site: Site, phone: Page
) -> None:
    before = world.phone()
    given, other = world.collected(before), world.collected(before)
    clerk = world.act(world.clerk, now())
    for packet in (given, other):
        atomically(bags.take_in, world.fresh(packet), world.courier, clerk)
    atomically(bags.close, world.courier, clerk, "k" * 32, rest_is_missing=False)
    sign_in(phone, site)
    to(phone, "/carrying")
    press(phone, "Xem bảng kê")
    line = phone.locator(".queue li", has_text=other.number)
    line.get_by_role("link", name="Chưa giao gói này?").click()
    assert axe_faults(phone) == []
    phone.locator("header a").click()  # and back: nothing is said yet
    line.get_by_role("link", name="Chưa giao gói này?").click()
    say_wrong(phone, "Chưa ai giao, chưa ai nhận")
    contested(world, phone, other, world.courier.party_id)  # type: ignore[arg-type]
    assert world.fresh(given).state == State.AT_POST
    phone.go_back()
    expect(line).to_contain_text("Đã báo nhầm")
    expect(line.get_by_role("link")).to_have_count(0)
    assert axe_faults(phone) == []
    press(phone, "Đúng, ký")
    expect(phone.get_by_text("Xem bảng kê")).to_have_count(0)


def test_what_a_counter_took_in_without_a_list_stays_in_sight_and_is_said_not_to_have_been_given(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    before = world.phone()
    given, other = world.collected(before), world.collected(before)
    for packet in (given, other):
        atomically(bags.take_in, world.fresh(packet), world.courier, world.act(world.clerk, now()))
    sign_in(phone, site)
    context.set_offline(True)
    to(phone, "/carrying")
    line = phone.locator("#handed-in li", has_text=other.number)
    expect(line).to_contain_text(f"{world.post.name} nhận lúc")
    assert axe_faults(phone) == []
    line.get_by_role("link", name="Chưa giao gói này?").click()
    say_wrong(phone, "Chưa ai giao, chưa ai nhận")
    to(phone, "/carrying")
    expect(line).to_contain_text("Đã báo nhầm")
    expect(line.get_by_role("link")).to_have_count(0)
    assert axe_faults(phone) == []
    phone.go_back()
    context.set_offline(False)
    contested(world, phone, other, world.courier.party_id)  # type: ignore[arg-type]
    assert world.fresh(given).state == State.AT_POST
    to(phone, "/carrying")
    expect(phone.locator("#handed-in")).to_contain_text(given.number)
    expect(phone.locator("#handed-in")).not_to_contain_text(other.number, timeout=20_000)
    assert axe_faults(phone) == []


def test_a_seal_that_does_not_match_is_said_with_both_numbers_and_two_people_are_asked(
    world: World, site: Site, phone: Page
) -> None:
    packet = world.packet(Way.OUT)
    sign_in(phone, site)
    press(phone, "Nhận gói ở quầy")
    press(phone, "Quét gói tiếp")
    type_number(phone, packet.number)
    press(phone, "Số khác")
    phone.get_by_label("Số trên dây niêm phong").fill("0099 999")
    press(phone, "Tiếp")
    verdict(phone, "Đã ghi, cần người xem", "stamp")
    said = "Số niêm phong trên máy là NP 0045 821, trên gói là NP 0099 999."
    expect(phone.get_by_text(said)).to_be_visible()
    expect(phone.get_by_text("Cứ đi tiếp. Bưu cục sẽ gọi.")).to_be_visible()
    assert axe_faults(phone) == []
    press(phone, "Về tuyến")
    counts(phone, kept=0, arrived=0, person=1)
    packet = world.fresh(packet)
    assert (packet.state, packet.flags) == (State.CARRIED, ["seal_mismatch"])
    assert db.session.scalars(sa.select(Task.kind).filter_by(packet_id=packet.id)).all() == [TaskKind.SEAL_MISMATCH]


def test_what_is_not_believed_stops_the_courier_and_says_why(world: World, site: Site, phone: Page) -> None:
    """Another phone signs with the same key, and was here first."""
    plan(world, world.packet())
    sign_in(phone, site)
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    atomically(
        lambda: setattr(db.session.scalars(sa.select(Device).filter_by(kind=DeviceKind.PHONE)).one(), "contiguous", 4)
    )
    to_the_verdict(phone)
    verdict(phone, "Dừng lại", "danger")
    expect(phone.get_by_text("Hai lượt quét của máy này trùng số")).to_be_visible()
    expect(phone.get_by_text("Lượt quét này vẫn được giữ.")).to_be_visible()
    expect(phone.get_by_role("link", name="Gọi bưu cục")).to_be_visible()
    assert axe_faults(phone) == []
    assert db.session.scalars(sa.select(Task.kind)).all() == [TaskKind.DEVICE_FROZEN]
