"""What a citizen asks about their own data: by when it is answered, what is done when it is granted, and what refuses it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import worker
from app.db import atomically, db
from app.domain import audit, booking, calendar, petitions, retention
from app.domain.dossiers import Dossier
from app.domain.outbox import Message
from app.domain.people import Role, User, hire
from app.domain.petitions import Channel, Facts, Kind, Petition
from app.domain.tasks import Task, TaskKind
from app.errors import Invalid, Missing, Refused
from tests.domain.test_retention import over
from tests.test_race import rush
from tests.world import MONDAY, World

WORDS, ANSWER = "Tên tôi viết sai, đúng là Mơ", "Đã làm như bác yêu cầu."
DAY = timedelta(days=1)


def asked(world: World, dossier: Dossier, kind: Kind = Kind.CORRECT, at: datetime = MONDAY, words: str = WORDS) -> Any:
    return atomically(petitions.ask, dossier, kind, words, world.act(at=at))


def answered(
    world: World, one: Petition, granted: bool = True, by: User | None = None, at: datetime = MONDAY + DAY, **facts: str
) -> None:
    act = world.act(by or world.supervisor, at)
    atomically(lambda: petitions.answer(db.session.merge(one), granted, ANSWER, act, Facts(**facts)))


def now(one: Any) -> Any:
    db.session.rollback()
    return db.session.get_one(type(one), one.id)


def matter() -> Task | None:
    db.session.rollback()
    return db.session.scalar(sa.select(Task).filter_by(kind=TaskKind.PETITION, closed_at=None))


def told(kind: str) -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.id)))


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize(
    ("at", "kind", "first", "done"),
    [
        # Monday: two working days, the Tuesday is a feast; ten days end on a Thursday
        (datetime(2026, 11, 23, 9, tzinfo=calendar.HERE), Kind.COPY, date(2026, 11, 26), date(2026, 12, 3)),
        # our own line is the same for all, whatever the law would allow
        (datetime(2026, 11, 23, 9, tzinfo=calendar.HERE), Kind.ERASE, date(2026, 11, 26), date(2026, 12, 3)),
        # Friday evening: Monday and Tuesday are the two; the tenth day is a Monday
        (datetime(2026, 11, 27, 23, tzinfo=calendar.HERE), Kind.RESTRICT, date(2026, 12, 1), date(2026, 12, 7)),
        # the tenth day is a Sunday: the next working day
        (datetime(2026, 11, 26, 9, tzinfo=calendar.HERE), Kind.OBJECT, date(2026, 11, 30), date(2026, 12, 7)),
        # Tết: no working day from 15 to 22 February 2026
        (datetime(2026, 2, 13, 9, tzinfo=calendar.HERE), Kind.CORRECT, date(2026, 2, 24), date(2026, 2, 23)),
    ],
)
def test_the_first_answer_has_two_working_days_and_the_last_ten_days(
    world: World, at: datetime, kind: Kind, first: date, done: date
) -> None:
    packet = world.packet()
    atomically(lambda: setattr(db.session.get_one(Dossier, packet.dossier_id), "booked_at", at - DAY))
    one = now(asked(world, packet.dossier, kind, at))
    assert (one.first_by, one.done_by, one.due) == (first, done, min(first, done))
    assert min(petitions.LAW.values()) >= petitions.OURS, "our line is never longer than the law's"


def test_asking_is_told_and_is_a_matter_of_the_supervisors_until_the_last_word(world: World) -> None:
    packet = world.packet()
    one = asked(world, packet.dossier)
    (message,) = told("petition_asked")
    assert (message.phone, message.values["due_on"]) == ("+84900000123", "2026-12-03")
    task = matter()
    assert task and (task.office_id, task.packet_id, task.facts) == (None, packet.id, {"petition": one.id})
    assert calendar.local(task.due).date() == one.first_by and task.take_by < task.due
    act = world.act(world.supervisor, MONDAY + DAY)
    atomically(lambda: petitions.hear(db.session.merge(one), "Đang xem lại sổ.", act))
    task = matter()
    assert task and calendar.local(task.due).date() == now(one).done_by
    answered(world, one, granted=False)
    assert matter() is None and len(told("petition_answered")) == 2
    assert (now(one).granted, now(one).answer, now(one).answered_by_id) == (False, ANSWER, world.supervisor.id)


def test_two_things_asked_are_one_matter_due_with_the_first(world: World) -> None:
    packet = world.packet()
    one = asked(world, packet.dossier)
    other = asked(world, packet.dossier, Kind.COPY, MONDAY + 2 * DAY, "")
    answered(world, one, granted=False)
    task = matter()
    assert task and task.facts == {"petition": other.id} and calendar.local(task.due).date() == other.first_by
    answered(world, other, at=MONDAY + 3 * DAY)
    assert matter() is None


def test_the_same_asked_again_is_the_same_and_other_words_wait(world: World) -> None:
    dossier = world.packet().dossier
    one = asked(world, dossier)
    assert asked(world, dossier).id == one.id and len(told("petition_asked")) == 1
    with pytest.raises(Refused, match="petition_open"):
        asked(world, dossier, words="Số nhà cũng sai")
    with pytest.raises(Invalid, match="petition_words"):
        asked(world, dossier, Kind.OBJECT, words=" ")
    with pytest.raises(Invalid, match="words_long"):
        asked(world, dossier, Kind.OBJECT, words="a" * (petitions.LONGEST + 1))


def test_a_letter_counts_from_the_day_it_came(world: World) -> None:
    dossier = world.packet().dossier
    atomically(lambda: setattr(db.session.get_one(Dossier, dossier.id), "booked_at", MONDAY - 5 * DAY))
    act = world.act(world.admin)
    for wrong in (MONDAY.date() + DAY, MONDAY.date() - 6 * DAY):
        with pytest.raises(Invalid, match="petition_day"):
            atomically(petitions.ask, dossier, Kind.ERASE, "", act, Channel.PAPER, wrong)
    one = atomically(petitions.ask, dossier, Kind.ERASE, "", act, Channel.PAPER, MONDAY.date() - 3 * DAY)
    one = now(one)
    assert (one.first_by, one.entered_by_id, calendar.today(one.asked_at)) == (
        date(2026, 11, 25), world.admin.id, date(2026, 11, 20),
    )  # fmt: skip


def test_what_is_corrected_is_noted_and_another_number_goes_its_own_path(world: World) -> None:
    packet = world.packet()
    one = asked(world, packet.dossier)
    with pytest.raises(Invalid, match="street_form"):
        answered(world, one, street="-")
    assert now(one).answered_at is None and now(packet).dossier.citizen.street == "12 đường Mẫu Đơn"
    was = now(packet).dossier.secret
    answered(world, one, name="Nguyễn  Thị Mai", phone="0900 000 777", street="14 đường Mẫu Đơn")
    who = now(packet).dossier.citizen
    assert (who.name, who.phone, who.street) == ("Nguyễn Thị Mai", "+84900000777", "14 đường Mẫu Đơn")
    assert who.bound_at and now(packet).dossier.secret != was, "the old link has ended"
    assert [one.phone for one in told("phone_left")] == ["+84900000123"]
    assert [one.phone for one in told("petition_answered")] == ["+84900000777"]
    line = db.session.scalars(sa.select(audit.AuditLine).filter_by(action="corrected_person")).one()
    assert line.details == {"changed": ["name", "street", "phone"]}, "which, never what"


def test_a_case_that_goes_on_is_neither_restricted_nor_erased_and_the_refusal_says_why(world: World) -> None:
    for kind in (Kind.RESTRICT, Kind.ERASE):
        one = asked(world, world.collected(world.phone()).dossier, kind)
        with pytest.raises(Refused, match="not_over"):
            answered(world, one)
        assert now(one).answered_at is None and matter() is not None, "nothing of the answer stays"
        answered(world, one, granted=False)
        assert now(one).law == "not_over"


def test_a_granted_restriction_restricts_and_a_contract_is_not_erased_before_its_years(world: World) -> None:
    dossier = over(world)
    one = asked(world, dossier, Kind.RESTRICT)
    with pytest.raises(Refused, match="petition_grantable"):
        answered(world, one, granted=False)
    answered(world, one)
    assert now(dossier).restricted_at == MONDAY + DAY
    answered(world, asked(world, dossier, Kind.RESTRICT, MONDAY + 2 * DAY), at=MONDAY + 3 * DAY)
    assert now(dossier).restricted_at == MONDAY + DAY, "once"
    other = asked(world, dossier, Kind.ERASE, MONDAY + 2 * DAY)
    with pytest.raises(Refused, match="contract_kept"):
        answered(world, other)
    answered(world, other, granted=False)
    assert now(other).law == "contract_kept" and now(dossier).erased_at is None


def test_after_the_laws_years_erasing_is_granted_and_leaves_no_word_of_it(world: World) -> None:
    dossier = over(world)
    atomically(retention.restrict, dossier, world.act(world.admin))
    late = MONDAY + retention.CONTRACT
    one, phone = asked(world, dossier, Kind.ERASE, late), now(dossier).citizen.phone
    with pytest.raises(Refused, match="petition_grantable"):
        answered(world, one, granted=False, at=late)
    answered(world, one, at=late)
    assert now(dossier).erased_at == late and now(dossier).citizen.name == retention.GONE
    assert (now(one).words, now(one).answer, now(one).granted) == ("", retention.GONE, True)
    assert [message.phone for message in told("petition_erased")] == [phone], "who asked hears that it is done"
    with pytest.raises(Refused, match="nothing_kept"):
        asked(world, dossier, Kind.COPY, late)


def test_papers_that_never_left_home_were_no_contract(world: World) -> None:
    dossier = world.packet().dossier
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, dossier.id), world.act()))
    answered(world, asked(world, dossier, Kind.ERASE))
    assert now(dossier).erased_at == MONDAY + DAY


def test_nobody_is_erased_while_something_else_they_ask_waits(world: World) -> None:
    dossier = over(world)
    one, copy = asked(world, dossier, Kind.RESTRICT), asked(world, dossier, Kind.COPY, words="")
    with pytest.raises(Refused, match="petition_others"):
        answered(world, one)
    answered(world, copy)
    answered(world, one)
    assert now(dossier).restricted_at


def test_what_is_asked_keeps_the_dossier_from_being_let_go_of(world: World) -> None:
    dossier = over(world)
    one = asked(world, dossier)
    assert atomically(retention.restrict_due, MONDAY + 2 * retention.AFTER) == 0
    answered(world, one, granted=False)
    assert atomically(retention.restrict_due, MONDAY + 2 * retention.AFTER) == 1


def test_two_who_answer_at_once_leave_one_answer(world: World) -> None:
    one = asked(world, world.packet().dossier)
    db.session.rollback()
    people = (world.supervisor.id, world.admin.id)

    def answer(user_id: str, granted: bool) -> object:
        act = world.act(db.session.get_one(User, user_id), MONDAY + DAY)
        try:
            petition = db.session.get_one(Petition, one.id)
            return atomically(petitions.answer, petition, granted, ANSWER, act)
        except Refused as refusal:
            return refusal.key

    found = rush(world.app, [lambda: answer(people[0], True), lambda: answer(people[1], False)])
    assert sorted(map(str, found)) == ["None", "petition_answered"]
    assert len(told("petition_answered")) == 1
    who = now(one).answered_by_id
    assert (now(one).granted, who) == ((True, people[0]) if who == people[0] else (False, people[1]))
    answered(world, one, granted=now(one).granted, by=db.session.get_one(User, who))
    assert len(told("petition_answered")) == 1, "the same pressed twice is one"


def test_the_same_asked_twice_at_once_is_one(world: World) -> None:
    dossier = world.packet().dossier.id
    db.session.rollback()

    def ask() -> object:
        return atomically(petitions.ask, db.session.get_one(Dossier, dossier), Kind.CORRECT, WORDS, world.act()).id

    assert len(set(rush(world.app, [ask, ask]))) == 1


def test_the_register_shows_each_their_own_the_most_urgent_first(world: World) -> None:
    one, other = asked(world, world.packet().dossier), asked(world, world.packet().dossier, Kind.COPY, MONDAY + DAY, "")
    done = asked(world, world.packet().dossier, Kind.COPY, words="")
    answered(world, done)
    far = [world.other_post, world.other_desk]
    near = atomically(hire, "super7", "Kiều Thị Bơ", Role.SUPERVISOR, None, World.PASSWORD, units=[world.desk])
    stranger = atomically(hire, "super8", "Quách Văn Bí", Role.SUPERVISOR, None, World.PASSWORD, units=far)
    for user in (world.supervisor, world.admin, near):
        assert [each.id for each in petitions.of(db.session.merge(user))] == [one.id, other.id, done.id]
        assert petitions.get(db.session.merge(user), one.id).id == one.id
    assert petitions.of(db.session.merge(stranger)) == []
    with pytest.raises(Missing, match="petition_unknown"):
        petitions.get(db.session.merge(stranger), one.id)
    assert petitions.left(now(one), MONDAY + 4 * DAY) == -1


def test_the_register_keeps_what_came_of_it_for_the_laws_years_and_words_only_while_somebody_is_named(
    world: World,
) -> None:
    packet = world.packet()
    one = asked(world, packet.dossier)
    answered(world, one, granted=False)
    atomically(petitions.let_go, MONDAY + 2 * DAY)
    assert now(one).words == WORDS
    atomically(lambda: retention._erase([packet.dossier_id], MONDAY))
    worker.let_go()
    assert (now(one).words, now(one).answer, now(one).granted) == ("", retention.GONE, False)
    atomically(petitions.let_go, MONDAY + DAY + petitions.KEPT - timedelta(seconds=1))
    assert now(one)
    atomically(petitions.let_go, MONDAY + DAY + petitions.KEPT)
    assert not db.session.scalars(sa.select(Petition)).all()
