"""A private PostgreSQL for the tests: own data folder, own socket folder, no network, durable settings on."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

WEB, OWNER = "web", "postgres"  # the application enters as the one, and owns nothing; the tables are the other's
MISSING = "no PostgreSQL server binaries: install the package postgresql-15, or set TEST_DATABASE_URL"


def binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


def roomy_memory() -> Path | None:
    """Where data lie in memory, if there is room: every setting stays durable, and no test cuts the power."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3 else None


@contextmanager
def server(within: Path | None = None, more: str = "") -> Iterator[str]:
    """The URL of a server of our own, its folder made in `within`; `more` of its options."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    bin_ = binaries()
    if bin_ is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=within))
    as_server = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_server:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", "54329"
    control = [*as_server, str(bin_ / "pg_ctl"), "-D", str(data)]
    who, how = ("-U", OWNER, "-A", "trust"), ("-E", "UTF8", "--locale=C.UTF-8", "-N")
    options = f"-k {folder} -p {port} -c listen_addresses='' -c max_connections=200 -c max_wal_size=256MB {more}"
    with _gone_with_us(folder, [*control, "-m", "immediate", "stop"]):
        _run([*as_server, str(bin_ / "initdb"), "-D", str(data), *who, *how])
        _run([*control, "-w", "-l", str(folder / "log"), "-o", options, "start"])
        url = f"postgresql://{OWNER}@/postgres?host={folder}&port={port}"
        with connect(url) as connection:
            (where,) = connection.execute("SHOW data_directory").fetchone() or ("",)
            assert Path(where) == data, "this is somebody else's server"
        yield url


@contextmanager
def _gone_with_us(folder: Path, stop: list[str]) -> Iterator[None]:
    """A shell waits for our end of a pipe to close, which it does however we end; then it stops and clears away."""
    command = ["sh", "-c", 'read -r _; folder=$1; shift; cd /; "$@"; rm -rf "$folder"', "sh", str(folder), *stop]
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent, start_new_session=True):
        yield  # then the pipe is closed, and we wait for the shell


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr or done.stdout


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def sibling(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def entering_as(role: str, url: str) -> str:
    return sa.make_url(url).set(username=role).render_as_string(hide_password=False)


def owners(url: str) -> str:
    """The same database, entered as its tables' owner."""
    given = os.environ.get("TEST_DATABASE_URL")
    return entering_as(str(sa.make_url(given).username) if given else OWNER, url)


def hire(role: str, url: str) -> str:
    """A role that may sign in, with the password of `url` if that has one; its own URL of the same database."""
    password = sa.make_url(url).password
    with connect(url) as connection, suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        )
    return entering_as(role, url)


def create(url: str, name: str) -> str:
    with connect(url) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return sibling(url, name)


def copy(template: str) -> str:
    """A fresh database with everything the template has, in a fraction of a second."""
    name = f"test_{uuid4().hex[:12]}"
    with connect(sibling(template, "postgres")) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{sa.make_url(template).database}"')
    return sibling(template, name)


def drop(url: str) -> None:
    with connect(sibling(url, "postgres")) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{sa.make_url(url).database}" WITH (FORCE)')
