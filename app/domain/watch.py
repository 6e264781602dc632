"""Watch: what no scan brings to light but the passing of time. It raises what is late and lowers what has settled.

Looking twice changes nothing; what a person has closed is not raised again for the same thing.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db
from app.domain import (
    audit,
    bodies,
    calendar,
    checkpoints,
    custody,
    dossiers,
    incidents,
    ledger,
    numbers,
    scans,
    staff,
    tasks,
    visits,
)
from app.domain.devices import Device, DeviceKind
from app.domain.dossiers import Dossier
from app.domain.duties import LATE, PATIENT, SILENT, kind_of
from app.domain.outbox import NOBODY, Message
from app.domain.packets import Packet, State
from app.domain.people import Act
from app.domain.scans import WAITING, RawScan, Ruling, ScanRow, Verdict
from app.domain.tasks import Task, TaskKind
from app.domain.visits import OPEN, Slot, Visit

GAP = timedelta(hours=2)  # a phone's number that has not arrived
UNSIGNED = timedelta(hours=24)  # what is recorded is signed for within a minute, and never later
UNTOLD = timedelta(days=3)  # a message due so long ago has been seen to, or never will be
UNPROVEN = timedelta(hours=24)  # a delivery without the citizen's proof
DISKS = {TaskKind.DISK_FILLS: 85, TaskKind.DISK_FULL: 95}  # percent in use
ROOM = 3  # percent less, and it is over
AGAIN = timedelta(hours=24)  # what was reported and is still so is told again
MOST = 500  # of each kind in one look; the next look goes on

KIND_OF_STATE = {State.DISPUTED: TaskKind.DISPUTED, State.LOST: TaskKind.LOST}
SETTLED = {State.DISPUTED: "settled", State.LOST: "found", State.DELIVERED_UNVERIFIED: "proven"}


def look(at: datetime, used: int | None = None) -> Counter[TaskKind]:
    """How many tasks of each kind were raised. `at` is now; `used`: percent of the fullest disk, where somebody has looked."""
    _lower(at)
    if used is not None:
        _make_room(at, used)
    staff.no_longer_left(at)
    raised = [
        *_gaps(at),
        *_waiting(at),
        *_passed_over(at),
        *_stuck(at),
        *_unproven(at),
        *_unread(at),
        *_numbers(at),
        *_unsigned(at),
        *_unheard(at),
        *_not_come(at),
        *_files(at),
        *staff.left_behind(at),
        *_disks(at, used or 0),
    ]
    return Counter(task.kind for task in raised)


def welcome(act: Act) -> int:
    """Judge the scans of packets that were not known when they came: a booking sent again, a database put back."""
    found = {packet for _, packet in db.session.execute(_held("packet_unknown"))}
    for packet in sorted(found, key=lambda packet: packet.id):
        custody.judge_again(packet, act)
    return len(found)


# ---- raising ----------------------------------------------------------------------------------------------------


def _gaps(at: datetime) -> Iterable[Task]:
    """Phones that owe a scan for longer than GAP."""
    since = sa.func.min(ScanRow.recorded_at)
    behind = (
        sa.select(Device.id, Device.contiguous, since)
        .join(ScanRow, sa.and_(ScanRow.device_id == Device.id, ScanRow.n > Device.contiguous, ScanRow.sig_ok))
        .where(Device.kind == DeviceKind.PHONE)
        .group_by(Device.id, Device.contiguous)
        .having(since <= at - GAP)
        .limit(MOST)
    )
    for device_id, contiguous, first in db.session.execute(behind).all():
        if not _known(Task.kind == TaskKind.DEVICE_GAP, Task.device_id == device_id, _newer_than(first)):
            missing = scans.missing(device_id, contiguous, 20)
            yield tasks.raise_(TaskKind.DEVICE_GAP, at, device_id=device_id, missing=missing)


def _waiting(at: datetime) -> Iterable[Task]:
    """Scans that are held or not believed and are nobody's."""
    later = sa.alias(Verdict.__table__)
    cared_for = sa.exists().where(Task.digest == Verdict.digest, tasks.IS_SOMEBODYS)
    newest = ~sa.exists().where(later.c.digest == Verdict.digest, later.c.nth > Verdict.nth)
    nobodys = (
        sa.select(ScanRow, Verdict, Packet)
        .join(Verdict, Verdict.digest == ScanRow.digest)
        .outerjoin(Packet, Packet.code == ScanRow.packet_code)
        .where(WAITING, Verdict.verdict != Ruling.DISPUTED, newest, ~cared_for)
        .where(sa.func.coalesce(Verdict.why, "").not_in(SILENT))
        .where(sa.or_(sa.func.coalesce(Verdict.why, "").not_in(PATIENT), ScanRow.recorded_at <= at - LATE))
        .order_by(Verdict.at)
        .limit(MOST)
    )
    for row, verdict, packet in db.session.execute(nobodys).all():
        yield tasks.raise_(kind_of(verdict.verdict, verdict.why), at, packet=packet, digest=row.digest, why=verdict.why)


def _passed_over(at: datetime) -> Iterable[Task]:
    """Scans whose giver's phone has, since they came, sent all it had: what they follow is not on it."""
    cared_for = sa.exists().where(Task.digest == ScanRow.digest, tasks.IS_SOMEBODYS)
    for row, packet in db.session.execute(_held("parent_unknown").where(~cared_for, ScanRow.recorded_at > at - LATE)):
        giver = bodies.read(row.body, row.sig).giver
        phones = sa.select(Device).where(Device.party_id == giver, Device.kind == DeviceKind.PHONE)
        theirs = [phone for phone in db.session.scalars(phones) if phone.served(at)]
        if theirs and all(_has_told_all(phone, row.recorded_at) for phone in theirs):
            yield tasks.raise_(TaskKind.HELD, at, packet=packet, digest=row.digest, why="parent_unknown")


def _has_told_all(phone: Device, by: datetime) -> bool:
    """Whether the newest scan of its unbroken numbers was made after `by`: it carries a later word of ours."""
    newest = db.session.get(ScanRow, phone.last_digest or b"")
    told = bodies.read(newest.body, newest.sig).told_at if newest else None
    return told is not None and told >= by


def _held(why: str) -> sa.Select[ScanRow, Packet]:
    """Scans whose newest verdict is held for this reason, with their packet, the oldest first."""
    later = sa.alias(Verdict.__table__)
    newest = ~sa.exists().where(later.c.digest == Verdict.digest, later.c.nth > Verdict.nth)
    told = sa.select(ScanRow, Packet).join(Verdict, Verdict.digest == ScanRow.digest)
    known = told.join(Packet, Packet.code == ScanRow.packet_code)
    return (
        known.where(WAITING, Verdict.verdict == Ruling.HELD, Verdict.why == why, newest)
        .order_by(Verdict.at)
        .limit(MOST)
    )


def _stuck(at: datetime) -> Iterable[Task]:
    """Packets in dispute or lost without an open task: there is always somebody who looks after them."""
    for state, kind in KIND_OF_STATE.items():
        cared_for = sa.exists().where(Task.packet_id == Packet.id, Task.kind == kind, Task.closed_at.is_(None))
        for packet in db.session.scalars(sa.select(Packet).where(Packet.state == state, ~cared_for).limit(MOST)).all():
            yield tasks.raise_(kind, at, packet=packet)


def _unproven(at: datetime) -> Iterable[Task]:
    """Deliveries nobody but the courier has vouched for within a day."""
    cared_for = sa.exists().where(Task.packet_id == Packet.id, Task.kind == TaskKind.DELIVERY_UNVERIFIED)
    claimed = sa.select(Packet).where(Packet.state == State.DELIVERED_UNVERIFIED, ~cared_for).limit(MOST)
    for packet in db.session.scalars(claimed).all():
        delivered = ledger.lines(packet)[-1].recorded_at
        if delivered <= at - UNPROVEN:
            yield tasks.raise_(TaskKind.DELIVERY_UNVERIFIED, at, packet=packet, due=delivered + UNPROVEN)


def _unread(at: datetime) -> Iterable[Task]:
    """What could not be parsed, one task for each phone."""
    found = (
        sa.select(Device.id, sa.func.count(), sa.func.max(RawScan.at))
        .select_from(RawScan)
        .outerjoin(Device, Device.id == RawScan.device_id)
        .group_by(Device.id)
    )
    for device_id, count, newest in db.session.execute(found).all():
        whose = Task.device_id == device_id if device_id else Task.device_id.is_(None)
        if not _known(Task.kind == TaskKind.RAW_INBOX, whose, _newer_than(newest)):
            yield tasks.raise_(TaskKind.RAW_INBOX, at, device_id=device_id, count=count)


def _numbers(at: datetime) -> Iterable[Task]:
    """The ranges of item numbers come to their end: said once for what is loaded, and again when nothing is left."""
    left = numbers.left_when_low()
    if left is None:
        return
    told = sa.select(Task).where(Task.kind == TaskKind.NUMBERS_LOW, _newer_than(numbers.newest_load() or at))
    last = db.session.scalar(told.order_by(Task.id.desc()).limit(1))
    if last is None or (last.closed_at and last.facts["left"] and not left):
        yield tasks.raise_(TaskKind.NUMBERS_LOW, at, left=left)
    elif last.closed_at is None:
        last.facts = {"left": left}


def _unsigned(at: datetime) -> Iterable[Task]:
    """Sequencer or signer stand still: nothing that was recorded since would be missed if it were taken away. A service that has
    only just begun has signed nothing yet."""
    since, signed = checkpoints.unsigned_since() or (at, None)
    late = max(since, signed or audit.oldest("laws_checked", "night") or at) + UNSIGNED
    if late <= at and not _known(Task.kind == TaskKind.LOG_UNSIGNED, _newer_than(late)):
        yield tasks.raise_(TaskKind.LOG_UNSIGNED, at)


def _disks(at: datetime, used: int) -> Iterable[Task]:
    for kind, most in DISKS.items():
        if used >= most and not _known(Task.kind == kind, _newer_than(at - AGAIN)):
            yield tasks.raise_(kind, at, used=used)


def _unheard(at: datetime) -> Iterable[Task]:
    """Messages to citizens that were given up: somebody tells them by telephone."""
    lost = sa.select(Message.values, Message.given_up_at).where(
        Message.due_at > at - UNTOLD, Message.given_up_at.is_not(None), Message.phone != NOBODY
    )
    for values, given_up in db.session.execute(lost.order_by(Message.id).limit(MOST)).all():
        number = values.get("number") if "secret" in values else None  # couriers are told of packets without one
        newest = sa.select(Packet).join(Dossier).where(Dossier.number == number).order_by(Packet.id.desc()).limit(1)
        packet = db.session.scalar(newest) if number else None
        if packet and not _known(Task.kind == TaskKind.UNHEARD, Task.packet_id == packet.id, _newer_than(given_up)):
            yield tasks.raise_(TaskKind.UNHEARD, at, packet=packet, office_id=packet.dossier.post_office_id)


def _not_come(at: datetime) -> Iterable[Task]:
    """Homes of which no phone has said in the agreed time that somebody came: the citizen hears an apology, in case nobody
    did (a phone may be without a network all day), and the office whose visit it was asks."""
    here = calendar.local(at - visits.GRACE)
    over = sa.or_(Slot.day == here.date() - timedelta(1), sa.and_(Slot.day == here.date(), Slot.closes <= here.time()))
    known = sa.exists().where(
        Task.packet_id == Visit.packet_id, Task.kind == TaskKind.NO_SHOW, Task.closed_at.is_(None)
    )
    missed = sa.select(Visit).join(Slot, Slot.id == Visit.slot_id).where(Visit.state.in_(OPEN), over, ~known)
    for visit in db.session.scalars(missed.order_by(Visit.id).limit(MOST)).all():
        ended = visits.starts_at(visit.slot.day, visit.slot.closes)
        if not _known(Task.kind == TaskKind.NO_SHOW, Task.packet_id == visit.packet_id, Task.opened_at >= ended):
            dossiers.tell(visit.packet.dossier, "not_come", at)
            yield tasks.raise_(TaskKind.NO_SHOW, at, packet=visit.packet, office_id=visit.slot.office_id)


def _files(at: datetime) -> Iterable[Task]:
    """Incident files whose day comes: one matter for each packet, of its most urgent file."""
    for file in incidents.pressing(at)[:MOST]:
        if not _known(Task.kind == TaskKind.FILE_DUE, Task.packet_id == file.packet_id, Task.closed_at.is_(None)):
            due = visits.starts_at(incidents.next_day(file), calendar.HALVES[-1][1])
            office_id = file.packet.dossier.post_office_id
            yield tasks.raise_(
                TaskKind.FILE_DUE, at, packet=file.packet, office_id=office_id, due=due, file=file.number
            )


def _newer_than(moment: datetime) -> sa.ColumnElement[bool]:
    """A task that is open, or was closed by somebody who could see what happened at `moment`."""
    return sa.or_(Task.closed_at.is_(None), Task.closed_at >= moment)


def _known(*rules: sa.ColumnElement[bool]) -> bool:
    return db.session.scalar(sa.select(Task.id).where(*rules).limit(1)) is not None


# ---- lowering ---------------------------------------------------------------------------------------------------


def _make_room(at: datetime, used: int) -> None:
    for kind, most in DISKS.items():
        if used <= most - ROOM:
            for task in db.session.scalars(sa.select(Task).where(Task.closed_at.is_(None), Task.kind == kind)).all():
                task.closed_at, task.outcome = at, "disk_has_room"


def _lower(at: datetime) -> None:
    """Close what is no longer so: a place was found, the missing has arrived, a state has passed."""
    open_ = sa.select(Task).where(Task.closed_at.is_(None))
    for task in db.session.scalars(open_.where(Task.kind == TaskKind.HELD, Task.digest.is_not(None))).all():
        verdict = scans.latest(task.digest) if task.digest else None
        if verdict and verdict.verdict is not Ruling.HELD:
            tasks.lower(TaskKind.HELD, at, digest=task.digest, outcome="judged")
    if numbers.left_when_low() is None:
        for task in db.session.scalars(open_.where(Task.kind == TaskKind.NUMBERS_LOW)).all():
            task.closed_at, task.outcome = at, "numbers_loaded"
    since, _ = checkpoints.unsigned_since() or (at, None)
    if since > at - UNSIGNED:
        for task in db.session.scalars(open_.where(Task.kind == TaskKind.LOG_UNSIGNED)).all():
            task.closed_at, task.outcome = at, "log_signed"
    pressing = {file.number for file in incidents.pressing(at)}
    for task in db.session.scalars(open_.where(Task.kind == TaskKind.FILE_DUE)).all():
        if task.facts["file"] not in pressing:
            task.closed_at, task.outcome = at, "file_answered"
    for task in db.session.scalars(open_.where(Task.kind == TaskKind.NO_SHOW)).all():
        visit = visits.open_visit(task.packet_id) if task.packet_id else None
        if visit is None or visits.starts_at(visit.slot.day, visit.slot.closes) > at:
            task.closed_at, task.outcome = at, "settled_itself"
    for task in db.session.scalars(open_.where(Task.kind == TaskKind.DEVICE_GAP)).all():
        device = db.session.get(Device, task.device_id)
        if device and not scans.missing(device.id, device.contiguous, 1):
            tasks.lower(TaskKind.DEVICE_GAP, at, device_id=device.id, outcome="scans_arrived")
    for state, outcome in SETTLED.items():
        kind = KIND_OF_STATE.get(state, TaskKind.DELIVERY_UNVERIFIED)
        over = open_.join(Packet, Packet.id == Task.packet_id).where(Task.kind == kind, Packet.state != state)
        for task in db.session.scalars(over).all():
            tasks.lower(kind, at, packet=task.packet, outcome=outcome)
