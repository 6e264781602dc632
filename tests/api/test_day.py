"""The phone's day is one's own round and what one may carry; the stranger sees nothing of it."""

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.db import atomically, db, now
from app.domain import bags, booking, phones
from app.domain import day as days
from app.domain.audit import ViewLine
from app.domain.calendar import today
from app.domain.devices import Why
from app.domain.dossiers import Dossier
from app.domain.outbox import Message
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.visits import Round, Visit, VisitState, cancel, open_visit
from app.integrations import wording
from tests.api.conftest import Line, line
from tests.world import MONDAY, World

TUESDAY = MONDAY + timedelta(days=1)  # the world's packets are booked for the next working day


def plan(world: World, *listed: Packet, courier: User | None = None, at: datetime = TUESDAY) -> int:
    """The packets' visits on a courier's round of the day, in this order."""

    def put() -> int:
        who = courier or world.courier
        round_ = Round(office_id=world.post.id, courier_id=who.id, day=today(at), planned_at=MONDAY)
        db.session.add(round_)
        db.session.flush()
        for position, packet in enumerate(listed, 1):
            visit = open_visit(packet.id)
            assert visit
            visit.round_id, visit.position, visit.state = round_.id, position, VisitState.ASSIGNED
            visit.arrives_at = at + timedelta(minutes=20 * position)
        return round_.id

    return atomically(put)


@pytest.fixture
def tuesday() -> Any:
    with time_machine.travel(TUESDAY, tick=False):
        yield


def day(wire: Line) -> dict[str, Any]:
    answer = wire.get("/api/v1/day")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def test_an_empty_day_is_a_day(wire: Line) -> None:
    told = day(wire)
    assert (told["round"], told["stops"], told["carrying"], told["to_take"]) == (None, [], [], [])
    assert (told["keys"]["revoked"], told["revoked_devices"]) == ([], [])
    assert told["expires"] > told["server_time"]
    events = {"collect", "take", "transfer", "deliver", "confirm", "dispute"}
    notes = {"attest", "miss", "decline", "seal_change", "damaged", "sighting"}
    assert events | notes == {step["event"] for step in told["steps"]}
    assert set(told["reasons"]) > set(told["next"]) == {"miss", "decline"}


def test_a_phone_seals_its_day_with_a_key_of_its_own_and_of_the_date(world: World, wire: Line) -> None:
    key = day(wire)["key"]
    assert len(base64.b64decode(key)) == 32
    assert day(wire)["key"] == key
    assert day(line(world))["key"] != key
    with time_machine.travel(TUESDAY, tick=False):
        assert day(wire)["key"] != key


def test_phones_out_of_service_are_told_to_their_own_office(world: World, wire: Line) -> None:
    lost = world.phone(world.second_courier)
    atomically(phones.retire, lost.device_id, Why.LOST, world.act(world.dispatcher))
    assert day(wire)["revoked_devices"] == [lost.device_id]
    assert day(line(world, world.strange_courier))["revoked_devices"] == []


def test_stops_come_in_the_order_of_the_round_with_what_each_door_needs(
    world: World, wire: Line, tuesday: None
) -> None:
    late, early = world.packet(), world.packet(Way.OUT)
    round_id = plan(world, early, late)
    told = day(wire)
    assert told["round"] == {"id": round_id, "date": "2026-11-24", "started": None, "stopped": None}
    deliver, collect = told["stops"]
    assert (deliver["kind"], collect["kind"], collect["attempt"]) == ("deliver", "collect", 1)
    assert collect["slot"] == ["08:00", "10:00"]
    assert collect["person"]["name"] == "Nguyễn Thị Mơ"
    assert collect["person"]["address"] == ["12 đường Mẫu Đơn", "Nhị Đồng 1", "Dĩ An"]
    assert {line["kind"]: line["amount"] for line in collect["money"]} == {
        "postage_there": 26_000, "postage_back": 26_000, "passing_on": 8_000, "statutory_fee": 15_000,
    }  # fmt: skip
    assert deliver["money"] == []
    [packet] = collect["packets"]
    assert (packet["number"], packet["holder_kind"], packet["seals"]) == (late.number, "citizen", [])
    assert [paper["form"] for paper in packet["papers"]] == ["original", "certified", "copy"]
    assert packet["head"] == late.genesis.hex()


def test_the_day_and_a_scan_fit_together(world: World, wire: Line, tuesday: None) -> None:
    packet = world.packet()
    plan(world, packet)
    told = day(wire)["stops"][0]["packets"][0]
    body = wire.phone.body(
        packet, "collect", code=told["code"], issue=told["issue"], giver=told["holder"], parent=told["head"]
    )
    assert wire.send(body).json["results"][0]["verdict"] == "applied"
    after = day(wire)
    assert [each["number"] for each in after["carrying"]] == [packet.number]
    assert after["stops"][0]["state"] == "done"


def test_who_lives_there_is_told_while_the_visit_is_open_and_no_longer(world: World, wire: Line, tuesday: None) -> None:
    packet = world.packet()
    plan(world, packet)
    assert day(wire)["stops"][0]["person"]
    wire.send(wire.phone.body(packet, "miss", reason="nobody_home", next="another_day"))
    stop = day(wire)["stops"][0]
    assert (stop["state"], stop["person"]) == ("missed", None)


def test_a_colleague_and_a_stranger_see_nothing_of_somebody_elses_round(world: World, tuesday: None) -> None:
    packet = world.packet()
    plan(world, packet)
    for user in (world.second_courier, world.strange_courier):
        wire = line(world, user)
        told = day(wire)
        assert (told["round"], told["stops"], told["carrying"], told["to_take"]) == (None, [], [], [])
        assert packet.number not in wire.get("/api/v1/day").text


def test_rounds_of_other_days_are_not_shown(world: World, wire: Line, tuesday: None) -> None:
    plan(world, world.packet(), at=TUESDAY + timedelta(days=1))
    assert day(wire)["stops"] == []


def test_results_wait_for_the_couriers_of_the_post_office_that_serves_the_desk(world: World, tuesday: None) -> None:
    packet = world.packet(Way.OUT)
    [waiting] = day(line(world))["to_take"]
    assert (waiting["number"], waiting["place"]) == (packet.number, {"kind": "desk", "name": "Phường Dĩ An"})
    assert (waiting["papers"], waiting["procedure"]) == ([], None)
    assert day(line(world, world.strange_courier))["to_take"] == []


def test_what_stands_on_a_colleagues_round_is_theirs_to_take(world: World, wire: Line, tuesday: None) -> None:
    packet = world.packet(Way.OUT)
    plan(world, packet, courier=world.second_courier)
    assert day(wire)["to_take"] == []


def test_a_result_to_be_called_for_at_the_desk_is_no_couriers(world: World, wire: Line, tuesday: None) -> None:
    packet = world.packet(Way.OUT)
    visit = open_visit(packet.id)
    assert visit
    atomically(cancel, visit, world.act())
    assert day(wire)["to_take"] == []
    assert wire.post("/api/v1/lookups", {"number": packet.number}).status_code == 404


def test_a_visit_that_was_called_off_is_told_to_the_couriers_of_its_office_until_its_papers_are_collected(
    world: World, wire: Line, tuesday: None
) -> None:
    packet, other = world.packet(), world.packet()
    plan(world, packet, other)
    assert day(wire)["cancelled"] == []
    [off, _] = [stop["visit"] for stop in day(wire)["stops"]]
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act(at=TUESDAY)))
    found = day(wire)
    assert found["cancelled"] == [{"visit": off, "number": packet.number}]
    assert [stop["packets"][0]["number"] for stop in found["stops"]] == [other.number]
    assert days.cancelled(world.stranger, TUESDAY) == []
    wire.send(wire.phone.body(world.fresh(packet), "collect"))
    assert day(wire)["cancelled"] == []


def test_what_a_counter_took_in_is_told_to_who_gave_it_until_it_stands_on_a_list(world: World, wire: Line) -> None:
    packet = world.collected(wire.phone)
    clerk = world.act(world.clerk, now())
    assert day(wire)["handed_in"] == []
    atomically(bags.take_in, world.fresh(packet), world.courier, clerk)
    [told] = day(wire)["handed_in"]
    assert (told["number"], told["place"], told["taker"]) == (packet.number, world.post.name, world.post.party_id)
    assert told["digest"] == world.fresh(packet).head.hex()
    assert day(line(world, world.second_courier))["handed_in"] == []
    assert days.handed_in(world.courier, now() + days.SHIFT) == []
    atomically(bags.close, world.courier, clerk, "k" * 32, rest_is_missing=False)
    assert day(wire)["handed_in"] == []


def test_a_packet_sealed_at_home_is_nobodys_to_take_before_the_visit(world: World, wire: Line) -> None:
    world.packet()
    assert day(wire)["to_take"] == []


def test_what_a_courier_carries_is_told_to_that_courier_only(world: World, wire: Line) -> None:
    packet = world.collected(wire.phone)
    assert [each["number"] for each in day(wire)["carrying"]] == [packet.number]
    assert day(line(world, world.second_courier))["carrying"] == []


def test_looking_at_a_day_is_written_down_once(world: World, wire: Line, tuesday: None) -> None:
    packet = world.packet()
    plan(world, packet)
    day(wire), day(wire)
    db.session.rollback()
    seen = db.session.scalars(sa.select(ViewLine)).all()
    assert [(each.user_id, each.dossier_id) for each in seen] == [(world.courier.id, packet.dossier_id)]


def test_without_a_token_there_is_no_day(world: World) -> None:
    client = world.app.test_client()
    for method, path in (("get", "/api/v1/day"), ("post", "/api/v1/rounds/1/start"), ("post", "/api/v1/lookups")):
        answer = getattr(client, method)(path)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_clerks_browser_session_opens_no_day(world: World, sign_in: Any) -> None:
    assert sign_in(world.courier).get("/api/v1/day").status_code == 401


def test_setting_out_tells_everybody_on_the_round_once(world: World, tuesday: None) -> None:
    wire, packet = line(world), world.packet()
    round_id = plan(world, packet)
    first = wire.post(f"/api/v1/rounds/{round_id}/start")
    again = wire.post(f"/api/v1/rounds/{round_id}/start")
    assert (first.status_code, again.json) == (200, first.json)
    assert first.json["started"] == "2026-11-24T02:00:00Z"
    db.session.rollback()
    visit = db.session.scalar(sa.select(Visit))
    assert visit and visit.state == VisitState.EN_ROUTE
    [told] = db.session.scalars(sa.select(Message).filter_by(kind="courier_today"))
    assert (told.values["opens"], told.values["closes"]) == ("08:00", "10:00")
    assert "8:00" in wording.words(told.kind, told.values, told.language)


def test_somebody_elses_round_cannot_be_started(world: World, tuesday: None) -> None:
    round_id = plan(world, world.packet())
    for user in (world.second_courier, world.strange_courier):
        answer = line(world, user).post(f"/api/v1/rounds/{round_id}/start")
        assert (answer.status_code, answer.json["key"]) == (404, "round_unknown")
    absent = line(world).post("/api/v1/rounds/999999/start")
    assert (absent.status_code, absent.json["key"]) == (404, "round_unknown")
    assert line(world).post(f"/api/v1/rounds/{'9' * 30}/start").status_code == 404


def test_another_site_starts_no_round(world: World, wire: Line, tuesday: None) -> None:
    round_id = plan(world, world.packet())
    answer = wire.post(f"/api/v1/rounds/{round_id}/start", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
