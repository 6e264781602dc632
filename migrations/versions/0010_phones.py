"""Phones: tickets, the second person, why and by whom one was taken out of service, when it was last seen."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

WHY = sa.Enum("lost", "stolen", "left", "replaced", "returned", "mismatch", name="why", native_enum=False, length=24)
PEOPLE = ("enrolled_by_id", "second_by_id", "revoked_by_id")


def upgrade() -> None:
    with op.batch_alter_table("devices") as batch:
        batch.add_column(sa.Column("check_code", sa.String(length=6), nullable=True))
        batch.add_column(sa.Column("confirmed_at", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("seen_at", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("revoked_why", WHY, nullable=True))
        for name in PEOPLE:
            batch.add_column(sa.Column(name, sa.String(length=20), nullable=True))
            batch.create_foreign_key(op.f(f"fk_devices_{name}_users"), "users", [name], ["id"])
    op.execute("UPDATE devices SET confirmed_at = enrolled_at")
    op.create_table(
        "tickets",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("device_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_tickets_by_id_users")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_tickets_device_id_devices")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tickets_user_id_users")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tickets")),
    )
    with op.batch_alter_table("tickets") as batch:
        batch.create_index(batch.f("ix_tickets_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("tickets")
    with op.batch_alter_table("devices") as batch:
        for name in PEOPLE:
            batch.drop_constraint(op.f(f"fk_devices_{name}_users"), type_="foreignkey")
            batch.drop_column(name)
        for name in ("check_code", "confirmed_at", "seen_at", "revoked_why"):
            batch.drop_column(name)
