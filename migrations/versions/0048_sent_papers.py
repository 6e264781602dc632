"""What a desk seals for another one is counted there anew: the count it was sent with stays."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.add_column("papers", sa.Column("sent_sheets", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE papers SET sent_sheets = desk_sheets WHERE desk_sheets > 0"
        " AND dossier_id IN (SELECT dossier_id FROM packets WHERE kind = 'transfer')"
    )


def downgrade() -> None:
    op.drop_column("papers", "sent_sheets")
