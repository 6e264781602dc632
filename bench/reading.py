"""Reading: the tracking page's queries over years of scans, against a tenth of them.

The page's own statements are caught once for each dossier asked for, then timed straight against the driver, so that
the time of the mapping does not hide a query that grows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import sqlalchemy as sa

from app.config import Settings
from app.db import db, now
from app.domain import dossiers, tracking
from bench.ground import opened
from bench.years import Years

Asked = list[tuple[str, Any]]


@dataclass
class Pages:
    """One database, the links of some dossiers in it, and what the page asks for each."""

    settings: Settings
    url: str
    links: list[str]
    asked: list[Asked]
    page: float  # seconds for a whole page by way of the mapping, median

    def queries(self) -> float:
        """Seconds for all queries of one page, median over the dossiers."""
        engine = sa.create_engine(self.url)
        try:
            connection = engine.raw_connection()
            cursor = connection.cursor()
            times = [_time(partial(_ask, cursor, asked)) for asked in self.asked]
            connection.rollback()
        finally:
            engine.dispose()
        return median(times)


def pages(settings: Settings, years: Years, count: int) -> Pages:
    links = years.secrets(count)
    asked: list[Asked] = []
    with opened(settings, years.url):
        sa.event.listen(
            db.engine, "before_cursor_execute",
            lambda _c, _cursor, statement, values, _context, _many: asked[-1].append((statement, values)),
        )  # fmt: skip
        times = []
        for link in links:
            asked.append([])
            times.append(_time(partial(_show, link)))
            db.session.remove()
    return Pages(
        settings,
        years.url,
        links,
        [[one for one in each if one[0].startswith("SELECT")] for each in asked],
        median(times),
    )


def _show(link: str) -> None:
    tracking.story(dossiers.by_secret(link), now())


def _ask(cursor: Any, asked: Asked) -> None:
    for statement, values in asked:
        cursor.execute(statement, values)
        cursor.fetchall()


def _time(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
