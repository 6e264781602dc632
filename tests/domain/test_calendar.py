"""Working time: the two ways to count, the traps of the calendar, and what must hold whatever is asked."""

from datetime import date, datetime, time, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app import catalogue
from app.db import atomically, db
from app.domain import bands, calendar, places
from app.domain.bands import Band
from app.domain.calendar import CUTOFF, HERE, USUAL, Rule, Term
from app.domain.places import Opening, Ward
from tests.world import MONDAY

pytestmark = pytest.mark.dialects("sqlite")
BY_DAY, BY_CLOCK = Term(3), Term(3, Rule.CLOCK)
SATURDAYS = [*USUAL, Opening(5, time(7, 30), time(11, 30))]


@pytest.fixture
def loaded(app: Flask) -> Flask:
    catalogue.load(catalogue.SHIPPED / "calendar.json", MONDAY)
    return app


@pytest.fixture
def wards(loaded: Flask) -> list[Ward]:
    """Dĩ An and Đông Hòa of today, and Bình Thắng as it was."""
    catalogue.load(catalogue.SHIPPED / "places.json", MONDAY)
    today, before = date(2026, 8, 28), date(2020, 1, 1)
    return [places.ward_on("25942", today), places.ward_on("25951", today), places.ward_on("25954", before)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


def due(received: str, term: Term, hours: list[Opening] | None = None) -> str:
    return calendar.due(at(received), term, hours or USUAL).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("received", "by_day", "by_clock"),
    [
        ("2026-08-21 09:00", "2026-08-25", "2026-08-25 09:00"),  # Saturday 22/8 is worked instead of Monday 31/8
        ("2026-08-21 15:30", "2026-08-25", "2026-08-25 17:00"),  # begins on that Saturday at 7:30
        ("2026-08-28 16:00", "2026-09-07", "2026-09-07 17:00"),  # 31/8 to 2/9 are off
        ("2026-02-13 10:00", "2026-02-25", "2026-02-25 10:00"),  # over Tết
        ("2026-12-31 10:00", "2027-01-06", "2027-01-06 10:00"),  # New Year's Day is a Friday
        ("2027-02-03 10:00", "2027-02-15", "2027-02-15 10:00"),  # Tết of 2027: 4 to 10/2, Saturday and Sunday in it
        ("2027-04-15 14:00", "2027-04-21", "2027-04-21 14:00"),  # Giỗ Tổ is Friday 16/4
        ("2027-04-29 09:00", "2027-05-06", "2027-05-06 09:00"),  # 1/5 is a Saturday, made up for on Monday
        ("2026-11-23 09:00", "2026-11-27", "2026-11-27 09:00"),  # 24/11 is off by the holiday list
    ],
)
def test_three_working_days_by_either_count(loaded: Flask, received: str, by_day: str, by_clock: str) -> None:
    assert due(received, BY_DAY) == f"{by_day} 17:00"
    assert due(received, BY_CLOCK) == by_clock


def test_the_post_carries_over_the_holidays_too(wards: list[Ward]) -> None:
    here, there, _ = wards
    assert bands.arrives_by(date(2026, 8, 28), here, there) == date(2026, 9, 3)
    assert bands.arrives_by(date(2026, 8, 28), here, there, with_notice=True) == date(2026, 9, 4)


def test_a_pair_of_wards_has_the_band_the_operator_says_either_way_round(wards: list[Ward]) -> None:
    here, there, old = wards
    assert (bands.days(here, there), bands.between(here, old), bands.between(old, old)) == (
        1,
        Band.COUNTRY,
        Band.DISTRICT,
    )
    assert atomically(bands.settle, there, here, Band.PROVINCE) is True
    assert atomically(bands.settle, here, there, Band.PROVINCE) is False
    assert (bands.days(here, there), bands.days(there, here, with_notice=True)) == (2, 4)


def test_without_the_rule_of_three_the_hours_run_from_the_minute(loaded: Flask) -> None:
    assert due("2026-08-21 15:30", Term(3, Rule.CLOCK, None)) == "2026-08-25 15:30"
    assert due("2026-08-21 18:00", Term(1, Rule.CLOCK, None)) == "2026-08-22 17:00"


def test_the_same_day_ends_with_it_and_after_three_with_the_next_working_day(loaded: Flask) -> None:
    for rule in Rule:
        assert due("2026-08-28 14:59", Term(0, rule)) == "2026-08-28 17:00"
        assert due("2026-08-28 15:00", Term(0, rule)) == "2026-09-03 17:00"
        assert due("2026-08-28 16:00", Term(0, rule, None)) == "2026-08-28 17:00"
        assert due("2026-08-30 10:00", Term(0, rule)) == "2026-09-03 17:00"


def test_a_saturday_of_reception_receives_and_is_not_counted(loaded: Flask) -> None:
    assert due("2026-08-07 09:00", Term(1), SATURDAYS) == "2026-08-10 17:00"
    assert due("2026-08-08 09:00", Term(1), SATURDAYS) == "2026-08-10 17:00"
    assert due("2026-08-08 09:00", Term(1, Rule.CLOCK), SATURDAYS) == "2026-08-10 17:00"
    assert due("2026-08-22 09:00", Term(1, Rule.CLOCK), SATURDAYS) == "2026-08-24 09:00"  # worked as a Monday


def test_the_operators_word_wins_over_the_holiday_list(loaded: Flask) -> None:
    atomically(calendar.declare, date(2026, 11, 24), True, "làm việc bình thường")
    assert due("2026-11-23 09:00", BY_DAY) == "2026-11-26 17:00"
    atomically(calendar.declare, date(2026, 11, 25), False, "bão")
    assert due("2026-11-23 09:00", BY_DAY) == "2026-11-27 17:00"
    assert calendar.why_closed(date(2026, 11, 25)) == ("declared", "bão")
    assert calendar.why_closed(date(2026, 9, 2)) == ("holiday", "Quốc khánh")
    assert calendar.why_closed(date(2026, 9, 5)) == ("weekend", "")


def test_office_hours_are_each_offices_own(loaded: Flask) -> None:
    short = [Opening(day, time(8), time(12)) for day in range(5)]
    assert due("2026-08-10 08:00", Term(1, Rule.CLOCK), short) == "2026-08-11 12:00"
    assert due("2026-08-10 08:00", Term(1), short) == "2026-08-11 12:00"


# ---- whatever is asked ------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2025, 7, 1), datetime(2028, 12, 1)).map(lambda when: when.replace(tzinfo=HERE))
terms = st.builds(Term, st.integers(0, 40), st.sampled_from(Rule), st.sampled_from([CUTOFF, None]))
offices = st.sampled_from([USUAL, SATURDAYS, [Opening(day, time(7, 30), time(17)) for day in range(5)]])
thoroughly = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@thoroughly
@given(moments, terms, offices)
def test_nothing_is_due_before_it_came_on_a_closed_day_or_in_a_closed_hour(
    loaded: Flask, received: datetime, term: Term, hours: list[Opening]
) -> None:
    ends = calendar.due(received, term, hours)
    assert ends >= received
    assert calendar.is_working(ends.date())
    assert any(opens < ends <= closes for opens, closes in calendar.counted(ends.date(), hours))


@thoroughly
@given(moments, st.timedeltas(timedelta(), timedelta(days=20)), terms, st.integers(0, 5), offices)
def test_later_or_longer_is_never_due_earlier(
    loaded: Flask, received: datetime, later: timedelta, term: Term, more: int, hours: list[Opening]
) -> None:
    ends = calendar.due(received, term, hours)
    assert calendar.due(received + later, term, hours) >= ends
    assume(term.days)  # the same day ends with the day
    assert calendar.due(received, Term(term.days + more, term.rule, term.cutoff), hours) >= ends


@thoroughly
@given(moments, st.integers(1, 20), st.integers(1, 20), offices)
def test_days_one_after_the_other_are_all_of_them_together(
    loaded: Flask, received: datetime, first: int, second: int, hours: list[Opening]
) -> None:
    for rule in Rule:
        together = calendar.due(received, Term(first + second, rule, None), hours)
        halfway = calendar.due(received, Term(first, rule, None), hours)
        assert calendar.due(halfway, Term(second, rule, None), hours) == together


@thoroughly
@given(moments, moments, terms.filter(lambda term: term.days > 0))
def test_a_restart_is_never_due_before_the_start_was(loaded: Flask, one: datetime, other: datetime, term: Term) -> None:
    started, restarted = sorted((one, other))
    assert calendar.due(restarted, term) >= calendar.due(started, term)


@thoroughly
@given(moments, st.integers(1, 30))
def test_the_legal_count_counts_exactly_the_working_days_after_the_day_of_the_event(
    loaded: Flask, received: datetime, days: int
) -> None:
    ends = calendar.due(received, Term(days)).date()
    marks = calendar.days_until(received.date(), ends, most=400)
    assert sum(mark in ("on", "due") for _, mark in marks) == days
    assert [calendar.is_working(day) for day, mark in marks[1:]] == [mark != "off" for _, mark in marks[1:]]
    db.session.rollback()
