"""Spreadsheet files, XLSX and CSV, as rows of text, and rows of text as such a file.

A file is somebody else's: its size, its rows and what it unpacks to are bounded, a formula is never worked out, and no cell we
write begins one.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from flask_babel import gettext as _

MOST_BYTES = 2 * 1024 * 1024
MOST_UNPACKED = 40 * 1024 * 1024  # of an XLSX, which is a zip
MOST_PARTS = 200
MOST_ROWS = 20_000
MOST_COLUMNS = 60
FORMULA = re.compile(r"[=+\-@\t\r]")  # what a spreadsheet takes for the beginning of one
WRONG = (zipfile.BadZipFile, ParseError, ValueError, KeyError, IndexError, OSError, TypeError, AttributeError, NotImplementedError)  # fmt: skip

Cell = str | None  # None: a formula
Table = Iterator[tuple[int, list[Cell]]]


class Unreadable(Exception):
    """The file is none of ours, or too much; says why in one sentence."""


def rows(data: bytes) -> Table:
    """The rows of the first sheet, each with its number as the reader's program shows it. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 2 MB. Divide it into several."))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(_("This is an old Excel file (.xls), or one with a password. Save it as .xlsx without one."))
    for at, cells in _of_xlsx(data) if data.startswith(b"PK") else _of_csv(data):
        if at > MOST_ROWS:
            raise Unreadable(_("There are more than 20,000 rows. Divide the file into several."))
        yield at, cells


def _of_xlsx(data: bytes) -> Table:
    from openpyxl import load_workbook  # a tenth of the application's start, and few processes ever meet a sheet
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            sizes = [part.file_size for part in parts.infolist()]
        if len(sizes) > MOST_PARTS or sum(sizes) > MOST_UNPACKED:
            raise Unreadable(_("The file unpacks to more than a sheet needs. Copy its rows into a new file."))
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        if not book.worksheets:
            raise Unreadable(_("There is no sheet in this file."))
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not believed
        for at, cells in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS), start=1):
            yield at, [_text(cell) for cell in cells]
    except (*WRONG, InvalidFileException) as wrong:
        raise Unreadable(_("This file cannot be read as XLSX. Open it in your spreadsheet program and save it again.")) from wrong  # fmt: skip


def _text(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "f":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _of_csv(data: bytes) -> Table:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Unreadable(_("This file is neither XLSX nor CSV in UTF-8. Save it as one of them.")) from wrong
    if "\0" in text:
        raise Unreadable(_("This file is neither XLSX nor CSV in UTF-8. Save it as one of them."))
    comma = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        for at, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True), start=1):
            yield at, [_wild(cell) for cell in cells[:MOST_COLUMNS]]
    except csv.Error as wrong:
        raise Unreadable(_("This CSV file cannot be read: a quotation mark is missing somewhere, or a cell is too long.")) from wrong  # fmt: skip


def to_csv(written: Iterable[list[str]], widths: list[int]) -> bytes:
    """UTF-8 with the mark that spreadsheet programs want; its columns have no widths."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([tame(cell) for cell in row] for row in written)
    return out.getvalue().encode("utf-8-sig")


def tame(cell: str) -> str:
    """No text becomes a formula where it is opened: an apostrophe before it, which reading takes off again."""
    return f"'{cell}" if FORMULA.match(cell.lstrip("'")) else cell


def _wild(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell.lstrip("'")) else cell


def to_xlsx(written: Iterable[list[str]], widths: list[int]) -> bytes:
    """One sheet, its first row the heads; every cell text and nothing else, whatever it begins with."""
    from openpyxl import Workbook  # as above
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "D2"
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for at, row in enumerate(written):
        cells = [WriteOnlyCell(sheet, value=text) for text in row]
        for cell in cells:
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if not at:
                cell.font = Font(bold=True)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"xlsx": (XLSX, to_xlsx), "csv": ("text/csv; charset=utf-8", to_csv)}
