"""People: citizens who entrust papers, staff who carry and receive them, and what each role may do.

Names, phones and addresses live in this file's tables only (and in the outbox until a message is sent).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

import argon2
import phonenumbers
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.db import Id, Instant, Model, choice, db, random_id
from app.domain import parties, printing
from app.domain.parties import Party, PartyKind
from app.domain.places import Neighbourhood, Office, OfficeKind, Ward, fold
from app.domain.tokens import Keys
from app.errors import Invalid, Refused


class Role(StrEnum):
    COURIER = "courier"
    CLERK = "clerk"  # at the post office
    OFFICER = "officer"  # at the ward desk
    LEAD = "lead"  # leads the ward desk
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


WORKS_AT = {  # supervisors and administrators belong to no office
    Role.COURIER: OfficeKind.POST, Role.CLERK: OfficeKind.POST, Role.DISPATCHER: OfficeKind.POST,
    Role.OFFICER: OfficeKind.DESK, Role.LEAD: OfficeKind.DESK,
}  # fmt: skip


class Language(StrEnum):
    """In which a citizen is written to: what they read at home, whoever caused the message."""

    VI = "vi"
    EN = "en"


class Right(StrEnum):
    SCAN = "scan"  # carry packets, with a phone of one's own
    COUNTER = "counter"  # take in, hold and hand out packets at a post office
    DESK = "desk"  # receive, decide and send back at a ward desk
    LEAD = "lead"  # put a due day off, once, with an apology
    DISPATCH = "dispatch"  # give visits to couriers
    EXCEPTIONS = "exceptions"  # see what needs a person, take it, close it; stand beside another as the second
    PHONES = "phones"  # see phones; a courier one's own
    ENROL = "enrol"  # give a courier a phone, take one out of service
    SUPERVISE = "supervise"
    PETITIONS = "petitions"  # answer what citizens ask about their own data
    REPORTS = "reports"  # read what a quarter adds up to
    ADMIN = "admin"
    STAFF = "staff"  # see where others are signed in, and sign them out
    WORK = "work"  # any member of staff: own page, sign out


# fmt: off
GRANTS = {
    Role.COURIER:    {Right.WORK, Right.SCAN, Right.PHONES},
    Role.CLERK:      {Right.WORK, Right.COUNTER, Right.EXCEPTIONS, Right.PHONES},
    Role.OFFICER:    {Right.WORK, Right.DESK, Right.EXCEPTIONS},
    Role.LEAD:       {Right.WORK, Right.DESK, Right.EXCEPTIONS, Right.LEAD},
    Role.DISPATCHER: {Right.WORK, Right.DISPATCH, Right.EXCEPTIONS, Right.PHONES, Right.ENROL},
    Role.SUPERVISOR: {Right.WORK, Right.SUPERVISE, Right.EXCEPTIONS, Right.PHONES, Right.ENROL, Right.STAFF, Right.REPORTS, Right.PETITIONS},
    Role.ADMIN:      {Right.WORK, Right.ADMIN, Right.STAFF, Right.REPORTS, Right.PETITIONS},
}
# fmt: on


SHORTEST = 12  # letters of a password
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")


class Unit(Model):
    """An office that a supervisor answers for, where it is not all of them."""

    __tablename__ = "units"

    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(sa.ForeignKey(Office.id), primary_key=True)


class User(Model):
    __tablename__ = "users"

    id: Mapped[Id] = mapped_column(primary_key=True, default=lambda: random_id("u"))
    login: Mapped[str] = mapped_column(sa.String(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[Role] = mapped_column(choice(Role))
    office_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Office.id), index=True)
    party_id: Mapped[str | None] = mapped_column(sa.ForeignKey(Party.id), unique=True, doc="couriers only")
    badge: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    phone: Mapped[str | None] = mapped_column(sa.String(20))
    password_hash: Mapped[str] = mapped_column(sa.String(200), doc="empty until they have set one themselves")
    pin_hash: Mapped[str | None] = mapped_column(sa.String(200), doc="signs a handover at another's screen")
    disabled_at: Mapped[Instant | None]
    oversees_all: Mapped[bool] = mapped_column(default=False, doc="a supervisor of every office, also of those to come")

    office: Mapped[Office | None] = relationship()
    units: Mapped[list[Office]] = relationship(secondary="units", order_by=Office.name)

    def may(self, right: Right) -> bool:
        return self.disabled_at is None and right in GRANTS[self.role]

    def oversees(self, office_id: int | None) -> bool:
        """Whether this supervisor answers for that office; what belongs to none is for those who answer for all."""
        if self.role is not Role.SUPERVISOR:
            return False
        return self.oversees_all or office_id in {office.id for office in self.units}

    @property
    def signs(self) -> bool:
        """Whether this person ever types a PIN at another's screen: as courier, or as the second of two."""
        return bool(GRANTS[self.role] & {Right.SCAN, Right.EXCEPTIONS})

    @property
    def holds_as(self) -> str | None:
        """The party this person acts for: a courier's own, else that of the office."""
        return self.party_id or (self.office.party_id if self.office else None)


class Citizen(Model):
    """Who sends a dossier, and where they live. One row a booking; erasable without touching the ledger."""

    __tablename__ = "citizens"

    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(sa.ForeignKey(Party.id), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    phone: Mapped[str] = mapped_column(sa.String(20), index=True)
    bound_at: Mapped[Instant | None] = mapped_column(doc="since when this number is theirs; NULL: since they booked")
    words: Mapped[str] = mapped_column(sa.String(240), doc="the name without accents, a space before each word")
    second_name: Mapped[str | None] = mapped_column(sa.String(120))
    second_phone: Mapped[str | None] = mapped_column(sa.String(20))
    proxy: Mapped[str | None] = mapped_column(
        sa.String(120), doc="who else may receive, with a letter of authorisation"
    )
    exemption: Mapped[str | None] = mapped_column(
        sa.String(24), doc="class of people carried for nothing, as they said when they booked"
    )
    ward_id: Mapped[int] = mapped_column(sa.ForeignKey(Ward.id))
    neighbourhood_id: Mapped[int] = mapped_column(sa.ForeignKey(Neighbourhood.id))
    street: Mapped[str] = mapped_column(sa.String(200))
    notes: Mapped[str] = mapped_column(sa.String(300), default="")
    call_first: Mapped[bool] = mapped_column(default=False)
    language: Mapped[Language] = mapped_column(choice(Language), default=Language.VI, doc="of every message to them")
    lat: Mapped[float]
    lon: Mapped[float]

    ward: Mapped[Ward] = relationship()
    neighbourhood: Mapped[Neighbourhood] = relationship()

    @validates("name")
    def _folded(self, _key: str, name: str) -> str:
        self.words = f" {fold(name)}"
        return name


@dataclass(frozen=True)
class Act:
    """Who acts, when by the server's clock, and with which keys. `user` is None for a citizen."""

    user: User | None
    at: datetime
    keys: Keys

    @property
    def by(self) -> User:
        """The signed-in person; a programming error when nobody is."""
        if self.user is None:
            raise AssertionError("this verb needs a signed-in person")
        return self.user


_hasher = argon2.PasswordHasher()


def use_hasher(hasher: argon2.PasswordHasher) -> None:
    """Tests hash cheaply; nothing else should call this."""
    global _hasher
    _hasher = hasher


def hash_secret(secret: str) -> str:
    return _hasher.hash(secret)


def secret_fits(hashed: str | None, secret: str) -> bool:
    """Compare in the time of one hash, also when there is nothing to compare with."""
    try:
        return _hasher.verify(hashed or _nothing(), secret) and bool(hashed)
    except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
        return False


def _nothing() -> str:
    if _hasher not in _nothings:
        _nothings[_hasher] = _hasher.hash("nobody's password")
    return _nothings[_hasher]


_nothings: dict[argon2.PasswordHasher, str] = {}


def check_password(login: str, password: str) -> None:
    """Whether somebody may choose it. Raises Invalid: `password_short`, `password_plain` (digits only, the sign-in name, one letter over and over)."""
    if len(password) < SHORTEST:
        raise Invalid("password_short", least=SHORTEST)
    if password.isdecimal() or login in password.casefold() or len(set(password)) < 5:
        raise Invalid("password_plain")


def check_pin(pin: str) -> None:
    """Raises Invalid: `pin_form`, `pin_plain` (111111, 123456, 987654)."""
    if not re.fullmatch(r"[0-9]{6}", pin):
        raise Invalid("pin_form")
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        raise Invalid("pin_plain")


def hire(
    login: str, name: str, role: Role, office: Office | None, password: str | None, *,
    badge: str | None = None, phone: str | None = None, pin: str | None = None, units: Collection[Office] | None = None,
) -> User:  # fmt: skip
    """`units`: what a supervisor answers for; None is everything. Without a password they set one by a link. Raises Invalid as `check_place`, `check_names`."""
    check_place(role, office, badge)
    check_names(name, badge)
    party = parties.new(PartyKind.COURIER) if role is Role.COURIER else None
    user = User(
        id=random_id("u"),
        login=login,
        name=name,
        role=role,
        office=office,
        party_id=party.id if party else None,
        badge=badge,
        phone=phone,
        password_hash=hash_secret(password) if password else "",
        pin_hash=hash_secret(pin) if pin else None,
        oversees_all=role is Role.SUPERVISOR and units is None,
        units=list(units or ()) if role is Role.SUPERVISOR else [],
    )
    db.session.add(user)
    return user


def check_place(role: Role, office: Office | None, badge: str | None) -> None:
    """Raises Invalid: `office_of_role` (see WORKS_AT), `badge_needed` (a courier's stands on slips)."""
    if (office.kind if office else None) is not WORKS_AT.get(role):
        raise Invalid("office_of_role")
    if role is Role.COURIER and not badge:
        raise Invalid("badge_needed")


def check_names(name: str, badge: str | None) -> None:
    """Both stand on papers. Raises Invalid as `printing.check`."""
    printing.check(name)
    printing.check(badge or "")


def check_second(first: User, second: User) -> None:
    """Who stands beside `first` where two must act: another who judges exceptions, of the same office or its supervisor.

    Raises Refused: `second_same`, `second_elsewhere`.
    """
    if second.id == first.id:
        raise Refused("second_same")
    beside = second.office_id == first.office_id or first.oversees(second.office_id) or second.oversees(first.office_id)
    if not second.may(Right.EXCEPTIONS) or not beside:
        raise Refused("second_elsewhere")


def read_phone(text: str) -> str:
    """A Vietnamese number as E.164, e.g. "0912 345 678" → "+84912345678".

    Raises Invalid: `phone_short` / `phone_long` (with `digits`), `phone_unknown`.
    """
    digits = sum(c.isdigit() for c in text)
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException as error:
        raise Invalid("phone_unknown", digits=digits) from error
    if phonenumbers.is_valid_number(number) or _plainly_fictitious(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == phonenumbers.ValidationResult.TOO_LONG or digits > 11:
        raise Invalid("phone_long", digits=digits)
    raise Invalid("phone_short" if digits < 10 else "phone_unknown", digits=digits)


def takes_messages(number: str) -> bool:
    """Whether a text message reaches it: a fixed line takes none."""
    return phonenumbers.number_type(phonenumbers.parse(number)) != phonenumbers.PhoneNumberType.FIXED_LINE


def _plainly_fictitious(number: phonenumbers.PhoneNumber) -> bool:
    """0900 000 xxx reaches nobody: demonstrations and tests use it."""
    national = str(number.national_number)
    return number.country_code == 84 and national.startswith("900000") and len(national) == 9


def couriers_as(parties: Collection[str | None]) -> list[User]:
    """The couriers at work who hold packets as one of these parties, and can be reached."""
    rows = (
        sa.select(User)
        .filter_by(role=Role.COURIER, disabled_at=None)
        .where(User.party_id.in_(parties), User.phone.is_not(None))
    )
    return list(db.session.scalars(rows.order_by(User.badge)))


def couriers_of(office_id: int) -> list[User]:
    rows = sa.select(User).filter_by(role=Role.COURIER, office_id=office_id, disabled_at=None)
    return list(db.session.scalars(rows.order_by(User.badge)))


def carrier(party_id: str) -> User | None:
    """The courier who holds packets as this party, of whichever post office; nobody for a place or a citizen."""
    return db.session.scalar(sa.select(User).filter_by(role=Role.COURIER, party_id=party_id))


def courier_at(party_id: str, office_id: int) -> User | None:
    """The courier of this post office who holds packets as this party; nobody for a place, or for another office's."""
    return db.session.scalar(
        sa.select(User).filter_by(role=Role.COURIER, party_id=party_id, office_id=office_id, disabled_at=None)
    )
