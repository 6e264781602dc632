"""Leaves of the log are 0, 1, 2 … without a gap: the database refuses any other."""

from alembic import op

revision = "0013"
down_revision = "0012"

GAP = "NEW.n <> 0 AND NOT EXISTS (SELECT 1 FROM leaves WHERE n = NEW.n - 1)"


def upgrade() -> None:
    if _on_sqlite():
        op.execute(
            f"CREATE TRIGGER leaves_no_gap BEFORE INSERT ON leaves WHEN {GAP} "
            "BEGIN SELECT RAISE(ABORT, 'leaves have no gap'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION refuse_gap_in_leaves() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {GAP} THEN "
        "RAISE EXCEPTION 'leaves have no gap' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER leaves_no_gap BEFORE INSERT ON leaves FOR EACH ROW EXECUTE FUNCTION refuse_gap_in_leaves()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER leaves_no_gap" + ("" if _on_sqlite() else " ON leaves"))
    if not _on_sqlite():
        op.execute("DROP FUNCTION refuse_gap_in_leaves()")


def _on_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")
