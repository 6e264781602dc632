"""One more stop in a round under way: what stands there stays in order, and no promise is broken that can be kept."""

import random
from dataclasses import replace
from itertools import pairwise, permutations

import pytest

from routes import Broken, Fit, Place, Problem, Sharing, Stop, Way, fit, follow, share
from routes.distance import measure

HOUR = 3600
WINDOWS = (8, 10, 13, 15)
POST_OFFICE = Place(10.9, 106.77)


def stop(
    key: str,
    north: float = 0.0,
    east: float = 0.0,
    opens: int = 8,
    service: int = 480,
    load: int = 1,
    pressing: bool = False,
) -> Stop:
    """Kilometres from the post office, near enough."""
    place = Place(POST_OFFICE.lat + north / 110.6, POST_OFFICE.lon + east / 109.3)
    return Stop(key, place, opens * HOUR, (opens + 2) * HOUR, service, load, pressing)


def way(*stops: Stop, courier: str = "a", leaves: float = 8, ends: float = 17.5, room: int = 60) -> Way:
    return Way(courier, POST_OFFICE, int(leaves * HOUR), int(ends * HOUR), room, stops)


def with_it(way_: Way, new: Stop, at: int) -> list[int]:
    return list(follow(Problem(way_.start, (), (*way_.stops[:at], new, *way_.stops[at:])), way_.leaves))


def length(way_: Way) -> int:
    distances = measure(Problem(way_.start, (), way_.stops)).distances
    assert distances is not None
    return sum(int(distances[leg]) for leg in pairwise(range(len(way_.stops) + 1)))


def test_a_stop_goes_where_it_costs_least_among_its_own_hours() -> None:
    far, near, noon = stop("far", north=2), stop("near", north=1), stop("noon", north=1.5, opens=10)
    assert fit(way(far, noon), near).at == 0
    assert fit(way(near, noon), far).at == 1
    assert fit(way(near, far, noon), stop("new", north=3, opens=10)).at == 3
    assert fit(way(noon), stop("early", north=9)).at == 0, "the order of the hours stays, whatever the way"


def test_what_presses_goes_first_among_its_own_hours_where_that_costs_little() -> None:
    early, near, next_door = stop("early", opens=7), stop("near", north=0.5), stop("next", north=0.5)
    new = stop("new", north=0.6)
    assert fit(way(early, near, next_door), new).at == 3
    assert fit(way(early, near, next_door), replace(new, pressing=True)).at == 1, "not before hours that come first"
    away = stop("away", north=4, pressing=True)
    assert fit(way(near, next_door), away).at == 2, "seven kilometres are not little"
    first = replace(near, pressing=True)
    assert fit(way(first, next_door), replace(new, pressing=True)).at == 1, "nor before what pressed already"
    tight = replace(near, closes=8 * HOUR + 240)
    assert fit(way(tight, next_door), replace(new, pressing=True)).at == 1, "nor where a promise would break"


def test_of_equal_places_the_last_so_that_nobody_waits_longer_for_nothing() -> None:
    same = [stop(f"same{n}", north=1) for n in range(3)]
    assert fit(way(*same), stop("new", north=1)).at == 3


def test_what_it_says_is_what_happens() -> None:
    found = fit(way(stop("a", north=1), stop("b", north=3)), stop("new", north=2))
    assert found.at == 1 and found.detour == 0 and found.broken is None
    assert found.arrival == with_it(way(stop("a", north=1), stop("b", north=3)), stop("new", north=2), 1)[1]


def test_each_promise_that_would_break_is_named_and_the_gravest_first() -> None:
    assert fit(way(room=0), stop("new")).broken is Broken.FULL
    assert fit(way(leaves=10.2), stop("new")).broken is Broken.LATE
    assert fit(way(leaves=10.2, room=0), stop("new")).broken is Broken.FULL
    busy = [stop(f"busy{n}", north=1) for n in range(14)]
    assert fit(way(*busy), stop("new", north=1)).broken is None
    assert fit(way(*busy, stop("one more", north=1)), stop("new", north=1)).broken is Broken.OTHERS
    after = stop("after", north=1, opens=10, service=7000)
    last = stop("last", north=1, opens=10)
    assert fit(way(after, last), stop("new", north=1, opens=10)).broken is Broken.OTHERS
    assert fit(way(ends=16), stop("new", north=1, opens=15, service=4000)).broken is Broken.SHIFT


def test_who_is_late_already_breaks_nothing_new_that_stays_as_late() -> None:
    late = stop("late", north=1)
    assert fit(way(late, leaves=11), stop("new", north=1, opens=13)).broken is None


def test_a_promise_kept_to_the_second_is_kept() -> None:
    """Nothing lies between: each call takes its time at one house, so that the clock can be told beforehand."""
    here, now = Place(POST_OFFICE.lat, POST_OFFICE.lon), 8 * HOUR
    first = Stop("first", here, now, now, 600)
    second = Stop("second", here, now, now + 600, 600)
    driven = Way("a", here, now, now + 1800, 1, (first, second))
    assert fit(driven, Stop("new", here, now, now + 1200, 600)) == Fit(2, now + 1200, 0)
    assert fit(driven, Stop("new", here, now, now + 1199, 600)).broken is Broken.OTHERS
    assert fit(driven, Stop("new", here, now, now + 1200, 601)).broken is Broken.SHIFT
    assert fit(Way("a", here, now, now + 600, 1), Stop("new", here, now, now + 10, 600)).broken is None
    assert fit(Way("a", here, now, now, 1), Stop("new", here, now, now + 10, 600)).broken is Broken.SHIFT
    spare = Way("a", here, now, now + 1200, 1, (Stop("soon", here, now, now + 600, 600),))
    assert fit(spare, Stop("new", here, now, now, 600)) == Fit(0, now, 0), "the other is called at as its window closes"
    noon = Stop("noon", here, now + 3600, now + 7200, 900)
    over = Way("a", here, now, now + 3000, 1, (noon,))
    assert fit(over, Stop("new", here, now, now + 10, 600)).broken is None, "it ends as late as it would have anyway"


def test_the_way_to_the_first_home_begins_at_the_office() -> None:
    assert fit(way(stop("there", north=2)), stop("new", north=1)).detour == 0
    apart = fit(way(stop("there", north=-1)), stop("new", north=1, opens=8))
    assert (apart.at, apart.detour) == (1, pytest.approx(2_700, rel=0.01)), (
        "two kilometres as streets run, not from the office"
    )


def test_a_bag_that_is_full_after_one_gets_no_other() -> None:
    sharing = share([way(room=1)], [stop("one", north=1), stop("two", north=2)])
    assert [each.stop.key for each in sharing.moves] == ["one"]
    assert [each.fit and each.fit.broken for each in sharing.left] == [Broken.FULL]


def test_whoever_would_lose_most_by_waiting_is_given_first() -> None:
    """A second choice that is far dearer comes before one that is nearly as good; one without a second before both."""
    near, far = way(courier="near"), Way("far", stop("", east=6).place, 8 * HOUR, 17 * HOUR, 60)
    keen, calm = stop("keen", east=1), stop("calm", east=2.25, north=3.3)
    sharing = share([near, far], [calm, keen])
    assert [(each.stop.key, each.courier) for each in sharing.moves] == [("keen", "near"), ("calm", "near")]
    only = Stop("only", stop("", east=-4).place, 8 * HOUR, 8 * HOUR + 1200)
    first, *_ = share([near, far], [calm, keen, only]).moves
    assert (first.stop.key, first.courier) == ("only", "near"), "the other would be there too late"


def chance(seed: int) -> tuple[list[Way], list[Stop]]:
    dice = random.Random(seed)

    def somewhere(key: str) -> Stop:
        return stop(key, dice.uniform(-4, 4), dice.uniform(-4, 4), dice.choice(WINDOWS))

    def driven(name: str) -> Way:
        stops = sorted((somewhere(f"{name}{n}") for n in range(dice.randint(0, 9))), key=lambda each: each.opens)
        return way(*stops, courier=name, leaves=dice.uniform(7.5, 11), room=dice.choice((2, 60)))

    return [driven(name) for name in "abcd"[: dice.randint(0, 4)]], [
        somewhere(f"new{n}") for n in range(dice.randint(0, 12))
    ]


def apply(ways: list[Way], sharing: Sharing) -> dict[str, Way]:
    found = {each.courier: each for each in ways}
    for chosen in sharing.moves:
        assert chosen.courier and chosen.fit
        before = found[chosen.courier]
        stops = (*before.stops[: chosen.fit.at], chosen.stop, *before.stops[chosen.fit.at :])
        found[chosen.courier] = Way(before.courier, before.start, before.leaves, before.ends, before.room - 1, stops)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_shared_keeps_every_order_and_every_promise_and_loses_nothing(seed: int) -> None:
    ways, stops = chance(seed)
    sharing = share(ways, stops, most=3)
    assert sorted(each.stop.key for each in (*sharing.moves, *sharing.left)) == sorted(each.key for each in stops)
    after = apply(ways, sharing)
    for before in ways:
        now = after[before.courier]
        old = {each.key for each in before.stops}
        assert [each for each in now.stops if each.key in old] == list(before.stops)
        assert [each.opens for each in now.stops] == sorted(each.opens for each in now.stops)
        assert len(now.stops) - len(before.stops) <= before.room
        was = dict(
            zip(
                [s.key for s in before.stops],
                follow(Problem(before.start, (), before.stops), before.leaves),
                strict=True,
            )
        )
        calls = follow(Problem(now.start, (), now.stops), now.leaves)
        for each, call in zip(now.stops, calls, strict=True):
            assert call <= max(each.closes, was.get(each.key, 0)), (each, call)
        for moved in sharing.moves:
            if moved.courier == now.courier:
                assert moved.fit and moved.fit.arrival == calls[now.stops.index(moved.stop)]
    for left in sharing.left:
        assert left.courier is None or all(fit(now, left.stop).broken for now in after.values()), "it would have fitted"
        assert (left.courier is None) == (not ways)


def test_no_colleague_gets_them_all_unless_a_promise_would_break() -> None:
    stops = [stop(f"new{n}", north=1) for n in range(6)]
    near, far = way(stop("here", north=1), courier="near"), way(courier="far")
    taken = [each.courier for each in share([near, far], stops, most=3).moves]
    assert sorted(taken) == ["far"] * 3 + ["near"] * 3
    gone = way(courier="far", leaves=10.5)
    assert [each.courier for each in share([near, gone], stops, most=3).moves] == ["near"] * 6


@pytest.mark.parametrize("seed", range(20))
def test_it_is_never_much_longer_than_the_best_of_all_orders_for_one_courier(seed: int) -> None:
    dice = random.Random(seed)
    stops = [stop(f"new{n}", dice.uniform(-3, 3), dice.uniform(-3, 3)) for n in range(5)]
    [shared] = apply([way()], share([way()], stops)).values()
    best = min(length(way(*order)) for order in permutations(stops))
    assert len(shared.stops) == 5 and length(shared) <= 1.6 * best
