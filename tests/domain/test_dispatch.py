"""The dispatcher's day: nobody visited twice, windows kept, strangers kept out, what has set out left alone."""

import pytest
from flask import Flask

import routes
from app.db import atomically, db
from app.domain import dispatch, visits
from app.domain.packets import Packet
from app.domain.visits import Visit, VisitState
from app.errors import Missing, Refused
from tests.world import World


def visit_of(packet: Packet) -> Visit:
    visit = visits.current(packet.id)
    assert visit
    return visit


def test_one_button_orders_the_day_and_keeps_every_window(each_app: Flask, each_world: World) -> None:
    world = each_world
    mine = [world.packet() for _ in range(3)]
    day = visit_of(mine[0]).slot.day
    plan = routes.plan(dispatch.problem(world.post, day), iterations=100)
    placed = atomically(dispatch.adopt, world.post, day, plan, world.act(world.dispatcher))
    assert placed == 3
    for packet in mine:
        visit = visit_of(packet)
        opens = visits.starts_at(day, visit.slot.opens)
        closes = visits.starts_at(day, visit.slot.closes)
        assert visit.state == VisitState.ASSIGNED
        assert opens <= visit.arrives_at <= closes
    positions = sorted(visit_of(packet).position for packet in mine)
    assert positions == [1, 2, 3]


def test_a_visit_cancelled_while_the_plan_was_made_stays_cancelled(world: World) -> None:
    packets = [world.packet() for _ in range(2)]
    day = visit_of(packets[0]).slot.day
    plan = routes.plan(dispatch.problem(world.post, day), iterations=10)
    atomically(visits.cancel, visit_of(packets[0]), world.act())
    assert atomically(dispatch.adopt, world.post, day, plan, world.act(world.dispatcher)) == 1
    assert visit_of(packets[0]).state == VisitState.CANCELLED


def test_a_round_that_has_set_out_is_not_planned_again(world: World) -> None:
    packet = world.packet()
    visit = visit_of(packet)
    atomically(dispatch.assign, world.post, [visit.id], world.courier.id, world.act(world.dispatcher))
    atomically(lambda: visits.set_out(visits.round_of(world.courier, visit.slot.day), world.act(world.courier)))
    problem = dispatch.problem(world.post, visit.slot.day)
    assert problem.stops == ()
    assert world.courier.id not in {courier.key for courier in problem.couriers}
    with pytest.raises(Refused, match="round_under_way"):
        atomically(dispatch.assign, world.post, [visit.id], None, world.act(world.dispatcher))


def test_another_offices_courier_and_visits_are_out_of_reach(world: World) -> None:
    visit = visit_of(world.packet())
    with pytest.raises(Missing, match="courier_unknown"):
        atomically(dispatch.assign, world.post, [visit.id], world.strange_courier.id, world.act(world.dispatcher))
    moved = atomically(
        dispatch.assign, world.other_post, [visit.id], world.strange_courier.id, world.act(world.stranger)
    )
    assert moved == 0
    assert db.session.get_one(Visit, visit.id).state == VisitState.SCHEDULED


def test_the_page_plans_and_gives_by_hand(app: Flask, world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    packet = world.packet()
    visit = visit_of(packet)
    day, visit_id = visit.slot.day.isoformat(), visit.id
    office = sign_in(world.dispatcher)
    assert packet.number in office.get(f"/dispatch/{day}").text
    given = office.post(f"/dispatch/{day}/assign", data={"visit": visit_id, "courier": world.second_courier.id})
    assert given.status_code == 302
    db.session.rollback()
    assert db.session.get_one(Visit, visit_id).courier.id == world.second_courier.id
    assert office.post(f"/dispatch/{day}/plan", follow_redirects=True).status_code == 200
    assert office.get("/dispatch/not-a-day").status_code == 422
