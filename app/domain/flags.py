"""Flags: what is odd about a packet though it moves on. They follow from its scans, so they are worked out, not toggled."""

from datetime import datetime
from typing import NamedTuple

from app.db import db
from app.domain.bodies import AMENDABLE
from app.domain.cases import CaseState
from app.domain.codes import CodeCheck
from app.domain.packets import ENDED, Packet, State, Way
from app.domain.scans import Ruling
from app.domain.steps import Proof
from app.domain.trails import Entry, Trail

CITIZENS = {Proof.LOGIN, Proof.WET_SEEN}  # words of proof that only the server vouches for
SAID_TWICE = {"confirm"}  # names no parent on purpose, and can happen only once


def of(trail: Trail, packet: Packet) -> list[str]:
    acts, notes = trail.acts(), trail.notes()
    told = [entry for act in acts for entry in act]
    # Every telling of what is disputed: which of them came first is chance.
    claimed = [entry for entry in trail.entries.values() if trail.is_claim(entry)]
    flags = {
        "collect_unproven": packet.way is Way.IN and _is_unproven(acts, notes),
        "seal_mismatch": bool(odd_seals(trail, packet)),
        "old_issue": any(is_of_old_slip(packet, entry) for entry in told),
        "collected_after_cancel": _is_after_cancel(trail, packet, told),
        "unsure_repeat": any(is_unsure(act) for act in acts),
        "from_paper": any(entry.scan.said("PAPER") is not None for entry in (*told, *notes)),
        "clock": any(is_off(entry) for entry in (*told, *notes, *claimed)),
        "stale_list": any(is_by_old_list(entry) for entry in told),
    }
    return sorted(name for name, is_set in flags.items() if is_set)


def _is_unproven(acts: list[list[Entry]], notes: list[Entry]) -> bool:
    """Collected on the courier's word alone, and the citizen has not said so since."""
    collected = [act for act in acts if act[0].scan.event == "collect"]
    unproven = [act for act in collected if not any(map(_citizen_proved, act))]
    return bool(unproven) and not any(note.scan.event == "attest" for note in notes)


def _citizen_proved(entry: Entry) -> bool:
    if entry.ruling is Ruling.APPLIED:
        return entry.why is None  # else the flag of its row
    checked = db.session.get(CodeCheck, entry.scan.digest)
    vouched = entry.scan.by is not None and any(kind in CITIZENS for kind, _ in entry.scan.proof)
    return vouched or (checked is not None and checked.is_right)


def _is_after_cancel(trail: Trail, packet: Packet, told: list[Entry]) -> bool:
    """The papers were collected and their booking is cancelled: until they are home again."""
    is_out = trail.state not in {State.WAITING, *ENDED} and any(entry.scan.event == "collect" for entry in told)
    return is_out and not packet.is_blank and packet.dossier.state is CaseState.CANCELLED


def is_unsure(act: list[Entry]) -> bool:
    """Told several times, once without a parent: a second handoff would look the same."""
    parentless = any(entry.scan.parent is None for entry in act)
    return len(act) > 1 and parentless and act[0].scan.event not in SAID_TWICE


def is_of_old_slip(packet: Packet, entry: Entry) -> bool:
    """Whether the paper that was scanned had already been replaced."""
    if entry.scan.issue is None:
        return False
    later = (slip for slip in packet.slips if slip.issue > entry.scan.issue)
    return any(slip.printed_at <= entry.recorded_at for slip in later)


def is_by_old_list(entry: Entry) -> bool:
    """Whether the phone could not know which slips had been replaced that day; the work went on."""
    return entry.scan.list_is_stale(entry.recorded_at)


def is_off(entry: Entry) -> bool:
    """Whether the clock of the device that made it was wrong."""
    return entry.scan.clock_is_off(entry.recorded_at)


# ---- seals ------------------------------------------------------------------------------------------------------


def seals(trail: Trail, packet: Packet) -> list[str]:
    """The numbers known to be on the bag, newest last: what closed it first, and every change since."""
    amended = amendments(trail)
    told = [(entry.scan.event, _seal(entry, amended)) for act in trail.acts() for entry in act]
    read = [(event, seal) for event, seal in told if seal]
    if packet.way is Way.IN:
        known = [seal for event, seal in read if event == "collect"]
    else:
        known = packet.seals[:1] or [seal for _, seal in read][:1]  # a desk says the number when it closes the bag
    changed = [entry for entry in trail.entries.values() if entry.scan.event in ("seal_change", "settle")]
    known += [seal for e in changed if e.ruling is Ruling.APPLIED and (seal := _seal(e, amended))]
    return list(dict.fromkeys(known))


def odd_seals(trail: Trail, packet: Packet) -> list[Entry]:
    """Scans that read another number from the bag than any known one, were it only to say what was seen."""
    amended, known = amendments(trail), seals(trail, packet)
    told = [entry for act in trail.acts() for entry in act]
    told += [note for note in trail.notes() if note.scan.event == "sighting"]
    return [entry for entry in told if known and (seal := _seal(entry, amended)) and seal not in known]


def amendments(trail: Trail) -> dict[tuple[bytes, str], str]:
    """What people declared right instead of what a scan says: by scan and field, the newest word. It is right of an act,
    however often that was told."""
    notes = sorted(trail.notes(), key=lambda note: (note.recorded_at, note.scan.digest))
    said = [note.scan.amendment for note in notes if note.scan.event == "amend"]
    right = {(digest, field): value for digest, field, value in filter(None, said)}
    if not right:
        return right
    digests = [[entry.scan.digest for entry in act] for act in trail.acts()]
    tellings = {digest: tellings for tellings in digests for digest in tellings}
    return right | {
        (other, field): value for (digest, field), value in right.items() for other in tellings.get(digest, ())
    }


class Detail(NamedTuple):
    """A field of a scan that counts, as it is taken to be now: what people may declare wrong."""

    digest: bytes
    event: str
    at: datetime
    field: str
    value: str


def details(trail: Trail) -> list[Detail]:
    """Every detail that can be amended, newest first."""
    amended = amendments(trail)
    told = [min(act, key=lambda entry: entry.ruling is not Ruling.APPLIED) for act in trail.acts()] + trail.notes()
    return [
        Detail(
            entry.scan.digest,
            entry.scan.event,
            entry.recorded_at,
            field,
            amended.get((entry.scan.digest, field), str(value)),
        )
        for entry in sorted(told, key=lambda entry: entry.recorded_at, reverse=True)
        for field in AMENDABLE
        if (value := getattr(entry.scan, field)) is not None
    ]


def _seal(entry: Entry, amended: dict[tuple[bytes, str], str]) -> str | None:
    return amended.get((entry.scan.digest, "seal"), entry.scan.seal)
