"""Messages to citizens and couriers, in words. Short; no name of a person, no name of a procedure, no address: a kind and values.

The worker calls `words` inside an application context. Each in its reader's language, whoever caused it.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app import language
from app.domain.people import Language

# fmt: off
MESSAGES = {
    "booked": _l("Booked, %(number)s. The courier comes %(day)s, %(window)s. See, move or cancel: %(link)s"),
    "door_code": _l("Code %(code)s for packet %(number)s. Read it out to the courier only when all is counted and sealed."),
    "code_again": _l("Code %(code)s for packet %(number)s. Read it out to the courier only at the door, when everything is right."),
    "rebooked": _l("New time for %(number)s: %(day)s, %(window)s. See: %(link)s"),
    "cancelled": _l("Cancelled: %(number)s. Nothing was collected, and there is nothing to pay. See: %(link)s"),
    "courier_today": _l("Today between %(opens)s and %(closes)s a courier comes for %(number)s. Name and badge: %(link)s"),
    "courier_late": _l("The courier for %(number)s sets out only now, after the hours promised. The post apologises. Name, badge, phone: %(link)s"),
    "collected": _l("The courier has received packet %(number)s, seal %(seal)s. See: %(link)s"),
    "collected_unproven": _l("The courier says packet %(number)s is collected. Please confirm: %(link)s. Not so? Call %(phone)s"),
    "missed": _l("The visit for %(number)s failed: %(reason)s. %(next)s: %(link)s"),
    "given_up": _l("The courier came twice for %(number)s in vain. The booking is closed, with nothing to pay. You may book again: %(link)s"),
    "not_come": _l("The post has no word yet that a courier came for %(number)s. If nobody came, it apologises and sends somebody, at no cost. See: %(link)s"),
    "declined": _l("Packet %(number)s was not handed over: %(reason)s. %(next)s: %(link)s"),
    "submitted": _l("The ward has signed for dossier %(number)s. This is its day of filing. See: %(link)s"),
    "accepted": _l("The ward now handles dossier %(number)s. When it is due: %(link)s"),
    "accepted_due": _l("The ward now handles dossier %(number)s, due %(due)s. See: %(link)s"),
    "not_accepted": _l("The ward does not take dossier %(number)s. Why, and how the papers come back: %(link)s"),
    "supplement_required": _l("The ward needs more papers for %(number)s, asked for once. Which, and how to send them: %(link)s"),
    "supplement_short": _l("Not all papers asked for have come for %(number)s. See what is missing: %(link)s"),
    "supplied": _l("All papers for %(number)s are there. The time is counted anew: %(link)s"),
    "supplied_due": _l("All papers for %(number)s are there. Counted anew it is due %(due)s. See: %(link)s"),
    "fee_required": _l("A fee of %(amount)s is due for %(number)s before the ward goes on. How to pay: %(link)s"),
    "fee_paid": _l("The fee for %(number)s is paid. The ward goes on. See: %(link)s"),
    "fee_back": _l("The ward gave back the fee of %(amount)s for %(number)s. Not received it? Call %(phone)s"),
    "fee_returned": _l("The post gave back the ward's fee of %(amount)s for %(number)s. Not received it? Call %(phone)s"),
    "extended": _l("The ward apologises: %(number)s will be late. New day: %(due)s. Why: %(link)s"),
    "stop_requested": _l("Your request to stop %(number)s has reached the ward. It answers here: %(link)s"),
    "stopped": _l("%(number)s is stopped at your request. How the papers come back: %(link)s"),
    "went_on": _l("%(number)s is not stopped: it goes on at the ward. See: %(link)s"),
    "transferred": _l("%(number)s goes on to the ward that is the right one. The day of filing stays. See: %(link)s"),
    "papers_sent": _l("Your papers of %(number)s: a courier brings them back %(day)s, %(window)s. Code %(code)s: read it out only with them in hand. See: %(link)s"),
    "papers_at_desk": _l("Your papers of %(number)s wait at the ward desk. Code %(code)s: read it out only with them in hand. See: %(link)s"),
    "papers_at_post": _l("Your papers of %(number)s wait at the post office. Code %(code)s: read it out only with them in hand. Where and when: %(link)s"),
    "result_ready": _l("The result of dossier %(number)s is ready. See: %(link)s"),
    "result_sent": _l("Result of %(number)s: a courier brings it %(day)s, %(window)s. Code %(code)s: read it out only with the result in sight. See: %(link)s"),
    "sent_again": _l("A courier brings %(number)s once more %(day)s, %(window)s. Postage to pay then: %(amount)s. Code %(code)s: read it out only with it in hand. See: %(link)s"),
    "result_at_desk": _l("The result of %(number)s waits at the ward desk. Code %(code)s: read it out only with the result in sight. See: %(link)s"),
    "result_at_post": _l("The result of %(number)s waits at the post office. Code %(code)s: read it out only with the result in sight. Where and when: %(link)s"),
    "letter": _l("A letter says so too: %(number)s waits for you at the post office until %(due)s, then it goes back to the ward. Code %(code)s: read it out only with it in hand. Where and when: %(link)s"),
    "delivered": _l("Packet %(number)s has been handed over in person. Not to you? Report it within 3 days: %(link)s, or call %(phone)s"),
    "delivered_unverified": _l("The courier says packet %(number)s was handed over. Please confirm: %(link)s. Not received? Call %(phone)s"),
    "disputed": _l("Two records of packet %(number)s differ. The post is checking and still answers for it. See: %(link)s"),
    "called_off": _l("Cancelled: %(number)s. The post gives your papers back. Code %(code)s: read it out only with them in hand. See: %(link)s"),
    "lost": _l("Packet %(number)s has not been found yet. The post is searching and answers for it. See: %(link)s"),
    "settled": _l("The post has cleared up where packet %(number)s is. See who has it: %(link)s"),
    "written_off": _l("Packet %(number)s is lost. The post pays for new papers and compensates; it will call you. See: %(link)s"),
    "corrected": _l("A record of packet %(number)s was entered by mistake and is corrected. See: %(link)s"),
    "damaged": _l("The bag of packet %(number)s is damaged. The post answers for it; two people count what is inside. See: %(link)s"),
    "resealed": _l("Two people have put a new seal on packet %(number)s: %(seal)s. See: %(link)s"),
    "amended": _l("A detail noted for packet %(number)s was wrong, and two people have put it right. See: %(link)s"),
    "phone_changed": _l("Messages about %(number)s now come to this number. The old link has ended; the new one: %(link)s"),
    "phone_changed_held": _l("Messages about %(number)s now come to this number: %(link)s. Its delivery code: after %(held)s; until then identity card and signature."),
    "phone_left": _l("Messages about %(number)s go to another number from now on. You did not ask for that? Call %(phone)s"),
    "petition_asked": _l("Your request about your data (%(number)s) has arrived. We answer it by %(due)s. Not you? Call %(phone)s"),
    "petition_answered": _l("Your request about your data (%(number)s) has been answered. Read it: %(link)s"),
    "petition_erased": _l("As you asked, %(number)s no longer holds your name. Its link no longer opens anything."),
    # to couriers
    "settled_between": _l("Packet %(number)s: two people have settled the matter. The app shows what holds now. Not so? Call %(phone)s"),
    "corrected_between": _l("Packet %(number)s: two people took back a mistaken record. The app shows what holds now. Not so? Call %(phone)s"),
    "lost_between": _l("Packet %(number)s: two people have declared it lost. By the record you had it last. Do you have it? Call %(phone)s"),
    "handed_on_between": _l("Packet %(number)s: the dispatcher has recorded that it went from one courier to another. The app shows who has it. Not so? Call %(phone)s"),
    "damaged_between": _l("Packet %(number)s: somebody has reported that the bag is damaged. Was it like that when you had it? Call %(phone)s"),
    "resealed_between": _l("Packet %(number)s: two people have put a new seal on it, %(seal)s. Not so? Call %(phone)s"),
    "amended_between": _l("Packet %(number)s: two people have put right a detail that was noted wrongly. The app shows what holds now. Not so? Call %(phone)s"),
    "called_off_between": _l("Packet %(number)s: cancelled at the citizen's request. The papers go back to them, not to the ward. Questions? Call %(phone)s"),
    "view_code": _l("Code %(code)s opens the tracking page of %(number)s. It is good for 5 minutes. Do not tell it to anybody."),
}
REASONS = {
    "nobody_home": _l("nobody was at home"),
    "papers_not_ready": _l("the papers were not ready"),
    "house_not_found": _l("the house was not found"),
    "changed_mind": _l("the sender decided otherwise"),
    "courier_late": _l("the courier did not come in time, the post apologises"),
    "refused_id": _l("no identity card was shown"),
    "refused": _l("the recipient did not take it"),
    "wrong_person": _l("the recipient was not there"),
    "no_authorisation": _l("the authorisation paper was missing"),
    "fee_not_paid": _l("the fee was not paid"),
    "old_papers_missing": _l("the old papers to be given back were missing"),
    "no_offer": _l("no offer was shown"),
    "phone_dead": _l("a phone had no power"),
    "courier_ill": _l("the courier fell ill"),
    "vehicle_broken": _l("the vehicle broke down"),
    "not_me": _l("the recipient says it was somebody else"),
    "not_received": _l("it was never received"),
    "not_handed_over": _l("it was never handed over"),
    "other_packet": _l("it was another packet"),
    "torn": _l("the cover is torn"),
    "wet": _l("it is wet"),
    "opened": _l("it was opened on the way"),
    "crushed": _l("it is crushed"),
    "not_found": _l("it cannot be found"),
    "stolen": _l("it was stolen"),
    "destroyed": _l("it was destroyed"),
    "packet_seen": _l("somebody has seen the packet itself"),
    "scanned_by_mistake": _l("one of the scans was a mistake"),
    "said_by_both": _l("both sides say the same"),
    "gone": _l("it will not be found any more"),
    "wrong_packet": _l("the wrong packet was scanned"),
    "scanned_twice": _l("it was scanned twice"),
}
NEXT = {
    "later_today": _l("The courier comes again today"),
    "another_day": _l("Choose another time"),
    "hold_at_post": _l("It is kept at the post office"),
    "invite": _l("A letter was left: pick it up at the post office"),
    "back_to_desk": _l("It goes back to the ward desk"),
}
# fmt: on


def words(kind: str, values: Mapping[str, Any], language: Language) -> str:
    """The message of `kind` in `language`. KeyError for a kind nobody has put into words."""
    with force_locale(language):
        if kind in ("accepted", "supplied") and values.get("due_on"):
            kind = f"{kind}_due"
        if kind == "phone_changed" and values.get("held"):
            kind = "phone_changed_held"
        return str(MESSAGES[kind]) % _filled(values)


def _filled(values: Mapping[str, Any]) -> dict[str, str]:
    settings = current_app.extensions["settings"]
    filled = dict.fromkeys(("number", "code", "seal", "day", "window", "opens", "closes", "due", "amount", "held"), "")
    filled |= {name: str(value) for name, value in values.items() if value is not None}
    filled["link"] = f"{settings.base_url.rstrip('/')}/t/{values.get('secret', '')}"
    filled["phone"] = settings.support_phone
    if values.get("seal"):
        filled["seal"] = language.seal(str(values["seal"]))
    if values.get("day"):
        filled["day"] = language.long_date(date.fromisoformat(values["day"]))
    if values.get("held"):
        filled["held"] = language.moment(datetime.fromisoformat(values["held"]))
    if values.get("amount"):
        filled["amount"] = language.money(int(values["amount"]))
    if values.get("due_on"):
        filled["due"] = language.long_date(date.fromisoformat(values["due_on"]))
    if values.get("opens") and values.get("closes"):
        opens, closes = (time.fromisoformat(values[name]) for name in ("opens", "closes"))
        filled |= {"window": language.window(opens, closes)}
        filled |= {"opens": language.clock(opens), "closes": language.clock(closes)}
    filled["reason"] = str(REASONS.get(values.get("reason") or "", ""))
    filled["next"] = str(NEXT.get(values.get("next") or "", NEXT["another_day"]))
    return filled
