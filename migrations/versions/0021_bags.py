"""Bags: what differs in a bag that is being counted; the lists of one packet are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "bag_differences",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("courier_id", sa.String(length=20), nullable=False),
        sa.Column("seal", sa.String(length=24), nullable=True),
        sa.Column("is_intact", sa.Boolean(), nullable=False),
        sa.Column("sheets", sa.JSON(), nullable=False),
        sa.Column("remark", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["courier_id"], ["users.id"], name=op.f("fk_bag_differences_courier_id_users")),
        sa.ForeignKeyConstraint(["digest"], ["scans.digest"], name=op.f("fk_bag_differences_digest_scans")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bag_differences")),
    )
    op.create_index(op.f("ix_bag_differences_courier_id"), "bag_differences", ["courier_id"])
    op.create_index(op.f("ix_manifest_lines_packet_id"), "manifest_lines", ["packet_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_manifest_lines_packet_id"), "manifest_lines")
    op.drop_table("bag_differences")
