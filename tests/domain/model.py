"""The model: what a packet's evidence must come to, said a second time and in another way than the product says it.

It keeps what was told in a heap and, whenever asked, grows the undisputed moves from the last decision of people: what
fits behind a move and tells one act becomes the next move; where two acts fit, or somebody speaks against the only one,
the packet is disputed and whoever held it there answers for it. It knows no verdicts, no ledger and no order of arrival
between two decisions, and it reads nothing of the product's: the table below is written by hand from the law.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Key = tuple[str | None, ...]
GENESIS_STATE = "WAITING"
LATE = timedelta(hours=72)

TABLE = [
    # event      way   before                  by            to            brings one of                                       after
    ("collect",  "in", "WAITING",              "courier",    "courier",    "SEAL+SHEETS",                                      "CARRIED"),
    ("collect",  "in", "WAITING",              "post",       "post",       "SEAL+SHEETS+CODE SEAL+SHEETS+WET_SEEN",            "AT_POST"),
    ("take",     "out", "WAITING",             "courier",    "courier",    "SEAL",                                             "CARRIED"),
    ("take",     "",   "AT_POST",              "courier",    "courier",    "SEAL",                                             "CARRIED"),
    ("take",     "",   "AT_DESK",              "courier",    "courier",    "SEAL",                                             "CARRIED"),
    ("transfer", "",   "CARRIED",              "courier",    "courier",    "SEAL+PEER",                                        "CARRIED"),
    ("transfer", "",   "CARRIED",              "dispatcher", "courier",    "SIGHTING+REASON",                                  "CARRIED"),
    ("hand_in",  "",   "CARRIED",              "post",       "post",       "SEAL",                                             "AT_POST"),
    ("hand_in",  "out", "WAITING",             "post",       "post",       "SEAL",                                             "AT_POST"),
    ("receive",  "",   "CARRIED",              "desk",       "desk",       "SEAL+PRESENCE",                                    "AT_DESK"),
    ("receive",  "",   "AT_POST",              "desk",       "desk",       "SEAL+PRESENCE",                                    "AT_DESK"),
    ("open",     "in", "AT_DESK",              "desk",       "=",          "COUNT+PRESENCE",                                   "OPENED"),
    ("deliver",  "",   "CARRIED",              "courier",    "citizen",    "SEAL+CODE",                                        "DELIVERED"),
    ("deliver",  "",   "AT_POST",              "post",       "citizen",    "SEAL+CODE SEAL+WET_SEEN",                          "DELIVERED"),
    ("deliver",  "out", "WAITING",             "desk",       "citizen",    "PRESENCE+CODE PRESENCE+WET_SEEN",                  "DELIVERED"),
    ("deliver",  "",   "AT_DESK",              "desk",       "citizen",    "PRESENCE+CODE PRESENCE+WET_SEEN",                  "DELIVERED"),
    ("deliver",  "",   "CARRIED",              "courier",    "=",          "SEAL+WET_CLAIMED SEAL+REASON",                     "DELIVERED_UNVERIFIED"),
    ("confirm",  "",   "DELIVERED_UNVERIFIED", "courier",    "citizen",    "CODE",                                             "DELIVERED"),
    ("confirm",  "",   "DELIVERED_UNVERIFIED", "post",       "citizen",    "WET_SEEN CODE",                                    "DELIVERED"),
    ("confirm",  "",   "DELIVERED_UNVERIFIED", "desk",       "citizen",    "WET_SEEN CODE",                                    "DELIVERED"),
    ("confirm",  "",   "DELIVERED_UNVERIFIED", "citizen",    "citizen",    "LOGIN CODE",                                       "DELIVERED"),
    *[("lost",   "",   before,                 "dispatcher", "=",          "REASON+SECOND",                                    "LOST")
      for before in ("CARRIED", "AT_POST", "AT_DESK", "DELIVERED_UNVERIFIED")],
]  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A move as somebody told it. `proven`: what they brought that is true; `party`: as whom they told it."""

    digest: bytes
    event: str
    by: str
    giver: str
    taker: str
    parent: bytes | None
    seal: str | None
    proven: frozenset[str]
    at: datetime
    party: str | None

    @property
    def is_own(self) -> bool:
        """Couriers, post offices and desks tell what they give or take themselves, and nobody else's."""
        return (
            self.by not in ("courier", "post", "desk")
            or self.party in (self.giver, self.taker)
            or self.event == "confirm"
        )

    @property
    def act(self) -> Key:
        return self.event, self.giver, self.taker, None if self.event == "transfer" else self.seal


@dataclass(frozen=True)
class Node:
    """A move that stands, by every name it goes by."""

    names: frozenset[bytes]
    state: str
    holder: str
    at: datetime | None = None
    own: bytes = b""  # of people's decision: its own name, which only who knows of it can say


@dataclass
class Story:
    """One packet: what was told of it since people last decided, and what they closed."""

    genesis: bytes
    way: str
    origin: str
    citizen: str
    kinds: dict[str, str]
    base: Node = field(init=False)
    told: list[Told] = field(default_factory=list)
    words: set[bytes] = field(default_factory=set)  # moves that somebody speaks against
    known: set[bytes] = field(default_factory=set)  # everything that ever came, whatever it is worth
    shut: set[Key] = field(default_factory=set)  # acts that people decided do not count

    def __post_init__(self) -> None:
        self.base = Node(frozenset({self.genesis}), GENESIS_STATE, self.origin)

    def hear(self, told: Told, is_believed: bool = True) -> None:
        if told.digest not in self.known and is_believed:
            self.told.append(told)
        self.known.add(told.digest)

    # ---- what it comes to ---------------------------------------------------------------------------------------

    def grow(self) -> tuple[list[Node], dict[Key, list[Told]]]:
        """The moves that stand, and the acts in conflict behind the last of them."""
        chain, rest = [self.base], [told for told in self.told if not (told.parent is None and self._is_shut(told))]
        while True:
            fitting = [(told, self._fit(told, chain[-1])) for told in rest if self._names(told, chain[-1])]
            acts: dict[Key, list[Told]] = {}
            for told, after in fitting:
                if after:
                    acts.setdefault(told.act, []).append(told)
            proven = {told.digest for same in acts.values() for told in same}
            for told, after in fitting:
                if after == "" and told.act in acts:  # told again without the proof
                    acts[told.act].append(told)
            if not acts:
                return chain, {}
            told_of = {told.digest for same in acts.values() for told in same}
            if len(acts) > 1 or told_of & self.words:
                return chain, acts
            first = min((told for told, _ in fitting if told.digest in proven), key=lambda told: told.at)
            after = self._fit(first, chain[-1]) or ""
            chain.append(Node(frozenset(told_of), after, first.taker, first.at))
            rest = [told for told in rest if told.digest not in told_of]

    def outcome(self) -> tuple[str, str]:
        chain, conflict = self.grow()
        return ("DISPUTED" if conflict else chain[-1].state), chain[-1].holder

    def _names(self, told: Told, node: Node) -> bool:
        if told.parent is None:
            return True
        return told.parent in node.names and not (node is self.base and told.parent != node.own and self._is_shut(told))

    def _is_shut(self, told: Told) -> bool:
        return told.act in self.shut and told.event != "confirm" and bool(self.base.own)

    def _fit(self, told: Told, node: Node) -> str | None:
        return self.after(told, node.state, node.holder)

    def after(self, told: Told, state: str, holder: str) -> str | None:
        """The state after the move, told of a packet like this; "" when only its proof is missing, None if it does not fit."""
        rows = [
            (needs, after)
            for event, way, before, by, to, needs, after in TABLE
            if (event, before, by) == (told.event, state, told.by) and way in ("", self.way)
            and told.giver == holder
            and told.is_own
            and (told.taker == told.giver if to == "=" else self._is(told.taker, to))
        ]  # fmt: skip
        met = (after for needs, after in rows if any(set(one.split("+")) <= told.proven for one in needs.split()))
        return next(met, "") if rows else None

    def _is(self, party: str, kind: str) -> bool:
        return party == self.citizen if kind == "citizen" else self.kinds.get(party) == kind

    def stands(self, digest: bytes) -> bool:
        """Whether what bears this name stands."""
        return any(digest in node.names for node in self.grow()[0])

    # ---- what people do -----------------------------------------------------------------------------------------

    def may_contest(self, digest: bytes, at: datetime) -> bool:
        chain, conflict = self.grow()
        claims = {told.digest for same in conflict.values() for told in same}
        if any(digest in node.names for node in chain[1:]):
            last = chain[-1]
            late = not conflict and last.state == "DELIVERED" and last.at is not None and at - last.at > LATE
            return not late
        return digest in claims

    def choices(self) -> list[tuple[bytes | None, str, str]]:
        """What a settlement may say: nobody's claim was true, in either form, or one of them was."""
        chain, conflict = self.grow()
        stood = self._stood(chain)
        found: list[tuple[bytes | None, str, str]] = [
            (tip, stood.state, stood.holder) for tip in (None, min(stood.names))
        ]
        for told in (same[0] for same in conflict.values()):
            after = self._fit(told, chain[-1])
            found += [(told.digest, after, told.taker)] if after and after != "LOST" else []
        return found

    def _stood(self, chain: list[Node]) -> Node:
        return chain[-2] if chain[-1].state == "LOST" and len(chain) > 1 else chain[-1]

    def settle(self, digest: bytes, state: str, holder: str, tip: bytes | None, at: datetime) -> None:
        """Somebody found out: `tip` is the claim that was true, or the move before all claims, or nothing is said."""
        chain, conflict = self.grow()
        stood = self._stood(chain)
        counted = {name for node in chain for name in node.names}
        open_ = [told for told in self.told if told.digest not in counted]
        true = next((told for told in open_ if told.digest == tip), None)
        same = [told for told in open_ if true and told.act == true.act]
        claims = [told for each in conflict.values() for told in each]
        fallen = [told for told in open_ if told not in same and self._falls(told, claims, open_, true)]
        self.shut |= {told.act for told in fallen}
        names = {told.digest for told in same} if true else stood.names if tip in stood.names else frozenset()
        self.told = [told for told in open_ if told not in same + fallen and self._may_come(told)]
        self.words.clear()
        self.base = Node(frozenset({digest, *names}), state, holder, at, digest)

    def _may_come(self, told: Told) -> bool:
        return told.parent is not None and told.parent not in self.known and told.parent != self.genesis

    def _falls(self, told: Told, claims: list[Told], open_: list[Told], true: Told | None) -> bool:
        if told in claims:
            return True
        for each in self._way_back(told, open_):
            if true and each.act == true.act:
                return False
            if each in claims:
                return True
        return False

    def _way_back(self, told: Told, open_: list[Told]) -> Iterator[Told]:
        by_name, seen = {each.digest: each for each in open_}, {told.digest}
        while (each := by_name.get(told.parent or b"")) and each.digest not in seen:
            yield (told := each)
            seen.add(told.digest)

    def correct(self, digest: bytes, at: datetime) -> None:
        """The newest move never happened."""
        chain, _ = self.grow()
        before, gone = chain[-2], chain[-1]
        self.shut |= {told.act for told in self.told if told.digest in gone.names}
        counted = {name for node in chain for name in node.names}
        self.told = [told for told in self.told if told.digest not in counted]
        self.base = Node(before.names | {digest}, before.state, before.holder, at, digest)
