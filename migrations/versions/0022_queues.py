"""Queues: what waits at a desk by urgency, and names without accents to search by."""

import sqlalchemy as sa
from alembic import op

from app.domain.places import fold

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index("ix_dossiers_due", "dossiers", ["desk_id", "state", "due_on"])
    op.create_index("ix_dossiers_counted", "dossiers", ["desk_id", "state", "counted_from"])
    with op.batch_alter_table("citizens") as batch:
        batch.add_column(sa.Column("words", sa.String(length=240), nullable=True))
    citizens = sa.table("citizens", sa.column("id"), sa.column("name"), sa.column("words"))
    known = op.get_bind().execute(sa.select(citizens.c.id, citizens.c.name)).all()
    for id_, name in known:
        op.execute(citizens.update().where(citizens.c.id == id_).values(words=f" {fold(name)}"))
    with op.batch_alter_table("citizens") as batch:
        batch.alter_column("words", existing_type=sa.String(length=240), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("citizens") as batch:
        batch.drop_column("words")
    op.drop_index("ix_dossiers_counted", "dossiers")
    op.drop_index("ix_dossiers_due", "dossiers")
