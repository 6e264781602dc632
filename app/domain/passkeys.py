"""Passkeys: keys in staff's own devices, with which they sign in and prove that it is them who sits here.

A challenge is answered once, within five minutes, where it was asked and for what it was asked. The device has to ask its
holder for finger, face or PIN, so that a key alone opens nothing. A key whose device counted backwards exists twice: it is
put out of use (WebAuthn Level 3, 6.1.1).
"""

import json
import secrets
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import webauthn
from sqlalchemy.orm import Mapped, mapped_column, relationship
from webauthn.helpers import exceptions, parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers import parse_registration_credential_json as parse_new
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.db import Digest, Id, Instant, Model, choice, db, lock, random_id
from app.domain import audit, sessions
from app.domain.people import Act, User
from app.errors import Missing, Refused

LIFE = timedelta(minutes=5)  # of a challenge
MOST = 10  # keys of one person
LONGEST = 40  # letters of a name
VERIFIED = UserVerificationRequirement.REQUIRED
# What a library of parsers may say of bytes from anywhere; all of it means that this is no answer.
UNREADABLE = (exceptions.WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    ADD = "add"
    PRESENT = "present"


@dataclass(frozen=True)
class Site:
    """Where keys are good: the host they are made for, and the only address a browser may answer from."""

    host: str
    origin: str


class Passkey(Model):
    __tablename__ = "passkeys"

    id: Mapped[Id] = mapped_column(primary_key=True, default=lambda: random_id("k"))
    user_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True)
    credential: Mapped[bytes] = mapped_column(sa.LargeBinary(1023), unique=True, doc="how the device calls it")
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary(2048), doc="COSE")
    sign_count: Mapped[int] = mapped_column(sa.BigInteger, doc="0 for ever, where the device does not count")
    transports: Mapped[list[str]] = mapped_column(sa.JSON, doc="how a browser reaches the device: internal, usb, …")
    name: Mapped[str] = mapped_column(sa.String(LONGEST), doc="how its person calls it")
    created_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    removed_at: Mapped[Instant | None]

    user: Mapped[User] = relationship()


class Challenge(Model):
    """One that was asked and not answered yet."""

    __tablename__ = "challenges"

    digest: Mapped[Digest] = mapped_column(primary_key=True)
    asked_at: Mapped[Instant]
    purpose: Mapped[Purpose] = mapped_column(choice(Purpose))
    place: Mapped[Digest] = mapped_column(doc="of the session, or of the browser where nobody is signed in")


# ---- questions to a device --------------------------------------------------------------------------------------


def ask(purpose: Purpose, place: bytes, act: Act) -> bytes:
    """A new challenge, good at this `place` only."""
    db.session.execute(sa.delete(Challenge).where(Challenge.asked_at < act.at - LIFE))
    challenge = secrets.token_bytes(32)
    db.session.add(Challenge(digest=_digest(challenge), asked_at=act.at, purpose=purpose, place=place))
    return challenge


def to_make(user: User, challenge: bytes, site: Site) -> dict[str, Any]:
    """What a browser is asked for a new key, as JSON: one the device finds by itself, of any kind of device."""
    made = webauthn.generate_registration_options(
        rp_id=site.host, rp_name="Hồ sơ tận nhà", user_id=user.id.encode(), user_name=user.login,
        user_display_name=user.name, challenge=challenge, timeout=_milliseconds(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=_named(user),
    )  # fmt: skip
    return _json(made)


def to_show(challenge: bytes, site: Site, user: User | None = None) -> dict[str, Any]:
    """What a browser is asked for a proof, as JSON: by a key of `user`, or of whoever sits there."""
    asked = webauthn.generate_authentication_options(
        rp_id=site.host, challenge=challenge, timeout=_milliseconds(), user_verification=VERIFIED,
        allow_credentials=_named(user) if user else None,
    )  # fmt: skip
    return _json(asked)


def _named(user: User) -> list[PublicKeyCredentialDescriptor]:
    """With the ways to each, so that a browser need not offer all there are."""
    return [PublicKeyCredentialDescriptor(id=one.credential, transports=_ways(one.transports)) for one in of(user)]


def _ways(named: list[str]) -> list[AuthenticatorTransport]:
    return [way for way in AuthenticatorTransport if way.value in named]


def _json(options: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return told


def _milliseconds() -> int:
    return int(LIFE.total_seconds() * 1000)


def _digest(challenge: bytes) -> bytes:
    return sessions.hash_of(challenge.hex())


# ---- answers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a device said, read and not believed yet."""

    said: dict[str, Any]
    credential: bytes
    challenge: bytes
    holder: bytes | None  # whose key the device says it is
    ways: list[str]  # to a device with a new key


def read(text: str) -> Answer:
    """Of a new key or of a proof. Raises Refused("passkey_wrong")."""
    try:
        said = json.loads(text)
        is_new = "attestationObject" in said["response"]
        found = parse_new(said) if is_new else parse_authentication_credential_json(said)
        challenge = parse_client_data_json(found.response.client_data_json).challenge
    except UNREADABLE as error:
        raise Refused("passkey_wrong") from error
    holder, ways = (getattr(found.response, name, None) for name in ("user_handle", "transports"))
    return Answer(said, found.raw_id, challenge, holder, [way.value for way in ways or ()])


def take(answer: Answer, purpose: Purpose, place: bytes, act: Act) -> None:
    """The challenge is answered, whatever the answer is worth. Raises Refused("passkey_over") where it was not asked here, for
    this, within five minutes, or was answered before. Runs in its own short transaction."""
    asked = sa.delete(Challenge).where(
        Challenge.digest == _digest(answer.challenge), Challenge.purpose == purpose, Challenge.place == place,
        Challenge.asked_at > act.at - LIFE,
    )  # fmt: skip
    if db.session.execute(asked).rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("passkey_over")


def add(user: User, name: str, answer: Answer, site: Site, act: Act) -> Passkey:
    """A new key of `user`, whose challenge was taken.

    Raises Refused: `passkey_wrong`, `passkey_many`, `passkey_known` (another account has it, or had).
    """
    (user,) = lock(User, user.id)
    try:
        made = webauthn.verify_registration_response(
            credential=answer.said, expected_challenge=answer.challenge, expected_rp_id=site.host,
            expected_origin=site.origin, require_user_verification=True,
        )  # fmt: skip
    except UNREADABLE as error:
        raise Refused("passkey_wrong") from error
    if len(of(user)) >= MOST:
        raise Refused("passkey_many", most=MOST)
    if db.session.scalar(sa.select(Passkey.id).filter_by(credential=made.credential_id)):
        raise Refused("passkey_known")
    passkey = Passkey(
        user_id=user.id, credential=made.credential_id, public_key=made.credential_public_key,
        sign_count=made.sign_count, transports=answer.ways, name=name, created_at=act.at,
    )  # fmt: skip
    db.session.add(passkey)
    db.session.flush()
    audit.note("passkey_added", user.id, act, passkey=passkey.id)
    return passkey


def check(answer: Answer, site: Site, act: Act) -> Passkey:
    """The key that gave this answer, whose challenge was taken. One that counted backwards comes back put out of use.

    Raises Refused("passkey_wrong"): no such key, its person works here no longer, another's, another site's, not signed.
    """
    known = db.session.scalar(
        sa.select(Passkey).filter_by(credential=answer.credential, removed_at=None).with_for_update(of=Passkey)
    )
    if known is None or known.user.disabled_at is not None or answer.holder not in (None, known.user_id.encode()):
        raise Refused("passkey_wrong")
    try:
        shown = webauthn.verify_authentication_response(
            credential=answer.said, expected_challenge=answer.challenge, expected_rp_id=site.host,
            expected_origin=site.origin, credential_public_key=known.public_key,
            credential_current_sign_count=0,  # judged below, once the signature is known to be the key's
            require_user_verification=True,
        )  # fmt: skip
    except UNREADABLE as error:
        raise Refused("passkey_wrong") from error
    if (known.sign_count or shown.new_sign_count) and shown.new_sign_count <= known.sign_count:
        audit.note("passkey_copied", known.user_id, act, passkey=known.id)
        _remove(known, act)
        sessions.end_all(known.user, act)
    else:
        known.sign_count, known.used_at = shown.new_sign_count, act.at
    return known


# ---- whose they are ---------------------------------------------------------------------------------------------


def of(user: User) -> list[Passkey]:
    """Those in use, the oldest first."""
    rows = sa.select(Passkey).filter_by(user_id=user.id, removed_at=None)
    return list(db.session.scalars(rows.order_by(Passkey.created_at, Passkey.id)))


def held(users: Collection[User]) -> Counter[str]:
    """How many each of them has, by id."""
    rows = sa.select(Passkey.user_id).where(
        Passkey.user_id.in_([user.id for user in users]), Passkey.removed_at.is_(None)
    )
    return Counter(db.session.scalars(rows))


def one(user: User, passkey_id: str) -> Passkey:
    """Raises Missing("passkey_gone")."""
    found = db.session.scalar(sa.select(Passkey).filter_by(id=passkey_id, user_id=user.id, removed_at=None))
    if found is None:
        raise Missing("passkey_gone")
    return found


def rename(user: User, passkey_id: str, name: str) -> None:
    one(user, passkey_id).name = name


def remove(user: User, passkey_id: str, act: Act, *, but: bytes = b"", keeps_one: bool = False) -> None:
    """It opens nothing any more, and `user` is signed out everywhere but in the session with this hash. Raises as `one`, and
    Refused("passkey_last") where one has to stay."""
    (user,) = lock(User, user.id)
    known = one(user, passkey_id)
    if keeps_one and len(of(user)) == 1:
        raise Refused("passkey_last")
    _remove(known, act)
    sessions.end_all(user, act, but=but)


def remove_all(user: User, act: Act) -> None:
    """A link, or the end of a service: nothing of then lets anybody in."""
    for passkey in of(user):
        _remove(passkey, act)


def _remove(passkey: Passkey, act: Act) -> None:
    passkey.removed_at = act.at
    audit.note("passkey_removed", passkey.user_id, act, passkey=passkey.id)
