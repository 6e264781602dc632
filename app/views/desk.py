"""The ward desk's pages: what waits, one scan to the packet, the one right form, the record of handing over."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from app import language, security
from app.db import atomically, now
from app.domain import (
    calendar,
    closing,
    decisions,
    desk,
    dossiers,
    filters,
    forms,
    manifests,
    money,
    numbers,
    queues,
    reception,
    recovered,
    scope,
    visits,
)
from app.domain.calendar import Rule
from app.domain.dossiers import CaseState, Dossier
from app.domain.manifests import Side, Word
from app.domain.packets import Packet
from app.domain.people import Right
from app.domain.procedures import PaperForm
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import counters, narrowing
from app.views.answers import SEE_OTHER
from app.views.counters import Moving, Received, Repeated, Sealed, Spoken, complain
from app.views.decisions import PAGES
from app.views.fields import DateField, HiddenInteger, IntegerField, TimeField, printable, upto

bp = Blueprint("desk", __name__, url_prefix="/desk")
PAPER_NAME = 200  # letters
BLANK_ROWS = 2  # of the result's papers, beyond those we can guess


# ---- forms ------------------------------------------------------------------------------------------------------


class Present(Moving):
    """Asks for the officer's own password, when five minutes have passed."""

    password = PasswordField(_l("Your password"), [Length(max=200)])


class Receive(Present, Sealed):
    act = "receive"
    intact = RadioField(
        _l("Is the seal whole?"),
        choices=[SelectChoice("yes", _l("Whole")), SelectChoice("no", _l("Broken or changed"))],
        default="yes",
    )
    remark = StringField(_l("Remark"), [Length(max=300), printable])
    pin = PasswordField(_l("PIN, six digits, typed by the courier"), [Length(max=12)])
    on_paper = BooleanField(_l("No PIN: they signed the sheet, and it stays here"))


class TakeBack(Receive):
    act = "take-back"


class Accept(Moving):
    act = "accept"
    code = StringField(
        _l("Dossier code of the one-stop system"),
        [InputRequired(_l("Copy the dossier code from the one-stop system")), Length(max=60)],
    )
    due_on = DateField(_l("Due date on the receipt"), [InputRequired(_l("Type the due date from the receipt"))])
    due_time = TimeField(_l("Hour, if it names one"), [MayBeEmpty()])


class ResultPaper(PlainForm):  # type: ignore[misc]
    position = HiddenInteger()  # of the citizen's own paper, where the line is one
    name = StringField(_l("Paper"), [Length(max=PAPER_NAME), printable])
    form = SelectField(
        _l("Form"),
        choices=[
            SelectChoice(PaperForm.ORIGINAL, _l("original")),
            SelectChoice(PaperForm.CERTIFIED, _l("certified copy")),
            SelectChoice(PaperForm.COPY, _l("copy")),
        ],
    )
    sheets = IntegerField(
        _l("Sheets"), [MayBeEmpty(), NumberRange(1, desk.MOST, _l("Type the number of sheets, at least 1"))]
    )
    where = SelectField(
        _l("Where it goes"),
        choices=[SelectChoice("bag", _l("into the bag")), SelectChoice("old", _l("old paper, taken back at the door"))],
        default="bag",
    )


class Ready(Moving):
    act = "ready"
    papers = FieldList(FormField(ResultPaper), max_entries=30)

    def listed(self, where: str) -> list[dict[str, Any]]:
        """Into the bag, or old ones that the courier takes back before handing the bag over."""
        named = (row for row in self.papers.data if (row["name"] or "").strip() and row["where"] == where)
        return [row | {"sheets": row["sheets"] or 1} for row in named]


class Send(Sealed, Spoken):
    act = "send"


class PapersHome(Sealed):
    act = "papers-home"


class HandOver(Present, Received):
    act = "hand-over"
    receipt = StringField(_l("Number of the fee receipt"), [upto(money.RECEIPT)])

    @property
    def given(self) -> dict[str, Any]:
        return super().given | {"receipt": self.receipt.data or ""}


class Again(Repeated):
    act = "send-again"


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
            flash(_("%(name)s stands below the lists now.", name=made.name), "ok")
            return redirect(narrowing.address(made.list, made.says), SEE_OTHER)
    return LISTS.page(status, narrowing.asked().rules, form=form)


@bp.post("/filters/<int:filter_id>/forget")
@requires(Right.DESK)
def forget_filter(filter_id: int) -> ResponseReturnValue:
    gone = atomically(lambda: filters.forget(filter_id, security.act()).list)
    flash(_("The filter is taken away."), "ok")
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
        form = _fresh(act, packet)
    if form is not None:
        form.head.data = packet.head.hex()
    result, again = desk.result_of(dossier), Again(formdata=None, head=packet.head.hex())
    return render_template(
        "desk/packet.html", packet=packet, dossier=dossier, act=act, form=form, says=says,
        holder=queues.holders([packet.holder_id])[packet.holder_id], present=security.is_present(),
        courier=reception.courier_of(packet), history=queues.history(dossier), expected=partial(reception.expected, packet=packet),
        manifest=manifests.of_packet(packet.id), visit=visits.open_visit(packet.id), goes_home=dossier.goes_home, wants_word=desk.wants_word(dossier), fee=desk.fee_due(packet),
        result=result if result and result.id != packet.id else None, lost=desk.lost_result(dossier), going=queues.beside(packet), returning=decisions.to_return(dossier),
        steps=queues.steps_open(dossier, security.user()), pages=PAGES,
        given=forms.given(dossier), next_step=queues.NEXT_STEP.get(dossier.state), missing=dossiers.still_missing(dossier), out=dossiers.still_out(dossier), gone=closing.gone(dossier), again=again, failed=again.about(packet),
        today=calendar.today(now()), hour=calendar.local(now()).time(), printable=counters.printable(packet), recovered={line.position: line for line in recovered.of(dossier)},
    ), status  # fmt: skip


def _fresh(act: str, packet: Packet) -> Moving:
    """The form for the act, filled with what is already known. Nothing of the request: it may be another form's."""
    dossier = packet.dossier
    if act in ("receive", "take-back"):
        base, seen = _receiving(packet) if act == "receive" else TakeBack, reception.as_listed(packet)
        seal, intact = numbers.spoken_seal(seen.seal or ""), "yes" if seen.is_intact else "no"
        return base(formdata=None, seal=seal, intact=intact, remark=seen.remark)
    if act == "accept":
        due = desk.counted_due(dossier)
        hour = due.time() if due and dossier.procedure.clock is Rule.CLOCK else None
        return Accept(formdata=None, due_on=due and due.date(), due_time=hour)
    if act == "ready":
        return Ready(formdata=None, papers=_guessed(dossier))
    if act == "papers-home":
        return PapersHome(formdata=None)
    return Send(formdata=None) if act == "send" else HandOver(formdata=None)


def _receiving(packet: Packet) -> type[Moving]:
    made: type[Moving] = counters.counting(Receive, packet.papers, packet)
    return made


def _guessed(dossier: Dossier) -> list[dict[str, Any]]:
    """The result, the originals that go back, and a few empty lines. The slip is Vietnamese, so its words are."""
    with force_locale("vi"):
        result = _("Result: %(title)s", title=dossier.procedure.official_name)[:PAPER_NAME]
    back = [
        {"name": paper.name, "form": paper.form, "sheets": paper.desk_sheets, "position": paper.position}
        for paper in dossier.papers
        if paper.returned and paper.is_here
    ]
    blank = [{"name": "", "form": PaperForm.ORIGINAL, "sheets": None, "position": None}] * BLANK_ROWS
    return [{"name": result, "form": PaperForm.ORIGINAL, "sheets": 1, "position": None}, *back, *blank]


# ---- in ---------------------------------------------------------------------------------------------------------


@bp.post("/packets/<number>/receive")
@requires(Right.DESK)
@camera
def receive(number: str) -> ResponseReturnValue:
    packet = counters.open_packet(number)
    form = _receiving(packet)()
    counts = counters.counted(form, packet.papers)
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
        with counters.secret("courier-pin", packet.holder_id, is_typed=giver_by is Word.PIN and bool(form.pin.data)):
            manifest = atomically(verb, facts)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    return redirect(url_for("desk.record", receipt=manifest.receipt_no))


@bp.get("/records/<receipt>")
@requires(Right.DESK)
@camera
def record(receipt: str) -> ResponseReturnValue:
    """The biên bản giao nhận. A legal paper: Vietnamese whatever the reader's language."""
    manifest = scope.record(security.user(), receipt)
    if manifest.taker_id != security.user().holds_as:
        return redirect(url_for("records.show", receipt=receipt))
    if len(manifest.lines) > 1 or manifest.closed_at is None:
        return redirect(url_for("counts.record", receipt=receipt))
    for _line, one in manifests.lines_of(manifest):
        counters.log_view(one, "desk.record")
    with force_locale("vi"):
        return render_template(
            "desk/record.html", manifest=manifest, odd_seal=manifests.bears_another_seal, lines=manifests.lines_of(manifest), expected=reception.expected,
            parties=queues.holders([manifest.giver_id, manifest.taker_id]), desk=security.user().office,
            receiver=manifests.signer(manifest, Side.TAKER), giver_by=manifest.confirmed(Side.GIVER), differences=reception.differences,
        )  # fmt: skip


@bp.get("/packets/<number>/sheet")
@requires(Right.DESK)
def sheet(number: str) -> ResponseReturnValue:
    """The record to be signed by hand, when the courier has no PIN."""
    packet = counters.open_packet(number)
    counters.log_view(packet, "desk.sheet")
    with force_locale("vi"):
        return render_template(
            "desk/sheet.html", packet=packet, expected=reception.expected, desk=security.user().office,
            holder=queues.holders([packet.holder_id])[packet.holder_id], today=calendar.today(now()),
        )  # fmt: skip


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
        sealed = atomically(desk.send_result, packet.dossier, security.act(), form.seal.data, form.word.data or "")
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
        with counters.secret("desk-code", packet.number, is_typed=form.has_digits):
            atomically(desk.hand_over, packet, security.act(), head=form.seen, **form.given)
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
        atomically(desk.send_again, packet, security.act(), form.said)
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
