"""Queues: what waits for whom at a ward desk and at a post office, and the one act a packet is ready for there.

Every queue starts from the scope of the person who looks; a packet's next act follows from states alone. A dossier stands on
one list, and where its time runs short on that of the overdue or the soon due too, whatever else it waits for.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, selectinload

from app.db import db
from app.domain import calendar, closing, counter, dossiers, fees, happenings, packets, scope, shelf
from app.domain.cases import AT_WORK, GOING_HOME, RUNNING, CaseState
from app.domain.decisions import to_return
from app.domain.dossiers import Dossier, Paper, ReturnWay
from app.domain.happenings import Holder
from app.domain.ledger import Handoff, LineKind
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import User
from app.domain.places import Office
from app.domain.results import result_of
from app.domain.shelf import Word
from app.domain.visits import OPEN, Visit

Queue = Callable[..., sa.Select[Any]]  # of a person, now; narrowed by further rules, at a desk on dossiers
MOST = 200  # rows of one page of a list
COUNTED = 1000  # what a list's count says at most: more than that is "many", and costs no more to say
SOON = 2  # working days: what is due within them is due soon
WITH = (
    selectinload(Packet.dossier).selectinload(Dossier.citizen),
    selectinload(Packet.dossier).selectinload(Dossier.procedure),
)
OTHER = aliased(Packet)
AWAY = sa.exists().where(OTHER.dossier_id == Dossier.id, OTHER.way == Way.BETWEEN, OTHER.state.not_in(packets.ENDED))
RESULT = aliased(Packet)
SENT = sa.exists().where(RESULT.dossier_id == Dossier.id, RESULT.kind == Kind.RESULT, RESULT.state != State.WRITTEN_OFF)


@dataclass(frozen=True)
class After:
    """Where a page of a list ended, and the next goes on, whatever has left the list meanwhile.

    `id` of the dossier in a pile, whose `urgency` comes before it; of the packet in any other list.
    """

    id: int
    urgency: datetime | None = None  # of a day, its first moment

    def __str__(self) -> str:
        return f"{self.urgency.isoformat()}_{self.id}" if self.urgency else str(self.id)

    @classmethod
    def read(cls, text: str) -> "After | None":
        """None where the text is none of ours."""
        if (found := re.fullmatch(r"(?:(20[0-9T:.+-]{8,38})_)?([0-9]{1,9})", text)) is None:
            return None
        try:
            urgency = datetime.fromisoformat(found[1]) if found[1] else None
        except ValueError:
            return None
        return cls(int(found[2]), urgency and (urgency if urgency.tzinfo else urgency.replace(tzinfo=UTC)))

    def __clause_element__(self) -> sa.ColumnElement[bool]:
        return Packet.id > self.id

    def in_pile(self, by: Any) -> sa.ColumnElement[bool]:
        """What follows in the order of `by`: where it is not said the database says whether that comes first or last."""
        none_first = db.engine.dialect.name == "sqlite"
        if self.urgency is None:
            rest = sa.and_(by.is_(None), Dossier.id > self.id)
            return sa.or_(rest, by.is_not(None)) if none_first else rest
        here = self.urgency.date() if isinstance(by.type, sa.Date) else self.urgency
        rest = sa.and_(by >= here, sa.or_(by > here, Dossier.id > self.id))
        return rest if none_first else sa.or_(rest, by.is_(None))


RULE = sa.ColumnElement[bool] | After


def _pile(user: User, states: Iterable[CaseState], *rules: RULE, by: Any = Dossier.due_on) -> sa.Select[Any]:
    """Dossiers of the desk in these states, the most urgent first, each by the packet that brought it.

    One walk along the index for each state, ended early: the pile may be a hundred times as high, the list costs the same.
    """
    rules = tuple(rule.in_pile(by) if isinstance(rule, After) else rule for rule in rules)
    walks = [
        sa.select(Dossier.id, by.label("urgency"))
        .where(Dossier.desk_id == user.office_id, Dossier.state == state, ~AWAY, *rules)
        .order_by(by, Dossier.id)
        .limit(COUNTED)
        .subquery()
        for state in sorted(states)
    ]
    pile = sa.union_all(*(sa.select(walk) for walk in walks)).subquery()
    brought = sa.select(Packet, pile.c.urgency).select_from(Packet).join(Dossier).join(pile, pile.c.id == Dossier.id)
    brought = brought.where(Packet.kind == Kind.SUBMISSION, Packet.state != State.WAITING)
    return brought.order_by(pile.c.urgency, pile.c.id, Packet.id)


def _case(*states: CaseState) -> Queue:
    return lambda user, at, *also: _pile(user, states, *also)


def _decided_by(user: User, at: datetime, *also: RULE, is_late: bool) -> sa.Select[Any]:
    """To decide: what came before 15:00 the same working day, what came later by the next (NĐ 61/2018 Đ18.2)."""
    ends = calendar.cut(at)
    late = Dossier.counted_from >= ends if is_late else Dossier.counted_from < ends
    return _pile(user, (CaseState.SUBMITTED, CaseState.STOP_REQUESTED), late, *also, by=Dossier.counted_from)


def _running(user: User, *rules: RULE) -> sa.Select[Any]:
    return _pile(user, RUNNING, Dossier.supplement_by.is_(None), *rules)


def _is_late(at: datetime) -> sa.ColumnElement[bool]:
    """By the day promised, and the hour where the receipt names one: as `figures` counts a result."""
    here = calendar.local(at)
    by_hour = sa.or_(Dossier.due_on < here.date(), Dossier.due_time < here.time())
    return sa.and_(Dossier.due_on <= here.date(), by_hour)  # the index is read so far and no further


def _is_soon(at: datetime) -> RULE:
    hour_left = sa.or_(Dossier.due_on > calendar.today(at), Dossier.due_time.is_(None), ~_is_late(at))
    return sa.and_(Dossier.due_on.between(calendar.today(at), _soon(at)), hour_left)


def _soon(at: datetime) -> date:
    return calendar.working_days_after(calendar.today(at), SOON)[-1]


OWN = (Paper.dossier_id == Dossier.id, Paper.lost_in.is_(None))
MUST_GO_HOME = sa.or_(Paper.returned, Dossier.state.in_(GOING_HOME))


def _papers_to_send(user: User, at: datetime, *also: RULE) -> sa.Select[Any]:
    """What goes home by itself and is not packed yet: all where there is no result, originals when the result has gone."""
    inside = sa.exists().where(*OWN, MUST_GO_HOME, Paper.desk_sheets > 0, Paper.back_in.is_(None))
    return _pile(
        user,
        (*GOING_HOME, CaseState.RESULT_READY),
        inside,
        sa.or_(Dossier.state != CaseState.RESULT_READY, SENT),
        *also,
    )


def _gone(user: User, at: datetime, *also: RULE) -> sa.Select[Any]:
    """A paper that must go home was not in the bag, or in a bag that is lost: the case waits for an incident file."""
    bag = aliased(Packet)
    lost = sa.exists().where(bag.number == Paper.back_in, bag.state.in_(closing.GONE))
    unseen = sa.and_(Paper.desk_sheets == 0, ~Paper.is_missing, Paper.back_in.is_(None))
    nowhere = sa.exists().where(*OWN, MUST_GO_HOME, Paper.home_at.is_(None), sa.or_(unseen, lost))
    return _pile(user, (*GOING_HOME, CaseState.RESULT_READY), nowhere, *also)


def _to_send(user: User, at: datetime, *also: RULE) -> sa.Select[Any]:
    return _pile(user, (CaseState.RESULT_READY,), ~SENT, *also)


def _unsaid(user: User, at: datetime, *also: RULE) -> sa.Select[Any]:
    """Opened with a list that still wants the courier's word."""
    opened = aliased(Packet)
    counted = sa.exists().where(opened.dossier_id == Dossier.id, opened.state == State.OPENED)
    return _pile(user, (CaseState.BOOKED,), counted, *also, by=Dossier.booked_at)


def _coming(user: User, at: datetime, *also: RULE) -> sa.Select[Any]:
    """On its way to this desk, or here and not opened yet. What its citizen has called off goes home by the post office."""
    comes = sa.and_(Packet.state.in_((State.CARRIED, State.AT_POST)), Dossier.state != CaseState.CANCELLED)
    there = scope.packets(user).where(*also, Packet.way != Way.OUT, sa.or_(comes, Packet.state == State.AT_DESK))
    return there.order_by(Packet.id)


def _is_expected() -> sa.ColumnElement[bool]:
    """A courier is to come for the packet."""
    visited = sa.exists().where(Visit.packet_id == Packet.id, Visit.state.in_(OPEN))
    return sa.or_(visited, Dossier.return_way == ReturnWay.POST)


def _out(user: User, *states: State) -> sa.Select[Packet]:
    return scope.packets(user).where(Packet.way == Way.OUT, Packet.state.in_(states)).order_by(Packet.id)


def _leaving(user: User) -> sa.Select[Packet]:
    """Sealed here, for a courier to fetch: to homes, to the post office and to other desks."""
    to_desk = sa.and_(Packet.way == Way.BETWEEN, Packet.holder_id == user.holds_as)
    from_here = sa.or_(sa.and_(Packet.way == Way.OUT, _is_expected()), to_desk)
    return scope.packets(user).where(Packet.state == State.WAITING, from_here).order_by(Packet.id)


def _at_post(user: User) -> sa.Select[Packet]:
    mine = sa.select(Office.party_id).where(Office.id == user.office_id).scalar_subquery()
    return scope.packets(user).where(Packet.state == State.AT_POST, Packet.holder_id == mine).order_by(Packet.id)


def _kept(user: User) -> sa.Select[Packet]:
    return _at_post(user).where(counter.is_called_for())


def _carried(user: User) -> sa.Select[Packet]:
    """Carried by couriers of the clerk's office."""
    couriers = sa.select(User.party_id).where(User.office_id == user.office_id, User.party_id.is_not(None))
    carried = scope.packets(user).where(Packet.state == State.CARRIED, Packet.holder_id.in_(couriers))
    return carried.order_by(Packet.id)


# fmt: off
DESK: dict[str, Queue] = {
    "receive": _coming,
    "word":    _unsaid,
    "decide":  lambda user, at, *also: _decided_by(user, at, *also, is_late=False),
    "later":   lambda user, at, *also: _decided_by(user, at, *also, is_late=True),
    "late":    lambda user, at, *also: _running(user, _is_late(at), *also),
    "soon":    lambda user, at, *also: _running(user, _is_soon(at), *also),
    "work":    lambda user, at, *also: _pile(user, AT_WORK, sa.or_(Dossier.due_on > _soon(at), Dossier.due_on.is_(None)), *also),
    "asked":   _case(CaseState.SUPPLEMENT_REQUIRED, CaseState.FEE_REQUIRED),
    "send":    _to_send,
    "papers":  _papers_to_send,
    "gone":    _gone,
    "leaving": lambda user, at, *also: _leaving(user).where(*also),
    "waiting": lambda user, at, *also: _out(user, State.WAITING).where(~_is_expected(), *also),
    "back":    lambda user, at, *also: _out(user, State.AT_DESK).where(*also),
}
POST: dict[str, Queue] = {
    "coming":   lambda user, at, *also: _carried(user).where(*also),
    "here":     lambda user, at, *also: _at_post(user).where(*also),
    "call":     lambda user, at, *also: _kept(user).where(*also),
    "letter":   lambda user, at, *also: _at_post(user).where(*also, Packet.id.in_(shelf.letters_due(_kept(user), at))),
    "return":   lambda user, at, *also: _at_post(user).where(*also, Packet.way == Way.OUT, sa.or_(shelf.word_now() == Word.BACK, Packet.id.in_(shelf.past_letters(at)))),
    "unproven": lambda user, at, *also: _out(user, State.DELIVERED_UNVERIFIED).where(*also),
}
# fmt: on


def counts(queues: dict[str, Queue], user: User, at: datetime) -> dict[str, int]:
    """How many each list holds, COUNTED at most."""
    return {name: count(queue, user, at) for name, queue in queues.items()}


def count(queue: Queue, user: User, at: datetime, *also: RULE) -> int:
    rows = queue(user, at, *also).with_only_columns(Packet.id).order_by(None).limit(COUNTED).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


@dataclass(frozen=True)
class Row:
    """One packet of a list: who holds it, and since when."""

    packet: Packet
    holder: Holder
    since: datetime


def rows(queue: Queue, user: User, at: datetime, *also: RULE) -> list[Row]:
    """The first page of a list."""
    return page(queue, user, at, *also)[0]


def page(queue: Queue, user: User, at: datetime, *also: RULE) -> tuple[list[Row], After | None]:
    """The rows of a page, behind the `After` among the rules, and where the next goes on; None where there is none.

    Packets of a procedure of the same day stand first on it.
    """
    read = db.session.execute(queue(user, at, *also).options(*WITH).limit(MOST + 1)).all()
    found = [row[0] for row in read[:MOST]]
    names = happenings.holders(packet.holder_id for packet in found)
    moved = (
        sa.select(Handoff.packet_id, sa.func.max(Handoff.recorded_at))
        .where(Handoff.kind == LineKind.MOVE, Handoff.packet_id.in_([packet.id for packet in found]))
        .group_by(Handoff.packet_id)
    )
    since = {row[0]: row[1] for row in db.session.execute(moved)}
    listed = [Row(one, names[one.holder_id], since.get(one.id, one.created_at)) for one in found]
    if all(len(row) == 1 for row in read):  # a list of packets: a pile of dossiers has its urgency beside each
        listed.sort(key=lambda row: not row.packet.is_same_day)
    return listed, _place(*read[MOST - 1]) if len(read) > MOST else None


def _place(packet: Packet, *urgency: datetime | date | None) -> After:
    """Of a row as its list gives it: a pile's has an urgency beside it."""
    if not urgency:
        return After(packet.id)
    (by,) = urgency
    moment = by if by is None or isinstance(by, datetime) else datetime.combine(by, time(), UTC)
    return After(packet.dossier_id or 0, moment)


# ---- the one right act ------------------------------------------------------------------------------------------


def at_desk(packet: Packet) -> str | None:
    """What the packet's own desk can do with it now: the name of its form, None when there is nothing to do.

    Of a packet whose way is over, whichever it is, what is to be done with the case: the dossier's number leads to the newest.
    """
    if packet.way is Way.OUT and not packet.ended:
        if packet.state in (State.CARRIED, State.AT_POST):
            return "take-back"
        return "hand-over" if packet.state in (State.WAITING, State.AT_DESK) else None
    if packet.state in (State.CARRIED, State.AT_POST, State.AT_DESK):
        return "receive"
    if not packet.ended:
        return None
    dossier = packet.dossier
    if any(one.way is Way.BETWEEN and not one.ended for one in packets.of_dossier(dossier.id)):
        return None
    if dossier.state is CaseState.RESULT_READY and result_of(dossier) is None:
        return "send"
    if dossier.state in AT_WORK:
        return "ready"
    if to_return(dossier):
        return "papers-home"
    return "accept" if dossier.state is CaseState.SUBMITTED else None


NEXT_STEP = {  # what a case that waits for a word goes on with
    CaseState.SUPPLEMENT_REQUIRED: "supply", CaseState.FEE_REQUIRED: "pay", CaseState.STOP_REQUESTED: "stop",
}  # fmt: skip
# Steps of CASES with a page of their own, in the order in which they are offered.
STEPS = (
    "redate", "begin", "ask_more", "supply", "ask_fee", "pay", "extend", "refuse", "transfer", "forward", "ask_stop", "stop", "go_on", "fee_back",
)  # fmt: skip


def steps_open(dossier: Dossier, user: User, on: date) -> list[str]:
    """The steps this officer may take on that day: the state allows them, and the papers are of this desk."""
    if dossier.desk_id != user.office_id:
        return []
    found = [
        event for event in STEPS if dossiers.may_move(dossier, event, user) and not dossiers.is_past(dossier, event, on)
    ]
    return found if fees.ward_owes(dossier) else [event for event in found if event != "fee_back"]


def at_post(packet: Packet, office: Office) -> str | None:
    """What a clerk of `office` can do with the packet now."""
    if packet.state is State.WAITING:
        return "accept" if packet.way is Way.IN and packet.dossier.state is CaseState.BOOKED else _from_desk(packet)
    if packet.state is State.CARRIED:
        return "hand-in"
    if packet.state is State.AT_POST and packet.holder_id == office.party_id:
        return "hand-out"
    return "confirm" if packet.state is State.DELIVERED_UNVERIFIED else None


def _from_desk(packet: Packet) -> str | None:
    by_post = packet.dossier.return_way is not ReturnWay.DESK
    return "hand-in" if packet.way is Way.OUT and by_post else None


def beside(packet: Packet) -> list[Packet]:
    """Other packets of the dossier that are under way."""
    return [one for one in packets.of_dossier(packet.dossier.id) if one.id != packet.id and not one.ended]


def newest(dossier: Dossier) -> Packet:
    """The packet that says where the dossier is now."""
    return packets.under_way(dossier.id) or packets.of_dossier(dossier.id)[-1]
