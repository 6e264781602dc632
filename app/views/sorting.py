"""Sorting at the post office: scan a packet, and the screen says into which heap it goes."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app import security
from app.db import now
from app.domain import scope, sorting
from app.domain.packets import Packet
from app.domain.people import Right
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import counters

bp = Blueprint("sorting", __name__, url_prefix="/office/sorting")


@bp.get("/")
@requires(Right.COUNTER)
@camera
def home() -> ResponseReturnValue:
    """`code`: what was scanned. Looking a packet up changes nothing; who looked is logged."""
    text, status, says = request.args.get("code", "").strip()[:400], 200, ""
    packet: Packet | None = None
    if text:
        try:
            packet, is_newest = scope.scanned(security.user(), text, security.act().keys)
            if not is_newest:
                raise Refused("bag_old_slip", number=packet.number)
            counters.log_view(packet, "office.sorting")
        except Refused as refusal:
            packet, status, says = None, refusal.status, sentence(refusal)
    return render_template(
        "office/sorting.html", packet=packet, place=sorting.place_of(packet) if packet else None, says=says,
        text=text if says else "", piles=sorting.piles(security.user(), now()),
    ), status  # fmt: skip
