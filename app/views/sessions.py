"""Where somebody is signed in: everybody sees and ends their own, whoever answers for all offices everybody's."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import security
from app.db import atomically, now
from app.domain import scope, sessions
from app.domain.people import Act, Right
from app.security import requires
from app.views.staff import ROLES

bp = Blueprint("sessions", __name__, url_prefix="/sessions")


@bp.get("/")
@requires(Right.WORK)
def home() -> ResponseReturnValue:
    user = security.user()
    return render_template(
        "sessions/home.html", who=user, places=sessions.living(user, at=now()), here=security.here(), roles=ROLES
    )


@bp.post("/end")
@requires(Right.WORK)
def end() -> ResponseReturnValue:
    """One of one's own. Whoever ends the one they sit in has signed out."""
    atomically(sessions.end_one, security.user(), request.form.get("name", ""), security.act())
    flash(_("Signed out there."), "ok")
    return redirect(url_for("sessions.home"))


@bp.post("/end-others")
@requires(Right.WORK)
def end_others() -> ResponseReturnValue:
    atomically(_end_others, security.here().secret_hash, security.act())
    flash(_("Signed out everywhere but here."), "ok")
    return redirect(url_for("sessions.home"))


def _end_others(here: bytes, act: Act) -> None:
    sessions.end_all(act.by, act, but=here)


@bp.get("/staff")
@requires(Right.STAFF)
def staff() -> ResponseReturnValue:
    return render_template("sessions/staff.html", people=scope.signed_in(security.user(), now()), roles=ROLES)


@bp.get("/staff/<user_id>")
@requires(Right.STAFF)
def colleague(user_id: str) -> ResponseReturnValue:
    who = scope.colleague(security.user(), user_id)
    return render_template(
        "sessions/home.html", who=who, places=sessions.living(who, at=now()), here=security.here(), roles=ROLES
    )


@bp.post("/staff/<user_id>/end")
@requires(Right.STAFF)
def end_all(user_id: str) -> ResponseReturnValue:
    name = scope.colleague(security.user(), user_id).name
    atomically(_end_all, user_id, security.act())
    flash(_("%(name)s is not signed in anywhere now.", name=name), "ok")
    return redirect(url_for("sessions.staff"))


def _end_all(user_id: str, act: Act) -> None:
    sessions.end_all(scope.colleague(act.by, user_id), act)
