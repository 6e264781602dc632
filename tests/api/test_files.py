"""Photos follow their scans: drawn anew, found by the hash of what was sent, and a picture made to harm harms nobody."""

import hashlib
import io

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from app.db import atomically, db, now
from app.domain import phones
from app.domain.devices import Why
from app.domain.photos import LARGEST, Photo
from tests.api.conftest import Line
from tests.world import World


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **facts: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **facts)
    return out.getvalue()


def send(wire: Line, data: bytes, kind: str = "image/jpeg") -> TestResponse:
    return wire.client.post("/api/v1/files", data=data, headers=wire.headers | {"Content-Type": kind})


def test_a_photo_is_drawn_anew_and_what_the_camera_wrote_beside_it_is_gone(wire: Line) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE"
    exif[0x0112] = 6  # lies on its side
    sent = picture(exif=exif, comment=b"SECRET-PLACE")
    assert b"SECRET" in sent
    answer = send(wire, sent)
    assert (answer.status_code, answer.json) == (201, {"sha256": hashlib.sha256(sent).hexdigest()})
    kept = db.session.get_one(Photo, hashlib.sha256(sent).digest())
    assert b"SECRET" not in kept.picture and kept.device_id == wire.phone.device_id
    drawn = Image.open(io.BytesIO(kept.picture))
    assert (drawn.format, drawn.size, dict(drawn.getexif())) == ("JPEG", (40, 60), {})
    assert send(wire, sent).status_code == 200  # again, after the answer was lost


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_become_jpegs(wire: Line, kind: str) -> None:
    sent = picture(kind)
    assert send(wire, sent, f"image/{kind.lower()}").status_code == 201
    assert db.session.get_one(Photo, hashlib.sha256(sent).digest()).picture[:3] == b"\xff\xd8\xff"


@pytest.mark.dialects("sqlite")
def test_what_is_no_picture_or_one_made_to_harm_is_refused_in_words(wire: Line) -> None:
    harmful = {
        "text": b"hello", "nothing": b"", "half": picture()[:200], "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "gif": picture("GIF"), "bomb": picture("PNG", (6000, 6000)), "zip": b"PK\x03\x04" * 50,
    }  # fmt: skip
    for name, data in harmful.items():
        answer = send(wire, data)
        assert (name, answer.status_code, answer.json["key"]) == (name, 422, "picture_unreadable")  # type: ignore[index]
    assert send(wire, picture(), "text/html").status_code == 415
    assert send(wire, b"\xff" * (LARGEST + 1)).status_code == 413
    assert db.session.query(Photo).count() == 0


@pytest.mark.dialects("sqlite")
def test_a_phone_out_of_service_hands_in_what_it_took_and_nobody_else_does(world: World, wire: Line) -> None:
    assert wire.client.post("/api/v1/files", data=picture()).status_code == 401
    atomically(phones.retire, wire.phone.device_id, Why.LOST, world.act(world.dispatcher, now()))
    assert send(wire, picture()).status_code == 201
