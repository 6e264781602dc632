"""Figures of days and the quarter's report: the same whether a day is kept or summed anew, and each office its own."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import decisions, desk, figures, incidents, reports
from app.domain.calendar import HERE
from app.domain.dossiers import CaseLine, Dossier
from app.domain.figures import Figure
from app.domain.incidents import Incident, Outcome, Side, Sort
from app.domain.postage import Fault
from app.domain.reports import By, Period
from app.errors import Invalid
from tests.domain.test_desk import DUE, PAPERS, submitted
from tests.domain.test_money import paid
from tests.world import MONDAY, World

DAY, QUARTER = MONDAY.date(), Period(2026, 4)
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
    return reports.over(world.supervisor, QUARTER, by, at)


def test_a_day_counts_each_step_where_it_was_taken_and_what_citizens_paid(world: World) -> None:
    a_day(world)
    [(place, counted)] = figures.of_day(DAY).items()
    assert (place.desk_id, place.post_office_id) == (world.desk.id, world.post.id)
    steps = {"submitted": 5, "accepted": 3, "refused": 1, "postage": 60_000, "fee": 15_000}
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


# ---- complaints, losses, compensation -------------------------------------------------------------------------------

NEW_YEAR = datetime(2027, 1, 1, 9, 0, tzinfo=HERE)
EVE = datetime(2026, 12, 31, 23, 30, tzinfo=HERE)
REDRESS = (
    "complaints", "answered", "answered_late", "lost", "damaged", "compensations", "compensation", "compensation_paid",
    "paid_in_time", "paid_late",
)  # fmt: skip


def filed(world: World, at: datetime, sort: Sort = Sort.COMPLAINT, **facts: object) -> int:
    """A file opened then, as it would be had the rest of it happened as `facts` say; its id."""
    found = atomically(incidents.open_, submitted(world), world.act(world.officer, at), sort, Side.DESK, "Đến muộn")

    def write() -> int:
        held = db.session.get_one(Incident, found.id)
        for name, value in facts.items():
            setattr(held, name, value)
        return held.id

    return atomically(write)


def redress(world: World, quarter: Period, at: datetime) -> dict[str, int]:
    """What the report of a quarter says of them, and nothing of what it says of dossiers."""
    total = reports.over(world.supervisor, quarter, By.DESK, at).total
    return {name: total[name] for name in REDRESS if total[name]}


def days_of(first: date, last: date) -> dict[str, list[date]]:
    """On which days each of these figures was counted."""
    found: dict[str, list[date]] = {}
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        for counted in figures.of_day(day).values():
            for name in REDRESS:
                if not name.startswith("compensation"):  # those are đồng
                    found.setdefault(name, []).extend([day] * counted[name])
    return {name: days for name, days in found.items() if days}


def test_a_complaint_is_answered_in_time_until_the_end_of_its_last_day(world: World) -> None:
    due = date(2026, 12, 1)  # five working days; Tuesday 24/11 is a holiday
    for nth, closed in enumerate(
        (datetime(2026, 12, 1, 23, 59, tzinfo=HERE), datetime(2026, 12, 2, 0, 1, tzinfo=HERE), None)
    ):
        file = filed(world, MONDAY, closed_at=closed)
        assert db.session.get_one(Incident, file).answer_by == due, nth
    assert days_of(DAY, date(2026, 12, 5)) == {
        "complaints": [DAY] * 3, "answered": [due], "answered_late": [date(2026, 12, 2)] * 2,
    }  # fmt: skip


def test_only_complaints_are_answered_and_a_loss_counts_when_its_file_ends(world: World) -> None:
    ended = {"closed_at": LATER, "fault": Fault.POST}
    filed(
        world,
        MONDAY,
        Sort.LOST,
        outcome=Outcome.LOST,
        compensation=208_000,
        pay_by=LATER.date() + timedelta(days=30),
        **ended,
    )
    filed(world, MONDAY, Sort.DAMAGED, outcome=Outcome.DAMAGED, **ended)
    filed(world, MONDAY, Sort.LOST, outcome=Outcome.WHOLE, **ended)
    filed(world, MONDAY, Sort.LATE)  # open for ever: no complaint, so nobody answers late
    assert redress(world, QUARTER, LATER + timedelta(days=10)) == {
        "lost": 1,
        "damaged": 1,
        "compensations": 1,
        "compensation": 208_000,
    }


def test_compensation_is_paid_in_time_until_the_thirtieth_day_and_late_while_nobody_pays(world: World) -> None:
    pay_by = LATER.date() + timedelta(days=30)
    owed = {"closed_at": LATER, "fault": Fault.POST, "outcome": Outcome.LOST, "compensation": 104_000, "pay_by": pay_by}
    last = datetime(pay_by.year, pay_by.month, pay_by.day, 17, 0, tzinfo=HERE)
    for paid_at in (last, last + timedelta(days=1), None):
        filed(world, MONDAY, Sort.LOST, paid_at=paid_at, **owed)
    assert days_of(LATER.date(), pay_by + timedelta(days=9)) == {
        "lost": [LATER.date()] * 3, "paid_in_time": [pay_by], "paid_late": [pay_by + timedelta(days=1)] * 2,
    }  # fmt: skip
    told = redress(world, QUARTER, last + timedelta(days=9))
    assert (told["compensation"], told["compensation_paid"], told["compensations"]) == (312_000, 208_000, 3)


def test_what_happens_on_the_two_sides_of_midnight_is_of_two_quarters(world: World) -> None:
    """Opened and ended in the last half hour of the year, paid in the first morning; another one late on that morning."""
    owed = {"fault": Fault.POST, "outcome": Outcome.LOST, "compensation": 104_000, "pay_by": date(2027, 1, 30)}
    filed(world, EVE, closed_at=EVE, paid_at=NEW_YEAR, **owed)
    filed(world, MONDAY, answer_by=EVE.date())
    filed(world, NEW_YEAR)
    after = NEW_YEAR + timedelta(hours=2)
    old = {"complaints": 2, "answered": 1, "lost": 1, "compensations": 1, "compensation": 104_000}
    new = {"complaints": 1, "answered_late": 1, "compensation_paid": 104_000, "paid_in_time": 1}
    for _ in range(2):
        assert redress(world, QUARTER, after) == old
        assert redress(world, QUARTER.next, after) == new
        while atomically(figures.keep, after + timedelta(days=1)):
            continue
    assert figures.kept_until() == NEW_YEAR.date()


def test_through_the_real_verbs_a_file_is_counted_as_it_ended(world: World) -> None:
    file = atomically(
        incidents.open_, submitted(world), world.act(world.officer), Sort.COMPLAINT, Side.CITIZEN, "Mất giấy"
    )
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "Không tìm thấy")
    least = incidents.least(file)
    atomically(incidents.close, file, world.act(world.clerk, LATER), Outcome.LOST, Fault.POST, least, "Bưu điện trả")
    atomically(incidents.pay, file, world.act(world.clerk, LATER), least)
    told = redress(world, QUARTER, LATER)
    assert told == {
        "complaints": 1, "answered": 1, "lost": 1, "compensations": 1, "compensation": least, "compensation_paid": least, "paid_in_time": 1,
    }  # fmt: skip
    other = reports.over(world.strange_officer, QUARTER, By.DESK, LATER)
    assert not any(other.total[name] for name in REDRESS)


@pytest.mark.dialects("sqlite")
def test_each_office_reads_its_own_figures_and_supervisors_all(world: World) -> None:
    a_day(world)
    atomically(figures.keep, MONDAY + timedelta(days=1, hours=12))
    for user, seen in ((world.supervisor, True), (world.admin, True), (world.officer, True), (world.strange_officer, False)):  # fmt: skip
        assert bool(reports.over(user, QUARTER, By.DESK, LATER).lines) is seen, user.login


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
    assert reports.read("2026-4") == QUARTER == reports.quarter_of(DAY)
    for text in ("2026-5", "26-1", "2026", "", "²026-1", "2026-1-1"):
        with pytest.raises(Invalid, match="period_unknown"):
            reports.read(text)
    with pytest.raises(Invalid, match="period_coming"):
        reports.over(world.supervisor, QUARTER.next, By.DESK, datetime(2026, 12, 31, 23, 59, tzinfo=HERE))


def test_half_a_year_and_a_year_are_reported_too_each_by_the_tenth_of_the_month_after(world: World) -> None:
    """TT 17/2017 Đ13: a quarter, the first half of a year, a year."""
    a_day(world)
    half, year = reports.read("2026-h"), reports.read("2026-y")
    assert (half.first, half.last, half.due) == (date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 10))
    assert (year.first, year.last, year.due) == (date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 10))
    assert (QUARTER.due, Period(2026, 2).due) == (date(2027, 1, 10), date(2026, 7, 10))
    assert [str(half), str(year)] == ["2026-h", "2026-y"]
    for text in ("2026-H", "2026-h1", "2026-y1", "2026-6"):
        with pytest.raises(Invalid, match="period_unknown"):
            reports.read(text)
    whole = reports.over(world.supervisor, year, By.DESK, LATER)
    assert whole.total.sums == report(world).total.sums and whole.total["submitted"]
    assert not reports.over(world.supervisor, half, By.DESK, LATER).lines
    with pytest.raises(Invalid, match="period_coming"):
        reports.over(world.supervisor, reports.read("2027-h"), By.DESK, LATER)
