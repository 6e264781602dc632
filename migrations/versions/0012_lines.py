"""Lines of a packet are 1, 2, 3 … without a gap: the database refuses any other."""

from alembic import op

revision = "0012"
down_revision = "0011"

GAP = "NEW.seq <> 1 AND NOT EXISTS (SELECT 1 FROM handoffs WHERE packet_id = NEW.packet_id AND seq = NEW.seq - 1)"


def upgrade() -> None:
    if _on_sqlite():
        op.execute(
            f"CREATE TRIGGER handoffs_no_gap BEFORE INSERT ON handoffs WHEN {GAP} "
            "BEGIN SELECT RAISE(ABORT, 'handoffs have no gap'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {GAP} THEN "
        "RAISE EXCEPTION 'handoffs have no gap' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER handoffs_no_gap BEFORE INSERT ON handoffs FOR EACH ROW EXECUTE FUNCTION refuse_gap()")


def downgrade() -> None:
    op.execute("DROP TRIGGER handoffs_no_gap" + ("" if _on_sqlite() else " ON handoffs"))
    if not _on_sqlite():
        op.execute("DROP FUNCTION refuse_gap()")


def _on_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")
