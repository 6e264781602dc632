"""Postage by screen: what one way costs from a day on, by the number of a decision."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "postage_rates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "band",
            sa.Enum("district", "province", "cities", "country", name="band", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("one_way", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.CheckConstraint("one_way > 0", name=op.f("ck_postage_rates_one_way")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_postage_rates_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postage_rates")),
    )
    protect("postage_rates")


def downgrade() -> None:
    op.drop_table("postage_rates")
