"""What the log and the signer's own file say of each other, word for word."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app import worker
from app.domain import inspection, logbook
from app.domain.checkpoints import Checkpoint, Leaf
from app.domain.logbook import SETTLE
from app.domain.notes import Head, SigningKey
from tests.api.test_checkpoints import Log
from tests.domain.test_inspection import Past
from tests.forging import superuser
from tests.world import World


@pytest.fixture
def past(world: World) -> Past:
    return Past(world)


def test_the_log_once_had_as_many_lines_as_somebody_knows(past: Past) -> None:
    assert past.said(past.look(since=9)) == []
    assert past.said(past.look(since=10)) == ["log: leaf 9: missing: the log once had 10 lines"]


def test_the_signers_own_file_only_grows_and_is_signed(past: Past) -> None:
    three, nine = worker.trust().signed
    other = SigningKey.new("other").sign(Head(5, b"x" * 32)), three[1]

    def said(*signed: tuple[str, datetime]) -> list[str]:
        return past.said(past.look(trust=past.trust(signed=signed)))

    of_file = "log: the signer's file: "
    assert said(three, nine) == said(three) == said() == []
    assert said(nine, three) == [f"{of_file}after 9 lines it says that 3 were signed"]
    assert said(three, three, nine) == [f"{of_file}after 3 lines it says that 3 were signed"]
    assert said(three, ("", nine[1]), nine) == [f"{of_file}is damaged after the note of 3 lines"]
    assert said(three, other, nine) == [f"{of_file}its note of 5 lines is not signed by its key"]


def test_a_note_that_was_exchanged_there_as_well_is_named_in_full(past: Past) -> None:
    three, nine = worker.trust().signed
    forged = f"{three[0].partition(chr(0x2014))[0]}{chr(0x2014)} x AAAA\n"
    trust = past.trust(signed=[(forged, three[1]), nine])
    with superuser() as raw, raw.begin_nested() as undone:
        raw.execute(sa.update(Checkpoint).where(Checkpoint.size == 3).values(note=forged))
        assert past.said(past.look(raw, trust=trust)) == [], "what the signer's file holds word for word is believed"
        assert past.said(past.look(raw, trust=trust, full=True)) == ["log: checkpoint 3: not signed by LOG"]
        assert past.said(past.look(raw, trust=replace(trust, signed=[]))) == ["log: checkpoint 3: not signed by LOG"]
        assert past.said(past.look(raw, trust=replace(trust, key=None), full=True)) == [], "there is no key to ask"
        undone.rollback()


def test_a_note_may_be_on_its_way_for_a_minute(past: Past) -> None:
    _, (note, at) = worker.trust().signed
    with superuser() as raw, raw.begin_nested() as undone:
        raw.execute(sa.delete(Checkpoint).where(Checkpoint.size == 9))
        assert past.said(past.look(raw, trust=past.trust(at=at + SETTLE))) == []
        late = past.trust(at=at + SETTLE + timedelta(microseconds=1))
        assert past.said(past.look(raw, trust=late)) == ["log: checkpoint 9: was signed and is gone"]
        undone.rollback()


def test_of_many_lines_that_are_not_those_that_were_signed_some_are_named(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    with superuser() as raw, raw.begin_nested() as undone:
        raw.execute(sa.update(Leaf).where(Leaf.n == 5).values(leaf_hash=b"x" * 32))
        for most, named in (
            (5, "torn line 1, torn line 2, label line 1 and 1 more"),
            (6, "torn line 1, torn line 2, label line 1, label line 2"),
        ):
            monkeypatch.setattr(logbook, "SUSPECTS", most)
            said = past.said(past.look(raw))
            assert f"log: leaves 3 to 8: are not those that were signed: coming line 3, coming line 4, {named}" in said
        undone.rollback()


def test_a_log_whose_first_checkpoint_is_of_one_line_is_in_order(world: World) -> None:
    log = Log(world.app)
    world.collected(world.phone())
    log.sign()
    report = inspection.inspect(worker.trust())
    assert (report.faults, report.remarks, report.checkpoints) == ([], [], 1)
