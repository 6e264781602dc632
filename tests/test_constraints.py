"""The database itself refuses what must never be, whoever asks: the application's role, and the tables' owner."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

import app.domain.models  # noqa: F401
from app.db import Base, atomically, db, tune
from app.domain import editions, exemptions, manifests, money, postage, shelf
from app.domain.exemptions import Proof
from app.domain.ledger import Handoff
from app.domain.manifests import Found, Side, Word
from app.domain.postage import Fault, Item
from app.domain.repeats import Repeat
from app.domain.takings import Waiver
from app.worker import Sequencer
from tests import postgres
from tests.domain.test_checkpoints import signer
from tests.world import World

ADDED_TO = {
    "scans", "verdicts", "handoffs", "leaves", "checkpoints", "manifests", "manifest_lines", "manifest_confirmations",
    "money_declared", "money_counts", "money_lines", "shelf_decisions", "repeats", "decrees", "tariff_rates",
    "exemptions", "waivers",
}  # fmt: skip


@pytest.fixture
def roles(app: Flask, world: World) -> Iterator[list[sa.Engine]]:
    """Who asks, of a database where every table that is only added to has rows. SQLite knows one role."""
    phone = world.phone()
    packet = world.collected(phone)
    at, found = packet.created_at, Found("NP0045821")
    manifest = atomically(manifests.of_one, packet, world.desk.party_id, packet.head, found, at)
    atomically(manifests.confirm, manifest, Side.GIVER, Word.SIGNED_PRINT, at)
    atomically(money.declare, world.courier, phone.device_id, "k" * 32, 500, at, b"sig", at)
    atomically(money.settle, world.courier, world.act(world.clerk), expected=0, counted=500, reason="not_known")
    atomically(shelf.decide, packet, shelf.Word.KEEP, world.act(world.clerk))
    atomically(
        lambda: db.session.add(Repeat(packet_id=packet.id, reason="nobody_home", fault=Fault.CITIZEN, amount=1, at=at))
    )
    decided = {"word": editions.Word.ENDED, "decision": "1/QĐ-UBND", "day": at.date(), "at": at, "by_id": world.clerk.id}  # fmt: skip
    atomically(lambda: db.session.add(editions.Decree(procedure_id=world.procedure.id, **decided)))
    atomically(exemptions.end, "heroic_mother", at.date(), "1/QĐ-UBND", world.act(world.clerk))
    off = {
        "digest": packet.head,
        "amount": 1,
        "proof": Proof.DECISION,
        "day": at.date(),
        "by_id": world.clerk.id,
        "at": at,
    }
    atomically(lambda: db.session.add(Waiver(packet_id=packet.id, **off)))
    atomically(postage.decide, Item.DISTRICT, 26_000, at.date(), "1/QĐ-UBND", world.act(world.clerk))
    Sequencer()()
    signer(app).look(0)
    Sequencer()()
    web = db.engine.url.render_as_string(hide_password=False)
    engines = [sa.create_engine(url) for url in {web, web if web.startswith("sqlite") else postgres.owners(web)}]
    yield engines
    for engine in engines:
        engine.dispose()


def refuses(roles: list[sa.Engine], statement: str | sa.Insert, *words: str) -> None:
    asked = sa.text(statement) if isinstance(statement, str) else statement
    for engine in roles:
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError) as refused:
            connection.execute(asked)
        assert any(word in str(refused.value.orig) for word in words), (str(statement), str(refused.value.orig))


def test_what_is_only_added_to_is_neither_changed_nor_removed(roles: list[sa.Engine]) -> None:
    is_postgres = roles[0].dialect.name == "postgresql"
    with roles[0].connect() as connection:
        protected = (
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE proname = 'refuse_change'"
            if is_postgres
            else "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_no\\_update' ESCAPE '\\'"
        )
        assert set(connection.scalars(sa.text(protected))) == ADDED_TO
        assert [name for name in ADDED_TO if not connection.scalar(sa.text(f"SELECT count(*) FROM {name}"))] == []
    for name in sorted(ADDED_TO):
        column = next(iter(Base.metadata.tables[name].columns)).name
        for verb in (f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"):
            refuses(roles, verb, "append-only", "permission denied")
        if is_postgres:
            refuses(roles, f"TRUNCATE {name} CASCADE", "append-only", "permission denied")


def changed(roles: list[sa.Engine], **over: object) -> sa.Insert:
    """The newest line of the ledger once more, but for these values."""
    table = Handoff.__table__
    with roles[0].connect() as connection:
        newest = connection.execute(sa.select(table).order_by(table.c.id.desc()).limit(1)).mappings().one()
    values = {name: value for name, value in newest.items() if name != "id"}
    return sa.insert(table).values(
        values | {"seq": newest["seq"] + 1, "digest": b"d" * 32, "follows": b"f" * 32} | over
    )


def test_a_line_fits_its_packets_ledger_or_is_refused(roles: list[sa.Engine]) -> None:
    table = Handoff.__table__
    with roles[0].connect() as connection:
        (known,) = connection.execute(sa.select(table)).mappings().all()
        connection.execute(changed(roles))  # what all the others differ from in one point
    refuses(roles, changed(roles, follows=known["follows"]), "uq_handoffs_one_child", "handoffs.follows")
    refuses(roles, changed(roles, seq=known["seq"]), "uq_handoffs_packet_id_seq", "handoffs.seq")
    refuses(roles, changed(roles, seq=known["seq"] + 2), "no gap")
    refuses(roles, changed(roles, seq=0), "no gap")
    refuses(roles, changed(roles, digest=known["digest"]), "uq_handoffs_digest", "handoffs.digest")
    refuses(roles, changed(roles, follows=None), "ck_handoffs_follows")
    refuses(roles, changed(roles, kind="note"), "ck_handoffs_follows")
    refuses(roles, changed(roles, taker_id=None), "null value", "NOT NULL")
    refuses(roles, "UPDATE packets SET holder_id = NULL", "null value", "NOT NULL")
    again = "INSERT INTO {0} SELECT * FROM {0}"
    for table_name in ("verdicts", "manifest_confirmations", "manifest_lines"):
        refuses(roles, again.format(table_name), f"pk_{table_name}", "UNIQUE constraint failed")


def test_a_receipt_number_is_used_once(roles: list[sa.Engine]) -> None:
    columns = "giver_id, taker_id, list_hash, expected, scanned, missing, surplus, at"
    for key, receipt in (("'another'", "receipt_no"), ("key", "'BB-another'")):
        once_more = (
            f"INSERT INTO manifests (key, receipt_no, {columns}) SELECT {key}, {receipt}, {columns} FROM manifests"
        )
        refuses(roles, once_more, "uq_manifests", "UNIQUE constraint failed")


def test_a_leaf_has_the_next_number_or_is_refused(roles: list[sa.Engine], world: World) -> None:
    world.collected(world.phone())  # a line without a leaf
    waiting = "(SELECT max(id) FROM handoffs)"
    row = "INSERT INTO leaves (n, line_id, leaf_hash) SELECT {n}, " + waiting + ", leaf_hash FROM leaves LIMIT 1"
    with roles[0].connect() as connection:
        connection.execute(sa.text(row.format(n=1)))  # what the others differ from in one point
    for wrong in (2, 3, -1):
        refuses(roles, row.format(n=wrong), "no gap")


@pytest.mark.dialects("sqlite")
@pytest.mark.parametrize("table", sorted(ADDED_TO))
def test_a_row_cannot_be_put_in_the_place_of_another(roles: list[sa.Engine], table: str) -> None:
    """As the application connects: SQLite deletes the row in the way, and must call that a deletion."""
    with db.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="append-only"):
        connection.execute(sa.text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))


@pytest.mark.dialects("postgresql")
def test_a_server_without_checksums_is_warned_of_once_at_the_start(
    database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = sa.create_engine(database)
    tune(engine)
    with engine.connect() as one, engine.connect() as _two:
        kept = one.scalar(sa.text("SHOW data_checksums"))
    engine.dispose()
    assert capfd.readouterr().err.count("keeps no data checksums") == (0 if kept == "on" else 1)
