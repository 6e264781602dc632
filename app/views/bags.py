"""A courier's bag at the counter: scan what comes out of it, see what is missing and what is there too many, one list."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import security
from app.db import now
from app.domain import bags
from app.domain.bags import Item
from app.domain.people import Right, User
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import answers, bag_forms, counters
from app.views.bag_forms import CloseBag, Differ

bp = Blueprint("bags", __name__, url_prefix="/office/bags")


@bp.get("/")
@requires(Right.COUNTER)
@camera
def home() -> ResponseReturnValue:
    return _home()


@bp.post("/")
@requires(Right.COUNTER)
@camera
def first() -> ResponseReturnValue:
    """The first slip out of a bag says whose bag it is."""
    text = request.form.get("code", "")
    try:
        courier, number, again = bag_forms.first_out_of_bag(text)
    except Refused as refusal:
        return _home(refusal.status, says=sentence(refusal), text=text)
    return redirect(url_for("bags.bag", courier_id=courier.id, last=number, again=again or None))


def _home(status: int = 200, says: str = "", text: str = "") -> ResponseReturnValue:
    waiting = bags.waiting(security.user(), now())
    return render_template("office/bags.html", bags=waiting, says=says, text=text), status


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
        number, again = bag_forms.out_of_bag(bags.bringer(security.user(), courier_id, now()), text)
    except Refused as refusal:
        return _page(courier_id, CloseBag.fresh(), refusal.status, says=sentence(refusal), text=text)
    after = url_for("bags.bag", courier_id=courier_id, last=number, again=again or None)
    return answers.seen_next(after, lambda: _page(courier_id, CloseBag.fresh(), last=number, again=again))


@bp.get("/<courier_id>/<number>")
@requires(Right.COUNTER)
def differs(courier_id: str, number: str) -> ResponseReturnValue:
    courier = bags.bringer(security.user(), courier_id, now())
    item = bag_forms.taken(courier, number)
    if item is None:
        return redirect(url_for("bags.bag", courier_id=courier_id))
    return _differs(courier, item, bag_forms.differing(item, []))


@bp.post("/<courier_id>/<number>")
@requires(Right.COUNTER)
def differ(courier_id: str, number: str) -> ResponseReturnValue:
    """Another seal, a broken bag, a remark; what lies in it is not looked at here."""
    courier = bags.bringer(security.user(), courier_id, now())
    item, form = bag_forms.taken(courier, number), Differ()
    if item is None:
        return redirect(url_for("bags.bag", courier_id=courier_id))
    if not form.validate_on_submit():
        return _differs(courier, item, form, 422)
    try:
        bag_forms.differ(courier_id, item.packet, form, None)
    except Refused as refusal:
        return _differs(courier, item, form, answers.complain(form, refusal))
    return redirect(url_for("bags.bag", courier_id=courier_id, last=number))


@bp.post("/<courier_id>/close")
@requires(Right.COUNTER)
@camera
def close(courier_id: str) -> ResponseReturnValue:
    form, at = CloseBag(), now()
    form.about(bags.of(security.user(), bags.bringer(security.user(), courier_id, at), at))
    if not form.validate_on_submit():
        return _page(courier_id, form, 422)
    try:
        manifest = bag_forms.close_bag(form, courier_id)
    except Refused as refusal:
        return _page(courier_id, form, answers.complain(form, refusal))
    flash(_("The bag is on a list now. The courier confirms it on the phone.") if not form.pin.data else _("The bag is on a list, and both sides have confirmed it."), "ok")  # fmt: skip
    return redirect(url_for("records.show", receipt=manifest.receipt_no))


def _differs(courier: User, item: Item, form: Differ, status: int = 200) -> ResponseReturnValue:
    counters.log_view(item.packet, "office.bag")
    return render_template(
        "desk/differs.html", place="bags", courier=courier, packet=item.packet, form=form, wrong=[]
    ), status


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
    newest = next((item for item in found.taken if item.packet.number == last), None)
    return render_template(
        "office/bag.html", bag=found, form=form, says=says, text=text, last=newest, again=again, place="bags", wrong=[],
        asks_password=not security.is_present(), on_list=len(found.own),
    ), status  # fmt: skip
