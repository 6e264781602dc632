"""The sheet of procedures: written for a spreadsheet program, read back, looked at, and only then confirmed."""

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField

from app import security, sheets
from app.db import atomically, now
from app.domain import calendar, editions, imports
from app.domain.imports import Fate
from app.domain.people import Right
from app.errors import Missing, Refused
from app.security import requires, takes
from app.sentences import sentence
from app.sheets import Read
from app.spreadsheets import FORMATS, MOST_BYTES
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.edition_forms import Publish
from app.views.editions import FIELDS, naming
from app.views.fields import Form
from app.views.presses import by_the_press

bp = Blueprint("imports", __name__, url_prefix="/admin/sheet")


class Upload(Form):
    file = FileField(_l("The filled-in sheet, XLSX or CSV"), [FileRequired(_l("Choose the file"))])


class Confirm(Publish):
    seen = HiddenField()


@bp.get("/procedures.<suffix>")
@requires(Right.ADMIN)
@by_the_press
def written(suffix: str) -> ResponseReturnValue:
    """All procedures in force or to come: to be looked through, and the pattern of what can be read."""
    if suffix not in FORMATS:
        raise Missing("format_unknown")
    today = calendar.today(now())
    data, kind = sheets.sheet(editions.whole(today), suffix)
    name = f'attachment; filename="procedures-{today}.{suffix}"'
    return Response(data, content_type=kind, headers={"Content-Disposition": name})


@bp.route("/", methods=["GET", "POST"])
@requires(Right.ADMIN)
@takes(MOST_BYTES + 64 * 1024)
def upload() -> ResponseReturnValue:
    form, read = Upload(), Read()
    if form.validate_on_submit():
        read = sheets.read(form.file.data.stream.read(MOST_BYTES + 1))
        if not read.bad:
            waits = atomically(imports.take, read.rows, security.act())
            return redirect(url_for("imports.preview", import_id=waits.id), SEE_OTHER)
    return render_template("editions/upload.html", form=form, read=read), 422 if form.is_submitted() else 200


@bp.route("/<int(max=2147483647):import_id>", methods=["GET", "POST"])
@requires(Right.ADMIN)
def preview(import_id: int) -> ResponseReturnValue:
    """What the sheet does to the catalogue as it is now; confirmed, all of it or nothing. A second click finds it done."""
    try:
        plan = imports.plan(imports.get(import_id, security.user()))
    except Missing as gone:
        flash(sentence(gone), "stamp")
        return redirect(url_for("editions.home"), SEE_OTHER)
    form, status = Confirm(day=calendar.today(now())), 200
    if form.validate_on_submit():
        facts = (form.seen.data or "", form.decision.data, form.day.data)
        try:
            done = atomically(imports.confirm, import_id, *facts, security.act())
        except Refused as refusal:
            status = answers.complain(form, refusal, FIELDS)
        else:
            words = ngettext("%(num)d version is published.", "%(num)d versions are published.", done)
            flash(words, "ok")
            return redirect(url_for("editions.home"), SEE_OTHER)
    elif form.is_submitted():
        status = 422
    form.seen.data = plan.digest
    counts = {fate: len(plan.of(fate)) for fate in Fate}
    return render_template("editions/preview.html", form=form, plan=plan, counts=counts, **naming()), status
