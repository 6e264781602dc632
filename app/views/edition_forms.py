"""The form of a draft: what a procedure says, its papers and the provinces with a rule of their own."""

import re
from dataclasses import asdict, fields
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange

from app.domain.calendar import Rule
from app.domain.places import PROVINCES
from app.domain.procedures import Carriage, Content, Edition, Line, PaperForm
from app.views.fields import DateField, Form, HiddenInteger, IntegerField, PlainForm, SumField, said, upto

PAPERS, PROVINCE_ROWS = 40, len(PROVINCES)
FORMS = {
    PaperForm.ORIGINAL: _l("original"), PaperForm.CERTIFIED: _l("certified copy"), PaperForm.COPY: _l("copy"),
    PaperForm.DATA: _l("not needed, taken from a database"),
}  # fmt: skip
RULES = {
    Rule.LEGAL: _l("Whole days, the day it comes in not counted"), Rule.CLOCK: _l("Eight working hours a day, to the hour"),
}  # fmt: skip


def _number(least: int, most: int, usual: int) -> list[Any]:
    example = _l("Type a number from %(least)s to %(most)s, for example %(usual)s", least=least, most=most, usual=usual)
    return [InputRequired(example), NumberRange(least, most, example)]


class Paper(PlainForm):
    name = said(_l("Name of the paper"), 200)
    name_en = said(_l("Name in English"), 200)
    form = SelectField(_l("Form"), choices=[SelectChoice(key, words) for key, words in FORMS.items()])
    copies = IntegerField(_l("Copies"), _number(0, 99, 1))
    sheets = IntegerField(_l("Sheets, usually"), _number(0, 500, 1))
    returned = BooleanField(_l("This original comes back with the result"))
    note = StringField(_l("Note"), [upto(300)])
    note_en = StringField(_l("Note in English"), [upto(300)])


class Province(PlainForm):
    province = SelectField(_l("Province"), choices=[SelectChoice(name, name) for name in PROVINCES])
    submit_by_post = BooleanField(_l("May be sent by post"))
    return_by_post = BooleanField(_l("The result may come by post"))
    legal_basis = said(_l("Legal basis"), 300)
    why_not = TextAreaField(_l("Why a person has to come, in plain words"), [upto(2000)])
    why_not_en = TextAreaField(_l("The same in English"), [upto(2000)])
    any_desk = BooleanField(_l("Any desk of the province receives it, wherever one lives"))
    any_desk_basis = StringField(_l("Legal basis for any desk"), [upto(300)])


class Draft(Form):
    turn = HiddenInteger(default=0)
    title = said(_l("Name in plain words"), 200)
    title_en = said(_l("Name in English"), 200)
    official_name = said(_l("Official name"), 300)
    field = said(_l("Field of work"), 80)
    synonyms = TextAreaField(_l("Further words people look for it by"), [upto(1000)])
    popular = BooleanField(_l("Listed under “Often needed”"))
    submit_by_post = BooleanField(_l("May be sent by post"))
    return_by_post = BooleanField(_l("The result may come by post"))
    legal_basis = said(_l("Legal basis"), 300)
    why_not = TextAreaField(_l("Why a person has to come, in plain words"), [upto(2000)])
    why_not_en = TextAreaField(_l("The same in English"), [upto(2000)])
    any_desk = BooleanField(_l("Any desk of the province receives it, wherever one lives"))
    any_desk_basis = StringField(_l("Legal basis for any desk"), [upto(300)])
    days = IntegerField(_l("Working days the ward takes"), _number(0, 365, 3))
    clock = RadioField(
        _l("How they are counted"),
        choices=[SelectChoice(key, words) for key, words in RULES.items()],
        default=Rule.LEGAL,
    )
    cutoff = BooleanField(_l("What comes after 15:00 begins on the next working day"))
    fee = SumField(_l("Statutory fee"), _number(0, 1_000_000_000, 15_000))
    fee_note = StringField(_l("About the fee"), [upto(200)])
    fee_note_en = StringField(_l("About the fee, in English"), [upto(200)])
    fee_at_delivery = BooleanField(_l("The fee is due when the result is handed over"))
    id_check = BooleanField(_l("The courier looks at an identity paper at the door"))
    papers = FieldList(FormField(Paper), max_entries=PAPERS)
    provinces = FieldList(FormField(Province), max_entries=PROVINCE_ROWS)

    @property
    def shown(self) -> int:
        """The turn of the draft that the page showed; 0 when there was none."""
        return self.turn.data or 0

    @property
    def edition(self) -> Edition:
        own = {f.name: _plain(self[f.name].data) for f in fields(Content)}
        return Edition(
            Content(**own | {"clock": Rule(own["clock"])}),
            tuple(Line(**_row(one) | {"form": PaperForm(one["form"])}) for one in self.papers.data),
            tuple(Carriage(**_row(one)) for one in self.provinces.data),
            self.synonyms.data or "",
        )


def _row(data: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in data.items()}


def _plain(value: Any) -> Any:
    """Text without the space around it; a field that was not sent is an empty one."""
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else "" if value is None else value


def filled(edition: Edition | None, turn: int) -> dict[str, Any]:
    """What the form of a draft begins with."""
    if edition is None:
        return {"turn": turn, "submit_by_post": True, "cutoff": True}
    rows = {"papers": [asdict(one) for one in edition.lines], "provinces": [asdict(one) for one in edition.provinces]}
    return asdict(edition.content) | rows | {"synonyms": edition.synonyms, "turn": turn}


# What a new row of a list begins with; a row that was added is there because one of its fields was sent.
ROWS = {
    "papers": (PAPERS, {"name": "", "copies": "1", "sheets": "1"}),
    "provinces": (PROVINCE_ROWS, {"legal_basis": ""}),
}


PLACE = re.compile(r"[0-9]{1,4}")


def _places(name: str, sent: ImmutableMultiDict[str, str]) -> list[str]:
    """The rows of a list that were sent, in their order."""
    keys = (key.split("-") for key in sent if key.startswith(f"{name}-"))
    return sorted({parts[1] for parts in keys if PLACE.fullmatch(parts[1])}, key=int)


def rearranged(sent: ImmutableMultiDict[str, str], wish: str) -> MultiDict[str, str] | None:
    """What was typed, with a row of a list added, taken away or moved up, as `wish` says: "add papers", "drop papers 2",
    "raise papers 2". None when it says nothing of the kind."""
    verb, _space, where = wish.partition(" ")
    name, _space, number = where.partition(" ")
    if name not in ROWS or verb not in ("add", "drop", "raise"):
        return None
    order: list[str | None] = list(_places(name, sent))
    at = int(number) if PLACE.fullmatch(number) and int(number) < len(order) else None
    most, empty = ROWS[name]
    if verb == "add" and len(order) < most:
        order.append(None)
    elif verb == "drop" and at is not None:
        del order[at]
    elif verb == "raise" and at:
        order[at - 1], order[at] = order[at], order[at - 1]
    made = MultiDict([(key, text) for key, text in sent.items(multi=True) if not key.startswith(f"{name}-")])
    for new, old in enumerate(order):
        if old is None:
            made.update({f"{name}-{new}-{key}": text for key, text in empty.items()})
            continue
        before = f"{name}-{old}-"
        for key, text in sent.items(multi=True):
            if key.startswith(before):
                made.add(f"{name}-{new}-{key.removeprefix(before)}", text)
    return made


class Code(Form):
    code = StringField(_l("Procedure code"), [InputRequired(_l("Type the code, for example 1.004859")), Length(max=40)])


class Decided(Form):
    decision = StringField(
        _l("Number of the decision"),
        [InputRequired(_l("Type the number of the decision as it stands on the paper, for example 1023/QĐ-UBND.")), Length(max=200)],
    )  # fmt: skip


class Publish(Decided):
    day = DateField(_l("First day in force"), [InputRequired(_l("Choose the first day in force"))])
    turn = HiddenInteger()


class End(Decided):
    day = DateField(_l("Last day it can be booked"), [InputRequired(_l("Choose the last day"))])
