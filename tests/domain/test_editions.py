"""Editions: versions, their days and their decisions. What is booked keeps its own; what was published is not rewritten."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.db import atomically, db
from app.domain import editions, postage, procedures
from app.domain.audit import AuditLine
from app.domain.editions import Decree, Draft, Standing, Word
from app.domain.procedures import Carriage, Edition, Procedure
from app.errors import Invalid, Missing, Refused
from tests.domain.test_booking import book
from tests.world import MONDAY, World

CODE, DECISION = "1.004859", "1023/QĐ-UBND"
TODAY = MONDAY.date()
NEW_YEAR = date(2027, 1, 1)


def said(world: World, **over: object) -> Edition:
    """What the world's procedure says, with something else in its content."""
    known = procedures.says(db.session.merge(world.procedure))
    return replace(known, content=replace(known.content, **over))


def kept(world: World, edition: Edition, code: str = CODE) -> Draft:
    draft = editions.draft_of(code)
    turn = draft.turn if draft else 0
    return atomically(editions.keep, code, edition, turn, world.act(world.admin))


def published(world: World, edition: Edition, day: date = TODAY, code: str = CODE) -> Procedure:
    draft = kept(world, edition, code)
    return atomically(editions.publish, code, DECISION, day, draft.turn, world.act(world.admin))


def days(code: str = CODE) -> list[tuple[int, date, date | None]]:
    db.session.rollback()
    return [(one.version, one.valid_from, one.valid_to) for one in reversed(procedures.versions(code))]


def test_a_draft_holds_nothing_until_it_is_published(world: World) -> None:
    kept(world, said(world, fee=20_000))
    assert procedures.get(CODE, TODAY).fee == 15_000
    made = published(world, said(world, fee=20_000))
    assert (made.version, made.fee) == (2, 20_000)
    assert procedures.get(CODE, TODAY).fee == 20_000 and editions.draft_of(CODE) is None


def test_what_is_booked_keeps_its_version(world: World) -> None:
    dossier = book(world)
    before = [(paper.name, paper.sheets) for paper in dossier.papers]
    published(world, replace(said(world, fee=20_000), lines=said(world).lines[:1]))
    db.session.rollback()
    assert (dossier.procedure.version, postage.bill_of(dossier).lines[-1].amount) == (1, 15_000)
    assert [(paper.name, paper.sheets) for paper in dossier.papers] == before


def test_no_two_versions_are_in_force_on_one_day(world: World) -> None:
    published(world, said(world, fee=20_000), NEW_YEAR)
    published(world, said(world, fee=30_000), NEW_YEAR + timedelta(days=31))
    assert days() == [
        (1, date(2025, 7, 1), date(2026, 12, 31)), (2, NEW_YEAR, date(2027, 1, 31)), (3, date(2027, 2, 1), None),
    ]  # fmt: skip
    for day in (TODAY, date(2026, 12, 31), NEW_YEAR, date(2027, 2, 1)):
        assert len(db.session.scalars(procedures.in_force(day).filter_by(code=CODE)).all()) == 1
    with pytest.raises(Refused, match="procedure_overlaps"):
        published(world, said(world, fee=40_000), NEW_YEAR + timedelta(days=3))


def test_a_version_may_be_put_right_before_its_first_day(world: World) -> None:
    published(world, said(world, fee=20_000), NEW_YEAR)
    published(world, said(world, fee=21_000), NEW_YEAR)
    assert [editions.standing(one, TODAY) for one in procedures.versions(CODE)] == [
        Standing.TO_COME, Standing.NEVER, Standing.IN_FORCE,
    ]  # fmt: skip
    assert procedures.get(CODE, NEW_YEAR).fee == 21_000 and procedures.get(CODE, TODAY).fee == 15_000


def test_a_version_withdrawn_before_its_first_day_leaves_the_one_before_in_force(world: World) -> None:
    published(world, said(world, fee=20_000), NEW_YEAR)
    atomically(editions.withdraw, CODE, DECISION, world.act(world.admin))
    assert days() == [(1, date(2025, 7, 1), None), (2, NEW_YEAR, date(2026, 12, 31))]
    assert procedures.get(CODE, NEW_YEAR).version == 1
    with pytest.raises(Refused, match="procedure_begun"):
        atomically(editions.withdraw, CODE, DECISION, world.act(world.admin))
    assert published(world, said(world, fee=22_000), NEW_YEAR).version == 3  # a number is never given twice


def test_a_procedure_ends_and_does_not_come_back_by_a_withdrawal(world: World) -> None:
    admin = world.act(world.admin)
    atomically(editions.end, CODE, DECISION, date(2026, 12, 31), admin)
    assert procedures.get(CODE, date(2026, 12, 31)).version == 1
    with pytest.raises(Missing, match="procedure_unknown"):
        procedures.get(CODE, NEW_YEAR)
    published(world, said(world, fee=20_000), NEW_YEAR)
    with pytest.raises(Refused, match="procedure_to_come"):
        atomically(editions.end, CODE, DECISION, NEW_YEAR, admin)
    atomically(editions.withdraw, CODE, DECISION, admin)
    with pytest.raises(Missing):
        procedures.get(CODE, NEW_YEAR)


def test_nothing_is_published_without_a_decision_or_for_a_day_that_is_over(world: World) -> None:
    draft, admin = kept(world, said(world, fee=20_000)), world.act(world.admin)
    for wrong in ("", "1023", "QĐ-UBND", "1023/" + "x" * 130):
        with pytest.raises(Invalid, match="decision_form"):
            atomically(editions.publish, CODE, wrong, TODAY, draft.turn, admin)
    with pytest.raises(Invalid, match="day_past"):
        atomically(editions.publish, CODE, DECISION, TODAY - timedelta(days=1), draft.turn, admin)
    with pytest.raises(Invalid, match="day_past"):
        atomically(editions.end, CODE, DECISION, TODAY - timedelta(days=1), admin)
    assert days() == [(1, date(2025, 7, 1), None)]


def test_nobody_writes_over_a_colleagues_draft_or_publishes_what_they_have_not_seen(world: World) -> None:
    first = kept(world, said(world, fee=20_000)).turn
    second = kept(world, said(world, fee=25_000)).turn
    with pytest.raises(Refused, match="draft_changed"):
        atomically(editions.keep, CODE, said(world, fee=1), first, world.act(world.admin))
    with pytest.raises(Refused, match="draft_changed"):
        atomically(editions.publish, CODE, DECISION, TODAY, first, world.act(world.admin))
    db.session.rollback()
    assert editions.draft_of(CODE).edition.content.fee == 25_000  # type: ignore[union-attr]
    atomically(editions.issue, CODE, said(world, fee=9), DECISION, TODAY, world.act(world.admin))  # by a sheet, say
    with pytest.raises(Refused, match="draft_behind"):
        atomically(editions.publish, CODE, DECISION, TODAY, second, world.act(world.admin))


def test_a_draft_that_says_nothing_new_is_not_published(world: World) -> None:
    draft = kept(world, said(world))
    with pytest.raises(Refused, match="draft_same"):
        atomically(editions.publish, CODE, DECISION, TODAY, draft.turn, world.act(world.admin))


def test_a_draft_comes_back_as_it_was_written(world: World) -> None:
    known = said(world)
    there = Carriage(
        "Đồng Nai", False, True, "QĐ 12/QĐ-UBND", "Nộp tại quầy", "Bring it to the desk", True, "NĐ 118/2025"
    )
    whole = replace(known, provinces=(there,), synonyms="khai sinh sai tên")
    assert editions.read(editions.write(whole)) == whole
    assert procedures.says(published(world, whole)) == whole


def test_every_change_is_named_and_nothing_else(world: World) -> None:
    was = said(world)
    lines = (replace(was.lines[1], sheets=2), was.lines[0], replace(was.lines[3], name="Sổ hộ khẩu"))
    there = Carriage("Đồng Nai", True, False, "QĐ 12/QĐ-UBND")
    free = {"any_desk": True, "any_desk_basis": "NĐ 118/2025/NĐ-CP"}
    now = replace(said(world, fee=20_000, days=5, **free), lines=lines, provinces=(there,))
    told = {(one.where, one.name, one.part) for one in editions.changes(was, now)}
    assert told == {
        ("content", "any_desk", ""), ("content", "any_desk_basis", ""), ("content", "fee", ""), ("content", "days", ""), ("paper", "Căn cước", "sheets"), ("paper", "", "order"),
        ("paper", "Nơi ở", ""), ("paper", "Học bạ", ""), ("paper", "Sổ hộ khẩu", ""), ("province", "Đồng Nai", ""),
    }  # fmt: skip
    many = tuple(replace(was.lines[0], name=f"Giấy số {nth}") for nth in range(9))
    gone = [
        one.name for one in editions.changes(replace(was, lines=many), replace(was, lines=many[:1])) if one.now is None
    ]
    assert gone == [line.name for line in many[1:]]
    assert editions.changes(was, was) == []
    assert {one.was for one in editions.changes(None, now)} == {None}


def test_a_province_may_say_otherwise_about_the_post(world: World) -> None:
    """In the world's own province the result may no longer travel; what is booked before keeps what it was told."""
    before = book(world)
    here = Carriage("Hồ Chí Minh", True, False, "QĐ 12/QĐ-UBND")
    published(world, replace(said(world), provinces=(here,)))
    db.session.rollback()
    assert before.returns_by_post and before.goes_home
    after = book(world, booking_key="b" * 40)
    assert not after.returns_by_post and after.return_way == "desk"
    known = procedures.get(CODE, TODAY)
    assert known.carriage("Hồ Chí Minh").return_by_post is False and known.carriage("Đồng Nai").return_by_post is True
    closed = replace(here, submit_by_post=False, why_not="Nộp tại quầy")
    published(world, replace(said(world), provinces=(closed,)))
    with pytest.raises(Refused, match="procedure_in_person"):
        book(world, booking_key="c" * 40)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"lines": ()}, "procedure_no_papers"),
        ({"provinces": (Carriage("Đồng Nai", False, False, "x"),)}, "procedure_why_not"),
        ({"provinces": (Carriage("Đồng Nai", True, True, "x", any_desk=True),)}, "procedure_any_desk"),
        ({"provinces": (Carriage("dong nai", True, True, "x"),)}, "procedure_province_unknown"),
        ({"provinces": (Carriage("Đồng Nai", True, True, "x"), Carriage("Đồng Nai", True, False, "y"))}, "procedure_province_twice"),
    ],
)  # fmt: skip
def test_a_draft_that_breaks_a_rule_is_not_kept(world: World, wrong: dict[str, object], key: str) -> None:
    with pytest.raises(Invalid, match=key):
        kept(world, replace(said(world), **wrong))
    with pytest.raises(Invalid, match="procedure_code"):
        kept(world, said(world), "tthc-1")


def test_a_new_procedure_is_found_from_its_first_day(world: World) -> None:
    kept(world, said(world, title="Xin xác nhận tạm trú"), "1.004194")
    assert [draft.code for draft in editions.unpublished()] == ["1.004194"]
    assert editions.listed("tam tru", TODAY) == []
    published(world, said(world, title="Xin xác nhận tạm trú"), NEW_YEAR, "1.004194")
    assert procedures.search("tạm trú", TODAY) == [] and procedures.search("tam tru", NEW_YEAR)
    (found,) = editions.listed("tam tru", TODAY)
    assert (found.standing, found.to_come) == (Standing.TO_COME, None)


def test_all_that_is_decided_is_kept_with_who_and_when(world: World) -> None:
    published(world, said(world, fee=20_000), NEW_YEAR)
    atomically(editions.withdraw, CODE, "1100/QĐ-UBND", world.act(world.admin))
    (two, decrees), (_one, none) = editions.history(CODE)
    assert [(one.word, one.decision, one.day) for one in decrees] == [
        (Word.PUBLISHED, DECISION, NEW_YEAR), (Word.WITHDRAWN, "1100/QĐ-UBND", date(2026, 12, 31)),
    ]  # fmt: skip
    assert {(one.by_id, one.at) for one in decrees} == {(world.admin.id, MONDAY)} and none == [] and two.version == 2
    noted = db.session.scalars(
        sa.select(AuditLine.action).where(AuditLine.subject == CODE).order_by(AuditLine.id)
    ).all()
    assert list(noted) == ["draft_kept", "procedure_published", "procedure_withdrawn"]
    with pytest.raises(sa.exc.DBAPIError):
        db.session.execute(sa.delete(Decree))
    db.session.rollback()
