"""A site under fault: the real server on a real database, both in our hands to kill, and to start again."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.config import ROOT, Settings
from tests import postgres
from tools.serve import granian

PATIENCE = 120.0  # seconds until something that was killed must answer again


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Settings, url: str, folder: Path) -> dict[str, str]:
    """What a process of ours must know to work on this database; what was signed lies in `folder`."""
    return os.environ | {
        "SECRET_KEY": settings.secret_key, "KEYS_DIR": str(settings.keys_dir), "DATABASE_URL": url, "BASE_URL": settings.base_url,
        "DEMO": "0", "CHECKPOINT_DIR": str(folder / "checkpoint"), "BACKUP_KEY": settings.backup_key,
    }  # fmt: skip


class Web:
    """The server as the product runs it; `planted` switches one known bug on, `clock` names a file with its skew, `more` are
    settings."""

    def __init__(
        self,
        settings: Settings,
        url: str,
        folder: Path,
        planted: str = "",
        clock: Path | None = None,
        more: dict[str, str] | None = None,
    ) -> None:
        self.port, self.log = free_port(), folder / f"web-{free_port()}.log"
        self._environment = environment(settings, url, folder) | {
            "BASE_URL": f"http://localhost:{self.port}", "PLANTED": planted, "CLOCK": str(clock or ""),
            **(more or {}),
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = granian("127.0.0.1", self.port, 2, "tests.faults.planted:app")
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=file, stderr=file, start_new_session=True
            )
        self.wait()

    def wait(self) -> None:
        for _ in range(int(PATIENCE * 10)):
            if self.answers():
                return
            time.sleep(0.1)
        raise AssertionError("the server does not answer: " + self.log.read_text()[-3000:])

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b" 200 " in probe.recv(100)
        except OSError:
            return False

    def kill(self) -> None:
        """As a power switch does for the process: no handler runs, nothing is flushed."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_one(self) -> None:
        """Of the two processes that answer the one that more phones are talking to, while it owes one of them an answer: it
        is held until they wait for it. The other goes on, and a new one comes without hands."""
        busiest = max(self.answering(), key=self._talking_to)
        os.kill(busiest, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(busiest, signal.SIGKILL)
        while _runs(busiest):
            time.sleep(0.01)

    def answering(self) -> list[int]:
        """The processes that answer."""
        assert self.process
        return [pid for pid in _children(self.process.pid) if b"planted:app" in _command(pid)]

    def _talking_to(self, pid: int) -> int:
        """How many phones a process has on the line."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{self.port:04X}") and row[3] == "01"}
        return sum(_target(one) in ours for one in Path(f"/proc/{pid}/fd").iterdir())


def flask(environment: dict[str, str], *verb: str | Path) -> subprocess.CompletedProcess[str]:
    """A command of ours, in a process of its own, to its end; what it said."""
    command = [sys.executable, "-m", "flask", "--app", "app", *map(str, verb)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@contextmanager
def serving(web: Web) -> Iterator[Web]:
    try:
        web.start()
        yield web
    finally:
        if web.process and web.process.poll() is None:
            web.kill()


class Postgres:
    """A PostgreSQL of our own, durable as production must be unless `options` say otherwise."""

    def __init__(self, within: Path | None = None) -> None:
        """Its folder is made in `within`, for everybody to pass: pytest's own folders are for one user only."""
        found = postgres.binaries()
        assert found, postgres.MISSING
        self.bin, self.folder, self.options = found, Path(tempfile.mkdtemp(prefix="pg-", dir=within)), ""
        self.data = self.folder / "data"
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run(str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "-N")  # fmt: skip
        self.url = f"postgresql://postgres@/postgres?host={self.folder}&port=54329"

    def _run(self, *command: str) -> str:
        """What it complained about; nothing when it went well."""
        done = subprocess.run([*self._as, *command], capture_output=True, text=True, cwd="/")
        return f"{done.returncode}: {done.stdout}{done.stderr}" if done.returncode else ""

    def start(self) -> None:
        """Started again as an operator's supervisor would, until it answers."""
        more = f"-k {self.folder} -p 54329 -c listen_addresses='' -c max_connections=100 {self.options}"
        log, until = self.data / "server.log", time.monotonic() + PATIENCE
        command = (str(self.bin / "pg_ctl"), "-D", str(self.data), "-w", "-l", str(log), "-o", more, "start")
        while complaint := self._run(*command):
            assert time.monotonic() < until, complaint + log.read_text()[-2000:]
            time.sleep(0.2)

    @property
    def lives(self) -> bool:
        try:
            postgres.connect(self.url).close()
        except Exception:
            return False
        return True

    def _processes(self) -> list[int]:
        master = int((self.data / "postmaster.pid").read_text().split()[0])
        return [master, *_children(master)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing of it moves: as on a machine that hangs, or behind a network that is gone."""
        pids = self._processes()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9 to every process of the server at once: what was not on disk is gone."""
        pids = self._processes()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for pid in pids:
            while _runs(pid):
                time.sleep(0.01)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def close(self) -> None:
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def own_postgres(within: Path | None = None) -> Iterator[Postgres]:
    server = Postgres(within)
    try:
        server.start()
        yield server
    finally:
        server.close()


def url_on(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'fault.db'}"
    return postgres.create(request.getfixturevalue("postgres_server"), f"fault_{tmp_path.name.replace('-', '_')}")


class SmallDisk:
    """A disk of its own that can be full while everything else has room.

    Where nothing may be mounted, the server's files may grow no further instead: an error of the same family.
    """

    def __init__(self, megabytes: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="disk-"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(self.folder)]
        self.is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
        self._filler = self.folder / "filler"

    def fill(self, web: "Web") -> None:
        if not self.is_mounted:
            self._limit(web, max(file.stat().st_size for file in self.folder.iterdir()))
            return
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
        assert os.statvfs(self.folder).f_bavail == 0

    def clear(self, web: "Web") -> None:
        if self.is_mounted:
            self._filler.unlink()
        else:
            self._limit(web, resource.RLIM_INFINITY)

    def _limit(self, web: "Web", size: int) -> None:
        assert web.process
        for pid in [web.process.pid, *_children(web.process.pid)]:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def close(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
        shutil.rmtree(self.folder)


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    disk = SmallDisk(megabytes)
    try:
        yield disk
    finally:
        disk.close()


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def _command(pid: int) -> bytes:
    """Nothing of one that has just gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _target(descriptor: Path) -> str:
    """What an open file is; nothing of one that was just closed."""
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
