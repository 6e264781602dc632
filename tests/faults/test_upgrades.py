"""An upgrade is killed at every step and begun again, while phones send: each migration is there whole or not at all, the next
try goes on where the last one stood, and nothing with a receipt is lost.

Scans are judged by today's program on tables of some versions ago. Where those lack what it asks for, phones are told to come
again, as they are by an old program on newer tables: neither is promised to work, only to lose nothing.
"""

import re
import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory

from app.config import ROOT, Settings
from bench.ground import Ground, opened
from tests.faults.conftest import LONG, times
from tests.faults.history import CLIENTS, Client, History, faults_found, finish
from tests.faults.site import Web, environment, serving, url_on

OFTEN = times(8, 200)  # scans a second

Run = tuple[str, int, str]  # whence, killed at which step, where the database then stood


def upgraded(settings: Settings, url: str, folder: Path, how: str) -> tuple[int, list[Run], str]:
    """The exit status of the last run, those that were killed, and all that was said."""
    command = [sys.executable, "-m", "tests.faults.upgrading"]
    around = environment(settings, url, folder) | {"HOW": how}
    done = subprocess.run(command, cwd=ROOT, env=around, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    killed = re.findall(r"^(\w+) step (\d+): killed, (\w+)$", done.stdout, re.M)
    return done.returncode, [(whence, int(step), where) for whence, step, where in killed], done.stdout


KILLED = ("killed", "-1", 16)
CASES = [("sqlite", *KILLED)] if not LONG else [
    ("sqlite", "killed", "0048", 2400), ("postgresql", "killed", "0052", 2400),
    *((kind, "unharmed", back, 960) for kind in ("sqlite", "postgresql") for back in ("0052", "0048")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "how", "back", "packets"), CASES)
def test_an_upgrade_that_is_killed_at_every_step_is_repeated_and_loses_nothing(
    kind: str,
    how: str,
    back: str,
    packets: int,
    own_settings: Settings,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """`back`: whence the tables come. How long a scan waits for an upgrade that nobody kills is told."""
    url = url_on(kind, tmp_path, request)
    ground = Ground(own_settings, url, CLIENTS)
    shifts, history = ground.sign(ground.packets(packets, url), 2), History()
    with serving(Web(own_settings, url, tmp_path)) as web:
        with opened(own_settings, url, as_it_is=True):
            flask_migrate.downgrade(revision=back)
        clients = [Client(web.port, shift, history, every=CLIENTS / OFTEN) for shift in shifts]
        for client in clients:
            client.start()
        status, runs, said = upgraded(own_settings, url, tmp_path, how)
        meanwhile = len(history.receipts)
        finish(clients)
    assert status == 0, said[-3000:]
    assert meanwhile > 0 and (len(runs) > 5 or how == "unharmed"), "nobody sent meanwhile, or nobody was killed"
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    assert said.rstrip().endswith(f": 0, {head}")
    assert faults_found(own_settings, url, history) == []
    print(
        f"{kind} from {back}, {how} ({len(runs)} times): a scan waited {history.slowest:.2f} s at most, {history.statuses}"
    )


def test_a_migration_that_commits_every_statement_is_caught(own_settings: Settings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fault.db'}"
    with opened(own_settings, url):
        flask_migrate.downgrade(revision="-1")
    status, runs, said = upgraded(own_settings, url, tmp_path, "halves")
    assert status == 1 and runs and re.search("already exists|duplicate column", said), said[-3000:]
