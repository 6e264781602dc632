"""flask custody | outbox | …: the same verbs as the pages, for a terminal."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup

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


def init_app(app: Flask) -> None:
    app.cli.add_command(custody_cli)
