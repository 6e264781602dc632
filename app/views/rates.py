"""Postage, for administrators: what a way costs, or passing on a fee, from a day on, by the number of a decision."""

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
from app.domain.people import Right
from app.domain.postage import Item
from app.errors import Refused
from app.security import requires
from app.views import counters
from app.views.answers import SEE_OTHER
from app.views.fields import DateField, IntegerField, upto

bp = Blueprint("rates", __name__, url_prefix="/admin/postage")
FIELDS = {"decision_form": "decision", "day_past": "day", "money_amount": "amount"}
ITEMS = {
    Item.DISTRICT: _l("One way within one former district"), Item.PROVINCE: _l("One way between two former districts of one province"),
    Item.CITIES: _l("One way between two large cities"), Item.COUNTRY: _l("One way between two provinces"),
    Item.PASSING_ON: _l("Passing on the ward's fee of one dossier"),
}  # fmt: skip


class Decide(FlaskForm):  # type: ignore[misc]
    item = RadioField(
        _l("What is the price for?"),
        [InputRequired(_l("Choose what the price is for"))],
        choices=[SelectChoice(item, words) for item, words in ITEMS.items()],
    )
    amount = IntegerField(_l("Price"), [InputRequired(_l("Type the sum in đồng"))])
    day = DateField(_l("First day"), [InputRequired(_l("Choose the first day"))])
    decision = StringField(
        _l("Number of the decision"), [InputRequired(_l("Type the number of the decision")), upto(120)]
    )


@bp.route("/", methods=["GET", "POST"])
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    form, status, today = Decide(), 200, calendar.today(now())
    if form.validate_on_submit():
        facts = (Item(form.item.data), form.amount.data, form.day.data, form.decision.data)
        try:
            atomically(postage.decide, *facts, security.act())
        except Refused as refusal:
            status = counters.complain(form, refusal, FIELDS)
        else:
            flash(_("Written down. What is booked keeps the price it was shown."), "ok")
            return redirect(url_for("rates.home"), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    holds = [postage.tariff(today, item) for item in Item]
    return render_template("upkeep/postage.html", form=form, holds=holds, rates=postage.rates(), items=ITEMS, today=today), status  # fmt: skip
