"""Benchmark files (Solomon, Gehring and Homberger) as problems. DIMACS convention: a distance is truncated to
one decimal and is the travel time too, so these problems count both in tenths of the file's unit."""

from __future__ import annotations

from math import isfinite
from os import PathLike
from pathlib import Path

from routes.model import Courier, Place, Problem, Stop

TENTHS = 10


def read(path: str | PathLike[str]) -> Problem:
    """The problem in a file: stops keyed by customer number, couriers "1", "2", ..., no fixed cost.

    Places hold the file's plane coordinates (lat = y, lon = x); only the matrices count. Raises ValueError
    when the file is not in the standard format, OSError when it cannot be read.
    """
    import numpy as np  # as in distance

    rows = [words for line in Path(path).read_text().splitlines() if (words := _numbers(line))]
    if len(rows) < 2 or len(rows[0]) != 2 or any(len(row) != 7 for row in rows[1:]):
        raise ValueError(f"{path} is not a VRPTW file: one line of 2 numbers, then lines of 7")
    (vehicles, capacity), depot, *customers = rows
    x, y = np.array(rows[1:]).T[1:3]
    squares = np.subtract.outer(x, x) ** 2 + np.subtract.outer(y, y) ** 2
    legs = np.floor(TENTHS * np.sqrt(squares)).astype(np.int64)  # exact: hypot may miss a whole root
    return Problem(
        Place(depot[2], depot[1]),
        tuple(
            Courier(str(number), (_tenths(depot[4]), _tenths(depot[5])), int(capacity))
            for number in range(1, int(vehicles) + 1)
        ),
        tuple(
            Stop(str(int(number)), Place(y, x), _tenths(ready), _tenths(due), _tenths(service), int(demand))
            for number, x, y, demand, ready, due, service in customers
        ),
        fixed_cost=0,
        distances=legs,
        durations=legs,
    )


def _numbers(line: str) -> list[float]:
    """The numbers of a line, or nothing when it holds words."""
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError:
        return []
    return numbers if all(map(isfinite, numbers)) else []


def _tenths(value: float) -> int:
    tenths = round(value * TENTHS)
    if abs(tenths - value * TENTHS) > 1e-6:
        raise ValueError(f"{value} has more than one decimal")
    return tenths
