"""The catalogue: wards whose codes changed their meaning, procedures with versions, files whole or not at all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import catalogue
from app.catalogue import BadRows
from app.config import Settings
from app.db import atomically, db
from app.domain import calendar, places, procedures
from app.domain.places import Neighbourhood, Office, OfficeKind, Ward
from app.domain.procedures import PaperForm, Procedure
from tests import databases
from tests.conftest import start
from tests.world import MONDAY

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, empty: str, settings: Settings) -> Iterator[str]:
    """The URL of a database with the shipped catalogue in it, to be copied and never used."""
    with databases.copied(empty, tmp_path_factory.mktemp("catalogue")) as url:
        for _ in start(settings, url):
            catalogue.load(catalogue.SHIPPED, MONDAY)
        yield url


@pytest.fixture
def loaded(tmp_path: Path, full: str, settings: Settings) -> Iterator[Flask]:
    with databases.copied(full, tmp_path) as url:
        yield from start(settings, url)


def write(folder: Path, kind: str, **tables: Any) -> Path:
    path = folder / f"{kind}.json"
    path.write_text(json.dumps({"kind": kind, **tables}), encoding="utf-8")
    return path


def shipped(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((catalogue.SHIPPED / f"{kind}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("code", "was", "now"),
    [("25942", "Dĩ An", "Dĩ An"), ("25945", "Tân Bình", "Tân Đông Hiệp"), ("25951", "Bình An", "Đông Hòa")],
)
def test_a_code_means_another_ward_from_july_2025(loaded: Flask, code: str, was: str, now: str) -> None:
    old, new = places.ward_on(code, BEFORE), places.ward_on(code, AFTER)
    assert (old.name, old.province) == (was, "Bình Dương")
    assert (new.name, new.province) == (now, "Hồ Chí Minh")


@pytest.mark.parametrize("gone", ["25948", "25954", "25957", "25960", "25939"])
def test_an_old_code_means_nothing_today(loaded: Flask, gone: str) -> None:
    assert places.ward_on(gone, BEFORE)
    with pytest.raises(places.Missing):
        places.ward_on(gone, AFTER)


@pytest.mark.parametrize(
    ("old", "khu_pho", "now"),
    [
        ("25948", "Chiêu Liêu", "25942"),
        ("25948", "chieu lieu a", "25942"),
        ("25948", "Đông Chiêu A", "25942"),
        ("25948", "Đông Tác", "25942"),
        ("25948", "Đông Thành", "25945"),
        ("25948", "Tân An", "25945"),
        ("25948", None, "25945"),
        ("25948", "never heard of", "25945"),
        ("25945", None, "25945"),
        ("25951", "Nội Hóa 1", "25951"),
        ("25957", None, "25951"),
        ("25960", "Bình Đường 2", "25942"),
        ("25939", "Ba Đình", "25945"),
    ],
)
def test_an_old_address_finds_the_ward_of_today(loaded: Flask, old: str, khu_pho: str | None, now: str) -> None:
    found = places.resolve(places.ward_on(old, BEFORE), khu_pho)
    assert (found.code, found.valid_to) == (now, None)


def test_the_same_name_before_and_after_is_not_the_same_ward(loaded: Flask) -> None:
    named = db.session.scalars(sa.select(Ward).filter_by(name="Tân Đông Hiệp").order_by(Ward.valid_from)).all()
    assert [(w.code, w.valid_to is None) for w in named] == [("25948", False), ("25945", True)]


def test_every_khu_pho_is_served_and_lies_in_a_ward_with_a_desk(loaded: Flask) -> None:
    hoods = db.session.scalars(sa.select(Neighbourhood)).all()
    assert len(hoods) == 45
    for hood in hoods:
        assert hood.ward.valid_to is None and hood.old_ward.valid_to == BEFORE
        assert places.desk_of(hood)
        assert hood.post_office.kind is OfficeKind.POST
        assert abs(hood.lat - (hood.ward.lat or 0)) < 0.06 and abs(hood.lon - (hood.ward.lon or 0)) < 0.06
    assert {hood.post_office.code for hood in hoods} == {"824600", "824730", "824780", "824880", "824900", "825063"}


def test_three_desks_open_on_weekdays(loaded: Flask) -> None:
    desks = db.session.scalars(sa.select(Office).filter_by(kind=OfficeKind.DESK).order_by(Office.code)).all()
    assert [desk.name for desk in desks] == ["Phường Dĩ An", "Phường Tân Đông Hiệp", "Phường Đông Hòa"]
    for desk in desks:
        assert {hours.weekday for hours in desk.hours} == {0, 1, 2, 3, 4} and len(desk.hours) == 10
        assert f"{desk.hours[0].opens:%H:%M}" == "07:30" and f"{desk.hours[1].closes:%H:%M}" == "17:00"


def test_no_telephone_of_the_catalogue_reaches_anybody(loaded: Flask) -> None:
    assert all(o.phone.startswith("0900 000 0") for o in db.session.scalars(sa.select(Office)))


def test_fifteen_procedures_each_with_papers_and_a_reason_when_not_by_post(loaded: Flask) -> None:
    found = db.session.scalars(procedures.in_force(AFTER)).all()
    assert len(found) == 15
    for procedure in found:
        carried = [line for line in procedure.papers if line.form is not PaperForm.DATA]
        assert carried and procedure.title_en and procedure.legal_basis
        assert procedure.submit_by_post or procedure.why_not and procedure.why_not_en
        assert procedure.submit_by_post or not procedure.return_by_post
        assert procedure.fee == 0  # no amount of the catalogue is confirmed yet
    refused = {p.code for p in found if not p.submit_by_post}
    assert {"1.000894", "2.000884", "1.001022", "1.004222"} < refused
    assert {"2.000635", "2.000908"} < {p.code for p in found if p.return_by_post}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("sửa khai sinh", "1.004859"),
        ("mat giay khai sinh", "2.000635"),
        ("cuoi", "1.000894"),
        ("mở quán", "1.001612"),
        ("doc than", "1.004873"),
        ("birth certificate copy", "2.000635"),
        ("bản sao khai sanh", "2.000635"),  # as it is said in the south
        ("làm giấy khai sanh", "1.001193"),
        ("chết", "1.000656"),
    ],
)
def test_plain_words_find_the_procedure(loaded: Flask, asked: str, code: str) -> None:
    assert code in {p.code for p in procedures.search(asked, AFTER)}


def test_swapped_days_are_known(loaded: Flask) -> None:
    assert not calendar.is_working(date(2026, 1, 2)) and calendar.is_working(date(2026, 1, 10))
    assert not calendar.is_working(date(2026, 8, 31)) and calendar.is_working(date(2026, 8, 22))


def test_loading_twice_changes_nothing(app: Flask) -> None:
    first = catalogue.load(catalogue.SHIPPED, MONDAY)
    again = catalogue.load(catalogue.SHIPPED, MONDAY)
    assert sum(table.same for table in first) == 0
    assert sum(table.changed for table in again) == 0
    assert [t.changed for t in first] == [t.same for t in again]


def test_a_changed_procedure_becomes_a_version_and_the_old_one_ends(loaded: Flask, tmp_path: Path) -> None:
    row = shipped("procedures")["procedures"][0]
    before = procedures.get(row["code"], MONDAY.date())
    catalogue.load(write(tmp_path, "procedures", procedures=[row | {"fee": 8000}]), MONDAY)
    now = procedures.get(row["code"], MONDAY.date())
    assert (now.version, now.fee, now.valid_from) == (2, 8000, MONDAY.date())
    assert (before.version, before.fee, before.valid_to) == (1, 0, date(2026, 11, 22))
    assert procedures.get(row["code"], date(2026, 11, 22)) is before
    assert [p.version for p in procedures.search(row["code"], MONDAY.date())] == [2]


def test_a_changed_office_is_changed_in_place(loaded: Flask, tmp_path: Path) -> None:
    row = shipped("places")["offices"][0]
    party = places.office_coded(row["code"], OfficeKind.POST).party_id
    hours = [{"days": [0], "opens": "08:00", "closes": "11:00"}]
    done = catalogue.load(
        write(tmp_path, "places", offices=[row | {"name": "Bưu cục Nhị Đồng", "hours": hours}]), MONDAY
    )
    office = places.office_coded(row["code"], OfficeKind.POST)
    assert (office.name, office.party_id, len(office.hours)) == ("Bưu cục Nhị Đồng", party, 1)
    assert [table.changed for table in done if table.what == "offices"] == [1]


def test_a_bad_file_is_told_row_by_row_and_nothing_of_it_is_loaded(app: Flask, tmp_path: Path) -> None:
    data = shipped("places")
    data["wards"][1]["code"] = "2594"
    data["offices"][2]["lat"] = 99
    data["neighbourhoods"][0].pop("name")
    data["neighbourhoods"][1]["surprise"] = 1
    with pytest.raises(BadRows) as told:
        catalogue.load(write(tmp_path, "places", **{k: v for k, v in data.items() if isinstance(v, list)}), MONDAY)
    assert len(told.value.rows) == 4
    assert told.value.rows[0].startswith("places.json: wards[2] (2594) code: ")
    assert told.value.rows[1].startswith("places.json: offices[3] (824900) lat: ")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ward)) == 0


def test_rows_that_point_nowhere_are_told_and_nothing_stays(app: Flask, tmp_path: Path) -> None:
    data = shipped("places")
    tables = {k: v for k, v in data.items() if isinstance(v, list)}
    tables["neighbourhoods"][0]["post_office"] = "000000"
    tables["successions"][0]["old"] = "25942@1999-01-01"
    tables["wards"][3]["valid_to"] = "2025-12-31"
    with pytest.raises(BadRows) as told:
        catalogue.load(write(tmp_path, "places", **tables), MONDAY)
    where = [row.split(": ")[1].split("[")[0] for row in told.value.rows]
    assert where == ["wards", "successions", *["neighbourhoods"] * 9]
    assert "no post office with the code 000000" in "".join(told.value.rows)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ward)) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "tthc-1"}, "is not a procedure code"),
        ({"submit_by_post": False, "why_not": ""}, "does not go by post: say why"),
        ({"any_desk": True, "any_desk_basis": ""}, "say by which rule"),
        ({"papers": []}, "no paper a courier could carry"),
    ],
)
def test_a_procedure_that_breaks_a_rule_is_told(loaded: Flask, tmp_path: Path, change: Any, said: str) -> None:
    row = shipped("procedures")["procedures"][0] | change
    with pytest.raises(BadRows, match=said):
        catalogue.load(write(tmp_path, "procedures", procedures=[row]), MONDAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not JSON"), ("[]", '"kind" must be'), ('{"kind": "people"}', '"kind" must be'), ("\udcff", "not JSON")],
)
def test_what_is_not_a_catalogue_is_told(app: Flask, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadRows, match=said):
        catalogue.load(path, MONDAY)


def test_the_same_row_twice_is_told(app: Flask, tmp_path: Path) -> None:
    rows = shipped("calendar")["days"]
    with pytest.raises(BadRows, match="days: 2026-01-02 is there 2 times"):
        catalogue.load(write(tmp_path, "calendar", days=[rows[0], rows[0]]), MONDAY)


def test_the_command_says_what_it_did_and_what_is_wrong(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    done = run(args=["catalogue", "load"])
    assert done.exit_code == 0 and "procedures         15 new or changed     0 as before" in done.output
    bad = run(args=["catalogue", "load", str(write(tmp_path, "calendar", days=[{"day": "2026-02-30"}]))])
    assert bad.exit_code == 1 and "nothing loaded" in bad.output and "days[1] (2026-02-30)" in bad.output


def test_a_version_in_force_is_never_rewritten_by_an_early_date(loaded: Flask) -> None:
    old = procedures.get("2.000635", MONDAY.date())
    said = procedures.says(old)
    shorter = replace(said, lines=said.lines[:1])
    atomically(procedures.publish, "2.000635", shorter, date(2020, 1, 1), MONDAY.date())
    dated = sa.select(Procedure.version, Procedure.valid_from).filter_by(code="2.000635").order_by(Procedure.version)
    assert [tuple(row) for row in db.session.execute(dated)] == [(1, AFTER), (2, MONDAY.date())]
