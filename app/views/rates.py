"""Postage, for administrators: what it costs and who is carried for nothing, from a day on, by the number of a decision."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired

from app import security
from app.db import atomically, now
from app.domain import calendar, exemptions, postage
from app.domain.people import Right
from app.domain.postage import Item
from app.errors import Refused
from app.security import requires
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.fields import DateField, Form, SumField, said, upto

bp = Blueprint("rates", __name__, url_prefix="/admin/postage")
FIELDS = {
    "decision_form": "decision", "day_past": "day", "day_before_first": "day", "money_amount": "amount", "class_name": "name",
    "exemption_unknown": "key",
}  # fmt: skip
ITEMS = {
    Item.DISTRICT: _l("One way within one former district"), Item.PROVINCE: _l("One way between two former districts of one province"),
    Item.CITIES: _l("One way between two large cities"), Item.COUNTRY: _l("One way between two provinces"),
    Item.PASSING_ON: _l("Passing on the ward's fee of one dossier"),
}  # fmt: skip


def first_day() -> DateField:
    return DateField(_l("First day"), [InputRequired(_l("Choose the first day"))])


def numbered() -> StringField:
    return StringField(_l("Number of the decision"), [InputRequired(_l("Type the number of the decision")), upto(120)])


class Decide(Form):
    item = RadioField(
        _l("What is the price for?"),
        [InputRequired(_l("Choose what the price is for"))],
        choices=[SelectChoice(item, words) for item, words in ITEMS.items()],
    )
    amount = SumField(_l("Price"), [InputRequired(_l("Type the sum in đồng"))])
    day, decision = first_day(), numbered()

    def carry_out(self) -> None:
        postage.decide(Item(self.item.data), self.amount.data, self.day.data, self.decision.data, security.act())


class Add(Form):
    name = said(_l("What these people are called"), exemptions.LONGEST)
    name_en = said(_l("In English"), exemptions.LONGEST)
    day, decision = first_day(), numbered()

    def carry_out(self) -> None:
        exemptions.add(self.name.data, self.name_en.data, self.day.data, self.decision.data, security.act())


class End(Form):
    key = SelectField(_l("Which people?"), [InputRequired(_l("Choose which people"))])
    day, decision = DateField(_l("Last day"), [InputRequired(_l("Choose the last day"))]), numbered()

    def carry_out(self) -> None:
        exemptions.end(self.key.data, self.day.data, self.decision.data, security.act())


FORMS: dict[str, type[Decide | Add | End]] = {"price": Decide, "add": Add, "end": End}


@bp.route("/", methods=["GET", "POST"])
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    today, status, sent = calendar.today(now()), 200, request.form.get("form", "price")
    forms = {
        name: form(prefix=f"{name}-", formdata=request.form if name == sent else None) for name, form in FORMS.items()
    }
    known = exemptions.known()
    forms["end"].key.choices = [
        SelectChoice("", _("Choose")),
        *(SelectChoice(one.key, one.name) for one in known if one.until is None or one.until >= today),
    ]
    form = forms.get(sent)
    if request.method == "POST" and form and form.validate():
        try:
            atomically(form.carry_out)
        except Refused as refusal:
            status = answers.complain(form, refusal, FIELDS)
        else:
            flash(_("Written down. What is booked keeps the price it was shown."), "ok")
            return redirect(url_for("rates.home"), SEE_OTHER)
    elif request.method == "POST":
        status = 422
    holds = [postage.tariff(today, item) for item in Item]
    return render_template(
        "upkeep/postage.html", forms=forms, wrong=form if status != 200 else None, holds=holds, rates=postage.rates(), items=ITEMS, today=today, classes=known
    ), status  # fmt: skip
