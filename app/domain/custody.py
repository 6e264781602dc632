"""Custody: who holds a packet, and how it may change hands.

`record` is the one way in, for phones and pages alike. Evidence is stored first and judged second; a scan names
what it follows, so the verdict depends on the set of scans and not on their order. Read STEPS in steps.py first.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import db, lock
from app.domain import (
    closings,
    devices,
    dossiers,
    doubts,
    ledger,
    outbox,
    packets,
    placing,
    scans,
    tokens,
    vetting,
    visits,
)
from app.domain.devices import Device, DeviceKind
from app.domain.dossiers import CaseState
from app.domain.hands import Hand, Link
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Kind, Packet, State
from app.domain.people import Act, User
from app.domain.scans import Extra, Ruling, Scan, ScanRow, Verdict
from app.domain.steps import CLOSING_EVENTS, HOLDERS_NOTES, NEXT, NOTE_EVENTS, STEPS, Step, known_words, rows
from app.domain.tokens import Keys
from app.errors import Refused

__all__ = ["STEPS", "Outcome", "Seen", "enter", "record", "record_all"]

REJUDGED = {"parent_unknown", "behind_dispute", "out_of_turn", "fits_nowhere", "packet_unknown", "proof_missing"}


@dataclass(frozen=True)
class Seen:
    """What the server knows while it judges: its clock and its keys."""

    at: datetime
    keys: Keys


@dataclass(frozen=True)
class Outcome:
    """The verdict on one scan, as doors tell it."""

    digest: bytes
    verdict: Ruling
    why: str | None
    packet: str | None
    seq: int | None


def record_all(batch: Iterable[Scan], seen: Seen) -> list[Outcome]:
    """Judge several scans in one transaction, devices and then packets locked in one order."""
    batch = list(batch)
    named = sa.select(Device.id).where(Device.kind == DeviceKind.PHONE, Device.id.in_({scan.device for scan in batch}))
    lock(Device, *db.session.scalars(named))
    _lock_packets({scan.code for scan in batch if scan.code})
    return [record(scan, seen) for scan in batch]


def record(scan: Scan, seen: Seen) -> Outcome:
    """Store one scan, judge it, and move the packet if the law allows. Never raises for what a scan says."""
    if known := scans.latest(scan.digest):
        scans.keep_extra(scan)
        return _outcome(scan, known)
    device = _device(scan)
    sig_ok = device is not None and (
        scan.signer == device.public_key or tokens.signed_by(device.verify_key, scan.sig, b"scan-v1\n" + scan.body)
    )
    clashes = vetting.clash(scan) if sig_ok else None
    scans.keep(scan, sig_ok, seen.at)
    if device is not None and sig_ok and clashes != "n_reused":
        _count(device, scan)
    packet = next(iter(_lock_packets({scan.code})), None)
    if found := vetting.doubt(scan, device, sig_ok, clashes, seen.at, seen.keys):
        return _outcome(scan, _rule(scan.digest, *found, None, seen, packet))
    assert device is not None
    return _believe(scan, packet, device, seen)


def look_again(device: Device, seen: Seen) -> None:
    """Judge what was held because nobody had confirmed this phone yet. The device is locked by the caller."""
    waiting = [placing.read(row) for row in scans.held_for(device.id, "device_unconfirmed")]
    known = {packet.code: packet for packet in _lock_packets({scan.code for scan in waiting})}
    for scan in waiting:
        packet = known.get(scan.code or b"")
        if found := vetting.doubt(scan, device, True, None, seen.at, seen.keys):
            _rule(scan.digest, *found, None, seen, packet)
        else:
            _believe(scan, packet, device, seen)


def _believe(scan: Scan, packet: Packet | None, device: Device, seen: Seen) -> Outcome:
    """Judge a well-signed scan of a phone in service by its packet, which is locked."""
    if packet is None:
        return _outcome(scan, _rule(scan.digest, *vetting.of_nobodys_packet(scan, seen.keys), None, seen, None))
    was = packet.state
    verdict = _judge(scan, packet, device, seen)
    if verdict.verdict is not Ruling.HELD:  # a duplicate too: others may name it as what they follow
        _judge_held_again(packet, seen)
    doubts.recompute(packet, was, seen.at, seen.keys)
    return _outcome(scan, scans.latest(scan.digest) or verdict, packet)


def judge_again(packet: Packet, act: Act) -> None:
    """What scans mean may change with the case, or with a packet that has only now become known here."""
    was = packet.state
    _judge_held_again(packet, Seen(act.at, act.keys))
    doubts.recompute(packet, was, act.at, act.keys)


def _rule(
    digest: bytes, ruling: Ruling, why: str | None, line_id: int | None, seen: Seen, packet: Packet | None
) -> Verdict:
    return doubts.rule(digest, ruling, why, line_id, seen.at, packet)


def _device(scan: Scan) -> Device | None:
    """The device a body names; a phone is locked here, the server's own were when they signed."""
    device = db.session.get(Device, scan.device) if scan.device else None
    if device is not None and device.kind is DeviceKind.PHONE:
        (device,) = lock(Device, device.id)
    return device


def _lock_packets(wanted: set[bytes | None]) -> list[Packet]:
    rows_ = sa.select(Packet).where(Packet.code.in_([c for c in wanted if c])).order_by(Packet.id)
    return list(db.session.scalars(rows_.with_for_update().execution_options(populate_existing=True)))


def _outcome(scan: Scan, verdict: Verdict, packet: Packet | None = None) -> Outcome:
    line = ledger.line(verdict.line_id) if verdict.line_id else None
    if packet is None and scan.code:
        packet = db.session.scalar(sa.select(Packet).filter_by(code=scan.code))
    number = packet.number if packet else None
    return Outcome(scan.digest, verdict.verdict, verdict.why, number, line.seq if line else None)


# ---- evidence ---------------------------------------------------------------------------------------------------


def _count(device: Device, scan: Scan) -> None:
    """Advance the device's contiguous mark over everything that has arrived."""
    if scan.n != device.contiguous + 1:
        return
    device.contiguous, device.last_digest = scan.n, scan.digest
    well_signed = sa.select(ScanRow.n, ScanRow.digest).where(ScanRow.device_id == device.id, ScanRow.sig_ok)
    later = well_signed.where(ScanRow.n > scan.n)
    for n, digest in db.session.execute(later.order_by(ScanRow.n)):
        if n != device.contiguous + 1:
            break
        device.contiguous, device.last_digest = n, digest


# ---- judgement --------------------------------------------------------------------------------------------------


def _judge(scan: Scan, packet: Packet, device: Device, seen: Seen) -> Verdict:
    if not rows(scan.event, packet.way):
        return _rule(scan.digest, Ruling.HELD, "unknown_event", None, seen, packet)
    hand = Hand(scan, packet, device, seen.keys)
    if scan.event in NOTE_EVENTS:
        return _note(scan, packet, hand, seen)
    if scan.event == "dispute":
        return _contest(scan, packet, hand, seen)
    if scan.event in CLOSING_EVENTS:
        return _close_past(scan, packet, hand, seen)
    place = placing.place(scan, packet, hand)
    if place.ruling is Ruling.APPLIED:
        assert place.at and place.step
        return _apply(scan, packet, place.at, place.step, seen)
    if place.ruling is Ruling.DISPUTED and place.why == "two_children":
        assert place.at
        _dispute_at(place.at, packet, scan, seen)
        return scans.latest(scan.digest) or _rule(scan.digest, Ruling.DISPUTED, place.why, None, seen, packet)
    return _rule(scan.digest, place.ruling, place.why, place.echoes, seen, packet)


# ---- consequences -----------------------------------------------------------------------------------------------


def _apply(scan: Scan, packet: Packet, link: Link, step: Step, seen: Seen) -> Verdict:
    assert step.target is not None
    taker = scan.taker if step.taker else link.holder
    assert taker is not None
    line = ledger.append(
        packet, LineKind.MOVE, scan.event, link.holder, taker, step.target, scan.digest, link.digest, seen.at
    )
    if scan.event in ("collect", "deliver"):
        visits.finish(packet, seen.at)
    if scan.event == "collect" and packet.dossier:
        dossiers.count_at_door(packet.dossier, scans.papers_counted(scan.digest))
    _tell(packet, step, scan, seen)
    if packet.state is State.DELIVERED:
        _close(packet, scan, seen)
    return _rule(scan.digest, Ruling.APPLIED, step.flag, line.id, seen, packet)


def _note(scan: Scan, packet: Packet, hand: Hand, seen: Seen) -> Verdict:
    step = next((s for s in rows(scan.event, packet.way) if s.by is hand.by and hand.proves(s)), None)
    held = scan.event not in HOLDERS_NOTES or hand.party in _holders(packet)
    if step is None or not held or not known_words(scan.event, scan.reason, scan.next):
        return _rule(scan.digest, Ruling.HELD, "proof_missing", None, seen, packet)
    line = ledger.append(
        packet, LineKind.NOTE, scan.event, packet.holder_id, packet.holder_id, packet.state, scan.digest, None, seen.at
    )
    if scan.event == "damaged":
        doubts.damaged(packet, scan, seen.at)
    if scan.event not in NEXT or visits.fail(
        packet, scan.reason or "", scan.next or "", scan.actor or "", scan.wall or seen.at, seen.at
    ):
        _tell(packet, step, scan, seen)
    return _rule(scan.digest, Ruling.APPLIED, None, line.id, seen, packet)


def _holders(packet: Packet) -> set[str]:
    """Everybody who has the packet or ever had it."""
    return {packet.origin_id, packet.holder_id, *(line.taker_id for line in ledger.lines(packet))}


def _contest(scan: Scan, packet: Packet, hand: Hand, seen: Seen) -> Verdict:
    """A person says of one line that it is not so: the one before it answers for the packet again."""
    told = placing.story(packet)
    at = next((n for n, link in enumerate(told.links) if link.digest == scan.contested), 0)
    if not at:
        contested = placing.aliases(packet).get(scan.contested or b"", scan.contested)
        known = contested in told.closed or any(row.digest == contested for row, _ in placing.claims(packet))
        return _rule(scan.digest, Ruling.HELD, "after_settle" if known else "parent_unknown", None, seen, packet)
    why = closings.may_contest(scan, packet, told.links[at], hand, _holders(packet), seen.at)
    if why:
        return _rule(scan.digest, Ruling.HELD, why, None, seen, packet)
    link = told.links[at - 1]
    line = _fork(packet, link, scan, [told.links[at].digest], seen)
    return _rule(scan.digest, Ruling.APPLIED, None, line.id, seen, packet)


def _close_past(scan: Scan, packet: Packet, hand: Hand, seen: Seen) -> Verdict:
    """What two people have decided: a new line on top, and everything it decides about gets its verdict."""
    told = placing.story(packet)
    decision = closings.decide(scan, packet, told, hand)
    if isinstance(decision, str):
        return _rule(scan.digest, Ruling.HELD, decision, None, seen, packet)
    line = ledger.append(
        packet, LineKind.MOVE, scan.event, packet.holder_id, decision.holder, decision.state, scan.digest, packet.head,
        seen.at,
    )  # fmt: skip
    verdict = _rule(scan.digest, Ruling.APPLIED, None, line.id, seen, packet)
    if scan.event == "settle":
        packet.fork = None
        for digest, (ruling, why) in closings.sides(scan, packet).items():
            _rule(digest, ruling, why, line.id if ruling is Ruling.DUPLICATE else None, seen, packet)
    _tell(packet, decision.step, scan, seen)
    if packet.state is State.DELIVERED:
        _close(packet, scan, seen)
    return verdict


def _dispute_at(link: Link, packet: Packet, scan: Scan, seen: Seen) -> None:
    """Two different acts follow `link`: both are disputed, and its holder answers for the packet."""
    rival = _digests_behind(packet, link)[0]
    act = Act(None, seen.at, seen.keys)
    claims = [("CLAIMS", rival.hex()), ("CLAIMS", scan.digest.hex())]
    said = sign(
        packet, "dispute", DeviceKind.LEDGER, "server", act,
        giver=packet.holder_id, taker=link.holder, parent=packet.head, proof=claims,
    )  # fmt: skip
    device = db.session.get_one(Device, said.device)
    scans.keep(said, True, seen.at)
    _count(device, said)
    line = _fork(packet, link, said, [rival, scan.digest], seen)
    _rule(said.digest, Ruling.APPLIED, None, line.id, seen, packet)


def _fork(packet: Packet, link: Link, said: Scan, contested: list[bytes], seen: Seen) -> Handoff:
    """The packet goes back to the holder of `link`; `contested` are claims, all behind them waits."""
    behind = [digest for digest in _digests_behind(packet, link) if digest not in contested]
    line = ledger.append(
        packet, LineKind.MOVE, "dispute", packet.holder_id, link.holder, State.DISPUTED, said.digest, packet.head,
        seen.at,
    )  # fmt: skip
    packet.fork = link.digest
    for digest in contested:
        _rule(digest, Ruling.DISPUTED, "two_children" if len(contested) > 1 else "contested", None, seen, packet)
    for digest in behind:
        _rule(digest, Ruling.HELD, "behind_dispute", None, seen, packet)
    _tell(packet, next(s for s in STEPS if s.event == "dispute"), said, seen)
    return line


def _digests_behind(packet: Packet, link: Link) -> list[bytes]:
    """Digests of the moves after `link`, nearest first, then of the scans that echo one of them."""
    chain = placing.story(packet).links
    at = next(i for i, one in enumerate(chain) if one.digest == link.digest)
    after = [one.digest for one in chain[at + 1 :]]
    echoed = [alias for alias, digest in placing.aliases(packet).items() if digest in after]
    claimed = [row.digest for row, _ in placing.claims(packet)]
    of_claims = [row.digest for row, v in scans.of_packet(packet.code, Ruling.DUPLICATE) if v.line_id is None]
    return after + [digest for digest in echoed + claimed + of_claims if digest not in after]


def _judge_held_again(packet: Packet, seen: Seen) -> None:
    """What was waiting for its place may now have one; look until nothing changes."""
    changed = True
    while changed:
        changed = False
        for row, verdict in scans.of_packet(packet.code, Ruling.HELD):
            waiting = placing.read(row)
            if verdict.why not in REJUDGED or waiting.event in NOTE_EVENTS | CLOSING_EVENTS:
                continue
            device = db.session.get_one(Device, waiting.device)
            if _finds_its_place(waiting, verdict, packet, Hand(waiting, packet, device, seen.keys)):
                after = _judge(waiting, packet, device, seen)
                changed = changed or after.verdict is not Ruling.HELD


def _finds_its_place(waiting: Scan, verdict: Verdict, packet: Packet, hand: Hand) -> bool:
    if waiting.event == "dispute":
        return any(link.digest == waiting.contested for link in placing.story(packet).links)
    place = placing.place(waiting, packet, hand)
    return (place.ruling, place.why) != (Ruling.HELD, verdict.why)


def _tell(packet: Packet, step: Step, scan: Scan, seen: Seen) -> None:
    dossier = packet.dossier
    if step.tell and dossier:
        outbox.say(
            dossier.citizen.phone, step.tell, seen.at,
            number=dossier.number, secret=dossier.secret, way=packet.way, seal=scan.seal or packet.seal,
            reason=scan.reason, next=scan.next,
        )  # fmt: skip


def _close(packet: Packet, scan: Scan, seen: Seen) -> None:
    """The result is in the citizen's hands: the case is over once nothing of it is still under way."""
    dossier = packet.dossier
    rest = [p for p in packets.of_dossier(dossier.id) if not p.ended]
    if packet.kind is Kind.RESULT and not rest and dossier.state is CaseState.RESULT_READY:
        dossiers.move(dossier, "close", Act(db.session.get(User, scan.actor), seen.at, seen.keys))


# ---- pages ------------------------------------------------------------------------------------------------------


def sign(
    packet: Packet, event: str, kind: DeviceKind, actor: str, act: Act, *,
    giver: str | None, taker: str | None, parent: bytes | None, proof: list[tuple[str, str]],
    seal: str | None = None, sheets: int | None = None, reason: str | None = None, next_: str | None = None,
    tip: bytes | None = None, state: str | None = None, extra: Extra | None = None,
) -> Scan:  # fmt: skip
    """A scan in the server's own hand, for the person at a page or for the ledger itself."""
    device = devices.server(kind, act)
    facts: dict[str, Any] = {
        "v": 1,
        "id": secrets.token_hex(16),
        "device": device.id,
        "n": device.contiguous + 1,
        "back": device.last_digest.hex() if device.last_digest else None,
        "code": tokens.b32(packet.code),
        "issue": packet.slip.issue,
        "event": event,
        "giver": giver,
        "taker": taker,
        "actor": actor,
        "parent": parent.hex() if parent else None,
        "at": {"wall": act.at.isoformat(), "tz": "Asia/Ho_Chi_Minh", "server_time": act.at.isoformat()},
        "seal": seal,
        "sheets": sheets,
        "proof": [{"kind": word, "value": value} for word, value in proof],
        "reason": reason,
        "next": next_,
    }
    if tip or state:
        facts |= {"tip": tip.hex() if tip else None, "state": state}
    body = json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
    return scans.parse(body, tokens.sign(act.keys.server, b"scan-v1\n" + body), extra)


def hold(packet: Packet, act: Act) -> Packet:
    """The packet as it is now, locked for a page: devices first, then packets, as everywhere."""
    devices.server(DeviceKind.PAGES, act)
    return _lock_packets({packet.code})[0]


def hold_all(codes: set[bytes]) -> list[Packet]:
    """The packets with these codes, locked in the one order; codes nobody knows are left out."""
    return _lock_packets({*codes})


def expect(packet: Packet, head: bytes | None) -> None:
    """Raises Refused("page_too_old") when a held packet has moved since the page showed `head`; None asks nothing."""
    if head is not None and packet.head != head:
        raise Refused("page_too_old", number=packet.number)


def enter(packet: Packet, event: str, act: Act, *, actor: str | None = None, **facts: Any) -> Outcome:
    """Record what a person did at a page. Raises Refused("custody_<why>") when the law does not let it stand.

    `facts`: giver, taker, parent (the head the page showed), proof, seal, sheets, reason, next_, tip, state, extra.
    A page has a person before it, who is told at once; nothing half-done is left behind.
    """
    said = sign(packet, event, DeviceKind.PAGES, actor or act.by.id, act, **facts)
    outcome = record(said, Seen(act.at, act.keys))
    if outcome.verdict not in (Ruling.APPLIED, Ruling.DUPLICATE):
        raise Refused(f"custody_{outcome.why}", number=packet.number)
    return outcome


# ---- audit ------------------------------------------------------------------------------------------------------


def first_broken(packet: Packet) -> tuple[int, str] | None:
    """(seq, what is wrong) of the packet's first line that does not hold: chain, evidence, signature, custody."""
    if broken := ledger.first_broken(packet):
        return broken
    holder = packet.origin_id
    for line in ledger.lines(packet):
        row = db.session.get(ScanRow, line.digest)
        if row is None or scans.digest_of(row.body) != line.digest:
            return line.seq, "its scan is missing or changed"
        device = db.session.get(Device, row.device_id)
        if device is None or not tokens.signed_by(device.verify_key, row.sig, b"scan-v1\n" + row.body):
            return line.seq, "the scan's signature does not hold"
        if line.giver_id != holder:
            return line.seq, "given by somebody who did not hold it"
        holder = line.taker_id
    if packet.holder_id != holder:
        return packet.seq, "the packet's holder is not the last taker"
    return None
