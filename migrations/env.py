"""Alembic's way into the application: as the tables' owner, on a given connection, or on the app's own database."""

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


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=ours,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def as_owner(engine: sa.Engine, web: str | None) -> None:
    """`web`: the role the application enters as, when it is another one."""
    with engine.connect() as connection:
        if web:
            rights.check(connection, web)
            connection.rollback()
        run(connection.execution_options(writes=True))
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
