"""What a settlement makes true and false: two claims after one move, what waits behind them, and words against them."""

from typing import Any

import pytest

from app.domain import placing
from app.domain.packets import State
from app.domain.scans import Ruling
from app.domain.trails import Entry, Trail
from tests.domain.test_trails import AT, GENESIS, entry, line, scan, trail


def said(
    digest: str, event: str, parent: str | None, *between: str, ruling: Ruling = Ruling.HELD, contested: str = ""
) -> Entry:
    """`between`: who gave it to whom."""
    made = scan(digest, event, digest)
    made.parent, made.contested = parent and parent.encode(), contested.encode() or None
    made.giver, made.taker = between or ("giver", "taker")
    return Entry(made, AT, ruling)


class Dispute:
    """After `a` two claims: p, followed by r and s; and q. A word against p, one against q."""

    def __init__(self, *more: Entry) -> None:
        taken = line("a", 1, "genesis")
        self.a = entry(scan("a"), Ruling.APPLIED, of=taken)
        self.p = said("p", "hand_in", "a", "taker", "post", ruling=Ruling.DISPUTED)
        self.q = said("q", "transfer", "a", "taker", "rival", ruling=Ruling.DISPUTED)
        self.r, self.s = said("r", "take", "p", "post", "third"), said("s", "hand_in", "r", "third", "post")
        self.against_p = said("x", "dispute", None, "home", "post", ruling=Ruling.DISPUTED, contested="p")
        self.against_q = said("y", "dispute", None, "home", "post", ruling=Ruling.DISPUTED, contested="q")
        told = (self.a, self.p, self.q, self.r, self.s, self.against_p, self.against_q, *more)
        self.trail: Trail = trail([taken], *told, fork=b"a")
        self.trail.state = State.DISPUTED

    def settled(self, tip: str | None) -> tuple[list[Entry], list[Entry], list[Entry]]:
        decision: Any = scan("d", "settle", tip=tip.encode() if tip else None)
        return placing._settled(self.trail, decision)


def test_the_way_to_the_tip_begins_after_the_fork() -> None:
    told = Dispute()
    assert placing._way_to(told.trail, b"s") == [told.s, told.r, told.p]
    assert placing._way_to(told.trail, b"p") == [told.p]
    for nowhere in (None, b"a", b"nobody's"):
        assert placing._way_to(told.trail, nowhere) == []


def test_what_leads_to_the_tip_stands_and_the_other_claim_falls_with_the_word_for_it() -> None:
    told = Dispute()
    stands, fallen, left = told.settled("r")
    assert stands == [told.p, told.r, told.against_q]
    assert fallen == [told.q, told.against_p]
    assert left == [told.s]


def test_where_the_fork_stands_both_claims_fall_and_what_waited_behind_them() -> None:
    told = Dispute()
    assert told.settled(None) == ([told.against_p, told.against_q], [told.p, told.q, told.r, told.s], [])
    assert told.settled("a") == told.settled(None)


def test_before_an_open_move_is_the_one_it_names_if_that_is_open_too() -> None:
    told = Dispute()
    assert placing._before(told.trail, told.r) is told.p
    assert placing._before(told.trail, told.p) is None, "a was applied"


@pytest.mark.parametrize(
    ("ruling", "giver", "before"),
    [(Ruling.HELD, "post", "p"), (Ruling.HELD, "rival", "q"), (Ruling.HELD, "home", None), (Ruling.DISPUTED, "post", None)],
)  # fmt: skip
def test_what_names_no_parent_follows_the_only_claim_that_gave_it_to_its_giver(
    ruling: Ruling, giver: str, before: str | None
) -> None:
    nameless = said("n", "hand_in", None, giver, "elsewhere", ruling=ruling)
    told = Dispute(nameless)
    found = placing._before(told.trail, nameless)
    assert (found and found.scan.digest) == (before and before.encode())


def test_of_two_claims_for_the_same_taker_nobody_knows_which_it_follows() -> None:
    nameless = said("n", "hand_in", None, "post", "elsewhere")
    told = Dispute(nameless, said("p2", "take", "a", "taker", "post", ruling=Ruling.DISPUTED))
    assert placing._before(told.trail, nameless) is None


def test_two_that_each_name_the_other_fall_with_nobody() -> None:
    one, other = said("one", "take", "other"), said("other", "hand_in", "one")
    told = Dispute(one, other)
    assert not placing._falls(told.trail, one, None)


@pytest.mark.parametrize(("parent", "has_come"), [(None, True), (b"p", True), (GENESIS, True), (b"nobody's", False)])
def test_what_follows_something_nobody_told_has_its_chance_to_come(parent: bytes | None, has_come: bool) -> None:
    assert placing._has_come(Dispute().trail, parent) is has_come


def test_told_of_a_move_is_who_made_or_repeated_it_and_stands() -> None:
    taken, handed = line("a", 1, "genesis"), line("b", 2, "a", "hand_in")
    first, echo = (
        entry(scan("b", "hand_in"), Ruling.APPLIED, of=handed),
        entry(scan("b2", "hand_in"), Ruling.DUPLICATE, of=handed),
    )
    others = [
        entry(scan("a"), Ruling.APPLIED, of=taken),
        entry(scan("c", "hand_in"), Ruling.HELD, "after_settle", of=handed),
        entry(scan("d", "settle"), Ruling.DUPLICATE, of=handed),
        entry(scan("e", "hand_in"), Ruling.DUPLICATE),
    ]
    assert placing._told(trail([taken, handed], *others, first, echo), b"b") == [first, echo]
