"""Places, for administrators: where offices are and when they are open, and which wards there are."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectChoice, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp
from wtforms.validators import Optional as MayBeEmpty
from wtforms.widgets import CheckboxInput

from app import language, security
from app.db import atomically, now
from app.domain import calendar, places, upkeep
from app.domain.people import Right
from app.domain.places import PROVINCES, Office, OfficeKind, Opening, Ward
from app.errors import Refused
from app.language import MONDAY, weekday
from app.security import requires
from app.sentences import sentence
from app.views import answers
from app.views.answers import SEE_OTHER
from app.views.fields import DateField, FloatField, Form, IntegerField, Needed, TimeField, read_day, said

bp = Blueprint("upkeep", __name__, url_prefix="/admin")
OPENINGS = 2  # of a day that the page has room for: a morning and an afternoon
KINDS = {OfficeKind.POST: _l("Post office"), OfficeKind.DESK: _l("Ward desk")}
FIELDS = {
    "office_code_taken": "code", "office_kind": "code", "ward_over": "ward", "ward_overlaps": "code",
    "ward_known": "code", "ward_ends_first": "valid_to", "ward_still_served": "valid_to", "phone_short": "phone", "phone_long": "phone",
    "phone_unknown": "phone",
}  # fmt: skip


# ---- offices ---------------------------------------------------------------------------------------------------------


class Place(Form):
    """An office without its hours, which `Hours` adds."""

    kind = RadioField(_l("What is it?"), choices=[SelectChoice(kind, words) for kind, words in KINDS.items()])
    code = StringField(
        _l("Code"),
        [Needed(), Length(max=20), Regexp(r"[0-9A-Za-z-]+$", message=_l("Letters, digits and hyphens only"))],
    )  # fmt: skip
    name = said(_l("Name"), 120)
    ward = SelectField(_l("Ward it is in"), coerce=int)
    address = said(_l("Address"), 200)
    phone = said(_l("Phone"), 20)
    lat = FloatField(_l("Latitude"), [NumberRange(8, 24, _l("Type a number from 8 to 24, for example 10.9072"))])
    lon = FloatField(
        _l("Longitude"), [NumberRange(102, 110, _l("Type a number from 102 to 110, for example 106.7672"))]
    )
    neighbourhoods = SelectMultipleField(
        _l("Khu phố whose dossiers come to this desk"), coerce=int, option_widget=CheckboxInput()
    )
    seen = HiddenField()
    slot_places = IntegerField(
        _l("Visits in one slot"),
        [MayBeEmpty(), NumberRange(0, 500, _l("Type a number from 0 to 500, for example 6"))],
        default=6,
    )


Hours: Any = type(
    "Hours",
    (Place,),
    {
        f"{end}_{weekday}_{nth}": TimeField("", [MayBeEmpty()])
        for weekday in range(7)
        for nth in range(OPENINGS)
        for end in ("opens", "closes")
    },
)


def _week(form: FlaskForm) -> list[tuple[str, list[tuple[Any, Any]]]]:
    """The fields of the hours, a weekday each."""
    pairs = [[(form[f"opens_{day}_{nth}"], form[f"closes_{day}_{nth}"]) for nth in range(OPENINGS)] for day in range(7)]
    return [(weekday(MONDAY + timedelta(days=day)), row) for day, row in enumerate(pairs)]


def _openings(form: FlaskForm) -> list[Opening]:
    """Those that have both ends; one that has only one is told at the other."""
    found = []
    for day, (_name, row) in enumerate(_week(form)):
        for opens, closes in row:
            if opens.data and closes.data:
                found.append(Opening(day, opens.data, closes.data))
            elif opens.data or closes.data:
                other = closes if opens.data else opens
                other.errors = other.errors or [_("An opening has a beginning and an end")]
    return found


def _filled(office: Office) -> dict[str, Any]:
    facts = {
        name: getattr(office, name)
        for name in ("kind", "code", "name", "address", "phone", "lat", "lon", "slot_places")
    }
    nth = dict.fromkeys(range(7), 0)
    for one in office.hours:
        facts |= {
            f"opens_{one.weekday}_{nth[one.weekday]}": one.opens,
            f"closes_{one.weekday}_{nth[one.weekday]}": one.closes,
        }
        nth[one.weekday] += 1
    given = [one.id for one in upkeep.neighbourhoods_of(office.ward_id) if one.desk_id == office.id]
    return facts | {"phone": language.phone(office.phone), "ward": office.ward_id, "neighbourhoods": given}


@bp.get("/places/")
@requires(Right.ADMIN)
def home() -> ResponseReturnValue:
    known, today = upkeep.offices(), calendar.today(now())
    return render_template("upkeep/places.html", offices=known, wards=upkeep.wards(), kinds=KINDS, today=today)


@bp.route("/places/new", methods=["GET", "POST"])
@requires(Right.ADMIN)
def found_office() -> ResponseReturnValue:
    return _office(None)


@bp.route("/places/<office>", methods=["GET", "POST"])
@requires(Right.ADMIN)
def change_office(office: str) -> ResponseReturnValue:
    return _office(upkeep.office(office))


def _office(known: Office | None) -> ResponseReturnValue:
    shows: dict[str, Any] = _filled(known) if known else {"kind": OfficeKind.POST}
    form, status, today = Hours(**shows), 200, calendar.today(now())
    form.seen.data = form.seen.data or answers.fingerprint(Hours(formdata=None, **shows))
    form.ward.choices = [
        SelectChoice(one.id, f"{one.name}, {one.province}") for one in upkeep.wards() if one.valid_on(today)
    ]
    lies = upkeep.neighbourhoods_of(known.ward_id) if known and known.kind is OfficeKind.DESK else []
    form.neighbourhoods.choices = [SelectChoice(one.id, one.name) for one in lies]
    if known:
        form.kind.data, form.code.data = known.kind, known.code
        form.kind.validators = form.code.validators = ()
    if form.is_submitted():
        status = 422
        is_right, hours = form.validate(), _openings(form)
        if is_right and not form.errors:
            facts = {name: _plain(form[name].data) for name in ("name", "address", "phone", "lat", "lon")}
            facts["slot_places"] = form.slot_places.data or 0

            def keep() -> None:
                if known:
                    answers.check_seen(form, Hours(formdata=None, **_filled(upkeep.office(known.code))))
                upkeep.keep_office(
                    form.code.data.strip(), OfficeKind(form.kind.data), form.ward.data, hours, security.act(), is_new=known is None,
                    neighbourhoods=form.neighbourhoods.data or (), **facts,
                )  # fmt: skip

            try:
                atomically(keep)
            except Refused as refusal:
                status = _complain(form, refusal)
            else:
                flash(_("%(name)s is written down.", name=facts["name"]), "ok")
                return redirect(url_for("upkeep.home"), SEE_OTHER)
    return render_template(
        "upkeep/office.html", form=form, week=_week(form), known=known, kinds=KINDS, lies=lies, beside=_beside(known)
    ), status  # fmt: skip


def _beside(known: Office | None) -> list[Office]:
    """The other desks of its ward; the first of them all takes what no desk is given."""
    same = places.desks_of(known.ward_id) if known and known.kind is OfficeKind.DESK else []
    return [one for one in same if one is not known]


def _complain(form: FlaskForm, refusal: Refused) -> int:
    """What is wrong with the hours is said at its weekday."""
    if "weekday" not in refusal.values:
        return answers.complain(form, refusal, FIELDS)
    form[f"opens_{refusal.values['weekday']}_0"].errors = [sentence(refusal)]
    return refusal.status


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


# ---- wards -----------------------------------------------------------------------------------------------------------


class WardForm(Form):
    code = StringField(
        _l("Code"),
        [Needed(), Regexp(r"\d{5}$", message=_l("A ward's code has five digits, for example 25942"))],
    )
    valid_from = DateField(_l("First day"), [InputRequired(_l("Choose the first day"))])
    name = said(_l("Name"), 80)
    province = SelectField(_l("Province"), choices=[SelectChoice(name, name) for name in PROVINCES])
    valid_to = DateField(_l("Last day, if it has ended"), [MayBeEmpty()])
    seen = HiddenField()
    near = SelectMultipleField(
        _l("In the same former district as"),
        coerce=int,
        description=_l(
            "Postage and days on the way are those of one district. With every other ward of the province they are those of two."
        ),
    )


@bp.route("/wards/new", methods=["GET", "POST"])
@requires(Right.ADMIN)
def found_ward() -> ResponseReturnValue:
    return _ward(None)


@bp.route("/wards/<ward>/<first>", methods=["GET", "POST"])
@requires(Right.ADMIN)
def change_ward(ward: str, first: str) -> ResponseReturnValue:
    return _ward(places.ward_known_as(ward, read_day(first)))


def _told(ward: Ward, today: date) -> dict[str, Any]:
    told = {name: getattr(ward, name) for name in ("code", "valid_from", "name", "province", "valid_to")}
    return told | {"near": sorted(upkeep.near_to(ward, today))}


def _ward(known: Ward | None) -> ResponseReturnValue:
    today = calendar.today(now())
    form, status = WardForm(**_told(known, today) if known else {}), 200
    if known and known.province not in PROVINCES:  # one that is over keeps the name it had
        form.province.choices = [SelectChoice(known.province, known.province), *form.province.choices]
    if known:
        form.code.data, form.valid_from.data = known.code, known.valid_from
        form.code.validators = form.valid_from.validators = ()
        form.near.choices = [SelectChoice(one.id, one.name) for one in upkeep.neighbours_of(known, today)]
        form.seen.data = form.seen.data or answers.fingerprint(WardForm(formdata=None, **_told(known, today)))
    else:
        del form.near  # said once it is there
    if form.is_submitted():
        status = 422
        if form.validate():
            facts = {"name": form.name.data.strip(), "province": form.province.data, "valid_to": form.valid_to.data}

            def keep() -> None:
                if known:
                    fresh = places.ward_known_as(known.code, known.valid_from)
                    answers.check_seen(form, WardForm(formdata=None, **_told(fresh, today)))
                near = form.near.data if known else ()
                upkeep.keep_ward(form.code.data, form.valid_from.data, security.act(), is_new=known is None, near=near, **facts)  # fmt: skip

            try:
                atomically(keep)
            except Refused as refusal:
                status = answers.complain(form, refusal, FIELDS)
            else:
                flash(_("%(name)s is written down.", name=facts["name"]), "ok")
                return redirect(url_for("upkeep.home"), SEE_OTHER)
    return render_template("upkeep/ward.html", form=form, known=known), status
