"""Repeats: who pays for bringing a packet home once more."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0030"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "repeats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column(
            "fault",
            sa.Enum("post", "desk", "citizen", "nobody", name="fault", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_repeats_amount")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_repeats_by_id_users")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_repeats_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repeats")),
    )
    op.create_index(op.f("ix_repeats_packet_id"), "repeats", ["packet_id"])
    protect("repeats")


def downgrade() -> None:
    op.drop_table("repeats")
