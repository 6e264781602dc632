"""The signer: the only one with the log's key, a process of its own that reads the tree and cannot write it.

It keeps one file: every note it signed, a line each, newest last. What does not extend the last one it does not sign;
the sequencer picks the notes up from there. It needs no secret of the application: DATABASE_URL (of a role that only reads) and CHECKPOINT_DIR.
"""

import fcntl
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from app.config import Where
from app.domain import notes, tree
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.notes import Head, SigningKey
from app.domain.tree import Growing
from app.logs import configure, log

LOOK = 5.0  # seconds between two looks at the tree
EVERY = 60.0  # seconds between two signatures
RECOUNT = 3600.0  # seconds after which the whole tree is worked out anew, not only what was added
KEY, SIGNED = "key", "history"
LONGEST = 8192  # bytes; a signed note and its time are far shorter


class Contradiction(Exception):
    """The log is not an extension of what was signed: signing stops until a person has looked."""


class Signed(NamedTuple):
    note: str
    at: datetime


def signed(folder: Path, start: int = 0) -> tuple[list[Signed], int]:
    """The notes signed since the file had `start` bytes, oldest first, and how many bytes it has now."""
    path = folder / SIGNED
    if not path.exists():
        return [], 0
    with path.open("rb") as file:
        file.seek(start)
        whole = file.read().rpartition(b"\n")[0]  # a line without its end is still being written
    return [_said(line) for line in whole.splitlines()], start + len(whole) + bool(whole)


def line(said: Signed) -> str:
    """As it stands in the signer's file."""
    row = {"at": said.at.isoformat(timespec="microseconds"), "note": said.note}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _said(line: bytes) -> Signed:
    row = json.loads(line)
    return Signed(row["note"], datetime.fromisoformat(row["at"]))


@dataclass(frozen=True)
class History:
    """All that was ever signed, oldest first."""

    folder: Path

    def __iter__(self) -> Iterator[Signed]:
        path = self.folder / SIGNED
        if path.exists():
            with path.open("rb") as file:
                yield from (_said(line) for line in file if line.endswith(b"\n"))


def newest(folder: Path) -> Signed | None:
    path = folder / SIGNED
    size = path.stat().st_size if path.exists() else 0
    near, _ = signed(folder, _line_start(path, max(0, size - LONGEST))) if size else ([], 0)
    return near[-1] if near else None


def _line_start(path: Path, near: int) -> int:
    """Where the first whole line at or after this byte begins."""
    if near == 0:
        return 0
    with path.open("rb") as file:
        file.seek(near)
        return near + len(file.readline())


FAULTS = (Contradiction, ValueError, BlockingIOError, sa.exc.SQLAlchemyError)


def told(fault: Exception) -> str:
    """Why no signer can work here, in one sentence."""
    if isinstance(fault, BlockingIOError):
        return "Another signer is at work in this folder."
    if isinstance(fault, sa.exc.SQLAlchemyError):
        return f"The tree cannot be read ({type(fault).__name__}): is the database there, and migrated?"
    return str(fault)


@contextmanager
def at_work(where: Where) -> Iterator["Signer"]:
    """The only signer of this folder, as long as the block lasts.

    Raises Contradiction when there are checkpoints and no key, ValueError for files that are damaged, BlockingIOError
    while another signer is at work.
    """
    where.checkpoint_dir.mkdir(parents=True, exist_ok=True)
    with (where.checkpoint_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Signer(where)


class Signer:
    def __init__(self, where: Where) -> None:
        self.folder = where.checkpoint_dir
        self.engine = reading(where.database_url)
        self.key = self._key(f"{where.host}/ledger")
        _mend(self.folder / SIGNED)
        last = newest(self.folder)
        self.last = notes.read(last.note, self.key.log_key) if last else Head(0, tree.EMPTY)
        self._grown: Growing | None = None
        self._counted = self._signed = -math.inf

    def _key(self, name: str) -> SigningKey:
        path = self.folder / KEY
        if path.exists():
            return SigningKey.read(path.read_text())
        with self.engine.connect() as connection:
            if (self.folder / SIGNED).exists() or connection.scalar(sa.select(sa.func.count()).select_from(Checkpoint)):
                raise Contradiction(f"checkpoints were signed, but their key {path} is gone: bring it back")
        key = SigningKey.new(name)
        _write(path, f"{key}\n", 0o600)
        _write(self.folder / notes.PUBLIC, f"{key.log_key}\n", 0o644)
        return key

    def look(self, at: float) -> Head | None:
        """Sign the tree if it has grown since the last minute; `at` is a clock's seconds. Raises Contradiction."""
        if at - self._signed < EVERY:
            return None
        if self._grown is None or at - self._counted > RECOUNT:
            grown, self._counted = Growing(), at
        else:
            grown = self._grown
        self._grown = None  # after a fault the whole tree is read again
        self._read_on(grown)
        if grown.size < self.last.size:
            raise Contradiction(f"the log has {grown.size} lines, {self.last.size} were signed")
        self._grown = grown
        if grown.size == self.last.size:
            return None
        head = Head(grown.size, grown.root())
        _append(self.folder / SIGNED, line(Signed(self.key.sign(head), datetime.now(UTC))))
        self.last, self._signed = head, at
        return head

    def _read_on(self, grown: Growing) -> None:
        rows = sa.select(Leaf.n, Leaf.leaf_hash).where(Leaf.n >= grown.size).order_by(Leaf.n)
        with self.engine.connect() as connection:
            last = connection.scalar(sa.select(sa.func.max(Leaf.n)))
            if grown.size > (0 if last is None else last + 1):
                raise Contradiction(f"the log has become shorter than the {grown.size} lines it had")
            with connection.execution_options(yield_per=10_000).execute(rows) as leaves:
                for n, leaf_hash in leaves:
                    if n != grown.size:
                        raise Contradiction(f"leaf {grown.size} is missing")
                    grown.add(leaf_hash)
                    if n + 1 == self.last.size and grown.root() != self.last.root:
                        raise Contradiction(f"the first {self.last.size} lines are not those that were signed")


def reading(url: str) -> sa.Engine:
    """An engine whose connections cannot write."""
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        made = made.set(database=f"file:{quote(made.database or '')}", query={"mode": "ro", "uri": "true"})
        return sa.create_engine(made, poolclass=NullPool)
    only = {"options": "-c default_transaction_read_only=on"}
    return sa.create_engine(made, poolclass=NullPool, connect_args=only)


def _write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all, and on the disk when this returns."""
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _append(path: Path, line: str) -> None:
    """On the disk when this returns."""
    with path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def _mend(path: Path) -> None:
    """A line that was cut off while it was written was never told to anybody: it goes."""
    if path.exists():
        with path.open("rb+") as file:
            file.seek(max(0, path.stat().st_size - LONGEST))
            start, end = file.tell(), file.read()
            file.truncate(start + end.rfind(b"\n") + 1)


def run(signer: Signer, stopped: Callable[[float], bool]) -> None:
    """Look until `stopped(seconds)`, which waits that long, says so."""
    while True:
        try:
            signer.look(time.monotonic())
        except Contradiction as refusal:
            log.error("nothing signed", error=str(refusal))
        except sa.exc.SQLAlchemyError as error:  # not migrated yet, or away for a moment
            log.warning("tree unread", error=type(error).__name__)
        if stopped(LOOK):
            return


def _orphaned(parent: int) -> Callable[[float], bool]:
    """Waits, and ends the wait when the process that started this one is gone."""

    def wait(seconds: float) -> bool:
        until = time.monotonic() + seconds
        while os.getppid() == parent and time.monotonic() < until:
            time.sleep(min(1.0, seconds))
        return os.getppid() != parent

    return wait


def main() -> None:
    parent = os.getppid()
    os.nice(5)  # whoever scans comes first
    configure()
    try:
        with at_work(Where()) as signer:
            run(signer, _orphaned(parent))
    except KeyboardInterrupt:
        pass
    except FAULTS as fault:
        sys.exit(f"Cannot sign: {told(fault)}")
