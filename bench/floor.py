"""The floor: what the machine can do. A is a durable commit of one row; B writes, scan by scan, the rows that `record`
writes, straight against the driver: the packet's row is read, the line chained, three rows added, two updated, committed."""

import hashlib
import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Any, Protocol

import psycopg

from app.domain import tokens
from bench.ground import Signed

# fmt: off
SCAN = ("digest", "id", "device_id", "n", "packet_code", "parent", "body", "sig", "sig_ok", "clock_offset", "recorded_at")
LINE = ("packet_id", "seq", "kind", "event", "giver_id", "taker_id", "state", "digest", "follows", "prev_hash", "hash", "recorded_at")
VERDICT = ("digest", "nth", "verdict", "why", "line_id", "by", "at")
# fmt: on


class Cursor(Protocol):
    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Any: ...
    def fetchone(self) -> Any: ...


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names above


STATEMENTS = {
    "packet": "SELECT id, seq, line_hash FROM packets WHERE code = ?",
    "scan": _insert("scans", SCAN),
    "line": _insert("handoffs", LINE) + " RETURNING id",
    "verdict": _insert("verdicts", VERDICT),
    "move": "UPDATE packets SET state = ?, holder_id = ?, head = ?, seq = ?, line_hash = ? WHERE id = ?",
    "count": "UPDATE devices SET contiguous = ?, last_digest = ? WHERE id = ?",
}
LOCKING = {name: text.replace("?", "%s") for name, text in STATEMENTS.items()} | {
    "packet": STATEMENTS["packet"].replace("?", "%s") + " FOR UPDATE"
}


def write(cursor: Cursor, sql: dict[str, str], one: Signed, at: datetime) -> None:
    """The rows of one scan, inside the caller's transaction."""
    when: Any = at.replace(tzinfo=None)
    if sql is STATEMENTS:
        when = when.isoformat(" ", timespec="microseconds")
    cursor.execute(sql["packet"], (one.code,))
    packet_id, seq, before = cursor.fetchone()
    values = ("handoff-v1", tokens.b32(one.code), str(seq + 1), "move", one.event, one.giver, one.taker, one.state,
              one.digest.hex(), one.parent.hex(), bytes(before).hex(), at.isoformat(timespec="microseconds"))  # fmt: skip
    hash_ = hashlib.sha256("\n".join(values).encode()).digest()
    cursor.execute(
        sql["scan"],
        (one.digest, one.id, one.device, one.n, one.code, one.parent, one.body, one.sig, True, 0, when),
    )
    cursor.execute(
        sql["line"],
        (packet_id, seq + 1, "move", one.event, one.giver, one.taker, one.state,
         one.digest, one.parent, bytes(before), hash_, when),
    )  # fmt: skip
    (line_id,) = cursor.fetchone()
    cursor.execute(sql["verdict"], (one.digest, 1, "applied", None, line_id, "server", when))
    cursor.execute(sql["move"], (one.state, one.taker, one.digest, seq + 1, hash_, packet_id))
    cursor.execute(sql["count"], (one.n, one.digest, one.device))


def _rate(work: Iterable[Callable[[], None]], seconds: float) -> float:
    """How often a second, until `seconds` have passed or there is no more work."""
    began = time.perf_counter()
    done = 0
    for do in work:
        do()
        done += 1
        if time.perf_counter() - began >= seconds:
            break
    return done / (time.perf_counter() - began)


# ---- SQLite: one client, as one process writes the file ----------------------------------------------------------


def sqlite(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _one_row(begin: str, execute: Callable[[str], Any]) -> Iterator[Callable[[], None]]:
    def commit() -> None:
        execute(begin)
        execute("INSERT INTO one_row (said) VALUES ('a row like any other, of about fifty bytes')")
        execute("COMMIT")

    while True:
        yield commit


def sqlite_commits(url: str, seconds: float) -> float:
    connection = sqlite(url)
    connection.execute("CREATE TABLE IF NOT EXISTS one_row (id INTEGER PRIMARY KEY, said TEXT)")
    try:
        return _rate(_one_row("BEGIN IMMEDIATE", connection.execute), seconds)
    finally:
        connection.close()


def sqlite_scans(url: str, shifts: list[list[Signed]], seconds: float) -> float:
    connection = sqlite(url)
    cursor = connection.cursor()

    def record(one: Signed) -> None:
        cursor.execute("BEGIN IMMEDIATE")
        write(cursor, STATEMENTS, one, datetime.now(UTC))
        cursor.execute("COMMIT")

    in_turn = (one for turn in zip(*shifts, strict=False) for one in turn)
    try:
        return _rate((partial(record, one) for one in in_turn), seconds)
    finally:
        connection.close()


# ---- PostgreSQL: a process for each client -----------------------------------------------------------------------


def _postgres(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def postgres_commits(url: str, seconds: float) -> float:
    with _postgres(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS one_row (id bigserial PRIMARY KEY, said text)")
        return _rate(_one_row("BEGIN", connection.execute), seconds)


def postgres_scans(url: str, shifts: list[list[Signed]], seconds: float) -> float:
    fork = multiprocessing.get_context("fork")  # importing the application sixteen times would take longer than the run
    start, counts = fork.Barrier(len(shifts) + 1), fork.Queue()
    clients = [fork.Process(target=_client, args=(url, shift, seconds, start, counts)) for shift in shifts]
    for client in clients:
        client.start()
    start.wait()
    total: float = sum(counts.get() for _ in clients)
    for client in clients:
        client.join()
    return total


def _client(url: str, shift: list[Signed], seconds: float, start: Barrier, counts: Any) -> None:
    with _postgres(url) as connection:
        cursor: Any = connection.cursor()

        def record(one: Signed) -> None:
            cursor.execute("BEGIN")
            write(cursor, LOCKING, one, datetime.now(UTC))
            cursor.execute("COMMIT")

        start.wait()
        counts.put(_rate((partial(record, one) for one in shift), seconds))
