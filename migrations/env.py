"""Alembic's way into the application: as the tables' owner, on a given connection, or on the app's own database."""

import sqlalchemy as sa
from alembic import context
from flask import current_app

import app.domain.models  # noqa: F401
from app.db import db

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


given = config.attributes.get("connection")
if given is not None:
    run(given)
else:
    settings = current_app.extensions["settings"]
    engine = sa.create_engine(settings.database_owner_url) if settings.database_owner_url else db.engine
    with engine.connect() as connection:
        run(connection.execution_options(writes=True))
        connection.commit()
