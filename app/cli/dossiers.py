"""flask dossiers: what an operator does for a citizen who asks."""

import click
from flask import current_app

from app.cli.verbs import Verbs, refused
from app.db import atomically, db, now
from app.domain import numbers, retention
from app.domain.dossiers import Dossier
from app.domain.people import Act
from app.errors import Missing, Refused

dossiers_cli = Verbs("dossiers", help="Dossiers of citizens who ask.")


@dossiers_cli.command("restrict")
@click.argument("number")
def restrict(number: str) -> None:
    """What can go of dossier NUMBER goes now, and not ninety days after its end: its citizen has asked for it."""
    try:
        erased = atomically(_restrict, number, Act(None, now(), current_app.extensions["keys"]))
    except Refused as refusal:
        raise refused(refusal) from refusal
    click.echo("nothing names its citizen any more" if erased else "only those who answer complaints open it now")


def _restrict(number: str, act: Act) -> bool:
    found = db.session.query(Dossier).filter_by(number=numbers.read(number)).one_or_none()
    if found is None:
        raise Missing("packet_unknown")
    retention.restrict(found, act)
    return found.erased_at is not None
