"""Closing: a case ends when nothing of it is out. The result and the papers are back with the citizen, old papers given up
for it are at the ward; what never will be was given up in an incident file.
"""

from app.db import db
from app.domain import dossiers, packets, recovered
from app.domain.cases import CASES, CaseState
from app.domain.dossiers import RULES, Dossier, Paper, Place
from app.domain.packets import Kind, Packet, State, Way
from app.domain.people import Act

GONE = (State.LOST, State.WRITTEN_OFF)  # of a bag: nobody has what is in it


def close(dossier: Dossier, act: Act) -> bool:
    """Close the case if it is over; whether it is now closed by this."""
    db.session.flush()
    held = db.session.get_one(Dossier, dossier.id, with_for_update=True, populate_existing=True)
    if held.state not in CASES["close"].source or not _is_over(held, act):
        return False
    dossiers.move(held, "close", act)
    return True


def _is_over(dossier: Dossier, act: Act) -> bool:
    known = [one for one in packets.of_dossier(dossier.id) if not _never_came(one)]
    is_given = dossier.state is not CaseState.RESULT_READY or any(
        one.kind is Kind.RESULT and one.state is State.DELIVERED for one in known
    )
    is_under_way = any(not one.ended for one in known)
    return is_given and not is_under_way and RULES["original_out"](dossier, act) and not recovered.out(dossier)


def _never_came(packet: Packet) -> bool:
    """Booked for more papers, and they came another way."""
    return packet.kind is Kind.SUPPLEMENT and packet.state is State.WAITING


def gone(dossier: Dossier) -> list[Paper]:
    """Papers of the citizen that nobody has and no file has settled: not in the bag, or in a bag that is lost."""
    lost = {one.number for one in packets.of_dossier(dossier.id) if one.way is Way.OUT and one.state in GONE}
    return [one for one in dossiers.still_out(dossier) if one.place is Place.NOT_FOUND or one.back_in in lost]


def give_up(packet: Packet, file: str, act: Act) -> None:
    """An incident file ends with a loss: of what lay in the packet, where it is the bag that is lost; else of the papers, and
    old papers, that were handed over and never arrived. Nobody waits for them any longer."""
    dossier, bag = packet.dossier, packet.way is Way.OUT and packet.state in GONE
    lost: list[Paper | recovered.Recovered] = [
        one for one in gone(dossier) if (one.back_in == packet.number if bag else one.place is Place.NOT_FOUND)
    ]
    if packet.way is Way.BETWEEN and packet.state in GONE:
        lost += packet.papers
    for one in [*lost, *([] if bag else recovered.out(dossier))]:
        one.lost_in = file
    close(dossier, act)


def find(packet: Packet, act: Act, *, given: bool = True) -> None:
    """What was not in the bag is here after all, every sheet; or, not `given`, it never was handed over."""
    for paper in packet.papers if packet.kind is Kind.TRANSFER else packet.dossier.papers:
        promised = packet.promised(paper)
        if paper.place is Place.NOT_FOUND or (given and 0 < (paper.desk_sheets or 0) < promised):
            paper.desk_sheets = promised if given else 0
            paper.is_missing = not given
    close(packet.dossier, act)
