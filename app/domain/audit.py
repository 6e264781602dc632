"""Audit: who did what, and who looked at whom. Keys and ids only, never a name or a phone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from app.db import Instant, Model, db
from app.domain import calendar
from app.domain.people import Act, Role, User

SHOWN = 500  # lines


class AuditLine(Model):
    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Instant] = mapped_column(index=True)
    user_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id))
    action: Mapped[str] = mapped_column(sa.String(40))
    subject: Mapped[str] = mapped_column(sa.String(60), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class ViewLine(Model):
    """Somebody on the staff opened a page that shows a citizen's data."""

    __tablename__ = "views_log"
    __table_args__ = (sa.Index("ix_views_log_day", "user_id", "page", "at"),)  # whom a list has shown somebody today

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    dossier_id: Mapped[int] = mapped_column(index=True)
    page: Mapped[str] = mapped_column(sa.String(40))


@dataclass(frozen=True)
class Look:
    """Somebody of this role, at this office, saw what a dossier says on this day, once or often."""

    day: date
    role: Role
    office: str | None


def note(action: str, subject: str, act: Act, **details: Any) -> None:
    user_id = act.user.id if act.user else None
    db.session.add(AuditLine(at=act.at, user_id=user_id, action=action, subject=subject, details=details))


def newest(action: str, subject: str) -> datetime | None:
    """When this was last noted of this subject."""
    return db.session.scalar(sa.select(sa.func.max(AuditLine.at)).filter_by(action=action, subject=subject))


def oldest(action: str, subject: str) -> datetime | None:
    """When this was first noted of this subject."""
    return db.session.scalar(sa.select(sa.func.min(AuditLine.at)).filter_by(action=action, subject=subject))


def times(action: str, subject: str) -> list[datetime]:
    """When this was noted of this subject, the first time first."""
    found = sa.select(AuditLine.at).filter_by(action=action, subject=subject)
    return list(db.session.scalars(found.order_by(AuditLine.id)))


def viewed(user_id: str, dossier_id: int, page: str, at: datetime) -> None:
    db.session.add(ViewLine(at=at, user_id=user_id, dossier_id=dossier_id, page=page))


def unseen(user_id: str, page: str, dossiers: set[int], at: datetime) -> set[int]:
    """Of these dossiers, those whose people this page has not shown this user today."""
    since = datetime.combine(calendar.today(at), time(), calendar.HERE)
    seen = sa.select(ViewLine.dossier_id).where(ViewLine.user_id == user_id, ViewLine.page == page)
    return dossiers - set(db.session.scalars(seen.where(ViewLine.at >= since)))


def log_names(user_id: str, page: str, dossiers: set[int], at: datetime) -> None:
    """Who saw a list of names: a line a dossier and day."""
    if new := unseen(user_id, page, dossiers, at):
        line = {"at": at, "user_id": user_id, "page": page}
        db.session.execute(sa.insert(ViewLine), [line | {"dossier_id": dossier_id} for dossier_id in sorted(new)])


def looks(dossier_id: int) -> list[Look]:
    """Who has looked, the newest day first: of the SHOWN newest lines each role and office once a day, where they work now."""
    seen = (
        sa.select(ViewLine.at, User)
        .join(User, User.id == ViewLine.user_id)
        .options(joinedload(User.office))
        .where(ViewLine.dossier_id == dossier_id)
        .order_by(ViewLine.at.desc(), ViewLine.id.desc())
        .limit(SHOWN)
    )
    found = (
        Look(calendar.today(at), user.role, user.office.name if user.office else None)
        for at, user in db.session.execute(seen)
    )
    return list(dict.fromkeys(found))


class Seen(NamedTuple):
    """A dossier one account was shown: from when to when, and on which pages."""

    dossier_id: int
    first: datetime
    last: datetime
    pages: list[str]


def seen_by(user: User, since: date, until: date) -> list[Seen]:
    """Whom an account was shown on these days, both included, the first first: what a notice of a breach must say of a stolen
    password or phone (Decree 356/2025 Đ23: within 72 hours). Whole days, for a list that is opened all day is noted once.
    """
    begins, ends = (datetime.combine(day, time(), calendar.HERE) for day in (since, until + timedelta(days=1)))
    found = sa.select(ViewLine).where(ViewLine.user_id == user.id, ViewLine.at >= begins, ViewLine.at < ends)
    shown: dict[int, list[ViewLine]] = {}
    for line in db.session.scalars(found.order_by(ViewLine.at, ViewLine.id)):
        shown.setdefault(line.dossier_id, []).append(line)
    return [
        Seen(dossier_id, lines[0].at, lines[-1].at, sorted({line.page for line in lines}))
        for dossier_id, lines in shown.items()
    ]
