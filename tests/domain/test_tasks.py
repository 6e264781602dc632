"""Tasks: one open task for each thing that happened, whose it is, and by when; on both databases."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import calendar, duties, tasks
from app.domain.calendar import HERE
from app.domain.packets import Packet, Way
from app.domain.tasks import KINDS, Keeper, Task, TaskKind
from app.errors import Missing, Refused
from tests.test_race import rush
from tests.world import MONDAY, World

SEAL = TaskKind.SEAL_MISMATCH
POST_HOURS = [calendar.Opening(day, MONDAY.time().replace(hour=7, minute=30), MONDAY.time().replace(hour=17))
              for day in range(5)]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


def opened(kind: TaskKind, packet: Packet | None = None, when: datetime = MONDAY, **more: object) -> int:
    def once() -> int:
        here = db.session.get_one(Packet, packet.id) if packet else None
        return tasks.raise_(kind, when, packet=here, **more).id  # type: ignore[arg-type]

    return atomically(once)


def the(task_id: int) -> Task:
    db.session.rollback()
    return tasks.get(task_id)


def on(task_id: int, verb: Callable[..., object], *args: object, **more: object) -> None:
    atomically(lambda: verb(tasks.get(task_id), *args, **more))


def test_the_same_thing_is_one_open_task_however_often_it_is_raised(world: World) -> None:
    packet = world.packet()
    first = opened(TaskKind.DISPUTED, packet, why="two_children")
    again = opened(TaskKind.DISPUTED, packet, MONDAY + timedelta(hours=1), claims=3)
    assert again == first
    assert the(first).facts == {"why": "two_children", "claims": 3}
    assert the(first).opened_at == MONDAY
    assert opened(TaskKind.DAMAGED, packet) != first
    assert opened(TaskKind.DISPUTED, world.packet()) != first


def test_closed_it_may_happen_again(world: World) -> None:
    packet = world.packet()
    first = opened(TaskKind.AFTER_CANCEL, packet)
    on(first, tasks.close, "returned_to_citizen", world.act(world.clerk))
    assert opened(TaskKind.AFTER_CANCEL, packet) != first


@pytest.mark.parametrize("kind", [TaskKind.RAW_INBOX, TaskKind.DISPUTED])
def test_the_database_refuses_a_second_open_task_about_the_same_thing(world: World, kind: TaskKind) -> None:
    """Also where packet, scan and device are all NULL."""
    packet = world.packet() if kind is TaskKind.DISPUTED else None
    first = the(opened(kind, packet))
    copy = {c.name: getattr(first, c.name) for c in Task.__table__.columns if c.name != "id"}
    with pytest.raises(sa.exc.IntegrityError):
        atomically(lambda: db.session.add(Task(**copy)))
    on(first.id, lambda task: setattr(task, "closed_at", MONDAY) or setattr(task, "outcome", "looked_at"))
    atomically(lambda: db.session.add(Task(**copy)))


def test_twenty_who_raise_it_at_once_raise_one(app: Flask, world: World) -> None:
    packet_id = world.packet().id

    def once() -> int:
        return atomically(lambda: tasks.raise_(SEAL, MONDAY, packet=db.session.get_one(Packet, packet_id)).id)

    found = rush(app, [once] * 20)
    assert len({one for one in found if isinstance(one, int)}) == 1
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Task)) == 1


def test_a_task_belongs_to_the_office_of_whoever_answers_for_the_packet(world: World) -> None:
    waiting, phone = world.packet(), world.phone()
    at_desk = world.packet(Way.OUT)
    carried = world.collected(phone)
    assert the(opened(TaskKind.OLD_ISSUE, waiting)).office_id == world.post.id  # a citizen's: who serves them
    assert the(opened(TaskKind.OLD_ISSUE, at_desk)).office_id == world.desk.id
    assert the(opened(TaskKind.OLD_ISSUE, carried)).office_id == world.courier.office_id
    assert the(opened(TaskKind.MISSING, at_desk, office_id=world.post.id)).office_id == world.post.id


def test_a_task_without_a_packet_belongs_to_the_office_of_the_device(world: World) -> None:
    phone = world.phone(world.strange_courier)
    gap = the(opened(TaskKind.DEVICE_GAP, device_id=phone.device_id, missing=[4, 5]))
    assert (gap.office_id, gap.facts) == (world.other_post.id, {"missing": [4, 5]})
    stray = phone.scan(world.packet(), "collect", code="7" * 16)
    world.record(stray)
    assert the(opened(TaskKind.HELD, digest=stray.digest)).office_id == world.other_post.id


@pytest.mark.parametrize("kind", [kind for kind, rule in KINDS.items() if rule.keeper is Keeper.SUPERVISOR])
def test_what_an_office_must_not_judge_goes_to_the_supervisors(world: World, kind: TaskKind) -> None:
    assert the(opened(kind, world.collected(world.phone()))).office_id is None


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_has_a_rule_and_a_deadline(world: World, kind: TaskKind) -> None:
    task = the(opened(kind, world.packet()))
    assert MONDAY <= task.take_by <= MONDAY + timedelta(hours=2)
    assert task.take_by < task.due <= MONDAY + timedelta(days=2)  # Tuesday is a holiday


def test_nobody_is_asked_to_take_a_matter_after_it_should_have_been_closed(world: World) -> None:
    """In the evening: the two hours of a visit that was missed run by the clock, the office opens in the morning."""
    at = MONDAY.replace(hour=19)
    task = the(opened(TaskKind.NO_SHOW, world.packet(), at))
    assert task.take_by == task.due == at + timedelta(hours=2)


def test_what_custody_does_not_believe_is_taken_within_a_quarter_of_an_hour(world: World) -> None:
    of_verdicts = {TaskKind.DISPUTED, TaskKind.DOUBTED, *duties.BY_RULING.values(), *duties.BY_WHY.values()}
    assert {kind for kind in of_verdicts if KINDS[kind].take > timedelta(minutes=15)} == set()


def test_names_and_sentences_stay_out_of_the_facts(world: World) -> None:
    task = opened(SEAL, world.packet(), seal="NP0045821", n=3, who="Nguyễn Thị Mơ", phone="+84900000123",
                  list=["ok", "12 đường Mẫu Đơn"], long="x" * 65)  # fmt: skip
    assert the(task).facts == {"seal": "NP0045821", "n": 3}


def test_the_server_lowers_what_has_settled_itself(world: World) -> None:
    packet, other = world.packet(), world.packet()
    first, second = opened(TaskKind.COLLECT_UNPROVEN, packet), opened(TaskKind.COLLECT_UNPROVEN, other)

    def lower() -> int:
        return tasks.lower(TaskKind.COLLECT_UNPROVEN, MONDAY, packet=packet, outcome="attested")

    assert (atomically(lower), atomically(lower)) == (1, 0)
    assert (the(first).closed_at, the(first).closed_by_id, the(first).outcome) == (MONDAY, None, "attested")
    assert the(second).closed_at is None
    with pytest.raises(ValueError, match="about"):
        tasks.lower(TaskKind.COLLECT_UNPROVEN, MONDAY, outcome="attested")


def test_who_takes_a_task_owns_it_until_a_colleague_takes_it_over_on_purpose(world: World) -> None:
    task = opened(TaskKind.DISPUTED, world.packet())
    on(task, tasks.take, world.act(world.clerk))
    with pytest.raises(Refused, match="task_taken"):
        on(task, tasks.take, world.act(world.dispatcher))
    assert the(task).owner_id == world.clerk.id
    later = world.act(world.dispatcher, MONDAY + timedelta(hours=1))
    on(task, tasks.take, later, over=True)
    assert (the(task).owner_id, the(task).taken_at) == (world.dispatcher.id, MONDAY)


def test_of_two_who_take_it_at_once_one_has_it(app: Flask, world: World) -> None:
    task = opened(TaskKind.DISPUTED, world.packet())

    def claim(user_id: str) -> str:
        who = db.session.get_one(type(world.clerk), user_id)
        try:
            on(task, tasks.take, world.act(who))
        except Refused as refusal:
            return refusal.key
        return "mine"

    both = world.clerk.id, world.dispatcher.id
    assert sorted(rush(app, [lambda who=who: claim(who) for who in both])) == ["mine", "task_taken"]  # type: ignore[type-var]


def test_a_closed_task_is_neither_taken_nor_closed_again(world: World) -> None:
    act, task = world.act(world.clerk), opened(TaskKind.SURPLUS, world.packet())
    on(task, tasks.close, "looked_at", act)
    assert (the(task).outcome, the(task).owner_id) == ("looked_at", world.clerk.id)
    for again in (lambda: on(task, tasks.close, "looked_at", act), lambda: on(task, tasks.take, act)):
        with pytest.raises(Refused, match="task_closed"):
            again()


def test_a_dispute_or_a_loss_is_not_closed_by_pressing_a_button(world: World) -> None:
    for kind in (TaskKind.DISPUTED, TaskKind.LOST, TaskKind.DELIVERY_UNVERIFIED):
        with pytest.raises(Refused, match="task_outcome"):
            on(opened(kind, world.packet()), tasks.close, "looked_at", world.act(world.supervisor))


def test_an_opened_bag_is_counted_by_two(world: World) -> None:
    task, act = opened(SEAL, world.packet()), world.act(world.clerk)
    refused = {"task_needs_two": None, "second_same": world.clerk, "second_elsewhere": world.stranger}
    for key, second in [*refused.items(), ("second_elsewhere", world.courier), ("second_elsewhere", world.officer)]:
        with pytest.raises(Refused, match=key):
            on(task, tasks.close, "counted_complete", act, second)
    on(task, tasks.close, "counted_complete", act, world.dispatcher)
    assert the(task).outcome == "counted_complete"


def test_what_a_person_has_looked_at_is_remembered(world: World) -> None:
    packet = world.packet()
    assert not tasks.ever(TaskKind.SURPLUS, packet=packet)
    on(opened(TaskKind.SURPLUS, packet), tasks.close, "looked_at", world.act(world.clerk))
    assert tasks.ever(TaskKind.SURPLUS, packet=packet)
    assert not tasks.ever(TaskKind.SURPLUS, packet=world.packet())
    with pytest.raises(Missing):
        tasks.get(10_000)


@pytest.mark.parametrize(
    ("since", "minutes", "until"),
    [
        ("2026-11-30T09:00", 15, "2026-11-30T09:15"),
        ("2026-11-30T16:50", 15, "2026-12-01T07:35"),  # ten minutes today, five tomorrow
        ("2026-11-30T20:00", 15, "2026-12-01T07:45"),
        ("2026-11-30T20:00", 0, "2026-12-01T07:30"),
        ("2026-12-04T16:50", 15, "2026-12-07T07:35"),  # over the weekend
        ("2026-12-31T16:50", 15, "2027-01-04T07:35"),  # and over New Year's Day
    ],
)
def test_office_time_runs_while_the_office_is_open(world: World, since: str, minutes: int, until: str) -> None:
    assert calendar.office_time_after(at(since), timedelta(minutes=minutes), POST_HOURS) == at(until)


def test_one_working_day_is_the_same_hour_tomorrow(world: World) -> None:
    assert calendar.office_day_after(at("2026-11-30T10:00"), POST_HOURS) == at("2026-12-01T10:00")
    assert calendar.office_day_after(at("2026-12-04T10:00"), calendar.USUAL) == at("2026-12-07T10:00")


def test_a_declared_day_moves_the_deadline(world: World) -> None:
    saturday = at("2026-12-05T08:00")
    atomically(calendar.declare, saturday.date(), True, "make-up day")
    assert calendar.office_time_after(saturday, timedelta(minutes=15), POST_HOURS) == at("2026-12-05T08:15")
    atomically(calendar.declare, saturday.date(), False, "")
    assert calendar.office_time_after(saturday, timedelta(minutes=15), POST_HOURS) == at("2026-12-07T07:45")


def test_an_office_that_opens_on_saturdays_works_on_saturdays(world: World) -> None:
    six = [*POST_HOURS, calendar.Opening(5, POST_HOURS[0].opens, POST_HOURS[0].closes)]
    assert calendar.office_time_after(at("2026-12-05T08:00"), timedelta(minutes=15), six) == at("2026-12-05T08:15")
