"""Requests doubled, answers dropped, scans shuffled, clocks wrong on both sides: the same custody as in order."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.config import Settings
from app.domain.scans import ScanRow
from bench.ground import Ground
from tests.faults.conftest import LONG, times
from tests.faults.history import CLIENTS, faults_found, finish, send
from tests.faults.site import Web, serving, url_on

HOUR, DAY = 3600.0, 86400.0
JUMPS = (HOUR, -HOUR, DAY, -DAY, 0.0)
FIFTY_YEARS = 50 * 365 * DAY  # a server that wakes up in 1976


def turn_the_clock(file: Path, stop: threading.Event) -> None:
    """Another time twice a second; every file is there whole before it is read."""
    for n in range(10**6):
        fresh = file.with_suffix(".new")
        fresh.write_text(str((*JUMPS, -FIFTY_YEARS)[n % (len(JUMPS) + 1)]))
        fresh.replace(file)
        if stop.wait(0.5):
            return


def trouble(
    settings: Settings, url: str, folder: Path, packets: int, planted: str = "", seeds: int = 1
) -> tuple[list[str], int]:
    """What is wrong after a day on a bad network, with the couriers a day behind; how many answers were lost."""
    (folder / "clock").write_text("0")
    stop, lost, found = threading.Event(), 0, list[str]()
    turner = threading.Thread(target=turn_the_clock, args=(folder / "clock", stop), daemon=True)
    ground = Ground(settings, url, CLIENTS)
    with serving(Web(settings, ground.url, folder, planted, folder / "clock")) as web:
        if planted in ("", "server_time"):
            turner.start()
        for seed in range(seeds):
            history, clients = send(web, ground, packets, seed + 1, timedelta(days=1))
            finish(clients)
            lost += sum(history.unknown.values())
            found += faults_found(settings, ground.url, history, alone=seeds == 1, laws=seed + 1 == seeds)
        stop.set()
    return found, lost


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_a_bad_network_and_wrong_clocks_change_nothing(
    kind: str, own_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = url_on(kind, tmp_path, request)
    found, lost = trouble(own_settings, url, tmp_path, times(16, 160), seeds=times(1, 20))
    assert found == []
    assert lost > 0 and by_how_much(url) > timedelta(days=1), "no fault was met"


def by_how_much(url: str) -> timedelta:
    """How far apart the server's clock was when it wrote."""
    engine, at = sa.create_engine(url), ScanRow.recorded_at
    with engine.connect() as connection:
        last, first = connection.execute(sa.select(sa.func.max(at), sa.func.min(at))).one()
    engine.dispose()
    return last - first


@pytest.mark.parametrize("bug", ["present_holder", "device_time", "server_time"])
def test_a_judgement_that_depends_on_the_order_is_caught(bug: str, own_settings: Settings, tmp_path: Path) -> None:
    found, _ = trouble(own_settings, f"sqlite:///{tmp_path / 'fault.db'}", tmp_path, 16, bug)
    assert any(fault.startswith("outcome") for fault in found)
