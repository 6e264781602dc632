"""An index of the verdicts that leave something for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    waiting = sa.text("verdict IN ('held', 'disputed', 'quarantined')")
    op.create_index("ix_verdicts_waiting", "verdicts", ["at"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    op.drop_index("ix_verdicts_waiting", "verdicts")
