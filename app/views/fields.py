"""Fields of WTForms that say in our own words, and the reader's language, what they could not read."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.validators import InputRequired, Length, StopValidation
from wtforms.widgets import HiddenInput

from app.domain import printing
from app.errors import Invalid
from app.sentences import sentence

# What WTForms says where a field has no words of its own for it, in ours. Whatever else it may say is UNREAD.
LISTED = _l("Choose one of those listed")
UNREAD = _l("This cannot be read as it stands")
SENTENCES = {
    "This field is required.": _l("Still empty"),
    "Not a valid choice.": LISTED,
    "Invalid Choice: could not coerce.": LISTED,
    "Invalid choice(s): one or more data inputs could not be coerced.": LISTED,
    "'%(value)s' is not a valid choice for this field.": LISTED,
    "Invalid value, must be one of: %(values)s.": LISTED,
    "Field must be at least %(min)d character long.": _l("At least %(min)s characters"),
    "Field cannot be longer than %(max)d character.": _l("At most %(max)s characters"),
    "Field must be exactly %(max)d character long.": _l("Exactly %(max)s characters"),
    "Field must be between %(min)d and %(max)d characters long.": _l("From %(min)s to %(max)s characters"),
    "Number must be at least %(min)s.": _l("A number from %(min)s upwards"),
    "Number must be at most %(max)s.": _l("A number up to %(max)s"),
    "Number must be between %(min)s and %(max)s.": _l("Type a number from %(min)s to %(max)s"),
}

WRITTEN = re.compile(r"[0-9]{1,18}")


class Ours:
    """The library's sentences for its reader: what stands for its own catalogues."""

    def gettext(self, text: str) -> str:
        return str(SENTENCES.get(text, UNREAD))

    def ngettext(self, text: str, _plural: str, _count: int) -> str:
        return self.gettext(text)


class PlainForm(wtforms.Form):  # type: ignore[misc]
    """What is asked in an address, or a row of a form."""

    class Meta:
        def get_translations(self, _form: Any) -> Ours:
            return Ours()


class Form(FlaskForm):  # type: ignore[misc]
    class Meta:
        def get_translations(self, _form: Any) -> Ours:
            return Ours()


def upto(most: int) -> Length:
    return Length(max=most, message=_l("At most %(most)s characters", most=most))


def held(rule: Callable[[str], None]) -> Any:
    """What the domain says of this text, said at its field."""

    def check(_form: Any, field: Any) -> None:
        try:
            rule(field.data or "")
        except Invalid as wrong:
            raise StopValidation(sentence(wrong)) from wrong

    return check


class Needed(InputRequired):  # type: ignore[misc]
    """It must not stay empty; on top of the page, away from its field, the sentence names it too."""

    def __call__(self, form: Any, field: Any) -> None:
        try:
            super().__call__(form, field)
        except StopValidation:
            raise StopValidation(_("Still empty: %(field)s", field=field.label.text)) from None


printable = held(printing.check)  # for whatever stands on papers sooner or later


def said(words: Any, most: int, **more: Any) -> wtforms.StringField:
    """A line of text that must not stay empty, and that papers can bear."""
    return wtforms.StringField(words, [Needed(), upto(most), printable], **more)


def seal(words: Any = None) -> wtforms.StringField:
    words = words or _l("Seal number on the bag")
    return wtforms.StringField(words, [InputRequired(_l("Type the number on the seal")), Length(max=40)])


def own_password() -> wtforms.PasswordField:
    """Asked for again when five minutes have passed."""
    return wtforms.PasswordField(_l("Your password"), [Length(max=200)])


def courier_pin(*checks: Any) -> wtforms.PasswordField:
    return wtforms.PasswordField(_l("PIN, six digits, typed by the courier"), [*checks, Length(max=12)])


class IntegerField(wtforms.IntegerField):  # type: ignore[misc]
    """What is no number is told with an `example` of one that fits there."""

    def __init__(self, *args: Any, example: str = "2", **more: Any) -> None:
        super().__init__(*args, **more)
        self.example = example

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as wrong:
            raise ValueError(_("Type a whole number, for example %(example)s", example=self.example)) from wrong


class SumField(wtforms.IntegerField):  # type: ignore[misc]
    """A sum in đồng, typed as pages show it: "67.000 đ"."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            try:
                self.data = read_sum(valuelist[0])
            except Invalid as wrong:
                raise ValueError(sentence(wrong)) from wrong


class FloatField(wtforms.FloatField):  # type: ignore[misc]
    """10.9 or 10,9."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([text.replace(",", ".") for text in valuelist])
        except ValueError as wrong:
            raise ValueError(_("Type a number, for example 10.9072")) from wrong


class DateField(wtforms.DateField):  # type: ignore[misc]
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as wrong:
            raise ValueError(_("Type a day of the calendar, for example 2026-08-28")) from wrong


class TimeField(wtforms.TimeField):  # type: ignore[misc]
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as wrong:
            raise ValueError(_("Type an hour of the day, for example 15:30")) from wrong


class HiddenInteger(wtforms.IntegerField):  # type: ignore[misc]
    """What the page itself wrote; nothing, where it is no number."""

    widget = HiddenInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = int(valuelist[0]) if valuelist and WRITTEN.fullmatch(valuelist[0]) else None


def read_sum(text: str | None) -> int:
    """A sum in đồng as people type it: "67.000 đ". Raises Invalid("money_amount")."""
    digits = "".join(c for c in text or "" if c not in " .,\u00a0đ")
    if not digits.isdecimal() or len(digits) > 12:
        raise Invalid("money_amount")
    return int(digits)


def read_day(text: str) -> date:
    """A day as it stands in an address. Raises Invalid("day_form"), of days in other centuries too."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("day_form") from error
    if not 2000 <= day.year < 2100:
        raise Invalid("day_form")
    return day
