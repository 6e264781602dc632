"""What the pages of ward desk and post office share: the scan field, the lists of what waits, the way to a packet."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import security
from app.db import atomically, now
from app.domain import (
    audit,
    calendar,
    papers,
    queues,
    scope,
    slips,
)
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import Right, User
from app.errors import Missing, Refused
from app.sentences import sentence
from app.views.answers import base_url, file_answer

PAGES = {Right.COUNTER: "office.packet", Right.DESK: "desk.packet"}


# ---- finding ----------------------------------------------------------------------------------------------------


def find(text: str, page: str) -> tuple[ResponseReturnValue | None, list[Dossier]]:
    """Where a scan, a number or a name leads: straight to the packet's `page`, or a list to choose from.

    Raises what `scope.scanned` raises, when nothing is found by name either.
    """
    text = text.strip()[:400]
    if listed := scope.scanned_list(security.user(), text, security.act().keys):
        return redirect(url_for("records.show", receipt=listed.receipt_no)), []
    try:
        packet, is_newest = scope.scanned(security.user(), text, security.act().keys)
    except Refused as refusal:
        if refusal.key != "number_form":
            raise
        found = scope.search(security.user(), text)
        if not found and text and not any(letter.isdigit() for letter in text):
            raise Missing("name_unknown") from refusal
        if not found:
            raise
        if len(found) > 1:
            return None, found
        return redirect(url_for(page, number=found[0].number)), []
    if not is_newest:
        flash(_("This slip has been replaced by a newer one. Look for the new slip on the packet."), "warning")
    return redirect(url_for(page, number=packet.number)), []


class Lists(NamedTuple):
    """The first page of a counter: a scan field, lists of what waits with their counts, the rows of one of them."""

    place: str  # blueprint and template folder
    table: dict[str, queues.Queue]
    beside: Callable[[], dict[str, Any]] = dict  # what else stands beside the lists

    def page(self, status: int = 200, also: tuple[queues.RULE, ...] = (), **more: Any) -> ResponseReturnValue:
        """`also`: what the chosen list is narrowed by. The address says behind which row the page begins."""
        shown, user = self._counted(), security.user()
        queue = self.table[shown["chosen"]]
        after = queues.After.read(request.args.get("after", ""))
        rows, following = queues.page(queue, user, now(), *also, *([after] if after else []))
        shown["here"] = queues.count(queue, user, now(), *also) if also else shown["queues"][shown["chosen"]]
        day = {"today": calendar.today(now()), "hour": calendar.local(now()).time()}
        text = render_template(
            f"{self.place}/home.html", rows=rows, after=after, following=following, **(day | shown | more)
        )
        log_names(f"{self.place}.home", {row.packet.dossier_id for row in rows})
        return text, status

    def counts(self) -> ResponseReturnValue:
        return render_template(f"{self.place}/_queues.html", **self._counted())

    def find(self) -> ResponseReturnValue:
        text = request.args.get("code", "")
        try:
            answer, found = find(text, f"{self.place}.packet")
        except Refused as refusal:
            return self.page(refusal.status, says=sentence(refusal), text=text)
        if found:
            log_names(f"{self.place}.find", {one.id for one in found})
        return answer or self.page(found=found, most=scope.FOUND, text=text)

    def _counted(self) -> dict[str, Any]:
        """Counts of every list; the one asked for, else the first that holds something, else the first."""
        found, chosen = queues.counts(self.table, security.user(), now()), request.args.get("list", "")
        if chosen not in found:
            chosen = next((name for name, count in found.items() if count), next(iter(found)))
        return {"queues": found, "chosen": chosen, "many": queues.COUNTED} | self.beside()


def place_of(user: User) -> str | None:
    """Where this person works on packets; None for who does not."""
    return next((page for right, page in PAGES.items() if user.may(right)), None)


def page_of(user: User, packet: Packet) -> str | None:
    """The address of the packet's own page, for who has one and may see the packet."""
    place = place_of(user)
    if place is None:
        return None
    try:
        scope.admit(user, packet)
    except Missing:
        return None
    return url_for(place, number=packet.number)


def record_of(user: User, packet: Packet) -> str:
    """The address where this person reads about a packet they may see: its own page, or for who has none its record."""
    return url_for(place_of(user) or "corrections.packet", number=packet.number)


def open_packet(number: str) -> Packet:
    packet = scope.packet(security.user(), number)
    if packet.is_blank:
        raise Refused("sticker_unused", number=packet.number)
    return packet


def log_view(packet: Packet, page: str) -> None:
    """Who looked at whose dossier, in a short transaction of its own; a blank sticker is nobody's."""
    if packet.dossier_id is not None:
        atomically(audit.viewed, security.user().id, packet.dossier_id, page, now())


def log_names(page: str, dossiers: Iterable[int | None]) -> None:
    """Whom a list has just named. Asked before it is written: a list that is opened all day takes no turn at writing."""
    user_id, at, named = security.user().id, now(), {one for one in dossiers if one is not None}
    if new := audit.unseen(user_id, page, named, at):
        atomically(audit.log_names, user_id, page, new, at)


# ---- paper ------------------------------------------------------------------------------------------------------


def printable(packet: Packet) -> list[str]:
    """What else this person may print of the packet now."""
    return papers.ready(packet, security.user(), now(), base_url())


def slip_pdf(packet: Packet) -> Response:
    """All copies of the packet's slip in force."""
    return file_answer(slips.pdf([packet], base_url()), "application/pdf", f"{packet.number}-{packet.slip.issue}.pdf")
