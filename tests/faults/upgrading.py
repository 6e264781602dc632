"""`flask db upgrade`, killed before every statement and every commit in turn, and begun again, until one comes through:
python -m tests.faults.upgrading. Says of each run at which step it was killed and where the database then stood; ends as the
first that nobody killed. HOW=unharmed: nobody is. HOW=halves, a planted bug: every statement is a transaction of its own.
"""

import os
import signal
import sys
import traceback
from itertools import count
from typing import Any

import flask_migrate
import sqlalchemy as sa

from app import create_app

HOW = os.environ.get("HOW", "")


def keep_half(connection: sa.Connection, *_statement: Any) -> None:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        driver.commit()
    elif driver.in_transaction:
        driver.execute("COMMIT")


def run(app: Any, step: int) -> int:
    """One upgrade in a process of its own, killed at this step; its exit status."""
    if not (child := os.fork()):
        steps = count(1)

        def strike(*_: Any) -> None:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        for moment in ("before_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, moment, strike)
        if HOW == "halves":
            sa.event.listen(sa.Engine, "after_cursor_execute", keep_half)
        try:
            with app.app_context():
                flask_migrate.upgrade()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def stands_at(app: Any) -> str:
    engine = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


def main() -> int:
    app = create_app()
    step, at = int(HOW != "unharmed"), stands_at(app)
    while (status := run(app, step)) == -signal.SIGKILL:
        reached = stands_at(app)
        print(f"{at} step {step}: killed, {reached}", flush=True)
        step, at = (step + 1, at) if reached == at else (1, reached)
    print(f"{at} step {step}: {status}, {stands_at(app)}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
