"""Homes: visits that are one call at one door, since the same people live there and wait for the same courier at the same time.

Each keeps its packet, its code and its end; only the way to the door is one.
"""

import re
from collections.abc import Iterable

from app.domain.people import Citizen
from app.domain.places import fold
from app.domain.visits import Visit

Address = tuple[int, tuple[str, ...], str]
Door = tuple[int, str, int, tuple[str, ...], str]


def address(citizen: Citizen) -> Address:
    """The same for people of one home: one neighbourhood and street, however it is spelt, and one phone."""
    return citizen.neighbourhood_id, tuple(re.findall(r"\w+", fold(citizen.street))), citizen.phone


def door(visit: Visit) -> Door:
    """The same for visits that are one call: one slot, one errand, one home."""
    return visit.slot_id, visit.kind, *address(visit.packet.dossier.citizen)


def at_doors(visits: Iterable[Visit]) -> list[list[Visit]]:
    """Visits, door by door, each door where its first one stands."""
    found: dict[Door, list[Visit]] = {}
    for visit in visits:
        found.setdefault(door(visit), []).append(visit)
    return list(found.values())
