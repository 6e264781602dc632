"""Incident files: open one about a packet, hear both sides, say how it ended, hand out the evidence."""

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from app import security
from app.db import atomically, now
from app.domain import calendar, closing, evidence, incidents
from app.domain.incidents import Incident, Outcome, Side, Sort
from app.domain.packets import Packet
from app.domain.people import Right
from app.domain.postage import Fault
from app.errors import Refused
from app.language import money as spoken
from app.security import requires
from app.sentences import sentence
from app.views import answers, counters
from app.views.answers import base_url
from app.views.fields import Form, SumField

bp = Blueprint("incidents", __name__, url_prefix="/incidents")
SORTS = {
    Sort.DAMAGED: _l("Damaged"), Sort.LOST: _l("Lost"), Sort.COUNT: _l("Papers or packets do not add up"),
    Sort.LATE: _l("Late"), Sort.COMPLAINT: _l("Complaint"),
}  # fmt: skip
SIDES = {Side.CITIZEN: _l("the citizen"), Side.POST: _l("the post"), Side.DESK: _l("the ward desk")}
OUTCOMES = {
    Outcome.WHOLE: _l("Found, nothing is missing"), Outcome.DAMAGED: _l("Found, damaged or incomplete"), Outcome.LOST: _l("Packet or papers lost for good"),
    Outcome.LATE: _l("Came late"), Outcome.UNFOUNDED: _l("Nothing had happened"),
}  # fmt: skip
FAULTS = {
    Fault.POST: _l("The post's"), Fault.DESK: _l("The ward's"), Fault.CITIZEN: _l("The citizen's"), Fault.NOBODY: _l("Nobody's"),
}  # fmt: skip
WORDS = [InputRequired(_l("Write down what is said")), Length(max=incidents.LONGEST)]
ABOUT = (  # of the pack, for whoever reads it without us
    _l("incident.json: the file, what each side said and how it ended, the lines of the packet's ledger, its lists, the dossier's money, its photos. In it, parties and people say whom an id stands for."),
    _l("Under files stands the SHA-256 of every other file here. Under lines, hash is the SHA-256 of line. Under lists, hash is the SHA-256 of the codes that were expected (every result but surplus), in ascending order, one a row."),
    _l("ledger.json: run python verify_packet.py ledger.json --log-key key.pub. The program and the log's key must come to you by another way than this file. It is missing while the log is not signed yet: take the file again after a minute."),
    _l("photos: each is named by sent_sha256, the hash that the courier's scan names, of what the phone sent. What is here was drawn anew from it, so that it can harm nobody, and what the phone sent was not kept: the file itself has file_sha256."),
    _l("A scan under signed_in holds sent_sha256 in its signed words. One under named_beside only came with it, and its signature says nothing of the photo."),
    _l("The biên bản with the ward desk are PDFs under their numbers; the post's own lists stand under lists, word for word. hands.pdf says how the dossier passed through hands."),
)  # fmt: skip
FIELDS = {
    "words_needed": "words", "words_long": "words", "compensation_low": "compensation", "compensation_not_owed": "compensation",
    "paid_short": "paid", "paid_over": "paid",
}  # fmt: skip


class Sorted(Form):
    sort = RadioField(
        _l("What happened?"),
        [InputRequired(_l("Choose what happened"))],
        choices=[SelectChoice(key, words) for key, words in SORTS.items()],
    )


class Say(Form):
    side = RadioField(
        _l("Who says so?"),
        [InputRequired(_l("Choose whose words these are"))],
        choices=[SelectChoice(key, words) for key, words in SIDES.items()],
    )
    words = TextAreaField(_l("What was seen or said"), WORDS)


class Pay(Form):
    paid = SumField(_l("Paid to the citizen"), [InputRequired(_l("Type the sum in đồng"))])


class Open(Sorted, Say):
    """In the order of its page, as the list of its faults has them."""


class Close(Form):
    outcome = RadioField(
        _l("How did it end?"),
        [InputRequired(_l("Choose how it ended"))],
        choices=[SelectChoice(key, words) for key, words in OUTCOMES.items()],
    )
    fault = RadioField(
        _l("Whose fault was it?"),
        [InputRequired(_l("Choose whose fault it was"))],
        choices=[SelectChoice(key, words) for key, words in FAULTS.items()],
    )
    compensation = SumField(
        _l("Compensation by the post"), [MayBeEmpty(), NumberRange(0, incidents.MOST_PAID, _l("Type the sum in đồng"))]
    )
    words = TextAreaField(_l("Why, in plain words"), WORDS)


@bp.get("/")
@requires(Right.EXCEPTIONS)
def home() -> ResponseReturnValue:
    found = incidents.of(security.user())
    at = now()
    return render_template(
        "incidents/home.html",
        found=found,
        sorts=SORTS,
        outcomes=OUTCOMES,
        left={one.id: incidents.due(one, at) for one in found},
        pages={one.id: counters.record_of(security.user(), one.packet) for one in found},
    )


@bp.route("/packets/<number>", methods=["GET", "POST"])
@requires(Right.EXCEPTIONS)
def begin(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Open()
    counters.log_view(packet, "incident.open")
    if not form.is_submitted():
        return _begin(packet, form)
    if not form.validate():
        return _begin(packet, form, 422)
    facts = (Sort(form.sort.data), Side(form.side.data), form.words.data or "")
    try:
        made = atomically(lambda: incidents.open_(packet, security.act(), *facts))
    except Refused as refusal:
        return _begin(packet, form, answers.complain(form, refusal, FIELDS))
    return redirect(url_for("incidents.show", incident=made.number), 303)


@bp.get("/<incident>")
@requires(Right.EXCEPTIONS)
def show(incident: str) -> ResponseReturnValue:
    return _page(_get(incident))


@bp.post("/<incident>/say")
@requires(Right.EXCEPTIONS)
def say(incident: str) -> ResponseReturnValue:
    found, form = _get(incident), Say()
    if not form.validate_on_submit():
        return _page(found, say=form, status=422)
    try:
        atomically(lambda: incidents.say(_get(incident), security.act(), Side(form.side.data), form.words.data or ""))
    except Refused as refusal:
        return _page(found, say=form, status=answers.complain(form, refusal, FIELDS))
    return redirect(url_for("incidents.show", incident=incident), 303)


@bp.post("/<incident>/close")
@requires(Right.EXCEPTIONS)
def close(incident: str) -> ResponseReturnValue:
    found, form = _get(incident), Close()
    if not form.validate_on_submit():
        return _page(found, close=form, status=422)
    facts = (Outcome(form.outcome.data), Fault(form.fault.data), form.compensation.data or 0, form.words.data or "")
    try:
        atomically(lambda: incidents.close(_get(incident), security.act(), *facts))
    except Refused as refusal:
        return _page(found, close=form, status=answers.complain(form, refusal, FIELDS))
    flash(_("The file is closed."), "ok")
    return redirect(url_for("incidents.show", incident=incident), 303)


@bp.post("/<incident>/paid")
@requires(Right.EXCEPTIONS)
def paid(incident: str) -> ResponseReturnValue:
    found, form = _get(incident), Pay()
    if not form.validate_on_submit():
        return _page(found, pay=form, status=422)
    try:
        atomically(lambda: incidents.pay(_get(incident), security.act(), form.paid.data or 0))
    except Refused as refusal:
        return _page(found, pay=form, status=answers.complain(form, refusal, FIELDS))
    return redirect(url_for("incidents.show", incident=incident), 303)


@bp.post("/<incident>/refund")
@requires(Right.COUNTER)
def refund(incident: str) -> ResponseReturnValue:
    """The citizen has their postage back: the till that gives it writes it down."""
    found = _get(incident)
    try:
        given = atomically(incidents.refund, found, security.act())
    except Refused as refusal:
        flash(sentence(refusal), "danger")
        return redirect(url_for("incidents.show", incident=incident), 303)
    if given:
        flash(_("%(sum)s of postage given back.", sum=spoken(given)), "ok")
    return redirect(url_for("incidents.show", incident=incident), 303)


@bp.get("/<incident>.zip")
@requires(Right.EXCEPTIONS)
def pack(incident: str) -> Response:
    """All the evidence in one file."""
    found = _get(incident)
    counters.log_view(found.packet, "incident.evidence")
    named = {"Content-Disposition": f'attachment; filename="{found.number}.zip"'}
    about = "\n\n".join((found.number, *(str(words) for words in ABOUT)))
    return Response(evidence.pack(found, security.act(), base_url(), about), mimetype="application/zip", headers=named)


def _get(number: str) -> Incident:
    return incidents.get(security.user(), number)


def _begin(packet: Packet, form: Open, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "incidents/begin.html", packet=packet, form=form, known=incidents.about(packet), until=incidents.complain_by(packet),
        day=calendar.today(now()),
    ), status  # fmt: skip


def _page(
    found: Incident, *, say: Say | None = None, close: Close | None = None, pay: Pay | None = None, status: int = 200
) -> ResponseReturnValue:
    """The file; the form that was sent as it was sent, the others empty."""
    counters.log_view(found.packet, "incident.show")
    return render_template(
        "incidents/incident.html", incident=found, packet=found.packet, say=say or Say(formdata=None),
        close=close or Close(formdata=None), pay=pay or Pay(formdata=None), overdue=incidents.is_overdue(found, now()),
        until=incidents.complain_by(found.packet)[found.sort], opened_on=calendar.today(found.opened_at), sorts=SORTS, sides=SIDES,
        outcomes=OUTCOMES, faults=FAULTS, left=incidents.due(found, now()), least=incidents.least(found),
        is_own=found.opened_by_id == security.user().id, is_one_sided=incidents.is_one_sided(found), gone=closing.gone(found.packet.dossier),
        owed_back=incidents.postage_owed(found) if security.user().may(Right.COUNTER) else 0,
        page_of=counters.record_of(security.user(), found.packet),
    ), status  # fmt: skip
