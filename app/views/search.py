"""Looking for a dossier beyond one's own lists: by number, name or phone, for a reason, and every view is written down.

What is typed is posted, so that no name stands in an address. Another office's dossier is told by where it is, no more.
"""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app import security
from app.db import atomically
from app.domain import audit, scope
from app.domain.dossiers import Dossier
from app.domain.people import Act, Right
from app.security import requires
from app.views import counters
from app.views.fields import Form

bp = Blueprint("search", __name__, url_prefix="/search")


class Search(Form):
    text = StringField(
        _l("Number, name or phone"),
        [
            InputRequired(_l("Type a number, a name or a phone")),
            Length(min=3, max=80, message=_l("At least three characters")),
        ],
    )
    reason = SelectField(
        _l("Why do you look beyond your own work?"),
        [InputRequired(_l("Choose the reason"))],
        choices=[
            SelectChoice("", _l("Choose")),
            SelectChoice("citizen_asks", _l("The citizen asks me here or by phone")),
            SelectChoice("packet_here", _l("A packet or paper has come here by mistake")),
            SelectChoice("complaint", _l("A complaint or an incident")),
            SelectChoice("other_office", _l("Another office asks")),
        ],
    )


@bp.get("/")
@requires(Right.EXCEPTIONS)
def home() -> ResponseReturnValue:
    return render_template("search/home.html", form=Search(formdata=None), own=None, others=None, page=None)


@bp.post("/")
@requires(Right.EXCEPTIONS)
def found() -> ResponseReturnValue:
    form, user = Search(), security.user()
    if not form.validate_on_submit():
        return render_template("search/home.html", form=form, own=None, others=None, page=None), 422
    own, others = scope.search(user, form.text.data), scope.beyond(user, form.text.data)
    atomically(log, [*own, *others], form.reason.data, security.act())
    page = counters.place_of(user) or "corrections.packet"
    return render_template("search/home.html", form=form, own=own, others=others, page=page, most=scope.FOUND)


def log(found: list[Dossier], reason: str, act: Act) -> None:
    """Who looked, why, and at whose dossiers; never what was typed."""
    for dossier in found:
        audit.viewed(act.by.id, dossier.id, "search", act.at)
    audit.note("searched", reason, act, found=[dossier.number for dossier in found])
