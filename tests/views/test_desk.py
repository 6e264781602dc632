"""The ward desk's pages: one scan to the packet, one form, refusals in words, nothing half-written."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_babel import refresh

from app.db import atomically, db
from app.domain import oversight, queues, sessions, tasks, tokens
from app.domain.audit import ViewLine
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, Paper, ReturnWay
from app.domain.manifests import Manifest
from app.domain.outbox import Message
from app.domain.packets import Kind, Packet, State
from app.domain.sessions import Session
from tests.conftest import signing_in
from tests.domain.test_desk import receive
from tests.world import World


def seen(page: str, name: str = "head") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def url(packet: Packet, act: str = "") -> str:
    return f"/desk/packets/{packet.number}" + (f"/{act}" if act else "")


def receiving(client: FlaskClient, packet: Packet, **over: Any) -> dict[str, Any]:
    """The receive form as the page shows it, with the courier's PIN typed."""
    page = client.get(url(packet)).text
    return {
        "head": seen(page), "sheets_1": "1", "sheets_2": "1", "sheets_4": "1", "seal": "NP 0045 821", "intact": "yes",
        "pin": World.PIN, "remark": "",
    } | over  # fmt: skip


def received(world: World, client: FlaskClient) -> Packet:
    packet = world.collected(world.phone())
    answer = client.post(url(packet, "receive"), data=receiving(client, packet))
    assert answer.status_code == 302, answer.text
    return world.fresh(packet)


def accepted(world: World, client: FlaskClient) -> Packet:
    packet = received(world, client)
    data = {"head": packet.head.hex(), "code": "H29.17-261123-0001", "due_on": "2099-01-05"}
    assert client.post(url(packet, "accept"), data=data).status_code == 302
    return world.fresh(packet)


def with_result(world: World, client: FlaskClient, return_way: ReturnWay) -> Packet:
    packet = accepted(world, client)

    def choose() -> None:
        db.session.get_one(Dossier, packet.dossier_id).return_way = return_way

    atomically(choose)
    data = {"head": "", "papers-0-name": "Giấy khai sinh", "papers-0-form": "original", "papers-0-sheets": "1",
            "papers-1-name": "", "papers-1-form": "original", "papers-1-sheets": ""}  # fmt: skip
    assert client.post(url(packet, "ready"), data=data).status_code == 302
    return world.fresh(packet)


def sealed(world: World, client: FlaskClient, return_way: ReturnWay) -> Packet:
    packet = with_result(world, client, return_way)
    assert client.post(url(packet, "send"), data={"seal": "NP 0051 902", "word": "spoken"}).status_code == 302
    found = db.session.scalars(sa.select(Packet).filter_by(kind=Kind.RESULT)).one()
    return world.fresh(found)


def test_the_lists_count_what_waits(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    page = client.get("/desk/").text
    assert packet.number in page and "Nguyễn Thị Mơ" in page
    assert packet.number not in client.get("/desk/?list=decide").text
    assert client.get("/desk/queues?list=work").status_code == 200


def test_a_scan_a_number_and_a_name_lead_to_the_packet(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    slip = tokens.url("http://localhost", packet.slip.token)
    for text in (slip, packet.slip.token, packet.number, packet.number.replace("-", " ").lower(), "mo nguyen"):
        answer = client.get("/desk/find", query_string={"code": text})
        assert (answer.status_code, answer.location) == (302, url(packet)), text


def test_two_dossiers_of_one_name_are_offered_to_choose_from(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    first, second = world.packet(), world.packet()
    answer = client.get("/desk/find", query_string={"code": "0900 000 123"})
    assert answer.status_code == 200
    assert first.number in answer.text and second.number in answer.text


@pytest.mark.parametrize(
    ("text", "status"),
    [("HS-261123-999999-9", 422), ("no such thing", 404), ("0" * 133, 422), ("", 422)],
)
def test_what_cannot_be_read_is_said_in_words(world: World, sign_in: Any, text: str, status: int) -> None:
    answer = sign_in(world.officer).get("/desk/find", query_string={"code": text})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_a_scanned_slip_of_another_ward_names_it_and_a_number_does_not(world: World, sign_in: Any) -> None:
    client = sign_in(world.strange_officer)
    packet = world.collected(world.phone())
    scanned = client.get("/desk/find", query_string={"code": packet.slip.token})
    assert (scanned.status_code, world.desk.name in scanned.text) == (409, True)
    typed = client.get("/desk/find", query_string={"code": packet.number})
    assert (typed.status_code, world.desk.name in typed.text) == (404, False)


@pytest.mark.parametrize("act", ["", "sheet", "slip.pdf"])
def test_a_stranger_finds_no_page(world: World, sign_in: Any, act: str) -> None:
    packet = world.collected(world.phone())
    assert sign_in(world.strange_officer).get(url(packet, act)).status_code == 404


@pytest.mark.parametrize("act", ["receive", "take-back", "accept", "ready", "send", "hand-over", "send-again"])
def test_a_stranger_and_another_role_move_nothing(world: World, sign_in: Any, act: str) -> None:
    packet = world.collected(world.phone())
    assert sign_in(world.strange_officer).post(url(packet, act), data={}).status_code == 404
    assert sign_in(world.clerk).post(url(packet, act), data={}).status_code == 403
    assert world.fresh(packet).state == State.CARRIED


def test_receiving_leads_to_the_record_with_its_number_and_time(app: Any, world: World) -> None:
    client = signing_in(app)(world.officer)
    packet = world.collected(world.phone())
    data = receiving(client, packet)
    first = client.post(url(packet, "receive"), data=data)
    again = client.post(url(packet, "receive"), data=data)
    assert (first.status_code, again.location) == (302, first.location)
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.OPENED, CaseState.SUBMITTED)
    page = client.get(first.location).text
    manifest = db.session.scalars(sa.select(Manifest)).one()
    for words in (manifest.receipt_no, "BIÊN BẢN GIAO NHẬN", world.courier.name, world.officer.name, packet.number):
        assert words in page
    assert signing_in(app)(world.strange_officer).get(first.location).status_code == 404


def test_a_wrong_pin_writes_nothing_and_keeps_what_was_typed(app: Any, world: World) -> None:
    client = signing_in(app)(world.officer)
    packet = world.collected(world.phone())
    data = receiving(client, packet, pin="000000", sheets_2="7", remark="kept words")
    answer = client.post(url(packet, "receive"), data=data)
    assert answer.status_code == 422 and 'value="000000"' not in answer.text
    assert 'value="7"' in answer.text and "kept words" in answer.text
    packet = world.fresh(packet)
    assert (packet.state, [p.desk_sheets for p in packet.dossier.papers]) == (State.CARRIED, [None] * 3)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Manifest)) == 0


def test_what_is_left_empty_is_said_to_be_and_is_no_try(app: Any, world: World) -> None:
    client = signing_in(app)(world.officer)
    packet = world.collected(world.phone())
    for _ in range(6):
        answer = client.post(url(packet, "receive"), data=receiving(client, packet, pin=""))
        assert answer.status_code == 422 and "Chưa có PIN của bưu tá" in answer.text

    def wait() -> None:
        for session in db.session.scalars(sa.select(Session)):
            session.present_at -= sessions.PRESENT + timedelta(seconds=1)

    atomically(wait)
    for _ in range(6):
        answer = client.post(url(packet, "receive"), data=receiving(client, packet, password=""))
        assert answer.status_code == 422 and "Chưa nhập mật khẩu" in answer.text
    answer = client.post(url(packet, "receive"), data=receiving(client, packet, password=World.PASSWORD))
    assert answer.status_code == 302 and world.fresh(packet).state is State.OPENED


def test_five_wrong_pins_close_the_door_for_a_while(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    data = receiving(client, packet, pin="000000")
    assert [client.post(url(packet, "receive"), data=data).status_code for _ in range(6)] == [422] * 5 + [429]
    assert client.post(url(packet, "receive"), data=data | {"pin": World.PIN}).status_code == 429


def test_after_five_minutes_the_officer_proves_it_is_them(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    assert 'type="password" name="password"' not in client.get(url(packet)).text

    def wait() -> None:
        for session in db.session.scalars(sa.select(Session)):
            session.present_at -= sessions.PRESENT + timedelta(seconds=1)

    atomically(wait)
    assert 'name="password"' in client.get(url(packet)).text
    data = receiving(client, packet)
    assert client.post(url(packet, "receive"), data=data).status_code == 422
    assert client.post(url(packet, "receive"), data=data | {"password": "no"}).status_code == 422
    assert world.fresh(packet).state == State.CARRIED
    assert client.post(url(packet, "receive"), data=data | {"password": World.PASSWORD}).status_code == 302


def test_an_old_page_is_refused_with_a_sentence(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    answer = client.post(url(packet, "receive"), data=receiving(client, packet, head=packet.genesis.hex()))
    assert answer.status_code == 409
    assert world.fresh(packet).state == State.CARRIED
    assert seen(answer.text) == packet.head.hex()


def test_a_count_that_is_no_number_is_asked_again(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    for wrong in ("", "x", "-1", "501"):
        answer = client.post(url(packet, "receive"), data=receiving(client, packet, sheets_2=wrong))
        assert answer.status_code == 422
    assert world.fresh(packet).state == State.CARRIED


def test_a_dossier_goes_from_the_desk_to_the_citizens_hands(app: Any, world: World) -> None:
    client = signing_in(app)(world.officer)
    packet = sealed(world, client, ReturnWay.DESK)
    page = client.get(url(packet)).text
    assert url(packet, "hand-over") in page
    message = db.session.scalars(sa.select(Message).filter_by(kind="result_at_desk")).one()
    data = {"head": seen(page), "code": message.values["code"]}
    wrong = client.post(url(packet, "hand-over"), data=data | {"code": "000000"})
    assert (wrong.status_code, world.fresh(packet).state) == (422, State.WAITING)
    assert client.post(url(packet, "hand-over"), data=data).status_code == 302
    assert client.post(url(packet, "hand-over"), data=data).status_code == 302
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.DELIVERED, CaseState.CLOSED)
    page = client.get(url(packet)).text
    assert "Hồ sơ đã xong" in page and "nghỉ" not in page  # that is said of days


def test_a_result_handed_over_while_an_original_is_still_here_is_not_called_the_end(app: Any, world: World) -> None:
    client = signing_in(app)(world.officer)
    packet = sealed(world, client, ReturnWay.DESK)

    def keep_one() -> None:
        db.session.scalars(sa.select(Paper).filter_by(position=4)).one().returned = True

    atomically(keep_one)
    data = {"head": seen(client.get(url(packet)).text), "paper": "y"}
    page = client.post(url(packet, "hand-over"), data=data, follow_redirects=True).text
    assert world.fresh(packet).dossier.state is CaseState.RESULT_READY
    assert "Hồ sơ chưa đóng" in page and "Hồ sơ đã xong" not in page


def test_a_sealed_result_has_its_slip_in_three_copies(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = sealed(world, client, ReturnWay.HOME)
    slip = client.get(url(packet, "slip.pdf"))
    assert (slip.status_code, slip.mimetype, slip.data[:4]) == (200, "application/pdf", b"%PDF")
    assert url(packet, "slip.pdf") in client.get(url(packet)).text


def test_a_wrong_code_of_the_one_stop_system_is_said_at_its_field(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = received(world, client)
    answer = client.post(url(packet, "accept"), data={"code": "nonsense", "due_on": "2099-01-05"})
    assert (answer.status_code, 'id="code-error"' in answer.text) == (422, True)
    answer = client.post(url(packet, "accept"), data={"code": "H29.17-261123-0001", "due_on": "2020-01-06"})
    assert (answer.status_code, 'id="due_on-error"' in answer.text) == (422, True)
    odd = client.post(url(packet, "accept"), data={"code": "XYZ-261123-0001", "due_on": "2099-01-05"})
    assert odd.status_code == 302


def test_a_count_that_is_open_is_said_when_the_page_is_opened_with_the_way_to_it(world: World, sign_in: Any) -> None:
    client, packet = sign_in(world.officer), world.collected(world.phone())
    receive(world, packet, counts={1: 1, 2: 0, 4: 1})
    (task,) = tasks.open_about(packet)
    home = f"/desk/packets/{packet.number}"
    says, way = "không khớp phiếu gửi", f'href="/exceptions/{task.id}"'
    for path in (home, f"{home}/case/transfer"):
        page = client.get(path).text
        assert says in page and way in page and 'name="seal"' not in page and 'name="due_on"' not in page, path
    assert client.get(f"/exceptions/{task.id}").status_code == 200
    atomically(oversight.close, task, "papers_missing", world.act(world.officer))
    for path, field in ((home, 'name="due_on"'), (f"{home}/case/transfer", 'name="seal"')):
        page = client.get(path).text
        assert says not in page and field in page, path


def test_a_form_for_another_step_is_answered_with_the_step_that_is_right(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    answer = client.post(url(packet, "accept"), data={"code": "H29.17-261123-0001", "due_on": "2099-01-05"})
    assert answer.status_code == 409
    assert url(packet, "receive") in answer.text and 'role="alert"' in answer.text


def test_every_look_at_a_dossier_is_written_down(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    client.get(url(packet))
    client.get(url(packet, "sheet"))
    looks = db.session.execute(sa.select(ViewLine.user_id, ViewLine.dossier_id, ViewLine.page)).all()
    assert looks == [
        (world.officer.id, packet.dossier_id, "desk.packet"), (world.officer.id, packet.dossier_id, "desk.sheet"),
    ]  # fmt: skip


def test_the_signed_slip_works_after_too_many_wrong_digits(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = sealed(world, client, ReturnWay.DESK)
    data = {"head": seen(client.get(url(packet)).text), "code": "000000"}
    assert [client.post(url(packet, "hand-over"), data=data).status_code for _ in range(6)] == [422] * 5 + [429]
    assert client.post(url(packet, "hand-over"), data=data | {"code": ""}).status_code == 422
    assert client.post(url(packet, "hand-over"), data=data | {"paper": "y"}).status_code == 302
    assert world.fresh(packet).state == State.DELIVERED


def test_a_number_or_a_day_that_cannot_be_read_is_said_in_our_words(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = world.collected(world.phone())
    client.get("/", headers={"Accept-Language": "vi"})
    page = client.post(url(packet, "receive"), data=receiving(client, packet, sheets_2="x")).text
    assert "Not a valid" not in page and "Gõ một số, ví dụ 2" in page
    packet = received(world, client)
    page = client.post(url(packet, "accept"), data={"code": "H29.17-261123-0001", "due_on": "2026-02-31"}).text
    assert "Not a valid" not in page and "2026-08-28" in page


def test_a_seal_of_another_packet_under_way_is_refused_at_its_field(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = with_result(world, client, ReturnWay.DESK)
    phone, other = world.phone(), world.packet()
    world.record(phone.scan(other, "collect", seal="NP0077001"))
    answer = client.post(url(packet, "send"), data={"head": packet.head.hex(), "seal": "NP 0077 001"})
    assert answer.status_code == 422
    assert 'id="seal-error"' in answer.text and other.number in answer.text


@pytest.mark.parametrize(
    ("return_way", "leads"),
    [
        (ReturnWay.HOME, "từ phường về nhà"),
        (ReturnWay.POST, "từ phường về bưu cục"),
        (ReturnWay.DESK, "nhận tại quầy của phường"),
    ],
)
def test_a_result_says_where_it_leads_and_its_story_that_it_was_sealed(
    world: World, sign_in: Any, return_way: ReturnWay, leads: str
) -> None:
    client = sign_in(world.officer)
    page = client.get(url(sealed(world, client, return_way))).text
    assert re.search(rf'<div class="heading">.*?<span>{leads}</span>', page, re.DOTALL), leads
    story = page.split('id="story"')[1]
    assert "Đã niêm phong tại phường" in story and "Niêm phong số NP\u00a00051\u00a0902" in story


def test_an_officer_who_reads_english_reads_the_papers_in_english(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    client.get("/language/en")
    refresh()
    page = client.get(url(world.collected(world.phone()))).text
    assert "School record" in page and "Học bạ" not in page


def test_a_legal_paper_is_vietnamese_and_the_page_around_it_its_readers(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    client.get("/language/en")
    refresh()
    page = client.get(url(world.collected(world.phone()), "sheet")).text
    around, paper = page.split('<article class="sheet" lang="vi">')
    assert 'lang="en"' in around and "Sheet to sign" in around and "Back to the packet" in around
    assert "Bên giao" in paper.split("</article>")[0] and "Giving side" not in page


def test_every_list_of_work_opens_and_has_its_letter(world: World, sign_in: Any) -> None:
    officer = sign_in(world.officer)
    letters = set()
    for name in queues.DESK:
        page = officer.get(f"/desk/?list={name}")
        assert page.status_code == 200, name
        (letter,) = re.findall(rf'list={name}"\s+aria-current="true"\s+data-key="(Alt\+[a-z])"', page.text)
        letters.add(letter)
    assert len(letters) == len(queues.DESK)
