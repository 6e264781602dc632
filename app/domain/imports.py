"""Imports: a sheet of procedures that was read and waits. Nothing of it holds before somebody has seen what it changes.

What is confirmed is what was seen: where the catalogue has moved on since, it is looked at once more. All or nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, db
from app.domain import audit, editions, procedures
from app.domain.editions import Change
from app.domain.people import Act, User
from app.domain.procedures import Edition
from app.errors import Missing, Refused

LIFE = timedelta(hours=24)


class Import(Model):
    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, doc="code and what it says, in the order of the sheet")
    at: Mapped[Instant] = mapped_column(index=True)
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))


class Fate(StrEnum):
    """What a sheet does to one procedure."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class Planned:
    code: str
    edition: Edition
    version: int  # the one it follows; 0 when it is new
    fate: Fate
    changes: list[Change]


@dataclass(frozen=True)
class Plan:
    rows: list[Planned]
    digest: str  # of what is followed and what becomes of it: the same when the same would be shown again

    def of(self, fate: Fate) -> list[Planned]:
        return [row for row in self.rows if row.fate is fate]


def take(rows: Iterable[tuple[str, Edition]], act: Act) -> Import:
    """Keep what a sheet says for a day. Those past theirs go."""
    db.session.execute(sa.delete(Import).where(Import.at <= act.at - LIFE))
    said = [{"code": code, "said": editions.write(edition)} for code, edition in rows]
    made = Import(rows=said, at=act.at, by_id=act.by.id)
    db.session.add(made)
    db.session.flush()
    return made


def get(import_id: int, user: User) -> Import:
    """One's own. Raises Missing("import_unknown")."""
    found = db.session.get(Import, import_id)
    if found is None or found.by_id != user.id:
        raise Missing("import_unknown")
    return found


def plan(found: Import) -> Plan:
    """What it would do to the catalogue as it is now."""
    said = [(row["code"], editions.read(row["said"])) for row in found.rows]
    known = procedures.latest_of({code for code, _ in said})
    rows = [_planned(code, edition, known.get(code)) for code, edition in said]
    facts = "\n".join(f"{row.code} {row.version} {row.fate}" for row in rows)
    return Plan(rows, hashlib.sha256(facts.encode()).hexdigest()[:32])


def _planned(code: str, edition: Edition, last: procedures.Procedure | None) -> Planned:
    was = procedures.says(last) if last else None
    fate = Fate.ADDED if was is None else Fate.SAME if was == edition else Fate.CHANGED
    changed = [] if fate is Fate.SAME else editions.changes(was, edition)
    return Planned(code, edition, last.version if last else 0, fate, changed)


def confirm(import_id: int, digest: str, decision: str, day: date, act: Act) -> int:
    """Every added or changed procedure gets its version, in force from `day`; how many they are.

    Raises Missing("import_unknown"); Refused: `import_moved_on`, `import_nothing`, and as `editions.issue`.
    """
    found = get(import_id, act.by)
    planned = plan(found)
    if planned.digest != digest:
        raise Refused("import_moved_on")
    wanted = [row for row in planned.rows if row.fate is not Fate.SAME]
    if not wanted:
        raise Refused("import_nothing")
    for row in wanted:
        editions.issue(row.code, row.edition, decision, day, act)
    db.session.delete(found)
    audit.note("import_confirmed", str(import_id), act, versions=len(wanted), same=len(planned.rows) - len(wanted))
    return len(wanted)
