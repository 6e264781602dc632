"""What each refusal says to a person. The domain raises a key; the doors say it here, in the reader's language."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.errors import Refused

# fmt: off
SENTENCES = {
    # places and booking
    "ward_unknown": _l("There is no ward with this code. Choose one from the list."),
    "ward_needs_neighbourhood": _l("This old ward was divided in July 2025. Choose the khu phố to know which ward it is now."),
    "ward_not_served": _l("No courier serves this ward yet. Call us, or bring the papers to the ward."),
    "procedure_unknown": _l("There is no such procedure any more. Search again in plain words."),
    "slot_full": _l("Somebody has just taken the last place. Choose another time; what you typed is kept."),
    "slot_unknown": _l("This time can no longer be booked. Choose another one; what you typed is kept."),
    "phone_short": _l("Only %(digits)s digits so far. A mobile number has 10, for example 0900 000 123."),
    "phone_long": _l("%(digits)s digits is too many. A mobile number has 10, for example 0900 000 123."),
    "phone_unknown": _l("This does not look like a phone number in Viet Nam. A mobile number has 10 digits, for example 0900 000 123."),
    "neighbourhood_unknown": _l("Choose the khu phố from the list, to know which courier comes."),
    "procedure_in_person": _l("This has to be done in person at the ward, so the courier cannot take it."),
    "consent_missing": _l("Tick the box if you agree. Without it the post may not use your name, address and phone."),
    "name_missing": _l("Type the name of the person who sends the papers."),
    "street_missing": _l("Type the house number and the street, for example 12 Mẫu Đơn street."),
    "text_long": _l("That is too long. At most %(limit)s letters fit."),
    "no_slot_left": _l("No time is left in the coming days. Call us, or bring the papers to the post office."),
    "nothing_to_move": _l("There is no visit to move just now. Look at the tracking page for what comes next."),
    "already_collected": _l("The courier already has the papers, so this can no longer be cancelled here. Call us."),
    "no_code_needed": _l("No code is needed for this dossier just now."),
    "code_closed": _l("Five wrong codes have been typed, so codes no longer count for this packet. Sign the paper slip instead, or call us."),
    "wait_a_little": _l("Asked too often. Wait %(minutes)s minutes and try again, or call us."),
    "courier_under_way": _l("The courier has already set out. Call us and we will sort it out together."),
    "visit_over": _l("This visit is already over. Look at the tracking page for what comes next."),
    # the catalogue
    "ward_overlaps": _l("Ward code %(code)s already means another ward on some of these days."),
    "office_kind": _l("Office %(code)s exists as another kind of office. Give this one its own code."),
    "office_unknown": _l("There is no post office with the code %(code)s. Load the offices first."),
    "procedure_code": _l("%(code)s is not a procedure code. It reads like 1.004859."),
    "procedure_why_not": _l("Procedure %(code)s does not go by post: say why, and what to bring."),
    "procedure_no_papers": _l("Procedure %(code)s goes by post but lists no paper a courier could carry."),
    "demo_nobody": _l("Nobody of this name is in the demonstration. Load it with: flask demo load"),
    "round_unknown": _l("There is no such round of yours."),
    # numbers, links, tokens
    "number_form": _l("This is not one of our numbers. Look at the slip: it reads like HS-260826-000123-0, or like RR473124829VN."),
    "number_check": _l("The last digit does not match, so one digit is probably mistyped. Look at the slip again."),
    "packet_unknown": _l("There is no packet with this number here. Look at the slip again, or call us."),
    "not_signed_yet": _l("What has happened to packet %(number)s is not under a signed checkpoint yet. Ask again in a few minutes."),
    "link_unknown": _l("This link does not lead anywhere. It may be cut off: open it again from the message, or track by number."),
    "certificate_unknown": _l("There is no proof with this number. Look at the paper again: the number has 32 letters and digits."),
    "no_certificate": _l("There is no proof yet: the papers have not been taken, or that is being looked into."),
    "token_damaged": _l("This code is damaged or is not from our slip. Scan again, or type the number beside it."),
    "token_forged": _l("This slip was not made by us. Keep the packet and show it to a person at the post office."),
    "fields": _l("Something in what was sent is missing or has the wrong shape: %(fields)s."),
    # people
    "sign_in_wrong": _l("The name or the password is not right. Look at both and try again."),
    "presence_wrong": _l("The password is not right. Nothing has been recorded yet."),
    "too_many_tries": _l("Too many tries. Wait %(seconds)s seconds, or ask your supervisor."),
    "too_many_minutes": _l("Too many tries. Wait %(minutes)s minutes, or ask your supervisor."),
    "not_your_page": _l("This page belongs to another job. Sign in with the account that does it."),
    "not_a_courier": _l("Only couriers carry packets with a phone. Sign in at the desk or the office instead."),
    "app_too_old": _l("This page is too old. Open it again; every scan stays on the phone."),
    "device_key": _l("The phone sent a key we cannot use. Update its browser and sign in again."),
    "device_unknown": _l("This phone is not registered. Sign in on it once more."),
    # phones
    "handset_unknown": _l("There is no such phone at your office."),
    "phones_full": _l("This courier already has two phones. Take one of them out of service first, then begin again."),
    "ticket_unknown": _l("These letters are not right. Look at the page again, or have a new code shown."),
    "ticket_used": _l("This code has already been used by a phone. Have a new one shown; each is good for one phone."),
    "ticket_over": _l("This code is more than ten minutes old. Have a new one shown."),
    "phone_proof": _l("The phone's signature does not fit. Begin again with a new code."),
    "phone_second": _l("Whoever showed the code cannot also confirm the phone. Ask a colleague, or the supervisor by telephone."),
    "phone_over": _l("This phone is no longer in service. Show its courier a new code."),
    "phone_not_yours": _l("Only the dispatcher or a supervisor can take a colleague's phone out of service."),
    "phone_why": _l("Choose why the phone goes out of service."),
    "enrol_by_ticket": _l("Here a phone comes into service with a code from the post office. Ask there."),
    "no_office": _l("This account belongs to no office. Ask the administrator."),
    "courier_unknown": _l("This courier does not belong to your post office. Choose one from the list."),
    "round_under_way": _l("This courier has already set out. Call them, then change the rest."),
    "day_form": _l("A day reads like 2026-08-28. Choose one from the list."),
    # dossiers
    "case_submit": _l("This dossier has already been received by the ward."),
    "case_accept": _l("Only a dossier the ward has received can be accepted."),
    "case_ready": _l("Only an accepted dossier can have a result."),
    "case_close": _l("This dossier cannot be closed yet."),
    "case_cancel": _l("This dossier can no longer be cancelled by the link. Call us."),
    "official_code": _l("A dossier code reads like 000.00.17.H09-260818-0001 or H29.17-260818-0001. Copy it from the one-stop system."),
    # ward desk
    "wrong_ward": _l("Packet %(number)s belongs to %(desk)s. Do not open it: give it back to the courier."),
    "not_inbound": _l("Packet %(number)s is on its way to a home. It is not opened here."),
    "not_outbound": _l("Packet %(number)s comes from a home. Count it together with the courier instead."),
    "dossier_cancelled": _l("The citizen cancelled packet %(number)s. Do not open it: the courier takes the papers home."),
    "counts_missing": _l("Every paper needs a number. Type 0 for a paper that is not in the packet."),
    "remark_needed": _l("The seal is not whole. Write in a few words what both of you see; it goes into the record."),
    "seal_form": _l("A seal reads like NP 0045 821. Read the number from the bag."),
    "seal_used": _l("This seal number is already on packet %(number)s. Look at the bag again, or take another seal."),
    "pin_wrong": _l("The courier's PIN is not right. Nothing has been recorded yet."),
    "pin_needs_courier": _l("No courier holds this packet, so nobody can type a PIN. Have the printed record signed."),
    "official_code_taken": _l("Another dossier already has this code. Look at the one-stop system again."),
    "due_past": _l("The due date has already passed. Copy the date from the receipt."),
    "result_papers": _l("List at least one paper, each with a name, a form and its sheets."),
    "result_not_ready": _l("There is no result to send yet. List the result's papers first."),
    "result_sent": _l("The result is already sealed in packet %(number)s."),
    "not_waiting_here": _l("Packet %(number)s does not wait at this desk, so no visit can be planned for it."),
    "proof_needed": _l("Type the six digits the citizen has, or tick that you hold the signed slip."),
    "manifest_key_used": _l("This handing over was already recorded with another list. Begin a new one."),
    "manifest_list": _l("The list of packets cannot be used. Load it again and count once more."),
    "manifest_party": _l("The giving or receiving side is not known here. Load the list again."),
    "manifest_signature": _l("The confirmation does not match this record. Load it again, read it and confirm once more."),
    "not_your_manifest": _l("Only the side that gave or received can confirm record %(number)s for itself."),
    "manifest_unknown": _l("There is no record of handing over with this number here."),
    # post office
    "wrong_office": _l("Packet %(number)s belongs to %(office)s. Send the citizen or the courier there."),
    "nothing_counted": _l("No paper was handed over, so there is nothing to take in."),
    "reprint_reason": _l("Choose why the slip is printed again."),
    "slip_cancelled": _l("The booking of packet %(number)s was cancelled, so its slip is void. Book again for a new one."),
    "format_unknown": _l("There is no such paper. Choose one from the list."),
    "nothing_to_print": _l("No visit of that day is still to be made, so there is nothing to print."),
    "slip_issues": _l("The slip of packet %(number)s was already issued %(most)s times, as often as the administrator allows. Ask the administrator."),
    "limit_bounds": _l("Type a number from %(least)s to %(most)s."),
    "roll_count": _l("A roll has from 1 to %(most)s stickers."),
    "roll_unknown": _l("There is no such roll of stickers here."),
    "cell": _l("A sheet has cells 1 to %(most)s."),
    "sticker_unused": _l("Sticker %(number)s has not been used yet: nothing travels under it."),
    "packet_over": _l("The journey of packet %(number)s is over. It needs no new slip."),
    "page_too_old": _l("Packet %(number)s has moved since this page was opened. Look at it again; nothing has been recorded."),
    # custody
    "custody_out_of_turn": _l("Somebody has already moved packet %(number)s. Open it again to see who holds it now."),
    "custody_proof_missing": _l("A proof is missing or the code is wrong, so packet %(number)s stays where it is."),
    "custody_unknown_event": _l("Packet %(number)s cannot do this."),
    "custody_two_children": _l("Two people claim packet %(number)s. The last undisputed holder answers for it until a supervisor decides."),
    "custody_joins_dispute": _l("Two people claim packet %(number)s. The last undisputed holder answers for it until a supervisor decides."),
    "custody_behind_dispute": _l("Packet %(number)s is in dispute. A supervisor decides first."),
    "custody_parent_unknown": _l("The page was too old for packet %(number)s. Open it again."),
    "sighting_needed": _l("Write who saw the packet, where and when."),
    "reason_needed": _l("Choose the reason."),
    "case_call_off": _l("The ward already has the papers, so this can no longer be cancelled here."),
    "custody_after_settle": _l("People have already decided about packet %(number)s. Open it again to see what holds now."),
    "custody_too_late": _l("A delivery can be contested here for 72 hours. After that, call us about packet %(number)s."),
    "custody_not_holder": _l("Only somebody who gave or took packet %(number)s can say this of it."),
    "custody_fits_nowhere": _l("Packet %(number)s is not where this step begins."),
    # tasks
    "task_unknown": _l("There is no such matter here."),
    "task_closed": _l("A colleague has just closed this matter. Look at what they wrote; nothing has been recorded."),
    "scan_judged": _l("This scan has been judged already. Look at what became of it; nothing has been recorded."),
    "task_taken": _l("A colleague has this matter already. Take it over only after speaking to them."),
    "task_outcome": _l("This matter does not end that way. Choose one of the outcomes on the page."),
    "task_needs_two": _l("Two people close this matter. Ask a colleague to sign in beside you."),
    "remedy_not_now": _l("This cannot be entered for packet %(number)s as it is now. What can be entered stands on this page."),
    "ending_unknown": _l("Choose where the packet really is."),
    "second_wrong": _l("The second person's name or password is not right. Nothing has been recorded yet."),
    "second_same": _l("The second person must be somebody else than yourself."),
    "second_elsewhere": _l("The second person works elsewhere, or carries packets. Ask a colleague of this office, or a supervisor."),
    "second_missing": _l("A second person signs in here: name and password or PIN."),
    "picture_unreadable": _l("This is no picture that can be read. Take it again."),
    "scan_unreadable": _l("This scan could not be read. It is kept for a person to look at."),
    "pool_range": _l("A pool has a two-letter prefix and a range of eight-digit serials, for example RR 47312482 to 47312999."),
    "pool_overlaps": _l("This range overlaps one that is already loaded. No number is used twice."),
}
# fmt: on
EXAMPLE = "HS-260826-000123-0"
WHOLE = EXAMPLE.replace("-", "\u2011")  # does not break over two lines


def sentence(refusal: Refused) -> str:
    """The refusal in words. A key without a sentence is a programming error."""
    blank = dict.fromkeys(("seconds", "minutes", "number", "digits", "code", "desk", "office", "fields"), "")
    values: dict[str, Any] = blank | refusal.values
    key, seconds = refusal.key, refusal.values.get("seconds", 0)
    if key == "too_many_tries" and seconds >= 120:
        key, values["minutes"] = "too_many_minutes", -(-seconds // 60)
    return str(SENTENCES[key]).replace(EXAMPLE, WHOLE) % values
