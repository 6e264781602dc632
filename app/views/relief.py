"""Somebody is ill: who takes over the rest of a courier's round, and why."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app import security
from app.db import atomically, now
from app.domain import calendar, relief
from app.domain.people import Right
from app.domain.relief import Relief
from app.errors import Invalid, Missing, Refused
from app.security import requires
from app.sentences import sentence
from app.views import counters
from app.views.dispatch import NOBODY, own_office
from app.views.fields import read_day

bp = Blueprint("relief", __name__, url_prefix="/dispatch/<day>/relief")

WHY = {
    "late": _l("Nobody can be there in time: %(name)s would come at about %(time)s. Call and agree on another time."),
    "others": _l("Anybody who fits it in would be late for others. Call and agree on another time."),
    "shift": _l("It would end after the working day. Call and agree on another time."),
    "full": _l("Every colleague has as many packets as a motorbike carries."),
}


@bp.get("/<courier_id>")
@requires(Right.DISPATCH)
def show(day: str, courier_id: str) -> ResponseReturnValue:
    return _page(_look(courier_id, day))


@bp.post("/<courier_id>")
@requires(Right.DISPATCH)
def relieve(day: str, courier_id: str) -> ResponseReturnValue:
    when = _look(courier_id, day).day
    chosen = {
        int(key.removeprefix("to-")): None if to == NOBODY else to
        for key, to in request.form.items()
        if key.startswith("to-") and key[3:].isdecimal() and len(key) < 13
    }
    try:
        moved = atomically(relief.relieve, own_office(), courier_id, when, chosen, security.act())
    except Missing:
        raise
    except Refused as error:  # a colleague has stopped meanwhile: what was chosen stays on the page
        return _page(_look(courier_id, day), 409, sentence(error), chosen)
    given = sum(visit.round_id is not None for visit in moved)
    if given:
        flash(ngettext("%(num)d visit has a new courier.", "%(num)d visits have a new courier.", given), "ok")
    if waiting := len(moved) - given:
        text = ngettext(
            "%(num)d visit has nobody now. Call and agree on another time.",
            "%(num)d visits have nobody now. Call and agree on another time.",
            waiting,
        )
        flash(text, "warning")
    if stay := len(chosen) - len(moved):
        text = ngettext(
            "%(num)d visit was left as it is: it is no longer in this round, has been made by now, or the courier has the packet.",
            "%(num)d visits were left as they are: they are no longer in this round, have been made by now, or the courier has the packets.",
            stay,
        )
        flash(text, "warning")
    if not moved:
        flash(_("Goes no further that day."), "ok")
    return redirect(url_for("dispatch.day", day=when.isoformat()))


@bp.post("/<courier_id>/resume")
@requires(Right.DISPATCH)
def resume(day: str, courier_id: str) -> ResponseReturnValue:
    when = _look(courier_id, day).day
    atomically(relief.resume, own_office(), courier_id, when, security.act())
    flash(_("Can be given visits again."), "ok")
    return redirect(url_for("dispatch.day", day=when.isoformat()))


def _look(courier_id: str, day: str) -> Relief:
    """Raises as relief.look, and Invalid("day_over"): what is past cannot be taken over."""
    found = relief.look(own_office(), courier_id, read_day(day), now())
    if found.day < calendar.today(now()):
        raise Invalid("day_over")
    return found


def _page(
    found: Relief, status: int = 200, says: str = "", chosen: dict[int, str | None] | None = None
) -> ResponseReturnValue:
    text = render_template("dispatch/relief.html", found=found, says=says, chosen=chosen or {}, why=WHY)
    seen = [*found.stays, *(proposal.visit for proposal in found.proposals)]
    counters.log_names("dispatch.relief", {visit.packet.dossier_id for visit in seen})
    return text, status
