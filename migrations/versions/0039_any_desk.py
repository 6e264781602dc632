"""Procedures that any desk of the province receives, wherever one lives, with the rule that says so."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

TABLES = ("procedures", "procedure_provinces")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("any_desk", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.add_column(table, sa.Column("any_desk_basis", sa.String(length=300), nullable=False, server_default=""))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "any_desk_basis")
        op.drop_column(table, "any_desk")
