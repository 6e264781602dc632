"""Ground: a migrated database with the world of the tests, sixteen couriers and clerks with phones, and packets that
wait at the desk. The product works on one copy of it, the floor on another."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import argon2
import flask_migrate
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import Settings
from app.db import atomically, db, now, random_id
from app.domain import packets, people
from app.domain.devices import Device
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, Slip, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import Citizen, Role, User
from tests import postgres
from tests.world import World
from tools.first_run import pem

CLIENTS = 16
STEPS = ("take", "hand_in") * 3  # what becomes of each packet: six handoffs between a courier and the post office
SEAL = "NP0045821"


@dataclass(frozen=True)
class Signed:
    """One scan as a phone sends it, and what the floor needs to write its rows."""

    token: str
    device: str
    digest: bytes
    body: bytes
    sig: bytes
    id: str
    n: int
    code: bytes
    parent: bytes
    event: str
    giver: str
    taker: str
    state: str


def make_settings(folder: Path) -> Settings:
    keys = folder / "keys"
    keys.mkdir()
    for name in ("slip", "server", "receipt"):
        (keys / f"{name}.pem").write_bytes(pem())
    return Settings(_env_file=None, secret_key=secrets.token_urlsafe(48), keys_dir=keys, base_url="http://localhost")  # type: ignore[call-arg]


@contextmanager
def opened(settings: Settings, url: str, *, as_it_is: bool = False) -> Iterator[Flask]:
    """The application on this database, without a server; its tables are migrated, unless who only reads takes it as it is:
    that waits for nobody who writes. Passwords are nothing it measures."""
    people.use_hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    app = create_app(settings.model_copy(update={"database_url": url}), TESTING=True)
    with app.app_context():
        if not as_it_is:
            flask_migrate.upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


def _newest(url: str) -> int:
    """The highest number that a row has there of all that `Ground.packets` numbers itself."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [connection.scalar(sa.select(sa.func.max(model.id))) for model in (Citizen, Dossier, Packet, Slip)]
    engine.dispose()
    return max(each or 0 for each in found)


class Ground:
    """Packets and phones for one database after another; `people` are in the database `url`."""

    def __init__(self, settings: Settings, url: str, clients: int = CLIENTS) -> None:
        self.settings, self.url = settings, url
        with opened(settings, url) as app:
            world = World.build(app)
            self.rows = world.rows()
            atomically(_hire, world, clients)
            riders, clerks = (_hired(name) for name in ("rider", "counter"))
            self.pairs = [(world.phone(rider), world.phone(clerk)) for rider, clerk in zip(riders, clerks, strict=True)]
            pattern = world.packet(Way.OUT)
            self.desk, self.post = world.desk.party_id, world.post.party_id
            self._patterns = {
                model: row(one)
                for model, one in (
                    (Citizen, pattern.dossier.citizen), (Dossier, pattern.dossier), (Packet, pattern), (Slip, pattern.slip)
                )
            }  # fmt: skip
        self._made = max(int(pattern["id"]) for pattern in self._patterns.values())

    def copy(self, folder: Path) -> str:
        """Another database with the same people in it."""
        if self.url.startswith("postgresql"):
            return postgres.copy(self.url)
        return f"sqlite:///{shutil.copy(self.url.removeprefix('sqlite:///'), folder / 'floor.db')}"

    def packets(self, count: int, *urls: str) -> list[bytes]:
        """The codes of `count` new packets that wait at the desk, put into each of these databases."""
        self._made = max(self._made, *(_newest(url) for url in urls))
        tables: dict[Any, list[dict[str, Any]]] = {Party: [], Citizen: [], Dossier: [], Packet: [], Slip: []}
        codes = []
        for _ in range(count):
            self._made += 1
            own, code, party = {"id": self._made}, secrets.token_bytes(10), random_id("p")
            number, genesis = f"HS-B-{self._made}", packets.genesis(code)
            patterns = self._patterns
            tables[Party].append({"id": party, "kind": PartyKind.CITIZEN})
            tables[Citizen].append(patterns[Citizen] | own | {"party_id": party})
            tables[Dossier].append(
                patterns[Dossier] | own | {"citizen_id": self._made, "number": number, "secret": secrets.token_hex(8),
                                       "booking_key": secrets.token_hex(16)})  # fmt: skip
            tables[Packet].append(
                patterns[Packet] | own | {"dossier_id": self._made, "number": number, "code": code,
                                      "head": genesis, "line_hash": genesis})  # fmt: skip
            tables[Slip].append(patterns[Slip] | own | {"packet_id": self._made, "token": secrets.token_hex(32)})
            codes.append(code)
        for url in urls:
            engine = sa.create_engine(url)
            with engine.begin() as connection:
                for model, made in tables.items():
                    connection.execute(sa.insert(model), made)
                    if engine.dialect.name == "postgresql" and model is not Party:  # whoever adds rows later counts on
                        name = sa.func.pg_get_serial_sequence(model.__tablename__, "id")
                        connection.execute(sa.select(sa.func.nextval(name)).select_from(sa.func.generate_series(1, self._made)))  # fmt: skip
            engine.dispose()
        return codes

    def sign(self, codes: list[bytes], together: int, behind: timedelta = timedelta()) -> list[list[Signed]]:
        """For each client its scans in order: `together` packets at a time go through all of STEPS, step by step.

        The couriers' clocks are `behind`.
        """
        self._go_on()
        share = len(codes) // len(self.pairs)
        return [
            [
                signed
                for at in range(0, share, together)
                for signed in self._journey(pair, codes[first + at : first + min(at + together, share)], behind)
            ]
            for pair, first in zip(self.pairs, range(0, len(codes), share), strict=False)
        ]

    def _go_on(self) -> None:
        """Phones count on from what has arrived: one that lives leaves no gap, though a round ended before its work did."""
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            arrived = {
                device: (n, last)
                for device, n, last in connection.execute(sa.select(Device.id, Device.contiguous, Device.last_digest))
            }
        engine.dispose()
        for phone in (phone for pair in self.pairs for phone in pair):
            n, last = arrived[phone.device_id]
            phone.n, phone.back = n, last.hex() if last else None

    def _journey(self, pair: Any, codes: list[bytes], behind: timedelta) -> Iterator[Signed]:
        rider, clerk = pair
        at = now()
        heads, holders = {code: packets.genesis(code) for code in codes}, dict.fromkeys(codes, self.desk)
        for event in STEPS:
            phone, taker, state = (rider, rider.party, "CARRIED") if event == "take" else (clerk, self.post, "AT_POST")
            for code in codes:
                facts = SimpleNamespace(
                    code=code, slip=SimpleNamespace(issue=1), holder_id=holders[code], head=heads[code], seal=SEAL
                )
                body_id = secrets.token_hex(16)
                wall = at - behind if phone is rider else at
                body = phone.body(facts, event, wall, taker=taker, id=body_id, seal=SEAL, sheets=None)
                digest = bytes.fromhex(phone.back)
                yield Signed(
                    phone.token, phone.device_id, digest, body, phone.sign(body), body_id, phone.n, code,
                    heads[code], event, holders[code], taker, state,
                )  # fmt: skip
                heads[code], holders[code] = digest, taker


def _hire(world: World, clients: int) -> None:
    post = world.post
    for n in range(clients):
        people.hire(f"rider{n:02}", f"Bưu tá {n}", Role.COURIER, post, World.PASSWORD, badge=f"B-{n:02}")
        people.hire(f"counter{n:02}", f"Giao dịch viên {n}", Role.CLERK, post, World.PASSWORD)


def _hired(name: str) -> list[User]:
    return list(db.session.scalars(sa.select(User).where(User.login.like(f"{name}%")).order_by(User.login)))


def row(one: Any) -> dict[str, Any]:
    """A row's columns by attribute name, as inserts take them."""
    return {attribute.key: getattr(one, attribute.key) for attribute in sa.inspect(type(one)).column_attrs}
