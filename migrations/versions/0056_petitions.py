"""What citizens ask about their own data, by when it is answered, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"

KINDS = ("copy", "correct", "restrict", "erase", "object")
CHANNELS = ("web", "paper", "phone", "counter")


def upgrade() -> None:
    op.create_table(
        "petitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="kind", native_enum=False, length=24), nullable=False),
        sa.Column("channel", sa.Enum(*CHANNELS, name="channel", native_enum=False, length=24), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("entered_by_id", sa.String(length=20), nullable=True),
        sa.Column("first_by", sa.Date(), nullable=False),
        sa.Column("done_by", sa.Date(), nullable=False),
        sa.Column("heard_at", sa.DateTime(), nullable=True),
        sa.Column("heard", sa.String(length=1000), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.Column("law", sa.String(length=24), nullable=True),
        sa.Column("answered_by_id", sa.String(length=20), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (granted IS NULL)", name=op.f("ck_petitions_granted")),
        sa.CheckConstraint("(channel = 'web') = (entered_by_id IS NULL)", name=op.f("ck_petitions_entered_by")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_petitions_dossier_id_dossiers")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["users.id"], name=op.f("fk_petitions_entered_by_id_users")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["users.id"], name=op.f("fk_petitions_answered_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_petitions")),
    )
    op.create_index(op.f("ix_petitions_dossier_id"), "petitions", ["dossier_id"])
    op.create_index("ix_petitions_open", "petitions", ["answered_at", "done_by"])


def downgrade() -> None:
    op.drop_table("petitions")
