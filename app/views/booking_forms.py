"""The questions of a booking, each with what to say when the answer is not one."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length, Optional, StopValidation

from app.domain import booking, people
from app.domain.booking import LONGEST
from app.errors import Invalid
from app.language import NAMES
from app.sentences import sentence
from app.views.fields import Form, held, printable


def chosen(message: Any) -> Any:
    """One of the offered choices, or `message`. What was chosen before counts only where it is sent again: the time of
    one day does not stand on the page of another."""

    def check(_form: FlaskForm, field: Field) -> None:
        if not field.raw_data or field.data not in {choice.value for choice in field.choices}:
            raise StopValidation(str(message))

    return check


def short(field: str) -> Length:
    limit = LONGEST[field]
    return Length(max=limit, message=_l("That is too long. At most %(limit)s characters fit.", limit=limit))


def a_phone(_form: FlaskForm, field: Field) -> None:
    try:
        people.read_phone(field.data[:40])
    except Invalid as wrong:
        raise ValidationError(sentence(wrong)) from wrong


def trimmed(text: str | None) -> str:
    return " ".join((text or "").split())


class Ward(Form):
    ward = RadioField(
        _l("Which ward does the courier come to?"),
        [chosen(_l("Choose the ward, by its old name or by its new one."))],
        description=_l("Old name or new, both are right."),
        validate_choice=False,
    )


class Address(Form):
    neighbourhood = SelectField(
        _l("Neighbourhood (khu phố)"),
        [chosen(_l("Choose the khu phố, to know which courier comes."))],
        validate_choice=False,
    )
    street = StringField(
        _l("House number and street"),
        [held(booking.check_street), short("street"), printable],
        filters=[trimmed],
    )
    notes = TextAreaField(
        _l("How to find it, if it is hard to find"),
        [short("notes"), printable],
        description=_l("For example: 2nd floor, lane beside the pharmacy, green gate, a dog"),
        filters=[lambda text: (text or "").strip()],
    )
    call_first = BooleanField(_l("Call before coming"))


class Desk(Form):
    desk = RadioField(
        _l("Which ward's desk?"),
        [chosen(_l("Choose one of these desks. No other receives this dossier."))],
        description=_l(
            "Each of these desks takes this. The one you choose reads the papers and decides. "
            "The courier comes to you all the same."
        ),
        validate_choice=False,
    )


class Time(Form):
    slot = RadioField(_l("Time"), [chosen(_l("Choose a time that still has places."))], validate_choice=False)
    day = HiddenField()


class Who(Form):
    name = StringField(
        _l("Full name"),
        [held(booking.check_name), short("name"), printable],
        filters=[trimmed],
    )
    phone = StringField(
        _l("Phone number"),
        [DataRequired(_l("Type a phone number, so that the courier can call, for example 0900 000 123.")), a_phone],
        description=_l("A mobile number is best: the tracking number and the code for the courier are sent here."),
        filters=[trimmed],
    )
    language = RadioField(
        _l("Messages are written in"),
        [Optional(), chosen(_l("Choose one of these languages."))],
        choices=[SelectChoice(key, name) for key, name in NAMES.items()],
        validate_choice=False,
    )
    exemption = RadioField(
        _l("Who are the papers for?"),
        [Optional(), chosen(_l("Choose one of these, or none of them."))],
        description=_l("By law the post carries the papers of some people free of charge. They show the courier the paper that proves it."),
        validate_choice=False,
        default="",
    )  # fmt: skip
    second_name = StringField(
        _l("Name"), [short("second_name"), printable], description=_l("For example Cam, daughter"), filters=[trimmed]
    )
    second_phone = StringField(_l("Their phone number"), [Optional(), a_phone], filters=[trimmed])
    proxy = StringField(
        _l("Who else may receive the result, if anybody"),
        [short("proxy"), printable],
        description=_l("Full name as on the identity card. They bring a signed letter of authorisation."),
        filters=[trimmed],
    )


class Return(Form):
    way = RadioField(
        _l("How should the result come back?"),
        [chosen(_l("Choose how the result comes back."))],
        choices=[
            SelectChoice("home", _l("The courier brings it home")),
            SelectChoice("post", _l("I pick it up at the post office")),
            SelectChoice("desk", _l("I pick it up at the ward")),
        ],
        validate_choice=False,
    )


class Check(Form):
    consent = BooleanField(
        _l("I agree that the post uses this name, address and phone number to collect and return the dossier."),
        [DataRequired(_l("Tick the box if you agree. Without it the post may not use your name, address and phone."))],
    )
    booking_key = HiddenField(validators=[Length(max=40)])
