"""What is let go of when a case is over: in time, not before, all of it; and the ledger does not notice."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import worker
from app.db import Base, atomically, db
from app.domain import (
    audit,
    bodies,
    booking,
    codes,
    forms,
    incidents,
    lookups,
    outbox,
    photos,
    retention,
    scans,
    scope,
    slips,
    tasks,
    tracking,
)
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier, by_secret
from app.domain.incidents import Outcome, Side, Sort
from app.domain.outbox import Message
from app.domain.packets import Packet
from app.domain.people import Act, Language
from app.domain.photos import Photo
from app.domain.scans import ScanExtra
from app.domain.tasks import TaskKind
from app.errors import Missing, Refused
from tests.domain.test_closing import handed_over
from tests.domain.test_decisions import fresh
from tests.domain.test_desk import submitted
from tests.test_verify import verify
from tests.world import MONDAY, World

INSTANT = timedelta(microseconds=1)
NIGHTS = retention.AFTER + timedelta(minutes=1)
YEARS = retention.CONTRACT + timedelta(days=1)
# Every word a citizen or somebody about them says, each of its own so that what stays is known.
NAME, PHONE, STREET = "Kiều Thị Oanhname", "+84900000771", "77 đường Canarystreet"
SECOND, SECOND_PHONE, PROXY, NOTES = "Kiều Văn Secondname", "+84900000772", "Lý Thị Proxyname", "cổng Canarygate"
SPOKEN, STATED, FORMED, TEXT = "Canaryspoken", "Canarystated", "Canaryformed", "Canarytext"
PLACE = (10.87654321, 106.7654321)
AT_ONCE = (SECOND, SECOND_PHONE, PROXY, "Canarygate", SPOKEN, "10.87654321", "106.7654321")
IN_THE_END = (*AT_ONCE, NAME, "oanhname", PHONE, "Canarystreet", STATED, FORMED)


def named(dossier: Dossier) -> None:
    """Words in every place that has some."""

    def write() -> None:
        citizen = db.session.get_one(Dossier, dossier.id).citizen
        for key, value in {
            "name": NAME, "phone": PHONE, "street": STREET, "second_name": SECOND, "second_phone": SECOND_PHONE,
            "proxy": PROXY, "notes": NOTES, "call_first": True, "lat": PLACE[0], "lon": PLACE[1],
        }.items():  # fmt: skip
            setattr(citizen, key, value)

    atomically(write)


def said_beside(world: World, packet: Packet, at: datetime = MONDAY) -> bytes:
    """A sighting with a place, a text and a photo beside it; the photo's hash."""
    sha256 = bytes(31) + packet.id.to_bytes()
    beside = bodies.Extra(place=list(PLACE), free_text=SPOKEN, photo_sha256=sha256.hex())
    phone = world.phone()
    world.record(phone.scan(packet, "sighting", taker=packet.holder_id, parent=None, extra=beside), at)
    atomically(photos.keep, sha256, b"\xff\xd8\xff", phone.device_id, at)
    return sha256


def over(world: World) -> Dossier:
    """A dossier that came, was decided and went home, with words everywhere."""
    packet = submitted(world)
    named(packet.dossier)
    said_beside(world, world.fresh(packet))
    dossier = handed_over(world, packet.dossier)
    assert dossier.state is CaseState.CLOSED

    def write() -> None:
        form = forms.Form(
            dossier_id=dossier.id, desk_id=world.desk.id, key="receipt", year=2026, serial=990, at=MONDAY,
            user_id=world.officer.id, facts={"words": FORMED},
        )  # fmt: skip
        db.session.add(form)
        audit.viewed(world.officer.id, dossier.id, "desk.packet", MONDAY)

    atomically(write)
    return fresh(dossier)


def complaint(world: World, packet: Packet) -> incidents.Incident:
    opened = atomically(incidents.open_, packet, world.act(world.officer), Sort.COMPLAINT, Side.CITIZEN, STATED)
    atomically(incidents.say, opened, world.act(world.clerk), Side.POST, STATED)
    return opened


def settle(world: World, incident: incidents.Incident, at: datetime) -> None:
    facts: dict[str, Any] = {"outcome": Outcome.UNFOUNDED, "fault": None, "compensation": 0, "words": STATED}
    atomically(lambda: incidents.close(db.session.merge(incident), world.act(world.clerk, at), **facts))


def everywhere(word: str) -> list[str]:
    """The columns of the database in which the word stands, whatever their kind."""
    db.session.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)).mappings():
            for key, value in row.items():
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                if (
                    word.casefold() in text.casefold()
                    or word.encode("unicode-escape").decode().casefold() in text.casefold()
                ):
                    found.append(f"{table.name}.{key}")
    return found


def night(world: World, at: datetime) -> None:
    while atomically(retention.restrict_due, at):
        continue
    while atomically(retention.erase_due, at):
        continue
    atomically(db.session.execute, sa.update(Message).values(sent_at=MONDAY))
    atomically(outbox.sweep, at)


def test_after_ninety_days_what_only_the_carriage_needed_is_gone_and_the_slip_stays(world: World) -> None:
    dossier = over(world)
    sha256 = db.session.scalars(sa.select(Photo.sha256)).one()
    assert all(everywhere(word) for word in AT_ONCE), "the words are there to be let go of"
    atomically(codes.ask_view, dossier.id, world.act())
    assert atomically(retention.restrict_due, MONDAY + retention.AFTER - INSTANT) == 0
    night(world, MONDAY + retention.AFTER)
    assert {word: places for word in AT_ONCE if (places := everywhere(word))} == {}
    citizen = fresh(dossier).citizen
    assert (citizen.name, citizen.phone, citizen.street) == (NAME, PHONE, STREET)
    assert (citizen.lat, citizen.lon) == (citizen.neighbourhood.lat, citizen.neighbourhood.lon)
    assert not photos.is_there(sha256) and not db.session.scalar(sa.select(sa.func.count()).select_from(codes.DoorCode))
    assert not citizen.call_first and not db.session.scalar(sa.select(sa.func.count()).select_from(codes.ViewCode))
    assert fresh(dossier).restricted_at == MONDAY + retention.AFTER and fresh(dossier).erased_at is None
    assert atomically(retention.restrict_due, MONDAY + NIGHTS) == 0, "once"


def test_after_the_laws_years_nothing_names_anybody_and_the_ledger_verifies(world: World) -> None:
    dossier = over(world)
    incident = complaint(world, packet_of(dossier))
    settle(world, incident, MONDAY)
    secret, code = dossier.secret, dossier.official_code
    assert all(everywhere(word) for word in IN_THE_END)
    night(world, MONDAY + NIGHTS)
    other = complaint(world, submitted(world))
    night(world, MONDAY + NIGHTS + retention.CONTRACT - INSTANT)
    assert fresh(dossier).erased_at is None, "five years from the day it was restricted, at least"
    assert len(everywhere(STATED)) == 4
    night(world, MONDAY + NIGHTS + retention.CONTRACT)
    assert [one.words for one in db.session.merge(other).statements] == [STATED] * 2, "what was said of others stays"
    assert {one.words for one in db.session.merge(incident).statements} == {retention.GONE}
    assert not db.session.scalar(sa.select(sa.func.count()).where(audit.ViewLine.dossier_id == dossier.id))
    atomically(db.session.execute, sa.update(incidents.Statement).values(words=""))
    assert {word: places for word in IN_THE_END if (places := everywhere(word))} == {}
    assert code and not everywhere(code) and not everywhere(secret)
    with pytest.raises(Missing, match="link_unknown"):
        by_secret(secret)
    assert fresh(dossier).citizen.name == retention.GONE
    for options in ([], ["--full"]):
        result = verify(world.app, *options)
        assert result.exit_code == 0, result.output


def would(verb: Any, at: datetime) -> int:
    """What it would do, taken back."""
    count: int = verb(at)
    db.session.rollback()
    return count


def packet_of(dossier: Dossier) -> Packet:
    return db.session.scalars(sa.select(Packet).filter_by(dossier_id=dossier.id).order_by(Packet.id)).first()  # type: ignore[return-value]


def test_nothing_goes_while_the_case_a_matter_or_a_file_is_open_nor_for_ninety_days_after(world: World) -> None:
    going, closed = submitted(world), over(world)
    much_later = MONDAY + timedelta(days=400)
    packet = packet_of(closed)
    task = atomically(tasks.raise_, TaskKind.OLD_ISSUE, MONDAY, packet=packet, office_id=world.desk.id)
    assert atomically(retention.restrict_due, much_later) == 0
    closing = world.act(world.officer, MONDAY + timedelta(days=300))
    atomically(lambda: tasks.close(db.session.merge(task), "slip_matches", closing))
    with_task = MONDAY + timedelta(days=300) + retention.AFTER
    assert atomically(retention.restrict_due, with_task - INSTANT) == 0
    assert would(retention.restrict_due, with_task) == 1
    incident = complaint(world, world.fresh(packet))
    assert atomically(retention.restrict_due, much_later) == 0
    settle(world, incident, much_later)
    assert atomically(retention.restrict_due, much_later + retention.AFTER - INSTANT) == 0
    assert atomically(retention.restrict_due, much_later + retention.AFTER) == 1
    assert fresh(closed).restricted_at and not fresh(going.dossier).restricted_at


def test_compensation_that_is_not_paid_yet_holds_it(world: World) -> None:
    closed = over(world)
    incident = complaint(world, packet_of(closed))
    settle(world, incident, MONDAY)

    def owe() -> None:
        held = db.session.merge(incident)
        held.compensation, held.paid_at = 1000, None

    atomically(owe)
    assert atomically(retention.restrict_due, MONDAY + timedelta(days=400)) == 0
    atomically(lambda: setattr(db.session.merge(incident), "paid_at", MONDAY + timedelta(days=300)))
    assert atomically(retention.restrict_due, MONDAY + timedelta(days=389)) == 0
    assert atomically(retention.restrict_due, MONDAY + timedelta(days=391)) == 1


def test_a_booking_whose_papers_never_left_home_goes_whole_after_ninety_days(world: World) -> None:
    packet = world.packet()
    named(packet.dossier)
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    night(world, MONDAY + NIGHTS - timedelta(days=1))
    assert everywhere(NAME)
    night(world, MONDAY + NIGHTS)
    assert {word: places for word in (NAME, PHONE, "Canarystreet") if (places := everywhere(word))} == {}
    assert fresh(packet.dossier).erased_at == MONDAY + NIGHTS


def test_a_booking_called_off_after_its_papers_left_home_is_a_contract(world: World) -> None:
    packet = world.collected(world.phone())
    named(packet.dossier)
    atomically(lambda: setattr(db.session.get_one(Dossier, packet.dossier_id), "state", CaseState.CANCELLED))
    assert atomically(retention.restrict_due, MONDAY + timedelta(days=900)) == 0, "its papers are on their way home"


def test_restricted_it_is_there_for_supervisors_and_administrators_and_for_nobody_else(world: World) -> None:
    dossier = over(world)
    number, packet = dossier.number, packet_of(dossier)
    everybody = (world.courier, world.clerk, world.officer, world.lead, world.dispatcher, world.supervisor, world.admin)
    before = {user.role for user in everybody if sees(user, packet)}
    night(world, MONDAY + NIGHTS)
    after = {user.role for user in everybody if sees(user, packet)}
    assert after == {"supervisor", "admin"} < before
    for user in everybody:
        assert bool(scope.search(user, number)) == (user.role in after)
        assert bool(scope.search(user, NAME)) == (user.role in after)


def test_a_supervisor_reads_on_its_page_that_it_is_restricted_and_then_that_it_names_nobody(
    world: World, sign_in: Any
) -> None:
    number = over(world).number
    for late, word in ((NIGHTS, "chỉ giám sát và quản trị mở được"), (NIGHTS + YEARS, "không còn tên ai")):
        night(world, MONDAY + late)
        page = sign_in(world.supervisor).get(f"/corrections/{number}")
        assert page.status_code == 200 and word in page.text.replace("\xa0", " ")
        assert sign_in(world.officer).get(f"/desk/packets/{number}").status_code == 404


def sees(user: Any, packet: Packet) -> bool:
    try:
        return scope.packet(user, packet.number).dossier_id == packet.dossier_id
    except Missing:
        return False


def test_their_own_page_still_answers_until_it_is_erased_and_a_number_opens_nothing_then(world: World) -> None:
    dossier = over(world)
    night(world, MONDAY + NIGHTS)
    assert tracking.story(by_secret(dossier.secret), MONDAY + NIGHTS).headline == "closed"
    assert lookups.state_by_number(dossier.number, PHONE[-4:], MONDAY + NIGHTS)
    night(world, MONDAY + NIGHTS + YEARS)
    for digits in (PHONE[-4:], "", "–", "0000"):
        assert lookups.state_by_number(dossier.number, digits, MONDAY) is None
    atomically(lookups.ask_details, dossier.number, world.act())
    [told] = db.session.scalars(sa.select(Message).filter_by(kind="view_code"))
    assert told.phone == outbox.NOBODY and told.given_up_at, "a message to nobody"


def test_what_a_phone_sends_again_beside_a_scan_goes_the_next_night(world: World) -> None:
    dossier, other = over(world), world.collected(world.phone())
    said_beside(world, other)
    night(world, MONDAY + NIGHTS)
    digest = db.session.scalars(
        sa.select(scans.ScanRow.digest).where(scans.ScanRow.packet_code == packet_of(dossier).code)
    ).first()
    atomically(lambda: db.session.add(ScanExtra(digest=digest, salt="", free_text=TEXT)))
    assert atomically(retention.sweep, MONDAY) == 1
    assert not everywhere(TEXT) and everywhere(SPOKEN), "what is of others stays"


def test_a_photo_stays_while_a_file_about_its_packet_is_open(world: World) -> None:
    packet, other = world.collected(world.phone()), world.collected(world.phone())
    mine, others = said_beside(world, packet), said_beside(world, other)
    incident = complaint(world, packet)
    late = MONDAY + photos.KEPT
    assert atomically(retention.let_photos_go, late) == 0
    assert atomically(retention.let_photos_go, late + timedelta(seconds=1)) == 1
    assert photos.is_there(mine) and not photos.is_there(others)
    settle(world, incident, late)
    assert atomically(retention.let_photos_go, late + timedelta(seconds=1)) == 1


def test_who_asks_for_it_has_it_restricted_at_once_but_not_before_it_is_over(world: World) -> None:
    going, dossier = submitted(world), over(world)
    run = world.app.test_cli_runner().invoke
    early = run(args=["dossiers", "restrict", going.dossier.number])
    assert early.exit_code == 1 and "is not over yet" in early.output
    done = run(args=["dossiers", "restrict", dossier.number])
    assert done.exit_code == 0 and "only those who answer complaints" in done.output
    assert not everywhere(SECOND) and everywhere(NAME)
    again = run(args=["dossiers", "restrict", dossier.number])
    assert again.exit_code == 1 and "gone already" in again.output
    assert run(args=["dossiers", "restrict", "HS-261123-999999-9"]).exit_code == 1
    assert run(args=["dossiers", "restrict", "soup"]).exit_code == 1
    packet = world.packet()
    atomically(lambda: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    assert "nothing names its citizen" in run(args=["dossiers", "restrict", packet.dossier.number]).output
    [noted] = db.session.scalars(sa.select(audit.AuditLine).filter_by(action="restricted", subject=dossier.number))
    assert noted.details == {}


def test_a_matter_that_is_open_holds_it_for_whoever_asks_too(world: World) -> None:
    dossier = over(world)
    complaint(world, packet_of(dossier))
    with pytest.raises(Refused, match="not_over"):
        atomically(lambda: retention.restrict(db.session.get_one(Dossier, dossier.id), Act(None, MONDAY, world.keys)))
    assert everywhere(SECOND)


def test_it_is_done_some_at_a_time_and_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        packet = world.packet()
        atomically(lambda packet=packet: booking.cancel(db.session.get_one(Dossier, packet.dossier_id), world.act()))
    monkeypatch.setattr(retention, "MOST", 2)
    late = MONDAY + NIGHTS
    assert [atomically(retention.restrict_due, late) for _ in range(3)] == [2, 1, 0]


def test_messages_and_drafts_go_at_night_and_what_waits_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def say() -> None:
        for phone, sent in ((PHONE, True), (SECOND_PHONE, False), (outbox.NOBODY, False)):
            message = outbox.say(phone, "view_code", MONDAY, Language.VI, number="x", code=TEXT)
            message.sent_at = MONDAY if sent else None

    atomically(say)
    atomically(outbox.sweep, MONDAY + outbox.KEPT)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 3
    monkeypatch.setattr(worker, "now", lambda: MONDAY + outbox.KEPT + timedelta(seconds=1))
    worker.let_go()
    assert list(db.session.scalars(sa.select(Message.phone))) == [SECOND_PHONE]


def test_the_years_are_those_on_the_slip() -> None:
    assert timedelta(days=365 * slips.YEARS + 2) <= retention.CONTRACT
