"""A line of a handover keeps what lay in its packet as it was listed and counted, and the seal then on record: what is found
out later changes no record that was signed. Older lines keep what is known of them now."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect, release

revision = "0050"
down_revision = "0049"

LINES = sa.table(
    "manifest_lines", sa.column("manifest_id"), sa.column("packet_id"), sa.column("seal"),
    sa.column("papers", sa.JSON), sa.column("sealed_with"),
)  # fmt: skip
PACKETS = sa.table(
    "packets", *map(sa.column, ("id", "number", "way", "kind", "state", "dossier_id")), sa.column("seals", sa.JSON)
)
DOSSIERS = sa.table("dossiers", sa.column("id"), sa.column("result_papers", sa.JSON))
PAPERS = sa.table(
    "papers",
    *map(sa.column, ("dossier_id", "position", "name", "form", "copies", "sheets", "is_missing", "desk_sheets")),
    *map(sa.column, ("sent_sheets", "is_supplement", "came_in", "back_in")),
)


def upgrade() -> None:
    release("manifest_lines")
    op.add_column("manifest_lines", sa.Column("papers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("manifest_lines", sa.Column("sealed_with", sa.String(length=24), nullable=True))
    here = op.get_bind()
    for packet in here.execute(sa.select(PACKETS).where(PACKETS.c.id.in_(sa.select(LINES.c.packet_id)))).all():
        own = LINES.c.packet_id == packet.id
        here.execute(sa.update(LINES).where(own).values(papers=_contents(here, packet)))
        if packet.seals:
            other = LINES.c.seal.is_not(None) & LINES.c.seal.not_in(packet.seals)
            here.execute(sa.update(LINES).where(own, other).values(sealed_with=packet.seals[0]))
    with op.batch_alter_table("manifest_lines") as batch:
        batch.alter_column("papers", server_default=None)
    protect("manifest_lines")


def _contents(here: sa.Connection, packet: Any) -> list[dict[str, Any]]:
    """As the record printed it until now."""
    if packet.kind == "result":
        listed = here.scalar(sa.select(DOSSIERS.c.result_papers).where(DOSSIERS.c.id == packet.dossier_id)) or []
        return [_row(one["name"], one["form"], 1, int(one["sheets"]), int(one["sheets"])) for one in listed]
    own = sa.select(PAPERS).where(PAPERS.c.dossier_id == packet.dossier_id).order_by(PAPERS.c.position)
    papers = here.execute(own).all()
    if packet.way == "out":
        going = [one for one in papers if one.back_in == packet.number]
        return [_row(one.name, one.form, one.copies, one.desk_sheets or 0, one.desk_sheets or 0) for one in going]
    return [
        _row(one.name, one.form, one.copies, _promised(packet, one), _counted(packet, one))
        for one in papers
        if _is_in(packet, one)
    ]


def _is_in(packet: Any, paper: Any) -> bool:
    if packet.kind == "transfer":
        return bool(paper.sent_sheets)
    if packet.kind == "supplement":
        return bool(paper.is_supplement) and (paper.came_in == packet.number or not paper.desk_sheets)
    return not paper.is_supplement


def _promised(packet: Any, paper: Any) -> int:
    return paper.sent_sheets or 0 if packet.kind == "transfer" else 0 if paper.is_missing else paper.sheets


def _counted(packet: Any, paper: Any) -> int | None:
    if packet.state != "OPENED":
        return None
    sent_on = packet.kind != "transfer" and paper.sent_sheets is not None
    return paper.sent_sheets if sent_on else paper.desk_sheets


def _row(name: str, form: str, copies: int, promised: int, counted: int | None) -> dict[str, Any]:
    return {"name": name, "form": form, "copies": copies, "promised": promised, "counted": counted}


def downgrade() -> None:
    release("manifest_lines")
    with op.batch_alter_table("manifest_lines") as batch:
        batch.drop_column("sealed_with")
        batch.drop_column("papers")
    protect("manifest_lines")
