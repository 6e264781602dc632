"""Numbers people read aloud: check digits, pools, forgiving typing, no number twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.db import atomically, db
from app.domain import numbers
from app.errors import Invalid
from tests.world import MONDAY, World

S10 = [
    ("47312482", 9), ("12345678", 5), ("00000010", 2), ("00000008", 0), ("00000015", 5), ("00071758", 1),
    ("96633102", 0), ("76129403", 8), ("00071761", 8), ("00000000", 5), ("47110815", 1), ("00071759", 5),
]  # fmt: skip


@pytest.mark.parametrize(("serial", "digit"), S10)
def test_the_check_digit_of_the_postal_union(serial: str, digit: int) -> None:
    assert numbers.s10_check(serial) == digit


@pytest.mark.parametrize(
    ("digits", "digit"), [("260821000001", 4), ("260821000123", 2), ("260903004567", 1), ("572", 4)]
)
def test_our_own_check_digit(digits: str, digit: int) -> None:
    assert numbers.damm(digits) == digit


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("hs 260821 000123 2", "HS-260821-000123-2"),
        ("HS-26O821-OOO123-2", "HS-260821-000123-2"),
        ("rr 4731 2482 9 vn", "RR473124829VN"),
        ("EB000717595hk", "EB000717595HK"),
        ("ee47 1 l0 8151fr", "EE471108151FR"),
    ],
)
def test_typing_is_forgiven(typed: str, number: str) -> None:
    assert numbers.read(typed) == number


@pytest.mark.parametrize(
    "number",
    ["EB000717595HK", "EB000717618HK", "EE471108151FR", "RR473124829VN", "EB123456785VN", "CD000000102VN",
     "RR000000080VN", "RR000000155VN"],
)  # fmt: skip
def test_a_whole_number_of_the_union_is_read_as_it_stands(number: str) -> None:
    assert numbers.read(number) == number


@pytest.mark.parametrize("typed", ["EB000717594HK", "EB000717535HK", "EB900717618HK", "HS-260821-000123-3"])
def test_a_wrong_digit_is_noticed(typed: str) -> None:
    with pytest.raises(Invalid, match="number_check"):
        numbers.read(typed)


@pytest.mark.parametrize("typed", ["", "RA184717615H1", "1847176155123", "HS-1", "<script>", "x" * 10_000])
def test_what_is_no_number_is_said_so(typed: str) -> None:
    with pytest.raises(Invalid, match="number_form"):
        numbers.read(typed)


@given(st.integers(0, 999_999), st.integers(0, 12), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(serial: int, place: int, shift: int) -> None:
    digits = numbers.own(date(2026, 8, 21), serial).replace("-", "")[2:]
    wrong = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    with pytest.raises(Invalid):
        numbers.read("HS" + wrong)


def test_while_no_pool_is_loaded_the_packet_carries_the_dossiers_own_number(world: World) -> None:
    packet = world.packet()
    assert packet.number == packet.dossier.number


def test_a_pool_is_used_in_order_and_never_twice_even_at_once(app: Flask, world: World) -> None:
    atomically(numbers.load_pool, "RR", 10, 29, MONDAY, is_test=True)

    def take(_: int) -> str | None:
        with app.app_context():
            return atomically(numbers.take_s10)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(24)))
    numbered = [number for number in taken if number]
    assert len(set(numbered)) == len(numbered) == 20
    assert taken.count(None) == 4
    assert min(numbered) == f"RR00000010{numbers.s10_check('00000010')}VN"
    db.session.rollback()
    assert numbers.is_test(numbered[0])


def test_a_number_of_a_range_that_was_used_up_never_comes_again(world: World) -> None:
    atomically(numbers.load_pool, "RR", 10, 12, MONDAY)
    first = [world.packet().number for _ in range(4)]
    assert [number[:2] for number in first] == ["RR", "RR", "RR", "HS"]  # then our own, until another range is loaded
    for from_, to in ((10, 12), (12, 20), (5, 10)):
        with pytest.raises(Invalid, match="pool_overlaps"):
            atomically(numbers.load_pool, "RR", from_, to, MONDAY)
    atomically(numbers.load_pool, "RR", 13, 13, MONDAY)
    assert world.packet().number == f"RR00000013{numbers.s10_check('00000013')}VN"


def test_administrators_are_warned_before_the_numbers_run_out(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    atomically(numbers.load_pool, "RR", 0, 19, MONDAY)
    client, page = sign_in(world.admin), "/admin/numbers"
    for _ in range(18):
        atomically(numbers.take_s10)
    assert "sắp hết" not in client.get(page).text
    atomically(numbers.take_s10)
    text = client.get(page).text
    assert "sắp hết" in text and "Cần dải số mới" in text
    atomically(numbers.load_pool, "RR", 20, 99, MONDAY)
    text = client.get(page).text
    assert "sắp hết" in text and "Cần dải số mới" not in text  # one range nearly used up, another whole
    atomically(numbers.take_s10)
    assert "đã hết" in client.get(page).text


def test_a_range_is_shown_as_whole_numbers_before_it_is_loaded_and_can_be_changed(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    client, page = sign_in(world.admin), "/admin/numbers"
    said = {"prefix": "rr", "first": "47312482", "last": "47312999"}
    shown = client.post(page, data=said)
    assert shown.status_code == 200 and not db.session.scalars(sa.select(numbers.NumberPool)).all()
    for words in (numbers.s10("RR", 47312482), numbers.s10("RR", 47312999), ">518<"):
        assert words in shown.text
    back = client.post(page, data={**said, "step": "change"})
    assert back.status_code == 200 and 'value="47312999"' in back.text and 'type="hidden" name="last"' not in back.text
    assert client.post(page, data={**said, "step": "write"}).status_code == 303
    db.session.rollback()
    (pool,) = db.session.scalars(sa.select(numbers.NumberPool))
    assert (pool.prefix, pool.first, pool.last, pool.is_test) == ("RR", 47312482, 47312999, False)
    assert atomically(numbers.take_s10) == numbers.s10("RR", 47312482)
    for step in ({}, {"step": "write"}):  # sent again: it is loaded already
        again = client.post(page, data={**said, **step})
        assert again.status_code == 422 and 'value="47312482"' in again.text
    swapped = client.post(page, data={"prefix": "RR", "first": "9", "last": "8"})
    assert swapped.status_code == 422


def test_a_range_is_loaded_once_and_in_the_unions_form(world: World) -> None:
    atomically(numbers.load_pool, "RR", 10, 29, MONDAY)
    with pytest.raises(Invalid, match="pool_overlaps"):
        atomically(numbers.load_pool, "RR", 29, 40, MONDAY)
    for prefix in ("JA", "KA", "SA", "TA", "WA", "R", "1A", "rr"):
        with pytest.raises(Invalid, match="pool_range"):
            atomically(numbers.load_pool, prefix, 1, 2, MONDAY)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("np 0045 821", "NP0045821"), ("0045 821", "NP0045821"), ("ab-0045821", "AB0045821"), ("0045 8211", "00458211")],
)
def test_a_seal_read_aloud_without_its_letters_is_the_same_seal(typed: str, meant: str) -> None:
    assert numbers.read_seal(typed) == meant
