"""The post office's counter: it takes packets in from citizens, couriers and desks, holds them, and hands them out.

A citizen proves themselves with the six digits or with a slip the clerk has seen signed, never by the clerk's word.
"""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.domain import (
    audit,
    booking,
    calendar,
    codes,
    custody,
    desk,
    fees,
    limits,
    numbers,
    packets,
    repeats,
    results,
    shelf,
    takings,
    visits,
)
from app.domain.bodies import Extra, MoneyTaken
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import Kind, Packet, Slip, State, Way
from app.domain.people import Act
from app.domain.places import Office
from app.domain.postage import Fault
from app.domain.shelf import Word
from app.domain.visits import Visit
from app.errors import Invalid, Refused

REPRINTS = ("damaged", "lost", "unreadable", "wrong_paper")
KEPT = (shelf.NEXT[Word.KEEP], shelf.INVITE)  # of steps.NEXT: after these it waits here for whoever calls


def stays(packet_state: State | None, way: Way | None, return_way: ReturnWay, next_: str | None) -> bool:
    """Whether a post office keeps the packet for whoever calls: a result that is asked for so, or of which that was said
    last (`next_`, as `shelf.next_of`). `is_called_for` says the same of many."""
    asked = (return_way is ReturnWay.POST and next_ != shelf.NEXT[Word.BACK]) or next_ in KEPT
    return packet_state is State.AT_POST and way is Way.OUT and asked


def is_called_for() -> sa.ColumnElement[bool]:
    one = aliased(Visit)
    newest = sa.select(sa.func.max(one.id)).where(one.packet_id == Packet.id).correlate(Packet).scalar_subquery()
    kept = sa.exists().where(Visit.id == newest, Visit.next.in_(KEPT))
    asked = Packet.dossier_id.in_(sa.select(Dossier.id).where(Dossier.return_way == ReturnWay.POST))
    word = shelf.word_now()
    said = sa.or_(
        sa.and_(word.is_not(None), word.in_((Word.KEEP, Word.LETTER))), sa.and_(word.is_(None), sa.or_(kept, asked))
    )
    return sa.and_(Packet.state == State.AT_POST, Packet.way == Way.OUT, said)


def accept(
    packet: Packet, act: Act, *, counts: dict[int, int], seal: str, head: bytes | None = None,
    code: str | None = None, wet_seen: bool = False, money: MoneyTaken | None = None,
) -> None:  # fmt: skip
    """The citizen brings the papers: count them together, seal, take what is due, hold. The home visit, if open, is given
    back.

    `counts`: sheets by the paper's position; 0 means not handed over. Raises Refused: `wrong_office` (office),
    `page_too_old`, `dossier_cancelled`, custody_…; Invalid: `counts_missing`, `seal_form`, `proof_needed`, and as
    `takings.at_counter`.
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
    extra = takings.at_counter(takings.due(packet), money)
    desk.free_visit(packet, act)
    custody.enter(
        packet, "collect", act, giver=packet.holder_id, taker=office.party_id, parent=packet.head,
        proof=results.citizen_proof(code, wet_seen), seal=numbers.read_seal(seal), sheets=sum(counts.values()),
        extra=extra,
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
        _say_here(packet, act)


def hand_out(
    packet: Packet, act: Act, *, seal: str, head: bytes | None = None, code: str | None = None, wet_seen: bool = False,
    letter: bool | None = None, surrendered: bool = False, money: MoneyTaken | None = None, fee_back: bool = False,
) -> None:  # fmt: skip
    """The citizen, or whoever they send with a `letter`, calls for a packet held here, and pays what is due with it; or is given
    their fee back with papers that were called off (`fee_back`).

    Raises Refused: `page_too_old`, custody_… (`custody_proof_missing`: the code is wrong); Invalid: `seal_form`,
    `proof_needed`, `letter_needed`, `old_papers_needed`, and as `takings.at_counter`.
    """
    packet = custody.hold(packet, act)
    if packet.state is State.DELIVERED:
        return
    custody.expect(packet, head)
    desk.free_visit(packet, act)
    results.give_up(packet, act, surrendered)
    if packet.way is Way.OUT:
        extra = takings.at_counter(takings.due(packet), money)
    else:
        extra = Extra(money=MoneyTaken(given_back=fees.post_owes(packet.dossier))) if fee_back else None
    custody.enter(
        packet, "deliver", act, giver=packet.holder_id, taker=packet.dossier.citizen.party_id, parent=packet.head,
        proof=[*results.citizen_proof(code, wet_seen), *results.recipient(letter)], seal=numbers.read_seal(seal),
        extra=extra,
    )  # fmt: skip
    audit.note("handed_out", packet.number, act, by="paper" if wet_seen else "code")


# ---- the shelf --------------------------------------------------------------------------------------------------


def keep(packet: Packet, act: Act, head: bytes | None = None) -> None:
    """Whoever it is for said that they will call: no courier brings it, and they are told with a code.

    Raises Refused: `not_kept_here`, `page_too_old`.
    """
    packet, said = _on_shelf(packet, act, head)
    if said is not Word.KEEP:
        desk.free_visit(packet, act)
        shelf.decide(packet, Word.KEEP, act)
        _say_here(packet, act)
        audit.note("kept", packet.number, act)


def send_letter(packet: Packet, act: Act, head: bytes | None = None) -> int:
    """The next letter leaves today, printed and told; which one it is. Twice on one day is one letter.

    Raises Refused: `letters_done`, `letter_too_early` (day), `not_kept_here`, `page_too_old`.
    """
    packet, _said = _on_shelf(packet, act, head)
    nth, first = shelf.next_letter(packet.id)
    if calendar.today(act.at) in shelf.letters(packet.id):
        return nth - 1
    if nth > shelf.LETTERS:
        raise Refused("letters_done", number=packet.number)
    if first and calendar.today(act.at) < first:
        raise Refused("letter_too_early", number=packet.number, day=first.isoformat())
    desk.free_visit(packet, act)
    shelf.decide(packet, Word.LETTER, act)
    until = shelf.keep_until(packet.id)
    _say_here(packet, act, "letter", due_on=until.isoformat() if until else None)
    audit.note("letter_sent", packet.number, act, nth=nth)
    return nth


def bring_home(packet: Packet, act: Act, head: bytes | None = None) -> None:
    """Papers that were called off and lie here go home with a courier; the citizen is told when, with a code.

    Raises Refused: `not_kept_here`, `no_slot_left`, `page_too_old`.
    """
    office, packet = _own(act), custody.hold(packet, act)
    here = packet.state is State.AT_POST and packet.holder_id == office.party_id
    if not here or packet.way is not Way.IN or packet.dossier.state is not CaseState.CANCELLED:
        raise Refused("not_kept_here", number=packet.number)
    custody.expect(packet, head)
    if visits.open_visit(packet.id) is None:
        booking.deliver_visit(packet, act)
        audit.note("brought_home", packet.number, act)


def try_again(packet: Packet, act: Act, head: bytes | None = None, fault: Fault | None = None) -> None:
    """One more visit at home, the citizen told when. Whoever was to call for it has changed their mind.

    Raises Refused: `not_by_post`, `no_slot_left`, `not_kept_here`, `page_too_old`, and as `repeats.reckon`.
    """
    packet, _said = _on_shelf(packet, act, head)
    if visits.open_visit(packet.id):
        return
    if not packet.dossier.returns_by_post:
        raise Refused("not_by_post", number=packet.number)
    packet.dossier.return_way = ReturnWay.HOME
    shelf.decide(packet, Word.AGAIN, act)
    repeats.reckon(packet, act, fault)
    booking.deliver_visit(packet, act)
    audit.note("tried_again", packet.number, act)


def send_back(packet: Packet, act: Act, reason: str, head: bytes | None = None) -> None:
    """It goes back to its desk with the next courier. Before both letters only for a reason that makes waiting vain.

    Raises Invalid("back_reason"); Refused: `letters_owed`, `not_kept_here`, `page_too_old`.
    """
    packet, said = _on_shelf(packet, act, head)
    if reason not in shelf.REASONS:
        raise Invalid("back_reason")
    nth, first = shelf.next_letter(packet.id)
    if reason == "letters_done" and (nth <= shelf.LETTERS or (first and calendar.today(act.at) < first)):
        raise Refused("letters_owed", number=packet.number)
    if said is not Word.BACK:
        desk.free_visit(packet, act)
        shelf.decide(packet, Word.BACK, act, reason)
        audit.note("sent_back", packet.number, act, reason=reason)


def _on_shelf(packet: Packet, act: Act, head: bytes | None) -> tuple[Packet, Word | None]:
    """A packet to a citizen that lies here, locked, and what was decided last."""
    office, packet = _own(act), custody.hold(packet, act)
    if packet.state is not State.AT_POST or packet.holder_id != office.party_id or packet.way is not Way.OUT:
        raise Refused("not_kept_here", number=packet.number)
    custody.expect(packet, head)
    said = shelf.decided(packet)
    return packet, said.word if said else None


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
        proof=results.citizen_proof(code, wet_seen),
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
    act = replace(act, at=custody.after_all(packet, act.at))
    slip = packets.issue_slip(packet, int(packet.dossier.desk.ward.code), act)
    audit.note("slip_reissued", packet.number, act, reason=reason, issue=slip.issue)
    return slip


def _say_here(packet: Packet, act: Act, kind: str = "", **values: Any) -> None:
    """It waits here: the citizen gets a code to call for it."""
    kind = kind or ("result_at_post" if packet.kind is Kind.RESULT else "papers_at_post")
    codes.tell(packet, kind, Purpose.DELIVER, act, **values)


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
