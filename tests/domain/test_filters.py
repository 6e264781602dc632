"""Filters of the desk's lists: they narrow, are one person's, have a name and an end."""

import pytest

from app.db import atomically, db
from app.domain import filters, queues
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.filters import MOST, Narrowing
from app.domain.packets import Way
from app.domain.people import User
from app.errors import Invalid, Missing, Refused
from tests.domain.test_desk import accepted, submitted, with_result
from tests.world import MONDAY, World

BIRTH = Narrowing("1.004859")


def shown(world: World, list_: str, says: Narrowing, user: User | None = None) -> list[int]:
    queue, who = queues.DESK[list_], user or world.officer
    rows = [row.packet.dossier_id for row in queues.rows(queue, who, MONDAY, *says.rules)]
    assert queues.count(queue, who, MONDAY, *says.rules) == len(rows)
    return [id_ for id_ in rows if id_ is not None]


def keep(world: World, name: str, says: Narrowing = BIRTH, list_: str = "work", by: User | None = None) -> int:
    return atomically(filters.keep, name, list_, says, world.act(by or world.officer)).id


def test_every_list_is_narrowed_and_an_empty_filter_changes_none(world: World) -> None:
    world.collected(world.phone())
    world.packet(Way.OUT)
    submitted(world), with_result(world)
    held = {list_ for list_ in queues.DESK if shown(world, list_, Narrowing())}
    assert {"receive", "send", "leaving"} < held
    for list_ in queues.DESK:
        assert (
            shown(world, list_, Narrowing()) == shown(world, list_, BIRTH) == shown(world, list_, Narrowing("Hộ tịch"))
        )
        for other in (Narrowing("1.000894"), Narrowing("Đất đai"), Narrowing(way=ReturnWay.POST)):
            assert shown(world, list_, other) == [], (list_, other)


def test_a_list_is_narrowed_by_procedure_field_and_way_together(world: World) -> None:
    home = accepted(world)

    def goes_to_desk() -> None:
        db.session.get_one(Dossier, home.id).return_way = ReturnWay.DESK

    found = next(name for name in ("late", "soon", "work") if shown(world, name, Narrowing()))
    assert shown(world, found, Narrowing("Hộ tịch", ReturnWay.HOME)) == [home.id]
    atomically(goes_to_desk)
    assert shown(world, found, Narrowing("Hộ tịch", ReturnWay.HOME)) == []
    assert shown(world, found, Narrowing("1.004859", ReturnWay.DESK)) == [home.id]
    assert shown(world, found, Narrowing("1.004859", ReturnWay.DESK), world.strange_officer) == []


def test_a_filter_is_one_persons_with_a_name_of_its_own(world: World) -> None:
    made = keep(world, "  Khai   sinh ")
    assert [one.name for one in filters.of(world.officer)] == ["Khai sinh"] and filters.of(world.lead) == []
    for name, error in (("khai sinh", "filter_taken"), ("", "filter_name"), ("x" * 41, "filter_name")):
        with pytest.raises(Invalid, match=error):
            keep(world, name)
    with pytest.raises(Invalid, match="filter_empty"):
        keep(world, "Tất cả", Narrowing())
    with pytest.raises(Invalid, match="filter_list"):
        keep(world, "Lạ", list_="nowhere")
    keep(world, "Khai sinh", by=world.lead)
    for who in (world.lead, world.strange_officer):
        with pytest.raises(Missing, match="filter_unknown"):
            atomically(filters.forget, made, world.act(who))
    atomically(filters.forget, made, world.act(world.officer))
    assert filters.of(world.officer) == [] and len(filters.of(world.lead)) == 1


def test_nobody_keeps_more_than_fit_beside_the_lists(world: World) -> None:
    for nth in range(MOST):
        keep(world, f"Bộ lọc {nth}")
    with pytest.raises(Refused, match="filters_full"):
        keep(world, "Một nữa")
    assert len(filters.of(world.officer)) == MOST
