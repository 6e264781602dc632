"""flask custody | outbox | …: the same verbs as the pages, for a terminal."""

import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from app import catalogue
from app.db import now
from app.domain import custody, ledger, packets

custody_cli = AppGroup("custody", help="The ledger.")


@custody_cli.command("verify")
@click.option("--packet", help="Number of one packet; all of them otherwise.")
def verify(packet: str | None) -> None:
    """Recompute every chain; name the first broken line of each packet; exit 1 if there is one."""
    found = [packets.by_number(packet)] if packet else ledger.all_packets()
    checked = broken = 0
    for one in found:
        checked += 1
        if fault := custody.first_broken(one):
            broken += 1
            click.echo(f"{one.number}: line {fault[0]}: {fault[1]}")
    click.echo(f"{checked} packets checked, {broken} broken")
    sys.exit(1 if broken else 0)


catalogue_cli = AppGroup("catalogue", help="Places, procedures and the calendar, from files.")


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


def init_app(app: Flask) -> None:
    app.cli.add_command(custody_cli)
    app.cli.add_command(catalogue_cli)
