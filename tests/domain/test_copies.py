"""The copy holds all that is kept: a new column or table about a citizen is in it, or stands here with why it is not."""

import pytest

from app.db import Base, atomically, db
from app.domain import copies
from app.domain.dossiers import Dossier
from app.domain.people import Citizen
from tests.domain.test_desk import submitted
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")  # what a copy names hangs on no database

OURS = "an id, a key or a lock of ours: it says nothing about them, or opens something"
CITIZEN = {
    "id": OURS, "party_id": OURS, "words": "the name once more, without accents", "ward_id": "ward", "neighbourhood_id": "neighbourhood",
    "bound_at": "number_since", "proxy": "may_receive", "exemption": "carried_for_nothing", "lat": "on_the_map", "lon": "on_the_map",
    **{name: name for name in ("name", "phone", "second_name", "second_phone", "street", "notes", "call_first", "language")},
}  # fmt: skip
DOSSIER = {
    "id": OURS, "number": "number", "secret": OURS, "citizen_id": "person", "booking_key": OURS, "state": "booking", "procedure_id": "booking",
    "desk_id": "booking", "post_office_id": "booking", "return_way": "booking", "one_way": "booking", "passing_on": "booking",
    "consented_at": "booking", "booked_at": "booking", "submitted_at": "booking", "official_code": "booking", "due_on": "booking",
    "due_time": "booking", "supplement_by": "booking", "fee_due": "booking", "asked_at": "booking", "answer": "booking",
    "beside_id": "which other dossier went along: that one has a copy of its own",
    "counted_from": "the day it was filed, or papers were complete: both are steps among the handoffs",
    "result_papers": "result_papers", "surrender": "old_papers_wanted", "restricted_at": "restricted", "erased_at": "then there is no copy",
}  # fmt: skip
TABLES = {
    "case_lines": "handoffs", "forms": "papers_from_the_ward", "packets": "handoffs", "papers": "papers", "petitions": "requests", "votes": "opinion",
    "dossiers": "booking", "recovered_papers": "who brings old_papers_wanted to the ward: which they are stands there",
}  # fmt: skip


def kept(world: World) -> copies.Kept:
    packet = submitted(world)

    def fill() -> None:
        who = db.session.get_one(Dossier, packet.dossier_id).citizen
        who.second_name, who.proxy, who.notes, who.bound_at = "Mơ Con", "Lý Thị Đào", "cổng xanh", MONDAY

    atomically(fill)
    return copies.of(db.session.get_one(Dossier, packet.dossier_id), MONDAY)


def test_every_column_about_a_citizen_has_its_place_or_its_reason(world: World) -> None:
    copy, reasons = kept(world), " "
    assert {column.name for column in Citizen.__table__.columns} == set(CITIZEN)
    assert {key for key in CITIZEN.values() if reasons not in key} == set(copy["person"]) - {"province"}
    assert {column.name for column in Dossier.__table__.columns} == set(DOSSIER)
    assert {key for key in DOSSIER.values() if reasons not in key} <= set(copy)


def test_every_table_about_a_dossier_has_its_place_or_its_reason(world: World) -> None:
    about = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in ("dossiers", "citizens")
    }
    assert about == set(TABLES)
    assert {place for place in TABLES.values() if " " not in place} <= set(kept(world))
