"""Filters of the desk's lists, kept by each person under a name."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

WAY = sa.Enum("home", "post", "desk", name="returnway", native_enum=False, length=24)


def upgrade() -> None:
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("list", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("way", WAY, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_filters_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_filters_user_id_name")),
    )
    op.create_index(op.f("ix_saved_filters_user_id"), "saved_filters", ["user_id"])


def downgrade() -> None:
    op.drop_table("saved_filters")
