"""Small figures, reported beside the ratios: what one signature, one hash, one parsed scan costs here."""

import hashlib
import json
import time
from collections.abc import Callable
from statistics import median

from cryptography.hazmat.primitives.asymmetric import ec

from app.domain import bodies, ledger, tokens

BODY = {
    "v": 1, "id": "0" * 32, "device": "d0123456789ABC", "n": 17, "back": "0" * 64, "code": "0123456789ABCDEF", "issue": 1,
    "event": "take", "giver": "p0123456789ABC", "taker": "p0123456789ABD", "actor": "u0123456789ABC", "parent": "0" * 64,
    "at": {"wall": "2026-11-23T09:00:00+07:00", "tz": "Asia/Ho_Chi_Minh"}, "seal": "NP0045821", "sheets": None,
    "proof": [], "reason": None, "next": None,
}  # fmt: skip
CODE, GIVER, TAKER = BODY["code"], BODY["giver"], BODY["taker"]


def measure(seconds: float) -> dict[str, float]:
    """Microseconds each, median of five stretches."""
    key = ec.generate_private_key(ec.SECP256R1())
    body = json.dumps(BODY).encode()
    public, message = key.public_key(), b"scan-v1\n" + body
    signature = tokens.sign(key, message)
    acts: dict[str, Callable[[], object]] = {
        "ES256 sign": lambda: tokens.sign(key, message),
        "ES256 verify": lambda: tokens.signed_by(public, signature, message),
        "digest of a scan": lambda: bodies.digest_of(body),
        "parse a scan": lambda: bodies.parse(body, signature),
    }
    return {name: median(_each(act, seconds / 5) for _ in range(5)) * 1e6 for name, act in acts.items()}


def chain_rate(lines: int) -> float:
    """Lines a second when the ledger's own lines are spelled and chained in memory: the limit of every audit."""
    given = [
        (seq, b"%032d" % seq, f"2026-11-23T02:{seq // 60 % 60:02}:{seq % 60:02}.000000+00:00") for seq in range(lines)
    ]
    spell, prev = ledger.spell, bytes(32)
    began = time.perf_counter()
    for seq, digest, at in given:
        prev = hashlib.sha256(
            spell(CODE, seq, "move", "take", GIVER, TAKER, "CARRIED", digest, digest, prev, at)
        ).digest()
    return lines / (time.perf_counter() - began)


def _each(act: Callable[[], object], seconds: float) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        act()
        done += 1
    return (time.perf_counter() - began) / done
