"""Sorting: what lies at a post office, and where each packet goes next: a courier's round, a desk's bag, or the shelf.

It follows from visits and states alone; nothing is kept for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import db
from app.domain import calendar, counter, scope, shelf
from app.domain.dossiers import Dossier
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.visits import OPEN, Round, Visit


class Heap(StrEnum):
    ROUND = "round"  # of a courier, on a day
    DESK = "desk"  # the bag for a ward desk
    SHELF = "shelf"  # kept here for whoever calls
    UNPLANNED = "unplanned"  # goes to a home, and nobody drives there yet


@dataclass(frozen=True)
class Place:
    """Where a packet goes next. `day`, `courier`, `stop`: of a round; `desk`, `desk_code`: what is on the bag."""

    heap: Heap
    round_id: int | None = None
    day: date | None = None
    courier: str = ""
    badge: str = ""
    stop: int | None = None
    desk: str = ""
    desk_code: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The same for all that go into one heap, in the order in which the heaps are worked."""
        return (self.heap, str(self.day or ""), self.badge, self.courier, self.desk)


@dataclass
class Pile:
    """One heap, and what lies in it, in the order of its stops."""

    place: Place
    packets: list[tuple[Packet, Place]] = field(default_factory=list)


def place_of(packet: Packet, at: datetime) -> Place:
    return _places([packet], at)[packet.id]


def piles(user: User, at: datetime) -> list[Pile]:
    """Everything that lies at the clerk's office, by heap: today's rounds first."""
    here = scope.packets(user).where(Packet.state == State.AT_POST, Packet.holder_id == user.holds_as)
    with_desk = selectinload(Packet.dossier).selectinload(Dossier.desk)
    found = list(db.session.scalars(here.order_by(Packet.number).limit(500).options(with_desk)))
    places = _places(found, at)
    made: dict[tuple[str, ...], Pile] = {}
    for packet in found:
        made.setdefault(places[packet.id].key, Pile(places[packet.id])).packets.append((packet, places[packet.id]))
    for pile in made.values():
        pile.packets.sort(key=lambda one: (one[1].stop if one[1].stop is not None else 999, one[0].number))
    today = calendar.today(at)
    return sorted(
        made.values(), key=lambda pile: (list(Heap).index(pile.place.heap), pile.place.day != today, pile.place.key)
    )


def _places(packets: Iterable[Packet], at: datetime) -> dict[int, Place]:
    """A result that is kept for its citizen stays on the shelf, until both letters have brought nobody; what is for a
    desk goes into its bag; the rest by visit."""
    wanted = {packet.id: packet for packet in packets}
    kept = set(db.session.scalars(sa.select(Packet.id).where(Packet.id.in_(wanted), counter.is_called_for())))
    kept -= set(shelf.past_letters(at))
    open_ = sa.select(Visit).where(Visit.packet_id.in_(wanted), Visit.state.in_(OPEN)).order_by(Visit.id)
    drives = {
        visit.packet_id: visit
        for visit in db.session.scalars(open_.options(selectinload(Visit.round).selectinload(Round.courier)))
    }
    return {id_: _place(packet, id_ in kept, drives.get(id_)) for id_, packet in wanted.items()}


def _place(packet: Packet, is_kept: bool, visit: Visit | None) -> Place:
    if is_kept:
        return Place(Heap.SHELF)
    if packet.way is not Way.OUT or visit is None:  # a result without a visit goes back to its desk
        return Place(Heap.DESK, desk=packet.dossier.desk.name, desk_code=packet.dossier.desk.code)
    if visit.round is None:
        return Place(Heap.UNPLANNED, day=visit.slot.day)
    courier = visit.round.courier
    return Place(Heap.ROUND, visit.round_id, visit.round.day, courier.name, courier.badge or "", visit.position)
