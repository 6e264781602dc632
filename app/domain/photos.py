"""Photos that phones send after their scans, found by the hash a scan named. ERASABLE, and worth nothing as evidence alone.

What is kept was drawn anew from the pixels: the hash is that of the bytes the phone had, not of these.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain.devices import Device


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
