"""Answers: what several views give, files and addresses, and how often one may ask."""

from datetime import timedelta

from flask import current_app, make_response
from flask.typing import ResponseReturnValue

from app import security
from app.db import atomically
from app.domain import sessions
from app.errors import TooMany

SEE_OTHER = 303  # after a form: look there


def file_answer(data: bytes, type_: str, name: str) -> ResponseReturnValue:
    """A file a browser shows, under `name` where it is kept."""
    answer = make_response(data)
    answer.headers["Content-Type"] = type_
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def base_url() -> str:
    """The address that is printed in every code."""
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
