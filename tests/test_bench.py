"""The benchmarks still work, and their floor is honest. No time is asserted here."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from app.config import ROOT, Settings
from app.db import Base, atomically, now
from app.domain import custody, scans
from app.domain.custody import Seen
from app.domain.tokens import Keys
from bench import floor
from bench.ground import Ground, opened
from tests import databases, postgres
from tests.e2e.conftest import CHROMIUM

MEASURED = (
    "single", "p99", "slowest", "batch", "wrong", "tracking", "queue", "count wrong", "quarter", "audit", "memory",
)  # fmt: skip


def rows(url: str) -> dict[str, list[Any]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for name, table in Base.metadata.tables.items()
        }
    engine.dispose()
    return found


@pytest.fixture
def copied(empty: str, tmp_path: Path) -> Iterator[str]:
    """A database that may be copied: nobody is in it."""
    with databases.copied(empty, tmp_path) as url:
        yield url


def test_the_floor_writes_the_very_rows_that_record_writes(copied: str, settings: Settings, tmp_path: Path) -> None:
    database = copied
    if not database.startswith("sqlite"):
        database = postgres.owners(database)  # who may copy it
    ground = Ground(settings, database, clients=1)
    floor_url = ground.copy(tmp_path)
    ground.packets(2, database, floor_url)
    before = rows(database)
    assert before == rows(floor_url)
    [shift] = ground.sign(ground.packets(2, database, floor_url), together=2)
    at, keys = now(), Keys.load(settings.keys_dir, settings.secret_key)
    with opened(settings, database):
        for one in shift:
            assert atomically(custody.record, scans.parse(one.body, one.sig), Seen(at, keys)).verdict == "applied"
    if database.startswith("sqlite"):
        connection: Any = floor.sqlite(floor_url)
        statements = floor.STATEMENTS
    else:
        connection, statements = psycopg.connect(floor_url, autocommit=True), floor.LOCKING
    for one in shift:
        floor.write(connection.cursor(), statements, one, at)
    connection.close()
    after = rows(database)
    written = {name for name in after if after[name] != before[name]}
    assert {"scans", "verdicts", "handoffs", "packets", "devices"} <= written
    assert {name: rows(floor_url)[name] for name in written} == {name: after[name] for name in written}
    if not database.startswith("sqlite"):
        postgres.drop(floor_url)


def test_a_tiny_run_measures_everything(request: pytest.FixtureRequest, dialect: str, tmp_path: Path) -> None:
    server = {} if dialect == "sqlite" else {"TEST_DATABASE_URL": request.getfixturevalue("postgres_server")}
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--tiny", "--only", dialect, "--results", str(tmp_path)],
        cwd=ROOT, env=os.environ | server, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wanted = {f"{dialect} {what}" for what in MEASURED}
    if dialect == "sqlite":
        wanted |= {"slips rate", "slips bytes", "slips memory", "slip alone"}
        wanted |= {"phone first load"} if CHROMIUM else set()
    (saved,) = tmp_path.glob("*.json")
    report = json.loads(saved.read_text())
    assert set(report["ratios"]) == wanted
    assert report["ratios"][f"{dialect} wrong"] == [0]
    assert "one-row commits a second" in done.stdout and "cpu:" in done.stdout
