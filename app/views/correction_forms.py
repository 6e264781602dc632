"""What one types to put a packet's record right: a form for each remedy, and whether what it says can be read."""

import hashlib
import re
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import HiddenField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from app import language, security
from app.db import atomically
from app.domain import bodies, corrections, numbers, photos, remedies
from app.domain.flags import Detail
from app.domain.packets import Packet
from app.domain.remedies import Remedy
from app.errors import Invalid, Refused
from app.sentences import sentence
from app.views import fields, testimonies
from app.views.counter_forms import Moving, Proven


def _(text: str, **values: Any) -> str:
    return str(gettext(text, **values))


class Facts(Moving):
    password = fields.own_password()
    second_login = StringField(_l("Second person's sign-in name"), [Length(max=60)])
    second_secret = PasswordField(_l("Second person's password or PIN"), [Length(max=200)])


def _reason() -> RadioField:
    return RadioField(_l("Why?"), [InputRequired(_l("Choose the reason"))])


def _sighting() -> TextAreaField:
    needed = DataRequired(_l("Write who saw the packet, where and when"))
    long = Length(max=500, message=_l("At most 500 characters"))
    return TextAreaField(_l("Who saw the packet, where and when?"), [needed, long])


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
    seal = fields.seal()
    sighting = _sighting()


class Amend(Facts):
    detail = RadioField(
        _l("Which detail was noted wrongly?"), [InputRequired(_l("Choose the detail that was noted wrongly."))]
    )
    right = StringField(_l("What is right?"), [InputRequired(_l("Type what is right")), Length(max=40)])


class Damage(Facts):
    reason = _reason()
    picture = FileField(_l("Photo of the damage"))
    photo = HiddenField()  # the hash of the one that has come


class Vouched(Facts, Proven):
    """The slip the citizen signed, or the digits of their message."""


class Reseal(Facts):
    old = fields.seal(_l("Number of the old seal"))
    new = fields.seal(_l("Number of the new seal"))


FORMS: dict[Remedy, type[Facts]] = {
    Remedy.SETTLE: Settle, Remedy.CONTEST: Contest, Remedy.CORRECT: Reasoned, Remedy.HAND_ON: HandOn,
    Remedy.SEE: See, Remedy.RESEAL: Reseal, Remedy.LOSE: Reasoned, Remedy.AMEND: Amend, Remedy.DAMAGE: Damage,
    Remedy.ATTEST: Vouched, Remedy.CONFIRM: Vouched, Remedy.CALL_OFF: Facts,
}  # fmt: skip
SIGNING = {"password", "second_login", "second_secret"}
FIELDS = {
    "seal_form": "seal",
    "presence_wrong": "password",
    "presence_empty": "password",
    "sighting_needed": "sighting",
    "reason_needed": "reason",
}


def readable(form: Facts, one: Packet) -> bool:
    """What is typed or sent is read once more before anything is shown as what will be written."""
    if "picture" in form:
        return _has_photo(form)
    if "detail" in form:
        return _is_other(form, one)
    if "code" in form and not (form.paper.data or form.has_digits):
        form.code.errors = [sentence(Invalid("proof_needed"))]
        return False
    for name in ("seal", "old", "new"):
        if name in form:
            try:
                numbers.read_seal(form[name].data)
            except Refused as refusal:
                form[name].errors = [sentence(refusal)]
                return False
    return True


def _has_photo(form: Any) -> bool:
    """Keep the photo that came, once; what is written names it by its hash."""
    sent = form.picture.data
    try:
        if sent:
            data = sent.stream.read(photos.LARGEST + 1)
            if len(data) > photos.LARGEST:
                raise Invalid("picture_large")
            sha256 = hashlib.sha256(data)
            atomically(corrections.keep_photo, sha256.digest(), photos.redrawn(data), security.act())
            form.photo.data = sha256.hexdigest()
        elif not re.fullmatch("[0-9a-f]{64}", form.photo.data or "") or not photos.is_there(
            bytes.fromhex(form.photo.data)
        ):
            raise Invalid("picture_needed")
    except Invalid as refusal:
        form.picture.errors = [sentence(refusal)]
        return False
    return True


def _is_other(form: Any, one: Packet) -> bool:
    detail = detail_of(one, form.detail.data)
    try:
        if bodies.read_detail(detail.field, form.right.data) == detail.value:
            raise Invalid("detail_same")
    except Invalid as refusal:
        form.right.errors = [sentence(refusal)]
        return False
    return True


def detail_key(detail: Detail) -> str:
    return f"{detail.digest.hex()} {detail.field}"


def detail_of(one: Packet, key: str) -> Detail:
    found = next((each for each in remedies.amendable(one) if detail_key(each) == key), None)
    if found is None:
        raise Invalid("detail_unknown")
    return found


def detail_words(detail: Detail) -> str:
    did = capital(testimonies.SCANS.get(detail.event, detail.event))
    return f"{did}, {language.moment(detail.at)}: {value_words(detail.field, detail.value)}"


def value_words(field: str, value: str) -> str:
    if field == "seal":
        return _("seal %(number)s", number=language.seal(value))
    return str(ngettext("%(num)d sheet", "%(num)d sheets", int(value)))


def capital(text: object) -> str:
    words = str(text)
    return words[:1].upper() + words[1:]
