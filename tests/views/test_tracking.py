"""The citizen's own page, the state by number, and what a stranger sees who finds a packet."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, refresh

from app.db import atomically, db
from app.domain import corrections, counter, decisions, outbox, people, results, visits
from app.domain.cases import CaseState
from app.domain.codes import CodeCheck, Purpose
from app.domain.outbox import Message
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Language
from app.domain.visits import Round, Slot, VisitState
from app.errors import TooMany
from app.sentences import sentence
from tests.domain.test_desk import at_desk, submitted
from tests.domain.test_money import paid
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("ticking_monday")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


def link(packet: Packet) -> str:
    return f"/t/{packet.dossier.secret}"


def messages(kind: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.id)))


def test_the_page_says_who_has_it_first_and_names_nobody(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    page = client.get(link(packet))
    assert page.status_code == 200
    body = page.text.split('id="main"')[1]
    assert body.index("card-now") < body.index("thread")
    assert "NP\u00a00045\u00a0821" in body
    for private in ("Nguyễn Thị Mơ", "Mẫu Đơn", "900000123", "Trần Văn Bưởi", "giấy khai sinh"):
        assert private not in body


@pytest.mark.parametrize(
    ("chosen", "booked", "shown"),
    [(None, "vi", "vi"), (None, "en", "en"), ("vi", "en", "vi"), ("en", "vi", "en"), ("xx", "en", "en")],
)
def test_a_link_speaks_the_language_of_its_booking_unless_the_reader_chose_one(
    world: World, client: FlaskClient, chosen: str | None, booked: Language, shown: str
) -> None:
    """Whoever opens the link of a message for the first time reads on in the language of the message."""
    packet = world.packet()
    packet.dossier.citizen.language = booked
    db.session.commit()
    if chosen:
        client.set_cookie("language", chosen)
    for path, status in {"": 200, "/booked": 200, "/move": 200, "/cancel": 200, "/certificate": 404}.items():
        page = client.get(link(packet) + path)
        assert page.status_code == status, path
        assert f'lang="{shown}">\n<head>' in page.text, path


def test_a_finished_page_says_who_has_the_result_and_what_the_ward_keeps(world: World, client: FlaskClient) -> None:
    packet = at_desk(world)
    atomically(results.hand_over, packet, world.act(world.officer), wet_seen=True)
    body = client.get(link(world.fresh(packet))).text.split('id="main"')[1]
    for words in (
        "Đang giữ kết quả",
        "Phường giữ lại",
        "Tờ khai; Căn cước; Học bạ",
        "Phường đã niêm phong kết quả",
        "NP\u00a00051\u00a0902",
    ):
        assert words in body, words
    assert "Đang giữ giấy tờ" not in body
    client.get("/language/en")
    refresh()
    body = client.get(link(packet)).text.split('id="main"')[1]
    assert (
        "Papers that stay with the ward" in body
        and "Form; Identity card; School record" in body
        and "Tờ khai" not in body
    )


def test_the_courier_is_named_with_badge_and_phone_only_on_the_day(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit
    visit.round = Round(office_id=world.post.id, courier_id=world.courier.id, day=visit.slot.day)
    visit.state, visit.arrives_at = VisitState.EN_ROUTE, visits.starts_at(visit.slot.day, visit.slot.opens)
    db.session.commit()
    morning = visits.starts_at(visit.slot.day, visit.slot.opens)
    assert "Bưởi" not in client.get(link(packet)).text
    with time_machine.travel(morning, tick=True):
        page = client.get(link(packet)).text
        assert "Trần Văn Bưởi" in page and "DA-01" in page and "tel:+84900000200" in page
        assert "8:00–8:30" in page
        assert client.get(f"{link(packet)}/cancel").status_code == 302
        assert client.post(f"{link(packet)}/cancel").status_code == 409
    with time_machine.travel(morning + timedelta(days=1), tick=True):
        assert "Bưởi" not in client.get(link(packet)).text


def test_the_first_card_says_what_to_have_ready_until_it_was_paid(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    first = client.get(link(packet)).text.split('class="card card-now')[1].split('class="thread')[0]
    assert "Trả khi bưu tá đến" in first and "75.000\u00a0đ" in first
    assert "Trả khi bưu tá đến" not in client.get(link(world.collected(world.phone()))).text


def test_only_while_the_courier_is_expected_the_page_shows_a_code_to_scan(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = visits.open_visit(packet.id)
    assert visit
    morning = visits.starts_at(visit.slot.day, visit.slot.opens)
    assert client.get(f"{link(packet)}/door").status_code == 302
    with time_machine.travel(morning, tick=True):
        assert f"{link(packet)}/door" in client.get(link(packet)).text
        first, again = client.get(f"{link(packet)}/door"), client.get(f"{link(packet)}/door")
        assert (first.status_code, first.text) == (200, again.text)
        assert 'class="qr qr-big"' in first.text and "noindex" in first.text
        assert "Nguyễn" not in first.text and packet.dossier.procedure.title not in first.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CodeCheck)) == 0


@pytest.mark.parametrize("secret", ["0" * 16, "x", "A" * 10_000, "<script>"])
def test_a_wrong_link_is_not_found_and_says_what_to_do(client: FlaskClient, secret: str) -> None:
    for path in ("", "/booked", "/door", "/slip.pdf", "/visit.ics", "/cancel", "/move"):
        assert client.get(f"/t/{secret}{path}").status_code == 404


def test_guessing_links_is_slowed(client: FlaskClient) -> None:
    seen = [client.get(f"/t/{at:016d}").status_code for at in range(22)]
    assert seen[:20] == [404] * 20 and seen[-1] == 429


def test_nobody_is_told_of_a_message_to_a_fixed_line(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    said = "sáu số xác nhận đã nhắn đến số có đuôi 123"
    assert said in client.get(f"{link(packet)}/booked").text
    on_a_fixed_line(packet)
    page = client.get(f"{link(packet)}/booked").text
    assert said not in page and "Xin ghi lại mã theo dõi" in page
    steps = page.split("Tiếp theo")[1]
    assert "sáu số" not in steps and "cho bưu tá quét mã" in steps and "chữ ký trên phiếu" in steps
    assert "Tin nhắn" not in steps and "Trang này ghi ngày" in steps


def on_a_fixed_line(packet: Packet) -> None:
    def once() -> None:
        db.session.get_one(Packet, packet.id).dossier.citizen.phone = people.read_phone("0274 3822 123")

    atomically(once)


def test_who_has_a_fixed_line_is_asked_for_no_digits_and_told_what_stands_for_them(
    world: World, client: FlaskClient
) -> None:
    packet = world.packet()
    on_a_fixed_line(packet)
    visit = visits.open_visit(packet.id)
    assert visit
    visit.round = Round(office_id=world.post.id, courier_id=world.courier.id, day=visit.slot.day)
    visit.state, visit.arrives_at = VisitState.EN_ROUTE, visits.starts_at(visit.slot.day, visit.slot.opens)
    db.session.commit()
    with time_machine.travel(visits.starts_at(visit.slot.day, visit.slot.opens), tick=True):
        page = client.get(link(packet)).text
        assert "sáu số" not in page and "mới cho bưu tá quét mã" in page and "ký vào phiếu" in page
    world.record(world.phone().scan(world.fresh(packet), "collect", proof=[("WET_CLAIMED", "")]))
    page = client.get(link(packet)).text
    assert "Đã giao gói cho bưu tá chưa?" in page
    assert 'name="code"' not in page and "Máy bàn không nhận được tin" in page and "sáu số" not in page


def test_a_visit_is_cancelled_after_one_question(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    page = client.get(f"{link(packet)}/cancel")
    assert page.status_code == 200 and db.session.get_one(Packet, packet.id).dossier.state is CaseState.BOOKED
    assert client.post(f"{link(packet)}/cancel").status_code == 303
    assert db.session.get_one(Packet, packet.id).dossier.state is CaseState.CANCELLED
    page = client.get(link(packet))
    assert page.status_code == 200 and 'href="/book"' in page.text
    slip = client.get(f"{link(packet)}/slip.pdf")
    assert slip.status_code == 410 and packet.number in slip.text


def test_who_wants_collected_papers_back_is_told_whom_to_call_until_the_ward_signs(
    world: World, client: FlaskClient
) -> None:
    packet = world.packet()
    number = "0900\u00a0000\u00a0000"
    asks = "Muốn lấy lại giấy tờ"
    assert asks not in client.get(link(packet)).text
    packet = world.collected(world.phone(), packet)
    page = client.get(f"{link(packet)}/cancel", follow_redirects=True).text
    assert "Xin gọi bưu cục" in page and asks in page
    assert 'href="tel:0900000000"' in page and number in page.replace(" ", "\u00a0")
    atomically(corrections.call_off, packet, world.act(world.clerk))
    page = client.get(link(packet)).text
    assert "Đã hủy" in page and asks not in page
    packet = submitted(world)
    assert asks not in client.get(link(packet)).text


def test_a_cancelled_booking_says_where_the_papers_are(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    assert "authorisation" in client.get(link(packet)).text
    client.post(f"{link(packet)}/cancel")
    page = client.get(link(packet)).text
    assert "Chưa ai nhận giấy tờ" in page and "authorisation" not in page
    phone = world.phone()
    world.record(phone.scan(world.fresh(packet), "collect", proof=[("WET_CLAIMED", "")]))
    assert world.fresh(packet).state is State.CARRIED
    page = client.get(link(packet)).text
    assert "Chưa ai nhận giấy tờ" not in page and "Bưu điện đang giữ giấy tờ và mang trả lại" in page
    code = world.code(world.fresh(packet), Purpose.DELIVER)
    world.record(phone.scan(world.fresh(packet), "deliver", taker=packet.origin_id, proof=[("CODE", code)]))
    assert "đã về lại nhà" in client.get(link(packet)).text


def test_papers_that_go_home_are_not_called_a_result(world: World, client: FlaskClient) -> None:
    packet = submitted(world)
    act = world.act(world.officer)
    atomically(decisions.refuse, packet.dossier, act, "not_competent", "")
    home = atomically(decisions.return_papers, world.fresh(packet).dossier, act, "NP0051902")
    page = client.get(link(packet)).text
    assert "Bưu tá mang giấy tờ về trả ông bà" in page and "Bưu tá mang kết quả đến" not in page
    assert world.fresh(home).kind is Kind.RETURNED_PAPERS


@pytest.mark.parametrize(("due", "says"), [("2026-11-23", ""), ("2026-11-20", "Chậm 1 ngày làm việc")])
def test_a_late_dossier_is_called_late(world: World, client: FlaskClient, due: str, says: str) -> None:
    packet = world.packet()
    dossier = packet.dossier
    dossier.state, dossier.submitted_at, dossier.due_on = CaseState.ACCEPTED, MONDAY, date.fromisoformat(due)
    db.session.commit()
    page = client.get(link(packet)).text
    assert says in page and ("Gọi phường" in page) is bool(says)


def test_a_visit_nobody_is_known_to_have_made_is_apologised_for(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit
    with time_machine.travel(visits.starts_at(visit.slot.day, visit.slot.opens), tick=True):
        assert "Đã quá giờ hẹn" not in client.get(link(packet)).text
    with time_machine.travel(visits.starts_at(visit.slot.day, visit.slot.closes) + visits.GRACE, tick=True):
        page = client.get(link(packet)).text
    assert "Đã quá giờ hẹn, bưu điện chưa nhận tin bưu tá đã đến." in page
    assert "<h1" in page and "Bưu tá đến Thứ" not in page.split("<h1")[1].split("</h1>")[0]


def test_a_day_that_no_longer_runs_is_not_named(world: World, client: FlaskClient) -> None:
    """While papers are asked for the time stands still; afterwards it is counted anew."""
    packet = world.packet()
    dossier = packet.dossier
    dossier.submitted_at, dossier.due_on = MONDAY, date(2026, 11, 26)
    for state, named in ((CaseState.PROCESSING, True), (CaseState.FEE_REQUIRED, True), (CaseState.SUPPLEMENT_REQUIRED, False)):  # fmt: skip
        dossier.state = state
        db.session.commit()
        assert ("Hẹn Thứ\u00a0Năm, 26/11/2026" in client.get(link(packet)).text) is named, state


def test_the_days_are_shown_one_by_one_only_where_they_add_up(world: World, client: FlaskClient) -> None:
    """A day put off, or named by the officer, is not what the procedure's days come to."""
    packet = world.packet()
    dossier = packet.dossier
    dossier.state, dossier.submitted_at, dossier.counted_from = CaseState.PROCESSING, MONDAY, MONDAY
    for day, shown in ((27, True), (26, False), (30, False)):  # three working days from Monday; Tuesday is a day off
        dossier.due_on = date(2026, 11, day)
        db.session.commit()
        assert ("Ngày hẹn tính thế nào?" in client.get(link(packet)).text) is shown, day


def test_the_bill_of_more_papers_speaks_of_no_fee(world: World, client: FlaskClient) -> None:
    dossier = world.packet().dossier
    dossier.state = CaseState.SUPPLEMENT_REQUIRED
    db.session.commit()
    page = client.get(f"/t/{dossier.secret}/more").text
    assert "Cước gửi đi" in page and "Lệ phí" not in page and "lệ phí" not in page


def test_a_visit_is_moved_to_another_time(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    later = visits.offers(world.post, MONDAY)[-1]
    page = client.get(f"{link(packet)}/move?day={later.day:%Y%m%d}")
    assert later.key in page.text
    assert client.post(f"{link(packet)}/move", data={"slot": "20200101-0800"}).status_code == 422
    full = visits.offers(world.post, MONDAY)[-2]
    db.session.add(Slot(office_id=world.post.id, day=full.day, opens=full.opens, closes=full.closes, places=1, taken=1))
    db.session.commit()
    refused = client.post(f"{link(packet)}/move", data={"slot": full.key})
    assert refused.status_code == 409 and "Có người vừa lấy chỗ cuối cùng" in refused.text
    assert client.post(f"{link(packet)}/move", data={"slot": later.key}).status_code == 303
    moved = visits.open_visit(packet.id)
    assert moved and moved.slot.day == later.day
    assert len(messages("rebooked")) == 1


def test_another_day_without_a_time_moves_nothing_and_the_old_time_is_no_new_one(
    world: World, client: FlaskClient
) -> None:
    packet = world.packet()
    visit = visits.open_visit(packet.id)
    assert visit
    later = visits.offers(world.post, MONDAY)[-1]
    asked = client.post(f"{link(packet)}/move", data={"day": f"{later.day:%Y%m%d}"})
    assert asked.status_code == 422 and "Chọn giờ còn chỗ" in asked.text and later.key in asked.text
    same = f"{visit.slot.day:%Y%m%d}-{visit.slot.opens:%H%M}"
    kept = client.post(f"{link(packet)}/move", data={"slot": same}, follow_redirects=True)
    assert "Đã đổi giờ" not in kept.text and not messages("rebooked")


def test_nothing_under_way_cannot_be_moved(world: World, client: FlaskClient) -> None:
    packet = world.collected(world.phone())
    assert client.get(f"{link(packet)}/move").location == link(packet)
    refused = client.post(f"{link(packet)}/move", data={"slot": visits.offers(world.post, MONDAY)[-1].key})
    assert refused.status_code == 409 and f'href="{link(packet)}"' in refused.text


def test_the_code_is_sent_again_once_a_minute(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    assert client.post(f"{link(packet)}/code").status_code == 303
    answer = client.post(f"{link(packet)}/code")
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) <= 60
    assert len(messages("code_again")) == 1
    assert messages("code_again")[0].values["code"] not in client.get(link(packet)).text


def test_an_unproven_collection_is_confirmed_with_the_code(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    code = world.code(packet)
    world.record(world.phone().scan(world.fresh(packet), "collect"))
    assert "collect_unproven" in world.fresh(packet).flags
    wrong = "000000" if code != "000000" else "111111"
    answer = client.post(f"{link(packet)}/claim", data={"code": wrong})
    assert answer.status_code == 422 and wrong in answer.text
    assert client.post(f"{link(packet)}/claim", data={"code": ""}).status_code == 422
    assert client.post(f"{link(packet)}/claim", data={"code": f"{code[:3]} {code[3:]}"}).status_code == 303
    assert "collect_unproven" not in world.fresh(packet).flags


def test_a_delivery_nobody_proved_is_confirmed_with_the_code(world: World, client: FlaskClient) -> None:
    packet = world.packet(Way.OUT)
    phone = world.phone()
    code = world.code(packet, purpose=_deliver())
    world.record(phone.scan(world.fresh(packet), "take"))
    packet = world.fresh(packet)
    scan = phone.scan(packet, "deliver", taker=packet.holder_id, proof=[("WET_CLAIMED", "1")])
    assert world.record(scan).verdict == "applied"
    assert world.fresh(packet).state is State.DELIVERED_UNVERIFIED
    assert client.post(f"{link(packet)}/claim", data={"code": code}).status_code == 303
    packet = world.fresh(packet)
    assert packet.state is State.DELIVERED and packet.dossier.state is CaseState.CLOSED


def _deliver() -> Any:
    from app.domain.codes import Purpose

    return Purpose.DELIVER


def test_codes_are_not_guessed_at_the_page(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    world.record(world.phone().scan(packet, "collect"))
    seen = [client.post(f"{link(packet)}/claim", data={"code": f"{at:06d}"}).status_code for at in range(6)]
    assert seen == [422] * 5 + [429]


def test_slip_and_calendar_file_come_from_the_link(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    slip = client.get(f"{link(packet)}/slip.pdf")
    assert slip.mimetype == "application/pdf" and slip.data.startswith(b"%PDF")
    event = client.get(f"{link(packet)}/visit.ics")
    assert event.mimetype == "text/calendar"
    text = event.data.decode()
    assert "BEGIN:VEVENT\r\n" in text and "DTSTART:2026" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "Mơ" not in text and "Mẫu Đơn" not in text


# ---- by number --------------------------------------------------------------------------------------------------


def ask(client: FlaskClient, number: str, digits: str) -> Any:
    return client.post("/track", data={"number": number, "digits": digits})


def test_number_and_digits_show_the_state_and_nothing_else(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    answer = ask(client, packet.number.lower(), "0123")
    assert answer.status_code == 200 and packet.number in answer.text
    assert packet.dossier.secret not in answer.text and "Mẫu Đơn" not in answer.text


def test_the_digits_of_a_number_are_enough(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    for typed in (packet.number[3:], packet.number[3:].replace("-", "")):
        answer = ask(client, typed, "0123")
        assert answer.status_code == 200 and packet.number in answer.text


def test_wrong_digits_and_unknown_numbers_get_the_same_answer(world: World, client: FlaskClient) -> None:
    from datetime import date

    from app.domain.numbers import own

    packet, unknown = world.packet(), own(date(2026, 11, 23), 9999)
    pages = [(ask(client, number, "9999"), number) for number in (packet.number, unknown)]
    assert {answer.status_code for answer, _ in pages} == {404}
    plain = {re.sub(r'(csrf_token" value="|nonce[-="]+)[^"\']*', "", a.text.replace(n, "#")) for a, n in pages}
    assert len(plain) == 1


def test_a_mistyped_number_says_that_a_digit_is_wrong(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    wrong = packet.number[:-1] + str((int(packet.number[-1]) + 1) % 10)
    answer = ask(client, wrong, "0123")
    assert answer.status_code == 422 and wrong in answer.text
    for bad in ("", "hello", "<script>alert(1)</script>", "x" * 10_000):
        answer = ask(client, bad, "0123")
        assert answer.status_code == 422 and "<script>alert" not in answer.text


def test_the_first_pages_field_leads_to_the_four_digits(world: World, client: FlaskClient) -> None:
    answer = client.post("/track", data={"number": "HS-261123-000001-0"})
    assert answer.status_code == 200 and 'value="HS-261123-000001-0"' in answer.text


def test_the_address_of_a_refusal_can_be_opened_again(world: World, client: FlaskClient) -> None:
    """Who chooses the other language there, or goes back to it, asks for the page without the form."""
    packet = world.packet()
    assert client.post("/track/send", data={"number": "zzz"}).status_code == 422
    there = (("/track/send", "/track"), (f"{link(packet)}/claim", link(packet)), (f"{link(packet)}/code", link(packet)))
    for address, page in there:
        answer = client.get(address)
        assert (answer.status_code // 100, answer.location) == (3, page)
    assert messages("code_again") == []


def test_who_scans_their_own_slip_finds_the_way_to_its_page(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    page = client.get(f"/s/{packet.slip.token}").text
    assert f'href="/track?number={packet.number}"' in page
    assert f'value="{packet.number}"' in client.get(f"/track?number={packet.number}").text


def test_numbers_are_not_tried_in_a_row(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    seen = [ask(client, packet.number, f"{at:04d}").status_code for at in range(12)]
    assert seen[:10] == [404] * 10 and seen[-1] == 429


def test_details_open_for_a_quarter_of_an_hour_with_the_code_of_the_message(
    world: World, client: FlaskClient, ticking_monday: time_machine.Traveller
) -> None:
    packet = world.collected(world.phone())
    assert client.get("/track/details").status_code == 302
    assert client.post("/track/send", data={"number": packet.number}).location == "/track/code"
    (message,) = messages("view_code")
    wrong = client.post("/track/code", data={"code": "000001"})
    assert wrong.status_code == 422
    answer = client.post("/track/code", data={"code": message.values["code"]})
    assert (answer.status_code, answer.location) == (303, "/track/details")
    page = client.get("/track/details").text
    assert "NP\u00a00045\u00a0821" in page
    assert packet.dossier.secret not in page and "<form" not in page.split('id="main"')[1]
    ticking_monday.shift(timedelta(minutes=16))
    assert client.get("/track/details").status_code == 302


def test_details_that_are_open_close_when_the_number_changes_and_the_page_says_until_when_no_code_comes(
    world: World, client: FlaskClient, ticking_monday: time_machine.Traveller
) -> None:
    packet = world.packet(Way.OUT)
    world.code(packet, Purpose.DELIVER)
    world.on_round(packet)
    client.post("/track/send", data={"number": packet.number})
    assert client.post("/track/code", data={"code": messages("view_code")[0].values["code"]}).status_code == 303
    assert client.get("/track/details").status_code == 200
    old, facts = link(packet), {"phone": "0900 000 777", "second_phone": "", "street": packet.dossier.citizen.street}
    atomically(lambda: results.reconfirm(packet.dossier, world.act(world.officer), "reached", **facts))
    assert client.get("/track/details").status_code == 302 and client.get(old).status_code == 404
    new = link(world.fresh(packet))
    held = client.get(new).text
    assert "Số điện thoại vừa được đổi" in held and "Gửi lại mã" not in held and f"{new}/door" not in held
    assert client.get(f"{new}/door").status_code == 302
    assert client.post(f"{new}/code").status_code == 409
    ticking_monday.shift(timedelta(hours=25))
    free = client.get(new).text
    assert "Số điện thoại vừa được đổi" not in free and f"{new}/code" in free


def test_a_code_is_asked_for_an_unknown_number_just_the_same(world: World, client: FlaskClient) -> None:
    from datetime import date

    from app.domain.numbers import own

    answer = client.post("/track/send", data={"number": own(date(2026, 11, 23), 9999)})
    assert (answer.status_code, answer.location) == (303, "/track/code")
    assert [message.phone for message in messages("view_code")] == [outbox.NOBODY]
    assert client.post("/track/code", data={"code": "123456"}).status_code == 422
    assert client.post("/track/send", data={"number": "hello"}).status_code == 422


@pytest.mark.parametrize("known", [True, False])
def test_a_code_that_opens_nothing_any_more_says_so_and_a_new_one_is_sent(
    world: World, client: FlaskClient, ticking_monday: time_machine.Traveller, known: bool
) -> None:
    number = world.packet().number if known else "HS-260101-000001-5"
    client.post("/track/send", data={"number": number})
    pages = [client.post("/track/code", data={"code": "12345"}) for _ in range(6)]
    assert {page.status_code for page in pages} == {422}
    assert ["/track/send" in page.text for page in pages] == [False] * 4 + [True] * 2
    assert "/track/send" in client.get("/track/code").text
    ticking_monday.shift(timedelta(minutes=2))
    assert client.post("/track/send", data={"number": number}).location == "/track/code"
    assert "/track/send" not in client.get("/track/code").text
    ticking_monday.shift(timedelta(minutes=6))
    late = client.get("/track/code")
    assert late.status_code == 200 and f'value="{number}"' in late.text and 'name="code"' not in late.text


def test_a_phone_is_not_flooded_with_codes(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    seen = [client.post("/track/send", data={"number": packet.number}).status_code for _ in range(3)]
    assert seen == [303, 429, 429] and len(messages("view_code")) == 1


# ---- a packet in a stranger's hands -----------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["s", "S"])
def test_a_stranger_learns_whom_to_call_and_nothing_of_the_packet(world: World, client: FlaskClient, door: str) -> None:
    packet = world.packet()
    answer = client.get(f"/{door}/{packet.slip.token}")
    assert answer.status_code == 200
    assert packet.number in answer.text and "tel:0900000000" in answer.text
    for private in ("Nguyễn", "Mẫu Đơn", world.procedure.title, "Phường Dĩ An", packet.dossier.secret):
        assert private not in answer.text


def test_staff_who_scan_a_slip_go_to_their_own_page_for_it(world: World, sign_in: Any) -> None:
    packet = world.packet()
    own = f"packets/{packet.number}"
    for user, page in ((world.courier, "/courier/"), (world.clerk, f"/office/{own}"), (world.officer, f"/desk/{own}")):
        answer = sign_in(user).get(f"/s/{packet.slip.token}")
        assert (answer.status_code, answer.location) == (302, page)
    for user in (world.stranger, world.strange_officer, world.strange_courier, world.admin):
        assert sign_in(user).get(f"/s/{packet.slip.token}").status_code == 200


def test_a_damaged_or_forged_token_gets_the_same_helpful_page_without_a_number(
    world: World, client: FlaskClient
) -> None:
    packet = world.packet()
    token = packet.slip.token
    forged = token[:40] + ("0" if token[40] != "0" else "1") + token[41:]
    for bad in (forged, token[:-2], "x", "<script>alert(1)</script>"):
        answer = client.get(f"/s/{bad}")
        assert answer.status_code == 404
        assert packet.number not in answer.text and "tel:0900000000" in answer.text
        assert "<script>alert" not in answer.text


def test_waiting_is_told_in_minutes_when_it_is_long() -> None:
    assert "900" not in sentence(TooMany("too_many_tries", seconds=900))
    assert "15" in sentence(TooMany("too_many_tries", seconds=900))
    assert "119" in sentence(TooMany("too_many_tries", seconds=119))


@pytest.mark.parametrize(("minutes", "says"), [(1, "Wait 1\u00a0minute and"), (5, "Wait 5\u00a0minutes and")])
def test_one_minute_is_no_minutes(app: Flask, minutes: int, says: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert says in sentence(TooMany("wait_a_little", seconds=60 * minutes, minutes=minutes))


def test_the_fee_of_a_booking_called_off_is_owed_on_the_citizens_page_until_the_counter_gives_it_back(
    world: World, client: FlaskClient, sign_in: Any
) -> None:
    packet = paid(world, world.phone())
    assert "được trả lại cùng giấy tờ" not in client.get(link(packet)).text
    atomically(corrections.call_off, packet, world.act(world.clerk))
    owes = f"Lệ phí đã đóng, 15.000\u00a0đ, được trả lại cùng giấy tờ. Chưa trả thì {world.post.name} còn nợ khoản này."
    assert owes in client.get(link(packet)).text
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    clerk, url = sign_in(world.clerk), f"/office/packets/{packet.number}"
    page = clerk.get(url).text
    assert "Trả lại lệ phí cùng giấy tờ: 15.000\u00a0đ." in page and "Đã đếm trả lệ phí tận tay" in page
    form = {"seal": "NP 0045 821", "paper": "y", "fee_back": "y", "who": "self", "head": world.fresh(packet).head.hex()}
    assert clerk.post(f"{url}/hand-out", data=form).status_code == 302
    assert world.fresh(packet).state is State.DELIVERED
    page = client.get(link(packet)).text
    assert "Bưu điện đã trả lại lệ phí, 15.000\u00a0đ." in page and "được trả lại cùng giấy tờ" not in page
