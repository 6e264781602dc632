"""The till: money of the demonstration's doors, counted every evening; the wards' fees, and how they reach them."""

import secrets
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.demo.stage import Stage, at
from app.domain import calendar, editions, money, places, procedures, remittances, tokens
from app.domain.money import MoneyLine
from app.domain.people import User
from app.domain.remittances import Remittance

# The shipped catalogue names no sums: these are the demonstration's, and say so. Code, đồng, paid when the result is brought.
FEES = (("2.000635", 8_000, False), ("1.001612", 100_000, True))
DECISION, NOTE, NOTE_EN = "01/QĐ-TRÌNH-DIỄN", "Mức thu của bản trình diễn", "A sum of the demonstration"
WARD, CLERK, OFFICER = "25942", "clerk1", "desk1"  # whose fees are passed on
SHORT = {"courier2": 2_000}  # of which evening, says the scene


def decree(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Before the first booking an administrator published what the wards ask."""
    admin, day = s.act("admin1", at(s.days.before(14), "09:00")), s.days.before(13)
    for code, fee, at_delivery in FEES:
        said = procedures.says(procedures.get(code, day))
        asks = replace(said.content, fee=fee, fee_at_delivery=at_delivery, fee_note=NOTE, fee_note_en=NOTE_EN)
        editions.issue(code, replace(said, content=asks), DECISION, day, admin)


def evening(s: Stage, hood: str, courier: str, nth: int) -> None:
    """Every courier with money declares it on the phone and counts it with a clerk, at the end of the day they took it."""
    _evening(s, {})


def short_evening(s: Stage, hood: str, courier: str, nth: int) -> None:
    """One of them gave wrong change: what is short stays under their name."""
    _evening(s, SHORT)


def _evening(s: Stage, short: dict[str, int]) -> None:
    bearers = {login: user for login, user in s.staff.items() if user.badge}
    purses = money.purses([user.party_id for user in bearers.values() if user.party_id])
    for login, user in bearers.items():
        held = purses[user.party_id or ""].total
        newest = db.session.scalar(sa.select(sa.func.max(MoneyLine.day)).filter_by(taker_id=user.party_id))
        if held and newest:
            _count(s, login, user, held, held - short.get(login, 0), at(newest, "17:30"))


def _count(s: Stage, login: str, courier: User, held: int, counted: int, when: datetime) -> None:
    phone, said_at, key = s.phone(login), when.isoformat(), secrets.token_hex(16)
    sig = tokens.sign(phone.key, money.statement(phone.device_id, key, counted, said_at))
    money.declare(courier, phone.device_id, key, counted, when, sig, when)
    assert courier.office
    clerk = s.act(s.of_office("clerk", courier.office), when)
    money.settle(courier, clerk, expected=held, counted=counted, reason="wrong_change" if counted != held else None)


def passed_on(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The ward has counted the list and written a receipt."""
    day = s.days.before(3)
    list_ = _hand_over(s, at(day, "08:10"))
    remittances.receive(list_, s.act(OFFICER, at(day, "08:40")), list_.amount, "0000417")


def handed_over(s: Stage, hood: str, courier: str, nth: int) -> None:
    """The next list lies at the ward and waits for its receipt."""
    _hand_over(s, at(s.days.before(1), "10:10"))


def _hand_over(s: Stage, when: datetime) -> Remittance:
    clerk = s.act(CLERK, when)
    desk = places.desks_of(places.ward_on(WARD, calendar.today(when)).id)[0]
    assert clerk.by.office
    [owed] = [one for one in remittances.owed(clerk.by.office) if one.desk.id == desk.id]
    return remittances.hand_over(desk.id, clerk, secrets.token_hex(16), owed.amount)
