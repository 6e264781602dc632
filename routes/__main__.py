"""Solve one benchmark file and print JSON: python -m routes FILE --seconds 10 --seed 1"""

from __future__ import annotations

import argparse
import json
import sys

from routes.planner import plan
from routes.promises import check
from routes.vrptw import TENTHS, read


def main(arguments: list[str] | None = None) -> int:
    """Print {"cost", "routes", "unplanned", "broken"}: routes are lists of customer numbers, the cost is in
    the file's unit. Returns 0 when every customer is served and no promise is broken, 1 when not; exits
    with 2 when an argument or the file is wrong."""
    parser = argparse.ArgumentParser(prog="python -m routes", description="Solve a VRPTW benchmark file.")
    parser.add_argument("file")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        problem = read(asked.file)
        answer = plan(problem, asked.seconds, asked.iterations, asked.seed)
    except (OSError, ValueError) as wrong:
        parser.error(str(wrong))
    broken = check(problem, answer)
    json.dump(
        {
            "cost": answer.distance / TENTHS,
            "routes": [[int(stop.key) for stop in round.stops] for round in answer.rounds],
            "unplanned": [int(stop.key) for stop in answer.unplanned],
            "broken": broken,
        },
        sys.stdout,
    )
    print()
    return 1 if broken or answer.unplanned else 0


if __name__ == "__main__":
    sys.exit(main())
