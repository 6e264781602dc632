"""Hands: who recorded a scan, for which party, what they proved, and whether that lets it follow a move.

How each word of proof is verified is said once, in VERIFY. Only the server vouches for what happened at a page; a phone
proves by what it could not have made alone.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from app.db import db
from app.domain import codes, tokens
from app.domain.bodies import Scan
from app.domain.codes import Purpose
from app.domain.devices import Device, DeviceKind
from app.domain.ledger import Handoff
from app.domain.packets import Packet, State
from app.domain.parties import Party, PartyKind
from app.domain.people import Role, User
from app.domain.steps import HELD_BY, By, Proof, Step, known_words, rows
from app.domain.tokens import Keys
from app.domain.visits import Visit, VisitKind

BY_ROLE = {
    Role.COURIER: By.COURIER, Role.CLERK: By.POST, Role.OFFICER: By.DESK, Role.LEAD: By.DESK, Role.DISPATCHER: By.DISPATCHER,
    Role.SUPERVISOR: By.SUPERVISOR,
}  # fmt: skip
BY_KIND = {PartyKind.COURIER: By.COURIER, PartyKind.POST: By.POST, PartyKind.DESK: By.DESK}
ALONE = {By.COURIER, By.POST, By.DESK}  # they record what they give or take themselves
ANYBODYS = {"confirm"}  # the recorder need not be giver or taker
COSTS_A_TRY = {Proof.CODE, Proof.CITIZEN}  # asked last, and only when all else is there


@dataclass(frozen=True)
class Link:
    """One undisputed move: what held after it. The first link is the packet's genesis, or the newest decision of people."""

    digest: bytes
    state: State
    holder: str
    line: Handoff | None


class Hand:
    """Who recorded a scan, for which party, and what they proved. `rehearsal`: look, but count no try of a code."""

    def __init__(
        self, scan: Scan, packet: Packet, device: Device, keys: Keys, recorded_at: datetime, *, rehearsal: bool = False,
        used_at: Callable[[], int | None] = lambda: None,
    ) -> None:  # fmt: skip
        """`used_at`: the visit at which the packet, if it is a sticker, was taken into use, as far as is told."""
        self.scan, self.packet, self.device, self.keys = scan, packet, device, keys
        self.recorded_at, self.rehearsal, self.used_at = recorded_at, rehearsal, used_at
        self.by, self.party = self._who()
        self._proved: dict[Proof, bool] = {}

    def _who(self) -> tuple[By | None, str | None]:
        """A phone is its courier's. What a person did at a page, the server wrote down with their part in it."""
        if self.device.kind is DeviceKind.PHONE:
            kind = self.device.party.kind if self.device.party else None
            return BY_KIND.get(kind) if kind else None, self.device.party_id
        if self.device.kind is DeviceKind.LEDGER:
            return By.SERVER, None
        by, party = self._told()
        is_stranger = by is By.CITIZEN and party != self.citizen and self.packet.roll_id is None
        return (None, None) if is_stranger else (by, party)  # of a sticker, the page knew whose it is

    def _told(self) -> tuple[By | None, str | None]:
        """The part they acted in, as the body says; the first bodies did not, then it is what they are now."""
        if self.scan.by is not None:
            return By(self.scan.by) if self.scan.by in set(By) else None, self.scan.party
        user = db.session.get(User, self.scan.actor)
        return (BY_ROLE.get(user.role), user.holds_as) if user else (By.CITIZEN, self.scan.actor)

    @property
    def booked(self) -> Packet | None:
        """The packet that was booked: this one; of a sticker, the one of the visit it was used at, by this very scan or
        by the one that took it into use."""
        if self.packet.roll_id is None:
            return self.packet
        visit_id = self.scan.visit if self.scan.event == "collect" else self.used_at()
        visit = db.session.get(Visit, visit_id) if visit_id else None
        return visit.packet if visit and visit.kind is VisitKind.COLLECT else None

    @property
    def citizen(self) -> str | None:
        booked = self.booked
        return booked.dossier.citizen.party_id if booked and not booked.is_blank else None

    @property
    def is_vouched(self) -> bool:
        """Whether the server itself signed it, for somebody at a page."""
        return self.device.kind is not DeviceKind.PHONE

    def proves(self, word: Proof) -> bool:
        if word not in self._proved:
            self._proved[word] = VERIFY[word](self)
        return self._proved[word]

    def _is_proven(self, step: Step) -> bool:
        known = known_words(self.scan.event, self.scan.reason, self.scan.next)
        return known and any(
            all(self.proves(word) for word in sorted(needed, key=COSTS_A_TRY.__contains__)) for needed in step.proof
        )

    # ---- the rows of STEPS ------------------------------------------------------------------------------------------

    def fits(self, link: Link) -> Step | str:
        """The row that lets this scan follow `link`, or why none does."""
        here = [step for step in self._rows() if step.source is link.state and self._right_hands(step, link)]
        if not here:
            return "proof_missing" if self.is_unused(link) and self.citizen is None else "out_of_turn"
        return next((step for step in here if self._is_proven(step)), "proof_missing")

    def is_unused(self, link: Link) -> bool:
        """A sticker nobody has taken into use: whoever lives at the visit that is named gives papers under it."""
        return self.packet.roll_id is not None and link.state is State.WAITING

    def giver(self, link: Link) -> str:
        """Whoever gives what is taken after `link`."""
        return (self.citizen if self.is_unused(link) else None) or link.holder

    def says(self, state: State) -> Step | str:
        """The row of a note, a dispute or a decision told while the packet is in `state`, or why there is none."""
        here = [step for step in self._rows() if step.source in (None, state)]
        if not here:
            return "out_of_turn"
        return next((step for step in here if self._is_proven(step)), "proof_missing")

    def _rows(self) -> Iterable[Step]:
        return (step for step in rows(self.scan.event, self.packet.way) if step.by is self.by)

    def _right_hands(self, step: Step, link: Link) -> bool:
        scan = self.scan
        if step.giver is None:
            right = scan.giver == scan.taker == link.holder
        else:
            named = not self.is_unused(link) or self.citizen is not None
            right = named and scan.giver == self.giver(link) and self.is_kind(scan.taker, step.taker)
        ours = self.by not in ALONE or self.party in (scan.giver, scan.taker) or scan.event in ANYBODYS
        return right and ours

    def is_kind(self, party_id: str | None, kind: PartyKind | None) -> bool:
        """Whether this is a party of that kind; the citizen must be the packet's own."""
        if party_id is None or kind is None:
            return False
        if kind is PartyKind.CITIZEN:
            return party_id == self.citizen
        if party_id == self.party:
            return BY_KIND[kind] is self.by
        party = db.session.get(Party, party_id)
        return party is not None and party.kind is kind

    def names_true_holder(self) -> bool:
        """Whether the state a settlement names and the party that has the packet belong together."""
        state, taker = self.scan.state, self.scan.taker
        if state not in HELD_BY or taker is None:
            return False
        if state == State.WAITING:
            return taker == self.packet.origin_id
        return any(self.is_kind(taker, kind) for kind in HELD_BY[State(state)])

    # ---- proofs that need a look ------------------------------------------------------------------------------------

    def code_is_right(self) -> bool:
        code = self.scan.said(Proof.CODE)
        if code is None:
            return False
        sent_for = self._sent_for
        return sent_for is not None and codes.check(
            sent_for, self._purpose, self.scan.digest, code, self.keys, self.recorded_at, counts=not self.rehearsal
        )

    def token_was_shown(self) -> bool:
        token, made_after = self.scan.said(Proof.DOOR), self.scan.vouched_at(self.keys)
        sent_for = self._sent_for
        return (
            token is not None
            and sent_for is not None
            and codes.was_shown(
                sent_for,
                self._purpose,
                self.scan.digest,
                token,
                made_after,
                self.keys,
                self.recorded_at,
                counts=not self.rehearsal,
            )
        )

    @property
    def _purpose(self) -> Purpose:
        return Purpose.COLLECT if self.scan.event in ("collect", "attest") else Purpose.DELIVER

    @property
    def _sent_for(self) -> Packet | None:
        """The packet that the citizen's digits and codes are for: a sticker's home has those of its booking."""
        return self.booked if self._purpose is Purpose.COLLECT else self.packet

    def is_offered(self) -> bool:
        """The giver's phone signed that this packet, after this parent, may be taken over: `PEER` is device:base64."""
        name, _, text = (self.scan.said(Proof.PEER) or "").partition(":")
        try:
            signature = base64.b64decode(text, validate=True)
        except binascii.Error:
            return False
        device = db.session.get(Device, name)
        if device is None or device.party_id != self.scan.giver or not device.served(self.recorded_at):
            return False
        if self.scan.code is None or self.scan.parent is None:
            return False
        return tokens.signed_by(device.verify_key, signature, offer(self.scan.code, self.scan.parent))

    def is_seconded(self) -> bool:
        """A different person agrees, and the server saw them prove it at the same page."""
        said = self.scan.said(Proof.SECOND)
        second = db.session.get(User, said) if said and self.is_vouched else None
        return second is not None and second.id != self.scan.actor


def offer(code: bytes, parent: bytes) -> bytes:
    """What the giver's phone signs: whoever scans this packet may take it over, after the move `parent`."""
    return "\n".join(("offer-v1", tokens.b32(code), parent.hex())).encode()


def _says(word: Proof) -> Callable[[Hand], bool]:
    return lambda hand: hand.scan.said(word) is not None


def _vouched(word: Proof) -> Callable[[Hand], bool]:
    """Only the server can say so."""
    return lambda hand: hand.is_vouched and hand.scan.said(word) is not None


# fmt: off
VERIFY: dict[Proof, Callable[[Hand], bool]] = {
    Proof.SEAL:        lambda hand: bool(hand.scan.seal),
    Proof.SHEETS:      lambda hand: bool(hand.scan.sheets),
    Proof.REASON:      lambda hand: bool(hand.scan.reason),
    Proof.NEXT:        lambda hand: bool(hand.scan.next),
    Proof.COUNT:       _vouched(Proof.COUNT),
    Proof.PRESENCE:    _vouched(Proof.PRESENCE),
    Proof.GIVER:       _vouched(Proof.GIVER),
    Proof.SIGHTING:    _vouched(Proof.SIGHTING),
    Proof.LOGIN:       lambda hand: hand.by is By.CITIZEN and _vouched(Proof.LOGIN)(hand),
    Proof.CODE:        Hand.code_is_right,
    Proof.DOOR:        Hand.token_was_shown,
    Proof.CITIZEN:     lambda hand: any(map(hand.proves, (Proof.LOGIN, Proof.DOOR, Proof.CODE))),
    Proof.WET_CLAIMED: lambda hand: hand.by is By.COURIER and _says(Proof.WET_CLAIMED)(hand),
    Proof.WET_SEEN:    lambda hand: hand.by in (By.POST, By.DESK) and _vouched(Proof.WET_SEEN)(hand),
    Proof.PEER:        Hand.is_offered,
    Proof.SECOND:      Hand.is_seconded,
    Proof.CLAIMS:      lambda hand: hand.scan.contested is not None,
    Proof.OLD_SEAL:    lambda hand: hand.scan.said(Proof.OLD_SEAL) not in (None, "", hand.scan.seal),
    Proof.PHOTO:       lambda hand: re.fullmatch("[0-9a-f]{64}", hand.scan.said(Proof.PHOTO) or "") is not None,
    Proof.AMENDS:      lambda hand: hand.scan.amendment is not None,
    Proof.SLIP:        lambda hand: False,  # weighed once for all events, when a scan comes in: vetting.py
}
# fmt: on
