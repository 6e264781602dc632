"""Another phone number is another binding: what went to the old one opens nothing, and a delivery waits a day for its code."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import booking, codes, day, lookups, results, tasks, tracking, visits
from app.domain.audit import AuditLine
from app.domain.codes import HOLD, CodeCheck, Purpose
from app.domain.outbox import Message
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, User
from app.domain.scans import Ruling
from app.domain.tasks import TaskKind
from app.errors import Refused
from tests.test_race import rush
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("laws_hold")
HOUR, SOON = timedelta(hours=1), timedelta(minutes=1)
OLD, NEW = "+84900000123", "+84900000777"


def change(world: World, packet: Packet, at: datetime = MONDAY, phone: str = "0900 000 777") -> None:
    said: dict[str, Any] = {"phone": phone, "second_phone": "", "street": packet.dossier.citizen.street}
    atomically(lambda: results.reconfirm(packet.dossier, world.act(world.officer, at), "reached", **said))


def carried(world: World) -> tuple[Any, Packet]:
    phone, packet = world.phone(), world.packet(Way.OUT)
    world.record(phone.scan(packet, "take"))
    return phone, world.fresh(packet)


def handed_over(phone: Any, packet: Packet, *proof: tuple[str, str]) -> Any:
    return phone.scan(packet, "deliver", taker=packet.dossier.citizen.party_id, proof=list(proof))


def said(kind: str) -> Message:
    db.session.rollback()
    return db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.id.desc())).first()  # type: ignore[return-value]


def test_the_old_numbers_code_proves_nothing_and_costs_the_new_one_no_try(world: World) -> None:
    phone, packet = carried(world)
    old = world.code(packet, Purpose.DELIVER)
    change(world, packet)
    for _ in range(codes.TRIES + 1):
        told = handed_over(phone, world.fresh(packet), ("CODE", old))
        assert world.record(told, MONDAY + SOON).verdict == Ruling.HELD
    assert world.fresh(packet).holder_id == world.courier.party_id, "whoever was deceived still answers for it"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CodeCheck)) == 0
    new = handed_over(phone, world.fresh(packet), ("CODE", said("code_again").values["code"]))
    assert world.record(new, MONDAY + HOLD).verdict == Ruling.APPLIED
    assert world.fresh(packet).state == State.DELIVERED


def test_a_code_brought_before_the_number_changed_still_proves_when_it_is_judged_later(world: World) -> None:
    phone, packet = carried(world)
    old = world.code(packet, Purpose.DELIVER)
    change(world, packet, MONDAY + HOUR)
    for at, is_right in ((MONDAY + HOUR - SOON, True), (MONDAY + HOUR, False)):
        args = (world.fresh(packet), Purpose.DELIVER, b"a scan", old, world.keys, at)
        assert codes.check(*args, counts=False) is is_right


@pytest.mark.parametrize("purpose", Purpose)
def test_a_picture_shown_to_the_old_number_proves_nothing_however_late_it_comes(world: World, purpose: Purpose) -> None:
    phone, packet = (world.phone(), world.packet()) if purpose is Purpose.COLLECT else carried(world)
    old = codes.show(packet, purpose, 1, world.act(at=MONDAY + SOON))
    change(world, packet, MONDAY + 2 * SOON)
    packet, event = world.fresh(packet), "collect" if purpose is Purpose.COLLECT else "deliver"
    taker = None if purpose is Purpose.COLLECT else packet.dossier.citizen.party_id
    at = MONDAY + 3 * HOUR if purpose is Purpose.COLLECT else MONDAY + HOLD + 3 * SOON
    new = codes.show(packet, purpose, 1, world.act(at=at))

    def proves(token: str) -> bool:
        return codes.was_shown(packet, purpose, b"a scan", token, None, world.keys, at + HOUR, counts=False)

    assert not proves(old) and proves(new)
    told = phone.scan(packet, event, proof=[("DOOR", old)], **({"taker": taker} if taker else {}))
    world.record(told, at + HOUR)
    after = world.fresh(packet)
    assert (after.state, after.flags) == (State.CARRIED, ["collect_unproven"] if purpose is Purpose.COLLECT else [])


def test_a_picture_of_the_same_hour_is_good_from_the_minute_the_number_is_theirs(world: World) -> None:
    packet = world.packet()
    for second in (0, 1, 59):
        at = MONDAY + timedelta(hours=second, seconds=second, microseconds=500)
        before = codes.show(world.fresh(packet), Purpose.COLLECT, 1, world.act(at=at - timedelta(microseconds=501)))
        change(world, packet, at, phone=f"0900 000 {100 + second}")
        now = codes.show(world.fresh(packet), Purpose.COLLECT, 1, world.act(at=at))
        held = (world.fresh(packet), Purpose.COLLECT, b"a scan")
        assert codes.was_shown(*held, now, None, world.keys, at, counts=False)
        assert not codes.was_shown(*held, before, None, world.keys, at, counts=False)


def test_the_code_of_a_delivery_is_told_a_day_later_and_the_page_says_so(world: World) -> None:
    _phone, packet = carried(world)
    world.code(packet, Purpose.DELIVER)
    change(world, packet)
    code, told = said("code_again"), said("phone_changed")
    assert (code.phone, code.due_at, told.due_at) == (NEW, MONDAY + HOLD, MONDAY)
    assert told.values["held"] == (MONDAY + HOLD).isoformat()
    for at, held in ((MONDAY + HOLD - SOON, True), (MONDAY + HOLD, False)):
        dossier = world.fresh(packet).dossier
        story = tracking.story(dossier, at)
        assert (story.held, story.code) == ((MONDAY + HOLD, None) if held else (None, Purpose.DELIVER))
        if held:
            with pytest.raises(Refused, match="code_held"):
                codes.show(world.fresh(packet), Purpose.DELIVER, 1, world.act(at=at))
            with pytest.raises(Refused, match="code_held"):
                atomically(booking.resend_code, dossier, world.act(at=at))
        else:
            atomically(booking.resend_code, dossier, world.act(at=at))
            assert said("code_again").due_at == at


def test_the_courier_is_told_until_when_no_code_comes(world: World) -> None:
    _phone, packet = carried(world)
    world.on_round(packet)
    visit = visits.open_visit(packet.id)
    assert visit and day.stop(visit)["person"]["no_code_until"] is None
    change(world, packet)
    world.fresh(packet)
    assert datetime.fromisoformat(day.stop(visit)["person"]["no_code_until"]) == MONDAY + HOLD


def test_papers_that_are_still_at_home_wait_for_nothing(world: World) -> None:
    packet = world.packet()
    old = world.code(packet)
    change(world, packet)
    code = said("code_again")
    assert (code.phone, code.due_at, said("phone_changed").values["held"]) == (NEW, MONDAY, None)
    assert tasks.open_about(world.fresh(packet)) == []
    phone = world.phone()
    assert not codes.check(world.fresh(packet), Purpose.COLLECT, b"a scan", old, world.keys, MONDAY, counts=False)
    assert world.record(phone.scan(packet, "collect", proof=[("CODE", code.values["code"])])).verdict == Ruling.APPLIED
    assert world.fresh(packet).flags == []


def test_a_paper_and_a_look_at_the_card_are_enough_while_the_code_waits(world: World) -> None:
    packet = world.packet(Way.OUT)
    change(world, packet)
    atomically(lambda: results.hand_over(world.fresh(packet), world.act(world.officer), wet_seen=True))
    assert world.fresh(packet).state == State.DELIVERED


def test_a_result_sealed_within_the_day_is_brought_after_it(world: World) -> None:
    packet = world.packet(Way.OUT)
    change(world, packet)
    atomically(lambda: results.desk.free_visit(world.fresh(packet), world.act(world.officer)))
    atomically(lambda: results.send_again(world.fresh(packet), world.act(world.officer)))
    visit = visits.open_visit(packet.id)
    assert visit and visits.starts_at(visit.slot.day, visit.slot.opens) >= MONDAY + HOLD + HOUR
    assert said("result_sent").due_at == MONDAY + HOLD


def test_a_delivery_that_runs_is_a_matter_for_the_post_and_the_log_holds_no_number(world: World) -> None:
    _phone, packet = carried(world)
    change(world, packet)
    change(world, packet, MONDAY + SOON, phone="0900 000 778")
    (task,) = tasks.open_about(world.fresh(packet))
    assert (task.kind, task.office_id) == (TaskKind.NUMBER_CHANGED, world.post.id)
    assert datetime.fromisoformat(task.facts["until"]) == MONDAY + SOON + HOLD, "of the newest number"
    lines = list(db.session.scalars(sa.select(AuditLine).where(AuditLine.action == "rebound")))
    assert [line.details["packets"] for line in lines] == [[packet.number]] * 2
    assert not any(digits in str(line.details) for line in lines for digits in ("000123", "000777", "000778"))


def test_what_was_still_to_be_said_to_the_old_number_is_not_said(world: World) -> None:
    packet, other = world.packet(), world.packet()
    atomically(lambda: booking.resend_code(world.fresh(packet).dossier, world.act()))
    atomically(lambda: booking.resend_code(world.fresh(other).dossier, world.act()))
    change(world, packet)
    db.session.rollback()
    gone = list(db.session.scalars(sa.select(Message).where(Message.given_up_at.is_not(None))))
    assert [(one.phone, one.values["number"], one.error) for one in gone] == [
        (OLD, world.fresh(packet).dossier.number, "withdrawn")
    ]


def test_a_view_code_asked_for_by_the_old_number_opens_nothing(world: World) -> None:
    packet = world.packet()
    number = packet.dossier.number
    request = atomically(lookups.ask_details, number, world.act())
    code = said("view_code").values["code"]
    change(world, packet, MONDAY + SOON)
    assert codes.view_shut(request, MONDAY + SOON) == codes.Shut.LATE
    assert atomically(lookups.open_details, request, code, world.act(at=MONDAY + SOON)) is None
    request = atomically(lookups.ask_details, number, world.act(at=MONDAY + SOON))
    assert said("view_code").phone == NEW
    opened = atomically(lookups.open_details, request, said("view_code").values["code"], world.act(at=MONDAY + SOON))
    assert opened and opened.bound_at == MONDAY + SOON


def test_the_old_code_tried_while_the_number_changes_counts_before_it_or_not_at_all(world: World) -> None:
    """And whoever asks for a code meanwhile gets one at the number it is good for."""
    officer_id = world.officer.id

    def officer(at: datetime = MONDAY) -> Act:
        """As their own thread reads them: no session is shared."""
        return world.act(db.session.get_one(User, officer_id), at)

    for _ in range(6):
        packet = world.packet(Way.OUT)
        old, number = world.code(packet, Purpose.DELIVER), packet.dossier.number
        dossier_id, packet_id = packet.dossier_id, packet.id
        db.session.rollback()

        def doing(verb: Callable[[Packet], object], key: int = packet_id) -> Callable[[], object]:
            def claim() -> object:
                with suppress(Refused):
                    return atomically(lambda: verb(db.session.get_one(Packet, key)))
                return None

            return claim

        def hand_over(packet: Packet, code: str = old) -> bool:
            results.hand_over(packet, officer(MONDAY + SOON), code=code)
            return True

        def again(packet: Packet) -> None:
            assert packet.dossier.citizen.phone  # seen before anything is locked
            booking.resend_code(packet.dossier, world.act(at=MONDAY + SOON))

        def rebind(packet: Packet) -> None:
            facts = {"phone": NEW, "second_phone": "", "street": packet.dossier.citizen.street}
            results.reconfirm(packet.dossier, officer(), "reached", **facts)  # type: ignore[arg-type]

        rush(world.app, [doing(hand_over), doing(rebind), doing(again), doing(hand_over), doing(again)])
        after = world.fresh(packet)
        assert after.dossier_id == dossier_id and after.dossier.citizen.phone == NEW
        good = sa.select(codes.DoorCode).filter_by(packet_id=packet_id, void_at=None)
        told = sa.select(Message).where(
            Message.kind == "code_again", Message.values["number"].as_string() == number, Message.given_up_at.is_(None)
        )
        to = [message.phone for message in db.session.scalars(told)]
        assert set(to) <= {NEW} and len(list(db.session.scalars(good))) == len(to)
        if after.state is State.DELIVERED:
            assert to == []
        else:
            assert to == [NEW]


def test_a_visit_that_begins_before_the_codes_of_the_new_number_is_the_one_to_move(world: World) -> None:
    packet, papers = world.packet(Way.OUT), world.packet()
    visit = visits.open_visit(packet.id)
    assert visit
    begins = visits.starts_at(visit.slot.day, visit.slot.opens)
    assert booking.held_visit(packet) is None, "the number is the one it was"
    for changed, is_held in (begins - HOLD, False), (begins - HOLD + timedelta(minutes=1), True):
        change(world, packet, changed, phone=f"0900 000 77{int(is_held)}")
        assert (booking.held_visit(world.fresh(packet)) is not None) is is_held
    change(world, papers, begins - timedelta(hours=1))
    assert booking.held_visit(world.fresh(papers)) is None, "papers at home need not wait"
