"""flask custody | outbox | …: the same verbs as the pages, for a terminal."""

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import IO, Any, TypeVar

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError, ProgrammingError

import labels
import routes
from app import catalogue, daily, signer, worker
from app.api.scans import read
from app.db import atomically, db, now
from app.demo import cast
from app.demo import load as demo
from app.domain import (
    audit,
    batches,
    calendar,
    checkpoints,
    custody,
    dispatch,
    inspection,
    invariants,
    invitations,
    packets,
    people,
    proofs,
    staff,
    tokens,
)
from app.domain.calendar import HERE, Rule, Term
from app.domain.custody import Seen
from app.domain.people import Act, Role, User
from app.domain.places import Office, OfficeKind
from app.errors import Refused
from app.sentences import sentence

T = TypeVar("T")


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


def refused(refusal: Refused) -> click.ClickException:
    with force_locale("en"):
        return click.ClickException(sentence(refusal))


def stopping() -> Event:
    """Set when this process is asked to end."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


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


slips_cli = Verbs("slips", help="What is printed.")


@slips_cli.command("sample")
@click.argument("format")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def sample(format: str, path: Path) -> None:
    """Write specimens of FORMAT to PATH: a PDF, or what a label printer is told where PATH ends in .zpl."""
    try:
        items = labels.sample(format)
        zpl = path.suffix.lower() == ".zpl"
        data = labels.zpl(format, items).encode() if zpl else labels.render(format, items)
    except ValueError as refused:
        raise click.ClickException(str(refused)) from refused
    try:
        path.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    click.echo(f"{path}: {len(items)} of {labels.FORMATS[format].title}, {len(data):,} bytes")


@slips_cli.command("rotate")
def rotate() -> None:
    """Make the next key that signs slips. Older ones go on checking what they signed, until their file is taken away."""
    folder = current_app.extensions["settings"].keys_dir
    number = 1 + max([1, *(int(path.stem[5:]) for path in folder.glob("slip-*.pem"))])
    path = folder / f"slip-{number}.pem"
    path.touch(0o600, exist_ok=False)
    path.write_bytes(tokens.new_key())
    click.echo(f"{path}: signs new slips once the server is started again. Take the key before away after 90 days.")


@slips_cli.command("day")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--office", required=True, help="Code of the post office.")
@click.option("--by", "login", required=True, help="Sign-in name of who prints: whose names they printed is logged.")
@click.option("--what", type=click.Choice(list(batches.DAY)), default="slips", show_default=True)
def print_day(day: datetime, path: Path, office: str, login: str, what: str) -> None:
    """Write one kind of paper for every visit of DAY that is still to be made to PATH, with a bar on the way."""
    user = db.session.scalar(sa.select(User).filter_by(login=login))
    if user is None:
        raise click.BadParameter(f"there is nobody called {login}", param_hint="--by")
    found = db.session.scalar(sa.select(Office).filter_by(kind=OfficeKind.POST, code=office))
    if found is None:
        raise click.BadParameter(f"no post office {office}", param_hint="--office")
    if user.office_id != found.id:
        raise click.BadParameter(f"{login} does not work at {office}", param_hint="--by")
    base_url, part = current_app.extensions["settings"].base_url, path.with_name(path.name + ".part")
    try:
        count = batches.count_day(what, found, day.date())
        act = Act(user, now(), current_app.extensions["keys"])
        atomically(batches.log_day, user, what, found, day.date(), act)
        with part.open("wb") as file, click.progressbar(length=count, label=what) as bar:
            batches.print_day(file, what, found, day.date(), base_url, lambda _: bar.update(1))
        part.replace(path)  # what was printed before stays until this is whole
    except Refused as refusal:
        with current_app.test_request_context():
            raise refused(refusal) from refusal
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{path}: {path.stat().st_size:,} bytes")


people_cli = Verbs("people", help="Who works here.")


@people_cli.command("hire")
@click.argument("login")
@click.option("--name", prompt=True, help="As it stands on their badge.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--office", "code", help="Code of the post office or desk; supervisors and administrators have none.")
@click.option("--badge", help="A courier's number, printed on slips.")
@click.password_option(help="Asked for when it is not given: what is given stays in the shell's history.")
def hire(login: str, name: str, role: str, code: str | None, badge: str | None, password: str) -> None:
    """LOGIN works here from now on: how the first administrator comes in."""
    office = db.session.scalar(sa.select(Office).filter_by(code=code)) if code else None
    if code and office is None:
        raise click.BadParameter(f"there is no office {code}", param_hint="--office")
    if not people.LOGIN.fullmatch(login):
        raise click.BadParameter("small letters, digits, . _ - only, two to sixty", param_hint="LOGIN")
    if len(password) < people.SHORTEST:
        raise click.BadParameter(f"at least {people.SHORTEST} letters", param_hint="--password")
    if db.session.scalar(sa.select(User.id).filter_by(login=login)):
        raise click.BadParameter(f"{login} works here already", param_hint="LOGIN")

    def enter() -> None:
        act = Act(None, now(), current_app.extensions["keys"])
        user = people.hire(login, name, Role(role), office, password, badge=badge)
        db.session.flush()
        audit.note("hired", user.id, act, role=role)

    try:
        atomically(enter)
    except Refused as refused:
        with current_app.test_request_context(), force_locale("en"):
            raise click.BadParameter(sentence(refused)) from refused
    click.echo(f"{login} can sign in")


@people_cli.command("dismiss")
@click.argument("login")
def dismiss(login: str) -> None:
    """LOGIN works here no longer: signed out everywhere, phones out of service, at the next request."""
    held = _staff(staff.end, _called(login), knows=True)
    click.echo(f"{login} is signed out everywhere; no phone of theirs is in service")
    if held.binds:
        click.echo(
            f"still on their account: {len(held.packets)} packets, {held.purse.total} đồng; /exceptions/ has them"
        )


@people_cli.command("link")
@click.argument("login")
def link(login: str) -> None:
    """The address at which LOGIN sets a new password and PIN, once, within two days; earlier ones are good no more."""
    secret = _staff(invitations.make, _called(login))
    click.echo(f"{current_app.extensions['settings'].base_url.rstrip('/')}/password/{secret}")


def _called(login: str) -> User:
    found = db.session.scalar(sa.select(User).filter_by(login=login))
    if found is None:
        raise click.BadParameter(f"there is nobody called {login}", param_hint="LOGIN")
    return found


def _staff(verb: Callable[..., T], who: User, **facts: Any) -> T:
    try:
        return atomically(verb, who, Act(None, now(), current_app.extensions["keys"]), **facts)
    except Refused as refusal:
        raise refused(refusal) from refusal


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
    for group in (custody_cli, catalogue_cli, day_cli, slips_cli, people_cli, outbox_cli, demo_cli):
        app.cli.add_command(group)
    app.cli.add_command(due)
