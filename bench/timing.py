"""Does the time of an answer tell who exists? Numbers and logins that are there against some that are not, in turn.

    python -m bench.timing --samples 5000 --database sqlite      (or postgresql; minutes)

In one process, without a network between: noise that would hide a difference from a stranger hides none here.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import numpy as np
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import atomically, db
from app.domain import lookups, numbers
from app.domain.people import Act
from app.domain.sessions import Throttle
from bench.ground import make_settings, opened
from tests import postgres
from tests.world import MONDAY, World

Ask = Callable[[], object]
Samples = dict[str, list[float]]
WARM = 10  # rounds nobody counts: caches fill, statements are compiled
FEW = 20  # numbers of each kind, asked in turn
DIGITS = "0123"  # of every citizen of the tests' world


def interleave(
    asks: dict[str, Ask], rounds: int, between: Ask, seed: int = 0, told: Callable[[int], object] = id
) -> Samples:
    """Seconds each ask took: all of them once a round, in an order drawn anew, `between` before every round, of whose
    number `told` hears."""
    order, found = random.Random(seed), {name: [] for name in asks}  # noqa: S311 - an order, not a secret
    for at in range(-WARM, rounds):
        between()
        told(at)
        for name in order.sample(sorted(asks), len(asks)):
            began = time.perf_counter()
            asks[name]()
            took = time.perf_counter() - began
            if at >= 0:
                found[name].append(took)
    return found


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Milliseconds between the two medians."""
    return abs(float(np.median(one) - np.median(other))) * 1000


def slower(one: Sequence[float], other: Sequence[float]) -> float:
    """In which share of the rounds `one` took longer: a half when time tells nothing."""
    return float(np.mean(np.array(one) > np.array(other)))


def ks(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Kolmogorov and Smirnov: the widest gap between two distributions, and how often chance alone makes it as wide."""
    both = np.concatenate([one, other])
    here, there = (np.searchsorted(np.sort(each), both, side="right") / len(each) for each in (one, other))
    gap = float(np.abs(here - there).max())
    size = np.sqrt(len(one) * len(other) / len(both))
    reach, k = (size + 0.12 + 0.11 / size) * gap, np.arange(1, 101)
    chance = 2 * float(np.sum((-1.0) ** (k - 1) * np.exp(-2 * (k * reach) ** 2)))
    return gap, 1.0 if reach < 0.2 else min(1.0, max(0.0, chance))  # below 0.2 the series does not settle


# ---- what is asked ----------------------------------------------------------------------------------------------


def _posts(app: Flask, address: str, path: str, status: int, forms: Sequence[dict[str, str]]) -> Ask:
    """Somebody at this address who sends these forms, one after the other."""
    client, turn = app.test_client(use_cookies=False), cycle(forms)
    client.environ_base["REMOTE_ADDR"] = address

    def post() -> None:
        answer = client.post(path, data=next(turn))
        assert answer.status_code == status, answer.status

    return post


def _undone(app: Flask, verb: Callable[..., object], each: Sequence[tuple[Any, ...]]) -> Ask:
    """A verb on its own, in a transaction that is taken back: no disk, no page, next to no noise."""
    turn = cycle(each)

    def ask() -> None:
        with app.app_context():
            db.session.connection(execution_options={"writes": True})
            verb(*next(turn))
            db.session.flush()
            db.session.rollback()

    return ask


def number_page(app: Flask, known: list[str], unknown: list[str]) -> dict[str, Ask]:
    """Tracking by number and four digits: the digits are wrong, or there is no such number, or both are right."""
    half = len(known) // 2
    return {
        name: _posts(app, address, "/track", status, [{"number": one, "digits": digits} for one in asked])
        for name, address, status, asked, digits in (
            ("known", "192.0.2.1", 404, known[:half], "9999"),
            ("unknown", "192.0.2.2", 404, unknown, "9999"),
            ("right", "192.0.2.3", 200, known[half:], DIGITS),
        )
    }


def code_page(app: Flask, known: list[str], unknown: list[str]) -> dict[str, Ask]:
    """Asking for a one-time code."""
    return {
        "known": _posts(app, "192.0.2.1", "/track/send", 303, [{"number": one} for one in known]),
        "unknown": _posts(app, "192.0.2.2", "/track/send", 303, [{"number": one} for one in unknown]),
    }


def sign_in_page(app: Flask, known: list[str], unknown: list[str]) -> dict[str, Ask]:
    """A wrong password for a login that is there, and for one that is not."""
    forms = [{"login": login, "password": "not this one"} for login in ("clerk1", "clerk7")]
    return {
        "known": _posts(app, "192.0.2.1", "/sign-in", 422, forms[:1]),
        "unknown": _posts(app, "192.0.2.2", "/sign-in", 422, forms[1:]),
    }


def number_verb(app: Flask, known: list[str], unknown: list[str]) -> dict[str, Ask]:
    def asks(names: list[str]) -> Ask:
        return _undone(app, lambda *who: lookups.state_by_number(*who), [(one, "9999", MONDAY) for one in names])

    return {"known": asks(known), "unknown": asks(unknown)}


def code_verb(app: Flask, known: list[str], unknown: list[str]) -> dict[str, Ask]:
    act = Act(None, MONDAY, app.extensions["keys"])

    def asks(names: list[str]) -> Ask:
        return _undone(app, lambda *who: lookups.ask_details(*who), [(one, act) for one in names])

    return {"known": asks(known), "unknown": asks(unknown)}


PAGES = {"number": number_page, "code": code_page, "sign-in": sign_in_page}
VERBS = {"number": number_verb, "code": code_verb}


def nobodys(count: int) -> list[str]:
    """Numbers of the tests' day that nobody has been given."""
    return [numbers.own(MONDAY.date(), 900_000 + at) for at in range(count)]


def measure(app: Flask, asks: dict[str, Ask], rounds: int, told: Callable[[int], object] = id) -> Samples:
    """Samples of these asks; tries are forgotten between the rounds, so that no limit is met."""

    def forget_tries() -> None:
        with app.app_context():
            atomically(db.session.execute, sa.delete(Throttle))

    with ThreadPoolExecutor(1) as alone:  # a new thread has no application context: every request brings its own
        return alone.submit(partial(interleave, asks, rounds, forget_tries, told=told)).result()


# ---- by hand ----------------------------------------------------------------------------------------------------


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'timing.db'}"
    else:
        with postgres.server() as url:
            yield postgres.create(url, "timing")


def _report(what: str, found: Samples) -> None:
    for name, took in found.items():
        quarters = " ".join(f"{each:8.3f}" for each in np.percentile(took, (25, 50, 75)) * 1000)
        print(f"{what:28}{name:8}{quarters} ms (quartiles)")
    one, other = found["known"], found["unknown"]
    gap, chance = ks(one, other)
    print(
        f"{what:28}medians {apart(one, other):.3f} ms apart, known slower in {slower(one, other):.1%},"
        f" KS D = {gap:.4f}, p = {chance:.3g}, n = {len(one)}",
        flush=True,
    )


def main() -> None:
    reader = argparse.ArgumentParser(prog="python -m bench.timing", description=(__doc__ or "").split("\n")[0])
    reader.add_argument("--samples", type=int, default=5000, help="of each kind (default 5000)")
    reader.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    reader.add_argument("--door", choices=[*PAGES], action="append", help="default: all")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name, _database(asked.database, Path(name)) as url:
        settings = make_settings(Path(name))
        with opened(settings, url) as app:
            world = World.build(app)
            known = [world.packet().number for _ in range(2 * FEW)]
        app = create_app(settings.model_copy(update={"database_url": url}), TESTING=True, WTF_CSRF_ENABLED=False)
        for door in asked.door or PAGES:
            for kind, table in (("page", PAGES), ("verb", VERBS)):
                if make := table.get(door):
                    what = f"{asked.database} {door} {kind}"
                    with click.progressbar(length=asked.samples, label=what, file=sys.stderr) as bar:
                        found = measure(
                            app, make(app, known, nobodys(FEW)), asked.samples, lambda at: bar.update(at >= 0)
                        )
                    _report(what, found)
        with app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    main()
