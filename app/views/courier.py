"""The courier's phone app: one page without personal data, and what a phone needs to keep it. Signing in and everything
after it goes through the API."""

import hashlib
import json

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.config import Settings
from app.language import NAMES
from app.phrases import texts
from app.security import camera, csp_nonce, public

bp = Blueprint("courier", __name__)
MAPS = (
    "https://www.google.com/maps/dir/?api=1&destination="  # a link for another app, opened by a tap; nothing is fetched
)
ICONS = [(kind, size) for kind in ("icon", "mask") for size in (192, 512)]


@bp.get("/courier/")
@public
@camera
def home() -> ResponseReturnValue:
    page = _page()
    answer = Response(page)
    answer.headers["Shell-Version"] = _version(page)
    return answer


@bp.get("/courier/worker.js")
@public
def worker() -> ResponseReturnValue:
    """The service worker: its text changes with the page and with every file of it, and so phones find a new version."""
    told = {"version": _version(_page()), "page": url_for("courier.home"), **current_app.extensions["shell"]}
    text = f"self.SHELL = {json.dumps(told)};\n{current_app.extensions['worker']}"
    answer = Response(text, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/courier/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    """What the phone's home screen shows."""
    home = url_for("courier.home")
    answer = jsonify(
        id=home,
        start_url=home,
        scope=home,
        name=_("Courier's round · Hồ sơ tận nhà"),
        short_name=_("Courier"),
        lang=str(get_locale()),
        display="standalone",
        orientation="portrait",
        theme_color="#ffffff",
        background_color="#f6f3ec",
        icons=[
            {"src": _address(f"{kind}-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for kind, size in ICONS
            for purpose in ["maskable" if kind == "mask" else "any"]
        ],
    )
    answer.mimetype = "application/manifest+json"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _page() -> str:
    settings: Settings = current_app.extensions["settings"]
    said = {
        "texts": texts(),
        "language": (spoken := str(get_locale())),
        "other": next(each for each in NAMES.items() if each[0] != spoken),
        "support": settings.support_phone,
        "icons": _address("icons.svg"),
        "maps": MAPS,
        "password": settings.password_is_enough,
    }
    return render_template("courier/home.html", said=said)


def _version(page: str) -> str:
    """Of the page with all it names, and of the worker; the nonce of this one answer aside."""
    text = page.replace(csp_nonce(), "") + current_app.extensions["assets"]["worker.js"]
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _address(name: str) -> str:
    address: str = current_app.jinja_env.globals["asset"](name)  # type: ignore[operator]
    return address
