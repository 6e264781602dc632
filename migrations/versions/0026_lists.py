"""Lists: those of one party are found by an index."""

from alembic import op

revision = "0026"
down_revision = "0025"
SIDES = ("giver_id", "taker_id")


def upgrade() -> None:
    for side in SIDES:
        op.create_index(op.f(f"ix_manifests_{side}"), "manifests", [side])


def downgrade() -> None:
    for side in SIDES:
        op.drop_index(op.f(f"ix_manifests_{side}"), "manifests")
