"""A courier's bag at the counter: scan what comes out of it, see what is missing and what is there too many, one list."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import security
from app.db import now
from app.domain import bags
from app.domain.people import Right
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import counters
from app.views.counters import CloseBag

bp = Blueprint("bags", __name__, url_prefix="/office/bags")


@bp.get("/")
@requires(Right.COUNTER)
def home() -> ResponseReturnValue:
    return render_template("office/bags.html", bags=bags.waiting(security.user(), now()))


@bp.get("/<courier_id>")
@requires(Right.COUNTER)
@camera
def bag(courier_id: str) -> ResponseReturnValue:
    return _page(courier_id, CloseBag.fresh(), last=request.args.get("last", ""), again="again" in request.args)


@bp.post("/<courier_id>/scan")
@requires(Right.COUNTER)
@camera
def scan(courier_id: str) -> ResponseReturnValue:
    """One packet out of the bag. It is held here from now on, whatever happens to this page."""
    text = request.form.get("code", "")
    try:
        number, again = counters.out_of_bag(bags.bringer(security.user(), courier_id, now()), text)
    except Refused as refusal:
        return _page(courier_id, CloseBag.fresh(), refusal.status, says=sentence(refusal), text=text)
    after = url_for("bags.bag", courier_id=courier_id, last=number, again=again or None)
    return counters.seen_next(after, lambda: _page(courier_id, CloseBag.fresh(), last=number, again=again))


@bp.post("/<courier_id>/close")
@requires(Right.COUNTER)
@camera
def close(courier_id: str) -> ResponseReturnValue:
    form, at = CloseBag(), now()
    form.about(bags.of(security.user(), bags.bringer(security.user(), courier_id, at), at))
    if not form.validate_on_submit():
        return _page(courier_id, form, 422)
    try:
        manifest = counters.close_bag(form, courier_id)
    except Refused as refusal:
        return _page(courier_id, form, counters.complain(form, refusal))
    flash(_("The bag is on a list now. The courier confirms it on the phone.") if not form.pin.data else _("The bag is on a list, and both sides have confirmed it."), "ok")  # fmt: skip
    return redirect(url_for("records.show", receipt=manifest.receipt_no))


def _page(
    courier_id: str,
    form: CloseBag,
    status: int = 200,
    says: str = "",
    text: str = "",
    last: str = "",
    again: bool = False,
) -> tuple[str, int]:
    user, at = security.user(), now()
    found = bags.of(user, bags.bringer(user, courier_id, at), at)
    return render_template(
        "office/bag.html", bag=found, form=form, says=says, text=text, last=last, again=again,
        asks_password=not security.is_present(), on_list=len(found.own),
    ), status  # fmt: skip
