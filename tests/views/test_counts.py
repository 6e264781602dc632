"""What a scan of a bag is answered with: the page's address, the page, or only what changes on it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.packets import Packet
from tests.world import World

PREFERS = {"Prefer": "return=representation"}


@pytest.fixture
def bag(world: World) -> list[Packet]:
    phone = world.phone()
    return [world.collected(phone) for _ in range(4)]


@pytest.fixture
def officer(world: World, sign_in: Any) -> FlaskClient:
    found: FlaskClient = sign_in(world.officer)
    return found


def scan(world: World, client: FlaskClient, packet: Packet, shown: int) -> Any:
    path = f"/desk/counts/{world.courier.id}/scan"
    return client.post(path, data={"code": packet.number, "shown": shown}, headers=PREFERS)


def is_piece(answer: Any) -> bool:
    return "data-piece" in answer.text


def test_without_a_wish_a_scan_leads_to_the_page(world: World, officer: FlaskClient, bag: list[Packet]) -> None:
    answer = officer.post(f"/desk/counts/{world.courier.id}/scan", data={"code": bag[0].number, "shown": "0"})
    assert answer.status_code == 302 and bag[0].number in answer.headers["Location"]


def test_the_first_and_the_last_scan_are_answered_with_the_page_and_what_is_between_with_its_row(
    world: World, officer: FlaskClient, bag: list[Packet]
) -> None:
    first, second, third, last = (scan(world, officer, packet, shown) for shown, packet in enumerate(bag))
    assert not is_piece(first) and "<h1" in first.text
    assert is_piece(second) and is_piece(third) and "<h1" not in second.text
    assert bag[1].number in second.text and bag[0].number not in second.text and "2 gói chưa thấy" in second.text
    assert not is_piece(last) and all(packet.number in last.text for packet in bag)
    assert {answer.status_code for answer in (first, second, third, last)} == {200}
    page = officer.get(second.headers["Content-Location"]).text
    assert bag[1].number in page.split('id="bag"')[0], "the address is the page's own, with the scan on top"


def test_a_page_that_has_not_seen_a_colleagues_scan_is_answered_whole(
    world: World, officer: FlaskClient, bag: list[Packet]
) -> None:
    scan(world, officer, bag[0], 0)
    scan(world, officer, bag[1], 1)  # the colleague's
    answer = scan(world, officer, bag[2], 1)
    assert not is_piece(answer) and all(packet.number in answer.text for packet in bag)


def test_what_is_no_plain_scan_is_answered_with_the_page(world: World, officer: FlaskClient, bag: list[Packet]) -> None:
    foreign = world.collected(world.phone(world.second_courier))
    scan(world, officer, bag[0], 0)
    again, surplus = scan(world, officer, bag[0], 1), scan(world, officer, foreign, 1)
    assert not is_piece(again) and not is_piece(surplus) and "thừa" in surplus.text
    refused = officer.post(
        f"/desk/counts/{world.courier.id}/scan", data={"code": "HS-1", "shown": "2"}, headers=PREFERS
    )
    assert refused.status_code == 422 and 'role="alert"' in refused.text and "Content-Location" not in refused.headers


def test_a_packet_scanned_twice_is_said_to_be_and_counts_once(
    world: World, officer: FlaskClient, bag: list[Packet]
) -> None:
    scan(world, officer, bag[0], 0)
    again = scan(world, officer, bag[0], 1)
    assert again.status_code == 200 and "đã quét rồi" in again.text.split('id="bag"')[0]
    assert "<b>1</b>đã quét" in again.text and "icon-check" not in again.text.split('id="bag"')[0].split('id="said"')[1]
    followed = officer.get(again.headers["Content-Location"])
    assert "đã quét rồi" in followed.text.split('id="bag"')[0]
    assert "đã quét rồi" not in scan(world, officer, bag[1], 1).text
    once = officer.post(f"/desk/counts/{world.courier.id}/scan", data={"code": bag[1].number, "shown": "2"})
    assert "again" in once.headers["Location"]
