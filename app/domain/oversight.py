"""Oversight: what needs a person. The board of open tasks by urgency, and the evidence behind each of them.

The board shows what the ledger says and what it does not say; it finds nobody at fault.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import db
from app.domain import (
    bodies,
    calendar,
    closing,
    happenings,
    ledger,
    manifests,
    people,
    remittances,
    scope,
    tasks,
    visits,
)
from app.domain.bodies import CLOCK_SLACK, Scan
from app.domain.devices import Device
from app.domain.dossiers import Dossier
from app.domain.happenings import Holder
from app.domain.incidents import Incident, Sort
from app.domain.ledger import Handoff, LineKind
from app.domain.manifests import Manifest
from app.domain.numbers import NumberPool
from app.domain.packets import Packet, State
from app.domain.people import Act, Role, User
from app.domain.places import Office
from app.domain.scans import RawScan, Ruling, ScanExtra, ScanRow, Verdict
from app.domain.tasks import Task, TaskKind

MOST = 200  # cards of one board
SIDE_BY_SIDE = 6  # scans of one task


# ---- the board --------------------------------------------------------------------------------------------------


class Urgency(StrEnum):
    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"


class Whose(StrEnum):
    ALL = "all"
    MINE = "mine"
    NOBODYS = "nobodys"


@dataclass(frozen=True)
class Entry:
    """One card: the task, who answers for its packet, and why the scan it is about was not simply applied."""

    task: Task
    holder: Holder | None
    scan: ScanRow | None
    why: str | None


@dataclass(frozen=True)
class Board:
    groups: dict[Urgency, list[Entry]]
    count: int  # also of those beyond the first MOST
    kinds: dict[TaskKind, int]  # open ones of each kind, whatever the filter
    unowned_since: datetime | None  # how long the oldest has been nobody's


def board(
    user: User, at: datetime, *, kind: TaskKind | None = None, office_id: int | None = None, whose: Whose = Whose.ALL
) -> Board:
    """The open tasks this person may see, most urgent first; `office_id` 0 means the supervisors' own."""
    mine = scope.tasks(user).where(Task.closed_at.is_(None)).subquery()
    kinds = sa.select(mine.c.kind, sa.func.count()).group_by(mine.c.kind)
    lonely = sa.select(sa.func.min(mine.c.opened_at)).where(mine.c.owner_id.is_(None))
    wanted = _open(user)
    if kind:
        wanted = wanted.where(Task.kind == kind)
    if office_id is not None:
        wanted = wanted.where(Task.office_id == office_id if office_id else Task.office_id.is_(None))
    if whose is not Whose.ALL:
        wanted = wanted.where(Task.owner_id == (user.id if whose is Whose.MINE else None))
    count = db.session.scalar(sa.select(sa.func.count()).select_from(wanted.subquery())) or 0
    next_asked = sa.case((Task.owner_id.is_(None), Task.take_by), else_=Task.due)
    listed = wanted.order_by(next_asked, Task.id).limit(MOST).options(
        selectinload(Task.packet).selectinload(Packet.dossier).selectinload(Dossier.citizen),
        selectinload(Task.office), selectinload(Task.owner), selectinload(Task.device).selectinload(Device.user),
    )  # fmt: skip
    groups: dict[Urgency, list[Entry]] = {urgency: [] for urgency in Urgency}
    for entry in entries(db.session.scalars(listed)):
        groups[urgency(entry.task, at)].append(entry)
    return Board(
        groups,
        count,
        {TaskKind(name): number for name, number in db.session.execute(kinds)},
        db.session.scalar(lonely),
    )


def offices(user: User) -> list[Office]:
    """Those for which something waits."""
    named = _open(user).with_only_columns(Task.office_id)
    return list(db.session.scalars(sa.select(Office).where(Office.id.in_(named)).order_by(Office.name)))


def open_count(user: User) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(_open(user).subquery())) or 0


def _open(user: User) -> sa.Select[Task]:
    return scope.tasks(user).where(Task.closed_at.is_(None))


def urgency(task: Task, at: datetime) -> Urgency:
    if task.deadline <= at:
        return Urgency.OVERDUE
    return Urgency.TODAY if calendar.today(task.deadline) == calendar.today(at) else Urgency.LATER


def entries(matters: Iterable[Task]) -> list[Entry]:
    listed = list(matters)
    names = happenings.holders(task.packet.holder_id for task in listed if task.packet)
    digests = [task.digest for task in listed if task.digest]
    rows = {row.digest: row for row in db.session.scalars(sa.select(ScanRow).where(ScanRow.digest.in_(digests)))}
    found = sa.select(Verdict).where(Verdict.digest.in_(digests)).order_by(Verdict.nth)
    newest = {verdict.digest: verdict for verdict in db.session.scalars(found)}
    return [
        Entry(
            task,
            names[task.packet.holder_id] if task.packet else None,
            rows.get(task.digest) if task.digest else _fastest(task),
            task.facts.get("why") or (newest[task.digest].why if task.digest in newest else None),
        )
        for task in listed
    ]


def _fastest(task: Task) -> ScanRow | None:
    """The scan whose clock was furthest off, where that is the matter."""
    if task.kind is not TaskKind.CLOCK or task.packet is None:
        return None
    off = sa.func.abs(ScanRow.clock_offset)
    of_packet = sa.select(ScanRow).where(ScanRow.packet_code == task.packet.code, off > CLOCK_SLACK.total_seconds())
    return db.session.scalar(of_packet.order_by(off.desc()).limit(1))


def close(task: Task, outcome: str, act: Act, second: User | None = None) -> None:
    """As `tasks.close`; papers that turned up are at the desk from now on, and money that was given back is with who has it."""
    tasks.close(task, outcome, act, second)
    if outcome == "fee_paid_out" and task.packet:
        remittances.pay_out(task.packet, act)
    if outcome == "fee_given_back" and task.packet:
        remittances.came_back(task.packet, act)
    if task.kind is TaskKind.COUNT and outcome == "papers_found" and task.packet:
        closing.find(task.packet, act)


# ---- what became of a list ----------------------------------------------------------------------------------------

LISTED = (TaskKind.COUNT, TaskKind.MISSING, TaskKind.SURPLUS, TaskKind.DAMAGED)  # what a list leaves open


@dataclass(frozen=True)
class Finding:
    """What somebody found out of a packet after a list of it was written, which says nothing else for that."""

    packet: Packet
    at: datetime
    outcome: str  # of a matter, or of the incident file
    file: str | None  # its number
    by: User | None  # None: the server


def after(manifest: Manifest) -> list[Finding]:
    """How the matters that a list left open have ended, and files of its counts, in the order in which they did."""
    packets = {packet.id: packet for _line, packet in manifests.lines_of(manifest)}
    ended = sa.select(Task).where(
        Task.packet_id.in_(packets), Task.kind.in_(LISTED), Task.opened_at == manifest.at, Task.closed_at.is_not(None)
    )
    files = sa.select(Incident).where(
        Incident.packet_id.in_(packets), Incident.sort == Sort.COUNT, Incident.opened_at >= manifest.at,
        Incident.closed_at.is_not(None),
    )  # fmt: skip
    found: list[Finding] = []
    for one in [*db.session.scalars(ended), *db.session.scalars(files)]:
        assert one.closed_at and one.outcome
        by = db.session.get(User, one.closed_by_id) if one.closed_by_id else None
        file = one.number if isinstance(one, Incident) else None
        found.append(Finding(packets[one.packet_id], one.closed_at, one.outcome, file, by))
    return sorted(found, key=lambda one: one.at)


# ---- the evidence -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Testimony:
    """One scan as it stands beside others: who signed it on which device, and all that was made of it."""

    row: ScanRow
    scan: Scan
    who: User | None  # None: a citizen, the server itself, or somebody unknown
    device: Device | None
    verdicts: list[Verdict]
    line: Handoff | None  # the ledger line it made
    words: str | None  # what somebody wrote beside it


# The event whose scan a task is about, when it names no scan of its own.
ABOUT = {
    TaskKind.COLLECT_UNPROVEN: "collect", TaskKind.AFTER_CANCEL: "collect", TaskKind.DELIVERY_UNVERIFIED: "deliver",
    TaskKind.DAMAGED: "damaged", TaskKind.LOST: "lost",
}  # fmt: skip

SOUGHT = {TaskKind.DISPUTED, TaskKind.LOST, TaskKind.MISSING}  # who has seen the packet?


def evidence(task: Task) -> list[Testimony]:
    """The scans a task is about, side by side, in the order they were recorded."""
    wanted = [task.digest] if task.digest else []
    if task.packet is not None:
        wanted += _beside(task, task.packet)
        wanted += (
            [line.digest for line in ledger.lines(task.packet) if line.event == "sighting"]
            if task.kind in SOUGHT
            else []
        )
    unique = list(dict.fromkeys(wanted))[:SIDE_BY_SIDE]
    rows = db.session.scalars(sa.select(ScanRow).where(ScanRow.digest.in_(unique)).order_by(ScanRow.recorded_at))
    return [_testimony(row) for row in rows]


def couriers(task: Task, told: Iterable[Testimony]) -> list[User]:
    """Who can be asked, once each: whoever carries the packet or is to come for it, who scanned, whose phone it is about."""
    packet, found = task.packet, [one.who for one in told]
    if packet is not None:
        visit = visits.open_visit(packet.id)
        found = [people.carrier(packet.holder_id), visit.courier if visit else None, *found]
    if task.device is not None:
        found.append(task.device.user)
    return list({one.id: one for one in found if one and one.role is Role.COURIER}.values())


def _beside(task: Task, packet: Packet) -> list[bytes]:
    """What stands against the scan of a task, or the scans it is about when it names none."""
    lines = ledger.lines(packet)
    moves = [line for line in lines if line.kind is LineKind.MOVE and line.event != "dispute"]
    if task.kind is TaskKind.DISPUTED:
        ever = sa.select(Verdict.digest).join(ScanRow, ScanRow.digest == Verdict.digest)
        claimed = ever.where(ScanRow.packet_code == packet.code, Verdict.verdict == Ruling.DISPUTED)
        return list(db.session.scalars(claimed.distinct()))
    if task.kind in (TaskKind.SEAL_MISMATCH, TaskKind.OLD_ISSUE):
        return [line.digest for line in moves]
    if task.kind is TaskKind.CLOCK and not task.digest:
        off = sa.func.abs(ScanRow.clock_offset) > CLOCK_SLACK.total_seconds()
        return list(db.session.scalars(sa.select(ScanRow.digest).where(ScanRow.packet_code == packet.code, off)))
    if event := ABOUT.get(task.kind):
        return [line.digest for line in lines if line.event == event][-1:]
    scan = db.session.get(ScanRow, task.digest) if task.digest else None
    rival = next((line for line in moves if scan and scan.parent and line.follows == scan.parent), None)
    if task.kind in (TaskKind.HELD, TaskKind.UNSURE_REPEAT, TaskKind.AFTER_SETTLE):
        return [line.digest for line in ([rival] if rival else moves[-1:])]
    return [] if task.digest else [line.digest for line in moves[-1:]]


def _testimony(row: ScanRow) -> Testimony:
    scan = bodies.read(row.body, row.sig)
    verdicts = db.session.scalars(sa.select(Verdict).filter_by(digest=row.digest).order_by(Verdict.nth))
    return Testimony(
        row,
        scan,
        db.session.get(User, scan.actor) if scan.actor else None,
        db.session.get(Device, row.device_id) if row.device_id else None,
        list(verdicts),
        db.session.scalar(sa.select(Handoff).filter_by(digest=row.digest)),
        db.session.scalar(sa.select(ScanExtra.free_text).filter_by(digest=row.digest)),
    )


def unread(device_id: str | None, limit: int = 20) -> list[RawScan]:
    """What this device, or for None whoever is not registered, sent and nobody could read; newest first."""
    known = sa.exists().where(Device.id == RawScan.device_id)
    found = sa.select(RawScan).where(RawScan.device_id == device_id if device_id else ~known)
    return list(db.session.scalars(found.order_by(RawScan.id.desc()).limit(limit)))


# ---- numbers for the supervisor ---------------------------------------------------------------------------------


def counts(user: User) -> dict[State, int]:
    """How many of the packets this person may see are in each state."""
    theirs = scope.packets(user).with_only_columns(Packet.state, sa.func.count()).group_by(Packet.state)
    everybodys = sa.select(Packet.state, sa.func.count()).group_by(
        Packet.state
    )  # the same, without the way to dossiers
    rows = db.session.execute(everybodys if scope.sees_all(user) else theirs)
    found = {state: int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in State}


def pools() -> list[NumberPool]:
    return list(db.session.scalars(sa.select(NumberPool).order_by(NumberPool.id)))
