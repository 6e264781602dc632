"""People, for administrators: who works here, as what and where; a link for the password; the end of a service."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length
from wtforms.validators import Optional as MayBeEmpty
from wtforms.widgets import CheckboxInput

from app import language, security
from app.config import Settings
from app.db import atomically, now
from app.domain import invitations, passkeys, scope, staff, upkeep
from app.domain.people import Right, Role, User
from app.domain.places import OfficeKind
from app.domain.staff import Standing
from app.errors import Refused
from app.security import requires
from app.sentences import sentence
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.fields import Form, printable, upto
from app.views.phones import drawing

bp = Blueprint("staff", __name__, url_prefix="/admin/people")
ROLES = {
    Role.COURIER: _l("Courier"), Role.CLERK: _l("Post-office clerk"), Role.DISPATCHER: _l("Dispatcher"), Role.OFFICER: _l("Desk officer"),
    Role.LEAD: _l("Leads the ward desk"), Role.SUPERVISOR: _l("Supervisor"), Role.ADMIN: _l("Administrator"),
}  # fmt: skip
STANDINGS = {
    Standing.AT_WORK: _l("at work"), Standing.WAITING: _l("no password yet"), Standing.ENDED: _l("service ended"),
}  # fmt: skip
FIELDS = {
    "login_form": "login", "login_taken": "login", "badge_taken": "badge", "badge_needed": "badge", "badge_not_needed": "badge", "office_of_role": "office", "units_none": "units", "last_admin": "role",
    "not_oneself": "role", "courier_stays": "role", "hands_full": "office", "phone_short": "phone", "phone_long": "phone", "phone_unknown": "phone",
}  # fmt: skip


class Wanted(Form):
    """What the list is narrowed to. It is posted, so that no name stands in an address."""

    text = StringField(_l("Name, sign-in name or number"), [upto(80)])
    role = SelectField(_l("Role"))
    office = SelectField(_l("Office"))
    standing = SelectField(_l("State"))


class Named(Form):
    login = StringField(
        _l("Sign-in name"), [InputRequired(_l("Type a sign-in name, for example courier12")), Length(max=60)]
    )


class Person(Form):
    """Somebody without the sign-in name, which is given once."""

    name = StringField(_l("Name, as on their badge"), [InputRequired(_l("Type the name")), upto(120), printable])
    role = SelectField(_l("Role"), choices=[SelectChoice(role, words) for role, words in ROLES.items()])
    office = SelectField(_l("Office"), coerce=int)
    badge = StringField(_l("Courier's number"), [MayBeEmpty(), upto(20), printable])
    phone = StringField(_l("Phone"), [MayBeEmpty(), Length(max=20)])
    reach = RadioField(
        _l("What does a supervisor answer for?"),
        choices=[SelectChoice("some", _l("These offices")), SelectChoice("all", _l("All offices, also those to come"))],
        default="some",
    )
    units = SelectMultipleField(_l("Offices of a supervisor"), coerce=int, option_widget=CheckboxInput())
    seen = HiddenField()

    def facts(self) -> dict[str, Any]:
        return {
            "name": self.name.data.strip(), "role": Role(self.role.data), "office_id": self.office.data or None,
            "badge": (self.badge.data or "").strip() or None, "phone": (self.phone.data or "").strip() or None,
            "units": None if self.reach.data == "all" else self.units.data,
        }  # fmt: skip


class Newcomer(Named, Person):
    """In the order of its page."""


class Ending(Form):
    knows = BooleanField(_l("I have seen what is still on their account"))


class Link(Form):
    password = PasswordField(_l("Your own password"), [Length(max=200)])


# ---- the list --------------------------------------------------------------------------------------------------------


@bp.route("/", methods=["GET", "POST"])
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    form, status = Wanted(), 200
    form.role.choices = [
        SelectChoice("", _("All roles")),
        *(SelectChoice(role, words) for role, words in ROLES.items()),
    ]
    form.office.choices = [
        SelectChoice("", _("All offices")),
        *(SelectChoice(one.code, one.name) for one in upkeep.offices()),
    ]
    form.standing.choices = [
        SelectChoice("", _("All who work here")), *(SelectChoice(each, words) for each, words in STANDINGS.items())
    ]  # fmt: skip
    if form.is_submitted() and not form.validate():
        status = 422
        form.process(None)
    office = upkeep.office(form.office.data) if form.office.data else None
    found = staff.found(
        security.user(), form.text.data or "", role=Role(form.role.data) if form.role.data else None,
        office_id=office.id if office else None, wanted=Standing(form.standing.data) if form.standing.data else None,
    )  # fmt: skip
    return render_template(
        "staff/home.html", form=form, found=found[: staff.SHOWN], more=len(found) - staff.SHOWN, roles=ROLES,
        standings=STANDINGS, standing=staff.standing, passkeys=passkeys.held(found[: staff.SHOWN]), overseen=staff.has_overseer(),
    ), status  # fmt: skip


# ---- one person ------------------------------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@requires(Right.ADMIN)
def add() -> ResponseReturnValue:
    form, status = _with_offices(Newcomer()), 200
    if form.validate_on_submit():
        try:
            person = atomically(lambda: staff.add(form.login.data, act=security.act(), **form.facts()))
        except Refused as refusal:
            status = answers.complain(form, refusal, FIELDS)
        else:
            flash(
                _("%(name)s is written down. Make the link with which they set their password.", name=person.name), "ok"
            )
            return redirect(url_for("staff.person", user_id=person.id), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    return render_template("staff/new.html", form=form), status


@bp.route("/<user_id>", methods=["GET", "POST"])
@requires(Right.ADMIN)
def person(user_id: str) -> ResponseReturnValue:
    known = _known(user_id)
    form, status = _with_offices(Person(**_facts(known))), 200
    if form.validate_on_submit():
        try:
            atomically(_change, user_id, form)
        except Refused as refusal:
            status = answers.complain(form, refusal, FIELDS)
        else:
            flash(_("%(name)s is written down.", name=form.name.data.strip()), "ok")
            return redirect(url_for("staff.person", user_id=user_id), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    return _page(user_id, form, Link(formdata=None), status)


def _change(user_id: str, form: Person) -> None:
    known = _known(user_id)
    answers.check_seen(form, Person(formdata=None, **_facts(known)))
    staff.change(known, security.act(), **form.facts())


def _page(user_id: str, form: Person, link: Link, status: int) -> ResponseReturnValue:
    known, at = _known(user_id), now()
    form.seen.data = form.seen.data or answers.fingerprint(Person(formdata=None, **_facts(known)))
    newest = invitations.newest(known)
    return render_template(
        "staff/person.html", form=form, link=link, known=known, held=staff.holdings(known, at), roles=ROLES, standings=STANDINGS,
        standing=staff.standing(known), open_link=newest if newest and newest.lives(at) else None,
        proves=not security.is_present(), own=known.id == security.user().id, passkeys=passkeys.of(known),
    ), status  # fmt: skip


@bp.post("/<user_id>/link")
@requires(Right.ADMIN)
def link(user_id: str) -> ResponseReturnValue:
    """The link is shown once, in the answer itself: it is kept nowhere."""
    known, form = _known(user_id), Link()
    try:
        security.prove_presence(form.password.data or "")
        secret = atomically(lambda: invitations.make(_known(user_id), security.act()))
    except Refused as refusal:
        status = answers.complain(form, refusal, {"presence_wrong": "password", "presence_empty": "password"})
        return _page(user_id, _with_offices(Person(formdata=None, **_facts(known))), form, status)
    settings: Settings = current_app.extensions["settings"]
    address = settings.base_url.rstrip("/") + url_for("invitations.own", secret=secret)
    side, path = drawing(address)
    return render_template(
        "staff/link.html", known=_known(user_id), address=address, side=side, path=path, until=now() + invitations.LIFE
    )  # fmt: skip


@bp.post("/<user_id>/passkey")
@requires(Right.ADMIN)
def lost_passkey(user_id: str) -> ResponseReturnValue:
    """Out of use, and its person signed out wherever it may have opened a page."""
    known = _known(user_id)
    if known.id == security.user().id:
        raise Refused("not_oneself")
    atomically(lambda: passkeys.remove(_known(user_id), request.form.get("passkey", ""), security.act()))
    flash(_("The passkey no longer works, and %(name)s is signed out everywhere.", name=known.name), "ok")
    return redirect(url_for("staff.person", user_id=user_id), SEE_OTHER)


@bp.route("/<user_id>/end", methods=["GET", "POST"])
@requires(Right.ADMIN)
def end(user_id: str) -> ResponseReturnValue:
    form, status, known = Ending(), 200, _known(user_id)
    if form.validate_on_submit():
        try:
            atomically(lambda: staff.end(_known(user_id), security.act(), knows=form.knows.data))
        except Refused as refusal:
            status = answers.complain(form, refusal, {"still_holds": "knows"})
        else:
            flash(_("%(name)s is signed out everywhere, and no phone of theirs is in service.", name=known.name), "ok")
            return redirect(url_for("staff.person", user_id=user_id), SEE_OTHER)
    return render_template(
        "staff/end.html", form=form, known=_known(user_id), held=staff.holdings(known, now()), roles=ROLES
    ), status


@bp.post("/<user_id>/back")
@requires(Right.ADMIN)
def back(user_id: str) -> ResponseReturnValue:
    try:
        atomically(lambda: staff.bring_back(_known(user_id), security.act()))
    except Refused as refusal:
        flash(sentence(refusal), "stamp")
    else:
        flash(
            _(
                "%(name)s works here again. The old password no longer counts: make a link.",
                name=_known(user_id).name,
            ),
            "ok",
        )
    return redirect(url_for("staff.person", user_id=user_id), SEE_OTHER)


def _known(user_id: str) -> User:
    return scope.person(security.user(), user_id)


def _facts(person: User) -> dict[str, Any]:
    """What the form shows of somebody."""
    named = {name: getattr(person, name) for name in ("name", "role", "badge")}
    reach = {"reach": "all" if person.oversees_all else "some", "units": sorted(office.id for office in person.units)}
    return (
        named | reach | {"office": person.office_id or 0, "phone": language.phone(person.phone) if person.phone else ""}
    )


def _with_offices(form: Person) -> Person:
    kinds = {OfficeKind.POST: _("Post offices"), OfficeKind.DESK: _("Ward desks")}
    known = upkeep.offices()
    form.office.choices = [
        SelectChoice(0, _("No office")), *(SelectChoice(one.id, one.name, optgroup=kinds[one.kind]) for one in known)
    ]  # fmt: skip
    form.units.choices = [SelectChoice(one.id, one.name) for one in known]
    return form
