"""`flask custody verify` recomputes everything: it is content with an honest ledger and names what is not."""

from collections.abc import Callable
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
from tests.world import World


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
    assert result.exit_code == 0
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


LINES, LEAVES, SCANS, NOTES = Handoff.__table__, Leaf.__table__, ScanRow.__table__, Checkpoint.__table__
Change = Callable[[sa.Connection, Ledger], object]


def of_line(seq: int, **values: object) -> Change:
    return lambda raw, it: raw.execute(
        sa.update(Handoff).where(Handoff.packet_id == it.coming.id, Handoff.seq == seq).values(values)
    )


def of_scan(seq: int, **values: object) -> Change:
    digest = sa.select(Handoff.digest).where(Handoff.seq == seq).scalar_subquery()
    return lambda raw, it: raw.execute(
        sa.update(ScanRow).where(ScanRow.digest == digest.where(Handoff.packet_id == it.coming.id)).values(values)
    )


def run(text: str) -> Change:
    return lambda raw, it: raw.execute(sa.text(text))


def change_places(raw: sa.Connection, it: Ledger) -> None:
    """The first two lines of the packet have each other's numbers in the log."""
    first, second = raw.scalars(
        sa.select(Handoff.id).where(Handoff.packet_id == it.coming.id, Handoff.seq <= 2).order_by(Handoff.seq)
    )
    numbers = {line: raw.scalar(sa.select(Leaf.n).filter_by(line_id=line)) for line in (first, second)}
    for line, n in ((first, -1), (second, numbers[first]), (first, numbers[second])):
        raw.execute(sa.update(Leaf).where(Leaf.line_id == line).values(n=n))


NAMED = {
    "a line's event": (of_line(2, event="decline"), "line 2: changed after it was written"),
    "a line's time by a microsecond": (of_line(1, recorded_at=now()), "line 1: changed after it was written"),
    "a line's hash": (of_line(1, hash=b"\0" * 32), "line 1: changed after it was written"),
    "a line's past": (of_line(2, prev_hash=b"\0" * 32), "line 2: does not follow the line before it"),
    "a line that is gone": (
        lambda raw, it: raw.execute(sa.delete(Handoff).where(Handoff.packet_id == it.coming.id, Handoff.seq == 2)),
        "line 2: missing",
    ),
    "two lines that are gone": (
        lambda raw, it: raw.execute(
            sa.delete(Handoff).where(Handoff.packet_id == it.coming.id, Handoff.seq.in_([2, 3]))), "lines 2 to 3: missing",
    ),
    "the last line, gone": (
        lambda raw, it: raw.execute(sa.delete(Handoff).where(Handoff.packet_id == it.coming.id, Handoff.seq == 4)),
        "line 4: the ledger ends before the packet's own mark",
    ),
    "the order of two lines in the log": (lambda raw, it: change_places(raw, it), "line 2: numbered before the line before it"),
    "the packet's mark, set back": (
        lambda raw, it: raw.execute(sa.update(Packet).where(Packet.id == it.coming.id).values(seq=3)),
        "row: the packet's own mark has been set back",
    ),
    "a line's own number": (of_line(1, id=4711), "line 1: its number in the log is gone"),
    "a scan's body": (of_scan(2, body=b"{}"), "line 2: its scan was changed"),
    "a scan that is gone": (
        lambda raw, it: raw.execute(sa.delete(ScanRow).where(ScanRow.digest == sa.select(Handoff.digest).where(
            Handoff.packet_id == it.coming.id, Handoff.seq == 3).scalar_subquery())), "line 3: its scan is gone",
    ),
    "a verdict that is gone": (run("DELETE FROM verdicts"), "line 1: no verdict made it"),
    "the packet's holder": (
        lambda raw, it: raw.execute(sa.update(Packet).where(Packet.id == it.coming.id).values(state="AT_DESK")),
        "row: its state, holder or head is not what its lines say",
    ),
    "a leaf": (run("UPDATE leaves SET leaf_hash = digest FROM handoffs WHERE n = 0 AND handoffs.id = line_id"), "line 1: leaf 0 is not its hash"),
}  # fmt: skip


@pytest.mark.parametrize("what", NAMED)
def test_the_first_broken_line_of_the_packet_is_named(ledger: Ledger, what: str) -> None:
    change, said = NAMED[what]
    with superuser() as raw:
        change(raw, ledger)
    for options in ([], ["--packet", ledger.numbers[0]]):
        result = verify(ledger.app, *options)
        assert result.exit_code == 1
        assert f"{ledger.numbers[0]}: {said}" in result.output.splitlines()


OF_THE_LOG = {
    "a checkpoint's root": ("UPDATE checkpoints SET root = note::bytea WHERE size = 3", "checkpoint 3: its row does not say what was signed"),
    "a checkpoint's note": ("UPDATE checkpoints SET note = note || 'x' WHERE size = 3", "checkpoint 3: is not what the signer signed"),
    "a checkpoint's time": ("UPDATE checkpoints SET at = '2026-01-01 00:00:00.000000'", "checkpoint 3: is not what the signer signed"),
    "a checkpoint's size": ("UPDATE checkpoints SET size = 2 WHERE size = 3", "checkpoint 3: was signed and is gone"),
    "an early checkpoint, gone": ("DELETE FROM checkpoints WHERE size = 3", "checkpoint 3: was signed and is gone"),
    "the newest checkpoint, gone": ("DELETE FROM checkpoints WHERE size = 4", "checkpoint 4: was signed and is gone"),
    "a leaf in the middle, gone": ("DELETE FROM leaves WHERE n = 1", "leaf 1: missing"),
    "the last leaf, gone": ("DELETE FROM leaves WHERE n = 3", "checkpoint 4: the log has only 3 lines"),
    "a leaf of no line": ("UPDATE leaves SET line_id = 4711 WHERE n = 2", "leaf 2: the line it numbers is gone"),
    "a duplicate's scan, gone": (
        "DELETE FROM scans WHERE digest IN (SELECT digest FROM verdicts WHERE verdict = 'duplicate')", "was judged and is gone"),
    "a duplicate, gone with its verdict": (
        "DELETE FROM scans WHERE digest IN (SELECT digest FROM verdicts WHERE verdict = 'duplicate');"
        "DELETE FROM verdicts WHERE verdict = 'duplicate'", "of its first 6 scans are there"),
    "a verdict of a scan that waits": ("DELETE FROM verdicts WHERE verdict = 'held'", "has no verdict"),
    "the first packet's row": ("DELETE FROM packets WHERE seq = 4", "log: packet 1: has lines and no row\n"),
    "the last packet's row": ("DELETE FROM packets WHERE seq = 1", "log: packet 2: has lines and no row\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", OF_THE_LOG)
def test_what_belongs_to_no_line_is_named_too(ledger: Ledger, what: str) -> None:
    statements, said = OF_THE_LOG[what]
    with superuser() as raw:
        for statement in statements.split(";"):
            if db.engine.dialect.name == "sqlite":
                statement = statement.replace("note::bytea", "CAST(note AS BLOB)")
            raw.execute(sa.text(statement))
    result = verify(ledger.app, later=timedelta(minutes=5))
    assert result.exit_code == 1
    assert said in result.output, result.output


def test_signatures_are_checked_when_asked_for(ledger: Ledger) -> None:
    with superuser() as raw:
        of_scan(2, sig=b"\1" * 64)(raw, ledger)
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
    for seconds in (0, -3, -60):
        at = world.act().at + timedelta(seconds=seconds)
        world.record(phone.scan(packet, "miss", reason="nobody_home", next="another_day"), at)
    result = verify(world.app)
    assert result.exit_code == 0
    assert f"{packet.number}: line 3: remark: is dated before the line before it" in result.output
    assert "line 2: remark" not in result.output
