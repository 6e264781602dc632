"""Procedures: what can be asked of a ward, which papers it takes, and whether the post may carry it.

A procedure is known by (code, version); a booking keeps the version it was shown, as the courier does. No two
versions of one code are in force on the same day, and what has been published is never rewritten: a change is a new version.
Two flags, with a legal basis: may it be submitted, may its result be returned, by post. A third, with its own: does any desk of
the province receive it, wherever one lives. A province may say otherwise.
"""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from app.db import Model, choice, db
from app.domain.calendar import CUTOFF, Rule, Term
from app.domain.places import PROVINCES, fold
from app.errors import Invalid, Missing, Refused

CODE = re.compile(r"[1-3]\.\d{6}(?:\.\d{3}\.\d{2}\.\d{2}\.[A-Y]\d{2})?")  # domain: mã TTHC


class PaperForm(StrEnum):
    ORIGINAL = "original"  # bản chính
    CERTIFIED = "certified"  # bản sao có chứng thực
    COPY = "copy"  # bản sao thường
    DATA = "data"  # not needed: the ward takes it from a database


class Procedure(Model):
    __tablename__ = "procedures"
    __table_args__ = (sa.UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(40))
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(sa.String(200), doc="in plain words")
    title_en: Mapped[str] = mapped_column(sa.String(200))
    official_name: Mapped[str] = mapped_column(sa.String(300))
    field: Mapped[str] = mapped_column(sa.String(80))
    submit_by_post: Mapped[bool]
    return_by_post: Mapped[bool]
    why_not: Mapped[str] = mapped_column(sa.Text, default="", doc="why a person must come, in plain words")
    why_not_en: Mapped[str] = mapped_column(sa.Text, default="")
    legal_basis: Mapped[str] = mapped_column(sa.String(300))
    any_desk: Mapped[bool] = mapped_column(default=False, doc="any desk of the province receives it")
    any_desk_basis: Mapped[str] = mapped_column(sa.String(300), default="", doc="by which rule")
    fee: Mapped[int] = mapped_column(default=0, doc="statutory fee, đồng; 0 when free")
    fee_note: Mapped[str] = mapped_column(sa.String(200), default="")
    fee_note_en: Mapped[str] = mapped_column(sa.String(200), default="")
    fee_at_delivery: Mapped[bool] = mapped_column(default=False, doc="the fee is due when the result is handed over")
    id_check: Mapped[bool] = mapped_column(
        default=False, doc="the courier looks at an identity paper before collecting"
    )
    days: Mapped[int] = mapped_column(doc="working days; 0 = same day, after 15:00 the next")
    clock: Mapped[Rule] = mapped_column(choice(Rule), default=Rule.LEGAL, doc="how its working days are counted")
    cutoff: Mapped[bool] = mapped_column(default=True, doc="what comes after 15:00 begins on the next working day")
    popular: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    words: Mapped[str] = mapped_column(sa.Text, doc="folded text that a search looks in")

    papers: Mapped[list["ChecklistLine"]] = relationship(order_by="ChecklistLine.position")
    provinces: Mapped[list["ProvinceRule"]] = relationship(order_by="ProvinceRule.province", lazy="selectin")

    @property
    def term(self) -> Term:
        return Term(self.days, self.clock, CUTOFF if self.cutoff else None)

    @property
    def is_same_day(self) -> bool:
        """Settled on the day it comes: the post carries its papers and its result before others (QĐ 45/2016 Đ16)."""
        return self.days == 0

    @property
    def was_in_force(self) -> bool:
        """Whether it has, or will have, a day in force; one that was withdrawn or replaced before its first has none."""
        return self.valid_to is None or self.valid_to >= self.valid_from

    def carriage(self, province: str) -> "Carriage":
        """What the post may carry in this province, and to which desks: as it says itself, else as everywhere."""
        row = next((one for one in self.provinces if one.province == province), None) or self
        said = {f.name: getattr(row, f.name) for f in fields(Carriage) if f.name != "province"}
        return Carriage(province, **said)


class ChecklistLine(Model):
    """One paper of a procedure's published list (thành phần hồ sơ)."""

    __tablename__ = "checklist_lines"

    procedure_id: Mapped[int] = mapped_column(sa.ForeignKey(Procedure.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    name_en: Mapped[str] = mapped_column(sa.String(200))
    form: Mapped[PaperForm] = mapped_column(choice(PaperForm))
    copies: Mapped[int] = mapped_column(default=1)
    sheets: Mapped[int] = mapped_column(default=1, doc="usual number of sheets, to start counting from")
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    note_en: Mapped[str] = mapped_column(sa.String(300), default="")
    returned: Mapped[bool] = mapped_column(default=False, doc="an original that comes back with the result")


class ProvinceRule(Model):
    """A province that carries by post what others do not, or the other way round (domain: lists differ by province)."""

    __tablename__ = "procedure_provinces"

    procedure_id: Mapped[int] = mapped_column(sa.ForeignKey(Procedure.id), primary_key=True)
    province: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    submit_by_post: Mapped[bool]
    return_by_post: Mapped[bool]
    legal_basis: Mapped[str] = mapped_column(sa.String(300))
    why_not: Mapped[str] = mapped_column(sa.Text, default="")
    why_not_en: Mapped[str] = mapped_column(sa.Text, default="")
    any_desk: Mapped[bool] = mapped_column(default=False)
    any_desk_basis: Mapped[str] = mapped_column(sa.String(300), default="")


def in_force(day: date) -> sa.Select[Procedure]:
    over = sa.or_(Procedure.valid_to.is_(None), Procedure.valid_to >= day)
    return sa.select(Procedure).where(Procedure.valid_from <= day, over)


def get(code: str, day: date) -> Procedure:
    """The version in force on `day`."""
    found = db.session.scalar(in_force(day).filter_by(code=code).order_by(Procedure.version.desc()).limit(1))
    if found is None:
        raise Missing("procedure_unknown")
    return found


def search(text: str, day: date, limit: int = 20) -> list[Procedure]:
    """Procedures whose words hold every word of `text`, accents or not; those named so come first."""
    asked = fold(text[:100]).split()
    if not asked:
        return popular(day)
    query = in_force(day)
    for word in asked:
        query = query.where(Procedure.words.contains(word, autoescape=True))
    phrase = " ".join(asked)
    found = sorted(db.session.scalars(query), key=lambda p: (phrase not in fold(p.title), not p.popular, p.title))
    return found[:limit]


def popular(day: date) -> list[Procedure]:
    return list(db.session.scalars(in_force(day).filter_by(popular=True).order_by(Procedure.title)))


def words_of(procedure: Procedure, extra: str = "") -> str:
    return fold(f"{_own_words(procedure)} {extra}")


def _own_words(procedure: Procedure) -> str:
    texts = (procedure.title, procedure.official_name, procedure.field, procedure.title_en, procedure.code)
    return fold(" ".join(texts))


@dataclass(frozen=True)
class Line:
    """One paper of a published list; the columns of ChecklistLine but for its place."""

    name: str
    name_en: str
    form: PaperForm
    copies: int = 1
    sheets: int = 1
    note: str = ""
    note_en: str = ""
    returned: bool = False

    def __post_init__(self) -> None:
        if self.form is PaperForm.DATA:  # nobody carries it
            object.__setattr__(self, "copies", 0)
            object.__setattr__(self, "sheets", 0)


@dataclass(frozen=True)
class Content:
    """What a version of a procedure says; the columns of Procedure but for number, version and dates."""

    title: str
    title_en: str
    official_name: str
    field: str
    submit_by_post: bool
    return_by_post: bool
    legal_basis: str
    days: int
    why_not: str = ""
    why_not_en: str = ""
    any_desk: bool = False
    any_desk_basis: str = ""
    fee: int = 0
    fee_note: str = ""
    fee_note_en: str = ""
    fee_at_delivery: bool = False
    id_check: bool = False
    clock: Rule = Rule.LEGAL
    cutoff: bool = True
    popular: bool = False


@dataclass(frozen=True)
class Carriage:
    """What the post may carry in one province, and to which desks; the columns of ProvinceRule."""

    province: str
    submit_by_post: bool
    return_by_post: bool
    legal_basis: str
    why_not: str = ""
    why_not_en: str = ""
    any_desk: bool = False
    any_desk_basis: str = ""


@dataclass(frozen=True)
class Edition:
    """All that one version says. `synonyms` are further words a search finds it by, kept without accents."""

    content: Content
    lines: tuple[Line, ...] = ()
    provinces: tuple[Carriage, ...] = ()
    synonyms: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "synonyms", fold(self.synonyms))
        object.__setattr__(self, "provinces", tuple(sorted(self.provinces, key=lambda one: one.province)))


def check(code: str, edition: Edition) -> None:
    """Raises Invalid: `procedure_code`, `procedure_why_not` (not by post needs its reason, in each province),
    `procedure_any_desk` (any desk only by a rule), `procedure_no_papers` (nothing a courier could carry), `procedure_province_twice`, `procedure_province_unknown`."""
    if not CODE.fullmatch(code):
        raise Invalid("procedure_code", code=code)
    said: tuple[Content | Carriage, ...] = (edition.content, *edition.provinces)
    if any(not one.submit_by_post and not one.why_not for one in said):
        raise Invalid("procedure_why_not", code=code)
    if any(one.any_desk and not one.any_desk_basis for one in said):
        raise Invalid("procedure_any_desk", code=code)
    if any(one.submit_by_post for one in said) and all(line.form is PaperForm.DATA for line in edition.lines):
        raise Invalid("procedure_no_papers", code=code)
    if len({one.province for one in edition.provinces}) < len(edition.provinces):
        raise Invalid("procedure_province_twice", code=code)
    if unknown := [one.province for one in edition.provinces if one.province not in PROVINCES]:
        raise Invalid("procedure_province_unknown", province=unknown[0])


def publish(code: str, edition: Edition, valid_from: date, today: date) -> Procedure | None:
    """A new version when it says something else than the latest, which then ends the day before; else None.

    A booking keeps the version it was shown, so what has been in force is never rewritten: a change starts today
    at the earliest. Raises Invalid as `check`; Refused("procedure_overlaps") before the first day of the latest.
    """
    check(code, edition)
    last = latest(code)
    if last is not None and says(last) == edition:
        return None
    begins = max(valid_from, today) if last else valid_from
    made = Procedure(code=code, version=newest_number(code) + 1, valid_from=begins, **asdict(edition.content))
    made.words = words_of(made, edition.synonyms)
    made.papers = [ChecklistLine(position=at, **asdict(line)) for at, line in enumerate(edition.lines, start=1)]
    made.provinces = [ProvinceRule(**asdict(one)) for one in edition.provinces]
    if last is not None:
        if begins < last.valid_from:
            raise Refused("procedure_overlaps", code=code, version=last.version, day=last.valid_from.isoformat())
        last.valid_to = min(last.valid_to or date.max, begins - timedelta(days=1))
    db.session.add(made)
    db.session.flush()
    return made


def versions(code: str) -> list[Procedure]:
    """Newest first."""
    return list(db.session.scalars(sa.select(Procedure).filter_by(code=code).order_by(Procedure.version.desc())))


def latest(code: str) -> Procedure | None:
    """The version in force last, or still to come: the one a new version follows."""
    return next((one for one in versions(code) if one.was_in_force), None)


def latest_of(codes: Collection[str]) -> dict[str, Procedure]:
    """`latest` of many at once, their papers and provinces with them."""
    rows = sa.select(Procedure).options(selectinload(Procedure.papers)).order_by(Procedure.version)
    return {one.code: one for one in db.session.scalars(rows) if one.code in codes and one.was_in_force}


def newest_number(code: str) -> int:
    """0 when there is no version yet."""
    return db.session.scalar(sa.select(sa.func.max(Procedure.version)).filter_by(code=code)) or 0


def says(procedure: Procedure) -> Edition:
    def of(row: Model, kind: type[Any]) -> Any:
        return kind(**{f.name: getattr(row, f.name) for f in fields(kind)})

    return Edition(
        of(procedure, Content),
        tuple(of(paper, Line) for paper in procedure.papers),
        tuple(of(one, Carriage) for one in procedure.provinces),
        procedure.words.removeprefix(_own_words(procedure)),
    )
