"""Money: lines from party to party, what couriers declared, what was counted at the end of a shift."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect, release

revision = "0019"
down_revision = "0018"

STREAMS = sa.Enum("postage", "fee", name="stream", native_enum=False, length=24)
EVENTS = sa.Enum("collected", "transferred", "handed_over", "taken_back", name="event", native_enum=False, length=24)
WORDS = sa.Enum("device", "pin", name="word", native_enum=False, length=24)
TABLES = ("money_declared", "money_counts", "money_lines")


def upgrade() -> None:
    op.create_table(
        "money_declared",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("courier_id", sa.String(length=20), nullable=False),
        sa.Column("device_id", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(), nullable=False),
        sa.Column("sig", sa.LargeBinary(length=128), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["courier_id"], ["users.id"], name=op.f("fk_money_declared_courier_id_users")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_money_declared_device_id_devices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_declared")),
        sa.UniqueConstraint("key", name=op.f("uq_money_declared_key")),
    )
    op.create_index(op.f("ix_money_declared_courier_id"), "money_declared", ["courier_id"])
    op.create_table(
        "money_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("courier_id", sa.String(length=20), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("postage", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("declared_id", sa.Integer(), nullable=True),
        sa.Column("word", WORDS, nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("(reason IS NULL) = (counted = postage + fee)", name=op.f("ck_money_counts_reason")),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_money_counts_counted")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_money_counts_by_id_users")),
        sa.ForeignKeyConstraint(["courier_id"], ["users.id"], name=op.f("fk_money_counts_courier_id_users")),
        sa.ForeignKeyConstraint(
            ["declared_id"], ["money_declared.id"], name=op.f("fk_money_counts_declared_id_money_declared")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_money_counts_office_id_offices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_counts")),
        sa.UniqueConstraint("declared_id", name=op.f("uq_money_counts_declared_id")),
    )
    op.create_index(op.f("ix_money_counts_courier_id"), "money_counts", ["courier_id"])
    op.create_index(op.f("ix_money_counts_office_id"), "money_counts", ["office_id"])
    op.create_table(
        "money_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stream", STREAMS, nullable=False),
        sa.Column("event", EVENTS, nullable=False),
        sa.Column("giver_id", sa.String(length=20), nullable=False),
        sa.Column("taker_id", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("receipt", sa.String(length=24), nullable=True),
        sa.Column("count_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_money_lines_amount")),
        sa.CheckConstraint("giver_id <> taker_id", name=op.f("ck_money_lines_parties")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_money_lines_by_id_users")),
        sa.ForeignKeyConstraint(["count_id"], ["money_counts.id"], name=op.f("fk_money_lines_count_id_money_counts")),
        sa.ForeignKeyConstraint(["digest"], ["scans.digest"], name=op.f("fk_money_lines_digest_scans")),
        sa.ForeignKeyConstraint(["giver_id"], ["parties.id"], name=op.f("fk_money_lines_giver_id_parties")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_money_lines_packet_id_packets")),
        sa.ForeignKeyConstraint(["taker_id"], ["parties.id"], name=op.f("fk_money_lines_taker_id_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_lines")),
        sa.UniqueConstraint("count_id", "stream", name=op.f("uq_money_lines_count_id_stream")),
        sa.UniqueConstraint("digest", "stream", name=op.f("uq_money_lines_digest_stream")),
    )
    for column in ("by_id", "giver_id", "packet_id", "taker_id"):
        op.create_index(op.f(f"ix_money_lines_{column}"), "money_lines", [column])
    protect(*TABLES)


def downgrade() -> None:
    release(*TABLES)
    for table in reversed(TABLES):
        op.drop_table(table)
