"""A courier who cannot go on: the round is stopped, and colleagues take over."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.add_column("rounds", sa.Column("stopped_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("rounds", "stopped_at")
