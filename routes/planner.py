"""Plan the day: as many stops as can be served, with few couriers, over the shortest way. PyVRP searches;
what it answers is driven through once more here, so no plan breaks a window, a shift or a capacity."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from routes.distance import measure
from routes.model import DETOUR, Courier, Plan, Problem, Round

if TYPE_CHECKING:
    from pyvrp import ProblemData

ITERATIONS = 2_000  # when the caller sets no limit: half a second for a ward of 40 stops
WORTH = 10  # a stop is left out to keep a promise, never to save a courier or ten times the longest way
MANY = 400  # stops; from here a search that may drop none wins by being half as fast again, below it loses


def plan(problem: Problem, seconds: float | None = None, iterations: int | None = None, seed: int = 0) -> Plan:
    """The best plan found within `seconds` of search or `iterations`, whichever ends first.

    The same problem, iterations and seed give the same plan; seconds do not. Without a limit it stops after
    ITERATIONS. A stop nobody can serve is in `unplanned`. Raises ValueError for a negative limit or seed.
    """
    if min(seconds or 0, iterations or 0, seed) < 0:
        raise ValueError("seconds, iterations and seed are not negative")
    problem = measure(problem)
    reachable = [
        visit
        for visit, _ in enumerate(problem.stops, 1)
        if any(_drive(problem, courier, [visit]) for courier in problem.couriers)
    ]
    rounds = _search(problem, reachable, seconds, iterations, seed) if reachable else ()
    planned = {stop.key for round in rounds for stop in round.stops}
    return Plan(tuple(rounds), tuple(stop for stop in problem.stops if stop.key not in planned))


def _search(
    problem: Problem, visits: list[int], seconds: float | None, iterations: int | None, seed: int
) -> list[Round]:
    from pyvrp import Route, Solution, solve  # a third of a second to load
    from pyvrp.exceptions import PenaltyBoundWarning
    from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria, StoppingCriterion

    limits: list[StoppingCriterion] = []
    if seconds is not None:
        limits.append(MaxRuntime(seconds))
    if iterations is not None or seconds is None:
        limits.append(MaxIterations(ITERATIONS if iterations is None else iterations))

    alike: dict[tuple[tuple[int, int], int], list[Courier]] = defaultdict(list)
    for courier in problem.couriers:
        alike[courier.shift, courier.capacity].append(courier)
    groups = [group for (shift, _), group in alike.items() if shift[0] <= shift[1]]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)  # says the day is tight, which is no fault
        data, start = _translate(problem, visits, groups, required=False), None
        if len(visits) >= MANY:
            start = solve(data, MaxIterations(0), seed, collect_stats=False).best
            if start.is_feasible() and start.num_clients() == len(visits):
                data = _translate(problem, visits, groups, required=True)
                orders = [(route, [call.idx for call in route if call.is_client()]) for route in start.routes()]
                start = Solution(data, [Route(data, order, route.vehicle_type()) for route, order in orders])
        best = solve(data, MultipleCriteria(limits), seed, False, initial_solution=start).best
    rounds = []
    for route in best.routes():
        courier = groups[route.vehicle_type()].pop(0)
        order = [visits[call.idx] for call in route if call.is_client()]
        round = _drive(problem, courier, order) or _drive(problem, courier, _thin(problem, courier, order))
        if round:
            rounds.append(_press(problem, round))
    return sorted(rounds, key=lambda round: problem.couriers.index(round.courier))


def _translate(
    problem: Problem, visits: Sequence[int], groups: Iterable[Sequence[Courier]], required: bool
) -> ProblemData:
    """Couriers who are alike become one vehicle type: the search is quicker without telling them apart."""
    import numpy as np
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType

    assert problem.distances is not None and problem.durations is not None
    rows = np.array([0, *visits])
    distances: Any = np.ascontiguousarray(problem.distances[np.ix_(rows, rows)], dtype=np.int64)
    durations: Any = np.ascontiguousarray(problem.durations[np.ix_(rows, rows)], dtype=np.int64)
    prize = 1 + 2 * problem.fixed_cost + WORTH * int((distances[0] + distances[:, 0]).max())
    stops = [problem.stops[visit - 1] for visit in visits]
    return ProblemData(
        [Location(0, 0)] * len(rows),
        [
            Client(
                at,
                pickup=[stop.load],
                service_duration=stop.service,
                tw_early=max(0, stop.opens),
                tw_late=stop.closes,
                prize=0 if required else prize,
                required=required,
            )
            for at, stop in enumerate(stops, 1)
        ],
        [Depot(0)],
        [
            VehicleType(
                len(group),
                capacity=[group[0].capacity],
                tw_early=group[0].shift[0],
                tw_late=group[0].shift[1],
                fixed_cost=problem.fixed_cost,
            )
            for group in groups
        ],
        [distances],
        [durations],
    )


def follow(problem: Problem, leaves: int) -> tuple[int, ...]:
    """When the call at each stop begins if somebody leaves the depot at `leaves` and calls in the order they stand:
    as early as can be, never before its window opens, after it has closed where that cannot be helped."""
    return tuple(calls(measure(problem), range(1, len(problem.stops) + 1), leaves))


def calls(problem: Problem, visits: Sequence[int], leaves: int) -> list[int]:
    """As `follow`, for visits by their matrix indices in a measured problem."""
    assert problem.durations is not None
    here, clock, arrivals = 0, leaves, []
    for visit in visits:
        stop = problem.stops[visit - 1]
        arrivals.append(max(clock + int(problem.durations[here, visit]), stop.opens))
        here, clock = visit, arrivals[-1] + stop.service
    return arrivals


def _drive(problem: Problem, courier: Courier, visits: Sequence[int]) -> Round | None:
    """The round over `visits` (matrix indices), each call as early as can be; None when it breaks a promise
    or calls nowhere."""
    distances, durations = problem.distances, problem.durations
    assert distances is not None and durations is not None
    stops = [problem.stops[visit - 1] for visit in visits]
    if not stops or sum(stop.load for stop in stops) > courier.capacity:
        return None
    arrivals = calls(problem, visits, courier.shift[0])
    if any(arrival > stop.closes for arrival, stop in zip(arrivals, stops, strict=True)):
        return None
    back = arrivals[-1] + stops[-1].service + int(durations[visits[-1], 0])
    if back > courier.shift[1]:
        return None
    path = [0, *visits, 0]
    distance = sum(int(distances[leg]) for leg in zip(path[:-1], path[1:], strict=True))
    leaves = arrivals[0] - int(durations[0, visits[0]])
    return Round(courier, tuple(stops), tuple(arrivals), leaves, back, distance)


def _press(problem: Problem, round: Round) -> Round:
    """The same calls, what presses moved before the others of its hours: as far forward as every promise holds and the
    round gets no longer than by DETOUR in all."""
    longest, index = round.distance + DETOUR, {stop: visit for visit, stop in enumerate(problem.stops, 1)}
    for stop in [stop for stop in round.stops if stop.pressing]:
        at = first = round.stops.index(stop)
        while first and round.stops[first - 1].opens == stop.opens and not round.stops[first - 1].pressing:
            first -= 1
        for to in range(first, at):
            order = (*round.stops[:to], stop, *round.stops[to:at], *round.stops[at + 1 :])
            sooner = _drive(problem, round.courier, [index[each] for each in order])
            if sooner and sooner.distance <= longest:
                round = sooner
                break
    return round


def _thin(problem: Problem, courier: Courier, visits: Sequence[int]) -> list[int]:
    """What is left of an order that cannot be driven when each visit that does not fit is passed over."""
    kept: list[int] = []
    for visit in visits:
        if _drive(problem, courier, [*kept, visit]):
            kept.append(visit)
    return kept
