"""Lists of a handover: what was expected, what was counted, and each side's word for it, given here by whoever is of it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import security
from app.db import atomically
from app.domain import happenings, manifests, oversight, reception, scope
from app.domain.incidents import Outcome
from app.domain.manifests import LineResult, Manifest, Side, Word
from app.domain.oversight import Finding
from app.domain.people import Right
from app.errors import Refused
from app.security import requires
from app.sentences import sentence
from app.views import incidents, matters
from app.views.fields import Form, own_password

bp = Blueprint("records", __name__, url_prefix="/records")
RESULTS = {
    LineResult.MOVED: ("ok", "check", _l("handed over")),
    LineResult.MISSING: ("warning", "missing", _l("missing: stays with the giver")),
    LineResult.SURPLUS: ("stamp", "surplus", _l("not on the list, taken all the same")),
    LineResult.HELD: ("stamp", "wait", _l("the scan waits for a person")),
}
SIDES = {Side.GIVER: _l("Giving side"), Side.TAKER: _l("Receiving side")}
WORDS = {
    Word.PRESENCE: _l("confirmed at the screen, signed in or password typed in the five minutes before"), Word.PIN: _l("confirmed with the courier's PIN"),
    Word.SIGNED_PRINT: _l("signed on paper"), Word.DEVICE: _l("signed by their phone"),
}  # fmt: skip


class Confirm(Form):
    password = own_password()


@bp.get("/<receipt>")
@requires(Right.WORK)
def show(receipt: str) -> ResponseReturnValue:
    return _page(scope.handover(security.user(), receipt), Confirm())


@bp.post("/<receipt>/confirm")
@requires(Right.WORK)
def confirm(receipt: str) -> ResponseReturnValue:
    form, manifest = Confirm(), scope.manifest(security.user(), receipt)
    if not form.validate_on_submit():
        return _page(manifest, form, 422)
    try:
        security.prove_presence(form.password.data or "")
        user, manifest = security.user(), scope.manifest(security.user(), receipt)
        for side in manifests.sides_of(manifest, user):
            atomically(reception.confirm, manifest, side, Word.PRESENCE, security.act(), user)
    except Refused as refusal:
        form.password.errors = [sentence(refusal)]
        return _page(scope.manifest(security.user(), receipt), form, 429 if refusal.status == 429 else 422)
    flash(_("Your side's word is on the list now."), "ok")
    return redirect(url_for("records.show", receipt=receipt))


def later(manifest: Manifest) -> list[tuple[Finding, Any]]:
    """What was found out since it was written, with its words."""
    told = oversight.after(manifest)
    return [
        (one, incidents.OUTCOMES[Outcome(one.outcome)] if one.file else matters.OUTCOMES[one.outcome]) for one in told
    ]


def _page(manifest: Manifest, form: Confirm, status: int = 200) -> ResponseReturnValue:
    mine = manifests.sides_of(manifest, security.user())
    return render_template(
        "records/record.html", manifest=manifest, lines=manifests.lines_of(manifest), form=form, sides=SIDES,
        parties=happenings.holders([manifest.giver_id, manifest.taker_id]), results=RESULTS, words=WORDS,
        signers={side: manifests.signer(manifest, side) for side in Side},
        asked=[side for side in mine if manifest.confirmed(side) is None], asks_password=not security.is_present(),
        has_paper=bool(mine) and security.user().may(Right.DESK), later=later(manifest),
    ), status  # fmt: skip
