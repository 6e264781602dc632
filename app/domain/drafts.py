"""Drafts: answers of a booking in progress. The browser holds a random secret, the table its hash; gone after a day."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Digest, Instant, Model, db
from app.domain.dossiers import Dossier
from app.domain.people import Act

LIFE = timedelta(hours=24)
REMEMBERED = timedelta(hours=1)  # what was just booked, in the browser it was booked with


class Draft(Model):
    __tablename__ = "drafts"

    secret_hash: Mapped[Digest] = mapped_column(primary_key=True)
    answers: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    updated_at: Mapped[Instant] = mapped_column(index=True)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def get(secret: str, at: datetime) -> dict[str, Any] | None:
    """The answers so far, or None: never begun, or older than a day."""
    found = db.session.get(Draft, _hash(secret)) if secret else None
    return dict(found.answers) if found and at - found.updated_at < LIFE else None


def begin(answers: dict[str, Any], act: Act) -> str:
    """A new draft, with the key its booking will have; returns the secret. Drafts past their day go."""
    sweep(act.at)
    secret = secrets.token_urlsafe(32)
    answers = {"booking_key": secrets.token_hex(20)} | answers
    db.session.add(Draft(secret_hash=_hash(secret), answers=answers, updated_at=act.at))
    return secret


def sweep(at: datetime) -> None:
    """Drafts past their day go."""
    db.session.execute(sa.delete(Draft).where(Draft.updated_at <= at - LIFE))


def keep(secret: str, answers: dict[str, Any], act: Act) -> bool:
    """Add to the answers. False when the draft is gone."""
    found = db.session.get(Draft, _hash(secret), with_for_update=True)
    if found is None or "booked" in found.answers or act.at - found.updated_at >= LIFE:
        return False
    found.answers = found.answers | answers
    found.updated_at = act.at
    return True


def finish(secret: str, dossier: Dossier, act: Act) -> None:
    """The answers go; what was booked with them is remembered for an hour, so that Back in the browser does not book it twice."""
    if found := db.session.get(Draft, _hash(secret), with_for_update=True):
        found.answers, found.updated_at = {"booked": dossier.id}, act.at


def just_booked(secret: str, at: datetime) -> Dossier | None:
    """What this browser has booked within the hour."""
    found = db.session.get(Draft, _hash(secret))
    recent = found is not None and at - found.updated_at < REMEMBERED
    return db.session.get(Dossier, found.answers["booked"]) if found and recent and "booked" in found.answers else None


def knows(secret: str, dossier_id: int, at: datetime) -> bool:
    """Whether this browser was told or has typed what the dossier says of its sender: it booked it within the hour, or goes on from it."""
    booked, answers = just_booked(secret, at), get(secret, at) or {}
    return (booked is not None and booked.id == dossier_id) or answers.get("beside", {}).get("id") == dossier_id
