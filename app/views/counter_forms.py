"""What is asked of a packet at a counter, of the post office and of the ward desk alike, each with what the answer says."""

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from app.db import now
from app.domain import desk, repeats
from app.domain.bodies import MoneyTaken
from app.domain.dossiers import Paper
from app.domain.exemptions import Proof
from app.domain.packets import Packet
from app.domain.postage import Fault
from app.phrases import TEXTS
from app.views import fields
from app.views.fields import Form


class Moving(Form):
    """A form of a packet's page: it carries the head the page showed, so that an old page is refused."""

    head = HiddenField()

    @property
    def seen(self) -> bytes:
        try:
            return bytes.fromhex(self.head.data or "")
        except ValueError:
            return b""


WENT_BACK = {  # of shelf.REASONS
    "letters_done": _l("Both letters sent, and nobody came"),
    "refused": _l("The recipient does not want it"),
    "moved": _l("The recipient has moved away or has died"),
    "unknown": _l("Nobody knows the recipient at this address or phone"),
    "desk_asked": _l("The ward desk asks for it"),
}


def why_failed(reason: str) -> str:
    """Why it did not reach whom it is for: the courier's reason, or the office's."""
    return str(WENT_BACK.get(reason) or TEXTS.get(f"reason.{reason}", "–"))


class Repeated(Moving):
    """Home once more: who pays, where it had failed. The citizen stands among them only where the record says so."""

    fault = RadioField(
        _l("Who caused it to fail? They pay for the second trip."),
        [MayBeEmpty()],
        choices=[
            SelectChoice(Fault.CITIZEN, _l("The citizen's: pays the courier at the door")),
            SelectChoice(Fault.POST, _l("The post's: nothing is charged")),
            SelectChoice(Fault.DESK, _l("The ward desk's: the ward is charged")),
            SelectChoice(Fault.NOBODY, _l("Nobody's: nothing is charged")),
        ],
    )

    @property
    def said(self) -> Fault | None:
        return Fault(self.fault.data) if self.fault.data else None

    def about(self, packet: Packet) -> dict[str, Any] | None:
        """What is asked, where somebody pays: why it failed and what one way costs. The record's word stands chosen."""
        failed = repeats.failure(packet)
        if failed is None:
            return None
        self.fault.data = self.fault.data or failed.fault
        if failed.fault is not Fault.CITIZEN:
            self.fault.choices = self.fault.choices[1:]
        return {"why": why_failed(failed.reason), "at": failed.at, "price": repeats.price(packet.dossier, now())}


class Sealed(Moving):
    seal = fields.seal()


class Looked(Form):
    """What both see of a bag."""

    intact = RadioField(
        _l("Is the seal whole?"),
        choices=[SelectChoice("yes", _l("Whole")), SelectChoice("no", _l("Broken or changed"))],
        default="yes",
    )
    remark = StringField(_l("Remark"), [Length(max=300), fields.printable])


SPOKEN = {  # of results.WORDS
    "spoken": _l("I have spoken with the citizen: address and phone are right"),
    "unreached": _l("Not reached: it is sent all the same"),
}


class Spoken(Form):
    """Whether a result that goes home will find the citizen, where nobody has heard it from them."""

    word = RadioField(
        _l("Will it find the citizen?"),
        [MayBeEmpty()],
        choices=[SelectChoice(key, words) for key, words in SPOKEN.items()],
    )


class Proven(Moving):
    """The citizen proves themselves: digits, or a signed slip."""

    code = StringField(_l("Six digits from the citizen's message"), [Length(max=20)])
    paper = BooleanField(_l("No digits: I hold the slip they signed"))

    @property
    def has_digits(self) -> bool:
        """Whether digits are to be tried; a signed slip needs no counting of tries."""
        return not self.paper.data and any(c.isdigit() for c in self.code.data or "")

    @property
    def given(self) -> dict[str, Any]:
        return {"wet_seen": self.paper.data, "code": None if self.paper.data else self.code.data}


PROOFS = [SelectChoice(proof, TEXTS[f"proof.{proof}"]) for proof in Proof]


class Paid(Proven):
    """What is due is paid here, or proven to be nothing. Only the kind of paper is kept."""

    proof = RadioField(_l("Which paper did they show?"), [MayBeEmpty()], choices=PROOFS)
    paid_by = RadioField(
        _l("Paid with"),
        [MayBeEmpty()],
        choices=[SelectChoice("cash", _l("Cash")), SelectChoice("transfer", _l("Bank code"))],
    )
    receipt = StringField(_l("Number of the fee receipt"), [Length(max=24), fields.printable], filters=[lambda text: " ".join((text or "").split())])  # fmt: skip

    @property
    def given(self) -> dict[str, Any]:
        said = {
            "paid_by": self.paid_by.data or None,
            "receipt": self.receipt.data or None,
            "proof": self.proof.data or None,
        }
        return super().given | {"money": MoneyTaken.model_validate(said)}


class Received(Proven):
    """And who stands there: the citizen, or somebody they sent with a letter."""

    who = RadioField(
        _l("Who receives it?"),
        [MayBeEmpty()],
        choices=[SelectChoice("self", _l("The citizen")), SelectChoice("authorised", _l("Somebody they sent"))],
        default="self",
    )
    letter = BooleanField(_l("The signed letter of authorisation names this person, and stays here"))
    old = BooleanField(_l("The old papers listed here are given up, counted, and stay here"))

    @property
    def given(self) -> dict[str, Any]:
        letter = self.letter.data if self.who.data == "authorised" else None
        return super().given | {"letter": letter, "surrendered": self.old.data}


def counting(base: type[FlaskForm], papers: list[Paper], promised: Callable[[Paper], int]) -> Any:
    """`base` with one number field for every paper, filled with what the slip promises."""
    checks = [
        InputRequired(_l("Type a number, 0 when the paper is not there")),
        NumberRange(0, desk.MOST, _l("Type a number from 0 to %(most)s", most=desk.MOST)),
    ]
    numbers = {
        f"sheets_{paper.position}": fields.IntegerField(paper.name, checks, default=promised(paper)) for paper in papers
    }
    return type("Counting", (base,), numbers)


def counted(form: FlaskForm, papers: list[Paper]) -> dict[int, int]:
    return {paper.position: form[f"sheets_{paper.position}"].data for paper in papers}
