"""Aftermath: what a new line of a packet means for its visit, its case and its citizen."""

from app.db import db
from app.domain import closing, dossiers, recovered, remittances, repeats, rounds, scans, stickers, takings, visits
from app.domain.bodies import Scan
from app.domain.cases import CaseState
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Kind, Packet, State
from app.domain.people import Act, User
from app.domain.postage import Fault
from app.domain.trails import Happening
from app.errors import Refused

AGREED = "another_day"  # of steps.NEXT
ATTEMPTS = 2  # to collect papers


def follow(packet: Packet, happening: Happening, act: Act) -> None:
    line, step, scan = happening.line, happening.step, happening.entry.scan
    if packet.is_blank:
        return  # a sticker that two homes claim: whoever settles it tells them
    if scan.event in ("miss", "decline") and not _failed(packet, scan, act):
        return
    if scan.event in ("collect", "deliver"):
        visits.finish(stickers.booked(packet), act.at)
    if scan.event == "collect":
        dossiers.count_at_door(packet.dossier, scans.papers_counted(scan.digest))
        takings.collect(packet, scan, act.at)
    if scan.event == "deliver":
        if packet.kind is Kind.RESULT:
            dossiers.give_back_at_door(packet.dossier, scans.papers_counted(scan.digest))
            recovered.take(packet, scan.giver or packet.holder_id, act)
        takings.collect(packet, scan, act.at)
    if scan.event == "transfer":
        rounds.follow(packet, scan.giver, act)
    if scan.event == "correct":
        takings.take_back(scan, act.at)
        remittances.taken_back(scan.parent, act.at)
    if scan.event in ("collect", "deliver", "correct"):
        remittances.called_off(packet, act.at)
    if scan.event == "miss" and _gives_up(packet, act):
        return
    if scan.event in ("miss", "decline") and _agreed(packet, scan, act):
        return
    if step.tell:
        _tell(packet, step.told(line.state), scan, act)
    came_or_left_home = State.DELIVERED in (line.state, step.source or State.DELIVERED)
    if came_or_left_home and line.kind is LineKind.MOVE and packet.kind in (Kind.RESULT, Kind.RETURNED_PAPERS):
        _close_case(packet, line, scan, act)
    elif line.state is State.WRITTEN_OFF:
        closing.close(packet.dossier, _by(scan, act))


def proven(packet: Packet, happened: list[Happening], was_asked: bool, act: Act) -> None:
    """Whoever was asked to confirm a collection, and has, is told of it like everybody else. `was_asked`: before all this."""
    events = [happening.entry.scan.event for happening in happened]
    asked = was_asked or any(happening.step.flag == "collect_unproven" for happening in happened)
    if asked and not packet.is_blank and ("attest" in events or "collect" in events):
        _tell(packet, "collected", happened[-1].entry.scan, act)


def _failed(packet: Packet, scan: Scan, act: Act) -> bool:
    return visits.fail(packet, scan.reason or "", scan.next or "", scan.actor or "", scan.wall or act.at, act.at)


def _gives_up(packet: Packet, act: Act) -> bool:
    """The courier has come ATTEMPTS times in vain by the sender's doing: the booking is closed, and may be made anew."""
    dossier = packet.dossier
    if packet.kind is not Kind.SUBMISSION or packet.state is not State.WAITING or dossier.state is not CaseState.BOOKED:
        return False
    theirs = [reason for reason in visits.failed_for(packet.id) if repeats.FAULTS.get(reason) is Fault.CITIZEN]
    if len(theirs) < ATTEMPTS:
        return False
    dossiers.move(dossier, "cancel", act)
    dossiers.tell(dossier, "given_up", act.at)
    return True


def _agreed(packet: Packet, scan: Scan, act: Act) -> bool:
    """Another time was agreed at the door and still has room: there is a new visit, and the citizen is told when.

    Otherwise they are told to choose one, as after every visit that failed.
    """
    last, office = visits.current(packet.id), packet.dossier.post_office
    if scan.next != AGREED or (key := scan.said("SLOT")) is None or last is None:
        return False
    try:
        slot = visits.take(office, visits.read_key(office, key, act.at))
    except Refused:
        return False
    visits.schedule(packet, last.kind, slot, act)
    dossier, window = packet.dossier, {"opens": f"{slot.opens:%H:%M}", "closes": f"{slot.closes:%H:%M}"}
    dossiers.tell(dossier, "rebooked", act.at, day=f"{slot.day:%Y-%m-%d}", **window)
    return True


def _tell(packet: Packet, kind: str, scan: Scan, act: Act) -> None:
    seal = scan.seal or packet.seal
    dossiers.tell(packet.dossier, kind, act.at, way=packet.way, seal=seal, reason=scan.reason, next=scan.next)


def _close_case(packet: Packet, line: Handoff, scan: Scan, act: Act) -> None:
    """What went home in the citizen's hands may be the last of the case (`closing`); a word against that reopens it."""
    dossier, is_home = packet.dossier, line.state is State.DELIVERED
    for paper in packet.papers:
        paper.home_at = act.at if is_home else None
    db.session.flush()
    if is_home:
        closing.close(dossier, _by(scan, act))
    elif dossier.state is CaseState.CLOSED:
        dossiers.move(dossier, "reopen", _by(scan, act))


def _by(scan: Scan, act: Act) -> Act:
    return Act(db.session.get(User, scan.actor), act.at, act.keys)
