"""Where one is signed in: everybody sees and ends their own, who answers for all offices everybody's, and it is written down."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.db import db, now
from app.domain import sessions
from app.domain.audit import AuditLine
from app.domain.people import User
from app.security import browser
from tests.world import World

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36"


@pytest.fixture
def enter(app: Flask):  # type: ignore[no-untyped-def]
    def open_(user: User, called: str = FIREFOX) -> FlaskClient:
        client = app.test_client()
        client.post("/sign-in", data={"login": user.login, "password": World.PASSWORD}, headers={"User-Agent": called})
        return client

    return open_


def is_in(client: FlaskClient) -> bool:
    return client.get("/sessions/").status_code == 200


def names(client: FlaskClient) -> list[str]:
    """Those the page offers to end."""
    return re.findall(r'name="name" value="([0-9a-f]+)"', client.get("/sessions/").text)


def noted() -> list[tuple[str | None, str, str]]:
    db.session.rollback()
    lines = db.session.scalars(sa.select(AuditLine).where(AuditLine.action.like("session%")).order_by(AuditLine.id))
    return [(line.user_id, line.action, line.subject) for line in lines]


def test_the_page_lists_where_one_is_signed_in_and_which_is_this(world: World, enter) -> None:  # type: ignore[no-untyped-def]
    desk = enter(world.officer)
    with time_machine.travel(now() + timedelta(minutes=10)):
        phone = enter(world.officer, ANDROID)
        page = desk.get("/sessions/").text
        assert "Firefox, Windows" in page and "Samsung Internet, Android" in page
        assert page.count("<span>nơi này</span>") == 1 and len(names(desk)) == 1 == len(names(phone))
        assert names(desk) != names(phone), "no page offers to end itself"
        assert 'href="/sessions/"' in desk.get("/desk/").text


def test_who_signs_in_is_written_down_and_who_fails_to_is_said_in_the_log_without_a_name(
    world: World, enter, app: Flask, capfd: pytest.CaptureFixture[str]
) -> None:  # type: ignore[no-untyped-def]
    enter(world.officer)
    (line,) = db.session.scalars(sa.select(AuditLine).filter_by(action="signed_in"))
    assert (line.user_id, line.subject, line.details) == (
        world.officer.id,
        world.officer.id,
        {"browser": "Firefox, Windows"},
    )
    client, said = app.test_client(), {"login": world.officer.login, "password": "not this one"}
    for _ in range(9):
        client.post("/sign-in", data=said)
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "proof refused" in line]
    assert [(one["kind"], one["error"]) for one in told] == 8 * [("sign-in", "sign_in_wrong")] + [
        ("sign-in", "too_many_tries")
    ]
    assert not any(word in str(told) for word in said.values())


def test_one_is_ended_and_the_others_stay(world: World, enter) -> None:  # type: ignore[no-untyped-def]
    desk, home, cafe = enter(world.officer), enter(world.officer), enter(world.officer, ANDROID)
    one = re.search(r"Samsung.*?value=\"([0-9a-f]+)\"", desk.get("/sessions/").text, re.S)
    assert one
    assert "Đã đăng xuất ở đó" in desk.post("/sessions/end", data={"name": one[1]}, follow_redirects=True).text
    assert (is_in(desk), is_in(home), is_in(cafe)) == (True, True, False)
    assert noted() == [(world.officer.id, "session_end", world.officer.id)]
    again = desk.post("/sessions/end", data={"name": one[1]})
    assert again.status_code == 404 and "không còn ai đăng nhập" in again.text


@pytest.mark.dialects("sqlite", "postgresql")
def test_all_others_are_ended(world: World, enter) -> None:  # type: ignore[no-untyped-def]
    desk, others, colleague = enter(world.officer), [enter(world.officer) for _ in range(2)], enter(world.clerk)
    desk.post("/sessions/end-others")
    assert is_in(desk) and not any(map(is_in, others)) and is_in(colleague)
    assert noted() == [(world.officer.id, "sessions_end", world.officer.id)]
    assert "Không đăng nhập ở nơi nào khác" in desk.get("/sessions/").text


def test_nobody_ends_anothers(world: World, enter) -> None:  # type: ignore[no-untyped-def]
    desk, clerk = enter(world.officer), enter(world.clerk)
    enter(world.officer)
    assert clerk.post("/sessions/end", data={"name": names(desk)[0]}).status_code == 404
    for url in ("/sessions/staff", f"/sessions/staff/{world.officer.id}"):
        assert clerk.get(url).status_code == 403
    assert clerk.post(f"/sessions/staff/{world.officer.id}/end").status_code == 403
    assert is_in(desk) and noted() == []


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_who_answers_for_all_signs_somebody_out_everywhere(world: World, enter, role: str) -> None:  # type: ignore[no-untyped-def]
    user = getattr(world, role)
    both, above = [enter(world.courier), enter(world.courier, ANDROID)], enter(user)
    people = above.get("/sessions/staff").text
    assert world.courier.name in people and "và 1 nơi khác" in people and world.clerk.name not in people
    page = above.get(f"/sessions/staff/{world.courier.id}").text
    assert "Firefox, Windows" in page and "Máy bưu tá" in page, "a phone is no sign-in, and the page says so"
    done = above.post(f"/sessions/staff/{world.courier.id}/end", follow_redirects=True)
    assert f"{world.courier.name} không còn đăng nhập" in done.text
    assert not any(map(is_in, both)) and is_in(above)
    assert noted() == [(user.id, "sessions_end", world.courier.id)]
    assert above.get("/sessions/staff/nobody").status_code == 404


def test_what_somebody_was_typing_when_they_were_signed_out_is_kept_as_the_page_promises(world: World, enter) -> None:  # type: ignore[no-untyped-def]
    theirs, admin = enter(world.clerk), enter(world.admin)
    page = admin.get(f"/sessions/staff/{world.clerk.id}").text
    assert "những gì đang gõ được giữ đến khi đăng nhập lại" in page and "sẽ mất" not in page
    assert admin.post(f"/sessions/staff/{world.clerk.id}/end").status_code == 302
    said = {"sort": "late", "side": "post", "words": "Đến sau giờ hẹn một giờ"}
    asked = theirs.post(f"/incidents/packets/{world.packet().number}", data=said)
    assert "những gì đã gõ còn giữ ở đây" in asked.text and 'name="login"' in asked.text


def test_what_is_idle_or_old_is_listed_no_more(world: World, enter) -> None:  # type: ignore[no-untyped-def]
    enter(world.officer)
    with time_machine.travel(now() + sessions.IDLE):
        desk = enter(world.officer)
        assert names(desk) == []


def test_a_desk_left_open_is_closed_after_a_quarter_of_an_hour_whatever_its_page_asks_by_itself(
    world: World, enter
) -> None:  # type: ignore[no-untyped-def]
    came, live = now(), {"X-Requested-With": "live"}
    worked, left = enter(world.officer), enter(world.officer)

    def after(minutes: int) -> Any:
        return time_machine.travel(came + timedelta(minutes=minutes), tick=False)

    for minutes in (7, 14):
        with after(minutes):
            assert is_in(worked) and left.get("/desk/queues", headers=live).status_code == 200
    with after(17):
        assert is_in(worked) and not is_in(left)
    with after(31):
        assert is_in(worked)
    with after(47):
        assert not is_in(worked)


@pytest.mark.parametrize(
    ("called", "known"),
    [
        (FIREFOX, "Firefox, Windows"),
        (ANDROID, "Samsung Internet, Android"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 coc_coc_browser/130 Chrome/124 Safari/537.36", "Cốc Cốc, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        ("<script>alert(1)</script>" * 400, ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_its_name_and_nothing_finer(called: str, known: str) -> None:
    assert browser(called) == known


def test_whoever_belongs_to_no_office_reads_their_task_beside_the_name_on_every_page(  # type: ignore[no-untyped-def]
    world: World, sign_in
) -> None:
    heads = {}
    for user, pages in (
        (world.supervisor, ("/exceptions/", "/phones/", "/reports/")),
        (world.admin, ("/admin/places/", "/reports/")),
    ):
        client = sign_in(user)
        heads[user.role] = [
            re.findall(r"<small>(.*?)</small>", client.get(page).text)[0] for page in (*pages, "/sessions/")
        ]
    assert set(heads["supervisor"]) == {"Giám sát"} and set(heads["admin"]) == {"Quản trị"}
