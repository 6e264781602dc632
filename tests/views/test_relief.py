"""The page on which a dispatcher takes a courier off the day."""

import re
from datetime import timedelta
from typing import Any

from app.db import atomically, db, now
from app.domain import day, dispatch, visits
from app.domain.calendar import HERE, today
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.visits import Visit, VisitState
from tests.domain.test_rounds import visit_of
from tests.world import World


def coming(world: World, *packets: Packet, courier: User) -> str:
    """Their visits, on that courier's round the day after tomorrow by the real clock, from eight in the morning."""
    when = today(now()) + timedelta(days=2)

    def put() -> None:
        for packet in packets:
            visit = visits.open_visit(packet.id)
            assert visit
            visit.slot.day = when
        db.session.flush()
        ids = [visits.open_visit(packet.id).id for packet in packets]  # type: ignore[union-attr]
        dispatch.assign(world.post, ids, courier.id, world.act(world.dispatcher, now()))

    atomically(put)
    return when.isoformat()


def spoken(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.replace("\xa0", " ")))


def test_the_page_proposes_colleagues_says_why_and_does_what_was_chosen(world: World, sign_in: Any) -> None:
    packets = [world.packet() for _ in range(3)]
    when = coming(world, *packets, courier=world.courier)
    office = sign_in(world.dispatcher)
    assert f"/dispatch/{when}/relief/{world.courier.id}" in office.get(f"/dispatch/{when}").text
    page = office.get(f"/dispatch/{when}/relief/{world.courier.id}")
    assert page.status_code == 200
    said = spoken(page.text)
    assert f"Ai đi thay {world.courier.name}" in said and said.count("Đi thêm") == 3 and "tới khoảng 8:" in said
    ids = [visit_of(packet).id for packet in packets]
    chosen = re.findall(r'<option value="(\w+)" selected>', page.text)
    assert chosen == [world.second_courier.id] * 3
    data = {f"to-{ids[0]}": world.second_courier.id, f"to-{ids[1]}": world.second_courier.id, f"to-{ids[2]}": "nobody"}
    done = office.post(f"/dispatch/{when}/relief/{world.courier.id}", data=data, follow_redirects=True)
    assert "2 lượt đã có bưu tá mới" in spoken(done.text) and "1 lượt chưa có ai đi" in spoken(done.text)
    assert "nghỉ" in spoken(done.text)
    couriers = [visit_of(packet).courier for packet in packets]
    assert [one and one.id for one in couriers] == [world.second_courier.id, world.second_courier.id, None]
    assert f'<option value="{world.courier.id}"' not in done.text, "nobody gives them anything more"
    back = office.post(f"/dispatch/{when}/relief/{world.courier.id}/resume", follow_redirects=True)
    assert "Lại giao lượt được" in back.text and f'<option value="{world.courier.id}"' in back.text


def test_a_colleague_who_stopped_meanwhile_is_said_and_every_other_choice_is_kept(world: World, sign_in: Any) -> None:
    packets = [world.packet() for _ in range(2)]
    when = coming(world, *packets, courier=world.courier)
    office = sign_in(world.dispatcher)
    office.post(f"/dispatch/{when}/relief/{world.second_courier.id}")
    ids = [visit_of(packet).id for packet in packets]
    data = {f"to-{ids[0]}": world.second_courier.id, f"to-{ids[1]}": "nobody"}
    refused = office.post(f"/dispatch/{when}/relief/{world.courier.id}", data=data)
    assert refused.status_code == 409 and "Bưu tá này nghỉ ngày này rồi" in refused.text
    assert [visit_of(packet).courier for packet in packets] == [db.session.get_one(User, world.courier.id)] * 2
    assert "Ngày này không còn bưu tá nào khác" in spoken(refused.text)
    db.session.rollback()
    assert visits.round_of(world.courier, visit_of(packets[0]).slot.day).stopped_at is None  # type: ignore[union-attr]


def test_what_is_carried_stays_with_a_way_to_hand_it_on_and_the_phone_number_is_there(
    world: World, sign_in: Any
) -> None:
    held = world.packet(Way.OUT)
    assert world.record(world.phone().scan(held, "take")).verdict == "applied"
    when = coming(world, held, courier=world.courier)

    def go() -> None:
        visit = visits.open_visit(held.id)
        assert visit and visit.round
        visit.round.courier.phone = "+84900000777"
        round_ = visit.round
        day.set_out(round_.id, world.act(db.session.merge(world.courier), now()))

    atomically(go)
    page = sign_in(world.dispatcher).get(f"/dispatch/{when}/relief/{world.courier.id}")
    assert "Chờ gói sang tay rồi mới chuyển" in page.text and f"/corrections/{held.number}" in page.text
    assert "tel:0900000777" in page.text and "Trong túi còn 1 gói" in spoken(page.text)
    assert visit_of(held).state == VisitState.EN_ROUTE


def test_bad_addresses_and_strangers_change_nothing(world: World, sign_in: Any) -> None:
    packet = world.packet()
    when = coming(world, packet, courier=world.courier)
    office = sign_in(world.dispatcher)
    path = f"/dispatch/{when}/relief"
    assert office.get(f"{path}/nobody").status_code == 404
    assert office.post(f"{path}/{world.strange_courier.id}").status_code == 404
    past = (now().astimezone(HERE).date() - timedelta(days=1)).isoformat()
    over = office.get(f"/dispatch/{past}/relief/{world.courier.id}")
    assert over.status_code == 422 and "Ngày đó qua rồi" in over.text
    assert office.get(f"/dispatch/soon/relief/{world.courier.id}").status_code == 422
    number = visit_of(packet).id
    for data in ({f"to-{number}": "somebody"}, {f"to-{number}": world.strange_courier.id}):
        assert office.post(f"{path}/{world.courier.id}", data=data).status_code == 404
    odd = office.post(f"{path}/{world.courier.id}", data={"to-": "x", "to-abc": "y", f"to-{'9' * 30}": "z"})
    assert odd.status_code == 302
    assert sign_in(world.clerk).get(f"{path}/{world.courier.id}").status_code == 403
    assert db.session.get_one(Visit, number).courier == db.session.get_one(User, world.courier.id)


def test_a_courier_taken_off_a_day_to_come_is_off_that_day_and_not_since_an_hour_of_today(
    world: World, sign_in: Any
) -> None:
    packet = world.packet()
    when = coming(world, packet, courier=world.courier)
    office, path = sign_in(world.dispatcher), f"/dispatch/{when}/relief/{world.courier.id}"
    office.post(path)
    page = spoken(office.get(path).text)
    assert "nghỉ từ" not in page and "nghỉ ngày này" in page and "Làm được rồi" in page
    assert "nghỉ từ" not in spoken(office.get(f"/dispatch/{when}").text)


def test_pressed_in_a_second_window_it_says_that_the_visits_are_no_longer_in_the_round(
    world: World, sign_in: Any
) -> None:
    packet = world.packet()
    when = coming(world, packet, courier=world.courier)
    office, path = sign_in(world.dispatcher), f"/dispatch/{when}/relief/{world.courier.id}"
    data = {f"to-{visit_of(packet).id}": "nobody"}
    office.post(path, data=data)
    again = spoken(office.post(path, data=data, follow_redirects=True).text)
    assert "1 lượt giữ nguyên: không còn trong tuyến này, vừa đi xong, hoặc bưu tá đang giữ gói" in again
