"""The ward desk's pages: what waits, one scan to the packet, the one right form, the record of handing over."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from app import language, security
from app.db import atomically, now
from app.domain import (
    calendar,
    closing,
    codes,
    decisions,
    desk,
    dossiers,
    filters,
    forms,
    happenings,
    manifests,
    queues,
    reception,
    recovered,
    results,
    scope,
    visits,
)
from app.domain.cases import CaseState
from app.domain.manifests import Side, Word
from app.domain.packets import Packet
from app.domain.people import Right
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import answers, counter_forms, counters, narrowing, records
from app.views.answers import SEE_OTHER, complain
from app.views.counter_forms import Moving
from app.views.decisions import PAGES
from app.views.desk_forms import Accept, Again, HandOver, PapersHome, Ready, Send, TakeBack, fresh, receiving

bp = Blueprint("desk", __name__, url_prefix="/desk")


# ---- what waits -------------------------------------------------------------------------------------------------


LISTS = counters.Lists("desk", queues.DESK, narrowing.beside)


@bp.get("/")
@requires(Right.DESK)
@camera
def home() -> ResponseReturnValue:
    return LISTS.page(also=narrowing.asked().rules)


@bp.post("/filters")
@requires(Right.DESK)
@camera
def keep_filter() -> ResponseReturnValue:
    """What the page's own address narrows the list to, under a name."""
    form, status = narrowing.Keep(), 422
    if form.validate():
        try:
            made = atomically(
                lambda: filters.keep(
                    form.name.data, request.args.get("list", ""), narrowing.asked(), security.act()
                )
            )  # fmt: skip
        except Refused as refusal:
            status = complain(form, refusal, narrowing.FIELDS)
        else:
            flash(_("%(name)s is below the lists now.", name=made.name), "ok")
            return redirect(narrowing.address(made.list, made.says), SEE_OTHER)
    return LISTS.page(status, narrowing.asked().rules, form=form)


@bp.post("/filters/<int(max=2147483647):filter_id>/forget")
@requires(Right.DESK)
def forget_filter(filter_id: int) -> ResponseReturnValue:
    gone = atomically(lambda: filters.forget(filter_id, security.act()).list)
    flash(_("The filter is removed."), "ok")
    return redirect(url_for("desk.home", list=gone), SEE_OTHER)


@bp.get("/queues")
@requires(Right.DESK)
def counts() -> ResponseReturnValue:
    """The counts alone, for the page that is already open."""
    return LISTS.counts()


@bp.get("/find")
@requires(Right.DESK)
@camera
def find() -> ResponseReturnValue:
    return LISTS.find()


# ---- one packet -------------------------------------------------------------------------------------------------


@bp.get("/packets/<number>")
@requires(Right.DESK)
@camera
def packet(number: str) -> ResponseReturnValue:
    return _page(counters.open_packet(number))


def _page(packet: Packet, form: Moving | None = None, status: int = 200) -> ResponseReturnValue:
    """The packet with its one form; a form that no longer fits leaves its words, not its fields."""
    counters.log_view(packet, "desk.packet")
    dossier, act, says = packet.dossier, queues.at_desk(packet), []
    if form is not None and form.act != act:
        says = list(form.form_errors) or [sentence(Refused("page_too_old", number=packet.number))]
        form = None
    if form is None and act:
        form = fresh(act, packet)
    if form is not None:
        form.head.data = packet.head.hex()
    result, again = results.result_of(dossier), Again(formdata=None, head=packet.head.hex())
    return render_template(
        "desk/packet.html", packet=packet, dossier=dossier, act=act, form=form, says=says,
        holder=happenings.holders([packet.holder_id])[packet.holder_id], present=security.is_present(),
        courier=reception.courier_of(packet), history=happenings.of(dossier),
        manifest=manifests.of_packet(packet.id), visit=visits.open_visit(packet.id), goes_home=dossier.goes_home, wants_word=results.wants_word(dossier), counting=desk.counting(dossier) if act == "accept" else {}, fee=results.fee_due(packet),
        result=result if result and result.id != packet.id else None, lost=results.lost_result(dossier), going=queues.beside(packet), returning=decisions.to_return(dossier),
        steps=queues.steps_open(dossier, security.user(), calendar.today(now())), pages=PAGES,
        given=forms.given(dossier), next_step=queues.NEXT_STEP.get(dossier.state), missing=dossiers.still_missing(dossier), out=dossiers.still_out(dossier), gone=closing.gone(dossier), again=again, failed=again.about(packet),
        today=calendar.today(now()), hour=calendar.local(now()).time(), printable=counters.printable(packet), held=codes.held_until(dossier.citizen, now()), recovered={line.position: line for line in recovered.of(dossier)},
    ), status  # fmt: skip


# ---- in ---------------------------------------------------------------------------------------------------------


@bp.post("/packets/<number>/receive")
@requires(Right.DESK)
@camera
def receive(number: str) -> ResponseReturnValue:
    packet = counters.open_packet(number)
    form = receiving(packet)()
    counts = counter_forms.counted(form, packet.papers)
    return _take(packet, form, lambda facts: reception.receive(packet, counts=counts, **facts))


@bp.post("/packets/<number>/take-back")
@requires(Right.DESK)
@camera
def take_back(number: str) -> ResponseReturnValue:
    packet = counters.open_packet(number)
    return _take(packet, TakeBack(), lambda facts: reception.take_back(packet, **facts))


def _take(packet: Packet, form: Any, verb: Any) -> ResponseReturnValue:
    """Both sides confirm: the officer with the password, the courier with the PIN or on paper."""
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    giver_by = Word.SIGNED_PRINT if form.on_paper.data else Word.PIN
    try:
        security.prove_presence(form.password.data or "")
        facts = {
            "act": security.act(), "head": form.seen, "seal": form.seal.data, "giver_by": giver_by,
            "pin": form.pin.data or "", "remark": form.remark.data or "", "intact": form.intact.data != "no",
        }  # fmt: skip
        with answers.secret("courier-pin", packet.holder_id, is_typed=giver_by is Word.PIN and bool(form.pin.data)):
            manifest = atomically(verb, facts)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    return redirect(url_for("desk.record", receipt=manifest.receipt_no))


@bp.get("/records/<receipt>")
@requires(Right.DESK)
@camera
def record(receipt: str) -> ResponseReturnValue:
    """The biên bản giao nhận. A legal paper: Vietnamese whatever the language of the page around it."""
    manifest = scope.record(security.user(), receipt)
    if manifest.taker_id != security.user().holds_as:
        return redirect(url_for("records.show", receipt=receipt))
    if len(manifest.lines) > 1 or manifest.closed_at is None:
        return redirect(url_for("counts.record", receipt=receipt))
    for _line, one in manifests.lines_of(manifest):
        counters.log_view(one, "desk.record")
    lines = manifests.lines_of(manifest)
    paper = _in_vietnamese(
        "desk/_record.html", manifest=manifest, lines=lines, parties=happenings.holders([manifest.giver_id, manifest.taker_id]),
        desk=security.user().office, receiver=manifests.signer(manifest, Side.TAKER), giver_by=manifest.confirmed(Side.GIVER),
        differences=manifests.differences,
    )  # fmt: skip
    return render_template(
        "desk/record.html", manifest=manifest, lines=lines, paper=paper, later=records.later(manifest)
    )


@bp.get("/packets/<number>/sheet")
@requires(Right.DESK)
def sheet(number: str) -> ResponseReturnValue:
    """The record to be signed by hand, when the courier has no PIN."""
    packet = counters.open_packet(number)
    counters.log_view(packet, "desk.sheet")
    paper = _in_vietnamese(
        "desk/_sheet.html", packet=packet, papers=manifests.contents(packet), desk=security.user().office,
        holder=happenings.holders([packet.holder_id])[packet.holder_id], today=calendar.today(now()),
    )  # fmt: skip
    return render_template("desk/sheet.html", packet=packet, paper=paper)


def _in_vietnamese(template: str, **values: Any) -> Markup:
    with force_locale("vi"):
        return Markup(render_template(template, **values))  # noqa: S704 - the template has escaped it


# ---- the case ---------------------------------------------------------------------------------------------------


@bp.post("/packets/<number>/accept")
@requires(Right.DESK)
@camera
def accept(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Accept()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    told, ours = (form.due_on.data, form.due_time.data), desk.suggested_due(packet.dossier)
    try:
        known = atomically(desk.accept, packet.dossier, security.act(), form.code.data, *told)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    if known:
        flash(_("Accepted. The citizen has been told the due date."), "ok")
    else:
        flash(_("Accepted, but the code has an unusual form. Compare it once more with the receipt."), "warning")
    if ours and ours != told[0]:
        counted = {"told": language.long_date(told[0]), "ours": language.long_date(ours)}
        flash(
            _("Due %(told)s, as the receipt says. By our count it would be %(ours)s: compare once more.", **counted),
            "warning",
        )
    return redirect(url_for("desk.packet", number=number))


@bp.post("/packets/<number>/ready")
@requires(Right.DESK)
@camera
def ready(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Ready()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        atomically(desk.ready, packet.dossier, security.act(), form.listed("bag"), form.listed("old"))
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    flash(_("The result is ready, and the citizen has been told. Seal it now."), "ok")
    return redirect(url_for("desk.packet", number=number))


# ---- out --------------------------------------------------------------------------------------------------------


@bp.post("/packets/<number>/send")
@requires(Right.DESK)
@camera
def send(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Send()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        sealed = atomically(results.send_result, packet.dossier, security.act(), form.seal.data, form.word.data or "")
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    flash(_("Sealed as packet %(number)s. Print the slip and put it on the bag.", number=sealed.number), "ok")
    return redirect(url_for("desk.packet", number=sealed.number))


@bp.post("/packets/<number>/papers-home")
@requires(Right.DESK)
@camera
def papers_home(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), PapersHome()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        sealed = atomically(decisions.return_papers, packet.dossier, security.act(), form.seal.data)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    flash(_("Sealed as packet %(number)s. Print the slip and put it on the bag.", number=sealed.number), "ok")
    return redirect(url_for("desk.packet", number=sealed.number))


@bp.post("/packets/<number>/hand-over")
@requires(Right.DESK)
@camera
def hand_over(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), HandOver()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        security.prove_presence(form.password.data or "")
        with answers.secret("desk-code", packet.number, is_typed=form.has_digits):
            atomically(results.hand_over, packet, security.act(), head=form.seen, **form.given)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    if packet.dossier.state is CaseState.CLOSED:
        flash(_("Handed over in person. The dossier is closed."), "ok")
    else:
        flash(_("Handed over in person. The dossier stays open: papers are still to go back to the citizen."), "stamp")
    return redirect(url_for("desk.packet", number=number))


@bp.post("/packets/<number>/send-again")
@requires(Right.DESK)
@camera
def send_again(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Again()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        atomically(results.send_again, packet, security.act(), form.said)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    flash(_("A courier comes for it again. The citizen has been told when."), "ok")
    return redirect(url_for("desk.packet", number=number))


@bp.get("/packets/<number>/slip.pdf")
@requires(Right.DESK)
def slip(number: str) -> Response:
    packet = counters.open_packet(number)
    counters.log_view(packet, "desk.slip")
    return counters.slip_pdf(packet)
