"""Logs: one JSON line a request. The route's pattern, never the path: a path may hold a secret link."""

import logging
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

FIELDS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "method",
        "route",
        "status",
        "ms",
        "role",
        "reference",
        "exception",
        "kind",
        "error",
        "count",
        "size",
    }
)


def only_known_fields(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Nothing personal can be logged by accident: a field that is not listed is dropped."""
    return {key: value for key, value in event.items() if key in FIELDS}


def frames_only(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an exception arose and of which kind; not what it says, for a database repeats the values it refused."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = "".join([*traceback.format_tb(error.__traceback__), type(error).__name__])
    return event


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            frames_only,
            only_known_fields,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # the stderr of now, not of start
        cache_logger_on_first_use=False,
    )


log = structlog.get_logger()


def init_app(app: Flask) -> None:
    configure()

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()

    @app.after_request
    def tell(response: Response) -> Response:
        if request.endpoint not in ("static", "health.healthz", "health.readyz") and not app.testing:
            log.info(
                "request",
                method=request.method,
                route=request.url_rule.rule if request.url_rule else "-",
                status=response.status_code,
                ms=round((time.monotonic() - g.began) * 1000, 1) if "began" in g else None,
                role=g.get("role"),
            )
        return response
