"""The guide: how it goes and what to do when it does not, what is done with what citizens tell, and who can use the pages.

It says what the code does: each length of time, each count and each price is the one that acts.
"""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app import language
from app.db import now
from app.domain import (
    aftermath,
    calendar,
    codes,
    day,
    drafts,
    exemptions,
    incidents,
    outbox,
    petitions,
    photos,
    placing,
    postage,
    retention,
    shelf,
    slips,
    visits,
)
from app.domain.postage import Item
from app.security import public
from app.views import grants

bp = Blueprint("guide", __name__)


@bp.get("/help")
@public
def home() -> ResponseReturnValue:
    today = calendar.today(now())
    prices = {item.value: postage.tariff(today, item).amount for item in Item}
    return render_template(
        "guide/help.html", prices=prices, exempt=exemptions.on(today), tries=codes.TRIES, shown=codes.SHOWN_LIFE,
        details=grants.GRANT, late=placing.LATE, grace=visits.GRACE, in_vain=aftermath.ATTEMPTS, letters=shelf.LETTERS, apart=shelf.APART,
    )  # fmt: skip


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    return render_template(
        "guide/privacy.html", draft=drafts.LIFE, remembered=drafts.REMEMBERED, code=codes.VIEW_LIFE, details=grants.GRANT, shift=day.SHIFT, photo=photos.KEPT,
        paper_years=slips.PAPER_YEARS, years=slips.YEARS, cookie=language.KEPT, answer=incidents.ANSWER, answer_far=incidents.ANSWER_FAR,
        after=retention.AFTER, messages=outbox.KEPT, hold=codes.HOLD, first=petitions.FIRST, ours=petitions.OURS,
        law={kind.value: days for kind, days in petitions.LAW.items()},
    )  # fmt: skip


@bp.get("/accessibility")
@public
def accessibility() -> ResponseReturnValue:
    return render_template(
        "guide/accessibility.html", code=codes.VIEW_LIFE, details=grants.GRANT, answer=incidents.ANSWER
    )
