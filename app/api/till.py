"""The courier's own count of the money, signed by their phone. The clerk's count answers it at the post office."""

import base64
from datetime import UTC, datetime

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, field_validator

from app import security
from app.api import bodies, times
from app.db import atomically
from app.domain import money, tokens
from app.domain.people import Right
from app.errors import Invalid
from app.security import requires

bp = Blueprint("api_till", __name__, url_prefix="/api/v1/money")
bp.before_request(bodies.new_enough)


class Said(BaseModel):
    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")
    amount: int = Field(ge=0, le=money.MOST)
    at: str = Field(max_length=40)
    sig: str = Field(min_length=1, max_length=200)

    @field_validator("at")
    @classmethod
    def _instant(cls, text: str) -> str:
        if datetime.fromisoformat(text).tzinfo is None:
            raise ValueError("a time with its zone")
        return text


@bp.post("")
@requires(Right.SCAN)
def declare() -> ResponseReturnValue:
    """`sig`: this phone's ES256 over `money.statement`. The same key again answers as the first time."""
    said, act, device = bodies.read(Said), security.act(), security.device()
    try:
        sig = base64.b64decode(said.sig, validate=True)
    except ValueError:
        sig = b""
    if not tokens.signed_by(device.verify_key, sig, money.statement(device.id, said.key, said.amount, said.at)):
        raise Invalid("manifest_signature")
    said_at = datetime.fromisoformat(said.at).astimezone(UTC)
    word = atomically(money.declare, security.user(), device.id, said.key, said.amount, said_at, sig, act.at)
    return jsonify(key=word.key, amount=word.amount, at=times.stamp(word.at)), 201
