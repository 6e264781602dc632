"""Invented histories: whatever the order in which scans come, they end the same; and a court that looks at it is caught.

A history that ever failed stays here for ever, by its seed.
"""

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from app.domain import placing
from app.domain.bodies import Scan
from app.domain.hands import Hand, Link
from app.domain.placing import Place
from app.domain.scans import Ruling
from app.domain.steps import Step
from app.domain.trails import Trail
from app.domain.upshots import Upshot
from tests.domain.fables import Fable, invented

HISTORIES = int(os.environ.get("HISTORIES", "400"))
ORDERS = 4
FAILED_ONCE: set[int] = set()  # seeds beyond the usual ones


def ends(fable: Fable, orders: int = ORDERS) -> set[Upshot]:
    return {fable.comes_to(), *(fable.comes_to(random.Random(order)) for order in range(orders))}


def different(seeds: Iterable[int]) -> list[int]:
    """The histories whose end depends on the order."""
    return [seed for seed in seeds if len(ends(invented(seed))) > 1]


def test_whatever_the_order_a_history_ends_the_same() -> None:
    assert different({*FAILED_ONCE, *range(HISTORIES)}) == []


def untrue(seeds: Iterable[int]) -> list[int]:
    """The true histories that, in some order, do not end with the holder they ended with."""
    found = []
    for seed in seeds:
        fable = Fable(random.Random(seed)).happen()
        ends = [fable.told(random.Random(order) if order else None) for order in range(ORDERS)]
        if any((trail.state, trail.holder) != fable.end or trail.claims() for trail in ends):
            found.append(seed)
    return found


def test_what_really_happened_ends_with_the_true_holder_in_any_order() -> None:
    assert untrue(range(HISTORIES)) == []


def test_the_invented_histories_hold_what_life_brings() -> None:
    """A harness without disputes, decisions and losses would prove nothing."""
    told: Counter[str] = Counter()
    for seed in range(200):
        trail = invented(seed).told(None)
        told.update({f"{entry.scan.event} {entry.ruling}" for entry in trail.entries.values()})
        told.update({str(entry.why) for entry in trail.entries.values()})
    for event in ("settle", "correct", "lost", "transfer", "confirm", "miss"):
        assert told[f"{event} {Ruling.APPLIED}"] > 3, event
    assert told[f"dispute {Ruling.DISPUTED}"] > 3
    for why in ("two_children", "behind_dispute", "after_settle", "settled_against", "taken_back", "parent_unknown",
                "out_of_turn", "not_holder", "proof_missing"):  # fmt: skip
        assert told[why] > 3, why


# ---- the harness sees what it is for ----------------------------------------------------------------------------


def behind(hand: Hand, link: Link) -> Place:
    """What a court makes of a scan that does not look at what already follows `link`."""
    step = hand.fits(link)
    return Place(Ruling.HELD, step) if isinstance(step, str) else Place(Ruling.APPLIED, at=link, step=step)


def test_who_judges_by_the_present_holder_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_holder(trail: Trail, scan: Scan, hand: Hand) -> Place:
        return behind(hand, trail.here)

    monkeypatch.setattr(placing, "place_move", by_holder)
    assert different(range(40))


def test_who_orders_by_the_clocks_of_devices_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that names nothing follows the newest move that says it was earlier, it says here."""
    honest = placing.place_move

    def by_clock(trail: Trail, scan: Scan, hand: Hand) -> Place:
        told = [link for link in trail.links() if link.line and clock(trail.entries[link.digest].scan) < clock(scan)]
        if scan.parent or not told:
            return honest(trail, scan, hand)
        return honest(trail, replace(scan, parent=told[-1].digest), hand)

    def clock(scan: Scan) -> datetime:
        assert scan.wall
        return scan.wall

    monkeypatch.setattr(placing, "place_move", by_clock)
    assert different(range(60))


def test_who_places_a_dispute_by_its_arrival_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever speaks against a move speaks against the newest one, it says here."""
    honest = placing.contest

    def by_arrival(trail: Trail, scan: Scan, hand: Hand) -> Place:
        return honest(trail, replace(scan, proof=(("CLAIMS", trail.head.hex()),)), hand)

    monkeypatch.setattr(placing, "contest", by_arrival)
    assert different(range(60))


def test_who_judges_what_names_nothing_at_the_head_only_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = placing.place_move

    def at_the_head(trail: Trail, scan: Scan, hand: Hand) -> Place:
        return honest(trail, scan if scan.parent else replace(scan, parent=trail.head), hand)

    monkeypatch.setattr(placing, "place_move", at_the_head)
    assert different(range(60))


def test_who_takes_an_act_told_again_for_another_act_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """It contests itself, in whatever order: only its true end shows it."""

    def without_echoes(trail: Trail, scan: Scan, link: Link, fit: Step | str) -> Place:
        if isinstance(fit, str):
            return Place(Ruling.HELD, fit)
        if link.digest == trail.fork:
            return Place(Ruling.DISPUTED, "joins_dispute", link)
        if trail.child(link) is None:
            return Place(Ruling.APPLIED, at=link, step=fit)
        return Place(Ruling.DISPUTED, "two_children", link)

    monkeypatch.setattr(placing, "_beside", without_echoes)
    assert untrue(range(40))
