"""Incidents: the file of a packet that was damaged, lost, miscounted, late or complained of, and what each side says."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=24)


SORTS = ("damaged", "lost", "count", "late", "complaint")
OUTCOMES = ("whole", "damaged", "lost", "late", "unfounded")
FAULTS = ("post", "desk", "citizen", "nobody")


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("sort", _words("sort", *SORTS), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("opened_by_id", sa.String(length=20), nullable=False),
        sa.Column("search_by", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("outcome", _words("outcome", *OUTCOMES), nullable=True),
        sa.Column("fault", _words("fault", *FAULTS), nullable=True),
        sa.Column("compensation", sa.Integer(), nullable=True),
        sa.Column("pay_by", sa.Date(), nullable=True),
        sa.Column("paid_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("closed_by_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], name=op.f("fk_incidents_closed_by_id_users")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["users.id"], name=op.f("fk_incidents_opened_by_id_users")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_incidents_packet_id_packets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("number", name=op.f("uq_incidents_number")),
    )
    op.create_index(op.f("ix_incidents_packet_id"), "incidents", ["packet_id"])
    op.create_table(
        "incident_statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("side", _words("side", "citizen", "post", "desk"), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_statements_incident_id_incidents")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_incident_statements_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_statements")),
    )
    op.create_index(op.f("ix_incident_statements_incident_id"), "incident_statements", ["incident_id"])


def downgrade() -> None:
    op.drop_table("incident_statements")
    op.drop_table("incidents")
