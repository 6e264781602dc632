"""Batches: what is printed at once for the day of a post office.

Whose names somebody prints stands in the log of views, a line a dossier and day.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import chain
from typing import Any, BinaryIO

import labels
from app.db import db
from app.domain import audit, calendar, dispatch, numbers, papers, printing, rounds, slips, takings
from app.domain.packets import Packet, Way
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.visits import OPEN, Visit, VisitKind
from app.errors import Missing, Refused
from labels import terms


def _day_slips(office: Office, day: date, base_url: str) -> Iterator[labels.Slip]:
    for visit in _waiting(office, day):
        yield from (slips.slip_of(visit.packet, base_url, copy) for copy in slips.COPIES)


def _day_labels(office: Office, day: date, base_url: str) -> Iterator[labels.Label]:
    return (papers.label_of(visit.packet, visit, base_url) for visit in _waiting(office, day))


def _day_small_labels(office: Office, day: date, base_url: str) -> Iterator[labels.Label]:
    """One that has no room for an address stops them all and is named, before the first is drawn."""
    found = list(_day_labels(office, day, base_url))
    for label in found:
        papers.hold_small(label)
    return iter(found)


def _day_rounds(office: Office, day: date, base_url: str) -> Iterator[labels.RoundSheet]:
    for courier, round_ in dispatch.day_of(office, day).rounds:
        stops = [visit for visit in round_.visits if visit.state in OPEN] if round_ else []
        if stops:
            yield labels.RoundSheet(
                number=f"T-{day:%y%m%d}-{courier.badge or courier.login}",
                day=day,
                office=office.name,
                office_phone=office.phone,
                courier=courier.name,
                badge=courier.badge or "–",
                stops=tuple(_stop(visit, base_url) for visit in stops),
            )


def _day_lists(office: Office, day: date, base_url: str) -> Iterator[labels.CourierList]:
    """What each courier takes out to homes, to be signed for when the round begins."""
    for courier, round_ in dispatch.day_of(office, day).rounds:
        brought = (
            [visit for visit in round_.visits if visit.state in OPEN and visit.kind is VisitKind.DELIVER]
            if round_
            else []
        )
        if round_ and brought:
            yield labels.CourierList(
                number=f"BK-{day:%y%m%d}-{courier.badge or courier.login}",
                at=datetime.combine(day, rounds.SHIFT[0], calendar.HERE),
                office=office.name,
                courier=courier.name,
                badge=courier.badge or "–",
                route=str(round_.id),
                lines=tuple(carried(visit.packet) for visit in brought),
            )


def carried(packet: Packet) -> labels.Carried:
    """A line of a courier's list."""
    home = slips.home_of(packet.dossier)
    return labels.Carried(
        number=packet.number, name=home.name, address=home.address, phone=home.phone,
        seal=numbers.spoken_seal(packet.seal) if packet.seal else "", due=takings.due(packet).total if packet.way is Way.OUT else 0,
    )  # fmt: skip


def named_on(what: str, office: Office, day: date) -> set[int]:
    """The dossiers whose people `print_day` names."""
    waiting = _waiting(office, day)
    named = [visit for visit in waiting if what != "lists" or visit.kind is VisitKind.DELIVER]
    return {visit.packet.dossier_id for visit in named if visit.packet.dossier_id is not None}


def _stop(visit: Visit, base_url: str) -> labels.Stop:
    packet = visit.packet
    home = slips.home_of(packet.dossier)
    charges = slips.charges_of(packet) if visit.kind is VisitKind.COLLECT else ()
    return labels.Stop(
        window=f"{visit.slot.opens:%-H:%M}–{visit.slot.closes:%-H:%M}",
        way=labels.Way.OUT if visit.kind is VisitKind.DELIVER else labels.Way.IN,
        number=packet.number,
        token_url=slips.token_url(packet, base_url),
        name=home.name,
        address=home.address,
        phone=home.phone,
        due=sum(charge.amount for charge in charges if charge.stream is labels.Stream.POSTAGE),
        seal=numbers.spoken_seal(packet.seal) if packet.seal else "",
        note=terms.at_home(packet.dossier.citizen.call_first, printing.printable(packet.dossier.citizen.notes)),
    )


def _waiting(office: Office, day: date) -> list[Visit]:
    return [visit for visit in dispatch.of_day(office, day) if visit.state in OPEN and not visit.packet.ended]


# What is printed for a whole day of one post office: its format and where its items come from.
DAY: dict[str, tuple[str, Callable[[Office, date, str], Iterator[Any]]]] = {
    "slips": ("slip", _day_slips),
    "labels": ("label", _day_labels),
    "small_labels": ("label_small", _day_small_labels),
    "rounds": ("round", _day_rounds),
    "lists": ("list_courier", _day_lists),
}
LISTED = ("rounds", "lists", "small_labels")  # of DAY: counted by what they are, not by the visits


def print_day(
    file: BinaryIO, what: str, office: Office, day: date, base_url: str, drawn: Callable[[int], None] | None = None
) -> None:
    """One kind of paper for everything that is still to be done on `day`, as one PDF; `drawn` is told how far it is.

    Raises Missing("format_unknown"); Refused: `nothing_to_print`, `label_too_long`.
    """
    for count in printing_day(file, what, office, day, base_url):
        if drawn:
            drawn(count)


def count_day(what: str, office: Office, day: date) -> int:
    """How many items `print_day` draws. Raises as it does."""
    if what not in DAY:
        raise Missing("format_unknown")
    if what in LISTED:
        count = sum(1 for _ in DAY[what][1](office, day, ""))
    else:
        count = len(_waiting(office, day)) * (len(slips.COPIES) if what == "slips" else 1)
    if not count:
        raise Refused("nothing_to_print")
    return count


def printing_day(file: BinaryIO, what: str, office: Office, day: date, base_url: str) -> Iterator[int]:
    """As `print_day`, at the pace of whoever asks how far it is."""
    if what not in DAY:
        raise Missing("format_unknown")
    form, items = DAY[what]
    found = items(db.session.merge(office, load=False), day, base_url)
    first = next(found, None)
    if first is None:
        raise Refused("nothing_to_print")
    return printing.drawing(file, form, chain((first,), found))


def log_day(user: User, what: str, office: Office, day: date, act: Act) -> None:
    """Whose names somebody printed for a day: a line each in the log of views, and one that says what was printed."""
    audit.log_names(user.id, f"day.{what}", named_on(what, office, day), act.at)
    audit.note("printed_day", day.isoformat(), act, what=what, office=office.code)
