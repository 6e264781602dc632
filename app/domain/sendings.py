"""Sendings: what lies at a post office and leaves it together, a bag for a desk or a courier's round: its tag and its list.

A sending is what is in the heap when it is printed, and is kept nowhere. Its number follows from what is in it, so tag
and list of one bag agree, and one that was filled further is another.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zlib import crc32

import labels
from app.domain import batches, calendar, numbers, printing, slips, sorting, tokens
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.places import Office
from app.domain.sorting import Heap, Pile
from app.domain.tokens import TokenType
from app.errors import Missing
from labels import terms

LIFE = timedelta(days=30)  # of a bag's tag: it is on its way for hours


@dataclass(frozen=True)
class Sending:
    """One heap of the clerk's office; `seal`: what the clerk read from the closed bag, "" while it is not closed."""

    pile: Pile
    clerk: User
    at: datetime
    seal: str = ""

    @cached_property
    def number(self) -> str:
        place, codes = self.pile.place, sorted(packet.code for packet, _ in self.pile.packets)
        mark = crc32(b"".join(codes)) % 10_000
        if place.heap is Heap.DESK:
            return f"TU-{calendar.today(self.at):%y%m%d}-{place.desk_code}-{mark:04}"
        return f"BK-{place.day:%y%m%d}-{place.badge or place.round_id}-{mark:04}"

    @property
    def office(self) -> Office:
        assert self.clerk.office
        return self.clerk.office

    @property
    def dossiers(self) -> set[int]:
        return {packet.dossier_id for packet, _ in self.pile.packets if packet.dossier_id is not None}

    @property
    def mark(self) -> str:
        return terms.TEST_NUMBER if any(numbers.is_test(packet.number) for packet, _ in self.pile.packets) else ""


def bag(clerk: User, desk_code: str, seal: str, at: datetime) -> Sending:
    """What goes to this desk. `seal` may be empty. Raises Missing("heap_empty"), Invalid("seal_form")."""
    closed = numbers.spoken_seal(numbers.read_seal(seal)) if seal.strip() else ""
    return Sending(_heap(clerk, at, desk_code=desk_code), clerk, at, closed)


def of_round(clerk: User, round_id: int, at: datetime) -> Sending:
    """What goes out with this round. Raises Missing("heap_empty")."""
    return Sending(_heap(clerk, at, round_id=round_id), clerk, at)


def _heap(clerk: User, at: datetime, **named: object) -> Pile:
    for pile in sorting.piles(clerk, at):
        if all(getattr(pile.place, name) == value for name, value in named.items()):
            return pile
    raise Missing("heap_empty")


def tag_pdf(one: Sending, base_url: str, act: Act) -> bytes:
    return printing.pdf("bag", [_tag(one, base_url, act)])


def list_pdf(one: Sending) -> bytes:
    """The bảng kê that goes with it: of a bag nobody's name, of a round whom the courier goes to."""
    if one.pile.place.heap is Heap.DESK:
        return printing.pdf("list_office", [_bag_list(one)])
    return printing.pdf("list_courier", [_round_list(one)])


def _tag(one: Sending, base_url: str, act: Act) -> labels.BagTag:
    office, place, desk = one.office, one.pile.place, one.pile.packets[0][0].dossier.desk
    code = act.keys.digest("bag", one.number, office.code)[:10]
    token = tokens.write(act.keys, TokenType.BAG, code, 1, int(desk.ward.code), calendar.today(one.at) + LIFE)
    return labels.BagTag(
        number=one.number, token_url=tokens.url(base_url, token), sort=place.desk_code, origin=office.name,
        destination=terms.centre(place.desk), day=calendar.today(one.at), office_phone=office.phone, packets=len(one.pile.packets),
        seal=one.seal, mark=one.mark,
    )  # fmt: skip


def _bag_list(one: Sending) -> labels.OfficeList:
    place = one.pile.place
    return labels.OfficeList(
        number=one.number.replace("TU-", "BK-", 1), at=calendar.local(one.at), origin=one.office.name, giver=one.clerk.name,
        destination=terms.centre(place.desk), bag=one.number, bag_seal=one.seal, mark=one.mark,
        lines=tuple(
            labels.Sent(packet.number, terms.centre(place.desk), numbers.spoken_seal(packet.seal) if packet.seal else "", _sheets(packet))
            for packet, _ in one.pile.packets
        ),
    )  # fmt: skip


def _sheets(packet: Packet) -> int | None:
    """As its slip says; None where the slip leaves one to be written."""
    each = [paper.sheets for paper in slips.papers_of(packet) if paper.form is not labels.Form.DATA]
    return None if None in each else sum(sheets or 0 for sheets in each)


def _round_list(one: Sending) -> labels.CourierList:
    place = one.pile.place
    return labels.CourierList(
        number=one.number, at=calendar.local(one.at), office=one.office.name,
        courier=place.courier, badge=place.badge or "–", route=str(place.round_id), clerk=one.clerk.name, mark=one.mark,
        lines=tuple(batches.carried(packet) for packet, _ in one.pile.packets),
    )  # fmt: skip
