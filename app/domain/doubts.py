"""Doubts: what a person must look at, worked out from the set of scans, never toggled: flags, and the tasks they mean."""

from datetime import datetime

from app.db import db
from app.domain import codes, placing, scans, tasks, vetting
from app.domain.dossiers import CaseState
from app.domain.packets import Packet, State, Way
from app.domain.scans import Ruling, Scan, ScanRow, Verdict
from app.domain.tasks import TaskKind
from app.domain.tokens import Keys

OF_A_SCAN = {Ruling.HELD: TaskKind.HELD, Ruling.QUARANTINED: TaskKind.QUARANTINED}
OF_A_REASON = {"after_settle": TaskKind.AFTER_SETTLE, "slip_forged": TaskKind.FORGED_SLIP}
NOBODYS_YET = {
    "parent_unknown",
    "behind_dispute",
    "settled_against",
}  # waits for another phone, or is decided with another
OF_A_FLAG = {
    "collect_unproven": TaskKind.COLLECT_UNPROVEN,
    "seal_mismatch": TaskKind.SEAL_MISMATCH,
    "old_issue": TaskKind.OLD_ISSUE,
    "collected_after_cancel": TaskKind.AFTER_CANCEL,
    "clock": TaskKind.CLOCK,
    "slip_doubted": TaskKind.FORGED_SLIP,
    "unsure_repeat": TaskKind.UNSURE_REPEAT,
}
OF_A_STATE = {
    State.DISPUTED: TaskKind.DISPUTED,
    State.LOST: TaskKind.LOST,
    State.DELIVERED_UNVERIFIED: TaskKind.DELIVERY_UNVERIFIED,
}


def rule(
    digest: bytes, ruling: Ruling, why: str | None, line_id: int | None, at: datetime, packet: Packet | None
) -> Verdict:
    """One more verdict on a scan, and its task: raised with a doubt, lowered when the doubt is gone."""
    before, after = _task(scans.latest(digest)), _kind(ruling, why)
    if before and before is not after:
        tasks.lower(before, at, digest=digest, outcome=str(ruling))
    verdict = scans.rule(digest, ruling, why, line_id, at)
    if after:
        tasks.raise_(after, at, packet=packet, digest=digest, why=why)
    return verdict


def _task(verdict: Verdict | None) -> TaskKind | None:
    return _kind(verdict.verdict, verdict.why) if verdict else None


def _kind(ruling: Ruling, why: str | None) -> TaskKind | None:
    if ruling not in OF_A_SCAN or why in NOBODYS_YET:
        return None
    return OF_A_REASON.get(why or "", OF_A_SCAN[ruling])


def recompute(packet: Packet, was: State, at: datetime, keys: Keys) -> None:
    """Flags and known seals as the scans have it now, and the tasks of what has come or gone since `was`."""
    before, said = set(packet.flags), _Said(packet)
    packet.seals = said.seals()
    after = said.flags(keys)
    if after != before:
        packet.flags = sorted(after)
    for flag in after - before:
        tasks.raise_(OF_A_FLAG[flag], at, packet=packet)
    for flag in before - after:
        tasks.lower(OF_A_FLAG[flag], at, packet=packet, outcome="settled_itself")
    if packet.state is not was:
        if was in OF_A_STATE:
            tasks.lower(OF_A_STATE[was], at, packet=packet, outcome=str(packet.state))
        if packet.state in OF_A_STATE:
            tasks.raise_(OF_A_STATE[packet.state], at, packet=packet)


def damaged(packet: Packet, scan: Scan, at: datetime) -> None:
    """Two people count what is in a damaged bag."""
    tasks.raise_(TaskKind.DAMAGED, at, packet=packet, digest=scan.digest, reason=scan.reason)


class _Said:
    """What the packet's applied and contested scans say of it."""

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        found = scans.of_packet(packet.code, Ruling.APPLIED, Ruling.DUPLICATE)
        self.rows: list[tuple[ScanRow, Verdict, Scan]] = [(row, v, placing.read(row)) for row, v in found]
        self.applied = [scan for _, v, scan in self.rows if v.verdict is Ruling.APPLIED]

    def seals(self) -> list[str]:
        """The number the bag was first sealed with, and those declared since; newest last."""
        first = self.packet.seals[:1]
        if self.packet.way is Way.IN:
            first = [scan.seal for scan in self.applied if scan.event == "collect" and scan.seal][:1]
        changed = [scan.seal for scan in self.applied if scan.event == "seal_change" and scan.seal]
        return list(dict.fromkeys([*first, *changed]))

    def flags(self, keys: Keys) -> set[str]:
        packet, known = self.packet, self.packet.seals
        collects = [scan for scan in self.applied if scan.event == "collect" and packet.way is Way.IN]
        attested = any(scan.event == "attest" for scan in self.applied)
        dossier = packet.dossier
        found = {
            "collect_unproven": not attested and any(not _proved_by_citizen(scan) for scan in collects),
            "seal_mismatch": any(scan.seal and known and scan.seal not in known for scan in self.applied),
            "old_issue": any(scan.issue and scan.issue < packet.slip.issue for scan in self.applied),
            "collected_after_cancel": bool(dossier and dossier.state is CaseState.CANCELLED and collects),
            "clock": any(scan.clock_is_off(row.recorded_at) for row, _, scan in self.rows),
            "slip_doubted": any(vetting.doubts_slip(scan, packet, keys) for scan in self.applied),
            "unsure_repeat": self._unsure_repeat(),
        }
        return {flag for flag, holds in found.items() if holds}

    def _unsure_repeat(self) -> bool:
        """A second real act may look like the first told twice, when one of the two does not say what it follows."""
        told: dict[int, list[Scan]] = {}
        for _, verdict, scan in self.rows:
            if verdict.line_id is not None and scan.event != "confirm":
                told.setdefault(verdict.line_id, []).append(scan)
        moves = (group for group in told.values() if len(group) > 1)
        return any(scan.parent is None for group in moves for scan in group)


def _proved_by_citizen(scan: Scan) -> bool:
    checked = db.session.get(codes.CodeCheck, scan.digest)
    return bool(checked and checked.is_right) or any(kind in ("LOGIN", "WET_SEEN") for kind, _ in scan.proof)
