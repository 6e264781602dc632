"""Ledger: one hash-chained line for every change of hands. Lines are added, never touched.

A line's bytes are its values, one a row, in UTF-8; its hash is their SHA-256; the first line follows the packet's genesis.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, ask, choice, db, memory, write
from app.domain import tokens
from app.domain.packets import Packet, State
from app.domain.parties import Party


class LineKind(StrEnum):
    MOVE = "move"
    NOTE = "note"


class Handoff(Model):
    __tablename__ = "handoffs"
    __table_args__ = (
        sa.UniqueConstraint("packet_id", "seq"),
        sa.Index(
            "uq_handoffs_one_child",
            "packet_id",
            "follows",
            unique=True,
            sqlite_where=sa.text("kind = 'move'"),
            postgresql_where=sa.text("kind = 'move'"),
        ),  # fmt: skip
        sa.CheckConstraint("(kind = 'move') = (follows IS NOT NULL)", name="follows"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id))
    seq: Mapped[int]
    kind: Mapped[LineKind] = mapped_column(choice(LineKind))
    event: Mapped[str] = mapped_column(sa.String(24))
    giver_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id))
    taker_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id))
    state: Mapped[State] = mapped_column(choice(State))
    digest: Mapped[Digest] = mapped_column(unique=True)
    follows: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    prev_hash: Mapped[Digest]
    hash: Mapped[Digest]
    recorded_at: Mapped[Instant]


def line_bytes(line: Handoff | sa.Row[*tuple[Any, ...]], code: bytes) -> bytes:
    at = line.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    return spell(
        tokens.b32(code), line.seq, line.kind, line.event, line.giver_id, line.taker_id, line.state,
        line.digest, line.follows, line.prev_hash, at,
    )  # fmt: skip


def spell(
    code: str, seq: int, kind: str, event: str, giver: str, taker: str, state: str,
    digest: bytes, follows: bytes | None, prev_hash: bytes, at: str,
) -> bytes:  # fmt: skip
    """What is chained and becomes a leaf; `code` in base32, `at` in UTC to the microsecond."""
    return (
        f"handoff-v1\n{code}\n{seq}\n{kind}\n{event}\n{giver}\n{taker}\n{state}\n{digest.hex()}\n"
        f"{follows.hex() if follows else '-'}\n{prev_hash.hex()}\n{at}"
    ).encode()


def chain(
    packet_id: int, code: bytes, seq: int, kind: LineKind, event: str, giver_id: str, taker_id: str, state: State,
    digest: bytes, follows: bytes | None, prev_hash: bytes, at: datetime,
) -> Handoff:  # fmt: skip
    """The line with this number, chained to the one before it. Nothing is written yet."""
    line = Handoff()
    vars(line).update(  # no session ever has it: its values need no watching
        packet_id=packet_id,
        seq=seq,
        kind=kind,
        event=event,
        giver_id=giver_id,
        taker_id=taker_id,
        state=state,
        digest=digest,
        follows=follows,
        prev_hash=prev_hash,
        recorded_at=at,
    )
    vars(line)["hash"] = hashlib.sha256(line_bytes(line, code)).digest()
    return line


def keep(made: list[Handoff]) -> None:
    """Write these lines; their ids are asked for together."""
    for line, id_ in zip(made, _ids(len(made)) if made else (), strict=True):
        line.id = id_
        write(Handoff, **{name: value for name, value in vars(line).items() if name != "_sa_instance_state"})


SERIAL = sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("handoffs", "id"))).select_from(
    sa.func.generate_series(1, sa.bindparam("count"))
)
LAST = sa.select(sa.func.max(Handoff.id))


def _ids(count: int) -> Iterable[int]:
    if db.engine.dialect.name != "sqlite":
        return ask(SERIAL, count=count).scalars()
    known = memory("line ids")  # who writes is alone: the next ids are ours
    newest = known.get("newest") or ask(LAST).scalar() or 0
    known["newest"] = newest + count
    return range(newest + 1, newest + count + 1)


def lines(packet: Packet) -> list[Handoff]:
    return list(db.session.scalars(sa.select(Handoff).filter_by(packet_id=packet.id).order_by(Handoff.seq)))
