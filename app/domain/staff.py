"""Staff, as administrators keep it: who comes, changes, goes and comes back. Each change is a line of the audit.

Whoever goes is signed out and without a phone at once. What they hold stays on their account: packets become a matter of
their office until somebody else has them, visits are given anew, money waits at the till.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.db import db, lock
from app.domain import audit, devices, invitations, money, passkeys, people, phones, rounds, scope, sessions, tasks
from app.domain.devices import CURRENT, Device
from app.domain.packets import Packet, State
from app.domain.people import LOGIN, Act, Right, Role, User
from app.domain.places import Office, fold
from app.domain.tasks import Task, TaskKind
from app.domain.visits import OPEN, Round, Visit
from app.errors import Invalid, Refused

SHOWN = 100  # people of one page


class Standing(StrEnum):
    AT_WORK = "at_work"
    WAITING = "waiting"  # has not set a password yet
    ENDED = "ended"


def standing(person: User) -> Standing:
    if person.disabled_at is not None:
        return Standing.ENDED
    return Standing.AT_WORK if person.password_hash else Standing.WAITING


def found(
    user: User,
    text: str = "",
    *,
    role: Role | None = None,
    office_id: int | None = None,
    wanted: Standing | None = None,
) -> list[User]:
    """Those whose name has a word that begins with each of these, with accents or without, or whose sign-in name or badge
    begins so. Who has left is among them only where that is asked for."""
    rows = sa.select(User) if user.may(Right.ADMIN) else sa.select(User).where(sa.false())
    for column, value in ((User.role, role), (User.office_id, office_id)):
        rows = rows.where(column == value) if value is not None else rows
    words = fold(text).split()
    everybody = sorted(db.session.scalars(rows), key=lambda one: (fold(one.name), one.login))
    return [
        one
        for one in everybody
        if (standing(one) is wanted if wanted else one.disabled_at is None)
        and all(_begins(one, word) for word in words)
    ]


def _begins(person: User, word: str) -> bool:
    return any(each.startswith(word) for each in (*fold(person.name).split(), person.login, fold(person.badge or "")))


# ---- what somebody has in hand ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holdings:
    packets: list[Packet]
    purse: money.Purse
    visits: list[Visit]
    matters: list[Task]
    phones: list[Device]

    @property
    def binds(self) -> bool:
        """What nobody else answers for until it is handed over."""
        return bool(self.packets or self.purse.total)


def holdings(person: User, at: datetime) -> Holdings:
    held = (
        sa.select(Packet).where(Packet.holder_id == person.party_id, Packet.state.in_(IN_HAND)).order_by(Packet.number)
    )
    to_make = (
        sa.select(Visit).join(Round).where(Round.courier_id == person.id, Visit.state.in_(OPEN)).order_by(Visit.id)
    )
    taken = sa.select(Task).filter_by(owner_id=person.id, closed_at=None).order_by(Task.due, Task.id)
    return Holdings(
        list(db.session.scalars(held)) if person.party_id else [],
        money.purse(person.party_id),
        list(db.session.scalars(to_make)),
        list(db.session.scalars(taken)),
        [device for device in devices.of(person) if device.standing(at) in CURRENT],
    )


IN_HAND = (State.CARRIED, State.DISPUTED, State.LOST)


# ---- to come, to change, to go ----------------------------------------------------------------------------------


def add(
    login: str,
    name: str,
    role: Role,
    office_id: int | None,
    act: Act,
    *,
    badge: str | None = None,
    phone: str | None = None,
    units: Collection[int] | None = (),
) -> User:
    """Somebody who sets their own password by a link. `units`: the offices a supervisor answers for, None for all.

    Raises Invalid: `login_form`, `login_taken`, `badge_taken`, `badge_not_needed`, `units_none`, and as `people.hire`, `people.read_phone`.
    """
    login = login.strip().lower()
    if not LOGIN.fullmatch(login):
        raise Invalid("login_form")
    if db.session.scalar(sa.select(User.id).filter_by(login=login)):
        raise Invalid("login_taken", login=login)
    office, badge, phone = _place(None, role, office_id, badge, phone)
    _check_badge(role, badge)
    person = people.hire(login, name, role, office, None, badge=badge, phone=phone, units=_units(role, units))
    db.session.flush()
    audit.note("hired", person.id, act, **_post(person))
    return person


def change(
    person: User,
    act: Act,
    *,
    name: str,
    role: Role,
    office_id: int | None,
    badge: str | None = None,
    phone: str | None = None,
    units: Collection[int] | None = (),
) -> None:
    """Write down what somebody is now. Matters they had taken and see no longer go back to their office; in another role or
    office they sign in anew.

    Raises Refused: `service_over`, `not_oneself` (another role), `last_admin`, `courier_stays`, `hands_full` (a courier of
    another office); Invalid as `add`.
    """
    person = _locked(person)
    if person.disabled_at is not None:
        raise Refused("service_over")
    office, badge, phone = _place(person, role, office_id, badge, phone)
    people.check_names(name, badge)
    if role is not person.role:
        _check_leaving(person, act)
        if Role.COURIER in (role, person.role):
            raise Refused("courier_stays")
    _check_badge(role, badge)
    place = (role, office.id if office else None)
    held, theirs = holdings(person, act.at), _units(role, units)
    if place != (person.role, person.office_id) and (held.binds or held.visits):
        raise Refused("hands_full", packets=len(held.packets), visits=len(held.visits))
    facts = {"name": name, "role": role, "office_id": place[1], "badge": badge, "phone": phone, "units": sorted(theirs or (), key=_named),
             "oversees_all": theirs is None}  # fmt: skip
    changed = sorted(key for key, value in facts.items() if getattr(person, key) != value)
    for key in changed:
        setattr(person, key, facts[key])
    if changed:
        db.session.flush()
        db.session.expire(person, ["office", "units"])
        audit.note("person_changed", person.id, act, changed=changed, **_post(person))
        if {"role", "office_id"} & set(changed):
            sessions.end_all(person, act)
        seen = set(db.session.scalars(scope.tasks(person).with_only_columns(Task.id)))
        _give_back([task for task in held.matters if task.id not in seen], act)


def end(person: User, act: Act, *, knows: bool) -> Holdings:
    """Somebody works here no longer. What they had in hand; `knows`: whoever ends it has seen that.

    Raises Refused: `not_oneself`, `last_admin`, `still_holds`.
    """
    person = _locked(person)
    held = holdings(person, act.at)
    if person.disabled_at is not None:
        return held
    _check_leaving(person, act)
    if held.binds and not knows:
        raise Refused("still_holds")
    person.disabled_at = act.at
    sessions.end_all(person, act)
    invitations.end_all(person, act)
    passkeys.remove_all(person, act)
    phones.withdraw(person, act)
    _give_back(held.matters, act)
    touched = {visit.round for visit in held.visits}
    for visit in held.visits:
        rounds.take_off(visit)
    for round_ in touched - {None}:
        assert round_
        rounds.reckon(round_, act.at)
    db.session.flush()
    audit.note(
        "dismiss", person.id, act, packets=[packet.number for packet in held.packets], money=held.purse.total,
        visits=[visit.id for visit in held.visits], matters=[task.id for task in held.matters],
    )  # fmt: skip
    list(left_behind(act.at))
    return held


def bring_back(person: User, act: Act) -> None:
    """Somebody works here again, as what they were; a new link lets them in, not the password of then."""
    person = _locked(person)
    if person.disabled_at is None:
        return
    people.check_place(person.role, person.office, person.badge)
    person.disabled_at, person.password_hash, person.pin_hash = None, "", None
    db.session.flush()
    audit.note("brought_back", person.id, act, role=person.role)


def _locked(person: User) -> User:
    """The person, and every administrator at work: two who end each other must not both succeed."""
    admins = db.session.scalars(sa.select(User.id).filter_by(role=Role.ADMIN, disabled_at=None))
    return {one.id: one for one in lock(User, *{person.id, *admins})}[person.id]


def _check_leaving(person: User, act: Act) -> None:
    """Whether this person may be taken out of their role."""
    if act.user is not None and act.user.id == person.id:
        raise Refused("not_oneself")
    others = sa.select(User.id).filter_by(role=Role.ADMIN, disabled_at=None).where(User.id != person.id)
    if person.role is Role.ADMIN and db.session.scalar(others.where(User.password_hash != "").limit(1)) is None:
        raise Refused("last_admin")


def _place(
    person: User | None, role: Role, office_id: int | None, badge: str | None, phone: str | None
) -> tuple[Office | None, str | None, str | None]:
    office = db.session.get(Office, office_id) if office_id else None
    badge = badge or None
    people.check_place(role, office, badge)
    others = sa.select(User.id).filter_by(badge=badge).where(User.id != (person.id if person else ""))
    if badge and db.session.scalar(others):
        raise Invalid("badge_taken", badge=badge)
    return office, badge, people.read_phone(phone) if phone else None


def _check_badge(role: Role, badge: str | None) -> None:
    if badge and role is not Role.COURIER:
        raise Invalid("badge_not_needed")


def _units(role: Role, units: Collection[int] | None) -> list[Office] | None:
    """What a supervisor answers for, None for all; anybody else for nothing."""
    if role is not Role.SUPERVISOR:
        return []
    if units is None:
        return None
    found = list(db.session.scalars(sa.select(Office).where(Office.id.in_(units))))
    if not found:
        raise Invalid("units_none")
    return found


def _named(office: Office) -> str:
    return office.name


def _post(person: User) -> dict[str, Any]:
    """As what and where somebody works, for the audit."""
    where = {"role": person.role, "office": person.office.code if person.office else None}
    if person.role is not Role.SUPERVISOR:
        return where
    return where | {"units": "all" if person.oversees_all else sorted(office.code for office in person.units)}


def has_overseer() -> bool:
    """Whether somebody at work answers for all offices: what belongs to none is theirs alone."""
    return db.session.scalar(sa.select(User.id).filter_by(oversees_all=True, disabled_at=None).limit(1)) is not None


def _give_back(matters: Iterable[Task], act: Act) -> None:
    for task in matters:
        task.owner_id = None
        audit.note("task_back", f"task {task.id}", act)


# ---- what was left behind ---------------------------------------------------------------------------------------


def _left() -> sa.Select[Packet]:
    gone = sa.select(User.party_id).where(User.role == Role.COURIER, User.disabled_at.is_not(None))
    return sa.select(Packet).where(Packet.state == State.CARRIED, Packet.holder_id.in_(gone))


def left_behind(at: datetime) -> Iterator[Task]:
    """Packets with somebody who works here no longer: whoever worked beside them looks for each."""
    cared_for = sa.exists().where(Task.packet_id == Packet.id, Task.kind == TaskKind.LEAVER, Task.closed_at.is_(None))
    for packet in db.session.scalars(_left().where(~cared_for)).all():
        yield tasks.raise_(TaskKind.LEAVER, at, packet=packet)


def no_longer_left(at: datetime) -> None:
    """Close those that somebody at work has now."""
    held = _left().with_only_columns(Packet.id)
    over = sa.select(Task).where(Task.kind == TaskKind.LEAVER, Task.closed_at.is_(None), Task.packet_id.not_in(held))
    for task in db.session.scalars(over).all():
        task.closed_at, task.outcome = at, "handed_over"
