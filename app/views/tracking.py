"""Tracking: the citizen's own page behind the secret link."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import BooleanField, SelectChoice, StringField
from wtforms.validators import DataRequired, Length

from app import security
from app.db import atomically, db, now
from app.domain import (
    alongside,
    audit,
    bands,
    booking,
    calendar,
    certificates,
    codes,
    custody,
    decisions,
    denials,
    deskforms,
    dossiers,
    fees,
    forms,
    packets,
    papers,
    people,
    postage,
    repeats,
    slips,
    takings,
)
from app.domain import tracking as stories
from app.domain import visits as calls
from app.domain.cases import AT_WORK, UNDECIDED, CaseState
from app.domain.dossiers import Dossier, Paper
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Act
from app.domain.postage import Bill, Fault
from app.domain.visits import Visit
from app.errors import Missing, Refused
from app.language import written_for
from app.security import public
from app.sentences import sentence
from app.views import draft, ics, telling
from app.views.answers import SEE_OTHER, base_url, file_answer, throttle
from app.views.booking import slot_page
from app.views.booking_forms import Time
from app.views.fields import Form
from app.views.grants import DAY, HOUR, MESSAGES, MINUTE
from app.views.staff import ROLES

bp = Blueprint("tracking", __name__)

WRITTEN = {  # the form behind a headline
    "not_accepted": "refusal", "supplement_required": "supplement", "extended": "apology", "stopped": "stop",
}  # fmt: skip


class Code(Form):
    code = StringField(
        _l("Six-digit code"),
        [DataRequired(_l("Type the six digits of the message.")),
         Length(max=20, message=_l("A code has six digits."))],
    )  # fmt: skip


class Whole(Form):
    whole = BooleanField()


class Moving(Time):
    whole = BooleanField()


AnyWhole = TypeVar("AnyWhole", Whole, Moving)


def dossier_of(secret: str) -> Dossier:
    try:
        dossier = dossiers.by_secret(secret)
    except Missing:
        throttle("link", security.address_key("link"), (20, MINUTE), (200, HOUR))
        raise
    written_for(dossier.citizen.language)
    return dossier


@bp.get("/t/<secret>")
@public
def home(secret: str) -> ResponseReturnValue:
    return story_page(dossier_of(secret), secret, Code(formdata=None))


def story_page(dossier: Dossier, secret: str | None, form: Code, status: int = 200) -> ResponseReturnValue:
    told = stories.story(dossier, now())
    strip: list[tuple[str, str, str]] = []
    if dossier.state in AT_WORK and dossier.due_on and dossier.counted_from:
        days = calendar.days_until(calendar.today(dossier.counted_from), dossier.due_on)
        if dossier.procedure.days == sum(
            mark in ("on", "due") for _day, mark in days
        ):  # else the ward named another day
            strip = telling.due_strip(days)
    due, others = _due(told), alongside.others(dossier)
    key = WRITTEN.get(told.headline)
    written = forms.newest(dossier, key) if key else None
    page = render_template(
        "tracking/story.html", written=written, asked=_asked(dossier, told), fee_owed=fees.post_owes(dossier), fee_home=fees.home(dossier), may_stop=dossier.state in UNDECIDED, dossier=dossier, told=told, secret=secret, form=form, strip=strip, telling=telling,
        tail=dossier.citizen.phone[-3:], by_message=people.takes_messages(dossier.citizen.phone),
        late=telling.days_late(dossier, calendar.today(now())), certified=certificates.are_there(dossier),
        printable=papers.of_citizen(dossier, now(), base_url()), due=due, another=_another(dossier), others=others, whole_due=_with(others, due),
    )  # fmt: skip
    return page, status


@bp.get("/t/<secret>/looks")
@public
def looks(secret: str) -> ResponseReturnValue:
    """Who on the staff has looked, day by day: roles and offices, no colleague's name."""
    dossier = dossier_of(secret)
    found = audit.looks(dossier.id)
    return render_template("tracking/looks.html", dossier=dossier, secret=secret, looks=found, roles=ROLES)


def _another(dossier: Dossier) -> bool:
    """Whether another dossier can be sent at the same time: with a code to the phone, or in the browser it was booked in."""
    here = people.takes_messages(dossier.citizen.phone) or draft.is_known(dossier)
    return here and alongside.awaited(dossier, now()) is not None


def _due(told: stories.Story) -> Bill:
    """What is to be paid when the courier comes."""
    awaited = told.headline in ("visit_set", "courier_today") or (
        told.visit and told.visit.kind is calls.VisitKind.DELIVER
    )
    comes = told.packet and told.visit and told.visit.state in calls.OPEN and awaited
    return takings.at_visit(told.visit) if told.packet and told.visit and comes else Bill(())


def _with(others: list[Dossier], due: Bill) -> int:
    """What is to be paid at the visit for all that goes along, in đồng; 0 where that is this one's own sum, or nothing."""
    theirs = sum(_due(stories.story(one, now())).to_pay for one in others) if due.total else 0
    return theirs and theirs + due.to_pay


def _asked(dossier: Dossier, told: stories.Story) -> list[Paper]:
    """Papers the ward waits for, until a courier has them."""
    at_home = told.packet is None or told.packet.state is State.WAITING
    waiting = dossier.state is CaseState.SUPPLEMENT_REQUIRED and at_home
    return dossiers.still_missing(dossier) if waiting else []


@bp.get("/t/<secret>/forms/<form>.pdf")
@public
def paper(secret: str, form: str) -> ResponseReturnValue:
    """What the ward gave out about the case, as it was printed."""
    found = forms.get(dossier_of(secret), form)
    return file_answer(deskforms.pdf(found, base_url()), "application/pdf", f"{found.dossier.number}-{form}.pdf")


@bp.route("/t/<secret>/more", methods=["GET", "POST"])
@public
def more(secret: str) -> ResponseReturnValue:
    """A time for the courier to collect the papers the ward asked for."""
    dossier = dossier_of(secret)
    if dossier.state is not CaseState.SUPPLEMENT_REQUIRED:
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    offers, form = calls.offers(dossier.post_office, now()), Time()
    form.slot.choices = [SelectChoice(offer.key, "") for offer in offers]
    status = _agreed(form, booking.bring_more, dossier)
    if status == SEE_OTHER:
        _confirm(dossier, _("A courier comes for the papers."))
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    context = slot_page(form, offers, request.values.get("day") or (form.slot.data or "")[:8])
    missing, bill = dossiers.still_missing(dossier), postage.at_door(dossier, Kind.SUPPLEMENT)
    page = render_template(
        "tracking/more.html",
        form=form,
        dossier=dossier,
        secret=secret,
        here=None,
        missing=missing,
        bill=bill,
        **context,
    )
    return page, status


@bp.route("/t/<secret>/stop", methods=["GET", "POST"])
@public
def stop(secret: str) -> ResponseReturnValue:
    """The citizen wants the ward to stop, and says so twice."""
    dossier = dossier_of(secret)
    if request.method == "POST":
        act = security.act()
        atomically(decisions.ask_stop, dossier, Act(None, act.at, act.keys))
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    if dossier.state not in UNDECIDED:
        return redirect(url_for("tracking.home", secret=secret))
    return render_template("tracking/stop.html", dossier=dossier, secret=secret)


@bp.get("/t/<secret>/booked")
@public
def booked(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    told = stories.story(dossier, now())
    if told.visit is None or told.packet is None or told.visit.kind is not calls.VisitKind.COLLECT:
        return redirect(url_for("tracking.home", secret=secret))
    side, path = slips.drawing(told.packet, base_url())
    due, others = takings.due(told.packet), alongside.others(dossier)
    return render_template(
        "tracking/booked.html", dossier=dossier, told=told, secret=secret, side=side, path=path, telling=telling,
        due=due, tail=dossier.citizen.phone[-3:], told_day=told.visit.slot.day,
        by_message=people.takes_messages(dossier.citizen.phone), another=_another(dossier), others=others, whole_due=_with(others, due),
        desk_day=bands.arrives_by(told.visit.slot.day, dossier.citizen.ward, dossier.desk.ward),
    )  # fmt: skip


@bp.get("/t/<secret>/door")
@public
def door(secret: str) -> ResponseReturnValue:
    """What today's courier scans instead of hearing the six digits: made as it is shown, and nothing is kept of it."""
    dossier = dossier_of(secret)
    told = stories.story(dossier, now())
    if told.caller is None or told.code is None or told.packet is None or told.visit is None:
        return redirect(url_for("tracking.home", secret=secret))
    side, path = slips.picture(codes.show(told.packet, told.code, told.visit.attempt, security.act()))
    return render_template("tracking/door.html", told=told, secret=secret, side=side, path=path)


@bp.get("/t/<secret>/slip.pdf")
@public
def slip(secret: str) -> ResponseReturnValue:
    """The citizen's own slip: the contract, to keep or to print."""
    dossier = dossier_of(secret)
    packet = [one for one in packets.of_dossier(dossier.id) if one.way is Way.IN][-1]
    return file_answer(slips.pdf([packet], base_url()), "application/pdf", f"{packet.number}.pdf")


@bp.get("/t/<secret>/visit.ics")
@public
def calendar_file(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    told = stories.story(dossier, now())
    if told.visit is None:
        raise Refused("nothing_to_move")
    link = f"{base_url().rstrip('/')}/t/{dossier.secret}"
    text = ics.event(told.visit, dossier.number, link, now())
    return file_answer(text.encode(), "text/calendar; charset=utf-8", f"{dossier.number}.ics")


@bp.route("/t/<secret>/cancel", methods=["GET", "POST"])
@public
def cancel(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    form, others = _whole(Whole(), dossier)
    if request.method == "POST":
        atomically(partial(alongside.cancel, whole=bool(form.whole.data)), dossier, security.act())
        if form.whole.data and others:
            flash(_("Also cancelled: %(numbers)s", numbers=", ".join(others)), "ok")
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    told = stories.story(dossier, now())
    if not told.cancellable:
        if told.recallable:
            flash(sentence(Refused("already_collected")), "warning")
        return redirect(url_for("tracking.home", secret=secret))
    return render_template("tracking/cancel.html", dossier=dossier, told=told, secret=secret, form=form, others=others)


@bp.route("/t/<secret>/move", methods=["GET", "POST"])
@public
def move(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    visit = booking.movable(dossier)
    if visit is None:
        if request.method == "GET":
            return redirect(url_for("tracking.home", secret=secret))
        raise Refused("nothing_to_move")
    offers = calls.offers(dossier.post_office, now())
    here = f"{visit.slot.day:%Y%m%d}-{visit.slot.opens:%H%M}" if visit.state in calls.OPEN else None
    form, others = _whole(Moving(slot=here, whole=True), dossier)
    form.slot.choices = [SelectChoice(offer.key, "") for offer in offers]  # a full one is refused in words
    whole = bool(others and form.whole.data)
    status = _agreed(form, partial(alongside.rebook, whole=whole), dossier)
    if status == SEE_OTHER:
        if form.slot.data != here:
            also = _("The new time is set, also for %(numbers)s.", numbers=", ".join(others))
            _confirm(dossier, also if whole else _("The new time is set."))
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    context = slot_page(form, offers, request.values.get("day") or (form.slot.data or "")[:8])
    page = render_template(
        "tracking/move.html",
        form=form,
        dossier=dossier,
        visit=visit,
        secret=secret,
        here=here,
        others=others,
        again=_again(visit),
        **context,
    )
    return page, status


def _whole(form: AnyWhole, dossier: Dossier) -> tuple[AnyWhole, list[str]]:
    """The form, whose tick names the others that go along with the dossier; and their numbers."""
    others = [one.number for one in alongside.others(dossier)]
    form.whole.label.text = _("Also %(numbers)s, from the same home at the same time", numbers=", ".join(others))
    return form, others


def _confirm(dossier: Dossier, words: str) -> None:
    """What has been done; and that a message says so too, where one reaches the phone."""
    by_message = people.takes_messages(dossier.citizen.phone)
    flash(_("%(done)s A message is on its way.", done=words) if by_message else words, "ok")


def _agreed(form: Time, verb: Callable[[Dossier, str, Act], Any], dossier: Dossier) -> int:
    """Set the visit to the chosen time: SEE_OTHER when that is done, else the status of the page that asks for one."""
    if not form.validate_on_submit():
        return 422 if form.errors else 200
    try:
        atomically(verb, dossier, form.slot.data, security.act())
    except Refused as refusal:
        if refusal.key not in ("slot_full", "slot_unknown"):
            raise
        form.slot.errors = [sentence(refusal)]
        return refusal.status
    return SEE_OTHER


def _again(visit: Visit) -> int:
    """What another visit costs whoever chooses it: nothing, unless the last one failed by their doing."""
    failed = repeats.failure(visit.packet)
    return repeats.price(visit.packet.dossier, now()) if failed and failed.fault is Fault.CITIZEN else 0


@bp.post("/t/<secret>/code")
@public
def code_again(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    throttle("code", dossier.citizen.phone.encode(), *MESSAGES)
    atomically(booking.resend_code, dossier, security.act())
    flash(_("A new code is on its way to the number ending in %(tail)s.", tail=dossier.citizen.phone[-3:]), "ok")
    return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)


@bp.post("/t/<secret>/claim")
@public
def claim(secret: str) -> ResponseReturnValue:
    """The citizen's own word, with the code: yes, it was collected; yes, it was handed over."""
    dossier = dossier_of(secret)
    told = stories.story(dossier, now())
    if told.claim is None or told.packet is None:
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    form = Code()
    if not form.validate_on_submit():
        return story_page(dossier, secret, form, 422)
    throttle("claim", told.packet.code, (5, DAY))  # wrong tries leave no other trace
    try:
        atomically(_claim, told.packet, told.claim, form.code.data, security.act())
    except Refused as refusal:
        if refusal.key != "custody_proof_missing":
            raise
        form.code.errors = [_("This is not the code of the message. Look again, or ask for a new one.")]
        return story_page(dossier_of(secret), secret, form, 422)
    flash(_("Thank you. It is recorded."), "ok")
    return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)


def _claim(packet: Packet, event: str, code: str, act: Act) -> None:
    packet = db.session.get_one(Packet, packet.id)
    citizen = packet.dossier.citizen.party_id
    taker = citizen if event == "confirm" else packet.holder_id
    custody.enter(
        packet, event, Act(None, act.at, act.keys), actor=citizen,
        giver=packet.holder_id, taker=taker, parent=None, proof=[("CODE", code)],
    )  # fmt: skip


@bp.route("/t/<secret>/deny", methods=["GET", "POST"])
@public
def deny(secret: str) -> ResponseReturnValue:
    """What the record lays to the citizen is not so; said twice, because a person looks at it."""
    dossier = dossier_of(secret)
    denial = stories.story(dossier, now()).denial
    if denial is None:
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    if request.method == "POST":
        act = security.act()
        atomically(_deny, dossier.id, request.form.get("reason", ""), Act(None, act.at, act.keys))
        flash(_("Reported. A person at the post office looks at it."), "ok")
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    return render_template("tracking/deny.html", dossier=dossier, secret=secret, denial=denial)


def _deny(dossier_id: int, reason: str, act: Act) -> None:
    denials.deny(db.session.get_one(Dossier, dossier_id), reason, act)


@bp.app_template_filter()
def tel(number: str) -> Markup:
    """The address behind a number one can tap."""
    return Markup("tel:") + "".join(c for c in number if c.isdigit() or c == "+")
