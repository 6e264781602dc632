"""Procedures, for administrators: their versions, a draft of the next one, what it changes, and the decision that publishes it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app import security
from app.db import atomically, now
from app.domain import calendar, editions, procedures
from app.domain.people import Right
from app.errors import Refused
from app.security import requires
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.edition_forms import (
    FORMS,
    RULES,
    Code,
    Decided,
    Draft,
    End,
    Paper,
    Province,
    Publish,
    filled,
    rearranged,
)

bp = Blueprint("editions", __name__, url_prefix="/admin/procedures")
FIELDS = {
    "procedure_why_not": "why_not", "procedure_any_desk": "any_desk_basis", "procedure_no_papers": "submit_by_post", "procedure_code": "code", "decision_form": "decision",
    "day_past": "day", "procedure_overlaps": "day",
}  # fmt: skip


@bp.get("/")
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    asked, day = " ".join(request.args.get("q", "").split())[:100], calendar.today(now())
    found = editions.listed(asked, day)
    return render_template(
        "editions/home.html", asked=asked, found=found, drafts=editions.unpublished(), form=Code(formdata=None)
    )


@bp.post("/")
@requires(Right.ADMIN)
def new() -> ResponseReturnValue:
    """A procedure that is not there yet begins with its code; one that is, with what it says."""
    form = Code()
    if form.validate_on_submit():
        code = form.code.data.strip().upper()
        try:
            editions.beginning(code)
        except Refused as refusal:
            answers.complain(form, refusal, FIELDS)
        else:
            return redirect(url_for("editions.edit", code=code), SEE_OTHER)
    found = editions.listed("", calendar.today(now()))
    return render_template("editions/home.html", asked="", found=found, drafts=editions.unpublished(), form=form), 422


@bp.get("/<code>")
@requires(Right.ADMIN)
def show(code: str) -> ResponseReturnValue:
    return _show(code)


def _show(
    code: str, withdraw: FlaskForm | None = None, end: FlaskForm | None = None, status: int = 200
) -> ResponseReturnValue:
    known, today = editions.history(code), calendar.today(now())
    standings = {one.id: editions.standing(one, today) for one, _ in known}
    return render_template(
        "editions/show.html", code=code, known=known, standings=standings, draft=editions.draft_of(code),
        withdraw=withdraw or Decided(formdata=None, prefix="withdraw"), end=end or End(formdata=None, prefix="end", day=today),
    ), status  # fmt: skip


@bp.get("/<code>/<int(max=2147483647):version>")
@requires(Right.ADMIN)
def version(code: str, version: int) -> ResponseReturnValue:
    """One version as it was published."""
    found, decrees = editions.version(code, version)
    standing = editions.standing(found, calendar.today(now()))
    return render_template(
        "editions/version.html", procedure=found, decrees_of=decrees, standing=standing, says=procedures.says(found), forms=FORMS, rules=RULES
    )  # fmt: skip


@bp.route("/<code>/draft", methods=["GET", "POST"])
@requires(Right.ADMIN)
def edit(code: str) -> ResponseReturnValue:
    """The draft, or what it would begin with. Nothing is kept before it is sent."""
    draft = editions.draft_of(code)
    begun = draft.edition if draft else editions.beginning(code)
    if request.method == "GET":
        return _edit(code, Draft(**filled(begun, draft.turn if draft else 0)))
    wish = request.form.get("wish", "")
    if wish and (sent := rearranged(request.form, wish)) is not None:
        return _edit(code, Draft(formdata=sent))
    form = Draft()
    if not form.validate():
        return _edit(code, form, 422)
    try:
        atomically(lambda: editions.keep(code, form.edition, form.shown, security.act()))
    except Refused as refusal:
        return _edit(code, form, answers.complain(form, refusal, FIELDS))
    return redirect(url_for("editions.publish", code=code), SEE_OTHER)


def _edit(code: str, form: Draft, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "editions/edit.html", code=code, form=form, draft=editions.draft_of(code), last=procedures.latest(code)
    ), status  # fmt: skip


@bp.route("/<code>/publish", methods=["GET", "POST"])
@requires(Right.ADMIN)
def publish(code: str) -> ResponseReturnValue:
    """What the draft changes against the latest version; then the decision and the first day. A second click finds it done."""
    draft, last, today = editions.draft_of(code), procedures.latest(code), calendar.today(now())
    if draft is None and request.method == "POST" and last:
        flash(_("This draft was published or discarded already. Here is what holds now."), "stamp")
        return redirect(url_for("editions.show", code=code), SEE_OTHER)
    draft = draft or editions.draft(code)
    form, status = Publish(day=today), 200
    if form.validate_on_submit():
        facts = (form.decision.data, form.day.data, form.turn.data or 0)
        try:
            made = atomically(editions.publish, code, *facts, security.act())
        except Refused as refusal:
            status = answers.complain(form, refusal, FIELDS)
        else:
            flash(
                _(
                    "Version %(version)s is published. What is booked already keeps its own version.",
                    version=made.version,
                ),
                "ok",
            )
            return redirect(url_for("editions.show", code=code), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    form.turn.data = draft.turn
    changes = editions.changes(procedures.says(last) if last else None, draft.edition)
    return render_template(
        "editions/publish.html", code=code, draft=draft, last=last, changes=changes, form=form, is_behind=draft.based_on != procedures.newest_number(code),
        **naming(),
    ), status  # fmt: skip


def naming() -> dict[str, Any]:
    """What fields, forms and rules are called where changes are listed."""
    labels = {kind: {field.name: field.label.text for field in form} for kind, form in _blank().items()}
    return {"labels": labels, "forms": FORMS, "rules": RULES}


def _blank() -> dict[str, Any]:
    return {"content": Draft(formdata=None), "paper": Paper(formdata=None), "province": Province(formdata=None)}


@bp.post("/<code>/discard")
@requires(Right.ADMIN)
def discard(code: str) -> ResponseReturnValue:
    atomically(editions.discard, code, security.act())
    flash(_("The draft is discarded. Nothing that is in force has changed."), "ok")
    known = procedures.versions(code)
    return redirect(url_for("editions.show", code=code) if known else url_for("editions.home"), SEE_OTHER)


@bp.post("/<code>/withdraw")
@requires(Right.ADMIN)
def withdraw(code: str) -> ResponseReturnValue:
    form = Decided(prefix="withdraw")
    if not form.validate():
        return _show(code, withdraw=form, status=422)
    try:
        atomically(editions.withdraw, code, form.decision.data, security.act())
    except Refused as refusal:
        return _show(code, withdraw=form, status=answers.complain(form, refusal, FIELDS))
    flash(_("The version that was to come is withdrawn. The one in force goes on."), "ok")
    return redirect(url_for("editions.show", code=code), SEE_OTHER)


@bp.post("/<code>/end")
@requires(Right.ADMIN)
def end(code: str) -> ResponseReturnValue:
    form = End(prefix="end")
    if not form.validate():
        return _show(code, end=form, status=422)
    try:
        atomically(editions.end, code, form.decision.data, form.day.data, security.act())
    except Refused as refusal:
        return _show(code, end=form, status=answers.complain(form, refusal, FIELDS))
    flash(_("The procedure ends. What is booked until then goes on."), "ok")
    return redirect(url_for("editions.show", code=code), SEE_OTHER)
