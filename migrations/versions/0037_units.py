"""Units: the offices a supervisor answers for, and which desk of a ward a khu phố's dossiers go to."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "units",
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_units_office_id_offices")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_units_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "office_id", name=op.f("pk_units")),
    )
    op.add_column("users", sa.Column("oversees_all", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE users SET oversees_all = :yes WHERE role = 'supervisor'").bindparams(yes=True))
    op.add_column("neighbourhoods", sa.Column("desk_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("neighbourhoods") as batch:
        batch.create_foreign_key(op.f("fk_neighbourhoods_desk_id_offices"), "offices", ["desk_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("neighbourhoods") as batch:
        batch.drop_constraint(op.f("fk_neighbourhoods_desk_id_offices"), type_="foreignkey")
        batch.drop_column("desk_id")
    op.drop_column("users", "oversees_all")
    op.drop_table("units")
