"""Slips: what a packet's paper says, and the code on it. What else is printed draws with `labels` in papers.py.

The paper is the contract of carriage; the code on it holds no personal data, only the packet's token.
"""

from collections.abc import Sequence

import sqlalchemy as sa

import labels
from app.db import db
from app.domain import (
    bands,
    bodies,
    calendar,
    ledger,
    money,
    numbers,
    postage,
    printing,
    scans,
    takings,
    tokens,
    visits,
)
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.certificates import Certificate
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import Kind, Packet, State, Way
from app.domain.places import Office
from app.domain.procedures import PaperForm
from app.domain.scans import Ruling
from app.errors import Gone, Invalid
from labels import qr, terms

COPIES = (1, 2, 3)  # sender, inside the envelope, post
PAPER_YEARS, YEARS = 1, 5  # the slip on paper and its data are kept, at least, once the post has it (TT 17/2017 Đ14)


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
            sheets=packet.promised(paper) or None,
            give_back=paper.returned,
        )  # fmt: skip
        for paper in packet.papers
        if packet.promised(paper) or not paper.is_missing
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
