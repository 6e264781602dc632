"""How far it is and how long it takes, without asking anybody: a plane, a detour and a speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from routes.model import Place, Problem

if TYPE_CHECKING:
    from routes.model import Matrix

DETOUR = 1.35  # streets are not straight lines
SPEED = 20 / 3.6  # metres a second on a motorbike in town

EQUATOR = 6_378_137.0  # WGS84: semi-major axis in metres
ECCENTRICITY = 6.694379990141316e-3  # WGS84: first eccentricity, squared


def span(places: Sequence[Place]) -> Matrix:
    """Straight metres between all places, (n, n) floats; within 0.02 % of the geodesic across a city.

    A local plane: the meridian's radius of curvature M says how long a degree north is, the prime vertical's
    N cos(lat) a degree east; each pair uses the mean of its two ends, so a stray place spoils no other pair.
    Raises ValueError for a place that is not on earth.
    """
    import numpy as np  # only planners pay for loading it, not every process of the application

    degrees = np.array([(place.lat, place.lon) for place in places], dtype=float).reshape(-1, 2)
    if not (np.abs(degrees) <= (90, 180)).all():
        raise ValueError("a place has no latitude within 90 degrees or no longitude within 180")
    lat, lon = np.radians(degrees).T
    bend = 1 - ECCENTRICITY * np.sin(lat) ** 2
    north = EQUATOR * (1 - ECCENTRICITY) / bend**1.5
    east = EQUATOR / np.sqrt(bend) * np.cos(lat)

    def between(position: Matrix, metres: Matrix) -> Matrix:
        leg = np.subtract.outer(position, position)
        leg *= np.add.outer(metres / 2, metres / 2)
        return np.square(leg, out=leg)

    squares = between(lat, north)
    squares += between(lon, east)
    return np.sqrt(squares, out=squares)


def measure(problem: Problem) -> Problem:
    """The same problem with both matrices filled in: whole metres, and whole seconds rounded up."""
    if problem.distances is not None:
        return problem
    import numpy as np

    metres = span([problem.depot, *(stop.place for stop in problem.stops)]) * DETOUR
    return replace(
        problem,
        distances=np.rint(metres).astype(np.int64),
        durations=np.ceil(metres / SPEED).astype(np.int64),
    )
