"""Trails by themselves: a few lines and scans in memory, and what a trail says of them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.ledger import LineKind
from app.domain.packets import State
from app.domain.scans import UNSURE, Ruling
from app.domain.trails import CLOSED, Entry, Trail

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
GENESIS = b"genesis"
IDS = count(1)


def scan(digest: str, event: str = "take", key: str = "", tip: bytes | None = None) -> Any:
    return SimpleNamespace(
        digest=digest.encode(), event=event, key=(event, key), tip=tip, giver="giver", taker="taker"
    )  # fmt: skip


def line(digest: str, seq: int, follows: str | None = None, event: str = "take", kind: LineKind = LineKind.MOVE) -> Any:
    return SimpleNamespace(
        id=next(IDS), digest=digest.encode(), seq=seq, follows=follows.encode() if follows else None, event=event,
        kind=kind, state=State.CARRIED, taker_id="taker",
    )  # fmt: skip


def entry(said: Any, ruling: Ruling, why: str | None = None, of: Any = None) -> Entry:
    return Entry(said, AT, ruling, why, of.id if of else None)


def trail(lines: list[Any], *entries: Entry, fork: bytes | None = None) -> Trail:
    packet: Any = SimpleNamespace(
        id=1, code=b"code", genesis=GENESIS, origin_id="home", state=State.CARRIED, holder_id="taker",
        head=lines[-1].digest if lines else GENESIS, fork=fork, seq=len(lines), line_hash=b"hash",
    )  # fmt: skip
    return Trail(packet, entries, lambda: lines)


def test_a_scan_counts_since_it_was_recorded_or_since_a_person_answered_for_it() -> None:
    assert Entry(scan("a"), AT).heard_at == AT
    assert Entry(scan("a"), AT, heard_at=LATER).heard_at == LATER


@pytest.mark.parametrize("ruling", Ruling)
@pytest.mark.parametrize("why", [*sorted(CLOSED), "bad_signature", None])
def test_closed_is_what_people_have_set_apart_and_nothing_else(ruling: Ruling, why: str | None) -> None:
    assert entry(scan("a"), ruling, why).is_closed is (ruling is Ruling.QUARANTINED and why in CLOSED)


def test_before_anything_was_told_no_line_is_written() -> None:
    full = trail([line("a", 1, "genesis")])
    packet: Any = SimpleNamespace(
        id=1, code=b"code", genesis=GENESIS, origin_id="home", state=full.state, holder_id=full.holder, head=full.head,
        fork=None, seq=full.seq, line_hash=full.line_hash,
    )  # fmt: skip
    bare = Trail.bare(packet)
    assert (bare.seq, bare.line_hash, bare.head, bare.holder, bare.state) == (
        0, GENESIS, GENESIS, "home", State.WAITING,
    )  # fmt: skip


def test_links_are_the_moves_from_the_base_to_the_fork_and_a_dispute_is_none() -> None:
    taken, handed = line("a", 1, "genesis"), line("b", 2, "a", "hand_in")
    spoken = line("c", 3, "b", "dispute")
    assert [link.digest for link in trail([taken, handed, spoken]).links()] == [GENESIS, b"a", b"b"]
    assert [link.digest for link in trail([taken, handed], fork=b"a").links()] == [GENESIS, b"a"]
    assert [link.digest for link in trail([taken, line("n", 2, None, "sighting", LineKind.NOTE)]).links()] == [
        GENESIS, b"a",
    ]  # fmt: skip


@pytest.mark.parametrize("event", ["dispute", "settle"])
def test_what_people_say_of_a_move_is_not_the_move_after_it(event: str) -> None:
    taken = line("a", 1, "genesis")
    (here,) = [link for link in trail([taken]).links() if link.digest == b"a"]
    assert trail([taken, line("b", 2, "a", event)]).child(here) is None
    after = line("b", 2, "a", "hand_in")
    assert trail([taken, after]).child(here) is after


def test_waiting_is_what_is_held_and_may_still_find_its_place() -> None:
    held = entry(scan("held"), Ruling.HELD, "parent_missing")
    others = [
        entry(scan("unsure"), Ruling.HELD, sorted(UNSURE)[0]),
        *(entry(scan(ruling.value), ruling) for ruling in Ruling if ruling is not Ruling.HELD),
    ]
    assert trail([], held, *others).waiting() == [held]


def decided() -> tuple[Any, Any, Entry, Entry]:
    """A take, and the decision of people that let it stand; both scans of it."""
    taken, settled = line("a", 1, "genesis"), line("s", 2, "a", "settle")
    return (
        taken, settled, entry(scan("a"), Ruling.APPLIED, of=taken),
        entry(scan("s", "settle", tip=b"a"), Ruling.APPLIED, of=settled),
    )  # fmt: skip


def test_what_people_let_stand_means_their_decision_and_so_does_the_same_told_again() -> None:
    taken, settled, first, word = decided()
    again = entry(scan("again"), Ruling.DUPLICATE, of=settled)
    other = entry(scan("other", "hand_in"), Ruling.DUPLICATE, of=settled)
    held = entry(scan("held"), Ruling.HELD, of=settled)
    found = trail([taken, settled], first, word, again, other, held)
    assert found.resolve(b"a") == b"s"
    assert found.resolve(b"again") == b"s"
    assert found.resolve(b"other") == b"other", "another act is not what was decided"
    assert found.resolve(b"held") == b"held", "it repeats nothing"


def test_an_echo_means_the_move_it_repeats() -> None:
    taken = line("a", 1, "genesis")
    found = trail([taken], entry(scan("a"), Ruling.APPLIED, of=taken), entry(scan("e"), Ruling.DUPLICATE, of=taken))
    assert found.resolve(b"e") == b"a"


def test_a_decision_shuts_what_came_before_it_and_nothing_after() -> None:
    taken, settled, first, word = decided()
    later = line("b", 3, "s", "hand_in")
    inside = {
        b"a": first, b"s": word,
        b"late": entry(scan("late"), Ruling.HELD, "after_settle"), b"set": entry(scan("set"), Ruling.QUARANTINED, "taken_back"),
    }  # fmt: skip
    outside = {
        b"b": entry(scan("b", "hand_in"), Ruling.APPLIED, of=later),
        b"open": entry(scan("open"), Ruling.HELD, "parent_missing"),
        b"claim": entry(scan("claim"), Ruling.DISPUTED, of=taken),
        b"forged": entry(scan("forged"), Ruling.QUARANTINED, "bad_signature"),
    }
    found = trail([taken, settled, later], *inside.values(), *outside.values())
    assert {digest for digest in (*inside, *outside, GENESIS, b"never") if found.is_shut(digest)} == {*inside, GENESIS}
    assert not trail([taken], first).is_shut(b"a"), "where nothing is decided nothing is shut"
