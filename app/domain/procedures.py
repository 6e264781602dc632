"""Procedures: what can be asked of a ward, which papers it takes, and whether the post may carry it.

A procedure is known by (code, version); a booking keeps the version it was shown, as the courier does.
Two flags, per province and with a legal basis: may it be submitted, may its result be returned, by post.
"""

import re
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, choice, db
from app.domain.places import fold
from app.errors import Missing

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
    days: Mapped[int] = mapped_column(doc="working days; 0 = same day, after 15:00 the next")
    popular: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    words: Mapped[str] = mapped_column(sa.Text, doc="folded text that a search looks in")

    papers: Mapped[list["ChecklistLine"]] = relationship(order_by="ChecklistLine.position")


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
