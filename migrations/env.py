"""Alembic's way into the application: as the tables' owner, on a given connection, or on the app's own database."""

import math
from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

import app.domain.models  # noqa: F401
from app.db import db
from migrations import rights

config = context.config
metadata = db.metadata


def ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    """Tables of other programs in the same database are none of our business."""
    return kind != "table" or name in metadata.tables


def points_nowhere(ctx: Any, **_: Any) -> None:
    """Within the migration's own transaction: nothing it did leaves a row that points at none."""
    if ctx.dialect.name == "sqlite" and (
        broken := ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    ):
        raise RuntimeError(f"the migration leaves rows that point nowhere, the first in table {broken[0][0]}")


def run(connection: sa.Connection) -> None:
    """SQLite changes a table by building it anew, which what points at it forbids: that is looked at afterwards."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.execute("PRAGMA foreign_keys=OFF")  # outside any transaction, or it means nothing
    try:
        _run(connection)
        connection.commit()
    finally:
        if connection.dialect.name == "sqlite":
            connection.rollback()
            driver.execute("PRAGMA foreign_keys=ON")


def _run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=ours,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
        on_version_apply=points_nowhere,
    )
    with context.begin_transaction():
        context.run_migrations()


def as_owner(engine: sa.Engine, web: str | None) -> None:
    """`web`: the role the application enters as, when it is another one."""
    with engine.connect() as connection:
        if web:
            rights.check(connection, web)
            connection.rollback()
        run(connection.execution_options(writes=math.inf))  # it waits its turn for as long as that takes
        if web:
            rights.give(connection, web, set(metadata.tables))
        connection.commit()


given = config.attributes.get("connection")
settings = current_app.extensions["settings"]
if given is not None:
    run(given)
elif settings.database_owner_url:
    as_owner(sa.create_engine(settings.database_owner_url, poolclass=sa.NullPool), settings.web_role)
else:
    as_owner(db.engine, None)
