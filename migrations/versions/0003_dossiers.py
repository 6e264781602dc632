"""Dossiers, papers, packets, slips, numbers, visits, codes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_updated_at"), ["updated_at"], unique=False)

    op.create_table(
        "number_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_number_days")),
    )
    op.create_table(
        "number_pools",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=2), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_pools")),
    )
    op.create_table(
        "view_codes",
        sa.Column("request", sa.String(length=43), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_view_codes")),
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken >= 0 AND taken <= places", name=op.f("ck_slots_taken")),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_slots_office_id_offices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
        sa.UniqueConstraint("office_id", "day", "opens", name=op.f("uq_slots_office_id_day_opens")),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("courier_id", sa.String(length=20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("planned_at", sa.DateTime(), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["courier_id"], ["users.id"], name=op.f("fk_rounds_courier_id_users")),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_rounds_office_id_offices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("courier_id", "day", name=op.f("uq_rounds_courier_id_day")),
    )
    with op.batch_alter_table("rounds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rounds_office_id"), ["office_id"], unique=False)

    op.create_table(
        "dossiers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("secret", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "booked",
                "submitted",
                "accepted",
                "result_ready",
                "closed",
                "cancelled",
                name="casestate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("procedure_id", sa.Integer(), nullable=False),
        sa.Column("citizen_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("post_office_id", sa.Integer(), nullable=False),
        sa.Column(
            "return_way", sa.Enum("home", "desk", name="returnway", native_enum=False, length=24), nullable=False
        ),
        sa.Column("consented_at", sa.DateTime(), nullable=False),
        sa.Column("booked_at", sa.DateTime(), nullable=False),
        sa.Column("booking_key", sa.String(length=40), nullable=False),
        sa.Column("submitted_at", sa.DateTime(), nullable=True),
        sa.Column("official_code", sa.String(length=60), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("result_papers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizens.id"], name=op.f("fk_dossiers_citizen_id_citizens")),
        sa.ForeignKeyConstraint(["desk_id"], ["offices.id"], name=op.f("fk_dossiers_desk_id_offices")),
        sa.ForeignKeyConstraint(["post_office_id"], ["offices.id"], name=op.f("fk_dossiers_post_office_id_offices")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_dossiers_procedure_id_procedures")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("booking_key", name=op.f("uq_dossiers_booking_key")),
        sa.UniqueConstraint("citizen_id", name=op.f("uq_dossiers_citizen_id")),
        sa.UniqueConstraint("number", name=op.f("uq_dossiers_number")),
        sa.UniqueConstraint("official_code", name=op.f("uq_dossiers_official_code")),
        sa.UniqueConstraint("secret", name=op.f("uq_dossiers_secret")),
    )
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dossiers_desk_id"), ["desk_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dossiers_post_office_id"), ["post_office_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dossiers_state"), ["state"], unique=False)

    op.create_table(
        "case_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "booked",
                "submitted",
                "accepted",
                "result_ready",
                "closed",
                "cancelled",
                name="casestate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_case_lines_dossier_id_dossiers")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_case_lines_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_lines")),
    )
    with op.batch_alter_table("case_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_lines_dossier_id"), ["dossier_id"], unique=False)

    op.create_table(
        "packets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.LargeBinary(length=10), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("way", sa.Enum("in", "out", "between", name="way", native_enum=False, length=24), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("submission", "supplement", "result", "returned_papers", name="kind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("dossier_id", sa.Integer(), nullable=True),
        sa.Column("origin_id", sa.String(length=20), nullable=False),
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
        sa.Column("holder_id", sa.String(length=20), nullable=False),
        sa.Column("head", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("line_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("fork", sa.LargeBinary(length=32), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("seals", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_packets_dossier_id_dossiers")),
        sa.ForeignKeyConstraint(["holder_id"], ["parties.id"], name=op.f("fk_packets_holder_id_parties")),
        sa.ForeignKeyConstraint(["origin_id"], ["parties.id"], name=op.f("fk_packets_origin_id_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packets")),
        sa.UniqueConstraint("code", name=op.f("uq_packets_code")),
        sa.UniqueConstraint("number", name=op.f("uq_packets_number")),
    )
    with op.batch_alter_table("packets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_packets_dossier_id"), ["dossier_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_packets_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_packets_state"), ["state"], unique=False)

    op.create_table(
        "papers",
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "form",
            sa.Enum("original", "certified", "copy", "data", name="paperform", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("is_missing", sa.Boolean(), nullable=False),
        sa.Column("desk_sheets", sa.Integer(), nullable=True),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_papers_dossier_id_dossiers")),
        sa.PrimaryKeyConstraint("dossier_id", "position", name=op.f("pk_papers")),
    )
    op.create_table(
        "code_checks",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column(
            "purpose", sa.Enum("collect", "deliver", name="purpose", native_enum=False, length=24), nullable=False
        ),
        sa.Column("is_right", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_code_checks_packet_id_packets")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_code_checks")),
    )
    with op.batch_alter_table("code_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_code_checks_packet_id"), ["packet_id"], unique=False)

    op.create_table(
        "door_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column(
            "purpose", sa.Enum("collect", "deliver", name="purpose", native_enum=False, length=24), nullable=False
        ),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_door_codes_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_codes")),
    )
    with op.batch_alter_table("door_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_door_codes_packet_id"), ["packet_id"], unique=False)

    op.create_table(
        "slips",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("token", sa.String(length=160), nullable=False),
        sa.Column("printed_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_slips_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slips")),
        sa.UniqueConstraint("packet_id", "issue", name=op.f("uq_slips_packet_id_issue")),
        sa.UniqueConstraint("token", name=op.f("uq_slips_token")),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind", sa.Enum("collect", "deliver", name="visitkind", native_enum=False, length=24), nullable=False
        ),
        sa.Column(
            "state",
            sa.Enum(
                "scheduled",
                "assigned",
                "en_route",
                "done",
                "missed",
                "cancelled",
                name="visitstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("arrives_at", sa.DateTime(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("next", sa.String(length=24), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_visits_packet_id_packets")),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_visits_round_id_rounds")),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("fk_visits_slot_id_slots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visits_packet_id"), ["packet_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visits_round_id"), ["round_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visits_slot_id"), ["slot_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visits_state"), ["state"], unique=False)


def downgrade() -> None:
    op.drop_table("visits")
    op.drop_table("slips")
    op.drop_table("door_codes")
    op.drop_table("code_checks")
    op.drop_table("papers")
    op.drop_table("packets")
    op.drop_table("case_lines")
    op.drop_table("dossiers")
    op.drop_table("rounds")
    op.drop_table("slots")
    op.drop_table("view_codes")
    op.drop_table("number_pools")
    op.drop_table("number_days")
    op.drop_table("drafts")
