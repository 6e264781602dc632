"""Registers: a desk's book of a year (REGISTER) and how one dossier passed through hands (CONTROL), as paper.

Both are read from what is on record already: receipts, steps of the case, lines of the ledger. Nothing is kept for them.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.db import db
from app.domain import audit, bands, calendar, deskforms, forms, ledger, manifests, packets, printing, slips
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.forms import Form
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Kind, Packet, Way
from app.domain.people import User
from app.domain.places import Office
from app.errors import Refused
from labels import decided, terms
from labels import desk as deskpaper
from labels import manifest as sheet


def volumes(desk: Office, year: int) -> int:
    """How many volumes the book of a year has by now."""
    newest = sa.select(sa.func.max(Form.serial)).where(*_receipts(desk.id, year))
    return forms.volume(db.session.scalar(newest) or 0)


def register_pdf(desk: Office, year: int, at: datetime, volume: int = 1) -> bytes:
    """One volume of the book of a year: a line for every dossier accepted, by the number of its receipt. Raises
    Refused("register_empty")."""
    given = sa.select(Form).where(*_receipts(desk.id, year, volume)).order_by(Form.serial)
    found = list(db.session.scalars(given.options(joinedload(Form.dossier))))
    if not found:
        raise Refused("register_empty")
    book = deskpaper.Register(
        agency=decided.agency(desk.ward.name), desk=terms.centre(desk.name), year=year, at=calendar.local(at),
        entries=tuple(_entry(form) for form in found), volume=f"{volume:02}",
    )  # fmt: skip
    return printing.pdf("desk_register", [book])


def viewed(user: User, year: int, at: datetime, volume: int = 1) -> None:
    """Who opened a volume saw every dossier in it."""
    given = sa.select(Form.dossier_id).where(*_receipts(user.office_id, year, volume))
    for dossier_id in db.session.scalars(given.order_by(Form.serial)):
        audit.viewed(user.id, dossier_id, "desk.register", at)


def _receipts(desk_id: int | None, year: int, volume: int | None = None) -> tuple[sa.ColumnElement[bool], ...]:
    """The receipts a desk gave out in a year, or those that stand in one volume."""
    all_ = (Form.desk_id == desk_id, Form.key == "receipt", Form.year == year)
    last = (volume or 0) * forms.LONGEST
    return (*all_, Form.serial.between(last - forms.LONGEST + 1, last)) if volume is not None else all_


def _entry(form: Form) -> deskpaper.Entry:
    dossier, sent = form.dossier, packets.of_dossier(form.dossier_id)
    home = slips.home_of(dossier)
    into = next((packet for packet in sent if packet.kind is Kind.SUBMISSION), None)
    out = next((packet for packet in reversed(sent) if packet.kind is Kind.RESULT), None)
    return deskpaper.Entry(
        order=form.serial,
        code=dossier.official_code or dossier.number,
        matter=dossier.procedure.official_name,
        sets=1,
        name=home.name,
        address=home.address,
        phone=home.phone,
        agency=terms.centre(dossier.desk.name),
        received=calendar.today(dossier.submitted_at or form.at),
        due=dossier.due_on,
        way=deskpaper.WAYS[0 if dossier.return_way is ReturnWay.DESK else 1],
        done=_day(dossier, "ready"),
        returned=_day(dossier, "close"),
        inbound=into.number if into else "",
        outbound=out.number if out else "",
    )


def _day(dossier: Dossier, event: str) -> date | None:
    """When the step was last taken."""
    return next((calendar.today(line.at) for line in reversed(dossier.history) if line.event == event), None)


def control_pdf(dossier: Dossier, at: datetime) -> bytes:
    """How the dossier passed through hands: time and signatures are those of the postal papers."""
    case, sent = deskforms.case_of(dossier, dossier.desk), packets.of_dossier(dossier.id)
    return printing.pdf("desk_control", [
        deskpaper.Control(
            case=case, number=dossier.number, at=calendar.local(at), deciding=case.agency,
            hands=hands_of(dossier),
            mark=slips.mark_of(sent[0]),
        )
    ])  # fmt: skip


def hands_of(dossier: Dossier) -> tuple[deskpaper.Hand, ...]:
    """Every change of hands on record, packet by packet."""
    citizen = printing.printable(dossier.citizen.name)
    return tuple(hand for packet in packets.of_dossier(dossier.id) for hand in _hands(packet, citizen))


def _hands(packet: Packet, citizen: str) -> Iterator[deskpaper.Hand]:
    """Every change of hands of one packet, in order; a note where a list of it was signed."""
    lines = [line for line in ledger.lines(packet) if line.kind is LineKind.MOVE and line.giver_id != line.taker_id]
    names = _names({party for line in lines for party in (line.giver_id, line.taker_id)}, citizen)
    limits = _limits(packet, lines)
    listed = manifests.of_packet(packet.id)
    for line in lines:
        signed = listed is not None and (line.giver_id, line.taker_id) == (listed.giver_id, listed.taker_id)
        note = listed.receipt_no if signed and listed else packet.number
        result = decided.punctual(calendar.today(line.recorded_at), limits.get(line.id))
        yield deskpaper.Hand(names[line.giver_id], names[line.taker_id], calendar.local(line.recorded_at), result, note)


def _limits(packet: Packet, lines: Sequence[Handoff]) -> dict[int, date]:
    """The changes of hands that had to be done by a day: the post's arrival at the desk or at home (TT 17/2017 Đ7), and the
    result the desk gives away (when it is due). The others have no limit of their own."""
    if not lines:
        return {}
    dossier, sent = packet.dossier, calendar.today(lines[0].recorded_at)
    arrives = bands.arrives_by(sent, dossier.citizen.ward, dossier.desk.ward)
    goal = dossier.citizen.party_id if packet.way is Way.OUT else dossier.desk.party_id
    limits = {line.id: arrives for line in lines if line.taker_id == goal}
    if packet.kind is Kind.RESULT and dossier.due_on and lines[0].giver_id == dossier.desk.party_id:
        limits[lines[0].id] = dossier.due_on
    return limits


def _names(parties: set[str], citizen: str) -> dict[str, str]:
    names = dict.fromkeys(parties, citizen)
    names |= {
        office.party_id: terms.centre(office.name)
        for office in db.session.scalars(sa.select(Office).where(Office.party_id.in_(parties)))
    }
    for user in db.session.scalars(sa.select(User).where(User.party_id.in_(parties))):
        names[user.party_id or ""] = sheet.courier(user.name, user.badge or "–")
    return names
