"""Placing: where a scan belongs among a packet's undisputed moves, and what that makes of it.

A scan that names its parent belongs behind it; one that names none belongs behind the first move it fits. Judging by
what it follows, not by who holds the packet now, makes the outcome a function of the set of scans. People's decisions
(settle, correct) close what was before them: from there on the trail begins anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.domain.bodies import Scan
from app.domain.hands import Hand, Link
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import State
from app.domain.scans import REPEATS_CLAIM, Ruling
from app.domain.steps import CLOSING_EVENTS, DISPUTES, HOLDERS_NOTES, NOTE_EVENTS, By, Step, rows
from app.domain.trails import PLACELESS, STANDS, Entry, Happening, Trail

LATE = timedelta(hours=72)  # what was delivered can be contested by a person this long
FINAL = PLACELESS | {"too_late", "after_settle"}  # held, and no scan to come changes that


class Say(Protocol):
    """The ledger's own word: a dispute, signed by the server."""

    def __call__(self, trail: Trail, taker: str, tip: bytes, claims: list[bytes]) -> Entry: ...


@dataclass(frozen=True)
class Judge:
    """What judging needs from outside: who recorded a scan, and the server's hand for a dispute."""

    hand: Callable[[Entry], Hand]
    say: Say
    at: datetime
    again: bool = False  # walking the evidence anew: a decision need not name the newest line, which was another's echo


@dataclass(frozen=True)
class Place:
    """Where a scan belongs, and what that makes of it."""

    ruling: Ruling
    why: str | None = None
    at: Link | None = None
    step: Step | None = None
    repeats: Handoff | None = None


def judge(trail: Trail, with_: Judge, entry: Entry) -> None:
    """Give a scan its verdict, then look again at what waited for its place, until nothing changes."""
    trail.entries[entry.scan.digest] = entry
    _judge(trail, entry, with_)
    look_again(trail, with_)


def look_again(trail: Trail, with_: Judge) -> None:
    moved = True
    while moved:
        moved = False
        for entry in trail.waiting():
            if entry.ruling is Ruling.HELD and entry.why not in FINAL:
                _judge(trail, entry, with_)
                moved = moved or entry.ruling is not Ruling.HELD


def _judge(trail: Trail, entry: Entry, with_: Judge) -> None:
    entry.hand = hand = entry.hand or with_.hand(entry)
    event = entry.scan.event
    if not rows(event, hand.packet.way):
        trail.rule(entry, Ruling.HELD, "unknown_event")
    elif event in NOTE_EVENTS:
        _note(trail, entry, hand, with_.at)
    elif event in CLOSING_EVENTS:
        _close(trail, entry, hand, with_)
    else:
        place = contest(trail, entry.scan, hand) if event == "dispute" else place_move(trail, entry.scan, hand)
        _enact(trail, entry, place, with_)


# ---- moves ------------------------------------------------------------------------------------------------------


def place_move(trail: Trail, scan: Scan, hand: Hand) -> Place:
    """Where a move belongs among those that are undisputed."""
    if trail.fork is None and scan.parent == trail.head:  # nearly always: it follows the newest move
        step = hand.fits(trail.here)
        return Place(Ruling.HELD, step) if isinstance(step, str) else Place(Ruling.APPLIED, at=trail.here, step=step)
    chain = trail.links()
    if scan.parent is not None:
        named = trail.resolve(scan.parent)
        chain = [link for link in chain if link.digest == named]
        if not chain:
            return Place(Ruling.HELD, _why_not_there(trail, scan.parent, named))
    if _is_decided(trail, scan, chain[0]):
        return Place(Ruling.HELD, "after_settle")
    why = "fits_nowhere"
    for link in chain:
        place = _beside(trail, scan, link, hand.fits(link))
        if place.ruling is not Ruling.HELD:
            return place
        if scan.parent is not None or place.why != "out_of_turn":
            why = place.why or why
    return Place(Ruling.HELD, why)


def _is_decided(trail: Trail, scan: Scan, first: Link) -> bool:
    """Told again, later than people decided that it does not count, by somebody who did not know of the decision."""
    knew = first.line is None or first.line.event not in CLOSING_EVENTS or scan.parent == first.digest
    return not knew and scan.event != "confirm" and trail.repeats_closed(scan)


def _why_not_there(trail: Trail, parent: bytes, named: bytes) -> str:
    if trail.is_shut(named) or trail.is_shut(parent):
        return "after_settle"
    known = trail.entries.get(parent)
    return "behind_dispute" if trail.fork is not None and known and known.is_believed else "parent_unknown"


def _beside(trail: Trail, scan: Scan, link: Link, fit: Step | str) -> Place:
    """The place is known; what already follows it decides. Told again with a proof, an act needs it only once."""
    if isinstance(fit, str) and fit != "proof_missing":
        return Place(Ruling.HELD, fit)
    child = trail.child(link)
    if child is not None and trail.entries[child.digest].scan.key == scan.key:
        return Place(Ruling.DUPLICATE, REPEATS_CLAIM if link.digest == trail.fork else None, repeats=child)
    if link.digest == trail.fork and any(claim.scan.key == scan.key for claim in trail.claims()):
        return Place(Ruling.DUPLICATE, REPEATS_CLAIM)
    if isinstance(fit, str):
        return Place(Ruling.HELD, fit)
    if link.digest == trail.fork:
        return Place(Ruling.DISPUTED, "joins_dispute", link)
    if child is None:
        return Place(Ruling.APPLIED, at=link, step=fit)
    return Place(Ruling.DISPUTED, "two_children", link)


# ---- disputes ---------------------------------------------------------------------------------------------------


def contest(trail: Trail, scan: Scan, hand: Hand) -> Place:
    """A person speaks against a move: a claim beside it, after the line before it."""
    if isinstance(fit := hand.says(trail.state), str):
        return Place(Ruling.HELD, fit)
    assert scan.contested is not None
    if hand.by not in (By.CITIZEN, By.DISPATCHER) and hand.party not in trail.parties():
        return Place(Ruling.HELD, "not_holder")
    chain = trail.links()
    named = trail.resolve(scan.contested)
    before = next((link for link, after in zip(chain, chain[1:], strict=False) if after.digest == named), None)
    accused = trail.entries.get(scan.contested)
    if before is None and accused and accused.ruling is not Ruling.HELD and _is_open(trail, accused):
        before = chain[-1]  # it is one of the claims, or repeats one
    if before is None:
        return Place(Ruling.HELD, _why_not_there(trail, scan.contested, named))
    if before.digest == trail.fork:
        known = any(claim.scan.key == scan.key for claim in trail.claims())
        return Place(Ruling.DUPLICATE, REPEATS_CLAIM) if known else Place(Ruling.DISPUTED, "joins_dispute", before)
    if trail.state is State.DELIVERED and hand.recorded_at - _newest(trail) > LATE:
        return Place(Ruling.HELD, "too_late")
    return Place(Ruling.DISPUTED, "two_children", before)


def _newest(trail: Trail) -> datetime:
    return trail.entries[trail.head].recorded_at


def _dispute(trail: Trail, link: Link, entry: Entry, with_: Judge) -> None:
    """Two different acts follow `link`: both are disputed, and its holder answers for the packet."""
    undisputed = {one.digest for one in trail.links()[: _at(trail, link) + 1]}
    rival = trail.child(link)
    assert rival is not None
    claims = [trail.entries[rival.digest], entry]
    behind = [one for one in trail.entries.values() if one not in claims and _is_behind(trail, one, undisputed)]
    said = with_.say(trail, link.holder, link.digest, [rival.digest, entry.scan.digest])
    line = trail.append(LineKind.MOVE, said, trail.holder, link.holder, State.DISPUTED, trail.head, with_.at)
    trail.fork = link.digest
    trail.rule(said, Ruling.APPLIED, None, line)
    for one in behind:
        trail.rule(one, Ruling.HELD, "behind_dispute")
    for claim in claims:
        trail.rule(claim, Ruling.DISPUTED, "two_children")
    trail.happened.append(Happening(line, DISPUTES[0], said))


def _at(trail: Trail, link: Link) -> int:
    return next(at for at, one in enumerate(trail.links()) if one.digest == link.digest)


def _is_behind(trail: Trail, entry: Entry, undisputed: set[bytes]) -> bool:
    """Whether it made, repeats or contests a move that is disputed from now on."""
    if entry.ruling is Ruling.DISPUTED:
        return True
    if entry.ruling not in STANDS or not (entry.is_move or entry.scan.event == "dispute"):
        return False
    line = trail.line_of(entry)
    if line is None:
        return True  # repeats a claim
    base = trail.base.line
    is_open = base is None or line.seq > base.seq
    return is_open and entry.is_move and line.digest not in undisputed


# ---- what people decide -----------------------------------------------------------------------------------------


def _close(trail: Trail, entry: Entry, hand: Hand, with_: Judge) -> None:
    """A decision stands for the move it names as the tip; whatever else was open no longer counts."""
    scan, step = entry.scan, hand.says(trail.state)
    if not isinstance(step, str):
        may = _may_settle(trail, scan, hand) if scan.event == "settle" else _may_correct(trail, scan)
        newest = with_.again or scan.parent == trail.head
        step = (may if newest else "out_of_turn") or step
    if isinstance(step, str):
        trail.rule(entry, Ruling.HELD, step)
        return
    stands, fallen, left = _settled(trail, scan) if scan.event == "settle" else ([], _told(trail, trail.head), [])
    state = State(scan.state or "") if scan.event == "settle" else trail.links()[-2].state
    assert scan.taker is not None
    line = trail.append(LineKind.MOVE, entry, trail.holder, scan.taker, state, trail.head, with_.at)
    trail.fork = None
    trail.rule(entry, Ruling.APPLIED, None, line)
    for one in stands:
        trail.rule(one, Ruling.DUPLICATE, None, line)
    for one in fallen:
        trail.rule(one, Ruling.QUARANTINED, "settled_against" if scan.event == "settle" else "taken_back")
    for one in left:
        trail.rule(one, Ruling.HELD, "after_settle")
    trail.happened.append(Happening(line, step, entry))


def _may_settle(trail: Trail, scan: Scan, hand: Hand) -> str | None:
    """Why not, or None: who answered until now gives it, and whatever is said to stand has been told."""
    if scan.giver != trail.holder or not hand.names_true_holder():
        return "fits_nowhere"
    told = scan.tip is None or scan.tip in tips(trail) or trail.resolve(scan.tip) == undisputed(trail).digest
    return None if told else "parent_unknown"


def _may_correct(trail: Trail, scan: Scan) -> str | None:
    """Why not, or None: the newest move goes back to its giver; what people decided, or dispute, is not taken back."""
    chain = trail.links()
    if trail.fork is not None or len(chain) < 2 or chain[-1].digest != trail.head:
        return "out_of_turn"
    before, named = chain[-2], trail.resolve(scan.tip) if scan.tip else None
    right = (scan.giver, scan.taker, named) == (trail.holder, before.holder, before.digest)
    return None if right else "out_of_turn"


def undisputed(trail: Trail) -> Link:
    """The newest move nobody contests: while disputed the fork; of a lost packet, the move before it was given up."""
    chain = trail.links()
    return chain[-2] if trail.state is State.LOST and len(chain) > 1 else chain[-1]


def tips(trail: Trail) -> list[bytes]:
    """What a settlement may let stand: the newest undisputed move, or a move that was told beside or behind the fork."""
    told = [one.scan.digest for one in trail.entries.values() if one.is_move and _is_open(trail, one)]
    return [undisputed(trail).digest, *told]


def _is_open(trail: Trail, entry: Entry) -> bool:
    """Whether it claims, repeats a claim, or waits for its place."""
    return trail.is_claim(entry) or (entry.ruling is Ruling.HELD and entry.is_believed)


def _settled(trail: Trail, scan: Scan) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """What the tip makes true, what it makes false, and what is left for a person: told before, beyond the tip.

    A scan left over may have had a line and may not, by the order in which phones came: so none gets another one.
    """
    true = {entry.scan.key for entry in _way_to(trail, scan.tip)}
    tip = trail.entries.get(scan.tip or b"")
    open_ = [entry for entry in trail.entries.values() if _is_open(trail, entry)]
    moves = [entry for entry in open_ if entry.is_move]
    stands = [entry for entry in moves if entry.scan.key in true]
    fallen = [entry for entry in moves if entry not in stands and _falls(trail, entry, tip)]
    left = [entry for entry in moves if entry not in stands + fallen and _has_come(trail, entry.scan.parent)]
    for word in open_:
        if word.scan.event == "dispute" and word.ruling is not Ruling.HELD:
            accused = trail.entries.get(word.scan.contested or b"")
            (fallen if accused in stands else stands).append(word)
    return stands, fallen, left


def _has_come(trail: Trail, parent: bytes | None) -> bool:
    """Whether what a scan follows is known here, as far as it says so: then it has had its chance."""
    return parent is None or parent in trail.entries or parent == trail.genesis


def _way_to(trail: Trail, tip: bytes | None) -> list[Entry]:
    """The moves told one after the other from the fork to the tip, newest first."""
    way: list[Entry] = []
    entry = trail.entries.get(tip) if tip and trail.resolve(tip) != undisputed(trail).digest else None
    while entry is not None and entry not in way:
        way.append(entry)
        entry = _before(trail, entry)
    return way


def _before(trail: Trail, entry: Entry) -> Entry | None:
    """The open move an entry follows; of one that names none, the only claim whose taker is its giver."""
    if entry.scan.parent is not None:
        found = trail.entries.get(trail.resolve(entry.scan.parent))
        return found if found and _is_open(trail, found) else None
    if entry.ruling is not Ruling.HELD:
        return None  # a claim, or repeats one
    givers = [claim for claim in trail.claims() if claim.is_move and claim.scan.taker == entry.scan.giver]
    return givers[0] if len(givers) == 1 else None


def _falls(trail: Trail, entry: Entry, tip: Entry | None) -> bool:
    """Whether it is a claim that was not followed, or waits behind one."""
    seen: list[Entry] = []
    while entry not in seen:
        seen.append(entry)
        if entry.ruling is not Ruling.HELD:
            return True
        before = trail.entries.get(trail.resolve(entry.scan.parent)) if entry.scan.parent else None
        if before is None or not _is_open(trail, before) or (tip and before.scan.key == tip.scan.key):
            return False
        entry = before
    return False


def _told(trail: Trail, digest: bytes) -> list[Entry]:
    """Every telling of the move with this digest."""
    own = [entry for entry in trail.entries.values() if entry.ruling in STANDS and entry.is_move]
    return [entry for entry in own if (line := trail.line_of(entry)) and line.digest == digest]


# ---- notes ------------------------------------------------------------------------------------------------------


def _note(trail: Trail, entry: Entry, hand: Hand, at: datetime) -> None:
    """A note changes nothing that others could follow, so it is always added, whatever its order."""
    step = hand.says(trail.state)
    if not isinstance(step, str) and entry.scan.event in HOLDERS_NOTES and hand.party not in trail.parties():
        step = "not_holder"
    if isinstance(step, str):
        trail.rule(entry, Ruling.HELD, step)
        return
    line = trail.append(LineKind.NOTE, entry, trail.holder, trail.holder, trail.state, None, at)
    trail.rule(entry, Ruling.APPLIED, None, line)
    trail.happened.append(Happening(line, step, entry))


def _enact(trail: Trail, entry: Entry, place: Place, with_: Judge) -> None:
    if place.ruling is Ruling.APPLIED:
        assert place.at and place.step and place.step.target
        taker = entry.scan.taker if place.step.taker else place.at.holder
        assert taker is not None and entry.hand
        line = trail.append(
            LineKind.MOVE, entry, entry.hand.giver(place.at), taker, place.step.target, place.at.digest, with_.at
        )  # fmt: skip
        trail.rule(entry, Ruling.APPLIED, place.step.flag, line)
        trail.happened.append(Happening(line, place.step, entry))
    elif place.why == "two_children":
        assert place.at
        _dispute(trail, place.at, entry, with_)
    else:
        trail.rule(entry, place.ruling, place.why, place.repeats)
