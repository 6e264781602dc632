"""Passkeys at their pages: added after the password, shown to sign in, refused as passwords are; and required where a house says so."""

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from werkzeug.test import TestResponse

from app.config import Settings
from app.db import atomically, db, now
from app.domain import invitations, passkeys, sessions
from app.domain.audit import AuditLine
from app.domain.passkeys import Passkey
from app.domain.people import User
from tests.authenticator import PRESENT, Authenticator
from tests.world import World

Add = Callable[..., Authenticator]


def begin(client: FlaskClient, password: str = World.PASSWORD) -> TestResponse:
    return client.post("/passkeys/begin", data={"password": password, "name": "phone"})


@pytest.fixture
def add(sign_in: Any) -> Add:
    def make(who: User | FlaskClient, device: Authenticator | None = None, **over: Any) -> Authenticator:
        client = who if isinstance(who, FlaskClient) else sign_in(who)
        device = device or Authenticator()
        answer = device.make(begin(client).get_json(), **over)
        done = client.post("/passkeys/", data={"name": "phone", "passkey": answer})
        assert done.status_code == 303, done.text
        return device

    return make


def show(client: FlaskClient, device: Authenticator, asked: dict[str, Any] | None = None, **more: Any) -> TestResponse:
    asked = asked or client.post("/passkeys/ask").get_json()
    return client.post("/sign-in", data={"passkey": device.show(asked)} | more)


def said(answer: TestResponse) -> str:
    return html.unescape(" ".join(re.findall(r"govuk-error-summary__list.*?</ul>", answer.text, re.S)))


def noted(*actions: str) -> list[tuple[str | None, str]]:
    db.session.rollback()
    rows = sa.select(AuditLine).where(AuditLine.action.in_(actions)).order_by(AuditLine.id)
    return [(line.user_id, line.subject) for line in db.session.scalars(rows)]


def kept(user: User) -> list[Passkey]:
    db.session.rollback()
    return passkeys.of(db.session.get_one(User, user.id))


# ---- adding ------------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_after_the_password_and_signs_in_without_a_name(
    app: Flask, world: World, sign_in: Any, add: Add
) -> None:
    desk = sign_in(world.officer)
    page = desk.get("/passkeys/").text
    assert "Chưa có khóa nào" in page and 'data-passkey="make"' in page
    device = add(desk)
    assert "phone" in desk.get("/passkeys/").text and "chưa dùng" in desk.get("/passkeys/").text
    assert noted("passkey_added") == [(world.officer.id, world.officer.id)]
    client = app.test_client()
    answer = show(client, device, next="/desk/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/")
    assert client.get("/desk/").status_code == 200
    own = client.get("/passkeys/").text
    assert "lần này" in own and "chưa dùng" not in own
    line = db.session.scalars(sa.select(AuditLine).filter_by(action="signed_in").order_by(AuditLine.id.desc())).first()
    assert line and line.details["passkey"] == kept(world.officer)[0].id


@pytest.mark.parametrize(("password", "words"), [("", "Chưa nhập mật khẩu"), ("not this one", "Mật khẩu chưa đúng")])
def test_nothing_is_begun_without_the_password_however_short_ago_it_was_typed(
    world: World, sign_in: Any, password: str, words: str
) -> None:
    desk = sign_in(world.officer)
    answer = begin(desk, password)
    assert answer.status_code in (409, 422) and words in answer.get_json()["says"]


def test_guessing_a_password_there_is_throttled_as_elsewhere(world: World, sign_in: Any) -> None:
    desk = sign_in(world.officer)
    for _ in range(8):
        assert begin(desk, "wrong").status_code == 409
    assert begin(desk).status_code == 429


def test_an_answer_to_no_challenge_or_to_anothers_adds_nothing(world: World, sign_in: Any) -> None:
    desk, clerk = sign_in(world.officer), sign_in(world.clerk)
    theirs = begin(clerk).get_json()
    invented = {"challenge": "bmV2ZXIgYXNrZWQ", "user": {"id": "eA"}}
    for asked in (theirs, invented):
        answer = desk.post("/passkeys/", data={"name": "phone", "passkey": Authenticator().make(asked)})
        assert answer.status_code == 409 and "trễ hoặc bị gửi hai lần" in said(answer)
    for junk in ("", "{}", "[]", "null", "x" * 5000):
        answer = desk.post("/passkeys/", data={"name": "phone", "passkey": junk})
        assert answer.status_code == 409 and "không được nhận" in said(answer)
    assert kept(world.officer) == [] == kept(world.clerk)


def test_a_challenge_to_sign_in_is_none_to_add_one(world: World, sign_in: Any) -> None:
    desk = sign_in(world.officer)
    asked = desk.post("/passkeys/ask").get_json() | {"user": {"id": "eA"}}
    answer = desk.post("/passkeys/", data={"name": "phone", "passkey": Authenticator().make(asked)})
    assert answer.status_code == 409 and kept(world.officer) == []


def test_a_name_is_wanted_and_it_can_be_changed(world: World, sign_in: Any, add: Add) -> None:
    desk = sign_in(world.officer)
    add(desk)
    (one,) = kept(world.officer)
    for wrong in ("", "x" * 41):
        assert desk.post(f"/passkeys/{one.id}", data={"name": wrong}).status_code == 422
    assert desk.post(f"/passkeys/{one.id}", data={"name": "Máy bàn <quầy 2>"}).status_code == 303
    assert "Máy bàn &lt;quầy 2&gt;" in desk.get("/passkeys/").text


def test_an_address_without_a_name_takes_none_and_says_so(app: Flask, world: World, sign_in: Any) -> None:
    numbered = app.extensions["settings"].model_copy(update={"base_url": "https://10.0.0.7"})
    app.extensions["settings"] = numbered
    assert "data-passkey" not in app.test_client().get("/sign-in").text
    page = sign_in(world.officer).get("/passkeys/").text
    assert "data-passkey" not in page and "https" in page


# ---- signing in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"flags": PRESENT}, {"credential": b"another key of nobody's"}],
)  # fmt: skip
def test_a_foreign_origin_an_unasked_holder_and_an_unknown_key_get_the_same_words(
    app: Flask, world: World, add: Add, lie: dict[str, Any]
) -> None:
    device = add(world.officer)
    for name, value in lie.items():
        setattr(device, name, value)
    client = app.test_client()
    answer = show(client, device)
    assert answer.status_code == 422 and "không được nhận" in said(answer)
    assert client.get("/start").headers["Location"].startswith("/sign-in")


def test_an_answer_is_good_once_at_the_browser_that_was_asked_and_for_five_minutes(
    app: Flask, world: World, add: Add
) -> None:
    device, client, thief = add(world.officer), app.test_client(), app.test_client()
    asked = client.post("/passkeys/ask").get_json()
    text = {"passkey": device.show(asked)}
    assert thief.post("/sign-in", data=text).status_code == 422, "stolen on its way, it is worth nothing elsewhere"
    assert client.post("/sign-in", data=text).status_code == 302
    replayed = client.post("/sign-in", data=text)
    assert replayed.status_code == 422 and "trễ hoặc bị gửi hai lần" in said(replayed)
    asked = client.post("/passkeys/ask").get_json()
    with time_machine.travel(now() + passkeys.LIFE):
        assert show(client, device, asked).status_code == 422


def test_a_wrong_answer_spends_its_challenge_too(app: Flask, world: World, add: Add) -> None:
    device, client = add(world.officer), app.test_client()
    asked = client.post("/passkeys/ask").get_json()
    device.flags = PRESENT
    assert show(client, device, asked).status_code == 422
    device.flags = 5
    assert "trễ hoặc bị gửi hai lần" in said(show(client, device, asked))


def test_a_disabled_person_enters_with_no_key(app: Flask, world: World, add: Add) -> None:
    device = add(world.officer)

    def disable() -> None:
        db.session.get_one(User, world.officer.id).disabled_at = now()

    atomically(disable)
    assert show(app.test_client(), device).status_code == 422


def test_a_copy_that_counts_back_is_refused_in_words_and_ends_the_key(app: Flask, world: World, add: Add) -> None:
    device = add(world.officer)
    copy = device.copy()
    for _ in range(2):
        assert show(app.test_client(), device).status_code == 302
    answer = show(app.test_client(), copy)
    assert answer.status_code == 422 and "có hai bản" in said(answer)
    assert kept(world.officer) == [] and noted("passkey_copied") == [(None, world.officer.id)]


def test_wrong_answers_are_throttled_and_said_in_the_log_without_a_name(
    app: Flask, world: World, add: Add, capfd: pytest.CaptureFixture[str]
) -> None:
    device, client = add(world.officer), app.test_client()
    device.flags = PRESENT
    for _ in range(8):
        assert show(client, device).status_code == 422
    device.flags = 5
    assert show(client, device).status_code == 429
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "proof refused" in line]
    assert [one["error"] for one in told] == 8 * ["passkey_wrong"] + ["too_many_tries"]
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert show(client, device).status_code == 302


def test_questions_are_counted_too(app: Flask, world: World) -> None:
    client = app.test_client()
    codes = [client.post("/passkeys/ask").status_code for _ in range(121)]
    assert codes == [200] * 120 + [429] and "says" in client.post("/passkeys/ask").get_json()


def test_what_was_typed_before_the_session_ended_goes_on_after_a_passkey(app: Flask, world: World, add: Add) -> None:
    device, client = add(world.officer), app.test_client()
    page = show(client, device, next="/desk/", kept=json.dumps([["remark", "wet"], ["passkey", "secret"]])).text
    assert 'name="remark" value="wet"' in page and 'name="passkey"' not in page


def test_without_scripts_the_page_asks_for_the_password_as_ever(app: Flask, world: World) -> None:
    page = app.test_client().get("/sign-in").text
    (form,) = re.findall(r"<form[^>]*data-passkey[^>]*>", page)
    assert " hidden" in form and page.index('name="password"') < page.index("data-passkey")
    assert app.test_client().post("/passkeys/ask").get_json()["allowCredentials"] == []


# ---- removing ----------------------------------------------------------------------------------------------------


def test_one_is_removed_by_whoever_proves_that_it_is_them(app: Flask, world: World, sign_in: Any, add: Add) -> None:
    desk, elsewhere = sign_in(world.officer), sign_in(world.officer)
    device = add(desk)
    (one,) = kept(world.officer)
    with time_machine.travel(now() + timedelta(minutes=6)):
        assert 'name="password"' in desk.get(f"/passkeys/{one.id}").text
        assert desk.post(f"/passkeys/{one.id}/remove").status_code == 422
        assert desk.post(f"/passkeys/{one.id}/remove", data={"password": "wrong"}).status_code == 422
        done = desk.post(f"/passkeys/{one.id}/remove", data={"password": World.PASSWORD}, follow_redirects=True)
    assert "không mở được gì nữa" in done.text
    assert noted("passkey_removed") == [(world.officer.id, world.officer.id)]
    assert elsewhere.get("/start").headers["Location"].startswith("/sign-in")
    assert show(app.test_client(), device).status_code == 422


def test_anothers_passkey_is_not_there(world: World, sign_in: Any, add: Add) -> None:
    add(world.officer)
    (one,) = kept(world.officer)
    clerk = sign_in(world.clerk)
    assert clerk.get(f"/passkeys/{one.id}").status_code == 404
    assert clerk.post(f"/passkeys/{one.id}", data={"name": "mine"}).status_code == 404
    assert clerk.post(f"/passkeys/{one.id}/remove").status_code == 404
    assert [each.name for each in kept(world.officer)] == ["phone"]


def test_an_administrator_sees_who_has_some_and_removes_a_lost_one(
    app: Flask, world: World, sign_in: Any, add: Add
) -> None:
    desk = sign_in(world.officer)
    device, admin = add(desk), sign_in(world.admin)
    assert "1 khóa truy cập" in admin.get("/admin/people/").text
    page = admin.get(f"/admin/people/{world.officer.id}").text
    (one,) = kept(world.officer)
    assert one.id in page and "phone" in page
    url = f"/admin/people/{world.officer.id}/passkey"
    assert admin.post(url, data={"passkey": "k0000000000000"}).status_code == 404
    assert sign_in(world.supervisor).post(url, data={"passkey": one.id}).status_code == 403
    assert admin.post(f"/admin/people/{world.clerk.id}/passkey", data={"passkey": one.id}).status_code == 404
    assert "không mở được gì nữa" in admin.post(url, data={"passkey": one.id}, follow_redirects=True).text
    assert desk.get("/start").headers["Location"].startswith("/sign-in")
    assert show(app.test_client(), device).status_code == 422
    assert noted("passkey_removed") == [(world.admin.id, world.officer.id)]


def test_nobody_administers_their_own(world: World, sign_in: Any, add: Add) -> None:
    admin = sign_in(world.admin)
    add(admin)
    (one,) = kept(world.admin)
    assert one.id not in admin.get(f"/admin/people/{world.admin.id}").text
    assert admin.post(f"/admin/people/{world.admin.id}/passkey", data={"passkey": one.id}).status_code == 409
    assert len(kept(world.admin)) == 1


# ---- presence ----------------------------------------------------------------------------------------------------


def test_a_touch_proves_presence_as_the_password_does(app: Flask, world: World, add: Add) -> None:
    device, desk = add(world.officer), app.test_client()
    show(desk, device)
    (one,) = kept(world.officer)
    assert "data-touch" not in desk.get(f"/passkeys/{one.id}").text, "nothing is asked yet"
    with time_machine.travel(now() + timedelta(minutes=6)):
        assert "data-touch" in desk.get(f"/passkeys/{one.id}").text and "data-touch" in desk.get("/desk/counts/").text
        assert desk.post(f"/passkeys/{one.id}/remove").status_code == 422
        asked = desk.post("/passkeys/present").get_json()
        assert [each["type"] for each in asked["allowCredentials"]] == ["public-key"]
        assert desk.post("/passkeys/present", data={"passkey": device.show(asked)}).status_code == 204
        assert desk.post("/passkeys/present", data={"passkey": device.show(asked)}).status_code == 409
        assert desk.post(f"/passkeys/{one.id}/remove").status_code == 303


def test_a_colleagues_touch_proves_nothing(world: World, sign_in: Any, add: Add) -> None:
    theirs, desk = add(world.clerk), sign_in(world.officer)
    with time_machine.travel(now() + timedelta(minutes=6)):
        asked = desk.post("/passkeys/present").get_json()
        answer = desk.post("/passkeys/present", data={"passkey": theirs.show(asked)})
        assert answer.status_code == 409 and "không được nhận" in answer.get_json()["says"]
        counting = desk.get("/desk/counts/").text
        assert 'name="password"' in counting and "data-touch" not in counting, "no key was used to come in"
        session = sessions.find(desk.get_cookie("hs").value, now())
        assert session and not session.present(now())


# ---- where they are required -------------------------------------------------------------------------------------


@pytest.fixture
def strict(app: Flask) -> Flask:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"staff_passkey": "required"})
    return app


def linked(world: World, user: User, password: str = "bốn từ không ai ghép") -> dict[str, str]:
    """What `user` types after an administrator's link."""
    admin = db.session.get_one(User, world.admin.id)
    secret = atomically(lambda: invitations.make(db.session.get_one(User, user.id), world.act(admin, now())))
    atomically(invitations.accept, secret, password, "135790", world.act(at=now()))
    return {"login": user.login, "password": password}


def test_where_required_a_password_alone_opens_nothing(strict: Flask, world: World) -> None:
    client = strict.test_client()
    answer = client.post("/sign-in", data={"login": world.officer.login, "password": World.PASSWORD})
    assert answer.status_code == 422 and "quản trị" in said(answer)
    assert client.get("/start").headers["Location"].startswith("/sign-in")
    wrong = client.post("/sign-in", data={"login": world.officer.login, "password": "wrong"})
    assert "quản trị" not in said(wrong), "who does not know the password is told nothing"


def test_after_a_link_the_password_opens_the_page_to_add_one_and_then_everything(
    strict: Flask, world: World, add: Add
) -> None:
    client = strict.test_client()
    assert client.post("/sign-in", data=linked(world, world.officer)).status_code == 302
    password = {"password": "bốn từ không ai ghép"}
    for url in ("/start", "/desk/", "/sessions/"):
        assert client.get(url).headers["Location"] == "/passkeys/", url
    assert client.post("/sessions/end-others").headers["Location"] == "/passkeys/"
    page = client.get("/passkeys/").text
    assert "Thêm một khóa ngay bây giờ" in page and 'href="/desk/"' not in page
    before, device = client.get_cookie("hs").value, Authenticator()
    answer = device.make(client.post("/passkeys/begin", data=password).get_json())
    done = client.post("/passkeys/", data={"name": "phone", "passkey": answer})
    assert done.headers["Location"] == "/start" and client.get("/desk/").status_code == 200
    assert client.get_cookie("hs").value != before, "what may do more is a new session"
    assert sessions.find(before, now()) is None
    fresh = strict.test_client()
    again = fresh.post("/sign-in", data={"login": world.officer.login} | password)
    assert again.status_code == 422, "the link's two days are not over, but now there is a passkey"
    assert show(fresh, device).status_code == 302
    (one,) = kept(world.officer)
    last = fresh.post(f"/passkeys/{one.id}/remove")
    assert last.status_code == 409 and len(kept(world.officer)) == 1


def test_whoever_was_in_by_password_when_it_became_required_is_led_to_the_page_too(
    app: Flask, world: World, sign_in: Any
) -> None:
    desk, packet = sign_in(world.officer), world.packet()
    first = desk.get(f"/s/{packet.slip.token}")
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"staff_passkey": "required"})
    assert desk.get("/desk/").headers["Location"] == "/passkeys/"
    assert desk.get("/passkeys/").status_code == 200
    slip = f"/s/{packet.slip.token}"
    assert (desk.get(slip).status_code, first.status_code) == (200, 302), "where anybody may look they are nobody"


def test_couriers_need_none(strict: Flask, world: World) -> None:
    client = strict.test_client()
    assert client.post("/sign-in", data={"login": world.courier.login, "password": World.PASSWORD}).status_code == 302
    assert client.get("/phones/").status_code == 200


@pytest.mark.parametrize(
    "address", ["http://hs.example", "https://10.0.0.7", "https://[2001:db8::1]", "http://127.0.0.1"]
)
def test_no_house_requires_what_its_address_makes_impossible(settings: Settings, address: str) -> None:
    said = settings.model_dump() | {"base_url": address, "staff_passkey": "required"}
    with pytest.raises(ValidationError, match="STAFF_PASSKEY"):
        Settings(_env_file=None, **said)
    for good in ("https://hs.example", "https://localhost:8443", "http://localhost:8000"):
        assert Settings(_env_file=None, **said | {"base_url": good}).takes_passkeys
