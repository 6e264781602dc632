"""The phone's page: open to anybody, empty of anybody, and every sentence its scripts ask for is there."""

import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from app.phrases import TEXTS
from tests.world import World

SCRIPTS = Path(__file__).parents[2] / "app/static/src/js"


def test_the_page_needs_no_session_and_holds_nobodys_data(app: Flask, world: World) -> None:
    world.packet()
    answer = app.test_client().get("/courier/")
    assert answer.status_code == 200
    assert "Nguyễn Thị Mơ" not in answer.text and world.courier.name not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_may_use_the_camera_and_run_the_decoder(app: Flask) -> None:
    headers = app.test_client().get("/courier/").headers
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "'wasm-unsafe-eval'" in headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]


def test_a_phone_can_put_it_on_its_home_screen(app: Flask) -> None:
    """What Chromium asks of an app: a name, where it starts and what belongs to it, its own window, icons of both kinds."""
    client = app.test_client()
    page = client.get("/courier/").text
    link = re.search(r'<link rel="manifest" href="([^"]+)"', page)
    assert link
    told = client.get(link[1]).get_json()
    assert (told["start_url"], told["scope"], told["display"]) == ("/courier/", "/courier/", "standalone")
    assert told["name"] and len(told["short_name"]) <= 12
    assert {(icon["sizes"], icon["purpose"]) for icon in told["icons"]} >= {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    for icon in told["icons"]:
        with client.get(icon["src"]) as answer:
            drawn = Image.open(io.BytesIO(answer.data))
        assert (f"{drawn.width}x{drawn.height}", drawn.format) == (icon["sizes"], "PNG")


@pytest.mark.parametrize(("language", "word"), [("vi", "Dừng lại"), ("en", "Stop")])
def test_the_sentences_come_with_the_page_in_the_readers_language(app: Flask, language: str, word: str) -> None:
    client = app.test_client()
    client.get(f"/language/{language}")
    found = re.search(r'<script type="application/json" id="said"[^>]*>(.*?)</script>', client.get("/courier/").text)
    assert found
    said = json.loads(found[1])
    assert (said["language"], said["texts"]["verdict.stop"]) == (language, word)


def test_a_courier_who_signs_in_at_the_website_is_sent_to_the_phone_app(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    assert sign_in(world.courier).get("/start").headers["Location"] == "/courier/"


def test_scripts_ask_only_for_sentences_there_are_and_none_lies_idle() -> None:
    source = "".join(path.read_text() for path in [SCRIPTS / "courier.js", *(SCRIPTS / "courier").rglob("*.js")])
    asked = {key for key in re.findall(r'"([a-z]+\.[a-zA-Z_]+)"', source) if not key.endswith(".js")}
    built = tuple(re.findall(r"`([a-z]+\.[a-z_]*)\$\{", source))
    assert asked - set(TEXTS) == set()
    assert [key for key in TEXTS if key not in asked and not key.startswith(built)] == []
    assert [stem for stem in built if not any(key.startswith(stem) for key in TEXTS)] == []


def test_scripts_never_read_html_and_hold_no_vietnamese() -> None:
    for path in [SCRIPTS / "courier.js", *(SCRIPTS / "courier").rglob("*.js")]:
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path
        said = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
        said = (
            said.replace('"Hồ sơ tận nhà"', "").replace('NBSP + "đ"', "").replace('"Tiếng Việt"', "")
        )  # the service, the currency, a language by its own name
        assert not re.search(r"[\u0300-\u036f]|[đ\u01a1\u01b0]", unicodedata.normalize("NFD", said)), path
