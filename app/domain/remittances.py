"""Remittances: statutory fees on their way from the post to the ward: collected, handed over with a list, receipted.

The post passes on all it has taken, whole and in time (QĐ 45/2016 Đ7.5, Đ15). A list names every fee it holds; the money is
the ward's once an officer has counted it and written a receipt. A list that is refused frees its fees for the next.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from app.db import Instant, Model, db
from app.domain import audit, calendar, fees, money, numbers, tasks
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.money import Count, Event, MoneyLine
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.postage import Stream
from app.domain.tasks import Task, TaskKind
from app.errors import Invalid, Missing, Refused

SHOWN = 50  # lists on one page
LONGEST = 300


class Remittance(Model):
    __tablename__ = "remittances"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("receipt IS NULL OR refused IS NULL", name="ended"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(24), unique=True, doc="NP-…")
    key: Mapped[str] = mapped_column(sa.String(64), unique=True, doc="the page's own name: sent twice is one list")
    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    desk_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    amount: Mapped[int]
    at: Mapped[Instant]
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    receipt: Mapped[str | None] = mapped_column(sa.String(24), doc="the ward's, for the whole sum")
    refused: Mapped[str | None] = mapped_column(sa.String(LONGEST), doc="what does not add up")
    ended_at: Mapped[Instant | None]
    ended_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id))

    office: Mapped[Office] = relationship(foreign_keys=[office_id])
    desk: Mapped[Office] = relationship(foreign_keys=[desk_id])
    by: Mapped[User] = relationship(foreign_keys=[by_id])
    fees: Mapped[list["RemittedFee"]] = relationship(order_by="RemittedFee.line_id")


class RemittedFee(Model):
    """A fee that stands on a list."""

    __tablename__ = "remitted_fees"

    remittance_id: Mapped[int] = mapped_column(sa.ForeignKey(Remittance.id), primary_key=True)
    line_id: Mapped[int] = mapped_column(sa.ForeignKey(MoneyLine.id), primary_key=True, index=True)

    line: Mapped[MoneyLine] = relationship()


@dataclass(frozen=True)
class Owed:
    """What a post office holds for one desk: fees whose couriers have handed their money in, the oldest first."""

    desk: Office
    lines: list[MoneyLine]

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)


def owed(office: Office) -> list[Owed]:
    """What is to be passed on, by desk. Where the till holds less than was collected, as many whole fees as it holds; the fee
    of a booking that was called off is its citizen's."""
    back, listed = aliased(MoneyLine), aliased(Remittance)
    counted = sa.exists().where(
        Count.courier_id == MoneyLine.by_id, Count.office_id == office.id, Count.at >= MoneyLine.at
    )
    taken_back = sa.exists().where(
        back.event == Event.TAKEN_BACK, back.packet_id == MoneyLine.packet_id, back.stream == Stream.FEE,
        back.giver_id == MoneyLine.taker_id, back.id > MoneyLine.id,
    )  # fmt: skip
    on_list = sa.exists().where(
        RemittedFee.line_id == MoneyLine.id, listed.id == RemittedFee.remittance_id, listed.refused.is_(None)
    )
    here = sa.or_(
        sa.and_(MoneyLine.event.in_((Event.TRANSFERRED, Event.COLLECTED)), MoneyLine.taker_id == office.party_id),
        sa.and_(MoneyLine.event == Event.COLLECTED, counted),
    )
    held = (
        sa.select(MoneyLine, Dossier.desk_id)
        .join(Packet, Packet.id == MoneyLine.packet_id)
        .join(Dossier, Dossier.id == Packet.dossier_id)
        .where(MoneyLine.stream == Stream.FEE, here, ~taken_back, ~on_list, Dossier.state != CaseState.CANCELLED)
        .order_by(MoneyLine.id)
    )
    left, by_desk = money.purse(office.party_id).fee - _under_way(office), dict[int, list[MoneyLine]]()
    for line, desk_id in db.session.execute(held):
        if line.amount <= left:
            left -= line.amount
            by_desk.setdefault(desk_id, []).append(line)
    return [Owed(db.session.get_one(Office, desk_id), lines) for desk_id, lines in sorted(by_desk.items())]


def _under_way(office: Office) -> int:
    """Handed over and not receipted yet: still the office's by the lines."""
    open_ = sa.select(sa.func.sum(Remittance.amount)).where(
        Remittance.office_id == office.id, Remittance.ended_at.is_(None)
    )
    return int(db.session.scalar(open_) or 0)


def hand_over(desk_id: int, act: Act, key: str, expected: int) -> Remittance:
    """One list of all the office holds for this desk. `expected`: the sum the page showed.

    Raises Refused: `no_office`, `fees_none`, `money_moved`.
    """
    office = act.by.office
    if office is None:
        raise Refused("no_office")
    db.session.get(Office, office.id, with_for_update=True, populate_existing=True)
    if known := db.session.scalar(sa.select(Remittance).filter_by(key=key, office_id=office.id)):
        return known
    found = next((one for one in owed(office) if one.desk.id == desk_id), None)
    if found is None:
        raise Refused("fees_none")
    if found.amount != expected:
        raise Refused("money_moved")
    made = Remittance(
        number=numbers.take_own(calendar.today(act.at)).replace("HS-", "NP-"), key=key, office_id=office.id,
        desk_id=desk_id, amount=found.amount, at=act.at, by_id=act.by.id,
        fees=[RemittedFee(line_id=line.id) for line in found.lines],
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()  # whoever receives it in the same transaction names it by its key
    audit.note("fees_handed_over", made.number, act, amount=made.amount, fees=len(found.lines))
    return made


def receive(remittance: Remittance, act: Act, counted: int, receipt: str) -> None:
    """The officer has counted the same sum and written a receipt: it is the ward's now.

    Raises Invalid: `fees_differ` (sum), `receipt_needed`; Refused("remittance_over").
    """
    held = _hold(remittance)
    receipt = money.read_receipt(receipt)
    if held.receipt == receipt:
        return
    if held.ended_at is not None:
        raise Refused("remittance_over", number=held.number)
    if counted != held.amount:
        raise Invalid("fees_differ", sum=held.amount)
    held.receipt, held.ended_at, held.ended_by_id = receipt, act.at, act.by.id
    db.session.add(
        MoneyLine(
            stream=Stream.FEE, event=Event.REMITTED, giver_id=held.office.party_id, taker_id=held.desk.party_id,
            amount=held.amount, day=calendar.today(act.at), receipt=receipt, by_id=act.by.id, at=act.at,
        )
    )  # fmt: skip
    for fee in held.fees:
        packet = db.session.get_one(Packet, fee.line.packet_id)
        if packet.dossier.state is CaseState.CANCELLED:
            _ask_back(packet, held, act.at)
    audit.note("fees_received", held.number, act, amount=held.amount)


def refuse(remittance: Remittance, act: Act, words: str) -> None:
    """The sum or the list is not right: nothing is taken, its fees wait for the next list.

    Raises Invalid: `words_needed`, `words_long`; Refused("remittance_over").
    """
    held, words = _hold(remittance), " ".join(words.split())
    if not words:
        raise Invalid("words_needed")
    if len(words) > LONGEST:
        raise Invalid("words_long", limit=LONGEST)
    if held.refused == words:
        return
    if held.ended_at is not None:
        raise Refused("remittance_over", number=held.number)
    held.refused, held.ended_at, held.ended_by_id = words, act.at, act.by.id
    audit.note("fees_refused", held.number, act, amount=held.amount)


def taken_back(digest: bytes | None, at: datetime) -> None:
    """Two people declare that what this scan collected never was: where the ward has already receipted the fee, somebody
    of the post office asks for it back."""
    _with_ward(MoneyLine.digest == digest, at)


def called_off(packet: Packet, at: datetime) -> None:
    """Its booking is cancelled, or something was paid of one that is: what its citizen paid for the ward goes home with the
    papers, and somebody of the post office sees to it until it has; what the ward has receipted is asked back."""
    dossier = packet.dossier
    if dossier.state is not CaseState.CANCELLED:
        return
    if amount := fees.post_owes(dossier):
        tasks.raise_(TaskKind.FEE_OWED, at, packet=packet, office_id=dossier.post_office_id, amount=amount)
        _with_ward(MoneyLine.packet_id == packet.id, at)
    else:
        tasks.lower(TaskKind.FEE_OWED, at, packet=packet, outcome="fee_is_home")


def pay_out(packet: Packet, act: Act) -> None:
    """The post office has given the fee back itself. Raises Refused("fee_not_held")."""
    office, amount = packet.dossier.post_office, fees.post_owes(packet.dossier)
    if not amount:
        raise Refused("fee_not_held", number=packet.dossier.number)
    assert office.party_id
    fees.post_gives_back(packet, office.party_id, act.at, calendar.today(act.at), amount, act.by)
    audit.note("fee_paid_out", packet.number, act, amount=amount)


def came_back(packet: Packet, act: Act) -> None:
    """The ward has given a fee back to the post that never was its: it had receipted it with a list."""
    if known := _listed(packet):
        list_, amount = known
        db.session.add(
            MoneyLine(
                stream=Stream.FEE, event=Event.FEE_BACK, giver_id=list_.desk.party_id, taker_id=list_.office.party_id,
                amount=amount, day=calendar.today(act.at), by_id=act.by.id, at=act.at,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Advance:
    """A fee the post has given back to its citizen, and a ward, which has receipted it, has not given back to the post."""

    desk: Office
    task: Task  # by which it is asked for
    amount: int


def advanced(office: Office) -> list[Advance]:
    """What this post office is out of pocket for wards: no shortage of its till."""
    asked = sa.select(Task).filter_by(kind=TaskKind.FEE_BACK, office_id=office.id, closed_at=None).order_by(Task.id)
    found = ((task, _listed(task.packet)) for task in db.session.scalars(asked) if task.packet)
    return [
        Advance(known[0].desk, task, min(known[1], home))
        for task, known in found
        if known and task.packet and (home := fees.home(task.packet.dossier))
    ]


def _listed(packet: Packet) -> tuple[Remittance, int] | None:
    """The newest list with which the ward has receipted its fee, and the fee."""
    held = sa.select(Remittance, MoneyLine.amount).join(Remittance.fees).join(RemittedFee.line)
    found = held.where(MoneyLine.packet_id == packet.id, Remittance.receipt.is_not(None)).order_by(Remittance.id.desc())
    row = db.session.execute(found).first()
    return (row[0], row[1]) if row else None


def _with_ward(which: sa.ColumnElement[bool], at: datetime) -> None:
    held = (
        sa.select(Remittance, MoneyLine.packet_id)
        .join(RemittedFee, RemittedFee.remittance_id == Remittance.id)
        .join(MoneyLine, MoneyLine.id == RemittedFee.line_id)
        .where(which, Remittance.receipt.is_not(None))
    )
    for list_, packet_id in db.session.execute(held).all():
        _ask_back(db.session.get_one(Packet, packet_id), list_, at)


def _ask_back(packet: Packet, list_: Remittance, at: datetime) -> None:
    if not tasks.ever(TaskKind.FEE_BACK, packet=packet):
        tasks.raise_(TaskKind.FEE_BACK, at, packet=packet, office_id=list_.office_id, receipt=list_.number)


def of(user: User) -> list[Remittance]:
    """The lists of the user's own office, either side: the open ones first, then the newest."""
    mine = sa.or_(Remittance.office_id == user.office_id, Remittance.desk_id == user.office_id)
    found = sa.select(Remittance).where(mine)
    return list(db.session.scalars(found.order_by(Remittance.ended_at.is_not(None), Remittance.id.desc()).limit(SHOWN)))


def get(user: User, number: str) -> Remittance:
    """One for the user's desk. Raises Missing("remittance_unknown") for any other."""
    found = db.session.scalar(sa.select(Remittance).filter_by(number=number, desk_id=user.office_id))
    if found is None:
        raise Missing("remittance_unknown")
    return found


def dossiers_of(remittance: Remittance) -> list[tuple[MoneyLine, Dossier]]:
    """Each fee of the list with the dossier it was paid for."""
    of_list = (
        sa.select(MoneyLine, Dossier)
        .join(RemittedFee, RemittedFee.line_id == MoneyLine.id)
        .join(Packet, Packet.id == MoneyLine.packet_id)
        .join(Dossier, Dossier.id == Packet.dossier_id)
        .where(RemittedFee.remittance_id == remittance.id)
    )
    return [(line, dossier) for line, dossier in db.session.execute(of_list.order_by(MoneyLine.id))]


def _hold(remittance: Remittance) -> Remittance:
    return db.session.get_one(Remittance, remittance.id, with_for_update=True, populate_existing=True)
