"""Scope: which dossiers, packets, visits and tasks a member of staff may see. Every query of a staff page passes here.

One rule by role: officers see the dossiers of their desk and what it holds, clerks and dispatchers those of their post office and what
it holds, couriers their own visits and packets, supervisors those of the offices they answer for, administrators all. What lies outside
is not there.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import manifests, sessions, tokens
from app.domain import packets as packets_
from app.domain.devices import Device, DeviceKind
from app.domain.dossiers import Dossier
from app.domain.ledger import Handoff
from app.domain.manifests import Manifest
from app.domain.packets import Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.people import Citizen, Right, Role, Unit, User
from app.domain.places import Office, Ward, fold
from app.domain.sessions import Session
from app.domain.tasks import Task
from app.domain.tokens import Keys, TokenType
from app.domain.visits import Round, Slot, Visit
from app.errors import Invalid, Missing, Refused

Rule = sa.ColumnElement[bool]
FOUND = 20  # of what fits a name or a number: who wants another types more of it
OTHERS = {TokenType.BAG: "token_bag", TokenType.DESK: "token_list"}  # codes of ours that name no packet
TOKEN = re.compile(r"(?:^|/S/)([0-9A-Z]{133})$")  # the address on a slip, or its letters alone
DESKS = frozenset({Role.OFFICER, Role.LEAD})


def sees_all(user: User) -> bool:
    return user.role is Role.ADMIN or user.oversees_all


def dossiers(user: User) -> sa.Select[Dossier]:
    return sa.select(Dossier).where(_dossier_rule(user), _is_open_to(user))


def offices(user: User) -> frozenset[int] | None:
    """Of which desks and post offices this person may read what their dossiers add up to; None: of all."""
    if sees_all(user):
        return None
    return frozenset({office.id for office in user.units} | ({user.office_id} if user.office_id else set()))


def packets(user: User) -> sa.Select[Packet]:
    """Joined to its dossier, so that a page may narrow by either; a sticker nobody has used has none."""
    return sa.select(Packet).outerjoin(Dossier).where(_packet_rule(user), _is_open_to(user))


def visits(user: User) -> sa.Select[Visit]:
    if sees_all(user):
        return sa.select(Visit)
    if user.role is Role.COURIER:
        return sa.select(Visit).join(Round).where(Round.courier_id == user.id)
    if user.role in DESKS:
        return sa.select(Visit).where(Visit.packet_id.in_(packets(user).with_only_columns(Packet.id)))
    if user.role is Role.SUPERVISOR:
        theirs = packets(user).with_only_columns(Packet.id)
        return sa.select(Visit).join(Slot).where(sa.or_(Slot.office_id.in_(_units(user)), Visit.packet_id.in_(theirs)))
    return sa.select(Visit).join(Slot).where(Slot.office_id == user.office_id)


def tasks(user: User) -> sa.Select[Task]:
    """A task is its office's, wherever the packet has gone since; what belongs to no office is the supervisors': of those
    who answer for the packet or the phone, and of those who answer for everything."""
    if sees_all(user):
        return sa.select(Task)
    if user.role is Role.SUPERVISOR:
        packet = Task.packet_id.in_(packets(user).with_only_columns(Packet.id))
        nobodys = sa.or_(packet, Task.device_id.in_(phones(user).with_only_columns(Device.id)))
        return sa.select(Task).where(
            sa.or_(Task.office_id.in_(_units(user)), sa.and_(Task.office_id.is_(None), nobodys))
        )  # fmt: skip
    own = Task.office_id == user.office_id if user.may(Right.EXCEPTIONS) else sa.false()
    return sa.select(Task).where(own)


def tasks_about(user: User, packet: Packet) -> list[Task]:
    """What waits for this person about the packet, most urgent first."""
    about = tasks(user).where(Task.packet_id == packet.id, Task.closed_at.is_(None))
    return list(db.session.scalars(about.order_by(Task.due, Task.id)))


def task(user: User, task_id: int) -> Task:
    """Raises Missing("task_unknown"), whether it is another office's or nobody's."""
    found = db.session.scalar(tasks(user).where(Task.id == task_id))
    if found is None:
        raise Missing("task_unknown")
    return found


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
    if db.session.scalar(packets(user).with_only_columns(Packet.id).where(Packet.id == packet.id)) is None:
        raise Missing("packet_unknown")
    return packet


def scanned(user: User, text: str, keys: Keys, carriers: Collection[str] = ()) -> tuple[Packet, bool]:
    """The packet whose slip was scanned, or whose number was typed, and whether that slip is still in force.

    A scanned slip proves that the packet is here, so a wrong place learns whose it is; a number proves nothing, but for
    what one of `carriers`, who stand here, carries: then it is said to belong elsewhere, no more.
    Raises Refused: `wrong_ward` (desk), `wrong_office` (office), `elsewhere`; Invalid: `token_bag`, `token_list`, `token_damaged`, `token_forged`, or as `packet`.
    """
    found = TOKEN.search("".join(text.split()).upper())
    if found is None:
        try:
            return packet(user, text), True
        except Missing:
            typed = packets_.by_number(text)
            if typed.state is State.CARRIED and typed.holder_id in carriers:
                raise Refused("elsewhere", number=typed.number) from None
            raise
    slip = tokens.read(keys, found[1])
    if slip.type in OTHERS:
        raise Invalid(OTHERS[slip.type])
    here = packets_.by_code(slip.code)
    if here.is_blank:
        raise Refused("sticker_unused", number=here.number)
    try:
        admit(user, here)
    except Missing:
        if user.role in DESKS:
            raise Refused("wrong_ward", number=here.number, desk=here.dossier.desk.name) from None
        raise Refused("wrong_office", number=here.number, office=here.dossier.post_office.name) from None
    return here, slip.issue == here.slip.issue


def scanned_list(user: User, text: str, keys: Keys) -> Manifest | None:
    """The list whose paper was scanned, for whoever may read it; None for anything else. Raises Missing("manifest_unknown"),
    Invalid as `tokens.read`."""
    found = TOKEN.search("".join(text.split()).upper())
    slip = tokens.read(keys, found[1]) if found else None
    return handover(user, manifests.by_code(slip.code).receipt_no) if slip and slip.type is TokenType.DESK else None


def to_hand_over(user: User, giver_id: str, to: PartyKind) -> list[Packet]:
    """What `giver_id` holds, of the dossiers of the courier's own office, that goes on to a party of that kind."""
    held = sa.select(Packet).join(Dossier).where(Dossier.post_office_id == user.office_id, Packet.holder_id == giver_id)
    return [p for p in db.session.scalars(held.order_by(Packet.number)) if manifests.goes_to(p, to)]


def may_list(user: User, codes: Collection[bytes]) -> None:
    """Raises Invalid("manifest_list") unless all these packets are of the dossiers of the courier's own office: a
    list older than what happened since is a list, another office's is none."""
    own = sa.select(sa.func.count()).select_from(Packet).join(Dossier)
    if db.session.scalar(own.where(Dossier.post_office_id == user.office_id, Packet.code.in_(codes))) != len(codes):
        raise Invalid("manifest_list")


def manifest(user: User, receipt_no: str) -> Manifest:
    """One the user's own side gave or took by. Raises Missing("manifest_unknown") for any other."""
    found = manifests.by_number(receipt_no)
    if user.holds_as not in (found.giver_id, found.taker_id):
        raise Missing("manifest_unknown")
    return found


def record(user: User, receipt_no: str) -> Manifest:
    """A manifest whose every packet is the user's to see. Raises Missing("manifest_unknown") for any other."""
    found = manifests.by_number(receipt_no)
    for _line, packet in manifests.lines_of(found):
        try:
            admit(user, packet)
        except Missing:
            raise Missing("manifest_unknown") from None
    return found


def handover(user: User, receipt_no: str) -> Manifest:
    """To be read: by either side, and by whoever may see all its packets. Raises Missing("manifest_unknown")."""
    try:
        return manifest(user, receipt_no)
    except Missing:
        return record(user, receipt_no)


def handover_of(user: User, packet: Packet) -> Manifest | None:
    """The newest list the packet stands on, for whoever may read it."""
    newest = manifests.of_packet(packet.id)
    try:
        return handover(user, newest.receipt_no) if newest else None
    except Missing:
        return None


def phones(user: User) -> sa.Select[Device]:
    """Joined to whoever carries it. A courier's are their own; officers and administrators have no say in them."""
    mine = sa.select(Device).join(User, Device.user_id == User.id).where(Device.kind == DeviceKind.PHONE)
    return mine.where(_courier_of(user))


def phone(user: User, device_id: str) -> Device:
    """Raises Missing("handset_unknown"), whether it exists elsewhere or nowhere."""
    found = db.session.scalar(phones(user).where(Device.id == device_id))
    if found is None:
        raise Missing("handset_unknown")
    return found


def couriers(user: User) -> sa.Select[User]:
    return sa.select(User).where(User.role == Role.COURIER, User.disabled_at.is_(None), _courier_of(user))


def bringers(user: User, since: datetime) -> sa.Select[User]:
    """Couriers who may come to this counter with a bag: a post office's own, or whoever carries something for the desk,
    or has brought it something since then."""
    if user.role not in DESKS:
        return couriers(user)
    carried = (
        packets(user).where(Packet.state == State.CARRIED, Packet.way != Way.OUT).with_only_columns(Packet.holder_id)
    )
    counted = sa.select(Handoff.giver_id).join(Packet, Packet.head == Handoff.digest)
    counted = counted.where(Packet.holder_id == user.holds_as, Packet.state == State.AT_DESK)
    listed = sa.select(Manifest.giver_id).where(Manifest.taker_id == user.holds_as, Manifest.at > since)
    here = sa.or_(User.party_id.in_(carried), User.party_id.in_(counted), User.party_id.in_(listed))
    return sa.select(User).where(User.role == Role.COURIER, User.disabled_at.is_(None), here)


def bringer(user: User, courier_id: str, since: datetime) -> User:
    """Raises Missing("courier_unknown")."""
    found = db.session.scalar(bringers(user, since).where(User.id == courier_id))
    if found is None:
        raise Missing("courier_unknown")
    return found


def purse_bearers(user: User) -> sa.Select[User]:
    """Those who may have money of the post's: who has left still answers for what was not handed in."""
    return sa.select(User).where(User.role == Role.COURIER, _courier_of(user))


def purse_bearer(user: User, courier_id: str) -> User:
    """Raises Missing("courier_unknown")."""
    found = db.session.scalar(purse_bearers(user).where(User.id == courier_id))
    if found is None:
        raise Missing("courier_unknown")
    return found


def courier(user: User, courier_id: str) -> User:
    """Raises Missing("courier_unknown")."""
    found = db.session.scalar(couriers(user).where(User.id == courier_id))
    if found is None:
        raise Missing("courier_unknown")
    return found


def staff(user: User) -> sa.Select[User]:
    """Whose signing in somebody may look at and end: their own, and that of everybody in the offices they answer for."""
    theirs: Rule = User.id == user.id
    if user.may(Right.STAFF):
        theirs = sa.true() if sees_all(user) else sa.or_(theirs, User.office_id.in_(_units(user)))
    return sa.select(User).where(theirs, User.disabled_at.is_(None))


def person(user: User, user_id: str) -> User:
    """Anybody who works here or ever did, for administrators. Raises Missing("colleague_unknown")."""
    found = db.session.get(User, user_id) if user.may(Right.ADMIN) else None
    if found is None:
        raise Missing("colleague_unknown")
    return found


def colleague(user: User, user_id: str) -> User:
    """Raises Missing("colleague_unknown"), whether they work elsewhere or nowhere."""
    found = db.session.scalar(staff(user).where(User.id == user_id))
    if found is None:
        raise Missing("colleague_unknown")
    return found


def signed_in(user: User, at: datetime) -> list[tuple[User, list[Session]]]:
    """Who of them is signed in, and where; whoever was last at work first."""
    found: dict[User, list[Session]] = {}
    for session in sessions.living(*db.session.scalars(staff(user)), at=at):
        found.setdefault(session.user, []).append(session)
    return list(found.items())


def _courier_of(user: User) -> Rule:
    """Which couriers somebody has a say in."""
    if user.role is Role.SUPERVISOR:
        return sa.true() if sees_all(user) else User.office_id.in_(_units(user))
    if user.role is Role.COURIER:
        return User.id == user.id
    if user.role in (Role.CLERK, Role.DISPATCHER):
        return User.office_id == user.office_id
    return sa.false()


def search(user: User, text: str) -> list[Dossier]:
    """The FOUND newest dossiers whose sender's name has a word that begins with each of these, with accents or without; or whose
    number, official code or phone is the text."""
    rules = [rule for rule in (_told_by(text), _numbered(text)) if rule is not None]
    if not rules:
        return []
    newest = dossiers(user).join(Citizen).order_by(Dossier.id.desc()).limit(FOUND)
    return list(db.session.scalars(newest.where(sa.or_(*rules))))


def beyond(user: User, text: str) -> list[Dossier]:
    """What `search` would find in the other offices of the province, or whose number is the text: to say where a dossier
    is, never what stands in it. A name wants two words, so that nobody leafs through other wards' people."""
    rules: list[Rule] = []
    if len(fold(text[:80]).split()) > 1 or any(c.isdigit() for c in text):
        rules += [rule for rule in (_told_by(text),) if rule is not None]
    rules += [rule for rule in (_numbered(text),) if rule is not None]
    if not rules:
        return []
    near = sa.select(Office.id).join(Ward, Ward.id == Office.ward_id)
    own = offices(user)
    if own is not None:
        provinces = sa.select(Ward.province).join(Office, Office.ward_id == Ward.id).where(Office.id.in_(own))
        near = near.where(Ward.province.in_(provinces))
    others = sa.select(Dossier).join(Citizen).where(~_dossier_rule(user), Dossier.desk_id.in_(near), sa.or_(*rules))
    return list(db.session.scalars(others.order_by(Dossier.id.desc()).limit(FOUND)))


def _told_by(text: str) -> Rule | None:
    words, digits = fold(text[:80]).split(), "".join(c for c in text if c.isdigit())
    if not words:
        return None
    named = sa.and_(*(Citizen.words.contains(f" {word}", autoescape=True) for word in words))
    rules: list[Rule] = [named, Dossier.official_code == text.strip().upper()]
    if len(digits) >= 9:
        called = f"+84{digits[-9:]}"
        rules += [Citizen.phone == called, Citizen.second_phone == called]
    return sa.or_(*rules)


def _numbered(text: str) -> Rule | None:
    """The dossier with this number, or with a packet of this number; None where it is no number of ours."""
    try:
        return Dossier.id == packets_.by_number(text[:60]).dossier_id
    except Refused:
        return None


def _dossier_rule(user: User) -> Rule:
    if sees_all(user):
        return sa.true()
    if user.role is Role.SUPERVISOR:
        return sa.or_(Dossier.desk_id.in_(_units(user)), Dossier.post_office_id.in_(_units(user)))
    if user.role in DESKS:
        return Dossier.desk_id == user.office_id
    if user.role in (Role.CLERK, Role.DISPATCHER):
        return Dossier.post_office_id == user.office_id
    return Dossier.id.in_(sa.select(Packet.dossier_id).where(_courier_rule(user)))


def _packet_rule(user: User) -> Rule:
    if user.role in (Role.CLERK, Role.DISPATCHER):
        return sa.or_(_dossier_rule(user), Packet.holder_id.in_(_hands_of([user.office_id])))
    if user.role is Role.SUPERVISOR and not sees_all(user):
        return sa.or_(_dossier_rule(user), Packet.holder_id.in_(_hands_of(_units(user))))
    if user.role is Role.COURIER:
        return _courier_rule(user)
    if user.role in DESKS:  # what goes to another desk is seen here until it is taken
        return sa.or_(_dossier_rule(user), Packet.holder_id == user.holds_as)
    return _dossier_rule(user)


def _is_open_to(user: User) -> Rule:
    """What is restricted since its case is over (`retention`) is for those who answer complaints and audits."""
    return sa.true() if user.role in (Role.SUPERVISOR, Role.ADMIN) else Dossier.restricted_at.is_(None)


def _courier_rule(user: User) -> Rule:
    """What this courier carries, and what a visit of theirs is for."""
    to_do = sa.select(Visit.packet_id).join(Round).where(Round.courier_id == user.id)
    return sa.or_(Packet.holder_id == user.party_id, Packet.id.in_(to_do))


def _hands_of(office_ids: Any) -> Any:
    """The parties of these offices: the offices themselves and their couriers."""
    offices = sa.select(Office.party_id).where(Office.id.in_(office_ids))
    couriers = sa.select(User.party_id).where(User.office_id.in_(office_ids), User.party_id.is_not(None))
    return sa.union(offices, couriers)


def _units(user: User) -> sa.Select[int]:
    return sa.select(Unit.office_id).where(Unit.user_id == user.id)
