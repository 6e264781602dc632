"""Another dossier at the same time: what was said once is not asked again, and shown to nobody who only has a link."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from app.db import db
from app.domain import packets, visits
from app.domain.dossiers import Dossier
from app.domain.outbox import Message
from tests.views.test_booking import answers, book
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("ticking_monday")

PRIVATE = ("Nguyễn Thị Mơ", "900 000 123", "900000123", "Mẫu Đơn", "cổng xanh")
AGAIN = "Gửi thêm hồ sơ cùng lượt"


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


@pytest.fixture
def first(world: World, client: FlaskClient) -> Dossier:
    """What `client` has just booked."""
    assert book(world, client).status_code == 303
    return db.session.scalars(sa.select(Dossier)).one()


def another(client: FlaskClient, first: Dossier) -> str:
    answer = client.post(f"/t/{first.secret}/another")
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def dossiers() -> list[Dossier]:
    return list(db.session.scalars(sa.select(Dossier).order_by(Dossier.id)))


def test_whoever_has_just_booked_sends_another_with_its_papers_and_consent_alone(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    assert AGAIN in client.get(f"/t/{first.secret}/booked").text
    assert another(client, first) == "/book"
    assert first.number in client.get("/book").text and "Bước 1 trên 3" in client.get("/book").text
    chosen = client.post(f"/procedures/{world.procedure.code}")
    assert (chosen.status_code, chosen.location) == (303, "/book/check")
    page = client.get("/book/check").text
    assert "Nguyễn Thị Mơ" in page and "12 đường Mẫu Đơn" in page and first.number in page
    key = re.search(r'name="booking_key" value="(\w{40})"', page)
    assert key and client.post("/book/check", data={"booking_key": key[1]}).status_code == 422, "consent is asked anew"
    assert client.post("/book/check", data={"booking_key": key[1], "consent": "y"}).status_code == 303
    one, two = dossiers()
    for field in ("name", "phone", "street", "notes", "call_first", "neighbourhood_id", "language", "exemption"):
        assert getattr(one.citizen, field) == getattr(two.citizen, field), field
    assert (one.return_way, one.desk_id, one.one_way) == (two.return_way, two.desk_id, two.one_way)
    found = [visits.open_visit(packet) for packet in (1, 2)]
    assert found[0] and found[1] and found[0].slot_id == found[1].slot_id and found[0].id != found[1].id
    assert one.secret != two.secret and one.booking_key != two.booking_key


def test_each_answer_that_was_taken_over_can_be_changed(world: World, client: FlaskClient, first: Dossier) -> None:
    another(client, first)
    client.post(f"/procedures/{world.procedure.code}")
    said = answers(world)["/book/who"] | {"name": "Nguyễn Văn Mít"}
    assert client.post("/book/who", data=said).location == "/book/check"
    assert client.post("/book/return", data={"way": "desk"}).location == "/book/check"
    page = client.get("/book/check").text
    assert "Nguyễn Văn Mít" in page and "Nguyễn Thị Mơ" not in page
    assert first.citizen.name == "Nguyễn Thị Mơ"


def test_the_bare_link_shows_no_name_and_no_address_and_has_a_code_sent(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    stranger = world.app.test_client()
    assert AGAIN in stranger.get(f"/t/{first.secret}").text
    assert another(stranger, first) == "/track/code"
    for page in ("/book", "/track/code"):
        assert not [private for private in PRIVATE if private in stranger.get(page).text], page
    assert stranger.get("/book/check").status_code == 410
    code = db.session.scalars(sa.select(Message).filter_by(kind="view_code")).one()
    assert code.phone == first.citizen.phone
    assert stranger.post("/track/code", data={"code": "000001"}).status_code == 422
    opened = stranger.post("/track/code", data={"code": code.values["code"]})
    assert (opened.status_code, opened.location) == (303, "/book")
    assert stranger.post(f"/procedures/{world.procedure.code}").location == "/book/check"
    assert "Nguyễn Thị Mơ" in stranger.get("/book/check").text


def test_details_opened_by_a_code_lead_to_another_dossier_too(
    world: World, client: FlaskClient, first: Dossier, ticking_monday: time_machine.Traveller
) -> None:
    reader = world.app.test_client()
    assert reader.post("/track/another").location == "/track"
    reader.post("/track/send", data={"number": first.number})
    code = db.session.scalars(sa.select(Message).filter_by(kind="view_code")).one()
    assert reader.post("/track/code", data={"code": code.values["code"]}).location == "/track/details"
    page = reader.get("/track/details").text
    assert "/track/another" in page and first.secret not in page
    assert reader.post("/track/another").location == "/book"
    ticking_monday.shift(timedelta(minutes=16))
    assert reader.post("/track/another").location == "/track"


def test_a_browser_knows_for_an_hour_what_it_booked_and_asks_for_a_code_after_that(
    world: World, client: FlaskClient, first: Dossier, ticking_monday: time_machine.Traveller
) -> None:
    ticking_monday.shift(timedelta(minutes=61))
    assert another(client, first) == "/track/code"


def test_who_got_another_number_meanwhile_is_asked_for_a_code(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    first.citizen.bound_at = MONDAY
    db.session.commit()
    assert another(client, first) == "/track/code"


def test_a_time_that_is_full_is_asked_for_again_and_nothing_else_is_lost(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    another(client, first)
    slot = db.session.scalars(sa.select(visits.Slot)).one()
    slot.taken = slot.places
    db.session.commit()
    client.post(f"/procedures/{world.procedure.code}")
    page = client.get("/book/check")
    assert page.status_code == 409 and "Chọn giờ khác" in page.text
    free = next(offer for offer in visits.offers(world.post, MONDAY) if offer.left)
    assert client.post("/book/time", data={"slot": free.key}).location == "/book/check"
    again = client.get("/book/check").text
    assert "Nguyễn Thị Mơ" in again and "cùng lượt" not in again.split("<h1")[1], "it no longer goes along"


def test_nothing_goes_along_with_a_visit_that_is_over_called_off_or_begins_too_soon(
    world: World, client: FlaskClient, first: Dossier, ticking_monday: time_machine.Traveller
) -> None:
    slot = db.session.scalars(sa.select(visits.Slot)).one()
    with time_machine.travel(visits.starts_at(slot.day, slot.opens) - timedelta(minutes=119), tick=True):
        assert AGAIN not in client.get(f"/t/{first.secret}/booked").text
        assert client.post(f"/t/{first.secret}/another").status_code == 409
    client.post(f"/t/{first.secret}/cancel")
    assert AGAIN not in client.get(f"/t/{first.secret}").text
    refused = client.post(f"/t/{first.secret}/another")
    assert refused.status_code == 409 and "Đặt một lượt mới" in refused.text


def test_a_fixed_line_gets_no_code_so_only_the_browser_of_the_booking_offers_it(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    first.citizen.phone = "+842838123456"
    db.session.commit()
    assert AGAIN in client.get(f"/t/{first.secret}").text
    assert AGAIN not in world.app.test_client().get(f"/t/{first.secret}").text


# ---- moving and calling off together -----------------------------------------------------------------------------


@pytest.fixture
def second(world: World, client: FlaskClient, first: Dossier) -> Dossier:
    """Booked to go along with the first."""
    return beside(world, client, first)


def beside(world: World, client: FlaskClient, first: Dossier, **who: str) -> Dossier:
    another(client, first)
    client.post(f"/procedures/{world.procedure.code}")
    if who:
        client.post("/book/who", data=answers(world)["/book/who"] | who)
    key = re.search(r'name="booking_key" value="(\w{40})"', client.get("/book/check").text)
    assert key and client.post("/book/check", data={"booking_key": key[1], "consent": "y"}).status_code == 303
    return dossiers()[-1]


def slot_of(dossier: Dossier) -> visits.Slot | None:
    db.session.rollback()
    visit = visits.open_visit(packets.of_dossier(dossier.id)[0].id)
    return visit and visit.slot


def later(world: World) -> visits.Offer:
    return next(one for one in visits.offers(world.post, MONDAY) if one.day > MONDAY.date() and one.opens.hour == 13)


def test_each_page_says_what_goes_along(world: World, client: FlaskClient, first: Dossier, second: Dossier) -> None:
    for one, other in ((first, second), (second, first)):
        for page in ("", "/booked"):
            told = client.get(f"/t/{one.secret}{page}").text.replace("\u00a0", " ")
            assert f"Gửi cùng lượt với {other.number}" in re.sub(r"<[^>]+>", "", told), page


def test_what_is_to_be_paid_for_all_of_them_is_said_beside_the_price_of_each(
    client: FlaskClient, first: Dossier, second: Dossier
) -> None:
    for page in ("", "/booked"):
        told = re.sub(r"<[^>]+>|\s", " ", client.get(f"/t/{first.secret}{page}").text)
        (alone,) = set(re.findall(r"Tổng cộng\s+([\d.]+) đ", told))
        (whole,) = re.findall(r"Cả lượt trả ([\d.]+) đ", told)
        assert int(whole.replace(".", "")) == 2 * int(alone.replace(".", "")) > 0
    called_in_vain(first, second)
    assert "Cả lượt trả" not in client.get(f"/t/{first.secret}").text


def test_moving_one_moves_the_other_unless_the_tick_is_taken_out(
    world: World, client: FlaskClient, first: Dossier, second: Dossier
) -> None:
    stranger, offer = world.app.test_client(), later(world)
    page = stranger.get(f"/t/{second.secret}/move").text
    assert first.number in page and re.search(r'name="whole"[^>]*\schecked', page)
    moved = stranger.post(f"/t/{second.secret}/move", data={"slot": offer.key, "whole": "y"}, follow_redirects=True)
    assert first.number in moved.text.split("<h1")[0], "which one went along"
    assert {(slot.day, slot.opens) for one in (first, second) if (slot := slot_of(one))} == {(offer.day, offer.opens)}
    told = db.session.scalars(sa.select(Message).filter_by(kind="rebooked")).all()
    assert {message.values["number"] for message in told} == {first.number, second.number}
    back = visits.offers(world.post, MONDAY)[-1]
    stranger.post(f"/t/{second.secret}/move", data={"slot": back.key})
    one, two = slot_of(first), slot_of(second)
    assert one and two and (one.day, two.day) == (offer.day, back.day)
    assert first.number not in stranger.get(f"/t/{second.secret}/move").text, "no longer at the same time"


def test_where_there_is_one_place_left_neither_moves(
    world: World, client: FlaskClient, first: Dossier, second: Dossier
) -> None:
    offer, before = later(world), slot_of(first)
    db.session.add(visits.Slot(office_id=world.post.id, day=offer.day, opens=offer.opens, closes=offer.closes, places=1, taken=0))  # fmt: skip
    db.session.commit()
    full = client.post(f"/t/{first.secret}/move", data={"slot": offer.key, "whole": "y"})
    assert full.status_code == 409
    assert slot_of(first) == slot_of(second) == before


def test_calling_one_off_leaves_the_other_unless_it_is_ticked(
    world: World, client: FlaskClient, first: Dossier, second: Dossier
) -> None:
    page = client.get(f"/t/{first.secret}/cancel").text
    assert second.number in page and not re.search(r'name="whole"[^>]*\schecked', page)
    assert "không ai đến" not in page, "the courier comes for the other all the same"
    third = beside(world, client, second)
    client.post(f"/t/{first.secret}/cancel")
    assert [bool(slot_of(one)) for one in (first, second, third)] == [False, True, True]
    client.post(f"/t/{third.secret}/cancel", data={"whole": "y"})
    assert [bool(slot_of(one)) for one in (first, second, third)] == [False, False, False]


def test_where_nothing_goes_along_nobody_comes_when_it_is_called_off(client: FlaskClient, first: Dossier) -> None:
    assert "không ai đến" in client.get(f"/t/{first.secret}/cancel").text


def called_in_vain(*met_nobody: Dossier) -> None:
    for one in met_nobody:
        visit = visits.open_visit(packets.of_dossier(one.id)[0].id)
        assert visit
        visit.state = visits.VisitState.MISSED
    db.session.commit()


def test_after_a_call_in_vain_one_new_time_serves_both(
    world: World, client: FlaskClient, first: Dossier, second: Dossier
) -> None:
    called_in_vain(first, second)
    offer, page = later(world), client.get(f"/t/{second.secret}/move").text
    assert first.number in page and re.search(r'name="whole"[^>]*\schecked', page)
    client.post(f"/t/{second.secret}/move", data={"slot": offer.key, "whole": "y"})
    assert {(slot.day, slot.opens) for one in (first, second) if (slot := slot_of(one))} == {(offer.day, offer.opens)}
    assert first.number in client.get(f"/t/{second.secret}/move").text


def test_what_the_courier_still_comes_for_is_not_moved_with_what_was_called_for_in_vain(
    world: World, client: FlaskClient, first: Dossier, second: Dossier
) -> None:
    before = slot_of(first)
    called_in_vain(second)
    for one, other in ((first, second), (second, first)):
        assert other.number not in client.get(f"/t/{one.secret}/move").text
    client.post(f"/t/{second.secret}/move", data={"slot": later(world).key, "whole": "y"})
    assert slot_of(first) == before != slot_of(second)


def test_whoever_knows_phone_and_address_alone_has_no_business_with_what_else_is_collected_there(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    other = world.app.test_client()
    assert book(world, other).status_code == 303
    mine = dossiers()[-1]
    assert slot_of(mine) == slot_of(first)
    for page in ("", "/booked", "/move", "/cancel"):
        assert first.number not in other.get(f"/t/{mine.secret}{page}").text, page
    other.post(f"/t/{mine.secret}/cancel", data={"whole": "y"})
    assert slot_of(first)


def test_one_that_became_another_homes_on_the_check_page_or_later_goes_along_no_more(
    world: World, client: FlaskClient, first: Dossier
) -> None:
    apart = beside(world, client, first, phone="0900 000 456")
    assert apart.beside_id is None and apart.number not in client.get(f"/t/{first.secret}/move").text
    second = beside(world, client, apart, phone="0900 000 456")
    assert second.beside_id == apart.id
    second.citizen.phone = "+84900000789"
    db.session.commit()
    assert second.number not in client.get(f"/t/{apart.secret}/move").text
