"""The post office's counter: it takes packets in from citizens, couriers and desks, holds them, and hands them out.

A citizen proves themselves with the six digits or with a slip the clerk has seen signed, never by the clerk's word.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.domain import audit, calendar, codes, custody, desk, limits, numbers, outbox, packets, visits
from app.domain.codes import Purpose
from app.domain.dossiers import CaseState, Dossier, ReturnWay
from app.domain.packets import Kind, Packet, Slip, State, Way
from app.domain.people import Act
from app.domain.places import Office
from app.domain.visits import Visit
from app.errors import Invalid, Refused

REPRINTS = ("damaged", "lost", "unreadable", "wrong_paper")
KEPT = ("hold_at_post", visits.INVITE)  # of steps.NEXT: after these it waits here for whoever calls


def stays(packet_state: State | None, way: Way | None, return_way: ReturnWay, next_: str | None) -> bool:
    """Whether a post office keeps the packet for whoever calls: a result that is asked for so, or whose newest visit
    ended so (`next_`). `is_called_for` says the same of many."""
    asked = return_way is ReturnWay.POST or next_ in KEPT
    return packet_state is State.AT_POST and way is Way.OUT and asked


def is_called_for() -> sa.ColumnElement[bool]:
    one = aliased(Visit)
    newest = sa.select(sa.func.max(one.id)).where(one.packet_id == Packet.id).correlate(Packet).scalar_subquery()
    kept = sa.exists().where(Visit.id == newest, Visit.next.in_(KEPT))
    asked = Packet.dossier_id.in_(sa.select(Dossier.id).where(Dossier.return_way == ReturnWay.POST))
    return sa.and_(Packet.state == State.AT_POST, Packet.way == Way.OUT, sa.or_(kept, asked))


def going_back(at: datetime) -> list[int]:
    """Results held at a post office that both letters did not bring anybody for: they go back to their desks."""
    left = (
        sa.select(Visit.packet_id, sa.func.max(Visit.ended_at))
        .join(Packet, Packet.id == Visit.packet_id)
        .where(Packet.state == State.AT_POST, Visit.next == visits.INVITE, Visit.state == visits.VisitState.MISSED)
        .group_by(Visit.packet_id)
        .having(sa.func.count() >= visits.INVITATIONS)
    )
    held = db.session.execute(left)
    days = {packet_id: calendar.today(last) for packet_id, last in held if last}
    return [packet_id for packet_id, day in days.items() if visits.after_letter(day) <= calendar.today(at)]


def accept(
    packet: Packet, act: Act, *, counts: dict[int, int], seal: str, head: bytes | None = None,
    code: str | None = None, wet_seen: bool = False,
) -> None:  # fmt: skip
    """The citizen brings the papers: count them together, seal, hold. The home visit, if open, is given back.

    `counts`: sheets by the paper's position; 0 means not handed over. Raises Refused: `wrong_office` (office),
    `page_too_old`, `dossier_cancelled`, custody_…; Invalid: `counts_missing`, `seal_form`, `proof_needed`.
    """
    office, packet = _office(packet, act), custody.hold(packet, act)
    if packet.state is State.AT_POST and packet.holder_id == office.party_id:
        return
    custody.expect(packet, head)
    dossier = packet.dossier
    if dossier.state is CaseState.CANCELLED:
        raise Refused("dossier_cancelled", number=packet.number)
    if set(counts) != {p.position for p in packet.papers} or not all(0 <= n <= desk.MOST for n in counts.values()):
        raise Invalid("counts_missing")
    if not any(counts.values()):
        raise Invalid("nothing_counted")
    for paper in packet.papers:
        found = counts[paper.position]
        paper.is_missing, paper.sheets = not found, found or paper.sheets
    desk.free_visit(packet, act)
    custody.enter(
        packet, "collect", act, giver=packet.holder_id, taker=office.party_id, parent=packet.head,
        proof=desk.citizen_proof(code, wet_seen), seal=numbers.read_seal(seal), sheets=sum(counts.values()),
    )  # fmt: skip
    audit.note("accepted_at_counter", packet.number, act)


def hand_in(packet: Packet, act: Act, head: bytes | None, seal: str) -> None:
    """A courier hands a packet in, or the desk its result. The same form sent twice is one handoff.

    Whoever is to call for it here is told, with a code.
    Raises Refused: `page_too_old`, custody_…; Invalid("seal_form").
    """
    office, packet = _own(act), custody.hold(packet, act)
    if packet.state is State.AT_POST and packet.holder_id == office.party_id:
        return
    custody.expect(packet, head)
    custody.enter(
        packet, "hand_in", act, giver=packet.holder_id, taker=office.party_id, parent=packet.head, proof=[],
        seal=numbers.read_seal(seal),
    )  # fmt: skip
    audit.note("handed_in", packet.number, act)
    visit = visits.current(packet.id)
    if stays(packet.state, packet.way, packet.dossier.return_way, visit.next if visit else None):
        dossier, code = packet.dossier, codes.make(packet, Purpose.DELIVER, act)
        outbox.say(
            dossier.citizen.phone, _here(packet), act.at, number=dossier.number, secret=dossier.secret, code=code
        )


def hand_out(
    packet: Packet, act: Act, *, seal: str, head: bytes | None = None, code: str | None = None, wet_seen: bool = False
) -> None:
    """The citizen calls for a packet held here. Raises Refused: `page_too_old`, custody_… (`custody_proof_missing`: the
    code is wrong); Invalid: `seal_form`, `proof_needed`."""
    packet = custody.hold(packet, act)
    if packet.state is State.DELIVERED:
        return
    custody.expect(packet, head)
    desk.free_visit(packet, act)
    custody.enter(
        packet, "deliver", act, giver=packet.holder_id, taker=packet.dossier.citizen.party_id, parent=packet.head,
        proof=desk.citizen_proof(code, wet_seen), seal=numbers.read_seal(seal),
    )  # fmt: skip
    audit.note("handed_out", packet.number, act, by="paper" if wet_seen else "code")


def confirm(packet: Packet, act: Act, *, code: str | None = None, wet_seen: bool = False) -> None:
    """A delivery only the courier vouched for is proven: the clerk has the signed slip, or the citizen's code.

    Raises Refused: `wrong_office`, custody_…; Invalid("proof_needed").
    """
    _office(packet, act)
    packet = custody.hold(packet, act)
    if packet.state is State.DELIVERED:
        return
    custody.enter(
        packet, "confirm", act, giver=packet.holder_id, taker=packet.dossier.citizen.party_id, parent=None,
        proof=desk.citizen_proof(code, wet_seen),
    )  # fmt: skip
    audit.note("confirmed", packet.number, act, by="paper" if wet_seen else "code")


def reprint(packet: Packet, act: Act, reason: str) -> Slip:
    """The next issue of the slip, as often as the administrator allows; the older ones are void from now on.

    Raises Invalid("reprint_reason"), Refused("packet_over") and Refused("slip_issues").
    """
    if reason not in REPRINTS:
        raise Invalid("reprint_reason")
    packet = custody.hold(packet, act)
    if packet.ended:
        raise Refused("packet_over", number=packet.number)
    if len(packet.slips) >= (most := limits.of("slip_issues")):
        raise Refused("slip_issues", number=packet.number, most=most)
    slip = packets.issue_slip(packet, int(packet.dossier.desk.ward.code), act)
    audit.note("slip_reissued", packet.number, act, reason=reason, issue=slip.issue)
    return slip


def _here(packet: Packet) -> str:
    return "result_at_post" if packet.kind is Kind.RESULT else "papers_at_post"


def _own(act: Act) -> Office:
    office = act.by.office
    if office is None:
        raise Refused("no_office")
    return office


def _office(packet: Packet, act: Act) -> Office:
    office = packet.dossier.post_office
    if act.by.office_id != office.id:
        raise Refused("wrong_office", number=packet.number, office=office.name)
    return office
