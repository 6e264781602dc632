"""Where a scan belongs among what was told before: the small questions, by themselves and in memory."""

from typing import Any

import pytest

from app.domain import placing
from app.domain.scans import Ruling
from app.domain.trails import CLOSED, PLACELESS
from tests.domain.test_trails import decided, entry, line, scan, trail


def told(digest: str, event: str, parent: bytes | None) -> Any:
    made = scan(digest, event)
    made.parent = parent
    return made


@pytest.mark.parametrize(
    ("event", "parent", "is_decided"),
    [("deliver", None, True), ("deliver", b"a", True), ("deliver", b"s", False), ("confirm", None, False)],
    ids=["told again", "after what was set apart", "after the decision, knowing it", "a confirmation, which is no telling"],
)  # fmt: skip
def test_what_people_decided_is_decided_for_whoever_did_not_know_it(
    event: str, parent: bytes | None, is_decided: bool
) -> None:
    taken, settled, first, word = decided()
    closed = entry(scan("x", event), Ruling.QUARANTINED, sorted(CLOSED)[0])
    found = trail([taken, settled], first, word, closed)
    assert placing._is_decided(found, told("y", event, parent), found.links()[0]) is is_decided
    assert not placing._is_decided(trail([taken], first, closed), told("y", event, parent), trail([taken]).links()[0])


@pytest.mark.parametrize(
    ("fork", "ruling", "why"),
    [(b"a", Ruling.APPLIED, "behind_dispute"), (b"a", Ruling.HELD, "parent_unknown"), (b"a", None, "parent_unknown"),
     (None, Ruling.APPLIED, "parent_unknown")],
    ids=["the other side of a dispute", "what has no place", "what nobody told", "no dispute"],
)  # fmt: skip
def test_who_follows_what_is_disputed_waits_behind_the_dispute_and_all_others_for_their_parent(
    fork: bytes | None, ruling: Ruling | None, why: str
) -> None:
    taken, other = line("a", 1, "genesis"), line("b", 2, "a", "hand_in")
    known = [entry(scan("p", "hand_in"), ruling, sorted(PLACELESS)[0])] if ruling else []
    found = trail([taken, other], entry(scan("a"), Ruling.APPLIED, of=taken), *known, fork=fork)
    assert placing._why_not_there(found, b"p", b"p") == why
