"""Instants as the API writes them, and the server's word that it is this late."""

import base64
from datetime import UTC, datetime
from functools import lru_cache

from app.domain import tokens
from app.domain.tokens import Keys


def stamp(at: datetime) -> str:
    """2026-03-02T17:40:11Z"""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def vouched(at: datetime, keys: Keys) -> dict[str, str]:
    """`server_time` and ES256 over "time-v1", newline, that text: what a phone copies into its next scan."""
    text = stamp(at)
    return {"server_time": text, "server_sig": _signed(keys, text)}


@lru_cache(maxsize=4)
def _signed(keys: Keys, text: str) -> str:
    """One signature serves everybody who asks within the same second."""
    return base64.b64encode(tokens.sign(keys.server, b"time-v1\n" + text.encode())).decode()
