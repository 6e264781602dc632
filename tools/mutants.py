"""Mutants: one small lie at a time in a function of the core, and a test must turn red.

    python tools/mutants.py [MODULE…] [--seconds N] [--all]     from the project's folder; `make mutants` runs all of TARGETS

Every test is run once to see which lines of the core it reaches; a lie is told to those that reach it, the ones first
that have caught the most in the least time. Each runs in a forked child of one process that has read everything, with an
application that has started and a world that stands; the function gets the lie's code there, so no file is written.
Who survives all of them must stand in tools/mutants.txt with its reason, one a line: `MUTANT  # why nobody can tell`.
"""

import argparse
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import coverage
import lies
import pytest
from _pytest.runner import runtestprotocol
from lies import Lie

ROOT = Path(__file__).parents[1]
EXPLAINED = Path(__file__).with_suffix(".txt")
JUDGING = ("sittings", "upshots", "conflicts", "custody", "corrections", "manifests", "order", "phones", "stickers")
TARGETS = {  # module: the nouns whose tests are tried
    "tree": ("tree",),
    "ledger": ("ledger", "invariants", "checkpoints", "custody", "verify"),
    "trails": ("trails", "fables", "upshots", "conflicts", "custody", "corrections"),
    "placing": ("placing", "settling", "trails", "fables", "upshots", "conflicts", "custody", "corrections"),
    "sittings": JUDGING,
    "custody": JUDGING,
    "hands": ("hands", "custody", "steps", "stickers", "door", "conflicts", "corrections"),
    "vetting": ("custody", "conflicts", "phones"),
    "checkpoints": ("checkpoints",),
    "flags": ("flags",),
    "duties": ("duties",),
    "inspection": ("inspection", "verify", "shares", "tamper"),
    "logbook": ("logbook", "inspection", "verify"),
    "invariants": ("invariants",),
    "devices": ("phones", "devices", "hands", "custody"),
    "fees": ("takings", "remittances", "money", "decisions", "closing", "counter"),
    "relief": ("relief", "dispatch", "rounds", "homes"),
    "rounds": ("rounds", "relief", "dispatch", "homes"),
    "dispatch": ("dispatch", "relief", "rounds", "homes"),
    "homes": ("homes",),
    "retention": ("retention",),
    "routes.insertion": ("insertion", "relief"),
    "takings": ("takings", "money", "remittances", "exemptions", "postage", "counter", "door", "repeats"),
    "money": ("money", "takings", "remittances", "till", "repeats", "counter", "paper"),
    "remittances": ("remittances", "takings", "money", "tasks", "corrections"),
    "tallies": ("takings", "remittances", "money"),
    "exemptions": ("exemptions", "booking", "takings", "paper", "counter"),
    "postage": ("postage", "exemptions", "takings", "money", "booking", "repeats", "decisions"),
}
BESIDE = ("postgresql", "the_phone_believes", "blind_in_one_eye", "processes_find", "words_on_screen")  # told no lie
ONE = ["-q", "-n", "0", "-p", "no:cacheprovider", "-k", " and ".join(f"not {each}" for each in BESIDE)]
HISTORIES = "60"  # invented ones: a lie that these do not notice, four hundred rarely do


@dataclass
class Trial:
    """A test: how long it takes, which lines of the module it reaches, and how often it caught a lie in each function."""

    item: pytest.Item
    seconds: float = 0.0
    lines: set[int] = field(default_factory=set)
    caught: Counter[str] = field(default_factory=Counter)

    def worth(self, lie: Lie) -> float:
        return (10 * self.caught[lie.name] + self.caught.total() / 10 + 0.1) / (0.05 + self.seconds)


def _noun(item: pytest.Item) -> str:
    return item.path.stem.removeprefix("test_")


class Stage:
    """An application that has started and a world that stands: every child finds them, and the database, as they were."""

    def __init__(self, folder: Path) -> None:
        self.file, self.kept = folder / "own.db", folder / "kept.db"

    def build(self, session: pytest.Session) -> None:
        items: list[pytest.Item] = session.items
        end: Any = session  # as the next item: only what stands for the whole session is kept
        conftest, databases = importlib.import_module("tests.conftest"), importlib.import_module("tests.databases")
        self.db, world = importlib.import_module("app.db").db, importlib.import_module("tests.world").World
        start, copied, found, seen = conftest.start, databases.copied, world.found, dict[str, Any]()

        def noting(template: str, folder: Path) -> Any:
            seen["template"] = Path(template.removeprefix("sqlite:///"))
            return copied(template, folder)

        def starting(settings: Any, url: str, **own: bool) -> Iterator[Any]:
            seen["settings"] = settings
            return start(settings, url, **own)  # type: ignore[no-any-return]

        def finding(app: Any, rows: Any) -> Any:
            seen["people"] = rows
            return found(app, rows)

        def started(*_: Any, **__: Any) -> Iterator[Any]:
            yield self.app
            self.db.session.remove()
            self.db.engine.dispose()

        asks = next((item for item in items if "world" in getattr(item, "fixturenames", ())), None)
        if asks is None:
            return
        databases.copied, conftest.start, world.found = noting, starting, finding
        runtestprotocol(asks, log=False, nextitem=end)  # what stands for a whole session stands from now on
        databases.copied, conftest.start, world.found = copied, started, found
        shutil.copy(seen["template"], self.file)
        self._begun = start(seen["settings"], f"sqlite:///{self.file}")
        self.app = next(self._begun)
        self.log = self.app.extensions["settings"].checkpoint_dir
        some = [item for item in items if "app" in getattr(item, "fixturenames", ())][::4]
        for item, after in zip(some, [*some[1:], end], strict=True):
            shutil.copy(seen["template"], self.file)  # most statements are compiled here, once for all children
            runtestprotocol(item, log=False, nextitem=after)
        self.restore(seen["template"])
        self.app.app_context().push()  # a test may have left another one, or none
        stands = found(self.app, seen["people"])
        self.db.session.rollback()
        self.db.engine.dispose()
        shutil.copy(self.file, self.kept)
        world.found = lambda app, rows: stands

    def restore(self, template: Path | None = None) -> None:
        if not (template or self.kept.exists()):
            return  # no test here stands on a database
        for left in self.file.parent.glob("own.db*"):
            left.unlink()
        shutil.copy(template or self.kept, self.file)
        shutil.rmtree(self.log, ignore_errors=True)
        self.log.mkdir()


class Court:
    """A pytest plugin that tries lies in place of running the tests."""

    def __init__(self, modules: list[str], seconds: float, folder: Path, believed: set[str]) -> None:
        self.modules, self.until, self.stage, self.believed = (
            modules,
            time.monotonic() + seconds,
            Stage(folder),
            believed,
        )
        self.count, self.survivors = 0, list[str]()

    def pytest_sessionstart(self) -> None:
        hypothesis = importlib.import_module("hypothesis")  # after pytest, which wants to read it first
        alike = {"phases": [hypothesis.Phase.generate], "database": None, "derandomize": True, "deadline": None}
        hypothesis.settings.register_profile("mutants", **alike)  # a failing example need not be made small
        hypothesis.settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.stage.build(session)
        self.after: Any = session
        for noun in self.modules:
            module = importlib.import_module(noun if "." in noun else f"app.domain.{noun}")
            trials = self._get_to_know(module, [item for item in session.items if _noun(item) in TARGETS[noun]])
            for lie in lies.of(module):
                if time.monotonic() > self.until:
                    print(f"out of time in {noun}", flush=True)
                    return True
                if lie.said not in self.believed:
                    self._try(module, lie, trials)
        return True

    def _get_to_know(self, module: ModuleType, items: list[pytest.Item]) -> list[Trial]:
        trials = [Trial(item) for item in items]
        for trial in trials:
            if self._is_red(trial, watched=str(module.__file__)):
                raise pytest.UsageError(f"{trial.item.nodeid} is red without any lie")
        print(f"{module.__name__}: {len(trials)} tests, {sum(trial.seconds for trial in trials):.0f} s", flush=True)
        return trials

    def _try(self, module: ModuleType, lie: Lie, trials: list[Trial]) -> None:
        self.count += 1
        print(f"{self.count} mutants, {len(self.survivors)} survived", end="\r", file=sys.stderr, flush=True)
        reached = [trial for trial in trials if not trial.lines.isdisjoint(lie.lines)]
        for trial in sorted(reached, key=lambda trial: trial.worth(lie), reverse=True):
            if self._is_red(trial, module, lie):
                trial.caught[lie.name] += 1
                return
        self.survivors.append(lie.said)
        print(f"survived {len(reached):3} tests  {lie.said}", flush=True)

    def _is_red(
        self, trial: Trial, module: ModuleType | None = None, lie: Lie | None = None, watched: str | None = None
    ) -> bool:
        """Whether the test turns red in a child, or never comes to an end there; `watched`: note what it reaches."""
        self.stage.restore()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            if not watched:  # of the processor's time; then of the clock's, for what waits
                signal.setitimer(signal.ITIMER_PROF, 5 + 4 * trial.seconds)
                signal.setitimer(signal.ITIMER_REAL, 120 + 60 * trial.seconds)
            if module and lie:
                lies.function_of(module, lie.name).__code__ = lie.code
            watch = coverage.Coverage(data_file=None, include=[watched], config_file=False) if watched else None
            began = time.process_time()
            if watch:
                watch.start()
            reports = runtestprotocol(trial.item, log=False, nextitem=self.after)
            if watch:
                watch.stop()
                with warnings.catch_warnings(action="ignore"):  # that it reaches nothing here
                    data = watch.get_data()
                with os.fdopen(writing, "w") as pipe:
                    why = [report.longreprtext for report in reports if report.failed]
                    json.dump([time.process_time() - began, data.lines(watched or "") or [], why], pipe)
            failed = [report for report in reports if report.failed]
            os._exit(bool(failed))
        os.close(writing)
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        if watched:
            trial.seconds, lines, why = json.loads(told)
            trial.lines = set(lines)
            print(*why, sep="\n")
        return status != 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after that long")
    parser.add_argument("--all", action="store_true", help="also those that are explained: an explanation may be wrong")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    os.environ["HISTORIES"] = HISTORIES
    lines = EXPLAINED.read_text().splitlines() if EXPLAINED.exists() else []
    explained = {line.split("  # ")[0] for line in lines if "  # " in line}
    memory = Path("/dev/shm")  # noqa: S108 - nothing here must outlive the machine
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=memory if memory.is_dir() else None) as folder:
        tempfile.tempdir = folder
        modules = asked.modules or [*TARGETS]
        court = Court(modules, asked.seconds, Path(folder), set() if asked.all else explained)
        nouns = {noun for module in modules for noun in TARGETS[module]}
        found = (
            ROOT / "tests" / at / f"test_{noun}.py" for noun in sorted(nouns) for at in ("domain", "api", "routes", ".")
        )
        tests = [str(path) for path in found if path.exists()]
        if pytest.main([*ONE, "--basetemp", f"{folder}/pytest", *tests], plugins=[court]) not in (0, 5):
            sys.exit(2)
    left = [said for said in court.survivors if said not in explained]
    print(f"{court.count} mutants, {len(court.survivors)} survived, {len(left)} of them unexplained")
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
