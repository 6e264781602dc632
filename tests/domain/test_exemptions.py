"""Who is carried for nothing: classes by decision and day; what somebody was told when they booked stays."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import exemptions, postage
from app.domain.audit import AuditLine
from app.domain.dossiers import ReturnWay
from app.domain.exemptions import SHIPPED, Exemption
from app.domain.people import Citizen
from app.domain.postage import Line, Stream
from app.domain.procedures import Procedure
from app.errors import Invalid
from labels import missing
from tests.domain.test_booking import book
from tests.world import MONDAY, World

TODAY = MONDAY.date()
DAY = timedelta(days=1)
ORDER = "15/2026/TT-BKHCN"
MOTHER = next(one for one in SHIPPED if one.key == "heroic_mother")


def add(world: World, **over: Any) -> Exemption:
    facts = {"name": "Thương binh", "name_en": "Wounded soldiers", "day": TODAY, "decision": ORDER} | over
    return atomically(exemptions.add, act=world.act(world.admin), **facts)


def end(world: World, key: str, last: date, decision: str = ORDER) -> None:
    atomically(exemptions.end, key, last, decision, world.act(world.admin))


def test_the_law_ships_two_classes_each_with_its_source_and_names_a_paper_can_bear() -> None:
    assert len({one.key for one in SHIPPED}) == len(SHIPPED) == 2
    for one in SHIPPED:
        assert one.source and one.name and one.name_en and not missing(one.name + one.source) and one.until is None


@pytest.mark.parametrize(
    ("begins", "ends", "held"),
    [
        (0, None, (0, 1, 400)),
        (5, None, (5, 6, 400)),
        (0, [0], (0,)),
        (0, [9], (0, 5, 9)),
        (5, [5], (5,)),
        (0, [9, 3], (0, 3)),  # the later written holds, earlier
        (0, [3, 9], (0, 4, 9)),  # and later
    ],
)
def test_a_class_holds_from_its_first_day_to_its_last(
    world: World, begins: int, ends: list[int] | None, held: tuple[int, ...]
) -> None:
    made = add(world, day=TODAY + begins * DAY)
    for last in ends or ():
        end(world, made.key, TODAY + last * DAY)
    found = {days for days in range(401) if made.key in {one.key for one in exemptions.on(TODAY + days * DAY)}}
    assert found >= set(held) and (min(found), max(found)) == (held[0], held[-1])
    assert exemptions.of(made.key), "whoever was told keeps it"


def test_a_class_is_known_by_both_its_names_as_it_was_written_down_and_both_decisions_are_noted(world: World) -> None:
    made = add(world, name="  Thương binh   nặng ", name_en=" Wounded  soldiers ")
    assert made == exemptions.of(made.key) == Exemption(made.key, TODAY, "Thương binh nặng", "Wounded soldiers", ORDER)
    end(world, made.key, TODAY + DAY, "16/2026/TT-BKHCN")
    noted = db.session.scalars(sa.select(AuditLine).filter_by(subject=made.key).order_by(AuditLine.id)).all()
    assert [(one.action, one.details) for one in noted] == [
        ("exemption_added", {"day": TODAY.isoformat(), "decision": ORDER}),
        ("exemption_ended", {"day": (TODAY + DAY).isoformat(), "decision": "16/2026/TT-BKHCN"}),
    ]


def test_no_class_ends_before_it_begins(world: World) -> None:
    made = add(world, day=TODAY + 5 * DAY)
    with pytest.raises(Invalid, match="^day_before_first$"):
        end(world, made.key, TODAY + 4 * DAY)
    end(world, made.key, TODAY + 5 * DAY)


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"name": " "}, "class_name"), ({"name_en": ""}, "class_name"), ({"name": "x" * 121}, "class_name"),
        ({"name": "\u4e2d"}, "text_letter"), ({"day": TODAY - DAY}, "day_past"), ({"decision": "theo quyết định"}, "decision_form"),
    ],
)  # fmt: skip
def test_what_is_no_class_is_refused(world: World, over: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(world, **over)
    assert refused.value.key == why and len(exemptions.known()) == len(SHIPPED)


@pytest.mark.parametrize(
    ("key", "last", "decision", "why"),
    [
        (MOTHER.key, TODAY - DAY, ORDER, "day_past"),
        (MOTHER.key, TODAY, "", "decision_form"),
        ("nobody", TODAY, ORDER, "exemption_unknown"),
    ],
)
def test_what_ends_no_class_is_refused(world: World, key: str, last: date, decision: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        end(world, key, last, decision)
    assert refused.value.key == why and exemptions.on(TODAY + 999 * DAY) == sorted(
        SHIPPED, key=lambda one: one.valid_from
    )


def test_a_booking_says_a_class_of_its_day_and_keeps_it_and_its_price_when_both_end(world: World) -> None:
    asked = {"exemption": MOTHER.key, "booking_key": "m" * 32}
    dossier = book(world, **asked)
    end(world, MOTHER.key, TODAY)
    bill = postage.bill_of(dossier)
    assert (bill.exempt and bill.exempt.source, bill.total, bill.waived, bill.to_pay) == (
        MOTHER.source,
        75_000,
        60_000,
        15_000,
    )
    end(world, "before_1945", TODAY)
    late = world.act(None, MONDAY + DAY)
    assert exemptions.on(TODAY + DAY) == []
    with pytest.raises(Invalid, match="^exemption_unknown$"):
        exemptions.check(MOTHER.key, late.at.date())
    with pytest.raises(Invalid, match="exemption_unknown"):
        book(world, exemption="moon", booking_key="n" * 32)
    assert db.session.get_one(Citizen, dossier.citizen_id).exemption == MOTHER.key
    assert book(world, booking_key="o" * 32).citizen.exemption is None


@pytest.mark.parametrize("exempt", [None, *SHIPPED])
@pytest.mark.parametrize("day", [date(2018, 1, 1), TODAY, date(2030, 1, 1)])
@pytest.mark.parametrize("fee", [0, 15_000])
@pytest.mark.parametrize("way", ReturnWay)
@pytest.mark.parametrize("at_delivery", [False, True])
def test_of_whoever_is_exempt_the_proof_saves_all_postage_and_no_fee(
    exempt: Exemption | None, day: date, fee: int, way: ReturnWay, at_delivery: bool
) -> None:
    one_way, passing_on = (
        postage.shipped(day, item).amount for item in (postage.Item.PROVINCE, postage.Item.PASSING_ON)
    )
    bill = postage.bill(Procedure(fee=fee, fee_at_delivery=at_delivery), way, one_way, passing_on, exempt)
    plain = postage.bill(Procedure(fee=fee, fee_at_delivery=at_delivery), way, one_way, passing_on)
    assert (bill.lines, bill.later, bill.total) == (plain.lines, plain.later, plain.total), (
        "without the proof it is the same"
    )
    assert plain.waived == 0 and plain.to_pay == plain.total
    if exempt:
        assert (bill.waived, bill.to_pay) == (bill.of(Stream.POSTAGE), bill.of(Stream.FEE))
        assert Line.THERE in {line.key for line in bill.lines}
