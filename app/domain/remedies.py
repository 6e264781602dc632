"""Remedies: what this person may enter for a packet whose record and the world differ, and what a decision may name.

What is allowed follows from STEPS and is refused by custody; here it is looked up, so that a page offers nothing in vain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.db import db
from app.domain import corrections, custody, flags, people
from app.domain.cases import CASES
from app.domain.flags import Detail
from app.domain.hands import BY_ROLE, Link
from app.domain.packets import Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import Role, User
from app.domain.placing import LATE
from app.domain.steps import CLOSING_EVENTS, By, Proof, rows
from app.domain.trails import Entry, Trail


class Remedy(StrEnum):
    """Each is an event of STEPS, but for the last: to call off is a step of CASES, and no change of hands."""

    SETTLE = "settle"
    CONTEST = "dispute"
    CORRECT = "correct"
    HAND_ON = "transfer"
    SEE = "sighting"
    RESEAL = "seal_change"
    LOSE = "lost"
    AMEND = "amend"
    DAMAGE = "damaged"
    ATTEST = "attest"
    CONFIRM = "confirm"
    CALL_OFF = "call_off"


WISHED_TO = frozenset({By.POST, By.DISPATCHER})  # whom a citizen calls who wants the papers back


def possible(user: User, packet: Packet, at: datetime) -> list[Remedy]:
    """What `user` can enter for this packet as it is now."""
    by, told = BY_ROLE.get(user.role), custody.trail(packet)
    return [
        remedy
        for remedy in Remedy
        if by in recorders(remedy, packet) and FURTHER.get(remedy, _goes_on)(user, packet, told, at)
    ]


def recorders(remedy: Remedy, packet: Packet) -> frozenset[By]:
    """Who may enter it for a packet in this state."""
    if remedy is Remedy.CALL_OFF:
        return WISHED_TO
    return frozenset(step.by for step in rows(remedy, packet.way) if step.source in (None, packet.state))


def told_to_citizen(remedy: Remedy, way: Way, state: State) -> str:
    """The kind of message the citizen gets when it leads to `state`; "" for none."""
    if remedy is Remedy.CALL_OFF:
        return CASES["call_off"].tell or ""
    if remedy is Remedy.ATTEST:
        return "collected"  # like everybody else's, once it is proven
    return next((step.told(state) for step in rows(remedy, way) if step.tell), "")


def needs_second(remedy: Remedy, way: Way) -> bool:
    return any(Proof.SECOND in proof for step in rows(remedy, way) for proof in step.proof)


def _goes_on(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    return not packet.ended


def _may_correct(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    """There is a line to take back, and nobody has built on it: an opened bag is no bag any more."""
    newest = told.links()[-1].line
    return not packet.ended and packet.fork is None and len(told.links()) > 1 and newest is not None and (
        newest.event not in CLOSING_EVENTS
    )  # fmt: skip


def _may_contest(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    """A past or present holder, or a dispatcher; a delivery for three days."""
    if packet.state in (State.DISPUTED, State.OPENED, State.WRITTEN_OFF) or not contestable(packet):
        return False
    newest = told.links()[-1].line
    if packet.state is State.DELIVERED and newest and at - newest.recorded_at > LATE:
        return False
    return user.role is Role.DISPATCHER or user.holds_as in {packet.origin_id, *(link.holder for link in told.links())}


def _may_hand_on(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    return bool(riders(user, packet))


def _lies_here(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    """The bag lies here beyond doubt."""
    return packet.state in (State.WAITING, State.AT_POST, State.AT_DESK) and packet.holder_id == user.holds_as


def _may_reseal(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    return _lies_here(user, packet, told, at) and bool(packet.seals)


def _may_amend(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    """Also when all is over: what was noted wrongly is found out late."""
    return bool(flags.details(told))


def _may_attest(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    return "collect_unproven" in packet.flags


def _may_call_off(user: User, packet: Packet, told: Trail, at: datetime) -> bool:
    return corrections.may_be_called_off(packet)


FURTHER: dict[Remedy, Callable[[User, Packet, Trail, datetime], bool]] = {
    Remedy.CORRECT: _may_correct, Remedy.CONTEST: _may_contest, Remedy.HAND_ON: _may_hand_on, Remedy.RESEAL: _may_reseal,
    Remedy.AMEND: _may_amend, Remedy.DAMAGE: _lies_here, Remedy.ATTEST: _may_attest, Remedy.CALL_OFF: _may_call_off,
}  # fmt: skip


def riders(user: User, packet: Packet) -> list[User]:
    """Couriers of the dispatcher's office who do not have the packet."""
    colleagues = people.couriers_of(user.office_id) if user.office_id else []
    return [courier for courier in colleagues if courier.party_id != packet.holder_id]


def story_of(packet: Packet) -> list[Link]:
    """The packet's moves as they stand, genesis first."""
    return custody.trail(packet).links()


def amendable(packet: Packet) -> list[Detail]:
    return flags.details(custody.trail(packet))


def contestable(packet: Packet) -> list[Link]:
    """The moves somebody may say are not so, newest first; what people have decided is not among them."""
    links = story_of(packet)[1:]
    return [link for link in reversed(links) if link.line and link.line.event not in CLOSING_EVENTS]


# ---- where a packet may turn out to be --------------------------------------------------------------------------


@dataclass(frozen=True)
class Ending:
    """One way a dispute may end, or a lost packet turn up: in whose hands, in which state, by which claim."""

    state: State
    holder: str
    tip: bytes | None = None

    @property
    def key(self) -> str:
        return f"{self.state}:{self.holder}:{self.tip.hex() if self.tip else ''}"


STATE_OF_TAKER = {
    PartyKind.COURIER: State.CARRIED, PartyKind.POST: State.AT_POST, PartyKind.DESK: State.AT_DESK,
    PartyKind.CITIZEN: State.DELIVERED,
}  # fmt: skip


def endings(packet: Packet) -> list[Ending]:
    """First what the claims say, then as it was before them, then the places a packet may be found."""
    told = custody.trail(packet)
    behind = [entry for entry in told.waiting() if entry.why == "behind_dispute"]
    found = [_claimed(entry) for entry in [*told.claims(), *behind] if entry.is_move]
    before = told.links()[-1]
    if packet.state is State.DISPUTED and before.state not in (State.DISPUTED, State.LOST):
        found.append(Ending(before.state, before.holder))
    dossier = packet.dossier
    if dossier is not None:
        found.append(Ending(State.AT_POST, dossier.post_office.party_id))
        found.append(Ending(State.AT_DESK, dossier.desk.party_id))
        found += [Ending(State.CARRIED, c.party_id) for c in people.couriers_of(dossier.post_office_id) if c.party_id]
        home = State.WAITING if packet.way is Way.IN else State.DELIVERED
        found.append(Ending(home, dossier.citizen.party_id))
    found.append(Ending(State.WRITTEN_OFF, packet.holder_id))
    unique: dict[tuple[State, str], Ending] = {}
    for ending in found:
        if ending is not None:
            unique.setdefault((ending.state, ending.holder), ending)
    return list(unique.values())


def _claimed(entry: Entry) -> Ending | None:
    """What holds if this scan was the true one."""
    scan = entry.scan
    taker = db.session.get(Party, scan.taker) if scan.taker else None
    if taker is None:
        return None
    vouched_alone = scan.event == "deliver" and scan.giver == scan.taker
    state = State.DELIVERED_UNVERIFIED if vouched_alone else STATE_OF_TAKER[taker.kind]
    return Ending(state, taker.id, scan.digest)
