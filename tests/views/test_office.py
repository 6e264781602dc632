"""The post office's pages: one scan, one form; a stranger's counter finds nothing."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import booking, numbers, visits
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from tests.conftest import signing_in
from tests.views.test_desk import seen
from tests.world import MONDAY, World

COUNTED = {
    "sheets_1": "1",
    "sheets_2": "1",
    "sheets_4": "0",
    "seal": "NP 0045 821",
    "paid_by": "cash",
    "receipt": "000321",
}


def url(packet: Packet, act: str = "") -> str:
    return f"/office/packets/{packet.number}" + (f"/{act}" if act else "")


def test_the_citizen_brings_the_papers(app: Any, world: World) -> None:
    client = signing_in(app)(world.clerk)
    packet = world.packet()
    data = COUNTED | {"head": seen(client.get(url(packet)).text), "code": world.code(packet)}
    wrong = client.post(url(packet, "accept"), data=data | {"code": "000000"})
    assert (wrong.status_code, world.fresh(packet).state) == (422, State.WAITING)
    assert client.post(url(packet, "accept"), data=data).status_code == 302
    assert client.post(url(packet, "accept"), data=data).status_code == 302
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id, packet.seq) == (State.AT_POST, world.post.party_id, 1)


def test_a_cancelled_booking_is_not_taken_in(world: World, sign_in: Any) -> None:
    packet = world.packet()
    atomically(booking.cancel, packet.dossier, world.act(None))
    for user, page in ((world.clerk, url(packet)), (world.officer, f"/desk/packets/{packet.number}")):
        text = sign_in(user).get(page).text
        assert "Người dân đã hủy lịch" in text and "giấy tờ vẫn ở nhà" in text
        assert "chờ bưu tá đến nhận" not in text and 'name="seal"' not in text


def test_the_number_a_citizen_knows_stands_before_the_packets_own(world: World, sign_in: Any) -> None:
    atomically(numbers.load_pool, "RZ", 1, 99, MONDAY, is_test=True)
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit and packet.number != packet.dossier.number
    world.on_round(packet)
    day = f"/dispatch/{visit.slot.day}"
    world.collected(world.phone(), packet)
    for user, page in ((world.clerk, "/office/"), (world.officer, "/desk/"), (world.dispatcher, day)):
        text = sign_in(user).get(page).text.split("<tbody>")[1]
        assert text.index(f">{packet.dossier.number}<") < text.index(f">{packet.number}<"), page


def test_a_courier_hands_in_and_the_list_shows_it(world: World, sign_in: Any) -> None:
    client = sign_in(world.clerk)
    packet = world.collected(world.phone())
    assert packet.number in client.get("/office/?list=coming").text
    data = {"head": seen(client.get(url(packet)).text), "seal": "NP0045821"}
    assert client.post(url(packet, "hand-in"), data=data | {"head": "zz"}).status_code == 409
    assert client.post(url(packet, "hand-in"), data=data).status_code == 302
    assert world.fresh(packet).state == State.AT_POST
    assert packet.number in client.get("/office/?list=here").text
    for name in ("call", "unproven", "no such list"):
        assert client.get("/office/", query_string={"list": name}).status_code == 200


def test_a_result_is_handed_out_with_the_signed_slip(world: World, sign_in: Any) -> None:
    client = sign_in(world.clerk)
    packet = world.packet(Way.OUT)
    client.post(url(packet, "hand-in"), data={"head": packet.head.hex(), "seal": "NP0045821"})
    data = {"head": seen(client.get(url(packet)).text), "seal": "NP0045821"}
    assert client.post(url(packet, "hand-out"), data=data).status_code == 422
    assert client.post(url(packet, "hand-out"), data=data | {"paper": "y"}).status_code == 302
    assert world.fresh(packet).state == State.DELIVERED


def test_a_claimed_delivery_is_proven_by_the_slip_or_the_code(world: World, sign_in: Any) -> None:
    client, phone, packet = sign_in(world.clerk), world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    world.record(phone.scan(packet, "deliver", giver=phone.party, taker=phone.party, proof=[("WET_CLAIMED", "")]))
    packet = world.fresh(packet)
    assert packet.number in client.get("/office/?list=unproven").text
    code = world.code(packet, Purpose.DELIVER)
    assert client.post(url(packet, "confirm"), data={"code": code}).status_code == 302
    assert world.fresh(packet).state == State.DELIVERED


def test_a_slip_is_printed_again_with_a_reason(world: World, sign_in: Any) -> None:
    client = sign_in(world.clerk)
    packet = world.packet()
    assert client.post(url(packet, "reprint"), data={"reason": ""}).status_code == 422
    assert client.post(url(packet, "reprint"), data={"reason": "damaged"}).status_code == 302
    assert world.fresh(packet).slip.issue == 2
    pdf = client.get(url(packet, "slip.pdf"))
    assert pdf.mimetype == "application/pdf"
    old = client.get("/office/find", query_string={"code": world.fresh(packet).slips[0].token}, follow_redirects=True)
    assert old.status_code == 200 and "notice tone-warning" in old.text


@pytest.mark.parametrize("act", ["accept", "hand-in", "hand-out", "confirm", "reprint"])
def test_a_stranger_and_another_role_move_nothing(world: World, sign_in: Any, act: str) -> None:
    packet = world.packet()
    assert sign_in(world.stranger).post(url(packet, act), data={}).status_code == 404
    assert sign_in(world.officer).post(url(packet, act), data={}).status_code == 403
    assert (world.fresh(packet).state, len(packet.slips)) == (State.WAITING, 1)


def test_a_stranger_finds_no_page_and_a_scanned_slip_names_the_office(world: World, sign_in: Any) -> None:
    client, packet = sign_in(world.stranger), world.packet()
    assert client.get(url(packet)).status_code == client.get(url(packet, "slip.pdf")).status_code == 404
    scanned = client.get("/office/find", query_string={"code": packet.slip.token})
    assert (scanned.status_code, world.post.name in scanned.text) == (409, True)


def test_five_wrong_codes_close_the_counter_for_a_while(world: World, sign_in: Any) -> None:
    client, packet = sign_in(world.clerk), world.packet()
    data = COUNTED | {"head": packet.head.hex(), "code": "000000"}
    statuses = [client.post(url(packet, "accept"), data=data).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    assert db.session.scalar(sa.select(Packet.state).filter_by(id=packet.id)) == State.WAITING
    assert client.post(url(packet, "accept"), data=data | {"paper": "y"}).status_code == 302


def test_a_packet_on_its_way_in_is_first_of_all_a_couriers(world: World, sign_in: Any) -> None:
    client, packet = sign_in(world.clerk), world.collected(world.phone())
    client.post(url(packet, "hand-in"), data={"head": packet.head.hex(), "seal": "NP0045821"})
    page = client.get(url(packet)).text
    before = page[: page.index(url(packet, "hand-out"))]
    assert 'class="notice' in before and "<details" in before
