"""What phones are told of the log, and what they saw of it before: each is a witness of all the others' history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.db import atomically
from app.domain import checkpoints, notes
from app.domain.bodies import Scan
from app.domain.checkpoints import Last


def told(last: Last | None, pinned: int = 0) -> dict[str, Any]:
    """The newest checkpoint, and the proof that it extends the one of `pinned` lines, which the phone saw last."""
    return checkpoints.since(pinned, last)._asdict()


def size(pin: Any) -> int:
    """How many lines the log had that a phone says to have seen; 0 for none."""
    seen = notes.pinned(pin)
    return seen.size if seen else 0


def compare(pin: Any, batch: Iterable[Scan], device_id: str, at: datetime) -> None:
    """Raise the alarm when a phone has seen, or signed to have seen, a log that ours does not extend."""
    said = {notes.pinned(pin), *(checkpoints.pin_in(scan.body) for scan in batch)} - {None}
    if wrong := checkpoints.contradicting(head for head in said if head):
        atomically(checkpoints.alarm, wrong, device_id, at)
