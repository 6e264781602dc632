"""Whom a list has shown somebody today is asked each time it is opened: by who looks, page and time."""

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.create_index("ix_views_log_day", "views_log", ["user_id", "page", "at"])


def downgrade() -> None:
    op.drop_index("ix_views_log_day", "views_log")
