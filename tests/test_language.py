"""How numbers stand in a sentence on a page."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask
from flask_babel import force_locale
from markupsafe import Markup

from app import language
from app.language import whole


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Gõ mã, ví dụ HS-260826-000123-0.", 'Gõ mã, ví dụ <span class="nowrap">HS-260826-000123-0.</span>'),
        ("(8:00–10:00), Thứ Hai", '(<span class="nowrap">8:00–10:00),</span> Thứ Hai'),
        ("Mã 000.00.17.H09-260818-0001", 'Mã <span class="nowrap">000.00.17.H09-260818-0001</span>'),
        ("Giờ trống 8:00–10:00", 'Giờ trống <span class="nowrap">8:00–10:00</span>'),
        ("Số có 10 số, ví dụ 0900 000 123", "Số có 10\u00a0số, ví dụ 0900\u00a0000\u00a0123"),
        ("Niêm phong NP 0045 821", "Niêm phong NP\u00a00045\u00a0821"),
        ("Ngày viết như 2026-08-28", "Ngày viết như 2026-08-28"),
    ],
)
def test_a_number_moves_to_the_next_line_in_one_piece(sentence: str, shown: str) -> None:
    assert str(whole(sentence)) == shown


def test_what_somebody_typed_stays_text_and_our_own_marks_stay_marks() -> None:
    assert str(whole("<b>HS-260826-000123-0</b>")).startswith("&lt;b&gt;<span")
    marked = whole(Markup('<a href="/t/HS-260826-000123-0">10 số</a>'))
    assert marked == '<a href="/t/HS-260826-000123-0">10\u00a0số</a>'
    assert whole(Markup("A &amp; 8:00–10:00")) == 'A &amp; <span class="nowrap">8:00–10:00</span>'


NEW_YEAR = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)  # half past midnight in Viet Nam: it is 2027 already


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("reader", "this_year", "another"),
    [
        ("vi", "Thứ\u00a0Sáu, 1/1, 0:30", "Thứ\u00a0Năm, 31/12/2026, 23:59"),
        ("en", "Friday, 1\u00a0Jan, 0:30", "Thursday, 31\u00a0Dec 2026, 23:59"),
    ],
)
def test_a_moment_of_another_year_says_the_year(app: Flask, reader: str, this_year: str, another: str) -> None:
    with app.test_request_context(), force_locale(reader), time_machine.travel(NEW_YEAR, tick=False):
        assert language.moment(NEW_YEAR) == this_year
        assert language.moment(datetime(2026, 12, 31, 16, 59, tzinfo=UTC)) == another
        ends = {
            "vi": ("31/12", "3/1/2028", "1/1/2027"),
            "en": ("31\u00a0Dec", "3\u00a0Jan 2028", "1\u00a0January 2027"),
        }[reader]
        days = (
            language.short_date(date(2027, 12, 31)),
            language.short_date(date(2028, 1, 3)),
            language.long_date(date(2027, 1, 1)),
        )
        assert [day for day, end in zip(days, ends, strict=True) if not day.endswith(end)] == []


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("reader", "shown"),
    [
        ("vi", ("1.250.000\u00a0đ", "1,2\u00a0km", "2,5", "28/8", "28/8/2026")),
        ("en", ("1,250,000\u00a0đ", "1.2\u00a0km", "2.5", "28\u00a0Aug", "28\u00a0Aug 2026")),
    ],
)
def test_a_number_is_written_as_its_reader_reads_it(app: Flask, reader: str, shown: tuple[str, ...]) -> None:
    day = date(2026, 8, 28)
    with app.test_request_context(), force_locale(reader):
        short, whole_day = language.figures(day), language.figures(day, year=True)
        assert (language.money(1_250_000), language.kilometres(1200), language.decimal(2.5), short, whole_day) == shown
