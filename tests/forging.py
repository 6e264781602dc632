"""What an administrator of the database could do: write where nobody may, with triggers, foreign keys and checks asleep."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.db import db
from tests import postgres


@contextmanager
def superuser() -> Iterator[sa.Connection]:
    """A connection that nothing refuses; what it did is committed at the end of the block."""
    db.session.rollback()
    url = db.engine.url.render_as_string(hide_password=False)
    engine = sa.create_engine(url if url.startswith("sqlite") else postgres.owners(url))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                for name in connection.scalars(sa.text(triggers)).all():
                    connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
                connection.execute(sa.text("PRAGMA ignore_check_constraints = ON"))
            else:
                connection.execute(sa.text("SET session_replication_role = replica"))
            yield connection
    finally:
        engine.dispose()
