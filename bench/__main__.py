"""`python -m bench`: every measure, at least four interleaved rounds, medians; exits 1 when a ratio does not hold."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.config import ROOT, Settings
from bench import audit as audits
from bench import counting, desks, figures, floor, flush, phone, quarters, reading, slips, wire
from bench.audit import Audit
from bench.ground import CLIENTS, Ground, Signed, make_settings, opened
from bench.report import Report
from bench.years import Years
from tests import postgres

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
PARTS = ("load", "read", "queue", "count", "quarter", "audit", "slips", "phone")
BATCH = 50


@dataclass(frozen=True)
class Sizes:
    rounds: int = 5
    clients: int = CLIENTS
    batch: int = BATCH
    single_groups: int = 3  # how often each client takes `batch` packets through all of STEPS, one scan a POST
    batch_groups: int = 5
    commits: float = 1.0  # seconds
    floor: float = 2.0
    load: float = 4.0
    lines: int = 1_000_000
    audited: int = 1_000_000
    signed: int = 100_000
    pages: int = 300
    small: float = 1.0
    slips: int = 500
    open: int = 100_000  # dossiers at one desk
    bag: int = 40  # packets counted at each of four desks
    quarter: int = 100_000  # dossiers of one quarter
    seen: int = 40  # slips before the phone's camera
    queued: int = 500  # scans that wait on the phone
    slowed: int = 4  # how many times slower than this processor the phone's is


TINY = Sizes(rounds=1, clients=2, batch=5, single_groups=1, batch_groups=1, commits=0.1, floor=0.2, load=0.5,
             lines=2_000, audited=2_000, signed=500, pages=5, small=0.1, slips=10, open=200, bag=2, quarter=400, seen=3, queued=10, slowed=1)  # fmt: skip


class Track:
    """One database under test: its ground, its floor, its server."""

    def __init__(self, name: str, ground: Ground, floor_url: str, server: wire.Server, sizes: Sizes) -> None:
        self.name, self.ground, self.floor_url, self.server, self.sizes = name, ground, floor_url, server, sizes
        self.commits = floor.sqlite_commits if name == "sqlite" else floor.postgres_commits
        self.scans = floor.sqlite_scans if name == "sqlite" else floor.postgres_scans

    def round(self, report: Report) -> None:
        sizes, name = self.sizes, NAMES[self.name]
        shifts = self._work(sizes.single_groups, self.floor_url, self.ground.url)
        one_row = self._told(
            report, f"{name}: A, one-row commits a second", self.commits(self.floor_url, sizes.commits)
        )
        b = self._told(report, f"{name}: B, scans a second", self.scans(self.floor_url, shifts, sizes.floor))
        before = self.server.cpu()
        single = self._load(shifts, 1)
        self._told(report, f"{name}: server's CPU for a scan, ms", (self.server.cpu() - before) / single.scans * 1000)
        self._told(report, f"{name}: single scans a second", single.rate)
        self._told(report, f"{name}: p99 of a POST, ms", single.p99 * 1000)
        batch = self._load(self._work(sizes.batch_groups, self.ground.url), sizes.batch)
        self._told(report, f"{name}: scans a second, {sizes.batch} a POST", batch.rate)
        self._told(report, f"{name}: p99 of a POST of {sizes.batch}, ms", batch.p99 * 1000)
        report.ratio(f"{self.name} single", single.rate / b)
        report.ratio(f"{self.name} p99", single.p99 * one_row)
        report.ratio(f"{self.name} slowest", single.slowest)
        report.ratio(f"{self.name} batch", batch.rate / b)
        trouble = self.server.trouble()
        report.ratio(f"{self.name} wrong", single.wrong + batch.wrong + len(trouble))
        for said in filter(None, (single.first_wrong, batch.first_wrong, *trouble[:3])):
            report.notes.append(f"{name}: {said}")

    def _work(self, groups: int, *urls: str) -> list[list[Signed]]:
        codes = self.ground.packets(groups * self.sizes.batch * self.sizes.clients, *urls)
        return self.ground.sign(codes, self.sizes.batch)

    def _load(self, shifts: list[list[Signed]], batch: int) -> wire.Load:
        return wire.drive(self.server.port, [wire.posts(shift, batch) for shift in shifts], batch, self.sizes.load)

    @staticmethod
    def _told(report: Report, what: str, value: float) -> float:
        report.figure(what, value)
        say(f"  {what:<48} {value:>12,.1f}")
        return value


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Databases:
    """Databases of ours, one after another: copies of a migrated one that nobody is in."""

    template: str
    folder: Path

    @contextmanager
    def new(self, name: str) -> Iterator[str]:
        if self.template.startswith("sqlite"):
            yield f"sqlite:///{shutil.copy(self.template.removeprefix('sqlite:///'), self.folder / f'{name}.db')}"
        else:
            url = postgres.copy(self.template)
            yield url
            postgres.drop(url)


@contextmanager
def databases_at(server: str | None, folder: Path, settings: Settings) -> Iterator[Databases]:
    """On this server, or as SQLite's files in `folder`."""
    template = postgres.create(server, f"bench_{uuid4().hex[:12]}") if server else f"sqlite:///{folder / 'empty.db'}"
    with opened(settings, template):
        pass
    yield Databases(template, folder)
    if server:
        postgres.drop(template)


def load(name: str, databases: Databases, folder: Path, settings: Settings, sizes: Sizes, stack: ExitStack) -> Track:
    """A database with people and phones, its floor beside it, and a server at work on it."""
    say(f"{NAMES[name]}: people, phones, server")
    ground = Ground(settings, stack.enter_context(databases.new("product")), sizes.clients)
    floor_url = ground.copy(folder)
    return Track(
        name, ground, floor_url, stack.enter_context(wire.serving(settings, ground.url, folder / "log")), sizes
    )


def read(name: str, databases: Databases, folder: Path, settings: Settings, sizes: Sizes, report: Report) -> None:
    """The tracking page over years of scans, against a tenth of them."""
    with ExitStack() as stack:
        found = []
        for lines in (sizes.lines // 10, sizes.lines):
            years = Years(settings, stack.enter_context(databases.new(f"years_{lines}")))
            began = time.perf_counter()
            years.fill(lines, partial(progress, NAMES[name], lines, "scans"))
            say(f" in {time.perf_counter() - began:.0f} s")
            found.append(reading.pages(settings, years, sizes.pages))
        tenth, whole = found
        for _ in range(sizes.rounds):
            less, more = tenth.queries(), whole.queries()
            report.ratio(f"{name} tracking", more / less)
            report.figure(f"{NAMES[name]}: tracking page's queries over {sizes.lines:,} scans, ms", more * 1000)
        report.figure(f"{NAMES[name]}: tracking page by way of the mapping, ms", whole.page * 1000)
        say(f"{NAMES[name]}: tracking page's queries {less * 1000:.2f} ms, {more * 1000:.2f} ms")


def queue(name: str, databases: Databases, folder: Path, settings: Settings, sizes: Sizes, report: Report) -> None:
    """The desk's first page over many open dossiers, against a hundredth of them."""
    with ExitStack() as stack:

        def filled(count: int) -> desks.Desk:
            url = stack.enter_context(databases.new(f"desk_{count}"))
            return stack.enter_context(
                desks.desk(settings, url, count, partial(progress, NAMES[name], count, "dossiers"))
            )

        small, large = filled(sizes.open // 100), filled(sizes.open)
        for _ in range(sizes.rounds):
            less, more = small.page(), large.page()
            report.ratio(f"{name} queue", more / less)
            report.figure(f"{NAMES[name]}: a desk's first page over {sizes.open:,} open dossiers, ms", more * 1000)
        say(f"{NAMES[name]}: a desk's first page {less * 1000:.0f} ms, {more * 1000:.0f} ms")


def count(name: str, databases: Databases, folder: Path, settings: Settings, sizes: Sizes, report: Report) -> None:
    """Four bags counted at one time, in some rounds."""
    for each in range(sizes.rounds):
        with databases.new(f"count_{each}") as url:
            counting.measure(report, name, NAMES[name], settings, url, folder, sizes.bag)
        say(f"{NAMES[name]}: four bags of {sizes.bag} counted, round {each + 1} of {sizes.rounds}")


def quarter(name: str, databases: Databases, folder: Path, settings: Settings, sizes: Sizes, report: Report) -> None:
    """The report of a quarter: its days summed while somebody waits, then kept."""
    with ExitStack() as stack:
        found = []
        for dossiers in (sizes.quarter // 10, sizes.quarter):
            url = stack.enter_context(databases.new(f"quarter_{dossiers}"))
            filled = partial(progress, NAMES[name], dossiers, "dossiers")
            found.append(stack.enter_context(quarters.reader(settings, url, dossiers, filled)))
            say("")
            what = f"{NAMES[name]}: report over {dossiers:,} dossiers"
            report.figure(f"{what}, no day kept, seconds", found[-1].file())
            report.figure(f"{what}, its days summed and kept, seconds", quarters.keep())
        tenth, whole = found
        for _ in range(sizes.rounds):
            less, more = tenth.page(), whole.page()
            report.ratio(f"{name} quarter", more / less)
            report.figure(f"{NAMES[name]}: report over {sizes.quarter:,} dossiers, ms", more * 1000)
        say(f"{NAMES[name]}: a quarter's report {less * 1000:.0f} ms, {more * 1000:.0f} ms")


def audit(name: str, databases: Databases, folder: Path, settings: Settings, sizes: Sizes, report: Report) -> None:
    """Chains and log of a long ledger, then its evidence; every signature of a shorter one."""
    with ExitStack() as stack:

        def filled(lines: int, signed: bool) -> Any:
            url = stack.enter_context(databases.new(f"ledger_{lines}"))
            Years(settings, url, evidence=True, signed=signed).fill(
                lines, partial(progress, NAMES[name], lines, "scans")
            )
            say("")
            return stack.enter_context(audits.auditor(settings, url))

        auditor = filled(sizes.audited, signed=False)
        for _ in range(min(4, sizes.rounds)):
            told(name, "chains and log", auditor.submit(audits.look, evidence=False).result(), report)
        whole = told(name, "chains, log and evidence", auditor.submit(audits.look).result(), report)
        report.ratio(f"{name} memory", whole.memory / 500)
        told(name, "--full", filled(sizes.signed, signed=True).submit(audits.look, full=True).result(), report)


def told(name: str, what: str, found: Audit, report: Report) -> Audit:
    if what == "chains and log":
        report.ratio(f"{name} audit", found.ratio)
    report.figure(f"{NAMES[name]}: audit of {found.lines:,} lines, {what}, seconds", found.seconds)
    report.figure(f"{NAMES[name]}: memory of it, {what}, MB", found.memory)
    report.notes += found.faults
    say(
        f"{NAMES[name]}: {found.lines:,} lines, {what}: {found.seconds:.1f} s, {found.memory} MB, ratio {found.ratio:.3f}"
    )
    return found


def progress(name: str, whole: int, what: str, done: int) -> None:
    if sys.stderr.isatty() or done == whole:
        print(f"\r{name}: {done:,} of {whole:,} {what} filled in", end="", file=sys.stderr, flush=True)


def refuse_memory(folder: Path) -> None:
    """A disk that forgets is fast: nothing may be measured on it."""
    mounts = {where: kind for _, where, kind, *_ in map(str.split, Path("/proc/mounts").read_text().splitlines())}
    below = max((where for where in mounts if folder.is_relative_to(where)), key=len, default="")
    if (kind := mounts.get(below)) in ("tmpfs", "ramfs"):
        sys.exit(f"{folder} is {kind}, which is no disk: set TMPDIR to a folder on one")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=NAMES, help="one database instead of both")
    parser.add_argument("--part", choices=PARTS, help="one part instead of all")
    parser.add_argument("--rounds", type=int, help="how often, at least four for figures that count")
    parser.add_argument(
        "--long",
        action="store_true",
        help="10,000,000 scans behind the tracking page, every signature of 1,000,000, a quarter of 1,000,000 dossiers",
    )
    parser.add_argument("--tiny", action="store_true", help="only whether the benchmarks work")
    parser.add_argument(
        "--flush", type=float, metavar="MS", help="as on a disk that takes so much longer to flush a file"
    )
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    said = parser.parse_args()
    sizes = (
        TINY if said.tiny else Sizes(lines=10_000_000, signed=1_000_000, quarter=1_000_000) if said.long else Sizes()
    )
    sizes = replace(sizes, rounds=said.rounds or sizes.rounds)
    parts = {said.part} if said.part else {"read", "quarter", "audit", "phone"} if said.long else set(PARTS)
    names = [said.only] if said.only else list(NAMES)
    if said.only == "postgresql":
        parts -= {"slips", "phone"}  # they meet no database, or SQLite
    if phone.CHROMIUM is None:
        parts -= {"phone"}
    if parts <= {"slips", "phone"}:
        names = []
    if "postgresql" in names and postgres.binaries() is None and "TEST_DATABASE_URL" not in os.environ:
        sys.exit(f"Not measured: {postgres.MISSING}; or measure SQLite alone: ARGS='--only sqlite'")
    if said.flush and "FLUSH_MS" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="flush-") as folder:
            return flush.run(said.flush, Path(folder))
    report = Report(asdict(sizes))
    if said.flush:
        report.machine["flush"] = f"{said.flush:g} ms longer than the disk takes"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        refuse_memory(folder)
        settings = make_settings(folder)
        databases = {}
        if "sqlite" in names:
            databases["sqlite"] = stack.enter_context(databases_at(None, _own(folder / "databases"), settings))
        if "postgresql" in names:
            url = stack.enter_context(postgres.server())
            databases["postgresql"] = stack.enter_context(databases_at(url, folder, settings))
            with postgres.connect(url) as connection:
                (report.machine["postgresql"],) = connection.execute("SHOW server_version").fetchone() or ("?",)
        if "slips" in parts:
            say("Slips")
            slips.measure(report, sizes.rounds, sizes.slips)
        if "phone" in parts:
            say("The phone")
            phone.measure(
                report,
                settings,
                _own(folder / "phone"),
                sizes.seen,
                sizes.queued,
                sizes.slowed,
                over_poor_line=said.long,
            )
        if "load" in parts:
            with ExitStack() as running:
                tracks = [load(name, databases[name], _own(folder / name), settings, sizes, running) for name in names]
                for each in range(sizes.rounds):
                    for track in tracks:
                        say(f"{NAMES[track.name]}, round {each + 1} of {sizes.rounds}")
                        track.round(report)
            for what, value in figures.measure(sizes.small).items():
                report.figure(f"{what}, microseconds", value)
        if "read" in parts:
            for name in names:
                read(name, databases[name], _own(folder / f"{name}-years"), settings, sizes, report)
        if "queue" in parts:
            for name in names:
                queue(name, databases[name], _own(folder / f"{name}-desks"), settings, sizes, report)
        if "count" in parts:
            for name in names:
                count(name, databases[name], _own(folder / f"{name}-count"), settings, sizes, report)
        if "quarter" in parts:
            for name in names:
                quarter(name, databases[name], _own(folder / f"{name}-quarter"), settings, sizes, report)
        if "audit" in parts:
            for name in names:
                audit(name, databases[name], _own(folder / f"{name}-audit"), settings, sizes, report)
    print(report.table())
    print(f"\nwritten to {report.save(said.results)}")
    if report.broken and not said.tiny:
        print("does not hold: " + ", ".join(report.broken))
        return 1
    return 0


def _own(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
