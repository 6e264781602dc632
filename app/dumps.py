"""Dumps: a running database copied out as it is at one instant, and a copy put into an empty one.

SQLite by its own online copy, PostgreSQL by the tools that come with it. Nobody who writes waits meanwhile.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from app import signer
from app.domain.checkpoints import Checkpoint

STEP = 2_000  # pages of SQLite copied between two words of progress
SIDES = ("-wal", "-shm", "-journal")  # what SQLite keeps beside its file: it would be played into whatever lies there
TOOLS = "install PostgreSQL's client (postgresql-client on Debian), of the server's version or a newer one"
HOLDS = sa.text(
    "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1 LIMIT 1"
)

Tell = Callable[[str, int, int], None]  # what is being done, how far it is, of how much


class Failed(Exception):
    """Why there is no copy, or nothing was restored, in one sentence."""


@dataclass(frozen=True)
class Dump:
    """A database at one instant: how far it was, and its bytes, to be read once, about `size` of them."""

    dialect: str
    server: str
    migration: str
    checkpoint: tuple[int, str] | None  # lines under the newest one, and their root in hex
    bytes: IO[bytes]
    size: int


@contextmanager
def taken(url: str, tell: Tell) -> Iterator[Dump]:
    """The database as it is now. Raises Failed at the end when its bytes were not all of it."""
    engine = signer.reading(url)
    try:
        with engine.connect() as connection:
            take = _from_sqlite if engine.dialect.name == "sqlite" else _from_postgresql
            with take(connection, sa.make_url(url), tell) as dump:
                yield dump
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        raise Failed(f"The database cannot be read: {getattr(error, 'orig', error)}") from error


def _dump(connection: sa.Connection, stream: IO[bytes], size: int) -> Dump:
    version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    newest = connection.execute(
        sa.select(Checkpoint.size, Checkpoint.root).order_by(Checkpoint.size.desc()).limit(1)
    ).first()
    return Dump(
        connection.dialect.name,
        version,
        str(connection.scalar(sa.text("SELECT version_num FROM alembic_version"))),
        (newest.size, newest.root.hex()) if newest else None,
        stream,
        size,
    )


@contextmanager
def _from_sqlite(connection: sa.Connection, url: sa.URL, tell: Tell) -> Iterator[Dump]:
    """The copy lies beside the database for a while, as well kept as that is."""
    live: Any = connection.connection.driver_connection
    live.isolation_level = None
    with tempfile.TemporaryDirectory(prefix="backup-", dir=_file(url).parent) as folder:
        copy = Path(folder) / "copy"
        live.execute("BEGIN")
        live.execute("SELECT 1 FROM sqlite_master").fetchone()  # what is written from now on would begin the copy anew
        with closing(sqlite3.connect(copy)) as out:
            live.backup(out, pages=STEP, progress=lambda _, left, total: tell("copying", total - left, total))
            out.execute("PRAGMA journal_mode = DELETE")
        with copy.open("rb") as stream:
            yield _dump(connection, stream, copy.stat().st_size)


@contextmanager
def _from_postgresql(connection: sa.Connection, url: sa.URL, tell: Tell) -> Iterator[Dump]:
    connection.execution_options(isolation_level="REPEATABLE READ")
    snapshot = str(connection.scalar(sa.text("SELECT pg_export_snapshot()")))
    size = connection.scalar(sa.text("SELECT pg_database_size(current_database())"))
    with _tool("pg_dump", url, "-Fc", f"--snapshot={snapshot}") as stream:
        yield _dump(connection, stream, size or 0)


# ---- back again --------------------------------------------------------------------------------------------------


def refuse_unless_empty(into: str) -> str:
    """Which of the databases `into` is. Raises Failed when it holds anything at all."""
    url = sa.make_url(into)
    if url.get_backend_name() == "sqlite":
        path = _file(url)
        if found := [one for one in (path, *(Path(f"{path}{side}") for side in SIDES)) if one.exists()]:
            raise Failed(f"{found[0]} is there already: restore to where nothing is, and move that away yourself.")
        if not path.parent.is_dir():
            raise Failed(f"There is no folder {path.parent}.")
        return "sqlite"
    engine = sa.create_engine(into, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            if first := connection.scalar(HOLDS):
                raise Failed(f"The database holds something already ({first}): restore into an empty one.")
    except sa.exc.DBAPIError as error:
        raise Failed(f"The database cannot be entered: {error.orig}") from error
    return "postgresql"


@contextmanager
def put(copy: Path, into: str) -> Iterator[str]:
    """The address at which the copy can be brought up to date and looked at. SQLite's takes its place only when the block
    has ended well; PostgreSQL's is there whole, in one transaction, or not at all."""
    url = sa.make_url(into)
    if url.get_backend_name() == "sqlite":
        yield f"sqlite:///{copy}"
        _settle(copy)
        refuse_unless_empty(into)
        copy.rename(_file(url))
        sync(_file(url).parent)
    else:
        options = ("--single-transaction", "--no-owner", "--no-privileges", str(copy))
        with _tool("pg_restore", url, *options):
            pass
        yield into


def read_through(copy: Path, dialect: str) -> None:
    """Raises Failed when the database's own tools cannot read all of it."""
    if dialect == "sqlite":
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise Failed(f"SQLite says of the copy: {said}")
    else:
        with _tool("pg_restore", None, "--file=/dev/null", str(copy)):
            pass


def sync(path: Path) -> None:
    """A file or folder is on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(copy: Path) -> None:
    """All of it in one file, and on the disk."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    sync(copy)


def _file(url: sa.URL) -> Path:
    return Path(url.database or "").absolute()


@contextmanager
def _tool(name: str, url: sa.URL | None, *options: str) -> Iterator[IO[bytes]]:
    """What one of PostgreSQL's tools writes. Raises Failed with its own last word. No password stands among its arguments,
    where every user of the machine could read it."""
    if shutil.which(name) is None:
        raise Failed(f"{name} is not there: {TOOLS}.")
    env = os.environ | ({"PGPASSWORD": str(url.password)} if url and url.password else {})
    where = url.set(drivername="postgresql", password=None) if url else None
    named = [f"--dbname={where.render_as_string(hide_password=False)}"] if where else []
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen([name, *named, *options], stdout=subprocess.PIPE, stderr=errors, env=env) as process:  # noqa: S603
            try:
                assert process.stdout
                yield process.stdout
                status = process.wait()
            finally:
                process.kill()
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    if status:
        raise Failed(f"{name} has failed: {lines[-1] if lines else status}")
