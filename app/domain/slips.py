"""Slips: what a packet's paper says, and the code on it. What else is printed draws with `labels` in papers.py.

The paper is the contract of carriage; the code on it holds no personal data, only the packet's token.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

import sqlalchemy as sa

import labels
from app.db import db
from app.domain import (
    bands,
    bodies,
    calendar,
    forms,
    ledger,
    money,
    numbers,
    packets,
    postage,
    printing,
    scans,
    takings,
    tokens,
    visits,
)
from app.domain.bodies import Scan
from app.domain.certificates import Certificate
from app.domain.dossiers import CaseState, Dossier, ReturnWay
from app.domain.forms import Form
from app.domain.packets import Kind, Packet, State, Way
from app.domain.places import Office
from app.domain.procedures import PaperForm
from app.domain.scans import Ruling
from app.domain.visits import Visit
from app.errors import Gone, Invalid, Missing, Refused
from labels import decided, qr, terms
from labels import desk as deskpaper
from labels.words import say_money

COPIES = (1, 2, 3)  # sender, inside the envelope, post


def token_url(packet: Packet, base_url: str) -> str:
    """What the code on the packet's slip holds."""
    return tokens.url(base_url, packet.slip.token)


def slip_of(packet: Packet, base_url: str, copy: int = 1) -> labels.Slip:
    """One copy of the packet's slip as it stands now; what only the door will tell is left to be written."""
    dossier = packet.dossier
    inward = packet.way is not Way.OUT
    home, desk = home_of(dossier), desk_of(dossier.desk)
    if packet.way is Way.BETWEEN:
        home = desk_of(db.session.scalars(sa.select(Office).filter_by(party_id=packet.origin_id)).one())
    accepted = next((line.recorded_at for line in ledger.lines(packet) if line.event in ("collect", "take")), None)
    visit = visits.current(packet.id)
    courier = visit.courier if visit and accepted else None
    procedure = dossier.procedure
    wards = dossier.citizen.ward, dossier.desk.ward
    due = bands.arrives_by(calendar.today(accepted), *wards) if accepted else None
    door, listed = _at_door(packet) if accepted else None, papers_of(packet)
    return labels.Slip(
        number=packet.number,
        token_url=token_url(packet, base_url),
        way=labels.Way.IN if inward else labels.Way.OUT,
        kind=labels.Kind(packet.kind.value),
        copy=copy,
        service=1 if dossier.return_way is ReturnWay.DESK else 3,
        sender=home if inward else desk,
        recipient=desk if inward else home,
        matter=_matter(packet),
        papers=listed,
        charges=charges_of(packet),
        method=terms.METHODS[_method(packet)],
        quality=bands.days(*wards),
        office=dossier.post_office.name,
        office_phone=dossier.post_office.phone,
        issue=packet.slip.issue,
        tracking=dossier.number if dossier.number != packet.number else "",
        case_code=dossier.official_code or "",
        checklist=terms.checklist(procedure.version, f"{procedure.valid_from:%-d/%-m/%Y}") if inward else "",
        due=due,
        accepted_at=accepted,
        accepted_place=terms.PLACES["in" if packet.way is Way.IN else "out"] if accepted else "",
        courier=courier.name if courier else "",
        badge=(courier.badge or "") if courier else "",
        seal=numbers.spoken_seal(packet.seal) if packet.seal else "",
        recovered=_old_papers(packet),
        identity=_shown(door),
        authorisation=_authority(packet, door),
        note=printing.to_write(home.name, *home.address, *(paper.name for paper in listed)),
        mark=mark_of(packet),
    )


def _at_door(packet: Packet) -> Scan | None:
    """What was said when the citizen gave or received it; None before."""
    told = scans.of_packet(packet.code, Ruling.APPLIED)
    said = (bodies.read(row.body, row.sig) for row, _ in reversed(told))
    return next((scan for scan in said if scan.event == ("collect" if packet.way is Way.IN else "deliver")), None)


def _shown(door: Scan | None) -> labels.Identity | None:
    """The kind of paper they showed. Its number is on no record of ours: four digits of it are written by hand."""
    kind = terms.SHOWN.get(door.said("ID_SEEN") or "") if door else None
    return labels.Identity(kind) if kind else None


def _authority(packet: Packet, door: Scan | None) -> str:
    """Whether somebody stood in for the citizen; before that, whom the citizen named."""
    if who := door.said("RECIPIENT") if door else None:
        return terms.AUTHORITY[who == "authorised"]
    proxy = packet.dossier.citizen.proxy if packet.way is Way.OUT and not door else None
    return terms.stands_in(printing.printable(proxy)) if proxy else ""


def _old_papers(packet: Packet) -> tuple[labels.Recovered, ...]:
    """What the desk asks back before the result is given (TT 17/2017 Đ5.2)."""
    asked = packet.dossier.surrender if packet.kind is Kind.RESULT else []
    return tuple(labels.Recovered(printing.printable(str(paper["name"]))) for paper in asked)


def _matter(packet: Packet) -> str:
    name = packet.dossier.procedure.official_name
    if packet.way is not Way.OUT:
        return name
    return name if packet.kind is Kind.RESULT else terms.returned_of(name)  # "Result" stands over it


def _method(packet: Packet) -> str:
    if packet.way is not Way.OUT:
        return "in" if packet.way is Way.IN else "between"
    return "post" if packet.dossier.return_way is ReturnWay.POST else "out"


def pdf(sent: Sequence[Packet], base_url: str, copies: Sequence[int] = COPIES) -> bytes:
    """The slips of these packets, each in these copies, as one PDF.

    Raises Gone("slip_cancelled") when a booking was cancelled and its papers never left home.
    """
    for packet in sent:
        if packet.dossier.state is CaseState.CANCELLED and packet.state is State.WAITING:
            raise Gone("slip_cancelled", number=packet.number)
    return printing.pdf("slip", (slip_of(packet, base_url, copy) for packet in sent for copy in copies))


def check_url(certificate: Certificate, base_url: str) -> str:
    """What the code on a certificate holds."""
    return tokens.url(base_url, certificate.number, "C")


def certificate_pdf(certificates: Sequence[Certificate], base_url: str) -> bytes:
    """A page for each."""
    return printing.pdf("certificate", [_certificate(one, base_url) for one in certificates])


def _certificate(one: Certificate, base_url: str) -> labels.Certificate:
    dossier, where = one.packet.dossier, (terms.ward(one.ward.name), terms.city(one.ward.province))
    return labels.Certificate(
        number=one.number,
        check_url=check_url(one, base_url),
        packet=one.packet.number,
        taken_at=one.taken_at,
        recorded_at=one.recorded_at,
        place=", ".join((one.office, *where)) if one.office else terms.taken_at_home(*where),
        seal=numbers.spoken_seal(one.seal) if one.seal else "",
        line=one.line_hash.hex(),
        log=terms.in_log(one.in_log.n, one.in_log.size) if one.in_log else terms.NOT_IN_LOG_YET,
        log_english=terms.in_log_english(one.in_log.n, one.in_log.size) if one.in_log else terms.NOT_IN_LOG_YET_EN,
        office=dossier.post_office.name,
        office_phone=dossier.post_office.phone,
        desk=terms.centre(dossier.desk.name),
        submitted_at=one.submitted_at,
        mark=mark_of(one.packet),
    )


class Printed(NamedTuple):
    """One format, as the gallery tells it: size in mm, level of its code, how many specimens, whether there is ZPL."""

    key: str
    title: str
    size: tuple[int, int]
    level: str
    specimens: int
    zpl: bool


def gallery() -> list[Printed]:
    """Everything that can be printed."""
    return [
        Printed(key, row.title, row.page, row.level, len(row.samples), key in labels.ZPL)
        for key, row in labels.FORMATS.items()
    ]


def specimen(key: str, zpl: bool = False) -> bytes:
    """Specimens of one format. Raises Missing("format_unknown")."""
    if key not in (labels.ZPL if zpl else labels.FORMATS):
        raise Missing("format_unknown")
    items = labels.sample(key)
    return printing.zpl(key, items) if zpl else printing.pdf(key, items)


def label_of(packet: Packet, visit: Visit | None, base_url: str) -> labels.Label:
    """What is stuck on the outside: on the way to the desk the desk, on the way home the citizen."""
    dossier = packet.dossier
    inward = packet.way is not Way.OUT
    party = desk_of(dossier.desk) if inward else home_of(dossier)
    stop = f"{visit.round_id}-{visit.position}" if visit and visit.round_id and visit.position is not None else ""
    left = [line.recorded_at for line in ledger.lines(packet)] if packet.state is not State.WAITING else []
    sent = calendar.today(left[0]) if left else visit.slot.day if visit else None
    return labels.Label(
        number=packet.number,
        token_url=token_url(packet, base_url),
        way=labels.Way.IN if inward else labels.Way.OUT,
        sort=dossier.desk.code if inward else stop or dossier.post_office.code,
        office=dossier.post_office.name,
        office_phone=dossier.post_office.phone,
        name=party.name,
        address=party.address,
        phone=party.phone,
        route=str(visit.round_id) if visit and visit.round_id else "",
        due=bands.arrives_by(sent, dossier.citizen.ward, dossier.desk.ward) if sent else None,
        issue=packet.slip.issue,
        mark=mark_of(packet),
    )


# ---- the desk's forms -------------------------------------------------------------------------------------------


def form_pdf(form: Form, base_url: str) -> bytes:
    """A form as the desk gave it out; its number is the one of the rule in force on that day."""
    return printing.pdf(f"desk_{form.key}", [_FORMS[form.key](form, _about(form), base_url)])


def _about(form: Form) -> dict[str, Any]:
    """What all forms say."""
    mark = mark_of(packets.of_dossier(form.dossier.id)[0])
    return {
        "case": case_of(form.dossier, form.desk),
        "number": form.number,
        "at": calendar.local(form.at),
        "mark": mark,
    }


def case_of(dossier: Dossier, desk: Office) -> deskpaper.Case:
    """The case as the desk's papers name it."""
    home = home_of(dossier)
    return deskpaper.Case(
        agency=decided.agency(desk.ward.name), desk=terms.centre(desk.name), place=desk.ward.name,
        code=dossier.official_code or f"{dossier.number} ({decided.NO_CODE})", name=home.name, address=home.address,
        phone=home.phone, matter=dossier.procedure.official_name,
    )  # fmt: skip


def _receipt(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Receipt:
    dossier, facts = form.dossier, form.facts
    ways = {ReturnWay.HOME: 2, ReturnWay.POST: 2, ReturnWay.DESK: 1}
    due = datetime.combine(
        date.fromisoformat(facts["due_on"]), time.fromisoformat(facts.get("due_time") or "17:00"), calendar.HERE
    )  # fmt: skip
    sent = packets.of_dossier(dossier.id)[0]
    return deskpaper.Receipt(
        **about | {"at": calendar.local(dossier.submitted_at or form.at)}, papers=form_papers(facts["papers"]), days=dossier.procedure.days, due=due,
        way=ways[dossier.return_way], officer=form.user.name, token_url=token_url(sent, base_url), packet=sent.number,
        home_delivery=decided.HOME_DELIVERY if dossier.goes_home else "", order=f"{form.serial:04}",
        volume=f"{forms.volume(form.serial):02}/{form.year}",
    )  # fmt: skip


def _supplement(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Supplement:
    facts = form.facts
    return deskpaper.Supplement(
        **about, papers=form_papers(facts["papers"]), reason=_why(facts), officer=form.user.name,
        officer_phone=form.user.phone and numbers.spoken_phone(form.user.phone) or form.desk.phone,
        deadline=date.fromisoformat(facts["until"]), how=decided.HOW, effect=decided.EFFECT,
    )  # fmt: skip


def _refusal(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Refusal:
    returned = form_papers(form.facts["papers"])
    return deskpaper.Refusal(
        **about, reason=_why(form.facts), officer=form.user.name, returned=returned, fees=_fees_back(form.facts)
    )  # fmt: skip


def _apology(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Apology:
    facts = form.facts
    return deskpaper.Apology(
        **about, received=calendar.today(form.dossier.submitted_at or form.at), due=date.fromisoformat(facts["was"]),
        new_due=date.fromisoformat(facts["due_on"]), reason=_why(facts), whose=decided.WHOSE[facts["whose"]],
        head=form.user.name, work_done=printing.printable(facts.get("work_done", "")),
    )  # fmt: skip


def _stop_notice(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Stop:
    facts = form.facts
    return deskpaper.Stop(
        **about, asked_on=date.fromisoformat(facts["asked_on"]), channel=decided.ASKED[facts["online"]],
        stage=decided.STAGES[facts["stage"]], officer=form.user.name, returned=form_papers(facts["papers"]),
        fees=_fees_back(facts),
    )  # fmt: skip


def _fees_back(facts: dict[str, Any]) -> str:
    """What the ledger knew of when it was given out, and the officer's word on how it comes back."""
    fee, words = facts.get("fee"), facts.get("words", "") if "stage" in facts else ""
    return printing.printable(
        ", ".join(filter(None, (f"{say_money(int(fee))} đ" if fee else "", words))) or decided.NO_FEES
    )


_FORMS: dict[str, Callable[[Form, dict[str, Any], str], Any]] = {
    "receipt": _receipt, "supplement": _supplement, "refusal": _refusal, "apology": _apology, "stop": _stop_notice,
}  # fmt: skip


def _why(facts: dict[str, Any]) -> str:
    return printing.printable(decided.why(facts["reason"], facts.get("words", "")))


def form_papers(listed: list[dict[str, Any]]) -> tuple[labels.Paper, ...]:
    return tuple(
        labels.Paper(printing.printable(one["name"]), labels.Form(one["form"]), copies=one.get("copies"), sheets=one.get("sheets"))
        for one in listed
    )  # fmt: skip


def sticker_sheets(roll: Sequence[Packet], first: int, base_url: str) -> bytes:
    """The stickers of a roll, on sheets the first of which is used from cell `first` on. Raises Invalid("cell")."""
    if not 1 <= first <= labels.CELLS:
        raise Invalid("cell", most=labels.CELLS)
    printed = tuple(
        labels.Sticker(one.number, token_url(one, base_url), terms.TEST_NUMBER if numbers.is_test(one.number) else "")
        for one in roll
    )
    return printing.pdf("stickers", [labels.StickerSheet(printed, first)])


def drawing(packet: Packet, base_url: str) -> tuple[int, str]:
    """The slip's code, as `picture`."""
    return picture(token_url(packet, base_url))


def picture(url: str) -> tuple[int, str]:
    """A code for a screen: side in modules with its quiet zone, and the path of an SVG in those units."""
    modules = qr.matrix(url)
    runs = []
    for y, row in enumerate(modules, start=qr.QUIET):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                runs.append(f"M{start + qr.QUIET} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return len(modules) + 2 * qr.QUIET, "".join(runs)


def mark_of(packet: Packet) -> str:
    """What a paper of a packet with a test number is marked with."""
    return terms.TEST_NUMBER if numbers.is_test(packet.number) else ""


def home_of(dossier: Dossier) -> labels.Party:
    citizen = dossier.citizen
    place = citizen.neighbourhood
    former = place.old_ward.name if place.old_ward.name != citizen.ward.name else ""
    return labels.Party(
        name=printing.printable(citizen.name),
        address=(printing.printable(citizen.street), terms.neighbourhood(place.name), terms.ward(citizen.ward.name),
                 terms.city(citizen.ward.province)),
        phone=numbers.spoken_phone(citizen.phone),
        second_phone=numbers.spoken_phone(citizen.second_phone) if citizen.second_phone else "",
        former_place=former,
    )  # fmt: skip


def desk_of(desk: Office) -> labels.Party:
    ward = () if desk.ward.name in desk.address else (terms.ward(desk.ward.name), terms.city(desk.ward.province))
    return labels.Party(name=terms.centre(desk.name), address=(desk.address, *ward), phone=desk.phone)


def papers_of(packet: Packet) -> tuple[labels.Paper, ...]:
    dossier = packet.dossier
    if packet.kind is Kind.RESULT:
        return tuple(
            labels.Paper(
                printing.printable(str(paper.get("name", ""))),
                labels.Form(paper.get("form", "original")),
                copies=1,  # each was entered by itself
                sheets=paper.get("sheets") or None,
            )  # fmt: skip
            for paper in dossier.result_papers
        )
    sent = tuple(
        labels.Paper(
            paper.name,
            labels.Form(paper.form.value),
            copies=paper.copies or None,
            sheets=paper.sheets or None,
            give_back=paper.returned,
        )  # fmt: skip
        for paper in packet.papers
        if not paper.is_missing
    )
    looked_up = tuple(
        labels.Paper(line.name, labels.Form.DATA)
        for line in dossier.procedure.papers
        if line.form is PaperForm.DATA and packet.kind is Kind.SUBMISSION
    )
    return sent + looked_up


def charges_of(packet: Packet) -> tuple[labels.Charge, ...]:
    bill, when = takings.due(packet), terms.PAY_ON_COLLECTION if packet.way is Way.IN else terms.PAY_ON_DELIVERY
    paid = {} if packet.state is State.WAITING else takings.paid(packet)

    def charge(line: postage.Charge) -> labels.Charge:
        got, is_fee = paid.get(line.stream), line.stream is postage.Stream.FEE
        if bill.exempt and not is_fee:
            return labels.Charge(terms.CHARGES[line.key], line.amount, labels.Stream.POSTAGE, terms.BY_RECEIPT)
        how = terms.PAID_BY[got.event is money.Event.TRANSFERRED] if got else "" if is_fee else when
        receipt = got.receipt or "" if got else ""
        return labels.Charge(terms.CHARGES[line.key], line.amount, labels.Stream(line.stream.value), how, receipt)

    charges = (*map(charge, bill.lines), *_fee_to_come(packet, bill))
    before = labels.Charge(terms.CHARGES["paid_before"], 0, method=terms.BY_RECEIPT if bill.exempt else terms.PAID)
    return charges if packet.way is Way.IN else (before, *charges)


def _fee_to_come(packet: Packet, bill: postage.Bill) -> tuple[labels.Charge, ...]:
    """Of the ward's fee the contract says something even when nothing is asked for at the door."""
    if packet.kind is not Kind.SUBMISSION or bill.of(postage.Stream.FEE):
        return ()
    if bill.later:
        return tuple(
            labels.Charge(terms.CHARGES[line.key], 0, labels.Stream(line.stream.value), terms.later(line.amount))
            for line in bill.later
        )
    told = printing.printable(packet.dossier.procedure.fee_note) or terms.NO_FEE
    return (labels.Charge(terms.CHARGES[postage.Line.FEE], 0, labels.Stream.FEE, told),)


def hold_small(label: labels.Label) -> None:
    """Raises Refused("label_too_long") for a name and address that only the large label has room for."""
    if not labels.fits_small(label):
        raise Refused("label_too_long", number=label.number)
