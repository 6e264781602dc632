"""What a plan promises, checked from the problem and the rounds alone: none of the planner's code is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from routes.distance import measure
from routes.model import Plan, Problem, Round


def check(problem: Problem, plan: Plan) -> list[str]:
    """Every promise the plan breaks, one line each; empty when it keeps them all: each stop once, windows,
    travel and service time, shifts, capacities, and the distance it claims."""
    problem = measure(problem)
    seen = Counter(stop for round in plan.rounds for stop in round.stops)
    seen.update(plan.unplanned)
    broken = [f"stop {stop.key} is planned {seen[stop]} times" for stop in problem.stops if seen[stop] != 1]
    broken += [f"stop {stop.key} is not in the problem" for stop in seen.keys() - set(problem.stops)]
    away = Counter(round.courier for round in plan.rounds)
    broken += [f"courier {courier.key} drives {times} rounds" for courier, times in away.items() if times > 1]
    broken += [f"courier {one.key} is not in the problem" for one in away.keys() - set(problem.couriers)]
    if not broken:
        broken = [f"courier {r.courier.key} {wrong}" for r in plan.rounds for wrong in _faults(problem, r)]
    return broken


def _faults(problem: Problem, round: Round) -> Iterator[str]:
    assert problem.distances is not None and problem.durations is not None
    index = {stop: i for i, stop in enumerate(problem.stops, 1)}
    path = [0, *(index[stop] for stop in round.stops), 0]
    legs = list(zip(path[:-1], path[1:], strict=True))
    seconds = [int(problem.durations[leg]) for leg in legs]
    metres = sum(int(problem.distances[leg]) for leg in legs)
    if not round.stops or len(round.arrivals) != len(round.stops):
        yield "has no stops, or not an arrival for each"
        return
    if sum(stop.load for stop in round.stops) > round.courier.capacity:
        yield "carries more than the capacity"
    if round.distance != metres:
        yield f"drives {metres}, not {round.distance}"
    if round.leaves < round.courier.shift[0]:
        yield "leaves before the shift"
    if round.back > round.courier.shift[1]:
        yield "is back after the shift"
    free = round.leaves
    for stop, arrival, drive in zip(round.stops, round.arrivals, seconds[:-1], strict=True):
        if not stop.opens <= arrival <= stop.closes:
            yield f"calls at {stop.key} outside its window"
        if arrival != max(free + drive, stop.opens):
            yield f"cannot be at {stop.key} at {arrival}, or could be there before"
        free = arrival + stop.service
    if round.back != free + seconds[-1]:
        yield f"is back at {free + seconds[-1]}, not {round.back}"
