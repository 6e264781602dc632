"""Tracking: who holds it, what comes next, how it got there; the state alone for whoever merely has the number."""

from dataclasses import astuple
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import calendar, codes, dossiers, lookups, numbers, outbox, results, tracking, visits
from app.domain.calendar import HERE
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.visits import Round, VisitState
from app.errors import Invalid
from tests.domain.test_desk import at_desk
from tests.world import MONDAY, World


def story(packet: Packet, at=MONDAY) -> tracking.Story:  # type: ignore[no-untyped-def]
    return tracking.story(packet.dossier, at)


def thread(told: tracking.Story) -> list[tuple[str, str]]:
    return [(entry.key, entry.state) for entry in told.entries]


def assign(world: World, packet: Packet, state: VisitState = VisitState.ASSIGNED) -> visits.Visit:
    visit = visits.open_visit(packet.id)
    assert visit
    visit.round = Round(office_id=world.post.id, courier_id=world.courier.id, day=visit.slot.day)
    visit.state = state
    visit.arrives_at = visits.starts_at(visit.slot.day, visit.slot.opens) + timedelta(minutes=47)
    db.session.commit()
    return visit


def test_a_fresh_booking_is_at_home_and_waits_for_its_visit(world: World) -> None:
    told = story(world.packet())
    assert (told.headline, told.holder.kind) == ("visit_set", PartyKind.CITIZEN)
    assert told.next and told.next.key == "visit" and told.next.values["opens"].hour == 8
    assert thread(told) == [
        ("booked", "did"), ("visit", "now"), ("submitted", "next"), ("result_ready", "next"), ("delivered", "next"),
    ]  # fmt: skip
    assert told.cancellable and told.movable and told.code == "collect" and told.claim is None


def test_the_courier_is_named_on_the_day_of_the_visit_and_on_no_other(world: World) -> None:
    packet = world.packet()
    visit = assign(world, packet)
    assert story(packet).caller is None  # the day before
    on_the_day = visits.starts_at(visit.slot.day, visit.slot.opens)
    told = story(packet, on_the_day)
    assert told.headline == "courier_today"
    assert told.caller and told.caller.badge == "DA-01"
    assert told.next and [f"{clock:%H:%M}" for clock in told.next.values["about"]] == ["08:30", "09:00"]
    assert story(packet, on_the_day + timedelta(days=1)).caller is None


def test_a_visit_whose_time_has_gone_by_is_announced_no_more(world: World) -> None:
    """As soon as the message says that nobody is known to have come, page and number say so too."""
    packet = world.packet()
    visit = assign(world, packet)
    last = visits.starts_at(visit.slot.day, visit.slot.closes) + visits.GRACE
    for at, says, over in ((last - timedelta(seconds=1), "courier_today", False), (last, "visit_set", True)):
        told, seen = story(packet, at), lookups.state_by_number(packet.number, "0123", at)
        assert (told.headline, told.overdue) == (says, over)
        assert told.caller and told.visit
        assert seen and seen.headline == says


def test_nothing_can_be_moved_once_the_courier_is_on_the_way(world: World) -> None:
    packet = world.packet()
    assign(world, packet, VisitState.EN_ROUTE)
    told = story(packet)
    assert not told.cancellable and not told.movable


def test_a_collected_packet_says_sheets_seal_and_when_it_reaches_the_desk(world: World) -> None:
    packet = world.collected(world.phone())
    told = story(packet)
    assert (told.headline, told.holder.kind, told.caller) == ("carried_in", PartyKind.COURIER, None)
    collected = next(entry for entry in told.entries if entry.key == "collected")
    assert collected.state == "now"
    assert collected.values == {"kinds": 3, "sheets": 3, "seal": "NP0045821"}
    assert told.next and told.next.values["day"] == calendar.working_days_after(MONDAY.date(), 1)[0]
    assert not told.next.values["is_late"]
    late = story(packet, MONDAY + timedelta(days=7)).next
    assert late and (late.values["day"], late.values["is_late"]) == (told.next.values["day"], True)
    assert not told.cancellable and told.code is None


def test_a_collection_without_the_citizens_code_asks_for_it(world: World) -> None:
    packet = world.packet()
    world.record(world.phone().scan(packet, "collect"))
    told = story(world.fresh(packet))
    assert (told.headline, told.claim, told.code) == ("collected_unproven", "attest", "collect")


def test_when_all_is_over_the_result_is_at_home_and_the_ward_keeps_what_it_was_given(world: World) -> None:
    packet = at_desk(world)
    atomically(results.hand_over, packet, world.act(world.officer), wet_seen=True)
    told = story(world.fresh(packet))
    assert told.headline == "closed" and told.holder == tracking.Holder(
        PartyKind.CITIZEN, at_home=False, has_result=True
    )
    assert told.kept == (("Tờ khai", "Form"), ("Căn cước", "Identity card"), ("Học bạ", "School record"))
    keys = [entry.key for entry in told.entries]
    sealed = told.entries[keys.index("sealed")]
    assert keys.index("result_ready") < keys.index("sealed") < keys.index("delivered")
    assert sealed.values == {"seal": "NP0051902"}


def test_a_missed_visit_says_why_and_offers_another_time(world: World) -> None:
    packet = world.packet()
    world.on_round(packet)
    atomically(visits.fail, packet, "nobody_home", "another_day", world.courier.id, MONDAY, MONDAY)
    told = story(world.fresh(packet))
    assert told.headline == "missed" and told.movable
    missed = next(entry for entry in told.entries if entry.key == "missed")
    assert missed.values == {"attempt": 1, "reason": "nobody_home", "next": "another_day"}
    assert told.next and told.next.key == "choose_time"


def test_the_ward_holds_a_dossier_it_has_signed_for_until_the_day_it_named(world: World) -> None:
    packet = world.packet()
    packet.state = State.OPENED
    dossier = packet.dossier
    dossier.submitted_at, dossier.official_code, dossier.due_on = MONDAY, "H29.17-261123-0001", date(2026, 11, 26)
    for event in ("submit", "accept"):
        atomically(dossiers.move, db.session.merge(dossier), event, world.act(world.officer))
    dossier = db.session.get_one(Dossier, dossier.id)
    dossier.submitted_at, dossier.official_code, dossier.due_on = MONDAY, "H29.17-261123-0001", date(2026, 11, 26)
    db.session.get_one(Packet, packet.id).state = State.OPENED
    db.session.commit()
    told = tracking.story(dossier, MONDAY)
    assert (told.headline, told.holder.office) == ("accepted", "Phường Dĩ An")
    assert told.next and astuple(told.next)[0] == "due" and told.next.values["day"] == date(2026, 11, 26)
    assert [key for key, _ in thread(told)][-4:] == ["submitted", "accepted", "result_ready", "delivered"]
    assert thread(told)[-3] == ("accepted", "now")


def test_a_result_on_its_way_home_tells_its_visit(world: World) -> None:
    told = story(world.packet(Way.OUT))
    assert (told.headline, told.holder.kind, told.holder.office) == ("waiting_out", PartyKind.DESK, "Phường Dĩ An")
    assert told.code == "deliver" and thread(told)[-1] == ("visit", "now")


def test_a_result_to_be_called_for_says_where(world: World) -> None:
    packet = world.packet(Way.OUT)
    packet.dossier.return_way = ReturnWay.DESK
    visit = visits.open_visit(packet.id)
    assert visit
    visit.state = VisitState.CANCELLED
    db.session.commit()
    told = story(packet)
    assert told.headline == "call_for_it"
    assert thread(told)[-1] == ("called_for", "next")


def test_a_cancelled_dossier_has_nothing_ahead(world: World) -> None:
    packet = world.packet()
    packet.dossier.state = CaseState.CANCELLED
    db.session.commit()
    told = story(packet)
    assert told.headline == "cancelled" and told.code is None and not told.movable and not told.cancellable


# ---- by number --------------------------------------------------------------------------------------------------


def test_number_and_four_digits_open_the_state_and_no_more(world: World) -> None:
    packet = world.packet()
    seen = lookups.state_by_number(packet.number.lower().replace("-", " "), "0123", MONDAY)
    assert seen == lookups.Glimpse(packet.dossier.number, "visit_set")
    assert lookups.state_by_number(packet.number, "0124", MONDAY) is None
    assert lookups.state_by_number(packet.number, "", MONDAY) is None
    assert lookups.state_by_number("HS-261123-009999-1", "0123", MONDAY) is None
    with pytest.raises(Invalid, match="number_check"):
        lookups.state_by_number("HS-261123-009999-2", "0123", MONDAY)


def test_the_glimpse_says_what_the_page_says(world: World) -> None:
    for packet in (world.packet(), world.collected(world.phone()), world.packet(Way.OUT)):
        packet = world.fresh(packet)
        seen = lookups.state_by_number(packet.number, "0123", MONDAY)
        assert seen and seen.headline == story(packet).headline


def test_an_unknown_number_costs_the_same_queries_and_rows(world: World) -> None:
    packet = world.packet()
    asked: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *a: asked.append(a[2].split()[0]))

    def cost(verb: Any, *given: Any) -> list[str]:
        asked.clear()
        atomically(verb, *given)
        return list(asked)

    known, unknown = packet.number, "HS-261123-009999-1"
    looks = {tuple(cost(lookups.state_by_number, number, "9999", MONDAY)) for number in (known, unknown)}
    asks = {tuple(cost(lookups.ask_details, number, world.act())) for number in (known, unknown)}
    assert [len(each) for each in (looks, asks)] == [1, 1], (looks, asks)
    assert looks.pop().count("SELECT") == 6 and asks.pop().count("INSERT") == 2


def test_a_packets_own_number_leads_to_its_dossier_and_a_number_between_to_none(world: World) -> None:
    atomically(numbers.load_pool, "RZ", 1, 9, at=MONDAY)
    packet, other = world.packet(), world.packet()
    assert packet.number.startswith("RZ") and other.number > packet.number
    seen = lookups.state_by_number(packet.number, "0123", MONDAY)
    assert seen == lookups.Glimpse(packet.dossier.number, "visit_set")
    assert lookups.state_by_number(numbers.own(MONDAY.date(), 9999), "0123", MONDAY) is None
    assert lookups.state_by_number(f"RZ00000009{numbers.s10_check('00000009')}VN", "0123", MONDAY) is None


def test_details_open_with_the_code_sent_to_the_phone_once(world: World) -> None:
    packet = world.packet()
    request = atomically(lookups.ask_details, packet.number, world.act())
    (message,) = db.session.scalars(sa.select(Message).filter_by(kind="view_code"))
    code = message.values["code"]
    assert "secret" not in message.values
    assert atomically(lookups.open_details, request, "000000" if code != "000000" else "1", world.act()) is None
    opened = atomically(lookups.open_details, request, code, world.act())
    assert opened and opened.dossier_id == packet.dossier_id
    assert atomically(lookups.open_details, request, code, world.act()) is None


def test_an_unknown_number_gets_a_request_too_and_no_message(world: World) -> None:
    request = atomically(lookups.ask_details, "HS-261123-009999-1", world.act())
    assert len(request) == 43
    (written,) = db.session.scalars(sa.select(Message))
    assert (written.phone, written.given_up_at) == (outbox.NOBODY, MONDAY)
    assert atomically(outbox.claim, MONDAY) is None and outbox.newest(9) == []
    assert atomically(lookups.open_details, request, "123456", world.act()) is None
    row = db.session.get_one(codes.ViewCode, request)
    assert row.tries == 1


def test_days_until_the_due_day_are_marked_one_by_one(world: World) -> None:
    marks = calendar.days_until(date(2026, 8, 28), date(2026, 9, 1))
    assert marks[0] == (date(2026, 8, 28), "received") and marks[1][1] == "off" and marks[-1][1] == "due"


def test_an_arrival_is_announced_to_the_half_hour() -> None:
    at = MONDAY.replace(hour=8, minute=44, tzinfo=HERE)
    assert [f"{clock:%H:%M}" for clock in tracking.about(at)] == ["08:30", "09:00"]
