"""What a packet's scans ask of people: raised while it is true, lowered when it is not, and never said twice."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import duties, tasks
from app.domain.duties import Duty
from app.domain.packets import Packet, State, Way
from app.domain.scans import Ruling
from app.domain.tasks import Task, TaskKind
from tests.domain.test_flags import APPLIED, DISPUTED, HELD, MINUTE, packet, said, told
from tests.domain.test_trails import AT
from tests.domain.test_upshots import claimed
from tests.world import MONDAY, Phone, World

K, DAY, QUARANTINED = TaskKind, timedelta(days=1), Ruling.QUARANTINED


@pytest.mark.parametrize(
    ("ruling", "why", "kind"),
    [
        (HELD, "out_of_turn", K.HELD),
        (HELD, None, K.HELD),
        (HELD, "device_revoked", K.DOUBTED),
        (HELD, "device_expired", K.DOUBTED),
        (HELD, "after_settle", K.AFTER_SETTLE),
        (HELD, "behind_dispute", None),
        (QUARANTINED, "sig_bad", K.QUARANTINED),
        (QUARANTINED, "device_revoked", K.QUARANTINED),
        (QUARANTINED, "slip_forged", K.FORGED_SLIP),
        (QUARANTINED, "settled_against", None),
        (QUARANTINED, "n_reused", K.DEVICE_FROZEN),
        (DISPUTED, "two_children", None),
        (APPLIED, None, None),
        (None, None, None),
    ],
)
def test_what_is_held_or_not_believed_is_somebodys(
    ruling: Ruling | None, why: str | None, kind: TaskKind | None
) -> None:
    duty = duties.of_scan(ruling, why, b"x", "d1")
    assert duty == (Duty(kind, b"x", "d1" if kind is K.DEVICE_FROZEN else None) if kind else None)
    assert duty is None or duties.kind_of(ruling or HELD, why) is kind


def asked(trail: Any, *flags: str, replaced: int = 0) -> dict[Duty, dict[str, Any]]:
    of = packet(replaced=replaced)
    of.flags = list(flags)
    trail.claims = lambda: [entry for entry in trail.entries.values() if entry.ruling is DISPUTED]
    return duties.of(trail, of)


@pytest.mark.parametrize(
    ("state", "kind"),
    [(State.DISPUTED, K.DISPUTED), (State.LOST, K.LOST), (State.DELIVERED_UNVERIFIED, K.DELIVERY_UNVERIFIED)],
)
def test_where_a_packet_is_asks_for_somebody(state: State, kind: TaskKind) -> None:
    assert asked(told(state=state)) == {Duty(kind): {}}
    assert asked(told(state=State.CARRIED)) == {}


def test_what_is_odd_asks_for_somebody() -> None:
    named = {"collect_unproven": K.COLLECT_UNPROVEN, "seal_mismatch": K.SEAL_MISMATCH, "unsure_repeat": K.UNSURE_REPEAT,
             "collected_after_cancel": K.AFTER_CANCEL}  # fmt: skip
    for flag, kind in named.items():
        assert asked(told(), flag) == {Duty(kind): {}}
    assert asked(told(), "from_paper", "stale_list", "old_issue", "clock") == {}


def test_a_scan_that_is_held_is_told_with_its_reason() -> None:
    held = said("h", ruling=HELD, why="out_of_turn", device="d1")
    assert asked(told([said("t", device="d1")], beside=(held,))) == {Duty(K.HELD, b"h"): {"why": "out_of_turn"}}


def test_a_wrong_clock_is_its_devices() -> None:
    right, wrong = said("t", device="d1"), said("u", device="d2", off=True)
    assert asked(told([right], [wrong]), "clock") == {Duty(K.CLOCK, None, "d2"): {}}
    assert asked(told([right], [wrong])) == {}, "only where it matters to the packet"


def test_damage_is_told_with_its_reason() -> None:
    notes = said("n", "damaged", reason="wet", device="d1"), said("o", "miss", reason="nobody_home", device="d1")
    assert asked(told(notes=notes)) == {Duty(K.DAMAGED, b"n"): {"reason": "wet"}}


def test_a_replaced_paper_matters_when_its_successor_is_in_use_as_well() -> None:
    old, same, new = (said(name, at=MINUTE, issue=issue, device="d1") for name, issue in (("o", 1), ("s", 1), ("n", 2)))
    typed, early = said("t", at=MINUTE, issue=None, device="d1"), said("e", issue=1, device="d1")
    both = {Duty(K.OLD_ISSUE): {}}
    assert asked(told([old, same], [new, typed]), "old_issue", replaced=1) == both
    assert asked(told([old, same], [typed]), "old_issue", replaced=1) == {}
    assert asked(told([new]), "old_issue", replaced=1) == {}
    assert asked(told([early], [new]), "old_issue", replaced=1) == {}, "it had not been replaced yet"
    assert asked(told([old], [new]), replaced=1) == {}


# ---- what else the same courier delivered -------------------------------------------------------------------------


def delivered(world: World, phone: Phone, after: timedelta) -> Packet:
    own = world.packet(Way.OUT)
    for made in (
        lambda here: phone.scan(here, "take", MONDAY + after),
        lambda here: claimed(phone, here, at=MONDAY + after),
    ):
        assert world.record(made(world.fresh(own)), MONDAY + after).verdict == "applied"
    return world.fresh(own)


def test_whoever_disputes_a_delivery_shows_what_else_its_courier_delivered_in_those_days(world: World) -> None:
    phone, rival = world.phone(), world.phone(world.second_courier)
    delivered(world, phone, -timedelta(seconds=1))
    first, second = delivered(world, phone, timedelta()), delivered(world, phone, DAY)
    delivered(world, rival, DAY)
    world.record(phone.scan(world.packet(Way.OUT), "take", MONDAY + DAY), MONDAY + DAY)  # and delivered nothing yet
    accused = delivered(world, phone, 3 * DAY)

    def similar(event: str = "deliver", claim: str = "dispute", contested: bytes | None = b"a") -> list[str]:
        about = said("a", event, giver=phone.party, at=MONDAY + 3 * DAY - AT)
        spoken = said("c", claim, DISPUTED, contested=contested)
        return duties._similar(told([about], beside=(spoken,)), spoken, accused)

    assert similar() == similar("confirm") == [second.number, first.number]
    assert similar("take") == similar(claim="take") == similar(contested=None) == similar(contested=b"z") == []
    spoken = said("c", "dispute", DISPUTED, contested=b"a", device="d1")
    about = said("a", "deliver", giver=phone.party, at=MONDAY + 3 * DAY - AT, device="d1")
    trail = told([about], beside=(spoken,))
    trail.claims, accused.flags = (lambda: [spoken]), []
    assert duties.of(trail, accused) == {Duty(K.SIMILAR, b"c"): {"numbers": [second.number, first.number]}}


# ---- raised and lowered -------------------------------------------------------------------------------------------


def about(own: Packet) -> list[tuple[TaskKind, str | None, dict[str, Any]]]:
    db.session.rollback()
    found = db.session.scalars(sa.select(Task).filter_by(packet_id=own.id).order_by(Task.id))
    return [(task.kind, task.outcome, task.facts) for task in found]


def settle(own: Packet, *wanted: Duty, **facts: str) -> list[tuple[TaskKind, str | None, dict[str, Any]]]:
    atomically(lambda: duties.settle(db.session.get_one(Packet, own.id), dict.fromkeys(wanted, facts), MONDAY))
    return about(own)


def test_a_matter_is_raised_once_and_lowered_when_it_is_true_no_more(world: World) -> None:
    own, odd, damaged = world.packet(), Duty(K.SEAL_MISMATCH), Duty(K.DAMAGED)
    once = [(K.SEAL_MISMATCH, None, {"why": "out_of_turn"})]
    assert settle(own, odd, why="out_of_turn") == once
    assert settle(own, odd, why="not_holder") == once, "who has it before them finds it as it was raised"
    assert settle(own) == [(K.SEAL_MISMATCH, "resealed", {"why": "out_of_turn"})]
    assert settle(own) == [(K.SEAL_MISMATCH, "resealed", {"why": "out_of_turn"})]
    twice = [(K.SEAL_MISMATCH, "resealed", {"why": "out_of_turn"}), (K.SEAL_MISMATCH, None, {"why": "not_holder"})]
    assert settle(own, odd, why="not_holder") == twice, "what the server lowered is raised again"
    assert settle(own, odd, damaged, why="wet")[2:] == [(K.DAMAGED, None, {"why": "wet"})]
    assert settle(own, odd)[2:] == [(K.DAMAGED, None, {"why": "wet"})], "what only a person ends is not lowered"


def test_what_a_person_has_closed_is_not_raised_again(world: World) -> None:
    own, unproven = world.packet(), Duty(K.COLLECT_UNPROVEN)
    settle(own, unproven)
    (task,) = db.session.scalars(sa.select(Task).filter_by(packet_id=own.id))
    atomically(tasks.close, task, "citizen_called", world.act(world.clerk))
    assert settle(own, unproven) == settle(own) == [(K.COLLECT_UNPROVEN, "citizen_called", {})]


def test_what_may_settle_itself_is_not_raised(world: World) -> None:
    own = world.packet()
    for why in duties.PATIENT:
        assert settle(own, Duty(K.SEAL_MISMATCH), why=why) == []
