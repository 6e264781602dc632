"""Who is carried for nothing: classes of people by decision and day, who is of one, and whose proof was seen."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.add_column("citizens", sa.Column("exemption", sa.String(length=24), nullable=True))
    op.create_table(
        "exemptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("name_en", sa.String(length=120), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.CheckConstraint("(name IS NULL) = (name_en IS NULL)", name=op.f("ck_exemptions_name")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_exemptions_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemptions")),
    )
    op.create_index(op.f("ix_exemptions_key"), "exemptions", ["key"])
    op.create_table(
        "waivers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column(
            "proof",
            sa.Enum("decision", "certificate", "none", name="proof", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_waivers_amount")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_waivers_by_id_users")),
        sa.ForeignKeyConstraint(["digest"], ["scans.digest"], name=op.f("fk_waivers_digest_scans")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_waivers_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waivers")),
        sa.UniqueConstraint("digest", name=op.f("uq_waivers_digest")),
    )
    op.create_index(op.f("ix_waivers_packet_id"), "waivers", ["packet_id"])
    op.create_index(op.f("ix_waivers_by_id"), "waivers", ["by_id"])
    protect("exemptions", "waivers")


def downgrade() -> None:
    op.drop_table("waivers")
    op.drop_table("exemptions")
    op.drop_column("citizens", "exemption")
