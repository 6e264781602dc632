"""What each session's browser called itself."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    with op.batch_alter_table("sessions") as batch:
        batch.add_column(sa.Column("browser", sa.String(length=40), nullable=False, server_default=""))
    with op.batch_alter_table("sessions") as batch:
        batch.alter_column("browser", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("sessions") as batch:
        batch.drop_column("browser")
