"""The courier's phone app: one page without personal data. Signing in and everything after it goes through the API."""

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.config import Settings
from app.phrases import texts
from app.security import camera, public

bp = Blueprint("courier", __name__)
MAPS = (
    "https://www.google.com/maps/dir/?api=1&destination="  # a link for another app, opened by a tap; nothing is fetched
)


@bp.get("/courier/")
@public
@camera
def home() -> ResponseReturnValue:
    settings: Settings = current_app.extensions["settings"]
    said = {
        "texts": texts(),
        "language": str(get_locale()),
        "support": settings.support_phone,
        "icons": _icons(),
        "maps": MAPS,
        "password": settings.password_is_enough,
    }
    return render_template("courier/home.html", said=said)


def _icons() -> str:
    address: str = current_app.jinja_env.globals["asset"]("icons.svg")  # type: ignore[operator]
    return address
