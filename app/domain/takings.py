"""Takings: what is paid where papers change hands: to the courier at the door, to the clerk at the post office's counter.

Whoever is exempt shows the proof there, to the courier or the clerk, each time money is asked of them; without it the postage is due as
quoted. What was let off is kept with the kind of proof, and by whom it was seen.
"""

from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, choice, db
from app.domain import calendar, fees, money, postage, repeats, scans
from app.domain.bodies import Extra, MoneyTaken, Scan
from app.domain.exemptions import Proof
from app.domain.money import Event, MoneyLine
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.postage import Bill, Charge, Line, Stream
from app.domain.scans import ScanRow
from app.domain.visits import Visit, VisitKind
from app.errors import Invalid


class Waiver(Model):
    """Postage nobody was asked for, since the proof was seen. Less than nothing takes it back."""

    __tablename__ = "waivers"
    __table_args__ = (sa.CheckConstraint("amount <> 0", name="amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    digest: Mapped[bytes] = mapped_column(sa.ForeignKey(ScanRow.digest), unique=True)
    amount: Mapped[int] = mapped_column(doc="đồng, as quoted")
    proof: Mapped[Proof] = mapped_column(choice(Proof), doc="the kind of paper that was seen")
    day: Mapped[date] = mapped_column(doc="of the shift")
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True, doc="the courier, or the clerk")
    at: Mapped[Instant]


def due(packet: Packet) -> Bill:
    """What is asked for at the door of this packet: when papers are collected, when the result is brought, when it is
    brought once more by the citizen's own doing."""
    bill, again = postage.at_door(packet.dossier, packet.kind), repeats.due(packet)
    return replace(bill, lines=(Charge(Line.AGAIN, again), *bill.lines)) if again else bill


def at_visit(visit: Visit) -> Bill:
    """What is asked for at this call. Papers that go home after all cost nothing more."""
    return Bill(()) if _goes_home(visit) else due(visit.packet)


def to_give_back(visit: Visit) -> int:
    """What is given back at this call, in đồng: the ward's fee, with papers that were called off."""
    return fees.post_owes(visit.packet.dossier) if _goes_home(visit) else 0


def _goes_home(visit: Visit) -> bool:
    return visit.kind is VisitKind.DELIVER and visit.packet.way is Way.IN


def paid(packet: Packet) -> dict[Stream, MoneyLine]:
    """What was paid at the door of this packet and was not taken back."""
    found = sa.select(MoneyLine).where(MoneyLine.packet_id == packet.id).order_by(MoneyLine.id)
    standing: dict[Stream, MoneyLine] = {}
    for line in db.session.scalars(found):
        if line.event in (Event.COLLECTED, Event.TRANSFERRED):
            standing[line.stream] = line
        elif line.event is Event.TAKEN_BACK and line.taker_id == packet.dossier.citizen.party_id:
            standing.pop(line.stream, None)
    return standing


def waived(packet: Packet) -> Waiver | None:
    """What was let off where this packet changed hands, unless that was taken back."""
    last = db.session.scalar(sa.select(Waiver).filter_by(packet_id=packet.id).order_by(Waiver.id.desc()).limit(1))
    return last if last and last.amount > 0 else None


def waived_by(user: User, day: date) -> int:
    """What this person let off on that day, in đồng."""
    off = sa.select(sa.func.sum(Waiver.amount)).where(Waiver.by_id == user.id, Waiver.day == day)
    return int(db.session.scalar(off) or 0)


def at_counter(bill: Bill, said: MoneyTaken | None) -> Extra | None:
    """What a clerk says beside the act: all that is due was paid. None where nothing is.

    Raises Invalid: `proof_unsaid`, `paid_how`, `receipt_needed`.
    """
    if not bill.total:
        return None
    said = said or MoneyTaken()
    if bill.waived and said.proof is None:
        raise Invalid("proof_unsaid")
    if not said.paid_by and (bill.to_pay if _proven(bill, said.proof) else bill.total):
        raise Invalid("paid_how")
    if bill.of(Stream.FEE) and not said.receipt:
        raise Invalid("receipt_needed")
    return Extra(money=said)


def collect(packet: Packet, scan: Scan, at: datetime) -> None:
    """What was done at a door or a counter stands, and whoever took the money says that it was paid for: a line for each
    stream.

    With papers that go home after all, it says how much of the fee was given back.

    A phone says how much of each it took; one that does not took what was due. Money of a bank transfer never was the
    courier's.
    """
    said = scans.money_taken(scan.digest)
    if said is None:
        return
    (party, by), day = _till(scan), calendar.today(min(scan.wall or at, at))
    if scan.event == "deliver" and packet.way is Way.IN:  # the papers are home again: nothing is asked for
        if amount := min(said.get("given_back") or 0, fees.post_owes(packet.dossier)):
            fees.post_gives_back(packet, party, at, day, amount, by, scan.digest)
        return
    bill = due(packet)
    by_bank, proven = said.get("paid_by") == "transfer", _proven(bill, said.get("proof"))
    for stream in Stream:
        asked = 0 if proven and stream is Stream.POSTAGE else bill.of(stream)
        taken = said.get(stream)
        if amount := asked if taken is None else min(taken, money.MOST):
            db.session.add(
                MoneyLine(
                    stream=stream, event=Event.TRANSFERRED if by_bank else Event.COLLECTED,
                    giver_id=packet.dossier.citizen.party_id,
                    taker_id=packet.dossier.post_office.party_id if by_bank else party, amount=amount,
                    day=day, packet_id=packet.id, digest=scan.digest,
                    receipt=said.get("receipt") if stream is Stream.FEE else None, by_id=by.id, at=at,
                )
            )  # fmt: skip
    if proven and not said.get(Stream.POSTAGE):
        db.session.add(
            Waiver(
                packet_id=packet.id, digest=scan.digest, amount=bill.waived, proof=Proof(said["proof"]), day=day,
                by_id=by.id, at=at,
            )
        )  # fmt: skip


def _proven(bill: Bill, proof: str | None) -> bool:
    return bill.waived > 0 and proof in (Proof.DECISION, Proof.CERTIFICATE)


def _till(scan: Scan) -> tuple[str, User]:
    """Whose the money was then, and who took it: the courier who took the packet there, or gave it; or a post office,
    whose clerk did."""
    party = scan.taker if scan.event == "collect" else scan.giver
    assert party
    courier = db.session.scalar(sa.select(User).filter_by(party_id=party))
    return party, courier or db.session.get_one(User, scan.actor)


def take_back(scan: Scan, at: datetime) -> None:
    """Two people declare with `scan` that the act before it never was: what was written for it goes the other way."""
    for line in db.session.scalars(sa.select(MoneyLine).filter_by(digest=scan.parent).order_by(MoneyLine.id)):
        db.session.add(
            MoneyLine(
                stream=line.stream, event=Event.TAKEN_BACK, giver_id=line.taker_id, taker_id=line.giver_id,
                amount=line.amount, day=line.day, packet_id=line.packet_id, digest=scan.digest, by_id=line.by_id, at=at,
            )
        )  # fmt: skip
    if off := db.session.scalar(sa.select(Waiver).filter_by(digest=scan.parent)):
        db.session.add(
            Waiver(
                packet_id=off.packet_id, digest=scan.digest, amount=-off.amount, proof=off.proof, day=off.day,
                by_id=off.by_id, at=at,
            )
        )  # fmt: skip
