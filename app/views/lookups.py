"""Lookups: the state behind a number, its details behind a code, and what a stranger sees of a packet that was found."""

import re

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app import security
from app.db import atomically, now
from app.domain import codes, lookups, manifests, numbers, packets, tokens
from app.domain.packets import Packet
from app.domain.people import Right, User
from app.errors import Invalid, Missing
from app.security import public
from app.sentences import sentence
from app.views import alongside, counters, grants, telling
from app.views.answers import SEE_OTHER, throttle
from app.views.fields import Form
from app.views.grants import HOUR, MINUTE
from app.views.tracking import Code, story_page

bp = Blueprint("lookups", __name__)


def lettered(text: str | None) -> str | None:
    """A citizen's number has the same two letters always: whoever types only its digits means it all the same."""
    return f"HS{text}" if text and re.fullmatch(r"[\s.\-–]*(?:[0-9][\s.\-–]*){13}", text) else text


class ByNumber(Form):
    number = StringField(
        _l("Tracking number"),
        [DataRequired(_l("Type the tracking number, for example HS-260826-000123-0.")),
         Length(max=40, message=_l("That is too long for a number. It reads like HS-260826-000123-0."))],
        filters=[lettered],
        description=_l("On the slip or in the message, for example HS-260826-000123-0"),
    )  # fmt: skip
    digits = StringField(
        _l("Last 4 digits of the phone number"),
        [DataRequired(_l("Type the last 4 digits of the phone number given when booking.")),
         Length(max=8, message=_l("Only the last 4 digits are needed."))],
    )  # fmt: skip


@bp.route("/track", methods=["GET", "POST"])
@public
def by_number() -> ResponseReturnValue:
    """Number and four digits open the state; the same answer for every pair that does not belong together."""
    form = ByNumber()
    if request.method == "GET" or "digits" not in request.form:
        known = form.number.data or request.args.get("number", "")[:40]
        return render_template("tracking/by_number.html", form=ByNumber(formdata=None, number=known))
    if not form.validate():
        return render_template("tracking/by_number.html", form=form), 422
    try:
        number = numbers.read(form.number.data)
        throttle("track", security.address_key("track"), (20, MINUTE), (200, HOUR))
        throttle("track-number", number.encode(), (10, 15 * MINUTE))
        seen = lookups.state_by_number(number, form.digits.data, now())
    except Invalid as wrong:
        form.number.errors = [sentence(wrong)]
        return render_template("tracking/by_number.html", form=form), 422
    if seen is None:
        return render_template("tracking/no_such.html", form=form, number=number), 404
    return render_template("tracking/glimpse.html", seen=seen, words=telling.HEADLINES[seen.headline])


@bp.post("/track/send")
@public
def send_code() -> ResponseReturnValue:
    """A code to the phone of this number, if there is one; the next page is the same either way."""
    form = ByNumber()
    try:
        number = numbers.read((form.number.data or "")[:40])
    except Invalid as wrong:
        form.number.errors = [sentence(wrong)]
        return render_template("tracking/by_number.html", form=form), 422
    return grants.ask(number, session.get("view_what", "") if number == session.get("view_number") else "")


@bp.route("/track/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    asked = session.get("view_request")
    if not asked:
        return redirect(url_for("lookups.by_number"))
    form = Code()
    if codes.view_shut(asked, now()):
        return _code_page(asked, form), 422 if form.is_submitted() else 200
    if not form.validate_on_submit():
        return _code_page(asked, form), 422 if form.errors else 200
    throttle("view", security.address_key("view"), (20, 10 * MINUTE))
    found = atomically(lookups.open_details, asked, form.code.data, security.act())
    if found is None:
        form.code.errors = [_("This is not the code of the message. Look again.")]
        return _code_page(asked, form), 422
    wanted = grants.give(found)
    if wanted == grants.ANOTHER and (dossier := grants.opened()):
        return alongside.begun(dossier)
    if wanted == grants.DATA:
        return redirect(url_for("petitions.mine"), SEE_OTHER)
    return redirect(url_for("lookups.details"), SEE_OTHER)


def _code_page(asked: str, form: Code) -> str:
    """The field while the code may still open; after that why it does not, and the way to a new one."""
    shut = codes.view_shut(asked, now())
    return render_template(
        "tracking/code.html", form=form, shut=shut, number=session.get("view_number"), what=session.get("view_what")
    )


@bp.get("/track/details")
@public
def details() -> ResponseReturnValue:
    """The same story, opened by a code: it shows, and changes nothing."""
    dossier = grants.opened()
    if dossier is None:
        return redirect(url_for("lookups.by_number"))
    return story_page(dossier, None, Code(formdata=None))


# ---- a packet in a stranger's hands -----------------------------------------------------------------------------


@bp.get("/s/<token>")
@bp.get("/S/<token>")
@public
def found(token: str) -> ResponseReturnValue:
    """What a stranger sees who scans a slip. Staff go to their own page for the packet."""
    packet, status, kind = None, 200, None
    try:
        slip = tokens.read(current_app.extensions["keys"], token.upper())
        kind = slip.type.name.lower()
        if slip.type is tokens.TokenType.DESK and g.user is not None:
            return redirect(url_for("records.show", receipt=manifests.by_code(slip.code).receipt_no))
        packet = packets.by_code(slip.code)
    except Invalid:
        status = 404
    except Missing:
        pass  # a genuine slip of ours, whose booking has not come back yet
    if packet and g.user is not None and (page := _own_page(packet, g.user)):
        return redirect(page)
    return render_template("tracking/found.html", number=packet.number if packet else None, kind=kind), status


def _own_page(packet: Packet, user: User) -> str | None:
    """Where this member of staff works on the packet; None when it is another office's, or not their job."""
    if packet.is_blank:
        return None
    dossier = packet.dossier
    endpoint = "courier.home" if user.may(Right.SCAN) else counters.place_of(user)
    if endpoint is None or user.office_id not in (dossier.desk_id, dossier.post_office_id):
        return None
    return url_for(endpoint) if endpoint == "courier.home" else url_for(endpoint, number=packet.number)
