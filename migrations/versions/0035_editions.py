"""Editions: provinces with a rule of their own, drafts, decrees, and sheets that wait to be confirmed."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect, release

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "procedure_provinces",
        sa.Column("procedure_id", sa.Integer(), nullable=False),
        sa.Column("province", sa.String(length=80), nullable=False),
        sa.Column("submit_by_post", sa.Boolean(), nullable=False),
        sa.Column("return_by_post", sa.Boolean(), nullable=False),
        sa.Column("legal_basis", sa.String(length=300), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=False),
        sa.Column("why_not_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["procedures.id"], name=op.f("fk_procedure_provinces_procedure_id_procedures")
        ),
        sa.PrimaryKeyConstraint("procedure_id", "province", name=op.f("pk_procedure_provinces")),
    )
    op.create_table(
        "procedure_drafts",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_procedure_drafts_by_id_users")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_procedure_drafts")),
    )
    op.create_table(
        "decrees",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("procedure_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=24), nullable=False),
        sa.Column("decision", sa.String(length=120), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_decrees_by_id_users")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_decrees_procedure_id_procedures")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decrees")),
    )
    op.create_index(op.f("ix_decrees_procedure_id"), "decrees", ["procedure_id"])
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_imports_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_at"), "imports", ["at"])
    protect("decrees")


def downgrade() -> None:
    release("decrees")
    for table in ("imports", "decrees", "procedure_drafts", "procedure_provinces"):
        op.drop_table(table)
