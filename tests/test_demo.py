"""The demonstration: every state is there, brought by the real verbs, and one click makes anybody of the cast."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

import routes
from app import language
from app.config import Settings
from app.db import atomically, db
from app.demo import cast, load, scenes
from app.demo.stage import Days
from app.domain import (
    calendar,
    devices,
    dispatch,
    ledger,
    lookups,
    money,
    numbers,
    oversight,
    places,
    remittances,
    tallies,
    tracking,
    visits,
)
from app.domain.calendar import HERE
from app.domain.cases import CaseState
from app.domain.devices import Device
from app.domain.dossiers import Dossier
from app.domain.money import Count, Event, MoneyLine, Word
from app.domain.outbox import Message
from app.domain.packets import Kind, Packet, State, Way
from app.domain.parties import Party
from app.domain.people import Citizen, Role, User
from app.domain.places import Office, OfficeKind
from app.domain.postage import Stream
from app.domain.procedures import Procedure
from app.domain.scans import ScanRow
from app.domain.takings import Waiver
from app.domain.tasks import Task, TaskKind
from app.domain.visits import OPEN, Visit, VisitKind, VisitState
from tests import databases, lending
from tests.conftest import start
from tests.inspecting import faults

pytestmark = pytest.mark.dialects("sqlite")

THURSDAY = datetime(2026, 11, 19, 10, 30, tzinfo=HERE)
SUNDAY = datetime(2026, 11, 22, 8, 0, tzinfo=HERE)
HOLIDAY = datetime(2026, 9, 2, 6, 0, tzinfo=HERE)


def quietly(name: str, done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, empty: str, settings: Settings) -> Iterator[str]:
    """The URL of a database with the demonstration in it, to be copied and never used."""
    with databases.copied(empty, tmp_path_factory.mktemp("demo")) as url:
        for app in start(settings, url):
            assert load.load(THURSDAY, app.extensions["keys"], quietly)
        yield url


@pytest.fixture
def demo(tmp_path: Path, dialect: str, loaded: str, settings: Settings) -> Iterator[Flask]:
    own = databases.copied(loaded, tmp_path) if dialect == "sqlite" else lending.lent(loaded)
    with time_machine.travel(THURSDAY, tick=True), own as url:
        yield from start(settings, url)


def all_packets() -> list[Packet]:
    return list(db.session.scalars(sa.select(Packet).order_by(Packet.id)))


def login(name: str) -> User:
    return db.session.scalars(sa.select(User).filter_by(login=name)).one()


@pytest.mark.dialects("sqlite", "postgresql")
def test_every_state_of_a_dossier_and_of_a_packet_is_there(demo: Flask) -> None:
    assert set(db.session.scalars(sa.select(Dossier.state))) == set(CaseState)
    assert set(db.session.scalars(sa.select(Packet.state))) == set(State)
    assert set(db.session.scalars(sa.select(Packet.kind))) == set(Kind)
    assert set(db.session.scalars(sa.select(Packet.state).filter_by(way=Way.OUT))) > {State.WAITING, State.AT_POST}
    assert set(db.session.scalars(sa.select(visits.Visit.state))) >= {
        VisitState.SCHEDULED, VisitState.ASSIGNED, VisitState.DONE, VisitState.MISSED, VisitState.CANCELLED,
    }  # fmt: skip
    flagged = [packet.flags for packet in all_packets() if packet.flags]
    assert ["collect_unproven"] in flagged


def test_it_is_a_week_of_the_whole_area_and_no_more(demo: Flask) -> None:
    def count(table: type[Any], **which: Any) -> int:
        return db.session.scalar(sa.select(sa.func.count()).select_from(table).filter_by(**which)) or 0

    desks = db.session.scalars(sa.select(Office).filter_by(kind=OfficeKind.DESK))
    assert {desk.ward.name for desk in desks} == {"Dĩ An", "Tân Đông Hiệp", "Đông Hòa"}
    assert (count(Office, kind=OfficeKind.POST), count(Office, kind=OfficeKind.DESK)) == (6, 3)
    assert len(set(db.session.scalars(sa.select(Procedure.code)))) == 15
    assert count(User, role=Role.COURIER) == 8
    assert 55 <= count(Dossier) <= 90
    assert len(set(db.session.scalars(sa.select(Dossier.desk_id)))) == 3
    assert len(set(db.session.scalars(sa.select(Dossier.post_office_id)))) == 6


def test_what_is_lost_for_good_is_said_so_and_promises_nothing_more(demo: Flask) -> None:
    [packet] = [one for one in all_packets() if one.state is State.WRITTEN_OFF]
    told = tracking.story(packet.dossier, THURSDAY)
    assert told.headline == "written_off" and [entry.state for entry in told.entries][-1] == "now"
    assert told.entries[-1].key == "written_off"
    seen = lookups.state_by_number(packet.dossier.number, packet.dossier.citizen.phone[-4:], THURSDAY)
    assert seen and seen.headline == "written_off"
    kinds = db.session.scalars(sa.select(Message.kind).filter_by(phone=packet.dossier.citizen.phone)).all()
    assert "written_off" in kinds and "settled" not in kinds
    page = demo.test_client().get(f"/t/{packet.dossier.secret}").text
    assert "Gói đã mất" in page and "Chịu trách nhiệm về gói" in page and "Phường ký nhận" not in page


def test_the_day_to_plan_is_shared_among_the_couriers(demo: Flask) -> None:
    office = login("dispatcher1").office
    assert office
    day = THURSDAY.date() + timedelta(days=1)
    plan = routes.plan(dispatch.problem(office, day), iterations=50)
    counts = sorted(len(one.stops) for one in plan.rounds)
    assert plan.unplanned == () and len(counts) == 3 and counts[-1] <= sum(counts) / 2, counts


@pytest.mark.dialects("sqlite", "postgresql")
def test_every_packet_has_a_holder_and_an_unbroken_ledger(demo: Flask) -> None:
    packets = all_packets()
    assert len(packets) > 80
    for packet in packets:
        assert faults(packet) == [], packet.number
        assert db.session.get(Party, packet.holder_id)
        moments = [line.recorded_at for line in ledger.lines(packet)]
        assert moments == sorted(moments) and all(packet.created_at <= at <= THURSDAY for at in moments)


def test_the_money_of_the_doors_is_counted_in_the_evening_and_the_wards_fees_are_passed_on(demo: Flask) -> None:
    post, desk = login("clerk1").office, login("desk1").office
    assert post and desk
    lines, counts = list(db.session.scalars(sa.select(MoneyLine))), list(db.session.scalars(sa.select(Count)))
    backwards = {Event.REFUNDED, Event.FEE_BACK, Event.GIVEN_BACK, Event.MADE_GOOD, Event.TAKEN_BACK}
    assert {line.event for line in lines} == set(Event) - backwards - {Event.PAID}
    assert {line.stream for line in lines if line.event is Event.COLLECTED} == set(Stream)
    assert all(line.receipt for line in lines if line.stream is Stream.FEE and line.packet_id)
    assert {count.word for count in counts} == {Word.DEVICE}
    [short] = [count for count in counts if count.reason]
    assert (short.difference, short.reason, short.courier_id) == (-2_000, "wrong_change", login("courier2").id)
    assert {one.courier_id for one in counts} == {login(f"courier{nth}").id for nth in range(1, 9)}
    for count in counts:
        assert (calendar.local(count.at).date(), calendar.local(count.at).hour) == (count.day, 17)
    held = money.purses([who.party_id for who in db.session.scalars(sa.select(User)) if who.party_id])
    assert held.pop(login("courier2").party_id or "").total > 2_000
    assert {purse.total for purse in held.values() if purse.total} <= {52_000, 60_000, 52_000 + 60_000}
    free = list(db.session.scalars(sa.select(Waiver)))
    assert free and all(one.amount in {26_000, 52_000, 34_000, 60_000} for one in free)
    received, waiting = sorted(remittances.of(login("desk1")), key=lambda one: one.id)
    assert received.receipt and waiting.ended_at is None and received.amount > 100_000
    for list_ in (received, waiting):
        assert all(fee.line.at <= list_.at for fee in list_.fees), list_.number
    evening = [count.day for count in counts][-1]
    assert tallies.till(post, evening).came.total == sum(
        line.amount for line in lines if line.taker_id == post.party_id and line.day == evening
    )


def test_numbers_are_test_numbers_and_phones_reach_nobody(demo: Flask) -> None:
    assert all(numbers.is_test(packet.number) for packet in all_packets())
    told = [c.phone for c in db.session.scalars(sa.select(Citizen))] + [
        u.phone for u in db.session.scalars(sa.select(User))
    ]
    assert all(phone and phone.startswith("+84900000") for phone in told)
    assert all(
        d.official_code is None or d.official_code.startswith("H29.999-")
        for d in db.session.scalars(sa.select(Dossier))
    )


def test_courier1_has_a_round_today_and_the_dispatcher_a_day_to_plan(demo: Flask) -> None:
    office = login("dispatcher1").office
    assert office and office.name == "Bưu cục Dĩ An"
    mine = visits.round_of(login("courier1"), THURSDAY.date())
    assert mine and not mine.started_at
    kinds = [visit.kind for visit in mine.visits if visit.state in OPEN]
    assert kinds.count(VisitKind.COLLECT) >= 3 and kinds.count(VisitKind.DELIVER) >= 1
    bag = [v.packet for v in mine.visits if v.kind is VisitKind.DELIVER]
    assert all(packet.holder_id == login("courier1").party_id for packet in bag)
    assert len(dispatch.day_of(office, THURSDAY.date() + timedelta(days=1)).unassigned) >= 12


def test_the_board_of_exceptions_is_worth_seeing(demo: Flask) -> None:
    raised = {task.kind: task for task in db.session.scalars(sa.select(Task))}
    assert {TaskKind.DISPUTED, TaskKind.DELIVERY_UNVERIFIED, TaskKind.DEVICE_GAP, TaskKind.HELD} <= set(raised)
    assert raised[TaskKind.DISPUTED].owner_id == login("dispatcher1").id
    mine = [task for task in raised.values() if task.office_id == login("clerk1").office_id and not task.closed_at]
    assert len(mine) >= 4 and any(task.owner_id is None for task in mine)
    flags = {flag for packet in all_packets() for flag in packet.flags}
    assert flags >= {"seal_mismatch", "collected_after_cancel", "collect_unproven"}


def test_courier1_may_bring_two_phones_and_each_colleague_at_least_one(demo: Flask) -> None:
    assert atomically(load.renew, THURSDAY + timedelta(days=6), demo.extensions["keys"])
    for who in (one.login for one in cast.STAFF if one.login.startswith("courier")):
        living = [device for device in devices.of(login(who)) if device.lives(THURSDAY)]
        assert len(living) <= (0 if who == "courier1" else 1), who


def test_desk1_has_work_of_every_kind(demo: Flask) -> None:
    desk = places.desks_of(places.ward_on("25942", THURSDAY.date()).id)[0]
    mine = list(db.session.scalars(sa.select(Dossier).filter_by(desk_id=desk.id)))
    states = [dossier.state for dossier in mine]
    assert states.count(CaseState.SUBMITTED) >= 3 and states.count(CaseState.RESULT_READY) >= 3
    assert len([d for d in mine if d.state is CaseState.ACCEPTED and d.due_on and d.due_on < THURSDAY.date()]) >= 2
    assert [d for d in mine if d.submitted_at and calendar.today(d.submitted_at) == THURSDAY.date()]
    coming = [p for p in all_packets() if p.way is Way.IN and p.state is State.CARRIED and p.dossier.desk_id == desk.id]
    assert len(coming) >= 4


def test_it_loads_before_work_on_a_holiday_too(app: Flask) -> None:
    with time_machine.travel(HOLIDAY, tick=True):
        assert load.load(HOLIDAY, app.extensions["keys"], quietly)
        mine = visits.round_of(login("courier1"), Days(HOLIDAY).today)
    assert mine and len(mine.visits) >= 4 and calendar.is_working(mine.day) and mine.day == HOLIDAY.date()
    assert faults() == []
    assert max(m.created_at for m in db.session.scalars(sa.select(Message))) <= HOLIDAY


@pytest.mark.dialects("sqlite", "postgresql")
def test_a_second_load_changes_nothing(demo: Flask) -> None:
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Packet))
    assert before and not load.load(THURSDAY, demo.extensions["keys"], quietly)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Packet)) == before


@pytest.mark.dialects("sqlite", "postgresql")
def test_a_load_that_fails_leaves_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(stage: object, hood: str, courier: str, nth: int) -> None:
        raise RuntimeError("tripped")

    broken = (*scenes.FIRST, scenes.Scene("broken", trip, ("Đông Tân",)))
    monkeypatch.setattr(scenes, "SCENES", broken)
    with pytest.raises(RuntimeError, match="tripped"):
        load.load(THURSDAY, app.extensions["keys"], quietly)
    assert not load.is_loaded() and all_packets() == []


@pytest.mark.dialects("sqlite", "postgresql")
def test_the_next_week_there_is_work_again(demo: Flask) -> None:
    later = THURSDAY + timedelta(days=6)
    assert atomically(load.renew, later, demo.extensions["keys"])
    mine = visits.round_of(login("courier1"), later.date())
    assert mine and len(mine.visits) >= 4
    assert not atomically(load.renew, later, demo.extensions["keys"])
    assert faults() == []


def test_who_has_done_all_of_today_finds_more_until_the_day_is_full_and_always_gets_in(demo: Flask) -> None:
    client, counts = demo.test_client(), []
    for _ in range(8):
        over = sa.update(Visit).where(Visit.state.in_(OPEN)).values(state=VisitState.DONE, ended_at=THURSDAY)
        atomically(db.session.execute, over)
        assert client.post("/demo/enter", data={"login": "courier1"}).status_code == 302
        mine = visits.round_of(login("courier1"), THURSDAY.date())
        counts.append(sum(visit.state in OPEN for visit in mine.visits if mine))
    assert counts[0] >= 4 and counts[-1] == 0
    assert faults() == []


def test_on_a_day_off_stepping_into_a_role_opens_the_day(demo: Flask) -> None:
    with time_machine.travel(SUNDAY, tick=True):
        client = demo.test_client()
        assert "tone-stamp" in client.get("/demo/").text
        client.post("/demo/enter", data={"login": "courier1"})
        page = client.get("/demo/").text
        assert "tone-stamp" not in page and "lấy riêng hôm nay làm ngày làm việc" in page
        office = db.session.scalars(sa.select(Office).filter_by(code="824600")).one()
        with demo.test_request_context():
            hours = language.days_of(office)
        assert hours[0].startswith("Hôm nay, Chủ\u00a0Nhật, 22/11: 7:") and len(hours) > 1
    mine = visits.round_of(login("courier1"), SUNDAY.date())
    assert mine and len(mine.visits) >= 4


@pytest.mark.parametrize("who", cast.STAFF, ids=lambda who: who.login)
def test_everybody_of_the_cast_enters_with_one_click_or_with_the_password(demo: Flask, who: cast.Staff) -> None:
    client = demo.test_client()
    entered = client.post("/demo/enter", data={"login": who.login})
    assert entered.status_code == 302 and entered.location == "/start"
    assert "hs=" in entered.headers["Set-Cookie"]
    typed = demo.test_client().post("/sign-in", data={"login": who.login, "password": cast.PASSWORD})
    assert typed.status_code == 302
    assert (login(who.login).pin_hash is not None) == (who.badge is not None)


def test_nobody_but_the_cast_can_be_entered(demo: Flask) -> None:
    stranger = login("desk3")
    stranger.login = "somebody"
    db.session.commit()
    for name in ("somebody", "desk3", "", "root"):
        answer = demo.test_client().post("/demo/enter", data={"login": name})
        assert answer.status_code == 404 and "hs=" not in answer.headers.get("Set-Cookie", "")


def test_the_supervisor_of_one_ward_sees_part_of_what_needs_a_person(demo: Flask) -> None:
    whole, some = (oversight.board(login(name), THURSDAY) for name in ("supervisor1", "supervisor2"))
    assert 0 < some.count < whole.count
    assert {office.code for office in oversight.offices(login("supervisor2"))} <= {"824600", "MC-25942"}


def test_the_page_names_every_role_and_the_tracking_pages(demo: Flask) -> None:
    text = demo.test_client().get("/demo/").text
    assert "lấy riêng hôm nay" not in text and [f">{nth}. " in text for nth in range(1, 12)] == [True] * 10 + [False]
    for name in ("dispatcher1", "courier1", "clerk1", "desk1", "supervisor1", "supervisor2", "admin1", "courier8"):
        assert f'value="{name}"' in text
    assert text.count('href="/t/') == 3
    assert "20/11" in text.replace("\xa0", " ")
    assert demo.test_client().get("/demo").status_code == 308


def test_the_command_loads_once_on_a_sunday_too(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    with time_machine.travel(SUNDAY, tick=True):
        assert "demo load" in app.test_client().get("/demo/").text
        first, second = run(args=["demo", "load"]), run(args=["demo", "load"])
    assert calendar.is_working(SUNDAY.date()) and not calendar.is_working(SUNDAY.date() + timedelta(days=7))
    assert first.exit_code == 0 and cast.PASSWORD in first.output
    assert second.exit_code == 0 and "Already loaded" in second.output
    assert faults() == []


def test_a_phone_of_the_demonstration_was_heard_of_when_its_newest_scan_arrived(demo: Flask) -> None:
    newest = sa.select(ScanRow.device_id, sa.func.max(ScanRow.recorded_at)).group_by(ScanRow.device_id)
    heard = {device.id: device.seen_at for device in db.session.scalars(sa.select(Device)) if device.seen_at}
    assert heard and all(heard[id_] >= at for id_, at in db.session.execute(newest) if id_ in heard)


def test_the_inbox_shows_the_newest_first_with_codes_and_by_phone(demo: Flask) -> None:
    client: FlaskClient = demo.test_client()
    newest = db.session.scalars(sa.select(Message).order_by(Message.created_at.desc())).first()
    assert newest
    code = db.session.scalars(sa.select(Message).filter_by(kind="door_code")).first()
    assert code
    shown = client.get(f"/demo/inbox?phone={code.phone}").text
    assert f'<mark class="code">{code.values["code"]}</mark>' in shown
    assert f'href="/t/{code.values["secret"]}"' in shown
    phones = set(db.session.scalars(sa.select(Message.phone)))
    other = next(p for p in phones if p != code.phone)
    assert other[-3:] not in [word[-3:] for word in shown.split() if word.startswith("0900")]
    number = code.values["number"]
    by_number = client.get(f"/demo/inbox?phone={number.replace('-', ' ').lower()}").text
    told = db.session.scalar(sa.select(sa.func.count()).where(Message.values["number"].as_string() == number))
    assert told and by_number.count('<time class="small soft"') == told
    first = client.get("/demo/inbox").text
    assert "page=2" in first and client.get("/demo/inbox?page=2").status_code == 200
    for odd in ("phone=%25", "phone=abc", "page=-3", "page=x", "phone=" + "9" * 400):
        assert client.get(f"/demo/inbox?{odd}").status_code == 200


def test_without_demo_there_is_no_such_address_and_no_loading(database: str, settings: Settings) -> None:
    for real in start(settings.model_copy(update={"demo": False}), database):
        client = real.test_client()
        for path in ("/demo", "/demo/", "/demo/inbox"):
            assert client.get(path).status_code == 404
        assert client.post("/demo/enter", data={"login": "admin1"}).status_code == 404
        refused = real.test_cli_runner().invoke(args=["demo", "load"])
        assert refused.exit_code == 1 and "Nothing was loaded" in refused.output
        assert not load.is_loaded()


def test_every_post_office_has_its_people(demo: Flask) -> None:
    for office in db.session.scalars(sa.select(Office).filter_by(kind=OfficeKind.POST)):
        staff = set(db.session.scalars(sa.select(User.role).filter_by(office_id=office.id)))
        assert {"courier", "clerk", "dispatcher"} <= staff, office.name
