"""Answers: files and addresses that several views give, and how often one may ask."""

from datetime import timedelta

from flask import current_app, make_response
from flask.typing import ResponseReturnValue

from app import security
from app.db import atomically
from app.domain import sessions
from app.errors import TooMany


def file_answer(data: bytes, type_: str, name: str) -> ResponseReturnValue:
    answer = make_response(data)
    answer.headers["Content-Type"] = type_
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def base_url() -> str:
    url: str = current_app.extensions["settings"].base_url
    return url


def throttle(purpose: str, key: bytes, *limits: tuple[int, timedelta]) -> None:
    """Count one try in every window. Raises TooMany("wait_a_little")."""
    act = security.act()
    for limit, window in limits:
        digest = act.keys.digest(f"{purpose}-{window}", key)
        try:
            atomically(sessions.count, digest, limit, window, act.at)
        except TooMany as many:
            seconds = many.values["seconds"]
            raise TooMany("wait_a_little", seconds=seconds, minutes=-(-seconds // 60)) from many
