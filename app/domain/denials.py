"""Denials: what a citizen says against the record at their own page: it was not I who received it, I gave nothing away.

A denial is a dispute like any other: it moves no packet, and people settle it.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain import corrections, packets, remedies
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State
from app.domain.people import Act
from app.domain.placing import LATE
from app.errors import Refused

LAID = {"collect": "not_handed_over", "deliver": "not_me", "confirm": "not_me"}  # to the citizen, by the record
SETTLED_BY_OTHERS = frozenset({State.WAITING, State.OPENED, State.LOST, State.DISPUTED, State.WRITTEN_OFF})


@dataclass(frozen=True)
class Denial:
    packet: Packet
    line: bytes  # the digest of the scan that made it
    reason: str  # of steps.REASONS
    at: datetime  # when what is denied was recorded


def possible(dossier: Dossier, at: datetime) -> Denial | None:
    """The newest act the record lays to the citizen that may still be denied; that it was delivered, for three days."""
    for packet in reversed(packets.of_dossier(dossier.id)):
        moves = [] if packet.state in SETTLED_BY_OTHERS else remedies.contestable(packet)
        line = next((link.line for link in moves if link.line and link.line.event in LAID), None)
        late = packet.state is State.DELIVERED and line is not None and at - line.recorded_at > LATE
        if line is not None and not late:
            reason = "not_received" if packet.state is State.DELIVERED_UNVERIFIED else LAID[line.event]
            return Denial(packet, line.digest, reason, line.recorded_at)
    return None


def deny(dossier: Dossier, reason: str, act: Act) -> None:
    """The citizen says so. Raises Refused("nothing_to_deny") when that is not what the record says any more."""
    found = possible(dossier, act.at)
    if found is None or found.reason != reason:
        raise Refused("nothing_to_deny")
    citizen = dossier.citizen.party_id
    corrections.contest(found.packet, act, head=found.packet.head, line=found.line, reason=reason, actor=citizen)
