"""Standards: what EPCIS 2.0 and the postal EMSEVT call what happens to packets here. Told outside, and no rule hangs on it.

Only lines of the ledger are told, as their scans say them. What people took back or declared wrong since is told again
as such (`Wrong`); nothing that was told is ever left out later.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.domain import bodies
from app.domain.bodies import AMENDABLE, Scan
from app.domain.dossiers import Dossier
from app.domain.ledger import Handoff, LineKind
from app.domain.manifests import LineResult, Manifest, ManifestLine
from app.domain.packets import Kind, Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.places import Office
from app.domain.scans import ScanRow, Verdict
from app.domain.steps import CLOSING_EVENTS, IN_DESK, NEXT, OUT, REASONS
from app.domain.tasks import Task, TaskKind
from app.domain.trails import STANDS

AT_ONCE = 1000  # rows fetched together
YEARS = range(1970, 9999)  # of a phone's clock that anybody can write down


class Named(NamedTuple):
    """A bizStep and a disposition of CBV 2.0, and the EMSEVT code for the ways it is one. No disposition: by `OUTCOME`."""

    step: str
    disposition: str | None
    postal: str | None = None
    ways: frozenset[Way] = frozenset(Way)


# fmt: off
NAMES = {
    # event                 bizStep        disposition           EMSEVT
    "collect":     Named("collecting",   "in_transit",          "EMA"),
    "take":        Named("departing",    "in_transit"),
    "transfer":    Named("accepting",    "in_transit"),
    "hand_in":     Named("arriving",     "in_transit",          "EMG"),  # to be confirmed with the postal partner
    "receive":     Named("receiving",    "in_progress",         "EMI", IN_DESK),
    "open":        Named("unpacking",    None),
    "deliver":     Named("accepting",    "available",           "EMI"),
    "confirm":     Named("accepting",    "available",           "EMI"),
    "lost":        Named("inspecting",   "unknown"),
    "dispute":     Named("holding",      "unknown"),
    "settle":      Named("inspecting",   None),
    "correct":     Named("inspecting",   None),
    "attest":      Named("inspecting",   None),
    "sighting":    Named("inspecting",   None),
    "miss":        Named("holding",      "in_transit",          "EMH", OUT),
    "decline":     Named("holding",      "in_transit",          "EMH", OUT),
    "seal_change": Named("repackaging",  "container_closed"),
    "damaged":     Named("inspecting",   "damaged"),
    "amend":       Named("inspecting",   None),  # told as the line it mends, with what is right
}
UNVERIFIED = Named("holding", "in_transit")  # a delivery that nobody but the courier vouches for
OUTCOME = {
    State.WAITING: "container_closed", State.CARRIED: "in_transit", State.AT_POST: "in_transit", State.AT_DESK: "in_progress",
    State.OPENED: "container_open", State.DELIVERED_UNVERIFIED: "in_transit", State.DELIVERED: "available",
    State.LOST: "unknown", State.DISPUTED: "unknown", State.WRITTEN_OFF: "unavailable",
}
LISTED = {PartyKind.POST: "hand_in", PartyKind.DESK: "receive", PartyKind.COURIER: "take"}  # a whole bag, by who takes it
# fmt: on


def named(event: str, way: Way, state: State) -> Named:
    """What a line of this event is called, `state` being the one it leads to; every field but `postal` is said."""
    found = UNVERIFIED if event == "deliver" and state is State.DELIVERED_UNVERIFIED else NAMES[event]
    said = found.disposition or OUTCOME[state]
    return found._replace(disposition=said, postal=found.postal if way in found.ways else None)


class Wrong(NamedTuple):
    """A line that is told once more, since it is wrong: since when that is known, why, and the line that says so."""

    at: datetime
    reason: str
    corrected_by: bytes


@dataclass(frozen=True)
class Told:
    """One line as it is told outside. `id`: its hash. A citizen is no party here, and what people wrote is not in it."""

    id: bytes
    seq: int
    number: str
    way: Way
    event: str
    state: State
    giver: str
    giver_kind: PartyKind
    taker: str
    taker_kind: PartyKind
    made_at: datetime
    recorded_at: datetime
    seal: str | None
    sheets: int | None
    reason: str | None
    next: str | None
    is_counted: bool | None  # of an opened bag: whether all was there; None where nobody says
    stands: bool  # by now; else it is disputed, or people have decided that it does not count
    is_mended: bool = False  # told before, otherwise
    wrong: Wrong | None = None

    @property
    def named(self) -> Named:
        found = named(self.event, self.way, self.state)
        if self.event == "open" and self.is_counted is not None:
            return found._replace(disposition="completeness_verified" if self.is_counted else "mismatch_quantity")
        return found


@dataclass(frozen=True)
class Bag:
    """Packets that changed hands in one act, under one list."""

    receipt: str
    giver: str
    giver_kind: PartyKind
    taker: str
    taker_kind: PartyKind
    at: datetime
    numbers: tuple[str, ...]

    @property
    def named(self) -> Named:
        return named(LISTED[self.taker_kind], Way.OUT, State.CARRIED)


class Range(NamedTuple):
    """Recorded from `since` on and before `until`; packets of the dossiers that this office carries or receives."""

    since: datetime | None = None
    until: datetime | None = None
    office: Office | None = None

    def holds(self, column: Any) -> list[sa.ColumnElement[bool]]:
        return [*([column >= self.since] if self.since else []), *([column < self.until] if self.until else [])]

    @property
    def ours(self) -> sa.ColumnElement[bool]:
        assert self.office
        return sa.or_(Dossier.post_office_id == self.office.id, Dossier.desk_id == self.office.id)


GIVER, TAKER = aliased(Party), aliased(Party)
RULING = (
    sa.select(Verdict.verdict)
    .where(Verdict.digest == Handoff.digest)
    .order_by(Verdict.nth.desc())
    .limit(1)
    .scalar_subquery()
)
IS_SHORT = sa.exists().where(Task.packet_id == Packet.id, Task.kind == TaskKind.COUNT)
LINES = (
    sa.select(
        Handoff.hash, Handoff.seq, Handoff.event, Handoff.state, Handoff.digest, Handoff.giver_id, GIVER.kind.label("giver_kind"),
        Handoff.taker_id, TAKER.kind.label("taker_kind"), Handoff.recorded_at, Handoff.packet_id, Packet.number, Packet.way,
        Packet.kind, ScanRow.body, ScanRow.sig, RULING.label("ruling"), IS_SHORT.label("is_short"),
    )
    .join(Packet, Packet.id == Handoff.packet_id)
    .join(ScanRow, ScanRow.digest == Handoff.digest)
    .join(GIVER, GIVER.id == Handoff.giver_id)
    .join(TAKER, TAKER.id == Handoff.taker_id)
    .order_by(Handoff.id)
)  # fmt: skip


def count(within: Range) -> int:
    """How many lines of the ledger `lines` will look at."""
    query = LINES.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)
    return db.session.scalar(_of(query, within)) or 0


def lines(within: Range) -> Iterator[Told]:
    """All that was recorded, in the order it was, a few rows at a time: what took a line back comes behind what it took."""
    for row in db.session.execute(_of(LINES, within), execution_options={"yield_per": AT_ONCE}):
        scan = bodies.parse(row.body, row.sig)
        if row.event == "amend":
            yield from _amended(row, scan)
            continue
        yield _told(row, scan)
        if row.event in CLOSING_EVENTS:
            yield from _taken_back(row, scan)


def _of(query: Any, within: Range) -> Any:
    query = query.where(*within.holds(Handoff.recorded_at))
    return query.join(Dossier, Dossier.id == Packet.dossier_id).where(within.ours) if within.office else query


def _told(row: Any, scan: Scan, right: dict[str, str] | None = None) -> Told:
    right = right or {}
    seal, sheets = right.get("seal", scan.seal or ""), right.get("sheets", scan.sheets)
    is_open = row.event == "open" and row.kind in (Kind.SUBMISSION, Kind.TRANSFER)
    return Told(
        row.hash, row.seq, row.number, row.way, row.event, row.state, row.giver_id, row.giver_kind, row.taker_id, row.taker_kind,
        scan.wall if scan.wall and scan.wall.year in YEARS else row.recorded_at, row.recorded_at,
        seal if re.fullmatch(AMENDABLE["seal"], seal) else None,  # a seal's number, whatever somebody typed there
        int(sheets) if sheets else None,
        _word(REASONS, row.event, scan.reason), _word(NEXT, row.event, scan.next),
        not row.is_short if is_open else None, row.ruling in STANDS,
    )  # fmt: skip


def _word(lists: dict[str, tuple[str, ...]], event: str, said: str | None) -> str | None:
    return said if said in lists.get(event, ()) else None


# ---- what turned out wrong --------------------------------------------------------------------------------------


def _taken_back(row: Any, scan: Scan) -> Iterator[Told]:
    """The lines that this decision of people says never happened."""
    before = sa.select(sa.func.max(Handoff.seq)).where(
        Handoff.packet_id == row.packet_id, Handoff.seq < row.seq, Handoff.event.in_(CLOSING_EVENTS)
    )
    last = db.session.scalar(before) or 0
    if row.event == "correct":
        which = Handoff.digest == scan.parent
    else:
        is_open = sa.and_(Handoff.kind == LineKind.MOVE, Handoff.seq > last, Handoff.seq < row.seq)
        which = sa.and_(is_open, RULING.not_in(STANDS))
    for each in db.session.execute(LINES.where(Handoff.packet_id == row.packet_id, which)):
        yield _as_it_stood(each, row.seq, Wrong(row.recorded_at, "did_not_occur", row.hash))


def _amended(row: Any, scan: Scan) -> Iterator[Told]:
    """The line that said something wrong, told as wrong, and once more with what is right: that is this line's own."""
    digest, field, value = scan.amendment or (b"", "", "")
    found = db.session.execute(LINES.where(Handoff.digest == digest)).first()
    if found is None:
        yield _told(row, scan)
        return
    was = _as_it_stood(found, row.seq, Wrong(row.recorded_at, "incorrect_data", row.hash))
    yield was
    right = _amendments(found, row.seq)[0] | {field: value}
    made = _told(found, bodies.parse(found.body, found.sig), right)
    yield replace(made, id=row.hash, seq=row.seq, recorded_at=row.recorded_at, is_mended=True)


def _as_it_stood(row: Any, seq: int, wrong: Wrong) -> Told:
    """A line as it was told last before line `seq` of its packet: as amended by then, under that name."""
    right, name, told_at = _amendments(row, seq)
    made = _told(row, bodies.parse(row.body, row.sig), right)
    return replace(made, id=name, recorded_at=told_at, wrong=wrong)


def _amendments(row: Any, seq: int) -> tuple[dict[str, str], bytes, datetime]:
    """What people declared right of a line before line `seq`, the name it was told by last, and when."""
    said = LINES.where(Handoff.packet_id == row.packet_id, Handoff.event == "amend", Handoff.seq < seq)
    right: dict[str, str] = {}
    name, told_at = row.hash, row.recorded_at
    for each in db.session.execute(said.order_by(None).order_by(Handoff.seq)):
        digest, field, value = bodies.parse(each.body, each.sig).amendment or (b"", "", "")
        if digest == row.digest:
            right[field], name, told_at = value, each.hash, each.recorded_at
    return right, name, told_at


# ---- whole bags -------------------------------------------------------------------------------------------------


def bags(within: Range) -> Iterator[Bag]:
    """Every list of packets that changed hands together, with those that did, as far as they are asked for."""
    query = (
        sa.select(
            Manifest.id, Manifest.receipt_no, Manifest.giver_id, GIVER.kind.label("giver_kind"), Manifest.taker_id,
            TAKER.kind.label("taker_kind"), Manifest.at,
        )
        .join(GIVER, GIVER.id == Manifest.giver_id)
        .join(TAKER, TAKER.id == Manifest.taker_id)
        .where(*within.holds(Manifest.at))
        .order_by(Manifest.id)
    )  # fmt: skip
    moved = (
        sa.select(Packet.number)
        .join(ManifestLine, ManifestLine.packet_id == Packet.id)
        .where(ManifestLine.result.in_((LineResult.MOVED, LineResult.SURPLUS)))
        .order_by(Packet.id)
    )
    moved = moved.join(Dossier, Dossier.id == Packet.dossier_id).where(within.ours) if within.office else moved
    for row in db.session.execute(query, execution_options={"yield_per": AT_ONCE}):
        inside = tuple(db.session.scalars(moved.where(ManifestLine.manifest_id == row.id)))
        if inside:
            yield Bag(
                row.receipt_no, row.giver_id, row.giver_kind, row.taker_id, row.taker_kind, row.at, inside
            )  # fmt: skip
