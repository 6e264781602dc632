"""Uploads: what a phone hands in at once, and what it is told of that and of what became of its earlier scans.

Phones that come at one moment are heard in one transaction, and its questions are asked for all of them together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import ask
from app.domain import checkpoints, custody, scans
from app.domain.bodies import Scan
from app.domain.checkpoints import Last
from app.domain.devices import Device
from app.domain.scans import NEWS, ScanRow, Verdict
from app.domain.sittings import Outcome, Seen


@dataclass(frozen=True)
class Upload:
    """`since`: from when on the phone wants to hear what came of its earlier scans; None: not at all."""

    device_id: str
    scans: Sequence[Scan]
    since: datetime | None


class Mark(NamedTuple):
    """How far a device's numbers have arrived without a gap, and the first that are missing beyond."""

    contiguous: int
    missing: list[int]


@dataclass(frozen=True)
class Answer:
    """`later`: rows of digest, nth, verdict, why. `last`: the checkpoint that the receipts vouch for."""

    outcomes: list[Outcome]
    mark: Mark
    later: list[Any]
    last: Last | None


def take_in(uploads: Sequence[Upload], seen: Seen) -> list[Answer]:
    """Judge all their scans and work out the answers, to be given once this is committed."""
    outcomes = iter(custody.record_all((scan for upload in uploads for scan in upload.scans), seen))
    return answer(uploads, [list(islice(outcomes, len(upload.scans))) for upload in uploads])


def answer(uploads: Sequence[Upload], outcomes: Sequence[list[Outcome]]) -> list[Answer]:
    """What is told to each phone beside the outcomes of its scans."""
    found = marks({upload.device_id for upload in uploads})
    wanted: dict[str, datetime] = {}
    for upload in uploads:
        if upload.since:
            wanted[upload.device_id] = min(upload.since, wanted.get(upload.device_id, upload.since))
    later, last = judged_since(wanted), checkpoints.last()
    return [
        Answer(its, found[upload.device_id], later[upload.device_id] if upload.since else [], last)
        for upload, its in zip(uploads, outcomes, strict=True)
    ]


ARRIVED = (
    sa.select(Device.id, Device.contiguous, ScanRow.n)
    .outerjoin(ScanRow, sa.and_(ScanRow.device_id == Device.id, ScanRow.n > Device.contiguous, ScanRow.sig_ok))
    .where(Device.id.in_(sa.bindparam("devices", expanding=True)))
    .distinct()
    .order_by(Device.id, ScanRow.n)
)


def marks(devices: Iterable[str], limit: int = 50) -> dict[str, Mark]:
    arrived = groupby(ask(ARRIVED, devices=list(devices)), lambda row: (row.id, row.contiguous))
    return {
        device: Mark(contiguous, scans.gaps_in(contiguous, (row.n for row in rows if row.n), limit))
        for (device, contiguous), rows in arrived
    }


SIGNED_BY = sa.select(ScanRow.device_id).where(ScanRow.digest == Verdict.digest).scalar_subquery()
JUDGED = (
    sa.select(Verdict.digest, Verdict.nth, Verdict.verdict, Verdict.why, Verdict.at, SIGNED_BY.label("device"))
    .where(NEWS, Verdict.at >= sa.bindparam("since"), SIGNED_BY.in_(sa.bindparam("devices", expanding=True)))
    .order_by(Verdict.at, Verdict.nth)
)


def judged_since(asked: Mapping[str, datetime]) -> dict[str, list[sa.Row[Any]]]:
    """For each device the newest verdict on each of its scans that was judged at or after the instant it names. What was
    applied at once is not among them: its own answer said so, and a scan without an answer is sent again."""
    found: dict[str, dict[bytes, sa.Row[Any]]] = {device: {} for device in asked}
    if asked:
        for row in ask(JUDGED, devices=list(asked), since=min(asked.values())):
            if row.at >= asked[row.device]:
                found[row.device][row.digest] = row
    return {device: list(rows.values()) for device, rows in found.items()}
