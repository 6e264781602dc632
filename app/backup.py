"""Backups: a dated file a run, which nobody can read where it is made.

A zip inside age (age-encryption.org/v1): the database, what the signer signed, and last a manifest with the hash of each.
`age -d` and `unzip` open it without us. No private key of ours is ever in it: neither KEYS_DIR's nor the signer's.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import pyrage
from pydantic import BaseModel, ValidationError

from app import dumps, signer
from app.config import Settings
from app.domain import notes
from app.domain.logbook import SETTLE
from app.dumps import Failed, Tell

NAME, ENDING, UNFINISHED = "dossier-post-", ".zip.age", ".part"
DATABASE, MANIFEST = "database", "manifest.json"
NOTES = (signer.SIGNED, notes.PUBLIC)
FORMAT = 1
PIECE = 1 << 20  # bytes
DAY = 86_400  # seconds without a byte more, and a file is nobody's
ENVELOPE = b"age-encryption.org/v1"


class Part(BaseModel):
    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a file says of itself."""

    format: int
    made_at: datetime
    dialect: str
    server: str
    migration: str
    checkpoint: tuple[int, str] | None  # the newest one: lines, root in hex
    parts: list[Part]


# ---- keys --------------------------------------------------------------------------------------------------------


def new_key(file: Path, passphrase: str) -> str:
    """Write a private key, closed with the passphrase, to a file that is not there yet; the public half, for BACKUP_KEY."""
    key = pyrage.x25519.Identity.generate()
    text = f"# public key: {key.to_public()}\n{key}\n"
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pyrage.passphrase.encrypt(text.encode(), passphrase))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from error
    return str(key.to_public())


def read_key(file: Path, ask: Callable[[], str]) -> Any:
    """The private key in a file of ours, or of age-keygen; `ask` for the passphrase that closes it, if one does."""
    data = file.read_bytes()
    try:
        if data.startswith(ENVELOPE):
            data = pyrage.passphrase.decrypt(data, ask())
        (line,) = (line for line in data.decode().splitlines() if line and not line.startswith("#"))
        return pyrage.x25519.Identity.from_str(line)
    except pyrage.DecryptError as error:
        raise Failed(f"The passphrase does not open {file}.") from error
    except (ValueError, pyrage.IdentityError) as error:
        raise Failed(f"{file} is no private key for backups.") from error


# ---- making ------------------------------------------------------------------------------------------------------


def make(settings: Settings, folder: Path, at: datetime, tell: Tell) -> tuple[Path, Manifest]:
    """A new file in this folder, of the database as it is now: whole and on the disk, or not there."""
    if not settings.backup_key:
        raise Failed("BACKUP_KEY is not set: `flask backup key` makes a pair, and says what to do with it.")
    try:
        public = pyrage.x25519.Recipient.from_str(settings.backup_key)
    except pyrage.RecipientError as error:
        raise Failed("BACKUP_KEY is no public key: it begins with age1 (`flask backup key`).") from error
    file = folder / f"{NAME}{at:%Y-%m-%dT%H%M%SZ}{ENDING}"
    part = file.with_name(f"{file.name}{UNFINISHED}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            try:
                with _encrypted(out, public) as inside, ZipFile(inside, "w") as zipped:
                    manifest = _fill(zipped, settings, at, tell)
                out.flush()
                os.fsync(out.fileno())
                part.rename(file)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        dumps.sync(folder)
    except OSError as error:
        raise Failed(f"Nothing was kept: {error}.") from error
    return file, manifest


def keep(folder: Path, newest: int) -> list[Path]:
    """Remove all but the `newest` so many of our files, and what a run that was killed has left; which they were."""
    ours = sorted(folder.glob(f"{NAME}*{ENDING}"))
    unfinished = folder.glob(f"{NAME}*{UNFINISHED}")
    gone = [*ours[:-newest], *(part for part in unfinished if time.time() - part.stat().st_mtime > DAY)]
    for file in gone:
        file.unlink()
    return gone


def _fill(zipped: ZipFile, settings: Settings, at: datetime, tell: Tell) -> Manifest:
    with dumps.taken(settings.database_owner_url or settings.database_url, tell) as dump:
        packed = ZIP_DEFLATED if dump.dialect == "sqlite" else ZIP_STORED  # pg_dump has packed its own
        parts = [_add(zipped, DATABASE, _told(dump.bytes, dump.size, tell), packed)]
    if (settings.checkpoint_dir / notes.PUBLIC).exists():
        signed = _signed(settings.checkpoint_dir, dump.checkpoint[0] if dump.checkpoint else 0, at)
        public = (settings.checkpoint_dir / notes.PUBLIC).read_bytes()
        parts.append(_add(zipped, signer.SIGNED, signed, ZIP_DEFLATED))
        parts.append(_add(zipped, notes.PUBLIC, iter([public]), ZIP_DEFLATED))
    said = Manifest(
        format=FORMAT, made_at=at, dialect=dump.dialect, server=dump.server, migration=dump.migration,
        checkpoint=dump.checkpoint, parts=parts,
    )  # fmt: skip
    zipped.writestr(MANIFEST, said.model_dump_json(indent=1))
    return said


def _add(zipped: ZipFile, name: str, pieces: Iterator[bytes], packed: int) -> Part:
    hashed, count = hashlib.sha256(), 0
    zipped.compression = packed
    with zipped.open(name, "w", force_zip64=True) as entry:
        for piece in pieces:
            hashed.update(piece)
            count += len(piece)
            entry.write(piece)
    return Part(name=name, bytes=count, sha256=hashed.hexdigest())


def _told(stream: IO[bytes], size: int, tell: Tell) -> Iterator[bytes]:
    done = 0
    while piece := stream.read(PIECE):
        yield piece
        done += len(piece)
        tell("writing", min(done, size), size)


def _signed(folder: Path, size: int, at: datetime) -> Iterator[bytes]:
    """The signer's file. What it signed in the last minute may be of lines the copy has not: that is left out, or the copy
    would be accused of having lost them."""
    for one in signer.History(folder):
        if at - one.at > SETTLE or notes.claimed(one.note).size <= size:
            yield signer.line(one).encode()


@contextmanager
def _encrypted(out: IO[bytes], public: Any) -> Iterator[IO[bytes]]:
    """What is written to this goes to `out`, encrypted."""
    source, sink = os.pipe()
    with ThreadPoolExecutor(1) as beside:
        ending = beside.submit(_encrypt, source, out, public)
        try:
            with os.fdopen(sink, "wb") as inside:
                yield inside
        except BrokenPipeError:
            ending.result()  # says why
            raise
        ending.result()


def _encrypt(source: int, out: IO[bytes], public: Any) -> None:
    with os.fdopen(source, "rb") as plain:
        try:
            pyrage.encrypt_io(plain, out, [public])
        except pyrage.EncryptError as error:
            raise Failed(f"Nothing was kept: {error}.") from error


# ---- opening -----------------------------------------------------------------------------------------------------


def open_into(folder: Path, file: Path, key: Any, tell: Tell) -> Manifest:
    """Decrypt a file and lay its parts into this folder, each as it was when it was made. Raises Failed."""
    whole = folder / "whole.zip"
    try:
        with whole.open("wb") as out:
            _decrypt(file, key, out, tell)
        with ZipFile(whole) as zipped:
            said = Manifest.model_validate_json(zipped.read(MANIFEST))
            if said.format != FORMAT:
                raise Failed(f"The file is of a newer version of this program (format {said.format}).")
            for part in said.parts:
                _lay(zipped, part, folder, tell)
    except (BadZipFile, KeyError, ValidationError) as error:
        raise Failed(f"{file} holds no backup of ours.") from error
    except OSError as error:
        raise Failed(f"{file} cannot be opened: {error}.") from error
    whole.unlink()
    return said


def _decrypt(file: Path, key: Any, out: IO[bytes], tell: Tell) -> None:
    size = file.stat().st_size
    with file.open("rb") as source:
        try:
            pyrage.decrypt_io(_Watched(source, size, tell), out, [key])
        except pyrage.DecryptError as error:
            raise Failed(f"The key does not open {file}, or its beginning is damaged ({error}).") from error
        except OSError as error:
            if error.errno:
                raise
            raise Failed(f"{file} is damaged or cut off: nothing of it is used ({error}).") from error


class _Watched:
    """A file whose reading is told."""

    def __init__(self, source: IO[bytes], size: int, tell: Tell) -> None:
        self.source, self.size, self.tell = source, size, tell

    def read(self, count: int = -1) -> bytes:
        data = self.source.read(count)
        self.tell("decrypting", self.source.tell(), self.size)
        return data


def _lay(zipped: ZipFile, part: Part, folder: Path, tell: Tell) -> None:
    if part.name not in (DATABASE, *NOTES):
        raise KeyError(part.name)
    hashed = hashlib.sha256()
    with zipped.open(part.name) as entry, (folder / part.name).open("wb") as out:
        done = 0
        while piece := entry.read(PIECE):
            hashed.update(piece)
            out.write(piece)
            done += len(piece)
            tell("unpacking", done, part.bytes)
    if hashed.hexdigest() != part.sha256:
        raise Failed(f"{part.name} in the file is not what its manifest says.")


def lay_notes(folder: Path, into: Path) -> None:
    """What the signer signed, from an opened file to where a signer will look for it."""
    into.mkdir(parents=True, exist_ok=True)
    for name in NOTES:
        if (folder / name).exists():
            shutil.copyfile(folder / name, into / name)
            dumps.sync(into / name)
    dumps.sync(into)
