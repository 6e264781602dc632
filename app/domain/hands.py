"""Hands: who recorded a scan, for which party, what they proved, and whether that lets it follow a move."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from app.db import db
from app.domain import codes, tokens
from app.domain.codes import Purpose
from app.domain.devices import Device, DeviceKind
from app.domain.ledger import Handoff
from app.domain.packets import Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import Role, User
from app.domain.scans import Scan
from app.domain.steps import By, Proof, Step, known_words, rows
from app.domain.tokens import Keys

BY_ROLE = {
    Role.COURIER: By.COURIER,
    Role.CLERK: By.POST,
    Role.OFFICER: By.DESK,
    Role.DISPATCHER: By.DISPATCHER,
    Role.SUPERVISOR: By.SUPERVISOR,
}
ANYBODYS = {"confirm", "attest", "dispute"}  # the recorder need not be giver or taker
OVERSEERS = {By.DISPATCHER, By.SUPERVISOR, By.SERVER}  # nor need these ever be


BY_CODE = frozenset({Proof.CODE, Proof.CITIZEN})


def offer_bytes(code: bytes, parent: bytes) -> bytes:
    """What the giver's phone signs to offer a packet as it stands."""
    return "\n".join(("offer-v1", tokens.b32(code), parent.hex())).encode()


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
        """What the scan brings that holds; the citizen's code is looked at only where nothing else decides."""
        scan, said = self.scan, dict(self.scan.proof)
        vouched = self.device.kind is not DeviceKind.PHONE  # only the server can vouch for these
        for word, value in (
            (Proof.SEAL, scan.seal), (Proof.SHEETS, scan.sheets), (Proof.REASON, scan.reason), (Proof.NEXT, scan.next),
            (Proof.OLD_SEAL, said.get(Proof.OLD_SEAL)), (Proof.PHOTO, said.get(Proof.PHOTO)),
            (Proof.AMENDS, said.get(Proof.AMENDS)),
        ):  # fmt: skip
            if value:
                yield word
        if Proof.WET_CLAIMED in said and self.by is By.COURIER:
            yield Proof.WET_CLAIMED
        if Proof.WET_SEEN in said and self.by in (By.POST, By.DESK):
            yield Proof.WET_SEEN
        if scan.contested:
            yield Proof.CLAIMS
        for word in (Proof.COUNT, Proof.PRESENCE):
            if word in said and vouched:
                yield word
        if said.get(Proof.SIGHTING) and vouched:
            yield Proof.SIGHTING
        if vouched and self._second(said.get(Proof.SECOND)):
            yield Proof.SECOND
        if self._offered(said.get(Proof.PEER)):
            yield Proof.PEER
        if Proof.LOGIN in said and vouched and self.by is By.CITIZEN:
            yield Proof.LOGIN
            yield Proof.CITIZEN

    def _second(self, user_id: str | None) -> bool:
        """A different person of the staff, who proved themselves at the page that vouches for it."""
        other = db.session.get(User, user_id) if user_id and user_id != self.scan.actor else None
        return other is not None and other.disabled_at is None

    def _offered(self, value: str | None) -> bool:
        """`DEVICE:SIGNATURE`: the giver's phone offered this very packet as it stood (`offer_bytes`)."""
        device_id, _, sig = (value or "").partition(":")
        device = db.session.get(Device, device_id) if device_id and self.scan.parent else None
        if device is None or device.party_id != self.scan.giver:
            return False
        try:
            raw = base64.b64decode(sig, validate=True)
        except ValueError:
            return False
        assert self.scan.parent
        return tokens.signed_by(device.verify_key, raw, offer_bytes(self.packet.code, self.scan.parent))

    @property
    def _brings_code(self) -> bool:
        return any(kind == Proof.CODE for kind, _ in self.scan.proof)

    def _code_is_right(self) -> bool:
        purpose = Purpose.COLLECT if self.scan.event in ("collect", "attest") else Purpose.DELIVER
        code = self.scan.said(Proof.CODE) or ""
        return codes.check(self.packet, purpose, self.scan.digest, code, self.keys)

    def proves(self, step: Step) -> bool:
        """Whether one of the sets the row asks for is there. A try of the code is spent only where it would decide."""
        if any(needed <= self.proven for needed in step.proof):
            return True
        if not self._brings_code or not any(needed <= self.proven | BY_CODE for needed in step.proof):
            return False
        if self._code_is_right():
            self.proven |= BY_CODE
            return True
        return False

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
            ours = (
                self.by in OVERSEERS or self.party in (self.scan.giver, self.scan.taker) or self.scan.event in ANYBODYS
            )
            if not right_hands or not ours or not self._lawful(step, link):
                continue
            if self.proves(step) and known_words(self.scan.event, self.scan.reason, self.scan.next):
                return step
            why = "proof_missing"
        return why

    def _lawful(self, step: Step, link: Link) -> bool:
        """A result its citizen calls for at the desk stays there until it is called for."""
        leaves_desk = step.event == "take" and step.giver is PartyKind.DESK and self.packet.way is Way.OUT
        dossier = self.packet.dossier
        return not (leaves_desk and dossier and not dossier.goes_home)

    def _taker_is(self, kind: PartyKind | None) -> bool:
        taker = db.session.get(Party, self.scan.taker)
        if taker is None or taker.kind is not kind:
            return False
        return kind is not PartyKind.CITIZEN or taker.id == self.packet.dossier.citizen.party_id
