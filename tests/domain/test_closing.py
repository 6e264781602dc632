"""A case closes when nothing of it is out: what must go home is home, what was given up for it is at the ward, or a file says lost."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import (
    booking,
    closing,
    decisions,
    desk,
    dossiers,
    incidents,
    lookups,
    oversight,
    packets,
    queues,
    reception,
    recovered,
    results,
    tasks,
    tracking,
    visits,
)
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, Paper, Place
from app.domain.incidents import Outcome, Side, Sort
from app.domain.packets import Packet
from app.domain.postage import Fault
from app.domain.visits import Visit
from tests.domain.test_decisions import asked, fresh
from tests.domain.test_desk import CODE, DUE, PAPERS, receive, submitted
from tests.domain.test_recovered import delivered
from tests.journeys.test_exceptions import lose
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")


def original(position: int = 4) -> None:
    """The paper is to come back to the citizen."""
    atomically(
        lambda: setattr(db.session.scalars(sa.select(Paper).filter_by(position=position)).one(), "returned", True)
    )


def short(world: World) -> Dossier:
    """Handed over at the door, an original is not in the bag the desk opens."""
    packet = world.collected(world.phone())
    original()
    receive(world, packet, counts={1: 1, 2: 1, 4: 0})
    return world.fresh(packet).dossier


def cleared(world: World, dossier: Dossier, outcome: str) -> None:
    (task,) = tasks.open_about(packets.of_dossier(dossier.id)[0])
    atomically(oversight.close, task, outcome, world.act(world.officer))


def handed_over(
    world: World, dossier: Dossier, papers: list[dict[str, Any]] | None = None, seal: str = "NP0051902"
) -> Dossier:
    """Accepted, decided, and the result given to the citizen."""
    act = world.act(world.officer)
    atomically(desk.accept, fresh(dossier), act, CODE, DUE)
    atomically(desk.ready, fresh(dossier), act, papers or PAPERS)
    result = atomically(results.send_result, fresh(dossier), act, seal, "spoken")
    atomically(lambda: results.hand_over(world.fresh(result), act, wet_seen=True))
    return fresh(dossier)


def file_ends(world: World, packet: Packet, sort: Sort, outcome: Outcome) -> str:
    """Opened by the desk, ended by the post after both were heard; its number."""
    file = atomically(incidents.open_, packet, world.act(world.officer), sort, Side.DESK, "Không có trong túi")
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "Đã tìm ở bưu cục")
    fault = Fault.POST if outcome is Outcome.LOST else Fault.NOBODY
    owed = incidents.least(file) if outcome is Outcome.LOST else 0
    atomically(incidents.close, file, world.act(world.supervisor), outcome, fault, owed, "Kết luận")
    return file.number


def listed(world: World, name: str) -> int:
    return queues.count(queues.DESK[name], world.officer, MONDAY)


def test_an_original_not_found_keeps_the_case_open_until_a_file_says_that_it_is_lost(world: World) -> None:
    dossier = short(world)
    cleared(world, dossier, "papers_missing")
    dossier = handed_over(world, dossier)
    assert (dossier.state, listed(world, "gone"), listed(world, "papers")) == (CaseState.RESULT_READY, 1, 0)
    assert [paper.position for paper in closing.gone(dossier)] == [4]
    assert tracking.story(dossier, MONDAY).headline == "paper_gone"
    seen = lookups.state_by_number(dossier.number, "0123", MONDAY)
    assert seen and seen.headline == "paper_gone"
    number = file_ends(world, packets.by_number(dossier.number), Sort.COUNT, Outcome.LOST)
    dossier = fresh(dossier)
    paper = next(one for one in dossier.papers if one.position == 4)
    assert (dossier.state, paper.place, paper.lost_in) == (CaseState.CLOSED, Place.LOST, number)
    assert listed(world, "gone") == 0


def test_what_turns_up_before_the_matter_is_cleared_up_is_here_and_goes_home(world: World) -> None:
    dossier = short(world)
    cleared(world, dossier, "papers_found")
    dossier = handed_over(world, dossier)
    assert (dossier.state, listed(world, "gone"), listed(world, "papers")) == (CaseState.RESULT_READY, 0, 1)
    home = atomically(decisions.return_papers, dossier, world.act(world.officer), "NP0051903")
    atomically(lambda: results.hand_over(world.fresh(home), world.act(world.officer), wet_seen=True))
    assert fresh(dossier).state is CaseState.CLOSED


@pytest.mark.parametrize(
    ("outcome", "state", "place"),
    [(Outcome.UNFOUNDED, CaseState.CLOSED, Place.NOT_GIVEN), (Outcome.WHOLE, CaseState.RESULT_READY, Place.OWED), (Outcome.LATE, CaseState.RESULT_READY, Place.NOT_FOUND)],
)  # fmt: skip
def test_a_file_of_the_count_may_find_that_it_was_never_given_or_is_here(
    world: World, outcome: Outcome, state: CaseState, place: Place
) -> None:
    dossier = short(world)
    cleared(world, dossier, "papers_missing")
    dossier = handed_over(world, dossier)
    file_ends(world, packets.of_dossier(dossier.id)[0], Sort.COUNT, outcome)
    dossier = fresh(dossier)
    assert (dossier.state, dossier.papers[-1].place) == (state, place)


def returned(world: World) -> Packet:
    """Refused, and every paper in a bag on its way home."""
    dossier, act = submitted(world).dossier, world.act(world.officer)
    atomically(decisions.refuse, dossier, act, "no_right", "")
    home = atomically(decisions.return_papers, fresh(dossier), act, "NP0051902")
    assert world.record(world.phone().scan(world.fresh(home), "take", seal="NP0051902")).verdict == "applied"
    return world.fresh(home)


def test_papers_lost_on_their_way_home_are_settled_by_a_file_and_the_case_closes(world: World) -> None:
    bag = lose(world, returned(world))
    dossier = fresh(bag.dossier)
    assert (dossier.state, listed(world, "gone"), len(closing.gone(dossier))) == (CaseState.NOT_ACCEPTED, 1, 3)
    file_ends(world, bag, Sort.LOST, Outcome.LOST)
    dossier = fresh(dossier)
    assert (dossier.state, {paper.place for paper in dossier.papers}) == (CaseState.CLOSED, {Place.LOST})


def test_a_file_that_ends_before_the_search_does_is_heeded_when_the_bag_is_given_up(world: World) -> None:
    def ends(packet: Packet) -> None:
        file_ends(world, packet, Sort.LOST, Outcome.LOST)
        assert fresh(packet.dossier).state is CaseState.NOT_ACCEPTED

    bag = lose(world, returned(world), searched=ends)
    assert fresh(bag.dossier).state is CaseState.CLOSED


def test_an_original_lost_with_the_result_is_not_promised_again_and_waits_for_its_file(world: World) -> None:
    packet = submitted(world)
    original()
    dossier, act = packet.dossier, world.act(world.officer)
    inside = [*PAPERS, {"name": "Học bạ", "form": "copy", "sheets": 1, "position": 4}]
    atomically(desk.accept, fresh(dossier), act, CODE, DUE)
    atomically(desk.ready, fresh(dossier), act, inside)
    first = atomically(results.send_result, fresh(dossier), act, "NP0051902", "spoken")
    world.record(world.phone().scan(world.fresh(first), "take", seal="NP0051902"))
    first = lose(world, world.fresh(first))
    second = atomically(results.send_result, fresh(dossier), act, "NP0051903", "spoken")
    assert [row["name"] for row in fresh(dossier).result_papers] == ["Giấy khai sinh"]
    atomically(lambda: results.hand_over(world.fresh(second), act, wet_seen=True))
    assert (fresh(dossier).state, listed(world, "gone")) == (CaseState.RESULT_READY, 1)
    file_ends(world, first, Sort.LOST, Outcome.LOST)
    assert fresh(dossier).state is CaseState.CLOSED


def test_originals_that_come_home_close_nothing_while_no_result_has(world: World) -> None:
    packet = submitted(world)
    original()
    dossier, act = packet.dossier, world.act(world.officer)
    atomically(desk.accept, fresh(dossier), act, CODE, DUE)
    atomically(desk.ready, fresh(dossier), act, PAPERS)
    result = atomically(results.send_result, fresh(dossier), act, "NP0051902", "spoken")
    home = atomically(decisions.return_papers, fresh(dossier), act, "NP0051903")
    world.record(world.phone().scan(world.fresh(result), "take", seal="NP0051902"))
    lose(world, world.fresh(result))
    atomically(lambda: results.hand_over(world.fresh(home), act, wet_seen=True))
    assert (fresh(dossier).state, listed(world, "send")) == (CaseState.RESULT_READY, 1)


def test_an_old_paper_on_its_way_to_the_ward_keeps_the_case_open_and_the_citizen_is_told_it_is_over(
    world: World,
) -> None:
    packet = delivered(world)
    dossier = fresh(packet.dossier)
    assert dossier.state is CaseState.RESULT_READY
    story = tracking.story(dossier, MONDAY)
    assert (story.headline, story.holder.has_result, story.next) == ("closed", True, None)
    assert "papers_returned" not in {entry.key for entry in story.entries}
    seen = lookups.state_by_number(dossier.number, "0123", MONDAY)
    assert seen and seen.headline == "closed"
    one, two = (line.id for line in recovered.of(dossier))
    for line, state in ((one, CaseState.RESULT_READY), (two, CaseState.CLOSED)):
        courier, act = world.courier.holds_as, world.act(world.officer)
        atomically(reception.take_recovered, {line}, courier, act, world.PIN)
        assert fresh(dossier).state is state


def test_an_old_paper_that_never_reaches_the_ward_is_settled_by_a_file(world: World) -> None:
    packet = delivered(world)
    number = file_ends(world, packet, Sort.LOST, Outcome.LOST)
    dossier = fresh(packet.dossier)
    assert (dossier.state, {line.lost_in for line in recovered.of(dossier)}) == (CaseState.CLOSED, {number})
    assert recovered.coming(world.officer) == {}


def test_papers_brought_another_way_call_their_courier_off_and_their_empty_packet_holds_nothing_up(
    world: World,
) -> None:
    dossier, act = asked(world), world.act(world.officer)
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    visit = atomically(booking.bring_more, dossier, offer.key, world.act(None))
    counts = {paper.position: 1 for paper in dossiers.still_missing(fresh(dossier))}
    atomically(decisions.supply, fresh(dossier), act, counts, "desk")
    assert db.session.get_one(Visit, visit.id).state is visits.VisitState.CANCELLED
    atomically(desk.ready, fresh(dossier), act, PAPERS)
    result = atomically(results.send_result, fresh(dossier), act, "NP0051902", "spoken")
    atomically(lambda: results.hand_over(world.fresh(result), act, wet_seen=True))
    assert fresh(dossier).state is CaseState.CLOSED
