"""flask slips: codes and papers for the printer."""

from datetime import datetime
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app

import labels
from app.cli.verbs import Verbs, refused
from app.db import atomically, db, now
from app.domain import batches, tokens
from app.domain.people import Act, User
from app.domain.places import Office, OfficeKind
from app.errors import Refused

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
