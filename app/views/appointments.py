"""Another time for a visit: the dispatcher has the citizen on the telephone, and both agree on a day and an hour."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from app import security
from app.db import atomically, now
from app.domain import dispatch, scope, visits
from app.domain.packets import Packet
from app.domain.people import Right
from app.domain.visits import Offer
from app.errors import Refused
from app.language import long_date, window
from app.security import requires
from app.sentences import sentence
from app.views import counters
from app.views.answers import SEE_OTHER
from app.views.booking import slot_page
from app.views.booking_forms import Time
from app.views.dispatch import own_office

bp = Blueprint("appointments", __name__, url_prefix="/dispatch/packets")


@bp.route("/<number>/time", methods=["GET", "POST"])
@requires(Right.DISPATCH)
def time(number: str) -> ResponseReturnValue:
    form, packet = Time(), scope.packet(security.user(), number)
    visit = dispatch.movable(own_office(), packet)
    offers = visits.offers(packet.dossier.post_office, now()) if visit else []
    form.slot.choices = [SelectChoice(offer.key, "") for offer in offers]  # a full one is refused in words
    if visit is None:
        return _page(packet, Time(formdata=None), offers, 409 if form.is_submitted() else 200)
    if not form.validate_on_submit():
        return _page(packet, form, offers, 422 if form.errors else 200)
    left = visit.slot.day
    try:
        moved = atomically(dispatch.rebook, own_office(), packet, form.slot.data, security.act())
    except Refused as refusal:
        if refusal.key in ("slot_full", "slot_unknown"):
            form.slot.errors = [sentence(refusal)]
        return _page(packet, form, offers, refusal.status)  # else somebody was quicker: the page says what is so now
    agreed = {"day": long_date(moved.slot.day), "hours": window(moved.slot.opens, moved.slot.closes)}
    flash(_("Agreed: %(day)s, %(hours)s. The citizen is sent a message.", **agreed), "ok")
    return redirect(url_for("dispatch.day", day=left.isoformat()), SEE_OTHER)


def _page(packet: Packet, form: Time, offers: list[Offer], status: int) -> ResponseReturnValue:
    """Whom to call, and the times there are; none while a courier is on the way with the packet, or nobody need come."""
    counters.log_view(packet, "appointments.time")
    visit = dispatch.movable(own_office(), packet)
    agreed = f"{visit.slot.day:%Y%m%d}-{visit.slot.opens:%H%M}" if visit and visit.state in visits.OPEN else None
    if not form.is_submitted():
        form.slot.data = agreed
    text = render_template(
        "dispatch/time.html", form=form, packet=packet, visit=visit, agreed=agreed,
        bound=visit is not None and dispatch.is_bound(own_office(), visit),
        **slot_page(form, offers, request.values.get("day") or (form.slot.data or "")[:8]),
    )  # fmt: skip
    return text, status
