"""What was paid beyond a compensation that came late."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("interest", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("incidents", "interest")
