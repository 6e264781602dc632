"""What an administrator changes of days and places: bad input refused, every change audited, what counts follows."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import calendar, upkeep
from app.domain.audit import AuditLine
from app.domain.places import Office, OfficeKind, Opening, Ward
from app.errors import Invalid, Missing
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")
TODAY = MONDAY.date()
WEDNESDAY, THURSDAY = TODAY + timedelta(days=2), TODAY + timedelta(days=3)  # Tuesday is a feast
WEEK = [Opening(day, time(7, 30), time(11, 30)) for day in range(5)]


def noted() -> list[str]:
    return list(db.session.scalars(sa.select(AuditLine.action).order_by(AuditLine.id)))


def keep(world: World, office: Office, hours: list[Opening], *, is_new: bool = False, **over: Any) -> None:
    facts = {"name": office.name, "address": office.address, "phone": office.phone, "lat": office.lat, "lon": office.lon,
             "slot_places": office.slot_places, "code": office.code, "kind": office.kind, "ward_id": office.ward_id} | over  # fmt: skip
    code, kind, ward = facts.pop("code"), facts.pop("kind"), facts.pop("ward_id")
    atomically(upkeep.keep_office, code, kind, ward, hours, world.act(world.admin), is_new=is_new, **facts)


def test_a_day_declared_off_counts_no_more_and_taken_back_counts_again(world: World) -> None:
    act = world.act(world.admin)
    assert calendar.working_days_after(TODAY, 1) == [WEDNESDAY]
    atomically(upkeep.declare, WEDNESDAY, False, "Bão số 12", act)
    assert calendar.working_days_after(TODAY, 1) == [THURSDAY]
    atomically(upkeep.take_back, WEDNESDAY, act)
    assert calendar.working_days_after(TODAY, 1) == [WEDNESDAY]
    assert noted()[-2:] == ["day_declared", "day_taken_back"]
    with pytest.raises(Missing, match="day_not_declared"):
        atomically(upkeep.take_back, WEDNESDAY, act)


def test_a_saturday_made_up_is_worked_and_a_day_that_is_over_stays(world: World) -> None:
    act, saturday = world.act(world.admin), TODAY + timedelta(days=5)
    atomically(upkeep.declare, saturday, True, "Làm bù", act)
    assert calendar.is_working(saturday) and upkeep.declared(TODAY)[0].day == saturday
    with pytest.raises(Invalid, match="day_past"):
        atomically(upkeep.declare, TODAY - timedelta(days=1), False, "x", act)


def test_whoever_declares_a_day_off_is_told_how_many_visits_are_booked_for_it(world: World) -> None:
    packet = world.packet()
    visit = upkeep.db.session.scalar(sa.select(upkeep.Visit).filter_by(packet_id=packet.id))
    assert visit
    assert atomically(upkeep.declare, visit.slot.day, False, "Bão", world.act(world.admin)) == 1


@pytest.mark.parametrize(
    ("hours", "key"),
    [
        ([], "hours_none"),
        ([Opening(0, time(11), time(8))], "hours_order"),
        ([Opening(2, time(7), time(12)), Opening(2, time(11), time(17))], "hours_meet"),
    ],
)
def test_hours_that_cannot_be_are_refused_at_their_weekday(world: World, hours: list[Opening], key: str) -> None:
    with pytest.raises(Invalid, match=key) as told:
        keep(world, world.desk, hours)
    if hours:
        assert told.value.values == {"weekday": hours[0].weekday}


def test_a_saturday_of_reception_receives_and_is_not_counted(world: World) -> None:
    keep(world, world.desk, [*WEEK, Opening(5, time(7, 30), time(11))])
    saturday = TODAY + timedelta(days=5)
    hours = db.session.get_one(Office, world.desk.id).hours
    assert list(calendar.openings(saturday, hours)) and not calendar.is_working(saturday)
    assert noted()[-1] == "office_kept"
    before = len(noted())
    keep(world, world.desk, [*WEEK, Opening(5, time(7, 30), time(11))])
    assert len(noted()) == before  # nothing changed, nothing is written


@pytest.mark.parametrize(
    ("over", "key"),
    [
        ({"phone": "12"}, "phone_short"), ({"is_new": True}, "office_code_taken"), ({"ward_id": 999_999}, "ward_over"),
        ({"kind": OfficeKind.POST}, "office_kind"),
    ],
)  # fmt: skip
def test_an_office_that_cannot_be_is_refused(world: World, over: dict[str, Any], key: str) -> None:
    with pytest.raises(Invalid, match=key):
        keep(world, world.desk, WEEK, **over)


def test_a_ward_begins_and_ends_and_no_code_means_two_at_once(world: World) -> None:
    act, first = world.act(world.admin), date(2027, 1, 1)

    def said(code: str, day: date, *, is_new: bool = True, **over: Any) -> None:
        facts = {"name": "Mới", "province": "Hồ Chí Minh", "valid_to": None} | over
        atomically(upkeep.keep_ward, code, day, act, is_new=is_new, **facts)

    said("25999", first)
    said("25999", first, is_new=False, valid_to=date(2027, 6, 30))
    found = db.session.scalar(sa.select(Ward).filter_by(code="25999"))
    assert found and found.valid_to == date(2027, 6, 30) and noted()[-2:] == ["ward_kept", "ward_kept"]
    for over, key in (
        ({"valid_to": date(2026, 1, 1), "is_new": False}, "ward_ends_first"), ({}, "ward_known"),
        ({"province": "Sài Gòn", "is_new": False}, "procedure_province_unknown"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=key):
            said("25999", first, **over)
    with pytest.raises(Invalid, match="ward_overlaps"):
        said("25942", first)
    served = world.desk.ward
    with pytest.raises(Invalid, match="ward_still_served"):
        said(served.code, served.valid_from, is_new=False, name=served.name, valid_to=first)
