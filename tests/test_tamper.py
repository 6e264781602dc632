"""A superuser edits, deletes and cuts: the inspection names the place each time. TAMPERS=1000 (`make faults`) for the long run.

First the harness itself: an inspection that is blind in one eye must be found out.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app import signer
from app.db import now
from app.domain import inspection, notes
from app.domain.findings import Fault, Report
from app.domain.inspection import _Look
from app.domain.logbook import Logbook, Trust
from tests.tampering import Forger, busy_ledger
from tests.world import World

TAMPERS = int(os.environ.get("TAMPERS", "50"))
SEED = int(os.environ.get("SEED", "20261124"))


@pytest.fixture
def look(world: World) -> Callable[[], Report]:
    busy_ledger(world)
    folder = world.app.extensions["settings"].checkpoint_dir

    def inspected() -> Report:
        trust = Trust(now() + timedelta(minutes=5), notes.published(folder), signer.History(folder))
        return inspection.inspect(trust, full=True)

    return inspected


def unseen(look: Callable[[], Report], count: int) -> Iterator[str]:
    """What was done and not named, out of `count` acts of a forger."""
    forger = Forger(SEED)
    for _ in range(count):
        with forger.tampered() as (what, places):
            faults = look().faults
            if not any(place.is_named_by(fault) for place in places for fault in faults):
                yield f"{what}: {[str(fault) for fault in faults]}"


@pytest.mark.timeout(3600)
def test_every_act_of_a_superuser_is_named(look: Callable[[], Report]) -> None:
    honest = look()
    assert honest.holds, honest.faults
    assert (honest.lines, honest.checkpoints) == (honest.leaves, 4) and honest.lines > 15
    assert list(unseen(look, TAMPERS)) == []
    assert look().holds, "the harness has not put everything back"


def nothing(*_: Any, **__: Any) -> None:
    return None


def of_the_row(self: Any, packet: Any, told: Iterator[Any]) -> None:
    """Holds the ledger to be whole when it ends with the hash that the packet's own row names."""
    lines = list(told)
    if lines and lines[-1][10] != packet[-1]:
        self.report.found(Fault(str(packet[2]), f"line {len(lines)}", "is not the packet's last", len(lines)))


# fmt: off
BLIND = {
    "reads no leaves":         (Logbook, "read", nothing),
    "looks at no evidence":    (_Look, "_evidence", nothing),
    "forgets what was signed": (Logbook, "_remembered", lambda self, signed: iter(())),
    "follows no chain":        (_Look, "_chain", nothing),
    "compares no root":        (Logbook, "_compare", nothing),
    "believes every scan":     (_Look, "_scan", nothing),
    "believes the packet's row": (_Look, "_chain", of_the_row),
}
# fmt: on


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("eye", BLIND)
def test_an_inspection_that_is_blind_in_one_eye_is_found_out(
    look: Callable[[], Report], monkeypatch: pytest.MonkeyPatch, eye: str
) -> None:
    monkeypatch.setattr(*BLIND[eye])
    assert next(unseen(look, 200), None)
