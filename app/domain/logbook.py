"""Logbook: leaves without a gap, their tree at every size that was ever signed, and what the signer remembers.

Stored checkpoints show a cut tail when packets were set back too; the signer's own file, when checkpoints were cut as well.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.domain import notes
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.findings import Fault
from app.domain.notes import Head, LogKey
from app.domain.reading import UNREADABLE, Reading, Row
from app.domain.tree import Growing

SETTLE = timedelta(minutes=1)  # until when a signed note may not have been stored yet
SUSPECTS = 20  # lines named when the log is not what was signed and one of them must have been exchanged


@dataclass(frozen=True)
class Trust:
    """What the inspector brings: the log's key, the notes its signer remembers (to be read twice), and the time."""

    at: datetime
    key: LogKey | None = None
    signed: Iterable[tuple[str, datetime]] = ()


class Logbook:
    """The log, of which a packet's inspection sees all, too. `full`: every signature is checked, of what was believed as well."""

    def __init__(self, reading: Reading, trust: Trust, packet_id: int | None, since: int, full: bool) -> None:
        self.reading, self.trust, self.packet_id, self.since, self.full = reading, trust, packet_id, since, full
        self._history = self._remembered(trust.signed)
        self._next_signed = next(self._history, None)

    def read(self) -> None:
        """Leaves without a gap, their tree at every size that was ever signed, and what the signer remembers."""
        growing, C = _Tree(), Checkpoint
        kept = self.reading.rows(self.reading.raw(C.size, C.root, C.note, C.at).order_by(C.size))
        checkpoint, add, since = next(kept, None), growing.tree.add, self.since
        for n, leaf_hash in self.reading.rows(self.reading.raw(Leaf.n, Leaf.leaf_hash).order_by(Leaf.n), counted=True):
            if n == growing.length and not growing.has_hole and type(leaf_hash) is bytes:
                add(leaf_hash)
                growing.length = length = n + 1
            else:
                if n != growing.length:
                    last = f" to {n - 1}" if isinstance(n, int) and n > growing.length + 1 else ""
                    self.reading.of_log(f"leaf {growing.length}{last}", "missing")
                elif not isinstance(leaf_hash, bytes):
                    self.reading.of_log(f"leaf {n}", "changed")
                growing.skip(n)
                length = growing.length
            if length == since:
                self.reading.report.root_since = growing.root()
            while checkpoint is not None and checkpoint[0] <= length:
                self._checkpoint(checkpoint, growing)
                checkpoint = next(kept, None)
        while checkpoint is not None:
            self._checkpoint(checkpoint, growing)
            checkpoint = next(kept, None)
        self.reading.report.leaves, self.reading.report.root = growing.length, growing.tree.root()
        self._remember(math.inf, growing)
        if self.since > growing.length:
            self.reading.of_log(f"leaf {growing.length}", f"missing: the log once had {self.since} lines")

    def end(self) -> None:
        """What can be told once all chains and the log are known."""
        if not self.packet_id and self.reading.report.numbered < self.reading.report.leaves:
            self._lone_leaves()
        self._waiting()

    def _checkpoint(self, row: Row, growing: "_Tree") -> None:
        size, kept_root, note, at = row
        self.reading.report.checkpoints += 1
        where = f"checkpoint {size}"
        signed = self._remember(size, growing)
        if signed is not None and signed != (note, self.reading.instant(at)):
            self.reading.of_log(where, "is not what the signer signed")
            note = signed[0]
        try:
            said = self._said(note, trusted=signed is not None)
        except UNREADABLE as error:
            self.reading.of_log(where, str(error))
            return
        if (said.size, said.root) != (size, kept_root):
            self.reading.of_log(where, "its row does not say what was signed")
        if said.size == size:
            self._compare(said, growing)

    def _said(self, note: str, trusted: bool) -> Head:
        """What a note says. One that the signer's own file holds word for word is read without its signature."""
        if self.trust.key is None or (trusted and not self.full):
            return notes.claimed(note)
        return notes.read(note, self.trust.key)

    def _compare(self, said: Head, growing: "_Tree") -> None:
        """The tree at a size that was signed; of several that differ the first tells where."""
        if said.size > growing.length:
            gone = f"some of leaves {growing.good} to {said.size - 1} are gone"
            self.reading.of_log(f"checkpoint {said.size}", f"the log has only {growing.length} lines: {gone}")
        root = growing.root()
        if said.size != growing.length or root is None:
            return
        if root == said.root:
            growing.good = said.size
        elif not growing.is_torn:
            growing.is_torn = True
            self.reading.of_log(
                f"leaves {growing.good} to {said.size - 1}",
                f"are not those that were signed: {self._between(growing.good, said.size)}",
            )

    def _between(self, start: int, end: int) -> str:
        """The lines with these numbers, one of which must have been exchanged."""
        named = sa.text(
            "SELECT p.number, h.seq FROM leaves l JOIN handoffs h ON h.id = l.line_id JOIN packets p ON p.id = h.packet_id "
            "WHERE l.n >= :start AND l.n < :end ORDER BY l.n LIMIT :most"
        )
        rows = self.reading.connection.execute(named, {"start": start, "end": end, "most": SUSPECTS})
        more = f" and {end - start - SUSPECTS} more" if end - start > SUSPECTS else ""
        return ", ".join(f"{number} line {seq}" for number, seq in rows) + more

    def _remembered(self, signed: Iterable[tuple[str, datetime]]) -> Iterator[tuple[int, str, datetime]]:
        """The signer's own file, which only grows."""
        last = 0
        try:
            for note, at in signed:
                size = notes.claimed(note).size
                if size <= last:
                    self.reading.of_log("the signer's file", f"after {last} lines it says that {size} were signed")
                else:
                    last = size
                    yield size, note, at
        except UNREADABLE:
            self.reading.of_log("the signer's file", f"is damaged after the note of {last} lines")

    def _remember(self, size: float, growing: "_Tree") -> tuple[str, str] | None:
        """What the signer's own file says of this size. What it signed before and is not stored, has been removed."""
        while self._next_signed and self._next_signed[0] <= size:
            signed_size, note, at = self._next_signed
            self._next_signed = next(self._history, None)
            if signed_size == size:
                return note, at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            self._gone(signed_size, note, at)
        return None

    def _gone(self, size: int, note: str, at: datetime) -> None:
        if self.trust.at - at <= SETTLE:
            return
        try:
            self._said(note, trusted=False)
        except UNREADABLE:
            self.reading.of_log("the signer's file", f"its note of {size} lines is not signed by its key")
        else:
            self.reading.of_log(f"checkpoint {size}", "was signed and is gone")

    def _lone_leaves(self) -> None:
        lone = "SELECT l.n FROM leaves l LEFT JOIN handoffs h ON h.id = l.line_id WHERE h.id IS NULL ORDER BY l.n"
        for (n,) in self.reading.rows(sa.text(lone)):
            self.reading.of_log(f"leaf {n}", "the line it numbers is gone")

    def _waiting(self) -> None:
        """Lines without a number, for a person to wonder at: the sequencer is late, or the newest leaves were cut."""
        if self.packet_id is None and self.reading.report.lines > self.reading.report.numbered:
            count = self.reading.report.lines - self.reading.report.numbered
            self.reading.report.remarks.append(Fault(None, "tail", f"{count} lines have no number in the log yet"))


class _Tree:
    """The leaves read so far. After a hole the tree is unknown: it cannot be compared."""

    def __init__(self) -> None:
        self.tree, self.length, self.good = Growing(), 0, 0
        self.has_hole = self.is_torn = False

    def skip(self, n: Any) -> None:
        """A leaf that cannot be put where it belongs."""
        self.has_hole = True
        self.length = n + 1 if isinstance(n, int) else self.length + 1

    def root(self) -> bytes | None:
        return None if self.has_hole else self.tree.root()
