"""The database is gone, and so is its machine: last night's file is restored into an empty one, its ledger is recomputed, and
every phone sends again what it holds. What was answered after the backup was made is nowhere but in those phones."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
import sqlalchemy as sa

from app import backup
from app.config import Settings
from bench.ground import Ground, Signed, make_settings, opened
from tests.api.test_checkpoints import Log
from tests.faults.conftest import LONG, times
from tests.faults.history import CLIENTS, Client, History, faults_found, finish
from tests.faults.site import Web, environment, flask, own_postgres, serving
from tests.forging import superuser

BOUND = 15 * 60.0  # seconds from the loss until all is there again
BATCH = 50  # scans in a post of a phone that has many to send


@dataclass
class Loss:
    """What is left: a file, its key, the settings, and what the phones hold."""

    settings: Settings
    folder: Path
    file: Path
    key: Path
    shifts: list[list[Signed]]
    history: History

    def restore(self, url: str) -> None:
        """As docs/backup.md says it."""
        into = ["backup", "restore", self.file, "--key", self.key, "--into", url]
        around = environment(self.settings, url, self.folder / "new")
        done = flask(around, *into, "--checkpoints", self.folder / "new" / "checkpoint")
        assert done.returncode == 0 and "Restored, and the ledger holds" in done.stdout, done.stdout

    def verify(self, url: str) -> tuple[int, str]:
        """Every signature and every packet anew, and what was signed before the loss."""
        signed = {"checkpoint_dir": self.folder / "new" / "checkpoint"}
        with opened(self.settings.model_copy(update=signed), url, as_it_is=True) as app:
            done = app.test_cli_runner().invoke(args=["custody", "verify", "--full"])
        return done.exit_code, done.output

    def send_again(self, url: str) -> History:
        """Every phone sends all that it holds, answered or not, in posts of fifty."""
        again = History()
        with serving(Web(self.settings, url, self.folder / "new")) as web:
            clients = [Client(web.port, shift, again, batch=BATCH) for shift in self.shifts]
            for client in clients:
                client.start()
            finish(clients)
        return again


def lose(folder: Path, url: str, packets: int) -> Loss:
    """Phones send a third of their scans, and it is signed; another third while a backup is made; the last when it is there.
    Then everything of the server is gone but its envelope of keys."""
    pair, key = pyrage.x25519.Identity.generate(), folder / "stick"
    key.write_text(f"{pair}\n")
    old = {"database_url": url, "checkpoint_dir": folder / "checkpoint", "backup_key": str(pair.to_public())}
    settings = make_settings(folder).model_copy(update=old)
    ground = Ground(settings, url, CLIENTS)
    shifts, history = ground.sign(ground.packets(packets, url), 2), History()
    with serving(Web(settings, url, folder)) as web:
        for third in range(3):
            parts = [shift[third * len(shift) // 3 : (third + 1) * len(shift) // 3] for shift in shifts]
            clients = [Client(web.port, part, history, batch=times(1, 20)) for part in parts]
            for client in clients:
                client.start()
            if third == 1:
                with opened(settings, url, as_it_is=True) as app:
                    Log(app).sign()
                made = flask(environment(settings, url, folder), "backup", "make", folder / "backups")
                assert made.returncode == 0 and "nothing signed" not in made.stdout, made.stdout
            finish(clients)
        web.kill()
    shutil.rmtree(folder / "checkpoint")
    (file,) = (folder / "backups").iterdir()
    return Loss(settings, folder, file, key, shifts, history)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"] if LONG else ["sqlite"])
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Loss, str]]:
    """What is left, and the URL of a clean database: on PostgreSQL of a cluster that never saw the other."""
    folder, packets = tmp_path_factory.mktemp("restore"), times(16, 2000)
    if request.param == "sqlite":
        loss = lose(folder, f"sqlite:///{folder / 'fault.db'}", packets)
        for file in folder.glob("fault.db*"):
            file.unlink()
        yield loss, f"sqlite:///{folder / 'clean.db'}"
        return
    with own_postgres() as database:
        loss = lose(folder, database.url, packets)
    with own_postgres() as database:
        yield loss, database.url


def test_after_a_restore_the_phones_bring_back_what_the_backup_had_not(left: tuple[Loss, str]) -> None:
    loss, url = left
    began = time.monotonic()
    loss.restore(url)
    restored = time.monotonic()
    missing = faults_found(loss.settings, url, loss.history, laws=False)
    assert any(fault.startswith("lost") for fault in missing), "phones that send nothing again would not be noticed"
    again = loss.send_again(url)
    assert again.receipts.keys() == loss.history.receipts.keys() == loss.history.sent.keys()
    status, said = loss.verify(url)
    assert status == 0, said
    took = time.monotonic() - began
    assert faults_found(loss.settings, url, again, laws=False) == []
    print(f"{len(again.sent)} scans, of {sum(fault.startswith('lost') for fault in missing)} nothing in the file; restored in "
          f"{restored - began:.1f} s, all there and verified after {took:.1f} s")  # fmt: skip
    assert took < BOUND


WITHOUT = {  # what a restore leaves out that is none
    "its newest lines": "DELETE FROM handoffs WHERE id > (SELECT max(id) - 3 FROM handoffs)",
    "a table": "DELETE FROM verdicts",
}


@pytest.mark.parametrize("left", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", WITHOUT)
def test_a_restore_that_leaves_something_out_is_caught(what: str, left: tuple[Loss, str], tmp_path: Path) -> None:
    loss, _ = left
    opening = backup.open_into(tmp_path, loss.file, backup.read_key(loss.key, str), lambda *_: None)
    with opened(loss.settings, f"sqlite:///{tmp_path / backup.DATABASE}", as_it_is=True) as app:
        verify = ["custody", "verify"]
        assert opening.checkpoint and app.test_cli_runner().invoke(args=verify).exit_code == 0
        with superuser() as connection:
            connection.execute(sa.text(WITHOUT[what]))
        done = app.test_cli_runner().invoke(args=verify)
        assert done.exit_code == 1, done.output
