"""Receipts: the server's word that a scan is committed. It does not say that the scan is believed.

ES256 by the receipt key over "receipt-v1", digest, device, n, recorded_at and SHA-256 of the checkpoint told with it
(of nothing when none is), one value a line. The signature is deterministic: the same scan gets the same receipt again.
A door signs one when `atomically` has returned, never before.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain import tokens
from app.domain.sittings import Outcome
from app.domain.tokens import Keys


@dataclass(frozen=True)
class Receipt:
    """`recorded_at` is spelled as it was signed."""

    recorded_at: str
    signature: str


def of(kept: Outcome, keys: Keys, note: str | None) -> Receipt:
    """The receipt for a scan that has been committed."""
    recorded_at = spell(kept.recorded_at)
    signature = tokens.sign(keys.receipt, message(kept.digest, kept.device, kept.n, recorded_at, note))
    return Receipt(recorded_at, b64encode(signature).decode())


def spell(at: datetime) -> str:
    """2026-03-02T17:40:11.000250Z: to the microsecond, as the database keeps it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def message(digest: bytes, device: str | None, n: int | None, recorded_at: str, note: str | None) -> bytes:
    seen = hashlib.sha256((note or "").encode()).hexdigest()
    lines = ("receipt-v1", digest.hex(), device or "-", str(n) if n else "-", recorded_at, seen)
    return "\n".join(lines).encode()
