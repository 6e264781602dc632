"""Editions: how the catalogue of procedures changes. A draft, what it would change, the decision that publishes it.

Nothing of a draft holds before it is published with the number of a decision and its first day, today at the earliest.
What was decided about a version is only ever added to: published, withdrawn before its first day, ended.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import audit, calendar, procedures
from app.domain.calendar import Rule
from app.domain.people import Act, User
from app.domain.places import fold
from app.domain.procedures import CODE, Carriage, Content, Edition, Line, PaperForm, Procedure
from app.errors import Invalid, Missing, Refused

DECISION = re.compile(r"\d+[\w./\-]*/[\w./\-]+")  # 1023/QĐ-UBND, 45/2016/QĐ-TTg
LONGEST = 120  # letters of a decision's number


class Draft(Model):
    """One a procedure, whoever works at it; `turn` counts how often it was kept, so that nobody writes over another."""

    __tablename__ = "procedure_drafts"

    code: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    said: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    based_on: Mapped[int] = mapped_column(doc="the newest version when it was begun; 0 for a new procedure")
    turn: Mapped[int] = mapped_column(default=1)
    at: Mapped[Instant]
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))

    by: Mapped[User] = relationship()

    @property
    def edition(self) -> Edition:
        return read(self.said)


class Word(StrEnum):
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"  # before its first day
    ENDED = "ended"  # the procedure is done away with


class Decree(Model):
    """What was decided about a version, by which decision. Versions from before, loaded from a file, have none."""

    __tablename__ = "decrees"

    id: Mapped[int] = mapped_column(primary_key=True)
    procedure_id: Mapped[int] = mapped_column(sa.ForeignKey(Procedure.id), index=True)
    word: Mapped[Word] = mapped_column(choice(Word))
    decision: Mapped[str] = mapped_column(sa.String(LONGEST))
    day: Mapped[date] = mapped_column(doc="published: the first day in force; withdrawn, ended: the last, if any")
    at: Mapped[Instant]
    by_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id))

    by: Mapped[User] = relationship()


class Standing(StrEnum):
    """What a version is on a day."""

    IN_FORCE = "in_force"
    TO_COME = "to_come"
    PAST = "past"
    NEVER = "never"  # withdrawn, or replaced before its first day


def standing(procedure: Procedure, day: date) -> Standing:
    if not procedure.was_in_force:
        return Standing.NEVER
    if procedure.valid_from > day:
        return Standing.TO_COME
    return Standing.IN_FORCE if procedure.valid_to is None or procedure.valid_to >= day else Standing.PAST


# ---- to and from what is kept ----------------------------------------------------------------------------------------


def write(edition: Edition) -> dict[str, Any]:
    """As JSON; `read` gives the same edition back."""
    return asdict(edition)


def read(said: dict[str, Any]) -> Edition:
    content = said["content"]
    return Edition(
        Content(**content | {"clock": Rule(content["clock"])}),
        tuple(Line(**line | {"form": PaperForm(line["form"])}) for line in said["lines"]),
        tuple(Carriage(**one) for one in said["provinces"]),
        said["synonyms"],
    )


# ---- the list --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """One procedure of the list: the version to show, what it is today, what waits."""

    procedure: Procedure
    standing: Standing
    to_come: Procedure | None
    has_draft: bool


def listed(text: str, day: date) -> list[Listed]:
    """Every procedure whose words hold every word of `text`: the version in force, else the next one, else the last."""
    by_code: dict[str, list[Procedure]] = {}
    for one in db.session.scalars(sa.select(Procedure).order_by(Procedure.code, Procedure.version)):
        by_code.setdefault(one.code, []).append(one)
    drafts, asked = set(db.session.scalars(sa.select(Draft.code))), fold(text[:100]).split()
    found = []
    for code, known in by_code.items():
        ranks = {Standing.IN_FORCE: 0, Standing.TO_COME: 1, Standing.PAST: 2, Standing.NEVER: 3}
        chosen = min(reversed(known), key=lambda one: ranks[standing(one, day)])
        coming = [one for one in known if standing(one, day) is Standing.TO_COME and one is not chosen]
        if all(word in chosen.words for word in asked):
            found.append(Listed(chosen, standing(chosen, day), coming[-1] if coming else None, code in drafts))
    return sorted(found, key=lambda one: (fold(one.procedure.field), fold(one.procedure.title)))


def whole(day: date) -> list[tuple[str, Edition]]:
    """What a sheet holds: every procedure that is in force or to come, as its latest version says it."""
    known = procedures.latest_of(set(db.session.scalars(sa.select(Procedure.code))))
    living = [one for one in known.values() if standing(one, day) in (Standing.IN_FORCE, Standing.TO_COME)]
    return [(one.code, procedures.says(one)) for one in sorted(living, key=lambda one: one.code)]


def unpublished() -> list[Draft]:
    """Drafts of procedures that have no version yet."""
    known = sa.exists().where(Procedure.code == Draft.code)
    return list(db.session.scalars(sa.select(Draft).where(~known).order_by(Draft.code)))


def history(code: str) -> list[tuple[Procedure, list[Decree]]]:
    """Every version, newest first, with what was decided about it, oldest first. Raises Missing("procedure_unknown")."""
    known = procedures.versions(code)
    if not known and draft_of(code) is None:
        raise Missing("procedure_unknown")
    rows = sa.select(Decree).where(Decree.procedure_id.in_(one.id for one in known)).order_by(Decree.id)
    decrees = list(db.session.scalars(rows))
    return [(one, [decree for decree in decrees if decree.procedure_id == one.id]) for one in known]


def version(code: str, number: int) -> tuple[Procedure, list[Decree]]:
    """Raises Missing("procedure_unknown")."""
    for found, decrees in history(code):
        if found.version == number:
            return found, decrees
    raise Missing("procedure_unknown")


# ---- a draft ---------------------------------------------------------------------------------------------------------


def draft_of(code: str) -> Draft | None:
    return db.session.get(Draft, code)


def beginning(code: str) -> Edition | None:
    """What a new draft begins with: what the latest version says, or nothing. Raises Invalid("procedure_code")."""
    if not CODE.fullmatch(code):
        raise Invalid("procedure_code", code=code)
    last = procedures.latest(code) or next(iter(procedures.versions(code)), None)
    return procedures.says(last) if last else None


def keep(code: str, edition: Edition, turn: int, act: Act) -> Draft:
    """Write the draft down. `turn` is that of the draft which the page showed, 0 when there was none.

    Raises Invalid as `procedures.check`; Refused("draft_changed") when somebody else has kept it meanwhile.
    """
    procedures.check(code, edition)
    known = db.session.get(Draft, code, with_for_update=True, populate_existing=True)
    if turn != (known.turn if known else 0):
        raise Refused("draft_changed")
    written = {"said": write(edition), "turn": turn + 1, "at": act.at, "by_id": act.by.id}
    if known is None:
        known = Draft(code=code, based_on=procedures.newest_number(code), **written)
        db.session.add(known)
    for name, value in written.items():
        setattr(known, name, value)
    db.session.flush()
    audit.note("draft_kept", code, act, turn=known.turn)
    return known


def discard(code: str, act: Act) -> None:
    found = draft(code, is_held=True)
    db.session.delete(found)
    audit.note("draft_discarded", code, act, turn=found.turn)


def draft(code: str, *, is_held: bool = False) -> Draft:
    """Nobody else changes one that is held until the transaction ends. Raises Missing("draft_unknown")."""
    found = db.session.get(Draft, code, with_for_update=is_held or None, populate_existing=is_held)
    if found is None:
        raise Missing("draft_unknown")
    return found


# ---- what would change -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One difference. `where` is "content", "paper" or "province"; `name` the field, the paper or the province.

    `was` None: it is added; `now` None: it goes. Of a paper or a province that stays, one change for each `part` of it.
    """

    where: str
    name: str
    was: Any
    now: Any
    part: str = ""


def changes(was: Edition | None, now: Edition) -> list[Change]:
    """What differs, in the order of the page; the whole of it when there was nothing."""
    return [*_of_content(was, now), *_of_papers(was, now), *_of_provinces(was, now)]


def _of_content(was: Edition | None, now: Edition) -> Iterator[Change]:
    said = {f.name: getattr(now.content, f.name) for f in fields(Content)} | {"synonyms": now.synonyms}
    for name, value in said.items():
        before = None if was is None else was.synonyms if name == "synonyms" else getattr(was.content, name)
        if value != before and (was is not None or value not in ("", False)):
            yield Change("content", name, before, value)


def _of_papers(was: Edition | None, now: Edition) -> Iterator[Change]:
    yield from _of_rows("paper", _by_name(was.lines if was else ()), _by_name(now.lines))


def _of_provinces(was: Edition | None, now: Edition) -> Iterator[Change]:
    before, after = ({one.province: one for one in each.provinces} if each else {} for each in (was, now))
    yield from _of_rows("province", before, after)


def _by_name(lines: Collection[Line]) -> dict[str, Line]:
    """A name that stands there twice is told apart by its count."""
    seen: Counter[str] = Counter()
    named = {}
    for line in lines:
        seen[line.name] += 1
        named[line.name if seen[line.name] == 1 else f"{line.name} ({seen[line.name]})"] = line
    return named


def _of_rows(where: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    """Rows that went, came or say something else; and one line for an order that is another."""
    for name in (name for name in was if name not in now):
        yield Change(where, name, was[name], None)
    for name, row in now.items():
        if name not in was:
            yield Change(where, name, None, row)
            continue
        for field in fields(row):
            before, after = getattr(was[name], field.name), getattr(row, field.name)
            if before != after:
                yield Change(where, name, before, after, field.name)
    stayed = [name for name in was if name in now], [name for name in now if name in was]
    if stayed[0] != stayed[1]:
        yield Change(where, "", " · ".join(stayed[0]), " · ".join(stayed[1]), "order")


# ---- publish, withdraw, end ------------------------------------------------------------------------------------------


def publish(code: str, decision: str, day: date, turn: int, act: Act) -> Procedure:
    """The draft becomes the next version, in force from `day`; what is booked keeps its own.

    Raises Invalid: `decision_form`, `day_past`; Refused: `draft_changed` (not the draft that was looked at),
    `draft_behind` (a version was published since it was begun), `draft_same`, `procedure_overlaps`.
    """
    held = draft(code, is_held=True)
    if held.turn != turn:
        raise Refused("draft_changed")
    if held.based_on != procedures.newest_number(code):
        raise Refused("draft_behind")
    made = issue(code, held.edition, decision, day, act)
    if made is None:
        raise Refused("draft_same")
    db.session.delete(held)
    return made


def issue(code: str, edition: Edition, decision: str, day: date, act: Act) -> Procedure | None:
    """A version by decision; None when the latest says the same. Raises as `publish` does of decision and days."""
    decision = read_decision(decision)
    if day < calendar.today(act.at):
        raise Invalid("day_past")
    made = procedures.publish(code, edition, day, calendar.today(act.at))
    if made is not None:
        _decree(made, Word.PUBLISHED, decision, day, act)
    return made


def withdraw(code: str, decision: str, act: Act) -> None:
    """The version that is still to come never comes in force; the one before it goes on, unless it was ended.

    Raises Invalid("decision_form"), Refused("procedure_begun").
    """
    decision, known = read_decision(decision), [one for one in _versions(code) if one.was_in_force]
    last = known[0] if known else None
    if last is None or last.valid_from <= calendar.today(act.at):
        raise Refused("procedure_begun")
    eve = last.valid_from - timedelta(days=1)
    last.valid_to = eve
    if len(known) > 1 and known[1].valid_to == eve:
        known[1].valid_to = _ended_on(known[1])
    _decree(last, Word.WITHDRAWN, decision, eve, act)


def end(code: str, decision: str, day: date, act: Act) -> None:
    """`day` is the last on which it can be booked; what is booked goes on.

    Raises Invalid: `decision_form`, `day_past`; Refused: `procedure_to_come` (withdraw what is to come first), `procedure_over`.
    """
    decision, today = read_decision(decision), calendar.today(act.at)
    if day < today:
        raise Invalid("day_past")
    last = next((one for one in _versions(code) if one.was_in_force), None)
    if last is None or (last.valid_to is not None and last.valid_to < today):
        raise Refused("procedure_over")
    if last.valid_from > today:
        raise Refused("procedure_to_come")
    last.valid_to = day
    _decree(last, Word.ENDED, decision, day, act)


def read_decision(text: str) -> str:
    """The number of a decision, e.g. "1023/QĐ-UBND". Raises Invalid("decision_form")."""
    said = " ".join(text.split())
    if len(said) > LONGEST or not DECISION.search(said):
        raise Invalid("decision_form")
    return said


def _versions(code: str) -> list[Procedure]:
    """Held until the end of the transaction, so that two who decide at once see each other."""
    rows = sa.select(Procedure).filter_by(code=code).order_by(Procedure.version.desc())
    return list(db.session.scalars(rows.with_for_update().execution_options(populate_existing=True)))


def _ended_on(procedure: Procedure) -> date | None:
    """The last day a decision gave it, whatever came after it."""
    said = sa.select(Decree.day).where(Decree.procedure_id == procedure.id, Decree.word == Word.ENDED)
    return db.session.scalar(said.order_by(Decree.id.desc()).limit(1))


def _decree(procedure: Procedure, word: Word, decision: str, day: date, act: Act) -> None:
    db.session.add(Decree(procedure_id=procedure.id, word=word, decision=decision, day=day, at=act.at, by_id=act.by.id))
    db.session.flush()
    audit.note(f"procedure_{word}", procedure.code, act, version=procedure.version, decision=decision, day=day.isoformat())  # fmt: skip
