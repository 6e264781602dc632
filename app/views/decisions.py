"""The decisions of a ward desk: one page a step of the case, one question asked at a time; and the papers they make."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from app import language, security
from app.db import atomically, now
from app.domain import calendar, decisions, desk, deskforms, dossiers, fees, forms, happenings, money, queues, registers
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import Act, Right
from app.domain.procedures import PaperForm
from app.errors import Missing, Refused
from app.security import requires
from app.views import answers, counter_forms, counters, telling
from app.views.answers import SEE_OTHER, base_url, file_answer
from app.views.fields import DateField, Form, IntegerField, PlainForm, SumField, TimeField, printable, upto
from app.views.fields import seal as seal_field
from app.views.presses import by_the_press

bp = Blueprint("decisions", __name__, url_prefix="/desk")
ROWS = 4  # papers that can be asked for in one go, beyond those already typed
WORDS = [upto(decisions.LONGEST), printable]


def _because(event: str) -> RadioField:
    choices = [SelectChoice(reason, telling.WHY[reason]) for reason in decisions.REASONS[event]]
    return RadioField(_l("Why?"), [InputRequired(_l("Choose the reason"))], choices=choices)


class Step(Form):
    """Carries the step the page showed last, so that a page that has moved on is told so."""

    seen = HiddenField()

    @property
    def known(self) -> int:
        return int(self.seen.data) if (self.seen.data or "").isdigit() else 0


class Explained(Step):
    words = TextAreaField(_l("In your own words, for the citizen"), WORDS)


class Refuse(Explained):
    reason = _because("refuse")


class Wanted(PlainForm):
    name = StringField(_l("Paper"), [Length(max=200), printable])
    form = SelectField(
        _l("Form"),
        choices=[
            SelectChoice(PaperForm.CERTIFIED, _l("certified copy")),
            SelectChoice(PaperForm.ORIGINAL, _l("original")),
            SelectChoice(PaperForm.COPY, _l("copy")),
        ],
        default=PaperForm.CERTIFIED,
    )
    copies = IntegerField(_l("Copies"), [MayBeEmpty(), NumberRange(1, 99, _l("Type a number from 1 to 99"))])


class AskMore(Explained):
    papers = FieldList(FormField(Wanted), min_entries=ROWS, max_entries=20)
    reason = _because("ask_more")
    until = DateField(_l("Wait for them until"), [InputRequired(_l("Type a day"))])

    @property
    def listed(self) -> list[dict[str, Any]]:
        return [row | {"copies": row["copies"] or 1} for row in self.papers.data if (row["name"] or "").strip()]


class Supply(Step):
    channel = RadioField(
        _l("How did they come?"),
        choices=[SelectChoice("desk", _l("Brought to this desk")), SelectChoice("online", _l("Sent online"))],
        default="desk",
    )


class AskFee(Explained):
    amount = SumField(
        _l("Fee in đồng"),
        [InputRequired(_l("Type the sum in đồng, for example 15000")),
         NumberRange(1, decisions.MOST_FEE, _l("Type a sum of at least 1 đồng"))],
    )  # fmt: skip


class Pay(Step):
    receipt = StringField(
        _l("Number of the fee receipt"), [InputRequired(_l("Type the number on the receipt")), upto(money.RECEIPT)]
    )


class Extend(Explained):
    new_due = DateField(_l("New day"), [InputRequired(_l("Type the new day"))])
    reason = _because("extend")
    whose = RadioField(
        _l("Who caused the delay?"),
        [InputRequired(_l("Choose who caused it"))],
        choices=[
            SelectChoice("ours", _l("This office's")),
            SelectChoice("other_agency", _l("Another agency's")),
            SelectChoice("citizen", _l("The citizen's")),
        ],
    )
    work_done = TextAreaField(_l("What has been done so far"), WORDS)


class AskStop(Step):
    channel = RadioField(
        _l("How did the citizen ask?"),
        choices=[SelectChoice("desk", _l("On paper, at this desk")), SelectChoice("post", _l("In a letter by post"))],
        default="desk",
    )


class StopNow(Explained):
    pass


class Redate(Step):
    due_on = DateField(_l("Due date on the receipt"), [InputRequired(_l("Type the due date from the receipt"))])
    due_time = TimeField(_l("Hour, if it names one"), [MayBeEmpty()])


class GoOn(Step):
    reason = _because("go_on")


class Transfer(Step):
    to = SelectField(_l("To which desk?"), coerce=int)
    reason = _because("transfer")
    seal = seal_field()


class Forward(Transfer):
    reason = _because("forward")


Take = Callable[[Dossier, Act, Any, int], Any]


class Page(NamedTuple):
    form: type[Step]
    take: Take
    title: Any
    button: Any
    icon: str
    done: Any


# fmt: off
PAGES: dict[str, Page] = {
    "refuse": Page(Refuse, lambda d, act, f, seen: decisions.refuse(d, act, f.reason.data, f.words.data or "", seen),
        _l("Not accept the dossier"), _l("Do not accept, and give the refusal"), "refuse", _l("Not accepted. Print the refusal, then seal the papers for their way home.")),
    "ask_more": Page(AskMore, lambda d, act, f, seen: decisions.ask_more(d, act, f.listed, f.reason.data, f.words.data or "", f.until.data, seen),
        _l("Ask for more papers"), _l("Ask once, for all of them"), "list", _l("The citizen has been told. The time stands still until everything is there.")),
    "supply": Page(Supply, lambda d, act, f, seen: decisions.supply(d, act, _counts(d, f), f.channel.data, seen),
        _l("The papers asked for are there"), _l("All there: count the time anew"), "check", _l("Complete. The time is counted from now, and the citizen has been told.")),
    "redate": Page(Redate, lambda d, act, f, seen: decisions.redate(d, act, f.due_on.data, f.due_time.data, seen),
        _l("Type the new day of the one-stop system"), _l("Note the new day, and tell it"), "calendar", _l("Noted. The citizen has been told the new day.")),
    "ask_fee": Page(AskFee, lambda d, act, f, seen: decisions.ask_fee(d, act, f.amount.data, f.words.data or "", seen),
        _l("Ask for a fee"), _l("Ask for the fee"), "money", _l("The citizen has been told the fee.")),
    "pay": Page(Pay, lambda d, act, f, seen: decisions.pay(d, act, f.receipt.data, seen),
        _l("The fee is paid"), _l("Note the payment and go on"), "check", _l("Paid. Work goes on.")),
    "begin": Page(Step, lambda d, act, f, seen: decisions.begin(d, act, seen),
        _l("Begin the work"), _l("Hand it to the specialist"), "next", _l("In work.")),
    "extend": Page(Extend, lambda d, act, f, seen: decisions.extend(d, act, f.new_due.data, f.reason.data, f.words.data or "", f.whose.data, f.work_done.data or "", seen),
        _l("Put the day off, and apologise"), _l("Apologise and name the new day"), "clock", _l("The citizen has been told the new day. Print the apology.")),
    "ask_stop": Page(AskStop, lambda d, act, f, seen: decisions.ask_stop(d, act, f.channel.data, seen),
        _l("The citizen asks to stop"), _l("Note the request to stop"), "stop", _l("Noted. Look whether anything has been decided, then answer.")),
    "stop": Page(StopNow, lambda d, act, f, seen: decisions.stop(d, act, f.words.data or "", seen),
        _l("Stop, as the citizen asks"), _l("Nothing is decided: stop"), "stop", _l("Stopped. Print the notice, then seal the papers for their way home.")),
    "go_on": Page(GoOn, lambda d, act, f, seen: decisions.go_on(d, act, f.reason.data, seen),
        _l("Go on in spite of the request to stop"), _l("Go on"), "next", _l("It goes on, and the citizen has been told.")),
    "fee_back": Page(Pay, lambda d, act, f, seen: decisions.give_fee_back(d, act, f.receipt.data, seen),
        _l("Give the fee back"), _l("The citizen has it: note it"), "money", _l("Noted. The citizen has been told.")),
    "transfer": Page(Transfer, lambda d, act, f, seen: decisions.transfer(d, act, f.to.data, f.reason.data, f.seal.data, seen=seen),
        _l("Pass it on to the right desk"), _l("Seal it and pass it on"), "desk", _l("Sealed as packet %(number)s. Print the slip; a courier takes it to the other desk.")),
    "forward": Page(Forward, lambda d, act, f, seen: decisions.transfer(d, act, f.to.data, f.reason.data, f.seal.data, "forward", seen),
        _l("Send it to the office that does its part"), _l("Seal it and send it"), "desk", _l("Sealed as packet %(number)s. Print the slip; a courier takes it to the other desk.")),
}
EVENTS = {  # what a colleague has just recorded
    "accept": _l("accepted"), "refuse": _l("not accepted"), "ask_more": _l("more papers asked for"), "supply": _l("the papers came"), "redate": _l("a new day"),
    "ask_fee": _l("a fee asked for"), "pay": _l("the fee paid"), "fee_back": _l("the fee given back"), "begin": _l("in work"), "extend": _l("put off, with an apology"),
    "ask_stop": _l("the citizen asks to stop"), "stop": _l("stopped"), "go_on": _l("goes on"), "transfer": _l("passed on"),
    "forward": _l("sent on"), "ready": _l("the result is ready"), "close": _l("closed"), "reopen": _l("opened again"), "submit": _l("received"),
}
# The field a refusal belongs to, besides those of the counters.
FIELDS = {
    "reason_needed": "reason", "words_needed": "words", "words_long": "words", "supplement_papers": "papers", "due_not_later": "new_due",
    "due_closed": "new_due", "extend_in_time": "new_due", "fee_amount": "amount", "receipt_needed": "receipt", "desk_unknown": "to",
}
# fmt: on


def _counts(dossier: Dossier, form: Step) -> dict[int, int]:
    return counter_forms.counted(form, dossiers.still_missing(dossier))


def _form(step: str, dossier: Dossier) -> Step:
    """The step's own form; with a number for each paper, the desks there are, the day we would wait until."""
    if step == "supply":
        made: Step = counter_forms.counting(Supply, dossiers.still_missing(dossier), attrgetter("given"))()
    else:
        made = PAGES[step].form()
    if isinstance(made, Transfer):
        made.to.choices = [SelectChoice(office.id, office.name) for office in decisions.other_desks(dossier)]
    if isinstance(made, AskMore) and not made.is_submitted():
        made.until.data = calendar.today(now()) + decisions.PATIENCE
    return made


@bp.route("/packets/<number>/case/<step>", methods=["GET", "POST"])
@requires(Right.DESK)
def decide(number: str, step: str) -> ResponseReturnValue:
    packet = counters.open_packet(number)
    if step not in PAGES:
        raise Missing("step_unknown")
    dossier, page = packet.dossier, PAGES[step]
    form = _form(step, dossier)
    if not form.is_submitted():
        if step not in queues.steps_open(dossier, security.user(), calendar.today(now())):
            return redirect(url_for("desk.packet", number=number))
        return _page(packet, step, form)
    if not form.validate():
        return _page(packet, step, form, 422)
    try:
        made = atomically(page.take, dossier, security.act(), form, form.known)
    except Refused as refusal:
        return _page(packet, step, form, _complain(form, refusal))
    number = made.number if isinstance(made, Packet) else number
    flash(str(page.done) % {"number": number}, "ok")
    if step == "supply" and dossier.due_on:
        flash(
            _("Due %(day)s by our count. Compare with the one-stop system.", day=language.long_date(dossier.due_on)), ""
        )
    return redirect(url_for("desk.packet", number=number), SEE_OTHER)


def _complain(form: Step, refusal: Refused) -> int:
    if refusal.key == "case_moved":
        event = str(EVENTS.get(str(refusal.values.get("event")), ""))
        form.form_errors.append(
            _("Somebody has just recorded: %(what)s. Look again; nothing of yours has been recorded.", what=event)
        )
        return refusal.status
    return answers.complain(form, refusal, FIELDS)


def _page(packet: Packet, step: str, form: Step, status: int = 200) -> ResponseReturnValue:
    counters.log_view(packet, f"desk.{step}")
    dossier = packet.dossier
    form.seen.data = str(decisions.newest(dossier))
    still_open = step in queues.steps_open(dossier, security.user(), calendar.today(now()))
    return render_template(
        "desk/decide.html", packet=packet, dossier=dossier, step=step, page=PAGES[step], form=form, still_open=still_open,
        missing=dossiers.still_missing(dossier), today=calendar.today(now()), hour=calendar.local(now()).time(),
        history=happenings.of(dossier), asked=telling.stop_asked(dossier), fee=fees.paid(dossier),
        counting=desk.counting(dossier) if step in ("transfer", "forward") else {},
    ), status  # fmt: skip


@bp.get("/packets/<number>/papers/<form>.pdf")
@requires(Right.DESK)
def paper(number: str, form: str) -> Response | ResponseReturnValue:
    """A form of the case, as it was given out."""
    packet = counters.open_packet(number)
    counters.log_view(packet, "desk.form")
    if form == "control":
        return file_answer(
            registers.control_pdf(packet.dossier, now()), "application/pdf", f"{packet.dossier.number}-control.pdf"
        )
    found = forms.get(packet.dossier, form)
    return file_answer(deskforms.pdf(found, base_url()), "application/pdf", f"{packet.dossier.number}-{form}.pdf")


@bp.get("/register.pdf")
@requires(Right.DESK)
@by_the_press
def register() -> Response | ResponseReturnValue:
    """A volume of the desk's book of this year; who opened it is logged for every dossier in it. Where there are several,
    which one is asked first."""
    user, at = security.user(), now()
    assert user.office
    year, volume = calendar.today(at).year, request.args.get("volume", 0, type=int)
    count = registers.volumes(user.office, year)
    if not volume and count > 1:
        return render_template("desk/register.html", year=year, count=count, longest=forms.LONGEST)
    atomically(registers.viewed, user, year, at, volume or 1)
    pdf = registers.register_pdf(user.office, year, at, volume or 1)
    return file_answer(pdf, "application/pdf", f"register-{year}-{volume or 1:02}.pdf")
