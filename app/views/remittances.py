"""Statutory fees on their way to the ward: the post hands them over with a list, the ward counts and receipts, or refuses."""

import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from app import security
from app.db import atomically
from app.domain import money, remittances
from app.domain.people import Right
from app.domain.remittances import Remittance
from app.errors import Refused
from app.language import money as spoken
from app.security import requires
from app.views import answers, counters
from app.views.fields import Form, read_sum

bp = Blueprint("remittances", __name__)


class HandOver(Form):
    key = HiddenField(validators=[Regexp(r"[0-9a-f]{32}")])
    desk = HiddenField(validators=[Regexp(r"\d{1,9}")])
    expected = HiddenField(validators=[Regexp(r"\d{1,12}")])


class PayWays(Form):
    desk = HiddenField(validators=[Regexp(r"\d{1,9}")])
    expected = HiddenField(validators=[Regexp(r"\d{1,12}")])
    receipt = StringField(
        _l("Number of our receipt"), [InputRequired(_l("Type the number of the receipt")), Length(max=24)]
    )


class Receive(Form):
    counted = StringField(_l("Counted, in đồng"), [InputRequired(_l("Type what was counted")), Length(max=20)])
    receipt = StringField(
        _l("Number of the ward's receipt"),
        [InputRequired(_l("Type the number of the receipt")), Length(max=24)],
    )


class Refuse(Form):
    words = StringField(_l("What does not add up?"), [InputRequired(_l("Say what does not add up")), Length(max=300)])


# ---- at the post office -----------------------------------------------------------------------------------------


@bp.get("/office/fees/")
@requires(Right.COUNTER)
def of_post() -> ResponseReturnValue:
    return _of_post()


@bp.post("/office/fees/")
@requires(Right.COUNTER)
def hand_over() -> ResponseReturnValue:
    form = HandOver()
    if not form.validate_on_submit():
        return _of_post(form, 422)
    desk_id, expected = int(form.desk.data), int(form.expected.data)
    try:
        made = atomically(remittances.hand_over, desk_id, security.act(), form.key.data, expected)
    except Refused as refusal:
        return _of_post(form, answers.complain(form, refusal))
    flash(_("List %(number)s: hand over %(sum)s and have it receipted.", number=made.number, sum=spoken(made.amount)), "ok")  # fmt: skip
    return redirect(url_for("remittances.of_post"))


@bp.post("/office/fees/ways")
@requires(Right.COUNTER)
def pay_ways() -> ResponseReturnValue:
    """A ward pays for second ways that were its doing."""
    form = PayWays()
    if not form.validate_on_submit():
        return _of_post(status=422, ways=form)
    try:
        atomically(money.pay_bill, int(form.desk.data), security.act(), int(form.expected.data), form.receipt.data)
    except Refused as refusal:
        return _of_post(status=answers.complain(form, refusal, {"receipt_needed": "receipt"}), ways=form)
    flash(_("%(sum)s taken in, receipt %(receipt)s.", sum=spoken(int(form.expected.data)), receipt=form.receipt.data), "ok")  # fmt: skip
    return redirect(url_for("remittances.of_post"))


def _of_post(form: HandOver | None = None, status: int = 200, ways: PayWays | None = None) -> ResponseReturnValue:
    user = security.user()
    if user.office is None:
        raise Refused("no_office")
    return render_template(
        "office/fees.html", owed=remittances.owed(user.office), lists=remittances.of(user), form=form or HandOver(formdata=None),
        key=secrets.token_hex(16), bills=money.bills(user.office), ways=ways or PayWays(formdata=None),
    ), status  # fmt: skip


# ---- at the ward desk -------------------------------------------------------------------------------------------


@bp.get("/desk/fees/")
@requires(Right.DESK)
def of_desk() -> ResponseReturnValue:
    return render_template("desk/fees.html", lists=remittances.of(security.user()))


@bp.route("/desk/fees/<remittance>", methods=["GET", "POST"])
@requires(Right.DESK)
def one(remittance: str) -> ResponseReturnValue:
    """The list with its fees; counted and receipted here, or refused."""
    found, form, no = remittances.get(security.user(), remittance), Receive(), Refuse(formdata=None)
    if request.method == "GET":
        return _one(found, Receive(formdata=None), no)
    if not form.validate():
        return _one(found, form, no, 422)
    try:
        counted = read_sum(form.counted.data)
        atomically(remittances.receive, found, security.act(), counted, form.receipt.data)
    except Refused as refusal:
        return _one(found, form, no, answers.complain(form, refusal, {"fees_differ": "counted", "receipt_needed": "receipt"}))  # fmt: skip
    flash(_("%(sum)s taken in, receipt %(receipt)s.", sum=spoken(found.amount), receipt=form.receipt.data), "ok")
    return redirect(url_for("remittances.of_desk"))


@bp.post("/desk/fees/<remittance>/refuse")
@requires(Right.DESK)
def refuse(remittance: str) -> ResponseReturnValue:
    found, form, yes = remittances.get(security.user(), remittance), Refuse(), Receive(formdata=None)
    if not form.validate():
        return _one(found, yes, form, 422)
    try:
        atomically(remittances.refuse, found, security.act(), form.words.data)
    except Refused as refusal:
        return _one(found, yes, form, answers.complain(form, refusal, {"words_needed": "words"}))
    flash(_("Not taken in. The post office sees why."), "warning")
    return redirect(url_for("remittances.of_desk"))


def _one(found: Remittance, form: Receive, no: Refuse, status: int = 200) -> ResponseReturnValue:
    fees = remittances.dossiers_of(found)
    counters.log_names("desk.fees", {dossier.id for _, dossier in fees})
    return render_template("desk/fee_list.html", list=found, fees=fees, form=form, no=no), status
