"""The courier's own count of the money, signed by their phone. The clerk's count answers it at the post office."""

import base64
from datetime import UTC, datetime

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, field_validator

from app import security
from app.api import bodies, shapes, times
from app.api.promises import promises
from app.db import atomically
from app.domain import money, tokens
from app.domain.people import Right
from app.errors import Invalid
from app.security import requires

bp = Blueprint("api_till", __name__, url_prefix="/api/v1/money")
bp.before_request(bodies.new_enough)


class Said(BaseModel):
    """`sig`: this device's ES256 over the lines `money-v1`, its id, `key`, `amount` in đồng and `at`."""

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
@promises(
    {201: shapes.Counting}, takes=Said, again="the same key answers as the first time.",
    refuses={409: "money_key", 422: "fields manifest_signature money_amount"},
)  # fmt: skip
def declare() -> ResponseReturnValue:
    """What the courier has counted of the money, in their device's hand. The clerk's count answers it."""
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
