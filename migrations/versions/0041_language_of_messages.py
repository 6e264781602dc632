"""The language in which a citizen is written to, kept with the booking and with every message."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

TABLES = ("citizens", "outbox")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("language", sa.String(length=24), nullable=False, server_default="vi"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "language")
