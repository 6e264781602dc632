"""What settles a matter: what one would try, in that order, and what of it is entered here."""

from flask_babel import lazy_gettext as _l

from app.domain.remedies import Remedy
from app.domain.tasks import Task, TaskKind

STEPS = {
    TaskKind.HELD: (_l("Ask the giver to open the phone where there is a network: the scan before may still come."),),
    TaskKind.DISPUTED: (
        _l("Ask both to show the packet, or say where they left it."),
        _l("Whoever sees it reads the seal number from the bag."),
        _l("A supervisor settles it together with a second person."),
    ),
    TaskKind.QUARANTINED: (_l("Call whoever scanned, and look at the phone together."),),
    TaskKind.LOST: (
        _l("Search where it was last scanned, and in the bags of that day."),
        _l("Found: a supervisor settles it with a second person, by who has seen it."),
    ),
    TaskKind.MISSING: (_l("Call the giver: the packet is theirs until it is received."),),
    TaskKind.SURPLUS: (_l("Ask the giver which handover it came with."),),
    TaskKind.UNHEARD: (
        _l("Call the citizen, and the second number if there is one; say what the page of the dossier says."),
        _l("If the number is wrong, ask the ward desk what they know."),
    ),
    TaskKind.FILE_DUE: (
        _l("Hear the side that has not been heard, and say how it ended: somebody else than who opened it."),
        _l("It has ended: pay the compensation, and write down in the file what was paid."),
    ),
    TaskKind.COLLECT_UNPROVEN: (
        _l("Send the citizen the confirmation link again, or call."),
        _l("A signed slip in hand proves it too: record it at the counter."),
    ),
    TaskKind.DELIVERY_UNVERIFIED: (
        _l("Ask the courier for the signed slip and record it on the packet's page."),
        _l("No slip: call the citizen, and ask for the code."),
    ),
    TaskKind.SEAL_MISMATCH: (
        _l("Read the number from the bag once more."),
        _l("It is another one: two people open the bag and count."),
    ),
    TaskKind.DAMAGED: (_l("Two people open the bag, count, and seal it anew."),),
    TaskKind.COUNT: (
        _l(
            "Look at the slip and at what was counted before, at the door or by the desk that sent it on. Then call the citizen."
        ),
    ),
    TaskKind.NO_SHOW: (_l("Call the courier, then the citizen. Send somebody today, or agree on another time."),),
    TaskKind.FEE_OWED: (
        _l("It goes back with the papers: at the counter, or by the courier, whose phone says so."),
        _l(
            "They are home already, or are not to wait for it: give it back here, or transfer it, and close the matter with that."
        ),
    ),
    TaskKind.FEE_BACK: (_l("Ask the ward for the fee, with the number of the list."),),
    TaskKind.NUMBER_CHANGED: (
        _l("Ask the ward desk who named the new number, then the second contact or the citizen at home."),
        _l(
            "If a visit is planned before the new number gets codes, agree on another time. If it is too late for that, the courier hands over only against the identity card or passport and a signed slip."
        ),
    ),
    TaskKind.LEAVER: (
        _l("Look on the shelf, then call whoever left. Scan the packet at the counter as soon as it is here."),
        _l("It is not found: a dispatcher declares it lost, together with a second person."),
    ),
    TaskKind.PETITION: (
        _l("Open the request. If it takes longer, give a first answer within two working days, then the final one."),
    ),
    TaskKind.OLD_ISSUE: (_l("Look which slip is on the bag; put the newest on it."),),
    TaskKind.AFTER_CANCEL: (_l("Plan a visit to bring the papers back, or let the citizen pick them up."),),
    TaskKind.UNSURE_REPEAT: (_l("Ask both how often the packet changed hands."),),
    TaskKind.AFTER_SETTLE: (_l("Read the scan. If it changes what you know, settle again with a second person."),),
    TaskKind.DOUBTED: (
        _l("Ask the courier, and whoever took the packet over, when it was scanned."),
        _l("Made before the phone went out of service: let it count. Otherwise close the matter; the scan stays kept."),
    ),
    TaskKind.SIMILAR: (
        _l("Call those citizens and ask whether they have their papers."),
        _l("Compare the signed slips with the names. Nobody is found at fault by this list."),
    ),
    TaskKind.CLOCK: (_l("Ask the courier to set the phone's clock to the network's time."),),
    TaskKind.DEVICE_GAP: (_l("Ask the courier to open the app where there is a network."),),
    TaskKind.DEVICE_FROZEN: (_l("Take the phone out of service and enrol it anew."),),
    TaskKind.FORGED_SLIP: (_l("Keep the bag and the slip unopened, and write down who brought it."),),
    TaskKind.FORK_OF_LOG: (_l("Stop nothing and delete nothing. Call whoever runs the service."),),
    TaskKind.LOG_UNSIGNED: (_l("Call whoever runs the service: the sequencer and the signer need to be looked at."),),
    TaskKind.LAW_BROKEN: (_l("Stop nothing and delete nothing. Call whoever runs the service."),),
    TaskKind.RAW_INBOX: (_l("Read what can be read, and ask the courier what was done."),),
    TaskKind.DISK_FILLS: (_l("Tell whoever runs the service that the disk needs more room."),),
    TaskKind.DISK_FULL: (
        _l("Call whoever runs the service at once: the disk needs more room."),
        _l("Do not delete anything yourself."),
    ),
    TaskKind.NUMBERS_LOW: (_l("Ask the postal operator for another range; an administrator loads it."),),
}


# What one would enter for it; everything else stands on the packet's own record.
REMEDIES = {
    TaskKind.DISPUTED: {Remedy.SETTLE, Remedy.SEE},
    TaskKind.LOST: {Remedy.SETTLE, Remedy.SEE},
    TaskKind.MISSING: {Remedy.SEE, Remedy.HAND_ON, Remedy.LOSE},
    TaskKind.HELD: {Remedy.SEE, Remedy.HAND_ON, Remedy.CORRECT, Remedy.CONTEST},
    TaskKind.UNSURE_REPEAT: {Remedy.HAND_ON, Remedy.CORRECT},
    TaskKind.AFTER_SETTLE: {Remedy.SEE, Remedy.CONTEST},
    TaskKind.LEAVER: {Remedy.SEE, Remedy.HAND_ON, Remedy.LOSE},
    TaskKind.SEAL_MISMATCH: {Remedy.AMEND, Remedy.RESEAL, Remedy.CORRECT},
    TaskKind.DAMAGED: {Remedy.RESEAL},
    TaskKind.COLLECT_UNPROVEN: {Remedy.ATTEST},
    TaskKind.DELIVERY_UNVERIFIED: {Remedy.CONFIRM, Remedy.CONTEST, Remedy.LOSE},
}


def steps(task: Task) -> list[str]:
    return [str(step) for step in STEPS[task.kind]]
