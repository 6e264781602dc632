"""Who works here: a link for the password, the last administrator, and what somebody leaves behind."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import custody, dispatch, invitations, people, sessions, staff, tasks, visits, watch
from app.domain.audit import AuditLine
from app.domain.people import Role, User
from app.domain.staff import Standing
from app.domain.tasks import TaskKind
from app.errors import Gone, Invalid, Missing, Refused
from tests.domain.test_money import BANK, paid
from tests.world import MONDAY, World

PASSWORD, PIN = "bốn từ không liên quan", "730194"
FACTS = {"name": "Người Mới", "role": Role.CLERK}


def noted() -> list[str]:
    return list(db.session.scalars(sa.select(AuditLine.action).order_by(AuditLine.id)))


def add(world: World, login: str = "moi1", **over: Any) -> User:
    facts = FACTS | {"office_id": world.post.id} | over
    return atomically(lambda: staff.add(login, act=world.act(world.admin), **facts))


def fresh(person: User) -> User:
    db.session.rollback()
    return db.session.get_one(User, person.id)


def test_somebody_new_comes_in_by_a_link_that_is_good_once(world: World) -> None:
    person = add(world)
    assert staff.standing(person) is Standing.WAITING
    for said in ("", "nobody's password"):  # what an empty hash is compared with
        with pytest.raises(Refused, match="sign_in_wrong"):
            sessions.check_password("moi1", said)
    secret = atomically(invitations.make, person, world.act(world.admin))
    assert len(secret) >= 43 and not db.session.scalar(
        sa.select(invitations.Invitation).filter_by(secret_hash=secret.encode())
    )
    atomically(invitations.accept, secret, PASSWORD, PIN, world.act())
    assert sessions.check_password("moi1", PASSWORD).id == person.id
    assert people.secret_fits(fresh(person).pin_hash, PIN) and staff.standing(fresh(person)) is Standing.AT_WORK
    with pytest.raises(Gone, match="invitation_used"):
        atomically(invitations.accept, secret, PASSWORD, PIN, world.act())
    assert noted()[-4:] == ["hired", "link_made", "sessions_end", "link_used"]


def test_a_link_ends_after_two_days_with_a_newer_one_and_with_the_service(world: World) -> None:
    first, second = (atomically(invitations.make, world.clerk, world.act(world.admin)) for _ in range(2))
    for secret, at, error in (
        (first, MONDAY, "invitation_over"),
        (second, MONDAY + invitations.LIFE, "invitation_over"),
    ):
        with pytest.raises(Gone, match=error):
            invitations.find(secret, at)
    assert invitations.find(second, MONDAY + invitations.LIFE - timedelta(seconds=1)).user_id == world.clerk.id
    with pytest.raises(Missing, match="invitation_unknown"):
        invitations.find("x" * 43, MONDAY)
    atomically(staff.end, world.clerk, world.act(world.admin), knows=False)
    with pytest.raises(Gone, match="invitation_over"):
        invitations.find(second, MONDAY)
    with pytest.raises(Refused, match="service_over"):
        atomically(invitations.make, world.clerk, world.act(world.admin))


def test_the_old_password_counts_until_a_new_one_is_set_and_then_every_session_ends(world: World) -> None:
    secret = atomically(sessions.begin, world.clerk.id, "", world.act(world.clerk))
    link = atomically(invitations.make, world.clerk, world.act(world.admin))
    assert sessions.check_password("clerk1", World.PASSWORD) and sessions.find(secret, MONDAY)
    atomically(invitations.accept, link, PASSWORD, PIN, world.act())
    assert sessions.find(secret, MONDAY) is None
    with pytest.raises(Refused, match="sign_in_wrong"):
        sessions.check_password("clerk1", World.PASSWORD)


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("password", "pin", "error"),
    [
        ("ngắn quá", PIN, "password_short"), ("079123456789", PIN, "password_plain"), ("Clerk1 và clerk2", PIN, "password_plain"),
        ("abababababab", PIN, "password_plain"), (PASSWORD, "", "pin_form"), (PASSWORD, "12345", "pin_form"), (PASSWORD, "١٢٣٤٥٦", "pin_form"),
        (PASSWORD, "111111", "pin_plain"), (PASSWORD, "456789", "pin_plain"), (PASSWORD, "654321", "pin_plain"),
    ],
)  # fmt: skip
def test_what_is_easily_guessed_is_refused_and_the_link_stays_good(
    world: World, password: str, pin: str, error: str
) -> None:
    link = atomically(invitations.make, world.clerk, world.act(world.admin))
    with pytest.raises(Invalid, match=error):
        atomically(invitations.accept, link, password, pin, world.act())
    atomically(invitations.accept, link, PASSWORD, "135790", world.act())


@pytest.mark.dialects("sqlite")
def test_who_never_signs_at_anothers_screen_has_no_pin(world: World) -> None:
    admin = add(world, "admin2", role=Role.ADMIN, office_id=None)
    link = atomically(invitations.make, admin, world.act(world.admin))
    atomically(invitations.accept, link, PASSWORD, None, world.act())
    assert fresh(admin).pin_hash is None


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"login": "clerk1"}, "login_taken"), ({"login": "CLERK1 "}, "login_taken"), ({"login": "Lê Thị"}, "login_form"), ({"login": "x"}, "login_form"),
        ({"role": Role.OFFICER}, "office_of_role"), ({"role": Role.ADMIN}, "office_of_role"), ({"role": Role.COURIER}, "badge_needed"),
        ({"role": Role.COURIER, "badge": "DA-01"}, "badge_taken"), ({"phone": "123"}, "phone_short"), ({"office_id": None}, "office_of_role"),
    ],
)  # fmt: skip
def test_nobody_comes_in_with_what_does_not_fit(world: World, over: dict[str, Any], error: str) -> None:
    facts = {"login": "moi1"} | over
    with pytest.raises(Invalid, match=error):
        add(world, **facts)
    assert "hired" not in noted()


def change(world: World, person: User, by: User | None = None, **over: Any) -> None:
    known = fresh(person)
    facts = {
        "name": known.name,
        "role": known.role,
        "office_id": known.office_id,
        "badge": known.badge,
        "phone": known.phone,
    }
    atomically(lambda: staff.change(known, world.act(by or world.admin), **(facts | over)))


def test_a_clerk_becomes_a_dispatcher_elsewhere_and_what_they_had_taken_goes_back(world: World) -> None:
    task = atomically(tasks.raise_, TaskKind.OLD_ISSUE, MONDAY, packet=world.packet(), office_id=world.post.id)
    atomically(lambda: tasks.take(tasks.get(task.id), world.act(world.clerk)))
    change(world, world.clerk, name="Phạm Thị Ổi Xanh")
    assert tasks.get(task.id).owner_id == world.clerk.id, "a new name changes nothing of the work"
    change(world, world.clerk, role=Role.DISPATCHER)
    assert tasks.get(task.id).owner_id == world.clerk.id, "it is theirs to see as before"
    change(world, world.clerk, office_id=world.other_post.id)
    line = db.session.scalars(
        sa.select(AuditLine).filter_by(action="person_changed").order_by(AuditLine.id.desc())
    ).first()
    assert tasks.get(task.id).owner_id is None and line
    assert line.details == {"changed": ["office_id"], "role": "dispatcher", "office": "PO-2"}, (
        "no name stands in the audit"
    )
    change(world, world.clerk)
    assert noted().count("person_changed") == 3, "nothing changed, nothing is noted"


def test_whoever_gets_another_role_or_office_signs_in_anew(world: World) -> None:
    def signed_in() -> bool:
        db.session.rollback()
        return bool(sessions.living(world.clerk, at=MONDAY))

    atomically(sessions.begin, world.clerk.id, "Firefox", world.act())
    change(world, world.clerk, name="Phạm Thị Ổi Xanh")
    assert signed_in(), "a name changes no rights"
    for over in ({"role": Role.DISPATCHER}, {"office_id": world.other_post.id}):
        change(world, world.clerk, **over)
        assert not signed_in(), over
        atomically(sessions.begin, world.clerk.id, "Firefox", world.act())
    assert signed_in()


def test_nobody_ends_or_demotes_oneself_or_the_last_administrator(world: World) -> None:
    supervisor = {"role": Role.SUPERVISOR, "units": None}
    for verb in (lambda: change(world, world.admin, **supervisor), lambda: atomically(staff.end, world.admin, world.act(world.admin), knows=True),
                 lambda: atomically(invitations.make, world.admin, world.act(world.admin))):  # fmt: skip
        with pytest.raises(Refused, match="not_oneself"):
            verb()
    second = add(world, "admin2", role=Role.ADMIN, office_id=None)
    with pytest.raises(Refused, match="last_admin"):
        change(world, world.admin, second, **supervisor)  # the second cannot sign in yet
    link = atomically(invitations.make, second, world.act(world.admin))
    atomically(invitations.accept, link, PASSWORD, None, world.act())
    change(world, world.admin, second, **supervisor)
    with pytest.raises(Refused, match="last_admin"):
        atomically(staff.end, fresh(second), world.act(), knows=True)  # from the terminal


def test_two_administrators_who_end_each_other_do_not_both_succeed(world: World, app: Flask) -> None:
    second = add(world, "admin2", role=Role.ADMIN, office_id=None)
    atomically(
        invitations.accept, atomically(invitations.make, second, world.act(world.admin)), PASSWORD, None, world.act()
    )
    first_id, second_id, start, ends = world.admin.id, second.id, threading.Barrier(2), list[str]()
    db.session.rollback()

    def strike(by: str, other: str) -> None:
        with app.app_context():
            start.wait()
            try:
                atomically(
                    lambda: staff.end(
                        db.session.get_one(User, other), world.act(db.session.get_one(User, by)), knows=True
                    )
                )
                ends.append("ended")
            except Refused as refusal:
                ends.append(refusal.key)

    threads = [threading.Thread(target=strike, args=pair) for pair in ((first_id, second_id), (second_id, first_id))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["ended", "last_admin"]


def test_a_courier_stays_one_and_moves_with_empty_hands(world: World) -> None:
    packet = world.collected(world.phone())
    for person, role in ((world.courier, Role.CLERK), (world.clerk, Role.COURIER)):
        with pytest.raises(Refused, match="courier_stays"):
            change(world, person, role=role, badge="DA-77")
    with pytest.raises(Refused, match="hands_full"):
        change(world, world.courier, office_id=world.other_post.id)
    change(world, world.second_courier, office_id=world.other_post.id)
    assert fresh(world.second_courier).office_id == world.other_post.id and packet.holder_id == world.courier.party_id


def test_whoever_ends_a_courier_sees_what_is_held_and_none_of_it_is_orphaned(world: World, laws_hold: None) -> None:
    phone = world.phone()
    packet, told = world.collected(phone), paid(world, phone, BANK)
    waiting = visits.open_visit(world.packet().id)
    assert waiting
    atomically(dispatch.assign, world.post, [waiting.id], world.courier.id, world.act(world.dispatcher))
    held = staff.holdings(fresh(world.courier), MONDAY)
    assert {one.id for one in held.packets} == {packet.id, told.id} and [v.id for v in held.visits] == [waiting.id]
    with pytest.raises(Refused, match="still_holds"):
        atomically(staff.end, world.courier, world.act(world.admin), knows=False)
    secret = atomically(sessions.begin, world.courier.id, "", world.act(world.courier))
    atomically(lambda: staff.end(fresh(world.courier), world.act(world.admin), knows=True))
    assert sessions.find(secret, MONDAY) is None and not staff.holdings(fresh(world.courier), MONDAY).phones
    assert world.fresh(packet).holder_id == world.courier.party_id, "custody is moved by scans alone"
    left = list(db.session.scalars(sa.select(tasks.Task).filter_by(kind=TaskKind.LEAVER)))
    assert {(task.packet_id, task.office_id) for task in left} == {(one.id, world.post.id) for one in (packet, told)}
    day = dispatch.day_of(world.post, waiting.slot.day)
    assert waiting.id in {visit.id for visit in day.unassigned}
    atomically(watch.look, MONDAY)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(tasks.Task).filter_by(kind=TaskKind.LEAVER)) == 2, (
        "told once"
    )


def test_a_scan_that_comes_after_the_end_is_looked_after_too(world: World) -> None:
    phone, packet = world.phone(), world.packet()
    scan = phone.scan(packet, "collect", proof=[("CODE", world.code(packet))])
    atomically(staff.end, world.courier, world.act(world.admin, MONDAY + timedelta(hours=1)), knows=False)
    world.record(scan, MONDAY + timedelta(hours=2))
    atomically(custody.admit, scan.digest, world.act(world.supervisor, MONDAY + timedelta(hours=2)))
    assert world.fresh(packet).holder_id == world.courier.party_id
    assert atomically(watch.look, MONDAY + timedelta(hours=2))[TaskKind.LEAVER] == 1
    atomically(staff.bring_back, fresh(world.courier), world.act(world.admin))
    atomically(watch.look, MONDAY + timedelta(hours=3))
    [task] = db.session.scalars(sa.select(tasks.Task).filter_by(kind=TaskKind.LEAVER))
    assert task.outcome == "handed_over"


def test_who_comes_back_needs_a_new_link(world: World) -> None:
    atomically(staff.end, world.clerk, world.act(world.admin), knows=False)
    assert staff.standing(fresh(world.clerk)) is Standing.ENDED
    atomically(staff.bring_back, fresh(world.clerk), world.act(world.admin))
    assert staff.standing(fresh(world.clerk)) is Standing.WAITING
    with pytest.raises(Refused, match="sign_in_wrong"):
        sessions.check_password("clerk1", World.PASSWORD)
    assert noted()[-1] == "brought_back"


@pytest.mark.dialects("sqlite")
def test_people_are_found_by_what_is_known_of_them(world: World) -> None:
    def names(text: str = "", **more: Any) -> list[str]:
        return [one.login for one in staff.found(world.admin, text, **more)]

    assert names("ổi") == names("oi pham") == names("CLERK1") == ["clerk1"] and names("da-0") == [
        "courier2",
        "courier1",
    ]
    assert names(role=Role.CLERK, office_id=world.other_post.id) == ["clerk2"]
    atomically(staff.end, world.clerk, world.act(world.admin), knows=False)
    assert "clerk1" not in names() and names(wanted=Standing.ENDED) == ["clerk1"]
    assert staff.found(world.supervisor) == [], "only administrators look people up"
