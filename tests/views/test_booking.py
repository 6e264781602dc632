"""The booking pages, walked by somebody without scripts: one question a page, nothing lost, bad answers explained."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import atomically, db
from app.domain import bands, booking, parties, postage, visits
from app.domain.bands import Band
from app.domain.dossiers import Dossier
from app.domain.drafts import Draft
from app.domain.outbox import Message
from app.domain.parties import PartyKind
from app.domain.places import Office, OfficeHours, OfficeKind
from app.domain.procedures import Procedure
from app.domain.visits import Slot
from tests.domain.test_any_desk import free
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("ticking_monday")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


def begun(world: World, client: FlaskClient) -> FlaskClient:
    answer = client.post(f"/procedures/{world.procedure.code}")
    assert (answer.status_code, answer.location) == (303, "/book/ward")
    return client


def a_slot(world: World, at: int = 0) -> str:
    return visits.offers(world.post, MONDAY)[at].key


def answers(world: World) -> dict[str, dict[str, Any]]:
    return {
        "/book/ward": {"ward": world.neighbourhood.ward_id},
        "/book/address": {
            "neighbourhood": world.neighbourhood.id, "street": "12 đường Mẫu Đơn", "notes": "cổng xanh",
            "call_first": "y",
        },
        "/book/time": {"slot": a_slot(world)},
        "/book/who": {"name": "Nguyễn Thị Mơ", "phone": "0900 000 123", "second_name": "", "second_phone": ""},
        "/book/return": {"way": "home"},
    }  # fmt: skip


def filled(world: World, client: FlaskClient, desk: dict[str, Any] | None = None) -> str:
    """Every question answered, that of the desk where it is asked; the check page's booking key."""
    page = "/book/ward"
    begun(world, client)
    for asked, data in answers(world).items():
        if desk and page == "/book/desk":
            page = client.post(page, data=desk).location
        assert page == asked
        answer = client.post(page, data=data)
        assert answer.status_code == 303, answer.text
        page = answer.location
    assert page == "/book/check"
    key = re.search(r'name="booking_key" value="(\w{40})"', client.get(page).text)
    assert key
    return key[1]


def book(world: World, client: FlaskClient) -> TestResponse:
    return client.post("/book/check", data={"booking_key": filled(world, client), "consent": "y"})


def test_a_visit_is_booked_in_seven_pages_without_scripts(world: World, client: FlaskClient) -> None:
    answer = book(world, client)
    dossier = db.session.scalars(sa.select(Dossier)).one()
    assert (answer.status_code, answer.location) == (303, f"/t/{dossier.secret}/booked")
    assert dossier.citizen.notes == "cổng xanh" and dossier.citizen.call_first
    page = client.get(answer.location).text
    assert dossier.number in page and "<svg" in page and "visit.ics" in page
    assert "0900 000 123" not in page and "Nguyễn Thị Mơ" not in page
    assert db.session.scalars(sa.select(Draft.answers)).all() == [{"booked": dossier.id}]


@pytest.mark.parametrize(
    ("pages", "chosen", "kept"), [("vi", None, "vi"), ("en", None, "en"), ("vi", "en", "en"), ("en", "vi", "vi")]
)
def test_messages_are_in_the_language_of_the_pages_unless_another_is_chosen(
    world: World, client: FlaskClient, pages: str, chosen: str | None, kept: str
) -> None:
    """Whoever books for somebody else, at a counter or by phone, chooses theirs."""
    client.set_cookie("language", pages)
    key = filled(world, client)
    asked = client.get("/book/who").text
    assert re.search(rf'value="{pages}"[^>]*checked', asked), asked
    if chosen:
        assert client.post("/book/who", data=answers(world)["/book/who"] | {"language": chosen}).status_code == 303
    name = {"vi": "Tiếng Việt", "en": "English"}[kept]
    assert re.search(rf"<dt>(Tin nhắn|Messages)</dt><dd[^>]*><span>{name}", client.get("/book/check").text)
    assert client.post("/book/check", data={"booking_key": key, "consent": "y"}).status_code == 303
    dossier = db.session.scalars(sa.select(Dossier)).one()
    assert dossier.citizen.language == kept
    assert {message.language for message in db.session.scalars(sa.select(Message))} == {kept}


def test_a_language_nobody_offers_is_refused_at_its_field(world: World, client: FlaskClient) -> None:
    filled(world, client)
    answer = client.post("/book/who", data=answers(world)["/book/who"] | {"language": "fr"})
    assert answer.status_code == 422 and 'id="language-error"' in answer.text


def test_going_back_after_a_booking_leads_to_it_and_books_no_second_one(world: World, client: FlaskClient) -> None:
    first = book(world, client)
    for page in ("/book/ward", "/book/who", "/book/check"):
        back = client.get(page)
        assert back.status_code == 410 and "Đã đặt lịch rồi" in back.text and first.location in back.text
        assert "Xin làm lại từ đầu" not in back.text
    with time_machine.travel(MONDAY + timedelta(minutes=61), tick=False):
        assert first.location not in (later := client.get("/book/who").text) and "Xin làm lại từ đầu" in later
    assert first.location not in world.app.test_client().get("/book/who").text
    other = book(world, client)
    assert other.status_code == 303 and other.location != first.location
    assert len(list(db.session.scalars(sa.select(Dossier)))) == 2


@pytest.mark.parametrize(
    ("page", "over", "says"),
    [
        ("who", {"name": "12345 --"}, "ít nhất hai chữ cái"),
        ("who", {"name": "Mận 😀"}, "Không in được: 😀"),
        ("who", {"proxy": "王小明"}, "Không in được: 王小明"),
        ("address", {"street": "!!!!"}, "Bưu tá không tìm được địa chỉ này"),
        ("address", {"notes": "cổng xanh 👍"}, "Không in được: 👍"),
    ],
)
def test_what_no_paper_can_bear_is_refused_at_its_field(
    world: World, client: FlaskClient, page: str, over: dict[str, str], says: str
) -> None:
    filled(world, client)
    place = str(world.neighbourhood.id)
    data = {"who": {"name": "Mận", "phone": "0900000123"}, "address": {"street": "1 Mẫu Đơn", "neighbourhood": place}}
    answer = client.post(f"/book/{page}", data=data[page] | over)
    (field,) = over
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and says in answer.text


def test_answers_are_neither_in_the_cookie_nor_in_the_address(world: World, client: FlaskClient) -> None:
    filled(world, client)
    cookie = client.get_cookie("hs-draft")
    assert cookie and cookie.http_only and len(cookie.value) == 43
    draft = db.session.scalars(sa.select(Draft)).one()
    assert draft.answers["name"] == "Nguyễn Thị Mơ"


def test_the_button_pressed_twice_books_once_and_shows_the_same_page(world: World, client: FlaskClient) -> None:
    key = filled(world, client)
    first = client.post("/book/check", data={"booking_key": key, "consent": "y"})
    second = client.post("/book/check", data={"booking_key": key, "consent": "y"})
    assert first.location == second.location
    assert len(list(db.session.scalars(sa.select(Dossier)))) == 1


@pytest.mark.parametrize(
    ("district", "price", "why"),
    [(True, "26.000", "cùng một quận, huyện cũ"), (False, "30.000", "thuộc hai quận, huyện cũ")],
)
def test_the_price_is_said_with_its_reason_and_law_before_it_is_owed(
    world: World, client: FlaskClient, district: bool, price: str, why: str
) -> None:
    free(world)
    home, there = world.neighbourhood.ward, db.session.get_one(Office, world.other_desk.id)
    if district:
        bands.settle(home, there.ward, Band.DISTRICT)
        db.session.commit()
    key = filled(world, client, desk={"desk": there.id})
    for page in ("/book/desk", "/book/return", "/book/check"):
        text = client.get(page).text.replace("\u00a0", " ")
        assert f"{price} đ" in text, page
        assert page == "/book/desk" or (why in text and "TT 22/2017/TT-BTTTT" in text), page
    assert client.post("/book/check", data={"booking_key": key, "consent": "y"}).status_code == 303
    dossier = db.session.scalars(sa.select(Dossier)).one()
    assert f"{dossier.one_way:,}".replace(",", ".") == price
    assert postage.bill_of(dossier).lines[0].amount == dossier.one_way


def test_consent_is_never_ticked_beforehand_and_never_skipped(world: World, client: FlaskClient) -> None:
    key = filled(world, client)
    assert "checked" not in client.get("/book/check").text.split('name="consent"')[1].split(">")[0]
    answer = client.post("/book/check", data={"booking_key": key})
    assert answer.status_code == 422
    assert not list(db.session.scalars(sa.select(Dossier)))


def test_a_time_taken_meanwhile_asks_that_question_again_and_keeps_the_rest(world: World, client: FlaskClient) -> None:
    key = filled(world, client)
    offer = visits.offers(world.post, MONDAY)[0]
    db.session.add(
        Slot(office_id=world.post.id, day=offer.day, opens=offer.opens, closes=offer.closes, places=3, taken=3)
    )
    db.session.commit()
    answer = client.post("/book/check", data={"booking_key": key, "consent": "y"})
    assert answer.status_code == 409
    assert f'value="{offer.key}"' in answer.text and "disabled" in answer.text
    answer = client.post("/book/time", data={"slot": a_slot(world, 1)})
    assert answer.location == "/book/check"
    assert "Nguyễn Thị Mơ" in client.get("/book/check").text


def test_changing_the_ward_asks_again_only_what_hangs_on_it(world: World, client: FlaskClient) -> None:
    filled(world, client)
    other = next(ward for ward in booking.wards_to_name(MONDAY) if ward.name == "An Bình")
    assert client.post("/book/ward", data={"ward": other.id}).location == "/book/address"
    page = client.get("/book/address").text
    assert "12 đường Mẫu Đơn" in page and "Bình Đường 1" in page and "Nhị Đồng 1" not in page
    (place,) = booking.neighbourhoods_named(other, MONDAY)
    answer = client.post("/book/address", data={"neighbourhood": place.id, "street": "9"})
    assert answer.location == "/book/time"
    assert client.post("/book/time", data={"slot": a_slot(world)}).location == "/book/check"


def test_a_procedure_that_is_no_more_leads_to_the_search(client: FlaskClient) -> None:
    answer = client.get("/procedures/9.999999")
    assert answer.status_code == 404
    assert 'href="/book"' in answer.text and "Theo dõi bằng mã" not in answer.text


def test_another_procedure_keeps_the_answers(world: World, client: FlaskClient) -> None:
    filled(world, client)
    assert client.post(f"/procedures/{world.procedure.code}").location == "/book/check"


def test_the_desk_is_asked_for_only_where_there_is_a_choice_and_can_be_changed(
    world: World, client: FlaskClient
) -> None:
    data = answers(world)
    procedure = db.session.get_one(Procedure, world.procedure.id)
    procedure.any_desk, procedure.any_desk_basis = True, "NĐ 118/2025/NĐ-CP"
    db.session.commit()
    begun(world, client)
    client.post("/book/ward", data=data["/book/ward"])
    assert client.post("/book/address", data=data["/book/address"]).location == "/book/desk"
    page = client.get("/book/desk").text
    assert "Nộp ở đâu?" in page and "Phường Đông Hòa" in page and "NĐ 118/2025/NĐ-CP" in page
    assert re.search(rf'value="{world.desk.id}"[^>]* checked', page), (
        "the desk of the address, unless another is chosen"
    )
    assert re.search(r"chậm nhất\s1\sngày", page) and re.search(r"chậm nhất\s2\sngày", page)
    wrong = client.post("/book/desk", data={"desk": world.post.id})
    assert wrong.status_code == 422 and "Nơi khác không nhận hồ sơ này" in wrong.text
    assert client.post("/book/desk", data={"desk": world.other_desk.id}).location == "/book/time"
    for asked in ("/book/time", "/book/who"):
        client.post(asked, data=data[asked])
    back = client.get("/book/return").text
    assert "Phường Đông Hòa" in back and "Phường Dĩ An" not in back
    assert client.post("/book/return", data={"way": "desk"}).location == "/book/check"
    check = client.get("/book/check").text
    assert "Phường Đông Hòa" in check and 'href="/book/desk"' in check

    assert client.post("/book/desk", data={"desk": world.desk.id}).location == "/book/check"
    assert "Phường Đông Hòa" not in client.get("/book/check").text
    client.post("/book/desk", data={"desk": world.other_desk.id})
    assert client.post("/book/address", data=data["/book/address"]).location == "/book/check", "the same house"
    key = re.search(r'name="booking_key" value="(\w{40})"', client.get("/book/check").text)
    assert key
    made = client.post("/book/check", data={"booking_key": key[1], "consent": "y"})
    dossier = db.session.scalars(sa.select(Dossier)).one()
    assert dossier.desk_id == world.other_desk.id and "Phường Đông Hòa" in client.get(made.location).text


def test_many_desks_are_a_list_to_choose_from(world: World, client: FlaskClient) -> None:
    def add() -> int:
        procedure = db.session.get_one(Procedure, world.procedure.id)
        procedure.any_desk, procedure.any_desk_basis = True, "NĐ 118/2025/NĐ-CP"
        for nth in range(6):
            party = parties.new(PartyKind.DESK)
            db.session.flush()
            made = Office(
                kind=OfficeKind.DESK, code=f"WD-9{nth}", name=f"Phường Dĩ An, quầy {nth}", ward_id=world.other_desk.ward_id,
                party_id=party.id, address="2 đường Mẫu", phone="0900 000 000", lat=10.9, lon=106.7,
                hours=[OfficeHours(weekday=0, opens=time(7, 30), closes=time(17))],
            )  # fmt: skip
            db.session.add(made)
        db.session.flush()
        return made.id

    last, data = atomically(add), answers(world)
    begun(world, client)
    for asked in ("/book/ward", "/book/address"):
        client.post(asked, data=data[asked])
    page = client.get("/book/desk").text
    assert re.search(rf'<option value="{world.desk.id}" selected', page) and page.count("<option") == 8
    assert client.post("/book/desk", data={"desk": last}).location == "/book/time"
    assert re.search(rf'<option value="{last}" selected', client.get("/book/desk").text)


def test_a_desk_that_may_not_receive_it_is_refused_in_words_and_the_rest_is_kept(
    world: World, client: FlaskClient
) -> None:
    filled(world, client)
    assert client.get("/book/desk").location == "/book/check", "no choice, no question"
    assert 'href="/book/desk"' not in client.get("/book/check").text
    answer = client.post("/book/desk", data={"desk": world.other_desk.id})
    assert answer.status_code == 422 and "Nơi khác không nhận hồ sơ này" in answer.text
    draft = db.session.scalars(sa.select(Draft)).one()
    draft.answers = draft.answers | {"desk_id": world.other_desk.id}  # it was free when it was chosen
    db.session.commit()
    for asked, data in (
        ("/book/check", {"booking_key": draft.answers["booking_key"], "consent": "y"}),
        ("/book/return", {}),
    ):
        for told in (client.get(asked), client.post(asked, data=data)):
            assert told.status_code == 422 and "Theo địa chỉ thì nộp ở Phường Dĩ An" in told.text
    assert not list(db.session.scalars(sa.select(Dossier)))
    assert client.post("/book/desk", data={"desk": world.desk.id}).location == "/book/check"
    assert "Nguyễn Thị Mơ" in client.get("/book/check").text


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/book/ward", {"ward": "999"}),
        ("/book/address", {"neighbourhood": "999"}),
        ("/book/address", {"street": ""}),
        ("/book/address", {"street": "x" * 10_000}),
        ("/book/address", {"notes": "x" * 10_000}),
        ("/book/time", {"slot": ""}),
        ("/book/time", {"slot": None, "day": "20261127"}),
        ("/book/time", {"slot": "20200101-0800"}),
        ("/book/who", {"name": " "}),
        ("/book/who", {"name": "x" * 10_000}),
        ("/book/who", {"phone": "0900 000 12"}),
        ("/book/who", {"phone": "1" * 10_000}),
        ("/book/who", {"second_phone": "12"}),
        ("/book/return", {"way": "pigeon"}),
    ],
)
def test_a_wrong_answer_is_explained_and_what_was_typed_is_kept(
    world: World, client: FlaskClient, path: str, wrong: dict[str, str | None]
) -> None:
    filled(world, client)
    data = {"street": "12 <script>alert(1)</script>"} if path == "/book/address" else {}
    sent = answers(world)[path] | data | wrong
    answer = client.post(path, data={name: value for name, value in sent.items() if value is not None})
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text
    assert "<script>alert" not in answer.text
    if path == "/book/address" and "street" not in wrong:
        assert "12 &lt;script&gt;" in answer.text


def test_a_question_left_open_is_asked_again(world: World, client: FlaskClient) -> None:
    begun(world, client)
    assert client.post("/book/ward", data={"csrf_token": ""}).status_code == 422
    client.post("/book/ward", data=answers(world)["/book/ward"])
    client.post("/book/address", data=answers(world)["/book/address"])
    assert client.post("/book/time", data={"csrf_token": ""}).status_code == 422
    assert client.post("/book/who", data={"csrf_token": ""}).status_code == 422


def test_markup_in_an_address_stays_text_on_every_page(world: World, client: FlaskClient) -> None:
    filled(world, client)
    bad = answers(world)["/book/address"] | {"street": "<script>alert(1)</script>", "notes": "<b onclick=x>"}
    client.post("/book/address", data=bad)
    page = client.get("/book/check").text
    assert "&lt;script&gt;alert(1)" in page and "<b onclick" not in page


def test_a_draft_older_than_a_day_begins_again(world: World, client: FlaskClient) -> None:
    filled(world, client)
    with time_machine.travel(MONDAY + timedelta(hours=25), tick=False):
        for page in ("/book/ward", "/book/time", "/book/check"):
            answer = client.get(page)
            assert answer.status_code == 410 and 'href="/book"' in answer.text
        assert client.post("/book/ward", data={"ward": 1}).status_code == 410


def test_nobody_jumps_into_the_middle(client: FlaskClient) -> None:
    for page in ("/book/ward", "/book/address", "/book/time", "/book/who", "/book/return", "/book/check"):
        assert client.get(page).status_code == 410


def test_reading_pages_writes_nothing(world: World, client: FlaskClient) -> None:
    for page in ("/", "/book", "/book?q=khai+sinh", f"/procedures/{world.procedure.code}", "/procedures/1.000894"):
        answer = client.get(page)
        assert answer.status_code == 200
    assert not list(db.session.scalars(sa.select(Draft)))
    assert not list(db.session.scalars(sa.select(Message)))


# ---- the search -------------------------------------------------------------------------------------------------


def test_a_search_without_accents_finds_and_marks_the_words(client: FlaskClient) -> None:
    page = client.get("/book?q=giay+khai+sinh").text
    assert "<mark>giấy khai sinh</mark>" in page


def test_what_cannot_go_by_post_is_shown_and_says_where_to_go(world: World, client: FlaskClient) -> None:
    assert "/procedures/1.000894" in client.get("/book?q=kết hôn").text
    page = client.get("/procedures/1.000894").text
    assert "Hai người phải cùng có mặt để ký." in page
    assert world.desk.name in page and world.other_desk.name in page and "7:30–17:00" in page
    assert "<form" not in page.split('id="main"')[1]
    assert client.post("/procedures/1.000894").status_code == 409


def test_nothing_found_offers_a_telephone_and_what_is_often_done(world: World, client: FlaskClient) -> None:
    page = client.get("/book?q=zzz").text
    assert "tel:0900000000" in page and world.procedure.title in page


def test_strange_searches_are_only_searches(client: FlaskClient) -> None:
    for asked in ("<script>alert(1)</script>", "%", "' or 1=1 --", "x" * 10_000):
        answer = client.get("/book", query_string={"q": asked})
        assert answer.status_code == 200 and "<script>alert" not in answer.text


def test_an_unknown_procedure_is_not_found(client: FlaskClient) -> None:
    assert client.get("/procedures/9.999999").status_code == 404


def test_pages_speak_english_when_asked(world: World, client: FlaskClient) -> None:
    client.get("/language/en")
    assert "Register a marriage" in client.get("/procedures/1.000894").text
    assert "Correct a birth certificate" in client.get(f"/procedures/{world.procedure.code}").text


def test_full_slots_are_shown_but_cannot_be_chosen(world: World, client: FlaskClient) -> None:
    begun(world, client)
    for page in ("/book/ward", "/book/address"):
        client.post(page, data=answers(world)[page])
    offer = visits.offers(world.post, MONDAY)[0]
    db.session.add(
        Slot(office_id=world.post.id, day=offer.day, opens=offer.opens, closes=offer.closes, places=3, taken=3)
    )
    db.session.commit()
    box = client.get("/book/time").text.split(f'value="{offer.key}"')[1].split(">")[0]
    assert "disabled" in box
    late = client.post("/book/time", data={"slot": offer.key})
    assert late.status_code == 409
    assert "Có người vừa lấy chỗ cuối cùng" in late.text and "Giờ trống gần nhất" in late.text
