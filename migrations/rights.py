"""Who may do what in PostgreSQL, when the web processes enter as another role than the tables' owner.

What is only added to may be read and added to, everything else also changed; nothing may be emptied, altered or owned.
Given anew after every upgrade: a table that came with it has its rights, a right that somebody lent by hand is gone.
"""

import sqlalchemy as sa

ADDED_TO = "SELECT, INSERT"
CHANGED = "SELECT, INSERT, UPDATE, DELETE"
READ = "SELECT"

# A table is only added to when `protect` has said so: its trigger is the one list of them.
TABLES = sa.text(
    "SELECT relname, EXISTS (SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
    " WHERE tgrelid = pg_class.oid AND proname = 'refuse_change') "
    "FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' ORDER BY relname"
)
SEQUENCES = sa.text(
    "SELECT serial.relname FROM pg_class serial JOIN pg_depend ON objid = serial.oid AND deptype IN ('a', 'i') "
    "JOIN pg_class held ON held.oid = refobjid WHERE serial.relkind = 'S' AND held.relname = ANY(:tables)"
    " AND held.relnamespace = current_schema()::regnamespace"
)
WRONG = {  # a role with one of these could do what was never granted to it
    "owns the tables": "SELECT pg_has_role(:role, current_user, 'MEMBER')",
    "may create tables": "SELECT has_schema_privilege(:role, current_schema(), 'CREATE')",
}


def check(connection: sa.Connection, role: str) -> None:
    """Refuse a role that has more than will be given to it."""
    if not connection.scalar(sa.text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": role}):
        raise RuntimeError(f"DATABASE_URL enters as {role}, and there is no such role: CREATE ROLE {role} LOGIN")
    for wrong, question in WRONG.items():
        if connection.scalar(sa.text(question), {"role": role}):
            raise RuntimeError(f"DATABASE_URL enters as {role}, who {wrong}: give it a role of its own that does not")


def give(connection: sa.Connection, role: str, ours: set[str]) -> None:
    """`role` gets its rights on `ours`, those tables of them that exist, and on the migrations' own mark."""
    quote = connection.dialect.identifier_preparer.quote
    wanted = {
        name: READ if name == "alembic_version" else ADDED_TO if is_added_to else CHANGED
        for name, is_added_to in connection.execute(TABLES)
        if name in {*ours, "alembic_version"}
    }
    for name, rights in wanted.items():
        connection.execute(sa.text(f"REVOKE ALL ON {quote(name)} FROM {quote(role)}, PUBLIC"))
        connection.execute(sa.text(f"GRANT {rights} ON {quote(name)} TO {quote(role)}"))
    for name in connection.scalars(SEQUENCES, {"tables": list(wanted)}).all():
        connection.execute(sa.text(f"REVOKE ALL ON SEQUENCE {quote(name)} FROM {quote(role)}, PUBLIC"))
        connection.execute(sa.text(f"GRANT USAGE ON SEQUENCE {quote(name)} TO {quote(role)}"))
