"""A database that was lent before is like a new one, or it is not lent again."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import Base, db
from tests import lending, postgres
from tests.world import World

pytestmark = pytest.mark.dialects("postgresql")


def rows(url: str) -> dict[str, list[str]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            name: [repr(tuple(row)) for row in connection.execute(sa.select(table))]
            for name, table in Base.metadata.tables.items()
        }
        numbers = connection.exec_driver_sql("SELECT * FROM pg_sequences ORDER BY sequencename").all()
    engine.dispose()
    return found | {"numbers": [repr(tuple(row)) for row in numbers]}


@pytest.fixture
def copy(peopled) -> lending.Copy:  # type: ignore[no-untyped-def]
    made = lending.Copy(postgres.owners(peopled.url))
    yield made
    made.drop()


def test_what_a_test_left_is_washed_out(app: Flask, world: World, peopled) -> None:  # type: ignore[no-untyped-def]
    copy = lending.LENT[db.engine.url.render_as_string(hide_password=False)]
    world.collected(world.phone())
    db.session.remove()
    assert rows(copy.url)["packets"]
    lending.part(db.engine)
    assert copy.pool and copy.pool.checkedin() and copy.wash()
    assert rows(copy.url) == rows(postgres.owners(peopled.url))


@pytest.mark.parametrize(
    "said",
    [
        "CREATE TABLE more (id integer)", "DROP INDEX uq_handoffs_one_child", "DROP TRIGGER scans_no_change ON scans",
        "ALTER TABLE scans DISABLE TRIGGER ALL", "GRANT DELETE ON handoffs TO web", "ALTER TABLE packets ALTER holder_id DROP NOT NULL",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ],
)  # fmt: skip
def test_a_copy_with_more_changed_than_rows_is_not_lent_again(copy: lending.Copy, said: str) -> None:
    assert copy.wash()
    with postgres.connect(copy.url) as connection:
        connection.execute(said)
    assert not copy.wash()


def test_a_copy_in_which_somebody_is_at_work_is_not_lent_again(copy: lending.Copy) -> None:
    with postgres.connect(copy.url) as connection:
        assert not copy.wash()
        connection.execute("BEGIN; LOCK TABLE packets")
        assert not copy.wash()
