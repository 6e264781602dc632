"""Shelf: what a post office decides about a result it keeps, and the letters it sends."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "shelf_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "word",
            sa.Enum("keep", "letter", "again", "back", name="word", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.CheckConstraint("(word = 'back') = (reason IS NOT NULL)", name=op.f("ck_shelf_decisions_reason")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_shelf_decisions_by_id_users")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_shelf_decisions_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelf_decisions")),
    )
    op.create_index(op.f("ix_shelf_decisions_packet_id"), "shelf_decisions", ["packet_id"])
    protect("shelf_decisions")


def downgrade() -> None:
    op.drop_table("shelf_decisions")
