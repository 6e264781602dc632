"""What one way costs, as it was quoted when it was booked: so far the same for everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("one_way", sa.Integer(), nullable=False, server_default="26000"))


def downgrade() -> None:
    op.drop_column("dossiers", "one_way")
