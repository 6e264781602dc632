import random
from dataclasses import replace

import numpy as np
import pytest

from routes import Courier, Place, Plan, Problem, Stop, check, plan
from routes.distance import measure
from routes.model import DETOUR

POST_OFFICE = Place(10.9, 106.77)  # Dĩ An
HOUR = 3600


def day(seed, n=40, couriers=4, capacity=60, wide=0.045):
    dice = random.Random(seed)

    def stop(number):
        opens = dice.choice([8, 10, 13, 15]) * HOUR
        place = Place(10.9 + dice.uniform(-wide, wide), 106.77 + dice.uniform(-wide, wide))
        return Stop(f"S{number:03}", place, opens, opens + 2 * HOUR)

    return Problem(POST_OFFICE, team(couriers, capacity), tuple(stop(number) for number in range(n)))


def team(n, capacity=60, shift=(7 * HOUR, 17 * HOUR + HOUR // 2)):
    return tuple(Courier(f"courier{number}", shift, capacity) for number in range(1, n + 1))


def near(key, opens=8 * HOUR, closes=10 * HOUR, **more):
    return Stop(key, Place(10.91, 106.78), opens, closes, **more)


@pytest.mark.parametrize(("n", "couriers"), [(1, 1), (7, 2), (40, 4), (120, 8)])
@pytest.mark.parametrize("seed", range(4))
def test_a_plan_keeps_every_promise(n, couriers, seed):
    problem = day(seed, n, couriers)
    answer = plan(problem, iterations=100, seed=seed)
    assert check(problem, answer) == []
    assert answer.unplanned == ()


@pytest.mark.parametrize("iterations", [0, 1, 10, 300])
@pytest.mark.parametrize("seed", range(3))
def test_a_day_too_big_for_its_couriers_is_planned_in_part_and_without_a_broken_window(seed, iterations):
    problem = day(seed, n=120, couriers=2, capacity=30)
    answer = plan(problem, iterations=iterations, seed=seed)
    assert check(problem, answer) == []
    assert sum(len(round.stops) for round in answer.rounds) > (45 if iterations else 10)


@pytest.mark.parametrize("couriers", [20, 4], ids=["enough couriers", "too few couriers"])
def test_a_day_of_hundreds_keeps_every_promise_and_is_the_same_each_time(couriers):
    problem = day(1, n=400, couriers=couriers)
    answer = plan(problem, iterations=20)
    assert check(problem, answer) == []
    assert bool(answer.unplanned) == (couriers == 4)
    assert answer == plan(problem, iterations=20)


def test_two_hours_are_full_before_a_call_is_left_out():
    """A call takes five minutes and the doors are the same: 25 calls can begin in two hours."""
    problem = Problem(POST_OFFICE, team(1), tuple(near(f"S{number}") for number in range(40)))
    answer = plan(problem, iterations=500)
    assert check(problem, answer) == []
    assert len(answer.rounds[0].stops) == 25


def test_the_same_iterations_and_seed_give_the_same_plan():
    first, again = (plan(day(1, n=80), iterations=100, seed=7) for _ in range(2))
    assert first == again


def test_seconds_end_the_search():
    problem = day(2)
    assert check(problem, plan(problem, seconds=0.05)) == []


@pytest.mark.parametrize(
    "hopeless",
    [
        near("closes before a courier is there", 0, 7 * HOUR),
        near("opens after the shift", 18 * HOUR, 20 * HOUR),
        near("ends after the shift", 17 * HOUR, 18 * HOUR, service=HOUR),
        near("closes before it opens", 10 * HOUR, 9 * HOUR),
        near("fills no bag", load=61),
        Stop("was placed in Africa", Place(0, 0), 8 * HOUR, 10 * HOUR),
    ],
    ids=lambda stop: stop.key,
)
def test_a_call_nobody_can_make_is_unplanned_and_spoils_no_other(hopeless):
    problem = day(3, n=12)
    with_it = replace(problem, stops=(hopeless, *problem.stops))
    answer = plan(with_it, iterations=100)
    assert answer.unplanned == (hopeless,)
    assert check(with_it, answer) == []
    assert answer.rounds == plan(problem, iterations=100).rounds


def test_without_stops_nobody_leaves():
    assert plan(Problem(POST_OFFICE, team(2), ())) == Plan()


def test_without_couriers_every_stop_is_unplanned():
    problem = Problem(POST_OFFICE, (), (near("A"), near("B")))
    assert plan(problem) == Plan((), problem.stops)


def test_couriers_whose_shift_is_over_before_it_begins_stay_home():
    problem = Problem(POST_OFFICE, team(1, shift=(9 * HOUR, 8 * HOUR)), (near("A"),))
    assert plan(problem) == Plan((), problem.stops)


def test_a_call_at_the_post_office_itself_needs_no_way():
    problem = Problem(POST_OFFICE, team(1), (Stop("A", POST_OFFICE, 0, 24 * HOUR),))
    (only,) = plan(problem, iterations=1).rounds
    assert (only.arrivals, only.leaves, only.back, only.distance) == ((25_200,), 25_200, 25_500, 0)


def test_the_courier_leaves_late_enough_not_to_wait_and_calls_as_the_door_opens():
    problem = measure(Problem(POST_OFFICE, team(1), (near("A"),)))
    (only,) = plan(problem, iterations=1).rounds
    way = int(problem.durations[0, 1])
    assert only.arrivals == (8 * HOUR,)
    assert (only.leaves, only.back) == (8 * HOUR - way, 8 * HOUR + 300 + way)


def test_no_more_couriers_leave_than_are_needed():
    problem = day(4, n=20, couriers=10)
    few = plan(problem, iterations=300)
    assert few.unplanned == ()
    assert len(few.rounds) < len(plan(replace(problem, fixed_cost=0), iterations=300).rounds)
    assert plan(replace(problem, couriers=team(len(few.rounds) - 1)), iterations=300).unplanned


def test_one_more_courier_leaves_before_a_call_is_left_out():
    stops = tuple(near(f"S{number}") for number in range(26))
    answer = plan(Problem(POST_OFFICE, team(2), stops, fixed_cost=10_000_000), iterations=50)
    assert (len(answer.rounds), answer.unplanned) == (2, ())


def test_each_courier_keeps_their_own_shift_and_bag():
    early = Courier("early", (7 * HOUR, 12 * HOUR), 60)
    late = Courier("late", (13 * HOUR, 18 * HOUR), 60)
    small = Courier("small", (7 * HOUR, 18 * HOUR), 3)
    problem = replace(day(5, n=30), couriers=(late, small, early))
    answer = plan(problem, iterations=500)
    assert check(problem, answer) == []
    assert {"late", "early"} <= {round.courier.key for round in answer.rounds}


def test_a_problem_may_bring_its_own_one_way_streets():
    legs = np.array([[0, 10, 900], [900, 0, 10], [10, 900, 0]])
    stops = (near("A", 0, 24 * HOUR), near("B", 0, 24 * HOUR))
    problem = Problem(POST_OFFICE, team(1), stops, distances=legs, durations=legs)
    answer = plan(problem, iterations=50)
    assert [stop.key for stop in answer.rounds[0].stops] == ["A", "B"]
    assert answer.distance == 30


def test_a_plan_is_much_shorter_than_always_driving_to_the_nearest_door():
    problem = replace(day(6, n=100, couriers=10, capacity=100), fixed_cost=0)
    answer = plan(problem, iterations=300)
    assert answer.distance < 0.8 * nearest_neighbour(measure(problem))


def nearest_neighbour(problem):
    left, total = dict(enumerate(problem.stops, 1)), 0
    while left:
        here, clock = 0, problem.couriers[0].shift[0]
        while True:
            begins = {i: max(stop.opens, clock + int(problem.durations[here, i])) for i, stop in left.items()}
            open_doors = [i for i, begin in begins.items() if begin <= left[i].closes]
            if not open_doors:
                break
            there = min(open_doors, key=lambda i: (begins[i], problem.distances[here, i]))
            total += int(problem.distances[here, there])
            here, clock = there, begins[there] + left.pop(there).service
        total += int(problem.distances[here, 0])
    return total


@pytest.mark.parametrize("wrong", [{"seconds": -1}, {"iterations": -1}, {"seed": -1}])
def test_a_negative_limit_or_seed_is_refused(wrong):
    with pytest.raises(ValueError, match="not negative"):
        plan(day(0), **wrong)


SQUARE = np.zeros((2, 2), dtype=int)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stops": (near("A"), near("A"))},
        {"couriers": team(1) * 2},
        {"couriers": team(1, capacity=-1)},
        {"couriers": team(1, shift=(-1, HOUR))},
        {"stops": (near("A", service=-1),)},
        {"stops": (near("A", load=-1),)},
        {"fixed_cost": -1},
        {"distances": SQUARE},
        {"distances": SQUARE, "durations": np.zeros((3, 3), dtype=int)},
        {"distances": SQUARE, "durations": SQUARE - 1},
        {"distances": SQUARE, "durations": SQUARE + 1},
        {"distances": SQUARE, "durations": SQUARE * 1.0},
    ],
    ids=range(12),
)
def test_a_problem_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        Problem(**{"depot": POST_OFFICE, "couriers": team(1), "stops": (near("A"),)} | wrong)


@pytest.mark.parametrize("seed", range(4))
def test_what_presses_comes_before_the_others_of_its_hours_for_a_little_more_way(seed):
    problem = day(seed, n=60, couriers=3, wide=0.015)
    pressed = replace(problem, stops=tuple(replace(one, pressing=n % 5 == 0) for n, one in enumerate(problem.stops)))
    before, after = (plan(each, iterations=100, seed=seed) for each in (problem, pressed))
    assert check(pressed, after) == []
    assert [{one.key for one in round.stops} for round in after.rounds] == [
        {one.key for one in round.stops} for round in before.rounds
    ], "who drives where is not touched"
    was, now = (
        {one.key: at for r in each.rounds for one, at in zip(r.stops, r.arrivals, strict=True)}
        for each in (before, after)
    )
    assert sum(was[one.key] - now[one.key] for one in pressed.stops if one.pressing) > 1800
    for short, long in zip(before.rounds, after.rounds, strict=True):
        assert long.distance <= short.distance + DETOUR


def test_what_presses_breaks_no_promise_and_passes_no_earlier_hours():
    tight = [near(f"T{number}", closes=8 * HOUR + number * 300) for number in range(3)]
    last = near("last", pressing=True)
    noon = near("noon", opens=10 * HOUR, closes=12 * HOUR, pressing=True)
    answer = plan(Problem(POST_OFFICE, team(1), (*tight, last, noon)), iterations=100)
    assert [one.key for one in answer.rounds[0].stops][-2:] == ["last", "noon"]
