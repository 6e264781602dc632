"""Where a scan belongs among what was told before: the small questions, by themselves and in memory."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain import placing
from app.domain.packets import State
from app.domain.placing import LATE, Place
from app.domain.scans import Ruling
from app.domain.steps import By
from app.domain.trails import CLOSED, PLACELESS, Entry, Trail
from tests.domain.test_trails import AT, decided, entry, line, scan, trail


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


@pytest.mark.parametrize(("parent", "named"), [(b"a", b"a"), (b"a", b"nobody's"), (b"nobody's", b"a")])
def test_who_follows_what_people_closed_comes_after_the_decision_by_either_name(parent: bytes, named: bytes) -> None:
    taken, settled, first, word = decided()
    assert placing._why_not_there(trail([taken, settled], first, word), parent, named) == "after_settle"


# ---- disputes ---------------------------------------------------------------------------------------------------


def speaks(by: By = By.CITIZEN, party: str = "somebody", fit: Any = None, after: timedelta = timedelta()) -> Any:
    return SimpleNamespace(by=by, party=party, says=lambda state: fit, recorded_at=AT + after)


def against(contested: bytes, digest: str = "x") -> Any:
    made = told(digest, "dispute", None)
    made.contested = contested
    return made


def delivered(fork: bytes | None = None, *claims: Entry) -> Trail:
    """Taken, then delivered."""
    taken, given = line("a", 1, "genesis"), line("b", 2, "a", "deliver")
    known = entry(scan("a"), Ruling.APPLIED, of=taken), entry(scan("b", "deliver"), Ruling.APPLIED, of=given)
    found = trail([taken, given], *known, *claims, fork=fork)
    found.state = State.DELIVERED
    return found


def test_a_person_contests_a_move_beside_it() -> None:
    found = delivered()
    here = found.links()[1]
    assert placing.contest(found, against(b"b"), speaks()) == Place(Ruling.DISPUTED, "two_children", here)
    assert placing.contest(found, against(b"b"), speaks(fit="not_yours")) == Place(Ruling.HELD, "not_yours")
    assert placing.contest(found, against(b"c"), speaks()) == Place(Ruling.HELD, "parent_unknown")


@pytest.mark.parametrize(
    ("by", "party", "may"),
    [(By.CITIZEN, "stranger", True), (By.DISPATCHER, "stranger", True), (By.COURIER, "stranger", False),
     (By.COURIER, "giver", True), (By.POST, "taker", True), (By.DESK, "stranger", False)],
)  # fmt: skip
def test_among_those_who_work_with_it_only_who_gave_or_took_it_contests(by: By, party: str, may: bool) -> None:
    place = placing.contest(delivered(), against(b"b"), speaks(by, party))
    assert (place.ruling, place.why) == ((Ruling.DISPUTED, "two_children") if may else (Ruling.HELD, "not_holder"))


@pytest.mark.parametrize(
    ("state", "after", "why"),
    [(State.DELIVERED, LATE, "two_children"), (State.DELIVERED, LATE + timedelta(seconds=1), "too_late"),
     (State.CARRIED, LATE + timedelta(seconds=1), "two_children")],
    ids=["in the last second", "a second later", "not delivered yet"],
)  # fmt: skip
def test_what_was_delivered_can_be_contested_for_three_days(state: State, after: timedelta, why: str) -> None:
    found = delivered()
    found.state = state
    assert placing.contest(found, against(b"b"), speaks(after=after)).why == why


def test_whoever_contests_what_is_disputed_joins_and_the_same_word_again_is_the_same() -> None:
    claim = entry(scan("p", "hand_in"), Ruling.DISPUTED, "two_children")
    found = delivered(b"a", claim)
    here = found.links()[-1]
    assert placing.contest(found, against(b"p"), speaks()) == Place(Ruling.DISPUTED, "joins_dispute", here)
    again = delivered(b"a", claim, Entry(against(b"p", "earlier"), AT, Ruling.DISPUTED, "joins_dispute"))
    assert placing.contest(again, against(b"p"), speaks()) == Place(Ruling.DUPLICATE, "repeats_claim")


def test_a_third_act_at_the_fork_joins_the_dispute() -> None:
    found = delivered(b"a", entry(scan("p", "hand_in"), Ruling.DISPUTED, "two_children"))
    here, third = found.links()[-1], told("q", "transfer", b"a")
    assert placing._beside(found, third, here, SimpleNamespace()) == Place(Ruling.DISPUTED, "joins_dispute", here)  # type: ignore[arg-type]


def test_of_two_acts_neither_stands_and_whatever_was_built_on_one_waits() -> None:
    lines = [line("a", 1, "genesis"), line("b", 2, "a", "hand_in"), line("c", 3, "b")]
    taken, handed, later = (entry(scan(each.digest.decode(), each.event), Ruling.APPLIED, of=each) for each in lines)
    echo = entry(scan("b2", "hand_in"), Ruling.DUPLICATE, of=lines[1])
    rival = Entry(scan("x", "transfer"), AT)
    closed, lost = (
        entry(scan("y", "take"), Ruling.QUARANTINED, "void"),
        entry(scan("z", "take"), Ruling.HELD, "parent_unknown"),
    )
    word, note = (entry(scan(event, event), Ruling.DUPLICATE) for event in ("dispute", "sighting"))
    found = trail(lines, taken, handed, echo, later, closed, lost, word, note)
    here = found.links()[1]
    asked: list[Any] = []

    def say(*words: Any) -> Entry:
        asked.extend(words[1:])
        return Entry(scan("word", "dispute"), AT)

    placing._dispute(found, here, rival, SimpleNamespace(say=say, at=AT))  # type: ignore[arg-type]
    assert asked == ["taker", b"a", [b"b", b"x"]]
    assert (found.fork, found.holder, found.state) == (b"a", "taker", State.DISPUTED)
    assert (taken.ruling, taken.why) == (Ruling.APPLIED, None)
    assert {(each.ruling, each.why) for each in (handed, rival)} == {(Ruling.DISPUTED, "two_children")}
    assert {(each.ruling, each.why) for each in (echo, later, word)} == {(Ruling.HELD, "behind_dispute")}
    assert note.ruling is Ruling.DUPLICATE
    assert (closed.ruling, closed.why) == (Ruling.QUARANTINED, "void"), "what people closed does not wait again"
    assert (lost.ruling, lost.why) == (Ruling.HELD, "parent_unknown")
    (happened,) = found.happened
    assert (happened.step.event, happened.step.by) == ("dispute", By.SERVER)


# ---- what people decide -----------------------------------------------------------------------------------------


def moved(moves: int, state: State = State.CARRIED, fork: bytes | None = None) -> Trail:
    """Taken, and handed in."""
    lines = [line("a", 1, "genesis"), line("b", 2, "a", "hand_in")][:moves]
    found = trail(
        lines, *(entry(scan(each.digest.decode(), each.event), Ruling.APPLIED, of=each) for each in lines), fork=fork
    )
    found.state = state
    return found


@pytest.mark.parametrize(
    ("moves", "state", "newest"),
    [(2, State.CARRIED, b"b"), (1, State.CARRIED, b"a"), (2, State.LOST, b"a"), (1, State.LOST, b"genesis"),
     (0, State.LOST, b"genesis")],
)  # fmt: skip
def test_of_a_lost_packet_the_move_before_it_was_given_up_is_the_newest_undisputed(
    moves: int, state: State, newest: bytes
) -> None:
    assert placing.undisputed(moved(moves, state)).digest == newest


def decision(event: str, tip: bytes | None, giver: str = "taker", taker: str = "taker", parent: bytes = b"b") -> Any:
    made = told("d", event, parent)
    made.tip, made.giver, made.taker, made.state = tip, giver, taker, State.AT_POST
    return made


@pytest.mark.parametrize(
    ("giver", "is_true", "tip", "why"),
    [("taker", True, None, None), ("taker", True, b"b", None), ("taker", True, b"nobody's", "parent_unknown"),
     ("other", True, None, "fits_nowhere"), ("taker", False, None, "fits_nowhere")],
)  # fmt: skip
def test_a_settlement_is_given_by_who_answered_and_lets_stand_what_was_told(
    giver: str, is_true: bool, tip: bytes | None, why: str | None
) -> None:
    hand: Any = SimpleNamespace(names_true_holder=lambda: is_true)
    assert placing._may_settle(moved(2), decision("settle", tip, giver), hand) == why


@pytest.mark.parametrize(
    ("moves", "fork", "giver", "tip", "why"),
    [(2, None, "taker", b"a", None), (2, b"a", "taker", b"a", "out_of_turn"), (0, None, "taker", b"a", "out_of_turn"),
     (2, None, "other", b"a", "out_of_turn"), (2, None, "taker", b"b", "out_of_turn"), (2, None, "taker", None, "out_of_turn")],
)  # fmt: skip
def test_the_newest_move_alone_goes_back_to_its_giver(
    moves: int, fork: bytes | None, giver: str, tip: bytes | None, why: str | None
) -> None:
    assert placing._may_correct(moved(moves, fork=fork), decision("correct", tip, giver)) == why


@pytest.mark.parametrize(
    ("parent", "again", "why"), [(b"a", False, "out_of_turn"), (b"a", True, None), (b"b", False, None)]
)
def test_a_decision_is_of_the_newest_move_unless_it_was_heard_before(
    parent: bytes, again: bool, why: str | None
) -> None:
    found, word = moved(2), Entry(decision("settle", None, parent=parent), AT)
    hand: Any = SimpleNamespace(names_true_holder=lambda: True, says=lambda state: None)
    placing._close(found, word, hand, SimpleNamespace(again=again, at=AT))  # type: ignore[arg-type]
    assert (word.ruling, word.why) == (Ruling.HELD if why else Ruling.APPLIED, why)
