"""Reports: the figures of a quarter, half a year or a year on one page, and the same as a file for a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from datetime import date

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from app import security
from app.db import now
from app.domain import calendar, reports
from app.domain.people import Right
from app.domain.reports import HALF, YEAR, By, Line, Period, Report
from app.errors import Invalid
from app.language import decimal, grouped
from app.security import requires
from app.spreadsheets import tame
from app.views import votes
from app.views.presses import by_the_press

bp = Blueprint("reports", __name__, url_prefix="/reports")
YEARS = 5  # that can be chosen from
FIGURES = {
    "booked": _l("Booked"), "cancelled": _l("Cancelled"), "submitted": _l("Filed"), "accepted": _l("Accepted"),
    "refused": _l("Not accepted"), "supplement": _l("More papers asked"), "extended": _l("Put off"), "stopped": _l("Stopped"),
    "ready": _l("With a result"), "on_time": _l("On time"), "late": _l("Late"), "average": _l("Working days, average"), "returned": _l("Returned home"),
    "postage": _l("Postage, đồng"), "fee": _l("Fees, đồng"),
}  # fmt: skip
REDRESS = {
    "complaints": _l("Complaints"), "answered": _l("Answered in time"), "answered_late": _l("Not answered in time"),
    "lost": _l("Lost for good"), "damaged": _l("Damaged or incomplete"), "compensations": _l("Claims owed"), "compensation": _l("Owed, đồng"),
    "compensation_paid": _l("Paid, đồng"), "paid_in_time": _l("Paid within 30 days"), "paid_late": _l("Not paid within 30 days"),
}  # fmt: skip
VOTES = {str(mark): words for mark, (_picture, words) in votes.MARKS.items()} | {
    f"about_{key}": words for key, words in votes.ABOUT.items()
}
ALL = FIGURES | REDRESS | VOTES
BY = {
    By.DESK: _l("Ward desk"), By.WARD: _l("Ward"), By.POST: _l("Post office"), By.PROCEDURE: _l("Procedure"),
}  # fmt: skip


@bp.get("/")
@requires(Right.REPORTS)
def home() -> ResponseReturnValue:
    wanted, by, report = _report()
    return render_template(
        "reports/home.html", report=report, wanted=wanted, by=by, groups=BY, figures=FIGURES, redress=REDRESS, votes=VOTES, said=said, choices=_choices(calendar.today(now()))
    )  # fmt: skip


@bp.get("/table.csv")
@requires(Right.REPORTS)
@by_the_press
def table() -> ResponseReturnValue:
    """UTF-8 with its mark, as spreadsheets expect; figures plain, so that they can be added."""
    wanted, by, report = _report()
    paper = io.StringIO()
    rows = csv.writer(paper)
    rows.writerow([str(BY[by]), *(str(words) for words in ALL.values())])
    for line in report.lines:
        rows.writerow([tame(line.name), *(_plain(line, figure) for figure in ALL)])
    named = {"Content-Disposition": f'attachment; filename="{wanted}-{by}.csv"'}
    return Response("\ufeff" + paper.getvalue(), content_type="text/csv; charset=utf-8", headers=named)


def _report() -> tuple[Period, By, Report]:
    at = now()
    asked = request.args.get("period", "")
    wanted = reports.read(asked) if asked else reports.quarter_of(calendar.today(at))
    try:
        by = By(request.args.get("by", By.DESK))
    except ValueError as error:
        raise Invalid("report_unknown") from error
    return wanted, by, reports.over(security.user(), wanted, by, at)


def _choices(today: date) -> Iterator[tuple[int, list[Period]]]:
    """Year by year what has begun, the newest first."""
    for year in range(today.year, today.year - YEARS, -1):
        quarters = [Period(year, nth) for nth in (4, 3, 2, 1)]
        begun = [one for one in quarters if one.first <= today]
        yield year, [*begun, Period(year, months=HALF), Period(year, months=YEAR)]


def said(line: Line, figure: str) -> str:
    """A figure for a reader: 1.250, 2,5 (1,250, 2.5), and a dash where there is none."""
    if figure == "average":
        return "–" if line.average is None else decimal(line.average)
    return grouped(line[figure])


def _plain(line: Line, figure: str) -> str:
    if figure == "average":
        return "" if line.average is None else f"{line.average:.2f}"
    return str(line[figure])
