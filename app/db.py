"""The database handle, and the one place where a transaction ends.

SQLite: WAL, synchronous=FULL, and every writing transaction begins IMMEDIATE (a deferred
BEGIN loses most of its races). PostgreSQL: READ COMMITTED, row locks, real fsync.
"""

import enum
import secrets
import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import sqlalchemy as sa
import structlog
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapper, ORMExecuteState, Session, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from app import patience

log = structlog.get_logger()

R = TypeVar("R")
T = TypeVar("T")
GAVE_WAY = {"40P01", "40001"}  # PostgreSQL: deadlock, serialization failure
BUSY, AGAIN = 5, 0.003  # SQLite: seconds a program waits for another process that writes, and between two tries
UNKNOWN = "lost while it ended"  # nobody can tell whether it was recorded
FOR_EVER = 1e6  # seconds: our own queue moves
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Instants are stored in UTC and always come back aware."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Digest = Annotated[bytes, mapped_column(sa.LargeBinary(32))]
Id = Annotated[str, mapped_column(sa.String(20))]


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def choice(kind: type[enum.StrEnum]) -> sa.Enum:
    """A column that holds one of `kind`'s values, as text."""
    return sa.Enum(kind, native_enum=False, length=24, values_callable=lambda k: [m.value for m in k])


def now() -> datetime:
    return datetime.now(UTC)


def random_id(prefix: str) -> str:
    """`prefix` and 65 random bits: says nothing, cannot be guessed, fits a QR and a URL."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(13))


class _Turns:
    """A lock that lets its waiters in in the order they came."""

    def __init__(self) -> None:
        self._mutex, self._waiting, self._taken = threading.Lock(), deque[threading.Lock](), False

    @contextmanager
    def turn(self, longest: float) -> Iterator[None]:
        """Who has waited for `longest` seconds goes on without a turn, and hears from the database that it may not."""
        has_turn = self._take(longest)
        try:
            yield
        finally:
            if has_turn:
                self._pass_on()

    def _take(self, longest: float) -> bool:
        called = threading.Lock()
        called.acquire()
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            self._waiting.append(called)
        if called.acquire(timeout=longest):
            return True
        with self._mutex:
            if called in self._waiting:
                self._waiting.remove(called)
                return False
        return True  # called at this very moment

    def _pass_on(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


# Threads that write a SQLite file queue here, which is fairer than the busy handler's back-off; processes ask evenly, below.
_sqlite_writer = _Turns()


def atomically(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call `work` in one transaction. Only doors do.

    When somebody else was faster the database refuses our rows: then look again, once. When two waited for each
    other and the database chose us to give way: again, a few times. `work` has no effect outside the database, so
    calling it again is safe.
    """
    session, came = db.session, time.monotonic()
    is_sqlite, longest = db.engine.dialect.name == "sqlite", patience.until(came, FOR_EVER) - came
    with _sqlite_writer.turn(longest) if is_sqlite else nullcontext():
        for earlier in count():
            is_done = False
            session.rollback()  # what was read before may be stale by now
            try:
                patience.begun(session.connection(execution_options={"writes": came}))
                session.info["memory"] = defaultdict(dict)
                result, is_done = work(*args, **kwargs), True
                session.commit()
            except DBAPIError as error:
                session.rollback()
                if is_done and error.connection_invalidated:
                    error.add_detail(UNKNOWN)
                if earlier >= _patience(error):
                    raise
            except BaseException:
                session.rollback()
                raise
            else:
                return result
    raise AssertionError("unreachable")


def abandon() -> None:
    """Whatever this request had begun is gone."""
    db.session.rollback()


def let_go(row: Base) -> None:
    """It stays as it was read, whatever becomes of the transaction: nobody asks the database for it again."""
    db.session.expunge(row)


@contextmanager
def remembered() -> Iterator[None]:
    """What a transaction inside has seen is not asked of the database again after it: for an answer that is made at once, of
    what was just written."""
    session = db.session()
    session.expire_on_commit = False
    try:
        yield
    finally:
        session.expire_on_commit = True


def _patience(error: DBAPIError) -> int:
    """How often to look again after this error."""
    if isinstance(error, IntegrityError):
        return 1
    return 3 if getattr(error.orig, "sqlstate", None) in GAVE_WAY else 0


def memory(name: str) -> dict[Any, Any]:
    """What the transaction has learnt under its locks, so that it need not ask twice. Nothing outside `atomically`."""
    found: dict[Any, Any] = db.session.info.get("memory", defaultdict(dict))[name]
    return found


@sa.event.listens_for(db.session, "after_soft_rollback")
@sa.event.listens_for(db.session, "after_commit")
def _forget(session: Session, *_transaction: Any) -> None:
    session.info.pop("memory", None)
    session.info.pop("pending", None)


# ---- rows written together ---------------------------------------------------------------------------------------


def write(model: type[Base], **values: Any) -> None:
    """Add a row of an append-only table, its key given.

    Rows go out together, many at once, before the database is next asked anything or the transaction ends. They are
    not loaded by being written: a query makes its own copies.
    """
    _pending().added[model, frozenset(values)].append(values)


def change(row: Base, **values: Any) -> None:
    """Set columns of a row that this transaction holds locked; goes out as what is written does, after it."""
    fresh = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in fresh.items():
        set_committed_value(row, name, value)
    if fresh:
        _pending().changed[row].update(fresh)


@dataclass
class _Pending:
    """What goes out before the database is next asked anything."""

    added: dict[tuple[type[Base], frozenset[str]], list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    changed: dict[Base, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))


def _pending() -> _Pending:
    info = db.session.info
    if "pending" not in info:
        info["pending"] = _Pending()
    found: _Pending = info["pending"]
    return found


@sa.event.listens_for(db.session, "do_orm_execute")
@sa.event.listens_for(db.session, "before_flush")
@sa.event.listens_for(db.session, "before_commit")
def _write_out(asked: Session | ORMExecuteState, *_rest: Any) -> None:
    session = asked.session if isinstance(asked, ORMExecuteState) else asked
    pending: _Pending | None = session.info.pop("pending", None)
    if pending is None:
        return
    connection = session.connection()
    for model, columns in sorted(pending.added, key=lambda key: _order()[key[0].__tablename__]):
        connection.execute(sa.insert(Base.metadata.tables[model.__tablename__]), pending.added[model, columns])
    changes = defaultdict[tuple[type[Base], tuple[str, ...]], list[dict[str, Any]]](list)
    for row, values in pending.changed.items():
        changes[type(row), tuple(sorted(values))].append(values | {"key": row.id})  # type: ignore[attr-defined]
    for (model, names), rows in changes.items():
        connection.execute(_update(model, names), rows)


@cache
def _update(model: type[Base], names: tuple[str, ...]) -> sa.Update:
    table = Base.metadata.tables[model.__tablename__]
    return sa.update(table).where(table.c.id == sa.bindparam("key")).values({n: sa.bindparam(n) for n in names})


@cache
def _order() -> dict[str, int]:
    """Tables that others point at come first."""
    return {table.name: at for at, table in enumerate(Base.metadata.sorted_tables)}


# ---- questions and locks -----------------------------------------------------------------------------------------


def ask(question: sa.Select[*tuple[Any, ...]], **values: Any) -> sa.CursorResult[*tuple[Any, ...]]:
    """Columns as they are in the database, this transaction's own changes included; not as objects, at half the cost."""
    session = db.session()
    _write_out(session)
    session.flush()
    return session.connection().execute(question, values)


def lock(model: type[T], *keys: Any) -> list[T]:
    """The rows with these primary keys, locked in ascending order until the transaction ends."""
    mapper: Mapper[T] = sa.inspect(model)
    (key,) = mapper.primary_key
    rows = (
        sa.select(model).where(key.in_(keys)).order_by(key).with_for_update().execution_options(populate_existing=True)
    )
    return list(db.session.scalars(rows))


# ---- connections -------------------------------------------------------------------------------------------------


def tune(engine: sa.Engine) -> None:
    """Make each new connection durable, and refuse a server that is not."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        patience.limit_sqlite(engine)
    else:
        sa.event.listen(engine, "connect", _refuse_unsafe)
        sa.event.listen(engine, "connect", _plan_anew)
        sa.event.listen(engine, "connect", _warn_unchecked, once=True)
        patience.limit_postgresql(engine)


def _tune_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY * 1000}")
    for pragma in (*pragmas, "recursive_triggers=ON"):  # the last: INSERT OR REPLACE is a deletion too
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """`writes`: it will write, and came at that second of the monotonic clock; at math.inf it waits as long as it takes."""
    came = connection.get_execution_options().get("writes")
    if came is None:
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_to_write(connection, patience.until(came, BUSY))


def _begin_to_write(connection: sa.Connection, until: float) -> None:
    """Ask often and evenly: SQLite's own waiting asks ever more rarely, and who has waited longest loses to newcomers.
    Behind another process that writes for long nobody waits longer than they have patience for, the time in our own queue
    included."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(AGAIN)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try says why
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY * 1000}")


def _refuse_unsafe(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for setting in ("fsync", "synchronous_commit"):
            value = cursor.execute(f"SHOW {setting}").fetchone()[0]
            if value != "on":
                raise RuntimeError(f"PostgreSQL has {setting}={value}: custody needs it on")
    connection.rollback()


def _plan_anew(connection: Any, _record: Any) -> None:
    """A plan for any values is none for ours: once PostgreSQL had seen a list's statement ten times, it walked a hundred
    thousand dossiers for a minute to find a thousand."""
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


def _warn_unchecked(connection: Any, _record: Any) -> None:
    """A disk that flips bits goes unnoticed by a server that keeps no checksums."""
    if connection.execute("SHOW data_checksums").fetchone()[0] != "on":
        log.warning("PostgreSQL keeps no data checksums: turn them on with pg_checksums --enable")
    connection.rollback()
