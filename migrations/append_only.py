"""What is only ever added: the database itself refuses to change or remove a row, whoever asks.

Migrations call `protect` when they make such a table, and `release` before they rebuild one.
"""

from alembic import op


def protect(*tables: str) -> None:
    """Nobody, the owner included, updates, deletes or truncates these by mistake."""
    for table in tables:
        if _on_sqlite():
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            continue
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def release(*tables: str) -> None:
    for table in tables:
        names = ("no_update", "no_delete") if _on_sqlite() else ("no_change", "no_truncate")
        for name in names:
            op.execute(f"DROP TRIGGER {table}_{name}" + ("" if _on_sqlite() else f" ON {table}"))


def _on_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")
