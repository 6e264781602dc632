"""The benchmarks still work, and their floor is honest. No time is asserted here."""

import json
import os
import shutil
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
from tests import postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('empty_sqlite'), tmp_path / 'product.db')}"
        return
    made = postgres.copy(request.getfixturevalue("empty_postgres"))
    yield made
    postgres.drop(made)


def rows(url: str) -> dict[str, list[Any]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for name, table in Base.metadata.tables.items()
        }
    engine.dispose()
    return found


def test_the_floor_writes_the_very_rows_that_record_writes(url: str, settings: Settings, tmp_path: Path) -> None:
    ground = Ground(settings, url, clients=1)
    floor_url = ground.copy(tmp_path)
    ground.packets(2, url, floor_url)
    before = rows(url)
    assert before == rows(floor_url)
    [shift] = ground.sign(ground.packets(2, url, floor_url), together=2)
    at, keys = now(), Keys.load(settings.keys_dir, settings.secret_key)
    with opened(settings, url):
        for one in shift:
            assert atomically(custody.record, scans.parse(one.body, one.sig), Seen(at, keys)).verdict == "applied"
    if url.startswith("sqlite"):
        connection: Any = floor.sqlite(floor_url)
        statements = floor.STATEMENTS
    else:
        connection, statements = psycopg.connect(floor_url, autocommit=True), floor.LOCKING
    for one in shift:
        floor.write(connection.cursor(), statements, one, at)
    connection.close()
    after = rows(url)
    written = {name for name in after if after[name] != before[name]}
    assert {"scans", "verdicts", "handoffs", "packets", "devices"} <= written
    assert {name: rows(floor_url)[name] for name in written} == {name: after[name] for name in written}
    if not url.startswith("sqlite"):
        postgres.drop(floor_url)


def test_a_tiny_run_measures_everything(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> None:
    only = "sqlite" if url.startswith("sqlite") else "postgresql"
    server = {} if only == "sqlite" else {"TEST_DATABASE_URL": request.getfixturevalue("postgres_server")}
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--tiny", "--only", only, "--results", str(tmp_path)],
        cwd=ROOT, env=os.environ | server, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (saved,) = tmp_path.glob("*.json")
    report = json.loads(saved.read_text())
    assert set(report["ratios"]) == {
        f"{only} {what}" for what in ("single", "p99", "slowest", "batch", "wrong", "tracking")
    }
    assert report["ratios"][f"{only} wrong"] == [0]
    assert "one-row commits a second" in done.stdout and "cpu:" in done.stdout
