"""A paper that is never found is settled by the incident file that says so: its number stands with the paper."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"

TABLES = ("papers", "recovered_papers")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("lost_in", sa.String(length=24), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "lost_in")
