"""For administrators: the pools of numbers."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from app import security
from app.db import atomically
from app.domain import audit, numbers, oversight
from app.domain.people import Act, Right
from app.errors import Refused
from app.security import requires
from app.sentences import sentence
from app.views.answers import SEE_OTHER
from app.views.fields import Form, IntegerField

bp = Blueprint("admin", __name__, url_prefix="/admin")
SERIAL = NumberRange(0, 99_999_999, _l("A serial has at most eight digits, for example 47312482"))


class Pool(Form):
    prefix = StringField(
        _l("Two letters"),
        [
            InputRequired(_l("Type the two letters of the range, for example RR")),
            Length(max=2, message=_l("Two letters only, for example RR")),
        ],
    )
    first = IntegerField(
        _l("First serial, eight digits"),
        [InputRequired(_l("Type the first serial, for example 47312482")), SERIAL],
        example="47312482",
    )
    last = IntegerField(
        _l("Last serial, eight digits"),
        [InputRequired(_l("Type the last serial, for example 47312999")), SERIAL],
        example="47312999",
    )
    is_test = BooleanField(_l("A test range: paper and screens mark its numbers"))


@bp.route("/numbers", methods=["GET", "POST"])
@requires(Right.ADMIN)
def number_pools() -> ResponseReturnValue:
    """A range is shown once more as whole numbers before it is loaded: nothing takes it out again."""
    form, status, checked = Pool(), 422 if request.method == "POST" else 200, None
    if form.validate_on_submit():
        wanted = (form.prefix.data.upper(), form.first.data, form.last.data)
        try:
            numbers.check_range(*wanted)
            if request.form.get("step") == "write":
                atomically(load, *wanted, form.is_test.data, security.act())
                flash(_("The range is loaded. New packets take their numbers from it."), "ok")
                return redirect(url_for("admin.number_pools"), SEE_OTHER)
        except Refused as refusal:
            form.first.errors = [sentence(refusal)]
        else:
            status, prefix = 200, wanted[0]
            ends = [numbers.s10(prefix, serial) for serial in wanted[1:]]
            checked = (*ends, wanted[2] - wanted[1] + 1) if request.form.get("step") != "change" else None
    return render_template(
        "admin/numbers.html", form=form, pools=oversight.pools(), low=numbers.left_when_low() is not None, checked=checked
    ), status  # fmt: skip


def load(prefix: str, first: int, last: int, is_test: bool, act: Act) -> None:
    pool = numbers.load_pool(prefix, first, last, act.at, is_test=is_test)
    audit.note("load_pool", pool.prefix, act, first=first, last=last)
