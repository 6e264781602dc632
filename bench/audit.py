"""The audit of a long ledger: `custody verify` as it is, against the limit of the same lines chained in memory.

It runs in a process of its own, so that its memory can be told.
"""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.config import Settings
from app.db import now
from app.domain import inspection, shares
from app.domain.logbook import Trust
from bench import figures
from bench.ground import opened


@dataclass(frozen=True)
class Audit:
    """Of one look: `limit` is in lines a second, chained in memory right before and after; `memory` in megabytes at the most."""

    lines: int
    seconds: float
    limit: float
    memory: int
    faults: tuple[str, ...]

    @property
    def ratio(self) -> float:
        return self.lines / self.seconds / self.limit


@contextmanager
def auditor(settings: Settings, url: str) -> Iterator[ProcessPoolExecutor]:
    """A fresh process that calls `look` for its owner: `auditor.submit(look, …).result()`."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_open, initargs=(settings, url)) as pool:
        yield pool


_opened: list[Any] = []


def _open(settings: Settings, url: str) -> None:
    _opened.append(opened(settings, url))
    _opened[0].__enter__()


def look(**how: bool) -> Audit:
    """Look once; `how` as `inspection.inspect` takes it."""
    before = figures.chain_rate(100_000)
    began = time.perf_counter()
    report = inspection.inspect(Trust(now()), **how)  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    limit = (before + figures.chain_rate(100_000)) / 2
    return Audit(report.lines, seconds, limit, _memory(), tuple(str(fault) for fault in report.faults[:3]))


def _memory() -> int:
    """Of this process, and of each that it had to help it as much as the largest of them took: no more than that.

    What the kernel tells of resources of this one counts the one that started it, too.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    helped = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (shares.count(shares.ROWS) - 1)
    return (int(lines["VmHWM"].split()[0]) + helped) // 1024
