"""The real custody on a real database against an independent model: couriers, offices and citizens do what comes to mind.

Phones scan by what they last knew, send late, shuffled and twice, are lost, and send thirty days again when the database
was restored. After each step every packet is where the model says, and the cheap laws hold; at the end all of them do.
Short in `make test`, long by `make faults`.
"""

import base64
import copy
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.exc import IntegrityError

from app.db import atomically, db, now
from app.domain import (
    booking,
    checkpoints,
    corrections,
    counter,
    custody,
    hands,
    invariants,
    manifests,
    phones,
    placing,
    steps,
    tokens,
    vetting,
    watch,
)
from app.domain.bodies import Scan
from app.domain.codes import Purpose
from app.domain.devices import Why
from app.domain.hands import Hand
from app.domain.ledger import Handoff, LineKind
from app.domain.logbook import Trust
from app.domain.manifests import Listed
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.placing import Place
from app.domain.scans import Ruling, ScanRow
from app.domain.steps import EVENTS
from app.domain.tokens import Keys
from app.domain.trails import Trail
from app.errors import Refused
from tests.domain.model import Story, Told
from tests.world import MONDAY, Phone, World

pytestmark = pytest.mark.dialects("sqlite")

LONG = os.environ.get("FAULTS") == "long"
LIVES = int(os.environ.get("LIVES", "2000" if LONG else "6"))
SEAL = "NP0045821"
MINUTE = timedelta(minutes=1)
who, which, flip = st.integers(0, 2), st.integers(0, 9), st.booleans()


@dataclass(frozen=True)
class View:
    """What a phone last knew of a packet."""

    head: bytes
    state: str
    holder: str


@dataclass
class Handset:
    """A courier's phone: what it has not sent, what it keeps for thirty days, and what it was answered."""

    user: User
    phone: Phone
    drift: timedelta = timedelta(0)
    is_online: bool = True
    outbox: list[Scan] = field(default_factory=list)
    kept: list[Scan] = field(default_factory=list)
    views: dict[int, View] = field(default_factory=dict)


@dataclass
class Known:
    """What the model knows of the server: a copy of it is what a backup holds."""

    stories: dict[int, Story] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    revoked: dict[str, datetime] = field(default_factory=dict)
    named: dict[str, datetime] = field(default_factory=dict)  # digests by the time somebody first followed them


class Ground:
    """A world with three couriers' phones, made once; every example begins from a copy of its database."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.file, self.begun, self.saved = Path(db.engine.url.database or ""), folder / "begun", folder / "saved"
        self.world = World.build(app)
        couriers = (self.world.courier, self.world.second_courier, self.world.strange_courier)
        self.phones = [(user, self.world.phone(user)) for user in couriers]
        self.widen()
        self.put_away(self.begun)

    def widen(self) -> None:
        def more() -> None:
            db.session.merge(self.world.post).slot_places = 500

        atomically(more)

    def put_away(self, to: Path) -> None:
        self._close()
        shutil.copy(self.file, to)

    def bring_back(self, kept: Path) -> None:
        self._close()
        shutil.copy(kept, self.file)

    def _close(self) -> None:
        db.session.rollback()
        db.engine.dispose()  # the last connection of a file takes its log with it

    def handsets(self) -> list[Handset]:
        return [Handset(user, copy.copy(phone)) for user, phone in self.phones]


class Life(RuleBasedStateMachine):
    """What happens to two packets and more. A rule that finds nothing to do does nothing."""

    forgets: ClassVar[bool] = False  # planted: a phone that keeps nothing once it was answered
    seen: ClassVar[Counter[str]] = Counter()  # what came about, over all examples
    wrong: ClassVar[list[str]] = []

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        ground.bring_back(ground.begun)
        self.ground, self.world, self.at = ground, ground.world, MONDAY
        self.handsets, self.known, self.saved = ground.handsets(), Known(), None
        self.known.devices = {each.phone.device_id for each in self.handsets}
        self.kinds = {
            self.world.post.party_id: "post", self.world.desk.party_id: "desk",
            **{each.user.party_id or "": "courier" for each in self.handsets},
        }  # fmt: skip
        self.packets, self.codes = list[int](), dict[int, dict[Purpose, str]]()
        self.meant: dict[bytes, tuple[int, Told | None, str | None]] = {}  # packet, move, whose phone offered it
        self.acts, self.receipts, self.touched = dict[int, list[bytes]](), dict[bytes, datetime](), set[int]()
        self.turn = 0

    # ---- at hand ------------------------------------------------------------------------------------------------

    def packet(self, n: int) -> Packet | None:
        """The n-th that the database still knows."""
        alive = [each for each in self.packets if each in self.known.stories]
        db.session.rollback()
        return db.session.get_one(Packet, alive[n % len(alive)]) if alive else None

    def later(self, by: timedelta = MINUTE) -> None:
        self.at += by

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)
        assert holds, what

    def view(self, handset: Handset, packet: Packet) -> View:
        return handset.views.get(packet.id) or View(packet.genesis, "WAITING", packet.origin_id)

    def told(self, event: str, handset: Handset, n: int, taker: str | None = None, *, giver: str | None = None,
             blind: bool = False, proven: str = "SEAL SHEETS", peer: str | None = None, is_move: bool = True, **over: Any,
    ) -> None:  # fmt: skip
        """A phone scans by what it knows, or by what the other phone shows; where there is a network it sends at once."""
        if (packet := self.packet(n)) is None:
            return
        view, own = self.view(handset, packet), handset.user.party_id or ""
        facts = {
            "giver": giver or view.holder,
            "taker": taker or own,
            "parent": None if blind else view.head.hex(),
        } | over
        scan = handset.phone.scan(packet, event, self.at + handset.drift, **facts)
        handset.outbox.append(scan)
        told = None
        if is_move:
            told = Told(scan.digest, event, "courier", scan.giver or "", scan.taker or "", scan.parent, scan.seal,
                        frozenset(proven.split()), self.at, own)  # fmt: skip
            self.acts.setdefault(packet.id, []).append(scan.digest)
            after = self.known.stories[packet.id].after(told, view.state, view.holder)
            if after:
                handset.views[packet.id] = View(scan.digest, after, told.taker)
        self.meant[scan.digest] = packet.id, told, peer
        if handset.is_online:
            self.send(sent := list(handset.outbox))
            self.answered(handset, sent)
            if fresh := self.packet(n):
                handset.views[packet.id] = View(fresh.head, fresh.state, fresh.holder_id)

    def heard(self, batch: list[Scan]) -> None:
        """The model hears what the server heard."""
        for scan in batch:
            packet_id, told, peer = self.meant[scan.digest]
            device, known = scan.device or "", self.known
            ended = known.revoked.get(device)
            is_timely = ended is None or min(self.at, known.named.get(scan.digest, self.at)) <= ended
            for other in {scan.parent, scan.back} - {None}:
                known.named.setdefault(other, self.at)
            if story := known.stories.get(packet_id):
                self.touched.add(packet_id)
                if told is None:
                    story.known.add(scan.digest)
                    continue
                served = peer in known.devices and peer not in known.revoked
                proven = told.proven if served else told.proven - {"PEER"}
                story.hear(replace(told, proven=proven, at=self.at), device in known.devices and is_timely)

    def page(self, event: str, n: int, user: User | None, by: str, taker: str | None, proof: dict[str, str], *,
             parented: bool = True, **facts: Any) -> None:  # fmt: skip
        """Somebody enters at a page what is before them; the model says beforehand whether it will stand."""
        if (packet := self.packet(n)) is None:
            return
        story, holder = self.known.stories[packet.id], packet.holder_id
        proven = {*proof, *(["SEAL"] if facts.get("seal") else []), *(["SHEETS"] if facts.get("sheets") else []),
                  *(["REASON"] if facts.get("reason") else [])}  # fmt: skip
        told = Told(b"page", event, by, holder, taker or holder, packet.head if parented else None, facts.get("seal"),
                    frozenset(proven), self.at, user.holds_as if user else story.citizen)  # fmt: skip
        draft = copy.deepcopy(story)
        draft.hear(told)
        actor = None if user else story.citizen
        outcome = None
        with suppress(Refused):
            outcome = atomically(
                custody.enter, packet, event, self.world.act(user, self.at), actor=actor, giver=holder, taker=told.taker,
                parent=told.parent, proof=list(proof.items()), **facts,
            )  # fmt: skip
        self.expect((outcome is not None) == draft.stands(b"page"), f"{event} at a page: {outcome}")
        if outcome:
            story.hear(replace(told, digest=outcome.digest))
            self.acts.setdefault(packet.id, []).append(outcome.digest)
            self.touched.add(packet.id)

    def noted(self, event: str, handset: Handset, n: int, **over: Any) -> None:
        if packet := self.packet(n):
            holder = self.view(handset, packet).holder
            self.told(event, handset, n, holder, giver=holder, blind=True, is_move=False, **over)

    def entered(self, n: int, work: Callable[[Packet], Any], expected: bool | None = True) -> bytes | None:
        """A person's act with consequences of its own; the digest of the packet's head afterwards, if it was taken."""
        if (packet := self.packet(n)) is None:
            return None
        try:
            atomically(work, packet)
        except Refused as refused:
            self.expect(not expected, f"refused: {refused}")
            return None
        self.expect(expected is not False, "was not refused")
        self.touched.add(packet.id)
        return self.world.fresh(packet).head

    # ---- beginnings ---------------------------------------------------------------------------------------------

    @initialize()
    def morning(self) -> None:
        for way in (Way.OUT, Way.IN):
            self._book(way)

    def _book(self, way: Way) -> None:
        packet = self.world.packet(way)
        self.codes[packet.id] = {purpose: self.world.code(packet, purpose) for purpose in Purpose}
        self.packets.append(packet.id)
        packet = self.world.fresh(packet)
        citizen = packet.dossier.citizen.party_id
        story = Story(packet.genesis, str(way), packet.origin_id, citizen, self.kinds)
        self.known.stories[packet.id] = story
        self.acts[packet.id] = []

    @rule(way=st.sampled_from([Way.OUT, Way.IN]))
    def book(self, way: Way) -> None:
        if len(self.known.stories) < 4:
            self._book(way)

    @rule(n=which)
    def cancel(self, n: int) -> None:
        """While it is at home, or when it is on its way already: custody does not care."""
        if (packet := self.packet(n)) is None:
            return
        act = self.world.act(self.world.clerk, self.at)
        with suppress(Refused):
            atomically(booking.cancel, packet.dossier, act)
        with suppress(Refused):
            atomically(corrections.call_off, packet, act)
        self.touched.add(packet.id)

    @rule(n=which)
    def reprint(self, n: int) -> None:
        act = self.world.act(self.world.clerk, self.at)
        self.entered(n, lambda packet: counter.reprint(packet, act, "damaged"), None)

    # ---- at the door and on the road ----------------------------------------------------------------------------

    @rule(h=who, n=which, blind=flip, proven=flip)
    def collect(self, h: int, n: int, blind: bool, proven: bool) -> None:
        if packet := self.packet(n):
            code = self.codes[packet.id][Purpose.COLLECT]
            self.told("collect", self.handsets[h], n, blind=blind, proven="SEAL SHEETS" + " CODE" * proven,
                      proof=[("CODE", code)] * proven)  # fmt: skip

    @rule(h=who, n=which, blind=flip)
    def take(self, h: int, n: int, blind: bool) -> None:
        self.told("take", self.handsets[h], n, blind=blind)

    @rule(h=who, other=who, n=which, offered=flip)
    def offer(self, h: int, other: int, n: int, offered: bool) -> None:
        """One phone shows the packet as it knows it, the other takes it over."""
        taker, giver = self.handsets[h], self.handsets[other]
        if taker is giver or (packet := self.packet(n)) is None:
            return
        parent, by = self.view(giver, packet).head, giver.phone
        taker.views[packet.id] = replace(self.view(giver, packet), holder=giver.user.party_id or "")
        signed = tokens.sign(by.key, b"offer-v1\n%s\n%s" % (tokens.b32(packet.code).encode(), parent.hex().encode()))
        proof = [("PEER", f"{by.device_id}:{base64.b64encode(signed).decode()}")] if offered else []
        self.told("transfer", taker, n, proof=proof, proven="SEAL PEER" if offered else "SEAL", peer=by.device_id)

    transfer = offer

    @rule(h=who, n=which, how=st.sampled_from(["code", "wet", "reason", "bare"]), blind=flip)
    def deliver(self, h: int, n: int, how: str, blind: bool) -> None:
        if (packet := self.packet(n)) is None:
            return
        home = self.known.stories[packet.id].citizen if how in ("code", "bare") else None
        proof = {"code": [("CODE", self.codes[packet.id][Purpose.DELIVER])], "wet": [("WET_CLAIMED", "")]}.get(how, [])
        proven = {"code": "SEAL CODE", "wet": "SEAL WET_CLAIMED", "reason": "SEAL REASON", "bare": "SEAL"}[how]
        reason = "neighbour" if how == "reason" else None
        self.told("deliver", self.handsets[h], n, home, blind=blind, proof=proof, proven=proven, reason=reason)

    @rule(h=who, n=which)
    def confirm(self, h: int, n: int) -> None:
        """The citizen calls the courier back and reads the code aloud; it names no move on purpose."""
        if packet := self.packet(n):
            code = self.codes[packet.id][Purpose.DELIVER]
            self.told("confirm", self.handsets[h], n, self.known.stories[packet.id].citizen, blind=True, seal=None,
                      proof=[("CODE", code)], proven="CODE")  # fmt: skip

    @rule(h=who, n=which, blind=flip)
    def again(self, h: int, n: int, blind: bool) -> None:
        """The same act scanned once more; without its proof, as one does who is in a hurry."""
        packet = self.packet(n)
        if packet is None:
            return
        own = [
            told
            for p, told, _ in self.meant.values()
            if p == packet.id and told and told.taker == self.handsets[h].user.party_id
        ]
        if own:
            told = own[-1]
            parent = None if blind or told.parent is None else told.parent.hex()
            self.told(told.event, self.handsets[h], n, told.taker, giver=told.giver, parent=parent, seal=told.seal)

    @rule(h=who, n=which, event=st.sampled_from(["take", "deliver", "collect", "transfer"]), giver=who, blind=flip)
    def nonsense(self, h: int, n: int, event: str, giver: int, blind: bool) -> None:
        """A scan that names the wrong people, or a moment when it cannot have been."""
        parties = [self.handsets[0].user.party_id, self.world.desk.party_id, self.world.post.party_id]
        handset, packet = self.handsets[h], self.packet(n)
        if packet:
            views = dict(handset.views)
            self.told(event, handset, n, giver=parties[giver], blind=blind)
            handset.views = views

    @rule(n=which, h=who, turn=which, how=st.sampled_from(["code", "wet", "reason"]))
    def onward(self, n: int, h: int, turn: int, how: str) -> None:
        """What ought to come next comes next, and who does it knows what the server knows."""
        if (packet := self.packet(n)) is None:
            return
        self.look(h)
        carrier = next((each for each, one in enumerate(self.handsets) if one.user.party_id == packet.holder_id), h)
        self.look(carrier)
        if packet.state is State.WAITING and packet.way is Way.IN:
            self.collect(h, n, False, proven=turn > 2)
        elif packet.state in (State.WAITING, State.AT_POST, State.AT_DESK):
            self.take(h, n, blind=turn == 0)
        elif packet.state is State.CARRIED:
            ways = (
                lambda: self.deliver(carrier, n, how, blind=turn == 0), lambda: self.hand_in(n, blind=False),
                lambda: self.receive(n), lambda: self.offer(h, carrier, n, offered=True), lambda: self.again(carrier, n, False),
            )  # fmt: skip
            ways[turn % len(ways)]()
        elif packet.state is State.DELIVERED_UNVERIFIED:
            self.prove(n, "post") if turn % 2 else self.confirm(carrier, n)

    # ---- notes --------------------------------------------------------------------------------------------------

    @rule(h=who, n=which)
    def miss(self, h: int, n: int) -> None:
        self.noted("miss", self.handsets[h], n, reason="nobody_home", next="another_day")

    @rule(h=who, n=which)
    def decline(self, h: int, n: int) -> None:
        self.noted("decline", self.handsets[h], n, reason="refused", next="back_to_desk")

    @rule(h=who, n=which)
    def damaged(self, h: int, n: int) -> None:
        self.noted("damaged", self.handsets[h], n, reason="wet", proof=[("PHOTO", "0" * 64)])

    @rule(h=who, n=which)
    def sighting(self, h: int, n: int) -> None:
        self.noted("sighting", self.handsets[h], n)

    @rule(n=which)
    def attest(self, n: int) -> None:
        self._note(n, "attest", None, [("LOGIN", "")])

    @rule(n=which)
    def seal_change(self, n: int) -> None:
        if (packet := self.packet(n)) and packet.holder_id == self.world.desk.party_id:
            second = self.world.supervisor.id
            self._note(n, "seal_change", self.world.officer, [("OLD_SEAL", SEAL), ("SECOND", second)], seal="NP0045822")

    @rule(n=which)
    def amend(self, n: int) -> None:
        if (packet := self.packet(n)) and self.acts[packet.id]:
            named = f"{self.acts[packet.id][-1].hex()} sheets 4"
            self._note(n, "amend", self.world.clerk, [("AMENDS", named), ("SECOND", self.world.supervisor.id)])

    def _note(self, n: int, event: str, user: User | None, proof: list[tuple[str, str]], **facts: Any) -> None:
        packet = self.packet(n)
        if packet is None or (event == "attest" and packet.way is not Way.IN):
            return
        story, holder = self.known.stories[packet.id], packet.holder_id
        act, actor = self.world.act(user, self.at), None if user else story.citizen
        outcome = atomically(custody.enter, packet, event, act, actor=actor, giver=holder, taker=holder, parent=None,
                             proof=proof, **facts)  # fmt: skip
        self.expect(outcome.verdict is Ruling.APPLIED, f"{event}: {outcome.why}")
        story.known.add(outcome.digest)
        self.touched.add(packet.id)

    # ---- at the counter and the desk ----------------------------------------------------------------------------

    @rule(n=which, blind=flip)
    def hand_in(self, n: int, blind: bool) -> None:
        self.page("hand_in", n, self.world.clerk, "post", self.world.post.party_id, {}, parented=not blind, seal=SEAL)

    @rule(n=which)
    def receive(self, n: int) -> None:
        self.page("receive", n, self.world.officer, "desk", self.world.desk.party_id, {"PRESENCE": ""}, seal=SEAL)

    @rule(n=which)
    def open(self, n: int) -> None:
        self.page("open", n, self.world.officer, "desk", None, {"COUNT": "3", "PRESENCE": ""}, sheets=3)

    @rule(n=which)
    def bring(self, n: int) -> None:
        """A citizen brings the envelope to the post office."""
        post = self.world.post.party_id
        self.page("collect", n, self.world.clerk, "post", post, {"WET_SEEN": ""}, seal=SEAL, sheets=3)

    @rule(n=which, at_desk=flip, wet=flip)
    def call_for(self, n: int, at_desk: bool, wet: bool) -> None:
        if packet := self.packet(n):
            proof = {"WET_SEEN": ""} if wet else {"CODE": self.codes[packet.id][Purpose.DELIVER]}
            user, by = (self.world.officer, "desk") if at_desk else (self.world.clerk, "post")
            home = self.known.stories[packet.id].citizen
            self.page("deliver", n, user, by, home, proof | ({"PRESENCE": ""} if at_desk else {}), seal=SEAL)

    @rule(n=which, by=st.sampled_from(["desk", "post", "citizen"]))
    def prove(self, n: int, by: str) -> None:
        """A delivery on the courier's word alone is proven: the signed slip, or the citizen's own page."""
        if packet := self.packet(n):
            user = {"desk": self.world.officer, "post": self.world.clerk, "citizen": None}[by]
            proof = {"WET_SEEN": ""} if user else {"LOGIN": ""}
            self.page("confirm", n, user, by, self.known.stories[packet.id].citizen, proof, parented=False)

    @rule(n=which, h=who)
    def hand_on(self, n: int, h: int) -> None:
        taker = self.handsets[h].user.party_id
        self.page(
            "transfer", n, self.world.dispatcher, "dispatcher", taker, {"SIGHTING": "0" * 64}, reason="phone_dead"
        )

    @rule(n=which)
    def lost(self, n: int) -> None:
        second = {"SECOND": self.world.supervisor.id}
        self.page("lost", n, self.world.dispatcher, "dispatcher", None, second, reason="not_found")

    @rule(h=who)
    def manifest(self, h: int) -> None:
        """A courier takes everything that lies at the desk by one list, online."""
        handset, desk = self.handsets[h], self.world.desk.party_id
        alive = [self.packet(n) for n in range(len(self.known.stories))]
        lying = [
            each for each in alive if each and each.holder_id == desk and each.state in (State.WAITING, State.AT_DESK)
        ]
        if not lying or handset.phone.device_id not in self.known.devices:
            return
        begun, was_online, handset.is_online = len(handset.outbox), handset.is_online, False
        for packet in lying:
            handset.views[packet.id] = View(packet.head, packet.state, packet.holder_id)
            self.told("take", handset, list(self.known.stories).index(packet.id))
        batch, handset.is_online = handset.outbox[begun:], was_online
        self.turn += 1
        listed = Listed(f"list-{self.turn}", desk, handset.user.party_id or "", tuple(packet.code for packet in lying))
        made, _ = atomically(manifests.receive, listed, batch, self.world.seen(self.at))
        again, _ = atomically(manifests.receive, listed, batch, self.world.seen(self.at))
        self.expect(made.receipt_no == again.receipt_no, "one list, two manifests")
        self.heard(batch)
        self.answered(handset, batch)

    # ---- what people decide -------------------------------------------------------------------------------------

    @rule(n=which, nth=which, citizen=flip)
    def dispute(self, n: int, nth: int, citizen: bool) -> None:
        """The citizen says "not me", or the dispatcher that a move is not so: of what stands, or of what once was."""
        packet = self.packet(n)
        if packet is None or not (moves := self.acts[packet.id]):
            return
        story, line = self.known.stories[packet.id], moves[-1 - nth % len(moves)]
        act = self.world.act(None if citizen else self.world.dispatcher, self.at)
        actor, reason = (story.citizen, "not_me") if citizen else (None, "not_handed_over")

        def contest(packet: Packet) -> None:
            corrections.contest(packet, act, head=packet.head, line=line, reason=reason, actor=actor)

        if self.entered(n, contest, story.may_contest(line, self.at)):
            story.words.add(line)

    @precondition(lambda self: any(each.outcome()[0] in ("DISPUTED", "LOST") for each in self.known.stories.values()))
    @rule(nth=which)
    def settle(self, nth: int) -> None:
        """One claim was true, or none; the packet is where that leaves it."""
        alive = list(self.known.stories.items())
        n, story = next((n, one) for n, (_, one) in enumerate(alive) if one.outcome()[0] in ("DISPUTED", "LOST"))
        choices = story.choices()
        tip, state, holder = choices[nth % len(choices)]
        act, second = self.world.act(self.world.supervisor, self.at), self.world.dispatcher

        def decide(packet: Packet) -> None:
            corrections.settle(packet, act, head=packet.head, state=State(state), holder=holder, tip=tip,
                               sighting="ở bưu cục", reason="packet_seen", second=second)  # fmt: skip

        if head := self.entered(n, decide):
            story.settle(head, state, holder, tip, self.at)

    @rule(n=which)
    def correct(self, n: int) -> None:
        if (packet := self.packet(n)) is None:
            return
        story = self.known.stories[packet.id]
        act, second = self.world.act(self.world.dispatcher, self.at), self.world.supervisor
        chain, conflict = story.grow()

        def take_back(packet: Packet) -> None:
            corrections.correct(packet, act, head=packet.head, reason="wrong_packet", second=second)

        if head := self.entered(n, take_back, len(chain) > 1 and not conflict):
            story.correct(head, self.at)

    # ---- phones and the server ----------------------------------------------------------------------------------

    @rule(h=who)
    def look(self, h: int) -> None:
        """The day is fetched: the phone knows what the server knows."""
        for n in range(len(self.known.stories)):
            if packet := self.packet(n):
                self.handsets[h].views[packet.id] = View(packet.head, packet.state, packet.holder_id)

    @rule(h=who, there=flip)
    def network(self, h: int, there: bool) -> None:
        self.handsets[h].is_online = there

    @rule(h=who, k=st.integers(1, 6), dice=st.randoms(use_true_random=False), shuffled=flip, doubled=flip, dropped=flip)
    def sync(self, h: int, k: int, dice: random.Random, shuffled: bool, doubled: bool, dropped: bool) -> None:
        """Up to k scans go out, as they are or shuffled, some of them twice; the answer may not come back."""
        handset = self.handsets[h]
        sent = handset.outbox[:k]
        batch = sent + dice.sample(sent, len(sent) // 2) if doubled else list(sent)
        if shuffled:
            dice.shuffle(batch)
        self.send(batch)
        if not dropped:
            self.answered(handset, sent)

    def send(self, batch: list[Scan]) -> None:
        for outcome in atomically(custody.record_all, batch, self.world.seen(self.at)) if batch else ():
            self.seen[f"{outcome.verdict} {outcome.why}"] += 1
        self.heard(batch)

    def answered(self, handset: Handset, sent: list[Scan]) -> None:
        db.session.rollback()
        digests = [scan.digest for scan in sent]
        rows = db.session.execute(sa.select(ScanRow.digest, ScanRow.recorded_at).where(ScanRow.digest.in_(digests)))
        told = dict(rows.all())
        self.expect(len(told) == len(set(digests)), "I5: answered, and not kept")
        self.receipts |= told
        handset.outbox = [scan for scan in handset.outbox if scan.digest not in digests]
        if not self.forgets:
            handset.kept += sent

    @rule(h=who)
    def lose_phone(self, h: int) -> None:
        """In the canal, with all it had not sent and all it kept; the courier gets another."""
        handset = self.handsets[h]
        self._retire(handset, Why.LOST)
        for scan in handset.kept:
            self.receipts.pop(scan.digest, None)
        fresh = self.world.phone(handset.user)
        self.known.devices.add(fresh.device_id)
        self.handsets[h] = Handset(handset.user, fresh)

    @rule(h=who)
    def revoke(self, h: int) -> None:
        """Taken out of service while it may hold scans: it goes on sending."""
        self._retire(self.handsets[h], Why.STOLEN)

    def _retire(self, handset: Handset, why: Why) -> None:
        device = handset.phone.device_id
        if device in self.known.devices:
            atomically(phones.retire, device, why, self.world.act(self.world.supervisor, self.at))
            self.known.revoked.setdefault(device, self.at)

    @rule(
        h=who,
        off=st.sampled_from([timedelta(days=-3), timedelta(hours=-6), timedelta(minutes=2), timedelta(days=1800)]),
    )
    def skew_clock(self, h: int, off: timedelta) -> None:
        self.handsets[h].drift = off

    @rule(days=st.sampled_from([1, 4]))
    def sleep(self, days: int) -> None:
        self.later(timedelta(days=days))

    @rule()
    def back_up(self) -> None:
        self.ground.put_away(self.ground.saved)
        self.saved = copy.deepcopy(self.known)

    @precondition(lambda self: self.saved is not None)
    @rule(dice=st.randoms(use_true_random=False))
    def restore_backup(self, dice: random.Random) -> None:
        """The server wakes up as it was then, and every phone sends its thirty days again, in any order."""
        assert self.saved
        self.ground.bring_back(self.ground.saved)
        self.known = copy.deepcopy(self.saved)
        self.touched = set(self.known.stories)
        for handset in dice.sample(self.handsets, len(self.handsets)):
            again = dice.sample(handset.kept, len(handset.kept))
            self.send(again)
            handset.kept = []
            self.answered(handset, again)
        self._check_receipts()

    # ---- what must hold -----------------------------------------------------------------------------------------

    def _check_receipts(self) -> None:
        for each in invariants.receipts_are_kept(self.receipts):
            self.expect(False, str(each))

    @invariant()
    def custody_is_where_the_model_says(self) -> None:
        self.later()
        touched, self.touched = self.touched & self.known.stories.keys(), set()
        db.session.rollback()
        for packet_id in touched:
            packet, story = db.session.get_one(Packet, packet_id), self.known.stories[packet_id]
            story.known.add(packet.head)  # the ledger's own word against two moves, which phones may have seen
            self.expect(
                (packet.state, packet.holder_id) == story.outcome(),
                f"{packet.state} {packet.holder_id}, model: {story.outcome()}",
            )
            self.seen[packet.state] += 1
            for what in invariants.rebuilt_alike(packet_id, self.world.keys):
                self.expect(False, f"I8 {what}")
        if touched:
            self.check_laws()

    def check_laws(self, keys: Keys | None = None, at: datetime | None = None) -> None:
        atomically(checkpoints.sequence, True)
        for each in invariants.broken(trust=Trust(max(now(), self.at)), keys=keys, at=at):
            self.expect(False, str(each))

    def teardown(self) -> None:
        """At the end, and a day later, when what could have settled itself is somebody's."""
        self.check_laws(self.world.keys)
        self.later(timedelta(days=1))
        atomically(watch.look, self.at)
        self.check_laws(at=self.at)
        self._check_receipts()


# ---- told at last -----------------------------------------------------------------------------------------------


@pytest.fixture
def ground(app: Flask, tmp_path: Path) -> Ground:
    return Ground(app, tmp_path)


def live(ground: Ground, examples: int, steps: int = 30) -> None:
    """So many lives of so many steps; the short ones are always the same."""
    phases = [Phase.generate, Phase.shrink] if LONG else [Phase.generate]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Life(ground),
        settings=settings(max_examples=examples, stateful_step_count=steps, derandomize=not LONG, deadline=None,
                          database=None, phases=phases, suppress_health_check=list(HealthCheck)),
    )  # fmt: skip


def test_custody_and_the_model_agree_whatever_happens(ground: Ground) -> None:
    live(ground, examples=LIVES)


def test_every_event_of_the_table_is_lived_through() -> None:
    assert {name for name in vars(Life) if name in EVENTS} == EVENTS


# ---- the machine sees what it is for ----------------------------------------------------------------------------


def by_holder(plant: pytest.MonkeyPatch) -> None:
    """A move is matched with whoever holds the packet now."""
    plant.setattr(placing, "place_move", lambda trail, scan, hand: at_the_head(trail, hand))


def parentless_at_the_head(plant: pytest.MonkeyPatch) -> None:
    """A scan that names nothing is judged at the newest move alone."""
    honest = placing.place_move
    plant.setattr(
        placing, "place_move", lambda t, scan, hand: honest(t, scan, hand) if scan.parent else at_the_head(t, hand)
    )


def at_the_head(trail: Trail, hand: Hand) -> Place:
    step = hand.fits(trail.here)
    return Place(Ruling.HELD, step) if isinstance(step, str) else Place(Ruling.APPLIED, at=trail.here, step=step)


def echo_not_recognised(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Scan, "key", property(lambda scan: (scan.digest.hex(),)))


def phone_forgets_once_answered(plant: pytest.MonkeyPatch) -> None:
    """Who deletes a scan at its receipt has nothing to send again when the server wakes up as it was yesterday."""
    plant.setattr(Life, "forgets", True)


def decision_overturned(plant: pytest.MonkeyPatch) -> None:
    """What people decided closes nothing: the trail goes on from genesis."""
    plant.setattr(Trail, "repeats_closed", lambda *_: False)


def revoked_phone_believed(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(vetting, "_out_of_service", lambda *_: None)


def signature_claimed_is_proof(plant: pytest.MonkeyPatch) -> None:
    """A courier who says that the slip is signed has delivered."""
    told = next(step for step in steps.MOVES if step.target is State.DELIVERED_UNVERIFIED)
    plant.setattr(
        steps, "STEPS", tuple(step._replace(target=State.DELIVERED) if step is told else step for step in steps.STEPS)
    )


def anybody_tells(plant: pytest.MonkeyPatch) -> None:
    """A courier records what another courier has."""
    plant.setattr(hands, "ALONE", set())


def seq_by_counting(plant: pytest.MonkeyPatch) -> None:
    """The next number is one more than there are moves, and notes are forgotten."""
    honest = Trail.append

    def append(trail: Trail, *args: Any) -> Handoff:
        trail.seq = sum(line.kind is LineKind.MOVE for line in trail.lines)
        return honest(trail, *args)

    plant.setattr(Trail, "append", append)


def conflict(life: Life) -> None:
    """Two couriers take one packet; the second is in a cellar and sends later."""
    life.network(1, False)
    life.take(0, 0, False)
    life.take(1, 0, False)
    flush(life, 1)


def flush(life: Life, h: int) -> None:
    life.sync(h, 6, random.Random(1), False, False, False)
    life.custody_is_where_the_model_says()


def late_and_parentless(life: Life) -> None:
    life.network(1, False)
    life.take(0, 0, False)
    life.take(1, 0, True)
    flush(life, 1)


def told_twice(life: Life) -> None:
    life.take(0, 0, False)
    life.again(0, 0, False)
    life.custody_is_where_the_model_says()


def restored(life: Life) -> None:
    life.back_up()
    life.take(0, 0, False)
    life.restore_backup(random.Random(1))


def settled_and_told_again(life: Life) -> None:
    conflict(life)
    life.settle(0)
    life.custody_is_where_the_model_says()
    life.again(0, 0, True)
    life.custody_is_where_the_model_says()


def revoked(life: Life) -> None:
    life.network(1, False)
    life.revoke(1)
    life.later()
    life.take(1, 0, False)
    flush(life, 1)


def signed(life: Life) -> None:
    life.take(0, 0, False)
    life.deliver(0, 0, "wet", False)
    life.custody_is_where_the_model_says()


def strange(life: Life) -> None:
    life.take(0, 0, False)
    life.miss(1, 0)  # the answer says who has it
    life.deliver(1, 0, "code", False)
    life.custody_is_where_the_model_says()


def noted(life: Life) -> None:
    life.sighting(0, 0)
    life.take(0, 0, False)


def parent_in_the_canal(life: Life) -> None:
    """Handed on without a network, and the giver's phone is lost before it has told that it took the packet."""
    life.network(0, False)
    life.take(0, 0, False)
    life.offer(1, 0, 0, True)
    life.lose_phone(0)
    flush(life, 1)
    assert life.seen["held parent_unknown"]
    life.teardown()


PLANTED = [  # the bug, a short life in which it shows, and what is said of it
    (by_holder, conflict, "model:"),
    (parentless_at_the_head, late_and_parentless, "model:"),
    (echo_not_recognised, told_twice, "model:"),
    (phone_forgets_once_answered, restored, "I5"),
    (decision_overturned, settled_and_told_again, "model:"),
    (revoked_phone_believed, revoked, "model:"),
    (signature_claimed_is_proof, signed, "model:"),
    (anybody_tells, strange, "model:"),
    (seq_by_counting, noted, "handoffs.seq"),
]


@pytest.mark.parametrize(("bug", "life", "said"), PLANTED)
def test_a_planted_bug_turns_the_machine_red(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, bug: Callable[..., None], life: Callable[[Life], None], said: str
) -> None:
    """Without the bug the same life is fine; the long run finds each by itself."""

    def live_it() -> None:
        one = Life(ground)
        one.morning()
        life(one)

    live_it()
    monkeypatch.setattr(Life, "wrong", [])
    bug(monkeypatch)
    steps.rows.cache_clear()
    try:
        with pytest.raises((AssertionError, IntegrityError), match=said):
            live_it()
        if LONG:
            with pytest.raises(Exception):  # noqa: B017 - what Hypothesis makes of it
                live(ground, examples=200)
    finally:
        steps.rows.cache_clear()


def test_who_looks_for_no_parent_is_found_out_a_day_later(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apart from the others, for hardly any life ends so by itself: what may still settle itself waits for ever."""
    monkeypatch.setattr(Life, "wrong", [])
    for bug in (False, True):
        if bug:
            for look in ("_waiting", "_passed_over"):
                monkeypatch.setattr(watch, look, lambda at: [])
        one = Life(ground)
        one.morning()
        with pytest.raises(AssertionError, match="I14") if bug else nullcontext():
            parent_in_the_canal(one)
