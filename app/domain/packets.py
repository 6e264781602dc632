"""Packets: one sealed envelope, one slip, one direction. State and holder are a projection of the ledger."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from app.db import Digest, Instant, Model, choice, db
from app.domain import numbers, tokens
from app.domain.calendar import today
from app.domain.dossiers import Dossier, Paper
from app.domain.parties import Party
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.tokens import TokenType
from app.errors import Invalid, Missing


class Way(StrEnum):
    IN = "in"  # home → desk
    OUT = "out"  # desk → home
    BETWEEN = "between"  # desk → desk


class Kind(StrEnum):
    SUBMISSION = "submission"
    SUPPLEMENT = "supplement"
    TRANSFER = "transfer"  # a whole dossier, from desk to desk
    RESULT = "result"
    RETURNED_PAPERS = "returned_papers"


class State(StrEnum):
    WAITING = "WAITING"
    CARRIED = "CARRIED"
    AT_POST = "AT_POST"
    AT_DESK = "AT_DESK"
    OPENED = "OPENED"
    DELIVERED_UNVERIFIED = "DELIVERED_UNVERIFIED"
    DELIVERED = "DELIVERED"
    LOST = "LOST"
    DISPUTED = "DISPUTED"
    WRITTEN_OFF = "WRITTEN_OFF"


STICKER_LIFE = timedelta(days=730)  # rolls lie in drawers
ENDED = frozenset({State.OPENED, State.DELIVERED, State.WRITTEN_OFF})


class Roll(Model):
    """Stickers printed before any booking: each is a blank packet of this roll."""

    __tablename__ = "rolls"

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), index=True)
    count: Mapped[int]
    made_at: Mapped[Instant]
    made_by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))

    office: Mapped[Office] = relationship()


class Packet(Model):
    __tablename__ = "packets"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[bytes] = mapped_column(sa.LargeBinary(10), unique=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    way: Mapped[Way] = mapped_column(choice(Way))
    kind: Mapped[Kind] = mapped_column(choice(Kind))
    dossier_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Dossier.id), index=True)
    roll_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Roll.id), index=True, doc="of a sticker")
    for_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("packets.id"), index=True, doc="of a sticker in use: the booked packet in whose place it goes"
    )
    origin_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Party.id), doc="the holder at genesis; of a sticker the office"
    )
    state: Mapped[State] = mapped_column(choice(State), index=True)
    holder_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True)
    head: Mapped[Digest] = mapped_column(doc="digest of the newest move, genesis at first")
    seq: Mapped[int] = mapped_column(default=0)
    line_hash: Mapped[Digest] = mapped_column(doc="hash of the newest line, genesis at first")
    fork: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), doc="the last undisputed move, while disputed")
    flags: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    seals: Mapped[list[str]] = mapped_column(sa.JSON, default=list, doc="known seal numbers, newest last")
    created_at: Mapped[Instant]

    dossier: Mapped[Dossier] = relationship(doc="None of a blank sticker")
    slips: Mapped[list["Slip"]] = relationship(order_by="Slip.issue")

    @property
    def genesis(self) -> bytes:
        return genesis(self.code)

    @property
    def is_blank(self) -> bool:
        """A sticker that nobody has used, or that two homes claim: no dossier is its own."""
        return self.dossier_id is None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_same_day(self) -> bool:
        """It goes before others, both ways: papers for a procedure of the same day, or its result. Papers given back are in no haste."""
        return bool(self.dossier) and self.kind is not Kind.RETURNED_PAPERS and self.dossier.procedure.is_same_day

    @property
    def seal(self) -> str | None:
        return self.seals[-1] if self.seals else None

    @property
    def papers(self) -> list[Paper]:
        """The citizen's papers in it, as listed; a result's own are the dossier's `result_papers`."""
        all_ = self.dossier.papers if self.dossier else []
        if self.way is Way.OUT:
            return [paper for paper in all_ if paper.back_in == self.number]
        if self.kind is Kind.TRANSFER:
            return [paper for paper in all_ if paper.sent_sheets]
        if self.kind is Kind.SUPPLEMENT:
            return [one for one in all_ if one.is_supplement and (one.came_in == self.number or not one.desk_sheets)]
        return [paper for paper in all_ if not paper.is_supplement]

    def promised(self, paper: Paper) -> int:
        """Sheets its slip promises: as counted at the door, from another desk as counted there."""
        return paper.sent_sheets or 0 if self.kind is Kind.TRANSFER else paper.given

    def counted(self, paper: Paper) -> int | None:
        """Sheets as counted where it was opened, whatever another desk has counted since."""
        is_sent_on = self.kind is not Kind.TRANSFER and paper.sent_sheets is not None
        return paper.sent_sheets if is_sent_on else paper.desk_sheets

    @property
    def slip(self) -> "Slip":
        """The issue in force."""
        return self.slips[-1]


class Slip(Model):
    """One printed issue of a packet's paper; a reprint is the next issue and revokes the older."""

    __tablename__ = "slips"
    __table_args__ = (sa.UniqueConstraint("packet_id", "issue"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id))
    issue: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(8), default="slip")
    token: Mapped[str] = mapped_column(sa.String(160), unique=True)
    printed_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]


def genesis(code: bytes) -> bytes:
    return hashlib.sha256(b"packet-v1\n" + code).digest()


def new(dossier: Dossier, kind: Kind, way: Way, origin_id: str, unit: int, act: Act) -> Packet:
    """A packet waiting with its giver, its number taken, its first slip signed.

    The number is the next S10 of the loaded pool; while none is loaded, our own: the dossier's for its first packet.
    """
    code = secrets.token_bytes(10)
    number = numbers.take_s10()
    if number is None:
        first = kind is Kind.SUBMISSION
        number = dossier.number if first else numbers.take_own(today(act.at))
    packet = _waiting(code, number, kind, way, origin_id, act, dossier=dossier)
    issue_slip(packet, unit, act)
    return packet


def blank(roll: Roll, unit: int, act: Act) -> Packet:
    """A packet before its booking: a sticker with a number and a token. What it is for, its first move says."""
    code = secrets.token_bytes(10)
    number, here = numbers.take_s10() or numbers.take_own(today(act.at)), roll.office.party_id
    packet = _waiting(code, number, Kind.SUBMISSION, Way.IN, here, act, roll_id=roll.id)
    token = tokens.write(act.keys, TokenType.STICKER, code, 1, unit, today(act.at) + STICKER_LIFE)
    packet.slips.append(Slip(packet_id=packet.id, issue=1, kind="sticker", token=token, printed_at=act.at))
    return packet


def _waiting(code: bytes, number: str, kind: Kind, way: Way, origin_id: str, act: Act, **whose: Any) -> Packet:
    """One that has not moved: with its giver, no line in its ledger yet."""
    packet = Packet(
        code=code,
        number=number,
        way=way,
        kind=kind,
        origin_id=origin_id,
        holder_id=origin_id,
        state=State.WAITING,
        head=genesis(code),
        line_hash=genesis(code),
        flags=[],
        seals=[],
        created_at=act.at,
        **whose,
    )
    db.session.add(packet)
    db.session.flush()
    return packet


def issue_slip(packet: Packet, unit: int, act: Act) -> Slip:
    """The next issue of the packet's slip; older issues are revoked, and their scans flagged."""
    for old in packet.slips:
        old.revoked_at = old.revoked_at or act.at
    issue = len(packet.slips) + 1
    expires: date = today(act.at) + timedelta(days=365)
    token = tokens.write(act.keys, TokenType.SLIP, packet.code, issue, unit, expires)
    slip = Slip(packet_id=packet.id, issue=issue, kind="slip", token=token, printed_at=act.at)
    packet.slips.append(slip)
    db.session.flush()
    return slip


def revoked_since(since: datetime | None) -> list[tuple[bytes, int]]:
    """Code and newest revoked issue of every packet under way whose paper was replaced since then: what phones keep."""
    replaced = sa.select(Packet.code, sa.func.max(Slip.issue)).join(Slip, Slip.packet_id == Packet.id)
    replaced = replaced.where(Slip.revoked_at.is_not(None), Packet.state.not_in(ENDED)).group_by(Packet.code)
    if since is not None:
        replaced = replaced.having(sa.func.max(Slip.revoked_at) >= since)
    return [(code, issue) for code, issue in db.session.execute(replaced.order_by(Packet.code))]


def by_code(code: bytes) -> Packet:
    packet = db.session.scalar(sa.select(Packet).filter_by(code=code))
    if packet is None:
        raise Missing("packet_unknown")
    return packet


def by_number(text: str) -> Packet:
    """The packet somebody typed: its own number, or the dossier's, which means the packet now under way.

    Raises Invalid (`number_form`, `number_check`) or Missing("packet_unknown").
    """
    number = numbers.read(text)
    packet = db.session.scalar(sa.select(Packet).filter_by(number=number))
    if packet is None or (packet.ended and number.startswith("HS-")):
        of_dossier = sa.select(Packet).join(Dossier).where(Dossier.number == number, goes())
        newest = db.session.scalar(of_dossier.order_by(IN_ORDER.desc()).limit(1))
        packet = newest or packet
    if packet is None:
        raise Missing("packet_unknown")
    return in_place_of(packet)


IN_ORDER = sa.func.coalesce(
    Packet.for_id, Packet.id
)  # of a dossier's packets: a sticker stands where the booked one stood


def goes() -> sa.ColumnElement[bool]:
    """Not a booked packet whose papers went under a sticker: that one stays an empty form."""
    sticker = aliased(Packet)
    return sa.not_(sa.and_(Packet.state == State.WAITING, sa.exists().where(sticker.for_id == Packet.id)))


def in_place_of(packet: Packet) -> Packet:
    """The packet under whose sticker the papers went; itself where none was used."""
    if packet.state is not State.WAITING:
        return packet
    sticker = db.session.scalar(sa.select(Packet).filter_by(for_id=packet.id).order_by(Packet.id.desc()).limit(1))
    return sticker or packet


def named(text: str) -> Packet:
    """The packet of this number, or of this code in base32. Raises as `by_number`."""
    try:
        return by_code(tokens.unb32(text.strip().upper(), 10))
    except (Invalid, Missing):
        return by_number(text)


def of_dossier(dossier_id: int) -> list[Packet]:
    """Those that go or went their way, in the order in which they were booked."""
    own = sa.select(Packet).where(Packet.dossier_id == dossier_id, goes())
    return list(db.session.scalars(own.order_by(IN_ORDER, Packet.id)))


def holder_kind(packet: Packet) -> Any:
    return db.session.get_one(Party, packet.holder_id).kind


def under_way(dossier_id: int) -> Packet | None:
    """The newest packet of the dossier whose journey is not over."""
    return next((packet for packet in reversed(of_dossier(dossier_id)) if not packet.ended), None)
