"""Answers: whether the citizen was asked that a result will find them, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("asked_at", sa.DateTime(), nullable=True))
    op.add_column("dossiers", sa.Column("answer", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("dossiers", "answer")
    op.drop_column("dossiers", "asked_at")
