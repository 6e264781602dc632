"""flask custody | outbox | …: the same verbs as the pages, for a terminal."""

import sys
from datetime import datetime
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app

import routes
from app import catalogue, worker
from app.cli.backup import backup_cli
from app.cli.custody import custody_cli
from app.cli.dossiers import dossiers_cli
from app.cli.people import people_cli
from app.cli.slips import slips_cli
from app.cli.verbs import Verbs, stopping
from app.db import atomically, db, now
from app.demo import cast
from app.demo import load as demo
from app.domain import calendar, dispatch
from app.domain.calendar import HERE, Rule, Term
from app.domain.people import Act
from app.domain.places import Office, OfficeKind

catalogue_cli = Verbs("catalogue", help="Places, procedures and the calendar, from files.")


@catalogue_cli.command("load")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=catalogue.SHIPPED)
def load(path: Path) -> None:
    """Load a file, or every file of a folder (default: the files that come with the app), whole or not at all."""
    try:
        done = catalogue.load(path, now())
    except catalogue.BadRows as bad:
        for row in bad.rows:
            click.echo(row, err=True)
        click.echo(f"{len(bad.rows)} rows to correct, nothing loaded", err=True)
        sys.exit(1)
    for table in done:
        click.echo(f"{table.what:<16} {table.changed:>4} new or changed  {table.same:>4} as before")


day_cli = Verbs("day", help="The couriers' day.")


@day_cli.command("plan")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--office", help="Code of one post office; all of them otherwise.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), help="How long to search, for each office.")
def plan(day: datetime, office: str | None, seconds: float | None) -> None:
    """Order the visits of DAY (2026-08-28) that have not set out into rounds."""
    query = sa.select(Office).filter_by(kind=OfficeKind.POST).order_by(Office.code)
    found = list(db.session.scalars(query.filter_by(code=office) if office else query))
    if not found:
        raise click.BadParameter(f"there is no post office {office}", param_hint="--office")
    for one in found:
        made = routes.plan(dispatch.problem(one, day.date()), seconds=seconds)
        placed = atomically(dispatch.adopt, one, day.date(), made, Act(None, now(), current_app.extensions["keys"]))
        left = f", {len(made.unplanned)} fit nobody's day" if made.unplanned else ""
        click.echo(
            f"{one.code:<8} {placed:>3} visits in {len(made.rounds)} rounds, {made.distance / 1000:.1f} km{left}"
        )


@click.command("due")
@click.option("--received", required=True, metavar="ISO", help="Local time, for example 2026-08-21T15:30.")
@click.option("--days", required=True, type=click.IntRange(0, 3650), help="Working days; 0 is the same day.")
@click.option("--rule", type=click.Choice([rule.value for rule in Rule]), default=Rule.LEGAL.value, show_default=True)
@click.option("--cutoff/--no-cutoff", default=True, help="Whether what comes after 15:00 begins on the next day.")
def due(received: str, days: int, rule: str, cutoff: bool) -> None:
    """When a time limit ends, by the calendar and the usual office hours: local time, as ISO and nothing else."""
    try:
        at = datetime.fromisoformat(received)
    except ValueError as error:
        raise click.BadParameter("write it like 2026-08-21T15:30", param_hint="--received") from error
    term = Term(days, Rule(rule), calendar.CUTOFF if cutoff else None)
    ends = calendar.due(at if at.tzinfo else at.replace(tzinfo=HERE), term)
    click.echo((ends if at.tzinfo else ends.replace(tzinfo=None)).isoformat())


outbox_cli = Verbs("outbox", help="Messages to citizens.")


@outbox_cli.command("run")
@click.option("--once", is_flag=True, help="Send what is due and stop.")
def outbox_run(once: bool) -> None:
    """Send messages as they become due, until interrupted. On SQLite the server does this itself."""
    if not current_app.extensions["settings"].channel:
        raise click.ClickException("No channel is set, so messages wait: set CHANNEL.")
    if once:
        click.echo(f"{worker.send_due()} messages sent")
        return
    worker.run(current_app._get_current_object(), stopping())  # type: ignore[attr-defined]


demo_cli = Verbs("demo", help="The demonstration.")


@demo_cli.command("load")
def load_demo() -> None:
    """Fill an empty database with an invented Dĩ An: people, packets in every state, today's rounds."""
    if not current_app.extensions["settings"].demo:
        raise click.ClickException("This is no demonstration: DEMO is not 1. Nothing was loaded.")
    with click.progressbar(length=1, label="Demonstration", width=24, item_show_func=lambda name: name or "") as bar:

        def tell(name: str, done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos, name)

        loaded = demo.load(now(), current_app.extensions["keys"], tell)
    click.echo(f"Loaded. Password of everybody: {cast.PASSWORD}" if loaded else "Already loaded.")


def init_app(app: Flask) -> None:
    for group in (
        custody_cli,
        catalogue_cli,
        day_cli,
        slips_cli,
        people_cli,
        dossiers_cli,
        outbox_cli,
        demo_cli,
        backup_cli,
    ):
        app.cli.add_command(group)
    app.cli.add_command(due)
