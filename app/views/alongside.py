"""Another dossier at the same time: for whoever booked the first one in this browser, or has the phone it was booked with.

A tracking link alone opens no name and no address: it has a code sent.
"""

from flask import Blueprint, make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from app import security
from app.db import atomically, now
from app.domain import alongside, drafts
from app.domain.dossiers import Dossier
from app.errors import Refused
from app.security import public
from app.views import draft, grants
from app.views.answers import SEE_OTHER
from app.views.tracking import dossier_of

bp = Blueprint("alongside", __name__)


@bp.post("/t/<secret>/another")
@public
def by_link(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    if draft.is_known(dossier) or grants.opened() == dossier:
        return begun(dossier)
    if alongside.awaited(dossier, now()) is None:
        raise Refused("nothing_to_join")
    return grants.ask(dossier.number, grants.ANOTHER)


@bp.post("/track/another")
@public
def by_code() -> ResponseReturnValue:
    dossier = grants.opened()
    return begun(dossier) if dossier else redirect(url_for("lookups.by_number"), SEE_OTHER)


def begun(dossier: Dossier) -> ResponseReturnValue:
    """A draft that knows what the first booking said; what is to be done is asked next. Raises Refused("nothing_to_join")."""
    act = security.act()
    secret = atomically(drafts.begin, alongside.answers(dossier, act.at), act)
    return draft.remember(make_response(redirect(url_for("booking.search"), SEE_OTHER)), secret)
