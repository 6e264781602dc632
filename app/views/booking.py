"""Booking: the first page, the search, and one question a page until the visit is booked.

Answers wait in a draft; the browser holds only its secret. Every page works without scripts.
"""

from datetime import date
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from app import security
from app.db import atomically, db, now
from app.domain import bands, booking, calendar, drafts, exemptions, places, postage, procedures, slips, visits
from app.domain.booking import Request
from app.domain.dossiers import ReturnWay
from app.domain.people import Language
from app.domain.places import Neighbourhood, Office, Ward
from app.domain.postage import Item
from app.domain.procedures import Procedure
from app.domain.visits import Offer
from app.errors import Invalid, Missing, Refused
from app.language import NAMES, choose, in_language, window
from app.phrases import TEXTS
from app.security import public
from app.sentences import sentence
from app.views import booking_forms as forms
from app.views import draft
from app.views.answers import SEE_OTHER
from app.views.highlight import highlight

bp = Blueprint("booking", __name__)
bp.add_app_template_filter(highlight)
bp.add_app_template_filter(lambda key: TEXTS[f"money.{key}"], "charge")  # the name of a line of a bill
STEPS = 7


class DraftGone(Exception):
    """No booking in progress in this browser, or one older than a day."""


@bp.errorhandler(DraftGone)
def draft_gone(_error: DraftGone) -> ResponseReturnValue:
    booked = drafts.just_booked(draft.secret(), now())
    return render_template("booking/restart.html", booked=booked), 410


class DeskGone(Exception):
    """The desk that was chosen does not receive it from there."""


@bp.errorhandler(DeskGone)
def desk_gone(error: DeskGone) -> ResponseReturnValue:
    """The question of the desk again, with everything else kept."""
    answers = _draft()
    offered = _desks(answers)
    form = _desk_form(offered, offered[0].id, formdata=None)
    form.desk.errors = [sentence(error.args[0])]
    return _desk_page(form, offered, answers, 422)


# ---- finding the procedure --------------------------------------------------------------------------------------


@bp.get("/")
@public
def first() -> ResponseReturnValue:
    return render_template("booking/first.html")


@bp.get("/book")
@public
def search() -> ResponseReturnValue:
    day = calendar.today(now())
    asked = " ".join(request.args.get("q", "").split())[:100]
    found = procedures.search(asked, day) if asked else []
    popular = procedures.popular(day)
    carried = {one.code: booking.carriage(one, now()) for one in (*found, *popular)}
    return render_template("booking/search.html", asked=asked, found=found, popular=popular, carried=carried)


@bp.get("/procedures/<code>")
@public
def procedure(code: str) -> ResponseReturnValue:
    found = procedures.get(code, calendar.today(now()))
    carried = booking.carriage(found, now())
    page = "booking/papers.html" if carried.submit_by_post else "booking/in_person.html"
    near, far, passing_on = (postage.tariff(calendar.today(now()), item) for item in (Item.DISTRICT, Item.PROVINCE, Item.PASSING_ON))  # fmt: skip
    return render_template(page, procedure=found, carried=carried, desks=places.desks(), near=near, far=far, passing_on=passing_on)  # fmt: skip


@bp.post("/procedures/<code>")
@public
def begin(code: str) -> ResponseReturnValue:
    """Begin, or go on with other papers: what was answered before is kept."""
    found = procedures.get(code, calendar.today(now()))
    if not booking.carriage(found, now()).submit_by_post:
        raise Refused("procedure_in_person")
    secret = draft.secret()
    if secret and atomically(drafts.keep, secret, {"procedure": code, "desk_id": _same_desk(code)}, security.act()):
        return _on(draft.answers() or {})
    secret = atomically(drafts.begin, {"procedure": code}, security.act())
    return draft.remember(make_response(redirect(url_for("booking.ward"), SEE_OTHER)), secret)


def _same_desk(code: str) -> int | None:
    """That of the dossier this one goes along with, if it receives both; else it is asked for, with other papers anew."""
    answers = draft.answers() or {}
    if "beside" not in answers or not answers.get("neighbourhood_id"):
        return None
    offered = _desks(answers | {"procedure": code})
    return next((one.id for one in offered if one.id == answers["desk_id"]), None)


# ---- the draft --------------------------------------------------------------------------------------------------


@bp.context_processor
def _beside() -> dict[str, Any]:
    """The dossier that the one being booked goes along with, on every page of it."""
    return {"beside": (draft.answers() or {}).get("beside")}


def _draft() -> dict[str, Any]:
    answers = draft.answers()
    if answers is None or "procedure" not in answers:
        raise DraftGone
    return answers


def _keep(**answers: Any) -> ResponseReturnValue:
    """Keep what this page asked and go to the first question still open."""
    secret = draft.secret()
    if not atomically(drafts.keep, secret, answers, security.act()):
        raise DraftGone
    return _on(_draft())


def _on(answers: dict[str, Any]) -> ResponseReturnValue:
    open_questions = (
        ("booking.ward", "ward_id"),
        ("booking.address", "neighbourhood_id"),
        ("booking.desk", "desk_id"),
        ("booking.time", "slot_key"),
        ("booking.who", "phone"),
        ("booking.way_back", "return_way"),
    )
    if answers.get("neighbourhood_id") and len(_desks(answers)) == 1:
        answers = answers | {"desk_id": -1}  # no question
    page = next((page for page, answer in open_questions if not answers.get(answer)), "booking.check")
    return redirect(url_for(page), SEE_OTHER)


def _need(answers: dict[str, Any], *names: str) -> None:
    """Somebody who jumps ahead by address starts where a draft starts."""
    if any(not answers.get(name) for name in names):
        raise DraftGone


def _procedure(answers: dict[str, Any]) -> Procedure:
    return procedures.get(answers["procedure"], calendar.today(now()))


def _place(answers: dict[str, Any]) -> Neighbourhood:
    return db.session.get_one(Neighbourhood, answers["neighbourhood_id"])


def _desks(answers: dict[str, Any]) -> list[Office]:
    return booking.desks_for(_procedure(answers), _place(answers), now())


def _desk(answers: dict[str, Any]) -> Office:
    try:
        return booking.desk_for(_procedure(answers), _place(answers), answers.get("desk_id") or 0, now())
    except Invalid as refusal:
        raise DeskGone(refusal) from refusal


# ---- one question a page ----------------------------------------------------------------------------------------


@bp.route("/book/ward", methods=["GET", "POST"])
@public
def ward() -> ResponseReturnValue:
    answers = _draft()
    form = forms.Ward(ward=str(answers.get("ward_id", "")))
    named = booking.wards_to_name(now())
    form.ward.choices = [SelectChoice(str(one.id), one.name) for one in named]
    if form.validate_on_submit():
        chosen = int(form.ward.data)
        if chosen == answers.get("ward_id"):
            return _keep()
        return _keep(ward_id=chosen, neighbourhood_id=None, desk_id=None, slot_key=None)
    hints = {str(one.id): _("former name") for one in named if one.valid_to}
    return render_template("booking/ward.html", form=form, hints=hints, answers=answers), 422 if form.errors else 200


@bp.route("/book/address", methods=["GET", "POST"])
@public
def address() -> ResponseReturnValue:
    answers = _draft()
    _need(answers, "ward_id")
    named = db.session.get_one(Ward, answers["ward_id"])
    places_there = booking.neighbourhoods_named(named, now())
    known = {name: answers.get(name) for name in ("street", "notes", "call_first")}
    form = forms.Address(neighbourhood=str(answers.get("neighbourhood_id") or ""), **known)
    form.neighbourhood.choices = [SelectChoice(str(place.id), _khu_pho(place, named)) for place in places_there]
    if form.validate_on_submit():
        place = next(one for one in places_there if str(one.id) == form.neighbourhood.data)
        same_place = answers.get("neighbourhood_id") == place.id
        same_office = answers.get("post_office_id") == place.post_office_id
        return _keep(
            neighbourhood_id=place.id, post_office_id=place.post_office_id, street=form.street.data,
            notes=form.notes.data, call_first=bool(form.call_first.data), desk_id=answers.get("desk_id") if same_place else None,
            slot_key=answers.get("slot_key") if same_office else None,
        )  # fmt: skip
    form.neighbourhood.choices = [SelectChoice("", _("Choose")), *form.neighbourhood.choices]
    return render_template("booking/address.html", form=form, named=named), 422 if form.errors else 200


def _khu_pho(place: Neighbourhood, named: Ward) -> str:
    if place.ward.name == named.name:
        return place.name
    return str(_("%(name)s (now %(ward)s ward)", name=place.name, ward=place.ward.name))


@bp.route("/book/desk", methods=["GET", "POST"])
@public
def desk() -> ResponseReturnValue:
    """Asked only where there is more than one: whatever the place of residence, any desk of the province."""
    answers = _draft()
    _need(answers, "ward_id", "neighbourhood_id")
    offered = _desks(answers)
    if request.method == "GET" and len(offered) == 1:
        return _on(answers)
    form = _desk_form(offered, answers.get("desk_id") or offered[0].id)
    if form.validate_on_submit():
        return _keep(desk_id=int(form.desk.data))
    return _desk_page(form, offered, answers, 422 if form.errors else 200)


def _desk_form(offered: list[Office], chosen: int, **given: Any) -> forms.Desk:
    form = forms.Desk(desk=str(chosen), **given)
    form.desk.choices = [SelectChoice(str(one.id), one.name) for one in offered]
    return form


def _desk_page(form: forms.Desk, offered: list[Office], answers: dict[str, Any], status: int) -> ResponseReturnValue:
    place = _place(answers)
    days = {str(one.id): bands.days(place.ward, one.ward) for one in offered}
    quotes = {str(one.id): postage.one_way(place.ward, one.ward, calendar.today(now())) for one in offered}
    page = render_template(
        "booking/desk.html", form=form, offered=offered, days=days, quotes=quotes, carried=booking.carriage(_procedure(answers), now(), place)
    )  # fmt: skip
    return page, status


@bp.route("/book/time", methods=["GET", "POST"])
@public
def time() -> ResponseReturnValue:
    answers = _draft()
    _need(answers, "ward_id", "neighbourhood_id")
    place = _place(answers)
    offers = visits.offers(place.post_office, now())
    form = forms.Time(slot=answers.get("slot_key"))
    form.slot.choices = [SelectChoice(offer.key, "") for offer in offers]
    if not form.validate_on_submit():
        return _time_page(form, offers, answers, 422 if form.errors else 200)
    if any(offer.key == form.slot.data and not offer.left for offer in offers):
        form.slot.errors = [sentence(Refused("slot_full"))]
        return _time_page(form, offers, answers, 409)
    return _keep(slot_key=form.slot.data)


def _time_page(form: forms.Time, offers: list[Offer], answers: dict[str, Any], status: int) -> ResponseReturnValue:
    context = slot_page(form, offers, request.values.get("day") or (form.slot.data or "")[:8])
    page = render_template(
        "booking/time.html", form=form, place=_place(answers), procedure=_procedure(answers), answers=answers,
        here=url_for("booking.time"), taken=status in (404, 409), **context,
    )  # fmt: skip
    return page, status


def slot_page(form: forms.Time, offers: list[Offer], wanted: str) -> dict[str, Any]:
    """Days to choose from, and the slots of one: the wanted day, else the first with room."""
    days: dict[date, int] = {}
    for offer in offers:
        days[offer.day] = days.get(offer.day, 0) + offer.left
    free = next((offer for offer in offers if offer.left), None)
    asked = next((day for day in days if f"{day:%Y%m%d}" == wanted), None)
    day = asked or (free.day if free else None)
    slots = [offer for offer in offers if offer.day == day]
    form.slot.choices = [SelectChoice(offer.key, window(offer.opens, offer.closes)) for offer in slots]
    form.day.data = f"{day:%Y%m%d}" if day else ""
    return {"days": days, "day": day, "slots": slots, "nearest": free}


@bp.route("/book/who", methods=["GET", "POST"])
@public
def who() -> ResponseReturnValue:
    answers = _draft()
    asked = ("name", "phone", "second_name", "second_phone", "proxy", "language", "exemption")
    form = forms.Who(**{name: answers.get(name, "") for name in asked} | {"language": _language(answers)})
    form.exemption.choices = [
        SelectChoice("", _("None of these")),
        *(SelectChoice(one.key, in_language(one.name, one.name_en)) for one in exemptions.on(calendar.today(now()))),
    ]
    if form.validate_on_submit():
        return _keep(**{name: form[name].data for name in asked})
    return render_template("booking/who.html", form=form), 422 if form.errors else 200


def _language(answers: dict[str, Any]) -> Language:
    """In which the citizen is written to: that of the pages, until somebody says another."""
    return Language(answers.get("language") or choose())


@bp.route("/book/return", methods=["GET", "POST"])
@public
def way_back() -> ResponseReturnValue:
    answers = _draft()
    _need(answers, "neighbourhood_id")
    found, place = _procedure(answers), _place(answers)
    desk, post = _desk(answers), place.post_office
    form = forms.Return(way=answers.get("return_way"))
    carried = booking.carriage(found, now(), place)
    if not carried.return_by_post:
        form.way.choices = [SelectChoice("desk", "")]
    if form.validate_on_submit():
        return _keep(return_way=form.way.data)
    quote = postage.one_way(place.ward, desk.ward, calendar.today(now()))
    page = render_template("booking/way_back.html", form=form, carried=carried, desk=desk, post=post, quote=quote)
    return page, 422 if form.errors else 200


@bp.route("/book/check", methods=["GET", "POST"])
@public
def check() -> ResponseReturnValue:
    form = forms.Check()
    if request.method == "POST" and (made := booking.by_key(form.booking_key.data or "")):
        return redirect(url_for("tracking.booked", secret=made.secret), SEE_OTHER)  # the same form once more
    answers = _draft()
    _need(answers, "ward_id", "neighbourhood_id", "street", "slot_key", "phone", "return_way")
    if form.validate_on_submit():
        return _book(answers)
    return _check_page(form, answers, 422 if form.errors else 200)


def _check_page(form: forms.Check, answers: dict[str, Any], status: int) -> ResponseReturnValue:
    found, place, desk = _procedure(answers), _place(answers), _desk(answers)
    try:
        offer = visits.read_key(place.post_office, answers["slot_key"], now())
    except Missing as gone:
        return _other_time(answers, gone)
    if not offer.left:
        return _other_time(answers, Refused("slot_full"))
    way = ReturnWay(answers["return_way"]) if booking.carriage(found, now(), place).return_by_post else ReturnWay.DESK
    form.booking_key.data, quote = answers["booking_key"], postage.quote(place.ward, desk.ward, calendar.today(now()))
    page = render_template(
        "booking/check.html", form=form, answers=answers, procedure=found, place=place, offer=offer, way=way,
        bill=postage.bill(found, way, quote.way.amount, quote.passing_on.amount, exemptions.of(answers.get("exemption"))), quote=quote, desk=desk, has_choice=len(_desks(answers)) > 1,
        written=NAMES[_language(answers)], years=slips.YEARS,
    )  # fmt: skip
    return page, status


def _book(answers: dict[str, Any]) -> ResponseReturnValue:
    asked = ("ward_id", "neighbourhood_id", "street", "notes", "call_first", "slot_key", "name", "phone",
             "second_name", "second_phone", "proxy", "exemption", "booking_key")  # fmt: skip
    filled = Request(
        procedure_code=answers["procedure"], desk_id=answers.get("desk_id") or 0, return_way=ReturnWay(answers["return_way"]), consent=True,
        language=_language(answers), beside=answers.get("beside", {}).get("id", 0), **{name: answers.get(name, "") if name in ("proxy", "exemption") else answers[name] for name in asked},
    )  # fmt: skip
    try:
        dossier = atomically(booking.book, filled, security.act())
    except Refused as refusal:
        if refusal.key in ("slot_full", "slot_unknown"):
            return _other_time(answers, refusal)
        if refusal.key == "desk_not_offered":
            raise DeskGone(refusal) from refusal
        raise
    atomically(drafts.finish, draft.secret(), dossier, security.act())
    return redirect(url_for("tracking.booked", secret=dossier.secret), SEE_OTHER)


def _other_time(answers: dict[str, Any], refusal: Refused) -> ResponseReturnValue:
    """The time went to somebody else: the same question again, with everything else kept."""
    form = forms.Time(formdata=None)
    form.slot.errors = [sentence(refusal)]
    answers = answers | {"slot_key": None}
    offers = visits.offers(_place(answers).post_office, now())
    return _time_page(form, offers, answers, refusal.status)
