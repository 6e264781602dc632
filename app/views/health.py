"""Is the process alive, can it work, and how does the installation stand?"""

import secrets
import shutil
from collections.abc import Iterator

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from app import disks
from app.config import ROOT, Settings
from app.db import db, now
from app.domain import gauges
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


@bp.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """For Prometheus, behind a token of its own; without one set there is no such page."""
    settings: Settings = current_app.extensions["settings"]
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.metrics_token:
        abort(404)
    if not secrets.compare_digest(shown.encode(), settings.metrics_token.encode()):
        abort(401)
    registry = CollectorRegistry()
    registry.register(_Now(settings))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Now:
    """A collector that reads when it is asked, so that no process keeps numbers of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.folder = settings, settings.checkpoint_dir

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # else registering would ask for the numbers too

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in gauges.read(now()):
            yield GaugeMetricFamily(f"hosotannha_{gauge.name}", gauge.says, gauge.value)
        used = GaugeMetricFamily(
            "hosotannha_disk_used_ratio", "Used part of the disk of the data, and of the signer's.", labels=["disk"]
        )
        for disk, part in disks.used(self.settings).items():
            used.add_metric([disk], part)
        yield used
        whole, _used, free = shutil.disk_usage(self.folder if self.folder.exists() else ROOT)
        yield GaugeMetricFamily(
            "hosotannha_disk_free_ratio", "Free part of the disk of the signer's folder.", free / whole
        )
