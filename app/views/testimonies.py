"""A testimony in words: what a scan says, who signed it and where, and whether it is believed."""

from datetime import timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from app import language
from app.domain.bodies import CLOCK_SLACK
from app.domain.oversight import Testimony
from app.domain.scans import Ruling


def _(text: str, **values: Any) -> str:
    return str(gettext(text, **values))


# fmt: off
SCANS = {
    "collect": _l("collected from the citizen"), "take": _l("took it along"), "transfer": _l("took it over from a colleague"),
    "hand_in": _l("took it in at the post office"), "receive": _l("received it at the ward desk"), "open": _l("opened and counted"),
    "deliver": _l("handed it to the citizen"), "confirm": _l("confirmed the delivery"), "attest": _l("confirmed the collection"),
    "miss": _l("met nobody"), "decline": _l("was not given it"), "lost": _l("declared it lost"), "settle": _l("settled the dispute"),
    "correct": _l("took a record back"), "dispute": _l("said the record is wrong"), "seal_change": _l("sealed it anew"),
    "damaged": _l("reported damage"), "sighting": _l("saw it"), "amend": _l("corrected a detail"),
    "call_off": _l("cancelled it at the citizen's request"),
}
RULINGS = {
    Ruling.APPLIED: ("ok", "check", _l("believed")),
    Ruling.DUPLICATE: ("", "copy", _l("a repetition")),
    Ruling.HELD: ("stamp", "wait", _l("kept, waits")),
    Ruling.DISPUTED: ("danger", "disputed", _l("contradicted")),
    Ruling.QUARANTINED: ("warning", "lock", _l("not believed")),
}
# fmt: on


def happened(one: Testimony) -> str:
    """Who did what, by this scan: "Lê Thị Cam took it along"."""
    did = str(SCANS.get(one.scan.event, one.scan.event))
    return f"{said_by(one)}: {did}"


def said_by(one: Testimony) -> str:
    if one.who:
        badge = (one.who.badge or "").replace("-", "\u2011")  # stays on one line
        return f"{one.who.name} ({badge})" if badge else one.who.name
    if one.device and one.device.kind == "ledger":
        return _("The server")
    return _("The citizen") if one.device and one.device.kind == "pages" else _("Somebody unknown")


def device(one: Testimony) -> str:
    """Where it was signed."""
    if one.device is None:
        return _("not registered")
    if one.device.kind != "phone":
        return _("a page, signed by the server")
    return _("phone “%(label)s”", label=one.device.label)


def apart(one: Testimony) -> str:
    """How far the claimed moment lies from the recorded one, when that tells something."""
    offset = one.row.clock_offset
    if offset is None or abs(offset) <= CLOCK_SLACK.total_seconds():
        return ""
    far = language.span(timedelta(seconds=abs(offset)))
    return _("%(far)s after it was recorded", far=far) if offset > 0 else _("%(far)s before it was recorded", far=far)
