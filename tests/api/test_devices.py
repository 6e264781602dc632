"""A phone is registered once, by somebody who may carry packets, and its token opens nothing more than that."""

import base64
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from werkzeug.test import TestResponse

from app.api import devices as door
from app.config import Settings
from app.db import atomically, db, now
from app.demo.phone import Phone as Handset
from app.domain import phones, tokens
from app.domain.devices import Device
from app.domain.people import User
from tests.api.conftest import Line
from tests.world import World


def enrol(app: Flask, phone: Handset, **over: Any) -> TestResponse:
    said = {"user": "courier1", "password": World.PASSWORD, "public_key": phone.public_key, "label": "A cheap phone"}
    return app.test_client().post("/api/v1/devices", json=said | over)


def test_a_courier_registers_a_phone_and_gets_a_token_for_it(app: Flask, world: World) -> None:
    answer = enrol(app, world.phone())
    assert answer.status_code == 201
    assert {"device", "party", "actor", "token"} < set(answer.json)
    assert answer.json["standing"] == "in_service"
    assert (answer.json["party"], answer.json["actor"]) == (world.courier.party_id, world.courier.id)
    opened = app.test_client().get("/api/v1/day", headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert opened.status_code == 200
    assert opened.headers["Cache-Control"] == "no-store"


def test_only_the_hash_of_the_token_is_kept(app: Flask, world: World) -> None:
    answer = enrol(app, world.phone())
    device = db.session.get_one(Device, answer.json["device"])
    assert answer.json["token"].encode() not in (device.token_hash, device.public_key)


@pytest.mark.parametrize("who", [{"password": "wrong"}, {"user": "nobody"}, {"user": "nobody", "password": "x"}])
def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(app: Flask, world: World, who: Any) -> None:
    answer = enrol(app, world.phone(), **who)
    assert (answer.status_code, answer.json["key"]) == (401, "sign_in_wrong")
    assert answer.mimetype == "application/problem+json"


def test_after_eight_wrong_passwords_even_the_right_one_waits(app: Flask, world: World) -> None:
    phone = world.phone()
    for _ in range(8):
        assert enrol(app, phone, password="wrong").status_code == 401
    answer = enrol(app, phone)
    assert (answer.status_code, answer.json["key"]) == (429, "too_many_tries")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("login", ["clerk1", "desk1", "dispatcher1", "supervisor1", "admin1"])
def test_only_couriers_carry_packets_with_a_phone(app: Flask, world: World, login: str) -> None:
    phone = world.phone()
    answer = enrol(app, phone, user=login)
    assert (answer.status_code, answer.json["key"]) == (403, "not_a_courier")
    assert db.session.scalars(sa.select(Device.id)).all() == [phone.device_id]


def spelled(key: Any) -> str:
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(*form)).decode()


KEYS = {
    "of another kind": spelled(Ed25519PrivateKey.generate()),
    "of another curve": spelled(ec.generate_private_key(ec.SECP384R1())),
    "in two lines": spelled(ec.generate_private_key(ec.SECP256R1())).replace("A", "\nA", 1),
}


@pytest.mark.parametrize("key", ["", "not base64!", "AAAA", "A" * 500, *KEYS])
def test_a_key_that_cannot_be_used_is_said_so(app: Flask, world: World, key: str) -> None:
    answer = enrol(app, world.phone(), public_key=KEYS.get(key, key))
    assert answer.status_code == 422
    assert answer.json["key"] == ("fields" if len(key) > 400 or not key else "device_key")


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"json": {"user": "courier1"}}, 422), ({"data": "user=courier1"}, 415), ({"json": {"user": "\x00"}}, 422)],
)
def test_what_is_not_an_enrolment_is_refused(app: Flask, world: World, sent: Any, status: int) -> None:
    assert app.test_client().post("/api/v1/devices", **sent).status_code == status


def test_broken_json_is_a_bad_request(app: Flask, world: World) -> None:
    answer = app.test_client().post("/api/v1/devices", data="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json["key"]) == (400, "bad_request")


def test_a_page_of_another_site_cannot_register_a_phone(app: Flask, world: World) -> None:
    answer = app.test_client().post(
        "/api/v1/devices", json={"user": "courier1"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


def test_a_revoked_or_expired_phone_is_shown_nothing_new(app: Flask, world: World) -> None:
    phone = world.phone()
    headers = {"Authorization": f"Bearer {phone.token}"}

    def change(**values: Any) -> None:
        db.session.execute(sa.update(Device).where(Device.id == phone.device_id).values(**values))

    for change_to in ({"revoked_at": now()}, {"revoked_at": None, "valid_until": now() - timedelta(days=1)}):
        atomically(change, **change_to)
        assert app.test_client().get("/api/v1/day", headers=headers).status_code == 401


def test_a_courier_who_left_is_shown_nothing_from_the_next_request_on(app: Flask, world: World) -> None:
    phone = world.phone()
    headers = {"Authorization": f"Bearer {phone.token}"}
    assert app.test_client().get("/api/v1/day", headers=headers).status_code == 200

    def leave() -> None:
        world.courier.disabled_at = now()

    atomically(leave)
    for path in ("/api/v1/day", "/api/v1/devices"):
        assert app.test_client().get(path, headers=headers).status_code == 401


# ---- with a ticket ----------------------------------------------------------------------------------------------


def show_ticket(world: World, courier: User | None = None) -> str:
    return atomically(phones.invite, courier or world.courier, world.act(world.dispatcher, now()))


def answer_ticket(app: Flask, letters: str, phone: Handset, **over: Any) -> TestResponse:
    proof = base64.b64encode(tokens.sign(phone.key, b"enrol-v1\n" + letters.encode())).decode()
    said = {"ticket": letters, "public_key": phone.public_key, "proof": proof, "label": "A cheap phone"}
    return app.test_client().post("/api/v1/devices", json=said | over)


def handset(world: World) -> Handset:
    return Handset(world.courier.id, world.courier.party_id)


def wire_of(app: Flask, answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['token']}"}


def test_a_ticket_brings_a_phone_that_waits_and_is_shown_nothing_until_it_is_confirmed(
    app: Flask, world: World
) -> None:
    world, phone = world, handset(world)
    answer = answer_ticket(app, show_ticket(world), phone)
    assert answer.status_code == 201
    assert (answer.json["actor"], answer.json["standing"]) == (world.courier.id, "waiting")
    assert [key["id"] for key in answer.json["keys"]["receipt"]] == [1]
    client, headers = app.test_client(), wire_of(app, answer)
    assert client.get("/api/v1/devices/me", headers=headers).json["standing"] == "waiting"
    assert client.get("/api/v1/day", headers=headers).status_code == 401
    atomically(phones.confirm, answer.json["device"], world.act(world.clerk, now()))
    assert client.get("/api/v1/devices/me", headers=headers).json["standing"] == "in_service"
    assert client.get("/api/v1/day", headers=headers).status_code == 200


def test_a_waiting_phones_scans_are_kept_with_a_receipt(app: Flask, world: World) -> None:
    phone = handset(world)
    answer = answer_ticket(app, show_ticket(world), phone)
    phone.device_id = answer.json["device"]
    body = phone.body(world.packet(), "miss", now(), reason="nobody_home", next="another_day")
    scan = {"body": base64.b64encode(body).decode(), "sig": base64.b64encode(phone.sign(body)).decode()}
    sent = app.test_client().post("/api/v1/scans", json={"scans": [scan]}, headers=wire_of(app, answer))
    [result] = sent.json["results"]
    assert (result["verdict"], result["why"]) == ("held", "device_unconfirmed")
    assert result["receipt"]


def test_a_used_ticket_an_unknown_one_and_an_old_one_are_told_apart(app: Flask, world: World) -> None:
    letters = show_ticket(world)
    assert answer_ticket(app, letters, handset(world), proof="AAAA").status_code == 422
    assert answer_ticket(app, letters, handset(world), proof="no base64").json["key"] == "phone_proof"
    assert answer_ticket(app, letters, handset(world)).status_code == 201
    assert (used := answer_ticket(app, letters, handset(world))).status_code == 409 and used.json[
        "key"
    ] == "ticket_used"
    assert answer_ticket(app, "0" * 26, handset(world)).json["key"] == "ticket_unknown"
    old = show_ticket(world)
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert (over := answer_ticket(app, old, handset(world))).status_code == 410 and over.json[
            "key"
        ] == "ticket_over"


@pytest.mark.parametrize(
    "said",
    [
        {"ticket": "0" * 26},
        {"proof": "AAAA"},
        {"ticket": "0" * 25, "proof": "AAAA"},
        {"ticket": "I" * 26, "proof": "AAAA"},
        {"ticket": "0" * 26, "proof": "AAAA", "user": "courier1", "password": World.PASSWORD},
        {"ticket": "0" * 26, "user": "courier1"},
    ],
)
def test_half_a_ticket_or_both_ways_at_once_is_no_enrolment(app: Flask, world: World, said: dict[str, str]) -> None:
    answer = app.test_client().post("/api/v1/devices", json=said | {"public_key": handset(world).public_key})
    assert (answer.status_code, answer.json["key"]) == (422, "fields")


def test_a_third_phone_is_refused_and_the_answer_says_what_to_do(app: Flask, world: World) -> None:
    assert [enrol(app, handset(world)).status_code for _ in range(3)] == [201, 201, 409]
    refused = enrol(app, handset(world))
    assert refused.json["key"] == "phones_full"
    assert "hai điện thoại" in refused.json["detail"]


def test_where_settings_ask_for_a_ticket_name_and_password_bring_no_phone(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = app.extensions["settings"].model_copy(update={"enrol_by_password": False})
    monkeypatch.setitem(app.extensions, "settings", asking)
    answer = enrol(app, handset(world))
    assert (answer.status_code, answer.json["key"]) == (403, "enrol_by_ticket")
    assert answer_ticket(app, show_ticket(world), handset(world)).status_code == 201


@pytest.mark.parametrize(("demo", "said", "is_enough"), [(True, None, True), (False, None, False), (False, True, True)])
def test_the_password_is_enough_in_the_demonstration_and_where_a_small_office_says_so(
    settings: Settings, demo: bool, said: bool | None, is_enough: bool
) -> None:
    assert settings.model_copy(update={"demo": demo, "enrol_by_password": said}).password_is_enough is is_enough


def test_who_tries_tickets_without_end_is_asked_to_wait(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "TRIES", 3)
    statuses = [answer_ticket(app, f"{n:026d}", handset(world)).status_code for n in range(4)]
    assert statuses == [404, 404, 404, 429]
    refused = answer_ticket(app, show_ticket(world), handset(world))
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0


def test_neither_ticket_nor_token_nor_name_nor_key_is_in_a_log(
    app: Flask, world: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    letters, phone = show_ticket(world), handset(world)
    answer = answer_ticket(app, letters, phone, label="Máy của Bưởi")
    answer_ticket(app, letters, handset(world))
    app.test_client().get("/api/v1/devices/me", headers=wire_of(app, answer))
    with monkeypatch.context() as patch:
        patch.setattr(phones, "answer", lambda *facts: [][1])
        assert answer_ticket(app, letters, phone).status_code == 500
    log = capfd.readouterr().err
    assert log.count('"route": "/api/v1/devices"') == 4 and '"exception"' in log
    secrets = (letters, answer.json["token"], answer.json["device"], phone.public_key, "Bưởi", world.courier.id)
    assert [each for each in secrets if each in log] == []


# ---- one's own phones -------------------------------------------------------------------------------------------


def test_a_courier_sees_the_phones_that_are_theirs_and_in_service(app: Flask, world: World) -> None:
    here, other = world.phone(), world.phone()
    world.phone(world.second_courier)
    told = Line(app, here).get("/api/v1/devices").json["devices"]
    assert {each["device"] for each in told} == {here.device_id, other.device_id}
    assert {each["label"] for each in told} == {"test phone"}


def test_a_lost_phone_is_taken_out_of_service_from_the_other_one(app: Flask, world: World) -> None:
    here, lost = Line(app, world.phone()), Line(app, world.phone())
    assert lost.get("/api/v1/day").status_code == 200
    answer = here.post(f"/api/v1/devices/{lost.phone.device_id}/retire", {"why": "lost"})
    assert (answer.status_code, answer.json["standing"]) == (200, "revoked")
    assert lost.get("/api/v1/day").status_code == 401
    assert lost.get("/api/v1/devices/me").json["standing"] == "revoked"
    assert [each["device"] for each in here.get("/api/v1/devices").json["devices"]] == [here.phone.device_id]


def test_a_colleagues_phone_is_not_there_to_be_taken_out_of_service(app: Flask, world: World) -> None:
    here, other = Line(app, world.phone()), world.phone(world.second_courier)
    for device in (other.device_id, "d-pages", "nothing"):
        answer = here.post(f"/api/v1/devices/{device}/retire", {"why": "lost"})
        assert (answer.status_code, answer.json["key"]) == (404, "handset_unknown")
    assert here.post(f"/api/v1/devices/{here.phone.device_id}/retire", {"why": "bored"}).status_code == 422


def test_a_phone_goes_on_by_its_own_signature_when_its_end_is_near(app: Flask, world: World) -> None:
    here = Line(app, world.phone())
    ends = here.get("/api/v1/devices/me").json["valid_until"]
    with time_machine.travel(now() + timedelta(days=80)):
        message = f"renew-v1\n{here.phone.device_id}\n{ends}".encode()
        proof = base64.b64encode(tokens.sign(here.phone.key, message)).decode()
        answer = here.post("/api/v1/devices/me/renew", {"proof": proof})
        assert answer.status_code == 200 and answer.json["valid_until"] > ends
        assert here.post("/api/v1/devices/me/renew", {"proof": proof}).json["key"] == "phone_proof"


def test_when_a_phone_was_last_seen_is_written_down_every_few_minutes_only(app: Flask, world: World) -> None:
    here = Line(app, world.phone())

    def seen() -> Any:
        db.session.rollback()
        return db.session.get_one(Device, here.phone.device_id).seen_at

    assert seen() is None
    here.get("/api/v1/day")
    first = seen()
    here.get("/api/v1/day")
    assert first and seen() == first
    with time_machine.travel(now() + timedelta(minutes=6)):
        here.get("/api/v1/day")
        assert seen() > first
