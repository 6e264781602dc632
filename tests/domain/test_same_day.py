"""What is for a procedure of the same day goes before others, there and back (QĐ 45/2016 Đ16); nothing else does."""

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import bags, day, queues
from app.domain.packets import Kind, Packet, Way
from app.domain.procedures import Procedure
from tests.domain.test_rounds import give, order, told, visit_of
from tests.world import MONDAY, World

QUICK = "2.000635"  # a copy of what the ward's register says


def of_the_same_day(world: World, packet: Packet) -> Packet:
    """Its dossier is for a procedure that the ward settles on the day it comes."""

    def change() -> None:
        quick = db.session.scalar(sa.select(Procedure).filter_by(code=QUICK))
        if quick is None:
            posted = db.session.get_one(Procedure, world.procedure.id)
            facts = {one.key: getattr(posted, one.key) for one in sa.inspect(Procedure).column_attrs if one.key != "id"}
            quick = Procedure(**facts | {"code": QUICK, "days": 0})
            db.session.add(quick)
            db.session.flush()
        db.session.get_one(Packet, packet.id).dossier.procedure_id = quick.id

    atomically(change)
    return world.fresh(packet)


@pytest.mark.parametrize(
    ("way", "kind", "hurries"),
    [
        (Way.IN, Kind.SUBMISSION, True),
        (Way.IN, Kind.SUPPLEMENT, True),
        (Way.OUT, Kind.RESULT, True),
        (Way.OUT, Kind.RETURNED_PAPERS, False),
    ],
)
def test_papers_and_result_of_the_same_day_hurry_and_papers_given_back_do_not(
    world: World, way: Way, kind: Kind, hurries: bool
) -> None:
    packet = world.packet(way, kind)
    assert not packet.is_same_day, "three working days are not the same day"
    assert of_the_same_day(world, packet).is_same_day is hurries
    assert day.packet(world.fresh(packet), papers=False)["same_day"] is hurries


@pytest.mark.parametrize("way", [Way.IN, Way.OUT])
def test_its_home_is_called_at_before_the_others_of_its_hours(world: World, way: Way) -> None:
    others = [world.packet(way) for _ in range(2)]
    quick = of_the_same_day(world, world.packet(way))
    assert {visit_of(one).slot_id for one in others} == {visit_of(quick).slot_id}
    give(world, world.courier, *others)
    give(world, world.courier, quick)
    assert order(quick, *others) == [1, 2, 3]
    assert told(quick, *others) == ["08:00", "08:08", "08:16"]


def test_it_stands_first_in_the_lists_of_packets_and_of_what_a_courier_hands_in(world: World) -> None:
    phone = world.phone()
    others = [world.collected(phone) for _ in range(2)]
    quick = world.collected(phone, of_the_same_day(world, world.packet()))
    listed = [row.packet.id for row in queues.rows(queues.DESK["receive"], world.officer, MONDAY)]
    assert listed == [quick.id, *(one.id for one in others)]
    for clerk in world.officer, world.clerk:
        bag = bags.of(clerk, world.courier, MONDAY)
        assert [item.packet.id for item in bag.carried] == [quick.id, *(one.id for one in others)]
