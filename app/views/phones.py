"""Couriers' phones: bring one into service with a colleague, see what has arrived of each, take one out of service."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from wtforms import RadioField
from wtforms.validators import InputRequired

from app import security
from app.config import Settings
from app.db import atomically, now
from app.domain import devices, money, phones, reach, scans, scope
from app.domain.devices import Device, Standing, Why
from app.domain.people import Act, Right
from app.security import requires
from app.views.fields import Form

bp = Blueprint("phones", __name__, url_prefix="/phones")
GROUP = 4  # letters of a ticket read aloud at once
REASONS = {
    Why.LOST: _l("It is lost"),
    Why.STOLEN: _l("It was stolen"),
    Why.REPLACED: _l("Another phone takes its place"),
    Why.RETURNED: _l("It goes back to the office"),
    Why.LEFT: _l("The courier works here no longer"),
}


class Retire(Form):
    why = RadioField(_l("Why?"), [InputRequired(_l("Choose why the phone goes out of service."))])


@bp.context_processor
def rights() -> dict[str, bool]:
    return {"may_enrol": g.user is not None and g.user.may(Right.ENROL)}


@bp.get("/")
@requires(Right.PHONES)
def home() -> ResponseReturnValue:
    shelf = phones.shelf(security.user(), request.args.get("office"), now())
    return render_template("phones/home.html", shelf=shelf)


@bp.get("/new")
@requires(Right.ENROL)
def choose() -> ResponseReturnValue:
    return redirect(url_for("phones.new", courier_id=request.args.get("courier") or "nobody"))


@bp.get("/new/<courier_id>")
@requires(Right.ENROL)
def new(courier_id: str) -> ResponseReturnValue:
    courier = scope.courier(security.user(), courier_id)
    has = [one for one in phones.listed(devices.of(courier), now()) if one.standing in devices.CURRENT]
    return render_template(
        "phones/new.html", courier=courier, has=has, room=devices.has_room(courier, now()), most=devices.MOST
    )


@bp.post("/new/<courier_id>")
@requires(Right.ENROL)
def invite(courier_id: str) -> ResponseReturnValue:
    """The ticket is shown once, in the answer itself: it is kept nowhere."""
    courier, act = scope.courier(security.user(), courier_id), security.act()
    letters = atomically(_invite, courier.id, act)
    settings: Settings = current_app.extensions["settings"]
    side, path = drawing(f"{settings.base_url.rstrip('/')}/courier/#enrol={letters}")
    groups = " ".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))
    return render_template(
        "phones/ticket.html", courier=scope.courier(security.user(), courier_id), side=side, path=path, letters=groups,
        address=f"{settings.host}/courier/", until=act.at + phones.OPEN, device=None, live=False,
    )  # fmt: skip


def _invite(courier_id: str, act: Act) -> str:
    return phones.invite(scope.courier(act.by, courier_id), act)


@bp.get("/new/<courier_id>/answer")
@requires(Right.ENROL)
def answer(courier_id: str) -> ResponseReturnValue:
    """Whether a phone has answered the ticket: a page, or the middle of one for who already looks at it."""
    courier = scope.courier(security.user(), courier_id)
    device = phones.answered(courier)
    if request.headers.get("X-Requested-With") != "live":
        if device is not None:
            return redirect(url_for("phones.phone", device_id=device.id))
        flash(_("No phone has answered yet. Its camera opens the page; there one button is to be pressed."), "stamp")
        return redirect(url_for("phones.new", courier_id=courier_id))
    return render_template("phones/_answer.html", courier=courier, device=device, live=True)


@bp.get("/<device_id>")
@requires(Right.PHONES)
def phone(device_id: str) -> ResponseReturnValue:
    user = security.user()
    [one] = phones.listed([scope.phone(user, device_id)], now())
    missing = scans.missing(one.device.id, one.device.contiguous)
    second = user.may(Right.EXCEPTIONS) and user.id not in (one.device.enrolled_by_id, one.device.user_id)
    return render_template(
        "phones/phone.html", one=one, missing=missing, may_confirm=second, may_retire=_may_retire(one.device)
    )


@bp.post("/<device_id>/confirm")
@requires(Right.EXCEPTIONS)
def confirm(device_id: str) -> ResponseReturnValue:
    device = atomically(phones.confirm, device_id, security.act())
    assert device.user
    flash(_("This phone of %(name)s is in service.", name=device.user.name), "ok")
    return redirect(url_for("phones.phone", device_id=device_id))


@bp.post("/<device_id>/reject")
@requires(Right.EXCEPTIONS)
def reject(device_id: str) -> ResponseReturnValue:
    atomically(phones.reject, device_id, security.act())
    flash(_("That phone is not used. Begin again with a new code, and look who else has a phone in hand."), "warning")
    return redirect(url_for("phones.phone", device_id=device_id))


@bp.route("/<device_id>/retire", methods=["GET", "POST"])
@requires(Right.PHONES)
def retire(device_id: str) -> ResponseReturnValue:
    user = security.user()
    [one] = phones.listed([scope.phone(user, device_id)], now())
    if not phones.reasons(one.device, user):
        return redirect(url_for("phones.phone", device_id=device_id))
    form, status = Retire(), 200
    form.why.choices = [(why, REASONS[why]) for why in phones.reasons(one.device, user)]
    if form.validate_on_submit():
        atomically(phones.retire, device_id, Why(form.why.data), security.act())
        flash(_("The phone is out of service from now on. What it still holds may be handed in."), "ok")
        return redirect(url_for("phones.phone", device_id=device_id))
    if form.is_submitted():
        status = 422
    courier = one.device.user
    carried, held = (reach.carried_by(courier), money.purse(courier.party_id)) if courier else ([], money.Purse())
    return render_template("phones/retire.html", form=form, one=one, carried=len(carried), held=held.total), status


def _may_retire(device: Device) -> bool:
    return bool(phones.reasons(device, security.user())) and device.standing(now()) is not Standing.REVOKED


def drawing(text: str) -> tuple[int, str]:
    """A QR code for the screen: its side in modules, quiet zone included, and the path of its dark ones."""
    code = QRCode(border=4, error_correction=ERROR_CORRECT_M)
    code.add_data(text)
    modules = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, dark in enumerate(row) if dark)
    return len(modules), path
