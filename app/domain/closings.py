"""Closings: what people decide about a packet whose record does not agree with itself. Always a new line, never an edit.

A settlement says where the packet really is; a correction takes the newest line back. Both need a second person, and
close the past: evidence that comes later and names it waits for a person. From the ledger alone nobody is found guilty.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.db import db
from app.domain import ledger, placing, scans
from app.domain.hands import Hand, Link
from app.domain.packets import Packet, State
from app.domain.parties import Party, PartyKind
from app.domain.placing import Story
from app.domain.scans import Ruling, Scan
from app.domain.steps import CLOSING_EVENTS, HELD_BY, By, Step, known_words, rows

TOO_LATE = timedelta(hours=72)  # after a delivery nobody contests it here any more


@dataclass(frozen=True)
class Decision:
    step: Step
    state: State
    holder: str


def may_contest(scan: Scan, packet: Packet, line: Link, hand: Hand, holders: set[str], at: datetime) -> str | None:
    """Why this person may not contest `line`, or None: the citizen, a present or past holder, or a dispatcher."""
    if not any(step.by is hand.by and hand.proves(step) for step in rows("dispute", packet.way)):
        return "proof_missing"
    if hand.by not in (By.SERVER, By.DISPATCHER) and hand.party not in holders and not _is_citizen(packet, hand.party):
        return "out_of_turn"
    if packet.state is State.DELIVERED and line.line and at - line.line.recorded_at > TOO_LATE:
        return "too_late"
    return None


def _is_citizen(packet: Packet, party: str | None) -> bool:
    return bool(packet.dossier and packet.dossier.citizen.party_id == party)


def decide(scan: Scan, packet: Packet, told: Story, hand: Hand) -> Decision | str:
    """What the decision makes of the packet, or why it does not stand."""
    if scan.parent != packet.head:
        return "out_of_turn"
    for step in rows(scan.event, packet.way):
        if step.by is not hand.by or step.source not in (None, packet.state):
            continue
        if not hand.proves(step) or not scan.reason or not known_words(scan.event, scan.reason, scan.next):
            return "proof_missing"
        return _settled(scan, packet, step) if scan.event == "settle" else _corrected(scan, packet, told, step)
    return "out_of_turn"


def _settled(scan: Scan, packet: Packet, step: Step) -> Decision | str:
    """The packet is where somebody saw it, with who really has it."""
    holder = db.session.get(Party, scan.taker)
    if scan.state not in set(HELD_BY) or holder is None or holder.kind not in HELD_BY[State(scan.state)]:
        return "fits_nowhere"
    if holder.kind is PartyKind.CITIZEN and not _is_citizen(packet, holder.id):
        return "fits_nowhere"
    if scan.tip and scan.tip not in _quarrel(packet):
        return "parent_unknown"
    return Decision(step, State(scan.state), holder.id)


def _corrected(scan: Scan, packet: Packet, told: Story, step: Step) -> Decision | str:
    """The newest line never was: the one before it holds again."""
    if packet.fork is not None or len(told.links) < 2:
        return "out_of_turn"
    wrong, before = told.links[-1], told.links[-2]
    if wrong.line is None or wrong.line.event in CLOSING_EVENTS or (scan.giver, scan.taker) != (
        wrong.holder, before.holder,
    ):  # fmt: skip
        return "out_of_turn"
    return Decision(step, before.state, before.holder)


def sides(scan: Scan, packet: Packet) -> dict[bytes, tuple[Ruling, str | None]]:
    """What becomes of the scans a settlement decides between.

    The true tip, the branch that leads to it and what repeats it mean the settlement from now on; another claim and all
    behind it is set apart. What follows the tip is judged anew, unless it has a line already: then a person looks.
    """
    quarrel = _quarrel(packet)
    true = _branch(scan.tip, quarrel)
    keys = {quarrel[digest].key for digest in true}
    claims = {row.digest for row, _ in placing.claims(packet)}
    lost = {digest for digest in claims - true if quarrel[digest].key not in keys}
    while behind := {d for d, one in quarrel.items() if one.parent in lost} - lost - true:
        lost |= behind
    found: dict[bytes, tuple[Ruling, str | None]] = {}
    for digest, one in quarrel.items():
        if digest in lost:
            found[digest] = Ruling.QUARANTINED, "settled_against"
        elif digest in true or one.key in keys:
            found[digest] = Ruling.DUPLICATE, None
        elif ledger.has_line(digest):
            found[digest] = Ruling.HELD, "after_settle"
    return found


def _quarrel(packet: Packet) -> dict[bytes, Scan]:
    """Claims, what repeats them, and what waits behind them."""
    rows = [row for row, _ in placing.claims(packet)]
    rows += [row for row, v in scans.of_packet(packet.code, Ruling.DUPLICATE) if v.line_id is None]
    rows += [row for row, v in scans.of_packet(packet.code, Ruling.HELD) if v.why == "behind_dispute"]
    return {row.digest: placing.read(row) for row in rows}


def _branch(tip: bytes | None, quarrel: dict[bytes, Scan]) -> set[bytes]:
    """The tip and the scans it follows, as far as the quarrel goes."""
    found: set[bytes] = set()
    while tip in quarrel and tip not in found:
        found.add(tip)
        tip = quarrel[tip].parent
    return found
