"""A courier's visits go to colleagues while the round is under way: the phone says so, and whoever stands at a door finishes."""

import pytest
from playwright.sync_api import Page, expect

from app.db import atomically, db, now
from app.domain import dispatch, relief
from app.domain.packets import Packet, State
from app.domain.visits import Visit, VisitState, open_visit
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.test_courier import count_papers, plan, press, seal_and_money, sign_in, to, verdict
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone does; the server's part is in tests/domain


def visit_of(packet: Packet) -> Visit:
    db.session.rollback()
    visit = open_visit(packet.id)
    assert visit
    return visit


def asks(page: Page) -> None:
    with page.expect_response("**/api/v1/day*"):
        page.evaluate("window.dispatchEvent(new Event('online'))")


def test_a_home_given_to_a_colleague_is_said_to_be_theirs_and_whoever_is_at_the_door_finishes(
    world: World, site: Site, phone: Page
) -> None:
    gone, begun, stays = (world.packet() for _ in range(3))
    code = world.code(begun)
    plan(world, gone, begun, stays)
    visits = {packet: visit_of(packet).id for packet in (gone, begun)}
    sign_in(phone, site)
    to(phone, f"/type/visit/{visits[begun]}")
    type_number_here(phone, begun.number)
    count_papers(phone)
    atomically(
        dispatch.assign, world.post, list(visits.values()), world.second_courier.id, world.act(world.dispatcher, now())
    )
    asks(phone)
    seal_and_money(phone)  # the page under the courier's hand goes on
    phone.get_by_label("Mã người dân đọc").fill(code)
    press(phone, "Xong, nhận gói")
    verdict(phone, "Đã nhận gói", "ok")
    db.session.rollback()
    assert db.session.get_one(Visit, visits[begun]).state == VisitState.DONE
    assert world.fresh(begun).state == State.CARRIED
    to(phone, "/")
    expect(phone.locator("#moved")).to_contain_text(gone.number)
    for other in (stays, begun):  # what was finished all the same was not somebody else's
        expect(phone.locator("#moved")).not_to_contain_text(other.number)
    assert axe_faults(phone) == []
    to(phone, f"/visit/{visits[gone]}")
    expect(phone.get_by_text("Bưu cục đã giao nhà này cho bưu tá khác.")).to_be_visible()
    assert axe_faults(phone) == []
    press(phone, "Về tuyến")
    asks(phone)
    expect(phone.locator("#moved")).to_contain_text(gone.number)


def type_number_here(page: Page, number: str) -> None:
    page.get_by_label("Số trên phiếu").fill(number)
    press(page, "Tìm gói")


def test_whoever_goes_no_further_is_told_so_and_what_is_in_their_bag_stays_theirs(
    world: World, site: Site, phone: Page
) -> None:
    held, left = world.packet(), world.packet()
    plan(world, held, left)
    world.collected(world.phone(), held)
    sign_in(phone, site)
    the_day = visit_of(left).round.day  # type: ignore[union-attr]
    chosen: dict[int, str | None] = {visit_of(left).id: world.second_courier.id}
    atomically(relief.relieve, world.post, world.courier.id, the_day, chosen, world.act(world.dispatcher, now()))
    asks(phone)
    expect(phone.locator("#stopped")).to_contain_text("Bưu cục đã ghi nghỉ từ")
    expect(phone.get_by_text("Gói trong túi vẫn phải giữ kỹ")).to_be_visible()
    expect(phone.locator("#moved")).to_have_count(0)
    assert axe_faults(phone) == []
    to(phone, "/carrying")
    expect(phone.get_by_text(held.number)).to_be_visible()
    atomically(relief.resume, world.post, world.courier.id, the_day, world.act(world.dispatcher, now()))
    to(phone, "/")
    asks(phone)
    expect(phone.locator("#stopped")).to_have_count(0)
    expect(phone.locator("#moved")).to_contain_text(left.number)
