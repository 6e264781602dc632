"""The administrator's pages of people, and the link with which somebody sets their own password."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.db import db, now
from app.domain import money
from app.domain.people import Role, User
from app.domain.sessions import PRESENT
from tests.domain.test_money import paid
from tests.views.test_editions import filled
from tests.world import World

NEW = {"login": "moi1", "name": "Nguyễn Thị Bưởi", "role": "clerk", "badge": "", "phone": "0900 000 321"}
PASSWORD = "bốn từ không liên quan"


@pytest.fixture
def admin(world: World, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(world.admin)
    return client


def person(login: str) -> User:
    db.session.rollback()
    return db.session.scalars(sa.select(User).filter_by(login=login)).one()


def link_of(page: str) -> str:
    found = re.search(r"http://localhost(/password/[\w-]+)", page)
    assert found
    return found[1]


def test_somebody_is_added_by_screen_and_sets_their_own_password(world: World, admin: FlaskClient, app: Flask) -> None:
    sent = NEW | {"office": str(world.post.id)}
    made = admin.post("/admin/people/new", data=sent)
    page = made.headers["Location"]
    assert made.status_code == 303 and "chưa có mật khẩu" in admin.get(page).text
    shown = admin.post(f"{page}/link")
    link, theirs = link_of(shown.text), app.test_client()
    assert "<svg" in shown.text and shown.headers["Cache-Control"] == "no-store"
    assert link not in admin.get(page).text and "Có liên kết còn dùng" in admin.get(page).text, "shown once"
    assert "moi1" in theirs.get(link).text and theirs.get(link).headers["Referrer-Policy"] == "no-referrer"
    short = theirs.post(link, data={"password": "ngắn", "pin": "730194"})
    assert short.status_code == 422 and "còn ngắn" in short.text
    assert theirs.post(link, data={"password": PASSWORD, "pin": "730194"}).status_code == 303
    assert theirs.get(link).status_code == 410 and theirs.get("/password/nothing").status_code == 404
    assert theirs.post("/sign-in", data={"login": "moi1", "password": PASSWORD}).status_code == 302
    assert "Nguyễn Thị Bưởi" in theirs.get("/office/").text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"login": "clerk1"}, "đã có người dùng"), ({"login": ""}, "Gõ tên đăng nhập"), ({"name": ""}, "Gõ họ tên"), ({"office": "0"}, "làm ở bưu cục"),
        ({"office": "99"}, ""), ({"role": "king"}, ""), ({"role": "courier"}, "số hiệu"), ({"role": "courier", "badge": "DA-01"}, "của bưu tá khác"),
        ({"phone": "12"}, "10"), ({"name": "x" * 121}, "120"), ({"name": "Lan 😀"}, "Không in được"), ({"badge": "王-1"}, "Không in được"),
    ],
)  # fmt: skip
def test_a_bad_field_is_told_and_what_was_typed_stays(
    world: World, admin: FlaskClient, wrong: dict[str, str], says: str
) -> None:
    sent = NEW | {"office": str(world.post.id), "phone": "0900 000 322"} | wrong
    answer = admin.post("/admin/people/new", data=sent)
    assert answer.status_code == 422 and says in answer.text and f'value="{sent["phone"]}"' in answer.text


def test_the_page_of_a_person_sends_back_what_they_are(world: World, admin: FlaskClient) -> None:
    page = f"/admin/people/{world.courier.id}"
    before = {name: getattr(world.courier, name) for name in ("name", "role", "office_id", "badge", "phone")}
    chosen = re.findall(r'<option value="(\w+)" selected', admin.get(page).text)
    assert chosen == ["courier", str(world.post.id)]
    sent = filled(admin.get(page).text) | {"office": chosen[1]}
    assert admin.post(page, data=sent).status_code == 303
    after = person("courier1")
    assert {name: getattr(after, name) for name in before} == before
    assert admin.post(page, data=sent | {"name": "Trần Văn Bòng"}).status_code == 303
    sent = filled(admin.get(page).text) | {"office": chosen[1]}
    refused = admin.post(page, data=sent | {"role": "clerk"})
    assert refused.status_code == 422 and "đứng tên" in refused.text and person("courier1").role is Role.COURIER
    assert person("courier1").name == "Trần Văn Bòng"


def test_what_a_supervisor_answers_for_is_ticked_on_the_page(world: World, admin: FlaskClient, sign_in: Any) -> None:
    page = f"/admin/people/{world.supervisor.id}"
    sent = {"name": "Đỗ Văn Tre", "role": "supervisor", "office": "0", "badge": "", "phone": "", "reach": "some"}
    none = admin.post(page, data=sent)
    assert none.status_code == 422 and "Đánh dấu ít nhất một nơi" in none.text and person("supervisor1").oversees_all
    assert (
        admin.post(page, data=sent | {"units": [str(world.other_desk.id), str(world.other_post.id)]}).status_code == 303
    )
    listed = admin.get("/admin/people/").text
    assert "Bưu cục Đông Hòa, Phường Đông Hòa" in listed and "Chưa có giám sát nào phụ trách mọi nơi" in listed
    assert len(re.findall(r'name="units"[^>]* checked', admin.get(page).text)) == 2
    theirs = sign_in(world.supervisor)
    assert (
        world.strange_courier.name in theirs.get("/phones/").text
        and world.courier.name not in theirs.get("/phones/").text
    )
    assert admin.post(page, data=sent | {"reach": "all"}).status_code == 303 and person("supervisor1").units == []


def test_the_list_is_narrowed_by_what_is_posted(world: World, admin: FlaskClient) -> None:
    def names(**sent: str) -> set[str]:
        page = admin.post("/admin/people/", data={"text": "", "role": "", "office": "", "standing": ""} | sent).text
        return set(re.findall(r'<span class="code">([a-z]+\d)</span>', page))

    assert names(text="pham oi") == {"clerk1"} and names(role="clerk", office="PO-2") == {"clerk2"}
    assert names(standing="waiting") == set() and names(office="nowhere") != set()
    assert len(re.findall("/admin/people/u", admin.get("/admin/people/").text)) == 11


def test_a_service_ends_at_once_and_what_is_held_is_shown(world: World, admin: FlaskClient, sign_in: Any) -> None:
    phone, clerk, client = world.phone(), sign_in(world.clerk), sign_in(world.courier)
    packet, page = world.collected(phone), f"/admin/people/{world.courier.id}"
    assert packet.number in admin.get(f"{page}/end").text
    refused = admin.post(f"{page}/end", data={})
    assert refused.status_code == 422 and "đánh dấu" in refused.text and client.get("/phones/").status_code == 200
    done = admin.post(f"{page}/end", data={"knows": "y"}, follow_redirects=True)
    assert "Đã ghi" not in done.text and packet.number in done.text and client.get("/phones/").status_code == 302
    assert "Gói ở người đã nghỉ việc" in clerk.get("/exceptions/").text
    assert admin.post(f"{page}/link").status_code == 409
    assert "chưa có mật khẩu" in admin.post(f"{page}/back", follow_redirects=True).text


def test_whoever_left_hands_in_their_money_with_the_old_pin(world: World, admin: FlaskClient, sign_in: Any) -> None:
    paid(world, world.phone())
    held, clerk, page = (
        money.purse(world.courier.party_id).total,
        sign_in(world.clerk),
        f"/office/money/{world.courier.id}",
    )
    assert held > 0
    admin.post(f"/admin/people/{world.courier.id}/end", data={"knows": "y"})
    assert world.courier.name in clerk.get("/office/money/").text
    sent = filled(clerk.get(page).text) | {"counted": str(held), "pin": World.PIN}
    assert clerk.post(page, data=sent).status_code in (302, 303)
    assert money.purse(world.courier.party_id).total == 0
    assert world.courier.name not in re.sub(r"(?s)<table.*</table>", "", clerk.get("/office/money/").text)


def test_a_link_is_made_by_somebody_who_has_just_proved_who_they_are(world: World, admin: FlaskClient) -> None:
    page = f"/admin/people/{world.clerk.id}"
    assert 'name="password"' not in admin.get(page).text
    with time_machine.travel(now() + PRESENT * 2):
        assert 'name="password"' in admin.get(page).text
        for said in ({}, {"password": "wrong"}):
            answer = admin.post(f"{page}/link", data=said)
            assert answer.status_code == 422 and "/password/" not in answer.text
        assert link_of(admin.post(f"{page}/link", data={"password": World.PASSWORD}).text)


def test_nobody_does_it_to_themselves(world: World, admin: FlaskClient) -> None:
    page = f"/admin/people/{world.admin.id}"
    assert "/end" not in admin.get(page).text
    for way in ("link", "end"):
        answer = admin.post(f"{page}/{way}")
        assert answer.status_code == 409 and "tự làm việc này" in answer.text, way


def test_of_two_open_pages_of_a_colleague_the_older_writes_nothing_over_and_keeps_what_was_typed(
    world: World, admin: FlaskClient
) -> None:
    page = f"/admin/people/{world.clerk.id}"
    here = {"office": str(world.post.id)}
    older = filled(admin.get(page).text) | here
    newer = older | {"name": "Phạm Thị Mới"}
    assert [admin.post(page, data=newer).status_code for _pressed_twice in range(2)] == [303, 303]
    refused = admin.post(page, data=older | {"phone": "0900 000 777"})
    assert refused.status_code == 409 and "Có người vừa sửa trang này" in refused.text
    assert 'value="0900 000 777"' in refused.text
    assert (person("clerk1").name, person("clerk1").phone) == ("Phạm Thị Mới", world.clerk.phone)
    assert admin.post(page, data=filled(refused.text) | here | {"name": "Phạm Thị Mới"}).status_code == 303, (
        "sent on purpose"
    )
    assert (person("clerk1").name, person("clerk1").phone) == ("Phạm Thị Mới", "+84900000777")


def test_a_number_is_a_couriers_only(world: World, admin: FlaskClient) -> None:
    sent = NEW | {"office": str(world.post.id), "badge": "DA-99"}
    refused = admin.post("/admin/people/new", data=sent)
    assert refused.status_code == 422 and "Chỉ bưu tá có số hiệu" in refused.text and 'value="DA-99"' in refused.text
    assert admin.post("/admin/people/new", data=sent | {"badge": ""}).status_code == 303
