"""Remittances: lists of statutory fees that a post office passes on to a ward desk."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "remittances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("receipt", sa.String(length=24), nullable=True),
        sa.Column("refused", sa.String(length=300), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("ended_by_id", sa.String(length=20), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_remittances_amount")),
        sa.CheckConstraint("receipt IS NULL OR refused IS NULL", name=op.f("ck_remittances_ended")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_remittances_by_id_users")),
        sa.ForeignKeyConstraint(["desk_id"], ["offices.id"], name=op.f("fk_remittances_desk_id_offices")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["users.id"], name=op.f("fk_remittances_ended_by_id_users")),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_remittances_office_id_offices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittances")),
        sa.UniqueConstraint("key", name=op.f("uq_remittances_key")),
        sa.UniqueConstraint("number", name=op.f("uq_remittances_number")),
    )
    op.create_index(op.f("ix_remittances_desk_id"), "remittances", ["desk_id"])
    op.create_index(op.f("ix_remittances_office_id"), "remittances", ["office_id"])
    op.create_table(
        "remitted_fees",
        sa.Column("remittance_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["money_lines.id"], name=op.f("fk_remitted_fees_line_id_money_lines")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remitted_fees_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("remittance_id", "line_id", name=op.f("pk_remitted_fees")),
    )
    op.create_index(op.f("ix_remitted_fees_line_id"), "remitted_fees", ["line_id"])


def downgrade() -> None:
    op.drop_table("remitted_fees")
    op.drop_table("remittances")
