"""Tasks: what a person must look at; one open task for each thing that happened."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "held",
                "disputed",
                "quarantined",
                "lost",
                "missing",
                "surplus",
                "collect_unproven",
                "delivery_unverified",
                "seal_mismatch",
                "damaged",
                "old_issue",
                "after_cancel",
                "unsure_repeat",
                "after_settle",
                "clock",
                "device_gap",
                "device_frozen",
                "forged_slip",
                "fork_of_log",
                "raw_inbox",
                name="taskkind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("device_id", sa.String(length=20), nullable=True),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.String(length=20), nullable=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("take_by", sa.DateTime(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("closed_by_id", sa.String(length=20), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_tasks_outcome")),
        sa.CheckConstraint("closed_by_id IS NULL OR closed_at IS NOT NULL", name=op.f("ck_tasks_closed_by")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], name=op.f("fk_tasks_closed_by_id_users")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_tasks_device_id_devices")),
        sa.ForeignKeyConstraint(["digest"], ["scans.digest"], name=op.f("fk_tasks_digest_scans")),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_tasks_office_id_offices")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_tasks_owner_id_users")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_tasks_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    still_open = sa.text("closed_at IS NULL")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(
            "uq_tasks_open",
            ["kind", "about"],
            unique=True,
            sqlite_where=still_open,
            postgresql_where=still_open,
        )
        batch_op.create_index("ix_tasks_office_open", ["office_id", "closed_at", "due"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_packet_id"), ["packet_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_digest"), ["digest"], unique=False)


def downgrade() -> None:
    op.drop_table("tasks")
