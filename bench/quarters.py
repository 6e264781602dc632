"""Quarters: the report of a quarter over many dossiers, its days kept and not, against a tenth of them.

Only what the report reads is filled in: dossiers of fifty desks and twenty procedures, each through five steps of its case,
paid for once, over the days of the quarter; one in a hundred is complained of, answered and compensated.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import argon2
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import security
from app.config import Settings
from app.db import atomically, db, now, random_id
from app.domain import figures, people, sessions
from app.domain.cases import CaseState
from app.domain.dossiers import CaseLine, Dossier
from app.domain.incidents import Incident, Outcome, Sort
from app.domain.money import Event, MoneyLine
from app.domain.packets import Packet
from app.domain.parties import Party, PartyKind
from app.domain.people import Act, Citizen
from app.domain.places import Office
from app.domain.postage import Fault, Stream
from app.domain.procedures import Procedure
from app.domain.reports import Period
from bench.ground import opened, row
from tests.world import World

QUARTER = Period(2026, 1)
AFTER = datetime(2026, 4, 2, 3, tzinfo=UTC)
DESKS, PROCEDURES, BATCH = 50, 20, 5_000
STEPS = (("submit", 1), ("accept", 2), ("begin", 3), ("ready", 24 * 4), ("close", 24 * 5))  # hours after the booking
COMPLAINT = 100  # one in so many
TABLES = (Party, Citizen, Dossier, CaseLine, MoneyLine, Packet, Incident)


@dataclass
class Reader:
    """A supervisor before a database."""

    client: FlaskClient

    def page(self) -> float:
        """Seconds for the report, median over what it can have a line for."""
        return median(
            self._timed(f"/reports/?period={QUARTER}&by={by}") for by in ("desk", "ward", "post", "procedure")
        )

    def file(self) -> float:
        return self._timed(f"/reports/table.csv?period={QUARTER}&by=procedure")

    def _timed(self, path: str) -> float:
        began = time.perf_counter()
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.status_code
        return time.perf_counter() - began


def keep() -> float:
    """Seconds to sum and keep every day of the quarter."""
    began = time.perf_counter()
    while atomically(figures.keep, AFTER):
        continue
    return time.perf_counter() - began


@contextmanager
def reader(settings: Settings, url: str, count: int, done: Callable[[int], None]) -> Iterator[Reader]:
    """`count` dossiers of one quarter, no day kept."""
    people.use_hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with opened(settings, url) as app:
        world = World.build(app)
        pattern = world.packet()
        desks, procedures = (
            atomically(_copies, Office, row(world.desk), DESKS),
            atomically(_copies, Procedure, row(world.procedure), PROCEDURES),
        )
        rows = {Citizen: row(pattern.dossier.citizen), Dossier: row(pattern.dossier), Packet: row(pattern)}
        db.session.rollback()
        for first in range(0, count, BATCH):
            _fill(
                rows,
                desks,
                procedures,
                world.post.party_id,
                world.courier.id,
                range(first, min(first + BATCH, count)),
                count,
            )
            done(min(first + BATCH, count))
        db.session.execute(sa.text("ANALYZE"))
        db.session.commit()
        client = app.test_client()
        act = Act(None, now(), app.extensions["keys"])
        client.set_cookie(security.cookie_name(), atomically(sessions.begin, world.supervisor.id, "bench", act))
        yield Reader(client)


def _copies(model: Any, pattern: dict[str, Any], count: int) -> list[int]:
    """So many more of these, of other names."""
    made = []
    for n in range(count):
        own: dict[str, Any] = {"id": 1_000 + n, "code": f"X-{n}"}
        if model is Office:
            party = Party(id=random_id("p"), kind=PartyKind.DESK)
            db.session.add(party)
            db.session.flush()
            own |= {"name": f"Phường {n}", "party_id": party.id}
        db.session.execute(sa.insert(model), [pattern | own])
        made.append(1_000 + n)
    return made


def _fill(
    rows: dict[Any, dict[str, Any]], desks: list[int], procedures: list[int], post: str, courier: str, numbers: range, count: int
) -> None:  # fmt: skip
    made: dict[Any, list[dict[str, Any]]] = {table: [] for table in TABLES}
    begins = datetime(2026, 1, 1, 1, tzinfo=UTC)
    span = timedelta(days=80) / count
    for number in numbers:
        id_, party, at = 10_000 + number, random_id("p"), begins + span * number
        made[Party].append({"id": party, "kind": PartyKind.CITIZEN})
        made[Citizen].append(rows[Citizen] | {"id": id_, "party_id": party})
        made[Dossier].append(
            rows[Dossier] | {
                "id": id_, "number": f"HS-Q-{id_}", "citizen_id": id_, "secret": secrets.token_hex(8), "booking_key": secrets.token_hex(16),
                "state": CaseState.CLOSED, "booked_at": at, "submitted_at": at, "counted_from": at, "desk_id": desks[number % DESKS],
                "procedure_id": procedures[number // DESKS % PROCEDURES], "due_on": date(2026, 1, 1) + timedelta(days=3 + number % 7) + (at - begins),
            }
        )  # fmt: skip
        made[CaseLine] += [
            {"dossier_id": id_, "event": event, "state": CaseState.CLOSED, "at": at + timedelta(hours=hours), "user_id": None}
            for event, hours in STEPS
        ]  # fmt: skip
        for stream, amount in ((Stream.POSTAGE, 52_000), (Stream.FEE, 15_000)):
            made[MoneyLine].append(
                {"stream": stream, "event": Event.TRANSFERRED, "giver_id": party, "taker_id": post, "amount": amount, "day": at.date(),
                 "packet_id": None, "digest": None, "receipt": None, "count_id": None, "by_id": courier, "at": at}
            )  # fmt: skip
        if number % COMPLAINT == 0:
            made[Packet].append(
                rows[Packet] | {"id": id_, "dossier_id": id_, "code": secrets.token_bytes(10), "number": f"HS-P-{id_}"}
            )
            made[Incident].append(
                {"number": f"SC-{id_}", "packet_id": id_, "sort": Sort.COMPLAINT, "opened_at": at, "opened_by_id": courier,
                 "search_by": at.date() + timedelta(days=5), "answer_by": at.date() + timedelta(days=7), "closed_by_id": courier,
                 "closed_at": at + timedelta(days=3), "outcome": Outcome.LOST, "fault": Fault.POST, "compensation": 208_000,
                 "pay_by": at.date() + timedelta(days=33), "paid_at": at + timedelta(days=9)}
            )  # fmt: skip
    for table in TABLES:
        db.session.execute(sa.insert(table), made[table])
    db.session.commit()
