"""Procedures: what can be asked of a ward, which papers it takes, and whether the post may carry it.

A procedure is known by (code, version); a booking keeps the version it was shown, as the courier does.
Two flags, per province and with a legal basis: may it be submitted, may its result be returned, by post.
"""

import re
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, choice, db
from app.domain.calendar import CUTOFF, Rule, Term
from app.domain.places import fold
from app.errors import Invalid, Missing

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

    @property
    def term(self) -> Term:
        return Term(self.days, self.clock, CUTOFF if self.cutoff else None)


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
    texts = (procedure.title, procedure.official_name, procedure.field, procedure.title_en, procedure.code, extra)
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
    fee: int = 0
    fee_note: str = ""
    fee_note_en: str = ""
    fee_at_delivery: bool = False
    id_check: bool = False
    clock: Rule = Rule.LEGAL
    cutoff: bool = True
    popular: bool = False


def publish(
    code: str, content: Content, lines: tuple[Line, ...], valid_from: date, today: date, synonyms: str = ""
) -> bool:
    """A new version when the content differs from the newest, which then ends the day before; else nothing.

    A booking keeps the version it was shown, so what has been in force is never rewritten: a change starts today
    at the earliest. Raises Invalid: `procedure_code`, `procedure_why_not` (not by post needs its reason),
    `procedure_no_papers` (nothing a courier could carry).
    """
    if not CODE.fullmatch(code):
        raise Invalid("procedure_code", code=code)
    if not content.submit_by_post and not content.why_not:
        raise Invalid("procedure_why_not", code=code)
    if content.submit_by_post and all(line.form is PaperForm.DATA for line in lines):
        raise Invalid("procedure_no_papers", code=code)
    newest = db.session.scalar(
        sa.select(Procedure).filter_by(code=code).order_by(Procedure.version.desc()).limit(1)
    )  # fmt: skip
    made = Procedure(code=code, valid_from=valid_from, version=1, **asdict(content))
    made.words = words_of(made, synonyms)
    if newest is not None:
        if _says(newest) == (content, lines) and newest.words == made.words:
            return False
        made.version, made.valid_from = newest.version + 1, max(valid_from, today)
        newest.valid_to = made.valid_from - timedelta(days=1)
    made.papers = [ChecklistLine(position=at, **asdict(line)) for at, line in enumerate(lines, start=1)]
    db.session.add(made)
    db.session.flush()
    return True


def _says(procedure: Procedure) -> tuple[Content, tuple[Line, ...]]:
    lines = (Line(**{f.name: getattr(paper, f.name) for f in fields(Line)}) for paper in procedure.papers)
    return Content(**{f.name: getattr(procedure, f.name) for f in fields(Content)}), tuple(lines)
