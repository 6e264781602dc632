"""Trails: everything told of one packet, and what came of it. Its lines, its scans, and the newest verdict on each.

A trail lives in memory while scans are judged: custody opens it from the database and writes down what is new. Nothing
here asks a database or a clock, so a trail can also be walked anew from its evidence alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from app.domain import ledger
from app.domain.bodies import Scan
from app.domain.hands import Hand, Link
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Packet, State
from app.domain.scans import UNSURE, Ruling
from app.domain.steps import CLOSING_EVENTS, NOTE_EVENTS, Step

CLOSED = {"settled_against", "taken_back"}  # why people no longer count a scan
STANDS = (Ruling.APPLIED, Ruling.DUPLICATE)
PLACELESS = UNSURE | {"unknown_event"}  # why a scan is held that has no place, whatever else comes


class Entry:
    """One scan told of the packet, and the newest verdict on it."""

    def __init__(
        self, scan: Scan, recorded_at: datetime, ruling: Ruling | None = None, why: str | None = None,
        line_id: int | None = None, nth: int = 0, heard_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.scan, self.recorded_at, self.ruling, self.why, self.nth = scan, recorded_at, ruling, why, nth
        self.line_id, self.line = line_id, None  # the line it made or repeats: by id as kept, itself while it is new
        self.heard_at = heard_at or recorded_at  # since when it counts: later, where a person answered for it
        self.hand: Hand | None = None

    line: Handoff | None

    @property
    def is_move(self) -> bool:
        """A move somebody told; not a note, not a word about moves, not a decision."""
        return self.scan.event not in NOTE_EVENTS | CLOSING_EVENTS | {"dispute"}

    @property
    def is_closed(self) -> bool:
        """People have decided that it does not count."""
        return self.ruling is Ruling.QUARANTINED and self.why in CLOSED

    @property
    def is_believed(self) -> bool:
        """Whether it has, had, or may have a place; what a device's state, a signature or the packet's way forbids has none."""
        if self.ruling is Ruling.QUARANTINED:
            return self.why in CLOSED
        return not (self.ruling is Ruling.HELD and self.why in PLACELESS)


@dataclass(frozen=True)
class Happening:
    """Something new on the trail, whose consequences are still to be drawn: a line, its row of STEPS, its scan."""

    line: Handoff
    step: Step
    entry: Entry


class Trail:
    def __init__(self, packet: Packet, entries: Iterable[Entry], lines: Callable[[], list[Handoff]]) -> None:
        """The trail as it stands; `lines` is asked for the ledger only when somebody looks back."""
        self.packet_id, self.code, self.genesis, self.origin = packet.id, packet.code, packet.genesis, packet.origin_id
        self.state, self.holder, self.head, self.fork = packet.state, packet.holder_id, packet.head, packet.fork
        self.seq, self.line_hash = packet.seq, packet.line_hash
        self.entries = {entry.scan.digest: entry for entry in entries}
        self._lines = lines
        self.ruled: list[tuple[Entry, Ruling, str | None, Handoff | None, int]] = []
        self.added: list[Handoff] = []
        self.happened: list[Happening] = []

    @classmethod
    def bare(cls, packet: Packet) -> "Trail":
        """The packet's trail before anything was told of it."""
        trail = cls(packet, (), list)
        trail.state, trail.holder, trail.head, trail.fork = State.WAITING, packet.origin_id, packet.genesis, None
        trail.seq, trail.line_hash = 0, packet.genesis
        return trail

    @cached_property
    def lines(self) -> list[Handoff]:
        known = {line.digest for line in self.added}
        return [line for line in self._lines() if line.digest not in known] + self.added

    # ---- what stands --------------------------------------------------------------------------------------------

    @property
    def here(self) -> Link:
        """The newest move, whatever it is."""
        return Link(self.head, self.state, self.holder, None)

    @property
    def base(self) -> Link:
        """What the open part of the trail follows: the newest decision of people, or genesis."""
        decided = [line for line in self.lines if line.event in CLOSING_EVENTS]
        return _link(decided[-1]) if decided else Link(self.genesis, State.WAITING, self.origin, None)

    @property
    def closed_at(self) -> datetime | None:
        """When people last decided something: what is recorded after it is dated after it."""
        decided = (e.recorded_at for e in self.entries.values() if e.scan.event in CLOSING_EVENTS)
        return max(decided, default=None)

    def links(self) -> list[Link]:
        """The base and the moves after it: up to the fork if there is one, else to the head."""
        moves = {line.follows: line for line in self.lines if line.kind is LineKind.MOVE and line.event != "dispute"}
        chain = [self.base]
        while chain[-1].digest != self.fork and (line := moves.get(chain[-1].digest)):
            chain.append(_link(line))
        return chain

    def child(self, link: Link) -> Handoff | None:
        """The move that follows `link`, undisputed or not."""
        moves = (
            line for line in self.lines if line.kind is LineKind.MOVE and line.event not in ("dispute", *CLOSING_EVENTS)
        )
        return next((line for line in moves if line.follows == link.digest), None)

    def claims(self) -> list[Entry]:
        """What is disputed, once for each act: the telling that came first."""
        return [entry for entry in self.entries.values() if entry.ruling is Ruling.DISPUTED]

    def is_claim(self, entry: Entry) -> bool:
        """Whether it is one of the claims, or tells one again."""
        if entry.ruling is Ruling.DUPLICATE:
            line = self.line_of(entry)
            return line is None or self.entries[line.digest].ruling is Ruling.DISPUTED
        return entry.ruling is Ruling.DISPUTED

    def waiting(self) -> list[Entry]:
        """Scans whose place may still come."""
        return [entry for entry in self.entries.values() if entry.ruling is Ruling.HELD and entry.is_believed]

    def notes(self) -> list[Entry]:
        told = (entry for entry in self.entries.values() if entry.scan.event in NOTE_EVENTS)
        return [entry for entry in told if entry.ruling is Ruling.APPLIED]

    def line_of(self, entry: Entry) -> Handoff | None:
        """The line a scan made or repeats."""
        if entry.line is None and entry.line_id is not None:
            entry.line = next((line for line in self.lines if line.id == entry.line_id), None)
        return entry.line

    def resolve(self, digest: bytes) -> bytes:
        """The move that a digest means: an echo means what it repeats, and what people let stand means their decision."""
        stands = {self._repeated(self._tip(line) or b""): line for line in self.lines if line.event in CLOSING_EVENTS}
        for _ in range(len(self.lines) + 1):
            digest = self._repeated(digest)
            decided = stands.get(digest) or self._let_stand(digest)
            if decided is None:
                break
            digest = decided.digest
        return digest

    def _tip(self, line: Handoff) -> bytes | None:
        return self.entries[line.digest].scan.tip

    def _repeated(self, digest: bytes) -> bytes:
        """The move that this one repeats, else itself."""
        entry = self.entries.get(digest)
        line = self.line_of(entry) if entry and entry.ruling is Ruling.DUPLICATE else None
        return line.digest if line and line.event not in CLOSING_EVENTS else digest

    def _let_stand(self, digest: bytes) -> Handoff | None:
        """The decision that let this claim, or the same claim told again, stand."""
        entry = self.entries.get(digest)
        line = self.line_of(entry) if entry and entry.ruling is Ruling.DUPLICATE else None
        tip = self.entries.get(self._tip(line) or b"") if line else None
        return line if entry and tip and tip.scan.key == entry.scan.key else None

    def is_shut(self, digest: bytes) -> bool:
        """Whether it names something that people's decision has closed."""
        base = self.base.line
        if base is None:
            return False
        entry = self.entries.get(digest)
        if entry is None:
            return digest == self.genesis
        line = self.line_of(entry)
        if entry.ruling is Ruling.HELD:
            return entry.why == "after_settle"
        return entry.is_closed or (entry.ruling in STANDS and line is not None and line.seq <= base.seq)

    def repeats_closed(self, scan: Scan) -> bool:
        """Whether people have already decided that this act does not count."""
        return any(entry.is_closed and entry.scan.key == scan.key for entry in self.entries.values())

    def parties(self) -> set[str | None]:
        """Whoever gave or took the packet by anybody's telling."""
        told = [entry.scan for entry in self.entries.values() if entry.is_move and entry.is_believed]
        return {self.origin, *(scan.giver for scan in told), *(scan.taker for scan in told)}

    # ---- what is new --------------------------------------------------------------------------------------------

    def append(
        self, kind: LineKind, entry: Entry, giver: str, taker: str, state: State, follows: bytes | None, at: datetime
    ) -> Handoff:
        """The next line of the ledger."""
        line = ledger.chain(
            self.packet_id, self.code, self.seq + 1, kind, entry.scan.event, giver, taker, state, entry.scan.digest,
            follows, self.line_hash, at,
        )  # fmt: skip
        self.seq, self.line_hash = line.seq, line.hash
        if kind is LineKind.MOVE:
            self.state, self.holder, self.head = state, taker, entry.scan.digest
        self.added.append(line)
        if "lines" in self.__dict__:
            self.lines.append(line)
        return line

    def rule(self, entry: Entry, ruling: Ruling, why: str | None = None, line: Handoff | None = None) -> None:
        """One more verdict on a scan, unless it is the same again."""
        self.entries.setdefault(entry.scan.digest, entry)
        if (entry.ruling, entry.why) == (ruling, why) and self.line_of(entry) is line:
            return
        entry.ruling, entry.why, entry.line, entry.line_id, entry.nth = ruling, why, line, None, entry.nth + 1
        self.ruled.append((entry, ruling, why, line, entry.nth))

    def acts(self) -> list[list[Entry]]:
        """The tellings of each act that stands, together."""
        acts: dict[object, list[Entry]] = {}
        for entry in self.entries.values():
            if entry.is_move and (act := self._act(entry)):
                acts.setdefault(act, []).append(entry)
        return list(acts.values())

    def _act(self, entry: Entry) -> object:
        """What an entry tells, if that stands: its own move, the one it repeats, or what people let stand."""
        if entry.ruling is Ruling.APPLIED:
            return entry.scan.digest
        line = self.line_of(entry) if entry.ruling is Ruling.DUPLICATE else None
        if line is None:
            return None
        if line.event in CLOSING_EVENTS:
            return line.digest, entry.scan.key
        return line.digest if self.entries[line.digest].ruling is Ruling.APPLIED else None


def _link(line: Handoff) -> Link:
    return Link(line.digest, line.state, line.taker_id, line)
