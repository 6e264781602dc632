"""The log of all lines: leaves of a tree, and the signed notes of its roots. Both are only added to."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "leaves",
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["handoffs.id"], name=op.f("fk_leaves_line_id_handoffs")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_leaves")),
        sa.UniqueConstraint("line_id", name=op.f("uq_leaves_line_id")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )
    protect("leaves", "checkpoints")


def downgrade() -> None:
    op.drop_table("checkpoints")
    op.drop_table("leaves")
