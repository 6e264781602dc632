"""Notes: what the log says of itself, signed: its name, its size, its root. The C2SP checkpoint, byte for byte.

    origin, size, base64 of the root, an empty line, "— name base64(key id + Ed25519 signature)"

A key is one line of text, as other tools for such logs write it. Pure: no table, no clock.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\1"
PRIVATE = "PRIVATE+KEY+"
PUBLIC = "key.pub"
ROOT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Head:
    """A log of `size` lines whose tree has this root."""

    size: int
    root: bytes


@dataclass(frozen=True)
class LogKey:
    """Who may speak for the log: a name, and the public half of its key."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_b64(ED25519 + self.public)}"

    @classmethod
    def read(cls, text: str) -> "LogKey":
        """Raises ValueError."""
        name, id_, data = _parts(text)
        key = cls(name, data)
        if key.id.hex() != id_:
            raise ValueError("the key does not belong to its name")
        return key


@dataclass(frozen=True)
class SigningKey:
    """The private half; only the signer has it."""

    name: str
    private: Ed25519PrivateKey

    @classmethod
    def new(cls, name: str) -> "SigningKey":
        """Raises ValueError for a name that cannot stand in a note."""
        if not name or any(c.isspace() or c == "+" for c in name):
            raise ValueError(f"{name!r} is no name for a log: no spaces, no plus sign")
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, text: str) -> "SigningKey":
        """Raises ValueError."""
        if not text.startswith(PRIVATE):
            raise ValueError("this is no private key of a log")
        name, id_, data = _parts(text.removeprefix(PRIVATE))
        key = cls(name, Ed25519PrivateKey.from_private_bytes(data))
        if key.log_key.id.hex() != id_:
            raise ValueError("the key does not belong to its name")
        return key

    def __str__(self) -> str:
        raw = (serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
        return f"{PRIVATE}{self.name}+{self.log_key.id.hex()}+{_b64(ED25519 + self.private.private_bytes(*raw))}"

    @property
    def log_key(self) -> LogKey:
        raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return LogKey(self.name, self.private.public_key().public_bytes(*raw))

    def sign(self, head: Head) -> str:
        text = f"{self.name}\n{head.size}\n{_b64(head.root)}\n"
        return f"{text}\n— {self.name} {_b64(self.log_key.id + self.private.sign(text.encode()))}\n"


def published(folder: Path) -> LogKey | None:
    """The key that checks this log's notes, from the signer's folder; None before the first signer has made one."""
    path = folder / PUBLIC
    return LogKey.read(path.read_text()) if path.exists() else None


def read(note: str, key: LogKey) -> Head:
    """What a note says, if `key` signed it. Raises ValueError with what is wrong."""
    text, _, signatures = note.partition("\n\n")
    said, name = claimed(note), text.partition("\n")[0]
    if name != key.name:
        raise ValueError(f"a checkpoint of {name}, not of {key.name}")
    if not any(_signed(f"{text}\n", line, key) for line in signatures.splitlines()):
        raise ValueError(f"not signed by {key.name}")
    return said


def claimed(note: str) -> Head:
    """What a note says, whoever signed it. Raises ValueError."""
    text, gap, _ = note.partition("\n\n")
    lines = text.split("\n")
    if not gap or len(lines) < 3 or not lines[1].isdecimal():
        raise ValueError("not a checkpoint")
    found = Head(int(lines[1]), _unb64(lines[2]))
    if lines[1] != str(found.size) or len(found.root) != 32 or _b64(found.root) != lines[2]:
        raise ValueError("not a checkpoint")
    return found


def pinned(raw: object) -> Head | None:
    """What somebody says to have seen, `{"size": …, "root": "<hex>"}`; None for anything else."""
    if not isinstance(raw, dict):
        return None
    size, root = raw.get("size"), raw.get("root")
    if type(size) is not int or not 0 < size < 2**53 or not isinstance(root, str) or not ROOT.fullmatch(root):
        return None
    return Head(size, bytes.fromhex(root))


def _signed(text: str, line: str, key: LogKey) -> bool:
    start = f"— {key.name} "
    if not line.startswith(start):
        return False
    try:
        said = _unb64(line.removeprefix(start))
        Ed25519PublicKey.from_public_bytes(key.public).verify(said[4:], text.encode())
    except (ValueError, InvalidSignature):
        return False
    return said[:4] == key.id


def _parts(text: str) -> tuple[str, str, bytes]:
    """Name, id and the 32 bytes of a key's one line."""
    parts = text.strip().split("+", 2)
    data = _unb64(parts[2]) if len(parts) == 3 else b""
    if data[:1] != ED25519 or len(data) != 33:
        raise ValueError("this is no key of a log")
    return parts[0], parts[1], data[1:]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
