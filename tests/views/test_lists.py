"""Lists of what waits: whom they name stands in the log of views, once a dossier, person, page and day."""

from typing import Any

import sqlalchemy as sa

from app.db import atomically, db
from app.domain import desk, visits
from app.domain.audit import ViewLine
from app.domain.packets import Packet, State
from tests.domain.test_desk import submitted
from tests.views.test_results import ready
from tests.world import World


def named(page: str) -> list[tuple[str, int]]:
    db.session.rollback()
    lines = sa.select(ViewLine.user_id, ViewLine.dossier_id).where(ViewLine.page == page).order_by(ViewLine.dossier_id)
    return [tuple(row) for row in db.session.execute(lines)]


def test_the_desks_and_the_post_offices_first_page_log_whom_they_name(world: World, sign_in: Any) -> None:
    packet, other = submitted(world), world.collected(world.phone())
    officer, clerk = sign_in(world.officer), sign_in(world.clerk)
    for _ in range(2):
        assert packet.number in officer.get("/desk/?list=decide").text
        assert other.number in clerk.get("/office/?list=coming").text
    assert named("desk.home") == [(world.officer.id, packet.dossier_id)]
    assert named("office.home") == [(world.clerk.id, other.dossier_id)]
    officer.get("/desk/?list=receive")
    assert named("desk.home") == [(world.officer.id, packet.dossier_id), (world.officer.id, other.dossier_id)]
    sign_in(world.lead).get("/desk/?list=decide")
    assert named("desk.home").count((world.lead.id, packet.dossier_id)) == 1


def test_the_results_page_logs_what_it_shows_of_either_list(world: World, sign_in: Any) -> None:
    first, second = ready(world, 2)
    packet = atomically(desk.send_result, second, world.act(world.officer), "NP0051902", "spoken")
    atomically(lambda: setattr(db.session.get_one(Packet, packet.id), "state", State.AT_DESK))
    page = sign_in(world.officer).get("/desk/results/").text
    assert first.number in page and second.number in page
    assert named("desk.results") == [(world.officer.id, first.id), (world.officer.id, second.id)]


def test_a_dispatchers_day_logs_whose_streets_it_shows(world: World, sign_in: Any) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = visits.current(packet.id)
    assert visit
    client = sign_in(world.dispatcher)
    for _ in range(2):
        assert packet.dossier.citizen.street in client.get(f"/dispatch/{visit.slot.day}").text
    assert named("dispatch.day") == [(world.dispatcher.id, packet.dossier_id)]


def test_a_list_opened_again_writes_nothing(world: World, sign_in: Any) -> None:
    submitted(world)
    client = sign_in(world.officer)
    client.get("/desk/?list=decide")
    said: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda c, cursor, statement, *rest: said.append(statement))
    client.get("/desk/?list=decide")
    assert not [each for each in said if each.startswith(("INSERT", "UPDATE", "BEGIN IMMEDIATE"))]
    assert len([each for each in said if "views_log" in each]) == 1
