"""Headlines: the one sentence on where a dossier is, by key, the same for its citizen and for whoever has only its number."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import choice
from app.domain import counter, packets
from app.domain.cases import ASIDE, GOING_HOME, OVER, CaseState
from app.domain.dossiers import Dossier, Paper, Place, ReturnWay
from app.domain.packets import Kind, Packet, State, Way
from app.domain.visits import OPEN, VisitKind, VisitState

LET_GO = ASIDE - {CaseState.SUPPLEMENT_REQUIRED} | GOING_HOME  # a visit for more papers is not what matters then

# fmt: off
PLACES = {
    (Way.IN,  State.CARRIED): "carried_in",   (Way.IN,  State.AT_POST): "at_post_in",
    (Way.IN,  State.AT_DESK): "at_desk_in",   (Way.OUT, State.WAITING): "waiting_out",
    (Way.OUT, State.CARRIED): "carried_out",  (Way.OUT, State.AT_POST): "at_post_out",
    (Way.OUT, State.AT_DESK): "at_desk_out",
}
PAPERS_HOME = {  # the citizen's own papers on their way back, without a result
    "waiting_out": "waiting_back", "carried_out": "carried_back", "at_post_out": "at_post_back", "at_desk_out": "at_desk_back",
    "call_for_it": "call_for_papers", "call_at_post": "call_at_post_papers", "missed_out": "missed_back",
}
# fmt: on


@dataclass(frozen=True)
class Sight:
    """What decides the headline; read from rows or from columns alike."""

    case: CaseState
    return_way: ReturnWay
    way: Way | None = None
    packet: State | None = None
    unproven: bool = False
    visit: VisitState | None = None
    visit_kind: VisitKind | None = None
    visit_today: bool = False
    next: str | None = None  # what the courier said comes after the visit that failed
    kind: Kind | None = None
    last: State | None = None  # of the newest packet, when none is under way
    owes: Place | None = None  # where what must yet come home is: OWED, or NOT_FOUND where any of it is
    shared: bool = False  # the papers are said to be under a sticker that another home claims too


def of(sight: Sight) -> str:
    """The one sentence of the page, by key: trouble first, then today's visit, then where the packet is."""
    key = _key(sight)
    return PAPERS_HOME.get(key, key) if sight.kind is Kind.RETURNED_PAPERS else key


def _key(sight: Sight) -> str:
    if sight.case in OVER:
        return str(sight.case)
    if sight.shared:
        return "sticker_shared"
    if sight.packet in (State.LOST, State.DISPUTED, State.WRITTEN_OFF, State.DELIVERED_UNVERIFIED):
        return sight.packet.lower()
    if sight.packet is None or sight.packet in packets.ENDED:
        return _at_the_ward(sight)
    if sight.way is Way.BETWEEN:
        return "between"
    if sight.visit in OPEN and sight.visit_today and visit_matters(sight):
        return "courier_today"
    if counter.stays(sight.packet, sight.way, sight.return_way, sight.next):
        return "call_at_post"
    if sight.visit is VisitState.MISSED and visit_matters(sight) and sight.packet is not State.AT_DESK:
        return "missed" if sight.way is Way.IN else "missed_out"
    if sight.packet is State.CARRIED and sight.unproven:
        return "collected_unproven"
    if sight.kind is Kind.SUPPLEMENT and sight.case in LET_GO:
        return str(sight.case)
    if sight.way is Way.IN and sight.packet is State.WAITING:
        return "visit_set" if sight.visit in OPEN else "no_visit"
    if sight.way is Way.OUT and sight.return_way is ReturnWay.DESK and sight.visit not in OPEN:
        return "call_for_it"
    return PLACES.get((sight.way, sight.packet), "moving") if sight.way else "moving"


def visit_matters(sight: Sight) -> bool:
    """A visit for the way the packet is going; the collection visit is history once it is collected."""
    wanted = VisitKind.COLLECT if sight.way is Way.IN else VisitKind.DELIVER
    return sight.visit_kind is wanted and (sight.way is Way.OUT or sight.packet is State.WAITING)


def _at_the_ward(sight: Sight) -> str:
    if sight.last is State.WRITTEN_OFF:
        return "written_off"
    if sight.case is CaseState.BOOKED:
        return "opened"
    if sight.last is State.DELIVERED and sight.owes is Place.NOT_FOUND:
        return "paper_gone"
    if sight.case is CaseState.RESULT_READY and sight.last is State.DELIVERED:  # and the case is open yet
        return "result_home" if sight.owes else str(CaseState.CLOSED)  # an original follows; or only the ward waits
    if sight.case is CaseState.RESULT_READY and sight.return_way is ReturnWay.DESK:
        return "call_for_it"
    return str(sight.case)


def last_moved(dossier_id: Any) -> sa.Select[Any]:
    """The state of the dossier's newest packet."""
    own = sa.select(Packet.state).where(Packet.dossier_id == dossier_id, packets.goes())
    return own.order_by(packets.IN_ORDER.desc(), Packet.id.desc()).limit(1)


def owes(dossier_id: Any) -> sa.Select[Any]:
    """Where the papers are that must yet come home, as `dossiers.still_out`: NOT_FOUND before OWED."""
    there = sa.case((Paper.desk_sheets == 0, Place.NOT_FOUND.value), else_=Place.OWED.value)
    out = sa.and_(Paper.home_at.is_(None), Paper.lost_in.is_(None), sa.or_(Paper.desk_sheets > 0, ~Paper.is_missing))
    wanted = sa.or_(Paper.returned, Dossier.state.in_(GOING_HOME))
    own = sa.select(sa.type_coerce(sa.func.min(there), choice(Place))).where(Dossier.id == dossier_id)
    return own.where(Paper.dossier_id == Dossier.id, Paper.desk_sheets.is_not(None), out, wanted)
