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
from app.domain import bodies, custody
from app.domain.sittings import Seen
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
            assert atomically(custody.record, bodies.parse(one.body, one.sig), Seen(at, keys)).verdict == "applied"
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


def tiny(folder: Path, *arguments: str, **environment: str) -> tuple[dict[str, Any], str]:
    """What a run of few rows wrote, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--tiny", "--results", str(folder), *arguments],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (saved,) = folder.glob("*.json")
    return json.loads(saved.read_text())["ratios"], done.stdout


@pytest.mark.dialects("sqlite")
def test_a_tiny_run_measures_everything(dialect: str, tmp_path: Path) -> None:
    ratios, said = tiny(tmp_path, "--only", dialect)
    wanted = {f"sqlite {what}" for what in MEASURED} | {"slips rate", "slips bytes", "slips memory", "slip alone"}
    assert set(ratios) == wanted | ({"phone first load"} if CHROMIUM else set())
    assert ratios["sqlite wrong"] == [0]
    assert "one-row commits a second" in said and "cpu:" in said


def test_postgresql_is_measured_beside_its_own_floor(postgres_server: str, tmp_path: Path) -> None:
    """The other parts ask both databases by one and the same code."""
    ratios, said = tiny(tmp_path, "--only", "postgresql", "--part", "load", TEST_DATABASE_URL=postgres_server)
    assert set(ratios) == {f"postgresql {what}" for what in ("single", "p99", "slowest", "batch", "wrong")}
    assert ratios["postgresql wrong"] == [0]
    assert "PostgreSQL: A, one-row commits a second" in said
