"""Packets: one sealed envelope, one slip, one direction. State and holder are a projection of the ledger."""

import hashlib
import secrets
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Digest, Instant, Model, choice, db
from app.domain import numbers, tokens
from app.domain.calendar import today
from app.domain.dossiers import Dossier
from app.domain.parties import Party
from app.domain.people import Act
from app.domain.tokens import TokenType
from app.errors import Invalid, Missing


class Way(StrEnum):
    IN = "in"  # home → desk
    OUT = "out"  # desk → home
    BETWEEN = "between"  # desk → desk


class Kind(StrEnum):
    SUBMISSION = "submission"
    SUPPLEMENT = "supplement"
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


ENDED = frozenset({State.OPENED, State.DELIVERED, State.WRITTEN_OFF})


class Packet(Model):
    __tablename__ = "packets"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[bytes] = mapped_column(sa.LargeBinary(10), unique=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    way: Mapped[Way] = mapped_column(choice(Way))
    kind: Mapped[Kind] = mapped_column(choice(Kind))
    dossier_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Dossier.id), index=True)
    origin_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), doc="the holder at genesis")
    state: Mapped[State] = mapped_column(choice(State), index=True)
    holder_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True)
    head: Mapped[Digest] = mapped_column(doc="digest of the newest move, genesis at first")
    seq: Mapped[int] = mapped_column(default=0)
    line_hash: Mapped[Digest] = mapped_column(doc="hash of the newest line, genesis at first")
    fork: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), doc="the last undisputed move, while disputed")
    flags: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    seals: Mapped[list[str]] = mapped_column(sa.JSON, default=list, doc="known seal numbers, newest last")
    created_at: Mapped[Instant]

    dossier: Mapped[Dossier] = relationship()
    slips: Mapped[list["Slip"]] = relationship(order_by="Slip.issue")

    @property
    def genesis(self) -> bytes:
        return genesis(self.code)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def seal(self) -> str | None:
        return self.seals[-1] if self.seals else None

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
    packet = Packet(
        code=code,
        number=number,
        way=way,
        kind=kind,
        dossier=dossier,
        origin_id=origin_id,
        holder_id=origin_id,
        state=State.WAITING,
        head=genesis(code),
        line_hash=genesis(code),
        flags=[],
        seals=[],
        created_at=act.at,
    )
    db.session.add(packet)
    db.session.flush()
    issue_slip(packet, unit, act)
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
        of_dossier = sa.select(Packet).join(Dossier).where(Dossier.number == number)
        newest = db.session.scalar(of_dossier.order_by(Packet.id.desc()).limit(1))
        packet = newest or packet
    if packet is None:
        raise Missing("packet_unknown")
    return packet


def named(text: str) -> Packet:
    """The packet of this number, or of this code in base32. Raises as `by_number`."""
    try:
        return by_code(tokens.unb32(text.strip().upper(), 10))
    except (Invalid, Missing):
        return by_number(text)


def of_dossier(dossier_id: int) -> list[Packet]:
    return list(db.session.scalars(sa.select(Packet).filter_by(dossier_id=dossier_id).order_by(Packet.id)))


def holder_kind(packet: Packet) -> Any:
    return db.session.get_one(Party, packet.holder_id).kind


def under_way(dossier_id: int) -> Packet | None:
    """The newest packet of the dossier whose journey is not over."""
    return next((packet for packet in reversed(of_dossier(dossier_id)) if not packet.ended), None)
