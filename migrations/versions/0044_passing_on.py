"""Passing on a statutory fee has a price too: a row of the tariff by date, and kept with the dossier as it was quoted.

Who booked before was quoted none.
"""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0044"
down_revision = "0043"

BANDS = ("district", "province", "cities", "country")


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("passing_on", sa.Integer(), nullable=False, server_default="0"))
    _create(
        "tariff_rates", "item", (*BANDS, "passing_on"), "amount", "amount > 0 OR item = 'passing_on' AND amount = 0"
    )
    op.execute(
        "INSERT INTO tariff_rates (item, amount, valid_from, source, at, by_id) "
        "SELECT band, one_way, valid_from, source, at, by_id FROM postage_rates ORDER BY id"
    )
    op.drop_table("postage_rates")


def downgrade() -> None:
    _create("postage_rates", "band", BANDS, "one_way", "one_way > 0")
    op.execute(
        "INSERT INTO postage_rates (band, one_way, valid_from, source, at, by_id) "
        "SELECT item, amount, valid_from, source, at, by_id FROM tariff_rates WHERE item <> 'passing_on' ORDER BY id"
    )
    op.drop_table("tariff_rates")
    op.drop_column("dossiers", "passing_on")


def _create(table: str, what: str, of: tuple[str, ...], price: str, sound: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(what, sa.Enum(*of, name=what, native_enum=False, length=24), nullable=False),
        sa.Column(price, sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.CheckConstraint(sound, name=op.f(f"ck_{table}_{price}")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f(f"fk_{table}_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    protect(table)
