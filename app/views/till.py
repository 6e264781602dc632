"""The money couriers bring back: what should be there, what was counted by both, and what differs, each by name."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app import security
from app.db import atomically, now
from app.domain import bags, calendar, money, remittances, scope, tallies
from app.domain.people import Right, User
from app.errors import Refused
from app.language import money as spoken
from app.security import requires
from app.views import answers
from app.views.fields import Form, courier_pin, read_day, read_sum

bp = Blueprint("till", __name__, url_prefix="/office/money")
SHOWN = timedelta(days=14)
REASONS = {
    "not_recorded": _l("A receipt was written and the money not recorded"),
    "wrong_change": _l("Wrong change was given"),
    "counted_twice": _l("Something was recorded twice"),
    "lost": _l("Money was lost"),
    "not_known": _l("Nobody knows yet"),
}


class Count(Form):
    expected = HiddenField()
    counted = StringField(_l("Counted together, in đồng"), [InputRequired(_l("Type what was counted")), Length(max=20)])
    reason = SelectField(
        _l("Why does it differ?"),
        choices=[
            SelectChoice("", _l("It does not differ")),
            *(SelectChoice(key, text) for key, text in REASONS.items()),
        ],
    )
    pin = courier_pin()


class MakeGood(Form):
    expected = HiddenField()
    pin = courier_pin(InputRequired(_l("The courier types their PIN here")))


@bp.get("/")
@requires(Right.COUNTER)
def home() -> ResponseReturnValue:
    """Every courier who has money, or a difference; and what was counted lately."""
    user, office = security.user(), security.user().office
    if office is None:
        raise Refused("no_office")
    couriers = bags.purse_bearers(user)
    purses = money.purses([courier.party_id for courier in couriers if courier.party_id])
    rows = [
        (courier, purses[courier.party_id], money.declared(courier), _advanced(courier, purses[courier.party_id]))
        for courier in couriers
        if courier.party_id and (courier.disabled_at is None or purses[courier.party_id].total)
    ]
    counts = money.counts(office.id, calendar.today(now() - SHOWN))
    return render_template(
        "office/money.html", rows=rows, counts=counts, names={courier.id: courier for courier in couriers},
        reasons=REASONS, today=calendar.today(now()), advances=remittances.advanced(office),
    )  # fmt: skip


@bp.get("/day/<day>")
@requires(Right.COUNTER)
def day(day: str) -> ResponseReturnValue:
    """One day of the office: what each courier took and handed in, and what the till began and ended with."""
    user, office = security.user(), security.user().office
    if office is None:
        raise Refused("no_office")
    when, today = read_day(day), calendar.today(now())
    return render_template(
        "office/tally.html", day=when, tallies=tallies.tallies(bags.purse_bearers(user), office, when),
        till=tallies.till(office, when), reasons=REASONS, before=when - timedelta(1),
        after=when + timedelta(1) if when < today else None,
        advances=remittances.advanced(office) if when == today else [],  # what is advanced now says nothing of another day
    )  # fmt: skip


@bp.get("/<courier_id>")
@requires(Right.COUNTER)
def courier(courier_id: str) -> ResponseReturnValue:
    return _page(courier_id, Count(formdata=None))


@bp.post("/<courier_id>")
@requires(Right.COUNTER)
def count(courier_id: str) -> ResponseReturnValue:
    form, courier = Count(), scope.purse_bearer(security.user(), courier_id)
    if not form.validate_on_submit():
        return _page(courier_id, form, 422)
    try:
        with answers.secret("courier-pin", courier.party_id or "", is_typed=bool(form.pin.data)):
            done = atomically(_settle, courier_id, form)
    except Refused as refusal:
        return _page(courier_id, form, answers.complain(form, refusal))
    if not done.difference:
        flash(_("%(sum)s taken in, as expected.", sum=spoken(done.counted)), "ok")
    elif done.difference < 0:
        flash(_("%(sum)s taken in. %(short)s short: it stays on the courier's account.", sum=spoken(done.counted), short=spoken(-done.difference)), "warning")  # fmt: skip
    else:
        flash(_("%(sum)s taken in. %(over)s too much: it stays open until it is explained.", sum=spoken(done.counted), over=spoken(done.difference)), "warning")  # fmt: skip
    return redirect(url_for("till.home"))


def _advanced(courier: User, held: money.Purse) -> int:
    return money.advanced(courier) if held.total < 0 else 0


@bp.post("/<courier_id>/advance")
@requires(Right.COUNTER)
def make_good(courier_id: str) -> ResponseReturnValue:
    """The office pays what the courier gave back out of their own money."""
    form, courier = MakeGood(), scope.purse_bearer(security.user(), courier_id)
    if not form.validate_on_submit():
        return _page(courier_id, Count(formdata=None), 422, form)
    expected = form.expected.data or ""
    try:
        if not expected.isdecimal() or len(expected) > 12:
            raise Refused("money_moved")
        with answers.secret("courier-pin", courier.party_id or "", is_typed=True):
            paid = atomically(
                lambda: money.make_good(
                    scope.purse_bearer(security.user(), courier_id), security.act(), expected=int(expected), pin=form.pin.data or "",
                )
            )  # fmt: skip
    except Refused as refusal:
        return _page(courier_id, Count(formdata=None), answers.complain(form, refusal), form)
    flash(_("%(sum)s paid to %(name)s.", sum=spoken(paid), name=courier.name), "ok")
    return redirect(url_for("till.home"))


def _settle(courier_id: str, form: Count) -> money.Count:
    courier = scope.purse_bearer(security.user(), courier_id)
    expected = form.expected.data or ""
    if not expected.removeprefix("-").isdecimal():
        raise Refused("money_moved")
    return money.settle(
        courier, security.act(), expected=int(expected), counted=read_sum(form.counted.data), reason=form.reason.data or None,
        pin=form.pin.data or "",
    )  # fmt: skip


def _page(courier_id: str, form: Count, status: int = 200, paying: MakeGood | None = None) -> ResponseReturnValue:
    courier = scope.purse_bearer(security.user(), courier_id)
    held, paying = money.purse(courier.party_id), paying or MakeGood(formdata=None)
    advanced = _advanced(courier, held)
    form.expected.data, paying.expected.data = str(held.total), str(advanced)
    return render_template(
        "office/count.html", courier=courier, held=held, form=form, said=money.declared(courier), advanced=advanced, paying=paying,
        days=money.days(courier, calendar.today(now() - SHOWN)),
    ), status  # fmt: skip
