"""What the pages of ward desk and post office share: the scan field, the proof of a citizen, refusals at their fields."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp
from wtforms.validators import Optional as MayBeEmpty

from app import security
from app.db import atomically, let_go, now
from app.domain import (
    audit,
    bags,
    calendar,
    desk,
    numbers,
    papers,
    queues,
    reception,
    repeats,
    scope,
    sessions,
    slips,
)
from app.domain.bags import Bag, Item
from app.domain.bodies import MoneyTaken
from app.domain.dossiers import Dossier, Paper
from app.domain.exemptions import Proof
from app.domain.manifests import Manifest, Word
from app.domain.packets import Packet
from app.domain.people import Right, User
from app.domain.postage import Fault
from app.errors import Missing, Refused
from app.phrases import TEXTS
from app.sentences import sentence
from app.views import fields
from app.views.answers import base_url
from app.views.fields import IntegerField
from app.views.fields import printable as printable_text

PAGES = {Right.COUNTER: "office.packet", Right.DESK: "desk.packet"}
TRIES, WINDOW = 5, timedelta(minutes=15)

# The field a refusal belongs to; whatever is not named here is said on top of the page.
FIELDS = {
    "seal_form": "seal", "seal_used": "seal", "remark_needed": "remark", "pin_wrong": "pin", "pin_empty": "pin", "pin_needs_courier": "on_paper",
    "presence_wrong": "password", "presence_empty": "password", "official_code": "code", "official_code_taken": "code", "due_past": "due_on",
    "proof_needed": "code", "letter_needed": "letter", "old_papers_needed": "old", "money_amount": "counted", "money_two_counts": "counted", "money_reason": "reason",
    "money_no_word": "pin", "paper_time": "time", "paper_reason": "reason", "counts_missing": "sheets", "custody_proof_missing": "code", "reprint_reason": "reason",
    "proof_unsaid": "proof", "paid_how": "paid_by", "receipt_needed": "receipt", "word_needed": "word",
}  # fmt: skip


class Moving(FlaskForm):  # type: ignore[misc]
    """A form of a packet's page: it carries the head the page showed, so that an old page is refused."""

    head = HiddenField()

    @property
    def seen(self) -> bytes:
        try:
            return bytes.fromhex(self.head.data or "")
        except ValueError:
            return b""


WENT_BACK = {  # of shelf.REASONS
    "letters_done": _l("Both letters brought nobody"),
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
        _l("By whose doing did it fail? They pay the second way."),
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
    seal = StringField(_l("Seal number on the bag"), [InputRequired(_l("Type the number on the seal")), Length(max=40)])


SPOKEN = {  # of desk.WORDS
    "spoken": _l("I have spoken with the citizen: address and phone are right"),
    "unreached": _l("Not reached: it is sent all the same"),
}


class Spoken(FlaskForm):  # type: ignore[misc]
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


PROOFS = [
    SelectChoice(Proof.DECISION, _l("The decision that names them")), SelectChoice(Proof.CERTIFICATE, _l("A certificate or title")),
    SelectChoice(Proof.NONE, _l("Not shown: they pay")),
]  # fmt: skip


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


def counting(base: type[FlaskForm], papers: list[Paper], packet: Packet | None = None) -> Any:
    """`base` with one number field for every paper, filled with what the slip promises."""
    checks = [
        InputRequired(_l("Type a number, 0 when the paper is not there")),
        NumberRange(0, desk.MOST, _l("Type a number from 0 to %(most)s", most=desk.MOST)),
    ]
    fields = {
        f"sheets_{paper.position}": IntegerField(paper.name, checks, default=reception.expected(paper, packet))
        for paper in papers
    }
    return type("Counting", (base,), fields)


def counted(form: FlaskForm, papers: list[Paper]) -> dict[int, int]:
    return {paper.position: form[f"sheets_{paper.position}"].data for paper in papers}


# ---- finding ----------------------------------------------------------------------------------------------------


def find(text: str, page: str) -> tuple[ResponseReturnValue | None, list[Dossier]]:
    """Where a scan, a number or a name leads: straight to the packet's `page`, or a list to choose from.

    Raises what `scope.scanned` raises, when nothing is found by name either.
    """
    text = text.strip()[:400]
    if listed := scope.scanned_list(security.user(), text, security.act().keys):
        return redirect(url_for("records.show", receipt=listed.receipt_no)), []
    try:
        packet, is_newest = scope.scanned(security.user(), text, security.act().keys)
    except Refused as refusal:
        if refusal.key != "number_form":
            raise
        found = scope.search(security.user(), text)
        if not found:
            raise
        if len(found) > 1:
            return None, found
        return redirect(url_for(page, number=found[0].number)), []
    if not is_newest:
        flash(_("This slip has been replaced by a newer one. Look for the new slip on the packet."), "warning")
    return redirect(url_for(page, number=packet.number)), []


class Lists(NamedTuple):
    """The first page of a counter: a scan field, lists of what waits with their counts, the rows of one of them."""

    place: str  # blueprint and template folder
    table: dict[str, queues.Queue]
    beside: Callable[[], dict[str, Any]] = dict  # what else stands beside the lists

    def page(self, status: int = 200, also: tuple[queues.RULE, ...] = (), **more: Any) -> ResponseReturnValue:
        """`also`: what the chosen list is narrowed by. The address says behind which row the page begins."""
        shown, user = self._counted(), security.user()
        queue = self.table[shown["chosen"]]
        after = queues.After.read(request.args.get("after", ""))
        rows, following = queues.page(queue, user, now(), *also, *([after] if after else []))
        shown["here"] = queues.count(queue, user, now(), *also) if also else shown["queues"][shown["chosen"]]
        day = {"today": calendar.today(now()), "hour": calendar.local(now()).time()}
        text = render_template(
            f"{self.place}/home.html", rows=rows, after=after, following=following, **(day | shown | more)
        )
        log_names(f"{self.place}.home", {row.packet.dossier_id for row in rows})
        return text, status

    def counts(self) -> ResponseReturnValue:
        return render_template(f"{self.place}/_queues.html", **self._counted())

    def find(self) -> ResponseReturnValue:
        text = request.args.get("code", "")
        try:
            answer, found = find(text, f"{self.place}.packet")
        except Refused as refusal:
            return self.page(refusal.status, says=sentence(refusal), text=text)
        if found:
            log_names(f"{self.place}.find", {one.id for one in found})
        return answer or self.page(found=found, text=text)

    def _counted(self) -> dict[str, Any]:
        """Counts of every list; the one asked for, else the first that holds something, else the first."""
        found, chosen = queues.counts(self.table, security.user(), now()), request.args.get("list", "")
        if chosen not in found:
            chosen = next((name for name, count in found.items() if count), next(iter(found)))
        return {"queues": found, "chosen": chosen, "many": queues.COUNTED} | self.beside()


def place_of(user: User) -> str | None:
    """Where this person works on packets; None for who does not."""
    return next((page for right, page in PAGES.items() if user.may(right)), None)


def page_of(user: User, packet: Packet) -> str | None:
    """The address of the packet's own page, for who has one and may see the packet."""
    place = place_of(user)
    if place is None:
        return None
    try:
        scope.admit(user, packet)
    except Missing:
        return None
    return url_for(place, number=packet.number)


def open_packet(number: str) -> Packet:
    packet = scope.packet(security.user(), number)
    if packet.is_blank:
        raise Refused("sticker_unused", number=packet.number)
    return packet


def log_view(packet: Packet, page: str) -> None:
    """Who looked at whose dossier, in a short transaction of its own; a blank sticker is nobody's."""
    if packet.dossier_id is not None:
        atomically(audit.viewed, security.user().id, packet.dossier_id, page, now())


def log_names(page: str, dossiers: Iterable[int | None]) -> None:
    """Whom a list has just named. Asked before it is written: a list that is opened all day takes no turn at writing."""
    user_id, at, named = security.user().id, now(), {one for one in dossiers if one is not None}
    if new := audit.unseen(user_id, page, named, at):
        atomically(audit.log_names, user_id, page, new, at)


# ---- bags -------------------------------------------------------------------------------------------------------


class CloseBag(FlaskForm):  # type: ignore[misc]
    """What is to be written of a bag: one list, and what is left out of it. `key`: a double click is one list."""

    key = HiddenField(validators=[Regexp(r"[0-9a-f]{32}")])
    rest = RadioField(
        _l("What the courier still carries"),
        [InputRequired(_l("Choose what is to be written of the rest"))],
        choices=[
            SelectChoice("stays", _l("It stays on their round")),
            SelectChoice("missing", _l("It should be here: write it down as missing")),
        ],
    )
    pin = PasswordField(_l("PIN, six digits, typed by the courier"), [Length(max=12)])
    password = PasswordField(_l("Your password"), [Length(max=200)])

    @classmethod
    def fresh(cls) -> "CloseBag":
        return cls(formdata=None, key=secrets.token_hex(16))

    def about(self, bag: Bag) -> None:
        """Nothing is asked of the rest where there is none."""
        if not bag.carried:
            self.rest.data = self.rest.data or "stays"
            self.rest.validators = []


class Differ(FlaskForm):  # type: ignore[misc]
    """What both see of one packet of the bag that is not as the record says."""

    seal = StringField(_l("Seal number on the bag"), [InputRequired(_l("Type the number on the seal")), Length(max=40)])
    intact = RadioField(
        _l("Is the seal whole?"),
        choices=[SelectChoice("yes", _l("Whole")), SelectChoice("no", _l("Broken or changed"))],
        default="yes",
    )
    remark = StringField(_l("Remark"), [Length(max=300), printable_text])


def taken(courier: User, number: str) -> Item | None:
    """A packet of the open list; None when it stands on a list by now, or never was in this bag."""
    lying = bags.of(security.user(), courier, now()).taken
    return next((item for item in lying if item.packet.number == number), None)


def differing(item: Item, listed: list[Paper]) -> Any:
    """The form for what differs, with what was typed before; `listed`: the papers that are counted here."""
    typed = item.differs
    known: dict[str, Any] = {f"sheets_{paper.position}": item.sheets[paper.position] for paper in listed}
    if typed:
        known |= {"remark": typed.remark, "intact": "yes" if typed.is_intact else "no"}
    seal = numbers.spoken_seal((typed and typed.seal) or item.packet.seal or "")
    return counting(Differ, listed, item.packet)(formdata=None, seal=seal, **known)


def differ(courier_id: str, packet: Packet, form: Any, counts: dict[int, int] | None) -> None:
    """Write it beside the packet. Raises what `bags.differ` raises."""
    facts = {"seal": form.seal.data, "intact": form.intact.data != "no", "remark": form.remark.data or ""}
    act = security.act()
    atomically(lambda: bags.differ(packet, bags.bringer(act.by, courier_id, act.at), act, counts=counts, **facts))


def out_of_bag(courier: User, text: str) -> tuple[str, bool]:
    """The number of the packet whose slip was scanned out of the courier's bag, held here from now on; and whether it had
    been scanned before. A 1-D scanner reads the number alone: what this courier carries is known to be here by it."""
    act = security.act()
    packet, is_newest = scope.scanned(security.user(), text.strip()[:400], act.keys, (courier.party_id or "",))
    number = packet.number
    if not is_newest:
        raise Refused("bag_old_slip", number=number)
    let_go(packet)  # only its code is asked for from here on: it is read again under its lock
    return number, not atomically(bags.take_in, packet, courier, act)


def seen_next(after: str, page: Callable[[], tuple[str, int]]) -> ResponseReturnValue:
    """What is shown once a form was obeyed: `page`, whose own address is `after`. A form that stays on its page
    (desk.js) prefers the page as the answer (RFC 7240), which spares it the second way; all others are sent there."""
    if "return=representation" not in request.headers.get("Prefer", ""):
        return redirect(after)
    return *page(), {"Content-Location": after, "Preference-Applied": "return=representation"}


def close_bag(form: CloseBag, courier_id: str, giver_by: Word | None = None) -> Manifest:
    """The list, with our word, and the courier's where they typed their PIN. Raises what `bags.close` raises."""
    security.prove_presence(form.password.data or "")
    pin, act = form.pin.data or "", security.act()
    giver = bags.bringer(security.user(), courier_id, act.at).party_id or ""
    word = Word.PIN if pin else giver_by

    def close() -> Manifest:
        courier = bags.bringer(security.user(), courier_id, act.at)
        return bags.close(
            courier, act, form.key.data or "", rest_is_missing=form.rest.data == "missing", giver_by=word, pin=pin
        )

    with secret("courier-pin", giver, is_typed=bool(pin)):
        return atomically(close)


# ---- refusing ---------------------------------------------------------------------------------------------------


def complain(form: FlaskForm, refusal: Refused, fields: dict[str, str] | None = None) -> int:
    """Say a refusal at the field it is about, or on top; the status of the answer."""
    said, field = sentence(refusal), (FIELDS | (fields or {})).get(refusal.key, "")
    if refusal.key == "custody_proof_missing":
        said = _("These digits are not right. Look at the message again, or have the slip signed.")
    if field in form:
        form[field].errors = [*form[field].errors, said]
        return refusal.status if refusal.status == 429 else 422
    form.form_errors.append(said)
    return refusal.status


@contextmanager
def secret(purpose: str, subject: str, *, is_typed: bool = True) -> Iterator[None]:
    """What is done inside wants somebody's secret, typed at our screen: one more try at it, all forgotten when it was right.

    Raises TooMany after five tries in a quarter of an hour.
    """
    doing = security.act()
    tries = doing.keys.digest(purpose, subject)
    if is_typed:
        atomically(sessions.count, tries, TRIES, WINDOW, doing.at)
    yield
    if is_typed:
        atomically(sessions.forget, tries)


# ---- paper ------------------------------------------------------------------------------------------------------


def printable(packet: Packet) -> list[str]:
    """What else this person may print of the packet now."""
    return papers.ready(packet, security.user(), now(), base_url())


def slip_pdf(packet: Packet) -> Response:
    """All copies of the packet's slip in force."""
    pdf = slips.pdf([packet], base_url())
    return Response(
        pdf,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{packet.number}-{packet.slip.issue}.pdf"'},
    )
