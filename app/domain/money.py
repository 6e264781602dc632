"""Money: who has it. Two streams, never mixed: postage is owed to the post, the statutory fee to the ward.

Money moves like a packet, from one party to the next, and a line says so once and for ever: whole đồng, never less than
one. What a party has is what it was given less what it gave, so all accounts of a stream together are always nothing. A
difference is no line of its own: it is what stays on a courier's account, under their name, until it is explained.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, choice, db
from app.domain import audit, calendar, people, repeats
from app.domain.packets import Packet
from app.domain.parties import Party
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.postage import Stream
from app.domain.scans import ScanRow
from app.errors import Invalid, Refused

RECEIPT = 24  # letters of a receipt's number
MOST = 1_000_000_000  # đồng in one line: more is a slip of the finger
REASONS = ("not_recorded", "wrong_change", "counted_twice", "lost", "not_known")  # why the bag and the lines differ
RECENT = timedelta(days=3)


class Event(StrEnum):
    COLLECTED = "collected"  # cash, at the door or the counter
    TRANSFERRED = "transferred"  # paid by bank code, straight to the post office
    HANDED_OVER = "handed_over"  # counted together at the post office
    PAID = "paid"  # by the citizen to the ward itself, or by the ward to the post for a second way
    REMITTED = "remitted"  # fees the post passed on, receipted by the ward
    REFUNDED = "refunded"  # postage given back, the post was at fault
    FEE_BACK = "fee_back"  # by the ward, of what it did not take or stopped; to the post, of what never was the ward's
    GIVEN_BACK = "given_back"  # a fee, by the post: the booking was called off before the ward had the papers
    MADE_GOOD = "made_good"  # by the post office to a courier, who gave a fee back out of their own money
    TAKEN_BACK = "taken_back"  # two people declared that the collection never was


class Word(StrEnum):
    """How a courier gave their word for a count."""

    DEVICE = "device"  # declared and signed on their phone
    PIN = "pin"  # typed at the clerk's screen


class Declared(Model):
    """What a courier says they have counted: their phone's signature over `statement`."""

    __tablename__ = "money_declared"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), unique=True, doc="the phone's own random name for it")
    courier_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    device_id: Mapped[str] = mapped_column(sa.ForeignKey("devices.id"))
    amount: Mapped[int]
    said_at: Mapped[Instant] = mapped_column(doc="by the phone's clock: a claim")
    sig: Mapped[bytes] = mapped_column(sa.LargeBinary(128))
    at: Mapped[Instant]


class Count(Model):
    """The end of a shift: what should have been there, what was, whose word it is, and why the two differ."""

    __tablename__ = "money_counts"
    __table_args__ = (
        sa.CheckConstraint("(reason IS NULL) = (counted = postage + fee)", name="reason"),
        sa.CheckConstraint("counted >= 0", name="counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    courier_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    day: Mapped[date]
    postage: Mapped[int] = mapped_column(doc="expected, by the lines")
    fee: Mapped[int] = mapped_column(doc="expected, by the lines")
    counted: Mapped[int]
    reason: Mapped[str | None] = mapped_column(sa.String(24))
    declared_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Declared.id), unique=True, doc="the courier's word")
    word: Mapped[Word] = mapped_column(choice(Word), doc="how the courier gave it")
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), doc="the clerk")
    at: Mapped[Instant]

    @property
    def difference(self) -> int:
        """Over when positive, short when negative."""
        return self.counted - self.postage - self.fee


class MoneyLine(Model):
    __tablename__ = "money_lines"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("giver_id <> taker_id", name="parties"),
        sa.UniqueConstraint("digest", "stream"),
        sa.UniqueConstraint("count_id", "stream"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    stream: Mapped[Stream] = mapped_column(choice(Stream))
    event: Mapped[Event] = mapped_column(choice(Event))
    giver_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True)
    taker_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True)
    amount: Mapped[int]
    day: Mapped[date] = mapped_column(doc="of the shift it belongs to")
    packet_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    digest: Mapped[bytes | None] = mapped_column(sa.ForeignKey(ScanRow.digest), doc="the scan it was taken with")
    receipt: Mapped[str | None] = mapped_column(sa.String(RECEIPT), doc="number of the fee receipt")
    count_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Count.id))
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True, doc="the courier, or the clerk who counted")
    at: Mapped[Instant] = mapped_column(index=True)


@dataclass(frozen=True)
class Purse:
    """What one party has of each stream, in đồng; less than nothing when it gave more than it was given."""

    postage: int = 0
    fee: int = 0

    @property
    def total(self) -> int:
        return self.postage + self.fee


# ---- wards ----------------------------------------------------------------------------------------------------------


def read_receipt(text: str) -> str:
    """The number of a receipt as somebody typed it. Raises Invalid("receipt_needed")."""
    number = " ".join(text.split())
    if not 0 < len(number) <= RECEIPT:
        raise Invalid("receipt_needed")
    return number


@dataclass(frozen=True)
class Owing:
    """What a ward owes the post for second ways that were its doing: how many there were so far, and what is unpaid, in đồng."""

    desk: Office
    ways: int
    amount: int


def bills(office: Office) -> list[Owing]:
    """Of every ward that has not paid all it was charged by this post office."""
    charged = repeats.of_desks(office.id)
    desks = {desk.party_id: desk for desk in db.session.scalars(sa.select(Office).where(Office.id.in_(charged)))}
    gave = sa.select(MoneyLine.giver_id, sa.func.sum(MoneyLine.amount)).where(
        MoneyLine.stream == Stream.POSTAGE, MoneyLine.event == Event.PAID, MoneyLine.taker_id == office.party_id
    )
    paid = {row[0]: int(row[1]) for row in db.session.execute(gave.group_by(MoneyLine.giver_id))}
    made = (Owing(desk, *charged[desk.id]) for desk in desks.values())
    left = (replace(bill, amount=bill.amount - paid.get(bill.desk.party_id, 0)) for bill in made)
    return sorted((bill for bill in left if bill.amount), key=lambda bill: bill.desk.name)


def pay_bill(desk_id: int, act: Act, expected: int, receipt: str) -> None:
    """The ward has paid what it owes, against this receipt. `expected`: the sum the page showed.

    Raises Refused: `no_office`, `money_moved`; Invalid("receipt_needed").
    """
    office, receipt = act.by.office, read_receipt(receipt)
    if office is None:
        raise Refused("no_office")
    db.session.get(Office, office.id, with_for_update=True, populate_existing=True)
    bill = next((one for one in bills(office) if one.desk.id == desk_id), None)
    if bill is None or bill.amount != expected:
        raise Refused("money_moved")
    db.session.add(
        MoneyLine(
            stream=Stream.POSTAGE, event=Event.PAID, giver_id=bill.desk.party_id, taker_id=office.party_id,
            amount=bill.amount, day=calendar.today(act.at), receipt=receipt, by_id=act.by.id, at=act.at,
        )
    )  # fmt: skip
    audit.note("ways_paid", office.code, act, desk=bill.desk.code, amount=bill.amount)


# ---- accounts ---------------------------------------------------------------------------------------------------


def purses(parties: Iterable[str]) -> dict[str, Purse]:
    """What each of these parties has now."""
    wanted = list(parties)
    held = {party: dict.fromkeys(Stream, 0) for party in wanted}
    for side, sign in ((MoneyLine.taker_id, 1), (MoneyLine.giver_id, -1)):
        sums = sa.select(side, MoneyLine.stream, sa.func.sum(MoneyLine.amount)).where(side.in_(wanted))
        for party, stream, total in db.session.execute(sums.group_by(side, MoneyLine.stream)):
            held[party][stream] += sign * int(total)
    return {party: Purse(of[Stream.POSTAGE], of[Stream.FEE]) for party, of in held.items()}


def purse(party_id: str | None) -> Purse:
    return purses([party_id])[party_id] if party_id else Purse()


@dataclass(frozen=True)
class Day:
    """One day of a courier's doors: how often each stream was paid in cash, and how much; beside it what went by bank."""

    day: date
    postage: int = 0
    fee: int = 0
    postage_times: int = 0
    fee_times: int = 0
    by_bank: int = 0


def days(courier: User, since: date) -> list[Day]:
    """What this courier took at doors, newest day first."""
    found: dict[date, dict[str, int]] = {}
    mine = sa.select(MoneyLine).where(MoneyLine.by_id == courier.id, MoneyLine.day >= since)
    for line in db.session.scalars(mine.order_by(MoneyLine.day.desc(), MoneyLine.id)):
        of = found.setdefault(line.day, {})
        sign = -1 if line.event is Event.TAKEN_BACK else 1
        if courier.party_id in (line.giver_id, line.taker_id):
            gained = line.amount if line.taker_id == courier.party_id else -line.amount
            of[line.stream] = of.get(line.stream, 0) + gained
            if sign * gained > 0:  # what is given back was no collection
                of[f"{line.stream}_times"] = of.get(f"{line.stream}_times", 0) + sign
        else:
            of["by_bank"] = of.get("by_bank", 0) + sign * line.amount
    return [Day(day, **of) for day, of in found.items()]


def told(courier: User, at: datetime) -> dict[str, Any]:
    """What the courier's phone is told: what the lines say they hold, by which scans, and what came of their count."""
    recent = calendar.today(at - RECENT)
    seen = sa.select(MoneyLine.digest).where(MoneyLine.by_id == courier.id, MoneyLine.day >= recent).distinct()
    held, said, last = purse(courier.party_id), declared(courier), newest(courier)
    today = next((day for day in days(courier, recent) if day.day == calendar.today(at)), Day(calendar.today(at)))
    return {
        "postage": held.postage,
        "fee": held.fee,
        "by_bank": today.by_bank,
        "times": [today.postage_times, today.fee_times],
        "given_back": _given_back(courier),
        "scans": [digest.hex() for digest in db.session.scalars(seen) if digest],
        "declared": {"amount": said.amount, "at": said.at.isoformat()} if said else None,
        "counted": {
            "amount": last.counted,
            "difference": last.difference,
            "reason": last.reason,
            "at": last.at.isoformat(),
        }
        if last and last.day >= recent
        else None,
    }


# ---- the end of a shift -----------------------------------------------------------------------------------------


def statement(device_id: str, key: str, amount: int, said_at: str) -> bytes:
    """What a phone signs to declare a count, one value a line."""
    return "\n".join(("money-v1", device_id, key, str(amount), said_at)).encode()


def declare(
    courier: User, device_id: str, key: str, amount: int, said_at: datetime, sig: bytes, at: datetime
) -> Declared:
    """The courier's own count. The same key again is the same word. Raises Invalid("money_amount"), Refused("money_key")."""
    if not 0 <= amount <= MOST:
        raise Invalid("money_amount")
    known = db.session.scalar(sa.select(Declared).filter_by(key=key))
    if known is not None:
        if (known.courier_id, known.amount) != (courier.id, amount):
            raise Refused("money_key")
        return known
    said = Declared(
        key=key, courier_id=courier.id, device_id=device_id, amount=amount, said_at=said_at, sig=sig, at=at
    )  # fmt: skip
    db.session.add(said)
    return said


def declared(courier: User) -> Declared | None:
    """The courier's newest word, while no count has answered it."""
    newest = sa.select(Declared).filter_by(courier_id=courier.id).order_by(Declared.id.desc()).limit(1)
    said = db.session.scalar(newest)
    used = said and db.session.scalar(sa.select(Count.id).filter_by(declared_id=said.id))
    return said if said and not used and not _is_older_than_a_count(said) else None


def _is_older_than_a_count(said: Declared) -> bool:
    counted = sa.select(Count.id).where(Count.courier_id == said.courier_id, Count.at >= said.at)
    return db.session.scalar(counted.limit(1)) is not None


def settle(
    courier: User, act: Act, *, expected: int, counted: int, reason: str | None = None, pin: str = ""
) -> Count:  # fmt: skip
    """Courier and clerk have counted the same money: it is the post office's now, and what is short stays on the courier.

    The fee is passed on whole first (QĐ 45/2016 Đ15), so what is short is short of postage. `expected`: what the page
    showed. The courier's word is the count their phone declared, or their PIN. Raises Refused: `money_moved`,
    `money_two_counts` (theirs is another), `money_no_word`, `pin_wrong`; Invalid: `money_amount`, `money_reason`.
    """
    office = act.by.office
    if office is None or courier.party_id is None:
        raise Refused("no_office")
    db.session.get(User, courier.id, with_for_update=True, populate_existing=True)
    held, said = purse(courier.party_id), declared(courier)
    if held.total != expected:
        raise Refused("money_moved")
    if not 0 <= counted <= MOST:
        raise Invalid("money_amount")
    word, given_back = _word(courier, said, counted, pin), _given_back(courier)
    differs = counted != held.total
    if differs and reason not in REASONS:
        raise Invalid("money_reason")
    count = Count(
        courier_id=courier.id, office_id=office.id, day=calendar.today(act.at), postage=held.postage, fee=held.fee,
        counted=counted, reason=reason if differs else None, declared_id=said.id if said and not pin else None,
        word=word, by_id=act.by.id, at=act.at,
    )  # fmt: skip
    db.session.add(count)
    db.session.flush()
    for stream, amount in _shares(held, counted, given_back):
        giver, taker = (courier, office) if amount > 0 else (office, courier)
        db.session.add(
            MoneyLine(
                stream=stream, event=Event.HANDED_OVER, giver_id=giver.party_id, taker_id=taker.party_id,
                amount=abs(amount), day=count.day, count_id=count.id, by_id=act.by.id, at=act.at,
            )
        )  # fmt: skip
    audit.note("money_counted", courier.id, act, count=count.id, difference=count.difference)
    return count


def advanced(courier: User) -> int:
    """What they have given back to citizens out of their own money since their last count, the bag holding less: no
    shortage, and the office owes it to them."""
    return max(0, min(-purse(courier.party_id).total, _given_back(courier)))


def make_good(courier: User, act: Act, *, expected: int, pin: str) -> int:
    """The office has paid the courier what they advanced. `expected`: what the page showed; the PIN is the courier's word.

    Raises Refused: `no_office`, `money_moved`, `pin_wrong`.
    """
    office = act.by.office
    if office is None or courier.party_id is None:
        raise Refused("no_office")
    db.session.get(User, courier.id, with_for_update=True, populate_existing=True)
    amount = advanced(courier)
    if not amount or amount != expected:
        raise Refused("money_moved")
    if not people.secret_fits(courier.pin_hash, pin.strip()):
        raise Refused("pin_wrong")
    db.session.add(
        MoneyLine(
            stream=Stream.FEE, event=Event.MADE_GOOD, giver_id=office.party_id, taker_id=courier.party_id, amount=amount,
            day=calendar.today(act.at), by_id=act.by.id, at=act.at,
        )
    )  # fmt: skip
    audit.note("money_made_good", courier.id, act, amount=amount)
    return amount


def _word(courier: User, said: Declared | None, counted: int, pin: str) -> Word:
    if pin:
        if not people.secret_fits(courier.pin_hash, pin.strip()):
            raise Refused("pin_wrong")
        return Word.PIN
    if said is None:
        raise Refused("money_no_word")
    if said.amount != counted:
        raise Refused("money_two_counts", sum=said.amount)
    return Word.DEVICE


def _given_back(courier: User) -> int:
    """Fees the courier has given back out of their bag since their last count: the office's, or the ward's, by the lines;
    less what the office has made good since."""
    since, line = newest(courier), MoneyLine
    gave = sa.and_(line.event == Event.GIVEN_BACK, line.giver_id == courier.party_id)
    got = sa.and_(line.event == Event.MADE_GOOD, line.taker_id == courier.party_id)
    net = sa.select(sa.func.sum(sa.case((gave, line.amount), else_=-line.amount))).where(gave | got)
    return int(db.session.scalar(net.where(line.at >= since.at) if since else net) or 0)


def _shares(held: Purse, counted: int, given_back: int) -> list[tuple[Stream, int]]:
    """Less than nothing: the office makes good what the courier gave back for it."""
    fee = min(counted, max(held.fee, -given_back))
    return [(stream, amount) for stream, amount in ((Stream.FEE, fee), (Stream.POSTAGE, counted - fee)) if amount]


def counts(office_id: int, since: date) -> list[Count]:
    """What was counted at this post office since that day, newest first."""
    found = sa.select(Count).where(Count.office_id == office_id, Count.day >= since)
    return list(db.session.scalars(found.order_by(Count.at.desc(), Count.id.desc())))


def newest(courier: User) -> Count | None:
    return db.session.scalar(sa.select(Count).filter_by(courier_id=courier.id).order_by(Count.id.desc()).limit(1))
