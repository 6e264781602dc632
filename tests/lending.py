"""Copies of PostgreSQL's templates that one test after another is lent: washing out what a test left takes a tenth of the
time of a copy, and whoever is already connected has read its catalogues. A copy with more changed than rows, or with
anybody still at work in it, is thrown away."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import sqlalchemy as sa

from tests import postgres

USES = 50  # rows that are gone still lie in the tables

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
SEQUENCES = """SELECT format('%I.%I', schemaname, sequencename), COALESCE(last_value, start_value), last_value IS NOT NULL
    FROM pg_sequences WHERE schemaname = 'public'"""
CATALOGUE = " UNION ALL ".join(  # what no test changes that only writes rows
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name} WHERE {key} >= 16384"
    for name, key in (
        ("pg_class", "oid"), ("pg_attribute", "attrelid"), ("pg_constraint", "oid"), ("pg_trigger", "oid"),
        ("pg_proc", "oid"), ("pg_namespace", "oid"), ("pg_rewrite", "oid"), ("pg_type", "oid"),
    )
)  # fmt: skip
OTHERS = """SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


class Copy:
    """A copy, what it held when it was made, and the connections to it that wait for the next test."""

    def __init__(self, template: str) -> None:
        self.url, self.used = postgres.copy(template), 0
        self.pool: sa.Pool | None = None
        self._owner = postgres.connect(self.url)
        self._owner.execute("SET session_replication_role = replica")
        self._owner.execute("SET lock_timeout = '1s'")
        tables = [name for (name,) in self._owner.execute(TABLES)]
        full = [name for name in tables if self._owner.execute(f'SELECT FROM public."{name}" LIMIT 1').rowcount]
        for name in full:
            self._owner.execute(f'CREATE TEMP TABLE "{name}" AS TABLE public."{name}"')
        emptied = ", ".join(f'e{at} AS (DELETE FROM public."{name}")' for at, name in enumerate(tables))
        filled = ", ".join(
            f'f{at} AS (INSERT INTO public."{name}" OVERRIDING SYSTEM VALUE TABLE pg_temp."{name}")'
            for at, name in enumerate(full)
        )
        counted = ", ".join(f"setval('{name}', {at}, {begun})" for name, at, begun in self._owner.execute(SEQUENCES))
        self._washing = [f"WITH {emptied} SELECT", f"WITH {filled} SELECT", f"SELECT {counted}"]
        self._catalogue = self._owner.execute(CATALOGUE).fetchall()

    def wash(self) -> bool:
        """Whether it is again what it was when it was made."""
        self.used += 1
        try:
            if not self._is_quiet():
                return False
            with self._owner.transaction():
                for each in self._washing:
                    self._owner.execute(each, prepare=True)
            return self._owner.execute(CATALOGUE, prepare=True).fetchall() == self._catalogue
        except psycopg.Error:
            return False

    def _is_quiet(self) -> bool:
        """Nobody is there but who waits for the next test; a connection that was closed takes a moment to end."""
        waiting = self.pool.checkedin() if self.pool else 0
        for _ in range(30):
            if self._owner.execute(OTHERS, prepare=True).fetchone() == (waiting, 0):
                return True
            time.sleep(0.01)
        return False

    def drop(self) -> None:
        if self.pool:
            self.pool.dispose()
        self._owner.close()
        postgres.drop(self.url)


WASHED: dict[str, list[Copy]] = defaultdict(list)  # by template
LENT: dict[str, Copy] = {}  # by the web role's URL


@contextmanager
def lent(template: str) -> Iterator[str]:
    """The URL of a database with everything the template has, and nobody else's."""
    copy = WASHED[template].pop() if WASHED[template] else Copy(postgres.owners(template))
    url = postgres.entering_as(postgres.WEB, copy.url)
    LENT[url] = copy
    try:
        yield url
    finally:
        del LENT[url]
        if copy.wash() and copy.used < USES:
            WASHED[template].append(copy)
        else:
            copy.drop()


def connect(engine: sa.Engine) -> bool:
    """Give an engine the connections that wait at its database, if there are any."""
    copy = LENT.get(engine.url.render_as_string(hide_password=False))
    if copy is None or copy.pool is None:
        return False
    engine.pool, copy.pool = copy.pool, None
    return True


def part(engine: sa.Engine) -> None:
    """Let an engine's connections wait for the next test, unless one of them is still at work."""
    copy = LENT.get(engine.url.render_as_string(hide_password=False))
    if copy is None or copy.pool or engine.pool.checkedout():  # type: ignore[attr-defined]
        engine.dispose()
    else:
        copy.pool = engine.pool


def close() -> None:
    for copies in WASHED.values():
        for copy in copies:
            with suppress(psycopg.Error):
                copy.drop()
    WASHED.clear()
