"""What is printed: the gallery of all formats, the papers of one packet, and one kind of paper for a
whole day, with its progress. Whose name was printed stands in the log of views."""

from collections.abc import Iterator
from datetime import date
from io import BytesIO

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired
from wtforms.validators import Optional as MayBeEmpty

from app import security
from app.db import atomically, now
from app.domain import batches, limits, papers, printing
from app.domain.people import Right
from app.domain.places import Office
from app.errors import Missing, Refused
from app.security import public, requires
from app.sentences import sentence
from app.views import counters
from app.views.answers import base_url as public_url
from app.views.answers import file_answer
from app.views.fields import Form, IntegerField, read_day
from app.views.presses import by_the_press
from app.views.tracking import dossier_of

bp = Blueprint("papers", __name__)
LIMITS = {"most": "slip_issues", "hold": "desk_hold"}  # by the field of the form
AT_ONCE = {"X-Accel-Buffering": "no"}  # a proxy that waited for the end would show no progress


class Reprints(Form):
    most = IntegerField(
        _l("How often one packet's slip may be issued, the first time included"),
        [InputRequired(_l("Type a number, for example 5"))],
    )
    hold = IntegerField(
        _l("Working days a result that came back waits at the desk before the desk is told to ask again"),
        [MayBeEmpty()],
    )


@bp.route("/admin/papers", methods=["GET", "POST"])
@requires(Right.ADMIN)
def gallery() -> ResponseReturnValue:
    """Every format, how often a slip may be issued, how long a result waits."""
    form, status = Reprints(**{field: limits.of(name) for field, name in LIMITS.items()}), 200
    if form.validate_on_submit():
        for field, name in LIMITS.items():
            try:
                if form[field].data is not None:
                    atomically(limits.set_to, name, form[field].data, security.act())
            except Refused as refusal:
                form[field].errors, status = [sentence(refusal)], 422
        if status == 200:
            flash(_("Saved. It holds from now on, for every office."), "ok")
            return redirect(url_for("papers.gallery"))
    elif form.is_submitted():
        status = 422
    return render_template("admin/papers.html", formats=printing.gallery(), form=form), status


@bp.get("/admin/papers/<kind>.pdf")
@requires(Right.ADMIN)
def specimen(kind: str) -> ResponseReturnValue:
    return file_answer(printing.specimen(kind), "application/pdf", f"{kind}.pdf")


@bp.get("/admin/papers/<kind>.zpl")
@requires(Right.ADMIN)
def specimen_zpl(kind: str) -> ResponseReturnValue:
    return file_answer(printing.specimen(kind, for_zpl=True), "text/plain; charset=us-ascii", f"{kind}.zpl")


# ---- one packet -------------------------------------------------------------------------------------------------


@bp.get("/office/packets/<number>/print/<sheet>.pdf")
@requires(Right.COUNTER)
def of_post(number: str, sheet: str) -> ResponseReturnValue:
    return _of_packet(number, sheet)


@bp.get("/desk/packets/<number>/print/<sheet>.pdf")
@requires(Right.DESK)
def of_desk(number: str, sheet: str) -> ResponseReturnValue:
    return _of_packet(number, sheet)


def _of_packet(number: str, sheet: str) -> Response:
    packet = counters.open_packet(number)
    data = papers.pdf(sheet, packet, security.user(), now(), public_url())
    counters.log_view(packet, f"print.{sheet}")
    return file_answer(data, "application/pdf", f"{packet.number}-{sheet}.pdf")


@bp.get("/office/packets/<number>/print/<sheet>.zpl")
@requires(Right.COUNTER)
def to_thermal_printer(number: str, sheet: str) -> ResponseReturnValue:
    """A label in the language of thermal printers."""
    packet = counters.open_packet(number)
    data = papers.zpl(sheet, packet, security.user(), now(), public_url())
    counters.log_view(packet, f"print.{sheet}")
    return file_answer(data, "text/plain; charset=us-ascii", f"{packet.number}-{sheet}.zpl")


@bp.get("/t/<secret>/print/<sheet>.pdf")
@public
def of_citizen(secret: str, sheet: str) -> ResponseReturnValue:
    """The citizen's own receipts, and the form for whoever goes in their place."""
    packet = papers.of_citizen(dossier_of(secret), now(), public_url()).get(sheet)
    if packet is None:
        raise Missing("format_unknown")
    data = papers.pdf(sheet, packet, None, now(), public_url())
    return file_answer(data, "application/pdf", f"{packet.number}-{sheet}.pdf")


# ---- many at once -----------------------------------------------------------------------------------------------


@bp.get("/dispatch/<day>/print/<paper>")
@requires(Right.DISPATCH)
@by_the_press
def day(day: str, paper: str) -> ResponseReturnValue:
    """One kind of paper for the visits of the day that are still to be made."""
    office = security.user().office
    if office is None:
        raise Refused("no_office")
    when = read_day(day)
    base_url, count = public_url(), batches.count_day(paper, office, when)
    atomically(batches.log_day, security.user(), paper, office, when, security.act())
    if "progress" in request.args:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        told = _told(app, count, paper, office, when, base_url)
        return Response(told, content_type="application/octet-stream", headers=AT_ONCE)
    file = BytesIO()
    batches.print_day(file, paper, office, when, base_url)
    return file_answer(file.getvalue(), "application/pdf", f"{when}-{paper}.pdf")


def _told(app: Flask, count: int, paper: str, office: Office, when: date, base_url: str) -> Iterator[bytes]:
    """How far it is, a line of "done all" at a time, then a line "pdf" and the document: shared/printing.js reads it.

    The request and its session are over when the first line leaves: this one opens its own.
    """
    file = BytesIO()
    with app.app_context():
        try:
            for done in batches.printing_day(file, paper, office, when, base_url):
                yield f"{done} {count}\n".encode()
        except Refused:
            return  # broken off: the page then asks for the document itself, and is told why there is none
    yield b"pdf\n" + file.getvalue()
