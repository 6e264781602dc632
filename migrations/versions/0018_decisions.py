"""What a desk decides: more papers, fees, the forms it gives out, and each paper's way home."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

# A result that is sealed carries the citizen's originals home, as it was packed.
PACKED = """
    UPDATE papers SET back_in = (
        SELECT max(packets.number) FROM packets WHERE packets.dossier_id = papers.dossier_id AND packets.kind = 'result')
    WHERE returned AND desk_sheets > 0
"""
HOME = """
    UPDATE papers SET home_at = (
        SELECT max(case_lines.at) FROM case_lines WHERE case_lines.dossier_id = papers.dossier_id AND event = 'close')
    WHERE back_in IS NOT NULL AND dossier_id IN (SELECT id FROM dossiers WHERE state = 'closed')
"""


def upgrade() -> None:
    with op.batch_alter_table("dossiers") as batch:
        batch.add_column(sa.Column("supplement_by", sa.Date(), nullable=True))
        batch.add_column(sa.Column("fee_due", sa.Integer(), nullable=True))
    with op.batch_alter_table("papers") as batch:
        batch.add_column(sa.Column("is_supplement", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("came_in", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("back_in", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("home_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("papers") as batch:
        batch.alter_column("is_supplement", server_default=None)
    op.execute(PACKED)
    op.execute(HOME)
    op.create_table(
        "forms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_forms_dossier_id_dossiers")),
        sa.ForeignKeyConstraint(["desk_id"], ["offices.id"], name=op.f("fk_forms_desk_id_offices")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_forms_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forms")),
        sa.UniqueConstraint("desk_id", "key", "year", "serial", name=op.f("uq_forms_desk_id_key_year_serial")),
    )
    op.create_index(op.f("ix_forms_dossier_id"), "forms", ["dossier_id"])


def downgrade() -> None:
    op.drop_table("forms")
    with op.batch_alter_table("papers") as batch:
        for name in ("home_at", "back_in", "came_in", "is_supplement"):
            batch.drop_column(name)
    with op.batch_alter_table("dossiers") as batch:
        batch.drop_column("fee_due")
        batch.drop_column("supplement_by")
