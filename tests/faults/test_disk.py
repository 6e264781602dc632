"""The data disk is full for a while: nothing is acknowledged that is not there, and it goes on when there is room."""

import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import disks
from app.config import Settings
from app.domain import watch
from app.domain.tasks import TaskKind
from bench.ground import Ground
from tests.faults.conftest import LONG, times
from tests.faults.history import CLIENTS, History, faults_found, finish, send
from tests.faults.site import Postgres, Web, own_postgres, serving, small_disk

BACK = 30.0  # seconds until scans are answered again


@contextmanager
def place(kind: str, disk: Path) -> Iterator[tuple[str, Postgres | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{disk / 'fault.db'}", None
    else:
        with own_postgres(disk) as database:
            yield database.url, database


def wait_for_refusals(history: History, count: int) -> None:
    until = time.monotonic() + 60
    while history.statuses[503] < count:
        assert time.monotonic() < until, f"the full disk was never felt: {history.statuses}"
        time.sleep(0.01)


def fullest(settings: Settings, folder: Path) -> int:
    """What the worker and /metrics see of a database that lies there."""
    return disks.fullest(settings.model_copy(update={"data_dir": folder}))


def looks_up(web: Web) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/book", timeout=30) as answer:
        return int(answer.status)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_a_full_disk_loses_nothing(
    kind: str, own_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disks, "measure", shutil.disk_usage)
    with small_disk(24 if kind == "sqlite" else 160) as disk, place(kind, disk.folder) as (url, database):
        ground = Ground(own_settings, url, CLIENTS)
        with serving(Web(own_settings, url, tmp_path)) as web:
            history, clients = send(web, ground, times(16, 160))
            history.wait_for(20)
            assert fullest(own_settings, disk.folder) < watch.DISKS[TaskKind.DISK_FILLS]
            disk.fill(web)
            wait_for_refusals(history, times(5, 50))
            assert fullest(own_settings, disk.folder) >= watch.DISKS[TaskKind.DISK_FULL] or not disk.is_mounted
            assert looks_up(web) == 200, "what is known can still be looked at"
            time.sleep(times(0, 20))
            disk.clear(web)
            before, began = len(history.receipts), time.monotonic()
            if database and not database.lives:
                database.start()
            history.wait_for(before + 1)
            assert time.monotonic() - began < BACK
            finish(clients)
        assert set(history.statuses) == {200, 503}
        assert faults_found(own_settings, url, history) == []


def test_a_server_that_shrugs_at_a_full_disk_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    with small_disk(24) as disk:
        url = f"sqlite:///{disk.folder / 'fault.db'}"
        ground = Ground(own_settings, url, CLIENTS)
        with serving(Web(own_settings, url, tmp_path, planted="full_is_fine")) as web:
            history, clients = send(web, ground, 16)
            history.wait_for(20)
            disk.fill(web)
            finish(clients)
            disk.clear(web)
        assert any(fault.startswith("lost") for fault in faults_found(own_settings, url, history))
