"""A superuser at work on the ledger: cells edited, rows deleted, tails cut, and chains worked out anew by a clever forger.

Every tampering says which places it touched; an inspection that names none of them has not seen it. What nobody could
notice is left alone: the signature of a scan that was forged anyway, and lines that no checkpoint covers yet.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.db import Base, db
from app.domain import ledger, packets, tokens, tree
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.devices import Device
from app.domain.findings import Fault
from app.domain.ledger import Handoff
from app.domain.packets import Packet, State, Way
from app.domain.scans import ScanRow, Verdict
from tests.api.test_checkpoints import Log
from tests.forging import superuser
from tests.world import Phone, World

Row = dict[str, Any]
TABLES: tuple[type[Base], ...] = (Verdict, Leaf, Checkpoint, Handoff, ScanRow)  # restored whole, children first
PROJECTED = {Packet: ("state", "holder_id", "head", "seq", "line_hash"), Device: ("contiguous",)}
CELLS = {  # what a forger edits: the evidence, not what was worked out from it
    Handoff: [column.name for column in Handoff.__table__.columns],
    Leaf: ["n", "line_id", "leaf_hash"],
    Checkpoint: ["size", "root", "note", "at"],
    ScanRow: ["body", "sig", "digest"],
}


@dataclass(frozen=True)
class Place:
    """A line (`number`, `seq`, its leaf `n`), a leaf, a checkpoint's `size` or a scan's `digest` that was touched."""

    number: str | None = None
    seq: int | None = None
    n: int | None = None
    size: int | None = None
    digest: bytes | None = None

    def is_named_by(self, fault: Fault) -> bool:
        where, spread = fault.where, [int(each) for each in re.findall(r"\d+", fault.where)]
        if fault.packet is not None:
            return fault.packet == self.number and self.seq is not None and _within(self.seq, spread)
        if where.startswith(("leaf", "leaves")):
            return self.n is not None and _within(self.n, spread)
        if where.startswith("checkpoint"):
            among = re.search(r"leaves (\d+) to (\d+) are gone", fault.what)
            cut = among and self.n is not None and _within(self.n, [int(each) for each in among.groups()])
            return bool(cut) or (self.size is not None and where == f"checkpoint {self.size}")
        return self.digest is not None and where == f"scan {self.digest.hex()}"


def _within(value: int, spread: list[int]) -> bool:
    return bool(spread) and spread[0] <= value <= spread[-1]


def busy_ledger(world: World) -> Log:
    """Notes, duplicates, a scan that waits, a dispute; everything numbered, under four checkpoints."""
    log, one, two = Log(world.app), world.phone(), world.phone(world.second_courier)
    for turn in range(4):
        coming, going = world.packet(), world.packet(Way.OUT)
        world.record(one.scan(coming, "miss", reason="nobody_home", next="another_day"))
        world.collected(one, coming)
        for _ in range(2):  # the same act told twice
            world.record(one.scan(going, "take"))
        if turn == 1:
            world.record(two.scan(going, "take"))  # two say they took it
        else:
            world.record(two.scan(world.fresh(going), "take"))  # waits: it does not fit
        for _ in range(turn):
            world.record(missed(one, world.fresh(coming)))
        log.sign()
    return log


def missed(phone: Phone, packet: Packet) -> Any:
    return phone.scan(packet, "miss", reason="nobody_home", next="another_day")


class Forger:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        with db.engine.connect() as connection:
            self.kept = {model: self._all(connection, model) for model in (*TABLES, *PROJECTED)}
        self.numbers: dict[int, str] = {row["id"]: row["number"] for row in self.kept[Packet]}
        self.codes: dict[int, bytes] = {row["id"]: row["code"] for row in self.kept[Packet]}
        self.leaf_of: dict[int, int] = {row["line_id"]: row["n"] for row in self.kept[Leaf]}
        self.lines: dict[bytes, Row] = {row["digest"]: row for row in self.kept[Handoff]}

    def _all(self, connection: sa.Connection, model: type[Base]) -> list[Row]:
        table: Any = model.__table__
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]

    @contextmanager
    def tampered(self) -> Iterator[tuple[str, list[Place]]]:
        """What was done and where; undone at the end of the block. An act the database makes impossible is not chosen."""
        acts: list[Callable[[sa.Connection], tuple[str, list[Place]]]] = [
            *[self._edit] * 12, *[self._delete] * 4, *[self._rewrite] * 3, self._cut, self._take_out,
        ]  # fmt: skip
        while True:
            try:
                with superuser() as raw:
                    said = self.dice.choice(acts)(raw)
                break
            except sa.exc.IntegrityError:
                continue
        try:
            yield said
        finally:
            with superuser() as raw:
                self._restore(raw)

    def _restore(self, raw: sa.Connection) -> None:
        for model in TABLES:
            raw.execute(sa.delete(model))
        for model in reversed(TABLES):
            raw.execute(sa.insert(model.__table__), self.kept[model])
        for model, columns in PROJECTED.items():
            for row in self.kept[model]:
                raw.execute(sa.update(model.__table__).filter_by(id=row["id"]).values({c: row[c] for c in columns}))

    # ---- plain acts ---------------------------------------------------------------------------------------------

    def _edit(self, raw: sa.Connection) -> tuple[str, list[Place]]:
        model, row = self._some_row()
        column = self.dice.choice(CELLS[model])
        table: Any = model.__table__
        others = [other[column] for other in self.kept[model] if other[column] not in (None, row[column])]
        value = self._other_than(row[column], others)
        untyped = sa.table(table.name, *(sa.column(c.name, None if _is_choice(c) else c.type) for c in table.columns))
        (key,) = table.primary_key.columns
        done = raw.execute(
            sa.update(untyped).where(untyped.c[key.name] == row[key.name]).values({column: value})
        )  # fmt: skip
        assert done.rowcount == 1
        return f"{table.name}.{column} {row[column]!r} → {value!r}", [self._place(model, row)]

    def _some_row(self) -> tuple[type[Base], Row]:
        model = self.dice.choice([Handoff, Handoff, Leaf, Checkpoint, ScanRow])
        return model, self.dice.choice(self.kept[model])

    def _other_than(self, value: Any, others: list[Any]) -> Any:
        if others and self.dice.random() < 0.5:
            return self.dice.choice(others)
        if isinstance(value, bytes) and value:
            at, bit = self.dice.randrange(len(value)), 1 << self.dice.randrange(8)
            return value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]
        if isinstance(value, datetime):
            return value + timedelta(microseconds=self.dice.choice([1, -1, 10**6, 10**10]))
        if isinstance(value, int):
            return value + self.dice.choice([1, -1, 1000])
        if value is None:
            return self.dice.randbytes(32)
        text = str(value)
        at = self.dice.randrange(len(text))
        return text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]

    def _delete(self, raw: sa.Connection) -> tuple[str, list[Place]]:
        model, row = self._some_row()
        table: Any = model.__table__
        (key,) = table.primary_key.columns
        raw.execute(sa.delete(table).where(key == row[key.name]))
        return f"{table.name} {row[key.name]!r} deleted", [self._place(model, row)]

    def _place(self, model: type[Base], row: Row) -> Place:
        if model is Checkpoint:
            return Place(size=row["size"])
        if model is Leaf:
            line = next(line for line in self.kept[Handoff] if line["id"] == row["line_id"])
            return self._of_line(line)
        if model is ScanRow:
            line = self.lines.get(row["digest"])
            return self._of_line(line) if line else Place(digest=row["digest"])
        return self._of_line(row)

    def _of_line(self, line: Row) -> Place:
        number, n = self.numbers[line["packet_id"]], self.leaf_of[line["id"]]
        return Place(number, line["seq"], n, digest=line["digest"])

    # ---- a clever forger ----------------------------------------------------------------------------------------

    def _rewrite(self, raw: sa.Connection) -> tuple[str, list[Place]]:
        """Another event, taker, state or time, and every hash after it worked out anew."""
        line = self.dice.choice(self.kept[Handoff])
        column = self.dice.choice(["event", "giver_id", "taker_id", "state", "recorded_at", "digest"])
        others = [row[column] for row in self.kept[Handoff] if row[column] != line[column]]
        value = (
            self._other_than(line[column], others) if column in ("recorded_at", "digest") else self.dice.choice(others)
        )
        chain = self.chain_of(line["packet_id"])
        forged = [row | {column: value} if row["id"] == line["id"] else row for row in chain]
        self.write(raw, line["packet_id"], forged)
        return f"{column} of {self._of_line(line)} → {value!r}, chained anew", [self._of_line(line)]

    def chain_of(self, packet_id: int) -> list[Row]:
        return sorted((row for row in self.kept[Handoff] if row["packet_id"] == packet_id), key=lambda row: row["seq"])

    def write(self, raw: sa.Connection, packet_id: int, chain: list[Row]) -> None:
        """The packet's lines as the forger wants them, with hashes, leaves and the packet's own row to match."""
        code = self.codes[packet_id]
        prev = packets.genesis(code)
        for seq, row in enumerate(chain, 1):
            at = row["recorded_at"].isoformat(timespec="microseconds")
            line = ledger.spell(
                tokens.b32(code), seq, row["kind"], row["event"], row["giver_id"], row["taker_id"], row["state"],
                row["digest"], row["follows"], prev, at,
            )  # fmt: skip
            hash_ = hashlib.sha256(line).digest()
            values = {name: row[name] for name in ("event", "giver_id", "taker_id", "state", "recorded_at", "digest")}
            raw.execute(
                sa.update(Handoff.__table__).filter_by(id=row["id"]).values(values | {"seq": seq, "prev_hash": prev, "hash": hash_})
            )  # fmt: skip
            raw.execute(sa.update(Leaf.__table__).filter_by(line_id=row["id"]).values(leaf_hash=tree.leaf(line)))
            prev = hash_
        self._project(raw, packet_id, chain, prev)

    def _project(self, raw: sa.Connection, packet_id: int, chain: list[Row], line_hash: bytes) -> None:
        origin = next(row["origin_id"] for row in self.kept[Packet] if row["id"] == packet_id)
        moves = [row for row in chain if row["kind"] == "move"]
        last = moves[-1] if moves else {"state": State.WAITING, "digest": packets.genesis(self.codes[packet_id])}
        holder = chain[-1]["taker_id"] if chain else origin
        values = {"state": last["state"], "holder_id": holder, "head": last["digest"]}
        raw.execute(
            sa.update(Packet.__table__).filter_by(id=packet_id).values(values | {"seq": len(chain), "line_hash": line_hash})
        )  # fmt: skip

    def _take_out(self, raw: sa.Connection) -> tuple[str, list[Place]]:
        """A line gone with its scan, its verdicts and its leaf; what came after it moved up, in packet and log."""
        line = self.dice.choice(self.kept[Handoff])
        place = self._of_line(line)
        self._forget(raw, [line])
        leaves: Any = Leaf.__table__
        for row in sorted(self.kept[Leaf], key=lambda row: row["n"]):
            if row["n"] > (place.n or 0):
                raw.execute(sa.update(leaves).filter_by(n=row["n"]).values(n=row["n"] - 1))
        self.write(raw, line["packet_id"], [row for row in self.chain_of(line["packet_id"]) if row is not line])
        return f"{place} taken out", [place]

    def _cut(self, raw: sa.Connection) -> tuple[str, list[Place]]:
        """The newest lines gone from every table, checkpoints too, packets and devices set back."""
        n = self.dice.randrange(1, len(self.kept[Leaf]))
        gone = [row for row in self.kept[Handoff] if self.leaf_of[row["id"]] >= n]
        self._forget(raw, gone)
        for packet_id in {row["packet_id"] for row in gone}:
            left = [row for row in self.chain_of(packet_id) if self.leaf_of[row["id"]] < n]
            self._project(raw, packet_id, left, left[-1]["hash"] if left else packets.genesis(self.codes[packet_id]))
        sizes = [row["size"] for row in self.kept[Checkpoint] if row["size"] > n]
        if self.dice.random() < 0.7:
            raw.execute(sa.delete(Checkpoint).where(Checkpoint.size > n))
        for row in self.kept[Device]:
            counted = sa.select(sa.func.count()).where(ScanRow.device_id == row["id"]).scalar_subquery()
            raw.execute(sa.update(Device.__table__).filter_by(id=row["id"]).values(contiguous=counted))
        return f"the tail from leaf {n} cut", [Place(size=size) for size in sizes]

    def _forget(self, raw: sa.Connection, lines: list[Row]) -> None:
        digests, ids = [row["digest"] for row in lines], [row["id"] for row in lines]
        raw.execute(sa.delete(Verdict).where(sa.or_(Verdict.digest.in_(digests), Verdict.line_id.in_(ids))))
        raw.execute(sa.delete(ScanRow).where(ScanRow.digest.in_(digests)))
        raw.execute(sa.delete(Leaf).where(Leaf.line_id.in_(ids)))
        raw.execute(sa.delete(Handoff).where(Handoff.id.in_(ids)))


def _is_choice(column: Any) -> bool:
    return isinstance(column.type, sa.Enum)
