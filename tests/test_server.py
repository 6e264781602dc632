"""The real server: starts, answers, sends messages, writes logs without personal data, and stops gracefully."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import signer
from app.config import ROOT, Settings
from app.db import db
from app.domain import checkpoints, notes
from tests.world import World


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Settings, url: str, folder: Path, port: int) -> dict[str, str]:
    return os.environ | {
        "SECRET_KEY": settings.secret_key, "KEYS_DIR": str(settings.keys_dir), "DATABASE_URL": url,
        "BASE_URL": f"http://localhost:{port}", "PORT": str(port), "DEMO": "1", "CHECKPOINT_DIR": str(folder / "checkpoint"),
    }  # fmt: skip


def second(settings: Settings, url: str, folder: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a start says that is refused."""
    command = [sys.executable, "tools/serve.py", *arguments]
    env = environment(settings, url, folder, port)
    return subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )


class Server:
    def __init__(self, settings: Settings, url: str, log: Path, **more: str) -> None:
        self.port, self.log = free_port(), log
        command, env = [sys.executable, "tools/serve.py"], environment(settings, url, log.parent, self.port) | more
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=file, stderr=file)

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()

    def wait(self) -> "Server":
        for _ in range(300):
            assert self.process.poll() is None, self.log.read_text()
            try:
                self.get("/healthz")
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise AssertionError(self.log.read_text())

    def worker(self) -> int:
        """The process that answers: a child of the one that keeps it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(next(pid for pid in children if b"app.server:app" in Path(f"/proc/{pid}/cmdline").read_bytes()))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def say(engine: sa.Engine) -> None:
    """A message that is due."""
    row = (
        'INSERT INTO outbox (phone, kind, "values", created_at, due_at, tries) VALUES '
        '(\'+84900000123\', \'cancelled\', \'{"number": "HS-1", "secret": "X"}\', '
        "'2026-11-23 02:00:00', '2026-11-23 02:00:00', 0)"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(row)


def wait_until_sent(engine: sa.Engine) -> None:
    for _ in range(50):
        with engine.connect() as connection:
            if not connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE sent_at IS NULL").scalar():
                return
        time.sleep(0.2)
    raise AssertionError("the worker sent nothing")


def test_it_serves_sends_and_stops(dialect: str, database: str, settings: Settings, tmp_path: Path) -> None:
    server = Server(settings, database, tmp_path / "log", WEB_WORKERS="2").wait()
    try:
        assert json.loads(server.get("/readyz")[1]) == {"status": "ok"}
        status, page = server.get("/book?q=nguyen+thi+mo+0900000123")
        assert status == 200 and "</html>" in page
        engine = sa.create_engine(database)
        say(engine)
        if dialect == "sqlite":
            wait_until_sent(engine)
        engine.dispose()
    finally:
        assert server.stop() == 0
    log = server.log.read_text()
    assert '"route": "/book"' in log
    assert "nguyen" not in log and "0900000123" not in log


def holders(mark: Path) -> list[int]:
    """The processes that hold it or wait for it, the holder first."""
    inode = str(mark.stat().st_ino)
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return [int(lock[-4]) for lock in locks if lock[-3].endswith(f":{inode}")]


@pytest.mark.dialects("sqlite")
def test_one_process_works_beside_the_pages_and_another_takes_over_when_it_dies(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    server = Server(settings, database, tmp_path / "log", WEB_WORKERS="2").wait()
    mark, engine = Path(database.removeprefix("sqlite:///") + ".worker"), sa.create_engine(database)
    try:
        while len(holders(mark)) < 2:
            time.sleep(0.1)
        first, second = holders(mark)
        os.kill(first, signal.SIGKILL)
        say(engine)
        wait_until_sent(engine)
        assert holders(mark)[0] == second
    finally:
        engine.dispose()
        assert server.stop() == 0


@pytest.mark.dialects("sqlite")
def test_a_worker_that_dies_is_followed_by_another_without_hands(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    server = Server(settings, database, tmp_path / "log", WEB_WORKERS="1").wait()
    try:
        fallen = server.worker()
        time.sleep(6)  # one that dies as soon as it has started is not started again for ever
        os.kill(fallen, signal.SIGKILL)
        assert server.wait().worker() != fallen
        assert json.loads(server.get("/readyz")[1]) == {"status": "ok"}
    finally:
        assert server.stop() == 0


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("look", [(), ("--look",)], ids=["to serve", "to look"])
def test_a_port_somebody_else_has_is_refused_before_anything_starts(
    look: tuple[str, ...], settings: Settings, database: str, tmp_path: Path
) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as granian would share it
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = second(settings, database, tmp_path, port, *look)
    assert done.returncode == 1 and not (tmp_path / "checkpoint").exists()
    assert re.fullmatch(rf"Port {port} is taken: PORT=80[89]\d make run\n", done.stdout), done.stdout
    assert second(settings, database, tmp_path, port, "--look").returncode == 0


@pytest.mark.dialects("sqlite")
def test_a_second_server_on_the_same_file_is_told_where_the_first_one_runs(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    server = Server(settings, database, tmp_path / "log").wait()
    try:
        for port in (server.port, free_port()):
            done = second(settings, database, tmp_path, port)
            said = f"This folder's server runs already, at http://localhost:{server.port}: use that, or stop it"
            assert done.returncode == 1 and done.stdout.startswith(said) and done.stdout.count("\n") == 1
        assert server.get("/healthz")[0] == 200
    finally:
        assert server.stop() == 0
    assert second(settings, database, tmp_path, server.port, "--look").returncode == 0


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY is missing or shorter than 32"),
        ({"WEB_WORKERS": "0"}, "WEB_WORKERS"),
        ({"PORT": "many"}, "PORT=many is not a port"),
        ({"KEYS_DIR": "/nowhere"}, "tools/first_run.py"),
    ],
)
def test_half_a_configuration_does_not_start(
    wrong: dict[str, str], says: str, settings: Settings, database: str, tmp_path: Path
) -> None:
    server = Server(settings, database, tmp_path / "log", **wrong)
    try:
        assert server.process.wait(timeout=60) != 0
    except subprocess.TimeoutExpired:
        server.process.kill()
        raise
    log = server.log.read_text()
    assert says in log and "Traceback" not in log


@pytest.mark.dialects("sqlite")  # elsewhere the sequencer is a process of its own
def test_the_log_is_numbered_and_signed_beside_the_server_and_ends_with_it(
    app: Flask, world: World, settings: Settings, tmp_path: Path
) -> None:
    world.collected(world.phone())
    server = Server(settings, str(db.engine.url), tmp_path / "log")
    folder = tmp_path / "checkpoint"
    try:
        server.wait()
        for _ in range(300):
            db.session.rollback()
            if kept := checkpoints.newest():
                break
            time.sleep(0.2)
        else:
            raise AssertionError(server.log.read_text())
    finally:
        assert server.stop() == 0
    key = notes.published(folder)
    assert key and notes.read(kept.note, key).size == 1
    assert (kept.note, kept.at) == signer.newest(folder)
    for _ in range(50):  # the signer goes when its server has gone
        try:
            with signer.at_work(settings.model_copy(update={"checkpoint_dir": folder})):
                return
        except BlockingIOError:
            time.sleep(0.2)
    raise AssertionError("the signer is still there")
