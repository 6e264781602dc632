"""Postage, for administrators: what one way costs from a day on, by the number of a decision."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired

from app import security
from app.db import atomically, now
from app.domain import calendar, postage
from app.domain.bands import Band
from app.domain.people import Right
from app.errors import Refused
from app.security import requires
from app.views import counters
from app.views.answers import SEE_OTHER
from app.views.fields import DateField, IntegerField, upto

bp = Blueprint("rates", __name__, url_prefix="/admin/postage")
FIELDS = {"decision_form": "decision", "day_past": "day", "money_amount": "one_way"}
BANDS = {
    Band.DISTRICT: _l("Within one former district"), Band.PROVINCE: _l("Two former districts of one province"),
    Band.CITIES: _l("Two large cities"), Band.COUNTRY: _l("Two provinces"),
}  # fmt: skip


class Decide(FlaskForm):  # type: ignore[misc]
    band = RadioField(
        _l("From where to where?"),
        [InputRequired(_l("Choose from where to where"))],
        choices=[SelectChoice(band, words) for band, words in BANDS.items()],
    )
    one_way = IntegerField(_l("One way, up to 100 g"), [InputRequired(_l("Type the sum in đồng"))])
    day = DateField(_l("First day"), [InputRequired(_l("Choose the first day"))])
    decision = StringField(
        _l("Number of the decision"), [InputRequired(_l("Type the number of the decision")), upto(120)]
    )


@bp.route("/", methods=["GET", "POST"])
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    form, status, today = Decide(), 200, calendar.today(now())
    if form.validate_on_submit():
        facts = (Band(form.band.data), form.one_way.data, form.day.data, form.decision.data)
        try:
            atomically(postage.decide, *facts, security.act())
        except Refused as refusal:
            status = counters.complain(form, refusal, FIELDS)
        else:
            flash(_("Written down. What is booked keeps the price it was shown."), "ok")
            return redirect(url_for("rates.home"), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    holds = [postage.tariff(today, band) for band in Band]
    return render_template("upkeep/postage.html", form=form, holds=holds, rates=postage.rates(), bands=BANDS, today=today), status  # fmt: skip
