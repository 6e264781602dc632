"""Inspection: the whole ledger recomputed, believing no column that can be worked out from others.

Bodies give digests, lines their chain, leaves their tree, the tree every checkpoint ever signed; the packets' own rows
are compared, never read. What shows a cut tail: the packets' marks, when lines were cut alone; stored checkpoints, when
packets were set back too; the signer's own file, when checkpoints were cut as well; the devices' counters and verdicts
without their line, for what had no number yet. What is cut from all of these, phones and the printed sheet remember.
"""

import hashlib
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization

from app.db import UtcDateTime, db
from app.domain import ledger, notes, packets, scans, shares, tokens
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.findings import Fault, Report
from app.domain.ledger import Handoff
from app.domain.notes import Head, LogKey
from app.domain.packets import Packet, State
from app.domain.scans import Scan, ScanRow
from app.domain.shares import Share
from app.domain.tree import Growing
from app.errors import Invalid

BATCH = 5_000  # rows fetched at once, and how often progress is told
SETTLE = timedelta(minutes=1)  # until when a signed note may not have been stored yet
UNREADABLE = (TypeError, AttributeError, ValueError, LookupError, Invalid)  # what a cell of the wrong kind leads to
STEP_BACK = timedelta(seconds=5)  # a packet's lines may be dated that much before the line before them
GARBAGE = "a cell holds what no program of ours wrote"
SUSPECTS = 20  # lines named when the log is not what was signed and one of them must have been exchanged

Row = Any


@dataclass(frozen=True)
class Trust:
    """What the inspector brings: the log's key, the notes its signer remembers (to be read twice), and the time."""

    at: datetime
    key: LogKey | None = None
    signed: Iterable[tuple[str, datetime]] = ()


def inspect(
    trust: Trust, packet_id: int | None = None, since: int = 0, full: bool = False, evidence: bool = True,
    tell: Callable[[int], None] = lambda rows: None, inside: sa.Connection | None = None,
) -> Report:  # fmt: skip
    """Look at everything, or at one packet, or only at what came after the log had `since` lines.

    `full` checks every signature too, and each line against the scan that made it; without `evidence` chains and log
    alone are looked at. `tell` is given the number of rows looked at since it was last told. `inside` a transaction
    that is not over, what it has done is looked at too.
    """
    for tolerant in (False, True):
        part = partial(_part, Trust(trust.at), packet_id, since, full, evidence, tolerant)
        try:
            with _snapshot(inside) as connection:
                whole = packet_id is None and inside is None
                of = shares.count(connection.scalar(sa.select(sa.func.max(Handoff.id))) or 0) if whole else 1
                with shares.others(connection, part, of) as others, _reading(connection, tolerant):
                    look = _Look(
                        connection, trust, packet_id, since, full, Share(0, of), lambda rows: tell(rows + others.read())
                    )
                    look.chains(evidence)
                    look.log()
                    for report in others.answers():
                        look.report.join(report)
                    look.ends()
                    return look.report
        except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
            if tolerant or "decode" not in str(error):
                raise  # else a text is none: read it as well as it can be, which is slower
    raise AssertionError("unreachable")


def _part(
    trust: Trust, packet_id: int | None, since: int, full: bool, evidence: bool, tolerant: bool,
    connection: sa.Connection, share: Share, tell: Callable[[int], None],
) -> Report:  # fmt: skip
    """One share of the packets and of the scans."""
    with _reading(connection, tolerant):
        look = _Look(connection, trust, packet_id, since, full, share, tell)
        look.chains(evidence)
        return look.report


def rows_to_look_at(packet_id: int | None = None) -> int:
    """About how many rows an inspection reads."""
    count = sa.func.count()
    lines = sa.select(count).select_from(Handoff).where(_wanted(Handoff.packet_id, packet_id))
    rest = [sa.select(count).select_from(table) for table in ((Leaf,) if packet_id else (ScanRow, Leaf))]
    return sum(db.session.scalar(query) or 0 for query in (lines, *rest))


def _wanted(column: Any, value: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if value is None else column == value


@contextmanager
def _snapshot(inside: sa.Connection | None) -> Iterator[sa.Connection]:
    """One state of the database for all questions, whatever is written meanwhile."""
    with nullcontext(inside) if inside else db.engine.connect() as connection:
        assert connection is not None
        if inside or connection.dialect.name == "sqlite":
            yield connection
        else:
            yield connection.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def _reading(connection: sa.Connection, tolerant: bool) -> Iterator[None]:
    """`tolerant`, whatever is in its cells."""
    if not tolerant or connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    usual, driver.text_factory = driver.text_factory, lambda data: data.decode(errors="replace")
    try:
        yield
    finally:
        driver.text_factory = usual


class _Look:
    def __init__(
        self, connection: sa.Connection, trust: Trust, packet_id: int | None, since: int, full: bool,
        share: Share, tell: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.connection, self.trust, self.packet_id, self.since, self.full = connection, trust, packet_id, since, full
        self._share, self._tell = share, tell
        self.report = Report()
        self._on_sqlite = connection.dialect.name == "sqlite"
        self._cursors = 0
        self._keys: dict[str | None, Any] = {}
        self._history = self._remembered(trust.signed)
        self._next_signed = next(self._history, None)

    def _rows(self, query: Any, counted: bool = False) -> Iterator[Row]:
        """Rows as the driver makes them, which halves the time of an inspection; `counted` ones are told as progress."""
        cursor = self._cursor(query)
        while rows := cursor.fetchmany(BATCH):
            yield from rows
            if counted:
                self._tell(len(rows))
        cursor.close()

    def _cursor(self, query: Any) -> Any:
        if self._on_sqlite:
            return self.connection.execute(query).cursor
        text = query.compile(self.connection, compile_kwargs={"literal_binds": True})
        driver: Any = self.connection.connection.driver_connection
        self._cursors += 1
        return driver.cursor(f"inspection_{self._cursors}", binary=True).execute(str(text), ())

    def _raw(self, *columns: Any) -> Any:
        """A query for columns as the driver gives them: no type of ours smooths over what is written in a cell."""
        return sa.select(*(sa.type_coerce(self._spelled(column), sa.types.NULLTYPE) for column in columns))

    def _spelled(self, column: Any) -> Any:
        """An instant as text: on SQLite the very cell."""
        if self._on_sqlite or not isinstance(column.type, UtcDateTime):
            return column
        return sa.func.to_char(column, "YYYY-MM-DD HH24:MI:SS.US")

    def _of_log(self, where: str, what: str) -> None:
        self.report.found(Fault(None, where, what))

    def _of_line(self, number: Any, seq: int, what: str) -> None:
        self.report.found(Fault(str(number), f"line {seq}", what, seq))

    # ---- chains -------------------------------------------------------------------------------------------------

    def chains(self, evidence: bool) -> None:
        self._lines()
        if evidence:
            self._evidence()

    def _lines(self) -> None:
        """Every packet's lines, from genesis or from the last line before `since`, and the packet's own row."""
        P, H, L = Packet, Handoff, Leaf
        low, high = self.connection.execute(sa.select(sa.func.min(P.id), sa.func.max(P.id))).one()
        rows = self._raw(
            P.id, P.code, P.number, P.origin_id, P.state, P.holder_id, P.head, P.seq, P.line_hash, P.roll_id
        )

        def ours(column: Any) -> sa.ColumnElement[bool]:
            return self._share.within(column, low or 0, high or 0) & _wanted(column, self.packet_id)

        wanted = self._rows(rows.where(ours(P.id)).order_by(P.id))
        chained = self._raw(
            H.packet_id, H.seq, H.kind, H.event, H.giver_id, H.taker_id, H.state, H.digest, H.follows, H.prev_hash, H.hash,
            H.recorded_at, L.n, L.leaf_hash,
        ).outerjoin_from(H, L, L.line_id == H.id)  # fmt: skip
        told = self._rows(chained.where(ours(H.packet_id)).order_by(H.packet_id, H.seq), counted=True)
        groups = groupby(told, key=itemgetter(0))
        owner, group = next(groups, (None, None))
        for packet in wanted:
            while owner is not None and not (isinstance(owner, int) and owner >= packet[0]):
                self._of_log(f"packet {owner}", "has lines and no row")
                owner, group = next(groups, (None, None))
            self.report.packets += 1
            if owner == packet[0]:
                self._chain(packet, group or iter(()))
                owner, group = next(groups, (None, None))
            else:
                self._chain(packet, iter(()))
        while owner is not None:
            self._of_log(f"packet {owner}", "has lines and no row")
            owner, group = next(groups, (None, None))

    def _chain(self, packet: Row, told: Iterator[Row]) -> None:
        """Names every line that does not hold by itself or does not follow, or how the packet's own row differs."""
        _, code, number, origin, state_now, holder_now, head_now, seq_now, hash_now, roll = packet
        sha256, spell, since = hashlib.sha256, ledger.spell, self.since
        try:
            spelled, prev = tokens.b32(code), packets.genesis(code)
        except UNREADABLE:
            self.report.found(Fault(str(number), "row", GARBAGE))
            return
        # Of a line that was changed, its own hash or the one worked out may be the true one, and its taker is unknown.
        perhaps, holder, state, head = prev, origin, State.WAITING.value, prev
        seq, last_n, unnumbered, before, is_whole = 0, -1, 0, "", True
        for (_, said, kind, event, giver, taker, after, digest, follows, prev_hash, hash_, at, n, leaf_hash) in told:  # fmt: skip
            seq += 1
            self.report.lines += 1
            what = None
            found = hash_
            try:
                if said != seq:
                    gone = f"lines {seq} to {said - 1}" if said > seq + 1 else f"line {seq}"
                    self.report.found(Fault(str(number), gone, "missing", seq))
                    is_whole, seq, prev, perhaps, holder = False, int(said), prev_hash, prev_hash, None
                if n is None or n >= since:
                    line = spell(
                        spelled, seq, kind, event, giver, taker, after, digest, follows, prev_hash,
                        f"{at[:10]}T{at[11:]}+00:00",
                    )  # fmt: skip
                    found = sha256(line).digest()
                    if prev_hash not in (prev, perhaps):
                        what = "does not follow the line before it"
                    elif found != hash_ or at[10] != " ":
                        what = "changed after it was written"
                    elif n is not None and sha256(b"\0" + line).digest() != leaf_hash:
                        what = f"leaf {n} is not its hash"
                    elif giver != holder and holder is not None and not (roll and state == State.WAITING):
                        what = "given by somebody who did not hold it"
                if n is None:
                    unnumbered = unnumbered or seq
                else:
                    self.report.numbered += 1
                    if n <= last_n:
                        what = what or "numbered before the line before it"
                    elif unnumbered:
                        self._of_line(number, unnumbered, "its number in the log is gone")
                        unnumbered, is_whole = 0, False
                    last_n = n
                if at < before and datetime.fromisoformat(before) - datetime.fromisoformat(at) > STEP_BACK:
                    self.report.remarks.append(
                        Fault(number, f"line {seq}", "is dated before the line before it", seq)
                    )  # fmt: skip
                before = at
            except UNREADABLE:
                what = GARBAGE
            if what:
                self._of_line(number, seq, what)
            prev, perhaps, holder = hash_, found, None if what else taker
            is_whole = is_whole and not what
            if kind == "move":
                state, head = after, digest
        if seq_now != seq:
            behind = isinstance(seq_now, int) and seq_now < seq
            what = (
                "the packet's own mark has been set back" if behind else "the ledger ends before the packet's own mark"
            )
            self.report.found(
                Fault(str(number), "row" if behind else f"line {seq + 1}", what, math.inf if behind else seq + 1)
            )
        elif is_whole and (hash_now, state_now, holder_now, head_now) != (prev, state, holder, head):
            self.report.found(Fault(str(number), "row", "its state, holder or head is not what its lines say"))

    # ---- evidence -----------------------------------------------------------------------------------------------

    def _evidence(self) -> None:
        """Every body under its digest, every scan judged, every judgement with its line; with `full` every signature."""
        S, H = ScanRow, Handoff
        query = self._raw(S.digest, S.body)
        if self.full:
            query = self._raw(
                S.digest, S.body, S.sig, S.sig_ok, S.id, S.device_id, S.n, S.packet_code, S.parent,
                H.event, H.giver_id, H.taker_id, H.kind, Packet.code,
            )  # fmt: skip
        if self.full or self.since:
            query = query.outerjoin_from(S, H, H.digest == S.digest).outerjoin(Packet, Packet.id == H.packet_id)
        if self.packet_id:
            query = query.where(S.packet_code == sa.select(Packet.code).filter_by(id=self.packet_id).scalar_subquery())
        elif self.since:
            query = query.outerjoin(Leaf, Leaf.line_id == H.id)
            query = query.where(sa.or_(Leaf.n.is_(None), Leaf.n >= self.since))
        query = query.where(self._share.within(S.digest, 0, 1 << 16, self._two_bytes))
        for row in self._rows(query, counted=True):
            self.report.scans += 1
            try:
                what = self._scan(*row)
            except UNREADABLE:
                what = "a cell of its scan holds what no program of ours wrote"
            if what:
                self._of_scan(row[0], what)
        if self._share.nth:
            return  # the rest is one question each
        self._loose_ends()
        if not self.packet_id:
            self._gaps()

    def _two_bytes(self, number: int) -> Any:
        return sa.literal_column(f"X'{number:04x}'" if self._on_sqlite else f"'\\x{number:04x}'::bytea")

    def _scan(self, digest: bytes, body: bytes, *rest: Any) -> str | None:
        if scans.digest_of(body) != digest:
            return "its scan was changed"
        if not rest:
            return None
        sig, sig_ok, *columns, event, giver, taker, kind, code = rest
        if sig is None:
            return "its scan's signature is gone"
        said = scans.parse(body, sig)
        key = self._key(said.device)
        if (key is not None and tokens.signed_by(key, sig, b"scan-v1\n" + body)) != bool(sig_ok):
            return "its scan's signature does not hold" if sig_ok else "its scan is well signed, and noted as forged"
        if [said.id, said.device, said.n, said.code, said.parent] != columns:
            return "its scan's row does not say what was signed"
        if event is not None and not _made_by(said, event, giver, taker, kind, code):
            return "says something else than the scan that made it"
        return None

    def _key(self, device: str | None) -> Any:
        if device not in self._keys:
            der = self.connection.scalar(sa.text("SELECT public_key FROM devices WHERE id = :id"), {"id": device})
            self._keys[device] = serialization.load_der_public_key(der) if der else None
        return self._keys[device]

    def _of_scan(self, digest: Any, what: str) -> None:
        """Name the line a scan made, if it made one that is still there."""
        line = sa.text(
            "SELECT p.number, h.seq FROM handoffs h JOIN packets p ON p.id = h.packet_id WHERE h.digest = :digest"
        )
        found = self.connection.execute(line, {"digest": digest}).first()
        if found is None:
            name = digest.hex() if isinstance(digest, bytes) else repr(digest)
            self._of_log(f"scan {name}", what)
        else:
            self._of_line(found[0], found[1], what)

    def _loose_ends(self) -> None:
        """What names something that is not there. Each is one question to the database."""
        of_lines = {
            "its scan is gone":
                "SELECT h.digest FROM handoffs h LEFT JOIN scans s ON s.digest = h.digest WHERE s.digest IS NULL",
            "no verdict made it":
                "SELECT h.digest FROM handoffs h WHERE NOT EXISTS (SELECT 1 FROM verdicts v "
                "WHERE v.digest = h.digest AND v.line_id = h.id)",
        }  # fmt: skip
        of_scans = {
            "has no verdict":
                "SELECT s.digest FROM scans s LEFT JOIN verdicts v ON v.digest = s.digest AND v.nth = 1 "
                "WHERE v.digest IS NULL",
            "a verdict on it is gone":
                "SELECT digest FROM verdicts GROUP BY digest HAVING count(*) <> max(nth)",
            "was judged and is gone":
                "SELECT v.digest FROM verdicts v LEFT JOIN scans s ON s.digest = v.digest WHERE s.digest IS NULL",
            "the line it made is gone":
                "SELECT v.digest FROM verdicts v LEFT JOIN handoffs h ON h.id = v.line_id "
                "WHERE v.line_id IS NOT NULL AND h.id IS NULL",
        }  # fmt: skip
        if self.packet_id:
            questions = {
                what: f"{question} AND h.packet_id = {self.packet_id:d}" for what, question in of_lines.items()
            }
        else:
            questions = of_lines | of_scans
        for what, question in questions.items():
            for (digest,) in self._rows(sa.text(question)):
                self._of_scan(digest, what)

    def _gaps(self) -> None:
        """Each device's numbers up to its acknowledged mark: a scan that vanished without a trace leaves a hole."""
        counted = (
            "SELECT d.id, d.contiguous, count(DISTINCT s.n) FROM devices d LEFT JOIN scans s ON s.device_id = d.id "
            "AND s.sig_ok AND s.n BETWEEN 1 AND d.contiguous "
            "GROUP BY d.id, d.contiguous HAVING count(DISTINCT s.n) <> d.contiguous"
        )
        for device, mark, found in self._rows(sa.text(counted)):
            self._of_log(f"device {device}", f"{found} of its first {mark} scans are there")

    # ---- the log ------------------------------------------------------------------------------------------------

    def log(self) -> None:
        """Leaves without a gap, their tree at every size that was ever signed, and what the signer remembers."""
        growing, C = _Log(), Checkpoint
        kept = self._rows(self._raw(C.size, C.root, C.note, C.at).order_by(C.size))
        checkpoint, add, since = next(kept, None), growing.tree.add, self.since
        for n, leaf_hash in self._rows(self._raw(Leaf.n, Leaf.leaf_hash).order_by(Leaf.n), counted=True):
            if n == growing.length and not growing.has_hole and type(leaf_hash) is bytes:
                add(leaf_hash)
                growing.length = length = n + 1
            else:
                if n != growing.length:
                    last = f" to {n - 1}" if isinstance(n, int) and n > growing.length + 1 else ""
                    self._of_log(f"leaf {growing.length}{last}", "missing")
                elif not isinstance(leaf_hash, bytes):
                    self._of_log(f"leaf {n}", "changed")
                growing.skip(n)
                length = growing.length
            if length == since:
                self.report.root_since = growing.root()
            while checkpoint is not None and checkpoint[0] <= length:
                self._checkpoint(checkpoint, growing)
                checkpoint = next(kept, None)
        while checkpoint is not None:
            self._checkpoint(checkpoint, growing)
            checkpoint = next(kept, None)
        self.report.leaves, self.report.root = growing.length, growing.tree.root()
        self._remember(math.inf, growing)
        if self.since > growing.length:
            self._of_log(f"leaf {growing.length}", f"missing: the log once had {self.since} lines")

    def ends(self) -> None:
        """What can be told once all chains and the log are known."""
        if not self.packet_id and self.report.numbered < self.report.leaves:
            self._lone_leaves()
        self._waiting()

    def _checkpoint(self, row: Row, growing: "_Log") -> None:
        size, kept_root, note, at = row
        self.report.checkpoints += 1
        where = f"checkpoint {size}"
        signed = self._remember(size, growing)
        if signed is not None and signed != (note, at):
            self._of_log(where, "is not what the signer signed")
            note = signed[0]
        try:
            said = self._said(note, trusted=signed is not None)
        except UNREADABLE as error:
            self._of_log(where, str(error))
            return
        if (said.size, said.root) != (size, kept_root):
            self._of_log(where, "its row does not say what was signed")
        if said.size == size:
            self._compare(said, growing)

    def _said(self, note: str, trusted: bool) -> Head:
        """What a note says. One that the signer's own file holds word for word is read without its signature."""
        if self.trust.key is None or (trusted and not self.full):
            return notes.claimed(note)
        return notes.read(note, self.trust.key)

    def _compare(self, said: Head, growing: "_Log") -> None:
        """The tree at a size that was signed; of several that differ the first tells where."""
        if said.size > growing.length:
            gone = f"some of leaves {growing.good} to {said.size - 1} are gone"
            self._of_log(f"checkpoint {said.size}", f"the log has only {growing.length} lines: {gone}")
        root = growing.root()
        if said.size != growing.length or root is None:
            return
        if root == said.root:
            growing.good = said.size
        elif not growing.is_torn:
            growing.is_torn = True
            self._of_log(
                f"leaves {growing.good} to {said.size - 1}",
                f"are not those that were signed: {self._between(growing.good, said.size)}",
            )

    def _between(self, start: int, end: int) -> str:
        """The lines with these numbers, one of which must have been exchanged."""
        named = sa.text(
            "SELECT p.number, h.seq FROM leaves l JOIN handoffs h ON h.id = l.line_id JOIN packets p ON p.id = h.packet_id "
            "WHERE l.n >= :start AND l.n < :end ORDER BY l.n LIMIT :most"
        )
        rows = self.connection.execute(named, {"start": start, "end": end, "most": SUSPECTS})
        more = f" and {end - start - SUSPECTS} more" if end - start > SUSPECTS else ""
        return ", ".join(f"{number} line {seq}" for number, seq in rows) + more

    def _remembered(self, signed: Iterable[tuple[str, datetime]]) -> Iterator[tuple[int, str, datetime]]:
        """The signer's own file, which only grows."""
        last = 0
        try:
            for note, at in signed:
                size = notes.claimed(note).size
                if size <= last:
                    self._of_log("the signer's file", f"after {last} lines it says that {size} were signed")
                else:
                    last = size
                    yield size, note, at
        except UNREADABLE:
            self._of_log("the signer's file", f"is damaged after the note of {last} lines")

    def _remember(self, size: float, growing: "_Log") -> tuple[str, str] | None:
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
            self._of_log("the signer's file", f"its note of {size} lines is not signed by its key")
        else:
            self._of_log(f"checkpoint {size}", "was signed and is gone")

    def _lone_leaves(self) -> None:
        lone = "SELECT l.n FROM leaves l LEFT JOIN handoffs h ON h.id = l.line_id WHERE h.id IS NULL ORDER BY l.n"
        for (n,) in self._rows(sa.text(lone)):
            self._of_log(f"leaf {n}", "the line it numbers is gone")

    def _waiting(self) -> None:
        """Lines without a number, for a person to wonder at: the sequencer is late, or the newest leaves were cut."""
        if self.packet_id is None and self.report.lines > self.report.numbered:
            count = self.report.lines - self.report.numbered
            self.report.remarks.append(Fault(None, "tail", f"{count} lines have no number in the log yet"))


class _Log:
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


def _made_by(said: Scan, event: str, giver: str, taker: str, kind: str, code: bytes) -> bool:
    """Whether a line says what the scan under its digest says. A note moves nothing, whoever it names."""
    if (said.event, said.code) != (event, code):
        return False
    if kind == "note":
        return giver == taker
    return event == "dispute" or (giver in (said.giver or giver,) and taker in (said.taker or taker, giver))
