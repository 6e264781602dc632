"""Hands: who recorded a scan, for which party, what they proved, and whether that lets it follow a move."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.db import db
from app.domain import codes
from app.domain.codes import Purpose
from app.domain.devices import Device, DeviceKind
from app.domain.ledger import Handoff
from app.domain.packets import Packet, State
from app.domain.parties import Party, PartyKind
from app.domain.people import Role, User
from app.domain.scans import Scan
from app.domain.steps import By, Proof, Step, rows
from app.domain.tokens import Keys

BY_ROLE = {Role.COURIER: By.COURIER, Role.CLERK: By.POST, Role.OFFICER: By.DESK, Role.DISPATCHER: By.DISPATCHER}
ANYBODYS = {"confirm", "attest"}  # the recorder need not be giver or taker


@dataclass(frozen=True)
class Link:
    """One undisputed move: what held after it. The first link is the packet's genesis."""

    digest: bytes
    state: State
    holder: str
    line: Handoff | None


class Hand:
    """Who recorded a scan, for which party, and what they proved."""

    def __init__(self, scan: Scan, packet: Packet, device: Device, keys: Keys) -> None:
        self.scan, self.packet, self.device, self.keys = scan, packet, device, keys
        self.by, self.party = self._who()
        self.proven = frozenset(self._proofs())

    def _who(self) -> tuple[By | None, str | None]:
        if self.device.kind is DeviceKind.LEDGER:
            return By.SERVER, None
        user = db.session.get(User, self.scan.actor)
        if user is not None:
            return BY_ROLE.get(user.role), user.holds_as
        party = db.session.get(Party, self.scan.actor)
        if self.device.kind is DeviceKind.PAGES and party is not None and party.kind is PartyKind.CITIZEN:
            return By.CITIZEN, party.id
        return None, None

    def _proofs(self) -> Iterable[Proof]:
        scan, said = self.scan, {kind for kind, _ in self.scan.proof}
        vouched = self.device.kind is not DeviceKind.PHONE  # only the server can vouch for these
        if scan.seal:
            yield Proof.SEAL
        if scan.sheets:
            yield Proof.SHEETS
        if scan.reason:
            yield Proof.REASON
        if scan.next:
            yield Proof.NEXT
        if Proof.WET_CLAIMED in said and self.by is By.COURIER:
            yield Proof.WET_CLAIMED
        if Proof.WET_SEEN in said and self.by in (By.POST, By.DESK):
            yield Proof.WET_SEEN
        for word in (Proof.COUNT, Proof.PRESENCE, Proof.CLAIMS):
            if word in said and vouched:
                yield word
        if Proof.LOGIN in said and vouched and self.by is By.CITIZEN:
            yield Proof.LOGIN
            yield Proof.CITIZEN
        if Proof.CODE in said and self._code_is_right():
            yield Proof.CODE
            yield Proof.CITIZEN

    def _code_is_right(self) -> bool:
        purpose = Purpose.COLLECT if self.scan.event in ("collect", "attest") else Purpose.DELIVER
        code = self.scan.said(Proof.CODE) or ""
        return codes.check(self.packet, purpose, self.scan.digest, code, self.keys)

    def fits(self, link: Link) -> Step | str:
        """The row that lets this scan follow `link`, or why none does."""
        why = "out_of_turn"
        for step in rows(self.scan.event, self.packet.way):
            if step.source not in (None, link.state) or step.by is not self.by:
                continue
            if step.giver is None:
                right_hands = self.scan.giver == self.scan.taker == link.holder
            else:
                right_hands = self.scan.giver == link.holder and self._taker_is(step.taker)
            ours = self.party in (self.scan.giver, self.scan.taker) or self.scan.event in ANYBODYS
            if not right_hands or not ours:
                continue
            if any(needed <= self.proven for needed in step.proof):
                return step
            why = "proof_missing"
        return why

    def _taker_is(self, kind: PartyKind | None) -> bool:
        taker = db.session.get(Party, self.scan.taker)
        if taker is None or taker.kind is not kind:
            return False
        return kind is not PartyKind.CITIZEN or taker.id == self.packet.dossier.citizen.party_id
