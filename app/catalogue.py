"""The catalogue door: files of places, procedures and days, read whole or not at all, then given to the verbs.

A file says its kind. Every row that is wrong is named; loading the same file twice changes nothing.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from flask_babel import force_locale
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from app.db import atomically, db
from app.domain import bands, calendar, places, procedures
from app.domain.bands import Band
from app.domain.calendar import Rule
from app.domain.places import OfficeKind, Opening, Ward
from app.domain.procedures import Carriage, Content, Edition, Line, PaperForm
from app.errors import Refused
from app.sentences import sentence

SHIPPED = Path(__file__).parent / "data"
ORDER = ("places", "calendar", "procedures")


class BadRows(Exception):
    """Nothing was loaded; `rows` says where and why, one sentence each."""

    def __init__(self, rows: list[str]) -> None:
        super().__init__("\n".join(rows))
        self.rows = rows


def _exists(ref: str) -> str:
    code, _, day = ref.partition("@")
    date.fromisoformat(day)
    return f"{code}@{day}"


WardCode = Annotated[str, StringConstraints(pattern=r"^\d{5}$")]
WardRef = Annotated[str, StringConstraints(pattern=r"^\d{5}@\d{4}-\d\d-\d\d$"), AfterValidator(_exists)]
Lat = Annotated[float, Field(ge=8, le=24)]  # Viet Nam
Lon = Annotated[float, Field(ge=102, le=110)]


def _upto(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Text20 = Annotated[str, _upto(20)]
Text40 = Annotated[str, _upto(40)]
Text80 = Annotated[str, _upto(80)]
Text120 = Annotated[str, _upto(120)]
Text200 = Annotated[str, _upto(200)]
Text300 = Annotated[str, _upto(300)]


class Row(BaseModel):
    """`note` is for whoever edits the file; it is not loaded."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class WardRow(Row):
    code: WardCode
    name: Text80
    province: Text80
    valid_from: date
    valid_to: date | None = None
    lat: Lat | None = None
    lon: Lon | None = None
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.code}@{self.valid_from}"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self

    def settle(self, today: date) -> bool:
        return places.settle_ward(**self.model_dump(exclude={"note"}))


class SuccessionRow(Row):
    old: WardRef
    new: WardRef
    is_default: bool = True
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.old} → {self.new}"

    def settle(self, today: date) -> bool:
        return places.succeed(_ward(self.old), _ward(self.new), self.is_default)


class HoursRow(Row):
    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1)
    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("closes before it opens")
        return self


class OfficeRow(Row):
    kind: OfficeKind
    code: Text20
    name: Text120
    ward: WardRef
    address: Text200
    phone: Text20
    lat: Lat
    lon: Lon
    slot_places: int = Field(default=6, ge=0, le=500)
    hours: list[HoursRow] = Field(min_length=1)
    note: str = ""

    @property
    def key(self) -> str:
        return str(self.code)

    def settle(self, today: date) -> bool:
        hours = [Opening(day, row.opens, row.closes) for row in self.hours for day in row.days]
        facts = self.model_dump(exclude={"kind", "code", "ward", "hours", "note"})
        return places.settle_office(self.kind, self.code, _ward(self.ward), hours, **facts)


class NeighbourhoodRow(Row):
    name: Text80
    old_ward: WardRef
    ward: WardRef
    post_office: Text20
    lat: Lat
    lon: Lon
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.name}, {self.old_ward}"

    def settle(self, today: date) -> bool:
        post_office = places.office_coded(self.post_office, OfficeKind.POST)
        old_ward, ward = _ward(self.old_ward), _ward(self.ward)
        return places.settle_neighbourhood(self.name, old_ward, ward, post_office, self.lat, self.lon)


class BandRow(Row):
    one: WardRef
    other: WardRef
    band: Band
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.one} – {self.other}"

    def settle(self, today: date) -> bool:
        return bands.settle(_ward(self.one), _ward(self.other), self.band)


class DayRow(Row):
    day: date
    is_open: bool
    note: str = Field(default="", max_length=120)  # this one is loaded: people ask why

    @property
    def key(self) -> str:
        return self.day.isoformat()

    def settle(self, today: date) -> bool:
        return calendar.declare(self.day, self.is_open, self.note)


class PaperRow(Row):
    name: Text200
    name_en: Text200
    form: PaperForm
    copies: int = Field(default=1, ge=0, le=99)
    sheets: int = Field(default=1, ge=0, le=500)
    note: str = Field(default="", max_length=300)
    note_en: str = Field(default="", max_length=300)
    returned: bool = False

    def line(self) -> Line:
        return Line(**self.model_dump())


class ProvinceRow(Row):
    province: Text80
    submit_by_post: bool
    return_by_post: bool
    legal_basis: Text300
    why_not: str = Field(default="", max_length=2000)
    why_not_en: str = Field(default="", max_length=2000)
    any_desk: bool = False
    any_desk_basis: str = Field(default="", max_length=300)

    def carriage(self) -> Carriage:
        return Carriage(**self.model_dump())


class ProcedureRow(Row):
    code: Text40
    title: Text200
    title_en: Text200
    official_name: Text300
    field: Text80
    submit_by_post: bool
    return_by_post: bool
    why_not: str = Field(default="", max_length=2000)
    why_not_en: str = Field(default="", max_length=2000)
    legal_basis: Text300
    any_desk: bool = False
    any_desk_basis: str = Field(default="", max_length=300)
    fee: int = Field(default=0, ge=0, le=1_000_000_000)
    fee_note: str = Field(default="", max_length=200)
    fee_note_en: str = Field(default="", max_length=200)
    fee_at_delivery: bool = False
    id_check: bool = False
    days: int = Field(ge=0, le=365)
    clock: Rule = Rule.LEGAL
    cutoff: bool = True
    popular: bool = False
    valid_from: date
    synonyms: str = Field(default="", max_length=1000)
    papers: list[PaperRow] = []
    provinces: list[ProvinceRow] = []
    note: str = ""

    @property
    def key(self) -> str:
        return str(self.code)

    def edition(self) -> Edition:
        content = Content(**self.model_dump(include=set(Content.__dataclass_fields__)))
        lines, provinces = (paper.line() for paper in self.papers), (one.carriage() for one in self.provinces)
        return Edition(content, tuple(lines), tuple(provinces), self.synonyms)

    def settle(self, today: date) -> bool:
        return procedures.publish(self.code, self.edition(), self.valid_from, today) is not None


class PlacesFile(Row):
    kind: Literal["places"]
    note: str = ""
    wards: list[WardRow] = []
    successions: list[SuccessionRow] = []
    offices: list[OfficeRow] = []
    neighbourhoods: list[NeighbourhoodRow] = []
    bands: list[BandRow] = []


class CalendarFile(Row):
    kind: Literal["calendar"]
    note: str = ""
    days: list[DayRow] = []


class ProceduresFile(Row):
    kind: Literal["procedures"]
    note: str = ""
    procedures: list[ProcedureRow] = []


FILES: dict[str, type[Row]] = {"places": PlacesFile, "calendar": CalendarFile, "procedures": ProceduresFile}


@dataclass(frozen=True)
class Loaded:
    """How many rows of one kind were new or different, and how many stayed as they were."""

    what: str
    changed: int
    same: int


def load(path: Path, at: datetime) -> list[Loaded]:
    """One file, or every .json of a folder, in one transaction. Raises BadRows."""
    found = sorted(path.glob("*.json")) if path.is_dir() else [path]
    bad: list[str] = [] if found else [f"{path}: no .json file here"]
    files: list[tuple[str, Row]] = []
    for file in found:
        try:
            files.append((file.name, read(file)))
        except BadRows as wrong:
            bad += [f"{file.name}: {row}" for row in wrong.rows]
    if bad:
        raise BadRows(bad)
    files.sort(key=lambda named: ORDER.index(getattr(named[1], "kind", "")))
    return atomically(_settle_all, files, calendar.today(at))


def read(path: Path) -> Row:
    """The file, every value checked. Raises BadRows."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRows([error.strerror or "cannot be read"]) from error
    except ValueError as error:
        raise BadRows([f"not JSON in UTF-8: {error}"]) from error
    shape = FILES.get(raw.get("kind", "")) if isinstance(raw, dict) else None
    if shape is None:
        raise BadRows([f'"kind" must be one of {", ".join(FILES)}'])
    try:
        made = shape.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        raise BadRows([_place(problem["loc"], raw) + problem["msg"] for problem in error.errors()]) from error
    twice = [
        f"{name}: {key} is there {count} times"
        for name, rows in _tables(made)
        for key, count in Counter(row.key for row in rows).items()
        if count > 1
    ]
    if twice:
        raise BadRows(twice)
    return made


def _place(loc: tuple[int | str, ...], raw: Any) -> str:
    """ "offices[3] (824600) phone: ": where it is, counted from 1, and by the name people know it by."""
    said = ""
    for at, step in enumerate(loc):
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            raw = None
        if isinstance(step, int):
            name = raw.get("code") or raw.get("name") or raw.get("day") if isinstance(raw, dict) else None
            said += f"[{step + 1}]" + (f" ({name})" if name and at == 1 else "")
        else:
            said += (" " if said else "") + step
    return said + ": " if said else ""


def _tables(file: Row) -> Iterator[tuple[str, list[Any]]]:
    for name in type(file).model_fields:
        rows = getattr(file, name)
        if isinstance(rows, list):
            yield name, rows


def _settle_all(files: list[tuple[str, Row]], today: date) -> list[Loaded]:
    bad: list[str] = []
    done: list[Loaded] = []
    for file_name, file in files:
        for what, rows in _tables(file):
            changed = 0
            for at, row in enumerate(rows, start=1):
                try:
                    changed += row.settle(today)
                except Refused as refusal:
                    with force_locale("en"):
                        bad.append(f"{file_name}: {what}[{at}] ({row.key}): {sentence(refusal)}")
            done.append(Loaded(what, changed, len(rows) - changed))
    if bad:
        raise BadRows(bad)
    return done


def _ward(ref: str) -> Ward:
    code, _, day = ref.partition("@")
    return places.ward_known_as(code, date.fromisoformat(day))


def is_empty() -> bool:
    """Whether no catalogue has been loaded yet."""
    return db.session.query(Ward.id).first() is None
