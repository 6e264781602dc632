"""How the citizen found it: one tap on their page when it is over, and, if they like, what should be better."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice, SelectMultipleField

from app import security
from app.db import atomically, now
from app.domain import tracking as stories
from app.domain import votes
from app.domain.dossiers import Dossier
from app.domain.votes import About, Mark
from app.errors import Refused
from app.security import public
from app.sentences import sentence
from app.views.answers import SEE_OTHER
from app.views.fields import Form
from app.views.tracking import dossier_of

bp = Blueprint("votes", __name__)
MARKS = {
    Mark.GOOD: ("check", _l("Satisfied")),
    Mark.FAIR: ("missing", _l("So-so")),
    Mark.POOR: ("close", _l("Not satisfied")),
}
ABOUT = {
    About.TIME: _l("How long it took"), About.COURIER: _l("The courier"), About.DESK: _l("The ward"), About.PRICE: _l("The price"),
    About.PAGES: _l("These pages and the messages"),
}  # fmt: skip


class Opinion(Form):
    marks = MARKS
    about = SelectMultipleField(
        _l("What should be better?"), choices=[SelectChoice(key, words) for key, words in ABOUT.items()]
    )
    given: Mark | None = None


@bp.app_template_global("opinion")
def opinion(dossier: Dossier, headline: str) -> Opinion | None:
    """What the page asks, where everything is back with the citizen and it is not long ago; with what they have said."""
    if headline != "closed" or not votes.is_open(dossier, now()):
        return None
    vote = votes.given(dossier)
    form = Opinion(formdata=None, about=vote.about.split() if vote else [])
    form.given = vote.mark if vote else None
    return form


@bp.post("/t/<secret>/vote")
@public
def vote(secret: str) -> ResponseReturnValue:
    dossier = dossier_of(secret)
    home = redirect(url_for("tracking.home", secret=secret) + "#vote", SEE_OTHER)
    mark = next((one for one in Mark if one == request.form.get("mark")), None)
    if mark is None or stories.story(dossier, now()).headline != "closed":
        return home
    about = [one for one in About if one in request.form.getlist("about")]
    try:
        atomically(votes.cast, dossier, mark, about, security.act())
    except Refused as refusal:
        flash(sentence(refusal), "warning")
        return home
    flash(_("Thank you for your answer."), "ok")
    return home
