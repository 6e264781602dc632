"""How citizens found it, and the sums of it."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"

SUMS = ("good", "fair", "poor", "about_time", "about_courier", "about_desk", "about_price", "about_pages")


def upgrade() -> None:
    op.create_table(
        "votes",
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Enum("good", "fair", "poor", name="mark", native_enum=False, length=24), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_votes_dossier_id_dossiers")),
        sa.PrimaryKeyConstraint("dossier_id", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_at"), "votes", ["at"])
    for name in SUMS:
        op.add_column("figures", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in SUMS:
        op.drop_column("figures", name)
    op.drop_table("votes")
