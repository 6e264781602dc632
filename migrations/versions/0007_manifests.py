"""Manifests of many packets: the receiver's own key, what was not scanned, each side's word on its own."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect, release

revision = "0007"
down_revision = "0006"

WORDS = sa.Enum("presence", "pin", "signed_print", "device", name="word", native_enum=False, length=24)
GIVER = sa.Enum("pin", "signed_print", name="giver", native_enum=False, length=24)
SIDES = sa.Enum("giver", "taker", name="side", native_enum=False, length=24)


def upgrade() -> None:
    op.create_table(
        "manifest_confirmations",
        sa.Column("manifest_id", sa.Integer(), nullable=False),
        sa.Column("side", SIDES, nullable=False),
        sa.Column("word", WORDS, nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=True),
        sa.Column("sig", sa.LargeBinary(length=128), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["manifest_id"], ["manifests.id"], name=op.f("fk_manifest_confirmations_manifest_id_manifests")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_manifest_confirmations_user_id_users")),
        sa.PrimaryKeyConstraint("manifest_id", "side", name=op.f("pk_manifest_confirmations")),
    )
    op.execute(
        "INSERT INTO manifest_confirmations (manifest_id, side, word, user_id, at) "
        "SELECT id, 'giver', giver_by, NULL, at FROM manifests"
    )
    op.execute(
        "INSERT INTO manifest_confirmations (manifest_id, side, word, user_id, at) "
        "SELECT id, 'taker', 'presence', receiver_id, at FROM manifests"
    )
    release("manifests", "manifest_lines")
    op.add_column("manifests", sa.Column("key", sa.String(length=64), nullable=True))
    op.execute("UPDATE manifests SET key = receipt_no")
    with op.batch_alter_table("manifests") as batch:
        batch.alter_column("key", existing_type=sa.String(length=64), nullable=False)
        batch.create_unique_constraint(op.f("uq_manifests_key"), ["key"])
        batch.drop_constraint(op.f("fk_manifests_receiver_id_users"), type_="foreignkey")
        batch.drop_column("giver_by")
        batch.drop_column("receiver_id")
    with op.batch_alter_table("manifest_lines") as batch:
        batch.add_column(sa.Column("digest", sa.LargeBinary(length=32), nullable=True))
    protect("manifests", "manifest_lines", "manifest_confirmations")


def downgrade() -> None:
    release("manifests", "manifest_lines", "manifest_confirmations")
    with op.batch_alter_table("manifest_lines") as batch:
        batch.drop_column("digest")
    with op.batch_alter_table("manifests") as batch:
        batch.add_column(sa.Column("giver_by", GIVER, nullable=False, server_default="signed_print"))
        batch.add_column(sa.Column("receiver_id", sa.String(length=20), nullable=True))
        batch.create_foreign_key(op.f("fk_manifests_receiver_id_users"), "users", ["receiver_id"], ["id"])
        batch.drop_constraint(op.f("uq_manifests_key"), type_="unique")
        batch.drop_column("key")
    op.execute(
        "UPDATE manifests SET receiver_id = (SELECT user_id FROM manifest_confirmations c "
        "WHERE c.manifest_id = manifests.id AND c.side = 'taker')"
    )
    op.execute(
        "UPDATE manifests SET giver_by = 'pin' WHERE id IN "
        "(SELECT manifest_id FROM manifest_confirmations WHERE side = 'giver' AND word = 'pin')"
    )
    with op.batch_alter_table("manifests") as batch:
        batch.alter_column("giver_by", existing_type=GIVER, existing_nullable=False, server_default=None)
    op.drop_table("manifest_confirmations")
    protect("manifests", "manifest_lines")
