"""What all groups of commands share: how they refuse, and how they are stopped."""

import signal
from threading import Event
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.errors import Refused
from app.sentences import sentence


class Verbs(AppGroup):
    """Whoever calls them where no database is, or one that is not of this version, reads so."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperationalError, ProgrammingError) as error:
            first, *_ = str(error.orig).splitlines() or [type(error.orig).__name__]
            raise click.ClickException(
                f"The database refused: {first}. Is it the right one (DATABASE_URL), and of this version (flask db upgrade)?"
            ) from error


def refused(refusal: Refused) -> click.ClickException:
    with force_locale("en"):
        return click.ClickException(sentence(refusal))


def stopping() -> Event:
    """Set when this process is asked to end."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop
