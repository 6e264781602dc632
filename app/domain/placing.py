"""Placing: where a scan belongs among the packet's undisputed moves, and what that makes of it.

A scan that names its parent belongs behind it; one that names none belongs behind the first move it fits. Judging
by what it follows, not by who holds the packet now, makes the outcome a function of the set of scans.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.domain import ledger, scans
from app.domain.hands import Hand, Link
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Packet, State
from app.domain.scans import Ruling, Scan, ScanRow, Verdict
from app.domain.steps import Step


@dataclass(frozen=True)
class Place:
    """Where a scan belongs, and what that makes of it."""

    ruling: Ruling
    why: str | None = None
    at: Link | None = None
    step: Step | None = None
    echoes: int | None = None  # the line a duplicate repeats


def place(scan: Scan, packet: Packet, hand: Hand) -> Place:
    """Where `scan` belongs among the packet's undisputed moves."""
    if packet.fork is None and scan.parent == packet.head:  # nearly always: it follows the newest move
        link = Link(packet.head, packet.state, packet.holder_id, None)
        step = hand.fits(link)
        return Place(Ruling.HELD, step) if isinstance(step, str) else Place(Ruling.APPLIED, at=link, step=step)
    chain = live(packet)
    if scan.parent is None:
        fitting = [(link, step) for link in chain if not isinstance(step := hand.fits(link), str)]
        if not fitting:
            short = any(hand.fits(link) == "proof_missing" for link in chain)
            return Place(Ruling.HELD, "proof_missing" if short else "fits_nowhere")
        link, step = fitting[0]
    else:
        named = aliases(packet).get(scan.parent, scan.parent)
        found = next((link for link in chain if link.digest == named), None)
        if found is None:
            known = db.session.scalar(sa.select(Handoff.id).filter_by(packet_id=packet.id, digest=named))
            behind = known or any(row.digest == named for row, _ in claims(packet))
            return Place(Ruling.HELD, "behind_dispute" if behind else "parent_unknown")
        answer = hand.fits(found)
        if isinstance(answer, str):
            return Place(Ruling.HELD, answer)
        link, step = found, answer
    return _beside(scan, packet, chain, link, step)


def _beside(scan: Scan, packet: Packet, chain: list[Link], link: Link, step: Step) -> Place:
    """The place is known; what already follows it decides."""
    child = db.session.scalar(
        sa.select(Handoff).filter_by(packet_id=packet.id, follows=link.digest, kind=LineKind.MOVE)
        .where(Handoff.event != "dispute")
    )  # fmt: skip
    if child is not None and _echoes(scan, _scan_of(child.digest)):
        return Place(Ruling.DUPLICATE, echoes=child.id)
    if link.digest == packet.fork:
        if any(_echoes(scan, read(row)) for row, _ in claims(packet)):
            return Place(Ruling.DUPLICATE)
        return Place(Ruling.DISPUTED, "joins_dispute", link)
    if child is None and link.digest == chain[-1].digest:
        return Place(Ruling.APPLIED, at=link, step=step)
    return Place(Ruling.DISPUTED, "two_children", link)


def live(packet: Packet) -> list[Link]:
    """Genesis and the moves after it, up to the fork if there is one, else to the head."""
    moves = {line.follows: line for line in ledger.lines(packet) if line.kind is LineKind.MOVE}
    chain = [Link(packet.genesis, State.WAITING, packet.origin_id, None)]
    while chain[-1].digest != packet.fork and (line := moves.get(chain[-1].digest)):
        chain.append(Link(line.digest, line.state, line.taker_id, line))
    return chain


def aliases(packet: Packet) -> dict[bytes, bytes]:
    """Digests of duplicates, and the digest of the move each repeats."""
    repeated = {line.id: line.digest for line in ledger.lines(packet)}
    echoes = scans.of_packet(packet.code, Ruling.DUPLICATE)
    return {row.digest: repeated[verdict.line_id] for row, verdict in echoes if verdict.line_id in repeated}


def claims(packet: Packet) -> list[tuple[ScanRow, Verdict]]:
    return scans.of_packet(packet.code, Ruling.DISPUTED)


def read(row: ScanRow) -> Scan:
    return scans.parse(row.body, row.sig)


def _scan_of(digest: bytes) -> Scan:
    return read(db.session.get_one(ScanRow, digest))


def _echoes(one: Scan, other: Scan) -> bool:
    return (one.event, one.giver, one.taker, one.seal) == (other.event, other.giver, other.taker, other.seal)
