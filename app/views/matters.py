"""A matter in words: what happened, what is known and what is not, who answers for the packet, and by when.

Keys come from the domain (kinds, whys, outcomes); the sentences are here. None of them finds anybody at fault.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from app import language
from app.domain import booking, calendar, watch
from app.domain.oversight import Entry, Urgency, Whose
from app.domain.parties import PartyKind
from app.domain.tasks import Task, TaskKind


def _(text: str, **values: Any) -> str:
    return str(gettext(text, **values))


class Matter(NamedTuple):
    tone: str
    picture: str
    title: Any
    known: Any
    unknown: Any


# fmt: off
K = TaskKind
MATTERS = {
    K.HELD: Matter("stamp", "wait",
        _l("A scan waits for a person"),
        _l("A scan of this packet is kept, but it could not be placed among the others."),
        _l("We do not know whether the packet really changed hands as the scan says.")),
    K.DISPUTED: Matter("danger", "disputed",
        _l("Two records differ"),
        _l("Two people say they took this packet from the same hands."),
        _l("We do not know who really has it. Both scans are signed; neither proves the other wrong.")),
    K.QUARANTINED: Matter("warning", "lock",
        _l("A scan is not believed"),
        _l("A scan is kept as it came, but something in it does not hold."),
        _l("We do not know whether a phone is broken, two phones were mixed up, or somebody tries something.")),
    K.LOST: Matter("danger", "search",
        _l("A packet is being searched for"),
        _l("The packet was declared lost by two people."),
        _l("We do not know where it is. The last holder answers for it until it is found or written off.")),
    K.MISSING: Matter("warning", "missing",
        _l("On the list, not in the bag"),
        _l("The packet was on the list of a handover, and was not there when both sides counted."),
        _l("We do not know whether it was left behind, went into another bag, or never came.")),
    K.SURPLUS: Matter("stamp", "surplus",
        _l("In the bag, not on the list"),
        _l("The packet was handed over though it was on no list. It was received all the same."),
        _l("We do not know which handover it belongs to.")),
    K.COLLECT_UNPROVEN: Matter("stamp", "person",
        _l("Collected without the citizen's proof"),
        _l("The courier collected the packet, and no code, login or signed slip of the citizen came with it."),
        _l("We do not know it from the citizen yet. Often the phone was off or a digit mistyped.")),
    K.DELIVERY_UNVERIFIED: Matter("stamp", "eye",
        _l("A delivery nobody has proven"),
        _l("The courier says the packet was handed over, and no code of the citizen came with it."),
        _l("We do not know whether the citizen has it. Nobody has seen the signed slip yet.")),
    K.SEAL_MISMATCH: Matter("warning", "seal",
        _l("Another seal than before"),
        _l("The seal number read from the bag is not one that was recorded for this packet."),
        _l("We do not know whether a digit was misread, the bag was sealed anew, or the bag is another one.")),
    K.DAMAGED: Matter("warning", "damaged",
        _l("The bag is damaged"),
        _l("Whoever holds the packet reported that the bag or the seal is damaged."),
        _l("We do not know whether all papers are still inside. Two people open and count.")),
    K.COUNT: Matter("warning", "missing",
        _l("Other papers than on the slip"),
        _l("The packet was opened and counted together, and what is in it is not what its slip says."),
        _l("We do not know whether the slip was wrong or a paper was lost. Until it is cleared up nobody accepts the dossier or sends it on.")),
    K.NO_SHOW: Matter("warning", "clock",
        _l("Nobody came in the agreed time"),
        _l("A quarter of an hour after the agreed time no courier had been at this home. The citizen has been told that the post apologises."),
        _l("We do not know where the courier is. Perhaps the scan has not arrived.")),
    K.FEE_BACK: Matter("stamp", "money",
        _l("A fee to be asked back from the ward"),
        _l("The ward has receipted a fee, and its collection was taken back or its booking cancelled."),
        _l("We do not know whether the ward gives it back, or keeps it for what the citizen sends anew.")),
    K.NUMBER_CHANGED: Matter("stamp", "phone",
        _l("Another phone number before a delivery"),
        _l("The ward noted another phone number for this citizen while something is on its way to them. The old number's link and codes no longer work; for a day the new number gets no code for this."),
        _l("We do not know whether the citizen asked for it, or somebody in their name. The old number has been told.")),
    K.FILE_DUE: Matter("stamp", "calendar",
        _l("An incident file is due"),
        _l("An answer to the citizen, or the compensation that was promised, is due by the next working day, or late."),
        _l("Nothing is in doubt: whoever looks after the file goes on with it.")),
    K.UNHEARD: Matter("warning", "phone",
        _l("The citizen has not heard"),
        _l("A message to them could not be delivered for two days, and is tried no more."),
        _l("We do not know whether they know of it. The number may be wrong, or no mobile.")),
    K.PETITION: Matter("stamp", "person",
        _l("A citizen's request about their data"),
        _l("A citizen asks for a copy, a correction, a restriction or an erasure, or objects. The law says within how many days it must be answered."),
        _l("The page of the request says what is requested and when the answer is due.")),
    K.LEAVER: Matter("warning", "courier",
        _l("With somebody who works here no longer"),
        _l("A courier's service has ended, and by the record the packet is still with them. They answer for it until somebody else has it."),
        _l("We do not know whether it lies at the post office already and was not scanned, or is still with them.")),
    K.OLD_ISSUE: Matter("stamp", "qr",
        _l("An old slip was scanned"),
        _l("The slip scanned on the bag has been replaced by a newer one."),
        _l("We do not know which slip is on which bag now.")),
    K.FEE_OWED: Matter("warning", "money",
        _l("A fee to be given back to the citizen"),
        _l("The booking was cancelled before the ward had the papers, and the citizen has paid the ward's fee. The post owes it to them."),
        _l("Nothing is in doubt. It goes back with the papers, or is paid out here.")),
    K.AFTER_CANCEL: Matter("warning", "undo",
        _l("Cancelled, and the papers are not at home"),
        _l("The citizen cancelled, and the papers have been collected: before that, or all the same."),
        _l("Nothing is in doubt: the papers go back to the citizen, unopened.")),
    K.UNSURE_REPEAT: Matter("stamp", "copy",
        _l("One act twice, or two acts"),
        _l("Two scans say the same, and one of them does not say what it follows. They count as one act."),
        _l("We do not know whether the packet changed hands once or twice.")),
    K.AFTER_SETTLE: Matter("stamp", "wait",
        _l("A late scan after a decision"),
        _l("A scan arrived that belongs before a decision two people have made. The decision stands."),
        _l("We do not know whether they would have decided otherwise, had they seen it.")),
    K.DOUBTED: Matter("stamp", "phone",
        _l("A scan of a phone out of service"),
        _l("A scan arrived from a phone that is out of service. It may have been made before that."),
        _l("We do not know when it was made: no later scan of that phone had reached us in time.")),
    K.SIMILAR: Matter("warning", "search",
        _l("Other deliveries of the same courier"),
        _l("A citizen says of a delivery: it was not me. The same courier delivered other packets in those days."),
        _l("We do not know whether those packets reached the right person. Often they did.")),
    K.CLOCK: Matter("stamp", "clock",
        _l("A phone's clock is wrong"),
        _l("A scan's time differs from ours. The order of handovers does not depend on it."),
        _l("We do not know the exact minute of the scan.")),
    K.DEVICE_GAP: Matter("warning", "phone",
        _l("Scans missing from a phone"),
        _l("A phone numbers its scans, and some numbers have not arrived though later ones have."),
        _l("We do not know what was scanned there. No packet is lost by it: a message has not come yet.")),
    K.DEVICE_FROZEN: Matter("danger", "lock",
        _l("A phone is frozen"),
        _l("Two different scans carry the same number of one phone. Nothing more from it is believed."),
        _l("We do not know whether its key was copied or its memory restored from a backup.")),
    K.FORGED_SLIP: Matter("danger", "qr",
        _l("A slip we did not make"),
        _l("A slip was scanned whose signature is not ours."),
        _l("We do not know who made it, and what is in the bag.")),
    K.FORK_OF_LOG: Matter("danger", "disputed",
        _l("Two versions of the ledger"),
        _l("A phone signed a state of the ledger that contradicts ours."),
        _l("We do not know which of the two was changed or rolled back. Keep every backup.")),
    K.LAW_BROKEN: Matter("danger", "data",
        _l("The records break a law of custody"),
        _l("The check of every night found something in our records that must never be so."),
        _l("We do not know whether a program erred or somebody changed the database. Keep every backup.")),
    K.LOG_UNSIGNED: Matter("danger", "lock",
        _l("Nothing has been signed for a day"),
        _l("What is recorded is counted and signed for every minute. For a day it has not been."),
        _l("We do not know why that work stands still. Scans are still recorded; but if somebody took the newest away, nobody would notice.")),
    K.RAW_INBOX: Matter("stamp", "data",
        _l("Something unreadable arrived"),
        _l("A phone sent something that cannot be read as a scan. It is kept byte for byte."),
        _l("We do not know what it was meant to say.")),
    K.NUMBERS_LOW: Matter("warning", "list",
        _l("New item numbers are needed"),
        _l("Every range of item numbers is nearly used up."),
        _l("Nothing is in doubt. Without a new range, packets carry our own HS numbers.")),
    K.DISK_FILLS: Matter("warning", "data",
        _l("The disk that holds the records is filling up"),
        _l("More than %(percent)s%% of the disk that holds the records is in use.", percent=watch.DISKS[K.DISK_FILLS]),
        _l("Nothing is lost. We do not know how soon it will be full.")),
    K.DISK_FULL: Matter("danger", "data",
        _l("The disk that holds the records is nearly full"),
        _l("More than %(percent)s%% of the disk that holds the records is in use.", percent=watch.DISKS[K.DISK_FULL]),
        _l("Nothing is lost. Once it is full, nothing new is recorded: phones keep their scans until there is room, and pages ask people to wait.")),
}

# What is known and unknown for one reason; a reason without a row is told by its kind alone.
WHYS = {
    # held
    "parent_unknown": (
        _l("A scan says it follows another one, and that one has not reached us."),
        _l("We do not know the scan before it. Probably the giver's phone has had no network since.")),
    "behind_dispute": (
        _l("A scan follows one of two records that differ."),
        _l("Whether it stands depends on how the dispute is settled.")),
    "out_of_turn": (
        _l("A scan says the packet came from somebody who did not hold it then."),
        _l("We do not know whether a handover was never scanned, or this scan is wrong.")),
    "fits_nowhere": (
        _l("A scan names nothing it follows, and fits nowhere in what we know of the packet."),
        _l("We do not know where in the packet's journey it belongs.")),
    "proof_missing": (
        _l("A scan lacks a proof that this act needs: the seal, the count, the code or the reason."),
        _l("We do not know whether it was there and only not recorded.")),
    "packet_unknown": (
        _l("A slip was scanned before its booking was known here."),
        _l("We do not know which booking it belongs to. When the booking comes, the scan is judged again by itself.")),
    "unknown_event": (
        _l("A scan names an act that this packet cannot do."),
        _l("We do not know what the courier meant to record.")),
    "device_revoked": (
        _l("A scan came from a phone that had been taken out of service."),
        _l("We do not know whether it was made before or after.")),
    "device_expired": (
        _l("A scan came from a phone whose time was over."),
        _l("We do not know whether it was made before or after.")),
    "not_holder": (
        _l("Somebody spoke of a packet that they never gave or took, as far as we know."),
        _l("We do not know whether a handover to them was never scanned.")),
    "too_late": (
        _l("A delivery was contested more than three days after it."),
        _l("We do not know who has the packet. The record stands until somebody has asked both sides.")),
    "device_unconfirmed": (
        _l("A scan came from a phone that no second person has confirmed yet."),
        _l("We do not know whether it is the courier's. Once somebody has compared its number, the scan is judged by itself.")),
    "after_settle": (
        _l("A scan arrived that belongs before a decision two people have made. The decision stands."),
        _l("We do not know whether they would have decided otherwise, had they seen it.")),
    # disputed
    "two_children": (
        _l("Two people say they took this packet from the same hands."),
        _l("We do not know who really has it. Both scans are signed; neither proves the other wrong.")),
    "joins_dispute": (
        _l("More than two people say they took this packet from the same hands."),
        _l("We do not know who really has it. All scans are signed; none proves another wrong.")),
    "repeats_claim": (
        _l("A scan tells once more what is disputed."),
        _l("Whether it stands depends on how the dispute is settled.")),
    "not_me": (
        _l("The courier recorded a delivery, and the citizen says: it was not me."),
        _l("We do not know who took the packet at the door. The signed slip and the code tell more.")),
    # quarantined
    "bad_signature": (
        _l("The signature under a scan does not hold."),
        _l("We do not know whether it was damaged on the way or written by somebody else.")),
    "device_unknown": (
        _l("A scan names a phone we have never registered."),
        _l("We do not know whose phone it is.")),
    "malformed": (
        _l("A scan is well signed, but a part of it cannot be read."),
        _l("We do not know what that part was meant to say.")),
    "id_reused": (
        _l("A scan uses the identity of an earlier one, with other content."),
        _l("We do not know whether the phone was restored from a backup or its key copied.")),
    "n_reused": (
        _l("A scan uses a number its phone has used before, with other content."),
        _l("We do not know whether the phone was restored from a backup or its key copied.")),
    "actor_mismatch": (
        _l("A scan was signed on one courier's phone in another courier's name."),
        _l("We do not know who of the two was at the door.")),
    "device_frozen": (
        _l("A scan came from a phone that is frozen: two different scans bore one number of it."),
        _l("We do not know whether this one is the courier's own.")),
    "version_old": (
        _l("A scan was written by an app that has not been updated for half a year."),
        _l("We do not know whether it still means what it says. It is kept byte for byte.")),
    "taken_back": (
        _l("Two people took this record back. It stays visible and does not count."),
        _l("Nothing is left to find out here.")),
    "settled_against": (
        _l("Two people settled a dispute, and this scan did not become the record."),
        _l("Nothing is left to find out here.")),
}

OUTCOMES = {
    # chosen by a person
    "looked_at": _l("Looked at; nothing needs to be done"),
    "recorded_anew": _l("Recorded again in the right way"),
    "reported": _l("Reported to those who investigate"),
    "with_giver": _l("Found: the giver still has it"),
    "file_answered": _l("The file has been answered, or the compensation paid"),
    "citizen_told": _l("The citizen has been told by telephone"),
    "nobody_reached": _l("Nobody was reached by telephone"),
    "citizen_called": _l("The citizen was called and says the courier has it"),
    "counted_complete": _l("Opened by two and counted: all papers are there"),
    "counted_short": _l("Opened by two and counted: papers are missing"),
    "slip_matches": _l("The slip on the bag is the right one"),
    "slip_replaced": _l("The newest slip is on the bag now"),
    "returned_to_citizen": _l("The papers are back with the citizen"),
    "papers_found": _l("Cleared up: all that was handed over is here"),
    "papers_missing": _l("Cleared up: a paper is missing, and both sides say so"),
    "change_theirs": _l("The citizen was asked, and the change is theirs"),
    "visit_set": _l("Somebody was sent, or another time is agreed"),
    "courier_came": _l("The courier was there; the scan comes late"),
    "fee_given_back": _l("The ward gave the fee back"),
    "fee_paid_out": _l("The post office has given the fee back"),
    "clock_set": _l("The phone's clock has been set"),
    "device_replaced": _l("The phone was taken out of service, another one enrolled"),
    "read_by_hand": _l("Read by hand and recorded"),
    "numbers_asked_for": _l("The postal operator has been asked for another range"),
    # found by the server
    "judged": _l("The scan found its place by itself"),
    "applied": _l("The scan found its place by itself"),
    "duplicate": _l("The scan repeats one that is known"),
    "held": _l("The scan waits for another reason now"),
    "disputed": _l("It has become part of a dispute"),
    "quarantined": _l("The scan is set apart"),
    "settled_itself": _l("It is no longer so"),
    "scans_arrived": _l("The missing scans have arrived"),
    "handed_over": _l("Somebody at work has the packet"),
    "fee_is_home": _l("The citizen has the fee again"),
    "numbers_loaded": _l("Another range has been loaded"),
    "disk_has_room": _l("The disk has enough room again"),
    "petition_answered": _l("The citizen has the answer"),
    "log_signed": _l("What was recorded has been signed"),
    "proven": _l("The delivery has been proven"),
    "attested": _l("The citizen has confirmed the collection"),
    "settled": _l("Settled by two people"),
    "found": _l("The packet has been found"),
    "corrected": _l("The record was taken back by two people"),
    "resealed": _l("Sealed anew by two people"),
    # the state the packet has come to
    "WAITING": _l("The packet is with its giver again"),
    "CARRIED": _l("A courier has the packet"),
    "AT_POST": _l("The packet is at the post office"),
    "AT_DESK": _l("The packet is at the ward desk"),
    "OPENED": _l("The ward has opened and counted it"),
    "DELIVERED_UNVERIFIED": _l("The courier says it was handed over"),
    "DELIVERED": _l("The delivery has been proven"),
    "LOST": _l("The packet has been declared lost"),
    "DISPUTED": _l("It has become part of a dispute"),
    "WRITTEN_OFF": _l("The packet has been written off"),
}
URGENCIES = {
    Urgency.OVERDUE: ("danger", "clock", _l("Overdue")),
    Urgency.TODAY: ("stamp", "clock", _l("Due today")),
    Urgency.LATER: ("", "calendar", _l("Later")),
}
WHOSE = {Whose.ALL: _l("All"), Whose.MINE: _l("Mine"), Whose.NOBODYS: _l("Nobody's yet")}
# fmt: on


def title(kind: TaskKind) -> str:
    return str(MATTERS[kind].title)


def known(entry: Entry) -> str:
    """What we know, in one or two sentences."""
    task = entry.task
    said = str(WHYS[entry.why or ""][0] if _is_told_by_why(entry) else MATTERS[task.kind].known)
    return f"{said} {_figures(entry)}".rstrip()


def _figures(entry: Entry) -> str:
    """The numbers of the matter, where they are known."""
    task, facts = entry.task, entry.task.facts
    if task.kind is TaskKind.CLOCK:
        seconds = facts.get("seconds", entry.scan.clock_offset if entry.scan else None)
        if isinstance(seconds, int) and seconds:
            far = language.span(timedelta(seconds=abs(seconds)))
            return _("It is %(far)s ahead.", far=far) if seconds > 0 else _("It is %(far)s behind.", far=far)
    if task.kind in (TaskKind.MISSING, TaskKind.SURPLUS, TaskKind.DAMAGED, TaskKind.FEE_BACK) and facts.get("receipt"):
        return _("Record of the handover: %(receipt)s.", receipt=facts["receipt"])
    if task.kind is TaskKind.FILE_DUE and (file := facts.get("file")):
        day = language.short_date(calendar.today(task.due))
        return _("File %(number)s, due on %(day)s.", number=file.replace("-", "\u2011"), day=day)
    if task.kind is TaskKind.FEE_OWED and facts.get("amount"):
        return _("The fee: %(sum)s.", sum=language.money(facts["amount"]))
    if task.kind is TaskKind.NUMBER_CHANGED:
        return _number_changed(task)
    if task.kind is TaskKind.NUMBERS_LOW:
        left = facts["left"]
        return str(
            ngettext("%(num)d number is left.", "%(num)d numbers are left.", left) if left else _("None is left.")
        )
    if task.kind is TaskKind.SIMILAR and facts.get("numbers"):
        return _("To be looked at: %(list)s.", list=", ".join(facts["numbers"]).replace("-", "\u2011"))
    if task.kind is TaskKind.DEVICE_GAP and (missing := facts.get("missing")):
        numbers = ", ".join(map(str, missing))
        return str(ngettext("Missing: scan %(list)s.", "Missing: scans %(list)s.", len(missing), list=numbers))
    if task.kind is TaskKind.SEAL_MISMATCH and facts.get("seal") and facts.get("known"):
        return _(
            "Recorded: %(known)s; read: %(seal)s.",
            known=language.seal(facts["known"]), seal=language.seal(facts["seal"]),
        )  # fmt: skip
    return ""


def _number_changed(task: Task) -> str:
    """When the codes of the new number come, and the visit that is before that."""
    if not (until := task.facts.get("until")):
        return ""
    told = _("Codes for the new number are sent at %(moment)s.", moment=language.moment(datetime.fromisoformat(until)))
    visit = booking.held_visit(task.packet) if task.packet and task.closed_at is None else None
    if visit is None:
        return told
    when = f"{language.window(visit.slot.opens, visit.slot.closes)}, {language.long_date(visit.slot.day)}"
    move = _("The visit is before that, %(when)s: agree on another time.", when=when)
    return f"{told} {move}"


def unknown(entry: Entry) -> str:
    return str(WHYS[entry.why or ""][1] if _is_told_by_why(entry) else MATTERS[entry.task.kind].unknown)


def _is_told_by_why(entry: Entry) -> bool:
    """A list of other packets is not about the scan that led to it."""
    return entry.why in WHYS and entry.task.kind is not TaskKind.SIMILAR


# Of what was said, written or paid: nobody doubts where the papers are.
NOT_OF_CUSTODY = {K.UNHEARD, K.PETITION, K.FILE_DUE, K.FEE_BACK, K.FEE_OWED}


def answers(entry: Entry) -> str:
    """Who answers for the packet now."""
    packet, holder = entry.task.packet, entry.holder
    if packet is None or holder is None:
        return _("No packet moves because of this: each stays with whoever the ledger names.")
    if packet.ended:
        return _("The packet's journey is over; nobody of the post holds it any more.")
    if holder.kind is PartyKind.CITIZEN:
        office = packet.dossier.post_office.name
        if entry.task.closed_at is not None or entry.task.kind in NOT_OF_CUSTODY:
            return _("The papers are with the citizen.")
        if entry.task.kind is TaskKind.NO_SHOW:
            return _("The papers are still at home. %(office)s sees to another visit.", office=office)
        return _("By the ledger the papers still count as the citizen's. %(office)s has to find out.", office=office)
    if entry.task.closed_at is not None:
        return _("%(holder)s answers for the packet.", holder=holder.name)
    return _("%(holder)s answers for the packet until this is settled.", holder=holder.name)


def owner(entry: Entry) -> str:
    task = entry.task
    if task.owner:
        return task.owner.name
    return task.office.name if task.office else _("Supervisors")


def until(deadline: datetime, at: datetime) -> str:
    """ "1 hour 20 minutes left", "2 hours late"."""
    left = deadline - at
    if left < timedelta(minutes=1):
        return _("%(span)s late", span=language.span(-left)) if left < timedelta() else _("due now")
    return _("%(span)s left", span=language.span(left))


def why(key: str | None) -> str:
    return str(WHYS[key][0]) if key in WHYS else ""


def readable(data: bytes) -> str:
    """The beginning of bytes nobody could read, as text."""
    return data[:500].decode("utf-8", "replace")
