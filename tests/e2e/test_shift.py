"""A whole shift in airplane mode: the phone is started cold, every door is worked through, a bag is taken at the desk, each packet
read from its slip by the camera, one scan is said to be wrong; then one sending brings it all. Few doors here; `make faults` takes
forty visits, sixty packets."""

import json
import os

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.db import db
from app.domain.codes import Purpose
from app.domain.manifests import Manifest
from app.domain.packets import Packet, State, Way
from app.domain.scans import Ruling, ScanRow, Verdict
from app.domain.tasks import Task, TaskKind
from app.domain.visits import open_visit
from tests.e2e.conftest import Camera, Handset, Host, axe_faults
from tests.e2e.test_bags import show_bag
from tests.e2e.test_courier import count_papers, hand_over, plan, press, seal_and_money, sign_in, to, unlock, verdict
from tests.e2e.test_shell import settle
from tests.world import World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.timeout(1200)]  # what the phone does

LONG = os.environ.get("FAULTS") == "long"
COLLECT, DELIVER, TAKE = (26, 14, 20) if LONG else (2, 1, 2)


def find(page: Page, packet: Packet, visit: int, filmed: bool) -> None:
    """By its slip before the camera, or by its number."""
    if filmed:
        to(page, f"/scan/visit/{visit}")
        return
    to(page, f"/type/visit/{visit}")
    page.get_by_label("Số trên phiếu").fill(packet.number)
    press(page, "Tìm gói")


def collect(page: Page, camera: Camera, packet: Packet, visit: int, code: str) -> None:
    camera.show_slip(packet, "http://localhost:8000")
    find(page, packet, visit, filmed=True)
    expect(page.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
    count_papers(page)
    seal_and_money(page, f"0046 {visit:03d}")  # no two seals are alike
    page.get_by_label("Mã người dân đọc").fill(code)
    press(page, "Xong, nhận gói")
    verdict(page, "Đã nhận gói", "ok")


def deliver(page: Page, camera: Camera, packet: Packet, visit: int, code: str) -> None:
    camera.show_slip(packet, "http://localhost:8000")
    find(page, packet, visit, filmed=True)
    expect(page.get_by_role("heading", name="Trả kết quả")).to_be_visible(timeout=30_000)
    hand_over(page, code)


def test_a_shift_without_a_network_arrives_whole(world: World, host: Host, handset: Handset, camera: Camera) -> None:
    before = world.phone()
    ins = [world.packet() for _ in range(COLLECT)]
    outs = [world.packet(Way.OUT) for _ in range(DELIVER)]
    for packet in outs:
        world.record(before.scan(packet, "take"))
    bag = [world.packet(Way.OUT) for _ in range(TAKE)]
    plan(world, *ins, *outs)
    visits = {packet.id: open_visit(packet.id).id for packet in (*ins, *outs)}  # type: ignore[union-attr]
    codes = {packet.id: world.code(packet) for packet in ins} | {p.id: world.code(p, Purpose.DELIVER) for p in outs}
    page = handset.on()
    sign_in(page, host)  # type: ignore[arg-type]
    expect(page.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    settle(page)
    handset.off()
    host.stop()

    page = handset.on()
    page.goto(f"{host.url}/courier/")
    unlock(page)
    expect(page.get_by_role("link", name="Đã tới cửa")).to_be_visible()
    for packet in ins:
        collect(page, camera, packet, visits[packet.id], codes[packet.id])
    page.locator("#undo").click()  # the last one was another packet
    assert axe_faults(page) == []
    press(page, "Báo quét nhầm")
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("Chọn chỗ nhầm")
    page.get_by_role("radio", name="Quét phải gói khác").check()
    press(page, "Báo quét nhầm")
    verdict(page, "Đã báo nhầm", "stamp")
    for packet in outs:
        deliver(page, camera, packet, visits[packet.id], codes[packet.id])
    show_bag(camera, bag)
    to(page, f"/bulk/take/{world.desk.party_id}")
    expect(page.locator("#tally")).to_have_text(f"{TAKE} / {TAKE}", timeout=5_000 * TAKE + 10_000)
    page.locator("#finish").click()
    expect(page.locator("#follows")).to_be_visible()
    to(page, "/carrying")
    expect(page.locator(".queue li")).to_have_count(COLLECT - 1 + TAKE)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) == DELIVER

    host.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    to(page, "/")
    expect(page.locator("#sync-arrived b")).to_have_text(str(COLLECT - 1 + DELIVER + TAKE), timeout=60_000)
    expect(page.locator("#sync-kept b")).to_have_text("0")
    expect(page.locator("#sync-person b")).to_have_text("2")  # what was wrong, and the word that it was
    states = [world.fresh(packet).state for packet in (*ins, *outs, *bag)]
    assert states == [State.CARRIED] * (COLLECT - 1) + [State.DISPUTED] + [State.DELIVERED] * DELIVER + [State.CARRIED] * TAKE  # fmt: skip
    assert world.fresh(ins[-1]).holder_id == ins[-1].dossier.citizen.party_id
    assert db.session.scalars(sa.select(Task.kind).filter_by(packet_id=ins[-1].id)).all() == [TaskKind.DISPUTED]
    doubted = sa.select(Verdict.digest).where(Verdict.verdict.in_((Ruling.HELD, Ruling.QUARANTINED)))
    assert db.session.scalars(doubted).all() == []
    numbers = db.session.execute(sa.select(ScanRow.device_id, ScanRow.n)).all()
    bodies = [json.loads(body)["proof"] for body in db.session.scalars(sa.select(ScanRow.body))]
    assert not [word for proof in bodies for word in proof if word["kind"] in ("TYPED", "LISTED")], "read, all of them"
    assert len(numbers) == len(set(numbers))
    for _ in range(100):  # the list follows the scans
        db.session.rollback()
        if db.session.query(Manifest).count() == 1:
            break
        page.wait_for_timeout(100)
    assert db.session.scalars(sa.select(Manifest.scanned)).all() == [TAKE]
