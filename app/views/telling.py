"""A story in words: the headline, who holds the papers, what comes next, and each knot of the thread."""

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app import language
from app.domain import calendar
from app.domain.cases import AT_WORK
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.forms import Form
from app.domain.packets import Kind, State
from app.domain.parties import PartyKind
from app.domain.places import Office
from app.domain.tracking import Entry, Story
from app.domain.visits import VisitKind
from app.integrations.wording import NEXT, REASONS


def _(text: str, **values: Any) -> str:
    return str(gettext(text, **values))


# What is said to anybody who may know the state; the citizen's own page adds days and names.
# fmt: off
HEADLINES = {
    "visit_set": _l("Booked. Waiting for the courier"),
    "no_visit": _l("Booked. No visit is set"),
    "courier_today": _l("The courier comes today"),
    "missed": _l("The visit failed. Choose another time"),
    "missed_out": _l("The result could not be handed over. Choose another time"),
    "carried_in": _l("The courier has the packet"),
    "collected_unproven": _l("The courier has the packet. Please confirm"),
    "at_post_in": _l("The packet is at the post office"),
    "at_desk_in": _l("The ward has the packet, unopened"),
    "opened": _l("The ward has opened and counted it with the post"),
    "submitted": _l("The ward has signed for it"),
    "accepted": _l("The ward is handling it"),
    "result_ready": _l("The result is ready"),
    "waiting_out": _l("The result is sealed and waits for the courier"),
    "carried_out": _l("The courier has the result"),
    "at_post_out": _l("The result is at the post office"),
    "at_desk_out": _l("The result is back at the ward"),
    "result_home": _l("The result has been handed over. An original follows"),
    "paper_gone": _l("Handed over. The post is looking for a paper of yours"),
    "call_for_it": _l("The result waits at the ward"),
    "call_at_post": _l("The result waits at the post office"),
    "delivered_unverified": _l("The courier says it was handed over. Please confirm"),
    "closed": _l("Finished. It has been handed over in person"),
    "not_accepted": _l("The ward does not take the dossier. Your papers come back"),
    "supplement_required": _l("The ward needs more papers"),
    "fee_required": _l("A fee is to be paid before the ward goes on"),
    "processing": _l("The ward is working on it"),
    "extended": _l("The ward apologises: it will be late"),
    "stop_requested": _l("Your request to stop has been sent to the ward"),
    "stopped": _l("Stopped at your request. Your papers come back"),
    "between": _l("On the way between two wards"),
    "waiting_back": _l("Your papers are sealed and wait for the courier"),
    "carried_back": _l("The courier has your papers, to bring them back"),
    "at_post_back": _l("Your papers are at the post office"),
    "at_desk_back": _l("Your papers are back at the ward"),
    "missed_back": _l("Your papers could not be handed over. Choose another time"),
    "call_for_papers": _l("Your papers wait at the ward"),
    "call_at_post_papers": _l("Your papers wait at the post office"),
    "cancelled": _l("Cancelled"),
    "moving": _l("On the way between two offices"),
    "lost": _l("The packet has not been found yet. The post is searching"),
    "disputed": _l("Two records differ. The post is checking"),
    "written_off": _l("The packet is lost. The post pays for new papers"),
    "sticker_shared": _l("One sticker was noted at two homes. The post is checking"),
}
EXPLAINED = {
    "collected_unproven": _l("The courier scanned without your code. If the packet was collected, type the code below."),
    "collected_unproven_fixed": _l("The courier scanned without your code. If the packet was collected, call and say so."),
    "carried_in": _l("The dossier counts as filed when the ward signs for it."),
    "at_post_in": _l("The dossier counts as filed when the ward signs for it."),
    "at_desk_in": _l("The ward opens it and counts together with the post, then both sign."),
    "submitted": _l("This is the day of filing. The ward says next when the result is due."),
    "disputed": _l("You need not do anything. The post has to find out, and answers for the packet."),
    "result_home": _l("The ward still has an original of yours. It comes back in a packet of its own."),
    "paper_gone": _l("A paper you handed over was not in the bag. You need not do anything: the post answers for it and will call you."),
    "sticker_shared": _l("If the courier has taken the papers, you need not do anything: the post answers for them. If they are still at home, keep them and call us."),
    "lost": _l("You need not do anything. The post searches, and answers for the packet."),
    "written_off": _l("The post bears the cost of new papers and compensates. It will call you."),
    "cancelled": _l("Nobody has collected the papers. There is nothing to pay."),
    "cancelled_away": _l("The post has the papers and brings them back to you."),
    "cancelled_back": _l("The papers had been collected. They are back with you."),
    "delivered_unverified": _l("If you have it, type the code below. If not, call us at once."),
    "delivered_unverified_fixed": _l("If you have it, call and say so. If not, call us at once."),
    "supplement_required": _l("It asks once, for all of them. When they are complete, the time is counted anew from the beginning."),
    "stop_requested": _l("The ward answers. It can stop only while nothing has been decided."),
    "extended": _l("It may put the day off once only."),
    "between": _l("Another ward is the right one for it. The day of filing stays."),
    "processing": _l("It is in the hands of whoever decides."),
}
ENTRIES = {
    "booked": _l("Booked"),
    "submitted": _l("The ward signed for it"),
    "accepted": _l("The ward handles it"),
    "result_ready": _l("The result is ready"),
    "closed": _l("Finished"),
    "cancelled": _l("Cancelled"),
    "collected": _l("The courier collected it at home"),
    "carried_on": _l("A courier takes it on to the ward"),
    "post_received": _l("%(office)s received it"),
    "desk_received": _l("%(office)s received the packet"),
    "papers_returned": _l("The papers are back home"),
    "result_taken": _l("A courier took the result along"),
    "result_at_post": _l("%(office)s received the result"),
    "result_back": _l("The result is back at %(office)s"),
    "delivered": _l("Handed over in person"),
    "delivered_unverified": _l("The courier says it was handed over"),
    "disputed": _l("Two records differ"),
    "sticker_shared": _l("One sticker was noted at two homes"),
    "lost": _l("The post reports it not found"),
    "written_off": _l("The post has given it up for lost"),
    "settled": _l("The post has cleared up where it is"),
    "corrected": _l("A mistaken record was corrected"),
    "handed_on": _l("Another courier took it over"),
    "missed": _l("Visit %(attempt)s failed"),
    "not_accepted": _l("The ward did not take it"),
    "supplement_required": _l("The ward asked for more papers"),
    "supplied": _l("All papers are there. The time is counted anew"),
    "fee_required": _l("The ward asked for a fee"),
    "fee_paid": _l("The fee has been paid"),
    "fee_back": _l("The ward gave the fee back"),
    "processing": _l("The ward began its work"),
    "extended": _l("The ward apologised and named a new day"),
    "stop_requested": _l("You asked the ward to stop"),
    "stopped": _l("The ward stopped"),
    "went_on": _l("The ward goes on"),
    "transferred": _l("Passed on to the ward that is the right one"),
    "passed_on": _l("A courier takes it to the other ward"),
    "sealed": _l("The ward sealed the result"),
    "papers_sealed": _l("The ward sealed your papers"),
    "papers_taken": _l("A courier took your papers along"),
    "papers_at_post": _l("%(office)s received your papers"),
    "papers_back": _l("Your papers are back at %(office)s"),
}
AHEAD = {
    "submitted": _l("The ward signs for it"),
    "accepted": _l("The ward says when the result is due"),
    "result_ready": _l("The result is ready"),
    "delivered": _l("The courier brings the result home"),
    "called_for": _l("You pick up the result at the ward"),
    "called_for_at_post": _l("You pick up the result at the post office"),
    "supplied": _l("The ward has all papers, and counts anew"),
    "papers_returned": _l("Your papers are back with you"),
}
WITHOUT_DAY = {
    "ward_names_day": _l("The ward says when the result is due"),
    "ward_signs": _l("The ward opens, counts and signs"),
    "ward_packs": _l("The ward seals the result and names the day"),
    "to_the_post": _l("A courier takes it to the post office. A message says when it is there"),
    "opening_hours": _l("Pick it up in opening hours"),
    "post_searches": _l("The post looks for it, and answers for it"),
    "ward_packs_papers": _l("The ward seals your papers, and the post brings them back"),
    "ward_answers": _l("The ward answers"),
    "pay_fee": _l("Pay the fee at the ward, or by its code. Then it goes on"),
    "other_desk": _l("The other ward opens, counts and goes on"),
}
HOLDERS = {
    PartyKind.CITIZEN: _l("You, at home"),
    PartyKind.COURIER: _l("The courier"),
    PartyKind.POST: _l("The post office"),
    PartyKind.DESK: _l("The ward"),
}
PICTURES = {
    PartyKind.CITIZEN: "home", PartyKind.COURIER: "courier", PartyKind.POST: "post", PartyKind.DESK: "desk",
}
# fmt: on


def headline(told: Story) -> str:
    """The page's h1."""
    visit = told.next.values if told.next and told.next.key == "visit" else None
    if told.headline == "visit_set" and visit and not told.overdue:
        return _("The courier comes %(day)s, %(window)s", day=language.long_date(visit["day"]), window=_window(visit))
    if told.headline == "courier_today" and visit:
        if "about" in visit:
            about = language.window(*visit["about"])
            return _("The courier comes at about %(window)s", window=about)
        return _("The courier comes today, %(window)s", window=_window(visit))
    return str(HEADLINES[told.headline])


def explained(told: Story, by_message: bool = True) -> str:
    """`by_message`: whether a code can reach the citizen's phone."""
    key = told.headline
    if not by_message and f"{key}_fixed" in EXPLAINED:
        key = f"{key}_fixed"
    elif key == "cancelled" and told.packet is None:
        key = "cancelled_back"
    elif key == "cancelled" and told.packet and told.packet.state is not State.WAITING:
        key = "cancelled_away"
    return str(EXPLAINED.get(key, ""))


def days_late(dossier: Dossier, day: date) -> int:
    """Working days since the due day of a dossier the ward still works on; 0 while there is time."""
    if dossier.state not in AT_WORK or dossier.due_on is None or day <= dossier.due_on:
        return 0
    since = (dossier.due_on + timedelta(days=n) for n in range(1, (day - dossier.due_on).days + 1))
    return sum(calendar.is_working(each) for each in since)


def card(told: Story) -> list[tuple[str, str, str]]:
    """Who has it, and until when: the first card, as (picture, term, value)."""
    theirs = HOLDERS[told.holder.kind] if told.holder.at_home else _("You")
    who = told.holder.office or str(theirs)
    if told.headline in ("disputed", "lost", "sticker_shared"):
        return [("post", _("Who has the papers"), _("The post is finding out"))]
    if told.headline == "written_off":
        return [("post", _("Who answers for the packet"), _("The post"))]
    picture = PICTURES[told.holder.kind] if told.holder.at_home else "packet"
    lines = [(picture, _("Who has the result") if told.holder.has_result else _("Who has the papers"), who)]
    if told.kept:
        names = "; ".join(language.in_language(*name) for name in told.kept)
        lines.append(("desk", _("Papers that stay with the ward"), names))
    if told.next:
        picture, term, value = _coming(told.next)
        lines.append((picture, term, value))
    return lines


def _coming(entry: Entry) -> tuple[str, str, str]:
    values = entry.values
    if entry.key == "visit":
        slot = language.slot(values["day"], values["opens"], values["closes"])
        if "about" in values:
            about = _("at about %(window)s", window=language.window(*values["about"]))
            slot = Markup('{}, <span class="nowrap">{}</span>').format(slot, about)
        return "calendar", errand(values["kind"], values["packet"]), slot
    if entry.key == "to_desk":
        term = _("Should have reached the ward by") if values["is_late"] else _("Reaches the ward by")
        return "clock", term, language.long_date(values["day"])
    if entry.key == "due":
        due = language.long_date(values["day"])
        if values.get("hour"):
            due = _("%(hour)s, %(day)s", hour=language.clock(values["hour"]), day=due)
        return "clock", _("Result due"), due
    if entry.key == "bring_by":
        return "calendar", _("The papers should be there by"), language.long_date(values["day"])
    if entry.key == "keep_until":
        return "calendar", _("The post office keeps it until the end of"), language.long_date(values["day"])
    if entry.key in WITHOUT_DAY:
        return "clock", _("What comes next"), str(WITHOUT_DAY[entry.key])
    return "calendar", _("What comes next"), _("Choose another time")


def errand(visit: VisitKind, packet: Kind) -> str:
    """What a courier comes to a home for."""
    if visit is VisitKind.COLLECT:
        return _("The courier comes to collect")
    return (
        _("The courier brings your papers back")
        if packet is Kind.RETURNED_PAPERS
        else _("The courier brings the result")
    )


def _window(values: dict[str, Any]) -> str:
    return language.window(values["opens"], values["closes"])


def thread(told: Story) -> list[dict[str, Any]]:
    """The knots, for the macro of that name."""
    return [_knot(entry) for entry in told.entries]


def _knot(entry: Entry) -> dict[str, Any]:
    values = entry.values
    if entry.key == "visit":
        return {
            "state": entry.state,
            "title": errand(values["kind"], values["packet"]),
            "when": f"{language.short_date(values['day'])}, {_window(values)}",
        }
    table = AHEAD if entry.state == "next" else ENTRIES
    title = str(table[entry.key]) % {name: value or "" for name, value in values.items()}
    return {"state": entry.state, "title": title, "when": _when(entry), "detail": _detail(entry)}


def _when(entry: Entry) -> str:
    if entry.at:
        return _moment(entry.at)
    if entry.key != "supplied" and (day := entry.values.get("day")):
        return _("Due %(day)s", day=language.long_date(day))
    return ""


def _moment(at: datetime) -> str:
    return language.moment(at)


def _detail(entry: Entry) -> str:
    values = entry.values
    if entry.key == "collected":
        parts = []
        if values.get("kinds"):
            kinds = ngettext("%(num)d kind of paper", "%(num)d kinds of papers", values["kinds"])
            sheets = ngettext("%(num)d sheet", "%(num)d sheets", values["sheets"])
            parts.append(f"{kinds}, {sheets}.")
        if values.get("seal"):
            parts.append(_("Seal number %(seal)s", seal=language.seal(values["seal"])))
        return " ".join(parts)
    if entry.key in ("sealed", "papers_sealed"):
        return _("Seal number %(seal)s", seal=language.seal(values["seal"]))
    if entry.key == "submitted" and entry.state != "next":
        return _("This is the day of filing by law.")
    if entry.key == "accepted" and values.get("official_code"):
        return language.whole(_("The ward's dossier code: %(code)s", code=values["official_code"]))
    if entry.key == "extended" and values.get("day"):
        return _("The new day: %(day)s", day=language.long_date(values["day"]))
    if entry.key == "missed":
        reason = str(REASONS.get(values.get("reason") or "", ""))
        after = str(NEXT.get(values.get("next") or "", ""))
        return ". ".join(_capital(part) for part in (reason, after) if part)
    return ""


# ---- what the ward wrote ----------------------------------------------------------------------------------------

# fmt: off
WHY = {
    "not_competent": _l("another office is the right one for it"),
    "not_this_way": _l("it cannot be sent by post; somebody must come"),
    "no_right": _l("the law does not provide for it"),
    "nothing_came": _l("the papers asked for did not come in time"),
    "incomplete": _l("papers of the published list are missing"),
    "wrong_form": _l("a form is not the one in force, or not filled in whole"),
    "unreadable": _l("a paper cannot be read"),
    "not_certified": _l("a copy is not certified"),
    "other_agency": _l("another agency has not answered yet"),
    "verification": _l("facts have to be looked into"),
    "many_dossiers": _l("more dossiers came than usual"),
    "system_down": _l("the State's computers were down"),
    "old_address": _l("the address now belongs to another ward"),
    "linked": _l("another office does its part next"),
    "opinion": _l("another office is asked for its opinion"),
    "decided": _l("it has been decided already"),
    "withdrawn": _l("the citizen changed their mind and wants to go on"),
    "other": _l("another reason"),
}
# fmt: on


def stop_asked(dossier: Dossier) -> datetime | None:
    """When the citizen last asked to stop."""
    return next((line.at for line in reversed(dossier.history) if line.event == "ask_stop"), None)


def wrote(form: Form) -> str:
    """Why, in one line: the reason of the list and the officer's own words."""
    reason = str(WHY[form.facts["reason"]]) if form.facts.get("reason") not in (None, "other") else ""
    words = str(form.facts.get("words", ""))
    return _capital(": ".join(part for part in (reason, words) if part))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def called_for_at(dossier: Dossier) -> Office:
    """Where the citizen goes for a result that nobody brings, or could not bring."""
    return dossier.desk if dossier.return_way is ReturnWay.DESK else dossier.post_office


def due_strip(marks: list[tuple[date, str]]) -> list[tuple[str, str, str]]:
    """Days in a row for the page, free days together: (class, days, word)."""
    strip: list[tuple[str, str, str]] = []
    counted, at = 0, 0
    while at < len(marks):
        day, mark = marks[at]
        if mark == "off":
            last = at
            while last + 1 < len(marks) and marks[last + 1][1] == "off":
                last += 1
            strip.append(("off", _span(day, marks[last][0]), _("day off")))
            at = last + 1
            continue
        if mark == "received":
            strip.append(("", language.figures(day), _("received")))
        else:
            counted += 1
            strip.append((mark, language.figures(day), _("day %(num)s", num=counted)))
        at += 1
    return strip


def _span(first: date, last: date) -> str:
    if first == last:
        return language.figures(first)
    if first.month == last.month:
        return f"{first.day}–{language.figures(last)}"
    return f"{language.figures(first)}–{language.figures(last)}"
