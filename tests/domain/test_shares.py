"""A long look divided among processes finds what one finds, at one state of the database."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import signer
from app.db import db, now
from app.domain import inspection, notes, shares
from app.domain.findings import Report
from app.domain.ledger import Handoff
from app.domain.logbook import Trust
from app.domain.shares import Share
from tests.databases import somebody_writes
from tests.tampering import Forger, busy_ledger
from tests.world import World


@pytest.fixture
def look(world: World) -> Callable[[], Report]:
    busy_ledger(world)
    folder: Path = world.app.extensions["settings"].checkpoint_dir

    def inspected() -> Report:
        trust = Trust(now() + timedelta(minutes=5), notes.published(folder), signer.History(folder))
        return inspection.inspect(trust, full=True)

    return inspected


def told(report: Report) -> dict[str, Any]:
    """Everything but which of several truths about a place came first."""
    places = {"remarks": sorted(map(str, report.remarks)), "_places": sorted(report._places, key=str)}
    return vars(report) | places


class Neighbours:
    """Others who do their shares one after another, on the connection of the one who asked."""

    def __init__(self, connection: sa.Connection, work: shares.Work, of: int) -> None:
        self.told: list[int] = []
        self.found = [work(connection, Share(nth, of), self.told.append) for nth in range(1, of)]

    def __enter__(self) -> "Neighbours":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def answers(self) -> list[Any]:
        return self.found

    def read(self) -> int:
        fresh = sum(self.told)
        self.told.clear()
        return fresh


def test_shares_leave_nothing_out_and_tell_nothing_twice(
    look: Callable[[], Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    forger = Forger(20261128)
    for act in range(12):
        with forger.tampered() as (what, _places):
            alone = told(look())
            with monkeypatch.context() as patch:
                patch.setattr(shares, "count", lambda rows, act=act: 2 + act % 3)
                patch.setattr(shares, "others", Neighbours)
                assert told(look()) == alone, what


def test_what_each_of_them_reads_is_told(look: Callable[[], Report], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "count", lambda rows: 3)
    monkeypatch.setattr(shares, "others", Neighbours)
    told: list[int] = []
    assert inspection.inspect(Trust(now()), tell=told.append).holds
    assert sum(told) == inspection.rows_to_look_at()


def test_one_packet_or_what_nobody_else_can_see_is_read_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def others(connection: sa.Connection, work: shares.Work, of: int) -> Neighbours:
        asked.append(of)
        return Neighbours(connection, work, of)

    monkeypatch.setattr(shares, "count", lambda rows: rows + 1)
    monkeypatch.setattr(shares, "others", others)
    inspection.inspect(Trust(now()))
    packet = world.collected(world.phone())
    inspection.inspect(Trust(now()))
    inspection.inspect(Trust(now()), packet.id)
    inspection.inspect(Trust(now()), inside=db.session.connection())
    assert asked == [1, 2, 1, 1], "no line, one line, one packet, one transaction"


def test_processes_find_what_one_finds(look: Callable[[], Report], monkeypatch: pytest.MonkeyPatch) -> None:
    alone = told(look())
    monkeypatch.setattr(shares, "count", lambda rows: 3)
    read: list[int] = []
    assert told(inspection.inspect(Trust(now()), tell=read.append)) | {"remarks": []} == alone | {
        "checkpoints": alone["checkpoints"], "remarks": [],
    }  # fmt: skip
    assert sum(read) > alone["lines"]


def seen(connection: sa.Connection, share: Share, tell: shares.Tell) -> list[int]:
    tell(10)
    return list(connection.scalars(sa.select(sa.func.count()).select_from(Handoff)))


def test_all_of_them_see_the_state_that_was_asked_about(world: World) -> None:
    phone = world.phone()
    world.collected(phone)
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with shares.others(connection, seen, 3) as others:
            world.collected(phone)
            (before,) = seen(connection, Share(), int)
            assert others.answers() == [[before]] * 2
            assert others.read() == 20 and others.read() == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Handoff)) == before + 1


def failing(error: type[Exception], connection: sa.Connection, share: Share, tell: shares.Tell) -> None:
    raise error(f"share {share.nth}")


@pytest.mark.dialects("sqlite")
def test_what_one_of_them_meets_is_raised_by_the_one_who_asked(world: World) -> None:
    with db.engine.connect() as connection:
        with (
            shares.others(connection, partial(failing, LookupError), 2) as others,
            pytest.raises(LookupError, match="share 1"),
        ):
            others.answers()
        assert connection.scalar(sa.text("SELECT 1")) == 1


@pytest.mark.dialects("sqlite")
def test_few_rows_are_read_alone() -> None:
    assert (shares.count(shares.ROWS - 1), shares.count(shares.ROWS)) == (1, len(os.sched_getaffinity(0)))


def edges(low: int, high: int, of: int) -> Iterator[str]:
    for nth in range(of):
        yield str(Share(nth, of).within(sa.column("id"), low, high).compile(compile_kwargs={"literal_binds": True}))


def test_shares_meet_without_a_gap() -> None:
    assert list(edges(1, 10, 1)) == ["true"]
    assert list(edges(0, 9, 3)) == ["id < 3", "id >= 3 AND id < 6", "id >= 6"]


@pytest.mark.dialects("sqlite")
def test_processes_that_begin_together_wait_for_whoever_is_writing(world: World) -> None:
    reader = db.session.connection()
    with somebody_writes(str(db.engine.url.database)):
        shares.Others(reader, lambda *_: None, 1).begin_together(reader)
