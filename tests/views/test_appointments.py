"""The page on which a dispatcher agrees on another time with a citizen who is on the telephone."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.db import atomically, db
from app.domain import day, upkeep, visits
from app.domain.outbox import Message
from app.domain.packets import Packet, Way
from app.domain.visits import Visit, VisitState
from tests.domain.test_rounds import give, visit_of
from tests.world import MONDAY, World

EARLY = MONDAY - timedelta(hours=3)


@pytest.fixture(autouse=True)
def monday() -> Iterator[Any]:
    with time_machine.travel(EARLY, tick=False) as clock:
        yield clock


def spoken(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.replace("\xa0", " ")))


def later(packet: Packet) -> visits.Offer:
    """The first time of the day after the one that is agreed."""
    agreed, office = visit_of(packet).slot.day, packet.dossier.post_office
    return next(one for one in visits.offers(office, EARLY) if one.day > agreed)


def page_of(packet: Packet) -> str:
    return f"/dispatch/packets/{packet.number}/time"


def rebooked() -> int:
    db.session.rollback()
    return len(list(db.session.scalars(sa.select(Message.id).where(Message.kind == "rebooked"))))


def test_a_visit_gets_another_time_and_the_citizen_is_told_once(world: World, sign_in: Any) -> None:
    packet, office = world.packet(), sign_in(world.dispatcher)
    give(world, world.courier, packet, at=EARLY)
    old, new = visit_of(packet), later(packet)
    agreed = old.slot.day.isoformat()
    assert page_of(packet) in office.get(f"/dispatch/{agreed}").text
    page = office.get(page_of(packet), query_string={"day": f"{new.day:%Y%m%d}"})
    assert page.status_code == 200 and new.key in page.text
    said = spoken(page.text)
    assert "Nguyễn Thị Mơ" in said and "0900 000 123" in said and "Mẫu Đơn" in said, "whom one is to call"
    assert "tel:0900000123" in page.text
    done = office.post(page_of(packet), data={"slot": new.key}, follow_redirects=True)
    assert done.status_code == 200 and done.request.path == f"/dispatch/{agreed}", "the rest of that day is next"
    assert f"{new.day.day}/{new.day.month}/{new.day.year}, 8:00–10:00. Người dân sẽ nhận tin" in spoken(done.text)
    assert office.post(page_of(packet), data={"slot": new.key}).status_code == 303, "pressed twice"
    moved = visit_of(packet)
    assert (moved.slot.day, moved.slot.opens, moved.state) == (new.day, new.opens, VisitState.SCHEDULED)
    assert rebooked() == 1
    assert db.session.get_one(Visit, old.id).state is VisitState.CANCELLED


def test_a_courier_on_the_way_is_to_be_called_and_loses_the_visit(world: World, sign_in: Any) -> None:
    packet, office = world.packet(), sign_in(world.dispatcher)
    give(world, world.courier, packet, at=EARLY)
    _sets_out(world, packet)
    new = later(packet)
    page = office.get(page_of(packet), query_string={"day": f"{new.day:%Y%m%d}"})
    assert world.courier.name in page.text and "tel:0900000777" in page.text and "đang trên đường" in page.text
    office.post(page_of(packet), data={"slot": new.key})
    assert visit_of(packet).slot.day == new.day and rebooked() == 1


def test_what_a_courier_brings_by_now_changes_hands_first(world: World, sign_in: Any) -> None:
    packet, office = world.packet(Way.OUT), sign_in(world.dispatcher)
    assert world.record(world.phone().scan(packet, "take")).verdict == "applied"
    give(world, world.courier, packet, at=EARLY)
    _sets_out(world, packet)
    new = later(packet)
    page = office.get(page_of(packet))
    assert 'name="slot"' not in page.text and "Gói đang trong túi" in page.text
    refused = office.post(page_of(packet), data={"slot": new.key})
    assert refused.status_code == 409 and visit_of(packet).state is VisitState.EN_ROUTE


def test_bad_times_and_strangers_change_nothing(world: World, sign_in: Any) -> None:
    packet, office = world.packet(), sign_in(world.dispatcher)
    agreed = visit_of(packet).slot.day
    for said in ({}, {"slot": ""}, {"slot": "20991231-0800"}, {"slot": "x" * 400}):
        refused = office.post(page_of(packet), data=said)
        assert refused.status_code == 422 and "Nguyễn Thị Mơ" in refused.text
    assert office.get("/dispatch/packets/RZ999999999VN/time").status_code in (404, 422)
    assert sign_in(world.clerk).get(page_of(packet)).status_code == 403
    assert visit_of(packet).slot.day == agreed and rebooked() == 0


def test_papers_that_are_collected_have_no_time_to_agree_on(world: World, sign_in: Any) -> None:
    packet, office = world.collected(world.phone()), sign_in(world.dispatcher)
    page = office.get(page_of(packet))
    assert page.status_code == 200 and "Không còn lượt nào phải hẹn" in spoken(page.text)
    assert office.post(page_of(packet), data={"slot": "20260828-0800"}).status_code == 409


def test_a_day_with_visits_stays_to_be_seen_though_it_is_declared_off(world: World, sign_in: Any) -> None:
    packet, office = world.packet(), sign_in(world.dispatcher)
    agreed = visit_of(packet).slot.day
    if agreed == EARLY.date():
        agreed = _put_on(packet, later(packet).day)
    ordinary = spoken(office.get(f"/dispatch/{agreed.isoformat()}").text)
    assert "Ngày nghỉ" not in ordinary
    atomically(upkeep.declare, agreed, False, "Thử", world.act(world.admin, EARLY))
    today = office.get("/dispatch/", follow_redirects=True)
    assert f'href="/dispatch/{agreed.isoformat()}"' in today.text
    off = spoken(office.get(f"/dispatch/{agreed.isoformat()}").text)
    assert "Ngày nghỉ: không có tuyến nào. Gọi cho dân, hẹn giờ khác" in off
    yesterday = _put_on(packet, EARLY.date() - timedelta(days=1))
    assert f'href="/dispatch/{yesterday.isoformat()}"' in office.get("/dispatch/", follow_redirects=True).text


def _sets_out(world: World, packet: Packet) -> None:
    def go() -> None:
        visit = db.session.get_one(Visit, visit_of(packet).id)
        assert visit.round
        visit.round.courier.phone = "+84900000777"
        day.set_out(visit.round.id, world.act(db.session.merge(world.courier), EARLY))

    atomically(go)


def _put_on(packet: Packet, when: date) -> date:
    def put() -> None:
        db.session.get_one(Visit, visit_of(packet).id).slot.day = when

    atomically(put)
    return when


def test_a_day_that_is_over_is_no_longer_planned_and_says_what_is_left_to_do(world: World, sign_in: Any) -> None:
    packet, office = world.packet(), sign_in(world.dispatcher)
    yesterday = _put_on(packet, EARLY.date() - timedelta(days=1))
    page = spoken(office.get(f"/dispatch/{yesterday.isoformat()}").text)
    assert "Ngày này qua rồi mà còn người chờ. Gọi cho dân, hẹn giờ khác" in page
    assert "Xếp thành tuyến" not in page and "Giao các lượt đã đánh dấu" not in page
    for act in ("plan", "assign"):
        refused = office.post(f"/dispatch/{yesterday.isoformat()}/{act}", data={"visit": visit_of(packet).id})
        assert refused.status_code == 422 and "Ngày đó qua rồi" in refused.text
    coming = _put_on(packet, EARLY.date() + timedelta(days=1))
    assert "Xếp thành tuyến" in office.get(f"/dispatch/{coming.isoformat()}").text


def test_a_visit_that_will_be_late_by_the_plan_stands_out(world: World, sign_in: Any) -> None:
    packet, office = world.packet(), sign_in(world.dispatcher)
    give(world, world.courier, packet, at=EARLY)
    day = visit_of(packet).slot.day.isoformat()
    assert "trễ hẹn" not in office.get(f"/dispatch/{day}").text

    def reckoned(minutes: int) -> None:
        visit = db.session.get_one(Visit, visit_of(packet).id)
        visit.arrives_at = visits.starts_at(visit.slot.day, visit.slot.closes) + timedelta(minutes=minutes)

    atomically(reckoned, 10)
    assert "trễ hẹn" not in office.get(f"/dispatch/{day}").text, "within the grace"
    atomically(reckoned, 40)
    assert "khoảng 10:40, trễ hẹn" in spoken(office.get(f"/dispatch/{day}").text)
