"""Tokens: the bytes a slip carries, and the keys that vouch for them. Pure: no table, no clock.

A slip token is 83 bytes, written as 133 characters of upper-case Crockford base32: version, key id, type,
packet code (10), issue, unit (3), expiry (days since 2020-01-01), then ES256 r‖s over "slip-v1\\n" + the first 19. What a
citizen shows at the door has the same bytes under "door-v1\\n": count, minute of its last day, last day. No label is a proof
and no proof a label.
"""

import hashlib
import hmac
from base64 import b32encode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from app.db import ALPHABET
from app.errors import Invalid

EPOCH = date(2020, 1, 1)
BODY, SIGNATURE, LENGTH = 19, 64, 133
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_OURS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


class TokenType(IntEnum):
    BAG = 1
    SLIP = 2
    STICKER = 3
    DESK = 4  # a list both sides of a handover sign


class DoorType(IntEnum):
    """What the citizen says by showing it."""

    DELIVER = 5
    COLLECT = 6


@dataclass(frozen=True)
class DoorToken:
    """What the code on a citizen's screen says, once its signature has been checked."""

    type: DoorType
    code: bytes
    nth: int
    ends: datetime


@dataclass(frozen=True)
class SlipToken:
    """What a scanned slip says, once its signature has been checked."""

    type: TokenType
    code: bytes
    issue: int
    unit: int
    expires: date
    key_id: int


@dataclass(frozen=True)
class Keys:
    """The server's secrets, loaded once: none of them is ever in the database."""

    slip: ec.EllipticCurvePrivateKey
    server: ec.EllipticCurvePrivateKey
    receipt: ec.EllipticCurvePrivateKey
    secret: bytes
    slip_key_id: int = 1
    receipt_key_id: int = 1
    slip_before: dict[int, ec.EllipticCurvePublicKey] = field(default_factory=dict, hash=False)  # older, still good
    folder: Path | None = None  # where a later one may lie

    @classmethod
    def load(cls, folder: Path, secret: str) -> "Keys":
        """The slip key of number n > 1 is `slip-n.pem`: the highest signs, every other one there still checks, and one
        whose file was taken away is withdrawn. Raises RuntimeError, with the remedy, when a key file is missing."""
        server, receipt = (_load(folder / f"{name}.pem") for name in ("server", "receipt"))
        slips = {int(path.stem[5:]): _load(path) for path in folder.glob("slip-*.pem")}
        if not slips or (folder / "slip.pem").exists():
            slips[1] = _load(folder / "slip.pem")
        newest = max(slips)
        before = {number: key.public_key() for number, key in slips.items() if number != newest}
        return cls(
            slips[newest], server, receipt, secret.encode(), slip_key_id=newest, slip_before=before, folder=folder
        )

    def slip_keys(self) -> dict[int, ec.EllipticCurvePublicKey]:
        """The keys that check slips, by their number."""
        return self.slip_before | {self.slip_key_id: self.slip.public_key()}

    def slip_key(self, number: int) -> ec.EllipticCurvePublicKey | None:
        """The key that checks what number so-and-so signed. One that came after this process had started counts: another
        process may sign with it already."""
        known = self.slip_keys().get(number)
        if known is None and number > self.slip_key_id and self.folder:
            path = self.folder / f"slip-{number}.pem"
            return _load(path).public_key() if path.exists() else None
        return known

    def slip_public(self) -> list[dict[str, str | int]]:
        """The keys that check slips, as phones are told them, the one that signs first."""
        return [_told(number, key) for number, key in sorted(self.slip_keys().items(), reverse=True)]

    def slip_withdrawn(self) -> list[int]:
        """The numbers of keys that signed once and check nothing any more."""
        return [number for number in range(1, self.slip_key_id) if number not in self.slip_before]

    def receipt_public(self) -> dict[str, str | int]:
        """The key that checks receipts, as phones are told it."""
        return _told(self.receipt_key_id, self.receipt.public_key())

    def digest(self, purpose: str, *parts: str | bytes) -> bytes:
        """A keyed hash; the same parts under another purpose give another hash."""
        message = b"\0".join(p.encode() if isinstance(p, str) else p for p in (purpose, *parts))
        return hmac.digest(self.secret, message, hashlib.sha256)


def new_key() -> bytes:
    """A P-256 key that nobody has, as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        raise RuntimeError(f"No key {path}: run `python tools/first_run.py`")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (TypeError, ValueError):
        raise RuntimeError(f"{path} holds no private key that opens without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RuntimeError(f"{path} is not a P-256 key")
    return key


def _told(key_id: int, key: ec.EllipticCurvePublicKey) -> dict[str, str | int]:
    """Its id and base64 SubjectPublicKeyInfo."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"id": key_id, "public_key": b64encode(key.public_bytes(*form)).decode()}


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def b32(data: bytes) -> str:
    """Crockford base32, upper case, spare bits zero: 10 bytes → 16 letters, 83 bytes → 133."""
    return b32encode(data).rstrip(b"=").translate(_OURS).decode()


def unb32(text: str, size: int) -> bytes:
    """The `size` bytes `text` says. Raises Invalid("token_damaged") unless it is the one canonical spelling."""
    if len(text) != -(-size * 8 // 5):
        raise Invalid("token_damaged")
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise Invalid("token_damaged")
        number = number << 5 | _VALUES[letter]
    spare = len(text) * 5 - size * 8
    if number & ((1 << spare) - 1):
        raise Invalid("token_damaged")
    return (number >> spare).to_bytes(size)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """ES256 as r‖s, 64 bytes, deterministic (RFC 6979): the same slip prints the same bytes."""
    der = key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + s.to_bytes(32)


def signed_by(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    if len(signature) != SIGNATURE:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        key.verify(der, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def write(keys: Keys, type_: TokenType, code: bytes, issue: int, unit: int, expires: date) -> str:
    """The 133 letters printed in the QR of one issue of a slip."""
    head = bytes([1, keys.slip_key_id, type_]) + code + bytes([issue]) + unit.to_bytes(3)
    body = head + (expires - EPOCH).days.to_bytes(2)
    return b32(body + sign(keys.slip, b"slip-v1\n" + body))


def read(keys: Keys, text: str) -> SlipToken:
    """Raises Invalid: `token_damaged` (not the canonical 133 letters) or `token_forged` (key, type, signature)."""
    data = unb32(text, BODY + SIGNATURE)
    body, signature = data[:BODY], data[BODY:]
    key = keys.slip_key(body[1])
    genuine = key is not None and signed_by(key, signature, b"slip-v1\n" + body)
    if body[0] != 1 or body[2] not in set(TokenType) or not genuine:
        raise Invalid("token_forged")
    return SlipToken(
        type=TokenType(body[2]),
        code=body[3:13],
        issue=body[13],
        unit=int.from_bytes(body[14:17]),
        expires=EPOCH + timedelta(days=int.from_bytes(body[17:19])),
        key_id=body[1],
    )


def write_door(keys: Keys, type_: DoorType, code: bytes, nth: int, ends: datetime) -> str:
    """The 133 letters a citizen shows for this packet until `ends`, to the minute."""
    at = ends.astimezone(UTC)
    head = bytes([1, keys.slip_key_id, type_]) + code + bytes([nth]) + (at.hour * 60 + at.minute).to_bytes(3)
    body = head + (at.date() - EPOCH).days.to_bytes(2)
    return b32(body + sign(keys.slip, b"door-v1\n" + body))


def read_door(keys: Keys, text: str) -> DoorToken:
    """Raises Invalid as `read`."""
    data = unb32(text, BODY + SIGNATURE)
    body, signature = data[:BODY], data[BODY:]
    key = keys.slip_key(body[1])
    genuine = key is not None and signed_by(key, signature, b"door-v1\n" + body)
    minute = int.from_bytes(body[14:17])
    if body[0] != 1 or body[2] not in set(DoorType) or minute >= 24 * 60 or not genuine:
        raise Invalid("token_forged")
    day = EPOCH + timedelta(days=int.from_bytes(body[17:19]))
    ends = datetime.combine(day, time(minute // 60, minute % 60), UTC)
    return DoorToken(DoorType(body[2]), body[3:13], body[13], ends)


def revocations(found: Iterable[tuple[bytes, int]]) -> bytes:
    """Revoked slips for phones, six bytes each: the first five of the packet's code, then the newest void issue. A
    phone warns by it and refuses nothing: two codes that begin alike only bring a second look."""
    return b"".join(code[:5] + bytes([issue]) for code, issue in found)


def url(base_url: str, token: str, page: str = "S") -> str:
    """What a QR holds: upper case throughout, so that it fits the alphanumeric mode."""
    return f"{base_url.rstrip('/')}/{page}/".upper() + token
