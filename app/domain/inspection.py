"""Inspection: the whole ledger recomputed, believing no column that can be worked out from others.

Bodies give digests, lines their chain, leaves their tree, the tree every checkpoint ever signed; the packets' own rows
are compared, never read. What shows a cut tail: the packets' marks, when lines were cut alone; stored checkpoints, when
packets were set back too; the signer's own file, when checkpoints were cut as well; the devices' counters and verdicts
without their line, for what had no number yet. What is cut from all of these, phones and the printed sheet remember.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization

from app.db import db
from app.domain import bodies, ledger, packets, shares, tokens
from app.domain.bodies import Scan
from app.domain.checkpoints import Leaf
from app.domain.findings import Fault, Report
from app.domain.ledger import Handoff
from app.domain.logbook import Logbook, Trust
from app.domain.packets import Packet, State
from app.domain.reading import INSTANT, UNREADABLE, Reading, Row, only
from app.domain.scans import ScanRow
from app.domain.shares import Share

STEP_BACK = timedelta(seconds=5)  # a packet's lines may be dated that much before the line before them
GARBAGE = "a cell holds what no program of ours wrote"


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
        part = partial(_part, packet_id, since, full, evidence, tolerant)
        try:
            with _snapshot(inside) as connection:
                whole = packet_id is None and inside is None
                of = shares.count(connection.scalar(sa.select(sa.func.max(Handoff.id))) or 0) if whole else 1
                with shares.others(connection, part, of) as others, _lenient(connection, tolerant):
                    reading = Reading(connection, lambda rows: tell(rows + others.read()), Report())
                    log = Logbook(reading, trust, packet_id, since, full)
                    _Look(reading, packet_id, since, full, Share(0, of)).chains(evidence)
                    log.read()
                    for report in others.answers():
                        reading.report.join(report)
                    log.end()
                    return reading.report
        except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
            if tolerant or "decode" not in str(error):
                raise  # else a text is none: read it as well as it can be, which is slower
    raise AssertionError("unreachable")


def _part(
    packet_id: int | None, since: int, full: bool, evidence: bool, tolerant: bool,
    connection: sa.Connection, share: Share, tell: Callable[[int], None],
) -> Report:  # fmt: skip
    with _lenient(connection, tolerant):
        reading = Reading(connection, tell, Report())
        _Look(reading, packet_id, since, full, share).chains(evidence)
        return reading.report


def rows_to_look_at(packet_id: int | None = None) -> int:
    """About how many rows an inspection reads."""
    count = sa.func.count()
    code = sa.select(Packet.code).filter_by(id=packet_id).scalar_subquery()
    lines = sa.select(count).select_from(Handoff).where(only(Handoff.packet_id, packet_id))
    told = sa.select(count).select_from(ScanRow).where(ScanRow.packet_code == code if packet_id else sa.true())
    return sum(db.session.scalar(query) or 0 for query in (lines, told, sa.select(count).select_from(Leaf)))


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
def _lenient(connection: sa.Connection, tolerant: bool) -> Iterator[None]:
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
    """A share of the packets and of the scans."""

    def __init__(self, reading: Reading, packet_id: int | None, since: int, full: bool, share: Share) -> None:
        self.reading, self.packet_id, self.since, self.full, self.share = reading, packet_id, since, full, share
        self.report = reading.report
        self._keys: dict[str | None, Any] = {}

    # ---- chains -------------------------------------------------------------------------------------------------

    def chains(self, evidence: bool) -> None:
        self._lines()
        if evidence:
            self._evidence()

    def _lines(self) -> None:
        """Every packet's lines, from genesis or from the last line before `since`, and the packet's own row."""
        P, H, L = Packet, Handoff, Leaf
        low, high = self.reading.connection.execute(sa.select(sa.func.min(P.id), sa.func.max(P.id))).one()
        rows = self.reading.raw(
            P.id, P.code, P.number, P.origin_id, P.state, P.holder_id, P.head, P.seq, P.line_hash, P.roll_id
        )

        def ours(column: Any) -> sa.ColumnElement[bool]:
            return self.share.within(column, low or 0, high or 0) & only(column, self.packet_id)

        wanted = self.reading.rows(rows.where(ours(P.id)).order_by(P.id))
        chained = self.reading.raw(
            H.packet_id, H.seq, H.kind, H.event, H.giver_id, H.taker_id, H.state, H.digest, H.follows, H.prev_hash, H.hash,
            H.recorded_at, L.n, L.leaf_hash,
        ).outerjoin_from(H, L, L.line_id == H.id)  # fmt: skip
        told = self.reading.rows(chained.where(ours(H.packet_id)).order_by(H.packet_id, H.seq), counted=True)
        groups = groupby(told, key=itemgetter(0))
        owner, group = next(groups, (None, None))
        for packet in wanted:
            while owner is not None and not (isinstance(owner, int) and owner >= packet[0]):
                self.reading.of_log(f"packet {owner}", "has lines and no row")
                owner, group = next(groups, (None, None))
            self.report.packets += 1
            if owner == packet[0]:
                self._chain(packet, group or iter(()))
                owner, group = next(groups, (None, None))
            else:
                self._chain(packet, iter(()))
        while owner is not None:
            self.reading.of_log(f"packet {owner}", "has lines and no row")
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
        seq, lines, numbered, last_n, unnumbered, before, is_whole = 0, 0, 0, -1, 0, "", True
        for (_, said, kind, event, giver, taker, after, digest, follows, prev_hash, hash_, at, n, leaf_hash) in told:  # fmt: skip
            seq, lines, what = seq + 1, lines + 1, None
            found = hash_
            try:
                if len(at) != INSTANT:
                    at = self.reading.instant(at)
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
                    numbered += 1
                    if n <= last_n:
                        what = what or "numbered before the line before it"
                    elif unnumbered:
                        self.reading.of_line(number, unnumbered, "its number in the log is gone")
                        unnumbered = 0
                    last_n = n
                if at < before and datetime.fromisoformat(before) - datetime.fromisoformat(at) > STEP_BACK:
                    self.report.remarks.append(
                        Fault(number, f"line {seq}", "is dated before the line before it", seq)
                    )  # fmt: skip
                before = "" if what else at
            except UNREADABLE:
                what = GARBAGE
            if what:
                self.reading.of_line(number, seq, what)
            prev, perhaps, holder = hash_, found, None if what else taker
            is_whole = is_whole and not what
            if kind == "move":
                state, head = after, digest
        self.report.lines += lines
        self.report.numbered += numbered
        if seq_now != seq:
            behind = isinstance(seq_now, int) and seq_now < seq
            what = (
                "the packet's own mark has been set back" if behind else "the ledger ends before the packet's own mark"
            )
            self.report.found(Fault(str(number), "row" if behind else f"line {seq + 1}", what))
        elif is_whole and (hash_now, state_now, holder_now, head_now) != (prev, state, holder, head):
            self.report.found(Fault(str(number), "row", "its state, holder or head is not what its lines say"))

    # ---- evidence -----------------------------------------------------------------------------------------------

    def _evidence(self) -> None:
        """Every body under its digest, every scan judged, every judgement with its line; with `full` every signature."""
        S, H = ScanRow, Handoff
        query = self.reading.raw(S.digest, S.body)
        if self.full:
            query = self.reading.raw(
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
        query = query.where(self.share.within(S.digest, 0, 1 << 16, self._two_bytes))
        for row in self.reading.rows(query, counted=True):
            self.report.scans += 1
            try:
                what = self._scan(*row)
            except UNREADABLE:
                what = "a cell of its scan holds what no program of ours wrote"
            if what:
                self._of_scan(row[0], what)
        if self.share.nth:
            return  # the rest is one question each
        self._loose_ends()
        if not self.packet_id:
            self._gaps()

    def _two_bytes(self, number: int) -> Any:
        return sa.literal_column(f"X'{number:04x}'" if self.reading.on_sqlite else f"'\\x{number:04x}'::bytea")

    def _scan(self, digest: bytes, body: bytes, *rest: Any) -> str | None:
        if bodies.digest_of(body) != digest:
            return "its scan was changed"
        if not rest:
            return None
        sig, sig_ok, *columns, event, giver, taker, kind, code = rest
        if sig is None:
            return "its scan's signature is gone"
        said = bodies.parse(body, sig)
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
            der = self.reading.connection.scalar(
                sa.text("SELECT public_key FROM devices WHERE id = :id"), {"id": device}
            )
            self._keys[device] = serialization.load_der_public_key(der) if der else None
        return self._keys[device]

    def _of_scan(self, digest: Any, what: str) -> None:
        """Name the line a scan made, if it made one that is still there."""
        line = sa.text(
            "SELECT p.number, h.seq FROM handoffs h JOIN packets p ON p.id = h.packet_id WHERE h.digest = :digest"
        )
        found = self.reading.connection.execute(line, {"digest": digest}).first()
        if found is None:
            name = digest.hex() if isinstance(digest, bytes) else repr(digest)
            self.reading.of_log(f"scan {name}", what)
        else:
            self.reading.of_line(found[0], found[1], what)

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
            for (digest,) in self.reading.rows(sa.text(question)):
                self._of_scan(digest, what)

    def _gaps(self) -> None:
        """Each device's numbers up to its acknowledged mark: a scan that vanished without a trace leaves a hole."""
        counted = (
            "SELECT d.id, d.contiguous, count(DISTINCT s.n) FROM devices d LEFT JOIN scans s ON s.device_id = d.id "
            "AND s.sig_ok AND s.n BETWEEN 1 AND d.contiguous "
            "GROUP BY d.id, d.contiguous HAVING count(DISTINCT s.n) <> d.contiguous"
        )
        for device, mark, found in self.reading.rows(sa.text(counted)):
            self.reading.of_log(f"device {device}", f"{found} of its first {mark} scans are there")


def _made_by(said: Scan, event: str, giver: str, taker: str, kind: str, code: bytes) -> bool:
    """Whether a line says what the scan under its digest says. A note moves nothing, whoever it names."""
    if (said.event, said.code) != (event, code):
        return False
    if kind == "note":
        return giver == taker
    return giver in (said.giver or giver,) and taker in (said.taker or taker, giver)
