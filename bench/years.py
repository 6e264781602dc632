"""Years of work, filled in bulk: dossiers with two packets, two visits and ten chained lines each, in the tables that
the tracking page and the audit read and in no others. Patterns are rows made by the domain's own verbs."""

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg.adapt import Loader

from app.config import Settings
from app.domain import bodies, packets, tokens, tree
from app.domain.packets import Way
from bench.figures import BODY
from bench.ground import opened
from tests.world import World

LINES = 10
CHUNK = 2_000  # dossiers written at once
# fmt: off
IN = (("collect", "citizen", "courier", "CARRIED"), ("hand_in", "courier", "post", "AT_POST"), ("take", "post", "courier", "CARRIED"),
      ("receive", "courier", "desk", "AT_DESK"),    ("open", "desk", "desk", "OPENED"))
OUT = (("take", "desk", "courier", "CARRIED"),      ("hand_in", "courier", "post", "AT_POST"), ("take", "post", "courier", "CARRIED"),
       ("hand_in", "courier", "post", "AT_POST"))
HOME, CARRIED = ("deliver", "post", "citizen", "DELIVERED"), ("take", "post", "courier", "CARRIED")
CASE = (("submit", "submitted"), ("accept", "accepted"), ("ready", "result_ready"), ("close", "closed"))
# fmt: on
Row = dict[str, Any]


class Years:
    """A database `url` that holds more and more years."""

    def __init__(self, settings: Settings, url: str, evidence: bool = False, signed: bool = False) -> None:
        """With `evidence` every line has its scan, its verdict and its leaf, too: what an audit reads; with `signed`
        the scans are signed by a device, which takes a while."""
        self.url, self.evidence, self.lines = url, evidence, 0
        self._key = ec.generate_private_key(ec.SECP256R1()) if signed else None
        with opened(settings, url) as app:
            world = World.build(app)
            coming, going = world.packet(Way.IN), world.packet(Way.OUT)
            self._parties: dict[str, Any] = {
                "courier": world.courier.party_id,
                "post": world.post.party_id,
                "desk": world.desk.party_id,
            }
            dossier, packet, way_out = coming.dossier_id, coming.id, going.id
            citizen = coming.dossier.citizen_id
        self._store = store = _Postgres(url) if url.startswith("postgresql") else _Sqlite(url)
        (self._citizen,) = store.read("citizens", "id", citizen)
        (self._dossier,) = store.read("dossiers", "id", dossier)
        self._papers = store.read("papers", "dossier_id", dossier)
        self._packets = store.read("packets", "id", packet) + store.read("packets", "id", way_out)
        self._visits = store.read("visits", "packet_id", packet) + store.read("visits", "packet_id", way_out)
        if self._key:
            store.write("devices", *self._device(self._key, store.instant(datetime(2026, 1, 5, tzinfo=UTC))))
        self._at = datetime(2026, 1, 5, 1, microsecond=250_001, tzinfo=UTC)
        self._first = self.dossiers = way_out  # the newest id in use

    @staticmethod
    def _device(key: ec.EllipticCurvePrivateKey, at: Any) -> tuple[list[str], list[Sequence[Any]]]:
        der = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        row = {"id": BODY["device"], "kind": "phone", "public_key": key.public_key().public_bytes(*der), "label": "",
               "enrolled_at": at, "contiguous": 0}  # fmt: skip
        return list(row), [list(row.values())]

    def fill(self, lines: int, tell: Callable[[int], None] = lambda done: None) -> None:
        """Dossiers until there are `lines` lines."""
        wanted = self._first + lines // LINES
        while self.dossiers < wanted:
            tables: dict[str, list[Row]] = defaultdict(list)
            upto = min(self.dossiers + CHUNK, wanted)
            for number in range(self.dossiers + 1, upto + 1):
                self._live(number, tables)
            for table, made in tables.items():
                self._store.write(table, list(made[0]), [list(one.values()) for one in made])
            self._store.commit()
            self.dossiers = upto
            tell((upto - self._first) * LINES)
        self._store.close()

    def secrets(self, count: int) -> list[str]:
        """The tracking links of `count` dossiers, spread over all the years."""
        step = max(1, (self.dossiers - self._first) // count)
        return [_secret(number) for number in range(self._first + 1, self.dossiers + 1, step)][:count]

    def _live(self, number: int, tables: dict[str, list[Row]]) -> None:
        """All rows of dossier `number`. Every second one is still on its way home."""
        over = number % 2 == 0
        self._at += timedelta(seconds=7)
        at, party = self._at, "p" + _secret(-number)[:13]
        when = self._store.instant(at)
        tables["parties"].append({"id": party, "kind": "citizen"})
        tables["citizens"].append(self._citizen | {"id": number, "party_id": party})
        tables["dossiers"].append(
            self._dossier
            | {"id": number, "citizen_id": number, "number": f"HS-Y-{number}", "secret": _secret(number),
               "booking_key": f"year-{number}", "official_code": f"H29.17-{number}", "submitted_at": when,
               "state": "closed" if over else "result_ready", "booked_at": when}
        )  # fmt: skip
        tables["papers"] += [paper | {"dossier_id": number} for paper in self._papers]
        for event, state in CASE[: 4 if over else 3]:
            tables["case_lines"].append({"dossier_id": number, "event": event, "state": state, "at": when})
        for which, life in enumerate((IN, (*OUT, HOME if over else CARRIED))):
            self._travel(number, which, life, party, at, tables)

    def _witness(self, line: bytes, digest: bytes, said: Row, body: bytes, code: bytes, at: Any, tables: Any) -> None:
        sig = tokens.sign(self._key, b"scan-v1\n" + body) if self._key else b"\1" * 64
        tables["scans"].append(
            {"digest": digest, "id": said["id"], "device_id": said["device"], "n": said["n"], "packet_code": code,
             "parent": bytes.fromhex(said["parent"]), "body": body, "sig": sig, "sig_ok": self._key is not None,
             "clock_offset": None, "recorded_at": at}
        )  # fmt: skip
        tables["verdicts"].append(
            {"digest": digest, "nth": 1, "verdict": "applied", "why": None, "line_id": self.lines, "by": "server", "at": at}
        )  # fmt: skip
        tables["leaves"].append({"n": self.lines - 1, "line_id": self.lines, "leaf_hash": tree.leaf(line)})

    def _travel(
        self, number: int, which: int, life: Iterable[tuple[str, ...]], party: str, at: datetime, tables: Any
    ) -> None:
        packet_id = 2 * number + which
        code = hashlib.blake2b(b"%d" % packet_id, digest_size=10).digest()
        known = self._parties | {"citizen": party}
        head = line_hash = packets.genesis(code)
        state = holder = ""
        for seq, (event, giver, taker, state) in enumerate(life, 1):
            said = _said(packet_id, seq, event, code, known[giver], known[taker], head) if self.evidence else {}
            body = json.dumps(said, separators=(",", ":")).encode() if said else b"%d %d" % (packet_id, seq)
            digest = bodies.digest_of(body)
            recorded = at + timedelta(hours=5 * seq)
            holder = known[taker]
            values = ("handoff-v1", tokens.b32(code), str(seq), "move", event, known[giver], holder, state,
                      digest.hex(), head.hex(), line_hash.hex(), recorded.isoformat(timespec="microseconds"))  # fmt: skip
            line = "\n".join(values).encode()
            before, line_hash = line_hash, hashlib.sha256(line).digest()
            self.lines += 1
            if self.evidence:
                self._witness(line, digest, said, body, code, self._store.instant(recorded), tables)
            tables["handoffs"].append(
                {"id": self.lines, "packet_id": packet_id, "seq": seq, "kind": "move", "event": event, "giver_id": known[giver],
                 "taker_id": holder, "state": state, "digest": digest, "follows": head, "prev_hash": before,
                 "hash": line_hash, "recorded_at": self._store.instant(recorded)}
            )  # fmt: skip
            head = digest
        tables["packets"].append(
            self._packets[which]
            | {"id": packet_id, "code": code, "number": f"HS-Y-{packet_id}-{which}", "dossier_id": number,
               "origin_id": party if which == 0 else known["desk"], "state": state, "holder_id": holder,
               "head": head, "seq": 5, "line_hash": line_hash}
        )  # fmt: skip
        visit = self._visits[which] | {"id": packet_id, "packet_id": packet_id}
        tables["visits"].append(visit | ({} if state == "CARRIED" else {"state": "done"}))


def _said(packet_id: int, seq: int, event: str, code: bytes, giver: str, taker: str, head: bytes) -> Row:
    return BODY | {
        "id": f"{packet_id:024x}{seq:08x}", "n": packet_id << 4 | seq, "event": event, "code": tokens.b32(code),
        "giver": giver, "taker": taker, "parent": head.hex(),
    }  # fmt: skip


def _secret(number: int) -> str:
    return tokens.b32(hashlib.blake2b(b"secret %d" % number, digest_size=10).digest())


# ---- the two drivers, as fast as they load -----------------------------------------------------------------------


class _Sqlite:
    def __init__(self, url: str) -> None:
        self._to = sqlite3.connect(url.removeprefix("sqlite:///"))
        for pragma in ("synchronous=OFF", "cache_size=-1500000"):
            self._to.execute(f"PRAGMA {pragma}")

    def read(self, table: str, key: str, value: Any) -> list[Row]:
        found = self._to.execute(f"SELECT * FROM {table} WHERE {key} = ?", (value,))  # noqa: S608 - names of ours
        return [dict(zip([c[0] for c in found.description], one, strict=True)) for one in found]

    def write(self, table: str, columns: list[str], rows: list[Sequence[Any]]) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._to.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - names of ours

    def commit(self) -> None:
        self._to.commit()

    def close(self) -> None:
        self._to.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._to.close()

    @staticmethod
    def instant(at: datetime) -> Any:
        return at.replace(tzinfo=None).isoformat(" ", timespec="microseconds")


class _AsText(Loader):
    def load(self, data: Any) -> str:
        return bytes(data).decode()


class _Postgres:
    def __init__(self, url: str) -> None:
        self._to = psycopg.connect(url)
        self._to.adapters.register_loader("json", _AsText)
        self._to.execute("SET session_replication_role = replica")  # foreign keys are not looked up row by row

    def read(self, table: str, key: str, value: Any) -> list[Row]:
        found = self._to.execute(f"SELECT * FROM {table} WHERE {key} = %s", (value,))  # noqa: S608
        return [dict(zip([c.name for c in found.description or ()], one, strict=True)) for one in found]

    def write(self, table: str, columns: list[str], rows: list[Sequence[Any]]) -> None:
        with self._to.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for one in rows:
                copy.write_row(one)

    def commit(self) -> None:
        self._to.commit()

    def close(self) -> None:
        self._to.autocommit = True
        self._to.execute("VACUUM ANALYZE")
        self._to.close()

    @staticmethod
    def instant(at: datetime) -> Any:
        return at.replace(tzinfo=None)
