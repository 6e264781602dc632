"""Results on their way home: asked whether they will find the citizen, sealed many at a time, and what came back."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from app import security
from app.db import atomically, now
from app.domain import (
    calendar,
    happenings,
    manifests,
    numbers,
    queues,
    reception,
    recovered,
    repeats,
    results,
    scope,
    slips,
    visits,
)
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.manifests import Side
from app.domain.people import Right
from app.errors import Missing, Refused
from app.language import NAMES
from app.security import requires
from app.sentences import sentence
from app.views import answers, counter_forms, counters
from app.views.answers import base_url, file_answer
from app.views.fields import Form, courier_pin, printable
from app.views.presses import by_the_press

bp = Blueprint("results", __name__, url_prefix="/desk/results")
MOST = 100  # slips printed in one go
ANSWERS = {
    "reached": _l("Asked, and this is right"),
    "no_answer": _l("Nobody answered"),
    "wrong_number": _l("The number is somebody else's, or out of service"),
}


class Ask(Form):
    phone = StringField(_l("Phone"), [InputRequired(_l("Type the phone number")), Length(max=30)])
    second_phone = StringField(_l("Second phone"), [Length(max=30)])
    street = StringField(
        _l("House and street"), [InputRequired(_l("Type the house number and the street")), Length(max=200), printable]
    )
    proxy = StringField(_l("Who else may receive it, with a letter of authorisation"), [Length(max=120), printable])
    language = RadioField(
        _l("Messages are written in"),
        [Optional(), AnyOf(list(NAMES), _l("Choose one of these languages."))],
        choices=[SelectChoice(key, name) for key, name in NAMES.items()],
        validate_choice=False,
    )
    answer = RadioField(
        _l("What came of it?"),
        [InputRequired(_l("Say what came of it"))],
        choices=[SelectChoice(key, words) for key, words in ANSWERS.items()],
    )


@bp.get("/")
@requires(Right.DESK)
def home() -> ResponseReturnValue:
    return _home({}, {})


@bp.post("/")
@requires(Right.DESK)
def seal() -> ResponseReturnValue:
    """Every row whose seal was typed is a packet of its own; a row that is refused keeps what was typed."""
    typed = {
        name.removeprefix("seal-"): text.strip()[:40] for name, text in request.form.items() if name.startswith("seal-")
    }
    listed = [(number, text) for number, text in typed.items() if text][: queues.MOST]
    asked = counter_forms.Spoken()
    word = asked.word.data or ""
    if not word and (unasked := _unasked([number for number, _text in listed])):
        return _home(typed, {}, status=422, unasked=unasked, asked=asked)
    done, wrong = [], {}
    for number, text in listed:
        try:
            dossier = scope.dossier(security.user(), number)
            done.append(atomically(results.send_result, dossier, security.act(), text, word).number)
        except Missing:
            continue
        except Refused as refusal:
            wrong[number] = sentence(refusal)
    if wrong or not done:
        return _home(typed, wrong or {"": _("Type the seal number beside each result that is in its bag.")}, done, 422)
    flash(
        ngettext(
            "%(num)d result is sealed. Print its slips.", "%(num)d results are sealed. Print their slips.", len(done)
        ),
        "ok",
    )
    return redirect(url_for("results.home", sealed=done), 303)


def _unasked(listed: list[str]) -> list[Dossier]:
    """Those of these dossiers that nobody has spoken with the citizen about: one word is asked for all of them."""
    found = []
    for number in listed:
        with suppress(Missing):
            found.append(scope.dossier(security.user(), number))
    return [one for one in found if one.state is CaseState.RESULT_READY and results.wants_word(one)]


@bp.get("/slips.pdf")
@requires(Right.DESK)
@by_the_press
def printed() -> ResponseReturnValue:
    """The slips of several results, one after another."""
    found = [counters.open_packet(number) for number in request.args.getlist("sealed")[:MOST]]
    if not found:
        return redirect(url_for("results.home"))
    for packet in found:
        counters.log_view(packet, "desk.slip")
    pdf = slips.pdf(found, base_url())
    return file_answer(pdf, "application/pdf", "slips.pdf")


@bp.route("/<number>/ask", methods=["GET", "POST"])
@requires(Right.DESK)
def ask(number: str) -> ResponseReturnValue:
    """Whether address and phone are right still, asked of the citizen before the packet leaves."""
    packet = counters.open_packet(number)
    citizen = packet.dossier.citizen
    known = {
        "phone": numbers.spoken_phone(citizen.phone),
        "second_phone": numbers.spoken_phone(citizen.second_phone or ""),
        "street": citizen.street,
        "proxy": citizen.proxy or "",
        "language": citizen.language,
    }
    form = Ask() if request.method == "POST" else Ask(formdata=None, **known)
    if request.method == "POST" and form.validate():
        facts = {name: form[name].data or "" for name in known}
        try:
            atomically(results.reconfirm, packet.dossier, security.act(), form.answer.data, **facts)
        except Refused as refusal:
            return _ask(packet, form, answers.complain(form, refusal, {refusal.key: _field(form, refusal)}))
        flash(_("Noted, with the moment and your name."), "ok")
        return redirect(url_for("desk.packet", number=packet.number), 303)
    return _ask(packet, form, 422 if form.errors else 200)


class TakeOld(Form):
    """Old papers somebody brings: what is ticked, and their word."""

    holder = HiddenField()
    line = SelectMultipleField(coerce=int, validate_choice=False)
    pin = courier_pin()
    on_paper = BooleanField(_l("No PIN: they signed the list, and it stays here"))


@bp.post("/old-papers")
@requires(Right.DESK)
def take_old() -> ResponseReturnValue:
    """Old papers given up at doors are here: the line of each is closed."""
    form, act = TakeOld(), security.act()
    if not form.validate_on_submit():
        return _home({}, {}, status=422, old=form)
    ids, holder, pin = set(form.line.data or ()), (form.holder.data or "")[:40], form.pin.data or ""
    try:
        with answers.secret("courier-pin", holder, is_typed=bool(pin) and not form.on_paper.data):
            done = atomically(
                lambda: reception.take_recovered(ids, holder, act, pin, on_paper=bool(form.on_paper.data))
            )
    except Refused as refusal:
        return _home({}, {}, status=answers.complain(form, refusal, {"papers_none": "line"}), old=form)
    flash(ngettext("%(num)d old paper is here.", "%(num)d old papers are here.", done), "ok")
    return redirect(url_for("results.home"), 303)


def _field(form: Ask, refusal: Refused) -> str:
    """A number that is no phone's may stand in either field; the second one only when it was typed."""
    if refusal.key in ("street_missing", "street_form", "text_long"):
        return "street"
    return "phone"


def _ask(packet: Any, form: Ask, status: int) -> ResponseReturnValue:
    counters.log_view(packet, "desk.ask")
    dossier = packet.dossier
    return render_template(
        "desk/ask.html",
        packet=packet,
        dossier=dossier,
        form=form,
        answers=ANSWERS,
        calls=results.calls(dossier),
        today=calendar.today(now()),
        hour=calendar.local(now()).time(),
    ), status


def _home(
    typed: dict[str, str], wrong: dict[str, str], done: list[str] | None = None, status: int = 200,
    old: TakeOld | None = None, unasked: list[Dossier] | None = None, asked: counter_forms.Spoken | None = None,
) -> ResponseReturnValue:  # fmt: skip
    user, at = security.user(), now()
    back, coming = queues.rows(queues.DESK["back"], user, at), recovered.coming(user)
    rows = queues.rows(queues.DESK["send"], user, at)
    text = render_template(
        "desk/results.html", rows=rows, typed=typed, wrong=wrong, back=back, unasked=unasked, asked_form=asked,
        sealed=(done or []) + request.args.getlist("sealed")[:MOST], answers=ANSWERS, why_failed=counter_forms.why_failed,
        tried=visits.tried(row.packet.id for row in back), late={row.packet.id for row in back if results.waits_too_long(row.packet.dossier, row.since, at)},
        failures=repeats.failures([row.packet.id for row in back]), today=calendar.today(at), hour=calendar.local(at).time(),
        coming=coming, holders=happenings.holders(coming), old=old or TakeOld(formdata=None),
        unsaid=manifests.without_word(Side.GIVER, giver_id=user.holds_as),
    )  # fmt: skip
    old_papers = {line.dossier_id for lines in coming.values() for line in lines}
    counters.log_names("desk.results", old_papers | {row.packet.dossier_id for row in (*rows, *back)})
    return text, status
