"""Pictures: what a courier photographed at a door, for whoever may see the packet; each look is written down."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app import security
from app.domain import photos, scope
from app.domain.people import Right
from app.errors import Missing
from app.security import requires
from app.views import counters

bp = Blueprint("pictures", __name__, url_prefix="/pictures")


@bp.get("/<number>/<sha256>")
@requires(Right.EXCEPTIONS)
def show(number: str, sha256: str) -> ResponseReturnValue:
    packet = scope.packet(security.user(), number)
    found = next((photo for photo in photos.of_packet(packet) if photo.sha256.hex() == sha256), None)
    if found is None:
        raise Missing("picture_gone")
    counters.log_view(packet, "picture")
    return Response(found.picture, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
