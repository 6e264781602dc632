"""Which dossier of the same home another was booked to go along with."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    with op.batch_alter_table("dossiers") as table:
        table.add_column(sa.Column("beside_id", sa.Integer(), nullable=True))
        table.create_index(op.f("ix_dossiers_beside_id"), ["beside_id"])
        table.create_foreign_key(op.f("fk_dossiers_beside_id_dossiers"), "dossiers", ["beside_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("dossiers") as table:
        table.drop_constraint(op.f("fk_dossiers_beside_id_dossiers"), type_="foreignkey")
        table.drop_index(op.f("ix_dossiers_beside_id"))
        table.drop_column("beside_id")
