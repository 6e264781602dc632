"""A phone is registered once, by somebody who may carry packets, and its token opens nothing more than that."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.db import atomically, db, now
from app.domain.devices import Device
from tests.world import Phone, World


def enrol(app: Flask, phone: Phone, **over: Any) -> TestResponse:
    said = {"user": "courier1", "password": World.PASSWORD, "public_key": phone.public_key, "label": "A cheap phone"}
    return app.test_client().post("/api/v1/devices", json=said | over)


def test_a_courier_registers_a_phone_and_gets_a_token_for_it(app: Flask, world: World) -> None:
    answer = enrol(app, world.phone())
    assert answer.status_code == 201
    assert set(answer.json) == {"device", "party", "actor", "token"}
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


@pytest.mark.parametrize("key", ["", "not base64!", "AAAA", "A" * 500])
def test_a_key_that_cannot_be_used_is_said_so(app: Flask, world: World, key: str) -> None:
    answer = enrol(app, world.phone(), public_key=key)
    assert answer.status_code == 422
    assert answer.json["key"] in ("device_key", "fields")


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


def test_a_courier_who_left_is_shown_nothing(app: Flask, world: World) -> None:
    phone = world.phone()

    def leave() -> None:
        world.courier.disabled_at = now()

    atomically(leave)
    answer = app.test_client().get("/api/v1/day", headers={"Authorization": f"Bearer {phone.token}"})
    assert answer.status_code == 403
