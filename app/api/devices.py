"""Phones: one comes into service with a ticket or, where settings allow it, with name and password; from then on it
signs with a key that never leaves it. A courier sees all phones of their own, and takes a lost one out of service."""

import base64
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, model_validator

from app import security
from app.api import bodies, times
from app.api.bodies import PRINTABLE
from app.config import Settings
from app.db import atomically, now
from app.domain import devices, phones, receipts, sessions
from app.domain.devices import Device, Why
from app.domain.people import Act, Right
from app.errors import Invalid, NotAllowed, Refused
from app.security import public, requires

bp = Blueprint("api_devices", __name__, url_prefix="/api/v1")
bp.before_request(bodies.new_enough)
TRIES, WINDOW = 40, timedelta(minutes=15)  # tickets from one address: an office brings its phones in one morning


class Enrolment(BaseModel):
    """With a ticket and the key's signature over it, or with name and password."""

    user: str | None = Field(default=None, min_length=1, max_length=60, pattern=PRINTABLE)
    password: str | None = Field(default=None, min_length=1, max_length=200)
    ticket: str | None = Field(default=None, pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")
    proof: str | None = Field(default=None, max_length=200)
    public_key: str = Field(min_length=1, max_length=400)
    label: str = Field(default="", max_length=60, pattern=PRINTABLE)

    @model_validator(mode="after")
    def _one_way(self) -> "Enrolment":
        by_ticket, by_password = (self.ticket, self.proof), (self.user, self.password)
        if all(by_ticket) == all(by_password) or (any(by_ticket) and any(by_password)):
            raise ValueError("ticket and proof, or user and password")
        return self


class Retired(BaseModel):
    why: Why


class Renewed(BaseModel):
    proof: str = Field(min_length=1, max_length=200)


class Proven(BaseModel):
    password: str = Field(min_length=1, max_length=200)


class WrongPassword(Refused):
    status = 401


@bp.post("/devices")
@public
def enrol() -> ResponseReturnValue:
    asked, act = bodies.read(Enrolment), security.act()
    key = devices.read_public_key(asked.public_key)
    if asked.ticket and asked.proof:
        atomically(sessions.count, security.address_key("enrol-from"), TRIES, WINDOW, act.at)
        device, token = atomically(phones.answer, asked.ticket, key, _bytes(asked.proof), asked.label, act)
    else:
        device, token = _by_password(asked, key, act)
    said = told(device) | {"party": device.party_id, "actor": device.user_id, "token": token}
    return jsonify(said | {"keys": {"receipt": [act.keys.receipt_public()]}}), 201


def _by_password(asked: Enrolment, key: bytes, act: Act) -> tuple[Device, str]:
    settings: Settings = current_app.extensions["settings"]
    if not settings.password_is_enough:
        raise NotAllowed("enrol_by_ticket")
    try:
        found = security.check_password(asked.user or "", asked.password or "")
    except Refused as refusal:
        raise WrongPassword(refusal.key) if refusal.key == "sign_in_wrong" else refusal from refusal
    if not found.may(Right.SCAN):
        raise NotAllowed("not_a_courier")
    return atomically(devices.enrol, found, key, asked.label, Act(found, act.at, act.keys))


@bp.get("/devices/me")
@public
def mine() -> ResponseReturnValue:
    """How this phone stands: also one that waits for its second person, or is out of service."""
    return jsonify(told(security.device()))


@bp.get("/devices")
@requires(Right.SCAN)
def all_of_mine() -> ResponseReturnValue:
    found = [told(device) for device in devices.of(security.user())]
    return jsonify(devices=[each for each in found if each["standing"] in ("in_service", "waiting")])


@bp.post("/devices/me/renew")
@requires(Right.SCAN)
def renew() -> ResponseReturnValue:
    proof = _bytes(bodies.read(Renewed).proof)
    return jsonify(told(atomically(phones.renew, security.device_id(), proof, security.act())))


@bp.post("/devices/me/prove")
@requires(Right.SCAN)
def prove() -> ResponseReturnValue:
    """Whether it is the phone's own courier who holds it: they have forgotten the digits that open it."""
    try:
        security.check_password(security.user().login, bodies.read(Proven).password, "phone")
    except Refused as refusal:
        raise Invalid("presence_wrong") if refusal.key == "sign_in_wrong" else refusal from refusal
    return jsonify(told(security.device()))


@bp.post("/devices/<device_id>/retire")
@requires(Right.SCAN)
def retire(device_id: str) -> ResponseReturnValue:
    """One's own, from this phone or from another."""
    return jsonify(told(atomically(phones.retire, device_id, bodies.read(Retired).why, security.act())))


def told(device: Device) -> dict[str, Any]:
    return {
        "device": device.id,
        "label": device.label,
        "standing": device.standing(now()),
        "enrolled": times.stamp(device.enrolled_at),
        "seen": times.stamp(device.seen_at) if device.seen_at else None,
        "valid_until": receipts.spell(device.valid_until) if device.valid_until else None,
    }


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Invalid("phone_proof") from error
