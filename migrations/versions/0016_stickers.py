"""Stickers: rolls of blank packets, and the booked packet a sticker stands in for. Limits an administrator sets."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "rolls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_rolls_office_id_offices")),
        sa.ForeignKeyConstraint(["made_by_id"], ["users.id"], name=op.f("fk_rolls_made_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rolls")),
    )
    op.create_table(
        "limits",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.Column("set_by_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["set_by_id"], ["users.id"], name=op.f("fk_limits_set_by_id_users")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_limits")),
    )
    with op.batch_alter_table("rolls") as batch:
        batch.create_index(batch.f("ix_rolls_office_id"), ["office_id"], unique=False)
    with op.batch_alter_table("packets") as batch:
        batch.add_column(sa.Column("roll_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("for_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_packets_roll_id_rolls"), "rolls", ["roll_id"], ["id"])
        batch.create_foreign_key(op.f("fk_packets_for_id_packets"), "packets", ["for_id"], ["id"])
        batch.create_index(batch.f("ix_packets_roll_id"), ["roll_id"], unique=False)
        batch.create_index(batch.f("ix_packets_for_id"), ["for_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("packets") as batch:
        batch.drop_index(batch.f("ix_packets_for_id"))
        batch.drop_index(batch.f("ix_packets_roll_id"))
        batch.drop_constraint(op.f("fk_packets_for_id_packets"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_packets_roll_id_rolls"), type_="foreignkey")
        batch.drop_column("for_id")
        batch.drop_column("roll_id")
    op.drop_table("rolls")
    op.drop_table("limits")
