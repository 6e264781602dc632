"""A sheet of procedures: read row by row, every bad cell named, and written as the same sheet.

One row says what a procedure is; the rows below it with its code are its papers, and provinces with a rule of their own.
Whatever one of its cells says, the rules are those of the catalogue.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError

from app import spreadsheets
from app.catalogue import PaperRow, ProcedureRow, ProvinceRow
from app.domain import printing, procedures
from app.domain.calendar import Rule
from app.domain.places import fold
from app.domain.procedures import Edition, PaperForm
from app.errors import Refused
from app.language import LANGUAGES
from app.sentences import sentence
from app.spreadsheets import Cell, Table, Unreadable

MOST_LETTERS = 3000  # of one cell
NUMBER = re.compile(r"\d{1,3}(?:[ .,\u00a0]\d{3}){1,3}|\d{1,10}")  # 15000, 15.000
MOST_TOLD = 200  # bad cells listed
NEVER = date(9999, 1, 1)  # a day of force is said when the sheet is published, not in it

KINDS = {"procedure": _l("procedure"), "paper": _l("paper"), "province": _l("province")}
FORMS = {
    PaperForm.ORIGINAL: _l("original"), PaperForm.CERTIFIED: _l("certified copy"), PaperForm.COPY: _l("copy"),
    PaperForm.DATA: _l("not needed, taken from a database"),
}  # fmt: skip
CLOCKS = {Rule.LEGAL: _l("whole days"), Rule.CLOCK: _l("eight hours a day")}
YES_NO = {True: _l("yes"), False: _l("no")}


@dataclass(frozen=True, eq=False)
class Column:
    """`of`: the field it fills for each kind of row; a kind that is not named leaves it empty."""

    head: Any
    of: dict[str, str]
    words: dict[Any, Any] | None = None  # what may be chosen
    number: bool = False
    width: int = 14


def _all(name: str) -> dict[str, str]:
    return {"procedure": name, "province": name}


# fmt: off
COLUMNS = (
    Column(_l("Row"), {}, KINDS),
    Column(_l("Procedure code"), {}),
    Column(_l("Name in plain words"),   {"procedure": "title", "paper": "name", "province": "province"}, width=44),
    Column(_l("Name in English"),       {"procedure": "title_en", "paper": "name_en"}, width=36),
    Column(_l("Official name"),         {"procedure": "official_name"}, width=44),
    Column(_l("Field of work"),         {"procedure": "field"}),
    Column(_l("Sent by post"),          _all("submit_by_post"), YES_NO),
    Column(_l("Result by post"),        _all("return_by_post"), YES_NO),
    Column(_l("Legal basis"),           _all("legal_basis"), width=36),
    Column(_l("Why not by post"),       _all("why_not"), width=36),
    Column(_l("Why not, in English"),   _all("why_not_en"), width=36),
    Column(_l("Any desk of the province"), _all("any_desk"), YES_NO),
    Column(_l("Legal basis, any desk"), _all("any_desk_basis"), width=36),
    Column(_l("Working days"),          {"procedure": "days"}, number=True),
    Column(_l("How days are counted"),  {"procedure": "clock"}, CLOCKS),
    Column(_l("After 15:00 the next day"), {"procedure": "cutoff"}, YES_NO),
    Column(_l("Statutory fee, đồng"),   {"procedure": "fee"}, number=True),
    Column(_l("About the fee"),         {"procedure": "fee_note"}, width=30),
    Column(_l("About the fee, in English"), {"procedure": "fee_note_en"}, width=30),
    Column(_l("Fee when the result comes"), {"procedure": "fee_at_delivery"}, YES_NO),
    Column(_l("Identity seen at the door"), {"procedure": "id_check"}, YES_NO),
    Column(_l("Often needed"),            {"procedure": "popular"}, YES_NO),
    Column(_l("Further words to find it by"), {"procedure": "synonyms"}, width=36),
    Column(_l("Form of the paper"),     {"paper": "form"}, FORMS, width=22),
    Column(_l("Copies"),                {"paper": "copies"}, number=True),
    Column(_l("Sheets"),                {"paper": "sheets"}, number=True),
    Column(_l("Original given back"),   {"paper": "returned"}, YES_NO),
    Column(_l("Note"),                  {"paper": "note"}, width=36),
    Column(_l("Note in English"),       {"paper": "note_en"}, width=36),
)
# fmt: on
SHAPES = {"procedure": ProcedureRow, "paper": PaperRow, "province": ProvinceRow}


class Bad(NamedTuple):
    """One thing to put right; row 0 is about the whole file."""

    row: int
    column: str
    says: str


@dataclass
class Read:
    """What a sheet says, or what is wrong with it."""

    rows: list[tuple[str, Edition]] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    more: int = 0  # bad cells beyond those listed

    def tell(self, row: int, column: Any, says: str) -> None:
        if len(self.bad) < MOST_TOLD:
            self.bad.append(Bad(row, str(column), says))
        else:
            self.more += 1


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Read:
    """Every procedure of the file; none of them, when anything in it is wrong."""
    done = Read()
    try:
        _read(spreadsheets.rows(data), done)
    except Unreadable as wrong:
        done.tell(0, "", str(wrong))
    if done.bad:
        done.rows = []
        done.bad.sort(key=lambda bad: bad.row)
    return done


def _read(table: Table, done: Read) -> None:
    columns = _columns(next(table, (1, []))[1])
    begun: dict[str, int] = {}
    procedure: dict[str, Any] | None = None
    for at, cells in table:
        if not any(cells) and None not in cells:
            continue
        row = _Row(at, {column: cells[place] if place < len(cells) else "" for place, column in columns.items()}, done)
        kind, code = row.chosen(COLUMNS[0]), row.said(COLUMNS[1])
        if kind == "procedure":
            _finish(procedure, done)
            if code in begun:
                row.tell(COLUMNS[1], _("Procedure %(code)s is in row %(row)s already", code=code, row=begun[code]))
            begun[code] = at
            procedure = row.facts("procedure") | {"code": code, "row": row, "papers": [], "provinces": []}
        elif kind is not None:
            if procedure is None or code not in ("", procedure["code"]):
                row.tell(
                    COLUMNS[1], _("This row belongs to no procedure above it. Put it below the row of its procedure")
                )
            else:
                procedure["papers" if kind == "paper" else "provinces"].append((row, row.facts(kind)))
    _finish(procedure, done)
    if not begun and not done.bad:
        raise Unreadable(_("There is no procedure in this sheet. Take the sheet as it is written here as a pattern."))


def _columns(heads: list[Cell]) -> dict[int, Column]:
    """Which column stands where, by its head in either language. Raises Unreadable when one that must be there is not."""
    names = {fold(words): column for column in COLUMNS for words in _in_every_language(column.head)}
    found = {place: names[fold(head)] for place, head in enumerate(heads) if head and fold(head) in names}
    missing = [str(column.head) for column in COLUMNS if column not in found.values()]
    if missing:
        words = ngettext(
            "This column is missing: %(names)s.",
            "These columns are missing: %(names)s.",
            len(missing),
            names=", ".join(missing),
        )
        raise Unreadable(f"{words} " + _("Take the sheet as it is written here as a pattern."))
    return found


@cache
def _in_every_language(words: Any) -> list[str]:
    said = []
    for language in LANGUAGES:
        with force_locale(language):
            said.append(str(words))
    return said


@cache
def _meanings(column: Column) -> dict[str, Any]:
    """What may stand in a column of choices, in either language or as a program would write it."""
    choices = column.words or {}
    found = {fold(each): key for key, says in choices.items() for each in (str(key), *_in_every_language(says))}
    return found | ({"x": True, "1": True, "0": False} if choices is YES_NO else {})


class _Row:
    """One row as it is read: its cells by column, and where to tell what is wrong with it."""

    def __init__(self, at: int, cells: dict[Column, Cell], done: Read) -> None:
        self.at, self.cells, self.done, self.told = at, cells, done, set[Column]()

    def tell(self, column: Column, says: str) -> None:
        """Once for each cell: what is wrong with it first is put right first."""
        if column not in self.told:
            self.told.add(column)
            self.done.tell(self.at, column.head, says)

    def said(self, column: Column) -> str:
        cell = self.cells.get(column, "")
        if cell is None:
            self.tell(column, _("There is a formula here. Put its value in its place"))
            return ""
        if len(cell) > MOST_LETTERS or any(ord(c) < 32 and c not in "\n\r\t" for c in cell):
            self.tell(column, _("This is too long, or holds characters that are not text"))
            return ""
        if letters := printing.unprintable(cell):
            self.tell(
                column,
                _("This cannot be printed: %(letters)s. Leave it out or write it otherwise", letters=letters[:20]),
            )
        return cell.strip()

    def chosen(self, column: Column) -> Any:
        """Which of the column's words stands here; None, told, when it is none of them."""
        text = fold(self.said(column))
        if text in _meanings(column):
            return _meanings(column)[text]
        choices = ", ".join(str(says) for says in (column.words or {}).values())
        self.tell(column, _("Write one of these: %(choices)s", choices=choices))
        return None

    def facts(self, kind: str) -> dict[str, Any]:
        """What the row says of its fields; one left empty says nothing, so that what is usual holds."""
        found: dict[str, Any] = {}
        for column in COLUMNS[2:]:
            name, text = column.of.get(kind), self.said(column)
            if name is None:
                if text:
                    self.tell(column, _("This column stays empty in this kind of row"))
            elif not text:
                continue
            elif column.words:
                found[name] = self.chosen(column)
            elif column.number:
                if NUMBER.fullmatch(text):
                    found[name] = int(re.sub(r"\D", "", text))
                else:
                    self.tell(column, _("Write a whole number, for example 2"))
            else:
                found[name] = text
        return found


def _finish(procedure: dict[str, Any] | None, done: Read) -> None:
    """The procedure is complete: check its values and its rules, and take it in."""
    if procedure is None:
        return
    row: _Row = procedure["row"]
    parts = {"papers": [_shaped("paper", *one) for one in procedure["papers"]],
             "provinces": [_shaped("province", *one) for one in procedure["provinces"]]}  # fmt: skip
    facts = {name: value for name, value in procedure.items() if name not in ("row", *parts)}
    made = _shaped("procedure", row, facts | {"valid_from": NEVER})
    if made is None or any(one is None for rows in parts.values() for one in rows):
        return
    edition = made.model_copy(update=parts).edition()
    try:
        procedures.check(made.code, edition)
    except Refused as refusal:
        column = {
            "procedure_code": COLUMNS[1],
            "procedure_why_not": _column("why_not"),
            "procedure_any_desk": _column("any_desk_basis"),
            "procedure_no_papers": COLUMNS[0],
        }
        row.tell(column.get(refusal.key, COLUMNS[2]), sentence(refusal))
    else:
        done.rows.append((made.code, edition))


def _column(name: str, kind: str = "procedure") -> Column:
    return next(column for column in COLUMNS if column.of.get(kind) == name)


def _shaped(kind: str, row: _Row, facts: dict[str, Any]) -> Any:
    """The row as the catalogue takes it; None when a value does not fit, each told at its column."""
    try:
        made = SHAPES[kind](**facts)
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            column = COLUMNS[1] if name == "code" else _column(name, kind)
            row.tell(column, _wrong(problem["type"], problem.get("ctx", {})))
        return None
    return None if row.told else made


def _wrong(kind: str, facts: dict[str, Any]) -> str:
    if kind in ("missing", "string_too_short"):
        return str(_("This must not stay empty"))
    if kind == "string_too_long":
        return str(_("At most %(most)s characters", most=facts["max_length"]))
    if kind in ("less_than_equal", "greater_than_equal"):
        return str(
            _("Write a number up to %(most)s", most=facts["le"]) if "le" in facts else _("Write a number from 0")
        )
    return str(_("This cannot be read here"))


# ---- writing ---------------------------------------------------------------------------------------------------------


def written(catalogue: Iterable[tuple[str, Edition]]) -> Iterator[list[str]]:
    """The sheet, its heads first, in the reader's language."""
    yield [str(column.head) for column in COLUMNS]
    for code, edition in catalogue:
        own = {name: getattr(edition.content, name) for name in edition.content.__dataclass_fields__}
        yield _line("procedure", code, own | {"synonyms": edition.synonyms})
        for paper in edition.lines:
            yield _line("paper", code, vars(paper))
        for province in edition.provinces:
            yield _line("province", code, vars(province))


def _line(kind: str, code: str, facts: dict[str, Any]) -> list[str]:
    def cell(column: Column) -> str:
        name = column.of.get(kind)
        if name is None:
            return ""
        return str(column.words[facts[name]]) if column.words else str(facts[name])

    return [str(KINDS[kind]), code, *(cell(column) for column in COLUMNS[2:])]


def sheet(catalogue: Iterable[tuple[str, Edition]], suffix: str) -> tuple[bytes, str]:
    """The whole of it as a file of that kind, and its content type."""
    content_type, write = spreadsheets.FORMATS[suffix]
    return write(written(catalogue), [column.width for column in COLUMNS]), content_type
