"""Checkpoints: one log of all lines, and signed notes of how far it had come.

The sequencer numbers committed lines 0, 1, 2 … without a gap; their hashes are the leaves of a tree (`tree`). The
signer, a process of its own, signs size and root (`notes`); what it signed is kept here and told to every phone.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, ask, db
from app.domain import ledger, notes, tasks, tree
from app.domain.ledger import Handoff
from app.domain.notes import Head, LogKey
from app.domain.packets import Packet
from app.domain.tasks import TaskKind

PASS = 2000  # lines numbered in one transaction
REACH = 20_000  # a usual pass looks at lines this far behind the newest numbered one
SEQUENCER = 0x5E90_E7CE  # the advisory lock that only one sequencer holds
TILE = 256  # leaves whose node is remembered for good
OTHERS = 4096  # nodes at the edge of the tree, remembered for a while: many phones ask for the same
BROKEN = (LookupError, TypeError, sa.exc.DBAPIError)  # what reading a tree may raise that somebody has tampered with


class Leaf(Model):
    __tablename__ = "leaves"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line_id: Mapped[int] = mapped_column(sa.ForeignKey(Handoff.id), unique=True)
    leaf_hash: Mapped[Digest]


class Checkpoint(Model):
    __tablename__ = "checkpoints"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[Digest]
    note: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[Instant]


# ---- numbering --------------------------------------------------------------------------------------------------


class Waiting(NamedTuple):
    """A committed line that has no leaf yet."""

    line_id: int
    leaf_hash: bytes


COLUMNS = (
    Handoff.id, Packet.code, Handoff.seq, Handoff.kind, Handoff.event, Handoff.giver_id, Handoff.taker_id, Handoff.state,
    Handoff.digest, Handoff.follows, Handoff.prev_hash, Handoff.recorded_at,
)  # fmt: skip


def waiting(everything: bool = False) -> list[Waiting]:
    """Committed lines that have no leaf, by packet and then seq: so many as one pass numbers. Nobody waits meanwhile.

    Ids are no order: a transaction with a lower id may commit later. They only bound where a usual pass looks;
    `everything` looks everywhere.
    """
    found = (
        sa.select(*COLUMNS)
        .join(Packet, Packet.id == Handoff.packet_id)
        .where(~sa.exists().where(Leaf.line_id == Handoff.id))
        .order_by(Handoff.packet_id, Handoff.seq)
        .limit(PASS)
    )
    newest = None if everything else db.session.scalar(sa.select(sa.func.max(Leaf.line_id)))
    if newest is not None:
        found = found.where(Handoff.id > newest - REACH)
    return [Waiting(line.id, tree.leaf(ledger.line_bytes(line, line.code))) for line in ask(found)]


def number(lines: Sequence[Waiting]) -> int:
    """Give these lines the next numbers; how many. 0 while another sequencer works. What another has numbered since they
    were found is left out."""
    if not _alone():
        return 0
    done = set(ask(NUMBERED, ids=[line.line_id for line in lines]).scalars())
    last = db.session.scalar(sa.select(sa.func.max(Leaf.n)))
    fresh = [line._asdict() for line in lines if line.line_id not in done]
    rows = [{"n": n} | line for n, line in enumerate(fresh, start=0 if last is None else last + 1)]
    if rows:
        db.session.execute(sa.insert(Leaf), rows)
    return len(rows)


NUMBERED = sa.select(Leaf.line_id).where(Leaf.line_id.in_(sa.bindparam("ids", expanding=True)))


def sequence(everything: bool = False) -> int:
    """`number` what is `waiting`."""
    return number(waiting(everything))


def _alone() -> bool:
    """Whether no other sequencer is at work; this one then is until the transaction ends."""
    if db.engine.dialect.name == "sqlite":
        return True  # whoever writes is alone
    return bool(db.session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(SEQUENCER))))


# ---- the tree, from its table -----------------------------------------------------------------------------------


@dataclass
class _Known:
    """Nodes that were worked out before. They never change while the log only grows."""

    whole: dict[tuple[int, int], bytes] = field(default_factory=dict)
    others: dict[tuple[int, int], bytes] = field(default_factory=dict)
    last: tuple[int, bytes] = (-1, b"")  # the newest leaf, to know the log again


_known: WeakKeyDictionary[sa.Engine, _Known] = WeakKeyDictionary()


def size() -> int:
    """How many lines are numbered. Sees, too, whether it is still the log whose nodes are remembered."""
    known = _known.setdefault(db.engine, _Known())
    newest_n = sa.select(sa.func.max(Leaf.n)).scalar_subquery()
    wanted = sa.select(Leaf.n, Leaf.leaf_hash).where(Leaf.n.in_([newest_n, known.last[0]])).order_by(Leaf.n)
    found = [(n, leaf_hash) for n, leaf_hash in db.session.execute(wanted)]
    if known.last[0] >= 0 and known.last not in found:  # somebody has put another log in its place
        _known[db.engine] = known = _Known()
    known.last = found[-1] if found else (-1, b"")
    return known.last[0] + 1


def span(start: int, end: int) -> bytes:
    """The hash over leaves start … end-1. Raises LookupError when one of them is not there."""
    count = end - start
    known = _known.setdefault(db.engine, _Known())
    memory = known.whole if count >= TILE and count & (count - 1) == 0 else known.others
    if found := memory.get((start, end)):
        return found
    if count <= TILE:
        found = tree.root(_leaves(start, end))
    else:
        middle = start + tree.split(count)
        found = tree.node(span(start, middle), span(middle, end))
    if len(known.others) > OTHERS:
        known.others.clear()
    memory[start, end] = found
    return found


def _leaves(start: int, end: int) -> Sequence[bytes]:
    query = sa.select(Leaf.leaf_hash).where(Leaf.n >= start, Leaf.n < end).order_by(Leaf.n)
    found = db.session.scalars(query).all()
    if len(found) != end - start:
        raise LookupError(f"leaves {start} to {end - 1} are not all there")
    return found


def root(at_size: int) -> bytes:
    """The root when the log had this many lines. Raises LookupError when it has fewer."""
    if at_size > size():
        raise LookupError(f"there are not {at_size} lines")
    return span(0, at_size) if at_size else tree.EMPTY


# ---- notes ------------------------------------------------------------------------------------------------------


NEWEST = sa.select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1)


def newest() -> Checkpoint | None:
    return db.session.scalar(NEWEST)


def unsigned_since() -> tuple[datetime, datetime | None] | None:
    """When the first line was recorded that no signed note covers, and when anything was signed last; None: all is covered."""
    last, follows = newest(), sa.select(Handoff.recorded_at).order_by(Handoff.id).limit(1)
    numbered = follows.join(Leaf, Leaf.line_id == Handoff.id).where(Leaf.n == (last.size if last else 0))
    end = db.session.scalar(sa.select(sa.func.max(Leaf.line_id))) or 0
    first = db.session.scalar(numbered) or db.session.scalar(follows.where(Handoff.id > end))
    return (first, last.at if last else None) if first else None


def adopt(note: str, key: LogKey, at: datetime) -> Checkpoint | None:
    """Keep what the signer signed, or None when it is known. Raises ValueError for a note that is not true of our log."""
    said = notes.read(note, key)
    if db.session.get(Checkpoint, said.size):
        return None
    try:
        ours = root(said.size)
    except LookupError as error:
        raise ValueError(f"the log is shorter than the {said.size} lines that were signed") from error
    if ours != said.root:
        raise ValueError(f"the log is not the one that was signed at {said.size} lines")
    kept = Checkpoint(size=said.size, root=said.root, note=note, at=at)
    db.session.add(kept)
    return kept


class News(NamedTuple):
    """What a phone is told of the log: the newest note, and that it extends what the phone had pinned."""

    checkpoint: str | None
    consistency: list[str]  # hashes, in hex


class Last(NamedTuple):
    """The newest checkpoint."""

    size: int
    note: str


LAST = sa.select(Checkpoint.size, Checkpoint.note).order_by(Checkpoint.size.desc()).limit(1)


def last() -> Last | None:
    found = ask(LAST).first()
    return Last(found.size, found.note) if found else None


def since(pinned: int, last: Last | None) -> News:
    """What `last` says, and the proof from the checkpoint of `pinned` lines; none from no lines, or when it has not come
    further than that."""
    if last is None or not 0 < pinned < last.size:
        return News(last.note if last else None, [])
    try:
        size()
        path = tree.consistency(pinned, last.size, span)
    except BROKEN:
        path = []  # the phone will see that nothing is proved, as it must
    return News(last.note, [each.hex() for each in path])


# ---- pins -------------------------------------------------------------------------------------------------------


def pin_in(body: bytes) -> Head | None:
    """What the phone that signed this scan had seen of the log, if it says so."""
    if b'"pin"' not in body:
        return None
    try:
        return notes.pinned(json.loads(body).get("pin"))
    except (ValueError, AttributeError, RecursionError):
        return None


def contradicting(pins: Iterable[Head]) -> list[Head]:
    """Those that cannot be a beginning of the log we have: it was changed, cut or put back behind them."""
    return [pin for pin in pins if not _is_beginning(pin)]


def _is_beginning(pin: Head) -> bool:
    try:
        return root(pin.size) == pin.root
    except BROKEN:
        return False


def alarm(pins: Iterable[Head], device_id: str, at: datetime) -> None:
    """A supervisor must look: this phone saw another log."""
    for pin in pins:
        tasks.raise_(TaskKind.FORK_OF_LOG, at, device_id=device_id, size=pin.size, root=pin.root.hex())
