"""An incident file: a clock from its opening, both sides heard, ended by somebody else, and all evidence in one file."""

import dataclasses
import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest

from app.db import atomically, db
from app.domain import calendar, evidence, incidents
from app.domain.incidents import Incident, Outcome, Side, Sort
from app.domain.packets import Packet
from app.domain.people import User
from app.domain.postage import Fault
from app.errors import Invalid, Missing, Refused
from tests.domain.test_desk import submitted
from tests.world import MONDAY, World

POSTAGE = 2 * 26_000 + 8_000  # there, back, passing on the fee


def opened(world: World, packet: Packet | None = None, by: User | None = None, sort: Sort = Sort.DAMAGED) -> Incident:
    packet = packet or submitted(world)
    return atomically(incidents.open_, packet, world.act(by or world.officer), sort, Side.DESK, "Rách góc, mất trang 2")


def heard(world: World) -> Incident:
    incident = opened(world)
    atomically(incidents.say, incident, world.act(world.clerk), Side.POST, "Bưu tá nhận túi còn nguyên")
    return incident


def close(world: World, incident: Incident, by: User | None = None, **over: Any) -> None:
    facts = {
        "outcome": Outcome.DAMAGED,
        "fault": Fault.POST,
        "compensation": 4 * POSTAGE,
        "words": "Bưu điện trả",
    } | over
    atomically(lambda: incidents.close(incident, world.act(by or world.clerk), **facts))


def test_its_clock_runs_in_working_days_from_the_opening(world: World) -> None:
    incident = opened(world)
    assert incident.number.startswith("SC-261123")
    assert (incident.search_by, incident.answer_by) == (date(2026, 11, 27), date(2026, 12, 1))  # 24/11 is a holiday
    assert [incidents.due(incident, MONDAY + timedelta(days=n)) for n in (0, 8, 9)] == [8, 0, -1]


def test_told_again_while_it_is_open_it_is_the_same_file(world: World) -> None:
    packet = submitted(world)
    first, again = opened(world, packet), opened(world, packet, world.clerk)
    assert first.id == again.id and len(incidents.about(packet)) == 1
    assert opened(world, packet, sort=Sort.COMPLAINT).id != first.id


def test_nobody_ends_their_own_file_nor_one_that_heard_one_side(world: World) -> None:
    incident = opened(world)
    with pytest.raises(Refused, match="incident_own"):
        close(world, incident, world.officer)
    with pytest.raises(Refused, match="incident_one_sided"):
        close(world, incident)
    assert db.session.get_one(Incident, incident.id).closed_at is None


@pytest.mark.parametrize(
    ("over", "key"),
    [
        ({"compensation": 4 * POSTAGE - 1}, "compensation_low"),
        ({"outcome": Outcome.LOST, "compensation": 0}, "compensation_low"),
        ({"fault": Fault.NOBODY}, "compensation_not_owed"),
        ({"words": " "}, "words_needed"),
        ({"words": "x" * 1001}, "words_long"),
    ],
)
def test_what_the_post_owes_is_four_times_the_postage_and_nobody_else_pays(
    world: World, over: dict[str, Any], key: str
) -> None:
    incident = heard(world)
    assert incidents.least(incident) == 4 * POSTAGE
    with pytest.raises(Invalid, match=key):
        close(world, incident, **over)
    assert db.session.get_one(Incident, incident.id).closed_at is None


def test_it_ends_once_is_paid_within_thirty_days_and_takes_no_more_words(world: World) -> None:
    incident = heard(world)
    with pytest.raises(Refused, match="incident_nothing_owed"):
        atomically(incidents.pay, incident, world.act(world.clerk), 0)
    for _ in range(2):  # a double click
        close(world, incident)
    held = db.session.get_one(Incident, incident.id)
    assert (held.outcome, held.compensation, held.pay_by) == (Outcome.DAMAGED, 4 * POSTAGE, date(2026, 12, 23))
    assert [one.side for one in held.statements] == [Side.DESK, Side.POST, Side.POST]
    with pytest.raises(Refused, match="incident_over"):
        close(world, incident, fault=Fault.CITIZEN, compensation=0)
    with pytest.raises(Refused, match="incident_over"):
        atomically(incidents.say, incident, world.act(world.officer), Side.CITIZEN, "Còn nữa")
    for _ in range(2):
        atomically(incidents.pay, incident, world.act(world.clerk), 4 * POSTAGE)
    paid = db.session.get_one(Incident, incident.id)
    assert (paid.paid_at, paid.interest) == (MONDAY, None)


@pytest.mark.parametrize(
    ("days", "paid", "told"),
    [
        (30, 4 * POSTAGE - 1, "paid_short"),
        (30, 4 * POSTAGE + 1, "paid_over"),  # the thirtieth day is in time: nothing is owed beside it
        (30, 4 * POSTAGE, None),
        (31, 4 * POSTAGE - 1, "paid_short"),
        (31, 8 * POSTAGE + 1, "paid_over"),  # a digit too many, and no interest
        (31, 4 * POSTAGE, None),  # the citizen forgoes it
        (31, 4 * POSTAGE + 1_700, 1_700),
        (31, 8 * POSTAGE, 4 * POSTAGE),
    ],
)
def test_a_compensation_is_paid_to_the_dong_and_after_thirty_days_with_interest(
    world: World, days: int, paid: int, told: str | int | None
) -> None:
    incident = heard(world)
    close(world, incident)
    act = dataclasses.replace(world.act(world.clerk), at=MONDAY + timedelta(days=days))
    assert incidents.is_overdue(incident, act.at) is (days > 30)
    if isinstance(told, str):
        with pytest.raises(Invalid, match=told):
            atomically(incidents.pay, incident, act, paid)
        assert db.session.get_one(Incident, incident.id).paid_at is None
        return
    atomically(incidents.pay, incident, act, paid)
    held = db.session.get_one(Incident, incident.id)
    assert (held.paid_at, held.interest, held.compensation) == (act.at, told, 4 * POSTAGE)
    assert not incidents.is_overdue(held, act.at + timedelta(days=9))


# ---- how long a citizen may complain ----------------------------------------------------------------------------


def test_of_a_loss_six_months_from_the_promised_day_of_all_else_one_from_the_day_it_was_handed_over(
    world: World,
) -> None:
    waiting, carried, there = world.packet(), world.collected(world.phone()), submitted(world)
    promised = calendar.working_days_after(MONDAY.date(), 1)[-1]
    assert promised == date(2026, 11, 25)  # 24/11 is a holiday
    loss, month = date(2027, 5, 25), date(2026, 12, 23)
    for packet, by_loss, by_damage in ((waiting, None, None), (carried, loss, None), (there, loss, month)):
        told = incidents.complain_by(packet)
        assert (told[Sort.LOST], told[Sort.LATE]) == (by_loss, by_loss)
        assert {told[sort] for sort in (Sort.DAMAGED, Sort.COUNT, Sort.COMPLAINT)} == {by_damage}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [(date(2026, 8, 31), 6, date(2027, 2, 28)), (date(2027, 12, 31), 1, date(2028, 1, 31)), (date(2028, 1, 31), 1, date(2028, 2, 29))],
)  # fmt: skip
def test_a_month_without_that_day_ends_with_its_last(day: date, months: int, later: date) -> None:
    assert incidents._months_after(day, months) == later


def test_both_offices_of_the_packet_see_it_and_a_stranger_does_not(world: World) -> None:
    incident = opened(world)
    assert [incidents.of(user) for user in (world.officer, world.clerk, world.supervisor)] == [[incident]] * 3
    assert [incidents.of(user) for user in (world.stranger, world.strange_officer)] == [[], []]
    with pytest.raises(Missing, match="incident_unknown"):
        incidents.get(world.stranger, incident.number)
    with pytest.raises(Missing, match="incident_unknown"):
        incidents.get(world.officer, "SC-261123-999999-9")


def test_the_evidence_is_one_file_with_ledger_lists_hands_and_words(world: World) -> None:
    incident = heard(world)
    with zipfile.ZipFile(
        io.BytesIO(evidence.pack(incident, world.act(), "https://hoso.vi-du.test", "Đọc trước"))
    ) as file:
        names, told = file.namelist(), json.loads(file.read("incident.json"))
        assert file.read("hands.pdf").startswith(b"%PDF")
        (record,) = [name for name in names if name.startswith("BB-")]
        assert file.read(record).startswith(b"%PDF")
    assert [line["event"] for line in told["lines"]] == ["collect", "receive", "open"]
    assert [one["side"] for one in told["statements"]] == ["desk", "post"]
    assert world.fresh(incident.packet).dossier.citizen.name not in json.dumps(told, ensure_ascii=False)


def test_the_photos_of_a_packet_are_in_its_evidence_under_the_hash_its_scans_name(world: World) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    sha256 = world.photographed(phone, packet)
    with zipfile.ZipFile(
        io.BytesIO(
            evidence.pack(
                opened(world, world.fresh(packet), world.clerk), world.act(), "https://hoso.vi-du.test", "Đọc trước"
            )
        )
    ) as file:
        assert file.read(f"photos/{sha256.hex()}.jpg") == b"\xff\xd8\xff"
        told = json.loads(file.read("incident.json"))
    assert [one["sent_sha256"] for one in told["photos"]] == [sha256.hex()]
