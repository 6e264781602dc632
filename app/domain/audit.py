"""Audit: who did what, and who looked at whom. Keys and ids only, never a name or a phone."""

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain.calendar import HERE
from app.domain.people import Act, User


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

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))
    dossier_id: Mapped[int] = mapped_column(index=True)
    page: Mapped[str] = mapped_column(sa.String(40))


def note(action: str, subject: str, act: Act, **details: Any) -> None:
    user_id = act.user.id if act.user else None
    db.session.add(AuditLine(at=act.at, user_id=user_id, action=action, subject=subject, details=details))


def newest(action: str, subject: str) -> datetime | None:
    """When this was last noted of this subject."""
    return db.session.scalar(sa.select(sa.func.max(AuditLine.at)).filter_by(action=action, subject=subject))


def viewed(user_id: str, dossier_id: int, page: str, at: datetime) -> None:
    db.session.add(ViewLine(at=at, user_id=user_id, dossier_id=dossier_id, page=page))


def viewed_on(user_id: str, page: str, day: date) -> set[int]:
    """The dossiers whose people this page has already shown this user today."""
    since = datetime.combine(day, time(), HERE)
    seen = sa.select(ViewLine.dossier_id).where(ViewLine.user_id == user_id, ViewLine.page == page)
    return set(db.session.scalars(seen.where(ViewLine.at >= since)))
