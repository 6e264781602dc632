"""Passkeys: one's own, and what a browser is asked for them. `account` signs in with one."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app import security
from app.db import atomically, now
from app.domain import passkeys, sessions
from app.domain.passkeys import LONGEST, Answer, Passkey, Purpose, Site
from app.domain.people import Right, User
from app.errors import Refused
from app.security import by_password, public, requires
from app.sentences import sentence
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.fields import Form, upto

bp = Blueprint("passkeys", __name__, url_prefix="/passkeys")
ASKED = 120  # challenges for one address in a WINDOW: an office full of people, each with a second try
ANSWERS = {"presence_wrong": "password", "presence_empty": "password"}


class Naming(Form):
    name = StringField(_l("Name"), [InputRequired(_l("Type a name, for example: phone")), upto(LONGEST)])


class Adding(Naming):
    password = PasswordField(_l("Your password"), [Length(max=200)])


class Removing(Form):
    password = PasswordField(_l("Your password"), [Length(max=200)])


# ---- one's own ---------------------------------------------------------------------------------------------------


@bp.route("/", methods=["GET", "POST"])
@requires(Right.WORK)
@by_password
def home() -> ResponseReturnValue:
    """The list, and the form that a script sends on when the device has answered."""
    form, status = Adding(name=security.browser(request.user_agent.string)), 200
    if form.validate_on_submit():
        try:
            made = _add(security.user(), form.name.data.strip(), request.form.get("passkey", ""))
        except Refused as refusal:
            form.form_errors.append(sentence(refusal))
            status = refusal.status
        else:
            flash(_("%(name)s has been added. From now on you can sign in with it.", name=made.name), "ok")
            return _go_on(made)
    elif form.is_submitted():
        status = 422
    return render_template(
        "passkeys/home.html", form=form, own=passkeys.of(security.user()), most=passkeys.MOST, required=_only_here(),
        here=security.here(),
    ), status  # fmt: skip


def _only_here() -> bool:
    """Whether this session opens nothing else yet."""
    return not g.by_passkey and security.passkey_required(security.user())


def _add(user: User, name: str, text: str) -> Passkey:
    return atomically(passkeys.add, user, name, answered(text, Purpose.ADD), site(), security.act())


def _go_on(made: Passkey) -> ResponseReturnValue:
    """Where passkeys are required, a session of its own begins with the first."""
    if not _only_here():
        return redirect(url_for("passkeys.home"), SEE_OTHER)
    answer = security.sign_out(redirect(url_for("account.start"), SEE_OTHER))
    return security.sign_in(made.user_id, answer, made.id)


@bp.post("/begin")
@requires(Right.WORK)
@by_password
def begin() -> ResponseReturnValue:
    """What the browser is to make, for whoever has typed their password."""
    user, password = security.user(), request.form.get("password", "")[:200]
    try:
        if not password:
            raise Refused("presence_empty")
        if security.check_password(user.login, password, "presence").id != user.id:
            raise Refused("presence_wrong")
        return jsonify(passkeys.to_make(user, challenge(Purpose.ADD), site()))
    except Refused as refusal:
        wrong = Refused("presence_wrong") if refusal.key == "sign_in_wrong" else refusal
        return _said(wrong)


@bp.get("/<passkey_id>")
@requires(Right.WORK)
def one(passkey_id: str) -> ResponseReturnValue:
    known = passkeys.one(security.user(), passkey_id)
    return _page(known, Naming(name=known.name), Removing(formdata=None))


@bp.post("/<passkey_id>")
@requires(Right.WORK)
def rename(passkey_id: str) -> ResponseReturnValue:
    known, form = passkeys.one(security.user(), passkey_id), Naming()
    if not form.validate():
        return _page(known, form, Removing(formdata=None), 422)
    atomically(passkeys.rename, security.user(), passkey_id, form.name.data.strip())
    flash(_("It is called %(name)s now.", name=form.name.data.strip()), "ok")
    return redirect(url_for("passkeys.home"), SEE_OTHER)


@bp.post("/<passkey_id>/remove")
@requires(Right.WORK)
def remove(passkey_id: str) -> ResponseReturnValue:
    known, form = passkeys.one(security.user(), passkey_id), Removing()
    name = known.name
    try:
        security.prove_presence(form.password.data or "")
        atomically(_remove, passkey_id)
    except Refused as refusal:
        status = answers.complain(form, refusal, ANSWERS)
        known = passkeys.one(security.user(), passkey_id)
        return _page(known, Naming(formdata=None, name=known.name), form, status)
    flash(_("%(name)s no longer works. You are signed in only here.", name=name), "ok")
    return redirect(url_for("passkeys.home"), SEE_OTHER)


def _remove(passkey_id: str) -> None:
    user = security.user()
    keeps = security.passkey_required(user)
    passkeys.remove(user, passkey_id, security.act(), but=security.here().secret_hash, keeps_one=keeps)


def _page(known: Passkey, naming: Naming, removing: Removing, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "passkeys/one.html", known=known, form=naming, removing=removing, proves=not security.is_present()
    ), status  # fmt: skip


# ---- what a browser is asked --------------------------------------------------------------------------------------


@bp.post("/ask")
@public
def ask() -> ResponseReturnValue:
    """Before somebody is known: any key that the device finds for us."""
    try:
        return jsonify(passkeys.to_show(challenge(Purpose.SIGN_IN), site()))
    except Refused as refusal:
        return _said(refusal)


@bp.post("/present")
@requires(Right.WORK)
def present() -> ResponseReturnValue:
    """PRESENCE by a touch: what the browser is asked for, and then its answer."""
    user, text = security.user(), request.form.get("passkey", "")
    try:
        if not text:
            return jsonify(passkeys.to_show(challenge(Purpose.PRESENT), site(), user))
        if shown(text, Purpose.PRESENT).user_id != user.id:
            raise Refused("passkey_wrong")
    except Refused as refusal:
        return _said(refusal)
    security.be_present()
    return "", 204


def _said(refusal: Refused) -> ResponseReturnValue:
    return jsonify(says=str(sentence(refusal))), refusal.status, refusal.headers


@bp.app_context_processor
def address() -> dict[str, Any]:
    """Where browsers make and show passkeys for us, empty where they would not; and whether whoever sits here came by one."""
    takes = current_app.extensions["settings"].takes_passkeys
    return {"passkeys_at": site().origin if takes else "", "touches": takes and g.get("by_passkey", False)}


def site() -> Site:
    """Where passkeys are good, by our own settings: what a request says of its host proves nothing."""
    where = urlsplit(current_app.extensions["settings"].base_url)
    return Site(where.hostname or "", f"{where.scheme}://{where.netloc}")


def challenge(purpose: Purpose) -> bytes:
    """A new one, for this session or, where nobody is signed in, for this browser. Raises TooMany."""
    atomically(sessions.count, security.address_key("passkey-asked"), ASKED, security.WINDOW, now())
    return atomically(passkeys.ask, purpose, security.place(), security.act())


def answered(text: str, purpose: Purpose) -> Answer:
    """What a device said to a challenge of ours, which is spent with it. Raises Refused: `passkey_wrong`, `passkey_over`."""
    answer = passkeys.read(text)
    atomically(passkeys.take, answer, purpose, security.place(), security.act())
    return answer


def shown(text: str, purpose: Purpose) -> Passkey:
    """The key that answered; tries are counted as those of passwords are. Raises as `answered`, `passkeys.check`, and
    Refused("passkey_copied"): it exists twice, and is in use no more."""

    def prove() -> Passkey:
        found = atomically(passkeys.check, answered(text, purpose), site(), security.act())
        if found.removed_at is not None:
            raise Refused("passkey_copied")
        return found

    return security.counted(prove, passkeys.read(text).credential.hex(), f"passkey-{purpose}")
