"""The databases every test runs on, and how a test gets one of its own: a copy of a migrated one."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests import postgres

DIALECTS = ("sqlite", "postgresql")


@contextmanager
def copied(template: str, folder: Path) -> Iterator[str]:
    """The URL of a copy of the database at `template`; it is gone afterwards."""
    if template.startswith("sqlite"):
        with tempfile.TemporaryDirectory(prefix="sqlite-", dir=postgres.roomy_memory()) as memory:
            yield copy_file(template, Path(memory))
    else:
        url = postgres.copy(postgres.owners(template))
        try:
            yield postgres.entering_as(postgres.WEB, url)
        finally:
            postgres.drop(url)


def copy_file(template: str, folder: Path) -> str:
    """The URL of a copy in this folder."""
    return f"sqlite:///{shutil.copy(template.removeprefix('sqlite:///'), folder)}"


@contextmanager
def somebody_writes(file: str, seconds: float = 0.5) -> Iterator[None]:
    """Another program is in the middle of writing this SQLite file, and ends so many seconds later."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = Timer(seconds, other.rollback)
    ending.start()
    try:
        yield
    finally:
        ending.join()
        other.close()
