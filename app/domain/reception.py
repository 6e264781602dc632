"""Reception: a desk takes packets from the courier's hands, opens them and counts them with the courier.

The moment both sides have confirmed the count is the legal submission (QĐ 45/2016 Đ7.4); pickup never is. A verb is
one transaction. Where it claims PRESENCE, the door has asked the officer for it at most five minutes before.
"""

from collections.abc import Collection

import sqlalchemy as sa

from app.db import db
from app.domain import (
    audit,
    closing,
    custody,
    desk,
    dossiers,
    ledger,
    manifests,
    numbers,
    people,
    recovered,
    results,
    tasks,
    tokens,
)
from app.domain.cases import CaseState
from app.domain.desk import MOST, PRESENCE
from app.domain.ledger import LineKind
from app.domain.manifests import Found, LineResult, Manifest, Side, Word
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Act, User
from app.domain.sittings import Outcome
from app.domain.tasks import TaskKind
from app.errors import Invalid, Missing, Refused

# ---- one packet -------------------------------------------------------------------------------------------------


def receive(
    packet: Packet, act: Act, *, head: bytes | None, seal: str, counts: dict[int, int], giver_by: Word,
    pin: str = "", remark: str = "", intact: bool = True,
) -> Manifest:  # fmt: skip
    """Take a sealed packet over, open it and count it together: a biên bản of one, and the legal submission.

    One that was taken in with a bag and not opened there is counted so, with whoever brought it.
    `counts`: sheets found, by the paper's position, one for every paper. The same form sent twice is one biên bản.
    Raises Refused: `wrong_ward` (desk), `pin_wrong`, `not_inbound`, `dossier_cancelled`, `page_too_old`, custody_…;
    Invalid: `counts_missing`, `seal_form`, `remark_needed`, `pin_needs_courier`.
    """
    here, packet = desk.own(packet, act), custody.hold(packet, act)
    if packet.way is Way.OUT:
        raise Refused("not_inbound", number=packet.number)
    if packet.state is State.OPENED and (known := manifests.of_packet(packet.id)) and known.taker_id == here.party_id:
        return known
    custody.expect(packet, head)
    _check_alive(packet)
    found = _found(seal, remark, intact, is_complete=_write_counts(packet, counts))
    giver, courier = giver_of(packet), _confirm_giver(packet, giver_by, pin)
    if packet.state is not State.AT_DESK:
        _take_over(packet, act, found.seal)
    elif found.seal not in packet.seals:
        saw_seal(packet, act, found.seal)
    taken = packet.head
    _open(packet, act, counts, found.is_complete)
    manifest = manifests.of_one(packet, giver, taken, found, act.at)
    audit.note("received", packet.number, act, receipt=manifest.receipt_no, complete=found.is_complete, intact=intact)
    _both_confirm(manifest, giver_by, courier, act)
    return manifest


def take_back(
    packet: Packet, act: Act, *, head: bytes | None, seal: str, giver_by: Word, pin: str = "", remark: str = "",
    intact: bool = True,
) -> Manifest:  # fmt: skip
    """A result nobody could be given comes back unopened and waits here (TT 17/2017 Đ5.2). Raises as `receive`."""
    here, packet = desk.own(packet, act), custody.hold(packet, act)
    if packet.way is not Way.OUT:
        raise Refused("not_outbound", number=packet.number)
    if packet.state is State.AT_DESK and (known := manifests.of_packet(packet.id)) and known.taker_id == here.party_id:
        return known
    custody.expect(packet, head)
    found, giver = _found(seal, remark, intact), packet.holder_id
    courier = _confirm_giver(packet, giver_by, pin)
    taken = _take_over(packet, act, found.seal)
    desk.free_visit(packet, act)
    manifest = manifests.of_one(packet, giver, taken.digest, found, act.at)
    _both_confirm(manifest, giver_by, courier, act)
    audit.note("taken_back", packet.number, act, receipt=manifest.receipt_no, intact=intact)
    results.invite(packet, act)
    return manifest


# ---- a whole bag (`bags`) ---------------------------------------------------------------------------------------


def take_in(packet: Packet, act: Act) -> None:
    """Out of a bag, its seal the one on record: from now on this desk answers for it. Raises Refused: `wrong_ward`,
    `dossier_cancelled`, custody_…"""
    desk.own(packet, act)
    _check_alive(packet)
    _take_over(packet, act, packet.seal)
    if packet.way is Way.OUT:
        desk.free_visit(packet, act)


def saw_seal(packet: Packet, act: Act, seal: str | None) -> None:
    """Both read this number from a bag that is already here: the same evidence as if it had been read on taking it in, so
    two people count it, and whoever brought it answers for the seal."""
    custody.enter(
        packet, "sighting", act, giver=packet.holder_id, taker=packet.holder_id, parent=None, proof=[], seal=seal
    )


def put_away(packet: Packet, act: Act, counts: dict[int, int] | None) -> None:
    """The list it stands on is written: what came whole is opened and counted, a result that came back waits here.

    `counts` None: it did not come whole, and stays closed until it is counted by itself.
    """
    packet = custody.hold(packet, act)
    if packet.way is Way.OUT:
        audit.note("taken_back", packet.number, act)
        results.invite(packet, act)
    elif counts is not None and packet.state is State.AT_DESK:
        _open(packet, act, counts, _write_counts(packet, counts))


def confirm(
    manifest: Manifest, side: Side, word: Word, act: Act, user: User | None = None, sig: bytes | None = None
) -> None:
    """One side's word. With the second one, what was opened with the list is submitted, at that moment: the law's own.

    Raises as `manifests.confirm`.
    """
    manifests.confirm(manifest, side, word, act.at, user, sig)
    if manifest.closed_at is None:
        return
    for line, packet in manifests.lines_of(manifest):
        if line.result is LineResult.MOVED and packet.state is State.OPENED:
            _submit(packet, act)


def giver_says(manifest: Manifest, act: Act, word: Word, pin: str = "") -> None:
    """The courier's word for a list, given at the desk's own screen: their six digits, or the print they signed.

    Raises Refused("pin_wrong"), Invalid("pin_needs_courier").
    """
    courier = _courier(manifest.giver_id)
    if word is Word.PIN:
        check_pin(courier, pin)
    confirm(manifest, Side.GIVER, word, act, courier if word is Word.PIN else None)


def take_recovered(ids: Collection[int], holder_id: str, act: Act, pin: str = "", *, on_paper: bool = False) -> int:
    """Old papers given up for results are here, the officer says; so says who brings them, by PIN or on the list they
    signed. How many. Raises Invalid: `papers_none`, `pin_needs_courier`; Refused("pin_wrong"); Missing("packet_unknown").
    """
    lines = [line for line in recovered.coming(act.by).get(holder_id, ()) if line.id in ids]
    if not ids:
        raise Invalid("papers_none")
    if len(lines) < len(set(ids)):
        raise Missing("packet_unknown")
    if not on_paper:
        check_pin(_courier(holder_id), pin)
    for line in lines:
        line.back_at, line.by_id = act.at, act.by.id
        audit.note(
            "old_paper_here", line.dossier.number, act, position=line.position, word="paper" if on_paper else "pin"
        )
    for dossier in {line.dossier for line in lines}:
        closing.close(dossier, act)
    return len(lines)


# ---- in common --------------------------------------------------------------------------------------------------


def giver_of(packet: Packet) -> str:
    """Who brings it, or brought it, where it was taken in and waits to be counted: a party."""
    if packet.state is not State.AT_DESK:
        return packet.holder_id
    return next(line.giver_id for line in reversed(ledger.lines(packet)) if line.kind is LineKind.MOVE)


def as_listed(packet: Packet) -> Found:
    """What both saw of its bag when it was taken in and not opened; what the record says where nobody has."""
    manifest = manifests.of_packet(packet.id) if packet.state is State.AT_DESK else None
    line = next((each for each in manifest.lines if each.packet_id == packet.id), None) if manifest else None
    seen = line if line and line.digest == packet.head else None
    return Found(seen.seal, seen.is_intact, seen.is_complete, seen.remark) if seen else Found(packet.seal)


def courier_of(packet: Packet) -> User | None:
    """The courier who brings or brought the packet, where it is one."""
    return _courier(giver_of(packet))


def _courier(party_id: str) -> User | None:
    return db.session.scalar(sa.select(User).filter_by(party_id=party_id))


def check_pin(courier: User | None, pin: str) -> None:
    if courier is None:
        raise Invalid("pin_needs_courier")
    if not pin.strip():
        raise Refused("pin_empty")
    if not people.secret_fits(courier.pin_hash, pin.strip()):
        raise Refused("pin_wrong")


def _confirm_giver(packet: Packet, giver_by: Word, pin: str) -> User | None:
    """The giving side agrees: the courier's own six digits, or the print they signed (then nobody is named)."""
    if giver_by is Word.SIGNED_PRINT:
        return None
    courier = courier_of(packet)
    check_pin(courier, pin)
    return courier


def _both_confirm(manifest: Manifest, giver_by: Word, courier: User | None, act: Act) -> None:
    confirm(manifest, Side.GIVER, giver_by, act, courier)
    confirm(manifest, Side.TAKER, Word.PRESENCE, act, act.by)


def _check_alive(packet: Packet) -> None:
    if packet.dossier.state is CaseState.CANCELLED:
        raise Refused("dossier_cancelled", number=packet.number)


def _found(seal: str, remark: str, intact: bool, is_complete: bool = True) -> Found:
    remark = " ".join(remark.split())[:300]
    if not intact and not remark:
        raise Invalid("remark_needed")
    return Found(numbers.read_seal(seal), intact, is_complete, remark)


def _take_over(packet: Packet, act: Act, seal: str | None) -> Outcome:
    taker = packet.dossier.desk.party_id
    return custody.enter(
        packet, "receive", act, giver=packet.holder_id, taker=taker, parent=packet.head, proof=PRESENCE, seal=seal
    )


def _open(packet: Packet, act: Act, counts: dict[int, int], is_complete: bool) -> None:
    """What differs from the slip is somebody's: nobody accepts the dossier before it is cleared up."""
    here = packet.holder_id
    custody.enter(
        packet, "open", act, giver=here, taker=here, parent=packet.head, proof=[("COUNT", _hash_of(counts)), *PRESENCE],
        sheets=sum(counts.values()),
    )  # fmt: skip
    if not is_complete and packet.kind in (Kind.SUBMISSION, Kind.TRANSFER):
        tasks.raise_(TaskKind.COUNT, act.at, packet=packet)


def _submit(packet: Packet, act: Act) -> None:
    dossier = packet.dossier
    if packet.kind is Kind.SUBMISSION and dossier.state is CaseState.BOOKED:
        dossiers.move(dossier, "submit", act)
        dossier.submitted_at = dossier.counted_from = act.at
        dossiers.tell(dossier, "submitted", act.at, when=act.at.isoformat())
    elif packet.kind is Kind.SUPPLEMENT and dossier.state is CaseState.SUPPLEMENT_REQUIRED:
        if dossiers.still_missing(dossier):
            dossiers.tell(dossier, "supplement_short", act.at)
        else:
            desk.restart(dossier, act, channel="post")


def _write_counts(packet: Packet, counts: dict[int, int]) -> bool:
    """Each paper's sheets as found; whether all that was handed over is there."""
    papers = packet.papers
    if set(counts) != {paper.position for paper in papers} or not all(0 <= n <= MOST for n in counts.values()):
        raise Invalid("counts_missing")
    promised = {paper.position: packet.promised(paper) for paper in papers}
    for paper in papers:
        paper.desk_sheets = counts[paper.position]
        if paper.is_supplement and paper.desk_sheets and packet.way is Way.IN:
            paper.came_in = packet.number
    return counts == promised


def _hash_of(counts: dict[int, int]) -> str:
    return tokens.sha256("\n".join(f"{position}:{sheets}" for position, sheets in sorted(counts.items()))).hex()
