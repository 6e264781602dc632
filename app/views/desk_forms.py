"""What the ward desk asks of one packet, one form for each act, and what is known of the answers beforehand."""

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, FormField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from app.domain import desk, money, numbers, reception
from app.domain.calendar import Rule
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.procedures import PaperForm
from app.views import counter_forms
from app.views.counter_forms import Looked, Moving, Received, Repeated, Sealed, Spoken
from app.views.fields import (
    DateField,
    HiddenInteger,
    IntegerField,
    PlainForm,
    TimeField,
    courier_pin,
    own_password,
    printable,
    upto,
)

PAPER_NAME = 200  # letters
BLANK_ROWS = 2  # of the result's papers, beyond those we can guess


class Present(Moving):
    """Asks for the officer's own password, when five minutes have passed."""

    password = own_password()


class Receive(Present, Sealed, Looked):
    act = "receive"
    pin = courier_pin()
    on_paper = BooleanField(_l("No PIN: they signed the sheet, and it stays here"))


class TakeBack(Receive):
    act = "take-back"


class Accept(Moving):
    act = "accept"
    code = StringField(
        _l("Dossier code of the one-stop system"),
        [InputRequired(_l("Copy the dossier code from the one-stop system")), Length(max=60)],
    )
    due_on = DateField(_l("Due date on the receipt"), [InputRequired(_l("Type the due date from the receipt"))])
    due_time = TimeField(_l("Hour, if it names one"), [MayBeEmpty()])


class ResultPaper(PlainForm):
    position = HiddenInteger()  # of the citizen's own paper, where the line is one
    name = StringField(_l("Paper"), [Length(max=PAPER_NAME), printable])
    form = SelectField(
        _l("Form"),
        choices=[
            SelectChoice(PaperForm.ORIGINAL, _l("original")),
            SelectChoice(PaperForm.CERTIFIED, _l("certified copy")),
            SelectChoice(PaperForm.COPY, _l("copy")),
        ],
    )
    sheets = IntegerField(
        _l("Sheets"), [MayBeEmpty(), NumberRange(1, desk.MOST, _l("Type the number of sheets, at least 1"))]
    )
    where = SelectField(
        _l("Where it goes"),
        choices=[SelectChoice("bag", _l("into the bag")), SelectChoice("old", _l("old paper, taken back at the door"))],
        default="bag",
    )


class Ready(Moving):
    act = "ready"
    papers = FieldList(FormField(ResultPaper), max_entries=30)

    def listed(self, where: str) -> list[dict[str, Any]]:
        """Into the bag, or old ones that the courier takes back before handing the bag over."""
        named = (row for row in self.papers.data if (row["name"] or "").strip() and row["where"] == where)
        return [row | {"sheets": row["sheets"] or 1} for row in named]


class Send(Sealed, Spoken):
    act = "send"


class PapersHome(Sealed):
    act = "papers-home"


class HandOver(Present, Received):
    act = "hand-over"
    receipt = StringField(_l("Number of the fee receipt"), [upto(money.RECEIPT)])

    @property
    def given(self) -> dict[str, Any]:
        return super().given | {"receipt": self.receipt.data or ""}


class Again(Repeated):
    act = "send-again"


def fresh(act: str, packet: Packet) -> Moving:
    """The form for the act, filled with what is already known. Nothing of the request: it may be another form's."""
    dossier = packet.dossier
    if act in ("receive", "take-back"):
        base, seen = receiving(packet) if act == "receive" else TakeBack, reception.as_listed(packet)
        seal, intact = numbers.spoken_seal(seen.seal or ""), "yes" if seen.is_intact else "no"
        return base(formdata=None, seal=seal, intact=intact, remark=seen.remark)
    if act == "accept":
        due = desk.counted_due(dossier)
        hour = due.time() if due and dossier.procedure.clock is Rule.CLOCK else None
        return Accept(formdata=None, due_on=due and due.date(), due_time=hour)
    if act == "ready":
        return Ready(formdata=None, papers=_guessed(dossier))
    if act == "papers-home":
        return PapersHome(formdata=None)
    return Send(formdata=None) if act == "send" else HandOver(formdata=None)


def receiving(packet: Packet) -> type[Moving]:
    made: type[Moving] = counter_forms.counting(Receive, packet.papers, packet.promised)
    return made


def _guessed(dossier: Dossier) -> list[dict[str, Any]]:
    """The result, the originals that go back, and a few empty lines. The slip is Vietnamese, so its words are."""
    with force_locale("vi"):
        result = _("Result: %(title)s", title=dossier.procedure.official_name)[:PAPER_NAME]
    back = [
        {"name": paper.name, "form": paper.form, "sheets": paper.desk_sheets, "position": paper.position}
        for paper in dossier.papers
        if paper.returned and paper.is_here
    ]
    blank = [{"name": "", "form": PaperForm.ORIGINAL, "sheets": None, "position": None}] * BLANK_ROWS
    return [{"name": result, "form": PaperForm.ORIGINAL, "sheets": 1, "position": None}, *back, *blank]
