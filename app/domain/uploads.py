"""Uploads: what a phone hands in at once, and what it is told of that and of what became of its earlier scans.

Phones that come at one moment are heard in one transaction, and its questions are asked for all of them together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from app.domain import checkpoints, custody, scans
from app.domain.checkpoints import Last
from app.domain.custody import Outcome, Seen
from app.domain.scans import Mark, Scan


@dataclass(frozen=True)
class Upload:
    """`since`: from when on the phone wants to hear what came of its earlier scans; None: not at all."""

    device_id: str
    scans: Sequence[Scan]
    since: datetime | None


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
    marks = scans.marks({upload.device_id for upload in uploads})
    wanted: dict[str, datetime] = {}
    for upload in uploads:
        if upload.since:
            wanted[upload.device_id] = min(upload.since, wanted.get(upload.device_id, upload.since))
    later, last = scans.judged_since(wanted), checkpoints.last()
    return [
        Answer(its, marks[upload.device_id], later[upload.device_id] if upload.since else [], last)
        for upload, its in zip(uploads, outcomes, strict=True)
    ]
