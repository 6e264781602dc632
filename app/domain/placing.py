"""Placing: where a scan belongs among the packet's undisputed moves, and what that makes of it.

A scan that names its parent belongs behind it; one that names none belongs behind the first move it fits. Judging
by what it follows, not by who holds the packet now, makes the outcome a function of the set of scans. What people
have decided closes the past: a scan that names something before it waits for a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from app.db import db
from app.domain import ledger, scans
from app.domain.hands import Hand, Link
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Packet, State
from app.domain.scans import Ruling, Scan, ScanRow, Verdict
from app.domain.steps import CLOSING_EVENTS, Step


@dataclass(frozen=True)
class Place:
    """Where a scan belongs, and what that makes of it."""

    ruling: Ruling
    why: str | None = None
    at: Link | None = None
    step: Step | None = None
    echoes: int | None = None  # the line a duplicate repeats


@dataclass
class Story:
    """A packet's moves as they stand: the live links, and the digests that people have closed."""

    links: list[Link]
    stands_for: dict[bytes, bytes] = field(default_factory=dict)  # a line corrected away from → its correction
    void: list[Handoff] = field(default_factory=list)
    closed: set[bytes] = field(default_factory=set)

    def meaning(self, digest: bytes) -> bytes:
        """The digest that stands for this one now."""
        while digest in self.stands_for:
            digest = self.stands_for[digest]
        return digest

    def find(self, digest: bytes) -> Link | None:
        return next((link for link in self.links if link.digest == digest), None)


def place(scan: Scan, packet: Packet, hand: Hand) -> Place:
    """Where `scan` belongs among the packet's undisputed moves."""
    if packet.fork is None and scan.parent == packet.head:
        link = Link(packet.head, packet.state, packet.holder_id, None)  # nearly always: it follows the newest move
        step = hand.fits(link)
        return Place(Ruling.HELD, step) if isinstance(step, str) else Place(Ruling.APPLIED, at=link, step=step)
    told = story(packet)
    if scan.parent is None:
        fitting = [(link, step) for link in told.links if not isinstance(step := hand.fits(link), str)]
        if not fitting:
            short = any(hand.fits(link) == "proof_missing" for link in told.links)
            return Place(Ruling.HELD, "proof_missing" if short else "fits_nowhere")
        link, step = fitting[0]
    else:
        named = told.meaning(aliases(packet).get(scan.parent, scan.parent))
        found = told.find(named)
        if found is None:
            return Place(Ruling.HELD, _why_not(named, packet, told))
        answer = hand.fits(found)
        if isinstance(answer, str):
            return Place(Ruling.HELD, answer)
        link, step = found, answer
    return _beside(scan, packet, told, link, step)


def _why_not(named: bytes, packet: Packet, told: Story) -> str:
    if named in told.closed or any(row.digest == named for row, _ in settled_against(packet)):
        return "after_settle"
    known = db.session.scalar(sa.select(Handoff.id).filter_by(packet_id=packet.id, digest=named))
    return "behind_dispute" if known or any(row.digest == named for row, _ in claims(packet)) else "parent_unknown"


def _beside(scan: Scan, packet: Packet, told: Story, link: Link, step: Step) -> Place:
    """The place is known; what already follows it decides."""
    if any(told.meaning(line.follows or b"") == link.digest and _repeats(scan, line) for line in told.void):
        return Place(Ruling.HELD, "after_settle")
    child = _child(packet, told, link)
    if child is not None and _repeats(scan, child):
        return Place(Ruling.DUPLICATE, echoes=child.id)
    if link.digest == packet.fork:
        if any(scan.key == read(row).key for row, _ in claims(packet)):
            return Place(Ruling.DUPLICATE)
        return Place(Ruling.DISPUTED, "joins_dispute", link)
    if child is None and link.digest == told.links[-1].digest:
        return Place(Ruling.APPLIED, at=link, step=step)
    return Place(Ruling.DISPUTED, "two_children", link)


def _child(packet: Packet, told: Story, link: Link) -> Handoff | None:
    """The move behind `link`, live or contested."""
    follows = sa.select(Handoff).filter_by(packet_id=packet.id, follows=link.digest, kind=LineKind.MOVE)
    child = db.session.scalar(follows.where(Handoff.event.not_in({"dispute", *CLOSING_EVENTS})))
    return None if child is None or child.digest in told.closed else child


def story(packet: Packet) -> Story:
    """The moves as they stand: from genesis or the newest settlement on, up to the fork if there is one."""
    told = Story([Link(packet.genesis, State.WAITING, packet.origin_id, None)])
    for line in ledger.lines(packet):
        if line.kind is LineKind.NOTE or line.event == "dispute":
            continue
        link = Link(line.digest, line.state, line.taker_id, line)
        if line.event == "settle":
            told.closed |= {old.digest for old in told.links} | {old.digest for old in told.void}
            told.links, told.stands_for = [link], {}
        elif line.event == "correct":
            taken_back = told.links.pop()
            assert taken_back.line
            told.closed.add(taken_back.digest)
            told.void.append(taken_back.line)
            told.stands_for[told.links[-1].digest] = link.digest
            told.links[-1] = link
        else:
            told.links.append(link)
    if packet.fork is not None:
        at = next(i for i, link in enumerate(told.links) if link.digest == packet.fork)
        del told.links[at + 1 :]
    return told


def aliases(packet: Packet) -> dict[bytes, bytes]:
    """Digests of duplicates, and the digest of the move each repeats."""
    repeated = {line.id: line.digest for line in ledger.lines(packet)}
    echoes = scans.of_packet(packet.code, Ruling.DUPLICATE)
    return {row.digest: repeated[verdict.line_id] for row, verdict in echoes if verdict.line_id in repeated}


def claims(packet: Packet) -> list[tuple[ScanRow, Verdict]]:
    return scans.of_packet(packet.code, Ruling.DISPUTED)


def settled_against(packet: Packet) -> Iterable[tuple[ScanRow, Verdict]]:
    ruled_out = scans.of_packet(packet.code, Ruling.QUARANTINED)
    return ((row, verdict) for row, verdict in ruled_out if verdict.why == "settled_against")


def read(row: ScanRow) -> Scan:
    return scans.read(row.body, row.sig)


def _repeats(scan: Scan, line: Handoff) -> bool:
    return scan.key == read(db.session.get_one(ScanRow, line.digest)).key
