"""Sheets of procedures: what is written is read back as it was, every bad cell has its place, and no file does harm."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from openpyxl import Workbook, load_workbook

from app import catalogue, sheets, spreadsheets
from app.db import atomically, db
from app.domain import editions, imports, procedures
from app.domain.imports import Fate
from app.domain.procedures import Carriage, Edition
from app.errors import Missing, Refused
from tests.domain.test_editions import CODE, DECISION, NEW_YEAR, TODAY, said
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")
Rows = list[list[str]]


@pytest.fixture
def words(app: Flask) -> Iterator[None]:
    with app.test_request_context(), force_locale("en"):
        yield


def table(*known: tuple[str, Edition]) -> Rows:
    return list(sheets.written(known))


def as_csv(rows: Rows, comma: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=comma).writerows(rows)
    return out.getvalue().encode()


def as_xlsx(rows: list[list[object]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(out)
    return out.getvalue()


def told(rows: Rows) -> list[tuple[int, str]]:
    read = sheets.read(as_csv(rows))
    assert read.rows == []
    return [(bad.row, bad.column) for bad in read.bad]


def put(rows: Rows, row: int, head: str, text: str) -> Rows:
    """The same rows, with something else in one cell; rows are counted as people do, the heads being the first."""
    rows = [list(each) for each in rows]
    rows[row - 1][rows[0].index(head)] = text
    return rows


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("suffix", spreadsheets.FORMATS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_whole_shipped_catalogue_is_written_and_read_back_as_it_was(
    app: Flask, suffix: str, language: str, tmp_path: Path
) -> None:
    catalogue.load(catalogue.SHIPPED, MONDAY)
    known = editions.whole(TODAY)
    there = Carriage("Đồng Nai", False, True, "QĐ 12/QĐ-UBND", "Nộp tại quầy\nsố 3", "At desk 3", True, "QĐ 13/QĐ-UBND")
    code, first = known[0]
    known[0] = (code, replace(first, provinces=(there,)))
    with force_locale(language):
        data, _type = sheets.sheet(known, suffix)
    read = sheets.read(data)
    assert read.bad == [] and read.rows == known and len(known) == 15


@pytest.mark.usefixtures("words")
def test_columns_in_another_order_and_semicolons_are_read_too(world: World) -> None:
    known = (CODE, said(world))
    turned = [list(reversed([*row, "nothing of ours"])) for row in table(known)]
    assert sheets.read(as_csv(turned, ";")).rows == [known]


def test_no_two_columns_share_a_head_in_any_language(app: Flask) -> None:
    with app.test_request_context():
        heads = [sheets.fold(each) for column in sheets.COLUMNS for each in set(sheets._in_every_language(column.head))]
        assert len(set(heads)) == len(heads)
        for column in sheets.COLUMNS:
            if column.words:
                each = {key: {sheets.fold(one) for one in sheets._in_every_language(says)} for key, says in column.words.items()}  # fmt: skip
                assert len(set().union(*each.values())) == sum(map(len, each.values())), column.head


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("row", "head", "text"),
    [
        (2, "Row", "thing"), (2, "Procedure code", "tthc-1"), (2, "Name in plain words", ""), (2, "Name in English", "x" * 201),
        (2, "Sent by post", "perhaps"), (2, "Sent by post", ""), (2, "Working days", "2.5"), (2, "Working days", "366"), (2, "Working days", "-1"),
        (2, "Statutory fee, đồng", "15 nghìn"), (2, "Legal basis", "x" * 4000), (2, "Copies", "1"), (2, "Official name", "a\x07b"), (2, "Official name", "Cấp 漢"),
        (3, "Form of the paper", "digital"), (3, "Form of the paper", ""), (3, "Copies", "100"), (3, "Legal basis", "Luật Hộ tịch"),
        (3, "Procedure code", "1.000001"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_told_by_row_and_column_and_nothing_is_read(world: World, row: int, head: str, text: str) -> None:
    found = told(put(table((CODE, said(world))), row, head, text))
    assert (row, head) in found
    if row == 3 and head != "Form of the paper":
        assert len(found) == 1


@pytest.mark.usefixtures("words")
def test_every_bad_cell_is_told_at_once_in_the_order_of_the_rows(world: World) -> None:
    rows = table((CODE, said(world)), ("1.000894", said(world)))
    for row, head in (
        (2, "Working days"),
        (3, "Copies"),
        (7, "Statutory fee, đồng"),
        (7, "Often needed"),
        (8, "Sheets"),
    ):
        rows = put(rows, row, head, "?")
    assert [row for row, _ in told(rows)] == [2, 3, 7, 7, 8]


@pytest.mark.usefixtures("words")
def test_a_procedure_that_breaks_a_rule_or_stands_there_twice_is_told(world: World) -> None:
    known = said(world)
    assert told(table((CODE, known), (CODE, known))) == [(7, "Procedure code")]
    assert told(put(table((CODE, known)), 2, "Sent by post", "no")) == [(2, "Why not by post")]
    assert told(put(table((CODE, known)), 2, "Any desk of the province", "yes")) == [(2, "Legal basis, any desk")]
    assert told(table((CODE, replace(known, lines=known.lines[2:3])))) == [(2, "Row")]
    assert told(table((CODE, known))[:1] + table((CODE, known))[2:]) == [
        (row, "Procedure code") for row in (2, 3, 4, 5)
    ]


@pytest.mark.usefixtures("words")
def test_a_sheet_without_a_column_or_without_rows_is_told_in_one_sentence(world: World) -> None:
    rows = table((CODE, said(world)))
    (bad,) = sheets.read(as_csv([row[:-1] for row in rows])).bad
    assert bad.row == 0 and "Note in English" in bad.says
    for empty in (rows[:1], [], [["", ""]]):
        (bad,) = sheets.read(as_csv(empty)).bad
        assert bad.row == 0


# ---- files of others -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("words")
def test_a_formula_is_told_and_never_worked_out(world: World) -> None:
    rows: list[list[object]] = [list(row) for row in table((CODE, said(world)))]
    rows[1][rows[0].index("Statutory fee, đồng")] = "=1+1"
    read = sheets.read(as_xlsx(rows))
    assert [(bad.row, bad.column) for bad in read.bad] == [(2, "Statutory fee, đồng")] and "formula" in read.bad[0].says


@pytest.mark.usefixtures("words")
def test_numbers_and_ticks_typed_in_a_spreadsheet_are_read(world: World) -> None:
    rows: list[list[object]] = [list(row) for row in table((CODE, said(world)))]
    for head, value in (
        ("Statutory fee, đồng", 20_000.0),
        ("Working days", 5),
        ("Often needed", False),
        ("Sent by post", True),
    ):
        rows[1][rows[0].index(head)] = value
    (found,) = sheets.read(as_xlsx(rows)).rows
    assert (found[1].content.fee, found[1].content.days, found[1].content.popular) == (20_000, 5, False)


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(1)", "'=1", "\t=1"])
def test_what_we_write_is_no_formula_wherever_it_is_opened(world: World, text: str) -> None:
    known = [(CODE, said(world, legal_basis=text))]
    data, _type = sheets.sheet(known, "csv")
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    data, _type = sheets.sheet(known, "xlsx")
    assert {cell.data_type for row in load_workbook(io.BytesIO(data)).worksheets[0] for cell in row} <= {
        "s",
        "inlineStr",
        "n",
    }
    if text == text.strip():
        assert sheets.read(sheets.sheet(known, "csv")[0]).rows == sheets.read(data).rows == known


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * (spreadsheets.MOST_UNPACKED + 1))
    return out.getvalue()


def laughing() -> bytes:
    """An XLSX whose texts are entities within entities."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx([["x"]]))) as good, zipfile.ZipFile(out, "w") as bad:
        for part in good.namelist():
            data = good.read(part)
            if part == "xl/worksheets/sheet1.xml":
                head, told = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>', data.index(b"<worksheet")
                data = data[:told] + head + data[told:].replace(b">x<", b">&b;<")
            bad.writestr(part, data)
    return out.getvalue()


def tall() -> bytes:
    """A cell in the last row a spreadsheet knows."""
    book, out = Workbook(), io.BytesIO()
    book.worksheets[0].cell(row=1_048_576, column=16_384, value="x")
    book.save(out)
    return out.getvalue()


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x" * (spreadsheets.MOST_BYTES + 1), "larger than 2 MB"), (bomb(), "unpacks to more"), (laughing(), "cannot be read as XLSX"),
        (b"PK\x03\x04 and then nothing", "cannot be read as XLSX"), (as_xlsx([["x"]])[:-30], "cannot be read as XLSX"), (tall(), "column"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel file"), (b"\xff\xfe\x00\x01", "neither XLSX nor CSV"), (b"a,\0b", "neither XLSX nor CSV"),
        (b'a,"b', "quotation mark"), (b"", "column"), (b"a\n" * 30_000, "column"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_is_told_in_one_sentence(app: Flask, data: bytes, says: str) -> None:
    (bad,) = sheets.read(data).bad
    assert bad.row == 0 and says in bad.says, bad.says


@pytest.mark.usefixtures("words")
def test_more_rows_than_a_catalogue_has_are_told(world: World) -> None:
    rows = table((CODE, said(world)))
    read = sheets.read(as_csv(rows + [[""] * len(rows[0])] * spreadsheets.MOST_ROWS))
    assert [bad.row for bad in read.bad] == [0] and "20,000 rows" in read.bad[0].says


# ---- what a sheet does -----------------------------------------------------------------------------------------------


def test_a_sheet_that_waits_changes_nothing_and_one_that_is_confirmed_all_of_it(world: World) -> None:
    changed, new = said(world, fee=20_000), said(world, title="Xin xác nhận tạm trú")
    same = procedures.says(db.session.merge(world.in_person))
    admin = world.act(world.admin)
    waits = atomically(imports.take, [(CODE, changed), ("1.004194", new), ("1.000894", same)], admin).id
    planned = imports.plan(imports.get(waits, world.admin))
    assert [row.fate for row in planned.rows] == [Fate.CHANGED, Fate.ADDED, Fate.SAME]
    assert [(one.name, one.was, one.now) for one in planned.rows[0].changes] == [("fee", 15_000, 20_000)]
    assert procedures.newest_number(CODE) == 1
    assert atomically(imports.confirm, waits, planned.digest, DECISION, NEW_YEAR, admin) == 2
    db.session.rollback()
    assert [procedures.newest_number(code) for code in (CODE, "1.004194", "1.000894")] == [2, 1, 1]
    assert procedures.get(CODE, TODAY).fee == 15_000 and procedures.get(CODE, NEW_YEAR).fee == 20_000
    assert [one.decision for one in editions.history("1.004194")[0][1]] == [DECISION]
    with pytest.raises(Missing, match="import_unknown"):
        atomically(imports.confirm, waits, planned.digest, DECISION, NEW_YEAR, admin)


def test_what_is_confirmed_is_what_was_seen(world: World) -> None:
    admin = world.act(world.admin)
    waits = atomically(imports.take, [(CODE, said(world, fee=20_000))], admin).id
    seen = imports.plan(imports.get(waits, world.admin)).digest
    atomically(editions.issue, CODE, said(world, fee=18_000), DECISION, TODAY, admin)
    with pytest.raises(Refused, match="import_moved_on"):
        atomically(imports.confirm, waits, seen, DECISION, NEW_YEAR, admin)
    assert procedures.newest_number(CODE) == 2


def test_all_of_a_sheet_or_nothing(world: World) -> None:
    """The second procedure has a version to come after the day: the first stays as it was, too."""
    admin = world.act(world.admin)
    other = procedures.says(db.session.merge(world.in_person))
    later = replace(other, content=replace(other.content, days=1))
    atomically(editions.issue, "1.000894", later, DECISION, date(2027, 3, 1), admin)
    waits = atomically(imports.take, [(CODE, said(world, fee=20_000)), ("1.000894", other)], admin).id
    seen = imports.plan(imports.get(waits, world.admin)).digest
    with pytest.raises(Refused, match="procedure_overlaps"):
        atomically(imports.confirm, waits, seen, DECISION, NEW_YEAR, admin)
    assert procedures.newest_number(CODE) == 1


def test_a_sheet_waits_a_day_and_for_whoever_chose_it(world: World) -> None:
    admin = world.act(world.admin)
    waits = atomically(imports.take, [(CODE, said(world))], admin).id
    with pytest.raises(Missing, match="import_unknown"):
        imports.get(waits, world.supervisor)
    with pytest.raises(Refused, match="import_nothing"):
        atomically(imports.confirm, waits, imports.plan(imports.get(waits, world.admin)).digest, DECISION, TODAY, admin)
    atomically(imports.take, [], world.act(world.admin, MONDAY + imports.LIFE))
    db.session.expire_all()
    assert [one.rows for one in db.session.scalars(sa.select(imports.Import))] == [[]]
