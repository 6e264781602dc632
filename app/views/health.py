"""Is the process alive, and can it work?"""

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.config import ROOT
from app.db import db
from app.security import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """200 when the database answers and its schema is ours."""
    try:
        with db.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except sa.exc.SQLAlchemyError:
        return jsonify(status="no database"), 503
    wanted = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    if found != wanted:
        return jsonify(status="database is not migrated"), 503
    return jsonify(status="ok")
