"""Every error once: HTML for people, problem+json (RFC 9457) under /api, the same keys in both."""

import secrets
from typing import Any
from urllib.parse import quote

from flask import Flask, current_app, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.db import UNKNOWN, abandon
from app.errors import Refused
from app.logs import log
from app.sentences import sentence

# status: (key, title, text)
PAGES = {
    400: ("bad_request", _l("Part of this page did not arrive"), _l("Go back one page and send it again. Nothing has been recorded.")),
    401: ("sign_in_needed", _l("Please sign in first"), _l("Your session is over. Sign in again and repeat the last step.")),
    403: ("not_allowed", _l("This page is not open to you"), _l("If it should be, ask your supervisor.")),
    404: ("not_found", _l("There is nothing at this address"), _l("The link may be cut off or old. Start from the first page, or track by number.")),
    405: ("method_not_allowed", _l("This address cannot be used like that"), _l("Go back one page and use the button there.")),
    409: ("conflict", _l("This cannot be done now"), ""),
    410: ("gone", _l("This page is no longer there"), _l("Its time is over. Start from the first page.")),
    413: ("too_large", _l("That was too much at once"), _l("Shorten the text or send fewer items. Nothing has been recorded.")),
    415: ("media_type", _l("This form of data is not understood"), _l("Send JSON.")),
    422: ("invalid", _l("Something needs another look"), ""),
    426: ("app_too_old", _l("A newer version is needed"), ""),
    429: ("too_many_tries", _l("Too many tries"), ""),
    500: ("broken", _l("This page is not working"), _l("The fault is ours. What you filled in on the earlier steps is kept.")),
    503: ("busy", _l("The service is taking a short break"), _l("Nothing has been recorded. Try again in a minute.")),
}  # fmt: skip
TITLES = {  # where the key says more than the status
    "form_expired": _l("This page was open too long"),
    "two_under_way": _l("One moment, please"),
    "press_busy": _l("One moment, please"),
}
UNSURE = _l(
    "Our answer was lost on the way. What you sent may or may not have been recorded: check before you send it again."
)
SECRETS = {"password", "pin", "second_secret"}  # fields that no page shows again
HELPS_AGAIN = (429, 500, 503)  # and a form that was open too long


def init_app(app: Flask) -> None:
    app.register_error_handler(Refused, refused)
    app.register_error_handler(CSRFError, forged)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(OperationalError, busy)
    app.register_error_handler(Exception, broken)


def refused(refusal: Refused) -> ResponseReturnValue:
    return *answer(refusal.status, refusal.key, sentence(refusal)), refusal.headers


def forged(_error: CSRFError) -> ResponseReturnValue:
    text = _(
        "The form was open too long or came from another site. Go back, load the page again and send it once more."
    )
    return answer(400, "form_expired", text)


def http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # a redirect
    if status == 405 and request.method == "GET" and (page := _above()):
        return redirect(page)
    if status == 404 and request.method == "GET" and (page := _without_slash()):
        return redirect(page, 308)
    key, _title, text = PAGES.get(status, PAGES[500])
    return answer(status, key, str(text))


def busy(error: OperationalError) -> ResponseReturnValue:
    """The database is away, full or too busy: nothing was written, and the same request may be sent again. Where its last word
    was lost nobody knows whether it was written, and a person looks first."""
    abandon()
    log.error("database away", kind=type(error.orig).__name__, route=request.url_rule.rule if request.url_rule else "-")
    key, _title, text = PAGES[503]
    if UNKNOWN in error.detail and not request.path.startswith(
        "/api/"
    ):  # a phone sends the same again whatever came of it
        return *answer(503, "unsure", str(UNSURE)), {"Retry-After": "5"}
    return *answer(503, key, str(text)), {"Retry-After": "5"}


def broken(error: Exception) -> ResponseReturnValue:
    abandon()
    reference = f"{secrets.choice('ABCDEGHKMNPRTX')}{secrets.randbelow(10)} {secrets.randbelow(1000):03d}"
    log.error(
        "broken",
        reference=reference,
        route=request.url_rule.rule if request.url_rule else "-",
        exc_info=error,
    )
    key, _title, text = PAGES[500]
    return answer(500, key, str(text), reference=reference)


def answer(status: int, key: str, text: str, **more: Any) -> tuple[Any, int]:
    title = str(TITLES.get(key, PAGES.get(status, PAGES[500])[1]))
    if request.path.startswith("/api/"):
        body = {
            "type": f"urn:hosotannha:{key}",
            "title": title,
            "status": status,
            "key": key,
            "detail": text,
        } | more
        response = jsonify(body)
        response.mimetype = "application/problem+json"
        return response, status
    g.setdefault("user", None)
    again = _again() if status in HELPS_AGAIN or key == "form_expired" else None
    filled = _filled_in() if key == "busy" else None  # nobody reads a form again that was too large to be read
    page = render_template(
        "errors/page.html", status=status, key=key, title=title, text=text, reference=more.get("reference"), again=again,
        filled=filled, is_secret_asked=filled is not None and any(request.form.get(name) for name in SECRETS),
    )  # fmt: skip
    return page, status


def _filled_in() -> list[tuple[str, str]] | None:
    """What a form brought, to be sent once more; nothing where a file was with it, which no page can hold."""
    if request.method != "POST" or any(file.filename for file in request.files.values()):
        return None
    return [(name, value) for name, value in request.form.items(multi=True) if name not in SECRETS]


def _again() -> str | None:
    """The address of the page that broke; of the page its form stood on, when it can only be sent to."""
    routes = current_app.create_url_adapter(request)
    return request.full_path.rstrip("?") if routes and routes.test(method="GET") else _above()


def _above() -> str | None:
    """The nearest page above this address that can be opened: what a packet's page sends goes to addresses below its own."""
    routes, path = current_app.create_url_adapter(request), request.path.rpartition("/")[0]
    while routes and path and not routes.test(path, "GET"):
        path = path.rpartition("/")[0]
    return path or None


def _without_slash() -> str | None:
    """This address without the slash somebody typed behind it, when that is a page."""
    routes, path = current_app.create_url_adapter(request), "/" + request.path.strip("/")
    typed = request.url_rule is None and request.path.endswith("/") and not path.startswith("/api/")
    if not typed or not routes or not routes.test(path, "GET"):
        return None
    return f"{quote(path)}?{request.query_string.decode('latin-1')}".rstrip("?")
