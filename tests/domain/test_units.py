"""Several desks in one ward, and supervisors of some offices: each sees what is theirs, and of the rest that it is not there."""

from datetime import time
from typing import Any

import pytest

from app.db import atomically, db
from app.domain import (
    bags,
    booking,
    decisions,
    oversight,
    parties,
    people,
    phones,
    places,
    queues,
    reports,
    scope,
    sessions,
    slips,
    staff,
    tasks,
    visits,
)
from app.domain.booking import Request
from app.domain.devices import Device
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.parties import PartyKind
from app.domain.people import Role, User
from app.domain.places import Neighbourhood, Office, OfficeHours, OfficeKind
from app.domain.reports import By, quarter_of
from app.domain.tasks import TaskKind
from app.errors import Invalid, Missing, Refused
from tests.domain.test_desk import accepted, receive, submitted
from tests.domain.test_upkeep import keep
from tests.world import MONDAY, World


@pytest.fixture
def beside(world: World) -> User:
    """An officer of a second desk of the same ward."""
    return atomically(lambda: _beside(world))


def _beside(world: World) -> User:
    party = parties.new(PartyKind.DESK)
    db.session.flush()
    made = Office(kind=OfficeKind.DESK, code="WD-1B", name="Phường Dĩ An, quầy 2", ward_id=world.desk.ward_id, party_id=party.id,
                  address="2 đường Mẫu", phone="0900 000 001", lat=10.9, lon=106.77, slot_places=0)  # fmt: skip
    db.session.add(made)
    db.session.flush()
    db.session.add(OfficeHours(office_id=made.id, weekday=0, opens=time(7, 30), closes=time(17)))
    return people.hire("desk1b", "Trịnh Thị Hồng Xiêm", Role.OFFICER, made, World.PASSWORD, pin=World.PIN)


@pytest.fixture
def limited(world: World) -> User:
    """A supervisor of the other post office and the other desk."""
    units = [world.other_post, world.other_desk]
    return atomically(people.hire, "supervisor2", "Cao Văn Lê", Role.SUPERVISOR, None, World.PASSWORD, units=units)


@pytest.fixture
def near(world: World) -> User:
    """A supervisor of the first desk alone."""
    return atomically(
        people.hire, "supervisor3", "Mai Thị Mận", Role.SUPERVISOR, None, World.PASSWORD, units=[world.desk]
    )


def booked(world: World, place: Neighbourhood) -> Dossier:
    offer = next(each for each in visits.offers(world.post, MONDAY) if each.left)
    asked = Request(procedure_code="1.004859", name="Nguyễn Văn Mãng Cầu", phone="0900 000 456", ward_id=place.ward_id, neighbourhood_id=place.id,
                    street="3 đường Mẫu", slot_key=offer.key, return_way=ReturnWay.HOME, booking_key=place.name.ljust(32, "k"), consent=True)  # fmt: skip
    return atomically(booking.book, asked, world.act())


# ---- desks of one ward -----------------------------------------------------------------------------------------------


def test_a_ward_has_a_second_desk_and_each_khu_pho_sends_to_one_of_them(world: World, beside: User) -> None:
    other = atomically(lambda: _hood(world))
    assert booked(world, world.neighbourhood).desk_id == world.desk.id, "what is given to none goes to the first"
    second = db.session.get_one(Office, beside.office_id)
    hours = [places.Opening(0, time(7, 30), time(11, 30))]
    keep(world, second, hours, neighbourhoods=[other.id])
    assert booked(world, db.session.get_one(Neighbourhood, other.id)).desk_id == second.id
    keep(world, db.session.get_one(Office, world.desk.id), hours, neighbourhoods=[other.id])
    assert places.desk_of(db.session.get_one(Neighbourhood, other.id)).id == world.desk.id, (
        "given to one, taken from the other"
    )
    stranger = db.session.get_one(Office, world.other_desk.id)
    keep(world, stranger, hours, neighbourhoods=[other.id])
    assert places.desk_of(db.session.get_one(Neighbourhood, other.id)).id == world.desk.id, (
        "of another ward it cannot be"
    )


def _hood(world: World) -> Neighbourhood:
    made = Neighbourhood(name="Nhị Đồng 2", old_ward_id=world.desk.ward_id, ward_id=world.desk.ward_id, post_office_id=world.post.id, lat=10.9, lon=106.77)  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def test_an_officer_of_one_desk_sees_nothing_of_the_other(world: World, beside: User) -> None:
    carried, decided = world.collected(world.phone()), accepted(world)
    assert scope.packet(world.officer, carried.number) and scope.dossier(world.officer, decided.number)
    for look in (lambda: scope.packet(beside, carried.number), lambda: scope.dossier(beside, decided.number)):
        with pytest.raises(Missing, match="packet_unknown"):
            look()
    mine, theirs = (queues.counts(queues.DESK, user, MONDAY) for user in (world.officer, beside))
    assert sum(mine.values()) > 0 and not sum(theirs.values())
    assert scope.search(world.officer, "mơ") and not scope.search(beside, "mơ")
    assert bags.waiting(world.officer, MONDAY) and not bags.waiting(beside, MONDAY)
    assert not db.session.scalars(scope.visits(beside)).all() and not db.session.scalars(scope.tasks(beside)).all()
    assert scope.offices(beside) == {beside.office_id}


def test_the_other_desk_refuses_the_packet_with_the_name_of_the_one_it_is_for(world: World, beside: User) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused) as refusal:
        receive(world, packet, by=beside)
    assert (refusal.value.key, refusal.value.values["desk"]) == ("wrong_ward", "Phường Dĩ An")
    assert world.fresh(packet).holder_id == world.courier.party_id
    slip = slips.token_url(world.fresh(packet), "http://localhost")
    with pytest.raises(Refused) as refusal:
        scope.scanned(beside, slip, world.keys)
    assert (refusal.value.key, refusal.value.values["desk"]) == ("wrong_ward", "Phường Dĩ An")


def test_one_desk_passes_a_dossier_on_to_the_other_and_the_day_of_filing_stays(world: World, beside: User) -> None:
    dossier = submitted(world).dossier
    filed = dossier.submitted_at
    sent = atomically(
        decisions.transfer, dossier, world.act(world.officer), beside.office_id, "not_competent", "NP0045999"
    )
    found = scope.dossier(beside, dossier.number)
    assert (found.desk_id, found.submitted_at) == (beside.office_id, filed)
    with pytest.raises(Missing):
        scope.dossier(world.officer, dossier.number)
    assert scope.packet(world.officer, sent.number), "until it is taken, whoever holds the packet goes on seeing it"


# ---- supervisors -----------------------------------------------------------------------------------------------------


def test_a_supervisor_of_some_offices_sees_nothing_of_others(world: World, limited: User) -> None:
    phone, packet = world.phone(), world.collected(world.phone())
    atomically(tasks.raise_, TaskKind.OLD_ISSUE, MONDAY, packet=packet)
    atomically(tasks.raise_, TaskKind.QUARANTINED, MONDAY, packet=packet)
    atomically(tasks.raise_, TaskKind.RAW_INBOX, MONDAY, device_id=phone.device_id)
    atomically(tasks.raise_, TaskKind.NUMBERS_LOW, MONDAY)
    atomically(sessions.begin, world.clerk.id, "", world.act(world.clerk))
    whole = world.supervisor
    assert len(db.session.scalars(scope.tasks(whole)).all()) == 4 and not db.session.scalars(scope.tasks(limited)).all()
    for rows in (scope.packets, scope.dossiers, scope.visits, scope.phones):
        assert db.session.scalars(rows(whole)).all() and not db.session.scalars(rows(limited)).all(), rows
    assert sum(oversight.counts(whole).values()) == 1 and not sum(oversight.counts(limited).values())
    assert scope.search(whole, "mơ") and not scope.search(limited, "mơ")
    assert oversight.open_count(limited) == 0 and oversight.offices(limited) == []
    assert {one.login for one in db.session.scalars(scope.couriers(limited))} == {"courier9"}
    assert [office.code for office in phones.shelf(limited, None, MONDAY).offices] == ["PO-2"]
    names = {one.login for one in db.session.scalars(scope.staff(limited))}
    assert names == {"supervisor2", "clerk2", "desk2", "courier9"} and not scope.signed_in(limited, MONDAY)
    for look in (lambda: scope.packet(limited, packet.number), lambda: scope.phone(limited, phone.device_id),
                 lambda: scope.colleague(limited, world.clerk.id), lambda: scope.courier(limited, world.courier.id)):  # fmt: skip
        with pytest.raises(Missing):
            look()


def test_a_supervisor_sees_what_is_of_a_unit_wherever_it_is(world: World, near: User, limited: User) -> None:
    packet, device = world.collected(world.phone()), world.phone(world.strange_courier)
    both = [tasks.raise_(kind, MONDAY, packet=packet, office_id=office) for kind, office in ((TaskKind.OLD_ISSUE, world.desk.id), (TaskKind.QUARANTINED, None))]  # fmt: skip
    foreign = tasks.raise_(TaskKind.RAW_INBOX, MONDAY, device_id=device.device_id)
    db.session.flush()
    assert {task.id for task in db.session.scalars(scope.tasks(near))} == {task.id for task in both}
    assert {task.id for task in db.session.scalars(scope.tasks(limited))} == {foreign.id}
    assert (
        scope.packet(near, packet.number) and scope.search(near, "mơ") and db.session.scalars(scope.visits(near)).all()
    )
    assert not db.session.scalars(scope.phones(near)).all(), "the post office is no unit of theirs"
    assert db.session.get_one(Device, device.device_id) in db.session.scalars(scope.phones(limited)).all()


def test_a_packet_a_courier_of_a_unit_holds_is_seen_while_they_hold_it(world: World, limited: User) -> None:
    packet = world.packet()
    world.record(world.phone(world.strange_courier).scan(packet, "collect"))
    assert scope.packet(limited, packet.number)
    with pytest.raises(Missing):
        scope.dossier(limited, packet.dossier.number)


def test_a_report_of_some_offices_adds_up_those_alone(world: World, near: User, limited: User) -> None:
    submitted(world)
    wanted = quarter_of(MONDAY.date())

    def filed(user: User) -> int:
        return reports.over(user, wanted, By.DESK, MONDAY).total["submitted"]

    assert filed(world.supervisor) == filed(near) == 1 and filed(limited) == 0


def test_looking_beyond_ends_at_the_provinces_of_the_units(world: World, limited: User) -> None:
    dossier = world.packet().dossier
    assert [one.id for one in scope.beyond(limited, dossier.number)] == [dossier.id]
    nowhere = atomically(lambda: _moved(limited, []))
    assert scope.beyond(nowhere, dossier.number) == []


def _moved(user: User, units: list[Office]) -> User:
    held = db.session.get_one(User, user.id)
    held.units = units
    return held


def test_a_second_person_is_of_the_office_or_answers_for_it(world: World, near: User, limited: User) -> None:
    people.check_second(world.officer, near)
    people.check_second(near, world.officer)
    people.check_second(world.clerk, world.supervisor)
    for first, second in ((world.officer, limited), (limited, world.clerk), (world.clerk, near)):
        with pytest.raises(Refused, match="second_elsewhere"):
            people.check_second(first, second)


def test_what_a_supervisor_answers_for_is_chosen_by_screen_and_what_they_see_no_longer_goes_back(world: World) -> None:
    act, facts = world.act(world.admin), {"name": "Cao Văn Lê", "role": Role.SUPERVISOR, "office_id": None}
    with pytest.raises(Invalid, match="units_none"):
        atomically(lambda: staff.add("supervisor9", act=act, units=[], **facts))
    made = atomically(lambda: staff.add("supervisor9", act=act, units=[world.desk.id], **facts))
    task = atomically(tasks.raise_, TaskKind.OLD_ISSUE, MONDAY, packet=world.packet(), office_id=world.desk.id)
    atomically(lambda: tasks.take(tasks.get(task.id), world.act(db.session.get_one(User, made.id))))

    def change(**over: Any) -> User:
        atomically(lambda: staff.change(db.session.get_one(User, made.id), world.act(world.admin), **(facts | over)))
        db.session.rollback()
        return db.session.get_one(User, made.id)

    assert change(units=[world.desk.id, world.post.id]).units and tasks.get(task.id).owner_id == made.id
    assert [one.code for one in change(units=[world.other_desk.id]).units] == ["WD-2"] and tasks.get(
        task.id
    ).owner_id is None
    assert change(units=None).oversees_all and not change(role=Role.ADMIN, units=None).oversees_all
    assert staff.has_overseer()
    atomically(staff.end, world.supervisor, world.act(world.admin), knows=False)
    assert not staff.has_overseer()
