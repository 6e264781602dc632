"""Phones: a courier signs in once on a phone; from then on the phone signs with a key that never leaves it."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

from app import security
from app.api import bodies
from app.api.bodies import PRINTABLE
from app.db import atomically, db
from app.domain import devices
from app.domain.devices import Device
from app.domain.people import Act, Right, User
from app.errors import NotAllowed, Refused
from app.security import public

bp = Blueprint("api_devices", __name__, url_prefix="/api/v1")
bp.before_request(bodies.new_enough)


class Enrolment(BaseModel):
    user: str = Field(min_length=1, max_length=60, pattern=PRINTABLE)
    password: str = Field(min_length=1, max_length=200)
    public_key: str = Field(min_length=1, max_length=400)
    label: str = Field(default="", max_length=60, pattern=PRINTABLE)


class WrongPassword(Refused):
    status = 401


@bp.post("/devices")
@public
def enrol() -> ResponseReturnValue:
    asked = bodies.read(Enrolment)
    try:
        found = security.check_password(asked.user, asked.password)
    except Refused as refusal:
        raise WrongPassword(refusal.key) if refusal.key == "sign_in_wrong" else refusal from refusal
    if not found.may(Right.SCAN):
        raise NotAllowed("not_a_courier")
    key = devices.read_public_key(asked.public_key)
    act = Act(found, security.act().at, security.act().keys)
    device, token = atomically(_register, found.id, key, asked.label, act)
    return jsonify(device=device.id, party=device.party_id, actor=device.user_id, token=token), 201


def _register(user_id: str, key: bytes, label: str, act: Act) -> tuple[Device, str]:
    return devices.register(db.session.get_one(User, user_id), key, label, act)
