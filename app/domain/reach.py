"""Reach: which packets a courier may be told about: what they carry, what waits for them, what their round or office has."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db
from app.domain import counter, shelf
from app.domain.calendar import today
from app.domain.devices import Device
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.packets import ENDED, Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import User
from app.domain.places import Office, OfficeKind
from app.domain.visits import OPEN, Round, Visit, VisitKind

MOST = 200  # packets in one list
REMEMBERED = timedelta(days=7)
AT_A_DESK = frozenset({State.WAITING, State.AT_DESK})
TO_BRING = sa.select(Visit.packet_id).where(Visit.kind == VisitKind.DELIVER, Visit.state.in_(OPEN))
TO_THE_POST = sa.and_(Packet.state == State.WAITING, Dossier.return_way == ReturnWay.POST)
LEAVES_A_DESK = sa.and_(
    Packet.state.in_(AT_A_DESK),
    sa.or_(Packet.way == Way.BETWEEN, sa.and_(Packet.way == Way.OUT, sa.or_(Packet.id.in_(TO_BRING), TO_THE_POST))),
)


def carried_by(courier: User) -> list[Packet]:
    """Everything the courier answers for, also what was reported delivered and not yet confirmed."""
    held = sa.select(Packet).where(Packet.holder_id == courier.party_id, Packet.state.not_in(ENDED))
    return list(db.session.scalars(held.order_by(Packet.id).limit(MOST)))


def to_take(courier: User, at: datetime) -> list[Packet]:
    """What waits for a courier of this post office: at its own counter, and at the ward desks it serves.

    What stands on another courier's round today is that courier's to take; a result that is called for, at the desk
    or here, is nobody's, until two letters have brought nobody.
    """
    if courier.office is None:
        return []
    promised = (
        sa.select(Visit.packet_id)
        .join(Round, Visit.round_id == Round.id)
        .where(Round.day == today(at), Round.courier_id != courier.id, Visit.state.in_(OPEN))
    )
    waiting = (
        sa.select(Packet)
        .join(Dossier, Packet.dossier_id == Dossier.id)
        .where(
            sa.or_(
                sa.and_(Packet.state == State.AT_POST, Packet.holder_id == courier.office.party_id),
                sa.and_(LEAVES_A_DESK, Packet.holder_id.in_(_desks()), Dossier.post_office_id == courier.office_id),
            ),
            Packet.id.not_in(promised),
            sa.or_(~counter.is_called_for(), Packet.id.in_(shelf.past_letters(at))),
        )
    )
    return list(db.session.scalars(waiting.order_by(Packet.id).limit(MOST)))


def _desks() -> sa.Select[str]:
    return sa.select(Office.party_id).where(Office.kind == OfficeKind.DESK)


def revoked_devices(courier: User, at: datetime) -> list[str]:
    """Phones of the office's couriers that were taken out of service while one of their offers may still be about."""
    gone = (
        sa.select(Device.id)
        .join(User, Device.user_id == User.id)
        .where(Device.revoked_at > at - REMEMBERED, User.office_id == courier.office_id)
        .order_by(Device.id)
    )
    return list(db.session.scalars(gone)) if courier.office_id else []


def is_theirs(found: Packet, courier: User, at: datetime) -> bool:
    """Whether this courier may be told about a packet: it is in their hands, on their round, or in their office's care."""
    if found.holder_id == courier.party_id or is_on_round(found, courier, at):
        return True
    if courier.office is None or found.ended:
        return False
    if found.holder_id == courier.office.party_id:
        return True
    kind = db.session.get_one(Party, found.holder_id).kind
    if kind is PartyKind.DESK and found.way is Way.OUT and found.state in AT_A_DESK and not _leaves(found):
        return False  # it stays at the desk until it is called for
    return kind in (PartyKind.DESK, PartyKind.CITIZEN) and found.dossier.post_office_id == courier.office_id


def is_of_office(found: Packet, courier: User) -> bool:
    """Of the courier's own office. Whoever scans its slip has it in hand, and learns where it should be."""
    return not found.ended and found.dossier.post_office_id == courier.office_id


def _leaves(found: Packet) -> bool:
    bound_out = sa.select(Packet.id).join(Dossier, Packet.dossier_id == Dossier.id).where(LEAVES_A_DESK)
    return db.session.scalar(bound_out.where(Packet.id == found.id)) is not None


def is_on_round(found: Packet, courier: User, at: datetime) -> bool:
    mine = sa.select(Visit.id).join(Round, Visit.round_id == Round.id)
    mine = mine.where(Visit.packet_id == found.id, Round.courier_id == courier.id, Round.day == today(at))
    return db.session.scalar(mine.limit(1)) is not None
