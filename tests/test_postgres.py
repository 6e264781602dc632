"""The tests' own PostgreSQL ends with whoever started it, however that ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests import postgres

ROOT = Path(__file__).parents[1]
STARTER = """
import signal, time
from tests import postgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
with postgres.server(postgres.roomy_memory()) as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def starter() -> Iterator[subprocess.Popen[str]]:
    """A process that has started a server of its own and says where it is."""
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    own = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", STARTER], cwd=ROOT, env=own, text=True, **pipes) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_and_no_file_survives_whoever_started_it(starter: subprocess.Popen[str], end: signal.Signals) -> None:
    assert starter.stdout
    url = starter.stdout.readline().strip()
    postgres.connect(url).close()
    folder = Path(str(sa.make_url(url).query["host"]))
    server = int((folder / "data/postmaster.pid").read_text().split()[0])
    memory = {Path(name) for name in re.findall(r"/dev/shm/PostgreSQL\.\d+", Path(f"/proc/{server}/maps").read_text())}
    files = [folder, Path(f"/proc/{server}"), *memory]
    assert memory and all(file.exists() for file in files)

    starter.send_signal(end)
    deadline = time.monotonic() + 60
    while any(file.exists() for file in files) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [file for file in files if file.exists()] == []
    with pytest.raises(psycopg.OperationalError):
        postgres.connect(url)
