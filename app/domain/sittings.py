"""Sittings: what one transaction judges with, devices and packets under lock and each packet's trail open.

Evidence is stored first and judged second. A scan names what it follows, so the verdict depends on the set of scans and not on their
order; placing.py says which. Here what is new is written down: lines, verdicts, flags, matters.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.db import ask, change, db, memory
from app.domain import (
    aftermath,
    bodies,
    devices,
    duties,
    flags,
    ledger,
    placing,
    scans,
    stickers,
    tasks,
    tokens,
    vetting,
)
from app.domain.bodies import Extra, Scan
from app.domain.devices import Device, DeviceKind
from app.domain.hands import BY_ROLE, Hand
from app.domain.packets import Packet, State
from app.domain.people import Act
from app.domain.scans import REPEATS_CLAIM, UNSURE, Ruling, ScanRow
from app.domain.steps import CLOSING_EVENTS, By
from app.domain.tokens import Keys
from app.domain.trails import STANDS, Entry, Trail
from app.errors import Refused

AFTER = timedelta(microseconds=1)  # people's decisions and what follows them never bear one time


@dataclass(frozen=True)
class Seen:
    """What the server knows while it judges: its clock and its keys."""

    at: datetime
    keys: Keys


@dataclass(frozen=True)
class Outcome:
    """The verdict on one scan and what its receipt says, as doors tell it."""

    digest: bytes
    device: str | None
    n: int | None
    recorded_at: datetime
    verdict: Ruling
    why: str | None
    packet: str | None
    seq: int | None
    flags: tuple[str, ...] = ()  # of the packet by now; a scan that does not count is told none

    @property
    def stands(self) -> bool:
        """It counts, or tells again what does."""
        return self.verdict in STANDS and self.why != REPEATS_CLAIM


class Sitting:
    """What one transaction judges with: devices and packets under lock, their trails, ids and numbers used before."""

    def __init__(self, batch: list[Scan], seen: Seen, codes: Iterable[bytes] = (), by: str = "server") -> None:
        self.seen, self.by = seen, by
        self.devices = {device.id: device for device in _lock_phones({scan.device for scan in batch if scan.device})}
        self.packets = {
            packet.code: packet for packet in lock_packets({*codes, *(scan.code for scan in batch if scan.code)})
        }
        self.trails = open_trails(self.packets.values())
        self.asked = {code for code, packet in self.packets.items() if duties.of(self.trails[code], packet)}
        self.ids = _used({scan.id for scan in batch if scan.id})
        self.numbers = _ahead(self.devices)
        self.heard: set[bytes] = set()
        self.loose: dict[bytes, Entry] = {}  # scans of packets nobody knows

    # ---- evidence -----------------------------------------------------------------------------------------------

    def hear(self, scan: Scan) -> None:
        if self._is_known(scan):
            scans.keep_extra(scan)
            return
        device = self._device(scan)
        sig_ok = device is not None and (
            scan.signer == device.public_key or tokens.signed_by(device.verify_key, scan.sig, b"scan-v1\n" + scan.body)
        )
        clash = self._clash(scan, device) if device is not None and sig_ok else None
        trail = self.trails.get(scan.code) if scan.code else None
        entry = Entry(scan, self._dated(scan, trail))
        scans.keep(scan, sig_ok, entry.recorded_at)
        if device is not None and sig_ok and clash != "n":
            self._count(device, scan)
            self.ids.add(scan.id)
        if device is not None and clash == "n":
            change(device, frozen_at=device.frozen_at or self.seen.at)
        self._weigh(entry, trail, vetting.vet(scan, device, sig_ok, clash, entry.recorded_at, self.seen.keys))

    def hear_again(self, row: ScanRow, *, is_vouched: bool) -> None:
        """A scan that was held for its device's sake; `is_vouched`: a person answers for it."""
        scan = bodies.read(row.body, row.sig)
        device, trail = self._device(scan), self.trails.get(scan.code) if scan.code else None
        before = scans.latest(row.digest)
        assert before
        loose = Entry(scan, row.recorded_at, before.verdict, before.why, nth=before.nth)
        entry = trail.entries[row.digest] if trail else loose
        if is_vouched and (entry.ruling is not Ruling.HELD or entry.why not in UNSURE):
            raise Refused("scan_judged")
        doubt = None if is_vouched else vetting.vet(scan, device, row.sig_ok, None, row.recorded_at, self.seen.keys)
        self._weigh(entry, trail, doubt)

    def _weigh(self, entry: Entry, trail: Trail | None, doubt: tuple[Ruling, str] | None) -> None:
        if trail is None:
            entry.ruling, entry.why = doubt or (Ruling.HELD, "packet_unknown")
            entry.nth += 1
            self.loose[entry.scan.digest] = entry
        elif doubt:
            trail.rule(entry, *doubt)
            self.heard.add(trail.code)
        else:
            self.judge(trail, partial(placing.judge, entry=entry))

    def _is_known(self, scan: Scan) -> bool:
        if scan.code in self.trails:
            return scan.digest in self.trails[scan.code].entries
        return scan.digest in self.loose or scans.latest(scan.digest) is not None

    def _device(self, scan: Scan) -> Device | None:
        """The device a body names; phones are locked, and so is the server's own where it signed just now."""
        if scan.device is None:
            return None
        return self.devices.get(scan.device) or db.session.get(Device, scan.device)

    def _dated(self, scan: Scan, trail: Trail | None) -> datetime:
        """When it is recorded: never before what people decided, and a decision never before what it decides on; nor before
        the newest slip was printed anew."""
        if trail is None:
            return self.seen.at
        known = [e.recorded_at for e in trail.entries.values()] if scan.event in CLOSING_EVENTS else [trail.closed_at]
        anew = [slip.printed_at for slip in self.packets[trail.code].slips[1:]]
        return max([self.seen.at, *anew, *(at + AFTER for at in known if at)])

    def _clash(self, scan: Scan, device: Device) -> str | None:
        """Whether the id or the number of a well-signed scan was used before; a forger's rows do not count."""
        if scan.id in self.ids:
            return "id"
        used = scan.n is not None and (scan.n <= device.contiguous or scan.n in self.numbers[device.id])
        return "n" if used else None

    def _count(self, device: Device, scan: Scan) -> None:
        """Advance the device's contiguous mark over everything that has arrived."""
        if scan.n is None:
            return
        ahead = self.numbers[device.id]
        ahead[scan.n] = scan.digest
        n, last = device.contiguous, device.last_digest
        while n + 1 in ahead:
            n += 1
            last = ahead.pop(n)
        change(device, contiguous=n, last_digest=last)

    # ---- judgement ----------------------------------------------------------------------------------------------

    def judge(self, trail: Trail, work: Callable[[Trail, placing.Judge], None]) -> None:
        packet, begun, seen = self.packets[trail.code], len(trail.happened), self.seen

        def hand(entry: Entry) -> Hand:
            return hand_of(entry, packet, seen.keys, trail, device=self._device(entry.scan))

        work(trail, placing.Judge(hand, partial(self._say, packet), seen.at))
        _project(trail, packet)
        for happening in trail.happened[begun:]:
            aftermath.follow(packet, happening, Act(None, seen.at, seen.keys))
        self.heard.add(trail.code)

    def _say(self, packet: Packet, trail: Trail, taker: str, tip: bytes, claims: list[bytes]) -> Entry:
        """The ledger's own word, kept like any other scan."""
        said = sign(
            packet, "dispute", DeviceKind.LEDGER, "server", Act(None, self.seen.at, self.seen.keys),
            giver=trail.holder, taker=taker, parent=trail.head, tip=tip,
            proof=[("CLAIMS", digest.hex()) for digest in claims],
        )  # fmt: skip
        entry = Entry(said, self._dated(said, trail))
        scans.keep(said, True, entry.recorded_at)
        device = self._device(said)
        assert device
        self._count(device, said)
        return entry

    # ---- what is written down -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Write the lines, the verdicts, flags and tasks."""
        trails = [self.trails[code] for code in sorted(self.heard, key=lambda code: self.packets[code].id)]
        ledger.keep([line for trail in trails for line in trail.added])
        for entry, ruling, why, line, nth in (ruled for trail in trails for ruled in trail.ruled):
            scans.rule(entry.scan.digest, nth, ruling, why, line.id if line else None, self.seen.at, self.by)
        for digest, entry in self.loose.items():
            assert entry.ruling
            scans.rule(digest, entry.nth, entry.ruling, entry.why, None, self.seen.at, self.by)
            if entry.why in duties.PATIENT:
                continue
            if duty := duties.of_scan(entry.ruling, entry.why, digest, entry.scan.device):
                tasks.raise_(duty.kind, self.seen.at, digest=duty.digest, device_id=duty.device_id, why=entry.why)
        for trail in trails:
            self._bring_up_to_date(trail, self.packets[trail.code])

    def _bring_up_to_date(self, trail: Trail, packet: Packet) -> None:
        was, found = packet.flags, flags.of(trail, packet)
        change(packet, seals=flags.seals(trail, packet), flags=found)
        if "collect_unproven" not in found:
            aftermath.proven(packet, trail.happened, "collect_unproven" in was, Act(None, self.seen.at, self.seen.keys))
        wanted = duties.of(trail, packet)
        if wanted or trail.code in self.asked:
            duties.settle(packet, wanted, self.seen.at)

    def outcome(self, scan: Scan) -> Outcome:
        trail = self.trails.get(scan.code) if scan.code else None
        entry = trail.entries[scan.digest] if trail else self.loose.get(scan.digest)
        if entry is None:
            known = scans.latest(scan.digest)
            assert known
            recorded_at = db.session.get_one(ScanRow, scan.digest).recorded_at
            return Outcome(scan.digest, scan.device, scan.n, recorded_at, known.verdict, known.why, None, None)
        assert entry.ruling
        line = trail.line_of(entry) if trail else None
        packet = self.packets[trail.code] if trail else None
        number, seq = packet.number if packet else None, line.seq if line else None
        found = Outcome(scan.digest, scan.device, scan.n, entry.recorded_at, entry.ruling, entry.why, number, seq)
        return replace(found, flags=tuple(packet.flags)) if packet and found.stands else found


# ---- under lock -------------------------------------------------------------------------------------------------


def _any(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, expanding=True)


# Built once: whoever builds a statement for every scan spends a quarter of its time on that.
PHONES = (
    sa.select(Device).where(Device.kind == DeviceKind.PHONE, Device.id.in_(_any("ids"))).order_by(Device.id)
    .options(joinedload(Device.party)).with_for_update(of=Device).execution_options(populate_existing=True)
)  # fmt: skip
PACKETS = (
    sa.select(Packet).where(Packet.code.in_(_any("codes"))).order_by(Packet.id)
    .options(joinedload(Packet.slips), joinedload(Packet.dossier))
    .with_for_update(of=Packet).execution_options(populate_existing=True)
)  # fmt: skip
USED = sa.select(ScanRow.id).where(ScanRow.id.in_(_any("ids")), ScanRow.sig_ok)
AHEAD = (
    sa.select(ScanRow.device_id, ScanRow.n, ScanRow.digest)
    .join(Device, Device.id == ScanRow.device_id)
    .where(Device.id.in_(_any("ids")), ScanRow.n > Device.contiguous, ScanRow.sig_ok)
)


def _lock_phones(wanted: set[str]) -> list[Device]:
    phones = list(wanted - devices.servers())
    return list(db.session.scalars(PHONES, {"ids": phones})) if phones else []


def lock_packets(wanted: set[bytes]) -> list[Packet]:
    """In the order of their ids; one this transaction holds already is as it left it."""
    held = memory("packets")
    if fresh := list(wanted - held.keys()):
        held |= {packet.code: packet for packet in db.session.scalars(PACKETS, {"codes": fresh}).unique()}
    return sorted((held[code] for code in wanted & held.keys()), key=lambda packet: packet.id)


def _used(ids: set[str]) -> set[str | None]:
    return set(ask(USED, ids=list(ids)).scalars())


def _ahead(phones: Iterable[str]) -> defaultdict[str, dict[int, bytes]]:
    """Of each phone the numbers that have arrived beyond its contiguous mark; the server's own never leave a gap."""
    found, asked = defaultdict[str, dict[int, bytes]](dict), list(phones)
    for device, n, digest in ask(AHEAD, ids=asked) if asked else ():
        assert device and n  # a comparison with a number finds no empty ones
        found[device][n] = digest
    return found


def open_trails(found: Iterable[Packet]) -> dict[bytes, Trail]:
    """Each packet's trail as the database has it."""
    packets_ = {packet.code: packet for packet in found}
    told: dict[bytes, list[Entry]] = {code: [] for code in packets_}
    for known in scans.of_packets(packets_):
        assert known.scan.code
        last = known.verdict
        entry = Entry(known.scan, known.recorded_at, last.verdict, last.why, last.line_id, last.nth, known.heard_at)
        told[known.scan.code].append(entry)
    return {code: Trail(packet, told[code], partial(ledger.lines, packet)) for code, packet in packets_.items()}


def hand_of(
    entry: Entry, packet: Packet, keys: Keys, trail: Trail, rehearsal: bool = False, device: Device | None = None
) -> Hand:  # fmt: skip
    device = device or db.session.get_one(Device, entry.scan.device)
    used_at = partial(stickers.used_at, trail)
    return Hand(entry.scan, packet, device, keys, entry.recorded_at, rehearsal=rehearsal, used_at=used_at)


def _project(trail: Trail, packet: Packet) -> None:
    """The packet's own row says what its ledger says."""
    change(
        packet, state=trail.state, holder_id=trail.holder, head=trail.head, fork=trail.fork, seq=trail.seq,
        line_hash=trail.line_hash,
    )  # fmt: skip
    if packet.roll_id is not None:
        stickers.bind(packet, trail)


# ---- in our own hand ------------------------------------------------------------------------------------------------


def sign(
    packet: Packet, event: str, kind: DeviceKind, actor: str, act: Act, *,
    giver: str | None, taker: str | None, parent: bytes | None, proof: list[tuple[str, str]],
    seal: str | None = None, sheets: int | None = None, reason: str | None = None, next_: str | None = None,
    tip: bytes | None = None, state: State | None = None, extra: Extra | None = None, wall: datetime | None = None,
) -> Scan:  # fmt: skip
    """A scan in the server's own hand, for the person at a page or for the ledger itself.

    It says in which part they acted, for roles change. `tip`: the move that stands, in a dispute or a decision. `wall`:
    when it happened, by what somebody wrote down: a claim, and then nobody vouches for a time before it.
    """
    device = devices.server(kind, act)
    by, party = (BY_ROLE.get(act.user.role), act.user.holds_as) if act.user else (By.CITIZEN, actor)
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
        "by": by if kind is DeviceKind.PAGES else By.SERVER,
        "party": party if kind is DeviceKind.PAGES else None,
        "parent": parent.hex() if parent else None,
        "at": {"wall": (wall or act.at).isoformat(), "tz": "Asia/Ho_Chi_Minh"}
        | ({} if wall else {"server_time": act.at.isoformat()}),
        "seal": seal,
        "sheets": sheets,
        "proof": [{"kind": word, "value": value} for word, value in proof],
        "reason": reason,
        "next": next_,
    }
    facts |= {"tip": tip.hex()} if tip else {}
    facts |= {"state": state} if state else {}
    body = json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
    return bodies.parse(body, tokens.sign(act.keys.server, b"scan-v1\n" + body), extra)
