"""A visit on a round has its time at once; whatever changes the round reckons the others' anew."""

from datetime import datetime, timedelta

import sqlalchemy as sa

import routes
from app.db import atomically, db
from app.domain import booking, day, dispatch, results, rounds, visits
from app.domain.outbox import Message
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.visits import Visit, VisitState
from tests.world import World


def visit_of(packet: Packet) -> Visit:
    db.session.rollback()
    visit = visits.current(packet.id)
    assert visit
    return visit


def give(world: World, courier: User | None, *packets: Packet, at: datetime | None = None) -> None:
    ids = [visit_of(packet).id for packet in packets]
    act = world.act(world.dispatcher, at) if at else world.act(world.dispatcher)
    assert atomically(dispatch.assign, world.post, ids, courier.id if courier else None, act) == len(ids)


def told(*packets: Packet) -> list[str]:
    """Local times of arrival, in the order asked."""
    times = [visit_of(packet).arrives_at for packet in packets]
    return [f"{time.astimezone(visits.HERE):%H:%M}" if time else "" for time in times]


def order(*packets: Packet) -> list[int | None]:
    return [visit_of(packet).position for packet in packets]


def morning(packet: Packet, hour: int, minute: int = 0) -> datetime:
    return visits.starts_at(visit_of(packet).slot.day, visits.WINDOWS[0][0]).replace(hour=hour, minute=minute)


def set_out(world: World, packet: Packet, at: datetime) -> None:
    round_ = visit_of(packet).round
    assert round_
    atomically(day.set_out, round_.id, world.act(world.courier, at))


def test_visits_given_by_hand_have_their_times_at_once(world: World) -> None:
    packets = [world.packet() for _ in range(4)]
    assert told(*packets) == ["", "", "", ""]
    give(world, world.courier, *packets)
    assert told(*packets) == ["08:00", "08:08", "08:16", "10:00"]  # eight minutes at each door, the same house
    assert order(*packets) == [1, 2, 3, 4]


def test_a_newcomer_is_last_in_its_own_window_and_before_the_later_ones(world: World) -> None:
    packets = [world.packet() for _ in range(4)]
    give(world, world.courier, packets[3])
    give(world, world.courier, packets[1])
    give(world, world.courier, packets[0])
    assert order(*packets[:2], packets[3]) == [2, 1, 3]
    assert told(*packets[:2], packets[3]) == ["08:08", "08:00", "10:00"]


def test_a_visit_taken_off_or_given_to_a_colleague_moves_the_others_up(world: World) -> None:
    packets = [world.packet() for _ in range(3)]
    give(world, world.courier, *packets)
    give(world, None, packets[0])
    assert (told(*packets), order(*packets)) == (["", "08:00", "08:08"], [None, 1, 2])
    give(world, world.second_courier, packets[1])
    assert (told(*packets), order(*packets)) == (["", "08:00", "08:00"], [None, 1, 1])


def test_a_cancelled_visit_moves_the_others_up(world: World) -> None:
    packets = [world.packet() for _ in range(3)]
    give(world, world.courier, *packets)
    atomically(booking.cancel, packets[1].dossier, world.act())
    assert told(packets[0], packets[2]) == ["08:00", "08:08"]
    result = world.packet(Way.OUT)
    give(world, world.courier, result)
    atomically(results.hand_over, world.fresh(result), world.act(world.officer), wet_seen=True)
    assert told(packets[0], packets[2]) == ["08:00", "08:08"]


def test_the_planners_order_and_what_couriers_carry_have_times(world: World) -> None:
    packets, held = [world.packet() for _ in range(2)], world.packet(Way.OUT)
    assert world.record(world.phone().scan(held, "take")).verdict == "applied"
    the_day = visit_of(held).slot.day
    plan = routes.plan(dispatch.problem(world.post, the_day), iterations=10)
    atomically(dispatch.adopt, world.post, the_day, plan, world.act(world.dispatcher))
    assert told(held) != [""] and all(told(*packets))
    promised = {stop.key: at for each in plan.rounds for stop, at in zip(each.stops, each.arrivals, strict=True)}
    midnight = morning(held, 0)
    for packet in packets:
        visit = visit_of(packet)
        if visit.courier == world.second_courier:  # nothing was added to that round
            assert visit.arrives_at == midnight + timedelta(seconds=promised[str(visit.id)])


def test_setting_out_late_is_said(world: World) -> None:
    packets = [world.packet() for _ in range(2)]
    give(world, world.courier, *packets)
    set_out(world, packets[0], morning(packets[0], 9, 30))
    first, second = (visit_of(packet).arrives_at for packet in packets)
    assert first and second and morning(packets[0], 9, 30) < first < morning(packets[0], 9, 45)
    assert second - first == timedelta(seconds=rounds.SERVICE)
    announced = list(db.session.scalars(sa.select(Message).filter_by(kind="courier_today").order_by(Message.id)))
    assert [message.values["arrives_at"] for message in announced] == [first.isoformat(), second.isoformat()]


def test_who_was_promised_hours_that_are_past_is_told_of_a_late_courier_and_no_hours(world: World) -> None:
    packet = world.packet()
    give(world, world.courier, packet)
    slot = visit_of(packet).slot
    set_out(world, packet, morning(packet, slot.closes.hour, slot.closes.minute))
    [kind] = db.session.scalars(sa.select(Message.kind).where(Message.kind.startswith("courier_")))
    assert kind == "courier_late"


def test_a_visit_added_under_way_is_reckoned_from_the_last_home_and_announced(world: World) -> None:
    packets = [world.packet() for _ in range(3)]
    give(world, world.courier, *packets[:2])
    set_out(world, packets[0], morning(packets[0], 7, 45))

    def make() -> None:
        visits.finish(packets[0], morning(packets[0], 8, 10))

    atomically(make)
    give(world, world.courier, packets[2], at=morning(packets[0], 8, 12))
    assert visit_of(packets[2]).state == VisitState.EN_ROUTE
    assert told(*packets[1:]) == ["08:12", "08:20"]  # the same house: no way between
    assert order(*packets) == [1, 2, 3]
    announced = list(db.session.scalars(sa.select(Message.values).filter_by(kind="courier_today").order_by(Message.id)))
    assert len(announced) == 3 and announced[-1]["number"] == packets[2].dossier.number


def test_a_time_after_the_window_is_said_as_it_is(world: World) -> None:
    packet = world.packet()
    give(world, world.courier, packet)
    give(world, None, packet)
    give(world, world.courier, packet, at=morning(packet, 10, 30))
    [time] = told(packet)
    assert "10:30" < time < "10:45"


def offer(world: World, packet: Packet, days: int, window: int) -> str:
    the_day = visit_of(packet).slot.day
    found = sorted({one.day for one in visits.offers(world.post, world.act().at)})
    return f"{found[found.index(the_day) + days]:%Y%m%d}-{visits.WINDOWS[window][0]:%H%M}"


def test_a_visit_moved_within_the_day_keeps_its_courier_and_is_no_second_attempt(world: World) -> None:
    packets = [world.packet() for _ in range(2)]
    give(world, world.courier, *packets)
    atomically(booking.rebook, packets[0].dossier, offer(world, packets[0], 0, 2), world.act())
    visit = visit_of(packets[0])
    assert (visit.courier, visit.state, visit.attempt) == (world.courier, VisitState.ASSIGNED, 1)
    assert told(*packets) == ["13:00", "08:00"]
    assert order(*packets) == [2, 1]


def test_a_visit_moved_to_another_day_waits_for_a_courier(world: World) -> None:
    packets = [world.packet() for _ in range(2)]
    give(world, world.courier, *packets)
    atomically(booking.rebook, packets[0].dossier, offer(world, packets[0], 1, 0), world.act())
    visit = visit_of(packets[0])
    assert (visit.courier, visit.state, visit.attempt) == (None, VisitState.SCHEDULED, 1)
    assert told(*packets) == ["", "08:00"]


def test_a_visit_that_failed_is_an_attempt_and_its_courier_is_not_sent_again_unasked(world: World) -> None:
    packet, other = world.packet(), world.packet()
    give(world, world.courier, packet, other)
    set_out(world, packet, morning(packet, 7, 45))
    at = morning(packet, 8, 5)
    assert atomically(visits.fail, packet, "nobody_home", "later_today", world.courier.id, at, at)
    atomically(booking.rebook, packet.dossier, offer(world, packet, 0, 2), world.act())
    visit = visit_of(packet)
    assert (visit.courier, visit.state, visit.attempt) == (None, VisitState.SCHEDULED, 2)


def test_the_phone_is_told_the_next_day_with_visits(world: World) -> None:
    packets = [world.packet() for _ in range(2)]
    before = world.act().at
    assert day.ahead(world.courier, before) is None
    give(world, world.courier, *packets)
    the_day = visit_of(packets[0]).slot.day
    assert day.ahead(world.courier, before) == {"date": the_day.isoformat(), "visits": 2}
    assert day.ahead(world.second_courier, before) is None
    atomically(booking.cancel, packets[0].dossier, world.act())
    assert day.ahead(world.courier, before) == {"date": the_day.isoformat(), "visits": 1}
    assert day.ahead(world.courier, morning(packets[1], 8)) is None  # that day is today


def test_planners_know_a_visit_in_seconds_and_a_call_must_end_by_the_end_of_its_hours(world: World) -> None:
    visit = visit_of(world.packet())
    stop = rounds.stop(visit)
    assert (stop.key, stop.opens, stop.closes, stop.service) == (str(visit.id), 8 * 3600, 10 * 3600 - 480, 480)
    assert rounds.shift() == (7 * 3600 + 1800, 17 * 3600 + 1800)
    way = rounds.way_from(rounds.place(world.post), "u1", visit.slot.day, morning(world.packet(), 6), [visit])
    assert (way.leaves, way.ends, way.room, way.stops) == (27_000, 63_000, rounds.CAPACITY - 1, (stop,))


def test_whoever_is_under_way_leaves_from_the_home_they_came_from_last(world: World) -> None:
    packets = [world.packet() for _ in range(3)]
    give(world, world.courier, *packets)
    set_out(world, packets[0], morning(packets[0], 7, 45))

    def made() -> None:
        for packet, minute, north in ((packets[0], 30, 0.01), (packets[1], 10, 0.02)):  # the second was made first
            visit = visits.open_visit(packet.id)
            assert visit
            visit.packet.dossier.citizen.lat += north
            visits.finish(packet, morning(packet, 8, minute))

    atomically(made)
    round_ = visit_of(packets[2]).round
    assert round_
    start = rounds.way(round_, morning(packets[0], 8, 31)).start
    assert start.lat == visit_of(packets[0]).packet.dossier.citizen.lat


def test_the_message_says_the_promised_hours_and_about_when(world: World) -> None:
    packet = world.packet()
    give(world, world.courier, packet)
    set_out(world, packet, morning(packet, 7, 45))
    [values] = db.session.scalars(sa.select(Message.values).filter_by(kind="courier_today"))
    visit = visit_of(packet)
    assert visit.arrives_at
    said = {key: values[key] for key in ("opens", "closes", "arrives_at")}
    assert said == {"opens": "08:00", "closes": "10:00", "arrives_at": visit.arrives_at.isoformat()}
