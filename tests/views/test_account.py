"""Signing in: throttled, ended from the server, the same answer whoever does not exist; and what each answer carries."""

import html
import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.config import Settings
from app.db import atomically, db, now
from app.domain import sessions
from app.domain.people import Role, User
from tests.conftest import start
from tests.views.test_desk import received
from tests.world import World


def test_every_role_reaches_its_first_page(app: Flask, world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    for user in (world.courier, world.clerk, world.officer, world.dispatcher, world.supervisor, world.admin):
        answer = sign_in(user).get("/start", follow_redirects=True)
        assert answer.status_code == 200, user.role


def test_wrong_passwords_and_unknown_names_get_the_same_words(app: Flask, world: World) -> None:
    client = app.test_client()
    pages = [
        client.post("/sign-in", data={"login": login, "password": "wrong"}).text.replace(login, "")
        for login in ("desk1", "nobody")
    ]
    assert "không đúng" in pages[0] or "chưa đúng" in pages[0]
    assert [len(page) for page in pages] == [len(pages[0])] * 2


def test_after_eight_tries_the_login_waits_even_with_the_right_password(app: Flask, world: World) -> None:
    client = app.test_client()
    for _ in range(8):
        assert client.post("/sign-in", data={"login": "desk1", "password": "wrong"}).status_code == 422
    right = {"login": "desk1", "password": World.PASSWORD}
    assert client.post("/sign-in", data=right).status_code == 429
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert client.post("/sign-in", data=right).status_code == 302


def test_a_session_ends_on_the_server(app: Flask, world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    desk = sign_in(world.officer)
    assert desk.get("/sign-in").status_code == 200
    user = db.session.get_one(User, world.officer.id)
    atomically(sessions.end_all, user, world.act(user, now()))
    answer = desk.get("/start")
    assert answer.headers["Location"].startswith("/sign-in")


def test_signing_out_kills_the_cookie_wherever_it_was_copied(app: Flask, world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    desk = sign_in(world.officer)
    stolen = desk.get_cookie("hs").value
    desk.post("/sign-out")
    thief = app.test_client()
    thief.set_cookie("hs", stolen)
    assert thief.get("/start").headers["Location"].startswith("/sign-in")


def test_a_disabled_person_is_out_at_the_next_request(app: Flask, world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    desk = sign_in(world.officer)

    def disable() -> None:
        db.session.get_one(User, world.officer.id).disabled_at = now()

    atomically(disable)
    assert desk.get("/start").headers["Location"].startswith("/sign-in")


def test_a_new_sign_in_is_a_new_secret(app: Flask, world: World) -> None:
    client = app.test_client()
    client.set_cookie("hs", "fixed-by-an-attacker")
    client.post("/sign-in", data={"login": "desk1", "password": World.PASSWORD})
    assert client.get_cookie("hs").value != "fixed-by-an-attacker"


@pytest.mark.parametrize(
    "where",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/\r/evil.example", "/\n/x"],
)
def test_nobody_is_sent_to_another_site(app: Flask, world: World, where: str) -> None:
    form = {"login": "desk1", "password": World.PASSWORD, "next": where}
    assert app.test_client().post("/sign-in", data=form).headers["Location"] == "/start"
    assert app.test_client().get("/language/en", query_string={"back": where}).headers["Location"] == "/"


def test_a_form_without_its_token_is_refused_in_words(app: Flask, world: World) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = app.test_client().post("/sign-in", data={"login": "desk1", "password": World.PASSWORD})
    assert answer.status_code == 400
    assert "<h1" in answer.text


def test_every_page_carries_its_shield(app: Flask, world: World) -> None:
    answer = app.test_client().get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in answer.headers["Permissions-Policy"]


def test_the_cookie_is_locked_down_behind_https(settings: Settings, database: str) -> None:
    for app in start(settings.model_copy(update={"base_url": "https://hs.example"}), database):
        World.build(app)
        answer = app.test_client().post(
            "/sign-in", data={"login": "desk1", "password": World.PASSWORD}, base_url="https://hs.example"
        )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hs=") and "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert answer.headers["Strict-Transport-Security"]


def test_every_role_sees_only_its_own_doors(app: Flask, world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    doors = {Role.DISPATCHER: "/dispatch/2026-11-24", Role.CLERK: "/office/", Role.ADMIN: "/admin/procedures/"}
    people = (world.courier, world.clerk, world.officer, world.dispatcher, world.supervisor, world.admin)
    for user in people:
        client = sign_in(user)
        for role, path in doors.items():
            assert client.get(path).status_code == (200 if user.role == role else 403), (user.role, path)


def test_health_and_readiness(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}


def test_the_language_is_the_readers_choice(app: Flask) -> None:
    client = app.test_client()
    assert 'lang="vi">' in client.get("/sign-in").text
    client.get("/language/en")
    assert 'lang="en">' in client.get("/sign-in").text


def test_a_broken_page_says_a_number_to_read_out_and_keeps_the_secret(app: Flask) -> None:
    def boom() -> str:
        raise RuntimeError("0900 000 123")

    boom.right = None  # type: ignore[attr-defined]
    app.view_functions["lookups.by_number"] = boom
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().get("/track")
    assert answer.status_code == 500
    assert "0900 000 123" not in answer.text.replace("\u00a0", " ") or "RuntimeError" not in answer.text


def test_a_form_sent_after_the_session_ended_waits_until_its_sender_has_signed_in(  # type: ignore[no-untyped-def]
    app: Flask, world: World, sign_in
) -> None:
    desk = sign_in(world.officer)
    packet = received(world, desk)
    page = f"/desk/packets/{packet.number}/accept"
    typed = {"head": packet.head.hex(), "code": "H29.17-261123-0001", "due_on": "2099-01-05", "pin": "135790"}
    atomically(sessions.end_all, db.session.get_one(User, world.officer.id), world.act(world.officer, now()))
    answer = desk.post(page, data=typed)
    assert answer.status_code == 401
    assert "Phiên làm việc đã hết" in answer.text and "135790" not in answer.text, "nobody's secret comes back"
    kept = html.unescape(re.findall(r'name="kept" value="([^"]*)"', answer.text)[0])
    assert "H29.17-261123-0001" in kept

    said = {"login": "desk1", "next": page, "kept": kept}
    wrong = desk.post("/sign-in", data=said | {"password": "wrong"})
    assert wrong.status_code == 422 and "H29.17-261123-0001" in wrong.text
    again = desk.post("/sign-in", data=said | {"password": World.PASSWORD})
    assert again.status_code == 200 and f'action="{page}"' in again.text and world.officer.name in again.text
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', again.text)}
    assert fields.keys() >= typed.keys() - {"pin"}
    assert desk.post(page, data=fields).status_code == 302
    assert world.fresh(packet).dossier.official_code == "H29.17-261123-0001"


def test_a_form_kept_for_another_site_or_unreadable_is_not_sent_on(app: Flask, world: World) -> None:
    right = {"login": "desk1", "password": World.PASSWORD, "next": "/desk/"}
    for strange in ("nonsense", "[1]", '{"a": 1}', '[["a", "b", "c"]]'):
        answer = app.test_client().post("/sign-in", data=right | {"kept": strange})
        assert (answer.status_code, answer.location) == (302, "/desk/"), strange
    away = right | {"next": "//evil.example", "kept": '[["a", "b"]]'}
    assert app.test_client().post("/sign-in", data=away).location == "/start"


def test_a_form_that_waits_goes_along_into_the_other_language(  # type: ignore[no-untyped-def]
    app: Flask, world: World, sign_in
) -> None:
    desk = sign_in(world.officer)
    page = f"/desk/packets/{received(world, desk).number}/accept"
    atomically(sessions.end_all, db.session.get_one(User, world.officer.id), world.act(world.officer, now()))
    asked = desk.post(page, data={"code": "H29.17-261123-0001"})
    assert asked.status_code == 401 and "/language/en" not in asked.text

    def waiting(text: str) -> dict[str, str]:
        form = re.search(r'<form id="tongue".*?</form>', text, re.S)
        assert form and re.search(r'<button[^>]*form="tongue"\s+name="language"\s+value="(en|vi)"', text)
        return {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)"\s+value="([^"]*)"', form[0])}

    said = desk.post("/sign-in", data=waiting(asked.text) | {"language": "en"})
    assert said.status_code == 200 and 'lang="en">' in said.text and "Your session is over" in said.text
    assert waiting(said.text)["kept"] == waiting(asked.text)["kept"] and waiting(said.text)["next"] == page
    assert desk.get_cookie("language").value == "en", "and the next page knows"

    right = waiting(said.text) | {"login": "desk1", "password": World.PASSWORD}
    again = desk.post("/sign-in", data=right)
    assert again.status_code == 200 and "Send it once more?" in again.text
    back = desk.post("/sign-in", data=waiting(again.text) | {"language": "vi"})
    assert back.status_code == 200 and 'lang="vi">' in back.text
    assert f'action="{page}"' in back.text and "H29.17-261123-0001" in back.text


def test_the_other_language_opens_no_form_of_somebody_who_has_not_signed_in(app: Flask, world: World) -> None:
    sent = {"language": "en", "next": "/desk/", "kept": '[["code", "x"]]'}
    answer = app.test_client().post("/sign-in", data=sent)
    assert "Sign in for staff" in answer.text and "Send it once more?" not in answer.text
    unknown = app.test_client().post("/sign-in", data=sent | {"language": "fr"})
    assert unknown.status_code == 422 and 'lang="vi">' in unknown.text and not unknown.headers.get("Set-Cookie")


@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("/book/", "/book"),
        ("/book/?q=khai+sinh", "/book?q=khai+sinh"),
        ("/track/", "/track"),
        ("/book/ward/", "/book/ward"),
    ],
)
def test_a_slash_too_many_leads_to_the_page(app: Flask, world: World, typed: str, page: str) -> None:
    answer = app.test_client().get(typed)
    assert (answer.status_code, answer.location) == (308, page)


@pytest.mark.parametrize("typed", ["/nowhere/", "//evil.example/", "///evil.example//", "/api/v1/day/", "/t/AAAA/no/"])
def test_a_slash_too_many_leads_nowhere_else(app: Flask, world: World, typed: str) -> None:
    answer = app.test_client().get("/", environ_overrides={"PATH_INFO": typed}, follow_redirects=True)
    assert answer.status_code == 404 and answer.request.host == "localhost"
    assert app.test_client().post("/book/").status_code == 404


def test_the_address_of_a_form_leads_back_to_the_page_it_stood_on(  # type: ignore[no-untyped-def]
    app: Flask, world: World, sign_in
) -> None:
    """The other language, or Enter in the line of addresses, after a form was sent back with a fault in it."""
    desk = sign_in(world.officer)
    number = received(world, desk).number
    assert desk.post(f"/desk/packets/{number}/accept", data={"code": "nonsense"}).status_code == 422
    answer = desk.get(f"/desk/packets/{number}/accept")
    assert (answer.status_code, answer.location) == (302, f"/desk/packets/{number}")
    assert desk.post("/desk/counts/", data={"code": "nonsense"}).status_code == 422
    assert desk.get("/sign-out").status_code == 405, "nothing stands above it"
    assert desk.put(f"/desk/packets/{number}").status_code == 405
