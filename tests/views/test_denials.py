"""What a citizen says against the record by the secret link: quietly offered, asked twice, and a person looks at it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from app.db import db
from app.domain import booking, lookups
from app.domain.codes import Purpose
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.tasks import Task, TaskKind
from app.integrations import wording
from tests.domain.test_stickers import settled, sticker, used
from tests.views.test_tracking import link
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold", "ticking_monday")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


def delivered(world: World, *, proven: bool = True) -> Packet:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    said = ("CODE", world.code(packet, Purpose.DELIVER)) if proven else ("WET_CLAIMED", "")
    taker = packet.dossier.citizen.party_id if proven else phone.party
    world.record(phone.scan(packet, "deliver", taker=taker, proof=[said]))
    return world.fresh(packet)


def say(client: FlaskClient, packet: Packet) -> Any:
    """Open the page, read what it would send, send it."""
    page = client.get(f"{link(packet)}/deny")
    reason = re.search(r'name="reason" value="(\w+)"', page.text)
    assert page.status_code == 200 and reason, page.status_code
    return client.post(f"{link(packet)}/deny", data={"reason": reason[1]}, follow_redirects=True)


def test_it_was_not_me_puts_the_delivery_before_a_person_and_the_courier_answers(
    world: World, client: FlaskClient
) -> None:
    packet = delivered(world)
    assert packet.state is State.DELIVERED
    story = client.get(link(packet)).text
    assert f'href="{link(packet)}/deny"' in story and "Không phải ông bà nhận?" in story
    asked = client.get(f"{link(packet)}/deny").text
    assert "Hỏi người trong nhà trước" in asked and "bưu tá còn chịu trách nhiệm" in asked
    assert world.fresh(packet).state is State.DELIVERED, "to look at the question says nothing"
    after = say(client, packet).text
    assert "Đã báo" in after and "Bưu điện đang kiểm tra" in after and "/deny" not in after
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, world.courier.party_id)
    assert TaskKind.DISPUTED in set(db.session.scalars(sa.select(Task.kind)))
    told = db.session.scalars(sa.select(Message).filter_by(kind="disputed")).all()
    assert [one.phone for one in told] == [packet.dossier.citizen.phone]
    again = client.post(f"{link(packet)}/deny", data={"reason": "not_me"})
    assert again.status_code == 303, "sent twice it is one report"


def test_nothing_was_handed_over_stops_the_packet(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    assert "Chưa giao gói cho bưu tá?" in client.get(link(packet)).text
    say(client, packet)
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id) == (State.DISPUTED, packet.dossier.citizen.party_id)


def test_a_delivery_nobody_proved_is_denied_beside_where_it_is_confirmed(world: World, client: FlaskClient) -> None:
    packet = delivered(world, proven=False)
    assert packet.state is State.DELIVERED_UNVERIFIED
    page = client.get(link(packet)).text
    assert page.count(f'href="{link(packet)}/deny"') == 1 and "Báo ở đây" in page
    assert "Đúng, chưa nhận được" in client.get(f"{link(packet)}/deny").text
    say(client, packet)
    assert world.fresh(packet).state is State.DISPUTED


def test_after_three_days_a_delivery_is_denied_by_telephone_only(world: World, client: FlaskClient) -> None:
    packet = delivered(world)
    with time_machine.travel(MONDAY + timedelta(hours=72, minutes=1), tick=True):
        assert "/deny" not in client.get(link(packet)).text
        assert client.get(f"{link(packet)}/deny").status_code == 303
        client.post(f"{link(packet)}/deny", data={"reason": "not_me"})
    assert world.fresh(packet).state is State.DELIVERED


def test_what_the_record_does_not_lay_to_the_citizen_is_not_theirs_to_deny(world: World, client: FlaskClient) -> None:
    waiting, result = world.packet(), world.packet(Way.OUT)
    world.record(world.phone().scan(result, "take"))
    for packet in (waiting, result):
        assert "/deny" not in client.get(link(packet)).text
        assert client.get(f"{link(packet)}/deny").status_code == 303
    collected = world.collected(world.phone(), waiting)
    wrong = client.post(f"{link(collected)}/deny", data={"reason": "not_me"})
    assert wrong.status_code == 409 and "Sổ lúc này đã ghi khác" in wrong.text
    assert world.fresh(collected).state is State.CARRIED


# ---- one sticker at two homes -----------------------------------------------------------------------------------


def test_both_homes_of_one_sticker_are_told_that_a_person_settles_it(world: World, client: FlaskClient) -> None:
    here, there, else_, blank = world.packet(), world.packet(), world.packet(), sticker(world)
    one, two = world.phone(), world.phone(world.second_courier)
    first, second = used(world, one, blank, here), used(world, two, blank, there)
    world.record(first)
    assert "Bưu tá đang giữ gói" in client.get(link(here)).text
    world.record(second)
    for packet in map(world.fresh, (here, there)):
        page = client.get(link(packet)).text
        assert "Hai nhà bị ghi cùng một nhãn" in page and page.count("Bưu điện đang kiểm tra") >= 2
        assert "Ông bà, ở nhà" not in page and "/move" not in page and "/cancel" not in page
        seen = lookups.state_by_number(packet.dossier.number, "0123", MONDAY)
        assert seen and seen.headline == "sticker_shared"
        assert booking.movable(packet.dossier) is None
        assert client.post(f"{link(packet)}/cancel").status_code == 409
    assert "Hai nhà" not in client.get(link(else_)).text
    assert two.party
    settled(world, blank, second, two.party)
    pages = [client.get(link(world.fresh(packet))).text for packet in (here, there)]
    assert "Hai nhà" not in "".join(pages) and "Bưu tá đang giữ gói" in pages[1]


def test_messages_of_a_delivery_lead_to_where_it_is_denied(world: World) -> None:
    packet = delivered(world)
    told = db.session.scalars(sa.select(Message).filter_by(kind="delivered")).one()
    assert f"/t/{packet.dossier.secret}" in wording.words(told.kind, told.values, told.language)
