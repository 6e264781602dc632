"""What citizens may ask about their own data: their page and their copy, behind the code that opens details; and the register
of what was asked, for whoever answers."""

import json
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.validators import Optional as MayBeEmpty

from app import language, security
from app.db import atomically, now
from app.domain import calendar, copies, petitions
from app.domain.copies import Kept
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import of_dossier as packets_of
from app.domain.people import Act, Language, Right
from app.domain.petitions import Channel, Facts, Kind, Petition
from app.domain.postage import Stream
from app.domain.visits import VisitKind, VisitState
from app.errors import Refused
from app.integrations.wording import words as message_words
from app.language import written_for
from app.security import public, requires
from app.views import answers, counters, grants, incidents, lookups, votes
from app.views.answers import SEE_OTHER, throttle
from app.views.fields import DateField, Form, Needed, printable, upto
from app.views.grants import DAY
from app.views.staff import ROLES
from app.views.telling import HOLDERS
from app.views.tracking import dossier_of

bp = Blueprint("petitions", __name__)

# fmt: off
KINDS = {
    Kind.CORRECT: _l("Correct something that is wrong"),
    Kind.COPY: _l("A copy on paper"),
    Kind.RESTRICT: _l("Let only staff who handle complaints open it"),
    Kind.ERASE: _l("Delete the data"),
    Kind.OBJECT: _l("Withdraw your consent, or object to something"),
}
CHANNELS = {
    Channel.PAPER: _l("by letter"), Channel.PHONE: _l("by telephone"), Channel.COUNTER: _l("at a counter"),
}
CAME = CHANNELS | {Channel.WEB: _l("on their tracking page")}
WAYS = {ReturnWay.HOME: _l("brought home"), ReturnWay.POST: _l("to be picked up at the post office"), ReturnWay.DESK: _l("to be picked up at the ward")}
STREAMS = {Stream.POSTAGE: _l("Postage"), Stream.FEE: _l("The ward's fee")}
VISITS = {VisitKind.COLLECT: _l("to collect"), VisitKind.DELIVER: _l("to deliver")}
STATES = {
    VisitState.SCHEDULED: _l("arranged"), VisitState.ASSIGNED: _l("arranged"), VisitState.EN_ROUTE: _l("on the way"),
    VisitState.DONE: _l("done"), VisitState.MISSED: _l("failed"), VisitState.CANCELLED: _l("cancelled"),
}
LAWS = {
    "not_over": _l("The data are still needed: the dossier is not finished, or a matter about it is still open. Please ask again once that is done."),
    "contract_kept": _l("The slip is a contract, and by law the post must keep what is on it (TT 17/2017, Article 14). You may ask us to let only staff who handle complaints open it."),
}
# fmt: on
FIELDS = {
    "petition_words": "words",
    "words_long": "words",
    "petition_answer": "words",
    "petition_open": "kind",
    "petition_day": "came_on",
    "number_form": "number",
    "number_check": "number",
    "packet_unknown": "number",
    "nothing_kept": "number",
    "sticker_unused": "number",
    "name_form": "name",
    "street_form": "street",
    "phone_short": "phone",
    "phone_long": "phone",
    "phone_unknown": "phone",
    "not_over": "outcome",
    "contract_kept": "outcome",
    "petition_others": "outcome",
    "petition_grantable": "outcome",
    "petition_heard": "outcome",
}  # fmt: skip


class Ask(Form):
    kind = RadioField(
        _l("What would you like to ask for?"),
        [InputRequired(_l("Choose what you would like to ask for"))],
        choices=[SelectChoice(key, words) for key, words in KINDS.items()],
    )
    words = TextAreaField(_l("In your own words"), [Length(max=petitions.LONGEST)])


class Enter(Form):
    number = StringField(_l("Tracking number"), [Needed(), Length(max=40)])
    kind = RadioField(
        _l("What is requested?"),
        [InputRequired(_l("Choose what is requested"))],
        choices=[SelectChoice(key, words) for key, words in KINDS.items()],
    )
    channel = RadioField(
        _l("How did it arrive?"),
        [InputRequired(_l("Choose how it arrived"))],
        choices=[SelectChoice(key, words) for key, words in CHANNELS.items()],
    )
    came_on = DateField(_l("On which day did it arrive?"), [InputRequired(_l("Type the day it arrived"))])
    words = TextAreaField(_l("In the citizen's words"), [Length(max=petitions.LONGEST)])


class Answer(Form):
    outcome = RadioField(_l("What is the answer?"), [InputRequired(_l("Choose the answer"))])
    name = StringField(_l("Name"), [MayBeEmpty(), upto(120), printable])
    phone = StringField(_l("Phone number"), [MayBeEmpty(), upto(20)])
    street = StringField(_l("House number and street"), [MayBeEmpty(), upto(200), printable])
    words = TextAreaField(
        _l("The answer, in plain words"),
        [Needed(), Length(max=petitions.LONGEST)],
        description=_l("The citizen reads it exactly as you write it: use their language."),
    )


@bp.app_template_filter()
def instant(text: str) -> date | datetime:
    """A moment or a day of a copy, for a page to say."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


# ---- the citizen's own ------------------------------------------------------------------------------------------


@bp.post("/t/<secret>/data")
@public
def send_code(secret: str) -> ResponseReturnValue:
    """From the link to the same page: a code first, for whoever has the link has not always the phone."""
    return grants.ask(dossier_of(secret).number, grants.DATA)


@bp.route("/track/data", methods=["GET", "POST"])
@public
def mine() -> ResponseReturnValue:
    dossier, form = grants.opened(), Ask()
    if dossier is None:
        return _closed()
    if not form.is_submitted():
        return _mine(dossier, form)
    if not form.validate():
        return _mine(dossier, form, 422)
    throttle("petition", dossier.number.encode(), (10, DAY))
    act = security.act()
    try:
        made = atomically(
            petitions.ask, dossier, Kind(form.kind.data), form.words.data or "", Act(None, act.at, act.keys)
        )
    except Refused as refusal:
        return _mine(dossier, form, answers.complain(form, refusal, FIELDS))
    flash(
        _("Your request has been received. You will have an answer by %(day)s.", day=language.long_date(made.done_by)),
        "ok",
    )
    return redirect(url_for("petitions.mine"), SEE_OTHER)


def _mine(dossier: Dossier, form: Ask, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "petitions/mine.html", dossier=dossier, form=form, asked=petitions.about(dossier)[::-1], kinds=KINDS, laws=LAWS,
        first=petitions.FIRST, ours=petitions.OURS, details=grants.GRANT,
    ), status  # fmt: skip


@bp.get("/track/copy")
@public
def copy() -> ResponseReturnValue:
    dossier = grants.opened()
    if dossier is None:
        return _closed()
    kept = copies.of(dossier, now())
    atomically(copies.take, dossier, security.act())
    return _copy(kept, dossier, url_for("petitions.mine"))


@bp.get("/track/copy.json")
@public
def file() -> ResponseReturnValue:
    """The same, for a program."""
    dossier = grants.opened()
    if dossier is None:
        return _closed()
    text = json.dumps(_spoken(copies.of(dossier, now())), ensure_ascii=False, indent=1)
    atomically(copies.take, dossier, security.act())
    named = {"Content-Disposition": f'attachment; filename="{dossier.number}-data.json"', "X-Robots-Tag": "noindex"}
    return Response(text, mimetype="application/json", headers=named)


def _closed() -> ResponseReturnValue:
    flash(
        _(
            "This page opens with a code sent to your phone, and closes by itself after a while. Ask for a new code here."
        ),
        "info",
    )
    return redirect(url_for("lookups.by_number"), SEE_OTHER)


def _spoken(kept: Kept) -> Kept:
    """With each message as it was read, its code and link left out."""
    for message in kept["messages"]:
        message["text"] = message_words(message["kind"], message["values"], Language(message["language"]))
    return kept


def _copy(kept: Kept, dossier: Dossier, back: str) -> str:
    return render_template(
        "petitions/copy.html", kept=_spoken(kept), dossier=dossier, back=back, roles=ROLES, holders=HOLDERS, kinds=KINDS, ways=WAYS,
        streams=STREAMS, visits=VISITS, states=STATES, sorts=incidents.SORTS, outcomes=incidents.OUTCOMES, laws=LAWS, marks=votes.MARKS, about=votes.ABOUT,
    )  # fmt: skip


# ---- the register -----------------------------------------------------------------------------------------------


@bp.get("/requests/")
@requires(Right.PETITIONS)
def home() -> ResponseReturnValue:
    found, at = petitions.of(security.user()), now()
    left = {one.id: petitions.left(one, at) for one in found}
    return render_template("petitions/home.html", found=found, left=left, kinds=KINDS, came=CAME)


@bp.route("/requests/new", methods=["GET", "POST"])
@requires(Right.PETITIONS)
def enter() -> ResponseReturnValue:
    """What came on paper, by telephone or at a counter."""
    form = Enter(came_on=calendar.today(now()))
    if not form.is_submitted():
        return render_template("petitions/new.html", form=form)
    if not form.validate():
        return render_template("petitions/new.html", form=form), 422
    try:
        dossier = counters.open_packet(lookups.lettered(form.number.data) or "").dossier
        said = (
            Kind(form.kind.data),
            form.words.data or "",
            security.act(),
            Channel(form.channel.data),
            form.came_on.data,
        )
        made = atomically(petitions.ask, dossier, *said)
    except Refused as refusal:
        status = answers.complain(form, refusal, FIELDS)
        return render_template("petitions/new.html", form=form), status
    flash(_("It is in the register, and the citizen has been told."), "ok")
    return redirect(url_for("petitions.show", petition=made.id), SEE_OTHER)


@bp.get("/requests/<int(max=2147483647):petition>")
@requires(Right.PETITIONS)
def show(petition: int) -> ResponseReturnValue:
    found = _get(petition)
    return _show(found, _form(found))


@bp.post("/requests/<int(max=2147483647):petition>")
@requires(Right.PETITIONS)
def answer(petition: int) -> ResponseReturnValue:
    found = _get(petition)
    form = _form(found)
    if not form.validate_on_submit():
        return _show(found, form, 422)
    words, facts = form.words.data or "", Facts(form.name.data or "", form.phone.data or "", form.street.data or "")
    try:
        if form.outcome.data == "heard":
            atomically(lambda: petitions.hear(_get(petition), words, security.act()))
        else:
            granted = form.outcome.data == "granted"
            atomically(lambda: petitions.answer(_get(petition), granted, words, security.act(), facts))
    except Refused as refusal:
        status = answers.complain(form, refusal, FIELDS)
        return _show(_get(petition), form, status)
    flash(_("The answer is on the citizen's page, and a message tells them so."), "ok")
    return redirect(url_for("petitions.show", petition=petition), SEE_OTHER)


@bp.get("/requests/<int(max=2147483647):petition>/copy")
@requires(Right.PETITIONS)
def their_copy(petition: int) -> ResponseReturnValue:
    """To be printed for whoever has no screen: in their language."""
    found = _get(petition)
    counters.log_view(packets_of(found.dossier_id)[0], "petitions.copy")
    written_for(found.dossier.citizen.language)
    return _copy(copies.of(found.dossier, now()), found.dossier, url_for("petitions.show", petition=petition))


def _get(petition: int) -> Petition:
    return petitions.get(security.user(), petition)


def _form(found: Petition) -> Answer:
    who = found.dossier.citizen
    noted: dict[str, Any] = {"name": who.name, "phone": language.phone(who.phone), "street": who.street}
    form = Answer(**noted if found.kind is Kind.CORRECT and not found.dossier.erased_at else {})
    outcomes = {"granted": _("Yes: sending this answer does it"), "refused": _("No, and why")}
    if found.heard_at is None:
        outcomes["heard"] = _("A first answer: we are looking into it")
    form.outcome.choices = [SelectChoice(key, words) for key, words in outcomes.items()]
    return form


def _show(found: Petition, form: Answer, status: int = 200) -> ResponseReturnValue:
    packet = packets_of(found.dossier_id)[0]
    counters.log_view(packet, "petitions.show")
    return render_template(
        "petitions/show.html", petition=found, form=form, packet=packet, left=petitions.left(found, now()), kinds=KINDS, came=CAME,
        laws=LAWS, law=petitions.LAW[found.kind],
    ), status  # fmt: skip
