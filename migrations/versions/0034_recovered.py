"""Recovered: old papers given up for a result, each a line until it is at its desk."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "recovered_papers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.String(length=20), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("back_at", sa.DateTime(), nullable=True),
        sa.Column("by_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_recovered_papers_by_id_users")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_recovered_papers_dossier_id_dossiers")),
        sa.ForeignKeyConstraint(["holder_id"], ["parties.id"], name=op.f("fk_recovered_papers_holder_id_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovered_papers")),
        sa.UniqueConstraint("dossier_id", "position", name=op.f("uq_recovered_papers_dossier_id_position")),
    )
    op.create_index(op.f("ix_recovered_papers_holder_id"), "recovered_papers", ["holder_id"])
    out = sa.text("back_at IS NULL")
    op.create_index(
        "ix_recovered_papers_out", "recovered_papers", ["dossier_id"], sqlite_where=out, postgresql_where=out
    )


def downgrade() -> None:
    op.drop_table("recovered_papers")
