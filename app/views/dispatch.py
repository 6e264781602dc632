"""The dispatcher's day: who goes where, in which order, and when they will be there."""

from collections.abc import Collection
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

import routes
from app import language, security
from app.db import atomically, now
from app.domain import calendar, dispatch
from app.domain.people import Right
from app.domain.places import Office
from app.domain.visits import OPEN, Visit
from app.errors import Invalid, Missing
from app.security import requires
from app.views import counters
from app.views.fields import read_day

bp = Blueprint("dispatch", __name__, url_prefix="/dispatch")
NAMED = 10  # of visits that stay
NOBODY = "nobody"  # chosen, not left empty: the visits wait for a courier again


@bp.get("/")
@requires(Right.DISPATCH)
def home() -> ResponseReturnValue:
    """Today, or the next working day when today is none."""
    today = calendar.today(now())
    day = today if calendar.is_working(today) else calendar.working_days_after(today, 1)[0]
    return redirect(url_for("dispatch.day", day=day.isoformat()))


@bp.get("/<day>")
@requires(Right.DISPATCH)
def day(day: str) -> ResponseReturnValue:
    return _page(read_day(day))


@bp.post("/<day>/assign")
@requires(Right.DISPATCH)
def assign(day: str) -> ResponseReturnValue:
    when = _ahead(day)
    ids = [int(value) for value in request.form.getlist("visit") if value.isdecimal() and len(value) < 10][:500]
    courier = request.form.get("courier", "")
    if not ids:
        return _page(when, 422, _("Tick at least one visit first."), chosen=courier)
    if not courier:
        return _page(when, 422, _("Choose who gets the ticked visits. Nothing has been moved."), ids)
    wanted = dict.fromkeys(ids, None if courier == NOBODY else courier)
    moved, along = atomically(_give, own_office(), wanted, "alone" in request.form)
    if moved:
        flash(ngettext("%(num)d visit moved.", "%(num)d visits moved.", len(moved)), "ok")
    if along:
        text = ngettext(
            "%(num)d more visit to the same home moves too:",
            "%(num)d more visits to the same homes move too:",
            len(along),
        )
        flash(" ".join((text, ", ".join(one.packet.dossier.number for one in along[:NAMED]))), "stamp")
    if stay := len(wanted) - len(moved):
        text = ngettext(
            "%(num)d visit stays where it is: it is with that courier already, its courier carries the packet, or has been there by now.",
            "%(num)d visits stay where they are: they are with that courier already, their courier carries the packet, or has been there by now.",
            stay,
        )
        left = wanted.keys() - {visit.id for visit in moved}
        named = [one.packet.dossier.number for one in dispatch.of_day(own_office(), when) if one.id in left]
        flash(" ".join((text, ", ".join(named[:NAMED]))), "warning")
    return redirect(url_for("dispatch.day", day=when.isoformat()))


def _give(office: Office, wanted: dict[int, str | None], alone: bool) -> tuple[list[Visit], list[Visit]]:
    """Those of the ticked that were moved, and those that went along because the same courier calls at their home."""
    courier, others = next(iter(wanted.values())), [] if alone else dispatch.along(office, [*wanted])
    moved = dispatch.give(office, wanted | {visit.id: courier for visit in others}, security.act())
    return [visit for visit in moved if visit.id in wanted], [visit for visit in moved if visit.id not in wanted]


@bp.post("/<day>/plan")
@requires(Right.DISPATCH)
def plan(day: str) -> ResponseReturnValue:
    """Order everything that has not set out. The search itself runs outside any transaction."""
    when, office = _ahead(day), own_office()
    made = routes.plan(dispatch.problem(office, when))
    placed = atomically(dispatch.adopt, office, when, made, security.act())
    if made.unplanned:
        text = ngettext(
            "%(num)d visit fits no courier's day: give it to somebody by hand, or call and agree on another time.",
            "%(num)d visits fit no courier's day: give them to somebody by hand, or call and agree on another time.",
            len(made.unplanned),
        )
        flash(text, "warning")
    way = language.kilometres(made.distance)
    text = ngettext(
        "%(num)d visit ordered, %(way)s in all.", "%(num)d visits ordered, %(way)s in all.", placed, way=way
    )
    flash(text, "ok" if placed else "stamp")
    return redirect(url_for("dispatch.day", day=when.isoformat()))


def _ahead(day: str) -> date:
    """A day on which a courier can still be sent somewhere. Raises Invalid("day_over"), and as read_day."""
    when = read_day(day)
    if when < calendar.today(now()):
        raise Invalid("day_over")
    return when


def _page(
    when: date, status: int = 200, says: str = "", ticked: Collection[int] = (), chosen: str = ""
) -> ResponseReturnValue:
    today = calendar.today(now())
    office, worked = (
        own_office(),
        {*([today] if calendar.is_working(today) else []), *calendar.working_days_after(today, 5)},
    )
    week = sorted({when, *worked, *dispatch.days(office, now())})
    found = dispatch.day_of(office, when)
    text = render_template(
        "dispatch/day.html", found=found, week=week, today=today, says=says, ticked=ticked, chosen=chosen, open=OPEN,
        day_off=not calendar.is_working(when),
    )  # fmt: skip
    visits = (*found.unassigned, *(visit for _courier, round_ in found.rounds if round_ for visit in round_.visits))
    counters.log_names("dispatch.day", {visit.packet.dossier_id for visit in visits})
    return text, status


def own_office() -> Office:
    office = security.user().office
    if office is None:
        raise Missing("no_office")
    return office
