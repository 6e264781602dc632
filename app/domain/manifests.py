"""Manifests: several handoffs in one act, confirmed by both sides. With the desk it is the biên bản giao nhận.

Closed when the receiver (PRESENCE) and the giver (GIVER) have both confirmed; closing is the legal submission
of the dossiers on it (QĐ 45/2016 Đ7.4).
"""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, choice, db
from app.domain import numbers, tokens
from app.domain.calendar import today
from app.domain.packets import Packet
from app.domain.parties import Party
from app.domain.people import Act


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
    at: Mapped[Instant]


class ManifestLine(Model):
    __tablename__ = "manifest_lines"

    manifest_id: Mapped[int] = mapped_column(sa.ForeignKey(Manifest.id), primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), primary_key=True)
    result: Mapped[LineResult] = mapped_column(choice(LineResult))


def of_one(packet: Packet, giver_id: str, taker_id: str, giver_by: Giver, act: Act) -> Manifest:
    """A biên bản that holds one packet, already moved and confirmed by both sides."""
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
        at=act.at,
    )
    db.session.add(manifest)
    db.session.flush()
    db.session.add(ManifestLine(manifest_id=manifest.id, packet_id=packet.id, result=LineResult.MOVED))
    return manifest


def list_hash(listed: list[Packet]) -> bytes:
    """SHA-256 over the packets' codes in ascending order: what both sides confirmed."""
    return tokens.sha256("\n".join(sorted(tokens.b32(packet.code) for packet in listed)))


def of_packet(packet_id: int) -> Manifest | None:
    """The newest manifest the packet stands on."""
    lines = sa.select(ManifestLine.manifest_id).filter_by(packet_id=packet_id)
    return db.session.scalar(sa.select(Manifest).where(Manifest.id.in_(lines)).order_by(Manifest.id.desc()).limit(1))
