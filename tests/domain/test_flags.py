"""What is odd about a packet, from what was told of it: flag by flag, in memory."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.db import atomically, db
from app.domain import flags
from app.domain.cases import CaseState
from app.domain.codes import CodeCheck, Purpose
from app.domain.flags import Detail
from app.domain.packets import State, Way
from app.domain.scans import Ruling
from app.domain.trails import Entry
from tests.domain.test_trails import AT
from tests.world import World

APPLIED, AGAIN, DISPUTED, HELD = Ruling.APPLIED, Ruling.DUPLICATE, Ruling.DISPUTED, Ruling.HELD
MINUTE = timedelta(minutes=1)


def said(
    name: str, event: str = "take", ruling: Ruling = APPLIED, why: str | None = None, at: timedelta = timedelta(),
    off: bool = False, old_list: bool = False, paper: str | None = None, **over: Any,
) -> Entry:  # fmt: skip
    usual = {"parent": b"p", "issue": 1, "seal": None, "sheets": None, "by": None, "proof": (), "amendment": None}
    scan: Any = SimpleNamespace(
        digest=name.encode(), event=event, said={"PAPER": paper}.get, clock_is_off=lambda at: off,
        list_is_stale=lambda at: old_list, **(usual | over),
    )  # fmt: skip
    return Entry(scan, AT + at, ruling, why)


def told(
    *acts: list[Entry], notes: tuple[Entry, ...] = (), beside: tuple[Entry, ...] = (), state: State = State.CARRIED
) -> Any:
    entries = [*(entry for act in acts for entry in act), *notes, *beside]
    return SimpleNamespace(
        acts=lambda: list(acts), notes=lambda: list(notes), entries={entry.scan.digest: entry for entry in entries},
        is_claim=lambda entry: entry.ruling is DISPUTED, state=state,
    )  # fmt: skip


def packet(
    way: Way = Way.IN,
    case: CaseState = CaseState.BOOKED,
    is_blank: bool = False,
    seals: tuple[str, ...] = (),
    replaced: int = 0,
) -> Any:
    slips = [SimpleNamespace(issue=n + 1, printed_at=AT + n * MINUTE) for n in range(replaced + 1)]
    dossier = None if is_blank else SimpleNamespace(state=case)
    return SimpleNamespace(way=way, dossier=dossier, is_blank=is_blank, seals=list(seals), slips=slips)


UNPROVEN, PROVEN = said("c", "collect", why="collect_unproven"), said("c", "collect")
CANCELLED, BLANK = packet(case=CaseState.CANCELLED), packet(is_blank=True)
ODD = {
    "collected on the courier's word": (told([UNPROVEN]), packet(), ["collect_unproven"]),
    "so, and the citizen has said so since": (told([UNPROVEN], notes=(said("n", "attest"),)), packet(), []),
    "so, and something else was noted": (told([UNPROVEN], notes=(said("n", "miss"),)), packet(), ["collect_unproven"]),
    "collected against a proof": (told([PROVEN]), packet(), []),
    "taken on the courier's word": (told([said("t", why="collect_unproven")]), packet(), []),
    "from the desk on the courier's word": (told([UNPROVEN]), packet(Way.OUT), []),
    "collected and called off": (told([PROVEN]), CANCELLED, ["collected_after_cancel"]),
    "called off before it was collected": (told(notes=(said("n", "miss"),)), CANCELLED, []),
    "taken and called off": (told([said("t")]), CANCELLED, []),
    "home again and called off": (told([PROVEN], state=State.DELIVERED), CANCELLED, []),
    "taken back and called off": (told([PROVEN], state=State.WAITING), CANCELLED, []),
    "of nobody's booking": (told([PROVEN]), BLANK, []),
    "told again without a parent": (told([said("t"), said("u", ruling=AGAIN, parent=None)]), packet(), ["unsure_repeat"]),
    "told three times without": (
        told([said("t", parent=None), said("u", ruling=AGAIN), said("v", ruling=AGAIN)]), packet(), ["unsure_repeat"],
    ),
    "told again with a parent": (told([said("t"), said("u", ruling=AGAIN)]), packet(), []),
    "told once without a parent": (told([said("t", parent=None)]), packet(), []),
    "confirmed twice": (told([said(each, "confirm", parent=None) for each in "tu"]), packet(), []),
    "from a page of paper": (told([said("t", paper="")]), packet(), ["from_paper"]),
    "noted on a page of paper": (told(notes=(said("n", "miss", paper="x"),)), packet(), ["from_paper"]),
    "by a wrong clock": (told([said("t", off=True)]), packet(), ["clock"]),
    "noted by a wrong clock": (told(notes=(said("n", "miss", off=True),)), packet(), ["clock"]),
    "claimed by a wrong clock": (told(beside=(said("d", ruling=DISPUTED, off=True),)), packet(), ["clock"]),
    "held, by a wrong clock": (told(beside=(said("h", ruling=HELD, off=True),)), packet(), []),
    "by an old list": (told([said("t", old_list=True)]), packet(), ["stale_list"]),
    "from a paper that had been replaced": (told([said("t", at=MINUTE)]), packet(replaced=1), ["old_issue"]),
    "from one that was replaced that moment": (told([said("t", at=MINUTE)]), packet(replaced=2), ["old_issue"]),
    "from one that was replaced later": (told([said("t", at=MINUTE / 2)]), packet(replaced=1), []),
    "from the one in force": (told([said("t", at=MINUTE, issue=2)]), packet(replaced=1), []),
    "typed by hand": (told([said("t", at=MINUTE, issue=None)]), packet(replaced=1), []),
    "another seal than it was closed with": (
        told([said("c", "collect", seal="AB1")], [said("t", seal="AB2")]), packet(), ["seal_mismatch"],
    ),
    "the same seal": (told([said("c", "collect", seal="AB1")], [said("t", seal="AB1")], [said("u")]), packet(), []),
    "another seal than the desk's": (told([said("t", seal="AB2")]), packet(Way.OUT, seals=("AB1", "AB2")), ["seal_mismatch"]),
    "another seal than was read first": (
        told([said("t", seal="AB1")], [said("u", seal="AB2")]), packet(Way.OUT), ["seal_mismatch"],
    ),
    "no seal that was known": (told([said("t", seal="AB1")]), packet(), []),
    "another seal that was only seen": (
        told([said("c", "collect", seal="AB1")], notes=(said("n", "sighting", seal="AB2"),)), packet(), ["seal_mismatch"],
    ),
    "another seal in another note": (told([said("c", "collect", seal="AB1")], notes=(said("n", "amend", seal="AB2"),)), packet(), []),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_is_flagged_and_nothing_else(what: str) -> None:
    trail, of, expected = ODD[what]
    assert flags.of(trail, of) == expected


def test_a_telling_that_is_no_line_is_proven_by_who_vouches_or_by_a_right_code(world: World) -> None:
    own = world.packet()
    for name, is_right in (("right", True), ("wrong", False)):
        check = CodeCheck(digest=name.encode(), packet_id=own.id, purpose=Purpose.COLLECT, is_right=is_right)
        atomically(db.session.add, check)
    login, seal = (("LOGIN", "x"),), (("SEAL", "x"),)
    proven = [
        said("right", "collect", AGAIN), said("x", "collect", AGAIN, by="u1", proof=login),
        said("x", "collect", AGAIN, by="u1", proof=(*seal, ("WET_SEEN", ""))),
    ]  # fmt: skip
    unproven = [
        said("wrong", "collect", AGAIN), said("x", "collect", AGAIN, proof=login), said("x", "collect", AGAIN, by="u1", proof=seal),
    ]  # fmt: skip
    for telling, expected in [(each, []) for each in proven] + [(each, ["collect_unproven"]) for each in unproven]:
        assert flags.of(told([UNPROVEN, telling]), packet()) == expected, telling.scan


# ---- seals ------------------------------------------------------------------------------------------------------


def test_the_seals_of_a_bag_are_what_closed_it_and_every_change_that_counts() -> None:
    collected, changed = said("c", "collect", seal="AB1"), said("s", "seal_change", seal="AB2")
    settled, refused = said("e", "settle", seal="AB3"), said("r", "seal_change", HELD, seal="AB9")
    trail = told([collected], [said("t", seal="AB8")], notes=(changed, refused), beside=(settled, said("w", "settle")))
    assert flags.seals(trail, packet()) == ["AB1", "AB2", "AB3"]
    assert flags.seals(trail, packet(Way.OUT, seals=("AB7", "AB6"))) == ["AB7", "AB2", "AB3"]
    assert flags.seals(trail, packet(Way.OUT)) == ["AB1", "AB2", "AB3"]
    assert [entry.scan.seal for entry in flags.odd_seals(trail, packet())] == ["AB8"]
    twice = told([collected], notes=(said("s", "seal_change", seal="AB1"),))
    assert flags.seals(twice, packet()) == ["AB1"]


def amends(name: str, digest: str, value: str, field: str = "seal", at: timedelta = timedelta()) -> Entry:
    return said(name, "amend", at=at, amendment=(digest.encode(), field, value))


def test_the_newest_word_about_a_field_is_right_of_every_telling_of_the_act() -> None:
    act = [said("t", seal="AB1"), said("u", ruling=AGAIN, seal="AB1")]
    notes = amends("m", "t", "AB3", at=MINUTE), amends("n", "t", "AB2"), amends("o", "x", "7", "sheets")
    trail = told(act, notes=(*notes, said("p", "amend"), said("q", "sighting", amendment=(b"t", "seal", "AB9"))))
    assert flags.amendments(trail) == {(b"t", "seal"): "AB3", (b"u", "seal"): "AB3", (b"x", "sheets"): "7"}
    assert flags.amendments(told(act)) == {}
    assert flags.seals(trail, packet(Way.OUT)) == ["AB3"]


def test_the_details_of_what_counts_are_told_newest_first_as_they_are_taken_to_be_now() -> None:
    first, again = said("t", ruling=AGAIN, seal="AB8"), said("u", seal="AB1", sheets=3)
    later = said("v", "receive", at=2 * MINUTE, sheets=0)
    trail = told([first, again], [later], notes=(amends("m", "u", "4", "sheets", at=MINUTE), said("n", "miss")))
    assert flags.details(trail) == [
        Detail(b"v", "receive", AT + 2 * MINUTE, "sheets", "0"),
        Detail(b"u", "take", AT, "seal", "AB1"),
        Detail(b"u", "take", AT, "sheets", "4"),
    ]
