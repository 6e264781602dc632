"""What a scan of a bag is answered with: the page's address, the page, or only what changes on it."""

import gc
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from app.db import atomically, db, now
from app.domain import bags, sessions, tokens
from app.domain.dossiers import Dossier
from app.domain.manifests import Manifest
from app.domain.packets import Packet, State, Way
from tests.world import World

PREFERS = {"Prefer": "return=representation"}
MOST = 20  # statements of a scan: who asks, what was scanned, custody's own dozen, how the count stands


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


def test_a_scan_asks_as_many_questions_of_a_full_bag_as_of_a_small_one(
    world: World, officer: FlaskClient, bag: list[Packet]
) -> None:
    """The numbers on the page among them, which are those of the page asked for anew."""
    phone = world.phone()
    bag += [world.collected(phone) for _ in range(12)]
    said: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda c, cursor, statement, *rest: said.append(statement))

    numbers, path = [packet.number for packet in bag], f"/desk/counts/{world.courier.id}"

    def seen(shown: int) -> tuple[int, str]:
        """As a server answers, with nothing remembered of the request before."""
        found: list[Any] = []
        said.clear()
        sent = {"code": numbers[shown], "shown": shown}
        thread = threading.Thread(target=lambda: found.append(officer.post(f"{path}/scan", data=sent, headers=PREFERS)))
        thread.start()
        thread.join()
        return len(said), found[0].text

    db.session.rollback()
    gc.disable()  # a sweep in the middle of an answer makes it read a row twice
    try:
        asked = [seen(shown) for shown in range(len(bag) - 1)]
    finally:
        gc.enable()
    plain = {count for count, _ in asked[1:]}
    assert all(("data-piece" in text) == (shown > 0) for shown, (_, text) in enumerate(asked))
    assert len(plain) == 1 and plain.pop() <= MOST, [count for count, _ in asked]
    tally = asked[-1][1].split('<div id="count">')[1].split("</div><h2")[0]
    page = officer.get(path).text
    assert " ".join(tally.split()) in " ".join(page.split())


def test_a_session_that_ends_in_the_middle_of_a_count_loses_nothing(
    world: World, officer: FlaskClient, bag: list[Packet], sign_in: Any
) -> None:
    """What was scanned is held here already; the scan that was not heard is told again after signing in."""
    numbers, page = [packet.number for packet in bag], f"/desk/counts/{world.courier.id}"
    for shown in range(2):
        assert scan(world, officer, bag[shown], shown).status_code == 200
    user = db.session.merge(world.officer)
    atomically(sessions.end_all, user, world.act(user))
    unheard = scan(world, officer, bag[2], 2)
    assert unheard.status_code == 401 and "Phiên làm việc" in unheard.text
    assert officer.get(page).location.startswith("/sign-in?next=")

    again = sign_in(world.officer)
    shown = again.get(page).text
    assert [number in shown.split('id="taken"')[1].split("</tbody>")[0] for number in numbers] == [
        True,
        True,
        False,
        False,
    ]
    for at in (2, 3):
        assert scan(world, again, bag[at], at).status_code == 200
    sent = {"key": "0" * 32, "rest": "stays", "pin": world.PIN, "password": world.PASSWORD}
    record = again.post(f"{page}/close", data=sent)
    assert record.status_code == 302, record.text
    told = again.get(record.location).text
    assert all(number in told for number in numbers)


# ---- who proves to be there --------------------------------------------------------------------------------------


def let_pass(time: timedelta) -> None:
    """So long ago whoever is signed in proved who they are."""

    def age() -> None:
        for session in db.session.scalars(sa.select(sessions.Session)):
            session.present_at -= time

    atomically(age)


def test_a_count_is_opened_and_signed_with_a_proof_and_goes_on_without_one(
    world: World, officer: FlaskClient, bag: list[Packet]
) -> None:
    let_pass(timedelta(minutes=6))
    opened = scan(world, officer, bag[0], 0)
    assert opened.status_code == 409 and 'id="present"' in opened.text
    assert world.fresh(bag[0]).state is State.CARRIED
    page = f"/desk/counts/{world.courier.id}"
    assert officer.post(f"{page}/scan", data={"code": bag[0].number, "password": World.PASSWORD}).status_code == 302
    let_pass(timedelta(minutes=6))
    for shown, packet in enumerate(bag[1:3], 1):
        answer = scan(world, officer, packet, shown)
        assert answer.status_code == 200 and 'id="present"' not in answer.text
        assert is_piece(answer) and 'name="password"' in answer.text, "it is asked under the list from now on"
    sent = {"key": "0" * 32, "rest": "stays", "pin": world.PIN}
    for said in ({}, {"password": "wrong"}):
        assert officer.post(f"{page}/close", data=sent | said).status_code == 422
    assert db.session.query(Manifest).count() == 0
    assert officer.post(f"{page}/close", data=sent | {"password": World.PASSWORD}).status_code == 302


def test_a_count_that_rested_long_is_begun_anew(world: World, officer: FlaskClient, bag: list[Packet]) -> None:
    assert scan(world, officer, bag[0], 0).status_code == 200
    with time_machine.travel(now() + bags.PAUSE - timedelta(minutes=1)):
        assert scan(world, officer, bag[1], 1).status_code == 200
        with time_machine.travel(now() + bags.PAUSE + timedelta(minutes=1)):
            assert scan(world, officer, bag[2], 2).status_code == 409


def test_nobody_goes_on_in_a_colleagues_count_or_from_another_screen(
    world: World, officer: FlaskClient, bag: list[Packet], sign_in: Any
) -> None:
    colleague = sign_in(world.lead)
    assert scan(world, officer, bag[0], 0).status_code == 200
    for other in colleague, sign_in(world.officer):
        let_pass(timedelta(minutes=6))
        assert scan(world, other, bag[1], 1).status_code == 409
    assert scan(world, officer, bag[1], 1).status_code == 200


def test_another_bag_is_opened_with_a_proof_of_its_own(world: World, officer: FlaskClient, bag: list[Packet]) -> None:
    other = world.collected(world.phone(world.second_courier))
    assert scan(world, officer, bag[0], 0).status_code == 200
    let_pass(timedelta(minutes=6))
    path = f"/desk/counts/{world.second_courier.id}/scan"
    asked = officer.post(path, data={"code": other.number}, headers=PREFERS)
    assert asked.status_code == 409 and 'id="present"' in asked.text


# ---- for another desk --------------------------------------------------------------------------------------------


@pytest.fixture
def strays(world: World) -> list[Packet]:
    """Two packets for another desk in the same courier's bag."""
    listed = [world.packet() for _ in range(2)]

    def readdress() -> None:
        for packet in listed:
            db.session.get_one(Dossier, packet.dossier_id).desk_id = world.other_desk.id

    atomically(readdress)
    phone = world.phone()
    return [world.collected(phone, world.fresh(packet)) for packet in listed]


def listed_as_wrong(page: str) -> list[str]:
    return re.findall(r"Sai nơi: (HS[-0-9]+)", page)


def test_what_is_for_another_desk_is_listed_by_its_slip_its_number_and_its_bars(
    world: World, officer: FlaskClient, bag: list[Packet], strays: list[Packet]
) -> None:
    first, second = strays
    path = f"/desk/counts/{world.courier.id}"
    typed = officer.post(f"{path}/scan", data={"code": first.number}, headers=PREFERS)
    assert typed.status_code == 409 and listed_as_wrong(typed.text) == [first.number]
    assert world.other_desk.name not in typed.text, "a number says that it belongs elsewhere, not where"
    assert listed_as_wrong(officer.get(typed.headers["Content-Location"]).text) == [first.number], "a reload keeps it"
    bars = officer.post(
        f"{path}/scan", data={"code": second.number.replace("-", ""), "wrong": [first.number]}, headers=PREFERS
    )
    assert listed_as_wrong(bars.text) == [first.number, second.number]
    seen = {"code": tokens.url("http://localhost", second.slip.token), "wrong": [first.number, second.number]}
    slip = officer.post(f"{path}/scan", data=seen, headers=PREFERS)
    assert slip.status_code == 409 and world.other_desk.name in slip.text
    assert listed_as_wrong(slip.text) == [first.number, second.number], "seen twice is one"
    taken = officer.post(f"{path}/scan", data={"code": bag[0].number, "wrong": [first.number, second.number]})
    assert listed_as_wrong(officer.get(taken.location).text) == [first.number, second.number]
    assert {world.fresh(packet).holder_id for packet in strays} == {world.courier.party_id}


def test_a_number_of_what_nobody_here_carries_is_unknown(
    world: World, officer: FlaskClient, bag: list[Packet], strays: list[Packet]
) -> None:
    path = f"/desk/counts/{world.second_courier.id}/scan"
    world.collected(world.phone(world.second_courier))
    answer = officer.post(path, data={"code": strays[0].number}, headers=PREFERS)
    assert answer.status_code == 404 and not listed_as_wrong(answer.text)
    nowhere = officer.post(path, data={"code": world.packet().number.replace("HS-26", "HS-25")}, headers=PREFERS)
    assert not listed_as_wrong(nowhere.text)


def test_the_first_scan_says_of_what_a_courier_here_carries_that_it_belongs_elsewhere(
    world: World, officer: FlaskClient, bag: list[Packet], strays: list[Packet]
) -> None:
    said = officer.post("/desk/counts/", data={"code": strays[0].number})
    assert said.status_code == 409 and strays[0].number in said.text and "không thuộc nơi này" in said.text


# ---- at the post office ------------------------------------------------------------------------------------------


def test_the_post_office_writes_down_what_differs_and_has_it_on_the_screen_at_once(
    world: World, bag: list[Packet], sign_in: Any
) -> None:
    clerk, path = sign_in(world.clerk), f"/office/bags/{world.courier.id}"
    for shown, packet in enumerate(bag[:2]):
        said = clerk.post(f"{path}/scan", data={"code": packet.number, "shown": shown}, headers=PREFERS)
        assert said.status_code == 200 and f"{path}/{packet.number}" in said.text
    odd = f"{path}/{bag[0].number}"
    form = clerk.get(odd)
    assert form.status_code == 200 and "NP 0045 821" in form.text and "sheets_" not in form.text
    for typed in (
        {"seal": "", "intact": "yes"},
        {"seal": "NP 0045 821", "intact": "no"},
        {"seal": "NP 0099 111", "intact": "yes"},
    ):
        assert clerk.post(odd, data=typed).status_code == 422, typed
    answer = clerk.post(odd, data={"seal": "NP 0099 111", "intact": "no", "remark": "Rách góc 3 cm"})
    page = clerk.get(answer.location).text.replace("\xa0", " ")
    assert page.count("Rách góc 3 cm") == 2 and "Không nguyên" in page and "NP 0099 111" in page
    again = clerk.get(odd).text
    assert "Rách góc 3 cm" in again and "NP 0099 111" in again
    sent = {"key": "0" * 32, "rest": "stays", "pin": world.PIN, "password": world.PASSWORD}
    record = clerk.get(clerk.post(f"{path}/close", data=sent).location).text
    assert "Rách góc 3 cm" in record and "hư hỏng" in record and "niêm phong khác" in record
    assert clerk.get(odd).location.endswith(path), "what stands on a list is not changed"


def test_the_first_packet_says_whose_bag_it_is_at_the_post_office_too(
    world: World, bag: list[Packet], sign_in: Any
) -> None:
    clerk = sign_in(world.clerk)
    said = clerk.post("/office/bags/", data={"code": bag[0].number})
    assert said.location == f"/office/bags/{world.courier.id}?last={bag[0].number}"
    assert world.fresh(bag[0]).holder_id == world.post.party_id
    wrong = clerk.post("/office/bags/", data={"code": world.packet().number})
    assert wrong.status_code == 409 and "không ở bưu tá nào" in wrong.text
    strange = sign_in(world.stranger).post("/office/bags/", data={"code": bag[1].number})
    assert strange.status_code == 404 and world.fresh(bag[1]).holder_id == world.courier.party_id


def test_a_scanned_result_is_not_said_to_hold_no_papers(world: World, sign_in: Any) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    clerk = sign_in(world.clerk)
    page = clerk.get(clerk.post("/office/bags/", data={"code": packet.number}).location).text
    assert "Niêm phong trên túi phải là" in page and " giấy tờ<" not in page


def test_what_differs_at_another_post_office_or_lies_in_no_bag_is_not_there(
    world: World, bag: list[Packet], sign_in: Any
) -> None:
    clerk, stranger, path = sign_in(world.clerk), sign_in(world.stranger), f"/office/bags/{world.courier.id}"
    clerk.post(f"{path}/scan", data={"code": bag[0].number})
    typed = {"seal": "NP 0045 821", "intact": "no", "remark": "x"}
    for number in (bag[0].number, bag[1].number):
        assert stranger.get(f"{path}/{number}").status_code == 404
        assert stranger.post(f"{path}/{number}", data=typed).status_code == 404
    assert clerk.get(f"{path}/{bag[1].number}").status_code == 302
    assert "Không nguyên" not in clerk.get(path).text
