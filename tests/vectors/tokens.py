"""Two hundred tokens, good and bad, and some of a citizen's screen, that the server and the phone must judge alike: `python -m tests.vectors.tokens`
writes tokens.json anew. The keys are made from known numbers and serve nothing else."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from app.db import ALPHABET
from app.domain import tokens
from app.domain.tokens import DoorType, Keys, TokenType

FILE = Path(__file__).with_suffix(".json")
GOOD = BAD = 100


def key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(10**40 + number, ec.SECP256R1())


def keys(signing: int = 2) -> Keys:
    """Key 1 is the older, key 2 signs; both check. Key 3 nobody knows."""
    other = {number: key(number).public_key() for number in (1, 2) if number != signing}
    return Keys(
        key(signing), key(8), key(9), b"known to everybody, for vectors only", slip_key_id=signing, slip_before=other
    )


def made() -> dict[str, Any]:
    chance = random.Random(133)
    good = [_good(chance, number) for number in range(GOOD)]
    bad = [{"text": text, "case": case, "why": why} for case, text, why in _bad(chance)][:BAD]
    door = [_door(chance, number) for number in range(10)]
    no_door = [{"text": text, "case": case, "why": why} for case, text, why in _no_door(chance)]
    return {"keys": keys().slip_public(), "good": good, "bad": bad, "door": door, "no_door": no_door}


def _good(chance: random.Random, number: int) -> dict[str, Any]:
    signing = keys(1 + number % 2)
    kind = (TokenType.SLIP, TokenType.BAG, TokenType.STICKER)[number % 3]
    code = bytes(10) if number == 0 else b"\xff" * 10 if number == 1 else chance.randbytes(10)
    issue = (1, 255, 0)[number] if number < 3 else chance.randrange(1, 30)
    unit = (0, 2**24 - 1)[number] if number < 2 else chance.randrange(2**17)
    expires = tokens.EPOCH + timedelta(days=(0, 65535)[number] if number < 2 else chance.randrange(2200, 4000))
    return {
        "text": tokens.write(signing, kind, code, issue, unit, expires),
        "type": int(kind), "code": tokens.b32(code), "issue": issue, "unit": unit,
        "expires": expires.isoformat(), "key": signing.slip_key_id,
    }  # fmt: skip


def _bad(chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """What happened to it, the text, and what both must say."""
    expires = tokens.EPOCH + timedelta(days=2500)

    def fresh() -> str:
        return tokens.write(keys(), TokenType.SLIP, chance.randbytes(10), 1, 25942, expires)

    spoils: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("a letter short", lambda text: text[:-1]),
        ("a letter more", lambda text: text + "0"),
        ("small letters", str.lower),
        ("a letter that is none", lambda text: text[:40] + "U" + text[41:]),
        ("the letter O", lambda text: "O" + text[1:]),
        ("the letter I", lambda text: text[:7] + "I" + text[8:]),
        ("spare bits", lambda text: text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | 1]),
        ("a space before", lambda text: " " + text[1:]),
        ("accents of a keyboard", lambda text: text[:50] + "Đ" + text[51:]),
        ("nothing", lambda text: ""),
    )
    for case, spoil in spoils * 3:
        yield case, spoil(fresh()), "token_damaged"
    for _ in range(40):
        data = bytearray(tokens.unb32(fresh(), 83))
        at = chance.randrange(83 * 8)
        data[at // 8] ^= 1 << at % 8
        yield f"bit {at} turned", tokens.b32(bytes(data)), "token_forged"
    for _ in range(10):
        stranger = Keys(key(3), key(8), key(9), b"", slip_key_id=chance.choice((2, 3)))
        text = tokens.write(stranger, TokenType.SLIP, chance.randbytes(10), 1, 25942, expires)
        yield f"signed by a stranger as key {stranger.slip_key_id}", text, "token_forged"
    for _ in range(10):
        body, other = tokens.unb32(fresh(), 83)[:19], tokens.unb32(fresh(), 83)[19:]
        yield "another's signature", tokens.b32(body + other), "token_forged"
    for version, kind in ((0, 2), (2, 2), (1, 0), (1, 5), (1, 6), (1, 7), (255, 2), (1, 255), (3, 3), (2, 1)):
        body = bytes([version, 2, kind]) + tokens.unb32(fresh(), 83)[3:19]
        text = tokens.b32(body + tokens.sign(key(2), b"slip-v1\n" + body))
        yield f"version {version}, type {kind}, well signed", text, "token_forged"


def _door(chance: random.Random, number: int) -> dict[str, Any]:
    signing, kind = keys(1 + number % 2), tuple(DoorType)[number // 2 % 2]
    code, nth = chance.randbytes(10), chance.randrange(1, 9)
    ends = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 900))
    return {
        "text": tokens.write_door(signing, kind, code, nth, ends),
        "type": int(kind), "code": tokens.b32(code), "nth": nth, "ends": ends.isoformat(), "key": signing.slip_key_id,
    }  # fmt: skip


def _no_door(chance: random.Random) -> Iterator[tuple[str, str, str]]:
    ends, code = datetime(2026, 11, 24, 9, tzinfo=UTC), chance.randbytes(10)
    good = tokens.write_door(keys(), DoorType.COLLECT, code, 1, ends)
    yield "a slip", tokens.write(keys(), TokenType.SLIP, code, 1, 25942, ends.date()), "token_forged"
    yield "a letter short", good[:-1], "token_damaged"
    yield "small letters", good.lower(), "token_damaged"
    for at in (7, 20, 40, 110, 130, 150, 660):
        data = bytearray(tokens.unb32(good, 83))
        data[at // 8] ^= 1 << at % 8
        yield f"bit {at} turned", tokens.b32(bytes(data)), "token_forged"
    for kind, minute, prefix in ((2, 60, b"door-v1\n"), (6, 1440, b"door-v1\n"), (6, 60, b"slip-v1\n")):
        body = tokens.unb32(good, 83)[:2] + bytes([kind]) + code + bytes([1]) + minute.to_bytes(3) + bytes([9, 200])
        yield f"type {kind}, minute {minute}", tokens.b32(body + tokens.sign(key(2), prefix + body)), "token_forged"


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1) + "\n")
