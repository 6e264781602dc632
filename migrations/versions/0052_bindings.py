"""Since when a citizen has the number they have, and what was told to an earlier one."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.add_column("citizens", sa.Column("bound_at", sa.DateTime(), nullable=True))
    op.add_column("door_codes", sa.Column("void_at", sa.DateTime(), nullable=True))
    op.add_column("view_codes", sa.Column("bound_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("view_codes", "bound_at")
    op.drop_column("door_codes", "void_at")
    op.drop_column("citizens", "bound_at")
