"""Desks: the first page of a desk's work queue over open dossiers, against a hundredth of them.

Only what the page reads is filled in: parties, citizens, dossiers and the packets that brought them, in every state a
dossier waits in, due over the coming forty days.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import argon2
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import security
from app.config import Settings
from app.db import atomically, db, now, random_id
from app.domain import packets, people, sessions
from app.domain.calendar import today
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import Act, Citizen
from bench.ground import opened, row
from tests.world import World

STATES = (
    CaseState.PROCESSING,
    CaseState.ACCEPTED,
    CaseState.SUBMITTED,
    CaseState.EXTENDED,
    CaseState.SUPPLEMENT_REQUIRED,
)
TABLES = (Party, Citizen, Dossier, Packet)
BATCH = 5_000
LISTS = ("", "?list=work", "?list=late", "?list=decide")


@dataclass
class Desk:
    """An officer before a database."""

    client: FlaskClient

    def page(self) -> float:
        """Seconds for the first page, median over its lists."""
        return median(_timed(lambda path=path: self.client.get(f"/desk/{path}")) for path in LISTS)  # type: ignore[misc]


@contextmanager
def desk(settings: Settings, url: str, count: int, done: Callable[[int], None]) -> Iterator[Desk]:
    """`count` open dossiers at one desk."""
    people.use_hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with opened(settings, url) as app:
        world = World.build(app)
        pattern = world.packet(Way.IN)
        rows = {Citizen: row(pattern.dossier.citizen), Dossier: row(pattern.dossier), Packet: row(pattern)}
        for first in range(0, count, BATCH):
            _fill(rows, world.desk.party_id, range(first, min(first + BATCH, count)))
            done(min(first + BATCH, count))
        db.session.execute(sa.text("ANALYZE"))
        db.session.commit()
        officer = Act(None, now(), app.extensions["keys"])
        client = app.test_client()
        client.set_cookie(security.cookie_name(), atomically(sessions.begin, world.officer.id, "bench", officer))
        yield Desk(client)


def _fill(rows: dict[Any, dict[str, Any]], holder: str, numbers: range) -> None:
    """Dossiers `numbers`: each state in turn, due from ten days ago to thirty days ahead."""
    made: dict[Any, list[dict[str, Any]]] = {table: [] for table in TABLES}
    day, at = today(now()), now()
    for number in numbers:
        id_, party, code = 1_000 + number, random_id("p"), secrets.token_bytes(10)
        came = at - timedelta(hours=1 + number % 200)
        own = {"id": id_, "number": f"HS-D-{id_}"}
        made[Party].append({"id": party, "kind": PartyKind.CITIZEN})
        made[Citizen].append(rows[Citizen] | {"id": id_, "party_id": party})
        made[Dossier].append(
            rows[Dossier] | own | {
                "citizen_id": id_, "secret": secrets.token_hex(8), "booking_key": secrets.token_hex(16),
                "state": STATES[number % len(STATES)], "due_on": day + timedelta(days=number % 40 - 10),
                "submitted_at": came, "counted_from": came,
            }
        )  # fmt: skip
        made[Packet].append(
            rows[Packet] | own | {
                "dossier_id": id_, "code": code, "head": packets.genesis(code), "line_hash": packets.genesis(code),
                "state": State.OPENED, "holder_id": holder,
            }
        )  # fmt: skip
    for table in TABLES:
        db.session.execute(sa.insert(table), made[table])
    db.session.commit()


def _timed(act: Callable[[], Any]) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        answer = act()
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.status_code
    return median(times)
