"""Papers: what is printed of one packet beside its slip: labels, receipts, the letter at the door, the damaged bag.

Nothing is kept of them: a paper says what the record says when it is printed, and leaves to a pen what nobody knows yet.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

import labels
from app.db import db
from app.domain import (
    bands,
    bodies,
    calendar,
    happenings,
    ledger,
    numbers,
    packets,
    printing,
    repeats,
    scans,
    shelf,
    slips,
    takings,
    visits,
)
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.happenings import Holder
from app.domain.money import Event, MoneyLine
from app.domain.packets import Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.people import Right, User
from app.domain.places import Office
from app.domain.postage import Fault, Stream
from app.domain.scans import Ruling
from app.domain.shelf import INVITE
from app.domain.takings import Waiver
from app.domain.visits import Visit, VisitKind, VisitState
from app.errors import Missing, Refused
from labels import manifest as sheet
from labels import terms


class Printing(NamedTuple):
    """One paper of a packet: its format, at whose counters it is printed, whether the citizen may have it by their link,
    and its item, None while it says nothing."""

    format: str
    rights: frozenset[Right]
    is_citizens: bool
    item: Callable[[Packet, datetime, str], Any | None]


def pdf(paper: str, packet: Packet, user: User | None, at: datetime, base_url: str) -> bytes:
    """For somebody at a counter, or the citizen by their link. Raises Missing("format_unknown"); Refused:
    `paper_empty`, `label_too_long`."""
    item = _item(paper, packet, user, at, base_url)
    return printing.pdf(PAPERS[paper].format, [item])


def zpl(paper: str, packet: Packet, user: User, at: datetime, base_url: str) -> bytes:
    """A label as a thermal printer takes it. Raises as `pdf`."""
    if paper not in labels.ZPL:
        raise Missing("format_unknown")
    return printing.zpl(PAPERS[paper].format, [_item(paper, packet, user, at, base_url)])


def _item(paper: str, packet: Packet, user: User | None, at: datetime, base_url: str) -> Any:
    if paper not in _whose(user):
        raise Missing("format_unknown")
    item = PAPERS[paper].item(packet, at, base_url)
    if item is None:
        raise Refused("paper_empty")
    if PAPERS[paper].format == "label_small":
        hold_small(item)
    return item


def _whose(user: User | None) -> list[str]:
    return [name for name, row in PAPERS.items() if (any(map(user.may, row.rights)) if user else row.is_citizens)]


def ready(packet: Packet, user: User | None, at: datetime, base_url: str) -> list[str]:
    """The papers of this packet that this person may print and that say something now."""
    return [name for name in _whose(user) if PAPERS[name].item(packet, at, base_url) is not None]


def of_citizen(dossier: Dossier, at: datetime, base_url: str) -> dict[str, Packet]:
    """The citizen's own papers, each with the newest packet that has one."""
    found: dict[str, Packet] = {}
    for packet in reversed(packets.of_dossier(dossier.id)):
        for name in ready(packet, None, at, base_url):
            found.setdefault(name, packet)
    return found


def label_of(packet: Packet, visit: Visit | None, base_url: str) -> labels.Label:
    """What is stuck on the outside: on the way to the desk the desk, on the way home the citizen."""
    dossier = packet.dossier
    inward = packet.way is not Way.OUT
    party = slips.desk_of(dossier.desk) if inward else slips.home_of(dossier)
    stop = f"{visit.round_id}-{visit.position}" if visit and visit.round_id and visit.position is not None else ""
    left = [line.recorded_at for line in ledger.lines(packet)] if packet.state is not State.WAITING else []
    sent = calendar.today(left[0]) if left else visit.slot.day if visit else None
    return labels.Label(
        number=packet.number,
        token_url=slips.token_url(packet, base_url),
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
        mark=slips.mark_of(packet),
    )


def hold_small(label: labels.Label) -> None:
    """Raises Refused("label_too_long") for a name and address that only the large label has room for."""
    if not labels.fits_small(label):
        raise Refused("label_too_long", number=label.number)


def _label(packet: Packet, at: datetime, base_url: str) -> labels.Label | None:
    return None if packet.ended else label_of(packet, visits.current(packet.id), base_url)


def _invitation(packet: Packet, at: datetime, base_url: str) -> labels.Invitation | None:
    """The newest letter, left at the door or sent by the office, and where the packet is kept until it goes back (TT
    17/2017 Đ5.2)."""
    days, until = shelf.letters(packet.id), shelf.keep_until(packet.id)
    if not days or until is None or packet.ended:
        return None
    left = sa.select(Visit).filter_by(packet_id=packet.id, kind=VisitKind.DELIVER, state=VisitState.MISSED, next=INVITE)
    visit, sent = db.session.scalar(left.order_by(Visit.id.desc()).limit(1)), shelf.newest(packet, shelf.Word.LETTER)
    at_door = visit.ended_at if visit and visit.courier else None
    if sent and (at_door is None or sent.at > at_door):
        visit, written = None, sent.at
    elif at_door:
        written = at_door
    else:
        return None
    courier = visit.courier if visit else None
    coming, office, home = visits.open_visit(packet.id), packet.dossier.post_office, slips.home_of(packet.dossier)
    return labels.Invitation(
        number=packet.number,
        token_url=slips.token_url(packet, base_url),
        call=min(len(days), shelf.LETTERS),
        office=office.name,
        office_phone=office.phone,
        name=home.name,
        address=home.address,
        courier=courier.name if courier else "",
        badge=(courier.badge or "–") if courier else "",
        called_at=calendar.local(written),
        reason=terms.NOT_HANDED[visit.reason or "nobody_home"] if visit else "",
        keep_until=until,
        hours=_hours(office),
        again=coming.slot.day if coming else None,
        window=f"{coming.slot.opens:%-H:%M}–{coming.slot.closes:%-H:%M}" if coming else "",
        free=_is_free(packet, visit),
        mark=slips.mark_of(packet),
    )


def _is_free(packet: Packet, visit: Visit | None) -> bool:
    """Whether one more way home costs the citizen nothing, as the record says whose fault it was (QĐ 45/2016 Đ12)."""
    failed = repeats.failures([packet.id]).get(packet.id)
    reason = visit.reason if visit else failed and failed.reason
    return repeats.FAULTS.get(reason or "") is not Fault.CITIZEN


def _hours(office: Office) -> str:
    """When the office is open on its first day of the week."""
    first = [each for each in office.hours if each.weekday == office.hours[0].weekday]
    return " và ".join(f"{each.opens:%-H:%M}–{each.closes:%-H:%M}" for each in first)


def _in_bag(packet: Packet) -> tuple[labels.Paper, ...]:
    """What lies in it: what the desk looks up by itself does not."""
    return tuple(paper for paper in slips.papers_of(packet) if paper.form is not labels.Form.DATA)


def _papers_receipt(packet: Packet, at: datetime, base_url: str) -> labels.PapersReceipt | None:
    """For what was taken from the citizen, as it was counted with them."""
    taken = next((line for line in ledger.lines(packet) if line.event == "collect"), None)
    sent = _in_bag(packet)
    if taken is None or not sent:
        return None
    dossier, home = packet.dossier, slips.home_of(packet.dossier)
    by = happenings.holders([taken.taker_id])[taken.taker_id]
    backs = any(paper.give_back for paper in sent)
    return labels.PapersReceipt(
        number=_number("BN", packet),
        packet=packet.number,
        at=calendar.local(taken.recorded_at),
        office=dossier.post_office.name,
        place=terms.PLACES["in"] if by.kind is PartyKind.COURIER else terms.centre(by.name) or dossier.post_office.name,
        giver=home.name,
        giver_address=home.address,
        taker=_named(by, dossier),
        reason=terms.carried_to(terms.centre(dossier.desk.name)),
        papers=sent,
        give_back=terms.given_back(dossier.due_on) if backs else "",
        token_url=slips.token_url(packet, base_url),
        mark=slips.mark_of(packet),
    )


def _money_receipt(packet: Packet, at: datetime, base_url: str) -> labels.MoneyReceipt | None:
    """For what was paid at the door and was not given back, postage and fee apart (QĐ 45/2016 Đ11)."""
    paid, waived = takings.paid(packet), takings.waived(packet)
    last = waived or next(reversed(paid.values()), None)
    if last is None:
        return None
    home, collector = slips.home_of(packet.dossier), db.session.get_one(User, last.by_id)
    return labels.MoneyReceipt(
        number=_number("PT", packet),
        packet=packet.number,
        at=calendar.local(last.at),
        office=packet.dossier.post_office.name,
        payer=home.name,
        payer_address=home.address,
        collector=sheet.courier(collector.name, collector.badge or "–"),
        lines=(*_free(packet, waived), *(charge for line in paid.values() for charge in _charges(packet, line))),
        agency=terms.centre(packet.dossier.desk.name) if Stream.FEE in paid else "",
        token_url=slips.token_url(packet, base_url),
        mark=slips.mark_of(packet),
    )


def _free(packet: Packet, waived: Waiver | None) -> Iterator[labels.Charge]:
    """What was carried for nothing and by which decision. Of whom, the paper does not say."""
    bill = takings.due(packet)
    if waived is None or bill.exempt is None:
        return
    for charge in bill.lines:
        if charge.stream is Stream.POSTAGE:
            yield labels.Charge(terms.free(charge.key, printing.printable(bill.exempt.source)), 0, method=terms.FREE)


def _charges(packet: Packet, line: MoneyLine) -> Iterator[labels.Charge]:
    """What a sum was for: the lines of the bill where they come to it, else the sum."""
    said = {"method": terms.PAID_BY[line.event is Event.TRANSFERRED], "receipt": line.receipt or ""}
    stream = labels.Stream(line.stream.value)
    asked = [charge for charge in takings.due(packet).lines if charge.stream is line.stream and charge.amount]
    if sum(charge.amount for charge in asked) != line.amount:
        yield labels.Charge(terms.SUMS[line.stream], line.amount, stream, **said)
        return
    for charge in asked:
        yield labels.Charge(terms.CHARGES[charge.key], charge.amount, stream, **said)


def _rewrap(packet: Packet, at: datetime, base_url: str) -> labels.Rewrap | None:
    """What two people found and did, as far as the record knows; the rest is written while they count."""
    rows = [row for row, _ in scans.of_packet(packet.code, Ruling.APPLIED)]
    told = [bodies.read(row.body, row.sig) for row in rows]
    damage = next((scan for scan in reversed(told) if scan.event == "damaged"), None)
    change = next((scan for scan in reversed(told) if scan.event == "seal_change"), None)
    found_at = {row.digest: row.recorded_at for row in rows}
    first = damage or change
    if packet.ended or not packet.seal:
        return None
    listed = _in_bag(packet)
    place = (
        terms.centre(happenings.holders([packet.holder_id])[packet.holder_id].name) or packet.dossier.post_office.name
    )
    old = change.said("OLD_SEAL") if change else packet.seal
    return labels.Rewrap(
        number=_number("BR", packet),
        packet=packet.number,
        at=calendar.local(found_at[first.digest] if first else at),
        place=place,
        office=packet.dossier.post_office.name,
        papers=listed,
        finder=_actor(first),
        witness=_witness(change),
        found=terms.FOUND[damage.reason] if damage and damage.reason in terms.FOUND else "",
        old_seal=numbers.spoken_seal(old or packet.seal),
        new_seal=numbers.spoken_seal(change.seal) if change and change.seal else "",
        expected=terms.counted(len(listed), sum(paper.sheets or 0 for paper in listed)),
        kinds=((2,) if damage.reason == "opened" else (1,)) if damage else (),
        done=(1,) if change else (),
        token_url=slips.token_url(packet, base_url),
        mark=slips.mark_of(packet),
    )


def _actor(scan: Scan | None) -> str:
    user = db.session.get(User, scan.actor) if scan and scan.actor else None
    return user.name if user else ""


def _witness(scan: Scan | None) -> str:
    second = scan.said("SECOND") if scan else None
    user = db.session.get(User, second) if second else None
    return user.name if user else ""


def _authorisation(packet: Packet, at: datetime, base_url: str) -> labels.Authorisation | None:
    """For somebody who sends or receives in the citizen's place: by the name the citizen gave, or written by hand."""
    dossier, home = packet.dossier, slips.home_of(packet.dossier)
    if packet.ended or (dossier.state is CaseState.CANCELLED and packet.state is State.WAITING):
        return None
    return labels.Authorisation(
        principal=home.name, principal_address=home.address, principal_phone=home.phone,
        agent=printing.printable(dossier.citizen.proxy or ""), matter=dossier.procedure.official_name, number=dossier.number, place=dossier.desk.ward.name,
        purposes=(2,) if packet.way is Way.OUT else (), mark=slips.mark_of(packet),
    )  # fmt: skip


def _named(holder: Holder, dossier: Dossier) -> str:
    if holder.kind is PartyKind.COURIER:
        return sheet.courier(holder.name or "–", holder.badge or "–")
    return terms.centre(holder.name) or printing.printable(dossier.citizen.name)


def _number(series: str, packet: Packet) -> str:
    """A packet has one paper of each series, so its own number names it."""
    return f"{series}-{packet.number.removeprefix('HS-')}"


POST, DESK = frozenset({Right.COUNTER}), frozenset({Right.DESK})
# fmt: off
PAPERS: dict[str, Printing] = {
    "label":          Printing("label",          POST | DESK, False, _label),
    "label_small":    Printing("label_small",    POST | DESK, False, _label),
    "invitation":     Printing("invitation",     POST,        False, _invitation),
    "receipt_papers": Printing("receipt_papers", POST,        True,  _papers_receipt),
    "receipt_money":  Printing("receipt_money",  POST,        True,  _money_receipt),
    "rewrap":         Printing("rewrap",         POST | DESK, False, _rewrap),
    "authorisation":  Printing("authorisation",  POST | DESK, True,  _authorisation),
}
# fmt: on
