"""Fables: invented histories of one packet, told to the real `placing` without a database.

Honest handoffs with forks, echoes, missing parents, missing proofs, notes, words against a line, and nonsense; then, for
some, a decision of people and what phones bring after it.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from app.domain import flags, placing, upshots
from app.domain.bodies import Scan, digest_of
from app.domain.calendar import HERE
from app.domain.cases import CaseState
from app.domain.devices import DeviceKind
from app.domain.hands import Hand
from app.domain.packets import State, Way, genesis
from app.domain.parties import PartyKind
from app.domain.placing import Judge
from app.domain.steps import By, Proof
from app.domain.trails import Entry, Trail
from app.domain.upshots import Upshot

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=HERE)
CODE, SEAL = b"0123456789", "NP0045821"
KINDS = {
    "desk": PartyKind.DESK, "post": PartyKind.POST, "citizen": PartyKind.CITIZEN,
    "ann": PartyKind.COURIER, "bob": PartyKind.COURIER, "cat": PartyKind.COURIER,
}  # fmt: skip
PEOPLE = KINDS | {"hall": PartyKind.DESK}  # another desk, for what goes between two
COURIERS = ["ann", "bob", "cat"]
BY = {PartyKind.COURIER: By.COURIER, PartyKind.POST: By.POST, PartyKind.DESK: By.DESK, PartyKind.CITIZEN: By.CITIZEN}
PROOFS = {
    "take": {Proof.SEAL}, "hand_in": {Proof.SEAL}, "transfer": {Proof.SEAL, Proof.PEER},
    "receive": {Proof.SEAL, Proof.PRESENCE}, "deliver": {Proof.SEAL, Proof.WET_CLAIMED}, "confirm": {Proof.LOGIN},
    "miss": {Proof.REASON, Proof.NEXT}, "sighting": {Proof.SEAL}, "damaged": {Proof.PHOTO, Proof.REASON},
    "dispute": {Proof.CLAIMS}, "lost": {Proof.REASON, Proof.SECOND},
    "settle": {Proof.SIGHTING, Proof.REASON, Proof.SECOND}, "correct": {Proof.REASON, Proof.SECOND},
}  # fmt: skip
NEXT = {  # what may honestly happen to a packet in this state
    State.WAITING: ["take", "hand_in"], State.CARRIED: ["hand_in", "transfer", "receive", "deliver", "lost"],
    State.AT_POST: ["take", "receive"], State.AT_DESK: ["take"], State.DELIVERED_UNVERIFIED: ["confirm"],
}  # fmt: skip
AFTER = {
    "take": State.CARRIED, "hand_in": State.AT_POST, "transfer": State.CARRIED, "receive": State.AT_DESK,
    "deliver": State.DELIVERED_UNVERIFIED, "confirm": State.DELIVERED, "lost": State.LOST,
}  # fmt: skip


class Told(Hand):
    """A scan whose recorder and proofs are simply known."""

    def __init__(self, scan: Scan, by: By, party: str | None, proven: set[Proof]) -> None:
        dossier = SimpleNamespace(citizen=SimpleNamespace(party_id="citizen"))
        self.scan, self.by, self.party, self.recorded_at = scan, by, party, NOON
        self.packet: Any = SimpleNamespace(
            way=Way.OUT, origin_id="desk", dossier=dossier, roll_id=None, is_blank=False
        )  # fmt: skip
        self.device: Any = SimpleNamespace(kind=DeviceKind.PAGES)
        self._proved = {word: word in proven for word in Proof}

    def is_kind(self, party_id: str | None, kind: PartyKind | None) -> bool:
        return PEOPLE.get(party_id or "") is kind


@dataclass
class Fable:
    """Scans and their hands, in the order they were invented; after `decision` come those that arrive later."""

    dice: random.Random
    hands: dict[bytes, Told] = field(default_factory=dict)
    first: list[Scan] = field(default_factory=list)
    later: list[Scan] = field(default_factory=list)
    decision: Scan | None = None
    is_true: bool = False  # only what really happened, each act told by who did it, with what it follows
    end: tuple[State, str] = (State.WAITING, "desk")
    origin: str = "desk"

    def tell(
        self, event: str, giver: str, taker: str, parent: bytes | None, *, by: By, party: str | None,
        proven: set[Proof] | None = None, **more: Any,
    ) -> Scan:  # fmt: skip
        body = self.dice.randbytes(16)
        reason = {"miss": "nobody_home", "damaged": "torn", "lost": "stolen", "settle": "gone",
                  "correct": "wrong_packet"}.get(event)  # fmt: skip
        facts: dict[str, Any] = {
            "body": body, "sig": b"", "digest": digest_of(body), "malformed": False, "version": 1, "id": body.hex(),
            "device": "d", "n": 1, "code": CODE, "issue": self.dice.choice([1, 2, None]), "event": event, "giver": giver,
            "taker": taker, "actor": party, "back": None, "parent": parent,
            "wall": NOON + timedelta(minutes=self.dice.randint(-99, 20)), "server_time": None, "server_sig": None,
            "seal": SEAL, "sheets": None, "proof": (), "reason": reason,
            "next": "another_day" if event == "miss" else None, "by": by, "party": party, "tip": None, "state": None,
        }  # fmt: skip
        scan = Scan(**facts | more)
        self.hands[scan.digest] = Told(scan, by, party, PROOFS[event] if proven is None else proven)
        return scan

    # ---- inventing ----------------------------------------------------------------------------------------------

    def invent(self) -> "Fable":
        self.first = self._part(genesis(CODE), State.WAITING, "desk", [])
        return self

    def happen(self) -> "Fable":
        self.is_true = True
        self.first = self._journey(genesis(CODE), *self.end, self.dice.randint(2, 8))
        self.first += [self._seen() for _ in range(self.dice.randint(0, 2))]
        return self

    def _part(self, parent: bytes, state: State, holder: str, known: list[bytes]) -> list[Scan]:
        told = self._journey(parent, state, holder, self.dice.randint(1, 6))
        ends = [(parent, state, holder), *((scan.digest, AFTER[scan.event], scan.taker or "") for scan in told)]
        for _ in range(self.dice.choice([0, 0, 1, 1, 2])):
            told += self._journey(*self.dice.choice(ends), self.dice.randint(1, 3))
        known = known + [scan.digest for scan in told]
        told += [self._beside(known) for _ in range(self.dice.randint(0, 3))]
        return told

    def _journey(self, parent: bytes, state: State, holder: str, length: int) -> list[Scan]:
        told: list[Scan] = []
        while len(told) < length and state in NEXT:
            scan = self._move(parent, state, holder)
            told.append(scan)
            parent, state, holder = scan.digest, AFTER[scan.event], scan.taker or ""
            self.end = state, holder
            for _ in range(self.dice.choice([0, 0, 0, 1, 2])):
                echo = self._again(scan)
                told.append(echo)
                parent = self.dice.choice([parent, echo.digest])
        return told

    def _move(self, parent: bytes, state: State, holder: str) -> Scan:
        event = self.dice.choice(NEXT[state])
        takers = {"hand_in": "post", "receive": "desk", "deliver": holder, "lost": holder, "confirm": "citizen"}
        taker = takers.get(event) or self.dice.choice([one for one in COURIERS if one != holder])
        by, party = (By.DISPATCHER, None) if event == "lost" else (BY[KINDS[taker]], taker)
        named = None if event == "confirm" or self._is_doubtful() else parent
        short = event in ("transfer", "receive", "deliver") and self._is_doubtful()
        proven = {Proof.SEAL} if short else None
        seal = self.dice.choice([SEAL] * 9 + ["NP0099999"])
        return self.tell(event, holder, taker, named, by=by, party=party, proven=proven, seal=seal)

    def _again(self, scan: Scan) -> Scan:
        hand, named = self.hands[scan.digest], None if self._is_doubtful() else scan.parent
        same = {"proof": scan.proof, "seal": scan.seal}
        return self.tell(
            scan.event, scan.giver or "", scan.taker or "", named, by=hand.by or By.POST, party=hand.party, **same
        )  # fmt: skip

    def _is_doubtful(self) -> bool:
        return self.dice.random() < 0.3 and not self.is_true

    def _seen(self) -> Scan:
        who = self.dice.choice(["desk", "post", *COURIERS])
        return self.tell("sighting", who, who, None, by=BY[KINDS[who]], party=who)

    def _beside(self, known: list[bytes]) -> Scan:
        """A note, a word against something told, or nonsense."""
        who = self.dice.choice(list(KINDS))
        what = self.dice.choice(["miss", "sighting", "damaged", "dispute", "dispute", "nonsense"])
        if what == "dispute":
            who = self.dice.choice(["citizen", who])
            spoken_against = self.dice.choice([*known, b"x" * 32])
            proof = (("CLAIMS", spoken_against.hex()),)
            return self.tell("dispute", who, who, None, by=BY[KINDS[who]], party=who, seal=None, proof=proof)
        if what == "nonsense":
            other = self.dice.choice(list(KINDS))
            parent = self.dice.choice([*known, None])
            return self.tell(self.dice.choice(list(AFTER)), who, other, parent, by=BY[KINDS[other]], party=other)
        by = By.COURIER if what == "miss" else BY[KINDS[who]]
        return self.tell(what, who, who, None, by=by, party=who)

    # ---- deciding -----------------------------------------------------------------------------------------------

    def decide(self, trail: Trail) -> None:
        """People end a dispute, find what was lost, or take the newest move back; then phones bring more."""
        if trail.state in (State.DISPUTED, State.LOST):
            tip = self.dice.choice(placing.tips(trail))
            entry = trail.entries.get(tip)
            stands = placing.undisputed(trail)
            state, taker = (AFTER[entry.scan.event], entry.scan.taker) if entry else (stands.state, stands.holder)
            if tip == stands.digest:
                state, taker = stands.state, stands.holder
            named = {"tip": self.dice.choice([tip, tip, None]), "state": state}
            event, by = "settle", By.SUPERVISOR
        elif len(chain := trail.links()) > 1:
            state, taker, named = chain[-2].state, chain[-2].holder, {"tip": chain[-2].digest}
            event, by = "correct", By.DISPATCHER
        else:
            return
        self.decision = self.tell(event, trail.holder, taker or "", trail.head, by=by, party=None, **named)
        known = [scan.digest for scan in self.first]
        begin = self.dice.choice([self.decision.digest, *known])
        self.later = self._part(begin, state, taker or "", known)
        self.later += [self._again(self.dice.choice(self.first)) for _ in range(self.dice.randint(0, 2))]

    # ---- telling ------------------------------------------------------------------------------------------------

    @property
    def packet(self) -> Any:
        """Closed at the desk with SEAL; its slip was printed twice."""
        slips = [SimpleNamespace(issue=issue, printed_at=NOON - timedelta(days=2 - issue)) for issue in (1, 2)]
        return SimpleNamespace(
            id=1, code=CODE, genesis=genesis(CODE), origin_id=self.origin, state=State.WAITING, holder_id=self.origin,
            head=genesis(CODE), fork=None, seq=0, line_hash=genesis(CODE), way=Way.OUT, seals=[SEAL], slips=slips,
            is_blank=False, dossier=SimpleNamespace(state=CaseState.RESULT_READY),
        )  # fmt: skip

    def told(self, dice: random.Random | None) -> Trail:
        """The trail after all of it; `dice` shuffles what stands between decisions, and repeats some."""
        trail = Trail.bare(self.packet)
        decided = [self.decision] if self.decision else []
        for part in (self.first, decided, self.later):
            scans = list(part)
            if dice:
                scans += dice.sample(scans, k=len(scans) // 3)
                dice.shuffle(scans)
            for scan in scans:
                if scan.digest not in trail.entries:
                    judge = Judge(lambda entry: self.hands[entry.scan.digest], upshots.say, NOON, again=True)
                    placing.judge(trail, judge, Entry(scan, NOON))
        return trail

    def comes_to(self, dice: random.Random | None = None) -> Upshot:
        trail = self.told(dice)
        return upshots.come_to(trail, flags.of(trail, self.packet))


def invented(seed: int) -> Fable:
    fable = Fable(random.Random(seed)).invent()
    if fable.dice.random() < 0.6:
        fable.decide(fable.told(None))
    return fable
