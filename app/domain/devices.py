"""Devices: phones that sign scans with a key of their own, and the server, which signs for people at its pages.

A phone is in service from the moment a second person has confirmed it, for 90 days at a time, and a courier has at most
two. What a phone out of service still holds is taken in all the same; it is shown nothing.
"""

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

from app.db import Digest, Id, Instant, Model, choice, db, lock, memory, random_id
from app.domain.parties import Party
from app.domain.people import Act, User
from app.errors import Invalid, Missing, Refused

LIFE = timedelta(days=90)
WAIT = timedelta(hours=24)  # for the second person; a phone nobody confirmed by then is enrolled anew
MOST = 2  # phones of one courier


class DeviceKind(StrEnum):
    PHONE = "phone"
    PAGES = "pages"  # the server, for what a signed-in person sent by a page
    LEDGER = "ledger"  # the server, for what it records itself; always locked last


class Why(StrEnum):
    """Why a phone was taken out of service."""

    LOST = "lost"
    STOLEN = "stolen"
    LEFT = "left"  # the courier works here no longer
    REPLACED = "replaced"
    RETURNED = "returned"  # the courier signed out on the phone itself
    MISMATCH = "mismatch"  # the two screens did not show the same six digits


class Standing(StrEnum):
    WAITING = "waiting"  # for the second person
    IN_SERVICE = "in_service"
    ENDED = "ended"  # its 90 days are over, or nobody confirmed it
    FROZEN = "frozen"  # its key may have been copied: only a new one brings it back
    REVOKED = "revoked"


CURRENT = (Standing.IN_SERVICE, Standing.WAITING)  # those that take one of a courier's places


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
    enrolled_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="who showed the ticket")
    check_code: Mapped[str | None] = mapped_column(sa.String(6), doc="what both screens must show")
    confirmed_at: Mapped[Instant | None]
    second_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="who compared the two screens")
    valid_until: Mapped[Instant | None]
    seen_at: Mapped[Instant | None] = mapped_column(doc="when it last asked for something, to a few minutes")
    revoked_at: Mapped[Instant | None]
    revoked_why: Mapped[Why | None] = mapped_column(choice(Why))
    revoked_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id))
    frozen_at: Mapped[Instant | None] = mapped_column(doc="two different scans bore one number: is the key copied?")
    contiguous: Mapped[int] = mapped_column(default=0, doc="scans 1…contiguous have all arrived")
    last_digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), doc="of scan `contiguous`")

    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    party: Mapped[Party | None] = relationship()
    enrolled_by: Mapped[User | None] = relationship(foreign_keys=[enrolled_by_id])
    second_by: Mapped[User | None] = relationship(foreign_keys=[second_by_id])

    def standing(self, at: datetime) -> Standing:
        if self.revoked_at is not None:
            return Standing.REVOKED
        if self.frozen_at is not None:
            return Standing.FROZEN
        if self.confirmed_at is None:
            return Standing.WAITING if at < self.enrolled_at + WAIT else Standing.ENDED
        return Standing.ENDED if self.is_over(at) else Standing.IN_SERVICE

    def lives(self, at: datetime) -> bool:
        """Whether it is shown anything: in service, and its courier still works here."""
        works = self.user is None or self.user.disabled_at is None
        return works and self.standing(at) is Standing.IN_SERVICE

    @property
    def ends_at(self) -> datetime | None:
        """When it goes, or went, out of service."""
        return min((at for at in (self.revoked_at, self.valid_until) if at), default=None)

    def is_over(self, at: datetime) -> bool:
        """Whether its service had ended by then; the last moment itself is in time."""
        return self.ends_at is not None and at > self.ends_at

    def served(self, at: datetime) -> bool:
        """Whether what it signed then counts, whoever has left since."""
        return self.confirmed_at is not None and not self.is_over(at)

    @property
    def verify_key(self) -> ec.EllipticCurvePublicKey:
        return load_key(self.public_key)


def load_key(der: bytes) -> ec.EllipticCurvePublicKey:
    key = serialization.load_der_public_key(der)
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


def enrol(
    user: User, public_key: bytes, label: str, act: Act, check_code: str | None = None
) -> tuple[Device, str]:  # fmt: skip
    """As `register`, for one of the courier's places. With a check code the phone waits for a second person.

    Raises Refused("phones_full").
    """
    (user,) = lock(User, user.id)  # two phones that come at once must not both take the last place
    if not has_room(user, act.at):
        raise Refused("phones_full")
    device, token = register(user, public_key, label, act)
    if check_code:
        device.check_code, device.confirmed_at = check_code, None
    return device, token


def has_room(user: User, at: datetime) -> bool:
    return sum(device.standing(at) in CURRENT for device in of(user)) < MOST


def of(user: User) -> list[Device]:
    """Every phone the courier ever had, newest first."""
    rows = sa.select(Device).filter_by(user_id=user.id, kind=DeviceKind.PHONE)
    return list(db.session.scalars(rows.order_by(Device.enrolled_at.desc(), Device.id)))


def register(user: User, public_key: bytes, label: str, act: Act) -> tuple[Device, str]:
    """A phone for `user`, in service, and the token it sends with every call; only its hash is kept."""
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
        enrolled_by_id=act.user.id if act.user else None,
        confirmed_at=act.at,
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


def touch(device_id: str, at: datetime) -> None:
    db.session.execute(sa.update(Device).where(Device.id == device_id).values(seen_at=at))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def server(kind: DeviceKind, act: Act) -> Device:
    """The server's own device, locked: its counter has no gap. Made on first use."""
    known: dict[DeviceKind, Device] = memory("servers")
    if kind in known:
        return known[kind]
    wanted = sa.select(Device).filter_by(kind=kind).with_for_update()
    device = db.session.scalar(wanted.execution_options(populate_existing=True))
    if device is None:
        public = act.keys.server.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        device = Device(
            id=f"d-{kind}",
            kind=kind,
            public_key=public,
            label=f"server {kind}",
            enrolled_at=act.at,
            confirmed_at=act.at,
        )
        db.session.add(device)
        db.session.flush()
    known[kind] = device
    return device


def servers() -> set[str]:
    """The ids of those of them this transaction holds locked."""
    return {device.id for device in memory("servers").values()}


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
