"""One more stop in a round that is being driven: nothing that stands in it changes its order.

For the hours in which a day is no longer planned: somebody is added, or a courier cannot go on and the others take over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from routes.distance import measure
from routes.model import DETOUR, Place, Problem, Stop
from routes.planner import calls, follow


@dataclass(frozen=True)
class Way:
    """What is left of one courier's round: they leave `start` at `leaves`, call at `stops` in this order, are to be done
    by `ends` and have room for `room` more of load. Seconds since midnight."""

    courier: str
    start: Place
    leaves: int
    ends: int
    room: int
    stops: tuple[Stop, ...] = ()


class Broken(StrEnum):
    """The promise that would not be kept, the gravest last."""

    SHIFT = "shift"  # the courier would not be done in time
    OTHERS = "others"  # somebody promised before would be called at after their window
    LATE = "late"  # the call itself would begin after its window
    FULL = "full"  # the courier can carry no more


GRAVE = {None: 0} | {broken: rank for rank, broken in enumerate(Broken, 1)}


@dataclass(frozen=True)
class Fit:
    """The stop goes before `stops[at]`, is called at `arrival`, costs `detour` metres more; `broken`: what forbids it."""

    at: int
    arrival: int
    detour: int
    broken: Broken | None = None

    @property
    def cost(self) -> tuple[int, int]:
        return GRAVE[self.broken], self.arrival if self.broken else self.detour


class Choice(NamedTuple):
    """A stop and the courier it fits best; nobody (None, None) where there is no courier at all."""

    stop: Stop
    courier: str | None
    fit: Fit | None


@dataclass(frozen=True)
class Sharing:
    """Who gets which stop, in the order they were given: `at` and `detour` as they were then, `arrival` after all of them.
    What fits nowhere is `left`, with whoever would break least."""

    moves: tuple[Choice, ...] = ()
    left: tuple[Choice, ...] = ()


def fit(way: Way, stop: Stop) -> Fit:
    """Where it costs least among the stops of its own hours, last of equals; what presses as early among them as it costs
    DETOUR more at most. When every place breaks a promise, the one that breaks least, soonest."""
    problem = measure(Problem(way.start, (), (*way.stops, stop)))
    order = list(range(1, len(way.stops) + 1))
    before = calls(problem, order, way.leaves)
    first = sum(each.opens < stop.opens for each in way.stops)
    last = sum(each.opens <= stop.opens for each in way.stops)
    found = [_put(way, problem, order, before, at) for at in range(last, first - 1, -1)]
    best = min(found, key=lambda each: each.cost)
    if not stop.pressing or best.broken:
        return best
    free = max((nth for nth in range(first, last) if way.stops[nth].pressing), default=first - 1) + 1
    near = [each for each in found if each.at >= free and not each.broken and each.detour <= best.detour + DETOUR]
    return near[-1] if near else best


def _put(way: Way, problem: Problem, order: list[int], before: list[int], at: int) -> Fit:
    assert problem.distances is not None
    new, path = len(problem.stops), [0, *order]
    detour = int(problem.distances[path[at], new])
    if at < len(order):
        detour += int(problem.distances[new, order[at]]) - int(problem.distances[path[at], order[at]])
    after = calls(problem, [*order[:at], new, *order[at:]], way.leaves)
    return Fit(at, after[at], detour, _broken(way, problem.stops[-1], before, after, at))


def _broken(way: Way, stop: Stop, before: list[int], after: list[int], at: int) -> Broken | None:
    if stop.load > way.room:
        return Broken.FULL
    if after[at] > stop.closes:
        return Broken.LATE
    others = zip(way.stops, before, [*after[:at], *after[at + 1 :]], strict=True)
    if any(now > max(each.closes, was) for each, was, now in others):
        return Broken.OTHERS
    last = way.stops[-1] if at < len(way.stops) else stop
    ended = [call + each.service for call, each in zip(before, way.stops, strict=True)]
    if after[-1] + last.service > max([way.ends, *ended]):  # who ends late already breaks nothing new
        return Broken.SHIFT
    return None


def share(ways: Sequence[Way], stops: Sequence[Stop], most: int | None = None) -> Sharing:
    """Give stops to rounds under way, one after the other: first whichever would lose most by waiting.

    No round gets more than `most` of them, unless a promise could not be kept otherwise.
    """
    driven, waiting = {way.courier: way for way in ways}, {stop.key: stop for stop in stops}
    fits = {key: {way.courier: fit(way, stop) for way in ways} for key, stop in waiting.items()}
    moves: list[Choice] = []
    for limit in [len(stops)] if most is None else [most, len(stops)]:
        while chosen := _dearest(waiting, fits, {name for name in driven if _given(moves, name) < limit}):
            assert chosen.courier and chosen.fit
            moves.append(chosen)
            del waiting[chosen.stop.key]
            way, at = driven[chosen.courier], chosen.fit.at
            way = replace(way, room=way.room - chosen.stop.load, stops=(*way.stops[:at], chosen.stop, *way.stops[at:]))
            driven[way.courier] = way
            for other in waiting.values():
                fits[other.key][way.courier] = fit(way, other)
    left = tuple(_best(stop, fits[key]) for key, stop in waiting.items())
    return Sharing(tuple(_in_the_end(moves, driven)), left)


def _in_the_end(moves: list[Choice], driven: dict[str, Way]) -> Iterator[Choice]:
    arrivals: dict[str, int] = {}
    for way in driven.values():
        found = follow(Problem(way.start, (), way.stops), way.leaves)
        arrivals |= {stop.key: call for stop, call in zip(way.stops, found, strict=True)}
    for stop, courier, fit_ in moves:
        assert fit_
        yield Choice(stop, courier, replace(fit_, arrival=arrivals[stop.key]))


def _dearest(waiting: dict[str, Stop], fits: dict[str, dict[str, Fit]], who: set[str]) -> Choice | None:
    """The stop whose second choice would cost most more than its first, one with no second before all others; ties go to
    the cheaper. None when nothing fits any of them."""
    found: list[Any] = []
    for key in waiting:
        good = {name: each for name, each in fits[key].items() if name in who and not each.broken}
        if good:
            first, *others = sorted(each.detour for each in good.values())
            found.append((others[0] - first if others else float("inf"), -first, key, good))
    if not found:
        return None
    *_, key, good = max(found)  # no key is there twice
    return _best(waiting[key], good)


def _given(moves: list[Choice], courier: str) -> int:
    return sum(each.courier == courier for each in moves)


def _best(stop: Stop, fits: dict[str, Fit]) -> Choice:
    if not fits:
        return Choice(stop, None, None)
    courier = min(fits, key=lambda name: (fits[name].cost, name))
    return Choice(stop, courier, fits[courier])
