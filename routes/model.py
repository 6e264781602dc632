"""The words of route planning. Time is whole seconds since midnight, distance is whole metres.

A problem that brings its own matrices (a road engine, a benchmark file) may use other units throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[tuple[int, ...], np.dtype[Any]]

DETOUR = 2_000  # metres a round may be longer so that what presses comes before the others of its hours
LEAVING = 50_000  # metres a dispatcher would have the others drive rather than send one more courier


@dataclass(frozen=True)
class Place:
    """A point on earth, in degrees of WGS84."""

    lat: float
    lon: float


@dataclass(frozen=True)
class Stop:
    """A call at a door. It begins between `opens` and `closes`, both included, and takes `service` seconds;
    it may end after `closes`. `load` counts against the courier's capacity (packets). One that is `pressing` comes before
    the others of its hours, those with the same `opens`, where every promise holds and it costs DETOUR at most."""

    key: str
    place: Place
    opens: int
    closes: int
    service: int = 300
    load: int = 1
    pressing: bool = False


@dataclass(frozen=True)
class Courier:
    """Leaves the depot no earlier than `shift[0]`, is back by `shift[1]`, carries `capacity` of load."""

    key: str
    shift: tuple[int, int]
    capacity: int


@dataclass(frozen=True)
class Problem:
    """A day to plan. For n stops both matrices are (n + 1, n + 1) whole numbers, from row to column: index 0
    is the depot, i + 1 is `stops[i]`. Without matrices they are estimated from the places.

    `fixed_cost` is the distance that one courier fewer is worth; 0 minimises the distance alone.
    Raises ValueError when keys repeat, a number is negative or a matrix has the wrong shape.
    """

    depot: Place
    couriers: tuple[Courier, ...]
    stops: tuple[Stop, ...]
    fixed_cost: int = LEAVING
    distances: Matrix | None = field(default=None, compare=False, repr=False)
    durations: Matrix | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for wrong in self._faults():
            raise ValueError(wrong)

    def _faults(self) -> Iterator[str]:
        for what in (self.couriers, self.stops):
            if len({one.key for one in what}) < len(what):
                yield "a key stands for two couriers or two stops"
        if self.fixed_cost < 0:
            yield "the fixed cost is negative"
        for courier in self.couriers:
            if min(*courier.shift, courier.capacity) < 0:
                yield f"courier {courier.key} has a negative shift or capacity"
        for stop in self.stops:
            if min(stop.service, stop.load) < 0:
                yield f"stop {stop.key} has a negative service time or load"
        if (self.distances is None) != (self.durations is None):
            yield "distances and durations come together"
        for matrix in (self.distances, self.durations):
            if matrix is not None:
                if matrix.shape != (len(self.stops) + 1,) * 2:
                    yield "a matrix has one row and one column for the depot and for each stop"
                elif matrix.dtype.kind not in "iu" or matrix.min() < 0 or matrix.diagonal().any():
                    yield "a matrix holds whole numbers, none negative, with zeros on its diagonal"


@dataclass(frozen=True)
class Round:
    """What one courier drives. `arrivals[i]` is the earliest moment the call at `stops[i]` can begin, its
    window being open; `leaves` is the latest departure that is still in time for the first; `back` is the
    return to the depot."""

    courier: Courier
    stops: tuple[Stop, ...]
    arrivals: tuple[int, ...]
    leaves: int
    back: int
    distance: int


@dataclass(frozen=True)
class Plan:
    """Every stop of the problem is in exactly one round or in `unplanned`; idle couriers have no round."""

    rounds: tuple[Round, ...] = ()
    unplanned: tuple[Stop, ...] = ()

    @property
    def distance(self) -> int:
        return sum(round.distance for round in self.rounds)
