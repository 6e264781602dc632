"""The bytes of a slip: one spelling, one signer, every changed bit noticed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import tokens
from app.domain.tokens import Keys, TokenType
from app.errors import Invalid

CODE = bytes(range(10))


@pytest.fixture(scope="module")
def keys(keys_dir) -> Keys:  # type: ignore[no-untyped-def]
    return Keys.load(keys_dir, "a secret for tests, forty characters long")


@pytest.fixture(scope="module")
def token(keys: Keys) -> str:
    return tokens.write(keys, TokenType.SLIP, CODE, 2, 25942, date(2027, 3, 1))


def test_a_token_says_what_was_written(keys: Keys, token: str) -> None:
    read = tokens.read(keys, token)
    assert (read.type, read.code, read.issue, read.unit, read.expires) == (
        TokenType.SLIP, CODE, 2, 25942, date(2027, 3, 1)
    )  # fmt: skip


def test_it_is_133_letters_of_the_alphanumeric_qr_mode(keys: Keys, token: str) -> None:
    url = tokens.url("https://hs.gov.vn", token)
    assert len(token) == 133
    assert set(url) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_the_same_slip_prints_the_same_bytes(keys: Keys, token: str) -> None:
    assert tokens.write(keys, TokenType.SLIP, CODE, 2, 25942, date(2027, 3, 1)) == token


def test_every_flipped_bit_is_refused(keys: Keys, token: str) -> None:
    data = tokens.unb32(token, 83)
    for at in range(83 * 8):
        spoiled = bytearray(data)
        spoiled[at // 8] ^= 1 << at % 8
        with pytest.raises(Invalid, match="token_forged"):
            tokens.read(keys, tokens.b32(bytes(spoiled)))


@pytest.mark.parametrize(
    "spoil", [str.lower, lambda t: t[:-1], lambda t: t + "0", lambda t: "O" + t[1:], lambda t: t[:-1] + "Z"]
)
def test_any_other_spelling_is_damaged(keys: Keys, token: str, spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid, match="token_damaged"):
        tokens.read(keys, spoil(token))


@given(st.binary(min_size=1, max_size=90))
@settings(max_examples=200)
def test_base32_comes_back(data: bytes) -> None:
    assert tokens.unb32(tokens.b32(data), len(data)) == data


def test_another_key_is_a_forger(keys: Keys, token: str) -> None:
    other = Keys(keys.server, keys.slip, keys.receipt, keys.secret)
    with pytest.raises(Invalid, match="token_forged"):
        tokens.read(other, token)
