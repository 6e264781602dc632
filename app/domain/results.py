"""Results: sealed at the desk, each with a slip of its own, and brought home or called for. Papers that are given back go alike."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain import (
    audit,
    booking,
    calendar,
    codes,
    custody,
    desk,
    fees,
    limits,
    money,
    numbers,
    packets,
    people,
    postage,
    printing,
    repeats,
    visits,
)
from app.domain.audit import AuditLine
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Act, Language, User
from app.domain.postage import Fault, Stream
from app.errors import Invalid, Refused

ANSWERS = ("reached", "no_answer", "wrong_number")  # when the desk asked whether address and phone are right
WORDS = ("spoken", "unreached")  # of a result nobody has asked about: they spoke just now, or it goes all the same


def result_of(dossier: Dossier) -> Packet | None:
    """The newest packet that carries the result, delivered or not. One written off carries none: the result is issued and
    sent anew (QĐ 45/2016 Đ14)."""
    of = sa.select(Packet).filter_by(dossier_id=dossier.id, kind=Kind.RESULT).where(Packet.state != State.WRITTEN_OFF)
    return db.session.scalar(of.order_by(Packet.id.desc()).limit(1))


def lost_result(dossier: Dossier) -> Packet | None:
    """The packet its result was lost in, while no other has been sent."""
    of = sa.select(Packet).filter_by(dossier_id=dossier.id, kind=Kind.RESULT, state=State.WRITTEN_OFF)
    return None if result_of(dossier) else db.session.scalar(of.order_by(Packet.id.desc()).limit(1))


def reconfirm(
    dossier: Dossier,
    act: Act,
    answer: str,
    *,
    phone: str,
    second_phone: str,
    street: str,
    proxy: str = "",
    language: str = "",
) -> None:
    """Before the result leaves, or when it came back: whether it will find the citizen. What they say replaces what was
    known; the log holds which of it changed, never what it says. What went to another number opens nothing any more.

    Raises Invalid: `answer_unknown`, `text_long`, or as `booking.check_street`, `printing.check`, `people.read_phone`.
    """
    custody.hold_all({one.code for one in packets.of_dossier(dossier.id)})
    held = desk.hold(dossier, act)
    db.session.refresh(held.citizen)
    if answer not in ANSWERS:
        raise Invalid("answer_unknown")
    street = " ".join(street.split())
    booking.check_street(street)
    proxy = " ".join(proxy.split())
    for text, limit in ((street, 200), (proxy, 120)):
        if len(text) > limit:
            raise Invalid("text_long", limit=limit)
        printing.check(text)
    told = {
        "phone": people.read_phone(phone), "street": street, "proxy": proxy or None,
        "second_phone": people.read_phone(second_phone) if second_phone.strip() else None,
        "language": Language(language) if language else held.citizen.language,
    }  # fmt: skip
    was = held.citizen.phone
    changed = [name for name, value in told.items() if getattr(held.citizen, name) != value]
    if answer == "reached":
        for name in changed:
            setattr(held.citizen, name, told[name])
        if "phone" in changed:
            booking.rebind(held, was, act)
    held.asked_at, held.answer = act.at, answer
    audit.note("reconfirmed", held.number, act, answer=answer, changed=changed if answer == "reached" else [])
    db.session.flush()


def wants_word(dossier: Dossier) -> bool:
    """It goes home, and nobody has heard from the citizen that it will find them."""
    return dossier.goes_home and dossier.answer != "reached"


def send_result(dossier: Dossier, act: Act, seal: str, word: str = "") -> Packet:
    """Seal the result: a new packet with its own slip, sender the desk; a courier comes, or it waits to be called for.

    Called for at the post office, it is told when it is there (`counter.hand_in`). A paper that went into a bag written
    off is no paper of the next one. `word`, of WORDS, where it `wants_word`: the log holds whose it was, and when.

    Raises Invalid: `seal_form`, `word_needed`; Refused: `result_not_ready`, `result_sent`, `seal_used`, `wrong_ward`.
    """
    dossier, seal = desk.hold(dossier, act), numbers.read_seal(seal)
    if dossier.state is not CaseState.RESULT_READY:
        raise Refused("result_not_ready")
    if known := result_of(dossier):
        if known.seal == seal:
            return known
        raise Refused("result_sent", number=known.number)
    if wants_word(dossier):
        if word not in WORDS:
            raise Invalid("word_needed")
        audit.note("result_word", dossier.number, act, word=word, before=dossier.answer)
        if word == "spoken":
            dossier.asked_at, dossier.answer = act.at, "reached"
    packet = seal_out(dossier, Kind.RESULT, seal, act)
    here = {paper.position: paper for paper in dossier.papers if paper.is_here}
    dossier.result_papers = [row for row in dossier.result_papers if row.get("position") in {None, *here}]
    for row in dossier.result_papers:
        if position := row.get("position"):
            here[position].back_in = packet.number
    if dossier.goes_home:
        booking.deliver_visit(packet, act)
    elif dossier.return_way is ReturnWay.DESK:
        invite(packet, act)
    return packet


@dataclass(frozen=True)
class Call:
    """Somebody of the desk asked the citizen: when, who, and what came of it."""

    at: datetime
    by: str
    answer: str


def calls(dossier: Dossier) -> list[Call]:
    """How often the citizen was asked, the newest first."""
    noted = (
        sa.select(AuditLine, User.name)
        .join(User, User.id == AuditLine.user_id)
        .where(AuditLine.action == "reconfirmed", AuditLine.subject == dossier.number)
    )
    found = db.session.execute(noted.order_by(AuditLine.id.desc()).limit(20))
    return [Call(line.at, name, line.details["answer"]) for line, name in found]


def waits_too_long(dossier: Dossier, since: datetime, at: datetime) -> bool:
    """Whether a result that came back at `since` is to be asked about again: it never goes anywhere by itself."""
    last = max(since, dossier.asked_at or since)
    return calendar.working_days_after(calendar.today(last), limits.of("desk_hold"))[-1] < calendar.today(at)


def seal_out(dossier: Dossier, kind: Kind, seal: str, act: Act) -> Packet:
    """A new sealed packet from this desk to the citizen. Raises Refused("seal_used")."""
    at = dossier.desk
    check_seal(seal, dossier)
    packet = packets.new(dossier, kind, Way.OUT, at.party_id, int(at.ward.code), act)
    packet.seals = [seal]
    audit.note(
        "result_sealed" if kind is Kind.RESULT else "papers_sealed",
        packet.number,
        act,
        dossier=dossier.number,
        seal=seal,
    )
    return packet


def check_seal(seal: str, dossier: Dossier) -> None:
    """Raises Refused("seal_used") when a packet of this dossier had this seal, or one of its desk that is under way has it."""
    near = (
        sa.select(Packet.number, Packet.seals)
        .join(Dossier, Packet.dossier_id == Dossier.id)
        .where(
            sa.or_(
                Dossier.id == dossier.id,
                sa.and_(Dossier.desk_id == dossier.desk_id, Packet.state.not_in(packets.ENDED)),
            )
        )
    )
    for number, seals in db.session.execute(near):
        if seal in seals:
            raise Refused("seal_used", number=number)


def send_again(packet: Packet, act: Act, fault: Fault | None = None) -> None:
    """Another visit for a result that came back, at the cost of whoever was at fault. Raises Refused: `not_waiting_here`,
    `wrong_ward`, and as `repeats.reckon`."""
    desk.own(packet, act)
    packet = custody.hold(packet, act)
    if packet.way is not Way.OUT or packet.state not in (State.AT_DESK, State.WAITING):
        raise Refused("not_waiting_here", number=packet.number)
    if visits.open_visit(packet.id) is None:
        audit.note("sent_again", packet.number, act)
        repeats.reckon(packet, act, fault)
        booking.deliver_visit(packet, act)


def hand_over(
    packet: Packet, act: Act, *, head: bytes | None = None, code: str | None = None, wet_seen: bool = False,
    letter: bool | None = None, surrendered: bool = False, receipt: str = "",
) -> None:  # fmt: skip
    """The citizen calls for the result at the desk. Closes the dossier. The home visit, if open, is given back. A fee that
    is due with it is paid to the ward first, against this receipt.

    `letter`: somebody else calls, with or without a letter of authorisation; None: the citizen does.
    Raises Invalid: `proof_needed`, `letter_needed`, `old_papers_needed`, `receipt_needed`; Refused: `page_too_old`, `wrong_ward`, custody_… (`custody_proof_missing`: the code
    is wrong).
    """
    desk.own(packet, act)
    packet = custody.hold(packet, act)
    if packet.state is State.DELIVERED:
        return
    custody.expect(packet, head)
    if fee := fee_due(packet):
        fees.pay_ward(packet.dossier, fee, money.read_receipt(receipt), act)
    desk.free_visit(packet, act)
    give_up(packet, act, surrendered)
    custody.enter(
        packet, "deliver", act, giver=packet.holder_id, taker=packet.dossier.citizen.party_id, parent=packet.head,
        proof=[*desk.PRESENCE, *citizen_proof(code, wet_seen), *recipient(letter)],
    )  # fmt: skip
    audit.note("handed_over", packet.number, act, by="paper" if wet_seen else "code")


def fee_due(packet: Packet) -> int:
    """The statutory fee that is paid where this result is handed over, in đồng (QĐ 45/2016 Đ11)."""
    return postage.at_door(packet.dossier, packet.kind).of(Stream.FEE) if packet.kind is Kind.RESULT else 0


def citizen_proof(code: str | None, wet_seen: bool) -> list[tuple[str, str]]:
    """What the citizen proves themselves with: the six digits, or a signed slip. Raises Invalid("proof_needed")."""
    if wet_seen:
        return [("WET_SEEN", "")]
    if digits := "".join(c for c in code or "" if c.isdigit()):
        return [("CODE", digits)]
    raise Invalid("proof_needed")


def give_up(packet: Packet, act: Act, surrendered: bool) -> None:
    """Old papers asked for are taken over the counter before the result is handed out (TT 17/2017 Đ5.2).

    Raises Invalid("old_papers_needed").
    """
    dossier = packet.dossier
    if packet.kind is Kind.RESULT and dossier.surrender:
        if not surrendered:
            raise Invalid("old_papers_needed")
        dossier.surrender = [paper | {"taken": paper["sheets"]} for paper in dossier.surrender]


def recipient(letter: bool | None) -> list[tuple[str, str]]:
    """Who received, as phones say it. Family without a letter of authorisation is not enough (TT 17/2017 Đ5.2).

    Raises Invalid("letter_needed").
    """
    if letter is None:
        return [("RECIPIENT", "self")]
    if not letter:
        raise Invalid("letter_needed")
    return [("RECIPIENT", "authorised"), ("AUTHORISATION", "seen")]


def invite(packet: Packet, act: Act) -> None:
    """It waits here: the citizen gets a code to call for it."""
    kind = "result_at_desk" if packet.kind is Kind.RESULT else "papers_at_desk"
    codes.tell(packet, kind, Purpose.DELIVER, act)
