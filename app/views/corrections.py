"""Putting a packet's record right, by a new line: what can be entered now, what exactly will be written, and who signs.

Two pages each: the facts first, then the very line, which a second person signs beside the first where the law wants two.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from app import language, security
from app.db import atomically, now
from app.domain import corrections, numbers, queues, remedies, scope
from app.domain.packets import Packet, State
from app.domain.people import Right, User
from app.domain.queues import Holder
from app.domain.remedies import Ending, Remedy
from app.domain.steps import REASONS, rows
from app.errors import Missing, Refused
from app.integrations import wording
from app.security import requires
from app.sentences import sentence
from app.views import counters, matters
from app.views.counters import Moving


def _(text: str, **values: Any) -> str:
    return str(gettext(text, **values))


bp = Blueprint("corrections", __name__, url_prefix="/corrections")


class Words(NamedTuple):
    picture: str
    title: Any
    lead: Any
    after: Any  # what follows from it


# fmt: off
WORDS = {
    Remedy.SETTLE: Words("disputed", _l("Say where the packet really is"),
        _l("Only after somebody has seen it. What is chosen here holds, whatever late phones still say."),
        _l("The true scan counts as this decision. The other one is set apart and kept; nothing is deleted.")),
    Remedy.CONTEST: Words("stop", _l("A record is not true"),
        _l("Say which record, and why. The holder before it answers for the packet until two people decide."),
        _l("The packet is in dispute until two people decide. Both scans are kept.")),
    Remedy.CORRECT: Words("undo", _l("Take the newest record back"),
        _l("For a record that was entered by mistake. Two people say so; the record itself stays visible."),
        _l("The record stays in the ledger, and this new line says that it does not hold.")),
    Remedy.HAND_ON: Words("courier", _l("Another courier has it"),
        _l("When no phone could record it: a phone without power, a broken vehicle."),
        _l("From now on the courier named here answers for the packet.")),
    Remedy.SEE: Words("eye", _l("I see the packet before me"),
        _l("Read the seal from the bag itself. It moves nothing, and helps whoever decides."),
        _l("Nothing changes hands. The sighting stands beside the other scans.")),
    Remedy.RESEAL: Words("seal", _l("Sealed anew"),
        _l("Two people put a new seal on the bag that lies here."),
        _l("Both numbers are known from now on, and the bag is expected with the new one.")),
    Remedy.LOSE: Words("search", _l("The packet cannot be found"),
        _l("After a search of the places it passed. The last holder goes on answering for it."),
        _l("The packet counts as lost until somebody sees it. The search goes on.")),
}
ENDINGS = {
    State.WAITING: _l("%(who)s still has it; it never left"),
    State.CARRIED: _l("%(who)s carries it"),
    State.AT_POST: _l("It lies at %(who)s"),
    State.AT_DESK: _l("It lies at %(who)s, unopened"),
    State.OPENED: _l("%(who)s has opened it"),
    State.DELIVERED_UNVERIFIED: _l("Handed over, says %(who)s, who answers for it until it is proven"),
    State.DELIVERED: _l("%(who)s has it in hand"),
    State.WRITTEN_OFF: _l("It is lost for good; the post pays for new papers"),
}
# fmt: on


class Facts(Moving):
    password = PasswordField(_l("Your password"), [Length(max=200)])
    second_login = StringField(_l("Second person's sign-in name"), [Length(max=60)])
    second_secret = PasswordField(_l("Second person's password or PIN"), [Length(max=200)])


def _reason() -> RadioField:
    return RadioField(_l("Why?"), [InputRequired(_l("Choose the reason"))])


def _sighting() -> TextAreaField:
    needed = DataRequired(_l("Write who saw the packet, where and when"))
    long = Length(max=500, message=_l("At most 500 letters"))
    return TextAreaField(_l("Who saw the packet, where and when?"), [needed, long])


def _seal(label: Any) -> StringField:
    return StringField(label, [InputRequired(_l("Type the number on the seal")), Length(max=40)])


class Settle(Facts):
    ending = RadioField(_l("Where is the packet really?"), [InputRequired(_l("Choose where the packet really is"))])
    sighting = _sighting()
    reason = _reason()


class Contest(Facts):
    line = RadioField(_l("Which record is not true?"), [InputRequired(_l("Choose the record"))])
    reason = _reason()


class Reasoned(Facts):
    reason = _reason()


class HandOn(Facts):
    courier = RadioField(_l("Who has it now?"), [InputRequired(_l("Choose the courier"))])
    sighting = _sighting()
    reason = _reason()


class See(Facts):
    seal = _seal(_l("Seal number on the bag"))
    sighting = _sighting()


class Reseal(Facts):
    old = _seal(_l("Number of the old seal"))
    new = _seal(_l("Number of the new seal"))


FORMS: dict[Remedy, type[Facts]] = {
    Remedy.SETTLE: Settle, Remedy.CONTEST: Contest, Remedy.CORRECT: Reasoned, Remedy.HAND_ON: HandOn,
    Remedy.SEE: See, Remedy.RESEAL: Reseal, Remedy.LOSE: Reasoned,
}  # fmt: skip
SIGNING = {"password", "second_login", "second_secret"}
FIELDS = {
    "seal_form": "seal",
    "presence_wrong": "password",
    "presence_empty": "password",
    "sighting_needed": "sighting",
    "reason_needed": "reason",
}


# ---- one packet -------------------------------------------------------------------------------------------------


@bp.get("/<number>")
@requires(Right.EXCEPTIONS)
def packet(number: str) -> ResponseReturnValue:
    """What waits for a person about this packet, and what can be entered for it now."""
    one = _packet(number)
    if not one.is_blank:
        counters.log_view(one, "corrections.packet")
    at = now()
    return render_template(
        "corrections/packet.html", packet=one, words=WORDS, say=matters, at=at, tasks=scope.tasks_about(security.user(), one),
        possible=remedies.possible(security.user(), one, at), history=[] if one.is_blank else queues.history(one.dossier),
        holder=queues.holders([one.holder_id])[one.holder_id], page_of=matters.page_of(security.user(), one),
    )  # fmt: skip


def _packet(number: str) -> Packet:
    return scope.packet(security.user(), number)


@bp.route("/<number>/<act>", methods=["GET", "POST"])
@requires(Right.EXCEPTIONS)
def enter(number: str, act: str) -> ResponseReturnValue:
    one, user = _packet(number), security.user()
    if act not in list(Remedy):
        raise Missing("packet_unknown")
    remedy = Remedy(act)
    if remedy not in remedies.possible(user, one, now()):
        flash(sentence(Refused("remedy_not_now", number=one.number)), "warning")
        return redirect(url_for("corrections.packet", number=number))
    form = _form(remedy, one, user)
    if not form.is_submitted():
        return _facts(remedy, one, form)
    if form.seen != one.head:  # the packet has moved meanwhile: the facts are asked anew
        return _facts(remedy, one, form, 409, sentence(Refused("page_too_old", number=one.number)))
    try:
        if not form.validate() or not _readable(form):
            return _facts(remedy, one, form, 422)
    except Refused as refusal:
        return _facts(remedy, one, form, _complain(form, refusal))
    step = request.form.get("step")
    if step == "change":
        return _facts(remedy, one, form)
    if step != "write":
        return _check(remedy, one, form)
    return _write(remedy, one, form)


def _form(remedy: Remedy, one: Packet, user: User) -> Facts:
    form = FORMS[remedy]()
    if "reason" in form:
        form.reason.choices = [(key, _capital(wording.REASONS[key])) for key in REASONS[remedy]]
    if "ending" in form:
        found = remedies.endings(one)
        form.ending.choices = [SelectChoice(ending.key, _ending_words(ending, one)) for ending in found]
    if "line" in form:
        form.line.choices = [(link.digest.hex(), _line_words(link)) for link in remedies.contestable(one)]
    if "courier" in form:
        form.courier.choices = [(c.id, f"{c.name} · {c.badge}") for c in remedies.riders(user, one)]
    if "old" in form and not form.is_submitted():
        form.old.data = numbers.spoken_seal(one.seal or "")
    return form


def _readable(form: Facts) -> bool:
    """Seals are read once more before anything is shown as what will be written. Raises Invalid("seal_form")."""
    for name in ("seal", "old", "new"):
        if name in form:
            try:
                numbers.read_seal(form[name].data)
            except Refused as refusal:
                form[name].errors = [sentence(refusal)]
                return False
    return True


def _facts(remedy: Remedy, one: Packet, form: Facts, status: int = 200, says: str = "") -> ResponseReturnValue:
    form.head.data = one.head.hex()
    counters.log_view(one, "corrections.enter")
    return render_template(
        "corrections/enter.html", packet=one, remedy=remedy, words=WORDS[remedy], form=form, says=says,
        holder=queues.holders([one.holder_id])[one.holder_id], say=matters,
    ), status  # fmt: skip


def _check(remedy: Remedy, one: Packet, form: Facts, status: int = 200, says: str = "") -> ResponseReturnValue:
    """The very line, before it is written."""
    two = remedies.needs_second(remedy, one.way)
    carried = [field for field in form if field.name not in SIGNING | {"csrf_token"}]
    return render_template(
        "corrections/check.html", packet=one, remedy=remedy, words=WORDS[remedy], form=form, says=says, two=two,
        carried=carried, lines=_written(remedy, one, form), message=_message(remedy, one, form),
        asks_password=two and not security.is_present(), say=matters,
    ), status  # fmt: skip


def _write(remedy: Remedy, one: Packet, form: Facts) -> ResponseReturnValue:
    two = remedies.needs_second(remedy, one.way)
    number = one.number
    try:
        second = None
        if two:
            security.prove_presence(form.password.data or "")
            second = security.second_person(form.second_login.data, form.second_secret.data)
        atomically(ENTER[remedy], _packet(number), security.act(), form, second)
    except Refused as refusal:
        one = _packet(number)
        if refusal.key == "page_too_old":
            return _facts(remedy, one, form, refusal.status, sentence(refusal))
        return _check(remedy, one, form, *_said(form, refusal))
    flash(_("Written as a new line. Whoever it concerns has been told."), "ok")
    return redirect(url_for("corrections.packet", number=number))


def _said(form: Facts, refusal: Refused) -> tuple[int, str]:
    """A refusal about somebody's secret is said at its field, else on top."""
    field = "second_secret" if refusal.key.startswith("second_") or refusal.status == 429 else FIELDS.get(refusal.key)
    if field not in SIGNING:
        return refusal.status, sentence(refusal)
    form[field].errors = [sentence(refusal)]
    return (refusal.status if refusal.status == 429 else 422), ""


def _complain(form: Facts, refusal: Refused) -> int:
    form.form_errors.append(sentence(refusal))
    return refusal.status


# ---- the verbs --------------------------------------------------------------------------------------------------

Entering = Callable[[Packet, Any, Any, Any], None]


def _settle(one: Packet, act: Any, form: Any, second: Any) -> None:
    ending = _ending(one, form.ending.data)
    corrections.settle(
        one, act, head=form.seen, state=ending.state, holder=ending.holder, tip=ending.tip,
        sighting=form.sighting.data, reason=form.reason.data, second=second,
    )  # fmt: skip


def _hand_on(one: Packet, act: Any, form: Any, second: Any) -> None:
    courier = next(each for each in remedies.riders(act.by, one) if each.id == form.courier.data)
    corrections.hand_on(
        one, act, head=form.seen, courier=courier, sighting=form.sighting.data, reason=form.reason.data
    )  # fmt: skip


ENTER: dict[Remedy, Entering] = {
    Remedy.SETTLE: _settle,
    Remedy.HAND_ON: _hand_on,
    Remedy.CONTEST: lambda one, act, form, second: corrections.contest(
        one, act, head=form.seen, line=bytes.fromhex(form.line.data), reason=form.reason.data
    ),
    Remedy.CORRECT: lambda one, act, form, second: corrections.correct(
        one, act, head=form.seen, reason=form.reason.data, second=second
    ),
    Remedy.LOSE: lambda one, act, form, second: corrections.lose(
        one, act, head=form.seen, reason=form.reason.data, second=second
    ),
    Remedy.SEE: lambda one, act, form, second: corrections.see(
        one, act, seal=form.seal.data, sighting=form.sighting.data
    ),
    Remedy.RESEAL: lambda one, act, form, second: corrections.reseal(
        one, act, old=form.old.data, new=form.new.data, second=second
    ),
}


def _ending(one: Packet, key: str) -> Ending:
    found = next((ending for ending in remedies.endings(one) if ending.key == key), None)
    if found is None:
        raise Refused("ending_unknown")
    return found


# ---- words ------------------------------------------------------------------------------------------------------


def _written(remedy: Remedy, one: Packet, form: Any) -> list[tuple[str, str]]:
    """The line as it will stand, value by value."""
    ending = _ending(one, form.ending.data) if "ending" in form else None
    taker = ending.holder if ending else _taker(remedy, one, form)
    lines = [
        (_("New line"), _("number %(seq)s of packet %(number)s", seq=one.seq + 1, number=one.number)),
        (_("What"), str(matters.SCANS[remedy]).capitalize()),
        (_("Answered for until now by"), _name(one.holder_id, one)),
        (_("Answered for from now on by"), _name(taker, one)),
    ]
    if ending:
        lines.append((_("That means"), _ending_words(ending, one)))
    if "line" in form:
        link = next(link for link in remedies.contestable(one) if link.digest.hex() == form.line.data)
        lines.append((_("The record"), _line_words(link)))
    for name, label in (("seal", _("Seal read")), ("old", _("Old seal")), ("new", _("New seal"))):
        if name in form:
            lines.append((label, language.seal(numbers.read_seal(form[name].data))))
    if "reason" in form:
        lines.append((_("Reason"), _capital(wording.REASONS[form.reason.data])))
    if "sighting" in form:
        lines.append((_("Seen"), " ".join(form.sighting.data.split())))
    return lines


def _taker(remedy: Remedy, one: Packet, form: Any) -> str:
    """Who answers for the packet after it."""
    links = remedies.story_of(one)
    if remedy is Remedy.HAND_ON:
        return next(c.party_id or "" for c in remedies.riders(security.user(), one) if c.id == form.courier.data)
    if remedy is Remedy.CORRECT:
        return links[-2].holder
    if remedy is Remedy.CONTEST:
        at = next(n for n, link in enumerate(links) if link.digest.hex() == form.line.data)
        return links[at - 1].holder
    return one.holder_id


def _message(remedy: Remedy, one: Packet, form: Any) -> str:
    """What the citizen is told, word for word."""
    state = _ending(one, form.ending.data).state if "ending" in form else one.state
    kind = next((step.told(state) for step in rows(remedy, one.way) if step.tell), "")
    if not kind or one.dossier is None:
        return ""
    values = {"number": one.dossier.number, "secret": "…", "way": one.way}  # the link is theirs alone
    return wording.words(kind, values, one.dossier.citizen.language)


def _name(party_id: str, one: Packet) -> str:
    return _called(queues.holders([party_id])[party_id], one)


def _called(holder: Holder, one: Packet) -> str:
    if holder.kind == "citizen" and not one.is_blank:
        return _("%(name)s, citizen", name=one.dossier.citizen.name)
    return f"{holder.name} ({holder.badge})" if holder.badge else holder.name


def _ending_words(ending: Ending, one: Packet) -> str:
    words = str(ENDINGS[ending.state]) % {"who": _name(ending.holder, one)}
    if ending.tip is None:
        return words
    return _("%(words)s, as the scan says", words=words)


def _line_words(link: Any) -> str:
    did = _capital(matters.SCANS.get(link.line.event, link.line.event))
    return f"{did}, {language.moment(link.line.recorded_at)}"


def _capital(text: object) -> str:
    words = str(text)
    return words[:1].upper() + words[1:]
