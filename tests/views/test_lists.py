"""Lists of what waits: whom they name stands in the log of views, once a dossier, person, page and day; every row is reached."""

import html
import re
import secrets
from datetime import time, timedelta
from typing import Any

import sqlalchemy as sa
import time_machine

from app.db import atomically, db, now, random_id
from app.domain import calendar, packets, queues, results, visits
from app.domain.audit import ViewLine
from app.domain.cases import AT_WORK, CaseState
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State
from app.domain.parties import Party, PartyKind
from app.domain.people import Citizen
from bench.ground import row
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
    packet = atomically(results.send_result, second, world.act(world.officer), "NP0051902", "spoken")
    atomically(lambda: setattr(db.session.get_one(Packet, packet.id), "state", State.AT_DESK))
    page = sign_in(world.officer).get("/desk/results/").text
    assert first.number in page and second.number in page
    assert named("desk.results") == [(world.officer.id, first.id), (world.officer.id, second.id)]


def test_the_round_sheets_log_whom_they_name(world: World, sign_in: Any) -> None:
    packet, over = world.packet(), world.packet()
    world.on_round(packet)
    world.on_round(over, world.second_courier)
    atomically(lambda: setattr(visits.current(over.id), "state", visits.VisitState.MISSED))
    day = visits.current(packet.id).slot.day  # type: ignore[union-attr]
    with time_machine.travel(visits.starts_at(day, time(12)), tick=True):
        client = sign_in(world.clerk)
        for _ in range(2):
            assert packet.number in client.get("/office/paper/").text
    assert named("office.sheets") == [(world.clerk.id, packet.dossier_id)]


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


def many(world: World, count: int) -> None:
    """So many dossiers in work, several due on one day and some on none."""
    pattern = world.packet()
    rows = {
        table: row(held)
        for table, held in ((Citizen, pattern.dossier.citizen), (Dossier, pattern.dossier), (Packet, pattern))
    }
    states, day = sorted(AT_WORK), calendar.today(now())

    def fill() -> None:
        for n in range(count):
            own, party, code = {"id": 1_000 + n, "number": f"HS-D-{n}"}, random_id("p"), secrets.token_bytes(10)
            due_on = day + timedelta(days=20 + n % 7) if n % 9 else None
            made: dict[Any, dict[str, Any]] = {
                Party: {"id": party, "kind": PartyKind.CITIZEN},
                Citizen: {"id": own["id"], "party_id": party},
                Dossier: own | {"citizen_id": own["id"], "secret": secrets.token_hex(8), "booking_key": secrets.token_hex(16),
                                "state": states[n % len(states)], "due_on": due_on, "submitted_at": now()},
                Packet: own | {"dossier_id": own["id"], "code": code, "head": packets.genesis(code), "line_hash": packets.genesis(code),
                               "state": State.OPENED, "holder_id": world.desk.party_id},
            }  # fmt: skip
            for table, values in made.items():
                db.session.execute(sa.insert(table), [rows.get(table, {}) | values])

    atomically(fill)


def shown(page: str) -> list[str]:
    return re.findall(r'href="/desk/packets/(HS-D-\d+)"', page)


def onward(page: str) -> str | None:
    found = re.search(r'href="([^"]*)" rel="next"', page)
    return html.unescape(found[1]) if found else None


def test_every_row_of_a_long_list_is_reached_once_though_one_leaves_it_meanwhile(world: World, sign_in: Any) -> None:
    many(world, 450)
    client, where, seen, sizes = sign_in(world.officer), "/desk/?list=work&way=home", [], []
    while where:
        page = client.get(where).text
        if not seen:
            gone = shown(page)[100]  # the dossier in the middle of the page that is being read
            left = sa.update(Dossier).where(Dossier.number == gone).values(state=CaseState.CLOSED)
            atomically(lambda left=left: db.session.execute(left))
        seen += shown(page)
        sizes.append(len(shown(page)))
        where = onward(page)
        assert where is None or "way=home" in where
    assert sizes == [200, 200, 50] and len(set(seen)) == 450
    assert not shown(client.get("/desk/?list=work&way=desk").text)


def test_a_page_behind_a_row_is_asked_for_in_our_words_only(world: World, sign_in: Any) -> None:
    submitted(world)
    client = sign_in(world.officer)
    for after in (
        "",
        "x",
        "-1",
        "9" * 30,
        "2026-13-01_1",
        "2026-11-27_",
        "0001-01-01T00:00:00+14:00_1",
        "2026-11-27T1_1",
    ):
        page = client.get("/desk/", query_string={"list": "decide", "after": after})
        assert page.status_code == 200 and 'rel="next"' not in page.text, after
    for place, lists in (("/desk/", queues.DESK), ("/office/", queues.POST)):
        client = sign_in(world.officer if lists is queues.DESK else world.clerk)
        for name in lists:
            for after in ("999999999", "2026-11-27_3", "2026-11-27T08:00:00+00:00_3"):
                assert client.get(place, query_string={"list": name, "after": after}).status_code == 200, (name, after)
