"""The report: every ratio beside its limit, the figures behind it, the machine and the versions."""

import json
import os
import platform
import sqlite3
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple


class Limit(NamedTuple):
    name: str
    what: str
    least: float | None = None  # the ratio must be at least this …
    most: float | None = None  # … or at most that


# fmt: off
LIMITS = {limit.name: limit for limit in (
    #     name                 what is divided by what                                     least   most
    Limit("sqlite single",     "SQLite: single scans a second / B",                        0.25),
    Limit("sqlite p99",        "SQLite: p99 of a POST / one-row commit",                   None,   160),
    Limit("sqlite slowest",    "SQLite: slowest client / mean",                            0.5),
    Limit("sqlite batch",      "SQLite: scans a second, 50 a POST / B",                    0.5),
    Limit("sqlite wrong",      "SQLite: wrong answers, 5xx, locked database",              None,   0),
    Limit("postgresql single", "PostgreSQL: single scans a second / B",                    0.25),
    Limit("postgresql p99",    "PostgreSQL: p99 of a POST / one-row commit",               None,   300),
    Limit("postgresql slowest","PostgreSQL: slowest client / mean",                        0.5),
    Limit("postgresql batch",  "PostgreSQL: scans a second, 50 a POST / B",                1.0),
    Limit("postgresql wrong",  "PostgreSQL: wrong answers, 5xx, locked database",          None,   0),
    Limit("sqlite tracking",   "SQLite: tracking page's queries / over a tenth of the scans",     None,   1.5),
    Limit("sqlite audit",      "SQLite: lines audited a second / chained in memory",       0.20),
    Limit("sqlite memory",     "SQLite: memory of the audit / 500 MB",                     None,   1),
    Limit("postgresql audit",  "PostgreSQL: lines audited a second / chained in memory",    0.20),
    Limit("postgresql memory", "PostgreSQL: memory of the audit / 500 MB",                 None,   1),
    Limit("postgresql tracking","PostgreSQL: tracking page's queries / over a tenth of the scans", None,  2.5),
    Limit("sqlite queue",      "SQLite: the desk's first page / over a hundredth of the dossiers", None,   3),
    Limit("postgresql queue",  "PostgreSQL: the desk's first page / over a hundredth of the dossiers", None, 3),
    Limit("sqlite count wrong","SQLite: joint counts: 5xx, locked database",               None,   0),
    Limit("postgresql count wrong","PostgreSQL: joint counts: 5xx, locked database",       None,   0),
    Limit("sqlite quarter",    "SQLite: a quarter's report / over a tenth of the dossiers", None,   3),
    Limit("postgresql quarter","PostgreSQL: a quarter's report / over a tenth of the dossiers", None, 3),
    Limit("slips rate",        "500 slips: slips a second / the same with the code as PNG", 4.0),
    Limit("slips bytes",       "500 slips: bytes / the same with the code as PNG",          None,   0.6),
    Limit("slips memory",      "500 slips: memory for a slip more, kB",                     None,   10),
    Limit("phone first load",  "phone: first load without the scanner, gzipped / 250 kB",      None,   1),
    Limit("slip alone",        "one slip: time less 5 ms / the same without a code",        None,   1.5),
)}
# fmt: on


@dataclass
class Report:
    """Ratios and figures as they are measured, round by round."""

    sizes: dict[str, Any]
    machine: dict[str, str] = field(default_factory=lambda: machine())
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    ratios: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def ratio(self, name: str, value: float) -> None:
        self.ratios.setdefault(name, []).append(value)

    def figure(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)

    def holds(self, name: str) -> bool:
        limit, found = LIMITS[name], median(self.ratios[name])
        return (limit.least is None or found >= limit.least) and (limit.most is None or found <= limit.most)

    @property
    def broken(self) -> list[str]:
        return [name for name in self.ratios if not self.holds(name)]

    def table(self) -> str:
        rows = [("what", "ratio", "limit", "holds", "rounds")]
        for name, limit in LIMITS.items():
            if name in self.ratios:
                each = self.ratios[name]
                bound = f">= {_short(limit.least)}" if limit.least is not None else f"<= {_short(limit.most or 0)}"
                spread = f"{_short(min(each))} … {_short(max(each))}"
                rows.append((limit.what, _short(median(each)), bound, "yes" if self.holds(name) else "NO", spread))
        rows.append(("", "", "", "", ""))
        rows.append(("figure, median", "", "", "", "rounds"))
        for name, each in self.figures.items():
            rows.append((name, _short(median(each)), "", "", f"{_short(min(each))} … {_short(max(each))}"))
        widths = [max(len(row[at]) for row in rows) for at in range(5)]
        told = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )
        place = "\n".join(f"{name}: {value}" for name, value in self.machine.items())
        return "\n".join([told, "", place, *self.notes])

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.at.replace(':', '')}.json"
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")
        return path


def machine() -> dict[str, str]:
    libraries = ("granian", "flask", "sqlalchemy", "psycopg", "cryptography")
    return {
        "cpu": f"{os.cpu_count()} × {_cpu()}",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in libraries},
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _short(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
