"""Phones: how a courier's phone comes into service, and how it leaves.

One person shows a ticket; the phone answers it, once, with a key of its own; a second person sees the same six digits
on both screens. Until then the phone's scans are kept and wait. A phone that leaves is never asked for its scans back:
it may hand them in as long as it lives.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, db, lock
from app.domain import audit, custody, devices, receipts, scans, scope, tasks, tokens
from app.domain.devices import CURRENT, LIFE, Device, Standing, Why
from app.domain.people import Act, Right, User
from app.domain.places import Office
from app.domain.scans import ScanRow
from app.domain.sittings import Seen
from app.domain.tasks import TaskKind
from app.errors import Gone, Invalid, Missing, NotAllowed, Refused

OPEN = timedelta(minutes=10)  # a ticket
RENEW = timedelta(days=30)  # a phone asks for its next 90 days when fewer than these are left
SHOWN = 50  # phones that are over, on the page of phones
OWN = (Why.LOST, Why.STOLEN, Why.REPLACED, Why.RETURNED)  # what a courier may say of a phone of their own
OFFICE = (Why.LOST, Why.STOLEN, Why.REPLACED, Why.LEFT)


class Ticket(Model):
    """Somebody was shown these letters, which are kept nowhere else, for a phone of this courier."""

    __tablename__ = "tickets"

    hash: Mapped[Digest] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    made_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    device_id: Mapped[str | None] = mapped_column(sa.ForeignKey(Device.id))


@dataclass(frozen=True)
class Listed:
    """One phone, as the page of phones shows it."""

    device: Device
    standing: Standing
    seen_at: datetime | None
    missing: int  # numbers up to its highest that have not arrived


# ---- into service -----------------------------------------------------------------------------------------------


def invite(courier: User, act: Act) -> str:
    """The letters of a ticket for `courier`, good for ten minutes and one phone; earlier ones are good no more.

    Raises Refused: `not_a_courier`, `phones_full`.
    """
    if not courier.may(Right.SCAN):
        raise Refused("not_a_courier")
    if not devices.has_room(courier, act.at):
        raise Refused("phones_full")
    earlier = sa.update(Ticket).where(Ticket.user_id == courier.id, Ticket.used_at.is_(None))
    db.session.execute(earlier.where(Ticket.expires_at > act.at).values(expires_at=act.at))
    letters = tokens.b32(secrets.token_bytes(16))
    ticket = Ticket(
        hash=tokens.sha256(letters), user_id=courier.id, by_id=act.by.id, made_at=act.at, expires_at=act.at + OPEN
    )
    db.session.add(ticket)
    audit.note("phone_invite", courier.id, act)
    return letters


def answer(letters: str, public_key: bytes, proof: bytes, label: str, act: Act) -> tuple[Device, str]:
    """The phone that answers a ticket, and its token. It waits for the second person.

    `proof`: the phone's signature over "enrol-v1", newline, the letters. Raises Invalid("phone_proof"),
    Missing("ticket_unknown"), Gone("ticket_over"), Refused: `ticket_used`, `phones_full`, NotAllowed("not_a_courier").
    """
    if not tokens.signed_by(devices.load_key(public_key), proof, b"enrol-v1\n" + letters.encode()):
        raise Invalid("phone_proof")
    ticket = next(iter(lock(Ticket, tokens.sha256(letters))), None)
    if ticket is None:
        raise Missing("ticket_unknown")
    if ticket.used_at is not None:
        raise Refused("ticket_used")
    if act.at >= ticket.expires_at:
        raise Gone("ticket_over")
    courier = db.session.get_one(User, ticket.user_id)
    if not courier.may(Right.SCAN):
        raise NotAllowed("not_a_courier")
    host = Act(db.session.get_one(User, ticket.by_id), act.at, act.keys)
    device, token = devices.enrol(courier, public_key, label, host, check_code(letters, public_key))
    ticket.used_at, ticket.device_id = act.at, device.id
    return device, token


def check_code(letters: str, public_key: bytes) -> str:
    """Six digits that both screens work out for themselves: another phone, or another ticket, shows others."""
    digest = hashlib.sha256(b"check-v1\n" + letters.encode() + b"\n" + public_key).digest()
    return f"{int.from_bytes(digest[:6]) % 1_000_000:06d}"


def answered(courier: User) -> Device | None:
    """The phone that answered the courier's newest ticket."""
    newest = sa.select(Ticket).filter_by(user_id=courier.id).order_by(Ticket.made_at.desc()).limit(1)
    ticket = db.session.scalar(newest)
    return db.session.get(Device, ticket.device_id) if ticket and ticket.device_id else None


def confirm(device_id: str, act: Act) -> Device:
    """A second person has seen the same digits on both screens. What the phone scanned meanwhile is judged now.

    Raises Missing("handset_unknown"), Refused: `phone_over`, `phone_second`.
    """
    device = _held(device_id, act)
    if device.standing(act.at) is Standing.IN_SERVICE:
        return device
    if device.standing(act.at) is not Standing.WAITING:
        raise Refused("phone_over")
    if act.by.id in (device.enrolled_by_id, device.user_id):
        raise Refused("phone_second")
    device.confirmed_at, device.second_by_id = act.at, act.by.id
    audit.note("phone_confirm", device.id, act)
    custody.look_again(device, Seen(act.at, act.keys))
    return device


def reject(device_id: str, act: Act) -> Device:
    """The two screens differ: this phone comes into service never. Raises as `confirm`."""
    device = _held(device_id, act)
    if device.standing(act.at) is Standing.IN_SERVICE:
        raise Refused("phone_over")
    _revoke(device, Why.MISMATCH, act)
    return device


# ---- in service -------------------------------------------------------------------------------------------------


def renewal(device: Device) -> bytes:
    """What a phone signs to go on: it names the end it has now, so that it counts once."""
    assert device.valid_until
    return f"renew-v1\n{device.id}\n{receipts.spell(device.valid_until)}".encode()


def renew(device_id: str, proof: bytes, act: Act) -> Device:
    """Ninety more days for the same key, when the end is near. Raises NotAllowed("phone_over"), Invalid("phone_proof")."""
    (device,) = lock(Device, device_id)
    if not device.lives(act.at) or device.valid_until is None:
        raise NotAllowed("phone_over")
    if not tokens.signed_by(device.verify_key, proof, renewal(device)):
        raise Invalid("phone_proof")
    if device.valid_until - act.at < RENEW:
        device.valid_until = act.at + LIFE
    return device


# ---- out of service ---------------------------------------------------------------------------------------------


def retire(device_id: str, why: Why, act: Act) -> Device:
    """Out of service, at once. Numbers that never arrived become a task. The first reason given stays.

    Raises Missing("handset_unknown"), NotAllowed("phone_not_yours"), Invalid("phone_why").
    """
    device = _held(device_id, act)
    allowed = reasons(device, act.by)
    if not allowed:
        raise NotAllowed("phone_not_yours")
    if why not in allowed:
        raise Invalid("phone_why")
    _revoke(device, why, act)
    return device


def reasons(device: Device, user: User) -> tuple[Why, ...]:
    """What `user` may take this phone out of service for; nothing when it is not theirs to say."""
    if device.user_id == user.id:
        return OWN
    return OFFICE if user.may(Right.ENROL) else ()


def withdraw(user: User, act: Act) -> None:
    """Whoever carried them works here no longer: no phone of theirs is in service."""
    for device in lock(Device, *(device.id for device in devices.of(user))):
        _revoke(device, Why.LEFT, act)


def _revoke(device: Device, why: Why, act: Act) -> None:
    if device.revoked_at is not None:
        return
    device.revoked_at, device.revoked_why = act.at, why
    device.revoked_by_id = act.user.id if act.user else None
    audit.note("phone_revoke", device.id, act, why=why)
    if missing := scans.missing(device.id, device.contiguous, 20):
        tasks.raise_(TaskKind.DEVICE_GAP, act.at, device_id=device.id, missing=missing)


def _held(device_id: str, act: Act) -> Device:
    """The phone, locked, when it is one `act.by` has a say in."""
    device = scope.phone(act.by, device_id)
    return lock(Device, device.id)[0]


# ---- the page of phones -----------------------------------------------------------------------------------------


def listed(found: list[Device], at: datetime) -> list[Listed]:
    """With what has arrived of each: when last, and how many numbers are missing."""
    ids, newest = [device.id for device in found], [device.last_digest for device in found if device.last_digest]
    unbroken = sa.select(ScanRow.device_id, ScanRow.recorded_at).where(ScanRow.digest.in_(newest))
    arrived = {id_: when for id_, when in db.session.execute(unbroken) if id_}
    beyond = (
        sa.select(
            Device.id,
            sa.func.max(ScanRow.n) - Device.contiguous - sa.func.count(ScanRow.n.distinct()),
            sa.func.max(ScanRow.recorded_at),
        )
        .join(ScanRow, ScanRow.device_id == Device.id)
        .where(Device.id.in_(ids), ScanRow.sig_ok, ScanRow.n > Device.contiguous)
        .group_by(Device.id, Device.contiguous)
    )
    gaps: dict[str, int] = {}
    for id_, count, when in db.session.execute(beyond):
        gaps[id_] = count or 0
        arrived[id_] = max(when, arrived.get(id_, when))
    return [
        Listed(
            device,
            device.standing(at),
            max(filter(None, (device.seen_at, arrived.get(device.id))), default=None),
            gaps.get(device.id, 0),
        )
        for device in found
    ]


@dataclass(frozen=True)
class Shelf:
    """The phones of one office: whoever carries there with theirs in service or waiting, and those that are over."""

    offices: list[Office]
    office: Office | None
    couriers: list[tuple[User, list[Listed]]]
    over: list[Listed]


def shelf(user: User, code: str | None, at: datetime) -> Shelf:
    """What the page of phones shows `user`; `code` chooses an office where several are theirs to see."""
    theirs = sa.select(Office).where(Office.id.in_(scope.couriers(user).with_only_columns(User.office_id)))
    offices = list(db.session.scalars(theirs.order_by(Office.code)))
    office = next((one for one in offices if one.code == code), offices[0] if offices else None)
    here = User.office_id == (office.id if office else None)
    found = db.session.scalars(scope.phones(user).where(here).order_by(Device.enrolled_at.desc(), Device.id))
    everything = listed(list(found), at)
    current = [one for one in everything if one.standing in CURRENT]
    carrying = db.session.scalars(scope.couriers(user).where(here).order_by(User.badge, User.name))
    return Shelf(
        offices,
        office,
        [(courier, [one for one in current if one.device.user_id == courier.id]) for courier in carrying],
        [one for one in everything if one not in current][:SHOWN],
    )
