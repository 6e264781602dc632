"""What goes wrong with phones: a courier with two of them, and one that is taken out of service in the middle of a queue."""

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.api import scans as door
from app.db import atomically, db, now
from app.domain import money, phones
from app.domain.devices import Device, Why
from app.domain.packets import Packet, State
from app.domain.people import Act, User
from app.domain.scans import ScanRow
from app.domain.sittings import Seen
from app.domain.tasks import Task, TaskKind
from app.domain.uploads import Answer, Upload
from app.domain.visits import open_visit
from tests.e2e.conftest import Site, axe_faults, leave
from tests.e2e.test_courier import count_papers, plan, press, seal_and_money, sign_in, to, verdict
from tests.e2e.test_receipts import counts, miss
from tests.e2e.test_shift import find
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phones do


def collect(page: Page, packet: Packet, visit: int, seal: str, code: str) -> None:
    find(page, packet, visit, filmed=False)
    count_papers(page)
    seal_and_money(page, seal)
    page.get_by_label("Mã người dân đọc").fill(code)
    press(page, "Xong, nhận gói")
    verdict(page, "Đã nhận gói", "ok")


def nobody_home(page: Page, visit: int) -> None:
    to(page, f"/visit/{visit}/failed")
    page.get_by_label("Không có ai ở nhà").check()
    page.get_by_label("Hẹn ngày khác").check()
    press(page, "Ghi và nhắn người dân")
    verdict(page, "Đã ghi", "ok")


def tell(page: Page) -> None:
    """Ask the post office for news, until the day has come after it."""
    to(page, "/")
    for _ in range(2):
        with page.expect_response("**/api/v1/day*"):
            page.evaluate("window.dispatchEvent(new Event('online'))")
        page.wait_for_timeout(300)


def test_two_phones_of_one_courier_scan_the_same_day_apart_and_both_end_with_the_truth(
    world: World, site: Site, phone: Page, context: BrowserContext, browser: Browser
) -> None:
    """One packet is collected on both alike, one under two seals, and each phone has a home of its own."""
    alike, apart, first, second = packets = [world.packet() for _ in range(4)]
    plan(world, *packets)
    visits = {packet.id: visit.id for packet in packets if (visit := open_visit(packet.id))}
    codes = {packet.id: world.code(packet) for packet in (alike, apart)}
    theirs = browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", viewport={"width": 360, "height": 740})
    other = theirs.new_page()
    lines = ((phone, context, "0046 901", first), (other, theirs, "0046 902", second))
    for page, line, *_ in lines:
        sign_in(page, site)
        expect(page.locator(".stop-card")).to_be_visible()
        line.set_offline(True)
    for page, _, seal, own in lines:
        collect(page, alike, visits[alike.id], "0046 900", codes[alike.id])
        collect(page, apart, visits[apart.id], seal, codes[apart.id])
        nobody_home(page, visits[own.id])
        to(page, "/")
        counts(page, kept=3, arrived=0)
    context.set_offline(False)
    counts(phone, kept=0, arrived=3)
    theirs.set_offline(False)
    counts(other, kept=0, arrived=2, person=1)
    tell(phone)
    counts(phone, kept=0, arrived=2, person=1)  # it is told that its own is contested by now

    own = sa.select(Device.id).where(Device.user_id == world.courier.id)
    db.session.rollback()
    assert len(db.session.scalars(sa.select(ScanRow.digest).where(ScanRow.device_id.in_(own))).all()) == 6
    assert [world.fresh(packet).state for packet in (alike, apart)] == [State.CARRIED, State.DISPUTED]
    assert world.fresh(apart).holder_id == apart.dossier.citizen.party_id
    assert db.session.scalars(sa.select(Task.kind).where(Task.packet_id == apart.id)).all() == [TaskKind.DISPUTED]
    assert all((visit := open_visit(packet.id)) is None or visit.id != visits[packet.id] for packet in packets)
    held = money.told(db.session.merge(world.courier), now())
    total = f"{held['postage'] + held['fee']:,} đ".replace(",", ".")
    for page, *_ in lines:
        tell(page)
        to(page, "/carrying")
        expect(page.locator(".queue li").filter(has_text=alike.number)).to_have_count(1)
        to(page, "/money")
        expect(page.locator("main")).to_contain_text(total)
        to(page, "/outbox")
        expect(page.locator("#main li").filter(has_text="Cần người xem")).to_have_count(1)
        page.locator("#main li").filter(has_text=apart.number).get_by_role("link").click()
        verdict(page, "Dừng lại", "danger")
        expect(page.get_by_text("Có hai lượt nhận khác nhau cho gói này.")).to_be_visible()
        assert axe_faults(page) == []

    rival = world.phone(world.second_courier)
    alike = world.fresh(alike)
    own, citizen = alike.genesis.hex(), alike.dossier.citizen.party_id
    world.record(rival.scan(alike, "collect", now(), parent=own, giver=citizen, seal="NP0046999"), now())
    for page, *_ in lines:  # one of the two is contested, the other repeats it: each phone says the same
        tell(page)
        counts(page, kept=0, arrived=1, person=2)
        to(page, "/carrying")
        expect(page.locator(".queue li").filter(has_text=alike.number)).to_have_count(0)
        to(page, "/outbox")
        page.locator("#main li").filter(has_text=alike.number).get_by_role("link").click()
        verdict(page, "Dừng lại", "danger")
        expect(page.get_by_text("Có hai lượt nhận khác nhau cho gói này.")).to_be_visible()
    leave(theirs)


def test_a_phone_taken_out_of_service_in_the_middle_of_a_queue_keeps_it_and_all_of_it_arrives(
    world: World, site: Site, phone: Page, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of five have left when the office ends the phone; two more are scanned after it, and one after signing in again."""
    monkeypatch.setattr(door, "BATCH", 1)
    plan(world, *(world.packet() for _ in range(6)))
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_be_visible()
    context.set_offline(True)
    for _ in range(3):
        miss(phone)
    device = db.session.scalars(sa.select(Device.id).order_by(Device.enrolled_at.desc()).limit(1)).one()
    db.session.rollback()
    taken: list[int] = []
    honest, dispatcher = door._take_in, world.dispatcher.id

    def and_then_ended(upload: Upload, seen: Seen) -> Answer:
        answer = honest(upload, seen)
        taken.extend([1] * len(upload.scans))
        if len(taken) == 2:
            act = Act(db.session.get_one(User, dispatcher), now(), seen.keys)
            atomically(phones.retire, device, Why.REPLACED, act)
        return answer

    monkeypatch.setattr(door, "_take_in", and_then_ended)
    phone.route("**/api/v1/scans", lambda route: route.abort() if len(taken) >= 2 else route.continue_())
    context.set_offline(False)
    expect(phone.locator("#sync-kept b")).to_have_text("1", timeout=15_000)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(phone.get_by_text("Máy này đã ngừng dùng")).to_be_visible()
    miss(phone)
    expect(phone.locator("#sync-kept b")).to_have_text("2")
    phone.get_by_role("link", name="Máy này đã ngừng dùng").click()
    phone.goto(f"{site.url}/courier/#/phone")
    press(phone, "Rời máy")
    expect(phone.get_by_text("Máy còn giữ 2 lượt quét trước")).to_be_visible()
    sign_in(phone, site)
    expect(phone.locator("#sync-kept b")).to_have_text("2")
    phone.unroute_all(behavior="wait")
    miss(phone)
    expect(phone.locator("#sync-kept b")).to_have_text("0", timeout=15_000)
    db.session.rollback()
    found = db.session.execute(sa.select(ScanRow.device_id == device, ScanRow.n).order_by(ScanRow.recorded_at)).all()
    assert sorted(map(tuple, found)) == [(False, 1), (True, 1), (True, 2), (True, 3), (True, 4)]
