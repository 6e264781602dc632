"""Reading: rows of a long ledger as they stand in their cells, a few thousand at a time, and a report of what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import UtcDateTime
from app.domain.findings import Fault, Report
from app.errors import Invalid

BATCH = 5_000  # rows fetched at once, and how often progress is told
INSTANT = 26  # characters
UNREADABLE = (TypeError, AttributeError, ValueError, LookupError, Invalid)  # what a cell of the wrong kind leads to

Row = Any


@dataclass(frozen=True)
class Reading:
    """One connection, one report, and whoever is told how many rows were read."""

    connection: sa.Connection
    tell: Callable[[int], None]
    report: Report

    def __post_init__(self) -> None:
        if not self.on_sqlite:
            self.connection.exec_driver_sql("SET LOCAL datestyle TO ISO")
            self.connection.exec_driver_sql("SET LOCAL jit TO off")  # compiling takes longer than it saves

    @property
    def on_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def rows(self, query: Any, counted: bool = False) -> Iterator[Row]:
        """Rows as the driver makes them, which halves the time of an inspection; `counted` ones are told as progress."""
        cursor = self._cursor(query)
        while rows := cursor.fetchmany(BATCH):
            yield from rows
            if counted:
                self.tell(len(rows))
        cursor.close()

    def _cursor(self, query: Any) -> Any:
        if self.on_sqlite:
            return self.connection.execute(query).cursor
        text = query.compile(self.connection, compile_kwargs={"literal_binds": True})
        driver: Any = self.connection.connection.driver_connection
        return driver.cursor(f"reading_{id(query)}", binary=True).execute(str(text), ())

    def raw(self, *columns: Any) -> Any:
        """A query for columns as the driver gives them: no type of ours smooths over what is written in a cell."""
        return sa.select(*(sa.type_coerce(self._spelled(column), sa.types.NULLTYPE) for column in columns))

    def _spelled(self, column: Any) -> Any:
        """An instant as text: on SQLite the very cell."""
        if self.on_sqlite or not isinstance(column.type, UtcDateTime):
            return column
        return sa.cast(column, sa.Text)

    def instant(self, cell: Any) -> Any:
        """`2026-11-23 02:00:00.000000`, of which PostgreSQL leaves away the zeros at the end."""
        if self.on_sqlite or len(cell) == INSTANT:
            return cell
        return (cell if "." in cell else cell + ".").ljust(INSTANT, "0")

    def of_log(self, where: str, what: str) -> None:
        self.report.found(Fault(None, where, what))

    def of_line(self, number: Any, seq: int, what: str) -> None:
        self.report.found(Fault(str(number), f"line {seq}", what, seq))


def only(column: Any, value: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if value is None else column == value
