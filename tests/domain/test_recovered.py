"""Old papers given up for a result: a line from the door to the desk that asked for them, closed by two words."""

from typing import Any

import pytest

from app.db import atomically
from app.domain import counter, desk, reception, recovered, results
from app.domain.bodies import Extra
from app.domain.cases import CaseState
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from app.errors import Invalid, Missing, Refused
from tests.conftest import signing_in
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
OLD = [
    {"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1},
    {"name": "Thẻ cũ", "form": "original", "sheets": 1},
]


def asked_back(world: World) -> Packet:
    """A sealed result for which the ward wants two old papers."""
    packet = world.packet(Way.OUT)

    def name() -> None:
        packet.dossier.state, packet.dossier.submitted_at = CaseState.ACCEPTED, MONDAY
        paper = {"name": "Kết quả", "form": "original", "sheets": 2}
        desk.ready(packet.dossier, world.act(world.officer), [paper], OLD)

    atomically(name)
    return world.fresh(packet)


def delivered(world: World) -> Packet:
    """At the door, both old papers taken."""
    packet, phone = asked_back(world), world.phone()
    world.record(phone.scan(packet, "take"))
    packet = world.fresh(packet)
    extra = Extra.read({"salt": "c2FsdA==", "papers": [{"position": 1, "sheets": 1}, {"position": 2, "sheets": 1}]})
    home, proof = packet.dossier.citizen.party_id, [("CODE", world.code(packet, Purpose.DELIVER))]
    assert world.record(phone.scan(packet, "deliver", taker=home, proof=proof, extra=extra)).verdict == "applied"
    return world.fresh(packet)


def coming(world: World) -> dict[str, list[str]]:
    return {holder: [line.name for line in lines] for holder, lines in recovered.coming(world.officer).items()}


def test_what_the_courier_took_is_theirs_until_desk_and_courier_say_it_is_here(world: World) -> None:
    packet = delivered(world)
    courier = world.courier.party_id or ""
    assert coming(world) == {courier: ["Giấy khai sinh cũ", "Thẻ cũ"]}
    one, two = recovered.of(packet.dossier)
    act, first, both = world.act(world.officer), {one.id}, {one.id, two.id}
    for ids, over, error in (
        (set[int](), {}, Invalid), (first, {"pin": "1"}, Refused), (first | {9_999}, {"on_paper": True}, Missing),
    ):  # fmt: skip
        with pytest.raises(error):
            atomically(lambda ids=ids, over=over: reception.take_recovered(ids, courier, act, **over))  # type: ignore[misc]
    stranger: Any = world.act(world.strange_officer)
    with pytest.raises(Missing):
        atomically(lambda: reception.take_recovered(both, courier, stranger, on_paper=True))
    atomically(reception.take_recovered, first, courier, act, world.PIN)
    assert coming(world) == {courier: ["Thẻ cũ"]}
    atomically(lambda: reception.take_recovered({two.id}, courier, act, on_paper=True))
    assert coming(world) == {}


def test_at_a_counter_the_old_papers_come_first_and_at_the_desk_they_are_home_at_once(world: World) -> None:
    packet, act = asked_back(world), world.act(world.officer)
    with pytest.raises(Invalid, match="old_papers_needed"):
        atomically(results.hand_over, packet, act, wet_seen=True)
    assert world.fresh(packet).state == State.WAITING
    atomically(lambda: results.hand_over(packet, act, wet_seen=True, surrendered=True))
    assert (world.fresh(packet).state, coming(world)) == (State.DELIVERED, {})
    assert all(line.back_at for line in recovered.of(packet.dossier))


def test_the_post_office_answers_for_what_it_took_over_its_counter(world: World) -> None:
    packet, act = asked_back(world), world.act(world.clerk)
    atomically(counter.hand_in, packet, act, packet.head, "NP0045821")
    packet = world.fresh(packet)
    with pytest.raises(Invalid, match="old_papers_needed"):
        atomically(lambda: counter.hand_out(packet, act, seal="NP0045821", wet_seen=True))
    atomically(lambda: counter.hand_out(packet, act, seal="NP0045821", wet_seen=True, surrendered=True))
    assert coming(world) == {world.post.party_id: ["Giấy khai sinh cũ", "Thẻ cũ"]}


def test_the_page_of_results_lists_them_and_closes_their_lines(world: World) -> None:
    packet = delivered(world)
    client = signing_in(world.app)(world.officer)
    assert "Giấy khai sinh cũ" in client.get("/desk/results/").text
    assert "đang về đây" in client.get(f"/desk/packets/{packet.number}").text
    lines = [line.id for line in recovered.of(packet.dossier)]
    said = {"holder": world.courier.party_id, "line": lines, "pin": "000000"}
    wrong = client.post("/desk/results/old-papers", data=said)
    assert wrong.status_code == 422 and "Giấy khai sinh cũ" in wrong.text
    assert client.post("/desk/results/old-papers", data=said | {"pin": world.PIN}).status_code == 303
    assert "Giấy khai sinh cũ" not in client.get("/desk/results/").text
