"""The dispatcher's day: nobody visited twice, windows kept, strangers kept out, what has set out left alone."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

import routes
from app.db import atomically, db
from app.domain import dispatch, rounds, visits
from app.domain.audit import AuditLine
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.visits import Visit, VisitState
from app.errors import Missing, Refused
from tests.world import MONDAY, World


def visit_of(packet: Packet) -> Visit:
    visit = visits.current(packet.id)
    assert visit
    return visit


def test_one_button_orders_the_day_and_keeps_every_window(app: Flask, world: World) -> None:
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


def test_no_courier_is_planned_much_more_than_an_even_share(world: World) -> None:
    def most(count: int) -> set[int]:
        made.extend(world.packet() for _ in range(count - len(made)))
        return {courier.capacity for courier in dispatch.problem(world.post, visit_of(made[0]).slot.day).couriers}

    made: list[Packet] = []
    assert most(3) == {dispatch.FEW}, "a few visits may be one courier's"
    world.post.slot_places = 20
    db.session.commit()
    assert most(10) == {6}


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
    assert (
        atomically(dispatch.adopt, world.post, visit.slot.day, routes.plan(problem), world.act(world.dispatcher)) == 0
    )
    assert (visit_of(packet).courier, visit_of(packet).state) == (world.courier, VisitState.EN_ROUTE)


def test_a_visit_on_the_way_is_given_to_a_colleague_who_is_announced_once_or_to_nobody(world: World) -> None:
    packet = world.packet()
    visit = visit_of(packet)
    atomically(dispatch.assign, world.post, [visit.id], world.courier.id, world.act(world.dispatcher))
    atomically(lambda: visits.set_out(visits.round_of(world.courier, visit.slot.day), world.act(world.courier)))
    second = db.session.get_one(User, world.second_courier.id)
    for courier, state in ((second, VisitState.ASSIGNED), (None, VisitState.SCHEDULED)):
        chosen = courier.id if courier else None
        assert atomically(dispatch.assign, world.post, [visit.id], chosen, world.act(world.dispatcher)) == 1
        assert (visit_of(packet).courier, visit_of(packet).state) == (courier, state)
    atomically(visits.cancel, visit_of(packet), world.act())
    assert visit_of(packet).state == VisitState.CANCELLED, "nobody is on the way any more"


def test_another_offices_courier_and_visits_are_out_of_reach(world: World) -> None:
    visit = visit_of(world.packet())
    with pytest.raises(Missing, match="courier_unknown"):
        atomically(dispatch.assign, world.post, [visit.id], world.strange_courier.id, world.act(world.dispatcher))
    moved = atomically(
        dispatch.assign, world.other_post, [visit.id], world.strange_courier.id, world.act(world.stranger)
    )
    assert moved == 0
    assert db.session.get_one(Visit, visit.id).state == VisitState.SCHEDULED


@time_machine.travel(MONDAY, tick=False)
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
    unsaid = office.post(f"/dispatch/{day}/assign", data={"visit": visit_id, "courier": ""})
    assert "Chưa chuyển lượt nào" in unsaid.text and '<option value="">chọn bưu tá</option>' in unsaid.text
    assert f'value="{visit_id}" checked' in unsaid.text, "nobody ticks forty visits twice"
    none = office.post(f"/dispatch/{day}/assign", data={"courier": world.courier.id})
    assert "Đánh dấu ít nhất một lượt" in none.text and f'value="{world.courier.id}" selected' in none.text
    db.session.rollback()
    assert db.session.get_one(Visit, visit_id).courier.id == world.second_courier.id
    office.post(f"/dispatch/{day}/assign", data={"visit": visit_id, "courier": "nobody"})
    db.session.rollback()
    assert db.session.get_one(Visit, visit_id).courier is None
    planned = office.post(f"/dispatch/{day}/plan", follow_redirects=True)
    assert planned.status_code == 200 and "đã đi thì giữ nguyên" not in planned.text
    db.session.rollback()

    def set_out() -> None:
        db.session.get_one(Visit, visit_id).round.started_at = world.act().at

    atomically(set_out)
    assert "đã đi thì giữ nguyên" in office.get(f"/dispatch/{day}").text
    assert office.get("/dispatch/not-a-day").status_code == 422


def carried(world: World) -> Packet:
    """A result the first courier has taken from the desk, its visit still to come."""
    packet = world.packet(Way.OUT)
    outcome = world.record(world.phone().scan(packet, "take"))
    assert outcome.verdict == "applied", outcome
    return world.fresh(packet)


def test_what_a_courier_carries_is_planned_for_nobody_else(world: World) -> None:
    held, other = carried(world), world.packet()
    day = visit_of(held).slot.day
    problem = dispatch.problem(world.post, day)
    assert [stop.key for stop in problem.stops] == [str(visit_of(other).id)]
    plan = routes.plan(problem, iterations=10)
    for _ in range(2):
        assert atomically(dispatch.adopt, world.post, day, plan, world.act(world.dispatcher)) == 2
        visit = visit_of(held)
        assert (visit.state, visit.courier) == (VisitState.ASSIGNED, world.courier)
        assert visit.position == max(each.position or 0 for each in visit.round.visits)


def test_what_was_taken_while_the_plan_was_made_goes_with_its_holder(world: World) -> None:
    packet = world.packet(Way.OUT)
    visit = visit_of(packet)
    day = visit.slot.day
    plan = routes.plan(dispatch.problem(world.post, day), iterations=10)
    keen = world.second_courier if plan.rounds[0].courier.key == world.courier.id else world.courier
    assert world.record(world.phone(keen).scan(packet, "take")).verdict == "applied"
    atomically(dispatch.adopt, world.post, day, plan, world.act(world.dispatcher))
    assert visit_of(packet).courier == keen


def test_a_carried_packet_is_not_given_to_a_colleague_by_hand(world: World) -> None:
    visit = visit_of(carried(world))
    for courier, moved in ((world.second_courier.id, 0), (world.courier.id, 1), (None, 0)):
        assert atomically(dispatch.assign, world.post, [visit.id], courier, world.act(world.dispatcher)) == moved
    assert db.session.get_one(Visit, visit.id).courier == world.courier


@time_machine.travel(MONDAY, tick=False)
def test_a_visit_number_beyond_all_numbers_is_nobodys(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    day = visit_of(world.packet()).slot.day.isoformat()
    office = sign_in(world.dispatcher)
    assert office.post(f"/dispatch/{day}/assign", data={"visit": "9" * 30}).status_code == 422


@time_machine.travel(MONDAY, tick=False)
def test_a_visit_that_cannot_be_moved_is_said_to_stay(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    stays, goes = visit_of(carried(world)), visit_of(world.packet())
    office, day = sign_in(world.dispatcher), stays.slot.day.isoformat()
    sent = {"visit": [stays.id], "courier": world.second_courier.id}
    said = office.post(f"/dispatch/{day}/assign", data=sent, follow_redirects=True).text.replace("\xa0", " ")
    assert "1 lượt ở nguyên" in said and "Đã chuyển" not in said
    notice = re.sub(r"<[^>]+>", "", said[said.index("1 lượt ở nguyên") :])
    assert re.match(rf"[^.]*\. {stays.packet.dossier.number}\s", notice), "and which it is"
    sent["visit"].append(goes.id)
    said = office.post(f"/dispatch/{day}/assign", data=sent, follow_redirects=True).text.replace("\xa0", " ")
    assert "1 lượt ở nguyên" in said and "Đã chuyển 1 lượt" in said


def test_the_day_says_who_is_free_how_many_visits_there_are_and_what_nobody_has(world: World) -> None:
    packets = [world.packet() for _ in range(3)]
    day = visit_of(packets[0]).slot.day
    atomically(visits.cancel, visit_of(packets[2]), world.act())
    atomically(dispatch.assign, world.post, [visit_of(packets[0]).id], world.courier.id, world.act(world.dispatcher))
    found = dispatch.day_of(world.post, day)
    assert [visit.packet_id for visit in found.unassigned] == [packets[1].id]
    assert (found.count, [courier.id for courier, _ in found.free]) == (2, [world.second_courier.id])
    atomically(dispatch.assign, world.post, [visit_of(packets[0]).id], None, world.act(world.dispatcher))
    found = dispatch.day_of(world.post, day)
    assert [courier.id for courier, _ in found.free] == [world.courier.id, world.second_courier.id], (
        "an empty round is none"
    )
    assert found.count == 2


def test_who_was_given_what_and_how_much_was_planned_is_noted(world: World) -> None:
    visit = visit_of(world.packet())
    day, number = visit.slot.day, visit.id
    for courier in (world.courier.id, None):
        atomically(dispatch.assign, world.post, [number], courier, world.act(world.dispatcher))
    plan = routes.plan(dispatch.problem(world.post, day), iterations=10)
    atomically(dispatch.adopt, world.post, day, plan, world.act(world.dispatcher))
    notes = db.session.scalars(
        sa.select(AuditLine).where(AuditLine.action.in_(("assign", "plan"))).order_by(AuditLine.id)
    )
    assert [(note.action, note.subject, note.details) for note in notes] == [
        ("assign", f"office {world.post.id}", {"visits": {str(number): world.courier.id}}),
        ("assign", f"office {world.post.id}", {"visits": {str(number): None}}),
        ("plan", f"office {world.post.id}", {"day": day.isoformat(), "placed": 1}),
    ]


def test_one_courier_alone_may_be_planned_for_every_visit(world: World) -> None:
    world.post.slot_places = 20
    db.session.commit()
    made = [world.packet() for _ in range(10)]
    day = visit_of(made[0]).slot.day
    atomically(lambda: setattr(rounds.of(world.second_courier, world.post, day), "stopped_at", world.act().at))
    [alone] = dispatch.problem(world.post, day).couriers
    assert (alone.key, alone.capacity) == (world.courier.id, 12)


def test_what_fits_no_day_is_taken_off_its_round_and_what_is_carried_keeps_its_place_there(world: World) -> None:
    held, planned, fits = carried(world), world.packet(), world.packet()
    day, act = visit_of(planned).slot.day, world.act(world.dispatcher)
    atomically(dispatch.assign, world.post, [visit_of(held).id, visit_of(planned).id], world.courier.id, act)
    stops = [rounds.stop(visit_of(packet)) for packet in (held, planned)]
    [free] = [stop for stop in dispatch.problem(world.post, day).stops if stop.key == str(visit_of(fits).id)]
    kept = routes.plan(routes.Problem(rounds.place(world.post), dispatch.problem(world.post, day).couriers, (free,)))
    atomically(dispatch.adopt, world.post, day, routes.Plan(kept.rounds, tuple(stops)), act)
    assert (visit_of(planned).state, visit_of(planned).courier) == (VisitState.SCHEDULED, None)
    assert (visit_of(held).state, visit_of(held).courier) == (VisitState.ASSIGNED, world.courier)
    assert visit_of(fits).courier and visit_of(held).arrives_at


def test_what_has_set_out_is_not_taken_off_by_a_plan_made_before_and_what_is_carried_gets_its_time(
    world: World,
) -> None:
    packet, held = world.packet(), carried(world)
    day, act = visit_of(packet).slot.day, world.act(world.dispatcher)
    atomically(dispatch.assign, world.post, [visit_of(packet).id], world.second_courier.id, act)
    plan = routes.Plan((), (rounds.stop(visit_of(packet)),))
    atomically(lambda: visits.set_out(visits.round_of(world.second_courier, day), world.act(world.second_courier)))
    atomically(dispatch.adopt, world.post, day, plan, act)
    assert visit_of(packet).state == VisitState.EN_ROUTE
    assert visit_of(held).courier == world.courier and visit_of(held).arrives_at


def test_a_visit_that_nobody_had_and_that_fits_no_day_waits_as_before(world: World) -> None:
    packet = world.packet()
    visit = visit_of(packet)
    plan = routes.Plan((), (rounds.stop(visit),))
    atomically(dispatch.adopt, world.post, visit.slot.day, plan, world.act(world.dispatcher))
    assert (visit_of(packet).state, visit_of(packet).courier) == (VisitState.SCHEDULED, None)


def test_who_set_out_or_stopped_while_the_plan_was_made_gets_nothing_of_it(world: World) -> None:
    packet, act = world.packet(), world.act(world.dispatcher)
    day = visit_of(packet).slot.day
    for word in ("started_at", "stopped_at"):
        plan = routes.plan(dispatch.problem(world.post, day), iterations=10)
        who = db.session.get_one(User, plan.rounds[0].courier.key)
        atomically(lambda word=word, who=who: setattr(rounds.of(who, world.post, day), word, act.at))
        assert atomically(dispatch.adopt, world.post, day, plan, act) == 0
        assert visit_of(packet).courier is None
        atomically(lambda word=word, who=who: setattr(rounds.of(who, world.post, day), word, None))


def test_another_time_is_agreed_on_also_for_a_visit_on_the_way_but_not_for_what_is_in_a_bag(world: World) -> None:
    goes, stays = visit_of(world.packet()), visit_of(carried(world))
    act, office = world.act(world.dispatcher), world.post
    atomically(dispatch.assign, office, [goes.id, stays.id], world.courier.id, act)

    def set_out() -> None:
        round_ = db.session.get_one(Visit, goes.id).round
        assert round_
        visits.set_out(round_, act)

    atomically(set_out)
    offer = next(one for one in visits.offers(office, act.at) if one.day > goes.slot.day)
    assert atomically(dispatch.days, office, act.at) == [goes.slot.day]
    moved = atomically(dispatch.rebook, office, goes.packet, offer.key, act)
    assert (moved.slot.day, moved.state, moved.round) == (offer.day, VisitState.SCHEDULED, None)
    assert atomically(dispatch.days, office, act.at) == sorted({stays.slot.day, offer.day})
    with pytest.raises(Refused, match="courier_under_way"):
        atomically(dispatch.rebook, office, stays.packet, offer.key, act)
    with pytest.raises(Refused, match="nothing_to_move$"):
        atomically(dispatch.rebook, world.other_post, goes.packet, offer.key, act)
    assert visit_of(stays.packet).courier is not None


def test_somebody_waits_while_a_visit_is_open_whether_a_courier_has_it_or_not(world: World) -> None:
    mine, other = world.packet(), world.packet()
    day, act = visit_of(mine).slot.day, world.act(world.dispatcher)
    atomically(visits.cancel, visit_of(other), act)
    assert dispatch.day_of(world.post, day).waiting, "nobody has it yet"
    atomically(dispatch.assign, world.post, [visit_of(mine).id], world.courier.id, act)
    assert dispatch.day_of(world.post, day).waiting, "a courier has it"
    atomically(visits.finish, db.session.get_one(Packet, mine.id), act.at)
    assert not dispatch.day_of(world.post, day).waiting
    waits = world.packet()
    assert visit_of(waits).slot.day == day and dispatch.day_of(world.post, day).waiting, "one is done, one is nobody's"


def test_a_day_that_went_by_is_seen_for_a_fortnight_while_somebody_waits_for_it(world: World) -> None:
    visit = visit_of(world.packet())
    last = visits.starts_at(visit.slot.day + dispatch.LOOK_BACK, visit.slot.opens)
    assert dispatch.days(world.post, last) == [visit.slot.day]
    assert dispatch.days(world.post, last + timedelta(days=1)) == []


def test_a_visit_is_bound_once_its_courier_has_set_out_with_its_packet(world: World) -> None:
    held, other = carried(world), world.packet()
    ids = [visit_of(packet).id for packet in (held, other)]
    atomically(dispatch.assign, world.post, ids, world.courier.id, world.act(world.dispatcher))

    def bound() -> list[bool]:
        return [dispatch.is_bound(world.post, visit_of(packet)) for packet in (held, other)]

    assert bound() == [False, False], "nobody has set out"
    round_day = visit_of(held).slot.day
    atomically(lambda: visits.set_out(visits.round_of(world.courier, round_day), world.act(world.courier)))
    assert bound() == [True, False], "what is to be collected is in nobody's bag"
