"""Time does not tell which numbers exist, and the harness that says so notices when it would."""

from typing import Any

import argon2
import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.domain import codes, lookups, numbers, outbox
from app.domain.dossiers import Dossier
from app.domain.people import Language
from bench import timing
from bench.timing import Samples
from tests.world import World

VERB_ROUNDS, PAGE_ROUNDS = 160, 40
real_state, real_ask = lookups.state_by_number, lookups.ask_details


@pytest.fixture
def known(world: World) -> list[str]:
    return [world.packet().number for _ in range(2 * timing.FEW)]


def tells(found: Samples) -> bool:
    """Whether known and unknown can be told apart: one of them is the slower too often, or by too much in the middle.

    Chance alone strays five standard errors from a half once in millions of runs, however noisy the machine.
    """
    known, unknown = found["known"], found["unknown"]
    stray = 5 * 0.5 / np.sqrt(len(known))
    generous = 1 + 250 * float(np.median(known + unknown))  # milliseconds: one, and a quarter of the usual time
    return abs(timing.slower(known, unknown) - 0.5) > stray or timing.apart(known, unknown) > generous


def exists(number: str) -> bool:
    return db.session.scalar(sa.select(Dossier.id).filter_by(number=numbers.read(number))) is not None


def an_early_return(text: str, *rest: Any) -> Any:
    return real_state(text, *rest) if exists(text) else None


def sending_to_known_only(text: str, act: Any) -> str:
    dossier = db.session.scalar(sa.select(Dossier).filter_by(number=numbers.read(text)))
    request, code = codes.ask_view(dossier.id if dossier else None, act)
    if dossier:
        outbox.say(dossier.citizen.phone, "view_code", act.at, Language.VI, number=dossier.number, code=code)
    return request


def a_slow_hash_for_known_only(real: Any) -> Any:
    slow = argon2.PasswordHasher(time_cost=1, memory_cost=64 * 1024, parallelism=1)

    def planted(text: str, *rest: Any) -> Any:
        if exists(text):
            slow.hash(text)
        return real(text, *rest)

    return planted


@pytest.mark.parametrize(
    ("door", "verb", "planted"),
    [("number", "state_by_number", an_early_return), ("code", "ask_details", sending_to_known_only)],
)
def test_the_work_is_the_same_whether_a_number_exists(
    app: Flask, known: list[str], monkeypatch: pytest.MonkeyPatch, door: str, verb: str, planted: Any
) -> None:
    def measure() -> Samples:
        asks = timing.VERBS[door](app, known, timing.nobodys(timing.FEW))
        return timing.measure(app, asks, VERB_ROUNDS)

    assert any(not tells(measure()) for _ in range(4)), "every time, so it is not the machine's mood"
    monkeypatch.setattr(lookups, verb, planted)
    assert tells(measure())


@pytest.mark.dialects("sqlite")  # the network to a database is noisier than any leak; the verbs are measured on both
@pytest.mark.parametrize(("door", "verb"), [("number", "state_by_number"), ("code", "ask_details")])
def test_the_page_answers_alike_whether_a_number_exists(
    app: Flask, known: list[str], monkeypatch: pytest.MonkeyPatch, door: str, verb: str
) -> None:
    def measure() -> Samples:
        asks = timing.PAGES[door](app, known, timing.nobodys(timing.FEW))
        asks.pop("right", None)
        return timing.measure(app, asks, PAGE_ROUNDS)

    assert any(not tells(measure()) for _ in range(4)), "every time, so it is not the machine's mood"
    monkeypatch.setattr(lookups, verb, a_slow_hash_for_known_only(getattr(lookups, verb)))
    assert tells(measure())


def test_two_samples_of_one_kind_are_alike_and_of_two_kinds_are_not() -> None:
    random = np.random.default_rng(1)
    one, same, later = random.normal(5, 1, 5000), random.normal(5, 1, 5000), random.normal(5.1, 1, 5000)
    assert timing.ks(one, same)[1] > 0.01 > timing.ks(one, later)[1]
    assert timing.ks([1.0, 2.0], [1.0, 2.0]) == (0.0, 1.0)
    gap, chance = timing.ks(list(range(100)), list(range(20, 120)))
    assert gap == pytest.approx(0.2) and chance == pytest.approx(0.031, abs=0.005)
