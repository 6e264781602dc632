"""The post office's pages: what comes in, what is held, one scan to the packet and its one right form."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectChoice, SelectField
from wtforms.validators import InputRequired

from app import security
from app.db import atomically, now
from app.domain import (
    calendar,
    codes,
    counter,
    fees,
    happenings,
    numbers,
    photos,
    queues,
    reception,
    scope,
    shelf,
    takings,
    visits,
)
from app.domain.packets import Packet, Way
from app.domain.people import Right
from app.domain.places import Office
from app.errors import Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import answers, counter_forms, counters
from app.views.answers import complain
from app.views.counter_forms import Moving, Paid, Proven, Received, Repeated, Sealed

bp = Blueprint("office", __name__, url_prefix="/office")


# ---- forms ------------------------------------------------------------------------------------------------------


class Accept(Paid, Sealed):
    act = "accept"


class HandIn(Sealed):
    act = "hand-in"


class HandOut(Received, Paid, Sealed):
    act = "hand-out"
    fee_back = BooleanField(_l("The fee was counted back into their hand"))

    @property
    def given(self) -> dict[str, Any]:
        return super().given | {"fee_back": self.fee_back.data}


class Confirm(Proven):
    act = "confirm"


class Reprint(Moving):
    act = "reprint"
    reason = SelectField(
        _l("Why is it printed again?"),
        [InputRequired(_l("Choose why the slip is printed again"))],
        choices=[
            SelectChoice("", _l("Choose")),
            SelectChoice("damaged", _l("The slip is damaged")),
            SelectChoice("lost", _l("The slip is lost")),
            SelectChoice("unreadable", _l("The code cannot be scanned")),
            SelectChoice("wrong_paper", _l("It was printed badly")),
        ],
    )


class Shelve(Repeated):
    """What is decided about a result that lies here: `word` is the button that was pressed."""

    word = HiddenField()
    reason = SelectField(
        _l("Why does it go back?"),
        default="",
        choices=[
            SelectChoice("", _l("Choose")),
            *(SelectChoice(reason, words) for reason, words in counter_forms.WENT_BACK.items()),
        ],
    )


# ---- what waits -------------------------------------------------------------------------------------------------


LISTS = counters.Lists("office", queues.POST)


@bp.get("/")
@requires(Right.COUNTER)
@camera
def home() -> ResponseReturnValue:
    return LISTS.page()


@bp.get("/queues")
@requires(Right.COUNTER)
def counts() -> ResponseReturnValue:
    """The counts alone, for the page that is already open."""
    return LISTS.counts()


@bp.get("/find")
@requires(Right.COUNTER)
@camera
def find() -> ResponseReturnValue:
    return LISTS.find()


# ---- one packet -------------------------------------------------------------------------------------------------


@bp.get("/packets/<number>")
@requires(Right.COUNTER)
@camera
def packet(number: str) -> ResponseReturnValue:
    return _page(counters.open_packet(number))


def _page(
    packet: Packet, form: Moving | None = None, status: int = 200, reprint: Reprint | None = None,
    shelve: Shelve | None = None,
) -> ResponseReturnValue:  # fmt: skip
    """The packet with its one form; a form that no longer fits leaves its words, not its fields."""
    counters.log_view(packet, "office.packet")
    act, says = queues.at_post(packet, _office()), []
    if form is not None and form.act != act:
        says = list(form.form_errors) or [sentence(Refused("page_too_old", number=packet.number))]
        form = None
    if form is None and act:
        form = _fresh(act, packet)
    if form is not None:
        form.head.data = packet.head.hex()
    shelve = shelve or Shelve(formdata=None, head=packet.head.hex())
    return render_template(
        "office/packet.html", packet=packet, dossier=packet.dossier, act=act, form=form, says=says,
        holder=happenings.holders([packet.holder_id])[packet.holder_id], courier=reception.courier_of(packet),
        owed=fees.post_owes(packet.dossier), due=takings.due(packet) if act == "accept" or (act == "hand-out" and packet.way is Way.OUT) else None,
        history=happenings.of(packet.dossier), visit=visits.open_visit(packet.id),
        handover=scope.handover_of(security.user(), packet), photos=photos.of_packet(packet), held=codes.held_until(packet.dossier.citizen, now()), printable=counters.printable(packet),
        reprint=reprint or Reprint(formdata=None), shelf=_shelf(packet) if act == "hand-out" else None,
        shelve=shelve, failed=shelve.about(packet), today=calendar.today(now()), hour=calendar.local(now()).time(),
    ), status  # fmt: skip


def _shelf(packet: Packet) -> dict[str, Any] | None:
    """What may be decided about a packet to a citizen, and what has been."""
    if packet.way is not Way.OUT:
        return None
    nth, first = shelf.next_letter(packet.id)
    return {
        "nth": nth, "first": first, "letters": shelf.letters(packet.id), "most": shelf.LETTERS, "until": shelf.keep_until(packet.id),
        "said": shelf.decided(packet), "by_post": packet.dossier.returns_by_post,
        "may_write": nth <= shelf.LETTERS and (first is None or first <= calendar.today(now())),
    }  # fmt: skip


def _fresh(act: str, packet: Packet) -> Moving:
    seal = numbers.spoken_seal(packet.seal or "")
    if act == "accept":
        made: Moving = counter_forms.counting(Accept, packet.papers, packet.promised)(formdata=None)
        return made
    if act == "hand-in":
        return HandIn(formdata=None, seal=seal)
    if act == "hand-out":
        return HandOut(formdata=None, seal=seal)
    return Confirm(formdata=None)


def _office() -> Office:
    office = security.user().office
    if office is None:
        raise Refused("no_office")
    return office


# ---- acts -------------------------------------------------------------------------------------------------------


@bp.post("/packets/<number>/accept")
@requires(Right.COUNTER)
@camera
def accept(number: str) -> ResponseReturnValue:
    packet = counters.open_packet(number)
    form = counter_forms.counting(Accept, packet.papers, packet.promised)()
    counts = counter_forms.counted(form, packet.papers)

    def work(**facts: Any) -> None:
        counter.accept(packet, security.act(), counts=counts, seal=form.seal.data, head=form.seen, **facts)

    return _proven(packet, form, work, _("Taken in and sealed. The citizen has been told."))


@bp.post("/packets/<number>/hand-in")
@requires(Right.COUNTER)
@camera
def hand_in(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), HandIn()
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        atomically(counter.hand_in, packet, security.act(), form.seen, form.seal.data)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    flash(_("Packet %(number)s is now held here.", number=packet.number), "ok")
    return redirect(url_for("office.packet", number=number))


@bp.post("/packets/<number>/hand-out")
@requires(Right.COUNTER)
@camera
def hand_out(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), HandOut()

    def work(**facts: Any) -> None:
        counter.hand_out(packet, security.act(), seal=form.seal.data, head=form.seen, **facts)

    return _proven(packet, form, work, _("Handed out in person."))


@bp.post("/packets/<number>/confirm")
@requires(Right.COUNTER)
@camera
def confirm(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Confirm()

    def work(**facts: Any) -> None:
        counter.confirm(packet, security.act(), **facts)

    return _proven(packet, form, work, _("The delivery is proven. The courier is no longer answerable for it."))


def _proven(packet: Packet, form: Any, work: Any, done: str) -> ResponseReturnValue:
    """An act that needs the citizen's digits or signature; tries at the digits are counted."""
    number = packet.number
    if not form.validate_on_submit():
        return _page(packet, form, 422)
    try:
        with answers.secret("office-code", number, is_typed=form.has_digits):
            atomically(work, **form.given)
    except Refused as refusal:
        return _page(packet, form, complain(form, refusal))
    flash(done, "ok")
    return redirect(url_for("office.packet", number=number))


@bp.post("/packets/<number>/shelf")
@requires(Right.COUNTER)
@camera
def shelve(number: str) -> ResponseReturnValue:
    """Keep it for whoever calls, send a letter, have a courier try again, or send it back to its desk."""
    packet, form, act = counters.open_packet(number), Shelve(), security.act()
    if not form.validate_on_submit():
        return _page(packet, status=422, shelve=form)
    verbs: dict[str, tuple[Any, str]] = {
        "keep": (lambda: counter.keep(packet, act, form.seen), _("Kept here. The citizen has been told, with a new code.")),
        "letter": (lambda: counter.send_letter(packet, act, form.seen), _("Print the letter and send it today. The citizen has been told as well.")),
        "again": (lambda: counter.try_again(packet, act, form.seen, form.said), _("A courier tries once more. The citizen has been told when.")),
        "home": (lambda: counter.bring_home(packet, act, form.seen), _("A courier brings the papers home. The citizen has been told when.")),
        "back": (lambda: counter.send_back(packet, act, form.reason.data or "", form.seen), _("It goes back to the ward desk with the next courier.")),
    }  # fmt: skip
    if form.word.data not in verbs:
        return redirect(url_for("office.packet", number=number))
    verb, done = verbs[form.word.data]
    try:
        atomically(verb)
    except Refused as refusal:
        return _page(
            packet, status=complain(form, refusal, {"back_reason": "reason", "letters_owed": "reason"}), shelve=form
        )
    flash(done, "ok")
    return redirect(url_for("office.packet", number=number))


@bp.post("/packets/<number>/reprint")
@requires(Right.COUNTER)
@camera
def reprint(number: str) -> ResponseReturnValue:
    packet, form = counters.open_packet(number), Reprint()
    if not form.validate_on_submit():
        return _page(packet, status=422, reprint=form)
    try:
        slip_ = atomically(counter.reprint, packet, security.act(), form.reason.data)
    except Refused as refusal:
        return _page(packet, status=complain(form, refusal), reprint=form)
    flash(
        _("Slip no. %(issue)s is valid now; older ones are void. Print it and put it on the bag.", issue=slip_.issue),
        "ok",
    )
    return redirect(url_for("office.packet", number=number))


@bp.get("/packets/<number>/slip.pdf")
@requires(Right.COUNTER)
def slip(number: str) -> Response:
    packet = counters.open_packet(number)
    counters.log_view(packet, "office.slip")
    return counters.slip_pdf(packet)
