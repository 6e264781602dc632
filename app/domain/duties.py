"""Duties: what a packet's scans ask of people. Like flags they follow from the set of scans: raised while they are true,
lowered when they are not; what a person has closed is not raised again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import db
from app.domain import flags, tasks
from app.domain.ledger import Handoff
from app.domain.packets import Packet, State
from app.domain.scans import Ruling
from app.domain.tasks import Task, TaskKind
from app.domain.trails import CLOSED, Entry, Trail

PATIENT = frozenset({"parent_unknown", "packet_unknown"})  # may settle themselves: raised when they are late (watch.py)
LATE = timedelta(hours=12)  # a scan whose parent, or whose booking, has not come
SILENT = frozenset({"behind_dispute", *CLOSED})  # told by the packet's dispute, or decided by people
BY_STATE = {
    State.DISPUTED: TaskKind.DISPUTED, State.LOST: TaskKind.LOST,
    State.DELIVERED_UNVERIFIED: TaskKind.DELIVERY_UNVERIFIED,
}  # fmt: skip
BY_FLAG = {
    "collect_unproven": TaskKind.COLLECT_UNPROVEN, "seal_mismatch": TaskKind.SEAL_MISMATCH,
    "unsure_repeat": TaskKind.UNSURE_REPEAT,
}  # fmt: skip
BY_WHY = {
    "after_settle": TaskKind.AFTER_SETTLE,
    "slip_forged": TaskKind.FORGED_SLIP,
    "n_reused": TaskKind.DEVICE_FROZEN,
}
BY_RULING = {Ruling.HELD: TaskKind.HELD, Ruling.QUARANTINED: TaskKind.QUARANTINED}
OUT_OF_SERVICE = frozenset({"device_revoked", "device_expired"})
DELIVERIES = frozenset({"deliver", "confirm"})
SIMILAR = timedelta(days=3)  # before the newest line: what else the courier delivered while it can still be contested
LISTED = 20
OUTCOMES = {  # what the server writes when it finds a matter settled, and whose tasks it lowers
    TaskKind.HELD: "judged", TaskKind.QUARANTINED: "judged", TaskKind.AFTER_SETTLE: "judged",
    TaskKind.DISPUTED: "settled", TaskKind.LOST: "found", TaskKind.DELIVERY_UNVERIFIED: "proven",
    TaskKind.COLLECT_UNPROVEN: "attested", TaskKind.SEAL_MISMATCH: "resealed", TaskKind.UNSURE_REPEAT: "settled",
    TaskKind.DOUBTED: "judged", TaskKind.OLD_ISSUE: "settled", TaskKind.CLOCK: "settled", TaskKind.AFTER_CANCEL: "returned_to_citizen",
}  # fmt: skip


class Duty(NamedTuple):
    kind: TaskKind
    digest: bytes | None = None
    device_id: str | None = None


def kind_of(ruling: Ruling, why: str | None) -> TaskKind:
    """Whose a scan is that is held or not believed. Held for a phone out of service, it waits for somebody's word."""
    if ruling is Ruling.HELD and why in OUT_OF_SERVICE:
        return TaskKind.DOUBTED
    return BY_WHY.get(why or "", BY_RULING[ruling])


def of_scan(ruling: Ruling | None, why: str | None, digest: bytes, device_id: str | None) -> Duty | None:
    """What one verdict asks of a person. A claim is of the packet's one dispute, like what waits behind it."""
    if ruling not in BY_RULING or why in SILENT:
        return None
    kind = kind_of(ruling, why)
    return Duty(kind, digest, device_id if kind is TaskKind.DEVICE_FROZEN else None)


def of(trail: Trail, packet: Packet) -> dict[Duty, dict[str, Any]]:
    """Everything the packet asks of people now, and what they are told beside it."""
    return dict(_of(trail, packet))


def _of(trail: Trail, packet: Packet) -> Iterator[tuple[Duty, dict[str, Any]]]:
    if kind := BY_STATE.get(trail.state):
        yield Duty(kind), {}
    for flag in packet.flags:
        if flag in BY_FLAG:
            yield Duty(BY_FLAG[flag]), {}
    for entry in trail.entries.values():
        if duty := of_scan(entry.ruling, entry.why, entry.scan.digest, entry.scan.device):
            yield duty, {"why": entry.why}
    if "collected_after_cancel" in packet.flags:
        yield Duty(TaskKind.AFTER_CANCEL), {}
    if "old_issue" in packet.flags and _both_in_use(trail, packet):
        yield Duty(TaskKind.OLD_ISSUE), {}
    if "clock" in packet.flags:
        for device_id in {entry.scan.device for entry in trail.entries.values() if flags.is_off(entry)}:
            yield Duty(TaskKind.CLOCK, None, device_id), {}
    for note in trail.notes():
        if note.scan.event == "damaged":
            yield Duty(TaskKind.DAMAGED, note.scan.digest), {"reason": note.scan.reason}
    for claim in trail.claims():
        if numbers := _similar(trail, claim, packet):
            yield Duty(TaskKind.SIMILAR, claim.scan.digest), {"numbers": numbers}


def _both_in_use(trail: Trail, packet: Packet) -> bool:
    """A replaced paper was scanned, and its successor too: which of them is on which bag?"""
    told = [entry for act in trail.acts() for entry in act]
    replaced = [entry.scan.issue for entry in told if flags.is_of_old_slip(packet, entry) and entry.scan.issue]
    return any(entry.scan.issue > min(replaced) for entry in told if entry.scan.issue and replaced)


def _similar(trail: Trail, claim: Entry, packet: Packet) -> list[str]:
    """Somebody says of a delivery: not me. What else the same courier delivered in those days, newest first."""
    accused = trail.entries.get(claim.scan.contested or b"") if claim.scan.event == "dispute" else None
    if accused is None or accused.scan.event not in DELIVERIES:
        return []
    since = accused.recorded_at - SIMILAR
    delivered = sa.select(Packet.number).join(Handoff, Handoff.packet_id == Packet.id).where(
        Handoff.event == "deliver", Handoff.giver_id == accused.scan.giver, Packet.id != packet.id,
        Handoff.recorded_at >= since,
    )  # fmt: skip
    return list(db.session.scalars(delivered.order_by(Handoff.id.desc()).limit(LISTED)))


def settle(packet: Packet, wanted: dict[Duty, dict[str, Any]], at: datetime) -> None:
    """Bring the packet's tasks up to what is wanted now."""
    about = sa.select(Task).filter_by(packet_id=packet.id).order_by(Task.id)
    known = {Duty(task.kind, task.digest, task.device_id): task for task in db.session.scalars(about)}
    for duty, facts in wanted.items():
        task = known.get(duty)
        lowered = task is not None and task.closed_at is not None and task.closed_by_id is None
        if (task is None or lowered) and facts.get("why") not in PATIENT:
            tasks.raise_(duty.kind, at, packet=packet, digest=duty.digest, device_id=duty.device_id, **facts)
    for duty, task in known.items():
        if task.closed_at is None and duty not in wanted and duty.kind in OUTCOMES:
            task.closed_at, task.outcome = at, OUTCOMES[duty.kind]
