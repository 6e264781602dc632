"""From paper: the round sheet of a courier whose phone was broken, entered visit by visit with the time it says."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app import security
from app.db import atomically, now
from app.domain import paper, takings
from app.domain.paper import Line
from app.domain.people import Right
from app.domain.steps import NEXT, REASONS
from app.domain.visits import OPEN, Visit, VisitKind
from app.errors import Refused
from app.phrases import TEXTS
from app.security import camera, requires
from app.sentences import sentence
from app.views import answers, counter_forms, counters
from app.views.fields import Form, IntegerField, courier_pin

bp = Blueprint("paper", __name__, url_prefix="/office/paper")
WHY = [reason for event in ("miss", "decline") for reason in REASONS[event]]
AFTER = {key: TEXTS[f"next.{key}"] for key in NEXT["miss"] + NEXT["decline"]} | {
    "invite": _l("Leave the letter, keep it at the post office")  # the phone says which letter; the sheet does not
}


class Entry(Form):
    time = StringField(_l("Time on the sheet"), [InputRequired(_l("Type the time on the sheet")), Length(max=8)])
    done = RadioField(
        _l("What does the sheet say?"),
        [InputRequired(_l("Choose what happened"))],
        choices=[SelectChoice("done", _l("Done at the door")), SelectChoice("failed", _l("It did not work"))],
    )
    seal = StringField(_l("Seal number"), [Length(max=40)])
    sheets = IntegerField(_l("Sheets"), [Optional()])
    paid_by = SelectField(  # like proof: not drawn where nothing is owed
        _l("Paid with"),
        default="",
        choices=[SelectChoice("", _l("Nothing paid")), SelectChoice("cash", _l("Cash")), SelectChoice("transfer", _l("Bank code"))],
    )  # fmt: skip
    receipt = StringField(_l("Number of the fee receipt"), [Length(max=24)])
    proof = SelectField(
        _l("Which paper did they show?"), default="", choices=[SelectChoice("", _l("Choose")), *counter_forms.PROOFS]
    )
    wet = BooleanField(_l("I hold the slip with the citizen's signature"))
    reason = SelectField(_l("Why?"), choices=[SelectChoice("", _l("Choose")), *(SelectChoice(key, TEXTS[f"reason.{key}"]) for key in WHY)])  # fmt: skip
    next = SelectField(_l("What next?"), choices=[SelectChoice("", _l("Choose")), *(SelectChoice(key, says) for key, says in AFTER.items())])  # fmt: skip
    pin = courier_pin(InputRequired(_l("Let the courier type the PIN")))


@bp.get("/")
@requires(Right.COUNTER)
@camera
def home() -> ResponseReturnValue:
    return _sheets()


@bp.get("/find")
@requires(Right.COUNTER)
@camera
def find() -> ResponseReturnValue:
    """The slip that came back with the sheet, scanned, or its number typed."""
    text = request.args.get("code", "").strip()[:400]
    try:
        found = paper.scanned(security.user(), text, security.act().keys)
    except Refused as refusal:
        return _sheets(refusal.status, says=sentence(refusal), text=text)
    return redirect(url_for("paper.visit", visit_id=found.id))


@bp.get("/<int(max=2147483647):visit_id>")
@requires(Right.COUNTER)
def visit(visit_id: int) -> ResponseReturnValue:
    return _page(paper.visit(security.user(), visit_id), Entry(formdata=None))


@bp.post("/<int(max=2147483647):visit_id>")
@requires(Right.COUNTER)
def enter(visit_id: int) -> ResponseReturnValue:
    found, form = paper.visit(security.user(), visit_id), Entry()
    if not form.validate_on_submit():
        return _page(found, form, 422)
    courier = found.courier
    assert courier is not None
    try:
        with answers.secret("courier-pin", courier.party_id or ""):
            atomically(_enter, visit_id, form)
    except Refused as refusal:
        return _page(paper.visit(security.user(), visit_id), form, answers.complain(form, refusal))
    flash(_("Entered from paper, with both times."), "ok")
    return redirect(url_for("paper.home"))


def _enter(visit_id: int, form: Entry) -> None:
    found = paper.visit(security.user(), visit_id)
    assert found.round is not None
    failed = form.done.data == "failed"
    line = Line(
        paper.on(found.round.day, form.time.data or ""), "failed" if failed else "done", seal=form.seal.data or "",
        sheets=form.sheets.data or 0, wet_seen=form.wet.data, paid_by=form.paid_by.data or None, proof=form.proof.data or None,
        receipt=(form.receipt.data or "").strip() or None, reason=form.reason.data or None,
        next_=form.next.data or None,
    )  # fmt: skip
    paper.enter(found, line, security.act(), form.pin.data or "")


def _sheets(status: int = 200, says: str = "", text: str = "") -> ResponseReturnValue:
    rounds = paper.rounds(security.user(), now())
    counters.log_names(
        "office.sheets", {visit.packet.dossier_id for each in rounds for visit in each.visits if visit.state in OPEN}
    )
    return render_template("office/paper.html", rounds=rounds, says=says, text=text), status


def _page(found: Visit, form: Entry, status: int = 200) -> ResponseReturnValue:
    counters.log_view(found.packet, "office.paper")
    return render_template(
        "office/entry.html",
        visit=found,
        form=form,
        collects=found.kind is VisitKind.COLLECT,
        due=takings.at_visit(found),
    ), status
