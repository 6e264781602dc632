"""Codes: six digits a citizen reads aloud or types. The server keeps a keyed hash; five wrong tries close the purpose.

A door code belongs to a packet and lives until the packet ends; a re-sent code is one more valid code. The citizen's own
page shows the same word as a picture, good for a day at most: nothing is kept of it, and nobody guesses one. A view code opens
the details of a dossier: five minutes, once.

All of them go with the number they were told to. Whoever names another number is not told for a day what proves a delivery, so
that the old number may object first. Nobody knows a code that was not told: a phone without a network need not know of it.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, choice, db
from app.domain import dossiers, tokens
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import Act, Citizen
from app.domain.tokens import DoorType, Keys
from app.errors import Invalid, Refused

TRIES = 5
VIEW_LIFE = timedelta(minutes=5)
SHOWN_LIFE = timedelta(hours=24)  # of the code on the citizen's screen, counted from the full hour
HOLD = timedelta(hours=24)  # from another number until it is told what proves a delivery


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
    void_at: Mapped[Instant | None] = mapped_column(doc="since when the number it was told to is another")


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
    bound_at: Mapped[Instant | None] = mapped_column(doc="of the number it was sent to, as `Citizen.bound_at`")
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


def tell(packet: Packet, kind: str, purpose: Purpose, act: Act, /, **values: Any) -> None:
    """Make a further code and tell it to the citizen, in a message of `kind`: of a delivery, not while the number is on hold.

    Call under the lock of the packet or of its dossier: the number is read anew.
    """
    dossier = packet.dossier
    db.session.refresh(dossier, ["secret"])
    db.session.refresh(dossier.citizen, ["phone", "language", "bound_at"])
    message = dossiers.tell(dossier, kind, act.at, code=make(packet, purpose, act), **values)
    if purpose is Purpose.DELIVER and (until := held_until(dossier.citizen, act.at)):
        message.due_at = until


def held_until(citizen: Citizen, at: datetime) -> datetime | None:
    """When the number, changed less than a day ago, is told what proves a delivery; None: at once."""
    until = hold_ends(citizen)
    return until if until and until > at else None


def hold_ends(citizen: Citizen) -> datetime | None:
    return citizen.bound_at + HOLD if citizen.bound_at else None


def void(packet: Packet, at: datetime) -> set[Purpose]:
    """No code of this packet that was told so far proves anything of what is brought from now on; what there were codes for."""
    told = sa.select(DoorCode).where(DoorCode.packet_id == packet.id, DoorCode.void_at.is_(None))
    gone = list(db.session.scalars(told))
    for code in gone:
        code.void_at = at
    return {code.purpose for code in gone}


def closed(packet: Packet, purpose: Purpose) -> bool:
    """Whether five wrong tries have shut this purpose: then only paper or log-in proves."""
    wrong = sa.select(sa.func.count()).where(
        CodeCheck.packet_id == packet.id, CodeCheck.purpose == purpose, CodeCheck.is_right.is_(False)
    )
    return (db.session.scalar(wrong) or 0) >= TRIES


def check(
    packet: Packet, purpose: Purpose, digest: bytes, code: str, keys: Keys, at: datetime, *, counts: bool = True
) -> bool:  # fmt: skip
    """Whether the scan named `digest`, which came at `at`, brought a right code. Call under the packet's lock. `counts`: it
    is a try; one that was right for another number is none."""
    if known := db.session.get(CodeCheck, digest):
        return known.is_right
    plain = "".join(c for c in code if c.isdigit())[:12]
    told = sa.select(DoorCode.void_at).where(
        DoorCode.packet_id == packet.id, DoorCode.purpose == purpose,
        DoorCode.hash == _hash(keys, packet, purpose, plain),
    )  # fmt: skip
    ends = list(db.session.scalars(told))
    is_right = any(end is None or at < end for end in ends) and not closed(packet, purpose)
    if counts and (is_right or not ends):
        db.session.add(CodeCheck(digest=digest, packet_id=packet.id, purpose=purpose, is_right=is_right))
        db.session.flush()
    return is_right


def show(packet: Packet, purpose: Purpose, nth: int, act: Act) -> str:
    """The token for the citizen's screen; the same for an hour, so that the picture does not flicker.

    Raises Refused("code_held") while the number is on hold.
    """
    first = _shown_from(packet, purpose)
    if first and first > act.at:
        raise Refused("code_held")
    begins = max(act.at.replace(minute=0, second=0, microsecond=0), first or act.at - SHOWN_LIFE)
    ends = begins + SHOWN_LIFE + timedelta(minutes=1) - timedelta.resolution  # a token holds whole minutes
    return tokens.write_door(act.keys, SHOWN_AS[purpose], packet.code, min(nth, 255), ends)


def _shown_from(packet: Packet, purpose: Purpose) -> datetime | None:
    """From when on the citizen's screen shows what the present number may; None: from the beginning."""
    bound = _bound_at(packet.dossier_id)
    return bound + HOLD if bound and purpose is Purpose.DELIVER else bound


def _bound_at(dossier_id: int | None) -> datetime | None:
    of = sa.select(Citizen.bound_at).join(Dossier, Dossier.citizen_id == Citizen.id)
    return db.session.scalar(of.where(Dossier.id == (dossier_id or 0)))


def was_shown(
    packet: Packet, purpose: Purpose, digest: bytes, token: str, made_after: datetime | None, keys: Keys, at: datetime,
    *, counts: bool = True,
) -> bool:  # fmt: skip
    """Whether the scan named `digest`, which came at `at`, saw what the citizen of this packet shows. Call under the packet's lock.

    `made_after`: the server's last word before the scan. A token that was over by then proves nothing; a phone without a
    network may bring a good one days later, but none that was shown to an earlier number. What is wrong costs no try:
    nobody guesses a signature.
    """
    if known := db.session.get(CodeCheck, digest):
        return known.is_right
    try:
        said = tokens.read_door(keys, token)
    except Invalid:
        return False
    is_over = made_after is not None and made_after > said.ends
    first, bound = _shown_from(packet, purpose), _bound_at(packet.dossier_id)
    is_anothers = first is not None and bound is not None and at >= bound and said.ends < first + SHOWN_LIFE
    is_right = said.type is SHOWN_AS[purpose] and said.code == packet.code and not is_over and not is_anothers
    if is_right and counts:
        db.session.add(CodeCheck(digest=digest, packet_id=packet.id, purpose=purpose, is_right=True))
        db.session.flush()
    return is_right


def ask_view(dossier_id: int | None, act: Act, bound_at: datetime | None = None) -> tuple[str, str]:
    """A request and its code. For an unknown dossier too: same rows, same work, nobody gets the code. `bound_at`: of the
    number that is told."""
    request, code = secrets.token_urlsafe(32), six_digits()
    digest = act.keys.digest("view-code", request, code)
    db.session.add(ViewCode(request=request, dossier_id=dossier_id, hash=digest, made_at=act.at, bound_at=bound_at))
    return request, code


def answer_view(request: str, code: str, act: Act) -> ViewCode | None:
    """What was asked for, when the code is right and the number it went to still is the citizen's. A try is counted either way."""
    row = db.session.get(ViewCode, request, with_for_update=True)
    wanted = act.keys.digest("view-code", request, "".join(c for c in code if c.isdigit())[:12])
    if row is None or row.used_at or row.tries >= TRIES or not _fresh(row, act.at):
        return None
    row.tries += 1
    if not secrets.compare_digest(row.hash, wanted):
        return None
    row.used_at = act.at
    return row


def view_shut(request: str, at: datetime) -> Shut | None:
    """Why this request's code opens nothing any more; None while it may. The same for a dossier that is not there."""
    row = db.session.get(ViewCode, request)
    if row is None or row.used_at or not _fresh(row, at):
        return Shut.LATE
    return Shut.TRIES if row.tries >= TRIES else None


def _fresh(row: ViewCode, at: datetime) -> bool:
    """The same queries for a dossier that is not there."""
    return at - row.made_at <= VIEW_LIFE and _bound_at(row.dossier_id) == row.bound_at
