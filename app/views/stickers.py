"""Stickers of a post office: rolls printed ahead, for homes without a printer."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired, NumberRange

from app import security
from app.db import atomically
from app.domain import slips, stickers
from app.domain.people import Right
from app.domain.places import Office
from app.errors import Refused
from app.security import requires
from app.views.answers import base_url, file_answer
from app.views.fields import Form, IntegerField
from app.views.presses import by_the_press

bp = Blueprint("stickers", __name__, url_prefix="/stickers")


class Roll(Form):
    count = IntegerField(
        _l("How many stickers"),
        [
            InputRequired(_l("Type how many, for example 24")),
            NumberRange(1, stickers.MOST, _l("From 1 to %(most)s at a time", most=stickers.MOST)),
        ],
        default=24,
        description=_l("A sheet has 24."),
    )


@bp.route("/", methods=["GET", "POST"])
@requires(Right.COUNTER)
def home() -> ResponseReturnValue:
    form, office = Roll(), _office()
    if form.validate_on_submit():
        roll = atomically(stickers.print_roll, office, form.count.data, security.act())
        flash(
            _("Roll %(number)s is ready. Print it once and put the sheets into the couriers' bags.", number=roll.id),
            "ok",
        )
        return redirect(url_for("stickers.home"))
    status = 422 if form.is_submitted() else 200
    return render_template("office/stickers.html", form=form, rolls=stickers.of_office(office)), status


@bp.get("/<int(max=2147483647):roll_id>.pdf")
@requires(Right.COUNTER)
@by_the_press
def sheets(roll_id: int) -> Response:
    """The sheets of one roll, beginning at any cell of the first: a half-used sheet goes back into the printer."""
    roll = stickers.of_roll(_office(), roll_id)
    said = request.args.get("first", "1").strip()
    first = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0  # no cell: refused below
    data = slips.sticker_sheets(roll, first, base_url())
    return file_answer(data, "application/pdf", f"stickers-{roll_id}.pdf")


def _office() -> Office:
    office = security.user().office
    if office is None:
        raise Refused("no_office")
    return office
