"""Photos come in after their scans, as bytes: whoever holds a phone's token may hand in what the phone has taken.

A picture is drawn anew in a child process before it is kept, outside any transaction.
"""

import hashlib
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from app import security
from app.api import bodies, redraw
from app.db import atomically
from app.domain import photos, sessions
from app.errors import Invalid
from app.security import public

bp = Blueprint("api_files", __name__, url_prefix="/api/v1")
bp.before_request(bodies.new_enough)
LARGEST = 5 * 1024 * 1024
KINDS = {"image/jpeg", "image/png", "image/webp"}
TRIES, WINDOW = 300, timedelta(days=1)  # of one phone
PATIENCE = 10  # seconds for a picture


@bp.post("/files")
@public
def upload() -> ResponseReturnValue:
    """201 when it is kept, 200 when it was there; both name the hash of what was sent."""
    device_id, act = security.device_id(), security.act()
    data = bodies.take(LARGEST)
    if request.mimetype not in KINDS:
        abort(415)
    sha256 = hashlib.sha256(data)
    if photos.is_there(sha256.digest()):
        return jsonify(sha256=sha256.hexdigest())
    atomically(sessions.count, act.keys.digest("photo", device_id), TRIES, WINDOW, act.at)
    picture = redrawn(data)
    atomically(photos.keep, sha256.digest(), picture, device_id, act.at)
    return jsonify(sha256=sha256.hexdigest()), 201


def redrawn(data: bytes) -> bytes:
    """Our own JPEG of the picture. Raises Invalid("picture_unreadable")."""
    child = [sys.executable, "-I", str(Path(redraw.__file__))]
    try:
        done = subprocess.run(child, input=data, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603 (ours)
    except subprocess.SubprocessError as error:
        raise Invalid("picture_unreadable") from error
    return done.stdout
