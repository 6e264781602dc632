from dataclasses import replace

import pytest

from routes import check, plan
from tests.routes.test_planner import day, near, team

PROBLEM = day(1, n=12, couriers=3)
GOOD = plan(PROBLEM, iterations=50)
FIRST = GOOD.rounds[0]


def first(**changes):
    return replace(GOOD, rounds=(replace(FIRST, **changes), *GOOD.rounds[1:]))


@pytest.mark.parametrize(
    ("spoiled", "complaint"),
    [
        (replace(GOOD, rounds=()), "is planned 0 times"),
        (replace(GOOD, unplanned=FIRST.stops[:1]), "is planned 2 times"),
        (replace(GOOD, unplanned=(near("nobody asked"),)), "stop nobody asked is not in the problem"),
        (replace(GOOD, rounds=GOOD.rounds * 2), "drives 2 rounds"),
        (first(courier=team(9)[8]), "courier courier9 is not in the problem"),
        (replace(GOOD, rounds=(*GOOD.rounds, replace(FIRST, courier=team(3)[2], stops=()))), "has no stops"),
        (first(arrivals=FIRST.arrivals[1:]), "not an arrival for each"),
        (first(arrivals=tuple(at + 3 * 3600 for at in FIRST.arrivals)), "outside its window"),
        (first(arrivals=(FIRST.arrivals[0] - 1, *FIRST.arrivals[1:])), "cannot be at"),
        (first(arrivals=(FIRST.arrivals[0] + 1, *FIRST.arrivals[1:])), "could be there before"),
        (first(leaves=0), "leaves before the shift"),
        (first(back=24 * 3600), "is back after the shift"),
        (first(back=FIRST.back - 1), f"is back at {FIRST.back}, not"),
        (first(distance=FIRST.distance - 1), f"drives {FIRST.distance}, not"),
    ],
)
def test_each_broken_promise_is_named(spoiled, complaint):
    assert any(complaint in line for line in check(PROBLEM, spoiled))


def test_a_bag_that_is_too_full_is_named():
    heavy = replace(PROBLEM, couriers=tuple(replace(one, capacity=5) for one in PROBLEM.couriers))
    rounds = tuple(replace(one, courier=replace(one.courier, capacity=5)) for one in GOOD.rounds)
    assert any("more than the capacity" in line for line in check(heavy, replace(GOOD, rounds=rounds)))


def test_a_good_plan_has_nothing_to_name():
    assert check(PROBLEM, GOOD) == []
