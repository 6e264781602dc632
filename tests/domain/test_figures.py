"""Figures of days and the quarter's report: the same whether a day is kept or summed anew, and each office its own."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import decisions, desk, figures, reports
from app.domain.calendar import HERE
from app.domain.dossiers import CaseLine, Dossier
from app.domain.figures import Figure
from app.domain.reports import By, Quarter
from app.errors import Invalid
from tests.domain.test_desk import DUE, PAPERS, submitted
from tests.domain.test_money import paid
from tests.world import MONDAY, World

DAY, QUARTER = MONDAY.date(), Quarter(2026, 4)
LATER = MONDAY + timedelta(days=4)  # three working days: Tuesday is a holiday


def moved(dossier: Dossier, **facts: object) -> None:
    """As it would be had it happened at other times."""

    def write() -> None:
        for name, value in facts.items():
            setattr(db.session.get_one(Dossier, dossier.id), name, value)

    atomically(write)


def ready_at(dossier: Dossier, at: datetime, due_on: date | None) -> None:
    def write() -> None:
        [line] = db.session.scalars(sa.select(CaseLine).filter_by(dossier_id=dossier.id, event="ready"))
        line.at = at

    atomically(write)
    moved(dossier, due_on=due_on, counted_from=MONDAY)


def accepted(world: World, nth: int) -> Dossier:
    dossier = submitted(world).dossier
    atomically(desk.accept, dossier, world.act(world.officer), f"H29.17-261123-{nth:04}", DUE)
    return dossier


def finished(world: World, nth: int) -> Dossier:
    dossier = accepted(world, nth)
    atomically(desk.ready, dossier, world.act(world.officer), PAPERS)
    return dossier


def a_day(world: World) -> None:
    """Booked and paid for; filed; accepted; refused; two results, three working days after they were filed."""
    paid(world, world.phone())
    submitted(world)
    accepted(world, 1)
    refused = submitted(world).dossier
    atomically(decisions.refuse, refused, world.act(world.officer), "not_competent", "Nộp nơi khác")
    for nth, due_on in enumerate((LATER.date(), LATER.date() - timedelta(days=1)), start=2):
        ready_at(finished(world, nth), LATER, due_on)


def report(world: World, by: By = By.DESK, at: datetime = LATER) -> reports.Report:
    return reports.quarter(world.supervisor, QUARTER, by, at)


def test_a_day_counts_each_step_where_it_was_taken_and_what_citizens_paid(world: World) -> None:
    a_day(world)
    [(place, counted)] = figures.of_day(DAY).items()
    assert (place.desk_id, place.post_office_id) == (world.desk.id, world.post.id)
    steps = {"submitted": 5, "accepted": 3, "refused": 1, "postage": 52_000, "fee": 15_000}
    assert counted == Counter(steps) + Counter(booked=counted["booked"])
    assert figures.of_day(DAY - timedelta(days=1)).keys() == set()
    [later] = figures.of_day(LATER.date()).values()
    assert later == Counter(ready=2, on_time=1, late=1, working_days=6)


def test_a_result_promised_by_an_hour_is_late_after_it(world: World) -> None:
    dossier = finished(world, 1)
    for hour, said in ((9, "on_time"), (8, "late")):
        ready_at(dossier, LATER, LATER.date())
        moved(dossier, due_time=datetime(2026, 1, 1, hour, 0).time())
        [counted] = figures.of_day(LATER.date()).values()
        assert counted[said] == 1 and counted["on_time"] + counted["late"] == 1


def test_a_report_is_the_same_before_and_after_its_days_are_kept(world: World) -> None:
    a_day(world)
    before = report(world)
    assert atomically(figures.keep, LATER.replace(hour=0, minute=30)) > 0  # the day before is not over for everybody
    assert figures.kept_until() == DAY
    assert report(world) == before
    assert atomically(figures.keep, LATER + timedelta(days=40)) == 1 and figures.kept_until() == LATER.date()
    assert atomically(figures.keep, LATER + timedelta(days=40)) == 0
    assert report(world) == before and before.total["ready"] == 2 and before.total.average == 3
    rows = db.session.scalar(sa.select(sa.func.count()).select_from(Figure))
    assert rows == len(db.session.scalars(sa.select(Figure.day)).all())


def test_days_are_kept_a_month_at_a_time_and_none_is_left_out(world: World) -> None:
    for days in (0, 50, 100):
        moved(world.packet().dossier, booked_at=MONDAY + timedelta(days=days))
    at = MONDAY + timedelta(days=200)
    while atomically(figures.keep, at):
        continue
    kept = db.session.scalars(sa.select(Figure.day).where(Figure.booked > 0).order_by(Figure.day)).all()
    assert kept[-2:] == [DAY + timedelta(days=50), DAY + timedelta(days=100)]


@pytest.mark.dialects("sqlite")
def test_each_office_reads_its_own_figures_and_supervisors_all(world: World) -> None:
    a_day(world)
    atomically(figures.keep, MONDAY + timedelta(days=1, hours=12))
    for user, seen in ((world.supervisor, True), (world.admin, True), (world.officer, True), (world.strange_officer, False)):  # fmt: skip
        assert bool(reports.quarter(user, QUARTER, By.DESK, LATER).lines) is seen, user.login


@pytest.mark.dialects("sqlite")
def test_lines_are_of_desks_wards_post_offices_and_procedures_and_add_up(world: World) -> None:
    a_day(world)
    names = {By.DESK: world.desk.name, By.WARD: world.desk.ward.name, By.POST: world.post.name}
    for by in By:
        [line] = report(world, by).lines
        assert line.sums == report(world).total.sums
        assert line.name == names.get(by) or by is By.PROCEDURE and "(" in line.name


def test_quarters_follow_one_another_and_one_to_come_has_no_report(world: World) -> None:
    assert [str(QUARTER.before), str(QUARTER.next)] == ["2026-3", "2027-1"]
    assert (QUARTER.first, QUARTER.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert reports.read_quarter("2026-4") == QUARTER == reports.quarter_of(DAY)
    for text in ("2026-5", "26-1", "2026", "", "²026-1", "2026-1-1"):
        with pytest.raises(Invalid, match="quarter_unknown"):
            reports.read_quarter(text)
    with pytest.raises(Invalid, match="quarter_coming"):
        reports.quarter(world.supervisor, QUARTER.next, By.DESK, datetime(2026, 12, 31, 23, 59, tzinfo=HERE))
