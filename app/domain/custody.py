"""Custody: who holds a packet, and how it may change hands.

`record` is the one way in, for phones and pages alike. Read STEPS in steps.py first, then placing.py, then sittings.py, where what
is told is kept and judged; here are the verbs.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import audit, bodies, devices, placing, scans, tasks
from app.domain.bodies import Scan
from app.domain.devices import Device, DeviceKind
from app.domain.packets import Packet
from app.domain.people import Act
from app.domain.scans import REPEATS_CLAIM, Ruling, ScanRow
from app.domain.sittings import AFTER, Outcome, Seen, Sitting, lock_packets, open_trails, sign
from app.domain.tasks import TaskKind
from app.domain.trails import Trail
from app.errors import Refused


def record(scan: Scan, seen: Seen) -> Outcome:
    """Store one scan, judge it, and move the packet if the law allows. Never raises for what a scan says."""
    return record_all([scan], seen)[0]


def record_all(batch: Iterable[Scan], seen: Seen) -> list[Outcome]:
    """Judge several scans in one transaction, devices and then packets locked in one order."""
    batch = list(batch)
    sitting = Sitting(batch, seen)
    for scan in batch:
        sitting.hear(scan)
    sitting.close()
    return [sitting.outcome(scan) for scan in batch]


def trail(packet: Packet) -> Trail:
    """Everything told of one packet, and what came of it."""
    return open_trails([packet])[packet.code]


# ---- pages ------------------------------------------------------------------------------------------------------


def hold(packet: Packet, act: Act) -> Packet:
    """The packet as it is now, locked for a page: devices first, then packets, as everywhere."""
    devices.server(DeviceKind.PAGES, act)
    return lock_packets({packet.code})[0]


def hold_all(codes: set[bytes]) -> list[Packet]:
    """The packets with these codes, locked in the one order; codes nobody knows are left out."""
    return lock_packets(codes)


def after_all(packet: Packet, at: datetime) -> datetime:
    """`at`, or the moment after the last that was told of a held packet: the clock may have been set back since."""
    last = db.session.scalar(sa.select(sa.func.max(ScanRow.recorded_at)).filter_by(packet_code=packet.code))
    return max(at, last + AFTER) if last else at


def expect(packet: Packet, head: bytes | None) -> None:
    """Raises Refused("page_too_old") when a held packet has moved since the page showed `head`; None asks nothing."""
    if head is not None and packet.head != head:
        raise Refused("page_too_old", number=packet.number)


def enter(packet: Packet, event: str, act: Act, *, actor: str | None = None, **facts: Any) -> Outcome:
    """Record what a person did at a page. Raises Refused("custody_<why>") when the law does not let it stand, be it that the
    same was told before and is disputed.

    `facts`: giver, taker, parent (the head the page showed), proof, seal, sheets, reason, next_, tip, state, extra, wall.
    A page has a person before it, who is told at once; nothing half-done is left behind.
    """
    said = sign(packet, event, DeviceKind.PAGES, actor or act.by.id, act, **facts)
    outcome = record(said, Seen(act.at, act.keys))
    contests = event == "dispute" and (outcome.verdict is Ruling.DISPUTED or outcome.why == REPEATS_CLAIM)
    if not (outcome.stands or contests):
        raise Refused(f"custody_{outcome.why}", number=packet.number)
    return outcome


def judge_again(packet: Packet, act: Act) -> None:
    """Judge anew what waits for its place, and work out flags and tasks: something beside the scans has changed."""
    sitting = Sitting([], Seen(act.at, act.keys), {packet.code})
    sitting.judge(sitting.trails[packet.code], placing.look_again)
    sitting.close()


def look_again(device: Device, seen: Seen) -> None:
    """Judge what was held because nobody had confirmed this phone yet. The device is locked by the caller."""
    _hear_again(scans.held_for(device.id, "device_unconfirmed"), seen)


def admit(digest: bytes, act: Act) -> Outcome:
    """A person answers for a scan that its device left in doubt: from now on it is judged like any other.

    Raises Refused("scan_judged") when there is no such doubt, or a colleague was faster.
    """
    row = db.session.get_one(ScanRow, digest)
    (outcome,) = _hear_again([row], Seen(act.at, act.keys), by=act.by.id)
    tasks.lower(TaskKind.DOUBTED, act.at, digest=digest, outcome="judged")
    audit.note(
        "scan_admit", row.packet_code.hex() if row.packet_code else row.device_id or "", act, digest=digest.hex()
    )
    return outcome


def _hear_again(held: list[ScanRow], seen: Seen, by: str | None = None) -> list[Outcome]:
    sitting = Sitting([], seen, {row.packet_code for row in held if row.packet_code}, by or "server")
    for row in held:
        sitting.hear_again(row, is_vouched=by is not None)
    sitting.close()
    return [sitting.outcome(bodies.read(row.body, row.sig)) for row in held]
