"""The demonstration's own pages: step into any role with one click, and read the messages that would have gone out.

Registered only when DEMO=1; a real installation has no such address.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from wtforms import StringField

from app import security
from app.db import atomically, now
from app.demo import cast, load
from app.demo.stage import Days
from app.domain import calendar, numbers, outbox
from app.domain.outbox import Message
from app.errors import Invalid, Missing
from app.integrations import wording
from app.language import whole
from app.security import public
from app.views.fields import Form

bp = Blueprint("demo", __name__, url_prefix="/demo")
PAGE = 40


class ByPhone(Form):
    class Meta:
        csrf = False  # a search changes nothing

    phone = StringField(
        _l("Messages to one phone, or of one dossier"),
        description=_l(
            "The last digits of the phone are enough, for example 123; or a number such as HS-261128-000001-2."
        ),
    )


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    """Who there is to be, and what to try, in the order a dossier travels."""
    return render_template(
        "demo/home.html",
        loaded=load.is_loaded(),
        days=Days(now()),
        made_working=load.is_made_working(calendar.today(now())),
        examples=load.examples(),
        others=[who for who in cast.STAFF if not who.login.endswith("1")],
        password=cast.PASSWORD,
        pin=cast.PIN,
    )


@bp.post("/enter")
@public
def enter() -> ResponseReturnValue:
    """Sign in as somebody of the cast, with today's work laid out when the loaded days have gone by."""
    login = request.form.get("login", "")
    user = load.member(login)
    if user is None:
        raise Missing("demo_nobody")
    atomically(load.renew, now(), security.act().keys)
    return security.sign_in(user.id, redirect(url_for("account.start")))


@bp.get("/inbox")
@public
def inbox() -> ResponseReturnValue:
    """Every message, newest first, as the citizen would read it."""
    form = ByPhone(request.args)
    page = max(1, min(request.args.get("page", 1, type=int), 1000))
    asked = form.phone.data or ""
    about = {"number": _number(asked)} if any(c.isalpha() for c in asked) else {"digits": _digits(asked)}
    found = outbox.newest(PAGE + 1, skip=PAGE * (page - 1), **about)
    letters = [(message, _read(message)) for message in found[:PAGE]]
    older = page + 1 if len(found) > PAGE else None
    return render_template("demo/inbox.html", form=form, letters=letters, older=older)


def _number(text: str) -> str:
    """The number of a dossier or packet as messages name it; what is none finds nothing."""
    try:
        return numbers.read(text[:60])
    except Invalid:
        return text[:60]


def _digits(text: str) -> str:
    """What to look for in "+84900000123": a leading 0 or 84 says nothing."""
    digits = "".join(c for c in text if c.isdigit())[:15]
    return digits.removeprefix("84").removeprefix("0") if len(digits) > 6 else digits


def _read(message: Message) -> Markup:
    """The words, the link made one, the code easy to find, the number on one line."""
    try:
        words = whole(wording.words(message.kind, message.values, message.language))
    except KeyError:
        return escape(message.kind)
    if code := message.values.get("code"):
        words = words.replace(escape(code), Markup('<mark class="code">{}</mark>').format(code))
    if secret := message.values.get("secret"):
        path = f"/t/{secret}"
        for word in words.split():
            if path in word:
                link = word.rstrip(".,")
                words = words.replace(link, Markup('<a href="{}">{}</a>').format(path, link))
    return words
