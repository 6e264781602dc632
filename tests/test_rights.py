"""On PostgreSQL the application enters as a role that owns nothing; whoever owns the tables gives it its rights."""

from collections.abc import Iterator
from uuid import uuid4

import flask_migrate
import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg import sql
from pydantic import ValidationError

import app.domain.models  # noqa: F401
from app.config import Settings
from app.db import Base, db
from app.signer import at_work
from tests import postgres
from tests.conftest import start
from tests.test_constraints import ADDED_TO

EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
CHANGED = {"SELECT", "INSERT", "UPDATE", "DELETE"}


@pytest.fixture
def owner(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database, entered as its owner, who is no superuser."""
    name = f"owner_{uuid4().hex[:12]}"
    postgres.hire(name, postgres_server)
    url = postgres.create(postgres_server, name)
    with postgres.connect(postgres_server) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {0} OWNER TO {0}").format(sql.Identifier(name)))
    yield postgres.entering_as(name, url)
    postgres.drop(url)


@pytest.fixture
def web(owner: str, postgres_server: str, settings: Settings) -> Iterator[Flask]:
    """An installation with two roles, not migrated yet. Its tables are the owner's, its processes the web's."""
    name = f"web_{uuid4().hex[:12]}"
    postgres.hire(name, postgres_server)
    yield from start(settings.model_copy(update={"database_owner_url": owner}), postgres.entering_as(name, owner))


def has(web: Flask) -> dict[str, set[str]]:
    """What the web's role may do with each table, be it on one column only."""
    with db.engine.connect() as connection:
        tables = connection.scalars(sa.text("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
                                            " WHERE relkind = 'r' AND nspname = 'public'")).all()  # fmt: skip
        return {name: {right for right in EVERY if connection.scalar(_asks(right), {"name": name})} for name in tables}


def _asks(right: str) -> sa.TextClause:
    columns = "" if right in ("DELETE", "TRUNCATE", "TRIGGER") else f" OR has_any_column_privilege(:name, '{right}')"
    return sa.text(f"SELECT has_table_privilege(:name, '{right}'){columns}")


def should_have() -> dict[str, set[str]]:
    ours = dict.fromkeys(Base.metadata.tables, CHANGED)
    return ours | dict.fromkeys(ADDED_TO, {"SELECT", "INSERT"}) | {"alembic_version": {"SELECT"}}


@pytest.mark.dialects("postgresql")
def test_all_tests_on_postgresql_enter_as_a_role_that_owns_nothing(app: Flask) -> None:
    with db.engine.connect() as connection:
        owned = "SELECT count(*) FROM pg_class WHERE pg_has_role(relowner, 'MEMBER')"
        assert connection.execute(sa.text(f"SELECT current_user, ({owned})")).one() == (postgres.WEB, 0)
    assert has(app) == should_have()


def test_an_upgrade_gives_every_table_its_rights_and_a_new_one_without_is_noticed(web: Flask, owner: str) -> None:
    flask_migrate.upgrade()
    assert has(web) == should_have()
    with postgres.connect(owner) as connection:
        connection.execute("CREATE TABLE newcomer (id serial PRIMARY KEY)")
    newcomer = sa.Table("newcomer", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        assert has(web) != should_have()
        flask_migrate.upgrade()
        assert has(web) == should_have()
        with db.engine.begin() as connection:
            connection.execute(sa.insert(newcomer))
    finally:
        Base.metadata.remove(newcomer)


def test_a_table_that_comes_back_with_a_later_upgrade_has_its_rights_too(web: Flask) -> None:
    flask_migrate.upgrade(revision="0006")
    assert "manifest_confirmations" not in has(web) and has(web)["tasks"] == CHANGED
    flask_migrate.upgrade()
    assert has(web) == should_have()


def test_what_was_lent_or_taken_by_hand_is_put_right_by_the_next_upgrade(web: Flask, owner: str) -> None:
    flask_migrate.upgrade()
    role = sql.Identifier(web.extensions["settings"].web_role)
    with postgres.connect(owner) as connection:
        connection.execute(sql.SQL("GRANT ALL ON scans, leaves TO {}").format(role))
        connection.execute("GRANT DELETE ON handoffs TO PUBLIC")
        connection.execute(sql.SQL("GRANT UPDATE (verdict) ON verdicts TO {}").format(role))
        connection.execute(sql.SQL("REVOKE ALL ON packets FROM {}").format(role))
    wrong = {name for name, rights in has(web).items() if rights != should_have()[name]}
    assert wrong == {"scans", "leaves", "handoffs", "verdicts", "packets"}
    flask_migrate.upgrade()
    assert has(web) == should_have()


FORBIDDEN = (
    "TRUNCATE scans CASCADE", "TRUNCATE packets CASCADE", "DROP TRIGGER scans_no_change ON scans", "DROP TABLE handoffs",
    "ALTER TABLE scans DISABLE TRIGGER ALL", "ALTER TABLE scans OWNER TO CURRENT_USER", "CREATE TABLE mine (id integer)",
    "CREATE TRIGGER mine BEFORE INSERT ON scans EXECUTE FUNCTION refuse_change()", "DROP FUNCTION refuse_gap() CASCADE",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "SET session_replication_role = replica", "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM alembic_version", "SELECT setval('handoffs_id_seq', 1)", "CREATE SCHEMA mine",
)  # fmt: skip


def test_the_web_role_alters_nothing_empties_nothing_and_puts_no_guard_to_sleep(web: Flask, owner: str) -> None:
    flask_migrate.upgrade()
    with postgres.connect(owner) as connection:
        connection.execute("BEGIN; DROP TRIGGER scans_no_change ON scans; ROLLBACK")  # the owner could
    for statement in FORBIDDEN:
        with db.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as refused:
            connection.execute(sa.text(statement))
        assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege), (statement, refused.value.orig)


def test_the_signer_works_with_two_tables_it_may_only_read(web: Flask, owner: str, postgres_server: str) -> None:
    name = f"signer_{uuid4().hex[:12]}"
    postgres.hire(name, postgres_server)
    flask_migrate.upgrade()
    with postgres.connect(owner) as connection:
        connection.execute(sql.SQL("GRANT SELECT ON leaves, checkpoints TO {}").format(sql.Identifier(name)))
    flask_migrate.upgrade()  # which leaves it its rights
    own = web.extensions["settings"].model_copy(update={"database_url": postgres.entering_as(name, owner)})
    with at_work(own) as signer:
        assert signer.look(0) is None  # nothing to sign, and nothing refused
        with signer.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="permission denied"):
            connection.execute(sa.text("SELECT * FROM citizens"))


def test_another_programs_table_is_not_ours_to_give(web: Flask, owner: str) -> None:
    with postgres.connect(owner) as connection:
        connection.execute("CREATE TABLE of_somebody_else (id integer)")
    flask_migrate.upgrade()
    assert has(web) == should_have() | {"of_somebody_else": set()}


@pytest.mark.parametrize(
    "lent, says",
    [
        ("GRANT {owner} TO {web}", "owns the tables"),
        ("ALTER ROLE {web} SUPERUSER", "owns the tables"),
        ("GRANT CREATE ON SCHEMA public TO {web}", "may create tables"),
        ("ALTER ROLE {web} RENAME TO {other}", "there is no such role"),
    ],
)
def test_a_role_that_could_do_more_than_it_is_given_is_refused_before_anything_is_migrated(
    web: Flask, owner: str, postgres_server: str, lent: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = {
        "owner": str(sa.make_url(owner).username),
        "web": web.extensions["settings"].web_role,
        "other": uuid4().hex,
    }
    with postgres.connect(postgres.sibling(postgres_server, str(sa.make_url(owner).database))) as connection:
        connection.execute(sql.SQL(lent).format(**{key: sql.Identifier(name) for key, name in names.items()}))
    with pytest.raises(SystemExit):
        flask_migrate.upgrade()
    assert says in caplog.text
    with postgres.connect(owner) as connection:
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'packets'").fetchone() == (0,)


def test_an_owner_needs_to_know_whom_to_give_rights(settings: Settings) -> None:
    whole = settings.model_dump() | {"database_owner_url": "postgresql://owner@/post"}
    assert Settings(_env_file=None, **whole | {"database_url": "postgres://web@/post"}).web_role == "web"
    for nameless in ("postgresql:///post", "sqlite:///post.db"):
        with pytest.raises(ValidationError, match="must name the role"):
            Settings(_env_file=None, **whole | {"database_url": nameless})
