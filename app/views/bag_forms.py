"""A courier's bag at a counter, of the post office and of the ward desk alike: what is taken out of it, what of it differs,
and how it is closed."""

import secrets
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectChoice
from wtforms.validators import InputRequired, Regexp

from app import security
from app.db import atomically, let_go, now
from app.domain import bags, numbers, reception, scope
from app.domain.bags import Bag, Item
from app.domain.dossiers import Paper
from app.domain.manifests import Manifest, Word
from app.domain.packets import Packet
from app.domain.people import User
from app.errors import Refused
from app.views import fields
from app.views.answers import secret
from app.views.counter_forms import Looked, counting
from app.views.fields import Form


class CloseBag(Form):
    """What is to be written of a bag: one list, and what is left out of it. `key`: a double click is one list."""

    key = HiddenField(validators=[Regexp(r"[0-9a-f]{32}")])
    rest = RadioField(
        _l("What the courier still carries"),
        [InputRequired(_l("Choose what is to be written of the rest"))],
        choices=[
            SelectChoice("stays", _l("It stays on their round")),
            SelectChoice("missing", _l("It should be here: write it down as missing")),
        ],
    )
    pin = fields.courier_pin()
    password = fields.own_password()

    @classmethod
    def fresh(cls) -> "CloseBag":
        return cls(formdata=None, key=secrets.token_hex(16))

    def about(self, bag: Bag) -> None:
        """Nothing is asked of the rest where there is none."""
        if not bag.carried:
            self.rest.data = self.rest.data or "stays"
            self.rest.validators = []


class Differ(Looked):
    """What of one packet of the bag is not as the record says."""

    seal = fields.seal()


def taken(courier: User, number: str) -> Item | None:
    """A packet of the open list; None when it stands on a list by now, or never was in this bag."""
    lying = bags.of(security.user(), courier, now()).taken
    return next((item for item in lying if item.packet.number == number), None)


def differing(item: Item, listed: list[Paper]) -> Any:
    """The form for what differs, with what was typed before; `listed`: the papers that are counted here."""
    typed = item.differs
    known: dict[str, Any] = {f"sheets_{paper.position}": item.sheets[paper.position] for paper in listed}
    if typed:
        known |= {"remark": typed.remark, "intact": "yes" if typed.is_intact else "no"}
    seal = numbers.spoken_seal((typed and typed.seal) or item.packet.seal or "")
    return counting(Differ, listed, item.packet.promised)(formdata=None, seal=seal, **known)


def differ(courier_id: str, packet: Packet, form: Any, counts: dict[int, int] | None) -> None:
    """Write it beside the packet. Raises what `bags.differ` raises."""
    facts = {"seal": form.seal.data, "intact": form.intact.data != "no", "remark": form.remark.data or ""}
    act = security.act()
    atomically(lambda: bags.differ(packet, bags.bringer(act.by, courier_id, act.at), act, counts=counts, **facts))


def out_of_bag(courier: User, text: str) -> tuple[str, bool]:
    """The number of the packet whose slip was scanned out of the courier's bag, held here from now on; and whether it had
    been scanned before. A 1-D scanner reads the number alone: what this courier carries is known to be here by it."""
    act = security.act()
    packet, is_newest = scope.scanned(security.user(), text.strip()[:400], act.keys, (courier.party_id or "",))
    number = packet.number
    if not is_newest:
        raise Refused("bag_old_slip", number=number)
    let_go(packet)  # only its code is asked for from here on: it is read again under its lock
    return number, not atomically(bags.take_in, packet, courier, act)


def first_out_of_bag(text: str) -> tuple[User, str, bool]:
    """Whose bag it is by its first slip, and what `out_of_bag` says of that. Raises Missing("courier_unknown") too."""
    user, act = security.user(), security.act()
    carriers = [courier.party_id or "" for courier in bags.bringers(user, act.at)]
    packet, _is_newest = scope.scanned(user, text.strip()[:400], act.keys, carriers)
    courier = reception.courier_of(packet)
    if courier is None:
        raise Refused("bag_not_carried", number=packet.number)
    courier = bags.bringer(user, courier.id, act.at)
    return courier, *out_of_bag(courier, text)


def close_bag(form: CloseBag, courier_id: str) -> Manifest:
    """The list, with our word, and the courier's where they typed their PIN. Raises what `bags.close` raises."""
    security.prove_presence(form.password.data or "")
    pin, act = form.pin.data or "", security.act()
    giver = bags.bringer(security.user(), courier_id, act.at).party_id or ""
    word = Word.PIN if pin else None

    def close() -> Manifest:
        courier = bags.bringer(security.user(), courier_id, act.at)
        return bags.close(
            courier, act, form.key.data or "", rest_is_missing=form.rest.data == "missing", giver_by=word, pin=pin
        )

    with secret("courier-pin", giver, is_typed=bool(pin)):
        return atomically(close)
