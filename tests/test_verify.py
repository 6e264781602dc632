"""`flask custody verify` recomputes everything: it is content with an honest ledger and names what is not."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import Result
from flask import Flask

from app.db import db, now
from app.domain import checkpoints, inspection, packets, tokens
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.devices import Device
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.packets import Packet, Way
from app.domain.scans import ScanRow, Verdict
from tests.api.test_checkpoints import Log
from tests.forging import superuser
from tests.world import MONDAY, World


def verify(app: Flask, *options: str, later: timedelta = timedelta()) -> Result:
    with time_machine.travel(now() + later, tick=True):
        return app.test_cli_runner().invoke(args=["custody", "verify", *options])


class Ledger:
    """Two packets with five lines between them, one duplicate and one scan that waits; three of the lines signed."""

    def __init__(self, world: World) -> None:
        self.app, self.log = world.app, Log(world.app)
        phone, rival = world.phone(), world.phone(world.second_courier)
        self.coming = world.collected(phone)
        self.going = world.packet(Way.OUT)
        take, echo = phone.scan(self.going, "take"), phone.scan(self.going, "take")
        world.record(take)
        world.record(echo)  # a duplicate
        world.record(rival.scan(world.fresh(self.going), "take"))  # waits: it does not fit
        world.record(phone.scan(world.fresh(self.coming), "miss", reason="nobody_home", next="another_day"))
        self.log.sign()
        world.record(phone.scan(world.fresh(self.coming), "miss", reason="nobody_home", next="another_day"))
        self.log.sign()
        world.record(phone.scan(world.fresh(self.coming), "miss", reason="nobody_home", next="another_day"))
        self.coming, self.going = world.fresh(self.coming), world.fresh(self.going)
        self.numbers = self.coming.number, self.going.number


@pytest.fixture
def ledger(world: World) -> Ledger:
    return Ledger(world)


def test_an_honest_ledger_is_in_order(ledger: Ledger) -> None:
    for options in ([], ["--full"], ["--since", "3"], ["--packet", ledger.numbers[0], "--full"]):
        result = verify(ledger.app, *options, later=timedelta(hours=1))
        assert result.exit_code == 0, result.output
        assert "0 broken, 0 faults of the log" in result.output
    assert "5 lines, 7 scans, 2 checkpoints, 4 lines in the log" in verify(ledger.app).output


@pytest.mark.parametrize("microsecond", [0, 500_000, 7, 123_456])
def test_an_instant_is_read_to_the_microsecond_however_the_server_writes_dates(world: World, microsecond: int) -> None:
    with time_machine.travel(now().replace(microsecond=microsecond), tick=False):
        world.collected(world.phone())
        connection = db.session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL datestyle TO 'SQL, DMY'"))
        assert inspection.inspect(Trust(now()), inside=connection).faults == []


@pytest.mark.parametrize("whole", [True, False])
def test_the_bar_fills_as_the_rows_are_read(ledger: Ledger, whole: bool) -> None:
    told: list[int] = []
    one = None if whole else ledger.coming.id
    assert inspection.inspect(Trust(now()), one, tell=told.append).lines
    assert (len(told) > 2, sum(told)) == (True, inspection.rows_to_look_at(one))
    assert verify(ledger.app).stderr == "Ledger\n", "the bar itself is drawn on a terminal"


def test_an_empty_ledger_is_in_order(app: Flask) -> None:
    result = verify(app)
    assert (result.exit_code, inspection.rows_to_look_at()) == (0, 0)
    assert "remark: there is no key" in result.output


def test_a_packet_is_found_by_number_and_by_code(ledger: Ledger) -> None:
    for name in (ledger.going.number, tokens.b32(ledger.going.code), tokens.b32(ledger.going.code).lower()):
        assert packets.named(name).id == ledger.going.id
        assert "1 packets checked" in verify(ledger.app, "--packet", name).output
    assert verify(ledger.app, "--packet", "HS-261123-999999-9").exit_code != 0


def test_the_root_that_was_printed_can_be_compared(ledger: Ledger) -> None:
    assert f"root of the first 3 lines: {checkpoints.root(3).hex()}" in verify(ledger.app, "--since", "3").output
    result = verify(ledger.app, "--since", "9")
    assert (result.exit_code, "the log once had 9 lines" in result.output) == (1, True)


def test_every_place_that_does_not_hold_is_told_on_a_line_of_its_own(ledger: Ledger) -> None:
    with superuser() as raw:
        raw.execute(of_line(ledger, 2, event="decline"))
        raw.execute(sa.delete(Checkpoint).where(Checkpoint.size == 3))
    result = verify(ledger.app, later=timedelta(minutes=5))
    gone = "log: checkpoint 3: was signed and is gone"
    assert result.output.splitlines()[1:3] == [f"{ledger.numbers[0]}: line 2: changed after it was written", gone]
    assert "2 packets checked, 1 broken, 1 faults of the log\n" in result.output
    one, other = (verify(ledger.app, "--packet", number) for number in ledger.numbers)
    assert [each.exit_code for each in (result, one, other)] == [1, 1, 0]


def of_line(ledger: Ledger, seq: int, **values: object) -> sa.Update:
    return sa.update(Handoff).where(Handoff.packet_id == ledger.coming.id, Handoff.seq == seq).values(values)


def test_signatures_are_checked_when_asked_for(ledger: Ledger) -> None:
    with superuser() as raw:
        signed = sa.select(Handoff.digest).where(Handoff.packet_id == ledger.coming.id, Handoff.seq == 2)
        raw.execute(sa.update(ScanRow).where(ScanRow.digest == signed.scalar_subquery()).values(sig=b"\1" * 64))
    assert verify(ledger.app).exit_code == 0
    result = verify(ledger.app, "--full")
    assert f"{ledger.numbers[0]}: line 2: its scan's signature does not hold" in result.output


def test_a_phones_key_that_was_exchanged_makes_its_scans_false(ledger: Ledger, world: World) -> None:
    other = world.phone(world.second_courier)
    with superuser() as raw:
        raw.execute(sa.update(Device).where(Device.user_id == world.courier.id).values(public_key=other.der))
    assert "line 1: its scan's signature does not hold" in verify(ledger.app, "--full").output


def test_a_tail_that_was_cut_from_every_table_is_remembered_by_the_signer(ledger: Ledger, world: World) -> None:
    """Whoever sets packets, devices and checkpoints back as well has only the signer's file against them."""
    with superuser() as raw:
        cut = sa.select(Leaf.line_id).where(Leaf.n >= 3)
        last = sa.select(Handoff.digest).where(sa.or_(Handoff.id.in_(cut), Handoff.seq == 4))
        digests = raw.scalars(last).all()
        before = raw.execute(
            sa.select(Handoff.hash).where(Handoff.packet_id == ledger.coming.id, Handoff.seq == 2)
        ).scalar_one()
        for table in (Leaf.__table__.c.n >= 3, Checkpoint.__table__.c.size > 3):
            raw.execute(sa.delete(table.left.table).where(table))
        raw.execute(sa.delete(Verdict).where(Verdict.digest.in_(digests)))
        raw.execute(sa.delete(ScanRow).where(ScanRow.digest.in_(digests)))
        raw.execute(sa.delete(Handoff).where(Handoff.digest.in_(digests)))
        raw.execute(sa.update(Packet).where(Packet.id == ledger.coming.id).values(seq=2, line_hash=before))
        raw.execute(sa.update(Device).where(Device.user_id == world.courier.id).values(contiguous=4))
    result = verify(ledger.app, later=timedelta(minutes=5))
    assert result.exit_code == 1
    assert "log: checkpoint 4: was signed and is gone" in result.output
    assert "0 broken, 1 faults of the log" in result.output


def test_a_checkpoint_that_was_signed_a_moment_ago_may_still_be_on_its_way(ledger: Ledger) -> None:
    ledger.log.sequencer()
    ledger.log.signer.look(10_000)  # and the sequencer has not read it yet
    assert verify(ledger.app).exit_code == 0
    assert "checkpoint 5: was signed and is gone" in verify(ledger.app, later=timedelta(minutes=5)).output


@pytest.mark.dialects("sqlite")
def test_a_ledger_is_read_whatever_stands_in_its_cells(ledger: Ledger) -> None:
    for column in ("digest", "follows", "prev_hash", "hash", "recorded_at", "packet_id", "seq", "kind"):
        with superuser() as raw:
            kept = raw.execute(sa.text(f"SELECT id, {column} FROM handoffs ORDER BY id LIMIT 1")).one()
            raw.execute(sa.text(f"UPDATE handoffs SET {column} = CAST(x'ff00fe' AS TEXT) WHERE id = {kept[0]}"))
        result = verify(ledger.app, "--full")
        assert (result.exit_code, type(result.exception)) == (1, SystemExit), (column, result.output)
        with superuser() as raw:
            raw.execute(sa.text(f"UPDATE handoffs SET {column} = :it WHERE id = {kept[0]}"), {"it": kept[1]})
    assert verify(ledger.app, "--full").exit_code == 0
    with superuser() as raw:
        raw.execute(sa.text("UPDATE packets SET code = CAST(x'ff00fe' AS TEXT) WHERE seq = 4"))
    said = verify(ledger.app).output.splitlines()
    assert f"{ledger.numbers[0]}: row: a cell holds what no program of ours wrote" in said


def test_a_line_dated_before_the_one_before_it_is_remarked_and_breaks_nothing(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    for seconds in (0, -5, -60):
        at = MONDAY + timedelta(seconds=seconds)
        world.record(phone.scan(packet, "miss", reason="nobody_home", next="another_day"), at)
    result = verify(world.app)
    assert result.exit_code == 0
    assert f"{packet.number}: line 3: remark: is dated before the line before it" in result.output.splitlines()
    assert "line 2: remark" not in result.output, "that much any two clocks may differ"
