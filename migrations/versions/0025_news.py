"""What a phone may not have heard with its scan: the verdicts that are looked for by their time."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    news = sa.text("(nth > 1 OR verdict <> 'applied')")
    op.create_index("ix_verdicts_news", "verdicts", ["at"], sqlite_where=news, postgresql_where=news)


def downgrade() -> None:
    op.drop_index("ix_verdicts_news", "verdicts")
