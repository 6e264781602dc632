"""Devices, scans, verdicts, the ledger, manifests; what is only ever added cannot be changed."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "raw_inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_inbox")),
    )
    op.create_table(
        "scans",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=True),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=True),
        sa.Column("packet_code", sa.LargeBinary(length=10), nullable=True),
        sa.Column("parent", sa.LargeBinary(length=32), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sig", sa.LargeBinary(), nullable=False),
        sa.Column("sig_ok", sa.Boolean(), nullable=False),
        sa.Column("clock_offset", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_scans")),
    )
    with op.batch_alter_table("scans", schema=None) as batch_op:
        batch_op.create_index("ix_scans_device_id_n", ["device_id", "n"], unique=False)
        batch_op.create_index(batch_op.f("ix_scans_id"), ["id"], unique=False)
        batch_op.create_index(batch_op.f("ix_scans_packet_code"), ["packet_code"], unique=False)

    op.create_table(
        "scan_extras",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("place", sa.JSON(), nullable=True),
        sa.Column("free_text", sa.String(length=500), nullable=True),
        sa.Column("photo_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("papers", sa.JSON(), nullable=True),
        sa.Column("money", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["digest"], ["scans.digest"], name=op.f("fk_scan_extras_digest_scans")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_scan_extras")),
    )
    op.create_table(
        "verdicts",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "applied", "duplicate", "held", "disputed", "quarantined", name="ruling", native_enum=False, length=24
            ),
            nullable=False,
        ),
        sa.Column("why", sa.String(length=40), nullable=True),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["scans.digest"], name=op.f("fk_verdicts_digest_scans")),
        sa.PrimaryKeyConstraint("digest", "nth", name=op.f("pk_verdicts")),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column(
            "kind", sa.Enum("phone", "pages", "ledger", name="devicekind", native_enum=False, length=24), nullable=False
        ),
        sa.Column("party_id", sa.String(length=20), nullable=True),
        sa.Column("user_id", sa.String(length=20), nullable=True),
        sa.Column("public_key", sa.LargeBinary(length=200), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("valid_until", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("contiguous", sa.Integer(), nullable=False),
        sa.Column("last_digest", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_devices_party_id_parties")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_devices_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_devices_token_hash")),
    )
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_devices_user_id"), ["user_id"], unique=False)

    op.create_table(
        "manifests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("receipt_no", sa.String(length=24), nullable=False),
        sa.Column("giver_id", sa.String(length=20), nullable=False),
        sa.Column("taker_id", sa.String(length=20), nullable=False),
        sa.Column("list_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("scanned", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("surplus", sa.Integer(), nullable=False),
        sa.Column(
            "giver_by", sa.Enum("pin", "signed_print", name="giver", native_enum=False, length=24), nullable=False
        ),
        sa.Column("receiver_id", sa.String(length=20), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["giver_id"], ["parties.id"], name=op.f("fk_manifests_giver_id_parties")),
        sa.ForeignKeyConstraint(["receiver_id"], ["users.id"], name=op.f("fk_manifests_receiver_id_users")),
        sa.ForeignKeyConstraint(["taker_id"], ["parties.id"], name=op.f("fk_manifests_taker_id_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifests")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_manifests_receipt_no")),
    )
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum("move", "note", name="linekind", native_enum=False, length=24), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("giver_id", sa.String(length=20), nullable=False),
        sa.Column("taker_id", sa.String(length=20), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "WAITING",
                "CARRIED",
                "AT_POST",
                "AT_DESK",
                "OPENED",
                "DELIVERED_UNVERIFIED",
                "DELIVERED",
                "LOST",
                "DISPUTED",
                "WRITTEN_OFF",
                name="state",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("follows", sa.LargeBinary(length=32), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("(kind = 'move') = (follows IS NOT NULL)", name=op.f("ck_handoffs_follows")),
        sa.ForeignKeyConstraint(["giver_id"], ["parties.id"], name=op.f("fk_handoffs_giver_id_parties")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_handoffs_packet_id_packets")),
        sa.ForeignKeyConstraint(["taker_id"], ["parties.id"], name=op.f("fk_handoffs_taker_id_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
        sa.UniqueConstraint("digest", name=op.f("uq_handoffs_digest")),
        sa.UniqueConstraint("packet_id", "seq", name=op.f("uq_handoffs_packet_id_seq")),
    )
    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.create_index(
            "uq_handoffs_one_child",
            ["packet_id", "follows"],
            unique=True,
            sqlite_where=sa.text("kind = 'move'"),
            postgresql_where=sa.text("kind = 'move'"),
        )

    op.create_table(
        "manifest_lines",
        sa.Column("manifest_id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column(
            "result",
            sa.Enum("moved", "missing", "surplus", "held", name="lineresult", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("seal", sa.String(length=24), nullable=True),
        sa.Column("is_intact", sa.Boolean(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["manifest_id"], ["manifests.id"], name=op.f("fk_manifest_lines_manifest_id_manifests")
        ),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_manifest_lines_packet_id_packets")),
        sa.PrimaryKeyConstraint("manifest_id", "packet_id", name=op.f("pk_manifest_lines")),
    )
    protect("scans", "verdicts", "handoffs", "manifests", "manifest_lines")


def downgrade() -> None:
    op.drop_table("manifest_lines")
    op.drop_table("handoffs")
    op.drop_table("manifests")
    op.drop_table("devices")
    op.drop_table("verdicts")
    op.drop_table("scan_extras")
    op.drop_table("scans")
    op.drop_table("raw_inbox")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change()")
