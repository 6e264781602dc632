"""Migrations equal the models: up, down, up, on both databases; the past refuses to be changed on both."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

import app.domain.models  # noqa: F401
from app.config import Settings
from app.db import db
from app.domain.manifests import ManifestLine
from app.domain.packets import Packet
from tests import postgres
from tests.conftest import start
from tests.databases import somebody_writes
from tests.domain.test_desk import receive
from tests.world import World


@pytest.fixture
def bare(request: pytest.FixtureRequest, dialect: str, settings: Settings, tmp_path: Path) -> Iterator[Flask]:
    """An application on an empty database."""
    if dialect == "sqlite":
        yield from start(settings, f"sqlite:///{tmp_path / 'bare.db'}")
    else:
        url = postgres.create(request.getfixturevalue("postgres_server"), f"bare_{uuid4().hex[:12]}")
        yield from start(settings, url)
        postgres.drop(url)


def test_up_down_up_and_nothing_is_left_to_migrate(bare: Flask) -> None:
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision="base")
    assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, db.metadata) == []


@pytest.mark.dialects("sqlite")  # the other one changes tables where they stand
def test_a_database_in_use_goes_down_and_up_again_and_keeps_whom_it_knows(app: Flask, world: World) -> None:
    """Columns of tables that others point at are changed under the rows that do."""
    known, packet = [world.packet().number for _ in range(2)], world.collected(world.phone())
    db.session.remove()
    flask_migrate.downgrade(revision="0014")
    flask_migrate.upgrade()
    assert db.session.get_one(Packet, packet.id).dossier.citizen.name == "Nguyễn Thị Mơ"
    assert set(db.session.scalars(sa.select(Packet.number))) == {*known, packet.number}
    assert db.session.connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert db.session.connection().exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.dialects("sqlite")  # there the tables are the tests' own
def test_records_that_were_signed_before_their_lines_kept_the_papers_keep_what_is_known_of_them(
    app: Flask, world: World
) -> None:
    short, over = world.collected(world.phone()), world.collected(world.phone())
    receive(world, short, counts={1: 1, 2: 0, 4: 1}, seal="NP0051999", remark="thiếu 1 tờ")
    receive(world, over)
    lines = sa.select(ManifestLine.papers, ManifestLine.sealed_with).order_by(ManifestLine.packet_id)
    before = db.session.execute(lines).all()
    assert [[one["counted"] for one in papers] for papers, _ in before] == [[1, 0, 1], [1, 1, 1]]
    db.session.remove()
    flask_migrate.downgrade(revision="0049")
    flask_migrate.upgrade()
    assert db.session.execute(lines).all() == before
    assert [sealed for _, sealed in before] == ["NP0045821", None]


@pytest.mark.dialects("sqlite")  # the other one waits for each table apart
def test_an_upgrade_waits_for_whoever_is_writing(bare: Flask) -> None:
    flask_migrate.upgrade(revision="0001")
    with somebody_writes(str(db.engine.url.database)):
        flask_migrate.upgrade(revision="0002")


def test_a_table_that_is_not_ours_is_left_alone(bare: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE of_somebody_else (id integer)")
    flask_migrate.check()
    assert "of_somebody_else" in sa.inspect(db.engine).get_table_names()
