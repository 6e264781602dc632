"""The courier's day, a look-up of one packet, and setting out. Only ever one's own."""

import base64
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from pydantic import BaseModel, Field, model_validator

from app import security
from app.api import bodies, checkpoints, devices, shapes, times
from app.api.bodies import PRINTABLE
from app.api.promises import promises
from app.db import atomically
from app.domain import day, packets, reach, sessions, tokens
from app.domain.calendar import today as date_of
from app.domain.checkpoints import last
from app.domain.people import Act, Right, User
from app.domain.steps import NEXT, REASONS
from app.phrases import texts
from app.security import requires

bp = Blueprint("api_day", __name__, url_prefix="/api/v1")
bp.before_request(bodies.new_enough)
OVERLAP = timedelta(minutes=10)  # a slip replaced while the list was written comes with the next one
LOOKUPS, LOOKUP_WINDOW = 120, timedelta(minutes=10)  # a courier's hands are slower; a guesser's are not


@bp.get("/day")
@requires(Right.SCAN)
@promises({200: shapes.Today}, asks={"pin": "how many lines the log had in the checkpoint that the device saw last"})
def today() -> ResponseReturnValue:
    """The courier's day. It names the people of the open visits of today's own round, and that it did is logged."""
    act, courier = security.act(), security.user()
    told = day.of(courier, act.at)
    answer = times.vouched(act.at, act.keys) | {
        "expires": times.stamp(act.at + day.SHIFT),
        "key": _sealing(act),
        "phone": devices.told(security.device()),
        "courier": {"name": courier.name, "badge": courier.badge, "office": _office(courier)},
        **told,
        "steps": day.steps(),
        "reasons": REASONS,
        "next": NEXT,
        "slots": day.slots(courier, act.at),
        "texts": texts(),
        "language": str(get_locale()),
        "keys": {
            "slip": act.keys.slip_public(),
            "receipt": [act.keys.receipt_public()],
            "revoked": act.keys.slip_withdrawn(),
        },  # fmt: skip
        "revoked_slips": "/api/v1/slips/revoked",
        "revoked_devices": reach.revoked_devices(courier, act.at),
        **checkpoints.told(last(), request.args.get("pin", 0, type=int)),
    }
    if named := day.not_logged(courier, told["stops"], act.at):
        atomically(day.log_views, courier.id, named, act.at)
    return jsonify(answer)


def _sealing(act: Act) -> str:
    """What this phone seals its day with: the same all through a date, another the next, and none for a phone that is out
    of service. It is kept nowhere here; whoever finds the phone later has only what the phone's lock guards."""
    return base64.b64encode(act.keys.digest("day-key", security.device_id(), date_of(act.at).isoformat())).decode()


def _office(courier: User) -> dict[str, str] | None:
    office = courier.office
    return {"name": office.name, "phone": office.phone, "party": office.party_id} if office else None


@bp.post("/rounds/<int(max=2147483647):round_id>/start")
@requires(Right.SCAN)
@promises({200: shapes.SetOut}, again="the same; nobody is told twice.", refuses={404: "round_unknown"})
def start(round_id: int) -> ResponseReturnValue:
    """Set out on one's round of today. Those who wait are told who comes and when."""
    bodies.same_site()
    round_ = atomically(day.set_out, round_id, security.act())
    assert round_.started_at
    return jsonify(id=round_.id, date=round_.day.isoformat(), started=times.stamp(round_.started_at))


@bp.get("/slips/revoked")
@requires(Right.SCAN)
@promises(
    {200: "application/octet-stream"},
    asks={"since": "`Slips-Until` of the answer before; all of them without it, or when it cannot be read"},
    headers={"Slips-Until": "what to ask with the next time"},
)
def revoked() -> ResponseReturnValue:
    """Slips that were replaced. Six bytes each: the first five of the packet's code, then the newest issue that is void."""
    since, at = request.args.get("since"), security.act().at
    try:
        after = datetime.fromisoformat(since) - OVERLAP if since else None
    except ValueError:
        after = None  # a phone that has lost its place gets them all
    if after is not None and after.tzinfo is None:
        after = None
    data = tokens.revocations(packets.revoked_since(after))
    return Response(data, content_type="application/octet-stream", headers={"Slips-Until": times.stamp(at)})


class Asked(BaseModel):
    """Exactly one of what is printed on a packet: its code, its number, or the token of its QR."""

    code: str | None = Field(default=None, max_length=16, pattern=PRINTABLE)
    number: str | None = Field(default=None, max_length=60, pattern=PRINTABLE)
    token: str | None = Field(default=None, max_length=200, pattern=PRINTABLE)

    @model_validator(mode="after")
    def _one(self) -> "Asked":
        if sum(bool(each) for each in (self.code, self.number, self.token)) != 1:
            raise ValueError("one of code, number, token")
        return self


@bp.post("/lookups")
@requires(Right.SCAN)
@promises(
    {200: shapes.Found}, takes=Asked, again="the same, as one more try.",
    refuses={
        404: "packet_unknown", 422: "fields number_check number_form token_damaged token_forged", 429: "too_many_tries",
    },
)  # fmt: skip
def look_up() -> ResponseReturnValue:
    """One packet by what is printed on it. What is not there and what is not one's own are refused alike."""
    asked, act = bodies.read(Asked), security.act()
    atomically(sessions.count, act.keys.digest("lookup", security.device().id), LOOKUPS, LOOKUP_WINDOW, act.at)
    found = day.look_up(security.user(), act.at, act.keys, code=asked.code, number=asked.number, token=asked.token)
    return jsonify(found)
