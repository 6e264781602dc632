"""Tracking: the citizen's own page behind the secret link, the state behind the number, the found packet."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import SelectChoice, StringField
from wtforms.validators import DataRequired, Length

from app import security
from app.db import atomically, db, now
from app.domain import (
    bands,
    booking,
    calendar,
    certificates,
    codes,
    custody,
    decisions,
    denials,
    dossiers,
    forms,
    manifests,
    money,
    numbers,
    packets,
    papers,
    repeats,
    sessions,
    slips,
    tokens,
)
from app.domain import tracking as stories
from app.domain import visits as calls
from app.domain.dossiers import AT_WORK, UNDECIDED, CaseState, Dossier, Paper
from app.domain.packets import Kind, Packet, Way
from app.domain.people import Act, Right, User
from app.domain.postage import Charge, Fault
from app.domain.visits import Visit
from app.errors import Invalid, Missing, Refused, TooMany
from app.language import written_for
from app.security import public
from app.sentences import sentence
from app.views import ics, telling
from app.views.booking import SEE_OTHER, slot_page
from app.views.booking_forms import Time

bp = Blueprint("tracking", __name__)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MESSAGES = ((1, MINUTE), (3, 10 * MINUTE), (10, DAY))  # codes sent to one phone
GRANT = 15 * MINUTE  # details stay open in this browser
WRITTEN = {  # the form behind a headline
    "not_accepted": "refusal", "supplement_required": "supplement", "extended": "apology", "stopped": "stop",
}  # fmt: skip
PAGES = {Right.SCAN: "courier.home", Right.COUNTER: "office.packet", Right.DESK: "desk.packet"}


class ByNumber(FlaskForm):  # type: ignore[misc]
    number = StringField(
        _l("Tracking number"),
        [DataRequired(_l("Type the tracking number, for example HS-260826-000123-0.")),
         Length(max=40, message=_l("That is too long for a number. It reads like HS-260826-000123-0."))],
        description=_l("On the slip or in the message, for example HS-260826-000123-0"),
    )  # fmt: skip
    digits = StringField(
        _l("Last 4 digits of the phone number"),
        [DataRequired(_l("Type the last 4 digits of the phone number given when booking.")),
         Length(max=8, message=_l("Only the last 4 digits are needed."))],
    )  # fmt: skip


class Code(FlaskForm):  # type: ignore[misc]
    code = StringField(
        _l("Six-digit code"),
        [DataRequired(_l("Type the six digits of the message.")),
         Length(max=20, message=_l("A code has six digits."))],
    )  # fmt: skip


def throttle(purpose: str, key: bytes, *limits: tuple[int, timedelta]) -> None:
    """Count one try in every window. Raises TooMany("wait_a_little")."""
    act = security.act()
    for limit, window in limits:
        digest = act.keys.digest(f"{purpose}-{window}", key)
        try:
            atomically(sessions.count, digest, limit, window, act.at)
        except TooMany as many:
            seconds = many.values["seconds"]
            raise TooMany("wait_a_little", seconds=seconds, minutes=-(-seconds // 60)) from many


# ---- the secret link --------------------------------------------------------------------------------------------


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
    return _page(dossier_of(secret), secret, Code(formdata=None))


def _page(dossier: Dossier, secret: str | None, form: Code, status: int = 200) -> ResponseReturnValue:
    told = stories.story(dossier, now())
    strip = []
    if dossier.state in AT_WORK and dossier.due_on and dossier.counted_from:
        strip = telling.due_strip(calendar.days_until(calendar.today(dossier.counted_from), dossier.due_on))
    key = WRITTEN.get(told.headline)
    written = forms.newest(dossier, key) if key else None
    page = render_template(
        "tracking/story.html", written=written, asked=_asked(dossier, told), may_stop=dossier.state in UNDECIDED, dossier=dossier, told=told, secret=secret, form=form, strip=strip, telling=telling,
        bill=booking.bill_of(dossier), tail=dossier.citizen.phone[-3:],
        late=telling.days_late(dossier, calendar.today(now())), certified=certificates.are_there(dossier),
        printable=papers.of_citizen(dossier, now(), base_url()), due=_due(told),
    )  # fmt: skip
    return page, status


def _due(told: stories.Story) -> tuple[Charge, ...]:
    """What is to be paid when the packet is brought home."""
    comes = told.packet and told.visit and told.visit.kind is calls.VisitKind.DELIVER and told.visit.state in calls.OPEN
    return money.due(told.packet) if told.packet and comes else ()


def _asked(dossier: Dossier, told: stories.Story) -> list[Paper]:
    """Papers the ward waits for, as long as no packet brings them."""
    waiting = dossier.state is CaseState.SUPPLEMENT_REQUIRED and told.packet is None
    return dossiers.still_missing(dossier) if waiting else []


@bp.get("/t/<secret>/forms/<form>.pdf")
@public
def paper(secret: str, form: str) -> ResponseReturnValue:
    """What the ward gave out about the case, as it was printed."""
    found = forms.get(dossier_of(secret), form)
    return file_answer(slips.form_pdf(found, base_url()), "application/pdf", f"{found.dossier.number}-{form}.pdf")


@bp.route("/t/<secret>/more", methods=["GET", "POST"])
@public
def more(secret: str) -> ResponseReturnValue:
    """A time for the courier to collect the papers the ward asked for."""
    dossier = dossier_of(secret)
    if dossier.state is not CaseState.SUPPLEMENT_REQUIRED:
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    offers, form, status = calls.offers(dossier.post_office, now()), Time(), 200
    form.slot.choices = [SelectChoice(offer.key, "") for offer in offers]
    if form.validate_on_submit():
        try:
            atomically(booking.bring_more, dossier, form.slot.data, security.act())
        except Refused as refusal:
            if refusal.key not in ("slot_full", "slot_unknown"):
                raise
            form.slot.errors, status = [sentence(refusal)], refusal.status
        else:
            flash(_("A courier comes for the papers. A message is on its way."), "ok")
            return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    elif form.errors:
        status = 422
    context = slot_page(form, offers, request.values.get("day") or (form.slot.data or "")[:8])
    missing, bill = dossiers.still_missing(dossier), booking.bill_for(dossier, Kind.SUPPLEMENT)
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
    return render_template(
        "tracking/booked.html", dossier=dossier, told=told, secret=secret, side=side, path=path, telling=telling,
        bill=booking.bill_of(dossier), tail=dossier.citizen.phone[-3:], told_day=told.visit.slot.day,
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


def file_answer(data: bytes, type_: str, name: str) -> ResponseReturnValue:
    answer = make_response(data)
    answer.headers["Content-Type"] = type_
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def base_url() -> str:
    url: str = current_app.extensions["settings"].base_url
    return url


@bp.route("/t/<secret>/cancel", methods=["GET", "POST"])
@public
def cancel(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    if request.method == "POST":
        atomically(booking.cancel, dossier, security.act())
        return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    told = stories.story(dossier, now())
    if not told.cancellable:
        return redirect(url_for("tracking.home", secret=secret))
    return render_template("tracking/cancel.html", dossier=dossier, told=told, secret=secret)


@bp.route("/t/<secret>/move", methods=["GET", "POST"])
@public
def move(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    visit = booking.movable(dossier)
    if visit is None:
        raise Refused("nothing_to_move")
    offers = calls.offers(dossier.post_office, now())
    here = f"{visit.slot.day:%Y%m%d}-{visit.slot.opens:%H%M}" if visit.state in calls.OPEN else None
    form = Time(slot=here)
    form.slot.choices = [SelectChoice(offer.key, "") for offer in offers]  # a full one is refused in words
    status = 200
    if form.validate_on_submit():
        try:
            atomically(booking.rebook, dossier, form.slot.data, security.act())
        except Refused as refusal:
            if refusal.key not in ("slot_full", "slot_unknown"):
                raise
            form.slot.errors, status = [sentence(refusal)], refusal.status
        else:
            flash(_("The new time is set. A message is on its way."), "ok")
            return redirect(url_for("tracking.home", secret=secret), SEE_OTHER)
    elif form.errors:
        status = 422
    context = slot_page(form, offers, request.values.get("day") or (form.slot.data or "")[:8])
    page = render_template(
        "tracking/move.html",
        form=form,
        dossier=dossier,
        visit=visit,
        secret=secret,
        here=here,
        again=_again(visit),
        **context,
    )
    return page, status


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
        return _page(dossier, secret, form, 422)
    throttle("claim", told.packet.code, (5, DAY))  # wrong tries leave no other trace
    try:
        atomically(_claim, told.packet, told.claim, form.code.data, security.act())
    except Refused as refusal:
        if refusal.key != "custody_proof_missing":
            raise
        form.code.errors = [_("This is not the code of the message. Look again, or ask for a new one.")]
        return _page(dossier_of(secret), secret, form, 422)
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


# ---- by number --------------------------------------------------------------------------------------------------


@bp.route("/track", methods=["GET", "POST"])
@public
def by_number() -> ResponseReturnValue:
    """Number and four digits open the state; the same answer for every pair that does not belong together."""
    form = ByNumber()
    if request.method == "GET" or "digits" not in request.form:
        return render_template("tracking/by_number.html", form=ByNumber(formdata=None, number=form.number.data))
    if not form.validate():
        return render_template("tracking/by_number.html", form=form), 422
    try:
        number = numbers.read(form.number.data)
        throttle("track", security.address_key("track"), (20, MINUTE), (200, HOUR))
        throttle("track-number", number.encode(), (10, 15 * MINUTE))
        seen = stories.state_by_number(number, form.digits.data, now())
    except Invalid as wrong:
        form.number.errors = [sentence(wrong)]
        return render_template("tracking/by_number.html", form=form), 422
    if seen is None:
        return render_template("tracking/no_such.html", form=form, number=number), 404
    return render_template("tracking/glimpse.html", seen=seen, words=telling.HEADLINES[seen.headline])


@bp.post("/track/send")
@public
def send_code() -> ResponseReturnValue:
    """A code to the phone of this number, if there is one; the next page is the same either way."""
    form = ByNumber()
    try:
        number = numbers.read((form.number.data or "")[:40])
    except Invalid as wrong:
        form.number.errors = [sentence(wrong)]
        return render_template("tracking/by_number.html", form=form), 422
    throttle("send", security.address_key("send"), (5, 10 * MINUTE), (30, DAY))
    throttle("send-number", number.encode(), *MESSAGES)
    session["view_request"] = atomically(stories.ask_details, number, security.act())
    session["view_number"] = number
    return redirect(url_for("tracking.code"), SEE_OTHER)


@bp.route("/track/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    asked = session.get("view_request")
    if not asked:
        return redirect(url_for("tracking.by_number"))
    form = Code()
    if codes.view_shut(asked, now()):
        return _code_page(asked, form), 422 if form.is_submitted() else 200
    if not form.validate_on_submit():
        return _code_page(asked, form), 422 if form.errors else 200
    throttle("view", security.address_key("view"), (20, 10 * MINUTE))
    found = atomically(stories.open_details, asked, form.code.data, security.act())
    if found is None:
        form.code.errors = [_("This is not the code of the message. Look again.")]
        return _code_page(asked, form), 422
    session.pop("view_request")
    session.pop("view_number", None)
    session["details"] = {"dossier": found, "until": (now() + GRANT).isoformat()}
    return redirect(url_for("tracking.details"), SEE_OTHER)


def _code_page(asked: str, form: Code) -> str:
    """The field while the code may still open; after that why it does not, and the way to a new one."""
    shut = codes.view_shut(asked, now())
    return render_template("tracking/code.html", form=form, shut=shut, number=session.get("view_number"))


@bp.get("/track/details")
@public
def details() -> ResponseReturnValue:
    """The same story, opened by a code: it shows, and changes nothing."""
    grant: dict[str, Any] = session.get("details") or {}
    until = datetime.fromisoformat(grant["until"]) if grant else datetime.min.replace(tzinfo=UTC)
    dossier = db.session.get(Dossier, grant["dossier"]) if grant and now() < until else None
    if dossier is None:
        session.pop("details", None)
        return redirect(url_for("tracking.by_number"))
    return _page(dossier, None, Code(formdata=None))


# ---- a packet in a stranger's hands -----------------------------------------------------------------------------


@bp.get("/s/<token>")
@bp.get("/S/<token>")
@public
def found(token: str) -> ResponseReturnValue:
    """What a stranger sees who scans a slip. Staff go to their own page for the packet."""
    packet, status, kind = None, 200, None
    try:
        slip = tokens.read(current_app.extensions["keys"], token.upper())
        kind = slip.type.name.lower()
        if slip.type is tokens.TokenType.DESK and g.user is not None:
            return redirect(url_for("records.show", receipt=manifests.by_code(slip.code).receipt_no))
        packet = packets.by_code(slip.code)
    except Invalid:
        status = 404
    except Missing:
        pass  # a genuine slip of ours, whose booking has not come back yet
    if packet and g.user is not None and (page := _own_page(packet, g.user)):
        return redirect(page)
    return render_template("tracking/found.html", number=packet.number if packet else None, kind=kind), status


def _own_page(packet: Packet, user: User) -> str | None:
    """Where this member of staff works on the packet; None when it is another office's, or not their job."""
    if packet.is_blank:
        return None
    dossier = packet.dossier
    endpoint = next((page for right, page in PAGES.items() if user.may(right)), None)
    if endpoint not in current_app.view_functions or user.office_id not in (dossier.desk_id, dossier.post_office_id):
        return None
    return url_for(endpoint) if endpoint == "courier.home" else url_for(endpoint, number=packet.number)


@bp.app_template_filter()
def tel(number: str) -> Markup:
    """The address behind a number one can tap."""
    return Markup("tel:") + "".join(c for c in number if c.isdigit() or c == "+")
