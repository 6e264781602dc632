"""flask backup: copies of the running system that only an absent key opens, and the way back."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app

from app import backup, dumps, signer
from app.backup import Manifest
from app.cli.verbs import Verbs
from app.config import ROOT
from app.db import now
from app.dumps import Failed, Tell

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SHORTEST = 12  # characters of a passphrase


class _Said(Verbs):
    """What fails says so in a sentence, and whoever is asked to end clears away first."""

    def invoke(self, ctx: click.Context) -> Any:
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            return super().invoke(ctx)
        except Failed as failure:
            raise click.ClickException(str(failure)) from failure
        finally:
            signal.signal(signal.SIGTERM, before)


backup_cli = _Said("backup", help="Copies that only an absent key opens.")


@backup_cli.command("key")
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make the pair of keys: the private half goes to FILE, on a stick and not on this machine's disk."""
    passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    if len(passphrase) < SHORTEST:
        raise Failed(f"{SHORTEST} characters or more: four words that do not belong together are good.")
    public = backup.new_key(file, passphrase)
    click.echo(f"""The private half is in {file}, closed with the passphrase.
Copy it to a second stick, keep both apart under lock, and leave no copy on this machine: whoever has it and
the passphrase reads everything, and without it no backup can ever be opened again.
Give the passphrase to another person than the sticks: it then takes both to restore.

Put this line into the settings of the server (var/settings.env):
BACKUP_KEY={public}""")


@backup_cli.command("make")
@click.argument("folder", type=FOLDER)
@click.option("--keep", type=click.IntRange(1), help="Remove older ones: so many stay. All of them otherwise.")
def make(folder: Path, keep: int | None) -> None:
    """Write a copy of the running system into FOLDER, encrypted; nobody who works has to stop."""
    with _bar("Backup") as tell:
        file, said = backup.make(current_app.extensions["settings"], folder, now(), tell)
    click.echo(f"{file} written, {file.stat().st_size:,} bytes: {_described(said)}")
    for gone in backup.keep(folder, keep) if keep else []:
        click.echo(f"{gone} removed")


@backup_cli.command("check")
@click.argument("file", type=FILE)
@click.option("--key", "private", type=FILE, required=True, help="The file with the private half.")
def check(file: Path, private: Path) -> None:
    """Open FILE and look whether all of it is there and can be read; nothing is kept of it."""
    with _opened(file, private, None) as (folder, said):
        dumps.read_through(folder / backup.DATABASE, said.dialect)
        click.echo(f"{file} is whole: {_described(said)}")


@backup_cli.command("restore")
@click.argument("file", type=FILE)
@click.option("--key", "private", type=FILE, required=True, help="The file with the private half.")
@click.option(
    "--into", required=True, metavar="URL", help="An empty database: sqlite:////… or postgresql://…, as owner."
)
@click.option("--checkpoints", type=FOLDER, help="Where to lay what the signer signed; nowhere otherwise.")
def restore(file: Path, private: Path, into: str, checkpoints: Path | None) -> None:
    """Bring FILE into an empty database, up to date, and recompute its ledger; exit 1 if that does not hold."""
    dialect = dumps.refuse_unless_empty(into)
    if checkpoints and (checkpoints / signer.SIGNED).exists():
        raise Failed(f"{checkpoints} has a signer's file already: name a folder without one.")
    beside = Path(sa.make_url(into).database or "").absolute().parent if dialect == "sqlite" else None
    with _opened(file, private, beside) as (folder, said):
        if said.dialect != dialect:
            raise Failed(f"The file is of {said.dialect} and can only be restored into that, not into {dialect}.")
        is_older = _older(said)
        click.echo(_described(said))
        with dumps.put(folder / backup.DATABASE, into) as url:
            if is_older and _flask(url, folder, "db", "upgrade"):
                raise Failed("It could not be brought up to date (flask db upgrade): see above.")
            broken = _flask(url, folder, "custody", "verify")
        if checkpoints:
            backup.lay_notes(folder, checkpoints)
    if broken:
        raise Failed("Restored, but the ledger does not hold: see above, before anybody works with it.")
    click.echo(
        "Restored, and the ledger holds. Compare size and root with the newest sheet that was printed and stamped."
    )


def _older(said: Manifest) -> bool:
    """Whether the file is of an older migration. Raises Failed for one this program does not know."""
    known = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    try:
        known.get_revision(said.migration)
    except CommandError as error:
        raise Failed(f"The file is of a newer version (migration {said.migration}): restore with that one.") from error
    return said.migration != known.get_current_head()


def _flask(url: str, notes: Path, *verb: str) -> int:
    """Exit status of another command of ours, of a process of its own, on this database."""
    settings = current_app.extensions["settings"].model_dump(mode="json")
    settings |= {"database_url": url, "database_owner_url": "", "checkpoint_dir": str(notes)}
    env = os.environ | {name.upper(): str(value) for name, value in settings.items() if value is not None}
    return subprocess.run([sys.executable, "-m", "flask", "--app", "app", *verb], cwd=ROOT, env=env).returncode  # noqa: S603


@contextmanager
def _opened(file: Path, private: Path, beside: Path | None) -> Iterator[tuple[Path, Manifest]]:
    """A folder that only we may enter, with all that is in the file; gone afterwards. It needs the room of two databases."""
    one = backup.read_key(private, lambda: str(click.prompt("Passphrase", hide_input=True)))
    with tempfile.TemporaryDirectory(prefix="restore-", dir=beside) as name:
        with _bar("Opening") as tell:
            said = backup.open_into(Path(name), file, one, tell)
        yield Path(name), said


def _described(said: Manifest) -> str:
    size, root = said.checkpoint or (0, "")
    signed = f"{size} lines signed, root {root}" if root else "nothing signed yet"
    return f"{said.dialect} {said.server}, of {said.made_at:%Y-%m-%d %H:%M} UTC, migration {said.migration}, {signed}"


@contextmanager
def _bar(label: str) -> Iterator[Tell]:
    with click.progressbar(
        length=1, label=label, width=24, file=sys.stderr, item_show_func=lambda name: name or ""
    ) as bar:

        def tell(name: str, done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos, name)

        yield tell
