"""Upkeep: what administrators change of days and places, each change a line of the audit.

A day that is over stays as it was counted; an office keeps its code and kind, a ward its code and first day.
"""

from collections.abc import Collection, Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import audit, bands, calendar, places
from app.domain.bands import Band
from app.domain.calendar import CalendarDay
from app.domain.people import Act, read_phone
from app.domain.places import PROVINCES, Neighbourhood, Office, OfficeKind, Opening, Ward, fold
from app.domain.visits import OPEN, Slot, Visit
from app.errors import Invalid, Missing


def declared(since: date) -> list[CalendarDay]:
    rows = sa.select(CalendarDay).where(CalendarDay.day >= since).order_by(CalendarDay.day)
    return list(db.session.scalars(rows))


def declare(day: date, is_open: bool, note: str, act: Act) -> int:
    """The operator's word on a day; how many visits are booked for it, which nobody has moved yet.

    Raises Invalid("day_past").
    """
    if day < calendar.today(act.at):
        raise Invalid("day_past")
    if calendar.declare(day, is_open, note):
        audit.note("day_declared", day.isoformat(), act, is_open=is_open, note=note)
    booked = sa.select(sa.func.count()).select_from(Visit).join(Slot).where(Slot.day == day, Visit.state.in_(OPEN))
    return db.session.scalar(booked) or 0


def take_back(day: date, act: Act) -> None:
    """The day is again what the law says. Raises Missing("day_not_declared"), Invalid("day_past")."""
    known = db.session.get(CalendarDay, day)
    if known is None:
        raise Missing("day_not_declared")
    if day < calendar.today(act.at):
        raise Invalid("day_past")
    db.session.delete(known)
    audit.note("day_taken_back", day.isoformat(), act, was_open=known.is_open)


# ---- offices ---------------------------------------------------------------------------------------------------------


def offices() -> list[Office]:
    """Desks after post offices, by name."""
    rows = db.session.scalars(sa.select(Office))
    return sorted(rows, key=lambda office: (office.kind is OfficeKind.DESK, fold(office.name)))


def office(code: str) -> Office:
    """Raises Missing("office_gone")."""
    found = db.session.scalar(sa.select(Office).filter_by(code=code))
    if found is None:
        raise Missing("office_gone")
    return found


def check_hours(hours: Sequence[Opening]) -> None:
    """Raises Invalid: `hours_none`, and with the `weekday` it is about `hours_order`, `hours_meet`."""
    if not hours:
        raise Invalid("hours_none")
    for weekday, row in groupby(sorted(hours, key=lambda one: (one.weekday, one.opens)), lambda one: one.weekday):
        openings = list(row)
        if any(one.closes <= one.opens for one in openings):
            raise Invalid("hours_order", weekday=weekday)
        if any(after.opens < before.closes for before, after in pairwise(openings)):
            raise Invalid("hours_meet", weekday=weekday)


def keep_office(
    code: str, kind: OfficeKind, ward_id: int, hours: Sequence[Opening], act: Act, *, is_new: bool,
    neighbourhoods: Collection[int] = (), **facts: Any,
) -> None:  # fmt: skip
    """Found an office, or write down what it is now. `neighbourhoods`: the khu phố of its ward whose dossiers come to this
    desk, where the ward has several; what no desk is given comes to the first.

    Raises Invalid as `check_hours` and `people.read_phone`, and `office_code_taken`, `ward_over`.
    """
    check_hours(hours)
    facts["phone"] = read_phone(facts["phone"])
    known = db.session.scalar(sa.select(Office).filter_by(code=code))
    if is_new and known:
        raise Invalid("office_code_taken", code=code)
    ward = db.session.get(Ward, ward_id)
    if ward is None or not ward.valid_on(calendar.today(act.at)):
        raise Invalid("ward_over")
    was = {name: getattr(known, name) for name in facts} if known else {}
    moved = places.settle_office(kind, code, ward, hours, **facts)
    given = kind is OfficeKind.DESK and _give(office(code), neighbourhoods)
    if moved or given:
        changed = sorted(name for name, value in facts.items() if was.get(name) != value)
        audit.note(
            "office_kept",
            code,
            act,
            new=known is None,
            ward=ward.code,
            changed=changed,
            hours=_said(hours),
            neighbourhoods=sorted(neighbourhoods),
        )


def _give(desk: Office, neighbourhoods: Collection[int]) -> bool:
    """These khu phố of its ward, and no others, send their dossiers to this desk; whether that was otherwise before."""
    given = [one for one in neighbourhoods_of(desk.ward_id) if one.id in neighbourhoods]
    before = list(db.session.scalars(sa.select(Neighbourhood).filter_by(desk_id=desk.id)))
    for one in before:
        one.desk_id = None
    for one in given:
        one.desk_id = desk.id
    db.session.flush()
    return {one.id for one in given} != {one.id for one in before}


def neighbourhoods_of(ward_id: int) -> list[Neighbourhood]:
    """The khu phố that lie in this ward today."""
    rows = db.session.scalars(sa.select(Neighbourhood).filter_by(ward_id=ward_id))
    return sorted(rows, key=lambda one: fold(one.name))


def _said(hours: Sequence[Opening]) -> list[str]:
    return [f"{one.weekday} {one.opens:%H:%M}-{one.closes:%H:%M}" for one in hours]


# ---- wards -----------------------------------------------------------------------------------------------------------


def wards() -> list[Ward]:
    """Those that hold before those that are over, by name."""
    return sorted(db.session.scalars(sa.select(Ward)), key=lambda ward: (ward.valid_to is not None, fold(ward.name)))


def neighbours_of(ward: Ward, day: date) -> list[Ward]:
    """The other wards of its province on this day: those of one former district with it are said, ward by ward."""
    return [one for one in wards() if one.id != ward.id and one.province == ward.province and one.valid_on(day)]


def keep_ward(
    code: str, valid_from: date, act: Act, *, is_new: bool, near: Collection[int] = (), **facts: Any
) -> None:  # fmt: skip
    """A ward as it is from its first day on, of one former district with the wards `near`, by their ids, and with no other of
    its province. Raises Invalid: `ward_overlaps`, `ward_known`, `ward_ends_first`,
    `procedure_province_unknown`, `ward_still_served` (it ends while an office stands in it)."""
    known = places.find_ward(code, valid_from)
    if is_new and known:
        raise Invalid("ward_known", code=code)
    if facts["province"] not in PROVINCES and not (known and known.province == facts["province"]):
        raise Invalid("procedure_province_unknown", province=facts["province"])
    last = facts["valid_to"]
    if last and last < valid_from:
        raise Invalid("ward_ends_first")
    if known and last and last != known.valid_to and db.session.scalar(sa.select(Office).filter_by(ward_id=known.id)):
        raise Invalid("ward_still_served")
    moved = places.settle_ward(code, valid_from, **facts)
    brought = known is not None and _bring_together(known, near, act)
    if moved or brought:
        until = last.isoformat() if last else None
        audit.note(
            "ward_kept", f"{code}@{valid_from}", act, new=known is None, name=facts["name"], until=until, near=sorted(near)
        )  # fmt: skip


def near_to(ward: Ward, day: date) -> set[int]:
    """The ids of the wards that are of one former district with it."""
    return {one.id for one in neighbours_of(ward, day) if bands.between(ward, one) is Band.DISTRICT}


def _bring_together(ward: Ward, ids: Collection[int], act: Act) -> bool:
    """Whether the word on a pair changed. Bookings keep the postage they were quoted."""
    day = calendar.today(act.at)
    were = near_to(ward, day)
    changed = [one for one in neighbours_of(ward, day) if (one.id in ids) != (one.id in were)]
    for one in changed:
        bands.settle(ward, one, Band.DISTRICT if one.id in ids else Band.PROVINCE)
    return bool(changed)
