"""Codes: six digits a citizen reads aloud or types. The server keeps a keyed hash; five wrong tries close the purpose.

A door code belongs to a packet and lives until the packet ends; a re-sent code is one more valid code. The citizen's own
page shows the same word as a picture, good for a day at most: nothing is kept of it, and nobody guesses one. A view code opens
the details of a dossier: five minutes, once.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, choice, db
from app.domain import tokens
from app.domain.packets import Packet
from app.domain.people import Act
from app.domain.tokens import DoorType, Keys
from app.errors import Invalid

TRIES = 5
VIEW_LIFE = timedelta(minutes=5)
SHOWN_LIFE = timedelta(hours=24)  # of the code on the citizen's screen, counted from the full hour


class Purpose(StrEnum):
    COLLECT = "collect"
    DELIVER = "deliver"


SHOWN_AS = {Purpose.COLLECT: DoorType.COLLECT, Purpose.DELIVER: DoorType.DELIVER}


class Shut(StrEnum):
    """Why a view code opens nothing any more, whatever is typed."""

    TRIES = "tries"
    LATE = "late"


class DoorCode(Model):
    __tablename__ = "door_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    purpose: Mapped[Purpose] = mapped_column(choice(Purpose))
    hash: Mapped[Digest]
    made_at: Mapped[Instant]


class CodeCheck(Model):
    """One scan's word of the citizen, judged once: a retry or a second look gives the same answer and costs no try."""

    __tablename__ = "code_checks"

    digest: Mapped[Digest] = mapped_column(primary_key=True, doc="of the scan that brought the code")
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    purpose: Mapped[Purpose] = mapped_column(choice(Purpose))
    is_right: Mapped[bool]


class ViewCode(Model):
    __tablename__ = "view_codes"

    request: Mapped[str] = mapped_column(sa.String(43), primary_key=True, doc="binds the code to one browser")
    dossier_id: Mapped[int | None] = mapped_column(doc="NULL: asked for something that is not there")
    hash: Mapped[Digest]
    made_at: Mapped[Instant]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[Instant | None]


def six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _hash(keys: Keys, packet: Packet, purpose: Purpose, code: str) -> bytes:
    return keys.digest("door-code", packet.code, purpose, code)


def make(packet: Packet, purpose: Purpose, act: Act) -> str:
    """A further code for this packet and purpose; the caller puts it into a message and forgets it."""
    code = six_digits()
    digest = _hash(act.keys, packet, purpose, code)
    db.session.add(DoorCode(packet_id=packet.id, purpose=purpose, hash=digest, made_at=act.at))
    return code


def withdraw(dossier_id: int) -> int:
    """None of the codes sent so far proves anything of its packets any more; how many there were."""
    theirs = sa.select(Packet.id).where(Packet.dossier_id == dossier_id)
    gone = db.session.execute(sa.delete(DoorCode).where(DoorCode.packet_id.in_(theirs)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def closed(packet: Packet, purpose: Purpose) -> bool:
    """Whether five wrong tries have shut this purpose: then only paper or log-in proves."""
    wrong = sa.select(sa.func.count()).where(
        CodeCheck.packet_id == packet.id, CodeCheck.purpose == purpose, CodeCheck.is_right.is_(False)
    )
    return (db.session.scalar(wrong) or 0) >= TRIES


def check(
    packet: Packet, purpose: Purpose, digest: bytes, code: str, keys: Keys, *, counts: bool = True
) -> bool:  # fmt: skip
    """Whether the scan named `digest` brought a right code. Call under the packet's lock. `counts`: it is a try."""
    if known := db.session.get(CodeCheck, digest):
        return known.is_right
    plain = "".join(c for c in code if c.isdigit())[:12]
    wanted = _hash(keys, packet, purpose, plain)
    made = sa.select(DoorCode.hash).where(DoorCode.packet_id == packet.id, DoorCode.purpose == purpose)
    is_right = not closed(packet, purpose) and wanted in set(db.session.scalars(made))
    if counts:
        db.session.add(CodeCheck(digest=digest, packet_id=packet.id, purpose=purpose, is_right=is_right))
        db.session.flush()
    return is_right


def show(packet: Packet, purpose: Purpose, nth: int, act: Act) -> str:
    """The token for the citizen's screen; the same for an hour, so that the picture does not flicker."""
    ends = act.at.replace(minute=0, second=0, microsecond=0) + SHOWN_LIFE
    return tokens.write_door(act.keys, SHOWN_AS[purpose], packet.code, min(nth, 255), ends)


def was_shown(
    packet: Packet, purpose: Purpose, digest: bytes, token: str, made_after: datetime | None, keys: Keys, *,
    counts: bool = True,
) -> bool:  # fmt: skip
    """Whether the scan named `digest` saw what the citizen of this packet shows. Call under the packet's lock.

    `made_after`: the server's last word before the scan. A token that was over by then proves nothing; a phone without a
    network may bring a good one days later. What is wrong costs no try: nobody guesses a signature.
    """
    if known := db.session.get(CodeCheck, digest):
        return known.is_right
    try:
        said = tokens.read_door(keys, token)
    except Invalid:
        return False
    is_over = made_after is not None and made_after > said.ends
    is_right = said.type is SHOWN_AS[purpose] and said.code == packet.code and not is_over
    if is_right and counts:
        db.session.add(CodeCheck(digest=digest, packet_id=packet.id, purpose=purpose, is_right=True))
        db.session.flush()
    return is_right


def ask_view(dossier_id: int | None, act: Act) -> tuple[str, str]:
    """A request and its code. For an unknown dossier too: same rows, same work, nobody gets the code."""
    request, code = secrets.token_urlsafe(32), six_digits()
    digest = act.keys.digest("view-code", request, code)
    db.session.add(ViewCode(request=request, dossier_id=dossier_id, hash=digest, made_at=act.at))
    return request, code


def answer_view(request: str, code: str, act: Act) -> int | None:
    """The dossier's id when the code is right, else None. A try is counted either way."""
    row = db.session.get(ViewCode, request, with_for_update=True)
    wanted = act.keys.digest("view-code", request, "".join(c for c in code if c.isdigit())[:12])
    if row is None or row.used_at or row.tries >= TRIES or not _fresh(row, act.at):
        return None
    row.tries += 1
    if not secrets.compare_digest(row.hash, wanted):
        return None
    row.used_at = act.at
    return row.dossier_id


def view_shut(request: str, at: datetime) -> Shut | None:
    """Why this request's code opens nothing any more; None while it may. The same for a dossier that is not there."""
    row = db.session.get(ViewCode, request)
    if row is None or row.used_at or not _fresh(row, at):
        return Shut.LATE
    return Shut.TRIES if row.tries >= TRIES else None


def _fresh(row: ViewCode, at: datetime) -> bool:
    return at - row.made_at <= VIEW_LIFE
