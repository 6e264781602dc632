"""A citizen's copy of what is kept and what they ask about it: behind the code, nobody else's; the register and its answers."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient
from flask_babel import refresh

from app.db import atomically, db
from app.domain import audit, incidents, people, petitions
from app.domain.audit import AuditLine, ViewLine
from app.domain.incidents import Side, Sort
from app.domain.outbox import Message
from app.domain.packets import Packet
from app.domain.people import Role
from app.domain.petitions import Channel, Kind, Petition
from tests.domain.test_closing import handed_over
from tests.domain.test_desk import submitted
from tests.domain.test_money import CASH, paid
from tests.world import MONDAY, World

WORDS = "Tên tôi viết sai, đúng là Mai"


@pytest.fixture(autouse=True)
def _monday() -> Any:
    with time_machine.travel(MONDAY, tick=True) as clock:
        yield clock


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


def code() -> str:
    db.session.rollback()
    newest = sa.select(Message).filter_by(kind="view_code").order_by(Message.id.desc())
    return str(db.session.scalars(newest).first().values["code"])  # type: ignore[union-attr]


def opened(client: FlaskClient, packet: Packet) -> None:
    """From the link to the page of one's data, by a code."""
    answer = client.post(f"/t/{packet.dossier.secret}/data")
    assert (answer.status_code, answer.location) == (303, "/track/code")
    answer = client.post("/track/code", data={"code": code()})
    assert (answer.status_code, answer.location) == (303, "/track/data")


def main(text: str) -> str:
    return re.sub(r"[\s\xa0]+", " ", text.split('id="main"')[1].split("<footer")[0])


def asked(world: World, packet: Packet, kind: Kind = Kind.CORRECT, words: str = WORDS) -> int:
    return int(atomically(lambda: petitions.ask(packet.dossier, kind, words, world.act()).id))


# ---- the copy ---------------------------------------------------------------------------------------------------


def test_nothing_opens_without_the_code(world: World, client: FlaskClient, _monday: Any) -> None:
    packet = world.packet()
    for path in ("/track/data", "/track/copy", "/track/copy.json"):
        assert client.get(path).location == "/track", path
    assert client.post("/track/data", data={"kind": "copy"}).location == "/track"
    opened(client, packet)
    for path in ("/track/data", "/track/copy", "/track/copy.json"):
        answer = client.get(path)
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", path
    _monday.shift(timedelta(minutes=16))
    assert client.get("/track/copy").location == "/track"
    assert not db.session.scalars(sa.select(Petition)).all()


def test_the_copy_holds_everything_of_theirs_and_nobody_elses(world: World, client: FlaskClient, sign_in: Any) -> None:
    phone, stranger = world.phone(), world.packet()

    def another() -> None:
        who = db.session.get_one(Packet, stranger.id).dossier.citizen
        who.name, who.phone, who.street = "Quách Thị Khế", "+84900000999", "99 đường Lan"

    atomically(another)
    packet = paid(world, phone, CASH)
    world.photographed(phone, packet)

    def more() -> None:
        who = db.session.get_one(Packet, packet.id).dossier.citizen
        who.second_name, who.second_phone, who.proxy, who.notes = "Mơ Con", "+84900000321", "Lý Thị Đào", "cổng xanh"

    atomically(more)
    file = atomically(incidents.open_, packet, world.act(world.clerk), Sort.LATE, Side.CITIZEN, "Đến muộn quá")
    atomically(incidents.say, file, world.act(world.officer), Side.POST, "Trần Văn Bưởi bị kẹt xe")
    asked(world, packet)
    sign_in(world.clerk).get(f"/office/packets/{packet.number}")
    opened(client, packet)
    file_ = client.get("/track/copy.json")
    kept = json.loads(file_.text)
    assert f'{packet.dossier.number}-data.json"' in file_.headers["Content-Disposition"]
    page = main(client.get("/track/copy").text)
    theirs = (
        packet.dossier.number, "Nguyễn Thị Mơ", "900 000 123", packet.dossier.citizen.street, "Nhị Đồng 1", "Mơ Con", "900 000 321", "Lý Thị Đào",
        "cổng xanh", "Sửa thông tin sai trên giấy khai sinh", "Học bạ", "26.000 đ", "Bưu cục Dĩ An", "Phường Dĩ An",
        file.number, "Đến muộn quá", WORDS, "Giao dịch viên",
    )  # fmt: skip
    assert [word for word in theirs if word not in page] == []
    assert [kept["person"][name] for name in ("name", "phone", "second_phone", "may_receive", "notes")] == [
        "Nguyễn Thị Mơ", "+84900000123", "+84900000321", "Lý Thị Đào", "cổng xanh",
    ]  # fmt: skip
    assert len(kept["photos"]) == 1 and kept["incidents"][0]["you_said"][0]["words"] == "Đến muộn quá"
    assert {line["amount"] for line in kept["money"]} and kept["requests"][0]["words"] == WORDS
    assert [(one["event"], one["giver"], one["taker"]) for one in kept["handoffs"] if one["giver"]] == [
        ("collect", {"kind": "citizen", "office": None}, {"kind": "courier", "office": None}),
        ("sighting", {"kind": "courier", "office": None}, {"kind": "courier", "office": None}),
    ]
    assert kept["looks"] == [{"day": "2026-11-23", "role": "clerk", "office": "Bưu cục Dĩ An"}]
    secrets = [packet.dossier.secret, code(), *(user.name for user in (world.courier, world.clerk, world.officer))]
    others = [
        *secrets,
        "900000200",
        "900 000 200",
        "kẹt xe",
        "Quách",
        "Khế",
        "000 999",
        "000999",
        "đường Lan",
        world.courier.id,
    ]
    for text in (page, file_.text):
        assert [word for word in others if word in text] == []


def test_a_copy_of_a_finished_dossier_can_be_read_in_either_language(world: World, client: FlaskClient) -> None:
    packet = submitted(world)
    handed_over(world, packet.dossier)
    packet = world.fresh(packet)
    opened(client, packet)
    assert "Nhận từ người dân" in main(client.get("/track/copy").text)
    client.set_cookie("language", "en")
    refresh()
    english = main(client.get("/track/copy").text)
    assert "What we keep about you" in english and "Collected from the citizen" in english


def test_each_copy_is_noted_and_stands_in_the_next(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    opened(client, packet)
    assert json.loads(client.get("/track/copy.json").text)["copies"] == []
    assert len(json.loads(client.get("/track/copy.json").text)["copies"]) == 1
    assert "Những lần lấy bản" in client.get("/track/copy").text
    db.session.rollback()
    noted = db.session.scalars(sa.select(AuditLine).filter_by(action="copy_taken")).all()
    assert [(line.subject, line.user_id, line.details) for line in noted] == [(packet.dossier.number, None, {})] * 3


def test_the_page_of_the_link_leads_there_by_a_code_and_a_fixed_line_is_not_promised_one(
    world: World, client: FlaskClient
) -> None:
    packet = world.packet()
    assert f'action="/t/{packet.dossier.secret}/data"' in client.get(f"/t/{packet.dossier.secret}").text

    def fixed() -> None:
        db.session.get_one(Packet, packet.id).dossier.citizen.phone = "+842838221234"

    atomically(fixed)
    assert "/data" not in client.get(f"/t/{packet.dossier.secret}").text
    client.post("/track/send", data={"number": packet.number})
    assert client.post("/track/code", data={"code": code()}).location == "/track/details"
    assert "/track/data" in client.get("/track/details").text


def test_a_code_asked_for_by_number_leads_to_the_details_whatever_was_begun_before(
    world: World, client: FlaskClient
) -> None:
    one, other = world.packet(), world.packet()
    client.post(f"/t/{one.dossier.secret}/data")
    client.post("/track/send", data={"number": other.number})
    assert client.post("/track/code", data={"code": code()}).location == "/track/details"


# ---- what citizens ask ------------------------------------------------------------------------------------------


def test_a_citizen_asks_and_reads_by_when_and_then_the_answer(world: World, client: FlaskClient, sign_in: Any) -> None:
    packet = world.packet()
    opened(client, packet)
    answer = client.post("/track/data", data={"kind": "correct", "words": WORDS}, follow_redirects=True)
    said = main(answer.text)
    assert "Đã nhận. Ông bà có câu trả lời chậm nhất Thứ Năm, 3/12/2026" in said and WORDS in said
    db.session.rollback()
    one = db.session.scalars(sa.select(Petition)).one()
    assert (one.kind, one.channel, one.entered_by_id) == (Kind.CORRECT, Channel.WEB, None)
    staff = sign_in(world.supervisor)
    page = staff.get(f"/requests/{one.id}").text
    assert WORDS in page and 'value="Nguyễn Thị Mơ"' in page
    staff.post(f"/requests/{one.id}", data={"outcome": "heard", "words": "Đang xem sổ."})
    assert "Đang xem sổ." in main(client.get("/track/data").text)
    facts = {"name": "Nguyễn Thị Mai", "phone": "0900 000 123", "street": "12 đường Mẫu Đơn"}
    done = staff.post(f"/requests/{one.id}", data={"outcome": "granted", "words": "Đã sửa tên.", **facts})
    assert done.status_code == 303
    said = main(client.get("/track/data").text)
    assert "Đã làm theo yêu cầu" in said and "Đã sửa tên." in said
    assert "Nguyễn Thị Mai" in client.get("/track/copy").text


def test_a_refused_erasure_says_which_law_in_the_readers_language(world: World, client: FlaskClient) -> None:
    packet = submitted(world)
    handed_over(world, packet.dossier)
    one = asked(world, world.fresh(packet), Kind.ERASE, "")
    act = world.act(world.supervisor)
    atomically(lambda: petitions.answer(db.session.get_one(Petition, one), False, "Chưa xóa được ạ.", act))
    opened(client, world.fresh(packet))
    assert "TT 17/2017, Điều 14" in main(client.get("/track/data").text)
    client.set_cookie("language", "en")
    refresh()
    assert "TT 17/2017, Article 14" in main(client.get("/track/data").text)


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"words": WORDS}, "Chọn việc ông bà yêu cầu"),
        ({"kind": "everything", "words": WORDS}, "Chọn một"),
        ({"kind": "object", "words": " "}, "Viết vài lời"),
        ({"kind": "correct", "words": WORDS * 60}, ""),
    ],
)
def test_what_cannot_be_asked_so_keeps_what_was_typed(
    world: World, client: FlaskClient, sent: dict[str, str], complaint: str
) -> None:
    opened(client, world.packet())
    answer = client.post("/track/data", data=sent)
    assert answer.status_code == 422 and complaint in main(answer.text) and "govuk-error-summary" in answer.text
    assert sent["words"].strip() in answer.text and not db.session.scalars(sa.select(Petition)).all()


def test_the_same_thing_asked_otherwise_waits_for_the_answer(world: World, client: FlaskClient) -> None:
    packet = world.packet()
    asked(world, packet)
    opened(client, packet)
    answer = client.post("/track/data", data={"kind": "correct", "words": "Số nhà cũng sai"})
    assert answer.status_code == 422
    assert "Việc này đã yêu cầu rồi" in main(answer.text) and "Số nhà cũng sai" in answer.text


def test_what_is_asked_is_not_sent_without_end(world: World, client: FlaskClient) -> None:
    opened(client, world.packet())
    sent = [client.post("/track/data", data={"kind": "copy"}).status_code for _ in range(11)]
    assert sent == [303] * 10 + [429]


# ---- the register -----------------------------------------------------------------------------------------------


def test_only_supervisors_and_administrators_open_the_register(world: World, sign_in: Any) -> None:
    one = asked(world, world.packet())
    for user in (world.clerk, world.officer, world.lead, world.dispatcher, world.courier):
        client = sign_in(user)
        for path in ("/requests/", "/requests/new", f"/requests/{one}", f"/requests/{one}/copy"):
            assert client.get(path).status_code == 403, (user.login, path)
    for user in (world.supervisor, world.admin):
        client = sign_in(user)
        for path in ("/requests/", "/requests/new", f"/requests/{one}", f"/requests/{one}/copy"):
            assert client.get(path).status_code == 200, (user.login, path)
        assert 'href="/requests/"' in client.get("/requests/").text.split("<main")[0]


def test_another_offices_requests_are_not_there(world: World, sign_in: Any) -> None:
    packet = world.packet()
    one = asked(world, packet)
    units = [world.other_post, world.other_desk]
    stranger = atomically(people.hire, "super9", "Kiều Thị Quế", Role.SUPERVISOR, None, World.PASSWORD, units=units)
    client = sign_in(stranger)
    assert packet.number not in client.get("/requests/").text
    for path in (f"/requests/{one}", f"/requests/{one}/copy", "/requests/99999", "/requests/99999/copy"):
        assert client.get(path).status_code == 404, path
    assert client.post(f"/requests/{one}", data={"outcome": "refused", "words": "Không"}).status_code == 404
    entered = {"number": packet.number, "kind": "copy", "channel": "phone", "came_on": "2026-11-23"}
    answer = client.post("/requests/new", data=entered)
    assert answer.status_code in (404, 422) and "Nguyễn Thị Mơ" not in answer.text
    db.session.rollback()
    assert db.session.scalars(sa.select(Petition)).one().answered_at is None


def test_what_came_by_letter_is_entered_with_its_day_and_wrong_input_is_kept(world: World, sign_in: Any) -> None:
    packet, client = world.packet(), sign_in(world.admin)
    atomically(lambda: setattr(db.session.get_one(Packet, packet.id).dossier, "booked_at", MONDAY - timedelta(days=9)))
    good = {
        "number": packet.number,
        "kind": "object",
        "channel": "paper",
        "came_on": "2026-11-20",
        "words": "Đừng gọi điện",
    }
    for wrong in (
        {"number": "HS-1"}, {"number": ""}, {"number": "HS-261123-999999-0"}, {"came_on": "2026-11-24"}, {"came_on": "hôm qua"},
        {"channel": "web"}, {"kind": ""}, {"words": ""},
    ):  # fmt: skip
        answer = client.post("/requests/new", data=good | wrong)
        assert answer.status_code in (404, 422) and "govuk-error-summary" in answer.text, wrong
        assert "words" in wrong or "Đừng gọi điện" in answer.text, wrong
        assert "number" in wrong or packet.number in answer.text, wrong
    answer = client.post("/requests/new", data=good, follow_redirects=True)
    assert "Đừng gọi điện" in answer.text and "qua thư" in answer.text and world.admin.name in answer.text
    db.session.rollback()
    one = db.session.scalars(sa.select(Petition)).one()
    assert (one.channel, one.entered_by_id, one.first_by.isoformat()) == ("paper", world.admin.id, "2026-11-25")
    register = main(client.get("/requests/").text)
    assert packet.number in register and "Nguyễn Thị Mơ" not in register


def test_an_answer_that_cannot_be_given_keeps_what_was_typed_and_does_nothing(world: World, sign_in: Any) -> None:
    packet, client = world.collected(world.phone()), sign_in(world.supervisor)
    erase, correct = asked(world, packet, Kind.ERASE, ""), asked(world, packet)
    typed = "Đã xóa hết theo yêu cầu"
    for one, sent, complaint in (
        (erase, {"outcome": "granted"}, "Còn yêu cầu khác"),
        (erase, {}, "Chọn câu trả lời"),
        (correct, {"outcome": "granted", "phone": "123"}, "Mới có 3 số"),
        (correct, {"outcome": "granted", "street": "-"}, "Bưu tá"),
        (correct, {"outcome": "granted", "name": "x"}, "chữ cái"),
    ):
        answer = client.post(f"/requests/{one}", data=sent | {"words": typed})
        assert answer.status_code in (409, 422), sent
        assert typed in answer.text and "govuk-error-summary" in answer.text, sent
        assert complaint.casefold() in main(answer.text).casefold(), (sent, main(answer.text)[:600])
        assert not db.session.scalars(sa.select(Petition).where(Petition.answered_at.is_not(None))).all()
    assert client.post(f"/requests/{correct}", data={"outcome": "refused", "words": ""}).status_code == 422


def test_who_comes_second_reads_what_the_first_one_answered(world: World, sign_in: Any) -> None:
    one = asked(world, world.packet())
    first, second = sign_in(world.supervisor), sign_in(world.admin)
    assert first.post(f"/requests/{one}", data={"outcome": "refused", "words": "Chưa đủ giấy"}).status_code == 303
    answer = second.post(f"/requests/{one}", data={"outcome": "granted", "words": "Đã sửa"})
    assert answer.status_code == 409
    said = main(answer.text)
    assert "Đồng nghiệp đã trả lời yêu cầu này rồi" in said and "Chưa đủ giấy" in said


def test_a_granted_restriction_is_done_with_the_answer(world: World, sign_in: Any) -> None:
    packet = submitted(world)
    handed_over(world, packet.dossier)
    packet = world.fresh(packet)
    one = asked(world, packet, Kind.RESTRICT, "")
    answer = sign_in(world.admin).post(f"/requests/{one}", data={"outcome": "granted", "words": "Đã làm."})
    assert answer.status_code == 303 and world.fresh(packet).dossier.restricted_at
    assert sign_in(world.officer).get(f"/desk/packets/{packet.number}").status_code == 404


def test_who_answers_is_in_the_log_of_views_and_prints_the_copy_in_the_citizens_language(
    world: World, sign_in: Any
) -> None:
    packet = world.packet()
    atomically(lambda: setattr(db.session.get_one(Packet, packet.id).dossier.citizen, "language", "en"))
    one, client = asked(world, packet, Kind.COPY, ""), sign_in(world.supervisor)
    client.get(f"/requests/{one}")
    page = client.get(f"/requests/{one}/copy").text
    assert "What we keep about you" in page and "Nguyễn Thị Mơ" in page
    db.session.rollback()
    assert [line.page for line in db.session.scalars(sa.select(ViewLine))] == ["petitions.show", "petitions.copy"]
    assert audit.times("copy_taken", packet.dossier.number) == []
