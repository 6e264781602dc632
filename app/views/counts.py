"""Joint count at the ward desk: a courier's bag, packet after packet, only differences typed, one biên bản."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from app import security
from app.db import atomically, let_go, now, remembered
from app.domain import bags, happenings, manifests, protocols, reception, scope
from app.domain.bags import Bag, Item
from app.domain.manifests import Manifest, Side, Word
from app.domain.people import Right, User
from app.errors import Missing, Refused
from app.security import camera, requires
from app.sentences import sentence
from app.views import answers, bag_forms, counter_forms, counters, fields, records
from app.views.answers import base_url, file_answer
from app.views.bag_forms import CloseBag, Differ
from app.views.fields import Form

bp = Blueprint("counts", __name__, url_prefix="/desk/counts")
MOST = 50  # packets for other desks that one page remembers
WRONG = ("wrong_ward", "elsewhere")


class GiverSays(Form):
    pin = fields.courier_pin()
    on_paper = BooleanField(_l("No PIN: they signed the sheet, and it stays here"))
    password = fields.own_password()


# ---- counting ---------------------------------------------------------------------------------------------------


@bp.get("/")
@requires(Right.DESK)
@camera
def home() -> ResponseReturnValue:
    return _home()


@bp.post("/")
@requires(Right.DESK)
@camera
def first() -> ResponseReturnValue:
    """The first slip out of a bag says whose bag it is."""
    text = request.form.get("code", "")
    try:
        security.prove_presence(request.form.get("password", "")[:200])
        courier, number, again = bag_forms.first_out_of_bag(text)
    except Refused as refusal:
        return _home(refusal.status, says=sentence(refusal), text=text)
    return redirect(url_for("counts.bag", courier_id=courier.id, last=number, again=again or None))


@bp.get("/<courier_id>")
@requires(Right.DESK)
@camera
def bag(courier_id: str) -> ResponseReturnValue:
    last, again = request.args.get("last", ""), "again" in request.args
    return _page(_courier(courier_id), CloseBag.fresh(), last=last, again=again)


@bp.post("/<courier_id>/scan")
@requires(Right.DESK)
@camera
def scan(courier_id: str) -> ResponseReturnValue:
    """One packet out of the bag. It is held here from now on, whatever happens to this page."""
    text, wrong = request.form.get("code", ""), _wrong()
    try:
        password = request.form.get("password", "")[:200]
        if password or not _is_proven(courier_id):
            security.prove_presence(password)
        courier, signs = _courier(courier_id), not security.is_present()
        let_go(courier)
        with remembered():
            number, again = bag_forms.out_of_bag(courier, text)
    except Refused as refusal:
        if refusal.key in WRONG and refusal.values["number"] not in wrong:
            wrong = [*wrong, str(refusal.values["number"])][:MOST]
        page = _page(
            _courier(courier_id), CloseBag.fresh(), refusal.status, says=sentence(refusal), text=text, wrong=wrong
        )
        kept = {"Content-Location": url_for("counts.bag", courier_id=courier_id, wrong=wrong)} if wrong else {}
        return *page, kept
    after = url_for("counts.bag", courier_id=courier_id, last=number, wrong=wrong or None, again=again or None)
    return answers.seen_next(after, lambda: _counted(courier, number, wrong, again, signs))


@bp.get("/<courier_id>/<number>")
@requires(Right.DESK)
def differs(courier_id: str, number: str) -> ResponseReturnValue:
    courier = _courier(courier_id)
    item = bag_forms.taken(courier, number)
    if item is None:
        return _back(courier_id)
    return _differs(courier, item, bag_forms.differing(item, item.papers))


@bp.post("/<courier_id>/<number>")
@requires(Right.DESK)
def differ(courier_id: str, number: str) -> ResponseReturnValue:
    courier = _courier(courier_id)
    item = bag_forms.taken(courier, number)
    if item is None:
        return _back(courier_id)
    packet = item.packet
    form = counter_forms.counting(Differ, packet.papers, packet.promised)()
    if not form.validate_on_submit():
        return _differs(courier, item, form, 422)
    try:
        bag_forms.differ(courier_id, packet, form, counter_forms.counted(form, packet.papers))
    except Refused as refusal:
        return _differs(courier, item, form, answers.complain(form, refusal))
    return redirect(url_for("counts.bag", courier_id=courier_id, last=packet.number, wrong=_wrong() or None))


@bp.post("/<courier_id>/close")
@requires(Right.DESK)
@camera
def close(courier_id: str) -> ResponseReturnValue:
    form, courier, at = CloseBag(), _courier(courier_id), now()
    form.about(bags.of(security.user(), courier, at))
    if not form.validate_on_submit():
        return _page(courier, form, 422)
    try:
        manifest = bag_forms.close_bag(form, courier_id)
    except Refused as refusal:
        return _page(courier, form, answers.complain(form, refusal))
    return redirect(url_for("counts.record", receipt=manifest.receipt_no))


# ---- the record -------------------------------------------------------------------------------------------------


@bp.get("/records/<receipt>")
@requires(Right.DESK)
def record(receipt: str) -> ResponseReturnValue:
    manifest = scope.manifest(security.user(), receipt)
    if manifest.taker_id != security.user().holds_as:
        return redirect(url_for("records.show", receipt=receipt))
    return _record(manifest, GiverSays(formdata=None))


@bp.get("/records/<receipt>/words")
@requires(Right.DESK)
def words(receipt: str) -> ResponseReturnValue:
    """Both sides' word alone, for the page that waits for the courier's phone."""
    return render_template("desk/_words.html", **_told(scope.manifest(security.user(), receipt)))


@bp.post("/records/<receipt>/giver")
@requires(Right.DESK)
def giver(receipt: str) -> ResponseReturnValue:
    """The courier's word at this screen: the PIN, or the print they signed."""
    form, manifest = GiverSays(), _manifest(receipt)
    if not form.validate_on_submit():
        return _record(manifest, form, 422)
    word = Word.SIGNED_PRINT if form.on_paper.data else Word.PIN
    try:
        security.prove_presence(form.password.data or "")
        with answers.secret("courier-pin", manifest.giver_id, is_typed=word is Word.PIN and bool(form.pin.data)):
            atomically(lambda: reception.giver_says(_manifest(receipt), security.act(), word, form.pin.data or ""))
    except Refused as refusal:
        return _record(_manifest(receipt), form, answers.complain(form, refusal))
    flash(_("Both sides have confirmed. That moment is the legal submission."), "ok")
    return redirect(url_for("counts.record", receipt=receipt))


@bp.get("/records/<receipt>.pdf")
@requires(Right.DESK)
def paper(receipt: str) -> Response:
    """The biên bản as it is printed and signed: of what was taken in here, or left from here."""
    manifest = scope.manifest(security.user(), receipt)
    _log(manifest, "desk.record_pdf")
    pdf = protocols.pdf(manifest, base_url(), security.act().keys)
    return file_answer(pdf, "application/pdf", f"{manifest.receipt_no}.pdf")


# ---- in common --------------------------------------------------------------------------------------------------


def _courier(courier_id: str) -> User:
    return bags.bringer(security.user(), courier_id, now())


def _is_proven(courier_id: str) -> bool:
    """The officer is present, or in a count that began so in this session: the signature under it asks for itself."""
    if security.is_present():
        return True
    return bags.is_under_way(security.user(), _courier(courier_id), security.here().created_at, now())


def _wrong() -> list[str]:
    """Numbers of what lay in the bag for another desk, as this page has gathered them: it stays with the courier."""
    return [number[:40] for number in request.values.getlist("wrong")][:MOST]


def _back(courier_id: str) -> ResponseReturnValue:
    return redirect(url_for("counts.bag", courier_id=courier_id, wrong=_wrong() or None))


def _home(status: int = 200, says: str = "", text: str = "") -> ResponseReturnValue:
    return render_template(
        "desk/counts.html", bags=bags.waiting(security.user(), now()), says=says, text=text,
        asks_password=not security.is_present(), unsigned=bags.unsigned_here(security.user()),
    ), status  # fmt: skip


def _page(
    courier: User,
    form: CloseBag,
    status: int = 200,
    says: str = "",
    text: str = "",
    wrong: list[str] | None = None,
    last: str = "",
    again: bool = False,
) -> tuple[str, int]:
    found: Bag = bags.of(security.user(), courier, now())
    asks = not _is_proven(courier.id)
    newest = next((item for item in found.taken if item.packet.number == last), None)
    return render_template(
        "desk/count.html", place="counts", bag=found, form=form, says=says, text=text, last=newest, again=again,
        wrong=_wrong() if wrong is None else wrong, asks_password=asks,
        signs=not security.is_present() and (not asks or bool(form.password.errors)),
    ), status  # fmt: skip


def _counted(courier: User, number: str, wrong: list[str], again: bool, signs: bool) -> tuple[str, int]:
    """The page after a scan; of a page that showed all that came before, only what changes on it."""
    seen, shown = bags.glance(security.user(), courier, now()), request.form.get("shown", 0, type=int)
    is_next = seen.last.packet.number == number and 0 < shown == seen.tally.taken - 1
    if again or not is_next or seen.last.is_surplus or not seen.tally.unseen:
        return _page(_courier(courier.id), CloseBag.fresh(), last=number, wrong=wrong, again=again)
    form = CloseBag.fresh()
    return render_template(
        "desk/_counted.html", place="counts", bag=seen, last=seen.last, wrong=wrong, form=form, signs=signs
    ), 200


def _differs(courier: User, item: Item, form: Any, status: int = 200) -> ResponseReturnValue:
    counters.log_view(item.packet, "desk.count")
    return render_template(
        "desk/differs.html", place="counts", courier=courier, item=item, packet=item.packet, form=form,
        wrong=_wrong(),
    ), status  # fmt: skip


def _manifest(receipt: str) -> Manifest:
    """A list this desk has taken in by. Raises Missing("manifest_unknown")."""
    found = scope.manifest(security.user(), receipt)
    if found.taker_id != security.user().holds_as:
        raise Missing("manifest_unknown")
    return found


def _told(manifest: Manifest) -> dict[str, Any]:
    return {
        "manifest": manifest, "parties": happenings.holders([manifest.giver_id, manifest.taker_id]), "sides": list(Side),
        "signers": {side: manifests.signer(manifest, side) for side in Side},
    }  # fmt: skip


def _record(manifest: Manifest, form: GiverSays, status: int = 200) -> ResponseReturnValue:
    _log(manifest, "desk.record")
    lines = manifests.lines_of(manifest)
    return render_template(
        "desk/joint.html", form=form, lines=lines, asks_password=not security.is_present(),
        later=records.later(manifest), apart=[one for line, one in lines if one.state == "AT_DESK" and one.way != "out"], **_told(manifest),
    ), status  # fmt: skip


def _log(manifest: Manifest, page: str) -> None:
    for _line, one in manifests.lines_of(manifest):
        counters.log_view(one, page)
