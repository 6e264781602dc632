"""Devices: phones that sign scans with a key of their own, and the server, which signs for people at its pages."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Digest, Id, Instant, Model, choice, db, random_id
from app.domain.parties import Party
from app.domain.people import Act, User
from app.errors import Invalid, Missing

LIFE = timedelta(days=90)


class DeviceKind(StrEnum):
    PHONE = "phone"
    PAGES = "pages"  # the server, for what a signed-in person sent by a page
    LEDGER = "ledger"  # the server, for what it records itself; always locked last


class Device(Model):
    __tablename__ = "devices"

    id: Mapped[Id] = mapped_column(primary_key=True, default=lambda: random_id("d"))
    kind: Mapped[DeviceKind] = mapped_column(choice(DeviceKind))
    party_id: Mapped[str | None] = mapped_column(sa.ForeignKey(Party.id))
    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), index=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary(200), doc="SubjectPublicKeyInfo, DER")
    token_hash: Mapped[Digest | None] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(sa.String(60))
    enrolled_at: Mapped[Instant]
    valid_until: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    contiguous: Mapped[int] = mapped_column(default=0, doc="scans 1…contiguous have all arrived")
    last_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), doc="of scan `contiguous`")

    user: Mapped[User | None] = relationship()

    def lives(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.valid_until is None or at < self.valid_until)

    @property
    def verify_key(self) -> ec.EllipticCurvePublicKey:
        key = serialization.load_der_public_key(self.public_key)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return key


def read_public_key(text: str) -> bytes:
    """Base64 SubjectPublicKeyInfo of a P-256 key. Raises Invalid("device_key")."""
    try:
        der = base64.b64decode(text, validate=True)
        key = serialization.load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid("device_key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Invalid("device_key")
    return der


def register(user: User, public_key: bytes, label: str, act: Act) -> tuple[Device, str]:
    """A phone for `user`, and the token it sends with every call; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    device = Device(
        id=random_id("d"),
        kind=DeviceKind.PHONE,
        party_id=user.holds_as,
        user_id=user.id,
        public_key=public_key,
        token_hash=_hash(token),
        label=label[:60],
        enrolled_at=act.at,
        valid_until=act.at + LIFE,
    )
    db.session.add(device)
    return device, token


_ids: dict[bytes, str] = {}  # by token hash: a token is one device's for ever, so it is looked up once


def id_by_token(token: str) -> str | None:
    """Whose token it is; also that of a revoked device, which may still hand in its scans."""
    digest = _hash(token)
    if digest not in _ids:
        found = db.session.scalar(sa.select(Device.id).filter_by(token_hash=digest))
        if found is None:
            return None
        _ids[digest] = found
    return _ids[digest]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def server(kind: DeviceKind, act: Act) -> Device:
    """The server's own device, locked: its counter has no gap. Made on first use."""
    wanted = sa.select(Device).filter_by(kind=kind).with_for_update()
    device = db.session.scalar(wanted.execution_options(populate_existing=True))
    if device is None:
        public = act.keys.server.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        device = Device(id=f"d-{kind}", kind=kind, public_key=public, label=f"server {kind}", enrolled_at=act.at)
        db.session.add(device)
        db.session.flush()
    return device


class Known(NamedTuple):
    der: bytes
    key: ec.EllipticCurvePublicKey


_keys: dict[str, Known] = {}  # by device: a phone's key is its own for ever, so it is read once


def key_of(device_id: str) -> Known | None:
    """The public key of a phone, whether or not it is still in service."""
    if device_id not in _keys:
        device = db.session.get(Device, device_id)
        if device is None or device.kind is not DeviceKind.PHONE:
            return None
        _keys[device_id] = Known(device.public_key, device.verify_key)
    return _keys[device_id]


def get(device_id: str) -> Device:
    device = db.session.get(Device, device_id)
    if device is None:
        raise Missing("device_unknown")
    return device
