"""What is asked for at the door: an identity paper, a fee on delivery, old papers to be given back."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

NEW = (
    ("procedures", "fee_at_delivery", sa.Boolean(), sa.false()),
    ("procedures", "id_check", sa.Boolean(), sa.false()),
    ("dossiers", "surrender", sa.JSON(), sa.text("'[]'")),
)


def upgrade() -> None:
    for table, name, type_, default in NEW:  # as a whole column: SQLite would copy a table that others refer to
        op.add_column(table, sa.Column(name, type_, nullable=False, server_default=default))


def downgrade() -> None:
    for table, name, _type, _default in NEW:
        op.drop_column(table, name)
