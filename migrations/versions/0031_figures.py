"""Figures: days that are over, summed for the reports; what happened on a day is found by its time."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
COUNTED = (
    "booked", "cancelled", "submitted", "accepted", "refused", "supplement", "extended", "stopped", "ready", "on_time",
    "late", "working_days", "returned",
)  # fmt: skip
TIMES = (("dossiers", "booked_at"), ("case_lines", "at"), ("money_lines", "at"))


def upgrade() -> None:
    op.create_table(
        "figures",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("post_office_id", sa.Integer(), nullable=False),
        sa.Column("procedure_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTED),
        sa.Column("postage", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["desk_id"], ["offices.id"], name=op.f("fk_figures_desk_id_offices")),
        sa.ForeignKeyConstraint(["post_office_id"], ["offices.id"], name=op.f("fk_figures_post_office_id_offices")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_figures_procedure_id_procedures")),
        sa.PrimaryKeyConstraint("day", "desk_id", "post_office_id", "procedure_id", name=op.f("pk_figures")),
    )
    for table, column in TIMES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    for table, column in TIMES:
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_table("figures")
