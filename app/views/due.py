"""The calculator: when is it due? Anybody may ask; the answer names every day that did not count, and why."""

from datetime import date, datetime
from itertools import groupby

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice
from wtforms.validators import InputRequired, NumberRange, ValidationError
from wtforms.validators import Optional as MayBeEmpty

from app.db import now
from app.domain import calendar
from app.domain.calendar import HERE, Rule, Term
from app.language import short_date
from app.security import public
from app.views import telling
from app.views.fields import DateField, IntegerField, PlainForm, TimeField

bp = Blueprint("due", __name__)
MOST = 90  # working days, and
YEARS = (2024, 2035)  # years whose holidays can be told


class Question(PlainForm):
    day = DateField(_l("Day on which the ward signed"), [InputRequired(_l("Choose the day on which the ward signed"))])
    hour = TimeField(_l("At what hour"), [MayBeEmpty()])
    days = IntegerField(
        _l("How many working days"),
        [
            InputRequired(_l("Type the number of working days, 0 for the same day")),
            NumberRange(0, MOST, _l("Type a number from 0 to %(most)s", most=MOST)),
        ],
    )
    rule = RadioField(
        _l("How are the days counted?"),
        choices=[SelectChoice(Rule.LEGAL, _l("In whole days")), SelectChoice(Rule.CLOCK, _l("In hours, 8 a day"))],
        default=Rule.LEGAL,
    )

    def validate_day(self, field: DateField) -> None:
        if field.data and not YEARS[0] <= field.data.year <= YEARS[1]:
            first, last = YEARS
            raise ValidationError(_("Choose a day of the years %(first)s to %(last)s", first=first, last=last))


@bp.get("/due")
@public
def home() -> ResponseReturnValue:
    if "day" not in request.args:
        return _page(Question(request.args, day=calendar.today(now()), days=request.args.get("days") or 3))
    form = Question(request.args)
    if not form.validate():
        return _page(form), 422
    received = datetime.combine(form.day.data, form.hour.data or calendar.USUAL[0].opens, HERE)
    ends = calendar.due(received, Term(form.days.data, Rule(form.rule.data)))
    marks = calendar.days_until(received.date(), ends.date(), most=400)
    return _page(form, ends=ends, strip=telling.due_strip(marks), closed=_closed(marks))


def _page(form: Question, **found: object) -> str:
    return render_template("due.html", form=form, **found)


def _closed(marks: list[tuple[date, str]]) -> list[tuple[str, str]]:
    """Days in a row that did not count for one reason: which, and why."""
    off = [day for day, mark in marks if mark == "off"]
    told = []
    for reason, days in groupby(off, key=lambda day: calendar.why_closed(day, str(get_locale()))):
        runs = list(days)
        if reason[0] == "weekend":
            continue
        told.append((_span(runs), reason[1] or _("closed by the calendar of the State")))
    weekends = sum(calendar.why_closed(day)[0] == "weekend" for day in off)
    if weekends:
        told.append((ngettext("%(num)d day", "%(num)d days", weekends), _("Saturdays and Sundays")))
    return told


def _span(days: list[date]) -> str:
    first, last = days[0], days[-1]
    return short_date(first) if first == last else f"{short_date(first)} – {short_date(last)}"
