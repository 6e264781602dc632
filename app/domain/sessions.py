"""Sessions: who is signed in where, how long, and how often somebody may try.

The cookie carries a random secret, the table its hash: a session can be ended from the server, one or all.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.db import Digest, Instant, Model, db
from app.domain import audit, people
from app.domain.people import Act, User
from app.errors import Missing, Refused, TooMany

IDLE = timedelta(minutes=15)  # a counter's computer is many people's
LIFE = timedelta(hours=12)
PRESENT = timedelta(minutes=5)  # a proof of PRESENCE is worth this long


class Session(Model):
    __tablename__ = "sessions"

    secret_hash: Mapped[Digest] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    created_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    present_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    browser: Mapped[str] = mapped_column(sa.String(40), doc="what it called itself, e.g. Firefox, Windows; no version")
    passkey_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("passkeys.id"), doc="with which it was opened; NULL: by password"
    )

    user: Mapped[User] = relationship()

    @property
    def name(self) -> str:
        """How a page says which one is meant; worth nothing in a cookie."""
        return self.secret_hash.hex()[:16]

    def lives(self, at: datetime) -> bool:
        fresh = at - self.seen_at < IDLE and at - self.created_at < LIFE
        return self.ended_at is None and fresh and self.user.disabled_at is None

    def present(self, at: datetime) -> bool:
        return at - self.present_at <= PRESENT


WHOLE = (joinedload(Session.user).joinedload(User.office),)  # every page asks who it is, and where they work


class Throttle(Model):
    """Tries in the current window of one counter, e.g. wrong passwords for one login."""

    __tablename__ = "throttles"

    key: Mapped[Digest] = mapped_column(primary_key=True)
    began_at: Mapped[Instant]
    tries: Mapped[int]


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def find(secret: str, at: datetime) -> Session | None:
    session = db.session.get(Session, hash_of(secret), options=WHOLE)
    return session if session and session.lives(at) else None


def check_password(login: str, password: str) -> User:
    """Same work and same answer whether the login exists or not. Raises Refused("sign_in_wrong")."""
    user = db.session.scalar(sa.select(User).filter_by(login=login.replace("\0", "").strip().lower(), disabled_at=None))
    if not people.secret_fits(user.password_hash if user else None, password) or user is None:
        raise Refused("sign_in_wrong")
    return user


def check_second(login: str, secret: str) -> User:
    """Somebody who stands beside another at a page: password or PIN. Raises Refused("second_wrong")."""
    user = db.session.scalar(sa.select(User).filter_by(login=login.replace("\0", "").strip().lower(), disabled_at=None))
    kept = (user.password_hash, user.pin_hash) if user else (None, None)
    fits = [people.secret_fits(one, secret) for one in kept]  # both, so that the answer takes the same time
    if user is None or not any(fits):
        raise Refused("second_wrong")
    return user


def begin(user_id: str, browser: str, act: Act, passkey_id: str | None = None) -> str:
    """A new session; the secret goes into the cookie and is known nowhere else."""
    secret = secrets.token_urlsafe(32)
    moments = {"created_at": act.at, "seen_at": act.at, "present_at": act.at}
    facts = {"browser": browser[:40], "passkey_id": passkey_id}
    db.session.add(Session(secret_hash=hash_of(secret), user_id=user_id, **moments, **facts))
    noted = {"browser": browser[:40]} | ({"passkey": passkey_id} if passkey_id else {})
    audit.note("signed_in", user_id, Act(db.session.get_one(User, user_id), act.at, act.keys), **noted)
    return secret


def living(*users: User, at: datetime) -> list[Session]:
    """Where these people are signed in, whoever was last at work first."""
    rows = sa.select(Session).where(Session.user_id.in_([user.id for user in users]), Session.ended_at.is_(None))
    newest = rows.where(Session.seen_at > at - IDLE).order_by(Session.seen_at.desc(), Session.created_at.desc())
    return [session for session in db.session.scalars(newest) if session.lives(at)]


def end_one(user: User, name: str, act: Act) -> None:
    """Sign out in that place. Raises Missing("session_over") when nobody of that name is signed in there any more."""
    session = next((each for each in living(user, at=act.at) if each.name == name), None)
    if session is None:
        raise Missing("session_over")
    session.ended_at = act.at
    audit.note("session_end", user.id, act)


def end(secret: str, act: Act) -> None:
    if session := db.session.get(Session, hash_of(secret)):
        session.ended_at = act.at


def end_all(user: User, act: Act, *, but: bytes = b"") -> None:
    """Sign out everywhere, but in the session with this hash: password changed, screen left open, job ended."""
    for session in db.session.scalars(sa.select(Session).where(Session.user_id == user.id, Session.ended_at.is_(None))):
        if session.secret_hash != but:
            session.ended_at = act.at
    audit.note("sessions_end", user.id, act)


def touch(secret: str, act: Act, *, present: bool = False) -> None:
    if session := db.session.get(Session, hash_of(secret)):
        session.seen_at = act.at
        if present:
            session.present_at = act.at


def count(key: bytes, limit: int, window: timedelta, at: datetime) -> None:
    """One more try under `key`; raises TooMany past `limit` in a `window`. Runs in its own short transaction."""
    row = db.session.get(Throttle, key, with_for_update=True)
    if row is None or at - row.began_at >= window:
        row = db.session.merge(Throttle(key=key, began_at=at, tries=0))
    if row.tries >= limit:
        raise TooMany("too_many_tries", seconds=int((row.began_at + window - at).total_seconds()) + 1)
    row.tries += 1


def forget(key: bytes) -> None:
    """The right password clears the counter of its login."""
    db.session.execute(sa.delete(Throttle).where(Throttle.key == key))
