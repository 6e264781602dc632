"""Sorting at the post office: scan a packet, and the screen says into which heap it goes; what leaves with a heap is
printed here, the bag's tag and the list of what is in it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import security
from app.db import atomically, now
from app.domain import audit, scope, sendings, sorting
from app.domain.packets import Packet
from app.domain.people import Right
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import counters
from app.views.answers import base_url, file_answer

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
        "office/sorting.html", packet=packet, place=sorting.place_of(packet, now()) if packet else None, says=says,
        text=text if says else "", piles=sorting.piles(security.user(), now()),
    ), status  # fmt: skip


# ---- what leaves together ---------------------------------------------------------------------------------------


@bp.get("/tag.pdf")
@requires(Right.COUNTER)
def tag() -> ResponseReturnValue:
    """The tag of the bag for `desk`, closed with `seal` where it says so."""
    if "desk" not in request.args:
        return redirect(url_for("sorting.home"))
    one = _bag()
    return file_answer(sendings.tag_pdf(one, base_url(), security.act()), "application/pdf", f"{one.number}.pdf")


@bp.get("/list.pdf")
@requires(Right.COUNTER)
def listed() -> ResponseReturnValue:
    """The bảng kê of the bag for `desk`, or of the round `round`; whose names it says is logged."""
    user, at = security.user(), now()
    if "desk" in request.args:
        one = _bag()
    elif "round" not in request.args:
        return redirect(url_for("sorting.home"))
    else:
        one = sendings.of_round(user, request.args.get("round", 0, type=int), at)
        atomically(audit.log_names, user.id, "sorting.list", one.dossiers, at)
    return file_answer(sendings.list_pdf(one), "application/pdf", f"{one.number}-list.pdf")


def _bag() -> sendings.Sending:
    desk, seal = (request.args.get(name, "")[:40] for name in ("desk", "seal"))
    return sendings.bag(security.user(), desk, seal, now())
