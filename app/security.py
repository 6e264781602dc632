"""Who may enter, and what every answer carries. A view that names no right admits nobody."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from flask import Flask, Request, Response, abort, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from app.db import atomically, now
from app.domain import devices, people, sessions
from app.domain.devices import Device
from app.domain.people import Act, Right, Role, User
from app.domain.sessions import Session
from app.errors import NotAllowed, Refused

View = TypeVar("View", bound=Callable[..., Any])
Found = TypeVar("Found")
HASHED = re.compile(r"/static/dist/.+\.[0-9A-Za-z]{8,}\.\w+")  # built files whose name says their content
TOUCH = timedelta(minutes=5)  # the last sign of life of a phone is written this often, not on each request
STIR = timedelta(minutes=1)  # that of a session, which ends soon without one
csrf = CSRFProtect()
log = structlog.get_logger()


def requires(right: Right) -> Callable[[View], View]:
    """Admit signed-in staff (pages) or a registered phone (API) whose role grants `right`."""

    def mark(view: View) -> View:
        view.right = right  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Admit anybody."""
    view.right = None  # type: ignore[attr-defined]
    return view


def by_password(view: View) -> View:
    """Admit also whoever signed in by password where passkeys are required: what it takes to get one."""
    view.by_password = True  # type: ignore[attr-defined]
    return view


def camera(view: View) -> View:
    """The page scans with the camera: its policy lets the decoder's wasm run."""
    view.camera = True  # type: ignore[attr-defined]
    return view


def takes(most: int) -> Callable[[View], View]:
    """The page is sent a file: up to so many bytes, where other pages take a form."""

    def mark(view: View) -> View:
        view.takes = most  # type: ignore[attr-defined]
        return view

    return mark


class Sessions(SecureCookieSessionInterface):
    """Of pages: at the API there are no cookies, and a phone's scan need not wait for one to be looked for."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith("/api/") else super().open_session(app, request)


class Ended(Unauthorized):
    """A form of somebody who is signed in no longer: `views/account.py` keeps what was typed."""


def init_app(app: Flask) -> None:
    app.session_interface = Sessions()
    app.before_request(measure)
    csrf.init_app(app)
    app.before_request(guard)
    app.after_request(harden)
    app.jinja_env.globals.update(csp_nonce=csp_nonce)
    app.context_processor(lambda: {"current_user": g.get("user")})


def measure() -> None:
    """Before anything is read of what was sent."""
    most = getattr(current_app.view_functions.get(request.endpoint or ""), "takes", None)
    if most is not None:
        request.max_content_length = most


def guard() -> AnyResponse | None:
    """Runs before every request: who is it, and may they?"""
    g.user, g.session, g.device_id, g.role, g.by_passkey = None, None, None, None, False
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    api = request.path.startswith("/api/")
    if any("\0" in text for text in (request.path, *request.args.values(), *(() if api else request.form.values()))):
        abort(400)  # no text of ours holds a NUL, and PostgreSQL takes none
    if not hasattr(view, "right"):
        abort(403)
    right: Right | None = view.right
    if api:
        _know_device(right)
    else:
        _know_session()
        if _wants_passkey() and not hasattr(view, "by_password"):
            if right is not None:
                return redirect(url_for("passkeys.home"))
            g.user = g.session = None
    g.role = str(g.user.role) if g.user else None
    if right is None:
        return None
    if g.user is None:
        if request.path.startswith("/api/"):
            abort(401)
        if request.method != "GET":
            raise Ended
        return redirect(url_for("account.sign_in", next=request.path))
    if not g.user.may(right):
        raise NotAllowed("not_your_page")
    return None


def _know_device(right: Right | None) -> None:
    """Which phone calls; whose it is only where a right is asked: what a phone holds it may always hand in."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    g.device_id = devices.id_by_token(token) if scheme == "Bearer" and token else None
    if g.device_id and right is not None:
        known = devices.get(g.device_id)
        if known.seen_at is None or now() - known.seen_at > TOUCH:
            atomically(devices.touch, known.id, now())
        g.user = known.user if known.lives(now()) else None


def _know_session() -> None:
    secret = request.cookies.get(cookie_name(), "")
    session = sessions.find(secret, now()) if secret else None
    if session is None:
        return
    if now() - session.seen_at > STIR and not _asks_by_itself():
        atomically(sessions.touch, secret, act())
        session = sessions.find(secret, now())
    if session is not None:
        g.session, g.user = session, session.user
        g.by_passkey = session.passkey_id is not None  # its device is at hand


def _wants_passkey() -> bool:
    """Somebody signed in by password, where that opens only the page of passkeys."""
    return g.session is not None and not g.by_passkey and passkey_required(g.user)


def passkey_required(user: User) -> bool:
    """Couriers sign in on a phone of their own, which is known by its key."""
    return current_app.extensions["settings"].passkeys_required and user.role is not Role.COURIER


def _asks_by_itself() -> bool:
    """Counts that a page left open keeps fresh: nobody may be there."""
    return request.headers.get("X-Requested-With") == "live"


def act() -> Act:
    """Who acts in this request, and when."""
    return Act(user=g.get("user"), at=now(), keys=current_app.extensions["keys"])


def user() -> User:
    """The signed-in person, in a view that requires a right."""
    found: User = g.user
    return found


def here() -> Session:
    """The session this request comes from, in a view that requires a right."""
    found: Session = g.session
    return found


def place() -> bytes:
    """Of whoever calls, told apart from all others: the session's hash, or that of a word in the browser's form cookie."""
    return here().secret_hash if g.session else sessions.hash_of(cookie.setdefault("place", secrets.token_urlsafe(16)))


def device_id() -> str:
    """The registered phone of an API call. 401 without one."""
    if g.device_id is None:
        abort(401)
    found: str = g.device_id
    return found


def device() -> Device:
    """Its row, as it is now."""
    return devices.get(device_id())


def address_key(purpose: str) -> bytes:
    """A throttle's key for the caller's network address, which itself is not kept."""
    digest: bytes = act().keys.digest(purpose, request.remote_addr or "")
    return digest


# ---- signing in -------------------------------------------------------------------------------------------------

WINDOW = timedelta(minutes=15)
PER_LOGIN, PER_ADDRESS = 8, 40
ANYWHERE, HOUR = 100, timedelta(hours=1)  # for one login from all addresses: a stranger cannot lock it in eight tries


def check_password(login: str, password: str, purpose: str = "sign-in") -> User:
    """The user, or Refused("sign_in_wrong"); tries are counted for the login at this address, and for each alone."""
    return counted(lambda: sessions.check_password(login, password), login, purpose)


def second_person(login: str | None, secret: str | None) -> User:
    """Who proves at this page, beside the signed-in person, that they are here: by their own password or PIN.

    Raises Refused: `second_missing`, `second_wrong`, `second_same`, `second_elsewhere`; TooMany.
    """
    if not login or not login.strip() or not secret:
        raise Refused("second_missing")
    found = counted(lambda: sessions.check_second(login, secret), login, "second")
    people.check_second(user(), found)
    return found


def counted(check: Callable[[], Found], login: str, purpose: str) -> Found:
    """What `check` finds; tries are counted for this name at this address, and for each alone. Raises TooMany."""
    doing = act()
    name = login.strip().lower()
    here = doing.keys.digest(purpose, name, request.remote_addr or "")
    try:
        atomically(sessions.count, here, PER_LOGIN, WINDOW, doing.at)
        atomically(sessions.count, doing.keys.digest(f"{purpose}-anywhere", name), ANYWHERE, HOUR, doing.at)
        atomically(sessions.count, address_key(f"{purpose}-from"), PER_ADDRESS, WINDOW, doing.at)
        found = check()
    except Refused as refusal:
        log.warning("proof refused", kind=purpose, error=refusal.key)  # no name: people type passwords there, too
        raise
    atomically(sessions.forget, here)
    return found


def sign_in(user_id: str, answer: AnyResponse, passkey_id: str | None = None) -> AnyResponse:
    """Begin a session, with a new secret each time, and hand its cookie to `answer`."""
    secret = atomically(sessions.begin, user_id, browser(request.user_agent.string), act(), passkey_id)
    answer.set_cookie(
        cookie_name(),
        secret,
        max_age=int(sessions.LIFE.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return answer


# Whoever calls itself by several names is the first of them: every browser claims to be those below it.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "coc_coc": "Cốc Cốc", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
            "Chrome": "Chrome", "CriOS": "Chrome", "Safari": "Safari"}  # fmt: skip
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "CrOS": "ChromeOS", "Mac OS": "macOS", "Linux": "Linux"}  # fmt: skip


def browser(called: str) -> str:
    """What somebody knows their own browser by again, e.g. "Firefox, Windows"; nothing finer is kept."""
    known = (next((name for sign, name in names.items() if sign in called), "") for names in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, known))


def sign_out(answer: AnyResponse) -> AnyResponse:
    secret = request.cookies.get(cookie_name(), "")
    if secret:
        atomically(sessions.end, secret, act())
    answer.delete_cookie(cookie_name(), path="/", secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True)
    return answer


def cookie_name() -> str:
    return "__Host-hs" if current_app.config["SESSION_COOKIE_SECURE"] else "hs"


def is_present() -> bool:
    """Whether the person at this page proved it is them in the last five minutes (PRESENCE)."""
    session: Session | None = g.session
    return session is not None and session.present(now())


def prove_presence(password: str) -> None:
    """Ask again when five minutes have passed. Raises Refused: `presence_empty`, which is no try, `presence_wrong`; TooMany."""
    if is_present():
        return
    if not password:
        raise Refused("presence_empty")
    try:
        found = check_password(user().login, password, "presence")
    except Refused as refusal:
        raise Refused("presence_wrong") if refusal.key == "sign_in_wrong" else refusal from refusal
    if found.id != user().id:
        raise Refused("presence_wrong")
    be_present()


def be_present() -> None:
    """Whoever sits here has proved that it is them."""
    secret = request.cookies[cookie_name()]
    atomically(sessions.touch, secret, act(), present=True)
    g.session = sessions.find(secret, now())
    g.user = g.session.user


# ---- headers ----------------------------------------------------------------------------------------------------


HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
API_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)


def csp_nonce() -> str:
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def harden(response: Response) -> Response:
    headers = response.headers
    headers.extend(HEADERS)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith("/api/"):  # nothing there is a page
        headers.extend(API_HEADERS)
        headers.setdefault("Cache-Control", "no-store")
        return response
    view = current_app.view_functions.get(request.endpoint or "")
    scans = getattr(view, "camera", False)
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{csp_nonce()}'" + (" 'wasm-unsafe-eval'" if scans else ""),
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "media-src": "'self' blob:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    headers["Content-Security-Policy"] = "; ".join(f"{k} {v}" for k, v in policy.items())
    headers["Permissions-Policy"] = f"camera=({'self' if scans else ''}), geolocation=(), microphone=()"
    if HASHED.fullmatch(request.path) and response.status_code == 200:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response
