"""Manifests: several handoffs in one act. With the desk it is the biên bản giao nhận (QĐ 45/2016 Đ7).

What was listed and not scanned stays with its giver; what was scanned and not listed is taken over as any single
packet. A manifest is closed when both sides have confirmed it; custody has moved by then, with the receiver's scans.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from app.db import Digest, Instant, Model, choice, db
from app.domain import custody, numbers, tasks, tokens
from app.domain.bodies import Scan
from app.domain.calendar import today
from app.domain.dossiers import Dossier
from app.domain.packets import Kind, Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import User
from app.domain.procedures import PaperForm
from app.domain.sittings import Outcome, Seen
from app.domain.steps import STEPS
from app.domain.tasks import TaskKind
from app.errors import Invalid, Missing, Refused

MOST = 200  # packets on one manifest
WITH = (selectinload(Packet.dossier).selectinload(Dossier.papers),)


class Side(StrEnum):
    GIVER = "giver"
    TAKER = "taker"


class Word(StrEnum):
    """How a side confirmed."""

    PRESENCE = "presence"  # at a page, the person having proved themselves at most five minutes before
    PIN = "pin"  # typed at the receiver's screen
    SIGNED_PRINT = "signed_print"  # the receiver has the signed paper
    DEVICE = "device"  # the signature of their phone


class LineResult(StrEnum):
    MOVED = "moved"
    MISSING = "missing"
    SURPLUS = "surplus"
    HELD = "held"


class Manifest(Model):
    __tablename__ = "manifests"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), unique=True, doc="the receiver's own random name for this act")
    receipt_no: Mapped[str] = mapped_column(sa.String(24), unique=True)
    giver_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True)
    taker_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), index=True)
    list_hash: Mapped[Digest]
    expected: Mapped[int]
    scanned: Mapped[int]
    missing: Mapped[int]
    surplus: Mapped[int]
    at: Mapped[Instant]

    lines: Mapped[list["ManifestLine"]] = relationship()
    confirmations: Mapped[list["Confirmation"]] = relationship()

    def confirmed(self, side: Side) -> "Confirmation | None":
        return next((each for each in self.confirmations if each.side is side), None)

    @property
    def closed_at(self) -> datetime | None:
        """When the second side confirmed; None while one has not."""
        if len(self.confirmations) < len(Side):
            return None
        return max(each.at for each in self.confirmations)


class ManifestLine(Model):
    __tablename__ = "manifest_lines"

    manifest_id: Mapped[int] = mapped_column(sa.ForeignKey(Manifest.id), primary_key=True)
    packet_id: Mapped[int] = mapped_column(sa.ForeignKey(Packet.id), primary_key=True, index=True)
    result: Mapped[LineResult] = mapped_column(choice(LineResult))
    digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), doc="the receiver's scan; None: not scanned")
    seal: Mapped[str | None] = mapped_column(sa.String(24), doc="as read from the bag")
    is_intact: Mapped[bool] = mapped_column(default=True, doc="the seal was whole")
    is_complete: Mapped[bool] = mapped_column(default=True, doc="every paper of the list was there")
    remark: Mapped[str] = mapped_column(sa.String(300), default="")
    papers: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list, doc="what lay in it then: `contents`")
    sealed_with: Mapped[str | None] = mapped_column(sa.String(24), doc="by the record then, where another was read")

    @property
    def is_own_seal(self) -> bool:
        """No other number was read from the bag than those on record then."""
        return self.sealed_with is None


class Confirmation(Model):
    """One side's word for the whole list."""

    __tablename__ = "manifest_confirmations"

    manifest_id: Mapped[int] = mapped_column(sa.ForeignKey(Manifest.id), primary_key=True)
    side: Mapped[Side] = mapped_column(choice(Side), primary_key=True)
    word: Mapped[Word] = mapped_column(choice(Word))
    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="who confirmed; None: a signed paper only")
    sig: Mapped[bytes | None] = mapped_column(sa.LargeBinary(128), doc="of their phone, over `statement`")
    at: Mapped[Instant]


@dataclass(frozen=True)
class Listed:
    """What is to change hands: codes of packets, and a random name that makes a second sending harmless."""

    key: str
    giver_id: str
    taker_id: str
    codes: tuple[bytes, ...]


@dataclass(frozen=True)
class Found:
    """What both sides saw of one packet (QĐ 45/2016 Đ7.3)."""

    seal: str | None = None
    is_intact: bool = True
    is_complete: bool = True
    remark: str = ""
    counts: Mapping[int, int] | None = None  # sheets by the paper's position, where it is opened with the list


def receive(
    listed: Listed, batch: Iterable[Scan], seen: Seen, found: Mapping[bytes, Found] | None = None
) -> tuple[Manifest, list[Outcome]]:
    """Judge the receiver's scans and write what came of the list, all in one transaction.

    `found`: what was seen, by packet code; nothing said means whole and complete. The same key again records what is
    new among the scans and answers with the manifest as it was written. Raises Invalid: `manifest_list` (empty, twice
    the same, too long, unknown packets), `manifest_party`; Refused("manifest_key_used") when the key named another list.
    """
    _check(listed)
    batch = list(batch)
    held = custody.hold_all({*listed.codes, *(scan.code for scan in batch if scan.code)})
    on_list = {packet.code: packet for packet in held}
    if not {*listed.codes} <= on_list.keys():
        raise Invalid("manifest_list")
    outcomes = custody.record_all(batch, seen)
    if known := db.session.scalar(sa.select(Manifest).filter_by(key=listed.key)):
        if (known.giver_id, known.taker_id, known.list_hash) != (
            listed.giver_id,
            listed.taker_id,
            list_hash(listed.codes),
        ):
            raise Refused("manifest_key_used")
        return known, outcomes
    return _write(listed, list(zip(batch, outcomes, strict=True)), on_list, found or {}, seen.at), outcomes


def _check(listed: Listed) -> None:
    if not 0 < len(listed.codes) <= MOST or len({*listed.codes}) < len(listed.codes):
        raise Invalid("manifest_list")
    parties = sa.select(sa.func.count()).where(Party.id.in_((listed.giver_id, listed.taker_id)))
    if db.session.scalar(parties) != 2:
        raise Invalid("manifest_party")


def _write(
    listed: Listed, judged: list[tuple[Scan, Outcome]], packets: dict[bytes, Packet], found: Mapping[bytes, Found],
    at: datetime,
) -> Manifest:  # fmt: skip
    best: dict[bytes, tuple[Scan, Outcome]] = {}
    for scan, outcome in judged:  # one packet scanned twice is one line: the scan that moved it
        if scan.code in packets and (scan.code not in best or not best[scan.code][1].stands):
            best[scan.code] = scan, outcome
    named = [packets[code] for code in dict.fromkeys((*listed.codes, *best))]
    db.session.scalars(sa.select(Packet).where(Packet.id.in_([each.id for each in named])).options(*WITH)).all()
    lines = [
        _line(each, each.code in listed.codes, best.get(each.code), found.get(each.code, Found())) for each in named
    ]
    manifest = _add(listed, lines, at)
    _raise_tasks(manifest, {packet.id: packet for packet in packets.values()}, at)
    return manifest


def _line(packet: Packet, is_listed: bool, judged: tuple[Scan, Outcome] | None, found: Found) -> ManifestLine:
    if judged is None:
        return _as_seen(packet, LineResult.MISSING, found)
    scan, outcome = judged
    result = LineResult.MOVED if outcome.stands else LineResult.HELD
    return _as_seen(
        packet, result if is_listed else LineResult.SURPLUS, replace(found, seal=found.seal or scan.seal), scan.digest
    )


def _as_seen(packet: Packet, result: LineResult, found: Found, digest: bytes | None = None) -> ManifestLine:
    is_other = bool(found.seal and packet.seals) and found.seal not in packet.seals
    return ManifestLine(
        packet_id=packet.id, result=result, digest=digest, seal=found.seal, is_intact=found.is_intact,
        is_complete=found.is_complete, remark=found.remark, papers=contents(packet, found.counts),
        sealed_with=packet.seals[0] if is_other else None,
    )  # fmt: skip


def contents(packet: Packet, counts: Mapping[int, int] | None = None) -> list[dict[str, Any]]:
    """Its papers as they are listed now, which a line keeps: name, form, copies, sheets promised and counted (None: not
    opened). `counts`: what is counted in it with the list."""
    rows: list[tuple[str, PaperForm, int, int, int | None]]
    if packet.kind is Kind.RESULT:
        listed = [(one["name"], PaperForm(one["form"]), int(one["sheets"])) for one in packet.dossier.result_papers]
        rows = [(name, form, 1, sheets, sheets) for name, form, sheets in listed]
    elif packet.way is Way.OUT:
        rows = [(one.name, one.form, one.copies, one.desk_sheets or 0, one.desk_sheets or 0) for one in packet.papers]
    else:
        is_open = packet.state is State.OPENED
        found = {one.position: packet.counted(one) for one in packet.papers if is_open} if counts is None else counts
        rows = [
            (one.name, one.form, one.copies, packet.promised(one), found.get(one.position)) for one in packet.papers
        ]
    return [dict(zip(("name", "form", "copies", "promised", "counted"), row, strict=True)) for row in rows]


def _add(listed: Listed, lines: list[ManifestLine], at: datetime) -> Manifest:
    count = Counter(line.result for line in lines)
    manifest = Manifest(
        key=listed.key,
        receipt_no=numbers.take_own(today(at)).replace("HS-", "BB-", 1),
        giver_id=listed.giver_id,
        taker_id=listed.taker_id,
        list_hash=list_hash(listed.codes),
        expected=len(listed.codes),
        scanned=len(lines) - count[LineResult.MISSING],
        missing=count[LineResult.MISSING],
        surplus=count[LineResult.SURPLUS],
        at=at,
        lines=lines,
    )
    db.session.add(manifest)
    db.session.flush()
    return manifest


def _raise_tasks(manifest: Manifest, packets: dict[int, Packet], at: datetime) -> None:
    """A packet is missing only from who still answers for it: a list may be older than what happened since."""
    receipt = manifest.receipt_no
    for line in manifest.lines:
        packet = packets[line.packet_id]
        if line.result is LineResult.MISSING and packet.holder_id == manifest.giver_id:
            tasks.raise_(TaskKind.MISSING, at, packet=packet, receipt=receipt)
        elif line.result is LineResult.SURPLUS:
            tasks.raise_(TaskKind.SURPLUS, at, packet=packet, receipt=receipt)
        if not line.is_intact:
            tasks.raise_(TaskKind.DAMAGED, at, packet=packet, receipt=receipt)


def of_one(packet: Packet, giver_id: str, digest: bytes, found: Found, at: datetime) -> Manifest:
    """A manifest of one packet that its receiver has already taken over with scan `digest`."""
    listed = Listed(digest.hex(), giver_id, packet.holder_id, (packet.code,))
    line = _as_seen(packet, LineResult.MOVED, found, digest)
    manifest = _add(listed, [line], at)
    _raise_tasks(manifest, {packet.id: packet}, at)
    return manifest


def list_hash(codes: Iterable[bytes]) -> bytes:
    """SHA-256 over the packets' codes in ascending order."""
    return tokens.sha256("\n".join(sorted(map(tokens.b32, codes))))


# ---- both sides' word -------------------------------------------------------------------------------------------


def confirm(
    manifest: Manifest, side: Side, word: Word, at: datetime, user: User | None = None, sig: bytes | None = None
) -> Confirmation:
    """One side's word for all that stands on the manifest. Said twice is said once.

    Raises Refused("not_your_manifest") when `user` does not act for that side.
    """
    party = manifest.giver_id if side is Side.GIVER else manifest.taker_id
    if user is not None and user.holds_as != party:
        raise Refused("not_your_manifest", number=manifest.receipt_no)
    db.session.refresh(manifest, ["confirmations"])
    if said := manifest.confirmed(side):
        return said
    said = Confirmation(side=side, word=word, user_id=user.id if user else None, sig=sig, at=at)
    manifest.confirmations.append(said)
    db.session.flush()
    return said


def sides_of(manifest: Manifest, user: User) -> list[Side]:
    """For whom `user` may speak on it."""
    parties = {Side.GIVER: manifest.giver_id, Side.TAKER: manifest.taker_id}
    return [side for side in Side if user.holds_as == parties[side]]


def statement(manifest: Manifest, side: Side) -> bytes:
    """What a phone signs to confirm, one value a line: the number, its side, and every line as it was written."""
    results = (
        f"{tokens.b32(packet.code)} {line.result} {line.seal or '-'} {int(line.is_intact)} {int(line.is_complete)}"
        for line, packet in lines_of(manifest)
    )
    return "\n".join(("manifest-v1", manifest.receipt_no, side, *sorted(results))).encode()


def goes_to(packet: Packet, kind: PartyKind) -> bool:
    """Whether a row of STEPS lets somebody of this kind take the packet on as it is."""
    return any(
        step.taker is kind and step.source is packet.state and packet.way in step.ways and step.event != "deliver"
        for step in STEPS
    )


# ---- looking up -------------------------------------------------------------------------------------------------


def of_packet(packet_id: int) -> Manifest | None:
    """The newest manifest the packet stands on."""
    lines = sa.select(ManifestLine.manifest_id).filter_by(packet_id=packet_id)
    return db.session.scalar(sa.select(Manifest).where(Manifest.id.in_(lines)).order_by(Manifest.id.desc()).limit(1))


def all_of(packet_id: int) -> list[Manifest]:
    """Every manifest the packet stands on, the oldest first."""
    lines = sa.select(ManifestLine.manifest_id).filter_by(packet_id=packet_id)
    return list(db.session.scalars(sa.select(Manifest).where(Manifest.id.in_(lines)).order_by(Manifest.id)))


def by_key(key: str, taker_id: str | None) -> Manifest | None:
    """The list that its receiver gave this name."""
    return db.session.scalar(sa.select(Manifest).filter_by(key=key, taker_id=taker_id))


def without_word(side: Side, **party: str | None) -> list[Manifest]:
    """Lists that `side` has not confirmed yet: of `giver_id`, or of `taker_id`. The oldest fifty."""
    said = sa.exists().where(Confirmation.manifest_id == Manifest.id, Confirmation.side == side)
    return list(db.session.scalars(sa.select(Manifest).filter_by(**party).where(~said).order_by(Manifest.id).limit(50)))


def by_number(receipt_no: str) -> Manifest:
    manifest = db.session.scalar(sa.select(Manifest).filter_by(receipt_no=receipt_no))
    if manifest is None:
        raise Missing("manifest_unknown")
    return manifest


def code_of(manifest: Manifest) -> bytes:
    """Its number, as the code on its paper holds it."""
    return int(manifest.receipt_no.removeprefix("BB-").replace("-", "")).to_bytes(10)


def by_code(code: bytes) -> Manifest:
    """Raises Missing("manifest_unknown")."""
    digits = f"{int.from_bytes(code):013}"
    return by_number(f"BB-{digits[:6]}-{digits[6:-1]}-{digits[-1]}")


def differences(line: ManifestLine) -> list[dict[str, Any]]:
    """Papers whose count was not what the slip promised."""
    return [one for one in line.papers if one["counted"] not in (None, one["promised"])]


def lines_of(manifest: Manifest) -> list[tuple[ManifestLine, Packet]]:
    rows = sa.select(ManifestLine, Packet).join(Packet).where(ManifestLine.manifest_id == manifest.id)
    return [(line, packet) for line, packet in db.session.execute(rows.order_by(Packet.number))]


def signer(manifest: Manifest, side: Side) -> User | None:
    """Who confirmed for that side."""
    said = manifest.confirmed(side)
    return db.session.get(User, said.user_id) if said and said.user_id else None
