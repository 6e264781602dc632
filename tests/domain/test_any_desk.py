"""Reception whatever the place of residence (NĐ 118/2025): the citizen chooses the desk, and everything follows it."""

import secrets
from datetime import time
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import (
    bands,
    booking,
    calendar,
    counter,
    day,
    desk,
    postage,
    queues,
    results,
    scope,
    sendings,
    slips,
    sorting,
    visits,
)
from app.domain.booking import Request
from app.domain.calendar import Rule
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.packets import of_dossier
from app.domain.places import Neighbourhood, Office, OfficeHours, Ward
from app.domain.procedures import Procedure, ProvinceRule
from app.errors import Invalid, Missing, Refused
from tests.domain.test_desk import receive
from tests.world import MONDAY, World

HERE = "Hồ Chí Minh"


def free(world: World, **over: Any) -> None:
    """Any desk receives the world's procedure."""
    row = db.session.get_one(Procedure, world.procedure.id)
    for name, value in ({"any_desk": True, "any_desk_basis": "NĐ 118/2025/NĐ-CP"} | over).items():
        setattr(row, name, value)
    db.session.commit()


def offered(world: World) -> list[str]:
    place = db.session.get_one(Neighbourhood, world.neighbourhood.id)
    return [one.code for one in booking.desks_for(db.session.get_one(Procedure, world.procedure.id), place, MONDAY)]


def book(world: World, desk_id: int) -> Dossier:
    place = db.session.get_one(Neighbourhood, world.neighbourhood.id)
    offer = next(each for each in visits.offers(world.post, MONDAY) if each.left)
    asked = Request(
        procedure_code=world.procedure.code, ward_id=place.ward_id, neighbourhood_id=place.id, street="12 đường Mẫu Đơn",
        slot_key=offer.key, name="Nguyễn Thị Mơ", phone="0900 000 123", consent=True, booking_key=secrets.token_hex(20),
        desk_id=desk_id,
    )  # fmt: skip
    return atomically(booking.book, asked, world.act())


def test_the_desk_of_the_address_is_offered_first_and_alone_unless_any_desk_may_receive_it(world: World) -> None:
    assert offered(world) == ["WD-1"]
    free(world)
    assert offered(world) == ["WD-1", "WD-2"]


def test_a_province_that_says_otherwise_is_heard(world: World) -> None:
    rule = ProvinceRule(
        procedure_id=world.procedure.id,
        province=HERE,
        submit_by_post=True,
        return_by_post=True,
        legal_basis="QĐ 1/QĐ-UBND",
    )
    db.session.add(rule)
    free(world)
    assert offered(world) == ["WD-1"]
    rule.any_desk, rule.any_desk_basis = True, "QĐ 2/QĐ-UBND"
    db.session.commit()
    free(world, any_desk=False)
    assert offered(world) == ["WD-1", "WD-2"]


def test_a_desk_without_hours_of_an_ended_ward_or_of_another_province_is_not_offered(world: World) -> None:
    free(world)
    far = db.session.get_one(Ward, world.other_desk.ward_id)
    far.province = "Đồng Nai"
    db.session.commit()
    assert offered(world) == ["WD-1"]
    far.province, far.valid_to = HERE, far.valid_from
    db.session.commit()
    assert offered(world) == ["WD-1"]
    far.valid_to = None
    db.session.execute(sa.delete(OfficeHours).where(OfficeHours.office_id == world.other_desk.id))
    db.session.commit()
    assert offered(world) == ["WD-1"]


@pytest.mark.parametrize("is_free", [False, True])
def test_a_desk_that_is_not_offered_is_refused_and_nothing_is_booked(world: World, is_free: bool) -> None:
    if is_free:
        free(world)
    for desk_id in (world.post.id, 999_999, -1) if is_free else (world.other_desk.id,):
        with pytest.raises(Invalid, match="desk_not_offered") as refusal:
            book(world, desk_id)
        assert refusal.value.values == {"desk": "Phường Dĩ An"}
    assert not list(db.session.scalars(sa.select(Dossier)))
    assert book(world, world.desk.id).desk_id == world.desk.id
    assert book(world, 0).desk_id == world.desk.id


@pytest.mark.usefixtures("laws_hold")
def test_slip_tracking_queue_scope_clock_and_money_follow_the_chosen_desk(world: World) -> None:
    free(world, clock=Rule.CLOCK)
    db.session.execute(sa.update(OfficeHours).filter_by(office_id=world.other_desk.id).values(closes=time(12)))
    db.session.commit()
    plain, made = book(world, 0), book(world, world.other_desk.id)
    (packet,) = of_dossier(made.id)
    assert (made.desk_id, made.post_office_id) == (world.other_desk.id, world.post.id)
    slip = slips.slip_of(packet, "https://x")
    assert slip.recipient.name.endswith("phường Đông Hòa") and slip.sender.name == "Nguyễn Thị Mơ"
    assert [postage.bill_of(one).lines[0].amount for one in (plain, made)] == [26_000, 30_000], "by how far the desk is"
    home, there = made.citizen.ward, made.desk.ward
    assert bands.days(home, there) == 2 and bands.days(home, home) == 1

    packet = world.collected(world.phone(), packet)
    for officer, place in ((world.officer, None), (world.strange_officer, "receive")):
        seen = [row.packet.id for row in queues.rows(queues.DESK["receive"], officer, MONDAY)]
        assert seen == ([packet.id] if place else [])
    with pytest.raises(Refused, match="wrong_ward") as refusal:
        receive(world, packet)
    assert refusal.value.values["desk"] == "Phường Đông Hòa"
    receive(world, world.fresh(packet), by=world.strange_officer)
    packet = world.fresh(packet)
    held, other = packet.dossier, db.session.get_one(Office, world.other_desk.id)
    assert (held.state, packet.holder_id) == (CaseState.SUBMITTED, other.party_id)
    assert scope.dossier(world.strange_officer, held.number).id == held.id
    with pytest.raises(Missing):
        scope.dossier(world.officer, held.number)
    own = db.session.get_one(Office, world.desk.id)
    assert held.counted_from and desk.counted_due(held) == calendar.due(
        held.counted_from, held.procedure.term, other.hours
    )
    assert desk.counted_due(held) != calendar.due(held.counted_from, held.procedure.term, own.hours)
    due = desk.suggested_due(held)
    assert due
    with pytest.raises(Refused, match="wrong_ward"):
        atomically(desk.accept, held, world.act(world.officer), "H29.17-261123-0001", due)
    atomically(desk.accept, held, world.act(world.strange_officer), "H29.17-261123-0001", due)
    atomically(
        desk.ready, held, world.act(world.strange_officer), [{"name": "Kết quả", "form": "original", "sheets": 1}]
    )
    result = atomically(results.send_result, held, world.act(world.strange_officer), "NP0045822", "spoken")
    out = slips.slip_of(world.fresh(result), "https://x")
    assert out.sender.name.endswith("phường Đông Hòa") and out.recipient.name == "Nguyễn Thị Mơ"
    home_visit = visits.open_visit(result.id)
    assert home_visit and home_visit.slot.office_id == world.post.id, "the courier of the address brings it home"


@pytest.mark.usefixtures("laws_hold")
def test_the_phone_names_the_chosen_desk_and_the_post_office_sorts_and_bags_for_it(world: World) -> None:
    free(world)
    (packet,) = of_dossier(book(world, world.other_desk.id).id)
    told = day.packet(packet)
    assert (told["desk"], told["desk_party"]) == ("Phường Đông Hòa", world.other_desk.party_id)
    packet = world.collected(world.phone(), packet)
    atomically(counter.hand_in, packet, world.act(world.clerk), packet.head, "NP 0045 821")
    packet = world.fresh(packet)
    assert sorting.place_of(packet, MONDAY).desk_code == "WD-2"
    assert [one.number for one, _ in sendings.bag(world.clerk, "WD-2", "", MONDAY).pile.packets] == [packet.number]
    with pytest.raises(Missing):
        sendings.bag(world.clerk, "WD-1", "", MONDAY)
