"""The link with which somebody on the staff sets their own password and PIN."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from app import security
from app.db import atomically, now
from app.domain import invitations
from app.domain.people import SHORTEST
from app.errors import Refused
from app.security import public
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.fields import Form, upto

bp = Blueprint("invitations", __name__)
FIELDS = {"password_short": "password", "password_plain": "password", "pin_form": "pin", "pin_plain": "pin"}


class Own(Form):
    password = PasswordField(_l("New password"), [InputRequired(_l("Choose a password")), upto(200)])
    pin = PasswordField(_l("New PIN, six digits"), [Length(max=12)])


@bp.route("/password/<secret>", methods=["GET", "POST"])
@public
def own(secret: str) -> ResponseReturnValue:
    """Raises as `invitations.find`: whoever comes with an old link is told so."""
    form, status, person = Own(), 200, invitations.find(secret, now()).user
    if form.validate_on_submit():
        try:
            atomically(invitations.accept, secret, form.password.data, form.pin.data, security.act())
        except Refused as refusal:
            if refusal.key not in FIELDS:
                raise
            status = answers.complain(form, refusal, FIELDS)
        else:
            flash(_("Your password is set. Sign in with it."), "ok")
            return redirect(url_for("account.sign_in"), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    return render_template("account/own.html", form=form, person=person, least=SHORTEST), status
