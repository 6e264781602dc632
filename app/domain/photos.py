"""Photos that phones send after their scans, found by the hash a scan named. ERASABLE, and worth nothing as evidence alone.

What is kept, for ninety days, was drawn anew from the pixels: the hash is that of the bytes the phone had, not of these.
"""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain.devices import Device
from app.domain.packets import Packet
from app.domain.scans import ScanExtra, ScanRow
from app.errors import Invalid

KEPT = timedelta(days=90)
LARGEST = 5 * 1024 * 1024  # bytes that are taken in
KINDS = {"image/jpeg", "image/png", "image/webp"}
PATIENCE = 10  # seconds for a picture
CHILD = Path(__file__).parents[1] / "redraw.py"


class Photo(Model):
    __tablename__ = "photos"

    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    device_id: Mapped[str] = mapped_column(sa.ForeignKey(Device.id), index=True)
    picture: Mapped[bytes] = mapped_column(sa.LargeBinary)
    at: Mapped[Instant]


def redrawn(data: bytes) -> bytes:
    """Our own JPEG of the picture, made outside any transaction. Raises Invalid("picture_unreadable")."""
    child = [sys.executable, "-I", str(CHILD)]
    try:
        done = subprocess.run(child, input=data, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603 (ours)
    except subprocess.SubprocessError as error:
        raise Invalid("picture_unreadable") from error
    return done.stdout


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
