"""What is printed: the gallery of all formats, and one kind of paper for a whole day."""

from datetime import date
from io import BytesIO

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from app import security
from app.domain import slips
from app.domain.people import Right
from app.errors import Invalid, Refused
from app.security import requires

bp = Blueprint("papers", __name__)


@bp.get("/admin/papers")
@requires(Right.ADMIN)
def gallery() -> ResponseReturnValue:
    return render_template("admin/papers.html", formats=slips.gallery())


@bp.get("/admin/papers/<kind>.pdf")
@requires(Right.ADMIN)
def specimen(kind: str) -> ResponseReturnValue:
    return _file(slips.specimen(kind), "application/pdf", f"{kind}.pdf")


@bp.get("/admin/papers/<kind>.zpl")
@requires(Right.ADMIN)
def specimen_zpl(kind: str) -> ResponseReturnValue:
    return _file(slips.specimen(kind, zpl=True), "text/plain; charset=us-ascii", f"{kind}.zpl")


@bp.get("/dispatch/<day>/print/<paper>")
@requires(Right.DISPATCH)
def day(day: str, paper: str) -> ResponseReturnValue:
    """One kind of paper for the visits of the day that are still to be made."""
    office = security.user().office
    if office is None:
        raise Refused("no_office")
    try:
        when = date.fromisoformat(day)
    except ValueError as error:
        raise Invalid("day_form") from error
    file = BytesIO()
    slips.print_day(file, paper, office, when, current_app.extensions["settings"].base_url)
    return _file(file.getvalue(), "application/pdf", f"{when}-{paper}.pdf")


def _file(data: bytes, kind: str, name: str) -> Response:
    return Response(data, content_type=kind, headers={"Content-Disposition": f'inline; filename="{name}"'})
