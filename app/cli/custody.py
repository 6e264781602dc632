"""flask custody: the ledger looked through, proven, numbered and signed."""

import json
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import click
import sqlalchemy as sa
from flask import current_app

from app import daily, signer, worker
from app.api.scans import read
from app.cli.verbs import Verbs, refused, stopping
from app.db import atomically, db, now
from app.domain import audit, checkpoints, custody, inspection, invariants, packets, proofs, standards, tokens
from app.domain.calendar import HERE
from app.domain.people import Act
from app.domain.places import Office
from app.domain.sittings import Seen
from app.domain.standards import Range
from app.errors import Refused
from app.integrations import epcis

custody_cli = Verbs("custody", help="The ledger.")


@custody_cli.command("verify")
@click.option("--packet", help="Number or code of one packet; all of them otherwise.")
@click.option("--since", type=click.IntRange(0), default=0, help="Lines that the log had when it was known to be good.")
@click.option("--full", is_flag=True, help="Every signature too, and every packet rebuilt from its scans.")
def verify(packet: str | None, since: int, full: bool) -> None:
    """Recompute the ledger and check the laws of custody; name every place that does not hold; exit 1 if there is one.

    With --since the laws are left out: they are about everything.
    """
    try:
        one = packets.named(packet).id if packet else None
    except Refused as refusal:
        raise refused(refusal) from refusal
    trust = worker.trust()
    with click.progressbar(length=inspection.rows_to_look_at(one), label="Ledger", width=24, file=sys.stderr) as bar:
        report = inspection.inspect(trust, one, since, full, tell=bar.update)
    for fault in report.faults:
        click.echo(str(fault))
    for remark in report.remarks:
        click.echo(f"{remark.packet or 'log'}: {remark.where}: remark: {remark.what}")
    keys = current_app.extensions["keys"] if full or one else None
    laws = list(invariants.broken(one, keys=keys, at=trust.at)) if not since else []
    for breach in laws:
        click.echo(str(breach))
    if report.untold:
        click.echo(f"and {report.untold} more places")
    if trust.key is None:
        click.echo("log: remark: there is no key, so no checkpoint's signature was checked")
    if report.root_since:
        click.echo(f"root of the first {since} lines: {report.root_since.hex()}")
    click.echo(
        f"{report.lines} lines, {report.scans} scans, {report.checkpoints} checkpoints, "
        f"{report.leaves} lines in the log, root {report.root.hex()}"
    )
    click.echo(f"{report.packets} packets checked, {len(report.broken)} broken, {report.of_log} faults of the log")
    if not since:
        click.echo(f"{len(laws)} breaches of the laws of custody")
    sys.exit(0 if report.holds and not laws else 1)


@custody_cli.command("proof")
@click.argument("packet")
@click.option("--out", type=click.Path(path_type=Path), help="A file to write; otherwise it goes to the screen.")
def proof(packet: str, out: Path | None) -> None:
    """What the ledger says of PACKET (its number or code), for tools/verify_packet.py: checked without us.

    The number of a dossier means the packet under way, or its newest: what was taken is said when a file is written.
    """
    try:
        one = packets.named(packet)
        said = proofs.of(one)
    except Refused as refusal:
        raise refused(refusal) from refusal
    text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    if out:
        out.write_text(text)
        count, later = len(said["lines"]), said["labels"]["later"]
        click.echo(
            f"{out} written: packet {one.number} ({one.kind}, of dossier {one.dossier.number}), code {tokens.b32(one.code)}, "
            f"{count} lines" + (f", and {later} more that are not under a checkpoint yet" if later else "")
        )
    else:
        click.echo(text, nl=False)


@custody_cli.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--format", "kind", type=click.Choice([*epcis.FORMATS]), default="epcis", show_default=True)
@click.option("--office", help="Code of one office: dossiers it carries or receives. All of them otherwise.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day of recording, here in Viet Nam.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of it.")
def export(file: Path, kind: str, office: str | None, since: datetime | None, until: datetime | None) -> None:
    """Write what the ledger says into FILE for a partner: EPCIS 2.0 as JSON, or postal events (EMSEVT) as CSV.

    It names no citizen and says nothing that people wrote. That it was written is noted in the audit.
    """
    one = db.session.scalar(sa.select(Office).filter_by(code=office)) if office else None
    if office and one is None:
        raise click.BadParameter(f"there is no office {office}", param_hint="--office")
    days = Range(_begins(since), _begins(until + timedelta(days=1)) if until else None, one)
    codes = {each.party_id: each.code for each in db.session.scalars(sa.select(Office))}
    part, at, count = file.with_name(file.name + ".part"), now(), 0
    bar = click.progressbar(length=standards.count(days), label="Ledger", width=24, file=sys.stderr)
    with bar, part.open("w", encoding="utf-8", newline="") as out:
        for written in epcis.FORMATS[kind](out, days, codes, at):
            count += written
            bar.update(1)
    part.replace(file)
    act = Act(None, at, current_app.extensions["keys"])
    said = {"office": office, "since": since and f"{since:%F}", "until": until and f"{until:%F}", "events": count}
    atomically(audit.note, "exported", kind, act, **said)
    click.echo(f"{file} written: {count} events")


def _begins(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=HERE) if day else None


@custody_cli.command("take-in")
@click.argument("file", type=click.File("rb"))
def take_in(file: IO[bytes]) -> None:
    """Record the scans of a FILE that a courier's phone wrote, as if the phone had sent them: it signed them itself."""
    seen = Seen(now(), current_app.extensions["keys"])
    try:
        listed = [read(item) for item in json.load(file)["scans"]]
    except (ValueError, KeyError, TypeError, Refused) as error:
        raise click.ClickException("This is not a file that a phone wrote.") from error
    verdicts = Counter(str(atomically(custody.record, scan, seen).verdict) for scan in listed)
    click.echo(f"{len(listed)} scans: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))


@custody_cli.command("sequence")
@click.option("--once", is_flag=True, help="Number what waits and stop.")
def sequence(once: bool) -> None:
    """Number new lines in the log, until interrupted. On SQLite the server does this itself."""
    sequencer = worker.Sequencer()
    if once:
        click.echo(f"{sequencer()} lines numbered, {checkpoints.size()} in all")
        return
    worker.run(current_app._get_current_object(), stopping(), sequencer)  # type: ignore[attr-defined]


@custody_cli.command("look")
@click.option("--once", is_flag=True, help="Look once and stop.")
def look(once: bool) -> None:
    """Raise what has become late, once a minute, and check the laws at night, until interrupted. On SQLite the server does this itself."""
    if once:
        click.echo(f"{worker.look()} matters raised")
        return
    worker.run(current_app._get_current_object(), stopping(), worker.Lookout())  # type: ignore[attr-defined]


@custody_cli.command("checkpoint")
@click.option("--once", is_flag=True, help="Sign the log as it is now and stop.")
@click.option("--print", "show", is_flag=True, help="Show the newest checkpoint, to be printed and stamped.")
def checkpoint(once: bool, show: bool) -> None:
    """Sign the log once a minute while it grows, until interrupted. Beside the web process, never in it."""
    settings = current_app.extensions["settings"]
    try:
        if show:
            click.echo(daily.sheet(settings.checkpoint_dir, now()) or "Nothing has been signed yet.")
            return
        with signer.at_work(settings) as one:
            if not once:
                signer.run(one, stopping().wait)
            elif head := one.look(time.monotonic()):
                click.echo(f"{head.size} lines signed")
            else:
                click.echo(f"nothing new after {one.last.size} lines")
    except signer.FAULTS as fault:
        raise click.ClickException(signer.told(fault)) from fault
