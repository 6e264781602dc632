"""Photos come in after their scans, as bytes: whoever holds a phone's token may hand in what the phone has taken.

A picture is drawn anew in a child process before it is kept, outside any transaction.
"""

import hashlib
from datetime import timedelta

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from app import security
from app.api import bodies, shapes
from app.api.promises import promises
from app.db import atomically
from app.domain import photos, sessions
from app.security import public

bp = Blueprint("api_files", __name__, url_prefix="/api/v1")
bp.before_request(bodies.new_enough)
TRIES, WINDOW = 300, timedelta(days=1)  # of one phone


@bp.post("/files")
@public
@promises(
    {200: shapes.Kept, 201: shapes.Kept}, takes=tuple(sorted(photos.KINDS)), largest=photos.LARGEST,
    again="200, and it is there once.", refuses={422: "picture_unreadable", 429: "too_many_tries"},
)  # fmt: skip
def upload() -> ResponseReturnValue:
    """A picture that a scan names. 201 when it is kept, 200 when it was there; both name the hash of what was sent."""
    device_id, act = security.device_id(), security.act()
    data = bodies.take(photos.LARGEST)
    if request.mimetype not in photos.KINDS:
        abort(415)
    sha256 = hashlib.sha256(data)
    if photos.is_there(sha256.digest()):
        return jsonify(sha256=sha256.hexdigest())
    atomically(sessions.count, act.keys.digest("photo", device_id), TRIES, WINDOW, act.at)
    picture = photos.redrawn(data)
    atomically(photos.keep, sha256.digest(), picture, device_id, act.at)
    return jsonify(sha256=sha256.hexdigest()), 201
