"""Each law holds for honest histories, and notices the one thing it is there to notice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db, now
from app.domain import checkpoints, duties, invariants, manifests, tasks, watch
from app.domain.checkpoints import Checkpoint
from app.domain.codes import Purpose
from app.domain.devices import Device
from app.domain.invariants import Told
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.manifests import Found, Manifest
from app.domain.packets import Packet, State, Way
from app.domain.people import Role, User
from app.domain.scans import ScanRow, Verdict
from app.domain.tasks import Task
from tests.forging import superuser
from tests.world import World


@pytest.fixture
def past(world: World) -> Packet:
    """A result taken at the desk by a list and delivered against the citizen's code; another in dispute."""
    phone = world.phone()
    packet = world.packet(Way.OUT)
    taken = world.record(phone.scan(packet, "take"))
    atomically(manifests.of_one, world.fresh(packet), world.desk.party_id, taken.digest, Found(), world.act().at)
    code, fresh = world.code(packet, Purpose.DELIVER), world.fresh(packet)
    to_citizen = {"giver": phone.party, "taker": fresh.dossier.citizen.party_id}
    assert world.record(phone.scan(fresh, "deliver", proof=[("CODE", code)], **to_citizen)).verdict == "applied"
    torn = world.packet(Way.OUT)
    for claim in [who.scan(torn, "take") for who in (phone, world.phone(world.second_courier))]:
        world.record(claim)
    assert world.fresh(torn).state is State.DISPUTED
    atomically(checkpoints.sequence)
    return world.fresh(packet)


def laws(world: World, at: datetime | None = None) -> set[str]:
    db.session.rollback()  # what was read before is of another moment
    found = {each.law for each in invariants.broken(trust=Trust(now()), keys=world.keys, at=at)}
    db.session.rollback()  # whoever changes tables waits for everybody who has read them
    return found


def test_an_honest_past_breaks_no_law(world: World, past: Packet) -> None:
    assert list(invariants.broken(trust=Trust(now()), keys=world.keys)) == []


def change(world: World, statement: Any) -> None:
    """What only somebody with the whole database in hand could do."""
    with superuser() as raw:
        raw.execute(sa.text("DROP INDEX IF EXISTS uq_handoffs_one_child"))
        raw.execute(statement)


def last_line(packet: Packet) -> Any:
    return sa.and_(Handoff.packet_id == packet.id, Handoff.seq == packet.seq)


BREACHES: dict[str, Callable[[World, Packet], Any]] = {
    "I7": lambda w, p: sa.insert(Checkpoint).values(size=1, root=b"x" * 32, note="signed by nobody", at=w.act().at),
    "I2": lambda w, p: sa.update(Handoff).where(last_line(p)).values(prev_hash=b"x" * 32),
    "I4": lambda w, p: sa.update(Manifest).values(missing=1),
    "I6": lambda w, p: sa.update(Device).where(Device.user_id == w.courier.id).values(contiguous=9),
    "I8": lambda w, p: sa.update(Packet).where(Packet.id == p.id).values(flags=["clock"]),
    "I10": lambda w, p: sa.text("UPDATE code_checks SET is_right = false"),
    "I12": lambda w, p: sa.update(Task).values(closed_at=w.act().at, outcome="looked_at"),
    "I14": lambda w, p: sa.delete(Task),
    "P6": lambda w, p: sa.delete(Verdict).where(Verdict.digest == p.head),
    "I3": lambda w, p: sa.update(Handoff).where(last_line(p)).values(follows=p.genesis),
    "I9": lambda w, p: sa.update(Handoff).where(last_line(p)).values(event="collect"),
}  # fmt: skip


def test_a_law_notices_its_breach(world: World, past: Packet) -> None:
    for law, breach in BREACHES.items():
        assert law not in laws(world)
        change(world, breach(world, past))
        assert law in laws(world)


def test_a_packet_nobody_holds_is_noticed(world: World, past: Packet) -> None:
    told = Told(world.packet(), [], {}, set(), set(), {}, set())  # the database would refuse such a row
    assert list(invariants.held_by_somebody(told)) == ["nobody answers for it"]


def test_a_name_or_a_phone_in_a_scan_is_noticed(world: World, past: Packet) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    for over in ({"app": "Nguyễn Thị Mơ"}, {"manifest": "0900000123"}):
        world.record(phone.scan(world.fresh(packet), "take", **over))
        assert "I13" in laws(world)


def test_a_matter_is_of_an_office_where_somebody_can_take_it(world: World, past: Packet) -> None:
    ends = sa.update(User).values(disabled_at=world.act().at)
    for who in (User.office_id == world.desk.id, User.role == Role.SUPERVISOR):
        assert "I14" not in laws(world)
        change(world, ends.where(who))
    assert "I14" in laws(world)


def test_a_matter_is_not_of_somebody_who_has_left(world: World, past: Packet) -> None:
    atomically(lambda: tasks.take(db.session.scalars(sa.select(Task)).one(), world.act(world.clerk)))
    assert "I14" not in laws(world)
    change(world, sa.update(User).where(User.id == world.clerk.id).values(disabled_at=world.act().at))
    assert "I14" in laws(world)


def test_what_may_settle_itself_does_not_wait_for_ever(world: World, past: Packet) -> None:
    phone = world.phone()
    assert world.record(phone.scan(world.packet(Way.OUT), "take", parent=("78" * 32))).why == "parent_unknown"
    late = world.act().at + duties.LATE + timedelta(hours=1)
    assert "I14" not in laws(world, late - timedelta(seconds=1))
    assert "I14" in laws(world, late), "nobody has looked for what is late"
    atomically(watch.look, late)
    assert "I14" not in laws(world, late)


def test_a_receipt_without_its_scan_is_noticed(world: World, past: Packet) -> None:
    row = db.session.scalars(sa.select(ScanRow)).first()
    assert row
    assert list(invariants.receipts_are_kept({row.digest: row.recorded_at})) == []
    (lost,) = invariants.receipts_are_kept({b"x" * 32: row.recorded_at})
    assert lost.law == "I5"


def test_one_packets_laws_alone(world: World, past: Packet) -> None:
    change(world, BREACHES["I9"](world, past))
    other = world.packet()
    assert list(invariants.broken(other.id, Trust(now()))) == []
    assert {each.law for each in invariants.broken(past.id, Trust(now()))} >= {"I2", "I9"}
