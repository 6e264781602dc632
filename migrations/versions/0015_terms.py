"""How a procedure's days are counted, since when a dossier's are, the hour it is due, and the bands of the post."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

RULE = sa.Enum("legal", "clock", name="rule", native_enum=False, length=24)
BAND = sa.Enum("district", "province", "cities", "country", name="band", native_enum=False, length=24)


def upgrade() -> None:
    with op.batch_alter_table("procedures") as batch:
        batch.add_column(sa.Column("clock", RULE, nullable=False, server_default="legal"))
        batch.add_column(sa.Column("cutoff", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("procedures") as batch:
        batch.alter_column("clock", server_default=None)
        batch.alter_column("cutoff", server_default=None)
    with op.batch_alter_table("dossiers") as batch:
        batch.add_column(sa.Column("counted_from", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("due_time", sa.Time(), nullable=True))
    op.execute("UPDATE dossiers SET counted_from = submitted_at")
    op.create_table(
        "postal_bands",
        sa.Column("ward_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("band", BAND, nullable=False),
        sa.ForeignKeyConstraint(["ward_id"], ["wards.id"], name=op.f("fk_postal_bands_ward_id_wards")),
        sa.ForeignKeyConstraint(["other_id"], ["wards.id"], name=op.f("fk_postal_bands_other_id_wards")),
        sa.PrimaryKeyConstraint("ward_id", "other_id", name=op.f("pk_postal_bands")),
    )


def downgrade() -> None:
    op.drop_table("postal_bands")
    with op.batch_alter_table("dossiers") as batch:
        batch.drop_column("due_time")
        batch.drop_column("counted_from")
    with op.batch_alter_table("procedures") as batch:
        batch.drop_column("cutoff")
        batch.drop_column("clock")
