"""Tasks: what a person must look at, whose it is and by when. One open task for each thing that happened.

The server raises a task when it cannot decide alone and lowers it when the matter has settled itself; a person takes
it and closes it with an outcome. What has to be recorded about a packet is recorded in the ledger, never here.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import audit, calendar, people
from app.domain.devices import Device
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.scans import ScanRow
from app.errors import Missing, Refused


class TaskKind(StrEnum):
    HELD = "held"
    DISPUTED = "disputed"
    QUARANTINED = "quarantined"
    LOST = "lost"
    MISSING = "missing"  # on the manifest, not in the bag
    SURPLUS = "surplus"  # in the bag, not on the manifest
    COLLECT_UNPROVEN = "collect_unproven"
    DELIVERY_UNVERIFIED = "delivery_unverified"
    SEAL_MISMATCH = "seal_mismatch"
    DAMAGED = "damaged"
    OLD_ISSUE = "old_issue"
    AFTER_CANCEL = "after_cancel"  # papers to be brought back to the citizen
    UNSURE_REPEAT = "unsure_repeat"
    AFTER_SETTLE = "after_settle"
    DOUBTED = "doubted"  # of a phone out of service, and nobody knows whether it was made before
    SIMILAR = "similar"  # what else the courier delivered, after somebody said: not me
    CLOCK = "clock"
    DEVICE_GAP = "device_gap"
    DEVICE_FROZEN = "device_frozen"
    FORGED_SLIP = "forged_slip"
    FORK_OF_LOG = "fork_of_log"
    LOG_UNSIGNED = "log_unsigned"  # of no packet: for a day nobody has signed what was recorded
    LAW_BROKEN = "law_broken"  # what must always be true of custody is not
    RAW_INBOX = "raw_inbox"
    COUNT = "count"  # the papers in a packet are not those of its slip
    NO_SHOW = "no_show"  # nobody came to a home in the agreed time
    FEE_BACK = "fee_back"  # the ward has receipted a fee that never was its
    FEE_OWED = "fee_owed"  # a fee goes home with papers that were called off: the post owes it until then
    FILE_DUE = "file_due"  # an incident file: its answer, or the compensation
    UNHEARD = "unheard"  # a message to the citizen was given up
    NUMBER_CHANGED = "number_changed"  # another phone number, while something is on its way to the citizen
    PETITION = "petition"  # a citizen asks something about their own data
    LEAVER = "leaver"  # with a courier who works here no longer
    NUMBERS_LOW = "numbers_low"  # of no packet: the ranges of item numbers come to their end
    DISK_FILLS = "disk_fills"  # of no packet: the disk our data lie on
    DISK_FULL = "disk_full"  # of no packet: soon nothing more can be recorded


class Keeper(StrEnum):
    OFFICE = "office"  # where whoever answers for the packet, or uses the device, works
    SUPERVISOR = "supervisor"


class Rule(NamedTuple):
    keeper: Keeper
    take: timedelta  # of office time, until somebody has taken it
    settle: timedelta | None  # by the clock, until it is closed; None: one working day
    outcomes: tuple[
        str, ...
    ]  # what a person may close it with; none: only an act settles it, of custody or of the petition
    two: bool = False  # closed by two people


NOW, QUARTER, TWO_HOURS, DAY = timedelta(), timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24)
OFFICE, SUPERVISOR = Keeper.OFFICE, Keeper.SUPERVISOR
COUNTED = ("counted_complete", "counted_short")

# fmt: off
KINDS = {
    #                              keeper      taken in   settled in  a person may close it with
    TaskKind.HELD:                Rule(OFFICE,     QUARTER,   None, ("looked_at", "recorded_anew")),
    TaskKind.DISPUTED:            Rule(OFFICE,     QUARTER,   None, ()),
    TaskKind.QUARANTINED:         Rule(SUPERVISOR, QUARTER,   None, ("looked_at", "recorded_anew", "reported")),
    TaskKind.LOST:                Rule(OFFICE,     QUARTER,   None, ()),
    TaskKind.MISSING:             Rule(OFFICE,     NOW,       None, ("with_giver",)),
    TaskKind.SURPLUS:             Rule(OFFICE,     TWO_HOURS, None, ("looked_at",)),
    TaskKind.COLLECT_UNPROVEN:    Rule(OFFICE,     TWO_HOURS, None, ("citizen_called",)),
    TaskKind.DELIVERY_UNVERIFIED: Rule(OFFICE,     TWO_HOURS, DAY,  ()),
    TaskKind.SEAL_MISMATCH:       Rule(OFFICE,     QUARTER,   None, COUNTED, two=True),
    TaskKind.DAMAGED:             Rule(OFFICE,     QUARTER,   None, COUNTED, two=True),
    TaskKind.COUNT:               Rule(OFFICE,     QUARTER,   None, ("papers_found", "papers_missing")),
    TaskKind.NO_SHOW:             Rule(OFFICE,     NOW,       TWO_HOURS, ("visit_set", "courier_came")),
    TaskKind.FEE_BACK:            Rule(OFFICE,     TWO_HOURS, None, ("fee_given_back", "looked_at")),
    TaskKind.FEE_OWED:            Rule(OFFICE,     TWO_HOURS, None, ("fee_paid_out",)),
    TaskKind.FILE_DUE:            Rule(OFFICE,     TWO_HOURS, None, ()),
    TaskKind.UNHEARD:             Rule(OFFICE,     TWO_HOURS, None, ("citizen_told", "nobody_reached")),
    TaskKind.NUMBER_CHANGED:      Rule(OFFICE,     QUARTER,   None, ("change_theirs", "reported")),
    TaskKind.LEAVER:              Rule(OFFICE,     QUARTER,   None, ()),
    TaskKind.PETITION:            Rule(SUPERVISOR, TWO_HOURS, None, ()),
    TaskKind.OLD_ISSUE:           Rule(OFFICE,     TWO_HOURS, None, ("slip_matches", "slip_replaced")),
    TaskKind.AFTER_CANCEL:        Rule(OFFICE,     TWO_HOURS, None, ("returned_to_citizen",)),
    TaskKind.UNSURE_REPEAT:       Rule(OFFICE,     TWO_HOURS, None, ("looked_at", "recorded_anew")),
    TaskKind.AFTER_SETTLE:        Rule(SUPERVISOR, QUARTER,   None, ("looked_at",)),
    TaskKind.DOUBTED:             Rule(SUPERVISOR, QUARTER,   None, ("looked_at", "recorded_anew")),
    TaskKind.SIMILAR:             Rule(OFFICE,     QUARTER,   None, ("looked_at", "reported")),
    TaskKind.CLOCK:               Rule(OFFICE,     TWO_HOURS, None, ("clock_set", "device_replaced")),
    TaskKind.DEVICE_GAP:          Rule(OFFICE,     TWO_HOURS, None, ("device_replaced", "recorded_anew")),
    TaskKind.DEVICE_FROZEN:       Rule(SUPERVISOR, QUARTER,   None, ("device_replaced", "reported")),
    TaskKind.FORGED_SLIP:         Rule(SUPERVISOR, QUARTER,   None, ("looked_at", "reported")),
    TaskKind.FORK_OF_LOG:         Rule(SUPERVISOR, QUARTER,   None, ("reported",)),
    TaskKind.LOG_UNSIGNED:        Rule(SUPERVISOR, QUARTER,   None, ("reported",)),
    TaskKind.LAW_BROKEN:          Rule(SUPERVISOR, QUARTER,   None, ("looked_at", "reported")),
    TaskKind.RAW_INBOX:           Rule(SUPERVISOR, TWO_HOURS, None, ("read_by_hand", "looked_at")),
    TaskKind.NUMBERS_LOW:         Rule(SUPERVISOR, TWO_HOURS, None, ("numbers_asked_for",)),
    TaskKind.DISK_FILLS:          Rule(SUPERVISOR, TWO_HOURS, None, ("reported",)),
    TaskKind.DISK_FULL:           Rule(SUPERVISOR, QUARTER,   TWO_HOURS, ("reported",)),
}
# fmt: on

OPEN = sa.text("closed_at IS NULL")
CODED = re.compile(r"[0-9A-Za-z_.:-]{0,64}")


class Task(Model):
    __tablename__ = "tasks"
    __table_args__ = (
        # `about` stands for packet, scan and device together: a unique key over columns that may be NULL binds nothing
        sa.Index("uq_tasks_open", "kind", "about", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        sa.Index("ix_tasks_office_open", "office_id", "closed_at", "due"),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="outcome"),
        sa.CheckConstraint("closed_by_id IS NULL OR closed_at IS NOT NULL", name="closed_by"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TaskKind] = mapped_column(choice(TaskKind))
    about: Mapped[str] = mapped_column(sa.String(100))
    packet_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Packet.id), index=True)
    digest: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary(32), sa.ForeignKey(ScanRow.digest), index=True, doc="the scan it is about"
    )
    device_id: Mapped[str | None] = mapped_column(sa.ForeignKey(Device.id))
    office_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Office.id), doc="whose it is; NULL: supervisors")
    owner_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="the person who took it")
    opened_at: Mapped[Instant]
    take_by: Mapped[Instant] = mapped_column(doc="somebody must have taken it by then")
    due: Mapped[Instant] = mapped_column(doc="closed by then")
    taken_at: Mapped[Instant | None] = mapped_column(doc="by its first owner")
    closed_at: Mapped[Instant | None]
    closed_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="NULL: the server found it settled")
    outcome: Mapped[str | None] = mapped_column(sa.String(40))
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, doc="codes and numbers, nothing personal")

    packet: Mapped[Packet | None] = relationship()
    device: Mapped[Device | None] = relationship()
    office: Mapped[Office | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    closed_by: Mapped[User | None] = relationship(foreign_keys=[closed_by_id])

    @property
    def rule(self) -> Rule:
        return KINDS[self.kind]

    @property
    def deadline(self) -> datetime:
        """What is asked next of a person: to take it, then to close it."""
        return min(self.take_by, self.due) if self.owner_id is None else self.due


IS_SOMEBODYS = sa.or_(Task.closed_at.is_(None), Task.closed_by_id.is_not(None))  # what the server lowered is nobody's


def raise_(
    kind: TaskKind, at: datetime, *, packet: Packet | None = None, digest: bytes | None = None,
    device_id: str | None = None, office_id: int | None = None, due: datetime | None = None, **facts: Any,
) -> Task:  # fmt: skip
    """The open task of this kind about this packet, scan and device; made if there is none.

    `facts` are codes and numbers; anything else is left out, for a phone may have written anything. The office is
    worked out from who answers for the packet, or whose device it is, unless it is given.
    """
    about = _about(packet, digest, device_id)
    facts = {name: value for name, value in facts.items() if _is_code(value)}
    task = db.session.scalar(sa.select(Task).filter_by(kind=kind, about=about, closed_at=None))
    if task is not None:
        task.facts = task.facts | facts
        return task
    rule = KINDS[kind]
    if office_id is None and rule.keeper is OFFICE:
        office_id = office_of(packet, digest, device_id)
    hours = _hours(office_id)
    due = due or (at + rule.settle if rule.settle else calendar.office_day_after(at, hours))
    task = Task(
        kind=kind,
        about=about,
        packet_id=packet.id if packet else None,
        digest=digest,
        device_id=device_id,
        office_id=office_id,
        opened_at=at,
        take_by=min(calendar.office_time_after(at, rule.take, hours), due),
        due=due,
        facts=facts,
    )
    db.session.add(task)
    db.session.flush()
    return task


def lower(
    kind: TaskKind, at: datetime, *, packet: Packet | None = None, digest: bytes | None = None,
    device_id: str | None = None, outcome: str,
) -> int:  # fmt: skip
    """Close every open task of this kind about what is named: the server found it settled. How many there were."""
    named = {"packet_id": packet.id if packet else None, "digest": digest, "device_id": device_id}
    named = {name: value for name, value in named.items() if value is not None}
    if not named:
        raise ValueError("lower() must be told what it is about")
    found = sa.select(Task).filter_by(kind=kind, closed_at=None, **named).order_by(Task.id).with_for_update()
    closed = list(db.session.scalars(found))
    for task in closed:
        task.closed_at, task.outcome = at, outcome
    db.session.flush()
    return len(closed)


def take(task: Task, act: Act, *, over: bool = False) -> None:
    """`act.by` answers for this task from now on; `over` takes it from a colleague on purpose.

    Raises Refused: `task_closed`, `task_taken`.
    """
    _lock_open(task)
    if task.owner_id not in (None, act.by.id) and not over:
        raise Refused("task_taken", number=task.id)
    if task.owner_id != act.by.id:
        audit.note("task_take", f"task {task.id}", act, was=task.owner_id)
    task.owner_id = act.by.id
    task.taken_at = task.taken_at or act.at


def close(task: Task, outcome: str, act: Act, second: User | None = None) -> None:
    """Close a task that needs no act of custody, with one of its kind's outcomes.

    Raises Refused: `task_closed`, `task_outcome` (this kind does not end so), `task_needs_two`, or as
    `people.check_second`.
    """
    _lock_open(task)
    if outcome not in task.rule.outcomes:
        raise Refused("task_outcome", number=task.id)
    if task.rule.two and second is None:
        raise Refused("task_needs_two", number=task.id)
    if second is not None:
        people.check_second(act.by, second)
    audit.note("task_close", f"task {task.id}", act, outcome=outcome, second=second.id if second else None)
    task.owner_id, task.taken_at = task.owner_id or act.by.id, task.taken_at or act.at
    task.closed_at, task.closed_by_id, task.outcome = act.at, act.by.id, outcome
    db.session.flush()


def get(task_id: int) -> Task:
    task = db.session.get(Task, task_id)
    if task is None:
        raise Missing("task_unknown")
    return task


def open_about(packet: Packet) -> list[Task]:
    return list(db.session.scalars(sa.select(Task).filter_by(packet_id=packet.id, closed_at=None).order_by(Task.id)))


def ever(kind: TaskKind, *, packet: Packet | None = None, digest: bytes | None = None) -> bool:
    """Whether there was such a task before, open or closed: what a person has looked at is not raised again."""
    named = {"packet_id": packet.id if packet else None, "digest": digest}
    found = sa.select(Task.id).filter_by(kind=kind, **{name: value for name, value in named.items() if value})
    return db.session.scalar(found.limit(1)) is not None


def office_of(packet: Packet | None, digest: bytes | None = None, device_id: str | None = None) -> int | None:
    """The office of whoever answers for the packet; without one, that of the device's user; else nobody's.

    What a citizen answers for is looked after by the post office that serves the address.
    """
    if packet is None:
        row = db.session.get(ScanRow, digest) if digest and device_id is None else None
        device = db.session.get(Device, device_id or (row.device_id if row else None) or "")
        return device.user.office_id if device and device.user else None
    place = sa.select(Office.id).filter_by(party_id=packet.holder_id)
    person = sa.select(User.office_id).filter_by(party_id=packet.holder_id)
    found = db.session.scalar(place) or db.session.scalar(person)
    return found or (packet.dossier.post_office_id if packet.dossier else None)


def _about(packet: Packet | None, digest: bytes | None, device_id: str | None) -> str:
    return f"{packet.id if packet else '-'}/{digest.hex() if digest else '-'}/{device_id or '-'}"


def _hours(office_id: int | None) -> Sequence[calendar.Hours]:
    office = db.session.get(Office, office_id) if office_id else None
    return office.hours if office and office.hours else calendar.USUAL


def _is_code(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_code(each) for each in value)
    return value is None or isinstance(value, int) or (isinstance(value, str) and CODED.fullmatch(value) is not None)


def _lock_open(task: Task) -> None:
    db.session.refresh(task, with_for_update=True)
    if task.closed_at is not None:
        raise Refused("task_closed", number=task.id)
