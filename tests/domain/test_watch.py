"""What time brings to light: raised once, lowered when it has settled, never raised again for what somebody closed."""

import dataclasses
import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import disks, worker
from app.db import atomically, db
from app.domain import (
    audit,
    bodies,
    checkpoints,
    custody,
    dossiers,
    incidents,
    numbers,
    outbox,
    scans,
    tasks,
    visits,
    watch,
)
from app.domain.calendar import HERE
from app.domain.devices import Device
from app.domain.notes import Head, SigningKey
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import Language
from app.domain.tasks import Task, TaskKind
from app.domain.visits import Slot
from tests.domain.test_incidents import close as answered
from tests.domain.test_incidents import heard
from tests.world import MONDAY, Phone, World

HOUR = timedelta(hours=1)


def look(at: datetime = MONDAY) -> int:
    return atomically(watch.look, at).total()


def of(kind: TaskKind) -> list[Task]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Task).filter_by(kind=kind).order_by(Task.id)))


def only(kind: TaskKind) -> Task:
    (task,) = of(kind)
    return task


def close(task: Task, outcome: str, world: World, at: datetime = MONDAY) -> None:
    atomically(lambda: tasks.close(tasks.get(task.id), outcome, world.act(world.clerk, at)))


def test_a_quiet_morning_raises_nothing(world: World) -> None:
    world.collected(world.phone())
    assert look(MONDAY + 48 * HOUR) == 0


def owing(world: World, phone: Phone) -> None:
    """The phone's third scan arrives; its second does not."""
    world.collected(phone)
    phone.n += 1
    world.record(phone.scan(world.packet(), "miss", reason="nobody_home", next="another_day", seal=None))


def test_a_scan_that_does_not_arrive_is_missed_after_two_hours(world: World) -> None:
    phone = world.phone()
    owing(world, phone)
    assert look(MONDAY + 2 * HOUR - timedelta(seconds=1)) == 0
    assert (look(MONDAY + 2 * HOUR), look(MONDAY + 3 * HOUR)) == (1, 0)
    task = only(TaskKind.DEVICE_GAP)
    assert (task.device_id, task.office_id, task.facts) == (phone.device_id, world.post.id, {"missing": [2]})


def test_the_missing_scan_arrives_and_the_task_closes_itself(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    world.collected(phone)
    late = phone.scan(packet, "miss", reason="nobody_home", next="another_day", seal=None)
    world.record(phone.scan(packet, "miss", reason="nobody_home", next="later_today", seal=None))
    look(MONDAY + 2 * HOUR)
    world.record(late, MONDAY + 3 * HOUR)
    look(MONDAY + 3 * HOUR)
    assert (only(TaskKind.DEVICE_GAP).outcome, only(TaskKind.DEVICE_GAP).closed_by_id) == ("scans_arrived", None)


def test_a_gap_somebody_closed_is_not_raised_again_and_a_new_one_is(world: World) -> None:
    phone = world.phone()
    owing(world, phone)
    look(MONDAY + 2 * HOUR)
    close(only(TaskKind.DEVICE_GAP), "device_replaced", world, MONDAY + 3 * HOUR)
    assert look(MONDAY + 30 * HOUR) == 0
    other = world.phone(world.second_courier)
    owing(world, other)
    assert look(MONDAY + 30 * HOUR) == 1


def held(world: World) -> bodies.Scan:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect", parent="ab" * 32)
    assert world.record(scan).why == "parent_unknown"
    return scan


def test_a_scan_whose_parent_does_not_come_is_somebodys_after_twelve_hours(world: World) -> None:
    scan = held(world)
    assert look(MONDAY + 12 * HOUR - timedelta(seconds=1)) == 0
    assert (look(MONDAY + 12 * HOUR), look(MONDAY + 13 * HOUR)) == (1, 0)
    task = only(TaskKind.HELD)
    assert (task.digest, task.facts["why"], task.packet_id is not None) == (scan.digest, "parent_unknown", True)
    close(task, "recorded_anew", world)
    assert look(MONDAY + 48 * HOUR) == 0


def test_a_doubted_scan_that_is_vouched_for_and_finds_no_parent_is_somebodys_again(world: World) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    atomically(lambda: setattr(db.session.get_one(Device, phone.device_id), "revoked_at", MONDAY - HOUR))
    doubted = phone.scan(packet, "take", parent="ab" * 32)
    assert world.record(doubted).why == "device_revoked"
    assert atomically(custody.admit, doubted.digest, world.act(world.supervisor)).why == "parent_unknown"
    assert (only(TaskKind.DOUBTED).outcome, of(TaskKind.HELD)) == ("judged", [])
    assert (look(MONDAY + 12 * HOUR), only(TaskKind.HELD).digest, look(MONDAY + 13 * HOUR)) == (1, doubted.digest, 0)


def test_what_found_its_place_is_lowered(world: World) -> None:
    scan = held(world)
    look(MONDAY + 12 * HOUR)
    atomically(scans.rule, scan.digest, 2, scans.Ruling.DUPLICATE, None, None, MONDAY)
    look(MONDAY + 13 * HOUR)
    assert only(TaskKind.HELD).outcome == "judged"


def test_what_is_not_believed_is_somebodys_at_once(world: World) -> None:
    scan = world.phone().scan(world.packet(), "collect")
    forged = bodies.parse(scan.body, b"x" * 64)
    assert world.record(forged).why == "bad_signature"
    look()
    (task,) = (task for kind in (TaskKind.QUARANTINED, TaskKind.FORGED_SLIP) for task in of(kind))
    assert (task.digest, task.office_id) == (forged.digest, None)
    assert look() == 0


def disputed(world: World) -> Packet:
    packet = world.packet(Way.OUT)
    claims = [world.phone(courier).scan(packet, "take") for courier in (world.courier, world.second_courier)]
    for claim in claims:
        world.record(claim)
    assert world.fresh(packet).state is State.DISPUTED
    return world.fresh(packet)


def test_a_dispute_is_never_without_an_open_task(world: World) -> None:
    packet = disputed(world)
    look()
    task = only(TaskKind.DISPUTED)
    assert (task.packet_id, task.office_id, task.closed_at) == (packet.id, world.desk.id, None)
    assert (look(), len(of(TaskKind.HELD))) == (0, 0)


@pytest.mark.parametrize("proven", [True, False])
def test_a_delivery_has_a_day_to_be_proven(world: World, proven: bool) -> None:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    claim = phone.scan(
        world.fresh(packet), "deliver", giver=phone.party, taker=phone.party, proof=[("WET_CLAIMED", "")]
    )
    world.record(claim)
    look(MONDAY + 24 * HOUR - timedelta(seconds=1))
    already = len(of(TaskKind.DELIVERY_UNVERIFIED))
    look(MONDAY + 24 * HOUR)
    task = only(TaskKind.DELIVERY_UNVERIFIED)
    assert already in (0, 1) and task.due == MONDAY + 24 * HOUR
    if proven:
        atomically(lambda: setattr(db.session.get_one(Packet, packet.id), "state", State.DELIVERED))
    look(MONDAY + 25 * HOUR)
    assert only(TaskKind.DELIVERY_UNVERIFIED).outcome == ("proven" if proven else None)


def test_what_nobody_could_read_is_one_matter_for_each_phone(world: World) -> None:
    phone = world.phone()
    for data, device in ((b"{", phone.device_id), (b"[", phone.device_id), (b"?", None)):
        atomically(scans.keep_raw, data, device, MONDAY)
    look()
    found = {task.device_id: task.facts["count"] for task in of(TaskKind.RAW_INBOX)}
    assert found == {phone.device_id: 2, None: 1}
    for task in of(TaskKind.RAW_INBOX):
        atomically(
            lambda task=task: tasks.close(tasks.get(task.id), "looked_at", world.act(world.supervisor, MONDAY + HOUR))
        )
    assert look(MONDAY + 2 * HOUR) == 0
    atomically(scans.keep_raw, b"!", phone.device_id, MONDAY + 3 * HOUR)
    assert look(MONDAY + 3 * HOUR) == 1


@pytest.mark.dialects("sqlite")
def test_the_end_of_the_item_numbers_is_told_once_a_load_and_again_when_none_is_left(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> list[tuple[int, str | None]]:
        return [(task.facts["left"], task.outcome) for task in of(TaskKind.NUMBERS_LOW)]

    pool = atomically(numbers.load_pool, "RR", 100, 119, MONDAY - HOUR).id
    atomically(lambda: [numbers.take_s10() for _ in range(18)])
    assert look() == 0
    atomically(numbers.take_s10)
    assert (worker.look(), look(MONDAY + HOUR), told()) == (1, 0, [(1, None)])
    (said,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "item numbers" in line]
    assert (said["event"], said["level"], said["count"]) == ("item numbers run out", "warning", 1)
    assert only(TaskKind.NUMBERS_LOW).office_id is None
    atomically(scans.keep_raw, b"?", world.phone().device_id, MONDAY)
    assert worker.look() == 1 and "item numbers" not in capsys.readouterr().err
    atomically(
        lambda: tasks.close(tasks.get(of(TaskKind.NUMBERS_LOW)[0].id), "numbers_asked_for", world.act(world.supervisor))
    )
    assert look(MONDAY + 2 * HOUR) == 0
    atomically(numbers.take_s10)
    assert (look(MONDAY + 3 * HOUR), look(MONDAY + 4 * HOUR)) == (1, 0)
    assert told() == [(1, "numbers_asked_for"), (0, None)]
    atomically(numbers.load_pool, "RR", pool * 1000, pool * 1000 + 999, MONDAY + 4 * HOUR)
    assert (look(MONDAY + 5 * HOUR), told()) == (0, [(1, "numbers_asked_for"), (0, "numbers_loaded")])


@pytest.mark.dialects("sqlite")
def test_a_disk_that_fills_is_told_twice_and_again_after_a_day_and_said_to_be_over(world: World) -> None:
    def told() -> list[list[str | None]]:
        return [[task.outcome for task in of(kind)] for kind in (TaskKind.DISK_FILLS, TaskKind.DISK_FULL)]

    def see(used: int, at: datetime) -> list[list[str | None]]:
        atomically(watch.look, at, used)
        return told()

    assert see(84, MONDAY) == [[], []]
    assert see(85, MONDAY) == see(94, MONDAY + HOUR) == [[None], []]
    assert see(95, MONDAY + HOUR) == see(100, MONDAY + 2 * HOUR) == [[None], [None]]
    assert {task.office_id for task in of(TaskKind.DISK_FULL)} == {None}
    assert look(MONDAY + 2 * HOUR) == 0 and told() == [[None], [None]], "nobody has looked at the disk"
    assert see(93, MONDAY + 2 * HOUR) == [[None], [None]], "it comes and goes about the mark"
    assert see(92, MONDAY + 2 * HOUR) == [[None], ["disk_has_room"]]
    atomically(
        lambda: tasks.close(
            tasks.get(of(TaskKind.DISK_FILLS)[0].id), "reported", world.act(world.supervisor, MONDAY + 3 * HOUR)
        )
    )
    assert see(90, MONDAY + 26 * HOUR)[0] == ["reported"]
    assert see(90, MONDAY + 28 * HOUR)[0] == ["reported", None]
    assert see(82, MONDAY + 29 * HOUR)[0] == ["reported", "disk_has_room"]


@pytest.mark.dialects("sqlite")
def test_the_log_tells_of_a_disk_without_room_before_anything_is_written(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said() -> list[tuple[str, str, int]]:
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "disk" in line]
        return [(line["event"], line["level"], line["count"]) for line in lines]

    monkeypatch.setattr(disks, "measure", lambda _folder: (100, 86, 14))
    assert worker.look() == 1 and said() == [("disk fills up", "warning", 86)]
    assert worker.look() == 0 and said() == []
    monkeypatch.setattr(disks, "measure", lambda _folder: (100, 97, 3))
    monkeypatch.setattr(worker, "atomically", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker.look()
    assert said() == [("disk nearly full", "error", 97)]


def test_homes_nobody_is_late_for_do_not_hide_one_that_was_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many visits of the day are still to come."""
    monkeypatch.setattr(watch, "MOST", 1)
    first, second = (visits.open_visit(world.packet().id) for _ in range(2))
    assert first and second

    def put_off() -> None:
        later = Slot(
            office_id=first.slot.office_id, day=first.slot.day, opens=time(20), closes=time(22), places=1, taken=1
        )
        db.session.add(later)
        first.slot = later

    ends = visits.starts_at(second.slot.day, second.slot.closes)
    atomically(put_off)
    assert look(ends + timedelta(minutes=15)) == 1
    assert only(TaskKind.NO_SHOW).packet_id == second.packet_id


def test_a_home_nobody_came_to_is_a_matter_of_the_post_office_wherever_the_packet_lies(
    world: World, sign_in: Any
) -> None:
    """A sealed result still at the desk: only the post can send somebody."""
    packet = world.packet(Way.OUT)
    visit = visits.open_visit(packet.id)
    assert visit and packet.holder_id == world.desk.party_id
    look(visits.starts_at(visit.slot.day, visit.slot.closes) + timedelta(minutes=15))
    task = only(TaskKind.NO_SHOW)
    assert task.office_id == visit.slot.office_id == world.post.id
    assert sign_in(world.clerk).get(f"/exceptions/{task.id}").status_code == 200
    assert sign_in(world.dispatcher).get(f"/exceptions/{task.id}").status_code == 200


def test_a_citizen_who_has_not_heard_is_a_matter_once_for_each_time_and_a_courier_is_none(world: World) -> None:
    packet = world.packet()

    def give_up(at: datetime) -> None:
        dossier = db.session.get_one(Packet, packet.id).dossier
        dossiers.tell(dossier, "lost", at)
        outbox.say("+84900000555", "lost_between", at, Language.VI, number=packet.number)
        outbox.say(outbox.NOBODY, "view_code", at, Language.VI, number=dossier.number, secret=dossier.secret)
        db.session.flush()
        for message in db.session.scalars(sa.select(Message).filter_by(given_up_at=None)):
            outbox.failed(message.id, "HTTP 400", at + outbox.PATIENCE + HOUR)

    def matters(at: datetime) -> int:
        look(at)
        return len(of(TaskKind.UNHEARD))

    atomically(dossiers.tell, packet.dossier, "lost", MONDAY)
    atomically(lambda: outbox.failed(db.session.scalars(sa.select(Message.id)).one(), "HTTP 400", MONDAY + HOUR))
    assert matters(MONDAY + 2 * HOUR) == 0, "tried still"
    atomically(give_up, MONDAY)
    later = MONDAY + outbox.PATIENCE + 2 * HOUR
    assert [matters(later), matters(later + HOUR)] == [1, 1]
    task = only(TaskKind.UNHEARD)
    assert (task.packet_id, task.office_id) == (packet.id, world.post.id)
    atomically(lambda: tasks.close(db.session.merge(task), "citizen_told", world.act(world.clerk, later + 2 * HOUR)))
    assert matters(later + 3 * HOUR) == 1, "told is told"
    atomically(give_up, later)
    assert matters(later + outbox.PATIENCE + 2 * HOUR) == 2


@pytest.mark.dialects("sqlite")
def test_a_log_that_nobody_signs_for_a_day_is_told_and_said_to_be_over_when_it_is_signed(world: World) -> None:
    def told() -> list[str | None]:
        return [task.outcome for task in of(TaskKind.LOG_UNSIGNED)]

    def sign() -> None:
        atomically(checkpoints.sequence)
        size = checkpoints.size()
        atomically(checkpoints.adopt, key.sign(Head(size, checkpoints.root(size))), key.log_key, at)

    key, at, phone = SigningKey.new("localhost/ledger"), MONDAY, world.phone()
    packet = world.collected(phone)
    assert look(MONDAY + 30 * HOUR) == 0, "nothing says that the service has run so long"
    sign()
    assert look(MONDAY + 60 * HOUR) == 0, "nothing has happened since"
    world.record(phone.scan(packet, "miss", reason="nobody_home", next="another_day"), MONDAY + HOUR)
    assert (look(MONDAY + 20 * HOUR), told()) == (0, [])
    assert (look(MONDAY + 26 * HOUR), told()) == (1, [None])
    atomically(checkpoints.sequence)
    assert (look(MONDAY + 27 * HOUR), told()) == (0, [None]), "numbered and not signed"
    at = MONDAY + 28 * HOUR
    sign()
    assert (look(MONDAY + 29 * HOUR), told()) == (0, ["log_signed"])


@pytest.mark.dialects("sqlite")
def test_a_log_that_was_never_signed_is_told_a_day_after_the_first_night(world: World) -> None:
    world.collected(world.phone())
    night = world.act(None, MONDAY + 10 * HOUR)
    atomically(audit.note, "laws_checked", "night", night, raised=0)
    assert look(MONDAY + 30 * HOUR) == 0
    assert look(MONDAY + 35 * HOUR) == 1 and only(TaskKind.LOG_UNSIGNED).office_id is None


def test_an_incident_file_is_somebodys_from_the_working_day_before_its_answer_and_again_before_it_is_paid(
    world: World,
) -> None:
    incident = heard(world)  # on Monday the 23rd: answered by Tuesday, 1 December
    morning = {day: datetime(2026, 11, 23, 8, tzinfo=HERE) + timedelta(days=day) for day in range(40)}
    assert (look(morning[4]), of(TaskKind.FILE_DUE)) == (0, [])  # Friday: the weekend comes between
    assert (look(morning[7]), look(morning[7] + HOUR)) == (1, 0)
    task = only(TaskKind.FILE_DUE)
    assert (task.office_id, task.facts, task.due) == (
        world.post.id,
        {"file": incident.number},
        datetime(2026, 12, 1, 17, tzinfo=HERE),
    )
    answered(world, incident)
    assert look(morning[7] + 2 * HOUR) == 0
    assert only(TaskKind.FILE_DUE).outcome == "file_answered"
    assert look(morning[28]) == 0  # paid by Wednesday, 23 December: Monday
    assert look(morning[29]) == 1
    late = dataclasses.replace(world.act(world.clerk), at=morning[32])
    assert incident.compensation
    atomically(incidents.pay, incident, late, incident.compensation + 900)
    assert look(morning[32]) == 0
    assert [one.outcome for one in of(TaskKind.FILE_DUE)] == ["file_answered"] * 2
