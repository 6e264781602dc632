"""Incidents: the file of a packet that was damaged, lost, miscounted, late or complained of: what each side says, and how
it ended. A postal clock runs from its opening (TT 17/2017 Đ8, NĐ 47/2011 Đ24-26).

It decides about people, money, and papers that are never found, not about custody: who holds the packet is said by its ledger
alone. Nobody ends what they opened themselves. What is said here is kept with the file, and is no line of the ledger.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import audit, bands, calendar, closing, custody, numbers, postage, scope
from app.domain.dossiers import Dossier
from app.domain.money import Event, MoneyLine
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, User
from app.domain.postage import Fault, Stream
from app.errors import Invalid, Missing, Refused

SEARCH = 3  # working days a packet is looked for
ANSWER, ANSWER_FAR = 5, 7  # working days to an answer, within a province and between two (TT 17/2017 Đ8)
PAY = timedelta(days=30)  # from the document that says whose fault it was (NĐ 47/2011 Đ26)
FOR_LOSS, FOR_DAMAGE = 6, 1  # months in which a citizen may complain (Luật Bưu chính Đ38)
TIMES = 4  # compensation, at least so many times the postage (NĐ 47/2011 Đ25)
LONGEST = 1000
MOST_PAID = 100_000_000  # đồng


class Sort(StrEnum):
    DAMAGED = "damaged"
    LOST = "lost"
    COUNT = "count"
    LATE = "late"
    COMPLAINT = "complaint"


class Side(StrEnum):
    CITIZEN = "citizen"
    POST = "post"
    DESK = "desk"


class Outcome(StrEnum):
    WHOLE = "whole"  # found, nothing is missing
    DAMAGED = "damaged"
    LOST = "lost"
    LATE = "late"
    UNFOUNDED = "unfounded"


class Incident(Model):
    __tablename__ = "incidents"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(24), unique=True, doc="SC-…")
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    sort: Mapped[Sort] = mapped_column(choice(Sort))
    opened_at: Mapped[Instant]
    opened_by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    search_by: Mapped[date]
    answer_by: Mapped[date]
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome))
    fault: Mapped[Fault | None] = mapped_column(choice(Fault))
    compensation: Mapped[int | None] = mapped_column(doc="đồng, by the post")
    pay_by: Mapped[date | None]
    paid_at: Mapped[Instant | None]
    interest: Mapped[int | None] = mapped_column(doc="đồng beyond the compensation, which was paid late")
    closed_at: Mapped[Instant | None]
    closed_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id))

    packet: Mapped[Packet] = relationship()
    opened_by: Mapped[User] = relationship(foreign_keys=[opened_by_id])
    statements: Mapped[list["Statement"]] = relationship(order_by="Statement.id")


class Statement(Model):
    """What one side says, as a member of the staff wrote it down."""

    __tablename__ = "incident_statements"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey(Incident.id), index=True)
    side: Mapped[Side] = mapped_column(choice(Side))
    words: Mapped[str] = mapped_column(sa.String(LONGEST))
    at: Mapped[Instant]
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))

    user: Mapped[User] = relationship()


# ---- finding ----------------------------------------------------------------------------------------------------


def of(user: User) -> list[Incident]:
    """Files about packets this person may see: the open ones first, by the day an answer is due."""
    seen = scope.packets(user).with_only_columns(Packet.id)
    found = sa.select(Incident).where(Incident.packet_id.in_(seen))
    return list(
        db.session.scalars(found.order_by(Incident.closed_at.is_not(None), Incident.answer_by, Incident.id).limit(200))
    )


def get(user: User, number: str) -> Incident:
    """Raises Missing("incident_unknown"), whether it is about another office's packet or there is none."""
    found = db.session.scalar(sa.select(Incident).filter_by(number=number))
    if found is None or db.session.scalar(scope.packets(user).where(Packet.id == found.packet_id)) is None:
        raise Missing("incident_unknown")
    return found


def about(packet: Packet) -> list[Incident]:
    return list(db.session.scalars(sa.select(Incident).filter_by(packet_id=packet.id).order_by(Incident.id)))


# ---- its life ---------------------------------------------------------------------------------------------------


def open_(packet: Packet, act: Act, sort: Sort, side: Side, words: str) -> Incident:
    """A file, with the first thing that is said. Told again while it is open, it is the same file.

    Raises Invalid: `words_needed`, `words_long`; Refused("incident_blank") for a sticker nobody has used.
    """
    if packet.dossier is None:
        raise Refused("incident_blank", number=packet.number)
    words = _said(words)
    known = next((one for one in about(packet) if one.sort is sort and one.closed_at is None), None)
    if known is not None:
        return known
    today, wards = calendar.today(act.at), (packet.dossier.citizen.ward, packet.dossier.desk.ward)
    days = ANSWER if wards[0].province == wards[1].province else ANSWER_FAR
    incident = Incident(
        number=numbers.take_own(today).replace("HS-", "SC-", 1), packet_id=packet.id, sort=sort, opened_at=act.at,
        opened_by_id=act.by.id, search_by=calendar.working_days_after(today, SEARCH)[-1],
        answer_by=calendar.working_days_after(today, days)[-1],
    )  # fmt: skip
    db.session.add(incident)
    db.session.flush()
    audit.note("incident_opened", incident.number, act, packet=packet.number, sort=sort)
    say(incident, act, side, words)
    return incident


def say(incident: Incident, act: Act, side: Side, words: str) -> None:
    """One side's statement. The same words of a side sent twice stand once. Raises as `open_`; Refused("incident_over")."""
    held = _hold(incident)
    words = _said(words)
    if held.closed_at is not None:
        raise Refused("incident_over", number=held.number)
    last = held.statements[-1] if held.statements else None
    if last and (last.side, last.words) == (side, words):
        return
    db.session.add(Statement(incident_id=held.id, side=side, words=words, at=act.at, user_id=act.by.id))
    db.session.flush()
    db.session.expire(held, ["statements"])


def least(incident: Incident) -> int:
    """What the post owes at least where it was at fault: four times all postage of the dossier's bill, in đồng (NĐ
    47/2011 Đ25)."""
    bill = postage.bill_of(incident.packet.dossier)
    return TIMES * sum(line.amount for line in (*bill.lines, *bill.later) if line.stream is Stream.POSTAGE)


def is_one_sided(incident: Incident) -> bool:
    """Whether nobody may say yet how it ended: one side only has been heard."""
    return len({statement.side for statement in incident.statements}) < 2


def close(incident: Incident, act: Act, outcome: Outcome, fault: Fault, compensation: int, words: str) -> None:
    """How it ended, whose fault it was, what is paid. By somebody else than who opened it, after both sides were heard.
    A loss settles the papers nobody has; that they are all here, or that there never were more, a file of the count.

    Raises Refused: `incident_own`, `incident_over`, `incident_one_sided`; Invalid: `compensation_low` (least),
    `compensation_not_owed`, `words_needed`, `words_long`.
    """
    held = _hold(incident)
    if held.closed_at is not None:
        if (held.outcome, held.fault, held.closed_by_id) == (outcome, fault, act.by.id):
            return
        raise Refused("incident_over", number=held.number)
    if held.opened_by_id == act.by.id:
        raise Refused("incident_own")
    if is_one_sided(held):
        raise Refused("incident_one_sided")
    owed = fault is Fault.POST and outcome in (Outcome.DAMAGED, Outcome.LOST)
    if owed and not least(held) <= compensation <= MOST_PAID:
        raise Invalid("compensation_low", sum=least(held))
    if compensation and fault is not Fault.POST:
        raise Invalid("compensation_not_owed")
    say(held, act, Side.POST if act.by.role not in scope.DESKS else Side.DESK, words)
    held.outcome, held.fault, held.compensation = outcome, fault, compensation or None
    held.pay_by = calendar.today(act.at) + PAY if compensation else None
    held.closed_at, held.closed_by_id = act.at, act.by.id
    audit.note("incident_closed", held.number, act, outcome=outcome, fault=fault, compensation=compensation)
    if outcome is Outcome.LOST:
        closing.give_up(held.packet, held.number, act)
    elif held.sort is Sort.COUNT and outcome in (Outcome.WHOLE, Outcome.UNFOUNDED):
        closing.find(held.packet, act, given=outcome is Outcome.WHOLE)


def pay(incident: Incident, act: Act, paid: int) -> None:
    """The compensation has been paid, `paid` đồng: exactly what is owed; after its day, with the interest for the days it is
    late (NĐ 47/2011 Đ26), which no citizen has to ask for and one may forgo.

    Raises Refused("incident_nothing_owed"); Invalid: `paid_short`, `paid_over` (the compensation).
    """
    held = _hold(incident)
    if not held.compensation:
        raise Refused("incident_nothing_owed", number=held.number)
    if held.paid_at is not None:
        return
    interest = paid - held.compensation
    if interest < 0:
        raise Invalid("paid_short", sum=held.compensation)
    if interest > (held.compensation if is_overdue(held, act.at) else 0):
        raise Invalid("paid_over", sum=held.compensation)
    held.paid_at, held.interest = act.at, interest or None
    audit.note("incident_paid", held.number, act, compensation=held.compensation, interest=interest)


def is_overdue(incident: Incident, at: datetime) -> bool:
    """Whether a compensation is owed longer than the law allows."""
    return bool(incident.pay_by and incident.paid_at is None and incident.pay_by < calendar.today(at))


def postage_owed(incident: Incident) -> int:
    """What goes back to the citizen where the post was at fault (NĐ 47/2011 Đ25): all postage they have paid for this
    dossier and were not given back yet, in đồng; 0 where it was not. A compensation of the dossier includes it."""
    line, mine = MoneyLine, sa.select(Packet.id).where(Packet.dossier_id == incident.packet.dossier_id)
    compensated = sa.select(Incident.id).where(Incident.packet_id.in_(mine), Incident.compensation > 0).limit(1)
    if not _is_posts_fault(incident) or db.session.scalar(compensated):
        return 0
    post_took = line.event.in_((Event.COLLECTED, Event.TRANSFERRED))
    signed = sa.func.sum(sa.case((post_took, line.amount), else_=-line.amount))
    of = sa.select(signed).where(line.packet_id.in_(mine), line.stream == Stream.POSTAGE)
    back = (Event.COLLECTED, Event.TRANSFERRED, Event.TAKEN_BACK, Event.REFUNDED)
    return max(int(db.session.scalar(of.where(line.event.in_(back))) or 0), 0)


def refund(incident: Incident, act: Act) -> int:
    """The postage that is owed goes back; how much. Two files about one dossier give it back once.

    Raises Refused("refund_not_owed").
    """
    held = _hold(incident)
    dossier = db.session.get_one(Dossier, held.packet.dossier_id, with_for_update=True)
    if not _is_posts_fault(held):
        raise Refused("refund_not_owed", number=held.number)
    if amount := postage_owed(held):
        db.session.add(
            MoneyLine(
                stream=Stream.POSTAGE, event=Event.REFUNDED, giver_id=dossier.post_office.party_id,
                taker_id=dossier.citizen.party_id, amount=amount, day=calendar.today(act.at), packet_id=held.packet_id,
                receipt=held.number, by_id=act.by.id, at=act.at,
            )
        )  # fmt: skip
        audit.note("postage_refunded", held.number, act, amount=amount)
        db.session.flush()
    return amount


def _is_posts_fault(incident: Incident) -> bool:
    return incident.fault is Fault.POST and incident.outcome not in (Outcome.WHOLE, Outcome.UNFOUNDED)


def _hold(incident: Incident) -> Incident:
    return db.session.get_one(Incident, incident.id, with_for_update=True, populate_existing=True)


def _said(words: str) -> str:
    words = " ".join(words.split())
    if not words:
        raise Invalid("words_needed")
    if len(words) > LONGEST:
        raise Invalid("words_long", limit=LONGEST)
    return words


def due(incident: Incident, at: datetime) -> int:
    """Days until the answer is due; below zero it is late."""
    return (incident.answer_by - calendar.today(at)).days


def next_day(incident: Incident) -> date:
    """The day by which something is due of a file that is not over: the compensation where one is owed, else its answer."""
    return incident.pay_by or incident.answer_by


def pressing(at: datetime) -> Sequence[Incident]:
    """Files whose answer or whose compensation is due by the next working day, or late; the most urgent first."""
    soon = calendar.working_days_after(calendar.today(at), 1)[-1]
    answer = sa.and_(Incident.closed_at.is_(None), Incident.answer_by <= soon)
    pay = sa.and_(Incident.paid_at.is_(None), Incident.pay_by <= soon)
    by = sa.func.coalesce(Incident.pay_by, Incident.answer_by)
    return db.session.scalars(sa.select(Incident).where(sa.or_(answer, pay)).order_by(by, Incident.id)).all()


# ---- how long a citizen may complain ----------------------------------------------------------------------------


def complain_by(packet: Packet) -> dict[Sort, date | None]:
    """The last day on which a citizen may complain, by law: of a loss or a delay six months from the day it was to arrive, of
    all else one month from the day it was handed over (Luật Bưu chính Đ38); None while that has not come."""
    links = custody.trail(packet).links()[1:]
    home, ward = packet.dossier.citizen.ward, packet.dossier.desk.ward
    days = [(link.state, calendar.today(link.line.recorded_at)) for link in links if link.line]
    arrived = {State.DELIVERED, State.DELIVERED_UNVERIFIED, *([] if packet.way is Way.OUT else [State.AT_DESK])}
    lost = _months_after(bands.arrives_by(days[0][1], home, ward), FOR_LOSS) if days else None
    handed = next((_months_after(day, FOR_DAMAGE) for state, day in reversed(days) if state in arrived), None)
    return {sort: lost if sort in (Sort.LOST, Sort.LATE) else handed for sort in Sort}


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last (Bộ luật Dân sự Đ148)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
