"""The post office's counter: in with a count and a proof, held, out with a proof; a stranger's counter moves nothing."""

from typing import Any

import pytest
import sqlalchemy as sa

import labels
from app.db import atomically, db
from app.domain import batches, corrections, counter, day, limits, visits
from app.domain.audit import AuditLine
from app.domain.bodies import MoneyTaken
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.scans import ScanRow
from app.domain.visits import Visit, VisitKind, VisitState
from app.errors import Invalid, Refused
from tests.world import World

COUNTS = {1: 1, 2: 1, 4: 1}
CASH = MoneyTaken(paid_by="cash", receipt="000321")


def bring(world: World, packet: Packet, by: User | None = None, **over: Any) -> None:
    facts: dict[str, Any] = {
        "head": packet.head,
        "counts": COUNTS,
        "seal": "NP 0045 821",
        "wet_seen": True,
        "money": CASH,
    }
    atomically(counter.accept, packet, world.act(by or world.clerk), **(facts | over))


def at_post(world: World, way: Way = Way.IN) -> Packet:
    packet = world.packet(way)
    if way is Way.IN:
        bring(world, packet)
    else:
        atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP0045821")
    return world.fresh(packet)


def test_a_citizen_brings_the_papers_and_the_home_visit_is_given_back(world: World) -> None:
    packet = world.packet()
    code, head = world.code(packet), packet.head
    bring(world, packet, code=code, wet_seen=False, counts=COUNTS | {4: 0})
    bring(world, packet, head=head)  # the same form once more
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id, packet.flags) == (State.AT_POST, world.post.party_id, [])
    assert (packet.seal, [paper.is_missing for paper in packet.dossier.papers]) == ("NP0045821", [False, False, True])
    visit = db.session.scalar(sa.select(Visit).filter_by(packet_id=packet.id))
    assert visit and (visit.state, visit.slot.taken) == (VisitState.CANCELLED, 0)


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        ({"code": "000000", "wet_seen": False}, "custody_proof_missing"),
        ({"wet_seen": False}, "proof_needed"),
        ({"counts": {1: 1}}, "counts_missing"),
        ({"counts": {1: 0, 2: 0, 4: 0}}, "nothing_counted"),
        ({"seal": "?"}, "seal_form"),
        ({"head": b"\0" * 32}, "page_too_old"),
    ],
)
def test_a_form_that_is_not_right_leaves_nothing(world: World, spoil: dict[str, Any], key: str) -> None:
    packet = world.packet()
    with pytest.raises(Refused, match=key):
        bring(world, packet, **spoil)
    packet = world.fresh(packet)
    assert (packet.state, packet.seals) == (State.WAITING, [])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ScanRow)) == 0
    assert db.session.scalar(sa.select(Visit.state).filter_by(packet_id=packet.id)) == VisitState.SCHEDULED


def test_another_office_is_told_where_the_papers_belong(world: World) -> None:
    packet = world.packet()
    with pytest.raises(Refused) as refusal:
        bring(world, packet, by=world.stranger)
    assert (refusal.value.key, refusal.value.values["office"]) == ("wrong_office", world.post.name)


def test_a_courier_hands_in_once_however_often_the_form_is_sent(world: World) -> None:
    packet = world.collected(world.phone())
    head, act = packet.head, world.act(world.clerk)
    atomically(counter.hand_in, packet, act, head, "NP0045821")
    atomically(counter.hand_in, packet, act, head, "NP0045821")
    packet = world.fresh(packet)
    assert (packet.state, packet.holder_id, packet.seq) == (State.AT_POST, world.post.party_id, 2)


def test_a_page_from_before_the_packet_moved_is_refused(world: World) -> None:
    packet = at_post(world, Way.OUT)
    old = packet.genesis
    with pytest.raises(Refused, match="page_too_old"):
        atomically(counter.hand_out, packet, world.act(world.clerk), seal="NP0045821", head=old, wet_seen=True)


def test_a_result_called_for_at_the_post_office_closes_the_dossier(world: World) -> None:
    packet = at_post(world, Way.OUT)
    code = world.code(packet, Purpose.DELIVER)
    act = world.act(world.clerk)
    with pytest.raises(Refused, match="custody_proof_missing"):
        atomically(counter.hand_out, packet, act, seal="NP0045821", code="000000")
    with pytest.raises(Refused, match="custody_out_of_turn"):
        atomically(counter.hand_out, packet, world.act(world.stranger), seal="NP0045821", code=code)
    atomically(counter.hand_out, packet, act, seal="NP0045821", head=packet.head, code=code)
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.DELIVERED, CaseState.CLOSED)


def test_the_signed_slip_proves_a_delivery_nobody_else_vouched_for(world: World) -> None:
    packet, phone = world.packet(Way.OUT), world.phone()
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    world.record(phone.scan(packet, "deliver", giver=phone.party, taker=phone.party, proof=[("WET_CLAIMED", "")]))
    packet = world.fresh(packet)
    with pytest.raises(Invalid, match="proof_needed"):
        atomically(counter.confirm, packet, world.act(world.clerk))
    with pytest.raises(Refused, match="wrong_office"):
        atomically(counter.confirm, packet, world.act(world.stranger), wet_seen=True)
    atomically(counter.confirm, packet, world.act(world.clerk), wet_seen=True)
    packet = world.fresh(packet)
    assert (packet.state, packet.dossier.state) == (State.DELIVERED, CaseState.CLOSED)


def test_a_reprint_is_the_next_issue_with_its_reason(world: World) -> None:
    packet = world.packet()
    slip = atomically(counter.reprint, packet, world.act(world.clerk), "damaged")
    assert slip.issue == 2
    assert [s.revoked_at is None for s in world.fresh(packet).slips] == [False, True]
    line = db.session.scalars(sa.select(AuditLine).filter_by(action="slip_reissued")).one()
    assert line.details == {"reason": "damaged", "issue": 2}
    with pytest.raises(Invalid, match="reprint_reason"):
        atomically(counter.reprint, packet, world.act(world.clerk), "because")


def test_a_slip_is_issued_as_often_as_the_administrator_allows(world: World) -> None:
    packet = world.packet()
    atomically(limits.set_to, "slip_issues", 3, world.act(world.admin))
    for issue in (2, 3):
        assert atomically(counter.reprint, packet, world.act(world.clerk), "lost").issue == issue
    with pytest.raises(Refused, match="slip_issues") as refusal:
        atomically(counter.reprint, packet, world.act(world.clerk), "lost")
    assert refusal.value.values["most"] == 3
    assert len(world.fresh(packet).slips) == 3
    for wrong in (0, 256):
        with pytest.raises(Invalid, match="limit_bounds"):
            atomically(limits.set_to, "slip_issues", wrong, world.act(world.admin))
    line = db.session.scalars(sa.select(AuditLine).filter_by(action="limit_set")).one()
    assert (line.subject, line.details) == ("slip_issues", {"was": 5, "value": 3})


def test_papers_that_were_called_off_are_brought_home_and_nothing_more_is_asked_for_at_the_door(world: World) -> None:
    packet, act = at_post(world), world.act(world.clerk)
    with pytest.raises(Refused, match="not_kept_here"):
        atomically(counter.bring_home, packet, act)
    atomically(corrections.call_off, packet, act)
    with pytest.raises(Refused, match="not_kept_here"):
        atomically(counter.bring_home, world.fresh(packet), world.act(world.stranger))
    with pytest.raises(Refused, match="page_too_old"):
        atomically(counter.bring_home, world.fresh(packet), act, b"x" * 32)
    for _ in range(2):
        atomically(counter.bring_home, world.fresh(packet), act)
    visit = visits.open_visit(packet.id)
    assert visit and visit.kind is VisitKind.DELIVER
    stop = day.stop(visit)
    assert (stop["money"], stop["exempt"], stop["give_back"]) == ([], None, 15_000)
    told = [one.kind for one in db.session.scalars(sa.select(Message).order_by(Message.id))]
    assert told.count("papers_sent") == 1
    world.on_round(world.fresh(packet))
    (sheet,) = batches.DAY["rounds"][1](world.post, visit.slot.day, "https://hoso.vi-du.test")
    (line,) = sheet.stops
    assert (line.way, line.due) == (labels.Way.OUT, 0)
    (listed,) = batches.DAY["lists"][1](world.post, visit.slot.day, "https://hoso.vi-du.test")
    assert [(each.number, each.due) for each in listed.lines] == [(packet.number, 0)]
