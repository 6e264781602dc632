"""Which visits are one call at one door, and which only look alike."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

import routes
from app.db import atomically, db
from app.domain import bands, booking, day, dispatch, homes, relief, rounds, visits
from app.domain.outbox import Message
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.visits import Visit, VisitState
from tests.world import MONDAY, World


def visit(packet: Packet) -> Visit:
    found = visits.open_visit(packet.id)
    assert found
    return found


@pytest.mark.parametrize("street", ["12 đường Mẫu Đơn", "12, Đường  mẫu đơn", "12 duong Mau Don."])
def test_packets_of_one_family_are_called_for_at_one_door_however_the_street_is_spelt(
    world: World, street: str
) -> None:
    first = world.packet()
    other, second = world.packet(), world.packet(home=first)
    second.dossier.citizen.street = street
    found = homes.at_doors([visit(packet) for packet in (first, other, second)])
    assert [[each.packet_id for each in door] for door in found] == [[first.id, second.id], [other.id]]


@pytest.mark.parametrize(
    "differs",
    [
        lambda packet: setattr(packet.dossier.citizen, "phone", "+84900000124"),
        lambda packet: setattr(packet.dossier.citizen, "street", "12/1 đường Mẫu Đơn"),
        lambda packet: setattr(visit(packet), "slot_id", 99),
    ],
    ids=["phone", "street", "slot"],
)
def test_another_phone_another_house_or_another_time_is_another_door(
    world: World, differs: Callable[[Packet], None]
) -> None:
    first = world.packet()
    second = world.packet(home=first)
    one, two = visit(first), visit(second)
    assert homes.door(one) == homes.door(two)
    differs(second)
    assert homes.door(one) != homes.door(two)


def test_to_collect_and_to_bring_are_two_calls(world: World) -> None:
    first = world.packet()
    second = world.packet(Way.OUT, home=first)
    assert homes.door(visit(first)) != homes.door(visit(second))


def test_the_phone_is_told_which_stops_are_one_home(world: World) -> None:
    first = world.packet()
    other, second = world.packet(), world.packet(home=first)
    for packet in (second, other, first):
        world.on_round(packet)
    slot = visit(first).slot
    ids = {packet.id: visit(packet).id for packet in (first, other, second)}
    told = atomically(lambda: day.of(world.courier, visits.starts_at(slot.day, slot.opens)))
    assert {stop["visit"]: stop["home"] for stop in told["stops"]} == {
        ids[first.id]: ids[first.id], ids[second.id]: ids[first.id], ids[other.id]: ids[other.id],
    }  # fmt: skip


# ---- one stop to whoever plans -----------------------------------------------------------------------------------


def two_of_one(world: World) -> tuple[Packet, Packet, Packet]:
    first = world.packet()
    other = world.packet()
    return first, other, world.packet(home=first)


def test_a_plan_never_parts_a_home_and_its_second_packet_costs_its_counting_alone(world: World) -> None:
    first, other, second = two_of_one(world)
    day_ = visit(first).slot.day
    problem = dispatch.problem(world.post, day_)
    one, two = sorted(problem.stops, key=lambda stop: -stop.load)
    assert rounds.visits_at(one) == [visit(first).id, visit(second).id] and rounds.visits_at(two) == [visit(other).id]
    assert (one.load, one.service, two.service) == (2, rounds.SERVICE + rounds.ANOTHER, rounds.SERVICE)
    assert one.closes == two.closes - rounds.ANOTHER, "both are done within the hours"
    plan = routes.plan(problem, iterations=50)
    assert atomically(dispatch.adopt, world.post, day_, plan, world.act(world.dispatcher)) == 3
    assert visit(first).courier == visit(second).courier is not None
    assert visit(first).arrives_at == visit(second).arrives_at, "the same call"
    if visit(other).courier == visit(first).courier:
        places = {packet.id: visit(packet).position for packet in (first, other, second)}
        assert abs(places[first.id] - places[second.id]) == 1  # type: ignore[operator]


def test_a_home_with_more_packets_than_an_even_share_is_still_one_couriers(world: World) -> None:
    world.post.slot_places = 20
    db.session.commit()
    first = world.packet()
    for _ in range(dispatch.FEW):
        world.packet(home=first)
    day_ = visit(first).slot.day
    plan = routes.plan(dispatch.problem(world.post, day_), iterations=20)
    assert plan.unplanned == () and len(plan.rounds) == 1 and plan.rounds[0].stops[0].load == dispatch.FEW + 1


def test_a_new_dossier_of_a_home_goes_along_on_the_round_that_has_the_first(world: World) -> None:
    first, other, second = two_of_one(world)
    act = world.act(world.dispatcher)
    atomically(dispatch.assign, world.post, [visit(other).id], world.second_courier.id, act)
    atomically(dispatch.assign, world.post, [visit(first).id], world.courier.id, act)
    atomically(rounds.join, visit(second), act)
    assert visit(second).courier == world.courier
    assert [visit(packet).position for packet in (first, second, other)] == [1, 2, 1]
    assert visit(second).arrives_at == visit(first).arrives_at


def test_a_home_stands_together_on_its_round_before_whoever_came_to_it_in_between(world: World) -> None:
    first, other, second = two_of_one(world)
    act = world.act(world.dispatcher)
    for packet in (first, other, second):
        atomically(dispatch.assign, world.post, [visit(packet).id], world.courier.id, act)
    assert [visit(packet).position for packet in (first, second, other)] == [1, 2, 3]
    assert visit(second).arrives_at == visit(first).arrives_at != visit(other).arrives_at


def test_what_is_moved_to_the_time_of_its_home_goes_along_there(world: World) -> None:
    first, _other, second = two_of_one(world)
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.day > visit(first).slot.day)
    atomically(lambda: rounds.move(visit(first), offer, world.post, world.act()))
    atomically(dispatch.assign, world.post, [visit(first).id], world.courier.id, world.act(world.dispatcher))
    atomically(lambda: rounds.move(visit(second), offer, world.post, world.act()))
    assert visit(second).courier == world.courier and visit(second).position == 2


@pytest.mark.parametrize("word", ["started_at", "stopped_at"])
def test_nothing_joins_a_round_that_has_set_out_or_goes_no_further(world: World, word: str) -> None:
    first, _other, second = two_of_one(world)
    act = world.act(world.dispatcher)
    atomically(dispatch.assign, world.post, [visit(first).id], world.courier.id, act)
    atomically(lambda: setattr(visit(first).round, word, act.at))
    atomically(rounds.join, visit(second), act)
    assert visit(second).courier is None


def test_a_plan_gives_a_late_dossier_to_whoever_is_on_the_way_to_its_home(world: World) -> None:
    first, other, second = two_of_one(world)
    day_, act = visit(first).slot.day, world.act(world.dispatcher)
    atomically(dispatch.assign, world.post, [visit(first).id], world.courier.id, act)
    atomically(lambda: visits.set_out(visit(first).round, act))  # type: ignore[arg-type]
    problem = dispatch.problem(world.post, day_)
    assert [rounds.visits_at(stop) for stop in problem.stops] == [[visit(other).id]]
    assert atomically(dispatch.adopt, world.post, day_, routes.plan(problem, iterations=20), act) == 2
    assert (visit(second).courier, visit(second).state) == (world.courier, VisitState.EN_ROUTE)
    told = db.session.scalars(sa.select(Message.values).filter_by(kind="courier_today")).all()
    assert [values["number"] for values in told] == [second.dossier.number]


def test_whoever_takes_over_for_a_colleague_gets_a_home_whole(world: World) -> None:
    first, other, second = two_of_one(world)
    act = world.act(world.dispatcher)
    ids = [visit(packet).id for packet in (first, other, second)]
    atomically(dispatch.assign, world.post, ids, world.courier.id, act)
    found = relief.look(world.post, world.courier.id, visit(first).slot.day, act.at)
    proposed = {proposal.visit.id: proposal for proposal in found.proposals}
    assert sorted(proposed) == sorted(ids)
    assert proposed[ids[0]].courier == proposed[ids[2]].courier is not None
    assert proposed[ids[0]].arrives_at == proposed[ids[2]].arrives_at


@time_machine.travel(MONDAY, tick=False)
def test_who_moves_one_by_hand_moves_the_rest_of_the_home_unless_they_say_otherwise(
    world: World, sign_in: Callable[[User], FlaskClient]
) -> None:
    first, other, second = two_of_one(world)
    when, numbers = visit(first).slot.day.isoformat(), [packet.dossier.number for packet in (first, other, second)]
    ids = [visit(packet).id for packet in (first, other, second)]
    page = sign_in(world.dispatcher)
    assert "2 gói của nhà này" in page.get(f"/dispatch/{when}").text

    def give(courier: str, **more: str) -> str:
        data = {"visit": ids[0], "courier": courier} | more
        said = page.post(f"/dispatch/{when}/assign", data=data, follow_redirects=True).text.split("<table")[0]
        db.session.rollback()
        return said.replace("\u00a0", " ")

    said = give(world.courier.id)
    assert "Cùng nhà, 1 lượt nữa đi theo" in said and numbers[2] in said and numbers[1] not in said
    assert [visit(packet).courier for packet in (first, other, second)] == [world.courier, None, world.courier]
    assert "đi theo" not in give(world.second_courier.id, alone="y")
    assert [visit(packet).courier for packet in (first, second)] == [world.second_courier, world.courier]


# ---- results of one home come together ---------------------------------------------------------------------------


def brought(world: World, packet: Packet, working_days: int) -> visits.Slot:
    """The visit that brings a result is put that many working days ahead; afterwards, when."""

    def put() -> None:
        offer = [one for one in visits.offers(world.post, MONDAY) if one.day > MONDAY.date()][4 * working_days - 1]
        rounds.move(visit(packet), offer, world.post, world.act())

    atomically(put)
    return visit(packet).slot


def another_result(world: World, home: Packet | None, **facts: str) -> visits.Slot:
    packet = world.packet(Way.OUT, home=home)

    def schedule() -> visits.Slot:
        found = db.session.get_one(Packet, packet.id)
        for name, value in facts.items():
            setattr(found.dossier.citizen, name, value)
        visits.cancel(visit(found), world.act())
        return booking.deliver_visit(found, world.act()).slot

    return atomically(schedule)


def test_a_result_comes_when_another_is_brought_to_that_home_anyway(world: World) -> None:
    first = world.packet(Way.OUT)
    slot = brought(world, first, 1)
    assert another_result(world, home=first).id == slot.id
    assert another_result(world, home=None).day < slot.day, "another house"
    assert another_result(world, home=first, phone="+84900000124").day < slot.day, "another phone"


def test_a_result_does_not_wait_beyond_the_posts_own_time_nor_one_of_the_same_day_at_all(world: World) -> None:
    first = world.packet(Way.OUT)
    late = brought(world, first, 1 + bands.days(world.neighbourhood.ward, world.desk.ward))
    assert another_result(world, home=first).day < late.day
    near = brought(world, first, 1)
    world.procedure.days = 0
    db.session.commit()
    assert another_result(world, home=first).day < near.day


def test_a_result_takes_the_first_place_where_the_others_slot_is_full_or_its_courier_is_on_the_way(
    world: World,
) -> None:
    first = world.packet(Way.OUT)
    slot = brought(world, first, 1)
    slot.taken = slot.places
    db.session.commit()
    assert another_result(world, home=first).day < slot.day
    slot = db.session.get_one(visits.Slot, slot.id)
    slot.taken = 1
    visit(first).state = VisitState.EN_ROUTE
    db.session.commit()
    assert another_result(world, home=first).day < slot.day


def test_the_dispatcher_sees_which_open_visits_are_of_one_home_whoever_has_them(world: World) -> None:
    first, _other, second = two_of_one(world)
    day_, ids = visit(first).slot.day, [visit(packet).id for packet in (first, second)]
    atomically(dispatch.assign, world.post, ids[:1], world.courier.id, world.act(world.dispatcher))
    assert dispatch.day_of(world.post, day_).shared == dict.fromkeys(ids, 2)
    atomically(visits.finish, db.session.get_one(Packet, first.id), MONDAY)
    assert dispatch.day_of(world.post, day_).shared == {}


def test_a_result_is_not_led_to_whoever_is_on_the_way_without_it(world: World) -> None:
    first = world.packet(Way.OUT)
    second = world.packet(Way.OUT, home=first)
    day_, act = visit(first).slot.day, world.act(world.dispatcher)
    atomically(dispatch.assign, world.post, [visit(first).id], world.courier.id, act)
    atomically(lambda: visits.set_out(visit(first).round, act))  # type: ignore[arg-type]
    [stop] = dispatch.problem(world.post, day_).stops
    assert rounds.visits_at(stop) == [visit(second).id]
