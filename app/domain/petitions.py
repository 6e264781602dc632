"""Petitions: what a citizen asks about their own data, by when it is answered, and what came of it (Law 91/2025, Decree
356/2025).

The register holds kinds, days and words. What is granted is done by the verb that does it anyway: retention, or the path of
a changed number. A petition is a matter of the supervisors from the moment it is asked until the last word.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Instant, Model, choice, db
from app.domain import (
    audit,
    booking,
    calendar,
    custody,
    dossiers,
    outbox,
    packets,
    people,
    printing,
    retention,
    scope,
    tasks,
)
from app.domain.dossiers import Dossier
from app.domain.people import Act, User
from app.domain.tasks import TaskKind
from app.errors import Invalid, Missing, Refused

FIRST = 2  # working days to the first answer
OURS = 10  # days to the last one: our own line, whatever the law would allow
LONGEST = 1000
KEPT = (
    retention.CONTRACT
)  # an answered one stands in the register so long, its words only while the dossier names its citizen
SHOWN = 300  # of those that are answered


class Kind(StrEnum):
    COPY = "copy"  # on paper: on the screen nobody has to ask
    CORRECT = "correct"
    RESTRICT = "restrict"
    ERASE = "erase"
    OBJECT = "object"  # also who no longer agrees


LAW = {Kind.COPY: 10, Kind.CORRECT: 10, Kind.RESTRICT: 15, Kind.OBJECT: 15, Kind.ERASE: 20}  # days, at most
SAID = {Kind.CORRECT, Kind.OBJECT}  # nobody can act on these without words


class Channel(StrEnum):
    WEB = "web"  # at their own page, behind the code
    PAPER = "paper"
    PHONE = "phone"
    COUNTER = "counter"


class Petition(Model):
    __tablename__ = "petitions"
    __table_args__ = (
        sa.CheckConstraint("(answered_at IS NULL) = (granted IS NULL)", name="granted"),
        sa.CheckConstraint("(channel = 'web') = (entered_by_id IS NULL)", name="entered_by"),
        sa.Index("ix_petitions_open", "answered_at", "done_by"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id), index=True)
    kind: Mapped[Kind] = mapped_column(choice(Kind))
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    words: Mapped[str] = mapped_column(sa.String(LONGEST), doc="the citizen's, or as a colleague wrote them down")
    asked_at: Mapped[Instant]
    entered_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="NULL: the citizen, at their page")
    first_by: Mapped[date]
    done_by: Mapped[date]
    heard_at: Mapped[Instant | None] = mapped_column(doc="first answered by a person")
    heard: Mapped[str] = mapped_column(sa.String(LONGEST), default="", doc="the first answer")
    answered_at: Mapped[Instant | None]
    granted: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(sa.String(LONGEST), default="", doc="the last word")
    law: Mapped[str | None] = mapped_column(sa.String(24), doc="what stood against it: as `retention.why_kept`")
    answered_by_id: Mapped[str | None] = mapped_column(sa.ForeignKey(User.id), doc="of the newest answer")

    dossier: Mapped[Dossier] = relationship()
    entered_by: Mapped[User | None] = relationship(foreign_keys=[entered_by_id])
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])

    @property
    def due(self) -> date:
        """The day by whose end it wants its next answer."""
        return self.done_by if self.heard_at else min(self.first_by, self.done_by)


@dataclass(frozen=True)
class Facts:
    """What is right instead of what is noted; "" leaves it."""

    name: str = ""
    phone: str = ""
    street: str = ""


# ---- finding ----------------------------------------------------------------------------------------------------


def of(user: User) -> list[Petition]:
    """The register, as far as this person may see the dossiers: open ones first, by the day, then the newest answered."""
    seen = scope.dossiers(user).with_only_columns(Dossier.id)
    found = sa.select(Petition).where(Petition.dossier_id.in_(seen))
    open_ = list(db.session.scalars(found.where(Petition.answered_at.is_(None))))
    over = found.where(Petition.answered_at.is_not(None)).order_by(Petition.answered_at.desc(), Petition.id.desc())
    return sorted(open_, key=lambda one: (one.due, one.id)) + list(db.session.scalars(over.limit(SHOWN)))


def get(user: User, petition_id: int) -> Petition:
    """Raises Missing("petition_unknown"), whether it is about another office's dossier or there is none."""
    seen = scope.dossiers(user).with_only_columns(Dossier.id)
    found = db.session.scalar(sa.select(Petition).where(Petition.id == petition_id, Petition.dossier_id.in_(seen)))
    if found is None:
        raise Missing("petition_unknown")
    return found


def about(dossier: Dossier) -> list[Petition]:
    return list(db.session.scalars(sa.select(Petition).filter_by(dossier_id=dossier.id).order_by(Petition.id)))


def left(petition: Petition, at: datetime) -> int:
    """Days until it wants its next answer; below zero it is late."""
    return (petition.due - calendar.today(at)).days


# ---- its life ---------------------------------------------------------------------------------------------------


def ask(
    dossier: Dossier, kind: Kind, words: str, act: Act, channel: Channel = Channel.WEB, came_on: date | None = None
) -> Petition:
    """Put it down, tell the citizen by when it is answered, and make it a matter. `came_on`: the day a letter or call came,
    from which the days run. Told again while it is open, it is the same one.

    Raises Invalid: `petition_words`, `words_long`, `petition_day`; Refused: `petition_open`, `nothing_kept`.
    """
    words = _said(words, needed=kind in SAID)
    held = db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)
    if held.erased_at:
        raise Refused("nothing_kept", number=held.number)
    known = next((one for one in about(held) if one.kind is kind and one.answered_at is None), None)
    if known is not None and known.words != words:
        raise Refused("petition_open", day=known.due.isoformat())
    if known is not None:
        return known
    today = calendar.today(act.at)
    day = came_on or today
    if not calendar.today(held.booked_at) <= day <= today:
        raise Invalid("petition_day")
    petition = Petition(
        dossier_id=held.id, kind=kind, channel=channel, words=words, entered_by_id=act.user.id if act.user else None,
        asked_at=act.at if day == today else datetime.combine(day, time(12), calendar.HERE),
        first_by=calendar.working_days_after(day, FIRST)[-1], done_by=_done_by(day, kind),
    )  # fmt: skip
    db.session.add(petition)
    db.session.flush()
    _watch(held, act.at)
    dossiers.tell(held, "petition_asked", act.at, due_on=petition.done_by.isoformat())
    audit.note("petition_asked", held.number, act, petition=petition.id, kind=kind, channel=channel)
    return petition


def hear(petition: Petition, words: str, act: Act) -> None:
    """The first answer, where the last one takes longer. Raises Invalid: `petition_answer`, `words_long`; Refused:
    `petition_heard`, `petition_answered`."""
    words, held = _answer(words), _hold(petition)
    if held.heard_at is not None:
        if (held.heard, held.answered_by_id) == (words, act.by.id):
            return
        raise Refused("petition_heard")
    held.heard_at, held.heard, held.answered_by_id = act.at, words, act.by.id
    _watch(held.dossier, act.at)
    dossiers.tell(held.dossier, "petition_answered", act.at)
    audit.note("petition_heard", held.dossier.number, act, petition=held.id)


def answer(petition: Petition, granted: bool, words: str, act: Act, facts: Facts | None = None) -> None:
    """The last word, in writing; what is granted is done. `facts`: of what is to be corrected.

    Raises Invalid: `petition_answer`, `words_long`, and as those of `facts` are judged; Refused: `petition_answered`,
    `petition_others`, `petition_grantable` (nothing stands against it), or as `retention.restrict`, `retention.erase`.
    """
    words = _answer(words)
    custody.hold_all({one.code for one in packets.of_dossier(petition.dossier_id)})
    held = _hold(petition, said=(granted, words, act.by.id))
    if held.answered_at is not None:
        return
    dossier = db.session.get_one(Dossier, held.dossier_id, with_for_update=True, populate_existing=True)
    lets_go = held.kind in (Kind.RESTRICT, Kind.ERASE)
    if lets_go and any(one.answered_at is None for one in about(dossier) if one.id != held.id):
        raise Refused("petition_others", number=dossier.number)
    held.answered_at, held.granted, held.answer, held.answered_by_id = act.at, granted, words, act.by.id
    held.heard_at = held.heard_at or act.at
    db.session.flush()
    _watch(dossier, act.at)
    audit.note("petition_answered", dossier.number, act, petition=held.id, granted=granted)
    if lets_go and not granted:
        held.law = _stands_against(held, act.at)
        if held.law is None:
            raise Refused("petition_grantable")
    if held.kind is Kind.CORRECT and granted:
        _correct(dossier, facts or Facts(), act)
    who = dossier.citizen
    if held.kind is Kind.ERASE and granted:
        outbox.say(who.phone, "petition_erased", act.at, who.language, number=dossier.number)
        retention.erase(dossier, act)
        _let_words_go([dossier.id])
        return
    if held.kind is Kind.RESTRICT and granted and dossier.restricted_at is None:
        retention.restrict(dossier, act)
    dossiers.tell(dossier, "petition_answered", act.at)


def let_go(at: datetime) -> None:
    """What was asked and answered goes with the name of who asked; the rest of an answered one after KEPT."""
    erased = sa.select(Dossier.id).where(Dossier.erased_at.is_not(None))
    _let_words_go(list(db.session.scalars(erased.where(Dossier.id.in_(sa.select(Petition.dossier_id))))))
    old = sa.delete(Petition).where(Petition.answered_at <= at - KEPT)
    db.session.execute(old.execution_options(synchronize_session=False))


def _stands_against(petition: Petition, at: datetime) -> str | None:
    """What refuses it, where nobody may refuse without: as `retention.why_kept`."""
    why = retention.why_kept(petition.dossier, at)
    return None if petition.kind is Kind.RESTRICT and why == "contract_kept" else why


def _correct(dossier: Dossier, facts: Facts, act: Act) -> None:
    """What is noted of the citizen from now on; slips and papers that are signed stay as they are."""
    who, was = dossier.citizen, dossier.citizen.phone
    told = {"name": " ".join(facts.name.split()), "street": " ".join(facts.street.split())}
    checks = {"name": (booking.check_name, 120), "street": (booking.check_street, 200)}
    for field, text in told.items():
        check, limit = checks[field]
        if text and len(text) > limit:
            raise Invalid("text_long", limit=limit)
        if text:
            check(text)
            printing.check(text)
    told["phone"] = people.read_phone(facts.phone) if facts.phone.strip() else ""
    changed = [field for field, text in told.items() if text and getattr(who, field) != text]
    for field in changed:
        setattr(who, field, told[field])
    if "phone" in changed:
        booking.rebind(dossier, was, act)
    audit.note("corrected_person", dossier.number, act, changed=changed)
    db.session.flush()


def _watch(dossier: Dossier, at: datetime) -> None:
    """One matter for what is asked about a dossier, due with the first of it; none when all has its last word."""
    packet = packets.of_dossier(dossier.id)[0]
    open_ = sorted((one for one in about(dossier) if one.answered_at is None), key=lambda one: (one.due, one.id))
    if not open_:
        tasks.lower(TaskKind.PETITION, at, packet=packet, outcome="petition_answered")
        return
    ends = calendar.counted(open_[0].due, calendar.USUAL)[-1][1]
    task = tasks.raise_(TaskKind.PETITION, at, packet=packet, due=ends, petition=open_[0].id)
    task.due, task.take_by = ends, min(task.take_by, ends)


def _done_by(day: date, kind: Kind) -> date:
    """The last of the days, or the working day after it (Bộ luật Dân sự Đ148)."""
    last = day + timedelta(days=min(OURS, LAW[kind]))
    return next(one for one, works in calendar.coming(last) if works)


def _hold(petition: Petition, said: tuple[bool, str, str] | None = None) -> Petition:
    """As it is now, nobody else's meanwhile. Raises Refused("petition_answered"), unless this very thing was `said`."""
    held = db.session.get_one(Petition, petition.id, with_for_update=True, populate_existing=True)
    if held.answered_at is not None and (held.granted, held.answer, held.answered_by_id) != said:
        raise Refused("petition_answered")
    return held


def _let_words_go(ids: Collection[int]) -> None:
    gone = sa.update(Petition).where(Petition.dossier_id.in_(ids), Petition.answered_at.is_not(None))
    nothing = {"words": "", "heard": "", "answer": retention.GONE}
    db.session.execute(gone.values(**nothing).execution_options(synchronize_session=False))


def _said(words: str, *, needed: bool) -> str:
    words = " ".join(words.split())
    if needed and not words:
        raise Invalid("petition_words")
    if len(words) > LONGEST:
        raise Invalid("words_long", limit=LONGEST)
    return words


def _answer(words: str) -> str:
    words = _said(words, needed=False)
    if not words:
        raise Invalid("petition_answer")
    return words
