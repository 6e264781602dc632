"""The audit of a long ledger: `custody verify` as it is, against the limit of one chain hashed in memory."""

import resource
import time
from dataclasses import dataclass

from app.config import Settings
from app.db import now
from app.domain import inspection
from bench import figures
from bench.ground import opened
from bench.years import Years


@dataclass(frozen=True)
class Audit:
    lines: int
    whole: float  # seconds for everything but signatures
    chained: float  # seconds for the chains and the tree alone
    limit: float  # lines a second, hashed in memory
    memory: int  # megabytes at the most, of the process that audits
    faults: int


def audit(settings: Settings, years: Years) -> Audit:
    """Raises nothing: faults are counted."""
    with opened(settings, years.url):
        began = time.perf_counter()
        chained = inspection.inspect(inspection.Trust(now()), evidence=False)
        middle = time.perf_counter()
        whole = inspection.inspect(inspection.Trust(now()))
        ended = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    faults = len(chained.faults) + len(whole.faults)
    return Audit(whole.lines, ended - middle, middle - began, figures.chain_rate(200_000), memory, faults)
