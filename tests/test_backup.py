"""Backups: taken while people work, opened by an absent key alone, brought back whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import flask_migrate
import pyrage
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from click.testing import Result
from flask import Flask

from app import backup, dumps, signer
from app.db import db, now
from app.domain.ledger import Handoff
from app.domain.packets import Packet
from app.dumps import Failed
from tests import postgres
from tests.api.test_checkpoints import Log
from tests.forging import superuser
from tests.world import Phone, World

CANARIES = (
    "Nguyễn Thị Mơ",
    "84900000123",
    "Mẫu Đơn",
    "BEGIN PRIVATE KEY",
    "BEGIN EC PRIVATE KEY",
    "SQLite format 3",
    "PGDMP",
)


def silent(_what: str, _done: int, _of: int) -> None:
    """Tells nobody."""


@dataclass
class Office:
    """An installation with two signed lines, its backups' folder, and the key that is kept elsewhere."""

    world: World
    log: Log
    folder: Path
    key: Path
    phone: Phone
    packet: Packet

    @property
    def app(self) -> Flask:
        return self.world.app

    def work(self) -> None:
        """A courier goes on scanning."""
        packet = self.world.fresh(self.packet)
        self.world.record(self.phone.scan(packet, "miss", reason="nobody_home", next="another_day"))

    def run(self, *arguments: object) -> Result:
        return self.app.test_cli_runner().invoke(args=["backup", *map(str, arguments)])

    def make(self) -> Path:
        db.session.rollback()
        file, _ = backup.make(self.app.extensions["settings"], self.folder, now(), silent)
        return file

    def restore(self, file: Path, into: str, *more: object) -> Result:
        return self.run("restore", file, "--key", self.key, "--into", into, *more)

    def opened(self, file: Path, into: Path) -> backup.Manifest:
        into.mkdir()
        return backup.open_into(into, file, backup.read_key(self.key, str), silent)


@pytest.fixture
def office(world: World, tmp_path: Path) -> Office:
    pair = pyrage.x25519.Identity.generate()
    key = tmp_path / "stick"
    key.write_text(f"# as age-keygen writes it\n{pair}\n")
    settings = world.app.extensions["settings"]
    owner = "" if db.engine.name == "sqlite" else postgres.owners(settings.database_url)
    said = {"backup_key": str(pair.to_public()), "database_owner_url": owner}
    world.app.extensions["settings"] = settings.model_copy(update=said)
    phone = world.phone()
    log, packet = Log(world.app), world.collected(phone)
    found = Office(world, log, tmp_path / "backups", key, phone, packet)
    found.work()
    log.sign()
    return found


@pytest.fixture
def target(office: Office, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which nothing is."""
    if db.engine.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.db'}"
    else:
        url = postgres.create(office.app.extensions["settings"].database_owner_url, f"restored_{uuid4().hex[:12]}")
        yield url
        postgres.drop(url)


def asked(url: str, question: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(question))]


def is_empty(url: str) -> bool:
    try:
        dumps.refuse_unless_empty(url)
    except Failed:
        return False
    return True


# ---- there and back ----------------------------------------------------------------------------------------------


def test_a_copy_that_was_taken_while_a_courier_scanned_comes_back_as_it_was_at_one_instant(
    office: Office, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dumps, "STEP", 20)
    monkeypatch.setattr(backup, "PIECE", 20_000)
    lines = db.session.scalar(sa.select(sa.func.count()).select_from(Handoff))
    told: list[str] = []

    def busy(what: str, _done: int, _of: int) -> None:
        told.append(what)
        office.work()

    db.session.rollback()
    file, said = backup.make(office.app.extensions["settings"], office.folder, now(), busy)
    assert len(told) > 5 and db.session.scalar(sa.select(sa.func.count()).select_from(Handoff)) == lines + len(told)
    assert said.checkpoint == (2, office.log.signer.last.root.hex())

    done = office.restore(file, target, "--checkpoints", tmp_path / "signed")
    assert done.exit_code == 0, done.output
    assert "Restored, and the ledger holds" in done.output
    assert "0 broken, 0 faults of the log\n0 breaches" in capfd.readouterr().out
    assert asked(target, "SELECT count(*) FROM handoffs") == [(lines,)]
    assert asked(target, "SELECT name, phone FROM citizens") == [("Nguyễn Thị Mơ", "+84900000123")]
    assert sorted(path.name for path in (tmp_path / "signed").iterdir()) == ["history", "key.pub"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("restore-", "backup-"))] == []


GUARDS = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2",
    "postgresql": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal "
    "UNION SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "UNION SELECT sequencename, 'stands at', last_value::text FROM pg_sequences ORDER BY 1, 2",
}


def test_what_was_restored_is_guarded_and_counts_on_like_what_was_copied(office: Office, target: str) -> None:
    assert office.restore(office.make(), target).exit_code == 0
    owner = office.app.extensions["settings"].database_owner_url
    question = GUARDS[db.engine.name]
    assert asked(target, question) == asked(owner or str(db.engine.url), question)
    assert len(asked(target, question)) > 50


def test_nothing_of_a_person_and_no_key_can_be_read_in_the_file(office: Office, tmp_path: Path) -> None:
    file = office.make()
    data = file.read_bytes()
    assert [word for word in CANARIES if word.encode() in data] == []
    assert data.startswith(b"age-encryption.org/v1\n"), "whoever has the key opens it without us"
    office.opened(file, tmp_path / "opened")
    inside = {path.name: path.read_bytes() for path in (tmp_path / "opened").iterdir()}
    assert set(inside) == {"database", "history", "key.pub"}
    settings = office.app.extensions["settings"]
    keys = [path.read_bytes() for path in (settings.checkpoint_dir / signer.KEY, *settings.keys_dir.iterdir())]
    assert not [1 for key in (*keys, settings.secret_key.encode()) for data in inside.values() if key in data]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_of_an_older_version_is_brought_up_to_date(office: Office, target: str) -> None:
    steps = ScriptDirectory.from_config(office.app.extensions["migrate"].migrate.get_config())
    head = steps.get_current_head()
    db.session.rollback()
    db.engine.dispose()
    flask_migrate.downgrade(revision="-1")
    file = office.make()
    done = office.restore(file, target)
    assert done.exit_code == 0, done.output
    assert asked(target, "SELECT version_num FROM alembic_version") == [(head,)]


def test_a_file_of_a_newer_version_is_refused(office: Office, target: str) -> None:
    with superuser() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    done = office.restore(office.make(), target)
    assert done.exit_code == 1 and "newer version (migration 9999)" in done.output
    assert is_empty(target)


def test_a_ledger_that_does_not_hold_is_said_to_be_so(office: Office, target: str) -> None:
    with superuser() as connection:
        connection.execute(sa.text("UPDATE handoffs SET event = 'take' WHERE seq = 1"))
    done = office.restore(office.make(), target)
    assert done.exit_code == 1 and "Restored, but the ledger does not hold" in done.output


@pytest.mark.dialects("postgresql")
def test_a_dump_shows_what_its_manifest_was_read_of(
    office: Office, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes a row after the manifest's figures were read and before pg_dump has begun."""
    slow = tmp_path / "bin" / "pg_dump"
    slow.parent.mkdir()
    slow.write_text(
        f"""#!/bin/sh
        psql -q "$1" -c "UPDATE citizens SET name = 'Somebody Later'" && exec {shutil.which("pg_dump")} "$@"
        """
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    assert office.restore(office.make(), target).exit_code == 0
    assert db.session.scalars(sa.text("SELECT name FROM citizens")).all() == ["Somebody Later"]
    assert asked(target, "SELECT name FROM citizens") == [("Nguyễn Thị Mơ",)]


@pytest.mark.dialects("postgresql")
def test_what_cannot_be_restored_whole_is_not_restored_at_all(office: Office, target: str) -> None:
    with superuser() as connection:
        connection.execute(sa.text("DELETE FROM citizens"))  # a dossier points at nobody: seen when the rows are in
    done = office.restore(office.make(), target)
    assert done.exit_code == 1 and "pg_restore has failed" in done.output
    assert is_empty(target)


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_a_database_that_holds_anything_is_not_restored_into(office: Office, target: str) -> None:
    file = office.make()
    engine = sa.create_engine(target, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE mine (id integer)"))
    done = office.restore(file, target)
    assert done.exit_code == 1 and ("already" in done.output)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["mine"]


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("side", ["-wal", "-shm", "-journal"])
def test_what_sqlite_left_beside_a_file_that_is_gone_is_not_played_into_the_new_one(
    office: Office, target: str, tmp_path: Path, side: str
) -> None:
    left = tmp_path / f"restored.db{side}"
    left.write_bytes(b"old")
    done = office.restore(office.make(), target)
    assert done.exit_code == 1 and str(left) in done.output
    assert not (tmp_path / "restored.db").exists()


@pytest.mark.dialects("sqlite")
def test_a_signers_file_is_not_written_over(office: Office, target: str) -> None:
    done = office.restore(office.make(), target, "--checkpoints", office.app.extensions["settings"].checkpoint_dir)
    assert done.exit_code == 1 and "signer's file already" in done.output
    assert is_empty(target)


@pytest.mark.dialects("postgresql")
def test_a_file_goes_into_its_own_kind_of_database_only(office: Office, tmp_path: Path) -> None:
    done = office.restore(office.make(), f"sqlite:///{tmp_path / 'other.db'}")
    assert done.exit_code == 1 and "of postgresql" in done.output
    assert not (tmp_path / "other.db").exists()


DAMAGED = {
    "one byte of the middle": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    "its last byte": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "cut by a byte": lambda data: data[:-1],
    "cut where a piece of it ends": lambda data: data[: data.index(b"\n--- ") + 49 + 16 + (64 * 1024 + 16)],
    "cut after its head": lambda data: data[: data.index(b"\n--- ") + 49 + 16],
    "cut in its head": lambda data: data[:60],
    "one byte of its head": lambda data: data[:70] + bytes([data[70] ^ 1]) + data[71:],
    "something added": lambda data: data + b"\0",
    "nothing": lambda data: b"",
}  # fmt: skip


@pytest.mark.dialects("sqlite")
def test_a_file_that_is_damaged_anywhere_is_noticed_and_nothing_of_it_used(
    office: Office, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "ZIP_DEFLATED", backup.ZIP_STORED)  # many pieces, to be cut between two of them
    file = office.make()
    assert file.stat().st_size > 500_000
    assert office.run("check", file, "--key", office.key).exit_code == 0
    bad = file.with_name("bad")
    for what, damage in DAMAGED.items():
        bad.write_bytes(damage(file.read_bytes()))
        for done in (office.run("check", bad, "--key", office.key), office.restore(bad, target)):
            assert done.exit_code == 1 and str(bad) in done.output and "Traceback" not in done.output, what
        assert is_empty(target), what


def test_a_whole_file_is_said_to_be_whole(office: Office) -> None:
    done = office.run("check", office.make(), "--key", office.key)
    assert done.exit_code == 0, done.output
    assert "is whole" in done.output and "2 lines signed" in done.output


@pytest.mark.dialects("sqlite")
def test_another_key_opens_nothing(office: Office, target: str, tmp_path: Path) -> None:
    file = office.make()
    office.key.write_text(str(pyrage.x25519.Identity.generate()))
    done = office.restore(file, target)
    assert done.exit_code == 1 and "The key does not open" in done.output
    office.key.write_text("something else")
    assert "no private key for backups" in office.restore(file, target).output
    assert is_empty(target)


@pytest.mark.dialects("sqlite")
def test_what_a_stranger_has_packed_is_laid_nowhere_else(office: Office, tmp_path: Path) -> None:
    """Whoever knows the public half can encrypt to it."""
    with pytest.raises(Failed, match="holds no backup of ours"):
        office.opened(forged(office, "../outside"), tmp_path / "opened")
    assert not (tmp_path / "outside").exists()


@pytest.mark.dialects("sqlite")
def test_a_part_that_is_not_what_the_manifest_says_is_refused(office: Office, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="not what its manifest says"):
        office.opened(forged(office, "database"), tmp_path / "opened")


def forged(office: Office, name: str) -> Path:
    file = office.folder.parent / "forged"
    said = {
        "format": 1, "made_at": now().isoformat(), "dialect": "sqlite", "server": "3", "migration": "0001",
        "checkpoint": None, "parts": [{"name": name, "bytes": 4, "sha256": "0" * 64}],
    }  # fmt: skip
    public = pyrage.x25519.Recipient.from_str(office.app.extensions["settings"].backup_key)
    with file.open("wb") as out, backup._encrypted(out, public) as inside, backup.ZipFile(inside, "w") as zipped:
        zipped.writestr(name, b"evil")
        zipped.writestr("manifest.json", json.dumps(said))
    return file


# ---- making and keeping ------------------------------------------------------------------------------------------


@pytest.mark.dialects("sqlite")
def test_the_newest_are_kept_and_what_a_killed_run_left_goes(office: Office) -> None:
    office.folder.mkdir()
    others = office.folder / "letter.txt"
    others.touch()
    killed, writing = (office.folder / f"dossier-post-2026-01-0{day}T000000Z.zip.age.part" for day in (1, 5))
    killed.touch()
    os.utime(killed, (0, 0))
    writing.touch()
    for day in range(1, 5):
        (office.folder / f"dossier-post-2026-01-0{day}T000000Z.zip.age").touch()
    done = office.run("make", office.folder, "--keep", 3)
    assert done.exit_code == 0 and done.output.count("removed") == 3, done.output
    kept = sorted(path.name for path in office.folder.iterdir())
    assert kept[:2] == ["dossier-post-2026-01-03T000000Z.zip.age", "dossier-post-2026-01-04T000000Z.zip.age"]
    assert len(kept) == 5 and kept[2] == writing.name and kept[4] == "letter.txt"


@pytest.mark.dialects("sqlite")
def test_a_run_that_fails_leaves_nothing_and_removes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    file = office.make()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.os, "fsync", full)
    done = office.run("make", office.folder, "--keep", 1)
    assert done.exit_code == 1 and "No space left" in done.output
    assert list(office.folder.iterdir()) == [file]


@pytest.mark.dialects("sqlite")
def test_a_disk_that_is_full_under_the_encryption_is_said(office: Office) -> None:
    public = pyrage.x25519.Recipient.from_str(office.app.extensions["settings"].backup_key)
    with (
        pytest.raises(Failed, match="No space left"),
        Path("/dev/full").open("wb", buffering=0) as out,
        backup._encrypted(out, public) as inside,
    ):
        for _ in range(100):
            inside.write(bytes(100_000))


@pytest.mark.dialects("postgresql")
def test_without_postgresqls_tools_a_sentence_says_what_to_install(
    office: Office, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = office.make()
    monkeypatch.setenv("PATH", "/nowhere")
    done = office.run("make", office.folder)
    assert done.exit_code == 1 and "pg_dump is not there: install" in done.output
    assert list(office.folder.iterdir()) == [file]
    assert "pg_restore is not there" in office.restore(file, target).output


@pytest.mark.dialects("postgresql")
def test_a_role_that_may_not_read_everything_makes_no_backup(office: Office) -> None:
    settings = office.app.extensions["settings"].model_copy(update={"database_owner_url": ""})
    with pytest.raises(Failed, match="pg_dump has failed"):
        backup.make(settings, office.folder, now(), silent)
    assert list(office.folder.iterdir()) == []


@pytest.mark.dialects("postgresql")
def test_a_role_that_only_reads_makes_one(office: Office, target: str) -> None:
    settings = office.app.extensions["settings"]
    reader = postgres.hire(f"reader_{uuid4().hex[:12]}", settings.database_owner_url)
    role = sa.make_url(reader).username
    with postgres.connect(settings.database_owner_url) as connection:
        connection.execute(f"GRANT pg_read_all_data TO {role}")
    said = {"database_url": reader, "database_owner_url": ""}
    file, _ = backup.make(settings.model_copy(update=said), office.folder, now(), silent)
    assert office.restore(file, target).exit_code == 0


@pytest.mark.dialects("sqlite")
def test_without_a_public_key_nothing_is_made(office: Office) -> None:
    settings = office.app.extensions["settings"]
    for key, said in (("", "BACKUP_KEY is not set"), ("age1nonsense", "BACKUP_KEY is no public key")):
        office.app.extensions["settings"] = settings.model_copy(update={"backup_key": key})
        done = office.run("make", office.folder)
        assert done.exit_code == 1 and said in done.output
    assert not office.folder.exists()


@pytest.mark.dialects("sqlite")
def test_what_was_signed_after_the_copy_does_not_accuse_it(office: Office, tmp_path: Path) -> None:
    """The signer is quicker than the sequencer that keeps its notes; a minute later they would be missed."""
    office.work()
    office.log.sequencer()
    office.log.signer.look(10 * signer.EVERY)
    office.opened(office.make(), tmp_path / "opened")
    assert len((tmp_path / "opened/history").read_text().splitlines()) == 1
    settings = office.app.extensions["settings"]
    late, _ = backup.make(settings, office.folder, now() + timedelta(minutes=2), silent)
    office.opened(late, tmp_path / "late")
    assert (tmp_path / "late/history").read_bytes() == (settings.checkpoint_dir / signer.SIGNED).read_bytes()


# ---- the key -----------------------------------------------------------------------------------------------------


@pytest.mark.dialects("sqlite")
def test_a_pair_is_made_and_it_takes_stick_and_passphrase_to_open_a_file(office: Office, tmp_path: Path) -> None:
    stick, words = tmp_path / "usb", "bốn từ không liên quan"
    run = office.app.test_cli_runner()
    made = run.invoke(args=["backup", "key", str(stick)], input=f"{words}\n{words}\n")
    assert made.exit_code == 0, made.output
    public = made.output.rpartition("BACKUP_KEY=")[2].strip()
    assert stick.stat().st_mode & 0o777 == 0o600 and b"AGE-SECRET-KEY" not in stick.read_bytes()
    assert run.invoke(args=["backup", "key", str(stick)], input=f"{words}\n{words}\n").exit_code == 1, (
        "never over another"
    )
    assert "12 characters" in run.invoke(args=["backup", "key", str(tmp_path / "b")], input="short\nshort\n").output

    settings = office.app.extensions["settings"]
    office.app.extensions["settings"] = settings.model_copy(update={"backup_key": public})
    file = office.make()
    check = ["backup", "check", str(file), "--key", str(stick)]
    assert run.invoke(args=check, input=f"{words}\n").exit_code == 0
    assert "The passphrase does not open" in run.invoke(args=check, input="four other words\n").output
