"""Signing in and out, the language, and where each role starts work."""

import json
import re
from typing import Any

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app import security
from app.db import now
from app.domain import invitations
from app.domain.passkeys import Purpose
from app.domain.people import Right, Role, User
from app.errors import Refused
from app.language import COOKIE, KEPT, LANGUAGES, speak
from app.security import public, requires
from app.sentences import sentence
from app.views import passkeys
from app.views.fields import Form

bp = Blueprint("account", __name__)
INSIDE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")  # browsers drop tabs and newlines, so none may be there

SECRETS = {
    "csrf_token",
    "password",
    "passkey",
    "pin",
    "second_secret",
}  # what nobody's page says again: it is typed anew

STARTS = {
    Role.COURIER: "courier.home",
    Role.CLERK: "office.home",
    Role.OFFICER: "desk.home",
    Role.LEAD: "desk.home",
    Role.DISPATCHER: "dispatch.home",
    Role.SUPERVISOR: "exceptions.home",
    Role.ADMIN: "editions.home",
}


class SignIn(Form):
    login = StringField(
        _l("Sign-in name"), [InputRequired(_l("Type your sign-in name, for example desk1")), Length(max=60)]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Type your password")), Length(max=200)])
    next = HiddenField()
    kept = HiddenField(description="the form that was sent too late: its fields, as JSON")


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    form = SignIn(next=request.args.get("next", ""))
    if (to := request.form.get("language", "")) in LANGUAGES:
        return _in_language(to, form)
    status = 200
    if shown := request.form.get("passkey", ""):
        try:
            passkey = passkeys.shown(shown, Purpose.SIGN_IN)
        except Refused as refusal:
            form.form_errors.append(sentence(refusal))
            status = _status(refusal)
        else:
            return _enter(form, passkey.user, passkey.id)
    elif form.validate_on_submit():
        try:
            found = security.check_password(form.login.data, form.password.data)
            if security.passkey_required(found):
                invitations.check_way_in(found, now())
        except Refused as refusal:
            form.password.errors = [sentence(refusal)]
            status = _status(refusal)
        else:
            return _enter(form, found)
    elif form.is_submitted():
        status = 422
    return render_template("account/sign_in.html", form=form), status


def _status(refusal: Refused) -> int:
    return refusal.status if refusal.status == 429 else 422


def _enter(form: SignIn, user: User, passkey_id: str | None = None) -> Response:
    answer = _again(form, user) or redirect(_inside(form.next.data) or url_for("account.start"))
    return security.sign_in(user.id, answer, passkey_id)


def _again(form: SignIn, user: User) -> Response | None:
    """The page that sends on what waits, if anything does."""
    after, kept = _inside(form.next.data), _fields(form.kept.data)
    if not after or not kept:
        return None
    return make_response(render_template("account/again.html", action=after, fields=kept, name=user.name, form=form))


def _in_language(to: str, form: SignIn) -> Response:
    """The page that was sent, in the other language: what waits in it would be lost on the way of a link."""
    speak(to)
    page = _again(form, g.user) if g.user else None
    asked = SignIn(formdata=None, next=form.next.data, kept=form.kept.data)
    return _remember(to, page or make_response(render_template("account/sign_in.html", form=asked)))


@bp.app_errorhandler(security.Ended)
def ended(_error: security.Ended) -> ResponseReturnValue:
    """What was typed stays on the page that asks who is there, and goes on from the next. A file would have to be chosen anew."""
    kept = [(name, text) for name, text in request.form.items(multi=True) if name not in SECRETS]
    form = SignIn(
        formdata=None, next=request.full_path.rstrip("?"), kept="" if request.files or not kept else json.dumps(kept)
    )
    return render_template("account/sign_in.html", form=form, ended=True), 401


def _fields(kept: str | None) -> list[tuple[str, str]]:
    """The fields of a form that waits, or none when it is not one."""
    try:
        return [(str(name), str(text)) for name, text in json.loads(kept or "[]") if name not in SECRETS]
    except (ValueError, TypeError):
        return []


@bp.get("/start")
@requires(Right.WORK)
def start() -> ResponseReturnValue:
    """Each role's first page."""
    return redirect(url_for(STARTS[security.user().role]))


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    return security.sign_out(redirect(url_for("account.sign_in")))


@bp.get("/language/<to>")
@public
def language(to: str) -> ResponseReturnValue:
    answer = redirect(_inside(request.args.get("back", "")) or "/")
    return _remember(to, answer) if to in LANGUAGES else answer


def _remember(to: str, answer: Response) -> Response:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(COOKIE, to, max_age=KEPT, secure=secure, httponly=True, samesite="Lax")
    return answer


def _inside(path: str) -> str | None:
    """A path of our own, or None: nobody is sent to another site."""
    return path if INSIDE.fullmatch(path) else None


# The places staff go, for whoever has the right.
PLACES = (
    (Right.COUNTER, "office.home", _l("Counter")),
    (Right.COUNTER, "stickers.home", _l("Stickers")),
    (Right.DESK, "desk.home", _l("Work")),
    (Right.DESK, "counts.home", _l("Joint count")),
    (Right.DESK, "results.home", _l("Results")),
    (Right.DISPATCH, "dispatch.home", _l("Days of work")),
    (Right.EXCEPTIONS, "exceptions.home", _l("Exceptions")),
    (Right.EXCEPTIONS, "incidents.home", _l("Incidents")),
    (Right.SUPERVISE, "search.home", _l("Search")),
    (Right.PHONES, "phones.home", _l("Phones")),
    (Right.REPORTS, "reports.home", _l("Reports")),
    (Right.ADMIN, "editions.home", _l("Procedures")),
    (Right.ADMIN, "upkeep.home", _l("Offices")),
    (Right.ADMIN, "staff.home", _l("People")),
    (Right.ADMIN, "days.home", _l("Days off")),
    (Right.ADMIN, "admin.number_pools", _l("Item numbers")),
    (Right.ADMIN, "papers.gallery", _l("Papers")),
    (Right.PETITIONS, "petitions.home", _l("Data requests")),
    (Right.STAFF, "sessions.staff", _l("Signed in")),
)
WITHIN = {  # pages one comes to from another place's: the one this person has lights up
    "corrections": {"exceptions"}, "till": {"office"}, "sorting": {"office"}, "bags": {"office"}, "paper": {"office"},
    "search": {"office", "desk", "search"}, "remittances": {"office", "desk"}, "decisions": {"desk"}, "records": {"office", "desk"}, "pictures": {"office"},
    "imports": {"editions"}, "rates": {"upkeep"}, "relief": {"dispatch"}, "appointments": {"dispatch"},
}  # fmt: skip


@bp.app_context_processor
def home() -> dict[str, Any]:
    """Where the mark in the head leads, staff to their work and everybody else to the first page; and staff's places."""
    user = g.get("user")
    if user is None:
        return {}
    here = request.blueprint or ""
    nav = [
        (words, url_for(page), page.split(".")[0] in WITHIN.get(here, {here}))
        for right, page, words in PLACES
        if user.may(right)
    ]
    return {"home": url_for("account.start"), "nav": nav}
