"""Photos that phones send after their scans, found by the hash a scan named. ERASABLE, and worth nothing as evidence alone.

What is kept, for ninety days, was drawn anew from the pixels: the hash is that of the bytes the phone had, not of these.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain.devices import Device
from app.domain.packets import Packet
from app.domain.scans import ScanExtra, ScanRow

KEPT = timedelta(days=90)


class Photo(Model):
    __tablename__ = "photos"

    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    device_id: Mapped[str] = mapped_column(sa.ForeignKey(Device.id), index=True)
    picture: Mapped[bytes] = mapped_column(sa.LargeBinary)
    at: Mapped[Instant]


def is_there(sha256: bytes) -> bool:
    return db.session.scalar(sa.select(sa.literal(1)).where(Photo.sha256 == sha256)) is not None


def keep(sha256: bytes, picture: bytes, device_id: str, at: datetime) -> None:
    """Once; the same bytes again are the same photo, whoever sends them."""
    if not is_there(sha256):
        db.session.add(Photo(sha256=sha256, device_id=device_id, picture=picture, at=at))


def of_packet(packet: Packet) -> list[Photo]:
    """What couriers photographed of it and is still kept, oldest first."""
    named = sa.select(ScanExtra.photo_sha256).join(ScanRow, ScanRow.digest == ScanExtra.digest)
    mine = named.where(ScanRow.packet_code == packet.code, ScanExtra.photo_sha256.is_not(None))
    return list(db.session.scalars(sa.select(Photo).where(Photo.sha256.in_(mine)).order_by(Photo.at, Photo.sha256)))


def erase(at: datetime) -> int:
    """Let go of what was kept long enough; how many. Who needs one longer has saved it with the matter by then."""
    gone = db.session.execute(sa.delete(Photo).where(Photo.at < at - KEPT))
    return gone.rowcount  # type: ignore[attr-defined,no-any-return]
