"""The desk's lists: what waits by urgency, each dossier on one of them (on two when its time runs short while it waits for a
word), counted no further than is worth saying."""

from datetime import date, datetime, time, timedelta

import pytest

from app.db import atomically, db
from app.domain import corrections, queues, scope
from app.domain.calendar import HERE, cut
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.people import User
from tests.domain.test_desk import submitted
from tests.world import MONDAY, World

C = CaseState


def on(world: World, at: datetime = MONDAY, user: User | None = None) -> dict[str, int]:
    db.session.rollback()
    return {name: count for name, count in queues.counts(queues.DESK, user or world.officer, at).items() if count}


def put(dossier: Dossier, **over: object) -> None:
    def change() -> None:
        held = db.session.get_one(Dossier, dossier.id)
        for name, value in over.items():
            setattr(held, name, value)

    atomically(change)


@pytest.mark.parametrize(
    ("came", "looked", "list_"),
    [
        ("2026-11-23 14:59", "2026-11-23 16:00", "decide"),
        ("2026-11-23 15:00", "2026-11-23 16:00", "later"),
        ("2026-11-23 15:00", "2026-11-25 08:00", "decide"),
        ("2026-11-20 16:00", "2026-11-22 10:00", "later"),  # Friday late, looked at on Sunday
        ("2026-11-20 14:00", "2026-11-22 10:00", "decide"),
    ],
)
def test_what_came_before_15_is_for_today_and_what_came_later_for_the_next_day(
    world: World, came: str, looked: str, list_: str
) -> None:
    dossier = submitted(world).dossier
    at = {
        name: datetime.fromisoformat(text).replace(tzinfo=HERE) for name, text in (("came", came), ("looked", looked))
    }
    put(dossier, counted_from=at["came"])
    assert on(world, at["looked"]) == {list_: 1}


@pytest.mark.parametrize(
    ("due_on", "list_"),
    [(date(2026, 11, 20), "late"), (date(2026, 11, 23), "soon"), (date(2026, 11, 26), "soon"), (date(2026, 11, 27), "work"),
     (None, "work")],
)  # fmt: skip
def test_what_is_in_work_is_overdue_due_soon_or_has_time(world: World, due_on: date | None, list_: str) -> None:
    put(submitted(world).dossier, state=C.PROCESSING, due_on=due_on)  # Tuesday 24/11 is a holiday
    assert on(world) == {list_: 1}


@pytest.mark.parametrize(
    ("state", "due_on", "lists"),
    [
        (C.FEE_REQUIRED, date(2026, 11, 20), {"late", "asked"}), (C.STOP_REQUESTED, date(2026, 11, 20), {"late", "decide"}),
        (C.FEE_REQUIRED, date(2026, 11, 25), {"soon", "asked"}), (C.FEE_REQUIRED, date(2026, 11, 27), {"asked"}),
        (C.SUPPLEMENT_REQUIRED, date(2026, 11, 20), {"asked"}),
    ],
)  # fmt: skip
def test_a_fee_or_a_wish_to_stop_hides_no_lateness_and_only_papers_asked_for_stop_the_time(
    world: World, state: CaseState, due_on: date, lists: set[str]
) -> None:
    by = date(2026, 12, 23) if state is C.SUPPLEMENT_REQUIRED else None
    dossier = submitted(world).dossier
    put(dossier, state=state, due_on=due_on, supplement_by=by)
    assert on(world) == dict.fromkeys(lists, 1)
    if by:  # and then a wish to stop: its time stands still all the same
        put(dossier, state=C.STOP_REQUESTED)
        assert on(world) == {"decide": 1}


@pytest.mark.parametrize(("due", "list_"), [(time(8, 59), "late"), (time(9), "soon"), (None, "soon")])
def test_a_receipt_that_names_an_hour_is_overdue_from_then_on(world: World, due: time | None, list_: str) -> None:
    put(submitted(world).dossier, state=C.PROCESSING, due_on=MONDAY.date(), due_time=due)
    assert on(world) == {list_: 1}
    put(db.session.query(Dossier).one(), due_on=date(2026, 11, 25))
    assert on(world) == {"soon": 1}


def test_the_most_urgent_comes_first_whatever_its_state(world: World) -> None:
    days = {C.PROCESSING: 22, C.EXTENDED: 20, C.ACCEPTED: 21}
    for state, day in days.items():
        put(submitted(world).dossier, state=state, due_on=date(2026, 11, day))
    rows = queues.rows(queues.DESK["late"], world.officer, MONDAY)
    assert [row.packet.dossier.state for row in rows] == [C.EXTENDED, C.ACCEPTED, C.PROCESSING]


def test_a_count_ends_where_it_is_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        put(submitted(world).dossier, state=C.PROCESSING)
    monkeypatch.setattr(queues, "COUNTED", 2)
    assert on(world) == {"work": 2}


def test_a_stranger_finds_nothing_on_any_list(world: World) -> None:
    submitted(world)
    assert on(world, user=world.strange_officer) == {}


@pytest.mark.parametrize("text", ["mơ", "MO NGUYEN", "nguyễn thị", "0900 000 123", "+84 900 000 123"])
def test_a_name_is_found_with_accents_or_without_and_a_phone_in_any_form(world: World, text: str) -> None:
    dossier = submitted(world).dossier
    assert scope.search(world.officer, text) == [dossier]
    assert scope.search(world.strange_officer, text) == []


@pytest.mark.parametrize("text", ["ơ", "%", "_", "nguyen van"])
def test_another_name_is_not_found(world: World, text: str) -> None:
    submitted(world)
    assert scope.search(world.officer, text) == []


def test_the_cut_is_15_of_the_newest_working_day(world: World) -> None:
    assert cut(MONDAY + timedelta(days=1)) == datetime(2026, 11, 23, 15, tzinfo=HERE)


def test_page_by_page_every_list_is_the_same_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [
        date(2026, 11, 20),
        None,
        date(2026, 12, 20),
        date(2026, 11, 20),
        date(2026, 11, 25),
        None,
        date(2026, 12, 20),
    ]
    for n, due_on in enumerate(days):
        came = MONDAY.replace(hour=15 if n % 2 else 9) - timedelta(minutes=n // 3)
        facts = {"state": C.SUBMITTED} if n < 3 else {"state": C.PROCESSING if n % 2 else C.ACCEPTED}
        put(submitted(world).dossier, due_on=due_on, counted_from=came, **facts)
        put(submitted(world).dossier, due_on=due_on, state=C.SUPPLEMENT_REQUIRED if n % 2 else C.RESULT_READY)
        world.collected(world.phone(), world.packet())
    whole = {
        name: [row.packet.id for row in queues.rows(queue, world.officer, MONDAY)]
        for name, queue in queues.DESK.items()
    }
    for name in ("receive", "decide", "later", "late", "soon", "work", "asked", "send"):
        assert whole[name], name
    monkeypatch.setattr(queues, "MOST", 1)
    for name, queue in queues.DESK.items():
        paged, after = [], queues.After(0) if name in ("receive", "leaving", "waiting", "back") else None
        while True:
            rows, after = queues.page(queue, world.officer, MONDAY, *([queues.After.read(str(after))] if after else []))
            paged += [row.packet.id for row in rows]
            if after is None:
                break
        assert paged == whole[name], name


def test_what_its_citizen_has_called_off_is_expected_at_no_desk(world: World) -> None:
    stays, goes = (world.collected(world.phone()) for _ in range(2))
    atomically(corrections.call_off, goes, world.act(world.clerk))
    listed = queues.rows(queues.DESK["receive"], world.officer, MONDAY)
    assert [row.packet.id for row in listed] == [stays.id]
    assert queues.count(queues.DESK["receive"], world.officer, MONDAY) == 1
