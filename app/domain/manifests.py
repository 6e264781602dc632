"""Manifests: several handoffs in one act, confirmed by both sides. With the desk it is the biên bản giao nhận.

Closed when the receiver (PRESENCE) and the giver (GIVER) have both confirmed; closing is the legal submission
of the dossiers on it (QĐ 45/2016 Đ7.4).
"""

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, choice, db
from app.domain import numbers, tokens
from app.domain.calendar import today
from app.domain.packets import Packet
from app.domain.parties import Party
from app.domain.people import Act, User
from app.errors import Missing


class Giver(StrEnum):
    """How the giving side confirmed."""

    PIN = "pin"  # typed at the receiver's screen
    SIGNED_PRINT = "signed_print"  # the receiver has the signed paper


class LineResult(StrEnum):
    MOVED = "moved"
    MISSING = "missing"
    SURPLUS = "surplus"
    HELD = "held"


class Manifest(Model):
    __tablename__ = "manifests"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_no: Mapped[str] = mapped_column(sa.String(24), unique=True)
    giver_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id))
    taker_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id))
    list_hash: Mapped[Digest]
    expected: Mapped[int]
    scanned: Mapped[int]
    missing: Mapped[int]
    surplus: Mapped[int]
    giver_by: Mapped[Giver] = mapped_column(choice(Giver))
    receiver_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="who signed for the taker")
    at: Mapped[Instant]


class ManifestLine(Model):
    __tablename__ = "manifest_lines"

    manifest_id: Mapped[int] = mapped_column(sa.ForeignKey(Manifest.id), primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), primary_key=True)
    result: Mapped[LineResult] = mapped_column(choice(LineResult))
    seal: Mapped[str | None] = mapped_column(sa.String(24), doc="as read from the bag")
    is_intact: Mapped[bool] = mapped_column(default=True, doc="the seal was whole")
    is_complete: Mapped[bool] = mapped_column(default=True, doc="every paper of the list was there")
    remark: Mapped[str] = mapped_column(sa.String(300), default="")


@dataclass(frozen=True)
class Found:
    """What both sides saw when they opened the bag together (QĐ 45/2016 Đ7.3)."""

    seal: str
    is_intact: bool = True
    is_complete: bool = True
    remark: str = ""


def of_one(
    packet: Packet, giver_id: str, taker_id: str, giver_by: Giver, act: Act, found: Found | None = None
) -> Manifest:
    """A biên bản that holds one packet, already moved and confirmed by both sides."""
    found = found or Found(packet.seal or "")
    day = today(act.at)
    manifest = Manifest(
        receipt_no=numbers.take_own(day).replace("HS-", "BB-", 1),
        giver_id=giver_id,
        taker_id=taker_id,
        list_hash=list_hash([packet]),
        expected=1,
        scanned=1,
        missing=0,
        surplus=0,
        giver_by=giver_by,
        receiver_id=act.user.id if act.user else None,
        at=act.at,
    )
    db.session.add(manifest)
    db.session.flush()
    line = ManifestLine(
        manifest_id=manifest.id, packet_id=packet.id, result=LineResult.MOVED, seal=found.seal,
        is_intact=found.is_intact, is_complete=found.is_complete, remark=found.remark,
    )  # fmt: skip
    db.session.add(line)
    db.session.flush()
    return manifest


def list_hash(listed: list[Packet]) -> bytes:
    """SHA-256 over the packets' codes in ascending order: what both sides confirmed."""
    return tokens.sha256("\n".join(sorted(tokens.b32(packet.code) for packet in listed)))


def of_packet(packet_id: int) -> Manifest | None:
    """The newest manifest the packet stands on."""
    lines = sa.select(ManifestLine.manifest_id).filter_by(packet_id=packet_id)
    return db.session.scalar(sa.select(Manifest).where(Manifest.id.in_(lines)).order_by(Manifest.id.desc()).limit(1))


def by_number(receipt_no: str) -> Manifest:
    manifest = db.session.scalar(sa.select(Manifest).filter_by(receipt_no=receipt_no))
    if manifest is None:
        raise Missing("manifest_unknown")
    return manifest


def lines_of(manifest: Manifest) -> list[tuple[ManifestLine, Packet]]:
    rows = sa.select(ManifestLine, Packet).join(Packet).where(ManifestLine.manifest_id == manifest.id)
    return [(line, packet) for line, packet in db.session.execute(rows.order_by(Packet.number))]


def receiver(manifest: Manifest) -> User | None:
    """Who signed for the taker."""
    return db.session.get(User, manifest.receiver_id) if manifest.receiver_id else None
