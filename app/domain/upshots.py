"""Upshots: what the evidence of a packet comes to, whatever the order in which it was told.

Whoever audits walks the scans anew, in any order between two decisions of people, and compares with what was written.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from app.domain import flags, placing, sittings, stickers
from app.domain.bodies import digest_of
from app.domain.packets import Packet, State
from app.domain.placing import FINAL, Judge
from app.domain.scans import Ruling
from app.domain.steps import CLOSING_EVENTS
from app.domain.tokens import Keys
from app.domain.trails import Entry, Trail

Key = tuple[str | None, ...]
Shuffle = Callable[[list[Entry]], object]


@dataclass(frozen=True)
class Upshot:
    """Which of several tellings of one act made the line, and in which order lines stand, is nobody's concern."""

    state: State
    holder: str
    live: tuple[tuple[str, str, State], ...]  # event, taker, state of every undisputed move since people last decided
    claims: frozenset[Key]
    held: frozenset[bytes]
    closed: frozenset[bytes]
    flags: tuple[str, ...]
    used_at: int | None  # of a sticker: the visit


def of(packet: Packet) -> Upshot:
    """As the database has it."""
    return come_to(sittings.open_trails([packet])[packet.code], packet.flags)


def come_to(trail: Trail, flags_: Iterable[str] = ()) -> Upshot:
    entries = trail.entries.values()
    return Upshot(
        state=trail.state,
        holder=trail.holder,
        live=tuple((link.line.event, link.holder, link.state) for link in trail.links() if link.line),
        claims=frozenset(entry.scan.key for entry in trail.claims()),
        held=frozenset(entry.scan.digest for entry in entries if entry.ruling is Ruling.HELD),
        closed=frozenset(entry.scan.digest for entry in entries if entry.is_closed),
        flags=tuple(sorted(flags_)),
        used_at=stickers.used_at(trail),
    )


def rebuild(packet: Packet, keys: Keys, shuffle: Shuffle = list.reverse) -> Upshot:
    """What the packet's scans come to when they are judged from the beginning, in another order.

    Reads evidence, devices and checked codes; neither the ledger nor the packet's own row. Nothing is written.
    """
    told = sittings.open_trails([packet])[packet.code].entries.values()
    trail = Trail.bare(packet)
    for entry in _in_another_order(told, shuffle):
        trail.entries[entry.scan.digest] = entry
        if entry.ruling is None:
            hand = partial(sittings.hand_of, packet=packet, keys=keys, trail=trail, rehearsal=True)
            placing.judge(trail, Judge(hand, say, entry.recorded_at, again=True), entry)
    return come_to(trail, flags.of(trail, packet))


def _in_another_order(told: Iterable[Entry], shuffle: Shuffle) -> Iterator[Entry]:
    """The scans not yet judged, shuffled between two decisions; those that have no place as they are.

    The ledger's own disputes are left out: they follow from the rest.
    """
    entries = [entry for entry in told if not (entry.scan.event == "dispute" and entry.ruling is Ruling.APPLIED)]
    decisions = [e for e in entries if e.scan.event in CLOSING_EVENTS and e.ruling is not Ruling.HELD]
    for decision in [*sorted(decisions, key=lambda entry: entry.recorded_at), None]:
        part = [e for e in entries if e not in decisions and (not decision or e.heard_at < decision.recorded_at)]
        entries = [entry for entry in entries if entry not in part]
        shuffle(part)
        for entry in [*part, decision] if decision else part:
            final = not entry.is_believed or (entry.ruling is Ruling.HELD and entry.why in FINAL - {"after_settle"})
            kept = (entry.ruling, entry.why) if final else (None, None)
            yield Entry(entry.scan, entry.recorded_at, *kept)


def say(trail: Trail, taker: str, tip: bytes, claims: list[bytes]) -> Entry:
    """A dispute as the ledger would word it; nobody signs it here."""
    model = trail.entries[claims[0]]
    body = b"dispute\n" + trail.head + b"".join(claims)
    facts = {"event": "dispute", "giver": trail.holder, "taker": taker, "parent": trail.head, "tip": tip}
    scan = replace(model.scan, body=body, digest=digest_of(body), **facts)  # type: ignore[arg-type]
    return Entry(scan, model.recorded_at)
