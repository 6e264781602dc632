"""Scope: which dossiers, packets and visits a member of staff may see. Every query of a staff page passes here.

One rule by role: officers see the dossiers of their desk, clerks and dispatchers those of their post office and what
it holds, couriers their own visits and packets, supervisors and administrators all. What lies outside is not there.
"""

from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import packets as packets_
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import Role, User
from app.domain.places import Office
from app.domain.visits import Round, Slot, Visit
from app.errors import Missing

Rule = sa.ColumnElement[bool]
WHOLE = frozenset({Role.SUPERVISOR, Role.ADMIN})


def dossiers(user: User) -> sa.Select[Dossier]:
    return sa.select(Dossier).where(_dossier_rule(user))


def packets(user: User) -> sa.Select[Packet]:
    """Joined to its dossier, so that a page may narrow by either."""
    return sa.select(Packet).join(Dossier).where(_packet_rule(user))


def visits(user: User) -> sa.Select[Visit]:
    if user.role in WHOLE:
        return sa.select(Visit)
    if user.role is Role.COURIER:
        return sa.select(Visit).join(Round).where(Round.courier_id == user.id)
    if user.role is Role.OFFICER:
        return sa.select(Visit).where(Visit.packet_id.in_(packets(user).with_only_columns(Packet.id)))
    return sa.select(Visit).join(Slot).where(Slot.office_id == user.office_id)


def dossier(user: User, number: str) -> Dossier:
    """Raises Missing("packet_unknown"), whether it exists elsewhere or nowhere."""
    found = db.session.scalar(dossiers(user).where(Dossier.number == number))
    if found is None:
        raise Missing("packet_unknown")
    return found


def packet(user: User, number: str) -> Packet:
    """The packet somebody typed, in any form of its number. Raises Invalid (`number_form`, `number_check`), or
    Missing("packet_unknown") whether it exists elsewhere or nowhere."""
    return admit(user, packets_.by_number(number))


def admit(user: User, packet: Packet) -> Packet:
    found = db.session.scalar(packets(user).where(Packet.id == packet.id))
    if found is None:
        raise Missing("packet_unknown")
    return found


def _dossier_rule(user: User) -> Rule:
    if user.role in WHOLE:
        return sa.true()
    if user.role is Role.OFFICER:
        return Dossier.desk_id == user.office_id
    if user.role in (Role.CLERK, Role.DISPATCHER):
        return Dossier.post_office_id == user.office_id
    return Dossier.id.in_(sa.select(Packet.dossier_id).where(_courier_rule(user)))


def _packet_rule(user: User) -> Rule:
    if user.role in (Role.CLERK, Role.DISPATCHER):
        return sa.or_(_dossier_rule(user), Packet.holder_id.in_(_hands_of(user.office_id)))
    if user.role is Role.COURIER:
        return _courier_rule(user)
    return _dossier_rule(user)


def _courier_rule(user: User) -> Rule:
    """What this courier carries, and what a visit of theirs is for."""
    to_do = sa.select(Visit.packet_id).join(Round).where(Round.courier_id == user.id)
    return sa.or_(Packet.holder_id == user.party_id, Packet.id.in_(to_do))


def _hands_of(office_id: int | None) -> Any:
    """The parties of a post office: the office itself and its couriers."""
    office = sa.select(Office.party_id).where(Office.id == office_id)
    couriers = sa.select(User.party_id).where(User.office_id == office_id, User.party_id.is_not(None))
    return sa.union(office, couriers)
