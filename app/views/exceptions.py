"""What needs a person: the board of exceptions of a post office, a ward desk or the supervisors, and a page for each.

Nothing here edits: a task is taken and closed, a packet is put right by a new line of its ledger.
"""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length

from app import security
from app.db import atomically, now
from app.domain import custody, dispatch, happenings, oversight, photos, remedies, scope, tasks
from app.domain.oversight import Whose
from app.domain.people import Right, User
from app.domain.remedies import Remedy
from app.domain.tasks import Task, TaskKind
from app.errors import Missing, Refused
from app.security import requires
from app.sentences import sentence
from app.views import corrections, counters, matters, settling, testimonies
from app.views.fields import Form

bp = Blueprint("exceptions", __name__, url_prefix="/exceptions")


class Take(Form):
    over = HiddenField()


class Close(Form):
    outcome = RadioField(_l("How did it end?"), [InputRequired(_l("Choose how it ended"))])
    second_login = StringField(_l("Second person's sign-in name"), [Length(max=60)])
    second_secret = PasswordField(_l("Second person's password or PIN"), [Length(max=200)])


# ---- the board --------------------------------------------------------------------------------------------------


@bp.get("/")
@requires(Right.EXCEPTIONS)
def home() -> ResponseReturnValue:
    user = security.user()
    counts = oversight.counts(user) if user.may(Right.SUPERVISE) else {}
    return render_template("exceptions/home.html", counts=counts, **_narrowed(user))


@bp.get("/board")
@requires(Right.EXCEPTIONS)
def board() -> ResponseReturnValue:
    """The cards and the numbers above them, for the board that is already open."""
    return render_template("exceptions/_board.html", **_narrowed(security.user()))


def _narrowed(user: User) -> dict[str, Any]:
    kind, office, whose = (request.args.get(name, "") for name in ("kind", "office", "whose"))
    chosen: dict[str, Any] = {
        "kind": next((one for one in TaskKind if one == kind), None),
        "office_id": int(office) if office.isdecimal() and len(office) < 9 and user.office_id is None else None,
        "whose": next((one for one in Whose if one == whose), Whose.ALL),
    }
    at, offices = now(), oversight.offices(user) if user.office_id is None else []
    return {
        "board": oversight.board(user, at, **chosen), "chosen": chosen, "offices": offices, "at": at, "say": matters
    }  # fmt: skip


# ---- one matter -------------------------------------------------------------------------------------------------


@bp.get("/<int(max=2147483647):task_id>")
@requires(Right.EXCEPTIONS)
def task(task_id: int) -> ResponseReturnValue:
    return _page(_task(task_id))


def _page(one: Task, form: Close | None = None, status: int = 200, says: str = "") -> ResponseReturnValue:
    packet, user = one.packet, security.user()
    history = None
    if packet is not None and packet.dossier is not None:
        counters.log_view(packet, "exceptions.task")
        history = happenings.of(packet.dossier)
    (entry,) = oversight.entries([one])
    told = oversight.evidence(one)
    return render_template(
        "exceptions/task.html", task=one, entry=entry, packet=packet, history=history, at=now(), say=matters, tell=testimonies,
        evidence=told, photos=photos.of_packet(packet) if packet else [],
        unread=_unread(one), steps=settling.steps(one), form=form or _closing(one), says=says,
        page_of=counters.page_of(user, packet) if packet else None, possible=_possible(user, one), couriers=oversight.couriers(one, told) if one.closed_at is None else [], agree=_agree(user, one), remedies=corrections.WORDS, mine=one.owner_id == user.id,
    ), status  # fmt: skip


def _agree(user: User, one: Task) -> bool:
    """Whether this person can agree with the citizen on another time."""
    if one.packet is None or one.closed_at is not None or user.office is None or not user.may(Right.DISPATCH):
        return False
    return dispatch.movable(user.office, one.packet) is not None


def _possible(user: User, one: Task) -> list[Remedy]:
    """What this person can enter for the packet to settle this very matter."""
    if one.packet is None or one.closed_at is not None:
        return []
    try:
        possible = remedies.possible(user, scope.admit(user, one.packet), now())
    except Missing:
        return []
    return [remedy for remedy in possible if remedy in settling.REMEDIES.get(one.kind, ())]


def _unread(one: Task) -> list[Any]:
    return oversight.unread(one.device_id) if one.kind is TaskKind.RAW_INBOX else []


def _closing(one: Task) -> Close:
    form = Close()
    form.outcome.choices = [SelectChoice(key, matters.OUTCOMES[key]) for key in one.rule.outcomes]
    return form


def _task(task_id: int) -> Task:
    return scope.task(security.user(), task_id)


@bp.post("/<int(max=2147483647):task_id>/take")
@requires(Right.EXCEPTIONS)
def take(task_id: int) -> ResponseReturnValue:
    one, form = _task(task_id), Take()
    try:
        atomically(tasks.take, one, security.act(), over=bool(form.over.data))
    except Refused as refusal:
        return _page(_task(task_id), status=refusal.status, says=sentence(refusal))
    flash(_("This matter is yours now. Colleagues see your name on it."), "ok")
    return redirect(url_for("exceptions.task", task_id=task_id))


@bp.post("/<int(max=2147483647):task_id>/close")
@requires(Right.EXCEPTIONS)
def close(task_id: int) -> ResponseReturnValue:
    one = _task(task_id)
    form = _closing(one)
    if not form.validate_on_submit():
        return _page(one, form, 422)
    try:
        second = security.second_person(form.second_login.data, form.second_secret.data) if one.rule.two else None
        atomically(oversight.close, _task(task_id), form.outcome.data, security.act(), second)
    except Refused as refusal:
        return _page(_task(task_id), form, *_complain(form, refusal))
    flash(_("Closed: %(outcome)s.", outcome=str(matters.OUTCOMES[form.outcome.data])), "ok")
    return redirect(url_for("exceptions.task", task_id=task_id))


@bp.post("/<int(max=2147483647):task_id>/admit")
@requires(Right.EXCEPTIONS)
def admit(task_id: int) -> ResponseReturnValue:
    """Let a doubted scan count: whoever says so answers for it."""
    one = _task(task_id)
    try:
        if one.kind is not TaskKind.DOUBTED or one.digest is None:
            raise Refused("scan_judged")
        outcome = atomically(custody.admit, one.digest, security.act())
    except Refused as refusal:
        return _page(_task(task_id), status=refusal.status, says=sentence(refusal))
    _tone, _picture, words = testimonies.RULINGS[outcome.verdict]
    flash(_("The scan has been judged: %(verdict)s.", verdict=str(words)), "ok")
    return redirect(url_for("exceptions.task", task_id=task_id))


def _complain(form: FlaskForm, refusal: Refused) -> tuple[int, str]:
    """What a refusal says goes to the second person's fields when it is about them, else on top."""
    if refusal.key.startswith("second_") or refusal.status == 429:
        field = form.second_login if refusal.key in ("second_same", "second_elsewhere") else form.second_secret
        field.errors = [sentence(refusal)]
        return (refusal.status if refusal.status == 429 else 422), ""
    return refusal.status, sentence(refusal)


@bp.app_context_processor
def waiting() -> dict[str, Any]:
    """How many matters are open for this person: their pages name it beside the way to the board."""
    user = g.get("user")
    judges = user is not None and user.may(Right.EXCEPTIONS)
    return {"matters_open": lambda: oversight.open_count(user) if judges else 0}
