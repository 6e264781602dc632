"""Photos that phones send after their scans."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=20), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_photos_device_id_devices")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_photos")),
    )
    with op.batch_alter_table("photos") as batch:
        batch.create_index(batch.f("ix_photos_device_id"), ["device_id"], unique=False)


def downgrade() -> None:
    op.drop_table("photos")
