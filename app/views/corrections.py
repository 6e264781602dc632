"""Putting a packet's record right, by a new line: what can be entered now, what exactly will be written, and who signs.

Two pages each: the facts first, then the very line, which a second person signs beside the first where the law wants two.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice

from app import language, security
from app.db import atomically, now
from app.domain import bodies, corrections, happenings, incidents, numbers, photos, remedies, results, scope
from app.domain.happenings import Holder
from app.domain.packets import Packet, State
from app.domain.people import Right, User
from app.domain.remedies import Ending, Remedy
from app.domain.steps import REASONS
from app.errors import Missing, Refused
from app.integrations import wording
from app.security import requires, takes
from app.sentences import sentence
from app.views import answers, counters, matters, testimonies
from app.views.correction_forms import (
    FIELDS,
    FORMS,
    SIGNING,
    Facts,
    capital,
    detail_key,
    detail_of,
    detail_words,
    readable,
    value_words,
)
from app.views.incidents import SORTS


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
    Remedy.AMEND: Words("pen", _l("A detail was noted wrongly"),
        _l("A misread seal or a wrong number of sheets. Two people say what is right; who has the packet stays as it is."),
        _l("The old line stays readable as it was, and from now on the right value counts.")),
    Remedy.DAMAGE: Words("damaged", _l("The bag is damaged"),
        _l("For a bag that lies here. Do not open it alone: take a photo, then two people count and seal it anew."),
        _l("A matter is opened: two people count what is inside. The photo is kept for 90 days.")),
    Remedy.ATTEST: Words("check", _l("The citizen confirms the collection"),
        _l("The courier collected without the citizen's code. A slip they signed proves it, or the six digits."),
        _l("The collection is proven. Nothing changes hands.")),
    Remedy.CONFIRM: Words("check", _l("The delivery is proven"),
        _l("The courier says it was handed over. A slip the citizen signed proves it, or the six digits."),
        _l("The citizen has the packet, and the courier no longer answers for it.")),
    Remedy.CALL_OFF: Words("close", _l("The citizen wants the papers back"),
        _l("Only when the citizen asks for it themselves, at the counter or called back on their number. Possible until the ward signs."),
        _l("The dossier is cancelled, which cannot be undone. Whoever has the packet now goes on answering for it until it is home.")),
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


TELLS_NO_COURIER = {Remedy.CONTEST, Remedy.SEE, Remedy.ATTEST, Remedy.CONFIRM}


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
        possible=remedies.possible(security.user(), one, at), history=[] if one.is_blank else happenings.of(one.dossier),
        holder=happenings.holders([one.holder_id])[one.holder_id], page_of=counters.page_of(security.user(), one),
        files=incidents.about(one), sorts=SORTS,
    )  # fmt: skip


def _packet(number: str) -> Packet:
    return scope.packet(security.user(), number)


@bp.route("/<number>/<act>", methods=["GET", "POST"])
@requires(Right.EXCEPTIONS)
@takes(photos.LARGEST + 64 * 1024)
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
        if not form.validate() or not readable(form, one):
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
        form.reason.choices = [(key, capital(wording.REASONS[key])) for key in REASONS[remedy]]
    if "ending" in form:
        found = remedies.endings(one)
        form.ending.choices = [SelectChoice(ending.key, _ending_words(ending, one)) for ending in found]
    if "line" in form:
        form.line.choices = [(link.digest.hex(), _line_words(link)) for link in remedies.contestable(one)]
    if "detail" in form:
        form.detail.choices = [(detail_key(each), detail_words(each)) for each in remedies.amendable(one)]
    if "courier" in form:
        form.courier.choices = [(c.id, f"{c.name} · {c.badge}") for c in remedies.riders(user, one)]
    if "old" in form and not form.is_submitted():
        form.old.data = numbers.spoken_seal(one.seal or "")
    return form


def _facts(remedy: Remedy, one: Packet, form: Facts, status: int = 200, says: str = "") -> ResponseReturnValue:
    form.head.data = one.head.hex()
    counters.log_view(one, "corrections.enter")
    return render_template(
        "corrections/enter.html", packet=one, remedy=remedy, words=WORDS[remedy], form=form, says=says,
        holder=happenings.holders([one.holder_id])[one.holder_id], say=matters,
    ), status  # fmt: skip


def _check(remedy: Remedy, one: Packet, form: Facts, status: int = 200, says: str = "") -> ResponseReturnValue:
    """The very line, before it is written."""
    two = remedies.needs_second(remedy, one.way)
    carried = [field for field in form if field.data and field.name not in SIGNING | {"csrf_token", "picture"}]
    return render_template(
        "corrections/check.html", packet=one, remedy=remedy, words=WORDS[remedy], form=form, says=says, two=two,
        couriers=remedy not in TELLS_NO_COURIER, carried=carried, lines=_written(remedy, one, form), message=_message(remedy, one, form),
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
        digits = "code" in form and form.has_digits
        with answers.secret("office-code", number, is_typed=digits):
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
    field = FIELDS.get(refusal.key)
    if refusal.key.startswith("second_") or refusal.status == 429:
        field = "second_login" if refusal.key in ("second_same", "second_elsewhere") else "second_secret"
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


def _amend(one: Packet, act: Any, form: Any, second: Any) -> None:
    detail = detail_of(one, form.detail.data)
    corrections.amend(
        one, act, head=form.seen, line=detail.digest, field=detail.field, value=form.right.data, second=second
    )  # fmt: skip


def _proof(form: Any) -> list[tuple[str, str]]:
    return results.citizen_proof(**form.given)


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
    Remedy.AMEND: _amend,
    Remedy.DAMAGE: lambda one, act, form, second: corrections.damage(
        one, act, reason=form.reason.data, photo_sha256=form.photo.data
    ),
    Remedy.ATTEST: lambda one, act, form, second: corrections.attest(one, act, proof=_proof(form)),
    Remedy.CONFIRM: lambda one, act, form, second: corrections.confirm(one, act, proof=_proof(form)),
    Remedy.CALL_OFF: lambda one, act, form, second: corrections.call_off(one, act, head=form.seen),
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
    if remedy is Remedy.CALL_OFF:
        return [
            (_("Dossier"), one.dossier.number),
            (_("What"), str(testimonies.SCANS[remedy]).capitalize()),
            (_("Answered for, as before, by"), _name(one.holder_id, one)),
        ]
    lines = [
        (_("New line"), _("number %(seq)s of packet %(number)s", seq=one.seq + 1, number=one.number)),
        (_("What"), str(testimonies.SCANS[remedy]).capitalize()),
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
    if "detail" in form:
        detail = detail_of(one, form.detail.data)
        right = bodies.read_detail(detail.field, form.right.data)
        lines += [(_("Noted until now"), detail_words(detail)), (_("Right is"), value_words(detail.field, right))]
    if "code" in form:
        lines.append((_("Proof"), _("the slip they signed, in hand") if form.paper.data else _("the six digits")))
    if "picture" in form:
        lines.append((_("Photo"), _("has come, and is kept for 90 days")))
    if "reason" in form:
        lines.append((_("Reason"), capital(wording.REASONS[form.reason.data])))
    if "sighting" in form:
        lines.append((_("Seen"), " ".join(form.sighting.data.split())))
    return lines


def _taker(remedy: Remedy, one: Packet, form: Any) -> str:
    """Who answers for the packet after it."""
    links = remedies.story_of(one)
    if remedy is Remedy.HAND_ON:
        return next(c.party_id or "" for c in remedies.riders(security.user(), one) if c.id == form.courier.data)
    if remedy is Remedy.CONFIRM:
        return str(one.dossier.citizen.party_id)
    if remedy is Remedy.CORRECT:
        return links[-2].holder
    if remedy is Remedy.CONTEST:
        at = next(n for n, link in enumerate(links) if link.digest.hex() == form.line.data)
        return links[at - 1].holder
    return one.holder_id


def _message(remedy: Remedy, one: Packet, form: Any) -> str:
    """What the citizen is told, word for word."""
    state = _ending(one, form.ending.data).state if "ending" in form else one.state
    kind = remedies.told_to_citizen(remedy, one.way, state)
    if not kind or one.dossier is None:
        return ""
    seal = numbers.read_seal(form.new.data) if "new" in form else one.seal
    values = {
        "number": one.dossier.number,
        "secret": "…",
        "way": one.way,
        "seal": seal,
        "code": "…",
    }  # link and code are theirs alone
    return wording.words(kind, values, one.dossier.citizen.language)


def _name(party_id: str, one: Packet) -> str:
    return _called(happenings.holders([party_id])[party_id], one)


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
    did = capital(testimonies.SCANS.get(link.line.event, link.line.event))
    return f"{did}, {language.moment(link.line.recorded_at)}"
