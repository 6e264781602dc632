"""STEPS, walked: each row moves what it says for whom it says with the proof it says, and nothing else moves."""

import pytest

from app.db import atomically, db
from app.domain import custody
from app.domain.codes import Purpose
from app.domain.packets import Packet, State, Way
from app.domain.parties import PartyKind
from app.domain.people import User
from app.domain.scans import Ruling
from app.domain.steps import MOVES, NEXT, NOTES, REASONS, STEPS, By, Proof, Step
from app.errors import Refused
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
