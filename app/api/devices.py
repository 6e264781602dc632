"""Phones: one comes into service with a ticket or, where settings allow it, with name and password; from then on it
signs with a key that never leaves it. A courier sees all phones of their own, and takes a lost one out of service."""

import base64
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, model_validator

from app import security
from app.api import bodies, shapes, times
from app.api.bodies import PRINTABLE
from app.api.promises import promises
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
    """With `ticket`, the letters that the post office shows, and `proof`, the key's ES256 over `enrol-v1`, a newline, the
    letters; or, where the installation allows it, with `user` and `password`. `public_key`: SubjectPublicKeyInfo, base64."""

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
    """`proof`: this device's ES256 over `renew-v1`, a newline, its id and the instant `valid_until` as it was told."""

    proof: str = Field(min_length=1, max_length=200)


class Proven(BaseModel):
    password: str = Field(min_length=1, max_length=200)


class WrongPassword(Refused):
    status = 401


@bp.post("/devices")
@public
@promises(
    {201: shapes.Enrolled}, takes=Enrolment, is_open=True, again="a ticket is good for one device: enrol with a new one.",
    refuses={
        401: "sign_in_wrong", 403: "enrol_by_ticket not_a_courier", 404: "ticket_unknown", 409: "ticket_used phones_full",
        410: "ticket_over", 422: "fields device_key phone_proof", 429: "too_many_tries",
    },
)  # fmt: skip
def enrol() -> ResponseReturnValue:
    """Bring a device into service. One that came by ticket waits until a second person has compared six digits."""
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
@promises({200: shapes.Phone})
def mine() -> ResponseReturnValue:
    """How this phone stands: also one that waits for its second person, or is out of service."""
    return jsonify(told(security.device()))


@bp.get("/devices")
@requires(Right.SCAN)
@promises({200: shapes.Phones})
def all_of_mine() -> ResponseReturnValue:
    """All devices of one's own that are in service, or wait for it."""
    found = [told(device) for device in devices.of(security.user())]
    return jsonify(devices=[each for each in found if each["standing"] in ("in_service", "waiting")])


@bp.post("/devices/me/renew")
@requires(Right.SCAN)
@promises({200: shapes.Phone}, takes=Renewed, again="the same.", refuses={403: "phone_over", 422: "fields phone_proof"})
def renew() -> ResponseReturnValue:
    """Ninety more days for the same key, when the end is near."""
    proof = _bytes(bodies.read(Renewed).proof)
    return jsonify(told(atomically(phones.renew, security.device_id(), proof, security.act())))


@bp.post("/devices/me/prove")
@requires(Right.SCAN)
@promises(
    {200: shapes.Phone}, takes=Proven, again="one more try.",
    refuses={422: "fields presence_wrong", 429: "too_many_tries"},
)  # fmt: skip
def prove() -> ResponseReturnValue:
    """Whether it is the phone's own courier who holds it: they have forgotten the digits that open it."""
    try:
        security.check_password(security.user().login, bodies.read(Proven).password, "phone")
    except Refused as refusal:
        raise Invalid("presence_wrong") if refusal.key == "sign_in_wrong" else refusal from refusal
    return jsonify(told(security.device()))


@bp.post("/devices/<device_id>/retire")
@requires(Right.SCAN)
@promises(
    {200: shapes.Phone}, takes=Retired, again="the same.",
    refuses={403: "phone_not_yours", 404: "handset_unknown", 422: "fields phone_why"},
)  # fmt: skip
def retire(device_id: str) -> ResponseReturnValue:
    """Take a device of one's own out of service, from itself or from another. What it holds it may still hand in."""
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
