"""Staff see what their office has to do with; what lies elsewhere is, for them, not there."""

from datetime import date

import pytest

from app.db import db
from app.domain import numbers, scope
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.visits import Round
from app.errors import Missing
from tests.world import World

SEES = ("officer", "clerk", "dispatcher", "supervisor", "admin")
BLIND = ("stranger", "strange_officer", "strange_courier", "second_courier")


@pytest.mark.parametrize("who", SEES)
def test_who_works_with_a_packet_finds_it_by_its_number(world: World, who: str) -> None:
    packet, user = world.packet(), getattr(world, who)
    assert scope.packet(user, packet.number.lower()).id == packet.id
    assert scope.dossier(user, packet.dossier.number).id == packet.dossier_id
    assert len(db.session.scalars(scope.visits(user)).all()) == 1


@pytest.mark.parametrize("who", BLIND)
def test_a_stranger_gets_the_answer_of_a_number_that_does_not_exist(world: World, who: str) -> None:
    packet, user = world.packet(), getattr(world, who)
    for look in (lambda: scope.packet(user, packet.number), lambda: scope.dossier(user, packet.dossier.number)):
        with pytest.raises(Missing) as elsewhere:
            look()
        assert elsewhere.value.key == "packet_unknown"
    with pytest.raises(Missing) as nowhere:
        scope.packet(user, numbers.own(date(2026, 1, 1), 1))
    assert (elsewhere.value.key, elsewhere.value.values) == (nowhere.value.key, nowhere.value.values)
    assert not db.session.scalars(scope.packets(user)).all()
    assert not db.session.scalars(scope.visits(user)).all()


def test_a_courier_sees_what_they_carry_and_what_their_round_holds(world: World) -> None:
    def seen_by(user: User) -> list[Packet]:
        return list(db.session.scalars(scope.packets(user)))

    carried = world.collected(world.phone(world.second_courier))
    assert [p.id for p in seen_by(world.second_courier)] == [carried.id]
    assert seen_by(world.courier) == []
    packet = world.packet(Way.OUT)
    visit = db.session.scalars(scope.visits(world.dispatcher)).all()[-1]
    visit.round = Round(office_id=world.post.id, courier_id=world.courier.id, day=visit.slot.day)
    db.session.flush()
    assert [p.id for p in seen_by(world.courier)] == [packet.id]
    assert scope.dossier(world.courier, packet.dossier.number)


def test_a_post_office_sees_a_foreign_packet_only_while_its_people_hold_it(world: World) -> None:
    packet = world.packet()
    phone = world.phone(world.strange_courier)
    outcome = world.record(phone.scan(packet, "collect"))
    assert outcome.verdict == "applied"
    assert scope.packet(world.stranger, packet.number).holder_id == phone.party
    with pytest.raises(Missing):
        scope.dossier(world.stranger, packet.dossier.number)
