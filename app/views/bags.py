"""A courier's bag at the counter: scan what comes out of it, see what is missing and what is there too many, one list."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, RadioField, SelectChoice
from wtforms.validators import InputRequired, Length

from app import security
from app.db import atomically, now
from app.domain import bags, scope
from app.domain.bags import Bag
from app.domain.manifests import Manifest
from app.domain.people import Right
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import counters

bp = Blueprint("bags", __name__, url_prefix="/office/bags")
MOST = 200


class Close(FlaskForm):  # type: ignore[misc]
    rest = RadioField(
        _l("What the courier still carries"),
        [InputRequired(_l("Choose what is to be written of the rest"))],
        choices=[
            SelectChoice("stays", _l("It stays on their round")),
            SelectChoice("missing", _l("It should be here: write it down as missing")),
        ],
    )
    pin = PasswordField(_l("PIN, six digits, typed by the courier"), [Length(max=12)])
    password = PasswordField(_l("Your password"), [Length(max=200)])


@bp.get("/")
@requires(Right.COUNTER)
def home() -> ResponseReturnValue:
    return render_template("office/bags.html", bags=bags.waiting(security.user(), now()))


@bp.get("/<courier_id>")
@requires(Right.COUNTER)
@camera
def bag(courier_id: str) -> ResponseReturnValue:
    return _page(courier_id, Close(formdata=None))


@bp.post("/<courier_id>/scan")
@requires(Right.COUNTER)
@camera
def scan(courier_id: str) -> ResponseReturnValue:
    """One packet out of the bag. It is held here from now on, whatever happens to this page."""
    user, act = security.user(), security.act()
    courier, also = scope.courier(user, courier_id), _also()
    text = request.form.get("code", "").strip()[:400]
    try:
        packet, is_newest = scope.scanned(user, text, act.keys)
        if not is_newest:
            raise Refused("bag_old_slip", number=packet.number)
        taken = {item.packet.id for item in bags.of(user, courier, act.at, also).taken}
        if packet.id not in taken and atomically(bags.take_in, packet, courier, act):
            also = [*also, packet.number]
    except Refused as refusal:
        return _page(courier_id, Close(formdata=None), refusal.status, says=sentence(refusal), text=text, also=also)
    return redirect(url_for("bags.bag", courier_id=courier_id, also=also or None, last=packet.number))


@bp.post("/<courier_id>/close")
@requires(Right.COUNTER)
@camera
def close(courier_id: str) -> ResponseReturnValue:
    form, also = Close(), _also()
    courier = scope.courier(security.user(), courier_id)
    if not bags.of(security.user(), courier, now()).carried:
        form.rest.data = form.rest.data or "stays"
        form.rest.validators = []
    if not form.validate_on_submit():
        return _page(courier_id, form, 422, also=also)
    pin = form.pin.data or ""
    try:
        security.prove_presence(form.password.data or "")
        if pin:
            counters.throttled("courier-pin", courier.party_id or "")
        missing = form.rest.data == "missing"
        manifest = atomically(_close, courier_id, missing, pin, also)
    except Refused as refusal:
        return _page(courier_id, form, counters.complain(form, refusal), also=also)
    if pin:
        counters.forgive("courier-pin", courier.party_id or "")
    flash(_("The bag is on a list now. The courier confirms it on the phone.") if not pin else _("The bag is on a list, and both sides have confirmed it."), "ok")  # fmt: skip
    return redirect(url_for("records.show", receipt=manifest.receipt_no))


def _close(courier_id: str, rest_is_missing: bool, pin: str, also: list[str]) -> Manifest:
    courier = scope.courier(security.user(), courier_id)
    return bags.close(courier, security.act(), rest_is_missing=rest_is_missing, pin=pin, also=also)


def _also() -> list[str]:
    """Numbers of what lay in the bag and was somebody else's, as this page has gathered them."""
    return [number[:40] for number in request.values.getlist("also")][:MOST]


def _page(
    courier_id: str, form: Close, status: int = 200, says: str = "", text: str = "", also: list[str] | None = None
) -> ResponseReturnValue:
    user = security.user()
    also = _also() if also is None else also
    found: Bag = bags.of(user, scope.courier(user, courier_id), now(), also)
    return render_template(
        "office/bag.html", bag=found, form=form, says=says, text=text, also=also, last=request.args.get("last", ""),
        asks_password=not security.is_present(), on_list=len([i for i in found.taken if not i.is_surplus]),
    ), status  # fmt: skip
