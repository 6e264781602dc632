"""How citizens found it: one answer for each dossier, changed on its day alone, counted without a name."""

import dataclasses
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import figures, retention, votes
from app.domain.dossiers import Dossier
from app.domain.votes import About, Mark, Vote
from app.errors import Refused
from tests.domain.test_desk import submitted
from tests.domain.test_retention import over
from tests.world import MONDAY, World

DAY = timedelta(days=1)


def cast(world: World, dossier: Dossier, mark: Mark, *about: About, later: timedelta = timedelta()) -> None:
    atomically(votes.cast, dossier, mark, about, dataclasses.replace(world.act(), at=MONDAY + later))


def test_an_answer_is_changed_on_its_day_and_stands_after_it(world: World) -> None:
    dossier = submitted(world).dossier
    cast(world, dossier, Mark.POOR, About.DESK, About.TIME, About.TIME)
    vote = votes.given(dossier)
    assert vote and (vote.mark, vote.about, vote.at) == (Mark.POOR, "time desk", MONDAY)
    cast(world, dossier, Mark.GOOD, later=timedelta(hours=14, minutes=59))
    with pytest.raises(Refused, match="vote_over"):
        cast(world, dossier, Mark.POOR, later=timedelta(hours=15))  # MONDAY is nine in the morning: midnight
    db.session.rollback()
    [vote] = db.session.scalars(sa.select(Vote))
    assert (vote.mark, vote.about) == (Mark.GOOD, "")


def test_it_is_asked_for_thirty_days_after_the_last_step(world: World) -> None:
    dossier = submitted(world).dossier
    moment = timedelta(microseconds=1)
    assert votes.is_open(dossier, MONDAY + votes.OPEN - moment) and not votes.is_open(dossier, MONDAY + votes.OPEN)
    with pytest.raises(Refused, match="vote_over"):
        cast(world, dossier, Mark.GOOD, later=votes.OPEN)
    assert db.session.scalars(sa.select(Vote)).all() == []


def test_reports_count_answers_and_what_should_be_better_on_the_day_of_the_answer(world: World) -> None:
    for mark, about in ((Mark.GOOD, []), (Mark.POOR, [About.DESK, About.PRICE]), (Mark.POOR, [About.DESK])):
        cast(world, submitted(world).dossier, mark, *about, later=DAY)
    day = (MONDAY + DAY).date()
    [counted] = figures.of_day(day).values()
    names = ("good", "fair", "poor", *(f"about_{one}" for one in About))
    assert [counted[name] for name in names] == [1, 0, 2, 0, 0, 2, 1, 0]
    assert set(names) <= set(figures.COUNTED)
    [before] = figures.of_day(MONDAY.date()).values()
    assert not any(before[name] for name in names)


def test_every_answer_has_its_sum(world: World) -> None:
    assert {*Mark, *(f"about_{one}" for one in About)} <= set(figures.COUNTED)


def test_it_goes_with_what_only_the_carriage_needed_and_its_count_stays(world: World) -> None:
    dossier = over(world)
    cast(world, dossier, Mark.POOR, About.DESK)
    while atomically(figures.keep, MONDAY + 2 * DAY):
        continue
    assert atomically(retention.restrict_due, MONDAY + retention.AFTER + 2 * DAY) == 1
    assert db.session.scalars(sa.select(Vote)).all() == []
    [counted] = figures.between(MONDAY.date(), MONDAY.date(), None).values()
    assert (counted["poor"], counted["about_desk"]) == (1, 1)
