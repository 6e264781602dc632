"""When a dossier whose case is over was restricted, and when it was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("restricted_at", sa.DateTime(), nullable=True))
    op.add_column("dossiers", sa.Column("erased_at", sa.DateTime(), nullable=True))
    op.create_index("ix_dossiers_kept", "dossiers", ["erased_at", "restricted_at", "state"])


def downgrade() -> None:
    op.drop_index("ix_dossiers_kept", "dossiers")
    op.drop_column("dossiers", "erased_at")
    op.drop_column("dossiers", "restricted_at")
