"""STEPS, walked: each row moves what it says for whom it says with the proof it says, and nothing else moves."""

import itertools
import random
from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from app.db import atomically, db
from app.domain import custody
from app.domain.bodies import Scan
from app.domain.codes import Purpose
from app.domain.devices import DeviceKind
from app.domain.hands import Hand, Link
from app.domain.packets import Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.people import User
from app.domain.scans import Ruling
from app.domain.steps import HELD_BY, MOVES, NEXT, NOTES, REASONS, STEPS, By, Proof, Step, rows
from app.errors import Refused
from tests.domain import fables
from tests.domain.fables import KINDS
from tests.world import Phone, World

ROWS = MOVES
SPECIAL = {State.DISPUTED, State.WRITTEN_OFF}


def name(step: Step) -> str:
    return f"{step.event}-{'/'.join(sorted(step.ways))}-{step.source}-{step.target}-{step.by}"


def at(world: World, way: Way, state: State, holder: str) -> Packet:
    """A packet of this way in this state with this holder."""
    packet = world.packet(Way.IN if way is Way.IN else Way.OUT)

    def put() -> None:
        locked = db.session.get_one(Packet, packet.id)
        locked.way, locked.state, locked.holder_id = way, state, holder

    atomically(put)
    return world.fresh(packet)


class Actor:
    """Records an event as one kind of person would: a courier by phone, the others at a page."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.phone = Phone(world.courier, world.act())
        self.colleague = Phone(world.second_courier, world.act())

    def party(self, kind: PartyKind | None, by: By, packet: Packet | None = None) -> str:
        world = self.world
        own = {
            By.COURIER: world.courier.party_id, By.POST: world.post.party_id, By.DESK: world.desk.party_id,
            By.DISPATCHER: world.courier.party_id,
        }  # fmt: skip
        if kind is None:
            return str(own[by])
        if kind is PartyKind.CITIZEN:
            return packet.dossier.citizen.party_id if packet else "p-later"
        by_kind = {
            PartyKind.COURIER: world.courier.party_id,
            PartyKind.POST: world.post.party_id,
            PartyKind.DESK: world.desk.party_id,
        }
        return str(by_kind[kind])

    def taker(self, step: Step, packet: Packet) -> str:
        if step.event == "transfer" and step.by is By.DISPATCHER:
            return str(self.world.second_courier.party_id)
        return self.party(step.taker, step.by, packet) if step.taker else packet.holder_id

    def word(self, word: Proof, packet: Packet) -> tuple[str, str]:
        """A proof that is not a field of the body, as it is really given."""
        if word is Proof.SECOND:
            return word, self.world.supervisor.id
        if word is Proof.PEER:
            return word, self.colleague.offer(packet)
        return word, "x"

    def record(self, packet: Packet, step: Step, proof: frozenset[Proof]) -> tuple[Ruling, str | None]:
        world, said = self.world, list[tuple[str, str]]()
        facts = {
            "giver": packet.holder_id,
            "taker": self.taker(step, packet),
            "seal": "NP0045821" if Proof.SEAL in proof else None,
            "sheets": 3 if Proof.SHEETS in proof else None,
            "reason": REASONS.get(step.event, ("nobody_home",))[0] if Proof.REASON in proof else None,
        }
        for word in proof:
            if word in (Proof.CITIZEN, Proof.CODE):
                purpose = Purpose.COLLECT if step.event in ("collect", "attest") else Purpose.DELIVER
                said.append(("CODE", world.code(packet, purpose)))
            elif word not in (Proof.SEAL, Proof.SHEETS, Proof.REASON, Proof.NEXT):
                said.append(self.word(word, packet))
        packet = world.fresh(packet)
        if step.by is By.COURIER:
            outcome = world.record(self.phone.scan(packet, step.event, **facts, proof=said))
            return outcome.verdict, outcome.why
        users: dict[By, User | None] = {
            By.POST: world.clerk, By.DESK: world.officer, By.DISPATCHER: world.dispatcher, By.CITIZEN: None,
        }  # fmt: skip
        actor = packet.dossier.citizen.party_id if step.by is By.CITIZEN else None
        try:
            outcome = atomically(
                custody.enter, packet, step.event, world.act(users[step.by]), actor=actor, parent=packet.head,
                proof=said, **facts,
            )  # fmt: skip
        except Refused as refusal:
            return Ruling.HELD, refusal.key.removeprefix("custody_")
        return outcome.verdict, outcome.why


def held_at(world: World, actor: Actor, way: Way, state: State, step: Step) -> Packet:
    packet = at(world, way, state, world.post.party_id)
    holder = actor.party(step.giver, step.by, packet)
    if step.event == "transfer" and step.by is By.COURIER:
        holder = str(actor.colleague.party)

    def give() -> None:
        db.session.get_one(Packet, packet.id).holder_id = holder

    atomically(give)
    return world.fresh(packet)


@pytest.fixture
def roomy(world: World) -> World:
    def widen() -> None:
        db.session.merge(world.post).slot_places = 500

    atomically(widen)
    return world


@pytest.mark.parametrize("step", ROWS, ids=name)
def test_a_row_moves_the_packet_when_its_proof_is_met(roomy: World, step: Step) -> None:
    actor = Actor(roomy)
    assert step.source and step.target
    for way in sorted(step.ways):
        for proof in step.proof:
            packet = held_at(roomy, actor, way, step.source, step)
            assert actor.record(packet, step, proof) == (Ruling.APPLIED, step.flag)
            packet = roomy.fresh(packet)
            taker = actor.taker(step, packet)
            assert (packet.state, packet.holder_id) == (step.target, taker)


@pytest.mark.parametrize("step", ROWS, ids=name)
def test_a_row_without_its_proof_or_from_another_state_moves_nothing(roomy: World, step: Step) -> None:
    actor = Actor(roomy)
    assert step.source
    way = min(step.ways)
    packet = held_at(roomy, actor, way, step.source, step)
    assert actor.record(packet, step, frozenset()) == (Ruling.HELD, "proof_missing")
    sources = {row.source for row in ROWS if row.event == step.event and way in row.ways and row.by is step.by}
    for state in sorted(set(State) - sources):
        packet = held_at(roomy, actor, way, state, step)
        assert actor.record(packet, step, step.proof[0]) == (Ruling.HELD, "out_of_turn"), state
        assert roomy.fresh(packet).seq == 0


def test_every_state_is_reached_and_left_but_for_the_ends() -> None:
    reached = {State.WAITING}
    for _ in State:
        reached |= {row.target for row in ROWS if row.source in reached and row.target}
    assert set(State) - reached == SPECIAL  # a dispute leads to DISPUTED, a settlement to WRITTEN_OFF
    left = {row.source for row in ROWS}
    assert reached - left == {State.OPENED, State.DELIVERED, State.LOST}  # LOST: a settlement says where it was


class Told(fables.Told):
    """A scan that names these parties, told by one of them or by nobody in particular, with every proof or with none."""

    def __init__(self, event: str, way: Way, by: By, holder: str, taker: str, proven: set[Proof]) -> None:
        kind = {By.COURIER: PartyKind.COURIER, By.POST: PartyKind.POST, By.DESK: PartyKind.DESK}.get(by)
        party = next((party for party in (taker, holder) if KINDS[party] is kind), None)
        words = {"reason": REASONS.get(event, (None,))[0], "next": NEXT.get(event, (None,))[0]}
        super().__init__(blank(event, holder, taker, **words), by, party, proven)
        self.packet.way = way


def blank(event: str, giver: str, taker: str, **over: Any) -> Scan:
    told = fables.Fable(random.Random(0)).tell("take", giver, taker, None, by=By.COURIER, party=taker)
    return replace(told, event=event, **over)


def test_of_all_states_events_and_recorders_only_the_listed_rows_move() -> None:
    """Whoever may hold it there, whoever is named as taker, whoever tells it: with every proof, and no proof is needed less."""
    listed, moved = set(), set()
    for event, way, by, taker in itertools.product({row.event for row in ROWS}, Way, By, KINDS):
        for state, kinds in HELD_BY.items():
            if state is State.WAITING:
                kinds = {PartyKind.CITIZEN if way is Way.IN else PartyKind.DESK}
            for holder in (party for party, kind in KINDS.items() if kind in kinds):
                case = (event, way, by, state, holder, taker)
                own = [row for row in rows(event, way) if row.by is by and row.source is state]
                hands = {(row.giver, row.taker) for row in own}
                if (KINDS[holder], KINDS[taker]) in hands or ((None, None) in hands and taker == holder):
                    listed.add(case)
                if isinstance(
                    Told(event, way, by, holder, taker, set(Proof)).fits(Link(b"", state, holder, None)), Step
                ):
                    moved.add(case)
    assert moved == listed and len(moved) > 100


ANYBODY_SAYS = sorted(set(Proof) - {Proof.SEAL, Proof.SHEETS, Proof.REASON, Proof.NEXT})


class Alone(Hand):
    """What a courier's phone tells without anybody's help. It guesses codes and tokens in vain; a friend signs every offer."""

    def __init__(self, event: str, way: Way, holder: str, taker: str, words: Iterable[Proof]) -> None:
        self.by, self.party = By.COURIER, "ann"
        self._proved = {Proof.CODE: False, Proof.DOOR: False, Proof.PEER: True}
        self.packet = fables.Told(blank(event, holder, taker), By.COURIER, "ann", set()).packet
        self.packet.way = way
        self.device = SimpleNamespace(kind=DeviceKind.PHONE)  # type: ignore[assignment]
        said = tuple((str(word), "123456") for word in words)
        reason = REASONS.get(event, (None,))[0]
        self.scan = blank(event, holder, taker, seal="NP0045821", sheets=3, reason=reason, proof=said)

    def is_kind(self, party_id: str | None, kind: PartyKind | None) -> bool:
        return KINDS.get(party_id or "") is kind


def test_nothing_a_courier_can_say_alone_makes_a_delivery() -> None:
    """Every row that ends in the citizen's hands, with any two words of proof and with all of them."""
    spoken = [words for size in range(3) for words in itertools.combinations(ANYBODY_SAYS, size)] + [
        tuple(ANYBODY_SAYS)
    ]
    ends: set[State | str | None] = set()
    for event, way, words, taker in itertools.product(("deliver", "confirm"), Way, spoken, ("ann", "citizen")):
        alone = Alone(event, way, "ann", taker, words)
        for state in State:
            fit = alone.fits(Link(b"", state, "ann", None))
            ends.add(fit if isinstance(fit, str) else fit.target)
    assert ends == {"out_of_turn", "proof_missing", State.DELIVERED_UNVERIFIED}
    told = Told("deliver", Way.OUT, By.COURIER, "ann", "citizen", {Proof.SEAL, Proof.CITIZEN})
    assert getattr(told.fits(Link(b"", State.CARRIED, "ann", None)), "target", None) is State.DELIVERED


def test_no_row_makes_a_delivery_from_the_couriers_word_alone() -> None:
    couriers_own = {Proof.SEAL, Proof.SHEETS, Proof.REASON, Proof.NEXT, Proof.WET_CLAIMED}
    for row in ROWS:
        if row.target is State.DELIVERED and row.by is By.COURIER:
            assert all(proof - couriers_own for proof in row.proof), name(row)


def test_notes_change_neither_state_nor_holder() -> None:
    assert {(row.target, row.giver, row.taker) for row in NOTES} == {(None, None, None)}


def test_what_can_fail_has_reasons_and_a_next_step() -> None:
    assert set(NEXT) == {"miss", "decline"} <= set(REASONS)
    assert all(REASONS.values()) and all(NEXT.values())


def test_the_alternatives_of_an_event_differ() -> None:
    keys = [(row.event, way, row.source, row.by, row.giver, row.taker, row.proof) for row in STEPS for way in row.ways]
    assert len(keys) == len(set(keys))
