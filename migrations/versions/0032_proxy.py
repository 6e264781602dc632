"""Proxy: who else may receive a result, by the name the citizen gave."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("citizens", sa.Column("proxy", sa.String(length=120), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("citizens") as batch:
        batch.drop_column("proxy")
