"""Doors that few days bring: a paper that is missing, nobody who opens, a card of somebody else, every reason there is."""

import json
import re
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from app.db import atomically, db, now
from app.domain import codes, money, photos, shelf, takings, tasks, tokens, visits
from app.domain.codes import Purpose
from app.domain.money import Purse
from app.domain.packets import Packet, State, Way
from app.domain.photos import Photo
from app.domain.scans import ScanExtra, ScanRow
from app.domain.steps import REASONS
from app.domain.tasks import TaskKind
from app.domain.visits import Visit, VisitState, open_visit
from app.errors import Invalid
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.test_courier import (
    CARD,
    DIGITS,
    count_papers,
    plan,
    press,
    rows_on_phone,
    seal_and_money,
    sign_in,
    to,
    type_number,
    verdict,
)
from tests.e2e.test_receipts import changed, counts
from tests.e2e.test_scanner import give_detector
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does


def home_of(packet: Packet) -> int:
    visit = open_visit(packet.id)
    assert visit
    return visit.id


def once_more(world: World, packet: Packet) -> None:
    """The packet's next visit is on today's round as well, made anew where none was agreed on."""

    def put() -> None:
        last = visits.current(packet.id)
        assert last
        if last.state not in visits.OPEN:
            offer = next(each for each in visits.offers(world.post, now()) if each.left)
            visits.schedule(db.session.get_one(Packet, packet.id), last.kind, visits.take(world.post, offer), world.act(at=now()))  # fmt: skip
        visit, before = (
            open_visit(packet.id),
            db.session.scalars(sa.select(Visit).filter_by(packet_id=packet.id)).first(),
        )
        assert visit and before
        visit.round_id, visit.position, visit.state = before.round_id, 9, VisitState.EN_ROUTE

    atomically(put)


def until_there(page: Page) -> None:
    """Ask for the day until it has an open visit: a question may be on its way that was asked before."""
    for _ in range(60):
        page.evaluate("window.dispatchEvent(new Event('online'))")
        page.wait_for_timeout(500)
        if page.get_by_role("link", name="Đã tới cửa").count():
            return
    raise AssertionError("no visit came")


def photographed(page: Page) -> list[bool]:
    """Of every scan that names a picture: whether that picture has come in, once there is one."""
    for _ in range(100):
        db.session.rollback()
        if kept := set(db.session.scalars(sa.select(Photo.sha256))):
            break
        page.wait_for_timeout(100)
    named = db.session.scalars(sa.select(ScanExtra.photo_sha256).where(ScanExtra.photo_sha256.is_not(None))).all()
    return [each in kept for each in named]


def test_a_missing_paper_is_agreed_for_another_day_and_the_second_visit_counts_anew(
    world: World, site: Site, phone: Page, tmp_path: Path
) -> None:
    """It is signed for on paper then; the picture of the signed slip follows the scan by its hash."""
    packet = world.packet()
    plan(world, packet)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    type_number(phone, packet.number)
    press(phone, "Khác số tờ, hoặc thiếu")
    for box in (0, 1):
        phone.get_by_role("checkbox").nth(box).check()
    phone.get_by_role("button", name="Thiếu Học bạ").click()
    expect(phone.get_by_text("Đọc to từng giấy cần thế nào")).to_be_visible()
    press(phone, "Hẹn ngày khác")
    expect(phone.get_by_role("radio", name="Giấy tờ chưa xong")).to_be_checked()
    phone.get_by_role("radio", name="Hẹn ngày khác").check()
    agreed = phone.get_by_role("radio", name=re.compile("10:00–12:00|13:00|14:00|15:00")).first
    agreed.check()
    key = agreed.get_attribute("value")
    assert axe_faults(phone) == []
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    assert world.fresh(packet).state == State.WAITING
    second = open_visit(packet.id)
    assert second and (second.attempt, f"{second.slot.day:%Y%m%d}-{second.slot.opens:%H%M}") == (2, key)

    once_more(world, packet)
    press(phone, "Nhà tiếp theo")
    until_there(phone)
    press(phone, "Đã tới cửa")
    expect(phone.get_by_text("Lần 2")).to_be_visible()
    press(phone, "Quét phiếu")
    type_number(phone, packet.number)
    expect(phone.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible()
    assert not any(box.is_checked() for box in phone.get_by_role("checkbox").all())
    count_papers(phone)
    seal_and_money(phone)
    slip = tmp_path / "slip.png"
    Image.new("RGB", (1200, 1700), (250, 250, 245)).save(slip)
    phone.get_by_label("Mã người dân đọc").fill("12")
    phone.get_by_label("Chụp phiếu đã ký").set_input_files(slip)
    expect(phone.get_by_text("Đã giữ ảnh, gửi sau")).to_be_visible()
    expect(phone.get_by_label("Mã người dân đọc")).to_have_value("12")  # what was typed stays
    assert axe_faults(phone) == []
    press(phone, "Đã ký phiếu giấy")
    verdict(phone, "Đã nhận gói", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    packet = world.fresh(packet)
    assert (packet.state, packet.flags) == (State.CARRIED, ["collect_unproven"])
    assert photographed(phone) == [True]
    assert not any(paper.is_missing for paper in packet.dossier.papers)


def test_a_door_nobody_opens_is_photographed_and_the_second_letter_waits_two_working_days(
    world: World, site: Site, phone: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture follows the scan by its hash; one the post office could not open is shown red and goes again."""
    packet = world.packet(Way.OUT)
    plan(world, packet)
    world.record(world.phone().scan(world.fresh(packet), "take"))
    door = tmp_path / "door.png"
    Image.new("RGB", (2400, 1800), (90, 60, 40)).save(door)
    honest = photos.redrawn

    def too_busy(data: bytes) -> bytes:
        raise Invalid("picture_unreadable")

    monkeypatch.setattr(photos, "redrawn", too_busy)
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Không trao được")
    phone.get_by_role("radio", name="Không có ai ở nhà").check()
    phone.get_by_label("Chụp cửa nhà, không có người").set_input_files(door)
    expect(phone.get_by_text("Đã giữ ảnh, gửi sau")).to_be_visible()
    phone.get_by_role("radio", name="Để giấy mời lần 1").check()
    assert axe_faults(phone) == []
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    press(phone, "Nhà tiếp theo")
    counts(phone, kept=0, arrived=0, person=1)
    phone.locator("#sync-person").click()
    red = phone.locator("#main li.tone-danger")
    expect(red).to_contain_text("Bưu cục không mở được ảnh kèm theo")
    assert axe_faults(phone) == []
    press(phone, "Gửi ngay")
    expect(red).to_be_visible()
    monkeypatch.setattr(photos, "redrawn", honest)
    press(phone, "Gửi ngay")
    expect(red).to_be_hidden(timeout=20_000)
    assert photographed(phone) == [True]

    def come_again() -> None:
        phone.goto(f"{site.url}/courier/#/")
        until_there(phone)
        press(phone, "Đã tới cửa")
        press(phone, "Không trao được")
        phone.get_by_role("radio", name="Không có ai ở nhà").check()

    once_more(world, packet)
    come_again()
    letter, back = (phone.get_by_role("radio", name=name) for name in ("Để giấy mời", "Trả lại phường"))
    expect(letter).to_have_count(0)  # two working days lie between the two

    def a_week_passes() -> None:
        for visit in db.session.scalars(sa.select(Visit).filter_by(packet_id=packet.id, state=VisitState.MISSED)):
            visit.ended_at = (visit.ended_at or now()) - timedelta(days=7)

    atomically(a_week_passes)
    come_again()
    phone.get_by_role("radio", name="Để giấy mời lần 2").check()
    expect(back).to_have_count(0)
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    db.session.rollback()
    assert shelf.next_letter(packet.id)[0] == 3
    atomically(a_week_passes)
    once_more(world, packet)
    come_again()
    expect(letter).to_have_count(0)
    back.check()
    press(phone, "Ghi và nhắn người dân")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    assert world.fresh(packet).state == State.CARRIED
    phone.goto(f"{site.url}/courier/#/carrying")
    expect(phone.locator(".queue li")).to_contain_text(f"Mang đến {world.desk.name}")


STRANGERS = "079185012345||LÊ THỊ MẬN|12031985|Nữ|7 đường Lá|15042021"
MADE_UP = CARD.replace("01011990", "01011985")  # its number names another year


def test_somebody_elses_card_stops_a_delivery_and_the_fee_and_the_citizens_screen_end_it(
    world: World, site: Site, phone: Page
) -> None:
    packet = world.packet(Way.OUT)
    plan(world, packet)

    def pays_at_the_end() -> None:
        procedure = db.session.get_one(Packet, packet.id).dossier.procedure
        procedure.fee_at_delivery = True

    atomically(pays_at_the_end)
    world.record(world.phone().scan(world.fresh(packet), "take"))
    give_detector(phone, tokens.url("http://localhost:8000", world.fresh(packet).slip.token))
    sign_in(phone, site)
    expect(phone.get_by_text("thu 23.000 đ")).to_be_visible()
    press(phone, "Đã tới cửa")
    press(phone, "Quét phiếu")
    phone.get_by_role("radio", name="Nguyễn Thị Mơ").check()

    def hold(text: str) -> None:
        phone.evaluate("text => { window.shown = text; }", text)

    for other in (STRANGERS, MADE_UP):
        hold(other)
        press(phone, "Quét mã trên căn cước")
        expect(phone.get_by_text("Tên trên thẻ khác tên đặt lịch.")).to_be_visible()
        press(phone, "Đúng người")
        expect(phone.get_by_role("alert").filter(visible=True)).to_contain_text("Tên trên thẻ là người khác")
    assert axe_faults(phone) == []
    hold(CARD)
    press(phone, "Quét mã trên căn cước")
    expect(phone.get_by_text("Tên khớp. Sinh năm 1990")).to_be_visible()
    press(phone, "Đúng người")
    press(phone, "Đúng số này")
    expect(phone.locator(".bill")).to_contain_text("Lệ phí phường")
    expect(phone.locator(".bill")).to_contain_text("Cước nộp hộ lệ phí")
    expect(phone.locator(".bill")).not_to_contain_text("Cước gửi đi")
    phone.get_by_label("Tiền mặt").check()
    press(phone, "Đã thu 23.000 đ")
    expect(phone.get_by_role("alert").filter(visible=True)).to_contain_text("Gõ số biên lai lệ phí")
    phone.get_by_label("Số biên lai lệ phí").fill("000 322")
    assert axe_faults(phone) == []
    press(phone, "Đã thu 23.000 đ")
    hold(codes.show(packet, Purpose.COLLECT, 1, world.act(at=now())))
    press(phone, "Quét QR trên máy họ")
    expect(phone.get_by_text("Mã này của bước khác")).to_be_visible()
    assert axe_faults(phone) == []
    hold(codes.show(packet, Purpose.DELIVER, 1, world.act(at=now())))
    verdict(phone, "Đã trao xong", "ok")
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible()
    assert world.fresh(packet).state == State.DELIVERED
    extra = db.session.scalars(sa.select(ScanExtra)).one()
    assert extra.money == {"paid_by": "cash", "receipt": "000 322", "postage": 8_000, "fee": 15_000}
    body = db.session.scalars(sa.select(ScanRow.body).order_by(ScanRow.recorded_at.desc())).first()
    assert body
    said = {(word["kind"], word["value"]) for word in json.loads(body)["proof"]}
    assert said >= {("RECIPIENT", "self"), ("ID_SEEN", "citizen_card"), ("ID_MATCH", "same")}
    kept = body.decode() + phone.evaluate("JSON.stringify(localStorage)") + rows_on_phone(phone)
    assert not [word for word in ("074090123456", "079185012345", "MƠ", "MẬN", "1990", "1985") if word in kept]


def test_whoever_is_carried_for_nothing_shows_the_paper_and_pays_the_fee_alone_without_a_network(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    packet = world.packet()

    def say() -> None:
        db.session.get_one(Packet, packet.id).dossier.citizen.exemption = "heroic_mother"

    atomically(say)
    plan(world, packet)
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).to_contain_text("thu 15.000 đ · miễn cước nếu có giấy tờ")
    press(phone, "Đã tới cửa")
    context.set_offline(True)
    press(phone, "Quét phiếu")
    type_number(phone, packet.number)
    count_papers(phone)
    for label in ("Số trên dây niêm phong", "Gõ lại số đó"):
        phone.get_by_label(label).fill("0045 821")
    phone.get_by_role("button", name=re.compile("^Đã dán kín")).click()
    expect(phone.get_by_text("Bà mẹ Việt Nam anh hùng")).to_be_visible()
    phone.get_by_label("Tiền mặt").check()
    phone.get_by_label("Số biên lai lệ phí").fill("000 321")
    press(phone, "Đã thu 15.000 đ")
    expect(phone.get_by_role("alert").filter(visible=True)).to_contain_text("Chọn giấy tờ đã xem")
    phone.get_by_role("radio", name="Không có: trả cước").check()
    expect(phone.get_by_role("button", name="Đã thu 75.000 đ")).to_be_visible()
    phone.get_by_role("radio", name="Giấy chứng nhận, bằng danh hiệu").check()
    expect(phone.locator(".bill")).to_contain_text("Cước gửi đi0")
    assert axe_faults(phone) == []
    press(phone, "Đã thu 15.000 đ")
    phone.get_by_label("Mã người dân đọc").fill(world.code(packet))
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã nhận gói", "ok")
    assert "heroic" not in rows_on_phone(phone)
    phone.goto(f"{site.url}/courier/#/money")
    expect(phone.locator("#due")).to_contain_text("15.000")
    context.set_offline(False)
    phone.goto(f"{site.url}/courier/#/outbox")
    expect(phone.get_by_text("Bưu cục đã biết mọi lượt quét")).to_be_visible(timeout=20_000)
    assert world.fresh(packet).state == State.CARRIED
    assert db.session.scalars(sa.select(ScanExtra.money)).one() == {
        "paid_by": "cash", "receipt": "000 321", "postage": 0, "fee": 15_000, "proof": "certificate",
    }  # fmt: skip
    waiver = takings.waived(packet)
    assert waiver and (waiver.amount, money.purse(world.courier.party_id)) == (60_000, Purse(0, 15_000))


AT_DELIVERY = (
    *(each for each in REASONS["miss"] if each not in ("papers_not_ready", "changed_mind")),
    *REASONS["decline"],
)
LETTER = "Để giấy mời lần 1, giữ ở bưu cục"
AFTER: dict[str, list[str]] = {  # what may come next, as it stands on the screen
    "collect": ["Quay lại trong ngày", "Hẹn ngày khác"],
    "miss": ["Quay lại trong ngày", "Hẹn ngày khác", LETTER, "Giữ ở bưu cục"],
    "decline": ["Hẹn ngày khác", LETTER, "Giữ ở bưu cục", "Trả lại phường"],
}


def test_every_reason_why_a_door_failed_is_recorded_with_each_thing_that_may_come_next(
    world: World, site: Site, phone: Page, context: BrowserContext
) -> None:
    collected = {reason: world.packet() for reason in REASONS["miss"]}
    delivered = {reason: world.packet(Way.OUT) for reason in AT_DELIVERY}
    before = world.phone()
    for packet in delivered.values():
        world.record(before.scan(world.fresh(packet), "take"))
    plan(world, *collected.values(), *delivered.values())

    def ask_more() -> None:
        for packet in (collected["refused_id"], delivered["old_papers_missing"]):
            dossier = db.session.get_one(Packet, packet.id).dossier
            dossier.procedure.id_check = True
            dossier.surrender = [{"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1}]

    atomically(ask_more)
    doors = {kind: {reason: home_of(packet) for reason, packet in each.items()} for kind, each in (("collect", collected), ("deliver", delivered))}  # fmt: skip
    sign_in(phone, site)
    expect(phone.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    context.set_offline(True)
    chosen: dict[tuple[str, str], str] = {}
    turn = 0
    for kind, homes in doors.items():
        for reason, home in homes.items():
            if reason == "refused_id" and kind == "collect":
                phone.goto(f"{site.url}/courier/#/type/visit/{home}")
                phone.get_by_label("Số trên phiếu").fill(collected[reason].number)
                press(phone, "Tìm gói")
                press(phone, "Không cho xem giấy")
            elif reason == "old_papers_missing":
                phone.goto(f"{site.url}/courier/#/type/visit/{home}")
                phone.get_by_label("Số trên phiếu").fill(delivered[reason].number)
                press(phone, "Tìm gói")
                phone.get_by_role("radio", name="Nguyễn Thị Mơ").check()
                phone.get_by_role("radio", name="Hộ chiếu").check()
                press(phone, "Đúng người")
                press(phone, "Còn thiếu giấy")
            else:
                phone.goto(f"{site.url}/courier/#/visit/{home}/failed")
                phone.locator(f"input[value={reason}]").check()
            expect(phone.locator(f"input[value={reason}]")).to_be_checked()
            event = "miss" if reason in REASONS["miss"] else "decline"
            options = phone.locator("input[name=next]")
            assert [each.strip() for each in phone.locator("label:has(input[name=next])").all_inner_texts()] == AFTER[kind if kind == "collect" else event]  # fmt: skip
            option = options.nth(turn % options.count())
            chosen[kind, reason] = str(option.get_attribute("value"))
            option.check()
            turn += 1
            press(phone, "Ghi và nhắn người dân")
            verdict(phone, "Đã ghi", "ok")
    assert set(chosen.values()) == {"later_today", "another_day", "invite", "hold_at_post", "back_to_desk"}
    context.set_offline(False)
    phone.goto(f"{site.url}/courier/#/")
    counts(phone, kept=0, arrived=len(chosen))
    db.session.rollback()
    ended = db.session.scalars(sa.select(Visit).where(Visit.state == VisitState.MISSED)).all()
    assert {(str(each.kind), each.reason or ""): each.next for each in ended} == chosen


def test_a_choice_made_while_a_picture_is_kept_does_not_hide_that_it_was(
    world: World, site: Site, phone: Page, tmp_path: Path
) -> None:
    packet = world.packet(Way.OUT)
    plan(world, packet)
    world.record(world.phone().scan(world.fresh(packet), "take"))
    door = tmp_path / "door.png"
    Image.new("RGB", (400, 300), (90, 60, 40)).save(door)
    phone.add_init_script(
        "const quick = createImageBitmap; window.createImageBitmap = async (...what) => {"
        " await new Promise((done) => { window.ready = done; }); return quick(...what); };"
    )
    sign_in(phone, site)
    press(phone, "Đã tới cửa")
    press(phone, "Không trao được")
    phone.get_by_role("radio", name="Không có ai ở nhà").check()
    phone.get_by_label("Chụp cửa nhà, không có người").set_input_files(door)
    phone.wait_for_function("() => Boolean(window.ready)")
    phone.get_by_role("radio", name="Để giấy mời lần 1").check()  # the page is drawn anew
    expect(phone.get_by_text("Đã giữ ảnh, gửi sau")).to_have_count(0)
    phone.evaluate("window.ready()")
    expect(phone.get_by_text("Đã giữ ảnh, gửi sau")).to_be_visible()


def test_a_torn_bag_is_reported_on_the_way_with_its_picture_and_two_people_are_asked_to_count(
    world: World, site: Site, phone: Page, context: BrowserContext, tmp_path: Path
) -> None:
    packet = world.collected(world.phone())
    picture = tmp_path / "torn.png"
    Image.new("RGB", (1200, 900), (120, 90, 60)).save(picture)
    sign_in(phone, site)
    to(phone, "/carrying")
    press(phone, "Gói bị hư?")
    press(phone, "Báo gói hư")
    expect(phone.get_by_role("alert")).to_have_text("Chọn gói bị sao")
    phone.get_by_label("Bao bị rách").check()
    press(phone, "Báo gói hư")
    expect(phone.get_by_role("alert")).to_have_text("Chụp chỗ hư trước đã")
    phone.get_by_label("Chụp chỗ hư").set_input_files(picture)
    expect(phone.get_by_text("Đã giữ ảnh, gửi sau")).to_be_visible()
    assert axe_faults(phone) == []
    phone.reload()  # the camera has cost the page
    phone.get_by_label("Sáu số mở máy").fill(DIGITS)
    expect(phone.get_by_label("Bao bị rách")).to_be_checked(timeout=15_000)
    context.set_offline(True)
    press(phone, "Báo gói hư")
    verdict(phone, "Đã ghi", "ok")
    expect(phone.get_by_text("Đừng mở.")).to_be_visible()
    to(phone, "/carrying")
    press(phone, "Đã báo gói hư lúc")
    context.set_offline(False)
    expect(phone.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=15_000)
    packet = world.fresh(packet)
    (task,) = tasks.open_about(packet)
    assert (task.kind, task.facts, packet.holder_id) == (TaskKind.DAMAGED, {"reason": "torn"}, world.courier.party_id)
    [row] = db.session.scalars(sa.select(ScanRow).where(ScanRow.digest == task.digest))
    said = db.session.get_one(ScanExtra, row.digest).photo_sha256
    assert said and f'"{said.hex()}"' in row.body.decode()
    with phone.expect_response("**/api/v1/files") if db.session.get(Photo, said) is None else nullcontext():
        phone.evaluate("window.dispatchEvent(new Event('online'))")
    db.session.rollback()
    assert db.session.get(Photo, said)


@pytest.mark.parametrize(("slot", "early"), [(["23:59", "24:00"], True), (["00:00", "23:59"], False)])
def test_nobody_at_home_before_the_agreed_time_is_said_to_be_early_and_may_be_told(
    world: World, site: Site, phone: Page, slot: list[str], early: bool
) -> None:
    plan(world, packet := world.packet())
    phone.route("**/api/v1/day*", changed(lambda said: [stop.update(slot=slot) for stop in said["stops"]]))
    sign_in(phone, site)
    to(phone, f"/visit/{home_of(packet)}/failed")
    expect(phone.get_by_label("Không có ai ở nhà")).to_be_visible()
    expect(phone.locator("#early")).to_have_count(0)
    phone.get_by_label("Không có ai ở nhà").check()
    expect(phone.locator("#early")).to_have_count(int(early))
    phone.get_by_label("Hẹn ngày khác").check()
    press(phone, "Ghi và nhắn người dân")
    expect(phone.locator("main.verdict")).to_be_visible()
    phone.unroute_all(behavior="wait")
