"""Invitations: links with which somebody sets their own password and PIN. Nobody else sees or chooses either.

A link is a secret of 256 bits, kept as its hash, good once and for two days; a newer one ends it. Whoever needs one has lost
something, or fears so: passkeys of before end with it.
"""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Digest, Instant, Model, db, lock
from app.domain import audit, passkeys, people, sessions
from app.domain.people import Act, User
from app.errors import Gone, Missing, Refused

LIFE = timedelta(hours=48)


class Invitation(Model):
    __tablename__ = "invitations"

    secret_hash: Mapped[Digest] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    made_at: Mapped[Instant]
    made_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="NULL: by the terminal")
    ended_at: Mapped[Instant | None] = mapped_column(doc="used, or followed by a newer one")
    used_at: Mapped[Instant | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])

    @property
    def expires_at(self) -> datetime:
        return self.made_at + LIFE

    def lives(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.expires_at and self.user.disabled_at is None


def make(user: User, act: Act) -> str:
    """The secret of a new link for `user`; what is said now counts until it is used.

    Raises Refused: `not_oneself`, `service_over`.
    """
    if act.user is not None and act.user.id == user.id:
        raise Refused("not_oneself")
    (user,) = lock(User, user.id)
    if user.disabled_at is not None:
        raise Refused("service_over")
    end_all(user, act)
    secret = secrets.token_urlsafe(32)
    by_id = act.user.id if act.user else None
    db.session.add(
        Invitation(secret_hash=sessions.hash_of(secret), user_id=user.id, made_at=act.at, made_by_id=by_id)
    )  # fmt: skip
    audit.note("link_made", user.id, act)
    return secret


def end_all(user: User, act: Act) -> None:
    """No link of theirs is good any more."""
    open_ = sa.update(Invitation).where(Invitation.user_id == user.id, Invitation.ended_at.is_(None))
    db.session.execute(open_.values(ended_at=act.at))


def find(secret: str, at: datetime) -> Invitation:
    """Raises Missing("invitation_unknown"), Gone: `invitation_used`, `invitation_over`."""
    return _check(db.session.get(Invitation, sessions.hash_of(secret)), at)


def _check(found: Invitation | None, at: datetime) -> Invitation:
    if found is None:
        raise Missing("invitation_unknown")
    if found.used_at is not None:
        raise Gone("invitation_used")
    if not found.lives(at):
        raise Gone("invitation_over")
    return found


def accept(secret: str, password: str, pin: str | None, act: Act) -> User:
    """The person says their own password, and a PIN where they sign with one; they are signed out everywhere, and no passkey
    of theirs is good any more.

    Raises as `find`, `people.check_password` and `people.check_pin`.
    """
    found = _check(next(iter(lock(Invitation, sessions.hash_of(secret))), None), act.at)
    (user,) = lock(User, found.user_id)
    people.check_password(user.login, password)
    if user.signs:
        people.check_pin(pin or "")
    user.password_hash = people.hash_secret(password)
    user.pin_hash = people.hash_secret(pin) if user.signs and pin else None
    found.used_at = found.ended_at = act.at
    own = Act(user, act.at, act.keys)
    sessions.end_all(user, own)
    passkeys.remove_all(user, own)
    audit.note("link_used", user.id, own)
    return user


def check_way_in(user: User, at: datetime) -> None:
    """Whether a password alone opens the page of passkeys, where they are required: for whoever has none, within LIFE of the
    link that an administrator handed them. Raises Refused("passkey_first")."""
    used = sa.select(Invitation).where(Invitation.user_id == user.id, Invitation.used_at > at - LIFE).limit(1)
    if passkeys.of(user) or db.session.scalar(used) is None:
        raise Refused("passkey_first")


def newest(user: User) -> Invitation | None:
    made = sa.select(Invitation).where(Invitation.user_id == user.id).order_by(Invitation.made_at.desc())
    return db.session.scalar(made.limit(1))
