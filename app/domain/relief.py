"""Relief: a courier cannot go on, and colleagues take over what is left of the round.

Only that courier's visits move, nobody else's order changes, and each move says why it goes there (`Proposal`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

import routes
from app.domain import audit, dispatch, homes, reach, rounds
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.visits import OPEN, Round, Visit
from app.errors import Missing


@dataclass(frozen=True)
class Proposal:
    """Who could make a visit: `courier` is whom it fits best, about when, and how many metres more that costs.

    `broken`: even there a promise would not be kept (then it is for the dispatcher to choose). No courier: nobody is left.
    """

    visit: Visit
    courier: User | None
    arrives_at: datetime | None = None
    detour: int = 0
    broken: routes.Broken | None = None


@dataclass(frozen=True)
class Relief:
    """A courier's day, and what would become of it. `stays`: visits to deliver what is in their bag; those packets have to
    change hands first, and the visit follows. `bag`: how many packets they hold in all."""

    courier: User
    day: date
    round: Round | None
    proposals: list[Proposal]
    stays: list[Visit]
    bag: int
    colleagues: list[User]


def look(office: Office, courier_id: str, day: date, at: datetime) -> Relief:
    """What could be done for this courier's visits of that day. Raises Missing("courier_unknown") for another office's."""
    found = dict(dispatch.day_of(office, day).rounds)
    courier = next((one for one in found if one.id == courier_id), None)
    if courier is None:
        raise Missing("courier_unknown")
    others = {one: round_ for one, round_ in found.items() if one != courier and not (round_ and round_.stopped_at)}
    round_ = found[courier]
    mine = [visit for visit in round_.visits if visit.state in OPEN] if round_ else []
    holders = dispatch.held_by(office, Visit.id.in_([visit.id for visit in mine]))
    stays = [visit for visit in mine if holders.get(visit.id) == courier]
    goes = [visit for visit in mine if visit not in stays]
    ways = [
        rounds.way(theirs, at) if theirs else rounds.way_from(rounds.place(office), one.id, day, at)
        for one, theirs in others.items()
    ]
    bag = len(reach.carried_by(courier))
    return Relief(courier, day, round_, _propose(goes, ways, [*others], holders, day), stays, bag, [*others])


def _propose(
    goes: list[Visit], ways: list[routes.Way], others: list[User], holders: dict[int, User], day: date
) -> list[Proposal]:
    """In the order of the round. What a colleague carries by now is theirs to bring."""
    by_id, by_visit = {one.id: one for one in others}, {visit.id: visit for visit in goes}
    free = [rounds.stop(*door) for door in homes.at_doors(visit for visit in goes if visit.id not in holders)]
    most = max(dispatch.FEW, ceil(dispatch.FAIR * len(free) / max(len(ways), 1)))
    shared = routes.share(ways, free, most)
    found = {visit.id: Proposal(visit, holders[visit.id]) for visit in goes if visit.id in holders}
    for stop, courier_id, fit in (*shared.moves, *shared.left):
        courier = by_id.get(courier_id or "")
        for visit in (by_visit[visit_id] for visit_id in rounds.visits_at(stop)):
            found[visit.id] = Proposal(visit, courier)
            if fit:
                found[visit.id] = Proposal(visit, courier, rounds.time_of(day, fit.arrival), fit.detour, fit.broken)
    return [found[visit.id] for visit in goes]


def relieve(office: Office, courier_id: str, day: date, chosen: dict[int, str | None], act: Act) -> list[Visit]:
    """The courier goes no further that day; visits of theirs go to whom the dispatcher chose. Those that were moved.

    Raises as `look` and `dispatch.give`.
    """
    seen = look(office, courier_id, day, act.at)
    round_ = rounds.of(seen.courier, office, day)
    round_.stopped_at = round_.stopped_at or act.at
    mine = {proposal.visit.id for proposal in seen.proposals}
    moved = dispatch.give(office, {one: to for one, to in chosen.items() if one in mine}, act)
    audit.note("relieve", f"courier {courier_id}", act, day=day.isoformat(), moved=len(moved))
    return moved


def resume(office: Office, courier_id: str, day: date, act: Act) -> None:
    """The courier can go on after all. Raises as `look`."""
    seen = look(office, courier_id, day, act.at)
    if seen.round and seen.round.stopped_at:
        seen.round.stopped_at = None
        audit.note("resume", f"courier {courier_id}", act, day=day.isoformat())
