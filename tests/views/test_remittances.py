"""Fees by the pages: a clerk hands over with one press, an officer counts and receipts; a stranger's desk finds no list."""

import re
from typing import Any

import pytest

from app.db import atomically, db, now
from app.domain import calendar, corrections, money, remittances
from tests.domain.test_money import BANK, paid, settle
from tests.domain.test_remittances import gave_back_of_their_own, hand_out, hand_over, handed_in
from tests.world import MONDAY, World


def test_fees_go_from_the_till_to_the_ward_and_the_day_shows_both(world: World, sign_in: Any) -> None:
    paid(world, world.phone())
    settle(world)
    clerk, officer = sign_in(world.clerk), sign_in(world.officer)
    text = clerk.get("/office/fees/").text
    data = dict(re.findall(r'name="(key|desk|expected)"\s+value="(\w+)"', text))
    assert clerk.post("/office/fees/", data=data | {"expected": "1"}).status_code == 409
    for _ in range(2):  # a double click is one list
        assert clerk.post("/office/fees/", data=data).status_code == 302
    [made] = remittances.of(world.clerk)
    page = f"/desk/fees/{made.number}"
    assert made.number in officer.get("/desk/fees/").text
    [(_line, dossier)] = remittances.dossiers_of(made)
    assert dossier.number in officer.get(page).text
    assert officer.post(page, data={"counted": "14.000", "receipt": "0001"}).status_code == 422
    assert officer.post(f"{page}/refuse", data={"words": ""}).status_code == 422
    assert sign_in(world.strange_officer).get(page).status_code == 404
    assert officer.post(page, data={"counted": "15.000 đ", "receipt": "0001"}).status_code == 302
    assert "0001" in clerk.get("/office/fees/").text
    db.session.rollback()
    assert money.purse(world.desk.party_id).fee == 15_000
    day = clerk.get(f"/office/money/day/{MONDAY:%Y-%m-%d}").text
    assert world.courier.name in day and "60.000\u00a0đ" in day
    assert clerk.get("/office/money/day/zz").status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "today"])
def test_a_day_nobody_can_mean_is_said_to_be_none(world: World, sign_in: Any, day: str) -> None:
    clerk, dispatcher = sign_in(world.clerk), sign_in(world.dispatcher)
    for client, page in ((clerk, "/office/money/day/"), (dispatcher, "/dispatch/")):
        answer = client.get(page + day)
        assert answer.status_code == 422 and "2026-08-28" in answer.text, page


def test_the_till_says_who_has_advanced_what_and_pays_the_courier_back(world: World, sign_in: Any) -> None:
    gave_back_of_their_own(world)
    clerk, purse = sign_in(world.clerk), f"/office/money/{world.courier.id}"
    home = clerk.get("/office/money/").text
    assert "bưu tá ứng 15.000\u00a0đ" in home and "-15.000" not in re.sub(
        r'(?s)data-label="Lệ phí[^>]*>[^<]*', "", home
    )
    page = clerk.get(purse).text
    assert "Bưu cục nợ lại bưu tá" in page and 'name="counted"' not in page and 'name="reason"' not in page
    assert clerk.post(f"{purse}/advance", data={"expected": "15000", "pin": ""}).status_code == 422
    wrong = clerk.post(f"{purse}/advance", data={"expected": "15000", "pin": "000000"})
    assert wrong.status_code == 422 and "PIN" in wrong.text
    assert sign_in(world.stranger).post(f"{purse}/advance", data={}).status_code == 404
    assert clerk.post(f"{purse}/advance", data={"expected": "15000", "pin": World.PIN}).status_code == 302
    db.session.rollback()
    assert money.purse(world.courier.party_id) == money.Purse()
    assert 'name="counted"' in clerk.get(purse).text and "bưu tá ứng" not in clerk.get("/office/money/").text


def test_the_till_names_what_it_has_advanced_for_a_ward(world: World, sign_in: Any) -> None:
    packet = paid(world, world.phone(), BANK)
    made = hand_over(world)
    atomically(remittances.receive, made, world.act(world.officer), made.amount, "0001")
    atomically(corrections.call_off, world.fresh(packet), world.act(world.clerk))
    clerk, pages = sign_in(world.clerk), ("/office/money/", f"/office/money/day/{calendar.today(now())}")
    assert not any("Ứng thay phường" in clerk.get(page).text for page in pages)
    hand_out(world, handed_in(world, world.fresh(packet)), fee_back=True)
    (one,) = remittances.advanced(world.post)
    for page in pages:
        text = clerk.get(page).text
        assert "Ứng thay phường: 15.000\u00a0đ" in text and f'href="/exceptions/{one.task.id}"' in text, page
        assert "không phải thiếu quỹ" in text
    assert "Ứng thay phường" not in clerk.get("/office/money/day/2026-01-05").text
