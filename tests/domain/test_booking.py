"""Booking: one form, one dossier; the last place goes to one person; nothing moves once the courier is on the way."""

import secrets
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import booking, calendar, codes, drafts, visits
from app.domain.booking import Request
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.drafts import Draft
from app.domain.outbox import Message
from app.domain.packets import State, Way, of_dossier
from app.domain.places import Neighbourhood, Ward
from app.domain.visits import Slot, Visit, VisitState
from app.errors import Invalid, Missing, Refused
from tests.world import MONDAY, World


def form(world: World, **over: Any) -> Request:
    hood = db.session.get_one(Neighbourhood, world.neighbourhood.id)
    offer = next(o for o in visits.offers(world.post, MONDAY) if o.left)
    asked = Request(
        procedure_code=world.procedure.code, ward_id=hood.ward_id, neighbourhood_id=hood.id,
        street="12 đường Mẫu Đơn", slot_key=offer.key, name="Nguyễn Thị Mơ", phone="0900 000 123", consent=True,
        booking_key=secrets.token_hex(20), notes="cổng xanh", call_first=True,
        second_name="Cam", second_phone="0900 000 124",
    )  # fmt: skip
    return replace(asked, **over)


def book(world: World, **over: Any) -> Dossier:
    return atomically(booking.book, form(world, **over), world.act())


def said(kind: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.id)))


def test_a_booking_makes_a_waiting_packet_with_a_slip_a_visit_a_code_and_two_messages(world: World) -> None:
    dossier = book(world)

    (packet,) = of_dossier(dossier.id)
    assert (packet.state, packet.way, packet.holder_id) == (State.WAITING, Way.IN, dossier.citizen.party_id)
    assert packet.number == dossier.number and packet.slip.issue == 1
    assert visits.open_visit(packet.id) is not None
    assert [paper.name for paper in dossier.papers] == ["Tờ khai", "Căn cước", "Học bạ"]  # not what the ward looks up
    assert dossier.desk_id == world.desk.id and dossier.post_office_id == world.post.id
    assert dossier.citizen.phone == "+84900000123" and dossier.citizen.second_phone == "+84900000124"
    (booked,), (door,) = said("booked"), said("door_code")
    assert booked.values["secret"] == dossier.secret and booked.values["day"]
    assert len(door.values["code"]) == 6


def test_the_same_form_sent_twice_is_one_booking(world: World) -> None:
    asked = form(world)
    first = atomically(booking.book, asked, world.act()).id
    assert atomically(booking.book, asked, world.act()).id == first
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Dossier)) == 1
    assert len(said("booked")) == 1


def at_once(world: World, asked: list[Request]) -> list[str]:
    """All of them together, each in its own thread; what each was told."""
    heard: list[str] = []
    gate = threading.Barrier(len(asked))

    def one(request: Request) -> None:
        with world.app.app_context():
            gate.wait()
            try:
                heard.append(atomically(booking.book, request, world.act()).number)
            except Refused as refusal:
                heard.append(refusal.key)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=(request,)) for request in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == len(asked), "a thread died of something else"
    return heard


def test_the_last_place_of_a_slot_goes_to_one_of_many(world: World) -> None:
    first = book(world)
    visit = visits.current(of_dossier(first.id)[0].id)
    assert visit
    slot_id = visit.slot_id
    db.session.execute(sa.update(Slot).where(Slot.id == slot_id).values(taken=Slot.places - 1))
    db.session.commit()
    asked = [form(world) for _ in range(12)]
    db.session.rollback()

    heard = at_once(world, asked)

    assert heard.count("slot_full") == 11
    slot = db.session.get_one(Slot, slot_id, populate_existing=True)
    assert slot.taken == slot.places


def test_the_first_bookings_of_an_empty_day_do_not_trip_over_each_other(world: World) -> None:
    asked = [form(world) for _ in range(6)]
    db.session.rollback()
    heard = at_once(world, asked)
    assert heard.count("slot_full") == 3
    assert len({number for number in heard if number.startswith("HS-")}) == 3


def test_one_form_sent_many_times_at_once_is_one_booking(world: World) -> None:
    asked = form(world)
    db.session.rollback()
    assert len(set(at_once(world, [asked] * 6))) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Dossier)) == 1


@pytest.mark.parametrize(
    ("over", "kind", "key"),
    [
        ({"consent": False}, Invalid, "consent_missing"),
        ({"name": "  "}, Invalid, "name_missing"),
        ({"street": ""}, Invalid, "street_missing"),
        ({"name": "😀😀 12345"}, Invalid, "name_form"),
        ({"name": "😀 Mận"}, Invalid, "text_letter"),
        ({"proxy": "王 Mận"}, Invalid, "text_letter"),
        ({"street": "!!!!"}, Invalid, "street_form"),
        ({"street": "x" * 10_000}, Invalid, "text_long"),
        ({"notes": "x" * 301}, Invalid, "text_long"),
        ({"phone": "0900 000 12"}, Invalid, "phone_short"),
        ({"second_phone": "12"}, Invalid, "phone_short"),
        ({"procedure_code": "1.000894"}, Refused, "procedure_in_person"),
        ({"procedure_code": "9.999999"}, Missing, "procedure_unknown"),
        ({"slot_key": "20200101-0800"}, Missing, "slot_unknown"),
        ({"neighbourhood_id": 999}, Invalid, "neighbourhood_unknown"),
        ({"ward_id": 999}, Invalid, "neighbourhood_unknown"),
    ],
)
def test_a_booking_that_cannot_be_says_why_and_leaves_nothing(
    world: World, over: dict[str, Any], kind: type[Refused], key: str
) -> None:
    with pytest.raises(kind) as refusal:
        book(world, **over)
    assert refusal.value.key == key
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Dossier)) == 0
    assert not list(db.session.scalars(sa.select(Slot)))


def test_an_old_ward_name_finds_its_khu_pho_and_todays_desk(world: World) -> None:
    old = db.session.scalar(sa.select(Ward).filter_by(name="An Bình"))
    assert old
    (place,) = booking.neighbourhoods_named(old, MONDAY)
    dossier = book(world, ward_id=old.id, neighbourhood_id=place.id)
    assert dossier.desk_id == world.desk.id
    assert dossier.citizen.ward.name == "Dĩ An"


def test_wards_of_one_name_are_offered_once_and_lead_to_the_khu_pho_of_both(world: World) -> None:
    from datetime import date

    namesake = Ward(
        code="25957", name="Đông Hòa", province="Bình Dương", valid_from=date(2011, 1, 1), valid_to=date(2025, 6, 30)
    )
    db.session.add(namesake)
    db.session.flush()
    today = db.session.scalar(sa.select(Ward).filter_by(name="Đông Hòa", valid_to=None))
    assert today
    for name, new in (("Tân Hòa", today), ("Đông A", db.session.get_one(Ward, world.desk.ward_id))):
        db.session.add(
            Neighbourhood(
                name=name, old_ward_id=namesake.id, ward_id=new.id, post_office_id=world.post.id, lat=10.9, lon=106.8
            )
        )
    db.session.commit()

    named = [ward for ward in booking.wards_to_name(MONDAY) if ward.name == "Đông Hòa"]
    assert [ward.id for ward in named] == [today.id]
    assert [place.name for place in booking.neighbourhoods_named(today, MONDAY)] == ["Đông A", "Tân Hòa"]


def test_a_result_that_may_not_travel_is_called_for_at_the_desk(world: World) -> None:
    procedure = db.session.merge(world.procedure)
    procedure.return_by_post = False
    db.session.commit()
    assert book(world).return_way is ReturnWay.DESK


def test_a_cancelled_booking_gives_its_place_back_and_says_so(world: World) -> None:
    dossier = book(world)
    atomically(booking.cancel, dossier, world.act())
    assert dossier.state is CaseState.CANCELLED
    assert [slot.taken for slot in db.session.scalars(sa.select(Slot))] == [0]
    assert len(said("cancelled")) == 1
    with pytest.raises(Refused, match="case_cancel"):
        atomically(booking.cancel, dossier, world.act())


def set_out(world: World, dossier: Dossier) -> None:
    visit = visits.open_visit(of_dossier(dossier.id)[0].id)
    assert visit
    visit.state = VisitState.EN_ROUTE
    db.session.commit()


def test_nothing_is_cancelled_or_moved_once_the_courier_is_on_the_way(world: World) -> None:
    dossier = book(world)
    set_out(world, dossier)
    later = visits.offers(world.post, MONDAY)[-1].key
    for verb, args in ((booking.cancel, ()), (booking.rebook, (later,))):
        with pytest.raises(Refused, match="courier_under_way"):
            atomically(verb, dossier, *args, world.act())
    assert dossier.state is CaseState.BOOKED


def test_collected_papers_are_not_cancelled_by_the_link(world: World) -> None:
    packet = world.collected(world.phone())
    with pytest.raises(Refused, match="already_collected"):
        atomically(booking.cancel, packet.dossier, world.act())


def test_moving_a_visit_takes_the_new_place_and_gives_the_old_one_back(world: World) -> None:
    dossier = book(world)
    later = visits.offers(world.post, MONDAY)[-1]
    moved = atomically(booking.rebook, dossier, later.key, world.act())
    assert (moved.slot.day, moved.slot.opens) == (later.day, later.opens)
    assert sorted(slot.taken for slot in db.session.scalars(sa.select(Slot))) == [0, 1]
    assert len(said("rebooked")) == 1


def test_moving_a_visit_to_its_own_time_changes_nothing(world: World) -> None:
    asked = form(world)
    dossier = atomically(booking.book, asked, world.act())
    before = visits.current(of_dossier(dossier.id)[0].id)
    assert atomically(booking.rebook, dossier, asked.slot_key, world.act()) is before
    assert not said("rebooked")


def test_a_missed_visit_is_followed_by_a_second_attempt(world: World) -> None:
    dossier = book(world)
    (packet,) = of_dossier(dossier.id)
    world.on_round(packet)
    atomically(visits.fail, packet, "nobody_home", "another_day", world.courier.id, MONDAY, MONDAY)
    later = visits.offers(world.post, MONDAY)[-1].key
    assert atomically(booking.rebook, dossier, later, world.act()).attempt == 2


def test_a_full_slot_keeps_the_visit_where_it_was(world: World) -> None:
    dossier = book(world)
    later = visits.offers(world.post, MONDAY)[-1]
    for _ in range(3):
        book(world, slot_key=later.key)
    with pytest.raises(Refused, match="slot_full"):
        atomically(booking.rebook, dossier, later.key, world.act())
    visit = visits.open_visit(of_dossier(dossier.id)[0].id)
    assert visit and (visit.slot.day, visit.slot.opens) != (later.day, later.opens)


def test_a_code_sent_again_is_one_more_valid_code(world: World) -> None:
    dossier = book(world)
    (packet,) = of_dossier(dossier.id)
    atomically(booking.resend_code, dossier, world.act())
    (first,), (again,) = said("door_code"), said("code_again")
    for at, message in enumerate((first, again)):
        digest = bytes([at]) * 32
        assert codes.check(packet, Purpose.COLLECT, digest, message.values["code"], world.keys, MONDAY)


def test_no_code_is_sent_when_nothing_is_to_be_proved_or_five_were_wrong(world: World) -> None:
    collected = world.collected(world.phone())
    with pytest.raises(Refused, match="no_code_needed"):
        atomically(booking.resend_code, collected.dossier, world.act())
    dossier = book(world)
    (packet,) = of_dossier(dossier.id)
    for at in range(5):
        codes.check(packet, Purpose.COLLECT, bytes([at]) * 32, "x", world.keys, MONDAY)
    db.session.commit()
    with pytest.raises(Refused, match="code_closed"):
        atomically(booking.resend_code, dossier, world.act())


@pytest.mark.parametrize(
    ("clock", "full", "expected"),
    [
        ((8, 59), 0, (0, 10)),  # an hour and a minute before ten
        ((9, 0), 0, (0, 13)),
        ((8, 59), 1, (0, 13)),  # nobody's place is taken
        ((13, 59), 0, (0, 15)),
        ((14, 0), 0, (1, 8)),  # the next working day
        ((13, 59), 1, (1, 8)),
        ((22, 0), 1, (1, 10)),
    ],
)
def test_a_result_gets_the_first_slot_with_room_that_begins_in_an_hour_or_later(
    world: World, clock: tuple[int, int], full: int, expected: tuple[int, int]
) -> None:
    packet, at = world.packet(Way.OUT), MONDAY.replace(hour=clock[0], minute=clock[1])
    atomically(lambda: [visits.cancel(v, world.act()) for v in db.session.scalars(sa.select(Visit))])
    for one in visits.offers(world.post, at, notice=visits.SOON)[:full]:
        atomically(lambda one=one: [visits.take(world.post, one) for _ in range(one.left)])
    visit = atomically(booking.deliver_visit, packet, world.act(at=at))
    days = [MONDAY.date(), *calendar.working_days_after(MONDAY.date(), 1)]
    assert (days.index(visit.slot.day), visit.slot.opens.hour) == expected
    (message,) = said("result_sent")
    assert message.values["code"] and message.values["day"] == str(visit.slot.day)


def test_answers_of_a_draft_are_kept_for_a_day_under_a_secret_the_table_does_not_know(world: World) -> None:
    secret = atomically(drafts.begin, {"procedure": "1.004859"}, world.act())
    assert atomically(drafts.keep, secret, {"name": "Mơ"}, world.act())
    answers = drafts.get(secret, MONDAY)
    assert answers and answers["name"] == "Mơ" and len(answers["booking_key"]) == 40
    (row,) = db.session.scalars(sa.select(Draft))
    assert secret.encode() not in row.secret_hash
    late = MONDAY + timedelta(hours=24)
    assert drafts.get(secret, late) is None and drafts.get("", MONDAY) is None
    assert not atomically(drafts.keep, secret, {"name": "X"}, world.act(at=late))
    atomically(drafts.begin, {}, world.act(at=late))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 1  # the old one is gone
