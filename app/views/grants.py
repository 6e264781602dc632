"""Grants: what a one-time code, sent to the citizen's phone, has opened in this browser, and for how long."""

from datetime import datetime, timedelta

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from app import security
from app.db import atomically, db, now
from app.domain import lookups
from app.domain.dossiers import Dossier
from app.domain.lookups import Opened
from app.views.answers import SEE_OTHER, throttle

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MESSAGES = ((1, MINUTE), (3, 10 * MINUTE), (10, DAY))  # codes sent to one phone
GRANT = 15 * MINUTE  # details stay open in this browser
ANOTHER, DATA = "another", "data"  # what the code was asked for, where it is not the details


def ask(number: str, what: str = "") -> ResponseReturnValue:
    """A code to the phone of this number, if there is one; the next page is the same either way."""
    throttle("send", security.address_key("send"), (5, 10 * MINUTE), (30, DAY))
    throttle("send-number", number.encode(), *MESSAGES)
    session["view_request"] = atomically(lookups.ask_details, number, security.act())
    session["view_number"], session["view_what"] = number, what
    return redirect(url_for("lookups.code"), SEE_OTHER)


def give(opened: Opened) -> str:
    """The code was right: the details are open. Returns what it was asked for."""
    session.pop("view_request")
    session.pop("view_number", None)
    bound = opened.bound_at.isoformat() if opened.bound_at else None
    session["details"] = {"dossier": opened.dossier_id, "bound": bound, "until": (now() + GRANT).isoformat()}
    return str(session.pop("view_what", ""))


def opened() -> Dossier | None:
    """The dossier whose details are open here, as long as the number the code went to is the citizen's."""
    grant = session.get("details")
    dossier = (
        db.session.get(Dossier, grant["dossier"]) if grant and now() < datetime.fromisoformat(grant["until"]) else None
    )
    bound = dossier.citizen.bound_at if dossier else None
    if grant and dossier and grant.get("bound") == (bound.isoformat() if bound else None):
        return dossier
    session.pop("details", None)
    return None
