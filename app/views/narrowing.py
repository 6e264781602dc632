"""How the desk's page of lists is narrowed: what its address says, what may be chosen, and the name a filter is kept under."""

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from app import security
from app.db import now
from app.domain import calendar, filters
from app.domain.dossiers import ReturnWay
from app.domain.filters import Narrowing
from app.domain.procedures import Procedure
from app.views.fields import Form, said

FIELDS = {"filter_name": "name", "filter_taken": "name", "filters_full": "name", "filter_empty": "name"}
WAYS = {
    ReturnWay.HOME: _l("goes home"), ReturnWay.POST: _l("goes to the post office"), ReturnWay.DESK: _l("picked up here"),
}  # fmt: skip


class Keep(Form):
    name = said(_l("Save this filter under a name"), filters.LONGEST)


def asked() -> Narrowing:
    """What the address narrows the list to; a way that is none is not said."""
    way = request.args.get("way", "")
    return Narrowing(request.args.get("about", "").strip()[:80], ReturnWay(way) if way in set(ReturnWay) else None)


def address(list_: str, says: Narrowing) -> str:
    return url_for("desk.home", list=list_, about=says.about or None, way=says.way)


def subjects() -> dict[str, list[Procedure]]:
    return filters.subjects(calendar.today(now()))


def beside() -> dict[str, Any]:
    """The filters this person keeps, which of them the page shows, what it is narrowed to and may be."""
    says, list_ = asked(), request.args.get("list", "")
    kept = filters.of(security.user())
    shown = next((one for one in kept if (one.list, one.says) == (list_, says)), None)
    return {
        "kept": kept, "shown": shown, "narrowed": says, "filter_address": address, "ways": WAYS, "subjects": subjects,
        "form": Keep(formdata=None),
    }  # fmt: skip
