"""Days, for administrators: which are off and which are worked, where the law's calendar does not say it."""

from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired

from app import security
from app.db import atomically, now
from app.domain import calendar, upkeep
from app.domain.people import Right
from app.errors import Refused
from app.language import long_date
from app.security import requires
from app.sentences import sentence
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.fields import DateField, Form, read_day, upto

bp = Blueprint("days", __name__, url_prefix="/admin/days")
FIELDS = {"day_past": "day"}


class Day(Form):
    day = DateField(_l("Day"), [InputRequired(_l("Choose the day"))])
    works = RadioField(
        _l("What is it?"),
        [InputRequired(_l("Choose whether it is worked"))],
        choices=[SelectChoice("no", _l("A day off")), SelectChoice("yes", _l("A working day, made up for another"))],
    )
    note = StringField(
        _l("Why, as citizens read it"),
        [InputRequired(_l("Write why: people ask")), upto(120)],
    )


@bp.route("/", methods=["GET", "POST"])
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    form, status, today = Day(), 200, calendar.today(now())
    if form.validate_on_submit():
        facts = (form.day.data, form.works.data == "yes", form.note.data.strip())
        try:
            booked = atomically(lambda: upkeep.declare(*facts, security.act()))
        except Refused as refusal:
            status = answers.complain(form, refusal, FIELDS)
        else:
            flash(
                _("%(day)s is written down. Time limits are counted with it from now on.", day=long_date(facts[0])),
                "ok",
            )
            if booked and not facts[1]:
                words = ngettext("%(num)d visit is booked for that day. The dispatcher has to move it.",
                                 "%(num)d visits are booked for that day. The dispatcher has to move them.", booked)  # fmt: skip
                flash(words, "warning")
            return redirect(url_for("days.home"), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    known = upkeep.declared(today - timedelta(days=60))
    return render_template("upkeep/days.html", form=form, known=known, today=today, feasts=_feasts(today)), status


def _feasts(today: date) -> list[tuple[date, str]]:
    """The days off by law in the year to come that nobody has declared otherwise."""
    days = (today + timedelta(days=n) for n in range(366))
    why = ((day, calendar.why_closed(day, str(get_locale()))) for day in days if not calendar.is_working(day))
    return [(day, name) for day, (kind, name) in why if kind == "holiday"]


@bp.post("/<day>/back")
@requires(Right.ADMIN)
def take_back(day: str) -> ResponseReturnValue:
    chosen = read_day(day)
    try:
        atomically(lambda: upkeep.take_back(chosen, security.act()))
    except Refused as refusal:
        flash(sentence(refusal), "stamp")
    else:
        flash(_("%(day)s is again as the law has it.", day=long_date(chosen)), "ok")
    return redirect(url_for("days.home"), SEE_OTHER)
