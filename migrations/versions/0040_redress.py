"""Figures of complaints, losses and compensation. Days that are kept already have none of it."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

COUNTED = (
    "complaints", "answered", "answered_late", "lost", "damaged", "compensations", "paid_in_time", "paid_late",
)  # fmt: skip
MONEY = ("compensation", "compensation_paid")


def upgrade() -> None:
    for name in COUNTED:
        op.add_column("figures", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in MONEY:
        op.add_column("figures", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in (*COUNTED, *MONEY):
        op.drop_column("figures", name)
