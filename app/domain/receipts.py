"""Receipts: the server's word that a scan is committed. It does not say that the scan is believed.

ES256 by the receipt key over "receipt-v1", digest, device, n, recorded_at and SHA-256 of the checkpoint told with it
(of nothing when none is), one value a line. The signature is deterministic: the same scan gets the same receipt again.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from app.db import db
from app.domain import tokens
from app.domain.scans import ScanRow
from app.domain.tokens import Keys

KEPT = sa.select(ScanRow.digest, ScanRow.device_id, ScanRow.n, ScanRow.recorded_at).where(
    ScanRow.digest.in_(sa.bindparam("digests", expanding=True))
)


@dataclass(frozen=True)
class Receipt:
    """`recorded_at` is spelled as it was signed."""

    recorded_at: str
    signature: str


def of(digests: Iterable[bytes], keys: Keys, note: str | None) -> dict[bytes, Receipt]:
    """Receipts for what the database holds of these scans: ask after the commit, never before."""
    rows = db.session.execute(KEPT, {"digests": list(set(digests))})
    return {digest: _sign(digest, device, n, spell(at), keys, note) for digest, device, n, at in rows}


def spell(at: datetime) -> str:
    """2026-03-02T17:40:11.000250Z: to the microsecond, as the database keeps it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def message(digest: bytes, device: str | None, n: int | None, recorded_at: str, note: str | None) -> bytes:
    seen = hashlib.sha256((note or "").encode()).hexdigest()
    lines = ("receipt-v1", digest.hex(), device or "-", str(n) if n else "-", recorded_at, seen)
    return "\n".join(lines).encode()


def _sign(digest: bytes, device: str | None, n: int | None, recorded_at: str, keys: Keys, note: str | None) -> Receipt:
    signature = tokens.sign(keys.receipt, message(digest, device, n, recorded_at, note))
    return Receipt(recorded_at, b64encode(signature).decode())
